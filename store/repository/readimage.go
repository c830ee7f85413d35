package repository

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"hearth/core"
	"hearth/store/scan"
)

// imageReader reads one image.
type imageReader struct {
	place   *Place
	request core.ImageRequest
	sink    core.ImageSink
	layers  []layer
	sums    []*sums // of each layer
	v       *verifier
	turn    *turn // nil: in any order

	mu       sync.Mutex // guards what follows
	report   core.ImageReport
	progress core.ImageProgress
	told     time.Time
}

// sums is a layer's sha256 file, read on as its chunks come.
type sums struct {
	open  bool
	file  *hashes // nil: nothing to compare with
	notes *reading
}

// want is what is wanted of one chunk, or of what no chunk holds.
type want struct {
	layer, chunk int
	parts        core.Ranges
}

func newImageReader(p *Place, req core.ImageRequest, sink core.ImageSink, layers []layer) *imageReader {
	r := &imageReader{place: p, request: req, sink: sink, layers: layers,
		v: &verifier{place: p, slots: make(chan struct{}, p.scanner.parallel)}}
	for range layers {
		r.sums = append(r.sums, &sums{notes: &reading{}})
	}
	if req.InOrder {
		r.request.Have = nil // what went out cannot be taken up
		r.turn = newTurn(req.Part.From, min(p.scanner.parallel, abreast))
	}
	r.v.request.Progress = func(now core.VerifyProgress) { r.tell(0, now.Bytes) }
	r.progress.Of = req.Part.Len()
	return r
}

// wanted puts what is to be read in order of the first byte that is wanted of it.
func (r *imageReader) wanted() (out []want) {
	spans := make([][]core.Range, len(r.layers))
	for i, l := range r.layers {
		for _, s := range l.spans {
			spans[i] = append(spans[i], core.Range{From: s.from, To: s.to})
		}
	}
	at := map[[2]int]int{}
	for _, p := range core.Overlay(spans, r.request.Part) {
		key := [2]int{p.Layer, p.Chunk}
		i, known := at[key]
		if !known || p.Layer < 0 {
			i = len(out)
			at[key] = i
			out = append(out, want{layer: p.Layer, chunk: p.Chunk})
		}
		out[i].parts = append(out[i].parts, p.Range)
	}
	return slices.DeleteFunc(out, func(w want) bool {
		for _, part := range w.parts {
			if !r.request.Have.Holds(part) {
				return false
			}
		}
		r.progress.Done += w.parts.Len()
		return true
	})
}

// run reads all that is wanted.
func (r *imageReader) run(ctx context.Context) (core.ImageReport, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer r.close()
	if r.turn != nil {
		defer context.AfterFunc(ctx, r.turn.wake)()
	}
	var wait sync.WaitGroup
	for _, w := range r.wanted() {
		if err := r.begin(ctx, stop, w, &wait); err != nil {
			stop(err)
			break
		}
	}
	wait.Wait()
	slices.SortFunc(r.report.Holes, func(a, b core.Hole) int { return cmp.Compare(a.From, b.From) })
	r.report.Read = r.v.progress.Bytes
	err := context.Cause(ctx)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = scan.Cancelled("read the bytes of backup "+string(r.request.Backup), err)
	}
	return r.report, err
}

// begin waits for room and lets a chunk be read. What cannot be read at all is told
// here.
func (r *imageReader) begin(ctx context.Context, stop context.CancelCauseFunc, w want, wait *sync.WaitGroup) error {
	if r.turn != nil {
		if err := r.turn.enter(ctx, w.parts[0].From); err != nil {
			return err
		}
	} else {
		select {
		case r.v.slots <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	job, why, err := r.job(ctx, w)
	if err != nil {
		r.leave()
		return err
	}
	wait.Go(func() {
		defer r.leave()
		var err error
		if job == nil {
			err = r.lost(ctx, w, why)
		} else {
			err = r.read(ctx, w, job)
		}
		if err != nil {
			stop(err)
		}
	})
	return nil
}

func (r *imageReader) leave() {
	if r.turn != nil {
		r.turn.leave()
		return
	}
	<-r.v.slots
}

// job makes what reads a chunk; none where it cannot be read, and why.
func (r *imageReader) job(ctx context.Context, w want) (job *chunkJob, why string, err error) {
	if w.layer < 0 {
		return nil, "no chunk of the chain holds these bytes", nil
	}
	l := &r.layers[w.layer]
	s := l.spans[w.chunk]
	e := &l.meta.entries[s.entry]
	at := l.group.find(e.name)
	switch {
	case at < 0:
		return nil, "the metadata names it, and it is not there", nil
	case l.group.chunks[at].problem:
		return nil, "it is no file that can be read", nil
	case encodingOf(e.compression) == unknown:
		return nil, "it is compressed with \"" + e.compression + "\", which Cinder does not know", nil
	}
	job = &chunkJob{v: r.v, entry: e,
		object: Object{Container: l.group.container, Name: e.name, Size: l.group.chunks[at].size}}
	job.hashes, job.block, err = r.hashes(ctx, w.layer, s)
	return job, "", err
}

// hashes reads those of a chunk's blocks, which come in the order of the volume.
func (r *imageReader) hashes(ctx context.Context, at int, s span) (out [][32]byte, block int64, err error) {
	l, h := &r.layers[at], r.sums[at]
	if !h.open {
		h.open = true
		if h.file, err = r.v.openHashes(ctx, h.notes, l.group, l.meta); err != nil {
			return nil, 0, err
		}
	}
	if h.file == nil {
		return nil, 0, nil
	}
	block = h.file.blockSize()
	out, h.file, err = r.v.hashesOf(h.notes, l.group, h.file, s)
	return out, block, err
}

// read reads a chunk. In order, bytes leave before the chunk's end is seen: where the
// rest is wanted all the same, the chunk is read once to be checked, and once more.
func (r *imageReader) read(ctx context.Context, w want, job *chunkJob) error {
	if r.turn != nil && r.request.KeepGoing {
		found := &reading{}
		job.r = found
		if err := job.run(ctx); err != nil {
			return err
		}
		if why := found.damage(); why != "" {
			return r.lost(ctx, w, why)
		}
	}
	found, to := &reading{}, &placer{r: r, ctx: ctx, at: r.layers[w.layer].spans[w.chunk].from, parts: w.parts}
	job.r, job.to = found, to
	err := job.run(ctx)
	if err == nil {
		err = to.flush(true)
	}
	if err != nil {
		return err
	}
	if why := found.damage(); why != "" {
		if r.turn != nil {
			return r.failed(w, why)
		}
		return r.lost(ctx, w, why)
	}
	return r.whole(w)
}

// damage is the first that was found, "" if there is none.
func (r *reading) damage() string {
	for _, f := range r.Flaws {
		if f.Severity == damage {
			return f.Text
		}
	}
	return ""
}

// whole tells the sink what it has.
func (r *imageReader) whole(w want) error {
	for _, part := range w.parts {
		if r.request.Have.Holds(part) {
			continue
		}
		if err := r.sink.Whole(part); err != nil {
			return err
		}
		r.mu.Lock()
		r.report.Bytes += part.Len()
		r.mu.Unlock()
	}
	return nil
}

// failed is the error of a chunk that is not what the metadata says.
func (r *imageReader) failed(w want, why string) error {
	what := why
	if w.layer >= 0 {
		l := &r.layers[w.layer]
		what = l.meta.entries[l.spans[w.chunk].entry].name + ": " + why
	}
	return core.Fail(core.CodeUnreadable, "read the bytes of backup "+string(r.request.Backup), what,
		core.DoReadRest, nil)
}

// lost tells the sink what cannot be had, or ends the reading.
func (r *imageReader) lost(ctx context.Context, w want, why string) error {
	if !r.request.KeepGoing {
		return r.failed(w, why)
	}
	for _, part := range w.parts {
		h := core.Hole{Range: part, Why: why}
		if w.layer >= 0 {
			l := &r.layers[w.layer]
			h.Backup, h.Object = l.meta.backup, l.meta.entries[l.spans[w.chunk].entry].name
		}
		if r.turn != nil {
			if err := r.turn.wait(ctx, part.From); err != nil {
				return err
			}
		}
		if err := r.sink.Hole(h); err != nil {
			return err
		}
		if r.turn != nil {
			r.turn.done(part.To)
		}
		r.mu.Lock()
		r.report.Holes = append(r.report.Holes, h)
		r.mu.Unlock()
		r.tell(part.Len(), 0)
	}
	return nil
}

// tell counts bytes of the volume, and says how far it has come; read, if not 0, are
// the stored ones in all.
func (r *imageReader) tell(bytes, read int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress.Done = min(r.progress.Done+bytes, r.progress.Of)
	r.progress.Read = max(r.progress.Read, read)
	if r.request.Progress != nil && time.Since(r.told) >= progressEvery {
		r.told = time.Now()
		r.request.Progress(r.progress)
	}
}

// close gives up the sha256 files.
func (r *imageReader) close() {
	for _, h := range r.sums {
		if h.file != nil {
			h.file.Close()
		}
	}
}

// placer takes a chunk's data and hands on what is wanted of it.
type placer struct {
	r     *imageReader
	ctx   context.Context
	at    int64 // of the next byte, in the volume
	parts core.Ranges
	err   error // of the sink, which ends everything

	ahead []segment // in order only: what waits for its turn
	held  int64
}

type segment struct {
	at   int64
	data []byte
}

// In order, a few chunks are read at a time, and of each that is not to be written yet
// some bytes are held: half of one of Swift's.
const (
	abreast   = 4
	mostAhead = 24 << 20
)

// Write never fails but with the sink, or when the reading ends.
func (p *placer) Write(b []byte) (int, error) {
	data := core.Range{From: p.at, To: p.at + int64(len(b))}
	for len(p.parts) > 0 {
		if part, some := data.Within(p.parts[0]); some {
			if p.err = p.put(b[part.From-data.From:part.To-data.From], part.From); p.err != nil {
				return 0, p.err
			}
		}
		if p.parts[0].To > data.To {
			break
		}
		p.parts = p.parts[1:]
	}
	p.at = data.To
	return len(b), nil
}

// put hands bytes on, at once or when it is their turn.
func (p *placer) put(b []byte, at int64) error {
	if p.r.turn == nil {
		_, err := p.r.sink.WriteAt(b, at)
		p.r.tell(int64(len(b)), 0)
		return err
	}
	if len(p.ahead) == 0 && p.r.turn.now(at) { // nothing to keep, then
		return p.write(segment{at, b})
	}
	p.ahead = append(p.ahead, segment{at, slices.Clone(b)})
	p.held += int64(len(b))
	return p.flush(p.held >= mostAhead)
}

// flush hands on what waits, as far as it is its turn or, if it must, all of it.
func (p *placer) flush(must bool) error {
	for len(p.ahead) > 0 {
		s := p.ahead[0]
		if !must && !p.r.turn.now(s.at) {
			return nil
		}
		if err := p.r.turn.wait(p.ctx, s.at); err != nil {
			return err
		}
		if err := p.write(s); err != nil {
			return err
		}
		p.ahead = p.ahead[1:]
		p.held -= int64(len(s.data))
	}
	p.ahead = nil
	return nil
}

// write hands bytes on whose turn it is.
func (p *placer) write(s segment) error {
	if _, err := p.r.sink.WriteAt(s.data, s.at); err != nil {
		return err
	}
	p.r.turn.done(s.at + int64(len(s.data)))
	p.r.tell(int64(len(s.data)), 0)
	return nil
}
