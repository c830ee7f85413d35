package sql

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// InRead runs a statement in a transaction that reads.
func InRead(p *Place, ctx context.Context, stmt string) error {
	return p.read(ctx, "try", func(db view) error {
		rows, err := db.QueryContext(ctx, stmt)
		if err == nil {
			rows.Close()
			err = rows.Err()
		}
		return err
	})
}

// WhileReading runs fn in the middle of a transaction that reads: what it asks twice has
// the same answer.
func WhileReading(p *Place, ctx context.Context, query string, fn func()) error {
	return p.read(ctx, "try", func(db view) error {
		var before, after int
		if err := db.QueryRowContext(ctx, query).Scan(&before); err != nil {
			return err
		}
		fn()
		if err := db.QueryRowContext(ctx, query).Scan(&after); err != nil || before != after {
			return fmt.Errorf("%d, and then %d: %w", before, after, err)
		}
		return nil
	})
}

// MirrorFrom has databases of so many backups mirrored while a test runs.
func MirrorFrom(t testing.TB, backups int) {
	was := mirrorFrom
	mirrorFrom = backups
	t.Cleanup(func() { mirrorFrom = was })
}

// WaitForMirror waits until the making of a place's mirror has ended.
func (p *Place) WaitForMirror(t testing.TB) {
	t.Helper()
	if p.mirror == nil {
		t.Fatal("there is no mirror")
	}
	select {
	case <-p.mirror.done:
	case <-time.After(30 * time.Minute): // a benchmark makes large ones
		t.Fatal("the mirror is not made")
	}
}

// Mirrored reports whether lists go by a mirror.
func (p *Place) Mirrored() bool {
	p.mirror.mu.Lock()
	defer p.mirror.mu.Unlock()
	return p.mirror.store != nil
}

// CatchPatience has lists on screen wait no longer than that for a mirror to be brought up
// to date while a test runs.
func CatchPatience(t testing.TB, d time.Duration) {
	was, first := catchPatience, firstPatience
	catchPatience, firstPatience = d, d
	t.Cleanup(func() { catchPatience, firstPatience = was, first })
}

// SortPatience has lists wait no longer than that for an order while a test runs.
func SortPatience(t testing.TB, d time.Duration) {
	was := sortPatience
	sortPatience = d
	t.Cleanup(func() { sortPatience = was })
}

// WaitForSorts waits until nothing is being put in order that a mirror was asked for.
func (p *Place) WaitForSorts(t testing.TB) {
	t.Helper()
	for began := time.Now(); p.mirror.sorting() != ""; time.Sleep(time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatal(p.mirror.sorting())
		}
	}
}

// Orderings is how many lists are remembered in an order that all their rows were put in.
func (p *Place) Orderings() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.orders)
}

// Value is a value as the database has it.
var Value = sqlValue
