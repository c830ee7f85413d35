package jobs

import (
	"cmp"
	"context"
	"fmt"

	"hearth/core"
	"hearth/store"
)

// A restore that is cancelled goes on in the cloud, and the volume that was made for it
// stays: here it is looked at and, where that was asked for, taken away.

// Leftover is a volume that was made for a restore which nobody waits for any more.
type Leftover struct {
	Volume core.VolumeID
	Name   string // and its status, when it was looked at
	Status string
	Backup core.BackupID
	// Stays says why it is not taken away, "" if it can be, as soon as it is not under way.
	Stays string
}

// Title is its name, or its id where it has none.
func (l *Leftover) Title() string { return cmp.Or(l.Name, string(l.Volume)) }

const tryLeftover = "take away what the restore left"

// Leftover looks at the volume that a restore made, by its report.
func (d Desk) Leftover(ctx context.Context, r *core.RestoreReport) (Leftover, error) {
	v, err := d.Place.Volume(ctx, r.Made)
	if err != nil {
		return Leftover{Volume: r.Made, Backup: r.Backup}, err
	}
	l := Leftover{Volume: v.ID, Name: v.Name.Or(""), Status: v.Status, Backup: r.Backup}
	l.Stays = l.stays(&v)
	return l, nil
}

// stays says why a volume is not taken away: it is not what the restore left any more.
func (l *Leftover) stays(v *core.Volume) string {
	from := core.RestoredFrom(v)
	switch {
	case len(v.Attachments) > 0:
		return "it is attached to a server"
	case from != "" && from != l.Backup:
		return "it says that backup " + core.Visible(string(from)) + " was put on it"
	case !core.InTransit(v.Status) && v.Status != core.StatusAvailable && !core.Failed(v.Status):
		return "it is " + core.Visible(v.Status)
	}
	return ""
}

// DropLeftover deletes such a volume, and waits until it is gone. As long as something is
// put on it Cinder deletes none: that is waited for first. What it is then is looked at
// again, and one that is no leftover any more stays. It is an entry of the journal.
func (d Desk) DropLeftover(ctx context.Context, l Leftover, progress Progress) error {
	o, err := d.operator(core.OpRestore)
	if err != nil {
		return err
	}
	e := core.Entry{Kind: core.EntryDelete, Volume: l.Volume, Backup: l.Backup,
		Summary: fmt.Sprintf("deletion of volume %s, which a cancelled restore left", core.Visible(l.Title())),
		Steps:   []core.EntryStep{{What: "delete volume " + string(l.Volume)}}}
	_, err = d.byIntent(ctx, e, func(a *account) error { return d.dropLeftover(ctx, o, l, a, progress) })
	return err
}

func (d Desk) dropLeftover(ctx context.Context, o store.Operator, l Leftover, a *account, progress Progress) error {
	asked, idle := false, 0
	err := d.follow(ctx, 0, func() (over bool, err error) {
		v, err := d.Place.Volume(ctx, l.Volume)
		switch {
		case core.CodeOf(err) == core.CodeNotFound:
			return true, nil
		case err != nil:
			return false, err
		case asked && v.Status == core.StatusErrorDeleting:
			return true, refuse(tryLeftover, "its deletion failed"+d.whySaid(ctx, string(l.Volume)), "see what cinder-volume says")
		case asked && v.Status != core.StatusDeleting:
			if idle++; idle > doubtful {
				return true, refuse(tryLeftover, "its deletion was asked for, and it is still "+core.Visible(v.Status), "look at it again")
			}
			return false, nil
		case asked:
			return false, nil
		case core.InTransit(v.Status):
			progress.say(0, 1, "waiting: volume %s is %s, and Cinder deletes none that is", core.Visible(v.Title()), v.Status)
			return false, nil
		}
		if why := l.stays(&v); why != "" {
			return true, refuse(tryLeftover, why, "delete it yourself if it is not wanted")
		}
		progress.say(0, 1, "deleting volume %s", core.Visible(v.Title()))
		asked = true
		if err := o.DeleteVolume(ctx, l.Volume); err != nil && core.CodeOf(err) != core.CodeNotFound &&
			core.CodeOf(err) != core.CodeUnavailable { // no answer: it is looked at
			return true, err
		}
		return false, nil
	})
	if err == nil {
		a.did(ctx, 0)
	}
	return err
}

// leftoverOutcome says what became of such a deletion that was cut short.
func (d Desk) leftoverOutcome(ctx context.Context, e core.Entry) (core.EntryState, error) {
	v, err := d.Place.Volume(ctx, e.Volume)
	switch {
	case core.CodeOf(err) == core.CodeNotFound:
		return core.EntryDone, nil
	case err != nil, v.Status == core.StatusDeleting:
		return core.EntryOpen, err
	}
	return core.EntryFailed, nil
}
