package verbs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/store/storetest"
	"hearth/store/storetest/race"
)

// writing is a line that changes a place.
type writing struct {
	verb, name string
	before     string // what is to be done first
	half       bool   // and is to end after its first call
	args       string
	driver     string // of the backup
	goes       bool   // what it makes goes again: that it made anything tells that it did something
}

const swiftDriver = "cinder.backup.drivers.swift.SwiftBackupDriver"

// written are the lines of the verbs that change a place, reading those that change none. A
// verb that is in neither fails the test below.
var written = []writing{
	{verb: "create", args: "create db --name made --yes"},
	{verb: "create", name: "not waited for", args: "create db --name made --yes --no-wait"},
	{verb: "create", name: "without a name", args: "create db --yes"},
	{verb: "edit", args: "edit nightly --name other --yes"},
	{verb: "delete", args: "delete nightly --yes"},
	{verb: "delete", name: "by force", args: "delete nightly --force --yes"},
	{verb: "reset", args: "reset nightly --state error --yes"},
	{verb: "restore", name: "onto", args: "restore nightly --onto db --yes"},
	{verb: "restore", name: "onto a volume that hearth makes", args: "restore nightly --new --yes"},
	{verb: "restore", name: "to a volume that Cinder makes", args: "restore nightly --new --yes", driver: swiftDriver},
	{verb: "restore", name: "of a type", args: "restore nightly --new --type lvm --yes", driver: swiftDriver},
	{verb: "apply", args: "apply --capture FILE --onto db --yes"},
	{verb: "apply", name: "the rest", before: "apply --capture FILE --onto db --yes", half: true, args: "apply --resume 1 --yes"},
	{verb: "undo", name: "of an apply", before: "apply --capture FILE --onto db --yes", args: "undo --yes"},
	{verb: "undo", name: "of an edit", before: "edit nightly --name other --yes", args: "undo --yes"},
	{verb: "drill", args: "drill nightly --yes", goes: true},
	{verb: "import", args: "import RECORD --yes"},
	{verb: "copy", args: "copy carried --from elsewhere --yes"},
	{verb: "recover", args: "recover --from elsewhere --all --yes"},
	{verb: "policy", name: "run", args: "policy run gold --yes"},
	{verb: "policy", name: "prune", before: "policy run gold --yes", args: "policy prune gold --yes"},
}

var reading = []string{"volumes", "backups", "volume", "backup", "capture", "plan", "messages", "journal", "settle", "export", "decode",
	"archive", "coverage", "reconcile", "verify", "inventory", "extract", "compare", "diff", "places", "demo", "check", "forget", "man",
	"status", "report"}

// wire is a cloud on the wire, with what the lines above want beside it.
type wire struct {
	api              *storetest.API
	cloud            string
	elsewhere        jobs.Desk
	capture, records string
}

// wires makes one for each line.
func wires(t *testing.T) []wire {
	t.Helper()
	dir := t.TempDir()
	w := wire{capture: filepath.Join(dir, "capture.json"), records: filepath.Join(dir, "record.json")}
	capture := `{"version": 1, "volume-base-metadata": {"display_name": "after", "display_description": "changed"}, ` +
		`"volume-metadata": {"b": "2"}, "volume-glance-metadata": {"image_name": "x"}}`
	b, file := demo(t, store.World{Volumes: 1, Backups: 1})
	change(t, file, "UPDATE backups SET display_name = 'carried', status = 'available'")
	w.elsewhere = b.desk
	for name, text := range map[string]string{w.capture: capture, w.records: b.ok("export", "carried")} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out []wire
	apis := map[string]*storetest.API{}
	for i, line := range written {
		w.api, w.cloud = storetest.NewAPI(t), fmt.Sprint("cloud", i)
		w.api.Driver, apis[w.cloud] = line.driver, w.api
		out = append(out, w)
	}
	storetest.Clouds(t, apis)
	return out
}

// run runs a line at the cloud as it was at first, answered so. The bench has an
// archive of its own.
func (w *wire) run(t *testing.T, l writing, as storetest.Answer, takes bool) (got outcome, entry core.Entry, changed bool) {
	t.Helper()
	w.api.Reset()
	waits := store.Waits{Repeat: time.Millisecond, Look: time.Millisecond}
	if as == storetest.Late {
		waits.Answer = race.Longer(500 * time.Millisecond) // for what is read before, too, on a machine that does much else
	}
	o := store.Options{Now: clockAt(storetest.Now), Waits: waits}
	place, err := store.Open(t.Context(), store.Location{Scheme: "cloud", Rest: w.cloud}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer place.Close()
	books, err := archive.Open(t.Context(), filepath.Join(t.TempDir(), "archive.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer books.Close()
	b := on(t, place)
	b.env.Policies = func() ([]jobs.Policy, error) { return policiesOf(t, "gold", gold), nil }
	b.desk.Archive, b.desk.SettleAfter, b.desk.Now = books, 5*time.Minute, clockAt(storetest.Now)
	looks := 0
	b.desk.Sleep = func(ctx context.Context, _ time.Duration) error {
		if looks++; looks > 100 {
			return errors.New("it is waited for in vain")
		}
		return ctx.Err()
	}
	b.env.Open = func(context.Context, string) (jobs.Desk, func(), error) { return w.elsewhere, func() {}, nil }
	args := func(text string) []string {
		return strings.Fields(strings.NewReplacer("FILE", w.capture, "RECORD", w.records).Replace(text))
	}
	switch {
	case l.half:
		w.api.Allowing(1)
		if half := b.run(args(l.before)...); !strings.Contains(half.err, "It ended half-way, as journal entry 1") {
			t.Fatalf("hearth %s: exit %d, and not half-way: %s", l.before, half.code, half.err)
		}
	case l.before != "":
		b.ok(args(l.before)...)
	}
	w.api.Answering(as, takes)
	was, made := w.api.State(), w.api.Made()
	got = b.run(args(l.args)...)
	entries, err := books.Entries(t.Context(), place.Info().Location, 1)
	if err != nil || len(entries) == 0 && got.code == 0 {
		t.Fatalf("no entry in the journal, %v", err)
	}
	if len(entries) > 0 {
		entry = entries[0]
	}
	return got, entry, w.api.State() != was || l.goes && w.api.Made() > made
}

// TestNeverToldAsDone has every verb that writes answered in every odd way, by a cloud
// that did it and by one that did not: what was not done is not told as done, by the
// exit code or by the journal, nothing is sent twice, and no other host sees anything.
func TestNeverToldAsDone(t *testing.T) {
	for _, c := range All(&Env{}) {
		writes := slices.ContainsFunc(written, func(w writing) bool { return w.verb == c.Name() })
		if writes == slices.Contains(reading, c.Name()) {
			t.Errorf("hearth %s: say whether it writes, and by which line that is tried", c.Name())
		}
	}
	all := wires(t)
	for i, l := range written {
		t.Run(strings.TrimSpace(l.verb+" "+l.name), func(t *testing.T) {
			t.Parallel()
			w := &all[i]
			got, entry, changed := w.run(t, l, storetest.AsCinder, true)
			if !toldDone(got) || !changed || entry.State != core.EntryDone && !strings.Contains(l.args, "--no-wait") {
				t.Fatalf("as Cinder answers: exit %d, changed: %v, the journal says %s: %s", got.code, changed, entry.State, got.err)
			}
			for _, as := range storetest.Odd() {
				w.odd(t, l, as, false)
				if as.MayBeDone() {
					w.odd(t, l, as, true)
				}
			}
		})
	}
}

// toldDone reports whether hearth says that it was done: also of a restore that is, and
// did not come out as planned.
func toldDone(got outcome) bool {
	return got.code == 0 || strings.Contains(got.err, "the restore is done")
}

// odd runs a line with an odd answer and holds what is told against what was done.
func (w *wire) odd(t *testing.T, l writing, as storetest.Answer, takes bool) {
	got, entry, changed := w.run(t, l, as, takes)
	fail := func(format string, args ...any) {
		t.Helper()
		last := got.err[strings.LastIndex(strings.TrimSpace(got.err), "\n")+1:]
		t.Errorf("%s, and it took effect: %v: %s: %s", as, changed, fmt.Sprintf(format, args...), last)
	}
	done := entry.State == core.EntryDone
	switch {
	case (toldDone(got) || done) && !changed:
		fail("nothing was done, it ends with %d, and the journal says %s", got.code, entry.State)
	case toldDone(got) != done:
		fail("it ends with %d, and the journal says %s", got.code, entry.State)
	case changed && entry.State == core.EntryFailed:
		fail("the journal says %s", entry.State)
	}
	sent := w.api.Writes()
	slices.Sort(sent)
	if len(sent) == 0 || len(slices.Compact(slices.Clone(sent))) != len(sent) || slices.Contains(sent, storetest.Anonymous) {
		fail("sent: %q", sent)
	}
	if strayed := w.api.Strayed(); len(strayed) > 0 {
		fail("another host saw %q", strayed)
	}
	if as.Leads() && !changed && !(strings.Contains(got.err, w.api.URL) && strings.Contains(got.err, w.api.Witness.URL)) {
		fail("both URLs are not named")
	}
}
