package scan

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"time"

	"hearth/core"
)

// Row is a finished backup as a scan found it: a holding, and a bit for each word on its
// row's fields. What no repository tells of a row is not kept: see [Rows.At].
type Row struct {
	core.Holding
	Bits uint32
	// Volume is the volume as the backup's capture describes it; nil: it describes none, or
	// nobody will ask. [Rows.Volume] has it again, and [Rows.At] leaves it out.
	Volume *core.Volume
}

// Rows are finished backups, some three hundred bytes each: of all that a backup's row and
// its holding are made of, a text stands where it stands in the names of its objects, and
// what many have alike stands once. Whoever changes them, or reads them meanwhile, locks
// them; a [Rows.View] needs no lock.
type Rows struct {
	Marks *Marks

	packed  []string
	words   words
	layouts []*core.Layout
	buf     []byte
}

// Len is how many there are.
func (r *Rows) Len() int { return len(r.packed) }

// View is the rows as they are now.
func (r *Rows) View() *Rows {
	return &Rows{Marks: r.Marks, packed: slices.Clone(r.packed), words: words{list: r.words.list}, layouts: r.layouts}
}

// Add keeps a row and returns its place.
func (r *Rows) Add(row *Row) int {
	r.packed = append(r.packed, r.pack(row))
	return len(r.packed) - 1
}

// Put keeps a row in the place of another.
func (r *Rows) Put(i int, row *Row) { r.packed[i] = r.pack(row) }

// Keep keeps these rows, in this order, and no others.
func (r *Rows) Keep(order []int32) {
	kept := make([]string, len(order))
	for i, j := range order {
		kept[i] = r.packed[j]
	}
	r.packed = kept
}

// pack makes a row small. What is compared most stands first.
func (r *Rows) pack(row *Row) string {
	b := &row.Backup
	p := packer{b: r.buf[:0], words: &r.words, own: string(b.ID)}
	p.text(row.Prefix)
	p.whole = row.Prefix
	p.text(string(b.ID))
	p.text(string(b.VolumeID))
	p.time(b.CreatedAt)
	p.bool(row.CaptureText.Set)
	p.word(b.Status)
	p.text(string(b.ParentID))
	p.common(row.Container)
	p.text(string(row.VolumeID))
	p.text(string(row.ID))
	p.time(row.Began)
	p.int(row.Objects)
	p.int(row.Bytes)
	p.text(row.Problem)
	p.uint(int(row.Bits))

	p.opt(b.Name, p.text)
	p.opt(b.Description, p.text)
	p.int(b.Size)
	p.int(b.ObjectCount)
	p.opt(b.VolumeName, p.text)
	here := b.Container == core.Some(row.Container)
	if p.bool(here); !here {
		p.opt(b.Container, p.common)
	}
	p.opt(b.Service, p.word)
	p.opt(b.ServiceMetadata, p.text)
	p.bool(b.Incremental)
	p.int(b.Dependents)
	p.word(string(b.ProjectID))
	p.word(b.UserID)
	p.opt(b.AvailabilityZone, p.word)
	same := b.DataTimestamp == b.CreatedAt
	if p.bool(same); !same {
		p.time(b.DataTimestamp)
	}
	p.uint(r.layout(b.Layout))
	if p.bool(row.Volume != nil); row.Volume != nil {
		p.volume(row.Volume)
	}
	r.buf = p.b
	return string(p.b)
}

// common writes a text that many rows have, unless the row's own id is in it: then each
// has another.
func (p *packer) common(s string) {
	own := p.own != "" && strings.Contains(s, p.own)
	if p.bool(own); own {
		p.text(s)
		return
	}
	p.word(s)
}

func (u *unpacker) common() string {
	if u.bool() {
		return u.text()
	}
	return u.word()
}

// layout is the number of a layout, 0 for none.
func (r *Rows) layout(l *core.Layout) int {
	if l == nil {
		return 0
	}
	i := slices.Index(r.layouts, l)
	if i < 0 {
		i = len(r.layouts)
		r.layouts = append(r.layouts, l)
	}
	return i + 1
}

// At makes a row again, with the marks that its bits stand for. Its texts are shared with
// what is packed.
func (r *Rows) At(i int) Row {
	var row Row
	r.Into(i, &row)
	return row
}

// Into is [Rows.At] for who goes through many.
func (r *Rows) Into(i int, row *Row) {
	r.unpack(r.packed[i], row)
	row.Marks, row.Backup.Unseen = r.Marks.Of(row.Bits)
}

// unpack makes a row again but for its marks, and stops before the volume.
func (r *Rows) unpack(packed string, row *Row) (u unpacker) {
	*row = Row{}
	b := &row.Backup
	u = unpacker{s: packed, words: r.words.list}
	row.Kind, row.Prefix = core.HoldingBackup, u.text()
	u.whole = row.Prefix
	b.ID, b.VolumeID, b.CreatedAt = core.BackupID(u.text()), core.VolumeID(u.text()), u.time()
	row.CaptureText.Set, b.Status = u.bool(), u.word()
	b.ParentID = core.BackupID(u.text())
	row.Container = u.common()
	row.VolumeID, row.ID, row.Began = core.VolumeID(u.text()), core.BackupID(u.text()), u.time()
	row.Objects, row.Bytes, row.Problem = u.int(), u.int(), u.text()
	row.Bits = uint32(u.uint())

	b.Name, b.Description = u.opt(u.text), u.opt(u.text)
	b.Size, b.ObjectCount, b.VolumeName = u.int(), u.int(), u.opt(u.text)
	if b.Container = core.Some(row.Container); !u.bool() {
		b.Container = u.opt(u.common)
	}
	b.Service, b.ServiceMetadata = u.opt(u.word), u.opt(u.text)
	b.Incremental, b.Dependents = u.bool(), u.int()
	b.ProjectID, b.UserID, b.AvailabilityZone = core.ProjectID(u.word()), u.word(), u.opt(u.word)
	if b.DataTimestamp = b.CreatedAt; !u.bool() {
		b.DataTimestamp = u.time()
	}
	if n := u.uint(); n > 0 {
		b.Layout = r.layouts[n-1]
	}
	return u
}

// Volume is the volume that the capture of a packed row describes, and the backup's id;
// false where it describes none.
func (r *Rows) Volume(packed string) (v core.Volume, of core.BackupID, ok bool) {
	var row Row
	u := r.unpack(packed, &row)
	if !u.bool() {
		return v, row.Backup.ID, false
	}
	u.volume(&v)
	v.ID = row.Backup.VolumeID
	return v, row.Backup.ID, true
}

// Packed is a row as it is kept, which goes with [Rows.Words] and [Rows.Layouts], in this
// order, and with nothing else.
func (r *Rows) Packed(i int) string { return r.packed[i] }

// Words are the texts that packed rows have by their numbers.
func (r *Rows) Words() []string { return r.words.list }

// Layouts are those that packed rows have by their numbers.
func (r *Rows) Layouts() []*core.Layout { return r.layouts }

// From readies rows without any for some that were packed by others, with these words and
// layouts; false where those cannot be.
func (r *Rows) From(words []string, layouts []*core.Layout) bool {
	if len(r.packed) > 0 || len(r.words.list) > 0 || len(words) > mostWords {
		return false
	}
	r.words.list, r.layouts = slices.Clip(words), slices.Clip(layouts)
	r.words.index = make(map[string]int, len(words))
	for i, w := range words {
		r.words.index[w] = i
	}
	return true
}

// AddPacked keeps a row that was packed by others, without a copy, and returns its place.
func (r *Rows) AddPacked(row string) int {
	r.packed = append(r.packed, row)
	return len(r.packed) - 1
}

// head reads what stands first of a row.
func (r *Rows) head(i int) (u unpacker) {
	u = unpacker{s: r.packed[i], words: r.words.list}
	u.whole = u.text()
	return u
}

// ID is the id of a row.
func (r *Rows) ID(i int) core.BackupID {
	u := r.head(i)
	return core.BackupID(u.text())
}

// VolumeID is the volume of a row.
func (r *Rows) VolumeID(i int) core.VolumeID {
	u := r.head(i)
	u.text()
	return core.VolumeID(u.text())
}

// Head is what stands first of a row: what rows are put in order and counted by.
type Head struct {
	Prefix    string
	ID        core.BackupID
	VolumeID  core.VolumeID
	CreatedAt core.Opt[time.Time]
	Captured  bool // a capture was stored with it
	Status    string
	ParentID  core.BackupID
	Container string
}

// Head reads the head of a row, which is a fraction of the row.
func (r *Rows) Head(i int) Head {
	u := r.head(i)
	h := Head{Prefix: u.whole, ID: core.BackupID(u.text()), VolumeID: core.VolumeID(u.text()), CreatedAt: u.time()}
	h.Captured, h.Status, h.ParentID, h.Container = u.bool(), u.word(), core.BackupID(u.text()), u.common()
	return h
}

// ByID are the places of all rows in the order of their ids; of those of one id, in that
// of their places.
func (r *Rows) ByID() []int32 {
	return Order(r.Len(), func(i int) string { return string(r.ID(i)) }, func(i, j int) int {
		return strings.Compare(string(r.ID(i)), string(r.ID(j)))
	})
}

// Lead is how a text begins, as a number: of two texts the one with the lower lead comes
// first. What is compared very often is compared by it, which is near at hand.
func Lead(s string) (n uint64) {
	for i := range min(len(s), 8) {
		n |= uint64(s[i]) << (56 - 8*i)
	}
	return n
}

// Order is the order of n things by texts: of each the first one, and where two begin
// alike what compare says, and last the order that they have.
func Order(n int, text func(int) string, compare func(i, j int) int) []int32 {
	type led struct {
		lead uint64
		i    int32
	}
	all := make([]led, n)
	for i := range all {
		all[i] = led{Lead(text(i)), int32(i)}
	}
	slices.SortFunc(all, func(a, b led) int {
		if a.lead != b.lead {
			return cmp.Compare(a.lead, b.lead)
		}
		return cmp.Or(compare(int(a.i), int(b.i)), cmp.Compare(a.i, b.i))
	})
	order := make([]int32, n)
	for i := range order {
		order[i] = all[i].i
	}
	return order
}

// Leads finds texts among sorted ones by their leads.
type Leads []uint64

// LeadsOf are those of n texts.
func LeadsOf(n int, text func(int) string) Leads {
	out := make(Leads, n)
	for i := range out {
		out[i] = Lead(text(i))
	}
	return out
}

// Find is the place of a text, the first; text gives those that the leads are of again.
func (l Leads) Find(s string, text func(int) string) (int, bool) {
	lead := Lead(s)
	from, _ := slices.BinarySearch(l, lead)
	to := len(l)
	if from == to || l[from] != lead {
		return 0, false
	}
	if from+1 < to && l[from+1] != lead { // as a rule
		to = from + 1
	}
	i := from + sort.Search(to-from, func(i int) bool { return text(from+i) >= s })
	return i, i < to && text(i) == s
}

// Find looks a row up by its id, in what [Rows.ByID] gave.
func (r *Rows) Find(byID []int32, id core.BackupID) (int, bool) {
	i, ok := slices.BinarySearchFunc(byID, id, func(i int32, id core.BackupID) int {
		return strings.Compare(string(r.ID(int(i))), string(id))
	})
	if !ok {
		return 0, false
	}
	return int(byID[i]), true
}

// Holding is a row as an inventory has it.
func (r *Rows) Holding(i int) core.Holding {
	row := r.At(i)
	return row.Holding
}
