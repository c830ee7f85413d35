package verbs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store"
)

// posix is a bench at a copy of a repository that Cinder's own driver wrote.
func posix(t *testing.T) (b *bench, dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../testdata/repository/posix/repo")); err != nil {
		t.Fatal(err)
	}
	p, err := store.Open(t.Context(), store.Location{Scheme: "posix", Rest: dir}, store.Options{Now: clockAt(noon)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return on(t, p), dir
}

// chunk is the path of a backup's object.
func chunk(t *testing.T, dir, id, end string) string {
	t.Helper()
	found := ""
	filepath.WalkDir(dir, func(path string, _ os.DirEntry, _ error) error {
		if strings.HasSuffix(path, "_backup_"+id+end) {
			found = path
		}
		return nil
	})
	if found == "" {
		t.Fatal("there is no such object")
	}
	return found
}

func TestVerify(t *testing.T) {
	const flipped, gone = "07070e3e-110a-4fb9-81c8-5436a1e09fff", "512fd8d1-25cd-4e2b-85cb-30a4f849e9cc"
	b, dir := posix(t)
	for _, args := range [][]string{{"verify"}, {"verify", "--deep"}} {
		got := b.run(args...)
		if got.code != 14 || strings.Contains(got.err, "no damage") || !strings.Contains(got.err, "1 looks like texts (such as README.txt)") ||
			!strings.Contains(got.out, "unrecognised") {
			t.Errorf("%v with a README: %+v", args, got)
		}
	}
	if err := os.Remove(filepath.Join(dir, "README.txt")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"verify"}, {"verify", "--deep"}} {
		got := b.run(args...)
		if got.code != 0 || !strings.Contains(got.err, "6 backups, no damage") || strings.Contains(got.out, "damage") {
			t.Errorf("%v: %+v", args, got)
		}
	}
	b, dir = posix(t)
	path := chunk(t, dir, flipped, "-00002")
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	body[len(body)/2] ^= 1
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(chunk(t, dir, gone, "-00001")); err != nil {
		t.Fatal(err)
	}
	got := b.run("verify", "-o", "value", "-c", "id,verdict,flaw")
	if got.code != 8 || !strings.Contains(got.out, gone+"\tdamage\tmissing-object") ||
		strings.Contains(got.out, flipped+"\tdamage") || !strings.Contains(got.err, "backups are damaged") {
		t.Errorf("without reading: %+v", got)
	}
	if got = b.run("verify", "--deep", "-o", "value", "-c", "id,verdict", flipped); got.code != 8 ||
		!strings.Contains(got.out, flipped+"\tdamage") {
		t.Errorf("reading: %+v", got)
	}
	for args, code := range map[string]int{"verify nosuch": 3, "verify -c x": 2, "verify -o x": 2, "inventory -c x": 2} {
		if got := b.run(strings.Fields(args)...); got.code != code {
			t.Errorf("%s: %+v, want %d", args, got, code)
		}
	}
	if got := open(t, lab).run("verify"); got.code != 12 || !strings.Contains(got.err, "is no backup repository") {
		t.Errorf("a database: %+v", got)
	}
}

// TestKnownSums: what an earlier verification printed is read, and anything else refused.
// What a pool of Ceph makes of it holds TestRealCeph.
func TestKnownSums(t *testing.T) {
	b, dir := posix(t)
	for name, text := range map[string]string{
		"sums.json":  `[{"backup_id": "a", "sha256": "00ff"}, {"backup_id": "b", "sha256": null}, {"backup_id": "c", "sha256": "11"}]`,
		"none.json":  `[{"backup_id": "a"}]`,
		"other.json": "backups",
	} {
		if err := os.WriteFile(filepath.Join(dir, "..", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := b.env.knownSums(t.Context(), filepath.Join(dir, "..", "sums.json"))
	if err != nil || len(got) != 2 || got["a"] != "00ff" || got["c"] != "11" {
		t.Errorf("%v, %v", got, err)
	}
	// 14: of a file there it is not known what it is.
	for args, code := range map[string]int{"verify --sums ../sums.json": 2, "verify --deep --sums ../none.json": 8,
		"verify --deep --sums ../other.json": 8, "verify --deep --sums ../nosuch": 3, "verify --deep --sums ../sums.json": 14} {
		got := b.run(strings.Fields(strings.ReplaceAll(args, "..", filepath.Dir(dir)))...)
		if got.code != code || code == 14 && !strings.Contains(got.err, "0 backups of 6 backups compared with a known sum") {
			t.Errorf("%s: %+v, want %d", args, got, code)
		}
	}
}

// TestNoBackup: a place that holds something, and no backup, says what it holds.
func TestNoBackup(t *testing.T) {
	dir := t.TempDir()
	for name, n := range map[string]int{"disk-%d.qcow2": 3, "backup.%08d-1111-2222-3333-444455556666.meta": 2, "x%d": 1} {
		for i := range n {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf(name, i)), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	p, err := store.Open(t.Context(), store.Location{Scheme: "posix", Rest: dir}, store.Options{Now: clockAt(noon)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	const what = "6 objects that hearth does not know: 3 look like disk images (such as disk-"
	for args, code := range map[string]int{"backups": 0, "inventory": 0, "verify": 14, "verify --deep": 14} {
		got := on(t, p).run(strings.Fields(args)...)
		if got.code != code || !strings.Contains(got.err, what) ||
			!strings.Contains(got.err, "2 look like metadata objects of Cinder's Ceph driver") ||
			!strings.Contains(got.err, "1 looks like nothing that hearth knows of (such as x0)") {
			t.Errorf("%s: %+v", args, got)
		}
	}
	empty := filepath.Join(dir, "sub")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	q, err := store.Open(t.Context(), store.Location{Scheme: "posix", Rest: empty}, store.Options{Now: clockAt(noon)})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if got := on(t, q).run("verify"); got.code != 0 || strings.Contains(got.err, "no damage") {
		t.Errorf("%+v", got)
	}
}

func TestInventory(t *testing.T) {
	b, dir := posix(t)
	if err := os.Remove(chunk(t, dir, "07070e3e-110a-4fb9-81c8-5436a1e09fff", "_metadata")); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, o := range b.list("inventory", "-o", "json") {
		kind, _ := o.Get("kind")
		kinds[kind.Text()]++
	}
	if kinds[string(core.HoldingBackup)] != 5 || kinds[string(core.HoldingUnfinished)] != 1 || kinds[string(core.HoldingStray)] != 1 {
		t.Errorf("%v", kinds)
	}
}
