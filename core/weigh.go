package core

import (
	"fmt"

	"hearth/core/pyjson"
)

// weigh collects the reasons that core itself can know for why the restore cannot
// be carried through, or may not.
func (p *Plan) weigh(in PlanInput) {
	if err := p.Error; err != nil {
		p.Can.Add(Reason{ReasonRefused, AnswerNo, "Cinder stops at " + p.layer(err.Layer) + ": " + Visible(err.Message),
			"choose another target, rule set or capture", nil})
	}
	if err := p.mayStop; err != nil {
		p.Can.Add(Reason{ReasonLayerAssumed, AnswerUnknown, "if " + p.layer(err.Layer) + " is what it is taken for, Cinder stops there: " +
			Visible(p.sure.symbols.clean(err.Message)), "choose another target, or find out what was captured", nil})
	}
	if len(p.Chain) == 0 {
		p.Can.Add(Reason{ReasonNothingKnown, AnswerNo, "there is nothing to restore from", "name a backup, or hand a capture in as a file", nil})
	}
	for _, r := range p.sure.risks {
		p.Can.Add(Reason{ReasonLayerRefuses, AnswerUnknown, "whether Cinder stops at " + p.layer(r.layer) +
			" hangs on what is not known here: it may say: " + Visible(p.sure.symbols.clean(r.err.Message)),
			"choose a target whose volume type is known to be that of the source", nil})
	}
	p.weighHidden()
	for _, i := range p.used() {
		if p.Error != nil && i > p.Error.Layer {
			break // Cinder does not get there
		}
		for n := range p.Chain[i].Captures {
			p.weighImageKeys(i, &p.Chain[i].Captures[n], in)
		}
	}
}

// weighHidden tells of layers that may refuse, since it is not known for sure what
// Cinder captured. One that was taken at one moment, of a volume that is known not to
// be encrypted, refuses nothing under the rules of today.
func (p *Plan) weighHidden() {
	var unknown, assumed []string
	for _, i := range p.used() {
		l := &p.Chain[i]
		switch {
		case p.Error != nil && i > p.Error.Layer:
		case l.Evidence == EvidenceUnknown:
			unknown = append(unknown, p.backupOf(i))
		case l.Evidence == EvidenceToday, l.Assumes() && !(l.Encrypted == Some(false) && p.Rules.rules().takesPlain()):
			assumed = append(assumed, p.backupOf(i))
		}
	}
	if len(unknown) > 0 {
		p.Can.Add(Reason{ReasonLayerUnknown, AnswerUnknown, "nobody has the capture of " + listed(some(unknown), "and") +
			p.spoiled() + ": that of an encrypted volume stops the restore onto another volume type", DoGiveCapture, nil})
	}
	if len(assumed) > 0 {
		p.Can.Add(Reason{ReasonLayerAssumed, AnswerUnknown, "it is taken for granted what Cinder captured with " +
			listed(some(assumed), "and") + ": if the volume was encrypted or of another type then, the restore may stop", DoGiveCapture, nil})
	}
}

// weighImageKeys looks for image keys of one capture that the database may take
// for the same: the second one then ends the restore with GlanceMetadataExists
// (cinder/db/sqlalchemy/api.py volume_glance_metadata_create), since 25.3 and 26.0
// only where the values differ (bug 1823445). Where the database was asked it is known
// whether it does.
func (p *Plan) weighImageKeys(layer int, c *Capture, in PlanInput) {
	alike := in.Alike[ImageSection]
	if !in.Collates && alike == nil {
		return
	}
	image := c.Section(ImageSection)
	first := map[string]string{}
	for key, value := range image.All() {
		folded := Collated(key)
		if alike != nil {
			folded = key
			if as, ok := alike[key]; ok {
				folded = as
			}
		}
		other, twice := first[folded]
		if !twice {
			first[folded] = key
			continue
		}
		if alike != nil {
			p.Can.Add(p.twiceKeyed(layer, image, other, key, value))
			continue
		}
		p.Can.Add(Reason{ReasonImageKeys, AnswerUnknown, fmt.Sprintf("%s has the image keys %s and %s, which MySQL and MariaDB "+
			"usually take for the same: then Cinder stops half-way with GlanceMetadataExists, in PostgreSQL and SQLite it does not", p.layer(layer),
			shown("", pyjson.OfString(other)), shown("", pyjson.OfString(key))),
			"ask whoever runs the cloud for the collation of volume_glance_metadata", nil})
	}
}

// twiceKeyed is the reason that two image keys of a capture give which the database takes
// for the same.
func (p *Plan) twiceKeyed(layer int, image *pyjson.Object, other, key string, value pyjson.Value) Reason {
	text := fmt.Sprintf("%s has the image keys %s and %s, which the cloud's database takes for the same: Cinder stops half-way "+
		"with GlanceMetadataExists", p.layer(layer), shown("", pyjson.OfString(other)), shown("", pyjson.OfString(key)))
	if old, _ := image.Get(other); old.Equal(value) {
		return Reason{ReasonImageKeys, AnswerUnknown, text + ", unless it is of 25.3, or of 26 or later",
			"ask whoever runs the cloud for its release", nil}
	}
	return Reason{ReasonImageKeys, AnswerNo, text, "take one of the two keys out of the volume, and back it up anew", nil}
}
