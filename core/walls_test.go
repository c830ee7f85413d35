package core_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sources reads the Go files of a folder, tests left out.
func sources(t *testing.T, dir string) (*token.FileSet, map[string]*ast.File) {
	t.Helper()
	fset, out := token.NewFileSet(), map[string]*ast.File{}
	entries, err := os.ReadDir(filepath.Join("..", dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			f, err := parser.ParseFile(fset, filepath.Join("..", dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			out[name] = f
		}
	}
	if len(out) == 0 {
		t.Fatalf("%s has no Go file", dir)
	}
	return fset, out
}

// ofCore is what ui and the shell use of core: texts, those of times and secrets too, the pace
// of work, and errors.
var ofCore = []string{"Visible", "VisibleLines", "Struck", "Bytes", "Count", "Fold", "Fail", "Error", "CodeOf", "Opt", "Some",
	"FieldText", "Span", "Pace", "Short", "MaskedIn", "Thousands", "Idiom", "Instead"}

// TestCoreInShell: what a screen is made of, and what runs it, knows no backup.
func TestCoreInShell(t *testing.T) {
	for _, dir := range []string{"tui/ui", "tui/shell"} {
		fset, files := sources(t, dir)
		for _, f := range files {
			ast.Inspect(f, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "core" && !strings.HasPrefix(sel.Sel.Name, "Code") &&
					!slices.Contains(ofCore, sel.Sel.Name) {
					t.Errorf("%s: core.%s: %s uses texts and errors of core, and knows nothing of Cinder", fset.Position(sel.Pos()), sel.Sel.Name, dir)
				}
				return true
			})
		}
	}
}

// The most that the root model may grow to before something of it wants a room of
// its own.
const (
	mostFields = 16
	mostCases  = 14
)

// TestShellStaysSmall: the root model has few fields, its handler few cases, and it
// tells apart no types but ui's and its own.
func TestShellStaysSmall(t *testing.T) {
	fset, files := sources(t, "tui/shell")
	fields, cases := 0, 0
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				if s, ok := n.Type.(*ast.StructType); ok && n.Name.Name == "App" {
					for _, field := range s.Fields.List {
						fields += max(len(field.Names), 1)
					}
				}
			case *ast.FuncDecl:
				if n.Name.Name == "handle" {
					cases = casesOf(n)
				}
			case *ast.CaseClause:
				for _, e := range n.List {
					if sel, ok := e.(*ast.SelectorExpr); ok {
						if x, ok := sel.X.(*ast.Ident); ok && slices.Contains([]string{"core", "store", "jobs", "place", "show"}, x.Name) &&
							ast.IsExported(sel.Sel.Name) &&
							!strings.HasPrefix(sel.Sel.Name, "Code") {
							t.Errorf("%s: the shell tells %s.%s apart: what a room sends it is a message of ui's", fset.Position(e.Pos()), x.Name, sel.Sel.Name)
						}
					}
				}
			}
			return true
		})
	}
	if fields == 0 || fields > mostFields {
		t.Errorf("shell.App has %d fields, at most %d: what more does it hold that wants a type of its own?", fields, mostFields)
	}
	if cases == 0 || cases > mostCases {
		t.Errorf("shell.App.handle has %d cases, at most %d: put messages of one sort behind one case, as navigate does", cases, mostCases)
	}
}

// casesOf counts the cases of a function's first switch.
func casesOf(f *ast.FuncDecl) (n int) {
	ast.Inspect(f, func(x ast.Node) bool {
		if s, ok := x.(*ast.TypeSwitchStmt); ok && n == 0 {
			n = len(s.Body.List)
			return false
		}
		return n == 0
	})
	return n
}

// TestMakersAreListed: every maker of a screen or a tab that a room shows stands in
// tui/screens.go.
func TestMakersAreListed(t *testing.T) {
	list, err := fs.ReadFile(os.DirFS("../tui"), "screens.go")
	if err != nil {
		t.Fatal(err)
	}
	makers := 0
	for _, room := range []string{"browse", "restore", "records", "recovery", "operate", "place", "shell"} {
		_, files := sources(t, "tui/"+room)
		for _, f := range files {
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || fn.Recv != nil || !fn.Name.IsExported() || fn.Type.Results == nil || !makesScreen(fn.Type.Results) {
					continue
				}
				makers++
				if name := room + "." + fn.Name.Name; !strings.Contains(string(list), name) {
					t.Errorf("tui/screens.go does not list %s: nobody can come to it", name)
				}
			}
		}
	}
	if makers < 12 {
		t.Errorf("only %d makers were found", makers)
	}
}

// makesScreen reports whether a result is a screen or a tab, or makes one.
func makesScreen(results *ast.FieldList) (yes bool) {
	for _, r := range results.List {
		ast.Inspect(r.Type, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && (sel.Sel.Name == "Screen" || sel.Sel.Name == "Tab") {
				yes = true
			}
			return !yes
		})
	}
	return yes
}

// TestRootModelIsTheShells: no file but the shell's and those that start it name its
// root model.
func TestRootModelIsTheShells(t *testing.T) {
	for _, room := range []string{"ui", "place", "show", "browse", "restore", "records", "recovery", "operate", "grid"} {
		fset, files := sources(t, "tui/"+room)
		for _, f := range files {
			ast.Inspect(f, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok && (id.Name == "App" || id.Name == "app") {
					t.Errorf("%s: %s names the root model: what it needs is the host's", fset.Position(id.Pos()), room)
				}
				return true
			})
		}
	}
}
