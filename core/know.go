package core

import (
	"slices"

	"hearth/core/pyjson"
)

// Certainty says how sure a plan is of a field. All of it is given that Cinder
// carries the restore through; whether it can is the plan's [Can].
type Certainty string

const (
	Certain Certainty = "certain" // whatever is not known, the field comes out like this
	OneOf   Certainty = "one of"  // it comes out as one of several values, which are listed
	Assumed Certainty = "assumed" // it comes out like this if something holds that is taken for granted
	Unknown Certainty = "unknown" // it may come out as anything

	// Partly is for a plan as a whole: some of it is certain.
	Partly Certainty = "partly"
)

// Know is what is known of how a field comes out.
type Know struct {
	Certainty Certainty
	Value     Opt[pyjson.Value]   // Certain and Assumed; not set: the field is not there then
	Possible  []Opt[pyjson.Value] // OneOf; one that is not set: it may not be there
	Because   string              // what it rests on; "" where Certain
}

// outcome is how a field may come out.
type outcome struct {
	value Opt[pyjson.Value]
	any   bool // it may be anything
	by    int  // the layer that wrote it, byTarget or byUnseen
	state *userState
}

// mostPossible is how many values a plan lists as possible; of more it says unknown.
const mostPossible = 16

// judge sorts outcomes: how sure they are together, and the values.
func judge(outs []outcome) (Certainty, []Opt[pyjson.Value]) {
	var values []Opt[pyjson.Value]
	for _, o := range outs {
		if o.any {
			return Unknown, nil
		}
		if !slices.ContainsFunc(values, func(v Opt[pyjson.Value]) bool { return sameOpt(v, o.value) }) {
			values = append(values, o.value)
		}
	}
	switch n := len(values); {
	case n == 1:
		return Certain, values
	case n > mostPossible:
		return Unknown, nil
	}
	return OneOf, values
}

func sameOpt(a, b Opt[pyjson.Value]) bool { return a.Set == b.Set && (!a.Set || a.V.Equal(b.V)) }

// column is how one of the five columns may come out.
func (l *lifted) column(name string) (outs []outcome) {
	if name == "bootable" {
		for _, s := range l.now.image {
			outs = append(outs, outcome{value: Some(pyjson.OfBool(s.bootable)), by: s.bootBy})
		}
		return outs
	}
	for _, s := range l.now.base {
		n, v := 0, s.name
		switch name {
		case "display_description":
			n, v = 1, s.description
		case "encryption_key_id":
			n, v = 2, s.key
		case "volume_type_id":
			n, v = 3, s.typ
		}
		outs = append(outs, outcome{value: Some(v), any: l.symbols.is(v) || n == 2 && s.cloned, by: s.by[n]})
	}
	return outs
}

// key is how a key of user or image metadata may come out.
func (l *lifted) key(s Section, name string) (outs []outcome) {
	add := func(keys *pyjson.Object, by int, state *userState) {
		v, ok := keys.Get(name)
		hidden := l.symbols.open(keys) || state != nil && slices.Contains(state.alike, Collated(name))
		outs = append(outs, outcome{value: Opt[pyjson.Value]{V: v, Set: ok}, any: !ok && hidden || l.symbols.is(v), by: by, state: state})
	}
	if s == ImageSection {
		for _, i := range l.now.image {
			add(i.keys, i.by, nil)
		}
		return outs
	}
	for n := range l.now.user {
		add(l.now.user[n].keys, l.now.user[n].by, &l.now.user[n])
	}
	return outs
}

// outcomes are how a field may come out.
func (l *lifted) outcomes(s Section, name string) []outcome {
	if s == BaseSection {
		return l.column(name)
	}
	return l.key(s, name)
}

// names are the keys that the section may have, as far as they are known.
func (l *lifted) names(s Section) []string {
	var out []string
	seen := map[string]bool{string(l.symbols): true}
	add := func(o *pyjson.Object) {
		for name := range o.All() {
			if !seen[name] {
				seen[name] = true
				out = append(out, name)
			}
		}
	}
	for _, u := range l.now.user {
		if s == UserSection {
			add(u.keys)
		}
	}
	for _, i := range l.now.image {
		if s == ImageSection {
			add(i.keys)
		}
	}
	return out
}

// open reports whether the section may have keys that nobody knows of.
func (l *lifted) open(s Section) bool {
	if s == ImageSection {
		return slices.ContainsFunc(l.now.image, func(i imageState) bool { return l.symbols.open(i.keys) })
	}
	return s == UserSection && slices.ContainsFunc(l.now.user, func(u userState) bool { return len(u.alike) > 0 || l.symbols.open(u.keys) })
}
