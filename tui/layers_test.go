package tui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers says who may import whom, besides the standard library. A package that
// is not here has no place in the house yet.
var layers = map[string][]string{
	".":                {"*"},
	"core":             {"hearth/core/pyjson"},
	"core/pyjson":      {},
	"store":            {"hearth/core", "hearth/core/pyjson", "hearth/store/sqlite", "hearth/store/cinder", "hearth/store/repository"},
	"store/ledger":     {"hearth/core", "hearth/core/pyjson", "modernc.org/sqlite"},
	"store/archive":    {"hearth/core", "hearth/core/pyjson", "hearth/store/ledger", "modernc.org/sqlite"},
	"store/sqlite":     {"hearth/core", "hearth/core/pyjson", "hearth/store/ledger", "modernc.org/sqlite"},
	"store/cinder":     {"hearth/core", "hearth/core/pyjson", "github.com/gophercloud/gophercloud/v2", "gopkg.in/yaml.v2"},
	"store/repository": {"hearth/core", "hearth/core/pyjson", "github.com/minio/minio-go/v7", "github.com/ncw/swift/v2", "github.com/klauspost/compress"},
	"store/memory":     {"hearth/core", "hearth/core/pyjson", "hearth/store/ledger"},
	"store/jobs":       {"hearth/core", "hearth/core/pyjson", "hearth/store", "hearth/store/archive"},
	// The contract that every driver's tests run.
	"store/storetest": {"hearth/core", "hearth/core/pyjson", "hearth/store", "hearth/store/archive", "hearth/store/jobs"},
	"themes":          {"github.com/BurntSushi/toml"},
	"tui": {"hearth/core", "hearth/core/pyjson", "hearth/store", "hearth/store/jobs", "hearth/themes", "hearth/tui/grid",
		"charm.land/bubbletea/v2", "charm.land/bubbles/v2", "charm.land/lipgloss/v2", "github.com/atotto/clipboard", "github.com/charmbracelet/x/ansi", "github.com/charmbracelet/colorprofile"},
	"tui/grid":     {"github.com/charmbracelet/x/ansi"},
	"tui/settings": {"hearth/core", "github.com/BurntSushi/toml"},
	"tui/verbs": {"hearth/core", "hearth/core/pyjson", "hearth/store", "hearth/store/jobs",
		"github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/charmbracelet/x/ansi"},
}

// inTests is what tests may import besides.
var inTests = []string{"hearth/store", "hearth/store/memory", "hearth/store/storetest"}

// inTestsOf is what the tests of one package import besides: the jobs are held over
// a real store as well as over memory's.
var inTestsOf = map[string][]string{
	"store/jobs": {"hearth/store/sqlite"},
	"tui":        {"hearth/store/archive"}, // the books of a cloud
	"tui/verbs":  {"hearth/store/archive"}, // the same
	// The suite on a real cloud: the jobs over it, and what the config says of it.
	"store/cinder": {"hearth/store/jobs", "hearth/store/archive", "github.com/BurntSushi/toml", "github.com/adrg/xdg"},
}

// notInCore is what even the standard library has and core does without: a core
// that does no I/O and has no clock is the same everywhere.
var notInCore = []string{"context", "os", "net", "database", "io/fs", "syscall"}

func TestLayers(t *testing.T) {
	seen := map[string]bool{}
	fset := token.NewFileSet()
	err := fs.WalkDir(os.DirFS(".."), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && name != "." && (strings.HasPrefix(name, ".") || name == "testdata") {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(file) != ".go" {
			return nil
		}
		f, err := parser.ParseFile(fset, filepath.Join("..", file), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := path.Dir(file)
		seen[dir] = true
		checkImports(t, fset, f, dir, strings.HasSuffix(file, "_test.go"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{".", "core", "store", "tui", "themes"} {
		if !seen[dir] {
			t.Errorf("no Go file of %s was read", dir)
		}
	}
}

// checkImports holds a file to the table.
func checkImports(t *testing.T, fset *token.FileSet, f *ast.File, dir string, test bool) {
	allowed, ok := layers[dir]
	if !ok {
		t.Errorf("the package %s is not in the table of layers", dir)
		return
	}
	inCore := dir == "core" || strings.HasPrefix(dir, "core/")
	for _, spec := range f.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		where := fset.Position(spec.Pos())
		switch first, _, _ := strings.Cut(name, "/"); {
		case first != "hearth" && !strings.Contains(first, "."):
			if inCore && !test && within(name, notInCore) {
				t.Errorf("%s: core does without %s", where, name)
			}
		case within(name, allowed), test && (within(name, inTests) || within(name, inTestsOf[dir]) || name == path.Join("hearth", dir)):
		default:
			t.Errorf("%s: %s may not import %s", where, dir, name)
		}
	}
	if !inCore || test {
		return
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Now" {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" {
				t.Errorf("%s: core has no clock: time is passed in", fset.Position(sel.Pos()))
			}
		}
		return true
	})
}

// within reports whether an import path is one of some, or inside of one that is
// not ours: our packages are named one by one.
func within(name string, of []string) bool {
	return slices.ContainsFunc(of, func(a string) bool {
		return a == "*" || name == a || !strings.HasPrefix(a, "hearth/") && strings.HasPrefix(name, a+"/")
	})
}
