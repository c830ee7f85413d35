package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
)

// What leaves hearth by the clipboard or by a file, and what comes in by the
// clipboard.

// copying takes what a screen wants out, and what the clipboard answers.
func (a *App) copying(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case copyMsg:
		return a.copyParcel(msg.parcel)
	case saveMsg:
		return a.writeFile(msg.file, msg.parcel)
	case copiedMsg:
		return a.copied(msg)
	case clipboardTextMsg:
		return a.clipboardText(msg)
	case tea.ClipboardMsg:
		return a.clipboardAnswer(msg.Content)
	case clipboardLateMsg:
		return a.clipboardLate()
	}
	return nil
}

// copiedMsg is how a copy ended.
type copiedMsg struct {
	parcel
	done copied
	err  error
}

// copyParcel takes a text to the clipboard and says which way it went.
func (a *App) copyParcel(p parcel) tea.Cmd {
	c := a.opt.Clipboard
	return a.seat(0).Tell(func(ctx context.Context) tea.Msg {
		done, err := c.copy(ctx, p.text)
		return copiedMsg{p, done, err}
	})
}

func (a *App) copied(msg copiedMsg) tea.Cmd {
	level := good
	switch {
	case errors.Is(msg.err, errTooLarge):
		return a.askForFile(msg.parcel)
	case msg.err != nil:
		return fail(msg.err)
	case msg.done.sent:
		level = info // nobody confirms it
	}
	said := func() tea.Msg { return msg.note(level, msg.done.how) }
	if msg.done.sent {
		return tea.Batch(tea.Raw(a.opt.Clipboard.osc52(msg.text)), said)
	}
	return said
}

// clipboardTextMsg brings the clipboard's text, or says that nobody hands it out.
type clipboardTextMsg struct {
	text string
	ok   bool
	err  error
}

// clipboardLateMsg says that the terminal has had its time to answer.
type clipboardLateMsg struct{}

// readClipboard reads the clipboard and takes it for a paste.
func (a *App) readClipboard() tea.Cmd {
	c := a.opt.Clipboard
	return a.seat(0).Tell(func(ctx context.Context) tea.Msg {
		text, ok, err := c.read(ctx)
		return clipboardTextMsg{text, ok, err}
	})
}

// answerTime is how long a terminal may take to hand out its clipboard; most
// never do.
const answerTime = 1500 * time.Millisecond

func (a *App) clipboardText(msg clipboardTextMsg) tea.Cmd {
	switch {
	case msg.err != nil:
		return tea.Sequence(a.pasted(""), fail(msg.err))
	case msg.ok && strings.TrimSpace(msg.text) == "":
		return tea.Sequence(a.pasted(""), note(warn, "The clipboard is empty; paste with the terminal's own key if it holds something else."))
	case msg.ok:
		return a.takePaste(msg.text)
	}
	a.asked = true
	return tea.Batch(tea.ReadClipboard, a.opt.After(answerTime, func(time.Time) tea.Msg { return clipboardLateMsg{} }))
}

// clipboardAnswer is the terminal's, if it was asked.
func (a *App) clipboardAnswer(text string) tea.Cmd {
	if !a.asked {
		return nil
	}
	a.asked = false
	return a.clipboardText(clipboardTextMsg{text: text, ok: true})
}

func (a *App) clipboardLate() tea.Cmd {
	if !a.asked {
		return nil
	}
	a.asked = false
	return tea.Sequence(a.pasted(""), note(warn, "This terminal does not hand out its clipboard; paste with its own key (Ctrl-Shift-V, Shift-Insert, Cmd-V)."))
}

// askForFile offers a file for a parcel that the clipboard does not take.
func (a *App) askForFile(p parcel) tea.Cmd {
	why := core.Bytes(int64(len(p.text))) + " is more than most terminals' clipboards take. Write it to a file instead?"
	return show(&inputBox{title: "Write a file", hint: why, input: newInput(either(p.file, "hearth-records.json")),
		submit: func(file string) tea.Cmd {
			if strings.TrimSpace(file) == "" {
				return note(warn, "No name was given; nothing was done.")
			}
			return a.writeFile(file, p)
		}})
}

// writeFile writes a parcel to a new file that only its owner can read.
func (a *App) writeFile(file string, p parcel) tea.Cmd {
	return a.seat(0).Tell(func(context.Context) tea.Msg {
		path := expandHome(strings.TrimSpace(file))
		if err := writeNew(path, p.text); err != nil {
			return failure(err)
		}
		return p.note(good, fmt.Sprintf("Wrote %s to %s", core.Bytes(int64(len(p.text))), core.Visible(path)))
	})
}
