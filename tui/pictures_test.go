package tui

import (
	"fmt"
	"html"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"hearth/themes"
)

// pictures are those of the README and of the guides: a scene, in a theme and at a size.
var pictures = []struct {
	file, scene, theme string
	w, h               int
}{
	{"list", "backups", "hearth", 140, 36},
	{"restore", "backup-restore", "hearth", 120, 32},
	{"capture", "backup-capture", "hearth", 120, 32},
	{"import", "import-several", "hearth", 120, 32},
	{"diff", "diff", "hearth", 120, 32},
	{"cloud", "cloud-backups", "hearth", 140, 36},
	{"report", "cloud-report", "hearth", 120, 32},
	{"recovery", "recovery-choose", "hearth", 120, 32},
	{"light", "volumes", "light", 140, 36},
	{"small", "backup-restore", "hearth", 80, 24},
}

// inTheme is the theme that rigs have, instead of the usual one.
var inTheme string

// TestPictures compares the pictures that the pages show with what the program draws now,
// letter by letter and colour by colour: go test ./tui -run Pictures -update draws them anew.
func TestPictures(t *testing.T) {
	folder := filepath.Join("..", "testdata", "pictures")
	known := map[string]bool{}
	for _, p := range pictures {
		known[p.file+".svg"] = true
		t.Run(p.file, func(t *testing.T) {
			i := slices.IndexFunc(scenes, func(s scene) bool { return s.name == p.scene })
			if i < 0 {
				t.Fatalf("there is no scene %s", p.scene)
			}
			inTheme = p.theme
			defer func() { inTheme = "" }()
			got := svg(t, scenes[i].make(t, p.w, p.h).View(), p.w, p.h)
			path := filepath.Join(folder, p.file+".svg")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want, err := os.ReadFile(path); err != nil || string(want) != got {
				t.Errorf("%s is not what the screen is now (%v); go test ./tui -run Pictures -update draws it\n%s", path, err,
					difference(string(want), got))
			}
		})
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !known[f.Name()] {
			t.Errorf("nothing draws %s", f.Name())
		}
	}
}

// A cell of a picture, in pixels.
const cellW, cellH = 8, 17

// svg draws a frame as it stands on a terminal: a text for each run of one look, as wide as
// its cells whatever font there is.
func svg(t *testing.T, v tea.View, w, h int) string {
	t.Helper()
	screen := uv.NewScreenBuffer(w, h)
	uv.NewStyledString(v.Content).Draw(screen, screen.Bounds())
	th, err := themes.Load(inTheme)
	if err != nil {
		t.Fatal(err)
	}
	ground, ink := th.Ground, th.Roles["text"].Fg
	if c := hex(v.BackgroundColor); c != "" {
		ground = c
	}
	if c := hex(v.ForegroundColor); c != "" {
		ink = c
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-size="13.3" fill="%s" xml:space="preserve" `+
		`font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace">`+"\n", w*cellW+16, h*cellH+16, ink)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="6" fill="%s"/>`+"\n", ground)
	for y := range h {
		for x := 0; x < w; {
			c := screen.CellAt(x, y)
			if c == nil || c.Width == 0 {
				x++
				continue
			}
			text, from, style := "", x, c.Style
			for ; x < w; x++ {
				if c = screen.CellAt(x, y); c == nil || !c.Style.Equal(&style) {
					break
				}
				text += c.Content // "" of the second half of a wide one
			}
			run(&b, text, style, from, x-from, y, ground, ink)
		}
	}
	return b.String() + "</svg>\n"
}

// run draws one run of n cells.
func run(b *strings.Builder, text string, s uv.Style, x, n, y int, ground, ink string) {
	fg, bg := hex(s.Fg), hex(s.Bg)
	if s.Attrs&uv.AttrReverse != 0 {
		if fg, bg = bg, fg; fg == "" {
			fg = ground
		}
		if bg == "" {
			bg = ink
		}
	}
	left, top := 8+x*cellW, 8+y*cellH
	if bg != "" && bg != ground {
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`+"\n", left, top, n*cellW, cellH, bg)
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	more := ""
	if fg != "" && fg != ink {
		more += ` fill="` + fg + `"`
	}
	if s.Attrs&uv.AttrBold != 0 {
		more += ` font-weight="bold"`
	}
	if s.Attrs&uv.AttrFaint != 0 {
		more += ` opacity="0.6"`
	}
	if s.Attrs&uv.AttrItalic != 0 {
		more += ` font-style="italic"`
	}
	if s.Underline != 0 {
		more += ` text-decoration="underline"`
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" textLength="%d" lengthAdjust="spacingAndGlyphs"%s>%s</text>`+"\n",
		left, top+13, n*cellW, more, html.EscapeString(text))
}

// hex is a colour as SVG writes it, "" for none.
func hex(c color.Color) string {
	if c == nil {
		return ""
	}
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
