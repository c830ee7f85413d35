package operate

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/place"
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
		e, err := desk.UndoTarget(ctx, id)
		if err != nil {
			return ui.Failure(err)
		}
		of, err := whose(ctx, desk, &e)
		if err != nil {
			return ui.Failure(err)
		}
		look := o.host.Look()
		text := fmt.Sprintf("Take back entry %d of %s by %s on %s?\n\n%s",
			e.ID, look.Clock(core.Some(e.At)), core.Visible(e.Who), of, core.Visible(e.Summary))
		return ui.ShowMsg{Overlay: ui.Asking(look, "Undo", text, "Undo", func() tea.Cmd { return o.undoEntry(e) })}
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

func (o operator) undoEntry(e core.Entry) tea.Cmd {
	desk := o.at.Desk()
	touches := place.Touching(o.at, "volume", e.Volume)
	if e.Volume == "" {
		touches = place.Touching(o.at, "backup", e.Backup)
	}
	_, cmd := o.at.Start(o.host, fmt.Sprintf("taking back entry %d", e.ID), touches, func(ctx context.Context, _ jobs.Progress) ui.Result {
		done, err := desk.Undo(ctx, e.ID)
		return ui.Wrote(fmt.Sprintf("Entry %d taken back, as journal entry %d.", done.Of, done.ID), err)
	})
	return cmd
}
