package jobs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
)

func morning(t *testing.T, d jobs.Desk, q jobs.MorningRequest) *core.Morning {
	t.Helper()
	m, err := d.Morning(t.Context(), q, nil)
	ok(t, err)
	return m
}

// TestMorningCounts: each number is how many rows the list has that the line opens, in a
// cloud, in a store of hearth's own and in somebody else's database.
func TestMorningCounts(t *testing.T) {
	_, cloud := cloudDesk(t)
	_, own := ownDesk(t)
	_, their := theirDesk(t)
	for what, d := range map[string]jobs.Desk{"cloud": cloud, "own": own, "their": their} {
		m := morning(t, d, jobs.MorningRequest{Since: d.Now().AddDate(-3, 0, 0)})
		for _, l := range m.Lines() {
			n := -1
			switch l.List {
			case "backups":
				f, err := core.ParseFilter(l.Filter, core.BackupColumns)
				ok(t, err)
				page, err := d.Backups(t.Context(), core.Query{Filter: f, Now: d.Now()})
				ok(t, err)
				n = page.Total
			case "volumes":
				f, err := core.ParseFilter(l.Filter, core.VolumeFields)
				ok(t, err)
				page, err := d.Volumes(t.Context(), core.Query{Filter: f, Now: d.Now()})
				ok(t, err)
				n = page.Total
			}
			switch {
			case l.Code == "failed": // one has no updated_at, and is looked for by when it was made
				n++
			case l.Code == "stuck":
				if stuck, _ := m.StuckRuns(); len(stuck) > 0 {
					if len(stuck) != n {
						t.Errorf("%s: %d are stuck, and %q lists %d", what, len(stuck), l.Filter, n)
					}
				} else if m.Running != n {
					t.Errorf("%s: %d are running, and %q lists %d", what, m.Running, l.Filter, n)
				}
				continue
			case l.Code == "oldest":
				if n != 1 {
					t.Errorf("%s: %q lists %d", what, l.Filter, n)
				}
				continue
			}
			if n >= 0 && l.Count != fmt.Sprint(n) {
				t.Errorf("%s: %s says %s, and %q lists %d", what, l.Code, l.Count, l.Filter, n)
			}
		}
		if m.Failed < 2 || m.Unprotected < 2 || m.Oldest.ID == "" || m.Backups.Rows < 10 || !m.Covered.Known || m.Covered.V.NoRecord == 0 {
			t.Errorf("%s: %d failed, %d unprotected, %+v", what, m.Failed, m.Unprotected, m.Covered)
		}
		if cloudy := what == "cloud"; m.Services.Known != cloudy || m.Quota.Known != cloudy || m.Stored.Known || m.Stored.Why == "" {
			t.Errorf("%s: services %+v, quota %+v, stored %+v", what, m.Services, m.Quota, m.Stored)
		}
	}
}

// TestMorningSince: what failed is new at one look, and not at the next; a peek is none.
func TestMorningSince(t *testing.T) {
	c, d := cloudDesk(t, func(w *memory.World) {
		for i := range w.Backups {
			if b := &w.Backups[i]; core.Failed(b.Status) {
				b.Status = core.StatusAvailable
			}
			if w.Backups[i].ID == storetest.Tagged {
				w.Backups[i].Status, w.Backups[i].UpdatedAt = core.StatusError, core.Some(clock().Add(-time.Hour))
				w.Backups[i].FailReason = core.Some("\x1b[31mno space")
			}
		}
	})
	first := morning(t, d, jobs.MorningRequest{})
	if first.FailedSince != 1 || len(first.Failures) != 1 || first.Failures[0].Why != "\x1b[31mno space" || first.Growth.Known {
		t.Errorf("a day back: %+v, growth %+v", first.Failures, first.Growth)
	}
	morning(t, d, jobs.MorningRequest{Look: true})
	tomorrow := at(d, d.Now().Add(26*time.Hour))
	for range 2 {
		m := morning(t, tomorrow, jobs.MorningRequest{})
		if m.FailedSince != 0 || m.Failed != 1 || !m.Since.Equal(d.Now()) || m.SinceWhy != "the last look" {
			t.Errorf("the next day: %d new of %d, since %v (%s)", m.FailedSince, m.Failed, m.Since, m.SinceWhy)
		}
		if !m.Growth.Known || m.Growth.V.Rows != 0 || !m.Growth.V.Since.Equal(d.Now()) || len(m.Days) != 2 {
			t.Errorf("the next day: growth %+v, days %+v", m.Growth, m.Days)
		}
	}
	_, err := c.CreateBackup(t.Context(), core.BackupRequest{Volume: storetest.WebRoot})
	ok(t, err)
	if m := morning(t, tomorrow, jobs.MorningRequest{}); m.Growth.V.Rows != 1 || m.Running == 0 {
		t.Errorf("one more: %+v", m.Growth)
	}
	c.Deny(core.OpAllProjects, "")
	c.Hides(true)
	if m := morning(t, tomorrow, jobs.MorningRequest{}); m.Services.Known || !strings.Contains(m.Services.Why, "administrator") {
		t.Errorf("hidden services: %+v", m.Services)
	}
}

// TestMorningDamage: damage counts that is of a backup which is there.
func TestMorningDamage(t *testing.T) {
	_, d := cloudDesk(t)
	ok(t, d.Archive.KeepVerified(t.Context(), []core.Verified{
		{Repository: "posix:/r", Backup: storetest.Full, At: d.Now().Add(-time.Hour), Damages: 2, Flaw: "a chunk is missing"},
		{Repository: "posix:/r", Backup: "0b000000-0000-4000-8000-0000000000ee", At: d.Now(), Damages: 1, Flaw: "of another place"},
		{Repository: "posix:/r", Backup: storetest.First, At: d.Now()},
	}))
	m := morning(t, d, jobs.MorningRequest{})
	if x := m.Damage.V; x.Count != 1 || len(x.Damaged) != 1 || x.Damaged[0].Backup != storetest.Full || x.Verified != 3 {
		t.Errorf("%+v", x)
	}
}

// TestMorningOfRepository: no volumes, and what is stored; without an archive, too.
func TestMorningOfRepository(t *testing.T) {
	d := folderDesk(t, repositoryOf(t))
	m := morning(t, d, jobs.MorningRequest{Look: true})
	if m.NoVolumes == "" || !m.Stored.Known || m.Stored.V == 0 || m.Backups.Rows == 0 || m.NotKept == "" || m.Drills.Known {
		t.Errorf("%+v", m)
	}
	if text := m.Lines(); text[2].Level != core.MorningUnknown || !strings.HasPrefix(text[2].Text, "unknown, because ") {
		t.Errorf("%+v", text[2])
	}
	d.Archive = openArchive(t)
	if m = morning(t, d, jobs.MorningRequest{Look: true}); m.Covered.Known || m.NotKept != "" || len(m.Days) != 1 || !m.Days[0].Stored.Set {
		t.Errorf("with an archive: %+v", m)
	}
}
