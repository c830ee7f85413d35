package core

import (
	"maps"
	"slices"

	"hearth/core/pyjson"
)

// VolumeObject is a volume as JSON: the fields of lists, its metadata, and the
// other columns of its row. Secrets are masked.
func VolumeObject(v *Volume) *pyjson.Object {
	o := ListedVolumes.Object(v, v.Unseen)
	o.Set("metadata", pyjson.OfDict(v.Metadata.Clone()))
	o.Set("volume_image_metadata", pyjson.OfDict(v.Image.Clone()))
	for name, value := range v.Row.All() {
		if name == "display_name" || name == "display_description" || o.Has(name) {
			continue
		}
		if SecretFields.Has(name) && value.Truthy() {
			value = pyjson.OfString(Masked)
		}
		if t, _ := value.Time(); value.Kind() == pyjson.Time {
			value = pyjson.OfString(APITime(t))
		}
		o.Set(name, value)
	}
	v.Told.put(o)
	return o
}

// put names in a row's JSON what another source told than its place's API, and which:
// "told_by" with "source" and "fields".
func (t Told) put(o *pyjson.Object) {
	if len(t.Fields) == 0 {
		return
	}
	var names []pyjson.Value
	for _, name := range slices.Sorted(maps.Keys(t.Fields)) {
		names = append(names, pyjson.OfString(name))
	}
	told := &pyjson.Object{}
	told.Set("source", pyjson.OfString(t.By))
	told.Set("fields", pyjson.OfList(names))
	o.Set("told_by", pyjson.OfDict(told))
}

// BackupObject is a backup as JSON: every field, its own metadata, and the ids of
// its chain, the full backup first.
func BackupObject(b *Backup, chain Chain) *pyjson.Object {
	o := ListedBackups.Object(b, b.Unseen)
	o.Set("metadata", pyjson.OfDict(b.Metadata.Clone()))
	for _, extra := range []struct {
		name  string
		value pyjson.Value
	}{{"temp_volume_id", idValue(b.TempVolumeID)}, {"temp_snapshot_id", textValue(b.TempSnapshotID)}} {
		if !b.Unseen.Has(extra.name) {
			o.Set(extra.name, extra.value)
		}
	}
	var ids []pyjson.Value
	for _, layer := range chain.Backups {
		ids = append(ids, idValue(layer.ID))
	}
	b.Told.put(o)
	o.Set("chain", pyjson.OfList(ids))
	if chain.Missing != "" {
		o.Set("missing_parent", idValue(chain.Missing))
	}
	return o
}
