package core

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// link is a backup of a chain, made n hours after the first.
func link(id, parent BackupID, n int) Backup {
	return Backup{ID: id, ParentID: parent, Incremental: parent != "", CreatedAt: Some(now.Add(time.Duration(n) * time.Hour))}
}

func getter(backups ...Backup) func(BackupID) (Backup, bool, error) {
	return func(id BackupID) (Backup, bool, error) {
		for _, b := range backups {
			if b.ID == id {
				return b, true, nil
			}
		}
		return Backup{}, false, nil
	}
}

func TestChainOf(t *testing.T) {
	for _, c := range []struct {
		name    string
		get     func(BackupID) (Backup, bool, error)
		id      BackupID
		want    string
		problem string
	}{
		{"full", getter(link("f", "", 0)), "f", "f", ""},
		{"three", getter(link("f", "", 0), link("1", "f", 1), link("2", "1", 2)), "2", "f 1 2", ""},
		{"parent missing", getter(link("2", "1", 2)), "2", "2", "parent 1 is missing"},
		{"itself missing", getter(), "x", "", "parent x is missing"},
		{"circle", getter(link("a", "b", 0), link("b", "a", 1)), "a", "b a", "circle"},
		{"itself its parent", getter(link("a", "a", 0)), "a", "a", "circle"},
	} {
		chain, err := ChainOf(c.id, c.get)
		var got []string
		for _, b := range chain.Backups {
			got = append(got, string(b.ID))
		}
		if err != nil || strings.Join(got, " ") != c.want || !strings.Contains(chain.Problem(), c.problem) || chain.Whole() != (c.problem == "") {
			t.Errorf("%s: %q, %q, %v", c.name, got, chain.Problem(), err)
		}
	}
	broken := errors.New("broken")
	if _, err := ChainOf("x", func(BackupID) (Backup, bool, error) { return Backup{}, false, broken }); err != broken {
		t.Errorf("error %v", err)
	}
}

func TestTree(t *testing.T) {
	nodes := Tree([]Backup{
		link("2", "1", 2), link("f2", "", 9), link("f", "", 0), link("1b", "f", 3), link("1", "f", 1),
		link("orphan", "gone", 5), link("a", "b", 6), link("b", "a", 7),
	})
	var got []string
	for _, n := range nodes {
		mark := ""
		if n.Missing {
			mark = "!"
		}
		got = append(got, strings.Repeat(".", n.Depth)+string(n.Backup.ID)+mark)
	}
	if want := "f .1 ..2 .1b gone! .orphan f2 a .b"; strings.Join(got, " ") != want {
		t.Errorf("%q, want %q", strings.Join(got, " "), want)
	}
	if last := nodes[1].Last; len(last) != 1 || last[0] {
		t.Errorf("1 has a younger sibling, but Last is %v", last)
	}
}

// TestStandingOn cuts from a tree what stands on one of its backups, drawn from there on.
func TestStandingOn(t *testing.T) {
	nodes := Tree([]Backup{
		link("f", "", 0), link("1", "f", 1), link("2", "1", 2), link("2b", "1", 3), link("1b", "f", 4), link("f2", "", 9),
		link("orphan", "gone", 5), link("a", "b", 6), link("b", "a", 7),
	})
	for id, want := range map[BackupID]string{
		"f": "1.1 2.2 2b.2 1b.1", "1": "2.1 2b.1", "1b": "", "f2": "", "gone": "orphan.1", "a": "b.1", "nosuch": "",
	} {
		var got []string
		for _, n := range StandingOn(nodes, id) {
			got = append(got, fmt.Sprintf("%s.%d", n.Backup.ID, n.Depth))
			if len(n.Last) != n.Depth {
				t.Errorf("%s on %s: of %d levels %v is said", n.Backup.ID, id, n.Depth, n.Last)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("on %s there is %q, want %q", id, got, want)
		}
	}
	if on := StandingOn(nodes, "1"); on[0].Last[0] || !on[1].Last[0] {
		t.Errorf("2 is followed by 2b, and that is the last: %v, %v", on[0].Last, on[1].Last)
	}
}

// TestRootless finds the incrementals from which no way leads to a full backup, whatever is asked for first.
func TestRootless(t *testing.T) {
	all := []Backup{
		link("f", "", 0), link("1", "f", 1), link("2", "1", 2), link("o", "gone", 3), link("o2", "o", 4), link("o3", "o2", 5),
		link("a", "b", 6), link("b", "a", 7), link("c", "b", 8), link("self", "self", 9),
	}
	for range len(all) {
		all = append(all[1:], all[0])
		if got := slices.Sorted(maps.Keys(Rootless(all))); strings.Join(got, " ") != "a b c o o2 o3 self" {
			t.Errorf("from %s on: %q", all[0].ID, got)
		}
	}
}

func TestParentsFirst(t *testing.T) {
	order := func(backups ...Backup) string {
		var got []string
		for _, b := range ParentsFirst(backups, func(b Backup) BackupID { return b.ID }, func(b Backup) BackupID { return b.ParentID }) {
			got = append(got, string(b.ID))
		}
		return strings.Join(got, " ")
	}
	for want, backups := range map[string][]Backup{
		"f 1 2":    {link("2", "1", 0), link("1", "f", 0), link("f", "", 0)},
		"x f 1":    {link("x", "", 0), link("1", "f", 0), link("f", "", 0)},
		"1 z":      {link("1", "gone", 0), link("z", "", 0)},
		"b a":      {link("a", "b", 0), link("b", "a", 0)},
		"s":        {link("s", "s", 0)},
		"f f2 1 2": {link("f", "", 0), link("f2", "", 0), link("1", "f", 0), link("2", "1", 0)},
	} {
		if got := order(backups...); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

const posix = "cinder.backup.drivers.posix.PosixBackupDriver"

// pasted is the one record in a text.
func pasted(t *testing.T, text string) Found {
	t.Helper()
	found := FindRecords(text)
	if len(found) != 1 {
		t.Fatalf("%q: %d records", text, len(found))
	}
	return found[0]
}

// TestPreflight checks what is said of each record of a paste.
func TestPreflight(t *testing.T) {
	record := func(b Backup) Found {
		b.Service, b.VolumeID, b.Status = Some(posix), "vol", StatusAvailable
		r, err := ExportRecord(&b)
		if err != nil {
			t.Fatal(err)
		}
		return pasted(t, WriteRecords([]Record{r}, FormatText))
	}
	raw := func(doc, service string) Found {
		return pasted(t, service+"\nbackup_url: "+encodeBase64([]byte(doc)))
	}
	full, child, grandchild, orphan := link("f", "", 0), link("c", "f", 1), link("g", "c", 2), link("o", "gone", 3)
	paste := []Found{record(child), record(grandchild), record(full), record(full), record(orphan),
		record(link("here", "", 0)), record(link("del", "", 0)),
		raw(`{"id": "m", "size": 1}`, posix), raw(`{"id": "n"}`, posix),
		raw(`{"id": 5, "size": 1, "volume_id": "v", "display_name": null}`, posix)}
	facts := ImportFacts{
		Existing: map[BackupID]string{"here": StatusError, "del": StatusDeleted},
		Services: []string{posix},
		Sure:     true,
		Owner:    "me",
	}
	checks := Preflight(paste, facts)
	for i, want := range []struct {
		refused bool
		says    string
	}{
		{false, "record 3 of this paste and goes first"}, {false, "record 1 of this paste"}, {false, ""}, {true, "stands in this paste already"},
		{false, "parent gone is missing"}, {true, "here already (error)"}, {false, "row is used again"},
		{true, "missing fields"}, {true, "missing size attribute"}, {true, "missing fields"},
	} {
		c := checks[i]
		text := ""
		for _, f := range c.Findings {
			text += f.Text + "\n"
		}
		if c.Refused() != want.refused || !strings.Contains(text, want.says) {
			t.Errorf("record %d: refused %v, %q; want %v, %q", i+1, c.Refused(), text, want.refused, want.says)
		}
	}
	var order []string
	for _, it := range Items(checks, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		order = append(order, string(it.ID))
		if status, _ := it.Row.Get("status"); status.Text() != StatusAvailable {
			t.Errorf("%s would be %s", it.ID, status.Text())
		}
	}
	if strings.Join(order, " ") != "f c g o del" {
		t.Errorf("imported in the order %q", order)
	}
	facts.Services = []string{"cinder.backup.drivers.swift.SwiftBackupDriver"}
	if c := Preflight(paste[:1], facts)[0]; !c.Refused() || !strings.Contains(c.Verdict(), "cannot find backup service") {
		t.Errorf("another service: %q", c.Verdict())
	}
	facts.Sure = false
	if c := Preflight(paste[2:3], facts)[0]; c.Refused() || !strings.Contains(c.Verdict(), "no backup here was made by") {
		t.Errorf("perhaps another service: %q", c.Verdict())
	}
}
