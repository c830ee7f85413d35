package storetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// Dos are the Do constants of a file of core's, by their names: what each face says in words
// of its own.
func Dos(t testing.TB, file string) map[string]string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Do") || len(spec.Values) != 1 {
			return true
		}
		text := ""
		ast.Inspect(spec.Values[0], func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok {
				part, _ := strconv.Unquote(lit.Value)
				text += part
			}
			return true
		})
		out[spec.Names[0].Name] = text
		return false
	})
	if len(out) < 10 {
		t.Fatalf("%s: %d constants", file, len(out))
	}
	return out
}
