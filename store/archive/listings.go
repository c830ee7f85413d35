package archive

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"io"
	"time"

	"hearth/core"
	"hearth/store/ledger"
)

// listingsStep is the migration that makes room for listings: what the last look
// at a place showed, so that the next run begins with that.
const listingsStep = `
CREATE TABLE listings (place TEXT NOT NULL, name TEXT NOT NULL, at TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (place, name));
`

// Listing reads what was last kept under a place and a name, and says since when
// it holds; a zero time where nothing is kept, and then read is not called.
func (a *Archive) Listing(ctx context.Context, place, name string, read func(io.Reader) error) (at time.Time, err error) {
	const tried = "read the last listing"
	var when string
	var packed []byte
	err = a.Do(ctx, tried, func() error {
		return a.DB.QueryRowContext(ctx, "SELECT at, body FROM listings WHERE place = ? AND name = ?", place, name).Scan(&when, &packed)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		err = read(r)
	}
	if err != nil {
		return time.Time{}, core.Fail(core.CodeUnreadable, tried, "it is damaged", "it is made anew at the next look at the place", err)
	}
	return ledger.ReadTime(when), nil
}

// KeepListing keeps what write writes in place of the listing before it.
func (a *Archive) KeepListing(ctx context.Context, place, name string, at time.Time, write func(io.Writer) error) error {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err == nil {
		err = write(w)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return core.Fail(core.CodeInternal, "keep the listing", "it cannot be packed", "", err)
	}
	return a.Write(ctx, "keep the listing", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO listings (place, name, at, body) VALUES (?, ?, ?, ?)", place, name,
			ledger.WriteTime(at), packed.Bytes())
		return err
	})
}
