package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"hearth/store"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/tui/settings"
)

// wholeConfig is the config as main has it: the test below holds it to that.
type wholeConfig struct {
	store.Config
	Screen  Config              `toml:"screen"`
	Keys    Keys                `toml:"keys"`
	Views   Views               `toml:"views"`
	Archive archive.Config      `toml:"archive"`
	Journal jobs.Config         `toml:"journal"`
	Drill   jobs.DrillConfig    `toml:"drill"`
	Policy  jobs.PoliciesConfig `toml:"policy"`
}

func (c *wholeConfig) check() (key, what string) {
	if key, what := c.Screen.Check(settings.Nearest); key != "" {
		return "screen." + key, what
	}
	if key, what := c.Keys.Check(settings.Nearest); key != "" {
		return key, what
	}
	if key, what := c.Views.Check(settings.Nearest); key != "" {
		return key, what
	}
	return c.Config.Check()
}

// TestWholeConfig holds the config of these tests to that of main.
func TestWholeConfig(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, body, ok := strings.Cut(string(data), "\ntype config struct {\n")
	if !ok {
		t.Fatal("main has no config")
	}
	body, _, _ = strings.Cut(body, "\n}\n")
	var main []string
	for line := range strings.Lines(body) {
		if f := strings.Fields(line); !strings.HasPrefix(f[0], "//") {
			main = append(main, strings.Join(f, " "))
		}
	}
	var here []string
	for f := range reflect.TypeFor[wholeConfig]().Fields() {
		if f.Anonymous {
			here = append(here, f.Type.String())
		} else {
			here = append(here, fmt.Sprintf("%s %s `%s`", f.Name, f.Type, f.Tag))
		}
	}
	if got, want := strings.Join(main, "\n"), strings.Join(here, "\n"); got != want {
		t.Errorf("main has\n%s\nand these tests\n%s", got, want)
	}
}

// settingsOf are the ways to all settings of a type, NAME standing for a person's own names.
func settingsOf(of reflect.Type, at string) (out []string) {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of.Kind() == reflect.Map && of.Elem().Kind() == reflect.Struct {
		return settingsOf(of.Elem(), at+".mine")
	}
	if of.Kind() != reflect.Struct {
		return nil
	}
	for f := range of.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		switch {
		case f.Anonymous && name == "":
			out = append(out, settingsOf(f.Type, at)...)
		case name != "" && name != "-":
			way := strings.TrimPrefix(at+"."+name, ".")
			out = append(out, way)
			out = append(out, settingsOf(f.Type, way)...)
		}
	}
	return out
}

// misspelt is a word with a slip of the pen: two letters changed about, or where they are the same
// one too many.
func misspelt(word string) string {
	n := len(word) / 2
	if n > 0 && word[n-1] != word[n] {
		return word[:n-1] + word[n:n+1] + word[n-1:n] + word[n+1:]
	}
	return word + word[len(word)-1:]
}

// mistake reads a config, and is what is wrong with it.
func mistake(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var c wholeConfig
	err := settings.Read(path, &c, c.check)
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestEverySettingMisspelt misspells each setting there is: it is told with its line, and with the
// right word.
func TestEverySettingMisspelt(t *testing.T) {
	all := settingsOf(reflect.TypeFor[wholeConfig](), "")
	if len(all) < 50 {
		t.Fatalf("there are %d settings: %q", len(all), all)
	}
	for _, way := range all {
		at := strings.LastIndexByte(way, '.')
		table, name := way[:max(at, 0)], way[at+1:]
		text, line := "# one\n\n", 3
		if table != "" {
			text, line = text+"["+table+"]\n", 4
		}
		wrong := misspelt(name)
		said := mistake(t, text+wrong+" = 1\n")
		for _, want := range []string{fmt.Sprintf("line %d: there is no setting ", line), wrong, "; write " + name + ", or see"} {
			if !strings.Contains(said, want) {
				t.Errorf("%s for %s: %q, want %q", wrong, way, said, want)
			}
		}
	}
}

// TestEveryWordMisspelt misspells what settings can be said to be, where that is one of some words.
func TestEveryWordMisspelt(t *testing.T) {
	for text, want := range map[string]string{
		"[screen]\ntheme = \"drak\"":                           "line 2: there is no theme drak; use .*: write dark",
		"[screen]\ntheme = \"atuo\"":                           "line 2: there is no theme atuo; use .*: write auto",
		"[screen]\ntimes = \"lcoal\"":                          "line 2: lcoal is neither utc nor local: write local",
		"[screen]\nclipboard = \"of\"":                         "line 2: of is neither auto nor off: write off",
		"[screen]\nmouse = \"yes\"":                            "line 2: screen.mouse wants true or false, and this is a string",
		"[keys]\nexprot = \"f5\"":                              "line 2: there is no action exprot: write export",
		"[views.a]\nlist = \"volmues\"":                        "line 2: volmues is neither backups nor volumes: write volumes",
		"[views.a]\nsort = \"siez\"":                           "line 2: there is no column siez: write size",
		"[views.a]\ncolumns = \"nmae\"":                        "line 2: there is no column nmae: write name",
		"place = \"prdo\"\n[places.prod]\nlocation = \"demo\"": "line 1: .*prod",
		"[places.prod]\n\nlocation = \"clod:x\"":               "line 3: ",
	} {
		if said := mistake(t, text+"\n"); !regexp.MustCompile(want).MatchString(said) {
			t.Errorf("%q: %q, want %q", text, said, want)
		}
	}
}
