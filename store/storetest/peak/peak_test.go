package peak

import "testing"

// TestHeap: what is let go before the end counts all the same.
func TestHeap(t *testing.T) {
	const size = 64 << 20
	for range 20 { // what a busy machine was not quick enough to see it sees the next time
		top := Heap(func() {
			block := make([]byte, size)
			for i := range block {
				block[i] = byte(i)
			}
		})
		if top >= size {
			return
		}
	}
	t.Errorf("%d bytes are never seen", size)
}
