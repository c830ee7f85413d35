package storetest

import (
	"fmt"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
)

// World is what a driver's place is to hold, as Cinder's rows.
type World struct {
	Types    []core.VolumeType
	Volumes  []VolumeRow
	Backups  []BackupRow
	Captures []core.KeptCapture
}

// VolumeRow is a row of volumes and what hangs on it.
type VolumeRow struct {
	Columns  *pyjson.Object // every one of core.VolumeColumns
	Metadata []core.Pair    // rows of volume_metadata
	Image    []core.Pair    // rows of volume_glance_metadata
	Gone     []core.Pair    // soft-deleted rows of both
}

// BackupRow is a row of backups and what hangs on it.
type BackupRow struct {
	Columns  *pyjson.Object // every one of core.BackupFields but metadata
	Metadata []core.Pair    // rows of backup_metadata
	Gone     []core.Pair    // soft-deleted ones
}

// Now is the time at which worlds stand.
var Now = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// Ids of the standard world that tests ask for by name.
const (
	Database  core.VolumeID = "0a000000-0000-4000-8000-000000000001" // metadata with a null value, a chain, captures
	WebRoot   core.VolumeID = "0a000000-0000-4000-8000-000000000002" // bootable, image metadata
	Nameless  core.VolumeID = "0a000000-0000-4000-8000-000000000003" // all that can be null is
	Hostile   core.VolumeID = "0a000000-0000-4000-8000-000000000005"
	Encrypted core.VolumeID = "0a000000-0000-4000-8000-000000000007"
	Deleted   core.VolumeID = "0a000000-0000-4000-8000-000000000009" // soft-deleted; has backups
	Purged    core.VolumeID = "0a000000-0000-4000-8000-0000000000ff" // no row; has backups

	Full                   core.BackupID = "0b000000-0000-4000-8000-000000000001" // of Database
	First                  core.BackupID = "0b000000-0000-4000-8000-000000000002" // stands on Full
	Second                 core.BackupID = "0b000000-0000-4000-8000-000000000003" // stands on First
	Orphan                 core.BackupID = "0b000000-0000-4000-8000-000000000004" // its parent is not there
	Removed                core.BackupID = "0b000000-0000-4000-8000-000000000005" // soft-deleted
	HalfGone               core.BackupID = "0b000000-0000-4000-8000-000000000006" // its status says deleted, its flag does not
	FlagGone               core.BackupID = "0b000000-0000-4000-8000-000000000007" // its flag says deleted, its status does not
	Broken                 core.BackupID = "0b000000-0000-4000-8000-000000000008" // in error
	Tagged                 core.BackupID = "0b000000-0000-4000-8000-000000000009" // metadata, name and texts beyond ASCII
	Unowned                core.BackupID = "0b000000-0000-4000-8000-00000000000a" // no owner, no service
	NullTag                core.BackupID = "0b000000-0000-4000-8000-00000000000b" // metadata with a null value: Cinder cannot export it
	Oddly                  core.BackupID = "not-a-uuid"
	NoSuch                               = "0c000000-0000-4000-8000-000000000000"
	SSD                                  = "0d000000-0000-4000-8000-000000000001" // volume types
	LUKS                                 = "0d000000-0000-4000-8000-000000000002"
	Usual                                = "0d000000-0000-4000-8000-000000000003" // __DEFAULT__
	unixDay                              = 24 * time.Hour
	swift                                = "cinder.backup.drivers.swift.SwiftBackupDriver"
	ceph                                 = "cinder.backup.drivers.ceph.CephBackupDriver"
	projectOne, projectTwo               = "11111111aaaaaaaaaaaaaaaaaaaaaaaa", "2222222222222222bbbbbbbbbbbbbbbb"
)

// columns are the values of a row that are not as usual.
type columns map[string]any

// value makes a Python value of a Go one; nil is None.
func value(v any) pyjson.Value {
	switch v := v.(type) {
	case string:
		return pyjson.OfString(v)
	case core.VolumeID:
		return pyjson.OfString(string(v))
	case core.BackupID:
		return pyjson.OfString(string(v))
	case int:
		return pyjson.OfInt(int64(v))
	case bool:
		return pyjson.OfBool(v)
	case time.Time:
		return pyjson.OfTime(v, false)
	}
	return pyjson.None
}

func row(names []string, usual, special columns) *pyjson.Object {
	o := &pyjson.Object{}
	for _, name := range names {
		v, ok := special[name]
		if !ok {
			v = usual[name]
		}
		if name != "metadata" {
			o.Set(name, value(v))
		}
	}
	return o
}

// pairs makes pairs of keys and values; "\x00" stands for a null value.
func pairs(kv ...string) []core.Pair {
	var out []core.Pair
	for i := 0; i+1 < len(kv); i += 2 {
		v := pyjson.OfString(kv[i+1])
		if kv[i+1] == "\x00" {
			v = pyjson.None
		}
		out = append(out, core.Pair{Key: kv[i], Value: v})
	}
	return out
}

func days(n int) time.Time { return Now.Add(-time.Duration(n) * unixDay) }

func volumeRow(id core.VolumeID, age int, special columns) VolumeRow {
	special["id"] = id
	return VolumeRow{Columns: row(core.VolumeColumns, columns{
		"created_at":          days(age),
		"updated_at":          days(age - 1),
		"deleted":             false,
		"use_quota":           true,
		"user_id":             "ada",
		"project_id":          projectOne,
		"host":                "alpha@lvm#pool",
		"size":                10,
		"availability_zone":   "nova",
		"status":              "available",
		"attach_status":       "detached",
		"scheduled_at":        days(age),
		"launched_at":         days(age),
		"display_name":        fmt.Sprintf("volume %d", age),
		"display_description": "",
		"volume_type_id":      SSD,
		"bootable":            false,
		"multiattach":         false,
		"shared_targets":      false,
	}, special)}
}

func backupRow(id core.BackupID, of core.VolumeID, age int, special columns) BackupRow {
	special["id"], special["volume_id"] = id, of
	return BackupRow{Columns: row(core.BackupFields, columns{
		"created_at":            days(age),
		"updated_at":            days(age).Add(time.Hour),
		"data_timestamp":        days(age),
		"deleted":               false,
		"user_id":               "ada",
		"project_id":            projectOne,
		"host":                  "alpha",
		"availability_zone":     "nova",
		"display_name":          "nightly",
		"container":             "volumebackups",
		"status":                core.StatusAvailable,
		"service_metadata":      "volume_x/" + string(id),
		"service":               swift,
		"size":                  10,
		"object_count":          20,
		"num_dependent_backups": 0,
	}, special)}
}

// Standard is the world that every driver is tested with: null and odd values,
// ties, rows deleted in every way, hostile and foreign texts.
func Standard() World {
	return World{Types: []core.VolumeType{{ID: SSD, Name: "ssd"}, {ID: LUKS, Name: "LUKS"}, {ID: Usual, Name: "__DEFAULT__", Default: true}},
		Volumes: standardVolumes(), Backups: standardBackups(), Captures: standardCaptures()}
}

func standardVolumes() []VolumeRow {
	database := volumeRow(Database, 300,
		columns{
			"display_name":        "db-prod-01",
			"display_description": "the database",
			"status":              "in-use",
			"attach_status":       "attached",
			"size":                500,
			"provider_auth":       "CHAP user secret",
			"provider_location":   "10.0.0.1:3260",
		})
	database.Metadata = pairs("tier", "gold", "owner", "dba", "none", "\x00", "empty", "")
	database.Gone = pairs("ticket", "CHG-1", "tier", "silver")
	web := volumeRow(WebRoot, 200,
		columns{"display_name": "Web-Root", "bootable": true, "snapshot_id": "0e000000-0000-4000-8000-000000000001", "availability_zone": "west"})
	web.Metadata = pairs("role", "web")
	web.Image = pairs("zeta", "last", "image_id", "f00d", "min_ram", "512", "os_type", "linux")
	web.Gone = pairs("checksum", "old")
	nameless := volumeRow(Nameless, 100,
		columns{
			"display_name":        nil,
			"display_description": nil,
			"size":                nil,
			"bootable":            nil,
			"multiattach":         nil,
			"host":                nil,
			"availability_zone":   nil,
			"attach_status":       nil,
			"user_id":             nil,
			"project_id":          nil,
			"volume_type_id":      nil,
			"created_at":          nil,
			"updated_at":          nil,
			"status":              nil,
			"use_quota":           nil,
		})
	hostile := volumeRow(Hostile, 100, columns{"display_name": "\x1b[31mred\x1b[0m\r\n'); DROP TABLE volumes;--",
		"display_description": "a\u202Eb\u200B \"quoted\" \\ % _", "multiattach": true})
	hostile.Metadata = pairs("' OR 1=1 --", "\x1b]0;owned\x07", `k"e'y`, "\u2066x\u2069")
	encrypted := volumeRow(Encrypted, 90, columns{"display_name": "vault", "volume_type_id": LUKS,
		"encryption_key_id": "0f000000-0000-4000-8000-000000000001", "status": "error_restoring"})
	gone := volumeRow(Deleted, 400,
		columns{"display_name": "was here", "deleted": true, "deleted_at": days(5), "status": "deleted", "terminated_at": days(5)})
	gone.Gone = pairs("k", "v")
	rows := []VolumeRow{database, web, nameless, hostile, encrypted, gone,
		volumeRow("0a000000-0000-4000-8000-000000000004", 100, columns{"display_name": "", "display_description": "", "size": 0}),
		volumeRow("0a000000-0000-4000-8000-000000000006", 80,
			columns{
				"display_name": "Größe 日本語 🧯 İstanbul ΣΑΣ",
				"project_id":   projectTwo,
				"user_id":      "bob",
				"size":         1,
			}),
		volumeRow("0a000000-0000-4000-8000-000000000008", 100,
			columns{"display_name": "DB-PROD-01", "source_volid": Database, "volume_type_id": "0d000000-0000-4000-8000-0000000000ff"}),
		volumeRow("0A000000-0000-4000-8000-00000000000A", 100,
			columns{"display_name": "db-prod-02", "created_at": days(100).Add(123456 * time.Microsecond), "source_volid": ""}),
	}
	return rows
}

func standardBackups() []BackupRow {
	tagged := backupRow(Tagged, WebRoot, 30,
		columns{"display_name": "Größe 每日备份 👩\u200D💻", "display_description": "naïve – \"quotes\" \\ \x1b[0m",
			"snapshot_id": "0e000000-0000-4000-8000-000000000001",
			"created_at":  days(30).Add(654321 * time.Microsecond), "encryption_key_id": "0f000000-0000-4000-8000-000000000002",
			"temp_volume_id": Hostile, "temp_snapshot_id": "0e000000-0000-4000-8000-000000000009"})
	tagged.Metadata = pairs("schedule", "weekly", "ключ", "значение", "", "no key")
	tagged.Gone = pairs("schedule", "daily")
	nullTag := backupRow(NullTag, WebRoot, 30, columns{})
	nullTag.Metadata = pairs("null", "\x00")
	rows := []BackupRow{
		backupRow(Full, Database, 21, columns{"display_name": "db full", "num_dependent_backups": 1, "size": 500, "object_count": 4000}),
		backupRow(First, Database, 14,
			columns{"display_name": "db incr 1", "parent_id": Full, "num_dependent_backups": 1, "size": 500, "restore_volume_id": WebRoot}),
		backupRow(Second, Database, 7, columns{"display_name": "db incr 2", "parent_id": First, "size": 500, "container": nil}),
		backupRow(Orphan, Database, 7, columns{"parent_id": NoSuch, "size": 500}),
		backupRow(Removed, Database, 40, columns{"deleted": true, "deleted_at": days(2), "status": core.StatusDeleted}),
		backupRow(HalfGone, Database, 40, columns{"status": core.StatusDeleted, "fail_reason": "lost"}),
		backupRow(FlagGone, Database, 40, columns{"deleted": true}),
		backupRow(Broken, WebRoot, 30, columns{"status": core.StatusError, "fail_reason": "first line\nsecond, with a , and a %",
			"object_count": nil, "size": nil, "num_dependent_backups": nil, "service_metadata": nil, "updated_at": nil}),
		tagged, nullTag,
		backupRow(Unowned, WebRoot, 30, columns{"user_id": nil, "project_id": nil, "service": nil, "host": nil, "availability_zone": nil}),
		backupRow(Oddly, Deleted, 50, columns{"display_name": nil, "display_description": nil, "service": ceph, "project_id": projectTwo,
			"user_id": "bob", "num_dependent_backups": 3}),
		backupRow("0b000000-0000-4000-8000-00000000000c", Purged, 50,
			columns{"display_name": "", "parent_id": "", "status": core.StatusRestoring, "restore_volume_id": ""}),
		backupRow("0b000000-0000-4000-8000-00000000000d", WebRoot, 30,
			columns{"parent_id": core.BackupID("0b000000-0000-4000-8000-00000000000e"), "status": core.StatusErrorDeleting, "fail_reason": ""}),
		backupRow("0b000000-0000-4000-8000-00000000000e", WebRoot, 30,
			columns{"parent_id": core.BackupID("0b000000-0000-4000-8000-00000000000d"), "status": core.StatusDeleting}),
		backupRow("0B000000-0000-4000-8000-00000000000F", Hostile, 0, columns{"display_name": "NIGHTLY", "status": core.StatusCreating,
			"created_at": Now.Add(-90 * time.Second), "data_timestamp": nil, "service": ""}),
		backupRow("0b000000-0000-4000-8000-000000000010", Hostile, 1,
			columns{"display_name": "\x1b[31m'); DROP TABLE backups;--", "created_at": nil, "updated_at": nil, "status": nil}),
		backupRow("0b000000-0000-4000-8000-000000000011", Encrypted, 366,
			columns{"display_name": "nightly%", "encryption_key_id": "0f000000-0000-4000-8000-000000000003", "size": 1024}),
	}
	return rows
}

// takenText is the text of a capture of Database with another name and owner.
func takenText(name, owner string) string {
	return `{"version": 2, "volume-base-metadata": {"id": "` + string(Database) + `", "display_name": "` + name + `", ` +
		`"display_description": "then", "encryption_key_id": null, "volume_type_id": "` + SSD +
		`"}, "volume-metadata": {"owner": "` + owner + `", "tier": "bronze"}}`
}

func standardCaptures() []core.KeptCapture {
	keep := func(age int, backup core.BackupID, text string) core.KeptCapture {
		c := core.ReadCapture(text, core.Source{Kind: core.SourceRepository, Where: "swift:cloud/box", At: core.Some(days(age))})
		return core.KeptCapture{VolumeID: Database, BackupID: backup, At: days(age), Capture: c}
	}
	return []core.KeptCapture{
		keep(21, Full, takenText("at first", "ada")), keep(14, First, takenText("then", "eve")),
		keep(7, Second, takenText("later", "bob")),
	}
}
