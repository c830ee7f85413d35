package jobs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// TestPitfalls walks the pitfalls: each is said in a place that may be of the releases that
// do so, and not in one of others. Nothing is sent.
func TestPitfalls(t *testing.T) {
	for _, x := range storetest.Pitfalls() {
		t.Run(x.What, func(t *testing.T) {
			c, d := x.Open(t, core.PlaceInfo{}, x.Does, clockAt(storetest.Now))
			if said := x.Said(t, d); !has(said, x.Says) {
				t.Errorf("in Cinder %s: %q", x.Does, said)
			}
			if sent := sends(c.Calls()); len(sent) > 0 {
				t.Errorf("%q was sent", sent)
			}
			if x.Spared == "" {
				return
			}
			_, d = x.Open(t, core.PlaceInfo{}, x.Spared, clockAt(storetest.Now))
			_, part, _ := strings.Cut(x.Says, " ") // whichever Cinder does
			_, part, _ = strings.Cut(part, " ")
			for _, said := range x.Said(t, d) {
				if strings.Contains(said, part[len(part)/2:]) {
					t.Errorf("in Cinder %s: %q", x.Spared, said)
				}
			}
		})
	}
}

// TestPitfallsWhole: core has no pitfall that is not walked.
func TestPitfallsWhole(t *testing.T) {
	walked := map[string]bool{}
	for _, x := range storetest.Pitfalls() {
		walked[x.Code] = true
	}
	file, err := parser.ParseFile(token.NewFileSet(), "../../core/pitfalls.go", nil, 0)
	ok(t, err)
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		v, is := node.(*ast.ValueSpec)
		if !is || len(v.Values) != 1 || !strings.HasPrefix(v.Names[0].Name, "Pitfall") {
			return true
		}
		if lit, is := v.Values[0].(*ast.BasicLit); is {
			n++
			code, err := strconv.Unquote(lit.Value)
			if ok(t, err); !walked[code] {
				t.Errorf("no case for %s", code)
			}
		}
		return true
	})
	if n < 12 {
		t.Errorf("only %d codes were found", n)
	}
}

// TestPitfallsOfDeletion: what failed to be deleted says what to do about it, and what a
// verification found damaged is warned of before.
func TestPitfallsOfDeletion(t *testing.T) {
	old := func(w *memory.World) {
		w.Info = memory.NewCloud(memory.World{}).Info()
		w.Info.Release, _ = core.ParseReleases("24 to 25")
	}
	const swift = "cinder.backup.drivers.swift.SwiftBackupDriver"
	c, d := cloudDesk(t, old, backupOf(tagged, func(b *core.Backup) { b.Service = core.Some(swift) }))
	p, err := d.PlanDelete(t.Context(), []core.BackupID{tagged}, false)
	if ok(t, err); has(p.Warnings, "in error") {
		t.Errorf("of one that is available: %q", p.Warnings)
	}
	c.GoWrong(core.OpDelete, "Object DELETE failed: 404 Not Found")
	results, err := d.Delete(t.Context(), p, true, nil)
	if len(results) != 1 || err == nil || !strings.Contains(err.(*core.Error).Next, "force the deletion: Cinder up to 24 ends") {
		t.Errorf("%+v, %v", results, err)
	}
	c, d = cloudDesk(t, old, backupOf(tagged, func(b *core.Backup) { b.Service = core.Opt[string]{} }))
	ok(t, d.Archive.KeepVerified(t.Context(), []core.Verified{{Repository: "swift:x", Backup: tagged, At: storetest.Now, Damages: 1}}))
	c.Made(tagged, "cinder.backup.drivers.swift.SwiftBackupDriver")
	if p, err = d.PlanDelete(t.Context(), []core.BackupID{tagged}, false); err != nil || !has(p.Warnings, "ends the deletion") {
		t.Errorf("of a damaged one: %q, %v", p.Warnings, err)
	}
}

// TestHostOfParent: where a backup was made is known from a record of it that is kept.
func TestHostOfParent(t *testing.T) {
	posix := func(b *core.Backup) {
		b.Service, b.Host = core.Some("cinder.backup.drivers.posix.PosixBackupDriver"), core.Some("gamma")
	}
	x := storetest.Pitfalls()[0]
	_, d := x.Open(t, core.PlaceInfo{}, "26", clockAt(storetest.Now))
	for _, b := range storetest.Standard().AllBackups() {
		if b.ID == storetest.Orphan { // the newest, on which an incremental stands
			posix(&b)
			r, err := core.ExportRecord(&b)
			ok(t, err)
			ok(t, d.KeepRecord(t.Context(), b.ID, r))
		}
	}
	x.World = func(w *memory.World) {
		for _, id := range []core.BackupID{full, storetest.First, second, storetest.Orphan} {
			backupOf(id, func(b *core.Backup) { posix(b); b.Host = core.Opt[string]{} })(w)
		}
	}
	_, bare := x.Open(t, core.PlaceInfo{}, "26", clockAt(storetest.Now))
	if said := x.Said(t, bare); !has(said, "which that is, is not known") {
		t.Errorf("with no record: %q", said)
	}
	bare.Archive = d.Archive
	if said := x.Said(t, bare); !has(said, "this Cinder sends") || !has(said, "gamma is down") {
		t.Errorf("with its record: %q", said)
	}
}

func clockAt(at time.Time) func() time.Time { return func() time.Time { return at } }
