package jobs

import (
	"context"
	"strings"

	"hearth/core"
)

// What a difference is of is read here; how it differs is [core.DiffOf].

// BackupSide is what is known of what a backup captured, to be held against something
// else. That nobody has it is no error: nothing is known of the side then.
func (d Desk) BackupSide(ctx context.Context, id core.BackupID) (core.DiffSide, error) {
	_, l, warnings, err := d.backupLayer(ctx, id)
	if err != nil {
		return core.DiffSide{}, err
	}
	s := core.SideOfLayer(&l)
	if !s.Known() && len(warnings) > 0 {
		s.Doubt += ": " + strings.Join(warnings, "; ")
	}
	return s, nil
}

// VolumeSide is a volume as it is now.
func (d Desk) VolumeSide(ctx context.Context, id core.VolumeID) (core.DiffSide, error) {
	now, v, err := d.Capture(ctx, id, 2)
	if err != nil {
		return core.DiffSide{}, err
	}
	return core.SideOfVolume(&v, now), nil
}

// PlanSide is what a restore comes to, and whether it can be done; title tells it from
// the one that it is held against, as by its target or its rule set.
func (d Desk) PlanSide(ctx context.Context, r PlanRequest, title string) (core.DiffSide, error) {
	p, err := d.Plan(ctx, r)
	if err != nil {
		return core.DiffSide{}, err
	}
	if err := d.Weigh(ctx, p, r); err != nil {
		return core.DiffSide{}, err
	}
	return core.SideOfPlan(p, title), nil
}
