package scan

import (
	"slices"
	"strings"

	"hearth/core"
)

// Volumes are volumes as captures describe them, by id, packed as [Rows] are.
type Volumes struct {
	packed []string
	words  words
}

// Len is how many there are.
func (v *Volumes) Len() int { return len(v.packed) }

// Add keeps a volume; see [core.CapturedVolume] for what there is of one. They are added
// in the order of their ids.
func (v *Volumes) Add(w *core.Volume) {
	p := packer{words: &v.words}
	p.text(string(w.ID))
	p.volume(w)
	p.int(w.Backups)
	p.time(w.LastBackup)
	v.packed = append(v.packed, string(p.b))
}

// volume writes what a capture tells of a volume; not its id.
func (p *packer) volume(w *core.Volume) {
	p.opt(w.Name, p.text)
	p.opt(w.Description, p.text)
	p.word(w.Status)
	p.int(w.Size)
	p.opt(w.VolumeTypeID, p.word)
	p.bool(w.Bootable)
	p.bool(w.Multiattach)
	p.opt(w.EncryptionKeyID, p.text)
	p.word(string(w.ProjectID))
	p.word(w.UserID)
	p.opt(w.AvailabilityZone, p.word)
	p.opt(w.Host, p.word)
	p.opt(w.SnapshotID, p.text)
	p.text(string(w.SourceVolumeID))
	p.opt(w.AttachStatus, p.word)
	p.time(w.CreatedAt)
	p.time(w.UpdatedAt)
}

// At makes a volume again.
func (v *Volumes) At(i int) (w core.Volume) {
	u := unpacker{s: v.packed[i], words: v.words.list}
	w.ID = core.VolumeID(u.text())
	u.volume(&w)
	w.Backups, w.LastBackup = u.int(), u.time()
	return w
}

func (u *unpacker) volume(w *core.Volume) {
	w.Name, w.Description = u.opt(u.text), u.opt(u.text)
	w.Status, w.Size, w.VolumeTypeID = u.word(), u.int(), u.opt(u.word)
	w.Bootable, w.Multiattach, w.EncryptionKeyID = u.bool(), u.bool(), u.opt(u.text)
	w.ProjectID, w.UserID = core.ProjectID(u.word()), u.word()
	w.AvailabilityZone, w.Host = u.opt(u.word), u.opt(u.word)
	w.SnapshotID, w.SourceVolumeID, w.AttachStatus = u.opt(u.text), core.VolumeID(u.text()), u.opt(u.word)
	w.CreatedAt, w.UpdatedAt = u.time(), u.time()
}

// Name is a volume's name.
func (v *Volumes) Name(i int) core.Opt[string] {
	u := unpacker{s: v.packed[i], words: v.words.list}
	u.text()
	return u.opt(u.text)
}

// Find looks a volume up by its id.
func (v *Volumes) Find(id core.VolumeID) (int, bool) {
	return slices.BinarySearchFunc(v.packed, id, func(s string, id core.VolumeID) int {
		u := unpacker{s: s}
		return strings.Compare(u.text(), string(id))
	})
}
