package restore

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/tui/place"
	"hearth/tui/ui"
)

// A restore that was cancelled: what it leaves behind is named, and offered to be taken away.

// lookLeft is how long somebody who gave up waits for a look at what is left.
const lookLeft = 5 * time.Second

// leaving is a restore that somebody gave up, in its place.
type leaving struct {
	host ui.Host
	at   *place.Stay
}

// givenUp says of a cancelled restore what goes on, and asks about the volume that was made
// for it. One that was there before is only told of. It is called off the loop.
func (x leaving) givenUp(ctx context.Context, report *core.RestoreReport, onto string, done *ui.Result) {
	const waits = "Cancelled: hearth waits no longer. "
	switch {
	case report.Made == "" && report.Volume == "":
		return // what came of it is not known, and the error says so
	case report.Made == "" && report.Inferred:
		done.Note.Text = waits + "Cinder's answer was not heard: volume " + core.Visible(string(report.Volume)) +
			" may be what it made for the restore; delete it if nobody else made it."
		return
	case report.Made == "":
		done.Note.Text = waits + "The restore onto volume " + core.Visible(onto) + " (" + core.Visible(string(report.Volume)) +
			") goes on in the cloud: what was on it is being overwritten."
		return
	}
	made := "Volume " + core.Visible(string(report.Made)) + ", which was made for the restore,"
	done.Note.Text = waits + made + " is left behind; " + ui.KeyOf("delete-left") + " in its report, which " +
		ui.KeyOf("go-tasks") + " leads to, deletes it."
	look, end := context.WithTimeout(context.WithoutCancel(ctx), lookLeft)
	defer end()
	l, err := x.at.Desk().Leftover(look, report)
	switch {
	case core.CodeOf(err) == core.CodeNotFound:
		done.Note.Text = waits + made + " is not there any more."
	case err != nil:
		done.Note.Text += " It cannot be looked at now, because " + core.Visible(ui.Told(err)) + "."
	default:
		done.Then = ui.ShowMsg{Overlay: x.ask(l)}
	}
}

// ask asks whether the volume is to be deleted.
func (x leaving) ask(l jobs.Leftover) ui.Overlay {
	look, id := x.host.Look(), core.Visible(string(l.Volume))
	text := "Nobody waits for the restore any more, and volume " + core.Visible(l.Title()) + "\n(" + id + "), which was made for it, is " +
		core.Visible(l.Status) + ".\n"
	if l.Stays != "" {
		q := &ui.QuestionBox{Title: "Left behind", Look: look, Lines: ui.Said(look, text+"It stays: "+l.Stays+".")}
		q.After = ui.ShellIsNot(look, "hearth does not delete it")
		return q
	}
	if core.InTransit(l.Status) {
		text += "Cinder deletes no volume that is: hearth would wait until it is over.\n"
	}
	q := ui.Asking(look, "Left behind", text+"Delete it, with all that is on it? There is no way back.", "Delete",
		func() tea.Cmd { return x.drop(l) })
	q.After = x.inShell(look, l.Volume)
	return q.Guard(1, x.at.Info().Badge)
}

// inShell tells the command of the openstack client: no verb of hearth deletes volumes.
func (x leaving) inShell(look ui.Look, id core.VolumeID) []ui.Line {
	at, err := store.ParseLocation(x.at.Info().Location)
	if err != nil || at.Scheme != "cloud" {
		return ui.ShellIsNot(look, "hearth has no verb that deletes a volume")
	}
	whole, region, project := at.Cut()
	words := []string{"openstack", place.Flag("--os-cloud", whole.Rest)}
	if region != "" {
		words = append(words, place.Flag("--os-region-name", region))
	}
	if project != "" {
		words = append(words, place.Flag("--os-project-id", project))
	}
	return ui.ShellIs(look, place.ShellLine(append(words, "volume", "delete", string(id))))
}

// drop deletes it.
func (x leaving) drop(l jobs.Leftover) tea.Cmd {
	desk := x.at.Desk()
	_, cmd := x.at.Start(x.host, "deleting volume "+l.Title(), place.Touching(x.at, "volume", l.Volume),
		func(ctx context.Context, progress jobs.Progress) ui.Result {
			return ui.Wrote("Volume "+core.Visible(l.Title())+" is deleted.", desk.DropLeftover(ctx, l, progress))
		})
	return cmd
}

// noneLeft says why no volume of a cancelled restore can be deleted.
func (s *reportScreen) noneLeft() string {
	t, end := s.task()
	switch {
	case t.Runs():
		return "the restore is still watched: " + ui.KeyOf("interrupt") + " cancels that"
	case core.CodeOf(end.err) != core.CodeCancelled || end.report == nil:
		return "only the volume of a cancelled restore is deleted here"
	case end.report.Made == "":
		return "the restore made no volume, or none that is known"
	}
	return s.at.Cannot(core.OpRestore)
}

// deleteLeft looks at the volume once more, and asks.
func (s *reportScreen) deleteLeft() tea.Cmd {
	_, end := s.task()
	x, report, desk := leaving{s.host, s.at}, end.report, s.at.Desk()
	return tea.Batch(ui.Looking("Looking at volume "+core.Visible(string(report.Made))), s.host.Tell(func(ctx context.Context) tea.Msg {
		l, err := desk.Leftover(ctx, report)
		if err != nil {
			return ui.Failure(err)
		}
		return ui.ShowMsg{Overlay: x.ask(l)}
	}))
}
