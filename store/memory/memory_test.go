package memory_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// worldOf is the contract's world as a place in memory wants it.
func worldOf(w storetest.World, now func() time.Time) memory.World {
	return memory.World{Volumes: w.AllVolumes(), Backups: w.AllBackups(), Types: w.Types, Captures: w.Captures, Now: now}
}

func TestContract(t *testing.T) {
	storetest.Run(t, storetest.Driver{
		Make: func(_ *testing.T, w storetest.World, now func() time.Time) store.Place {
			return memory.New(worldOf(w, now))
		},
		Block: func(_ *testing.T, p store.Place) func() { return p.(*memory.Place).Stall() },
	})
}

func TestContractReadOnly(t *testing.T) {
	storetest.Run(t, storetest.Driver{ReadOnly: true, Make: func(_ *testing.T, w storetest.World, now func() time.Time) store.Place {
		mw := worldOf(w, now)
		mw.Info = core.PlaceInfo{Location: "memory", Title: "memory", Kind: core.PlaceDatabase, ReadOnly: "it is somebody else's"}
		return memory.New(mw)
	}})
}

func TestFailCall(t *testing.T) {
	p := memory.New(worldOf(storetest.Standard(), nil))
	fault := errors.New("fault")
	p.FailCall(2, fault)
	p.FailCall(3, fault)
	for i, want := range []error{nil, fault, fault, nil} {
		if _, err := p.Backups(t.Context(), core.Query{}); !errors.Is(err, want) {
			t.Errorf("call %d: %v, want %v", i+1, err, want)
		}
	}
	p.FailCall(1, fault)
	if _, err := p.Rewrite(t.Context(), core.Rewrite{Volume: storetest.Database}); !errors.Is(err, fault) {
		t.Errorf("a write that was to fail: %v", err)
	}
	if calls := p.Calls(); !slices.Equal(calls, []string{"Backups", "Backups", "Backups", "Backups", "Rewrite"}) {
		t.Errorf("the calls are %v", calls)
	}
}

func TestStall(t *testing.T) {
	p := memory.New(worldOf(storetest.Standard(), nil))
	release := p.Stall()
	ctx, cancel := context.WithCancel(t.Context())
	stopped, passed := make(chan error), make(chan error)
	go func() { _, err := p.Volume(ctx, storetest.Database); stopped <- err }()
	go func() { _, err := p.Volume(t.Context(), storetest.Database); passed <- err }()
	cancel()
	if err := <-stopped; core.CodeOf(err) != core.CodeCancelled {
		t.Errorf("a stalled call whose context ended: %v", err)
	}
	select {
	case err := <-passed:
		t.Errorf("a stalled call came back: %v", err)
	default:
	}
	release()
	release()
	if err := <-passed; err != nil {
		t.Errorf("a call after the stall: %v", err)
	}
}
