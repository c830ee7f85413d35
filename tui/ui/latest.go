package ui

import (
	"context"

	tea "charm.land/bubbletea/v2"
)

// Latest asks one question at a time: the next one ends the one before at once, for
// nobody waits for its answer any more. The zero Latest has asked nothing.
type Latest struct{ end context.CancelFunc }

// Ask asks instead of what was asked before. Work that was ended before it began is not
// begun, and what it answers afterwards is dropped.
func (l *Latest) Ask(host Host, work func(context.Context) tea.Msg) tea.Cmd {
	l.End()
	own, end := context.WithCancel(context.Background())
	l.end = end
	return host.Ask(func(ctx context.Context) tea.Msg {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		defer context.AfterFunc(own, stop)()
		if own.Err() != nil {
			return nil
		}
		if msg := work(ctx); own.Err() == nil {
			return msg
		}
		return nil
	})
}

// End ends what was asked last, if it has not been answered.
func (l *Latest) End() {
	if l.end != nil {
		l.end()
	}
}
