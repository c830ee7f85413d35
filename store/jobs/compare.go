package jobs

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"os"
	"slices"
	"sync"

	"hearth/core"
)

// CompareBlock is how many bytes are told to differ or not at a time.
const CompareBlock = 4096

// Comparison is what a file or device holds beside what a backup does.
type Comparison struct {
	Image  core.Image
	Part   core.Range
	Size   int64 // of the file or device
	Blocks int64 // that were compared
	Differ int64 // of them
	// Where the blocks lie that differ: the first of them, in the order of the volume.
	Where core.Ranges
	More  int64       // ranges beyond those
	Holes []core.Hole // of the backup, which nothing can be compared with
	// Short is what the file lacks of the part, in bytes.
	Short int64
}

// Same reports whether it holds all that the backup does.
func (c *Comparison) Same() bool { return c.Differ == 0 && c.Short == 0 && len(c.Holes) == 0 }

// fewRanges is how many ranges that differ are told one by one.
const fewRanges = 1000

// Compare says whether a file or device, such as a restored volume, holds what a
// backup does, block by block: its first byte is the volume's first, whatever part is
// compared. What the backup itself has lost is told as such.
func (d Desk) Compare(
	ctx context.Context, id core.BackupID, part core.Range, path string, progress func(core.ImageProgress),
) (Comparison, error) {
	tried := "compare backup " + string(id) + " with " + path
	var c Comparison
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
	if info, err := os.Stat(path); err == nil && info.Mode()&os.ModeNamedPipe != 0 { // its opening waits
		return c, core.Fail(core.CodeUnreadable, tried, "it cannot be read from any place", "name a file or a block device", nil)
	}
	f, err := os.Open(path)
	switch {
	case os.IsNotExist(err):
		return c, core.Fail(core.CodeNotFound, tried, "there is no such file or device", "", nil)
	case err != nil:
		return c, core.Fail(core.CodeUnreadable, tried, "it cannot be read", "run it as a user who may", err)
	}
	defer f.Close()
	if c.Size, err = f.Seek(0, io.SeekEnd); err != nil {
		return c, core.Fail(core.CodeUnreadable, tried, "it cannot be read from any place", "name a file or a block device", err)
	}
	c.Short = max(0, c.Part.To-c.Size)
	s := &comparer{file: f, tried: tried, size: c.Size}
	report, err := source.ReadImage(ctx, core.ImageRequest{Backup: id, Part: c.Part, KeepGoing: true, Progress: progress}, s)
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

// comparer is a sink that holds what it is given against a file. What differs counts
// once it is told as whole.
type comparer struct {
	file  *os.File
	tried string
	size  int64

	mu    sync.Mutex  // guards what follows
	seen  core.Ranges // that differ, and may not be told as whole yet
	found core.Ranges
}

var compareBuffers = sync.Pool{New: func() any { b := make([]byte, 1<<16); return &b }}

// WriteAt compares block by block; what the file does not have differs.
func (c *comparer) WriteAt(b []byte, at int64) (int, error) {
	buf := *compareBuffers.Get().(*[]byte)
	defer compareBuffers.Put(&buf)
	for from := 0; from < len(b); {
		n := min(len(b)-from, len(buf))
		have, err := c.file.ReadAt(buf[:n], at+int64(from))
		if err != nil && err != io.EOF {
			return from, core.Fail(core.CodeUnreadable, c.tried, "it cannot be read", "look at the device's own messages", err)
		}
		c.part(b[from:from+n], buf[:have], at+int64(from))
		from += n
	}
	return len(b), nil
}

// part compares bytes with those of the file, which may be fewer.
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
