package sql

import (
	"context"
	"encoding/hex"
	"math/rand/v2"
	"sort"
	"time"

	"hearth/core"
	"hearth/store/index"
	"hearth/store/ledger"
)

// World says what demo data to make. The same World makes the same rows.
type World struct {
	Volumes int       // how many volumes a list shows; 0: the usual small number, or more if Backups is large; negative: none
	Backups int       // how many backups a list shows; 0: the usual small number, or more if Volumes is large; negative: none
	Seed    int64     // chooses among worlds
	Until   time.Time // the newest thing in it happens shortly before; zero: a day in 2026
}

// usualUntil is when a World ends that does not say so.
var usualUntil = time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)

// What a World holds that asks for no numbers, and how many backups a volume has
// on average where only one of the numbers is given.
const (
	usualVolumes, usualBackups       = 26, 90
	backupsPerVolume, leastPerVolume = 40, 3
)

// settled returns the World with what it leaves open filled in.
func (w World) settled() World {
	volumes, backups := max(w.Volumes, 0), max(w.Backups, 0)
	if w.Volumes == 0 {
		volumes = max(usualVolumes, backups/backupsPerVolume)
	}
	if w.Backups == 0 {
		backups = max(usualBackups, leastPerVolume*volumes)
	}
	w.Volumes, w.Backups = volumes, backups
	if w.Until.IsZero() {
		w.Until = usualUntil
	}
	w.Until = w.Until.UTC().Truncate(time.Second)
	return w
}

// Populate fills an empty store with a believable world: volumes that changed
// over months, chains of backups of them, and the captures that Cinder would have
// stored with each. What is soft-deleted comes on top of the World's numbers. All
// is written in one transaction, 100,000 backups in a matter of seconds;
// CodeConflict if the store is not empty, CodeCancelled if ctx ends before it is
// done, and in both cases nothing is written.
func (s *Store) Populate(ctx context.Context, w World) error {
	const tried = "make the demo"
	err := s.in(ctx, tried, func(tx change) error {
		var there bool
		const any = "SELECT EXISTS (SELECT 1 FROM volumes) OR EXISTS (SELECT 1 FROM backups) OR EXISTS (SELECT 1 FROM volume_types)"
		if err := tx.QueryRowContext(ctx, any).Scan(&there); err != nil {
			return err
		}
		if there {
			return core.Fail(core.CodeConflict, tried, "the store is not empty", "make a new one", nil)
		}
		if err := index.Drop(ctx, tx.tx); err != nil { // it is made at once at the end, in a third of the time
			return err
		}
		if err := makeWorld(ctx, tx, w.settled()); err != nil {
			return err
		}
		return index.Make(ctx, tx.tx, s.schema.indexTables()...)
	})
	if err != nil {
		return err
	}
	// All of it went through the write-ahead log, which would stay as large.
	_, err = s.db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return ledger.Explain(ctx, tried, err)
}

// makeWorld lets every life of the world happen and writes it down.
func makeWorld(ctx context.Context, tx change, w World) error {
	pen, err := newScribe(ctx, tx.tx)
	if err != nil {
		return err
	}
	st := newStage(w)
	if err := pen.volumeTypes(st); err != nil {
		return err
	}
	for l := range casting(w, st) {
		if err := play(ctx, pen, l); err != nil {
			return err
		}
	}
	return nil
}

// play lets a volume live from its birth to today, backup by backup.
func play(ctx context.Context, pen *scribe, l *life) error {
	l.schedule()
	l.birth()
	for i := range l.backups {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := &l.backups[i]
		l.change(i)
		l.describeBackup(i)
		if err := pen.backup(b); err != nil {
			return err
		}
		c, err := l.capture(i)
		if err == nil && c != nil {
			err = pen.capture(b, *c)
		}
		if err != nil {
			return err
		}
	}
	l.settle()
	if err := ctx.Err(); err != nil || l.fate == purged {
		return err
	}
	return pen.volume(l)
}

// share deals total out by weight; what rounding leaves goes to those who are
// owed most of it. The shares sum up to total.
func share(total int, weights []int) []int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	out := make([]int, len(weights))
	if sum == 0 {
		return out
	}
	owed := make([]int, len(weights))
	left := total
	for i, w := range weights {
		out[i] = total * w / sum
		left -= out[i]
		owed[i] = i
	}
	sort.SliceStable(owed, func(a, b int) bool { return total*weights[owed[a]]%sum > total*weights[owed[b]]%sum })
	for _, i := range owed[:left] {
		out[i]++
	}
	return out
}

// stream returns a source of chance of its own for each part of a world, so that
// one part does not depend on how much another one draws.
func stream(w World, part int64) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(w.Seed), uint64(part)))
}

func randomBytes(r *rand.Rand) (b [16]byte) {
	for i, hi, lo := 0, r.Uint64(), r.Uint64(); i < 8; i++ {
		b[i], b[8+i] = byte(hi>>(8*i)), byte(lo>>(8*i))
	}
	return b
}

// uuid draws an id as Cinder makes them: version 4, with dashes.
func uuid(r *rand.Rand) string {
	b := randomBytes(r)
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// plainID draws an id as Keystone makes them: 32 digits.
func plainID(r *rand.Rand) string {
	b := randomBytes(r)
	return hex.EncodeToString(b[:])
}

// pick draws one of several.
func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }
