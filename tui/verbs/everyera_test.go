package verbs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hearth/store"
	"hearth/store/jobs"
	"hearth/store/storetest/race"
)

// eraTruth is what is known of a backup that an era's own code wrote.
type eraTruth struct {
	Row    map[string]any
	Cinder string // what a Cinder of today makes of it: equal, wrong, refused
	SHA256 string
	Bytes  int64
}

// TestEveryVerbOverEveryEra goes through all verbs that a repository answers, over what
// each release of Cinder wrote: none falls over, each ends as it does for what Cinder
// makes of the backup, and what is to be known of the era is said.
func TestEveryVerbOverEveryEra(t *testing.T) {
	race.Once(t)
	root := filepath.Join("..", "..", "testdata", "repository", "eras")
	dirs, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, d := range dirs {
		if !d.IsDir() {
			continue
		}
		n++
		t.Run(d.Name(), func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join(root, d.Name(), "truth.json"))
			var truth []eraTruth
			if err == nil {
				err = json.Unmarshal(body, &truth)
			}
			if err != nil {
				t.Fatal(err)
			}
			everyVerb(t, d.Name(), truth)
		})
	}
	if n < 14 {
		t.Errorf("%d eras", n)
	}
}

// everyVerb runs them. A wrong one is refused by a plan, and its bytes come out right; of
// one that is refused a record is none, and it does not travel.
func everyVerb(t *testing.T, name string, truth []eraTruth) {
	const says = "a Cinder of today puts each chunk one too far"
	b := era(t, name)
	empty, _ := demo(t, store.World{Volumes: 2, Backups: -1})
	third, _ := demo(t, store.World{Volumes: 2, Backups: -1})
	b.env.Open = func(_ context.Context, location string) (jobs.Desk, func(), error) {
		switch location {
		case "era":
			return b.desk, func() {}, nil
		case "third":
			return third.desk, func() {}, nil
		}
		return empty.desk, func() {}, nil
	}
	run := func(code int, told bool, args string) outcome {
		t.Helper()
		got := b.run(strings.Fields(args)...)
		if got.code != code {
			t.Errorf("%s ends with %d, want %d: %s", args, got.code, code, got.err)
		}
		if said := strings.Contains(strings.Join(strings.Fields(got.out+got.err), " "), says); said != told {
			t.Errorf("%s says %+v", args, got)
		}
		return got
	}
	codes := map[string]map[string]int{ // where it is not 0
		"plan": {"equal": 13, "wrong": 6, "refused": 6}, "verify": {"wrong": 8, "refused": 8}, "export": {"refused": 6},
		"copy": {"refused": 11}, "recover": {"refused": 11}, "arrive": {"refused": 6},
	}
	kind := truth[0].Cinder // all of one repository are of a kind
	wrong := kind == "wrong"
	for _, x := range truth {
		id := x.Row["id"].(string)
		if x.Cinder != kind {
			t.Errorf("%s is %s, and the first is %s", id, x.Cinder, kind)
		}
		run(codes["plan"][kind], wrong, "plan --new x "+id)
		run(codes["verify"][kind], wrong, "verify --deep "+id)
		run(codes["export"][kind], wrong, "export "+id)
		if bare := name == "grizzly" || name == "havana" || id == "931d9326-c848-4971-8658-9835203f73f8"; bare {
			run(3, false, "capture --of "+id) // Cinder stored none
		} else if got := run(0, false, "capture --of "+id); !strings.HasPrefix(got.out, "{") {
			t.Errorf("the capture of %s is %+v", id, got)
		}
		got := run(0, wrong, "extract --to - "+id)
		if sum := sha256.Sum256([]byte(got.out)); x.SHA256 != "" && hex.EncodeToString(sum[:]) != x.SHA256 {
			t.Errorf("%s: %d bytes come out, and not the %d that were backed up", id, len(got.out), x.Bytes)
		}
		file := filepath.Join(t.TempDir(), "disk.raw")
		if err := os.WriteFile(file, []byte(got.out), 0o600); err != nil {
			t.Fatal(err)
		}
		run(0, false, "compare "+id+" "+file)
		if err := os.WriteFile(file, append([]byte{got.out[0] ^ 1}, got.out[1:]...), 0o600); err != nil {
			t.Fatal(err)
		}
		run(5, false, "compare "+id+" "+file)
		run(codes["copy"][kind], wrong, "copy --from era --to other --dry-run "+id)
	}
	run(0, wrong, "inventory")
	run(0, wrong, "backups")
	run(codes["verify"][kind], wrong, "verify")
	run(0, false, "reconcile --from era --to other")
	run(codes["recover"][kind], wrong, "recover --from era --to other --all --dry-run")
	run(codes["arrive"][kind], wrong, "recover --from era --to other --all --yes")
	ids := make([]string, len(truth))
	for i, x := range truth {
		ids[i] = x.Row["id"].(string)
	}
	run(codes["arrive"][kind], wrong, "copy --from era --to third --yes "+strings.Join(ids, " "))
	for name, place := range map[string]*bench{"recovered": empty, "copied": third} {
		there := place.list("backups", "-o", "json")
		if want := len(truth); kind == "refused" && len(there) != 0 || kind != "refused" && len(there) != want {
			t.Errorf("%d backups are %s, of %d that are %s", len(there), name, want, kind)
		}
		for _, row := range there {
			of := func(key string) string {
				v, _ := row.Get(key)
				return v.Text()
			}
			i := slices.Index(ids, of("id"))
			if i < 0 || of("volume_id") != fmt.Sprint(truth[i].Row["volume_id"]) {
				t.Errorf("%s: %s of volume %s", name, of("id"), of("volume_id"))
			}
		}
	}
}
