package ceph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"hearth/core"
)

// VolumeForm is how the image of a volume is named, for messages.
const VolumeForm = "rbd:POOL/IMAGE"

const volumeScheme = "rbd:"

// IsVolume reports whether something is named as the image of a volume is: a file that is
// called so is written ./rbd:…
func IsVolume(where string) bool { return strings.HasPrefix(where, volumeScheme) }

// volumeName is an image as QEMU names it (qemu_rbd_parse_filename in its block/rbd.c):
//
//	rbd:POOL/IMAGE[@SNAPSHOT][:id=USER][:conf=FILE][:keyring=FILE][:cluster=NAME]
//
// A backslash before a character takes its meaning from it. QEMU hands on any setting of
// Ceph's; hearth knows those four, and cluster is its own.
type volumeName struct {
	pool, image, snap string
	access            Access
}

// WrongVolume says what is wrong with the name of a volume's image, "" for nothing.
func WrongVolume(where string) string {
	_, wrong := parseVolume(where)
	return wrong
}

func parseVolume(where string) (v volumeName, wrong string) {
	words := cutEscaped(strings.TrimPrefix(where, volumeScheme), ':')
	at := cutEscaped(words[0], '/')
	if !IsVolume(where) || len(at) != 2 {
		return v, "an image of Ceph is written " + VolumeForm
	}
	named := cutEscaped(at[1], '@')
	if len(named) > 2 {
		return v, "an image of Ceph is written " + VolumeForm + "@SNAPSHOT"
	}
	if v.pool, v.image = unescaped(at[0]), unescaped(named[0]); v.pool == "" || v.image == "" {
		return v, "an image of Ceph is written " + VolumeForm
	}
	if len(named) == 2 {
		if v.snap = unescaped(named[1]); v.snap == "" {
			return v, "there is no snapshot behind the @"
		}
	}
	if wrong := WrongPool(v.pool); wrong != "" {
		return v, wrong
	}
	for _, s := range []string{v.image, v.snap} {
		if strings.HasPrefix(s, "-") || strings.ContainsAny(s, "/@") || s != core.Visible(s) {
			return v, "no image and no snapshot of Ceph is called " + core.Visible(s)
		}
	}
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		to := map[string]*string{"id": &v.access.User, "conf": &v.access.Conf, "keyring": &v.access.Keyring, "cluster": &v.access.Cluster}[key]
		switch value = unescaped(value); {
		case to == nil:
			return v, core.Visible(key) + " is none of the options id, conf, keyring and cluster; before a colon that belongs to a name stands a \\"
		case value == "" || *to != "":
			return v, "the option " + key + " has one value"
		}
		*to = value
	}
	return v, ""
}

// cutEscaped cuts at a character where no backslash stands before it; the backslashes stay.
func cutEscaped(s string, at byte) (out []string) {
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case at:
			out, from = append(out, s[from:i]), i+1
		}
	}
	return append(out, s[from:])
}

func unescaped(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Volume is an image of a pool, such as that of a restored volume, which one rbd export-diff
// reads from its first byte to its last: what lies there is read, what does not is zeros. It
// is opened for reading alone. One goroutine reads it at a time.
type Volume struct {
	size int64
	out  *io.PipeReader
	stop context.CancelFunc
	done chan struct{} // closed once the program is gone
	err  error         // with which it went; read it once done is closed
}

// OpenVolume opens an image by its name, rbd:POOL/IMAGE. The program runs until Close, or
// until ctx ends, which ends it. CodeUsage for a name that is none, CodeUnsupported where
// the program rbd is not installed, CodeNotFound where there is no such image or pool,
// CodeDenied where the user may not read it.
func OpenVolume(ctx context.Context, where string) (*Volume, error) {
	tried := "read " + core.Visible(where)
	name, wrong := parseVolume(where)
	if wrong != "" {
		return nil, core.Fail(core.CodeUsage, tried, wrong, "write "+VolumeForm, nil)
	}
	programs, err := findPrograms(tried, name.access, "rbd")
	if err == nil {
		err = programs.check(ctx, tried)
	}
	if err != nil {
		return nil, err
	}
	own, stop := context.WithCancel(ctx)
	out, in := io.Pipe()
	v := &Volume{out: out, stop: stop, done: make(chan struct{})}
	sized := make(chan int64, 1)
	go func() {
		v.err = name.read(own, tried, &programs, &diff{straight: true, sized: func(n int64) { sized <- n },
			put: func(b []byte, _ int64) error { _, err := in.Write(b); return err }})
		in.CloseWithError(v.err) // nil: io.EOF
		close(v.done)
	}()
	select {
	case v.size = <-sized:
		return v, nil
	case <-v.done:
	}
	select {
	case v.size = <-sized: // it was over at once
		return v, nil
	default:
	}
	stop()
	return nil, v.err
}

// read has rbd read the image through.
func (n *volumeName) read(ctx context.Context, tried string, p *programs, d *diff) error {
	args := []string{"export-diff", "--no-progress", "--pool", n.pool, "--image", n.image}
	if n.snap != "" {
		args = append(args, "--snap", n.snap)
	}
	_, err := p.run(ctx, tried, p.rbd, append(args, "--path", "-"), func(r io.Reader) error {
		err := d.read(r)
		switch {
		case errors.Is(err, errJumps):
			err = core.Fail(core.CodeUnsupported, tried, "rbd does not give its bytes in their order, as of an image with fancy striping",
				"map it by rbd device map --read-only, and name that device", err)
		case errors.Is(err, errOdd):
			err = core.Fail(core.CodeUnreadable, tried, "what rbd export-diff prints is not understood: "+err.Error(), "", err)
		}
		return err
	})
	return n.explain(err)
}

// explain says of an image of Cinder's volumes what is otherwise said of a pool of backups.
func (n *volumeName) explain(err error) error {
	e, ok := err.(*core.Error)
	if !ok {
		return err
	}
	switch e.Code {
	case core.CodeNotFound:
		if e.Next = "ceph osd pool ls lists what there is"; e.What == notThereWords {
			what := "there is no such image"
			if n.snap != "" {
				what += ", or snapshot of it,"
			}
			e.What, e.Next = what+" in the pool "+n.pool, "rbd ls -l --pool "+n.pool+" lists what there is"
		}
	case core.CodeDenied:
		if e.Next = "name user and keyring behind it, as " + VolumeForm + ":id=USER:keyring=FILE, or set CEPH_ARGS"; e.What == mayNotWords {
			e.What = "this user of Ceph may not read it"
			e.Next = fmt.Sprintf("give it the caps mon 'profile rbd-read-only' osd 'profile rbd-read-only pool=%s'", n.pool)
		}
	case core.CodeUsage:
		e.Next = "set CEPH_CONF, or name one behind it, as " + VolumeForm + ":conf=FILE"
	}
	return e
}

// Size is how many bytes it has.
func (v *Volume) Size() int64 { return v.size }

// Read reads on. io.EOF says that all of it was read: that the program printed the whole
// image, and ended well. Whatever else ends it is an error that says what.
func (v *Volume) Read(b []byte) (int, error) { return v.out.Read(b) }

// Close ends the program, if it still runs, and waits until it has.
func (v *Volume) Close() error {
	v.stop()
	v.out.Close()
	<-v.done
	return nil
}

// ReadBy says by which program images of volumes are read here. CodeUnsupported where it is
// not installed. Nobody is asked.
func ReadBy() (program string, err error) {
	p, err := findPrograms("read images of Ceph", Access{}, "rbd")
	return p.rbd, err
}
