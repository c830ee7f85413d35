// Package repository is a backup repository of Cinder's chunked drivers read
// directly: a folder (the posix, NFS and GlusterFS drivers), an S3 bucket or a
// Swift container. It is never written to. What a database would know of the
// backups is rebuilt from their metadata objects, and what cannot be is said.
package repository

import (
	"context"
	"io"
	"time"
)

// Object is what a listing says of an object. The two names are Cinder's own: in
// a folder the container is a path under the root.
type Object struct {
	Container string
	Name      string
	Size      int64
	MD5       string // of the bytes as stored, in hexadecimal; "" where the listing does not tell
	Problem   string // why it cannot be read, "" if it can

	// Tag and Time tell one state of the object from every other: whoever writes it, with
	// as many bytes too, gives it others, but for two writes in one tick of the clock.
	// Tag is "" where the listing does not tell that much, or for an object that nobody
	// asks it of; Time is when the object last changed, by the clock of where it lies.
	Tag  string
	Time time.Time
}

// Bucket is somewhere that holds objects. Its methods may be called from many
// goroutines; errors are *core.Error.
type Bucket interface {
	// List pages through all there is. The objects of a container that begin with
	// the same words need not come one after the other, but containers do not mix.
	List(ctx context.Context, page func([]Object) error) error
	// ListPrefix pages through the objects of one container whose names begin with
	// a prefix. CodeNotFound if there is no such container.
	ListPrefix(ctx context.Context, container, prefix string, page func([]Object) error) error
	// Get reads an object. CodeNotFound if it is gone.
	Get(ctx context.Context, container, name string) (io.ReadCloser, error)
	// Sorted says whether names come in the order of their characters.
	Sorted() bool
	// Service is the driver that a Cinder would need to read the same, and whether
	// that is sure.
	Service() (class string, sure bool)
	Close() error
}
