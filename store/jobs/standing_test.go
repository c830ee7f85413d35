package jobs_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/store/memory"
)

// standing makes backups of lines "id volume parent", each an hour younger than the one before; the
// counters of what stands on them are right.
func standing(lines ...string) (out []core.Backup) {
	for i, line := range lines {
		f := append(strings.Fields(line), "", "")
		b := core.Backup{ID: core.BackupID(f[0]), VolumeID: core.VolumeID(f[1]), ParentID: core.BackupID(f[2]), Incremental: f[2] != "",
			Status: core.StatusAvailable, ProjectID: "own", CreatedAt: core.Some(clock().Add(time.Duration(i-100) * time.Hour))}
		for j := range out {
			if out[j].ID == b.ParentID {
				out[j].Dependents++
			}
		}
		out = append(out, b)
	}
	return out
}

// listed is a tree in a line: "1.1 2.2".
func listed(nodes []core.Node) string {
	var out []string
	for _, n := range nodes {
		out = append(out, fmt.Sprintf("%s.%d", n.Backup.ID, n.Depth))
	}
	return strings.Join(out, " ")
}

// TestStandsOn: of a full backup all that stands on it, also in another volume, and nothing else; where
// the place counts more than there is, that is said.
func TestStandsOn(t *testing.T) {
	rows := standing("f v", "1 v f", "2 v 1", "1b v f", "f2 v", "3 v f2", "o v gone", "x w 2", "y w x", "g vv", "h vv g")
	find := func(id core.BackupID) *core.Backup {
		return &rows[slices.IndexFunc(rows, func(b core.Backup) bool { return b.ID == id })]
	}
	find("3").Dependents++ // as a race leaves it
	p := memory.New(memory.World{Backups: rows, Now: clock})
	d := jobs.Desk{Place: p, Pace: jobs.Pace{Now: clock}}
	for id, want := range map[core.BackupID]string{"f": "1.1 2.2 x.3 y.4 1b.1", "f2": "3.1 more", "g": "h.1"} {
		s, err := d.StandsOn(t.Context(), *find(id), nil)
		ok(t, err)
		got := listed(s.Nodes)
		if s.More {
			got += " more"
		}
		if got != want || s.Cut+s.Elsewhere > 0 || s.Short != "" || s.Guessed() {
			t.Errorf("on %s stands %q, want %q: %+v", id, got, want, s)
		}
	}
	n := len(p.Calls())
	if _, err := d.StandsOn(t.Context(), *find("g"), nil); err != nil || len(p.Calls())-n != 1 {
		t.Errorf("it takes %d questions where nothing is missing: %v", len(p.Calls())-n, err)
	}
	_, err := d.StandsOn(t.Context(), core.Backup{ID: "z"}, nil)
	if core.CodeOf(err) != core.CodeUnsupported || !strings.Contains(err.Error(), "does not tell of which volume") {
		t.Errorf("of no volume: %v", err)
	}
	p.FailEach("Backups", core.Fail(core.CodeUnavailable, "list", "it is down", "", nil))
	if _, err := d.StandsOn(t.Context(), *find("f"), nil); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("where it fails: %v", err)
	}
}

// scoped is a cloud that finds parents out, and whose lists are of one project.
type scoped struct {
	*memory.Cloud
	reach   core.Reach
	lineage func([]core.Backup) ([]core.Backup, error)
}

func (s scoped) Reach() core.Reach { return s.reach }

func (s scoped) Lineage(ctx context.Context, volume core.VolumeID) ([]core.Backup, error) {
	page, err := s.Backups(ctx, core.Query{})
	if err != nil {
		return nil, err
	}
	return s.lineage(slices.DeleteFunc(page.Rows, func(b core.Backup) bool { return b.VolumeID != volume }))
}

// TestStandsOnScoped: of other projects nothing is told where the list is of one, but how many they are; a
// lineage that is guessed, or ends early, is known for one.
func TestStandsOnScoped(t *testing.T) {
	rows := standing("f v", "1 v f", "2 v 1", "1b v f")
	rows[1].ProjectID = "other"
	s := scoped{memory.NewCloud(memory.World{Backups: rows, Now: clock}), core.ReachOwn,
		func(rows []core.Backup) ([]core.Backup, error) { return rows, nil }}
	for reach, want := range map[core.Reach]string{core.ReachOwn: "1b.1, 2", core.ReachAll: "1.1 2.2 1b.1, 0"} {
		got, err := jobs.Desk{Place: s, Reach: reach}.StandsOn(t.Context(), rows[0], nil)
		ok(t, err)
		if line := fmt.Sprintf("%s, %d", listed(got.Nodes), got.Elsewhere); line != want || got.More {
			t.Errorf("reach %d: %q, want %q", reach, line, want)
		}
	}
	s.lineage = func(rows []core.Backup) ([]core.Backup, error) {
		rows[1].ParentGuessed = true
		return rows[1:], core.Fail(core.CodeIncomplete, "list", "the list ended early", "", nil)
	}
	got, err := jobs.Desk{Place: s, Reach: core.ReachAll}.StandsOn(t.Context(), rows[0], nil)
	if err != nil || got.Short != "the list ended early" || !got.Guessed() {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestFoldedAway counts what a list of full backups leaves out, and of that what has no full one; where
// that cannot be known it says why, and asks no more than one row of a large place.
func TestFoldedAway(t *testing.T) {
	rows := standing("f v", "1 v f", "2 v 1", "o v gone", "o2 v o", "g w", "h w g", "a w b", "b w a")
	p := memory.New(memory.World{Backups: rows, Now: clock})
	d := jobs.Desk{Place: p}
	for text, want := range map[string]string{"": "7 hidden, 4 rootless", "volume-id:v": "4 hidden, 2 rootless",
		"id:h": "1 hidden, 0 rootless", "id:f": "0 hidden, 0 rootless"} {
		f, err := core.ParseFilter(text, core.ListedBackups)
		ok(t, err)
		got, err := d.FoldedAway(t.Context(), core.Query{Filter: f}, len(rows))
		ok(t, err)
		if line := fmt.Sprintf("%d hidden, %d rootless", got.Hidden, got.Rootless); line != want || got.Unknown != "" || got.More {
			t.Errorf("%q: %s, want %s; %+v", text, line, want, got)
		}
	}
	n := len(p.Calls())
	got, err := d.FoldedAway(t.Context(), core.Query{}, jobs.MostFolded+1)
	ok(t, err)
	if !strings.Contains(got.Unknown, "too many") || got.Rootless != 0 || len(p.Calls())-n != 1 {
		t.Errorf("in a large place: %+v, %d questions", got, len(p.Calls())-n)
	}
	rows[2].ParentGuessed = true
	if got, err = (jobs.Desk{Place: memory.New(memory.World{Backups: rows})}).FoldedAway(t.Context(), core.Query{}, len(rows)); err != nil ||
		!strings.Contains(got.Unknown, "does not name parents") || got.Rootless != 0 || got.Hidden != 7 {
		t.Errorf("where parents are guesses: %+v, %v", got, err)
	}
}
