package repository

import (
	"context"
	"slices"
	"time"

	"hearth/core"
	"hearth/store/scan"
)

// Options says how a repository is opened. Each kind reads its own part.
type Options struct {
	Badge    string // a word for the title bar
	Color    string // of the badge
	Title    string // "": made of the location
	Service  string // the full class name of the driver that wrote it; "": by what kind of repository it is
	Parallel int    // objects that are read at a time; 0: [DefaultParallel]
	Now      func() time.Time
	// Kept is the folder in which is kept what was read of repositories, so that the next
	// hearth only lists them; "": nowhere.
	Kept   string
	Unsafe func() []string // what is unsafe about the login (core.PlaceInfo); nil: nothing

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
	scans   scan.Listing[index]
	catalog catalog
	keeper  keeper
	unsafe  func() []string // of the login; nil: the bucket's own says all
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
	p := &Place{bucket: b, unsafe: o.Unsafe, info: core.PlaceInfo{
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
	p.scans.Tried, p.scans.Wait = "scan the repository", firstWait
	p.keeper = keeper{dir: o.Kept, bucket: b, location: location, service: o.Service}
	p.scans.Read = func(ctx context.Context, x *index, progress func(core.ScanProgress)) error {
		x.begin()
		var end core.ScanProgress
		to := sink{yield: x.add, now: o.Now, progress: func(s core.ScanProgress) {
			end = s
			progress(s)
		}}
		old := &kept{}
		if o.Kept != "" {
			to.kept = func(ctx context.Context) *kept {
				var last *index
				if r := p.scans.Last(); r != nil {
					last = &r.Found
				}
				old = p.keeper.open(ctx, last)
				x.reuse(old)
				return old
			}
		}
		err := p.scanner.scan(ctx, to)
		if core.CodeOf(err) == core.CodeIncomplete { // what was found is there, and there is more
			x.mu.Lock()
			x.short = err
			x.mu.Unlock()
			err = nil
		}
		if err == nil && x.short == nil { // what is not whole is not kept for the next run
			p.keeper.keep(p.scans.Life(), old, x)
		}
		if err == nil {
			x.finish(end, o.Now())
		}
		return err
	}
	p.scans.Told = func(x *index) core.ScanProgress { return x.progress }
	p.scans.Live(ctx)
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
func (p *Place) Info() core.PlaceInfo {
	info := p.info
	if p.unsafe != nil {
		info.Unsafe = append(info.Unsafe, p.unsafe()...)
	}
	if b, ok := p.bucket.(interface{ unsafe() []string }); ok {
		info.Unsafe = append(info.Unsafe, b.unsafe()...)
	}
	return info
}

// Close ends what goes on in the background.
func (p *Place) Close() error {
	p.keeper.wait(keptWait)
	p.scans.Close(time.Second)
	p.keeper.wait(time.Second) // it was told to end
	return p.bucket.Close()
}

// Scan reads the repository anew and tells what is in it. Where a scan goes on
// already, it is joined.
func (p *Place) Scan(ctx context.Context, progress func(core.ScanProgress)) (core.Inventory, error) {
	r, err := p.scans.All(ctx, true, progress)
	if err != nil {
		return core.Inventory{}, err
	}
	return r.Found.inventory(), r.Found.short
}

// Unrecognised tells what the last scan found that is no part of any backup.
func (p *Place) Unrecognised(ctx context.Context) ([]core.Unrecognised, error) {
	r, err := p.scans.All(ctx, false, nil)
	if err != nil {
		return nil, err
	}
	return r.Found.strange.sorted(), nil
}

// firstWait is how long the first answer to who watches waits: a small repository is read
// by then.
const firstWait = 200 * time.Millisecond

// ask is the scan that a query is answered from; nil where it is cancelled, or fails and
// nobody watches.
func (p *Place) ask(ctx context.Context, q core.Query) (r *scan.Run[index], complete bool, err error) {
	if q.Partial {
		if r, complete, err = p.scans.Some(ctx, q.Anew); core.CodeOf(err) == core.CodeCancelled {
			r = nil
		}
		return r, complete, err
	}
	r, err = p.scans.All(ctx, q.Anew, nil)
	return r, err == nil, err
}

// Backups answers a query. Asked for a part, it gives what has been found so far.
func (p *Place) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	r, complete, err := p.ask(ctx, q)
	if r == nil {
		return core.Page[core.Backup]{Offset: q.Offset}, err
	}
	page := r.Found.answer(q)
	page.Complete, page.Short = complete, r.Found.ended()
	return page, err
}

// Volumes answers a query with the volumes that captures describe, each as it was
// when it was last captured.
func (p *Place) Volumes(ctx context.Context, q core.Query) (core.Page[core.Volume], error) {
	r, complete, err := p.ask(ctx, q)
	if r == nil {
		return core.Page[core.Volume]{Offset: q.Offset}, err
	}
	page := r.Found.list(q)
	page.Complete, page.Short = complete, r.Found.ended()
	return page, err
}

// find returns a backup's row, and what else is known of it.
func (p *Place) find(ctx context.Context, id core.BackupID, tried string) (*index, int, error) {
	r, err := p.scans.All(ctx, false, nil)
	if err != nil {
		return nil, 0, err
	}
	i, ok := r.Found.find(id)
	if !ok {
		return nil, 0, core.Fail(core.CodeNotFound, tried, "the repository holds no such backup", "list them with hearth backups", nil)
	}
	return &r.Found, i, nil
}

// Backup reads one row. Its own properties are not in a repository.
func (p *Place) Backup(ctx context.Context, id core.BackupID) (core.Backup, error) {
	x, i, err := p.find(ctx, id, "read backup "+string(id))
	if err != nil {
		return core.Backup{}, err
	}
	return x.row(i), nil
}

// Marks says of a backup's row what is assumed and what is lost.
func (p *Place) Marks(ctx context.Context, id core.BackupID) ([]core.Mark, error) {
	x, i, err := p.find(ctx, id, "read backup "+string(id))
	if err != nil {
		return nil, err
	}
	return slices.Clone(x.holding(i).Marks), nil
}

// Volume reads a volume as it was when it was last captured.
func (p *Place) Volume(ctx context.Context, id core.VolumeID) (core.Volume, error) {
	tried := "read volume " + string(id)
	r, err := p.scans.All(ctx, false, nil)
	if err != nil {
		return core.Volume{}, err
	}
	x := &r.Found
	i, ok := x.volumes.Find(id)
	if !ok {
		return core.Volume{}, core.Fail(core.CodeNotFound, tried, "no capture in the repository describes such a volume",
			"list them with hearth volumes", nil)
	}
	v := x.volumes.At(i)
	c, ok, err := p.Capture(ctx, x.rows.ID(int(x.newest[i])))
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

// Export makes the record that Cinder would export of a backup, as far as the
// repository tells; what it does not tell is null.
func (p *Place) Export(ctx context.Context, id core.BackupID) (core.Record, error) {
	b, err := p.Backup(ctx, id)
	if err != nil {
		return core.Record{}, err
	}
	return record(b)
}
