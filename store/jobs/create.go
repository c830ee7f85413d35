package jobs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/archive"
)

// CreatePlan is a backup that is about to be made.
type CreatePlan struct {
	Request  core.BackupRequest
	Volume   core.Volume
	Parent   *core.Backup // what an incremental will stand on; nil: it is a full one
	Warnings []string
}

// Created is a backup that was asked for.
type Created struct {
	Backup  core.Backup
	Entry   core.EntryID
	Capture int64 // the kept capture of that moment; 0: none
	// CaptureErr says why the capture was not kept, which stops no backup.
	CaptureErr error
	Waited     bool   // it was followed to its end
	Again      Looked // the second look at the volume, once it has ended

	kept        core.KeptCapture // the capture, if it is due for that
	incremental bool             // was asked for
	asked       time.Time
}

// Due reports whether the volume is yet to be looked at again for the capture.
func (c *Created) Due() bool { return c.kept.Again.State == core.AgainDue }

const tryCreate = string(core.OpCreate)

// PlanCreate says what a request for a backup comes to, and refuses what Cinder
// would (cinder/backup/api.py create, api/schemas/backups.py). The plan holds what
// is known also where there is an error.
func (d Desk) PlanCreate(ctx context.Context, r core.BackupRequest) (CreatePlan, error) {
	p := CreatePlan{Request: r}
	if _, err := d.operator(core.OpCreate); err != nil {
		return p, err
	}
	v, err := d.Place.Volume(ctx, r.Volume)
	if err != nil {
		return p, err
	}
	p.Volume = v
	if why := badBackupTexts(&r.Name, &r.Description, r.Metadata); why != "" {
		return p, refuse(tryCreate, why, "")
	}
	switch {
	case pyjson.Len(r.Container) > 255:
		return p, refuse(tryCreate, "the container's name is longer than 255 characters", "")
	case r.Snapshot != "":
	case v.Status == "in-use" && !r.Force:
		return p, refuse(tryCreate, `the volume is in use: Cinder answers "Backing up an in-use volume must use the force flag."`,
			"force it, knowing that what is being written is caught half-way, or make a snapshot and back that up")
	case v.Status != "in-use" && v.Status != core.StatusAvailable:
		return p, refuse(tryCreate, fmt.Sprintf("the volume is %s, and Cinder backs up only what is available or in-use", v.Status),
			"wait, or repair the volume first")
	case v.Status == "in-use":
		p.Warnings = append(p.Warnings,
			"the volume is in use, and force backs it up all the same: the backup holds what a power cut would leave on the disk, "+
				"consistent only if the guest has flushed and frozen its file systems")
	}
	project := d.ownProject(ctx, &p)
	var siblings []core.Backup
	if r.Incremental {
		if siblings, err = d.planParent(ctx, &p, project); err != nil {
			return p, err
		}
	}
	falls, err := d.ofCreation(ctx, &p, siblings)
	p.Warnings = append(p.Warnings, core.PitfallTexts(falls)...)
	return p, err
}

// ownProject returns the project that the backup would belong to, and warns if
// that is not the volume's.
func (d Desk) ownProject(ctx context.Context, p *CreatePlan) core.ProjectID {
	s, ok := d.Place.(store.Scoper)
	if !ok {
		return p.Volume.ProjectID
	}
	scope, err := s.Scope(ctx)
	if err != nil || scope.Project.ID == "" {
		return p.Volume.ProjectID
	}
	if own := p.Volume.ProjectID; own != "" && own != scope.Project.ID {
		p.Warnings = append(p.Warnings,
			fmt.Sprintf("the volume belongs to project %s, the backup will belong to %s: its owner will not see it", own, scope.Project.ID))
	}
	return scope.Project.ID
}

// planParent finds what an incremental will stand on: of the volume's available
// backups in the project the one with the newest data. It returns all of them.
func (d Desk) planParent(ctx context.Context, p *CreatePlan, project core.ProjectID) (all []core.Backup, err error) {
	if all, err = d.backupsOf(ctx, p.Volume.ID); err != nil {
		return nil, err
	}
	var newest *core.Backup // of any status
	for i := range all {
		b := &all[i]
		if b.Deleted || project != "" && b.ProjectID != "" && b.ProjectID != project {
			continue
		}
		if newest == nil || dataOf(b).After(dataOf(newest)) {
			newest = b
		}
		if b.Status == core.StatusAvailable && (p.Parent == nil || dataOf(b).After(dataOf(p.Parent))) {
			p.Parent = b
		}
	}
	if p.Parent == nil {
		return all, refuse(tryCreate,
			`the volume has no available backup to stand on: Cinder answers "No backups available to do an incremental backup."`,
			"make a full one")
	}
	say := func(format string, args ...any) { p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...)) }
	if newest.ID != p.Parent.ID {
		say("the newest backup, %s, is %s: Cinder before 22.0 wants to stand on that one and refuses, a later one passes it over",
			core.Visible(newest.Title()), newest.Status)
	}
	if p.Request.Snapshot != "" {
		say("of a snapshot, Cinder stands on the newest backup whose data is older than the snapshot, which may be an earlier one")
	}
	if p.Volume.Size > p.Parent.Size && !core.IsCeph(p.Parent.Service.Or("")) { // cinder/backup/chunkeddriver.py _prepare_backup
		say(
			"the volume has %d GiB and its parent %d: all of Cinder's drivers but Ceph's refuse an incremental of a volume that has "+
				"grown, and it would end in error",
			p.Volume.Size, p.Parent.Size)
	}
	return all, nil
}

// dataOf is how old a backup's data is.
func dataOf(b *core.Backup) time.Time {
	if b.DataTimestamp.Set {
		return b.DataTimestamp.V
	}
	return b.CreatedAt.V
}

// Create asks for the backup and keeps the capture of that moment, taken just
// before, under its id. With wait it goes on as [Desk.Await]; else the volume is looked
// at again by whoever next sees the backup ended ([Desk.LookAgain]).
func (d Desk) Create(ctx context.Context, p CreatePlan, wait bool, progress Progress) (Created, error) {
	c := Created{incremental: p.Request.Incremental}
	o, err := d.operator(core.OpCreate)
	if err != nil {
		return c, err
	}
	capture, _, captureErr := d.Capture(ctx, p.Request.Volume, 2)
	if core.CodeOf(captureErr) == core.CodeNotFound {
		return c, captureErr
	}
	a, err := d.begin(ctx, core.Entry{Kind: core.EntryCreate, Volume: p.Request.Volume,
		Summary: creation(p.Request.Incremental, p.Request.Name) + core.Visible(p.Volume.Title())})
	c.Entry, c.asked = a.e.ID, a.e.At
	if err != nil {
		return c, err
	}
	defer a.leave(ctx)
	if captureErr == nil {
		captureErr = d.hold(ctx, a, &capture)
	}
	progress.say(0, 1, "asking for the backup")
	c.Backup, err = o.CreateBackup(ctx, p.Request)
	if core.CodeOf(err) == core.CodeUnavailable { // it may have worked all the same
		if b, found := d.findCreated(context.WithoutCancel(ctx), a.e); found {
			c.Backup, err = b, nil
		}
	}
	if err != nil {
		if untouched(err) || core.CodeOf(err) == core.CodeDenied {
			a.end(ctx, core.EntryFailed, err.Error())
		} else if core.MayLand(err) && d.SettleAfter > 0 { // it stays open, for Settle
			err = unsettled(err, d.SettleAfter)
		}
		return c, err
	}
	a.e.Backup = c.Backup.ID
	a.note(ctx)
	if c.CaptureErr = captureErr; captureErr == nil {
		c.kept, c.CaptureErr = d.keepBefore(context.WithoutCancel(ctx), a, capture, c.Backup.ID)
		c.Capture = c.kept.ID
	}
	if err := a.end(ctx, core.EntryDone, ""); err != nil || !wait {
		return c, err
	}
	return c, d.Await(ctx, &c, progress)
}

// creation begins the summary of a backup that is asked for; what its volume is called
// follows.
func creation(incremental bool, name string) string {
	kind := "full backup "
	if incremental {
		kind = incrementalKind
	}
	return kind + core.Visible(name) + " of "
}

// incrementalKind begins the summary of an incremental one.
const incrementalKind = "incremental backup "

// createdAs reports whether a backup is what a summary tells to have been asked for, by its
// name. Its kind may be another: see [Desk.asAsked].
func createdAs(summary string, b *core.Backup) bool {
	name := b.Name.Or("")
	return strings.HasPrefix(summary, creation(false, name)) || strings.HasPrefix(summary, creation(true, name))
}

// hold keeps the capture before the backup is asked for, so that it is there even if
// hearth is killed while it asks: [Desk.Settle] finds the backup then.
func (d Desk) hold(ctx context.Context, a *account, c *core.Capture) error {
	c.Source.Kind = core.SourceTaken
	books, ok := d.captures().(*archive.Archive)
	if !ok {
		return nil
	}
	return books.HoldCapture(ctx, a.e.ID, core.KeptCapture{Place: d.location(), VolumeID: c.VolumeID, At: c.Source.At.V, Capture: *c,
		Again: core.Again{State: core.AgainDue}})
}

// keepBefore keeps the capture that was taken before a backup was asked for as that
// backup's, to be looked at again where the books have room for that.
func (d Desk) keepBefore(ctx context.Context, a *account, c core.Capture, id core.BackupID) (k core.KeptCapture, err error) {
	books := d.captures()
	if books == nil {
		return k, noBooks()
	}
	if held, ok := books.(*archive.Archive); ok {
		if k, ok, err = held.TieCapture(ctx, a.e.ID, id); ok || err != nil {
			return k, err
		}
	}
	c.BackupID = id
	k = core.KeptCapture{Place: d.location(), VolumeID: c.VolumeID, BackupID: id, At: c.Source.At.V, Capture: c}
	if _, ok := books.(twice); ok {
		k.Again.State = core.AgainDue
	}
	if k.ID, err = books.KeepCapture(ctx, k); err != nil {
		return core.KeptCapture{}, err // nothing is due of what is not kept
	}
	return k, nil
}

// Await follows a backup that was asked for until it is available or has failed, or is
// another kind than was asked for, which are errors, and then looks at its volume again.
// What goes wrong with that look is no error of the backup: c.Again says it, and the
// capture stays due.
func (d Desk) Await(ctx context.Context, c *Created, progress Progress) error {
	c.Waited = true
	underWay, err := d.followBackup(ctx, &c.Backup, progress)
	if err == nil && c.Backup.Status == core.StatusAvailable {
		err = d.asAsked(ctx, c)
	}
	books, ok := d.captures().(twice)
	if !ok || !c.Due() || !ended(&c.Backup) || ctx.Err() != nil {
		return err
	}
	var lerr error
	if c.Again, lerr = d.lookAgain(ctx, books, &c.kept, &c.Backup, underWay); lerr != nil {
		c.Again.Err = lerr
	}
	return err
}

// findCreated looks for the backup whose creation got no answer: the newest one of
// the volume that was made after the intent.
func (d Desk) findCreated(ctx context.Context, e core.Entry) (core.Backup, bool) {
	all, err := d.backupsOf(ctx, e.Volume)
	if err != nil {
		return core.Backup{}, false
	}
	if b, err := d.newer(ctx, all, &e); err == nil && b != nil {
		return *b, true
	}
	return core.Backup{}, false
}

// followBackup follows a new backup until it is available, or has failed, and says
// when it was last seen under way; the zero time: never.
func (d Desk) followBackup(ctx context.Context, b *core.Backup, progress Progress) (underWay time.Time, err error) {
	err = d.follow(ctx, 0, func() (bool, error) {
		at := d.Now() // before the look, since it may end while that is answered
		now, err := d.Place.Backup(ctx, b.ID)
		if err != nil {
			return core.CodeOf(err) == core.CodeNotFound, err
		}
		*b = now
		progress.say(0, 1, "%s is %s", core.Visible(b.Title()), b.Status)
		switch {
		case b.Status == core.StatusAvailable:
			return true, nil
		case core.Failed(b.Status):
			return true, d.failed(ctx, "make the backup", b, b.CreatedAt.V)
		}
		underWay = at
		return false, nil
	})
	return underWay, err
}

// asAsked compares what a backup became with what was asked for, once it is made. Ceph's
// driver makes a full one where the parent's snapshot is gone, and tells of it in a
// message about the volume only (cinder/backup/drivers/ceph.py _backup_rbd, since 24.5,
// 25.2 and 26.0 with backup_ceph_max_snapshots); up to 14.0 it made an incremental of
// whatever it found.
func (d Desk) asAsked(ctx context.Context, c *Created) error {
	b := &c.Backup
	if b.Incremental == c.incremental {
		return nil
	}
	tried, what, next := "make an incremental backup", "it was made, as a full one that stands on nothing",
		"it can be restored like any other; see that the next one has something to stand on"
	if b.Incremental {
		tried, what, next = "make a full backup", "it was made, as an incremental that stands on another",
			"see what it stands on with hearth backup "+string(b.ID)
	}
	if said, _ := d.messagesSince(ctx, c.asked, string(b.ID), string(b.VolumeID)); len(said) > 0 {
		what += ": " + core.Visible(said[0].Text)
	}
	if d.Archive != nil {
		d.Archive.Remark(context.WithoutCancel(ctx), c.Entry, what)
	}
	return core.Fail(core.CodePartial, tried, what, next, nil)
}

// asJournalled is asAsked for a backup that was not waited for: what was asked for is told
// by the journal, whose entries the function reads. nil where it does not tell, too.
func (d Desk) asJournalled(ctx context.Context, b *core.Backup, entries func() ([]core.Entry, error)) error {
	if b.Status != core.StatusAvailable || d.Archive == nil {
		return nil
	}
	all, err := entries()
	if err != nil {
		return nil
	}
	i := slices.IndexFunc(all, func(e core.Entry) bool { return e.Kind == core.EntryCreate && e.Backup == b.ID })
	if i < 0 {
		return nil
	}
	return d.asAsked(ctx, &Created{Backup: *b, Entry: all[i].ID, asked: all[i].At,
		incremental: strings.HasPrefix(all[i].Summary, incrementalKind)})
}

// failed is the error of a backup that ended badly, in Cinder's words. While it was made,
// since a time, some of them are about its volume; the zero time: it was not.
func (d Desk) failed(ctx context.Context, tried string, b *core.Backup, since time.Time) *core.Error {
	why := b.FailReason.Or("")
	if why == "" {
		if m, err := d.Messages(ctx, string(b.ID)); err == nil && len(m) > 0 {
			why = m[0].Text
		} else if !since.IsZero() {
			if m, _ := d.messagesSince(ctx, since, string(b.VolumeID)); len(m) > 0 {
				why = m[0].Text
			}
		}
	}
	what := "it ended in " + b.Status
	if why != "" {
		what += ": " + why
	}
	return core.Fail(core.CodePartial, tried, what, "look at it with hearth messages "+string(b.ID), nil)
}
