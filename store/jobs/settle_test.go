package jobs_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// late is a cloud behind a proxy that gives up: what it is asked for gets no answer,
// and takes effect when the test says so.
type late struct {
	*memory.Cloud
	lands func() // what was asked for and has not taken effect yet; nil: nothing
	full  bool   // it makes full backups, whatever it is asked for
	asked int
}

func (l *late) lose(ctx context.Context, what string, do func(context.Context) error) error {
	l.asked++
	l.lands = func() { do(context.WithoutCancel(ctx)) }
	err := core.Fail(core.CodeUnavailable, what, "a proxy before the cloud got no answer in time (504)", "", nil)
	if ctx.Err() != nil {
		err = core.Fail(core.CodeCancelled, what, "it was cancelled", "", ctx.Err())
	}
	err.Lands = true
	return core.Fail(err.Code, what, "the first of 2 calls got no answer", "", err) // as it comes through the layers
}

func (l *late) Rewrite(ctx context.Context, r core.Rewrite) (core.Entry, error) {
	return r.Entry, l.lose(ctx, "change it", func(ctx context.Context) error {
		r.Done = nil
		_, err := l.Cloud.Rewrite(ctx, r)
		return err
	})
}

func (l *late) EditBackup(ctx context.Context, id core.BackupID, e core.BackupEdit) error {
	return l.lose(ctx, "edit it", func(ctx context.Context) error { return l.Cloud.EditBackup(ctx, id, e) })
}

func (l *late) ResetBackup(ctx context.Context, id core.BackupID, status string) error {
	return l.lose(ctx, "reset it", func(ctx context.Context) error { return l.Cloud.ResetBackup(ctx, id, status) })
}

func (l *late) DeleteBackup(ctx context.Context, id core.BackupID, force bool) error {
	return l.lose(ctx, "delete it", func(ctx context.Context) error { return l.Cloud.DeleteBackup(ctx, id, force) })
}

func (l *late) CreateBackup(ctx context.Context, r core.BackupRequest) (core.Backup, error) {
	r.Incremental = r.Incremental && !l.full
	return core.Backup{}, l.lose(ctx, "make it", func(ctx context.Context) error {
		_, err := l.Cloud.CreateBackup(ctx, r)
		return err
	})
}

func (l *late) RestoreBackup(ctx context.Context, r core.RestoreRequest) (core.Restoring, error) {
	return core.Restoring{}, l.lose(ctx, "restore it", func(ctx context.Context) error {
		_, err := l.Cloud.RestoreBackup(ctx, r)
		return err
	})
}

// lateDesk is a desk at such a cloud; a change may take five minutes.
func lateDesk(t *testing.T) (*late, jobs.Desk) {
	c, d := cloudDesk(t)
	l := &late{Cloud: c}
	d.Place, d.SettleAfter = l, 5*time.Minute
	return l, d
}

// asking are the changes that are each one request.
var asking = map[string]func(t *testing.T, ctx context.Context, d jobs.Desk) error{
	"apply": func(t *testing.T, ctx context.Context, d jobs.Desk) error {
		_, err := d.Apply(ctx, cloudPlan(t, d))
		return err
	},
	"edit": func(t *testing.T, ctx context.Context, d jobs.Desk) error {
		name := "another"
		_, err := d.Edit(ctx, storetest.Tagged, core.BackupEdit{Name: &name})
		return err
	},
	"reset": func(t *testing.T, ctx context.Context, d jobs.Desk) error {
		p, err := d.PlanReset(t.Context(), []core.BackupID{storetest.Full}, core.StatusError)
		ok(t, err)
		_, err = d.Reset(ctx, p, nil)
		return err
	},
	"delete": func(t *testing.T, ctx context.Context, d jobs.Desk) error {
		p, err := d.PlanDelete(t.Context(), []core.BackupID{storetest.Second}, false)
		ok(t, err)
		_, err = d.Delete(ctx, p, true, nil)
		return err
	},
	"create": func(t *testing.T, ctx context.Context, d jobs.Desk) error {
		p, err := d.PlanCreate(t.Context(), core.BackupRequest{Volume: storetest.WebRoot, Name: "late"})
		ok(t, err)
		_, err = d.Create(ctx, p, false, nil)
		return err
	},
	"restore": func(t *testing.T, ctx context.Context, d jobs.Desk) error {
		_, err := d.Restore(ctx, core.RestoreRequest{Backup: storetest.Second}, nil, false, nil)
		return err
	},
}

// TestLate: a change whose answer is lost is not called failed before the time limit
// has passed, whether it then takes effect or not; it is sent once.
func TestLate(t *testing.T) {
	for what, ask := range asking {
		for _, lands := range []bool{true, false} {
			l, d := lateDesk(t)
			if err := ask(t, t.Context(), d); err == nil || what != "restore" && !strings.Contains(err.Error(), "hearth settle says in 5m0s") {
				t.Fatalf("%s: %v", what, err)
			}
			e := newest(t, d)
			if !jobs.Unsettled(&e) || l.asked != 1 {
				t.Fatalf("%s: the journal says %s, asked %d times", what, e.State, l.asked)
			}
			wantSettled(t, what+" before its time", at(d, clock().Add(5*time.Minute-time.Second)), "")
			if e = newest(t, d); e.State != core.EntryUnsettled {
				t.Errorf("%s before its time: the journal says %s", what, e.State)
			}
			if _, err := at(d, clock().Add(time.Minute)).Undo(t.Context(), e.ID); core.CodeOf(err) != core.CodeConflict &&
				core.CodeOf(err) != core.CodeRefused {
				t.Errorf("%s: undo of what may take effect yet: %v", what, err)
			}
			want := core.EntryFailed
			if what == "restore" {
				want = core.EntryHalf // the volume that hearth made for it is there, and empty
			}
			if lands {
				l.lands()
				l.Advance()
				want = core.EntryDone
				wantSettled(t, what+" that took effect", at(d, clock().Add(time.Minute)), want)
			} else {
				wantSettled(t, what+" that did not", at(d, clock().Add(5*time.Minute)), want)
			}
			e = newest(t, d)
			if e.State != want || what == "create" && lands != (e.Backup != "") || what == "restore" && e.Volume == "" {
				t.Errorf("%s: the journal says %+v", what, e)
			}
			settled, left, err := d.SettleAll(t.Context())
			if err != nil || len(settled) > 0 || len(left) > 0 || !strings.Contains(jobs.SettledText(settled, left), "is known") {
				t.Errorf("%s: settled again %v, left %v, %v", what, settled, left, err)
			}
		}
	}
}

// TestLateInstead: an incremental whose creation got no answer, and of which Ceph's driver
// made a full backup, is there; it is not called failed.
func TestLateInstead(t *testing.T) {
	l, d := lateDesk(t)
	l.full = true
	of, err := d.Place.Backup(t.Context(), storetest.Second)
	ok(t, err)
	p, err := d.PlanCreate(t.Context(), core.BackupRequest{Volume: of.VolumeID, Name: "on top", Incremental: true, Force: true})
	ok(t, err)
	if _, err = d.Create(t.Context(), p, false, nil); err == nil {
		t.Fatal("there was an answer")
	}
	l.lands()
	l.Advance()
	wantSettled(t, "made as a full one", at(d, clock().Add(5*time.Minute)), core.EntryDone)
	made, err := d.Place.Backup(t.Context(), newest(t, d).Backup)
	if err != nil || made.Incremental || made.Name.Or("") != "on top" {
		t.Errorf("the journal says %s, %+v, %v", newest(t, d).Backup, made.Name, err)
	}
}

// TestLateInterrupt: an apply that is cancelled while its call is under way is not
// called failed, and can be taken back once it has taken effect.
func TestLateInterrupt(t *testing.T) {
	l, d := lateDesk(t)
	before := stateOf(t, d, storetest.WebRoot)
	ctx, cancel := context.WithCancel(t.Context())
	p := cloudPlan(t, d)
	cancelling := &cancels{l, cancel}
	d.Place = cancelling
	e, err := d.Apply(ctx, p)
	wantCode(t, "interrupted", err, core.CodeCancelled)
	if e.State != core.EntryUnsettled || newest(t, d).State != core.EntryUnsettled || !strings.Contains(err.Error(), "hearth settle") {
		t.Fatalf("the journal says %s, %v", newest(t, d).State, err)
	}
	l.lands()
	d.Place = l.Cloud
	_, err = d.Undo(t.Context(), e.ID)
	ok(t, err)
	if now := stateOf(t, d, storetest.WebRoot); !now.Equal(before) {
		t.Errorf("taken back, it differs in %q", now.Diff(before))
	}
}

// cancels is interrupted while a volume is being changed.
type cancels struct {
	*late
	cancel func()
}

func (c *cancels) Rewrite(ctx context.Context, r core.Rewrite) (core.Entry, error) {
	c.cancel()
	return c.late.Rewrite(ctx, r)
}

// TestResetLost: a reset whose answer is lost is looked after: here it took effect.
func TestResetLost(t *testing.T) {
	l, d := lateDesk(t)
	sleep := d.Sleep
	d.Sleep = func(ctx context.Context, pause time.Duration) error {
		l.lands()
		return sleep(ctx, pause)
	}
	ok(t, asking["reset"](t, t.Context(), d))
	if e := newest(t, d); e.State != core.EntryDone || l.asked != 1 {
		t.Errorf("the journal says %s, asked %d times", e.State, l.asked)
	}
}

// TestKilled: what a killed hearth left open of a restore onto a volume is settled by
// what the volume says.
func TestKilled(t *testing.T) {
	for _, arrived := range []bool{true, false} {
		target := storetest.WebRoot
		c, d := cloudDesk(t, func(w *memory.World) {
			for i := range w.Volumes {
				if v := &w.Volumes[i]; v.ID == target {
					v.Size, v.Status, v.UpdatedAt = 5000, core.StatusAvailable, core.Some(clock().Add(-time.Hour))
				}
			}
		})
		e := core.Entry{At: clock(), Place: d.Place.Info().Location, Kind: core.EntryRestore, Volume: target, Backup: storetest.Second}
		_, err := d.Archive.Begin(t.Context(), e)
		ok(t, err)
		want := core.EntryFailed
		if arrived {
			want = core.EntryDone
			_, err := c.RestoreBackup(t.Context(), core.RestoreRequest{Backup: storetest.Second, Volume: target})
			ok(t, err)
			wantSettled(t, "under way", at(d, clock().Add(time.Hour)), "")
			c.Advance()
		}
		wantSettled(t, "at the end", at(d, clock().Add(time.Hour)), want)
	}
}
