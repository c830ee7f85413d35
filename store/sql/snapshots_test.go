package sql_test

import (
	"testing"

	"hearth/core"
	"hearth/store"
	"hearth/store/sql"
)

// TestSnapshots: Cinder's own database lists them, newest first; one that hearth made keeps none.
func TestSnapshots(t *testing.T) {
	p := open(t, lab(t), sql.Options{})
	defer p.Close()
	all, err := p.(store.Snapshotter).Snapshots(t.Context(), "")
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	x := all[0]
	if x.Title() != "snap-2" || x.VolumeID != "cf664ca8-234d-4614-9b92-a8bb6a15cf14" ||
		x.Status != core.StatusAvailable || x.Size != 1 || !x.CreatedAt.Set || x.CannotBackUp() != "" {
		t.Errorf("%+v", x)
	}
	if none, err := p.(store.Snapshotter).Snapshots(t.Context(), "cf664ca8-0000-4614-9b92-a8bb6a15cf14"); err != nil || len(none) != 0 {
		t.Errorf("of no volume: %+v, %v", none, err)
	}
}
