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

// Captures keeps captures: a place that hearth made, or the archive.
type Captures interface {
	// Captures returns the kept captures of a backup, or with an empty backup of a
	// volume, newest first.
	Captures(ctx context.Context, place string, volume core.VolumeID, backup core.BackupID) ([]core.KeptCapture, error)
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

// Importer imports records.
type Importer interface {
	// ImportFacts says what a preflight must know of the place: for each id what
	// is there of it, and the rest.
	ImportFacts(ctx context.Context, ids []core.BackupID) (core.ImportFacts, error)
	// Import writes the records, all in one transaction where the place has
	// such, and returns a result for each. The error is that of the whole call.
	Import(ctx context.Context, items []core.ImportItem, entry core.Entry) ([]core.ImportResult, error)
}

// Sizer says how large what it keeps is.
type Sizer interface {
	// Size is in bytes, side files included.
	Size(ctx context.Context) (int64, error)
}
