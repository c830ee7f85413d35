package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/store/storetest"
)

// clicked clicks at the first place where a text stands on the screen.
func (r *rig) clicked(text string) *rig {
	r.t.Helper()
	for y, line := range strings.Split(r.screenText(), "\n") {
		if before, _, ok := strings.Cut(line, text); ok {
			r.send(tea.MouseClickMsg{X: ansi.StringWidth(before) + 1, Y: y, Button: tea.MouseLeft})
			return r
		}
	}
	r.t.Fatalf("there is no %q on\n%s", text, r.screenText())
	return r
}

func withMouse(t *testing.T) *rig {
	o := Options{}
	o.Config.Mouse = true
	return newRigWith(t, sharedDemo(t), 140, 36, o)
}

// TestMouse: rows, headings, tabs, menus and answers take a click, the wheel goes as arrows do.
func TestMouse(t *testing.T) {
	r := withMouse(t)
	if r.View().MouseMode != tea.MouseModeCellMotion {
		t.Error("no mouse is asked for")
	}
	row := regexp.MustCompile(`(?m)^> (\S+)`)
	at := func() string { return row.FindStringSubmatch(r.screenText())[1] }
	first := at()
	r.clicked("gitlab-data-incr-2026-11-22")
	if at() != "gitlab-data-incr-2026-11-22" {
		t.Errorf("the cursor is at %s", at())
	}
	r.send(tea.MouseWheelMsg{Button: tea.MouseWheelUp})
	r.send(tea.MouseWheelMsg{Button: tea.MouseWheelUp})
	if at() != first {
		t.Errorf("the wheel goes to %s", at())
	}
	r.send(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
	if at() != "auto-20261122-0231-staging-db" {
		t.Errorf("the wheel goes to %s", at())
	}
	r.send(tea.MouseClickMsg{X: 4, Y: 5, Button: tea.MouseRight})
	r.send(tea.MouseClickMsg{X: 4, Y: 35, Button: tea.MouseLeft})
	r.send(tea.MouseClickMsg{X: 130, Y: 10, Button: tea.MouseLeft}) // the pane
	if at() != "auto-20261122-0231-staging-db" {
		t.Errorf("what is no row takes a click: %s", at())
	}
	r.clicked("SIZE").want("SIZE▼").clicked("SIZE").want("SIZE▲")
	r.clicked("NAME").want("NAME▲").clicked(at()).want("[Overview]")
	r.clicked("Chain").want("[Chain]").clicked("Capture").want("[Capture]")
	r.press("T").clicked("contrast ").want("[Capture]")
	if r.Dialog() != nil {
		t.Error("the menu stays")
	}
	r = withMouse(t).find("db-prod-01-incr-2026-11-22").press("r", "P").want("Apply to volume").clicked("No (n)").wantNot("Apply to volume")
	if r.Dialog() != nil {
		t.Error("the question stays")
	}
	for cell := 0; cell < 36*140; cell += 7 { // anywhere, whatever opens
		r.send(tea.MouseClickMsg{X: cell % 140, Y: cell / 140, Button: tea.MouseLeft})
	}
}

// TestNoMouse: where nobody asked for it none is, and what comes all the same does nothing.
func TestNoMouse(t *testing.T) {
	r := newRig(t, sharedDemo(t), 140, 36)
	before := r.screenText()
	if r.View().MouseMode != tea.MouseModeNone {
		t.Error("a mouse is asked for")
	}
	r.clicked("gitlab-data-incr-2026-11-22").send(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
	if r.screenText() != before {
		t.Error("a mouse that nobody asked for acts")
	}
}

// TestMouseInTmux clicks and turns the wheel by the sequences of a terminal (SGR, 1006), and
// looks whether one is asked for.
func TestMouseInTmux(t *testing.T) {
	binary := inTmux(t)
	for _, on := range []bool{true, false} {
		t.Run(fmt.Sprint(on), func(t *testing.T) {
			config := filepath.Join(t.TempDir(), "config.toml")
			if err := os.WriteFile(config, []byte(fmt.Sprintf("[screen]\nmouse = %t\n", on)), 0o600); err != nil {
				t.Fatal(err)
			}
			s := storetest.OpenTerminal(t, 80, 24, nil, `until [ -e "$TMPDIR/go" ]; do sleep 0.05; done; '`+binary+`' --demo --config '`+config+
				`'; echo exit=$?; exec cat`)
			file := filepath.Join(s.Home, "written")
			s.Tmux("pipe-pane", "cat >'"+file+"'")
			if err := os.WriteFile(filepath.Join(s.Home, "go"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			s.Until("90 backups", "? help")
			if on {
				s.Keys("text:\x1b[<0;6;8M", "text:\x1b[<0;6;8m").Until("\n> ") // a row
				s.Keys("text:\x1b[<65;6;8M").Until("\n> ")                     // the wheel
				s.Keys("text:\x1b[<0;6;3M", "text:\x1b[<0;6;3m").Until("NAME▲")
			}
			s.Keys("q").Until("exit=0")
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if asked := regexp.MustCompile(`\x1b\[\?(1000|1002|1003|1006)h`).Match(data); asked != on {
				t.Errorf("asked for the mouse: %t, want %t", asked, on)
			}
		})
	}
}
