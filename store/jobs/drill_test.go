package jobs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// drillDesk is a desk at a cloud whose backups are small, and whose time goes on.
func drillDesk(t *testing.T, change ...func(*memory.World)) (*memory.Cloud, jobs.Desk) {
	c, d := cloudDesk(t, append([]func(*memory.World){func(w *memory.World) {
		for i := range w.Backups {
			w.Backups[i].Size = min(w.Backups[i].Size, 2)
		}
	}}, change...)...)
	return c, d
}

func planDrill(t *testing.T, d jobs.Desk, q jobs.DrillRequest) jobs.DrillPlan {
	t.Helper()
	p, err := d.PlanDrill(t.Context(), q, nil)
	ok(t, err)
	return p
}

// drillVolumes are the volumes of drills that are there.
func drillVolumes(t *testing.T, d jobs.Desk) (out []string) {
	t.Helper()
	page, err := d.Volumes(t.Context(), core.Query{})
	ok(t, err)
	for i := range page.Rows {
		if strings.HasPrefix(page.Rows[i].Name.Or(""), core.DrillPrefix) {
			out = append(out, page.Rows[i].Name.V+" "+page.Rows[i].Status)
		}
	}
	return out
}

func verdictsOf(drills []core.Drill) map[core.BackupID]core.DrillVerdict {
	out := map[core.BackupID]core.DrillVerdict{}
	for i := range drills {
		out[drills[i].Backup] = drills[i].Verdict
	}
	return out
}

// TestDrill: a good one, one that Cinder fails, one too large for the quota and one that is
// encrypted; nothing is left, and all is kept.
func TestDrill(t *testing.T) {
	const encrypted = core.BackupID("0b000000-0000-4000-8000-000000000011")
	c, d := drillDesk(t, func(w *memory.World) {
		for i := range w.Backups {
			switch w.Backups[i].ID {
			case storetest.NullTag:
				w.Backups[i].Size = 900
			case encrypted:
				w.Backups[i].VolumeID = storetest.Encrypted
			}
		}
	})
	c.Encrypting(storetest.LUKS)
	c.Allows(map[string]core.Allowance{"gigabytes": {Limit: 1000, Used: 900}})
	ids := []core.BackupID{storetest.Second, storetest.Full, storetest.NullTag, encrypted}
	p := planDrill(t, d, jobs.DrillRequest{Backups: ids})
	if n, gib := p.Todo(); n != 3 || gib != 2 {
		t.Errorf("%d are to be tried, the largest has %d GiB", n, gib)
	}
	if it := &p.Items[3]; it.Restore.Type != storetest.LUKS || it.Type != "LUKS" {
		t.Errorf("the encrypted one goes to the type %q, said to be %q", it.Restore.Type, it.Type)
	}
	c.GoWrong(core.OpRestore, "No such chunk.")
	before := drillVolumes(t, d)
	drills, err := d.Drill(t.Context(), p, nil)
	wantCode(t, "a drill of which some did not come back", err, core.CodePartial)
	got := verdictsOf(drills)
	if got[storetest.Second] != core.DrillFailed || got[storetest.Full] != core.DrillRestored || got[storetest.NullTag] != core.DrillRefused ||
		got[encrypted] != core.DrillRestored {
		t.Errorf("the verdicts are %v", got)
	}
	for i := range drills {
		x := &drills[i]
		if !x.Gone || !strings.HasPrefix(x.Name, core.DrillPrefix) || (x.Volume == "") != (x.Verdict == core.DrillRefused) {
			t.Errorf("%s: %+v", x.Backup, x)
		}
		if x.Verdict == core.DrillFailed && !strings.Contains(x.Why, "No such chunk.") {
			t.Errorf("it failed, and Cinder's words are not told: %s", x.Why)
		}
		if x.Verdict == core.DrillRefused && !strings.Contains(x.Why, "quota") {
			t.Errorf("it was refused: %s", x.Why)
		}
		if x.Verdict == core.DrillRestored && (len(x.Fields) == 0 || x.NotDeep == "") {
			t.Errorf("it came back, with %d fields, not compared: %q", len(x.Fields), x.NotDeep)
		}
	}
	if after := drillVolumes(t, d); len(before)+len(after) > 0 {
		t.Errorf("volumes of drills: before %v, after %v", before, after)
	}
	if e := journal(t, d); e[len(e)-1].Kind != core.EntryDrill || e[len(e)-1].State != core.EntryDone {
		t.Errorf("the journal says %+v", e[len(e)-1])
	}
	kept, err := d.Drills(t.Context())
	ok(t, err)
	if len(kept) != 4 || kept[0].Backup != encrypted || kept[0].Verdict != core.DrillRestored {
		t.Errorf("kept are %+v", kept)
	}
	for i := range kept { // and each field of it, as it came out
		fields, err := d.DrillFields(t.Context(), kept[i].ID)
		ok(t, err)
		x := slices.IndexFunc(drills, func(x core.Drill) bool { return x.ID == kept[i].ID })
		was, is := drills[x].FieldsText(), (&core.Drill{Fields: fields}).FieldsText()
		if was != is || len(fields) != len(drills[x].Fields) || kept[i].Verdict == core.DrillRestored && len(fields) == 0 {
			t.Errorf("%s: the fields were %s, and are kept as %s", kept[i].Backup, was, is)
		}
	}
	m, err := d.Morning(t.Context(), jobs.MorningRequest{}, nil)
	ok(t, err)
	if s := m.Drills.V; s.LastGood != 2 || s.LastOf != 4 || s.Restored != 2 || s.Bad != 1 || s.Proven != 0 || s.Left != 0 {
		t.Errorf("the morning says %+v", s)
	}
	never := planDrill(t, d, jobs.DrillRequest{Rule: jobs.DrillNever})
	for _, it := range never.Items {
		if it.Backup.ID == storetest.Second || it.Backup.ID == storetest.Full {
			t.Errorf("%s was tried, and is called never tried", it.Backup.ID)
		}
	}
}

// TestDrillKilled kills a drill at each of its calls. Somebody's volume that is called like
// one of a drill stays; what the drill made is gone after a rerun.
func TestDrillKilled(t *testing.T) {
	for n := 1; ; n++ {
		c, d := drillDesk(t)
		q := jobs.DrillRequest{Backups: []core.BackupID{storetest.Second, storetest.NullTag}}
		theirs, err := c.MakeVolume(t.Context(), core.VolumeRequest{Name: core.DrillPrefix + "of-somebody", Size: 1})
		ok(t, err)
		c.Advance()
		p := planDrill(t, d, q)
		c.KillCall(n)
		ended := false
		done := make(chan struct{})
		go func() {
			defer close(done)
			d.Drill(context.Background(), p, nil)
			ended = true
		}()
		<-done
		c.KillCall(0)
		if ended {
			if n < 15 {
				t.Fatalf("it takes %d calls", n-1)
			}
			return
		}
		c.Advance() // the cloud goes on
		c.Advance()
		dead(t, d)
		if _, err := d.Settle(t.Context()); err != nil {
			t.Errorf("killed at call %d: %v", n, err)
		}
		p = planDrill(t, d, q)
		if _, err := d.Drill(t.Context(), p, nil); err != nil {
			t.Errorf("killed at call %d, the rerun: %v", n, err)
		}
		if left := drillVolumes(t, d); len(left) != 1 {
			t.Errorf("killed at call %d: there are %v", n, left)
		}
		if v, err := d.Place.Volume(t.Context(), theirs.ID); err != nil || v.Status != core.StatusAvailable {
			t.Errorf("killed at call %d: somebody's volume is %s, %v", n, v.Status, err)
		}
		if left, err := d.LeftDrills(t.Context()); err != nil || len(left) > 0 {
			t.Errorf("killed at call %d: the archive says that %+v is left, %v", n, left, err)
		}
		for _, e := range journal(t, d) {
			if e.State == core.EntryOpen || e.State == core.EntryUnsettled {
				t.Errorf("killed at call %d: entry %d, a %s, is %s", n, e.ID, e.Kind, e.State)
			}
		}
	}
}

// dyingAsked is a cloud at which hearth is killed while it asks for a volume, which is made.
type dyingAsked struct{ *memory.Cloud }

func (c dyingAsked) MakeVolume(ctx context.Context, r core.VolumeRequest) (core.MadeVolume, error) {
	c.Cloud.MakeVolume(ctx, r)
	runtime.Goexit()
	return core.MadeVolume{}, nil
}

// TestDrillFoundByName: a volume whose id was never noted is found by the name that was; of
// two that are called so none is taken.
func TestDrillFoundByName(t *testing.T) {
	for _, twice := range []bool{false, true} {
		c, d := drillDesk(t)
		p := planDrill(t, d, jobs.DrillRequest{Backups: []core.BackupID{storetest.NullTag}})
		killed := d
		killed.Place = dyingAsked{c}
		done := make(chan struct{})
		go func() {
			defer close(done)
			killed.Drill(context.Background(), p, nil)
		}()
		<-done
		want := 0
		if twice {
			_, err := c.MakeVolume(t.Context(), core.VolumeRequest{Name: p.Items[0].Restore.Name, Size: 1})
			ok(t, err)
			want = 2
		}
		c.Advance()
		dead(t, d)
		left, err := d.TidyDrills(t.Context(), nil)
		if there := drillVolumes(t, d); len(left) != 1 || left[0].Gone == twice || (err != nil) != twice || len(there) != want {
			t.Errorf("twice: %v: %v, %+v, %v", twice, there, left, err)
		}
	}
}

// TestDrillUnderWay: what a drill that is at work has made is nobody's to tidy up.
func TestDrillUnderWay(t *testing.T) {
	c, d := drillDesk(t)
	p := planDrill(t, d, jobs.DrillRequest{Backups: []core.BackupID{storetest.NullTag}})
	begun, let := make(chan struct{}, 1), make(chan struct{})
	busy := d
	busy.Sleep = func(ctx context.Context, x time.Duration) error {
		select {
		case begun <- struct{}{}:
		default:
		}
		<-let
		return c.Sleep(ctx, x)
	}
	done := make(chan error)
	go func() {
		_, err := busy.Drill(t.Context(), p, nil)
		done <- err
	}()
	<-begun
	left, err := d.TidyDrills(t.Context(), nil)
	if there := drillVolumes(t, d); err != nil || len(left) > 0 || len(there) != 1 {
		t.Errorf("tidied were %+v, %v; there are %v", left, err, there)
	}
	close(let)
	if err := <-done; err != nil || len(drillVolumes(t, d)) > 0 {
		t.Errorf("%v, %v", err, drillVolumes(t, d))
	}
}

// dead makes the entries of this process those of one that is no more.
func dead(t *testing.T, d jobs.Desk) {
	t.Helper()
	for _, e := range journal(t, d) {
		ok(t, d.Archive.Leave(t.Context(), e.ID, d.Now().Add(-time.Hour)))
	}
}

// TestDrillLeavesOthers: what is no longer what the drill made stays, and is told.
func TestDrillLeavesOthers(t *testing.T) {
	for what, x := range map[string]struct {
		change func(*core.Volume)
		says   string
	}{
		"renamed":  {func(v *core.Volume) { v.Name = core.Some("mine now") }, "is called mine now"},
		"attached": {func(v *core.Volume) { v.Attachments = []core.Attachment{{Server: "s"}} }, "attached"},
	} {
		_, d := drillDesk(t)
		var c changed
		c.Cloud, c.change = d.Place.(*memory.Cloud), x.change
		d.Place = &c
		p := planDrill(t, d, jobs.DrillRequest{Backups: []core.BackupID{storetest.NullTag}})
		drills, err := d.Drill(t.Context(), p, nil)
		wantCode(t, what, err, core.CodePartial)
		if len(drills) != 1 || drills[0].Gone || !strings.Contains(drills[0].Left, x.says) {
			t.Errorf("%s: %+v", what, drills)
		}
		if c.deleted > 0 {
			t.Errorf("%s: it was deleted", what)
		}
	}
}

// given is a cloud whose volumes are being given away.
type given struct {
	*memory.Cloud
	t *testing.T
}

func (c given) Volume(ctx context.Context, id core.VolumeID) (core.Volume, error) {
	v, err := c.Cloud.Volume(ctx, id)
	v.Status = "awaiting-transfer"
	return v, err
}

func (c given) DeleteVolume(context.Context, core.VolumeID) error {
	c.t.Error("it was deleted")
	return nil
}

// TestDrillGivenAway: what a drill left, and somebody is about to take, stays.
func TestDrillGivenAway(t *testing.T) {
	c, d := drillDesk(t)
	made, err := c.MakeVolume(t.Context(), core.VolumeRequest{Name: core.DrillPrefix + "x", Size: 1})
	ok(t, err)
	_, err = d.Archive.BeginDrill(t.Context(), core.Drill{Place: c.Info().Location, Backup: storetest.NullTag, Name: core.DrillPrefix + "x",
		Volume: made.ID, At: d.Now()})
	ok(t, err)
	d.Place = given{c, t}
	left, err := d.TidyDrills(t.Context(), nil)
	wantCode(t, "given away", err, core.CodePartial)
	if len(left) != 1 || left[0].Gone || left[0].Left != "it is awaiting-transfer" {
		t.Errorf("%+v", left)
	}
	d.Place = closed{c} // one that is not seen is not gone
	left, err = d.TidyDrills(t.Context(), nil)
	wantCode(t, "not seen", err, core.CodePartial)
	if len(left) != 1 || left[0].Gone || left[0].Left != "it may not be read" {
		t.Errorf("%+v", left)
	}
}

// grabbed is a cloud where something happens to a volume once a restore onto it was asked for.
type grabbed struct {
	*memory.Cloud
	t       *testing.T
	becomes func(*core.Volume) error
	asked   bool
	looks   int
}

func (c *grabbed) RestoreBackup(ctx context.Context, r core.RestoreRequest) (core.Restoring, error) {
	c.asked = true
	return c.Cloud.RestoreBackup(ctx, r)
}

func (c *grabbed) Volume(ctx context.Context, id core.VolumeID) (core.Volume, error) {
	v, err := c.Cloud.Volume(ctx, id)
	if v.ProjectID = "ours"; c.asked && err == nil {
		if c.looks++; c.looks > 200 {
			c.t.Fatal("it is looked at for ever")
		}
		err = c.becomes(&v)
	}
	return v, err
}

func (c *grabbed) DeleteVolume(context.Context, core.VolumeID) error {
	c.t.Error("it was deleted")
	return nil
}

// TestDrillTaken: a volume that is somebody else's while it is restored onto ends the drill of
// it, which says so, and is not deleted.
func TestDrillTaken(t *testing.T) {
	status := func(s string) func(*core.Volume) error {
		return func(v *core.Volume) error { v.Status = s; return nil }
	}
	for what, x := range map[string]struct {
		becomes   func(*core.Volume) error
		why, left string
	}{
		"given away": {status("awaiting-transfer"), "became awaiting-transfer while it was restored onto", "it is awaiting-transfer"},
		"reserved":   {status("reserved"), "became reserved while it was restored onto", "it is reserved, and stays so"},
		"another's": {func(v *core.Volume) error { v.ProjectID = "theirs"; return nil }, "was given to another project while",
			"it is another project's now"},
		"gone": {func(v *core.Volume) error { return core.Fail(core.CodeNotFound, "read it", "there is none", "", nil) },
			"was deleted, or given to another project, while", ""},
		"renamed": {func(v *core.Volume) error { v.Name, v.Status = core.Some("mine"), "maintenance"; return nil },
			"became maintenance while", "it is called mine now"},
	} {
		c, d := drillDesk(t)
		c.Scoped(core.Scope{Project: core.Project{ID: "ours"}})
		place := &grabbed{Cloud: c, t: t, becomes: x.becomes}
		d.Place = place
		p := planDrill(t, d, jobs.DrillRequest{Backups: []core.BackupID{storetest.NullTag}})
		drills, err := d.Drill(t.Context(), p, nil)
		wantCode(t, what, err, core.CodePartial)
		if len(drills) != 1 || drills[0].Verdict != core.DrillUnknown || !strings.Contains(drills[0].Why, x.why) ||
			drills[0].Gone != (x.left == "") || !strings.Contains(drills[0].Left, x.left) {
			t.Errorf("%s: %+v", what, drills)
		}
	}
}

// closed is a cloud that shows no volume.
type closed struct{ *memory.Cloud }

func (closed) Volume(context.Context, core.VolumeID) (core.Volume, error) {
	return core.Volume{}, core.Fail(core.CodeDenied, "read the volume", "it may not be read", "", nil)
}

// TestDrillMayLand: a volume that was asked for, and may come yet, is not said to be gone; when
// it has come it is found by its name.
func TestDrillMayLand(t *testing.T) {
	c, d := drillDesk(t)
	d.SettleAfter = 5 * time.Minute
	const name = core.DrillPrefix + "late"
	_, err := d.Archive.BeginDrill(t.Context(), core.Drill{Place: c.Info().Location, Backup: storetest.NullTag, Name: name, At: d.Now()})
	ok(t, err)
	left, err := d.TidyDrills(t.Context(), nil)
	wantCode(t, "before its time", err, core.CodePartial)
	if len(left) != 1 || left[0].Gone || !strings.Contains(left[0].Left, "is not known before 5m0s have passed") {
		t.Errorf("%+v", left)
	}
	_, err = c.MakeVolume(t.Context(), core.VolumeRequest{Name: name, Size: 1})
	ok(t, err)
	left, err = d.TidyDrills(t.Context(), nil)
	if ok(t, err); len(left) != 1 || !left[0].Gone || len(drillVolumes(t, d)) > 0 {
		t.Errorf("when it has come: %+v, there are %v", left, drillVolumes(t, d))
	}
}

// changed is a cloud whose volumes somebody changes once they were restored onto.
type changed struct {
	*memory.Cloud
	change  func(*core.Volume)
	deleted int
}

func (c *changed) Volume(ctx context.Context, id core.VolumeID) (core.Volume, error) {
	v, err := c.Cloud.Volume(ctx, id)
	if core.RestoredFrom(&v) != "" {
		c.change(&v)
	}
	return v, err
}

func (c *changed) DeleteVolume(ctx context.Context, id core.VolumeID) error {
	c.deleted++
	return c.Cloud.DeleteVolume(ctx, id)
}

// TestDrillRules: which backups the rules take.
func TestDrillRules(t *testing.T) {
	_, d := drillDesk(t)
	took := func(q jobs.DrillRequest) (out []core.BackupID) {
		for _, it := range planDrill(t, d, q).Items {
			if it.Backup.Status != core.StatusAvailable {
				t.Errorf("%s is %s", it.Backup.ID, it.Backup.Status)
			}
			out = append(out, it.Backup.ID)
		}
		return out
	}
	newest := took(jobs.DrillRequest{Rule: jobs.DrillNewest})
	seen := map[core.VolumeID]bool{}
	for _, id := range newest {
		b, err := d.Place.Backup(t.Context(), id)
		ok(t, err)
		if seen[b.VolumeID] {
			t.Errorf("two of volume %s", b.VolumeID)
		}
		seen[b.VolumeID] = true
	}
	if !slices.Contains(newest, storetest.Orphan) && !slices.Contains(newest, storetest.Second) || slices.Contains(newest, storetest.Full) {
		t.Errorf("the newest are %v", newest)
	}
	two := took(jobs.DrillRequest{Rule: jobs.DrillRandom, Most: 2, Seed: 5})
	if len(two) != 2 || !slices.Equal(two, took(jobs.DrillRequest{Rule: jobs.DrillRandom, Most: 2, Seed: 5})) {
		t.Errorf("of a seed are %v", two)
	}
	drawn := map[core.BackupID]bool{}
	for seed := range uint64(60) {
		for _, id := range took(jobs.DrillRequest{Rule: jobs.DrillRandom, Most: 2, Seed: seed}) {
			drawn[id] = true
		}
	}
	if all := took(jobs.DrillRequest{Rule: jobs.DrillNever}); len(drawn) != len(all) {
		t.Errorf("of %d backups %d are ever drawn", len(all), len(drawn))
	}
	f, err := core.ParseFilter("name~incr", core.BackupColumns)
	ok(t, err)
	if got := took(jobs.DrillRequest{Rule: jobs.DrillNever, Filter: f, Most: 1}); !slices.Equal(got, []core.BackupID{storetest.Second}) {
		t.Errorf("of a filter: %v", got)
	}
	_, err = jobs.Desk{Place: d.Place, Pace: d.Pace, Who: d.Who}.PlanDrill(t.Context(), jobs.DrillRequest{}, nil)
	wantCode(t, "without an archive", err, core.CodeUnsupported)
}

// deepCloud writes what the repository holds to a file when a volume was restored onto.
type deepCloud struct {
	*memory.Cloud
	dir   string
	bytes []byte
	done  map[core.VolumeID]bool
	other bool // another description comes back
}

func (c *deepCloud) Volume(ctx context.Context, id core.VolumeID) (core.Volume, error) {
	v, err := c.Cloud.Volume(ctx, id)
	if err == nil && core.RestoredFrom(&v) != "" && !c.done[id] {
		c.done[id] = true
		if name := filepath.Join(c.dir, "volume-"+string(id)); c.bytes != nil {
			err = os.WriteFile(name, c.bytes, 0o600)
		} else {
			err = os.Mkdir(name, 0o700)
		}
	}
	if c.other && core.RestoredFrom(&v) != "" {
		v.Description = core.Some("not what it was")
	}
	return v, err
}

// TestDrillDeep: what a volume holds is held against the repository, byte for byte.
func TestDrillDeep(t *testing.T) {
	at := repositoryOf(t)
	folder := folderDesk(t, at)
	whole := extracted(t, folder, newestOfThree)
	stored, has, err := folder.Place.(store.CaptureSource).Capture(t.Context(), newestOfThree)
	if ok(t, err); !has {
		t.Fatal("the repository has no capture of it")
	}
	wrong, short := slices.Clone(whole), whole[:len(whole)-5000]
	wrong[len(wrong)/2] ^= 1
	chunks, err := filepath.Glob(filepath.Join(at, "*", "*", "*", "*"+string(newestOfThree)+"-00001"))
	if ok(t, err); len(chunks) != 1 {
		t.Fatalf("its first chunk is %q", chunks)
	}
	chunk, err := os.ReadFile(chunks[0])
	ok(t, err)
	for what, x := range map[string]struct {
		bytes   []byte // nil: it is no file
		verdict core.DrillVerdict
		says    string
		at      string // "": where the volume is
	}{
		"whole":          {whole, core.DrillProven, "", ""},
		"another text":   {whole, core.DrillDiffers, "fields differ from the plan, such as display_description", ""},
		"a bit":          {wrong, core.DrillDiffers, "1 of ", ""},
		"short":          {short, core.DrillDiffers, "too short by 5000 bytes", ""},
		"no file":        {nil, core.DrillRestored, "its bytes were not compared: ", ""},
		"a lost chunk":   {whole, core.DrillRestored, "its bytes were not compared: the repository itself has lost some of it", ""},
		"not found here": {whole, core.DrillRestored, "at none of /nowhere/", "/nowhere/volume-{id}"},
	} {
		_, d := drillDesk(t, func(w *memory.World) {
			for i := range w.Backups {
				if b := &w.Backups[i]; b.ID == storetest.NullTag {
					b.ID = newestOfThree
					w.Captures = append(w.Captures, core.KeptCapture{VolumeID: b.VolumeID, BackupID: b.ID, At: clock(), Capture: stored})
				}
			}
		})
		dir := t.TempDir()
		d.Place = &deepCloud{d.Place.(*memory.Cloud), dir, x.bytes, map[core.VolumeID]bool{}, what == "another text"}
		d.Source = folder.Place.(store.CaptureSource)
		devices := []string{filepath.Join(dir, "volume-{id}")}
		if x.at != "" {
			devices = []string{x.at}
		}
		p := planDrill(t, d, jobs.DrillRequest{Backups: []core.BackupID{newestOfThree}, Deep: true, Devices: devices})
		if what == "a lost chunk" {
			ok(t, os.Remove(chunks[0]))
		}
		drills, _ := d.Drill(t.Context(), p, nil)
		ok(t, os.WriteFile(chunks[0], chunk, 0o600))
		if len(drills) != 1 || len(drills[0].Fields) == 0 {
			t.Fatalf("%s: %+v", what, drills)
		}
		got := &drills[0]
		if got.Verdict != x.verdict || !strings.Contains(got.Says(), x.says) || !got.Gone {
			t.Errorf("%s: %s, %s", what, got.Verdict, got.Says())
		}
		if x.at == "" && got.NotDeep == "" && got.Compared != int64(len(whole)) {
			t.Errorf("%s: %d of %d bytes were compared", what, got.Compared, len(whole))
		}
	}
}

// TestDrillConfig: what is no path and no image of a volume is refused.
func TestDrillConfig(t *testing.T) {
	for path, good := range map[string]bool{"/srv/v/volume-{id}": true, "/srv/v": false, "volume-{id}": false, "rbd:volumes/volume-{id}": true,
		"rbd:volumes/volume-{id}:id=cinder:conf=/etc/ceph/two.conf": true, "rbd:volumes/volume": false, "rbd:volume-{id}": false,
		"rbd:volumes/volume-{id}:key=x": false} {
		if key, what := (jobs.DrillConfig{Devices: []string{path}}).Check(); (key == "") != good {
			t.Error(fmt.Sprint(path, ": ", key, what))
		}
	}
}
