package jobs

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"hearth/core"
	"hearth/store"
)

// heldVolume is a volume as this machine reads it: a file, a block device, or an image in
// Ceph.
type heldVolume struct {
	io.ReaderAt
	where string
	size  int64
	// forward, if not nil, is what ReaderAt reads: only from the first byte on, and by one at
	// a time.
	forward *forward
	close   func() error
}

// held opens what a path or the name of an image in Ceph stands for.
func (d Desk) held(ctx context.Context, where, tried string) (*heldVolume, error) {
	if store.IsRBD(where) {
		return d.heldImage(ctx, where, tried)
	}
	if info, err := os.Stat(where); err == nil && info.Mode()&os.ModeNamedPipe != 0 { // its opening waits
		return nil, core.Fail(core.CodeUnreadable, tried, "it cannot be read from any place", "name a file or a block device", nil)
	}
	f, err := os.Open(where)
	switch {
	case os.IsNotExist(err):
		return nil, core.Fail(core.CodeNotFound, tried, "there is no such file or device", "", nil)
	case err != nil:
		return nil, core.Fail(core.CodeUnreadable, tried, "it cannot be read", "run it as a user who may", err)
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		f.Close()
		return nil, core.Fail(core.CodeUnreadable, tried, "it cannot be read from any place", "name a file or a block device", err)
	}
	return &heldVolume{ReaderAt: f, where: where, size: size, close: f.Close}, nil
}

func (d Desk) heldImage(ctx context.Context, where, tried string) (*heldVolume, error) {
	if d.RBD == nil {
		return nil, core.Fail(core.CodeUnsupported, tried, "images in Ceph are not read here", "name a file or a block device", nil)
	}
	s, err := d.RBD(ctx, where)
	if err != nil {
		return nil, err
	}
	f := &forward{in: s, size: s.Size(), tried: tried}
	return &heldVolume{ReaderAt: f, where: where, size: f.size, forward: f, close: s.Close}, nil
}

// forward reads a stream at places that only go on.
type forward struct {
	in    io.Reader
	size  int64
	at    int64 // of its next byte
	tried string
}

// ReadAt passes over what lies before. io.EOF behind the last byte of the size that was told,
// and nowhere else.
func (f *forward) ReadAt(b []byte, at int64) (n int, err error) {
	if at < f.at {
		return 0, core.Fail(core.CodeInternal, f.tried, fmt.Sprintf("byte %d is read after byte %d", at, f.at), "", nil)
	}
	if to := min(at, f.size); to > f.at {
		passed, err := io.CopyN(io.Discard, f.in, to-f.at)
		if f.at += passed; err != nil {
			return 0, f.early(err)
		}
	}
	for n < len(b) && f.at < f.size {
		m, err := f.in.Read(b[n:min(int64(len(b)), int64(n)+f.size-f.at)])
		n += m
		if f.at += int64(m); err != nil && f.at < f.size {
			return n, f.early(err)
		}
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// drained says of a stream that was read to its last byte whether it ended as it should: that
// is known only then. One of which more is left is given up.
func (f *forward) drained() error {
	if f.at < f.size {
		return nil
	}
	var b [1]byte
	switch n, err := f.in.Read(b[:]); {
	case err == io.EOF && n == 0:
		return nil
	case err != nil && err != io.EOF:
		return f.early(err)
	}
	return core.Fail(core.CodeUnreadable, f.tried, "it goes on behind its end", "", nil)
}

// early is the error of a stream that did not come to its size.
func (f *forward) early(err error) error {
	if err != io.EOF {
		return err
	}
	return core.Fail(core.CodeUnreadable, f.tried, fmt.Sprintf("it ends after %d of %d bytes", f.at, f.size), "try again", nil)
}

// lvmDevices is where LVM shows the volumes of Cinder's LVM driver (volume_name_template).
const lvmDevices = "/dev/*/volume-{id}"

// findVolume finds where this machine can read a volume, and opens it; why says that it
// cannot. The first template that leads to it counts; an image in Ceph that cannot be
// opened leaves it to those that follow.
func (d Desk) findVolume(ctx context.Context, templates []string, id core.VolumeID, tried string) (v *heldVolume, why string) {
	if _, uuid := core.KeyOf(string(id)); !uuid {
		return nil, "the volume's id is no UUID, and is put into no path"
	}
	var paths, said []string
	for _, t := range append(append([]string(nil), templates...), lvmDevices) {
		where := strings.ReplaceAll(t, "{id}", string(id))
		if store.IsRBD(t) {
			v, err := d.heldImage(ctx, where, tried)
			if err == nil {
				return v, ""
			}
			if said = append(said, core.Visible(where)+": "+because(err)); ctx.Err() != nil {
				return nil, because(err)
			}
			continue
		}
		paths = append(paths, t)
		path, why := findPath(where)
		if why != "" {
			return nil, why
		}
		if path == "" {
			continue
		}
		v, err := d.held(ctx, path, tried)
		if err != nil {
			return nil, core.Visible(path) + " cannot be read here: run it as a user who may"
		}
		return v, ""
	}
	said = append([]string{"this machine has the volume at none of " + core.Visible(strings.Join(paths, ", "))}, said...)
	return nil, strings.Join(said, "; ")
}

// findPath finds what a pattern leads to, "" for nothing; why says that it is nothing that
// could be read.
func findPath(pattern string) (path, why string) {
	found, err := filepath.Glob(pattern)
	if err != nil {
		return "", "the path " + core.Visible(pattern) + " of the config cannot be looked for: " + err.Error()
	}
	if len(found) == 0 {
		return "", ""
	}
	if at, err := os.Stat(found[0]); err == nil && !at.Mode().IsRegular() && at.Mode().Type() != fs.ModeDevice {
		return "", core.Visible(found[0]) + " is neither a file nor a block device" // a pipe would be waited for
	}
	return found[0], ""
}

// WrongTemplate says what is wrong with a template of the config for where volumes are found,
// "" for nothing.
func WrongTemplate(t string) string {
	switch {
	case !strings.Contains(t, "{id}"), !store.IsRBD(t) && !strings.HasPrefix(t, "/"):
		return core.Visible(t) + ` is no path and no image in Ceph with {id} in it, such as "/srv/volumes/volume-{id}" or ` +
			`"rbd:volumes/volume-{id}"`
	case store.IsRBD(t):
		if wrong := store.WrongRBD(t); wrong != "" {
			return core.Visible(t) + ": " + wrong
		}
	}
	return ""
}
