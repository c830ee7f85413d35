package jobs

import (
	"context"
	"slices"
	"time"

	"hearth/core"
)

const tryProofs = "see what drills have proven"

// Proofs is what the drills of the place say of its volumes and backups, as far as the
// archive knows; the error says why it knows of none. It reads the archive once, and asks no
// place.
func (d Desk) Proofs(ctx context.Context) (core.Proofs, error) {
	if err := d.keeps(tryProofs); err != nil {
		return core.Proofs{}, err
	}
	drills, err := d.Archive.Drills(ctx, d.location(), time.Time{})
	return core.ProofsOf(drills), err
}

// proving is what policies are held to that want backups proven.
type proving struct {
	core.Proofs
	why string // why it is not known; "": it is
}

// proofsFor reads what drills have proven, where a policy asks for it. The error is that the
// user gave up.
func (d Desk) proofsFor(ctx context.Context, policies []Policy) (p proving, err error) {
	if !slices.ContainsFunc(policies, func(p Policy) bool { return p.ProvenEvery > 0 }) {
		return p, nil
	}
	if p.Proofs, err = d.Proofs(ctx); err != nil {
		p.why = because(err)
	}
	return p, ctx.Err()
}

func (p *proving) judge(v *policyVolume, now time.Time) core.Proofed {
	switch {
	case v.policy.ProvenEvery == 0:
		return core.Proofed{}
	case v.err != nil:
		return core.Proofed{Keeping: core.PolicyUnknown}
	case p.why != "":
		return core.Proofed{Keeping: core.PolicyUnknown, Why: "whether a backup of it was proven is not known: " + p.why}
	}
	return v.policy.Prove(p.Volumes[v.volume.ID], v.volume.CreatedAt, now)
}
