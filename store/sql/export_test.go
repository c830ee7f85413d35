package sql

import (
	"context"
	"fmt"
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
