package jobs_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/sql"
)

// narrow is a place that notes how large the pages are that it is asked for, and lets
// something happen between two of them.
type narrow struct {
	store.Place
	pages, most int
	between     func(page int)
}

func (n *narrow) note(limit, rows int) {
	if limit == 0 {
		limit = rows
	}
	n.most = max(n.most, limit)
	if n.pages++; n.between != nil {
		n.between(n.pages)
	}
}

func (n *narrow) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	page, err := n.Place.Backups(ctx, q)
	n.note(q.Limit, len(page.Rows))
	return page, err
}

func (n *narrow) Volumes(ctx context.Context, q core.Query) (core.Page[core.Volume], error) {
	page, err := n.Place.Volumes(ctx, q)
	n.note(q.Limit, len(page.Rows))
	return page, err
}

// batchMost is the largest page that a job may ask for.
const batchMost = 1000

// crowdID is the id of backup i of a crowd.
func crowdID(i int) core.BackupID {
	return core.BackupID(fmt.Sprintf("%08x-0000-4000-8000-00000000cafe", i))
}

// crowd is so many backups of one volume in chains of ten, each an hour older than the one
// before it.
func crowd(n int) (out []core.Backup) {
	for i := range n {
		b := core.Backup{ID: crowdID(i), VolumeID: "0a000000-0000-4000-8000-0000000000aa", Status: core.StatusAvailable, Size: 1,
			Service: core.Some("cinder.backup.drivers.swift.SwiftBackupDriver"), ProjectID: "p", UserID: "u", Metadata: &pyjson.Object{},
			CreatedAt: core.Some(clock().Add(-time.Duration(i) * time.Hour)), Name: core.Some(fmt.Sprint("nightly ", i))}
		if i%10 < 9 && i+1 < n {
			b.ParentID, b.Incremental = crowdID(i+1), true
		}
		out = append(out, b)
	}
	return out
}

// TestBackupsWhileTheListChanges: what is there all the time comes once, in a place that
// goes by edges and in one that goes by numbers.
func TestBackupsWhileTheListChanges(t *testing.T) {
	const n = 2200
	byID, newest := []core.Order(nil), []core.Order{{Column: "created", Desc: true}}
	for _, order := range [][]core.Order{byID, newest} {
		for name, change := range map[string]struct{ gone, late func(i int) bool }{
			"nothing":            {func(int) bool { return false }, func(int) bool { return false }},
			"the first go":       {func(i int) bool { return i < 700 }, func(int) bool { return false }},
			"all that came goes": {func(i int) bool { return i < 1400 }, func(int) bool { return false }},
			"the last goes":      {func(i int) bool { return i == 499 || i == 998 }, func(int) bool { return false }},
			"some come before":   {func(int) bool { return false }, func(i int) bool { return i < 1200 && i%2 == 0 }},
			"some come and go":   {func(i int) bool { return i%5 == 1 }, func(i int) bool { return i%5 == 0 }},
		} {
			all := crowd(n)
			var before, after []core.Backup
			for i, b := range all {
				if !change.late(i) {
					before = append(before, b)
				}
				if !change.gone(i) {
					after = append(after, b)
				}
			}
			swap := &swapped{Place: memory.New(memory.World{Backups: before, Now: clock})}
			then := memory.New(memory.World{Backups: after, Now: clock})
			place := &narrow{Place: swap, between: func(page int) {
				if page == 2 {
					swap.Place = then
				}
			}}
			got := map[core.BackupID]int{}
			for b, err := range jobs.Backups(t.Context(), place, core.Query{Sort: order}) {
				ok(t, err)
				got[b.ID]++
			}
			for i := range n {
				if times := got[crowdID(i)]; times > 1 || times == 0 && !change.gone(i) && !change.late(i) {
					t.Errorf("%s, by %v: backup %d came %d times", name, order, i, times)
					break
				}
			}
			if place.most > batchMost {
				t.Errorf("%d rows were asked for at once", place.most)
			}
		}
	}
}

// swapped is a place whose content can be replaced.
type swapped struct{ store.Place }

// TestBackupsByEdges: a store with an index is read from edge to edge.
func TestBackupsByEdges(t *testing.T) {
	s, err := sql.CreateDemo(t.Context(), sql.Options{}, sql.World{Backups: 1300})
	ok(t, err)
	defer s.Close()
	place := &narrow{Place: s}
	var ids []core.BackupID
	for b, err := range jobs.Backups(t.Context(), place, core.Query{}) {
		ok(t, err)
		ids = append(ids, b.ID)
	}
	if len(ids) != 1300 || !slices.IsSorted(ids) || place.pages > 4 {
		t.Errorf("%d backups in %d pages, by id %t", len(ids), place.pages, slices.IsSorted(ids))
	}
}

// TestBackupsEnd: an error ends the list, and who stops is asked nothing more of.
func TestBackupsEnd(t *testing.T) {
	m := memory.New(memory.World{Backups: crowd(1200), Now: clock})
	m.FailCall(2, core.Fail(core.CodeUnavailable, "list backups", "it is locked", "", nil))
	n, failed := 0, error(nil)
	for _, err := range jobs.Backups(t.Context(), m, core.Query{}) {
		if n++; err != nil {
			failed = err
		}
	}
	if core.CodeOf(failed) != core.CodeUnavailable || n != 501 {
		t.Errorf("%d, %v", n, failed)
	}
	calls := len(m.Calls())
	for range jobs.Backups(t.Context(), m, core.Query{}) {
		break
	}
	if len(m.Calls()) != calls+1 {
		t.Errorf("%d calls for one row", len(m.Calls())-calls)
	}
}
