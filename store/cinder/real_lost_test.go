package cinder_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
)

// TestRealLostDelete: a deletion whose answer is lost, comes late, or is not waited for is
// asked for once, and is called done only where the backup goes: at once, or by settling.
func TestRealLostDelete(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	id := s.volume("lost-delete", 1, nil)
	for how, f := range map[string]fate{"cut before": before, "answer lost": after, "cut in the middle": half, "a proxy's 504": gateway,
		"late": late} {
		t.Run(how, func(t *testing.T) {
			s := s.in(t)
			b := s.backup(id, "lost-delete", false)
			gone := func() bool {
				status, o, err := s.ask(s.ctx, "GET", "/backups/"+string(b.ID), nil)
				if err != nil {
					t.Fatal(err)
				}
				return status == 404 || at(o, "backup", "status").Text() == core.StatusDeleting
			}
			p, desk := s.through(t)
			desk.SettleAfter = time.Minute
			request := "DELETE " + string(b.ID)
			plan, err := desk.PlanDelete(s.ctx, []core.BackupID{b.ID}, false)
			if err != nil {
				t.Fatal(err)
			}
			p.reset(on(request, f, 0))
			_, err = desk.Delete(s.ctx, plan, false, nil)
			if arrived, _ := p.counted(request); arrived != 1 {
				t.Errorf("sent %d times", arrived)
			}
			switch e := s.newestEntry(desk); e.State {
			case core.EntryDone:
				if err != nil || !gone() {
					t.Errorf("called done: %v, and it goes: %v", err, gone())
				}
			case core.EntryUnsettled:
				if err == nil || !strings.Contains(err.Error(), "hearth settle") {
					t.Errorf("unsettled: %v", err)
				}
			default:
				t.Errorf("it is %s: %v", e.State, err)
			}
			p.reset(nil)
			if f == late {
				time.Sleep(lateBy + time.Second)
			}
			desk.Now = func() time.Time { return time.Now().Add(2 * time.Minute) }
			if _, left, err := desk.SettleAll(s.ctx); err != nil || len(left) > 0 {
				t.Errorf("after the time limit: %+v, %v", left, err)
			}
			now := s.newestEntry(desk)
			if gone() != (now.State == core.EntryDone) || !gone() && now.State != core.EntryFailed || gone() != (f != before) {
				t.Errorf("after the time limit it is %s, and the backup goes: %v", now.State, gone())
			}
		})
	}
}

// TestRealListTold: what is said of a list that timed out, broke off or was too much is of
// reading: nothing is to be looked for, and no quota is full.
func TestRealListTold(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	detail := func(r *http.Request) bool { return what(r) == "GET detail" }
	for how, f := range map[string]fate{"a proxy's 504": gateway, "cut": after, "cut in the middle": half, "500": broken} {
		t.Run(how, func(t *testing.T) {
			s := s.in(t)
			p, desk := s.through(t)
			p.reset(func(r *http.Request) fate {
				if detail(r) {
					return f
				}
				return pass
			})
			for what, ask := range map[string]func() error{
				"backups": func() error { _, err := desk.Backups(s.ctx, core.Query{}); return err },
				"volumes": func() error { _, err := desk.Volumes(s.ctx, core.Query{}); return err },
			} {
				err := ask()
				sentence(t, how+", "+what, err, core.CodeUnavailable)
				for _, word := range []string{"took effect", "take effect", "quota", "settle"} {
					if err != nil && strings.Contains(err.Error(), word) {
						t.Errorf("%s, %s: it speaks of %q: %v", how, what, word, err)
					}
				}
				if core.MayLand(err) {
					t.Errorf("%s, %s: a list may land", how, what)
				}
			}
		})
	}
}

// TestRealCredential: an application credential that Keystone takes is refused another
// project before anybody is asked, and enters its own.
func TestRealCredential(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	base := entry(t, s.name)
	a := auth(t, base)
	me := s.whoAmI(a)
	c := s.credential(me)
	withClouds(t, map[string]map[string]any{"app": {"auth_type": "v3applicationcredential", "region_name": base["region_name"],
		"auth": dict{"auth_url": a["auth_url"], "application_credential_id": c.ID, "application_credential_secret": c.Secret}}})
	enter := func(project string) (core.Scope, error) {
		where, err := store.Location{Scheme: "cloud", Rest: "app"}.Within("", project) // as --project has it
		if err != nil {
			return core.Scope{}, err
		}
		place, err := store.Open(s.ctx, where, store.Options{CacheDir: t.TempDir()})
		if err != nil {
			return core.Scope{}, err
		}
		defer place.Close()
		return place.(store.Scoper).Scope(s.ctx)
	}
	if scope, err := enter(""); err != nil || string(scope.Project.ID) != me.Project.ID {
		t.Fatalf("it enters %q, %v", scope.Project.ID, err)
	}
	for _, project := range []string{me.Project.ID, strings.Repeat("0", 32)} {
		_, err := enter(project)
		sentence(t, "with --project "+project, err, core.CodeUsage, "application credential", core.DoAnyProject)
	}
}

// sent is the bodies of a request that a proxy passes.
type sent struct {
	mu     sync.Mutex
	bodies []string
}

// note has what is sent by a request be kept.
func (x *sent) note(request string) func(*http.Request) fate {
	return func(r *http.Request) fate {
		if what(r) == request {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			x.mu.Lock()
			defer x.mu.Unlock()
			x.bodies = append(x.bodies, string(body))
		}
		return pass
	}
}

// TestRealEditAlone: what an edit of one field sends is that field; a name with line ends
// and a property with a comma and outer blanks, as a tenant has stored them, stay byte for
// byte, and a line of properties that is read back has them all.
func TestRealEditAlone(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	id := s.volume("alone", 1, nil)
	name := named("alone\nsecond, third\u202e=x")
	backup := core.BackupID(at(s.must("POST", "/backups", dict{"backup": dict{"volume_id": id, "name": name, "description": "a, b=c",
		"metadata": dict{"note": "x, owner=eve", "outer": "  blanks ", "bell": "\a\n", "mark": `"q" \`}}}), "backup", "id").Text())
	s.keepBackup(backup)
	s.until(backup, core.StatusAvailable)
	path := "/backups/" + string(backup)
	p, desk := s.through(t)
	shown := func() (string, string, *pyjson.Object) {
		o := s.must("GET", path, nil)
		return at(o, "backup", "name").Text(), at(o, "backup", "description").Text(), at(o, "backup", "metadata").Object()
	}
	_, _, metadata := shown()
	x := &sent{}
	p.reset(x.note("PUT " + string(backup)))
	description := "typed"
	if _, err := desk.Edit(s.ctx, backup, core.BackupEdit{Description: &description}); err != nil {
		t.Fatal(err)
	}
	if want := []string{`{"backup":{"description":"typed"}}`}; !slices.Equal(x.bodies, want) {
		t.Errorf("sent %q", x.bodies)
	}
	now, text, kept := shown()
	if now != name || text != "typed" || !kept.Equal(metadata) {
		t.Errorf("it is %q, %q, %s", now, text, pyjson.Text(pyjson.OfDict(kept)))
	}
	// As the form has it: the line of properties with one more typed at its end.
	read, err := desk.Place.Backup(s.ctx, backup)
	if err != nil {
		t.Fatal(err)
	}
	more, err := core.ParseProperties(core.PropertiesText(read.Metadata) + `, more="a, b=c"`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := desk.Edit(s.ctx, backup, core.BackupEdit{Metadata: more}); err != nil {
		t.Fatal(err)
	}
	want := metadata.Clone()
	want.Set("more", pyjson.OfString("a, b=c"))
	if now, _, kept := shown(); now != name || !kept.Equal(want) {
		t.Errorf("it is %q, %s", now, pyjson.Text(pyjson.OfDict(kept)))
	}
	// What is there already is not sent, and the journal does not tell of it.
	last := s.newestEntry(desk).ID
	if e, err := desk.Edit(s.ctx, backup, core.BackupEdit{Metadata: more, Name: &name}); err != nil || !e.None() {
		t.Errorf("%+v, %v", e, err)
	}
	if len(x.bodies) != 2 || s.newestEntry(desk).ID != last {
		t.Errorf("sent %d times", len(x.bodies))
	}
}

// TestRealCreateProperties: a backup is made with the properties that were written.
func TestRealCreateProperties(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	id := s.volume("properties", 1, nil)
	wanted, err := core.ParseProperties(`note="x, owner=eve", two="a\nb", outer=" b ", by=ops`)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.desk.PlanCreate(s.ctx, core.BackupRequest{Volume: id, Name: named("properties"), Metadata: wanted})
	if err != nil {
		t.Fatal(err)
	}
	made, err := s.desk.Create(s.ctx, plan, true, nil)
	s.keepBackup(made.Backup.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := at(s.must("GET", "/backups/"+string(made.Backup.ID), nil), "backup", "metadata").Object(); !got.Equal(wanted) {
		t.Errorf("it has %s", pyjson.Text(pyjson.OfDict(got)))
	}
}
