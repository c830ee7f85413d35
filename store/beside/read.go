package beside

import (
	"context"
	"time"

	"hearth/core"
)

// Backup reads a backup from the cloud, and from the database what the cloud hides.
func (p *Place) Backup(ctx context.Context, id core.BackupID) (core.Backup, error) {
	b, err := p.Cloud.Backup(ctx, id)
	if err != nil {
		return b, err
	}
	b, d, s, err := p.backup(ctx, b)
	if s != none {
		fillBackup(&b, &d, s, false)
	}
	return b, err
}

// backup is the database's row of a backup that the cloud showed, how the two stand, and
// the cloud's, which is read anew where the database knows of a later change. The error is
// the cloud's: without the database one does without.
func (p *Place) backup(ctx context.Context, b core.Backup) (core.Backup, core.Backup, state, error) {
	var d core.Backup
	db, ok := p.database(ctx)
	if !ok {
		return b, d, none, nil
	}
	for again := false; ; again = true {
		var err error
		if d, err = db.Backup(ctx, b.ID); !p.has(ctx, err, "backup "+core.Visible(string(b.ID)), b.CreatedAt,
			func() bool { return p.goneBackup(ctx, b.ID) }) {
			return b, d, none, nil
		}
		s, why := backupState(&b, &d)
		switch {
		case s == other:
			p.distrust(why)
			return b, d, none, nil
		case s != ahead:
			return b, d, s, nil
		case again:
			p.distrust("it is not this cloud's: it knows of a later change of backup " + core.Visible(string(b.ID)) + " than the cloud")
			return b, d, none, nil
		}
		if b, err = p.Cloud.Backup(ctx, b.ID); err != nil {
			return b, d, none, err
		}
	}
}

// has reports whether the database had a row, by the error of reading it there; what else
// the error shows is noted. gone asks whether the cloud has it no longer either.
func (p *Place) has(ctx context.Context, err error, what string, made core.Opt[time.Time], gone func() bool) bool {
	switch core.CodeOf(err) {
	case "":
		return true
	case core.CodeNotFound:
		if why := missing(p.last().AsOf, what, made); why != "" && !gone() {
			p.distrust(why)
		}
		return false
	}
	p.lost(ctx, err)
	return false
}

// Volume reads a volume from the cloud, and from the database every column that the cloud
// does not show.
func (p *Place) Volume(ctx context.Context, id core.VolumeID) (core.Volume, error) {
	v, err := p.Cloud.Volume(ctx, id)
	if err != nil {
		return v, err
	}
	db, ok := p.database(ctx)
	if !ok {
		return v, nil
	}
	for again := false; ; again = true {
		d, err := db.Volume(ctx, id)
		if !p.has(ctx, err, "volume "+core.Visible(string(id)), v.CreatedAt, func() bool { return p.goneVolume(ctx, id) }) {
			return v, nil
		}
		s, why := volumeState(&v, &d)
		switch {
		case s == other:
			p.distrust(why)
			return v, nil
		case s == same:
			fillVolume(&v, &d)
			return v, nil
		case s != ahead:
			return v, nil
		case again:
			p.distrust("it is not this cloud's: it knows of a later change of volume " + core.Visible(string(id)) + " than the cloud")
			return v, nil
		}
		if v, err = p.Cloud.Volume(ctx, id); err != nil {
			return v, err
		}
	}
}

// Recall reads the row of a deleted backup from the database: the API shows none.
func (p *Place) Recall(ctx context.Context, id core.BackupID) (core.Backup, error) {
	db, ok := p.database(ctx)
	if !ok {
		return core.Backup{}, core.Fail(core.CodeNotFound, "read the deleted backup "+string(id), p.last().Text(), "", nil)
	}
	b, err := db.Recall(ctx, id)
	if err != nil && core.CodeOf(err) != core.CodeNotFound {
		p.lost(ctx, err)
	}
	return b, err
}

// Lineage reads the backups of a volume from the cloud, with the parents and what else the
// database tells of them.
func (p *Place) Lineage(ctx context.Context, volume core.VolumeID) ([]core.Backup, error) {
	rows, err := p.Cloud.Lineage(ctx, volume)
	if err != nil || len(rows) == 0 {
		return rows, err
	}
	db, ok := p.database(ctx)
	if !ok {
		return rows, nil
	}
	known, err := db.VolumeBackups(ctx, volume)
	if err != nil {
		p.lost(ctx, err)
		return rows, nil
	}
	byID := map[core.BackupID]*core.Backup{}
	for i := range known {
		byID[known[i].ID] = &known[i]
	}
	states := make([]state, len(rows))
	for i := range rows {
		d, has := byID[rows[i].ID]
		if !has {
			continue
		}
		var why string
		if states[i], why = backupState(&rows[i], d); states[i] == other {
			p.distrust(why)
			return rows, nil
		}
	}
	for i := range rows {
		if states[i] != none { // one that is ahead was changed since it was listed
			fillBackup(&rows[i], byID[rows[i].ID], states[i], true)
		}
	}
	return rows, nil
}

// Dependents lists what stands on a backup. Where the cloud cannot tell, as it does only
// to an administrator, the database does, in every project.
func (p *Place) Dependents(ctx context.Context, id core.BackupID) ([]core.Backup, bool, error) {
	rows, sure, err := p.Cloud.Dependents(ctx, id)
	if err != nil || sure {
		return rows, sure, err
	}
	b, err := p.Cloud.Backup(ctx, id)
	if err != nil {
		return rows, false, nil
	}
	if _, _, s, err := p.backup(ctx, b); err != nil || s != same {
		return rows, false, nil
	}
	db, ok := p.database(ctx)
	if !ok {
		return rows, false, nil
	}
	children, err := db.Children(ctx, id)
	if err != nil {
		p.lost(ctx, err)
		return rows, false, nil
	}
	for i := range children {
		children[i].Told = core.Told{Fields: core.NewFieldSet(core.BackupFields...), By: by}
	}
	return children, p.last().Footing == core.FootingAgrees, nil
}

// Export has the cloud export a backup. Where the login may not, or no service answers,
// the record is made of the database's row, which is what the cloud would make it of.
func (p *Place) Export(ctx context.Context, id core.BackupID) (core.Record, error) {
	r, err := p.Cloud.Export(ctx, id)
	switch core.CodeOf(err) {
	case core.CodeDenied, core.CodeUnavailable, core.CodeUnsupported:
	default:
		return r, err
	}
	b, from := p.Cloud.Backup(ctx, id)
	if from != nil {
		return r, err
	}
	if _, _, s, from := p.backup(ctx, b); from != nil || s != same {
		return r, err
	}
	db, ok := p.database(ctx)
	if !ok {
		return r, err
	}
	told, from := db.Export(ctx, id)
	if from != nil {
		return r, err
	}
	told.By = by
	return told, nil
}

// Denied is the cloud's, but for exports, which need no leave of the cloud's as long as
// the database can be read.
func (p *Place) Denied(op core.Operation) string {
	why := p.Cloud.Denied(op)
	if op == core.OpExport && p.last().Footing != core.FootingUnknown {
		return ""
	}
	return why
}

// Driver is the class of a backup's driver, from its row where the database has it.
func (p *Place) Driver(ctx context.Context, id core.BackupID) (core.Opt[string], error) {
	if b, err := p.Backup(ctx, id); err == nil && b.Service.Or("") != "" {
		return b.Service, nil
	}
	return p.Cloud.Driver(ctx, id)
}

// Keyed reports whether a backup has a key. The row tells, also of the one that the API
// hides.
func (p *Place) Keyed(ctx context.Context, id core.BackupID) (core.Opt[bool], error) {
	b, err := p.Cloud.Backup(ctx, id)
	if err != nil {
		return core.Opt[bool]{}, err
	}
	b, d, s, err := p.backup(ctx, b)
	switch {
	case err != nil:
		return core.Opt[bool]{}, err
	case b.EncryptionKeyID.Or("") != "" || s != none && d.EncryptionKeyID.Or("") != "":
		return core.Some(true), nil
	case s == same && !d.Unseen.Has("encryption_key_id"):
		return core.Some(false), nil
	}
	return p.Cloud.Keyed(ctx, id)
}

// Encrypts reports whether a volume type encrypts. By default only an administrator may
// ask the cloud.
func (p *Place) Encrypts(ctx context.Context, volumeType string) (bool, error) {
	yes, err := p.Cloud.Encrypts(ctx, volumeType)
	if core.CodeOf(err) != core.CodeDenied {
		return yes, err
	}
	db, ok := p.database(ctx)
	if !ok {
		return yes, err
	}
	told, from := db.TypeEncrypts(ctx, volumeType)
	if from != nil {
		p.lost(ctx, from)
	}
	if from != nil || !told.Set {
		return yes, err
	}
	return told.V, nil
}

// Alike asks the database how it compares keys; nil where nothing is said from it.
func (p *Place) Alike(ctx context.Context, s core.Section, keys []string) (map[string]string, error) {
	db, ok := p.database(ctx)
	if !ok {
		return nil, nil
	}
	alike, err := db.Alike(ctx, s, keys)
	if err != nil {
		p.lost(ctx, err)
		return nil, nil
	}
	return alike, nil
}
