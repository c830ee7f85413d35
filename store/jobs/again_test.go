package jobs_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// hours is a cloud whose backups take their time: a clock that the test moves on, for
// hearth and, with its own error, for the cloud.
type hours struct {
	*memory.Cloud
	t     *testing.T
	now   time.Time
	fails map[string]error // by method
	mute  bool             // rows do not say when they changed
}

// FailCalls makes each call of a method fail from now on.
func (h *hours) FailCalls(method string, err error) { h.fails[method] = err }

func (h *hours) Volume(ctx context.Context, id core.VolumeID) (core.Volume, error) {
	if err := h.fails["Volume"]; err != nil {
		return core.Volume{}, err
	}
	return h.Cloud.Volume(ctx, id)
}

func (h *hours) Backup(ctx context.Context, id core.BackupID) (core.Backup, error) {
	if err := h.fails["Backup"]; err != nil {
		return core.Backup{}, err
	}
	b, err := h.Cloud.Backup(ctx, id)
	if h.mute {
		b.UpdatedAt = core.Opt[time.Time]{}
	}
	return b, err
}

func slowCloud(t *testing.T, ahead time.Duration) (*hours, jobs.Desk) {
	h := &hours{t: t, now: clock(), fails: map[string]error{}}
	c, d := cloudDesk(t, func(w *memory.World) { w.Now = func() time.Time { return h.now.Add(ahead) } })
	h.Cloud, d.Place = c, h
	d.Now = func() time.Time { return h.now }
	d.Sleep = func(context.Context, time.Duration) error { h.now = h.now.Add(5 * time.Second); return nil }
	return h, d
}

// rename changes the volume's name and a key of its metadata.
func (h *hours) rename(name string) {
	h.t.Helper()
	v, err := h.Cloud.Volume(h.t.Context(), storetest.WebRoot)
	ok(h.t, err)
	after := v.State()
	after.Name = pyjson.OfString(name)
	after.Metadata.Set("tier", pyjson.OfString(name))
	_, err = h.Rewrite(h.t.Context(), core.Rewrite{Volume: storetest.WebRoot, Before: v.State(), After: after})
	ok(h.t, err)
}

// ask asks for a backup and does not wait for it.
func (h *hours) ask(d jobs.Desk) jobs.Created {
	h.t.Helper()
	p, err := d.PlanCreate(h.t.Context(), core.BackupRequest{Volume: storetest.WebRoot, Name: "mine"})
	ok(h.t, err)
	made, err := d.Create(h.t.Context(), p, false, nil)
	ok(h.t, err)
	if made.Waited || made.Capture == 0 || made.Again.Evidence != "" {
		h.t.Fatalf("asked for: %+v", made)
	}
	return made
}

// tells says what is kept of a backup: how far it carries, under which names, and
// whether the volume is to be looked at again.
func tells(t *testing.T, d jobs.Desk, id core.BackupID) string {
	t.Helper()
	kept, err := d.KeptCaptures(t.Context(), storetest.WebRoot, id)
	ok(t, err)
	evidence, best := core.Evident(kept)
	text := string(evidence)
	for i, k := range best {
		name, _ := k.Capture.Section(core.BaseSection).Get("display_name")
		text += []string{" ", ", "}[min(i, 1)] + name.Text()
		if k.Capture.Source.Kind != core.SourceTaken || k.BackupID != id {
			t.Errorf("it is kept as %s of %s", k.Capture.Source, k.BackupID)
		}
	}
	due, err := d.Archive.Due(t.Context(), d.Place.Info().Location)
	ok(t, err)
	return text + strings.Repeat(", due", len(due))
}

// TestCreateLooksTwice: the volume is looked at before the backup and when it was
// seen to end, and what that shows is kept.
func TestCreateLooksTwice(t *testing.T) {
	for _, c := range []struct {
		what    string
		goes    func(h *hours, look int) // at each pause
		want    string
		differs string
	}{
		{"it stays as it is", func(h *hours, look int) {
			if look == 3 {
				h.Advance()
			}
		}, "held Web-Root", "[]"},
		{"it changes", func(h *hours, look int) {
			if look == 2 {
				h.rename("other")
			}
			if look == 3 {
				h.Advance()
			}
		}, "either Web-Root, other", "[display_name user metadata tier]"},
		{"it changes, in a long backup whose row does not tell its end", func(h *hours, look int) {
			h.mute = true
			if look == 2 {
				h.now = h.now.Add(10 * time.Hour)
				h.rename("other")
			}
			if look == 3 {
				h.Advance()
			}
		}, "either Web-Root, other", "[display_name user metadata tier]"},
		{"it changes, and the end is seen after a sleep", func(h *hours, look int) {
			if look == 3 {
				h.Advance()
				h.now = h.now.Add(10 * time.Minute)
				h.rename("other")
			}
		}, "late Web-Root, other", "[display_name user metadata tier]"},
		{"it stays, and the end is seen after a sleep", func(h *hours, look int) {
			if look == 3 {
				h.Advance()
				h.now = h.now.Add(10 * time.Hour)
			}
		}, "held Web-Root", "[]"},
		{"it goes", func(h *hours, look int) {
			if look == 3 {
				h.Advance()
				h.FailCalls("Volume", core.Fail(core.CodeNotFound, "read", "gone", "", nil))
			}
		}, "moment Web-Root", "[]"},
		{"it cannot be read", func(h *hours, look int) {
			if look == 3 {
				h.Advance()
				h.FailCalls("Volume", core.Fail(core.CodeUnavailable, "read", "no answer", "", nil))
			}
		}, "moment Web-Root, due", "[]"},
	} {
		h, d := slowCloud(t, 0)
		p, err := d.PlanCreate(t.Context(), core.BackupRequest{Volume: storetest.WebRoot, Name: "mine"})
		ok(t, err)
		pause, look := d.Sleep, 0
		d.Sleep = func(ctx context.Context, n time.Duration) error {
			look++
			pause(ctx, n)
			c.goes(h, look)
			return nil
		}
		made, err := d.Create(t.Context(), p, true, nil)
		if err != nil || !made.Waited || made.Backup.Status != core.StatusAvailable || look != 3 {
			t.Errorf("%s: %+v, %v, after %d looks", c.what, made.Backup, err, look)
		}
		due := strings.HasSuffix(c.want, ", due")
		if got := tells(t, d, made.Backup.ID); got != c.want || fmt.Sprint(made.Again.Differs) != c.differs ||
			(made.Again.Err != nil) != due || !due && !strings.HasPrefix(c.want, string(made.Again.Evidence)+" ") {
			t.Errorf("%s: %s, want %s; told %+v", c.what, got, c.want, made.Again)
		}
	}
}

// TestLookAgain: what was asked for and not waited for is looked at by whoever next
// sees it ended.
func TestLookAgain(t *testing.T) {
	const hour = time.Hour
	for _, c := range []struct {
		what  string
		ahead time.Duration // of the cloud's clock
		goes  func(h *hours, made jobs.Created)
		want  string
	}{
		{"under way", 0, func(h *hours, _ jobs.Created) { h.now = h.now.Add(hour); h.rename("other") }, "moment Web-Root, due"},
		{"the same, days later", 0, func(h *hours, _ jobs.Created) { h.Advance(); h.now = h.now.Add(100 * hour) }, "held Web-Root"},
		{"changed, and just ended", 0, func(h *hours, _ jobs.Created) {
			h.now = h.now.Add(hour)
			h.rename("other")
			h.Advance()
			h.now = h.now.Add(2 * time.Minute)
		}, "either Web-Root, other"},
		{"changed, and ended too long ago", 0, func(h *hours, _ jobs.Created) {
			h.now = h.now.Add(hour)
			h.rename("other")
			h.Advance()
			h.now = h.now.Add(2*time.Minute + time.Second)
		}, "late Web-Root, other"},
		{"changed, and just ended by a clock that is ahead", 3 * hour, func(h *hours, _ jobs.Created) {
			h.now = h.now.Add(hour)
			h.rename("other")
			h.Advance()
			h.now = h.now.Add(time.Minute)
		}, "either Web-Root, other"},
		{"changed, and ended too long ago by a clock that is ahead", 3 * hour, func(h *hours, _ jobs.Created) {
			h.rename("other")
			h.Advance()
			h.now = h.now.Add(3 * hour)
		}, "late Web-Root, other"},
		{"changed, and by a clock that is behind", -3 * hour, func(h *hours, _ jobs.Created) {
			h.rename("other")
			h.now = h.now.Add(hour)
			h.Advance()
			h.now = h.now.Add(hour)
		}, "late Web-Root, other"},
		{"failed", 0, func(h *hours, _ jobs.Created) { h.GoWrong(core.OpCreate, "no space"); h.Advance() }, "moment Web-Root"},
		{"gone since yesterday", 0, func(h *hours, _ jobs.Created) {
			h.FailCalls("Backup", core.Fail(core.CodeNotFound, "read", "none", "", nil))
			h.now = h.now.Add(24 * hour)
		}, "moment Web-Root, due"},
		{"gone for long", 0, func(h *hours, _ jobs.Created) {
			h.FailCalls("Backup", core.Fail(core.CodeNotFound, "read", "none", "", nil))
			h.now = h.now.Add(8 * 24 * hour)
		}, "moment Web-Root"},
		{"no answer", 0, func(h *hours, _ jobs.Created) {
			h.Advance()
			h.FailCalls("Backup", core.Fail(core.CodeUnavailable, "read", "no answer", "", nil))
		}, "moment Web-Root, due"},
	} {
		h, d := slowCloud(t, c.ahead)
		made := h.ask(d)
		h.now = h.now.Add(time.Minute)
		c.goes(h, made)
		if _, err := d.Settle(t.Context()); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
		if got := tells(t, d, made.Backup.ID); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
		looked, err := d.LookAgain(t.Context())
		if again := tells(t, d, made.Backup.ID); err != nil || len(looked) > 0 || again != c.want {
			t.Errorf("%s, looked at once more: %+v, %v, %s", c.what, looked, err, again)
		}
	}
}

// TestLookAgainUnlike: several that are asked for and not waited for are held to what the
// journal says was asked for, whatever they are called by then; it keeps what they became.
func TestLookAgainUnlike(t *testing.T) {
	const said = "Incremental backup not possible, forcing full backup."
	h, d := slowCloud(t, 0)
	ask := func(r core.BackupRequest) jobs.Created {
		p, err := d.PlanCreate(t.Context(), r)
		ok(t, err)
		made, err := d.Create(t.Context(), p, false, nil)
		ok(t, err)
		return made
	}
	h.Forces(said)
	forced := ask(core.BackupRequest{Volume: storetest.Database, Name: "on top", Force: true, Incremental: true})
	full := ask(core.BackupRequest{Volume: storetest.WebRoot, Name: "incremental backup"})
	entries := map[core.BackupID]core.EntryID{forced.Backup.ID: forced.Entry, full.Backup.ID: full.Entry}
	name := "another"
	_, err := d.Edit(t.Context(), forced.Backup.ID, core.BackupEdit{Name: &name})
	ok(t, err)
	h.Advance()
	looked, err := d.LookAgain(t.Context())
	if err != nil || len(looked) != 2 {
		t.Fatalf("%+v, %v", looked, err)
	}
	for _, l := range looked {
		e, err := d.Archive.Entry(t.Context(), entries[l.Backup.ID])
		ok(t, err)
		if l.Backup.ID == full.Backup.ID {
			if l.Unlike != nil || e.Error != "" {
				t.Errorf("one that is as asked for: %v, the journal says %q", l.Unlike, e.Error)
			}
			continue
		}
		if core.CodeOf(l.Unlike) != core.CodePartial || !strings.Contains(l.Unlike.Error(), "a full one that stands on nothing: "+said) {
			t.Errorf("it is said to be unlike: %v", l.Unlike)
		}
		if e.State != core.EntryDone || !strings.Contains(l.Unlike.Error(), e.Error) || e.Error == "" {
			t.Errorf("the journal says %+v", e)
		}
	}
}

// TestLookAgainTouched: a row that was written to since the backup's end does not say
// when that was. An archive run looks before it exports.
func TestLookAgainTouched(t *testing.T) {
	h, d := slowCloud(t, 0)
	h.Touches(true)
	ends := func() jobs.Created {
		made := h.ask(d)
		h.Advance()
		h.rename(string(made.Backup.ID))
		h.now = h.now.Add(time.Hour)
		return made
	}
	made := ends()
	_, err := d.Export(t.Context(), []core.BackupID{made.Backup.ID}, false, nil)
	ok(t, err)
	h.now = h.now.Add(time.Minute) // the export was less than two minutes ago, the end an hour
	_, err = d.LookAgain(t.Context())
	ok(t, err)
	if got := tells(t, d, made.Backup.ID); !strings.HasPrefix(got, "late ") {
		t.Errorf("exported by hearth: %s", got)
	}
	made = ends()
	_, _ = archiveAll(t.Context(), d, jobs.ArchiveOptions{}, nil)
	if got := tells(t, d, made.Backup.ID); !strings.HasPrefix(got, "late ") {
		t.Errorf("archived: %s", got)
	}
	records, err := d.Archive.Records(t.Context(), "", made.Backup.ID)
	if err != nil || len(records) != 1 {
		t.Errorf("%d records of it, %v", len(records), err)
	}
}

// TestLookAgainCancelled: a wait that is given up leaves the look to the next.
func TestLookAgainCancelled(t *testing.T) {
	h, d := slowCloud(t, 0)
	p, err := d.PlanCreate(t.Context(), core.BackupRequest{Volume: storetest.WebRoot})
	ok(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	waiting := d
	waiting.Sleep = func(context.Context, time.Duration) error { cancel(); return context.Canceled }
	made, err := waiting.Create(ctx, p, true, nil)
	wantCode(t, "given up", err, core.CodeCancelled)
	if got := tells(t, d, made.Backup.ID); got != "moment Web-Root, due" {
		t.Errorf("given up: %s", got)
	}
	h.Advance()
	looked, err := d.LookAgain(t.Context())
	if err != nil || len(looked) != 1 || looked[0].Evidence != core.EvidenceHeld || looked[0].Backup.ID != made.Backup.ID ||
		tells(t, d, made.Backup.ID) != "held Web-Root" {
		t.Errorf("then: %+v, %v", looked, err)
	}
}

// dying is a cloud at which hearth is killed as it asks for a backup, when the cloud has
// got that or before.
type dying struct {
	*memory.Cloud
	got bool
}

func (c dying) CreateBackup(ctx context.Context, r core.BackupRequest) (core.Backup, error) {
	if c.got {
		c.Cloud.CreateBackup(ctx, r)
	}
	runtime.Goexit()
	return core.Backup{}, nil
}

// TestCreateKilled: killed before it knows the backup's id, hearth has kept the capture
// all the same: whoever settles finds whose it is. Of a backup that was never made
// nothing stays.
func TestCreateKilled(t *testing.T) {
	for _, got := range []bool{true, false} {
		h, d := slowCloud(t, 0)
		d.Place, d.SettleAfter = dying{h.Cloud, got}, time.Minute
		p, err := d.PlanCreate(t.Context(), core.BackupRequest{Volume: storetest.WebRoot, Name: "mine"})
		ok(t, err)
		done := make(chan struct{})
		go func() {
			defer close(done)
			d.Create(t.Context(), p, true, nil)
		}()
		<-done
		h.now = h.now.Add(time.Second)
		h.Advance()
		h.now = h.now.Add(2 * time.Minute)
		d.Place = h
		settled, err := d.Settle(t.Context())
		if err != nil || len(settled) != 1 {
			t.Fatalf("got %v: settled %+v, %v", got, settled, err)
		}
		e := newest(t, d)
		if got {
			if e.State != core.EntryDone || tells(t, d, e.Backup) != "held Web-Root" {
				t.Errorf("made: %+v; %s", e, tells(t, d, e.Backup))
			}
		} else if kept, err := d.KeptCaptures(t.Context(), storetest.WebRoot, ""); err != nil || e.State != core.EntryFailed || len(kept) > 0 {
			t.Errorf("not made: %+v; %d kept, %v", e, len(kept), err)
		}
		var held int
		if err := d.Archive.DB.QueryRow("SELECT count(*) FROM held_captures").Scan(&held); err != nil || held > 0 {
			t.Errorf("got %v: %d are held, %v", got, held, err)
		}
	}
}
