package cinder_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/jobs"
)

// on is a fate for one kind of request: the first times of them, or with 0 all.
func on(request string, f fate, times int) func(*http.Request) fate {
	n := 0
	return func(r *http.Request) fate {
		if what(r) != request {
			return pass
		}
		if n++; times > 0 && n > times {
			return pass
		}
		return f
	}
}

var breaks = map[string]fate{"cut before": before, "answer lost": after, "cut in the answer": half, "a proxy's 504": gateway}

// TestRealDrillList: lists outlive a broken connection, say so when the API stays
// away, and are there again when it is.
func TestRealDrillList(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	s.volume("drill-list", 1, nil)
	for name, f := range breaks {
		t.Run(name, func(t *testing.T) {
			p, desk := s.through(t)
			p.reset(on("GET detail", f, 1))
			page, err := desk.Place.Backups(s.ctx, core.Query{})
			if arrived, _ := p.counted("GET detail"); err != nil || arrived < 2 {
				t.Errorf("broken once: asked %d times, %v", arrived, err)
			}
			want := page.Total
			p.reset(on("GET detail", f, 0))
			_, err = desk.Place.Volumes(s.ctx, core.Query{})
			sentence(t, "broken for good", err, core.CodeUnavailable)
			p.reset(nil)
			if page, err := desk.Place.Volumes(s.ctx, core.Query{}); err != nil || page.Total == 0 {
				t.Errorf("healed: %d volumes, %v", page.Total, err)
			}
			if page, err := desk.Place.Backups(s.ctx, core.Query{}); err != nil || page.Total != want {
				t.Errorf("healed: %d backups and not %d, %v", page.Total, want, err)
			}
		})
	}
	t.Run("killed", func(t *testing.T) {
		p, desk := s.through(t)
		screen := core.Query{Partial: true}
		look := func() core.Page[core.Backup] { // as a screen does, until nothing is on its way
			t.Helper()
			var page core.Page[core.Backup]
			for range 100 {
				var err error
				if page, err = desk.Place.Backups(s.ctx, screen); err != nil {
					t.Fatal(err)
				}
				if page.Complete {
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
			return page
		}
		first := look()
		p.down()
		if page, err := desk.Place.Backups(s.ctx, screen); err != nil || len(page.Rows) != len(first.Rows) {
			t.Errorf("killed: %d rows and not %d, %v", len(page.Rows), len(first.Rows), err)
		}
		anew := screen
		anew.Anew = true
		desk.Place.Backups(s.ctx, anew)
		var told error
		for range 100 { // the rows stay, and what is wrong is told once
			page, err := desk.Place.Backups(s.ctx, screen)
			if len(page.Rows) != len(first.Rows) {
				t.Fatalf("killed: %d rows and not %d", len(page.Rows), len(first.Rows))
			}
			if err != nil {
				told = err
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		sentence(t, "killed", told, core.CodeUnavailable, "nothing listens")
		_, err := desk.Place.Volume(s.ctx, "x")
		sentence(t, "killed", err, core.CodeUnavailable, "nothing listens")
		p.up()
		desk.Place.Backups(s.ctx, anew)
		if again := look(); len(again.Rows) != len(first.Rows) {
			t.Errorf("alive again: %d rows and not %d", len(again.Rows), len(first.Rows))
		}
	})
}

// TestRealDrillRestore: a restore whose answer is lost is looked for and followed,
// and never asked for twice; one that the cloud never saw is not said to be done.
func TestRealDrillRestore(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	b := s.backup(s.dressed("drill-restore", 1, true), "drill-restore", false)
	captures, err := s.desk.KeptCaptures(s.ctx, b.VolumeID, b.ID)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range breaks {
		for _, kind := range []string{"new", "new-named", "existing", "from-backup"} {
			t.Run(name+" "+kind, func(t *testing.T) {
				s := s.in(t)
				p, desk := s.through(t)
				r, q, post := core.RestoreRequest{Backup: b.ID},
					jobs.PlanRequest{Backup: b.ID, Captures: chainOf(captures), Via: core.ViaDatabase}, "POST restore"
				switch kind {
				case "new-named":
					q.Name = named("drill-" + fmt.Sprint(f))
				case "existing":
					q.Onto = s.dressed("drill-onto", 1, false)
				case "from-backup":
					post, r.Size, q.Name, q.Bare = "POST volumes", b.Size, named("drill-from-"+fmt.Sprint(f)), true
				}
				r.Name, r.Volume = q.Name, q.Onto
				plan, err := desk.Plan(s.ctx, q)
				if err != nil {
					t.Fatal(err)
				}
				p.reset(on(post, f, 0))
				report, err := desk.Restore(s.ctx, r, plan, true, nil)
				s.keep(report.Volume)
				arrived, reached := p.counted(post)
				p.reset(nil)
				if arrived != 1 {
					t.Errorf("asked %d times", arrived)
				}
				if reached == 0 {
					sentence(t, name, err, core.CodeUnavailable)
					if report.Waited {
						t.Errorf("it never reached the cloud, and hearth says: %s", report.Verdict())
					}
					if b, err := desk.Place.Backup(s.ctx, b.ID); err != nil || b.Status != core.StatusAvailable {
						t.Errorf("the backup is %s, %v", b.Status, err)
					}
					return
				}
				if err != nil || report.Volume == "" || len(report.Differing()) > 0 || !report.Waited {
					t.Errorf("the cloud did it, and hearth says %v, %s, of volume %q, %+v", err, report.Verdict(), report.Volume, report.Differing())
				}
			})
		}
	}
	t.Run("killed while it is under way", func(t *testing.T) {
		s := s.in(t)
		p, desk := s.through(t)
		plan, err := desk.Plan(s.ctx, jobs.PlanRequest{Backup: b.ID, Captures: chainOf(captures), Via: core.ViaDatabase})
		if err != nil {
			t.Fatal(err)
		}
		killed := make(chan struct{})
		p.reset(func(r *http.Request) fate {
			if p.reached["POST restore"] == 1 { // the lock is held
				select {
				case <-killed:
				default:
					close(killed)
				}
			}
			return pass
		})
		go func() {
			<-killed
			p.down()
			time.Sleep(3 * time.Second)
			p.up()
		}()
		report, err := desk.Restore(s.ctx, core.RestoreRequest{Backup: b.ID}, plan, true, nil)
		s.keep(report.Volume)
		arrived, _ := p.counted("POST restore")
		if err != nil || arrived != 1 || len(report.Differing()) > 0 || !report.Waited {
			t.Errorf("asked %d times, and hearth says %v, %s", arrived, err, report.Verdict())
		}
	})
}

// TestRealDrillImport: the same of an import.
func TestRealDrillImport(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	b := s.backup(s.volume("drill-import", 1, nil), "drill-import", false)
	record, err := s.desk.Place.(store.Exporter).Export(s.ctx, b.ID)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for name, f := range breaks {
		t.Run(name, func(t *testing.T) {
			s := s.in(t)
			n++
			id := core.BackupID(fmt.Sprintf("%s-%04d-4000-8000-%012d", run[len(run)-6:]+"00", n, n))
			p, desk := s.through(t)
			checks, _, err := desk.Preflight(s.ctx, core.FindRecords(pyjson.Text(pyjson.OfDict(renamed(t, record, id).Object()))))
			if err != nil || len(checks) != 1 {
				t.Fatalf("%d records, %v", len(checks), err)
			}
			p.reset(on("POST import_record", f, 0))
			results, err := desk.Import(s.ctx, checks, []int{0})
			s.keepBackup(id)
			arrived, reached := p.counted("POST import_record")
			p.reset(nil)
			if arrived != 1 || len(results) != 1 {
				t.Fatalf("sent %d times, %d results, %v", arrived, len(results), err)
			}
			if reached == 0 {
				sentence(t, name, results[0].Err, core.CodeUnavailable)
				if results, err = desk.Import(s.ctx, checks, []int{0}); err != nil { // again, now that it works
					t.Fatal(err)
				}
			}
			if r := results[0]; r.Err != nil || r.Status != core.StatusAvailable || len(r.Differs) > 0 {
				t.Errorf("the cloud did it, and hearth says %+v", r)
			}
		})
	}
}

// renamed is a record of the same files under another id.
func renamed(t *testing.T, r core.Record, id core.BackupID) core.Record {
	t.Helper()
	d, err := core.DecodeRecord(r.URL, core.Today)
	if err != nil {
		t.Fatal(err)
	}
	doc := d.Doc.Object().Clone()
	doc.Set("id", pyjson.OfString(string(id)))
	r.URL = base64.StdEncoding.EncodeToString([]byte(pyjson.Text(pyjson.OfDict(doc))))
	return r
}

// TestRealDrillBackup: the same of a backup that is made, and of its deletion.
func TestRealDrillBackup(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	id := s.volume("drill-backup", 1, nil)
	for name, f := range breaks {
		t.Run(name, func(t *testing.T) {
			s := s.in(t)
			p, desk := s.through(t)
			plan, err := desk.PlanCreate(s.ctx, core.BackupRequest{Volume: id, Name: named("drill-" + fmt.Sprint(f))})
			if err != nil {
				t.Fatal(err)
			}
			p.reset(on("POST backups", f, 0))
			made, err := desk.Create(s.ctx, plan, true, nil)
			s.keepBackup(made.Backup.ID)
			arrived, reached := p.counted("POST backups")
			p.reset(nil)
			if arrived != 1 {
				t.Errorf("asked %d times", arrived)
			}
			if reached == 0 {
				sentence(t, name, err, core.CodeUnavailable)
				return
			}
			if err != nil || made.Backup.Status != core.StatusAvailable || made.Capture == 0 {
				t.Fatalf("the cloud did it, and hearth says %v, %+v", err, made)
			}
			gone, err := desk.PlanDelete(s.ctx, []core.BackupID{made.Backup.ID}, false)
			if err != nil {
				t.Fatal(err)
			}
			p.reset(on("DELETE "+string(made.Backup.ID), f, 0))
			results, err := desk.Delete(s.ctx, gone, true, nil)
			if arrived, _ := p.counted("DELETE " + string(made.Backup.ID)); arrived != 1 || err != nil || len(results) != 1 ||
				results[0].Err != nil || results[0].Status != "" {
				t.Errorf("deletion asked for %d times, %v, %+v", arrived, err, results)
			}
		})
	}
}
