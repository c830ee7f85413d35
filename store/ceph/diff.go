package ceph

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"hearth/core"
)

// A diff is what rbd export-diff prints (doc/dev/rbd-diff.rst of Ceph): "rbd diff v1\n",
// then records, each a letter and what follows it, numbers little-endian:
//
//	f, t  the names of the snapshots that it goes from and to: a length of 4 bytes, the name
//	s     the size of the image, in 8 bytes
//	w     data: where it begins and how long it is, in 8 bytes each, and the bytes
//	z     zeros: the same without bytes
//	e     the end
const diffHead = "rbd diff v1\n"

// longestName is the length beyond which a snapshot's name is not believed.
const longestName = 64 << 10

// diff is one that is read through.
type diff struct {
	in   *bufio.Reader
	sum  hash.Hash // of the image's bytes from its first on, zeros where there is no data
	size int64     // of the image; -1: not told yet
	at   int64     // up to where it is summed
	data int64     // bytes that were read
	// jumps: the data did not come in the order of the image, as with fancy striping; then
	// it was read through, and there is no sum.
	jumps bool
	ended bool
	told  func(bytes int64)
}

var zeros [256 << 10]byte

// errOdd is the error of bytes that are no diff.
var errOdd = errors.New("it is no diff of version 1")

func readDiff(r io.Reader, told func(bytes int64)) (*diff, error) {
	d := &diff{in: bufio.NewReaderSize(r, 256<<10), sum: sha256.New(), size: -1, told: told}
	first := make([]byte, len(diffHead))
	if _, err := io.ReadFull(d.in, first); err != nil {
		return d, io.ErrUnexpectedEOF // the program says why
	}
	if string(first) != diffHead {
		return d, errOdd
	}
	for !d.ended {
		if err := d.record(); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return d, err
		}
	}
	if d.size < 0 {
		return d, fmt.Errorf("%w: it does not tell the image's size", errOdd)
	}
	return d, d.skip(d.size)
}

func (d *diff) record() error {
	kind, err := d.in.ReadByte()
	if err != nil {
		return err
	}
	switch kind {
	case 'f', 't':
		var n uint32
		if err := binary.Read(d.in, binary.LittleEndian, &n); err != nil {
			return err
		}
		if n > longestName {
			return fmt.Errorf("%w: a name of %d bytes", errOdd, n)
		}
		_, err := d.in.Discard(int(n))
		return err
	case 's':
		return binary.Read(d.in, binary.LittleEndian, &d.size)
	case 'w', 'z':
		var span struct{ From, Length int64 }
		if err := binary.Read(d.in, binary.LittleEndian, &span); err != nil {
			return err
		}
		if span.From < 0 || span.Length < 0 || span.From > d.size-span.Length {
			return fmt.Errorf("%w: %d bytes at %d of an image of %d", errOdd, span.Length, span.From, d.size)
		}
		if kind == 'z' {
			return nil
		}
		return d.write(span.From, span.Length)
	case 'e':
		d.ended = true
		return nil
	}
	return fmt.Errorf("%w: a record %q", errOdd, kind)
}

// write sums data, and the zeros before it.
func (d *diff) write(from, length int64) error {
	if d.jumps = d.jumps || from < d.at; !d.jumps {
		if err := d.skip(from); err != nil {
			return err
		}
	}
	for left := length; left > 0; {
		n := min(left, 4<<20)
		if _, err := io.CopyN(d.sum, d.in, n); err != nil {
			return err
		}
		left -= n
		d.data += n
		d.told(n)
	}
	d.at = from + length
	return nil
}

// skip sums zeros up to a place in the image.
func (d *diff) skip(to int64) error {
	if d.jumps {
		return nil
	}
	for d.at < to {
		n := min(to-d.at, int64(len(zeros)))
		d.sum.Write(zeros[:n])
		d.at += n
	}
	return nil
}

// hex is the sum of all the image's bytes, as sha256sum prints it of the whole volume; ""
// where the order of what was read does not give one.
func (d *diff) hex() string {
	if d.jumps {
		return ""
	}
	return hex.EncodeToString(d.sum.Sum(nil))
}

// through reads a backup through, from its snapshot or image.
func (p *Place) through(ctx context.Context, h *held, told func(bytes int64)) (*diff, error) {
	tried := "read backup " + string(h.row.ID) + " through"
	args := []string{"export-diff", "--no-progress", "--pool", p.pool, "--image", h.image}
	if h.snap != "" {
		args = append(args, "--snap", h.snap)
	}
	var d *diff
	_, err := p.programs.run(ctx, tried, p.programs.rbd, append(args, "--path", "-"), func(r io.Reader) error {
		var err error
		d, err = readDiff(r, told)
		if errors.Is(err, errOdd) {
			err = core.Fail(core.CodeUnreadable, tried, "what rbd export-diff prints is not understood: "+err.Error(), "", err)
		}
		return err
	})
	return d, err
}
