package jobs

import (
	"context"
	"fmt"

	"hearth/core"
	"hearth/store"
)

// A restore to a volume that hearth makes itself (core.WayHearth): what becomes of the
// volume, and of an entry whose hearth was killed on the way.

// The steps of the entry of such a restore.
const (
	stepMade = iota
	stepRestored
)

func stepsOfMade(v core.VolumeRequest) []core.EntryStep {
	return []core.EntryStep{
		stepMade:     {What: fmt.Sprintf("make the volume %s (%d GiB) for it", core.Visible(v.Name), v.Size)},
		stepRestored: {What: "have Cinder restore onto it"},
	}
}

// makeTarget makes the volume that the backup is restored onto, and returns the
// request with it. The entry knows of it before it is asked for. One that could not be
// made well is taken away again: nothing was written to it.
func (d Desk) makeTarget(ctx context.Context, o store.Operator, r core.RestoreRequest, b *core.Backup, a *account,
	report *core.RestoreReport, progress Progress) (core.RestoreRequest, error) {
	want := core.NewVolumeRequest(r, b)
	progress.say(0, 1, "making the volume %s", core.Visible(want.Name))
	made, err := o.MakeVolume(ctx, want)
	switch {
	case err != nil && (untouched(err) || core.CodeOf(err) == core.CodeDenied):
		a.end(ctx, core.EntryFailed, err.Error())
		return r, err
	case err != nil:
		return r, err // it stays open, for Settle
	case made.Inferred:
		err = core.Fail(core.CodePartial, tryRestore, "Cinder's answer was lost, and volume "+string(made.ID)+" of the name "+want.Name+
			" is there, which may be the one that was asked for: nothing is restored onto it",
			"delete it if nobody else made it, and restore again", nil)
		a.end(ctx, core.EntryHalf, err.Error())
		return r, err
	}
	a.e.Volume = made.ID
	a.note(ctx)
	a.did(ctx, stepMade)
	report.Made, report.VolumeName = made.ID, want.Name
	if a.made != nil {
		if err := a.made(made.ID); err != nil {
			if v, werr := d.awaitMade(ctx, made.ID, progress); werr != nil || v.Status != core.StatusAvailable {
				return r, err // the entry stays open, and names it
			}
			return r, d.takeAway(ctx, o, a, made.ID, err)
		}
	}
	v, err := d.awaitMade(ctx, made.ID, progress)
	switch {
	case err != nil: // it stays open: the volume may come yet, and is named there
		return r, err
	case v.Status != core.StatusAvailable:
		err = core.Fail(core.CodePartial, tryRestore, "the volume "+string(made.ID)+" that hearth made for it ended in "+core.Visible(v.Status)+
			d.whySaid(ctx, string(made.ID)), "see hearth messages "+string(made.ID)+", or restore onto a volume that is there", nil)
		return r, d.takeAway(ctx, o, a, made.ID, err)
	}
	a.owner = v.ProjectID
	r.Volume, r.Name, r.Size, r.Type, r.AvailabilityZone = made.ID, "", 0, "", ""
	return r, nil
}

// awaitMade follows a new volume until it is there, or has failed.
func (d Desk) awaitMade(ctx context.Context, id core.VolumeID, progress Progress) (v core.Volume, err error) {
	err = d.follow(ctx, 0, func() (bool, error) {
		if v, err = d.Place.Volume(ctx, id); err != nil {
			return core.CodeOf(err) == core.CodeNotFound, err
		}
		progress.say(0, 1, "volume %s is %s", core.Visible(v.Title()), v.Status)
		return v.Status != core.StatusCreating && v.Status != "downloading", nil
	})
	if err != nil {
		return v, core.Fail(core.CodeOf(err), tryRestore,
			"volume "+string(id)+" was asked for, and whether it came is not known: "+err.Error(),
			"nothing was restored onto it: delete it, or restore onto it", err)
	}
	return v, nil
}

// whySaid is what Cinder says of something that failed: ": its words", or nothing.
func (d Desk) whySaid(ctx context.Context, resource string) string {
	if m, err := d.Messages(ctx, resource); err == nil && len(m) > 0 {
		return ": " + m[0].Text
	}
	return ""
}

// refusedOnMade ends a restore that Cinder did not take. Where it is sure that
// nothing was begun, the volume goes again; else it stays and is named.
func (d Desk) refusedOnMade(ctx context.Context, o store.Operator, a *account, refused bool, err error) error {
	id := a.e.Volume
	if refused || untouched(err) || core.CodeOf(err) == core.CodeDenied {
		return d.takeAway(ctx, o, a, id, err)
	}
	return core.Fail(core.CodeOf(err), tryRestore,
		"whether the restore began onto volume "+string(id)+", which hearth made for it, is not known: "+err.Error(),
		"look at it before you try again; the volume stays", err) // the entry stays open, for Settle
}

// takeAway deletes a volume that hearth made and that nothing was written to, ends the
// entry, and returns why the restore failed, with what became of the volume. One that
// somebody took into use meanwhile, or that Cinder did begin to restore onto, stays.
func (d Desk) takeAway(ctx context.Context, o store.Operator, a *account, id core.VolumeID, why error) error {
	ctx = context.WithoutCancel(ctx)
	stays := func(text string) error {
		err := core.Fail(core.CodeOf(why), tryRestore, why.Error()+"; volume "+string(id)+", which hearth made for it, "+text,
			"delete it if it is not wanted", why)
		a.end(ctx, core.EntryHalf, err.Error())
		return err
	}
	v, err := d.Place.Volume(ctx, id)
	switch {
	case core.CodeOf(err) == core.CodeNotFound:
	case err != nil:
		return stays("could not be looked at and stays: " + err.Error())
	case v.Status != core.StatusAvailable && v.Status != core.StatusError, core.RestoredFrom(&v) != "", len(v.Attachments) > 0:
		return stays("is " + core.Visible(v.Status) + " and stays")
	default:
		if err := o.DeleteVolume(ctx, id); err != nil {
			return stays("could not be deleted: " + err.Error())
		}
	}
	a.end(ctx, core.EntryFailed, why.Error())
	return why
}

// madeOutcome says what became of a restore to a volume that hearth makes, by its
// steps and by the volume: one that is available has the backup only if it says so, or
// if Cinder took the restore.
func (d Desk) madeOutcome(ctx context.Context, e core.Entry) (core.EntryState, error) {
	if e.Volume == "" { // the answer never came: whether there is a volume is not known
		return core.EntryHalf, nil
	}
	v, err := d.Place.Volume(ctx, e.Volume)
	switch {
	case core.CodeOf(err) == core.CodeNotFound:
		return core.EntryFailed, nil
	case err != nil:
		return core.EntryOpen, err
	case core.InTransit(v.Status):
		return core.EntryOpen, nil
	case core.Failed(v.Status):
		return core.EntryFailed, nil
	case core.RestoredFrom(&v) == e.Backup, e.Steps[stepRestored].Done:
		return core.EntryDone, nil
	}
	return core.EntryHalf, nil // it was made, and nothing shows that anything was put on it
}
