package core

import (
	"strings"
	"time"

	"hearth/core/pyjson"
)

// CapturedVolume is the volume that the base section of a capture describes, as a list
// shows it. It is made of copies: a part of the text would keep all of it in memory.
func CapturedVolume(id VolumeID, base *pyjson.Object) Volume {
	text := func(key string) Opt[string] {
		v, _ := base.Get(key)
		s, ok := v.Str()
		return Opt[string]{V: strings.Clone(s), Set: ok}
	}
	when := func(key string) Opt[time.Time] {
		t, err := time.Parse("2006-01-02T15:04:05", text(key).V)
		return Opt[time.Time]{V: t, Set: err == nil}
	}
	yes := func(key string) bool { v, _ := base.Get(key); return v.Truthy() }
	size, _ := base.Get("size")
	v := Volume{ID: id, Name: text("display_name"), Description: text("display_description"), Status: text("status").V,
		VolumeTypeID: text("volume_type_id"), Bootable: yes("bootable"), Multiattach: yes("multiattach"),
		EncryptionKeyID: text("encryption_key_id"), ProjectID: ProjectID(text("project_id").V), UserID: text("user_id").V,
		AvailabilityZone: text("availability_zone"), Host: text("host"), SnapshotID: text("snapshot_id"),
		SourceVolumeID: VolumeID(text("source_volid").V), AttachStatus: text("attach_status"),
		CreatedAt: when("created_at"), UpdatedAt: when("updated_at")}
	v.Size, _ = size.Int64()
	if was := text("previous_status"); v.Status == "backing-up" && was.V != "" {
		v.Status = was.V // what it was before the backup began
	}
	return v
}
