package ceph

import (
	"context"
	"slices"
	"strings"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
)

// run is a listing in the background.
type run struct {
	index  *index // once done
	cancel context.CancelFunc
	done   chan struct{}
	err    error     // once done
	ended  time.Time // once done

	// What follows is guarded by the place's lock.
	users  int  // who wait for it
	shown  bool // somebody watches it grow: then it goes on without being waited for
	listen []func(core.ScanProgress)
	bodies bool // of its backups are being read for somebody who watches
}

// over reports whether a listing has come to its end.
func (r *run) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// start begins a listing; p is locked.
func (p *Place) start() *run {
	ctx, cancel := context.WithCancel(p.life)
	r := &run{cancel: cancel, done: make(chan struct{})}
	p.busy = r
	go func() {
		defer cancel()
		x, err := p.scan(ctx, func(s core.ScanProgress) {
			p.mu.Lock()
			listen := slices.Clone(r.listen)
			p.mu.Unlock()
			for _, f := range listen {
				f(s)
			}
		})
		r.index, r.err, r.ended = x, err, time.Now()
		p.mu.Lock()
		if err == nil && p.busy == r {
			p.last, p.busy = r, nil
		}
		p.mu.Unlock()
		close(r.done)
	}()
	return r
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

// whole waits for a listing: the last one, unless it is to be done anew.
func (p *Place) whole(ctx context.Context, anew bool, progress func(core.ScanProgress)) (*run, error) {
	const tried = "list the pool"
	if err := stopped(ctx, tried); err != nil {
		return nil, err
	}
	p.mu.Lock()
	r := p.busy
	switch {
	case p.last != nil && !anew: // a newer one that goes on may take long
		r = p.last
	case r != nil && !r.over():
	default:
		r = p.start()
	}
	r.users++
	if progress != nil {
		r.listen = append(r.listen, progress)
	}
	p.mu.Unlock()
	select {
	case <-r.done:
		if r.err == nil && progress != nil { // it may have ended before it could tell
			progress(r.index.progress)
		}
		return r, r.err
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.users--; r.users == 0 && !r.shown { // nobody wants it any more
		r.cancel()
		if p.busy == r {
			p.busy = nil
		}
	}
	return nil, cancelled(tried, ctx.Err())
}

// Scan lists the pool anew and tells what is in it, by names, snapshots and sizes: no
// metadata object is read for it, but where only one tells whose an image is.
func (p *Place) Scan(ctx context.Context, progress func(core.ScanProgress)) (core.Inventory, error) {
	r, err := p.whole(ctx, true, progress)
	if err != nil {
		return core.Inventory{}, err
	}
	return r.index.inventory(), nil
}

// Unrecognised tells what the last listing found that is no part of any backup.
func (p *Place) Unrecognised(ctx context.Context) ([]core.Unrecognised, error) {
	r, err := p.whole(ctx, false, nil)
	if err != nil {
		return nil, err
	}
	return r.index.strange, nil
}

// The first answer to who watches waits a moment: a small pool is read by then.
const (
	firstWait  = 300 * time.Millisecond
	retryAfter = 3 * time.Second
)

// some answers with the listing that there is, nil for none, and sees to it that there
// will be a newer one.
func (p *Place) some(ctx context.Context, anew bool) (r *run, complete bool, err error) {
	p.mu.Lock()
	busy, last := p.busy, p.last
	switch {
	case busy != nil && busy.over() && busy.err != nil && (anew || time.Since(busy.ended) > retryAfter),
		busy == nil && (anew || last == nil):
		busy = p.start()
	}
	if busy != nil {
		busy.shown = true
	}
	p.mu.Unlock()
	if busy == nil {
		return last, true, nil
	}
	wait := time.NewTimer(firstWait)
	defer wait.Stop()
	select {
	case <-busy.done:
		if busy.err == nil {
			return busy, true, nil
		}
		err = busy.err
	case <-wait.C:
	case <-ctx.Done():
		err = cancelled("list the pool", ctx.Err())
	}
	return last, false, err
}

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
	x, decides := r.index, q
	decides.Wants = nil
	if needs(decides) {
		all := make([]int, len(x.backups))
		for i := range all {
			all[i] = i
		}
		whole, ferr := p.fillFor(ctx, r, all, q.Partial)
		if ferr != nil {
			return core.Page[core.Backup]{Offset: q.Offset}, ferr
		}
		complete = complete && whole
	}
	page := core.SelectBackups(x.rows(), q)
	if needs(q) {
		var here []int
		for i := range page.Rows {
			here = append(here, x.byID[page.Rows[i].ID])
		}
		whole, ferr := p.fillFor(ctx, r, here, q.Partial)
		if ferr != nil && !q.Partial {
			return core.Page[core.Backup]{Offset: q.Offset}, ferr
		}
		complete = complete && whole
		x.mu.Lock()
		for i := range page.Rows {
			page.Rows[i] = x.backups[here[i]].row
		}
		x.mu.Unlock()
		if err == nil {
			err = ferr
		}
	}
	page.Complete, page.AsOf = complete, core.Some(x.at)
	return page, err
}

// ask is the listing that a query is answered from.
func (p *Place) ask(ctx context.Context, q core.Query) (r *run, complete bool, err error) {
	if q.Partial {
		if r, complete, err = p.some(ctx, q.Anew); core.CodeOf(err) == core.CodeCancelled {
			r = nil
		}
		return r, complete, err
	}
	r, err = p.whole(ctx, q.Anew, nil)
	return r, err == nil, err
}

// fillFor reads the metadata of some backups. For who watches it goes on in the
// background, one reading at a time, and whole says whether it is done.
func (p *Place) fillFor(ctx context.Context, r *run, some []int, watched bool) (whole bool, err error) {
	if !watched {
		return true, p.fill(ctx, r.index, some, nil)
	}
	p.mu.Lock()
	if r.bodies {
		p.mu.Unlock()
		return r.index.read(some), nil
	}
	r.bodies = true
	p.mu.Unlock()
	done := make(chan error, 1)
	go func() {
		err := p.fill(p.life, r.index, some, nil)
		p.mu.Lock()
		r.bodies = false
		p.mu.Unlock()
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
	return !slices.ContainsFunc(some, func(i int) bool { return x.backups[i].bits&markUnread != 0 })
}

// Volumes answers a query with the volumes that captures describe, each as it was when it
// was last captured: of each volume one metadata object is read.
func (p *Place) Volumes(ctx context.Context, q core.Query) (core.Page[core.Volume], error) {
	page := core.Page[core.Volume]{Offset: q.Offset}
	r, complete, err := p.ask(ctx, q)
	if r == nil {
		return page, err
	}
	x := r.index
	var newest []int
	for _, id := range x.newest {
		newest = append(newest, x.byID[id])
	}
	slices.Sort(newest)
	whole, ferr := p.fillFor(ctx, r, newest, q.Partial)
	if ferr != nil {
		return page, ferr
	}
	page = core.SelectVolumes(x.volumes(), q)
	page.Complete, page.AsOf = complete && whole, core.Some(x.at)
	return page, err
}

// volumes are those of which the newest capture was read, by id.
func (x *index) volumes() (out []core.Volume) {
	x.mu.Lock()
	defer x.mu.Unlock()
	at := map[core.VolumeID]int{}
	for volume, id := range x.newest {
		if b := x.backups[x.byID[id]].body; b != nil && b.hasBase {
			at[volume] = len(out)
			out = append(out, b.volume)
		}
	}
	for i := range x.backups {
		row := &x.backups[i].row
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
	r, err := p.whole(ctx, false, nil)
	if err != nil {
		return held{}, err
	}
	i, ok := r.index.byID[id]
	if !ok {
		return held{}, core.Fail(core.CodeNotFound, "read backup "+string(id), "the pool "+p.pool+" holds no such backup",
			"list them with hearth backups", nil)
	}
	if err := p.fill(ctx, r.index, []int{i}, nil); err != nil {
		return held{}, err
	}
	r.index.mu.Lock()
	defer r.index.mu.Unlock()
	return r.index.backups[i], nil
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
	marks, _ := marksOf(h.bits)
	return slices.Clone(marks), nil
}

// Fill reads the metadata of some of the backups that [Place.Scan] named, many at a time,
// and returns them again with what it tells. One that is no longer there is left out.
func (p *Place) Fill(ctx context.Context, ids []core.BackupID, progress func(done, of int)) ([]core.Holding, error) {
	r, err := p.whole(ctx, false, nil)
	if err != nil {
		return nil, err
	}
	x := r.index
	var some []int
	for _, id := range ids {
		if i, ok := x.byID[id]; ok {
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
		out = append(out, x.holding(&x.backups[i]))
	}
	return out, nil
}

// Volume reads a volume as it was when it was last captured.
func (p *Place) Volume(ctx context.Context, id core.VolumeID) (core.Volume, error) {
	tried := "read volume " + string(id)
	r, err := p.whole(ctx, false, nil)
	if err != nil {
		return core.Volume{}, err
	}
	none := core.Fail(core.CodeNotFound, tried, "no capture in the pool describes such a volume", "list them with hearth volumes", nil)
	newest, ok := r.index.newest[id]
	if !ok {
		return core.Volume{}, none
	}
	if err := p.fill(ctx, r.index, []int{r.index.byID[newest]}, nil); err != nil {
		return core.Volume{}, err
	}
	all := r.index.volumes()
	i := slices.IndexFunc(all, func(v core.Volume) bool { return v.ID == id })
	if i < 0 {
		return core.Volume{}, none
	}
	v := all[i]
	c, ok, err := p.Capture(ctx, newest)
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
	p.mu.Lock()
	last := p.last
	p.mu.Unlock()
	text, at, kept := last.known(id)
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
func (r *run) known(id core.BackupID) (text string, at core.Opt[time.Time], kept bool) {
	if r == nil {
		return "", at, false
	}
	r.index.mu.Lock()
	defer r.index.mu.Unlock()
	if i, ok := r.index.byID[id]; ok {
		at = r.index.backups[i].row.CreatedAt
	}
	text, kept = r.index.texts[id]
	return text, at, kept
}

// without is none, unless there is a backup that has no metadata.
func (p *Place) without(ctx context.Context, id core.BackupID, none error) error {
	r, err := p.whole(ctx, false, nil)
	if err != nil {
		return err
	}
	if _, ok := r.index.byID[id]; ok {
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
