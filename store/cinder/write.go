package cinder

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
)

func raw(o *pyjson.Object) json.RawMessage {
	return json.RawMessage(pyjson.Text(pyjson.OfDict(o)))
}

func backupPath(id core.BackupID) string { return "/backups/" + url.PathEscape(string(id)) }

// tooOld says that a cloud is too old for something, nil if it is not.
func (p *Place) tooOld(tried string, v version, what string) error {
	if p.version().has(v) {
		return nil
	}
	return core.Fail(core.CodeUnsupported, tried,
		what+" needs the API at "+v.String()+", and this cloud's ends at "+p.version().String(), "leave it out", nil)
}

// CreateBackup asks for a backup (cinder/api/v3/backups.py create).
func (p *Place) CreateBackup(ctx context.Context, r core.BackupRequest) (core.Backup, error) {
	tried := "back up volume " + string(r.Volume)
	if err := p.writable(tried); err != nil {
		return core.Backup{}, err
	}
	body := map[string]any{"volume_id": string(r.Volume), "incremental": r.Incremental, "force": r.Force}
	for key, v := range map[string]string{"name": r.Name, "description": r.Description, "snapshot_id": r.Snapshot, "container": r.Container} {
		if v != "" {
			body[key] = v
		}
	}
	if r.Metadata.Len() > 0 {
		if err := p.tooOld(tried, vMetadata, "giving it properties"); err != nil {
			return core.Backup{}, err
		}
		body["metadata"] = raw(r.Metadata)
	}
	if r.AvailabilityZone != "" {
		if err := p.tooOld(tried, vZone, "choosing its availability zone"); err != nil {
			return core.Backup{}, err
		}
		body["availability_zone"] = r.AvailabilityZone
	}
	var made struct{ Backup struct{ ID string } }
	err := p.session.ask(ctx, call{tried: tried, method: http.MethodPost, path: "/backups", body: map[string]any{"backup": body},
		done: &madeBackup, about: about{"name": r.Name}}, &made)
	if p.noted(core.OpCreate, err) != nil {
		return core.Backup{}, err
	}
	b, err := p.backup(ctx, core.BackupID(made.Backup.ID))
	if err != nil { // it is made all the same
		b = core.Backup{ID: core.BackupID(made.Backup.ID), VolumeID: r.Volume, Status: core.StatusCreating, Incremental: r.Incremental}
		if r.Name != "" {
			b.Name = core.Some(r.Name)
		}
		return b, nil
	}
	p.noteBackup(b.ID, b, true)
	return b, nil
}

// EditBackup changes what people wrote about a backup (3.9; properties 3.43).
func (p *Place) EditBackup(ctx context.Context, id core.BackupID, e core.BackupEdit) error {
	tried := "change backup " + string(id)
	if err := p.writable(tried); err != nil {
		return err
	}
	if err := p.tooOld(tried, vUpdateBackup, "renaming"); err != nil {
		return err
	}
	body := map[string]any{}
	if e.Name != nil {
		body["name"] = *e.Name
	}
	if e.Description != nil {
		body["description"] = *e.Description
	}
	if e.Metadata != nil {
		if err := p.tooOld(tried, vMetadata, "giving it properties"); err != nil {
			return err
		}
		body["metadata"] = raw(e.Metadata)
	}
	_, err := p.session.do(ctx, call{tried: tried, method: http.MethodPut, path: backupPath(id), body: map[string]any{"backup": body},
		done: &editedBackup, about: about{"id": string(id)}})
	p.reread(ctx, id, err)
	return p.noted(core.OpEdit, err)
}

// reread brings the list's row of a backup up to date after a change; that it
// could not be read costs nothing but time.
func (p *Place) reread(ctx context.Context, id core.BackupID, err error) {
	if err != nil {
		return
	}
	row, err := p.backup(ctx, id)
	if err == nil || core.CodeOf(err) == core.CodeNotFound {
		p.noteBackup(id, row, err == nil)
	}
}

// DeleteBackup asks for a backup's deletion.
func (p *Place) DeleteBackup(ctx context.Context, id core.BackupID, force bool) error {
	tried, op := "delete backup "+string(id), core.OpDelete
	if force {
		tried, op = "force-delete backup "+string(id), core.OpForceDelete
	}
	if err := p.writable(tried); err != nil {
		return err
	}
	var err error
	if force {
		err = p.session.action(ctx, tried, backupPath(id), "os-force_delete", map[string]any{})
	} else {
		_, err = p.session.do(ctx, call{tried: tried, method: http.MethodDelete, path: backupPath(id), done: &tookDeletion})
	}
	p.reread(ctx, id, err)
	return p.noted(op, err)
}

// ResetBackup sets a backup's status.
func (p *Place) ResetBackup(ctx context.Context, id core.BackupID, status string) error {
	tried := "reset the state of backup " + string(id)
	if err := p.writable(tried); err != nil {
		return err
	}
	err := p.session.action(ctx, tried, backupPath(id), "os-reset_status", map[string]any{"status": status})
	p.reread(ctx, id, err)
	return p.noted(core.OpReset, err)
}

// RestoreBackup asks for a restore. Cinder makes a new volume before it answers,
// which may take minutes, and a proxy may give up meanwhile: then the volume is
// looked for, and nothing is asked twice.
func (p *Place) RestoreBackup(ctx context.Context, r core.RestoreRequest) (core.Restoring, error) {
	tried := "restore backup " + string(r.Backup)
	out := core.Restoring{Backup: r.Backup, Volume: r.Volume}
	if err := p.writable(tried); err != nil {
		return out, err
	}
	if r.Size > 0 || r.Type != "" || r.AvailabilityZone != "" {
		return p.volumeFromBackup(ctx, tried, r)
	}
	name, before := r.Name, []core.VolumeID(nil)
	args, of := map[string]any{}, about{"backup_id": string(r.Backup)}
	if r.Volume != "" {
		args["volume_id"], of["volume_id"] = string(r.Volume), string(r.Volume)
	} else {
		if name == "" {
			name = "restore_backup_" + string(r.Backup)
		} else {
			args["name"] = name
		}
		var err error
		if before, err = p.named(ctx, name); err != nil {
			return out, err
		}
	}
	var body struct {
		Restore struct {
			Volume string `json:"volume_id"`
			Name   string `json:"volume_name"`
		}
	}
	err := p.session.ask(ctx, call{tried: tried, method: http.MethodPost, path: backupPath(r.Backup) + "/restore",
		body: map[string]any{"restore": args}, timeout: restoreTime, done: &tookRestore, about: of}, &body)
	if p.noted(core.OpRestore, err) == nil {
		out.Volume, out.VolumeName = core.VolumeID(body.Restore.Volume), body.Restore.Name
		return out, nil
	}
	if core.MayLand(err) {
		if id, ok := p.begun(context.WithoutCancel(ctx), r, name, before); ok {
			out.Volume, out.VolumeName, out.Inferred = id, name, r.Volume == ""
			return out, nil
		}
	}
	out.Refused = !core.MayLand(err)
	return out, err
}

// named lists the volumes of a name.
func (p *Place) named(ctx context.Context, name string) ([]core.VolumeID, error) {
	var body struct{ Volumes []struct{ ID, Name string } }
	q := url.Values{}
	if name != "" { // without one the newest are looked through
		q.Set("name", name)
	}
	err := p.session.ask(ctx, call{tried: "look for volumes called " + name, path: "/volumes", query: q, bounds: pageBounds(0)}, &body)
	var out []core.VolumeID
	for _, v := range body.Volumes {
		if v.Name == name {
			out = append(out, core.VolumeID(v.ID))
		}
	}
	return out, err
}

const (
	lookTimes = 5 // for a restore whose answer was lost
	lookWait  = 2 * time.Second
)

// begun looks whether a restore whose answer was lost has begun: its target is
// restoring, or there is a new volume of its name.
func (p *Place) begun(ctx context.Context, r core.RestoreRequest, name string, before []core.VolumeID) (core.VolumeID, bool) {
	for n := range lookTimes {
		if n > 0 {
			time.Sleep(p.session.lookWait)
		}
		if r.Volume != "" {
			if v, _, err := p.volumeDoc(ctx, r.Volume); err == nil && v.Status == "restoring-backup" {
				return r.Volume, true
			}
			continue
		}
		now, err := p.named(ctx, name)
		if err != nil {
			continue
		}
		for _, id := range now {
			if !slices.Contains(before, id) {
				return id, true
			}
		}
	}
	return "", false
}

// volumeFromBackup makes a volume of a type, size and zone from a backup (3.47).
func (p *Place) volumeFromBackup(ctx context.Context, tried string, r core.RestoreRequest) (core.Restoring, error) {
	out := core.Restoring{Backup: r.Backup}
	if r.Volume != "" {
		return out, core.Fail(core.CodeUsage, tried,
			"size, type and zone are those of a new volume, and an existing one is named as the target", "name one or the other", nil)
	}
	if err := p.tooOld(tried, vVolumeFromBackup, "a new volume of a chosen size, type or zone"); err != nil {
		return out, err
	}
	size := r.Size
	if size == 0 {
		b, err := p.backup(ctx, r.Backup)
		if err != nil {
			return out, err
		}
		size = b.Size
	}
	body := map[string]any{"backup_id": string(r.Backup), "size": size}
	for key, v := range map[string]string{"name": r.Name, "volume_type": r.Type, "availability_zone": r.AvailabilityZone} {
		if v != "" {
			body[key] = v
		}
	}
	before, err := p.named(ctx, r.Name)
	if err != nil {
		return out, err
	}
	var made struct{ Volume struct{ ID, Name string } }
	err = p.session.ask(ctx, call{tried: tried, method: http.MethodPost, path: "/volumes", body: map[string]any{"volume": body},
		done: &madeVolume, about: about{"name": r.Name}}, &made)
	if p.noted(core.OpRestore, err) == nil {
		out.Volume, out.VolumeName = core.VolumeID(made.Volume.ID), made.Volume.Name
		return out, nil
	}
	if core.MayLand(err) {
		if id, ok := p.begun(context.WithoutCancel(ctx), r, r.Name, before); ok {
			out.Volume, out.VolumeName, out.Inferred = id, r.Name, true
			return out, nil
		}
	}
	return out, err
}

// Rewrite takes a volume's metadata from one state to another by the API's own
// calls, each of which commits by itself. It reads the volume first: CodeConflict
// if it is not in the state that the change starts from. Each call is sent once: where
// its answer is lost, the volume is read, and the change goes on only if the call took
// effect. After an error CodePartial says that some of the calls worked.
func (p *Place) Rewrite(ctx context.Context, r core.Rewrite) (core.Entry, error) {
	tried := "change volume " + string(r.Volume)
	if err := p.writable(tried); err != nil {
		return r.Entry, err
	}
	v, tag, err := p.volumeWithTag(ctx, r.Volume)
	if err != nil {
		return r.Entry, err
	}
	if now := v.State(); !now.Equal(r.Before) {
		return r.Entry, core.Fail(core.CodeConflict, tried, "it is no longer what the plan was made from ("+list(now.Diff(r.Before))+")",
			"make the plan again", nil)
	}
	calls := core.APICalls(r.Volume, r.Before, r.After)
	for i, c := range calls {
		var body any
		if c.Body != nil {
			body = raw(c.Body)
		}
		request := call{tried: c.What, method: c.Method, path: c.Path, body: body, done: answerTo(c)}
		if _, isMetadata := c.Body.Get("metadata"); isMetadata && c.Method == http.MethodPut && tag != "" && p.version() >= vConditional {
			request.header = map[string]string{"If-Match": tag} // nothing but what was read is replaced
		}
		_, err := p.session.do(ctx, request)
		// A proxy may send what is safe to repeat twice, and then the second one's refusal
		// comes: the key is gone, or what If-Match names is no more.
		twice := c.Method != http.MethodPost && faultOf(err) != nil
		if (core.MayLand(err) || twice) && p.tookEffect(ctx, r, calls[i+1:]) {
			err = nil
		}
		if p.noted(core.OpWriteVolume, err) != nil {
			return r.Entry, stopped(tried, calls, i, err)
		}
		if r.Done != nil {
			r.Done(c)
		}
	}
	if row, _, err := p.volumeDoc(ctx, r.Volume); err == nil {
		p.noteVolume(r.Volume, row, true)
	}
	return r.Entry, nil
}

// tookEffect reads a volume back after a call whose answer was lost, and reports
// whether it did what it was sent for: exactly the other calls are left to be made.
func (p *Place) tookEffect(ctx context.Context, r core.Rewrite, left []core.APICall) bool {
	v, _, err := p.volumeWithTag(context.WithoutCancel(ctx), r.Volume)
	if err != nil {
		return false
	}
	return slices.EqualFunc(core.APICalls(r.Volume, v.State(), r.After), left, func(a, b core.APICall) bool {
		return a.Method == b.Method && a.Path == b.Path && pyjson.OfDict(a.Body).Equal(pyjson.OfDict(b.Body))
	})
}

// stopped is the error of a change that ended at call i.
func stopped(tried string, calls []core.APICall, i int, err error) error {
	switch {
	case i > 0:
		return core.Fail(core.CodePartial, tried,
			fmt.Sprintf("call %d of %d (%s) failed after %s that worked: %s", i+1, len(calls), calls[i].What, core.Count(i, "call"), err.Error()),
			core.DoUndoOrFinish, err)
	case core.MayLand(err):
		return core.Fail(core.CodeUnavailable, tried,
			fmt.Sprintf("the first of %s (%s) got no answer: %s", core.Count(len(calls), "call"), calls[0].What, err.Error()),
			"hearth journal says whether it took effect", err)
	}
	return err
}

func list(names []string) string {
	const most = 3
	out := ""
	for i, n := range names {
		switch {
		case i == most:
			return out + fmt.Sprintf(" and %d more", len(names)-most)
		case i > 0:
			out += ", "
		}
		out += core.Visible(n)
	}
	return out
}
