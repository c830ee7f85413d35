package archive

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"hearth/core"
	"hearth/store/ledger"
)

// Config is the part of the configuration that says how long the archive keeps
// what a newer one has taken the place of, under [archive].
type Config struct {
	Keep string `toml:"keep"` // such as "90d"; "": for ever
}

// Check says what is wrong with the configuration: the key at fault and why.
func (c Config) Check() (key, what string) {
	if _, err := c.Age(); err != nil {
		return "keep", err.Error()
	}
	return "", ""
}

// Age is how long is kept; 0 is for ever.
func (c Config) Age() (time.Duration, error) {
	if c.Keep == "" {
		return 0, nil
	}
	return ParseAge(c.Keep)
}

// ParseAge reads an age such as 36h, 90d, 12w or 2y.
func ParseAge(s string) (time.Duration, error) {
	const day = 24 * time.Hour
	units := map[string]time.Duration{"h": time.Hour, "d": day, "w": 7 * day, "y": 365 * day}
	number := strings.TrimRight(s, "hdwy")
	n, err := strconv.Atoi(number)
	unit, ok := units[strings.TrimPrefix(s, number)]
	if err != nil || !ok || n < 1 || n > 36500 {
		return 0, fmt.Errorf("%s is no age; write a number and h, d, w or y, such as 90d", s)
	}
	return time.Duration(n) * unit, nil
}

// Outdated is what a prune drops: records and captures that a newer one of the
// same backup of the same place has taken the place of. The newest of each is
// never among them, nor is a sound one of a backup of which another is no longer what was
// written, nor is the journal, nor a capture of a volume at large, nor one
// whose volume was looked at twice, or is to be: that says more than a newer one.
type Outdated struct {
	Records, Captures []int64
	Bytes             int64 // of their texts
}

const (
	outdatedRecords = `SELECT id, length(url), place, backup_id FROM records AS r WHERE checked < ?1 AND EXISTS (SELECT 1 FROM records AS n
		WHERE n.place = r.place AND n.backup_id = r.backup_id AND (n.turn > r.turn OR n.turn = r.turn AND n.id > r.id)) ORDER BY id`
	outdatedCaptures = `SELECT id, length(text), place, backup_id FROM hearth_captures AS r
		WHERE backup_id <> '' AND again = '' AND at < ?1 AND EXISTS (
		SELECT 1 FROM hearth_captures AS n WHERE n.place = r.place AND n.volume_id = r.volume_id AND n.backup_id = r.backup_id
			AND n.source = r.source AND (n.turn, n.at, n.id) > (r.turn, r.at, r.id)) ORDER BY id`
)

// Outdated looks for what was replaced and is older than before.
func (a *Archive) Outdated(ctx context.Context, before time.Time) (out Outdated, err error) {
	records, captures, err := a.doubts(ctx)
	if err != nil {
		return out, err
	}
	err = a.Do(ctx, "look for what is outdated", func() error {
		out = Outdated{}
		for _, part := range []struct {
			query  string
			to     *[]int64
			doubts doubts
		}{{outdatedRecords, &out.Records, records}, {outdatedCaptures, &out.Captures, captures}} {
			rows, err := a.DB.QueryContext(ctx, part.query, ledger.WriteTime(before))
			if err != nil {
				return err
			}
			for rows.Next() {
				var id, size int64
				var of RottenRecord
				if err := rows.Scan(&id, &size, &of.Place, &of.Backup); err != nil {
					rows.Close()
					return err
				}
				if part.doubts.of[of] && !part.doubts.spoiled[id] {
					continue
				}
				*part.to = append(*part.to, id)
				out.Bytes += size
			}
			if err := rows.Close(); err != nil {
				return err
			}
			if err := rows.Err(); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// doubts are what is no longer what was written, and of which backups of which places: what
// is left of those may be the last that is sound.
type doubts struct {
	of      map[RottenRecord]bool // without numbers
	spoiled map[int64]bool
}

func (d doubts) add(id int64, place string, backup core.BackupID) {
	d.spoiled[id], d.of[RottenRecord{Place: place, Backup: backup}] = true, true
}

// doubts goes through the records and the captures.
func (a *Archive) doubts(ctx context.Context) (records, captures doubts, err error) {
	records = doubts{map[RottenRecord]bool{}, map[int64]bool{}}
	captures = doubts{map[RottenRecord]bool{}, map[int64]bool{}}
	rotten, _, err := a.Rotten(ctx)
	if err != nil {
		return records, captures, err
	}
	for _, r := range rotten {
		records.add(r.ID, r.Place, r.Backup)
	}
	sums, err := a.Sums(ctx)
	for _, k := range sums.Rotten {
		captures.add(k.ID, k.Place, k.BackupID)
	}
	return records, captures, err
}

// Drop drops what [Archive.Outdated] found, all at once.
func (a *Archive) Drop(ctx context.Context, o Outdated) error {
	return a.Write(ctx, "drop what is outdated", func(tx *sql.Tx) error {
		for table, ids := range map[string][]int64{"records": o.Records, "hearth_captures": o.Captures} {
			for _, id := range ids {
				if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE id = ?", id); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
