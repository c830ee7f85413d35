package tui

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
)

// undoAction takes back the last apply, from everywhere.
func undoAction(host Host, at *Stay) action {
	return action{name: "undo", keys: []string{"U"}, label: "undo", minor: true, help: "Take back the last apply, after asking",
		why: func() string { return at.Cannot(core.OpWriteVolume) }, run: func() tea.Cmd { return operator{host, at}.undo(0) }}
}

// undo finds the entry that would be taken back (0: the last one), asks, and
// takes it back.
func (o operator) undo(id core.EntryID) tea.Cmd {
	desk := o.at.Desk()
	return o.host.Tell(func(ctx context.Context) tea.Msg {
		e, err := desk.UndoTarget(ctx, id)
		if err != nil {
			return failure(err)
		}
		v, err := desk.Place.Volume(ctx, e.Volume)
		if err != nil {
			return failure(err)
		}
		look := o.host.Look()
		name := fmt.Sprintf("%s\n(%s)", core.Visible(v.Title()), core.Visible(string(v.ID)))
		text := fmt.Sprintf("Take back entry %d of %s by %s on volume %s?\n\n%s",
			e.ID, look.Clock(core.Some(e.At)), core.Visible(e.Who), name, core.Visible(e.Summary))
		return showMsg{asking(look, "Undo", text, "Undo", func() tea.Cmd { return o.undoEntry(e) })}
	})
}

func (o operator) undoEntry(e core.Entry) tea.Cmd {
	desk := o.at.Desk()
	touches := Touching(o.at, "volume", e.Volume)
	if e.Volume == "" {
		touches = Touching(o.at, "backup", e.Backup)
	}
	_, cmd := o.at.Start(o.host, fmt.Sprintf("taking back entry %d", e.ID), touches, func(ctx context.Context, _ jobs.Progress) Result {
		done, err := desk.Undo(ctx, e.ID)
		return wrote(fmt.Sprintf("Entry %d taken back, as journal entry %d.", done.Of, done.ID), err)
	})
	return cmd
}
