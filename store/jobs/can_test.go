package jobs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
)

var (
	backupOf, volumeOf = storetest.WithBackup, storetest.WithVolume
	secret             = storetest.Secret
)

const (
	second = storetest.Second
	tagged = storetest.Tagged
	full   = storetest.Full
)

// sends are the calls that change something.
var sends = storetest.Sent

// blocked is a desk where a restore is blocked.
func blocked(t *testing.T, x *storetest.Blocker) (*memory.Cloud, jobs.Desk) {
	t.Helper()
	world := x.World
	if world == nil {
		world = func(*memory.World) {}
	}
	c, d := cloudDesk(t, world)
	if x.Cloud != nil {
		x.Cloud(c)
	}
	d.Source = x.Source
	ok(t, d.Archive.KeepVerified(t.Context(), x.Verified))
	return c, d
}

// planOf is the plan of what is asked for; nil where there can be none.
func planOf(t *testing.T, d jobs.Desk, x *storetest.Blocker) *core.Plan {
	t.Helper()
	if x.Unplanned {
		return nil
	}
	r := jobs.PlanRequest{Backup: x.Ask.Backup, Onto: x.Ask.Volume, Name: x.Ask.Name, Type: x.Ask.Type, Captures: x.Captures,
		Via: core.ViaDatabase}
	if x.Metadata {
		r.Via, r.MetadataOnly = core.ViaAPI, true
	}
	p := plan(t, d, r)
	if x.Metadata {
		ok(t, d.Weigh(t.Context(), p, r))
	}
	return p
}

// TestBlockers walks the blockers: each is told by its code, with something to act on;
// what cannot be is refused, and nothing was made, sent or journalled.
func TestBlockers(t *testing.T) {
	for _, x := range storetest.Blockers() {
		t.Run(x.What, func(t *testing.T) {
			c, d := blocked(t, &x)
			p := planOf(t, d, &x)
			var can core.Can
			var err error
			if x.Metadata {
				can = p.Can
			} else {
				can, err = d.Can(t.Context(), jobs.CanRequest{Restore: x.Ask, Plan: p})
				ok(t, err)
			}
			i := slices.IndexFunc(can.Reasons, func(r core.Reason) bool { return r.Code == x.Code && r.Answer == x.Answer })
			if can.Answer() != x.Answer || i < 0 {
				t.Fatalf("%s: %+v", can.Answer(), can.Reasons)
			}
			if r := can.Reasons[i]; !strings.Contains(r.Text, x.Says) || r.Next == "" {
				t.Errorf("%q, next %q", r.Text, r.Next)
			}
			if x.Answer == core.AnswerNo && !x.Metadata {
				report, err := d.Restore(t.Context(), x.Ask, p, true, nil)
				if err == nil || report.Volume != "" || core.CodeOf(err) == core.CodePartial {
					t.Errorf("restored all the same: %v, %+v", err, report)
				}
			}
			if x.Answer == core.AnswerNo && x.Metadata {
				if _, err := d.Apply(t.Context(), p); err == nil {
					t.Error("applied all the same")
				}
			}
			if len(sends(c.Calls())) > 0 || len(journal(t, d)) > 0 {
				t.Errorf("sent %q, journalled %+v", sends(c.Calls()), journal(t, d))
			}
			if v, err := d.Place.Volume(t.Context(), x.Ask.Volume); x.Ask.Volume != "" && !x.Metadata && err == nil {
				b, err := d.Place.Backup(t.Context(), x.Ask.Backup)
				ok(t, err)
				encrypted, err := d.Encrypted(t.Context(), b)
				ok(t, err)
				if says := core.FitsOnto(&b, encrypted, &v); !strings.Contains(says, x.Fits) || x.Fits == "" != (says == "") {
					t.Errorf("the chooser says %q", says)
				}
			}
		})
	}
}

// TestBlockersAll: each code that core has is one of the blockers' or is left out for a
// reason. A new one fails here until it has a row, which every face then shows.
func TestBlockersAll(t *testing.T) {
	seen := map[string]bool{}
	for _, x := range storetest.Blockers() {
		seen[x.Code] = true
	}
	n := 0
	for _, code := range reasonCodes(t) {
		n++
		if why := storetest.NotTried[code]; seen[code] == (why != "") {
			t.Errorf("%s: a row %v, and left out because %q", code, seen[code], why)
		}
	}
	if n < 30 {
		t.Errorf("core has %d codes", n)
	}
}

// reasonCodes reads the codes of reasons out of core.
func reasonCodes(t *testing.T) (codes []string) {
	t.Helper()
	for _, file := range []string{"can.go", "blockers.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "core", file), nil, 0)
		ok(t, err)
		for _, decl := range f.Decls {
			g, is := decl.(*ast.GenDecl)
			if !is || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				if strings.HasPrefix(v.Names[0].Name, "Reason") {
					code, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
					ok(t, err)
					codes = append(codes, code)
				}
			}
		}
	}
	return codes
}

// TestCanYes: what nothing stands against is not talked down, whoever asks.
func TestCanYes(t *testing.T) {
	big := volumeOf(storetest.WebRoot, func(v *core.Volume) { v.Size = 500 })
	for what, x := range map[string]struct {
		world func(*memory.World)
		r     core.RestoreRequest
	}{
		"a full one, new":              {big, core.RestoreRequest{Backup: full}},
		"an incremental, new":          {big, core.RestoreRequest{Backup: second}},
		"onto a volume":                {big, core.RestoreRequest{Backup: second, Volume: storetest.WebRoot}},
		"LUKS, new, of hearth's type":  {secret, core.RestoreRequest{Backup: tagged}},
		"LUKS, new, of the right type": {secret, core.RestoreRequest{Backup: tagged, Type: "LUKS"}},
		"LUKS onto its own volume":     {secret, core.RestoreRequest{Backup: tagged, Volume: storetest.WebRoot}},
	} {
		for _, hides := range []bool{false, true} {
			c, d := cloudDesk(t, x.world)
			c.Hides(hides)
			can, err := d.Can(t.Context(), jobs.CanRequest{Restore: x.r})
			if err != nil || can.Answer() != core.AnswerYes {
				t.Errorf("%s, hidden %v: %v, %+v", what, hides, err, can.Reasons)
			}
		}
	}
	// A cloud that does not answer is no reason against anything.
	for n := 1; n < 12; n++ {
		c, d := cloudDesk(t)
		c.FailCall(n, errLost)
		can, err := d.Can(t.Context(), jobs.CanRequest{Restore: core.RestoreRequest{Backup: second}})
		if err != errLost && (err != nil || can.Answer() == core.AnswerNo) {
			t.Errorf("call %d (%v) fails: %v, %+v", n, c.Calls(), err, can.Reasons)
		}
	}
}

// TestRoutes: whatever Cinder gets wrong on a volume of its own goes onto one of
// hearth's, and the plan comes true all the same.
func TestRoutes(t *testing.T) {
	ceph, s3 := "cinder.backup.drivers.ceph.CephBackupDriver", "cinder.backup.drivers.s3"
	service := func(name string) func(*memory.World) {
		return backupOf(full, func(b *core.Backup) { b.Service = core.Opt[string]{V: name, Set: name != ""} })
	}
	hidden := func(c *memory.Cloud) { c.Hides(true) }
	for what, x := range map[string]struct {
		world func(*memory.World)
		cloud func(*memory.Cloud)
		r     core.RestoreRequest
		way   core.Way
		why   string
	}{
		"a full one":            {nil, nil, core.RestoreRequest{Backup: full}, core.WayCinder, "does so rightly"},
		"a full one of a shape": {nil, nil, core.RestoreRequest{Backup: full, Size: 600}, core.WayCinder, "does so rightly"},
		"an incremental":        {nil, nil, core.RestoreRequest{Backup: second}, core.WayHearth, "an incremental"},
		"one of a shape":        {nil, nil, core.RestoreRequest{Backup: second, Size: 600, Type: "ssd"}, core.WayHearth, "an incremental"},
		"Ceph's":                {service(ceph), nil, core.RestoreRequest{Backup: full}, core.WayHearth, "Ceph"},
		"an odd driver's":       {service("acme.Driver"), nil, core.RestoreRequest{Backup: full}, core.WayHearth, "acme.Driver"},
		"nobody knows whose":    {service(""), nil, core.RestoreRequest{Backup: full}, core.WayHearth, "which driver made"},
		"nobody may know whose": {service(""), hidden, core.RestoreRequest{Backup: full, Name: "mine"}, core.WayHearth,
			"only an administrator"},
		"the cloud is asked whose": {service(""), func(c *memory.Cloud) { c.Made(full, s3) },
			core.RestoreRequest{Backup: full}, core.WayCinder, ""},
		"encrypted":            {secret, nil, core.RestoreRequest{Backup: tagged}, core.WayHearth, "is encrypted"},
		"encrypted, and named": {secret, nil, core.RestoreRequest{Backup: tagged, Name: "mine"}, core.WayHearth, "is encrypted"},
	} {
		world := x.world
		if world == nil {
			world = func(*memory.World) {}
		}
		c, d := cloudDesk(t, world)
		if x.cloud != nil {
			x.cloud(c)
		}
		p := plan(t, d, jobs.PlanRequest{Backup: x.r.Backup, Name: x.r.Name, Type: x.r.Type, Bare: x.r.Size > 0})
		if got := p.Target.Route; got.Way != x.way || !strings.Contains(got.Why, x.why) || got.Says() == "" {
			t.Errorf("%s: the plan goes %+v", what, got)
		}
		report, err := d.Restore(t.Context(), x.r, nil, true, nil)
		if err != nil || report.Route != p.Target.Route || slices.Contains(c.Calls(), "MakeVolume") != (x.way == core.WayHearth) {
			t.Errorf("%s: %v, %+v, %q", what, err, report.Route, sends(c.Calls()))
		}
		v, err := d.Place.Volume(t.Context(), report.Volume)
		ok(t, err)
		if x.r.Backup == tagged && v.VolumeTypeID.V != storetest.LUKS || x.r.Name != "" && v.Name.V != x.r.Name {
			t.Errorf("%s: it came out as %s of the type %s", what, v.Name.V, v.VolumeTypeID.V)
		}
		if e := newest(t, d); e.State != core.EntryDone || e.Volume != report.Volume || len(e.Steps) != 0 && !e.Steps[1].Done {
			t.Errorf("%s: the journal says %+v", what, e)
		}
	}
}

// TestMadeVolumeGoes: a volume that hearth made goes again only while nothing was
// written to it.
func TestMadeVolumeGoes(t *testing.T) {
	refusal := core.Fail(core.CodeRefused, "restore", "Cinder says no", "", nil)
	volumes := func(d jobs.Desk) int {
		page, err := d.Volumes(t.Context(), core.Query{})
		ok(t, err)
		return page.Total
	}
	for what, x := range map[string]struct {
		turn  func(*memory.Cloud, int) // at which call the restore is asked for
		code  core.Code
		stays int
		state core.EntryState
		says  string
	}{
		"the restore is refused": {func(c *memory.Cloud, n int) { c.FailCall(n, refusal) }, core.CodeRefused, 0, core.EntryFailed,
			"Cinder says no"},
		"its answer is lost": {func(c *memory.Cloud, n int) { c.FailCall(n, errLost) }, core.CodeOf(errLost), 1, core.EntryOpen,
			"which hearth made for it"},
		"it cannot be deleted": {func(c *memory.Cloud, n int) { c.FailCall(n, refusal); c.FailCall(n+2, refusal) }, core.CodeRefused, 1,
			core.EntryHalf, "could not be deleted"},
		"the volume ends in error": {func(c *memory.Cloud, _ int) { c.GoWrong(core.OpMakeVolume, "no valid host") }, core.CodePartial, 0,
			core.EntryFailed, "no valid host"},
		"the restore goes wrong": {func(c *memory.Cloud, _ int) { c.GoWrong(core.OpRestore, "the files are gone") }, core.CodePartial, 1,
			core.EntryFailed, "the files are gone"},
	} {
		c, d := cloudDesk(t)
		before := volumes(d)
		trial, td := cloudDesk(t)
		_, err := td.Restore(t.Context(), core.RestoreRequest{Backup: second}, nil, true, nil)
		ok(t, err)
		x.turn(c, 1+slices.Index(trial.Calls(), "RestoreBackup"))
		report, err := d.Restore(t.Context(), core.RestoreRequest{Backup: second}, nil, true, nil)
		if core.CodeOf(err) != x.code || !strings.Contains(err.Error(), x.says) || volumes(d) != before+x.stays {
			t.Errorf("%s: %v; %d volumes stay", what, err, volumes(d)-before)
		}
		e := newest(t, d)
		if e.State != x.state || e.Volume == "" {
			t.Errorf("%s: the journal says %+v", what, e)
		}
		if x.stays > 0 && !strings.Contains(err.Error()+string(report.Volume), string(e.Volume)) {
			t.Errorf("%s: %v does not name %s", what, err, e.Volume)
		}
	}
}

// TestMadeVolumeKilled: killed at any call, hearth leaves an entry that Settle settles
// by looking, and that never says that a volume holds a backup which it does not.
func TestMadeVolumeKilled(t *testing.T) {
	trial, td := cloudDesk(t)
	_, err := td.Restore(t.Context(), core.RestoreRequest{Backup: second}, nil, true, nil)
	ok(t, err)
	states := map[core.EntryState]int{}
	for n := 1 + slices.Index(trial.Calls(), "MakeVolume"); n <= len(trial.Calls()); n++ {
		c, d := cloudDesk(t)
		c.KillCall(n)
		done := make(chan struct{})
		go func() {
			defer close(done)
			d.Restore(t.Context(), core.RestoreRequest{Backup: second}, nil, true, nil)
		}()
		<-done
		c.KillCall(0)
		c.Advance()
		c.Advance()
		d.Now = func() time.Time { return clock().Add(time.Hour) }
		if _, err := d.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		e := newest(t, d)
		states[e.State]++
		if e.Volume == "" {
			if e.State != core.EntryHalf {
				t.Errorf("killed at call %d, %s without a volume", n, e.State)
			}
			continue
		}
		v, err := d.Place.Volume(t.Context(), e.Volume)
		ok(t, err)
		if holds := core.RestoredFrom(&v) == second; e.State == core.EntryOpen || holds != (e.State == core.EntryDone) {
			t.Errorf("killed at call %d (%s), the entry is %s, and the volume holds it: %v", n, trial.Calls()[n-1], e.State, holds)
		}
	}
	if states[core.EntryHalf] == 0 || states[core.EntryDone] == 0 {
		t.Errorf("the kills ended in %v", states)
	}
}

// TestLayersOfDriver: a cloud's rows do not name the driver, and of a chain it decides
// which layers come back; so the place is asked.
func TestLayersOfDriver(t *testing.T) {
	backups := chains(2)
	for i := range backups {
		backups[i].Service = core.Opt[string]{}
	}
	for driver, want := range map[string]core.Layers{"cinder.backup.drivers.ceph.CephBackupDriver": core.LayersLast,
		"cinder.backup.drivers.s3.S3BackupDriver": core.LayersAll} {
		c := memory.NewCloud(memory.World{Backups: backups, Now: clock})
		c.Made(backups[1].ID, driver)
		p, err := jobs.Desk{Place: c, Pace: jobs.Pace{Now: clock}}.Plan(t.Context(), jobs.PlanRequest{Backup: backups[1].ID, Name: "new"})
		if err != nil || p.Layers != want {
			t.Errorf("%s: layers %s, %v", driver, p.Layers, err)
		}
	}
}
