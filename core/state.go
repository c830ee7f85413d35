package core

import (
	"strings"

	"hearth/core/pyjson"
)

// State is the part of a volume that a restore can change. The texts are
// strings or None; Metadata holds strings and None, Image strings only.
type State struct {
	Name            pyjson.Value
	Description     pyjson.Value
	EncryptionKeyID pyjson.Value
	VolumeTypeID    pyjson.Value
	Bootable        bool
	Metadata        *pyjson.Object
	Image           *pyjson.Object
}

// State is the part of the volume that a restore can change.
func (v *Volume) State() State {
	s := State{
		Name: textValue(v.Name), Description: textValue(v.Description),
		EncryptionKeyID: textValue(v.EncryptionKeyID), VolumeTypeID: textValue(v.VolumeTypeID),
		Bootable: v.Bootable, Metadata: v.Metadata.Clone(), Image: v.Image.Clone(),
	}
	return s
}

// Clone returns a State that shares nothing that can change.
func (s State) Clone() State {
	s.Metadata, s.Image = s.Metadata.Clone(), s.Image.Clone()
	return s
}

// Equal reports whether both say the same of a volume.
func (s State) Equal(t State) bool { return len(s.Diff(t)) == 0 }

// Diff names the fields in which s and t differ, metadata keys as
// "metadata KEY" and "image metadata KEY".
func (s State) Diff(t State) []string {
	var out []string
	if !s.Name.Equal(t.Name) {
		out = append(out, "name")
	}
	if !s.Description.Equal(t.Description) {
		out = append(out, "description")
	}
	if !s.EncryptionKeyID.Equal(t.EncryptionKeyID) {
		out = append(out, "encryption_key_id")
	}
	if !s.VolumeTypeID.Equal(t.VolumeTypeID) {
		out = append(out, "volume_type_id")
	}
	if s.Bootable != t.Bootable {
		out = append(out, "bootable")
	}
	out = append(out, diffKeys("metadata ", s.Metadata, t.Metadata)...)
	return append(out, diffKeys("image metadata ", s.Image, t.Image)...)
}

// Strays names the fields of s that are neither as in a nor as in b: what
// somebody else changed on the way from one to the other.
func (s State) Strays(a, b State) []string {
	fromB := NewFieldSet(s.Diff(b)...)
	var out []string
	for _, name := range s.Diff(a) {
		if fromB.Has(name) {
			out = append(out, name)
		}
	}
	return out
}

// With is s with the named fields as t has them; names are those of [State.Diff].
func (s State) With(t State, names []string) State {
	s = s.Clone()
	key := func(to, from *pyjson.Object, key string) *pyjson.Object {
		if v, ok := from.Get(key); ok {
			if to == nil {
				to = &pyjson.Object{}
			}
			to.Set(key, v)
		} else if to != nil {
			to.Delete(key)
		}
		return to
	}
	for _, name := range names {
		switch name {
		case "name":
			s.Name = t.Name
		case "description":
			s.Description = t.Description
		case "encryption_key_id":
			s.EncryptionKeyID = t.EncryptionKeyID
		case "volume_type_id":
			s.VolumeTypeID = t.VolumeTypeID
		case "bootable":
			s.Bootable = t.Bootable
		default:
			if k, image := strings.CutPrefix(name, "image metadata "); image {
				s.Image = key(s.Image, t.Image, k)
			} else if k, user := strings.CutPrefix(name, "metadata "); user {
				s.Metadata = key(s.Metadata, t.Metadata, k)
			}
		}
	}
	return s
}

func diffKeys(prefix string, a, b *pyjson.Object) []string {
	var out []string
	for k, v := range a.All() {
		if w, ok := b.Get(k); !ok || !v.Equal(w) {
			out = append(out, prefix+k)
		}
	}
	for k := range b.All() {
		if !a.Has(k) {
			out = append(out, prefix+k)
		}
	}
	return out
}

// restorePrefix begins the name of a volume that Cinder made for a restore
// (cinder/backup/api.py restore; driver.py _restore_vol_base_meta).
const restorePrefix = "restore_backup_"

// autoDescription is the description of such a volume.
const autoDescription = "auto-created_from_restore_from_backup"

// looksAutoCreated reports whether newton's rules take a volume for one made for
// the restore: no name, or one that starts with restore_backup_.
func looksAutoCreated(name pyjson.Value) bool {
	return !name.Truthy() || strings.HasPrefix(name.Text(), restorePrefix)
}

// NewVolumeState is what Cinder makes for a restore without a target
// (cinder/backup/api.py restore). name "" makes it choose restore_backup_ID.
// volumeType is the id of the default type, None where it is not known.
func NewVolumeState(backup BackupID, name string, volumeType pyjson.Value) State {
	if name == "" {
		name = restorePrefix + string(backup)
	}
	return State{
		Name: pyjson.OfString(name), Description: pyjson.OfString(autoDescription),
		VolumeTypeID: volumeType, Metadata: &pyjson.Object{}, Image: &pyjson.Object{},
	}
}

// NewVolumeRequest is the volume that hearth makes for a restore: called and described
// as Cinder's own ([NewVolumeState]), so that the name rule does the same to it.
func NewVolumeRequest(r RestoreRequest, b *Backup) VolumeRequest {
	v := VolumeRequest{Name: r.Name, Description: autoDescription, Size: r.Size, Type: r.Type, AvailabilityZone: r.AvailabilityZone}
	if v.Name == "" {
		v.Name = restorePrefix + string(b.ID)
	}
	if v.Size == 0 {
		v.Size = b.Size
	}
	return v
}

// Object writes the state in the conformance form (testdata/conformance).
func (s State) Object() *pyjson.Object {
	o := &pyjson.Object{}
	o.Set("display_name", plainForm(s.Name))
	o.Set("display_description", plainForm(s.Description))
	o.Set("encryption_key_id", plainForm(s.EncryptionKeyID))
	o.Set("volume_type_id", plainForm(s.VolumeTypeID))
	o.Set("bootable", pyjson.OfBool(s.Bootable))
	o.Set("metadata", plainForm(pyjson.OfDict(s.Metadata)))
	o.Set("glance", plainForm(pyjson.OfDict(s.Image)))
	return o
}

// plainForm writes what JSON cannot hold safely as an object with one key, as
// the conformance format does: {"$float": "NaN"}, {"$str": "a\\ud800"} and
// {"$pairs": [[key, value], …]}.
func plainForm(v pyjson.Value) pyjson.Value {
	one := func(key string, v pyjson.Value) pyjson.Value {
		o := &pyjson.Object{}
		o.Set(key, v)
		return pyjson.OfDict(o)
	}
	switch v.Kind() {
	case pyjson.Float:
		if f := v.Float(); f != f || f-f != 0 {
			return one("$float", pyjson.OfString(pyjson.Text(v)))
		}
	case pyjson.String:
		if s := v.Text(); !pyjson.Valid(s) {
			q := pyjson.Quote(s)
			return one("$str", pyjson.OfString(q[1:len(q)-1]))
		}
	case pyjson.List:
		var items []pyjson.Value
		for _, item := range v.Items() {
			items = append(items, plainForm(item))
		}
		return pyjson.OfList(items)
	case pyjson.Dict:
		o := &pyjson.Object{}
		var pairs []pyjson.Value
		odd := false
		for k, item := range v.Object().All() {
			odd = odd || strings.HasPrefix(k, "$") || !pyjson.Valid(k)
			plain := plainForm(item)
			o.Set(k, plain)
			pairs = append(pairs, pyjson.OfList([]pyjson.Value{plainForm(pyjson.OfString(k)), plain}))
		}
		if odd {
			return one("$pairs", pyjson.OfList(pairs))
		}
		return pyjson.OfDict(o)
	}
	return v
}
