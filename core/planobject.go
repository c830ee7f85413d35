package core

import "hearth/core/pyjson"

// Object is the plan as JSON. fields, steps, after and error are stable; steps
// and after have the conformance form. after holds what is certain, and no more;
// captures has an entry for every layer of the chain.
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
	if p.Release.Known() {
		set("release", pyjson.OfDict(p.Release.Object()))
	}
	set("layers", str(string(p.Layers)))
	set("layers_why", str(p.LayersWhy))
	set("via", str(p.Via))
	var captures []pyjson.Value
	for i := range p.Chain {
		layer := p.Chain[i].Object()
		var loose []pyjson.Value
		for _, d := range p.loose[i] {
			loose = append(loose, plainForm(str(d.String())))
		}
		if len(loose) > 0 {
			layer.Set("not_known", pyjson.OfList(loose))
		}
		captures = append(captures, pyjson.OfDict(layer))
	}
	set("captures", pyjson.OfList(captures))
	set("guess", pyjson.OfBool(p.Guess()))
	set("certainty", str(string(p.Certainty)))
	open := []pyjson.Value{}
	for _, s := range p.Open {
		open = append(open, str(string(s)))
	}
	set("open_sections", pyjson.OfList(open))
	set("can", pyjson.OfDict(p.Can.Object()))
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
	set("after", pyjson.OfDict(p.certainAfter()))
	set("error", p.Error.value())
	var warnings []pyjson.Value
	for _, w := range p.Warnings {
		warnings = append(warnings, str(w))
	}
	set("warnings", pyjson.OfList(warnings))
	var falls []pyjson.Value
	for _, f := range p.Pitfalls {
		falls = append(falls, pyjson.OfDict(f.Object()))
	}
	set("pitfalls", pyjson.OfList(falls))
	if p.Beside.Location != "" {
		set("database", pyjson.OfDict(p.Beside.Object()))
	}
	return o
}

// certainAfter is the state after the restore as far as it is certain.
func (p *Plan) certainAfter() *pyjson.Object {
	o := p.After.Object()
	user, image := p.After.Metadata.Clone(), p.After.Image.Clone()
	for i := range p.Fields {
		f := &p.Fields[i]
		switch {
		case f.Certainty == Certain:
		case f.Section == UserSection:
			user.Delete(f.Name)
		case f.Section == ImageSection:
			image.Delete(f.Name)
		default:
			o.Delete(f.Name)
		}
	}
	o.Set("metadata", plainForm(pyjson.OfDict(user)))
	o.Set("glance", plainForm(pyjson.OfDict(image)))
	return o
}

func (f FieldPlan) object() *pyjson.Object {
	o := &pyjson.Object{}
	o.Set("section", pyjson.OfString(string(f.Section)))
	o.Set("field", plainForm(pyjson.OfString(f.Name)))
	before, after := f.Before, f.After
	if f.Unseen {
		before = Opt[pyjson.Value]{}
	}
	if f.Certainty == OneOf || f.Certainty == Unknown {
		after = Opt[pyjson.Value]{}
	}
	for _, side := range []struct {
		key   string
		value Opt[pyjson.Value]
	}{{"before", before}, {"after", after}} {
		if side.value.Set { // else absent, not null
			o.Set(side.key, f.masked(side.value.V))
		}
	}
	o.Set("verdict", pyjson.OfString(string(f.Verdict)))
	o.Set("certainty", pyjson.OfString(string(f.Certainty)))
	if f.Certainty == OneOf {
		var possible []pyjson.Value
		for _, v := range f.Possible {
			possible = append(possible, f.masked(v.V)) // null where it is not there
		}
		o.Set("possible", pyjson.OfList(possible))
	}
	if f.Because != "" {
		o.Set("because", pyjson.OfString(f.Because))
	}
	o.Set("why", pyjson.OfString(f.Why))
	if f.Layer >= 0 {
		o.Set("layer", pyjson.OfInt(int64(f.Layer)))
	}
	return o
}

// masked is a value of the field as JSON, a secret masked.
func (f FieldPlan) masked(v pyjson.Value) pyjson.Value {
	if SecretFields.Has(f.Name) && v.Truthy() {
		v = pyjson.OfString(Masked)
	}
	return plainForm(v)
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
