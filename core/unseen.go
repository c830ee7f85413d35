package core

import (
	"slices"

	"hearth/core/pyjson"
)

// unseen puts a layer that nobody has on each state: captures that take every
// decision of the rule set, section by section, with symbols for values. What
// stops the restore is left out: a plan holds if Cinder carries it through.
func (l *lifted) unseen(layer int, of *Layer) {
	var base, user, image []document
	for version, columns := range l.rules.base {
		for _, o := range l.bases(columns, of) {
			base = append(base, standIn(version, BaseSection, o))
		}
		user = []document{standIn(version, "", nil), standIn(version, UserSection, l.symbols.section())}
		image = []document{standIn(version, "", nil), standIn(version, ImageSection, l.symbols.section())}
	}
	l.pass(layer, base, ofBase, byUnseen, false)
	l.pass(layer, user, ofUser, byUnseen, false)
	l.pass(layer, image, ofImage, byUnseen, false)
}

// standIn is a capture with one section or none.
func standIn(version int, s Section, o *pyjson.Object) document {
	doc := &pyjson.Object{}
	doc.Set("version", pyjson.OfInt(int64(version)))
	if s != "" {
		doc.Set(string(s), pyjson.OfDict(o))
	}
	return document{doc: pyjson.OfDict(doc)}
}

// bases are the base sections that a layer may have as far as the columns matter
// that the rule set restores. Of a layer that Cinder wrote name and description
// are there; elsewhere either may be missing.
func (l *lifted) bases(columns []string, of *Layer) []*pyjson.Object {
	out := []*pyjson.Object{{}}
	with := func(column string, may bool, values ...pyjson.Value) {
		if !slices.Contains(columns, column) {
			return
		}
		var next []*pyjson.Object
		for _, o := range out {
			if may {
				next = append(next, o)
			}
			for _, v := range values {
				p := o.Clone()
				p.Set(column, v)
				next = append(next, p)
			}
		}
		out = next
	}
	with("display_name", !of.Written, pyjson.None, l.symbols.own(), l.symbols.auto())
	with("display_description", !of.Written, l.symbols.own())
	keys := []pyjson.Value{pyjson.None, l.symbols.own()}
	if of.Encrypted.Set {
		keys = keys[boolInt(of.Encrypted.V):][:1]
	}
	with("encryption_key_id", !of.Written && !of.Encrypted.Set, keys...)
	return l.typed(out)
}

// typed gives each base section that has a key a type, for which Cinder asks then.
func (l *lifted) typed(bases []*pyjson.Object) (out []*pyjson.Object) {
	for _, o := range bases {
		if key, _ := o.Get("encryption_key_id"); key.IsNull() {
			out = append(out, o)
			continue
		}
		for _, id := range l.typeIDs {
			p := o.Clone()
			p.Set("volume_type_id", id)
			out = append(out, p)
		}
	}
	return out
}

// typesNamed are the ids of types that matter to a plan: those that exist, as far
// as that is known, those that captures name, the target's, none, and any other.
func typesNamed(s symbols, existing []string, layers []Layer, target pyjson.Value) []pyjson.Value {
	out := []pyjson.Value{pyjson.None}
	add := func(v pyjson.Value) {
		if v.Kind() == pyjson.String && !slices.ContainsFunc(out, v.Equal) {
			out = append(out, v)
		}
	}
	add(target)
	for i := range layers {
		for n := range layers[i].Captures {
			v, _ := layers[i].Captures[n].Section(BaseSection).Get("volume_type_id")
			add(v)
		}
	}
	for _, id := range existing {
		add(pyjson.OfString(id))
	}
	if existing == nil {
		add(s.own())
	}
	return out
}
