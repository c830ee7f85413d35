package browse

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// captureTab shows a capture section by section: of a backup what it captured, of
// a volume what a backup would capture now.
type captureTab struct {
	ui.Scroll
	at *place.Stay
	ui.Read
	of    func() (core.VolumeID, core.BackupID)
	shown *core.Capture
	last  *core.KeptCapture // the one before, to compare with
}

// captureLoadedMsg brings the capture to show and the one before it.
type captureLoadedMsg struct {
	gen     ui.Generation
	capture core.Capture
	last    *core.KeptCapture
	err     error
}

func newCaptureTab(host ui.Host, at *place.Stay, of func() (core.VolumeID, core.BackupID)) *captureTab {
	return &captureTab{Scroll: ui.Scroll{Host: host}, at: at, of: of}
}

func (t *captureTab) Name() string    { return "Capture" }
func (t *captureTab) Init() tea.Cmd   { return t.load() }
func (t *captureTab) Resume() tea.Cmd { return t.load() }
func (t *captureTab) Restyle()        { t.fill() }

func (t *captureTab) load() tea.Cmd {
	gen, desk := t.Begin(), t.at.Desk()
	t.fill()
	volume, backup := t.of()
	return t.Host.Ask(func(ctx context.Context) tea.Msg {
		m := captureLoadedMsg{gen: gen}
		kept, err := desk.KeptCaptures(ctx, volume, backup)
		if err != nil {
			m.err = err
			return m
		}
		if backup != "" && len(kept) > 0 {
			m.capture = kept[0].Capture
			m.last, m.err = keptBefore(ctx, desk.KeptCaptures, volume, kept[0])
			return m
		}
		if len(kept) > 0 {
			m.last = &kept[0]
		}
		m.capture, _, m.err = desk.Capture(ctx, volume, 2)
		return m
	})
}

// keptBefore finds the capture of the same volume that was kept before another one.
func keptBefore(ctx context.Context, captures func(context.Context, core.VolumeID, core.BackupID) ([]core.KeptCapture, error),
	volume core.VolumeID, than core.KeptCapture) (*core.KeptCapture, error) {
	all, err := captures(ctx, volume, "")
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].ID != than.ID && !all[i].At.After(than.At) {
			return &all[i], nil
		}
	}
	return nil, nil
}

func (t *captureTab) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case captureLoadedMsg:
		cmd, ok := t.End(msg.gen, msg.err)
		if ok {
			t.shown, t.last = &msg.capture, msg.last
		}
		t.fill()
		return cmd
	case captureKeptMsg:
		return t.load()
	}
	return nil
}

// fill writes the tab's lines.
func (t *captureTab) fill() {
	s := t.Host.Look()
	switch {
	case t.State == ui.Failed:
		t.Set([]ui.Line{{Sign: s.Bad.Paint("✗ "), Value: s.Bad.Paint(core.Visible(t.Err.Error()))}})
		return
	case t.shown == nil:
		t.Set([]ui.Line{ui.TextLine(s.Busy.Paint("◌ reading…"))})
		return
	}
	c := t.shown
	lines := []ui.Line{ui.FieldLine("source", t.sourceText(c))}
	if v, ok := c.Doc.Object().Get("version"); ok {
		lines = append(lines, ui.FieldLine("version", core.Visible(pyjson.Text(v))))
	}
	lines = append(lines, ui.FieldLine("size", core.Bytes(int64(len(c.Text)))))
	if t.last != nil {
		lines = append(lines,
			ui.FieldLine("compared with",
				"the capture of "+t.Host.Look().Clock(core.Some(t.last.At))+", "+core.Visible(string(t.last.Capture.Source.Kind))))
	}
	for _, w := range core.CaptureWarnings(c) {
		lines = append(lines, ui.Line{Sign: s.Warn.Paint("! "), Value: s.Warn.Paint(core.Visible(w))})
	}
	lines = append(lines, ui.Line{}, ui.TextLine(s.Dim.Paint("↩ comes back   ± depends on release, target or version   · never comes back")))
	if t.last != nil {
		lines = append(lines, ui.TextLine(s.Dim.Paint("+ new, ~ changed, - gone since the capture before")))
	}
	begin := len(lines)
	for _, section := range core.Sections {
		lines = append(lines, t.section(c, section)...)
	}
	lines[begin].Part = true
	t.Set(lines)
}

func (t *captureTab) sourceText(c *core.Capture) string {
	if !c.Source.Guess() {
		return core.Visible(c.Source.String())
	}
	if _, backup := t.of(); backup != "" {
		return t.Host.Look().Warn.Paint("GUESS: no capture of this backup is known; this is its volume as it is now")
	}
	return "what a backup made now would capture"
}

// section lists a section's fields: what becomes of each, its value, and how it
// differs from the capture before.
func (t *captureTab) section(c *core.Capture, section core.Section) []ui.Line {
	s := t.Host.Look()
	o := c.Section(section)
	var was *core.Capture
	if t.last != nil {
		was = &t.last.Capture
	}
	title := section.Title()
	if o == nil {
		lines := []ui.Line{{}, s.Heading(title)}
		if v, ok := c.Doc.Object().Get(string(section)); ok {
			return append(lines, ui.TextLine(s.Bad.Paint("no object: "+core.Visible(pyjson.Text(v)))))
		}
		lines = append(lines, ui.TextLine(s.Dim.Paint("absent: a restore leaves the target's alone")))
		return append(lines, t.gone(was, section, nil)...)
	}
	lines := []ui.Line{{}, s.Heading(fmt.Sprintf("%s (%s)", title, core.Count(o.Len(), "field")))}
	if o.Len() == 0 {
		lines = append(lines, ui.TextLine(s.Warn.Paint("empty, which is not the same as absent: a restore removes all the target has")))
	}
	for name, v := range o.All() {
		lines = append(lines, t.captured(c, was, section, name, v))
	}
	return append(lines, t.gone(was, section, o)...)
}

// captured is the line of a field. That no release restores most of them goes
// without saying.
func (t *captureTab) captured(c, was *core.Capture, section core.Section, name string, v pyjson.Value) ui.Line {
	s := t.Host.Look()
	fate, why := core.FateOf(section, name, c.Version())
	glyph := map[core.Fate]string{
		core.FateRestored:    s.Good.Paint("↩"),
		core.FateConditional: s.Changed.Paint("±"),
		core.FateNever:       s.Dim.Paint("·"),
	}[fate]
	mark := " "
	if was != nil {
		switch old, ok := was.Section(section).Get(name); {
		case !ok:
			mark = s.Added.Paint("+")
		case !old.Equal(v):
			mark = s.Changed.Paint("~")
		}
	}
	l := ui.Line{Sign: mark + glyph + " ", Label: core.Visible(name), Value: show.ValueText(s, name, v)}
	if fate == core.FateConditional || core.SecretFields.Has(name) && v.Truthy() {
		l.Note = s.Dim.Paint(why)
	}
	return l
}

// gone lists what the capture before had and this one has not.
func (t *captureTab) gone(was *core.Capture, section core.Section, now *pyjson.Object) []ui.Line {
	if was == nil {
		return nil
	}
	var lines []ui.Line
	for name, v := range was.Section(section).All() {
		if !now.Has(name) {
			lines = append(lines,
				ui.Line{Sign: t.Host.Look().Removed.Paint("-") + "  ", Label: core.Visible(name), Value: show.ValueText(t.Host.Look(), name, v)})
		}
	}
	return lines
}

// captureKeptMsg says that a capture has been kept.
type captureKeptMsg struct{}

func (t *captureTab) Actions() []ui.Action {
	_, backup := t.of()
	return append([]ui.Action{
		{Name: "keep", Keys: []string{"s"}, Label: "keep it", Help: "Keep this capture, to compare later ones with it", Why: func() string {
			switch {
			case t.shown == nil:
				return "it is not read yet"
			case backup != "" && !t.shown.Source.Guess():
				return "it is kept already"
			case backup != "":
				return "it is only a guess at what the backup captured"
			}
			return ""
		}, Run: func() tea.Cmd {
			desk, c, answer := t.at.Desk(), *t.shown, t.Host.Answer
			return t.Host.Tell(func(ctx context.Context) tea.Msg {
				id, err := desk.Keep(ctx, c)
				if err != nil {
					return ui.Failure(err)
				}
				return ui.Tell(ui.Note{Level: ui.LevelGood, Text: fmt.Sprintf("Kept as capture %d.", id)}, answer(captureKeptMsg{}))
			})
		}},
		{Name: "copy-capture", Keys: []string{"C"}, Help: "Copy the exact text, byte for byte what Cinder writes", Why: func() string {
			if t.shown == nil {
				return "it is not read yet"
			}
			return ""
		}, Run: func() tea.Cmd { return t.Host.Copy(t.shown.Text, "the capture") }},
	}, t.Scroll.Actions()...)
}
