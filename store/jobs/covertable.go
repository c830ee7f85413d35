package jobs

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"hearth/core"
)

// coverTable is the rows of a coverage in some fifty bytes each and their names: a million
// are to fit where a page of a list does. Rows come in any order, and are read in that of
// the place's list: newest first.
type coverTable struct {
	rows   [][]coverRow // full pieces of pieceRows, but the last
	texts  texts
	words  []string // what rows say again and again: projects, states, kinds
	word   map[string]uint32
	odd    map[core.IDKey]string // ids that are no UUIDs
	order  []int32               // of the rows that are shown; nil: not put in order yet
	status []uint32              // of volumes: of words, by row
}

// coverRow is a backup's or a volume's cover.
type coverRow struct {
	id      core.IDKey
	created int64 // in microseconds; unset: none
	// checked is when a backup's record was, and until that is looked up when its row
	// changed last; of a volume when its newest backup was made.
	checked int64
	name    uint32 // of texts
	project uint32 // of words
	// n is a volume's size; of a backup how many layers lack, and until that is counted
	// which row it stands on, or less than 0.
	n               int32
	record, capture uint8 // of words
	evidence        uint8 // of words
	flags           uint8
}

const (
	coverNamed = 1 << iota // the name is not null
	coverShown             // it is counted, and not only what others stand on
	coverStale
)

// pieceRows is how many rows are allocated at a time: a slice that grows would be there
// twice.
const pieceRows = 4096

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

// key is [core.KeyOf], and remembers an id that could not be read from its key.
func (t *coverTable) key(id string) core.IDKey {
	k, uuid := core.KeyOf(id)
	if !uuid {
		if t.odd == nil {
			t.odd = map[core.IDKey]string{}
		}
		t.odd[k] = id
	}
	return k
}

func (t *coverTable) id(k core.IDKey) string {
	if id, ok := t.odd[k]; ok {
		return id
	}
	return k.UUID()
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

// arrange puts the rows that are shown in the order of the place's list. order is a slice
// as long as the rows, which it may write to, or nil.
func (t *coverTable) arrange(order []int32) {
	if order == nil {
		order = make([]int32, t.len())
	}
	t.order = order[:0]
	for i := range t.len() {
		if t.at(i).flags&coverShown != 0 {
			t.order = append(t.order, int32(i))
		}
	}
	slices.SortFunc(t.order, func(a, b int32) int {
		x, y := t.at(int(a)), t.at(int(b))
		if x.created != y.created {
			return cmp.Compare(y.created, x.created)
		}
		return t.compareIDs(y, x)
	})
}

// compareIDs compares the ids of rows as texts.
func (t *coverTable) compareIDs(x, y *coverRow) int {
	if t.odd != nil {
		return strings.Compare(t.id(x.id), t.id(y.id))
	}
	return bytes.Compare(x.id[:], y.id[:])
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

// byKey are the rows in the order of their keys: of UUIDs that of their texts.
func (t *coverTable) byKey() []int32 {
	by := make([]int32, t.len())
	for i := range by {
		by[i] = int32(i)
	}
	slices.SortFunc(by, func(a, b int32) int { return bytes.Compare(t.at(int(a)).id[:], t.at(int(b)).id[:]) })
	return by
}

// find finds a row by its key among those of byKey.
func (t *coverTable) find(by []int32, k core.IDKey) (int32, bool) {
	i, found := slices.BinarySearchFunc(by, k, func(a int32, k core.IDKey) int { return bytes.Compare(t.at(int(a)).id[:], k[:]) })
	if !found {
		return 0, false
	}
	return by[i], true
}

// keyList keeps keys, in pieces like the rows.
type keyList struct {
	pieces [][]core.IDKey
	n      int
}

func (k *keyList) add(key core.IDKey) int32 {
	if k.n%pieceRows == 0 {
		k.pieces = append(k.pieces, make([]core.IDKey, pieceRows))
	}
	k.pieces[k.n/pieceRows][k.n%pieceRows] = key
	k.n++
	return int32(k.n - 1)
}

func (k *keyList) at(i int32) core.IDKey { return k.pieces[i/pieceRows][i%pieceRows] }

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
