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

// relayed is a cloud behind a proxy that sends deletions twice, and loses what asks for a
// backup.
type relayed struct {
	*memory.Cloud
	loses bool
}

func (r relayed) DeleteBackup(ctx context.Context, id core.BackupID, force bool) error {
	if err := r.Cloud.DeleteBackup(ctx, id, force); err != nil {
		return err
	}
	return r.Cloud.DeleteBackup(ctx, id, force)
}

func (r relayed) CreateBackup(ctx context.Context, q core.BackupRequest) (core.Backup, error) {
	if !r.loses {
		return r.Cloud.CreateBackup(ctx, q)
	}
	err := core.Fail(core.CodeUnavailable, "back it up", "there is no answer", "", nil)
	err.Lands = true
	return core.Backup{}, err
}

// TestDeletedTwice: a deletion that a proxy sent twice is refused the second time, and is
// done all the same.
func TestDeletedTwice(t *testing.T) {
	c, d := cloudDesk(t)
	if err := (relayed{Cloud: c}).DeleteBackup(t.Context(), storetest.Tagged, false); core.CodeOf(err) != core.CodeRefused {
		t.Fatalf("the second one is not refused: %v", err)
	}
	c, d = cloudDesk(t)
	d.Place = relayed{Cloud: c}
	p, err := d.PlanDelete(t.Context(), []core.BackupID{storetest.Tagged}, false)
	if err != nil {
		t.Fatal(err)
	}
	results, err := d.Delete(t.Context(), p, true, nil)
	if e := newest(t, d); err != nil || results[0].Err != nil || results[0].Status != "" || e.State != core.EntryDone {
		t.Errorf("%v, %+v, the journal says %s", err, results, e.State)
	}
}

// TestOnlyItsOwnBackup: a backup whose creation got no answer is not seen in one that is
// called alike, or that another creation made a moment ago.
func TestOnlyItsOwnBackup(t *testing.T) {
	for _, x := range []struct{ there, lost string }{{"nightly", "nightly"}, {"night", "nightly"}, {"", "nightly"}, {"full", "of full of"}} {
		t.Run(x.there+", "+x.lost, func(t *testing.T) {
			c, d := cloudDesk(t)
			d.SettleAfter = time.Minute
			make := func(name string) (jobs.Created, error) {
				p, err := d.PlanCreate(t.Context(), core.BackupRequest{Volume: storetest.WebRoot, Name: name})
				if err != nil {
					t.Fatal(err)
				}
				return d.Create(t.Context(), p, true, nil)
			}
			first, err := make(x.there)
			if err != nil {
				t.Fatal(err)
			}
			d.Place = relayed{Cloud: c, loses: true}
			made, err := make(x.lost)
			if err == nil || made.Backup.ID != "" || !strings.Contains(err.Error(), "hearth settle says") {
				t.Errorf("it is told as made: %v, %v", made.Backup.ID, err)
			}
			d.Now = func() time.Time { return clock().Add(time.Hour) }
			if _, left, err := d.SettleAll(t.Context()); err != nil || len(left) > 0 {
				t.Fatalf("left: %+v, %v", left, err)
			}
			if e := newest(t, d); e.State != core.EntryFailed || e.Backup == first.Backup.ID {
				t.Errorf("settled as %s, by %s", e.State, e.Backup)
			}
		})
	}
}
