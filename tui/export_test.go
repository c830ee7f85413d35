package tui

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/tui/ui"
)

// board is a clipboard that is made up: an environment, a tmux and a desktop.
type board struct {
	env   map[string]string
	tmux  string // tmux's buffer
	ran   []string
	tmuxE error
	desk  *desk
}

type desk struct {
	text string
	err  error
}

func (d *desk) Read() (string, error) { return d.text, d.err }
func (d *desk) Write(s string) error {
	if d.err == nil {
		d.text = s
	}
	return d.err
}

func (b *board) clipboard() ui.Clipboard {
	return ui.Clipboard{
		Getenv: func(k string) string { return b.env[k] },
		Run: func(_ context.Context, in, name string, args ...string) (string, error) {
			b.ran = append(b.ran, name+" "+strings.Join(args, " "))
			if b.tmuxE != nil {
				return "", b.tmuxE
			}
			if args[0] == "load-buffer" {
				b.tmux = in
			}
			return b.tmux, nil
		},
		Desktop: func() ui.Desktop {
			if b.desk == nil {
				return nil
			}
			return b.desk
		},
	}
}

func boardRig(t *testing.T, b *board) *rig {
	return newRigWith(t, sharedDemo(t), 100, 30, Options{Clipboard: b.clipboard()})
}

// osc52Of is the text that was sent to the terminal's clipboard.
func osc52Of(t *testing.T, r *rig) string {
	t.Helper()
	for _, m := range r.sent {
		raw, ok := m.(tea.RawMsg)
		if !ok {
			continue
		}
		seq := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(raw.Msg), "\x1b]52;c;"), "\x07")
		text, err := base64.StdEncoding.DecodeString(seq)
		if err != nil {
			t.Fatalf("%v: %q", err, seq)
		}
		return string(text)
	}
	t.Fatal("nothing was sent to the terminal")
	return ""
}

// isBackup checks that a text holds the records of some backups, and no others.
func isBackup(t *testing.T, text string, want ...string) {
	t.Helper()
	found := core.FindRecords(text)
	if len(found) != len(want) {
		t.Fatalf("%d records in %q, want %d", len(found), text, len(want))
	}
	for i, f := range found {
		if !f.OK() || !strings.HasPrefix(string(f.Decoded.ID()), want[i]) {
			t.Errorf("record %d is of %s (%v), want %s", i, f.Decoded.ID(), f.Err, want[i])
		}
	}
}

func TestExportInTmux(t *testing.T) {
	b := &board{env: map[string]string{"TMUX": "/tmp/x", "TERM": "tmux-256color"}}
	r := boardRig(t, b).find("id:"+dbBackup).press("x").said(ui.LevelGood, "to tmux's buffer")
	isBackup(t, b.tmux, dbBackup)
	if len(b.ran) != 1 || b.ran[0] != "tmux load-buffer -w -" || len(r.sent) != 0 {
		t.Errorf("ran %v, sent %v", b.ran, r.sent)
	}
	if size := core.Bytes(int64(len(b.tmux))); !strings.Contains(r.lastNote().Text, size) || !strings.Contains(r.lastNote().Text, "API JSON") {
		t.Errorf("the note %q does not tell %s and the format", r.lastNote().Text, size)
	}
	b.tmuxE = errors.New("no server running")
	if r.press("x").said(ui.LevelInfo, "OSC 52"); len(b.ran) != 3 {
		t.Errorf("ran %v", b.ran)
	}
}

func TestExportByTerminal(t *testing.T) {
	b := &board{env: map[string]string{"TERM": "xterm-256color"}}
	r := boardRig(t, b).find("id:"+dbBackup).press("x").said(ui.LevelInfo, "Sent").said(ui.LevelInfo, "no receipt")
	isBackup(t, osc52Of(t, r), dbBackup)

	b.env["STY"] = "1.pts" // GNU screen has to be told to let it through
	r = boardRig(t, b).press("y", "enter")
	if raw := fmt.Sprint(r.sent[0].(tea.RawMsg).Msg); !strings.HasPrefix(raw, "\x1bP") {
		t.Errorf("sent %q", raw)
	}
}

func TestExportToDesktop(t *testing.T) {
	b := &board{env: map[string]string{"TERM": "xterm"}, desk: &desk{}}
	boardRig(t, b).find("id:"+dbBackup).press("x").said(ui.LevelGood, "to the desktop's clipboard")
	isBackup(t, b.desk.text, dbBackup)
	b.desk.err = errors.New("xclip: cannot open display")
	r := boardRig(t, b).find("id:"+dbBackup).press("x").said(ui.LevelInfo, "OSC 52")
	isBackup(t, osc52Of(t, r), dbBackup)
}

func TestExportWithoutClipboard(t *testing.T) {
	r := boardRig(t, &board{env: map[string]string{"TERM": "linux"}}).press("down", "x").said(ui.LevelBad, "use X to write a file")
	if len(r.sent) != 0 {
		t.Errorf("sent %v", r.sent)
	}
	c := (&board{env: map[string]string{"TERM": "linux"}}).clipboard()
	if _, err := c.Copy(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "redirect the output to a file") ||
		strings.Contains(err.Error(), "use X") {
		t.Errorf("a verb, which has no keys, says %v", err)
	}
	c = (&board{env: map[string]string{"TMUX": "x"}}).clipboard()
	c.Off = true
	r = newRigWith(t, sharedDemo(t), 100, 30, Options{Clipboard: c}).press("down", "x").said(ui.LevelBad, "turned off in the config")
	r.press("p").said(ui.LevelBad, "turned off in the config").want("Paste records here")
}

// TestExportTooLarge offers a file, and writes what was exported to it.
func TestExportTooLarge(t *testing.T) {
	file := filepath.Join(t.TempDir(), "all.json")
	r := boardRig(t, &board{env: map[string]string{"TERM": "xterm"}}).find("status:available").press("a", "x")
	r.want("more than most terminals' clipboards take", "hearth-records.json")
	if len(r.sent) != 0 {
		t.Errorf("sent %v", r.sent)
	}
	r.setField(file).press("enter").said(ui.LevelGood, "Wrote").said(ui.LevelGood, file)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(core.FindRecords(string(data))); n < 50 {
		t.Errorf("%d records are in the file", n)
	}
}

func TestExportToFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "record.json")
	r := boardRig(t, &board{}).find("id:"+dbBackup).press("X").want("hearth-db-prod-01-incr-2026-11-22.json", "mode 0600")
	r.setField(file).press("enter").said(ui.LevelGood, "Wrote")
	st, err := os.Stat(file)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", st, err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	isBackup(t, string(data), dbBackup)

	r.press("X").setField(file).press("enter").said(ui.LevelBad, "there is a file of that name already")
	if again, err := os.ReadFile(file); err != nil || string(again) != string(data) {
		t.Errorf("the file was changed: %v", err)
	}
	r.press("X").setField(filepath.Join(file, "nowhere")).press("enter").said(ui.LevelBad, "cannot be made")
	r.press("X").setField("  ").press("enter").said(ui.LevelWarn, "No name was given")
	// The name is that of what is exported, which need not be under the cursor.
	r.press("space", "esc", "G", "X").want("hearth-records.json").press("esc")
	r.press("X", "esc").said(ui.LevelInfo, "Nothing was done")
}

// TestExportFormats writes every format, each of which can be pasted again.
func TestExportFormats(t *testing.T) {
	b := &board{env: map[string]string{"TMUX": "x"}}
	for i, f := range core.RecordFormats {
		r := boardRig(t, b).find("id:"+dbBackup).press("F", fmt.Sprint("#", i+1)).said(ui.LevelInfo, f.Title()).press("x").said(ui.LevelGood,
			f.Title())
		isBackup(t, b.tmux, dbBackup)
		if w := f.Warning(); w != "" {
			r.said(ui.LevelGood, w)
		}
	}
	r := boardRig(t, b).find("id:"+dbBackup).press("F", "#5").said(ui.LevelInfo, "whole chain").press("x").said(ui.LevelGood, "5 records")
	isBackup(t, b.tmux, "00a6bfec", "c8360358", "0965a2d7", "9dd96bf0", dbBackup)
	r.press("F").want("now on")
}

// TestExportMany takes the marked ones in the order of their marking, and tells of
// those that fail.
func TestExportMany(t *testing.T) {
	b := &board{env: map[string]string{"TMUX": "x"}}
	r := boardRig(t, b).press("down", "down", "space", "up", "up", "space", "x").said(ui.LevelGood, "2 records")
	isBackup(t, b.tmux, "4ae00610", "acde07b6")
	r.press("A", "home", "space", "space", "x").said(ui.LevelWarn, "But 1 of 2 backups failed; e shows which")
	isBackup(t, b.tmux, "acde07b6")
	r.press("e").want("bastion-root", "exports only what is available").press("esc")
	r.press("A", "home", "x").said(ui.LevelBad, "exports only what is available")
}

// TestCopies of ids, a fingerprint and a capture.
func TestCopies(t *testing.T) {
	b := &board{env: map[string]string{"TMUX": "x"}}
	r := boardRig(t, b).find("id:"+dbBackup).press("y", "enter").said(ui.LevelGood, "the id")
	if b.tmux != fullID(t, "backup", dbBackup) {
		t.Errorf("copied %q", b.tmux)
	}
	r.press("enter", "tab", "C").said(ui.LevelGood, "the capture")
	kept, err := sharedDemo(t).(store.Captures).Captures(t.Context(), "", "", core.BackupID(fullID(t, "backup", dbBackup)))
	if err != nil || len(kept) == 0 || b.tmux != kept[0].Capture.Text {
		t.Errorf("copied %q (%v)", b.tmux, err)
	}
	r.send(tea.PasteMsg{Content: sample(t, "db-prod-full.openstack.json")})
	if r.press("y", "enter").said(ui.LevelGood, "the fingerprint"); len(strings.Split(b.tmux, "-")) != 3 {
		t.Errorf("copied %q", b.tmux)
	}
}

// TestReadClipboard takes the clipboard for a paste where somebody hands it out.
func TestReadClipboard(t *testing.T) {
	text := sample(t, "db-prod-full.openstack.table")
	b := &board{env: map[string]string{"TMUX": "x"}, tmux: text}
	boardRig(t, b).press("p").want("1 record ", "db-prod-full")
	b = &board{desk: &desk{text: text}}
	boardRig(t, b).press("p").want("1 record ", "db-prod-full")
	b.desk.text = " \n"
	boardRig(t, b).press("p").said(ui.LevelWarn, "The clipboard is empty").want("Paste records here")

	r := boardRig(t, &board{}).press("p")
	if len(r.sent) != 1 || len(r.later) == 0 {
		t.Fatalf("the terminal is not asked: %v", r.sent)
	}
	r.send(tea.ClipboardMsg{Content: text})
	r.want("1 record ", "db-prod-full")
	r.fire() // too late to matter
	r.want("db-prod-full").said(ui.LevelInfo, "1 record")

	r = boardRig(t, &board{}).press("p")
	r.fire()
	r.said(ui.LevelWarn, "does not hand out its clipboard").want("Paste records here")
	r.send(tea.ClipboardMsg{Content: text}) // nobody waits for it any more
	r.want("Paste records here")
}
