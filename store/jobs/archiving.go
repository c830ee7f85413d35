package jobs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
)

// ArchiveOptions says how records are archived.
type ArchiveOptions struct {
	All  bool // also those whose backup has not changed since their last export
	Jobs int  // how many exports run at once; 0 is 2: each is a call to the backup service, and writes the backup's row
}

// Archived says what became of one backup's record.
type Archived struct {
	Backup      core.Backup
	State       ArchivedState
	Fingerprint string
	Err         error
}

// ArchivedState is what became of a record.
type ArchivedState string

const (
	ArchivedNew       ArchivedState = "new"       // exported; there was none of it
	ArchivedChanged   ArchivedState = "changed"   // exported; it says something new
	ArchivedSame      ArchivedState = "same"      // exported; it says the same as before
	ArchivedUnchanged ArchivedState = "unchanged" // not exported: the backup has not changed since
	ArchivedFailed    ArchivedState = "failed"
	ArchivedNot       ArchivedState = "not reached"
)

const tryArchive = "archive the records"

// usualJobs is how many exports run at once.
const usualJobs = 2

// ArchivedCounts says how many records of a run ended how; nil: it did not begin.
type ArchivedCounts map[ArchivedState]int

// ArchiveRecords exports the records of all available backups of the place into
// the archive, gently, and hands each on as it comes. What is there and has not changed
// is not exported again, so that a run that was ended goes on where it stopped. They come
// in the order of the place's list, a batch at a time; the error is that of the whole
// call. What is due for a second look ([Desk.LookAgain]) has it first.
func (d Desk) ArchiveRecords(ctx context.Context, o ArchiveOptions, each func(Archived), progress Progress) (ArchivedCounts, error) {
	if err := d.writes(tryArchive); err != nil {
		return nil, err
	}
	if _, err := d.LookAgain(ctx); err != nil { // before an export writes to the rows
		return nil, err
	}
	progress.say(0, 0, "reading the list of backups")
	available, err := core.ParseFilter("status:"+core.StatusAvailable, core.BackupColumns)
	if err != nil {
		return nil, err
	}
	q := newestFirst()
	q.Filter = available
	t := taking{d: d, o: o, progress: progress, said: ArchivedCounts{}, each: each}
	var short error
	for b, err := range d.backupBatches(ctx, q) {
		if short, err = notWhole(err); err != nil {
			return t.counts(), err
		}
		if short == nil {
			some := slices.DeleteFunc(b.rows, func(b core.Backup) bool { return b.Status != core.StatusAvailable }) // whatever was asked for
			t.other += len(b.rows) - len(some)
			if t.total = max(b.total-t.other, t.seen+len(some)); t.ex == nil {
				if err := t.begin(); err != nil {
					return nil, err
				}
			}
			if err := t.batch(ctx, some); err != nil || t.ended != nil {
				return t.finish(err)
			}
		}
	}
	said, err := t.finish(nil)
	return said, cmp.Or(err, short)
}

// keeps returns nil if there is an archive that keeps things of the place.
func (d Desk) keeps(tried string) error {
	switch {
	case d.Place.Info().Demo:
		return core.Fail(core.CodeUnsupported, tried, "nothing of a demo is kept", "name a place", nil)
	case d.Place.Info().Kind == core.PlaceRepository: // what is rebuilt must not pass for what was exported
		return core.Fail(core.CodeUnsupported, tried, "a backup repository is read whenever it is needed, and nothing of it is archived",
			"name the cloud", nil)
	case d.Archive == nil:
		return core.Fail(core.CodeUnsupported, tried, d.noArchive(), "", nil)
	}
	return nil
}

// writes is keeps for what writes into the archive.
func (d Desk) writes(tried string) error {
	if err := d.keeps(tried); err != nil {
		return err
	}
	if why := d.Archive.ReadOnly; why != "" {
		return core.Fail(core.CodeReadOnly, tried, why, "", nil)
	}
	return nil
}

// finish counts what was not reached, and is the error of the whole run.
func (t *taking) finish(err error) (ArchivedCounts, error) {
	said := t.counts()
	if left := t.total - t.seen; left > 0 {
		said[ArchivedNot] += left
		if t.ended != nil {
			t.failed += left
		}
	}
	switch {
	case err != nil:
		return said, err
	case t.failed == 0:
		return said, nil
	case t.failed == t.total:
		return said, core.Fail(core.CodeOf(t.first), tryArchive, "none of "+core.Count(t.failed, "backup")+" could be exported",
			"see what is said of each", t.first)
	}
	return said, core.Fail(core.CodePartial, "archive all records", fmt.Sprintf("%d of %s failed", t.failed, core.Count(t.total, "backup")),
		"run it again: it goes on with those", t.first)
}

func (t *taking) counts() ArchivedCounts { return t.said }

// allBackups lists every backup of the place, newly read; with CodeIncomplete those of a
// list that ended early.
func (d Desk) allBackups(ctx context.Context) (out []core.Backup, err error) {
	var short error
	for b, err := range d.backupBatches(ctx, newestFirst()) {
		if short, err = notWhole(err); err != nil {
			return out, err
		}
		out = append(out, b.rows...)
	}
	return out, short
}

// newestFirst asks for all there is, newly read.
func newestFirst() core.Query {
	return core.Query{Sort: []core.Order{{Column: "created", Desc: true}}, Anew: true}
}

// notWhole sets apart the error of a list that ended early, whose rows are the place's
// all the same, from any other.
func notWhole(err error) (short, other error) {
	if core.CodeOf(err) == core.CodeIncomplete {
		return err, nil
	}
	return nil, err
}

// rowTime is what tells a row's states apart: when it last changed.
func rowTime(b *core.Backup) core.Opt[time.Time] {
	t := b.UpdatedAt
	if !t.Set {
		t = b.CreatedAt
	}
	t.V = t.V.UTC().Truncate(time.Microsecond)
	return t
}

// current reports whether a kept record is of the row as it is.
func current(k *archive.KeptRecord, b *core.Backup) bool {
	now := rowTime(b)
	return k.ID != 0 && k.Seen.Set && now.Set && k.Seen.V.Equal(now.V)
}

// take gets the records of backups into the archive, several at once, and returns them,
// those that were there already from the archive.
func (d Desk) take(ctx context.Context, todo []core.Backup, o ArchiveOptions, progress Progress) ([]Archived, []core.Record, error) {
	t := taking{d: d, o: o, texts: true, progress: progress, total: len(todo), said: ArchivedCounts{}}
	if err := t.begin(); err != nil {
		return nil, nil, err
	}
	var results []Archived
	var records []core.Record
	t.each = func(a Archived) { results = append(results, a) }
	for some := range slices.Chunk(todo, batchRows) {
		err := t.batch(ctx, some)
		records = append(records, t.records...)
		if err != nil {
			return results, records, err
		}
	}
	return results, records, nil
}

// taking is a run of exports, batch by batch.
type taking struct {
	d        Desk
	ex       store.Exporter
	o        ArchiveOptions
	texts    bool // the records are wanted too
	progress Progress
	each     func(Archived) // nil: nobody wants to hear of each

	total, seen int // backups in all, and those that a batch has had
	other       int // what was listed and is not available
	said        ArchivedCounts
	failed      int
	first       error // of those that failed

	// Of a batch.
	had     map[core.BackupID]archive.KeptRecord
	results []Archived
	records []core.Record

	mu    sync.Mutex
	next  int
	done  int
	lost  int   // calls in a row that the place did not answer
	ended error // why no more is asked for
}

// lostMost is how many calls in a row may go unanswered before the rest is left.
const lostMost = 5

// begin says why nothing can be exported, if that is so.
func (t *taking) begin() error {
	ex, ok := t.d.Place.(store.Exporter)
	if !ok {
		return core.Fail(core.CodeUnsupported, tryArchive, "this kind of place cannot export records", "", nil)
	}
	if a, ok := t.d.Place.(store.Allower); ok {
		if why := a.Denied(core.OpExport); why != "" {
			return core.Fail(core.CodeDenied, string(core.OpExport), why, "", nil)
		}
	}
	t.ex = ex
	return nil
}

// batch takes some backups, and hands on what became of each.
func (t *taking) batch(ctx context.Context, todo []core.Backup) error {
	t.results, t.records, t.next, t.had = make([]Archived, len(todo)), make([]core.Record, len(todo)), 0, nil
	ids := make([]core.BackupID, len(todo))
	for i, b := range todo {
		ids[i], t.results[i] = b.ID, Archived{Backup: b, State: ArchivedNot}
	}
	if t.d.keeps("") == nil {
		var err error // what is no longer what was written is not had, and so exported anew
		if t.had, _, err = t.d.Archive.IndexOf(ctx, t.d.location(), ids); err != nil {
			return err
		}
	}
	err := t.run(ctx)
	t.seen += len(todo)
	for _, r := range t.results {
		if t.said[r.State]++; r.Err != nil {
			if t.failed++; t.first == nil {
				t.first = r.Err
			}
		}
		if t.each != nil {
			t.each(r)
		}
	}
	if cerr := ctx.Err(); cerr != nil {
		return core.Fail(core.CodeCancelled, "export",
			fmt.Sprintf("it was cancelled after %d of %s", t.done, core.Count(t.total, "backup")), "run it again: it goes on from there", cerr)
	}
	return err
}

// run takes a batch: all at once where the place can, else several side by side.
func (t *taking) run(ctx context.Context) error {
	if many, ok := t.ex.(store.BatchExporter); ok {
		return t.runAtOnce(ctx, many)
	}
	n := t.o.Jobs
	if n < 1 {
		n = usualJobs
	}
	var wg sync.WaitGroup
	for range min(n, len(t.results)) {
		wg.Go(func() {
			for {
				t.mu.Lock()
				i, ended := t.next, t.ended
				t.next++
				t.mu.Unlock()
				if i >= len(t.results) || ctx.Err() != nil {
					return
				}
				if ended != nil {
					t.results[i].Err = ended
					continue
				}
				t.one(ctx, i)
			}
		})
	}
	wg.Wait()
	return nil
}

// runAtOnce takes a batch with one question to the place and one transaction of the archive.
func (t *taking) runAtOnce(ctx context.Context, ex store.BatchExporter) error {
	var ids []core.BackupID
	var at []int
	for i := range t.results {
		r := &t.results[i]
		if k := t.had[r.Backup.ID]; !t.o.All && !t.texts && current(&k, &r.Backup) {
			r.State, r.Fingerprint = ArchivedUnchanged, k.Fingerprint
			continue
		}
		ids, at = append(ids, r.Backup.ID), append(at, i)
	}
	out, err := ex.ExportBatch(ctx, ids)
	if err != nil {
		return err
	}
	var keep []archive.KeptRecord
	for n, x := range out {
		r := &t.results[at[n]]
		r.State, r.Err = ArchivedFailed, x.Err
		if x.Err != nil {
			continue
		}
		k, err := t.d.keptRecord(&x)
		if r.Err = err; err == nil {
			r.State, r.Fingerprint, t.records[at[n]] = t.became(t.had[r.Backup.ID], k.Fingerprint), k.Fingerprint, x.Record
			keep = append(keep, k)
		}
	}
	if t.d.keeping() {
		if err := t.d.Archive.KeepRecords(context.WithoutCancel(ctx), keep); err != nil {
			for _, i := range at { // none of them is kept, whatever it was exported as
				t.results[i].State = ArchivedNot
			}
			return err
		}
	}
	for i := range t.results {
		r := &t.results[i]
		t.done++
		t.progress.of(t.done, t.total, r.Backup.ID, r.Backup.Title(), string(r.State))
	}
	return nil
}

// became is the state of a record that was exported.
func (t *taking) became(had archive.KeptRecord, fingerprint string) ArchivedState {
	switch {
	case had.ID == 0:
		return ArchivedNew
	case had.Fingerprint == fingerprint:
		return ArchivedSame
	}
	return ArchivedChanged
}

// keptRecord is what the archive keeps of a backup that was exported.
func (d Desk) keptRecord(x *core.Exported) (archive.KeptRecord, error) {
	dec, err := core.DecodeRecord(x.Record.URL, core.Today)
	if err != nil {
		return archive.KeptRecord{}, core.Fail(core.CodeUnreadable, "keep the record", err.Error(), "", err)
	}
	return archive.KeptRecord{Place: d.location(), Backup: x.Backup.ID, At: d.Now(), Direction: "export", Fingerprint: dec.Fingerprint(),
		Record: x.Record, Seen: rowTime(&x.Backup)}, nil
}

func (t *taking) one(ctx context.Context, i int) {
	r := &t.results[i]
	k := t.had[r.Backup.ID]
	if !t.o.All && current(&k, &r.Backup) {
		if r.State, r.Fingerprint = ArchivedUnchanged, k.Fingerprint; t.texts {
			kept, err := t.d.Archive.Records(ctx, t.d.location(), r.Backup.ID)
			if err == nil && len(kept) > 0 {
				t.records[i] = kept[0].Record
			}
		}
	}
	if r.State != ArchivedUnchanged || t.texts && t.records[i].URL == "" {
		t.records[i], r.Fingerprint, r.Err = t.d.exportKept(ctx, t.ex, &r.Backup)
		if r.State = ArchivedFailed; r.Err == nil {
			r.State = t.became(k, r.Fingerprint)
		}
		if !t.texts {
			t.records[i] = core.Record{}
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if ctx.Err() != nil && r.Err != nil {
		r.State, r.Err = ArchivedNot, nil
		return
	}
	t.done++
	switch code := core.CodeOf(r.Err); {
	case code == core.CodeDenied:
		t.ended = r.Err
	case code == core.CodeUnavailable:
		if t.lost++; t.lost >= lostMost {
			t.ended = r.Err
		}
	default:
		t.lost = 0
	}
	t.progress.of(t.done, t.total, r.Backup.ID, r.Backup.Title(), string(r.State))
}

// exportKept exports a backup and keeps its record. An export may itself move the
// row's updated_at, so that the row is read once more: as it is then, it is what
// the record says, unless somebody has changed it meanwhile.
func (d Desk) exportKept(ctx context.Context, ex store.Exporter, b *core.Backup) (core.Record, string, error) {
	r, err := ex.Export(ctx, b.ID)
	if err != nil {
		return r, "", err
	}
	dec, err := core.DecodeRecord(r.URL, core.Today)
	if err != nil {
		return r, "", core.Fail(core.CodeUnreadable, "keep the record", err.Error(), "", err)
	}
	fingerprint := dec.Fingerprint()
	if !d.keeping() {
		return r, fingerprint, nil
	}
	k := archive.KeptRecord{Place: d.location(), Backup: b.ID, At: d.Now(), Direction: "export", Fingerprint: fingerprint, Record: r}
	if now, err := d.Place.Backup(ctx, b.ID); err == nil && now.Status == b.Status && len(core.BackupsDiffer(b, &now)) == 0 {
		k.Seen = rowTime(&now)
	}
	return r, fingerprint, d.Archive.KeepRecord(context.WithoutCancel(ctx), k)
}

// ParseAge reads an age such as 36h, 90d, 12w or 2y.
func ParseAge(s string) (time.Duration, error) { return archive.ParseAge(s) }
