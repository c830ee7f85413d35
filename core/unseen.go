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
	for _, column := range restorable {
		if slices.Contains(columns, column) {
			out = varied(out, column, !of.Written && !(column == "encryption_key_id" && of.Encrypted.Set), l.anyOf(column, of))
		}
	}
	return l.typed(out)
}

// anyOf are the values that a column may have had, as far as they make a difference.
func (l *lifted) anyOf(column string, of *Layer) []pyjson.Value {
	switch column {
	case "display_name":
		return []pyjson.Value{pyjson.None, l.symbols.own(), l.symbols.auto()}
	case "encryption_key_id":
		keys := []pyjson.Value{pyjson.None, l.symbols.own()}
		if of.Encrypted.Set {
			keys = keys[boolInt(of.Encrypted.V):][:1]
		}
		return keys
	}
	return []pyjson.Value{l.symbols.own()}
}

// varied are the sections with each of the values, and as they are if that may be.
func varied(of []*pyjson.Object, key string, may bool, values []pyjson.Value) (out []*pyjson.Object) {
	for _, o := range of {
		if may {
			out = append(out, o)
		}
		for _, v := range values {
			p := o.Clone()
			p.Set(key, v)
			out = append(out, p)
		}
	}
	return out
}

// variants are what a layer's documents may have been whose loose fields are not known.
func (l *lifted) variants(docs []document, of *Layer, loose []Difference) (out []document) {
	for _, d := range docs {
		if d.err != nil || len(loose) == 0 || d.doc.Kind() != pyjson.Dict {
			out = append(out, d)
			continue
		}
		out = append(out, l.variantsOf(d.doc.Object(), of, loose)...)
	}
	return out
}

// variantsOf are enough of them that each section comes in each way that makes a
// difference, and each way of the base section with those of the others, since it may
// stop the restore.
func (l *lifted) variantsOf(doc *pyjson.Object, of *Layer, loose []Difference) (out []document) {
	bases, version := []*pyjson.Object{nil}, 0
	if v, ok := doc.Get("version"); ok {
		version, _ = l.rules.version(v)
	}
	if v, _ := doc.Get(string(BaseSection)); v.Kind() == pyjson.Dict {
		bases = l.variedBase(v.Object(), l.rules.base[version], of, loose)
	}
	for _, base := range bases {
		for n := range 1 + boolInt(of.varies(UserSection, loose) || of.varies(ImageSection, loose)) {
			next := doc.Clone()
			if base != nil {
				next.Set(string(BaseSection), pyjson.OfDict(base))
			}
			for _, s := range []Section{UserSection, ImageSection} {
				if of.varies(s, loose) {
					l.varySection(next, of, s, n == 1, loose)
				}
			}
			out = append(out, document{doc: pyjson.OfDict(next)})
		}
	}
	return out
}

// variedBase are the base sections that may have been.
func (l *lifted) variedBase(base *pyjson.Object, columns []string, of *Layer, loose []Difference) []*pyjson.Object {
	out := []*pyjson.Object{base}
	for _, column := range columns {
		if holds(loose, BaseSection, column) {
			out = varied(out, column, false, l.anyOf(column, of))
		}
	}
	if holds(loose, BaseSection, "volume_type_id") && slices.Contains(columns, "encryption_key_id") {
		out = l.typed(out)
	}
	return out
}

// varySection puts a section into a document: with all its loose keys, or with none.
func (l *lifted) varySection(doc *pyjson.Object, of *Layer, s Section, full bool, loose []Difference) {
	o := &pyjson.Object{}
	for key, v := range of.common(s, loose).All() {
		o.Set(key, v)
	}
	if doc.Delete(string(s)); !full && holds(loose, s, "") && o.Len() == 0 {
		return
	}
	for _, d := range loose {
		if full && d.Section == s && of.has(s, d.Field) {
			o.Set(d.Field, l.symbols.own())
		}
	}
	doc.Set(string(s), pyjson.OfDict(o))
}

// typed gives each base section that has a key a type, for which Cinder asks then: also
// one that is gone, or that the volume has and the login does not see.
func (l *lifted) typed(bases []*pyjson.Object) (out []*pyjson.Object) {
	ids := l.typeIDs
	if own := l.symbols.own(); !slices.ContainsFunc(ids, own.Equal) {
		ids = append(slices.Clone(ids), own)
	}
	for _, o := range bases {
		if key, _ := o.Get("encryption_key_id"); key.IsNull() {
			out = append(out, o)
			continue
		}
		for _, id := range ids {
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
