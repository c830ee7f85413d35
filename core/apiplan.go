package core

import (
	"fmt"
	"strings"
	"unicode"

	"hearth/core/pyjson"
)

// On is the state that the call makes of another.
func (c APICall) On(s State) State {
	s = s.Clone()
	if c.Method == "DELETE" {
		s.Metadata.Delete(c.key)
	}
	for name, arg := range c.Body.All() {
		o := arg.Object()
		switch name {
		case "volume":
			if v, ok := o.Get("name"); ok {
				s.Name = stripped(v)
			}
			if v, ok := o.Get("description"); ok {
				s.Description = stripped(v)
			}
		case "metadata":
			if c.Method == "PUT" {
				s.Metadata = o.Clone()
			} else {
				s.Metadata = merged(s.Metadata, o)
			}
		case "os-set_image_metadata":
			set, _ := o.Get("metadata")
			s.Image = merged(s.Image, set.Object())
		case "os-unset_image_metadata":
			key, _ := o.Get("key")
			s.Image.Delete(key.Text())
		case "os-set_bootable":
			v, _ := o.Get("bootable")
			s.Bootable = v.Bool()
		}
	}
	return s
}

func merged(a, b *pyjson.Object) *pyjson.Object {
	out := a.Clone()
	for k, v := range b.All() {
		out.Set(k, v)
	}
	return out
}

// APICalls are the requests that take a volume from one state to another, as far
// as the API can: nothing sets encryption_key_id and volume_type_id. Each commits
// by itself, so what is set goes before what is unset, and a failure between two
// loses nothing.
func APICalls(volume VolumeID, now, target State) []APICall {
	path := "/volumes/" + escaped(string(volume))
	var calls []APICall
	call := func(method, below, what string, body *pyjson.Object) {
		calls = append(calls, APICall{Method: method, Path: path + below, Body: body, What: what})
	}
	action := func(name, what string, arg *pyjson.Object) { call("POST", "/action", what, wrap(name, arg)) }

	texts, names := &pyjson.Object{}, []string{}
	for _, f := range []struct {
		name   string
		now, v pyjson.Value
	}{{"name", now.Name, target.Name}, {"description", now.Description, target.Description}} {
		if !f.now.Equal(f.v) {
			texts.Set(f.name, f.v)
			names = append(names, f.name)
		}
	}
	if texts.Len() > 0 {
		call("PUT", "", "set the "+strings.Join(names, " and "), wrap("volume", texts))
	}
	calls = append(calls, metadataCalls(path, now.Metadata, target.Metadata)...)
	if set := differing(now.Image, target.Image); set.Len() > 0 {
		action("os-set_image_metadata", fmt.Sprintf("set %s of image metadata", Count(set.Len(), "key")), wrap("metadata", set))
	}
	for k := range now.Image.All() {
		if !target.Image.Has(k) {
			action("os-unset_image_metadata", "remove the image metadata "+Visible(k), wrap("key", nil, pyjson.OfString(k)))
		}
	}
	if now.Bootable != target.Bootable {
		what := "make it bootable"
		if !target.Bootable {
			what = "make it no longer bootable"
		}
		action("os-set_bootable", what, wrap("bootable", nil, pyjson.OfBool(target.Bootable)))
	}
	return calls
}

// wrap is {key: o}, or {key: v}.
func wrap(key string, o *pyjson.Object, v ...pyjson.Value) *pyjson.Object {
	out := &pyjson.Object{}
	if len(v) == 0 {
		v = append(v, pyjson.OfDict(o))
	}
	out.Set(key, v[0])
	return out
}

// differing are the keys of b that a does not have with the same value.
func differing(a, b *pyjson.Object) *pyjson.Object {
	out := &pyjson.Object{}
	for k, v := range b.All() {
		if w, ok := a.Get(k); !ok || !v.Equal(w) {
			out.Set(k, v)
		}
	}
	return out
}

// metadataCalls replace the user metadata whole. Where some of it stays that the
// API would not take, as a key beyond ASCII that a restore has written, they set
// and delete key by key around it.
func metadataCalls(path string, now, target *pyjson.Object) []APICall {
	if now.Equal(target) {
		return nil
	}
	path += "/metadata"
	if !around(now, target) {
		what := fmt.Sprintf("replace the metadata (%s)", Count(target.Len(), "key"))
		if target.Len() == 0 {
			what = "clear the metadata"
		}
		return []APICall{{Method: "PUT", Path: path, Body: wrap("metadata", target.Clone()), What: what}}
	}
	var calls []APICall
	if set := differing(now, target); set.Len() > 0 {
		what := fmt.Sprintf("set %s of metadata", Count(set.Len(), "key"))
		calls = append(calls, APICall{Method: "POST", Path: path, Body: wrap("metadata", set), What: what})
	}
	for k := range now.All() {
		if !target.Has(k) {
			calls = append(calls, APICall{Method: "DELETE", Path: path + "/" + escaped(k), What: "remove the metadata " + Visible(k), key: k})
		}
	}
	return calls
}

// around reports whether the target keeps something that cannot be sent again.
func around(now, target *pyjson.Object) bool {
	for k, v := range target.All() {
		if w, ok := now.Get(k); ok && v.Equal(w) && badEntry(k, v, limitText) != "" {
			return true
		}
	}
	return false
}

// escaped writes a text as a segment of a path.
func escaped(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x80 && (unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c)) || strings.IndexByte("-_.~", c) >= 0) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// stripped is a text as the API stores it: without white space around it
// (cinder/api/openstack/wsgi.py validate_name_and_description).
func stripped(v pyjson.Value) pyjson.Value {
	s, ok := v.Str()
	if !ok {
		return v
	}
	return pyjson.OfString(Stripped(s))
}

// Stripped is the text of a name or description as the API stores it: without
// white space around it, as Python's strip takes it away.
func Stripped(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f })
}

// Refusal is a field that the API refuses, and why.
type Refusal struct {
	Field string // as [State.Diff] names it, image metadata as "image KEY"
	Why   string
}

// APIRefusals lists what the API would refuse on the way from one state to
// another. imageLimit is how long a value of image metadata may be: 255 characters
// before Cinder 22.3 and 23.2, 65535 bytes since; 0 is that.
func APIRefusals(now, target State, imageLimit int) []Refusal {
	var out []Refusal
	add := func(field, why string) {
		if why != "" {
			out = append(out, Refusal{field, why})
		}
	}
	if imageLimit == 0 {
		imageLimit = limitImageValue
	}
	if !now.Name.Equal(target.Name) {
		add("name", badText(target.Name))
	}
	if !now.Description.Equal(target.Description) {
		add("description", badText(target.Description))
	}
	for k, v := range differing(now.Metadata, target.Metadata).All() {
		add("metadata "+k, badEntry(k, v, limitText))
	}
	if around(now.Metadata, target.Metadata) {
		for k := range now.Metadata.All() {
			if !target.Metadata.Has(k) && (k == "" || strings.Contains(k, "/")) {
				add("metadata "+k,
					"what else is there cannot be sent again, so the metadata is not replaced whole, and a single key like this cannot be deleted")
			}
		}
	}
	for k, v := range differing(now.Image, target.Image).All() {
		add("image "+k, badEntry(k, v, imageLimit))
	}
	for k := range now.Image.All() {
		if n := pyjson.Len(k); !target.Image.Has(k) && (n == 0 || n > limitText) {
			add("image "+k, fmt.Sprintf("a key of %s cannot be removed", Count(n, "character")))
		}
	}
	return out
}

// badText says why a name or description is refused, "" if it is not.
func badText(v pyjson.Value) string {
	s := stripped(v).Text()
	switch n := pyjson.Len(s); {
	case n > limitText:
		return fmt.Sprintf("it is %d characters long, and %d is the most", n, limitText)
	case !pyjson.Valid(s):
		return "it is no valid Unicode"
	}
	return ""
}

// badEntry says why an entry of metadata is refused, "" if it is not
// (cinder/api/validation/parameter_types.py extra_specs).
func badEntry(key string, v pyjson.Value, most int) string {
	s, text := v.Str()
	k := strings.TrimSuffix(key, "\n") // Python's $ lets one line end pass
	n := pyjson.Len(s)
	if most > limitText {
		n = len(s)
	}
	switch {
	case k == "":
		return "its key is empty"
	case strings.IndexFunc(k, notInKey) >= 0:
		return "its key has characters beyond letters, digits, blanks and -_:./"
	case len(k) > limitText:
		return fmt.Sprintf("its key is %d characters long, and %d is the most", len(k), limitText)
	case v.IsNull():
		return "its value is null"
	case !text:
		return "its value is no text"
	case n > most && most > limitText:
		return fmt.Sprintf("its value is %d bytes long, and %d is the most", n, most)
	case n > most:
		return fmt.Sprintf("its value is %d characters long, and %d is the most", n, most)
	case !pyjson.Valid(s):
		return "its value is no valid Unicode"
	}
	return ""
}

func notInKey(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_:. /", r))
}

// Key names the field for --leave-out: name, description, metadata KEY, image KEY.
func (f FieldPlan) Key() string {
	switch f.Section {
	case UserSection:
		return "metadata " + f.Name
	case ImageSection:
		return "image " + f.Name
	}
	return strings.TrimPrefix(f.Name, "display_")
}

// longImages is since when a value of image metadata may have 65,535 bytes, before 255
// characters (cinder/api/validation/parameter_types.py mysql_text, bug 1988942).
var longImages = Since("22.3", "23.2")

// LimitOfImages is that of [APIRefusals] for a place of some releases: what one of them may
// take is not refused beforehand.
func LimitOfImages(r Releases) int {
	if r.MayHave(longImages) {
		return 0
	}
	return limitText
}

// LongImages are the keys of image metadata that the plan sets by the API to values of more
// than 255 characters.
func (p *Plan) LongImages() (keys []string) {
	for k, v := range differing(p.Before.Image, p.After.Image).All() {
		if pyjson.Len(v.Text()) > limitText {
			keys = append(keys, k)
		}
	}
	return keys
}

// ViaAPI turns a plan for an existing volume into what the API can make of it.
// What the API refuses is refused there too, and blocks the plan until it is left
// out by name ([FieldPlan.Key]; "metadata" or "image" alone is all of that); what
// is left out stays as it is. imageLimit is that of [APIRefusals]. It fails with
// CodeUsage for a name that the plan does not have.
func (p *Plan) ViaAPI(leaveOut []string, imageLimit int) (*Plan, error) {
	q := *p
	q.Via, q.LeftOut = ViaAPI, nil
	if p.Target.Kind != TargetExisting || p.Target.Volume == nil {
		return &q, nil
	}
	a := apiPlanner{was: p, limit: imageLimit, left: map[string]bool{}, refused: map[string]string{}}
	if err := a.leaveOut(leaveOut); err != nil {
		return nil, err
	}
	a.want()
	q.After, q.Calls = a.after, nil
	if p.Error == nil {
		q.Calls = APICalls(p.Target.Volume.ID, p.Before, a.after)
	}
	q.Coerced = false
	q.Fields = nil
	for _, f := range p.Fields {
		if a.left[f.Key()] && a.canBeSet(f) {
			q.LeftOut = append(q.LeftOut, f.Key())
		}
		f = a.field(f)
		q.Fields = append(q.Fields, f)
		if why, refused := a.refused[f.Key()]; refused && f.Verdict == VerdictRefused {
			q.Can.Add(Reason{ReasonAPIRefuses, AnswerNo, "the API refuses " + Visible(f.Key()) + ": " + why,
				DoLeaveOut, []string{f.Key()}})
		}
	}
	q.Certainty = q.certainty()
	q.Warnings = a.warnings(&q)
	return &q, nil
}

// apiPlanner works out what the API makes of a plan.
type apiPlanner struct {
	was     *Plan
	limit   int
	left    map[string]bool   // fields by their key
	refused map[string]string // why
	after   State
}

func (a *apiPlanner) canBeSet(f FieldPlan) bool {
	switch f.Section {
	case UserSection, ImageSection:
		return true
	}
	switch f.Name {
	case "display_name", "display_description", "bootable":
		return true
	}
	return false
}

func (a *apiPlanner) leaveOut(names []string) error {
	for _, name := range names {
		found := false
		wanted := strings.TrimPrefix(name, "display_")
		if rest, ok := strings.CutPrefix(wanted, "image metadata "); ok {
			wanted = "image " + rest
		}
		for _, f := range a.was.Fields {
			key := f.Key()
			if a.canBeSet(f) && (key == wanted || Visible(key) == wanted ||
				wanted == "metadata" && f.Section == UserSection || wanted == "image" && f.Section == ImageSection) {
				a.left[key], found = true, true
			}
		}
		if !found {
			return Fail(CodeUsage, "leave out "+name, "the plan has no such field",
				"name one as in name, description, bootable, metadata KEY or image KEY", nil)
		}
	}
	return nil
}

// want works out the state that is to be had, and what stands against it.
func (a *apiPlanner) want() {
	before := a.was.Before
	a.after = a.was.After.Clone()
	a.after.EncryptionKeyID, a.after.VolumeTypeID = before.EncryptionKeyID, before.VolumeTypeID
	if !a.after.Name.Equal(before.Name) {
		a.after.Name = stripped(a.after.Name)
	}
	if !a.after.Description.Equal(before.Description) {
		a.after.Description = stripped(a.after.Description)
	}
	for key := range a.left {
		a.keep(key)
	}
	for {
		refusals := APIRefusals(before, a.after, a.limit)
		for _, r := range refusals {
			a.refused[r.Field] = r.Why
			a.keep(r.Field)
		}
		if len(refusals) == 0 { // what is kept may stand in the way of something else
			return
		}
	}
}

// keep leaves a field as it is.
func (a *apiPlanner) keep(key string) {
	before := a.was.Before
	back := func(from, to *pyjson.Object, name string) *pyjson.Object {
		if v, ok := from.Get(name); ok {
			return merged(to, wrap(name, nil, v))
		}
		to = to.Clone()
		to.Delete(name)
		return to
	}
	switch {
	case key == "name":
		a.after.Name = before.Name
	case key == "description":
		a.after.Description = before.Description
	case key == "bootable":
		a.after.Bootable = before.Bootable
	case strings.HasPrefix(key, "metadata "):
		a.after.Metadata = back(before.Metadata, a.after.Metadata, key[len("metadata "):])
	case strings.HasPrefix(key, "image "):
		a.after.Image = back(before.Image, a.after.Image, key[len("image "):])
	}
}

// field is a field of the plan as the API leaves it.
func (a *apiPlanner) field(f FieldPlan) FieldPlan {
	switch f.Verdict {
	case VerdictNotRestored, VerdictRefused:
		return f
	case VerdictOneOf, VerdictUnknown:
		return a.uncertain(f)
	}
	key := f.Key()
	wanted := f.After
	now, is := a.at(f)
	f.Before, f.After = now, is
	same := func(a, b Opt[pyjson.Value]) bool { return a.Set == b.Set && (!a.Set || a.V.Equal(b.V)) }
	switch why, no := a.refused[key]; {
	case no:
		f.Verdict, f.Danger = VerdictRefused, true
		f.Why = "the API refuses it: " + why
	case a.left[key]:
		f.Verdict, f.Danger = VerdictKept, false
		f.Why = "left out: it stays as it is"
	case !a.canBeSet(f) && f.Section == BaseSection && !same(now, wanted):
		f.Verdict, f.Danger = VerdictKept, false
		f.Why = "no call of the API sets it: it stays as it is"
	case !same(is, wanted):
		f.Why += "; the API strips the white space around it"
		if same(now, is) {
			f.Verdict, f.Danger = VerdictUnchanged, false
		}
	}
	return f
}

// uncertain is a field of which it is not known how a restore leaves it: no call
// touches it.
func (a *apiPlanner) uncertain(f FieldPlan) FieldPlan {
	why := "it is left as it is: " + f.Because
	switch left := a.left[f.Key()]; {
	case left:
		why = "left out: it stays as it is"
	case !a.canBeSet(f) && !f.Unseen:
		why = "no call of the API sets it: it stays as it is"
	default:
		f.Why = why
		return f
	}
	f.Certainty, f.Possible, f.Because, f.After = Certain, nil, "", f.Before
	f.Verdict, f.Danger, f.Why = VerdictKept, false, why
	return f
}

// at is a field before and after.
func (a *apiPlanner) at(f FieldPlan) (before, after Opt[pyjson.Value]) {
	one := func(s State) Opt[pyjson.Value] {
		var o *pyjson.Object
		switch f.Section {
		case UserSection:
			o = s.Metadata
		case ImageSection:
			o = s.Image
		default:
			return Some(s.base(f.Name))
		}
		v, ok := o.Get(f.Name)
		return Opt[pyjson.Value]{V: v, Set: ok}
	}
	return one(a.was.Before), one(a.after)
}

// base is a column of the state.
func (s State) base(name string) pyjson.Value {
	switch name {
	case "display_name":
		return s.Name
	case "display_description":
		return s.Description
	case "encryption_key_id":
		return s.EncryptionKeyID
	case "volume_type_id":
		return s.VolumeTypeID
	}
	return pyjson.OfBool(s.Bootable)
}

// warnings are those of the plan that still hold, and the API's own.
func (a *apiPlanner) warnings(q *Plan) []string {
	own := *a.was
	own.Warnings = nil
	own.warn()
	said := NewFieldSet(own.Warnings...)
	again := *q
	again.Warnings = nil
	again.warn()
	var out []string
	for _, w := range a.was.Warnings {
		if !said.Has(w) {
			out = append(out, w) // from elsewhere
		}
	}
	out = append(out, again.Warnings...)
	if n := len(q.Calls); n > 1 {
		out = append(out,
			fmt.Sprintf("%d calls, one after the other: if one fails, those before it have been done, and the journal says which", n))
	}
	back := APIRefusals(q.After, q.Before, a.limit)
	for _, r := range back {
		out = append(out, fmt.Sprintf("an undo could not bring %s back: %s", Visible(r.Field), r.Why))
	}
	wide := false
	for _, c := range q.Calls {
		wide = wide || isWide(pyjson.OfDict(c.Body))
	}
	if wide {
		out = append(out,
			"a text has characters beyond the Basic Multilingual Plane, such as emoji: a cloud whose tables are utf8mb3 answers with an error 500")
	}
	return out
}

// isWide reports whether a text has a character that takes four bytes.
func isWide(v pyjson.Value) bool {
	if v.Kind() != pyjson.Dict {
		return strings.IndexFunc(v.Text(), func(r rune) bool { return r > 0xFFFF }) >= 0
	}
	for _, item := range v.Object().All() {
		if isWide(item) {
			return true
		}
	}
	return false
}

// blocked says what the API refuses and nobody has left out; nil if nothing.
func (p *Plan) blocked(tried string) error {
	var names, whys []string
	for _, f := range p.Fields {
		if p.Via == ViaAPI && f.Verdict == VerdictRefused {
			names = append(names, f.Key())
			whys = append(whys, Visible(f.Key())+": "+strings.TrimPrefix(f.Why, "the API refuses it: "))
		}
	}
	if len(names) == 0 {
		return nil
	}
	err := Fail(CodeRefused, tried, "the API refuses "+strings.Join(whys, ", and "), DoLeaveOut, nil)
	err.With = names
	return err
}
