package ceph

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
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
	size int64 // of the image; -1: not told yet
	at   int64 // up to where its bytes were handed on
	data int64 // bytes that were read
	// jumps: the data did not come in the order of the image, as with fancy striping; then
	// it is read through, and handed on no more.
	jumps bool
	ended bool
	// put is handed the image's bytes from its first on, zeros where there is no data.
	put func(b []byte, at int64) error
	// sized, if not nil, is told the image's size before any byte of it.
	sized func(int64)
	// straight: data that does not come in the order of the image is an error.
	straight bool
	buf      []byte
}

// piece is how much of an image is handed on at a time.
const piece = 1 << 20

var zeros [piece]byte

// errOdd is the error of bytes that are no diff.
var errOdd = errors.New("it is no diff of version 1")

// errJumps is the error of data that does not come in its order, where that is needed.
var errJumps = errors.New("it jumps")

func readDiff(r io.Reader, put func(b []byte, at int64) error) (*diff, error) {
	d := &diff{put: put}
	return d, d.read(r)
}

// read reads all of it. io.ErrUnexpectedEOF where it ends before its end.
func (d *diff) read(r io.Reader) error {
	d.in, d.size, d.buf = bufio.NewReaderSize(r, 64<<10), -1, make([]byte, piece)
	first := make([]byte, len(diffHead))
	if _, err := io.ReadFull(d.in, first); err != nil {
		return io.ErrUnexpectedEOF // the program says why
	}
	if string(first) != diffHead {
		return errOdd
	}
	for !d.ended {
		if err := d.record(); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	if d.size < 0 {
		return fmt.Errorf("%w: it does not tell the image's size", errOdd)
	}
	return d.skip(d.size)
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
		return d.tell()
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

// tell reads the image's size, which is told once.
func (d *diff) tell() error {
	was := d.size
	if err := binary.Read(d.in, binary.LittleEndian, &d.size); err != nil {
		return err
	}
	if d.size < 0 || was >= 0 {
		return fmt.Errorf("%w: an image of %d bytes", errOdd, d.size)
	}
	if d.sized != nil {
		d.sized(d.size)
	}
	return nil
}

// write hands on data, and the zeros before it.
func (d *diff) write(from, length int64) error {
	if d.straight && from < d.at {
		return errJumps
	}
	if d.jumps = d.jumps || from < d.at; !d.jumps {
		if err := d.skip(from); err != nil {
			return err
		}
	}
	for length > 0 {
		b := d.buf[:min(length, piece)]
		if _, err := io.ReadFull(d.in, b); err != nil {
			return io.ErrUnexpectedEOF
		}
		length -= int64(len(b))
		d.data += int64(len(b))
		if d.jumps {
			continue
		}
		if err := d.put(b, d.at); err != nil {
			return err
		}
		d.at += int64(len(b))
	}
	return nil
}

// skip hands on zeros up to a place in the image.
func (d *diff) skip(to int64) error {
	for d.at < to && !d.jumps {
		b := zeros[:min(to-d.at, piece)]
		if err := d.put(b, d.at); err != nil {
			return err
		}
		d.at += int64(len(b))
	}
	return nil
}

// through reads a backup through, from its snapshot or image, and hands on its bytes.
func (p *Place) through(ctx context.Context, h *held, put func(b []byte, at int64) error) (*diff, error) {
	tried := "read backup " + string(h.row.ID) + " through"
	args := []string{"export-diff", "--no-progress", "--pool", p.pool, "--image", h.image}
	if h.snap != "" {
		args = append(args, "--snap", h.snap)
	}
	var d *diff
	_, err := p.programs.run(ctx, tried, p.programs.rbd, append(args, "--path", "-"), func(r io.Reader) error {
		var err error
		d, err = readDiff(r, put)
		if errors.Is(err, errOdd) {
			err = core.Fail(core.CodeUnreadable, tried, "what rbd export-diff prints is not understood: "+err.Error(), "", err)
		}
		return err
	})
	return d, err
}
