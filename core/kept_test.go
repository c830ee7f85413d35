package core

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// looked are the captures of one backup, newest first, by what was kept of it.
func looked(kinds ...string) (kept []KeptCapture) {
	end := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	keep := func(kind SourceKind, text string, at time.Time, a Again) {
		c := ReadCapture(`{"version": 2, "x": "`+text+`"}`, Source{Kind: kind})
		kept = append(kept, KeptCapture{ID: int64(len(kept)), BackupID: "b", At: at, Capture: c, Again: a})
	}
	pair := func(name string, since time.Duration) {
		again := Again{AgainDiffers, Some(end.Add(since)), Some(end)}
		keep(SourceTaken, name+" before", end.Add(-time.Hour), again)
		keep(SourceTaken, name+" after", end.Add(since), again)
	}
	for _, kind := range kinds {
		switch kind {
		case "held":
			keep(SourceTaken, kind, end.Add(-time.Hour), Again{AgainEqual, Some(end.Add(24 * time.Hour)), Some(end)})
		case "due":
			keep(SourceTaken, kind, end.Add(-time.Hour), Again{State: AgainDue})
		case "either":
			pair(kind, 2*time.Minute)
		case "late":
			pair(kind, 2*time.Minute+time.Microsecond)
		case "half":
			pair(kind, time.Minute)
			kept = kept[:len(kept)-1]
		case "not known when":
			keep(SourceTaken, kind, end, Again{State: AgainDiffers, At: Some(end)})
		default:
			keep(SourceKind(kind), kind, end, Again{})
		}
	}
	slices.SortStableFunc(kept, func(a, b KeptCapture) int { return b.At.Compare(a.At) })
	return kept
}

func TestEvident(t *testing.T) {
	for _, c := range []struct{ kept, want string }{
		{"", "unknown"},
		{"taken", "moment: taken"},
		{"due", "moment: due"},
		{"held", "held: held"},
		{"either", "either: either before, either after"},
		{"late", "late: late before, late after"},
		{"half", "late: half before"},
		{"not known when", "late: not known when"},
		{"file", "given: file"},
		{"now", "today: now"},
		{"taken, held", "held: held"},
		{"late, taken", "late: late before, late after"}, // a capture of one moment knows less than that
		{"late, either", "either: either before, either after"},
		{"either, held", "held: held"},
		{"held, either, repository, taken", "stored: repository"},
		{"now, file, taken", "moment: taken"},
	} {
		var kinds []string
		if c.kept != "" {
			kinds = strings.Split(c.kept, ", ")
		}
		evidence, best := Evident(looked(kinds...))
		got := string(evidence)
		for i, k := range best {
			x, _ := k.Capture.Doc.Object().Get("x")
			got += []string{": ", ", "}[min(i, 1)] + x.Text()
		}
		if got != c.want {
			t.Errorf("of %q: %s, want %s", c.kept, got, c.want)
		}
	}
}

// TestEvidentPairs: two looks of two places do not mix.
func TestEvidentPairs(t *testing.T) {
	kept := looked("either")
	kept[0].Place = "elsewhere"
	if evidence, best := Evident(kept); evidence != EvidenceLate || len(best) != 1 {
		t.Errorf("%s, %d captures", evidence, len(best))
	}
}

func TestRestoredDiffer(t *testing.T) {
	capture := func(base, rest string) Capture {
		return ReadCapture(`{"version": 2, "volume-base-metadata": {`+base+`}`+rest+`}`, Source{})
	}
	const name = `"display_name": "db"`
	for _, c := range []struct {
		a, b Capture
		want string
	}{
		{capture(name, ""), capture(name, ""), "[]"},
		// What the backup itself moves, and what nothing puts back.
		{capture(name+`, "status": "available", "updated_at": "1", "previous_status": null`, ""),
			capture(name+`, "status": "in-use", "updated_at": "2", "previous_status": "x", "size": 9`, ""), "[]"},
		{capture(name, ""), capture(`"display_name": "other", "display_description": null`, ""), "[display_name display_description]"},
		{capture(`"volume_type_id": "a"`, ""), capture(`"volume_type_id": "b", "encryption_key_id": "k"`, ""),
			"[encryption_key_id volume_type_id]"},
		{capture(name, `, "volume-metadata": {"a": "1", "b": "2"}`), capture(name, `, "volume-metadata": {"b": "2", "a": "1"}`), "[]"},
		{capture(name, `, "volume-metadata": {"a": "1", "b": "2"}`), capture(name, `, "volume-metadata": {"b": "3", "c": "1"}`),
			"[user metadata a user metadata b user metadata c]"},
		{capture(name, ""), capture(name, `, "volume-glance-metadata": {}`), "[image metadata]"},
		{capture(name, ""), capture(name, `, "volume-glance-metadata": {"os": "x"}`), "[image metadata image metadata os]"},
		{ReadCapture("{", Source{}), ReadCapture("{", Source{}), "[]"},
		{ReadCapture("{", Source{}), capture(name, ""), "[the text]"},
	} {
		if got := fmt.Sprint(RestoredDiffer(&c.a, &c.b)); got != c.want {
			t.Errorf("%s and %s: %s, want %s", c.a.Text, c.b.Text, got, c.want)
		}
		if there, back := RestoredDiffer(&c.a, &c.b), RestoredDiffer(&c.b, &c.a); len(there) != len(back) {
			t.Errorf("%s and %s: %v one way, and %v the other", c.a.Text, c.b.Text, there, back)
		}
	}
	// What one of them could not see says nothing.
	a, b := capture(name+`, "encryption_key_id": "k"`, ""), capture(name, "")
	b.Unseen = NewFieldSet("encryption_key_id")
	if got := RestoredDiffer(&a, &b); len(got) > 0 {
		t.Errorf("%v", got)
	}
}
