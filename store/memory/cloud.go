package memory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
)

// Cloud is a place in memory that does what a cloud does: it changes volumes by
// one call of the API after the other, each of which can be told to fail
// ([Knobs.FailCall]), and does what backups are asked for by and by, a step at
// each Advance.
type Cloud struct {
	*Place
	mu       sync.Mutex
	pending  []pending
	denied   map[core.Operation]string
	fate     map[core.Operation]string // what goes wrong with the next of these
	hung     map[core.Operation]bool
	forced   string // why the next incremental becomes a full backup; "": it does not
	messages []core.Message
	children map[core.BackupID][]core.Backup // in projects that only Kin sees
	scope    core.Scope
	made     int
	touches  bool
	quota    core.Opt[core.Headway]
	ticks    int
	survey   survey
}

// pending is something that was asked for and is not done yet.
type pending struct {
	op  core.Operation
	end func(why string) // why "": it works
}

// NewCloud makes a cloud of a world, whose captures are what its repository holds:
// they decide what a restore puts back, and nobody can read them. It is of the newest
// release, unless the world says otherwise.
func NewCloud(w World) *Cloud {
	if w.Info.Location == "" {
		w.Info = core.PlaceInfo{Location: "cloud:memory", Title: "memory", Kind: core.PlaceCloud, Rules: core.Newton,
			RulesWhy: "what every Cinder since Newton does"}
	}
	if !w.Info.Release.Known() {
		newest := core.Release{Major: core.NewestRelease}
		w.Info.Release = core.Releases{From: newest, To: newest}
	}
	return &Cloud{Place: New(w), denied: map[core.Operation]string{}, fate: map[core.Operation]string{}, hung: map[core.Operation]bool{},
		children: map[core.BackupID][]core.Backup{}, scope: core.Scope{Region: "here", User: "ada", Version: "3.71"},
		survey: newSurvey()}
}

// Deny says why an operation is not allowed; "" allows it.
func (c *Cloud) Deny(op core.Operation, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.denied[op] = why
}

// GoWrong makes the next of an operation that was accepted fail later, for a reason.
func (c *Cloud) GoWrong(op core.Operation, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fate[op] = why
}

// Forces makes the next incremental become a full backup while it is made, as Ceph's
// driver does, and say so of the volume.
func (c *Cloud) Forces(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forced = why
}

// Hang makes an operation that is accepted never end.
func (c *Cloud) Hang(op core.Operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hung[op] = true
}

// Scoped says where the login stands, and by its version of which releases the cloud is;
// it is called before anything is asked.
func (c *Cloud) Scoped(s core.Scope) {
	c.Place.info.Release = core.Releases{}
	if clue, ok := core.ClueOfAPI(s.Version); ok {
		c.Place.info.Release = core.ReleasesOf(clue)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.scope = s
}

// Elsewhere gives a backup a child in a project that no list shows.
func (c *Cloud) Elsewhere(parent core.BackupID, child core.Backup) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.children[parent] = append(c.children[parent], child)
}

// Touches makes exports and edits move the row's updated_at, as Cinder's do.
func (c *Cloud) Touches(yes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.touches = yes
}

// Leaves says what the quota leaves.
func (c *Cloud) Leaves(h core.Opt[core.Headway]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.quota = h
}

// ImportFacts says what the cloud shows before an import.
func (c *Cloud) ImportFacts(ctx context.Context, ids []core.BackupID) (core.ImportFacts, error) {
	f, err := c.Place.ImportFacts(ctx, ids)
	c.mu.Lock()
	defer c.mu.Unlock()
	f.Quota = c.quota
	return f, err
}

// touch moves a row's updated_at.
func (c *Cloud) touch(b *core.Backup) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.touches {
		c.ticks++
		b.UpdatedAt = core.Some(c.now().UTC().Truncate(time.Microsecond).Add(time.Duration(c.ticks) * time.Second))
	}
}

// Export makes the record that Cinder would export.
func (c *Cloud) Export(ctx context.Context, id core.BackupID) (core.Record, error) {
	r, err := c.Place.Export(ctx, id)
	if err == nil {
		c.Place.mu.Lock()
		if b := c.find(id); b != nil {
			c.touch(b)
		}
		c.Place.mu.Unlock()
	}
	return r, err
}

// Advance ends all that is under way.
func (c *Cloud) Advance() {
	c.mu.Lock()
	all := c.pending
	c.pending = nil
	c.mu.Unlock()
	for _, p := range all {
		c.mu.Lock()
		why, hung := c.fate[p.op], c.hung[p.op]
		delete(c.fate, p.op)
		c.mu.Unlock()
		if hung {
			continue
		}
		c.Place.mu.Lock()
		p.end(why)
		c.Place.mu.Unlock()
	}
}

// Sleep is a jobs.Desk's: time passes at once, and what is under way gets on.
func (c *Cloud) Sleep(ctx context.Context, _ time.Duration) error {
	c.Advance()
	return ctx.Err()
}

func (c *Cloud) later(op core.Operation, end func(why string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending = append(c.pending, pending{op, end})
}

func (c *Cloud) say(kind, id, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages = append(c.messages, core.Message{
		ID:           fmt.Sprintf("message-%d", len(c.messages)+1),
		ResourceType: kind,
		ResourceID:   id,
		Level:        "ERROR",
		Event:        kind + "_000001",
		Text:         text,
		RequestID:    "req-1",
		At:           core.Some(c.now()),
	})
}

// newID is an id that nothing has yet.
func (c *Cloud) newID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made++
	return fmt.Sprintf("4d000000-0000-4000-8000-%012d", c.made)
}

// ask begins a request that changes something.
func (c *Cloud) ask(ctx context.Context, method string, op core.Operation) error {
	if err := c.enterToWrite(ctx, method, string(op)); err != nil {
		return err
	}
	if why := c.Denied(op); why != "" {
		return core.Fail(core.CodeDenied, string(op), why, "", nil)
	}
	return nil
}

func refused(op core.Operation, what string) error {
	return core.Fail(core.CodeRefused, string(op), what, "", nil)
}

// Denied says why an operation is not allowed.
func (c *Cloud) Denied(op core.Operation) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.denied[op]
}

// Rewrite changes a volume call by call; each is a call of its own to the knobs.
// An error says what was done by then.
func (c *Cloud) Rewrite(ctx context.Context, r core.Rewrite) (core.Entry, error) {
	tried := "change volume " + string(r.Volume)
	v, err := c.Volume(ctx, r.Volume)
	if err != nil {
		return r.Entry, err
	}
	if diff := v.State().Diff(r.Before); len(diff) > 0 {
		return r.Entry, core.Fail(core.CodeConflict, tried, "it is no longer what was seen: "+strings.Join(diff, ", ")+" changed meanwhile",
			"look at it again and make a new plan", nil)
	}
	state := r.Before
	for i, call := range core.APICalls(r.Volume, r.Before, r.After) {
		err := c.enterToWrite(ctx, call.Method+" "+call.Path, tried)
		next := call.On(state)
		if refusals := core.APIRefusals(state, next, 0); err == nil && len(refusals) > 0 {
			err = refused(core.OpWriteVolume, refusals[0].Field+": "+refusals[0].Why)
		}
		if err != nil {
			return r.Entry, core.Fail(core.CodeOf(err), tried,
				fmt.Sprintf("%s did not work, after %s that did", call.What, core.Count(i, "step")), "", err)
		}
		c.Place.mu.Lock()
		c.rewrite(c.volume(r.Volume), core.Rewrite{Before: state, After: next})
		c.Place.mu.Unlock()
		state = next
		if r.Done != nil {
			r.Done(call)
		}
	}
	return r.Entry, nil
}

// Captures is nothing: a cloud shows no captures.
func (c *Cloud) Captures(context.Context, string, core.VolumeID, core.BackupID) ([]core.KeptCapture, error) {
	return nil, nil
}

// CreateBackup makes a backup that is creating.
func (c *Cloud) CreateBackup(ctx context.Context, r core.BackupRequest) (core.Backup, error) {
	if err := c.ask(ctx, "CreateBackup", core.OpCreate); err != nil {
		return core.Backup{}, err
	}
	id := core.BackupID(c.newID())
	c.Place.mu.Lock()
	defer c.Place.mu.Unlock()
	v := c.volume(r.Volume)
	if v == nil {
		return core.Backup{}, core.Fail(core.CodeNotFound, string(core.OpCreate), "there is no such volume", "", nil)
	}
	if v.Status == "in-use" && !r.Force && r.Snapshot == "" {
		return core.Backup{}, refused(core.OpCreate, "Invalid volume: Backing up an in-use volume must use the force flag.")
	}
	now := core.Some(c.now().UTC().Truncate(time.Microsecond))
	b := core.Backup{ID: id, Status: core.StatusCreating, VolumeID: v.ID, VolumeName: v.Name, Size: v.Size, ProjectID: v.ProjectID,
		CreatedAt: now, UpdatedAt: now,
		DataTimestamp: now, Metadata: r.Metadata.Clone(), Incremental: r.Incremental}
	for _, f := range []struct {
		to   *core.Opt[string]
		text string
	}{{&b.Name, r.Name}, {&b.Description, r.Description}, {&b.Container, r.Container}, {&b.SnapshotID, r.Snapshot},
		{&b.AvailabilityZone, r.AvailabilityZone}} {
		if f.text != "" {
			*f.to = core.Some(f.text)
		}
	}
	if r.Incremental {
		parent := c.parent(v.ID)
		if parent == nil {
			return core.Backup{}, refused(core.OpCreate, "Invalid backup: No backups available to do an incremental backup.")
		}
		b.ParentID = parent.ID
	}
	was := v.Status
	v.Status = "backing-up"
	c.backups = append(c.backups, b)
	c.later(core.OpCreate, func(why string) {
		if v := c.volume(r.Volume); v != nil {
			v.Status = was
		}
		c.setStatus(id, core.StatusAvailable, why)
		if b := c.find(id); b != nil {
			b.UpdatedAt = core.Some(c.now().UTC().Truncate(time.Microsecond))
			c.force(b)
		}
	})
	return b, nil
}

// force is what [Cloud.Forces] ordered.
func (c *Cloud) force(b *core.Backup) {
	c.mu.Lock()
	why := c.forced
	if b.Incremental {
		c.forced = ""
	}
	c.mu.Unlock()
	if b.Incremental && why != "" {
		b.Incremental, b.ParentID = false, ""
		c.say("VOLUME", string(b.VolumeID), why)
	}
}

func (c *Cloud) parent(volume core.VolumeID) (parent *core.Backup) {
	for i := range c.backups {
		b := &c.backups[i]
		if b.VolumeID == volume && !b.Deleted && b.Status == core.StatusAvailable &&
			(parent == nil || b.DataTimestamp.V.After(parent.DataTimestamp.V)) {
			parent = b
		}
	}
	return parent
}

// setStatus ends what a backup was at; why is what went wrong, "" if nothing.
func (c *Cloud) setStatus(id core.BackupID, status, why string) {
	b := c.find(id)
	if b == nil {
		return
	}
	b.Status = status
	if why != "" {
		b.Status, b.FailReason = core.StatusError, core.Some(why)
		c.say("VOLUME_BACKUP", string(id), why)
	}
}

func (c *Cloud) find(id core.BackupID) *core.Backup {
	i := slices.IndexFunc(c.backups, func(b core.Backup) bool { return b.ID == id && !b.Deleted })
	if i < 0 {
		return nil
	}
	return &c.backups[i]
}

// change runs fn on a backup.
func (c *Cloud) change(ctx context.Context, method string, op core.Operation, id core.BackupID, fn func(*core.Backup) error) error {
	if err := c.ask(ctx, method, op); err != nil {
		return err
	}
	c.Place.mu.Lock()
	defer c.Place.mu.Unlock()
	b := c.find(id)
	if b == nil {
		return core.Fail(core.CodeNotFound, string(op), "there is no such backup", "", nil)
	}
	return fn(b)
}

// EditBackup changes a backup's texts.
func (c *Cloud) EditBackup(ctx context.Context, id core.BackupID, e core.BackupEdit) error {
	return c.change(ctx, "EditBackup", core.OpEdit, id, func(b *core.Backup) error {
		if e.Name != nil {
			b.Name = core.Some(strings.TrimSpace(*e.Name))
		}
		if e.Description != nil {
			b.Description = core.Some(strings.TrimSpace(*e.Description))
		}
		if e.Metadata != nil {
			b.Metadata = e.Metadata.Clone()
		}
		c.touch(b)
		return nil
	})
}

// DeleteBackup begins a deletion.
func (c *Cloud) DeleteBackup(ctx context.Context, id core.BackupID, force bool) error {
	op := core.OpDelete
	if force {
		op = core.OpForceDelete
	}
	return c.change(ctx, "DeleteBackup", op, id, func(b *core.Backup) error {
		if !force && b.Status != core.StatusAvailable && b.Status != core.StatusError {
			return refused(op, "Invalid backup: Backup status must be available or error")
		}
		for _, other := range c.backups {
			if other.ParentID == id && !other.Deleted {
				return refused(op, "Invalid backup: Incremental backups exist for this backup.")
			}
		}
		b.Status = core.StatusDeleting
		c.later(op, func(why string) {
			if b := c.find(id); b != nil && why == "" {
				b.Status, b.Deleted, b.DeletedAt = core.StatusDeleted, true, core.Some(c.now())
			} else if b != nil {
				c.setStatus(id, "", why)
				b.Status = core.StatusErrorDeleting
			}
		})
		return nil
	})
}

// ResetBackup begins to set a backup's status.
func (c *Cloud) ResetBackup(ctx context.Context, id core.BackupID, status string) error {
	return c.change(ctx, "ResetBackup", core.OpReset, id, func(*core.Backup) error {
		if status != core.StatusAvailable && status != core.StatusError {
			return refused(core.OpReset, "Backup status: "+status+" is invalid, valid statuses are: ['available', 'error'].")
		}
		c.later(core.OpReset, func(why string) {
			if b := c.find(id); b != nil && why == "" {
				b.Status = status
			}
		})
		return nil
	})
}

// RestoreBackup begins a restore.
func (c *Cloud) RestoreBackup(ctx context.Context, r core.RestoreRequest) (core.Restoring, error) {
	done := core.Restoring{Backup: r.Backup, Volume: r.Volume}
	made := core.VolumeID(c.newID())
	err := c.change(ctx, "RestoreBackup", core.OpRestore, r.Backup, func(b *core.Backup) error {
		if b.Status != core.StatusAvailable {
			return refused(core.OpRestore, "Invalid backup: Backup status must be available")
		}
		status := "restoring-backup"
		if done.Volume == "" {
			done.Volume = made
			if bare(r) {
				status = core.StatusCreating
			}
			c.volumes = append(c.volumes, c.newVolume(made, b, r))
		}
		v := c.volume(done.Volume)
		switch {
		case v == nil:
			return core.Fail(core.CodeNotFound, string(core.OpRestore), "there is no such volume", "", nil)
		case v.Status != core.StatusAvailable:
			return refused(core.OpRestore, "Invalid volume: Volume to be restored to must be available")
		case v.Size < b.Size:
			return refused(core.OpRestore, fmt.Sprintf("Invalid volume: volume size %d is too small to restore backup of size %d.", v.Size, b.Size))
		}
		done.VolumeName, v.Status, b.Status = v.Name.Or(""), status, core.StatusRestoring
		c.later(core.OpRestore, func(why string) { c.restored(r.Backup, done.Volume, why) })
		return nil
	})
	return done, err
}

func bare(r core.RestoreRequest) bool {
	return r.Size > 0 || r.Type != "" || r.AvailabilityZone != ""
}

// newVolume is the volume that Cinder makes for a restore.
func (c *Cloud) newVolume(id core.VolumeID, b *core.Backup, r core.RestoreRequest) core.Volume {
	defaultType := pyjson.None
	for _, t := range c.types {
		if r.Type == "" && t.Default || r.Type != "" && (t.ID == r.Type || t.Name == r.Type) {
			defaultType = pyjson.OfString(t.ID)
		}
	}
	s := core.NewVolumeState(b.ID, r.Name, defaultType)
	if bare(r) {
		s.Description = pyjson.None
		if r.Name == "" {
			s.Name = pyjson.None
		}
	}
	v := core.Volume{ID: id, Status: core.StatusAvailable, Size: max(b.Size, r.Size), ProjectID: b.ProjectID, CreatedAt: core.Some(c.now()),
		Metadata: &pyjson.Object{}, Image: &pyjson.Object{}, Row: &pyjson.Object{}}
	c.rewrite(&v, core.Rewrite{Before: v.State(), After: s})
	return v
}

// restored ends a restore: the backup is available whatever came of it.
func (c *Cloud) restored(id core.BackupID, target core.VolumeID, why string) {
	v, b := c.volume(target), c.find(id)
	if v == nil || b == nil {
		return
	}
	b.Status, b.RestoreVolumeID = core.StatusAvailable, target
	var captures []core.Capture
	for layer := b; layer != nil; layer = c.find(layer.ParentID) {
		for _, k := range c.captures {
			if k.BackupID == layer.ID {
				captures = append([]core.Capture{k.Capture}, captures...)
				break
			}
		}
	}
	plan := core.NewPlan(core.PlanInput{Target: core.Target{Kind: core.TargetExisting, Volume: v}, Backup: id, Captures: captures,
		Service: b.Service.Or(""), Rules: c.info.Rules})
	if plan.Error != nil && why == "" {
		why = plan.Error.Message
	}
	if why != "" {
		v.Status = "error_restoring"
		c.say("VOLUME_BACKUP", string(id), why)
		return
	}
	after := plan.After.Clone()
	if b.VolumeID != target || after.Metadata.Has("src_backup_id") {
		after.Metadata.Set("src_backup_id", pyjson.OfString(string(id)))
	}
	if after.EncryptionKeyID.Truthy() && !after.EncryptionKeyID.Equal(plan.Before.EncryptionKeyID) {
		after.EncryptionKeyID = pyjson.OfString("a clone of " + after.EncryptionKeyID.Text())
	}
	c.rewrite(v, core.Rewrite{Before: plan.Before, After: after})
	v.Status = core.StatusAvailable
}

// Import takes records, which then arrive.
func (c *Cloud) Import(ctx context.Context, items []core.ImportItem, _ core.Entry) ([]core.ImportResult, error) {
	var results []core.ImportResult
	for _, item := range items {
		if err := c.ask(ctx, "Import", core.OpImport); err != nil {
			return results, err
		}
		r := core.ImportResult{ID: item.ID, Name: item.Name, Status: core.StatusCreating}
		c.Place.mu.Lock()
		if c.find(item.ID) != nil {
			r.Status, r.Err = "", refused(core.OpImport, "Invalid backup: Backup already exists in database.")
		} else {
			gone := len(c.backups)
			c.backups = slices.DeleteFunc(c.backups, func(b core.Backup) bool { return b.ID == item.ID })
			r.Revived = len(c.backups) < gone
			c.backups = append(c.backups,
				core.Backup{ID: item.ID, Status: core.StatusCreating, VolumeID: core.ZeroVolumeID, CreatedAt: core.Some(c.now())})
			c.later(core.OpImport, func(why string) {
				if b := c.find(item.ID); b != nil && why == "" {
					fill(b, item.Row)
				}
				c.setStatus(item.ID, core.StatusAvailable, why)
			})
		}
		c.Place.mu.Unlock()
		results = append(results, r)
	}
	return results, nil
}

// Messages returns what went wrong, newest first; with an empty resource of all.
func (c *Cloud) Messages(ctx context.Context, resource string) ([]core.Message, error) {
	if err := c.enter(ctx, "Messages", "read the messages"); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []core.Message
	for _, m := range slices.Backward(c.messages) {
		if resource == "" || m.ResourceID == resource {
			out = append(out, m)
		}
	}
	return out, nil
}

// Dependents returns a backup's children, also those elsewhere.
func (c *Cloud) Dependents(ctx context.Context, id core.BackupID) ([]core.Backup, bool, error) {
	if err := c.enter(ctx, "Dependents", "look for what stands on the backup"); err != nil {
		return nil, false, err
	}
	c.mu.Lock()
	out := slices.Clone(c.children[id])
	c.mu.Unlock()
	c.Place.mu.RLock()
	defer c.Place.mu.RUnlock()
	for _, b := range c.backups {
		if b.ParentID == id && !b.Deleted {
			out = append(out, b)
		}
	}
	slices.SortStableFunc(out, func(a, b core.Backup) int { return b.CreatedAt.V.Compare(a.CreatedAt.V) })
	return out, c.Denied(core.OpAllProjects) == "", nil
}

// Scope says where the login stands.
func (c *Cloud) Scope(ctx context.Context) (core.Scope, error) {
	if err := c.enter(ctx, "Scope", "ask where we stand"); err != nil {
		return core.Scope{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.scope, nil
}
