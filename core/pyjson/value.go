// Package pyjson reads and writes JSON exactly as the Python that runs Cinder
// does (json.loads, oslo jsonutils.dumps), and prints values as Python's str()
// would. Captures and records are compared, stored and restored through it, so
// it keeps what encoding/json loses: key order, the text of numbers of any size,
// the difference between 1 and 1.0, NaN, repeated keys, and lone surrogates.
//
// Strings are held as WTF-8: UTF-8 in which a lone surrogate (which a Python
// string may hold, and UTF-8 may not) is three bytes. See [Valid], [Quote].
package pyjson

import (
	"iter"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Kind says what sort of Python value a [Value] is.
type Kind uint8

const (
	Null   Kind = iota // None
	Bool               // True, False
	Int                // of any size
	Float              // an IEEE double; NaN and the infinities included
	String             // str: WTF-8
	List               // list
	Dict               // dict with string keys, in order of insertion

	// What a database row can hold beside JSON. They never come out of Parse.

	Time    // datetime, see [Value.Time]
	Bytes   // a byte string
	UUID    // a uuid.UUID
	Unkeyed // a dict with a key that json cannot write, at any depth: TypeError
	Opaque  // any other object: ValueError
)

// Value is one Python value. The zero Value is None. Values are immutable but
// for the [Object] of a Dict, which belongs to who made it.
type Value struct {
	kind  Kind
	flag  bool   // Bool; Time: it has an offset
	text  string // Int: decimal; String, Bytes, UUID: the text; Opaque: the type's name
	num   float64
	items []Value // List; of a decimal, which is an Opaque, its text
	dict  *Object
	when  time.Time
}

// None is Python's None, JSON's null.
var None = Value{}

// OfBool, OfInt, OfFloat, OfString, OfList, OfDict, OfTime, OfBytes and OfUUID
// make values of their kinds.
func OfBool(b bool) Value     { return Value{kind: Bool, flag: b} }
func OfFloat(f float64) Value { return Value{kind: Float, num: f} }
func OfString(s string) Value { return Value{kind: String, text: s} }
func OfList(v []Value) Value  { return Value{kind: List, items: v} }
func OfDict(o *Object) Value  { return Value{kind: Dict, dict: o} }
func OfBytes(s string) Value  { return Value{kind: Bytes, text: s} }
func OfUUID(s string) Value   { return Value{kind: UUID, text: s} }

// OfInt makes an Int.
func OfInt(i int64) Value { return Value{kind: Int, text: strconv.FormatInt(i, 10)} }

// OfBigInt makes an Int of any size; nil is 0.
func OfBigInt(i *big.Int) Value {
	if i == nil {
		return OfInt(0)
	}
	return Value{kind: Int, text: i.String()}
}

// OfTime makes a datetime. A naive one (aware false) has no offset, as those in
// Cinder's database; of an aware one the zone of t is its offset.
func OfTime(t time.Time, aware bool) Value { return Value{kind: Time, when: t, flag: aware} }

// OfUnkeyed makes a value that json refuses with TypeError: a dict, somewhere
// inside which a key is a tuple. Cinder leaves such a field out of a capture.
func OfUnkeyed() Value { return Value{kind: Unkeyed} }

// OfOpaque makes a value of the named Python type that json refuses with
// ValueError, which makes a whole capture fail.
func OfOpaque(typeName string) Value { return Value{kind: Opaque, text: typeName} }

// OfDate makes a datetime.date: an Opaque, which some Pythons' json refuses and others
// write.
func OfDate(year int, month time.Month, day int) Value {
	return Value{kind: Opaque, text: "date", when: time.Date(year, month, day, 0, 0, 0, 0, time.UTC)}
}

// OfDecimal makes a decimal.Decimal, by its text: an Opaque as a date is.
func OfDecimal(text string) Value {
	return Value{kind: Opaque, text: "decimal", items: []Value{OfString(text)}}
}

// Kind returns the sort of value v is.
func (v Value) Kind() Kind { return v.kind }

// IsNull reports whether v is None.
func (v Value) IsNull() bool { return v.kind == Null }

// Bool returns the truth of a Bool, false for other kinds.
func (v Value) Bool() bool { return v.kind == Bool && v.flag }

// Text returns a String's, Bytes' or UUID's text, an Int's decimal digits, or
// an Opaque's type name; "" for other kinds.
func (v Value) Text() string { return v.text }

// Str returns a String's text, and whether v is one.
func (v Value) Str() (string, bool) { return v.text, v.kind == String }

// Float returns a Float's number; 0 for other kinds.
func (v Value) Float() float64 { return v.num }

// Int64 returns an Int or Bool as int64, and whether it is one that fits.
func (v Value) Int64() (int64, bool) {
	switch v.kind {
	case Bool:
		if v.flag {
			return 1, true
		}
		return 0, true
	case Int:
		i, ok := new(big.Int).SetString(v.text, 10)
		if !ok || !i.IsInt64() {
			return 0, false
		}
		return i.Int64(), true
	}
	return 0, false
}

// Items returns a List's values; nil for other kinds.
func (v Value) Items() []Value {
	if v.kind != List {
		return nil
	}
	return v.items
}

// Object returns a Dict's entries; an empty one for other kinds.
func (v Value) Object() *Object {
	if v.dict == nil {
		return &Object{}
	}
	return v.dict
}

// Time returns a Time, and whether it has an offset.
func (v Value) Time() (t time.Time, aware bool) { return v.when, v.kind == Time && v.flag }

// Truthy is Python's bool(v).
func (v Value) Truthy() bool {
	switch v.kind {
	case Null:
		return false
	case Bool:
		return v.flag
	case Int:
		return strings.Trim(v.text, "-0") != ""
	case Float:
		return v.num != 0
	case String, Bytes:
		return v.text != ""
	case List:
		return len(v.items) > 0
	case Dict:
		return v.dict.Len() > 0
	}
	return true
}

// EqualsInt is Python's v == n: true equals 1, and 1.0 equals 1.
func (v Value) EqualsInt(n int64) bool {
	switch v.kind {
	case Bool, Int:
		i, ok := v.Int64()
		return ok && i == n
	case Float:
		return v.num == float64(n)
	}
	return false
}

// Equal reports whether v and w would be written as the same JSON, but for the
// order of keys. 1 and 1.0 differ, NaN equals NaN. It is stricter than Python's ==.
func (v Value) Equal(w Value) bool {
	if v.kind != w.kind {
		return false
	}
	switch v.kind {
	case Null, Unkeyed:
		return true
	case Bool:
		return v.flag == w.flag
	case Float:
		return v.num == w.num && math.Signbit(v.num) == math.Signbit(w.num) || v.num != v.num && w.num != w.num
	case List:
		if len(v.items) != len(w.items) {
			return false
		}
		for i := range v.items {
			if !v.items[i].Equal(w.items[i]) {
				return false
			}
		}
		return true
	case Dict:
		return v.dict.Equal(w.dict)
	case Time:
		return v.when.Equal(w.when) && v.flag == w.flag
	}
	return v.text == w.text
}

// TypeName is the name of v's type in Python 3, as error messages give it.
func (v Value) TypeName() string {
	switch v.kind {
	case Null:
		return "NoneType"
	case Bool:
		return "bool"
	case Int:
		return "int"
	case Float:
		return "float"
	case String:
		return "str"
	case List:
		return "list"
	case Dict, Unkeyed:
		return "dict"
	case Time:
		return "datetime"
	case Bytes:
		return "bytes"
	case UUID:
		return "UUID"
	}
	return v.text
}

// Object is a Python dict with string keys: ordered by insertion, a key that is
// set again keeps its place. The zero Object is empty and ready to use; a nil
// one reads as empty.
type Object struct {
	keys []string
	vals []Value
	at   map[string]int // made when linear search stops paying
}

// searchLinear is the number of keys up to which a dict is searched in order.
const searchLinear = 8

func (o *Object) find(key string) int {
	if o == nil {
		return -1
	}
	if o.at != nil {
		if i, ok := o.at[key]; ok {
			return i
		}
		return -1
	}
	for i, k := range o.keys {
		if k == key {
			return i
		}
	}
	return -1
}

// Len returns the number of keys.
func (o *Object) Len() int {
	if o == nil {
		return 0
	}
	return len(o.keys)
}

// Get returns the value of key, and whether there is one.
func (o *Object) Get(key string) (Value, bool) {
	if i := o.find(key); i >= 0 {
		return o.vals[i], true
	}
	return None, false
}

// Has reports whether key is there.
func (o *Object) Has(key string) bool { return o.find(key) >= 0 }

// Set gives key a value; a new key goes to the end.
func (o *Object) Set(key string, v Value) {
	if i := o.find(key); i >= 0 {
		o.vals[i] = v
		return
	}
	o.keys, o.vals = append(o.keys, key), append(o.vals, v)
	if o.at != nil {
		o.at[key] = len(o.keys) - 1
	} else if len(o.keys) > searchLinear {
		o.at = make(map[string]int, 2*len(o.keys))
		for i, k := range o.keys {
			o.at[k] = i
		}
	}
}

// Delete takes key out, if it is there; the others keep their order.
func (o *Object) Delete(key string) {
	i := o.find(key)
	if i < 0 {
		return
	}
	o.keys = append(o.keys[:i:i], o.keys[i+1:]...)
	o.vals = append(o.vals[:i:i], o.vals[i+1:]...)
	if o.at != nil {
		clear(o.at)
		for i, k := range o.keys {
			o.at[k] = i
		}
	}
}

// Keys returns the keys in order; they are the caller's.
func (o *Object) Keys() []string {
	if o == nil {
		return nil
	}
	return append([]string(nil), o.keys...)
}

// All goes through keys and values in order.
func (o *Object) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if o == nil {
			return
		}
		for i, k := range o.keys {
			if !yield(k, o.vals[i]) {
				return
			}
		}
	}
}

// Clone returns a copy with the same values; nested dicts are shared.
func (o *Object) Clone() *Object {
	c := &Object{}
	for k, v := range o.All() {
		c.Set(k, v)
	}
	return c
}

// Equal reports whether both hold the same keys with equal values, in any order.
func (o *Object) Equal(p *Object) bool {
	if o.Len() != p.Len() {
		return false
	}
	for k, v := range o.All() {
		w, ok := p.Get(k)
		if !ok || !v.Equal(w) {
			return false
		}
	}
	return true
}
