package cinder_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/jobs"
)

// target is what a backup is restored onto.
type target struct {
	kind string // new, new-named, existing, or what else a test has
	name string // of the new volume
	onto core.VolumeID
	typ  string // of the new volume: made by POST /volumes
}

// tally counts restores.
type tally struct {
	mu                        sync.Mutex
	restores, refused, differ int
	kinds                     map[string]int
}

func (n *tally) tell(t *testing.T) {
	t.Helper()
	t.Logf("%d restores (%v), of which Cinder refused %d as planned; %d differences", n.restores, n.kinds, n.refused, n.differ)
}

func (n *tally) add(kind string, refused bool, differences int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.kinds == nil {
		n.kinds = map[string]int{}
	}
	n.restores++
	n.kinds[kind]++
	n.differ += differences
	if refused {
		n.refused++
	}
}

// restore plans a restore, carries it out for real, and holds what came of it
// against the plan: by hearth's own comparison, and by hand. Without captures the
// plan is made of what hearth has kept.
func (s *site) restore(n *tally, id core.BackupID, of core.VolumeID, captures []core.Capture, to target) {
	t := s.t
	t.Helper()
	request := jobs.PlanRequest{Backup: id, Onto: to.onto, Name: to.name, Type: to.typ, Via: core.ViaDatabase}
	if s.desk.Source == nil {
		request.Captures = captures
	}
	plan, err := s.desk.Plan(s.ctx, request)
	if err != nil {
		t.Error(err)
		return
	}
	if s.desk.Source != nil {
		n.exact(t, id, plan, captures)
	}
	if plan.Guess() {
		t.Errorf("%s of %s: the plan is a guess", to.kind, id)
	}
	previews := s.previews(request, plan)
	asked := core.RestoreRequest{Backup: id, Volume: to.onto, Name: to.name, Type: to.typ}
	if plan.Error != nil { // hearth refuses it, and Cinder is asked all the same whether that is right
		volume := s.refusedAsPlanned(n, asked, plan)
		s.cameTrue(previews, volume)
		s.ask(s.ctx, "DELETE", "/volumes/"+string(volume), nil)
		return
	}
	report, err := s.desk.Restore(s.ctx, asked, plan, true, nil)
	s.keep(report.Volume)
	if !report.Waited {
		t.Errorf("%s of %s: %v", to.kind, id, err)
		return
	}
	var differences []string
	want, got := plan.After.Clone(), s.state(report.Volume)
	switch {
	case report.Failed():
		differences = append(differences, fmt.Sprintf("the plan says that it works, and %v", err))
	default:
		if err != nil {
			differences = append(differences, err.Error())
		}
		// cinder/backup/manager.py restore_backup, by its own words.
		noted, _ := want.Metadata.Get("src_backup_id")
		if report.Volume != of || noted.Truthy() && noted.Text() != string(id) {
			want.Metadata.Set("src_backup_id", pyjson.OfString(string(id)))
		}
		for _, f := range report.Fields {
			if f.Came == core.CameUnknown && f.Name != "encryption_key_id" && f.Name != "volume_type_id" {
				differences = append(differences, "hearth could not see "+f.Name)
			}
		}
	}
	differences = append(differences, seen(got).Diff(seen(want))...)
	if len(differences) > 0 {
		t.Errorf("restore of %s, %s: %q\nplanned %s\nis      %s", id, to.kind, differences, pyjson.Text(pyjson.OfDict(want.Object())),
			pyjson.Text(pyjson.OfDict(got.Object())))
	}
	s.cameTrue(previews, report.Volume)
	n.add(to.kind, false, len(differences))
	s.ask(s.ctx, "DELETE", "/volumes/"+string(report.Volume), nil) // it makes room; tidy looks whether it went
}

// refusedAsPlanned: what the plan says that Cinder refuses hearth refuses before
// anything is made, and Cinder itself, asked by hand, does leave the target in error
// and as the plan says.
func (s *site) refusedAsPlanned(n *tally, r core.RestoreRequest, plan *core.Plan) core.VolumeID {
	t := s.t
	t.Helper()
	report, err := s.desk.Restore(s.ctx, r, plan, true, nil)
	sentence(t, "refused as planned", err, core.CodeRefused)
	if report.Volume != "" {
		t.Errorf("%s of %s: refused, and it made volume %s", plan.Target.Kind, r.Backup, report.Volume)
	}
	done, err := s.desk.Place.(store.Operator).RestoreBackup(s.ctx, r)
	if err != nil {
		t.Error(err)
		return ""
	}
	s.keep(done.Volume)
	status := s.await(done.Volume)
	differences := seen(s.state(done.Volume)).Diff(seen(plan.After))
	if status != "error_restoring" || len(differences) > 0 {
		t.Errorf("the plan says that Cinder refuses (%s), and the volume is %s, %q", plan.Error.Message, status, differences)
	}
	n.add("refused "+string(plan.Target.Kind), true, len(differences))
	return done.Volume
}

// exact holds the captures that hearth read from the repository by itself against
// those that were read from its files by hand: layer by layer, byte for byte.
func (n *tally) exact(t *testing.T, id core.BackupID, plan *core.Plan, captures []core.Capture) {
	t.Helper()
	same := len(plan.Captures) == len(captures)
	for i := range plan.Captures {
		same = same && plan.Captures[i].Text == captures[i].Text && plan.Captures[i].Source.Kind == core.SourceRepository
	}
	if !same {
		t.Errorf("%s: hearth read %d captures from the repository, which are not the %d that lie there", id, len(plan.Captures), len(captures))
	}
}

// three restores a backup the three ways: into a new volume that Cinder names, into
// one with a name, and onto one that is there.
func (s *site) three(n *tally, b *core.Backup, captures []core.Capture) {
	s.restore(n, b.ID, b.VolumeID, captures, target{kind: "new"})
	s.restore(n, b.ID, b.VolumeID, captures, target{kind: "new-named", name: named("ünïcode")})
	s.restore(n, b.ID, b.VolumeID, captures, target{kind: "existing", onto: s.dressed("existing", b.Size, b.Size%2 == 0)})
}

// TestRealRestores: of each backup that is there, restored for real, hearth's plan
// from the captures that it read in the backup repository said beforehand what
// would come of it. With -short every third is.
func TestRealRestores(t *testing.T) {
	var n tally
	for _, variable := range []string{"HEARTH_TEST_CLOUD", "HEARTH_TEST_CLOUD2"} {
		t.Run(variable, func(t *testing.T) {
			s := realCloud(t, variable)
			destroys(t, "restoring every backup")
			folder := os.Getenv("HEARTH_TEST_REPOSITORY")
			if folder == "" {
				t.Skip("HEARTH_TEST_REPOSITORY does not name the folder of the backup repository, where Cinder stored the captures")
			}
			// With the repository configured, hearth finds the captures itself.
			repository, err := store.Open(s.ctx, store.Location{Scheme: "posix", Rest: folder}, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { repository.Close() })
			s.desk.Source = repository.(store.CaptureSource)
			s.database = s.openDatabase(variable)
			t.Cleanup(func() { s.database.tell(t) })
			// The records first: a backup that is being restored cannot be exported.
			available := s.available()
			layers := map[core.BackupID][]core.Capture{}
			for _, b := range available {
				layers[b.ID] = s.byHand(folder, b.ID)
			}
			for i, b := range available {
				if testing.Short() && i%3 != 0 {
					continue
				}
				t.Run(strings.ReplaceAll(core.Visible(b.Title()), "/", " "), func(t *testing.T) {
					t.Parallel()
					s.in(t).three(&n, &b, layers[b.ID])
				})
			}
		})
	}
	n.tell(t)
}

// byHand reads the captures of a chain, the full backup first, by the records and
// the files: this does not rely on what is tested.
func (s *site) byHand(folder string, id core.BackupID) (captures []core.Capture) {
	s.t.Helper()
	for id != "" {
		r, err := s.desk.Place.(store.Exporter).Export(s.ctx, id)
		if err != nil {
			s.t.Fatal(err)
		}
		d, err := core.DecodeRecord(r.URL, core.Today)
		if err != nil {
			s.t.Fatal(err)
		}
		captures = append([]core.Capture{stored(s.t, folder, id, &d)}, captures...)
		id = d.ParentID()
	}
	return captures
}

// stored is the capture that Cinder's Posix driver stored with a backup.
func stored(t *testing.T, folder string, id core.BackupID, d *core.Decoded) core.Capture {
	t.Helper()
	file := filepath.Join(folder, d.Field("container").Text(), d.Field("service_metadata").Text()+"_metadata")
	body, err := os.ReadFile(file)
	var doc struct {
		Meta string `json:"volume_meta"`
	}
	if err == nil {
		err = json.Unmarshal(body, &doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := core.ReadCapture(doc.Meta, core.Source{Kind: core.SourceRepository, Where: file})
	c.BackupID = id
	return c
}

// chainOf are kept captures as one hands them in: as files, which count as what
// Cinder stored.
func chainOf(kept []core.KeptCapture) (out []core.Capture) {
	for _, k := range kept {
		k.Capture.Source = core.Source{Kind: core.SourceFile}
		out = append(out, k.Capture)
	}
	return out
}

// TestRealOwnBackups: of backups that hearth made, the captures that it kept at
// that moment are enough: its plan says what a restore then does. Between the
// backups the volumes change in all the ways that make a difference.
func TestRealOwnBackups(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	var n tally
	var backups []core.Backup
	put := func(id core.VolumeID, volume dict) { s.must("PUT", "/volumes/"+string(id), dict{"volume": volume}) }
	metadata := func(id core.VolumeID, m dict) { s.must("PUT", "/volumes/"+string(id)+"/metadata", dict{"metadata": m}) }
	action := func(id core.VolumeID, name string, args dict) {
		s.must("POST", "/volumes/"+string(id)+"/action", dict{name: args})
	}
	backup := func(id core.VolumeID, name string, incremental bool) {
		backups = append(backups, s.backup(id, name, incremental))
	}

	chain := s.volume("chain", 1, dict{"description": "the first", "metadata": dict{"env": "prod", "tier": "gold"}})
	s.image(chain, dict{"image_name": "debian-12", "min_disk": "3"})
	action(chain, "os-set_bootable", dict{"bootable": true})
	backup(chain, "chain-full", false)
	put(chain, dict{"name": named("chain renamed"), "description": "the second"})
	metadata(chain, dict{"env": "prod", "owner": "größe 日本"})
	backup(chain, "chain-incr-1", true)
	metadata(chain, dict{})
	action(chain, "os-unset_image_metadata", dict{"key": "image_name"})
	action(chain, "os-unset_image_metadata", dict{"key": "min_disk"})
	action(chain, "os-set_bootable", dict{"bootable": false})
	put(chain, dict{"description": ""})
	backup(chain, "chain-incr-2", true)
	put(chain, dict{"name": named("chain of today"), "description": "changed since"})
	metadata(chain, dict{"since": "then"})

	// Without a name, and with one only later.
	bare := s.volume("bare", 1, dict{"description": "nobody"})
	put(bare, dict{"name": ""})
	backup(bare, "bare-full", false)
	put(bare, dict{"name": named("bare no more")})
	backup(bare, "bare-incr", true)

	// With a name as Cinder gives to volumes that it makes for a restore.
	lookalike := s.volume("lookalike", 1, dict{"metadata": dict{"a": ""}})
	put(lookalike, dict{"name": "restore_backup_of " + run})
	backup(lookalike, "lookalike-full", false)
	put(lookalike, dict{"name": named("lookalike"), "description": nil})
	backup(lookalike, "lookalike-incr", true)

	// Bootable without image metadata, and a name that is an attack.
	hostile := s.volume("hostile", 1, nil)
	action(hostile, "os-set_bootable", dict{"bootable": true})
	put(hostile, dict{"name": named("\x1b[31mred\x1b[0m line1\nline2\ttab \u202etxt.exe"), "description": "a\r\nb"})
	backup(hostile, "hostile", false)

	types, err := s.desk.Place.(store.Typer).VolumeTypes(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := range backups {
		b := &backups[i]
		t.Run(strings.TrimPrefix(b.Name.V, run+"-"), func(t *testing.T) {
			t.Parallel()
			s := s.in(t)
			s.three(&n, b, nil)
			unnamed := s.volume("onto", 1, dict{"metadata": dict{"x": "y"}})
			s.must("PUT", "/volumes/"+string(unnamed), dict{"volume": dict{"name": ""}})
			s.restore(&n, b.ID, b.VolumeID, nil, target{kind: "unnamed", onto: unnamed})
			for _, typ := range types {
				if typ.Default {
					s.restore(&n, b.ID, b.VolumeID, nil, target{kind: "from-backup", typ: typ.Name})
					s.restore(&n, b.ID, b.VolumeID, nil, target{kind: "from-backup-named", typ: typ.Name, name: named("from backup")})
				}
			}
		})
	}
	t.Cleanup(func() { n.tell(t) })
	// Onto the volume itself, at last: it is the target of what it holds.
	t.Run("own", func(t *testing.T) {
		s := s.in(t)
		for _, i := range []int{2, 0, 4} {
			b := &backups[i]
			plan, err := s.desk.Plan(s.ctx, jobs.PlanRequest{Backup: b.ID, Onto: b.VolumeID, Via: core.ViaDatabase})
			if err != nil {
				t.Fatal(err)
			}
			report, err := s.desk.Restore(s.ctx, core.RestoreRequest{Backup: b.ID, Volume: b.VolumeID}, plan, true, nil)
			got, want := s.state(b.VolumeID), plan.After
			if diff := seen(got).Diff(seen(want)); err != nil || len(diff) > 0 {
				t.Errorf("%s onto itself: %v, %q, %+v", b.Title(), err, diff, report.Differing())
			}
			n.add("own", false, len(report.Differing()))
		}
	})
}
