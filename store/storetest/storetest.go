package storetest

import (
	"context"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
)

// Driver is how the contract gets at the places of a driver.
type Driver struct {
	// Make makes a new place that holds the world and whose clock is now. The
	// contract closes it.
	Make func(t *testing.T, w World, now func() time.Time) store.Place
	// ReadOnly: the places are not open for writing. Then the contract holds them
	// to what reads, and to refusing the rest.
	ReadOnly bool
	// Narrow: its tables hold whole seconds, and no characters beyond U+FFFF, as those do
	// that Cinder makes in MySQL. What it is tested with is made to fit.
	Narrow bool
	// Block, if not nil, makes the calls of a place wait until release is called;
	// some calls may not have to.
	Block func(t *testing.T, p store.Place) (release func())
}

// Place is all that a place can do. One that a contract is run for without
// ReadOnly does all of it.
type Place interface {
	store.Place
	store.Typer
	store.Captures
	store.Writer
	store.Journal
	store.Exporter
	store.Importer
	store.Sizer
}

// Run holds a driver to the contract.
func Run(t *testing.T, d Driver) {
	t.Run("lists", func(t *testing.T) { testLists(t, d) })
	t.Run("reads", func(t *testing.T) { testReads(t, d) })
	t.Run("exports", func(t *testing.T) { testExports(t, d) })
	t.Run("import facts", func(t *testing.T) { testImportFacts(t, d) })
	t.Run("contexts", func(t *testing.T) { testContexts(t, d) })
	if d.ReadOnly {
		t.Run("refusals", func(t *testing.T) { testRefusals(t, d) })
		return
	}
	t.Run("rewrites", func(t *testing.T) { testRewrites(t, d) })
	t.Run("conflicts", func(t *testing.T) { testConflicts(t, d) })
	t.Run("undo", func(t *testing.T) { testUndo(t, d) })
	t.Run("journal", func(t *testing.T) { testJournal(t, d) })
	t.Run("captures", func(t *testing.T) { testCaptures(t, d) })
	t.Run("imports", func(t *testing.T) { testImports(t, d) })
	t.Run("many at once", func(t *testing.T) { testConcurrency(t, d) })
	t.Run("faults", func(t *testing.T) { testFaults(t, d) })
}

// open makes a place of the world and closes it at the end.
func (d Driver) open(t *testing.T, w World) store.Place {
	t.Helper()
	p := d.Make(t, w, clock)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return p
}

// standard makes a place of the standard world, which can do all.
func (d Driver) standard(t *testing.T) Place {
	t.Helper()
	p, ok := d.open(t, d.world()).(Place)
	if !ok {
		t.Fatal("the place cannot do all that storetest.Place asks for")
	}
	return p
}

// Later is when places that are tested believe they are: their clock stands.
var Later = Now.Add(time.Minute + 123456*time.Microsecond)

func clock() time.Time { return Later }

// wantCode fails the test unless err has the code, and is told as people are.
func wantCode(t *testing.T, what string, err error, code core.Code) {
	t.Helper()
	if core.CodeOf(err) != code {
		t.Errorf("%s: %v (%s), want an error of code %q", what, err, core.CodeOf(err), code)
	}
}

// ok fails the test at once if err is one.
func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// calls are all calls of a place that take a context, by name.
func calls(p store.Place, w World) map[string]func(context.Context) error {
	v := w.volume(Database)
	state := v.State()
	all := map[string]func(context.Context) error{
		"Volumes": func(ctx context.Context) error { _, err := p.Volumes(ctx, core.Query{}); return err },
		"Backups": func(ctx context.Context) error { _, err := p.Backups(ctx, core.Query{}); return err },
		"Volume":  func(ctx context.Context) error { _, err := p.Volume(ctx, Database); return err },
		"Backup":  func(ctx context.Context) error { _, err := p.Backup(ctx, Full); return err },
	}
	if p, ok := p.(store.Typer); ok {
		all["VolumeTypes"] = func(ctx context.Context) error { _, err := p.VolumeTypes(ctx); return err }
	}
	if p, ok := p.(store.Exporter); ok {
		all["Export"] = func(ctx context.Context) error { _, err := p.Export(ctx, Full); return err }
	}
	if p, ok := p.(store.Journal); ok {
		all["Entries"] = func(ctx context.Context) error { _, err := p.Entries(ctx, "", 0); return err }
		all["Entry"] = func(ctx context.Context) error { _, err := p.Entry(ctx, 1); return err }
	}
	if p, ok := p.(store.Captures); ok {
		all["Captures"] = func(ctx context.Context) error { _, err := p.Captures(ctx, "", Database, ""); return err }
	}
	if p, ok := p.(store.Importer); ok {
		all["ImportFacts"] = func(ctx context.Context) error { _, err := p.ImportFacts(ctx, []core.BackupID{Full}); return err }
	}
	if p, ok := p.(Place); ok {
		all["KeepCapture"] = func(ctx context.Context) error {
			_, err := p.KeepCapture(ctx, core.KeptCapture{VolumeID: Database, At: Now, Capture: core.ReadCapture("{}", core.Source{})})
			return err
		}
		all["Rewrite"] = func(ctx context.Context) error {
			_, err := p.Rewrite(ctx, core.Rewrite{Volume: Database, Before: state, After: state, Entry: core.Entry{Kind: core.EntryApply}})
			return err
		}
		all["Import"] = func(ctx context.Context) error {
			_, err := p.Import(ctx, nil, core.Entry{Kind: core.EntryImport})
			return err
		}
	}
	return all
}
