package verbs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// between is a bench at cloud a, which has five backups, with cloud b, which has
// none, a repository that both read, and an archive.
type between struct {
	*bench
	a, b *memory.Cloud
}

func fiveBackups() (out []core.Backup) {
	for i := range 5 {
		b := storetest.BackupOf(storetest.Standard().Backups[0])
		b.ID, b.ParentID = core.BackupID(fmt.Sprintf("7a%06d-0000-4000-8000-000000000000", i)), ""
		b.Name = core.Some([]string{"db full", "db incr", "db incr 2", "web \x1b[31mred", "lost cause"}[i])
		if b.Incremental = i == 1 || i == 2; b.Incremental {
			b.ParentID = out[i-1].ID
		}
		if i == 4 {
			b.Status = core.StatusError
		}
		at := core.Some(storetest.Now.Add(time.Duration(i) * time.Hour))
		b.CreatedAt, b.UpdatedAt, b.DataTimestamp, b.Metadata, b.Unseen = at, at, at, &pyjson.Object{}, nil
		out = append(out, b)
	}
	return out
}

func twoClouds(t *testing.T) *between {
	t.Helper()
	info := func(name string) core.PlaceInfo {
		return core.PlaceInfo{Location: "cloud:" + name, Title: name, Kind: core.PlaceCloud, Rules: core.Newton}
	}
	now := clockAt(storetest.Now.Add(48 * time.Hour))
	s := storetest.Standard()
	volumes := s.AllVolumes()
	for i := range volumes {
		volumes[i].Host = core.Some("b@file#pool")
	}
	x := &between{a: memory.NewCloud(memory.World{Info: info("a"), Volumes: s.AllVolumes(), Backups: fiveBackups(), Now: now}),
		b: memory.NewCloud(memory.World{Info: info("b"), Volumes: volumes, Now: now})}
	x.a.Touches(true)
	var captures []core.KeptCapture
	for i, b := range fiveBackups() {
		host := []string{"b", "b", "b", "a", "a"}[i] + "@file#pool"
		text := `{"version": 2, "volume-base-metadata": {"host": "` + host + `", "provider_auth": "CHAP secret"}}`
		captures = append(captures, core.KeptCapture{VolumeID: b.VolumeID, BackupID: b.ID, At: now(),
			Capture: core.ReadCapture(text, core.Source{})})
	}
	repository := memory.NewRepository(memory.World{Backups: fiveBackups(), Captures: captures, Now: now}, map[core.BackupID][]core.Mark{
		fiveBackups()[0].ID: {{Field: "host", State: core.MarkLost, Why: "an import makes it the importing host"}},
		fiveBackups()[1].ID: {{Field: "host", State: core.MarkLost, Why: "an import makes it the importing host"},
			{Field: "data_timestamp", State: core.MarkAssumed, Why: "taken to be created_at"}},
		fiveBackups()[2].ID: {{Field: "host", State: core.MarkLost, Why: "an import makes it the importing host"}},
	}, core.Holding{Kind: core.HoldingUnfinished, ID: "7a000009-0000-4000-8000-000000000000", Prefix: "volume_x",
		Problem: "it has no metadata object"})
	books, err := archive.Open(t.Context(), filepath.Join(t.TempDir(), "archive.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { books.Close() })
	x.bench = on(t, x.a)
	desks := map[string]jobs.Desk{
		"a": {Place: x.a, Archive: books, Who: "anna@lab", Pace: jobs.Pace{Now: now, Sleep: x.a.Sleep}},
		"b": {Place: x.b, Archive: books, Who: "anna@lab", Pace: jobs.Pace{Now: now, Sleep: x.b.Sleep}},
		"r": {Place: repository, Archive: books, Pace: jobs.Pace{Now: now}},
	}
	x.desk = desks["a"]
	x.env.Now = now
	x.env.Places = func(context.Context) ([]store.PlaceRow, error) {
		return []store.PlaceRow{{Name: "a", Location: "cloud:a"}, {Location: "cloud:b"}}, nil
	}
	x.env.Open = func(_ context.Context, name string) (jobs.Desk, func(), error) {
		d, ok := desks[name]
		if !ok {
			return d, nil, core.Fail(core.CodeUsage, "use the place "+name, "there is none", "", nil)
		}
		return d, func() {}, nil
	}
	return x
}

// both is what a verb prints and says, for a golden.
func both(got outcome) string {
	return fmt.Sprintf("exit %d\n%s--\n%s", got.code, got.err, got.out)
}

func TestArchive(t *testing.T) {
	x := twoClouds(t)
	var all strings.Builder
	for _, args := range []string{"coverage -o value -c id,gap", "archive --jobs 1", "archive --quiet",
		"archive --all -q", "coverage", "coverage --older-than 7d --all -o csv", "coverage --all -o json -c id,record,gap"} {
		fmt.Fprintf(&all, "$ hearth %s\n%s\n", args, both(x.run(strings.Fields(args)...)))
	}
	golden(t, "archive.text", all.String())
	name := "other"
	if err := x.a.EditBackup(t.Context(), fiveBackups()[0].ID, core.BackupEdit{Name: &name}); err != nil {
		t.Fatal(err)
	}
	if got := x.run("coverage", "-o", "value", "-c", "name,record"); !strings.HasSuffix(got.out, "other\told\n") {
		t.Errorf("%+v", got)
	}
	for i := 2; i < 4; i++ {
		x.a.FailCall(i, core.Fail(core.CodeRefused, "export it", "no", "", nil))
	}
	if got := x.run("archive", "-q", "--all"); got.code != 11 ||
		!strings.Contains(got.err, ": cannot export it: no.\n") || !strings.Contains(got.err, " failed.\n") {
		t.Errorf("with one that fails: %+v", got)
	}
	for args, code := range map[string]int{"archive --jobs 0": 2, "archive --prune --bundle x": 2,
		"archive --mask-secrets": 2, "archive --prune": 2, "archive --prune --keep 3m": 2, "archive --prune --keep 1d --yes": 0,
		"coverage --older-than x": 2, "coverage -o xml": 2, "coverage -c x": 2, "archive x": 2} {
		if got := x.run(strings.Fields(args)...); got.code != code {
			t.Errorf("%s: %+v", args, got)
		}
	}
	x.env.Keep = func() (time.Duration, error) { return 24 * time.Hour, nil }
	if got := x.run("archive", "--prune"); got.code != 0 ||
		!strings.Contains(got.err, "The archive has nothing that something newer has taken the place of") {
		t.Errorf("the config's: %+v", got)
	}
	x.a.Deny(core.OpExport, "a reader may not export")
	if got := x.run("archive", "-q"); got.code != 10 || !strings.Contains(got.err, "a reader may not export") {
		t.Errorf("denied: %+v", got)
	}
	own, _ := demo(t, store.World{Volumes: 1, Backups: 1})
	if got := own.run("archive"); got.code != 12 {
		t.Errorf("without an archive: %+v", got)
	}
}

func TestBundleVerb(t *testing.T) {
	x := twoClouds(t)
	file := filepath.Join(t.TempDir(), "out.jsonl")
	if got := x.run("archive", "--bundle", file); got.code != 3 {
		t.Errorf("an empty archive: %+v", got)
	}
	x.run("archive", "-q")
	x.run("recover", "--from", "r", "--to", "b", "--yes", "-q") // reads captures
	var all strings.Builder
	for _, args := range []string{"", " --mask-secrets", " --filter kind:incr", " --everywhere --mask-secrets"} {
		got := x.run(strings.Fields("archive --overwrite --bundle " + file + args)...)
		fmt.Fprintf(&all, "$ hearth archive --bundle out.jsonl%s\n%s\n", args, strings.ReplaceAll(both(got), file, "out.jsonl"))
		text, err := os.ReadFile(file)
		if err != nil || strings.Contains(string(text), "CHAP secret") && strings.Contains(args, "mask") {
			t.Errorf("%s: %v, %s", args, err, text)
		}
	}
	x.desk.Place, x.desk.Sleep = x.b, x.b.Sleep // the rest of it into b, which has three
	for _, args := range []string{"import out.jsonl --dry-run", "import out.jsonl --yes", "import out.jsonl --yes"} {
		got := x.run(strings.Fields(strings.ReplaceAll(args, "out.jsonl", file))...)
		fmt.Fprintf(&all, "$ hearth %s\n%s\n", args, strings.ReplaceAll(both(got), file, "out.jsonl"))
	}
	golden(t, "bundle.text", all.String())
	text, _ := os.ReadFile(file)
	lines := strings.SplitAfter(string(text), "\n")
	for what, cut := range map[string]string{"line 3": strings.Join(slices.Delete(slices.Clone(lines), 2, 3), ""),
		"line 2":          strings.Replace(string(text), `"at": "2026`, `"at": "2027`, 1),
		"is of version 9": strings.Replace(string(text), `"version": 1`, `"version": 9`, 1)} {
		imports := asked(x.b, "Import")
		x.in = cut
		for _, args := range []string{"import - --yes", "recover --from - --to b --yes"} {
			if got := x.run(strings.Fields(args)...); got.code != 8 || !strings.Contains(got.err, what) || asked(x.b, "Import") > imports {
				t.Errorf("%s of one that is spoilt at %s: %+v", args, what, got)
			}
		}
	}
}

func TestCopyVerb(t *testing.T) {
	x := twoClouds(t)
	var all strings.Builder
	for _, args := range []string{
		"copy db~incr --to b",
		"copy 7a000002 --to b --dry-run",
		"copy 7a000002 --to b",
		"copy 7a000002 --from a --to b --chain --yes --quiet",
		"copy 7a000002 7a000003 7a000004 --chain --from a --to b --yes",
		"copy 7a000002 --chain --from a --to b --dry-run",
	} {
		fmt.Fprintf(&all, "$ hearth %s\n%s\n", args, both(x.run(strings.Fields(args)...)))
	}
	golden(t, "copy.text", all.String())
	for args, code := range map[string]int{"copy 7a000000": 2, "copy --to b": 2, "copy 7a000000 --to nowhere": 2,
		"copy 7a000000 --to a --from a": 2, "copy 7a000000 --to r --yes": 7, "copy 7a000000 --to b --jobs 0": 2} {
		if got := x.run(strings.Fields(args)...); got.code != code {
			t.Errorf("%s: %+v", args, got)
		}
	}
	x2 := twoClouds(t)
	x2.env.Asks, x2.in = true, "n\n"
	if got := x2.run("copy", "7a000000", "--to", "b"); got.code != 130 ||
		!strings.Contains(got.err, "Import 1 backup into cloud:b? [y/N]") || asked(x2.b, "Import") > 0 {
		t.Errorf("no: %+v", got)
	}
	x2.env.ErrWidth = 60
	if got := x2.run("copy", "7a000000", "--to", "b", "--yes"); got.code != 0 ||
		!strings.Contains(got.err, "\r\x1b[K[####################] 1/1  db full: available\r\x1b[K") {
		t.Errorf("the bar: %q", got.err)
	}
	if got := x.run("__completeNoDesc", "copy", "--to", ""); !strings.HasPrefix(got.out, "a\n:") {
		t.Errorf("completion: %+v", got)
	}
}

func TestRecoverVerb(t *testing.T) {
	x := twoClouds(t)
	var all strings.Builder
	fmt.Fprintf(&all, "$ hearth recover --from r --to b --dry-run\n%s\n", both(x.run("recover", "--from", "r", "--to", "b", "--dry-run")))
	x.run("archive", "-q")
	for _, args := range []string{
		"reconcile --from r --to b -q",
		"recover --from r --to b --dry-run -q",
		"recover --from r --to b --yes -q",
		"reconcile --from r --to b -q -o csv -c id,in,chain,differs --all",
		"recover --from archive --to b --all --yes",
		"reconcile --from archive --to b -q",
		"recover --from archive --to b --yes -q",
	} {
		fmt.Fprintf(&all, "$ hearth %s\n%s\n", args, both(x.run(strings.Fields(args)...)))
	}
	golden(t, "recover.text", all.String())
	file := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(file, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, code := range map[string]int{"recover --to b": 2, "recover --from " + file + " --to b": 8,
		"recover --from nowhere --to b": 2, "recover --from r --to r --yes": 7, "reconcile --from r --to b -c x": 2,
		"reconcile --from r --to b -o x": 2} {
		if got := x.run(strings.Fields(args)...); got.code != code {
			t.Errorf("%s: %+v", args, got)
		}
	}
}
