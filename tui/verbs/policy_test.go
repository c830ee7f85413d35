package verbs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/store/memory"
)

// goldPolicy is about the volume of the wire's cloud, and of its backups keeps one.
const goldPolicy = `
[policy.gold]
filter = "name:db"
every = "24h"
keep = { last = 1, others = true }
`

// gold is the same as hearth reads it.
var gold = jobs.PolicyConfig{Filter: "name:db", Every: "24h", Keep: jobs.KeepConfig{Last: 1, Others: true}}

// policiesOf are policies of one configuration, of that name.
func policiesOf(t *testing.T, name string, c jobs.PolicyConfig) []jobs.Policy {
	t.Helper()
	all := jobs.PoliciesConfig{name: c}
	if key, what := all.Check(); key != "" {
		t.Fatalf("%s: %s", key, what)
	}
	return all.Policies()
}

// guarded is a cloud with three gold volumes, backed up an hour ago, a day and a half ago and
// never, and an archive.
func guarded(t *testing.T) (*memory.Cloud, *bench) {
	t.Helper()
	metadata := func(value string) *pyjson.Object {
		o := &pyjson.Object{}
		o.Set("backup", pyjson.OfString(value))
		return o
	}
	w := memory.World{Now: clockAt(noon)}
	for i, name := range []string{"fresh", "late\x1b[31m", "never", "silver"} {
		value := "gold"
		if name == "silver" {
			value = "silver"
		}
		w.Volumes = append(w.Volumes, core.Volume{ID: core.VolumeID(fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", i)), Name: core.Some(name),
			Status: core.StatusAvailable, Size: 1, CreatedAt: core.Some(noon.AddDate(0, -1, 0)), Metadata: metadata(value),
			Image: &pyjson.Object{}, Row: &pyjson.Object{}})
	}
	for i, age := range []time.Duration{time.Hour, 36 * time.Hour} {
		at := core.Some(noon.Add(-age))
		w.Backups = append(w.Backups, core.Backup{ID: core.BackupID(fmt.Sprintf("bbbbbbbb-0000-4000-8000-%012d", i)),
			Status:   core.StatusAvailable,
			VolumeID: w.Volumes[i].ID, Size: 1, CreatedAt: at, UpdatedAt: at, DataTimestamp: at, Name: core.Some(fmt.Sprint("b", i))})
	}
	c := memory.NewCloud(w)
	b := on(t, c)
	books, err := archive.Open(t.Context(), filepath.Join(t.TempDir(), "archive.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { books.Close() })
	b.desk.Archive, b.desk.Sleep = books, c.Sleep
	b.env.Policies = func() ([]jobs.Policy, error) {
		return policiesOf(t, "gold", jobs.PolicyConfig{Metadata: map[string]string{"backup": "gold"}, Every: "24h", Keep: gold.Keep}), nil
	}
	return c, b
}

// TestPolicyCheck: what is broken is listed with since when; what is not known is not called
// kept, nor is a failure of hearth's a state of the volumes.
func TestPolicyCheck(t *testing.T) {
	c, b := guarded(t)
	got := b.run("policy", "check", "-o", "value", "-c", "volume,state,since,why")
	want := `late\x1b[31m` + "\tbroken\t" + core.APITime(noon.Add(-6*time.Hour)) + "\tits newest backup is 1d 12h old\n" +
		"never\tmissed\t" + core.APITime(noon.AddDate(0, -1, 0).Add(30*time.Hour)) + "\tit has no backup that is available\n"
	if got.out != want || got.code != 0 || !strings.Contains(got.err, "1 of 3 volumes kept, 1 broken, 1 missed.") {
		t.Errorf("%+v, want %s", got, want)
	}
	if all := b.ok("policy", "check", "gold", "--all", "-o", "json"); strings.Count(all, `"policy": "gold"`) != 3 || !strings.Contains(all,
		`"state": "kept"`) {
		t.Error(all)
	}
	if got := b.run("policy", "check", "silver"); got.code != 3 || !strings.Contains(got.err,
		"there is no policy silver; the config has gold") {
		t.Errorf("%+v", got)
	}
	c.FailEach("Volume", core.Fail(core.CodeUnavailable, "read it", "no answer", "", nil))
	if got := b.run("policy", "check", "-o", "value", "-c", "state"); got.out != "unknown\nunknown\nunknown\nunknown\n" || got.code != 13 {
		t.Errorf("metadata that cannot be read: %+v", got)
	}
}

// TestPolicyNagios: one line, and 0 to 3.
func TestPolicyNagios(t *testing.T) {
	day := func(c *memory.Cloud, b *bench) {}
	unknown := errors.New("it is down")
	for name, x := range map[string]struct {
		change func(*memory.Cloud, *bench)
		args   string
		code   int
		says   string
	}{
		"missed": {day, "", 2, "HEARTH CRITICAL - 1 of 3 volumes kept, 1 broken, 1 missed; never missed of gold: "},
		"kept":   {func(c *memory.Cloud, b *bench) { b.ok("policy", "run", "--yes") }, "", 0, "HEARTH OK - 3 of 3 volumes kept"},
		"broken": {func(c *memory.Cloud, b *bench) {
			b.ok("policy", "run", "--yes")
			b.desk.Now = clockAt(noon.Add(40 * time.Hour))
		}, "", 1, "HEARTH WARNING - 0 of 3 volumes kept, 3 broken; "},
		"metadata not read": {func(c *memory.Cloud, b *bench) { c.FailEach("Volume", unknown) }, "", 3, "HEARTH UNKNOWN - "},
		"no answer":         {func(c *memory.Cloud, b *bench) { c.FailEach("Volumes", unknown) }, "", 3, "HEARTH UNKNOWN - "},
		"no such policy":    {day, "bronze", 3, "HEARTH UNKNOWN - cannot choose a policy: there is no policy bronze"},
		"no such flag":      {day, "--bronze", 3, "HEARTH UNKNOWN - cannot run hearth policy check: there is no flag --bronze"},
		"no config": {func(c *memory.Cloud, b *bench) {
			b.env.Policies = func() ([]jobs.Policy, error) { return nil, errors.New("the config\nis broken | here") }
		}, "", 3, "HEARTH UNKNOWN - the config is broken / here"},
		"no place": {func(c *memory.Cloud, b *bench) {
			b.env.Desk = func(context.Context) (jobs.Desk, func(), error) { return jobs.Desk{}, nil, unknown }
		}, "", 3, "HEARTH UNKNOWN - it is down"},
		"a panic": {func(c *memory.Cloud, b *bench) { b.env.Desk = nil }, "", 3, "HEARTH UNKNOWN - something unforeseen went wrong: "},
		"about nothing": {func(c *memory.Cloud, b *bench) {
			b.env.Policies = func() ([]jobs.Policy, error) {
				return policiesOf(t, "x", jobs.PolicyConfig{Filter: "name:none", Every: "1h"}), nil
			}
		}, "", 3, "HEARTH UNKNOWN - 0 of 0 volumes kept; not seen: policy x is about no volume that is seen"},
	} {
		t.Run(name, func(t *testing.T) {
			c, b := guarded(t)
			x.change(c, b)
			args := append([]string{"policy", "check", "--nagios"}, strings.Fields(x.args)...)
			b.env.Words = args
			got := b.run(args...)
			if got.code != x.code || !strings.HasPrefix(got.out, x.says) || strings.Count(got.out, "\n") != 1 || strings.ContainsAny(got.out,
				"\x1b|") {
				t.Errorf("exit %d, %q (%s), want %d, %q", got.code, got.out, got.err, x.code, x.says)
			}
		})
	}
}

// TestPolicyMetrics: what node_exporter's textfile collector is given, also with a name that
// would end a label.
func TestPolicyMetrics(t *testing.T) {
	_, b := guarded(t)
	got := b.ok("policy", "check", "-o", "prometheus")
	for _, line := range []string{
		`hearth_policy_volumes{place="cloud:memory",policy="gold",state="missed"} 1`,
		`hearth_policy_every_seconds{place="cloud:memory",policy="gold"} 86400`,
		`hearth_policy_newest_backup_timestamp_seconds{place="cloud:memory",policy="gold",volume_id="aaaaaaaa-0000-4000-8000-000000000001",` +
			`volume="late\\x1b[31m",project_id=""} ` + fmt.Sprintf("%g", float64(noon.Add(-36*time.Hour).Unix())),
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("there is no %s in\n%s", line, got)
		}
	}
	// Of a policy that wants backups proven, what drills have proven.
	b.env.Policies = func() ([]jobs.Policy, error) {
		return policiesOf(t, "gold", jobs.PolicyConfig{Metadata: map[string]string{"backup": "gold"}, Every: "24h", ProvenEvery: "20d"}), nil
	}
	for i, v := range []core.DrillVerdict{core.DrillProven, core.DrillRestored} {
		_, err := b.desk.Archive.BeginDrill(t.Context(), core.Drill{Place: "cloud:memory", Backup: core.BackupID(fmt.Sprint(i)),
			Source: core.VolumeID(fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", i)), At: noon.Add(-time.Hour), Verdict: v, Gone: true})
		if err != nil {
			t.Fatal(err)
		}
	}
	got = b.ok("policy", "check", "-o", "prometheus")
	for _, line := range []string{
		`hearth_policy_proven_every_seconds{place="cloud:memory",policy="gold"} 1.728e+06`,
		`hearth_policy_proofs{place="cloud:memory",policy="gold",state="kept"} 1`,
		`hearth_policy_proofs{place="cloud:memory",policy="gold",state="broken"} 2`,
		`hearth_policy_last_proven_timestamp_seconds{place="cloud:memory",policy="gold",volume_id="aaaaaaaa-0000-4000-8000-000000000000",` +
			`volume="fresh",project_id=""} ` + fmt.Sprintf("%g", float64(noon.Add(-time.Hour).Unix())),
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("there is no %s in\n%s", line, got)
		}
	}
	if n := strings.Count(got, "hearth_policy_last_proven_timestamp_seconds{"); n != 1 {
		t.Errorf("%d are said to be proven", n)
	}
	if got := b.ok("policy", "check", "--all", "-o", "value", "-c", "state,proof,proven"); !strings.HasPrefix(got, "kept\tkept\t"+
		core.APITime(noon.Add(-time.Hour))+"\nbroken\tbroken\t\n") {
		t.Error(got)
	}
	promtool, err := exec.LookPath("promtool")
	if named := os.Getenv("HEARTH_TEST_PROMTOOL"); named != "" {
		promtool, err = named, nil
	}
	if err != nil {
		t.Skip("there is no promtool: HEARTH_TEST_PROMTOOL names one; it is in Debian's package prometheus")
	}
	cmd := exec.Command(promtool, "check", "metrics")
	cmd.Stdin = strings.NewReader(got)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v: %s", err, out)
	}
}

// TestPolicyRunAndPrune: the plan is shown before it is done; what was made is not made twice;
// the number is asked for.
func TestPolicyRunAndPrune(t *testing.T) {
	c, b := guarded(t)
	before := len(c.Calls())
	dry := b.run("policy", "run", "--dry-run", "-o", "value", "-c", "volume,state,kind")
	if dry.code != 0 || dry.out != "fresh\tdue\tfull\n"+`late\x1b[31m`+"\tdue\tfull\nnever\tdue\tfull\n" || !strings.Contains(dry.err,
		"Of 3 volumes: 3 due, 0 made") {
		t.Errorf("%+v", dry)
	}
	if calls := c.Calls()[before:]; strings.Contains(fmt.Sprint(calls), "CreateBackup") {
		t.Errorf("a dry run asks for %q", calls)
	}
	if got := b.run("policy", "run"); got.code != 2 {
		t.Errorf("without a terminal and without --yes: %+v", got)
	}
	if got := b.ok("policy", "run", "--yes", "-o", "value", "-c", "volume,state,new,record"); strings.Count(got, "\tmade\tyes\tnew\n") != 3 {
		t.Errorf("%q", got)
	}
	if got := b.ok("policy", "run", "--yes", "-o", "value", "-c", "state,new,record"); got != strings.Repeat("made\tno\tunchanged\n", 3) {
		t.Errorf("again: %q", got)
	}
	plan := b.run("policy", "prune", "--dry-run", "-o", "value", "-c", "name,goes,why")
	if !strings.Contains(plan.out, "b0\tyes\tno rule keeps it\n") || strings.Count(plan.out, "\tno\tlast 1\n") != 3 ||
		!strings.Contains(plan.err, "2 of 5 backups go; how much space that frees is not known") || !strings.Contains(plan.err,
		"fresh  ·K  1 stay, 1 go (gold: last 1)") {
		t.Errorf("%+v", plan)
	}
	b.env.Asks, b.in = true, "3\n"
	if got := b.run("policy", "prune"); got.code != 130 || !strings.Contains(got.err, "Type how many: ") {
		t.Errorf("another number: %+v", got)
	}
	b.in = "2\n"
	if got := b.run("policy", "prune"); got.code != 0 || strings.Count(got.err, ": deleted\n") != 2 {
		t.Errorf("%+v", got)
	}
	if got := b.ok("backups", "-o", "value", "-c", "status"); got != "available\navailable\navailable\n" {
		t.Errorf("left: %q", got)
	}
	if got := b.run("policy"); got.code != 2 || !strings.Contains(got.err, "write hearth policy check, run or prune") {
		t.Errorf("%+v", got)
	}
}
