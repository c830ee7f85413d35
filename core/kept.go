package core

import (
	"slices"
	"time"

	"hearth/core/pyjson"
)

// lookSoon is how soon after a backup's end a second look has to be for its capture to
// be one of the two that Cinder can have taken.
const lookSoon = 2 * time.Minute

// strength orders evidence: of two kinds of it the later one says more.
var strength = []Evidence{
	EvidenceUnknown, EvidenceToday, EvidenceGiven, EvidenceMoment, EvidenceLate, EvidenceEither, EvidenceHeld, EvidenceStored,
}

// Evidence is how far the capture carries by itself; of one that differs from
// another, both together.
func (k *KeptCapture) Evidence() Evidence {
	a := k.Again
	switch {
	case k.Capture.Source.Kind != SourceTaken:
		return EvidenceOf(k.Capture.Source)
	case a.State == AgainEqual:
		return EvidenceHeld
	case a.State == AgainDiffers && a.At.Set && a.Ended.Set && soon(a.At.V.Sub(a.Ended.V)):
		return EvidenceEither
	case a.State == AgainDiffers:
		return EvidenceLate
	}
	return EvidenceMoment
}

// soon reports whether a look was soon after the end. One that was before it tells that
// the clock was set back in between: nobody knows how long after it was.
func soon(after time.Duration) bool { return after >= 0 && after <= lookSoon }

// Evident chooses among captures that were kept of one backup, newest first, those
// that carry furthest: one, or of evidence either and late the one from before the
// backup and the one from after it. Where one of such two is lost, the other is late.
// None at all is EvidenceUnknown; those that are rotten are as good as lost.
func Evident(kept []KeptCapture) (Evidence, []KeptCapture) {
	evidence, best := EvidenceUnknown, []KeptCapture(nil)
	kept = slices.DeleteFunc(slices.Clone(kept), func(k KeptCapture) bool { return k.Rotten })
	for i := range kept {
		e, set := kept[i].Evidence(), kept[i:i+1:i+1]
		if kept[i].Again.State == AgainDiffers {
			if set = pairOf(kept, &kept[i]); len(set) < 2 {
				e = EvidenceLate
			}
		}
		if slices.Index(strength, e) > slices.Index(strength, evidence) {
			evidence, best = e, set
		}
	}
	return evidence, best
}

// Spoiled are the rotten ones of what was kept of one backup, unless what is left carries as
// far as they did by what they still say.
func Spoiled(kept []KeptCapture) (out []KeptCapture) {
	evidence, _ := Evident(kept)
	for i := range kept {
		if kept[i].Rotten && slices.Index(strength, kept[i].Evidence()) > slices.Index(strength, evidence) {
			out = append(out, kept[i])
		}
	}
	return out
}

// Title says what the capture is of.
func (k *KeptCapture) Title() string {
	if k.BackupID == "" {
		return "volume " + Visible(string(k.VolumeID))
	}
	return "backup " + Visible(string(k.BackupID))
}

// RottenCaptures tells of captures that were left out of what was read, CodeIncomplete; nil
// where there are none.
func RottenCaptures(tried string, rotten []KeptCapture) error {
	if len(rotten) == 0 {
		return nil
	}
	what := "the archived capture of " + rotten[0].Title() + " does not match its fingerprint, and is left out"
	if n := len(rotten) - 1; n > 0 {
		what = "the archived captures of " + rotten[0].Title() + " and " + Count(n, "other") +
			" do not match their fingerprints, and are left out"
	}
	return Fail(CodeIncomplete, tried, what, "look at the disk; what Cinder stored with a backup lies in its repository", nil)
}

// Captured says what is known of a backup's capture: where what carries furthest comes
// from, and how far that carries. The zero Kind is that nothing is left of it.
type Captured struct {
	Kind     SourceKind
	Evidence Evidence
	Spoiled  bool // there are some that the function of that name tells of
}

// CapturedBy is what captures of one backup come to.
func CapturedBy(kept []KeptCapture) Captured {
	e, best := Evident(kept)
	c := Captured{Evidence: e, Spoiled: len(Spoiled(kept)) > 0}
	if len(best) > 0 {
		c.Kind = best[0].Capture.Source.Kind
	}
	return c
}

// pairOf is what belongs to the same two looks, the earlier one first.
func pairOf(kept []KeptCapture, of *KeptCapture) (pair []KeptCapture) {
	for _, k := range slices.Backward(kept) {
		a, b := k.Again, of.Again
		if k.Place == of.Place && a.State == b.State && a.At.V.Equal(b.At.V) && a.Ended.V.Equal(b.Ended.V) {
			pair = append(pair, k)
		}
	}
	return pair
}

// Difference is a field in which two captures differ. Field "" is the section as a
// whole: only one of them has it. Both "": a text that does not parse differs.
type Difference struct {
	Section Section
	Field   string
}

// String names the field as people do: "display_name", "user metadata owner".
func (d Difference) String() string {
	switch {
	case d.Section == "":
		return "the text"
	case d.Section == BaseSection && d.Field != "":
		return d.Field
	case d.Field == "":
		return d.Section.Title()
	}
	return d.Section.Title() + " " + d.Field
}

// restorable are the base fields that a restore under any rule set reads
// (cinder/backup/driver.py _restore_vol_base_meta, _restore_vol_encryption_meta). A
// backup itself moves others: status, previous_status, updated_at.
var restorable = []string{"display_name", "display_description", "encryption_key_id", "volume_type_id"}

// RestoredDiffer says in what two captures of a volume differ, of all that a restore
// can put back: the base fields that one reads, as far as both sources could see
// them, and all of the other two sections.
func RestoredDiffer(a, b *Capture) (out []Difference) {
	if a.Err != nil || b.Err != nil {
		if a.Text != b.Text {
			out = append(out, Difference{})
		}
		return out
	}
	for _, s := range Sections {
		in, other := a.Section(s), b.Section(s)
		names := restorable
		if s != BaseSection {
			names = union(in.Keys(), other.Keys())
		}
		if (in == nil) != (other == nil) {
			out = append(out, Difference{Section: s})
		}
		for _, name := range names {
			if s == BaseSection && (a.Unseen.Has(name) || b.Unseen.Has(name)) {
				continue
			}
			if !sameEntry(in, other, name) {
				out = append(out, Difference{s, name})
			}
		}
	}
	return out
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, name := range b {
		if !slices.Contains(a, name) {
			out = append(out, name)
		}
	}
	return out
}

func sameEntry(a, b *pyjson.Object, name string) bool {
	v, has := a.Get(name)
	w, had := b.Get(name)
	return has == had && (!has || v.Equal(w))
}
