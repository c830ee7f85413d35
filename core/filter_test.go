package core

import (
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func ago(d time.Duration) Opt[time.Time] { return Some(now.Add(-d)) }

const day = 24 * time.Hour

func someBackups() []Backup {
	return []Backup{
		{ID: "aaaa-1", Name: Some("db-prod full"), Status: "available", Size: 10, VolumeID: "v1", VolumeName: Some("db-prod"),
			CreatedAt: ago(40 * day), Dependents: 1},
		{ID: "aaaa-2", Name: Some("DB-prod incr"), Status: "error", FailReason: Some("no space left"), Size: 10, VolumeID: "v1",
			VolumeName: Some("db-prod"), CreatedAt: ago(3 * day), Incremental: true, ParentID: "aaaa-1"},
		{ID: "bbbb-1", Name: Some("größe"), Status: "error_deleting", Size: 200, VolumeID: "v2", CreatedAt: ago(2 * time.Hour),
			ProjectID: "p1"},
		{ID: "cccc-1", Status: "creating", Size: 0, VolumeID: "v3", VolumeName: Some(""), CreatedAt: Opt[time.Time]{}},
	}
}

func TestFilter(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "aaaa-1 aaaa-2 bbbb-1 cccc-1",
		"name~db":                  "aaaa-1 aaaa-2",
		`name:"db-prod full"`:      "aaaa-1",
		"name~GRÖSSE":              "", // ß and SS are not the same letter in lower case
		"name~GRÖ":                 "bbbb-1",
		"status:error":             "aaaa-2",
		"status~error":             "aaaa-2 bbbb-1",
		"status:error,creating":    "aaaa-2 cccc-1",
		"-status:error":            "aaaa-1 bbbb-1 cccc-1",
		"status!=error":            "aaaa-1 bbbb-1 cccc-1",
		"name!~db":                 "bbbb-1 cccc-1",
		"age>30d":                  "aaaa-1",
		"age<1d":                   "bbbb-1",
		"age>=3d":                  "aaaa-1 aaaa-2",
		"created>2026-11-01":       "aaaa-2 bbbb-1",
		"created:2026-11-19":       "aaaa-2",
		"created<2026-11-01T00:00": "aaaa-1",
		"size>=10":                 "aaaa-1 aaaa-2 bbbb-1",
		"size>0.1T":                "bbbb-1",
		"size=10 kind:incr":        "aaaa-2",
		"kind:full":                "aaaa-1 bbbb-1 cccc-1",
		"kind!=full":               "aaaa-2",
		"incremental:yes":          "aaaa-2",
		"id:AAAA":                  "aaaa-1 aaaa-2",
		"parent:aaaa":              "aaaa-2",
		"volume:db-prod":           "aaaa-1 aaaa-2",
		"volume:v2":                "bbbb-1",
		"deps>0":                   "aaaa-1",
		"space":                    "aaaa-2",
		"prod space":               "aaaa-2",
		"-prod":                    "bbbb-1 cccc-1",
		`name:""`:                  "cccc-1",
		"v2":                       "bbbb-1",
	} {
		f, err := ParseFilter(text, BackupColumns)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		page := SelectBackups(someBackups(), Query{Filter: f, Sort: []Order{{Column: "id"}}, Now: now})
		var got []string
		for _, b := range page.Rows {
			got = append(got, string(b.ID))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if page.Total != len(got) || page.All != 4 {
			t.Errorf("%q: total %d of %d", text, page.Total, page.All)
		}
	}
}

// TestFilterMistakes: each is told in a sentence that names the word and what to
// write instead.
func TestFilterMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"nome~db":      "no column nome",
		"size>big":     "wants a number",
		"size~1":       "wants a number",
		"age>soon":     "neither an age nor a date",
		"age>":         "wants an age",
		"kind:half":    "neither yes nor no",
		"status>error": "no order",
		"bootable:yes": "no column bootable", // of volumes
		"name!x":       "compares nothing",
	} {
		_, err := ParseFilter(text, BackupColumns)
		if err == nil || !strings.Contains(err.Error(), want) || CodeOf(err) != CodeUsage || !strings.Contains(err.Error(), ";") {
			t.Errorf("%q: %v, want %q and what to do", text, err, want)
		}
	}
}

func TestOrder(t *testing.T) {
	for text, want := range map[string]string{
		"id": "aaaa-1 aaaa-2 bbbb-1 cccc-1", "-id": "cccc-1 bbbb-1 aaaa-2 aaaa-1", "id:desc": "cccc-1 bbbb-1 aaaa-2 aaaa-1",
		"size": "cccc-1 aaaa-1 aaaa-2 bbbb-1", "-size": "bbbb-1 aaaa-2 aaaa-1 cccc-1",
		"created": "cccc-1 aaaa-1 aaaa-2 bbbb-1", "age": "bbbb-1 aaaa-2 aaaa-1 cccc-1",
		"name": "cccc-1 aaaa-1 aaaa-2 bbbb-1", "kind": "aaaa-1 bbbb-1 cccc-1 aaaa-2", "status": "aaaa-1 cccc-1 aaaa-2 bbbb-1",
	} {
		o, err := ParseOrder(text, BackupColumns)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		var got []string
		for _, b := range SelectBackups(someBackups(), Query{Sort: []Order{o}}).Rows {
			got = append(got, string(b.ID))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for _, bad := range []string{"nothing", "name:up"} {
		if _, err := ParseOrder(bad, BackupColumns); CodeOf(err) != CodeUsage {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestSelectWindow(t *testing.T) {
	for _, c := range []struct{ offset, limit, rows int }{{0, 0, 4}, {0, 2, 2}, {3, 2, 1}, {4, 2, 0}, {9, 0, 0}, {-1, 1, 1}} {
		page := SelectBackups(someBackups(), Query{Offset: c.offset, Limit: c.limit})
		if len(page.Rows) != c.rows || page.Total != 4 {
			t.Errorf("offset %d, limit %d: %d rows of %d", c.offset, c.limit, len(page.Rows), page.Total)
		}
	}
}

func TestParseAge(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"90s":  90 * time.Second,
		"45m":  45 * time.Minute,
		"12h":  12 * time.Hour,
		"30d":  30 * day,
		"6w":   42 * day,
		"1y":   365 * day,
		"1.5h": 90 * time.Minute,
	} {
		if got, err := ParseAge(s); err != nil || got != want {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "d", "5", "-1d", "5x", "9999999y"} {
		if got, err := ParseAge(s); err == nil {
			t.Errorf("%q is %v", s, got)
		}
	}
}
