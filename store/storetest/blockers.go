package storetest

import (
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/memory"
)

// Blocker is a way in which a restore cannot be, or may not: what the cloud is like,
// what is asked for, and what is answered. The tests of the jobs and of both faces walk
// the same ones ([Blockers]).
type Blocker struct {
	What   string
	World  func(*memory.World) // nil: the standard one
	Cloud  func(*memory.Cloud) // nil: as that is
	Ask    core.RestoreRequest
	Code   string
	Answer core.Answer
	Says   string // a part of the reason

	Captures []core.Capture      // handed in, the full backup's first
	Verified []core.Verified     // what the archive keeps of verifications
	Source   store.CaptureSource // the place's own repository; nil: none is configured
	Fits     string              // what the chooser of targets says of the volume; "": it is a new one
	Metadata bool                // only the metadata is asked for, through the API
	// Unplanned says that there can be no plan, since what it would be of is not there,
	// or the place does not say enough.
	Unplanned bool
}

// NotTried are the codes without a row, and why.
var NotTried = map[string]string{
	core.ReasonUnsupported:  "a place that restores nothing offers no restore at all",
	core.ReasonNothingKnown: "a restore is of a backup; a plan of nothing is core's to refuse",
	core.ReasonLayerRefuses: "a place that does not show the types of volumes: core's own tests have one",
}

// Small is a volume of 1 GiB, which is available.
const Small core.VolumeID = "0a000000-0000-4000-8000-000000000006"

// WithBackup and WithVolume change a row of a world.
func WithBackup(id core.BackupID, change func(*core.Backup)) func(*memory.World) {
	return func(w *memory.World) {
		for i := range w.Backups {
			if w.Backups[i].ID == id {
				change(&w.Backups[i])
			}
		}
	}
}

func WithVolume(id core.VolumeID, change func(*core.Volume)) func(*memory.World) {
	return func(w *memory.World) {
		for i := range w.Volumes {
			if w.Volumes[i].ID == id {
				change(&w.Volumes[i])
			}
		}
	}
}

// Secret makes Tagged an encrypted backup of WebRoot, which is available.
func Secret(w *memory.World) {
	WithBackup(Tagged, func(b *core.Backup) { b.EncryptionKeyID = core.Some("a key") })(w)
	WithVolume(WebRoot, func(v *core.Volume) {
		v.EncryptionKeyID, v.VolumeTypeID, v.Encrypted = core.Some("its key"), core.Some(LUKS), core.Some(true)
	})(w)
}

func of(b core.BackupID, onto core.VolumeID) core.RestoreRequest {
	return core.RestoreRequest{Backup: b, Volume: onto}
}

func blocker(what string, world func(*memory.World), cloud func(*memory.Cloud), ask core.RestoreRequest, code string, answer core.Answer,
	says string) Blocker {
	return Blocker{What: what, World: world, Cloud: cloud, Ask: ask, Code: code, Answer: answer, Says: says}
}

func (b Blocker) fits(says string) Blocker {
	b.Fits = says
	return b
}

func (b Blocker) unplanned() Blocker {
	b.Unplanned = true
	return b
}

func (b Blocker) given(kind core.SourceKind, texts ...string) Blocker {
	for _, text := range texts {
		c := core.Capture{Source: core.Source{Kind: core.SourceUnknown}}
		if text != "" {
			c = core.ReadCapture(text, core.Source{Kind: kind, Where: "handed in"})
		}
		b.Captures = append(b.Captures, c)
	}
	return b
}

// verified adds that a verification found First damaged, which Second stands on.
func (b Blocker) verified(source store.CaptureSource) Blocker {
	b.Verified = []core.Verified{{Repository: "posix:/memory", Backup: First, At: Now.Add(-time.Hour), Damages: 1, Flaw: "a chunk is missing"}}
	b.Source = source
	return b
}

func (b Blocker) metadata() Blocker {
	b.Metadata = true
	return b
}

// Blockers is every way in which a restore cannot be, or may not.
func Blockers() []Blocker {
	repository := memory.NewRepository(memory.World{}, nil)
	const version3, sameKeys, badKey = `{"version": 3}`,
		`{"version": 2, "volume-base-metadata": {}, "volume-glance-metadata": {"os_type": "linux", "OS_Type": "bsd"}}`,
		`{"version": 2, "volume-base-metadata": {}, "volume-metadata": {"größe": "500 GiB"}}`
	return []Blocker{
		blocker("no role", nil, func(c *memory.Cloud) { c.Deny(core.OpRestore, "a reader may not restore a backup") },
			of(Full, ""), core.ReasonDenied, core.AnswerNo, "a reader may not"),
		blocker("no such backup", nil, nil, of(NoSuch, ""), core.ReasonBackupMissing, core.AnswerNo, NoSuch).unplanned(),
		blocker("it is in error", nil, nil, of(Broken, ""), core.ReasonBackupStatus, core.AnswerNo, "the backup is error"),
		blocker("it is being restored", WithBackup(Full, func(b *core.Backup) { b.Status = core.StatusRestoring }), nil,
			of(Full, ""), core.ReasonRestoring, core.AnswerNo, "under way"),
		blocker("its parent is gone", nil, nil, of(Orphan, ""), core.ReasonParentMissing, core.AnswerNo, NoSuch),
		blocker("its parents go round", WithBackup(Full, func(b *core.Backup) { b.ParentID = Second }), nil,
			of(Second, ""), core.ReasonParentCycle, core.AnswerNo, "circle"),
		blocker("its parent is in error", WithBackup(Full, func(b *core.Backup) { b.Status = core.StatusError }), nil,
			of(Second, ""), core.ReasonParentStatus, core.AnswerUnknown, "db full (0b000000) is error"),
		blocker("its parent is guessed", WithBackup(Second, func(b *core.Backup) { b.ParentGuessed = true }), nil,
			of(Second, ""), core.ReasonParentGuessed, core.AnswerUnknown, "does not name the parent of db incr 2"),
		blocker("no parent is seen", WithBackup(Full, func(b *core.Backup) { b.Incremental = true }), nil,
			of(Full, ""), core.ReasonParentGuessed, core.AnswerUnknown, "nothing is seen that it could stand on"),
		blocker("another driver's parent",
			WithBackup(Full, func(b *core.Backup) { b.Service = core.Some("cinder.backup.drivers.nfs.NFSBackupDriver") }), nil,
			of(Second, ""), core.ReasonParentDriver, core.AnswerNo, "does not read the other's"),
		blocker("a parent in a folder that may be another", func(w *memory.World) {
			made := map[core.BackupID]string{Full: "nfs.NFSBackupDriver", First: "posix", Second: "posix.PosixBackupDriver"}
			for id, driver := range made {
				WithBackup(id, func(b *core.Backup) { b.Service = core.Some("cinder.backup.drivers." + driver) })(w)
			}
		}, nil, of(Second, ""), core.ReasonParentDriver, core.AnswerUnknown, "both keep files in a folder"),
		blocker("an old driver, in a new cloud",
			WithBackup(Full, func(b *core.Backup) { b.Service = core.Some("cinder.backup.services.swift") }), nil,
			of(Full, ""), core.ReasonDriverGone, core.AnswerNo, "no Cinder of today"),
		blocker("an old driver, in a cloud of unknown age",
			WithBackup(Full, func(b *core.Backup) { b.Service = core.Some("cinder.backup.services.swift") }),
			func(c *memory.Cloud) { c.Scoped(core.Scope{}) }, of(Full, ""), core.ReasonDriverGone, core.AnswerUnknown,
			"a Cinder before 14.0 restores it, a newer one sets the target to error"),
		blocker("no such volume", nil, nil, of(Tagged, NoSuch), core.ReasonTargetMissing, core.AnswerNo, NoSuch).unplanned(),
		blocker("the target is attached", WithVolume(Database, func(v *core.Volume) {
			v.Attachments = []core.Attachment{{Server: "web-1", Device: "/dev/vdb", Host: "kvm7"}}
		}), nil, of(Tagged, Database), core.ReasonTargetInUse, core.AnswerNo, "by server web-1 as /dev/vdb on kvm7").fits("is in-use"),
		blocker("the target is being restored onto", WithVolume(WebRoot, func(v *core.Volume) { v.Status = "restoring-backup" }), nil,
			of(Tagged, WebRoot), core.ReasonRestoring, core.AnswerNo, "under way").fits("is restoring-backup"),
		blocker("the target is in error", nil, nil, of(Tagged, Encrypted), core.ReasonTargetStatus, core.AnswerNo,
			"error_restoring").fits("is error_restoring"),
		blocker("the target is too small", nil, nil, of(Tagged, Small), core.ReasonTargetSmall, core.AnswerNo, "has 1 GiB").fits("too small"),
		blocker("the new one is too small", nil, nil, core.RestoreRequest{Backup: Full, Size: 40}, core.ReasonTargetSmall, core.AnswerNo,
			"40 GiB is too small for a backup of 500"),
		blocker("the type is gone", nil, nil, core.RestoreRequest{Backup: Full, Type: "gone"}, core.ReasonTypeGone, core.AnswerNo, "gone"),
		blocker("LUKS to the default type", Secret, nil, core.RestoreRequest{Backup: Tagged, Type: "__DEFAULT__"}, core.ReasonEncryptedType,
			core.AnswerNo, "the type __DEFAULT__ is not"),
		blocker("LUKS onto a plain volume", func(w *memory.World) {
			Secret(w)
			WithVolume(Small, func(v *core.Volume) { v.Size = 10 })(w)
		}, nil, of(Tagged, Small), core.ReasonEncryptedType, core.AnswerNo, "is not: Cinder writes the data, then refuses").fits("not encrypted"),
		blocker("LUKS with the fixed key, onto a plain volume", func(w *memory.World) {
			Secret(w)
			WithBackup(Tagged, func(b *core.Backup) { b.EncryptionKeyID = core.Opt[string]{} })(w)
			WithVolume(Small, func(v *core.Volume) { v.Size = 10 })(w)
		}, func(c *memory.Cloud) { c.Fixed(Tagged) }, of(Tagged, Small), core.ReasonEncryptedType, core.AnswerNo,
			"is not: Cinder writes the data, then refuses").fits("not encrypted"),
		blocker("LUKS to another type that encrypts", Secret, func(c *memory.Cloud) { c.Encrypting(SSD) },
			core.RestoreRequest{Backup: Tagged, Type: "ssd"}, core.ReasonEncryption, core.AnswerUnknown, "has the type LUKS today"),
		blocker("LUKS whose key is hidden", func(w *memory.World) {
			Secret(w)
			WithBackup(Tagged, func(b *core.Backup) { b.EncryptionKeyID = core.Opt[string]{} })(w)
		}, func(c *memory.Cloud) { c.Hides(true) }, core.RestoreRequest{Backup: Tagged, Type: "ssd"}, core.ReasonEncryption,
			core.AnswerUnknown, "whether the backup is encrypted is not known"),
		blocker("LUKS with the fixed key", func(w *memory.World) {
			Secret(w)
			WithBackup(Tagged, func(b *core.Backup) { b.EncryptionKeyID = core.Opt[string]{} })(w)
		}, func(c *memory.Cloud) { c.Fixed(Tagged) }, core.RestoreRequest{Backup: Tagged, Type: "ssd"}, core.ReasonEncryptedType,
			core.AnswerNo, "the type ssd is not"),
		blocker("encrypted, and its source is gone", func(w *memory.World) {
			Secret(w)
			WithBackup(Tagged, func(b *core.Backup) { b.VolumeID = Purged })(w)
		}, func(c *memory.Cloud) { c.Encrypting(Usual) }, of(Tagged, ""), core.ReasonEncryption, core.AnswerUnknown,
			"its source volume is gone"),
		blocker("no volumes left", nil, func(c *memory.Cloud) { c.Allows(map[string]core.Allowance{"volumes": {Limit: 10, Used: 10}}) },
			of(Full, ""), core.ReasonQuotaVolumes, core.AnswerNo, "quota of volumes is used up"),
		blocker("no gigabytes left", nil, func(c *memory.Cloud) { c.Allows(map[string]core.Allowance{"gigabytes": {Limit: 1000, Used: 501}}) },
			of(Full, ""), core.ReasonQuotaGigabytes, core.AnswerNo, "leaves 499 GiB, and the volume takes 500"),
		blocker("none of the type", nil, func(c *memory.Cloud) { c.Allows(map[string]core.Allowance{"volumes_ssd": {Limit: 0}}) },
			core.RestoreRequest{Backup: Full, Type: "ssd"}, core.ReasonQuotaVolumes, core.AnswerNo, "of the type ssd"),
		blocker("a larger one than may be", nil,
			func(c *memory.Cloud) { c.Allows(map[string]core.Allowance{"per_volume_gigabytes": {Limit: 100}}) },
			of(Full, ""), core.ReasonQuotaGigabytes, core.AnswerNo, "100 GiB at most"),
		blocker("the service is down", nil, func(c *memory.Cloud) { c.Serves(core.BackupService{Host: "alpha", Zone: "nova", Enabled: true}) },
			of(Full, ""), core.ReasonServiceDown, core.AnswerNo, "alpha is down"),
		blocker("the service is disabled", nil, func(c *memory.Cloud) { c.Serves(core.BackupService{Host: "alpha", Zone: "nova", Up: true}) },
			of(Full, ""), core.ReasonServiceDown, core.AnswerNo, "alpha is disabled"),
		blocker("only another zone's is up", nil,
			func(c *memory.Cloud) {
				c.Serves(core.BackupService{Host: "beta", Zone: "west", Up: true, Enabled: true})
			},
			of(Full, ""), core.ReasonServiceDown, core.AnswerNo, "of the zone nova is up"),
		blocker("the place is only read", func(w *memory.World) { w.Info = readOnly(w.Info) }, nil,
			of(Full, ""), core.ReasonReadOnly, core.AnswerNo, "the config says read_only"),
		blocker("the types are hidden", nil, func(c *memory.Cloud) { c.FailEach("VolumeTypes", hidden) },
			core.RestoreRequest{Backup: Full, Type: "ssd"}, core.ReasonTypeHidden, core.AnswerUnknown,
			"whether there is a volume type ssd"),
		blocker("the quota is hidden", nil, func(c *memory.Cloud) { c.FailEach("Quota", hidden) },
			of(Full, ""), core.ReasonQuotaHidden, core.AnswerUnknown, "how much of the quota is left"),
		blocker("its repository is damaged", nil, nil, of(Second, ""), core.ReasonDamaged, core.AnswerNo,
			"found db incr 1 (0b000000) damaged: a chunk is missing").verified(repository),
		blocker("some repository is damaged", nil, nil, of(Second, ""), core.ReasonDamaged, core.AnswerUnknown,
			"whether that is what this place restores from is not known").verified(nil),
		blocker("the rules refuse it", nil, nil, of(Full, ""), core.ReasonRefused, core.AnswerNo,
			"Unsupported backup metadata version").given(core.SourceFile, version3),
		blocker("the rules would, of a guess", nil, nil, of(Full, ""), core.ReasonLayerAssumed, core.AnswerUnknown,
			"Unsupported backup metadata version").given(core.SourceNow, version3),
		blocker("nobody has a layer", nil, nil, of(Full, ""), core.ReasonLayerUnknown, core.AnswerUnknown,
			"nobody has the capture").given(core.SourceFile, ""),
		blocker("image keys that MariaDB takes for one", nil, nil, of(Full, ""), core.ReasonImageKeys, core.AnswerUnknown,
			"GlanceMetadataExists").given(core.SourceFile, sameKeys),
		blocker("a key that the API does not take", nil, nil, of(Tagged, WebRoot), core.ReasonAPIRefuses, core.AnswerNo,
			"the API refuses metadata größe").given(core.SourceFile, badKey).metadata(),
		blocker("no role to write", nil, func(c *memory.Cloud) { c.Deny(core.OpWriteVolume, "a reader may not change a volume") },
			of(Tagged, WebRoot), core.ReasonDenied, core.AnswerNo, "a reader may not change").given(core.SourceFile,
			`{"version": 2, "volume-base-metadata": {}, "volume-metadata": {"good": "y"}}`).metadata(),
	}
}

// hidden is what a login is told that may not see something.
var hidden = core.Fail(core.CodeDenied, "ask", "only an administrator may see that", "", nil)

// readOnly is a cloud that the config marks so.
func readOnly(info core.PlaceInfo) core.PlaceInfo {
	if info.Location == "" {
		info = memory.NewCloud(memory.World{}).Info()
	}
	info.ReadOnly = "the config says read_only"
	return info
}
