package jobs

import (
	"context"

	"hearth/core"
	"hearth/store"
)

// VolumeTime is a volume's backups in time, with what drills have shown of them.
type VolumeTime struct {
	core.Timeline
	Name     core.Opt[string] // of the volume, where anything tells it
	Project  core.ProjectID
	Drills   map[core.BackupID]core.Drill // the last of each backup, of those that said something
	NoDrills string                       // why nothing is known of drills, a clause; "": it is
	Short    string                       // why not all backups may be here, a clause; "": they are
}

// VolumeTime reads the backups of a volume, newly, and what is known of drills.
func (d Desk) VolumeTime(ctx context.Context, volume core.VolumeID) (t VolumeTime, err error) {
	rows, err := d.lineOf(ctx, volume)
	short, err := notWhole(err)
	if err != nil {
		return t, err
	}
	if short != nil {
		t.Short = because(short)
	}
	t.Timeline = core.NewTimeline(rows, d.Now())
	ids := make([]core.BackupID, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
		if rows[i].VolumeName.Set {
			t.Name = rows[i].VolumeName
		}
		t.Project = rows[i].ProjectID
	}
	if t.NoDrills = d.morningBooks(); t.NoDrills == "" {
		t.Drills, err = d.Archive.DrillsOf(ctx, ids)
	}
	return t, err
}

// lineOf lists the backups of a volume, with their parents where the place can tell them.
func (d Desk) lineOf(ctx context.Context, volume core.VolumeID) ([]core.Backup, error) {
	if l, ok := d.Place.(store.Lineage); ok {
		return l.Lineage(ctx, volume)
	}
	return d.backupsOf(ctx, volume)
}

// StripsRead is a place's backups in time, a line a volume.
type StripsRead struct {
	Rows      []core.Strip
	NoVolumes string // why the volumes are not known, a clause; "": they are
	Short     string // why not all may be here, a clause; "": they are
	Narrowed  string // why it is one project; "": it is the whole
}

// Strips reads the lists of a place once, newly, and puts its backups in time. It holds as
// much as a line a volume, and a time a backup.
func (d Desk) Strips(ctx context.Context, progress Progress) (r StripsRead, err error) {
	s := core.NewStrips(d.Now())
	projects := core.FieldSet{}
	if d.Place.Info().Kind == core.PlaceRepository {
		r.NoVolumes = "a backup repository knows of no volumes but those that its backups are of"
	} else {
		progress.say(0, 0, "reading the volumes")
		for v, err := range d.eachVolume(ctx, core.Query{Anew: true}) {
			short, err := notWhole(err)
			switch {
			case err != nil && ctx.Err() != nil:
				return r, err
			case err != nil:
				r.NoVolumes = "they could not be read: " + because(err)
			case short != nil:
				r.Short = because(short)
			default:
				s.Volume(&v)
				projects[string(v.ProjectID)] = true
			}
		}
	}
	s.Volumes = r.NoVolumes == "" && r.Short == ""
	progress.say(0, 0, "reading the backups")
	n := 0
	for b, err := range d.eachBackup(ctx, newestFirst()) {
		short, err := notWhole(err)
		switch {
		case err != nil:
			return r, err
		case short != nil:
			r.Short = because(short)
		default:
			s.Backup(&b)
			projects[string(b.ProjectID)] = true
			if n++; n%10_000 == 0 {
				progress.say(0, 0, "reading the backups: %d so far", n)
			}
		}
	}
	r.Rows, r.Narrowed = s.All(), d.Narrowed(projects)
	return r, nil
}
