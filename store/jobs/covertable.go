package jobs

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"iter"
	"math"
	"slices"
	"time"

	"hearth/core"
)

// coverTable is the rows of a coverage in some sixty bytes each and their names: a million
// are to fit where a page of a list does. Rows come by id, and are read in the order of the
// place's list: newest first.
type coverTable struct {
	rows  [][]coverRow // full pieces of pieceRows, but the last
	texts texts
	words []string // what rows say again and again: projects, states, kinds
	word  map[string]uint32
	odd   map[idKey]string // ids that are no UUIDs
	order []int32          // of the rows that are shown; nil: not put in order yet
}

// coverRow is a backup's or a volume's cover.
type coverRow struct {
	id               idKey
	created, checked int64 // in microseconds; unset: none
	name             uint32
	project, status  uint32 // of words
	size             int32  // of a volume
	lacking          uint16
	record, capture  uint8 // of words
	evidence         uint8 // of words
	flags            uint8
}

const (
	coverNamed  = 1 << iota // the name is not null
	coverShown              // it is counted, and not only what others stand on
	coverParent             // it stands on another
	coverStale
)

// pieceRows is how many rows are allocated at a time: a slice that grows would be there
// twice.
const pieceRows = 4096

// idKey is an id in 16 bytes: a UUID's own, or a hash.
type idKey [16]byte

// unset is the time of what has none.
const unset = math.MinInt64

func micros(t core.Opt[time.Time]) int64 {
	if !t.Set {
		return unset
	}
	return t.V.UnixMicro()
}

func ofMicros(n int64) core.Opt[time.Time] {
	if n == unset {
		return core.Opt[time.Time]{}
	}
	return core.Some(time.UnixMicro(n).UTC())
}

// keyOf is the key of an id; uuid is false where the id cannot be read from it.
func keyOf(id string) (k idKey, uuid bool) {
	if len(id) == 36 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-' {
		var digits [32]byte
		n := copy(digits[:], id[:8])
		n += copy(digits[n:], id[9:13])
		n += copy(digits[n:], id[14:18])
		n += copy(digits[n:], id[19:23])
		copy(digits[n:], id[24:])
		_, err := hex.Decode(k[:], digits[:])
		if err == nil && !slices.ContainsFunc(digits[:], func(c byte) bool { return c >= 'A' && c <= 'F' }) {
			return k, true
		}
	}
	sum := sha256.Sum256([]byte(id))
	copy(k[:], sum[:])
	return k, false
}

// key is keyOf, and remembers an id that could not be read from its key.
func (t *coverTable) key(id string) idKey {
	k, uuid := keyOf(id)
	if !uuid {
		if t.odd == nil {
			t.odd = map[idKey]string{}
		}
		t.odd[k] = id
	}
	return k
}

func (t *coverTable) id(k idKey) string {
	if id, ok := t.odd[k]; ok {
		return id
	}
	h := hex.EncodeToString(k[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// say is the number of a word.
func (t *coverTable) say(word string) uint32 {
	if n, ok := t.word[word]; ok {
		return n
	}
	if t.word == nil {
		t.word = map[string]uint32{}
	}
	n := uint32(len(t.words))
	t.words = append(t.words, word)
	t.word[word] = n
	return n
}

// add adds a row and returns its number.
func (t *coverTable) add(r coverRow) int {
	if n := len(t.rows); n == 0 || len(t.rows[n-1]) == pieceRows {
		t.rows = append(t.rows, make([]coverRow, 0, pieceRows))
	}
	last := &t.rows[len(t.rows)-1]
	*last = append(*last, r)
	return t.len() - 1
}

func (t *coverTable) len() int {
	if len(t.rows) == 0 {
		return 0
	}
	return (len(t.rows)-1)*pieceRows + len(t.rows[len(t.rows)-1])
}

func (t *coverTable) at(i int) *coverRow { return &t.rows[i/pieceRows][i%pieceRows] }

// arrange puts the rows that are shown in the order of the place's list.
func (t *coverTable) arrange() {
	t.order = make([]int32, 0, t.len())
	for i := range t.len() {
		if t.at(i).flags&coverShown != 0 {
			t.order = append(t.order, int32(i))
		}
	}
	slices.SortFunc(t.order, func(a, b int32) int {
		x, y := t.at(int(a)), t.at(int(b))
		switch {
		case x.created > y.created:
			return -1
		case x.created < y.created:
			return 1
		}
		return int(b) - int(a) // they came by id
	})
}

// shown is row i of those that are shown.
func (t *coverTable) shown(i int) *coverRow { return t.at(int(t.order[i])) }

func (t *coverTable) nameOf(r *coverRow) core.Opt[string] {
	if r.flags&coverNamed == 0 {
		return core.Opt[string]{}
	}
	return core.Some(t.texts.get(r.name))
}

// named keeps a name.
func (t *coverTable) named(r *coverRow, name core.Opt[string]) {
	if name.Set {
		r.name, r.flags = t.texts.put(name.V), r.flags|coverNamed
	}
}

// finder returns a search for rows by their keys.
func (t *coverTable) finder() func(idKey) (int, bool) {
	by := make([]int32, t.len())
	for i := range by {
		by[i] = int32(i)
	}
	compare := func(a, b idKey) int { return slices.Compare(a[:], b[:]) }
	slices.SortFunc(by, func(a, b int32) int { return compare(t.at(int(a)).id, t.at(int(b)).id) })
	return func(k idKey) (int, bool) {
		i, found := slices.BinarySearchFunc(by, k, func(a int32, k idKey) int { return compare(t.at(int(a)).id, k) })
		if !found {
			return 0, false
		}
		return int(by[i]), true
	}
}

// texts keeps strings in blocks, each known by 32 bits.
type texts struct{ blocks [][]byte }

// blockSize is that of a block, which 16 bits count.
const blockSize = 1 << 16

func (t *texts) put(s string) uint32 {
	need := len(s) + binary.MaxVarintLen32
	if n := len(t.blocks); n == 0 || cap(t.blocks[n-1])-len(t.blocks[n-1]) < need {
		t.blocks = append(t.blocks, make([]byte, 0, max(blockSize, need)))
	}
	n := len(t.blocks) - 1
	at := len(t.blocks[n])
	t.blocks[n] = append(binary.AppendUvarint(t.blocks[n], uint64(len(s))), s...)
	return uint32(n)<<16 | uint32(at)
}

func (t *texts) get(ref uint32) string {
	b := t.blocks[ref>>16][ref&(blockSize-1):]
	n, head := binary.Uvarint(b)
	return string(b[head : head+int(n)])
}

// pairs numbers what a function gives for 0 up to n.
func pairs[T any](n int, at func(int) T) iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		for i := range n {
			if !yield(i, at(i)) {
				return
			}
		}
	}
}
