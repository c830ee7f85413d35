package tui

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
)

// undo finds the entry that would be taken back (0: the last one), asks, and
// takes it back.
func (a *app) undo(id core.EntryID) tea.Cmd {
	desk, local := a.desk, a.local
	return a.task(func(ctx context.Context) tea.Msg {
		e, err := desk.UndoTarget(ctx, id)
		if err != nil {
			return failure(err)
		}
		v, err := desk.Place.Volume(ctx, e.Volume)
		if err != nil {
			return failure(err)
		}
		name := fmt.Sprintf("%s\n(%s)", core.Visible(v.Title()), core.Visible(string(v.ID)))
		text := fmt.Sprintf("Take back entry %d of %s by %s on volume %s?\n\n%s", e.ID, clockIn(core.Some(e.At), local), core.Visible(e.Who), name, core.Visible(e.Summary))
		return showMsg{a.asking("Undo", text, "Undo", func() tea.Cmd { return a.undoEntry(e.ID) })}
	})
}

func (a *app) undoEntry(id core.EntryID) tea.Cmd {
	desk := a.desk
	return a.start(fmt.Sprintf("taking back entry %d", id), func(ctx context.Context, _ jobs.Progress) tea.Msg {
		done, err := desk.Undo(ctx, id)
		if err != nil {
			return tell(failure(err), changedMsg{})
		}
		return tell(noteMsg{level: good, text: fmt.Sprintf("Entry %d taken back, as journal entry %d.", done.Of, done.ID)}, changedMsg{})
	})
}

// changedMsg says that something was written: what is shown may be stale.
type changedMsg struct{}
