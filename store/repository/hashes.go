package repository

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"hearth/core"
	"hearth/store/scan"
)

// hashes reads a sha256 file (_write_sha256file in cinder/backup/chunkeddriver.py)
// from front to end: for a volume of a terabyte it is of two gigabytes, and is
// never held whole.
type hashes struct {
	in     io.ReadCloser
	dec    *json.Decoder
	backup string
	block  int64 // bytes that each hash covers
	next   int64 // the number of the hash that is read next, from 0
	ended  bool
}

// leastHashes is how much of a sha256 file is read in any case: a listing tells nothing of
// an object that Swift puts together.
const leastHashes = 16 << 20

// mostUnread is how much of a sha256 file is read before something in it is whole.
const mostUnread = 1 << 20

// ahead reads a sha256 file, no further than it can go, nor ahead of what was understood:
// a single text in it could be of gigabytes.
type ahead struct {
	h    *hashes
	read int64
	left int64
}

func (a *ahead) Read(b []byte) (int, error) {
	if a.read-a.h.dec.InputOffset() > mostUnread {
		return 0, &errHashes{"a text in it is longer than any hash"}
	}
	n, err := a.h.in.Read(b)
	a.read += int64(n)
	if a.left -= int64(n); a.left < 0 {
		return 0, &errHashes{"it goes on after its end"}
	}
	return n, err
}

// errHashes is a sha256 file that cannot be used.
type errHashes struct{ what string }

func (e *errHashes) Error() string { return e.what }

// openHashes reads a sha256 file up to its hashes. An *[errHashes] says why it is
// of no use.
func (s *scanner) openHashes(ctx context.Context, g *group) (*hashes, error) {
	o := g.hashesObject()
	if o.Problem != "" {
		return nil, &errHashes{"it is " + o.Problem}
	}
	in, err := s.bucket.Get(ctx, o.Container, o.Name)
	if err != nil {
		return nil, err
	}
	h := &hashes{in: in}
	h.dec = json.NewDecoder(&ahead{h: h, left: max(o.Size, leastHashes)})
	if err := h.head(); err != nil {
		in.Close()
		return nil, h.explain(o, err)
	}
	return h, nil
}

func (h *hashes) explain(o Object, err error) error {
	var bad *errHashes
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &bad):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &errHashes{"it is cut short"}
	case errors.As(err, &syntax):
		return &errHashes{"it is no JSON: " + err.Error()}
	}
	return broken("read "+o.Name, err)
}

// head reads the keys before the hashes. Cinder writes keys in their order, which
// puts the size of a block first.
func (h *hashes) head() error {
	if t, err := h.dec.Token(); err != nil {
		return err
	} else if t != json.Delim('{') {
		return &errHashes{"it is no object"}
	}
	for {
		key, err := h.dec.Token()
		if err != nil {
			return err
		}
		switch key {
		case json.Delim('}'):
			return &errHashes{"it has no hashes"}
		case "sha256s":
			if h.block <= 0 {
				return &errHashes{"it does not tell the size of a block before its hashes"}
			}
			if t, err := h.dec.Token(); err != nil {
				return err
			} else if t != json.Delim('[') {
				return &errHashes{"its hashes are no list"}
			}
			return nil
		}
		var v any
		if v, err = h.dec.Token(); err != nil {
			return err
		}
		switch v := v.(type) {
		case json.Delim:
			return &errHashes{fmt.Sprintf("its %v is not what Cinder writes", key)}
		case float64:
			if key == "chunk_size" && v >= 1 && v < 1<<40 {
				h.block = int64(v)
			}
		case string:
			if key == "backup_id" {
				h.backup = v
			}
		}
	}
}

// tail reads what follows the hashes: keys, the end of the object, and nothing. Python's
// json.loads, by which Cinder reads the file, takes no other.
func (h *hashes) tail() error {
	for {
		key, err := h.dec.Token()
		if err != nil {
			return err
		}
		if key == json.Delim('}') {
			break
		}
		if v, err := h.dec.Token(); err != nil {
			return err
		} else if _, is := v.(json.Delim); is {
			return &errHashes{fmt.Sprintf("its %v is not what Cinder writes", key)}
		}
	}
	var syntax *json.SyntaxError
	switch _, err := h.dec.Token(); {
	case err == io.EOF:
		return nil
	case err != nil && !errors.As(err, &syntax):
		return err
	}
	return &errHashes{"something follows its end"}
}

// read returns the next hash; false at the end.
func (h *hashes) read() (string, bool, error) {
	if h.ended || !h.dec.More() {
		if !h.ended {
			if _, err := h.dec.Token(); err != nil { // the closing bracket, or a file that is cut
				return "", false, err
			}
			h.ended = true
			if err := h.tail(); err != nil {
				return "", false, err
			}
		}
		return "", false, nil
	}
	t, err := h.dec.Token()
	if err != nil {
		return "", false, err
	}
	s, ok := t.(string)
	if !ok {
		return "", false, &errHashes{"a hash in it is no text"}
	}
	h.next++
	return s, true, nil
}

func (h *hashes) Close() error { return h.in.Close() }

// covered is how many bytes of the volume the hashes cover: the last block counts
// whole. Null where the file is of no use.
func (s *scanner) covered(ctx context.Context, g *group) (core.Opt[int64], error) {
	h, err := s.openHashes(ctx, g)
	if err == nil {
		defer h.Close()
		for ok := true; ok && err == nil; {
			_, ok, err = h.read()
			if ctx.Err() != nil {
				return core.Opt[int64]{}, scan.Cancelled("scan the repository", ctx.Err())
			}
		}
		if err == nil && h.next < 1<<62/h.block {
			return core.Some(h.next * h.block), nil
		}
		err = h.explain(g.hashesObject(), err)
	}
	switch core.CodeOf(err) {
	case core.CodeUnavailable, core.CodeCancelled:
		return core.Opt[int64]{}, err
	}
	return core.Opt[int64]{}, nil
}
