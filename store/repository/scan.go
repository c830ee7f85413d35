package repository

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"hearth/core"
	"hearth/store/scan"
)

// DefaultParallel is how many objects are read at a time.
const DefaultParallel = 8

// A metadata object is read whole. One of the largest is that of a volume of a
// hundred thousand chunks, some 25 MB; what is beyond the limit is not believed.
// The budget bounds what all that are being read may hold together.
const (
	maxMetadata    = 64 << 20
	metadataBudget = 64 << 20
)

// scanner reads a repository once.
type scanner struct {
	bucket   Bucket
	where    string // the place, for captures
	service  string // the driver's class, "" for what the bucket says
	parallel int
	budget   *budget
}

// Scan reads a repository once and yields what it finds, in no order, one at a time;
// an error of yield ends it. Of options it reads Service and Parallel. Children are
// not counted: only who has seen all knows.
func Scan(ctx context.Context, b Bucket, o Options, yield func(core.Holding) error, progress func(core.ScanProgress)) error {
	if o.Parallel <= 0 {
		o.Parallel = DefaultParallel
	}
	s := scanner{bucket: b, service: o.Service, parallel: o.Parallel, budget: newBudget(metadataBudget)}
	return s.scan(ctx, sink{yield: func(f *found) error { return yield(f.h) }, progress: progress})
}

// found is one thing that a scan found.
type found struct {
	h    core.Holding
	bits uint32 // of the marks of a backup's row
	// key is that of a backup's row ([scanner.key]), and packed the row where one was kept
	// under it: then h has nothing but its kind.
	key    keptKey
	packed string
	steady bool // the same objects give the same row the next time
}

// sink is where a scan puts what it finds.
type sink struct {
	yield    func(*found) error // from one goroutine at a time; an error ends the scan
	progress func(core.ScanProgress)
	now      func() time.Time
	// kept gives the rows that are kept, once and before anything is found; nil: there are
	// none, and no keys are made.
	kept func(context.Context) *kept
}

// progressEvery is how often a scan tells how far it is.
const progressEvery = 100 * time.Millisecond

// tally hands what a scan finds to whoever asked, one at a time, and counts it.
type tally struct {
	yield    func(*found) error
	progress func(core.ScanProgress) // nil: nobody looks on
	stop     context.CancelCauseFunc // of the scan

	mu   sync.Mutex // guards what follows, and both calls
	seen core.ScanProgress
	told time.Time
}

// give counts and yields; an error of yield stops the scan.
func (t *tally) give(f *found) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch f.h.Kind {
	case core.HoldingBackup:
		t.seen.Backups++
	case core.HoldingUnfinished:
		t.seen.Unfinished++
	case core.HoldingBroken:
		t.seen.Broken++
	case core.HoldingStray:
		t.seen.Strays++
	}
	err := t.yield(f)
	if err != nil {
		t.stop(err)
	}
	t.tell(false)
	return err
}

// listed counts a page of the listing.
func (t *tally) listed(page []Object) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen.Objects += int64(len(page))
	for i := range page {
		t.seen.Bytes += max(page[i].Size, 0)
	}
	t.tell(false)
}

// tell tells how far the scan is, if it is time or the last time.
func (t *tally) tell(last bool) {
	if t.progress != nil && (last || time.Since(t.told) >= progressEvery) {
		t.told = time.Now()
		t.progress(t.seen)
	}
}

// scan goes through a repository and yields what it finds, in no order, from one
// goroutine at a time. An error of yield ends it. Memory does not grow with what
// there is: it holds a page of the listing, what of it is not whole yet, and the
// metadata objects that are being read.
func (s *scanner) scan(ctx context.Context, to sink) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	t := &tally{yield: to.yield, progress: to.progress, stop: stop}
	var old *kept
	var began time.Time
	if to.kept != nil {
		began = to.now()
	}
	type task struct {
		*group
		key keptKey
	}
	again := &found{h: core.Holding{Kind: core.HoldingBackup}} // one that is kept
	work := make(chan task, 4*s.parallel)
	var wait sync.WaitGroup
	for range s.parallel {
		wait.Go(func() {
			for g := range work {
				f, err := s.finish(ctx, g.group)
				if err == nil {
					if f.steady {
						f.key = g.key
					}
					err = t.give(f)
				}
				if err != nil {
					stop(err)
					return
				}
			}
		})
	}
	err := groups(ctx, s.bucket, func(g *group) error {
		if !g.metadata.Set {
			return t.give(&found{h: g.holding(core.HoldingUnfinished,
				"it has no metadata object, which Cinder writes last: the backup was broken off, or is still being made")})
		}
		var key keptKey
		if old != nil && old.file != "" {
			var ok bool
			if key, ok = s.key(g, began); ok {
				if again.packed, ok = old.find(key); ok {
					again.key = key
					return t.give(again)
				}
			}
		}
		select {
		case work <- task{g, key}:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}, func(o Object) error {
		stray := core.Holding{Kind: core.HoldingStray, Container: o.Container, Prefix: o.Name, Bytes: max(o.Size, 0), Problem: o.Problem}
		return t.give(&found{h: stray})
	}, func(page []Object) {
		if to.kept != nil && old == nil {
			old = to.kept(ctx)
		}
		t.listed(page)
	})
	close(work)
	wait.Wait()
	if err := scanEnded(ctx, err); err != nil {
		return err
	}
	t.tell(true)
	return nil
}

// scanEnded is why a scan has ended before its time: nil if it has not. What a
// worker met comes before what the listing, err, met because of it.
func scanEnded(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	if err == nil {
		err = ctx.Err()
	}
	var ours *core.Error
	if errors.Is(err, context.Canceled) && !errors.As(err, &ours) {
		return scan.Cancelled("scan the repository", err)
	}
	return err
}

func (g *group) holding(kind core.HoldingKind, problem string) core.Holding {
	return core.Holding{Kind: kind, Container: g.container, Prefix: g.prefix, ID: g.owner.backup, VolumeID: g.owner.volume,
		Began: g.owner.began, Objects: int64(len(g.chunks)), Bytes: g.bytes, Problem: problem}
}

// finish reads a group's metadata and rebuilds its row. The error is one that ends
// the scan: the repository does not answer.
func (s *scanner) finish(ctx context.Context, g *group) (*found, error) {
	m, err := s.metadata(ctx, g)
	if err != nil {
		var f *faulty
		switch code := core.CodeOf(err); {
		case errors.As(err, &f):
			return &found{h: g.holding(core.HoldingBroken, f.what)}, nil
		case code == core.CodeNotFound:
			gone := "its metadata object went away during the scan: the backup is being deleted"
			return &found{h: g.holding(core.HoldingUnfinished, gone)}, nil
		case code == core.CodeDenied || code == core.CodeUnreadable:
			return &found{h: g.holding(core.HoldingBroken, "its metadata object cannot be read: "+err.Error())}, nil
		}
		return nil, err
	}
	out := &found{h: g.holding(core.HoldingBackup, ""), steady: true}
	h := &out.h
	if h.ID, h.VolumeID = m.backup, g.owner.volume; h.VolumeID == "" {
		h.VolumeID = m.volume
	}
	f := facts{meta: m, group: g, container: g.container, listed: g.holds(m), above: aboveOf(s.bucket)}
	_, f.accounts = s.bucket.(*accounts)
	if f.service, f.sure = s.bucket.Service(); s.service != "" {
		f.service, f.sure, f.chosen = s.service, true, true
	}
	if !f.listed {
		h.Problem = g.notHeld(m)
	} else if g.owner.volume != "" && m.volume != g.owner.volume {
		h.Problem = "its metadata is of another volume than its objects' names say"
	}
	if h.Problem == "" {
		h.Problem = m.layout.Says()
	}
	if !m.volumeMeta.Set && g.hashes.Set {
		if f.hashed, err = s.covered(ctx, g); err != nil {
			return nil, err
		}
		out.steady = f.hashed.Set // else it may be readable the next time
	}
	h.Backup, out.bits = f.rebuild()
	h.Marks, h.Backup.Unseen = marks.Of(out.bits)
	h.CaptureText, h.CaptureFrom = m.volumeMeta, s.source(&h.Backup)
	return out, nil
}

// metadata reads a group's metadata object; a *[faulty] where it is of no use.
func (s *scanner) metadata(ctx context.Context, g *group) (*metadata, error) {
	o := g.metadataObject()
	switch {
	case o.Problem != "":
		return nil, &faulty{core.FlawMetadataInvalid, "its metadata object is " + o.Problem, nil}
	case o.Size > maxMetadata:
		return nil, &faulty{core.FlawMetadataInvalid, "its metadata object is of " + core.Bytes(o.Size) + ", which no backup needs", nil}
	}
	take := max(o.Size, 0)
	if err := s.budget.take(ctx, take); err != nil {
		return nil, err
	}
	defer s.budget.give(take)
	text, err := s.whole(ctx, o, take)
	if err != nil {
		return nil, err
	}
	m, err := readMetadata(text)
	if err != nil {
		return nil, err
	}
	if m.backup != g.owner.backup && (g.owner.backup != "" || g.owner.naming != flatNames) {
		what := "its metadata is of the backup " + core.Visible(string(m.backup)) + ", and not of the one that its objects' names say"
		return nil, &faulty{core.FlawIDMismatch, what, nil}
	}
	m.settle(g)
	return m, nil
}

// source says where a backup's capture comes from.
func (s *scanner) source(b *core.Backup) core.Source {
	return core.Source{Kind: core.SourceRepository, Where: s.where, At: b.CreatedAt}
}

// whole reads an object of a size that the listing told. One that has grown since
// is cut, and so does not parse.
func (s *scanner) whole(ctx context.Context, o Object, size int64) (string, error) {
	r, err := s.bucket.Get(ctx, o.Container, o.Name)
	if err != nil {
		return "", err
	}
	defer r.Close()
	buf := make([]byte, size)
	n, err := io.ReadFull(r, buf)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return "", broken("read "+o.Name, err)
	}
	return asText(buf[:n]), nil
}

// broken is an error in the middle of an object's bytes.
func broken(tried string, err error) error {
	var ours *core.Error
	switch {
	case errors.As(err, &ours):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return scan.Cancelled(tried, err)
	}
	return core.Fail(core.CodeUnavailable, tried, "it broke off: "+reason(err), "try again", err)
}
