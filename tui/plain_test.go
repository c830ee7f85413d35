package tui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/storetest/race"
	"hearth/tui/ui"
)

// TestPlain draws every scene at many sizes where the terminal shows ASCII alone: no byte above
// 127 leaves hearth, what others named is written as escapes, and what hearth draws with is not.
func TestPlain(t *testing.T) {
	race.Once(t)
	core.OnlyASCII(true)
	defer core.OnlyASCII(false)
	own := map[string]bool{}
	eachScene(t, 80, 24, func(t *testing.T, r *rig) {
		r.SetPlain(true)
		for _, size := range append(sizes, [2]int{160, 45}) {
			resized(r, size[0], size[1])
			v := r.View()
			for _, text := range []string{v.Content, v.WindowTitle} {
				if at := strings.IndexFunc(text, func(c rune) bool { return c > 126 }); at >= 0 {
					t.Fatalf("%v: %q", size, text[at:min(at+20, len(text))])
				}
			}
			if what := checkFrame(v.Content, size[0], size[1]); what != "" {
				t.Errorf("%v: %s", size, what)
			}
			for _, c := range []string{`\u2026`, `\u2192`, `\u2713`, `\u2717`, `\u25cc`, `\u00b7`, `\u203a`, `\u2500`, `\u2502`} {
				if strings.Contains(v.Content, c) && !own[c] {
					own[c] = true
					t.Errorf("%v: hearth's own %s is taken for somebody's:\n%s", size, c, v.Content)
				}
			}
		}
	})
	r := newRig(t, sharedDemo(t), 160, 45)
	r.SetPlain(true)
	r.find("status:available").want("+ available").wantNot("✓")
}

// TestPlainKnowsAll: each character that the screens draw with has one in ASCII.
func TestPlainKnowsAll(t *testing.T) {
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "verbs" || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, _ := strconv.Unquote(lit.Value)
			if got := ui.Plain(text); strings.Count(got, "?") > strings.Count(text, "?") {
				t.Errorf("%s: %q is %q in ASCII: a line in ui/plain.go", fset.Position(lit.Pos()), text, got)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
