package core_test

import (
	"testing"
	"time"

	"hearth/core"
)

// lineOf is a line of a morning by its code.
func lineOf(t *testing.T, m *core.Morning, code string) core.MorningLine {
	t.Helper()
	for _, l := range m.Lines() {
		if l.Code == code {
			return l
		}
	}
	t.Fatalf("there is no line %s", code)
	return core.MorningLine{}
}

// TestMorningSaysNoMore: a quota of which nothing is told is not good, and the number of what
// is stuck lists that, and not all that is on the way.
func TestMorningSaysNoMore(t *testing.T) {
	m := &core.Morning{Tally: core.NewTally(tallyNow, tallyNow)}
	m.Quota = core.Knows(map[string]core.Allowance{})
	if l := lineOf(t, m, "quota"); l.Level != core.MorningUnknown || l.Count != "?" {
		t.Errorf("%+v", l)
	}
	m.Quota = core.Knows(map[string]core.Allowance{"backups": {Limit: 10, Used: 4}})
	if l := lineOf(t, m, "quota"); l.Level != core.MorningGood || l.Count != "40 %" {
		t.Errorf("%+v", l)
	}
	run := func(id core.BackupID, stuck bool) core.Run {
		return core.Run{Backup: core.Backup{ID: id, Status: "creating"}, Stuck: core.Knows(stuck), For: core.Knows(time.Hour)}
	}
	m.Runs = []core.Run{run("a1", true), run("b2", false), run("c-3", true)}
	if l := lineOf(t, m, "stuck"); l.Filter != "id:a1,c-3" || l.Count != "2" {
		t.Errorf("%+v", l)
	}
	m.Runs[0].Backup.ID = "no word, this"
	if l := lineOf(t, m, "stuck"); l.Filter != "status:creating,restoring,deleting" {
		t.Errorf("%+v", l)
	}
}
