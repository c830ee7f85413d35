package core

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hearth/core/pyjson"
)

// What a difference may be of.
const (
	SideBackup = "backup" // what a backup captured
	SideVolume = "volume" // a volume as it is
	SideFile   = "file"   // a capture in a file
	SidePlan   = "plan"   // what a restore comes to
)

// DiffSide is one of the two that a difference is of: what is known of each of its
// fields, and of all that are not among them.
type DiffSide struct {
	Kind  string
	ID    string   // of the backup or volume, the file's name; of a plan, its backup's id
	Title string   // for people: "db-full (8a75388c)"
	About string   // where what is known of it is from
	Doubt string   // what that does not prove; "" where nothing is left open
	Level Evidence // of a backup's capture or a file's; "" for volumes and plans
	Taken Opt[time.Time]
	Made  Opt[time.Time] // of a backup: when it was made
	// Version is that of the capture; 0 where there is none.
	Version int
	Can     Can // of a plan: whether it can be carried out

	names  map[Section][]string // of the fields that something is known of, in order
	known  map[Difference]Know  // of those
	rest   map[Section]Know     // of all others: that they are not there, or that nobody knows
	whole  map[Section]Know     // of a capture: an empty object where it has the section at all
	broken bool                 // the capture does not parse
}

// newSide makes a side of which nothing is known yet.
func newSide(kind, id, title string) DiffSide {
	return DiffSide{Kind: kind, ID: id, Title: title, names: map[Section][]string{}, known: map[Difference]Know{},
		rest: map[Section]Know{}, whole: map[Section]Know{}}
}

// say notes what is known of a field.
func (s *DiffSide) say(section Section, name string, k Know) {
	s.names[section] = append(s.names[section], name)
	s.known[Difference{section, name}] = k
}

// find is what is known of a field.
func (s *DiffSide) find(section Section, name string) Know {
	if k, ok := s.known[Difference{section, name}]; ok {
		return k
	}
	return s.rest[section]
}

// Known reports whether anything at all is known of the side.
func (s *DiffSide) Known() bool { return s.Level != EvidenceUnknown && !s.broken }

// SideOfLayer is what is known of what a backup captured. Of a layer of EvidenceLate
// what is the same in both captures is as good as held, and the rest is not known.
func SideOfLayer(l *Layer) DiffSide {
	title := Short(l.Backup)
	if l.Name != "" {
		title = fmt.Sprintf("%s (%s)", l.Name, title)
	}
	s := newSide(SideBackup, string(l.Backup), title)
	s.Level, s.Made = l.Evidence, l.At
	s.hold(l.Captures)
	return s
}

// SideOfFile is a capture that somebody handed in.
func SideOfFile(c Capture) DiffSide {
	s := newSide(SideFile, c.Source.Where, c.Source.Where)
	s.Level = EvidenceGiven
	s.hold([]Capture{c})
	return s
}

// SideOfVolume is a volume as it is, by the capture that a backup would take of it now.
func SideOfVolume(v *Volume, now Capture) DiffSide {
	s := newSide(SideVolume, string(v.ID), fmt.Sprintf("%s (%s)", v.Title(), v.ID.Short()))
	s.hold([]Capture{now})
	s.About = "the volume as it is"
	return s
}

// hold takes over what captures say, by the side's evidence: of one, of several of
// which it is one, of none.
func (s *DiffSide) hold(captures []Capture) {
	s.Doubt = s.Level.Doubt()
	if len(captures) > 0 {
		s.About, s.Taken, s.Version = captures[0].Source.String(), captures[0].Source.At, captures[0].Version()
	} else if s.About = "Cinder stored no metadata with it"; !s.Known() {
		s.About = "not known"
	}
	for i := range captures {
		if err := captures[i].Err; err != nil {
			s.Doubt = "its text does not parse: " + err.Error()
			captures, s.broken = nil, true
			break
		}
	}
	for _, section := range Sections {
		s.rest[section] = s.weighed(section, "", make([]Opt[pyjson.Value], max(len(captures), 1)))
		var names []string
		var there []Opt[pyjson.Value]
		for i := range captures {
			o := captures[i].Section(section)
			there = append(there, Opt[pyjson.Value]{V: pyjson.OfDict(&pyjson.Object{}), Set: o != nil})
			names = union(names, o.Keys())
			if section == BaseSection {
				names = union(names, captures[i].Hidden())
			}
		}
		for _, name := range names {
			s.say(section, name, s.captured(section, name, captures))
		}
		if len(there) > 0 {
			s.whole[section] = s.weighed(section, "", there)
		}
	}
}

// captured is what captures say of a field.
func (s *DiffSide) captured(section Section, name string, captures []Capture) Know {
	var values []Opt[pyjson.Value]
	for i := range captures {
		v, ok := captures[i].Section(section).Get(name)
		if !ok && section == BaseSection && captures[i].Unseen.Has(name) {
			return Know{Certainty: Unknown, Because: "the place that it was read from does not show it"}
		}
		values = append(values, Opt[pyjson.Value]{V: v, Set: ok})
	}
	return s.weighed(section, name, values)
}

// weighed is how sure the values of a field are that captures have, by the evidence. A
// backup itself moves base fields that no restore reads, as the status: what hearth
// took of them before it is not what Cinder captured.
func (s *DiffSide) weighed(section Section, name string, values []Opt[pyjson.Value]) Know {
	outs := make([]outcome, len(values))
	for i := range values {
		outs[i].value = values[i]
	}
	certainty, possible := judge(outs)
	k := Know{Certainty: certainty, Because: s.Doubt}
	switch same := certainty == Certain; {
	case !s.Known(), s.Level == EvidenceLate && (!same || len(values) < 2):
		return Know{Certainty: Unknown, Because: s.Doubt}
	case !same:
		k.Possible = possible
		return k
	case s.Level.Assumes():
		k.Certainty = Assumed
	case section == BaseSection && name != "" && !slices.Contains(restorable, name) && s.looked():
		k.Certainty, k.Because = Assumed, "it was looked at before the backup, which itself moves such fields"
	default:
		k.Because = ""
	}
	k.Value = possible[0]
	return k
}

// looked reports whether hearth took the captures itself.
func (s *DiffSide) looked() bool {
	return s.Level == EvidenceHeld || s.Level == EvidenceEither || s.Level == EvidenceLate
}

// SideOfPlan is what a restore comes to, called by what tells it from the other: its
// target, or the rule set. Of fields that the rules refuse nothing is said.
func SideOfPlan(p *Plan, title string) DiffSide {
	s := newSide(SidePlan, string(p.Backup), title)
	s.About, s.Can = p.HeadlineText(), p.Can
	for _, section := range Sections {
		s.rest[section] = Know{Certainty: Certain}
	}
	for _, section := range p.Open {
		s.rest[section] = Know{Certainty: Unknown, Because: "there may be keys in it that nobody knows of"}
	}
	for i := range p.Fields {
		f := &p.Fields[i]
		k := Know{Certainty: f.Certainty, Value: f.After, Possible: f.Possible, Because: f.Because}
		switch {
		case f.Verdict == VerdictNotRestored:
			continue
		case f.Verdict == VerdictRefused:
			k = Know{Certainty: Unknown, Because: f.Why}
		case f.Unseen && f.Verdict == VerdictKept && !f.After.Set:
			k = Know{Certainty: Unknown, Because: "the place does not show it"}
		}
		s.say(f.Section, f.Name, k)
	}
	return s
}

// Younger reports whether both sides are backups and s was made after t.
func (s *DiffSide) Younger(t *DiffSide) bool {
	return s.Kind == SideBackup && t.Kind == SideBackup && s.Made.Set && t.Made.Set && s.Made.V.After(t.Made.V)
}

// DiffVerdict says how the two sides stand to each other in one field.
type DiffVerdict string

const (
	DiffGone    DiffVerdict = "only in the first"
	DiffDiffers DiffVerdict = "differs"
	DiffNew     DiffVerdict = "only in the second"
	DiffUnknown DiffVerdict = "not known" // whether it differs
	DiffSame    DiffVerdict = "same"
)

// FieldDiff is a field of the two sides.
type FieldDiff struct {
	Section Section
	Name    string // "": the section as a whole, which is there and empty, or not there at all
	A, B    Know
	Verdict DiffVerdict
	// Certainty is how sure Verdict is: Certain, OneOf (what it is is not known, whether
	// it differs is), Assumed, Unknown; Because says why it is not certain.
	Certainty Certainty
	Because   string
	Never     bool // no restore brings the field back
}

// Diff is how two sides differ, field by field: what people act on first.
type Diff struct {
	A, B      DiffSide
	Fields    []FieldDiff
	Open      []Section // there may be more keys, on one side or both, that nobody knows of
	Certainty Certainty // of what a restore can bring back: Certain, Partly, or Unknown where nothing is known of one side
}

// DiffOf holds two sides against each other. What is not known of one is never taken
// for empty: the field is DiffUnknown then, with what it hangs on.
func DiffOf(a, b DiffSide) Diff {
	d := Diff{A: a, B: b, Certainty: Certain}
	for _, s := range Sections {
		names := slices.Clone(a.names[s])
		for _, name := range b.names[s] {
			if _, ok := a.known[Difference{s, name}]; !ok {
				names = append(names, name)
			}
		}
		for _, name := range names {
			d.add(FieldDiff{Section: s, Name: name, A: a.find(s, name), B: b.find(s, name)})
		}
		if f := (FieldDiff{Section: s, A: a.whole[s], B: b.whole[s]}); s != BaseSection && len(names) == 0 && a.captures() && b.captures() {
			if f.judge(); f.Verdict != DiffSame && f.Certainty != Unknown {
				d.add(f)
			}
		}
		if s != BaseSection && (a.rest[s].Certainty == Unknown || b.rest[s].Certainty == Unknown) {
			d.Open = append(d.Open, s)
		}
	}
	slices.SortStableFunc(d.Fields, func(x, y FieldDiff) int { return x.weight() - y.weight() })
	d.settle()
	return d
}

// captures reports whether the side is a capture that is there, so that an absent
// section and an empty one are two things.
func (s *DiffSide) captures() bool {
	return (s.Kind == SideBackup || s.Kind == SideFile) && s.Known() && s.Version > 0
}

// add takes a field in; one that for certain is on neither side is none.
func (d *Diff) add(f FieldDiff) {
	f.judge()
	if f.Verdict == DiffSame && !f.A.Value.Set && len(f.A.Possible) == 0 {
		return
	}
	fate, _ := FateOf(f.Section, f.Name, max(d.A.Version, d.B.Version))
	f.Never = fate == FateNever && d.A.Kind != SidePlan
	d.Fields = append(d.Fields, f)
}

// judge says how the field differs, and how sure that is.
func (f *FieldDiff) judge() {
	a, b := f.A.values(), f.B.values()
	f.Because = f.A.Because
	if f.Because == "" || f.B.Certainty == Unknown && f.A.Certainty != Unknown {
		f.Because = f.B.Because
	}
	switch {
	case f.A.Certainty == Unknown || f.B.Certainty == Unknown:
		f.Verdict, f.Certainty = DiffUnknown, Unknown
		return
	case len(a) > 1 || len(b) > 1:
		f.Verdict, f.Certainty = DiffDiffers, OneOf
		for _, v := range a {
			if slices.ContainsFunc(b, func(w Opt[pyjson.Value]) bool { return sameOpt(v, w) }) {
				f.Verdict = DiffUnknown
			}
		}
		return
	case sameOpt(a[0], b[0]):
		f.Verdict = DiffSame
	case !b[0].Set:
		f.Verdict = DiffGone
	case !a[0].Set:
		f.Verdict = DiffNew
	default:
		f.Verdict = DiffDiffers
	}
	if f.Certainty = Certain; f.A.Certainty == Assumed || f.B.Certainty == Assumed {
		f.Certainty = Assumed
	} else {
		f.Because = ""
	}
}

// values are those that it may have.
func (k *Know) values() []Opt[pyjson.Value] {
	if k.Certainty == OneOf {
		return k.Possible
	}
	return []Opt[pyjson.Value]{k.Value}
}

// weight puts first what is on one side only, then what differs, comes, is not known;
// inside that what makes a volume what it is.
func (f *FieldDiff) weight() int {
	w := 10 * slices.Index([]DiffVerdict{DiffGone, DiffDiffers, DiffNew, DiffUnknown, DiffSame}, f.Verdict)
	if f.Never {
		w += 50
	}
	if at := slices.Index(natures, f.Name); f.Section == BaseSection && at >= 0 {
		w += at - len(natures)
	}
	return w
}

// settle says how sure the difference is as a whole.
func (d *Diff) settle() {
	unsure := len(d.Open) > 0
	for i := range d.Fields {
		unsure = unsure || !d.Fields[i].Never && d.Fields[i].Certainty != Certain
	}
	switch {
	case !d.A.Known() || !d.B.Known():
		d.Certainty = Unknown
	case unsure:
		d.Certainty = Partly
	}
}

// Counts are how many fields differ, are the same and are not known, of those that a
// restore can bring back, and how many of what is told of them is assumed.
func (d *Diff) Counts() (differ, same, unknown, assumed int) {
	for i := range d.Fields {
		f := &d.Fields[i]
		if f.Never {
			continue
		}
		switch f.Verdict {
		case DiffSame:
			same++
		case DiffUnknown:
			unknown++
		default:
			differ++
		}
		assumed += boolInt(f.Certainty == Assumed)
	}
	return differ, same, unknown, assumed
}

// Shown are the fields that people look at, all or those that differ or are not known
// of what a restore can bring back; and how many others there are, in words.
func (d *Diff) Shown(all bool) (fields []FieldDiff, folded string) {
	same, never, moved := 0, 0, 0
	for i := range d.Fields {
		switch f := &d.Fields[i]; {
		case all || !f.Never && f.Verdict != DiffSame:
			fields = append(fields, *f)
		case !f.Never:
			same++
		default:
			never++
			moved += boolInt(f.Verdict != DiffSame)
		}
	}
	var parts []string
	if same > 0 {
		parts = append(parts, fmt.Sprintf("%d the same", same))
	}
	if never > 0 {
		parts = append(parts, fmt.Sprintf("%d never restored", never))
	}
	if moved > 0 {
		parts[len(parts)-1] += fmt.Sprintf(" (%d of them not the same)", moved)
	}
	return fields, strings.Join(parts, ", ")
}

// Headline is what the difference comes to, for one line. That there is none is said
// only where that is certain.
func (d *Diff) Headline() (out []Phrase) {
	for _, s := range []*DiffSide{&d.A, &d.B} {
		if s.Can.Answer() == AnswerNo {
			out = append(out, Phrase{"CANNOT: " + Visible(s.Title), ToneCannot})
		}
		switch {
		case s.broken:
			out = append(out, Phrase{"UNKNOWN: the capture of " + Visible(s.Title) + " does not parse", ToneUnknown})
		case !s.Known():
			out = append(out, Phrase{"UNKNOWN: no capture of " + Visible(s.Title) + " is known", ToneUnknown})
		}
	}
	differ, same, unknown, assumed := d.Counts()
	switch {
	case differ == 1:
		out = append(out, Phrase{"1 DIFFERS", ToneChange})
	case differ > 1:
		out = append(out, Phrase{fmt.Sprintf("%d DIFFER", differ), ToneChange})
	case d.Certainty == Certain:
		out = append(out, Phrase{"NO DIFFERENCE", ToneCalm})
	}
	if unknown > 0 {
		out = append(out, Phrase{fmt.Sprintf("%d not known", unknown), ToneUnknown})
	}
	if assumed > 0 {
		out = append(out, Phrase{fmt.Sprintf("%d assumed", assumed), ToneUnknown})
	}
	if same > 0 {
		out = append(out, Phrase{fmt.Sprintf("%d the same", same), ToneCalm})
	}
	return out
}

// HeadlineText is the headline as text.
func (d *Diff) HeadlineText() string { return phraseText(d.Headline()) }

// Unsure is nil where all of the difference is certain, of what a restore can bring
// back; else an [Error] of CodeUncertain.
func (d *Diff) Unsure() error {
	if d.Certainty == Certain {
		return nil
	}
	for _, s := range []*DiffSide{&d.A, &d.B} {
		switch {
		case s.broken:
			return Fail(CodeUncertain, "", "the capture of "+s.Title+" does not parse, so it cannot be compared", "", nil)
		case !s.Known():
			return Fail(CodeUncertain, "", "nobody has what "+s.Title+" captured, so it cannot be compared",
				"name the backup repository for this place, or compare with a capture from a file", nil)
		}
	}
	_, _, unknown, assumed := d.Counts()
	var words []string
	for _, x := range []struct {
		n    int
		what string
	}{{unknown, "not known"}, {assumed, "assumed"}} {
		if x.n > 0 {
			words = append(words, fmt.Sprintf("%s %s %s", Count(x.n, "field"), are(x.n), x.what))
		}
	}
	for _, s := range d.Open {
		words = append(words, s.Title()+" may have keys that nobody knows of")
	}
	if len(words) == 0 {
		words = []string{"some fields have one of several values"}
	}
	return Fail(CodeUncertain, "", "not all of this difference is certain: "+strings.Join(words, ", "),
		"it says of each field what that hangs on", nil)
}

// Object is the difference as JSON. Of each side of a field value is absent where the
// field is not there, and possible stands in its place where it is one of several.
func (d *Diff) Object() *pyjson.Object {
	o := &pyjson.Object{}
	o.Set("a", pyjson.OfDict(d.A.Object()))
	o.Set("b", pyjson.OfDict(d.B.Object()))
	o.Set("certainty", pyjson.OfString(string(d.Certainty)))
	differ, same, unknown, _ := d.Counts()
	for _, x := range []struct {
		key string
		n   int
	}{{"differ", differ}, {"same", same}, {"not_known", unknown}} {
		o.Set(x.key, pyjson.OfInt(int64(x.n)))
	}
	open := []pyjson.Value{}
	for _, s := range d.Open {
		open = append(open, pyjson.OfString(string(s)))
	}
	o.Set("open_sections", pyjson.OfList(open))
	fields := []pyjson.Value{}
	for i := range d.Fields {
		fields = append(fields, pyjson.OfDict(d.Fields[i].object()))
	}
	o.Set("fields", pyjson.OfList(fields))
	return o
}

// Object is the side as JSON.
func (s *DiffSide) Object() *pyjson.Object {
	o := &pyjson.Object{}
	for _, f := range []struct{ key, text string }{{"kind", s.Kind}, {"id", s.ID}, {"title", s.Title}, {"about", s.About},
		{"evidence", string(s.Level)}, {"doubt", s.Doubt}} {
		v := pyjson.None
		if f.text != "" {
			v = plainForm(pyjson.OfString(f.text))
		}
		o.Set(f.key, v)
	}
	for _, x := range []struct {
		key string
		at  Opt[time.Time]
	}{{"made_at", s.Made}, {"taken_at", s.Taken}} {
		v := pyjson.None
		if x.at.Set {
			v = pyjson.OfString(APITime(x.at.V))
		}
		o.Set(x.key, v)
	}
	version := pyjson.None
	if s.Version > 0 {
		version = pyjson.OfInt(int64(s.Version))
	}
	o.Set("version", version)
	if s.Kind == SidePlan {
		o.Set("can", pyjson.OfDict(s.Can.Object()))
	}
	return o
}

func (f *FieldDiff) object() *pyjson.Object {
	o := &pyjson.Object{}
	o.Set("section", pyjson.OfString(string(f.Section)))
	o.Set("field", plainForm(pyjson.OfString(f.Name)))
	o.Set("verdict", pyjson.OfString(string(f.Verdict)))
	o.Set("certainty", pyjson.OfString(string(f.Certainty)))
	for _, side := range []struct {
		key  string
		know *Know
	}{{"a", &f.A}, {"b", &f.B}} {
		x := &pyjson.Object{}
		x.Set("certainty", pyjson.OfString(string(side.know.Certainty)))
		masked := FieldPlan{Name: f.Name}.masked
		switch k := side.know; {
		case k.Certainty == OneOf:
			var possible []pyjson.Value
			for _, v := range k.Possible {
				possible = append(possible, masked(v.V)) // null where it is not there
			}
			x.Set("possible", pyjson.OfList(possible))
		case k.Certainty != Unknown && k.Value.Set:
			x.Set("value", masked(k.Value.V))
		}
		o.Set(side.key, pyjson.OfDict(x))
	}
	if f.Because != "" {
		o.Set("because", pyjson.OfString(f.Because))
	}
	o.Set("never_restored", pyjson.OfBool(f.Never))
	return o
}
