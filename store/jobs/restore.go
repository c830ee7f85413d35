package jobs

import (
	"context"
	"fmt"
	"time"

	"hearth/core"
)

const tryRestore = string(core.OpRestore)

// CheckRestore is [Desk.Can] as an error: what stands against a restore for certain,
// before anything is made or sent. What is not known stands against none.
func (d Desk) CheckRestore(ctx context.Context, r core.RestoreRequest) error {
	_, err := d.checkRestore(ctx, CanRequest{Restore: r})
	return err
}

func (d Desk) checkRestore(ctx context.Context, r CanRequest) (core.RestoreFacts, error) {
	if q := &r.Restore; q.Volume != "" && (q.Name != "" || q.Shaped()) {
		return core.RestoreFacts{}, core.Fail(core.CodeUsage, tryRestore, "a name, size, type or zone is for a new volume",
			"leave it out, or the volume", nil)
	}
	f, err := d.restoreFacts(ctx, r)
	if err != nil {
		return f, err
	}
	return f, Blocked(f.Can())
}

// Restore has Cinder put a backup's data and metadata on a volume, on one that hearth
// makes first where the request's route, or else the plan's, says so. With wait it
// watches the volume, as a failed restore leaves the backup available, and compares
// what comes out with the plan; nil is no plan. The report is there also with an error,
// and names its volume once Cinder has accepted the restore: CodePartial where the
// restore failed or did not come out as planned.
func (d Desk) Restore(ctx context.Context, r core.RestoreRequest, plan *core.Plan, wait bool,
	progress Progress) (*core.RestoreReport, error) {
	return d.restore(ctx, r, plan, wait, nil, progress)
}

// restore is Restore that tells made of a volume which hearth makes for it, before anything
// is put on it: what made does not take note of goes again. nil is nobody.
func (d Desk) restore(ctx context.Context, r core.RestoreRequest, plan *core.Plan, wait bool, made func(core.VolumeID) error,
	progress Progress) (*core.RestoreReport, error) {
	report := &core.RestoreReport{Plan: plan, Backup: r.Backup, VolumeName: r.Name}
	o, err := d.operator(core.OpRestore)
	if err != nil {
		return report, err
	}
	if plan != nil && r.Route.Way == "" && r.Volume == "" { // what was shown is what is done
		r.Route = plan.Target.Route
	}
	f, err := d.checkRestore(ctx, CanRequest{Restore: r, Plan: plan})
	if err != nil {
		return report, err
	}
	b := f.Backup.V
	r, report.Route = f.Request, f.Request.Route
	onto := "a new volume " + r.Name
	if f.Target != nil {
		onto, report.VolumeName = f.Target.Title(), f.Target.Title()
	}
	e := core.Entry{Kind: core.EntryRestore, Volume: r.Volume, Backup: r.Backup,
		Summary: fmt.Sprintf("restore of %s onto %s", core.Visible(b.Title()), core.Visible(onto))}
	if plan != nil {
		e.Before, e.After = &plan.Before, &plan.After
	}
	if r.Route.Way == core.WayHearth {
		e.Steps = stepsOfMade(core.NewVolumeRequest(r, &b))
	}
	a, err := d.begin(ctx, e)
	report.Entry = a.e.ID
	if err != nil {
		return report, err
	}
	defer a.leave(ctx)
	a.made = made
	if r.Route.Way == core.WayHearth {
		if r, err = d.makeTarget(ctx, o, r, &b, a, report, progress); err != nil {
			return report, err
		}
	}
	progress.say(0, 1, "asking for the restore")
	makes := r.Volume == ""
	done, err := o.RestoreBackup(ctx, r)
	if err != nil && r.Route.Way == core.WayHearth {
		return report, d.refusedOnMade(ctx, o, a, done.Refused, err)
	}
	if err != nil {
		if untouched(err) || core.CodeOf(err) == core.CodeDenied {
			a.end(ctx, core.EntryFailed, err.Error())
		} else if core.MayLand(err) && d.SettleAfter > 0 { // it stays open, for Settle
			err = unsettled(err, d.SettleAfter)
		}
		return report, err
	}
	report.Volume, report.VolumeName, report.Inferred = done.Volume, done.VolumeName, done.Inferred
	if makes && !done.Inferred {
		report.Made = done.Volume
	}
	if !done.Inferred { // else the journal must not say that the volume holds the backup
		a.e.Volume = done.Volume
		a.note(ctx)
		a.did(ctx, stepRestored)
	}
	if !wait {
		return report, nil // the entry stays open, for Settle
	}
	return report, d.watch(ctx, &b, a, report, progress)
}

// doubtful is how often a volume that nobody has seen restoring is found available
// before it is given up: some 30 seconds. Cinder begins within one.
const doubtful = 10

// watch follows a restore to its end and says what came of it.
func (d Desk) watch(ctx context.Context, b *core.Backup, a *account, report *core.RestoreReport, progress Progress) error {
	v, err := d.watchVolume(ctx, b, a, report, progress)
	if err != nil {
		return err // it stays open, for Settle
	}
	report.Waited = true
	if now, err := d.Place.Backup(ctx, b.ID); err == nil {
		report.BackupStatus = now.Status
	}
	switch {
	case report.Inferred:
		err = core.Fail(core.CodePartial, tryRestore, report.Verdict(),
			"delete volume "+string(report.Volume)+" if nobody else made it, and restore again", nil)
	case report.Failed():
		err = d.restoreFailed(ctx, report, a.e.At)
	}
	if err != nil {
		if aerr := a.end(ctx, core.EntryFailed, err.Error()); aerr != nil {
			return aerr
		}
		return err
	}
	progress.say(1, 1, "comparing with the plan")
	if report.Plan != nil {
		d.compare(ctx, report, b, &v)
	}
	if err := a.end(ctx, core.EntryDone, ""); err != nil {
		return err
	}
	if len(report.Differing()) > 0 {
		return core.Fail(core.CodePartial, "restore as planned", report.Verdict(), "see what differs", nil)
	}
	return nil
}

// lookAgainAt is how often a restore that does not come out as planned is looked at again
// before that is said, a second apart.
const lookAgainAt = 3

// compare holds what came to the plan. Cinder's services write a volume after it has become
// available, too: on a busy Cinder 26 one that was made from a backup lacked a field of the
// plan for a moment. What differs is looked at again before it is said.
func (d Desk) compare(ctx context.Context, report *core.RestoreReport, b *core.Backup, v *core.Volume) {
	for n := 0; ; n++ {
		report.Fields = core.CompareRestore(report.Plan, b, v)
		if len(report.Differing()) == 0 || n == lookAgainAt || d.sleep(ctx, time.Second) != nil {
			return
		}
		again, err := d.Place.Volume(ctx, report.Volume)
		if err != nil {
			return
		}
		v = &again
	}
}

// watchVolume follows the volume of a restore until that is over. One whose answer
// was lost has begun once its volume is seen restoring, or says what it was restored
// from: a volume that is there and available may just be new. One that was deleted, is
// another project's, or is at something else than a restore and stays so, is waited for no
// more: CodePartial, as what it holds is not known.
func (d Desk) watchVolume(ctx context.Context, b *core.Backup, a *account, report *core.RestoreReport,
	progress Progress) (v core.Volume, err error) {
	idle := 0
	lost := func(what string) error {
		return core.Fail(core.CodePartial, tryRestore, "volume "+string(report.Volume)+" "+what+" while it was restored onto",
			"what it holds is not known; restore again", nil)
	}
	err = d.follow(ctx, 0, func() (over bool, err error) {
		v, err = d.Place.Volume(ctx, report.Volume)
		if core.CodeOf(err) == core.CodeNotFound {
			return true, lost("was deleted, or given to another project,")
		}
		if err != nil {
			if core.CodeOf(err) == core.CodeUnavailable {
				progress.say(0, 1, "no answer; the restore goes on in the cloud, and is looked at again")
			}
			return false, err
		}
		if a.owner != "" && v.ProjectID != "" && v.ProjectID != a.owner {
			return true, lost("was given to another project")
		}
		report.VolumeName, report.VolumeStatus = v.Title(), v.Status
		if report.Inferred && (v.Status == "restoring-backup" || v.Status == "error_restoring" || core.RestoredFrom(&v) == b.ID) {
			report.Inferred, a.e.Volume = false, report.Volume
			a.note(ctx)
		}
		progress.say(0, 1, "volume %s is %s", core.Visible(v.Title()), v.Status)
		switch {
		case core.Failed(v.Status):
			return true, nil
		case puttingOn(v.Status):
			idle = 0
			return false, nil
		case v.Status != core.StatusAvailable && v.Status != "in-use":
			if idle++; idle > doubtful {
				return true, lost("became " + core.Visible(v.Status))
			}
			return false, nil
		case report.Inferred:
			idle++
			return idle > doubtful, nil
		}
		return true, nil
	})
	return v, err
}

// restoreFailed is the error of a failed restore, in Cinder's words where it has
// some.
func (d Desk) restoreFailed(ctx context.Context, report *core.RestoreReport, since time.Time) error {
	report.Messages, _ = d.messagesSince(ctx, since, string(report.Volume), string(report.Backup))
	what := report.Verdict()
	if len(report.Messages) > 0 {
		what += ": " + report.Messages[0].Text
	}
	return core.Fail(core.CodePartial, tryRestore, what,
		"what the volume holds now is not to be trusted; look at the log of cinder-backup, and restore again", nil)
}
