package ceph

import (
	"sync"

	"hearth/core"
)

// The words on fields of a rebuilt row. Bits, so that twenty thousand rows share the few
// lists of marks that there are.
const (
	markCreatedSnap uint32 = 1 << iota
	markCreatedImage
	markCreatedLost
	markDataTimestamp
	markParent
	markParentBase
	markParentBelow
	markChild
	markImageName
	markOfSnapshot
	markOwner
	markOwnerLost
	markKeyVolume
	markKeyLost
	markUnread
	markRest
)

func assumed(field, why string) core.Mark {
	return core.Mark{Field: field, State: core.MarkAssumed, Why: why}
}

func lost(field, why string) core.Mark {
	return core.Mark{Field: field, State: core.MarkLost, Why: why}
}

const only = "only in the database: Ceph's driver does not store it"

var markTexts = []struct {
	bit   uint32
	marks []core.Mark
}{
	{markCreatedSnap, []core.Mark{assumed("created_at",
		"it is the time in the name of its snapshot, when the copying began: the row was made a moment before")}},
	{markCreatedImage, []core.Mark{assumed("created_at",
		"it is when its image was made, and the copying began: the row was made a moment before")}},
	{markCreatedLost, []core.Mark{lost("created_at",
		"it has no snapshot, whose name would tell, and its image does not say when it was made")}},
	{markDataTimestamp, []core.Mark{assumed("data_timestamp",
		"taken to be created_at; a backup of a snapshot has the snapshot's time, which the pool does not hold")}},
	{markParent, []core.Mark{assumed("parent_id",
		"taken to be the backup whose snapshot is the one before in the same image; it may stand on an earlier one")}},
	{markParentBase, []core.Mark{assumed("parent_id",
		"Cinder up to Stein kept all backups of a volume in one image, incremental or not: taken to be the one before; "+
			"the row may name another, or none. The data does not depend on it")}},
	{markParentBelow, []core.Mark{lost("parent_id",
		"the image is of a full backup whose snapshot is gone: it was incremental on that, or on one that came after")}},
	{markChild, []core.Mark{assumed("num_dependent_backups", "the parent of one that may stand on it is not certain")}},
	{markImageName, []core.Mark{assumed("service_metadata",
		"Cinder up to Stein left it empty; with the image's name in it any Cinder finds the image")}},
	{markOfSnapshot, []core.Mark{assumed("id",
		"the image does not tell it: it is the only backup with metadata of this volume that has no image of its own")}},
	{markOwner, []core.Mark{
		assumed("user_id", "the volume's; an import makes it the importer's"),
		assumed("project_id", "the volume's; an import makes it the importer's"),
	}},
	{markOwnerLost, []core.Mark{
		lost("user_id", "no capture tells it; an import makes it the importer's"),
		lost("project_id", "no capture tells it; an import makes it the importer's"),
	}},
	{markKeyVolume, []core.Mark{lost("encryption_key_id",
		"the volume was encrypted; its capture has the volume's key, which may be gone with the volume, and not the backup's own copy")}},
	{markKeyLost, []core.Mark{lost("encryption_key_id",
		"without a capture it is not known whether the volume was encrypted")}},
	{markUnread, []core.Mark{
		lost("user_id", "its metadata was not read yet"),
		lost("project_id", "its metadata was not read yet"),
		lost("encryption_key_id", "its metadata was not read yet"),
	}},
	{markRest, []core.Mark{
		lost("display_name", only),
		lost("display_description", only),
		lost("availability_zone", only+"; an import makes it the importing host's"),
		lost("host", only+"; an import makes it the importing host"),
		lost("metadata", "the backup's own properties are only in the database"),
		lost("snapshot_id", "only in the database"),
		lost("restore_volume_id", "only in the database"),
		assumed("fail_reason", "a finished backup has none, as a rule; what there may be is only in the database"),
		lost("temp_volume_id", "only in the database"),
		lost("temp_snapshot_id", "only in the database"),
		lost("updated_at", "only in the database"),
	}},
}

// columnOf are the names that lists have for fields of a record.
var columnOf = map[string]string{"display_name": "name", "display_description": "description"}

// marked are the lists that there are, by their bits.
var marked struct {
	sync.Mutex
	marks  map[uint32][]core.Mark
	unseen map[uint32]core.FieldSet
}

// marksOf returns the marks of a set of bits, and the fields that are lost.
func marksOf(bits uint32) ([]core.Mark, core.FieldSet) {
	marked.Lock()
	defer marked.Unlock()
	if m, ok := marked.marks[bits]; ok {
		return m, marked.unseen[bits]
	}
	var out []core.Mark
	unseen := core.FieldSet{}
	if bits&markUnread != 0 {
		unseen["volume_name"] = true
	}
	for _, t := range markTexts {
		if bits&t.bit == 0 {
			continue
		}
		out = append(out, t.marks...)
		for _, m := range t.marks {
			if m.State == core.MarkLost {
				unseen[m.Field] = true
				if name := columnOf[m.Field]; name != "" {
					unseen[name] = true
				}
			}
		}
	}
	if marked.marks == nil {
		marked.marks, marked.unseen = map[uint32][]core.Mark{}, map[uint32]core.FieldSet{}
	}
	marked.marks[bits], marked.unseen[bits] = out, unseen
	return out, unseen
}

const gib = 1 << 30

func ceilGiB(n int64) int64 { return n/gib + min(n%gib, 1) }
