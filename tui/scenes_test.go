package tui

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/memory"
	"hearth/tui/shell"
	"hearth/tui/ui"
)

// Some backups of the demo that show something.
const (
	dbBackup      = "4e479383" // db-prod-01, incremental, with captures of five layers
	guessedBackup = "ee77f6bb" // bastion-root, no capture is known
	vaultBackup   = "0e102b71" // vault-secrets, encrypted
	rootless      = "e97f1af6" // wiki-data, its full backup is gone
)

// scene is a screen in a state: what the frames, the fit and the purity are
// checked with.
type scene struct {
	name string
	make func(t testing.TB, w, h int) *rig
}

// keysOn makes a scene of keys over a fresh rig on the shared demo.
func keysOn(keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig { return newRig(t, sharedDemo(t), w, h).press(keys...) }
}

// openOn opens a screen over the shared demo, and types keys there.
func openOn(screen, id, tab string, keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		r := newRig(t, sharedDemo(t), w, h)
		r.send(ui.Open{Screen: screen, ID: fullID(t, screen, id), Tab: tab})
		return r.press(keys...)
	}
}

// fullID completes the beginning of an id.
func fullID(t testing.TB, screen, short string) string {
	t.Helper()
	p, ctx := sharedDemo(t), context.Background()
	if screen == "volume" || screen == "timeline" {
		f, _ := core.ParseFilter("name:"+short, core.VolumeFields)
		page, err := p.Volumes(ctx, core.Query{Filter: f})
		if err != nil || len(page.Rows) != 1 {
			t.Fatalf("volume %s: %d rows, %v", short, len(page.Rows), err)
		}
		return string(page.Rows[0].ID)
	}
	f, _ := core.ParseFilter("id:"+short, core.BackupColumns)
	page, err := p.Backups(ctx, core.Query{Filter: f})
	if err != nil || len(page.Rows) != 1 {
		t.Fatalf("backup %s: %d rows, %v", short, len(page.Rows), err)
	}
	return string(page.Rows[0].ID)
}

// pasteOn pastes a text and types keys on the screen that opens.
func pasteOn(text func(testing.TB) string, keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		r := newRig(t, demo(t, store.World{}), w, h)
		r.send(tea.PasteMsg{Content: text(t)})
		return r.press(keys...)
	}
}

func sample(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "paste", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// several is a paste of three records that are new here, one that is here
// already, and one that is cut off.
func several(t testing.TB) string {
	var parts []string
	for _, name := range []string{"db-prod-full", "db-prod-incr-1", "web-root-full"} {
		parts = append(parts, sample(t, name+".openstack.json"))
	}
	f, err := core.ParseFilter("id:"+dbBackup, core.BackupColumns)
	if err != nil {
		t.Fatal(err)
	}
	page, err := sharedDemo(t).Backups(context.Background(), core.Query{Filter: f})
	if err != nil {
		t.Fatal(err)
	}
	r, err := sharedDemo(t).(store.Exporter).Export(context.Background(), page.Rows[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	cut := sample(t, "win-root.openstack.value")
	return strings.Join(append(parts, core.WriteRecords([]core.Record{r}, core.FormatAPI), cut[:len(cut)*2/3]), "\n")
}

// twice is a backup of which hearth took two captures that differ, the second so long
// after the backup's end.
func twice(since time.Duration, keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		t.Helper()
		world, err := demoWorld()
		if err != nil {
			t.Fatal(err)
		}
		id := core.BackupID(fullID(t, "backup", dbBackup))
		i := slices.IndexFunc(world.Captures, func(k core.KeptCapture) bool { return k.BackupID == id })
		before := world.Captures[i]
		world.Captures = slices.DeleteFunc(slices.Clone(world.Captures), func(k core.KeptCapture) bool { return k.BackupID == id })
		for n, text := range []string{before.Capture.Text, strings.Replace(before.Capture.Text, `"dba"`, `"eve"`, 1)} {
			k := before
			k.ID, k.At = int64(1000+n), until
			k.Capture = core.ReadCapture(text, core.Source{Kind: core.SourceTaken, Where: "lab", At: core.Some(until)})
			k.Again = core.Again{State: core.AgainDiffers, At: core.Some(until), Ended: core.Some(until.Add(-since))}
			world.Captures = append(world.Captures, k)
		}
		r := newRig(t, memory.New(world), w, h)
		r.send(ui.Open{Screen: "backup", ID: string(id), Tab: "capture"})
		return r.press(keys...)
	}
}

// holed is a chain of which nobody has the captures of two layers.
func holed(tab string, keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		t.Helper()
		world, err := demoWorld()
		if err != nil {
			t.Fatal(err)
		}
		lost := []core.BackupID{core.BackupID(fullID(t, "backup", "c8360358")), core.BackupID(fullID(t, "backup", "0965a2d7"))}
		world.Captures = slices.DeleteFunc(slices.Clone(world.Captures),
			func(k core.KeptCapture) bool { return slices.Contains(lost, k.BackupID) })
		r := newRig(t, memory.New(world), w, h)
		r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: tab})
		return r.press(keys...)
	}
}

// worst is a place whose every text is hostile.
func worst() *memory.Place {
	const evil = "\x1b]52;c;ZXZpbA==\x07\x1b[2J\u009b31m\u202Eevil\u200B\u2066\r\n\tname\x00\x7f\uFEFF\U000E0041" +
		"e\u0301\u0301\u0301\u0301\u0301\u0301"
	text := core.Some(evil)
	meta := func() *pyjson.Object {
		o := &pyjson.Object{}
		o.Set(evil, pyjson.OfString(evil))
		o.Set("\u0301"+evil+strings.Repeat("x", 300), pyjson.OfString(strings.Repeat("日本", 200)))
		return o
	}
	row := meta()
	row.Set("id", pyjson.OfString(evil))
	row.Set("display_name", pyjson.OfString(evil))
	at := core.Some(until)
	v := core.Volume{ID: evil, Name: text, Description: text, Status: evil, VolumeTypeID: text, VolumeType: text,
		EncryptionKeyID: text, ProjectID: evil, ProjectName: text,
		UserID: evil, AvailabilityZone: text, Host: text, CreatedAt: at, Metadata: meta(), Image: meta(), Row: row}
	b := core.Backup{ID: evil, Name: text, Description: text, Status: evil, FailReason: text, VolumeID: evil,
		VolumeName: text, SnapshotID: text, Container: text, Service: text,
		ServiceMetadata: text, ParentID: evil + "parent", Incremental: true, ProjectID: evil, ProjectName: text, UserID: evil,
		Host: text, AvailabilityZone: text,
		RestoreVolumeID: evil, TempVolumeID: evil, EncryptionKeyID: text, CreatedAt: at, Metadata: meta()}
	info := core.PlaceInfo{
		Location: evil,
		Title:    evil,
		Kind:     core.PlaceEmbedded,
		Rules:    core.RulesAuto,
		Journals: true,
		Badge:    evil,
		Color:    "#303060",
	}
	capture := core.ReadCapture(`{"version": 2, "volume-base-metadata": {"display_name": "\u001b[31m\u202e", "\u009b": "\u200b"}, `+
		`"volume-metadata": {"\u001b]0;x\u0007": "\ud800"}}`,
		core.Source{Kind: core.SourceFile, Where: evil})
	return memory.New(memory.World{Info: info, Volumes: []core.Volume{v}, Backups: []core.Backup{b}, Now: now,
		Types:    []core.VolumeType{{ID: evil, Name: evil}},
		Captures: []core.KeptCapture{{VolumeID: evil, BackupID: evil, At: until, Capture: capture}}})
}

// evilRecord is a record whose fields are hostile.
func evilRecord(testing.TB) string {
	doc := `{"id": "\u001b[2J\u202e", "display_name": "\u001b]0;owned\u0007", "service": "x\u200b", "status": "available", "size": 1,
		"volume_id": "\u009b31m", "created_at": "now\r\n", "driver_info": {}, "user_id": "u\u2066", "project_id": "\u0000"}`
	return "backup_service: \x1b[31mevil\x1b[0m\nbackup_url: " + base64.StdEncoding.EncodeToString([]byte(doc))
}

// onWorst opens a screen over the worst place.
func onWorst(screen, tab string, keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		p := worst()
		r := newRig(t, p, w, h)
		if screen != "" {
			page, err := p.Volumes(context.Background(), core.Query{})
			if err != nil {
				t.Fatal(err)
			}
			r.send(ui.Open{Screen: screen, ID: string(page.Rows[0].ID), Tab: tab})
		}
		return r.press(keys...)
	}
}

// waiting is the first screen while the place does not answer.
func waiting(keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		r := newRig(t, sharedDemo(t), w, h)
		r.asleep = true
		return r.press(keys...)
	}
}

// failing is a screen whose place failed.
func failing(keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		p := remembered(t)
		cause := os.ErrDeadlineExceeded
		r := newRig(t, p, w, h)
		for i := range 20 {
			p.FailCall(i+1, core.Fail(core.CodeUnavailable, "read the place", "it does not answer", "look whether it runs", cause))
		}
		return r.press(keys...)
	}
}

// readingOf is a screen while the place is read for it.
func readingOf(key string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		r := newRig(t, sharedDemo(t), w, h)
		r.asleep = true
		r.press(key).begun()
		r.send(shell.Progressed(r.Running().ID, ui.Step{Text: "reading the backups"}, nil))
		return r
	}
}

func emptyWorld(keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		return newRig(t, demo(t, store.World{Volumes: -1, Backups: -1}), w, h).press(keys...)
	}
}

// used is a place where something was applied, undone and imported.
func used(keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		r := newRig(t, demo(t, store.World{}), w, h)
		r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
		r.press("P", "y", "U", "y", "P", "y")
		r.send(tea.PasteMsg{Content: several(t)})
		r.press("i", "y", "J")
		return r.press(keys...)
	}
}

// readOnly is a place that is not open for writing, and is marked.
func readOnly(keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		world, err := demoWorld()
		if err != nil {
			t.Fatal(err)
		}
		world.Info = core.PlaceInfo{Location: "sqlite:/srv/cinder.sqlite", Title: "cinder.sqlite", Kind: core.PlaceDatabase, Rules: core.Newton,
			RulesWhy: "the rules of today's Cinder",
			ReadOnly: "it is Cinder's own database, opened read-only; hearth --write opens it to be changed",
			Badge:    "PROD", Color: "#b02030"}
		return newRig(t, memory.New(world), w, h).press(keys...)
	}
}

// exporting is a screen while a job runs.
func exporting(keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		r := newRig(t, sharedDemo(t), w, h).find("db-prod").press("a")
		r.asleep = true
		r.press("x").begun()
		r.send(shell.Progressed(r.Running().ID, ui.Step{Done: 3, Total: 10}, nil))
		for _, k := range keys {
			r.press(k)
			if k == "q" || k == "ctrl+c" { // the dialog comes by a command
				r.take(r.queue[len(r.queue)-1]())
			}
		}
		return r
	}
}

func letters(s string) []string {
	var out []string
	for _, c := range s {
		if c == ' ' {
			out = append(out, "space")
		} else {
			out = append(out, string(c))
		}
	}
	return out
}

func join(parts ...[]string) (out []string) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

var scenes = []scene{
	{"start", startOn()},
	{"start-typed", startOn("text:/srv/b")},
	{"start-failed", startOn("enter")},
	{"start-records", startOn("paste:db-prod-full.openstack.json")},
	{"tasks", tasksOn},
	{"tasks-none", keysOn("W")},
	{"backups", keysOn()},
	{"backups-empty", emptyWorld()},
	{"backups-loading", func(t testing.TB, w, h int) *rig {
		r := &rig{t: t}
		*r = *newRig(t, sharedDemo(t), w, h)
		r.asleep = true
		r.Anew()
		r.send(ui.Open{Screen: "backups"})
		return r
	}},
	{"backups-failed", func(t testing.TB, w, h int) *rig {
		p := remembered(t)
		p.FailCall(1,
			core.Fail(core.CodeUnavailable, "list the backups", "the database is locked", "try again in a moment", os.ErrDeadlineExceeded))
		return newRig(t, p, w, h)
	}},
	{"backups-filtered", keysOn(join([]string{"/"}, letters("name~db status:available"), []string{"enter"})...)},
	{"backups-typing", keysOn(join([]string{"/"}, letters("status:error"))...)},
	{"backups-mistake", keysOn(join([]string{"/"}, letters("db nam:x"))...)},
	{"backups-none", keysOn(join([]string{"/"}, letters("nonesuch"), []string{"enter"})...)},
	{"backups-marked", keysOn("space", "space", "down", "space")},
	{"backups-end", keysOn("end")},
	{"backups-exporting", exporting()},
	{"backups-readonly", readOnly()},
	{"backups-reading", streaming()},
	{"backups-offline", offline()},
	{"backups-not-whole", scant(false)},
	{"backups-one-project", scant(true)},
	{"backups-folded", keysOn("f")},
	{"backups-unfolded", foldedOn("end", "right", "down", "down", "space")},
	{"backups-unfolded-deep", foldedOn("right", "end")},
	{"backups-unfolded-filter", foldedOn(join([]string{"/"}, letters("name~full-a,a2,b"), []string{"enter", "end", "right"})...)},
	{"backups-unfolded-none", foldedOn("down", "right")},
	{"backups-unfolding", unfoldingOf(false)},
	{"backups-unfold-failed", unfoldingOf(true)},
	{"hostile-unfolded", onWorstChain("f", "right", "down")},
	{"cloud-backups", among()},
	{"cloud-backup", inCloud("backup", dbBackup, "")},
	{"cloud-chain", inCloud("backup", dbBackup, "chain")},
	{"cloud-volumes", cloudKeys("v")},
	{"cloud-snapshots", cloudKeys("ctrl+s")},
	{"cloud-create-snapshot", cloudKeys("ctrl+s", "n")},
	{"cloud-create-wrong", cloudKeys(join([]string{"n", "down", "down", "down", "down"}, letters("snap"),
		[]string{"down", "down"}, letters("a b"))...)},
	{"cloud-create-offer", cloudKeys("n", "down", "down", "down", "down", "ctrl+o")},
	{"cloud-create-lines", cloudKeys(join([]string{"n", "down", "down", "down", "down", "down", "down"}, letters("env=prod, by=ops"),
		[]string{"ctrl+o"})...)},
	{"cloud-create-line", cloudKeys(join([]string{"n", "down", "down", "down", "down", "down", "down"}, letters("env=prod, by=ops"),
		[]string{"ctrl+o", "end", "enter"}, letters("env=x"))...)},
	{"cloud-create-form", cloudKeys("n", "tab", "tab", "space")},
	{"cloud-create", cloudKeys(join([]string{"v", "/"}, letters("jenkins"), []string{"enter", "n", "tab", "tab", "space", "enter"})...)},
	{"cloud-delete", cloudKeys(join([]string{"/"}, letters("postgres-primary-full-2026-11-18"), []string{"enter", "D"})...)},
	{"cloud-delete-all", cloudKeys(join([]string{"/"}, letters("postgres-primary-full-2026-11-18"), []string{"enter", "D", "a"})...)},
	{"cloud-reset", cloudKeys(join([]string{"/"}, letters("status:restoring"), []string{"enter", "Z", "#2"})...)},
	{"cloud-edit", cloudKeys("down", "E")},
	{"cloud-restore", inCloud("backup", dbBackup, "restore")},
	{"cloud-restore-metadata", inCloud("backup", dbBackup, "restore", "P")},
	{"cloud-restore-target", inCloud("backup", dbBackup, "restore", "t", "d", "b")},
	{"cloud-restore-in-use", inCloud("backup", dbBackup, "restore", join([]string{"t"}, letters("db-prod-01"), []string{"enter"})...)},
	{"cloud-restore-too-small", inCloud("backup", dbBackup, "restore", join([]string{"t"}, letters("jenkins"), []string{"enter"})...)},
	{"cloud-restore-unknown", inCloud("backup", guessedBackup, "restore")},
	{"cloud-restore-broken", inCloud("backup", rootless, "restore")},
	{"cloud-restore-refused",
		inCloud("backup", dbBackup, "restore", join([]string{"P", "t"}, letters("jenkins"), []string{"enter"})...)},
	{"cloud-restore-left-out",
		inCloud("backup", dbBackup, "restore", join([]string{"P", "t"}, letters("jenkins"), []string{"enter", "home", "space"})...)},
	{"cloud-restore-form", inCloud("backup", dbBackup, "restore", "t", "enter")},
	{"cloud-restore-form-choice", inCloud("backup", dbBackup, "restore", "t", "enter", "tab", "tab")},
	{"cloud-restore-plan", inCloud("backup", dbBackup, "restore", "t", "enter", "enter", "enter")},
	{"cloud-restoring", restoringOn},
	{"cloud-report", inCloud("backup", dbBackup, "restore", "t", "enter", "enter", "enter", "y")},
	{"places", among("c")},
	{"places-region", among("c", "down", "down", "down", "down")},
	{"places-alone", keysOn("c")},
	{"volumes", keysOn("v")},
	{"volumes-empty", emptyWorld("v")},
	{"volumes-end", keysOn("v", "end")},
	{"volume-backups", keysOn(join([]string{"v", "/"}, letters("gitlab"), []string{"enter", "B"})...)},
	{"backup-overview", openOn("backup", dbBackup, "")},
	{"backup-broken", openOn("backup", rootless, "")},
	{"backup-gone", func(t testing.TB, w, h int) *rig {
		r := newRig(t, sharedDemo(t), w, h)
		r.send(ui.Open{Screen: "backup", ID: "no-such-backup"})
		return r
	}},
	{"backup-loading", waiting("enter")},
	{"backup-capture", openOn("backup", dbBackup, "capture")},
	{"backup-capture-end", openOn("backup", dbBackup, "capture", "end")},
	{"backup-capture-all", openOn("backup", dbBackup, "capture", "f")},
	{"backup-capture-either", twice(time.Minute)},
	{"backup-capture-late", twice(time.Hour)},
	{"diff-either", twice(time.Minute, "=", "enter")},
	{"backup-capture-guess", openOn("backup", guessedBackup, "capture")},
	{"backup-restore", openOn("backup", dbBackup, "restore")},
	{"backup-restore-all", openOn("backup", dbBackup, "restore", "f", "down", "down")},
	{"backup-restore-kilo-last", openOn("backup", dbBackup, "restore", "o", "o", "L", "L")},
	{"backup-restore-guess", openOn("backup", guessedBackup, "restore")},
	{"backup-restore-refused",
		openOn("backup", vaultBackup, "restore", join([]string{"t"}, letters("web-root"), []string{"enter"})...)},
	{"backup-restore-other",
		openOn("backup", dbBackup, "restore", join([]string{"t"}, letters("web-root"), []string{"enter"})...)},
	{"backup-restore-new", openOn("backup", dbBackup, "restore", "t", "enter", "enter")},
	{"backup-restore-why", openOn("backup", dbBackup, "restore", "w")},
	{"backup-restore-confirm", openOn("backup", dbBackup, "restore", "P")},
	{"backup-restore-confirm-yes", openOn("backup", dbBackup, "restore", "P", "tab")},
	{"backup-restore-target", openOn("backup", dbBackup, "restore", "t")},
	{"backup-restore-file", openOn("backup", dbBackup, "restore", join([]string{"C"}, letters("/no-such-folder/x"))...)},
	{"backup-restore-target-name", openOn("backup", dbBackup, "restore", "t", "enter", "d", "b")},
	{"backup-record", openOn("backup", dbBackup, "record")},
	{"backup-record-refused", openOn("backup", guessedBackup, "record")},
	{"backup-chain", openOn("backup", dbBackup, "chain")},
	{"backup-chain-partly", holed("chain")},
	{"backup-restore-partly", holed("restore")},
	{"backup-chain-broken", openOn("backup", rootless, "chain")},
	{"volume-overview", openOn("volume", "db-prod-01", "")},
	{"volume-capture", openOn("volume", "db-prod-01", "capture")},
	{"volume-tree", openOn("volume", "db-prod-01", "backups")},
	{"diff", openOn("volume", "db-prod-01", "", "=", "enter")},
	{"against-backup", openOn("backup", dbBackup, "", "=")},
	{"against-volume", openOn("volume", "db-prod-01", "", join([]string{"="}, letters("web"))...)},
	{"diff-all", openOn("volume", "db-prod-01", "", "=", "enter", "f")},
	{"diff-unknown", openOn("backup", guessedBackup, "", "=", "enter")},
	{"diff-targets", openOn("backup", dbBackup, "restore", join([]string{"=", "enter"}, letters("web-root"), []string{"enter"})...)},
	{"diff-ask", openOn("backup", dbBackup, "restore", "=")},
	{"import-empty", func(t testing.TB, w, h int) *rig {
		r := newRigWith(t, sharedDemo(t), w, h, Options{Clipboard: ui.Clipboard{Getenv: func(string) string { return "" }}}).press("p")
		r.fire()
		return r
	}},
	{"import-one", pasteOn(func(t testing.TB) string { return sample(t, "db-prod-full.openstack.table") })},
	{"import-several", pasteOn(several)},
	{"import-refused", pasteOn(several, "down", "down", "down")},
	{"import-truncated", pasteOn(several, "end")},
	{"import-none", pasteOn(func(testing.TB) string { return "nothing of the sort\r" + strings.Repeat("x", 300) })},
	{"import-confirm", pasteOn(several, "i")},
	{"import-done", pasteOn(several, "i", "y")},
	{"import-owner", pasteOn(tenanted, "o")},
	{"import-owned", pasteOn(tenanted, "o", "#2")},
	{"import-hostile", pasteOn(evilRecord)},
	{"journal-empty", keysOn("J")},
	{"journal", used()},
	{"journal-import", used("home")},
	{"journal-undo", used("down", "u")},
	{"journal-failed", failing("J")},
	{"dialog-help", keysOn("?")},
	{"dialog-help-restore", openOn("backup", dbBackup, "restore", "?")},
	{"dialog-sort", keysOn("s", "down")},
	{"dialog-format", keysOn("F")},
	{"dialog-file", keysOn("X")},
	{"dialog-theme", keysOn("T")},
	{"dialog-sort-typed", keysOn("s", "s", "i")},
	{"dialog-palette", keysOn(":")},
	{"dialog-palette-typed", keysOn(join([]string{":"}, letters("restore"))...)},
	{"dialog-palette-line", keysOn(join([]string{":"}, letters("sort si"))...)},
	{"dialog-messages", failing("J", "M")},
	{"dialog-copy", keysOn("y")},
	{"journal-find", used(join([]string{"/"}, letters("import"))...)},
	{"journal-found", used(join([]string{"/"}, letters("import"), []string{"enter"})...)},
	{"help-found", keysOn(join([]string{"?", "/"}, letters("volume"), []string{"enter"})...)},
	{"backup-found", openOn("backup", dbBackup, "", join([]string{"/"}, letters("container"), []string{"enter"})...)},
	{"dialog-message", failing("J", "e")},
	{"dialog-quit", exporting("q")},
	{"dashboard", keysOn("!")},
	{"dashboard-line", keysOn("!", "down", "down", "w")},
	{"dashboard-reading", readingOf("!")},
	{"dashboard-failed", failing("!")},
	{"cloud-dashboard", cloudKeys("!")},
	{"timelines", keysOn("!", "l")},
	{"timeline", openOn("timeline", "db-prod-01", "")},
	{"timeline-of-backup", openOn("backup", rootless, "", "l", "left")},
	{"policies", func(t testing.TB, w, h int) *rig { return theMorning(t, w, h, "@", "f") }},
	{"policies-unknown", policed("@")},
	{"policies-none", keysOn("@")},
	{"prune", policed("@", "C")},
	{"prune-ask", policed("@", "C", "D")},
	{"drills", drilled("#")},
	{"drills-result", drilled("#", "down", "down", "down", "enter")},
	{"drills-form", drilled("#", "n")},
	{"drills-ask", drilled("#", "n", "enter")},
	{"drills-tidy", drilled("#", "D")},
	{"drills-none", keysOn("#")},
	{"hostile-dashboard", onWorst("", "", "!")},
	{"hostile-timelines", onWorst("", "", "!", "l")},
	{"hostile-timeline", onWorst("volume", "", "l")},
	{"hostile-backups", onWorst("", "")},
	{"hostile-volumes", onWorst("", "", "v")},
	{"hostile-backup", onWorst("backup", "")},
	{"hostile-capture", onWorst("backup", "capture")},
	{"hostile-restore", onWorst("backup", "restore", "f")},
	{"hostile-confirm", onWorst("backup", "restore", "P")},
	{"hostile-why", onWorst("backup", "restore", "f", "w")},
	{"hostile-diff", onWorst("backup", "", "=", "enter", "f")},
	{"hostile-record", onWorst("backup", "record")},
	{"hostile-chain", onWorst("backup", "chain")},
	{"hostile-volume", onWorst("volume", "")},
	{"hostile-filter", onWorst("volume", "", "B", "/")},
	{"hostile-file", onWorst("", "", "X")},
	{"hostile-export", onWorst("", "", "x")},
}

// eachScene runs a test for every scene.
func eachScene(t *testing.T, w, h int, check func(t *testing.T, r *rig)) {
	for _, s := range drawn() {
		t.Run(s.name, func(t *testing.T) { check(t, s.make(t, w, h)) })
	}
}

// drawn are the scenes, or with -short a third of them: the race detector takes some ten
// times as long over each, and finds the same in all.
func drawn() (out []scene) {
	if !testing.Short() {
		return scenes
	}
	for i := 0; i < len(scenes); i += 3 {
		out = append(out, scenes[i])
	}
	return out
}
