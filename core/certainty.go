package core

import (
	"slices"
	"strings"
)

// know weighs what a field comes to if what is assumed holds against what it may
// come to if that does not hold.
func (p *Plan) know(s Section, name string) Know {
	outs := p.doubt.outcomes(s, name)
	certainty, values := judge(outs)
	if certainty == Certain {
		return Know{Certainty: Certain, Value: values[0]}
	}
	if p.sure != p.doubt {
		if c, v := judge(p.sure.outcomes(s, name)); c == Certain {
			return Know{Certainty: Assumed, Value: v[0], Because: p.assumption()}
		}
	}
	hidden := func(o outcome) bool { return o.by >= 0 && (p.hidden(o.by) || p.Chain[o.by].Evidence == EvidenceLate) }
	if certainty == OneOf && name == "bootable" && slices.ContainsFunc(outs, hidden) {
		certainty, values = Unknown, nil // one of yes and no is nothing to list
	}
	return Know{Certainty: certainty, Possible: values, Because: p.because(s, name, certainty, outs)}
}

// hidden reports whether nothing is known for sure of what the layer does.
func (p *Plan) hidden(layer int) bool {
	l := &p.Chain[layer]
	return !l.Known() || l.Assumes()
}

// assumption says what assumed fields take for granted.
func (p *Plan) assumption() string {
	var about []string
	for _, i := range p.used() {
		l := &p.Chain[i]
		if l.Guessed && l.Known() {
			about = append(about, l.Title()+" is of the chain: the place does not name the parents of backups")
		}
		if l.Evidence.Assumes() {
			about = append(about, l.Title()+" is "+l.Source().String()+": "+l.Evidence.Doubt())
		}
	}
	return "rests on what is taken for granted: " + strings.Join(some(about), "; ")
}

// some are the first few of many texts, and how many more there are.
func some(texts []string) []string {
	const few = 3
	if len(texts) <= few {
		return texts
	}
	return append(slices.Clone(texts[:few]), Count(len(texts)-few, "more layer"))
}

// because says what an uncertain field hangs on, by what was seen of it.
func (p *Plan) because(s Section, name string, c Certainty, outs []outcome) string {
	layers := map[int]bool{}
	outlived, noted, several, unseen, target, loose := false, false, false, false, false, -1
	for _, o := range outs {
		outlived = outlived || o.state != nil && (o.state.outlived && o.value.Set || len(o.state.alike) > 0 && o.any)
		noted = noted || o.state != nil && o.state.noted && name == sourceBackup
		switch {
		case o.by == byUnseen:
			unseen = true
		case o.by >= 0 && p.hidden(o.by):
			layers[o.by] = true
		case o.by >= 0 && len(p.loose[o.by]) > 0:
			loose = max(loose, o.by)
		case o.by >= 0 && len(p.Chain[o.by].Captures) > 1:
			layers[o.by], several = true, true
		case o.by == byTarget && o.any:
			target = true
		}
	}
	var titles []string
	for _, i := range p.used() {
		if layers[i] || unseen && p.hidden(i) {
			titles = append(titles, p.backupOf(i))
		}
	}
	switch {
	case loose >= 0 && len(titles) == 0 && !noted:
		return p.notWhole(loose, s, name)
	case noted:
		return "Cinder notes there what the volume was restored from, but whether this one does (16 and later), or over what, is not known"
	case outlived && len(titles) == 0:
		return "a captured key differs from it only in case, accents or trailing blanks: under the collation that MySQL " +
			"and MariaDB usually have " +
			"it stays beside that one, in PostgreSQL and SQLite it goes"
	case len(titles) == 0 && name == "encryption_key_id" && slices.ContainsFunc(outs, func(o outcome) bool { return o.any && o.by >= 0 }):
		return "Cinder puts a fresh clone of the backup's key in its place, whose id is not known before"
	case len(titles) == 0 && name == "volume_type_id":
		return "which type the volume has is not known here"
	case len(titles) == 0 && target && p.Target.Kind != TargetExisting:
		return "Cinder makes a key for a new volume whose type encrypts, as that of this one does or may, and its id is not known before"
	case len(titles) == 0 && target:
		return "the place does not show it, and the restore leaves it as it is"
	case len(titles) == 0:
		return p.otherwise(s, name)
	case several && c == OneOf:
		return "hangs on what " + listed(some(titles), "and") + " captured, of which there are several: " + EvidenceEither.Doubt()
	}
	return "what " + listed(some(titles), "and") + " captured is not known" + p.spoiled() + couldHave(s, name)
}

// spoiled says which layers are not known since what was kept of them is no good.
func (p *Plan) spoiled() string {
	var whys []string
	for _, i := range p.used() {
		if l := &p.Chain[i]; l.Why != "" && !l.Known() {
			whys = append(whys, l.Why)
		}
	}
	if len(whys) == 0 {
		return ""
	}
	return ", because " + listed(some(whys), "and")
}

// otherwise is for what differs though every layer is known that wrote it: by a
// layer that did not write in each case.
func (p *Plan) otherwise(s Section, name string) string {
	var titles []string
	for _, i := range p.used() {
		if p.hidden(i) || len(p.Chain[i].Captures) > 1 || len(p.loose[i]) > 0 {
			titles = append(titles, p.backupOf(i))
		}
	}
	if len(titles) == 0 {
		return "hangs on the volume's type, which is not known here"
	}
	return "hangs on " + listed(some(titles), "and") + ", of which it is not known for sure what Cinder captured" + couldHave(s, name)
}

// couldHave says how an unknown capture reaches the field.
func couldHave(s Section, name string) string {
	switch {
	case s == UserSection || s == ImageSection:
		return "; if it has " + s.Title() + ", that replaces all there was"
	case name == "bootable":
		return "; if it has image metadata, the volume becomes bootable"
	case name == "encryption_key_id":
		return "; it may put its own in place, or none"
	case name == "volume_type_id":
		return "; a volume without a type gets that of an encrypted one"
	}
	return "; it may set it"
}

// certainty is that of the plan as a whole, of fields that a restore can change.
func (p *Plan) certainty() Certainty {
	known := len(p.Chain) == 0
	for _, i := range p.used() {
		known = known || p.Chain[i].Evidence != EvidenceUnknown && p.Chain[i].Evidence != EvidenceToday
	}
	if !known {
		return Unknown
	}
	if len(p.Open) > 0 || slices.ContainsFunc(p.Fields, func(f FieldPlan) bool { return f.Certainty != Certain }) {
		return Partly
	}
	return Certain
}

// Doubt is nil where the restore can be done and all of the plan is certain. Else
// it is an [Error]: of CodeRefused where it cannot be done, of CodeUncertain where
// that, or some of the plan, is not certain.
func (p *Plan) Doubt() error {
	switch answer := p.Can.Answer(); {
	case answer == AnswerNo:
		return p.Can.Reasons[0].Fail(CodeRefused, "restore this", p.Can.Reasons[0].Text)
	case p.Certainty == Unknown && p.Today():
		return Fail(CodeUncertain, "",
			"what this restore does is not known: nobody has a capture of the backup, and the volume as it is now stands in for it",
			DoGiveCapture, nil)
	case p.Certainty == Unknown && p.spoiled() != "":
		return Fail(CodeUncertain, "", "what this restore does is not known"+p.spoiled(),
			DoGiveCapture, nil)
	case p.Certainty == Unknown:
		return Fail(CodeUncertain, "", "what this restore does is not known: nobody has a capture of the backup",
			DoGiveCapture, nil)
	case p.Certainty != Certain:
		return Fail(CodeUncertain, "", "not all of this plan is certain: "+p.uncertain(), "the plan says what each field hangs on", nil)
	case answer == AnswerUnknown:
		return p.Can.Reasons[0].Fail(CodeUncertain, "", "whether this restore can be done is not known: "+p.Can.Reasons[0].Text)
	}
	return nil
}

// uncertain counts what is not certain: "2 fields are unknown, 1 is assumed".
func (p *Plan) uncertain() string {
	var words []string
	for _, c := range []Certainty{Unknown, OneOf, Assumed} {
		n := 0
		for i := range p.Fields {
			n += boolInt(p.Fields[i].Certainty == c)
		}
		if n > 0 {
			words = append(words, Count(n, "field")+" "+are(n)+" "+string(c)+map[bool]string{true: " several"}[c == OneOf])
		}
	}
	for _, s := range p.Open {
		words = append(words, s.Title()+" may have keys that nobody knows of")
	}
	return strings.Join(words, ", ")
}
