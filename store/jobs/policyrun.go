package jobs

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hearth/core"
	"hearth/store"
)

// DueState is what is to be done, or was done, about a volume that a policy is about.
type DueState string

const (
	DueMake    DueState = "due"     // a backup is to be made
	DueWait    DueState = "making"  // it was asked for already, and is being made
	DueMade    DueState = "made"    // it is there
	DueLater   DueState = "later"   // it was not begun, for a reason that passes
	DueBlocked DueState = "blocked" // Cinder would refuse it
	DueUnknown DueState = "unknown" // it may have been asked for, or not
	DueFailed  DueState = "failed"
)

// DueItem is a volume that a policy is about.
type DueItem struct {
	Policy   string
	Mark     core.PolicyMark
	Volume   core.Volume
	State    DueState
	Full     string       // why it is to be a full one; "": it stands on the newest
	Parent   *core.Backup // what it will stand on; nil: nothing, or not known
	Backup   core.Backup  // the one that there is
	New      bool         // this run asked for it
	Why      string       // in a clause
	Err      error
	Record   ArchivedState // of its record; "": not looked at
	Warnings []string

	policy  *Policy
	plan    CreatePlan
	created Created
}

// PolicyPlan is what a run of policies is about to do.
type PolicyPlan struct {
	Items  []DueItem
	Unseen []string
	short  error
}

// Todo counts the items of a state.
func (p *PolicyPlan) Todo(state DueState) (n int) {
	for i := range p.Items {
		if p.Items[i].State == state {
			n++
		}
	}
	return n
}

const tryRun = "run the policies"

// mostTries is how many backups may fail for one due time until it is left to the next.
const mostTries = 3

// PlanPolicies says what of policies is due now and how it would be made. Nothing is asked
// for. What is due is the newest due time of each; those that were missed are not made up for.
func (d Desk) PlanPolicies(ctx context.Context, policies []Policy, progress Progress) (PolicyPlan, error) {
	var p PolicyPlan
	if _, err := d.operator(core.OpCreate); err != nil {
		return p, err
	}
	c, err := d.cover(ctx, policies, progress)
	if p.Unseen, p.short = c.unseen, c.short; err != nil {
		return p, err
	}
	if c.short != nil { // what was made might not be seen, and be made twice
		return p, core.Fail(core.CodeIncomplete, tryRun, "a list ended early, so that what was made already is not known", "run it again",
			c.short)
	}
	if _, seen := d.serving(ctx); !seen {
		p.Unseen = append(p.Unseen, "whether a backup service is up this login may not see")
	}
	open, err := d.asked(ctx)
	if err != nil {
		return p, err
	}
	for _, v := range c.volumes {
		it := DueItem{Policy: v.policy.Name, policy: v.policy, Volume: v.volume, State: DueMake,
			Mark: core.PolicyMark{Policy: v.policy.Name, Due: v.policy.Due(d.Now())}}
		if v.err != nil {
			it.State, it.Why = DueUnknown, "its metadata could not be read: "+v.err.Error()
		} else if err := d.due(ctx, &it, c.backups[v.volume.ID], open); err != nil {
			return p, err
		}
		p.Items = append(p.Items, it)
	}
	return p, nil
}

// due says what of an item there is already, and how it would be made; open are the volumes
// as asked has them.
func (d Desk) due(ctx context.Context, it *DueItem, backups []core.Backup, open map[core.VolumeID]bool) error {
	tries := 0
	for i := range backups {
		b := backups[i]
		if !b.CreatedAt.Set || b.CreatedAt.V.Before(it.Mark.Due.Add(-clockApart)) {
			continue
		}
		if m, ok := core.MarkOf(&b); !ok || !m.Same(it.Mark) { // its properties are in no list
			whole, err := d.Place.Backup(ctx, b.ID)
			if core.CodeOf(err) == core.CodeNotFound {
				continue
			}
			if err != nil {
				return err
			}
			if m, ok = core.MarkOf(&whole); !ok || !m.Same(it.Mark) {
				continue
			}
			b = whole
		}
		switch {
		case core.Failed(b.Status):
			tries++
		case b.Status == core.StatusCreating:
			it.State, it.Backup, it.Why = DueWait, b, "it was asked for already"
			return nil
		case b.Status != core.StatusDeleting:
			it.State, it.Backup, it.Why = DueMade, b, "it was made already"
			return nil
		}
	}
	if tries >= mostTries {
		it.State, it.Why = DueBlocked, fmt.Sprintf("%d tries have failed: the next is made when it is due again", tries)
		return nil
	}
	if open[it.Volume.ID] {
		it.State, it.Why = DueUnknown, "a backup of it was asked for and got no answer: whether it comes is not known yet"
		return nil
	}
	return d.planDue(ctx, it, backups)
}

// asked are the volumes of which a backup was asked for and the end is not known.
func (d Desk) asked(ctx context.Context) (map[core.VolumeID]bool, error) {
	open := map[core.VolumeID]bool{}
	if d.Archive == nil {
		return open, nil
	}
	entries, err := d.Archive.Entries(ctx, d.location(), 0)
	for i := range entries {
		if e := &entries[i]; e.Kind == core.EntryCreate && Unsettled(e) {
			open[e.Volume] = true
		}
	}
	return open, err
}

// planDue says how the backup of an item would be made.
func (d Desk) planDue(ctx context.Context, it *DueItem, backups []core.Backup) error {
	own := core.ProjectID("")
	properties := true
	if s, ok := d.Place.(store.Scoper); ok {
		if scope, err := s.Scope(ctx); err == nil {
			own, properties = scope.Project.ID, sinceMinor(scope.Version, propertiesSince)
		}
	}
	ours := slices.DeleteFunc(slices.Clone(backups), func(b core.Backup) bool { return own != "" && b.ProjectID != "" && b.ProjectID != own })
	it.Full = it.policy.Full(ours, it.Volume.Size)
	r := core.BackupRequest{Volume: it.Volume.ID, Name: it.Mark.Name(it.Volume.Title()), Description: it.Mark.Description(),
		Incremental: it.Full == "", Force: it.policy.Force}
	if properties {
		r.Metadata = it.Mark.Properties()
	}
	p, err := d.PlanCreate(ctx, r)
	it.plan, it.Parent, it.Warnings = p, p.Parent, p.Warnings
	switch core.CodeOf(err) {
	case "":
	case core.CodeNotFound:
		it.State, it.Why = DueBlocked, "the volume is gone"
	case core.CodeRefused:
		it.State, it.Err, it.Why = DueBlocked, err, err.Error()
	default:
		return err
	}
	return nil
}

// propertiesSince is the minor microversion from which backups have properties
// (cinder/api/microversions.py BACKUP_METADATA).
const propertiesSince = 43

// sinceMinor reports whether a microversion of 3 is not older than a minor one; one that is not
// known is taken for new.
func sinceMinor(version string, minor int) bool {
	_, text, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(text)
	return err != nil || n >= minor
}

// RunOptions says how policies are run.
type RunOptions struct {
	// PerHost is how many backups of volumes of one host are made at a time; 0 is 2. Where
	// the login may not see hosts, all volumes count as of one.
	PerHost int
}

// RunPolicies makes what a plan says is due, and follows it: each backup once, whoever else
// runs the same policies, on this host or on another. Only one hearth with this archive does
// it at a time: CodeUnavailable. It begins no more once no backup service is up, or the place
// no longer answers. What was made, by this run or by one that was cut, has its record
// archived. The items come back with what became of them; the error is that of the whole.
func (d Desk) RunPolicies(ctx context.Context, p *PolicyPlan, o RunOptions, progress Progress) error {
	if err := d.writes(tryRun); err != nil {
		return err
	}
	if _, err := d.operator(core.OpCreate); err != nil {
		return err
	}
	return d.alone(ctx, "policy", tryRun, func() error {
		r := policyRun{d: d, p: p, most: o.PerHost, progress: progress}
		if r.most < 1 {
			r.most = 2
		}
		err := d.follow(ctx, 0, func() (bool, error) { return r.step(ctx) })
		if ctx.Err() != nil {
			for i := range p.Items {
				if p.Items[i].State == DueMake {
					p.Items[i].State, p.Items[i].Why = DueLater, "it was cancelled before this one"
				}
			}
			return core.Fail(core.CodeCancelled, tryRun, "it was cancelled; what was asked for goes on in the cloud",
				"run it again: it goes on from there", ctx.Err())
		}
		if err != nil {
			return err
		}
		if err := r.records(ctx); err != nil {
			return err
		}
		return r.ending()
	})
}

type policyRun struct {
	d        Desk
	p        *PolicyPlan
	most     int
	progress Progress
	stop     string // why no more is begun; "": nothing
	lost     int    // how many requests in a row got no answer
	downs    int    // how many looks in a row no service was up
}

// mostDowns is how many looks in a row at services that are down end the waiting for what
// they were at.
const mostDowns = 5

// step begins what may be begun, looks at what is under way, and reports whether all is over.
func (r *policyRun) step(ctx context.Context) (over bool, err error) {
	if why, _ := r.d.serving(ctx); why != "" {
		r.stop = why
		r.downs++
	} else {
		r.downs = 0
	}
	for i := range r.p.Items {
		if err := ctx.Err(); err != nil {
			return true, err
		}
		it := &r.p.Items[i]
		switch {
		case it.State == DueMake && r.stop != "":
			it.State, it.Why = DueLater, r.stop
		case it.State == DueMake && r.underWay(it) < r.most && !r.busy(it):
			r.begin(ctx, it)
		case it.State == DueWait:
			r.watch(ctx, it)
		}
	}
	waits, todo := r.p.Todo(DueWait), r.p.Todo(DueMake)
	r.progress.say(len(r.p.Items)-waits-todo, len(r.p.Items), "%d being made, %d to be begun", waits, todo)
	if r.downs >= mostDowns && todo == 0 {
		for i := range r.p.Items {
			if it := &r.p.Items[i]; it.State == DueWait {
				it.State, it.Why = DueUnknown, "it is creating, and "+r.stop
			}
		}
		return true, nil
	}
	return waits+todo == 0, nil
}

// underWay counts the backups that are being made of volumes of the item's host.
func (r *policyRun) underWay(it *DueItem) (n int) {
	for i := range r.p.Items {
		if o := &r.p.Items[i]; o.State == DueWait && o.Volume.Host.Or("") == it.Volume.Host.Or("") {
			n++
		}
	}
	return n
}

// busy reports whether the item's volume is being backed up for another policy of this run.
func (r *policyRun) busy(it *DueItem) bool {
	return slices.ContainsFunc(r.p.Items, func(o DueItem) bool { return o.State == DueWait && o.Volume.ID == it.Volume.ID })
}

// begin asks for a backup, unless it is there by now.
func (r *policyRun) begin(ctx context.Context, it *DueItem) {
	now, err := r.d.backupsOf(ctx, it.Volume.ID)
	open := map[core.VolumeID]bool{}
	if err == nil {
		open, err = r.d.asked(ctx)
	}
	if err == nil {
		err = r.d.due(ctx, it, now, open)
	}
	if err == nil && it.State == DueMake {
		it.created, err = r.d.Create(ctx, it.plan, false, nil)
		if it.created.Backup.ID != "" {
			it.State, it.Backup, it.New, it.Why, r.lost = DueWait, it.created.Backup, true, "", 0
			it.Err = err
			return
		}
	}
	if err == nil {
		return
	}
	it.State, it.Err, it.Why = DueFailed, err, err.Error()
	switch code := core.CodeOf(err); {
	case code == core.CodeDenied:
		r.stop = "it is not allowed: " + err.Error()
	case code == core.CodeUnavailable:
		if it.State = DueUnknown; !core.MayLand(err) {
			it.State = DueLater
		}
		if r.lost++; r.lost >= lostMost {
			r.stop = fmt.Sprintf("%d requests in a row got no answer", r.lost)
		}
	default:
		r.lost = 0
	}
}

// watch looks at a backup that is being made.
func (r *policyRun) watch(ctx context.Context, it *DueItem) {
	b, err := r.d.Place.Backup(ctx, it.Backup.ID)
	switch code := core.CodeOf(err); {
	case code == core.CodeNotFound:
		it.State, it.Err, it.Why = DueFailed, err, "it was deleted while it was made"
		return
	case err != nil: // it is looked for again
		if r.lost++; r.lost >= silentLooks {
			it.State, it.Err, it.Why = DueUnknown, err, "whether it was made is not known: "+err.Error()
		}
		return
	}
	r.lost = 0
	if it.Backup = b; !ended(&b) {
		r.leave(ctx, it)
		return
	}
	if it.New { // which also looks at the volume again, and at what came of an incremental
		err = r.d.Await(ctx, &it.created, nil)
		it.Backup = it.created.Backup
	} else if core.Failed(b.Status) {
		err = r.d.failed(ctx, "make the backup", &b, b.CreatedAt.V)
	}
	it.State, it.Why = DueMade, ""
	if core.Failed(it.Backup.Status) {
		it.State = DueFailed
	}
	if err != nil {
		it.Err, it.Why = err, err.Error()
	}
}

// leave no longer waits for a backup that is stuck: one that Cinder never ends would hold up
// all that is due after it, as one run goes on at a time. The next run looks at it again.
func (r *policyRun) leave(ctx context.Context, it *DueItem) {
	run := core.Run{Backup: it.Backup}
	if at := core.BegunAt(&it.Backup); at.Set {
		run.For = core.Knows(r.d.Now().Sub(at.V))
	}
	if !run.MayBeStuck() {
		return
	}
	usual, err := r.d.usual(ctx, &it.Backup, 0)
	if err != nil {
		return // it was given up
	}
	run.Usual = usual
	if run.Weigh(); run.Stuck.Known && run.Stuck.V {
		it.State, it.Why = DueUnknown, "it is "+run.Says()+", and is no longer waited for"
	}
}

// silentLooks is how many looks in a row may get no answer until what is under way is left.
const silentLooks = 100

// records archives the records of what was made.
func (r *policyRun) records(ctx context.Context) error {
	if r.d.Allowed(core.OpExport) != nil {
		return nil // who may not export is told once, by the face
	}
	if _, ok := r.d.Place.(store.Exporter); !ok {
		return nil
	}
	var rows []core.Backup
	var at []int
	for i := range r.p.Items {
		if it := &r.p.Items[i]; it.State == DueMade && it.Backup.Status == core.StatusAvailable {
			rows, at = append(rows, it.Backup), append(at, i)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	results, _, err := r.d.take(ctx, rows, ArchiveOptions{}, r.progress)
	for n, a := range results {
		it := &r.p.Items[at[n]]
		if it.Record = a.State; a.Err != nil && it.Err == nil {
			it.Err, it.Why = a.Err, "it is made, and its record is not archived: "+a.Err.Error()
		}
	}
	return err
}

// ending is the error of the run: nil where all that is due is made.
func (r *policyRun) ending() error {
	var first error
	left, unavailable := 0, 0
	for i := range r.p.Items {
		it := &r.p.Items[i]
		if it.State == DueMade && it.Err == nil {
			continue
		}
		if left++; it.State == DueLater {
			unavailable++
		}
		if first == nil {
			first = it.Err
		}
	}
	switch n := len(r.p.Items); {
	case left == 0:
		return nil
	case left == n && unavailable == n:
		return core.Fail(core.CodeUnavailable, tryRun, r.p.Items[0].Why, "run it again", first)
	default:
		return core.Fail(core.CodePartial, "make all that is due", fmt.Sprintf("%d of %s not", left, core.Count(n, "backup")),
			"see what is said of each, and run it again: what is made is not made twice", first)
	}
}
