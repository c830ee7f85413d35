package restore

import (
	"path/filepath"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/tui/place"
	"hearth/tui/ui"
)

// Captures that are given from files, in place of those that are known of a backup.

// captureGivenMsg brings a capture that was read from a file.
type captureGivenMsg struct {
	file    string
	capture core.Capture
}

// giveCapture asks for a file; where some were given already, for what is to become
// of them first.
func (t *restoreTab) giveCapture() tea.Cmd {
	if len(t.files) == 0 {
		return t.chooseCapture()
	}
	return ui.Show(&ui.MenuBox{Title: "Captures from " + core.Count(len(t.files), "file"), Items: []ui.MenuItem{
		{Label: "Give the next layer's capture too"},
		{Label: "Take the last one away", Hint: core.Visible(filepath.Base(t.files[len(t.files)-1]))},
		{Label: "Take all away, and go by what is known"},
	}, Pick: func(i int) tea.Cmd {
		n := len(t.files)
		switch i {
		case 0:
			return t.chooseCapture()
		case 1:
			t.files = t.files[:n-1]
		case 2:
			t.files = nil
		}
		return t.given(t.request.Captures[:len(t.files)])
	}})
}

func (t *restoreTab) chooseCapture() tea.Cmd {
	at, note := "", "A capture, as hearth capture writes it. Nothing typed is the current folder."
	if n := len(t.files); n > 0 {
		at = filepath.Dir(t.files[n-1]) + string(filepath.Separator)
		note = "The capture of the layer above " + filepath.Base(t.files[n-1]) + "."
	}
	return func() tea.Msg {
		return ui.Push{Name: "files", Make: func(host ui.Host) ui.Screen {
			s := ui.NewFiles(host, "A capture from a file", note, at)
			s.Answer, s.Take = t.host.Answer, readCapture
			return s
		}}
	}
}

// readCapture reads a file's text as a capture.
func readCapture(file, text string) (tea.Msg, error) {
	c := core.ReadGiven(text, core.Source{Kind: core.SourceFile, Where: file})
	if c.Err == nil && c.Doc.Kind() != pyjson.Dict {
		return nil, core.Fail(core.CodeUnreadable, "read "+file, "it is no capture, which is a JSON object", "choose another file", nil)
	}
	if c.Err != nil {
		return nil, core.Fail(core.CodeUnreadable, "read "+file, "it is no capture: its text does not parse", "choose another file", c.Err)
	}
	return captureGivenMsg{file, c}, nil
}

// given works the plan out from captures that were given; from what is known where
// none is left.
func (t *restoreTab) given(captures []core.Capture) tea.Cmd {
	if len(captures) == 0 {
		captures = nil
	}
	t.request.Captures, t.request.LeaveOut = captures, nil
	t.State, t.plan = ui.Loading, nil
	t.table.Home()
	return t.load()
}

// captureWords are the verb's arguments for the captures that were given.
func (t *restoreTab) captureWords() (words []string) {
	for _, f := range t.files {
		words = append(words, place.Flag("--capture", f))
	}
	return words
}
