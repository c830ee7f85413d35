package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
)

// exports is how records are exported from here: both can be chosen.
type exports struct {
	format     core.RecordFormat // of x and X
	wholeChain bool              // the parents are taken along
}

func newExports() *exports { return &exports{format: core.FormatAPI} }

// actions are the keys that export, wherever backups are shown.
func (x *exports) actions(host Host, at *Stay, rows BackupRows) []action {
	no := func() string { return either(rows.None(), at.Cannot(core.OpExport)) }
	return []action{
		{name: "export", keys: []string{"x"}, label: "export", help: "Copy the record to the clipboard, or those of all marked", why: no,
			run: func() tea.Cmd { return x.export(host, at, rows.Chosen(), "") }},
		{name: "export-file", keys: []string{"X"}, help: "Export the record to a file, or those of all marked", why: no,
			run: func() tea.Cmd { return x.toFile(host, at, rows.Current(), rows.Chosen()) }},
		{name: "format", keys: []string{"F"}, help: "Choose the format of exports", run: x.chooseFormat},
	}
}

// export exports backups and takes their records to the clipboard, or into a file.
func (x *exports) export(host Host, at *Stay, ids []core.BackupID, file string) tea.Cmd {
	desk, chain, format := at.Desk(), x.wholeChain, x.format
	_, cmd := at.Start(host, "exporting "+core.Count(len(ids), "backup"), Touching(at, "backup", ids...),
		func(ctx context.Context, progress jobs.Progress) Result {
			done, err := desk.Export(ctx, ids, chain, progress)
			if err != nil {
				return failedWith(err)
			}
			return exported(done, format, file)
		})
	return cmd
}

// exported is what goes out of an export, and tells of those that failed.
func exported(done []jobs.Exported, format core.RecordFormat, file string) Result {
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
	switch n := len(failures); {
	case n == 1 && len(records) == 0:
		return failedWith(done[0].Err)
	case n > 0:
		partial = core.Fail(core.CodePartial, "export all", fmt.Sprintf("%d of %s failed", n, core.Count(len(done), "backup")),
			"e shows which", errors.Join(failures...))
	}
	if len(records) == 0 {
		return failedWith(partial)
	}
	what := core.Count(len(records), "record") + " as " + format.Title()
	if len(done) == 1 {
		what = "the record of " + core.Visible(done[0].Backup.Title()) + " as " + format.Title()
	}
	if w := format.Warning(); w != "" {
		what += ". Note: " + w
	}
	p := parcel{text: core.WriteRecords(records, format), what: what, partial: partial, file: "hearth-records." + extension(format)}
	if file != "" {
		return Result{Then: saveMsg{file, p}}
	}
	return Result{Then: copyMsg{p}}
}

// toFile asks for a file and exports into it.
func (x *exports) toFile(host Host, at *Stay, current *core.Backup, ids []core.BackupID) tea.Cmd {
	name := "hearth-records." + extension(x.format)
	if len(ids) == 1 && current != nil && current.ID == ids[0] {
		name = "hearth-" + fileName(current.Title()) + "." + extension(x.format)
	}
	hint := "Only you will be able to read it (mode 0600); nothing is overwritten. Format: " + x.format.Title() + " (F changes it)."
	return show(&inputBox{title: "Export to a file", hint: hint, input: newInput(name), submit: func(file string) tea.Cmd {
		if strings.TrimSpace(file) == "" {
			return note(warn, "No name was given; nothing was done.")
		}
		return x.export(host, at, ids, file)
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
func (x *exports) chooseFormat() tea.Cmd {
	var items []menuItem
	at := 0
	for i, f := range core.RecordFormats {
		items = append(items, menuItem{label: f.Title(), hint: f.Warning()})
		if f == x.format {
			at = i
		}
	}
	chain := menuItem{label: "With its whole chain, parents first", hint: "now off"}
	if x.wholeChain {
		chain.hint = "now on"
	}
	items = append(items, chain)
	return show(&menuBox{title: "Exports are written as", items: items, at: at, pick: func(i int) tea.Cmd {
		if i == len(core.RecordFormats) {
			x.wholeChain = !x.wholeChain
			return note(info, map[bool]string{true: "Exports take the whole chain along.", false: "Exports take only the backup itself."}[x.wholeChain])
		}
		x.format = core.RecordFormats[i]
		return note(info, "Exports are written as "+x.format.Title()+".")
	}})
}
