package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
)

// TestClockSetBack walks what the archive keeps two of, or one in place of another, while
// hearth's clock is set back an hour between them: what was kept later is the newer.
func TestClockSetBack(t *testing.T) {
	back := now.Add(-time.Hour)
	record := func(a *Archive, at time.Time, text string) {
		t.Helper()
		k := realRecord(t, "11111111-1111-4111-8111-111111111111", text)
		k.At, k.Checked = at, time.Time{}
		ok(t, a.KeepRecord(t.Context(), k))
	}
	text := func(k KeptRecord) string {
		d, err := core.DecodeRecord(k.Record.URL, core.Today)
		ok(t, err)
		return core.RecordBackup(d).Name.V
	}
	const id = core.BackupID("11111111-1111-4111-8111-111111111111")
	newest := map[string]func(a *Archive) string{
		"the newest of each": func(a *Archive) (said string) {
			_, err := a.EachNewest(t.Context(), "", func(k KeptRecord) error { said += text(k); return nil })
			ok(t, err)
			return said
		},
		"those of a backup": func(a *Archive) string {
			kept, err := a.Records(t.Context(), "", id)
			ok(t, err)
			return text(kept[0])
		},
		"the index": func(a *Archive) string {
			kept, err := a.Records(t.Context(), "", id)
			ok(t, err)
			index, _, err := a.IndexOf(t.Context(), kept[0].Place, []core.BackupID{id})
			ok(t, err)
			i := slices.IndexFunc(kept, func(k KeptRecord) bool { return k.ID == index[id].ID })
			return text(kept[i])
		},
		"what a prune leaves": func(a *Archive) (said string) {
			o, err := a.Outdated(t.Context(), now.Add(time.Hour))
			ok(t, err)
			kept, err := a.Records(t.Context(), "", id)
			ok(t, err)
			for _, k := range kept {
				if !slices.Contains(o.Records, k.ID) {
					said += text(k)
				}
			}
			return said
		},
	}
	for _, way := range []struct {
		name string
		keep func(a *Archive)
		want string
	}{
		{"the clock goes on", func(a *Archive) { record(a, back, "old"); record(a, now, "new") }, "new"},
		{"it is set back", func(a *Archive) { record(a, now, "old"); record(a, back, "new") }, "new"},
		{"it is set back, and as before is found again", func(a *Archive) {
			record(a, now, "first")
			record(a, now.Add(time.Minute), "second")
			record(a, back, "first")
		}, "first"},
		{"it stands", func(a *Archive) { record(a, now, "old"); record(a, now, "new") }, "new"},
		{"it is set back, and three come", func(a *Archive) {
			record(a, now, "old")
			record(a, back.Add(time.Minute), "between")
			record(a, back, "new")
		}, "new"},
	} {
		a := opened(t, filepath.Join(t.TempDir(), "archive.sqlite"))
		way.keep(a)
		for name, ask := range newest {
			if got := ask(a); got != way.want {
				t.Errorf("%s: %s: %q is taken for the newest, and not %q", way.name, name, got, way.want)
			}
		}
	}
	others(t, back)
}

// keepText keeps a capture of backup b, and gives its text back.
func keepText(t *testing.T, a *Archive, text string, at time.Time) string {
	t.Helper()
	_, err := a.KeepCapture(t.Context(), core.KeptCapture{Place: "p", VolumeID: "v", BackupID: "b", At: at,
		Capture: core.Capture{Text: text, Source: core.Source{Kind: core.SourceTaken}}})
	ok(t, err)
	return text
}

// newestText is that of the first of the captures of backup b.
func newestText(t *testing.T, a *Archive) string {
	t.Helper()
	kept, err := a.Captures(t.Context(), "", "", "b")
	ok(t, err)
	return kept[0].Capture.Text
}

// TestCapturesClockSetBack walks what goes by which of two captures is the newer, while
// hearth's clock is set back an hour between them; and what comes in a bundle, whose times
// are those of whoever took it.
func TestCapturesClockSetBack(t *testing.T) {
	back := now.Add(-time.Hour)
	newest := map[string]func(a *Archive) string{
		"those of a backup": func(a *Archive) string { return newestText(t, a) },
		"those of a volume": func(a *Archive) string {
			kept, err := a.Captures(t.Context(), "p", "v", "")
			ok(t, err)
			return kept[0].Capture.Text
		},
		"each": func(a *Archive) (said string) {
			ok(t, a.EachCapture(t.Context(), "", func(k core.KeptCapture) error { said += k.Capture.Text; return nil }))
			return said
		},
		"what a prune leaves": func(a *Archive) (said string) {
			o, err := a.Outdated(t.Context(), now.Add(2*time.Hour))
			ok(t, err)
			kept, err := a.Captures(t.Context(), "", "", "b")
			ok(t, err)
			for _, k := range kept {
				if !slices.Contains(o.Captures, k.ID) {
					said += k.Capture.Text
				}
			}
			return said
		},
	}
	bundle := func(a *Archive, at time.Time, text string) {
		ok(t, a.KeepCaptures(t.Context(), []core.KeptCapture{{Place: "p", VolumeID: "v", BackupID: "b", At: at,
			Capture: core.Capture{Text: text, Source: core.Source{Kind: core.SourceTaken}}}}))
	}
	for name, keep := range map[string]func(a *Archive){
		"the clock goes on": func(a *Archive) { keepText(t, a, "old", back); keepText(t, a, "new", now) },
		"it is set back":    func(a *Archive) { keepText(t, a, "old", now); keepText(t, a, "new", back) },
		"it stands":         func(a *Archive) { keepText(t, a, "old", now); keepText(t, a, "new", now) },
		"it is set back, and three come": func(a *Archive) {
			keepText(t, a, "old", now)
			keepText(t, a, "between", back.Add(time.Minute))
			keepText(t, a, "new", back)
		},
		"an older one comes in a bundle":        func(a *Archive) { keepText(t, a, "new", now); bundle(a, back, "old") },
		"a newer one comes in a bundle":         func(a *Archive) { keepText(t, a, "old", back); bundle(a, now, "new") },
		"one is taken after one from a bundle":  func(a *Archive) { bundle(a, now, "old"); keepText(t, a, "new", back) },
		"a bundle, in whatever order they come": func(a *Archive) { bundle(a, now, "new"); bundle(a, back, "old") },
	} {
		a := opened(t, filepath.Join(t.TempDir(), "archive.sqlite"))
		keep(a)
		for of, ask := range newest {
			if got := ask(a); got != "new" {
				t.Errorf("%s: %s: %q is taken for the newest", name, of, got)
			}
		}
	}
}

// others are the journal and the kept listings.
func others(t *testing.T, back time.Time) {
	t.Helper()
	a := opened(t, filepath.Join(t.TempDir(), "archive.sqlite"))
	for i, at := range []time.Time{now, back, back.Add(time.Minute)} {
		_, err := a.Begin(t.Context(), core.Entry{At: at, Place: "p", Summary: fmt.Sprint(i)})
		ok(t, err)
		ok(t, a.KeepListing(t.Context(), "p", "backups", at, func(w io.Writer) error { _, err := fmt.Fprint(w, i); return err }))
	}
	entries, err := a.Entries(t.Context(), "p", 0)
	ok(t, err)
	var said strings.Builder
	for _, e := range entries {
		said.WriteString(e.Summary)
	}
	var body bytes.Buffer
	at, err := a.Listing(t.Context(), "p", "backups", func(r io.Reader) error { _, err := body.ReadFrom(r); return err })
	if ok(t, err); said.String() != "210" || body.String() != "2" || !at.Equal(back.Add(time.Minute)) {
		t.Errorf("the journal says %s, the listing %s of %v", said.String(), body.String(), at)
	}
}

// TestTurnsOfBefore: records of an archive that numbered none are numbered as their times say.
func TestTurnsOfBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.sqlite")
	a := opened(t, path)
	for i, at := range []time.Time{now, now.Add(time.Hour), now.Add(-time.Hour)} {
		k := realRecord(t, "11111111-1111-4111-8111-111111111111", fmt.Sprint("n", i))
		k.At, k.Checked = at, time.Time{}
		ok(t, a.KeepRecord(t.Context(), k))
	}
	for i, at := range []time.Time{now, now.Add(time.Hour), now.Add(-time.Hour)} {
		keepText(t, a, fmt.Sprint("c", i), at)
	}
	ok(t, a.KeepListing(t.Context(), "p", "backups", now, func(w io.Writer) error { _, err := io.WriteString(w, "rows"); return err }))
	ok(t, a.Close())
	exec(t, path, "DROP INDEX records_turn", "ALTER TABLE records DROP COLUMN turn", "DROP INDEX hearth_captures_turn",
		"ALTER TABLE hearth_captures DROP COLUMN turn", "ALTER TABLE listings DROP COLUMN sum",
		fmt.Sprintf("PRAGMA user_version = %d", slices.Index(steps, turnStep)))
	a = opened(t, path)
	kept, err := a.Records(t.Context(), "", "11111111-1111-4111-8111-111111111111")
	if err != nil || len(kept) != 3 || kept[0].ID != 2 || kept[2].ID != 3 {
		t.Error(errors.Join(err, fmt.Errorf("%+v", kept)))
	}
	captures, err := a.Captures(t.Context(), "", "", "b")
	if err != nil || len(captures) != 3 || captures[0].ID != 2 || captures[2].ID != 3 {
		t.Error(errors.Join(err, fmt.Errorf("%+v", captures)))
	}
	if keepText(t, a, "today", now.Add(-2*time.Hour)) != newestText(t, a) {
		t.Error("what is kept after that is not the newest")
	}
	var body bytes.Buffer
	if at, err := a.Listing(t.Context(), "p", "backups", func(r io.Reader) error { _, err := body.ReadFrom(r); return err }); err != nil ||
		body.String() != "rows" || !at.Equal(now) {
		t.Errorf("the listing of before: %q, %v, %v", body.String(), at, err)
	}
}
