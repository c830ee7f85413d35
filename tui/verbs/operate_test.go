package verbs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// cloud makes a bench of a cloud in which time passes at once. It is made up, so
// that it needs no archive to account for it in.
func cloud(t *testing.T, change ...func(*memory.World)) (*bench, *memory.Cloud) {
	t.Helper()
	s := storetest.Standard()
	w := memory.World{Volumes: s.AllVolumes(), Backups: s.AllBackups(), Types: s.Types, Captures: s.Captures, Now: clockAt(storetest.Now),
		Info: core.PlaceInfo{Location: "cloud:lab", Title: "lab", Kind: core.PlaceCloud, Rules: core.Newton,
			RulesWhy: "what every Cinder since Newton does", Demo: true}}
	for _, c := range change {
		c(&w)
	}
	c := memory.NewCloud(w)
	b := on(t, c)
	b.desk.Now, b.desk.Sleep = clockAt(storetest.Now), c.Sleep
	return b, c
}

func asked(c *memory.Cloud, method string) int {
	n := 0
	for _, call := range c.Calls() {
		if call == method {
			n++
		}
	}
	return n
}

func TestCreate(t *testing.T) {
	b, c := cloud(t)
	if got := b.run("create", "Web-Root", "--name", "mine"); got.code != 2 ||
		!strings.Contains(got.err, "no terminal to ask on") || asked(c, "CreateBackup") > 0 {
		t.Errorf("without a terminal: %+v", got)
	}
	got := b.run("create", "Web-Root", "--name", "mine", "--property", "ticket=OPS-1", "--wait", "--yes", "-o", "json")
	o := parse(t, got.out).Object()
	if got.code != 0 || text(o, "name") != "mine" || text(o, "status") != "available" ||
		!strings.Contains(got.err, "A full backup of volume Web-Root ("+string(storetest.WebRoot)+"), 10 GiB, available.\n") {
		t.Errorf("a full one: %+v", got)
	}
	row, err := c.Backup(t.Context(), core.BackupID(text(o, "id")))
	if v, _ := row.Metadata.Get("ticket"); err != nil || v.Text() != "OPS-1" {
		t.Errorf("its properties: %v, %v", row.Metadata.Keys(), err)
	}
	got = b.run("create", "Web-Root", "--incremental", "--yes", "--no-wait", "-o", "value", "-c", "id,status")
	if got.code != 0 || !strings.Contains(got.err, "It will stand on mine (") || !strings.HasSuffix(got.out, "\ncreating\n") {
		t.Errorf("an incremental: %+v", got)
	}
	for args, want := range map[string]outcome{
		"create db-prod-01 --yes":                                {err: "…must use the force flag.\"; force it, …", code: 6},
		"create Web-Root --yes --property x":                     {err: "…--property x has no value; …", code: 2},
		"create Web-Root --yes --wait --no-wait":                 {err: "…--wait and --no-wait are both given; …", code: 2},
		"create Web-Root --yes -o xml":                           {err: "…no such format…", code: 2},
		"create no-such --yes":                                   {err: "…find volume no-such…", code: 3},
		"create":                                                 {err: "…an argument is missing; write hearth create VOLUME.\n", code: 2},
		"create " + string(storetest.Hostile) + " --incremental": {err: "…No backups available…", code: 6},
	} {
		if got := b.run(strings.Fields(args)...); got.code != want.code ||
			!strings.Contains(got.err, strings.Trim(want.err, "…")) && !says(got.err, want.err) {
			t.Errorf("%s: %+v", args, got)
		}
	}
	if got := b.run("create", "db-prod-01", "--force", "--yes", "--no-wait"); got.code != 0 ||
		!strings.Contains(got.err, "! the volume is in use, and force backs it up all the same") {
		t.Errorf("forced: %+v", got)
	}
	c.Advance()
	c.GoWrong(core.OpCreate, "no space")
	if got := b.run("create", "db-prod-02", "--yes"); got.code != 11 ||
		!strings.Contains(got.err, "no space") || !strings.Contains(got.out, "error") {
		t.Errorf("one that goes wrong: %+v", got)
	}
	c.Deny(core.OpCreate, "a reader may not make backups")
	if got := b.run("create", "Web-Root", "--yes"); got.code != 10 || !strings.Contains(got.err, "a reader may not make backups") {
		t.Errorf("denied: %+v", got)
	}
}

// TestCreateTellsOfTheCapture: what the looks before and after the backup showed, at
// a cloud that is accounted for in an archive.
func TestCreateTellsOfTheCapture(t *testing.T) {
	x := twoClouds(t)
	web := storetest.WebRoot
	pauses := 0
	x.desk.Sleep = func(context.Context, time.Duration) error {
		if pauses++; pauses > 1 {
			x.a.Advance()
		}
		return nil
	}
	if got := x.run("create", "Web-Root", "--yes", "-o", "value", "-c", "status"); got.code != 0 || got.out != "available\n" ||
		!strings.HasSuffix(got.err, "The volume is as it was before the backup: that capture held throughout.\n") {
		t.Errorf("it stays: %+v", got)
	}
	x.desk.Sleep = func(ctx context.Context, _ time.Duration) error {
		v, err := x.a.Volume(ctx, web)
		if err != nil {
			return err
		}
		after := v.State()
		after.Name = pyjson.OfString("renamed")
		if _, err = x.a.Rewrite(ctx, core.Rewrite{Volume: web, Before: v.State(), After: after}); err != nil {
			return err
		}
		x.a.Advance()
		return nil
	}
	if got := x.run("create", "Web-Root", "--yes", "-o", "value", "-c", "status"); got.code != 0 ||
		!strings.Contains(got.err, "! The volume changed while the backup was made: display_name. Both captures are kept") {
		t.Errorf("it changes: %+v", got)
	}
	got := x.run("create", "renamed", "--yes", "--no-wait")
	if got.code != 0 || !strings.HasSuffix(got.err, "Once the backup has ended, the next hearth in this place looks at the volume again.\n") {
		t.Errorf("not waited for: %+v", got)
	}
	const says = " Captures: 1 held throughout the backup, 1 either of two"
	if got = x.run("coverage"); !strings.Contains(got.err, says+".") {
		t.Errorf("while it is under way: %+v", got)
	}
	x.a.Advance()
	if got = x.run("coverage", "--all", "-o", "value", "-c", "evidence"); strings.Count(got.out, "held\n") != 2 ||
		strings.Count(got.out, "either\n") != 1 || strings.Count(got.out, "none\n") != 4 ||
		!strings.Contains(got.err, " Captures: 2 held throughout the backup, 1 either of two.") {
		t.Errorf("at the end: %+v", got)
	}
}

// TestCreateTellsTheID: with nothing but the id asked for, it is printed before the
// wait, and not again after it.
func TestCreateTellsTheID(t *testing.T) {
	b, c := cloud(t)
	out := &strings.Builder{}
	b.env.Out = out
	early := ""
	b.desk.Sleep = func(ctx context.Context, n time.Duration) error {
		early = out.String()
		return c.Sleep(ctx, n)
	}
	c.GoWrong(core.OpCreate, "no space")
	got := b.run("create", "Web-Root", "--yes", "-o", "value", "-c", "id")
	if got.code != 11 || early == "" || out.String() != early || strings.Count(early, "\n") != 1 {
		t.Errorf("before the wait %q, in all %q: %+v", early, out, got)
	}
}

func TestEdit(t *testing.T) {
	b, c := cloud(t)
	id := string(storetest.Tagged)
	got := b.run("edit", id, "--name", "another", "--property", "k=v=w", "--yes")
	row, err := c.Backup(t.Context(), storetest.Tagged)
	if got.code != 0 || err != nil || row.Name.V != "another" || row.Metadata.Len() != 1 || !strings.Contains(got.err, "→ another") {
		t.Errorf("%+v, %+v", got, row)
	}
	if got := b.run("edit", id, "--no-properties", "--description", "", "--yes"); got.code != 0 {
		t.Errorf("%+v", got)
	}
	if row, _ = c.Backup(t.Context(), storetest.Tagged); row.Metadata.Len() > 0 || row.Description.V != "" {
		t.Errorf("%+v", row)
	}
	for _, args := range []string{"edit " + id, "edit " + id + " --property x", "edit " + id + " --property a=b --no-properties",
		"edit " + id + " --property a=b --property a=c", "edit"} {
		if got := b.run(append(strings.Fields(args), "--yes")...); got.code != 2 {
			t.Errorf("%s: %+v", args, got)
		}
	}
	b.env.Asks, b.in = true, "n\n"
	if got := b.run("edit", id, "--name", "third"); got.code != 130 || asked(c, "EditBackup") != 2 {
		t.Errorf("no: %+v", got)
	}
}

func TestDelete(t *testing.T) {
	b, c := cloud(t)
	got := b.run("delete", string(storetest.Full), "--yes")
	for _, want := range []string{"- db full (", "    db incr 2 (", "    db incr 1 (", "Incremental backups exist for this backup."} {
		if got.code != 6 || !strings.Contains(got.err, want) || asked(c, "DeleteBackup") > 0 {
			t.Errorf("what others stand on: exit %d, no %q in %s", got.code, want, got.err)
		}
	}
	if strings.Index(got.err, "db incr 2 (") > strings.Index(got.err, "db incr 1 (") {
		t.Errorf("not newest first: %s", got.err)
	}
	b.env.Asks, b.in = true, "n\n"
	if got := b.run("delete", string(storetest.Second)); got.code != 130 ||
		!strings.Contains(got.err, "Delete 1 backup, with the data? There is no way back. [y/N] ") ||
		asked(c, "DeleteBackup") > 0 {
		t.Errorf("no: %+v", got)
	}
	creating := "0B000000-0000-4000-8000-00000000000F"
	got = b.run("delete", string(storetest.Full), string(storetest.First), string(storetest.Second), creating, "--yes")
	if got.code != 11 || strings.Count(got.err, ": deleted\n") != 3 ||
		!strings.Contains(got.err, "✗ cannot delete backup NIGHTLY: it is creating") {
		t.Errorf("a chain and one that is creating: %+v", got)
	}
	if got := b.run("delete", creating, "--force", "--no-wait", "--yes"); got.code != 0 || !strings.HasSuffix(got.err, ": deleting\n") {
		t.Errorf("forced: %+v", got)
	}
	if got := b.run("delete", "no-such", "--yes"); got.code != 3 {
		t.Errorf("%+v", got)
	}
	own, _ := demo(t, store.World{Volumes: 1, Backups: 1})
	for _, args := range []string{"delete x", "create x", "edit x --name y", "reset x --state error", "restore x --new"} {
		if got := own.run(append(strings.Fields(args), "--yes")...); got.code != 3 && got.code != 12 {
			t.Errorf("%s in a store: %+v", args, got)
		}
	}
	id := ids(own.list("backups", "-o", "json"))[0]
	if got := own.run("delete", id, "--yes"); got.code != 12 || !strings.Contains(got.err, "choose a cloud") {
		t.Errorf("in a store: %+v", got)
	}
}

func TestReset(t *testing.T) {
	b, c := cloud(t)
	got := b.run("reset", string(storetest.Broken), "--state", "available", "--yes")
	row, _ := c.Backup(t.Context(), storetest.Broken)
	if got.code != 0 || row.Status != "available" || !strings.Contains(got.err, "error → available\n") ||
		!strings.Contains(got.err, "does not make it whole") {
		t.Errorf("%+v", got)
	}
	for _, args := range []string{"reset x", "reset x --state creating", "reset --state error"} {
		if got := b.run(append(strings.Fields(args), "--yes")...); got.code != 2 {
			t.Errorf("%s: %+v", args, got)
		}
	}
}

func TestRestoreVerb(t *testing.T) {
	big := func(w *memory.World) {
		for i := range w.Volumes {
			if w.Volumes[i].ID == storetest.WebRoot {
				w.Volumes[i].Size = 500
			}
		}
	}
	captures := []string{"--capture"}
	for i, id := range []core.BackupID{storetest.Full, storetest.First, storetest.Second} {
		for _, k := range storetest.Standard().Captures {
			if k.BackupID == id {
				name := fmt.Sprintf("%s/%d.json", t.TempDir(), i)
				write(t, name, k.Capture.Text)
				captures = append(captures, name)
			}
		}
	}
	second := string(storetest.Second)
	b, c := cloud(t, big)
	if got := b.run(append([]string{"restore", second, "--new"}, captures...)...); got.code != 2 || got.out != "" ||
		!strings.Contains(got.err, "Verdict") || asked(c, "RestoreBackup") > 0 {
		t.Errorf("without a terminal: %+v", got)
	}
	got := b.run(append([]string{"restore", second, "--new", "--yes"}, captures...)...)
	if got.code != 0 || !strings.HasSuffix(got.out, "the restore is done, and the plan came true.\n") ||
		!strings.Contains(got.out, "src_backup_id") {
		t.Errorf("to a new volume: %+v", got)
	}
	golden(t, "restore.table", got.out)
	b, _ = cloud(t, big)
	got = b.run(append([]string{"restore", second, "--onto", "Web-Root", "--yes", "-o", "json"}, captures...)...)
	o := parse(t, got.out).Object()
	if waited, _ := o.Get("waited"); got.code != 0 || !waited.Bool() || text(o, "volume_id") != string(storetest.WebRoot) {
		t.Errorf("onto a volume: %+v", got)
	}
	b, _ = cloud(t, big)
	b.env.Asks, b.in = true, "n\n"
	if got := b.run(append([]string{"restore", second, "--onto", "Web-Root"}, captures...)...); got.code != 130 ||
		!strings.Contains(got.err, "onto volume Web-Root ("+string(storetest.WebRoot)+")? All data on it is overwritten. [y/N]") {
		t.Errorf("no: %+v", got)
	}
	b, c = cloud(t, big)
	c.GoWrong(core.OpRestore, "the files are gone")
	if got := b.run(append([]string{"restore", second, "--new", "--yes"}, captures...)...); got.code != 11 ||
		!strings.Contains(got.out, "Message  the files are gone") || !strings.Contains(got.out, "error_restoring") {
		t.Errorf("one that goes wrong: %+v", got)
	}
	id := strings.Fields(b.ok("volumes", "--filter", "status:error_restoring name~restore_backup", "-o", "value", "-c", "id"))[0]
	if got := b.ok("messages", second, "-o", "value", "-c", "text"); got != "the files are gone\n" {
		t.Errorf("the messages: %q, of %s", got, id)
	}
	if got := b.run("messages", "Web-Root"); got.code != 0 || got.err != "There is no message about "+string(storetest.WebRoot)+".\n" {
		t.Errorf("no messages: %+v", got)
	}
	if got := b.run("messages", "no-such"); got.code != 3 {
		t.Errorf("messages of nothing: %+v", got)
	}
	b, c = cloud(t, big)
	got = b.run("restore", second, "--new", "mine", "--no-wait", "--yes", "--size", "600", "--type", "LUKS")
	if got.code != 0 || !strings.Contains(got.out, "the restore is under way.") {
		t.Errorf("not waited for: %+v", got)
	}
	c.Advance()
	for args, code := range map[string]int{
		"restore": 2, "restore " + second: 2, "restore " + second + " --onto Web-Root --size 3": 2,
		"restore " + second + " --new --size -3": 2, "restore " + second + " --new -o csv": 2,
		"restore " + second + " --new --size 3": 6, "restore " + second + " --onto db-prod-01": 6,
		"restore " + second + " --new --type none": 3, "restore " + string(storetest.Broken) + " --new": 6,
	} {
		if got := b.run(append(strings.Fields(args), "--yes")...); got.code != code {
			t.Errorf("%s: %+v", args, got)
		}
	}
}

// TestViaAPI: what the API refuses is shown, blocks, and is left out by name.
func TestViaAPI(t *testing.T) {
	b, c := cloud(t)
	b.in = `{"version": 1, "volume-metadata": {"ключ": "x", "good": "y"}}`
	got := b.run("plan", "--capture", "-", "--onto", "Web-Root")
	if got.code != 6 || !strings.Contains(got.out, "the API refuses it") || !strings.Contains(got.out, "Via") ||
		!strings.Contains(got.out, "PUT /volumes/"+string(storetest.WebRoot)+"/metadata: replace the metadata (1 key)") {
		t.Errorf("%+v", got)
	}
	golden(t, "plan-api.table", got.out)
	if got := b.run("plan", "--capture", "-", "--onto", "Web-Root", "--leave-out", "metadata ключ"); got.code != 0 {
		t.Errorf("with that left out: %+v", got)
	}
	c.Deny(core.OpWriteVolume, "a reader may not change a volume")
	if got := b.run("plan", "--capture", "-", "--onto", "Web-Root", "--leave-out", "metadata ключ", "-o", "json"); got.code != 6 ||
		!strings.Contains(got.out, `"code": "denied"`) {
		t.Errorf("as a reader: %+v", got)
	}
	c.Deny(core.OpWriteVolume, "")
	if got := b.run("apply", "--capture", "-", "--onto", "Web-Root", "--yes"); got.code != 6 ||
		!strings.Contains(got.err, "--leave-out 'metadata ключ'") {
		t.Errorf("%+v", got)
	}
	got = b.run("apply", "--capture", "-", "--onto", "Web-Root", "--leave-out", "metadata ключ", "--yes")
	if got.code != 0 || asked(c, "PUT /volumes/"+string(storetest.WebRoot)+"/metadata") != 1 {
		t.Errorf("%+v", got)
	}
	o := b.object("plan", "--capture", "-", "--onto", "Web-Root", "--via", "database", "-o", "json")
	if text(o, "via") != "database" || o.Has("calls") {
		t.Errorf("via the database: %v", o.Keys())
	}
	for args, code := range map[string]int{"--via x": 2, "--leave-out x": 2, "--via database --leave-out name": 2} {
		if got := b.run(append([]string{"plan", "--capture", "-", "--onto", "Web-Root"}, strings.Fields(args)...)...); got.code != code {
			t.Errorf("%s: %+v", args, got)
		}
	}
	if got := b.run("apply", "--resume", "x"); got.code != 2 {
		t.Errorf("%+v", got)
	}
	for args, code := range map[string]int{"--resume 0": 2, "--resume 1 x": 2, "--resume 99": 3} {
		if got := b.run(append([]string{"apply", "--yes"}, strings.Fields(args)...)...); got.code != code {
			t.Errorf("%s: %+v", args, got)
		}
	}
}

// wanting remembers what a list wanted.
type wanting struct {
	store.Place
	wants *[]string
}

func (w wanting) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	*w.wants = q.Wants
	return w.Place.Backups(ctx, q)
}

// TestWants: a list asks only for the columns that are shown.
func TestWants(t *testing.T) {
	_, c := cloud(t)
	var wants []string
	b := on(t, wanting{c, &wants})
	for args, volume := range map[string]bool{"": true, "-o json": false, "-o yaml": false, "-o csv": true,
		"-c id": false, "-o json -c id,volume": true} {
		b.ok(append([]string{"backups"}, strings.Fields(args)...)...)
		if slices.Contains(wants, "volume") != volume {
			t.Errorf("%q wants %q", args, wants)
		}
	}
}

func TestPlaces(t *testing.T) {
	b, _ := cloud(t)
	if got := b.run("places"); got.code != 12 {
		t.Errorf("nobody knows of any: %+v", got)
	}
	b.env.Places = func(context.Context) ([]store.PlaceRow, error) {
		return []store.PlaceRow{{Name: "lab", Location: "cloud:lab", Badge: "LAB"}, {Location: "cloud:down", ReadOnly: true}}, nil
	}
	if got := b.ok("places", "-o", "value", "-c", "name,location,read-only,answers"); got != "lab\tcloud:lab\tno\t\n\tcloud:down\tyes\t\n" {
		t.Errorf("nobody asks: %q", got)
	}
	b.env.Probe = func(_ context.Context, location string) (core.Scope, error) {
		if location == "cloud:down" {
			return core.Scope{}, errors.New("it is down")
		}
		api, _ := core.ClueOfAPI("3.70")
		return core.Scope{Project: core.Project{ID: "p", Name: "admin"}, User: "ada", Version: "3.70", Release: core.ReleasesOf(api),
			Roles: []string{"member", "reader"}, MayNot: "by default only the role admin may"}, nil
	}
	golden(t, "places.table", b.ok("places"))
	ask := b.env.Probe
	b.env.Probe = func(ctx context.Context, location string) (core.Scope, error) {
		s, err := ask(ctx, location)
		s.Beside = core.Beside{Location: "mysql://db/cinder", Footing: core.FootingBehind, Held: 12, Missing: 2}
		return s, err
	}
	if got := b.run("places"); !strings.Contains(got.err, "lab: the database mysql://db/cinder agrees with the cloud, "+
		"but is behind it by 2 of 12") {
		t.Errorf("of the database beside it says %q", got.err)
	}
	if got := b.ok("places", "-o", "value", "-c", "database"); got != "behind\nbehind\n" {
		t.Errorf("the database stands %q", got)
	}
	b.env.Probe = ask
	list := b.list("places", "-o", "json")
	if text(list[0], "release") != "Cinder 21 to 23" || text(list[0], "release_why") != "the API is at 3.70: Cinder 21 to 23" ||
		text(list[0], "roles") != "member, reader" || text(list[0], "may_not") != "by default only the role admin may" {
		t.Errorf("as JSON: %v", list[0])
	}
	if v, _ := list[1].Get("answers"); text(list[0], "project") != "admin" || v.Kind() != pyjson.Bool || v.Bool() ||
		text(list[1], "error") != "it is down" {
		t.Errorf("as JSON: %v", list)
	}
	if got := b.ok("places", "--no-probe", "-o", "value", "-c", "answers"); got != "\n\n" {
		t.Errorf("not asked: %q", got)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestHostileCloud: nothing that a tenant or a cloud says steers the terminal.
func TestHostileCloud(t *testing.T) {
	b, c := cloud(t, func(w *memory.World) {
		for i := range w.Backups {
			w.Backups[i].Name, w.Backups[i].Description = core.Some(evil+string(w.Backups[i].ID)), core.Some(evil)
		}
		for i := range w.Volumes {
			w.Volumes[i].Name = core.Some(evil + string(w.Volumes[i].ID))
		}
	})
	c.Elsewhere(storetest.Second, core.Backup{ID: "far", Name: core.Some(evil), ProjectID: evil, Status: evil})
	b.env.ErrWidth = 80
	b.env.Places = func(context.Context) ([]store.PlaceRow, error) {
		return []store.PlaceRow{{Name: evil, Location: evil, Badge: evil}}, nil
	}
	b.env.Probe = func(context.Context, string) (core.Scope, error) {
		return core.Scope{User: evil, Region: evil}, errors.New(evil)
	}
	web, second := string(storetest.WebRoot), string(storetest.Second)
	for _, args := range [][]string{
		{"create", web, "--name", evil, "--property", evil + "=x"},
		{"create", web, "--name", "x" + evil, "--yes", "--wait"}, {"create", web, "--incremental", "--yes"},
		{"edit", string(storetest.Full), "--name", evil, "--yes"}, {"edit", string(storetest.Full), "--property", "k=" + evil, "--yes"},
		{"delete", second, "--yes"}, {"delete", string(storetest.Full), string(storetest.Broken), "--yes"},
		{"reset", string(storetest.Broken), "--state", "available", "--yes"},
		{"restore", string(storetest.Tagged), "--new", evil, "--yes"},
		{"restore", string(storetest.Tagged), "--onto", web, "--yes", "-o", "json"},
		{"messages", string(storetest.Tagged)}, {"messages", string(storetest.Tagged), "-o", "csv"},
		{"messages", evil}, {"places"}, {"places", "-o", "value"}, {"places", "-o", "json"},
		{"plan", string(storetest.Tagged), "--onto", string(storetest.Hostile), "--via", "api"},
		{"plan", string(storetest.Tagged), "--onto", web, "--leave-out", evil}, {"apply", "--resume", evil},
	} {
		c.GoWrong(core.OpRestore, evil)
		for _, width := range []int{0, 70} {
			b.env.Width = width
			check(t, args, b.run(args...))
			c.Advance()
		}
	}
}
