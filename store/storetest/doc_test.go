package storetest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// TestDoc: each interface of store but Place stands in this package's list of what
// hides without it, and nothing else does.
func TestDoc(t *testing.T) {
	parse := func(file string) *ast.File {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	listed := map[string]bool{}
	_, list, _ := strings.Cut(parse("doc.go").Doc.Text(), "# What hides")
	for _, line := range strings.Split(list, "\n") {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "  - "), ": "); ok && strings.HasPrefix(line, "  - ") {
			listed[name] = true
		}
	}
	ast.Inspect(parse("../store.go"), func(n ast.Node) bool {
		if s, ok := n.(*ast.TypeSpec); ok && s.Name.Name != "Place" {
			if !listed[s.Name.Name] {
				t.Errorf("doc.go does not say what hides without store.%s", s.Name.Name)
			}
			delete(listed, s.Name.Name)
		}
		return true
	})
	for name := range listed {
		t.Errorf("doc.go lists %s, and store has no such interface", name)
	}
}
