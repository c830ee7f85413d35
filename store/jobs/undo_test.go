package jobs_test

import (
	"slices"
	"testing"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// TestUndoPartly: something else changed meanwhile: what stands as hearth left it is
// taken back, the rest is left alone, in a cloud and in a database.
func TestUndoPartly(t *testing.T) {
	for _, where := range []string{"cloud", "database"} {
		var d jobs.Desk
		var rewrite func(core.Rewrite) error
		if where == "cloud" {
			var c *memory.Cloud
			c, d = cloudDesk(t)
			rewrite = func(r core.Rewrite) error { _, err := c.Rewrite(t.Context(), r); return err }
		} else {
			var p *memory.Place
			p, d = theirDesk(t)
			rewrite = func(r core.Rewrite) error { _, err := p.Rewrite(t.Context(), r); return err }
		}
		before := stateOf(t, d, storetest.WebRoot)
		p := restore(t, d)
		if where == "cloud" {
			p = cloudPlan(t, d)
		}
		e, err := d.Apply(t.Context(), p)
		ok(t, err)
		fields := p.Before.Diff(p.After)
		now := stateOf(t, d, storetest.WebRoot)
		other := now.Clone()
		other.Metadata.Set("tier", pyjson.OfString("somebody else's")) // the entry changed it, too
		other.Metadata.Set("theirs", pyjson.OfString("new"))
		ok(t, rewrite(core.Rewrite{Volume: storetest.WebRoot, Before: now, After: other}))
		_, err = d.Undo(t.Context(), e.ID)
		wantCode(t, "without asking", err, core.CodeConflict)
		u, err := d.PlanUndo(t.Context(), 0)
		ok(t, err)
		if !slices.Equal(u.Alone, []string{"metadata tier"}) || !slices.Equal(u.Others, []string{"metadata theirs"}) ||
			len(u.Back) != len(fields)-1 {
			t.Fatalf("%s: %q is taken back, %q and %q left alone", where, u.Back, u.Alone, u.Others)
		}
		done, err := d.UndoAsShown(t.Context(), u)
		ok(t, err)
		want := before.Clone()
		want.Metadata.Set("tier", pyjson.OfString("somebody else's"))
		want.Metadata.Set("theirs", pyjson.OfString("new"))
		if got := stateOf(t, d, storetest.WebRoot); !got.Equal(want) || done.State != core.EntryDone {
			t.Errorf("%s: it differs in %q", where, got.Diff(want))
		}
		_, err = d.PlanUndo(t.Context(), e.ID)
		wantCode(t, "once more", err, core.CodeConflict)
		_, err = d.UndoAsShown(t.Context(), u)
		wantCode(t, "of what is no longer as it was shown", err, core.CodeConflict)
	}
}

// TestUndoEditPartly is the same for a backup's texts.
func TestUndoEditPartly(t *testing.T) {
	c, d := cloudDesk(t)
	name, description, third := "another", "of it", "third"
	e, err := d.Edit(t.Context(), storetest.Full, core.BackupEdit{Name: &name, Description: &description})
	ok(t, err)
	was := *e.Before
	ok(t, c.EditBackup(t.Context(), storetest.Full, core.BackupEdit{Name: &third}))
	u, err := d.PlanUndo(t.Context(), e.ID)
	ok(t, err)
	_, err = d.UndoAsShown(t.Context(), u)
	ok(t, err)
	b, err := d.Place.Backup(t.Context(), storetest.Full)
	if err != nil || b.Name.V != third || b.Description.V != was.Description.Text() {
		t.Errorf("it is %q, %q, %v", b.Name.V, b.Description.V, err)
	}
	e, err = d.Edit(t.Context(), storetest.Full, core.BackupEdit{Name: &name})
	ok(t, err)
	ok(t, c.EditBackup(t.Context(), storetest.Full, core.BackupEdit{Name: &third}))
	if u, err = d.PlanUndo(t.Context(), e.ID); err == nil { // it is as before the edit
		t.Errorf("nothing of it stands, and %q is taken back", u.Back)
	}
}
