package cinder_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/beside"
	"hearth/store/jobs"
)

// database is the database that a real cloud stands on: as a place that previews, and as
// one place with the cloud.
type database struct {
	place store.Place
	desks map[string]jobs.Desk

	mu                   sync.Mutex
	plans, fields, keyed int
}

// preview is a plan that was made before a restore.
type preview struct {
	of   string
	plan *core.Plan
}

// openDatabase opens what HEARTH_TEST_DATABASE names, beside the site's cloud; nil where it
// names nothing. variable is the cloud's.
func (s *site) openDatabase(variable string) *database {
	t := s.t
	t.Helper()
	name := strings.Replace(variable, "CLOUD", "DATABASE", 1)
	if os.Getenv(name) == "" {
		t.Log(name + " names no database: nothing is previewed by it")
		return nil
	}
	loc, err := store.ParseLocation(os.Getenv(name))
	if err != nil {
		t.Fatal(err)
	}
	open := func(ctx context.Context) (store.Place, error) { return store.Open(ctx, loc, store.Options{}) }
	place, err := open(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { place.Close() })
	cloud, err := store.Open(s.ctx, store.Location{Scheme: "cloud", Rest: s.name}, store.Options{AllProjects: true})
	if err != nil {
		t.Fatal(err)
	}
	both := beside.Join(cloud.(store.Cloud), beside.Options{Location: loc.String(), Open: open, Patience: time.Minute})
	t.Cleanup(func() { both.Close() })
	if b := both.Beside(s.ctx); b.Footing != core.FootingAgrees {
		t.Fatalf("%s", b.Text())
	}
	desk := func(p store.Place) jobs.Desk { return jobs.Desk{Place: p, Source: s.desk.Source, Pace: s.desk.Pace} }
	return &database{place: place, desks: map[string]jobs.Desk{"the database": desk(place), "cloud and database": desk(both)}}
}

// previews plans what is about to be restored by the database and by both: every field is
// certain, but for the id of a key that does not exist yet.
// By itself the database is told how hearth makes the new volume of an encrypted backup,
// which it chooses for a cloud that restores.
func (s *site) previews(r jobs.PlanRequest, plan *core.Plan) (out []preview) {
	t := s.t
	t.Helper()
	if s.database == nil {
		return nil
	}
	for of, desk := range s.database.desks {
		asked := r
		if _, restores := desk.Place.(store.Operator); !restores && plan.Target.Route.Way == core.WayHearth {
			asked.Route, asked.Type = plan.Target.Route, plan.Target.DefaultType.Text()
		}
		p, err := desk.Plan(s.ctx, asked)
		if err != nil {
			t.Errorf("%s: %v", of, err)
			continue
		}
		fields, keyed := 0, 0
		for _, f := range p.Fields {
			switch {
			case f.Certainty == core.Certain:
				fields++
			case cloned(f):
				keyed++
			default:
				t.Errorf("%s, %s: %s %s is %s: %s", of, r.Backup, f.Section, f.Name, f.Certainty, f.Because)
			}
		}
		if len(p.Open) > 0 {
			t.Errorf("%s, %s: %v may have keys that nobody knows of", of, r.Backup, p.Open)
		}
		s.database.mu.Lock()
		s.database.plans, s.database.fields, s.database.keyed = s.database.plans+1, s.database.fields+fields, s.database.keyed+keyed
		s.database.mu.Unlock()
		out = append(out, preview{of, p})
	}
	return out
}

// cloned reports whether a field is the key that Cinder makes anew for the volume.
func cloned(f core.FieldPlan) bool {
	return f.Name == "encryption_key_id" && f.Certainty == core.Unknown &&
		(strings.Contains(f.Because, "fresh clone") || strings.Contains(f.Because, "Cinder makes a key"))
}

// cameTrue holds previews to what came of the restore, as the database has it, down to the
// type and the key.
func (s *site) cameTrue(previews []preview, id core.VolumeID) {
	t := s.t
	t.Helper()
	if len(previews) == 0 || id == "" {
		return
	}
	v, err := s.database.place.Volume(s.ctx, id)
	if err != nil {
		t.Error(err)
		return
	}
	for _, p := range previews {
		got, want := v.State(), p.plan.After.Clone()
		for _, f := range p.plan.Fields {
			if cloned(f) {
				want.EncryptionKeyID = got.EncryptionKeyID
			}
		}
		if p.plan.Target.Kind != core.TargetExisting && p.plan.Error != nil {
			want.VolumeTypeID = got.VolumeTypeID
		}
		if differ := got.Diff(want); len(differ) > 0 || (p.plan.Error != nil) != (v.Status == "error_restoring") {
			t.Errorf("%s planned (%v) of volume %s, which is %s: %q\n%s\nis\n%s", p.of, p.plan.Error, id, v.Status, differ,
				pyjson.Text(pyjson.OfDict(want.Object())), pyjson.Text(pyjson.OfDict(got.Object())))
		}
	}
}

func (d *database) tell(t *testing.T) {
	if d != nil {
		t.Logf("previewed by the database, alone and beside the cloud: %d plans, %d fields, all certain, and %d keys that are made anew",
			d.plans, d.fields, d.keyed)
	}
}

// TestRealBeside: a real cloud and its database are one place: what the API hides from a
// member is told, and the database of another cloud is found out.
func TestRealBeside(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	member := os.Getenv("HEARTH_TEST_MEMBER")
	if os.Getenv("HEARTH_TEST_DATABASE") == "" || member == "" {
		t.Skip("HEARTH_TEST_DATABASE names no database, or HEARTH_TEST_MEMBER no member of a project")
	}
	join := func(cloud, variable string) *beside.Place {
		loc, err := store.ParseLocation(os.Getenv(variable))
		if err != nil {
			t.Fatal(err)
		}
		c, err := store.Open(s.ctx, store.Location{Scheme: "cloud", Rest: cloud}, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		p := beside.Join(c.(store.Cloud), beside.Options{Location: loc.String(), Patience: time.Minute,
			Open: func(ctx context.Context) (store.Place, error) { return store.Open(ctx, loc, store.Options{}) }})
		t.Cleanup(func() { p.Close() })
		return p
	}
	p := join(member, "HEARTH_TEST_DATABASE")
	page, err := p.Backups(s.ctx, core.Query{})
	if err != nil || len(page.Rows) == 0 {
		t.Fatalf("a member sees %d backups, %v", len(page.Rows), err)
	}
	incremental, records := 0, 0
	for _, row := range page.Rows {
		b, err := p.Backup(s.ctx, row.ID)
		if err != nil || b.ParentGuessed || b.Incremental == (b.ParentID == "") || !b.Told.Has("service") {
			t.Errorf("%s: parent %q, guessed %v, told %v, %v", row.ID, b.ParentID, b.ParentGuessed, b.Told.Fields, err)
		}
		if b.Incremental {
			incremental++
		}
		if b.Status != core.StatusAvailable {
			continue
		}
		r, err := p.Export(s.ctx, row.ID)
		if err != nil || r.By == "" {
			t.Errorf("the record of %s is by %q, %v", row.ID, r.By, err)
			continue
		}
		records++
		admin, err := s.desk.Place.(store.Exporter).Export(s.ctx, row.ID)
		if err != nil {
			t.Fatal(err)
		}
		mine, err1 := core.DecodeRecord(r.URL, core.Today)
		theirs, err2 := core.DecodeRecord(admin.URL, core.Today)
		if err1 != nil || err2 != nil || mine.Fingerprint() != theirs.Fingerprint() {
			t.Errorf("the record of %s is another than Cinder's: %v, %v", row.ID, err1, err2)
		}
	}
	if b := p.Beside(s.ctx); b.Footing != core.FootingAgrees || incremental == 0 || records == 0 {
		t.Errorf("%s; %d incremental backups, %d records", b.Text(), incremental, records)
	}
	if os.Getenv("HEARTH_TEST_DATABASE2") == "" {
		return
	}
	q := join(s.name, "HEARTH_TEST_DATABASE2")
	if b := q.Beside(s.ctx); b.Footing != core.FootingUnknown || !strings.Contains(b.Why, "cloud") {
		t.Errorf("the database of another cloud: %s", b.Text())
	}
	if b, err := q.Backup(s.ctx, page.Rows[0].ID); err != nil || len(b.Told.Fields) > 0 {
		t.Errorf("the database of another cloud tells %v, %v", b.Told.Fields, err)
	}
}
