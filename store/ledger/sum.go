package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"modernc.org/sqlite"

	"hearth/core"
)

// sumFunction is the fingerprint of a capture's columns in SQL, of any number of values.
const sumFunction = "hearth_sum"

func init() {
	if err := sqlite.RegisterDeterministicScalarFunction(sumFunction, -1,
		func(_ *sqlite.FunctionContext, values []driver.Value) (driver.Value, error) {
			return sumOf(values...), nil
		}); err != nil {
		panic(err) // a name that is taken is a mistake of ours
	}
}

// sumOf is the fingerprint of values of text columns. One that is of another type, as no
// column that hearth wrote is, makes it another.
func sumOf[T any](values ...T) string {
	h := sha256.New()
	for _, v := range values {
		switch text := any(v).(type) {
		case string:
			fmt.Fprintf(h, "%d %s", len(text), text)
		case []byte:
			fmt.Fprintf(h, "%d %s", len(text), text)
		default:
			fmt.Fprintf(h, "%T %v", v, v)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// sumColumns is the fingerprint of a row of the [CaptureColumns] as it is, in SQL.
var sumColumns = sumWith(CaptureColumns)

// sumWith is the fingerprint of columns, or of what is put in their place, in SQL: as bytes,
// since a function of the driver's gets a text as far as its first NUL.
func sumWith(columns string) string {
	return sumFunction + "(CAST(" + strings.ReplaceAll(columns, ", ", " AS BLOB), CAST(") + " AS BLOB))"
}

// SumOf is a statement that gives each row of a table with the [CaptureColumns] its fingerprint.
func SumOf(table string) string { return "UPDATE " + table + " SET sum = " + sumColumns }

// SumStep is the step that gives each capture a fingerprint, of its text and of all that is
// said of it. Those of captures that were kept before are made here, at the first opening:
// summed says when, and what was altered in them until then nobody can see. It is "" where
// the fingerprint was made as the capture was kept.
var SumStep = `
ALTER TABLE hearth_captures ADD COLUMN sum TEXT NOT NULL DEFAULT '';
ALTER TABLE hearth_captures ADD COLUMN summed TEXT NOT NULL DEFAULT '';
` + SumOf("hearth_captures") + `, summed = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now');
`

// Summed is what a look at the fingerprints of all captures came to.
type Summed struct {
	Captures int
	Late     int // those whose fingerprints were made later than they were kept
	Since    time.Time
	Rotten   []core.KeptCapture // that do not match theirs, without their texts
}

// Sums goes through all captures, and holds each to its fingerprint.
func (b Book) Sums(ctx context.Context) (s Summed, err error) {
	err = b.Do(ctx, "read the captures", func() error {
		s = Summed{}
		rows, err := b.DB.QueryContext(ctx, "SELECT "+captureColumns+", summed FROM hearth_captures ORDER BY id")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var summed string
			k, err := scanText(with{rows, &summed})
			if err != nil {
				return err
			}
			if s.Captures++; k.Rotten {
				s.Rotten = append(s.Rotten, k)
			}
			if summed != "" {
				s.Late++
				if at := ReadTime(summed); at.After(s.Since) {
					s.Since = at
				}
			}
		}
		return rows.Err()
	})
	return s, err
}

// with is a row that has a column more.
type with struct {
	*sql.Rows
	more any
}

func (w with) Scan(to ...any) error { return w.Rows.Scan(append(to, w.more)...) }
