package tui

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/tui/shell"
	"hearth/tui/ui"
)

// onCloud is a rig over a cloud whose rows are all there.
func onCloud(t testing.TB, w, h int) (*rig, *cloud) {
	c := newCloud(t, 0)
	return newRigWith(t, c, w, h, new(world).options(t)), c
}

// lastCall is the last thing that the cloud was asked to change.
func asked(c *cloud, method string) int {
	n := 0
	for _, call := range c.Calls() {
		if call == method {
			n++
		}
	}
	return n
}

// TestCreateBackup: the form, the plan that names the parent, and the backup.
func TestCreateBackup(t *testing.T) {
	r, c := onCloud(t, 120, 40)
	r.press("v").find("name:jenkins-home").press("n").want("Back up jenkins-home", "> name", "incremental", "force")
	r.typeText("hearth test").press("tab", "tab", "space").want("[x]", "which the plan names").press("enter")
	r.want("an incremental backup of jenkins-home", "stands on jenkins-home", "Type LAB", "> No (Esc)", "Back up", "hearth create",
		"--name", "--cloud=lab")
	if asked(c, "CreateBackup") > 0 {
		t.Fatal("it is made before it is asked about")
	}
	r.press("esc").said(ui.LevelInfo, "Nothing was done")
	r.press("n").typeText("hearth test").press("enter").want("a full backup of").press("y").said(ui.LevelGood, "hearth test: it is available")
	r.press("b").want("hearth test", "91 backups")

	r.press("v", "esc").find("name:db-prod-01").press("n", "enter").said(ui.LevelBad, "force flag").want("Back up db-prod-01")
	r.press("tab", "tab", "tab", "space", "enter").want("power cut", "--force").press("tab").want("> Back up").press("y")
	r.said(ui.LevelGood, "available")
	r.press("n", "tab", "tab", "tab", "tab", "tab", "tab").typeText("nonsense").press("enter").said(ui.LevelWarn, "not key=value").press("esc")
	c.GoWrong(core.OpCreate, "the disk is full")
	r.press("esc").find("name:jenkins-home").press("n", "enter", "y").said(ui.LevelBad, "the disk is full")
}

// TestCreateSeveral gives each volume its result.
func TestCreateSeveral(t *testing.T) {
	r, c := onCloud(t, 120, 40)
	r.press("v").find("db").press("a", "n").want("Back up 4 volumes").press("enter")
	r.want("✗", "force flag", "a full backup of").press("y")
	if n := asked(c, "CreateBackup"); n == 0 || n == 4 {
		t.Errorf("%d backups were asked for", n)
	}
	if r.lastNote().Level == ui.LevelBad {
		t.Error(r.lastNote().Text)
	}
}

// TestCreateLooksAgain: of backups that nobody waits for, the list sees the end, and the
// volumes are looked at again at once.
func TestCreateLooksAgain(t *testing.T) {
	c := newCloud(t, 0)
	r := withBooks(t, c)
	r.press("v").find("status:available").press("a", "n").want("Back up ").press("enter", "y")
	due := func() int {
		t.Helper()
		k, err := r.desk.Archive.Due(t.Context(), "cloud:lab")
		if err != nil {
			t.Fatal(err)
		}
		return len(k)
	}
	made := due()
	r.press("b").want("creating")
	if made == 0 || due() != made {
		t.Fatalf("%d captures are due, then %d", made, due())
	}
	c.Advance()
	if r.send(ui.TickMsg{}); due() != 0 {
		t.Errorf("%d of %d captures are still due", due(), made)
	}
}

// TestCreateUnlike: of backups that nobody waits for, the list tells which became another
// kind than was asked for, once it sees their end.
func TestCreateUnlike(t *testing.T) {
	const said = "Incremental backup not possible, forcing full backup."
	c := newCloud(t, 0)
	r := withBooks(t, c)
	c.Forces(said)
	r.press("v").find("status:available").press("a", "n").want("Back up ").press("tab", "tab", "space").want("[x]").press("enter")
	r.want("an incremental backup of").press("y").press("b").want("creating")
	c.Advance()
	r.send(ui.TickMsg{})
	r.said(ui.LevelBad, "a full one that stands on nothing: "+said)
}

// TestDelete: what stands on a backup is listed newest first, and goes first.
func TestDelete(t *testing.T) {
	r, c := onCloud(t, 120, 40)
	r.find("postgres-primary-full-2026-11-18").press("D").want("Delete 1 backup", "✗", "stand on it",
		"└ db-prod-01-incr-2026-11-22", "All 5 backups"[4:])
	r.wantNot("(y)")
	r.press("n", "space").want("1 marked").press("D", "a").want("Delete 5 backups, in this order", "Type LAB", "Delete 5", "hearth delete")
	frame := r.screenText()
	if frame = frame[strings.Index(frame, "in this order"):]; strings.Index(frame,
		"db-prod-01-incr-2026-11-22") > strings.Index(frame, "- postgres-primary-full-2026-11-18") {
		t.Errorf("the full backup goes first:\n%s", frame)
	}
	r.press("y").said(ui.LevelGood, "5 backups: deleted")
	if asked(c, "DeleteBackup") != 5 {
		t.Errorf("%d were deleted", asked(c, "DeleteBackup"))
	}
	r.press("esc").want("85 backups").wantNot("marked")

	r.find("status:restoring").press("D").want("is restoring, and Cinder deletes only what").press("n")
	r.press("ctrl+d").want("Force-delete", "cancels a backup").press("y").said(ui.LevelGood, "deleted")

	c.GoWrong(core.OpDelete, "the object store is down")
	r.press("esc").find("id:"+guessedBackup).press("ctrl+d", "y")
	r.press("esc").find("db-prod").press("a", "D", "y")
	if r.lastNote().Level != ui.LevelWarn && r.lastNote().Level != ui.LevelBad {
		t.Errorf("said %v", r.lastNote())
	}
	r.press("e").want("because", "the object store is down")
}

// TestReset says what a reset cancels.
func TestReset(t *testing.T) {
	r, _ := onCloud(t, 120, 40)
	r.find("status:restoring").press("Z").want("available", "error").press("#2").want("cancels the restore", "hearth reset",
		"--state=error", "> No (Esc)")
	r.press("y").said(ui.LevelGood, "set to error").press("esc").find("status:error").want("4 backups of 90")
}

// TestEdit changes what was changed, and U takes it back.
func TestEdit(t *testing.T) {
	r, _ := onCloud(t, 120, 40)
	r.find("id:"+dbBackup).press("E").want("Edit db-prod-01-incr-2026-11-22", "properties").typeText("-x").press("enter")
	r.said(ui.LevelGood, "--name=db-prod-01-incr-2026-11-22-x").press("E", "enter").said(ui.LevelInfo, "Nothing was changed")
	r.press("E", "tab").typeText("of the evening").press("tab").typeText("kept=yes, by=ops").press("enter").said(ui.LevelGood,
		"--property=kept=yes --property=by=ops")
	r.press("enter").want("of the evening", "kept", "ops")
	r.press("E", "tab", "tab").typeText(" nonsense, =x").press("enter").said(ui.LevelWarn, "not key=value")
}

// withBooks is a rig over a cloud whose changes are accounted for in an archive.
func withBooks(t *testing.T, c *cloud, change ...func(*jobs.Desk)) *rig {
	books, err := archive.Open(t.Context(), filepath.Join(t.TempDir(), "archive.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { books.Close() })
	return newRigWith(t, c, 130, 45, new(world).options(t), append(change, func(d *jobs.Desk) { d.Archive = books })...)
}

// TestEditLeavesAlone: a form sends what was typed, and nothing of what it could not
// hold. U takes it back, on a backup as on a volume.
func TestEditLeavesAlone(t *testing.T) {
	const note = "x, owner=eve"
	c := newCloudOf(t, 0, func(w *memory.World) {
		w.Backups = slices.Clone(w.Backups)
		for i := range w.Backups {
			if b := &w.Backups[i]; strings.HasPrefix(string(b.ID), dbBackup) {
				b.Name, b.Description = core.Some(" first\nsecond, third\u202e "), core.Some(" outer ")
				b.Metadata = &pyjson.Object{}
				b.Metadata.Set("note", pyjson.OfString(note))
				b.Metadata.Set("bell", pyjson.OfString("\a\n"))
			}
		}
	})
	r := withBooks(t, c)
	now := func() core.Backup {
		b, err := c.Backup(t.Context(), core.BackupID(fullID(t, "backup", dbBackup)))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	was := now()
	same := func(what string, b core.Backup, name, description, metadata bool) {
		t.Helper()
		if (b.Name == was.Name) != name || (b.Description == was.Description) != description || b.Metadata.Equal(was.Metadata) != metadata {
			t.Errorf("%s: %q, %q, %s", what, b.Name.V, b.Description.V, pyjson.Text(pyjson.OfDict(b.Metadata)))
		}
	}
	r.find("id:"+dbBackup).press("E").want(`first\nsecond, third\u202e`, "left as it is", `note="x, owner=eve"`, `bell="\u0007\n"`)
	r.typeText("zzz").press("enter").said(ui.LevelInfo, "Nothing was changed")
	if n := asked(c, "EditBackup"); n > 0 {
		t.Fatalf("%d edits were sent", n)
	}
	r.press("E", "tab").typeText("!").press("enter").said(ui.LevelGood, "journal entry")
	same("the description was typed", now(), true, false, true)
	r.press("U").want("Take back entry", "backup", "description").press("y").said(ui.LevelGood, "taken back")
	if b := now(); b.Description.V != "outer" { // the API strips it
		t.Errorf("taken back, it is %q", b.Description.V)
	}
	was = now()
	r.press("E", "tab", "tab").typeText(`, more="a, b=c"`).press("enter").said(ui.LevelGood, "journal entry")
	same("a property was added", now(), true, true, false)
	b := now()
	if got, _ := b.Metadata.Get("note"); got.Text() != note || b.Metadata.Len() != 3 || b.Metadata.Has("owner") {
		t.Errorf("the properties are %s", pyjson.Text(pyjson.OfDict(b.Metadata)))
	}
	if got, _ := b.Metadata.Get("more"); got.Text() != "a, b=c" {
		t.Errorf("the new one is %q", got.Text())
	}
}

// TestUndoPartly: the question of an undo says what somebody else has changed since.
func TestUndoPartly(t *testing.T) {
	c := newCloud(t, 0)
	r := withBooks(t, c)
	id, theirs := core.BackupID(fullID(t, "backup", dbBackup)), "theirs"
	r.find("id:"+dbBackup).press("E").typeText("-x").press("tab").typeText("more").press("enter").said(ui.LevelGood, "journal entry")
	if err := c.EditBackup(t.Context(), id, core.BackupEdit{Name: &theirs}); err != nil {
		t.Fatal(err)
	}
	r.press("U").want("Take back entry", "description is taken back", "name is left alone").press("y").said(ui.LevelGood, "but for 1 field")
	if b, err := c.Backup(t.Context(), id); err != nil || b.Name.V != theirs || strings.Contains(b.Description.V, "more") {
		t.Errorf("it is %q, %q, %v", b.Name.V, b.Description.V, err)
	}
}

// TestCreateProperties: a new backup gets the properties that were written.
func TestCreateProperties(t *testing.T) {
	r, c := onCloud(t, 120, 40)
	r.press("v").find("name:jenkins-home").press("n").typeText("named").press("tab", "tab", "tab", "tab", "tab", "tab")
	r.typeText(`note="x, owner=eve", by=ops`).press("enter").want("note=x, owner=eve").press("y").said(ui.LevelGood, "available")
	all, err := c.Backups(t.Context(), core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all.Rows, func(b core.Backup) bool { return b.Name.V == "named" })
	b, err := c.Backup(t.Context(), all.Rows[i].ID)
	if got := pyjson.Text(pyjson.OfDict(b.Metadata)); err != nil || got != `{"note": "x, owner=eve", "by": "ops"}` {
		t.Errorf("it has %s, %v", pyjson.Text(pyjson.OfDict(b.Metadata)), err)
	}
}

// TestRestoreData: the plan is asked about, the restore is watched while the
// screens live on, and the report says whether it came true.
func TestRestoreData(t *testing.T) {
	r, c := onCloud(t, 120, 40)
	id := fullID(t, "backup", dbBackup)
	r.send(ui.Open{Screen: "backup", ID: id, Tab: "restore"})
	r.want("data and metadata", "a new volume")
	r.press("t").typeText("db-prod-01").press("enter").want("CANNOT: ").press("enter").said(ui.LevelWarn, "Enter does not work now")
	r.press("t", "enter").want("A new volume", "> name").typeText("hearth-test-1").press("enter").want("a new volume named hearth-test-1")
	r.press("enter").want("hearth-test-1?", "UNKNOWN: no capture", "hearth restore", "--new", "> No (Esc)")
	if asked(c, "RestoreBackup") > 0 {
		t.Fatal("it is restored before it is asked about")
	}
	r.asleep = true
	r.press("y")
	r.untilReport()
	r.want("Restore of db-prod-01-incr", "→ a new volume named hearth-test-1", "◌", "W leads back here")
	r.wake()
	r.want("FIELD", "PLANNED", "src_backup_id", "came true", "W shows it")
	r.press("enter").want("hearth-test-1", "[Overview]")
	r.press("b", "W").want("Tasks", "restoring db-prod-01-incr", "done", "W shows it").press("enter").want("FIELD", "src_backup_id").press("W",
		"W")
	if n := r.Depth(); n != 4 {
		t.Errorf("%d screens", n)
	}

	c.GoWrong(core.OpRestore, "the disk is full")
	r.send(ui.Open{Screen: "backup", ID: id, Tab: "restore"})
	r.press("enter", "enter", "enter", "enter", "y").said(ui.LevelBad, "the disk is full").want("✗", "the disk is full")
	r, _ = onCloud(t, 120, 40)
	r.press("W").want("nothing has run").press("esc")
	r.send(ui.Open{Screen: "backup", ID: id, Tab: "restore"})
	r.press("t", "enter", "tab").typeText("x").want("x   ✗ this is no number of GiB").press("enter")
	r.said(ui.LevelWarn, "no number of GiB").want("A new volume")
}

// TestOrderOfDoing: what a restore is to do, and onto what, is chosen before its preview;
// the question behind that asks for nothing more, and what is then done is what was
// shown.
func TestOrderOfDoing(t *testing.T) {
	r, c := onCloud(t, 120, 40)
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
	r.want("data and metadata", "Enter choose target", "P metadata only")
	r.press("enter").want("Restore onto…", "> a new volume", "type to find").typeText("web-root").want("✗ is in-use").wantNot("a new volume")
	for range "web-root" {
		r.press("backspace")
	}
	r.press("enter").want("A new volume", "> name", "size", "type", "zone")
	r.typeText("from db").press("tab").typeText("600").press("tab").want("‹ the default one").press("space").want("> the default one",
		"hdd").press("esc").want("‹ the default one")
	r.press("h").want("‹ hdd ›").press("right").wantNot("‹ hdd ›").press("left", "tab").want("‹ Cinder's choice ›").press("n").want("‹ nova ›")
	if asked(c, "MakeVolume")+asked(c, "RestoreBackup") > 0 {
		t.Fatal("something is made before it was shown")
	}
	r.press("enter").want("onto a new volume named from db, 600 GiB, of type hdd, in zone nova", "Enter restore").wantNot("choose target")
	shown := planOf(r)
	r.press("enter").want("data and metadata, into a new volume", "named from db, 600 GiB, of type hdd, in zone nova?",
		"--size=600 --type=hdd --availability-zone=nova", shown.HeadlineText()[:40], "> No (Esc)")
	if _, form := r.Dialog().(*ui.FormBox); form {
		t.Error("the question asks for something again")
	}
	r.press("esc").want("Enter restore").press("enter", "y")
	page, err := c.Volumes(t.Context(), core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(page.Rows, func(v core.Volume) bool { return v.Name.Or("") == "from db" })
	if at < 0 {
		t.Fatal("no such volume was made")
	}
	if v := &page.Rows[at]; v.Size != 600 || v.VolumeType.Or("") != "hdd" || v.AvailabilityZone.Or("") != "nova" {
		t.Errorf("it is of %d GiB, type %s, in %s", v.Size, v.VolumeType.Or(""), v.AvailabilityZone.Or(""))
	}
	r.want("Restore of db-prod-01-incr", "from db", "PLANNED")

	// A new volume is for the data: the metadata alone goes onto one that is there.
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
	r.press("P").want("onto db-prod-01").press("i").want("onto a new volume", "Enter choose target")
	r.press("enter", "enter").typeText("again").press("enter").want("a new volume named again").press("P").want("onto db-prod-01")
	r.press("i").want("a new volume named again", "Enter restore")

	// The metadata alone is another preview, of another action, with a target of its own.
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
	r.press("P").want("metadata only, by", "its data stays", "P (apply)", "i data too").wantNot("Enter choose target")
	r.press("t").wantNot("a new volume").typeText("jenkins").press("enter").want("metadata only, by", "onto jenkins-home")
}

// untilReport runs what was begun until the report is shown, and no further.
func (r *rig) untilReport() {
	for len(r.queue) > 0 {
		if x, ok := r.Top().(ui.Titled); ok && strings.HasPrefix(x.Title(), "Restore of") {
			return
		}
		next := r.queue[0]
		r.queue = r.queue[1:]
		r.take(next())
	}
}

// TestVia: on a cloud a plan is of what the API can be asked to do; what it refuses
// blocks it until it is left out, which can be taken back.
func TestVia(t *testing.T) {
	r, c := onCloud(t, 120, 45)
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
	r.want("data and metadata").press("P").want("metadata only, by", "of the API", "its data stays").press("i").want("data and metadata")

	r.press("P", "t").typeText("jenkins-home").press("enter").want("of the API", "✗ meta größe")
	r.press("P").said(ui.LevelWarn, "größe")
	onField(r, "meta größe")
	r.press("space").want("1 field left out", "left out: it stays as it is", "· meta größe")
	onKept(r, "meta größe")
	r.press("space").want("✗ meta größe").wantNot("1 field left out")
	onField(r, "meta größe")
	r.press("space", "P").want("1. ", "hearth apply", "--leave-out", "größe")
	r.press("y").said(ui.LevelGood, "Applied as journal entry")
	if asked(c, "Rewrite") > 0 {
		t.Error("it is not changed call by call")
	}
}

// onField puts the cursor on a field of the plan that is refused, onKept on one that
// stays.
func onField(r *rig, title string) { onRow(r, "✗ "+title) }
func onKept(r *rig, title string)  { onRow(r, "· "+title) }

func onRow(r *rig, title string) {
	r.t.Helper()
	r.press("home")
	for range 60 {
		if strings.Contains(r.screenText(), "> "+title) {
			return
		}
		r.press("down")
	}
	r.t.Fatalf("%s is not in the plan:\n%s", title, r.screenText())
}

// TestMessages: what went wrong stands in the overview.
func TestMessages(t *testing.T) {
	r, c := onCloud(t, 120, 40)
	c.GoWrong(core.OpCreate, "the disk is full")
	r.press("v").find("name:jenkins-home").press("n", "enter", "y")
	r.press("b", "home", "enter").want("what went wrong", "the disk is full", "VOLUME_BACKUP_000001")
}

// TestOperationsDenied: what the login may not do says so.
func TestOperationsDenied(t *testing.T) {
	r, c := onCloud(t, 120, 40)
	for key, op := range map[string]core.Operation{
		"n":      core.OpCreate,
		"E":      core.OpEdit,
		"D":      core.OpDelete,
		"ctrl+d": core.OpForceDelete,
		"Z":      core.OpReset,
	} {
		c.Deny(op, "only an admin may "+string(op))
		r.press(key).said(ui.LevelWarn, "only an admin may "+string(op))
	}
	c.Deny(core.OpRestore, "a reader may not")
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
	r.press("enter").said(ui.LevelWarn, "a reader may not")
	for _, key := range []string{"n", "E", "D", "ctrl+d", "Z"} {
		if _, ok := ui.Press(newRig(t, sharedDemo(t), 80, 24).Keys(), key); ok {
			t.Errorf("%s does something in a file", key)
		}
	}
}

// TestOperationsFail lets each call of each operation fail in turn.
func TestOperationsFail(t *testing.T) {
	backup := fullID(t, "backup", dbBackup)
	for name, flow := range map[string]struct{ before, during func(*rig) }{
		"delete":       {nil, func(r *rig) { r.press("D") }},
		"delete, yes":  {func(r *rig) { r.find("id:acde07b6").press("D") }, func(r *rig) { r.press("y") }},
		"reset":        {func(r *rig) { r.press("Z") }, func(r *rig) { r.press("#1") }},
		"reset, yes":   {func(r *rig) { r.press("Z", "#1") }, func(r *rig) { r.press("y") }},
		"edit":         {nil, func(r *rig) { r.press("E") }},
		"edit, yes":    {func(r *rig) { r.press("E").typeText("x") }, func(r *rig) { r.press("enter") }},
		"create":       {func(r *rig) { r.press("v").find("name:jenkins-home").press("n") }, func(r *rig) { r.press("enter") }},
		"create, yes":  {func(r *rig) { r.press("v").find("name:jenkins-home").press("n", "enter") }, func(r *rig) { r.press("y") }},
		"scope":        {nil, func(r *rig) { r.press("c") }},
		"messages":     {nil, func(r *rig) { r.send(ui.Open{Screen: "backup", ID: backup}) }},
		"all projects": {nil, func(r *rig) { r.press("0") }},
		"restore": {func(r *rig) {
			r.send(ui.Open{Screen: "backup", ID: backup, Tab: "restore"})
			r.press("t", "enter")
		}, func(r *rig) { r.press("enter") }},
		"restore, yes": {func(r *rig) {
			r.send(ui.Open{Screen: "backup", ID: backup, Tab: "restore"})
			r.press("enter", "enter", "enter", "enter")
		}, func(r *rig) { r.press("y") }},
	} {
		t.Run(name, func(t *testing.T) {
			begin := func() *rig {
				r, _ := onCloud(t, 140, 40)
				if flow.before != nil {
					flow.before(r)
				}
				r.notes = nil
				return r
			}
			whole := begin()
			first := len(callsOf(whole))
			flow.during(whole)
			weighed := ""
			if name == "restore" {
				weighed = whole.press("w").screenText()
			}
			calls := callsOf(whole)[first:]
			if len(calls) == 0 {
				t.Fatal("the place is not called at all")
			}
			for n, call := range calls {
				if warns := []string{"Scope", "BackupServices", "Driver"}; (name == "create" || name == "delete") && slices.Contains(warns, call) {
					continue // it is only asked for a warning
				}
				r := begin()
				placeOf(r).FailCall(n+1, core.Fail(core.CodeInternal, "ask the place", "call "+call+" fails", "", context.DeadlineExceeded))
				flow.during(r)
				if name == "restore" && slices.Contains(narrowing, call) {
					continue
				}
				if name == "restore" && !hasTold(r) { // what is only weighed holds nothing up: w tells what is not known
					if r.press("w"); r.screenText() != weighed {
						continue
					}
				}
				if !hasTold(r) {
					t.Errorf("call %d, %s: nobody says so: %v", n+1, call, r.notes)
				}
			}
		})
	}
}

// narrowing are the calls of a preview that only narrow what is not known: without
// their answer a reason says so, or hearth goes the way that is safe in each case.
var narrowing = []string{"Driver", "VolumeTypes", "Keyed", "BackupServices"}

// hasTold reports whether the status line has told of a failure.
func hasTold(r *rig) bool {
	for _, n := range r.notes {
		if n.Err != nil {
			return true
		}
	}
	return false
}

// cloudKeys is a scene of keys over a cloud.
func cloudKeys(keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		r, _ := onCloud(t, w, h)
		return r.press(keys...)
	}
}

// restoringOn is a restore under way.
func restoringOn(t testing.TB, w, h int) *rig {
	r, _ := onCloud(t, w, h)
	r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
	r.press("enter", "enter", "enter", "enter")
	r.asleep = true
	r.press("y").untilReport()
	r.send(shell.Progressed(r.Running().ID, ui.Step{Text: "volume restore_backup_4e479383 is restoring-backup"}, nil))
	return r
}

// TestFinish: an apply that broke off between two calls is finished from the
// journal, which says what was done.
func TestFinish(t *testing.T) {
	begin := func() (*rig, *cloud) {
		c := newCloud(t, 0)
		r := withBooks(t, c)
		r.send(ui.Open{Screen: "backup", ID: fullID(t, "backup", dbBackup), Tab: "restore"})
		file := filepath.Join(t.TempDir(), "c.json")
		doc := `{"version": 2, "volume-base-metadata": {}, "volume-metadata": {"a": "b", "größe": "1"}, ` +
			`"volume-glance-metadata": {"os": "linux"}}`
		if err := os.WriteFile(file, []byte(doc), 0o600); err != nil {
			t.Fatal(err)
		}
		r.press("P", "C")
		r.send(tea.PasteMsg{Content: file})
		r.press("enter", "t").typeText("restore_backup").press("enter")
		onField(r, "meta größe")
		return r.press("space"), c
	}
	r, c := begin()
	first := len(c.Calls())
	r.press("P", "y").said(ui.LevelGood, "Applied as journal entry")
	second := 0 // the second call that changes something
	for i, n := first, 0; i < len(c.Calls()) && second == 0; i++ {
		if strings.Contains(c.Calls()[i], "/volumes/") {
			if n++; n == 2 {
				second = i + 1 - first
			}
		}
	}
	if second == 0 {
		t.Fatalf("there is only one call: %v", c.Calls()[first:])
	}
	r, c = begin()
	c.FailCall(second, core.Fail(core.CodeUnavailable, "change the volume", "the cloud is gone", "", nil))
	r.press("P", "y").said(ui.LevelBad, "after 1 step that did")
	r.press("J").want("half", "✓", "· ").press("f").want("Do the rest of entry 1", "hearth apply --resume=1").press("y").said(ui.LevelGood,
		"finished")
	r.press("f").said(ui.LevelWarn, "half-way")
}

// TestSettleOnScreen: what a killed hearth left open is looked for from the journal: a
// backup and a restore that took effect, one that may yet, and one that never did.
func TestSettleOnScreen(t *testing.T) {
	c := newCloud(t, 0)
	r := withBooks(t, c, func(d *jobs.Desk) { d.SettleAfter = 5 * time.Minute })
	volume := core.VolumeID(fullID(t, "volume", "jenkins-home"))
	backup := core.BackupID(fullID(t, "backup", dbBackup))
	begin := func(e core.Entry) {
		t.Helper()
		e.At, e.Place = until.Add(-2*time.Minute), "cloud:lab"
		if _, err := r.desk.Archive.Begin(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	r.press("J", "o").said(ui.LevelWarn, "every entry is known")
	begin(core.Entry{Kind: core.EntryCreate, Volume: volume, Summary: "full backup late of jenkins-home"})
	begin(core.Entry{Kind: core.EntryRestore, Backup: backup, Summary: "restore of it onto a new volume mine"})
	begin(core.Entry{Kind: core.EntryCreate, Volume: volume, Summary: "full backup never of jenkins-home"})
	r.press("ctrl+r", "o").said(ui.LevelWarn, "The end of 3 entries is not known yet").want("unsettled")
	if _, err := c.CreateBackup(t.Context(), core.BackupRequest{Volume: volume, Name: "late"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.RestoreBackup(t.Context(), core.RestoreRequest{Backup: backup, Name: "mine"}); err != nil {
		t.Fatal(err)
	}
	c.Advance()
	r.press("o").said(ui.LevelWarn, "entry 2: done, entry 1: done. The end of 1 entry is not known yet")
	r.clock = func() time.Time { return until.Add(6 * time.Minute) }
	r.press("o").said(ui.LevelGood, "entry 3: failed. The end of every entry is known")
	r.want("done", "failed").press("o").said(ui.LevelWarn, "every entry is known")
	if n := asked(c, "CreateBackup") + asked(c, "RestoreBackup"); n != 2 {
		t.Errorf("looking asked for %d things", n-2)
	}
}

// TestHopeless: a wrong password is not given again and again.
func TestHopeless(t *testing.T) {
	r, c := onCloud(t, 100, 24)
	c.FailCall(1, core.Fail(core.CodeDenied, "log in to lab", "Keystone does not accept ops", "compare the password", nil))
	n := len(c.Calls())
	r.send(ui.TickMsg{})
	r.send(ui.TickMsg{})
	if got := len(c.Calls()); got != n+1 {
		t.Errorf("%d calls", got-n)
	}
	r.want("not up to date: Keystone does not accept ops").press("ctrl+r").wantNot("not up to date")
}

// TestImportFollowed: an import is followed to its end, whatever that is.
func TestImportFollowed(t *testing.T) {
	r, _ := onCloud(t, 130, 40)
	r.send(tea.PasteMsg{Content: sample(t, "db-prod-full.openstack.json")})
	r.press("i", "y").said(ui.LevelGood, "imported").want("imported: available")
	r, c := onCloud(t, 130, 40)
	c.GoWrong(core.OpImport, "the object store is down")
	r.send(tea.PasteMsg{Content: sample(t, "db-prod-full.openstack.json")})
	r.press("i", "y")
	if !hasTold(r) {
		t.Errorf("said %v", r.notes)
	}
	r.want("the object store is down")
}
