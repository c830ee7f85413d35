package core

import "time"

func (p *Proof) add(d *Drill) {
	newer := func(at Opt[time.Time]) bool { return !at.Set || d.At.After(at.V) }
	switch d.Verdict {
	case DrillProven:
		if newer(p.Proven) {
			p.Proven, p.Of, p.OfName = Some(d.At), d.Backup, d.BackupName
		}
	case DrillRestored:
		if newer(p.Restored) {
			p.Restored = Some(d.At)
		}
	case DrillDiffers, DrillFailed:
		if newer(p.Bad) {
			p.Bad, p.BadOf, p.Why = Some(d.At), d.Backup, d.Why
		}
	}
}

// Proofs is what drills say of each volume and of each backup.
type Proofs struct {
	Volumes map[VolumeID]Proof
	Backups map[BackupID]Proof
}

// ProofsOf puts drills together, in whichever order they come. What was refused, cut short
// or is not known says nothing.
func ProofsOf(drills []Drill) Proofs {
	p := Proofs{Volumes: map[VolumeID]Proof{}, Backups: map[BackupID]Proof{}}
	for i := range drills {
		d := &drills[i]
		v, b := p.Volumes[d.Source], p.Backups[d.Backup]
		v.add(d)
		b.add(d)
		if d.Source != "" && v != (Proof{}) {
			p.Volumes[d.Source] = v
		}
		if b != (Proof{}) {
			p.Backups[d.Backup] = b
		}
	}
	return p
}

// Proofed is what there is to say of a volume under a policy that wants its backups proven.
type Proofed struct {
	Keeping Keeping // "": the policy does not want it
	Since   Opt[time.Time]
	Last    Opt[time.Time] // when one was last proven
	Why     string
}

// Prove holds what the drills say of a volume to the schedule. Which backup was proven does
// not matter, nor whether it is still there: what goes by the keep rules within days would
// prove nothing for the month. What was only restored does not count. One that did not come
// back since the last proof breaks the policy at once, until another is proven.
func (s Schedule) Prove(p Proof, made Opt[time.Time], now time.Time) Proofed {
	r := Proofed{Keeping: PolicyKept, Last: p.Proven}
	from := made // a volume that is new has some time
	if p.Proven.Set {
		from = p.Proven
	}
	since := from.V.Add(s.ProvenEvery)
	switch {
	case p.Fell():
		r.Keeping, r.Since = PolicyMissed, Some(p.Bad.V.UTC())
		r.Why = "a drill of backup " + Short(p.BadOf) + " " + ageText(now.Sub(p.Bad.V)) + " ago did not bring it back"
		if p.Why != "" {
			r.Why += ": " + Visible(p.Why)
		}
		return r
	case from.Set && !now.After(since):
		if !p.Proven.Set {
			r.Why = "it is new, and none of its backups was proven yet"
		}
		return r
	case now.After(since.Add(s.ProvenEvery)), !from.Set:
		r.Keeping = PolicyMissed
	default:
		r.Keeping = PolicyBroken
	}
	r.Why = "no backup of it was proven in a drill, as far as this archive knows"
	if p.Proven.Set {
		r.Why = "its last backup that was proven in a drill was so " + ageText(now.Sub(p.Proven.V)) + " ago"
	}
	if p.Restored.Set && (!p.Proven.Set || p.Restored.V.After(p.Proven.V)) {
		r.Why += "; one was restored " + ageText(now.Sub(p.Restored.V)) + " ago, whose bytes were not compared"
	}
	if from.Set {
		r.Since = Some(since.UTC())
	}
	return r
}

// With is what there is to say of a volume whose policy wants its backups proven, too: the
// worse of both, and since when it was first broken.
func (j Judged) With(p Proofed) Judged {
	if p.Keeping == "" {
		return j
	}
	switch {
	case p.Why == "":
	case j.Why == "":
		j.Why = p.Why
	default:
		j.Why += "; " + p.Why
	}
	if broken(p.Keeping) && (!broken(j.Keeping) || p.Since.Set && j.Since.Set && p.Since.V.Before(j.Since.V)) {
		j.Since = p.Since
	}
	if p.Keeping.Badness() > j.Keeping.Badness() {
		j.Keeping = p.Keeping
	}
	return j
}

func broken(k Keeping) bool { return k == PolicyBroken || k == PolicyMissed }
