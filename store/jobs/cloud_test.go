package jobs_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// cloudDesk is a desk at a cloud in which time passes at once.
func cloudDesk(t testing.TB, change ...func(*memory.World)) (*memory.Cloud, jobs.Desk) {
	s := storetest.Standard()
	w := memory.World{Volumes: s.AllVolumes(), Backups: s.AllBackups(), Types: s.Types, Captures: s.Captures, Now: clock}
	for _, c := range change {
		c(&w)
	}
	c := memory.NewCloud(w)
	return c, jobs.Desk{Place: c, Archive: openArchive(t), Who: "ada@here", Pace: jobs.Pace{Now: clock, Sleep: c.Sleep}}
}

// newest is the newest entry of the journal.
func newest(t *testing.T, d jobs.Desk) core.Entry {
	t.Helper()
	entries := journal(t, d)
	if len(entries) == 0 {
		t.Fatal("the journal is empty")
	}
	return entries[0]
}

// changing is a capture that changes all that the API can change of WebRoot.
var changing = core.ReadCapture(
	`{"version": 1, "volume-base-metadata": {"display_name": "x", "display_description": "y"}, "volume-metadata": {"tier": "bronze", `+
		`"b c": "d"}, "volume-glance-metadata": {"os_type": "bsd", "new": "n"}}`,
	core.Source{Kind: core.SourceFile})

func cloudPlan(t *testing.T, d jobs.Desk) *core.Plan {
	t.Helper()
	return plan(t, d,
		jobs.PlanRequest{Backup: storetest.Tagged, Onto: storetest.WebRoot, Captures: []core.Capture{changing}, Rules: core.Icehouse})
}

func TestCloudPlan(t *testing.T) {
	c, d := cloudDesk(t)
	p := cloudPlan(t, d)
	if p.Via != core.ViaAPI || len(p.Calls) != 6 {
		t.Errorf("via %s, %d calls", p.Via, len(p.Calls))
	}
	if p = plan(t, d, jobs.PlanRequest{Backup: storetest.Tagged, Captures: []core.Capture{changing}}); p.Via != core.ViaDatabase {
		t.Errorf("a new volume: via %s", p.Via)
	}
	p = plan(t, d, jobs.PlanRequest{Onto: storetest.WebRoot, Captures: []core.Capture{changing}, Via: core.ViaDatabase})
	_, err := d.Apply(t.Context(), p)
	wantCode(t, "what Cinder's own restore does, by calls", err, core.CodeRefused)
	for what, r := range map[string]jobs.PlanRequest{
		"no such way":          {Onto: storetest.WebRoot, Via: "x"},
		"a new one by the API": {Via: core.ViaAPI},
		"nothing to leave out": {Onto: storetest.WebRoot, Via: core.ViaDatabase, LeaveOut: []string{"name"}},
		"no such field":        {Onto: storetest.WebRoot, LeaveOut: []string{"x"}},
	} {
		r.Captures = []core.Capture{changing}
		_, err := d.Plan(t.Context(), r)
		wantCode(t, what, err, core.CodeUsage)
	}
	long := core.ReadCapture(`{"version": 1, "volume-glance-metadata": {"k": "`+strings.Repeat("x", 300)+`"}}`, core.Source{})
	for version, x := range map[string]struct{ refused, warned bool }{
		"3.68": {true, false}, "3.70": {false, true}, "3.71": {}, "": {false, true}} {
		c.Scoped(core.Scope{Version: version})
		p := plan(t, d, jobs.PlanRequest{Onto: storetest.WebRoot, Captures: []core.Capture{long}})
		if (p.Applicable() != nil) != x.refused || has(p.Warnings, "of more than 255 characters") != x.warned {
			t.Errorf("a long value at %s: %v, %q", version, p.Applicable(), p.Warnings)
		}
	}
	bad := core.ReadCapture(`{"version": 1, "volume-metadata": {"ключ": "x"}}`, core.Source{})
	p = plan(t, d, jobs.PlanRequest{Onto: storetest.WebRoot, Captures: []core.Capture{bad}})
	_, err = d.Apply(t.Context(), p)
	wantCode(t, "what the API refuses", err, core.CodeRefused)
	p = plan(t, d, jobs.PlanRequest{Onto: storetest.WebRoot, Captures: []core.Capture{bad}, LeaveOut: []string{"metadata ключ"}})
	_, err = d.Apply(t.Context(), p)
	ok(t, err)
}

// TestCloudApply: an apply by calls, and its undo.
func TestCloudApply(t *testing.T) {
	_, d := cloudDesk(t)
	before := stateOf(t, d, storetest.WebRoot)
	p := cloudPlan(t, d)
	e, err := d.Apply(t.Context(), p)
	ok(t, err)
	if got := stateOf(t, d, storetest.WebRoot); !got.Equal(p.After) {
		t.Errorf("it differs from the plan in %q", got.Diff(p.After))
	}
	if e.State != core.EntryDone || len(e.Steps) != len(p.Calls) ||
		slices.ContainsFunc(newest(t, d).Steps, func(s core.EntryStep) bool { return !s.Done }) {
		t.Errorf("the entry is %+v", newest(t, d))
	}
	_, err = d.Undo(t.Context(), 0)
	ok(t, err)
	if got := stateOf(t, d, storetest.WebRoot); !got.Equal(before) {
		t.Errorf("undone, it differs in %q", got.Diff(before))
	}
	_, err = d.Finish(t.Context(), e.ID)
	wantCode(t, "finish what is done", err, core.CodeConflict)
}

// TestCloudFaults: each call fails in turn, as refused, as denied and with its
// answer lost; the journal says what was done, and from it hearth finishes, or
// takes it back, or does one and then the other.
func TestCloudFaults(t *testing.T) {
	for _, code := range []core.Code{core.CodeRefused, core.CodeDenied, core.CodeUnavailable, core.CodeInternal} {
		for _, way := range []string{"finish", "undo", "finish and undo", "stray"} {
			for call := 0; ; call++ {
				c, d := cloudDesk(t)
				before := stateOf(t, d, storetest.WebRoot)
				p := cloudPlan(t, d)
				if call == len(p.Calls) {
					break
				}
				c.FailCall(2+call, core.Fail(code, "call", "injected", "", nil)) // the first reads the volume
				e, err := d.Apply(t.Context(), p)
				if core.CodeOf(err) != code {
					t.Fatalf("%s at call %d: %v", code, call, err)
				}
				done := 0
				for _, s := range newest(t, d).Steps {
					if s.Done {
						done++
					}
				}
				want := core.EntryHalf
				if call == 0 {
					want = core.EntryFailed
				}
				if done != call || newest(t, d).State != want || newest(t, d).Error == "" || len(newest(t, d).Steps) != len(p.Calls) {
					t.Fatalf("%s at call %d: the journal says %+v", code, call, newest(t, d))
				}
				if call == 0 {
					if !stateOf(t, d, storetest.WebRoot).Equal(before) {
						t.Fatalf("what failed at once has changed something")
					}
					continue
				}
				carryOn(t, d, way, e.ID, before, p.After)
			}
		}
	}
}

func carryOn(t *testing.T, d jobs.Desk, way string, id core.EntryID, before, after core.State) {
	t.Helper()
	states := func() string {
		var out []string
		for _, e := range slices.Backward(journal(t, d)) {
			out = append(out, string(e.State))
		}
		return strings.Join(out, " ")
	}
	if way == "stray" {
		v, err := d.Place.Volume(t.Context(), storetest.WebRoot)
		ok(t, err)
		other := v.State()
		other.Metadata.Set("tier", pyjson.OfString("somebody else's"))
		_, err = d.Place.(*memory.Cloud).Rewrite(t.Context(), core.Rewrite{Volume: storetest.WebRoot, Before: v.State(), After: other})
		ok(t, err)
		for what, do := range map[string]func() (core.Entry, error){
			"finish": func() (core.Entry, error) { return d.Finish(t.Context(), id) },
			"undo":   func() (core.Entry, error) { return d.Undo(t.Context(), id) },
		} {
			_, err := do()
			if core.CodeOf(err) != core.CodeConflict || !strings.Contains(err.Error(), "metadata tier") {
				t.Fatalf("%s of what somebody else changed: %v", what, err)
			}
		}
		return
	}
	want := before
	if way == "undo" {
		_, err := d.Undo(t.Context(), id)
		ok(t, err)
		if states() != "undone done" {
			t.Fatalf("the journal says %s", states())
		}
	} else {
		e, err := d.Finish(t.Context(), id)
		ok(t, err)
		if want = after; states() != "finished done" || !e.Before.Equal(before) || !e.After.Equal(after) {
			t.Fatalf("the journal says %s, %+v", states(), e)
		}
		_, err = d.Undo(t.Context(), id)
		wantCode(t, "undo of what another entry finished", err, core.CodeConflict)
	}
	if got := stateOf(t, d, storetest.WebRoot); !got.Equal(want) {
		t.Fatalf("%s leaves %q otherwise", way, got.Diff(want))
	}
	if way == "finish and undo" {
		_, err := d.Undo(t.Context(), 0)
		ok(t, err)
		if got := stateOf(t, d, storetest.WebRoot); !got.Equal(before) {
			t.Fatalf("undone, it differs in %q", got.Diff(before))
		}
	}
}

// TestCloudUndoFails: an undo that ends half-way is finished, or taken back.
func TestCloudUndoFails(t *testing.T) {
	for _, way := range []string{"finish", "undo"} {
		c, d := cloudDesk(t)
		before := stateOf(t, d, storetest.WebRoot)
		p := cloudPlan(t, d)
		e, err := d.Apply(t.Context(), p)
		ok(t, err)
		c.FailCall(3, core.Fail(core.CodeUnavailable, "call", "injected", "", nil))
		half, err := d.Undo(t.Context(), e.ID)
		wantCode(t, "an undo that fails", err, core.CodeUnavailable)
		if half.State != core.EntryHalf {
			t.Fatalf("it is %s", half.State)
		}
		want := before
		if way == "finish" {
			_, err = d.Finish(t.Context(), half.ID)
		} else {
			_, err = d.Undo(t.Context(), half.ID)
			want = p.After
		}
		ok(t, err)
		if got := stateOf(t, d, storetest.WebRoot); !got.Equal(want) {
			t.Errorf("%s of a half undo differs in %q", way, got.Diff(want))
		}
	}
}

// TestCloudCrash: hearth dies between two calls; a minute later the next one reads
// the place back and carries on.
func TestCloudCrash(t *testing.T) {
	c, d := cloudDesk(t)
	p := cloudPlan(t, d)
	e := core.Entry{At: clock(), Place: d.Place.Info().Location, Kind: core.EntryApply, Volume: storetest.WebRoot, Before: &p.Before,
		After: &p.After}
	id, err := d.Archive.Begin(t.Context(), e)
	ok(t, err)
	half := p.Before.Clone()
	half.Name = p.After.Name
	_, err = c.Rewrite(t.Context(), core.Rewrite{Volume: storetest.WebRoot, Before: p.Before, After: half})
	ok(t, err)
	_, err = d.Finish(t.Context(), id)
	wantCode(t, "while another may be at it", err, core.CodeConflict)
	d.Now = func() time.Time { return clock().Add(2 * time.Minute) }
	_, err = d.Finish(t.Context(), id)
	ok(t, err)
	if got := stateOf(t, d, storetest.WebRoot); !got.Equal(p.After) {
		t.Errorf("it differs in %q", got.Diff(p.After))
	}
}

func has(list []string, part string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, part) })
}

func TestPlanCreate(t *testing.T) {
	_, d := cloudDesk(t, func(w *memory.World) {
		for i := range w.Backups {
			if w.Backups[i].ID == storetest.Second {
				w.Backups[i].Status = core.StatusError
				w.Backups[i].DataTimestamp = core.Some(clock())
			}
		}
	})
	long := strings.Repeat("x", 256)
	for _, x := range []struct {
		what    string
		r       core.BackupRequest
		code    core.Code
		says    string
		parent  core.BackupID
		warning string
	}{
		{"a full one", core.BackupRequest{Volume: storetest.WebRoot}, "", "", "", ""},
		{"in use", core.BackupRequest{Volume: storetest.Database}, core.CodeRefused, "must use the force flag", "", ""},
		{"in use, forced", core.BackupRequest{Volume: storetest.Database, Force: true}, "", "", "", "what a power cut would leave"},
		{"in use, a snapshot", core.BackupRequest{Volume: storetest.Database, Snapshot: "s"}, "", "", "", ""},
		{"in error", core.BackupRequest{Volume: storetest.Encrypted}, core.CodeRefused, "error_restoring", "", ""},
		{"of none", core.BackupRequest{Volume: storetest.NoSuch}, core.CodeNotFound, "", "", ""},
		{"an incremental", core.BackupRequest{Volume: storetest.Database, Force: true, Incremental: true}, "", "", storetest.Orphan,
			"Cinder before 22.0"},
		{"an incremental of a snapshot", core.BackupRequest{Volume: storetest.Database, Snapshot: "s", Incremental: true}, "", "",
			storetest.Orphan, "older than the snapshot"},
		{"an incremental of another size", core.BackupRequest{Volume: storetest.Hostile, Incremental: true}, core.CodeRefused, "", "", ""},
		{"a long name", core.BackupRequest{Volume: storetest.WebRoot, Name: long}, core.CodeRefused, "name is longer", "", ""},
		{"a long description", core.BackupRequest{Volume: storetest.WebRoot, Description: long}, core.CodeRefused, "description is longer",
			"", ""},
		{"a line end", core.BackupRequest{Volume: storetest.WebRoot, Description: "a\nb"}, core.CodeRefused, "U+000A", "", ""},
		{"a long container", core.BackupRequest{Volume: storetest.WebRoot, Container: long}, core.CodeRefused, "container", "", ""},
		{"a property beyond ASCII", core.BackupRequest{Volume: storetest.WebRoot, Metadata: properties("ключ", "x")}, core.CodeRefused,
			"its property ключ", "", ""},
		{"a property", core.BackupRequest{Volume: storetest.WebRoot, Metadata: properties("k", "x")}, "", "", "", ""},
	} {
		p, err := d.PlanCreate(t.Context(), x.r)
		if core.CodeOf(err) != x.code || err != nil && !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v", x.what, err)
		}
		if err == nil && ((p.Parent == nil) != (x.parent == "") || p.Parent != nil && p.Parent.ID != x.parent && p.Parent.ID != storetest.First) {
			t.Errorf("%s: stands on %+v", x.what, p.Parent)
		}
		if !has(p.Warnings, x.warning) && x.warning != "" || x.warning == "" && len(p.Warnings) > 0 && err == nil {
			t.Errorf("%s: warns of %q", x.what, p.Warnings)
		}
	}
}

func TestPlanCreateWhereItCannotBe(t *testing.T) {
	c, d := cloudDesk(t)
	c.Scoped(core.Scope{Project: core.Project{ID: "other"}})
	if p, err := d.PlanCreate(t.Context(), core.BackupRequest{Volume: storetest.WebRoot}); err != nil ||
		!has(p.Warnings, "will belong to other") {
		t.Errorf("in another project: %q, %v", p.Warnings, err)
	}
	_, err := d.PlanCreate(t.Context(), core.BackupRequest{Volume: storetest.Database, Force: true, Incremental: true})
	wantCode(t, "an incremental without a parent in the project", err, core.CodeRefused)
	c.Deny(core.OpCreate, "a reader may not")
	_, err = d.PlanCreate(t.Context(), core.BackupRequest{Volume: storetest.WebRoot})
	wantCode(t, "denied", err, core.CodeDenied)
	_, own := ownDesk(t)
	_, err = own.PlanCreate(t.Context(), core.BackupRequest{Volume: storetest.WebRoot})
	wantCode(t, "in a store", err, core.CodeUnsupported)
}

func properties(kv ...string) *pyjson.Object {
	o := &pyjson.Object{}
	for i := 0; i < len(kv); i += 2 {
		o.Set(kv[i], pyjson.OfString(kv[i+1]))
	}
	return o
}

func create(t *testing.T, d jobs.Desk, r core.BackupRequest) (jobs.Created, error) {
	t.Helper()
	p, err := d.PlanCreate(t.Context(), r)
	ok(t, err)
	return d.Create(t.Context(), p, true, nil)
}

// TestCreate: the backup is followed, and the capture of that moment is kept for
// it, so that a plan of it does not rest on the volume as it is by then.
func TestCreate(t *testing.T) {
	c, d := cloudDesk(t)
	made, err := create(t, d, core.BackupRequest{Volume: storetest.WebRoot, Name: "mine"})
	ok(t, err)
	if made.Backup.Status != core.StatusAvailable || made.Capture == 0 || made.CaptureErr != nil || !made.Waited {
		t.Errorf("made is %+v", made)
	}
	if e := newest(t, d); e.Kind != core.EntryCreate || e.State != core.EntryDone || e.Backup != made.Backup.ID ||
		e.Volume != storetest.WebRoot {
		t.Errorf("the journal says %+v", e)
	}
	p := plan(t, d, jobs.PlanRequest{Backup: made.Backup.ID})
	if p.Today() || p.Captures[0].Source.Kind != core.SourceTaken || p.Chain[0].Evidence != core.EvidenceHeld {
		t.Errorf("a plan of it rests on %s, as %s", p.Captures[0].Source.Kind, p.Chain[0].Evidence)
	}
	_, err = d.Undo(t.Context(), made.Entry)
	wantCode(t, "undo of a creation", err, core.CodeRefused)

	c.GoWrong(core.OpCreate, "no space")
	made, err = create(t, d, core.BackupRequest{Volume: storetest.WebRoot, Name: "bad"})
	if core.CodeOf(err) != core.CodePartial || !strings.Contains(err.Error(), "no space") || made.Backup.Status != core.StatusError {
		t.Errorf("one that goes wrong: %+v, %v", made.Backup.Status, err)
	}
}

// TestCreateOtherThanAsked: an incremental that became a full backup while it was made is
// there and is no success, in the words that Cinder has for it, which are the volume's.
func TestCreateOtherThanAsked(t *testing.T) {
	const said = "Incremental backup not possible, forcing full backup."
	c, d := cloudDesk(t)
	c.Forces(said)
	made, err := create(t, d, core.BackupRequest{Volume: storetest.Database, Force: true, Incremental: true})
	if core.CodeOf(err) != core.CodePartial || !strings.Contains(err.Error(), "a full one that stands on nothing: "+said) ||
		made.Backup.Status != core.StatusAvailable || made.Backup.Incremental || made.Capture == 0 {
		t.Errorf("%+v, %v", made.Backup, err)
	}
	if e := newest(t, d); e.State != core.EntryDone || !strings.Contains(e.Error, "a full one that stands on nothing: "+said) {
		t.Errorf("it was made, and the journal says %+v", e)
	}
	all, err := d.MessagesOf(t.Context(), &made.Backup)
	if ok(t, err); len(all) != 1 || all[0].ResourceID != string(storetest.Database) || all[0].Text != said {
		t.Errorf("said of the backup: %+v", all)
	}
	old := made.Backup
	old.UpdatedAt = core.Some(all[0].At.V.Add(-time.Hour)) // it was made before
	if all, err := d.MessagesOf(t.Context(), &old); err != nil || len(all) != 0 {
		t.Errorf("said of a backup that was made before: %+v, %v", all, err)
	}
	_, err = create(t, d, core.BackupRequest{Volume: storetest.Database, Force: true, Incremental: true})
	ok(t, err)
}

// TestCreateLost: an answer that is lost is looked for, and nothing is asked twice.
func TestCreateLost(t *testing.T) {
	for _, arrived := range []bool{true, false} {
		c, d := cloudDesk(t)
		d.Place = lossy{c, arrived}
		p, err := d.PlanCreate(t.Context(), core.BackupRequest{Volume: storetest.WebRoot, Name: "lost"})
		ok(t, err)
		made, err := d.Create(t.Context(), p, true, nil)
		asked := 0
		for _, call := range c.Calls() {
			if call == "CreateBackup" {
				asked++
			}
		}
		state := newest(t, d).State
		if arrived && (err != nil || made.Backup.ID == "" || made.Capture == 0 || asked != 1 || state != core.EntryDone) {
			t.Errorf("it arrived: %+v, %v, asked %d times, %s", made, err, asked, state)
		}
		if !arrived && (core.CodeOf(err) != core.CodeUnavailable || asked != 0 || state != core.EntryOpen) {
			t.Errorf("it did not arrive: %v, asked %d times, %s", err, asked, state)
		}
		d.Now = func() time.Time { return clock().Add(2 * time.Minute) }
		if _, err := d.Settle(t.Context()); err != nil || !arrived && newest(t, d).State != core.EntryFailed {
			t.Errorf("settled: %s, %v", newest(t, d).State, err)
		}
	}
}

// lossy is a cloud whose answers to CreateBackup are lost.
type lossy struct {
	*memory.Cloud
	arrives bool
}

func (l lossy) CreateBackup(ctx context.Context, r core.BackupRequest) (core.Backup, error) {
	if l.arrives {
		if _, err := l.Cloud.CreateBackup(ctx, r); err != nil {
			return core.Backup{}, err
		}
	}
	return core.Backup{}, core.Fail(core.CodeUnavailable, "create", "no answer", "", errLost)
}

func ids(backups []core.Backup) (out []core.BackupID) {
	for _, b := range backups {
		out = append(out, b.ID)
	}
	return out
}

func TestPlanDelete(t *testing.T) {
	c, d := cloudDesk(t)
	p, err := d.PlanDelete(t.Context(), []core.BackupID{storetest.Full}, false)
	ok(t, err)
	if it := p.Items[0]; core.CodeOf(it.Problem) != core.CodeRefused ||
		!slices.Equal(ids(it.Dependents), []core.BackupID{storetest.Second, storetest.First}) || len(p.Deletable()) > 0 {
		t.Errorf("dependents %v, %v", ids(it.Dependents), it.Problem)
	}
	_, err = d.Delete(t.Context(), p, true, nil)
	wantCode(t, "what others stand on", err, core.CodeRefused)
	four := []core.BackupID{storetest.Full, storetest.Second, storetest.First, storetest.Full}
	if p, err = d.PlanDelete(t.Context(), four, false); err != nil ||
		!slices.Equal(ids(p.Deletable()), []core.BackupID{storetest.Second, storetest.First, storetest.Full}) || !p.Sure {
		t.Errorf("all of a chain: %v, %v", ids(p.Deletable()), err)
	}
	c.Elsewhere(storetest.Second, core.Backup{ID: "far", ProjectID: "other"})
	c.Deny(core.OpAllProjects, "a member sees one project")
	if p, err = d.PlanDelete(t.Context(), []core.BackupID{storetest.Second}, true); err != nil || p.Sure || p.Items[0].Problem == nil ||
		!has(p.Warnings, "of other projects") || !has(p.Warnings, "force deletes") {
		t.Errorf("a child elsewhere: %+v, %v", p, err)
	}
	creating := core.BackupID("0B000000-0000-4000-8000-00000000000F")
	for force, want := range map[bool]core.Code{true: "", false: core.CodeRefused} {
		p, err := d.PlanDelete(t.Context(), []core.BackupID{creating}, force)
		ok(t, err)
		wantCode(t, "one that is creating", p.Items[0].Problem, want)
	}
	_, err = d.PlanDelete(t.Context(), []core.BackupID{storetest.NoSuch}, false)
	wantCode(t, "none", err, core.CodeNotFound)
}

func TestDelete(t *testing.T) {
	for _, wait := range []bool{true, false} {
		_, d := cloudDesk(t)
		p, err := d.PlanDelete(t.Context(), []core.BackupID{storetest.Full, storetest.First, storetest.Second, storetest.Broken}, false)
		ok(t, err)
		results, err := d.Delete(t.Context(), p, wait, nil)
		ok(t, err)
		for _, r := range results {
			if r.Err != nil || wait && r.Status != "" {
				t.Errorf("wait %v: %s is %q, %v", wait, r.Backup.ID, r.Status, r.Err)
			}
		}
		if e := newest(t, d); e.Kind != core.EntryDelete || e.State != core.EntryDone || len(e.Steps) != 4 || len(e.Backups) != 4 {
			t.Errorf("the journal says %+v", e)
		}
	}
	// One goes wrong: what it stands on stays, the rest goes.
	c, d := cloudDesk(t)
	p, err := d.PlanDelete(t.Context(), []core.BackupID{storetest.First, storetest.Second, storetest.Broken}, false)
	ok(t, err)
	for i, it := range p.Items {
		if it.Backup.ID == storetest.Second {
			c.FailCall(1+i, core.Fail(core.CodeRefused, "delete", "injected", "", nil))
		}
	}
	results, err := d.Delete(t.Context(), p, true, nil)
	wantCode(t, "some", err, core.CodePartial)
	failed := map[core.BackupID]bool{}
	for _, r := range results {
		failed[r.Backup.ID] = r.Err != nil
	}
	if !failed[storetest.Second] || !failed[storetest.First] || failed[storetest.Broken] || newest(t, d).State != core.EntryHalf {
		t.Errorf("failed: %v, the journal says %s", failed, newest(t, d).State)
	}
	c, d = cloudDesk(t)
	c.GoWrong(core.OpDelete, "the disk is gone")
	p, err = d.PlanDelete(t.Context(), []core.BackupID{storetest.Second}, false)
	ok(t, err)
	results, err = d.Delete(t.Context(), p, true, nil)
	if core.CodeOf(err) != core.CodePartial || !strings.Contains(err.Error(), "the disk is gone") ||
		results[0].Status != core.StatusErrorDeleting {
		t.Errorf("one that ends in error: %+v, %v", results, err)
	}
}

func TestDeleteImported(t *testing.T) {
	_, d := cloudDesk(t)
	exported, err := d.Export(t.Context(), []core.BackupID{storetest.Second}, false, nil)
	ok(t, err)
	p, err := d.PlanDelete(t.Context(), []core.BackupID{storetest.Second}, false)
	if err != nil || !has(p.Warnings, "was exported: wherever it was imported") {
		t.Errorf("an exported one warns of %q, %v", p.Warnings, err)
	}
	_, err = d.Delete(t.Context(), p, true, nil)
	ok(t, err)
	checks, _, err := d.Preflight(t.Context(), core.FindRecords(core.WriteRecords([]core.Record{exported[0].Record}, "json")))
	ok(t, err)
	results, err := d.Import(t.Context(), checks, []int{0})
	if err != nil || results[0].Status != core.StatusAvailable || results[0].Err != nil || !results[0].Revived || len(results[0].Differs) > 0 {
		t.Fatalf("imported again: %+v, %v", results, err)
	}
}

func TestReset(t *testing.T) {
	c, d := cloudDesk(t)
	restoring := core.BackupID("0b000000-0000-4000-8000-00000000000c")
	p, err := d.PlanReset(t.Context(), []core.BackupID{restoring, storetest.Broken, storetest.Full}, core.StatusAvailable)
	ok(t, err)
	if !strings.Contains(p.Items[0].Says, "cancels the restore") || !strings.Contains(p.Items[1].Says, "does not make it whole") ||
		p.Items[2].Says != "" {
		t.Errorf("it says %+v", p.Items)
	}
	results, err := d.Reset(t.Context(), p, nil)
	ok(t, err)
	for _, r := range results {
		if r.Status != core.StatusAvailable {
			t.Errorf("%s is %s", r.Backup.ID, r.Status)
		}
	}
	if e := newest(t, d); e.Kind != core.EntryReset || e.State != core.EntryDone || e.Undoable() == nil {
		t.Errorf("the journal says %+v", e)
	}
	_, err = d.PlanReset(t.Context(), []core.BackupID{storetest.Full}, "creating")
	wantCode(t, "another status", err, core.CodeRefused)
	c.Hang(core.OpReset)
	p, err = d.PlanReset(t.Context(), []core.BackupID{storetest.Full}, core.StatusError)
	ok(t, err)
	_, err = d.Reset(t.Context(), p, nil)
	if core.CodeOf(err) != core.CodePartial || !strings.Contains(err.Error(), "it is still available") {
		t.Errorf("one that does not come: %v", err)
	}
}

func TestEdit(t *testing.T) {
	_, d := cloudDesk(t)
	name, description := "another", ""
	e, err := d.Edit(t.Context(), storetest.Tagged, core.BackupEdit{Name: &name, Description: &description, Metadata: properties("k", "v")})
	ok(t, err)
	b, err := d.Place.Backup(t.Context(), storetest.Tagged)
	if err != nil || b.Name.V != name || b.Description.V != "" || b.Metadata.Len() != 1 || e.Kind != core.EntryEdit ||
		e.State != core.EntryDone {
		t.Errorf("edited: %+v, %+v, %v", b, e, err)
	}
	_, err = d.Undo(t.Context(), 0)
	ok(t, err)
	if b, err = d.Place.Backup(t.Context(), storetest.Tagged); err != nil || !strings.Contains(b.Name.V, "每日备份") ||
		b.Metadata.Len() != 3 {
		t.Errorf("taken back: %+v, %v", b, err)
	}
	_, err = d.Undo(t.Context(), e.ID)
	wantCode(t, "twice", err, core.CodeConflict)
	e, err = d.Edit(t.Context(), storetest.Full, core.BackupEdit{Name: &name})
	ok(t, err)
	third := "third"
	_, err = d.Edit(t.Context(), storetest.Full, core.BackupEdit{Name: &third})
	ok(t, err)
	_, err = d.Undo(t.Context(), e.ID)
	wantCode(t, "what was changed again", err, core.CodeConflict)
	_, err = d.Edit(t.Context(), storetest.Full, core.BackupEdit{})
	wantCode(t, "nothing", err, core.CodeUsage)
	long := strings.Repeat("x", 256)
	_, err = d.Edit(t.Context(), storetest.Full, core.BackupEdit{Name: &long})
	wantCode(t, "a long name", err, core.CodeRefused)
}

// TestNothingToDo: what is as it shall be is not sent, and not accounted for.
func TestNothingToDo(t *testing.T) {
	c, d := cloudDesk(t)
	b, err := d.Place.Backup(t.Context(), storetest.Tagged)
	ok(t, err)
	padded, same := "  "+b.Name.V+"\n", b.Name.V
	for what, edit := range map[string]core.BackupEdit{
		"the same name":       {Name: &same},
		"but for the blanks":  {Name: &padded},
		"the same properties": {Metadata: b.Metadata.Clone()},
	} {
		e, err := d.Edit(t.Context(), b.ID, edit)
		if err != nil || !e.None() {
			t.Errorf("%s: %+v, %v", what, e, err)
		}
	}
	p, err := d.PlanReset(t.Context(), []core.BackupID{storetest.Full}, core.StatusAvailable)
	ok(t, err)
	results, err := d.Reset(t.Context(), p, nil)
	if err != nil || len(results) != 1 || results[0].Status != core.StatusAvailable || p.Todo() != 0 {
		t.Errorf("reset to what it is: %+v, %v", results, err)
	}
	e, err := d.Apply(t.Context(), cloudPlan(t, d))
	ok(t, err)
	sent := len(c.Calls())
	again := cloudPlan(t, d)
	e2, err := d.Apply(t.Context(), again)
	if err != nil || !e2.None() || newest(t, d).ID != e.ID || len(journal(t, d)) != 1 {
		t.Errorf("the same plan again: %+v, %v; the journal has %+v", e2, err, journal(t, d))
	}
	for _, call := range append(c.Calls()[:0:0], c.Calls()...) {
		if call == "EditBackup" || call == "ResetBackup" {
			t.Errorf("%s was sent", call)
		}
	}
	for _, call := range c.Calls()[sent:] {
		if strings.Contains(call, " /") {
			t.Errorf("%s was sent", call)
		}
	}
	other := "another"
	third := "third"
	_, err = d.Edit(t.Context(), b.ID, core.BackupEdit{Name: &same, Description: &other})
	ok(t, err)
	if e := newest(t, d); len(e.Before.Diff(*e.After)) != 1 {
		t.Errorf("the journal says of an edit of one field %q", e.Before.Diff(*e.After))
	}
	_, err = d.Place.(*memory.Cloud).Rewrite(t.Context(),
		core.Rewrite{Volume: storetest.WebRoot, Before: again.Before, After: func() core.State {
			s := again.Before.Clone()
			s.Name = pyjson.OfString(third)
			return s
		}()})
	ok(t, err)
	_, err = d.Apply(t.Context(), again)
	wantCode(t, "a plan that changes nothing of what the volume was", err, core.CodeConflict)
}

func restoreJob(t *testing.T, d jobs.Desk, r core.RestoreRequest) (*core.RestoreReport, error) {
	t.Helper()
	s := storetest.Standard()
	var captures []core.Capture
	for _, id := range []core.BackupID{storetest.Full, storetest.First, storetest.Second} {
		for _, k := range s.Captures {
			if k.BackupID == id {
				captures = append(captures, k.Capture)
			}
		}
	}
	p := plan(t, d, jobs.PlanRequest{Backup: r.Backup, Onto: r.Volume, Name: r.Name, Type: r.Type, Bare: r.Size > 0, Captures: captures,
		Via: core.ViaDatabase})
	return d.Restore(t.Context(), r, p, true, nil)
}

func TestRestore(t *testing.T) {
	big := func(w *memory.World) {
		for i := range w.Volumes {
			if w.Volumes[i].ID == storetest.WebRoot {
				w.Volumes[i].Size = 500
			}
		}
	}
	for what, r := range map[string]core.RestoreRequest{
		"a new volume":               {},
		"a new one with a name":      {Name: "mine"},
		"an existing one":            {Volume: storetest.WebRoot},
		"a new one of a size":        {Size: 600},
		"one with a name and a type": {Name: "mine", Type: "LUKS"},
	} {
		_, d := cloudDesk(t, big)
		r.Backup = storetest.Second
		report, err := restoreJob(t, d, r)
		if err != nil || !report.Waited || report.Failed() || len(report.Fields) == 0 || len(report.Differing()) > 0 ||
			report.Verdict() != "the restore is done, and the plan came true" {
			t.Errorf("%s: %v, %+v", what, err, report)
		}
		if e := newest(t, d); e.Kind != core.EntryRestore || e.State != core.EntryDone || e.Volume != report.Volume ||
			e.Backup != storetest.Second {
			t.Errorf("%s: the journal says %+v", what, e)
		}
	}
	for what, x := range map[string]struct {
		r    core.RestoreRequest
		code core.Code
		says string
	}{
		"one that is in error":  {core.RestoreRequest{Backup: storetest.Broken}, core.CodeRefused, "the backup is error"},
		"onto one in use":       {core.RestoreRequest{Backup: storetest.Second, Volume: storetest.Database}, core.CodeRefused, "in-use"},
		"onto a small one":      {core.RestoreRequest{Backup: storetest.Second, Volume: storetest.WebRoot}, core.CodeRefused, "too small"},
		"onto none":             {core.RestoreRequest{Backup: storetest.Second, Volume: storetest.NoSuch}, core.CodeNotFound, ""},
		"of none":               {core.RestoreRequest{Backup: storetest.NoSuch}, core.CodeNotFound, ""},
		"a small new one":       {core.RestoreRequest{Backup: storetest.Second, Size: 1}, core.CodeRefused, "too small"},
		"onto one, with a name": {core.RestoreRequest{Backup: storetest.Second, Volume: storetest.WebRoot, Name: "x"}, core.CodeUsage, ""},
	} {
		c, d := cloudDesk(t)
		_, err := d.Restore(t.Context(), x.r, nil, true, nil)
		if core.CodeOf(err) != x.code || !strings.Contains(err.Error(), x.says) || slices.Contains(c.Calls(), "RestoreBackup") ||
			len(journal(t, d)) > 0 {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestRestoreGoesWrong: the volume says it, the messages why, the journal that.
func TestRestoreGoesWrong(t *testing.T) {
	c, d := cloudDesk(t)
	c.GoWrong(core.OpRestore, "the files are gone")
	report, err := restoreJob(t, d, core.RestoreRequest{Backup: storetest.Second})
	if core.CodeOf(err) != core.CodePartial || !strings.Contains(err.Error(), "the files are gone") || !report.Failed() ||
		report.BackupStatus != core.StatusAvailable || len(report.Messages) != 1 {
		t.Errorf("%v, %+v", err, report)
	}
	if e := newest(t, d); e.State != core.EntryFailed || !strings.Contains(e.Error, "the files are gone") {
		t.Errorf("the journal says %+v", e)
	}
	// Something else comes out than was planned.
	_, d = cloudDesk(t)
	p := plan(t, d, jobs.PlanRequest{Backup: storetest.Second, Captures: []core.Capture{changing}})
	report, err = d.Restore(t.Context(), core.RestoreRequest{Backup: storetest.Second}, p, true, nil)
	if core.CodeOf(err) != core.CodePartial || len(report.Differing()) == 0 || newest(t, d).State != core.EntryDone {
		t.Errorf("another capture: %v, %d differ", err, len(report.Differing()))
	}
	// It is not waited for: the next hearth says what became of it.
	c, d = cloudDesk(t)
	report, err = d.Restore(t.Context(), core.RestoreRequest{Backup: storetest.Second}, nil, false, nil)
	if err != nil || report.Waited || newest(t, d).State != core.EntryOpen {
		t.Errorf("not waited for: %v, %+v", err, report)
	}
	d.Now = func() time.Time { return clock().Add(2 * time.Minute) }
	if settled, err := d.Settle(t.Context()); err != nil || len(settled) > 0 {
		t.Errorf("under way: %v, %v", settled, err)
	}
	c.Advance()
	if settled, err := d.Settle(t.Context()); err != nil || len(settled) != 1 || settled[0].State != core.EntryDone {
		t.Errorf("at the end: %v, %v", settled, err)
	}
}

// losing is a cloud whose answer to a restore gets lost; dead where the API had made
// the volume by then, and nothing more.
type losing struct {
	*memory.Cloud
	dead  bool
	empty core.VolumeID
}

func (l losing) RestoreBackup(ctx context.Context, r core.RestoreRequest) (core.Restoring, error) {
	if l.dead {
		return core.Restoring{Backup: r.Backup, Volume: l.empty, Inferred: true}, nil
	}
	done, err := l.Cloud.RestoreBackup(ctx, r)
	done.Inferred = true
	return done, err
}

// TestRestoreInferred: a volume that is there after the answer was lost is no
// restored volume; only one that was seen restoring, or says so itself, is.
func TestRestoreInferred(t *testing.T) {
	c, d := cloudDesk(t)
	d.Place = losing{Cloud: c}
	report, err := restoreJob(t, d, core.RestoreRequest{Backup: storetest.Second})
	if err != nil || report.Inferred || report.Verdict() != "the restore is done, and the plan came true" ||
		newest(t, d).Volume != report.Volume {
		t.Errorf("one that began: %v, %s, %+v", err, report.Verdict(), newest(t, d))
	}
	c, d = cloudDesk(t)
	d.Place = losing{Cloud: c, dead: true, empty: storetest.WebRoot}
	report, err = restoreJob(t, d, core.RestoreRequest{Backup: storetest.Full}) // whose volume Cinder makes
	if core.CodeOf(err) != core.CodePartial || !strings.Contains(err.Error(), "take the volume for empty") || len(report.Fields) > 0 {
		t.Errorf("one that never began: %v, %+v", err, report)
	}
	if e := newest(t, d); e.State != core.EntryFailed || e.Volume != "" {
		t.Errorf("the journal says %+v", e)
	}
	report, err = d.Restore(t.Context(), core.RestoreRequest{Backup: storetest.Full}, nil, false, nil)
	if err != nil || !strings.Contains(report.Verdict(), "is not known") {
		t.Errorf("not waited for: %v, %s", err, report.Verdict())
	}
}

// TestFollowLost: a place that does not answer for a while is asked again, and
// nothing is asked for twice.
func TestFollowLost(t *testing.T) {
	c, d := cloudDesk(t)
	p, err := d.PlanCreate(t.Context(), core.BackupRequest{Volume: storetest.WebRoot})
	ok(t, err)
	for i := 3; i < 8; i++ { // after the capture and the request
		c.FailCall(i, core.Fail(core.CodeUnavailable, "read", "no answer", "", nil))
	}
	made, err := d.Create(t.Context(), p, true, nil)
	if err != nil || made.Backup.Status != core.StatusAvailable {
		t.Errorf("%+v, %v", made, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	d.Sleep = func(context.Context, time.Duration) error { cancel(); return context.Canceled }
	made, err = d.Create(ctx, p, true, nil)
	if core.CodeOf(err) != core.CodeCancelled || made.Backup.ID == "" || newest(t, d).State != core.EntryDone {
		t.Errorf("cancelled: %+v, %v", made, err)
	}
}

// TestImportByAPI: what is imported is followed, and compared with its record.
func TestImportByAPI(t *testing.T) {
	for _, x := range []struct {
		what string
		turn func(*memory.Cloud)
		code core.Code
		says string
		want core.EntryState
	}{
		{"it arrives", func(*memory.Cloud) {}, "", "", core.EntryDone},
		{"it ends in error", func(c *memory.Cloud) { c.GoWrong(core.OpImport, "cannot find backup service") }, core.CodePartial,
			"cannot find backup service", core.EntryDone},
		{"it never ends", func(c *memory.Cloud) { c.Hang(core.OpImport) }, core.CodePartial, "still creating after 1m0s, and will stay so",
			core.EntryDone},
		{"it is refused", func(c *memory.Cloud) { c.FailCall(1, core.Fail(core.CodeRefused, "import", "over quota", "", nil)) },
			core.CodeRefused, "over quota", core.EntryFailed},
		{"it is denied", func(c *memory.Cloud) { c.Deny(core.OpImport, "only an admin") }, core.CodeDenied, "only an admin", core.EntryFailed},
	} {
		_, from := cloudDesk(t)
		exported, err := from.Export(t.Context(), []core.BackupID{storetest.Full}, false, nil)
		ok(t, err)
		c, d := cloudDesk(t, func(w *memory.World) {
			w.Backups = slices.DeleteFunc(w.Backups, func(b core.Backup) bool { return b.ID == storetest.Full })
		})
		checks, _, err := d.Preflight(t.Context(), core.FindRecords(core.WriteRecords([]core.Record{exported[0].Record}, "json")))
		ok(t, err)
		x.turn(c)
		results, err := d.Import(t.Context(), checks, []int{0})
		if err == nil {
			err = results[0].Err
		}
		if core.CodeOf(err) != x.code || err != nil && !strings.Contains(err.Error(), x.says) || len(results) != 1 ||
			newest(t, d).State != x.want {
			t.Errorf("%s: %+v, %v, the journal says %s", x.what, results, err, newest(t, d).State)
		}
		if x.code == "" {
			p, err := d.PlanDelete(t.Context(), []core.BackupID{storetest.Full}, true)
			if err != nil || !has(p.Warnings, "was imported here: deleting this copy deletes the files") {
				t.Errorf("deleting what was imported warns of %q, %v", p.Warnings, err)
			}
		}
	}
}

// TestNoArchive: nothing is asked of a cloud that cannot be accounted for.
func TestNoArchive(t *testing.T) {
	c, d := cloudDesk(t)
	d.Archive = nil
	p, err := d.PlanCreate(t.Context(), core.BackupRequest{Volume: storetest.WebRoot})
	ok(t, err)
	_, err = d.Create(t.Context(), p, true, nil)
	if core.CodeOf(err) != core.CodeUnavailable || slices.Contains(c.Calls(), "CreateBackup") {
		t.Errorf("%v", err)
	}
	if errors.Is(err, errLost) {
		t.Error("another error")
	}
}
