package jobs

import (
	"context"
	"fmt"
	"strings"

	"hearth/core"
	"hearth/store"
)

// layers are all layers of what a plan puts back, with the best that is known of
// each, and what the plan's reader should know of that.
func (d Desk) layers(ctx context.Context, chain core.Chain, r PlanRequest) ([]core.Layer, []string, error) {
	out := chainLayers(chain)
	switch n := len(r.Captures); {
	case n == 0:
		warnings, err := d.fill(ctx, chain, out, r.Onto)
		return out, warnings, err
	case n > len(out):
		return core.LayersOf(r.Captures), nil, nil
	}
	givenLayers(out, r.Captures)
	return out, nil, nil
}

// chainLayers are the layers of a chain, of which nothing is known yet. A parent that is
// missing is one, whatever lies below it.
func chainLayers(chain core.Chain) (out []core.Layer) {
	first, of := 1, len(chain.Backups)
	if belowMissing(chain) {
		out = append(out, core.Layer{Number: 1, Backup: chain.Missing, Evidence: core.EvidenceUnknown, Written: true})
		first, of = 2, 0
	}
	for i := range chain.Backups {
		out = append(out, core.LayerOf(&chain.Backups[i], first+i, of))
	}
	guessed := false // whatever lies below a guessed parent is as much of a guess
	for i := len(chain.Backups) - 1; i >= 0; i-- {
		out[first-1+i].Guessed = guessed
		guessed = guessed || chain.Backups[i].ParentGuessed
	}
	if first == 2 {
		out[0].Guessed = guessed
	}
	return out
}

// belowMissing reports whether the chain begins with a parent that is not here, or with
// an incremental of which it is not known what it stands on.
func belowMissing(chain core.Chain) bool {
	return chain.Missing != "" || len(chain.Backups) > 0 && chain.Backups[0].Incremental && !chain.Cycle
}

// givenLayers puts captures that were handed in on the newest layers, of which there
// are enough. What is not handed in is not known, and nothing else is asked for it.
func givenLayers(layers []core.Layer, captures []core.Capture) {
	without := len(layers) - len(captures)
	for i, l := range core.LayersOf(captures) {
		at := &layers[without+i]
		at.Evidence, at.Captures = l.Evidence, l.Captures
		at.Written = at.Written && l.Known() // of a hole that somebody names, nothing is taken for granted
	}
}

// tooFew says that fewer captures were handed in than the chain has layers; "" if not.
func tooFew(p *core.Plan, n int) string {
	of := len(p.Chain)
	if n == 0 || n >= of || p.Layers != core.LayersAll {
		return ""
	}
	is := "1 capture is"
	if n > 1 {
		is = fmt.Sprintf("%d captures are", n)
	}
	return fmt.Sprintf("%s given, and the chain of the backup has %d layers: they are taken for the newest, "+
		"and what the others do is not known", is, of)
}

// fill finds what is known of each layer.
func (d Desk) fill(ctx context.Context, chain core.Chain, layers []core.Layer, onto core.VolumeID) (warnings []string, err error) {
	kept, warnings, err := d.Layers(ctx, chain)
	if err != nil {
		return nil, err
	}
	hidden := false
	for i := range kept {
		layers[i] = kept[i].Layer
		// Nothing is assumed in the place of what was known once, and can be had from a copy.
		if i == len(kept)-1 && kept[i].Missing() && kept[i].Why == "" && len(chain.Backups) > 0 {
			if err := d.today(ctx, &chain.Backups[len(chain.Backups)-1], &layers[i], onto); err != nil {
				return nil, err
			}
		}
		hidden = hidden || !layers[i].Whole()
	}
	if hidden && len(chain.Backups) > 0 {
		err = d.narrow(ctx, chain.Backups[len(chain.Backups)-1].VolumeID, layers)
	}
	return warnings, err
}

// fillLayer finds what Cinder stored with a backup, or else what was kept of it.
func (d Desk) fillLayer(ctx context.Context, b *core.Backup, l *KeptLayer) (warnings []string, err error) {
	if b.ID == "" { // a parent of which nothing is known
		return nil, nil
	}
	stored, has, known, err := d.stored(ctx, b.ID)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, err
	case err != nil: // a repository out of reach is no reason to show nothing
		warnings = append(warnings, "the backup repository cannot be asked, so this plan rests on what else is known: "+err.Error())
	case has:
		l.Evidence, l.Captures = core.EvidenceStored, []core.Capture{stored}
		l.Kept = []core.KeptCapture{{Place: stored.Source.Where, VolumeID: b.VolumeID, BackupID: b.ID, At: stored.Source.At.V,
			Capture: stored}}
		return nil, nil
	case known:
		l.Evidence = core.EvidenceStored
		return []string{"Cinder stored no metadata with " + l.Title() + ": a restore passes over it"}, nil
	case d.source() != nil:
		warnings = append(warnings, "the backup repository does not hold "+l.Title())
	}
	kept, err := d.keptInBooks(ctx, b.VolumeID, b.ID)
	if err != nil {
		return nil, err
	}
	evidence, best := core.Evident(kept)
	if len(core.Spoiled(kept)) > 0 {
		l.Why = "the archived capture of " + l.Title() + " does not match its fingerprint"
		if l.Of == 1 && l.Number == 1 {
			l.Why = "the archived capture does not match its fingerprint"
		}
		warnings = append(warnings, l.Why+", and is left out")
	}
	if l.Kept = best; evidence == core.EvidenceLate {
		if warnings = append(warnings, l.late()); len(best) != 2 {
			return warnings, nil
		}
	}
	l.Evidence = evidence
	for _, k := range best {
		if k.Capture.BackupID == "" {
			k.Capture.BackupID = b.ID
		}
		l.Captures = append(l.Captures, k.Capture)
	}
	return warnings, nil
}

// BackupCapture is what is known of the capture of a backup, as a layer by itself; here
// also the one that is left of two late looks, which no plan goes by. It fails with
// CodeNotFound where there is no such backup, where Cinder stored no metadata with it,
// and where nobody has its capture.
func (d Desk) BackupCapture(ctx context.Context, id core.BackupID) (core.Layer, error) {
	b, l, warnings, err := d.backupLayer(ctx, id)
	tried := "read the capture of " + b.Title()
	switch {
	case err != nil || len(l.Captures) > 0:
		return l, err
	case l.Known():
		return l, core.Fail(core.CodeNotFound, tried, "Cinder stored no metadata with this backup", "", nil)
	}
	what := "nobody has it"
	if len(warnings) > 0 {
		what += ": " + strings.Join(warnings, "; ")
	}
	return l, core.Fail(core.CodeNotFound, tried, what,
		"name the backup repository for this place: it is volume_meta in the _metadata object there", nil)
}

// backupLayer is a backup and what is known of its capture, which may be nothing: then
// the warnings say more. That of a late one is good enough to be shown with its doubt.
func (d Desk) backupLayer(ctx context.Context, id core.BackupID) (core.Backup, core.Layer, []string, error) {
	b, err := d.Place.Backup(ctx, id)
	if err != nil {
		return b, core.Layer{}, nil, err
	}
	k := KeptLayer{Layer: core.LayerOf(&b, 1, 1)}
	warnings, err := d.fillLayer(ctx, &b, &k)
	l := k.Layer
	if err == nil && len(k.Kept) > 0 && len(l.Captures) == 0 {
		l.Evidence = core.EvidenceLate
		for _, kept := range k.Kept {
			l.Captures = append(l.Captures, kept.Capture)
		}
	}
	return b, l, warnings, err
}

// today takes the source volume as it is now for what the backup captured: an
// assumption. It says nothing of a restore onto that volume itself, which would be
// held against itself, and there is none where the volume is gone.
func (d Desk) today(ctx context.Context, b *core.Backup, l *core.Layer, onto core.VolumeID) error {
	if b.VolumeID == onto {
		return nil
	}
	now, _, err := d.Capture(ctx, b.VolumeID, 2)
	switch core.CodeOf(err) {
	case "":
		now.BackupID = b.ID
		l.Evidence, l.Captures = core.EvidenceToday, []core.Capture{now}
		return nil
	case core.CodeNotFound:
		return nil
	}
	return err
}

// narrow tells by the source volume whether it is encrypted, which it hardly ever
// becomes or ceases to be.
func (d Desk) narrow(ctx context.Context, id core.VolumeID, layers []core.Layer) error {
	v, err := d.Place.Volume(ctx, id)
	if core.CodeOf(err) == core.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	for i := range layers {
		if l := &layers[i]; !l.Encrypted.Set && l.Written {
			l.Encrypted = v.EncryptedNow()
		}
	}
	return nil
}

// collates reports whether the place's database may compare keys without case.
func (d Desk) collates() bool {
	info := d.Place.Info()
	scheme, _, _ := strings.Cut(info.Location, ":")
	return info.Kind == core.PlaceCloud || info.Kind == core.PlaceDatabase && scheme != "sqlite" && !strings.HasPrefix(scheme, "postgres")
}

// noting says what Cinder's manager does after the restore that the plan is of.
// hearth's own writing of metadata has none, as in the stores that it keeps itself.
// An error is that of a cloud that does not say how old it is.
func (d Desk) noting(ctx context.Context, r PlanRequest, in core.PlanInput) (core.Noting, error) {
	info := d.Place.Info()
	if r.Backup == "" || r.MetadataOnly || d.viaAPI(r) || r.Onto != "" && info.Kind == core.PlaceEmbedded {
		return core.NoManager, nil
	}
	rules := in.Rules
	if rules == "" || rules == core.RulesAuto {
		rules, _ = core.ChooseRules(known(in.Chain))
	}
	if rules != core.Newton {
		return core.NotNoted, nil
	}
	n, notes := d.Place.(store.Noter)
	switch s, ok := d.Place.(store.Scoper); {
	case notes && info.Kind == core.PlaceDatabase:
		return n.Noting(ctx)
	case info.Kind == core.PlaceEmbedded:
		return core.ManagerNotes, nil
	case ok && info.Kind == core.PlaceCloud:
		scope, err := s.Scope(ctx)
		return core.NotingOf(scope.Version), err
	}
	return core.MaybeNoted, nil
}

// known are the captures of the layers that have one.
func known(layers []core.Layer) (out []core.Capture) {
	for i := range layers {
		if len(layers[i].Captures) > 0 {
			out = append(out, layers[i].Captures[0])
		}
	}
	return out
}
