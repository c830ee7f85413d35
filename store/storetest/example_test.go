package storetest_test

import (
	"testing"
	"time"

	"hearth/store"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// What a driver's test writes: how a place of the contract's world is made, and,
// where the driver can be made to wait, how. Here the driver is store/memory.
func Example() {
	TestContract := func(t *testing.T) {
		storetest.Run(t, storetest.Driver{
			Make: func(t *testing.T, w storetest.World, now func() time.Time) store.Place {
				return memory.New(memory.World{Volumes: w.AllVolumes(), Backups: w.AllBackups(),
					Types: w.Types, Captures: w.Captures, Now: now})
			},
			Block: func(t *testing.T, p store.Place) (release func()) { return p.(*memory.Place).Stall() },
		})
	}
	_ = TestContract // a function of the driver's contract_test.go
}
