package records

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// recordTab shows the record that an export of the backup gives.
type recordTab struct {
	ui.Scroll
	at *place.Stay
	ui.Read
	ref    core.BackupID
	record core.Record
	dec    core.Decoded
}

type recordExportedMsg struct {
	gen    ui.Generation
	record core.Record
	err    error
}

func Tab(host ui.Host, at *place.Stay, ref core.BackupID) ui.Tab {
	return &recordTab{Scroll: ui.Scroll{Host: host}, at: at, ref: ref}
}

func (t *recordTab) Name() string { return "Record" }
func (t *recordTab) Restyle()     { t.fill() }

// Init exports, where that changes nothing; a cloud's export writes its row and
// is done when it is asked for.
func (t *recordTab) Init() tea.Cmd {
	if t.at.Info().Kind == core.PlaceCloud {
		t.fill()
		return nil
	}
	return t.load()
}

func (t *recordTab) load() tea.Cmd {
	ex, ok := t.at.Desk().Place.(store.Exporter)
	if !ok {
		t.State, t.Err = ui.Failed, core.Fail(core.CodeUnsupported, "export", "this kind of place cannot export records", "", nil)
		t.fill()
		return ui.Fail(t.Err)
	}
	gen, ref := t.Begin(), t.ref
	t.fill()
	return t.Ask(t.Host, func(ctx context.Context) tea.Msg {
		r, err := ex.Export(ctx, ref)
		return recordExportedMsg{gen, r, err}
	})
}

func (t *recordTab) Update(msg tea.Msg) tea.Cmd {
	m, ok := msg.(recordExportedMsg)
	if !ok {
		return nil
	}
	dec, err := core.Decoded{}, m.err
	if err == nil {
		dec, err = core.DecodeRecord(m.record.URL, core.Today)
	}
	cmd, ok := t.End(m.gen, err)
	if ok {
		t.record, t.dec = m.record, dec
	}
	t.fill()
	return cmd
}

func (t *recordTab) fill() {
	s := t.Host.Look()
	switch t.State {
	case ui.Idle:
		t.Set([]ui.Line{{}, ui.TextLine(s.Dim.Paint("An export asks the backup service and writes the backup's row. " +
			ui.KeyOf("export-anew") + " exports it."))})
		return
	case ui.Loading:
		t.Set([]ui.Line{ui.TextLine(s.Busy.Paint("◌ exporting…"))})
		return
	case ui.Failed:
		t.Set([]ui.Line{{}, {Sign: s.Bad.Paint("✗ "), Value: s.Bad.Paint(core.Visible(t.Err.Error()))}})
		return
	}
	lines := []ui.Line{
		ui.FieldLine("service", core.Visible(t.record.Service)).Copying(t.record.Service),
		ui.FieldLine("fingerprint", s.Accent.Paint(t.dec.Fingerprint())+"  "+s.Dim.Paint("to compare by voice")).Copying(t.dec.Fingerprint()),
		ui.FieldLine("size", core.Bytes(int64(len(t.record.URL)))),
		ui.TextLine(s.Dim.Paint("The record holds the backup's row, not the volume's metadata: that is the capture.")),
	}
	if t.record.By != "" {
		lines = append(lines, ui.FieldLine("made by", s.Warn.Paint(t.record.By+", as the cloud did not export it")))
	}
	lines = append(lines, ui.Line{}, s.Part("fields"))
	for name, v := range t.dec.Doc.Object().All() {
		lines = append(lines, show.RawOf(ui.FieldLine(core.Visible(name), show.ValueText(s, name, v)), name, v))
	}
	t.Set(append(lines, ui.Line{}, s.Heading("base64"), ui.TextLine(core.Visible(t.record.URL)).Titled("the base64", t.record.URL)))
}

func (t *recordTab) Actions() []ui.Action {
	return append([]ui.Action{
		{Name: "export-anew", Keys: []string{"enter"}, Label: map[bool]string{true: "export it"}[t.State == ui.Idle], Help: "Export it anew",
			Why: func() string { return t.at.Cannot(core.OpExport) }, Run: t.load},
	}, t.Scroll.Actions()...)
}
