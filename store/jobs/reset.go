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
	Left   func(*core.Backup) string // as Picked has it
}

// Todo counts the backups that do not have the status yet.
func (p *ResetPlan) Todo() (n int) {
	for i := range p.Items {
		if p.Items[i].Backup.Status != p.Status {
			n++
		}
	}
	return n
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
	rows, err := d.allOf(ctx, ids)
	for i := range rows {
		p.Items = append(p.Items, ResetItem{rows[i], resets(&rows[i], status)})
	}
	return p, err
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

// Reset sets the status of each backup, and looks whether it has changed. One that
// has it already is left alone; where all have, nothing is accounted for.
func (d Desk) Reset(ctx context.Context, p ResetPlan, progress Progress) ([]Result, error) {
	o, err := d.operator(core.OpReset)
	if err != nil {
		return nil, err
	}
	if len(p.Items) == 0 {
		return nil, core.Fail(core.CodeUsage, string(core.OpReset), "no backup is named", "", nil)
	}
	results, todo := d.already(ctx, p)
	if len(todo) == 0 {
		return results, failures("reset all", results)
	}
	var backups []core.Backup
	e := core.Entry{Kind: core.EntryReset}
	for _, i := range todo {
		backups = append(backups, results[i].Backup)
		e.Backups = append(e.Backups, results[i].Backup.ID)
	}
	e.Steps = steps(backups, func(b core.Backup) string { return "set " + string(b.ID) + " from " + b.Status + " to " + p.Status })
	e.Summary = "reset to " + p.Status + " of " + named(backups)
	a, err := d.begin(ctx, e)
	if err != nil {
		return nil, err
	}
	defer a.leave(ctx)
	for step, i := range todo {
		r := &results[i]
		progress.say(step, len(todo), "setting %s to %s", core.Visible(r.Backup.Title()), p.Status)
		if r.Err = ctx.Err(); r.Err != nil {
			r.Err = core.Fail(core.CodeCancelled, string(core.OpReset), "it was cancelled", "", r.Err)
		} else if r.Err = d.leave(ctx, p.Left, r.Backup.ID, "reset backup "+r.Backup.Title()); r.Err != nil {
			continue
		} else if r.Err = o.ResetBackup(ctx, r.Backup.ID, p.Status); r.Err == nil {
			a.did(ctx, step)
			r.Status, r.Err = d.followReset(ctx, r.Backup, p.Status)
		} else if core.MayLand(r.Err) { // its answer is lost: the place says whether it was done
			if now, err := d.followReset(ctx, r.Backup, p.Status); err == nil {
				a.did(ctx, step)
				r.Status, r.Err = now, nil
			}
			a.doubt(r.Err)
		}
	}
	progress.say(len(todo), len(todo), "done")
	err = failures("reset all", results)
	err = a.endBy(ctx, err)
	return results, err
}

// already looks at the backups once more and says which are to be reset: those that
// do not have the status by now. One that cannot be looked at is not.
func (d Desk) already(ctx context.Context, p ResetPlan) (results []Result, todo []int) {
	for i, it := range p.Items {
		r := Result{Backup: it.Backup, Status: it.Backup.Status}
		now, err := d.Place.Backup(ctx, it.Backup.ID)
		switch {
		case err != nil:
			r.Err = err
		case now.Status != p.Status:
			todo = append(todo, i)
			fallthrough
		default:
			r.Backup, r.Status = now, now.Status
		}
		results = append(results, r)
	}
	return results, todo
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
