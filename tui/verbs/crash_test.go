package verbs

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/storetest"
)

// crashing is a line of a verb that is killed at any moment of it. AT stands for the folder
// that it works in, which is the same at each try.
type crashing struct {
	verb, name string
	before     [][]string // what is done first, undisturbed
	args       []string
	files      []string // that it writes: their content is what it comes to
	atomic     bool     // it is done or it is not: nothing lies between
}

// inRepository is a backup of the repository in testdata that stands on two others.
const inRepository = "512fd8d1-25cd-4e2b-85cb-30a4f849e9cc"

var store0 = []string{"--store", "AT/store.sqlite"}

// crashes are the lines that write into files of hearth's. The verbs that write to a cloud
// are tried by the lines of written, at a cloud on the wire.
var crashes = []crashing{
	{verb: "demo", args: []string{"demo", "--out", "AT/out.sqlite", "--backups", "300", "--seed", "5"}, files: []string{"out.sqlite"},
		atomic: true},
	{verb: "capture", args: append([]string{"capture", "VOLUME", "--save"}, store0...), files: []string{"store.sqlite"}, atomic: true},
	{verb: "archive", args: append([]string{"archive", "-q"}, store0...), files: []string{"data/hearth/archive.sqlite"}},
	{verb: "archive", name: "a bundle", before: [][]string{append([]string{"archive", "-q"}, store0...)},
		args: append([]string{"archive", "--overwrite", "--bundle", "AT/out.bundle"}, store0...), files: []string{"out.bundle"}, atomic: true},
	{verb: "archive", name: "a prune", before: [][]string{append([]string{"archive", "-q"}, store0...)},
		args: append([]string{"archive", "--prune", "--keep", "1h", "--yes"}, store0...), files: []string{"data/hearth/archive.sqlite"},
		atomic: true},
	{verb: "apply", args: append([]string{"apply", "BACKUP", "--onto", "VOLUME", "--yes"}, store0...), files: []string{"store.sqlite"},
		atomic: true},
	{verb: "undo", before: [][]string{append([]string{"apply", "BACKUP", "--onto", "VOLUME", "--yes"}, store0...)},
		args: append([]string{"undo", "1", "--yes"}, store0...), files: []string{"store.sqlite"}, atomic: true},
	{verb: "import", args: []string{"import", "AT/full.bundle", "--yes", "--store", "AT/empty.sqlite"},
		files: []string{"empty.sqlite"}},
	{verb: "copy", args: []string{"copy", "BACKUP", "--chain", "--from", "sqlite:AT/store.sqlite", "--to", "sqlite:AT/empty.sqlite", "--yes"},
		files: []string{"empty.sqlite"}},
	{verb: "recover", args: []string{"recover", "--from", "AT/full.bundle", "--store", "AT/empty.sqlite", "--all", "--yes"},
		files: []string{"empty.sqlite"}},
	{verb: "export", args: append([]string{"export", "BACKUP", "--chain"}, store0...), files: []string{"data/hearth/archive.sqlite"}},
	{verb: "apply", name: "to Cinder's database",
		args:  []string{"apply", "BACKUP", "--onto", "VOLUME", "--yes", "--store", "AT/foreign.sqlite", "--write"},
		files: []string{"foreign.sqlite"}, atomic: true},
	{verb: "extract", args: []string{"extract", inRepository, "--place", "posix:AT/repo", "--to", "AT/out.img"}, files: []string{"out.img"},
		atomic: true},
}

// uncrashed are verbs that write nothing that is not tried by a line above, and those that
// are tried elsewhere: by the test that is named.
var uncrashed = map[string]string{
	"volumes": "", "backups": "", "volume": "", "backup": "", "plan": "", "messages": "", "journal": "", "decode": "", "coverage": "",
	"reconcile": "", "inventory": "", "compare": "", "diff": "", "places": "", "check": "", "man": "",
	"forget": "what is remembered is replaced whole, which tui/state cuts at every byte",
	"report": "",
	"status": "one row of a day and one of a look, by one transaction",
	"settle": "each line at a cloud is settled after its kill",
	"verify": "one row by one statement",
}

// crashedInto is what a killed line left, or a whole one made: the content of its files.
func crashedInto(t *testing.T, home string, c *crashing) string {
	t.Helper()
	var out strings.Builder
	for _, name := range c.files {
		file := filepath.Join(home, name)
		if _, err := os.Stat(file); err != nil {
			fmt.Fprintf(&out, "%s: none\n", name)
			continue
		}
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		switch filepath.Ext(name) {
		case ".img":
			fmt.Fprintf(&out, "%s: %x\n", name, sha256.Sum256(body))
			continue
		case ".bundle":
			b, err := core.ReadBundle(string(body))
			fmt.Fprintf(&out, "%s: %d records, %d captures, %v\n", name, len(b.Records), len(b.Captures), err)
			continue
		}
		out.WriteString(contents(t, file))
	}
	return out.String()
}

// foreignOf makes a copy of a store as a database of somebody else's.
func foreignOf(t *testing.T, store, file string) {
	t.Helper()
	body, err := os.ReadFile(store)
	if err == nil {
		err = os.WriteFile(file, body, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	change(t, file, "DROP TABLE hearth_captures", "DROP TABLE hearth_journal", "PRAGMA application_id = 0", "PRAGMA user_version = 0",
		"PRAGMA journal_mode = DELETE")
}

// contents are the rows of a store or an archive that do not tell of the time of a run. It
// has to be sound.
func contents(t *testing.T, file string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var sound string
	if err := db.QueryRow("PRAGMA integrity_check(3)").Scan(&sound); err != nil || sound != "ok" {
		t.Errorf("%s: %s, %v", file, sound, err)
	}
	var out strings.Builder
	for _, query := range []string{
		"SELECT id, display_name, display_description, status, bootable FROM volumes WHERE deleted = 0",
		"SELECT volume_id, key, value FROM volume_metadata WHERE deleted = 0",
		"SELECT volume_id, key, value FROM volume_glance_metadata WHERE deleted = 0",
		"SELECT id, display_name, status, parent_id, size FROM backups WHERE deleted = 0",
		"SELECT volume_id, backup_id, text FROM hearth_captures", "SELECT place, backup_id, fingerprint FROM records",
	} {
		rows, err := db.Query(query)
		if err != nil { // it has no such table
			continue
		}
		columns, _ := rows.Columns()
		values, to := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			to[i] = &values[i]
		}
		var lines []string
		for rows.Next() {
			if err := rows.Scan(to...); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%+v", values))
		}
		slices.Sort(lines)
		fmt.Fprintf(&out, "%s\n%s\n", query, strings.Join(lines, "\n"))
	}
	return out.String()
}

// mill kills a real hearth.
type mill struct {
	*binary
	clean  string // what a try begins with
	random *rand.Rand
	backup string
	volume string
	kills  int // that hit a running one
	tries  int

	signals []os.Signal   // one of these instead of a kill
	begins  time.Duration // what it takes to come to main and back: no signal is sent before
	unheard int           // how many ended by the signal itself, which main did not listen to yet
	exit    int           // of the last one that was not killed
	said    string        // what it said
}

func (m *mill) words(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = strings.NewReplacer("AT/", m.home+"/", "BACKUP", m.backup, "VOLUME", m.volume).Replace(a)
	}
	return out
}

// afresh takes the folder back to what a try begins with.
func (m *mill) afresh(from string) {
	m.t.Helper()
	if err := os.RemoveAll(m.home); err != nil {
		m.t.Fatal(err)
	}
	if err := os.CopyFS(m.home, os.DirFS(from)); err != nil {
		m.t.Fatal(err)
	}
}

// mostDeaf is how long a line that was told to end may take for it: as long as main gives
// it, and some for a machine that is busy.
const mostDeaf = 90 * time.Second

// killed runs a line and kills it after a while, or has one of the signals tell it to end,
// and reports whether it was still running.
func (m *mill) killed(after time.Duration, args ...string) bool {
	m.t.Helper()
	cmd := m.command(args...)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	m.tries++
	running := false
	select {
	case <-done:
	case <-time.After(after):
		running = true
		m.kills++
		if len(m.signals) == 0 {
			cmd.Process.Kill()
			<-done
			break
		}
		with := m.signals[m.random.IntN(len(m.signals))]
		cmd.Process.Signal(with)
		select {
		case <-done:
		case <-time.After(mostDeaf):
			cmd.Process.Kill()
			<-done
			m.t.Errorf("hearth %q goes on for %v after %v", args, mostDeaf, with)
		}
	}
	m.exit, m.said = cmd.ProcessState.ExitCode(), said.String()
	return running
}

// left are the names in the folder, those of SQLite's side files not counted.
func (m *mill) left() []string {
	entries, err := os.ReadDir(m.home)
	if err != nil {
		m.t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), "-wal") && !strings.HasSuffix(e.Name(), "-shm") {
			out = append(out, e.Name())
		}
	}
	return out
}

// TestCrash kills each verb that writes at random moments of it: what it leaves is sound,
// what is done at once is done or not, and a rerun ends where an undisturbed run ends.
// HEARTH_CRASH is for how long it goes on, as in 10m, and HEARTH_CRASH_SEED chooses the
// moments; without the first it is a few kills.
func TestCrash(t *testing.T) {
	for _, c := range All(&Env{}) {
		tried := slices.ContainsFunc(crashes, func(x crashing) bool { return x.verb == c.Name() }) ||
			slices.ContainsFunc(written, func(w writing) bool { return w.verb == c.Name() })
		if _, not := uncrashed[c.Name()]; tried == not {
			t.Errorf("hearth %s: say by which line it is killed, or why by none", c.Name())
		}
	}
	if testing.Short() {
		t.Skip("it builds the program and kills it")
	}
	long, _ := time.ParseDuration(os.Getenv("HEARTH_CRASH"))
	seed, err := strconv.ParseUint(os.Getenv("HEARTH_CRASH_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("HEARTH_CRASH_SEED=%d", seed)
	m := &mill{binary: build(t), clean: t.TempDir(), random: rand.New(rand.NewPCG(seed, 1))}
	m.prepare()
	m.grind(t, long)
	t.Logf("crash: %d tries, %d of them killed while running", m.tries, m.kills)
}

// grind tries every line, again and again for so long.
func (m *mill) grind(t *testing.T, long time.Duration) {
	t.Helper()
	rows := make([]func(), 0, len(crashes))
	for i := range crashes {
		rows = append(rows, m.local(t, &crashes[i]))
	}
	all := wires(t)
	m.env = append(m.env, "OS_CLIENT_CONFIG_FILE="+os.Getenv("OS_CLIENT_CONFIG_FILE"), "HEARTH_PLACE=")
	for i := range written {
		if l := &written[i]; !strings.Contains(l.args, "--from elsewhere") { // copy and recover are among crashes
			rows = append(rows, m.atCloud(t, &all[i], l))
		}
	}
	for until := time.Now().Add(long); ; {
		for _, row := range rows {
			row()
		}
		if t.Failed() || time.Now().After(until) {
			break
		}
	}
}

// moment is any of those in which a line is at work.
func (m *mill) moment(took time.Duration) time.Duration {
	return m.begins + time.Duration(m.random.Int64N(max(int64(took-m.begins), 0)+1))
}

// answered holds the exit code of a line that was told to end to what it came to: all that
// it is for, or nothing at all. One that was told before main listens ends by the signal,
// and has begun with nothing.
func (m *mill) answered(what string, moment time.Duration, done, nothing bool) {
	m.t.Helper()
	switch {
	case len(m.signals) == 0:
	case m.exit == -1 && nothing && m.said == "":
		m.unheard++
	case m.exit == 0 && !done:
		m.t.Errorf("%s, told to end after %v: exit 0, and it is not done: %s", what, moment, m.said)
	case m.exit != 0 && m.exit != 130 && m.exit != ExitCode(core.Fail(core.CodePartial, "", "", "", nil)):
		m.t.Errorf("%s, told to end after %v: exit %d: %s", what, moment, m.exit, m.said)
	case strings.Contains(m.said, "goroutine "):
		m.t.Errorf("%s, told to end after %v: it says %s", what, moment, m.said)
	}
}

// prepare makes what each try begins with.
func (m *mill) prepare() {
	m.t.Helper()
	ok := func(args ...string) string {
		m.t.Helper()
		got := m.run(m.words(args)...)
		if got.code != 0 {
			m.t.Fatalf("hearth %q: exit %d: %s", args, got.code, got.err)
		}
		return got.out
	}
	ok("demo", "--out", "AT/store.sqlite", "--seed", "7")
	ok("demo", "--out", "AT/empty.sqlite", "--volumes", "0", "--backups", "0")
	ok("archive", "-q", "--store", "AT/store.sqlite")
	ok("archive", "--bundle", "AT/full.bundle", "--store", "AT/store.sqlite")
	foreignOf(m.t, filepath.Join(m.home, "store.sqlite"), filepath.Join(m.home, "foreign.sqlite"))
	if err := os.CopyFS(filepath.Join(m.home, "repo"), os.DirFS("../../testdata/repository/posix/repo")); err != nil {
		m.t.Fatal(err)
	}
	first := func(list, filter string) string {
		return strings.Fields(ok(list, "--store", "AT/store.sqlite", "-o", "value", "-c", "id", "--filter", filter))[0]
	}
	m.backup, m.volume = first("backups", "status:available incremental:true"), first("volumes", "status:available")
	os.RemoveAll(filepath.Join(m.home, "data"))
	if err := os.CopyFS(m.clean, os.DirFS(m.home)); err != nil {
		m.t.Fatal(err)
	}
}

// trial is a line with what it begins with and what it comes to, undisturbed.
type trial struct {
	*crashing
	what, begin   string // what it is called, and a copy of the folder
	before, after string // as crashedInto has it
	names         []string
	took          time.Duration
}

// undisturbed runs a line once, and keeps what that was.
func (m *mill) undisturbed(t *testing.T, c *crashing) *trial {
	t.Helper()
	what := strings.TrimSpace(c.verb + " " + c.name)
	m.afresh(m.clean)
	for _, args := range c.before {
		if got := m.run(m.words(args)...); got.code != 0 {
			t.Fatalf("%s: hearth %q: exit %d: %s", what, args, got.code, got.err)
		}
	}
	begin := t.TempDir()
	if err := os.CopyFS(begin, os.DirFS(m.home)); err != nil {
		t.Fatal(err)
	}
	x := trial{crashing: c, what: what, begin: begin, before: crashedInto(t, m.home, c)}
	began := time.Now()
	if got := m.run(m.words(c.args)...); got.code != 0 {
		t.Fatalf("%s: exit %d: %s", what, got.code, got.err)
	}
	x.took = time.Since(began)
	x.after, x.names = crashedInto(t, m.home, c), m.left()
	if (x.before == x.after) != (c.name == "a prune") {
		t.Fatalf("%s: undisturbed, it changes nothing that this test sees", what)
	}
	return &x
}

// local prepares the tries of a line that writes into files, and is one of them.
func (m *mill) local(t *testing.T, c *crashing) func() {
	t.Helper()
	x := m.undisturbed(t, c)
	what, begin, before, after, names, took := x.what, x.begin, x.before, x.after, x.names, x.took
	return func() {
		m.afresh(begin)
		moment := m.moment(took)
		m.killed(moment, m.words(c.args)...)
		got := crashedInto(t, m.home, c)
		if c.atomic && got != before && got != after {
			t.Errorf("%s, killed after %v: half of it is there:\n%s", what, moment, got)
		}
		m.answered(what, moment, got == after, got == before)
		again := m.run(m.words(c.args)...)
		if got := crashedInto(t, m.home, c); got != after {
			t.Errorf("%s, killed after %v: the rerun ends with %d, elsewhere than an undisturbed run: %s", what, moment, again.code, again.err)
		}
		if got := m.left(); !slices.Equal(got, names) {
			t.Errorf("%s, killed after %v: the rerun (exit %d) leaves %v, not %v", what, moment, again.code, got, names)
		}
	}
}

// atCloud is a try of a line at a cloud: what was done there is accounted for, and what the
// journal says after it was settled is what was done.
func (m *mill) atCloud(t *testing.T, w *wire, l *writing) func() {
	t.Helper()
	what := strings.TrimSpace("at a cloud: " + l.verb + " " + l.name)
	m.configure("[journal]\nsettle_after = \"0s\"\n" + goldPolicy)
	config := t.TempDir()
	if err := os.CopyFS(config, os.DirFS(filepath.Join(m.home, "config"))); err != nil {
		t.Fatal(err)
	}
	words := func(line string) []string {
		return append(strings.Fields(strings.NewReplacer("FILE", w.capture, "RECORD", w.records).Replace(line)), "--cloud", w.cloud)
	}
	args, earlier := words(l.args), 0
	afresh := func() {
		m.afresh(m.clean)
		if err := os.CopyFS(filepath.Join(m.home, "config"), os.DirFS(config)); err != nil {
			t.Fatal(err)
		}
		w.api.Clock = time.Now() // as the real hearth has it
		w.api.Reset()
		w.api.Answering(storetest.AsCinder, true)
		if l.before == "" {
			return
		}
		if l.half {
			w.api.Allowing(1)
		}
		if got := m.run(words(l.before)...); (got.code == 0) == l.half {
			t.Fatalf("%s: before it, hearth %s: exit %d: %s", what, l.before, got.code, got.err)
		}
		w.api.Answering(storetest.AsCinder, true)
		earlier = 1
	}
	took := time.Duration(0)
	return func() {
		if took == 0 {
			afresh()
			began := time.Now()
			m.killed(3*time.Second, args...) // undisturbed, or long enough
			took = time.Since(began)
		}
		afresh()
		was, made := w.api.State(), w.api.Made()
		moment := m.moment(took)
		m.killed(moment, args...)
		did := func() bool { return w.api.State() != was || l.goes && w.api.Made() > made }
		changed := did()
		m.answered(what, moment, changed, !changed)
		m.run("settle", "--cloud", w.cloud)
		got := m.run("journal", "--cloud", w.cloud, "-o", "json")
		var entries []struct{ State core.EntryState }
		if err := json.Unmarshal([]byte(got.out), &entries); err != nil {
			t.Fatalf("%s: %v in %q, %s", what, err, got.out, got.err)
		}
		changed = changed || did()
		entries = entries[:len(entries)-earlier] // the newest come first
		switch {
		case len(entries) == 0 && changed:
			t.Errorf("%s, killed after %v: it was done, and no entry tells of it", what, moment)
		case len(entries) > 0 && entries[0].State == core.EntryDone && !changed:
			t.Errorf("%s, killed after %v: nothing was done, and the journal says done", what, moment)
		case len(entries) > 0 && entries[0].State == core.EntryFailed && changed:
			t.Errorf("%s, killed after %v: it was done, and the journal says failed: %s", what, moment, got.out)
		}
		if file := filepath.Join(m.home, "data/hearth/archive.sqlite"); len(entries) > 0 {
			contents(t, file)
		}
	}
}
