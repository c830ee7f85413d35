package core

import (
	"slices"
	"strings"
	"time"

	"hearth/core/pyjson"
)

// ColumnKind says how a column's values compare, align and read.
type ColumnKind uint8

const (
	TextColumn   ColumnKind = iota // free text a tenant can choose
	WordColumn                     // one of few words, as a status
	IDColumn                       // an id: matched by its beginning
	NumberColumn                   // a count
	SizeColumn                     // GiB
	TimeColumn                     // a point in time, UTC
	FlagColumn                     // yes or no
)

// Column is one thing about a T: shown, sorted by, filtered on and printed by
// both faces, and translated by the drivers.
type Column[T any] struct {
	Name    string // for filters, sorting and -c
	Key     string // Cinder's API name: the key in JSON
	Title   string
	Kind    ColumnKind
	Aliases []string
	Value   func(*T) pyjson.Value
	Extra   bool // left out of JSON where it is null: few places know it
	// Known says whether a row's value is known, null as it may be; nil: it always is, but for
	// what its place cannot see.
	Known func(*T) bool
}

// Columns is the ordered list of what is known about a T.
type Columns[T any] []Column[T]

// Find returns the column of the name, key or alias.
func (c Columns[T]) Find(name string) (*Column[T], bool) {
	name = strings.ToLower(name)
	for i := range c {
		if c[i].Name == name || c[i].Key == name {
			return &c[i], true
		}
		for _, a := range c[i].Aliases {
			if a == name {
				return &c[i], true
			}
		}
	}
	return nil, false
}

// Heading is [Columns.Find] that also takes what stands above a column: the Title as a
// table prints it, with its zone, and as the openstack client does: "Fail reason",
// "Created (UTC)", "Created At".
func (c Columns[T]) Heading(text string) (*Column[T], bool) {
	text = strings.TrimSpace(text)
	if col, ok := c.Find(text); ok {
		return col, true
	}
	want := plainHeading(text)
	for i := range c {
		if plainHeading(c[i].Title) == want || plainHeading(c[i].Key) == want || plainHeading(c[i].Name) == want {
			return &c[i], true
		}
	}
	return nil, false
}

// plainHeading is a heading without what people write in different ways.
func plainHeading(s string) string {
	s = strings.ToLower(s)
	for _, zone := range []string{" (utc)", " (local)"} {
		s = strings.TrimSuffix(s, zone)
	}
	return strings.NewReplacer("_", " ", "-", " ").Replace(s)
}

// Names lists the columns' names.
func (c Columns[T]) Names() []string {
	var out []string
	for _, col := range c {
		out = append(out, col.Name)
	}
	return out
}

// Object is a row as JSON, keys by Cinder's API names; fields in unseen are left
// out, as they are not known to be null.
func (c Columns[T]) Object(row *T, unseen FieldSet) *pyjson.Object {
	o := &pyjson.Object{}
	for _, col := range c {
		if col.Key != "" && !unseen.Has(col.Key) && (col.Known == nil || col.Known(row)) {
			v := col.Value(row)
			if col.Extra && v.IsNull() {
				continue
			}
			if t, _ := v.Time(); v.Kind() == pyjson.Time {
				v = pyjson.OfString(APITime(t))
			}
			o.Set(col.Key, v)
		}
	}
	return o
}

// APITime writes a time as the Block Storage API does: no zone, microseconds.
func APITime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000") }

// BackupColumns is what is known about a backup.
var BackupColumns = withOdd(Columns[Backup]{
	{Name: "name", Key: "name", Title: "Name", Value: func(b *Backup) pyjson.Value { return textValue(b.Name) }},
	{Name: "status", Key: "status", Title: "Status", Kind: WordColumn,
		Value: func(b *Backup) pyjson.Value { return pyjson.OfString(b.Status) }},
	{Name: "kind", Key: "is_incremental", Title: "Kind", Kind: FlagColumn, Aliases: []string{"incremental", "type"},
		Value: func(b *Backup) pyjson.Value { return pyjson.OfBool(b.Incremental) }},
	{Name: "size", Key: "size", Title: "Size", Kind: SizeColumn, Value: func(b *Backup) pyjson.Value { return pyjson.OfInt(b.Size) }},
	{Name: "created", Key: "created_at", Title: "Created", Kind: TimeColumn, Aliases: []string{"age"},
		Value: func(b *Backup) pyjson.Value { return timeValue(b.CreatedAt) }},
	{Name: "volume", Key: "volume_name", Title: "Volume", Value: func(b *Backup) pyjson.Value { return textValue(b.VolumeName) }},
	{Name: "volume-id", Key: "volume_id", Title: "Volume ID", Kind: IDColumn,
		Value: func(b *Backup) pyjson.Value { return idValue(b.VolumeID) }},
	{Name: "id", Key: "id", Title: "ID", Kind: IDColumn, Value: func(b *Backup) pyjson.Value { return idValue(b.ID) }},
	{Name: "description", Key: "description", Title: "Description", Aliases: []string{"desc"},
		Value: func(b *Backup) pyjson.Value { return textValue(b.Description) }},
	{Name: "reason", Key: "fail_reason", Title: "Fail reason", Aliases: []string{"fail"},
		Value: func(b *Backup) pyjson.Value { return textValue(b.FailReason) }},
	{Name: "project", Key: "project_id", Title: "Project", Kind: IDColumn, Aliases: []string{"project-id", "tenant"},
		Value: func(b *Backup) pyjson.Value { return idValue(b.ProjectID) }},
	{Name: "project-name", Key: "project_name", Title: "Project name", Extra: true,
		Value: func(b *Backup) pyjson.Value { return textValue(b.ProjectName) }},
	{Name: "user", Key: "user_id", Title: "User", Kind: IDColumn, Value: func(b *Backup) pyjson.Value { return idValue(b.UserID) }},
	{Name: "parent", Key: "parent_id", Title: "Parent", Kind: IDColumn, Value: func(b *Backup) pyjson.Value { return idValue(b.ParentID) }},
	{Name: "has-dependents", Key: "has_dependent_backups", Title: "Has dependents", Kind: FlagColumn,
		Value: func(b *Backup) pyjson.Value { return pyjson.OfBool(b.Dependents > 0) }},
	{Name: "dependents", Key: "num_dependent_backups", Title: "Dependents", Kind: NumberColumn, Aliases: []string{"deps"},
		Value: func(b *Backup) pyjson.Value { return pyjson.OfInt(b.Dependents) }},
	{Name: "objects", Key: "object_count", Title: "Objects", Kind: NumberColumn,
		Value: func(b *Backup) pyjson.Value { return pyjson.OfInt(b.ObjectCount) }},
	{Name: "container", Key: "container", Title: "Container", Value: func(b *Backup) pyjson.Value { return textValue(b.Container) }},
	{Name: "service", Key: "service", Title: "Service", Value: func(b *Backup) pyjson.Value { return textValue(b.Service) }},
	{Name: "service-metadata", Key: "service_metadata", Title: "Service metadata",
		Value: func(b *Backup) pyjson.Value { return textValue(b.ServiceMetadata) }},
	{Name: "az", Key: "availability_zone", Title: "Zone", Aliases: []string{"zone"},
		Value: func(b *Backup) pyjson.Value { return textValue(b.AvailabilityZone) }},
	{Name: "host", Key: "host", Title: "Host", Value: func(b *Backup) pyjson.Value { return textValue(b.Host) }},
	{Name: "snapshot", Key: "snapshot_id", Title: "Snapshot", Kind: IDColumn,
		Value: func(b *Backup) pyjson.Value { return textValue(b.SnapshotID) }},
	{Name: "restored", Key: "restore_volume_id", Title: "Restored to", Kind: IDColumn,
		Value: func(b *Backup) pyjson.Value { return idValue(b.RestoreVolumeID) }},
	{Name: "key", Key: "encryption_key_id", Title: "Encryption key", Kind: IDColumn,
		Value: func(b *Backup) pyjson.Value { return textValue(b.EncryptionKeyID) }},
	{Name: "data-time", Key: "data_timestamp", Title: "Data of", Kind: TimeColumn,
		Value: func(b *Backup) pyjson.Value { return timeValue(b.DataTimestamp) }},
	{Name: "updated", Key: "updated_at", Title: "Updated", Kind: TimeColumn,
		Value: func(b *Backup) pyjson.Value { return timeValue(b.UpdatedAt) }},
	{Name: "written", Key: "written_by", Title: "Written by", Extra: true,
		Value: func(b *Backup) pyjson.Value {
			return textValue(Opt[string]{b.Layout.Writer(), b.Layout.Writer() != ""})
		}},
	{Name: "caution", Key: "caution", Title: "Caution", Extra: true,
		Value: func(b *Backup) pyjson.Value {
			return textValue(Opt[string]{b.Layout.Advice(), b.Layout.Advice() != ""})
		}},
}, func(b *Backup) Odd { return b.Odd })

// VolumeFields is what is known about a volume (VolumeColumns are Cinder's own).
var VolumeFields = withOdd(Columns[Volume]{
	{Name: "name", Key: "name", Title: "Name", Value: func(v *Volume) pyjson.Value { return textValue(v.Name) }},
	{Name: "status", Key: "status", Title: "Status", Kind: WordColumn,
		Value: func(v *Volume) pyjson.Value { return pyjson.OfString(v.Status) }},
	{Name: "size", Key: "size", Title: "Size", Kind: SizeColumn, Value: func(v *Volume) pyjson.Value { return pyjson.OfInt(v.Size) }},
	{Name: "bootable", Key: "bootable", Title: "Bootable", Kind: FlagColumn, Aliases: []string{"boot"},
		Value: func(v *Volume) pyjson.Value { return pyjson.OfBool(v.Bootable) }},
	{Name: "encrypted", Key: "encrypted", Title: "Encrypted", Kind: FlagColumn,
		Value: func(v *Volume) pyjson.Value { return pyjson.OfBool(v.EncryptionKeyID.Set) }},
	{Name: "backups", Key: "backup_count", Title: "Backups", Kind: NumberColumn,
		Value: func(v *Volume) pyjson.Value { return pyjson.OfInt(v.Backups) }},
	{Name: "last-backup", Key: "last_backup_at", Title: "Last backup", Kind: TimeColumn, Aliases: []string{"last"},
		Value: func(v *Volume) pyjson.Value { return timeValue(v.LastBackup) }},
	{Name: "created", Key: "created_at", Title: "Created", Kind: TimeColumn, Aliases: []string{"age"},
		Value: func(v *Volume) pyjson.Value { return timeValue(v.CreatedAt) }},
	{Name: "id", Key: "id", Title: "ID", Kind: IDColumn, Value: func(v *Volume) pyjson.Value { return idValue(v.ID) }},
	{Name: "description", Key: "description", Title: "Description", Aliases: []string{"desc"},
		Value: func(v *Volume) pyjson.Value { return textValue(v.Description) }},
	{Name: "type", Key: "volume_type", Title: "Type", Value: func(v *Volume) pyjson.Value { return textValue(v.VolumeType) }},
	{Name: "type-id", Key: "volume_type_id", Title: "Type ID", Kind: IDColumn,
		Value: func(v *Volume) pyjson.Value { return textValue(v.VolumeTypeID) }},
	{Name: "project", Key: "project_id", Title: "Project", Kind: IDColumn, Aliases: []string{"project-id", "tenant"},
		Value: func(v *Volume) pyjson.Value { return idValue(v.ProjectID) }},
	{Name: "project-name", Key: "project_name", Title: "Project name", Extra: true,
		Value: func(v *Volume) pyjson.Value { return textValue(v.ProjectName) }},
	{Name: "user", Key: "user_id", Title: "User", Kind: IDColumn, Value: func(v *Volume) pyjson.Value { return idValue(v.UserID) }},
	{Name: "az", Key: "availability_zone", Title: "Zone", Aliases: []string{"zone"},
		Value: func(v *Volume) pyjson.Value { return textValue(v.AvailabilityZone) }},
	{Name: "host", Key: "host", Title: "Host", Value: func(v *Volume) pyjson.Value { return textValue(v.Host) }},
	{Name: "attached", Key: "attach_status", Title: "Attached", Kind: WordColumn,
		Value: func(v *Volume) pyjson.Value { return textValue(v.AttachStatus) }},
	{Name: "multiattach", Key: "multiattach", Title: "Multiattach", Kind: FlagColumn,
		Value: func(v *Volume) pyjson.Value { return pyjson.OfBool(v.Multiattach) }},
	{Name: "snapshot", Key: "snapshot_id", Title: "Snapshot", Kind: IDColumn,
		Value: func(v *Volume) pyjson.Value { return textValue(v.SnapshotID) }},
	{Name: "source", Key: "source_volid", Title: "Source", Kind: IDColumn,
		Value: func(v *Volume) pyjson.Value { return idValue(v.SourceVolumeID) }},
	{Name: "key", Key: "encryption_key_id", Title: "Encryption key", Kind: IDColumn,
		Value: func(v *Volume) pyjson.Value { return textValue(v.EncryptionKeyID) }},
	{Name: "updated", Key: "updated_at", Title: "Updated", Kind: TimeColumn,
		Value: func(v *Volume) pyjson.Value { return timeValue(v.UpdatedAt) }},
}, func(v *Volume) Odd { return v.Odd })

// withOdd is columns that show a row's odd values in place of its fields.
func withOdd[T any](columns Columns[T], of func(*T) Odd) Columns[T] {
	for i := range columns {
		key, field := columns[i].Key, columns[i].Value
		columns[i].Value = func(row *T) pyjson.Value {
			if odd := of(row); odd != nil {
				if v, ok := odd.value(key); ok {
					return v
				}
			}
			return field(row)
		}
	}
	return columns
}

// OddKind reports whether a value is of another kind than those of a column.
func OddKind(kind ColumnKind, v pyjson.Value) bool {
	switch k := v.Kind(); {
	case k == pyjson.Null:
		return false
	case kind == NumberColumn, kind == SizeColumn:
		return k != pyjson.Int
	case kind == TimeColumn:
		return k != pyjson.Time
	case kind == FlagColumn:
		return k != pyjson.Bool
	default:
		return k != pyjson.String
	}
}

// FieldText is the exact text of a field, for machines and to be copied: times as the API
// writes them, objects as JSON, "" for null. Whatever a tenant chose is in it as it is.
func FieldText(v pyjson.Value) string {
	switch v.Kind() {
	case pyjson.Null:
		return ""
	case pyjson.Time:
		t, _ := v.Time()
		return APITime(t)
	case pyjson.String:
		return v.Text()
	}
	return pyjson.Text(v)
}

// ProvenColumn is the name of the column that says when a drill last proved a backup. It is
// the archive's, and not the place's: no place filters or sorts by it.
const ProvenColumn = "proven"

// ListedBackups and ListedVolumes are the columns of a list: those of the place, and what the
// archive knows besides.
var (
	ListedBackups = append(slices.Clip(BackupColumns), provenColumn(func(b *Backup) *Proof { return b.Proof }))
	ListedVolumes = append(slices.Clip(VolumeFields), provenColumn(func(v *Volume) *Proof { return v.Proof }))
)

func provenColumn[T any](of func(*T) *Proof) Column[T] {
	return Column[T]{Name: ProvenColumn, Key: "last_proven_at", Title: "Last proven", Kind: TimeColumn,
		Known: func(row *T) bool { return of(row) != nil && of(row).Unread == "" },
		Value: func(row *T) pyjson.Value {
			if p := of(row); p != nil {
				return timeValue(p.Proven)
			}
			return pyjson.None
		}}
}
