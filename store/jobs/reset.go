package jobs

import (
	"context"
	"time"

	"hearth/core"
)

// ResetPlan is a reset of backups, looked at beforehand.
type ResetPlan struct {
	Status string
	Items  []ResetItem
}

// ResetItem is one of the backups.
type ResetItem struct {
	Backup core.Backup
	Says   string // what the reset stops or leaves behind; "" where nothing is under way
}

// PlanReset says what setting the status of backups would do.
func (d Desk) PlanReset(ctx context.Context, ids []core.BackupID, status string) (ResetPlan, error) {
	p := ResetPlan{Status: status}
	if _, err := d.operator(core.OpReset); err != nil {
		return p, err
	}
	if status != core.StatusAvailable && status != core.StatusError {
		return p, refuse(string(core.OpReset), "Cinder sets a backup to available or error, and not to "+status, "")
	}
	for _, id := range ids {
		b, err := d.Place.Backup(ctx, id)
		if err != nil {
			return p, err
		}
		p.Items = append(p.Items, ResetItem{b, resets(&b, status)})
	}
	return p, nil
}

// resets says what a reset does to a backup (cinder/backup/manager.py
// reset_status; chunkeddriver.py restore looks at the status between two objects).
func resets(b *core.Backup, status string) string {
	switch b.Status {
	case core.StatusRestoring:
		return "cancels the restore that is under way (Cinder 13 and later): its volume ends in error, half written"
	case core.StatusCreating:
		text := "the backup that is being made goes on in its service, and its temporary volume or snapshot is deleted under it"
		if status == core.StatusAvailable {
			text += "; it would look available without being whole"
		}
		return text
	case core.StatusDeleting:
		return "its deletion goes on in its service: some of its files may be gone"
	case core.StatusError, core.StatusErrorDeleting:
		if status == core.StatusAvailable {
			return "it says that something went wrong: available does not make it whole, and a restore may fail after it has touched its target"
		}
	}
	return ""
}

// resetPatience is how long a status may take to change.
const resetPatience = 30 * time.Second

// Reset sets the status of each backup, and looks whether it has changed.
func (d Desk) Reset(ctx context.Context, p ResetPlan, progress Progress) ([]Result, error) {
	o, err := d.operator(core.OpReset)
	if err != nil {
		return nil, err
	}
	var backups []core.Backup
	e := core.Entry{Kind: core.EntryReset}
	for _, it := range p.Items {
		backups = append(backups, it.Backup)
		e.Backups = append(e.Backups, it.Backup.ID)
	}
	if len(backups) == 0 {
		return nil, core.Fail(core.CodeUsage, string(core.OpReset), "no backup is named", "", nil)
	}
	e.Steps = steps(backups, func(b core.Backup) string { return "set " + string(b.ID) + " from " + b.Status + " to " + p.Status })
	e.Summary = "reset to " + p.Status + " of " + named(backups)
	a, err := d.begin(ctx, e)
	if err != nil {
		return nil, err
	}
	defer a.leave(ctx)
	var results []Result
	for i, b := range backups {
		progress.say(i, len(backups), "setting %s to %s", core.Visible(b.Title()), p.Status)
		r := Result{Backup: b, Status: b.Status, Err: ctx.Err()}
		if r.Err != nil {
			r.Err = core.Fail(core.CodeCancelled, string(core.OpReset), "it was cancelled", "", r.Err)
		} else if r.Err = o.ResetBackup(ctx, b.ID, p.Status); r.Err == nil {
			a.did(ctx, i)
			r.Status, r.Err = d.followReset(ctx, b, p.Status)
		}
		results = append(results, r)
	}
	progress.say(len(backups), len(backups), "done")
	err = failures("reset all", results)
	why := ""
	if err != nil {
		why = err.Error()
	}
	if aerr := a.endBy(ctx, why); err == nil {
		err = aerr
	}
	return results, err
}

// followReset looks until a backup has the status; Cinder sets it after its answer.
func (d Desk) followReset(ctx context.Context, b core.Backup, status string) (now string, err error) {
	err = d.follow(ctx, resetPatience, func() (bool, error) {
		row, err := d.Place.Backup(ctx, b.ID)
		now = row.Status
		return err == nil && now == status, err
	})
	if err == errPatience {
		err = core.Fail(core.CodePartial, "reset backup "+b.Title(), "Cinder took it, and it is still "+now,
			"its service may be down, or another driver may have made it", nil)
	}
	return now, err
}
