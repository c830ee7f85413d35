package cinder_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/jobs"
)

// TestRealFaults does a great many operations of every kind by way of a proxy that does
// to one request in five what networks, balancers and caches do to requests: each ends
// with exactly what was asked for, once, or hearth says that it was not done or that it
// is not known, and then settles it rightly. What Cinder did is read from its database
// (HEARTH_TEST_SQL), which no proxy stands before.
//
//	HEARTH_FAULTS       how many operations, 60 unless said
//	HEARTH_FAULTS_SEED  what the dice begin with; random, and printed, unless said
func TestRealFaults(t *testing.T) {
	if os.Getenv("HEARTH_TEST_SQL") == "" {
		t.Skip("HEARTH_TEST_SQL names no command that asks the database what the cloud did")
	}
	log.SetOutput(io.Discard) // as main has it: net/http writes of answers that come twice
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	total, seed := number("HEARTH_FAULTS", 60), number("HEARTH_FAULTS_SEED", rand.Int64N(1<<31))
	t.Logf("%d operations, one request in five faulty, HEARTH_FAULTS_SEED=%d", total, seed)
	hands := int64(4)
	if total >= 400 {
		hands = 10
	}
	all := &faultCounts{ends: map[string]int{}, fates: map[fate]int{}}
	began := time.Now()
	t.Run("hands", func(t *testing.T) {
		for n := range int64(hands) {
			h := newFaultHand(s.in(t), n, seed, all)
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				h.work(t, int((total+n)/hands))
			})
		}
	})
	t.Logf("%s in %s; %s", all, time.Since(began).Round(time.Second), all.faults())
	for _, op := range faultOps {
		if total >= 1000 && all.ends[op.name+" done"] == 0 {
			t.Errorf("no %s was done", op.name)
		}
	}
}

// number reads a number from the environment.
func number(variable string, otherwise int64) int64 {
	if n, err := strconv.ParseInt(os.Getenv(variable), 10, 64); err == nil {
		return n
	}
	return otherwise
}

// faultFates are what may become of a request, each as often as it stands here.
var faultFates = []fate{before, before, after, after, half, broken, slow, slow, often, bad, badDone, away, gateway, late, hang, long, short,
	twice, twice, again, againDone, double}

// faultCounts are what came of it all.
type faultCounts struct {
	mu    sync.Mutex
	ends  map[string]int // by operation and what hearth said: "create done"
	fates map[fate]int
	asked int // requests
}

func (c *faultCounts) add(end string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ends[end]++
}

// roll is what becomes of a request.
func (c *faultCounts) roll(dice *rand.Rand) fate {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if dice.IntN(5) > 0 {
		return pass
	}
	f := faultFates[dice.IntN(len(faultFates))]
	c.fates[f]++
	return f
}

// String says how the operations ended.
func (c *faultCounts) String() string {
	var out []string
	for k, n := range c.ends {
		out = append(out, fmt.Sprintf("%s %d", k, n))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// faults says what became of the requests.
func (c *faultCounts) faults() string {
	n := 0
	for _, k := range c.fates {
		n += k
	}
	return fmt.Sprintf("%d requests, %d of them faulty in %d ways", c.asked, n, len(c.fates))
}

// faultHand does operations, one after the other, on things of its own.
type faultHand struct {
	*site
	all    *faultCounts
	dice   *rand.Rand
	proxy  *proxy
	desk   jobs.Desk
	n, did int
	volume core.VolumeID
	record core.Record // of a backup that nobody deletes
	// What Cinder's database must hold of this hand's backups, by id.
	backups map[core.BackupID]faultRow
}

// faultRow is a backup as it shall be.
type faultRow struct {
	name, status string
	imported     bool // its files are those of another
}

// faultOps are the operations, each as often as its weight says. Each does one thing and
// returns how hearth says that it ended: done, failed, unknown, or a word of its own
// where nothing was asked for.
var faultOps = []struct {
	name   string
	weight int
	do     func(*faultHand) string
}{
	{"create", 20, (*faultHand).create}, {"delete", 14, (*faultHand).delete}, {"apply", 16, (*faultHand).apply},
	{"undo", 8, (*faultHand).undo}, {"export", 8, (*faultHand).export}, {"import", 10, (*faultHand).importing},
	{"reset", 12, (*faultHand).reset}, {"edit", 6, (*faultHand).edit}, {"list", 6, (*faultHand).list},
}

func newFaultHand(s *site, n, seed int64, all *faultCounts) *faultHand {
	s.t.Helper()
	h := &faultHand{site: s, all: all, dice: rand.New(rand.NewPCG(uint64(seed), uint64(n))), n: int(n), backups: map[core.BackupID]faultRow{}}
	h.proxy, h.desk = s.through(s.t)
	h.desk.SettleAfter, h.desk.Patience = time.Minute, 20*time.Second
	return h
}

// begin makes what the hand works on, while nothing is broken.
func (h *faultHand) begin() {
	h.t.Helper()
	h.volume = h.dressed(fmt.Sprintf("faults-%d", h.n), 1, false)
	kept := h.site.backup(h.volume, fmt.Sprintf("faults-%d-kept", h.n), false)
	var err error
	if h.record, err = h.site.desk.Place.(store.Exporter).Export(h.ctx, kept.ID); err != nil {
		h.t.Fatal(err)
	}
}

// work does so many operations, and looks at all of it in the end.
func (h *faultHand) work(t *testing.T, n int) {
	s := h.site.in(t)
	h.site = s
	h.begin()
	weights := 0
	for _, op := range faultOps {
		weights += op.weight
	}
	for ; h.did < n && s.ctx.Err() == nil; h.did++ {
		at := h.dice.IntN(weights)
		for _, op := range faultOps {
			if at -= op.weight; at < 0 {
				h.faulty(true)
				said := op.do(h)
				h.faulty(false)
				h.all.add(op.name + " " + said)
				h.held(op.name + " " + said)
				break
			}
		}
	}
	h.proxy.idle()
	h.held("the end")
	if _, left, err := h.desk.SettleAll(s.ctx); err != nil || len(left) > 0 {
		t.Errorf("left in the journal: %+v, %v", left, err)
	}
}

// faulty has requests be broken, or not.
func (h *faultHand) faulty(yes bool) {
	h.proxy.mu.Lock()
	defer h.proxy.mu.Unlock()
	h.proxy.fate = nil
	if yes {
		h.proxy.fate = func(*http.Request) fate { return h.all.roll(h.dice) }
	}
}

func (h *faultHand) sql(query string) [][]string {
	h.t.Helper()
	return queried(h.t, query)
}

// queried asks the cloud's database; each row is a slice of its columns.
func queried(t *testing.T, query string) (rows [][]string) {
	t.Helper()
	words := strings.Fields(os.Getenv("HEARTH_TEST_SQL"))
	out, err := exec.Command(words[0], append(words[1:], "-N", "-B", "-e", query)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", query, err, out)
	}
	for line := range strings.Lines(string(out)) {
		rows = append(rows, strings.Split(strings.TrimRight(line, "\n"), "\t"))
	}
	return rows
}

// mine are the backups of this hand in the database, by id; what goes is waited for.
func (h *faultHand) mine() map[core.BackupID]faultRow {
	h.t.Helper()
	for {
		out, moving := map[core.BackupID]faultRow{}, false
		for _, r := range h.sql("select id, display_name, status from backups where deleted = 0 and display_name like '" +
			named(fmt.Sprintf("f%d-", h.n)) + "%'") {
			out[core.BackupID(r[0])] = faultRow{name: r[1], status: r[2]}
			moving = moving || r[2] == core.StatusCreating || r[2] == core.StatusDeleting
		}
		if !moving || h.ctx.Err() != nil {
			return out
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// held compares the database with what shall be. What is otherwise is told once, and the
// hand goes on from there.
func (h *faultHand) held(after string) {
	h.t.Helper()
	now := h.mine()
	for id, want := range h.backups {
		got, here := now[id]
		got.imported = want.imported
		if here && got == want {
			continue
		}
		h.t.Errorf("hand %d, operation %d, %s: %s is %+v, and shall be %+v", h.n, h.did, after, id, got, want)
		if h.backups[id] = got; !here {
			delete(h.backups, id)
		}
	}
	for id, got := range now {
		if _, known := h.backups[id]; !known {
			h.t.Errorf("hand %d, operation %d, %s: %s is there, and nobody was told: %+v", h.n, h.did, after, id, got)
			h.backups[id] = got
		}
	}
}

// ended says how an operation ended by its error and its entry in the journal, 0 for the
// newest. What is not known is waited for and settled.
func (h *faultHand) ended(what string, before core.EntryID, err error) (string, core.Entry) {
	h.t.Helper()
	entries, jerr := h.desk.Archive.Entries(h.ctx, h.desk.Place.Info().Location, 1)
	if jerr != nil {
		h.t.Fatal(jerr)
	}
	if len(entries) == 0 || entries[0].ID == before {
		if err == nil {
			h.t.Errorf("hand %d, operation %d: %s went well, and the journal does not tell of it", h.n, h.did, what)
		}
		h.t.Logf("hand %d, operation %d: %s was not begun: %v", h.n, h.did, what, err)
		return "not begun", core.Entry{}
	}
	e := entries[0]
	if err == nil && e.State != core.EntryDone {
		h.t.Errorf("hand %d, operation %d: %s went well, and its entry is %s", h.n, h.did, what, e.State)
	}
	if !jobs.Unsettled(&e) {
		return string(e.State), e
	}
	h.faulty(false)
	h.proxy.idle() // a busy cloud may take longer than it is late
	later := h.desk
	later.Now = func() time.Time { return time.Now().Add(3 * time.Minute) }
	if _, left, err := later.SettleAll(h.ctx); err != nil || len(left) > 0 {
		h.t.Errorf("hand %d, operation %d: %s is not settled: %+v, %v", h.n, h.did, what, left, err)
	}
	e, jerr = h.desk.Archive.Entry(h.ctx, e.ID)
	if jerr != nil {
		h.t.Fatal(jerr)
	}
	return "unknown, then " + string(e.State), e
}

// last is the newest entry of the journal, 0 if there is none.
func (h *faultHand) last() core.EntryID {
	entries, _ := h.desk.Archive.Entries(h.ctx, h.desk.Place.Info().Location, 1)
	if len(entries) == 0 {
		return 0
	}
	return entries[0].ID
}

// settledDone reports whether an operation has taken effect in the end.
func settledDone(e core.Entry) bool { return e.State == core.EntryDone }

func (h *faultHand) name() string { return named(fmt.Sprintf("f%d-%d", h.n, h.did)) }

func (h *faultHand) create() string {
	before, name := h.last(), h.name()
	plan, err := h.desk.PlanCreate(h.ctx, core.BackupRequest{Volume: h.volume, Name: name})
	if err != nil {
		return "not planned"
	}
	made, err := h.desk.Create(h.ctx, plan, h.dice.IntN(2) == 0, nil)
	said, e := h.ended("a backup", before, err)
	if settledDone(e) {
		h.keepBackup(e.Backup)
		h.backups[e.Backup] = faultRow{name: name, status: core.StatusAvailable}
		if made.Backup.ID != "" && made.Backup.ID != e.Backup {
			h.t.Errorf("it returned %s, and the journal has %s", made.Backup.ID, e.Backup)
		}
	}
	if e.State == core.EntryHalf {
		h.t.Errorf("a backup is half made: %+v", e)
	}
	return said
}

// pick is one of the hand's backups, and whether there is one.
func (h *faultHand) pick(take func(faultRow) bool) (core.BackupID, bool) {
	var ids []core.BackupID
	for id, b := range h.backups {
		if take(b) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return "", false
	}
	slices.Sort(ids)
	return ids[h.dice.IntN(len(ids))], true
}

func (h *faultHand) delete() string {
	id, ok := h.pick(func(b faultRow) bool { return !b.imported })
	if !ok {
		return "nothing there"
	}
	before := h.last()
	plan, err := h.desk.PlanDelete(h.ctx, []core.BackupID{id}, false)
	if err != nil {
		return "not planned"
	}
	_, err = h.desk.Delete(h.ctx, plan, h.dice.IntN(2) == 0, nil)
	said, e := h.ended("a deletion", before, err)
	if settledDone(e) {
		delete(h.backups, id)
	}
	return said
}

func (h *faultHand) reset() string {
	id, ok := h.pick(func(faultRow) bool { return true })
	if !ok {
		return "nothing there"
	}
	b, before := h.backups[id], h.last()
	to := core.StatusError
	if b.status == to {
		to = core.StatusAvailable
	}
	plan, err := h.desk.PlanReset(h.ctx, []core.BackupID{id}, to)
	if err != nil {
		return "not planned"
	}
	_, err = h.desk.Reset(h.ctx, plan, nil)
	said, e := h.ended("a reset", before, err)
	if settledDone(e) {
		b.status = to
		h.backups[id] = b
	}
	return said
}

func (h *faultHand) edit() string {
	id, ok := h.pick(func(faultRow) bool { return true })
	if !ok {
		return "nothing there"
	}
	b, before, name := h.backups[id], h.last(), h.name()
	_, err := h.desk.Edit(h.ctx, id, core.BackupEdit{Name: &name})
	said, e := h.ended("an edit", before, err)
	if settledDone(e) {
		b.name = name
		h.backups[id] = b
	}
	return said
}

func (h *faultHand) importing() string {
	id, before := core.BackupID(fmt.Sprintf("%s00-%04d-4000-8000-%012d", run[len(run)-6:], h.n, h.did)), h.last()
	d, err := core.DecodeRecord(h.record.URL, core.Today)
	if err != nil {
		h.t.Fatal(err)
	}
	record := rewritten(d, map[string]string{"id": string(id), "display_name": h.name()}, h.record)
	checks, _, err := h.desk.Preflight(h.ctx, core.FindRecords(pyjson.Text(pyjson.OfDict(record.Object()))))
	if err != nil {
		return "not planned"
	}
	_, err = h.desk.Import(h.ctx, checks, []int{0})
	h.keepBackup(id)
	said, e := h.ended("an import", before, err)
	if settledDone(e) {
		h.backups[id] = faultRow{name: h.name(), status: core.StatusAvailable, imported: true}
	}
	return said
}

func (h *faultHand) export() string {
	id, ok := h.pick(func(faultRow) bool { return true })
	if !ok {
		return "nothing there"
	}
	out, err := h.desk.Export(h.ctx, []core.BackupID{id}, false, nil)
	if err != nil || out[0].Err != nil {
		return "failed"
	}
	d, err := core.DecodeRecord(out[0].Record.URL, core.Today)
	if err != nil {
		h.t.Errorf("the record of %s: %v", id, err)
		return "failed"
	}
	if d.ID() != id || d.Name() != h.backups[id].name {
		h.t.Errorf("hand %d, operation %d: the record of %s is that of %s, %s", h.n, h.did, id, d.ID(), d.Name())
	}
	return "done"
}

func (h *faultHand) list() string {
	page, err := h.desk.Backups(h.ctx, core.Query{Anew: true})
	if err != nil {
		return "failed"
	}
	seen := map[core.BackupID]faultRow{}
	for _, b := range page.Rows {
		if strings.HasPrefix(b.Name.V, named(fmt.Sprintf("f%d-", h.n))) {
			seen[b.ID] = faultRow{b.Name.V, b.Status, h.backups[b.ID].imported}
		}
	}
	for id, want := range h.backups {
		if seen[id] != want {
			h.t.Errorf("hand %d, operation %d: the list has %+v of %s, and it is %+v", h.n, h.did, seen[id], id, want)
		}
	}
	for id, b := range seen {
		if _, known := h.backups[id]; !known && b.status != core.StatusDeleting {
			h.t.Errorf("hand %d, operation %d: the list has %s, %+v, which is not there", h.n, h.did, id, b)
		}
	}
	return "done"
}

func (h *faultHand) apply() string {
	was, before := h.state(h.volume), h.last()
	env := []string{"prod", "test", "dev"}[h.dice.IntN(3)]
	c := core.ReadCapture(fmt.Sprintf(`{"version": 1, "volume-base-metadata": {"display_name": %q, "display_description": "nr %d"}, `+
		`"volume-metadata": {"env": %q, "n%d": "x"}, "volume-glance-metadata": {"os_distro": %q, "i%d": "y"}}`,
		h.name(), h.did, env, h.did%3, env, h.did%4), core.Source{Kind: core.SourceFile})
	plan, err := h.desk.Plan(h.ctx, jobs.PlanRequest{Onto: h.volume, Captures: []core.Capture{c}, Rules: core.Icehouse})
	if err != nil {
		return "not planned"
	}
	_, err = h.desk.Apply(h.ctx, plan)
	said, e := h.ended("an apply", before, err)
	return h.volumeIs(said, e, was, plan.After, err)
}

func (h *faultHand) undo() string {
	id := h.lastApply()
	if id == 0 {
		return "nothing there"
	}
	was, before := h.state(h.volume), h.last()
	plan, err := h.desk.PlanUndo(h.ctx, id)
	if err != nil {
		return "not planned"
	}
	_, err = h.desk.UndoAsShown(h.ctx, plan)
	said, e := h.ended("an undo", before, err)
	return h.volumeIs(said, e, was, plan.After, err)
}

// lastApply is the newest change of the volume that was made, 0 if none was.
func (h *faultHand) lastApply() core.EntryID {
	entries, err := h.desk.Archive.Entries(h.ctx, h.desk.Place.Info().Location, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Kind == core.EntryApply && e.State == core.EntryDone {
			return e.ID
		}
	}
	return 0
}

// volumeIs holds the volume to how its change ended: as it was, as it shall be, or
// somewhere between where hearth says that it is half done; and has that finished.
func (h *faultHand) volumeIs(said string, e core.Entry, was, after core.State, err error) string {
	h.t.Helper()
	now := h.state(h.volume)
	wrong := func(shall string) {
		h.t.Errorf("hand %d, operation %d: it ended %s (%v), and the volume is %s where it shall be %s", h.n, h.did, said, err, text(now), shall)
	}
	switch e.State {
	case core.EntryDone:
		if diff := seen(now).Diff(seen(after)); len(diff) > 0 {
			wrong(text(after) + fmt.Sprint(diff))
		}
	case core.EntryHalf:
		if strays := seen(now).Strays(seen(was), seen(after)); len(strays) > 0 {
			wrong("between " + text(was) + " and " + text(after))
		}
		h.faulty(false)
		if _, err := h.desk.Finish(h.ctx, e.ID); err != nil {
			h.t.Errorf("hand %d, operation %d: it is not finished: %v", h.n, h.did, err)
		} else if now := h.state(h.volume); len(seen(now).Diff(seen(after))) > 0 {
			h.t.Errorf("hand %d, operation %d: finished, it is %s where it shall be %s", h.n, h.did, text(now), text(after))
		}
	default: // failed, or not begun
		if diff := seen(now).Diff(seen(was)); len(diff) > 0 {
			wrong(text(was) + fmt.Sprint(diff))
		}
	}
	return said
}

// rewritten is a record with other texts in its fields.
func rewritten(d core.Decoded, fields map[string]string, r core.Record) core.Record {
	doc := d.Doc.Object().Clone()
	for k, v := range fields {
		doc.Set(k, pyjson.OfString(v))
	}
	r.URL = base64.StdEncoding.EncodeToString([]byte(pyjson.Text(pyjson.OfDict(doc))))
	return r
}
