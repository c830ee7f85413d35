package recovery

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// extractor writes a volume's bytes as of a backup into a file, for the screen that
// shows the backup.
type extractor struct {
	host ui.Host
	at   *place.Stay
}

// ExtractActions is the key that writes a volume's bytes, wherever backups are shown
// whose bytes the place, or the repository configured for it, has.
func ExtractActions(host ui.Host, at *place.Stay, rows place.BackupRows) []ui.Action {
	if !at.Desk().Extracts() {
		return nil
	}
	x := extractor{host, at}
	return []ui.Action{{Name: "extract", Keys: []string{"w"}, Label: "extract", Minor: true, Why: rows.None,
		Help: "Write its volume's bytes into a file, without Cinder, after showing what that reads",
		Run:  func() tea.Cmd { return x.askFile(rows.Current()) }}}
}

func (x extractor) askFile(b *core.Backup) tea.Cmd {
	id := b.ID
	name := ui.NewInput("hearth-" + string(id)[:min(len(id), 8)] + ".raw")
	return ui.Show(&ui.InputBox{Title: "Write the volume's bytes to a file", Input: name,
		Hint: "Raw and sparse; only you will be able to read it (mode 0600); nothing is overwritten. After it was broken off " +
			"the same name goes on with it. To a device or a pipe: hearth extract.",
		Submit: func(file string) tea.Cmd {
			if file = strings.TrimSpace(file); file == "" {
				return ui.Say(ui.LevelWarn, "No name was given; nothing was done.")
			}
			return x.plan(id, file)
		}})
}

// plan looks at what there is to read, and asks.
func (x extractor) plan(id core.BackupID, file string) tea.Cmd {
	desk := x.at.Desk()
	return tea.Batch(ui.Looking("Looking at what it stands on"), x.host.Tell(func(ctx context.Context) tea.Msg {
		p, err := desk.PlanExtract(ctx, id, core.Range{}, file)
		if err == nil && p.Goal != jobs.GoalFile {
			err = core.Fail(core.CodeUnsupported, "write to "+file, "on screen only files are written",
				"hearth extract writes to devices and pipes", nil)
		}
		if err != nil {
			return ui.Failure(err)
		}
		return ui.ShowMsg{Overlay: x.ask(p)}
	}))
}

func (x extractor) ask(p jobs.Extraction) ui.Overlay {
	l, i := x.host.Look(), &p.Image
	text := fmt.Sprintf("Write %s of volume %s, as of %s, to %s?\n"+
		"It is rebuilt from %s: at most %s are read, each chunk held against its sums.",
		core.Bytes(p.Part.Len()), i.VolumeID, core.Visible(i.Name.Or(string(i.Backup))), core.Visible(p.To), p.From(), core.Bytes(i.Stored))
	q := ui.Asking(l, "Extract", text, "Write it", func() tea.Cmd { return x.write(p) })
	if n := p.There.Len(); n > 0 {
		q.Lines = append(q.Lines, ui.TextLine(l.InDialog.Paint(core.Bytes(n)+" are there of an earlier try.")))
	}
	for _, n := range i.Notes {
		q.Lines = append(q.Lines, show.Warning(l, n))
	}
	q.Lines = append(q.Lines, x.at.InShell(l, "extract", []string{string(i.Backup)}, place.Flag("--to", p.To))...)
	return q
}

func (x extractor) write(p jobs.Extraction) tea.Cmd {
	desk := x.at.Desk()
	_, cmd := x.at.Start(x.host, "writing "+p.To, []string{"file " + p.To}, func(ctx context.Context, progress jobs.Progress) ui.Result {
		report, err := desk.Extract(ctx, p, false, nil, func(now core.ImageProgress) {
			if there := p.There.Len(); now.Done <= there && there > 0 { // passed over: its pace is not that of the rest
				progress(jobs.Step{Text: core.Bytes(there) + " are there of an earlier try"})
				return
			}
			progress(jobs.Step{Bytes: now.Done, Of: max(now.Of, 1)})
		})
		return ui.Result{Note: extractedNote(&p, err), Answer: report}
	})
	return cmd
}

// extractedNote tells how it ended.
func extractedNote(p *jobs.Extraction, err error) ui.Note {
	to := core.Visible(p.To)
	switch {
	case core.CodeOf(err) == core.CodeCancelled:
		return ui.Note{Level: ui.LevelWarn, Text: to + " is not whole: extract it again, and it goes on.", Err: err}
	case err != nil:
		return ui.FailureNote(err)
	}
	return ui.Note{Level: ui.LevelGood,
		Text: to + " holds the volume as of the backup: " + core.Bytes(p.Part.Len()) + ", each held against its sums."}
}
