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
	at *Stay
	read
	ref    core.BackupID
	record core.Record
	dec    core.Decoded
}

type recordExportedMsg struct {
	gen    generation
	record core.Record
	err    error
}

func newRecordTab(host Host, at *Stay, ref core.BackupID) tab {
	return &recordTab{scroll: scroll{host: host}, at: at, ref: ref}
}

func (t *recordTab) name() string { return "Record" }
func (t *recordTab) restyle()     { t.fill() }

// init exports, where that changes nothing; a cloud's export writes its row and
// is done when it is asked for.
func (t *recordTab) init() tea.Cmd {
	if t.at.Info().Kind == core.PlaceCloud {
		t.fill()
		return nil
	}
	return t.load()
}

func (t *recordTab) load() tea.Cmd {
	ex, ok := t.at.Desk().Place.(store.Exporter)
	if !ok {
		t.state, t.err = failed, core.Fail(core.CodeUnsupported, "export", "this kind of place cannot export records", "", nil)
		t.fill()
		return fail(t.err)
	}
	gen, ref := t.begin(), t.ref
	t.fill()
	return t.host.Ask(func(ctx context.Context) tea.Msg {
		r, err := ex.Export(ctx, ref)
		return recordExportedMsg{gen, r, err}
	})
}

func (t *recordTab) update(msg tea.Msg) tea.Cmd {
	m, ok := msg.(recordExportedMsg)
	if !ok {
		return nil
	}
	dec, err := core.Decoded{}, m.err
	if err == nil {
		dec, err = core.DecodeRecord(m.record.URL, core.Today)
	}
	cmd, ok := t.end(m.gen, err)
	if ok {
		t.record, t.dec = m.record, dec
	}
	t.fill()
	return cmd
}

func (t *recordTab) fill() {
	s := t.host.Look()
	switch t.state {
	case idle:
		t.set([]line{{}, text(s.dim.Paint("An export asks the backup service and writes the backup's row. Enter exports it."))})
		return
	case loading:
		t.set([]line{text(s.busy.Paint("◌ exporting…"))})
		return
	case failed:
		t.set([]line{{}, {sign: s.bad.Paint("✗ "), value: s.bad.Paint(core.Visible(t.err.Error()))}})
		return
	}
	lines := []line{
		field("service", core.Visible(t.record.Service)),
		field("fingerprint", s.accent.Paint(t.dec.Fingerprint())+"  "+s.dim.Paint("to compare by voice")),
		field("size", core.Bytes(int64(len(t.record.URL)))),
		text(s.dim.Paint("The record holds the backup's row, not the volume's metadata: that is the capture.")),
		{}, s.part("fields"),
	}
	for name, v := range t.dec.Doc.Object().All() {
		lines = append(lines, field(core.Visible(name), valueText(s, name, v)))
	}
	t.set(append(lines, line{}, s.heading("base64"), text(core.Visible(t.record.URL))))
}

func (t *recordTab) actions() []action {
	return append([]action{
		{keys: []string{"enter"}, label: map[bool]string{true: "export it"}[t.state == idle], help: "Export it anew", why: func() string { return t.at.Cannot(core.OpExport) }, run: t.load},
	}, t.scroll.actions()...)
}
