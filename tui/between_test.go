package tui

import (
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/tui/grid"
	"hearth/tui/shell"
	"hearth/tui/ui"
)

// several are places with an archive: the cloud lab, the cloud lab2, which has a
// part of lab's backups, and a backup repository with what lab's service wrote.
type severalPlaces struct {
	lab, lab2 *cloud
	repo      *memory.Repository
	books     *archive.Archive
	fails     error // of opening another place
	opened    int
}

// labOf makes a cloud whose things are kept, as those of a demo are not.
func labOf(t testing.TB, name string, change func(*memory.World)) *cloud {
	return newCloudOf(t, 0, func(w *memory.World) {
		w.Info.Location, w.Info.Title, w.Info.Demo = "cloud:"+name, name, false
		change(w)
	})
}

// newRepository is a backup repository of the demo's whole backups; some of its
// objects are of backups that were broken off, and some of none.
func newRepository(t testing.TB) *memory.Repository {
	t.Helper()
	w, err := demoWorld()
	if err != nil {
		t.Fatal(err)
	}
	w.Info = core.PlaceInfo{Location: "posix:/srv/backups", Title: "posix:/srv/backups", Kind: core.PlaceRepository, Rules: core.RulesAuto,
		RulesWhy: "a repository does not tell which Cinder will restore", ReadOnly: "a backup repository is only read"}
	w.Backups = slices.Clone(w.Backups)
	w.Captures = slices.Clone(w.Captures)
	for i := range w.Captures { // another cloud has files here too
		if k := &w.Captures[i]; strings.Contains(k.Capture.Text, "pvc-") {
			text := regexp.MustCompile(`"host": "[^"]*"`).ReplaceAllString(k.Capture.Text, `"host": "elsewhere@lvm#pool"`)
			k.Capture = core.ReadCapture(text, k.Capture.Source)
		}
	}
	marks := map[core.BackupID][]core.Mark{}
	for i := range w.Backups {
		b := &w.Backups[i]
		b.Unseen = core.NewFieldSet("host", "snapshot_id", "updated_at")
		b.UpdatedAt, b.SnapshotID, b.Host = core.Opt[time.Time]{}, core.Opt[string]{}, core.Opt[string]{}
		m := []core.Mark{{Field: "data_timestamp", State: core.MarkAssumed,
			Why: "the repository does not hold it; it is when the backup was made"},
			{Field: "host", State: core.MarkLost, Why: "an import makes it the importing host"},
			{Field: "updated_at", State: core.MarkLost, Why: "only in the database"}}
		if i%5 == 0 {
			m = append(m, core.Mark{Field: "size", State: core.MarkAssumed, Why: "by the length of the sha256 file"})
		}
		if i%7 == 0 {
			b.Unseen["project_id"] = true
			m = append(m, core.Mark{Field: "project_id", State: core.MarkLost, Why: "Cinder stored no capture with it"})
		}
		marks[b.ID] = m
	}
	began := core.Some(until.Add(-26 * time.Hour))
	r := memory.NewRepository(w, marks,
		core.Holding{Kind: core.HoldingUnfinished, Container: "aa/bb",
			Prefix: "volume_11112222-0000-4000-8000-000000000001/20261121070000/az_nova_backup_0badf00d-0000-4000-8000-00000000000a",
			ID:     "0badf00d-0000-4000-8000-00000000000a", VolumeID: "11112222-0000-4000-8000-000000000001", Began: began,
			Objects: 12, Bytes: 600 << 20, Problem: "there is no metadata object, which a backup writes last"},
		core.Holding{Kind: core.HoldingBroken, Container: "cc/dd",
			Prefix: "volume_11112222-0000-4000-8000-000000000002/20261121080000/az_nova_backup_0badf00d-0000-4000-8000-00000000000b",
			ID:     "0badf00d-0000-4000-8000-00000000000b", VolumeID: "11112222-0000-4000-8000-000000000002", Began: began,
			Objects: 3, Bytes: 150 << 20, Problem: "its metadata object ends in the middle"},
		core.Holding{Kind: core.HoldingStray, Prefix: "lost+found/#1234", Bytes: 4096})
	r.Spoil(w.Backups[6].ID,
		core.Flaw{
			Code:     core.FlawMissingObject,
			Severity: core.SeverityDamage,
			Object:   "az_nova_backup_x-00002",
			Text:     "the metadata names it, and it is not there",
		},
		core.Flaw{Code: core.FlawHashesMissing, Severity: core.SeverityWarning, Text: "there is no sha256 file"})
	return r
}

func newPlacesOf(t testing.TB) *severalPlaces {
	t.Helper()
	books, err := archive.Open(context.Background(), filepath.Join(t.TempDir(), "archive.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { books.Close() })
	p := &severalPlaces{books: books, lab: labOf(t, "lab", func(*memory.World) {}), repo: newRepository(t)}
	p.lab2 = labOf(t, "lab2", func(w *memory.World) {
		var some []core.Backup
		for i, b := range w.Backups {
			if i%4 == 0 {
				if i%8 == 0 {
					b.Description = core.Some("changed over there")
				}
				some = append(some, b)
			}
		}
		w.Backups = some
		w.Volumes = slices.DeleteFunc(slices.Clone(w.Volumes), func(v core.Volume) bool { return strings.HasPrefix(v.Name.Or(""), "db-") })
	})
	p.lab2.Leaves(core.Some(core.Headway{Backups: 20, GiB: 4000}))
	return p
}

func (p *severalPlaces) options() Options {
	return Options{
		Places: func() []store.PlaceRow {
			return []store.PlaceRow{{Name: "lab", Location: "cloud:lab", Badge: "LAB", Color: "#205080"}, {Name: "lab2", Location: "cloud:lab2"},
				{Name: "prod", Location: "cloud:prod", Badge: "PROD", Color: "#b02030", ReadOnly: true},
				{Name: "store", Location: "posix:/srv/backups"}}
		},
		Open: func(_ context.Context, location string) (jobs.Desk, func() error, error) {
			if p.fails != nil {
				return jobs.Desk{}, nil, p.fails
			}
			p.opened++
			closing := func() error { p.opened--; return nil }
			switch location {
			case "cloud:lab":
				return p.desk(p.lab), closing, nil
			case "cloud:lab2":
				return p.desk(p.lab2), closing, nil
			case "posix:/srv/backups":
				return p.desk(p.repo), closing, nil
			}
			p.opened--
			return jobs.Desk{}, nil, core.Fail(core.CodeNotFound, "open "+location, "there is no such place", "see places", nil)
		},
	}
}

func (p *severalPlaces) desk(place store.Place) jobs.Desk {
	d := jobs.Desk{Place: place, Who: "ops@console", Pace: jobs.Pace{Now: now}, Archive: p.books}
	if c, ok := place.(*cloud); ok {
		d.Sleep = c.Sleep
	}
	return d
}

// rig opens the screens over one of the places.
func (p *severalPlaces) rig(t testing.TB, place store.Place, w, h int) *rig {
	return newRigWith(t, place, w, h, p.options(), func(d *jobs.Desk) { d.Archive = p.books })
}

// betweenOn makes a scene on one of the places.
func betweenOn(which string, keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		p := newPlacesOf(t)
		place := map[string]store.Place{"lab": p.lab, "lab2": p.lab2, "repo": p.repo}[which]
		return p.rig(t, place, w, h).press(keys...)
	}
}

// midway holds a job in the middle: the keys that begin it are pressed, and what it
// said so far is shown.
func midway(which string, done, total int, text string, items map[int]string, keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		r := betweenOn(which, keys[:len(keys)-1]...)(t, w, h)
		r.asleep = true
		r.press(keys[len(keys)-1])
		at := map[string]string{}
		var ids []core.BackupID
		switch s := r.Top(); s.(ui.Titled).Title() {
		case "Archive":
			for i := range *inside[[]int](s, "rows") {
				ids = append(ids, core.BackupID(s.(grid.Source).Key(i)))
			}
		case "Inventory":
			inv := *inside[*core.Inventory](s, "inv")
			for _, i := range *inside[[]int](s, "rows") {
				ids = append(ids, inv.Holdings.At(i).ID)
			}
		default:
			for _, it := range (*inside[*jobs.Transfer](s, "pane", "plan")).Items {
				ids = append(ids, it.ID)
			}
		}
		for i, state := range items {
			at[string(ids[i])] = state
		}
		r.send(shell.Progressed(r.Running().ID, ui.Step{Done: done, Total: total, Text: text}, at))
		return r
	}
}

// chainOf are the keys that mark the backups of db-prod in a copy to lab2.
var toLab2 = join([]string{"/"}, letters("db-prod"), []string{"enter", "a", "Y", "#1"})

var betweenScenes = []scene{
	{"archive", betweenOn("lab", "K")},
	{"archive-demo", keysOn("K")},
	{"archive-not-whole", scantArchive},
	{"archive-volumes", betweenOn("lab", "K", "tab")},
	{"archive-ask", betweenOn("lab", "K", "x")},
	{"archive-running", midway("lab", 2, 80, "db-prod-01-incr: new", map[int]string{0: "new", 1: "same"}, "K", "x", "y")},
	{"archive-done", betweenOn("lab", "K", "x", "y")},
	{"archive-bundle", betweenOn("lab", "K", "x", "y", "w")},
	{"copy-target", betweenOn("lab", "Y")},
	{"copy", betweenOn("lab", toLab2...)},
	{"copy-other-side", betweenOn("lab", append(slices.Clone(toLab2), "tab")...)},
	{"copy-nothing", betweenOn("lab", "Y", "esc")},
	{"copy-failed", func(t testing.TB, w, h int) *rig {
		p := newPlacesOf(t)
		p.fails = core.Fail(core.CodeUnavailable, "open cloud:lab2", "Keystone does not answer", "look whether it runs", nil)
		return p.rig(t, p.lab, w, h).press("Y", "#1")
	}},
	{"copy-plan", betweenOn("lab", append(slices.Clone(toLab2), "enter")...)},
	{"copy-ask", betweenOn("lab", append(slices.Clone(toLab2), "enter", "i")...)},
	{"copy-running",
		midway("lab", 1, 7, "db-prod-01-incr: creating", map[int]string{0: "available", 1: "creating", 2: "sending"},
			append(slices.Clone(toLab2), "enter", "i", "y")...)},
	{"copy-done", betweenOn("lab", append(slices.Clone(toLab2), "enter", "i", "y")...)},
	{"repository", betweenOn("repo")},
	{"repository-backup", betweenOn("repo", "enter")},
	{"repository-capture", betweenOn("repo", join([]string{"/"}, letters("id:"+dbBackup), []string{"enter", "enter", "tab"})...)},
	{"repository-extract", betweenOn("repo", "w")},
	{"repository-extract-ask", betweenOn("repo", "w", "enter")},
	{"inventory", betweenOn("repo", "H")},
	{"inventory-verify", betweenOn("repo", "V")},
	{"inventory-verifying", midway("repo", 4, 81, "1.2 GiB of 40 GiB", map[int]string{3: "sound", 4: "1 damage"}, "H", "V", "#3")},
	{"inventory-verified", betweenOn("repo", "H", "V", "#3")},
	{"inventory-faults", betweenOn("repo", "H", "V", "#4", "f")},
	{"recovery", betweenOn("lab2", "I")},
	{"recovery-source", betweenOn("lab2", "I", "s")},
	{"recovery-repository", betweenOn("repo", "I")},
	{"recovery-ready", betweenOn("lab2", "I", "s", "#5")},
	{"recovery-found", betweenOn("lab2", "I", "s", "#5", "enter")},
	{"recovery-choose", betweenOn("lab2", "I", "s", "#5", "enter", "enter")},
	{"recovery-dry", betweenOn("lab2", "I", "s", "#5", "enter", "enter", "d")},
	{"recovery-ask", betweenOn("lab2", "I", "s", "#5", "enter", "enter", "a", "i")},
	{"recovery-done", betweenOn("lab2", "I", "s", "#5", "enter", "enter", "i", "y")},
	{"hostile-archive", onWorst("", "", "K")},
	{"hostile-copy", onWorst("", "", "Y")},
	{"hostile-recovery", onWorst("", "", "I")},
}

func init() { scenes = append(scenes, betweenScenes...) }
