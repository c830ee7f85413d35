package cinder_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
)

// What hearth says of a cloud is to be as true as what it says of a restore: the tests
// here delay, cut and change what goes to and fro, and hold its words against the cloud.

// lostChange is a change that is one request, and how it is seen.
type lostChange struct {
	request string // by which the proxy knows it
	do      func(context.Context, jobs.Desk) error
	took    func() bool // the cloud has done it
}

// lostChanges are the changes of a backup and its volume.
func (s *site) lostChanges(b core.Backup, id core.VolumeID) map[string]lostChange {
	name, plan := named("lost edit"), func(d jobs.Desk) *core.Plan {
		s.t.Helper()
		c := core.ReadCapture(`{"version": 1, "volume-base-metadata": {"display_name": "`+named("lost apply")+`"}}`,
			core.Source{Kind: core.SourceFile})
		p, err := d.Plan(s.ctx, jobs.PlanRequest{Onto: id, Captures: []core.Capture{c}, Rules: core.Icehouse})
		if err != nil {
			s.t.Fatal(err)
		}
		return p
	}
	shown := func(path string, keys ...string) string { return at(s.must("GET", path, nil), keys...).Text() }
	backup, volume := "/backups/"+string(b.ID), "/volumes/"+string(id)
	return map[string]lostChange{
		"edit": {"PUT " + string(b.ID), func(ctx context.Context, d jobs.Desk) error {
			_, err := d.Edit(ctx, b.ID, core.BackupEdit{Name: &name})
			return err
		}, func() bool { return shown(backup, "backup", "name") == name }},
		"apply": {"PUT " + string(id), func(ctx context.Context, d jobs.Desk) error {
			_, err := d.Apply(ctx, plan(d))
			return err
		}, func() bool { return shown(volume, "volume", "name") == named("lost apply") }},
		"reset": {"POST action", func(ctx context.Context, d jobs.Desk) error {
			p, err := d.PlanReset(s.ctx, []core.BackupID{b.ID}, core.StatusError)
			if err != nil {
				return err
			}
			_, err = d.Reset(ctx, p, nil)
			return err
		}, func() bool { return shown(backup, "backup", "status") == core.StatusError }},
	}
}

// newestEntry is the last thing that the journal tells of.
func (s *site) newestEntry(d jobs.Desk) core.Entry {
	s.t.Helper()
	entries, err := d.Archive.Entries(s.ctx, d.Place.Info().Location, 1)
	if err != nil || len(entries) != 1 {
		s.t.Fatalf("the journal: %+v, %v", entries, err)
	}
	return entries[0]
}

// TestRealLostChanges: a change whose answer is lost, comes late, or is not waited for is
// sent once, and is not called failed while it may yet take effect: whether it did is
// looked for, at once and when the time limit has passed.
func TestRealLostChanges(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	id := s.volume("lost", 1, nil)
	b := s.backup(id, "lost", false)
	o := s.desk.Place.(store.Operator)
	for how, f := range map[string]fate{"cut before": before, "answer lost": after, "a proxy's 504": gateway, "late": late,
		"interrupted": hang} {
		for name := range s.lostChanges(b, id) {
			t.Run(name+", "+how, func(t *testing.T) {
				s := s.in(t)
				c := s.lostChanges(b, id)[name]
				p, desk := s.through(t)
				desk.SettleAfter = time.Minute
				p.reset(on(c.request, f, 0))
				ctx, cancel := s.ctx, context.CancelFunc(func() {})
				if f == hang {
					ctx, cancel = context.WithCancel(s.ctx)
					lose := on(c.request, f, 0)
					p.reset(func(r *http.Request) fate { // hearth is interrupted while it waits
						if what(r) == c.request {
							time.AfterFunc(lateBy/4, cancel)
						}
						return lose(r)
					})
				}
				defer cancel()
				err := c.do(ctx, desk)
				arrived, _ := p.counted(c.request)
				e := s.newestEntry(desk)
				if arrived != 1 {
					t.Errorf("sent %d times", arrived)
				}
				switch e.State {
				case core.EntryDone:
					if err != nil || !c.took() {
						t.Errorf("called done: %v, and the cloud has it: %v", err, c.took())
					}
				case core.EntryUnsettled:
					if err == nil || !strings.Contains(err.Error(), "hearth settle") && f != hang {
						t.Errorf("unsettled: %v", err)
					}
				default:
					t.Errorf("it is %s: %v", e.State, err)
				}
				p.reset(nil)
				if f == late || f == hang {
					time.Sleep(lateBy + time.Second)
				}
				if _, err := desk.Settle(s.ctx); err != nil {
					t.Error(err)
				}
				if now := s.newestEntry(desk); c.took() != (now.State == core.EntryDone) || !c.took() && now.State != core.EntryUnsettled {
					t.Errorf("before the time limit it is %s, and the cloud has it: %v", now.State, c.took())
				}
				desk.Now = func() time.Time { return time.Now().Add(2 * time.Minute) }
				if _, left, err := desk.SettleAll(s.ctx); err != nil || len(left) > 0 {
					t.Errorf("after the time limit: %+v, %v", left, err)
				}
				if now := s.newestEntry(desk); c.took() != (now.State == core.EntryDone) || !c.took() && now.State != core.EntryFailed {
					t.Errorf("after the time limit it is %s, and the cloud has it: %v", now.State, c.took())
				}
				if err := o.ResetBackup(s.ctx, b.ID, core.StatusAvailable); err != nil {
					t.Fatal(err)
				}
				s.until(b.ID, core.StatusAvailable)
				s.must("PUT", "/backups/"+string(b.ID), dict{"backup": dict{"name": named("lost")}})
				s.must("PUT", "/volumes/"+string(id), dict{"volume": dict{"name": named("lost")}})
			})
		}
	}
}

// TestRealCreateLost: hearth ends between the request for a backup and its answer. The
// capture that it took before is kept, as that of the backup, by whoever settles.
func TestRealCreateLost(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	id := s.dressed("create-lost", 1, false)
	p, desk := s.through(t)
	desk.SettleAfter = time.Minute
	dead := false
	p.reset(func(r *http.Request) fate {
		switch {
		case what(r) == "POST backups":
			dead = true
			return after
		case dead:
			return before
		}
		return pass
	})
	plan, err := desk.PlanCreate(s.ctx, core.BackupRequest{Volume: id, Name: named("create-lost")})
	if err != nil {
		t.Fatal(err)
	}
	made, err := desk.Create(s.ctx, plan, false, nil)
	if err == nil || !strings.Contains(err.Error(), "hearth settle says in") || made.Backup.ID != "" ||
		s.newestEntry(desk).State != core.EntryOpen {
		t.Fatalf("%v, %+v", err, made)
	}
	p.reset(nil)
	s.await(id)
	desk.Now = func() time.Time { return time.Now().Add(3 * time.Second) } // by then nobody is at work on it
	settled, left, err := desk.SettleAll(s.ctx)
	if err != nil || len(settled) != 1 || len(left) > 0 || settled[0].State != core.EntryDone {
		t.Fatalf("settled %+v, left %+v, %v", settled, left, err)
	}
	b := settled[0].Backup
	s.keepBackup(b)
	s.until(b, core.StatusAvailable)
	if _, err := desk.LookAgain(s.ctx); err != nil {
		t.Fatal(err)
	}
	kept, err := desk.KeptCaptures(s.ctx, id, b)
	evidence, best := core.Evident(kept)
	if err != nil || evidence != core.EvidenceHeld || len(best) != 1 {
		t.Fatalf("kept: %s, %d, %v", evidence, len(best), err)
	}
	now, _, err := desk.Capture(s.ctx, id, 2)
	if diff := core.RestoredDiffer(&best[0].Capture, &now); err != nil || len(diff) > 0 {
		t.Errorf("it differs from the volume in %v, %v", diff, err)
	}
}

// TestRealUndoPartly: somebody changes a part of what hearth changed. The undo says so,
// takes back the rest, and leaves that alone.
func TestRealUndoPartly(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	id := s.dressed("undo", 1, false)
	first := s.state(id)
	c := core.ReadCapture(`{"version": 1, "volume-base-metadata": {"display_name": "`+named("undo me")+`", `+
		`"display_description": "by hearth"}, "volume-metadata": {"env": "prod"}}`, core.Source{Kind: core.SourceFile})
	plan, err := s.desk.Plan(s.ctx, jobs.PlanRequest{Onto: id, Captures: []core.Capture{c}, Rules: core.Icehouse})
	if err != nil {
		t.Fatal(err)
	}
	e, err := s.desk.Apply(s.ctx, plan)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.desk.Plan(s.ctx, jobs.PlanRequest{Onto: id, Captures: []core.Capture{c}, Rules: core.Icehouse})
	if err != nil {
		t.Fatal(err)
	}
	if none, err := s.desk.Apply(s.ctx, again); err != nil || !none.None() || s.newestEntry(s.desk).ID != e.ID {
		t.Errorf("what changes nothing is journalled: %+v, %v", none, err)
	}
	s.must("PUT", "/volumes/"+string(id), dict{"volume": dict{"description": "by somebody"}})
	p, err := s.desk.PlanUndo(s.ctx, e.ID)
	if err != nil || len(p.Alone) != 1 || p.Alone[0] != "description" {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, err := s.desk.UndoAsShown(s.ctx, p); err != nil {
		t.Fatal(err)
	}
	if now := s.state(id); !now.Name.Equal(first.Name) || !now.Metadata.Equal(first.Metadata) || now.Description.Text() != "by somebody" {
		t.Errorf("it is %s", text(now))
	}
}

// TestRealLyingLists: what comes back of a list is not whole, and hearth says so: to who
// lists, to who asks for the coverage, and to who compares.
func TestRealLyingLists(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	id := s.volume("lies", 1, nil)
	for i := range 3 {
		s.backup(id, "lies-"+string(rune('a'+i)), false)
	}
	detail := func(r *http.Request) bool {
		return what(r) == "GET detail" && strings.Contains(r.URL.Path, "/backups/")
	}
	change := func(body []byte, f func(o map[string]json.RawMessage)) []byte {
		var o map[string]json.RawMessage
		if json.Unmarshal(body, &o) != nil {
			return body
		}
		f(o)
		out, _ := json.Marshal(o)
		return out
	}
	link := json.RawMessage(`[{"rel": "next", "href": "http://elsewhere/v3/backups/detail?limit=1000"}]`)
	var first []byte
	for what, x := range map[string]struct {
		lie  func(r *http.Request, status int, body []byte) (int, []byte)
		code core.Code
	}{
		"a row is left out": {func(r *http.Request, status int, body []byte) (int, []byte) {
			return status, change(body, func(o map[string]json.RawMessage) {
				var rows []json.RawMessage
				if json.Unmarshal(o["backups"], &rows); len(rows) > 1 {
					o["backups"], _ = json.Marshal(rows[:len(rows)-1])
				}
			})
		}, core.CodeIncomplete},
		"a next link without a marker": {func(r *http.Request, status int, body []byte) (int, []byte) {
			if r.URL.Query().Get("marker") != "" {
				return status, body
			}
			return status, change(body, func(o map[string]json.RawMessage) { o["backups_links"] = link })
		}, ""},
		"the first page again and again": {func(r *http.Request, status int, body []byte) (int, []byte) {
			if r.URL.Query().Get("limit") == "1" {
				return status, body
			}
			if r.URL.Query().Get("marker") == "" {
				first = change(body, func(o map[string]json.RawMessage) { o["backups_links"] = link })
			}
			return status, bytes.Clone(first)
		}, core.CodeIncomplete},
		"413": {func(_ *http.Request, _ int, _ []byte) (int, []byte) { return 413, []byte("{}") }, core.CodeUnavailable},
	} {
		t.Run(what, func(t *testing.T) {
			s := s.in(t)
			p, desk := s.through(t)
			p.lies(func(r *http.Request, status int, body []byte) (int, []byte) {
				if detail(r) {
					return x.lie(r, status, body)
				}
				return status, body
			})
			page, err := desk.Backups(s.ctx, core.Query{})
			if core.CodeOf(err) != x.code || err != nil && strings.Contains(err.Error(), "quota") {
				t.Errorf("listed: %d rows, %v", len(page.Rows), err)
			}
			if x.code == core.CodeUnavailable {
				return
			}
			if len(page.Rows) < 2 {
				t.Errorf("%d rows are shown", len(page.Rows))
			}
			cover, err := desk.Coverage(s.ctx, 0)
			if core.CodeOf(err) != x.code || cover.CoverCounts.Backups < 2 {
				t.Errorf("covered: %d backups, %v", cover.CoverCounts.Backups, err)
			}
			compared, _, err := jobs.Reconcile(s.ctx, jobs.FromArchive(), desk, nil)
			if core.CodeOf(err) != x.code || len(compared) < 2 {
				t.Errorf("compared: %d backups, %v", len(compared), err)
			}
		})
	}
}

// TestRealNarrowed: a member who asks for all projects is told that one was looked at.
func TestRealNarrowed(t *testing.T) {
	realCloud(t, "HEARTH_TEST_CLOUD")
	s := realCloud(t, "HEARTH_TEST_MEMBER") // opened with all projects
	s.volume("narrow", 1, nil)
	page, err := s.desk.Volumes(s.ctx, core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	projects := core.FieldSet{}
	for _, v := range page.Rows {
		projects[string(v.ProjectID)] = true
	}
	if why := s.desk.Narrowed(projects); !strings.Contains(why, "though all were asked for") {
		t.Errorf("of %d projects: %q", len(projects), why)
	}
}

// TestRealDeadToken: a token that Keystone does not know is called that.
func TestRealDeadToken(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	auth, _ := entry(t, s.name)["auth"].(map[string]any)
	url, _ := auth["auth_url"].(string)
	if url == "" {
		t.Fatal("clouds.yaml does not say where Keystone is")
	}
	t.Setenv("OS_CLIENT_CONFIG_FILE", os.DevNull)
	for name, value := range map[string]string{"OS_AUTH_URL": url, "OS_TOKEN": "gAAAAABdead", "OS_PROJECT_ID": "p",
		"OS_AUTH_TYPE": "v3token"} {
		t.Setenv(name, value)
	}
	place, err := store.Open(s.ctx, store.Location{Scheme: "cloud", Rest: "envvars"}, store.Options{CacheDir: t.TempDir()})
	if err == nil {
		defer place.Close()
		_, err = place.Backups(s.ctx, core.Query{Limit: 1})
	}
	sentence(t, "a dead token", err, core.CodeDenied, "the token in OS_TOKEN")
}
