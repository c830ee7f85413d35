// Package themes holds hearth's colours: TOML files that give each role a look,
// and their loader. A role says what a text means; how it looks is the theme's.
package themes

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"sort"
	"strings"

	"github.com/BurntSushi/toml"

	"hearth/store/whole"
)

// Roles are the names that every theme sets, and what each is for.
var Roles = []struct{ Name, For string }{
	{"text", "ordinary text"},
	{"dim", "labels, hints, what matters less"},
	{"accent", "names and whatever the eye should find"},
	{"title", "the bar at the top"},
	{"header", "column headings, section headings"},
	{"cursor", "the row under the cursor"},
	{"mark", "marked rows"},
	{"border", "lines between panes and around dialogs"},
	{"key", "keys in the footer and in help"},
	{"good", "available, done, sent"},
	{"busy", "on its way: creating, restoring, running"},
	{"warn", "warnings, guesses"},
	{"bad", "errors, refusals"},
	{"added", "a field that a restore adds or sets"},
	{"changed", "a field that a restore changes"},
	{"removed", "a field that a restore removes"},
	{"kept", "a field that a restore leaves alone"},
	{"unknown", "what the place cannot see"},
	{"badge", "the word that marks a place, such as PROD"},
	{"dialog", "text in dialogs"},
	{"danger", "the button that does it"},
	{"tab", "the tab that is open"},
}

// Role is how a role looks. Colours are #rrggbb, or 0 to 15 for the terminal's
// own; an empty one is the terminal's default.
type Role struct {
	Fg        string `toml:"fg"`
	Bg        string `toml:"bg"`
	Bold      bool   `toml:"bold"`
	Italic    bool   `toml:"italic"`
	Underline bool   `toml:"underline"`
	Reverse   bool   `toml:"reverse"`
}

// Theme is a set of looks.
type Theme struct {
	Name   string          `toml:"name"`
	About  string          `toml:"about"`
	Dark   bool            `toml:"dark"`   // made for a dark ground
	Ground string          `toml:"ground"` // the background that it is made for; never painted
	Mono   bool            `toml:"mono"`   // it has no colours, and paints nothing in any
	Roles  map[string]Role `toml:"roles"`
	Path   string          `toml:"-"` // the file it came from, "" of a built-in one
}

//go:embed *.toml
var files embed.FS

// Names lists the built-in themes.
func Names() []string {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), ".toml"))
	}
	sort.Strings(out)
	return out
}

// Load reads a theme: a built-in one by name, or a file by its path. A role that
// is missing or unknown is an error.
func Load(name string) (Theme, error) {
	data, err := files.ReadFile(name + ".toml")
	path := ""
	if err != nil && strings.ContainsAny(name, "./\\") {
		path = name
		data, err = whole.ReadSettings(name)
	}
	if errors.Is(err, whole.ErrTooLarge) {
		return Theme{}, fmt.Errorf("theme %s: %w", name, whole.ErrTooLarge)
	}
	if err != nil {
		return Theme{}, fmt.Errorf("there is no theme %s; use %s, or the path of a TOML file", name, strings.Join(Names(), ", "))
	}
	t, err := parse(name, string(data))
	t.Path = path
	return t, err
}

// Stamp is what changes when a file of a theme does: its time and size, "" where it cannot be
// looked at. It reads the disk.
func Stamp(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.ModTime().UnixNano(), " ", info.Size())
}

func parse(name, data string) (Theme, error) {
	var t Theme
	md, err := toml.Decode(data, &t)
	if err != nil {
		return t, fmt.Errorf("theme %s: %w", name, err)
	}
	if extra := md.Undecoded(); len(extra) > 0 {
		return t, fmt.Errorf("theme %s: there is no setting %s", name, extra[0])
	}
	known := map[string]bool{}
	for _, r := range Roles {
		known[r.Name] = true
		if _, ok := t.Roles[r.Name]; !ok {
			return t, fmt.Errorf("theme %s: the role %s is missing", name, r.Name)
		}
	}
	for role, look := range t.Roles {
		if !known[role] {
			return t, fmt.Errorf("theme %s: there is no role %s", name, role)
		}
		for _, c := range []string{look.Fg, look.Bg} {
			if _, ok := RGB(c); c != "" && !ok {
				return t, fmt.Errorf("theme %s: role %s: %q is no colour", name, role, c)
			}
			if c != "" && t.Mono {
				return t, fmt.Errorf("theme %s: role %s: %q is a colour, and mono says that there is none", name, role, c)
			}
		}
	}
	return t, nil
}

// xterm is xterm's default palette of 16 colours.
var xterm = [16][3]uint8{
	{0, 0, 0}, {205, 0, 0}, {0, 205, 0}, {205, 205, 0}, {0, 0, 238}, {205, 0, 205}, {0, 205, 205}, {229, 229, 229},
	{127, 127, 127}, {255, 0, 0}, {0, 255, 0}, {255, 255, 0}, {92, 92, 255}, {255, 0, 255}, {0, 255, 255}, {255, 255, 255},
}

// names are those of the terminal's own colours, 0 to 15, that a place may be given.
var names = []string{"black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
	"grey", "bright red", "bright green", "bright yellow", "bright blue", "bright magenta", "bright cyan", "bright white"}

// Colour is a colour of a place as a role has it: #rrggbb or 0 to 15 as they are, and the
// names of the latter, such as red or bright blue; false of anything else.
func Colour(c string) (string, bool) {
	if i := slices.Index(names, strings.ToLower(c)); i >= 0 {
		return fmt.Sprint(i), true
	}
	_, ok := RGB(c)
	return c, ok
}

// Colours says what Colour takes.
func Colours() string { return "a colour is #rrggbb, 0 to 15, or one of " + strings.Join(names, ", ") }

// RGB is what a colour looks like: 0 to 15 as xterm has them by default.
func RGB(c string) (rgb [3]uint8, ok bool) {
	var n int
	if _, err := fmt.Sscanf(c, "#%02x%02x%02x", &rgb[0], &rgb[1], &rgb[2]); err == nil && len(c) == 7 {
		return rgb, true
	}
	if _, err := fmt.Sscanf(c, "%d", &n); err == nil && n >= 0 && n < 16 && fmt.Sprint(n) == c {
		return xterm[n], true
	}
	return rgb, false
}

// luminance is that of WCAG 2.
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

// Contrast is that of WCAG 2, from 1 to 21.
func Contrast(a, b [3]uint8) float64 {
	x, y := luminance(a), luminance(b)
	if x < y {
		x, y = y, x
	}
	return (x + 0.05) / (y + 0.05)
}

// On is the colour, black or white, that reads better on a ground.
func On(ground [3]uint8) string {
	if Contrast(ground, [3]uint8{}) >= Contrast(ground, [3]uint8{255, 255, 255}) {
		return "#000000"
	}
	return "#ffffff"
}
