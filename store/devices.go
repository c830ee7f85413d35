package store

import (
	"context"
	"io"

	"hearth/core"
	"hearth/store/ceph"
)

// Stream is what a volume holds, read outside of Cinder from its first byte to its last.
type Stream interface {
	// Read returns io.EOF where all Size bytes were read, and it is certain that they
	// were. What else ends the reading is an error that says why.
	io.ReadCloser
	Size() int64
}

// RBDSyntax is how the image of a volume in Ceph is named, for messages.
const RBDSyntax = ceph.VolumeForm

// OpenRBD opens the image of a volume in Ceph, named rbd:POOL/IMAGE; ctx ends its reading,
// too. Errors are *core.Error, CodeNotFound where there is none.
func OpenRBD(ctx context.Context, where string) (Stream, error) {
	v, err := ceph.OpenVolume(ctx, where)
	if err != nil {
		return nil, err // not a typed nil
	}
	return v, nil
}

// IsRBD reports whether where names an image in Ceph, and not a path.
func IsRBD(where string) bool { return ceph.IsVolume(where) }

// WrongRBD says what is wrong with the name of an image in Ceph, "" for nothing.
func WrongRBD(where string) string { return ceph.WrongVolume(where) }

// CheckDevices says by which program this machine reads the volumes that templates, such as
// those of the config, find in Ceph. Nobody is asked; nothing is said where there are none.
func CheckDevices(templates []string) []core.Checked {
	c := core.Checked{What: "volumes in Ceph"}
	program, err := ceph.ReadBy()
	for _, t := range templates {
		switch {
		case !IsRBD(t):
			continue
		case err == nil:
			t += ", read by " + program
		}
		c.Lines = append(c.Lines, core.Visible(t))
	}
	if c.Err = err; len(c.Lines) == 0 {
		return nil
	}
	return []core.Checked{c}
}
