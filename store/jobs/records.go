package jobs

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
)

// Exported is the result of exporting one backup.
type Exported struct {
	Backup core.Backup
	Record core.Record
	Err    error
	// NotKept: it was exported, and the archive did not take it; nil where it did, and where
	// nothing is kept.
	NotKept error
}

// Export exports backups, with chain each together with its parents, which come
// first. What was exported is kept in the archive. The error is that of the whole
// call; each result has its own.
func (d Desk) Export(ctx context.Context, ids []core.BackupID, chain bool, progress Progress) ([]Exported, error) {
	return d.ExportPicked(ctx, Picked{IDs: ids}, chain, progress)
}

// ExportPicked is Export of backups of which some may be left alone when their turn comes;
// a parent that comes along with another is not.
func (d Desk) ExportPicked(ctx context.Context, picked Picked, chain bool, progress Progress) ([]Exported, error) {
	ex, ok := d.Place.(store.Exporter)
	if !ok {
		return nil, core.Fail(core.CodeUnsupported, "export", "this kind of place cannot export records", "", nil)
	}
	if many, ok := ex.(store.BatchExporter); ok && !chain {
		return d.exportBatches(ctx, many, picked, progress)
	}
	backups, err := d.toExport(ctx, picked.IDs, chain)
	if err != nil {
		return nil, err
	}
	d.laidOut(ctx, backups)
	own := map[core.BackupID]bool{}
	for _, id := range picked.IDs {
		own[id] = true
	}
	var out []Exported
	for i, b := range backups {
		if err := ctx.Err(); err != nil {
			return out, core.Fail(core.CodeCancelled, "export",
				fmt.Sprintf("it was cancelled after %d of %s", i, core.Count(len(backups), "backup")), "", err)
		}
		var r core.Record
		var err, kept error
		if own[b.ID] {
			err = d.leave(ctx, picked.Left, b.ID, "export backup "+b.Title())
		}
		if err == nil {
			r, err = ex.Export(ctx, b.ID)
		}
		if err == nil {
			kept, err = d.keepExported(ctx, core.Exported{Backup: b, Record: r})
		}
		out = append(out, Exported{b, r, err, kept})
		progress.say(i+1, len(backups), "")
	}
	return out, nil
}

// exportBatches exports backups a batch at a time, with one question to the place and one
// transaction of the archive for each.
func (d Desk) exportBatches(ctx context.Context, ex store.BatchExporter, picked Picked, progress Progress) ([]Exported, error) {
	seen, once := map[core.BackupID]bool{}, make([]core.BackupID, 0, len(picked.IDs))
	for _, id := range picked.IDs {
		if !seen[id] {
			seen[id] = true
			once = append(once, id)
		}
	}
	var out []Exported
	for some := range slices.Chunk(once, batchRows) {
		if err := ctx.Err(); err != nil {
			return out, core.Fail(core.CodeCancelled, "export",
				fmt.Sprintf("it was cancelled after %d of %s", len(out), core.Count(len(once), "backup")), "", err)
		}
		done, err := ex.ExportBatch(ctx, some)
		if err != nil {
			return out, err
		}
		var keep []archive.KeptRecord
		for i := range done {
			x := &done[i]
			if core.CodeOf(x.Err) == core.CodeNotFound { // as where each is read by itself: it was never there to export
				return nil, x.Err
			}
			if x.Err == nil {
				x.Err = leftAlone(picked.Left, &x.Backup, "export backup "+x.Backup.Title())
			}
			if x.Err == nil {
				var k archive.KeptRecord
				if k, x.Err = d.keptRecord(x); x.Err == nil {
					keep = append(keep, k)
				}
			}
			if x.Err != nil {
				x.Record = core.Record{}
			}
			out = append(out, Exported{x.Backup, x.Record, x.Err, nil})
		}
		if d.keeping() {
			if err := d.Archive.KeepRecords(context.WithoutCancel(ctx), keep); err != nil { // none of them is kept, and all are exported
				for i := len(out) - len(done); i < len(out); i++ {
					out[i].NotKept = err
				}
			}
		}
		progress.say(len(out), len(once), "")
	}
	backups := make([]core.Backup, len(out))
	for i := range out {
		backups[i] = out[i].Backup
	}
	d.laidOut(ctx, backups)
	for i := range out {
		out[i].Backup.Layout = backups[i].Layout
	}
	return out, nil
}

// toExport reads the backups that the ids mean, each once, parents first.
func (d Desk) toExport(ctx context.Context, ids []core.BackupID, chain bool) ([]core.Backup, error) {
	var out []core.Backup
	seen := map[core.BackupID]bool{}
	rows, err := d.allOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		layers := rows[i : i+1]
		if chain && (rows[i].Incremental || rows[i].ParentID != "") && !seen[id] {
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

// keepRecord keeps a record in the archive; nothing of a demo goes there, nor what
// was rebuilt from a repository.
func (d Desk) keepRecord(ctx context.Context, id core.BackupID, r core.Record, direction string) error {
	if !d.keeping() {
		return nil
	}
	dec, err := core.DecodeRecord(r.URL, core.Today)
	if err != nil {
		return core.Fail(core.CodeUnreadable, "keep the record", err.Error(), "", err)
	}
	return d.Archive.KeepRecord(ctx, archive.KeptRecord{Place: d.location(), Backup: id, At: d.Now(), Direction: direction,
		Fingerprint: dec.Fingerprint(), Record: r})
}

// keepExported keeps what was exported; err is of a record that cannot be read. Whoever ends hearth
// then has it kept all the same: it is exported.
func (d Desk) keepExported(ctx context.Context, x core.Exported) (notKept, err error) {
	if !d.keeping() {
		return nil, nil
	}
	k, err := d.keptRecord(&x)
	if err != nil {
		return nil, err
	}
	k.Seen = core.Opt[time.Time]{} // the export may have moved the row: it is not what was seen
	return d.Archive.KeepRecord(context.WithoutCancel(ctx), k), nil
}

// KeepRecord keeps a record that came from elsewhere in the archive, as one of the
// place's.
func (d Desk) KeepRecord(ctx context.Context, id core.BackupID, r core.Record) error {
	return d.keepRecord(ctx, id, r, "import")
}

// Preflight checks the records of a paste against the place.
func (d Desk) Preflight(ctx context.Context, found []core.Found) ([]core.Check, core.ImportFacts, error) {
	im, ok := d.Place.(store.Importer)
	if !ok {
		return nil, core.ImportFacts{}, core.Fail(core.CodeUnsupported, "import", "this kind of place cannot import records", "", nil)
	}
	facts, err := im.ImportFacts(ctx, idsIn(found))
	if err != nil {
		return nil, facts, err
	}
	checks := core.Preflight(found, facts)
	d.mindImports(checks)
	return checks, facts, nil
}

// idsIn are the backups that records tell of, and their parents, each once.
func idsIn(found []core.Found) (ids []core.BackupID) {
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
	return ids
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
	e := core.Entry{At: d.Now(), Who: d.Who, Place: info.Location, Kind: core.EntryImport,
		Summary: "import of " + core.Count(len(items), "backup")}
	for _, it := range items {
		e.Backups = append(e.Backups, it.ID)
	}
	var results []core.ImportResult
	do := func(e core.Entry) (err error) {
		results, err = im.Import(ctx, items, e)
		return err
	}
	var err error
	switch {
	case info.Journals:
		err = do(e)
	case info.Kind == core.PlaceCloud:
		return d.importByAPI(ctx, im, items, e)
	default:
		_, err = d.byIntent(ctx, e, func(a *account) error { return do(a.e) })
	}
	if err != nil {
		return results, err
	}
	if results == nil { // the answer was lost, but the place was read back
		for _, it := range items {
			results = append(results, core.ImportResult{ID: it.ID, Name: it.Name, Status: core.StatusAvailable})
		}
	}
	return results, d.keepRecords(ctx, items, results)
}

// keepRecords keeps what was imported in the archive, a batch at a time.
func (d Desk) keepRecords(ctx context.Context, items []core.ImportItem, results []core.ImportResult) error {
	if !d.keeping() {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	var keep []archive.KeptRecord
	for i, it := range items {
		if i < len(results) && results[i].Err == nil {
			dec, err := core.DecodeRecord(it.Record.URL, core.Today)
			if err != nil {
				return core.Fail(core.CodeUnreadable, "keep the record", err.Error(), "", err)
			}
			keep = append(keep, archive.KeptRecord{Place: d.location(), Backup: it.ID, At: d.Now(), Direction: "import",
				Fingerprint: dec.Fingerprint(), Record: it.Record})
		}
	}
	for some := range slices.Chunk(keep, batchRows) {
		if err := d.Archive.KeepRecords(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// importByAPI imports where each record is a request and what it asks for is done
// by and by: it follows each until it is available or has failed, and compares
// what arrived with the record.
func (d Desk) importByAPI(ctx context.Context, im store.Importer, items []core.ImportItem, e core.Entry) ([]core.ImportResult, error) {
	e.Steps = steps(items, func(it core.ImportItem) string { return "import " + string(it.ID) })
	a, err := d.begin(ctx, e)
	if err != nil {
		return nil, err
	}
	defer a.leave(ctx)
	results, err := im.Import(ctx, items, a.e)
	for len(results) < len(items) { // the rest was not reached, or its answer was lost
		it := items[len(results)]
		r := core.ImportResult{ID: it.ID, Name: it.Name, Err: err}
		if b, berr := d.Place.Backup(context.WithoutCancel(ctx), it.ID); berr == nil {
			r.Status, r.Err = b.Status, nil
		} else if r.Err == nil {
			r.Err = core.Fail(core.CodeUnavailable, "import backup "+string(it.ID), "the place said nothing of it", "look whether it is there", nil)
		}
		results = append(results, r)
	}
	failed := 0
	var first error
	for i := range results {
		if results[i].Err == nil {
			a.did(ctx, i)
			d.followImport(ctx, &items[i], &results[i])
		}
		if results[i].Err != nil {
			a.doubt(results[i].Err)
			failed++
			if first == nil {
				first = results[i].Err
			}
		}
	}
	if err := a.endBy(ctx, first); failed == len(results) || first == nil && err != nil {
		return results, err
	}
	return results, d.keepRecords(ctx, items, results)
}

// followImport follows a record until it is available, has failed, or has taken so
// long that it will stay as it is.
func (d Desk) followImport(ctx context.Context, it *core.ImportItem, r *core.ImportResult) {
	tried := "import backup " + string(it.ID)
	patience := d.Patience
	if patience == 0 {
		patience = time.Minute
	}
	err := d.follow(ctx, patience, func() (bool, error) {
		b, err := d.Place.Backup(ctx, it.ID)
		if err != nil {
			return core.CodeOf(err) == core.CodeNotFound, err
		}
		r.Status = b.Status
		switch {
		case b.Status == core.StatusAvailable:
			r.Differs = it.Arrived(&b)
			return true, nil
		case core.Failed(b.Status):
			return true, core.Fail(core.CodePartial, tried, "it ended in "+b.Status+": "+b.FailReason.Or("Cinder gives no reason"),
				"see why, delete what is left of it here, and import again", nil)
		}
		return false, nil
	})
	if err == errPatience {
		err = core.Fail(core.CodePartial, tried,
			"it is still "+r.Status+" after "+patience.String()+", and will stay so: its service is down, or a field of the record is "+
				"of a type that Cinder cannot store",
			"reset its state or force-delete it", nil)
	}
	r.Err = err
}
