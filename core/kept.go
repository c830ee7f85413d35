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
	case a.State == AgainDiffers && a.At.Set && a.Ended.Set && a.At.V.Sub(a.Ended.V) <= lookSoon:
		return EvidenceEither
	case a.State == AgainDiffers:
		return EvidenceLate
	}
	return EvidenceMoment
}

// Evident chooses among captures that were kept of one backup, newest first, those
// that carry furthest: one, or of evidence either and late the one from before the
// backup and the one from after it. Where one of such two is lost, the other is late.
// None at all is EvidenceUnknown.
func Evident(kept []KeptCapture) (Evidence, []KeptCapture) {
	evidence, best := EvidenceUnknown, []KeptCapture(nil)
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

// Captured says what is known of a backup's capture: where what carries furthest comes
// from, and how far that carries.
type Captured struct {
	Kind     SourceKind
	Evidence Evidence
}

// CapturedBy is what captures of one backup come to; at least one.
func CapturedBy(kept []KeptCapture) Captured {
	e, best := Evident(kept)
	return Captured{best[0].Capture.Source.Kind, e}
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
