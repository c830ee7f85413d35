package wire

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"hearth/core"
)

// Bounds are what an answer may be at most. The zero value is [Usual].
type Bounds struct {
	// Bytes is how many there may be, packed and unpacked; 0: as [Usual] has it.
	Bytes int64
	// Marks is how many of the byte Mark there may be, unpacked: each element of a list
	// needs one, and few bytes can make many elements. 0: not counted.
	Marks int64
	Mark  byte
}

// Usual bounds what tells of one thing: a volume with all of its metadata (128 keys by
// default quota, image metadata of up to 64 KB a value), a capture's record.
var Usual = Bounds{Bytes: 4 << 20}

// Endless is for an object of a repository: whoever reads it knows from its metadata how
// long it is, and reads no more.
var Endless = Bounds{Bytes: math.MaxInt64}

// PageOf bounds a page by the number of rows asked for, of so many bytes each on an
// average.
func PageOf(rows int, each int64) Bounds { return Bounds{Bytes: 1<<20 + int64(rows)*each} }

// mostError is how much of an answer is read that is none, as a page of a proxy's: the
// rest of it is nobody's loss.
const mostError = 1 << 20

type boundsKey struct{}

// Within bounds the answers to what is asked with the context.
func Within(ctx context.Context, b Bounds) context.Context {
	return context.WithValue(ctx, boundsKey{}, b)
}

func boundsOf(ctx context.Context) Bounds {
	b, _ := ctx.Value(boundsKey{}).(Bounds)
	if b.Bytes == 0 {
		b.Bytes = Usual.Bytes
	}
	return b
}

// TooMuch is the error of an answer that is larger than what was asked for can be.
type TooMuch struct {
	Host   string
	Most   int64
	Marked bool // it has too many elements, and not too many bytes
}

func (t *TooMuch) Error() string {
	if t.Marked {
		return t.Host + " answers with many more things than were asked for"
	}
	return t.Host + " answers with more than " + core.Bytes(t.Most) + ", which is more than what was asked for can be"
}

// Slow is the error of an answer that trickles.
type Slow struct {
	Host string
	Got  int64 // bytes
	In   time.Duration
}

func (s *Slow) Error() string {
	to := time.Second
	if s.In < 10*time.Second { // "0s" would be no time at all
		to = time.Millisecond
	}
	return fmt.Sprintf("%s sends its answer too slowly: %s in %v", s.Host, core.Bytes(s.Got), s.In.Round(to))
}

// Timeout makes it a net.Error's.
func (s *Slow) Timeout() bool { return true }

// Explain is the sentence for an answer that was too large or too slow; nil for any
// other error.
func Explain(tried string, err error) error {
	var much *TooMuch
	var slow *Slow
	switch {
	case errors.As(err, &much):
		return core.Fail(core.CodeUnreadable, tried, much.Error(), "check that it is the service it should be, and what stands before it", err)
	case errors.As(err, &slow):
		return core.Fail(core.CodeUnavailable, tried, slow.Error(), "try again, or look at the network between", err)
	}
	return nil
}
