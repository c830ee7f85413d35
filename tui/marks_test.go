package tui

import (
	"fmt"
	"testing"

	"hearth/core"
	"hearth/store"
	"hearth/tui/ui"
)

// TestMarksByRule: all that fulfil a filter are marked without being read, but for those
// that were taken out; what acts on them reads which they are by then, and asks with that
// number.
func TestMarksByRule(t *testing.T) {
	p := demo(t, store.World{})
	v := &vague{Place: p}
	all, err := p.Backups(t.Context(), core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	v.rows = all.Rows
	r := newRig(t, v, 100, 24).find("name~web-root")
	asked := len(v.asked)
	r.press("a").want("7 backups of 90, all 7 marked", ">*web-root").said(ui.LevelInfo, "7 marked")
	if len(v.asked) != asked {
		t.Error("marking asks the place")
	}
	r.press("space", "space").want("7 backups of 90, 5 marked")
	r.press("up", "space").want("7 backups of 90, 6 marked")
	r.press("esc").want("90 backups, 6 marked")
	r.press("home", "space").want("90 backups, 7 marked", " *bastion-root-full")

	// Another filter: what was marked stays, and is counted once.
	r.find("web-root kind:incr").press("a")
	both := map[core.BackupID]bool{v.rows[0].ID: true}
	for i, b := range core.SelectBackups(v.rows, core.Query{Filter: filterOf(t, "name~web-root")}).Rows {
		both[b.ID] = i > 0 // the first was taken out
	}
	for _, b := range core.SelectBackups(v.rows, core.Query{Filter: filterOf(t, "web-root kind:incr")}).Rows {
		both[b.ID] = true
	}
	r.want(fmt.Sprintf("%d marked", len(both)))
	r.press("A").wantNot(fmt.Sprintf("%d marked", len(both))).press("space").want("of 90, 1 marked")
}

// TestChosenThen: which rows a rule marks is read as something acts on them, and written
// down: the question's number is theirs; a row that no longer fulfils the filter when its
// turn comes is left alone, and that is said.
func TestChosenThen(t *testing.T) {
	c := newCloud(t, 0)
	const by = "name~win-ad status:available"
	all, err := c.Backups(t.Context(), core.Query{Filter: filterOf(t, by), Now: until})
	if err != nil || len(all.Rows) < 3 {
		t.Fatal(err, len(all.Rows))
	}
	n, gone, left, meant := len(all.Rows), string(all.Rows[0].ID), string(all.Rows[1].ID), string(all.Rows[2].ID)
	r := newRig(t, c, 140, 40).find(by).press("a").want(fmt.Sprintf("all %d marked", n))
	rename := func(id string) {
		t.Helper()
		other := "kept for the auditors"
		if err := c.EditBackup(t.Context(), core.BackupID(id), core.BackupEdit{Name: &other}); err != nil {
			t.Fatal(err)
		}
	}
	rename(gone)
	r.press("D").want(fmt.Sprintf("Delete %d backups", n-1)).wantNot("kept for the auditors")
	rename(left)
	r.press("y")
	for range 40 {
		r.fire()
	}
	r.said(ui.LevelWarn, fmt.Sprintf("1 of %d backups failed", n-1)).press("e")
	r.want("it no longer fulfils “name~win-ad", "was left alone; mark")
	for id, there := range map[string]bool{gone: true, left: true, meant: false} {
		if _, err := c.Backup(t.Context(), core.BackupID(id)); (err == nil) != there {
			t.Errorf("%s: is it there: %v (%v), want %v", id, err == nil, err, there)
		}
	}
}

// TestChosenMarks: rows that were marked by themselves are meant whatever they are called by
// then.
func TestChosenMarks(t *testing.T) {
	c := newCloud(t, 0)
	r := newRig(t, c, 140, 40).find("id:3e04792f").press("space")
	other := "renamed"
	if err := c.EditBackup(t.Context(), core.BackupID(fullID(t, "backup", "3e04792f")), core.BackupEdit{Name: &other}); err != nil {
		t.Fatal(err)
	}
	r.press("x").said(ui.LevelInfo, "the record of renamed")
}

// TestChosenElsewhere: what a rule marked is copied, and verified, only where it is still
// meant when its turn comes; the screen that it was handed to says what was left alone.
func TestChosenElsewhere(t *testing.T) {
	p := newPlacesOf(t)
	all, err := p.lab.Backups(t.Context(), core.Query{Filter: filterOf(t, "name~db-prod status:available")})
	if err != nil || len(all.Rows) < 3 {
		t.Fatal(err, len(all.Rows))
	}
	other := "kept for the auditors"
	r := p.rig(t, p.lab, 140, 40).find("name~db-prod status:available").press("a", "Y", "#1")
	if err := p.lab.EditBackup(t.Context(), all.Rows[0].ID, core.BackupEdit{Name: &other}); err != nil {
		t.Fatal(err)
	}
	r.press("enter").want("kept for the auditors", "it no longer fulfils")

	held, err := p.repo.Backups(t.Context(), core.Query{Filter: filterOf(t, "name~db-prod")})
	if err != nil || len(held.Rows) < 3 {
		t.Fatal(err, len(held.Rows))
	}
	v := p.rig(t, p.repo, 140, 40).find("name~db-prod").press("a", "V")
	p.repo.Rename(held.Rows[0].ID, other)
	v.press("#1").said(ui.LevelWarn, "1 left alone").want(fmt.Sprintf("%d backups verified", len(held.Rows)-1)).press("e")
	v.want("it was left alone; mark it")
}
