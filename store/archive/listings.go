package archive

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
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

// listingSumStep is the migration that makes room for a fingerprint of each listing, of its
// rows and of what it is said to be. Those that were kept before have none, and are held to
// the checksum of what packed them, which does not cover their time.
const listingSumStep = `
ALTER TABLE listings ADD COLUMN sum TEXT NOT NULL DEFAULT '';
`

// keptListing is a row of the table.
type keptListing struct {
	place, name, at, sum string
	packed               []byte
}

// sumOf is its fingerprint.
func (l *keptListing) sumOf() string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s%d %s%d %s", len(l.place), l.place, len(l.name), l.name, len(l.at), l.at)
	h.Write(l.packed)
	return hex.EncodeToString(h.Sum(nil))
}

// spoiled is what is wrong with it; "": it is what was written, as far as its fingerprint tells.
func (l *keptListing) spoiled() string {
	switch {
	case l.sum != "" && l.sum != l.sumOf():
		return "does not match its fingerprint"
	case ledger.ReadTime(l.at).IsZero():
		return "does not say since when it holds"
	}
	return ""
}

// Listing reads what was last kept under a place and a name, and says since when
// it holds; a zero time where nothing is kept, and then read is not called. One that is
// no longer what was written, or does not unpack, is CodeUnreadable: what read took of it until
// then is nothing to go by. A *core.Error of read's comes back as it is.
func (a *Archive) Listing(ctx context.Context, place, name string, read func(io.Reader) error) (at time.Time, err error) {
	const tried = "read the last listing"
	l := keptListing{place: place, name: name}
	err = a.Do(ctx, tried, func() error {
		return a.DB.QueryRowContext(ctx, "SELECT at, sum, body FROM listings WHERE place = ? AND name = ?", place, name).Scan(
			&l.at, &l.sum, &l.packed)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	lost := func(what string, err error) (time.Time, error) {
		return time.Time{}, core.Fail(core.CodeUnreadable, tried, "what was kept of the last look "+what+", and is left out",
			"the next look at the place takes its place", err)
	}
	if what := l.spoiled(); what != "" {
		return lost(what, nil)
	}
	r, err := gzip.NewReader(bytes.NewReader(l.packed))
	if err == nil {
		err = read(r)
	}
	var ours *core.Error
	switch {
	case errors.As(err, &ours):
		return time.Time{}, err
	case err != nil:
		return lost("is damaged", err)
	}
	return ledger.ReadTime(l.at), nil
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
	l := keptListing{place: place, name: name, at: ledger.WriteTime(at), packed: packed.Bytes()}
	return a.Write(ctx, "keep the listing", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO listings (place, name, at, body, sum) VALUES (?, ?, ?, ?, ?)", place, name,
			l.at, l.packed, l.sumOf())
		return err
	})
}

// spoiledListings are those that are no longer what was written, in words: each is left out
// where it would be shown.
func (a *Archive) spoiledListings(ctx context.Context) (says []string, err error) {
	err = a.Do(ctx, "read the kept listings", func() error {
		says = nil
		rows, err := a.DB.QueryContext(ctx, "SELECT place, name, at, sum, body FROM listings ORDER BY place, name")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var l keptListing
			if err := rows.Scan(&l.place, &l.name, &l.at, &l.sum, &l.packed); err != nil {
				return err
			}
			what := l.spoiled()
			if what == "" && !unpacks(l.packed) {
				what = "is damaged"
			}
			if what != "" {
				says = append(says, "the kept list of "+core.Visible(l.name)+" of "+core.Visible(l.place)+", which "+what)
			}
		}
		return rows.Err()
	})
	return says, err
}

func unpacks(packed []byte) bool {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	return err == nil
}
