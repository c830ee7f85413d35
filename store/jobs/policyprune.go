package jobs

import (
	"context"
	"slices"
	"strings"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
)

// PrunePlan is what the keep rules of policies would have stay and go.
type PrunePlan struct {
	Volumes []PruneVolume
	Delete  DeletePlan // those that go, in the order of their deletion
	// Freed is how many bytes go with them, as their repository has it; null where none is
	// known for the place, or it does not hold them all.
	Freed  core.Opt[int64]
	Unseen []string
}

// PruneVolume is a volume's backups, the newest first.
type PruneVolume struct {
	Volume   core.Volume
	Policies []Policy // that are about it and have keep rules
	Backups  []PruneBackup
}

// PruneBackup says of a backup whether it stays, and why.
type PruneBackup struct {
	core.Retained
	Backup core.Backup
	Why    string
}

// Goes counts the backups that go, of how many.
func (p *PrunePlan) Goes() (n, of int) {
	for _, v := range p.Volumes {
		of += len(v.Backups)
		for i := range v.Backups {
			if v.Backups[i].Goes {
				n++
			}
		}
	}
	return n, of
}

const tryPolicyPrune = "prune by the policies"

// PlanPrune says what would go by the keep rules of policies. What a policy made, and with
// Others what nobody's did, is counted where it is available and its chain is whole; all else
// stays. Copies of other places' backups stay unless shared gives the word for them.
// CodeIncomplete, and no plan, where a list ended early.
func (d Desk) PlanPrune(ctx context.Context, policies []Policy, shared bool, progress Progress) (PrunePlan, error) {
	p, err := d.planPrune(ctx, policies, shared, progress)
	if err == nil {
		p.Freed, err = d.freed(ctx, p.Delete.Deletable(), progress)
	}
	return p, err
}

func (d Desk) planPrune(ctx context.Context, policies []Policy, shared bool, progress Progress) (PrunePlan, error) {
	var p PrunePlan
	if _, err := d.operator(core.OpDelete); err != nil {
		return p, err
	}
	var with []Policy
	for _, x := range policies {
		if x.Keep.None() {
			p.Unseen = append(p.Unseen, "policy "+x.Name+" has no keep rules: nothing goes by it")
		} else {
			with = append(with, x)
		}
	}
	c, err := d.cover(ctx, with, progress)
	if p.Unseen = append(p.Unseen, c.unseen...); err != nil {
		return p, err
	}
	if c.short != nil { // what was not seen might stand on what goes
		return p, core.Fail(core.CodeIncomplete, tryPolicyPrune, "a list ended early", "run it again", c.short)
	}
	at := map[core.VolumeID]int{}
	for _, v := range c.volumes {
		if v.err != nil {
			p.Unseen = append(p.Unseen, "whether policy "+v.policy.Name+" is about volume "+core.Visible(v.volume.Title())+": "+v.err.Error())
			continue
		}
		i, there := at[v.volume.ID]
		if !there {
			i = len(p.Volumes)
			at[v.volume.ID] = i
			p.Volumes = append(p.Volumes, PruneVolume{Volume: v.volume})
		}
		p.Volumes[i].Policies = append(p.Volumes[i].Policies, *v.policy)
	}
	var goes []core.BackupID
	for i := range p.Volumes {
		v := &p.Volumes[i]
		progress.say(i, len(p.Volumes), "%s", core.Visible(v.Volume.Title()))
		if err := d.retain(ctx, v, c.backups[v.Volume.ID], shared); err != nil {
			return p, err
		}
		for j := range v.Backups {
			if v.Backups[j].Goes {
				goes = append(goes, v.Backups[j].ID)
			}
		}
	}
	if p.Delete.Sure = true; len(goes) == 0 {
		return p, nil
	}
	if p.Delete, err = d.PlanDelete(ctx, goes, false); err != nil {
		return p, err
	}
	p.refused()
	p.exported()
	return p, nil
}

// retain applies the keep rules of its policies to a volume's backups.
func (d Desk) retain(ctx context.Context, v *PruneVolume, rows []core.Backup, shared bool) error {
	if l, ok := d.Place.(store.Lineage); ok && slices.ContainsFunc(rows, func(b core.Backup) bool {
		return b.Incremental &&
			b.ParentID == ""
	}) {
		all, err := l.Lineage(ctx, v.Volume.ID)
		if err != nil {
			return err
		}
		parents := map[core.BackupID]core.Backup{}
		for _, b := range all {
			parents[b.ID] = b
		}
		rows = slices.Clone(rows)
		for i := range rows {
			if b, ok := parents[rows[i].ID]; ok {
				rows[i].ParentID, rows[i].ParentGuessed = b.ParentID, b.ParentGuessed
			}
		}
	}
	ids := make([]core.BackupID, len(rows))
	by := map[core.BackupID]core.Backup{}
	for i, b := range rows {
		ids[i], by[b.ID] = b.ID, b
	}
	known := map[core.BackupID][]archive.KnownRecord{}
	if d.Archive != nil {
		var err error
		if known, err = d.Archive.KnownIn(ctx, ids); err != nil {
			return err
		}
	}
	var all [][]core.Retained
	for _, p := range v.Policies {
		var items []core.Retainable
		for i := range rows {
			b := &rows[i]
			it := core.Retainable{ID: b.ID, Parent: b.ParentID, At: dataOf(b), Outside: outside(b, by, &p)}
			if w := d.sharedWith(known[b.ID]); w != "" && !shared {
				it.Held = w
			}
			items = append(items, it)
		}
		all = append(all, p.Keep.Apply(items))
	}
	for _, r := range core.Unite(all) {
		v.Backups = append(v.Backups, PruneBackup{Retained: r, Backup: by[r.ID], Why: r.Because()})
	}
	return nil
}

// outside says why a policy's keep rules are not about a backup, "" if they are.
func outside(b *core.Backup, rows map[core.BackupID]core.Backup, p *Policy) string {
	m, marked := core.MarkOf(b)
	switch {
	case b.Status != core.StatusAvailable:
		return "it is " + core.Visible(b.Status) + ", and only what is available is counted"
	case !b.CreatedAt.Set && !b.DataTimestamp.Set:
		return "when it was made is not known"
	case marked && m.Policy != p.Name:
		return "policy " + m.Policy + " made it"
	case !marked && !p.Others:
		return "no policy made it"
	case b.Incremental && b.ParentID == "":
		return "what it stands on is not known"
	}
	seen := map[core.BackupID]bool{}
	for id := b.ParentID; id != ""; id = rows[id].ParentID {
		if _, here := rows[id]; !here || seen[id] {
			return "what it stands on is not there, so that it cannot be restored"
		}
		seen[id] = true
	}
	return ""
}

// sharedWith says whose files those of a backup are besides, as far as a record of it tells
// for certain; "" for nobody's.
func (d Desk) sharedWith(records []archive.KnownRecord) string {
	for _, r := range records {
		switch {
		case r.Place != d.location():
			return "its data is that of " + core.Visible(r.Place) + " too"
		case r.Direction == "import":
			return "it was imported, and its data may be another cloud's too"
		}
	}
	return ""
}

// refused has stay what cannot be deleted.
func (p *PrunePlan) refused() {
	why := map[core.BackupID]string{}
	for _, it := range p.Delete.Items {
		if it.Problem != nil {
			why[it.Backup.ID] = it.Problem.Error()
		}
	}
	for i := range p.Volumes {
		for j := range p.Volumes[i].Backups {
			b := &p.Volumes[i].Backups[j]
			if text, is := why[b.ID]; is && b.Goes {
				b.Goes, b.Why = false, "no rule keeps it, but: "+text
			}
		}
	}
}

// exported says once what goes for each backup with a record, which a run has of all.
func (p *PrunePlan) exported() {
	all := len(p.Delete.Warnings)
	p.Delete.Warnings = slices.DeleteFunc(p.Delete.Warnings, func(w string) bool { return strings.HasSuffix(w, wasExported) })
	if n := all - len(p.Delete.Warnings); n > 0 {
		p.Delete.Warnings = append(p.Delete.Warnings, "the record of "+core.Count(n, "backup")+" that would go"+wasExported)
	}
}

// freed is how many bytes some backups take in the repository that is known for the place;
// null where none is, or where it does not hold them all.
func (d Desk) freed(ctx context.Context, backups []core.Backup, progress Progress) (core.Opt[int64], error) {
	none := core.Opt[int64]{}
	r, ok := d.Source.(store.Repository)
	if !ok || len(backups) == 0 {
		return none, nil
	}
	left := map[core.BackupID]bool{}
	for _, b := range backups {
		left[b.ID] = true
	}
	progress.say(0, 0, "reading the repository")
	inventory, err := r.Scan(ctx, nil)
	if err != nil {
		return none, ctx.Err() // it is a figure for people: without it the plan is the same
	}
	sum := int64(0)
	for _, h := range inventory.Holdings.All() {
		if left[h.ID] && h.Kind == core.HoldingBackup {
			sum += h.Bytes
			delete(left, h.ID)
		}
	}
	if len(left) > 0 {
		return none, nil
	}
	return core.Some(sum), nil
}

// PrunePolicies deletes what a plan says goes, each after all that stands on it, and follows
// it until it is gone. Only one hearth with this archive does it at a time: CodeUnavailable.
// CodeConflict, and nothing is deleted, where the rules would no longer have the same go.
func (d Desk) PrunePolicies(ctx context.Context, policies []Policy, p *PrunePlan, shared bool, progress Progress) (results []Result,
	err error) {
	if err := d.writes(tryPolicyPrune); err != nil {
		return nil, err
	}
	err = d.alone(ctx, "policy", tryPolicyPrune, func() error {
		now, err := d.planPrune(ctx, policies, shared, nil)
		if err != nil {
			return err
		}
		if !slices.Equal(idsOf(now.Delete.Deletable()), idsOf(p.Delete.Deletable())) {
			return core.Fail(core.CodeConflict, tryPolicyPrune, "it is no longer what was shown", "look again", nil)
		}
		results, err = d.Delete(ctx, p.Delete, true, progress)
		return err
	})
	return results, err
}

func idsOf(backups []core.Backup) (out []core.BackupID) {
	for _, b := range backups {
		out = append(out, b.ID)
	}
	return out
}
