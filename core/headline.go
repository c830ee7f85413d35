package core

import (
	"fmt"
	"slices"
	"strings"

	"hearth/core/pyjson"
)

// Tone says how a phrase of a headline is meant, and so how it looks.
type Tone string

const (
	ToneCannot  Tone = "cannot"  // it cannot be done
	ToneLost    Tone = "lost"    // something of the target's own goes
	ToneChange  Tone = "change"  // something changes that people act on
	ToneUnknown Tone = "unknown" // something is not known
	ToneCalm    Tone = "calm"    // all else
)

// Phrase is a part of a headline.
type Phrase struct {
	Text string // visible: no control characters
	Tone Tone
}

// Headline is what the plan comes to, for one line: whether it can be done; what is
// lost; how many fields change, and of those that make a volume what it is, how; what
// becomes of the name; what is not known, and why. That nothing changes is said only
// where every field is certain.
func (p *Plan) Headline() []Phrase {
	if no := p.cannot(); no != nil {
		return no
	}
	if p.Certainty == Unknown {
		return append([]Phrase{{"UNKNOWN: " + p.notSeen(), ToneUnknown}}, p.mayFail()...)
	}
	unknown, assumed := p.doubts()
	return slices.Concat(unknown, p.lost(), p.counted(), p.nature(), p.nameSays(), assumed, p.mayFail())
}

// cannot is the first reason why it cannot be done, with what to do, and how many
// more there are.
func (p *Plan) cannot() []Phrase {
	var no []Reason
	for _, r := range p.Can.Reasons {
		if r.Answer == AnswerNo {
			no = append(no, r)
		}
	}
	if len(no) == 0 {
		return nil
	}
	out := []Phrase{{"CANNOT: " + Visible(no[0].Text), ToneCannot}}
	if no[0].Next != "" {
		out = append(out, Phrase{Visible(no[0].Next), ToneCalm})
	}
	if n := len(no) - 1; n > 0 {
		out = append(out, Phrase{fmt.Sprintf("and %s", Count(n, "more reason")), ToneCannot})
	}
	return out
}

// lost are the target's own keys that go.
func (p *Plan) lost() []Phrase {
	var lost []string
	for i := range p.Fields {
		if f := &p.Fields[i]; f.Certainty == Certain && f.Verdict == VerdictRemoved && f.Section != BaseSection {
			lost = append(lost, Visible(f.Name))
		}
	}
	n := len(lost)
	if n == 0 {
		return nil
	}
	const few = 3
	text := fmt.Sprintf("%d LOST: %s", n, strings.Join(lost[:min(n, few)], ", "))
	if n > few {
		text += fmt.Sprintf(" and %d more", n-few)
	}
	return []Phrase{{text, ToneLost}}
}

// counted tells how many fields change for sure.
func (p *Plan) counted() []Phrase {
	changes, sure := 0, len(p.Open) == 0
	for i := range p.Fields {
		f := &p.Fields[i]
		sure = sure && f.Certainty == Certain
		if f.Certainty == Certain && f.Verdict.Changes() {
			changes++
		}
	}
	switch {
	case changes == 1:
		return []Phrase{{"1 FIELD CHANGES", ToneChange}}
	case changes > 1:
		return []Phrase{{fmt.Sprintf("%d FIELDS CHANGE", changes), ToneChange}}
	case sure:
		return []Phrase{{"NOTHING CHANGES", ToneCalm}}
	}
	return nil
}

// nature tells how what a volume is changes: bootable, key, type.
func (p *Plan) nature() (out []Phrase) {
	for _, x := range []struct{ name, word string }{{"bootable", "bootable"}, {"encryption_key_id", "key"}, {"volume_type_id", "type"}} {
		f := p.Field(BaseSection, x.name)
		if f == nil || f.Certainty != Certain || !f.Verdict.Changes() {
			continue
		}
		text := x.word + " changes"
		if x.name == "bootable" {
			text = x.word + " " + yesNo(f.Before) + " → " + yesNo(f.After)
		}
		out = append(out, Phrase{text, ToneChange})
	}
	return out
}

func yesNo(v Opt[pyjson.Value]) string {
	switch {
	case !v.Set:
		return "?"
	case v.V.Bool():
		return "yes"
	}
	return "no"
}

// nameSays tells what becomes of the volume's name.
func (p *Plan) nameSays() []Phrase {
	f := p.Field(BaseSection, "display_name")
	switch {
	case f == nil:
		return nil
	case f.Certainty == Certain && f.Verdict.Changes():
		return []Phrase{{"name → " + short(Visible(f.After.V.Text()), 30), ToneChange}}
	case f.Certainty == Certain:
		return []Phrase{{"name stays", ToneCalm}}
	}
	return []Phrase{{"name ?", ToneUnknown}}
}

// doubts tells how many fields are not known, and which layers were not seen; and how
// many are assumed.
func (p *Plan) doubts() (unknowns, assumes []Phrase) {
	unknown, assumed := 0, 0
	for i := range p.Fields {
		switch p.Fields[i].Certainty {
		case Unknown, OneOf:
			unknown++
		case Assumed:
			assumed++
		}
	}
	if unknown > 0 || len(p.Open) > 0 {
		text := "UNKNOWN IN PART: "
		if unknown > 0 {
			text += Count(unknown, "field") + ", "
		}
		unknowns = []Phrase{{text + p.notSeen(), ToneUnknown}}
	}
	if assumed > 0 {
		assumes = []Phrase{{Count(assumed, "field") + " assumed", ToneUnknown}}
	}
	return unknowns, assumes
}

// notSeen says which layers nobody has, or what else is not known.
func (p *Plan) notSeen() string {
	var missing []string
	used := p.used()
	of := 0
	for _, i := range used {
		if l := &p.Chain[i]; l.Evidence == EvidenceUnknown || l.Evidence == EvidenceToday {
			missing = append(missing, fmt.Sprint(l.Number))
			of = l.Of
		}
	}
	switch n := len(missing); {
	case n == len(used):
		return "no capture of this backup is known"
	case n == 1:
		return fmt.Sprintf("layer %s of %d was not seen", missing[0], of)
	case n > 1:
		return fmt.Sprintf("layers %s of %d were not seen", listed(missing, "and"), of)
	}
	return "w says what it hangs on"
}

// mayFail tells that it is not known whether it can be done.
func (p *Plan) mayFail() []Phrase {
	for _, r := range p.Can.Reasons {
		if r.Answer == AnswerUnknown {
			return []Phrase{{"may fail: " + Visible(r.Text), ToneUnknown}}
		}
	}
	return nil
}

// HeadlineText is the headline as text.
func (p *Plan) HeadlineText() string { return phraseText(p.Headline()) }

func phraseText(phrases []Phrase) string {
	var parts []string
	for _, x := range phrases {
		parts = append(parts, x.Text)
	}
	return strings.Join(parts, " · ")
}

// natures are the columns that make a volume what it is.
var natures = []string{"bootable", "encryption_key_id", "volume_type_id"}
