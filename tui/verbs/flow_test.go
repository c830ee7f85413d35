package verbs

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/archive"
)

// TestApplyUndoJournal goes through a change and back, with every question.
func TestApplyUndoJournal(t *testing.T) {
	b, file := demo(t, store.World{Volumes: 2, Backups: 6})
	volumes := ids(b.list("volumes", "-o", "json"))
	capture := filepath.Join(t.TempDir(), "capture.json")
	if err := os.WriteFile(capture, []byte(b.ok("capture", volumes[0])), 0o600); err != nil {
		t.Fatal(err)
	}
	target := volumes[1]
	change(t, file, "UPDATE volumes SET display_name = NULL WHERE id = '"+target+"'")
	before := b.volumeState(target)
	apply := []string{"apply", "--capture", capture, "--onto", target}

	if got := b.run(apply...); got.code != 2 || got.out != "" || !strings.Contains(got.err, "Verdict") ||
		!b.volumeState(target).Equal(before) {
		t.Errorf("without a terminal and without --yes: %+v", got)
	}
	b.env.Asks = true
	for _, answer := range []string{"", "\n", "n\n", "maybe\n", "yess\n"} {
		b.in = answer
		if got := b.run(apply...); got.code != 130 || !b.volumeState(target).Equal(before) ||
			!strings.HasSuffix(got.err, "? [y/N] hearth: cannot apply the plan: you did not say yes; nothing was changed.\n") {
			t.Errorf("answer %q: %+v", answer, got)
		}
	}
	if len(b.list("journal", "-o", "json")) != 0 {
		t.Error("what was not applied is in the journal")
	}
	b.in = "y\n"
	got := b.run(apply...)
	after := b.volumeState(target)
	if got.code != 0 || got.out != "" || after.Equal(before) ||
		!strings.Contains(got.err, "as journal entry 1. Take it back with: hearth undo 1\n") {
		t.Fatalf("yes: %+v", got)
	}
	entry := b.list("journal", "-o", "json")[0]
	was, _ := entry.Get("before")
	is, _ := entry.Get("after")
	if text(entry, "kind") != "apply" || text(entry, "state") != "done" || text(entry, "who") != "anna@lab" ||
		text(entry, "volume_id") != target || !core.StateFrom(was.Object()).Equal(before) ||
		!core.StateFrom(is.Object()).Equal(after) {
		t.Errorf("the journal says %v", entry.Keys())
	}
	if got := b.ok("journal", "-o", "value", "-c", "id,kind,state,volume"); got != "1\tapply\tdone\t"+target+"\n" {
		t.Errorf("the journal says %q", got)
	}
	if got := b.ok("journal"); !strings.Contains(got, "2026-11-23 12:00:00  anna@lab  apply  done   metadata of") {
		t.Errorf("the journal says %s", got)
	}

	b.in = "n\n"
	if got := b.run("undo"); got.code != 130 || !b.volumeState(target).Equal(after) ||
		!strings.HasPrefix(got.err, "Entry 1 of 2026-11-23 12:00:00 UTC by anna@lab: ") {
		t.Errorf("undo, no: %+v", got)
	}
	b.in = "YES\n"
	if got := b.run("undo"); got.code != 0 || !b.volumeState(target).Equal(before) ||
		!strings.HasSuffix(got.err, "Taken back, as journal entry 2.\n") {
		t.Errorf("undo, yes: %+v", got)
	}
	for args, want := range map[string]int{"undo": 3, "undo 1": 5, "undo 3": 3} {
		if got := b.run(strings.Fields(args + " --yes")...); got.code != want {
			t.Errorf("%s: %+v", args, got)
		}
	}
	if got := b.ok("journal", "-o", "value", "-c", "id,kind,state"); got != "2\tundo\tdone\n1\tapply\tundone\n" {
		t.Errorf("the journal says %q", got)
	}
	if got := b.ok("journal", "--limit", "1", "-o", "value", "-c", "id"); got != "2\n" {
		t.Errorf("the journal's newest entry is %q", got)
	}
	if got := b.run("undo", "2", "--yes"); got.code != 0 || !b.volumeState(target).Equal(after) {
		t.Errorf("an undo, undone: %+v", got)
	}
	// A volume that has moved on is left alone.
	change(t, file, "UPDATE volumes SET display_name = 'moved on' WHERE id = '"+target+"'")
	if got := b.run("undo", "3", "--yes"); got.code != 5 {
		t.Errorf("undo of what is no longer so: %+v", got)
	}
	got = b.run("undo", "3", "--yes", "--partly")
	if want := before; got.code != 11 || !strings.Contains(got.err, "name is left alone") {
		t.Errorf("undo of the rest: %+v", got)
	} else if want.Name = pyjson.OfString("moved on"); !b.volumeState(target).Equal(want) {
		t.Errorf("undone but for the name, it differs in %q", b.volumeState(target).Diff(want))
	}
}

// TestPlanFiles: capture files in any of the ways in which they can be named, with
// a line end after them or without.
func TestPlanFiles(t *testing.T) {
	b, _ := demo(t, store.World{Volumes: 3, Backups: 1})
	dir := t.TempDir()
	var files []string
	for i, id := range ids(b.list("volumes", "-o", "json")) {
		name := filepath.Join(dir, fmt.Sprintf("layer,%d.json", i))
		if err := os.WriteFile(name, []byte(b.ok("capture", id)+strings.Repeat("\n", i)), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	plan := func(args ...string) (where []string, target, after string) {
		t.Helper()
		o := b.object(append(append([]string{"plan"}, args...), "-o", "json")...)
		list, _ := o.Get("captures")
		for _, c := range list.Items() {
			where = append(where, text(c.Object(), "where"))
		}
		state, _ := o.Get("after")
		return where, text(o, "target"), text(state.Object(), "display_name")
	}
	for _, args := range [][]string{
		{"--capture", files[0], "--capture", files[1], "--capture", files[2], "--new"},
		{"--capture", files[0], files[1], files[2], "--new"},
		{"--new", "--capture", files[0], files[1], files[2]},
		{"--capture", files[0], files[1], "--capture=" + files[2], "--new"},
	} {
		if where, target, _ := plan(args...); !slices.Equal(where, files) || target != "new" {
			t.Errorf("%q: captures %q, target %s", args, where, target)
		}
	}
	for _, args := range [][]string{{"--capture", files[0], "--new", "again"},
		{"--new", "again", "--capture", files[0]}, {"--new=again", "--capture", files[0]}} {
		if where, target, after := plan(args...); len(where) != 1 || target != "new-named" || after != "again" {
			t.Errorf("%q: captures %q, target %s, name %s", args, where, target, after)
		}
	}
	b.in = b.ok("capture", ids(b.list("volumes", "-o", "json"))[0])
	if where, _, _ := plan("--capture", "-", "--new"); !slices.Equal(where, []string{"-"}) {
		t.Errorf("stdin: captures %q", where)
	}
	backup := ids(b.list("backups", "-o", "json"))[0]
	o := b.object("plan", backup, "--capture", files[1], "--new", "-o", "json")
	if list, _ := o.Get("captures"); text(o, "backup_id") != backup || len(list.Items()) != 1 {
		t.Errorf("a backup and a file: %v", o.Keys())
	}
	for _, key := range []string{"fields", "steps", "after", "error"} {
		if !o.Has(key) {
			t.Errorf("a plan without %s", key)
		}
	}
}

// TestPlanRefused: what Cinder refuses is an answer, which is printed, and the exit
// code says that it cannot be done.
func TestPlanRefused(t *testing.T) {
	b, _ := demo(t, store.World{Volumes: 1, Backups: -1})
	volume := ids(b.list("volumes", "-o", "json"))[0]
	b.in = `{"version": 3}`
	refused := b.run("plan", "--capture", "-", "--onto", volume, "-o", "json")
	o := parse(t, refused.out).Object()
	e, _ := o.Get("error")
	can, _ := o.Get("can")
	if text(e.Object(), "kind") != "unsupported_version" || text(can.Object(), "answer") != "no" || refused.code != 6 {
		t.Errorf("error %v, can %v, exit %d", e.Object().Keys(), can, refused.code)
	}
	if got := b.run("plan", "--capture", "-", "--onto", volume); got.code != 6 || !strings.Contains(got.out, "\n!  Cinder refuses: ") {
		t.Errorf("%+v", got)
	}
	if got := b.run("apply", "--capture", "-", "--onto", volume, "--yes"); got.code != 6 ||
		!strings.Contains(got.err, "hearth: cannot apply the plan: Cinder refuses this restore: ") {
		t.Errorf("%+v", got)
	}
}

// TestExportChain: parents first, and nothing twice.
func TestExportChain(t *testing.T) {
	b := open(t, lab)
	chain := []string{"8a75388c-54fc-41fe-99f4-1aec5663389e", "32b85b7d-56f9-4cd5-8c6a-41fc8d700c3c",
		"5ea7af74-dedb-47c3-a466-0dbd24775d15", "e5998c0c-b5ac-40a8-82a6-4711bbb6f034"}
	for _, args := range [][]string{{"db-prod-incr-3"}, {"db-prod-incr-3", "db-prod-full"}, {"db-prod-incr-1", "db-prod-incr-3"}} {
		b.in = b.ok(append([]string{"export", "--chain"}, args...)...)
		if got := ids(b.list("decode", "-", "-o", "json")); !slices.Equal(got, chain) {
			t.Errorf("%q: %q", args, got)
		}
	}
	b.in = b.ok("export", "db-prod-incr-3", "db-prod-full")
	if got := ids(b.list("decode", "-o", "json")); !slices.Equal(got, []string{chain[3], chain[0]}) {
		t.Errorf("without the chain: %q", got)
	}
	// One record is an object, in each format that export writes.
	for _, f := range recordFormats {
		got := b.run("export", "db-prod-full", "-o", f)
		b.in = got.out
		if id := text(b.object("decode", "-o", "json"), "id"); id != chain[0] {
			t.Errorf("%s: decodes to %s", f, id)
		}
		if !strings.Contains(got.err, "- db-prod-full ("+chain[0]+"): full, fingerprint ") {
			t.Errorf("%s: says %s", f, got.err)
		}
	}
	if got := b.ok("decode", "-o", "value", "-c", "id,size"); got != chain[0]+"\n2\n" {
		t.Errorf("decode: %q", got)
	}
}

// TestDecodeSeveral: a list in every format.
func TestDecodeSeveral(t *testing.T) {
	b := open(t, lab)
	b.in = b.ok("export", "demo-incr", "--chain")
	for format, want := range map[string]string{
		"json":  "[\n  {\"display_name\": \"demo-backup\", \"size\": 1},\n  {\"display_name\": \"demo-incr\", \"size\": 1}\n]\n",
		"yaml":  "- display_name: \"demo-backup\"\n  size: 1\n- display_name: \"demo-incr\"\n  size: 1\n",
		"csv":   "display_name,size\ndemo-backup,1\ndemo-incr,1\n",
		"value": "demo-backup\n1\n\ndemo-incr\n1\n",
		"table": "Field         Value\ndisplay_name  demo-backup\nsize          1\n\n" +
			"Field         Value\ndisplay_name  demo-incr\nsize          1\n",
	} {
		if got := b.ok("decode", "-", "-o", format, "-c", "display_name,size"); got != want {
			t.Errorf("%s: %q", format, got)
		}
	}
	if got := b.run("decode"); !strings.Contains(got.err,
		"Record 2, line 2: service cinder.backup.drivers.posix.PosixBackupDriver, fingerprint ") {
		t.Errorf("%+v", got)
	}
}

// TestCopy: --copy sends the records to the clipboard and not to stdout, and says
// which way they went.
func TestCopy(t *testing.T) {
	b := open(t, lab)
	copied := ""
	b.env.Copy = func(_ context.Context, text string) (string, error) { copied = text; return "Copied it.", nil }
	got := b.run("export", "demo-backup", "--copy")
	if got.code != 0 || got.out != "" || !strings.HasSuffix(got.err, "Copied it.\n") || copied != b.ok("export", "demo-backup") {
		t.Errorf("%+v, copied %q", got, copied)
	}
	b.env.Copy = func(context.Context, string) (string, error) {
		return "", core.Fail(core.CodeUnsupported, "copy", "there is no clipboard", "", nil)
	}
	if got := b.run("export", "demo-backup", "--copy"); got.code != 12 || got.out != "" {
		t.Errorf("%+v", got)
	}
}

// TestExportNotKept: where there should be an archive and is none that takes it, a record is
// printed all the same, and the exit code says that it is not archived.
func TestExportNotKept(t *testing.T) {
	b := open(t, lab)
	whole := b.ok("export", "demo-incr", "--chain")
	b.desk.Without = "hearth works without its archive: the disk is full"
	said := ": cannot archive what was exported: " + b.desk.Without + "; what was printed is whole; hearth check says what is wrong.\n"
	if got := b.run("export", "demo-incr", "--chain"); got.code != 11 || got.out != whole || !strings.HasSuffix(got.err, said) {
		t.Errorf("%+v", got)
	}
	books, err := archive.Open(t.Context(), filepath.Join(t.TempDir(), "archive.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer books.Close()
	b.desk.Archive, b.desk.Without = books, ""
	if got := b.ok("export", "demo-incr", "--chain"); got != whole {
		t.Errorf("kept: %q", got)
	}
	books.ReadOnly = "a newer hearth made it"
	if got := b.run("export", "demo-incr", "--chain"); got.code != 11 || got.out != whole || !strings.Contains(got.err, books.ReadOnly) {
		t.Errorf("read only: %+v", got)
	}
	file := filepath.Join(t.TempDir(), "full.sqlite")
	full, err := archive.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TRIGGER full BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'no room is left'); END"); err != nil {
		t.Fatal(err)
	}
	b.desk.Archive = full // it was opened, and takes no record
	for _, args := range [][]string{{"export", "demo-incr", "--chain"}, {"export", "demo-incr"}} {
		got := b.run(args...)
		if got.code != 11 || !strings.Contains(got.err, "cannot archive what was exported: ") ||
			!strings.Contains(got.err, "no room is left") || !strings.Contains(got.out, `"backup_url"`) ||
			len(args) == 3 && got.out != whole {
			t.Errorf("%v into an archive that cannot be written: %+v", args, got)
		}
	}
}

// TestCapture: on a pipe the exact text, on a terminal a line end after it; kept
// if asked for, and then good for plans.
func TestCapture(t *testing.T) {
	b, _ := demo(t, store.World{Volumes: 1, Backups: -1})
	volume := ids(b.list("volumes", "-o", "json"))[0]
	bare := b.ok("capture", volume)
	if strings.HasSuffix(bare, "\n") || !strings.HasPrefix(bare, `{"version": 2, "volume-base-metadata": {`) {
		t.Errorf("%q", bare)
	}
	b.env.Shows = true
	if got := b.ok("capture", volume); got != bare+"\n" {
		t.Errorf("on a terminal %q", got)
	}
	got := b.run("capture", volume, "--save")
	if !strings.Contains(got.err, "Kept as capture 1 of ") {
		t.Errorf("%+v", got)
	}
	kept, err := b.desk.KeptCaptures(t.Context(), core.VolumeID(volume), "")
	if err != nil || len(kept) != 1 || kept[0].Capture.Text != bare {
		t.Errorf("kept %d, %v", len(kept), err)
	}
}
