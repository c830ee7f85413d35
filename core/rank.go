package core

import (
	"strings"
)

// Rank is what a row is ordered by and no more, so that it can be kept of a million
// rows: a key for each column of the order, and the id, which breaks ties.
type Rank struct {
	ID   string
	keys []rankKey
}

// rankKey is a value of a column: null, a number, a time or a text.
type rankKey struct {
	set  bool
	nano int32 // of a time
	num  int64 // the number; of a time, its seconds
	text string
}

// Ranking reads ranks of rows and puts them in the order that [Select] has.
type Ranking[T any] struct {
	columns []*Column[T]
	desc    []bool
	last    bool // ties are in the descending order of ids
}

// NewRanking is the ranking of an order; an empty one is newest first. Columns that
// are not there are passed over.
func NewRanking[T any](columns Columns[T], orders []Order) Ranking[T] {
	if len(orders) == 0 {
		orders = []Order{{Column: "created", Desc: true}}
	}
	r := Ranking[T]{last: orders[0].Desc}
	for _, o := range orders {
		if col, ok := columns.Find(o.Column); ok {
			r.columns, r.desc = append(r.columns, col), append(r.desc, o.Desc)
		}
	}
	return r
}

// Of is the rank of a row.
func (r Ranking[T]) Of(row *T, id string) Rank {
	rank := Rank{ID: id, keys: make([]rankKey, len(r.columns))}
	for i, col := range r.columns {
		v, k := col.Value(row), &rank.keys[i]
		if k.set = !v.IsNull(); !k.set {
			continue
		}
		switch col.Kind {
		case NumberColumn, SizeColumn, FlagColumn:
			k.num, _ = v.Int64()
		case TimeColumn:
			at, _ := v.Time()
			k.num, k.nano = at.Unix(), int32(at.Nanosecond())
		default:
			k.text = FoldASCII(v.Text())
		}
	}
	return rank
}

// Compare is negative where a stands before b.
func (r Ranking[T]) Compare(a, b Rank) int {
	for i := range r.columns {
		x, y := &a.keys[i], &b.keys[i]
		c := 0
		switch {
		case !x.set || !y.set:
			c = boolInt(x.set) - boolInt(y.set)
		case x.num != y.num:
			c = boolInt(x.num > y.num) - boolInt(x.num < y.num)
		case x.nano != y.nano:
			c = int(x.nano) - int(y.nano)
		default:
			c = strings.Compare(x.text, y.text)
		}
		if r.desc[i] {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	if r.last {
		a, b = b, a
	}
	return strings.Compare(a.ID, b.ID)
}
