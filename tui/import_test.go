package tui

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/tui/term"
	"hearth/tui/ui"
)

// imported is what the screen of imports holds.
type imported struct {
	state  ui.ReadState
	checks []core.Check
}

func importOn(r *rig) imported {
	r.t.Helper()
	if !valueAt(r.Top(), "checks").IsValid() {
		r.t.Fatalf("the screen is a %T", r.Top())
	}
	return imported{*inside[ui.ReadState](r.Top(), "State"), *inside[[]core.Check](r.Top(), "checks")}
}

// TestPasteAnywhere: a paste on any screen opens the import, but for a dialog, and
// a line for a field.
func TestPasteAnywhere(t *testing.T) {
	text := sample(t, "db-prod-full.openstack.table")
	eachScene(t, 100, 30, func(t *testing.T, r *rig) {
		r.queue, r.asleep = nil, false
		dialog := r.Dialog() != nil
		r.send(tea.PasteMsg{Content: text})
		if dialog {
			if r.said(ui.LevelWarn, "Close the dialog first"); r.Dialog() == nil {
				t.Error("the dialog is gone")
			}
			return
		}
		if strings.Contains(t.Name(), "/start") { // it waits for the place that is chosen for it
			r.want("1 record")
			return
		}
		s := importOn(r)
		if s.state == ui.Ready && (len(s.checks) != 1 || !s.checks[0].Found.OK()) {
			t.Errorf("%d records", len(s.checks))
		}
	})
}

// TestImport: several records, of which some are refused; choose, ask, import, and
// one result each.
func TestImport(t *testing.T) {
	p := demo(t, store.World{})
	r := newRig(t, p, 120, 40)
	r.send(tea.PasteMsg{Content: strings.ReplaceAll(several(t), "\n", "\r")}) // as terminals send line ends
	r.said(ui.LevelInfo, "5 records").said(ui.LevelInfo, "3 can be imported").want("[x] db-prod-full", "[x] web-root-full",
		"it is here already (available)", "the text ends inside the reco")
	r.press("down", "down", "space").want("[ ] web-root-full")
	r.press("space").said(ui.LevelWarn, "it is here already") // the cursor went on to the one that is here
	r.press("i").want("Import 2 backups into demo?", "8a75388c  db-prod-full", "32b85b7d  db-prod-incr-1",
		"Owner:").wantNot("c72b9e41  web-root-full")
	r.press("n").said(ui.LevelInfo, "Nothing was done")
	if page, err := p.Backups(t.Context(), core.Query{}); err != nil || page.Total != 90 {
		t.Fatalf("%d backups, %v", page.Total, err)
	}
	r.press("i", "y").said(ui.LevelGood, "2 backups imported").want("✓  db-prod-full", "imported: available")
	r.press("home", "space").said(ui.LevelWarn, "imported already")
	r.press("i").said(ui.LevelWarn, "none is chosen")
	r.press("b").find("name:db-prod-full").want("1 backup of 92", "8a75388c")

	r.send(tea.PasteMsg{Content: several(t)}) // again: they are here now
	r.want("it is here already").said(ui.LevelInfo, "1 can be imported")
	r.press("w").want("The record", "Backup already exists in database.").press("esc")
	r.send(tea.PasteMsg{Content: "something else"})
	r.said(ui.LevelWarn, "There is no record in the 14 bytes").want("There is no record in what was pasted")
	r.press("i").said(ui.LevelWarn, "no records yet")
}

// TestImportGoesOnElsewhere: who leaves the screen is told the result all the same.
func TestImportGoesOnElsewhere(t *testing.T) {
	r := newRig(t, demo(t, store.World{}), 120, 40)
	r.send(tea.PasteMsg{Content: several(t)})
	r.press("i")
	r.asleep = true
	r.press("y", "v")
	r.wake()
	r.said(ui.LevelGood, "3 backups imported").want("26 volumes")
}

// TestPasteCut: a paste whose end never came is taken, and a dialog says what it is;
// the rest of it makes no second one.
func TestPasteCut(t *testing.T) {
	r := newRig(t, demo(t, store.World{}), 120, 40)
	r.send(tea.PasteMsg{Content: "eyJpZCI6"})
	r.send(term.Cut{Bytes: 8, After: 2 * time.Second})
	r.want("Paste without an end", "8 bytes were taken as pasted, until nothing more came", "for 2 s")
	importOn(r)
	r.send(tea.PasteMsg{Content: "the rest"})
	r.said(ui.LevelWarn, "Close the dialog first")
	r.send(term.Cut{Bytes: 1234, Key: true})
	r.want("1.2 KB were taken as pasted, until Ctrl-C").press("esc").wantNot("Paste without an end")
	r.send(term.Unsuspended{})
	r.said(ui.LevelWarn, "Nothing is suspended")
}

// TestEverySample pastes what admins copied, each in its own way: the record in it
// is recognised whole.
func TestEverySample(t *testing.T) {
	dir := filepath.Join("..", "testdata", "paste")
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 100 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	r := newRig(t, sharedDemo(t), 120, 40)
	for _, f := range files {
		text := sample(t, f.Name())
		for _, ends := range []string{"\n", "\r", "\r\r"} {
			r.send(tea.PasteMsg{Content: strings.ReplaceAll(text, "\n", ends)})
			checks := importOn(r).checks
			if len(checks) != 1 || !checks[0].Found.OK() {
				t.Errorf("%s with %q: %d records", f.Name(), ends, len(checks))
				continue
			}
			name, _, _ := strings.Cut(f.Name(), ".")
			if got := checks[0].Name; !strings.HasPrefix(name, "odd-") && !strings.HasPrefix(got, strings.SplitN(name, "-", 2)[0]) {
				t.Errorf("%s: the record of %q", f.Name(), got)
			}
		}
	}
}

// TestCuts cuts a sample at every tenth byte: what is missing is told.
func TestCuts(t *testing.T) {
	r := newRig(t, sharedDemo(t), 120, 40)
	for _, name := range []string{"db-prod-full.openstack.json", "db-prod-full.openstack.table", "web-root-full.openstack.value"} {
		text := sample(t, name)
		whole := strings.Index(text, "eyJ")
		for n := 0; n < len(text); n += 10 {
			r.send(tea.PasteMsg{Content: text[:n]})
			switch s := importOn(r); {
			case n == 0: // nothing was pasted
			case n <= whole && len(s.checks) != 0, n > whole+3 && len(s.checks) != 1:
				t.Errorf("%s cut at %d: %d records", name, n, len(s.checks))
			case n > whole+3 && !s.checks[0].Found.OK() && !s.checks[0].Found.Truncated:
				t.Errorf("%s cut at %d is not said to be truncated: %v", name, n, s.checks[0].Findings)
			case len(s.checks) == 1 && s.checks[0].Found.Truncated:
				r.want("the text ends inside the record")
			}
		}
	}
}

// TestRubbish pastes 8 MB of it: the update returns at once, the answer follows,
// and nothing is harmed.
func TestRubbish(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	binary := make([]byte, 8<<20)
	for i := range binary {
		binary[i] = byte(random.Uint32())
	}
	for name, text := range map[string]string{
		"bytes":        string(binary),
		"one letter":   strings.Repeat("e", 8<<20),
		"beginnings":   strings.Repeat("eyJ", 8<<20/3),
		"half records": strings.Repeat("eyJkcml2ZXJfaW5mbyI6IHt9LCAi ", 8<<20/29),
		"line ends":    strings.Repeat("\r", 8<<20),
		"escapes":      strings.Repeat("\x1b[31m|", 8<<20/6),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, sharedDemo(t), 120, 40)
			r.asleep = true
			begin := time.Now()
			r.send(tea.PasteMsg{Content: text})
			r.View()
			update := time.Since(begin)
			if update > 200*time.Millisecond {
				t.Errorf("the update takes %v", update)
			}
			begin = time.Now()
			r.wake()
			answer := time.Since(begin)
			if answer > 10*time.Second {
				t.Errorf("the answer takes %v", answer)
			}
			t.Logf("update %v, answer %v", update.Round(time.Microsecond), answer.Round(time.Millisecond))
			if s := importOn(r); s.state != ui.Ready {
				t.Errorf("the state is %d", s.state)
			}
			if what := checkFrame(r.View().Content, 120, 40); what != "" {
				t.Error(what)
			}
			r.press("esc").want("90 backups")
		})
	}
}

// TestSecondPaste takes the place of the first, whose answer comes late.
func TestSecondPaste(t *testing.T) {
	r := newRig(t, sharedDemo(t), 120, 40)
	r.asleep = true
	r.send(tea.PasteMsg{Content: several(t)})
	first := r.queue
	r.queue = nil
	r.send(tea.PasteMsg{Content: sample(t, "win-root.openstack.yaml")})
	r.wake()
	r.want("1 record ", "win-root")
	for _, cmd := range first {
		for _, msg := range unbatch(cmd) {
			r.send(msg)
		}
	}
	r.want("1 record ", "win-root")
}
