package ceph

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/scan"
)

// found is what a listing found.
type found struct {
	index *index // once it is done

	mu     sync.Mutex // guards what follows
	bodies bool       // of its backups are being read for somebody who watches
}

// scan lists the pool and makes an index of it. Bodies are read only to find out whose a
// base without a snapshot is.
func (p *Place) scan(ctx context.Context, progress func(core.ScanProgress)) (*index, error) {
	l, err := p.list(ctx, func(objects int64) { progress(core.ScanProgress{Objects: objects}) })
	if err != nil {
		return nil, err
	}
	b := build(l, p.pool, p.service, p.now())
	if len(b.bases) > 0 {
		whose := map[core.VolumeID][]core.BackupID{}
		for _, id := range b.orphans() {
			text, err := p.read(ctx, id)
			switch code := core.CodeOf(err); {
			case code == core.CodeUnreadable, code == core.CodeNotFound:
			case err != nil:
				return nil, err
			default:
				if c := core.ReadCapture(text, core.Source{}); c.VolumeID != "" {
					whose[c.VolumeID] = append(whose[c.VolumeID], id)
				}
			}
		}
		for i := range b.bases {
			b.single(&b.bases[i], whose)
		}
	}
	x := b.finish()
	progress(x.progress)
	return x, nil
}

// Nothing of it is kept for the next hearth, as store/repository keeps what it read: rados ls
// tells names alone, and to ask for an object's size and time costs as much as to read it. A
// list needs no metadata object but for the backups of the page that is shown.

// Scan lists the pool anew and tells what is in it, by names, snapshots and sizes: no
// metadata object is read for it, but where only one tells whose an image is.
func (p *Place) Scan(ctx context.Context, progress func(core.ScanProgress)) (core.Inventory, error) {
	r, err := p.listings.All(ctx, true, progress)
	if err != nil {
		return core.Inventory{}, err
	}
	return r.Found.index.inventory(), nil
}

// Unrecognised tells what the last listing found that is no part of any backup.
func (p *Place) Unrecognised(ctx context.Context) ([]core.Unrecognised, error) {
	r, err := p.listings.All(ctx, false, nil)
	if err != nil {
		return nil, err
	}
	return r.Found.index.strange, nil
}

// firstWait is how long the first answer to who watches waits: a small pool is read by
// then.
const firstWait = 300 * time.Millisecond

// costly are the columns that only metadata objects tell.
var costly = []string{"volume", "project", "user", "key"}

// needs reports whether a query needs one of them.
func needs(q core.Query) bool { return slices.ContainsFunc(costly, q.Needs) }

// Backups answers a query. The metadata of backups is read if the query needs what only
// that tells: of all of them where it decides which are answered, else of those that are.
// Asked for a part, it gives what has been read so far.
func (p *Place) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	r, complete, err := p.ask(ctx, q)
	if r == nil {
		return core.Page[core.Backup]{Offset: q.Offset}, err
	}
	x, decides := r.Found.index, q
	decides.Wants = nil
	if needs(decides) {
		all := make([]int, x.rows.Len())
		for i := range all {
			all[i] = i
		}
		whole, ferr := p.fillFor(ctx, r, all, q.Partial)
		if ferr != nil {
			return core.Page[core.Backup]{Offset: q.Offset}, ferr
		}
		complete = complete && whole
	}
	page := x.answer(q)
	if needs(q) {
		var here []int
		for i := range page.Rows {
			n, _ := x.find(page.Rows[i].ID)
			here = append(here, n)
		}
		whole, ferr := p.fillFor(ctx, r, here, q.Partial)
		if ferr != nil && !q.Partial {
			return core.Page[core.Backup]{Offset: q.Offset}, ferr
		}
		complete = complete && whole
		x.mu.Lock()
		for i := range page.Rows {
			page.Rows[i] = x.held(here[i]).row
		}
		x.mu.Unlock()
		if err == nil {
			err = ferr
		}
	}
	page.Complete, page.AsOf = complete, core.Some(x.at)
	return page, err
}

// ask is the listing that a query is answered from; nil where there is none yet.
func (p *Place) ask(ctx context.Context, q core.Query) (r *scan.Run[found], complete bool, err error) {
	if q.Partial {
		if r, complete, err = p.listings.Some(ctx, q.Anew); core.CodeOf(err) == core.CodeCancelled || !r.Whole() {
			r = nil
		}
		return r, complete, err
	}
	r, err = p.listings.All(ctx, q.Anew, nil)
	return r, err == nil, err
}

// fillFor reads the metadata of some backups. For who watches it goes on in the
// background, one reading at a time, and whole says whether it is done.
func (p *Place) fillFor(ctx context.Context, r *scan.Run[found], some []int, watched bool) (whole bool, err error) {
	f := &r.Found
	if !watched {
		return true, p.fill(ctx, f.index, some, nil)
	}
	f.mu.Lock()
	if f.bodies {
		f.mu.Unlock()
		return f.index.read(some), nil
	}
	f.bodies = true
	f.mu.Unlock()
	done := make(chan error, 1)
	go func() {
		err := p.fill(p.listings.Life(), f.index, some, nil)
		f.mu.Lock()
		f.bodies = false
		f.mu.Unlock()
		done <- err
	}()
	select {
	case err := <-done:
		return err == nil, err
	case <-time.After(firstWait):
	case <-ctx.Done():
	}
	return false, nil
}

// read reports whether there is nothing more to read of some backups.
func (x *index) read(some []int) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return !slices.ContainsFunc(some, func(i int) bool {
		h := x.held(i)
		return h.unread()
	})
}

// Volumes answers a query with the volumes that captures describe, each as it was when it
// was last captured: of each volume one metadata object is read.
func (p *Place) Volumes(ctx context.Context, q core.Query) (core.Page[core.Volume], error) {
	page := core.Page[core.Volume]{Offset: q.Offset}
	r, complete, err := p.ask(ctx, q)
	if r == nil {
		return page, err
	}
	x := r.Found.index
	newest := make([]int, len(x.newest))
	for i, n := range x.newest {
		newest[i] = int(n)
	}
	slices.Sort(newest)
	whole, ferr := p.fillFor(ctx, r, newest, q.Partial)
	if ferr != nil {
		return page, ferr
	}
	page = core.SelectVolumes(x.described(), q)
	page.Complete, page.AsOf = complete && whole, core.Some(x.at)
	return page, err
}

// described are the volumes of which the newest capture was read, by id.
func (x *index) described() (out []core.Volume) {
	x.mu.Lock()
	defer x.mu.Unlock()
	at := map[core.VolumeID]int{}
	for id, v := range x.volumes {
		at[id] = len(out)
		out = append(out, v)
	}
	for i := range x.rows.Len() {
		row := x.held(i).row
		if j, ok := at[row.VolumeID]; ok {
			if out[j].Backups++; row.CreatedAt.V.After(out[j].LastBackup.V) {
				out[j].LastBackup = row.CreatedAt
			}
		}
	}
	slices.SortFunc(out, func(a, b core.Volume) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return out
}

// find returns a backup, with its metadata read.
func (p *Place) find(ctx context.Context, id core.BackupID) (held, error) {
	r, err := p.listings.All(ctx, false, nil)
	if err != nil {
		return held{}, err
	}
	i, ok := r.Found.index.find(id)
	if !ok {
		return held{}, core.Fail(core.CodeNotFound, "read backup "+string(id), "the pool "+p.pool+" holds no such backup",
			"list them with hearth backups", nil)
	}
	x := r.Found.index
	if err := p.fill(ctx, x, []int{i}, nil); err != nil {
		return held{}, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.held(i), nil
}

// Backup reads one row. Its name and its own properties are not in the pool.
func (p *Place) Backup(ctx context.Context, id core.BackupID) (core.Backup, error) {
	h, err := p.find(ctx, id)
	return h.row, err
}

// Marks says of a backup's row what is assumed and what is lost.
func (p *Place) Marks(ctx context.Context, id core.BackupID) ([]core.Mark, error) {
	h, err := p.find(ctx, id)
	if err != nil {
		return nil, err
	}
	of, _ := marks.Of(h.bits)
	return slices.Clone(of), nil
}

// Layout tells how a backup was written, where that matters to a restore; nil where it
// does not. It needs the listing, and reads no metadata.
func (p *Place) Layout(ctx context.Context, id core.BackupID) (*core.Layout, error) {
	r, err := p.listings.All(ctx, false, nil)
	if err != nil {
		return nil, err
	}
	x := r.Found.index
	i, ok := x.find(id)
	if !ok {
		return nil, core.Fail(core.CodeNotFound, "look how backup "+string(id)+" was written", "the pool "+p.pool+" holds no such backup",
			"list them with hearth backups", nil)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.held(i).row.Layout, nil
}

// Fill reads the metadata of some of the backups that [Place.Scan] named, many at a time,
// and returns them again with what it tells. One that is no longer there is left out.
func (p *Place) Fill(ctx context.Context, ids []core.BackupID, progress func(done, of int)) ([]core.Holding, error) {
	r, err := p.listings.All(ctx, false, nil)
	if err != nil {
		return nil, err
	}
	x := r.Found.index
	var some []int
	for _, id := range ids {
		if i, ok := x.find(id); ok {
			some = append(some, i)
		}
	}
	if err := p.fill(ctx, x, some, progress); err != nil {
		return nil, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	out := make([]core.Holding, 0, len(some))
	for _, i := range some {
		out = append(out, x.rows.Holding(i))
	}
	return out, nil
}

// Volume reads a volume as it was when it was last captured.
func (p *Place) Volume(ctx context.Context, id core.VolumeID) (core.Volume, error) {
	tried := "read volume " + string(id)
	r, err := p.listings.All(ctx, false, nil)
	if err != nil {
		return core.Volume{}, err
	}
	none := core.Fail(core.CodeNotFound, tried, "no capture in the pool describes such a volume", "list them with hearth volumes", nil)
	x := r.Found.index
	x.mu.Lock()
	newest, ok := x.newestOf(id)
	x.mu.Unlock()
	if !ok {
		return core.Volume{}, none
	}
	if err := p.fill(ctx, x, []int{newest}, nil); err != nil {
		return core.Volume{}, err
	}
	all := x.described()
	i := slices.IndexFunc(all, func(v core.Volume) bool { return v.ID == id })
	if i < 0 {
		return core.Volume{}, none
	}
	v := all[i]
	c, ok, err := p.Capture(ctx, x.rowID(newest))
	if err != nil || !ok {
		return v, err
	}
	v.Row, v.Metadata, v.Image = c.Section(core.BaseSection).Clone(), c.Section(core.UserSection).Clone(), c.Section(core.ImageSection).Clone()
	v.Unseen = core.FieldSet{}
	for _, column := range core.VolumeColumns {
		if !v.Row.Has(column) {
			v.Unseen[column] = true
		}
	}
	return v, nil
}

// Capture reads what Cinder stored with a backup; false where it stored none.
// CodeNotFound if the pool does not hold the backup, CodeUnreadable where its metadata is
// no text. It needs no listing, but to tell a backup without metadata from none.
func (p *Place) Capture(ctx context.Context, id core.BackupID) (core.Capture, bool, error) {
	tried := "read the capture of backup " + string(id)
	none := core.Fail(core.CodeNotFound, tried, "the pool "+p.pool+" holds no such backup", "list them with hearth backups", nil)
	if !isID(string(id)) {
		return core.Capture{}, false, none
	}
	text, at, kept := known(p.listings.Last(), id)
	if !kept {
		var err error
		if text, err = p.read(ctx, id); core.CodeOf(err) == core.CodeNotFound {
			return core.Capture{}, false, p.without(ctx, id, none)
		} else if err != nil {
			return core.Capture{}, false, err
		}
	}
	text, err := pyjson.DecodeUTF8(text)
	if err != nil {
		return core.Capture{}, false, core.Fail(core.CodeUnreadable, tried, "its metadata is no UTF-8", "see hearth verify", err)
	}
	c := core.ReadCapture(text, core.Source{Kind: core.SourceRepository, Where: p.info.Location, At: at})
	c.BackupID = id
	return c, true, nil
}

// known is what a listing has of a backup's capture already: its text, and when the
// backup was made. Nothing of a nil one.
func known(r *scan.Run[found], id core.BackupID) (text string, at core.Opt[time.Time], kept bool) {
	if r == nil {
		return "", at, false
	}
	x := r.Found.index
	i, ok := x.find(id)
	x.mu.Lock()
	defer x.mu.Unlock()
	if ok {
		at = x.held(i).row.CreatedAt
	}
	text, kept = x.texts[id]
	return text, at, kept
}

// rowID is the id of a row.
func (x *index) rowID(i int) core.BackupID {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.rows.ID(i)
}

// without is none, unless there is a backup that has no metadata.
func (p *Place) without(ctx context.Context, id core.BackupID, none error) error {
	r, err := p.listings.All(ctx, false, nil)
	if err != nil {
		return err
	}
	if _, ok := r.Found.index.find(id); ok {
		return nil
	}
	return none
}

// Export makes the record that Cinder would export of a backup, as far as the pool
// tells; what it does not tell is null.
func (p *Place) Export(ctx context.Context, id core.BackupID) (core.Record, error) {
	h, err := p.find(ctx, id)
	if err != nil {
		return core.Record{}, err
	}
	if h.row.Status != core.StatusAvailable {
		return core.Record{}, core.Fail(core.CodeRefused, "export backup "+string(id), h.problem, "see hearth verify", nil)
	}
	h.row.Unseen = nil
	return core.ExportRecord(&h.row)
}
