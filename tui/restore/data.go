package restore

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// A restore of data and metadata, which Cinder does: planned and asked about in
// the tab, watched and accounted for on a screen of its own (screen_report.go).

// restoring is a restore that was begun here.
type restoring struct {
	title string // of the backup
	onto  string
	task  ui.TaskID // that watches it
}

// restoredMsg is how it ended; it is kept with the task.
type restoredMsg struct {
	report *core.RestoreReport
	err    error
}

// noRestore says why the data cannot be restored, "" if it can.
func (t *restoreTab) noRestore() string { return t.at.Cannot(core.OpRestore) }

// restoreData begins a restore onto the target that was chosen; of a new volume it
// asks first what that is to be.
func (t *restoreTab) restoreData() tea.Cmd {
	r := core.RestoreRequest{Backup: t.request.Backup, Volume: t.request.Onto}
	if r.Volume != "" {
		return t.planRestore(r, ui.Failure)
	}
	return ui.Show(&ui.FormBox{Title: "Restore into a new volume", Fields: []ui.FormField{
		ui.TextField("name", t.request.Name,
			"With a name, Cinder keeps it and leaves the description alone; without, the volume gets the captured one."),
		ui.TextField("size", "", "GiB; empty is the backup's size."), ui.TextField("type", "", "A volume type; empty is the default one."),
		ui.TextField("zone", "", "The availability zone; empty is Cinder's choice.")},
		Submit: func(f *ui.FormBox) tea.Cmd {
			r.Name, r.Type, r.AvailabilityZone = f.Text(0), strings.TrimSpace(f.Text(2)), strings.TrimSpace(f.Text(3))
			if size := strings.TrimSpace(f.Text(1)); size != "" {
				n, err := strconv.ParseInt(size, 10, 64)
				if err != nil || n < 1 {
					again := f.Again()
					return func() tea.Msg {
						return again(core.Fail(core.CodeUsage, "restore", "the size is no number of GiB", "write one, or leave it empty", nil))
					}
				}
				r.Size = n
			}
			return t.planRestore(r, f.Again())
		}})
}

// planRestore looks whether Cinder would take it and what would come of it, and
// asks; refused is what follows where it would not.
func (t *restoreTab) planRestore(r core.RestoreRequest, refused func(error) tea.Msg) tea.Cmd {
	desk, p := t.at.Desk(), t.request
	p.Onto, p.Name, p.Type, p.Bare, p.Via, p.LeaveOut = r.Volume, r.Name, r.Type, r.Size > 0 || r.AvailabilityZone != "", core.ViaDatabase, nil
	return tea.Batch(ui.Looking("Looking at the backup and its target"), t.host.Tell(func(ctx context.Context) tea.Msg {
		if err := desk.CheckRestore(ctx, r); err != nil {
			return refused(err)
		}
		b, err := desk.Place.Backup(ctx, r.Backup)
		if err != nil {
			return ui.Failure(err)
		}
		plan, err := desk.Plan(ctx, p)
		if err != nil && core.CodeOf(err) != core.CodeNotFound {
			return refused(err)
		}
		return ui.ShowMsg{Overlay: t.askRestore(r, &b, plan)} // without any capture there is no plan
	}))
}

func (t *restoreTab) askRestore(r core.RestoreRequest, b *core.Backup, plan *core.Plan) ui.Overlay {
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
		text = fmt.Sprintf("Restore %s, data and metadata, onto volume %s\n(%s)?\nAll that is on it now is overwritten. There is no way back.\n",
			core.Visible(b.Title()), core.Visible(onto), core.Visible(string(r.Volume)))
	} else {
		words = newVolumeWords(r)
	}
	q := ui.Asking(t.host.Look(), "Restore", text, "Restore", func() tea.Cmd { return t.restore(r, b.Title(), onto, plan) })
	if plan == nil {
		q.Lines = append(q.Lines,
			show.Warning(t.host.Look(), "no capture of it is known: what becomes of the metadata cannot be said beforehand"))
	} else {
		q.Lines = append(q.Lines, ui.Said(t.host.Look(), "Metadata: "+plan.Summary()+".")...)
		if plan.Error != nil {
			q.Lines = append(q.Lines,
				show.Warning(t.host.Look(), "Cinder refuses while it writes the metadata, after the data: "+plan.Error.Message))
		}
		for _, w := range plan.Warnings {
			q.Lines = append(q.Lines, show.Warning(t.host.Look(), w))
		}
	}
	q.Lines = append(q.Lines, t.at.InShell(t.host.Look(), "restore", append(words, t.captureWords()...)...)...)
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
	desk, at, x := t.at.Desk(), t.at, &restoring{title: title, onto: onto}
	touches := place.Touching(at, "backup", r.Backup)
	if r.Volume != "" {
		touches = append(touches, place.Touching(at, "volume", r.Volume)...)
	}
	report := func(host ui.Host) ui.Screen { return newReport(host, at, x) }
	id, cmd := t.host.Start(ui.Work{What: "restoring " + title, Touches: touches, Opens: report,
		Do: func(ctx context.Context, say ui.Progress) ui.Result {
			report, err := desk.Restore(ctx, r, plan, true, place.StepsTo(say))
			return ui.Result{Note: restoredNote(title, report, err), Answer: restoredMsg{report, err}, Changed: true}
		}})
	if id == 0 {
		return cmd
	}
	x.task = id
	return tea.Batch(cmd, func() tea.Msg { return ui.Push{Name: "restore", Make: report} })
}

// restoredNote tells how a restore ended, whatever screen is shown.
func restoredNote(title string, report *core.RestoreReport, err error) ui.Note {
	const more = "; W shows it."
	if err == nil {
		return ui.Note{Level: ui.LevelGood, Text: core.Visible(title) + ": " + report.Verdict() + more}
	}
	told := ui.FailureNote(err)
	if report.Waited {
		told.Text = core.Visible(title) + ": " + ui.WhatOf(err) + more
	}
	return told
}
