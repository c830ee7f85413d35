package restore

import (
	"context"
	"fmt"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// A restore of data and metadata, which Cinder does: previewed and asked about in the
// tab, watched and accounted for on a screen of its own (report.go).

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

// noRestore says why the data cannot be restored, "" if it can, or if that is not
// known.
func (t *restoreTab) noRestore() string {
	if why := ui.Either(t.at.Cannot(core.OpRestore), t.notReady()); why != "" {
		return why
	}
	for _, r := range t.plan.Can.Reasons {
		if r.Answer == core.AnswerNo {
			return r.Text
		}
	}
	return ""
}

// restoreRequest is what Cinder, or hearth, is asked for.
func (t *restoreTab) restoreRequest() core.RestoreRequest {
	return core.RestoreRequest{Backup: t.request.Backup, Volume: t.request.Onto, Name: t.request.Name,
		Size: t.shape.size, Type: t.shape.typ, AvailabilityZone: t.shape.zone}
}

// restoreData asks before the restore that is shown is begun: the answer again, and
// what is lost and changes.
func (t *restoreTab) restoreData() tea.Cmd {
	r, p, b, l := t.restoreRequest(), t.plan, t.backup, t.host.Look()
	onto := ui.Either(r.Name, "a new volume")
	text := fmt.Sprintf("Restore %s, data and metadata, into %s?\n", core.Visible(b.Title()), t.targetText())
	words := newVolumeWords(r)
	if v := p.Target.Volume; v != nil {
		onto, words = v.Title(), []string{place.Flag("--onto", string(r.Volume))}
		text = fmt.Sprintf("Restore %s, data and metadata, onto volume %s\n(%s)?\nAll that is on it now is overwritten. There is no way back.\n",
			core.Visible(b.Title()), core.Visible(onto), core.Visible(string(v.ID)))
	} else if r.Name != "" {
		onto = "a new volume named " + r.Name
	}
	q := ui.Asking(l, "Restore", text+"\n"+show.PlanText(p).HeadlineText()+"\n", "Restore",
		func() tea.Cmd { return t.restore(r, b.Title(), onto, p) })
	q.Lines = append(q.Lines, t.acted(l)...)
	if says := p.Target.Route.Says(); says != "" {
		q.Lines = append(q.Lines, ui.TextLine(l.Dim.Paint(core.Visible(says))))
	}
	q.Lines = append(q.Lines, t.at.InShell(l, "restore", backupNames(r.Backup), append(words, t.captureWords()...)...)...)
	q.Lines = append(q.Lines, ui.Line{})
	for i, reason := range p.Can.Reasons {
		if i == 3 {
			q.Lines = append(q.Lines, ui.TextLine(l.Dim.Paint(fmt.Sprintf("… and %d more, which w in the preview shows", len(p.Can.Reasons)-i))))
			break
		}
		q.Lines = append(q.Lines, show.Warning(l, reason.Text+"; "+ui.Next(reason.Next, reason.With...)))
	}
	for _, w := range p.Warnings {
		q.Lines = append(q.Lines, show.Warning(l, w))
	}
	return ui.Show(q.Guard(1, t.at.Info().Badge))
}

// backupNames are the names that a verb takes of a backup: none where only captures are given.
func backupNames(id core.BackupID) []string {
	if id == "" {
		return nil
	}
	return []string{string(id)}
}

// newVolumeWords are the verb's flags for a new volume.
func newVolumeWords(r core.RestoreRequest) []string {
	words := []string{"--new="} // without a name Cinder chooses one
	if r.Name != "" {
		words = []string{place.Flag("--new", r.Name)}
	}
	if r.Size > 0 {
		words = append(words, place.Flag("--size", strconv.FormatInt(r.Size, 10)))
	}
	for _, f := range []struct{ flag, value string }{{"--type", r.Type}, {"--availability-zone", r.AvailabilityZone}} {
		if f.value != "" {
			words = append(words, place.Flag(f.flag, f.value))
		}
	}
	return words
}

// restore begins it, and shows how it gets on.
func (t *restoreTab) restore(r core.RestoreRequest, title, onto string, plan *core.Plan) tea.Cmd {
	desk, at, host, x := t.at.Desk(), t.at, t.host, &restoring{title: title, onto: onto}
	touches := place.Touching(at, "backup", r.Backup)
	if r.Volume != "" {
		touches = append(touches, place.Touching(at, "volume", r.Volume)...)
	}
	report := func(host ui.Host) ui.Screen { return newReport(host, at, x) }
	id, cmd := t.host.Start(ui.Work{What: "restoring " + title, Touches: touches, Opens: report,
		Do: func(ctx context.Context, say ui.Progress) ui.Result {
			report, err := desk.Restore(ctx, r, plan, true, place.StepsTo(say))
			done := ui.Result{Note: restoredNote(title, report, err), Answer: restoredMsg{report, err}, Changed: true}
			if core.CodeOf(err) == core.CodeCancelled {
				leaving{host, at}.givenUp(ctx, report, onto, &done)
			}
			return done
		}})
	if id == 0 {
		return cmd
	}
	x.task = id
	return tea.Batch(cmd, func() tea.Msg { return ui.Push{Name: "restore", Make: report} })
}

// restoredNote tells how a restore ended, whatever screen is shown.
func restoredNote(title string, report *core.RestoreReport, err error) ui.Note {
	more := "; " + ui.KeyOf("go-tasks") + " shows it."
	if err == nil {
		return ui.Note{Level: ui.LevelGood, Text: core.Visible(title) + ": " + report.Verdict() + more}
	}
	told := ui.FailureNote(err)
	if report.Waited {
		told.Text = core.Visible(title) + ": " + ui.WhatOf(err) + more
	}
	return told
}
