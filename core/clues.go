package core

import (
	"fmt"
	"strconv"

	"hearth/core/pyjson"
)

// The sources of clues to the release, for machines.
const (
	ClueSetting = "setting" // the config says so
	ClueAPI     = "api"     // the newest microversion
	ClueSchema  = "schema"  // the revision that the database was brought to
	ClueCapture = "capture" // how Cinder wrote a capture
)

// microversions are the newest microversions of the releases, 3.minor, and the series that
// have them (cinder/api/openstack/rest_api_version_history.rst, "Maximum in"). 24 and all
// that came after it have the last one.
var microversions = []struct{ minor, from, to int }{
	{0, 8, 8}, {15, 9, 9}, {27, 10, 10}, {43, 11, 11}, {50, 12, 12}, {55, 13, 13}, {59, 14, 15}, {60, 16, 16}, {62, 17, 17},
	{64, 18, 18}, {66, 19, 19}, {68, 20, 20}, {70, 21, 23}, {71, 24, 0},
}

// ClueOfAPI is what the newest microversion of a cloud tells; ok is false for what is none.
// A cloud's own developers may have stopped between two releases, so that a number that no
// release ended with stands for all up to the next that did.
func ClueOfAPI(microversion string) (c Clue, ok bool) {
	major, minor, ok := parseMicroversion(microversion)
	if !ok || major != 3 {
		return Clue{}, false
	}
	c = Clue{Source: ClueAPI, Text: fmt.Sprintf("the API is at 3.%d", minor)}
	for i, v := range microversions {
		if minor > v.minor {
			continue
		}
		c.From = Release{Major: v.from}
		if i > 0 && minor < v.minor { // on the way from the one to the next
			c.From = Release{Major: max(microversions[i-1].to, microversions[i-1].from)}
		}
		if v.to > 0 {
			c.To = lastOf(v.to)
		}
		return c, true
	}
	c.From = Release{Major: NewestRelease + 1}
	return c, true
}

// revisions are the heads of Cinder's migrations (cinder/db/migrations/versions) with the
// series that end with them; what lies between two is on the way to the later one.
var revisions = map[string]struct{ from, to int }{
	"921e1a36b076": {19, 20}, "c92a3e68beed": {21, 21}, "daa98075b90d": {22, 22}, "89aa6f9639f9": {23, 23},
	"b8660621f1b9": {24, 24}, "9ab1b092a404": {24, 24}, "b7b88f50aab5": {24, 24}, "9c74c1c6971f": {24, 0},
}

// migrations are the last numbers of sqlalchemy-migrate's time, up to Xena.
var migrations = []struct{ last, major int }{
	{60, 7}, {72, 8}, {79, 9}, {96, 10}, {105, 11}, {117, 12}, {123, 13}, {128, 14}, {132, 15}, {136, 16}, {140, 17}, {141, 18}, {145, 19},
}

// ClueOfSchema is what the revision of a database tells: alembic's, or sqlalchemy-migrate's
// number where there is none of alembic's. cinder-manage db sync sets it before the new
// services start. ok is false where neither tells.
func ClueOfSchema(alembic, migrate string) (c Clue, ok bool) {
	if alembic != "" {
		r, ok := revisions[alembic]
		c = Clue{Source: ClueSchema, Text: "the database is at " + Visible(alembic), From: Release{Major: r.from}}
		if r.to > 0 {
			c.To = lastOf(r.to)
		}
		if !ok { // one that came later than all of these
			c.Text += ", which hearth does not know"
			c.From = Release{Major: NewestRelease}
		}
		return c, true
	}
	n, err := strconv.Atoi(migrate)
	if err != nil || n <= 0 {
		return Clue{}, false
	}
	c = Clue{Source: ClueSchema, Text: fmt.Sprintf("the database is at migration %d", n)}
	for i, m := range migrations {
		if n <= m.last {
			c.To = lastOf(m.major)
			if i > 0 {
				c.From = Release{Major: m.major}
			}
			return c, true
		}
	}
	return Clue{}, false
}

// columnsSince are columns of a volume's row, which a capture has all of (cinder/db/models.py
// Volume), with the series that they came with, the newest first.
var columnsSince = []struct {
	column string
	major  int
}{
	{"use_quota", 19}, {"shared_targets", 12}, {"group_id", 9}, {"previous_status", 7},
}

// CluesOf is what captures that Cinder wrote tell of it: the columns that they have, of the
// time when they were written. A column that is missing tells nothing.
func CluesOf(captures []Capture) []Clue {
	for _, since := range columnsSince {
		for i := range captures {
			if c := &captures[i]; c.Source.Kind == SourceRepository && c.Section(BaseSection).Has(since.column) {
				return []Clue{{Source: ClueCapture, Text: "a capture in the repository has " + since.column,
					From: Release{Major: since.major}, Past: true}}
			}
		}
	}
	return nil
}

// ReleaseSetting is the clue that a setting gives.
func ReleaseSetting(text string) (Clue, error) {
	r, err := ParseReleases(text)
	if err != nil {
		return Clue{}, err
	}
	return Clue{Source: ClueSetting, Text: "the config says " + pyjson.Quote(text), From: r.From, To: r.To}, nil
}

// parseMicroversion reads 3.70; ok is false for what is none.
func parseMicroversion(s string) (major, minor int, ok bool) {
	n, _ := fmt.Sscanf(s, "%d.%d", &major, &minor)
	return major, minor, n == 2
}
