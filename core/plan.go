package core

import (
	"fmt"

	"hearth/core/pyjson"
)

// Verdict says what a restore does to one field.
type Verdict string

const (
	VerdictSet         Verdict = "set"          // had no value and gets one
	VerdictUnchanged   Verdict = "unchanged"    // written, to what it was
	VerdictAdded       Verdict = "added"        // a metadata key that was not there
	VerdictChanged     Verdict = "changed"      // another value than before
	VerdictRemoved     Verdict = "removed"      // a metadata key, or a value, that goes
	VerdictNotRestored Verdict = "not restored" // captured, but no rule brings it back
	VerdictKept        Verdict = "kept"         // the restore leaves the target's alone
	VerdictRefused     Verdict = "refused"      // Cinder stops here, or before it
	VerdictOneOf       Verdict = "one of"       // it comes out as one of several values
	VerdictUnknown     Verdict = "unknown"      // how it comes out is not known
)

// Changes reports whether the verdict changes the volume.
func (v Verdict) Changes() bool {
	switch v {
	case VerdictSet, VerdictAdded, VerdictChanged, VerdictRemoved:
		return true
	}
	return false
}

// FieldPlan is what a restore does to one field of the target.
type FieldPlan struct {
	Section Section
	Name    string
	Before  Opt[pyjson.Value] // not set: not there, or not known
	After   Opt[pyjson.Value]
	Verdict Verdict
	Why     string
	Layer   int  // the layer that decides, from 0; -1 where none does
	Danger  bool // worth a second look: something goes, or the volume's nature changes

	// Certainty says how sure Verdict and After are. Where it is OneOf, Possible are
	// the values that After may have, one that is not set: not there; Because says
	// what it rests on. After is set only where it is Certain or Assumed.
	Certainty Certainty
	Possible  []Opt[pyjson.Value]
	Because   string
	Unseen    bool // the place does not show what it is before
}

// TargetKind says what a restore is aimed at.
type TargetKind string

const (
	TargetExisting TargetKind = "existing"  // a volume that is there
	TargetNew      TargetKind = "new"       // one that Cinder makes and may rename
	TargetNewNamed TargetKind = "new-named" // one that Cinder makes with the name asked for
)

// Target is what a restore is aimed at.
type Target struct {
	Kind   TargetKind
	Volume *Volume // TargetExisting
	Name   string  // TargetNewNamed
	// DefaultType is the id of the type that a new volume gets; None if unknown.
	DefaultType pyjson.Value
	// Keyed: that type encrypts, or it is not known whether it does: Cinder then makes the
	// new volume a key (cinder/volume/flows/api/create_volume.py _get_encryption_key_id).
	Keyed bool
	// Bare: the new volume is made by POST /volumes with the backup's id (3.47),
	// and has at first the name asked for, or none, and no description.
	Bare bool
	// Route says who makes a new volume, where a restore of its data is meant.
	Route Route
}

// PlanInput is all that a plan is made from.
type PlanInput struct {
	Target   Target
	Backup   BackupID  // the one to restore; "" when captures are handed in alone
	Captures []Capture // of the chain, the full backup first, where Chain is nil
	Chain    []Layer   // every layer of the chain, the full backup first, those that nobody has too
	Service  string    // the backup's driver class, "" if unknown
	Rules    RuleSet   // RulesAuto, or no rule set at all: ChooseRules
	RulesWhy string    // where the caller chose: its reason
	Layers   Layers    // LayersAuto: ChooseLayers
	// VolumeTypes are the ids of the types that exist; nil if the place cannot
	// tell, and then any type is taken to exist.
	VolumeTypes []string
	// Noting says whether Cinder's manager notes the backup in the volume's metadata
	// when the restore is done, and Source which volume the backup is of.
	Noting Noting
	Source VolumeID
	// Collates: the database may take keys for the same that differ only in case,
	// accents or trailing blanks. That of a cloud may, as MySQL and MariaDB do
	// usually; SQLite and PostgreSQL do not.
	Collates bool
	// Alike is what the database itself says of the keys that the plan is about, by
	// section: of each the one that it takes it for. A key that is not there is alike to
	// none. nil, or a section that is not there: it was not asked, and Collates decides.
	Alike map[Section]map[string]string
}

// How a plan is carried out.
const (
	ViaDatabase = "database" // as Cinder's own restore writes it, or a place that can write all of it
	ViaAPI      = "api"      // by the Block Storage API's own calls, which can do less
)

// APICall is one request of the Block Storage API that changes a volume.
type APICall struct {
	Method string
	Path   string         // below the endpoint: /volumes/ID/metadata
	Body   *pyjson.Object // nil: none
	What   string         // for people: "replace the metadata (2 keys)"
	key    string         // DELETE: the key that goes
}

// Plan is what a restore would do to one volume's metadata, as data.
type Plan struct {
	Target    Target
	Backup    BackupID
	Chain     []Layer   // every layer, the full backup's first; fields name them by their index
	Captures  []Capture // of the layers that have one; the first of several
	Rules     RuleSet   // one of RuleSets, never auto
	RulesWhy  string
	Layers    Layers
	LayersWhy string
	Before    State
	// After is what the volume is then, after an error what has been applied by then.
	// What is neither certain nor assumed stands there as it is before.
	After     State
	Certainty Certainty // of the whole: Certain, Partly or Unknown
	Open      []Section // sections that may come out with keys nobody knows of
	Can       Can       // whether it can be done at all, as far as that is known here
	Fields    []FieldPlan
	Steps     []Step
	Error     *PlanError
	Warnings  []string
	Beside    Beside   // the database that stands beside the place; a zero one where none does
	Release   Releases // of the Cinder that restores, as far as the place and the captures tell
	// Coerced: a number or boolean goes into a text column. After says what SQLite
	// and MySQL make of it; PostgreSQL refuses it.
	Coerced bool
	// Via is how it is carried out, ViaDatabase or ViaAPI; Calls are the requests
	// of the latter, and LeftOut the fields that somebody chose to leave as they are.
	Via     string
	Calls   []APICall
	LeftOut []string
	// Pitfalls are what some releases get wrong; the warnings have them too.
	Pitfalls []Pitfall

	loose       [][]Difference // by layer, what of its captures is not known
	known       []*Capture     // by layer, the rest of the first one
	noting      Noting         // what Cinder's manager does besides
	mayStop     *PlanError     // what Cinder says if what is assumed holds, and may not say if not
	sure, doubt *lifted        // what comes out if what is assumed holds, and whether or not it does
}

// NewPlan works out what a restore would do. It does not fail: what Cinder
// would refuse is the plan's Error.
func NewPlan(in PlanInput) *Plan {
	p := &Plan{Target: in.Target, Backup: in.Backup, Chain: in.Chain, Via: ViaDatabase,
		Rules: in.Rules, RulesWhy: in.RulesWhy, Layers: in.Layers, LayersWhy: "asked for"}
	if p.Chain == nil {
		p.Chain = LayersOf(in.Captures)
	}
	p.Chain = settled(p.Chain)
	for i := range p.Chain {
		p.loose = append(p.loose, p.Chain[i].loose())
		p.known = append(p.known, p.Chain[i].sure(p.loose[i]))
		if len(p.Chain[i].Captures) > 0 {
			p.Captures = append(p.Captures, p.Chain[i].Captures[0])
		}
	}
	if p.Rules.rules() == nil {
		p.Rules, p.RulesWhy = ChooseRules(p.Captures)
	} else if p.RulesWhy == "" {
		p.RulesWhy = "asked for"
	}
	if p.Layers == "" || p.Layers == LayersAuto {
		p.Layers, p.LayersWhy = ChooseLayers(in.Service)
	}
	p.Before, p.noting = targetState(in.Target, in.Backup), in.Noting
	p.carryOut(in)
	p.explain()
	p.Certainty = p.certainty()
	p.weigh(in)
	p.warn()
	return p
}

func targetState(t Target, backup BackupID) State {
	if t.Kind == TargetExisting && t.Volume != nil {
		return t.Volume.State()
	}
	s := NewVolumeState(backup, t.Name, t.DefaultType)
	if t.Bare {
		s.Description = pyjson.None
		if t.Name == "" {
			s.Name = pyjson.None
		}
	}
	return s
}

func typesOf(ids []string) func(pyjson.Value) bool {
	if ids == nil {
		return func(pyjson.Value) bool { return true }
	}
	known := NewFieldSet(ids...)
	return func(id pyjson.Value) bool {
		s, ok := id.Str()
		return ok && known.Has(s)
	}
}

// Guess reports whether a field of the plan rests on something assumed.
func (p *Plan) Guess() bool {
	for i := range p.Fields {
		if p.Fields[i].Certainty == Assumed {
			return true
		}
	}
	return false
}

// Today reports whether a layer in use is only taken to be as the volume is now.
func (p *Plan) Today() bool {
	for _, i := range p.used() {
		if p.Chain[i].Evidence == EvidenceToday {
			return true
		}
	}
	return false
}

// Field is what the plan says of a field, nil if nothing.
func (p *Plan) Field(s Section, name string) *FieldPlan {
	for i := range p.Fields {
		if f := &p.Fields[i]; f.Section == s && f.Name == name {
			return f
		}
	}
	return nil
}

// used lists the layers that the layers setting puts back.
func (p *Plan) used() []int {
	var out []int
	for i := range p.Chain {
		if p.Layers == LayersAll || i == len(p.Chain)-1 {
			out = append(out, i)
		}
	}
	return out
}

// Count returns how many fields have the verdict.
func (p *Plan) Count(v Verdict) int {
	n := 0
	for _, f := range p.Fields {
		if f.Verdict == v {
			n++
		}
	}
	return n
}

// Changes returns how many fields the restore changes.
func (p *Plan) Changes() int {
	n := 0
	for _, f := range p.Fields {
		if f.Verdict.Changes() {
			n++
		}
	}
	return n
}

// Summary tells the plan in a line: "2 set, 1 changed, 1 removed, 5 kept".
func (p *Plan) Summary() string {
	text := ""
	for _, v := range []Verdict{
		VerdictSet, VerdictAdded, VerdictChanged, VerdictRemoved, VerdictUnchanged,
		VerdictOneOf, VerdictUnknown, VerdictKept,
		VerdictRefused, VerdictNotRestored,
	} {
		if n := p.Count(v); n > 0 {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("%d %s", n, v)
		}
	}
	if text == "" {
		return "nothing to restore"
	}
	return text
}

// Applicable returns nil if the plan can be applied to its target, else an
// [Error] that says why not.
func (p *Plan) Applicable() error {
	const tried = "apply the plan"
	switch {
	case p.Error != nil:
		return Fail(CodeRefused, tried, "Cinder refuses this restore: "+p.Error.Message, "choose another target, rule set or capture", p.Error)
	case p.Target.Kind != TargetExisting || p.Target.Volume == nil:
		return Fail(CodeRefused, tried, "its target is a volume that does not exist yet",
			"choose an existing volume, or restore the data and the metadata with it", nil)
	case len(p.Captures) == 0:
		return Fail(CodeRefused, tried, "there is no capture to restore from", "take one, or hand one in as a file", nil)
	}
	return p.blocked(tried)
}

// Plan is the same plan with the reasons in a face's own words.
func (m Idiom) Plan(p *Plan) *Plan {
	if p == nil {
		return nil
	}
	out := *p
	out.Can = m.Can(p.Can)
	return &out
}
