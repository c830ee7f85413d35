package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
)

// recordTab shows the record that an export of the backup gives.
type recordTab struct {
	scroll
	ref    core.BackupID
	gen    generation
	state  state
	err    error
	record core.Record
	dec    core.Decoded
}

type recordExportedMsg struct {
	gen    generation
	record core.Record
	err    error
}

func newRecordTab(b *base, ref core.BackupID) *recordTab {
	return &recordTab{scroll: scroll{base: b}, ref: ref}
}

func (t *recordTab) name() string { return "Record" }
func (t *recordTab) restyle()     { t.fill() }

// init exports, where that changes nothing; a cloud's export writes its row and
// is done when it is asked for.
func (t *recordTab) init() tea.Cmd {
	if t.info.Kind == core.PlaceCloud {
		t.fill()
		return nil
	}
	return t.load()
}

func (t *recordTab) load() tea.Cmd {
	ex, ok := t.desk.Place.(store.Exporter)
	if !ok {
		t.state, t.err = failed, core.Fail(core.CodeUnsupported, "export", "this kind of place cannot export records", "", nil)
		t.fill()
		return nil
	}
	t.state = loading
	t.fill()
	gen, ref := t.gen.next(), t.ref
	return t.ask(func(ctx context.Context) tea.Msg {
		r, err := ex.Export(ctx, ref)
		return recordExportedMsg{gen, r, err}
	})
}

func (t *recordTab) update(msg tea.Msg) tea.Cmd {
	m, ok := msg.(recordExportedMsg)
	if !ok || m.gen != t.gen {
		return nil
	}
	t.state, t.record = ready, m.record
	if t.err = m.err; t.err == nil {
		t.dec, t.err = core.DecodeRecord(m.record.URL, core.Today)
	}
	if t.err != nil {
		t.state = failed
	}
	t.fill()
	return nil
}

func (t *recordTab) fill() {
	s := t.styles
	switch t.state {
	case idle:
		t.set([]string{"", s.dim.Paint("An export asks the backup service and writes the backup's row. Enter exports it.")})
		return
	case loading:
		t.set([]string{s.busy.Paint("◌ exporting…")})
		return
	case failed:
		t.set([]string{"", s.bad.Paint("✗ " + core.Visible(t.err.Error()))})
		return
	}
	lines := []string{
		s.field("service", core.Visible(t.record.Service)),
		s.field("fingerprint", s.accent.Paint(t.dec.Fingerprint())+"  "+s.dim.Paint("to compare by voice")),
		s.field("size", core.Bytes(int64(len(t.record.URL)))),
		s.dim.Paint("The record holds the backup's row, not the volume's metadata: that is the capture."),
	}
	lines = append(lines, "", s.heading("fields"))
	for name, v := range t.dec.Doc.Object().All() {
		lines = append(lines, s.field(core.Visible(name), s.value(name, v)))
	}
	lines = append(lines, "", s.heading("base64"), core.Visible(t.record.URL))
	t.set(lines)
}

func (t *recordTab) actions() []action {
	return append([]action{
		{keys: []string{"enter"}, help: "Export it anew", run: t.load},
	}, t.scroll.actions()...)
}
