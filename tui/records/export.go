package records

import (
	"context"
	"errors"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/place"
	"hearth/tui/ui"
)

// Exports is how records are exported from here: both can be chosen.
type Exports struct {
	format     core.RecordFormat // of x and X
	wholeChain bool              // the parents are taken along
}

func NewExports() *Exports { return &Exports{format: core.FormatAPI} }

// Actions are the keys that export, wherever backups are shown.
func (x *Exports) Actions(host ui.Host, at *place.Stay, rows place.BackupRows) []ui.Action {
	no := func() string { return ui.Either(rows.None(), at.Cannot(core.OpExport)) }
	return []ui.Action{
		{Name: "export", Keys: []string{"x"}, Label: "export", Help: "Copy the record to the clipboard, or those of all marked", Why: no,
			Run: func() tea.Cmd {
				return rows.Choose(func(p jobs.Picked) tea.Cmd { return x.export(host, at, p, "") })
			}},
		{Name: "export-file", Keys: []string{"X"}, Help: "Export the record to a file, or those of all marked", Why: no,
			Run: func() tea.Cmd {
				current := rows.Current()
				return rows.Choose(func(p jobs.Picked) tea.Cmd { return x.toFile(host, at, current, p) })
			}},
		{Name: "format", Keys: []string{"F"}, Help: "Choose the format of exports", Run: x.chooseFormat},
	}
}

// export exports backups and takes their records to the clipboard, or into a file.
func (x *Exports) export(host ui.Host, at *place.Stay, picked jobs.Picked, file string) tea.Cmd {
	desk, chain, format := at.Desk(), x.wholeChain, x.format
	_, cmd := at.Start(host, "exporting "+core.Count(len(picked.IDs), "backup"), place.Touching(at, "backup", picked.IDs...),
		func(ctx context.Context, progress jobs.Progress) ui.Result {
			done, err := desk.ExportPicked(ctx, picked, chain, progress)
			if err != nil {
				return ui.FailedWith(err)
			}
			return exported(done, format, file)
		})
	return cmd
}

// exported is what goes out of an export, and tells of those that failed.
func exported(done []jobs.Exported, format core.RecordFormat, file string) ui.Result {
	var records []core.Record
	var failures []error
	for _, x := range done {
		if x.Err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", core.Visible(x.Backup.Title()), x.Err))
			continue
		}
		records = append(records, x.Record)
	}
	var partial error
	for i := range done {
		if err := done[i].NotKept; err != nil {
			partial = core.Fail(core.CodePartial, "archive what was exported", ui.WhatOf(err), "hearth check says what is wrong", err)
		}
	}
	switch n := len(failures); {
	case n == 1 && len(records) == 0:
		return ui.FailedWith(done[0].Err)
	case n > 0:
		partial = core.Fail(core.CodePartial, "export all", fmt.Sprintf("%d of %s failed", n, core.Count(len(done), "backup")),
			ui.KeyOf("message")+" shows which", errors.Join(failures...))
	}
	if len(records) == 0 {
		return ui.FailedWith(partial)
	}
	what := core.Count(len(records), "record") + " as " + format.Title()
	if len(done) == 1 {
		what = "the record of " + core.Visible(done[0].Backup.Title()) + " as " + format.Title()
	}
	if w := format.Warning(); w != "" {
		what += ". Note: " + w
	}
	p := ui.Parcel{Text: core.WriteRecords(records, format), What: what, Partial: partial, File: "hearth-records." + extension(format)}
	if file != "" {
		return ui.Result{Then: ui.SaveMsg{File: file, Parcel: p}}
	}
	return ui.Result{Then: ui.CopyMsg{Parcel: p}}
}

// toFile asks for a file and exports into it.
func (x *Exports) toFile(host ui.Host, at *place.Stay, current *core.Backup, picked jobs.Picked) tea.Cmd {
	name := "hearth-records." + extension(x.format)
	if ids := picked.IDs; len(ids) == 1 && current != nil && current.ID == ids[0] {
		name = "hearth-" + fileName(current.Title()) + "." + extension(x.format)
	}
	hint := "Only you will be able to read it (mode 0600); nothing is overwritten. Format: " + x.format.Title() + " (" +
		ui.KeyOf("format") + " changes it)."
	return ui.Show(&ui.InputBox{Title: "Export to a file", Hint: hint, Input: ui.NewInput(name), Submit: func(file string) tea.Cmd {
		if strings.TrimSpace(file) == "" {
			return ui.Say(ui.LevelWarn, "No name was given; nothing was done.")
		}
		return x.export(host, at, picked, file)
	}})
}

func extension(f core.RecordFormat) string {
	switch f {
	case core.FormatAPI:
		return "json"
	case core.FormatText:
		return "txt"
	}
	return "sh"
}

// fileName is a backup's name as a file's: what a tenant can name stays out.
func fileName(s string) string {
	out := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, s)
	if out = strings.Trim(out, "-"); out == "" {
		out = "record"
	}
	return out[:min(len(out), 60)]
}

// chooseFormat lets the format of exports be chosen.
func (x *Exports) chooseFormat() tea.Cmd {
	var items []ui.MenuItem
	at := 0
	for i, f := range core.RecordFormats {
		items = append(items, ui.MenuItem{Label: f.Title(), Hint: f.Warning()})
		if f == x.format {
			at = i
		}
	}
	chain := ui.MenuItem{Label: "With its whole chain, parents first", Hint: "now off"}
	if x.wholeChain {
		chain.Hint = "now on"
	}
	items = append(items, chain)
	return ui.Show(&ui.MenuBox{Title: "Exports are written as", Items: items, At: at, Pick: func(i int) tea.Cmd {
		if i == len(core.RecordFormats) {
			x.wholeChain = !x.wholeChain
			return ui.Say(ui.LevelInfo,
				map[bool]string{true: "Exports take the whole chain along.", false: "Exports take only the backup itself."}[x.wholeChain])
		}
		x.format = core.RecordFormats[i]
		return ui.Say(ui.LevelInfo, "Exports are written as "+x.format.Title()+".")
	}})
}
