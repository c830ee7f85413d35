package repository

import (
	"path"
	"strings"

	"hearth/core"
	"hearth/store/scan"
)

// The drivers of repositories, by their full class names.
const (
	PosixDriver = "cinder.backup.drivers.posix.PosixBackupDriver"
	NFSDriver   = "cinder.backup.drivers.nfs.NFSBackupDriver"
	SwiftDriver = "cinder.backup.drivers.swift.SwiftBackupDriver"
	S3Driver    = "cinder.backup.drivers.s3.S3BackupDriver"
	GCSDriver   = "cinder.backup.drivers.gcs.GoogleBackupDriver"
)

// The words on fields of a rebuilt row. Bits, so that twenty thousand rows share
// the few lists of marks that there are.
const (
	markService uint32 = 1 << iota
	markServiceObjects
	markServiceFiles
	markServiceMount
	markContainer
	markContainerMount
	markContainerAsked
	markContainerHere
	markContainerDown
	markPrefixMoved
	markPrefixLost
	markCreatedPrefix
	markCreatedLost
	markDataTimestamp
	markSizeHashes
	markSizeChunks
	markSizeLost
	markOwner
	markOwnerLost
	markOwnerAccount
	markKeyVolume
	markKeyLost
	markZoneLost
	markRest
)

var marks = scan.Marks{Table: []scan.Words{
	{Bit: markService, Marks: []core.Mark{scan.Assumed("service",
		"a folder does not tell posix from nfs from glusterfs; set service in the config if it is not posix")}},
	{Bit: markServiceMount, Marks: []core.Mark{scan.Assumed("service",
		"it lies in the mount of a share, which nfs and glusterfs have alike; set service in the config if it is not nfs")}},
	{Bit: markServiceObjects, Marks: []core.Mark{scan.Assumed("service",
		"its names are those of swift, s3 and gcs alike, and a folder does not tell where they were downloaded from; set service in the "+
			"config if it is not swift")}},
	{Bit: markServiceFiles, Marks: []core.Mark{scan.Assumed("service",
		"its names are those of posix, nfs and glusterfs, which write to a folder, and were copied to where they are; set service in the "+
			"config if it is not posix")}},
	{Bit: markContainer, Marks: []core.Mark{scan.Assumed("container",
		"it is the path that the drivers make of the id, and lies elsewhere under the folder that was opened, which is therefore not "+
			"the driver's own root")}},
	{Bit: markContainerMount, Marks: []core.Mark{scan.Assumed("container",
		"the folder before it is taken for the mount of a share, which Cinder's drivers call by the md5 of the share")}},
	{Bit: markContainerAsked, Marks: []core.Mark{scan.Assumed("container",
		"it is not the path that the drivers make of the id, and it is unusual to ask for folders in folders: if the one that was opened is "+
			"not the driver's own root, Cinder does not find it under this name")}},
	{Bit: markContainerHere, Marks: []core.Mark{scan.Assumed("container",
		"its files lie in the very folder that was opened, which is therefore taken for a container, and the one above it for the root")}},
	{Bit: markContainerDown, Marks: []core.Mark{scan.Assumed("container",
		"it was downloaded, and is taken to be called as the folder is that it lies in")}},
	{Bit: markPrefixMoved, Marks: []core.Mark{scan.Assumed("service_metadata",
		"it is what its metadata names; its objects lie under another prefix, where Cinder does not look")}},
	{Bit: markPrefixLost, Marks: []core.Mark{scan.Assumed("service_metadata",
		"the folders before it, which belong to it, are gone, and its metadata does not name them")}},
	{Bit: markCreatedPrefix, Marks: []core.Mark{scan.Assumed("created_at",
		"the metadata does not tell; it is the time in the names of the objects")}},
	{Bit: markCreatedLost, Marks: []core.Mark{scan.Lost("created_at", "the metadata does not tell")}},
	{Bit: markDataTimestamp, Marks: []core.Mark{scan.Assumed("data_timestamp",
		"taken to be created_at; a backup of a snapshot has the snapshot's time, which the repository does not hold")}},
	{Bit: markSizeHashes, Marks: []core.Mark{scan.Assumed("size",
		"no capture tells it; it is what the sha256 file covers, rounded up")}},
	{Bit: markSizeChunks, Marks: []core.Mark{scan.Assumed("size",
		"no capture tells it; it is where the last chunk ends, rounded up")}},
	{Bit: markSizeLost, Marks: []core.Mark{scan.Lost("size",
		"neither a capture, nor a sha256 file, nor a full set of chunks tells it")}},
	{Bit: markOwner, Marks: scan.OfVolume},
	{Bit: markOwnerLost, Marks: scan.OfNobody},
	{Bit: markOwnerAccount, Marks: []core.Mark{
		scan.Assumed("user_id", "the volume's; an import makes it the importer's"),
		scan.Assumed("project_id",
			"that of the account in which it lies, as where backup_swift_auth is per_user; an import makes it the importer's"),
	}},
	{Bit: markKeyVolume, Marks: scan.KeyOfVolume},
	{Bit: markKeyLost, Marks: scan.KeyUnknown},
	{Bit: markZoneLost, Marks: []core.Mark{scan.Lost("availability_zone",
		"a folder does not hold it; an import makes it the importing host's")}},
	{Bit: markRest, Marks: append([]core.Mark{scan.Lost("host", "an import makes it the importing host")}, scan.Rest...)},
}}

// facts is what a row is rebuilt from.
type facts struct {
	meta      *metadata
	group     *group
	service   string          // the driver's class
	sure      bool            // that it is that one
	hashed    core.Opt[int64] // bytes that the sha256 file covers; only asked for without a capture
	listed    bool            // the chunks that are there are those of the metadata
	container string
	above     string // the whole path of the folder that was opened; "" if it is none
	chosen    bool   // the driver's class was given
	accounts  bool   // the container is one of several accounts
}

// rebuild makes the row that a database would have, as far as a repository tells, and the
// bits of its marks.
func (f facts) rebuild() (core.Backup, uint32) {
	m, bits := f.meta, markRest
	b := core.Backup{ID: m.backup, Name: m.name, Description: m.description, Status: core.StatusAvailable,
		VolumeID: m.volume, ParentID: m.parent, Incremental: m.parent != "", ObjectCount: int64(len(m.entries)),
		AvailabilityZone: f.group.owner.zone, Layout: m.layout}
	if !f.listed {
		b.Status = core.StatusError
	}
	bits |= f.place(&b) | f.driver(&b)
	if !f.group.owner.zone.Set {
		bits |= markZoneLost
	}
	if t, ok := createdAt(m.created); ok {
		b.CreatedAt = core.Some(t)
	} else if b.CreatedAt = f.group.owner.began; b.CreatedAt.Set {
		bits |= markCreatedPrefix
	} else {
		bits |= markCreatedLost
	}
	if b.DataTimestamp = b.CreatedAt; b.CreatedAt.Set {
		bits |= markDataTimestamp
	}
	base := m.basics()
	project := b.ProjectID
	bits |= f.sizes(&b, base) | owners(&b, base)
	if bits&markOwnerAccount != 0 {
		b.ProjectID, bits = project, bits&^(markOwner|markOwnerLost)
	}
	return b, bits
}

// place finds the container and prefix by which Cinder knows the backup, which are not
// those by which it lies here where another folder than the root was opened, or a
// container was downloaded or copied.
func (f facts) place(b *core.Backup) (bits uint32) {
	prefix, at := f.group.prefix, f.container
	dir, last := cutLast(prefix)
	switch {
	case f.group.owner.naming == flatNames:
		prefix, at = last, strings.TrimPrefix(path.Join(at, dir), "/")
	case f.meta.prefix != "" && f.meta.prefix != prefix:
		prefix, bits = f.meta.prefix, markPrefixMoved
	case f.meta.prefix != "":
		bits = markPrefixLost
	}
	b.ServiceMetadata = core.Some(prefix)
	whole := path.Join(f.above, at)
	switch {
	case f.group.owner.naming == objectNames && f.above != "":
		at, bits = path.Base(whole), bits|markContainerDown
	case f.group.owner.naming == objectNames && f.accounts:
		var account string
		account, at = cutLast(at)
		if _, project, ok := strings.Cut(account, "_"); ok && project != "" {
			b.ProjectID, bits = core.ProjectID(project), bits|markOwnerAccount
		}
	case f.group.owner.naming == objectNames:
	case path.Base(whole) == string(b.ID):
		if hashed := hashedPath(b.ID); at != hashed {
			if at = hashed; mountOf(f.container) != "" && strings.TrimPrefix(f.container, mountOf(f.container)+"/") == hashed {
				bits |= markContainerMount
			} else {
				bits |= markContainer
			}
		}
	case mountOf(at) != "":
		at, bits = strings.TrimPrefix(at, mountOf(at)+"/"), bits|markContainerMount
	case at == "":
		at, bits = path.Base(whole), bits|markContainerHere
	case strings.Contains(at, "/"):
		bits |= markContainerAsked
	}
	b.Container = core.Some(at)
	return bits
}

// mountOf is the folder that a path begins with, if that is called as the NFS and
// GlusterFS drivers call the mount of a share (os-brick's md5 of it) and something
// follows; else "".
func mountOf(at string) string {
	mount, _, more := strings.Cut(at, "/")
	if _, ok := digest(mount, 16); ok && more {
		return mount
	}
	return ""
}

// driver finds the class of the driver, as far as it can be told.
func (f facts) driver(b *core.Backup) (bits uint32) {
	m, service := f.meta, f.service
	switch object := f.group.owner.naming == objectNames; {
	case f.chosen:
	case m.layout != nil && m.layout.Name == "kilo-files": // posix and glusterfs came with Liberty
		service = NFSDriver
	case !object && f.above != "" && mountOf(f.container) != "":
		service, bits = NFSDriver, markServiceMount
	case object == (f.above == ""): // as such a bucket has them
		if !f.sure {
			bits = markService
		}
	case object:
		service, bits = SwiftDriver, markServiceObjects
	default:
		service, bits = PosixDriver, markServiceFiles
	}
	b.Service = core.Some(service)
	return bits
}

// hashedPath is the folder that file drivers make of an id (update_container_name).
func hashedPath(id core.BackupID) string {
	if len(id) < 4 {
		return ""
	}
	return path.Join(string(id[:2]), string(id[2:4]), string(id))
}

// sizes finds the size in GiB.
func (f facts) sizes(b *core.Backup, base basics) uint32 {
	if base.size > 0 {
		b.Size = base.size
		return 0
	}
	if f.hashed.Set && f.hashed.V > 0 {
		b.Size = scan.CeilGiB(f.hashed.V)
		return markSizeHashes
	}
	if end, ok := f.meta.end(); ok && end > 0 && !b.Incremental {
		b.Size = scan.CeilGiB(end)
		return markSizeChunks
	}
	return markSizeLost
}

// owners finds who the backup's is, and what is known of its key.
func owners(b *core.Backup, base basics) uint32 {
	if !base.base {
		return markOwnerLost | markKeyLost
	}
	b.UserID, b.ProjectID = strings.Clone(base.user), core.ProjectID(strings.Clone(base.project))
	bits := markOwner
	if b.UserID == "" && b.ProjectID == "" {
		bits = markOwnerLost
	}
	switch {
	case !base.hasKey:
		bits |= markKeyLost
	case base.key:
		bits |= markKeyVolume
	}
	return bits
}

// record is the record that Cinder would export of a rebuilt row, null where the
// repository does not know.
func record(b core.Backup) (core.Record, error) {
	b.Unseen = nil
	if strings.HasPrefix(b.Status, "error") {
		return core.Record{}, core.Fail(core.CodeRefused, "export backup "+string(b.ID), "its objects are not all there",
			"see hearth verify", nil)
	}
	return core.ExportRecord(&b)
}
