// Package store is the only way to data: small interfaces that places fulfil,
// and [Open], which makes a place of its location. A place is read through
// [Place]; what else it can do it says by fulfilling the other interfaces.
//
// Every method takes a context and returns soon after that ends, with its error.
// Errors that a person can act on are *core.Error. Methods may be called from
// many goroutines at once.
package store

import (
	"context"
	"iter"

	"hearth/core"
)

// Place is somewhere volumes and backups are kept.
type Place interface {
	// Info describes the place; it does no I/O.
	Info() core.PlaceInfo
	// Volumes and Backups answer a query with a page of rows.
	Volumes(ctx context.Context, q core.Query) (core.Page[core.Volume], error)
	Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error)
	// Volume and Backup read one row with all that belongs to it. CodeNotFound if
	// it is not there, or deleted.
	Volume(ctx context.Context, id core.VolumeID) (core.Volume, error)
	Backup(ctx context.Context, id core.BackupID) (core.Backup, error)
	// Close gives the place up; no method may be called afterwards.
	Close() error
}

// Typer knows the volume types of its place.
type Typer interface {
	// VolumeTypes returns nil where there is no way to tell.
	VolumeTypes(ctx context.Context) ([]core.VolumeType, error)
}

// Zoner knows the availability zones of its place.
type Zoner interface {
	// Zones returns those in which volumes can be made now, by name.
	Zones(ctx context.Context) ([]string, error)
}

// Snapshotter knows the snapshots of its place.
type Snapshotter interface {
	// Snapshots lists those of a volume, or with "" all that there are, newest first. With
	// an error come those that were read before it. CodeUnsupported where it keeps none.
	Snapshots(ctx context.Context, of core.VolumeID) ([]core.Snapshot, error)
}

// Captures keeps captures: a place that hearth made, or the archive.
type Captures interface {
	// Captures returns the kept captures of a backup, or with an empty backup of a
	// volume, newest first.
	Captures(ctx context.Context, place string, volume core.VolumeID, backup core.BackupID) ([]core.KeptCapture, error)
	// CapturedOf says what is known of the captures of some backups; those of which none
	// is kept are left out.
	CapturedOf(ctx context.Context, place string, ids []core.BackupID) (map[core.BackupID]core.Captured, error)
	// KeepCapture keeps one and returns its number. A text that is kept already
	// for the same volume and backup is not kept twice.
	KeepCapture(ctx context.Context, c core.KeptCapture) (int64, error)
}

// Writer changes volumes.
type Writer interface {
	// Rewrite takes a volume from one state to another in one transaction.
	// CodeConflict if it is no longer in the first, CodeReadOnly if the place is
	// not open for writing; in both cases nothing has changed. A place that
	// journals writes the entry in the same transaction and returns it.
	Rewrite(ctx context.Context, r core.Rewrite) (core.Entry, error)
}

// Journal keeps account of what was changed.
type Journal interface {
	// Entries returns the newest entries first; limit 0 is all. place "" is every
	// place that the journal knows.
	Entries(ctx context.Context, place string, limit int) ([]core.Entry, error)
	// Entry reads one; CodeNotFound if there is none of that number.
	Entry(ctx context.Context, id core.EntryID) (core.Entry, error)
}

// Exporter exports backups as records.
type Exporter interface {
	Export(ctx context.Context, id core.BackupID) (core.Record, error)
}

// BatchReader reads many backups about as fast as a list does.
type BatchReader interface {
	// BackupsOf is Place.Backup for many, of one moment, in no order; those that are not
	// there are left out.
	BackupsOf(ctx context.Context, ids []core.BackupID) ([]core.Backup, error)
}

// BatchExporter exports many backups about as fast as it reads them.
type BatchExporter interface {
	// ExportBatch returns something for each id, in their order. The error is that of the
	// whole call.
	ExportBatch(ctx context.Context, ids []core.BackupID) ([]core.Exported, error)
}

// Importer imports records.
type Importer interface {
	// ImportFacts says what a preflight must know of the place: for each id what
	// is there of it, and the rest.
	ImportFacts(ctx context.Context, ids []core.BackupID) (core.ImportFacts, error)
	// Import writes the records, all in one transaction where the place has
	// such, and returns a result for each. The error is that of the whole call.
	Import(ctx context.Context, items []core.ImportItem, entry core.Entry) ([]core.ImportResult, error)
}

// BulkImporter imports as many records as there are without holding them.
type BulkImporter interface {
	// ImportAll is Import of items that come a batch at a time; each hears of them in
	// their order, and what it hears holds once ImportAll returns nil. Items are gone
	// through once more from the beginning where the place must try again.
	ImportAll(ctx context.Context, items iter.Seq2[[]core.ImportItem, error], entry core.Entry, each func(core.ImportResult)) error
}

// Sizer says how large what it keeps is.
type Sizer interface {
	// Size is in bytes, side files included.
	Size(ctx context.Context) (int64, error)
}

// Operator does to backups what an admin does all day. CodeRefused carries
// Cinder's own words, CodeDenied a missing role; after CodeUnavailable it is not
// known whether the request took effect, unless the method says more.
type Operator interface {
	// CreateBackup asks for a backup and returns its row, which is creating.
	CreateBackup(ctx context.Context, r core.BackupRequest) (core.Backup, error)
	EditBackup(ctx context.Context, id core.BackupID, e core.BackupEdit) error
	// DeleteBackup asks for a backup's deletion; with force in any status.
	DeleteBackup(ctx context.Context, id core.BackupID, force bool) error
	// ResetBackup sets a backup's status, "available" or "error".
	ResetBackup(ctx context.Context, id core.BackupID, status string) error
	// RestoreBackup asks for a restore. Where the answer got lost it looks for the
	// volume instead of asking again.
	RestoreBackup(ctx context.Context, r core.RestoreRequest) (core.Restoring, error)
	// MakeVolume asks for an empty volume, which is creating. Where the answer got
	// lost it looks for it by its name, and says that it did.
	MakeVolume(ctx context.Context, r core.VolumeRequest) (core.MadeVolume, error)
	// DeleteVolume asks for a volume's deletion.
	DeleteVolume(ctx context.Context, id core.VolumeID) error
}

// Surveyor knows what decides over a restore and stands in no row. What the login may
// not see comes as CodeDenied, and is then not known.
type Surveyor interface {
	// Driver returns the class of a backup's service, as core.Backup.Service has it;
	// null where it cannot be told.
	Driver(ctx context.Context, id core.BackupID) (core.Opt[string], error)
	// Keyed reports whether a backup has an encryption key, the one that the API hides
	// included; null where it cannot be told.
	Keyed(ctx context.Context, id core.BackupID) (core.Opt[bool], error)
	// Encrypts reports whether volumes of a type, of that id, are encrypted.
	Encrypts(ctx context.Context, volumeType string) (bool, error)
	// Quota returns the project's, by Cinder's names (os-quota-sets): volumes,
	// gigabytes, per_volume_gigabytes, and of each type volumes_NAME, gigabytes_NAME. A
	// line that is not there is not known to set a limit.
	Quota(ctx context.Context) (map[string]core.Allowance, error)
	// BackupServices lists them, also those that are down or disabled.
	BackupServices(ctx context.Context) ([]core.BackupService, error)
}

// Allower knows what the login may do in its place.
type Allower interface {
	// Denied says why an operation is not allowed, "" if it may be. It does no I/O:
	// it goes by the token's roles and by what was denied before.
	Denied(op core.Operation) string
}

// Messenger knows why things went wrong.
type Messenger interface {
	// Messages returns the newest first; nil where the place keeps none.
	Messages(ctx context.Context, resource string) ([]core.Message, error)
}

// Kin knows a backup's children.
type Kin interface {
	// Dependents returns what stands directly on a backup, in every project that
	// can be seen, newest first; sure is false where there may be others.
	Dependents(ctx context.Context, id core.BackupID) (backups []core.Backup, sure bool, err error)
}

// Counter counts what a list would show where its page says about how many it is
// (core.Page.About).
type Counter interface {
	// CountBackups and CountVolumes count the rows that fulfil a query's filter; its page
	// and order are passed over.
	CountBackups(ctx context.Context, q core.Query) (int, error)
	CountVolumes(ctx context.Context, q core.Query) (int, error)
}

// Roller reads through all of its rows for little each, as a database can.
type Roller interface {
	// BackupRoll and VolumeRoll hand on every row of one moment once, in any order: what
	// it is called, its status, its project, a backup's volume, parent and reason of failure,
	// its size, and its times; the rest is zero. An error of fn ends it and comes back. fn must not
	// use the place.
	BackupRoll(ctx context.Context, fn func(*core.Backup) error) error
	VolumeRoll(ctx context.Context, fn func(*core.Volume) error) error
}

// Lineage is a place whose lists do not name parents, and that can find them out.
type Lineage interface {
	// Lineage returns all backups of a volume, each with its parent; what cannot be
	// asked is guessed, and marked so.
	Lineage(ctx context.Context, volume core.VolumeID) ([]core.Backup, error)
}

// Scoper is a place that a login opens a part of: a cloud.
type Scoper interface {
	// Scope asks the place who we are there, and so whether it answers.
	Scope(ctx context.Context) (core.Scope, error)
}

// Reacher is a place whose lists show one project's rows, or those of every
// project, as each query asks (core.Query.Reach): a cloud.
type Reacher interface {
	// Reach is what core.ReachDefault stands for in this place: ReachOwn or
	// ReachAll. It does no I/O and is the same for as long as the place is open.
	Reach() core.Reach
}

// Cloud is all that a running cloud can do: what stands beside one passes it on.
type Cloud interface {
	Place
	Typer
	Zoner
	Snapshotter
	Writer
	Exporter
	Importer
	Operator
	Surveyor
	Allower
	Messenger
	Kin
	Lineage
	Scoper
	Reacher
}

// Companion is a place with a database beside it, which tells what the place hides.
type Companion interface {
	// Beside says how the two stand to each other; it asks both where that is not known
	// yet, or was found long ago. What it finds is no error.
	Beside(ctx context.Context) core.Beside
}

// Recaller reads backups that were deleted: Cinder only marks their rows.
type Recaller interface {
	// Recall reads the row of a deleted backup. CodeNotFound where there is none.
	Recall(ctx context.Context, id core.BackupID) (core.Backup, error)
}

// Collator knows how its database compares the keys of metadata.
type Collator interface {
	// Alike returns, of each of some keys of a section, the one that the database takes it
	// for; one that is left out is alike to none. nil where that cannot be told.
	Alike(ctx context.Context, s core.Section, keys []string) (map[string]string, error)
}

// Encrypter knows which volume types encrypt, without a cloud's leave.
type Encrypter interface {
	// TypeEncrypts is asked for a type by its id; null where that cannot be told.
	TypeEncrypts(ctx context.Context, id string) (core.Opt[bool], error)
}

// Noter knows what the backup services of its place do after a restore.
type Noter interface {
	// Noting returns core.MaybeNoted where that is not known.
	Noting(ctx context.Context) (core.Noting, error)
}

// CaptureSource knows the captures that Cinder itself stored with backups: a backup
// repository. They are what a restore will write, layer by layer.
type CaptureSource interface {
	// Capture returns what was stored with a backup; false where Cinder stored
	// none. CodeNotFound if the source does not hold the backup.
	Capture(ctx context.Context, id core.BackupID) (core.Capture, bool, error)
}

// Dater knows how the objects of a backup were written: a backup repository, or what
// stands in for one as the source of captures.
type Dater interface {
	// Layout returns nil where that is not known. CodeNotFound if the backup is not there.
	Layout(ctx context.Context, id core.BackupID) (*core.Layout, error)
}

// Sifter knows what a repository holds that is no part of any backup.
type Sifter interface {
	// Unrecognised puts it together by what it looks like, the most first; nil where all
	// there is was understood. It goes by the last scan, if there was one.
	Unrecognised(ctx context.Context) ([]core.Unrecognised, error)
}

// Repository is a place whose backups are read from the objects they consist of.
type Repository interface {
	Place
	Exporter
	CaptureSource
	// Scan reads it anew and tells what is in it, unfinished and broken backups
	// and strays too.
	Scan(ctx context.Context, progress func(core.ScanProgress)) (core.Inventory, error)
	// Marks says what of a backup's row is assumed, and what is lost.
	Marks(ctx context.Context, id core.BackupID) ([]core.Mark, error)
	// Verify compares backups with their metadata, and where it is asked to reads
	// them. Each report is handed over as it is done, in no order, one at a time; an
	// error of report ends it.
	Verify(ctx context.Context, r core.VerifyRequest, report func(core.VerifyReport) error) error
}

// Filler is a repository whose Scan reads names only, for each object costs a call: Ceph.
type Filler interface {
	// Fill reads the rest of some of the backups that the last Scan named, many at a
	// time, and returns them again with what it tells. One that is gone is left out.
	Fill(ctx context.Context, ids []core.BackupID, progress func(done, of int)) ([]core.Holding, error)
}

// Imager gives the bytes of a volume as of a backup, without Cinder: a backup
// repository.
type Imager interface {
	// Image tells what there is to read; it reads no data. CodeNotFound where the
	// backup, or one that it stands on, is not there.
	Image(ctx context.Context, id core.BackupID) (core.Image, error)
	// ReadImage hands the bytes to a sink. CodeUnreadable for what cannot be had,
	// unless the request keeps going.
	ReadImage(ctx context.Context, r core.ImageRequest, sink core.ImageSink) (core.ImageReport, error)
}
