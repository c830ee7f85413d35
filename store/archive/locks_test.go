package archive

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hearth/core"
)

// TestLock: of many that want a lock at once one has it; it is taken over from one that no
// longer lives, and given back by whoever has it alone.
func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive.sqlite")
	opened(t, path)
	life := func(i int) core.Life {
		return core.Life{Host: "h", Machine: "m", PID: i, Instance: fmt.Sprint(i), At: now}
	}
	lives, dead := func(*core.Life) bool { return true }, func(*core.Life) bool { return false }
	var had atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		a := opened(t, path)
		wg.Go(func() {
			other, err := a.Lock(t.Context(), "p", "policy", life(i+1), lives)
			if err != nil {
				t.Error(err)
			}
			if other == nil {
				had.Add(1)
			}
		})
	}
	if wg.Wait(); had.Load() != 1 {
		t.Errorf("%d have the lock", had.Load())
	}
	a := opened(t, path)
	if other, err := a.Lock(t.Context(), "p", "drill", life(1), lives); other != nil || err != nil {
		t.Errorf("a lock of another name: %+v, %v", other, err)
	}
	if other, err := a.Lock(t.Context(), "p", "policy", life(20), dead); other != nil || err != nil {
		t.Errorf("taken over: %+v, %v", other, err)
	}
	ok(t, a.Unlock(t.Context(), "p", "policy", life(1))) // which it is no longer whose
	ok(t, a.BeatLock(t.Context(), "p", "policy", life(20), now.Add(time.Hour)))
	other, err := a.Lock(t.Context(), "p", "policy", life(21), lives)
	if err != nil || other == nil || other.PID != 20 || !other.At.Equal(now.Add(time.Hour)) {
		t.Errorf("held: %+v, %v", other, err)
	}
	ok(t, a.Unlock(t.Context(), "p", "policy", life(20)))
	if other, err = a.Lock(t.Context(), "p", "policy", life(21), lives); other != nil || err != nil {
		t.Errorf("given back: %+v, %v", other, err)
	}
}
