package core

import "hearth/core/pyjson"

// loose are the fields of a layer's captures that are not known, though the captures
// are: those in which the two looks of a late one differ, and those that the source did
// not show. A Difference without a field is whether the section is there.
func (l *Layer) loose() (out []Difference) {
	if l.Evidence == EvidenceLate && len(l.Captures) > 1 {
		out = RestoredDiffer(&l.Captures[0], &l.Captures[1])
	}
	for i := range l.Captures {
		for _, name := range restorable {
			if d := (Difference{BaseSection, name}); l.Captures[i].Unseen.Has(name) && !holds(out, d.Section, d.Field) {
				out = append(out, d)
			}
		}
	}
	if l.Evidence != EvidenceLate {
		return out
	}
	for _, s := range []Section{UserSection, ImageSection} {
		// Cinder captures no section without keys, and there may have been a moment
		// without any between two looks that have none in common.
		if !holds(out, s, "") && l.varies(s, out) && l.common(s, out).Len() == 0 {
			out = append(out, Difference{Section: s})
		}
	}
	return out
}

func holds(of []Difference, s Section, field string) bool {
	for _, d := range of {
		if d.Section == s && d.Field == field {
			return true
		}
	}
	return false
}

// varies reports whether one of them is in the section.
func (l *Layer) varies(s Section, loose []Difference) bool {
	for _, d := range loose {
		if d.Section == s {
			return true
		}
	}
	return false
}

// common are the entries of a section of the layer's first capture that are not loose.
func (l *Layer) common(s Section, loose []Difference) *pyjson.Object {
	o := l.capture().Section(s).Clone()
	for _, d := range loose {
		if d.Section == s && o != nil {
			o.Delete(d.Field)
		}
	}
	return o
}

// has reports whether one of the captures has the key in the section: what is loose
// without a field may be the section itself, or a key without a name.
func (l *Layer) has(s Section, key string) bool {
	for i := range l.Captures {
		if l.Captures[i].Section(s).Has(key) {
			return true
		}
	}
	return false
}

// sure is the layer's first capture without what is loose of it.
func (l *Layer) sure(loose []Difference) *Capture {
	c := *l.capture()
	if len(loose) == 0 {
		return &c
	}
	doc := c.Doc.Object().Clone()
	for _, s := range Sections {
		switch {
		case holds(loose, s, "") && l.common(s, loose).Len() == 0:
			doc.Delete(string(s))
		case c.Section(s) != nil:
			doc.Set(string(s), pyjson.OfDict(l.common(s, loose)))
		}
	}
	c.Doc = pyjson.OfDict(doc)
	return &c
}

// Whole reports whether it is known, of each capture that the layer may have, all that a
// restore reads of it.
func (l *Layer) Whole() bool { return l.Known() && !l.Assumes() && len(l.loose()) == 0 }

// keyed reports whether the layer's volume is known to have been encrypted by its key
// not being shown: a cloud that shows whether quota counts a volume (3.65) shows its
// key, too (3.64), or that it has none, and hides only the fixed one.
func (l *Layer) keyed() bool {
	for i := range l.Captures {
		if c := &l.Captures[i]; !c.Unseen.Has("encryption_key_id") || !c.Section(BaseSection).Has("use_quota") {
			return false
		}
	}
	return len(l.Captures) > 0
}

// ways is how many captures the layer may be one of, but for what is loose.
func (l *Layer) ways() int {
	if l.Evidence == EvidenceLate {
		return min(len(l.Captures), 1)
	}
	return len(l.Captures)
}

// settled are the layers that a plan goes by: a late one of which not both looks are
// there, or of which one does not parse or has no base section, is not known.
func settled(layers []Layer) []Layer {
	out := append([]Layer(nil), layers...)
	for i := range out {
		if l := &out[i]; l.Evidence == EvidenceLate && (len(l.Captures) != 2 || holds(l.loose(), "", "") || holds(l.loose(), BaseSection, "")) {
			l.Evidence, l.Captures = EvidenceUnknown, nil
		}
		if l := &out[i]; l.keyed() {
			l.Encrypted = Some(true)
		}
	}
	return out
}
