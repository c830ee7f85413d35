package core

import (
	"slices"

	"hearth/core/pyjson"
)

// carryOut runs the chain over all that the target may be, once as if what is
// assumed were so and, where anything is, once as if it were not known.
func (p *Plan) carryOut(in PlanInput) {
	p.sure = p.lift(in, false)
	p.doubt = p.sure
	if slices.ContainsFunc(p.used(), func(i int) bool { return p.Chain[i].Assumes() }) {
		p.doubt = p.lift(in, true)
	}
	if err := p.sure.err; err != nil && p.doubt.err != err {
		// What stops only by what is assumed may come through: nothing rests on that then.
		p.mayStop, p.sure = err, p.doubt
	}
	p.Error, p.Steps, p.Coerced = p.sure.err, p.sure.steps, p.sure.coerced
	p.After = p.Before.Clone()
	value := func(s Section, name string) Opt[pyjson.Value] {
		if k := p.know(s, name); k.Certainty == Certain || k.Certainty == Assumed {
			return k.Value
		}
		if key := p.cloned(); name == "encryption_key_id" && key.Set {
			return key
		}
		if s != BaseSection {
			v, ok := p.Before.section(s).Get(name)
			return Opt[pyjson.Value]{V: v, Set: ok}
		}
		return Some(p.Before.base(name))
	}
	p.After.Name = value(BaseSection, "display_name").V
	p.After.Description = value(BaseSection, "display_description").V
	p.After.EncryptionKeyID = value(BaseSection, "encryption_key_id").V
	p.After.VolumeTypeID = value(BaseSection, "volume_type_id").V
	p.After.Bootable = value(BaseSection, "bootable").V.Bool()
	p.After.Metadata, p.After.Image = &pyjson.Object{}, &pyjson.Object{}
	for _, s := range []Section{UserSection, ImageSection} {
		for _, name := range p.names(s) {
			if v := value(s, name); v.Set {
				p.After.section(s).Set(name, v.V)
			}
		}
		if p.doubt.open(s) {
			p.Open = append(p.Open, s)
		}
	}
}

// section is the user or the image metadata.
func (s State) section(of Section) *pyjson.Object {
	if of == ImageSection {
		return s.Image
	}
	return s.Metadata
}

// names are the keys of the section that a plan can tell of: those of the volume
// after the restore, as far as they are known, and those before it.
func (p *Plan) names(s Section) []string {
	out := p.sure.names(s)
	for _, more := range [][]string{p.doubt.names(s), p.Before.section(s).Keys()} {
		for _, name := range more {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// mostCombinations is how many ways to choose one capture of each layer that has
// several are carried out by themselves. Where there are more, each layer is taken by
// itself, which keeps what is certain right, though it may call certain a little less.
const mostCombinations = 16

// lift carries the chain out; doubtful: what is assumed of a layer counts as not known.
func (p *Plan) lift(in PlanInput, doubtful bool) *lifted {
	ways := 1
	for _, i := range p.used() {
		ways *= max(p.Chain[i].ways(), 1)
		if ways > mostCombinations {
			return p.liftWay(in, doubtful, -1)
		}
	}
	var all []*lifted
	for way := range ways {
		all = append(all, p.liftWay(in, doubtful, way))
	}
	return joined(all)
}

// liftWay carries the chain out with one of the captures of each layer: the way's
// digits say which; -1 is any.
func (p *Plan) liftWay(in PlanInput, doubtful bool, way int) *lifted {
	l := &lifted{rules: p.Rules.rules(), types: typesOf(in.VolumeTypes), symbols: p.newSymbols(), collates: in.Collates,
		alike: in.Alike[UserSection]}
	l.typeIDs = typesNamed(l.symbols, in.VolumeTypes, p.Chain, p.Before.VolumeTypeID)
	l.now = p.start(l)
	for _, i := range p.used() {
		layer := &p.Chain[i]
		docs := p.parsed(layer)
		if n := layer.ways(); n > 1 && way >= 0 {
			docs, way = docs[way%n:][:1], way/n
		}
		docs = l.variants(docs, layer, p.loose[i])
		switch {
		case layer.Evidence == EvidenceUnknown, doubtful && layer.Assumes():
			l.unseen(i, layer)
		case len(docs) > 0:
			l.pass(i, docs, ofAll, i, true)
		}
		if l.err != nil {
			return l
		}
	}
	own := p.Target.Volume != nil && p.Target.Volume.ID == in.Source
	l.note(in.Backup, own, in.Noting)
	l.clone(p.Before.EncryptionKeyID, in.Noting)
	return l
}

// parsed are the layer's captures as the rule set's Python reads them; of a late one
// the first, whose loose fields are all that the other one differs in.
func (p *Plan) parsed(l *Layer) (out []document) {
	for i := range l.ways() {
		doc, err := p.Rules.rules().python.parse(l.Captures[i].Text)
		out = append(out, document{doc, err})
	}
	return out
}

// newSymbols are symbols that occur nowhere in the plan.
func (p *Plan) newSymbols() symbols {
	texts := []string{pyjson.Text(pyjson.OfDict(p.Before.Object()))}
	for i := range p.Chain {
		for n := range p.Chain[i].Captures {
			texts = append(texts, p.Chain[i].Captures[n].Text)
		}
	}
	return newSymbols(texts...)
}

// start is what the target may be before the restore: what its place does not show
// may be anything, and so may the type of a new volume where the default is not known.
func (p *Plan) start(l *lifted) (now possible) {
	b := baseState{p.Before.Name, p.Before.Description, p.Before.EncryptionKeyID, p.Before.VolumeTypeID,
		[4]int{byTarget, byTarget, byTarget, byTarget}, false}
	if p.unseen("encryption_key_id") {
		b.key = l.symbols.own()
	}
	types := []pyjson.Value{b.typ}
	if p.unseen("volume_type_id") {
		types = append(slices.Clone(l.typeIDs), l.symbols.own()) // one that no capture names, and that the login may not see
	}
	for _, id := range types {
		b.typ = id
		now.addBase(b)
	}
	now.addUser(userState{keys: p.Before.Metadata.Clone(), by: byTarget})
	now.addImage(imageState{keys: p.Before.Image.Clone(), bootable: p.Before.Bootable, by: byTarget, bootBy: byTarget})
	return now
}

// unseen reports whether it is not known what the target has in the column.
func (p *Plan) unseen(column string) bool {
	if v := p.Target.Volume; p.Target.Kind == TargetExisting && v != nil {
		return v.Unseen.Has(column)
	}
	return column == "volume_type_id" && p.Target.DefaultType.IsNull() || column == "encryption_key_id" && p.Target.Keyed
}

// cloned is the key that the restore brings for certain and the manager then puts a
// clone of in place; not set: none.
func (p *Plan) cloned() Opt[pyjson.Value] {
	var key Opt[pyjson.Value]
	for _, b := range p.doubt.now.base {
		if !b.cloned || p.doubt.symbols.is(b.key) || key.Set && !key.V.Equal(b.key) {
			return Opt[pyjson.Value]{}
		}
		key = Some(b.key)
	}
	return key
}
