package tui

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
	"hearth/store/storetest/race"
	"hearth/themes"
	"hearth/tui/ui"
)

// sizes are those that everything must fit into.
var sizes = [][2]int{{1, 1}, {2, 1}, {1, 2}, {3, 3}, {5, 2}, {7, 5}, {10, 6}, {13, 4}, {20, 7}, {31, 9}, {40, 12}, {59, 3},
	{60, 17}, {79, 23}, {80, 24}, {81, 25},
	{97, 31}, {119, 30}, {120, 30}, {121, 40}, {132, 11}, {160, 45}, {177, 5}, {200, 60}, {200, 2}, {4, 60}}

// looks matches the only sequences that a frame may hold.
var looks = regexp.MustCompile("\x1b\\[[0-9;:]*m")

// checkFrame says what is wrong with a frame for a size.
func checkFrame(content string, w, h int) string {
	lines := strings.Split(content, "\n")
	if len(lines) > h {
		return fmt.Sprintf("%d lines in %d", len(lines), h)
	}
	for i, l := range lines {
		if n := ansi.StringWidth(l); n > w {
			return fmt.Sprintf("line %d has %d cells in %d: %q", i, n, w, l)
		}
	}
	return checkHarmless(content)
}

// checkHarmless says what in a text a terminal would obey, or would not show.
func checkHarmless(text string) string {
	for _, r := range looks.ReplaceAllString(text, "") {
		switch {
		case r == '\n':
		case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Variation_Selector,
			unicode.Other_Default_Ignorable_Code_Point, unicode.Zl, unicode.Zp), r == unicode.ReplacementChar:
			return fmt.Sprintf("the character %U is drawn", r)
		}
	}
	return ""
}

func TestFit(t *testing.T) {
	eachScene(t, 80, 24, func(t *testing.T, r *rig) {
		for _, size := range sizes {
			r.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			v := r.View()
			if what := checkFrame(v.Content, size[0], size[1]); what != "" {
				t.Errorf("%dx%d: %s", size[0], size[1], what)
			}
			if what := checkHarmless(v.WindowTitle); what != "" || strings.Contains(v.WindowTitle, "\n") {
				t.Errorf("the window's title: %s", what)
			}
		}
		r.send(tea.WindowSizeMsg{})
		if got := r.View().Content; got != "" {
			t.Errorf("a frame of no size: %q", got)
		}
	})
}

// TestFitInEveryTheme draws every scene in every theme, and without colours.
func TestFitInEveryTheme(t *testing.T) {
	race.Once(t)
	eachScene(t, 80, 24, func(t *testing.T, r *rig) {
		text := r.screenText()
		for i, name := range themes.Names() {
			th, err := themes.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, mono := range []bool{false, true}[:2-min(i, 1)] { // without colours one is as the others
				r.Paint(th, mono)
				if what := checkFrame(r.View().Content, 80, 24); what != "" {
					t.Errorf("%s: %s", name, what)
				}
				if r.Dialog() == nil {
					if r.screenText() != text {
						t.Errorf("%s: the text depends on the theme", name)
					}
					continue // so that it fits in any size as in the one theme of TestFit
				}
				for _, size := range [][2]int{{40, 12}, {160, 45}} {
					resized(r, size[0], size[1])
					if what := checkFrame(r.View().Content, size[0], size[1]); what != "" {
						t.Errorf("%s %v: %s", name, size, what)
					}
				}
				resized(r, 80, 24)
			}
		}
	})
}

// TestPure draws twice: the text is the same, and the model is as it was.
func TestPure(t *testing.T) {
	race.Once(t)
	for _, size := range [][2]int{{80, 24}, {160, 45}, {9, 4}} {
		eachScene(t, size[0], size[1], func(t *testing.T, r *rig) {
			later := until
			r.clock = func() time.Time { // whoever asks the clock while drawing draws another frame
				later = later.Add(time.Hour)
				return later
			}
			before := fingerprint(r.App)
			first := r.View()
			if second := r.View(); first.Content != second.Content {
				t.Error("the second frame is another one")
			}
			if after := fingerprint(r.App); after != before {
				t.Errorf("drawing changed the model:\n%s", firstDifference(before, after))
			}
		})
	}
}

func firstDifference(a, b string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			from := max(i-80, 0)
			return a[from:min(i+80, len(a))] + "\n" + b[from:min(i+80, len(b))]
		}
	}
	return "one is longer"
}

// fingerprint writes down all that a model holds, as far as it is hearth's own or
// plain data: places, contexts and functions are what they are.
func fingerprint(v any) string {
	var b strings.Builder
	writeDown(&b, reflect.ValueOf(v), map[uintptr]bool{})
	return b.String()
}

func writeDown(b *strings.Builder, v reflect.Value, seen map[uintptr]bool) {
	switch v.Kind() {
	case reflect.Invalid:
		b.WriteString("nil")
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		fmt.Fprintf(b, "%s@%x", v.Kind(), v.Pointer())
	case reflect.Interface:
		writeDown(b, v.Elem(), seen)
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] || opaque(v.Type().Elem()) {
			fmt.Fprintf(b, "@%x", v.Pointer())
			return
		}
		seen[v.Pointer()] = true
		writeDown(b, v.Elem(), seen)
	case reflect.Struct:
		b.WriteString(v.Type().Name() + "{")
		for i := range v.NumField() {
			b.WriteString(v.Type().Field(i).Name + ":")
			writeDown(b, v.Field(i), seen)
			b.WriteString(" ")
		}
		b.WriteString("}")
	case reflect.Slice, reflect.Array:
		b.WriteString("[")
		for i := range v.Len() {
			writeDown(b, v.Index(i), seen)
			b.WriteString(" ")
		}
		b.WriteString("]")
	case reflect.Map:
		writeMap(b, v, seen)
	default:
		fmt.Fprintf(b, "%v", v)
	}
}

// writeMap writes a map's entries in the order of their keys' text.
func writeMap(b *strings.Builder, v reflect.Value, seen map[uintptr]bool) {
	entries := map[string]reflect.Value{}
	var keys []string
	for _, k := range v.MapKeys() {
		text := fmt.Sprint(k)
		keys = append(keys, text)
		entries[text] = v.MapIndex(k)
	}
	slices.Sort(keys)
	b.WriteString("map[")
	for _, k := range keys {
		b.WriteString(k + ":")
		writeDown(b, entries[k], seen)
		b.WriteString(" ")
	}
	b.WriteString("]")
}

// opaque reports whether a type is not looked into: only hearth's own and the text
// fields are, but for places.
func opaque(t reflect.Type) bool {
	path := t.PkgPath()
	return path != "" && !strings.HasPrefix(path, "hearth/tui") && !strings.HasPrefix(path, "hearth/core") &&
		!strings.HasPrefix(path, "charm.land/bubbles")
}

// TestWrap holds the one place where texts are broken into lines.
func TestWrap(t *testing.T) {
	const red, off = "\x1b[31m", "\x1b[m"
	for _, c := range []struct {
		text string
		w    int
		want []string
	}{
		{"", 5, []string{""}},
		{"short", 5, []string{"short"}},
		{"two words", 5, []string{"two", "words"}},
		{"four word", 4, []string{"four", "word"}},
		{"a-b-c-d-e", 4, []string{"a-b-", "c-d-", "e"}},
		{"see a-b-c-d", 8, []string{"see", "a-b-c-d"}},
		{"one\ntwo three", 5, []string{"one", "two", "three"}},
		{"  indented text", 10, []string{"  indented", "text"}},
		{"日本語", 5, []string{"日本", "語"}},
		{"日本", 1, []string{"日", "本"}},
		{red + "two words" + off, 5, []string{red + "two" + off, red + "words" + off}},
		{"x " + red + "two words" + off + " y", 5, []string{"x " + red + "two" + off, red + "words" + off, "y"}},
		{"anything", 0, nil},
	} {
		if got := ui.Wrap(c.text, c.w); !reflect.DeepEqual(got, c.want) {
			t.Errorf("wrap(%q, %d) = %q, want %q", c.text, c.w, got, c.want)
		}
	}
}

// TestOver lays a box on wide characters without moving what is beside it.
func TestOver(t *testing.T) {
	frame := strings.Repeat("日本語日本語日本\n", 2) + "0123456789abcdef"
	for w := 1; w < 16; w++ {
		got := ui.Over(frame, strings.Repeat("x", w), 16, 3)
		for i, l := range strings.Split(got, "\n") {
			if n := ansi.StringWidth(l); n != 16 {
				t.Errorf("box of %d: line %d has %d cells: %q", w, i, n, l)
			}
		}
	}
}

// TestInput draws a text field in every width, with the cursor in every place.
func TestInput(t *testing.T) {
	s := ui.NewStyles(plain(t), false, "")
	in := ui.NewInput("a 日本 \u202E" + strings.Repeat("z", 10))
	for pos := range len([]rune(in.Value())) + 1 {
		in.SetCursor(pos)
		for w := range 40 {
			got := s.Input(in, w)
			if n := ansi.StringWidth(got); n > w {
				t.Errorf("cursor %d: %d cells in %d: %q", pos, n, w, got)
			}
			if what := checkHarmless(got); what != "" {
				t.Error(what)
			}
			if w > 8 && !strings.Contains(got, "\x1b[7m") {
				t.Errorf("cursor %d in %d cells is not to be seen: %q", pos, w, got)
			}
		}
	}
	if got := ansi.Strip(s.Input(ui.NewInput("ab\u202Ecd"), 20)); got != "ab\\u202ecd " {
		t.Errorf("drawn as %q", got)
	}
	if core.Visible("\u202E") != `\u202e` {
		t.Error("Visible has changed")
	}
}
