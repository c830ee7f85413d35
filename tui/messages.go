package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
)

// news is what the place has to say of a volume or backup: why something about it
// went wrong.
type news struct {
	*base
	read
	resource string
	messages []core.Message
}

type messagesMsg struct {
	gen      generation
	messages []core.Message
	err      error
}

// load asks for the messages, where the place keeps any.
func (n *news) load() tea.Cmd {
	m, ok := n.desk.Place.(store.Messenger)
	if !ok {
		return nil
	}
	gen, resource := n.begin(), n.resource
	return n.ask(func(ctx context.Context) tea.Msg {
		messages, err := m.Messages(ctx, resource)
		if core.CodeOf(err) == core.CodeUnsupported { // it is too old for them
			err = nil
		}
		return messagesMsg{gen, messages, err}
	})
}

func (n *news) take(msg messagesMsg) tea.Cmd {
	cmd, ok := n.end(msg.gen, msg.err)
	if ok {
		n.messages = msg.messages
	}
	return cmd
}

// lines are the messages for details.
func (n *news) lines() []line {
	if len(n.messages) == 0 {
		return nil
	}
	out := []line{{}, n.styles.heading("what went wrong")}
	for i := range n.messages {
		out = append(out, n.message(&n.messages[i]))
	}
	return out
}

// message is the line of a message.
func (a *app) message(m *core.Message) line {
	s := a.styles
	text := s.text.Paint(core.Visible(m.Text)) + s.dim.Paint("  "+core.Visible(m.Event))
	if m.RequestID != "" {
		text += s.dim.Paint("  " + core.Visible(m.RequestID))
	}
	return line{sign: s.bad.Paint("✗ ") + s.dim.Paint(a.clock(m.At)) + " ", value: text}
}
