package jobs

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
)

// DeletePlan is a deletion of backups, looked at beforehand.
type DeletePlan struct {
	Items []DeleteItem // in the order in which they go: what stands on others first
	Force bool
	// Sure: all dependents were seen; else there may be others, in projects that
	// cannot be seen.
	Sure     bool
	Warnings []string
	Left     func(*core.Backup) string // as Picked has it
}

// DeleteItem is one of the backups.
type DeleteItem struct {
	Backup core.Backup
	// Dependents stand on it, directly or not, and are not to be deleted with it:
	// newest first, as they would have to go.
	Dependents []core.Backup
	Problem    error           // why it cannot be deleted; nil if it can
	after      []core.BackupID // those of the plan that stand on it
}

// Deletable are the backups that can be deleted, in order.
func (p *DeletePlan) Deletable() (out []core.Backup) {
	for _, it := range p.Items {
		if it.Problem == nil {
			out = append(out, it.Backup)
		}
	}
	return out
}

// Count counts the backups that can be deleted, and the dependents that are not to be
// deleted with them: one that stands on several
// of them is counted with each.
func (p *DeletePlan) Count() (goes, dependents int) {
	for i := range p.Items {
		if p.Items[i].Problem == nil {
			goes++
		}
		dependents += len(p.Items[i].Dependents)
	}
	return goes, dependents
}

// PlanDelete says what stands in the way of a deletion, and what else it would do.
func (d Desk) PlanDelete(ctx context.Context, ids []core.BackupID, force bool) (DeletePlan, error) {
	p := DeletePlan{Force: force, Sure: true}
	if _, err := d.operator(deleting(force)); err != nil {
		return p, err
	}
	chosen := map[core.BackupID]bool{}
	for _, id := range ids {
		chosen[id] = true
	}
	depth := map[core.BackupID]int{}
	once := slices.Compact(slices.Sorted(slices.Values(ids)))
	rows, err := d.allOf(ctx, once)
	if err != nil {
		return p, err
	}
	seen := kindred{d: d, of: map[core.BackupID]children{}}
	for i, id := range once {
		b := rows[i]
		it := DeleteItem{Backup: b}
		below, sure, err := seen.below(ctx, id)
		if err != nil {
			return p, err
		}
		p.Sure = p.Sure && sure
		for _, b := range below {
			if chosen[b.ID] {
				it.after = append(it.after, b.ID)
			} else {
				it.Dependents = append(it.Dependents, b)
			}
		}
		depth[id] = len(below)
		p.look(&it)
		p.Items = append(p.Items, it)
		falls, err := d.ofDeletion(ctx, &b, force, len(once) <= askedDrivers)
		if err != nil {
			return p, err
		}
		p.Warnings = append(p.Warnings, core.PitfallTexts(falls)...)
	}
	if err := d.warnShared(ctx, &p, rows); err != nil {
		return p, err
	}
	// Whatever stands on something has fewer dependents than that.
	slices.SortStableFunc(p.Items, func(a, b DeleteItem) int {
		if c := depth[a.Backup.ID] - depth[b.Backup.ID]; c != 0 {
			return c
		}
		return dataOf(&b.Backup).Compare(dataOf(&a.Backup))
	})
	if !p.Sure {
		p.Warnings = append(p.Warnings, "whether backups of other projects stand on these cannot be seen")
	}
	if force {
		p.Warnings = append(p.Warnings, "force deletes in any status and cancels a backup that is being made; Ceph's driver refuses it")
	}
	return p, nil
}

func deleting(force bool) core.Operation {
	if force {
		return core.OpForceDelete
	}
	return core.OpDelete
}

// look finds what Cinder would refuse (cinder/backup/api.py delete).
func (p *DeletePlan) look(it *DeleteItem) {
	tried := "delete backup " + it.Backup.Title()
	switch n := len(it.Dependents); {
	case n > 0:
		what := core.Count(n, "backup") + " stand on it"
		if n == 1 {
			what = "a backup stands on it"
		}
		it.Problem = refuse(tried, what+`: Cinder answers "Incremental backups exist for this backup."`,
			"delete those first, newest first, or together with it")
	case !p.Force && it.Backup.Status != core.StatusAvailable && it.Backup.Status != core.StatusError:
		it.Problem = refuse(tried, fmt.Sprintf("it is %s, and Cinder deletes only what is available or error", it.Backup.Status),
			"wait, or force it")
	}
}

// warnShared warns of files that are not only those of the backups of a plan.
func (d Desk) warnShared(ctx context.Context, p *DeletePlan, backups []core.Backup) error {
	if d.Archive == nil {
		return nil
	}
	for some := range slices.Chunk(backups, batchRows) {
		ids := make([]core.BackupID, len(some))
		for i := range some {
			ids[i] = some[i].ID
		}
		known, err := d.Archive.KnownIn(ctx, ids)
		if err != nil {
			return err
		}
		for i := range some {
			if w := d.shared(&some[i], known[ids[i]]); w != "" {
				p.Warnings = append(p.Warnings, w)
			}
		}
	}
	return nil
}

// shared says whose files those of a backup are besides; "" if nothing tells of that.
func (d Desk) shared(b *core.Backup, records []archive.KnownRecord) string {
	imported, elsewhere := false, map[string]bool{}
	for _, r := range records {
		imported = imported || r.Place == d.location() && r.Direction == "import"
		if r.Place != d.location() {
			elsewhere[r.Place] = true
		}
	}
	title := core.Visible(b.Title())
	switch {
	case imported:
		return title + " was imported here: deleting this copy deletes the files, which another cloud may still use"
	case len(elsewhere) > 0:
		return fmt.Sprintf("%s is known in %s too: deleting it here deletes its files for both", title, slices.Sorted(keys(elsewhere))[0])
	case len(records) > 0:
		return "the record of " + title + wasExported
	}
	return ""
}

const wasExported = " was exported: wherever it was imported, its files go too"

func keys(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// Dependents returns all that stands on a backup, directly or not, newest first:
// the order in which it would have to be deleted. sure is false where there may be
// more.
func (d Desk) Dependents(ctx context.Context, id core.BackupID) (out []core.Backup, sure bool, err error) {
	k := kindred{d: d, of: map[core.BackupID]children{}}
	return k.below(ctx, id)
}

// kindred asks what stands directly on backups, once for each.
type kindred struct {
	d  Desk
	of map[core.BackupID]children
}

// children are what stands directly on a backup; sure: no others.
type children struct {
	rows []core.Backup
	sure bool
}

func (k *kindred) children(ctx context.Context, kin store.Kin, id core.BackupID) (children, error) {
	c, asked := k.of[id]
	if asked {
		return c, nil
	}
	var err error
	if c.rows, c.sure, err = kin.Dependents(ctx, id); err == nil {
		k.of[id] = c
	}
	return c, err
}

// below is what stands on a backup, as [Desk.Dependents] has it.
func (k *kindred) below(ctx context.Context, id core.BackupID) (out []core.Backup, sure bool, err error) {
	kin, ok := k.d.Place.(store.Kin)
	if !ok {
		return nil, false, nil
	}
	sure = true
	seen := map[core.BackupID]bool{id: true}
	for next := []core.BackupID{id}; len(next) > 0; next = next[1:] {
		c, err := k.children(ctx, kin, next[0])
		if err != nil {
			return nil, false, err
		}
		sure = sure && c.sure
		for _, b := range c.rows {
			if !seen[b.ID] {
				seen[b.ID] = true
				out, next = append(out, b), append(next, b.ID)
			}
		}
	}
	slices.Reverse(out) // a child came after its parent: now before it
	slices.SortStableFunc(out, func(a, b core.Backup) int { return dataOf(&b).Compare(dataOf(&a)) })
	return out, sure, nil
}

// Delete deletes what a plan says can be, each after all that stands on it is
// gone. With wait it follows each until it is gone or has failed; without, it only
// waits for those that others have to wait for.
func (d Desk) Delete(ctx context.Context, p DeletePlan, wait bool, progress Progress) ([]Result, error) {
	const tried = "delete all"
	o, err := d.operator(deleting(p.Force))
	if err != nil {
		return nil, err
	}
	todo := p.Deletable()
	if len(todo) == 0 {
		if len(p.Items) == 1 {
			return nil, p.Items[0].Problem
		}
		return nil, refuse("delete", "none of the backups can be deleted", "look at what is said of each")
	}
	e := core.Entry{Kind: core.EntryDelete, Summary: "deletion of " + named(todo),
		Steps: steps(todo, func(b core.Backup) string { return "delete " + string(b.ID) })}
	for _, b := range todo {
		e.Backups = append(e.Backups, b.ID)
	}
	a, err := d.begin(ctx, e)
	if err != nil {
		return nil, err
	}
	defer a.leave(ctx)
	run := deletion{d: d, o: o, a: a, todo: todo, force: p.Force, wait: wait, left: p.Left, sent: make([]bool, len(todo)),
		over: make([]bool, len(todo)), results: make([]Result, len(todo))}
	at := make(map[core.BackupID]int, len(todo))
	for i, b := range todo {
		run.results[i], at[b.ID] = Result{Backup: b, Status: b.Status}, i
	}
	run.above, run.below = make([][]int, len(todo)), make([][]int, len(todo))
	for _, it := range p.Items {
		i, goes := at[it.Backup.ID]
		for _, id := range it.after {
			if j, too := at[id]; goes && too {
				run.above[i], run.below[j] = append(run.above[i], j), append(run.below[j], i)
			}
		}
	}
	err = run.all(ctx, progress)
	if err == nil {
		err = failures(tried, run.results)
	}
	err = a.endBy(ctx, err)
	return run.results, err
}

// named names backups in a line.
func named(backups []core.Backup) string {
	if len(backups) == 1 {
		return core.Visible(backups[0].Title())
	}
	return fmt.Sprintf("%s, of which the first is %s", core.Count(len(backups), "backup"), core.Visible(backups[0].Title()))
}

type deletion struct {
	d           Desk
	o           store.Operator
	a           *account
	todo        []core.Backup
	above       [][]int // of todo: what stands on each, and must be gone before
	below       [][]int // of todo: what each stands on
	force, wait bool
	left        func(*core.Backup) string
	sent, over  []bool
	results     []Result
}

// all sends what can be sent and looks at what was, until nothing is left.
func (r *deletion) all(ctx context.Context, progress Progress) error {
	return r.d.follow(ctx, 0, func() (bool, error) {
		for i := range r.todo {
			if !r.sent[i] && !r.waits(i) {
				r.send(ctx, i)
			}
		}
		left := 0
		for i := range r.todo {
			if r.over[i] || !r.sent[i] {
				if !r.sent[i] {
					left++
				}
				continue
			}
			if !r.wait && !r.awaited(i) {
				continue
			}
			if err := r.look(ctx, i); err != nil {
				return false, err
			}
			if !r.over[i] {
				left++
			}
		}
		progress.say(len(r.todo)-left, len(r.todo), "%d of %s left", left, core.Count(len(r.todo), "backup"))
		return left == 0, nil
	})
}

// waits reports whether something that stands on the backup is still there.
func (r *deletion) waits(i int) bool {
	for _, j := range r.above[i] {
		if !r.over[j] {
			return true
		}
		if err := r.results[j].Err; err != nil {
			r.sent[i], r.over[i] = true, true
			r.results[i].Err = refuse("delete backup "+r.todo[i].Title(), "a backup that stands on it could not be deleted", "")
			return true
		}
	}
	return false
}

// awaited reports whether another backup waits for this one to be gone.
func (r *deletion) awaited(i int) bool {
	return slices.ContainsFunc(r.below[i], func(j int) bool { return !r.sent[j] })
}

func (r *deletion) send(ctx context.Context, i int) {
	r.sent[i] = true
	if err := r.d.leave(ctx, r.left, r.todo[i].ID, "delete backup "+r.todo[i].Title()); err != nil {
		r.over[i], r.results[i].Err = true, err
		return
	}
	err := r.o.DeleteBackup(ctx, r.todo[i].ID, r.force)
	switch core.CodeOf(err) {
	case "":
		r.results[i].Status = core.StatusDeleting
		r.a.did(ctx, i)
	case core.CodeNotFound:
		r.results[i].Status, r.over[i] = "", true
		r.a.did(ctx, i)
	// It may have worked, and the place says so: an answer was lost, or a proxy sent the
	// request twice, and this is what the second one was told.
	case core.CodeUnavailable, core.CodeRefused, core.CodeConflict:
		if r.look(ctx, i) == nil && (r.results[i].Status == "" || r.results[i].Status == core.StatusDeleting) {
			r.a.did(ctx, i)
			return
		}
		fallthrough
	default:
		r.a.doubt(err)
		r.over[i], r.results[i].Err = true, err
	}
}

// undeleted is the error of a deletion that failed, with what is known of such.
func (d Desk) undeleted(ctx context.Context, b *core.Backup, force bool) error {
	failed := d.failed(ctx, "delete backup "+b.Title(), b, time.Time{})
	left := *b
	left.Status = core.StatusError // whichever it is in, a deletion of it ends there
	falls, err := d.ofDeletion(ctx, &left, force, true)
	if err == nil && len(falls) > 0 {
		failed.Next = falls[0].Next + ": " + falls[0].Text + " (" + falls[0].Bug + ")"
	}
	return failed
}

// look reads a backup whose deletion was asked for.
func (r *deletion) look(ctx context.Context, i int) error {
	b, err := r.d.Place.Backup(ctx, r.todo[i].ID)
	switch {
	case core.CodeOf(err) == core.CodeNotFound:
		r.over[i], r.results[i].Status = true, ""
	case err != nil:
		return err
	default:
		r.results[i].Status = b.Status
		if core.Failed(b.Status) && b.Status != r.todo[i].Status || b.Status == core.StatusErrorDeleting {
			r.over[i] = true
			r.results[i].Err = r.d.undeleted(ctx, &b, r.force)
		}
	}
	return nil
}
