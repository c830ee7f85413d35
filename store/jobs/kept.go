package jobs

import (
	"context"
	"fmt"
	"strings"

	"hearth/core"
)

// KeptLayer is a layer of a chain with what is kept of its capture.
type KeptLayer struct {
	// Layer goes into a plan as it is: its Evidence is EvidenceUnknown, and it has no
	// captures, where nothing is kept, and also where what is kept is late: a plan must
	// not take one of those two for what Cinder captured.
	core.Layer
	// Kept is what the evidence rests on, to be shown; of a late layer both captures.
	Kept []core.KeptCapture
	// Late is what the two captures of a late layer differ in, and what alone is not
	// known of it. nil: the layer is not late, or one of the two is lost.
	Late []core.Difference
}

// Missing reports whether nothing at all is kept of the layer: what Cinder wrote can
// only come from elsewhere, a repository, a file or another archive.
func (l *KeptLayer) Missing() bool { return l.Evidence == core.EvidenceUnknown && len(l.Kept) == 0 }

// Layers says layer by layer what is known of the captures of a chain, the full
// backup's first: of each what carries furthest, from the repository, if one is
// configured for the place, or from the books (this place's, or those of another
// place that a copy of the backup is in). A layer that is in the repository without a
// capture is EvidenceStored with none: a restore passes over it. Where a parent is
// missing it is the first layer, and how many there are is not known (Of is 0).
//
// It never asks for the volume as it is now: who wants to assume that does so. A
// repository that cannot be asked is a warning, once; the error is that of the books,
// or of ctx.
func (d Desk) Layers(ctx context.Context, chain core.Chain) (layers []KeptLayer, warnings []string, err error) {
	backups, of := chain.Backups, len(chain.Backups)
	if chain.Missing != "" {
		backups, of = append([]core.Backup{{ID: chain.Missing}}, backups...), 0
	}
	for i := range backups {
		l := KeptLayer{Layer: core.LayerOf(&backups[i], i+1, of)}
		err := d.stock(ctx, &l, &backups[i])
		if ctx.Err() != nil {
			return layers, warnings, core.Fail(core.CodeCancelled, "look for the captures of a chain", "it was cancelled", "", ctx.Err())
		}
		if err != nil && len(warnings) == 0 {
			warnings = append(warnings, "the backup repository cannot be asked, so this rests on what else is known: "+err.Error())
		}
		if l.Evidence == core.EvidenceUnknown {
			if err := d.keep(ctx, &l, &backups[i]); err != nil {
				return layers, warnings, err
			}
		}
		layers = append(layers, l)
	}
	return layers, warnings, nil
}

// stock fills in what the repository says of a layer.
func (d Desk) stock(ctx context.Context, l *KeptLayer, b *core.Backup) error {
	c, has, known, err := d.stored(ctx, b.ID)
	if !known || err != nil {
		return err
	}
	l.Evidence = core.EvidenceStored
	if has {
		l.Captures = []core.Capture{c}
		l.Kept = []core.KeptCapture{{Place: c.Source.Where, VolumeID: b.VolumeID, BackupID: b.ID, At: c.Source.At.V, Capture: c}}
	}
	return nil
}

// keep fills in what the books say of a layer.
func (d Desk) keep(ctx context.Context, l *KeptLayer, b *core.Backup) error {
	kept, err := d.keptInBooks(ctx, b.VolumeID, b.ID)
	if err != nil {
		return err
	}
	evidence, best := core.Evident(kept)
	l.Kept = best
	if evidence == core.EvidenceLate {
		if len(best) == 2 {
			l.Late = core.RestoredDiffer(&best[0].Capture, &best[1].Capture)
		}
		return nil
	}
	l.Evidence = evidence
	for _, k := range best {
		l.Captures = append(l.Captures, k.Capture)
	}
	return nil
}

// MissingLayers says in one sentence, without a full stop, of which layers of a chain
// nothing is kept; "" if of none.
func MissingLayers(layers []KeptLayer) string {
	var missing []string
	for i := range layers {
		if layers[i].Missing() {
			missing = append(missing, layers[i].Title())
		}
	}
	switch n := len(missing); {
	case n == 0:
		return ""
	case len(layers) == 1:
		return "no capture of the backup is known"
	case n == len(layers):
		return fmt.Sprintf("no capture of any of the %d layers is known", n)
	default:
		return fmt.Sprintf("captures of %d of %d layers are known: there is none of %s", len(layers)-n, len(layers),
			strings.Join(missing, ", "))
	}
}
