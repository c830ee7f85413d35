package sql

import (
	"context"
	"fmt"
	"strings"

	"hearth/core"
)

// neverText are columns that hold an id, a time or nothing: a word there is what a file
// of CSV has where a database has NULL.
var neverText = map[string][]string{
	"backups": {"parent_id", "snapshot_id", "temp_volume_id", "temp_snapshot_id", "restore_volume_id", "deleted_at", "data_timestamp"},
	"volumes": {"snapshot_id", "source_volid", "encryption_key_id", "deleted_at", "terminated_at"},
}

// csvRows is how many rows of a table are looked at: a file of CSV has the word in all.
const csvRows = 1000

// byCSV refuses a database whose rows came from a file of CSV with the words NULL or \N
// for what is not there: parents would be called NULL, and nothing would be live.
func (p *Place) byCSV(ctx context.Context, tried string) error {
	for _, table := range []string{"backups", "volumes"} {
		var is []string
		for _, c := range neverText[table] {
			if p.schema.has(table, c) {
				is = append(is, quoteIdent(c)+" IN ('NULL', '\\N')")
			}
		}
		if len(is) == 0 {
			continue
		}
		var rows int
		if err := p.db.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*) FROM (SELECT * FROM %s LIMIT %d) WHERE %s",
			quoteIdent(table), csvRows, strings.Join(is, " OR "))).Scan(&rows); err != nil {
			return err
		}
		if rows > 0 {
			return core.Fail(core.CodeUnreadable, tried,
				fmt.Sprintf(`%s of its table %s have the word NULL or \N where a database has nothing, as an import of CSV leaves them`,
					core.Count(rows, "row"), table),
				`make NULL of it in every column first, such as UPDATE backups SET parent_id = NULL WHERE parent_id IN ('NULL', '\N')`, nil)
		}
	}
	return nil
}
