package core

import (
	"time"

	"hearth/core/pyjson"
)

// Opt is a value that may be null, as most of Cinder's columns may. The zero Opt
// is null, which is not the same as an empty string.
type Opt[T any] struct {
	V   T
	Set bool // false: null
}

// Some is v, not null.
func Some[T any](v T) Opt[T] { return Opt[T]{V: v, Set: true} }

// Or returns the value, or d for null.
func (o Opt[T]) Or(d T) T {
	if o.Set {
		return o.V
	}
	return d
}

// textValue is a nullable text as a Python value.
func textValue(t Opt[string]) pyjson.Value {
	if !t.Set {
		return pyjson.None
	}
	return pyjson.OfString(t.V)
}

// idValue is an id as a Python value; the empty id is None.
func idValue[T ~string](id T) pyjson.Value {
	if id == "" {
		return pyjson.None
	}
	return pyjson.OfString(string(id))
}

// timeValue is a nullable time as a naive datetime, as Cinder's rows hold them.
func timeValue(t Opt[time.Time]) pyjson.Value {
	if !t.Set {
		return pyjson.None
	}
	return pyjson.OfTime(t.V, false)
}

// boolInt is 1 for true, 0 for false.
func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// FieldSet names fields. A value carries one to say which fields its place could
// not see: those are unknown, which is not the same as null.
type FieldSet map[string]bool

// Has reports whether name is in the set; a nil set is empty.
func (s FieldSet) Has(name string) bool { return s[name] }

// NewFieldSet makes a set of the names.
func NewFieldSet(names ...string) FieldSet {
	s := make(FieldSet, len(names))
	for _, n := range names {
		s[n] = true
	}
	return s
}
