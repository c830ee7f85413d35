package verbs

import (
	"bytes"
	"context"
	"database/sql"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/jobs"
)

var update = flag.Bool("update", false, "write the golden files anew")

// noon is the time in all tests.
var noon = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

// lab is the database of a real Cinder.
const lab = "../../testdata/cinder/lab.sqlite"

// bench is a place and a world to run verbs in.
type bench struct {
	t    *testing.T
	env  Env
	desk jobs.Desk
	in   string // what stdin holds
}

// open makes a bench of a database.
func open(t *testing.T, file string) *bench {
	t.Helper()
	place, err := store.Open(t.Context(), store.Location{Scheme: "sqlite", Rest: file}, store.Options{Now: clockAt(noon)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { place.Close() })
	return on(t, place)
}

// demo makes a bench of a fresh store of hearth's own.
func demo(t *testing.T, w store.World) (b *bench, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "demo.sqlite")
	w.Until = noon
	place, err := store.MakeDemo(t.Context(), file, w, store.Options{Now: clockAt(noon)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { place.Close() })
	return on(t, place), file
}

func on(t *testing.T, place store.Place) *bench {
	b := &bench{t: t, desk: jobs.Desk{Place: place, Who: "anna@lab", Pace: jobs.Pace{Now: clockAt(noon)}}}
	b.env = Env{Now: clockAt(noon), Desk: func(context.Context) (jobs.Desk, func(), error) { return b.desk, func() {}, nil }}
	return b
}

func clockAt(t time.Time) func() time.Time { return func() time.Time { return t } }

// outcome is how a verb ended.
type outcome struct {
	out, err string
	code     int
}

// run runs hearth as main does.
func (b *bench) run(args ...string) outcome {
	b.t.Helper()
	var out, talk bytes.Buffer
	env := b.env
	env.In, env.Err = strings.NewReader(b.in), &talk
	if env.Out == nil {
		env.Out = &out
	}
	root := &cobra.Command{Use: "hearth", Short: "a console", Long: "A console.", RunE: func(*cobra.Command, []string) error { return nil }}
	root.SetOut(&out)
	root.SetErr(&talk)
	root.AddCommand(All(&env)...)
	Prepare(root)
	root.SetArgs(Arguments(args))
	err := root.ExecuteContext(b.t.Context())
	Report(&talk, err)
	return outcome{out.String(), talk.String(), ExitCode(err)}
}

// ok is run for what must work; it returns stdout.
func (b *bench) ok(args ...string) string {
	b.t.Helper()
	got := b.run(args...)
	if got.code != 0 {
		b.t.Fatalf("hearth %s: exit %d: %s", strings.Join(args, " "), got.code, got.err)
	}
	return got.out
}

// plans is run for a plan, which is printed also where not all of it is certain, and
// where the restore cannot be done; it returns stdout.
func (b *bench) plans(args ...string) string {
	b.t.Helper()
	got := b.run(args...)
	if got.code != 0 && got.code != 6 && got.code != 13 {
		b.t.Fatalf("hearth %s: exit %d: %s", strings.Join(args, " "), got.code, got.err)
	}
	return got.out
}

// object and list parse the JSON that a verb prints.
func (b *bench) object(args ...string) *pyjson.Object {
	b.t.Helper()
	return parse(b.t, b.ok(args...)).Object()
}

func (b *bench) list(args ...string) []*pyjson.Object {
	b.t.Helper()
	var out []*pyjson.Object
	for _, v := range parse(b.t, b.ok(args...)).Items() {
		out = append(out, v.Object())
	}
	return out
}

func parse(t *testing.T, text string) pyjson.Value {
	t.Helper()
	v, err := pyjson.Parse(text)
	if err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
	return v
}

func text(o *pyjson.Object, key string) string {
	v, _ := o.Get(key)
	return v.Text()
}

// ids lists the ids of rows.
func ids(rows []*pyjson.Object) (out []string) {
	for _, o := range rows {
		out = append(out, text(o, "id"))
	}
	return out
}

// change runs statements on a database behind hearth's back.
func change(t *testing.T, file string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// golden compares a text with testdata/frames/verbs/NAME.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("../../testdata/frames/verbs", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test ./tui/verbs -update writes it anew): got\n%s\nwant\n%s", name, got, want)
	}
}

// closedPipe is an output that nobody reads any more.
func closedPipe(t *testing.T) io.Writer {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	t.Cleanup(func() { w.Close() })
	return w
}

// copyOf copies a file of the testdata to where it may be written.
func copyOf(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), filepath.Base(file))
	if err := os.WriteFile(out, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return out
}

// volumeState reads a volume's state from a place.
func (b *bench) volumeState(id string) core.State {
	b.t.Helper()
	v, err := b.desk.Place.Volume(b.t.Context(), core.VolumeID(id))
	if err != nil {
		b.t.Fatal(err)
	}
	return v.State()
}
