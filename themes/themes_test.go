package themes

import (
	"strings"
	"testing"
)

// TestContrast holds every role of every theme to 4.5:1 against its ground.
func TestContrast(t *testing.T) {
	if len(Names()) < 6 {
		t.Fatalf("only the themes %v", Names())
	}
	for _, name := range Names() {
		th, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		ground, ok := RGB(th.Ground)
		if !ok {
			t.Fatalf("%s: ground %q", name, th.Ground)
		}
		if th.Mono {
			plainly(t, th)
			continue
		}
		for role, look := range th.Roles {
			on := ground
			if look.Bg != "" {
				on, _ = RGB(look.Bg)
			}
			fg, ok := RGB(look.Fg)
			if !ok {
				t.Errorf("%s %s: no colour of its own", name, role)
				continue
			}
			if c := Contrast(fg, on); c < 4.5 {
				t.Errorf("%s %s: contrast %.2f", name, role, c)
			}
		}
		if th.Dark != (luminance(ground) < 0.5) {
			t.Errorf("%s: dark = %v on ground %s", name, th.Dark, th.Ground)
		}
	}
}

// plainly holds a theme without colours to tell apart what the others tell by a ground.
func plainly(t *testing.T, th Theme) {
	t.Helper()
	for _, role := range []string{"title", "cursor", "badge", "danger", "tab"} {
		if !th.Roles[role].Reverse {
			t.Errorf("%s %s: it does not stand out", th.Name, role)
		}
	}
}

// TestColours: a place's colour may be named, and what is no colour is told apart.
func TestColours(t *testing.T) {
	for c, want := range map[string]string{"red": "1", "Bright Blue": "12", "#b02030": "#b02030", "7": "7", "grey": "8"} {
		got, ok := Colour(c)
		if _, can := RGB(got); !ok || !can || got != want {
			t.Errorf("%s is %q, %v", c, got, ok)
		}
	}
	for _, c := range []string{"", "rot", "16", "#12345", "redd"} {
		if got, ok := Colour(c); ok {
			t.Errorf("%q is taken for %q", c, got)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	good, err := files.ReadFile("dark.toml")
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string][2]string{
		"is missing": {"good = ", "goood_ = "},
		"no colour":  {"#9ece6a", "green"},
		"no setting": {"about = ", "abuot = "},
		"expected":   {"dark = true", "dark = "},
		"mono says":  {"dark = true", "dark = true\nmono = true"},
	} {
		text := strings.Replace(string(good), change[0], change[1], 1)
		if what == "is missing" {
			text = strings.Replace(string(good), "good = { fg = \"#9ece6a\" }\n", "", 1)
		}
		if _, err := parse("x", text); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: error %v", what, err)
		}
	}
	if _, err := Load("nonesuch"); err == nil || !strings.Contains(err.Error(), "dark") {
		t.Errorf("unknown theme: %v", err)
	}
}

func TestOn(t *testing.T) {
	for c, want := range map[string]string{"#ffffff": "#000000", "#000000": "#ffffff", "#f7768e": "#000000",
		"#202060": "#ffffff", "9": "#000000", "4": "#ffffff"} {
		if rgb, ok := RGB(c); !ok || On(rgb) != want {
			t.Errorf("on %s: %s, want %s", c, On(rgb), want)
		}
	}
}
