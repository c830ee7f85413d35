package storetest

import (
	"context"
	"path/filepath"
	"testing"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
)

// Foreign is what a database that hearth did not make can do: all but keep books.
type Foreign interface {
	store.Place
	store.Typer
	store.Writer
	store.Exporter
	store.Importer
	store.Sizer
}

// WithBooks is a foreign place and an archive that keeps its books, as one: so it can be
// held to what a store that hearth made is held to. The archive lasts as long as the test,
// and has the captures of the world in it.
func WithBooks(t *testing.T, p Foreign, w World) Place {
	t.Helper()
	books, err := archive.Open(t.Context(), filepath.Join(t.TempDir(), "archive.sqlite"))
	ok(t, err)
	t.Cleanup(func() { books.Close() })
	place := &booked{p, books}
	for _, k := range w.Captures {
		_, err := place.KeepCapture(t.Context(), k)
		ok(t, err)
	}
	return place
}

type booked struct {
	Foreign
	books *archive.Archive
}

// Info says that the place journals, as the two together do.
func (b *booked) Info() core.PlaceInfo {
	info := b.Foreign.Info()
	info.Journals = true
	return info
}

func (b *booked) Captures(ctx context.Context, _ string, volume core.VolumeID, backup core.BackupID) ([]core.KeptCapture, error) {
	return b.books.Captures(ctx, "", volume, backup)
}

func (b *booked) KeepCapture(ctx context.Context, k core.KeptCapture) (int64, error) {
	k.Place = ""
	return b.books.KeepCapture(ctx, k)
}

func (b *booked) CapturedOf(ctx context.Context, _ string, ids []core.BackupID) (map[core.BackupID]core.Captured, error) {
	return b.books.CapturedOf(ctx, "", ids)
}

func (b *booked) Entries(ctx context.Context, _ string, limit int) ([]core.Entry, error) {
	return b.books.Entries(ctx, "", limit)
}

func (b *booked) Entry(ctx context.Context, id core.EntryID) (core.Entry, error) {
	return b.books.Entry(ctx, id)
}

func (b *booked) Rewrite(ctx context.Context, r core.Rewrite) (core.Entry, error) {
	return b.account(ctx, r.Entry, func() error {
		_, err := b.Foreign.Rewrite(ctx, r)
		return err
	})
}

func (b *booked) Import(ctx context.Context, items []core.ImportItem, e core.Entry) (results []core.ImportResult, err error) {
	_, err = b.account(ctx, e, func() error {
		results, err = b.Foreign.Import(ctx, items, e)
		return err
	})
	return results, err
}

// account does something and writes it down, if it was done.
func (b *booked) account(ctx context.Context, e core.Entry, do func() error) (core.Entry, error) {
	if e.Kind == core.EntryUndo {
		of, err := b.books.Entry(ctx, e.Of)
		if err == nil {
			err = of.Undoable()
		}
		if err != nil {
			return e, core.Fail(core.CodeConflict, "undo", err.Error(), "", err)
		}
	}
	if err := do(); err != nil {
		return e, err
	}
	id, err := b.books.Begin(ctx, e)
	if err != nil {
		return e, err
	}
	e.ID, e.State = id, core.EntryDone
	return e, b.books.Finish(ctx, e, core.EntryDone, "")
}
