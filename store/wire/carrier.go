package wire

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"hearth/core"
)

// Carrier carries requests, and bounds the answers ([Within]). It asks for packed answers
// itself and unpacks them, so that both can be counted: what it carries with must not
// (DisableCompression).
type Carrier struct {
	With http.RoundTripper
	// Pack asks for packed answers.
	Pack bool
	// Stricter, if not nil, are bounds for requests that a library makes by itself; false:
	// those of the context.
	Stricter func(*http.Request) (Bounds, bool)

	Patience time.Duration // for each [steady] bytes of an answer; 0: a minute
}

// MostHeader bounds the header of an answer.
const MostHeader = 1 << 20

// steady is how many bytes of an answer have to come in the time of Carrier.Patience.
const steady = 64 << 10

// RoundTrip is http.RoundTripper's.
func (c *Carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	bounds := boundsOf(r.Context())
	if c.Stricter != nil {
		if b, ok := c.Stricter(r); ok {
			bounds = b
		}
	}
	hide(r.Header)
	ctx, cancel := context.WithCancel(r.Context())
	own := r.WithContext(ctx)
	asks := c.Pack && r.Method != http.MethodHead && r.Header.Get("Accept-Encoding") == "" && r.Header.Get("Range") == ""
	if asks {
		own.Header = r.Header.Clone()
		own.Header.Set("Accept-Encoding", "gzip")
	}
	res, err := c.With.RoundTrip(own)
	if err != nil {
		cancel()
		return res, err
	}
	hide(res.Header)
	patience := c.Patience
	if patience == 0 {
		patience = time.Minute
	}
	b := &body{raw: res.Body, host: r.URL.Host, bounds: bounds, cancel: cancel, patience: patience}
	if b.quiet = res.StatusCode >= http.StatusMultipleChoices; b.quiet {
		b.bounds = Bounds{Bytes: mostError}
	}
	b.out = packed{b}
	if asks && res.Header.Get("Content-Encoding") == "gzip" {
		b.packs = true
		res.Header.Del("Content-Encoding")
		res.Header.Del("Content-Length")
		res.ContentLength, res.Uncompressed = -1, true
	}
	res.Body = b
	return res, nil
}

// hide makes the secrets of a header known: they are struck out of what is told of the
// answer.
func hide(h http.Header) {
	for _, name := range []string{"X-Auth-Token", "X-Auth-Key", "X-Subject-Token", "X-Storage-Token", "X-Amz-Security-Token",
		"Authorization", "Proxy-Authorization"} {
		core.Hide(h.Get(name))
	}
}

// body is an answer's, counted as it comes and unpacked.
type body struct {
	raw    io.ReadCloser
	out    io.Reader // what is read: raw, or unpacked
	host   string
	bounds Bounds
	quiet  bool // it ends at its bounds, and that is no error
	packs  bool
	cancel context.CancelFunc // of the request
	came   int64              // bytes, as they came
	read   int64              // bytes, unpacked
	marks  int64
	err    error

	patience time.Duration
	got      int64         // bytes since waiting was last nothing
	waited   time.Duration // for them
	mu       sync.Mutex    // guards what follows
	slow     bool
}

// Read is io.Reader's.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.packs {
		b.packs = false
		z, err := gzip.NewReader(packed{b})
		if err != nil {
			return 0, b.end(err)
		}
		b.out = z
	}
	n, err := b.out.Read(p)
	if b.bounds.Marks > 0 {
		b.marks += int64(bytes.Count(p[:n], []byte{b.bounds.Mark}))
	}
	if left := b.bounds.Bytes - b.read; int64(n) > left || b.bounds.Marks > 0 && b.marks > b.bounds.Marks {
		b.read = b.bounds.Bytes
		return int(min(int64(n), left)), b.end(b.over(int64(n) <= left))
	}
	if b.read += int64(n); err != nil {
		return n, b.end(err)
	}
	return n, nil
}

// over is how an answer ends that is larger than its bounds.
func (b *body) over(marked bool) error {
	if b.quiet {
		return io.EOF
	}
	return &TooMuch{Host: b.host, Most: b.bounds.Bytes, Marked: marked}
}

// end notes how the answer ended: nothing of it is read any more.
func (b *body) end(err error) error {
	b.err = err
	if err != io.EOF {
		b.cancel()
	}
	return err
}

// Close is io.Closer's.
func (b *body) Close() error {
	err := b.raw.Close()
	b.cancel()
	return err
}

// packed is a body as it comes.
type packed struct{ b *body }

// Read counts, and gives up where nearly nothing comes. What waits is the request, which
// its context ends: to close a body one would have to wait for it.
func (p packed) Read(buf []byte) (int, error) {
	b := p.b
	begun := time.Now()
	timer := time.AfterFunc(b.patience-b.waited, func() {
		b.mu.Lock()
		b.slow = true
		b.mu.Unlock()
		b.cancel()
	})
	n, err := b.raw.Read(buf)
	timer.Stop()
	b.came += int64(n)
	b.got, b.waited = b.got+int64(n), b.waited+time.Since(begun)
	b.mu.Lock()
	slow := b.slow
	b.mu.Unlock()
	switch {
	case err != io.EOF && (slow || b.waited >= b.patience && b.got < steady):
		return n, &Slow{Host: b.host, Got: b.got, In: b.waited}
	case b.got >= steady:
		b.got, b.waited = 0, 0
	}
	if b.came > b.bounds.Bytes {
		return n, b.over(false)
	}
	return n, err
}
