package core

import (
	"fmt"
	"slices"
	"strings"

	"hearth/core/pyjson"
)

// Came says whether a field came out as planned.
type Came string

const (
	CameTrue     Came = "came true"
	CameExpected Came = "expected" // differs, as Cinder's own doing after a restore
	CameNot      Came = "differs"
	CameUnknown  Came = "not known" // the place cannot see it, or the plan did not say
)

// FieldOutcome is a field of a plan and what the volume has of it afterwards.
type FieldOutcome struct {
	Section Section
	Name    string
	Planned Opt[pyjson.Value] // not set: not there
	Actual  Opt[pyjson.Value]
	Came    Came
	Why     string // where it did not simply come true
}

// RestoreReport says what became of a restore.
type RestoreReport struct {
	Plan         *Plan
	Route        Route // who made the volume; the zero Route before that was chosen
	Backup       BackupID
	Volume       VolumeID // "" as long as Cinder has not accepted the restore
	Made         VolumeID // the volume that was made for it, by hearth or by Cinder, once its id is sure; "" for none
	VolumeName   string   // now; at first as it was when Cinder accepted the restore
	VolumeStatus string
	BackupStatus string
	Waited       bool           // it was followed to its end; false: it may still be under way
	Inferred     bool           // Cinder's answer was lost, and nothing has shown that it began the restore
	Fields       []FieldOutcome // empty before the end, and without a plan
	Messages     []Message      // what Cinder says of a failure
	Entry        EntryID        // in the journal; 0: none
}

// Failed reports whether the restore ended badly.
func (r *RestoreReport) Failed() bool { return r.Waited && Failed(r.VolumeStatus) }

// Differing are the fields that did not come out as planned.
func (r *RestoreReport) Differing() (out []FieldOutcome) {
	for _, f := range r.Fields {
		if f.Came == CameNot {
			out = append(out, f)
		}
	}
	return out
}

// Surely are those of [RestoreReport.Differing] that the plan was sure of, and assumed how
// many it only assumed, as where the source volume stood in for a capture that nobody has.
func (r *RestoreReport) Surely() (differ []FieldOutcome, assumed int) {
	for _, f := range r.Differing() {
		if said := r.Plan.Field(f.Section, f.Name); said != nil && said.Certainty == Assumed {
			assumed++
		} else {
			differ = append(differ, f)
		}
	}
	return differ, assumed
}

// Verdict tells the outcome in a line.
func (r *RestoreReport) Verdict() string {
	switch n := len(r.Differing()); {
	case r.Inferred && r.Waited:
		return "Cinder's answer was lost, and nothing shows that it put the backup on the volume it made: take the volume for empty"
	case r.Inferred:
		return "Cinder's answer was lost: it made a volume, and whether it puts the backup on it is not known"
	case r.Failed():
		text := "the restore failed: the volume is " + r.VolumeStatus
		if r.BackupStatus != "" {
			text += ", the backup " + r.BackupStatus
		}
		return text
	case !r.Waited:
		return "the restore is under way"
	case r.Plan == nil:
		return "the restore is done"
	case n > 0:
		return fmt.Sprintf("the restore is done, and %d of %s differ from the plan", n, Count(len(r.Fields), "field"))
	}
	return "the restore is done, and the plan came true"
}

// CompareRestore compares a volume after a restore with the plan, field by field.
// What Cinder does by itself afterwards is expected: it notes the backup in
// src_backup_id unless it is the volume's own, and gives the volume a fresh clone
// of the key (cinder/backup/manager.py restore_backup, _run_restore).
func CompareRestore(p *Plan, backup *Backup, v *Volume) []FieldOutcome {
	c := comparison{plan: p, unseen: v.Unseen, actual: v.State()}
	for _, name := range []string{"display_name", "display_description", "encryption_key_id", "volume_type_id", "bootable"} {
		c.base(name)
	}
	source := Opt[pyjson.Value]{}
	noted, had := p.After.Metadata.Get(sourceBackup)
	if backup.VolumeID != v.ID || had && noted.Truthy() {
		source = Some(pyjson.OfString(string(backup.ID)))
	}
	c.keys(UserSection, p.After.Metadata, c.actual.Metadata, source)
	c.keys(ImageSection, p.After.Image, c.actual.Image, Opt[pyjson.Value]{})
	return c.out
}

// RestoredFrom is the backup that a volume's metadata says it was restored from;
// "" where it says nothing, as before Cinder 16.
func RestoredFrom(v *Volume) BackupID {
	id, _ := v.Metadata.Get(sourceBackup)
	return BackupID(id.Text())
}

type comparison struct {
	plan   *Plan
	actual State
	unseen FieldSet
	out    []FieldOutcome
}

func (c *comparison) base(name string) {
	f := FieldOutcome{Section: BaseSection, Name: name, Planned: Some(c.plan.After.base(name)), Actual: Some(c.actual.base(name))}
	planned, actual := f.Planned.V, f.Actual.V
	switch {
	case c.unseen.Has(name) || c.unseen.Has(strings.TrimPrefix(name, "display_")):
		f.Came, f.Actual, f.Why = CameUnknown, Opt[pyjson.Value]{}, "the place does not show it"
	case c.open(&f):
	case planned.Equal(actual):
		f.Came = CameTrue
	case name == "encryption_key_id" && planned.Text() == fixedKey && actual.IsNull():
		f.Came, f.Actual, f.Why = CameUnknown, Opt[pyjson.Value]{}, "not shown by the API, as the fixed key never is"
	case name == "encryption_key_id" && planned.Truthy() && actual.Truthy():
		f.Came, f.Why = CameExpected, "Cinder puts a clone of the backup's key in its place"
	case name == "volume_type_id" && planned.IsNull() && c.plan.Target.Kind != TargetExisting:
		f.Came, f.Why = CameExpected, "which type a new volume gets was not known"
	default:
		f.Came = CameNot
	}
	c.out = append(c.out, f)
}

// open settles a field that the plan left open: one of several is compared with
// each of them, and of what was unknown nothing can be said.
func (c *comparison) open(f *FieldOutcome) bool {
	switch said := c.plan.Field(f.Section, f.Name); {
	case said == nil && slices.Contains(c.plan.Open, f.Section):
		f.Why = "the plan could not know of it"
	case said == nil || said.Certainty == Certain || said.Certainty == Assumed || said.After.Set:
		return false
	case said.Certainty == OneOf:
		f.Planned, f.Came, f.Why = Opt[pyjson.Value]{}, CameNot, "it is none of what the plan said it would be one of"
		if slices.ContainsFunc(said.Possible, func(v Opt[pyjson.Value]) bool { return sameOpt(v, f.Actual) }) {
			f.Planned, f.Came, f.Why = f.Actual, CameTrue, "the plan said it would be one of several"
		}
		return true
	default:
		f.Why = "the plan did not say: " + said.Because
	}
	f.Planned, f.Came = Opt[pyjson.Value]{}, CameUnknown
	return true
}

func (c *comparison) keys(s Section, planned, actual *pyjson.Object, source Opt[pyjson.Value]) {
	at := func(o *pyjson.Object, name string) Opt[pyjson.Value] {
		v, ok := o.Get(name)
		return Opt[pyjson.Value]{V: v, Set: ok}
	}
	for name := range merged(planned, actual).All() {
		f := FieldOutcome{Section: s, Name: name, Planned: at(planned, name), Actual: at(actual, name), Came: CameNot}
		switch {
		case c.open(&f):
		case f.Planned.Set && f.Actual.Set && f.Planned.V.Equal(f.Actual.V):
			f.Came = CameTrue
		case s == UserSection && name == sourceBackup && source.Set && f.Actual.Set && f.Actual.V.Equal(source.V):
			f.Came, f.Why = CameExpected, "Cinder notes there what the volume was restored from"
		}
		c.out = append(c.out, f)
	}
}

// Object is the report as JSON.
func (r *RestoreReport) Object() *pyjson.Object {
	str := pyjson.OfString
	o := &pyjson.Object{}
	o.Set("backup_id", idValue(r.Backup))
	o.Set("volume_id", idValue(r.Volume))
	o.Set("volume_name", str(r.VolumeName))
	o.Set("volume_status", str(r.VolumeStatus))
	o.Set("backup_status", str(r.BackupStatus))
	if r.Route.Way != "" {
		o.Set("way", str(string(r.Route.Way)))
		o.Set("way_why", str(r.Route.Why))
	}
	o.Set("waited", pyjson.OfBool(r.Waited))
	o.Set("verdict", str(r.Verdict()))
	var fields, messages []pyjson.Value
	for _, f := range r.Fields {
		fields = append(fields, pyjson.OfDict(f.object()))
	}
	o.Set("fields", pyjson.OfList(fields))
	for _, m := range r.Messages {
		messages = append(messages, pyjson.OfDict(m.Object()))
	}
	o.Set("messages", pyjson.OfList(messages))
	if r.Entry > 0 {
		o.Set("entry", pyjson.OfInt(int64(r.Entry)))
	}
	return o
}

func (f FieldOutcome) object() *pyjson.Object {
	o := &pyjson.Object{}
	o.Set("section", pyjson.OfString(string(f.Section)))
	o.Set("field", plainForm(pyjson.OfString(f.Name)))
	if f.Planned.Set {
		o.Set("planned", plainForm(f.Planned.V))
	}
	if f.Actual.Set {
		o.Set("actual", plainForm(f.Actual.V))
	}
	o.Set("came", pyjson.OfString(string(f.Came)))
	if f.Why != "" {
		o.Set("why", pyjson.OfString(f.Why))
	}
	return o
}

// Object is the message as JSON, by Cinder's names.
func (m *Message) Object() *pyjson.Object {
	o := &pyjson.Object{}
	for _, f := range []struct{ key, text string }{{"id", m.ID}, {"resource_type", m.ResourceType}, {"resource_uuid", m.ResourceID},
		{"message_level", m.Level}, {"event_id", m.Event}, {"user_message", m.Text}, {"request_id", m.RequestID}} {
		v := pyjson.None
		if f.text != "" {
			v = pyjson.OfString(f.text)
		}
		o.Set(f.key, v)
	}
	at := pyjson.None
	if m.At.Set {
		at = pyjson.OfString(APITime(m.At.V))
	}
	o.Set("created_at", at)
	return o
}
