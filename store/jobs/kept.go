package jobs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hearth/core"
)

// KeptLayer is a layer of a chain with what is kept of its capture.
type KeptLayer struct {
	// Layer goes into a plan as it is. It is EvidenceUnknown and has no captures where
	// nothing is kept, and also where of two late looks (core.EvidenceLate) one is lost:
	// what the other one differed in is not known.
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

// late notes what the captures of a late layer differ in, and says it.
func (l *KeptLayer) late() string {
	if len(l.Kept) != 2 {
		return fmt.Sprintf("the captures from before %s and after it differed, and one of the two is lost: it is not taken for known", l.Title())
	}
	l.Late = core.RestoredDiffer(&l.Kept[0].Capture, &l.Kept[1].Capture)
	var fields []string
	for _, x := range l.Late {
		fields = append(fields, x.String())
	}
	return fmt.Sprintf("the captures from before %s and after it differ in %s, and were taken too far apart to be sure that Cinder's is one "+
		"of them: of that it is not known what Cinder captured", l.Title(), core.Visible(strings.Join(fields, ", ")))
}

// Layers says layer by layer what is known of the captures of a chain, the full
// backup's first: of each what carries furthest, from the repository, if one is
// configured for the place, or from the books (this place's, or those of another
// place that a copy of the backup is in). A layer that is in the repository without a
// capture is EvidenceStored with none: a restore passes over it. Where a parent is
// missing it is the first layer, and how many there are is not known (Of is 0).
//
// It never asks for the volume as it is now: who wants to assume that does so. What the
// reader should know of it comes as warnings, each once; the error is that of the
// books, or of ctx.
func (d Desk) Layers(ctx context.Context, chain core.Chain) (layers []KeptLayer, warnings []string, err error) {
	backups := chain.Backups
	if belowMissing(chain) {
		backups = append([]core.Backup{{ID: chain.Missing}}, backups...)
	}
	for i, l := range chainLayers(chain) {
		k := KeptLayer{Layer: l}
		said, err := d.fillLayer(ctx, &backups[i], &k)
		if err != nil {
			return layers, warnings, err
		}
		for _, w := range said {
			if !slices.Contains(warnings, w) {
				warnings = append(warnings, w)
			}
		}
		layers = append(layers, k)
	}
	return layers, warnings, nil
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
		of := fmt.Sprint(len(layers))
		if layers[0].Of == 0 {
			of = "at least " + of
		}
		return fmt.Sprintf("captures of %d of %s layers are known: there is none of %s", len(layers)-n, of, strings.Join(missing, ", "))
	}
}
