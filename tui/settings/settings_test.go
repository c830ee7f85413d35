package settings

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hearth/core"
)

type place struct {
	Location string `toml:"location"`
	ReadOnly bool   `toml:"read_only"`
}

// Exported is embedded as store.Config is.
type Exported struct {
	Top int `toml:"top"`
}

type screen struct {
	Theme string `toml:"theme"`
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

type config struct {
	Exported
	Places map[string]place `toml:"places"`
	Screen screen           `toml:"screen"`
}

func fine() (string, string) { return "", "" }

func TestRead(t *testing.T) {
	var c config
	err := Read(write(t, "top = 3\n[places.prod]\nlocation = \"demo\"\nread_only = true\n"+
		"[places.\"with space\"]\nlocation='x'\n[screen]\ntheme = \"dark\"\n"), &c, fine)
	if err != nil || c.Top != 3 || c.Places["prod"] != (place{"demo", true}) ||
		c.Places["with space"].Location != "x" || c.Screen.Theme != "dark" {
		t.Errorf("%+v, %v", c, err)
	}
	if err := Read(write(t, ""), &c, fine); err != nil {
		t.Errorf("an empty file: %v", err)
	}
	err = Read("/no/such/file", &c, fine)
	if !errors.Is(err, fs.ErrNotExist) || core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("no file: %v", err)
	}
	if err := Read(t.TempDir(), &c, fine); core.CodeOf(err) != core.CodeUnreadable {
		t.Errorf("a folder: %v", err)
	}
}

// TestMistakes: each is told with its line.
func TestMistakes(t *testing.T) {
	const head = "# a comment\ntop = 1\n\n"
	for name, c := range map[string]struct{ text, want string }{
		"syntax":             {"top =\n", "line 4: "},
		"no toml at all":     {"hello there\n", "line 4: "},
		"unknown at the top": {"tpo = 3\n", "line 4: there is no setting tpo"},
		"unknown table":      {"[screens]\ntheme = \"dark\"\n", "line 4: there is no setting screens"},
		"unknown in a table": {"[screen]\ntheme = \"dark\"\ncolour = 1\n", "line 6: there is no setting screen.colour"},
		"unknown in a place": {"[places.a]\nlocation = \"x\"\n[places.b]\nlocation = \"x\"\nlocaton = \"y\"\n",
			"line 8: there is no setting places.b.locaton"},
		"unknown below a place": {"[places.a.b]\nlocation = \"x\"\n", "line 4: there is no setting places.a.b"},
		"unknown, inline":       {"places = {a = {location = \"x\", colr = \"y\"}}\n", "line 4: there is no setting places.a.colr"},
		"unknown, dotted":       {"screen.theme = \"dark\"\nscreen.them = \"dark\"\n", "line 5: there is no setting screen.them"},
		"unknown, quoted":       {"[screen]\n\"a key\" = 1\n", `line 5: there is no setting screen."a key"`},
		"a string for a truth": {"[places.a]\nread_only = \"yes\"\n",
			"line 5: places.a.read_only wants true or false, and this is a string"},
		"a number for a string":   {"[screen]\ntheme = 3\n", "line 5: screen.theme wants a string, and this is a number"},
		"a string for a number":   {"", "line 2: top wants a number, and this is a string"},
		"a value for a table":     {"screen = 3\n", "line 4: screen wants a table, and this is a number"},
		"a list for a string":     {"screen.theme = [1]\n", "line 4: screen.theme wants a string, and this is a list"},
		"twice":                   {"[screen]\ntheme = \"a\"\ntheme = \"b\"\n", "line 6: "},
		"a setting of a bad mind": {"[places.a]\nlocation = \"x\"\n[places.b]\n\nlocation = \"bad\"\n", "line 8: b is bad"},
	} {
		t.Run(name, func(t *testing.T) {
			text := head + c.text
			if name == "a string for a number" {
				text = "# a comment\ntop = \"x\"\n"
			}
			path := write(t, text)
			var into config
			err := Read(path, &into, func() (string, string) {
				if into.Places["b"].Location == "bad" {
					return "places.b.location", "b is bad"
				}
				return "", ""
			})
			if core.CodeOf(err) != core.CodeUsage || !strings.Contains(err.Error(), "cannot read the config "+path+": "+c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// TestNearest: a slip of the pen is told with what may be meant, in its table or in the one
// that has it; what is like nothing is told without.
func TestNearest(t *testing.T) {
	for text, want := range map[string]string{
		"tpo = 3":                                "write top, or see",
		"[screens]\ntheme = \"dark\"":            "write screen, or see",
		"[screen]\nTHEME = \"dark\"\nThem = 1":   "write theme, or see",
		"[places.a]\nlocaton = \"x\"":            "write location, or see",
		"[places.a]\nreadonly = true":            "write read_only, or see",
		"theme = \"dark\"":                       "write it under [screen], or see",
		"location = \"demo\"":                    "write it under [places.NAME], or see",
		"[screen]\nread_only = true":             "write it under [places.NAME], or see",
		"[screen]\ncolours = 1":                  "hearth help check shows",
		"[places.a.b]\nlocation = \"x\"":         "hearth help check shows",
		"[places.a]\nlocation = \"x\"\nx = \"\"": "hearth help check shows",
	} {
		var into config
		err := Read(write(t, text+"\n"), &into, fine)
		if core.CodeOf(err) != core.CodeUsage || !strings.Contains(err.Error(), "; "+want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"theme", "theme", 0}, {"them", "theme", 1}, {"tehme", "theme", 1}, {"thxme", "theme", 1},
		{"kitten", "sitting", 3}} {
		if got := slips(c.a, c.b); got != c.want {
			t.Errorf("%q and %q are %d apart, not %d", c.a, c.b, got, c.want)
		}
	}
}

// TestMistakesKeepSecrets: what is wrong with a line that holds a secret is told without the
// line; of others the decoder's own words are.
func TestMistakesKeepSecrets(t *testing.T) {
	const secret = "Pl4ntedSecret"
	for _, text := range []string{
		"secret_key = " + secret, "key = " + secret + "\n", "[places.p]\ns3 = { access_key = \"a\", secret_key = " + secret + " }",
		"password = '" + secret, "password = \"" + secret + "\\q\"", "password = \"\"\"" + secret, "secret_key = [" + secret + "]",
		"session_token = \"x\"" + secret, "secret_key =\n" + secret, "secret_key = 1e" + secret, "secret_key = t" + secret,
		"secret_key = f" + secret, "secret_key = 0x" + secret, "secret_key = i" + secret,
		"secret_key = n" + secret, "secret_key = hunterplanted", "secret_key = 0123450099", "s3 = { secret_key = planted }",
		"secret_key = 2026-" + secret,
	} {
		var c struct {
			SecretKey string `toml:"secret_key"`
		}
		err := Read(write(t, text), &c, fine)
		said := err.Error() + strings.Join(core.Causes(err), " ")
		if core.CodeOf(err) != core.CodeUsage || strings.Contains(said, "l4nted") || strings.Contains(said,
			"planted") || strings.Contains(said, "0099") {
			t.Errorf("%q: %v", text, err)
		}
	}
	var c config
	err := Read(write(t, "place = wonderland"), &c, fine)
	if !strings.Contains(err.Error(), "wonderland") && !strings.Contains(err.Error(), "'w'") {
		t.Errorf("a mistake elsewhere is not told: %v", err)
	}
}
