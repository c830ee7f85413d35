package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
)

// exportedMsg brings the records of an export.
type exportedMsg struct {
	done []jobs.Exported
	file string // where to write them; "" for the clipboard
	err  error
}

// exportToClipboard exports backups and copies their records.
func (a *app) exportToClipboard(ids []core.BackupID) tea.Cmd { return a.export(ids, "") }

func (a *app) export(ids []core.BackupID, file string) tea.Cmd {
	desk, chain := a.desk, a.wholeChain
	return a.start("exporting "+core.Count(len(ids), "backup"), func(ctx context.Context, progress jobs.Progress) tea.Msg {
		done, err := desk.Export(ctx, ids, chain, progress)
		return exportedMsg{done, file, err}
	})
}

// exported takes the records to the clipboard or into a file, and tells of those
// that failed.
func (a *app) exported(msg exportedMsg) tea.Cmd {
	if msg.err != nil {
		return fail(msg.err)
	}
	var records []core.Record
	var failures []error
	for _, x := range msg.done {
		if x.Err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", core.Visible(x.Backup.Title()), x.Err))
			continue
		}
		records = append(records, x.Record)
	}
	var partial error
	switch n := len(failures); {
	case n == 1 && len(records) == 0:
		return fail(msg.done[0].Err)
	case n > 0:
		partial = core.Fail(core.CodePartial, "export all", fmt.Sprintf("%d of %s failed", n, core.Count(len(msg.done), "backup")), "e shows which", errors.Join(failures...))
	}
	if len(records) == 0 {
		return fail(partial)
	}
	what := core.Count(len(records), "record") + " as " + a.format.Title()
	if len(msg.done) == 1 {
		what = "the record of " + core.Visible(msg.done[0].Backup.Title()) + " as " + a.format.Title()
	}
	if w := a.format.Warning(); w != "" {
		what += ". Note: " + w
	}
	p := parcel{core.WriteRecords(records, a.format), what, partial}
	if msg.file != "" {
		return a.writeFile(msg.file, p)
	}
	return a.copyParcel(p)
}

// parcel is a text on its way out, and what to say of it.
type parcel struct {
	text    string
	what    string
	partial error // what is missing in it
}

// note tells how the parcel went, and what is missing in it.
func (p parcel) note(l level, how string) noteMsg {
	n := noteMsg{level: l, text: strings.TrimSuffix(how, ".") + ": " + p.what + "."}
	if p.partial != nil {
		n.level, n.err = warn, p.partial
		n.text += " But " + whatOf(p.partial) + "; e shows which."
	}
	return n
}

// exportToFile asks for a file and exports into it.
func (a *app) exportToFile(current *core.Backup, ids []core.BackupID) tea.Cmd {
	name := "hearth-records." + extension(a.format)
	if len(ids) == 1 && current != nil && current.ID == ids[0] {
		name = "hearth-" + fileName(current.Title()) + "." + extension(a.format)
	}
	return show(&inputBox{title: "Export to a file", hint: "Only you will be able to read it (mode 0600); nothing is overwritten. Format: " + a.format.Title() + " (F changes it).",
		input: newInput(name), submit: func(file string) tea.Cmd {
			if strings.TrimSpace(file) == "" {
				return note(warn, "No name was given; nothing was done.")
			}
			return a.export(ids, file)
		}})
}

// askForFile offers a file for a parcel that the clipboard does not take.
func (a *app) askForFile(p parcel) tea.Cmd {
	why := core.Bytes(int64(len(p.text))) + " is more than most terminals' clipboards take. Write it to a file instead?"
	return show(&inputBox{title: "Write a file", hint: why, input: newInput("hearth-records." + extension(a.format)), submit: func(file string) tea.Cmd {
		if strings.TrimSpace(file) == "" {
			return note(warn, "No name was given; nothing was done.")
		}
		return a.writeFile(file, p)
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

// writeFile writes a parcel to a new file that only its owner can read.
func (a *app) writeFile(file string, p parcel) tea.Cmd {
	return a.task(func(context.Context) tea.Msg {
		path := expandHome(strings.TrimSpace(file))
		if err := writeNew(path, p.text); err != nil {
			return failure(err)
		}
		return p.note(good, fmt.Sprintf("Wrote %s to %s", core.Bytes(int64(len(p.text))), core.Visible(path)))
	})
}

func expandHome(file string) string {
	if rest, ok := strings.CutPrefix(file, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return file
}

// writeNew makes a file of mode 0600 that is not there yet, whole or not at all.
func writeNew(path, text string) error {
	tried := "write " + path
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case errors.Is(err, os.ErrExist):
		return core.Fail(core.CodeConflict, tried, "there is a file of that name already", "choose another; hearth overwrites nothing", err)
	case err != nil:
		return core.Fail(core.CodeUnreadable, tried, "the file cannot be made", "check that the folder is there and can be written", err)
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		os.Remove(path)
		return core.Fail(core.CodeUnavailable, tried, "it could not be written whole, and is removed again", "look at the disk", err)
	}
	return nil
}

// mustBeNew refuses a file that is there already.
func mustBeNew(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return core.Fail(core.CodeConflict, "write "+path, "there is a file of that name already", "choose another; hearth overwrites nothing", nil)
	}
	return nil
}

// chooseFormat lets the format of exports be chosen.
func (a *app) chooseFormat() tea.Cmd {
	var items []menuItem
	at := 0
	for i, f := range core.RecordFormats {
		items = append(items, menuItem{label: f.Title(), hint: f.Warning()})
		if f == a.format {
			at = i
		}
	}
	chain := menuItem{label: "With its whole chain, parents first", hint: "now off"}
	if a.wholeChain {
		chain.hint = "now on"
	}
	items = append(items, chain)
	return show(&menuBox{title: "Exports are written as", items: items, at: at, pick: func(i int) tea.Cmd {
		if i == len(core.RecordFormats) {
			a.wholeChain = !a.wholeChain
			return note(info, map[bool]string{true: "Exports take the whole chain along.", false: "Exports take only the backup itself."}[a.wholeChain])
		}
		a.format = core.RecordFormats[i]
		return note(info, "Exports are written as "+a.format.Title()+".")
	}})
}
