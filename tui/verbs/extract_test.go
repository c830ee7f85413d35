package verbs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExtract(t *testing.T) {
	const chain = "512fd8d1-25cd-4e2b-85cb-30a4f849e9cc"
	b, dir := posix(t)
	file := filepath.Join(t.TempDir(), "disk.raw")
	if got := b.run("extract", chain, "--to", file); got.code != 0 || got.out != "" ||
		!strings.Contains(got.err, "a full backup and 2 incrementals") || !strings.Contains(got.err, "each held against its sums") {
		t.Fatalf("to a file: %+v", got)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.run("extract", chain, "--to", "-"); got.code != 0 || got.out != string(want) {
		t.Errorf("to stdout: %d bytes of %d, %s", len(got.out), len(want), got.err)
	}
	if got := b.run("extract", chain, "--to", "-", "--at", "70000", "--length", "9"); got.code != 0 || got.out != string(want[70000:70009]) {
		t.Errorf("a part: %+v", got)
	}
	if got := b.run("compare", chain, file); got.code != 0 || !strings.Contains(got.err, "are the same") {
		t.Errorf("compare: %+v", got)
	}
	want[70000] ^= 1
	if err := os.WriteFile(file, want, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := b.run("compare", chain, file, "-o", "value"); got.code != 5 || got.out != "69632\t4096\tdiffers\n" {
		t.Errorf("compare with a byte changed: %+v", got)
	}
	for args, code := range map[string]int{"extract " + chain: 2, "extract nosuch --to x": 3, "extract " + chain + " --to " + file: 5,
		"extract " + chain + " --to x --at -1":                           2,
		"extract " + chain + " --to " + file + ".new --overwrite /dev/x": 2, "compare " + chain + " /none": 3} {
		if got := b.run(strings.Fields(args)...); got.code != code {
			t.Errorf("%s: %+v, want %d", args, got, code)
		}
	}
	if err := os.Remove(chunk(t, dir, chain, "-00001")); err != nil {
		t.Fatal(err)
	}
	if got := b.run("extract", chain, "--to", file+".2"); got.code != 8 || !strings.Contains(got.err, "it is not there") {
		t.Errorf("with a chunk gone: %+v", got)
	}
	if got := b.run("extract", chain, "--to", file+".3", "--keep-going"); got.code != 11 || !strings.Contains(got.err, "! bytes ") {
		t.Errorf("going on: %+v", got)
	}
	if got := b.run("compare", chain, file+".3"); got.code != 11 || !strings.Contains(got.out, "the backup has lost it") {
		t.Errorf("compare with what is lost: %+v", got)
	}
	if got := open(t, lab).run("extract", "db-prod-full", "--to", "x"); got.code != 12 {
		t.Errorf("a database: %+v", got)
	}
}
