package jobs

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"slices"
	"sync"

	"hearth/core"
)

// CompareBlock is how many bytes are told to differ or not at a time.
const CompareBlock = 4096

// Comparison is what a file, a device or an image holds beside what a backup does.
type Comparison struct {
	Image  core.Image
	Part   core.Range
	Size   int64 // of what it is held against
	Blocks int64 // that were compared
	Differ int64 // of them
	// Where the blocks lie that differ: the first of them, in the order of the volume.
	Where core.Ranges
	More  int64       // ranges beyond those
	Holes []core.Hole // of the backup, which nothing can be compared with
	// Short is what it lacks of the part, in bytes.
	Short int64
}

// Same reports whether it holds all that the backup does.
func (c *Comparison) Same() bool { return c.Differ == 0 && c.Short == 0 && len(c.Holes) == 0 }

// fewRanges is how many ranges that differ are told one by one.
const fewRanges = 1000

// Compare says whether a file, a device or an image in Ceph (rbd:POOL/IMAGE), such as a
// restored volume, holds what a backup does, block by block: its first byte is the volume's
// first, whatever part is compared. What the backup itself has lost is told as such.
func (d Desk) Compare(
	ctx context.Context, id core.BackupID, part core.Range, where string, progress func(core.ImageProgress),
) (Comparison, error) {
	tried := "compare backup " + string(id) + " with " + where
	if _, err := d.imager(tried); err != nil {
		return Comparison{}, err
	}
	v, err := d.held(ctx, where, tried)
	if err != nil {
		return Comparison{}, err
	}
	return d.compareWith(ctx, id, part, v, progress)
}

// compareWith holds an open volume against a backup, and closes it. What can be read from its
// first byte on alone is held against the backup in that order, without going past what the
// backup has lost: to go past it a repository is read twice. So that is done only where
// something is lost, with the volume opened once more.
func (d Desk) compareWith(
	ctx context.Context, id core.BackupID, part core.Range, v *heldVolume, progress func(core.ImageProgress),
) (c Comparison, err error) {
	defer func() { v.close() }()
	tried := "compare backup " + string(id) + " with " + v.where
	source, err := d.imager(tried)
	if err != nil {
		return c, err
	}
	if c.Image, err = source.Image(ctx, id); err != nil {
		return c, err
	}
	if c.Part, err = partOf(c.Image, part, tried); err != nil {
		return c, err
	}
	req := core.ImageRequest{Backup: id, Part: c.Part, KeepGoing: v.forward == nil, InOrder: v.forward != nil, Progress: progress}
	s := &comparer{volume: v, tried: tried}
	report, err := source.ReadImage(ctx, req, s)
	if err != nil && !req.KeepGoing && s.failed == nil && core.CodeOf(err) != core.CodeCancelled {
		v.close()
		again, aerr := d.held(ctx, v.where, tried)
		if aerr != nil {
			return c, aerr
		}
		v, req.KeepGoing, s = again, true, &comparer{volume: again, tried: tried}
		report, err = source.ReadImage(ctx, req, s)
	}
	if err == nil && v.forward != nil {
		err = v.forward.drained()
	}
	c.Size, c.Short = v.size, max(0, c.Part.To-v.size)
	c.Blocks, c.Holes = blocks(report.Bytes), report.Holes
	for _, r := range s.found {
		c.Differ += blocks(r.Len())
	}
	c.Where = s.found
	if n := len(c.Where); n > fewRanges {
		c.Where, c.More = c.Where[:fewRanges], int64(n-fewRanges)
	}
	return c, err
}

func blocks(bytes int64) int64 { return (bytes + CompareBlock - 1) / CompareBlock }

// comparer is a sink that holds what it is given against a volume. What differs counts
// once it is told as whole.
type comparer struct {
	volume *heldVolume
	tried  string

	mu     sync.Mutex  // guards what follows
	seen   core.Ranges // that differ, and may not be told as whole yet
	found  core.Ranges
	failed error // of the volume
}

var compareBuffers = sync.Pool{New: func() any { b := make([]byte, 1<<16); return &b }}

// WriteAt compares block by block; what the volume does not have differs.
func (c *comparer) WriteAt(b []byte, at int64) (int, error) {
	buf := *compareBuffers.Get().(*[]byte)
	defer compareBuffers.Put(&buf)
	for from := 0; from < len(b); {
		n := min(len(b)-from, len(buf))
		have, err := c.volume.ReadAt(buf[:n], at+int64(from))
		if err != nil && err != io.EOF {
			return from, c.fail(err)
		}
		c.part(b[from:from+n], buf[:have], at+int64(from))
		from += n
	}
	return len(b), nil
}

// fail is the error of a volume that cannot be read any further.
func (c *comparer) fail(err error) error {
	if c.volume.forward == nil {
		err = core.Fail(core.CodeUnreadable, c.tried, "it cannot be read", "look at the device's own messages", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = err
	return err
}

// part compares bytes with those of the volume, which may be fewer.
func (c *comparer) part(want, have []byte, at int64) {
	if bytes.Equal(want, have) {
		return
	}
	for from := 0; from < len(want); {
		n := int(min(CompareBlock-(at+int64(from))%CompareBlock, int64(len(want)-from)))
		if from+n > len(have) || !bytes.Equal(want[from:from+n], have[from:from+n]) {
			c.mu.Lock()
			c.seen = c.seen.Add(core.Range{From: at + int64(from), To: at + int64(from+n)})
			c.mu.Unlock()
		}
		from += n
	}
}

func (c *comparer) Whole(r core.Range) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	first, _ := slices.BinarySearchFunc(c.seen, r.From, func(x core.Range, at int64) int { return cmp.Compare(x.To, at) })
	for _, s := range c.seen[first:] {
		in, ok := s.Within(r)
		if !ok && s.From >= r.To {
			break
		}
		if ok {
			c.found = c.found.Add(in)
		}
	}
	return nil
}

func (c *comparer) Hole(core.Hole) error { return nil }
