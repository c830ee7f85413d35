package jobs

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"hearth/core"
	"hearth/store"
)

// Goal is what an extraction writes.
type Goal string

const (
	GoalFile   Goal = "file"   // a new file, raw and sparse
	GoalDevice Goal = "device" // a block device, all of it
	GoalStream Goal = "stream" // standard output, or a pipe, byte after byte
)

// Extraction is a plan to write the bytes of a volume as of a backup somewhere.
type Extraction struct {
	Image core.Image
	Part  core.Range // of the volume
	To    string     // "-": standard output
	Goal  Goal
	Room  int64       // bytes of the device
	There core.Ranges // that an earlier try, which was broken off, left whole in To's .part
	// SyncEvery is how many bytes of a file are written before they are made safe, so
	// that another try need not read them again; 0: 256 MiB.
	SyncEvery int64
}

// From says of what the bytes are rebuilt: "a full backup and 2 incrementals".
func (x *Extraction) From() string {
	if n := len(x.Image.Chain); n > 1 {
		return "a full backup and " + core.Count(n-1, "incremental")
	}
	return "a full backup"
}

// Extracts reports whether the bytes of the place's backups can be had: from itself, or
// from the repository configured for it.
func (d Desk) Extracts() bool {
	_, err := d.imager("")
	return err == nil
}

// imager is what gives the bytes of the place's backups: the place itself, or the
// repository that is configured for it.
func (d Desk) imager(tried string) (store.Imager, error) {
	if i, ok := d.Place.(store.Imager); ok {
		return i, nil
	}
	if i, ok := d.Source.(store.Imager); ok {
		return i, nil
	}
	return nil, core.Fail(core.CodeUnsupported, tried, d.Place.Info().Location+" does not give a backup's bytes",
		core.DoRepository, nil)
}

// PlanExtract looks at what there is to read and at where it shall go; nothing is
// written. A part that ends at 0 goes to the end. CodeConflict where the file is there
// already, CodeRefused for a device that is in use or too small.
func (d Desk) PlanExtract(ctx context.Context, id core.BackupID, part core.Range, to string) (Extraction, error) {
	tried := "extract backup " + string(id) + " to " + to
	source, err := d.imager(tried)
	if err != nil {
		return Extraction{}, err
	}
	x := Extraction{To: to, Part: part}
	if x.Image, err = source.Image(ctx, id); err != nil {
		return x, err
	}
	if x.Part, err = partOf(x.Image, part, tried); err != nil {
		return x, err
	}
	if x.Goal, err = goalOf(to, tried); err != nil {
		return x, err
	}
	switch x.Goal {
	case GoalFile:
		x.There, err = x.left()
	case GoalDevice:
		x.Room, err = roomOf(to, x.Part.Len(), tried)
	}
	return x, err
}

// partOf is the part that is asked for, with its end.
func partOf(image core.Image, part core.Range, tried string) (core.Range, error) {
	if part.To == 0 {
		part.To = image.Size
	}
	if part.From < 0 || part.From >= part.To || part.To > image.Size {
		return part, core.Fail(core.CodeUsage, tried, "that part is not in it", fmt.Sprintf("it has %d bytes", image.Size), nil)
	}
	return part, nil
}

// goalOf says what a path stands for.
func goalOf(to, tried string) (Goal, error) {
	if to == "-" {
		return GoalStream, nil
	}
	info, err := os.Stat(to)
	switch {
	case os.IsNotExist(err):
		if dir, derr := os.Stat(filepath.Dir(to)); derr != nil || !dir.IsDir() {
			return "", core.Fail(core.CodeNotFound, tried, "there is no folder "+filepath.Dir(to), "make it first", derr)
		}
		return GoalFile, nil
	case err != nil:
		return "", core.Fail(core.CodeUnreadable, tried, "what is there cannot be looked at", "", err)
	case info.Mode()&os.ModeNamedPipe != 0:
		return GoalStream, nil
	case info.Mode()&os.ModeDevice != 0 && info.Mode()&os.ModeCharDevice == 0:
		return GoalDevice, nil
	case info.IsDir():
		return "", core.Fail(core.CodeUsage, tried, "that is a folder", "name a file in it", nil)
	}
	return "", core.Fail(core.CodeConflict, tried, "it is there already, and nothing is overwritten",
		"name another file, or move that one away", nil)
}

// Extract does what was planned: it reads each byte and holds it against its sums, and
// what it writes to a file has its name only once it is whole. With keep it goes on
// past what cannot be had, which the report names: zeros stand there then, and
// CodePartial is returned. out is where a stream goes that has no path.
func (d Desk) Extract(
	ctx context.Context, x Extraction, keep bool, out io.Writer, progress func(core.ImageProgress),
) (core.ImageReport, error) {
	tried := "extract backup " + string(x.Image.Backup) + " to " + x.To
	source, err := d.imager(tried)
	if err != nil {
		return core.ImageReport{}, err
	}
	req := core.ImageRequest{Backup: x.Image.Backup, Part: x.Part, KeepGoing: keep, InOrder: x.Goal == GoalStream, Progress: progress}
	var sink finisher
	switch x.Goal {
	case GoalStream:
		sink, err = openStream(x, out, tried)
	case GoalDevice:
		sink, err = openDevice(x, tried)
	default:
		var part *partFile
		if part, err = openPart(x, tried); err == nil {
			req.Have, sink = part.have, part
		}
	}
	if err != nil {
		return core.ImageReport{}, err
	}
	report, err := source.ReadImage(ctx, req, sink)
	if ferr := sink.finish(err == nil); err == nil {
		err = ferr
	}
	if err == nil && len(report.Holes) > 0 {
		var lost int64
		for _, h := range report.Holes {
			lost += h.Len()
		}
		err = core.Fail(core.CodePartial, tried, fmt.Sprintf("%s in %s could not be had, and are zeros there", core.Bytes(lost),
			core.Count(len(report.Holes), "place")), "look for another copy of the backup", nil)
	}
	return report, err
}

// finisher is a sink that is closed in the end: what it took has its name then, if it
// is whole.
type finisher interface {
	core.ImageSink
	finish(whole bool) error
}

// stream writes byte after byte.
type stream struct {
	out   io.Writer
	close func() error
	tried string
}

func openStream(x Extraction, out io.Writer, tried string) (*stream, error) {
	if x.To == "-" {
		return &stream{out: out, close: func() error { return nil }, tried: tried}, nil
	}
	f, err := os.OpenFile(x.To, os.O_WRONLY, 0)
	if err != nil {
		return nil, unwritten(tried, err)
	}
	return &stream{out: f, close: f.Close, tried: tried}, nil
}

func (s *stream) WriteAt(b []byte, _ int64) (int, error) {
	n, err := s.out.Write(b)
	if err != nil {
		return n, core.Fail(core.CodeUnavailable, s.tried, "whoever reads it has gone away, or takes no more", "", err)
	}
	return n, nil
}

func (s *stream) Whole(core.Range) error { return nil }

var zeros [1 << 16]byte

func (s *stream) Hole(h core.Hole) error {
	for left := h.Len(); left > 0; {
		n, err := s.WriteAt(zeros[:min(left, int64(len(zeros)))], 0)
		if err != nil {
			return err
		}
		left -= int64(n)
	}
	return nil
}

func (s *stream) finish(bool) error { return s.close() }

// unwritten is the error of a file or device that does not take what it is given.
func unwritten(tried string, err error) error {
	code, what, next := core.CodeUnavailable, "it does not take what is written", "what is whole of it is kept: run the same again"
	switch {
	case full(err):
		what, next = "there is no room left", "make room, and run the same again: what is whole of it is kept"
	case os.IsPermission(err):
		code, what, next = core.CodeDenied, "it may not be written", "run it as a user who may"
	}
	return core.Fail(code, tried, what, next, err)
}
