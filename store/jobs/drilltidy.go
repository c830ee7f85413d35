package jobs

import (
	"context"
	"strings"

	"hearth/core"
	"hearth/store"
)

// leftDrills are the drills whose volumes may still be there, and that nobody is at work on.
func (d Desk) leftDrills(ctx context.Context) (left []core.Drill, err error) {
	if d.Archive == nil {
		return nil, nil
	}
	rows, err := d.Archive.LeftDrills(ctx, d.location())
	if err != nil {
		return nil, err
	}
	for i := range rows {
		e, err := d.Archive.Entry(ctx, rows[i].Entry)
		switch {
		case core.CodeOf(err) == core.CodeNotFound:
		case err != nil:
			return nil, err
		case d.worked(&e):
			continue
		}
		left = append(left, rows[i])
	}
	return left, nil
}

// LeftDrills are the drills whose volumes may still be there, as after a kill, and that
// nobody is at work on.
func (d Desk) LeftDrills(ctx context.Context) ([]core.Drill, error) {
	if err := d.keeps("look for what drills left"); err != nil {
		return nil, err
	}
	return d.leftDrills(ctx)
}

// TidyDrills deletes the volumes that drills left, and only those: a volume is a drill's by
// its id, which was noted before anything was put on it, or where the drill was killed
// before that by its name, which was noted before it was asked for and which nothing else
// has; and only as long as it has that name. It returns what became of each.
func (d Desk) TidyDrills(ctx context.Context, progress Progress) ([]core.Drill, error) {
	const tried = "tidy up after drills"
	if err := d.writes(tried); err != nil {
		return nil, err
	}
	left, err := d.leftDrills(ctx)
	if err != nil || len(left) == 0 {
		return left, err
	}
	if _, err := d.operator(core.OpRestore); err != nil {
		return left, err
	}
	a, err := d.begin(ctx, core.Entry{Kind: core.EntryDrill, Summary: "deletion of what drills left: " + core.Count(len(left), "volume"),
		Steps: steps(left, func(x core.Drill) string { return "delete the volume " + x.Name })})
	if err != nil {
		return left, err
	}
	defer a.leave(ctx)
	gone := 0
	for i := range left {
		x := &left[i]
		if x.Verdict == "" {
			x.Verdict, x.Why = core.DrillUnknown, "it was cut short"
		}
		d.dropDrill(ctx, x, progress)
		if err := d.Archive.KeepDrill(context.WithoutCancel(ctx), *x); err != nil {
			return left, a.endBy(ctx, err)
		}
		if x.Gone {
			a.did(ctx, i)
			gone++
			d.Archive.MarkFinished(context.WithoutCancel(ctx), x.Entry, a.e.ID)
		}
	}
	if n := len(left) - gone; n > 0 {
		return left, a.endBy(ctx, core.Fail(core.CodePartial, tried, drillLeft(n), "see what is said of each", nil))
	}
	return left, a.endBy(ctx, nil)
}

// dropDrill deletes the volume that a drill made, and says in x what became of it. It goes
// on where the user gave up, but waits for nothing then.
func (d Desk) dropDrill(ctx context.Context, x *core.Drill, progress Progress) {
	x.Gone, x.Left = false, ""
	gaveUp := ctx.Err() != nil
	work := context.WithoutCancel(ctx)
	if x.Volume == "" {
		if x.Volume, x.Left = d.findDrilled(work, x); x.Volume == "" {
			x.Gone = x.Left == ""
			return
		}
		if err := d.Archive.KeepDrill(work, *x); err != nil {
			x.Left = "that it is the drill's could not be noted: " + because(err)
			return
		}
	}
	asked, idle, busy, owner := false, 0, 0, d.drillProject(work)
	err := d.follow(ctx, 0, func() (over bool, err error) {
		v, err := d.Place.Volume(work, x.Volume)
		switch {
		case core.CodeOf(err) == core.CodeNotFound:
			x.Gone = true
			return true, nil
		case err != nil:
			return false, err
		}
		progress.say(0, 1, "deleting %s, which is %s", core.Visible(x.Name), v.Status)
		switch {
		case !asked && owner != "" && v.ProjectID != "" && v.ProjectID != owner:
			x.Left = "it is another project's now"
			return true, nil
		case !asked && v.Name.Or("") == x.Name && core.InTransit(v.Status) && !gaveUp:
			if busy++; !puttingOn(v.Status) && busy > doubtful {
				x.Left = "it is " + core.Visible(v.Status) + ", and stays so"
				return true, nil
			}
			return false, nil // what is put on it goes on
		case !asked:
			asked, x.Left = d.dropOnce(work, x, &v)
			return !asked, nil
		case v.Status == core.StatusErrorDeleting:
			x.Left = "its deletion failed" + d.whySaid(work, string(x.Volume))
			return true, nil
		case v.Status != core.StatusDeleting:
			idle++ // it was asked for, and is as it was
		}
		if idle > doubtful {
			x.Left = "its deletion was asked for, and it is still " + v.Status
		}
		return idle > doubtful, nil
	})
	switch {
	case x.Gone:
		x.Left = ""
	case x.Left == "" && asked:
		x.Left = "its deletion was asked for, and is not seen to its end"
	case x.Left == "" && err != nil:
		x.Left = because(err)
	}
}

// puttingOn reports whether Cinder is putting something on a volume, which ends by itself.
func puttingOn(status string) bool {
	return status == core.StatusCreating || status == "downloading" || status == "restoring-backup"
}

// drillProject is the project that the login is for, whose the volumes of drills are; "" where
// that is not known.
func (d Desk) drillProject(ctx context.Context) core.ProjectID {
	s, ok := d.Place.(store.Scoper)
	if !ok {
		return ""
	}
	scope, err := s.Scope(ctx)
	if err != nil {
		return ""
	}
	return scope.Project.ID
}

// dropOnce asks for the deletion of a drill's volume, if it still is that and nothing uses
// it; why says why it does not.
func (d Desk) dropOnce(ctx context.Context, x *core.Drill, v *core.Volume) (asked bool, why string) {
	o, ok := d.Place.(store.Operator)
	switch {
	case !ok:
		return false, "this kind of place deletes no volumes"
	case v.Name.Or("") != x.Name:
		return false, "it is called " + core.Visible(v.Name.Or("")) + " now, and is taken for somebody's"
	case len(v.Attachments) > 0:
		return false, "it is attached to a server"
	case v.Status != core.StatusAvailable && !core.Failed(v.Status):
		return false, "it is " + v.Status
	}
	err := o.DeleteVolume(ctx, x.Volume)
	if err != nil && core.CodeOf(err) != core.CodeNotFound && core.CodeOf(err) != core.CodeUnavailable {
		return false, because(err)
	}
	return true, "" // also where no answer came: it is looked at
}

// findDrilled finds the volume of a drill that was killed before its id was noted, by the
// name that was. left says why it is not told whether there is one; both empty: there is
// none.
func (d Desk) findDrilled(ctx context.Context, x *core.Drill) (id core.VolumeID, left string) {
	entries, err := d.Archive.Entries(ctx, d.location(), 0)
	if err != nil {
		return "", because(err)
	}
	for i := range entries { // the restore's own entry may know
		if e := &entries[i]; e.Kind == core.EntryRestore && e.Volume != "" && strings.HasSuffix(e.Summary, " "+x.Name) {
			return e.Volume, ""
		}
	}
	var found []core.VolumeID
	for v, err := range d.eachVolume(ctx, newestFirst()) {
		if err != nil {
			return "", "whether it was made is not known: " + because(err)
		}
		if v.CreatedAt.Set && v.CreatedAt.V.Before(x.At.Add(-clocks)) {
			break // so were all that follow
		}
		if v.Name.Or("") == x.Name {
			found = append(found, v.ID)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], ""
	case len(found) > 1:
		return "", core.Count(len(found), "volume") + " are called so: which of them is the drill's is not known"
	case d.Now().Sub(x.At) < d.SettleAfter && x.Verdict != core.DrillRefused:
		return "", "whether it was made is not known before " + d.SettleAfter.String() + " have passed"
	}
	return "", ""
}

// drillOutcome says what became of a drill that was cut short.
func (d Desk) drillOutcome(ctx context.Context, e *core.Entry) (core.EntryState, string, error) {
	rows, err := d.Archive.LeftDrills(ctx, d.location())
	if err != nil {
		return core.EntryOpen, "", err
	}
	for i := range rows {
		if rows[i].Entry == e.ID {
			return core.EntryHalf, "the volume " + rows[i].Name + " may still be there: tidying up after drills deletes it", nil
		}
	}
	done := 0
	for _, s := range e.Steps {
		if s.Done {
			done++
		}
	}
	switch {
	case done == len(e.Steps):
		return core.EntryDone, "", nil
	case done == 0:
		return core.EntryFailed, "", nil
	}
	return core.EntryHalf, "", nil
}
