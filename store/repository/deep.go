package repository

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/zlib"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"hearth/core"
)

// mostHashes is how many blocks of one chunk are compared at most: hashes for 8 GiB in
// blocks of Cinder's size take 8 MiB, and several chunks are read at a time.
const mostHashes = 1 << 18

// deep reads the chunks, in the order of the volume, several at a time, and beside
// them the sha256 file from front to end.
func (v *verifier) deep(ctx context.Context, r *reading, g *group, m *metadata) error {
	hs, err := v.openHashes(ctx, r, g, m)
	if err != nil {
		return err
	}
	if hs != nil {
		defer hs.Close()
	}
	var wait sync.WaitGroup
	defer wait.Wait()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	spans, _ := m.spans()
	for _, s := range spans {
		e := &m.entries[s.entry]
		at := g.find(e.name)
		if at < 0 || g.chunks[at].problem || encodingOf(e.compression) == unknown {
			continue
		}
		select {
		case v.slots <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		job := &chunkJob{v: v, r: r, entry: e, object: Object{Container: g.container, Name: e.name, Size: g.chunks[at].size}}
		if hs != nil {
			if job.hashes, hs, err = v.hashesOf(r, g, hs, s); err != nil {
				<-v.slots
				return err
			}
			job.block = hs.blockSize()
		}
		wait.Go(func() {
			defer func() { <-v.slots }()
			if err := job.run(ctx); err != nil {
				stop(err)
			}
		})
	}
	wait.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if hs != nil {
		return v.restOfHashes(ctx, r, g, hs, m)
	}
	return nil
}

// openHashes opens the sha256 file; nil where there is nothing to compare with.
func (v *verifier) openHashes(ctx context.Context, r *reading, g *group, m *metadata) (*hashes, error) {
	switch {
	case !g.hashes.Set && m.y2014:
		return nil, nil
	case !g.hashes.Set:
		r.flaw(core.FlawHashesMissing, warning, g.prefix+hashesSuffix,
			"there is no sha256 file: a restore does not need it, but no incremental can be made on this backup")
		return nil, nil
	}
	h, err := v.place.scanner.openHashes(ctx, g)
	if err != nil {
		return nil, v.unusable(r, g, err)
	}
	if h.backup != string(m.backup) {
		r.flaw(core.FlawHashesUnusable, warning, g.hashesObject().Name, "the sha256 file is of the backup %s", h.backup)
		h.Close()
		return nil, nil
	}
	return h, nil
}

// unusable notes that the sha256 file is of no use; other errors end the
// verification.
func (v *verifier) unusable(r *reading, g *group, err error) error {
	var bad *errHashes
	switch code := core.CodeOf(err); {
	case errors.As(err, &bad):
		r.flaw(core.FlawHashesUnusable, warning, g.hashesObject().Name,
			"the sha256 file is of no use: %s; a restore does not need it, but no incremental can be made on this backup", bad.what)
	case code == core.CodeNotFound, code == core.CodeDenied, code == core.CodeUnreadable:
		r.flaw(core.FlawHashesUnusable, warning, g.hashesObject().Name, "the sha256 file cannot be read: %v", err)
	default:
		return err
	}
	return nil
}

func (h *hashes) blockSize() int64 {
	if h == nil {
		return 0
	}
	return h.block
}

// hashesOf reads the hashes of the blocks of a span. It returns the file to go on
// with: nil once it is of no use any more.
func (v *verifier) hashesOf(r *reading, g *group, h *hashes, s span) ([][32]byte, *hashes, error) {
	first, n := s.from/h.block, (s.to-s.from+h.block-1)/h.block
	switch {
	case s.from%h.block != 0 || n > mostHashes:
		r.flaw(core.FlawHashesUnusable, note, g.hashesObject().Name,
			"blocks of %d bytes do not fit a chunk of %d at %d, which is not compared with them", h.block, s.to-s.from, s.from)
		return nil, h, nil
	case first < h.next: // chunks overlap, which was told
		return nil, h, nil
	}
	out := make([][32]byte, 0, min(n, 1<<16))
	for h.next < first+n {
		text, ok, err := h.read()
		if err == nil && !ok {
			err = &errHashes{"it ends before the last chunk does"}
		}
		if err != nil {
			err = h.explain(g.hashesObject(), err)
			h.Close()
			return nil, nil, v.unusable(r, g, err)
		}
		if h.next > first {
			var sum [32]byte
			if b, ok := digest(text, 32); ok {
				copy(sum[:], b)
			}
			out = append(out, sum)
		}
	}
	return out, h, nil
}

// restOfHashes reads the sha256 file to its end: an incremental's goes on after its
// last chunk, a full backup's does not.
func (v *verifier) restOfHashes(ctx context.Context, r *reading, g *group, h *hashes, m *metadata) error {
	before := h.next
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		_, ok, err := h.read()
		if err != nil {
			return v.unusable(r, g, h.explain(g.hashesObject(), err))
		}
		if !ok {
			break
		}
	}
	if more := h.next - before; more > 0 && m.parent == "" && !m.oldLayout() && before > 0 {
		r.flaw(core.FlawLayout, damage, g.hashesObject().Name,
			"the sha256 file goes on for %s after the last chunk: the backup's end is missing",
			core.Count(int(min(more, 1<<40)), "block"))
	}
	return nil
}

// chunkJob reads one chunk.
type chunkJob struct {
	v      *verifier
	r      *reading
	entry  *entry
	object Object
	hashes [][32]byte // of its blocks; none: not compared
	block  int64
	to     *placer // takes the data too; nil: nobody wants it
}

// stored counts and keeps the error of the bytes as they are stored.
type stored struct {
	in   io.Reader
	sum  hash.Hash // nil: not wanted
	name string    // of the object
	most int64     // that it can have
	n    int64
	err  error
}

// most is how many bytes the chunk can have as it is stored: as many as the listing says,
// or as its data takes packed badly, since a listing tells nothing of an object that Swift
// puts together.
func (j *chunkJob) most() int64 {
	packed := j.entry.length + j.entry.length/8 + 64<<10
	return max(j.object.Size, packed)
}

func (s *stored) Read(b []byte) (int, error) {
	n, err := s.in.Read(b)
	if s.n += int64(n); s.n > s.most {
		s.err = core.Fail(core.CodeUnreadable, "read "+s.name, "it goes on after "+core.Bytes(s.most)+", and can have no more",
			"look what answers there", nil)
		return n, s.err
	}
	if s.sum != nil {
		s.sum.Write(b[:n])
	}
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

var buffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 256<<10) }}

// run reads the chunk and notes what is wrong. The error is one that ends the
// verification: cancelled, or nothing can be read any more.
func (j *chunkJob) run(ctx context.Context) error {
	in, err := j.v.place.bucket.Get(ctx, j.object.Container, j.object.Name)
	if err != nil {
		return j.unread(ctx, err)
	}
	defer in.Close()
	raw := &stored{in: contextReader{ctx, in}, name: j.object.Name, most: j.most()}
	if encodingOf(j.entry.compression) != plain {
		raw.sum = md5.New() // up to Kilo it is of the bytes as stored
	}
	buf := buffers.Get().(*bufio.Reader)
	buf.Reset(raw)
	defer func() { buf.Reset(nil); buffers.Put(buf) }()
	out := &blocks{md5: md5.New(), want: j.hashes, block: j.block, sum: sha256.New()}
	n, err := j.decompress(buf, j.both(out))
	if j.to != nil && j.to.err != nil {
		return j.to.err
	}
	if raw.err != nil || ctx.Err() != nil {
		return j.unread(ctx, broken("read "+j.object.Name, errors.Join(ctx.Err(), raw.err)))
	}
	out.close()
	sum := hex.EncodeToString(out.md5.Sum(nil))
	trails := err == nil && n <= j.entry.length && more(buf)
	if raw.sum != nil {
		if _, cerr := io.Copy(io.Discard, buf); cerr != nil {
			return j.unread(ctx, broken("read "+j.object.Name, cerr))
		}
		if old := hex.EncodeToString(raw.sum.Sum(nil)); strings.EqualFold(old, j.entry.md5) {
			sum = old
		}
	}
	j.judge(n, err, sum, out, trails)
	j.v.readChunk(j.r, raw.n, out.compared)
	return nil
}

// both are the hashes, and whoever wants the data.
func (j *chunkJob) both(out *blocks) io.Writer {
	if j.to == nil {
		return out
	}
	return io.MultiWriter(out, j.to)
}

// judge notes what is wrong with a chunk that was read.
func (j *chunkJob) judge(n int64, err error, sum string, out *blocks, trailing bool) {
	e, name := j.entry, j.entry.name
	_, told := digest(e.md5, 16)
	same := !told || strings.EqualFold(sum, e.md5)
	if err != nil && n == e.length && same && encodingOf(e.compression) == bzipped && strings.Contains(err.Error(), "continuation") {
		err, trailing = nil, true // as Python's, this reader has the data before it meets what follows
	}
	switch {
	case err != nil:
		j.r.flaw(core.FlawDecompress, damage, name, "it does not decompress: %v", plainly(err))
		return
	case n != e.length:
		what := "only "
		if n > e.length {
			what = "more than "
			n = e.length
		}
		j.r.flaw(core.FlawLength, damage, name, "it holds %s%d bytes of data, and should hold %d", what, n, e.length)
		return
	case !same:
		j.r.flaw(core.FlawMD5, damage, name, "its data has another md5 than the metadata says: bytes have changed")
	}
	if trailing {
		j.r.flaw(core.FlawTrailing, warning, name, "bytes follow the end of its compressed data, which a restore passes over")
	}
	if out.wrong > 0 {
		severity, why := warning, "its md5 is right, so that a restore works, but an incremental made on this backup would not fit"
		if !same {
			severity, why = damage, "bytes have changed"
		}
		j.r.flaw(core.FlawSHA256, severity, name, "%s of it, the first at byte %d of the volume, %s not what the sha256 file says: %s",
			core.Count(out.wrong, "block"), e.offset+int64(out.first)*j.block, isOrAre(out.wrong), why)
	}
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// more reports whether something follows.
func more(r *bufio.Reader) bool {
	_, err := r.ReadByte()
	return err == nil
}

// plainly is an error of a decompressor in few words.
func plainly(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	return err.Error()
}

// unread notes a chunk that cannot be read.
func (j *chunkJob) unread(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if core.CodeOf(err) == core.CodeNotFound {
		j.r.flaw(core.FlawMissingObject, damage, j.object.Name, "it went away during the verification")
		return nil
	}
	j.r.flaw(core.FlawUnreadable, damage, j.object.Name, "%v", err)
	j.v.mu.Lock()
	defer j.v.mu.Unlock()
	if j.v.failures++; j.v.failures >= tooManyFailures {
		return err
	}
	return nil
}

// readChunk counts a chunk that was read.
func (v *verifier) readChunk(r *reading, n, compared int64) {
	r.mu.Lock()
	r.Bytes += n
	r.Blocks += compared
	r.mu.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.failures = 0
	v.progress.Bytes += n
	v.tell(false)
}

// zstdWindow bounds what a chunk can ask a decompressor to hold; Cinder's own ask
// for 8 MiB at most.
const zstdWindow = 64 << 20

var zstds = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
	if err != nil {
		panic(err) // the options are constants
	}
	return d
}}

// decompress writes the data to out, and at most one byte more than the metadata
// promises: a few bytes can decompress to terabytes.
func (j *chunkJob) decompress(in *bufio.Reader, out io.Writer) (int64, error) {
	limit := j.entry.length
	if limit < 1<<62 {
		limit++
	}
	switch encodingOf(j.entry.compression) {
	case zlibbed:
		z, err := zlib.NewReader(in)
		if err != nil {
			return 0, err
		}
		defer z.Close()
		return io.Copy(out, io.LimitReader(z, limit))
	case bzipped:
		return io.Copy(out, io.LimitReader(bzip2.NewReader(in), limit))
	case zstandard:
		if head, err := in.Peek(1); len(head) == 0 { // to the library nothing is a whole stream
			return 0, errors.Join(io.ErrUnexpectedEOF, err)
		}
		z := zstds.Get().(*zstd.Decoder)
		defer func() { z.Reset(nil); zstds.Put(z) }()
		if err := z.Reset(in); err != nil {
			return 0, err
		}
		return io.Copy(out, io.LimitReader(z, limit))
	}
	return io.Copy(out, io.LimitReader(in, limit))
}

// contextReader ends with its context, which a file's reader does not.
type contextReader struct {
	ctx context.Context
	in  io.Reader
}

func (c contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.in.Read(b)
}

// blocks hashes data as a whole and block by block.
type blocks struct {
	md5      hash.Hash
	sum      hash.Hash
	want     [][32]byte
	block    int64 // bytes of each
	filled   int64 // bytes of the one that is being hashed
	next     int
	wrong    int
	first    int // that is wrong
	compared int64
}

func (b *blocks) Write(data []byte) (int, error) {
	b.md5.Write(data)
	if b.block <= 0 || b.next >= len(b.want) {
		return len(data), nil
	}
	for rest := data; len(rest) > 0; {
		n := int(min(int64(len(rest)), b.block-b.filled))
		b.sum.Write(rest[:n])
		rest = rest[n:]
		if b.filled += int64(n); b.filled == b.block {
			b.close()
		}
	}
	return len(data), nil
}

// close compares the block that is being hashed; the last may be short.
func (b *blocks) close() {
	if b.filled == 0 || b.next >= len(b.want) {
		return
	}
	var sum [32]byte
	b.sum.Sum(sum[:0])
	if !bytes.Equal(sum[:], b.want[b.next][:]) {
		if b.wrong == 0 {
			b.first = b.next
		}
		b.wrong++
	}
	b.sum.Reset()
	b.filled = 0
	b.next++
	b.compared++
}
