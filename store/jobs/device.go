package jobs

import (
	"errors"
	"io"
	"os"
	"runtime"
	"syscall"

	"hearth/core"
)

// device is a block device that is written from its first byte on.
type device struct {
	file  *os.File
	from  int64 // of the volume, at the device's first byte
	tried string
}

// openUnused opens a device that nobody uses: on Linux the kernel refuses one that is
// mounted, or part of something, to whoever asks for it alone (open(2), O_EXCL).
func openUnused(path, tried string) (*os.File, error) {
	if runtime.GOOS != "linux" {
		return nil, core.Fail(core.CodeUnsupported, tried, "whether a device is in use can be told on Linux only",
			"write to a file, or to - and on to the device", nil)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_EXCL, 0)
	switch {
	case errors.Is(err, syscall.EBUSY):
		return nil, core.Fail(core.CodeRefused, tried, "the device is in use",
			"unmount it, and take it out of what uses it; lsblk shows that", err)
	case err != nil:
		return nil, unwritten(tried, err)
	}
	return f, nil
}

// roomOf is how many bytes an unused device has. CodeRefused if they are too few.
func roomOf(path string, need int64, tried string) (int64, error) {
	f, err := openUnused(path, tried)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	room, err := f.Seek(0, io.SeekEnd)
	switch {
	case err != nil:
		return 0, unwritten(tried, err)
	case room < need:
		return room, core.Fail(core.CodeRefused, tried, "the device has "+core.Bytes(room)+", and "+core.Bytes(need)+" are needed",
			"name a larger one", nil)
	}
	return room, nil
}

func openDevice(x Extraction, tried string) (*device, error) {
	f, err := openUnused(x.To, tried)
	if err != nil {
		return nil, err
	}
	return &device{file: f, from: x.Part.From, tried: tried}, nil
}

// WriteAt writes zeros too: what the device held before is not known.
func (d *device) WriteAt(b []byte, at int64) (int, error) {
	n, err := d.file.WriteAt(b, at-d.from)
	if err != nil {
		return n, unwritten(d.tried, err)
	}
	return n, nil
}

func (d *device) Whole(core.Range) error { return nil }

func (d *device) Hole(h core.Hole) error { return wipe(d.file, h.From-d.from, h.Len(), d.tried) }

func (d *device) finish(bool) error {
	err := errors.Join(d.file.Sync(), d.file.Close())
	if err != nil {
		return unwritten(d.tried, err)
	}
	return nil
}
