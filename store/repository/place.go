package repository

import (
	"context"
	"slices"
	"sync"
	"time"

	"hearth/core"
)

// Options says how a repository is opened. Each kind reads its own part.
type Options struct {
	Badge    string // a word for the title bar
	Color    string // of the badge
	Title    string // "": made of the location
	Service  string // the full class name of the driver that wrote it; "": by what kind of repository it is
	Parallel int    // objects that are read at a time; 0: [DefaultParallel]
	Now      func() time.Time

	S3    S3Options
	Swift SwiftOptions
}

// Place is a repository as a place. The first question scans it, and what was
// found is kept until it is asked for anew. Its methods may be called from many
// goroutines.
type Place struct {
	bucket  Bucket
	info    core.PlaceInfo
	scanner scanner
	now     func() time.Time
	life    context.Context
	end     context.CancelFunc

	catalog catalog

	mu   sync.Mutex // guards what follows
	busy *run       // the scan that goes on, or failed
	last *run       // the last that came to its end
}

// run is a scan in the background.
type run struct {
	index  index
	cancel context.CancelFunc
	done   chan struct{}
	err    error     // once done
	ended  time.Time // once done

	mu     sync.Mutex // guards what follows
	users  int        // who wait for it
	shown  bool       // somebody watches it grow: then it goes on without being waited for
	listen []func(core.ScanProgress)
}

// ReadOnly is why nothing is ever written.
const ReadOnly = "a backup repository is only read"

// New makes a place of a bucket. location is as it can be given again.
func New(ctx context.Context, location string, b Bucket, o Options) *Place {
	if o.Parallel <= 0 {
		o.Parallel = DefaultParallel
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Title == "" {
		o.Title = location
	}
	p := &Place{bucket: b, now: o.Now, info: core.PlaceInfo{
		Location: location,
		Kind:     core.PlaceRepository,
		Title:    core.Visible(o.Title),
		Rules:    core.RulesAuto,
		RulesWhy: "a repository does not tell which Cinder will restore",
		ReadOnly: ReadOnly,
		Badge:    o.Badge,
		Color:    o.Color,
	}}
	p.scanner = scanner{bucket: b, where: location, service: o.Service, parallel: o.Parallel, budget: newBudget(metadataBudget)}
	p.life, p.end = context.WithCancel(context.WithoutCancel(ctx))
	return p
}

// OpenPosix opens a folder: the root that backup_posix_path names, or the mounted
// share of the NFS or GlusterFS driver.
func OpenPosix(ctx context.Context, dir string, o Options) (*Place, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	if o.Title == "" {
		o.Title = "posix " + dir
	}
	return New(ctx, "posix:"+dir, f, o), nil
}

// Info describes the place.
func (p *Place) Info() core.PlaceInfo { return p.info }

// Close ends what goes on in the background.
func (p *Place) Close() error {
	p.end()
	p.mu.Lock()
	busy := p.busy
	p.mu.Unlock()
	if busy != nil {
		select { // a share that is gone may never answer
		case <-busy.done:
		case <-time.After(time.Second):
		}
	}
	return p.bucket.Close()
}

// start begins a scan; p is locked.
func (p *Place) start() *run {
	ctx, cancel := context.WithCancel(p.life)
	r := &run{cancel: cancel, done: make(chan struct{})}
	p.busy = r
	go func() {
		defer cancel()
		var end core.ScanProgress
		err := p.scanner.scan(ctx, r.index.add, func(s core.ScanProgress) {
			end = s
			r.mu.Lock()
			listen := slices.Clone(r.listen)
			r.mu.Unlock()
			for _, f := range listen {
				f(s)
			}
		})
		if err == nil {
			r.index.finish(end, p.now())
		}
		r.err, r.ended = err, time.Now()
		p.mu.Lock()
		if err == nil && p.busy == r {
			p.last, p.busy = r, nil
		}
		p.mu.Unlock()
		close(r.done)
	}()
	return r
}

// failed reports whether a scan ended with an error.
func (r *run) failed() bool {
	select {
	case <-r.done:
		return r.err != nil
	default:
		return false
	}
}

// whole waits for a scan: the last one, unless it is to be done anew.
func (p *Place) whole(ctx context.Context, anew bool, progress func(core.ScanProgress)) (*run, error) {
	const tried = "scan the repository"
	if err := stopped(ctx, tried); err != nil {
		return nil, err
	}
	p.mu.Lock()
	r := p.busy
	switch {
	case r != nil && !r.failed():
	case p.last != nil && !anew:
		r = p.last
	default:
		r = p.start()
	}
	r.mu.Lock()
	r.users++
	if progress != nil {
		r.listen = append(r.listen, progress)
	}
	r.mu.Unlock()
	p.mu.Unlock()
	select {
	case <-r.done:
		if r.err != nil {
			return nil, r.err
		}
		if progress != nil { // it may have ended before it could tell
			progress(r.index.progress)
		}
		return r, nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.users--; r.users == 0 && !r.shown { // nobody wants it any more
		r.cancel()
		if p.busy == r {
			p.busy = nil
		}
	}
	return nil, cancelled(tried, ctx.Err())
}

// Scan reads the repository anew and tells what is in it. Where a scan goes on
// already, it is joined.
func (p *Place) Scan(ctx context.Context, progress func(core.ScanProgress)) (core.Inventory, error) {
	r, err := p.whole(ctx, true, progress)
	if err != nil {
		return core.Inventory{}, err
	}
	return r.index.inventory(), nil
}

// Unrecognised tells what the last scan found that is no part of any backup.
func (p *Place) Unrecognised(ctx context.Context) ([]core.Unrecognised, error) {
	r, err := p.whole(ctx, false, nil)
	if err != nil {
		return nil, err
	}
	return r.index.strange.sorted(), nil
}

// The first answer to who watches waits a moment: a small repository is read by then.
const (
	firstWait  = 200 * time.Millisecond
	retryAfter = 3 * time.Second
)

// some answers with what there is and sees to it that there will be more.
func (p *Place) some(ctx context.Context, anew bool) (r *run, complete bool, err error) {
	p.mu.Lock()
	busy, last := p.busy, p.last
	switch {
	case busy != nil && busy.failed() && (anew || time.Since(busy.ended) > retryAfter),
		busy == nil && (anew || last == nil):
		busy = p.start()
	}
	p.mu.Unlock()
	if busy == nil {
		return last, true, nil
	}
	busy.mu.Lock()
	busy.shown = true
	busy.mu.Unlock()
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
		return busy, false, cancelled("scan the repository", ctx.Err())
	}
	if last != nil {
		return last, false, err
	}
	return busy, false, err
}

// Backups answers a query. Asked for a part, it gives what has been found so far.
func (p *Place) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	if !q.Partial {
		r, err := p.whole(ctx, q.Anew, nil)
		if err != nil {
			return core.Page[core.Backup]{Offset: q.Offset}, err
		}
		page := core.SelectBackups(r.index.rows, q)
		page.AsOf = core.Some(r.index.at)
		return page, nil
	}
	r, complete, err := p.some(ctx, q.Anew)
	if err != nil && core.CodeOf(err) == core.CodeCancelled {
		return core.Page[core.Backup]{Offset: q.Offset}, err
	}
	rows, at := r.index.shown()
	page := core.SelectBackups(rows, q)
	page.Complete, page.AsOf = complete, at
	return page, err
}

// Volumes answers a query with the volumes that captures describe, each as it was
// when it was last captured.
func (p *Place) Volumes(ctx context.Context, q core.Query) (core.Page[core.Volume], error) {
	page := core.Page[core.Volume]{Offset: q.Offset}
	var r *run
	var err error
	complete := true
	if q.Partial {
		r, complete, err = p.some(ctx, q.Anew)
	} else {
		r, err = p.whole(ctx, q.Anew, nil)
	}
	if r == nil || err != nil && core.CodeOf(err) == core.CodeCancelled {
		return page, err
	}
	r.index.mu.Lock()
	list, at := r.index.list, r.index.at // nil until the scan is done: only then are they known
	r.index.mu.Unlock()
	page = core.SelectVolumes(list, q)
	page.Complete = complete
	if !at.IsZero() {
		page.AsOf = core.Some(at)
	}
	return page, err
}

// find returns a backup's row, and what else is known of it.
func (p *Place) find(ctx context.Context, id core.BackupID, tried string) (*index, int, error) {
	r, err := p.whole(ctx, false, nil)
	if err != nil {
		return nil, 0, err
	}
	i, ok := r.index.byID[id]
	if !ok {
		return nil, 0, core.Fail(core.CodeNotFound, tried, "the repository holds no such backup", "list them with hearth backups", nil)
	}
	return &r.index, i, nil
}

// Backup reads one row. Its own properties are not in a repository.
func (p *Place) Backup(ctx context.Context, id core.BackupID) (core.Backup, error) {
	x, i, err := p.find(ctx, id, "read backup "+string(id))
	if err != nil {
		return core.Backup{}, err
	}
	return x.rows[i], nil
}

// Marks says of a backup's row what is assumed and what is lost.
func (p *Place) Marks(ctx context.Context, id core.BackupID) ([]core.Mark, error) {
	x, i, err := p.find(ctx, id, "read backup "+string(id))
	if err != nil {
		return nil, err
	}
	return slices.Clone(x.held[i].marks), nil
}

// Volume reads a volume as it was when it was last captured.
func (p *Place) Volume(ctx context.Context, id core.VolumeID) (core.Volume, error) {
	tried := "read volume " + string(id)
	r, err := p.whole(ctx, false, nil)
	if err != nil {
		return core.Volume{}, err
	}
	s := r.index.volumes[id]
	if s == nil {
		return core.Volume{}, core.Fail(core.CodeNotFound, tried, "no capture in the repository describes such a volume",
			"list them with hearth volumes", nil)
	}
	c, ok, err := p.Capture(ctx, s.backup)
	if err != nil || !ok {
		return s.volume, err
	}
	v := s.volume
	v.Row, v.Metadata, v.Image = c.Section(core.BaseSection).Clone(), c.Section(core.UserSection).Clone(), c.Section(core.ImageSection).Clone()
	v.Unseen = core.FieldSet{}
	for _, column := range core.VolumeColumns {
		if !v.Row.Has(column) {
			v.Unseen[column] = true
		}
	}
	return v, nil
}

// Export makes the record that Cinder would export of a backup, as far as the
// repository tells; what it does not tell is null.
func (p *Place) Export(ctx context.Context, id core.BackupID) (core.Record, error) {
	b, err := p.Backup(ctx, id)
	if err != nil {
		return core.Record{}, err
	}
	return record(b)
}
