// Package peak says how much memory something takes while it goes on. It is for tests, and
// stands apart from store/storetest so that the tests of a package that this one imports can
// have it too.
package peak

import (
	"runtime"
	"runtime/metrics"
	"time"
)

// often is how often it looks. What is there for less is not seen.
const often = 2 * time.Millisecond

// Heap runs do, and returns the most bytes of objects that the heap held meanwhile, alive or
// not yet swept, of the whole process.
func Heap(do func()) uint64 {
	runtime.GC()
	stop, most := make(chan struct{}), make(chan uint64)
	go func() {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		var top uint64
		for {
			metrics.Read(sample)
			top = max(top, sample[0].Value.Uint64())
			select {
			case <-stop:
				most <- top
				return
			case <-time.After(often):
			}
		}
	}()
	do()
	close(stop)
	return <-most
}
