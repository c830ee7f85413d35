package jobs

import (
	"cmp"
	"context"
	"fmt"
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

// ArchiveRecords exports the records of all available backups of the place into
// the archive, gently. What is there and has not changed is not exported again, so
// that a run that was ended goes on where it stopped. There is a result for each
// backup, in the order of the place's list; the error is that of the whole call. What
// is due for a second look ([Desk.LookAgain]) has it first.
func (d Desk) ArchiveRecords(ctx context.Context, o ArchiveOptions, progress Progress) ([]Archived, error) {
	if err := d.keeps(tryArchive); err != nil {
		return nil, err
	}
	if _, err := d.LookAgain(ctx); err != nil { // before an export writes to the rows
		return nil, err
	}
	progress.say(0, 0, "reading the list of backups")
	rows, err := d.allBackups(ctx)
	short, err := notWhole(err)
	if err != nil {
		return nil, err
	}
	var todo []core.Backup
	for _, b := range rows {
		if b.Status == core.StatusAvailable {
			todo = append(todo, b)
		}
	}
	results, _, err := d.take(ctx, todo, o, false, progress)
	if err != nil {
		return results, err
	}
	return results, cmp.Or(archivedErr(results), short)
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
		return core.Fail(core.CodeUnsupported, tried, "there is no archive", "", nil)
	}
	return nil
}

func archivedErr(results []Archived) error {
	failed := 0
	var first error
	for _, r := range results {
		if r.Err != nil {
			failed++
			if first == nil {
				first = r.Err
			}
		}
	}
	switch {
	case failed == 0:
		return nil
	case failed == len(results):
		return core.Fail(core.CodeOf(first), tryArchive, "none of "+core.Count(failed, "backup")+" could be exported",
			"see what is said of each", first)
	}
	return core.Fail(core.CodePartial, "archive all records", fmt.Sprintf("%d of %s failed", failed, core.Count(len(results), "backup")),
		"run it again: it goes on with those", first)
}

// allBackups lists every backup of the place, newly read; with CodeIncomplete those of a
// list that ended early.
func (d Desk) allBackups(ctx context.Context) (out []core.Backup, err error) {
	return allRows(ctx, d.Backups)
}

// allRows lists every row, newly read; with CodeIncomplete those of a list that ended
// early.
func allRows[T any](ctx context.Context, list func(context.Context, core.Query) (core.Page[T], error)) (out []T, err error) {
	q := core.Query{Sort: []core.Order{{Column: "created", Desc: true}}, Limit: 1000, Anew: true}
	var short error
	for {
		page, err := list(ctx, q)
		if short, err = notWhole(err); err != nil {
			return out, err
		}
		out = append(out, page.Rows...)
		q.Anew = false
		if q.Offset += len(page.Rows); len(page.Rows) == 0 || q.Offset >= page.Total {
			return out, short
		}
	}
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

// take gets the records of backups into the archive, several at once. With texts
// it returns them too, those that were there already from the archive.
func (d Desk) take(ctx context.Context, todo []core.Backup, o ArchiveOptions, texts bool,
	progress Progress) ([]Archived, []core.Record, error) {
	ex, ok := d.Place.(store.Exporter)
	if !ok {
		return nil, nil, core.Fail(core.CodeUnsupported, tryArchive, "this kind of place cannot export records", "", nil)
	}
	if a, ok := d.Place.(store.Allower); ok {
		if why := a.Denied(core.OpExport); why != "" {
			return nil, nil, core.Fail(core.CodeDenied, string(core.OpExport), why, "", nil)
		}
	}
	had := map[core.BackupID]archive.KeptRecord{}
	if d.keeps("") == nil {
		var err error
		if had, err = d.Archive.Index(ctx, d.location()); err != nil {
			return nil, nil, err
		}
	}
	results, records := make([]Archived, len(todo)), make([]core.Record, len(todo))
	t := taking{d: d, ex: ex, had: had, o: o, texts: texts, results: results, records: records, progress: progress}
	for i, b := range todo {
		results[i] = Archived{Backup: b, State: ArchivedNot}
	}
	t.run(ctx)
	if err := ctx.Err(); err != nil {
		done := 0
		for _, r := range results {
			if r.State != ArchivedNot {
				done++
			}
		}
		return results, records, core.Fail(core.CodeCancelled, "export",
			fmt.Sprintf("it was cancelled after %d of %s", done, core.Count(len(todo), "backup")), "run it again: it goes on from there", err)
	}
	return results, records, nil
}

// taking is a run of exports.
type taking struct {
	d        Desk
	ex       store.Exporter
	had      map[core.BackupID]archive.KeptRecord
	o        ArchiveOptions
	texts    bool
	results  []Archived
	records  []core.Record
	progress Progress

	mu    sync.Mutex
	next  int
	done  int
	lost  int   // calls in a row that the place did not answer
	ended error // why no more is asked for
}

// lostMost is how many calls in a row may go unanswered before the rest is left.
const lostMost = 5

func (t *taking) run(ctx context.Context) {
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
		switch {
		case r.Err != nil:
			r.State = ArchivedFailed
		case k.ID == 0:
			r.State = ArchivedNew
		case k.Fingerprint == r.Fingerprint:
			r.State = ArchivedSame
		default:
			r.State = ArchivedChanged
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
	t.progress.of(t.done, len(t.results), r.Backup.ID, r.Backup.Title(), string(r.State))
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
	if d.keeps("") != nil {
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
