package jobs

import (
	"context"
	"sync"
	"time"

	"hearth/core"
	"hearth/store"
)

// Looked is what the second look at the volume of a backup came to. The zero Looked
// is that there was none.
type Looked struct {
	Backup   core.Backup
	Capture  int64         // the one that was taken before the backup
	Evidence core.Evidence // how far it carries now; "" where nothing was found out
	Differs  []core.Difference
	Err      error // why there was no look; the capture stays due
	// Unlike says that the backup is another kind than was asked for; nil: it is not, or what
	// was asked for is not known. The journal keeps it.
	Unlike error
}

// twice is where captures are kept that are to be looked at again.
type twice interface {
	store.Captures
	Due(ctx context.Context, place string) ([]core.KeptCapture, error)
	LookedAgain(ctx context.Context, id int64, again core.Again, after *core.KeptCapture) (bool, error)
}

// forgotten is how long a backup may be out of sight, as that of another project is,
// until it is taken to be gone and its capture for one of one moment.
const forgotten = 7 * 24 * time.Hour

// LookAgain looks at each volume of the place of which a capture was taken before a
// backup that nobody saw the end of, if the backup has ended by now, and writes down
// how far the capture carries; and in the journal, if the backup is another kind than was
// asked for. What is still under way, or cannot be read now, stays due. It returns what it
// found out; the error is that of the books, or that of ctx.
func (d Desk) LookAgain(ctx context.Context) ([]Looked, error) {
	books, ok := d.captures().(twice)
	if !ok {
		return nil, nil
	}
	due, err := books.Due(ctx, d.location())
	if err != nil {
		return nil, err
	}
	var out []Looked
	entries := sync.OnceValues(func() ([]core.Entry, error) { return d.Archive.Entries(ctx, d.location(), 0) })
	for i := range due {
		b, err := d.Place.Backup(ctx, due[i].BackupID)
		var l Looked
		switch code := core.CodeOf(err); {
		case ctx.Err() != nil:
			return out, err
		case code == core.CodeNotFound && d.Now().Sub(due[i].At) > forgotten:
			l, err = d.lookedOnce(ctx, books, &due[i])
		case code == core.CodeUnavailable:
			return out, nil
		case err != nil || !ended(&b):
			continue
		default:
			l, err = d.lookAgain(ctx, books, &due[i], &b, due[i].At)
			l.Unlike = d.asJournalled(ctx, &b, entries)
		}
		if err != nil {
			return out, err
		}
		if out = append(out, l); core.CodeOf(l.Err) == core.CodeUnavailable {
			return out, nil
		}
	}
	return out, nil
}

// ended reports whether a backup that was asked for is made, or never will be.
func ended(b *core.Backup) bool { return b.Status != core.StatusCreating }

// lookAgain takes the second look for a due capture, whose backup b has ended, and
// was seen under way at a time by hearth's clock. The error is that of the books.
func (d Desk) lookAgain(ctx context.Context, books twice, k *core.KeptCapture, b *core.Backup, underWay time.Time) (Looked, error) {
	if core.Failed(b.Status) { // Cinder captured nothing that could be restored
		return d.lookedOnce(ctx, books, k)
	}
	l := Looked{Backup: *b, Capture: k.ID}
	after, _, err := d.Capture(ctx, k.VolumeID, k.Capture.Version())
	switch {
	case core.CodeOf(err) == core.CodeNotFound:
		return d.lookedOnce(ctx, books, k)
	case err != nil:
		l.Err = err
		return l, ctx.Err()
	}
	after.BackupID, after.Source.Kind = k.BackupID, core.SourceTaken
	k.Again = core.Again{State: core.AgainEqual, At: after.Source.At, Ended: core.Some(d.endOf(ctx, k, b, underWay))}
	var second *core.KeptCapture
	if l.Differs = core.RestoredDiffer(&k.Capture, &after); len(l.Differs) > 0 {
		k.Again.State = core.AgainDiffers
		second = &core.KeptCapture{Place: k.Place, VolumeID: k.VolumeID, BackupID: k.BackupID, At: after.Source.At.V,
			Capture: after, Again: k.Again}
	}
	l.Evidence = k.Evidence()
	_, err = books.LookedAgain(ctx, k.ID, k.Again, second) // where another was faster, its look is as good
	return l, err
}

// lookedOnce gives a second look up: the capture is of one moment.
func (d Desk) lookedOnce(ctx context.Context, books twice, k *core.KeptCapture) (Looked, error) {
	k.Again = core.Again{}
	_, err := books.LookedAgain(ctx, k.ID, k.Again, nil)
	return Looked{Backup: core.Backup{ID: k.BackupID, VolumeID: k.VolumeID}, Capture: k.ID, Evidence: k.Evidence()}, err
}

// endOf is when the backup had certainly not ended before, by hearth's clock: it was
// under way then, and if its row was not written to since its end, then from the
// request on for as long as the row's own times, by the cloud's clock, lie apart. An
// export or a restore writes to the row; an edit that hearth does not know of would
// make the end seem later than it was.
func (d Desk) endOf(ctx context.Context, k *core.KeptCapture, b *core.Backup, underWay time.Time) time.Time {
	end := k.At
	if underWay.After(end) {
		end = underWay
	}
	if !b.CreatedAt.Set || !b.UpdatedAt.Set || b.Status != core.StatusAvailable || b.RestoreVolumeID != "" {
		return end
	}
	if d.Archive != nil {
		if records, err := d.Archive.Records(ctx, "", b.ID); err != nil || len(records) > 0 {
			return end
		}
	}
	told := k.At.Add(b.UpdatedAt.V.Sub(b.CreatedAt.V))
	if told.After(end) && !told.After(d.Now()) {
		end = told
	}
	return end
}
