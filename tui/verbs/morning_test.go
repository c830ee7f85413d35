package verbs

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store"
)

// TestStatus prints a real Cinder's database, whose archive is another: nothing of it is
// kept there.
func TestStatus(t *testing.T) {
	b := open(t, lab)
	got := b.run("status", "--peek", "--since", "2026-01-01")
	if got.code != 0 || !strings.Contains(got.out, "UNPROTECTED") || !strings.Contains(got.out, "unknown, because") {
		t.Fatalf("exit %d: %s%s", got.code, got.out, got.err)
	}
	o := b.object("status", "--peek", "-o", "json")
	n, _ := o.Get("backups")
	if count, _ := n.Int64(); int(count) != len(b.list("backups", "-o", "json")) {
		t.Errorf("%s backups are counted", n.Text())
	}
	unknown, _ := o.Get("unknown")
	for _, key := range []string{"quota", "services", "coverage", "drills"} {
		if v, _ := o.Get(key); !v.IsNull() || !unknown.Object().Has(key) {
			t.Errorf("%s is %v, and why is not told", key, v)
		}
	}
	if got := b.run("status", "--since", "soon"); got.code != 2 {
		t.Errorf("--since soon: exit %d, %s", got.code, got.err)
	}
}

// TestReportIsSafe: names that are markup, or that steer a terminal, are text in a page that
// a strict reader takes, and that loads and runs nothing.
func TestReportIsSafe(t *testing.T) {
	const evil = `<script>alert(1)</script>"'&]]>--><img src=x onerror=alert(2)>|` + "\x1b[31m\u202e"
	b, file := demo(t, store.World{Volumes: 5, Backups: 40})
	change(t, file, "UPDATE backups SET status = 'error', updated_at = '2036-01-01 00:00:00', fail_reason = 'why "+
		strings.ReplaceAll(evil, "'", "''")+
		"', display_name = '"+strings.ReplaceAll(evil, "'", "''")+"', project_id = '"+strings.ReplaceAll(evil, "'", "''")+
		"' WHERE id IN (SELECT id FROM backups WHERE deleted = 0 LIMIT 3)")
	page := b.ok("report", "-o", "html")
	texts, names := "", map[string]int{}
	d := xml.NewDecoder(strings.NewReader(page))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("a strict reader: %v", err)
		}
		switch x := token.(type) {
		case xml.CharData:
			texts += string(x)
		case xml.StartElement:
			names[x.Name.Local]++
			for _, a := range x.Attr {
				if name := strings.ToLower(a.Name.Local); strings.HasPrefix(name, "on") || slices.Contains([]string{"src", "href", "style"}, name) {
					t.Errorf("<%s %s=%q>", x.Name.Local, a.Name.Local, a.Value)
				}
			}
		}
	}
	for _, never := range []string{"script", "img", "iframe", "object", "link", "a"} {
		if names[never] > 0 {
			t.Errorf("the page has %d of <%s>", names[never], never)
		}
	}
	if names["svg"] != 1 || names["rect"] < 10 || !strings.Contains(texts, core.Visible(evil)) || strings.ContainsAny(page, "\x1b\u202e") {
		t.Errorf("elements %v; hostile names are not there as text, or not made visible", names)
	}
	text := b.ok("report", "-o", "markdown")
	if strings.Contains(text, "<script>") || strings.Contains(text, "\x1b") ||
		!strings.Contains(text, `\>\|`) {
		t.Errorf("the Markdown has markup of a tenant's:\n%s", text)
	}
	if o := b.object("report", "-o", "json", "--since", "30d"); !o.Has("made") {
		t.Error("the JSON lacks the days")
	}
}
