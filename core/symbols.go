package core

import (
	"slices"
	"strings"

	"hearth/core/pyjson"
)

// symbols are texts that stand for any value: they occur nowhere in what a plan is
// made from, so that a value which holds one can be told from all others.
type symbols string

// newSymbols makes one that none of the texts holds. It is printable ASCII, which JSON
// has as it is, and which every rule set takes as a value.
func newSymbols(texts ...string) symbols {
	s := "<any>"
	for slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(t, s) }) {
		s += ">"
	}
	return symbols(s)
}

// own is any text, and as a name any that does not look made for a restore.
func (s symbols) own() pyjson.Value { return pyjson.OfString(string(s)) }

// auto is any name that looks made for a restore; none, too, looks so.
func (s symbols) auto() pyjson.Value { return pyjson.OfString(restorePrefix + string(s)) }

// section is any section of metadata.
func (s symbols) section() *pyjson.Object {
	o := &pyjson.Object{}
	o.Set(string(s), pyjson.OfString(""))
	return o
}

// is reports whether the value stands for any.
func (s symbols) is(v pyjson.Value) bool { return v.Kind() == pyjson.String && s.in(v.Text()) }

// open reports whether the section stands for any.
func (s symbols) open(o *pyjson.Object) bool { return o.Has(string(s)) }

func (s symbols) in(text string) bool { return strings.Contains(text, string(s)) }

// inStep reports whether the step writes what stands for any value.
func (s symbols) inStep(step *Step) bool {
	if s.is(step.Value) {
		return true
	}
	for _, v := range step.Values.Object().All() {
		if s.is(v) {
			return true
		}
	}
	return false
}

// clean is a text for people: what is not known is called so.
func (s symbols) clean(text string) string { return strings.ReplaceAll(text, string(s), "(not known)") }
