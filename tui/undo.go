package tui

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
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
		name := string(e.Volume)
		if v, err := desk.Place.Volume(ctx, e.Volume); err == nil {
			name = fmt.Sprintf("%s\n(%s)", core.Visible(v.Title()), v.ID)
		}
		text := fmt.Sprintf("Take back entry %d of %s by %s on volume %s?\n\n%s", e.ID, clockIn(core.Some(e.At), local), core.Visible(e.Who), name, core.Visible(e.Summary))
		return showMsg{&confirmBox{title: "Undo", text: text, yes: "Undo", do: func() tea.Cmd {
			return a.task(func(ctx context.Context) tea.Msg {
				done, err := desk.Undo(ctx, e.ID)
				if err != nil {
					return failure(err)
				}
				return undoneMsg{done}
			})
		}}}
	})
}

// undoneMsg says that an entry was taken back: what is shown may be stale.
type undoneMsg struct{ entry core.Entry }
