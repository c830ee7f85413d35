package storetest

import (
	"sync"
	"testing"

	"hearth/core"
)

// testConcurrency: many read while one writes, and each reads a whole state.
func testConcurrency(t *testing.T, d Driver) {
	const readers, rewrites = 4, 30
	p := d.standard(t)
	v, err := p.Volume(t.Context(), WebRoot)
	ok(t, err)
	one := v.State()
	other := changes(one)["everything"]
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					if i > 3 {
						return
					}
				default:
				}
				readWhole(t, p, d.world(), one, other)
			}
		})
	}
	from, to := one, other
	for range rewrites {
		if _, err := p.Rewrite(t.Context(), rewriteOf(WebRoot, from, to)); err != nil {
			t.Errorf("rewrite while others read: %v", err)
			break
		}
		from, to = to, from
	}
	close(done)
	wg.Wait()
	entries, err := p.Entries(t.Context(), "", 0)
	if err != nil || len(entries) != rewrites {
		t.Errorf("the journal has %d entries, %v, want %d", len(entries), err, rewrites)
	}
}

// readWhole reads in every way, and the volume in one of two states.
func readWhole(t *testing.T, p Place, w World, one, other core.State) {
	v, err := p.Volume(t.Context(), WebRoot)
	if err != nil {
		t.Errorf("read while another writes: %v", err)
		return
	}
	if s := v.State(); !s.Equal(one) && !s.Equal(other) {
		t.Errorf("half a state was read: %v of the one and %v of the other", s.Diff(one), s.Diff(other))
	}
	volumes, err := p.Volumes(t.Context(), core.Query{Sort: []core.Order{{Column: "name"}}})
	if err != nil || volumes.Total != len(w.listedVolumes()) || len(volumes.Rows) != volumes.Total {
		t.Errorf("%d of %d volumes were listed while another writes, %v", len(volumes.Rows), volumes.Total, err)
	}
	backups, err := p.Backups(t.Context(), core.Query{Limit: 5})
	if err != nil || len(backups.Rows) != 5 {
		t.Errorf("%d backups were listed while another writes, %v", len(backups.Rows), err)
	}
	if _, err := p.Export(t.Context(), Full); err != nil {
		t.Errorf("export while another writes: %v", err)
	}
}
