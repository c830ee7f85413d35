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
	Layer   int  // the capture that decides, from 0; -1 where none does
	Danger  bool // worth a second look: something goes, or the volume's nature changes
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
	Captures []Capture // of the chain, the full backup first
	Service  string    // the backup's driver class, "" if unknown
	Rules    RuleSet   // RulesAuto, or no rule set at all: ChooseRules
	RulesWhy string    // where the caller chose: its reason
	Layers   Layers    // LayersAuto: ChooseLayers
	// VolumeTypes are the ids of the types that exist; nil if the place cannot
	// tell, and then any type is taken to exist.
	VolumeTypes []string
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
	Captures  []Capture
	Rules     RuleSet // one of RuleSets, never auto
	RulesWhy  string
	Layers    Layers
	LayersWhy string
	Before    State
	After     State // after an error: what has been applied by then
	Fields    []FieldPlan
	Steps     []Step
	Error     *PlanError
	Warnings  []string
	// Coerced: a number or boolean goes into a text column. After says what SQLite
	// and MySQL make of it; PostgreSQL refuses it.
	Coerced bool
	// Via is how it is carried out, ViaDatabase or ViaAPI; Calls are the requests
	// of the latter, and LeftOut the fields that somebody chose to leave as they are.
	Via     string
	Calls   []APICall
	LeftOut []string
}

// NewPlan works out what a restore would do. It does not fail: what Cinder
// would refuse is the plan's Error.
func NewPlan(in PlanInput) *Plan {
	p := &Plan{Target: in.Target, Backup: in.Backup, Captures: in.Captures, Via: ViaDatabase,
		Rules: in.Rules, RulesWhy: in.RulesWhy, Layers: in.Layers, LayersWhy: "asked for"}
	if p.Rules.rules() == nil {
		p.Rules, p.RulesWhy = ChooseRules(in.Captures)
	} else if p.RulesWhy == "" {
		p.RulesWhy = "asked for"
	}
	if p.Layers == "" || p.Layers == LayersAuto {
		p.Layers, p.LayersWhy = ChooseLayers(in.Service)
	}
	p.Before = targetState(in.Target, in.Backup)
	m := &machine{rules: p.Rules.rules(), state: p.Before.Clone(), types: typesOf(in.VolumeTypes)}
	for i := range in.Captures {
		if p.Layers == LayersLast && i < len(in.Captures)-1 {
			continue
		}
		m.layer = i
		if p.Error = m.put(in.Captures[i].Text); p.Error != nil {
			break
		}
	}
	p.After, p.Steps, p.Coerced = m.state, m.steps, m.coerced
	p.explain()
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

// Guess reports whether the plan rests on a capture that is only the volume as
// it is now.
func (p *Plan) Guess() bool {
	for _, i := range p.used() {
		if p.Captures[i].Source.Guess() {
			return true
		}
	}
	return false
}

// used lists the captures that the layers setting puts back.
func (p *Plan) used() []int {
	var out []int
	for i := range p.Captures {
		if p.Layers == LayersAll || i == len(p.Captures)-1 {
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
		VerdictSet, VerdictAdded, VerdictChanged, VerdictRemoved, VerdictUnchanged, VerdictKept, VerdictRefused, VerdictNotRestored,
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

// Object is the plan as JSON. fields, steps, after and error are stable; steps
// and after have the conformance form.
func (p *Plan) Object() *pyjson.Object {
	o := &pyjson.Object{}
	set := func(key string, v pyjson.Value) { o.Set(key, v) }
	str := pyjson.OfString
	set("backup_id", idValue(p.Backup))
	volume := pyjson.None
	if p.Target.Volume != nil {
		volume = idValue(p.Target.Volume.ID)
	}
	set("volume_id", volume)
	set("target", str(string(p.Target.Kind)))
	set("rules", str(string(p.Rules)))
	set("rules_why", str(p.RulesWhy))
	set("layers", str(string(p.Layers)))
	set("layers_why", str(p.LayersWhy))
	set("via", str(p.Via))
	var captures []pyjson.Value
	for i := range p.Captures {
		c := &p.Captures[i]
		e := &pyjson.Object{}
		e.Set("backup_id", idValue(c.BackupID))
		e.Set("version", pyjson.OfInt(int64(c.Version())))
		e.Set("source", str(string(c.Source.Kind)))
		e.Set("where", str(c.Source.Where))
		captures = append(captures, pyjson.OfDict(e))
	}
	set("captures", pyjson.OfList(captures))
	set("guess", pyjson.OfBool(p.Guess()))
	set("before", pyjson.OfDict(p.Before.Object()))
	var fields []pyjson.Value
	for _, f := range p.Fields {
		fields = append(fields, pyjson.OfDict(f.object()))
	}
	set("fields", pyjson.OfList(fields))
	var steps []pyjson.Value
	for _, s := range p.Steps {
		steps = append(steps, pyjson.OfDict(s.Object()))
	}
	set("steps", pyjson.OfList(steps))
	if p.Via == ViaAPI {
		var calls, left []pyjson.Value
		for _, c := range p.Calls {
			calls = append(calls, pyjson.OfDict(c.Object()))
		}
		for _, name := range p.LeftOut {
			left = append(left, plainForm(str(name)))
		}
		set("calls", pyjson.OfList(calls))
		set("left_out", pyjson.OfList(left))
	}
	set("after", pyjson.OfDict(p.After.Object()))
	set("error", p.Error.value())
	var warnings []pyjson.Value
	for _, w := range p.Warnings {
		warnings = append(warnings, str(w))
	}
	set("warnings", pyjson.OfList(warnings))
	return o
}

func (f FieldPlan) object() *pyjson.Object {
	o := &pyjson.Object{}
	o.Set("section", pyjson.OfString(string(f.Section)))
	o.Set("field", plainForm(pyjson.OfString(f.Name)))
	for _, side := range []struct {
		key   string
		value Opt[pyjson.Value]
	}{{"before", f.Before}, {"after", f.After}} {
		if !side.value.Set {
			continue // absent, not null
		}
		v := side.value.V
		if SecretFields.Has(f.Name) && v.Truthy() {
			v = pyjson.OfString(Masked)
		}
		o.Set(side.key, plainForm(v))
	}
	o.Set("verdict", pyjson.OfString(string(f.Verdict)))
	o.Set("why", pyjson.OfString(f.Why))
	if f.Layer >= 0 {
		o.Set("layer", pyjson.OfInt(int64(f.Layer)))
	}
	return o
}

// Object is the call as JSON.
func (c APICall) Object() *pyjson.Object {
	o := &pyjson.Object{}
	o.Set("what", pyjson.OfString(c.What))
	o.Set("method", pyjson.OfString(c.Method))
	o.Set("path", pyjson.OfString(c.Path))
	body := pyjson.None
	if c.Body != nil {
		body = plainForm(pyjson.OfDict(c.Body))
	}
	o.Set("body", body)
	return o
}

func (e *PlanError) value() pyjson.Value {
	if e == nil {
		return pyjson.None
	}
	o := &pyjson.Object{}
	o.Set("kind", pyjson.OfString(string(e.Kind)))
	o.Set("class", pyjson.OfString(e.Class))
	o.Set("message", pyjson.OfString(e.Message))
	o.Set("container", pyjson.OfInt(int64(e.Layer)))
	return pyjson.OfDict(o)
}
