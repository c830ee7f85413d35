package ceph

import (
	"hearth/core"
	"hearth/store/scan"
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

const only = "only in the database: Ceph's driver does not store it"

var marks = scan.Marks{Also: map[string]string{"display_name": "name", "display_description": "description"}, Table: []scan.Words{
	{Bit: markCreatedSnap, Marks: []core.Mark{scan.Assumed("created_at",
		"it is the time in the name of its snapshot, when the copying began: the row was made a moment before")}},
	{Bit: markCreatedImage, Marks: []core.Mark{scan.Assumed("created_at",
		"it is when its image was made, and the copying began: the row was made a moment before")}},
	{Bit: markCreatedLost, Marks: []core.Mark{scan.Lost("created_at",
		"it has no snapshot, whose name would tell, and its image does not say when it was made")}},
	{Bit: markDataTimestamp, Marks: []core.Mark{scan.Assumed("data_timestamp",
		"taken to be created_at; a backup of a snapshot has the snapshot's time, which the pool does not hold")}},
	{Bit: markParent, Marks: []core.Mark{scan.Assumed("parent_id",
		"taken to be the backup whose snapshot is the one before in the same image; it may stand on an earlier one")}},
	{Bit: markParentBase, Marks: []core.Mark{scan.Assumed("parent_id",
		"Cinder up to Stein kept all backups of a volume in one image, incremental or not: taken to be the one before; "+
			"the row may name another, or none. The data does not depend on it")}},
	{Bit: markParentBelow, Marks: []core.Mark{scan.Lost("parent_id",
		"the image is of a full backup whose snapshot is gone: it was incremental on that, or on one that came after")}},
	{Bit: markChild, Marks: []core.Mark{scan.Assumed("num_dependent_backups", "the parent of one that may stand on it is not certain")}},
	{Bit: markImageName, Marks: []core.Mark{scan.Assumed("service_metadata",
		"Cinder up to Stein left it empty; with the image's name in it any Cinder finds the image")}},
	{Bit: markOfSnapshot, Marks: []core.Mark{scan.Assumed("id",
		"the image does not tell it: it is the only backup with metadata of this volume that has no image of its own")}},
	{Bit: markOwner, Marks: scan.OfVolume},
	{Bit: markOwnerLost, Marks: scan.OfNobody},
	{Bit: markKeyVolume, Marks: scan.KeyOfVolume},
	{Bit: markKeyLost, Marks: scan.KeyUnknown},
	{Bit: markUnread, Marks: []core.Mark{
		scan.Lost("user_id", "its metadata was not read yet"),
		scan.Lost("project_id", "its metadata was not read yet"),
		scan.Lost("encryption_key_id", "its metadata was not read yet"),
	}, Unseen: []string{"volume_name"}},
	{Bit: markRest, Marks: append([]core.Mark{
		scan.Lost("display_name", only),
		scan.Lost("display_description", only),
		scan.Lost("availability_zone", only+"; an import makes it the importing host's"),
		scan.Lost("host", only+"; an import makes it the importing host"),
	}, scan.Rest...)},
}}

// fullCopy is the layout of a backup that has an image of its own and no snapshot: of a
// volume that was no RBD image. From 18.0 on Cinder looked for what it restores in the
// image that ends in .backup.base alone, until 7b635086c
// and becf45c6c.
var fullCopy = core.Layout{
	Name: "ceph-full-copy",
	Stops: "Cinder 18.0 to 22.1 cannot restore it: it is a full copy under an image of its own, and they look for one whose name ends in " +
		".backup.base (bug 1895035)",
	Next: "restore it with Cinder 24.0 or newer, or have its bytes put together by hearth extract",
}
