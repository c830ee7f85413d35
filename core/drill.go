package core

import (
	"fmt"
	"strings"
	"time"

	"hearth/core/pyjson"
)

// DrillVerdict says what a drill has shown of a backup.
type DrillVerdict string

const (
	// DrillProven: it was restored, the plan came true, and every byte that the backup
	// holds was read from the volume and is what the repository has.
	DrillProven DrillVerdict = "proven"
	// DrillRestored: it was restored and the plan came true, as Cinder shows it. Its
	// bytes were not compared, and Cinder calls a wrong restore available, too.
	DrillRestored DrillVerdict = "restored"
	DrillDiffers  DrillVerdict = "differs" // bytes, or fields, are not what they were to be
	DrillFailed   DrillVerdict = "failed"  // Cinder did not restore it
	DrillRefused  DrillVerdict = "refused" // it certainly cannot be restored so, and nothing was made
	DrillUnknown  DrillVerdict = "unknown" // it was cut short, or answers were lost
)

// Good reports whether the backup came back, as far as was looked.
func (v DrillVerdict) Good() bool { return v == DrillProven || v == DrillRestored }

// DrillPrefix begins the name of every volume that a drill makes.
const DrillPrefix = "hearth-drill-"

// Drill is a restore that was tried: into a volume of its own, which goes again.
type Drill struct {
	ID         int64
	Entry      EntryID // the journal's, of the whole run
	Place      string
	Backup     BackupID
	BackupName string
	Source     VolumeID // whose backup it is
	SourceName string
	GiB        int64
	Name       string   // of the volume that it makes, which nothing else has
	Volume     VolumeID // it; "": none was made, as far as is known
	At         time.Time
	Took       time.Duration // until the verdict
	Verdict    DrillVerdict  // "": it is under way, or was killed
	Why        string        // a clause; "" where the verdict says all
	Compared   int64         // bytes that were compared with the repository
	NotDeep    string        // why no bytes were compared, a clause; "": they were, or it did not come to it
	Gone       bool          // the volume that it made is no more, or never was
	Left       string        // why it is still there; a clause
	Fields     []FieldOutcome
}

// Title is what the backup is called, or its id.
func (d *Drill) Title() string {
	if d.BackupName != "" {
		return d.BackupName
	}
	return string(d.Backup)
}

// Came says how many fields of the plan came out as they should: "11 of 12".
func (d *Drill) Came() string {
	if len(d.Fields) == 0 {
		return ""
	}
	good := 0
	for _, f := range d.Fields {
		if f.Came == CameTrue || f.Came == CameExpected {
			good++
		}
	}
	return fmt.Sprintf("%d of %d", good, len(d.Fields))
}

// Says is the verdict with its reason, for a line.
func (d *Drill) Says() string {
	text := string(d.Verdict)
	if d.Verdict == "" {
		text = "not ended"
	}
	var more []string
	if d.Why != "" {
		more = append(more, d.Why)
	}
	if d.Verdict.Good() && d.NotDeep != "" {
		more = append(more, "its bytes were not compared: "+d.NotDeep)
	}
	if !d.Gone && d.Left != "" {
		more = append(more, "volume "+d.Name+" is still there: "+d.Left)
	}
	if len(more) > 0 {
		text += ": " + strings.Join(more, "; ")
	}
	return text
}

// Object is the drill as JSON.
func (d *Drill) Object() *pyjson.Object {
	o := &pyjson.Object{}
	text := func(key, s string) {
		v := pyjson.None
		if s != "" {
			v = pyjson.OfString(s)
		}
		o.Set(key, v)
	}
	text("backup_id", string(d.Backup))
	text("backup_name", d.BackupName)
	text("volume_id", string(d.Source))
	text("volume_name", d.SourceName)
	o.Set("size", pyjson.OfInt(d.GiB))
	text("verdict", string(d.Verdict))
	text("why", d.Why)
	o.Set("at", pyjson.OfString(APITime(d.At)))
	o.Set("seconds", pyjson.OfInt(int64(d.Took/time.Second)))
	text("drill_volume_name", d.Name)
	text("drill_volume_id", string(d.Volume))
	o.Set("drill_volume_gone", pyjson.OfBool(d.Gone))
	text("drill_volume_left", d.Left)
	o.Set("bytes_compared", pyjson.OfInt(d.Compared))
	text("not_compared_because", d.NotDeep)
	if d.Entry > 0 {
		o.Set("entry", pyjson.OfInt(int64(d.Entry)))
	}
	var fields []pyjson.Value
	for _, f := range d.Fields {
		fields = append(fields, pyjson.OfDict(f.object()))
	}
	o.Set("fields", pyjson.OfList(fields))
	return o
}

// FieldsText is how the fields came out, to be kept: [FieldsFrom] reads it.
func (d *Drill) FieldsText() string {
	var fields []pyjson.Value
	for _, f := range d.Fields {
		fields = append(fields, pyjson.OfDict(f.object()))
	}
	return pyjson.Text(pyjson.OfList(fields))
}

// FieldsFrom reads what [Drill.FieldsText] has written; nil of anything else.
func FieldsFrom(text string) (fields []FieldOutcome) {
	all, err := pyjson.Parse(text)
	if err != nil {
		return nil
	}
	for _, v := range all.Items() {
		if v.Kind() != pyjson.Dict {
			return nil
		}
		o := v.Object()
		word := func(key string) string {
			v, _ := o.Get(key)
			return fromPlainForm(v).Text()
		}
		f := FieldOutcome{Section: Section(word("section")), Name: word("field"), Came: Came(word("came")), Why: word("why")}
		if v, ok := o.Get("planned"); ok {
			f.Planned = Some(fromPlainForm(v))
		}
		if v, ok := o.Get("actual"); ok {
			f.Actual = Some(fromPlainForm(v))
		}
		fields = append(fields, f)
	}
	return fields
}

// DrillSum is what the drills of a place come to.
type DrillSum struct {
	Last     time.Time // when the last run began; zero: there was none
	LastGood int       // backups of that run that came back
	LastOf   int       // backups of that run
	Proven   int       // backups whose newest drill compared every byte
	Restored int       // backups whose newest drill restored them, their bytes not compared
	Bad      int       // backups whose newest drill did not bring them back
	Left     int       // volumes of drills that are still there, as far as is known
}

// SumDrills puts drills together, which come newest first.
func SumDrills(drills []Drill) (s DrillSum) {
	seen := map[BackupID]bool{}
	var last EntryID
	for i := range drills {
		d := &drills[i]
		if i == 0 {
			last = d.Entry
		}
		if d.Entry == last {
			s.Last = d.At // the first of the run comes last
			s.LastOf++
			if d.Verdict.Good() {
				s.LastGood++
			}
		}
		if !d.Gone {
			s.Left++
		}
		if d.Verdict == "" || d.Verdict == DrillRefused || d.Verdict == DrillUnknown || seen[d.Backup] {
			continue // it says nothing of the backup
		}
		seen[d.Backup] = true
		switch d.Verdict {
		case DrillProven:
			s.Proven++
		case DrillRestored:
			s.Restored++
		default:
			s.Bad++
		}
	}
	return s
}
