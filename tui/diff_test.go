package tui

import (
	"strings"
	"testing"

	"hearth/tui/ui"
)

// TestDifference comes to the screen of a difference by every way there is.
func TestDifference(t *testing.T) {
	r := newRig(t, sharedDemo(t), 130, 40).find("db-prod-01")
	r.press("=").want("Compare (or mark two in the list)").press("enter")
	r.want("3 DIFFER   7 the same", "first   db-prod-01-incr-2026-11-22 (4e479383)", "second  db-prod-01 (58266ec7)  the volume as it is",
		"- meta backup-policy", "daily-35d", "not there", "~ meta owner", "+ meta maintenance", "7 the same, 36 never restored")
	r.press("f").want("= name", "the same", "created_at").press("f").wantNot("created_at")
	r.press("x").want("+ meta backup-policy", "- meta maintenance").press("esc")
	r.press("=", "down", "enter").want("db-prod-01-incr-2026-11-21").press("esc")

	r.press("space", "space").want("2 marked").press("=").want("1 DIFFERS   8 the same", "first   db-prod-01-incr-2026-11-21",
		"~ description").press("esc", "space", "space")
	if r.press("="); !strings.Contains(r.lastNote().Text, "more than two are marked") {
		t.Errorf("of four it says %q", r.lastNote().Text)
	}

	r = newRig(t, sharedDemo(t), 130, 40).press("v").find("db-prod-01").press("=")
	r.want("> its newest", "db-prod-01-incr-2026-11-22")
	r.press("enter").want("3 DIFFER", "first   db-prod-01-incr-2026-11-22").press("esc", "esc")
	r.press("space", "space", "=").want("second  bastion-root").press("esc")

	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "chain"})
	r.press("=").want("first   db-prod-01-incr-2026-11-21", "second  db-prod-01-incr-2026-11-22").press("esc")
	r.press("home", "=").said(ui.LevelWarn, "there is none above it")
}

// TestChooseWhatToCompare: what a backup or a volume is held against is chosen of all
// there is, what is nearest to it first, and found by typing.
func TestChooseWhatToCompare(t *testing.T) {
	r := newRig(t, sharedDemo(t), 130, 40).find("db-prod-01").press("=")
	frame := r.screenText()
	at := 0
	for _, row := range []string{"> its volume now", "its parent     db-prod-01-incr-2026-11-21",
		"same chain     db-prod-01-incr-2026-11-20", "same volume", "  backup  "} {
		i := strings.Index(frame[at:], row)
		if i < 0 {
			t.Fatalf("no %q, or not after the one before:\n%s", row, frame)
		}
		at += i
	}
	if strings.Contains(frame, "db-prod-01-incr-2026-11-22    ") {
		t.Error("it is offered to be compared with itself")
	}
	r.typeText("volume now web-root").want("> volume now", "web-root").press("enter")
	r.want("Difference", "first   db-prod-01-incr-2026-11-22", "second  web-root (bb427386)  the volume as it is").press("esc")
	r.want("10 backups of 90") // the chooser has gone

	r.press("=").typeText("gitlab-data-full").press("enter").want("first   gitlab-data-full", "second  db-prod-01-incr-2026-11-22")
	r.press("esc", "=").typeText("no such thing").want("no backup and no volume is like that").press("enter")
	r.said(ui.LevelWarn, "nothing under the cursor").press("esc").want("backups")

	r = newRig(t, sharedDemo(t), 130, 40).press("v").find("db-prod-01").press("=").typeText("its 2026-11-19").press("enter")
	r.want("first   postgres-primary-incr-2026-11-19", "second  db-prod-01 (58266ec7)").press("esc")
	r.press("=").typeText("web-root volume").press("enter").want("first   db-prod-01 (58266ec7)", "second  web-root (bb427386)")

	r = newRig(t, newCloud(t, 0), 130, 40).find("db-prod-01-incr-2026-11-22").press("=")
	r.want("? its parent") // the API does not say of which it is
}

// TestPreviewsSideBySide holds a preview against another target and other rules.
func TestPreviewsSideBySide(t *testing.T) {
	r := preview(t, sharedDemo(t)).press("=").want("The same restore onto another target").press("enter")
	r.typeText("web-root").press("enter").want("Difference", "first   onto db-prod-01 (58266ec7)", "second  onto web-root (bb427386)",
		"~ bootable", "2 LOST: role, ticket")
	r.press("esc").want("[Restore]", "onto db-prod-01 (58266ec7)") // it is as it was
	r.press("=", "down", "enter").want("by newton", "by icehouse", "CANNOT: by icehouse").press("esc")
	r.press("=", "end", "enter").want("3 DIFFER", "the volume as it is").press("esc")
	r.press("t", "enter", "enter", "=", "end", "enter").said(ui.LevelWarn, "the target is not there yet")
}

// TestDifferenceOfNothing: what nobody has is not held against anything.
func TestDifferenceOfNothing(t *testing.T) {
	r := newRig(t, sharedDemo(t), 130, 40)
	r.send(ui.Open{Screen: "diff", IDs: []string{"backup:" + fullID(t, "backup", guessedBackup),
		"volume:" + fullID(t, "volume", "bastion-root")}})
	r.want("UNKNOWN: no capture of bastion-root-full-2026-11-22", "? not known", "because: nobody has a capture of it").wantNot("not there")
	r.send(ui.Open{Screen: "diff", IDs: []string{"backup:nosuch", "volume:nosuch"}})
	r.want("Ctrl-R tries again")
}

// TestTickets: a plan and a difference go into a ticket as text, Markdown or JSON, with
// how sure they are and by what; and so does the field under the cursor.
func TestTickets(t *testing.T) {
	b := &board{desk: &desk{}}
	r := newRigWith(t, sharedDemo(t), 130, 40, Options{Clipboard: b.clipboard()})
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
	for i, want := range [][]string{
		{"1 LOST: maintenance · 3 FIELDS CHANGE", "certainty: certain", "layer 1 of 5", "from the backup repository, swift:volumebackups",
			"certain                  meta maintenance", "Not listed: 7 unchanged"},
		{"**1 LOST: maintenance", "- certainty: certain", "| certain | meta maintenance | 2026-12-01 | gone |", "| --- | --- |"},
		{`"certainty": "certain"`, `"source": "repository"`, `"evidence": "stored"`},
		{"meta maintenance: 2026-12-01 → gone (certain; layer 5 of 5"},
	} {
		b.desk.text = ""
		r.press("y").want("The plan as Markdown").press("#" + letters("1234")[i])
		for _, part := range want {
			if !strings.Contains(b.desk.text, part) {
				t.Errorf("copy %d lacks %q:\n%s", i+1, part, b.desk.text)
			}
		}
	}
	r.press("=", "end", "enter")
	for i, want := range [][]string{
		{"3 DIFFER · 7 the same", "certainty: certain", "from the backup repository", "meta owner"},
		{"| certain | meta backup-policy | daily-35d | not there |"},
		{`"differ": 3`, `"evidence": "stored"`},
		{"meta backup-policy: daily-35d ↔ not there (only in the first)"},
	} {
		b.desk.text = ""
		r.press("y").want("The difference as Markdown").press("#" + letters("1234")[i])
		for _, part := range want {
			if !strings.Contains(b.desk.text, part) {
				t.Errorf("copy %d of the difference lacks %q:\n%s", i+1, part, b.desk.text)
			}
		}
	}
}

// TestReportField: a field of a report is copied with how it came out.
func TestReportField(t *testing.T) {
	b := &board{desk: &desk{}}
	o := new(world).options(t)
	o.Clipboard = b.clipboard()
	r := newRigWith(t, newCloud(t, 0), 120, 40, o)
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
	r.press("t", "enter", "enter", "enter", "y").want("PLANNED").press("y").want("> The field under the cursor", "The report as JSON",
		"The id of the volume", "The row as YAML").press("enter")
	if !strings.Contains(b.desk.text, ": planned ") || !strings.Contains(b.desk.text, ", is now ") {
		t.Errorf("copied %q", b.desk.text)
	}
}
