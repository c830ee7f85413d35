package core

import (
	"cmp"
	"slices"
)

// Range is a part of a volume: the bytes from From up to, and without, To.
type Range struct{ From, To int64 }

// Len is in bytes.
func (r Range) Len() int64 { return r.To - r.From }

// Within returns the part of r that lies in o too; false if there is none.
func (r Range) Within(o Range) (Range, bool) {
	r.From, r.To = max(r.From, o.From), min(r.To, o.To)
	return r, r.From < r.To
}

// Ranges are parts of a volume in its order, none of which touches another.
type Ranges []Range

// Add returns the ranges with one more.
func (rs Ranges) Add(r Range) Ranges {
	if r.From >= r.To {
		return rs
	}
	first, _ := slices.BinarySearchFunc(rs, r.From, func(x Range, at int64) int { return cmp.Compare(x.To, at) })
	last := first
	for last < len(rs) && rs[last].From <= r.To {
		r.From, r.To = min(r.From, rs[last].From), max(r.To, rs[last].To)
		last++
	}
	return slices.Replace(rs, first, last, r)
}

// Holds reports whether all of r lies in one of the ranges.
func (rs Ranges) Holds(r Range) bool {
	i, _ := slices.BinarySearchFunc(rs, r.To, func(x Range, to int64) int { return cmp.Compare(x.To, to) })
	return i < len(rs) && rs[i].From <= r.From
}

// Len is how many bytes the ranges hold.
func (rs Ranges) Len() (n int64) {
	for _, r := range rs {
		n += r.Len()
	}
	return n
}

// split parts the ranges into what lies in some of the others, and what does not.
// Both are in the order of the volume; others may overlap.
func (rs Ranges) split(others []Range, in func(part Range, other int)) (out Ranges) {
	at := 0
	for _, r := range rs {
		for at > 0 && others[at-1].To > r.From { // one may reach over several of ours
			at--
		}
		for at < len(others) && others[at].To <= r.From {
			at++
		}
		for ; at < len(others) && others[at].From < r.To && r.From < r.To; at++ {
			part, some := r.Within(others[at])
			if !some {
				continue
			}
			if r.From < part.From {
				out = append(out, Range{r.From, part.From})
			}
			in(part, at)
			r.From = part.To
		}
		if r.From < r.To {
			out = append(out, r)
		}
	}
	return out
}

// Piece is a part of a volume, and what holds it.
type Piece struct {
	Range
	Layer int // of the chain, 0 for the full backup; -1: no layer holds these bytes
	Chunk int // of the layer, in the order of the volume
}

// Overlay says which chunk of which layer holds what of a volume: each layer covers
// those below it, as a restore writes the full backup first and the newest
// incremental last (restore in cinder/backup/chunkeddriver.py). The chunks of a layer
// are in the order of the volume. The pieces are so too, and lie in the part that is
// asked for, all of which they cover.
func Overlay(layers [][]Range, part Range) []Piece {
	var out []Piece
	left := Ranges{}.Add(part)
	for l := len(layers) - 1; l >= 0; l-- {
		left = left.split(layers[l], func(r Range, chunk int) { out = append(out, Piece{r, l, chunk}) })
	}
	for _, r := range left {
		out = append(out, Piece{r, -1, -1})
	}
	slices.SortFunc(out, func(a, b Piece) int { return cmp.Compare(a.From, b.From) })
	return out
}

// Image is a volume's bytes as of a backup: what reading them needs to know.
type Image struct {
	Backup    BackupID
	Name      Opt[string] // of the backup
	VolumeID  VolumeID
	Chain     []BackupID // that hold it, full first, the backup itself last
	Size      int64      // in bytes: where the last byte of the chain is
	Volume    Opt[int64] // bytes that the volume had, where the repository tells; Size may be less
	Stored    int64      // bytes to read, as stored; 0: not known
	Encrypted bool       // the bytes are ciphertext
	Key       string     // the id of its key, "" if none is told
	Notes     []string   // what else to know before it is read, a sentence each
}

// ImageRequest says what to read of an image.
type ImageRequest struct {
	Backup BackupID
	Part   Range  // To 0: up to the end
	Have   Ranges // that the sink has from an earlier try: they are not read again
	// KeepGoing: what cannot be had is told as a hole, and the rest is read. Else it
	// ends the reading.
	KeepGoing bool
	// InOrder: the sink wants each byte behind the one before it, and holes too.
	InOrder bool
	// Progress, if not nil, is called now and then, from one goroutine at a time.
	Progress func(ImageProgress)
}

// ImageProgress is how far the reading has come.
type ImageProgress struct {
	Done, Of int64 // bytes of the volume
	Read     int64 // bytes as stored
}

// ImageSink takes a volume's bytes. Its methods are called from many goroutines at a
// time, but for a request that is InOrder. An error of one ends the reading.
type ImageSink interface {
	// WriteAt takes bytes at their place in the volume. They are checked when Whole
	// names them, not before.
	WriteAt(b []byte, at int64) (int, error)
	// Whole: what was written there is what the backup holds. What the request had
	// already is not named.
	Whole(r Range) error
	// Hole: these bytes could not be had. What was written there does not count.
	Hole(h Hole) error
}

// Hole is a part of a volume that could not be had.
type Hole struct {
	Range
	Backup BackupID // of the layer; "" where none holds these bytes
	Object string   // "" where there is none
	Why    string   // a clause
}

// ImageReport is how a reading ended.
type ImageReport struct {
	Bytes int64  // of the volume, that were read and checked
	Read  int64  // bytes as stored
	Holes []Hole // in the order of the volume
}
