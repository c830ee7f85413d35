package cinder

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"hearth/core"
	"hearth/core/pyjson"
)

// backup reads one backup, without its parent.
func (p *Place) backup(ctx context.Context, id core.BackupID) (core.Backup, error) {
	tried := "read backup " + string(id)
	if !addressable(string(id)) {
		return core.Backup{}, p.notHere(tried, "backup", nil)
	}
	var body struct{ Backup json.RawMessage }
	if err := p.session.ask(ctx, call{tried: tried, path: "/backups/" + url.PathEscape(string(id))}, &body); err != nil {
		return core.Backup{}, p.notRead(tried, "backup", err)
	}
	row, err := oneRow[backupRow](tried, body.Backup)
	switch {
	case err != nil:
		return core.Backup{}, err
	case row.ID != string(id):
		return core.Backup{}, p.another(tried, "backup")
	}
	return row.backup(p.version(), true), nil
}

// addressable reports whether Cinder could have something of that id: its router takes a
// slash for the end of one, also a quoted one, and answers as if it knew no such URL.
func addressable(id string) bool { return id != "" && !strings.Contains(id, "/") }

// notRead is the error of something that could not be read: that it is not there only
// where Cinder says so.
func (p *Place) notRead(tried, what string, err error) error {
	var e *core.Error
	switch {
	case core.CodeOf(err) != core.CodeNotFound:
		return err
	case gone(err):
		return p.notHere(tried, what, err)
	case errors.As(err, &e):
		return core.Fail(core.CodeUnreadable, tried, e.What, e.Next, err)
	}
	return err
}

// another is the error of an answer that tells of something else than was asked for.
func (p *Place) another(tried, what string) error {
	return core.Fail(core.CodeUnreadable, tried, "the answer is not of that "+what,
		"check that the endpoint is Cinder's and no proxy answers in its place", nil)
}

// notHere says that there is no such thing, as far as the login sees.
func (p *Place) notHere(tried, what string, err error) error {
	if p.Reach() == core.ReachAll || p.isAdmin() { // an administrator reads any by its id
		return core.Fail(core.CodeNotFound, tried, "there is no such "+what, "list them with hearth "+what+"s", err)
	}
	return core.Fail(core.CodeNotFound, tried, "there is no such "+what+" in this project", "ask whoever sees the other projects", err)
}

// Backup reads one backup. Its parent is in no reply of the API: it is looked for
// among the volume's other backups.
func (p *Place) Backup(ctx context.Context, id core.BackupID) (core.Backup, error) {
	b, err := p.backup(ctx, id)
	switch {
	case core.CodeOf(err) == core.CodeNotFound:
		p.noteBackup(id, b, false)
		return b, err
	case err != nil:
		return b, err
	}
	p.noteBackup(id, b, true)
	p.nameBackup(&b, p.volumeName, p.projects.get())
	if b.Incremental {
		if b.ParentID, b.ParentGuessed, err = p.parentOf(ctx, &b); err != nil {
			return b, err
		}
	}
	b.Unseen = without(b.Unseen, "parent_id")
	return b, nil
}

// mostOfVolume is how many backups one volume can have for hearth, or one filter gives.
const mostOfVolume = 100_000

// filtered lists the backups that fulfil a filter of the API's.
func (p *Place) filtered(ctx context.Context, tried, key, value string, all bool) ([]core.Backup, error) {
	q := url.Values{key: {value}}
	if all {
		q.Set("all_tenants", "1")
	}
	var out []core.Backup
	for heard := 0; ; {
		r, err := p.session.do(ctx, call{tried: tried, path: "/backups/detail", query: q, bounds: pageBounds(0)})
		if err != nil {
			return nil, err
		}
		rows, next, _, err := pageOf[backupRow](tried, r.body, "backups")
		if err != nil {
			return nil, err
		}
		for i := range rows {
			out = append(out, rows[i].backup(p.version(), false))
		}
		if heard += weight(len(rows)); next != "" && heard > mostOfVolume {
			return out, short("the cloud's list goes on after %d rows for one volume", len(out))
		}
		switch next {
		case "":
			return out, nil
		case noMarker, q.Get("marker"):
			return out, short("the cloud says that there is more, and not how to get it")
		}
		q.Set("marker", next)
	}
}

// everywhere reports whether the backups of a volume are to be looked for in every
// project: where that is what lists show, for an administrator, and where the
// volume, of project if that is known, is seen to belong to another.
func (p *Place) everywhere(volume core.VolumeID, project core.ProjectID) bool {
	if p.Reach() == core.ReachAll || p.isAdmin() || !p.isOwn(project) {
		return true
	}
	return slices.ContainsFunc(p.known(volume), func(b core.Backup) bool { return !p.isOwn(b.ProjectID) })
}

// parentOf finds what an incremental backup stands on. An administrator can ask
// for the children of a backup (any column is a filter to them: semantics c.3), so
// the volume's older backups are asked in turn, the newest first, and then, of one that
// others stand on, those others and itself: rows can be changed by hand. Where that
// cannot be asked it is a guess: Cinder takes the newest data_timestamp among the
// available ones (cinder/backup/api.py create).
func (p *Place) parentOf(ctx context.Context, b *core.Backup) (parent core.BackupID, guessed bool, err error) {
	if parent, ok := p.parents.of(b.ID); ok {
		return parent, false, nil
	}
	tried := "find the parent of backup " + string(b.ID)
	all, err := p.filtered(ctx, tried, "volume_id", string(b.VolumeID), p.everywhere(b.VolumeID, b.ProjectID))
	if err != nil {
		return "", false, err
	}
	candidates := older(all, b)
	if p.isAdmin() {
		if parent, err := p.namedParent(ctx, tried, b, candidates, all); parent != "" || err != nil {
			return parent, false, err
		}
	}
	return likelyParent(candidates), true, nil
}

// namedParent asks which of a volume's backups a backup stands on: the likely ones, then
// all others; "" where none says so.
func (p *Place) namedParent(ctx context.Context, tried string, b *core.Backup, likely, all []core.Backup) (core.BackupID, error) {
	for i := range likely {
		if likely[i].Dependents == 0 {
			continue // nothing stands on it
		}
		children, sure, err := p.Dependents(ctx, likely[i].ID)
		if err != nil {
			return "", err
		}
		if sure && slices.ContainsFunc(children, func(c core.Backup) bool { return c.ID == b.ID }) {
			return likely[i].ID, nil
		}
	}
	if b.Dependents == 0 {
		return "", nil // no circle goes through it
	}
	asks := false
	for i := range all {
		x := &all[i]
		if x.Dependents == 0 || slices.ContainsFunc(likely, func(l core.Backup) bool { return l.ID == x.ID }) {
			continue
		}
		var err error
		if !asks {
			if asks, err = p.filters(ctx, tried, b.ID, "parent_id", "hearth-asks-whether-this-is-a-filter"); !asks || err != nil {
				return "", err
			}
		}
		if yes, err := p.having(ctx, tried, b.ID, "parent_id", string(x.ID)); yes || err != nil {
			return x.ID, err
		}
	}
	return "", nil
}

// Lineage reads a volume's backups with their parents: those on which something
// stands are asked for their children.
func (p *Place) Lineage(ctx context.Context, volume core.VolumeID) ([]core.Backup, error) {
	rows, err := p.filtered(ctx, "read the backups of volume "+string(volume), "volume_id", string(volume), p.everywhere(volume, ""))
	if err != nil {
		return nil, err
	}
	now := map[core.BackupID]core.BackupID{} // the parents, also of those that are being made
	if p.isAdmin() {
		for i := range rows {
			if rows[i].Dependents == 0 {
				continue
			}
			children, sure, err := p.Dependents(ctx, rows[i].ID)
			if err != nil {
				return nil, err
			} else if !sure {
				break
			}
			for _, c := range children {
				now[c.ID] = rows[i].ID
			}
		}
	}
	projects := p.projects.get()
	for i := range rows {
		b := &rows[i]
		p.nameBackup(b, p.volumeName, projects)
		parent, known := now[b.ID]
		if !known {
			parent, known = p.parents.of(b.ID)
		}
		if !known && b.Incremental {
			parent, b.ParentGuessed = likelyParent(older(rows, b)), true
		}
		b.ParentID, b.Unseen = parent, without(b.Unseen, "parent_id")
	}
	return rows, nil
}

// Dependents lists what stands directly on a backup. Only an administrator can ask
// for that; others get what the volume's own list lets them assume, which is not
// sure.
func (p *Place) Dependents(ctx context.Context, id core.BackupID) (out []core.Backup, sure bool, err error) {
	tried := "look for what stands on backup " + string(id)
	if !p.isAdmin() {
		p.parents.mu.Lock()
		for child, parent := range p.parents.known {
			if parent == id {
				if b, ok := p.listed(child); ok {
					out = append(out, b)
				}
			}
		}
		p.parents.mu.Unlock()
		return newestFirst(out), false, nil
	}
	rows, err := p.filtered(ctx, tried, "parent_id", string(id), true)
	if err != nil {
		return nil, false, err
	}
	for i := range rows { // a cloud that drops the filter would list everything
		if !rows[i].Incremental || rows[i].ID == id {
			return nil, false, nil
		}
		rows[i].ParentID, rows[i].Unseen = id, without(rows[i].Unseen, "parent_id")
	}
	p.parents.learn(id, rows)
	return newestFirst(rows), true, nil
}

func newestFirst(rows []core.Backup) []core.Backup {
	slices.SortStableFunc(rows, func(a, b core.Backup) int { return b.CreatedAt.V.Compare(a.CreatedAt.V) })
	return rows
}

// volumeDoc reads one volume as the API shows it, with every key.
func (p *Place) volumeDoc(ctx context.Context, id core.VolumeID) (core.Volume, *pyjson.Object, error) {
	tried := "read volume " + string(id)
	if !addressable(string(id)) {
		return core.Volume{}, nil, p.notHere(tried, "volume", nil)
	}
	var body struct{ Volume json.RawMessage }
	err := p.session.ask(ctx, call{tried: tried, path: "/volumes/" + url.PathEscape(string(id))}, &body)
	if err != nil {
		return core.Volume{}, nil, p.notRead(tried, "volume", err)
	}
	row, err := oneRow[volumeRow](tried, body.Volume)
	if err != nil {
		return core.Volume{}, nil, err
	}
	if row.ID != string(id) {
		return core.Volume{}, nil, p.another(tried, "volume")
	}
	return row.volume(p.version()), object(body.Volume), nil
}

// Volume reads one volume. Its metadata is read apart: the volume's own reply mixes
// the administrator's keys readonly and attached_mode into it.
func (p *Place) Volume(ctx context.Context, id core.VolumeID) (core.Volume, error) {
	v, _, err := p.volumeWithTag(ctx, id)
	return v, err
}

// volumeWithTag is Volume with the ETag of its metadata, "" where the cloud gives
// none.
func (p *Place) volumeWithTag(ctx context.Context, id core.VolumeID) (core.Volume, string, error) {
	type answer struct {
		meta *pyjson.Object
		tag  string
		err  error
	}
	ch := make(chan answer, 1)
	go func() {
		r, err := p.session.do(ctx, call{tried: "read the metadata of volume " + string(id),
			path: "/volumes/" + url.PathEscape(string(id)) + "/metadata"})
		if err != nil {
			ch <- answer{err: err}
			return
		}
		var body struct{ Metadata json.RawMessage }
		err = decode("read the metadata of volume "+string(id), r.body, &body)
		ch <- answer{object(body.Metadata), r.header.Get("ETag"), err}
	}()
	v, doc, err := p.volumeDoc(ctx, id)
	a := <-ch
	if err != nil {
		if core.CodeOf(err) == core.CodeNotFound {
			p.noteVolume(id, v, false)
		}
		return v, "", err
	}
	if a.err != nil {
		return v, "", a.err
	}
	p.noteVolume(id, v, true)
	v.Metadata = a.meta
	image, _ := doc.Get("volume_image_metadata")
	v.Image = image.Object().Clone()
	v.Row, v.Unseen = baseRow(doc)
	p.nameVolume(&v, p.projects.get())
	mine := 0
	for _, b := range p.known(id) {
		mine++
		if b.Status == core.StatusAvailable && b.CreatedAt.Set && (!v.LastBackup.Set || b.CreatedAt.V.After(v.LastBackup.V)) {
			v.LastBackup = b.CreatedAt
		}
	}
	v.Backups = int64(mine)
	return v, a.tag, nil
}

// VolumeTypes lists the types, the default one marked where the cloud tells.
func (p *Place) VolumeTypes(ctx context.Context) ([]core.VolumeType, error) {
	var body struct {
		Types []struct{ ID, Name string } `json:"volume_types"`
	}
	if err := p.session.ask(ctx, call{tried: "list the volume types", path: "/types"}, &body); err != nil {
		return nil, err
	}
	var def struct {
		Type struct{ ID string } `json:"volume_type"`
	}
	if err := p.session.ask(ctx, call{tried: "ask for the default volume type", path: "/types/default"}, &def); err != nil &&
		core.CodeOf(err) != core.CodeNotFound && core.CodeOf(err) != core.CodeDenied {
		return nil, err
	}
	var out []core.VolumeType
	for _, t := range body.Types {
		out = append(out, core.VolumeType{ID: t.ID, Name: t.Name, Default: t.ID == def.Type.ID})
	}
	return out, nil
}

// Zones returns the availability zones that volumes can be made in.
func (p *Place) Zones(ctx context.Context) ([]string, error) {
	var body struct {
		Zones []struct {
			Name  string                   `json:"zoneName"`
			State struct{ Available bool } `json:"zoneState"`
		} `json:"availabilityZoneInfo"`
	}
	if err := p.session.ask(ctx, call{tried: "list the availability zones", path: "/os-availability-zone"}, &body); err != nil {
		return nil, err
	}
	var out []string
	for _, z := range body.Zones {
		if z.State.Available {
			out = append(out, z.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Messages returns what Cinder told its users about a volume or backup; nil where
// it is too old to.
func (p *Place) Messages(ctx context.Context, resource string) ([]core.Message, error) {
	if !p.version().has(vMessages) {
		return nil, nil
	}
	var body struct {
		Messages []struct {
			ID        string
			Type      string `json:"resource_type"`
			Resource  string `json:"resource_uuid"`
			Level     string `json:"message_level"`
			Event     string `json:"event_id"`
			Text      string `json:"user_message"`
			Request   string `json:"request_id"`
			CreatedAt string `json:"created_at"`
		}
	}
	q := url.Values{"resource_uuid": {resource}, "sort": {"created_at:desc"}}
	if err := p.session.ask(ctx, call{tried: "read the messages about " + resource, path: "/messages", query: q}, &body); err != nil {
		return nil, err
	}
	var out []core.Message
	for _, m := range body.Messages {
		if m.Resource == resource { // before 3.5 the filter is passed over
			out = append(out, core.Message{ID: m.ID, ResourceType: m.Type, ResourceID: m.Resource, Level: m.Level, Event: m.Event,
				Text: m.Text, RequestID: m.Request, At: optTime(m.CreatedAt)})
		}
	}
	return out, nil
}
