package core

import (
	"fmt"

	"hearth/core/pyjson"
)

// explain fills the plan's fields and warnings from what the machine did.
func (p *Plan) explain() {
	p.explainBase()
	p.explainSection(UserSection, p.Before.Metadata, p.After.Metadata)
	p.explainSection(ImageSection, p.Before.Image, p.After.Image)
	p.warn()
}

// layer names a capture of the chain for people.
func (p *Plan) layer(i int) string {
	if len(p.Captures) < 2 {
		return "the capture"
	}
	role := "incremental"
	if i == 0 {
		role = "full"
	}
	return fmt.Sprintf("layer %d of %d (%s)", i+1, len(p.Captures), role)
}

// writer returns the last layer that wrote the column, or -1.
func (p *Plan) writer(column string) int {
	for i := len(p.Steps) - 1; i >= 0; i-- {
		s := p.Steps[i]
		if s.OK && s.Op == OpVolumeUpdate && s.Values.Object().Has(column) {
			return s.Layer
		}
	}
	return -1
}

// captured returns the last layer in use that captured the base field.
func (p *Plan) captured(field string) (pyjson.Value, int) {
	for u := p.used(); len(u) > 0; u = u[:len(u)-1] {
		i := u[len(u)-1]
		if v, ok := p.Captures[i].Section(BaseSection).Get(field); ok {
			return v, i
		}
	}
	return pyjson.None, -1
}

func (p *Plan) add(f FieldPlan) { p.Fields = append(p.Fields, f) }

func (p *Plan) explainBase() {
	p.baseField("display_name", p.Before.Name, p.After.Name)
	p.baseField("display_description", p.Before.Description, p.After.Description)
	p.baseField("encryption_key_id", p.Before.EncryptionKeyID, p.After.EncryptionKeyID)
	p.baseField("volume_type_id", p.Before.VolumeTypeID, p.After.VolumeTypeID)
	p.baseField("bootable", pyjson.OfBool(p.Before.Bootable), pyjson.OfBool(p.After.Bootable))

	done := NewFieldSet("display_name", "display_description", "encryption_key_id", "volume_type_id", "bootable")
	used := p.used()
	if len(used) == 0 {
		return
	}
	last := used[len(used)-1]
	c := &p.Captures[last]
	for name, v := range c.Section(BaseSection).All() {
		if done.Has(name) {
			continue
		}
		f := FieldPlan{Section: BaseSection, Name: name, Verdict: VerdictNotRestored, Layer: last}
		_, why := FateOf(BaseSection, name, c.Version())
		f.Why = why + " (captured: " + shown(name, v) + ")"
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
	if SecretFields.Has(name) && v.Truthy() {
		return Masked
	}
	s := pyjson.Text(v)
	if text, ok := v.Str(); ok {
		s = `"` + Visible(text) + `"`
	}
	if r := []rune(s); len(r) > 60 {
		s = string(r[:59]) + "…"
	}
	return s
}

// baseField explains one of the five columns that a restore can write.
func (p *Plan) baseField(name string, before, after pyjson.Value) {
	f := FieldPlan{Section: BaseSection, Name: name, Before: Some(before), After: Some(after), Layer: p.writer(name)}
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

func (p *Plan) whyWritten(name string, layer int) string {
	from := p.layer(layer) + ": "
	base := p.Captures[layer].Section(BaseSection)
	version := p.Captures[layer].Version()
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
	case name == "bootable":
		return VerdictKept, "only image metadata sets it, and no layer has any", -1
	case name == "volume_type_id":
		return VerdictKept, "a restore never changes the type of a volume that has one", -1
	case layer < 0:
		return VerdictKept, "not captured", -1
	}
	rules, captured := p.Rules.rules(), shown(name, v)
	version := p.Captures[layer].Version()
	switch {
	case name == "encryption_key_id" && !rules.restores(name, version):
		return VerdictKept, fmt.Sprintf("version %d does not restore the key (captured: %s)", version, captured), layer
	case rules.names == nil:
		return VerdictKept, fmt.Sprintf("%s restores neither name nor description (captured: %s)", p.Rules, captured), layer
	}
	return VerdictKept, rules.names.whyKept(nameCase{shown: captured, target: p.Before.Name}), layer
}

// deciding returns the last layer whose section was put back, or -1.
func (p *Plan) deciding(s Section) int {
	op := OpMetadataUpdate
	if s == ImageSection {
		op = OpImageDelete
	}
	for i := len(p.Steps) - 1; i >= 0; i-- {
		if st := p.Steps[i]; st.Op == op && st.OK {
			return st.Layer
		}
	}
	return -1
}

// explainSection explains the keys of user or image metadata.
func (p *Plan) explainSection(s Section, before, after *pyjson.Object) {
	layer := p.deciding(s)
	stopped := p.Error != nil
	field := func(name string) FieldPlan {
		f := FieldPlan{Section: s, Name: name, Layer: layer}
		if v, ok := before.Get(name); ok {
			f.Before = Some(v)
		}
		if v, ok := after.Get(name); ok {
			f.After = Some(v)
		}
		return f
	}
	for name := range before.All() {
		f := field(name)
		switch {
		case layer < 0 && stopped:
			f.Verdict, f.Why, f.Layer = VerdictRefused, "Cinder stops: "+p.Error.Message, p.Error.Layer
		case layer < 0:
			f.Verdict, f.Why = VerdictKept, "no layer has "+s.Title()+", so the target keeps its own"
		case !f.After.Set:
			f.Verdict, f.Danger = VerdictRemoved, true
			f.Why = p.layer(layer) + " does not have it, and " + s.Title() + " is replaced whole"
		case f.Before.V.Equal(f.After.V):
			f.Verdict, f.Why = VerdictUnchanged, p.layer(layer)+" has the same value"
		default:
			f.Verdict, f.Why = VerdictChanged, p.layer(layer)+p.resurrected(layer)+p.asText(s, layer, name)
		}
		p.add(f)
	}
	for name := range after.All() {
		if before.Has(name) {
			continue
		}
		f := field(name)
		f.Verdict, f.Why = VerdictAdded, p.layer(layer)+p.resurrected(layer)+p.asText(s, layer, name)
		p.add(f)
	}
	p.explainRefused(s, before, after)
}

// explainRefused lists captured keys that a stopped restore never got to.
func (p *Plan) explainRefused(s Section, before, after *pyjson.Object) {
	if p.Error == nil || p.Error.Layer >= len(p.Captures) {
		return
	}
	for name := range p.Captures[p.Error.Layer].Section(s).All() {
		if before.Has(name) || after.Has(name) {
			continue
		}
		p.add(FieldPlan{Section: s, Name: name, Verdict: VerdictRefused, Why: "Cinder stops: " + p.Error.Message, Layer: p.Error.Layer})
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
	v, ok := p.Captures[layer].Section(s).Get(name)
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
	if p.Guess() {
		say("this is a guess: it rests on the volume as it is now, not on what the backup captured")
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
	if p.Target.Kind != TargetExisting {
		say("a full restore adds user metadata src_backup_id to the volume (Cinder 16 and later)")
	}
	if p.Coerced {
		say("a number or boolean goes into a text column: SQLite and MySQL store it as text, PostgreSQL refuses it")
	}
	if p.Via != ViaAPI { // which has limits of its own
		p.warnLimits(say)
	}
}

func (p *Plan) warnChain(say func(string, ...any)) {
	used := p.used()
	if len(used) < 2 {
		return
	}
	last := used[len(used)-1]
	newest, _ := p.Captures[last].Section(BaseSection).Get("display_name")
	if w := p.writer("display_name"); w >= 0 && w < last && newest.Truthy() && !newest.Equal(p.After.Name) {
		say("the oldest name of the chain comes back, not the newest (%s)", shown("display_name", newest))
	}
	for _, s := range []Section{UserSection, ImageSection} {
		if l := p.deciding(s); l >= 0 && l < last {
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
