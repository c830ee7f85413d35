package sql_test

import (
	"path/filepath"
	"testing"

	"hearth/core"
	"hearth/store/sql"
)

// No order of one column has all rows put in it: each is gone along, also that of a column
// that is empty in all rows, which is the order of their ids.
func TestNoOrderOfAll(t *testing.T) {
	s, err := sql.Create(t.Context(), filepath.Join(t.TempDir(), "demo.sqlite"), sql.Options{})
	ok(t, err)
	defer s.Close()
	ok(t, s.Populate(t.Context(), sql.World{Backups: 200}))
	var orders [][]core.Order
	for _, desc := range []bool{false, true} {
		for _, c := range core.BackupColumns {
			q := core.Query{Limit: 10, Sort: []core.Order{{Column: c.Name, Desc: desc}}}
			_, err := s.Backups(t.Context(), q)
			ok(t, err)
			if s.Orderings() > len(orders) {
				orders = append(orders, q.Sort)
			}
		}
		for _, c := range core.VolumeFields {
			q := core.Query{Limit: 10, Sort: []core.Order{{Column: c.Name, Desc: desc}}}
			_, err := s.Volumes(t.Context(), q)
			ok(t, err)
			if s.Orderings() > len(orders) {
				orders = append(orders, q.Sort)
			}
		}
	}
	if len(orders) > 0 {
		t.Errorf("all rows were put in the orders %v", orders)
	}
	_, err = s.Backups(t.Context(), core.Query{Limit: 10, Sort: []core.Order{{Column: "size"}, {Column: "name"}}})
	ok(t, err)
	if s.Orderings() != 1 {
		t.Error("an order of two columns is not remembered: the test sees nothing")
	}
}
