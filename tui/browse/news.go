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
	messages []core.Message
}

type messagesMsg struct {
	gen      ui.Generation
	messages []core.Message
	err      error
}

// load asks for the messages, where the place keeps any.
func (n *news) load() tea.Cmd {
	m, ok := n.at.Desk().Place.(store.Messenger)
	if !ok {
		return nil
	}
	gen, resource := n.Begin(), n.resource
	return n.Ask(n.host, func(ctx context.Context) tea.Msg {
		messages, err := m.Messages(ctx, resource)
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
		out = append(out, show.Message(n.host.Look(), &n.messages[i]))
	}
	return out
}
