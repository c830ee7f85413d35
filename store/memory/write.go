package memory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
)

// Rewrite takes a volume from one state to another, and journals it if the place
// keeps a journal.
func (p *Place) Rewrite(ctx context.Context, r core.Rewrite) (core.Entry, error) {
	tried := "change volume " + string(r.Volume)
	if err := p.enterToWrite(ctx, "Rewrite", tried); err != nil {
		return r.Entry, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	undo := r.Entry.Kind == core.EntryUndo && p.info.Journals
	if undo && !p.canUndo(r.Entry.Of) {
		return r.Entry, core.Fail(core.CodeConflict, fmt.Sprintf("undo entry %d", r.Entry.Of), "it is undone already, or never took effect",
			"look at hearth journal", nil)
	}
	v := p.volume(r.Volume)
	if v == nil {
		return r.Entry, core.Fail(core.CodeNotFound, tried, "there is no such volume", "list them with hearth volumes", nil)
	}
	if diff := v.State().Diff(r.Before); len(diff) > 0 {
		return r.Entry, core.Fail(core.CodeConflict, tried, "it is no longer what was seen: "+strings.Join(diff, ", ")+" changed meanwhile",
			"look at it again and make a new plan", nil)
	}
	p.rewrite(v, r)
	if undo {
		p.journal[r.Entry.Of-1].State = core.EntryUndone
	}
	return p.write(r.Entry), nil
}

func (p *Place) canUndo(id core.EntryID) bool {
	if id < 1 || int(id) > len(p.journal) {
		return false
	}
	state := p.journal[id-1].State
	return state == core.EntryDone || state == core.EntryHalf
}

// write adds an entry to the journal, if there is one, and returns it as it is
// there.
func (p *Place) write(e core.Entry) core.Entry {
	if p.info.Journals {
		e.ID, e.State = core.EntryID(len(p.journal)+1), core.EntryDone
		e.At = e.At.UTC().Truncate(time.Microsecond)
		p.journal = append(p.journal, e)
	}
	return e
}

func (p *Place) rewrite(v *core.Volume, r core.Rewrite) {
	a := r.After
	v.Name, v.Description = textOf(a.Name), textOf(a.Description)
	v.EncryptionKeyID, v.VolumeTypeID, v.Bootable = textOf(a.EncryptionKeyID), textOf(a.VolumeTypeID), a.Bootable
	if !r.Before.VolumeTypeID.Equal(a.VolumeTypeID) {
		v.VolumeType = core.Opt[string]{}
		for _, t := range p.types {
			if t.ID == a.VolumeTypeID.Text() {
				v.VolumeType = core.Some(t.Name)
			}
		}
	}
	image := !slices.Equal(r.Before.Image.Keys(), a.Image.Keys()) || !r.Before.Image.Equal(a.Image)
	columns := false
	for _, c := range []struct {
		name          string
		before, after pyjson.Value
	}{
		{"display_name", r.Before.Name, a.Name}, {"display_description", r.Before.Description, a.Description},
		{"encryption_key_id", r.Before.EncryptionKeyID, a.EncryptionKeyID}, {"volume_type_id", r.Before.VolumeTypeID, a.VolumeTypeID},
		{"bootable", pyjson.OfBool(r.Before.Bootable), pyjson.OfBool(a.Bootable)},
	} {
		if !c.before.Equal(c.after) {
			v.Row.Set(c.name, c.after)
			columns = true
		}
	}
	if columns || image {
		now := p.now().UTC().Truncate(time.Microsecond)
		v.UpdatedAt = core.Some(now)
		v.Row.Set("updated_at", pyjson.OfTime(now, false))
	}
	if image {
		v.Image = a.Image.Clone()
	}
	for _, key := range v.Metadata.Keys() {
		if !a.Metadata.Has(key) {
			v.Metadata.Delete(key)
		}
	}
	for key, value := range a.Metadata.All() {
		v.Metadata.Set(key, value) // one that is there keeps its place
	}
}

// ImportFacts says which of the ids are here, by status alone as in Cinder, and
// whose services are.
func (p *Place) ImportFacts(ctx context.Context, ids []core.BackupID) (core.ImportFacts, error) {
	if err := p.enter(ctx, "ImportFacts", "look for the backups"); err != nil {
		return core.ImportFacts{}, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	f := core.ImportFacts{Existing: map[core.BackupID]string{},
		Owner: "each keeps the project that its record names, as this place has no logins"}
	for i := range p.backups {
		b := &p.backups[i]
		if slices.Contains(ids, b.ID) {
			f.Existing[b.ID] = b.Status
		}
		if s := b.Service.Or(""); s != "" && !b.Deleted && !slices.Contains(f.Services, s) {
			f.Services = append(f.Services, s)
		}
	}
	slices.Sort(f.Services)
	return f, nil
}

// Import writes the records, all or none.
func (p *Place) Import(ctx context.Context, items []core.ImportItem, entry core.Entry) ([]core.ImportResult, error) {
	if err := p.enterToWrite(ctx, "Import", "import"); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	backups := slices.Clone(p.backups)
	var results []core.ImportResult
	for _, item := range items {
		i := slices.IndexFunc(backups, func(b core.Backup) bool { return b.ID == item.ID })
		if i >= 0 && backups[i].Status != core.StatusDeleted {
			return nil, core.Fail(core.CodeConflict, "import backup "+string(item.ID), "it came to be here meanwhile",
				"nothing of this paste is written; look at the list and leave it out", nil)
		}
		now := core.Some(p.now().UTC().Truncate(time.Microsecond))
		b := core.Backup{CreatedAt: now}
		if i >= 0 {
			b = backups[i]
		}
		b.Metadata = nil
		fill(&b, item.Row)
		b.UpdatedAt = now
		if b.Metadata == nil {
			b.Metadata = &pyjson.Object{}
		}
		if i >= 0 {
			backups[i] = b
		} else {
			backups = append(backups, b)
		}
		results = append(results, core.ImportResult{ID: item.ID, Name: item.Name, Status: core.StatusAvailable, Revived: i >= 0})
	}
	p.backups = backups
	p.write(entry)
	return results, nil
}

// fill sets the fields of a backup that a row has.
func fill(b *core.Backup, row *pyjson.Object) {
	texts := map[string]*core.Opt[string]{
		"display_name": &b.Name, "display_description": &b.Description, "fail_reason": &b.FailReason, "snapshot_id": &b.SnapshotID,
		"container": &b.Container, "service": &b.Service, "service_metadata": &b.ServiceMetadata, "host": &b.Host,
		"availability_zone": &b.AvailabilityZone, "temp_snapshot_id": &b.TempSnapshotID, "encryption_key_id": &b.EncryptionKeyID,
	}
	numbers := map[string]*int64{"size": &b.Size, "object_count": &b.ObjectCount, "num_dependent_backups": &b.Dependents}
	times := map[string]*core.Opt[time.Time]{"data_timestamp": &b.DataTimestamp, "created_at": &b.CreatedAt, "deleted_at": &b.DeletedAt}
	for name, v := range row.All() {
		if to, ok := texts[name]; ok {
			*to = textOf(v)
		}
		if to, ok := numbers[name]; ok {
			*to, _ = v.Int64()
		}
		if to, ok := times[name]; ok {
			t, _ := v.Time()
			*to = core.Opt[time.Time]{V: t, Set: v.Kind() == pyjson.Time}
		}
		switch name {
		case "id":
			b.ID = core.BackupID(v.Text())
		case "volume_id":
			b.VolumeID = core.VolumeID(v.Text())
		case "project_id":
			b.ProjectID = core.ProjectID(v.Text())
		case "user_id":
			b.UserID = v.Text()
		case "status":
			b.Status = v.Text()
		case "parent_id":
			b.ParentID, b.Incremental = core.BackupID(v.Text()), v.Text() != ""
		case "restore_volume_id":
			b.RestoreVolumeID = core.VolumeID(v.Text())
		case "temp_volume_id":
			b.TempVolumeID = core.VolumeID(v.Text())
		case "deleted":
			b.Deleted = v.Truthy()
		case "metadata":
			b.Metadata = v.Object().Clone()
		}
	}
}
