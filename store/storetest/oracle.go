package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
)

// What a place is to answer, worked out from the rows of a World by the plainest
// means there are.

func textOf(o *pyjson.Object, name string) core.Opt[string] {
	v, _ := o.Get(name)
	return core.Opt[string]{V: v.Text(), Set: !v.IsNull()}
}

func stringOf(o *pyjson.Object, name string) string { return textOf(o, name).V }

func timeOf(o *pyjson.Object, name string) core.Opt[time.Time] {
	v, _ := o.Get(name)
	t, _ := v.Time()
	return core.Opt[time.Time]{V: t, Set: v.Kind() == pyjson.Time}
}

func intOf(o *pyjson.Object, name string) int64 {
	v, _ := o.Get(name)
	n, _ := v.Int64()
	return n
}

func flagOf(o *pyjson.Object, name string) bool {
	v, _ := o.Get(name)
	return v.Truthy()
}

func objectOf(pairs []core.Pair) *pyjson.Object {
	o := &pyjson.Object{}
	for _, p := range pairs {
		o.Set(p.Key, p.Value)
	}
	return o
}

// VolumeOf is the volume of a row as reading it alone shows it, but for what its
// backups and its type say.
func VolumeOf(r VolumeRow) core.Volume {
	o := r.Columns
	return core.Volume{
		ID:           core.VolumeID(stringOf(o, "id")),
		Name:         textOf(o, "display_name"),
		Description:  textOf(o, "display_description"),
		Status:       stringOf(o, "status"),
		Size:         intOf(o, "size"),
		VolumeTypeID: textOf(o, "volume_type_id"),
		Bootable:     flagOf(o, "bootable"),
		Multiattach:  flagOf(o, "multiattach"),
		EncryptionKeyID: textOf(o,
			"encryption_key_id"),
		ProjectID:        core.ProjectID(stringOf(o, "project_id")),
		UserID:           stringOf(o, "user_id"),
		AvailabilityZone: textOf(o, "availability_zone"),
		Host:             textOf(o, "host"),
		SnapshotID:       textOf(o, "snapshot_id"),
		SourceVolumeID:   core.VolumeID(stringOf(o, "source_volid")),
		AttachStatus:     textOf(o, "attach_status"),
		CreatedAt:        timeOf(o, "created_at"),
		UpdatedAt:        timeOf(o, "updated_at"),
		Metadata:         objectOf(r.Metadata),
		Image:            objectOf(r.Image),
		Row:              o.Clone(),
	}
}

// BackupOf is the backup of a row as reading it alone shows it, but for its
// volume's name.
func BackupOf(r BackupRow) core.Backup {
	o := r.Columns
	return core.Backup{
		ID:               core.BackupID(stringOf(o, "id")),
		Name:             textOf(o, "display_name"),
		Description:      textOf(o, "display_description"),
		Status:           stringOf(o, "status"),
		FailReason:       textOf(o, "fail_reason"),
		Size:             intOf(o, "size"),
		ObjectCount:      intOf(o, "object_count"),
		VolumeID:         core.VolumeID(stringOf(o, "volume_id")),
		SnapshotID:       textOf(o, "snapshot_id"),
		Container:        textOf(o, "container"),
		Service:          textOf(o, "service"),
		ServiceMetadata:  textOf(o, "service_metadata"),
		ParentID:         core.BackupID(stringOf(o, "parent_id")),
		Incremental:      stringOf(o, "parent_id") != "",
		Dependents:       intOf(o, "num_dependent_backups"),
		ProjectID:        core.ProjectID(stringOf(o, "project_id")),
		UserID:           stringOf(o, "user_id"),
		Host:             textOf(o, "host"),
		AvailabilityZone: textOf(o, "availability_zone"),
		RestoreVolumeID:  core.VolumeID(stringOf(o, "restore_volume_id")),
		TempVolumeID: core.VolumeID(
			stringOf(o, "temp_volume_id")),
		TempSnapshotID:  textOf(o, "temp_snapshot_id"),
		EncryptionKeyID: textOf(o, "encryption_key_id"),
		DataTimestamp:   timeOf(o, "data_timestamp"),
		CreatedAt:       timeOf(o, "created_at"),
		UpdatedAt:       timeOf(o, "updated_at"),
		DeletedAt:       timeOf(o, "deleted_at"),
		Deleted:         flagOf(o, "deleted"),
		Metadata:        objectOf(r.Metadata),
	}
}

// AllVolumes are the world's volumes in full, the deleted ones too.
func (w World) AllVolumes() []core.Volume {
	var out []core.Volume
	for _, r := range w.Volumes {
		v := VolumeOf(r)
		for _, t := range w.Types {
			if v.VolumeTypeID.Set && t.ID == v.VolumeTypeID.V {
				v.VolumeType = core.Some(t.Name)
			}
		}
		for _, b := range w.AllBackups() {
			if b.VolumeID != v.ID || b.Deleted {
				continue
			}
			v.Backups++
			if b.Status == core.StatusAvailable && b.CreatedAt.Set && (!v.LastBackup.Set || v.LastBackup.V.Before(b.CreatedAt.V)) {
				v.LastBackup = b.CreatedAt
			}
		}
		out = append(out, v)
	}
	return out
}

// AllBackups are the world's backups in full, the deleted ones too.
func (w World) AllBackups() []core.Backup {
	var out []core.Backup
	for _, r := range w.Backups {
		b := BackupOf(r)
		for _, v := range w.Volumes {
			if stringOf(v.Columns, "id") == string(b.VolumeID) {
				b.VolumeName = textOf(v.Columns, "display_name")
			}
		}
		out = append(out, b)
	}
	return out
}

// listedVolumes are the rows that a list is made of.
func (w World) listedVolumes() []core.Volume {
	var out []core.Volume
	for _, v := range w.AllVolumes() {
		if !flagOf(v.Row, "deleted") {
			v.Metadata, v.Image, v.Row = nil, nil, nil
			out = append(out, v)
		}
	}
	return out
}

func (w World) listedBackups() []core.Backup {
	var out []core.Backup
	for _, b := range w.AllBackups() {
		if !b.Deleted {
			b.Metadata = nil
			out = append(out, b)
		}
	}
	return out
}

// volume and backup find a row of the world; it has to be there.
func (w World) volume(id core.VolumeID) core.Volume {
	all := w.AllVolumes()
	return all[slices.IndexFunc(all, func(v core.Volume) bool { return v.ID == id })]
}

func (w World) backup(id core.BackupID) core.Backup {
	all := w.AllBackups()
	return all[slices.IndexFunc(all, func(b core.Backup) bool { return b.ID == id })]
}

// difference names the fields in which two structs of one type differ, with their
// values; "" if there is none. Objects are compared with the order of their keys.
func difference(got, want any) string {
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	text := ""
	for i := range g.NumField() {
		a, b := g.Field(i).Interface(), w.Field(i).Interface()
		switch x := a.(type) {
		case *pyjson.Object:
			if y := b.(*pyjson.Object); x.Equal(y) && slices.Equal(x.Keys(), y.Keys()) && (x == nil) == (y == nil) {
				continue
			}
			a, b = pyjson.Text(pyjson.OfDict(x)), pyjson.Text(pyjson.OfDict(b.(*pyjson.Object)))
		case core.Opt[time.Time]:
			if y := b.(core.Opt[time.Time]); x.Set == y.Set && x.V.Equal(y.V) {
				continue
			}
		default:
			if reflect.DeepEqual(a, b) {
				continue
			}
		}
		text += fmt.Sprintf("\n\t%s is %v, want %v", g.Type().Field(i).Name, a, b)
	}
	return text
}
