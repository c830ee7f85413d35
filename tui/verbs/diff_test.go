package verbs

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"hearth/store"
)

// diffJSON is what scripts hold on to of a difference.
type diffJSON struct {
	A, B struct {
		Kind, ID, Evidence, Doubt string
		Can                       struct{ Answer string }
	}
	Certainty string
	Differ    int
	NotKnown  int      `json:"not_known"`
	Open      []string `json:"open_sections"`
	Fields    []struct {
		Section, Field, Verdict, Certainty, Because string
		A, B                                        map[string]any
		Never                                       bool `json:"never_restored"`
	}
}

// TestDiff compares backups, volumes, files and plans with each other: by name, by
// what they are, and not where a word fits both.
func TestDiff(t *testing.T) {
	t.Parallel()
	b, _ := demo(t, store.World{})
	diff := func(code int, args ...string) (d diffJSON) {
		t.Helper()
		got := b.run(append([]string{"diff", "-o", "json"}, args...)...)
		if got.code != code {
			t.Errorf("%q: exit %d, want %d: %s", args, got.code, code, got.err)
		}
		if got.out != "" {
			if err := json.Unmarshal([]byte(got.out), &d); err != nil {
				t.Fatalf("%q: %v", args, err)
			}
		}
		return d
	}
	d := diff(0, "4e47", "db-prod-01")
	if d.A.Kind != "backup" || d.A.Evidence != "stored" || d.B.Kind != "volume" || d.Certainty != "certain" || d.Differ != 3 {
		t.Errorf("a backup and a volume: %+v", d)
	}
	for _, f := range d.Fields {
		if _, there := f.B["value"]; f.Field == "backup-policy" && (f.Verdict != "only in the first" || there || f.A["value"] != "daily-35d") {
			t.Errorf("backup-policy is %+v", f)
		}
	}
	if d = diff(0, "4e47", "backup:4e47"); d.Differ != 0 || d.NotKnown != 0 {
		t.Errorf("with itself: %+v", d)
	}
	d = diff(13, "4e47", "ee77")
	if d.Certainty != "unknown" || d.Differ != 0 || d.NotKnown == 0 || len(d.Open) != 2 || d.B.Evidence != "unknown" || d.B.Doubt == "" {
		t.Errorf("nobody has the second: %+v", d)
	}
	for _, f := range d.Fields {
		if f.Verdict != "not known" || f.Because == "" {
			t.Errorf("nobody has the second, and %s is %s", f.Field, f.Verdict)
		}
	}
	if d = diff(0, "4e47", "--onto", "db-prod-01", "--onto", "web-root"); d.A.Kind != "plan" || d.Differ != 4 || d.A.Can.Answer == "" {
		t.Errorf("onto two targets: %+v", d)
	}
	if d = diff(0, "4e47", "--new", "copy", "--rules", "kilo", "--rules", "newton"); d.Differ != 1 || d.Fields[0].Field != "src_backup_id" {
		t.Errorf("by two rule sets: %+v", d)
	}
	file := t.TempDir() + "/c.json"
	if err := os.WriteFile(file, []byte(b.ok("capture", "--of", "4e47")), 0o600); err != nil {
		t.Fatal(err)
	}
	if d = diff(0, "4e47", "file:"+file); d.Differ != 0 || d.B.Evidence != "given" {
		t.Errorf("with its file: %+v", d)
	}
	for _, x := range []struct {
		code int
		args string
	}{{2, "4e47"}, {2, "4e47 --new"}, {2, "4e47 --rules kilo --rules newton"}, {2, "4e47 web-root --new"}, {3, "4e47 nosuch"},
		{3, "volume:4e47 web-root"},
		{2, "4e47 --onto web-root --new --rules kilo --rules newton"}, {4, "4e47 7"}, {3, "4e47 file:/no/such/file"}} {
		diff(x.code, strings.Fields(x.args)...)
	}
	b.env.Width = 80
	for name, args := range map[string][]string{"diff.table": {"4e47", "db-prod-01"}, "diff-unknown.table": {"4e47", "ee77"},
		"diff-all.table": {"4e47", "--new", "--rules", "kilo", "--rules", "newton", "--all"}} {
		golden(t, name, b.run(append([]string{"diff"}, args...)...).out)
	}
}
