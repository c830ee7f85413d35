package tui

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
)

// A restore of data and metadata, which Cinder does: planned and asked about in
// the tab, watched and accounted for on a screen of its own (screen_report.go).

// restoring is a restore that was begun here.
type restoring struct {
	title  string // of the backup
	onto   string
	began  time.Time
	job    int // the job that watches it
	report *core.RestoreReport
	over   bool
	err    error
}

// restoredMsg is how it ended.
type restoredMsg struct {
	of     *restoring
	report *core.RestoreReport
	err    error
}

// noRestore says why the data cannot be restored, "" if it can.
func (t *restoreTab) noRestore() string { return t.cannot(core.OpRestore) }

// restoreData begins a restore onto the target that was chosen; of a new volume it
// asks first what that is to be.
func (t *restoreTab) restoreData() tea.Cmd {
	r := core.RestoreRequest{Backup: t.request.Backup, Volume: t.request.Onto}
	if r.Volume != "" {
		return t.planRestore(r, failure)
	}
	return show(&formBox{title: "Restore into a new volume", fields: []formField{
		textField("name", t.request.Name, "With a name, Cinder keeps it and leaves the description alone; without, the volume gets the captured one."),
		textField("size", "", "GiB; empty is the backup's size."), textField("type", "", "A volume type; empty is the default one."),
		textField("zone", "", "The availability zone; empty is Cinder's choice.")},
		submit: func(f *formBox) tea.Cmd {
			r.Name, r.Type, r.AvailabilityZone = f.text(0), strings.TrimSpace(f.text(2)), strings.TrimSpace(f.text(3))
			if size := strings.TrimSpace(f.text(1)); size != "" {
				n, err := strconv.ParseInt(size, 10, 64)
				if err != nil || n < 1 {
					again := f.again()
					return func() tea.Msg {
						return again(core.Fail(core.CodeUsage, "restore", "the size is no number of GiB", "write one, or leave it empty", nil))
					}
				}
				r.Size = n
			}
			return t.planRestore(r, f.again())
		}})
}

// planRestore looks whether Cinder would take it and what would come of it, and
// asks; refused is what follows where it would not.
func (t *restoreTab) planRestore(r core.RestoreRequest, refused func(error) tea.Msg) tea.Cmd {
	desk, p := t.desk, t.request
	p.Onto, p.Name, p.Type, p.Bare, p.Via, p.LeaveOut = r.Volume, r.Name, r.Type, r.Size > 0 || r.AvailabilityZone != "", core.ViaDatabase, nil
	return tea.Batch(looking("Looking at the backup and its target"), t.task(func(ctx context.Context) tea.Msg {
		if err := desk.CheckRestore(ctx, r); err != nil {
			return refused(err)
		}
		b, err := desk.Place.Backup(ctx, r.Backup)
		if err != nil {
			return failure(err)
		}
		plan, err := desk.Plan(ctx, p)
		if err != nil && core.CodeOf(err) != core.CodeNotFound {
			return refused(err)
		}
		return showMsg{t.askRestore(r, &b, plan)} // without any capture there is no plan
	}))
}

func (t *restoreTab) askRestore(r core.RestoreRequest, b *core.Backup, plan *core.Plan) overlay {
	onto, words := "a new volume", []string{string(r.Backup), "--onto", string(r.Volume)}
	switch {
	case r.Volume != "" && plan != nil:
		onto = plan.Target.Volume.Title()
	case r.Volume != "":
		onto = string(r.Volume)
	case r.Name != "":
		onto = "a new volume named " + r.Name
	}
	text := fmt.Sprintf("Restore %s, data and metadata, into %s?\n", core.Visible(b.Title()), core.Visible(onto))
	if r.Volume != "" {
		text = fmt.Sprintf("Restore %s, data and metadata, onto volume %s\n(%s)?\nAll that is on it now is overwritten. There is no way back.\n", core.Visible(b.Title()), core.Visible(onto), core.Visible(string(r.Volume)))
	} else {
		words = newVolumeWords(r)
	}
	q := t.asking("Restore", text, "Restore", func() tea.Cmd { return t.restore(r, b.Title(), onto, plan) })
	if plan == nil {
		q.lines = append(q.lines, t.warning("no capture of it is known: what becomes of the metadata cannot be said beforehand"))
	} else {
		q.lines = append(q.lines, t.said("Metadata: "+plan.Summary()+".")...)
		if plan.Error != nil {
			q.lines = append(q.lines, t.warning("Cinder refuses while it writes the metadata, after the data: "+plan.Error.Message))
		}
		for _, w := range plan.Warnings {
			q.lines = append(q.lines, t.warning(w))
		}
	}
	q.lines = append(q.lines, t.inShell("restore", append(words, t.captureWords()...)...)...)
	return q
}

// newVolumeWords are the verb's arguments for a new volume.
func newVolumeWords(r core.RestoreRequest) []string {
	words := []string{string(r.Backup), "--new"}
	if r.Name != "" {
		words = append(words, r.Name)
	}
	if r.Size > 0 {
		words = append(words, "--size", strconv.FormatInt(r.Size, 10))
	}
	for _, f := range []struct{ flag, value string }{{"--type", r.Type}, {"--availability-zone", r.AvailabilityZone}} {
		if f.value != "" {
			words = append(words, f.flag, f.value)
		}
	}
	return words
}

// restore begins it, and shows how it gets on.
func (t *restoreTab) restore(r core.RestoreRequest, title, onto string, plan *core.Plan) tea.Cmd {
	desk, x := t.desk, &restoring{title: title, onto: onto, began: t.desk.Now()}
	before := t.job
	cmd := t.start("restoring "+title, func(ctx context.Context, progress jobs.Progress) tea.Msg {
		report, err := desk.Restore(ctx, r, plan, true, progress)
		return restoredMsg{x, report, err}
	})
	if t.job == before { // another job runs
		return cmd
	}
	x.job = t.job.id
	t.restores = x
	return tea.Batch(cmd, t.showRestore())
}

// showRestore opens the screen of the last restore.
func (a *app) showRestore() tea.Cmd {
	x := a.restores
	if _, shown := a.top().(*reportScreen); shown {
		return nil
	}
	return func() tea.Msg { return pushMsg{"restore", func(b base) screen { return newReport(b, x) }} }
}

// restored takes the end of a restore, which the status line tells whatever screen
// is shown.
func (a *app) restored(msg restoredMsg) tea.Cmd {
	x := msg.of
	x.report, x.err, x.over = msg.report, msg.err, true
	for _, h := range a.held() {
		if s, ok := h.screen.(*reportScreen); ok {
			s.fill()
		}
	}
	said := noteMsg{level: good, text: core.Visible(x.title) + ": " + msg.report.Verdict() + "; W shows the report."}
	if msg.err != nil {
		said = failure(msg.err).(noteMsg)
		if msg.report.Waited {
			said.text = core.Visible(x.title) + ": " + whatOf(msg.err) + "; W shows the report."
		}
	}
	return tea.Batch(func() tea.Msg { return said }, func() tea.Msg { return changedMsg{} })
}

// noReport says why there is no restore to be shown, "" if there is.
func (a *app) noReport() string {
	if a.restores == nil {
		return "nothing has been restored since hearth was started"
	}
	return ""
}
