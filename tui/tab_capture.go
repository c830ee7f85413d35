package tui

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
)

// captureTab shows a capture section by section: of a backup what it captured, of
// a volume what a backup would capture now.
type captureTab struct {
	scroll
	at *Stay
	read
	of    func() (core.VolumeID, core.BackupID)
	shown *core.Capture
	last  *core.KeptCapture // the one before, to compare with
}

// captureLoadedMsg brings the capture to show and the one before it.
type captureLoadedMsg struct {
	gen     generation
	capture core.Capture
	last    *core.KeptCapture
	err     error
}

func newCaptureTab(host Host, at *Stay, of func() (core.VolumeID, core.BackupID)) *captureTab {
	return &captureTab{scroll: scroll{host: host}, at: at, of: of}
}

func (t *captureTab) name() string    { return "Capture" }
func (t *captureTab) init() tea.Cmd   { return t.load() }
func (t *captureTab) resume() tea.Cmd { return t.load() }
func (t *captureTab) restyle()        { t.fill() }

func (t *captureTab) load() tea.Cmd {
	gen, desk := t.begin(), t.at.Desk()
	t.fill()
	volume, backup := t.of()
	return t.host.Ask(func(ctx context.Context) tea.Msg {
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
func keptBefore(ctx context.Context, captures func(context.Context, core.VolumeID, core.BackupID) ([]core.KeptCapture, error), volume core.VolumeID, than core.KeptCapture) (*core.KeptCapture, error) {
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

func (t *captureTab) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case captureLoadedMsg:
		cmd, ok := t.end(msg.gen, msg.err)
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
	s := t.host.Look()
	switch {
	case t.state == failed:
		t.set([]line{{sign: s.bad.Paint("✗ "), value: s.bad.Paint(core.Visible(t.err.Error()))}})
		return
	case t.shown == nil:
		t.set([]line{text(s.busy.Paint("◌ reading…"))})
		return
	}
	c := t.shown
	lines := []line{field("source", t.sourceText(c))}
	if v, ok := c.Doc.Object().Get("version"); ok {
		lines = append(lines, field("version", core.Visible(pyjson.Text(v))))
	}
	lines = append(lines, field("size", core.Bytes(int64(len(c.Text)))))
	if t.last != nil {
		lines = append(lines, field("compared with", "the capture of "+t.host.Look().Clock(core.Some(t.last.At))+", "+core.Visible(string(t.last.Capture.Source.Kind))))
	}
	for _, w := range core.CaptureWarnings(c) {
		lines = append(lines, line{sign: s.warn.Paint("! "), value: s.warn.Paint(core.Visible(w))})
	}
	lines = append(lines, line{}, text(s.dim.Paint("↩ comes back   ± depends on release, target or version   · never comes back")))
	if t.last != nil {
		lines = append(lines, text(s.dim.Paint("+ new, ~ changed, - gone since the capture before")))
	}
	begin := len(lines)
	for _, section := range core.Sections {
		lines = append(lines, t.section(c, section)...)
	}
	lines[begin].part = true
	t.set(lines)
}

func (t *captureTab) sourceText(c *core.Capture) string {
	if !c.Source.Guess() {
		return core.Visible(c.Source.String())
	}
	if _, backup := t.of(); backup != "" {
		return t.host.Look().warn.Paint("GUESS: no capture of this backup is known; this is its volume as it is now")
	}
	return "what a backup made now would capture"
}

// section lists a section's fields: what becomes of each, its value, and how it
// differs from the capture before.
func (t *captureTab) section(c *core.Capture, section core.Section) []line {
	s := t.host.Look()
	o := c.Section(section)
	var was *core.Capture
	if t.last != nil {
		was = &t.last.Capture
	}
	title := section.Title()
	if o == nil {
		lines := []line{{}, s.heading(title)}
		if v, ok := c.Doc.Object().Get(string(section)); ok {
			return append(lines, text(s.bad.Paint("no object: "+core.Visible(pyjson.Text(v)))))
		}
		lines = append(lines, text(s.dim.Paint("absent: a restore leaves the target's alone")))
		return append(lines, t.gone(was, section, nil)...)
	}
	lines := []line{{}, s.heading(fmt.Sprintf("%s (%s)", title, core.Count(o.Len(), "field")))}
	if o.Len() == 0 {
		lines = append(lines, text(s.warn.Paint("empty, which is not the same as absent: a restore removes all the target has")))
	}
	for name, v := range o.All() {
		lines = append(lines, t.captured(c, was, section, name, v))
	}
	return append(lines, t.gone(was, section, o)...)
}

// captured is the line of a field. That no release restores most of them goes
// without saying.
func (t *captureTab) captured(c, was *core.Capture, section core.Section, name string, v pyjson.Value) line {
	s := t.host.Look()
	fate, why := core.FateOf(section, name, c.Version())
	glyph := map[core.Fate]string{core.FateRestored: s.good.Paint("↩"), core.FateConditional: s.changed.Paint("±"), core.FateNever: s.dim.Paint("·")}[fate]
	mark := " "
	if was != nil {
		switch old, ok := was.Section(section).Get(name); {
		case !ok:
			mark = s.added.Paint("+")
		case !old.Equal(v):
			mark = s.changed.Paint("~")
		}
	}
	l := line{sign: mark + glyph + " ", label: core.Visible(name), value: valueText(s, name, v)}
	if fate == core.FateConditional || core.SecretFields.Has(name) && v.Truthy() {
		l.note = s.dim.Paint(why)
	}
	return l
}

// gone lists what the capture before had and this one has not.
func (t *captureTab) gone(was *core.Capture, section core.Section, now *pyjson.Object) []line {
	if was == nil {
		return nil
	}
	var lines []line
	for name, v := range was.Section(section).All() {
		if !now.Has(name) {
			lines = append(lines, line{sign: t.host.Look().removed.Paint("-") + "  ", label: core.Visible(name), value: valueText(t.host.Look(), name, v)})
		}
	}
	return lines
}

// captureKeptMsg says that a capture has been kept.
type captureKeptMsg struct{}

func (t *captureTab) actions() []action {
	_, backup := t.of()
	return append([]action{
		{keys: []string{"s"}, label: "keep it", help: "Keep this capture, to compare later ones with it", why: func() string {
			switch {
			case t.shown == nil:
				return "it is not read yet"
			case backup != "" && !t.shown.Source.Guess():
				return "it is kept already"
			case backup != "":
				return "it is only a guess at what the backup captured"
			}
			return ""
		}, run: func() tea.Cmd {
			desk, c, answer := t.at.Desk(), *t.shown, t.host.Answer
			return t.host.Tell(func(ctx context.Context) tea.Msg {
				id, err := desk.Keep(ctx, c)
				if err != nil {
					return failure(err)
				}
				return tell(noteMsg{level: good, text: fmt.Sprintf("Kept as capture %d.", id)}, answer(captureKeptMsg{}))
			})
		}},
		{keys: []string{"C"}, help: "Copy the exact text, byte for byte what Cinder writes", why: func() string {
			if t.shown == nil {
				return "it is not read yet"
			}
			return ""
		}, run: func() tea.Cmd { return t.host.Copy(t.shown.Text, "the capture") }},
	}, t.scroll.actions()...)
}
