package core

import (
	"maps"
	"slices"

	"hearth/core/pyjson"
)

// Odd holds the values of a row that are of another kind than Cinder sends: by API
// key, as the JSON that was sent. Such a value is shown as it is and stands for nothing
// else: the row's own field is zero. nil: there are none.
type Odd map[string]string

// Keys lists the keys in order.
func (o Odd) Keys() []string { return slices.Sorted(maps.Keys(o)) }

// value is an odd value; what is no JSON is a text.
func (o Odd) value(key string) (pyjson.Value, bool) {
	text, ok := o[key]
	if !ok {
		return pyjson.None, false
	}
	if v, err := pyjson.Parse(text); err == nil {
		return v, true
	}
	return pyjson.OfString(text), true
}
