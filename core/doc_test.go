package core

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
	"testing"

	"hearth/store/storetest/race"
)

// noImports keeps the checker at this package: what others declare is not asked for.
type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not asked for") }

// filesIn are the names of files in the indented lines of a package comment, each
// line's before its first wide gap.
func filesIn(comment string) []string {
	var files []string
	for line := range strings.Lines(comment) {
		if names, indented := strings.CutPrefix(line, "\t"); indented {
			names, _, _ = strings.Cut(names, "  ")
			files = append(files, strings.Fields(names)...)
		}
	}
	return files
}

// TestReadingOrder holds the order that the package comment gives to the code:
// every file is in it once, and uses names only of itself and of files before it.
// Methods and fields are not counted.
func TestReadingOrder(t *testing.T) {
	race.Once(t)
	set := token.NewFileSet()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	known := map[string]bool{}
	place := map[string]int{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if path == "doc.go" {
			for _, name := range filesIn(f.Doc.Text()) {
				if place[name] > 0 {
					t.Errorf("doc.go names %s.go twice", name)
				}
				place[name] = len(place) + 1
			}
			continue
		}
		files = append(files, f)
		known[strings.TrimSuffix(path, ".go")] = true
	}
	for name := range place {
		if !known[name] {
			t.Errorf("doc.go names %s.go, and there is no such file", name)
		}
	}
	for name := range known {
		if place[name] == 0 {
			t.Errorf("doc.go does not say where %s.go is to be read", name)
		}
	}

	file := func(pos token.Pos) string { return strings.TrimSuffix(set.Position(pos).Filename, ".go") }
	uses := map[*ast.Ident]types.Object{}
	conf := types.Config{Importer: noImports{}, Error: func(error) {}}
	pkg, _ := conf.Check("core", set, files, &types.Info{Uses: uses}) // errors are all of imports
	seen := 0
	for id, o := range uses {
		if o.Parent() != pkg.Scope() {
			continue
		}
		seen++
		if user, owner := file(id.Pos()), file(o.Pos()); place[owner] > place[user] {
			t.Errorf("%s: %s is declared in %s.go, which is read later", set.Position(id.Pos()), id.Name, owner)
		}
	}
	if seen < 1000 {
		t.Errorf("only %d uses of names were looked at", seen)
	}
}
