package operate

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// UndoAction takes back the last apply, from everywhere.
func UndoAction(host ui.Host, at *place.Stay) ui.Action {
	return ui.Action{Name: "undo", Keys: []string{"U"}, Label: "undo", Minor: true, Help: "Take back the last apply, after asking",
		Why: func() string { return at.Cannot(core.OpWriteVolume) }, Run: func() tea.Cmd { return operator{host, at}.undo(0) }}
}

// undo finds the entry that would be taken back (0: the last one), asks, and
// takes it back.
func (o operator) undo(id core.EntryID) tea.Cmd {
	desk := o.at.Desk()
	return o.host.Tell(func(ctx context.Context) tea.Msg {
		p, err := desk.PlanUndo(ctx, id)
		if err != nil {
			return ui.Failure(err)
		}
		e := p.Entry
		of, err := whose(ctx, desk, &e)
		if err != nil {
			return ui.Failure(err)
		}
		look := o.host.Look()
		text := fmt.Sprintf("Take back entry %d of %s by %s on %s?\n\n%s",
			e.ID, look.Clock(core.Some(e.At)), core.Visible(e.Who), of, core.Visible(e.Summary))
		q := ui.Asking(look, "Undo", text, "Undo", func() tea.Cmd { return o.undoEntry(p) })
		q.Lines = append(q.Lines, partly(look, &p)...)
		q.After = o.at.InShell(look, "undo", []string{fmt.Sprint(e.ID)})
		return ui.ShowMsg{Overlay: q.Guard(1, o.at.Info().Badge)}
	})
}

// whose names what an entry changed: a volume, or of an edit a backup.
func whose(ctx context.Context, desk jobs.Desk, e *core.Entry) (string, error) {
	if e.Volume == "" {
		b, err := desk.Place.Backup(ctx, e.Backup)
		return fmt.Sprintf("backup %s\n(%s)", core.Visible(b.Title()), core.Visible(string(b.ID))), err
	}
	v, err := desk.Place.Volume(ctx, e.Volume)
	return fmt.Sprintf("volume %s\n(%s)", core.Visible(v.Title()), core.Visible(string(v.ID))), err
}

// partly are the lines that say what an undo leaves alone; none where it takes back
// all that the entry changed.
func partly(look ui.Look, p *jobs.UndoPlan) (lines []ui.Line) {
	if len(p.Alone)+len(p.Others) == 0 {
		return nil
	}
	lines = append(lines, ui.Line{})
	for _, name := range p.Back {
		lines = append(lines, ui.TextLine(look.InDialog.Paint("  "+core.Visible(name)+" is taken back")))
	}
	for _, name := range p.Alone {
		lines = append(lines, show.Warning(look, core.Visible(name)+" is left alone: somebody has changed it since"))
	}
	for _, name := range p.Others {
		lines = append(lines, ui.TextLine(look.Dim.Paint("  "+core.Visible(name)+" is left alone: changed since, and not by this entry")))
	}
	return lines
}

func (o operator) undoEntry(p jobs.UndoPlan) tea.Cmd {
	desk, e := o.at.Desk(), p.Entry
	touches := place.Touching(o.at, "volume", e.Volume)
	if e.Volume == "" {
		touches = place.Touching(o.at, "backup", e.Backup)
	}
	_, cmd := o.at.Start(o.host, fmt.Sprintf("taking back entry %d", e.ID), touches, func(ctx context.Context, _ jobs.Progress) ui.Result {
		done, err := desk.UndoAsShown(ctx, p)
		text := fmt.Sprintf("Entry %d taken back, as journal entry %d.", done.Of, done.ID)
		if n := len(p.Alone); n > 0 {
			text = fmt.Sprintf("Entry %d taken back but for %s, as journal entry %d.", done.Of, core.Count(n, "field"), done.ID)
		}
		return ui.Wrote(text, err)
	})
	return cmd
}
