package archive

import (
	"context"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/ledger"
)

// realRecord is a record that decodes, of a backup.
func realRecord(t testing.TB, id core.BackupID, name string) KeptRecord {
	t.Helper()
	url := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"id": %q, "display_name": %q, "status": "available"}`, id, name))
	d, err := core.DecodeRecord(url, core.Today)
	ok(t, err)
	return KeptRecord{Place: "p", Backup: id, At: now, Direction: "export", Fingerprint: d.Fingerprint(),
		Record: core.Record{Service: "cinder.backup.drivers.posix.PosixBackupDriver", URL: url}}
}

// A character that is changed anywhere in a record's text is seen at every read, whether
// it was kept with a checksum or before there were any.
func TestRotten(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name  string
		spoil []string
		older bool // there was a sound one before it
	}{
		{name: "url", spoil: []string{"UPDATE records SET url = 'A' || substr(url, 2) WHERE backup_id = 'two'"}},
		{name: "service", spoil: []string{"UPDATE records SET service = 'd' || substr(service, 2) WHERE backup_id = 'two'"}},
		{name: "sum", spoil: []string{"UPDATE records SET sum = '0' || substr(sum, 2) || 'x' WHERE backup_id = 'two'"}},
		{name: "of an older hearth", spoil: []string{"UPDATE records SET sum = ''",
			"UPDATE records SET url = replace(url, substr(url, 20, 4), 'AAAA') WHERE backup_id = 'two'"}},
		{name: "another's, of an older hearth", spoil: []string{"UPDATE records SET sum = ''",
			"UPDATE records SET url = (SELECT url FROM records WHERE backup_id = 'one') WHERE backup_id = 'two'"}},
		{name: "other words, of an older hearth", spoil: []string{"UPDATE records SET sum = ''",
			"UPDATE records SET url = '" + realRecord(t, "two", "fIrst").Record.URL + "' WHERE backup_id = 'two'"}},
		{name: "the newest of two", older: true, spoil: []string{
			"UPDATE records SET url = 'A' || substr(url, 2) WHERE id = (SELECT max(id) FROM records WHERE backup_id = 'two')"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "archive.sqlite")
			a, err := Open(ctx, path)
			ok(t, err)
			for _, id := range []core.BackupID{"one", "two", "three"} {
				ok(t, a.KeepRecord(ctx, realRecord(t, id, "first")))
			}
			if c.older {
				k := realRecord(t, "two", "second")
				k.At = now.Add(time.Hour)
				ok(t, a.KeepRecord(ctx, k))
			}
			a.Close()
			exec(t, path, c.spoil...)
			a = opened(t, path)
			want := "one three"
			if c.older {
				want = "one three two"
			}
			var got []string
			rotten, err := a.EachNewest(ctx, "", func(k KeptRecord) error { got = append(got, string(k.Backup)); return nil })
			if s := strings.Join(got, " "); err != nil || s != want || len(rotten) != 1 || rotten[0].Backup != "two" {
				t.Errorf("the newest are %s, rotten are %+v, %v", s, rotten, err)
			}
			index, rotten, err := a.IndexOf(ctx, "p", []core.BackupID{"one", "two", "three"})
			if _, has := index["two"]; err != nil || has != c.older || len(index) != 2 && !c.older || len(rotten) != 1 {
				t.Errorf("the index is %+v, rotten are %+v, %v", index, rotten, err)
			}
			if kept, err := a.Records(ctx, "", "two"); err != nil || (len(kept) == 1) != c.older {
				t.Errorf("its records are %+v, %v", kept, err)
			}
			rotten, of, err := a.Rotten(ctx)
			if err != nil || len(rotten) != 1 || of < 3 {
				t.Errorf("%+v of %d, %v", rotten, of, err)
			}
			err = rotten.Err("look")
			if core.CodeOf(err) != core.CodeIncomplete || !strings.Contains(err.Error(), "backup two ") {
				t.Errorf("it is told as %v", err)
			}
			if o, err := a.Outdated(ctx, now.Add(1000*time.Hour)); err != nil || len(o.Records) != 0 {
				t.Errorf("what may be the last sound one would be dropped: %+v, %v", o, err)
			}
			// An export of it makes good for it.
			k := realRecord(t, "two", "first")
			k.At = now.Add(2 * time.Hour)
			ok(t, a.KeepRecord(ctx, k))
			if kept, err := a.Records(ctx, "p", "two"); err != nil || len(kept) != 1 || kept[0].Record != k.Record {
				t.Errorf("exported anew: %+v, %v", kept, err)
			}
		})
	}
	if err := (Rotten{{Backup: "a"}, {Backup: "b"}, {Backup: "c"}}).Err("look"); !strings.Contains(fmt.Sprint(err), "2 others") {
		t.Error(err)
	}
}

// An archive of a hearth that made no fingerprints of captures gets them at its first opening,
// and says so of those; a prune keeps what is left of a backup whose newest capture is rotten.
func TestLateFingerprints(t *testing.T) {
	ctx := context.Background()
	path := made(t)
	a := opened(t, path)
	keep := func(text string, at time.Time) {
		t.Helper()
		_, err := a.KeepCapture(ctx, core.KeptCapture{Place: "p", VolumeID: "v", BackupID: "one", At: at,
			Capture: core.Capture{Text: text, Source: core.Source{Kind: core.SourceTaken}}})
		ok(t, err)
	}
	keep(`{"version": 2, "a\u0000": "`+"\x00"+`größe"}`, now)
	exec(t, path, "ALTER TABLE hearth_captures DROP COLUMN sum", "ALTER TABLE hearth_captures DROP COLUMN summed",
		"ALTER TABLE held_captures DROP COLUMN sum", "DROP INDEX records_turn", "ALTER TABLE records DROP COLUMN turn",
		"DROP INDEX hearth_captures_turn", "ALTER TABLE hearth_captures DROP COLUMN turn", "ALTER TABLE listings DROP COLUMN sum",
		fmt.Sprintf("PRAGMA user_version = %d", slices.Index(steps, ledger.SumStep+heldSumStep)))
	ok(t, a.Close())
	a = opened(t, path)
	keep(`{"version": 2}`, now.Add(time.Hour))
	x, err := Examine(ctx, path)
	says := strings.Join(x.Says(), "; ")
	if err != nil || x.Err("look") != nil || x.Sums.Captures != 2 || x.Sums.Late != 1 || time.Since(x.Sums.Since).Abs() > time.Hour ||
		!strings.Contains(says, "1 record and 2 captures in the archive, each as it was written; 1 capture had no fingerprint until ") {
		t.Errorf("%+v, %s, %v", x.Sums, says, err)
	}
	later := now.Add(1000 * time.Hour)
	if o, err := a.Outdated(ctx, later); err != nil || len(o.Captures) != 1 {
		t.Errorf("outdated are %+v, %v", o, err)
	}
	exec(t, path, "UPDATE hearth_captures SET text = text || ' ' WHERE id = (SELECT max(id) FROM hearth_captures)")
	if o, err := a.Outdated(ctx, later); err != nil || len(o.Captures) != 0 {
		t.Errorf("with the newest rotten, outdated are %+v, %v", o, err)
	}
	kept, err := a.Captures(ctx, "", "", "one")
	if err != nil || len(kept) != 2 || !kept[0].Rotten || kept[0].Capture.Text != "" || kept[1].Rotten {
		t.Errorf("%+v, %v", kept, err)
	}
}
