package core

import (
	"fmt"
	"strings"
	"time"

	"hearth/core/pyjson"
)

// Evidence says how far what is known of a layer carries.
type Evidence string

const (
	// EvidenceStored: read from the repository, and so what Cinder wrote. Without a
	// capture: Cinder wrote none, and a restore passes over the layer.
	EvidenceStored Evidence = "stored"
	// EvidenceHeld: taken before the backup began and again after it ended, both equal.
	EvidenceHeld Evidence = "held"
	// EvidenceEither: taken before and after, and they differ; it is one of the two.
	EvidenceEither Evidence = "either"
	// EvidenceLate: taken before and after, and they differ, but the second look came so
	// long after the end that there may have been a third state between. What is the same
	// in both is as good as held; what RestoredDiffer names is not known.
	EvidenceLate Evidence = "late"
	// EvidenceMoment: taken once, at one moment.
	EvidenceMoment Evidence = "moment"
	// EvidenceGiven: a file that somebody handed in.
	EvidenceGiven Evidence = "given"
	// EvidenceToday: the source volume as it is now.
	EvidenceToday Evidence = "today"
	// EvidenceUnknown: nobody has it.
	EvidenceUnknown Evidence = "unknown"
)

// Assumes reports whether a plan that goes by it rests on an assumption.
func (e Evidence) Assumes() bool { return e == EvidenceMoment || e == EvidenceToday }

// Doubt is the sentence of what the evidence does not prove, without a full stop;
// "" for what Cinder stored.
func (e Evidence) Doubt() string {
	switch e {
	case EvidenceHeld:
		return "what was changed while the backup was made and changed back before it ended is not seen"
	case EvidenceEither:
		return "the volume changed while the backup was made, and which of the two Cinder captured is not known"
	case EvidenceLate:
		return "the volume changed while the backup was made or after it, and what Cinder captured may be neither of the two"
	case EvidenceMoment:
		return "it was taken at one moment only: what was changed before Cinder captured the volume is not in it"
	case EvidenceGiven:
		return "that the file is what Cinder stored with this backup rests on whoever handed it in"
	case EvidenceToday:
		return "it is the volume as it is now, not as it was when Cinder captured it"
	case EvidenceUnknown:
		return "nobody has a capture of it"
	}
	return ""
}

// EvidenceOf is how far a single capture from a source carries.
func EvidenceOf(s Source) Evidence {
	switch s.Kind {
	case SourceRepository:
		return EvidenceStored
	case SourceNow:
		return EvidenceToday
	case SourceTaken:
		return EvidenceMoment
	}
	return EvidenceGiven
}

// Layer is one backup of a chain and what is known of its capture.
type Layer struct {
	Number, Of int            // its true place in the chain, from 1; Of 0: how long the chain is, is not known
	Backup     BackupID       // "" where the captures stand alone
	Name       string         // of the backup; "" if it has none or is not known
	At         Opt[time.Time] // when the backup was made
	Evidence   Evidence
	// Captures are none (nobody has it, or Cinder stored none), the one, or with
	// EvidenceEither the two or more of which it is one. With EvidenceLate they are the
	// two looks, and what differs between them is not known: it may be neither.
	Captures []Capture
	// Written: it is the layer of a real backup, so that Cinder wrote its capture,
	// known or not: every one of those has the volume's name and description.
	Written bool
	// Guessed: the place does not name the parents, and that this backup is of the chain
	// is a guess. What is known of it is then assumed.
	Guessed bool
	// Why says of a layer that is not known, or known less than it was, what is wrong with
	// what was kept of it, without a full stop; "" where nothing was.
	Why string
	// Encrypted says whether the volume was encrypted when the backup was made; not
	// set: not known. It narrows what an unknown layer can do.
	Encrypted Opt[bool]
}

// Known reports whether it is known what the layer does to a volume, or of which
// several captures it is one.
func (l *Layer) Known() bool { return l.Evidence != EvidenceUnknown }

// Assumes reports whether a plan that goes by the layer rests on an assumption.
func (l *Layer) Assumes() bool { return l.Evidence.Assumes() || l.Guessed && l.Known() }

// Source is where the layer's capture comes from.
func (l *Layer) Source() Source {
	switch {
	case len(l.Captures) > 0:
		return l.Captures[0].Source
	case l.Known():
		return Source{Kind: SourceRepository}
	}
	return Source{Kind: SourceUnknown}
}

// capture is the layer's first capture, an empty one where it has none.
func (l *Layer) capture() *Capture {
	if len(l.Captures) == 0 {
		return &Capture{}
	}
	return &l.Captures[0]
}

// Title names the layer for people: its true place in the chain, and the backup's
// name and date as far as they are known: `layer 4 of 5 ("nightly", 2026-11-20)`.
func (l *Layer) Title() string {
	if l.Of == 1 && l.Number == 1 {
		return "the capture"
	}
	text := fmt.Sprintf("layer %d", l.Number)
	if l.Of > 0 {
		text += fmt.Sprintf(" of %d", l.Of)
	}
	var about []string
	switch {
	case l.Name != "":
		about = append(about, `"`+short(Visible(l.Name), 40)+`"`)
	case l.Backup != "":
		about = append(about, Visible(Short(l.Backup)))
	case l.Number == 1:
		about = append(about, "full")
	default:
		about = append(about, "incremental")
	}
	if l.At.Set {
		about = append(about, l.At.V.UTC().Format("2006-01-02"))
	}
	return text + " (" + strings.Join(about, ", ") + ")"
}

// short is the first n characters of a text, with … where there are more.
func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// LayersOf makes the layers of captures that stand alone, the full backup's first.
func LayersOf(captures []Capture) []Layer {
	var out []Layer
	for i := range captures {
		c := captures[i]
		l := Layer{Number: i + 1, Of: len(captures), Backup: c.BackupID, Evidence: EvidenceOf(c.Source), Captures: []Capture{c}}
		if c.Source.Kind == SourceUnknown {
			l.Evidence, l.Captures = EvidenceUnknown, nil
		}
		out = append(out, l)
	}
	return out
}

// LayerOf is the layer of a backup at its place in the chain (number from 1, of
// how many), of which nothing is known yet.
func LayerOf(b *Backup, number, of int) Layer {
	l := Layer{Number: number, Of: of, Backup: b.ID, Name: b.Name.Or(""), At: b.CreatedAt, Evidence: EvidenceUnknown, Written: true}
	if b.EncryptionKeyID.Or("") != "" {
		l.Encrypted = Some(true) // null proves nothing: backups from before Queens have none
	}
	return l
}

// Object is the layer as JSON, an entry of a plan's captures.
func (l *Layer) Object() *pyjson.Object {
	o := &pyjson.Object{}
	o.Set("backup_id", idValue(l.Backup))
	version := pyjson.None
	if len(l.Captures) > 0 {
		version = pyjson.OfInt(int64(l.Captures[0].Version()))
	}
	o.Set("version", version)
	s := l.Source()
	o.Set("source", pyjson.OfString(string(s.Kind)))
	o.Set("where", pyjson.OfString(s.Where))
	o.Set("evidence", pyjson.OfString(string(l.Evidence)))
	o.Set("number", pyjson.OfInt(int64(l.Number)))
	of := pyjson.None
	if l.Of > 0 {
		of = pyjson.OfInt(int64(l.Of))
	}
	o.Set("of", of)
	name := pyjson.None
	if l.Name != "" {
		name = plainForm(pyjson.OfString(l.Name))
	}
	o.Set("name", name)
	for _, at := range []struct {
		key  string
		time Opt[time.Time]
	}{{"made_at", l.At}, {"taken_at", s.At}} {
		v := pyjson.None
		if at.time.Set {
			v = pyjson.OfString(APITime(at.time.V))
		}
		o.Set(at.key, v)
	}
	if l.Why != "" {
		o.Set("why", pyjson.OfString(l.Why))
	}
	if l.Guessed {
		o.Set("guessed", pyjson.OfBool(true))
	}
	if n := len(l.Captures); n > 1 && l.Evidence != EvidenceLate {
		o.Set("one_of", pyjson.OfInt(int64(n)))
	}
	return o
}
