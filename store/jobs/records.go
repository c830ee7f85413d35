package jobs

import (
	"context"
	"fmt"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
)

// Exported is the result of exporting one backup.
type Exported struct {
	Backup core.Backup
	Record core.Record
	Err    error
}

// Export exports backups, with chain each together with its parents, which come
// first. What was exported is kept in the archive. progress, if not nil, is
// called after each. The error is that of the whole call; each result has its own.
func (d Desk) Export(ctx context.Context, ids []core.BackupID, chain bool, progress func(done, total int)) ([]Exported, error) {
	ex, ok := d.Place.(store.Exporter)
	if !ok {
		return nil, core.Fail(core.CodeUnsupported, "export", "this kind of place cannot export records", "", nil)
	}
	backups, err := d.toExport(ctx, ids, chain)
	if err != nil {
		return nil, err
	}
	var out []Exported
	for i, b := range backups {
		if err := ctx.Err(); err != nil {
			return out, core.Fail(core.CodeCancelled, "export", fmt.Sprintf("it was cancelled after %d of %s", i, core.Count(len(backups), "backup")), "", err)
		}
		r, err := ex.Export(ctx, b.ID)
		if err == nil {
			err = d.keepRecord(ctx, b.ID, r, "export")
		}
		out = append(out, Exported{b, r, err})
		if progress != nil {
			progress(i+1, len(backups))
		}
	}
	return out, nil
}

// toExport reads the backups that the ids mean, each once, parents first.
func (d Desk) toExport(ctx context.Context, ids []core.BackupID, chain bool) ([]core.Backup, error) {
	var out []core.Backup
	seen := map[core.BackupID]bool{}
	for _, id := range ids {
		b, err := d.Place.Backup(ctx, id)
		if err != nil {
			return nil, err
		}
		layers := []core.Backup{b}
		if chain {
			c, err := d.Chain(ctx, id)
			if err != nil {
				return nil, err
			}
			layers = c.Backups
		}
		for _, b := range layers {
			if !seen[b.ID] {
				seen[b.ID] = true
				out = append(out, b)
			}
		}
	}
	return out, nil
}

// keepRecord keeps a record in the archive; nothing of a demo goes there.
func (d Desk) keepRecord(ctx context.Context, id core.BackupID, r core.Record, direction string) error {
	if d.Archive == nil || d.Place.Info().Demo {
		return nil
	}
	dec, err := core.DecodeRecord(r.URL, core.Today)
	if err != nil {
		return core.Fail(core.CodeUnreadable, "keep the record", err.Error(), "", err)
	}
	return d.Archive.KeepRecord(ctx, archive.KeptRecord{Place: d.location(), Backup: id, At: d.Now(), Direction: direction,
		Fingerprint: dec.Fingerprint(), Record: r})
}

// Preflight checks the records of a paste against the place.
func (d Desk) Preflight(ctx context.Context, found []core.Found) ([]core.Check, core.ImportFacts, error) {
	im, ok := d.Place.(store.Importer)
	if !ok {
		return nil, core.ImportFacts{}, core.Fail(core.CodeUnsupported, "import", "this kind of place cannot import records", "", nil)
	}
	var ids []core.BackupID
	asked := map[core.BackupID]bool{"": true}
	for _, f := range found {
		if !f.OK() {
			continue
		}
		for _, id := range []core.BackupID{f.Decoded.ID(), f.Decoded.ParentID()} {
			if !asked[id] {
				asked[id] = true
				ids = append(ids, id)
			}
		}
	}
	facts, err := im.ImportFacts(ctx, ids)
	if err != nil {
		return nil, facts, err
	}
	return core.Preflight(found, facts), facts, nil
}

// Import imports the chosen records of a preflight, parents first, and gives one
// result for each. Refused ones among the chosen are left out.
func (d Desk) Import(ctx context.Context, checks []core.Check, chosen []int) ([]core.ImportResult, error) {
	info := d.Place.Info()
	im, ok := d.Place.(store.Importer)
	switch {
	case !ok:
		return nil, core.Fail(core.CodeUnsupported, "import", "this kind of place cannot import records", "", nil)
	case info.ReadOnly != "":
		return nil, core.Fail(core.CodeReadOnly, "import", info.ReadOnly, "", nil)
	}
	items := core.Items(checks, chosen)
	if len(items) == 0 {
		return nil, core.Fail(core.CodeRefused, "import", "none of the chosen records can be imported", "look at what is said of each", nil)
	}
	e := core.Entry{At: d.Now(), Who: d.Who, Place: info.Location, Kind: core.EntryImport, Summary: "import of " + core.Count(len(items), "backup")}
	for _, it := range items {
		e.Backups = append(e.Backups, it.ID)
	}
	var results []core.ImportResult
	do := func(e core.Entry) (err error) {
		results, err = im.Import(ctx, items, e)
		return err
	}
	var err error
	if info.Journals {
		err = do(e)
	} else {
		_, err = d.byIntent(ctx, e, do)
	}
	if err != nil {
		return results, err
	}
	if results == nil { // the answer was lost, but the place was read back
		for _, it := range items {
			results = append(results, core.ImportResult{ID: it.ID, Name: it.Name, Status: core.StatusAvailable})
		}
	}
	after := context.WithoutCancel(ctx)
	for _, it := range items {
		if err := d.keepRecord(after, it.ID, it.Record, "import"); err != nil {
			return results, err
		}
	}
	return results, nil
}
