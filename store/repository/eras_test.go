package repository_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/repository"
)

// eraTruth is what is known of a backup that an era's own code wrote: its row, and what
// a Cinder of today restores of it (.ci/lab/py/eras.py).
type eraTruth struct {
	Row    map[string]any
	Cinder string // equal, wrong, refused
	SHA256 string // of the volume as of the backup
	Bytes  int64
}

// releases are what each repository was written by, as its row is to say.
var releases = map[string]string{
	"grizzly": "Grizzly", "havana": "Havana", "icehouse": "Icehouse or Juno", "juno": "Icehouse or Juno", "kilo": "Kilo (",
	"kilo-nfs": "Kilo (", "liberty": "Liberty (7.0) or later", "liberty-posix": "Liberty to Ocata", "ocata-posix": "Liberty to Ocata",
	"ocata-shared": "Liberty to Ocata", "pike-posix": "Pike", "field-nfs": "Liberty to Ocata", "field-shared": "Liberty to Ocata",
	"field-swift": "Kilo (",
}

func readEra(t *testing.T, era string) map[core.BackupID]eraTruth {
	t.Helper()
	body, err := os.ReadFile(root("eras", era, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []eraTruth
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatal(err)
	}
	out := map[core.BackupID]eraTruth{}
	for _, x := range list {
		out[core.BackupID(x.Row["id"].(string))] = x
	}
	return out
}

// TestEras holds every layout in which Cinder ever wrote: each backup's row is the one
// that the database had, and what a verification says is what Cinder does with it.
func TestEras(t *testing.T) {
	t.Parallel()
	dirs, err := os.ReadDir(root("eras"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, d := range dirs {
		if _, ok := releases[d.Name()]; ok != d.IsDir() {
			t.Errorf("%s is in the folder or in the list, and not in both", d.Name())
		}
		if !d.IsDir() {
			continue
		}
		n++
		t.Run(d.Name(), func(t *testing.T) {
			t.Parallel()
			want := readEra(t, d.Name())
			p := openPosix(t, root("eras", d.Name(), "repo"), repository.Options{})
			eraRows(t, p, d.Name(), want)
			eraVerdicts(t, p, want)
			eraBytes(t, p, want)
			eraElsewhere(t, d.Name(), want)
		})
	}
	if n != len(releases) {
		t.Errorf("%d repositories of %d", n, len(releases))
	}
}

// eraRows holds rows to the truth.
func eraRows(t *testing.T, p *repository.Place, era string, want map[core.BackupID]eraTruth) {
	t.Helper()
	page, err := p.Backups(t.Context(), core.Query{})
	if err != nil || len(page.Rows) != len(want) {
		t.Fatalf("%d rows of %d, %v", len(page.Rows), len(want), err)
	}
	for _, b := range page.Rows {
		w, ok := want[b.ID]
		if !ok {
			t.Errorf("%s was never there", b.ID)
			continue
		}
		parent, _ := w.Row["parent_id"].(string)
		name, _ := w.Row["display_name"].(string)
		// The releases before Stein count one object more, the metadata's (84d2a8b09).
		count := int64(w.Row["object_count"].(float64))
		if string(b.VolumeID) != w.Row["volume_id"] || string(b.ParentID) != parent || b.Name.Or("") != name ||
			float64(b.Size) != w.Row["size"] || b.Container.V != w.Row["container"] || b.ServiceMetadata.V != w.Row["service_metadata"] ||
			b.ObjectCount != count && b.ObjectCount+1 != count || !b.CreatedAt.V.Equal(instant(t, w.Row["created_at"]).V) {
			t.Errorf("%+v, and the truth is %v", b, w.Row)
		}
		if !strings.Contains(b.Layout.Writer(), releases[era]) {
			t.Errorf("%s was written by %s, and is said to be by %s", b.ID, releases[era], b.Layout.Writer())
		}
		if caution := b.Layout.Says(); (caution != "") != (w.Cinder == "wrong") {
			t.Errorf("%s: %q, and Cinder: %s", b.ID, caution, w.Cinder)
		}
		if whole := b.Status == core.StatusAvailable; whole == (w.Cinder == "refused") {
			t.Errorf("%s is %s, and Cinder: %s", b.ID, b.Status, w.Cinder)
		}
		layout, err := p.Layout(t.Context(), b.ID)
		if err != nil || layout != b.Layout {
			t.Errorf("%s: %+v, %v", b.ID, layout, err)
		}
	}
}

// reports are those of all backups, of which several may have the same prefix.
func reports(t *testing.T, p *repository.Place, deep bool) (out []core.VerifyReport) {
	t.Helper()
	if err := p.Verify(t.Context(), core.VerifyRequest{Deep: deep}, func(r core.VerifyReport) error {
		out = append(out, r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// eraVerdicts holds a verification, deep and not, to what Cinder does.
func eraVerdicts(t *testing.T, p *repository.Place, want map[core.BackupID]eraTruth) {
	t.Helper()
	for _, deep := range []bool{false, true} {
		for _, r := range reports(t, p, deep) {
			w := want[r.ID]
			switch {
			case w.Cinder == "equal" && r.Sound() && !slices.ContainsFunc(r.Flaws, func(f core.Flaw) bool { return f.Code != core.FlawMoved }):
			case w.Cinder == "wrong" && !r.Sound() && r.Misplaced():
			case w.Cinder == "refused" && r.Damages > 0 && !r.Misplaced():
			default:
				t.Errorf("deep=%v: of %s Cinder makes %s, and the verification says %+v", deep, r.ID, w.Cinder, r.Flaws)
			}
		}
	}
	strange, err := p.Unrecognised(t.Context())
	if err != nil || len(strange) > 0 {
		t.Errorf("%+v, %v", strange, err)
	}
}

// eraBytes reads each volume as of each backup, whatever Cinder makes of it.
func eraBytes(t *testing.T, p *repository.Place, want map[core.BackupID]eraTruth) {
	t.Helper()
	for id, w := range want {
		if w.SHA256 == "" { // what somebody had in hand, and nobody has the volume of
			continue
		}
		to := &inMemory{t: t, bytes: make([]byte, w.Bytes)}
		report, err := p.ReadImage(t.Context(), core.ImageRequest{Backup: id}, to)
		sum := sha256.Sum256(to.bytes)
		if err != nil || len(report.Holes) > 0 || hex.EncodeToString(sum[:]) != w.SHA256 {
			t.Errorf("%s: other bytes than were backed up: %+v, %v", id, report, err)
		}
	}
}

// eraElsewhere opens the folders above and below the root, and one with a byte changed.
func eraElsewhere(t *testing.T, era string, want map[core.BackupID]eraTruth) {
	t.Helper()
	above := t.TempDir()
	dir := filepath.Join(above, "a", "b")
	if err := os.CopyFS(dir, os.DirFS(root("eras", era, "repo"))); err != nil {
		t.Fatal(err)
	}
	p := openPosix(t, above, repository.Options{})
	eraVerdicts(t, p, want)
	eraPlaces(t, p, want)
	boxes, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, box := range boxes { // one too low: each holds some of them
		p := openPosix(t, filepath.Join(dir, box.Name()), repository.Options{})
		eraPlaces(t, p, want)
	}
	var chunks []string
	filepath.WalkDir(dir, func(path string, _ os.DirEntry, _ error) error {
		if strings.HasSuffix(path, "-00001") {
			chunks = append(chunks, path)
		}
		return nil
	})
	chunk := chunks[len(chunks)-1]
	box{t, dir}.edit(chunk, flip(-3))
	q := openPosix(t, dir, repository.Options{})
	damaged := 0
	for _, r := range reports(t, q, true) {
		if slices.ContainsFunc(r.Flaws, func(f core.Flaw) bool {
			return f.Object != "" && f.Severity == core.SeverityDamage && strings.HasSuffix(chunk, "/"+f.Object) &&
				strings.Contains(chunk, r.Container)
		}) {
			damaged++
		}
	}
	if damaged != 1 {
		t.Errorf("a byte of %s was changed, and %d backups are damaged by it", chunk, damaged)
	}
}

// eraPlaces holds containers and prefixes to the truth, wherever the repository was
// opened, and that what was made up says so.
func eraPlaces(t *testing.T, p *repository.Place, want map[core.BackupID]eraTruth) {
	t.Helper()
	v, err := p.Scan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if v.Backups == 0 || len(v.Unknown) > 0 {
		t.Errorf("%+v: %d backups, and %+v", p.Info().Location, v.Backups, v.Unknown)
	}
	for _, h := range v.Holdings.All() {
		w := want[h.ID]
		if h.Kind != core.HoldingBackup || h.Backup.ServiceMetadata.V != w.Row["service_metadata"] || string(h.VolumeID) != w.Row["volume_id"] {
			t.Errorf("%s: %+v", p.Info().Location, h)
		}
		if h.Backup.Container.V != w.Row["container"] && marks(h)["container"] != core.MarkAssumed {
			t.Errorf("%s: the container is %s, and was %s", p.Info().Location, h.Backup.Container.V, w.Row["container"])
		}
		if c, ok, err := p.Capture(t.Context(), h.ID); err != nil || ok != h.CaptureText.Set || ok && c.Err != nil {
			t.Errorf("%s: %v %v", h.ID, ok, err)
		}
	}
}
