package core_test

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

	"hearth/store/storetest/race"
)

// rule is what a package may import besides the standard library, and why no more.
type rule struct {
	may    []string
	reason string
}

// What the rooms of tui build on; and what a room by job builds on, which is never
// another room by job.
var (
	screens = []string{"charm.land/bubbletea/v2", "charm.land/bubbles/v2", "github.com/charmbracelet/x/ansi"}
	byJob   = slices.Concat(screens, []string{"hearth/core", "hearth/core/pyjson", "hearth/store", "hearth/store/jobs",
		"hearth/tui/ui", "hearth/tui/show", "hearth/tui/place", "hearth/tui/grid", "hearth/tui/state"})
)

const apart = "a room by job knows no other and no shell: what crosses is a message, or is handed in by tui/screens.go"

// layers says who may import whom. A package that is not here has no place in the
// house yet. .github/CONTRIBUTING.md shows the same table: see TestContributing.
var layers = map[string]rule{
	".": {[]string{"*"}, "main wires everything, and holds no logic"},
	"core": {[]string{"hearth/core/pyjson"},
		"core is pure values: what backups mean is the same everywhere, without I/O and without a clock"},
	"core/pyjson": {nil, "JSON as Cinder's Python has it needs nothing of ours"},
	"store": {[]string{"hearth/core", "hearth/core/pyjson", "hearth/store/sql", "hearth/store/cinder", "hearth/store/repository",
		"hearth/store/ceph"},
		"store names the drivers so that a location can be opened; jobs and faces lie above it"},
	"store/beside": {[]string{"hearth/core", "hearth/core/pyjson", "hearth/store"},
		"what stands beside a cloud is one place with it, over the interfaces of both: main hands the two in"},
	"store/whole": {nil, "that a file comes into being whole or not at all needs nothing of ours"},
	"store/ledger": {[]string{"hearth/core", "hearth/core/pyjson", "modernc.org/sqlite"},
		"the books are tables of one file, whoever keeps it"},
	"store/archive": {[]string{"hearth/core", "hearth/core/pyjson", "hearth/store/ledger", "hearth/store/whole", "modernc.org/sqlite"},
		"the archive keeps what it is given, and asks no place"},
	"store/index": {[]string{"hearth/core", "hearth/core/pyjson"},
		"where the rows of a list are is looked up in a file that a driver hands in: the index opens none"},
	"store/sql": {[]string{"hearth/core", "hearth/core/pyjson", "hearth/store/index", "hearth/store/ledger", "hearth/store/whole",
		"modernc.org/sqlite",
		"github.com/go-sql-driver/mysql", "github.com/jackc/pgx/v5"},
		"a driver knows core and never another driver"},
	"store/wire": {[]string{"hearth/core"},
		"what the clients of networks share lies below the drivers: it carries answers, and reads nothing in them"},
	"store/cinder": {[]string{"hearth/core", "hearth/core/pyjson", "github.com/gophercloud/gophercloud/v2",
		"hearth/store/cinder/clouds", "hearth/store/whole", "hearth/store/wire"},
		"a driver knows core and never another driver"},
	"store/cinder/clouds": {[]string{"hearth/core", "hearth/core/pyjson", "hearth/store/whole", "go.yaml.in/yaml/v3"},
		"how to get into a cloud is read from files and variables: it asks no cloud"},
	"store/repository": {[]string{"hearth/core", "hearth/core/pyjson", "github.com/minio/minio-go/v7", "github.com/ncw/swift/v2",
		"github.com/klauspost/compress", "hearth/store/scan", "hearth/store/wire"}, "a driver knows core and never another driver"},
	"store/scan": {[]string{"hearth/core"},
		"what the drivers of backup repositories share lies below them: it knows core, and reads nothing"},
	"store/ceph": {[]string{"hearth/core", "hearth/core/pyjson", "hearth/store/scan"},
		"a driver knows core and never another driver"},
	"store/memory": {[]string{"hearth/core", "hearth/core/pyjson", "hearth/store/ledger"}, "a driver knows core and never another driver"},
	"store/jobs": {[]string{"hearth/core", "hearth/core/pyjson", "hearth/store", "hearth/store/archive", "hearth/store/whole"},
		"jobs work over the store's interfaces, so that both faces share them and every driver serves them"},
	"store/storetest": {[]string{"hearth/core", "hearth/core/pyjson", "hearth/store", "hearth/store/archive", "hearth/store/jobs",
		"hearth/store/memory"}, "the contract that every driver's tests run, and the blockers that the tests of every face walk"},
	"store/storetest/peak": {nil, "how much memory something takes is measured from outside of it"},
	"store/storetest/race": {nil, "whether the race detector watches is known before anything is imported"},
	"themes":               {[]string{"hearth/store/whole", "github.com/BurntSushi/toml"}, "a theme is data"},
	"tui": {slices.Concat(screens,
		[]string{"hearth/core", "hearth/core/pyjson", "hearth/store", "hearth/store/jobs", "hearth/themes", "hearth/tui/grid",
			"hearth/tui/ui", "hearth/tui/term", "hearth/tui/shell", "hearth/tui/place", "hearth/tui/show", "hearth/tui/state",
			"hearth/tui/browse", "hearth/tui/restore", "hearth/tui/records", "hearth/tui/recovery", "hearth/tui/operate",
			"hearth/tui/morning"}),
		"tui starts the screens and has the one list of them; all else is a room"},
	"tui/ui": {slices.Concat(screens,
		[]string{"charm.land/lipgloss/v2", "github.com/atotto/clipboard", "hearth/core", "hearth/core/pyjson", "hearth/store/whole",
			"hearth/themes", "hearth/tui/grid"}),
		"ui is what a screen is made of: it knows no Cinder and no shell"},
	"tui/shell": {slices.Concat(screens,
		[]string{"github.com/charmbracelet/colorprofile", "hearth/core", "hearth/themes", "hearth/tui/ui", "hearth/tui/grid",
			"hearth/tui/term"}),
		"the shell runs screens that it does not know: it names no place and no room"},
	"tui/place": {slices.Concat(screens,
		[]string{"hearth/core", "hearth/core/pyjson", "hearth/store", "hearth/store/jobs", "hearth/themes", "hearth/tui/ui", "hearth/tui/grid",
			"hearth/tui/state"}),
		"the place one is in is below the rooms that work in it"},
	"tui/state": {[]string{"hearth/core", "hearth/store/whole"},
		"how places were looked at is remembered without asking any"},
	"tui/show": {[]string{"hearth/core", "hearth/core/pyjson", "hearth/tui/ui", "hearth/tui/grid"},
		"how what core says looks is a pure function of a look and a value"},
	"tui/browse":   {byJob, apart},
	"tui/restore":  {byJob, apart},
	"tui/records":  {byJob, apart},
	"tui/recovery": {byJob, apart},
	"tui/operate":  {byJob, apart},
	"tui/morning":  {byJob, apart},
	"tui/grid":     {[]string{"github.com/charmbracelet/x/ansi", "github.com/sahilm/fuzzy"}, "a table of cells knows nothing of Cinder"},
	"tui/term": {[]string{"charm.land/bubbletea/v2", "github.com/charmbracelet/ultraviolet", "github.com/charmbracelet/x/ansi",
		"github.com/charmbracelet/x/term", "github.com/xo/terminfo", "golang.org/x/sys/unix"},
		"the line between the terminal and Bubble Tea knows nothing of hearth"},
	"tui/settings": {[]string{"hearth/core", "hearth/store/whole", "github.com/BurntSushi/toml", "github.com/adrg/xdg"},
		"the config file is decoded by main; settings only says where it is and what is wrong with it"},
	"tui/verbs": {[]string{"hearth/core", "hearth/core/pyjson", "hearth/store", "hearth/store/jobs",
		"hearth/tui/state", "github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/charmbracelet/x/ansi"},
		"the verbs are the other face: what both need is in jobs or core"},
}

// inTests is what tests may import besides.
var inTests = []string{"hearth/store", "hearth/store/memory", "hearth/store/storetest", "hearth/store/storetest/peak",
	"hearth/store/storetest/race"}

// inTestsOf is what the tests of one package import besides: the jobs are held over
// a real store as well as over memory's.
var inTestsOf = map[string][]string{
	"store/jobs":   {"hearth/store/sql"},
	"store/ceph":   {"hearth/store/jobs"},                     // what is made of its bytes, over a real cluster
	"store/beside": {"hearth/store/jobs", "hearth/store/sql"}, // over the real drivers
	"store/index":  {"hearth/store/sql"},                      // which has Cinder's tables
	// The books of a cloud; a terminal without colours; pictures; the lines of a config's keys.
	"tui": {"hearth/store/archive", "github.com/charmbracelet/colorprofile", "github.com/charmbracelet/ultraviolet",
		"hearth/tui/settings"},
	"tui/verbs": {"hearth/store/archive"}, // the same
	// The suite on a real cloud: the jobs over it, and what the config says of it.
	"store/cinder": {"hearth/store/jobs", "hearth/store/archive", "hearth/store/beside",
		"github.com/BurntSushi/toml", "github.com/adrg/xdg", "go.yaml.in/yaml/v3"},
}

// notInCore is what even the standard library has and core does without: a core
// that does no I/O and has no clock is the same everywhere.
var notInCore = []string{"context", "os", "net", "database", "io/fs", "syscall"}

func TestLayers(t *testing.T) {
	race.Once(t)
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
	r, ok := layers[dir]
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
		case within(name, r.may), test && (within(name, inTests) || within(name, inTestsOf[dir]) || name == path.Join("hearth", dir)):
		default:
			t.Errorf("%s: %s may not import %s: %s", where, dir, name, r.reason)
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
