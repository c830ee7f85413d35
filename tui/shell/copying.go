package shell

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/tui/ui"
)

// What leaves hearth by the clipboard or by a file, and what comes in by the
// clipboard.

// copying takes what a screen wants out, and what the clipboard answers.
func (a *App) copying(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case ui.CopyMsg:
		return a.copyParcel(msg.Parcel)
	case ui.SaveMsg:
		return a.writeFile(msg.File, msg.Parcel)
	case ui.ClipboardMsg:
		return a.readClipboard()
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
	ui.Parcel
	done ui.Copied
	err  error
}

// copyParcel takes a text to the clipboard and says which way it went.
func (a *App) copyParcel(p ui.Parcel) tea.Cmd {
	c := a.opt.Clipboard
	return a.seat(0).Tell(func(ctx context.Context) tea.Msg {
		done, err := c.Put(ctx, p.Text)
		return copiedMsg{p, done, err}
	})
}

func (a *App) copied(msg copiedMsg) tea.Cmd {
	level := ui.LevelGood
	switch {
	case errors.Is(msg.err, ui.ErrTooLarge):
		return a.askForFile(msg.Parcel)
	case msg.err != nil:
		return ui.Fail(msg.err)
	case msg.done.Sent:
		level = ui.LevelInfo // nobody confirms it
	}
	said := func() tea.Msg { return msg.Note(level, msg.done.How) }
	if msg.done.Sent {
		return tea.Batch(tea.Raw(a.opt.Clipboard.OSC52(msg.Text)), said)
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
		text, ok, err := c.Read(ctx)
		return clipboardTextMsg{text, ok, err}
	})
}

// answerTime is how long a terminal may take to hand out its clipboard; most
// never do.
const answerTime = 1500 * time.Millisecond

func (a *App) clipboardText(msg clipboardTextMsg) tea.Cmd {
	switch {
	case msg.err != nil:
		return tea.Sequence(a.pasted(""), ui.Fail(msg.err))
	case msg.ok && strings.TrimSpace(msg.text) == "":
		return tea.Sequence(a.pasted(""),
			ui.Say(ui.LevelWarn, "The clipboard is empty; paste with the terminal's own key if it holds something else."))
	case msg.ok:
		return a.takePaste(msg.text)
	}
	a.terminal.asked = true
	return tea.Batch(tea.ReadClipboard, a.opt.After(answerTime, func(time.Time) tea.Msg { return clipboardLateMsg{} }))
}

// clipboardAnswer is the terminal's, if it was asked.
func (a *App) clipboardAnswer(text string) tea.Cmd {
	if !a.terminal.asked {
		return nil
	}
	a.terminal.asked = false
	return a.clipboardText(clipboardTextMsg{text: text, ok: true})
}

func (a *App) clipboardLate() tea.Cmd {
	if !a.terminal.asked {
		return nil
	}
	a.terminal.asked = false
	return tea.Sequence(a.pasted(""),
		ui.Say(ui.LevelWarn, "This terminal does not hand out its clipboard; paste with its own key (Ctrl-Shift-V, Shift-Insert, Cmd-V)."))
}

// askForFile offers a file for a parcel that the clipboard does not take.
func (a *App) askForFile(p ui.Parcel) tea.Cmd {
	why := core.Bytes(int64(len(p.Text))) + " is more than most terminals' clipboards take. Write it to a file instead?"
	return ui.Show(&ui.InputBox{Title: "Write a file", Hint: why, Input: ui.NewInput(ui.Either(p.File, "hearth-records.json")),
		Submit: func(file string) tea.Cmd {
			if strings.TrimSpace(file) == "" {
				return ui.Say(ui.LevelWarn, "No name was given; nothing was done.")
			}
			return a.writeFile(file, p)
		}})
}

// writeFile writes a parcel to a new file that only its owner can read.
func (a *App) writeFile(file string, p ui.Parcel) tea.Cmd {
	return a.seat(0).Tell(func(context.Context) tea.Msg {
		path := ui.ExpandHome(strings.TrimSpace(file))
		if err := ui.WriteNew(path, p.Text); err != nil {
			return ui.Failure(err)
		}
		return p.Note(ui.LevelGood, fmt.Sprintf("Wrote %s to %s", core.Bytes(int64(len(p.Text))), core.Visible(path)))
	})
}
