package jobs_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, what string, err error, code core.Code) {
	t.Helper()
	if core.CodeOf(err) != code {
		t.Errorf("%s: %v (%s), want an error of code %q", what, err, core.CodeOf(err), code)
	}
}

// clock stands where the standard world does.
func clock() time.Time { return storetest.Later }

// world is the contract's standard world in memory, changed by whoever asks.
func world(change ...func(*memory.World)) *memory.Place {
	s := storetest.Standard()
	w := memory.World{Volumes: s.AllVolumes(), Backups: s.AllBackups(), Types: s.Types, Captures: s.Captures, Now: clock}
	for _, c := range change {
		c(&w)
	}
	return memory.New(w)
}

// theirs makes the world one that keeps no journal.
func theirs(w *memory.World) {
	w.Info = core.PlaceInfo{Location: "sqlite:/their/cinder.sqlite", Title: "cinder.sqlite", Kind: core.PlaceDatabase,
		Rules: core.Newton, RulesWhy: "it is today's"}
}

// database is what somebody else's database can do: it keeps neither captures nor
// a journal.
type database struct {
	store.Place
	store.Typer
	store.Writer
	store.Exporter
	store.Importer
}

// asDatabase hides what a place in memory can do beyond a database.
func asDatabase(p *memory.Place) database { return database{p, p, p, p, p} }

func openArchive(t testing.TB) *archive.Archive {
	t.Helper()
	a, err := archive.Open(context.Background(), filepath.Join(t.TempDir(), "archive.sqlite"))
	ok(t, err)
	t.Cleanup(func() { a.Close() })
	return a
}

// ownDesk is a desk at a store of hearth's own, theirDesk one at a database of
// somebody else's.
func ownDesk(t testing.TB) (*memory.Place, jobs.Desk) {
	p := world()
	return p, jobs.Desk{Place: p, Archive: openArchive(t), Who: "ada@here", Pace: jobs.Pace{Now: clock}}
}

func theirDesk(t testing.TB) (*memory.Place, jobs.Desk) {
	p := world(theirs)
	return p, jobs.Desk{Place: asDatabase(p), Archive: openArchive(t), Who: "ada@here", Pace: jobs.Pace{Now: clock}}
}

func plan(t *testing.T, d jobs.Desk, r jobs.PlanRequest) *core.Plan {
	t.Helper()
	p, err := d.Plan(t.Context(), r)
	ok(t, err)
	return p
}

func TestPlanSources(t *testing.T) {
	without := func(backup core.BackupID) func(*memory.World) {
		return func(w *memory.World) {
			var kept []core.KeptCapture
			for _, k := range w.Captures {
				if k.BackupID != backup {
					kept = append(kept, k)
				}
			}
			w.Captures = kept
		}
	}
	handed := core.ReadCapture(`{"version": 1, "volume-base-metadata": {"display_name": "handed in"}}`,
		core.Source{Kind: core.SourceFile, Where: "x.json"})
	for _, c := range []struct {
		name    string
		change  func(*memory.World)
		request jobs.PlanRequest
		sources string
		guess   bool
		warning string // the first one holds it
	}{
		{"kept, the whole chain", nil, jobs.PlanRequest{Backup: storetest.Second, Onto: storetest.WebRoot},
			"repository 1, repository 2, repository 3", false, ""},
		{"kept, the full one", nil, jobs.PlanRequest{Backup: storetest.Full, Onto: storetest.WebRoot}, "repository 1", false, ""},
		{"a layer is missing", without(storetest.First), jobs.PlanRequest{Backup: storetest.Second, Onto: storetest.WebRoot},
			"repository 1, repository 3", false, "no capture of layer 2 of 3 (\"db incr 1\", 2026-02-15) is known"},
		{"the last is missing", without(storetest.Second), jobs.PlanRequest{Backup: storetest.Second, Onto: storetest.WebRoot},
			"repository 1, repository 2, now 3", true, "this is a guess"},
		{"nothing is kept, and the source is the target", nil, jobs.PlanRequest{Backup: storetest.Tagged, Onto: storetest.WebRoot}, "", false,
			"no capture of the backup is known"},
		{"nothing is kept", nil, jobs.PlanRequest{Backup: storetest.Tagged, Onto: storetest.Database}, "now 9", true, "this is a guess"},
		{"handed in", nil, jobs.PlanRequest{Backup: storetest.Second, Onto: storetest.WebRoot, Captures: []core.Capture{handed}}, "file ",
			false, "1 capture is given, and the chain of the backup has 3 layers"},
		{"handed in, the last", nil,
			jobs.PlanRequest{Backup: storetest.Second, Onto: storetest.WebRoot, Captures: []core.Capture{handed}, Layers: core.LayersLast},
			"file ", false, ""},
		{"handed in alone", nil, jobs.PlanRequest{Onto: storetest.WebRoot, Captures: []core.Capture{handed, handed}}, "file , file ", false, ""},
		{"its parent is missing", nil, jobs.PlanRequest{Backup: storetest.Orphan, Onto: storetest.WebRoot}, "now 4", true,
			"its parent " + storetest.NoSuch + " is missing: a restore of the data fails"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := world()
			if c.change != nil {
				p = world(c.change)
			}
			handed.BackupID = ""
			got := plan(t, jobs.Desk{Place: p, Pace: jobs.Pace{Now: clock}}, c.request)
			if s := sourcesOf(got); s != c.sources || got.Guess() != c.guess {
				t.Errorf("it rests on %q, a guess: %v; want %q, %v", s, got.Guess(), c.sources, c.guess)
			}
			first := ""
			if len(got.Warnings) > 0 {
				first = got.Warnings[0]
			}
			if c.warning == "" && (strings.Contains(first, "no capture") || strings.Contains(first, "given, and")) ||
				!strings.Contains(first, c.warning) {
				t.Errorf("it warns first of %q, want %q", first, c.warning)
			}
		})
	}
}

// sourcesOf is sources, for captures that belong to no backup too.
func sourcesOf(p *core.Plan) string {
	var out []string
	for _, c := range p.Captures {
		last := string(c.BackupID)
		if last != "" {
			last = last[len(last)-1:]
		}
		out = append(out, string(c.Source.Kind)+" "+last)
	}
	return strings.Join(out, ", ")
}

func TestPlanRefusals(t *testing.T) {
	_, d := ownDesk(t)
	for _, c := range []struct {
		what    string
		request jobs.PlanRequest
		code    core.Code
		says    string
	}{
		{"of a backup that is not there", jobs.PlanRequest{Backup: storetest.NoSuch, Onto: storetest.WebRoot}, core.CodeNotFound,
			"there is no such backup"},
		{"of a deleted backup", jobs.PlanRequest{Backup: storetest.Removed, Onto: storetest.WebRoot}, core.CodeNotFound,
			"there is no such backup"},
		{"onto a volume that is not there", jobs.PlanRequest{Backup: storetest.Second, Onto: storetest.NoSuch}, core.CodeNotFound,
			"there is no such volume"},
	} {
		_, err := d.Plan(t.Context(), c.request)
		if core.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("a plan %s: %v (%s)", c.what, err, core.CodeOf(err))
		}
	}
}

// TestPlanOfNothingKnown: a backup of which nobody has a capture, and whose volume is
// gone, has a plan all the same, which says that it knows nothing.
func TestPlanOfNothingKnown(t *testing.T) {
	_, d := ownDesk(t)
	for _, id := range []core.BackupID{storetest.Oddly, "0b000000-0000-4000-8000-00000000000c"} {
		p := plan(t, d, jobs.PlanRequest{Backup: id, Onto: storetest.WebRoot})
		if p.Certainty != core.Unknown || p.Can.Answer() != core.AnswerUnknown || len(p.Chain) != 1 || len(p.Captures) != 0 ||
			p.Applicable() == nil || core.CodeOf(p.Doubt()) != core.CodeUncertain {
			t.Errorf("%s: certainty %s, can %s, applicable %v, doubt %v", id, p.Certainty, p.Can.Answer(), p.Applicable(), p.Doubt())
		}
		if f := p.Field(core.BaseSection, "bootable"); f == nil || f.Certainty != core.Unknown && !f.Before.V.Bool() {
			t.Errorf("%s: bootable is %+v", id, f)
		}
	}
}

func TestPlanTargetsAndRules(t *testing.T) {
	_, own := ownDesk(t)
	_, their := theirDesk(t)
	request := jobs.PlanRequest{Backup: storetest.Second}
	p := plan(t, own, request)
	if p.Target.Kind != core.TargetNew || p.Before.Name.Text() != "restore_backup_"+string(storetest.Second) ||
		p.Before.VolumeTypeID.Text() != storetest.Usual {
		t.Errorf("a new volume is %s, %q of type %q", p.Target.Kind, p.Before.Name.Text(), p.Before.VolumeTypeID.Text())
	}
	request.Name = "mine"
	if p = plan(t, own, request); p.Target.Kind != core.TargetNewNamed || p.After.Name.Text() != "mine" {
		t.Errorf("a new volume with a name is %s, %q afterwards", p.Target.Kind, p.After.Name.Text())
	}
	request = jobs.PlanRequest{Backup: storetest.Second, Onto: storetest.WebRoot}
	if p = plan(t, own, request); p.Rules != core.Newton || strings.Contains(p.RulesWhy, "it is today's") || p.Layers != core.LayersAll {
		t.Errorf("on a store of its own: %s because %q, layers %s", p.Rules, p.RulesWhy, p.Layers)
	}
	// Without an archive a place that keeps no captures has none: it is a guess.
	if p = plan(t, their, request); p.Rules != core.Newton || p.RulesWhy != "it is today's" || !p.Guess() {
		t.Errorf("on a database: %s because %q, a guess %v", p.Rules, p.RulesWhy, p.Guess())
	}
	request.Rules, request.Layers = core.Icehouse, core.LayersLast
	if p = plan(t, their, request); p.Rules != core.Icehouse || p.RulesWhy != "asked for" || p.Layers != core.LayersLast {
		t.Errorf("asked for: %s because %q, layers %s", p.Rules, p.RulesWhy, p.Layers)
	}
	ceph := jobs.PlanRequest{Backup: storetest.Oddly, Onto: storetest.WebRoot,
		Captures: []core.Capture{core.ReadCapture(`{"version": 2}`, core.Source{})}}
	if p = plan(t, own, ceph); p.Layers != core.LayersLast {
		t.Errorf("of a Ceph backup: layers %s", p.Layers)
	}
}

func TestResolve(t *testing.T) {
	p, d := ownDesk(t)
	for _, c := range []struct {
		ref  string
		want string // the id, or the code of the error
	}{
		{string(storetest.Full), string(storetest.Full)},
		{"0b000000-0000-4000-8000-000000000002", string(storetest.First)},
		{"not-a", string(storetest.Oddly)},
		{"NOT-A", string(storetest.Oddly)},
		{"0b000000-0000-4000-8000-00000000000f", "0B000000-0000-4000-8000-00000000000F"},
		{"0b", string(core.CodeAmbiguous)},
		{"db full", string(storetest.Full)},
		{"DB FULL", string(storetest.Full)},
		{"nightly", string(core.CodeAmbiguous)},
		{"NIGHTLY", "0B000000-0000-4000-8000-00000000000F"}, // to the letter there is one
		{"Nightly", string(core.CodeAmbiguous)},
		{"nightly%", "0b000000-0000-4000-8000-000000000011"},
		{"db", string(core.CodeNotFound)},
		{"", string(core.CodeNotFound)},
		{"\x1b[31m'); DROP TABLE backups;--", "0b000000-0000-4000-8000-000000000010"},
		{string(storetest.Removed), string(core.CodeNotFound)},
	} {
		b, err := d.ResolveBackup(t.Context(), c.ref)
		if got := string(b.ID) + string(core.CodeOf(err)); got != c.want {
			t.Errorf("backup %q is %s, want %s (%v)", c.ref, got, c.want, err)
		}
	}
	for ref, want := range map[string]string{
		"web-root": string(storetest.WebRoot), "db-prod-01": string(storetest.Database),
		"DB-PROD-01": "0a000000-0000-4000-8000-000000000008", "Db-Prod-01": string(core.CodeAmbiguous),
		"0a": string(core.CodeAmbiguous), "was here": string(core.CodeNotFound),
		"größe 日本語 🧯 İstanbul ΣΑΣ": "0a000000-0000-4000-8000-000000000006",
	} {
		v, err := d.ResolveVolume(t.Context(), ref)
		if got := string(v.ID) + string(core.CodeOf(err)); got != want {
			t.Errorf("volume %q is %s, want %s (%v)", ref, got, want, err)
		}
	}
	_, err := d.ResolveBackup(t.Context(), "nightly")
	if !strings.Contains(err.Error(), "8 backups fit it: ") || !strings.Contains(err.Error(), "…") ||
		strings.Count(err.Error(), "0b000000") > 5 {
		t.Errorf("too many fit: %v", err)
	}
	_, err = d.ResolveBackup(t.Context(), "")
	if _, err2 := d.ResolveVolume(t.Context(), ""); core.CodeOf(err2) != core.CodeNotFound ||
		!strings.Contains(err.Error(), "its id is empty") {
		t.Errorf("nothing is named: %v, %v", err, err2)
	}
	_, err = jobs.Desk{Place: unread{p}, Pace: jobs.Pace{Now: clock}}.ResolveBackup(t.Context(), "nightly")
	if core.CodeOf(err) != core.CodeAmbiguous || !strings.Contains(err.Error(), ": 8 or more backups fit it: ") {
		t.Errorf("among rows that are not all read: %v", err)
	}
	p.Stall()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = d.ResolveBackup(ctx, "nightly")
	wantCode(t, "given up", err, core.CodeCancelled)
}

// unread is a place that has not read all of its rows yet.
type unread struct{ *memory.Place }

func (u unread) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	page, err := u.Place.Backups(ctx, q)
	page.Complete = false
	return page, err
}

// TestResolveAmongThousands: of very many of one name none is picked by chance.
func TestResolveAmongThousands(t *testing.T) {
	exact := core.Backup{ID: "0e000000-0000-4000-8000-00000000eeee", Name: core.Some("nightly"), CreatedAt: core.Some(storetest.Now)}
	p := world(func(w *memory.World) {
		w.Backups = []core.Backup{exact}
		for i := range 3000 {
			b := exact
			b.ID, b.Name = core.BackupID(strings.Repeat("x", 1+i)), core.Some("NIGHTLY")
			w.Backups = append(w.Backups, b)
		}
		last := exact
		last.ID = "zz"
		w.Backups = append(w.Backups, last)
	})
	_, err := jobs.Desk{Place: p, Pace: jobs.Pace{Now: clock}}.ResolveBackup(t.Context(), "nightly")
	if core.CodeOf(err) != core.CodeAmbiguous || !strings.Contains(err.Error(), "3002 backups fit it") {
		t.Errorf("among thousands: %v", err)
	}
}

func TestCaptureAndKeep(t *testing.T) {
	for _, desk := range []func(testing.TB) (*memory.Place, jobs.Desk){ownDesk, theirDesk} {
		_, d := desk(t)
		c, v, err := d.Capture(t.Context(), storetest.WebRoot, 2)
		if err != nil || !c.Source.Guess() || c.VolumeID != storetest.WebRoot || v.ID != storetest.WebRoot {
			t.Fatalf("a capture of the volume now: %+v, %v", c.Source, err)
		}
		first, err := d.Keep(t.Context(), c)
		ok(t, err)
		if again, err := d.Keep(t.Context(), c); err != nil || again != first {
			t.Errorf("kept again as %d, %v", again, err)
		}
		kept, err := d.KeptCaptures(t.Context(), storetest.WebRoot, "")
		if err != nil || len(kept) != 1 || kept[0].Capture.Text != c.Text || kept[0].Capture.Source.Kind != core.SourceTaken ||
			!kept[0].At.Equal(clock()) {
			t.Errorf("what is kept is %+v, %v", kept, err)
		}
	}
	_, d := theirDesk(t)
	d.Archive = nil
	c, _, err := d.Capture(t.Context(), storetest.WebRoot, 2)
	ok(t, err)
	_, err = d.Keep(t.Context(), c)
	wantCode(t, "keep without an archive", err, core.CodeUnsupported)
	if kept, err := d.KeptCaptures(t.Context(), storetest.WebRoot, ""); err != nil || len(kept) > 0 {
		t.Errorf("without an archive %v are kept, %v", kept, err)
	}
	if d.Journal() != nil {
		t.Error("without an archive there is a journal")
	}
}
