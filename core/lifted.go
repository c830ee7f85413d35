package core

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hearth/core/pyjson"
)

// The machine runs on one State. Where not all of a chain is known a volume may
// be in one of several on the way, and lifted runs the machine on each: there is
// no second set of rules. A layer that nobody has is stood in for by captures
// that drive the machine through every decision its rule set can take
// (stand-ins, in unseen.go), with a symbol wherever any value could be.

// Who wrote a value, where no layer did: the target has had it all along, or some
// layer that is not known.
const (
	byTarget = -1
	byUnseen = -2
)

// baseState is what the five columns but bootable may be, together, since one
// decides on another. by says of each, in this order, which layer wrote it. cloned:
// Cinder's manager puts a clone in the place of the key.
type baseState struct {
	name, description, key, typ pyjson.Value
	by                          [4]int
	cloned                      bool
}

// userState is what the user metadata may be. outlived: a key of the volume's own
// stays beside a captured one, which the database's collation takes for the same;
// alike are what keys collate to beside which any that a hidden layer brought may have
// stayed. noted: Cinder's manager noted the
// backup in it, or may have.
type userState struct {
	keys            *pyjson.Object
	by              int
	alike           []string
	outlived, noted bool
}

// folded are the keys as the database's collation has them.
func folded(keys *pyjson.Object) (out []string) {
	for key := range keys.All() {
		out = append(out, Collated(key))
	}
	return out
}

// imageState is what the image metadata and bootable may be.
type imageState struct {
	keys       *pyjson.Object
	bootable   bool
	by, bootBy int
}

// possible is what a volume may be: any base with any user with any image state,
// for sections do not look at each other.
type possible struct {
	base  []baseState
	user  []userState
	image []imageState
	seen  map[string]bool
}

// distinct tells values apart; null is not "null".
func distinct(v pyjson.Value) string { return strconv.Itoa(int(v.Kind())) + pyjson.Text(v) }

func (p *possible) fresh(kind string, parts ...string) bool {
	id := kind + strings.Join(parts, "\x00")
	if p.seen[id] {
		return false
	}
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	p.seen[id] = true
	return true
}

func (p *possible) addBase(s baseState) {
	by := ""
	for _, n := range s.by {
		by += strconv.Itoa(n) + ","
	}
	by += strconv.FormatBool(s.cloned)
	if p.fresh("base", distinct(s.name), distinct(s.description), distinct(s.key), distinct(s.typ), by) {
		p.base = append(p.base, s)
	}
}

func (p *possible) addUser(s userState) {
	if p.fresh("user", pyjson.Text(pyjson.OfDict(s.keys)), strconv.Itoa(s.by), fmt.Sprintf("%v %v %q", s.outlived, s.noted, s.alike)) {
		p.user = append(p.user, s)
	}
}

func (p *possible) addImage(s imageState) {
	if p.fresh("image", pyjson.Text(pyjson.OfDict(s.keys)), strconv.FormatBool(s.bootable), strconv.Itoa(s.by), strconv.Itoa(s.bootBy)) {
		p.image = append(p.image, s)
	}
}

func (p *possible) addAll(q *possible) {
	for _, s := range q.base {
		p.addBase(s)
	}
	for _, s := range q.user {
		p.addUser(s)
	}
	for _, s := range q.image {
		p.addImage(s)
	}
}

// document is a capture as the rule set's json.loads has it.
type document struct {
	doc pyjson.Value
	err error
}

// sections is a set of them: those whose states a pass is about.
type sections uint8

const (
	ofBase sections = 1 << iota
	ofUser
	ofImage
	ofAll = ofBase | ofUser | ofImage
)

// risk is a layer that stops the restore in some of the states the volume may be
// in by then, though not in all.
type risk struct {
	layer int
	err   *PlanError
}

// lifted carries a chain out on all that a volume may be.
type lifted struct {
	rules    *rules
	types    func(id pyjson.Value) bool
	typeIDs  []pyjson.Value // those that a volume may get or be compared with
	symbols  symbols
	collates bool
	alike    map[string]string // user keys, as the database compares them; nil: it was not asked

	now     possible
	stopped possible // what risks have left, if the restore gets no further
	steps   []Step   // those that are made whatever the volume is by then
	err     *PlanError
	risks   []risk
	coerced bool
}

// mostStates is how many base states are told apart; beyond, any value may be.
const mostStates = 1024

// run is the machine on one state.
func (l *lifted) run(layer int, d document, b baseState, u userState, i imageState) (*machine, *PlanError) {
	m := &machine{rules: l.rules, types: l.types, layer: layer, state: State{
		Name: b.name, Description: b.description, EncryptionKeyID: b.key, VolumeTypeID: b.typ,
		Bootable: i.bootable, Metadata: u.keys.Clone(), Image: i.keys.Clone()}}
	return m, m.putParsed(d.doc, d.err)
}

// wrote reports whether the machine's steps wrote the column.
func (m *machine) wrote(column string) bool {
	return slices.ContainsFunc(m.steps, func(s Step) bool {
		return s.OK && s.Op == OpVolumeUpdate && s.Values.Object().Has(column)
	})
}

func (m *machine) did(op Op) bool {
	return slices.ContainsFunc(m.steps, func(s Step) bool { return s.OK && s.Op == op })
}

// keep takes what the machine made of the states into the next ones. by is who
// gets the writes: the layer, or byUnseen.
func (l *lifted) keep(next *possible, m *machine, b baseState, u userState, i imageState, by int, of sections) {
	if of&ofBase != 0 {
		s := baseState{m.state.Name, m.state.Description, m.state.EncryptionKeyID, m.state.VolumeTypeID, b.by, false}
		for n, column := range []string{"display_name", "display_description", "encryption_key_id", "volume_type_id"} {
			if m.wrote(column) {
				s.by[n] = by
			}
		}
		next.addBase(s)
	}
	if of&ofUser != 0 {
		l.keepUser(next, m, u)
	}
	if of&ofImage != 0 {
		s := imageState{m.state.Image, m.state.Bootable, i.by, i.bootBy}
		if m.did(OpImageDelete) {
			s.by = m.layer
		}
		if m.wrote("bootable") {
			s.bootBy = m.layer
		}
		next.addImage(s)
	}
}

// keepUser also keeps the state in which the volume's own keys outlive the
// restore: volume_metadata_update deletes the keys that are NOT IN the captured
// ones, by the database's collation, and adds those that are not there, by Python's
// equality (cinder/db/sqlalchemy/api.py _volume_x_metadata_update).
func (l *lifted) keepUser(next *possible, m *machine, was userState) {
	s := was
	s.keys = m.state.Metadata
	if !m.did(OpMetadataUpdate) {
		next.addUser(s)
		return
	}
	s.by, s.outlived, s.alike = m.layer, false, nil
	if l.alike != nil && !l.symbols.open(was.keys) && len(was.alike) == 0 {
		s.keys = l.outliving(s.keys, was.keys)
		next.addUser(s)
		return
	}
	next.addUser(s)
	if !l.collates {
		return
	}
	captured := folded(s.keys)
	both := s.keys.Clone()
	for key, v := range was.keys.All() {
		if !both.Has(key) && slices.Contains(captured, Collated(key)) {
			both.Set(key, v)
			s.outlived = true
		}
	}
	for _, key := range captured {
		if l.symbols.open(was.keys) || slices.Contains(was.alike, key) {
			s.alike = append(s.alike, key)
		}
	}
	if s.keys = both; s.outlived || len(s.alike) > 0 {
		next.addUser(s)
	}
}

// outliving are the captured keys, and those of the volume's own that the database takes
// for one of them.
func (l *lifted) outliving(captured, own *pyjson.Object) *pyjson.Object {
	taken := map[string]bool{}
	for key := range captured.All() {
		if as, ok := l.alike[key]; ok {
			taken[as] = true
		}
	}
	both := captured.Clone()
	for key, v := range own.All() {
		if as, ok := l.alike[key]; ok && taken[as] && !captured.Has(key) {
			both.Set(key, v)
		}
	}
	return both
}

// pass puts one of the documents on each state. What stops the restore is left
// out as long as something carries it through, and is a risk where told is set;
// where nothing does, the restore stops for certain: err.
func (l *lifted) pass(layer int, docs []document, of sections, by int, told bool) {
	next, halted := &possible{}, possible{}
	var runs [][]Step
	var refused *PlanError
	now := &l.now
	u0, i0 := now.user[0], now.image[0]
	for _, d := range docs {
		var through *baseState
		for n := range now.base {
			b := now.base[n]
			m, err := l.run(layer, d, b, u0, i0)
			if err != nil {
				if refused == nil || l.symbols.in(refused.Message) {
					refused = err
				}
				if told {
					l.keep(&halted, m, b, u0, i0, by, ofAll)
					l.rest(&halted, layer, d, b, by, ofAll)
				}
				continue
			}
			l.coerced = l.coerced || told && m.coerced
			runs = append(runs, m.steps)
			if of&ofBase != 0 {
				l.keep(next, m, b, u0, i0, by, ofBase)
			}
			if through == nil {
				through = &now.base[n]
				l.keep(next, m, b, u0, i0, by, of&^ofBase)
			}
		}
		if through == nil {
			continue
		}
		l.rest(next, layer, d, *through, by, of)
	}
	if len(runs) == 0 {
		l.stop(layer, docs, refused)
		return
	}
	if refused != nil && told {
		l.risks = append(l.risks, risk{layer, refused})
		l.stopped.addAll(&halted)
	}
	if told {
		l.steps = append(l.steps, l.common(runs)...)
	}
	l.take(next, of)
}

// rest runs the document on the user and image states but the first, which have
// been run already.
func (l *lifted) rest(next *possible, layer int, d document, b baseState, by int, of sections) {
	u0, i0 := l.now.user[0], l.now.image[0]
	for _, u := range l.now.user[1:] {
		if m, _ := l.run(layer, d, b, u, i0); of&ofUser != 0 {
			l.keep(next, m, b, u, i0, by, ofUser)
		}
	}
	for _, i := range l.now.image[1:] {
		if m, _ := l.run(layer, d, b, u0, i); of&ofImage != 0 {
			l.keep(next, m, b, u0, i, by, ofImage)
		}
	}
}

// stop ends the restore at a layer that refuses whatever the volume is by then,
// and keeps what has been written.
func (l *lifted) stop(layer int, docs []document, err *PlanError) {
	next := &possible{}
	var runs [][]Step
	for _, d := range docs {
		for _, b := range l.now.base {
			m, _ := l.run(layer, d, b, l.now.user[0], l.now.image[0])
			l.coerced = l.coerced || m.coerced
			l.keep(next, m, b, l.now.user[0], l.now.image[0], layer, ofAll)
			l.rest(next, layer, d, b, layer, ofAll)
			runs = append(runs, m.steps)
		}
	}
	next.addAll(&l.stopped)
	l.take(next, ofAll)
	l.steps = append(l.steps, l.common(runs)...)
	if len(l.risks) > 0 { // it may have stopped before
		l.steps = slices.DeleteFunc(slices.Clone(l.steps), func(s Step) bool { return s.Layer >= l.risks[0].layer })
	}
	if l.symbols.in(err.Message) {
		told := *err
		told.Message = l.symbols.clean(err.Message)
		err = &told
	}
	l.err = err
}

// take makes the next states those of now.
func (l *lifted) take(next *possible, of sections) {
	if of&ofBase != 0 {
		if l.now.base = next.base; len(next.base) > mostStates {
			l.now.base = l.widened(next.base)
		}
	}
	if of&ofUser != 0 {
		l.now.user = next.user
	}
	if of&ofImage != 0 {
		l.now.image = next.image
	}
}

// widened are states that stand for all of those and more.
func (l *lifted) widened(states []baseState) []baseState {
	var p possible
	for _, s := range states {
		for _, name := range []pyjson.Value{l.symbols.own(), l.symbols.auto()} {
			p.addBase(baseState{name, l.symbols.own(), l.symbols.own(), s.typ, [4]int{byUnseen, byUnseen, byUnseen, s.by[3]}, false})
		}
	}
	return p.base
}

// common are the steps of the first run that all others make, too, with values that
// are known.
func (l *lifted) common(runs [][]Step) []Step {
	var out []Step
	for _, s := range runs[0] {
		if l.symbols.inStep(&s) {
			continue
		}
		if len(runs) == 1 {
			out = append(out, s)
			continue
		}
		id := pyjson.Text(pyjson.OfDict(s.Object()))
		all := !slices.ContainsFunc(runs[1:], func(run []Step) bool {
			return !slices.ContainsFunc(run, func(t Step) bool { return pyjson.Text(pyjson.OfDict(t.Object())) == id })
		})
		if all {
			out = append(out, s)
		}
	}
	return out
}

// joined is all that may come of several ways, as far as Cinder carries them
// through; where it carries none, how the first one ends.
func joined(ways []*lifted) *lifted {
	if len(ways) == 1 {
		return ways[0]
	}
	through := slices.Clone(ways)
	through = slices.DeleteFunc(through, func(l *lifted) bool { return l.err != nil })
	all := through
	if len(through) == 0 {
		all = ways
	}
	out := *all[0]
	out.now, out.risks = possible{}, nil
	var runs [][]Step
	for _, l := range all {
		runs = append(runs, l.steps)
		out.coerced = out.coerced || l.coerced
		out.risks = append(out.risks, l.risks...)
		out.now.addAll(&l.now)
	}
	for _, l := range ways {
		if l.err != nil && len(through) > 0 {
			out.risks = append(out.risks, risk{l.err.Layer, l.err})
		}
	}
	out.steps = out.common(runs)
	return &out
}
