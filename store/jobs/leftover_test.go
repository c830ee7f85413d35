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

// givenUp begins a restore that is cancelled at the nth pause.
func givenUp(t *testing.T, r core.RestoreRequest, nth int) (*memory.Cloud, jobs.Desk, *core.RestoreReport) {
	t.Helper()
	c, d := cloudDesk(t, func(w *memory.World) {
		for i := range w.Volumes {
			w.Volumes[i].Size = 500 // a restore fits on each
		}
	})
	patient := d
	d.Sleep = func(ctx context.Context, pause time.Duration) error {
		if nth--; nth <= 0 {
			return context.Canceled
		}
		return c.Sleep(ctx, pause)
	}
	report, err := d.Restore(t.Context(), r, nil, true, nil)
	if core.CodeOf(err) != core.CodeCancelled {
		t.Fatalf("it ends by %v", err)
	}
	return c, patient, report
}

// TestLeftover: the volume that a cancelled restore made is known, whoever made it and however
// far that was; it is deleted once nothing is put on it, and the journal has it.
func TestLeftover(t *testing.T) {
	for what, x := range map[string]struct {
		request core.RestoreRequest
		nth     int
	}{
		"made by Cinder":                 {core.RestoreRequest{Backup: storetest.Full}, 1},
		"made by hearth, not there yet":  {core.RestoreRequest{Backup: storetest.Full, Route: core.Route{Way: core.WayHearth}}, 1},
		"made by hearth, and underway":   {core.RestoreRequest{Backup: storetest.Full, Route: core.Route{Way: core.WayHearth}}, 2},
		"made by Cinder, with a name   ": {core.RestoreRequest{Backup: storetest.Full, Name: "fresh"}, 1},
	} {
		t.Run(what, func(t *testing.T) {
			c, d, report := givenUp(t, x.request, x.nth)
			l, err := d.Leftover(t.Context(), report)
			if ok(t, err); report.Made == "" || l.Stays != "" {
				t.Fatalf("%+v, %+v", report, l)
			}
			ok(t, d.DropLeftover(t.Context(), l, nil))
			if _, err := d.Place.Volume(t.Context(), report.Made); core.CodeOf(err) != core.CodeNotFound {
				t.Errorf("the volume is still there: %v", err)
			}
			if e := newest(t, d); e.Kind != core.EntryDelete || e.State != core.EntryDone || e.Volume != report.Made || !e.Steps[0].Done {
				t.Errorf("the journal says %+v", e)
			}
			if n := len(c.Calls()); n == 0 {
				t.Error("nothing was asked")
			}
			if _, err := d.Settle(t.Context()); err != nil {
				t.Error(err)
			}
			for _, e := range journal(t, d) {
				if e.Kind == core.EntryRestore && e.State != core.EntryFailed && e.State != core.EntryOpen {
					t.Errorf("the restore's own entry says %s", e.State)
				}
			}
		})
	}
}

// TestLeftoverStays: what is in use, or has become somebody's, is not deleted, also where that
// came after it was asked about; and a restore onto a volume that was there leaves none.
func TestLeftoverStays(t *testing.T) {
	c, d, report := givenUp(t, core.RestoreRequest{Backup: storetest.Full}, 1)
	l, err := d.Leftover(t.Context(), report)
	ok(t, err)
	for range 9 {
		ok(t, c.Sleep(t.Context(), time.Minute))
	}
	d.Place = taken{c, report.Made}
	err = d.DropLeftover(t.Context(), l, nil)
	if core.CodeOf(err) != core.CodeRefused || !strings.Contains(err.Error(), "attached to a server") {
		t.Errorf("%v", err)
	}
	if l, err = d.Leftover(t.Context(), report); err != nil || l.Stays == "" {
		t.Errorf("%+v, %v", l, err)
	}
	if e := newest(t, d); e.Kind != core.EntryDelete || e.State != core.EntryFailed {
		t.Errorf("the journal says %+v", e)
	}
	if _, _, report := givenUp(t, core.RestoreRequest{Backup: storetest.Full, Volume: storetest.WebRoot}, 1); report.Made != "" {
		t.Errorf("the volume %s that was there is left behind", report.Made)
	}
}

// taken is a cloud where a volume has been attached.
type taken struct {
	*memory.Cloud
	volume core.VolumeID
}

func (x taken) Volume(ctx context.Context, id core.VolumeID) (core.Volume, error) {
	v, err := x.Cloud.Volume(ctx, id)
	if id == x.volume {
		v.Status, v.Attachments = "in-use", []core.Attachment{{Server: "web-1", Device: "/dev/vdb"}}
	}
	return v, err
}

// TestLeftoverOddly: a deletion whose answer is lost, that nothing comes of or that fails is not
// told as done, and one whose answer is lost and that took effect is.
func TestLeftoverOddly(t *testing.T) {
	lost := core.Fail(core.CodeUnavailable, "delete", "no answer", "", nil)
	for what, x := range map[string]struct {
		err  error
		code core.Code
	}{
		"no answer, and nothing comes of it": {lost, core.CodeRefused},
		"refused":                            {core.Fail(core.CodeRefused, "delete", "it has snapshots", "", nil), core.CodeRefused},
		"no role":                            {core.Fail(core.CodeDenied, "delete", "your role may not", "", nil), core.CodeDenied},
	} {
		t.Run(what, func(t *testing.T) {
			c, d, report := givenUp(t, core.RestoreRequest{Backup: storetest.Full}, 1)
			l, err := d.Leftover(t.Context(), report)
			ok(t, err)
			c.FailEach("DeleteVolume", x.err)
			if err := d.DropLeftover(t.Context(), l, nil); core.CodeOf(err) != x.code {
				t.Errorf("%v", err)
			}
			if e := newest(t, d); e.Kind != core.EntryDelete || e.State == core.EntryDone || e.Steps[0].Done {
				t.Errorf("the journal says %+v", e)
			}
		})
	}
	c, d, report := givenUp(t, core.RestoreRequest{Backup: storetest.Full}, 1)
	l, err := d.Leftover(t.Context(), report)
	ok(t, err)
	d.Place = deafTo{c}
	ok(t, d.DropLeftover(t.Context(), l, nil))
	if e := newest(t, d); e.State != core.EntryDone {
		t.Errorf("the journal says %+v", e)
	}
}

// deafTo is a cloud whose answer to a deletion is lost.
type deafTo struct{ *memory.Cloud }

func (x deafTo) DeleteVolume(ctx context.Context, id core.VolumeID) error {
	if err := x.Cloud.DeleteVolume(ctx, id); err != nil {
		return err
	}
	return core.Fail(core.CodeUnavailable, "delete", "no answer", "", nil)
}
