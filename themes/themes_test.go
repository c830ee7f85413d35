package themes

import (
	"math"
	"strings"
	"testing"
)

// luminance and contrast are those of WCAG 2.
func luminance(c [3]uint8) float64 {
	lin := func(v uint8) float64 {
		f := float64(v) / 255
		if f <= 0.03928 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(c[0]) + 0.7152*lin(c[1]) + 0.0722*lin(c[2])
}

func contrast(a, b [3]uint8) float64 {
	x, y := luminance(a), luminance(b)
	if x < y {
		x, y = y, x
	}
	return (x + 0.05) / (y + 0.05)
}

// TestContrast holds every role of every theme to 4.5:1 against its ground.
func TestContrast(t *testing.T) {
	if len(Names()) < 4 {
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
			if c := contrast(fg, on); c < 4.5 {
				t.Errorf("%s %s: contrast %.2f", name, role, c)
			}
		}
		if th.Dark != (luminance(ground) < 0.5) {
			t.Errorf("%s: dark = %v on ground %s", name, th.Dark, th.Ground)
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
