package core

import (
	"fmt"
	"slices"

	"hearth/core/pyjson"
)

// explain fills the plan's fields from what the machine did.
func (p *Plan) explain() {
	p.explainBase()
	p.explainSection(UserSection)
	p.explainSection(ImageSection)
}

// layer names a layer of the chain for people.
func (p *Plan) layer(i int) string { return p.Chain[i].Title() }

// at is what is known of the layer's capture, of the first of several; an empty one
// where it has none.
func (p *Plan) at(i int) *Capture { return p.known[i] }

// writer returns the last layer that is known to have written the column, or -1.
func (p *Plan) writer(column string) int {
	return p.lastBy(BaseSection, column, p.know(BaseSection, column).Certainty)
}

// deciding returns the last layer that is known to have put back the section of a
// field as certain as this, or -1.
func (p *Plan) deciding(s Section, c Certainty) int {
	return p.lastBy(s, "", c)
}

// lastBy is the last layer that wrote one of the outcomes, or -1. What is certain is
// so whatever hidden layers did, and what is assumed goes by what is assumed of them.
func (p *Plan) lastBy(s Section, name string, c Certainty) int {
	layer, of, passes := -1, p.sure, func(i int) bool { return p.Chain[i].Evidence == EvidenceUnknown }
	if c == Certain {
		of, passes = p.doubt, p.hidden
	}
	for _, o := range of.outcomes(s, name) {
		if o.by > layer && !passes(o.by) && !p.mayPass(o.by, s, name) {
			layer = o.by
		}
	}
	return layer
}

// mayPass reports whether it is not known if the layer writes the field, though its
// captures are known but for some fields.
func (p *Plan) mayPass(layer int, s Section, name string) bool {
	loose := func(s Section, names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return holds(p.loose[layer], s, name) })
	}
	switch {
	case s != BaseSection:
		return loose(s, "")
	case name == "bootable":
		return loose(ImageSection, "")
	case name == "display_description":
		return loose(s, "display_name", name)
	case name == "volume_type_id":
		return loose(s, "encryption_key_id", name)
	}
	return loose(s, name)
}

// captured returns the last layer in use that is known to have captured the base
// field.
func (p *Plan) captured(field string) (pyjson.Value, int) {
	for u := p.used(); len(u) > 0; u = u[:len(u)-1] {
		i := u[len(u)-1]
		if v, ok := p.at(i).Section(BaseSection).Get(field); ok {
			return v, i
		}
	}
	return pyjson.None, -1
}

func (p *Plan) add(f FieldPlan) { p.Fields = append(p.Fields, f) }

func (p *Plan) explainBase() {
	columns := []string{"display_name", "display_description", "encryption_key_id", "volume_type_id", "bootable"}
	for _, name := range columns {
		p.baseField(name)
	}
	done := NewFieldSet(columns...)
	used := p.used()
	if len(used) == 0 {
		return
	}
	last := used[len(used)-1]
	c := p.at(last)
	captured := "captured: "
	if p.Chain[last].Evidence.Assumes() {
		captured = "taken to be captured: "
	}
	for name, v := range c.Section(BaseSection).All() {
		if done.Has(name) {
			continue
		}
		f := FieldPlan{Section: BaseSection, Name: name, Verdict: VerdictNotRestored, Layer: last, Certainty: Certain}
		_, why := FateOf(BaseSection, name, c.Version())
		f.Why = why + " (" + captured + shown(name, v) + ")"
		if t := p.Target.Volume; t != nil {
			if now, ok := t.Row.Get(name); ok {
				f.Before, f.After = Some(now), Some(now)
			}
		}
		p.add(f)
	}
}

// shown is a value in a reason: short, and masked if it is a secret.
func shown(name string, v pyjson.Value) string {
	if IsSecret(name) && v.Truthy() {
		return Masked
	}
	s := pyjson.Text(MaskedIn(v))
	if text, ok := v.Str(); ok {
		s = `"` + Visible(text) + `"`
	}
	if r := []rune(s); len(r) > 60 {
		s = string(r[:59]) + "…"
	}
	return s
}

// baseField explains one of the five columns that a restore can write.
func (p *Plan) baseField(name string) {
	before := p.Before.base(name)
	f := FieldPlan{Section: BaseSection, Name: name, Before: Some(before), Layer: -1, Unseen: p.unseen(name)}
	k := p.know(BaseSection, name)
	if known := f.settle(k); name == "encryption_key_id" && p.cloned().Set {
		f.After = p.cloned()
	} else if !known {
		if f.Unseen && name == "volume_type_id" && k.Certainty == Unknown {
			f.Verdict, f.After = VerdictKept, f.Before // whichever it is
		}
		p.add(f)
		return
	}
	after := f.After.V
	f.Layer = p.writer(name)
	if f.Layer < 0 {
		f.Verdict, f.Why, f.Layer = p.whyKept(name)
		p.add(f)
		return
	}
	switch {
	case before.Equal(after):
		f.Verdict = VerdictUnchanged
	case after.IsNull():
		f.Verdict, f.Danger = VerdictRemoved, true
	case before.IsNull() || before.Kind() == pyjson.String && before.Text() == "":
		f.Verdict = VerdictSet
	default:
		f.Verdict = VerdictChanged
	}
	f.Why = p.whyWritten(name, f.Layer)
	switch name {
	case "bootable":
		f.Danger = f.Verdict.Changes()
	case "encryption_key_id":
		f.Danger = f.Verdict.Changes()
	}
	p.add(f)
}

// settle takes over what is known of the field, and reports whether there is a
// value to explain. Where there is none, what is known is the explanation.
func (f *FieldPlan) settle(k Know) bool {
	f.Certainty, f.Possible, f.Because = k.Certainty, k.Possible, k.Because
	switch k.Certainty {
	case OneOf:
		f.Verdict, f.Why = VerdictOneOf, k.Because
		return false
	case Unknown:
		f.Verdict, f.Why = VerdictUnknown, k.Because
		return false
	}
	f.After = k.Value
	return true
}

func (p *Plan) whyWritten(name string, layer int) string {
	from := p.layer(layer) + ": "
	base := p.at(layer).Section(BaseSection)
	version := p.at(layer).Version()
	switch name {
	case "display_name", "display_description":
		used := p.used()
		c := nameCase{named: base.Has("display_name"), later: layer < used[len(used)-1]}
		return from + p.Rules.rules().names.whySet(name, c)
	case "encryption_key_id":
		if v, _ := base.Get(name); v.IsNull() {
			return from + fmt.Sprintf("version %d writes the key also when it is null", version)
		}
		return from + fmt.Sprintf("version %d restores the key; Cinder then puts a clone of the backup's key in its place", version)
	case "volume_type_id":
		return from + "the target has no type, so it gets that of the encrypted source"
	}
	return from + "has image metadata, and whoever gets image metadata becomes bootable"
}

// whyKept explains a column that no layer writes.
func (p *Plan) whyKept(name string) (Verdict, string, int) {
	v, layer := p.captured(name)
	if p.Error != nil && layer >= 0 && layer >= p.Error.Layer {
		return VerdictRefused, "Cinder stops: " + p.Error.Message, p.Error.Layer
	}
	switch {
	case name == "bootable" && p.Before.Bootable && p.someHidden():
		return VerdictKept, "it is bootable, and no restore takes that back", -1
	case name == "bootable":
		return VerdictKept, "only image metadata sets it, and no layer has any", -1
	case name == "volume_type_id":
		return VerdictKept, "a restore never changes the type of a volume that has one", -1
	case layer < 0:
		return p.keptUncaptured(name)
	}
	rules, captured := p.Rules.rules(), shown(name, v)
	version := p.at(layer).Version()
	switch {
	case name == "encryption_key_id" && !rules.restores(name, version):
		return VerdictKept, fmt.Sprintf("version %d does not restore the key (captured: %s)", version, captured), layer
	case name == "encryption_key_id":
		return VerdictKept, "no layer has a key to put in its place", -1
	case rules.names == nil:
		return VerdictKept, fmt.Sprintf("%s restores neither name nor description (captured: %s)", p.Rules, captured), layer
	}
	return VerdictKept, rules.names.whyKept(nameCase{shown: captured, target: p.Before.Name}), layer
}

// notWhole says why a layer's capture does not tell how the field comes out, though
// the rest of it is known; of a late one with what was seen of the field.
func (p *Plan) notWhole(layer int, s Section, name string) string {
	l := &p.Chain[layer]
	if l.Evidence != EvidenceLate {
		var fields []string
		for _, d := range p.loose[layer] {
			fields = append(fields, d.String())
		}
		return "the place does not show " + listed(fields, "and") + " of the volume, and so what " + p.backupOf(layer) +
			" captured there is not known"
	}
	if !p.mayPass(layer, s, name) && !holds(p.loose[layer], s, name) {
		return "hangs on what " + p.backupOf(layer) + " captured: " + l.Evidence.Doubt()
	}
	saw := func(n int) string {
		o := l.Captures[n].Section(s)
		if name == "bootable" {
			return map[bool]string{true: "image metadata", false: "no image metadata"}[l.Captures[n].Section(ImageSection) != nil]
		}
		if v, ok := o.Get(name); ok {
			return shown(name, v)
		}
		return "not there"
	}
	return fmt.Sprintf("what %s captured is not known: before the backup it was %s, after it %s, and %s",
		p.backupOf(layer), saw(0), saw(1), l.Evidence.Doubt())
}

// keptUncaptured explains a name, description or key that stays though no layer
// that is known captured one.
func (p *Plan) keptUncaptured(name string) (Verdict, string, int) {
	rules := p.Rules.rules()
	switch {
	case !p.someHidden():
		return VerdictKept, "not captured", -1
	case name == "encryption_key_id":
		return VerdictKept, "no layer has a key to put in its place", -1
	case rules.names == nil:
		return VerdictKept, fmt.Sprintf("%s restores neither name nor description", p.Rules), -1
	}
	return VerdictKept, "the target has a name of its own, so Cinder leaves name and description alone, whatever was captured", -1
}

// someHidden reports whether a layer in use is not known for sure, or not whole.
func (p *Plan) someHidden() bool {
	return slices.ContainsFunc(p.used(), func(i int) bool { return p.hidden(i) || len(p.loose[i]) > 0 })
}

// explainSection explains the keys of user or image metadata: those the target
// has, then those that come.
func (p *Plan) explainSection(s Section) {
	before, after := p.Before.section(s), p.After.section(s)
	for name, v := range before.All() {
		p.sectionField(s, name, Some(v))
	}
	for _, name := range p.names(s) {
		if !before.Has(name) {
			p.sectionField(s, name, Opt[pyjson.Value]{})
		}
	}
	p.explainRefused(s, before, after)
}

func (p *Plan) sectionField(s Section, name string, before Opt[pyjson.Value]) {
	f := FieldPlan{Section: s, Name: name, Layer: -1, Before: before}
	if !f.settle(p.know(s, name)) {
		p.add(f)
		return
	}
	layer := p.deciding(s, f.Certainty)
	f.Layer = layer
	noted := s == UserSection && name == sourceBackup && p.noting >= MaybeNoted && p.Error == nil && f.After.Set &&
		f.After.V.Equal(pyjson.OfString(string(p.Backup)))
	switch {
	case !f.Before.Set && !f.After.Set:
		return // a layer brings it, and a later one takes it away
	case noted:
		f.Layer = -1
		f.Why = "Cinder's manager notes there what the volume was restored from (16 and later)"
	case layer < 0 && p.Error != nil:
		f.Verdict, f.Why, f.Layer = VerdictRefused, "Cinder stops: "+p.Error.Message, p.Error.Layer
		p.add(f)
		return
	case layer < 0:
		f.Why = "no layer has " + s.Title() + ", so the target keeps its own"
	case !f.After.Set:
		f.Why = p.layer(layer) + " does not have it, and " + s.Title() + " is replaced whole"
	case f.Before.Set && f.Before.V.Equal(f.After.V):
		f.Why = p.layer(layer) + " has the same value"
	default:
		f.Why = p.layer(layer) + p.resurrected(layer) + p.asText(s, layer, name)
	}
	switch {
	case !f.Before.Set:
		f.Verdict = VerdictAdded
	case !f.After.Set:
		f.Verdict, f.Danger = VerdictRemoved, true
	case layer < 0 && !noted:
		f.Verdict = VerdictKept
	case f.Before.V.Equal(f.After.V):
		f.Verdict = VerdictUnchanged
	default:
		f.Verdict = VerdictChanged
	}
	p.add(f)
}

// explainRefused lists captured keys that a stopped restore never got to.
func (p *Plan) explainRefused(s Section, before, after *pyjson.Object) {
	if p.Error == nil {
		return
	}
	for name := range p.at(p.Error.Layer).Section(s).All() {
		if before.Has(name) || after.Has(name) || p.Field(s, name) != nil {
			continue
		}
		f := FieldPlan{Section: s, Name: name}
		f.settle(p.know(s, name))
		f.Verdict, f.Why, f.Layer = VerdictRefused, "Cinder stops: "+p.Error.Message, p.Error.Layer
		p.add(f)
	}
}

// resurrected warns of a value that an older layer brings back.
func (p *Plan) resurrected(layer int) string {
	if used := p.used(); layer < used[len(used)-1] {
		return ": no later layer has any, so this older one is what remains"
	}
	return ""
}

// asText tells of a value that is stored as another text than was captured.
func (p *Plan) asText(s Section, layer int, name string) string {
	v, ok := p.at(layer).Section(s).Get(name)
	if !ok || v.Kind() == pyjson.String || s == UserSection && v.IsNull() {
		return ""
	}
	if s == ImageSection {
		return "; captured as " + shown(name, v) + ", stored as Python's str() of it"
	}
	return "; captured as " + shown(name, v) + ", stored as text"
}

// Limits of Cinder's columns (cinder/db/sqlalchemy/models.py), in characters but
// for the value of image metadata, which is in bytes.
const (
	limitText       = 255
	limitImageValue = 65535
)

// warn collects what the plan's reader should know beyond its fields.
func (p *Plan) warn() {
	say := func(format string, args ...any) { p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...)) }
	used := p.used()
	if len(used) == 0 {
		say("there is no capture to restore from")
		return
	}
	var unknown []string
	for _, i := range used {
		if p.Chain[i].Evidence == EvidenceUnknown {
			unknown = append(unknown, p.backupOf(i))
		}
	}
	if len(unknown) > 0 {
		say("no capture of %s is known, and so not what Cinder puts back of it%s", listed(unknown, "and"), p.spoiled())
	}
	if p.Today() {
		say("this is a guess: it rests on the volume as it is now, not on what the backup captured")
	} else if p.Guess() {
		say("this is in part a guess, which %s", p.assumption())
	}
	if p.Error != nil {
		done := 0
		for _, s := range p.Steps {
			if s.OK {
				done++
			}
		}
		say("Cinder stops at %s with %s; %s would already be written by then, and nothing takes them back",
			p.layer(p.Error.Layer), p.Error.Class, Count(done, "step"))
	}
	if k := p.After.EncryptionKeyID; p.Before.EncryptionKeyID.Truthy() && !k.Equal(p.Before.EncryptionKeyID) {
		if k.IsNull() {
			say("clears the volume's encryption key: after a full restore Cinder deletes the old key")
		} else {
			say("changes the volume's encryption key: its present data cannot be read with another one")
		}
	}
	if !p.Before.Bootable && p.After.Bootable {
		say("makes the volume bootable, which it is not now")
	}
	if p.Target.Kind == TargetExisting && p.Count(VerdictRemoved) > 0 {
		say("%s of the target's own would be lost", Count(p.Count(VerdictRemoved), "field"))
	}
	p.warnChain(say)
	if p.Target.Kind != TargetExisting && p.noting == NoManager {
		say("a full restore adds user metadata src_backup_id to the volume (Cinder 16 and later)")
	}
	if p.Coerced {
		say("a number or boolean goes into a text column: SQLite and MySQL store it as text, PostgreSQL refuses it")
	}
	if p.Via != ViaAPI { // which has limits of its own
		p.warnLimits(say)
	}
}

// backupOf names a layer by its backup, where its capture is in doubt.
func (p *Plan) backupOf(i int) string {
	if l := &p.Chain[i]; l.Of != 1 {
		return l.Title()
	}
	return "the backup"
}

func (p *Plan) warnChain(say func(string, ...any)) {
	used := p.used()
	if len(used) < 2 {
		return
	}
	last := used[len(used)-1]
	newest, _ := p.at(last).Section(BaseSection).Get("display_name")
	name := p.know(BaseSection, "display_name").Certainty
	if w := p.writer("display_name"); (name == Certain || name == Assumed) && w >= 0 && w < last &&
		newest.Truthy() && !newest.Equal(p.After.Name) {
		say("the oldest name of the chain comes back, not the newest (%s)", shown("display_name", newest))
	}
	for _, s := range []Section{UserSection, ImageSection} {
		if l := p.deciding(s, Assumed); l >= 0 && l < last && !p.sure.open(s) {
			say("the newest layer has no %s, so what %s had comes back", s.Title(), p.layer(l))
		}
	}
}

func (p *Plan) warnLimits(say func(string, ...any)) {
	long := func(what, text string) {
		if n := pyjson.Len(text); n > limitText {
			say("%s is %d characters long: MySQL in strict mode refuses more than %d", what, n, limitText)
		}
	}
	for _, s := range p.Steps {
		if !s.OK {
			continue
		}
		switch s.Op {
		case OpImageCreate:
			long("the image metadata key "+shown("", pyjson.OfString(s.Key)), s.Key)
			if n := len(s.Stored); n > limitImageValue {
				say("the image metadata value of %s is %d bytes long: MySQL in strict mode refuses more than %d",
					shown("", pyjson.OfString(s.Key)), n, limitImageValue)
			}
		case OpMetadataUpdate:
			for k, v := range s.Values.Object().All() {
				long("the metadata key "+shown("", pyjson.OfString(k)), k)
				long("the metadata value of "+shown("", pyjson.OfString(k)), v.Text())
			}
		case OpVolumeUpdate:
			for k, v := range s.Values.Object().All() {
				long(k, v.Text())
			}
		}
	}
}
