package tui

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store"
	"hearth/tui/ui"
)

// copyField copies the field under the cursor, which stands first of all there is to copy.
func (r *rig) copyField() *rig {
	r.t.Helper()
	if r.press("y").want("The field under the cursor").press("enter"); r.Dialog() != nil {
		r.press("esc") // it cannot be
	}
	return r
}

// walked goes down through all the fields of a tab and copies each: what the status line
// says was copied, and the text. The cursor has to be in view all the while.
func walked(t *testing.T, r *rig, b *board) map[string]string {
	t.Helper()
	out := map[string]string{}
	frame := ""
	for range 400 {
		if now := r.screenText(); now == frame {
			return out
		}
		frame = r.screenText()
		if !strings.Contains(frame, "\n>") && !strings.Contains(frame, "│ >") {
			r.press("down") // a long text is scrolled through
			continue
		}
		b.desk.text = ""
		r.copyField()
		n := r.lastNote()
		_, what, _ := strings.Cut(n.Text, "clipboard: ")
		switch {
		case n.Level == ui.LevelGood && what != "":
			out[strings.TrimSuffix(what, ".")] = b.desk.text
		case n.Level != ui.LevelWarn || b.desk.text != "":
			t.Errorf("%v %q, copied %q", n.Level, n.Text, b.desk.text)
		}
		r.press("down")
	}
	t.Errorf("400 times down, and not at the end:\n%s", frame)
	return out
}

// opened is a rig with a clipboard, on a tab of the first volume or backup of a place.
func opened(t *testing.T, p store.Place, b *board, screen, tab string, w, h int) *rig {
	t.Helper()
	page, err := p.Backups(context.Background(), core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	id := string(page.Rows[0].ID)
	if screen == "volume" {
		id = string(page.Rows[0].VolumeID)
	}
	r := newRigWith(t, p, w, h, Options{Clipboard: b.clipboard()})
	r.send(ui.Open{Screen: screen, ID: id, Tab: tab})
	return r
}

// TestCopyFields copies every field of a hostile volume and a hostile backup, exactly as
// its tenant wrote it, however the screen shows it and whatever room there is.
func TestCopyFields(t *testing.T) {
	page, err := worst().Backups(context.Background(), core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	evil := string(page.Rows[0].ID)
	whole := map[string][]string{
		"volume": {"the name", "field status", "field type", "field encryption key", "field description",
			"field id", "field project", "field zone",
			"field " + core.Visible(evil), "field display_name"},
		"backup": {"the name", "field status", "field fail reason", "field volume", "field description", "field id", "field container",
			"field service", "field service meta", "field snapshot", "field restored to", "field encryption key", "field project", "field user",
			"field host", "field zone", "field temp volume", "field " + core.Visible(evil)},
	}
	for _, size := range [][2]int{{80, 24}, {160, 45}, {40, 10}} {
		for screen, fields := range whole {
			t.Run(fmt.Sprint(screen, size[0]), func(t *testing.T) {
				b := &board{desk: &desk{}}
				r := opened(t, worst(), b, screen, "", size[0], size[1])
				got := walked(t, r, b)
				for _, f := range fields {
					if text := got["the "+strings.TrimPrefix(f, "the ")]; text != evil {
						t.Errorf("%s: copied %q", f, text)
					}
				}
				if text := got["the field "+core.Visible("\u0301"+evil+strings.Repeat("x", 300))]; text != strings.Repeat("日本", 200) {
					t.Errorf("the long one: copied %q", text)
				}
				if screen == "backup" && got["the field parent"] != evil+"parent" {
					t.Errorf("the parent: copied %q", got["the field parent"])
				}
				r.wantNot("more line")
				if r.press("home", "y", "enter"); b.desk.text != evil && screen == "volume" {
					t.Errorf("at the beginning: copied %q", b.desk.text)
				}
			})
		}
	}
}

// TestCopyCaptureFields: the keys of a capture are copied as they were captured, on both
// sides of the wide screen; a record's, too.
func TestCopyCaptureFields(t *testing.T) {
	for _, w := range []int{80, 160} {
		b := &board{desk: &desk{}}
		r := opened(t, worst(), b, "backup", "capture", w, 24)
		got := walked(t, r, b)
		if got["the field name"] != "\x1b[31m\u202e" {
			t.Errorf("%d wide: the name: copied %q", w, got["the field name"])
		}
		if text := got["the field "+core.Visible("\u009b")]; w == 160 && text != "\u200b" {
			t.Errorf("on the right: copied %q of %q", text, got)
		}
		r.press("f")
		if got := walked(t, r, b); got["the field "+core.Visible("\u009b")] != "\u200b" {
			t.Errorf("%d wide, all: copied %q", w, got)
		}
	}
	b := &board{desk: &desk{}}
	r := newRigWith(t, sharedDemo(t), 100, 30, Options{Clipboard: b.clipboard()})
	id := fullID(t, "backup", dbBackup)
	r.send(ui.Open{Screen: "backup", ID: id, Tab: "record"})
	got := walked(t, r, b)
	if _, err := core.DecodeRecord(got["the base64"], core.Today); err != nil || got["the field id"] != id {
		t.Errorf("a record: %v, the id %q", err, got["the field id"])
	}
}

// TestCopyBeside: in two columns that are longer than the screen the way leads down the
// left one, then down the right one; a field keeps the cursor when others come before it.
func TestCopyBeside(t *testing.T) {
	b := &board{desk: &desk{}}
	r := newRigWith(t, sharedDemo(t), 160, 16, Options{Clipboard: b.clipboard()})
	id := fullID(t, "volume", "db-prod-01")
	r.send(ui.Open{Screen: "volume", ID: id, Tab: "capture"})
	if got := walked(t, r, b); got["the field id"] != id || got["the field env"] != "prod" {
		t.Errorf("copied %q", got)
	}
	r.press("y", "enter").said(ui.LevelGood, "the field launched_at").press("f", "y", "enter").said(ui.LevelGood, "the field launched_at")
	for range 100 {
		r.press("up")
	}
	r.press("y", "enter").said(ui.LevelGood, "the field evidence").want("> evidence")
}

// TestFieldCursor: the cursor stays on its field when the lines are others, tells why
// there is nothing to copy, and goes where the text is moved to.
func TestFieldCursor(t *testing.T) {
	b := &board{desk: &desk{}}
	r := newRigWith(t, sharedDemo(t), 80, 24, Options{Clipboard: b.clipboard()})
	id := fullID(t, "backup", dbBackup)
	r.send(ui.Open{Screen: "backup", ID: id})
	r.press("down", "down", "down", "down", "y", "enter").want("> created")
	if b.desk.text != "2026-11-22T01:04:30.000000" {
		t.Errorf("copied %q", b.desk.text)
	}
	r.press("down", "down").copyField().said(ui.LevelWarn, "it has no value").press("down").copyField().said(ui.LevelGood, "the field id")
	if b.desk.text != id {
		t.Errorf("copied %q", b.desk.text)
	}
	r.press("ctrl+r").want("> id").press("pgdown", "y", "enter").wantNot("> id")
	if b.desk.text == id {
		t.Error("the cursor stayed behind")
	}
	r.press("pgdown", "up", "up", "y", "enter").said(ui.LevelGood, "the field zone")
	r.press("home", "y", "enter").said(ui.LevelGood, "the name").want("> " + b.desk.text[:10])
	r.press("v", "esc").find("mail-spool").press("m", "f", "end")
	for range 60 {
		if strings.Contains(r.screenText(), ">  · provider_auth") {
			b.desk.text = ""
			r.copyField().said(ui.LevelWarn, "it is a secret")
			if b.desk.text != "" {
				t.Errorf("a secret: copied %q", b.desk.text)
			}
			return
		}
		r.press("up")
	}
	r.want("provider_auth")
}

// TestPropertiesByLine: the properties of a form are edited line by line too, and what is wrong with
// one stands beside it while it is typed and is not taken.
func TestPropertiesByLine(t *testing.T) {
	r := cloudKeys("n", "down", "down", "down", "down", "down", "down")(t, 100, 30)
	r.press("ctrl+o").want("> Add a property").press("enter").typeText(`note="a, b"`).press("enter").want(`> note="a, b"`)
	r.press("end", "enter").typeText("note=x").want("✗ the key note is there twice").press("enter").said(ui.LevelWarn, "there twice")
	r.setField("prod").want("✗ prod is not key=value").setField("env=prod").wantNot("✗ prod").press("enter").want("env=prod", "Add a property")
	r.press("esc").want(`> properties   note="a, b", env=prod`)
	r.press("ctrl+o", "enter").want("Change a property", "Empty takes it out").setField("").press("enter").wantNot("note=")
	r.press("enter").setField("env=lab").press("esc").want("> env=prod").press("esc").want("> properties   env=prod")
	r.typeText(", x").press("ctrl+o").said(ui.LevelWarn, "cannot be told apart: x is not key=value")
}
