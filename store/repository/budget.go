package repository

import (
	"context"
	"sync"
	"unsafe"
)

// budget bounds the bytes that are held at a time. What asks for more than there
// is at all gets it alone.
type budget struct {
	mu      sync.Mutex
	left    int64
	all     int64
	waiting []waiter // in the order in which they came
}

type waiter struct {
	n     int64
	ready chan struct{}
}

func newBudget(n int64) *budget { return &budget{left: n, all: n} }

func (b *budget) take(ctx context.Context, n int64) error {
	n = min(n, b.all)
	b.mu.Lock()
	if len(b.waiting) == 0 && b.left >= n {
		b.left -= n
		b.mu.Unlock()
		return nil
	}
	w := waiter{n, make(chan struct{})}
	b.waiting = append(b.waiting, w)
	b.mu.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.waiting {
		if b.waiting[i].ready == w.ready {
			b.waiting = append(b.waiting[:i], b.waiting[i+1:]...)
			b.wake()
			return context.Cause(ctx)
		}
	}
	b.left += n // it came in the same moment
	b.wake()
	return context.Cause(ctx)
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += min(n, b.all)
	b.wake()
}

func (b *budget) wake() {
	for len(b.waiting) > 0 && b.waiting[0].n <= b.left {
		b.left -= b.waiting[0].n
		close(b.waiting[0].ready)
		b.waiting = b.waiting[1:]
	}
}

// asText is a text of bytes that nobody writes to any more, without a copy.
func asText(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
