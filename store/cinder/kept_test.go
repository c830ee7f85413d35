package cinder

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/archive"
)

// spoilt is what became of a kept list before the next run: the row in the archive as SQL
// makes it, or a list written as somebody else would.
type spoilt struct {
	name  string
	sql   []string
	body  string // in place of what hearth kept
	at    string // the place that body was kept of; "": the same
	says  string // "": it is shown
	stays bool   // a whole reading does not take its place
	verb  bool   // who reads the whole list is told, too
}

var spoilts = []spoilt{
	{name: "sound"},
	{name: "of before there were fingerprints", sql: []string{"UPDATE listings SET sum = ''"}},
	{name: "a byte", sql: []string{"UPDATE listings SET body = substr(body, 1, 60) || X'00' || substr(body, 62)"},
		says: "does not match its fingerprint", verb: true},
	{name: "cut short", sql: []string{"UPDATE listings SET body = substr(body, 1, length(body) / 2)"},
		says: "does not match its fingerprint", verb: true},
	{name: "cut short, of before", sql: []string{"UPDATE listings SET body = substr(body, 1, length(body) / 2), sum = ''"},
		says: "is damaged"},
	{name: "empty", sql: []string{"UPDATE listings SET body = X'', sum = ''"}, says: "is damaged", verb: true},
	{name: "its time", sql: []string{"UPDATE listings SET at = replace(at, '20', '21')"}, says: "does not match its fingerprint", verb: true},
	{name: "no time", sql: []string{"UPDATE listings SET at = 'x', sum = ''"}, says: "does not say since when", verb: true},
	{name: "another place's", at: "cloud:elsewhere", body: `{"hearth_login": "LOGIN"}` + "\n" + `{"id": "theirs"}`,
		sql:  []string{"DELETE FROM listings WHERE place = 'LOCATION'", "UPDATE listings SET place = 'LOCATION'"},
		says: "does not match its fingerprint", verb: true},
	{name: "rubbish", body: "\x00{[", says: "is damaged", verb: true},
	{name: "a newer hearth's", body: `{"hearth_login": "LOGIN", "hearth_format": 7}` + "\n" + `{"rows": "packed"}`,
		says: "is a newer hearth's", verb: true, stays: true},
	{name: "another login's", body: `{"hearth_login": "other"}` + "\n" + `{"id": "theirs"}`, says: "is another login's"},
}

// TestKeptListSpoilt walks what may have become of a kept list: no row of it is shown, what
// became of it is said, by the screens' way of asking and by the verbs', with a cloud that answers and
// with one that does not; and the list of today takes its place, unless it is a newer hearth's.
func TestKeptListSpoilt(t *testing.T) {
	for i := range spoilts {
		x := &spoilts[i]
		t.Run(x.name, func(t *testing.T) { x.screen(t, true) })
		t.Run(x.name+", offline", func(t *testing.T) { x.screen(t, false) })
		t.Run(x.name+", by a verb", x.byVerb)
	}
}

// began has a first run keep a list, and spoils that: begin begins a next one, and all is how
// many rows there are.
func (x *spoilt) began(t *testing.T) (c *cloud, a *archive.Archive, begin func() *Place, all int) {
	a, err := archive.Open(t.Context(), filepath.Join(t.TempDir(), "archive.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	c = listCloud(t)
	begin = func() *Place {
		p := c.direct()
		p.options.Listings = a
		return p
	}
	p := begin()
	online, err := p.Backups(t.Context(), core.Query{})
	if err != nil || online.Total == 0 || len(online.Lacks) > 0 {
		t.Fatalf("%d backups, %v, %v", online.Total, online.Lacks, err)
	}
	x.spoil(t, a, p)
	return c, a, begin, online.Total
}

func (x *spoilt) screen(t *testing.T, answers bool) {
	c, a, begin, all := x.began(t)
	p := begin()
	before := packedOf(t, a, p.location)
	if !answers {
		c.Close()
	}
	page, err := p.Backups(t.Context(), core.Query{Partial: true, Limit: 3})
	settle(p.own.backups)
	if said := told(page.Lacks, err); !strings.Contains(said, x.says) || (x.says == "") != (said == "") {
		t.Errorf("it says %q", said)
	}
	if (x.says == "" || answers) != (page.Total == all) || page.AsOf.Set != (x.says == "") {
		t.Errorf("%d rows of %d, as of %v, %v", page.Total, all, page.AsOf, err)
	}
	if !answers && !bytes.Equal(packedOf(t, a, p.location), before) {
		t.Error("what was kept is changed, and there is nothing in its place")
	}
}

func (x *spoilt) byVerb(t *testing.T) {
	_, a, begin, all := x.began(t)
	p := begin()
	before := packedOf(t, a, p.location)
	for n := range 2 {
		page, err := begin().Backups(t.Context(), core.Query{})
		said := told(page.Lacks, err)
		if want := x.verb && (n == 0 || x.stays); want && !strings.Contains(said, x.says) || !want && said != "" ||
			err != nil || page.Total != all {
			t.Errorf("run %d says %q, %v", n, said, err)
		}
	}
	if got := packedOf(t, a, p.location); x.verb && bytes.Equal(got, before) != x.stays {
		t.Errorf("it stays as it was: %v, want %v", !x.stays, x.stays)
	}
}

// spoil has happen what the row says.
func (x *spoilt) spoil(t *testing.T, a *archive.Archive, p *Place) {
	t.Helper()
	if x.body != "" {
		if err := a.KeepListing(t.Context(), cmp.Or(x.at, p.location), "backups", time.Now(), func(w io.Writer) error {
			_, err := io.WriteString(w, strings.ReplaceAll(x.body, "LOGIN", p.listingHead().Login))
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, query := range x.sql {
		if _, err := a.DB.Exec(strings.ReplaceAll(query, "LOCATION", p.location)); err != nil {
			t.Fatal(err)
		}
	}
}

func packedOf(t *testing.T, a *archive.Archive, place string) (body []byte) {
	t.Helper()
	const query = "SELECT at || sum || hex(body) FROM listings WHERE place = ? AND name = 'backups'"
	if err := a.DB.QueryRowContext(context.Background(), query, place).Scan(&body); err != nil {
		t.Fatal(err)
	}
	return body
}

// told is what a page says of what was kept.
func told(lacks []string, err error) string {
	text := strings.Join(lacks, "; ")
	if err != nil {
		text += err.Error()
	}
	if at := strings.Index(text, "what was kept"); at >= 0 {
		return text[at:]
	}
	return ""
}
