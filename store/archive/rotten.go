package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"hearth/core"
)

// sumStep is the migration that makes room for a checksum of each record's text. Records
// that were kept before have none, and are held to their fingerprint.
const sumStep = `
ALTER TABLE records ADD COLUMN sum TEXT NOT NULL DEFAULT '';
`

// sumOf is the checksum of a record's text.
func sumOf(r core.Record) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s%s", len(r.Service), r.Service, r.URL)
	return hex.EncodeToString(h.Sum(nil))
}

// sound reports whether a record is still what was written: by its checksum, or where it
// has none by its fingerprint, which does not cover the times and hosts in it; and
// whether it is of the backup that it is kept for.
func (k *KeptRecord) sound() bool {
	if k.sum != "" && k.sum != sumOf(k.Record) {
		return false
	}
	if k.sum != "" {
		return true // what was written was decoded then
	}
	d, err := core.DecodeRecord(k.Record.URL, core.Today)
	return err == nil && d.ID() == k.Backup && d.Fingerprint() == k.Fingerprint
}

// RottenRecord is a record that is no longer what was written.
type RottenRecord struct {
	ID     int64
	Place  string
	Backup core.BackupID
}

// Rotten are the records that were left out of what was read.
type Rotten []RottenRecord

// Err tells of them, CodeIncomplete; nil where there are none.
func (r Rotten) Err(tried string) error {
	if len(r) == 0 {
		return nil
	}
	what := "the archive's record of backup " + core.Visible(string(r[0].Backup)) + " is no longer what was written, and is left out"
	if n := len(r) - 1; n > 0 {
		what = "the archive's records of backup " + core.Visible(string(r[0].Backup)) + " and " + core.Count(n, "other") +
			" are no longer what was written, and are left out"
	}
	return core.Fail(core.CodeIncomplete, tried, what, "look at the disk; hearth archive exports anew what the place still has", nil)
}

// Rotten goes through all records, and returns those that are no longer what was written,
// and how many there are in all.
func (a *Archive) Rotten(ctx context.Context) (rotten Rotten, of int, err error) {
	err = a.each(ctx, "SELECT "+recordColumns+" FROM records ORDER BY id", func(k KeptRecord) error {
		if of++; !k.sound() {
			rotten = append(rotten, RottenRecord{k.ID, k.Place, k.Backup})
		}
		return nil
	})
	return rotten, of, err
}
