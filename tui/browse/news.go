package browse

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// news is what the place has to say of a volume or backup: why something about it
// went wrong.
type news struct {
	host ui.Host
	at   *place.Stay
	ui.Read
	resource string
	backup   func() *core.Backup // what it is, where it is one: some is said of its volume only; nil: a volume
	messages []core.Message
}

type messagesMsg struct {
	gen      ui.Generation
	messages []core.Message
	err      error
}

// load asks for the messages, where the place keeps any.
func (n *news) load() tea.Cmd {
	desk := n.at.Desk()
	if _, ok := desk.Place.(store.Messenger); !ok {
		return nil
	}
	ask := func(ctx context.Context) ([]core.Message, error) { return desk.Messages(ctx, n.resource) }
	if n.backup != nil {
		b := *n.backup()
		ask = func(ctx context.Context) ([]core.Message, error) { return desk.MessagesOf(ctx, &b) }
	}
	gen := n.Begin()
	return n.Ask(n.host, func(ctx context.Context) tea.Msg {
		messages, err := ask(ctx)
		if core.CodeOf(err) == core.CodeUnsupported { // it is too old for them
			err = nil
		}
		return messagesMsg{gen, messages, err}
	})
}

func (n *news) take(msg messagesMsg) tea.Cmd {
	cmd, ok := n.End(msg.gen, msg.err)
	if ok {
		n.messages = msg.messages
	}
	return cmd
}

// lines are the messages for details.
func (n *news) lines() []ui.Line {
	if len(n.messages) == 0 {
		return nil
	}
	out := []ui.Line{{}, n.host.Look().Heading("what went wrong")}
	for i := range n.messages {
		m := n.messages[i]
		if m.ResourceID != n.resource {
			m.Text += " (said of its volume)"
		}
		out = append(out, show.Message(n.host.Look(), &m))
	}
	return out
}
