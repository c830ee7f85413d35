package verbs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store"
)

// planJSON is what scripts hold on to of a plan.
type planJSON struct {
	Certainty string
	Guess     bool
	Open      []string `json:"open_sections"`
	After     map[string]any
	Error     any
	Can       struct {
		Answer  string
		Reasons []struct{ Code, Text, Next string }
	}
	Captures []struct {
		Source, Evidence string
		Number, Of       int
	}
	Fields []struct {
		Section, Field, Certainty, Because, Verdict string
		After                                       any
		Possible                                    []any
		Layer                                       *int
	}
}

func (p *planJSON) certainty(field string) string {
	for _, f := range p.Fields {
		if f.Field == field {
			return f.Certainty
		}
	}
	return ""
}

// holed writes three capture files and moves to their folder, as ./unknown is a file
// and unknown is none.
func holed(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"full.json": `{"version": 2, "volume-base-metadata": {"display_name": "n", "display_description": "d", "encryption_key_id": null}, ` +
			`"volume-metadata": {"a": "1"}, "volume-glance-metadata": {"os": "x"}}`,
		"incr.json": `{"version": 2, "volume-base-metadata": {"display_name": "n2", "display_description": "d2", "encryption_key_id": null}, ` +
			`"volume-metadata": {"b": "2"}}`,
		"unknown": `{"version": 2}`,
	} {
		if err := os.WriteFile(filepath.Join(".", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPlanWithAHole holds the machine form of plans: a layer that nobody has, by the
// word unknown, what is certain all the same, and the exit codes.
func TestPlanWithAHole(t *testing.T) {
	b, _ := demo(t, store.World{Volumes: 1, Backups: -1})
	volume := ids(b.list("volumes", "-o", "json"))[0]
	holed(t)
	plan := func(captures ...string) (p planJSON, code int) {
		t.Helper()
		args := append(append([]string{"plan", "--rules", "newton", "-o", "json", "--onto", volume}, "--capture"), captures...)
		got := b.run(args...)
		if err := json.Unmarshal([]byte(got.out), &p); err != nil {
			t.Fatalf("%q: exit %d, %v: %s", args, got.code, err, got.err)
		}
		return p, got.code
	}
	whole, code := plan("full.json", "incr.json", "./unknown")
	if code != 0 || whole.Certainty != "certain" || whole.Can.Answer != "yes" || len(whole.Captures) != 3 || whole.Guess ||
		len(whole.Open) > 0 {
		t.Errorf("all known: exit %d, %+v", code, whole)
	}
	if meta, _ := whole.After["metadata"].(map[string]any); len(meta) != 1 || meta["b"] != "2" {
		t.Errorf("all known: after %v", whole.After)
	}
	hole, code := plan("full.json", "unknown", "incr.json")
	if code != 13 || hole.Certainty != "partly" || hole.Can.Answer != "unknown" || len(hole.Captures) != 3 || hole.Guess {
		t.Errorf("a hole: exit %d, certainty %s, can %+v, captures %+v", code, hole.Certainty, hole.Can, hole.Captures)
	}
	if c := hole.Captures[1]; c.Source != "unknown" || c.Evidence != "unknown" || c.Number != 2 || c.Of != 3 ||
		hole.Captures[0].Evidence != "given" {
		t.Errorf("the layers are %+v", hole.Captures)
	}
	if !slices.Equal(hole.Open, []string{"volume-glance-metadata"}) {
		t.Errorf("open: %q", hole.Open)
	}
	for field, want := range map[string]string{"b": "certain", "os": "unknown", "bootable": "certain", "display_description": "unknown"} {
		if got := hole.certainty(field); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	if _, there := hole.After["display_description"]; there || hole.After["bootable"] != true {
		t.Errorf("after holds what is not certain: %v", hole.After)
	}
	for _, f := range hole.Fields {
		if f.Certainty == "unknown" && (f.After != nil || f.Because == "") {
			t.Errorf("%s: %+v", f.Field, f)
		}
		if f.Layer != nil && *f.Layer >= len(hole.Captures) {
			t.Errorf("%s is of layer %d of %d", f.Field, *f.Layer, len(hole.Captures))
		}
	}
	none, code := plan("unknown")
	if code != 13 || none.Certainty != "unknown" || len(none.Captures) != 1 {
		t.Errorf("nothing known: exit %d, %+v", code, none)
	}
}

// TestCertain: what is not certain is not gone on with where certainty is wanted, and
// nothing is written.
func TestCertain(t *testing.T) {
	b, _ := demo(t, store.World{Volumes: 1, Backups: -1})
	volume := ids(b.list("volumes", "-o", "json"))[0]
	holed(t)
	before := b.ok("volume", volume, "-o", "json")
	got := b.run("apply", "--certain", "--yes", "--onto", volume, "--capture", "full.json", "unknown", "incr.json")
	if got.code != 13 || !strings.Contains(got.err, "not all of this plan is certain: ") || b.ok("volume", volume, "-o", "json") != before {
		t.Errorf("exit %d: %s", got.code, got.err)
	}
	if got = b.run("apply", "--certain", "--yes", "--onto", volume, "--capture", "full.json", "incr.json"); got.code != 0 {
		t.Errorf("all certain: exit %d: %s", got.code, got.err)
	}
}

// TestCaptureOf prints what a backup captured as it is known, byte for byte.
func TestCaptureOf(t *testing.T) {
	b, _ := demo(t, store.World{Volumes: 1, Backups: 1})
	id := ids(b.list("backups", "-o", "json"))[0]
	kept, err := b.desk.KeptCaptures(t.Context(), "", core.BackupID(id))
	if err != nil || len(kept) == 0 {
		t.Fatalf("%d captures, %v", len(kept), err)
	}
	got := b.run("capture", "--of", id)
	if got.out != kept[0].Capture.Text || got.code != 0 || !strings.Contains(got.err, "Evidence: stored, from the backup repository") {
		t.Errorf("exit %d, %d bytes of %d: %s", got.code, len(got.out), len(kept[0].Capture.Text), got.err)
	}
	if got = b.run("capture", "--of", "nothing-like-it"); got.code != 3 || got.out != "" {
		t.Errorf("no such backup: exit %d, %q", got.code, got.out)
	}
	lab := open(t, lab)
	if got = lab.run("capture", "--of", "db-prod-incr-3"); got.code != 3 || !strings.Contains(got.err, "nobody has it") || got.out != "" {
		t.Errorf("nobody has it: exit %d: %s", got.code, got.err)
	}
	if got = b.run("capture", "--of", id, "--save"); got.code != 2 {
		t.Errorf("--save: exit %d: %s", got.code, got.err)
	}
}
