package jobs

import (
	"cmp"
	"context"
	"fmt"
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

// BackupRows lists backups as the place does, and says of each what drills have proven, where
// the query needs that and there is an archive: it is read once for the page. A filter by it
// is one by the ids of what was drilled, for the place; CodeUnsupported where there is no
// archive, and for an order by it, CodeUsage where it names more than a place is asked for.
func (d Desk) BackupRows(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	return withProofs(ctx, d, q, proven[core.Backup, core.BackupID]{
		noun: "backup", columns: core.ListedBackups, list: d.Place.Backups,
		of:  func(p core.Proofs) map[core.BackupID]core.Proof { return p.Backups },
		id:  func(b *core.Backup) core.BackupID { return b.ID },
		set: func(b *core.Backup, p *core.Proof) { b.Proof = p },
	})
}

// VolumeRows lists volumes as BackupRows does backups: one is proven where a backup of it is.
func (d Desk) VolumeRows(ctx context.Context, q core.Query) (core.Page[core.Volume], error) {
	return withProofs(ctx, d, q, proven[core.Volume, core.VolumeID]{
		noun: "volume", columns: core.ListedVolumes, list: d.Place.Volumes,
		of:  func(p core.Proofs) map[core.VolumeID]core.Proof { return p.Volumes },
		id:  func(v *core.Volume) core.VolumeID { return v.ID },
		set: func(v *core.Volume, p *core.Proof) { v.Proof = p },
	})
}

// WithProof says of a backup what drills say of it, or why that is not known, where there is
// an archive.
func (d Desk) WithProof(ctx context.Context, b *core.Backup) {
	b.Proof = d.proof(ctx, func(p core.Proofs) core.Proof { return p.Backups[b.ID] })
}

// VolumeWithProof is WithProof of a volume.
func (d Desk) VolumeWithProof(ctx context.Context, v *core.Volume) {
	v.Proof = d.proof(ctx, func(p core.Proofs) core.Proof { return p.Volumes[v.ID] })
}

func (d Desk) proof(ctx context.Context, of func(core.Proofs) core.Proof) *core.Proof {
	if !d.KnowsProofs() {
		return nil
	}
	all, err := d.Proofs(ctx)
	p := of(all)
	if err != nil {
		p = core.Proof{Unread: because(err)}
	}
	return &p
}

// KnowsProofs reports whether there is an archive that what drills have proven could be in.
func (d Desk) KnowsProofs() bool { return d.keeps(tryProofs) == nil }

// proven is a list whose rows drills say something of.
type proven[T any, I ~string] struct {
	noun    string
	columns core.Columns[T]
	list    func(context.Context, core.Query) (core.Page[T], error)
	of      func(core.Proofs) map[I]core.Proof
	id      func(*T) I
	set     func(*T, *core.Proof)
}

func withProofs[T any, I ~string](ctx context.Context, d Desk, q core.Query, l proven[T, I]) (core.Page[T], error) {
	if !q.Needs(core.ProvenColumn) {
		return l.list(ctx, q)
	}
	if slices.ContainsFunc(q.Sort, func(o core.Order) bool { return o.Column == core.ProvenColumn }) {
		return core.Page[T]{}, NoProvenOrder()
	}
	filters := slices.ContainsFunc(q.Filter.Terms, func(t core.Term) bool { return t.Column == core.ProvenColumn })
	proofs, err := d.Proofs(ctx)
	switch {
	case ctx.Err() != nil:
		return core.Page[T]{}, core.Fail(core.CodeCancelled, tryProofs, "it was cancelled", "", ctx.Err())
	case err != nil && filters:
		return core.Page[T]{}, core.Fail(core.CodeOf(err), "filter by "+core.ProvenColumn, "what drills have proven is not known: "+because(err),
			"", err)
	case err != nil:
		page, lerr := l.list(ctx, q)
		if d.keeps("") == nil { // else there is nothing that it could be in
			page.Lacks = append(slices.Clip(page.Lacks), "what drills have proven: "+because(err))
		}
		return page, lerr
	}
	known := l.of(proofs)
	q.About = q.About && !filters // by ids the place counts exactly
	if q.Filter, err = l.byID(q.Filter, known, q.Now); err != nil {
		return core.Page[T]{}, err
	}
	page, err := l.list(ctx, q)
	none := &core.Proof{}
	for i := range page.Rows {
		row := &page.Rows[i]
		if p, has := known[l.id(row)]; has {
			l.set(row, &p)
		} else {
			l.set(row, none)
		}
	}
	return page, err
}

// NoProvenOrder says why no list is sorted by what drills have proven.
func NoProvenOrder() error {
	return core.Fail(core.CodeUnsupported, "sort by "+core.ProvenColumn,
		"the place sorts its list, and when a backup was proven only hearth's archive knows",
		"filter by it: proven<30d, or -proven>=0s for those that never were", nil)
}

// mostProven is how many rows a filter for the place names by their ids.
const mostProven = 250

// byID is a filter that the place understands: instead of what drills have proven it names
// the ids of the rows that were.
func (l *proven[T, I]) byID(f core.Filter, known map[I]core.Proof, now time.Time) (core.Filter, error) {
	f.Terms = slices.Clone(f.Terms)
	for i := range f.Terms {
		t := f.Terms[i]
		if t.Column != core.ProvenColumn {
			continue
		}
		ids := core.Term{Column: "id", Kind: core.IDColumn, Op: core.Is, Not: t.Not}
		t.Not = false
		for id, p := range known {
			var row T
			if l.set(&row, &p); core.Match(core.Filter{Terms: []core.Term{t}}, l.columns, &row, now) {
				ids.Words = append(ids.Words, core.Fold(string(id)))
			}
		}
		if len(ids.Words) > mostProven {
			return f, core.Fail(core.CodeUsage, "filter by "+core.ProvenColumn,
				fmt.Sprintf("%s were proven so, and a place is asked for %d at most", core.Count(len(ids.Words), l.noun), mostProven),
				core.DoNarrowProven, nil)
		}
		slices.SortFunc(ids.Words, cmp.Compare[string])
		if len(ids.Words) == 0 {
			ids.Words = []string{"(none)"} // which is nobody's id
		}
		f.Terms[i] = ids
	}
	return f, nil
}
