package jobs_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// backupOf and volumeOf change a row of a world.
func backupOf(id core.BackupID, change func(*core.Backup)) func(*memory.World) {
	return func(w *memory.World) {
		for i := range w.Backups {
			if w.Backups[i].ID == id {
				change(&w.Backups[i])
			}
		}
	}
}

func volumeOf(id core.VolumeID, change func(*core.Volume)) func(*memory.World) {
	return func(w *memory.World) {
		for i := range w.Volumes {
			if w.Volumes[i].ID == id {
				change(&w.Volumes[i])
			}
		}
	}
}

// secret is an encrypted backup of WebRoot, which is available.
func secret(w *memory.World) {
	backupOf(storetest.Tagged, func(b *core.Backup) { b.EncryptionKeyID = core.Some("a key") })(w)
	volumeOf(storetest.WebRoot, func(v *core.Volume) {
		v.EncryptionKeyID, v.VolumeTypeID, v.Encrypted = core.Some("its key"), core.Some(storetest.LUKS), core.Some(true)
	})(w)
}

const (
	other  core.VolumeID = "0a000000-0000-4000-8000-000000000006" // 1 GiB
	second               = storetest.Second
	tagged               = storetest.Tagged
	full                 = storetest.Full
)

// blockers is every way in which a restore cannot be, or may not: what the world is
// like, what is asked for, and what is answered.
var blockers = []struct {
	what   string
	world  func(*memory.World)
	cloud  func(*memory.Cloud)
	ask    jobs.CanRequest
	code   string
	answer core.Answer
	says   string
}{
	{"no role", nil, func(c *memory.Cloud) { c.Deny(core.OpRestore, "a reader may not restore a backup") },
		of(full, ""), core.ReasonDenied, core.AnswerNo, "a reader may not"},
	{"no such backup", nil, nil, of(storetest.NoSuch, ""), core.ReasonBackupMissing, core.AnswerNo, storetest.NoSuch},
	{"it is in error", nil, nil, of(storetest.Broken, ""), core.ReasonBackupStatus, core.AnswerNo, "the backup is error"},
	{"it is being restored", backupOf(full, func(b *core.Backup) { b.Status = core.StatusRestoring }), nil,
		of(full, ""), core.ReasonRestoring, core.AnswerNo, "under way"},
	{"its parent is gone", nil, nil, of(storetest.Orphan, ""), core.ReasonParentMissing, core.AnswerNo, storetest.NoSuch},
	{"its parents go round", backupOf(full, func(b *core.Backup) { b.ParentID = second }), nil,
		of(second, ""), core.ReasonParentCycle, core.AnswerNo, "circle"},
	{"its parent is in error", backupOf(full, func(b *core.Backup) { b.Status = core.StatusError }), nil,
		of(second, ""), core.ReasonParentStatus, core.AnswerUnknown, "db full (0b000000) is error"},
	{"its parent is guessed", backupOf(second, func(b *core.Backup) { b.ParentGuessed = true }), nil,
		of(second, ""), core.ReasonParentGuessed, core.AnswerUnknown, "does not name the parent of db incr 2"},
	{"no parent is seen", backupOf(full, func(b *core.Backup) { b.Incremental = true }), nil,
		of(full, ""), core.ReasonParentGuessed, core.AnswerUnknown, "nothing is seen that it could stand on"},
	{"another driver's parent",
		backupOf(full, func(b *core.Backup) { b.Service = core.Some("cinder.backup.drivers.nfs.NFSBackupDriver") }), nil,
		of(second, ""), core.ReasonParentDriver, core.AnswerNo, "does not read the other's"},
	{"an old driver, in a new cloud", backupOf(full, func(b *core.Backup) { b.Service = core.Some("cinder.backup.services.swift") }), nil,
		of(full, ""), core.ReasonDriverGone, core.AnswerNo, "no Cinder of today"},
	{"an old driver, in a cloud of unknown age",
		backupOf(full, func(b *core.Backup) { b.Service = core.Some("cinder.backup.services.swift") }),
		func(c *memory.Cloud) { c.Scoped(core.Scope{}) }, of(full, ""), core.ReasonDriverGone, core.AnswerUnknown,
		"a Cinder as old as that driver restores it, a newer one sets the target to error"},
	{"no such volume", nil, nil, of(tagged, storetest.NoSuch), core.ReasonTargetMissing, core.AnswerNo, storetest.NoSuch},
	{"the target is attached", volumeOf(storetest.Database, func(v *core.Volume) {
		v.Attachments = []core.Attachment{{Server: "web-1", Device: "/dev/vdb", Host: "kvm7"}}
	}), nil, of(tagged, storetest.Database), core.ReasonTargetInUse, core.AnswerNo, "by server web-1 as /dev/vdb on kvm7"},
	{"the target is being restored onto", volumeOf(storetest.WebRoot, func(v *core.Volume) { v.Status = "restoring-backup" }), nil,
		of(tagged, storetest.WebRoot), core.ReasonRestoring, core.AnswerNo, "under way"},
	{"the target is in error", nil, nil, of(tagged, storetest.Encrypted), core.ReasonTargetStatus, core.AnswerNo, "error_restoring"},
	{"the target is too small", nil, nil, of(tagged, other), core.ReasonTargetSmall, core.AnswerNo, "has 1 GiB"},
	{"the new one is too small", nil, nil, shaped(core.RestoreRequest{Backup: full, Size: 40}), core.ReasonTargetSmall, core.AnswerNo,
		"40 GiB is too small for a backup of 500"},
	{"the type is gone", nil, nil, shaped(core.RestoreRequest{Backup: full, Type: "gone"}), core.ReasonTypeGone, core.AnswerNo, "gone"},
	{"LUKS to the default type", secret, nil, shaped(core.RestoreRequest{Backup: tagged, Type: "__DEFAULT__"}), core.ReasonEncryptedType,
		core.AnswerNo, "wants the type LUKS|the type __DEFAULT__ is not"},
	{"LUKS onto a plain volume", func(w *memory.World) {
		secret(w)
		volumeOf(other, func(v *core.Volume) { v.Size = 10 })(w)
	}, nil, of(tagged, other), core.ReasonEncryptedType, core.AnswerNo, "is not: Cinder writes the data, then refuses"},
	{"LUKS to another type that encrypts", secret, func(c *memory.Cloud) { c.Encrypting(storetest.SSD) },
		shaped(core.RestoreRequest{Backup: tagged, Type: "ssd"}), core.ReasonEncryption, core.AnswerUnknown, "has the type LUKS today"},
	{"LUKS whose key is hidden", func(w *memory.World) {
		secret(w)
		backupOf(tagged, func(b *core.Backup) { b.EncryptionKeyID = core.Opt[string]{} })(w)
	}, func(c *memory.Cloud) { c.Hides(true) }, shaped(core.RestoreRequest{Backup: tagged, Type: "ssd"}), core.ReasonEncryption,
		core.AnswerUnknown, "whether the backup is encrypted is not known"},
	{"LUKS with the fixed key", func(w *memory.World) {
		secret(w)
		backupOf(tagged, func(b *core.Backup) { b.EncryptionKeyID = core.Opt[string]{} })(w)
	}, func(c *memory.Cloud) { c.Fixed(tagged) }, shaped(core.RestoreRequest{Backup: tagged, Type: "ssd"}), core.ReasonEncryptedType,
		core.AnswerNo, "the type ssd is not"},
	{"encrypted, and its source is gone", func(w *memory.World) {
		secret(w)
		backupOf(tagged, func(b *core.Backup) { b.VolumeID = storetest.Purged })(w)
	}, func(c *memory.Cloud) { c.Encrypting(storetest.Usual) }, of(tagged, ""), core.ReasonEncryption, core.AnswerUnknown,
		"its source volume is gone"},
	{"no volumes left", nil, func(c *memory.Cloud) { c.Allows(map[string]core.Allowance{"volumes": {Limit: 10, Used: 10}}) },
		of(full, ""), core.ReasonQuotaVolumes, core.AnswerNo, "quota of volumes is used up"},
	{"no gigabytes left", nil, func(c *memory.Cloud) { c.Allows(map[string]core.Allowance{"gigabytes": {Limit: 1000, Used: 501}}) },
		of(full, ""), core.ReasonQuotaGigabytes, core.AnswerNo, "leaves 499 GiB, and the volume takes 500"},
	{"none of the type", nil, func(c *memory.Cloud) { c.Allows(map[string]core.Allowance{"volumes_ssd": {Limit: 0}}) },
		shaped(core.RestoreRequest{Backup: full, Type: "ssd"}), core.ReasonQuotaVolumes, core.AnswerNo, "of the type ssd"},
	{"a larger one than may be", nil, func(c *memory.Cloud) { c.Allows(map[string]core.Allowance{"per_volume_gigabytes": {Limit: 100}}) },
		of(full, ""), core.ReasonQuotaGigabytes, core.AnswerNo, "100 GiB at most"},
	{"the service is down", nil, func(c *memory.Cloud) { c.Serves(core.BackupService{Host: "alpha", Zone: "nova", Enabled: true}) },
		of(full, ""), core.ReasonServiceDown, core.AnswerNo, "alpha is down"},
	{"the service is disabled", nil, func(c *memory.Cloud) { c.Serves(core.BackupService{Host: "alpha", Zone: "nova", Up: true}) },
		of(full, ""), core.ReasonServiceDown, core.AnswerNo, "alpha is disabled"},
	{"only another zone's is up", nil,
		func(c *memory.Cloud) {
			c.Serves(core.BackupService{Host: "beta", Zone: "west", Up: true, Enabled: true})
		},
		of(full, ""), core.ReasonServiceDown, core.AnswerNo, "of the zone nova is up"},
	{"the repository is damaged", nil, nil, jobs.CanRequest{Restore: core.RestoreRequest{Backup: second},
		Verified: []core.VerifyReport{{ID: full, Damages: 1, Flaws: []core.Flaw{{Text: "a chunk is missing"}}}}},
		core.ReasonDamaged, core.AnswerNo, "a chunk is missing"},
	{"the rules refuse it", nil, nil, jobs.CanRequest{Restore: core.RestoreRequest{Backup: full}, Plan: core.NewPlan(core.PlanInput{
		Captures: []core.Capture{core.ReadCapture(`{"version": 3}`, core.Source{Kind: core.SourceFile})}})},
		core.ReasonRefused, core.AnswerNo, "Unsupported backup metadata version"},
	{"the rules would, of a guess", nil, nil, jobs.CanRequest{Restore: core.RestoreRequest{Backup: full}, Plan: core.NewPlan(core.PlanInput{
		Captures: []core.Capture{core.ReadCapture(`{"version": 3}`, core.Source{Kind: core.SourceNow})}})},
		core.ReasonLayerAssumed, core.AnswerUnknown, "Unsupported backup metadata version"},
}

func of(b core.BackupID, onto core.VolumeID) jobs.CanRequest {
	return jobs.CanRequest{Restore: core.RestoreRequest{Backup: b, Volume: onto}}
}

func shaped(r core.RestoreRequest) jobs.CanRequest { return jobs.CanRequest{Restore: r} }

// sends are the calls that change something.
func sends(calls []string) (out []string) {
	for _, c := range calls {
		if c == "MakeVolume" || c == "RestoreBackup" || c == "DeleteVolume" || strings.HasPrefix(c, "POST") || strings.HasPrefix(c, "PUT") {
			out = append(out, c)
		}
	}
	return out
}

// TestBlockers walks the table: each blocker is told by its code, with something to
// act on; what cannot be is refused, and nothing was made, sent or journalled.
func TestBlockers(t *testing.T) {
	for _, x := range blockers {
		t.Run(x.what, func(t *testing.T) {
			world := x.world
			if world == nil {
				world = func(*memory.World) {}
			}
			c, d := cloudDesk(t, world)
			if x.cloud != nil {
				x.cloud(c)
			}
			can, err := d.Can(t.Context(), x.ask)
			ok(t, err)
			i := slices.IndexFunc(can.Reasons, func(r core.Reason) bool { return r.Code == x.code && r.Answer == x.answer })
			if can.Answer() != x.answer || i < 0 {
				t.Fatalf("%s: %+v", can.Answer(), can.Reasons)
			}
			told := false
			for _, says := range strings.Split(x.says, "|") {
				told = told || strings.Contains(can.Reasons[i].Text, says)
			}
			if r := can.Reasons[i]; !told || r.Next == "" {
				t.Errorf("%q, next %q", r.Text, r.Next)
			}
			if x.answer == core.AnswerNo {
				report, err := d.Restore(t.Context(), x.ask.Restore, x.ask.Plan, true, nil)
				if x.ask.Verified == nil && (err == nil || report.Volume != "" || !strings.Contains(err.Error(), can.Reasons[0].Text)) {
					t.Errorf("restored all the same: %v, %+v", err, report)
				}
			}
			if x.ask.Verified == nil && len(sends(c.Calls())) > 0 || len(journal(t, d)) > 0 && x.ask.Verified == nil {
				t.Errorf("sent %q, journalled %+v", sends(c.Calls()), journal(t, d))
			}
		})
	}
	seen := map[string]bool{}
	for _, x := range blockers {
		seen[x.code] = true
	}
	for _, code := range []string{core.ReasonDenied, core.ReasonBackupMissing, core.ReasonBackupStatus, core.ReasonRestoring,
		core.ReasonParentMissing, core.ReasonParentCycle, core.ReasonParentStatus, core.ReasonParentGuessed, core.ReasonParentDriver,
		core.ReasonDriverGone, core.ReasonTargetMissing, core.ReasonTargetStatus, core.ReasonTargetInUse, core.ReasonTargetSmall,
		core.ReasonTypeGone, core.ReasonEncryptedType, core.ReasonEncryption, core.ReasonQuotaVolumes, core.ReasonQuotaGigabytes,
		core.ReasonServiceDown, core.ReasonDamaged, core.ReasonRefused} {
		if !seen[code] {
			t.Errorf("no blocker shows %s", code)
		}
	}
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
