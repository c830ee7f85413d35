package tui

import (
	"context"
	"image/color"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
	"hearth/themes"
	"hearth/tui/settings"
	"hearth/tui/ui"
)

// running starts an export that does not end by itself.
func running(t *testing.T) *rig {
	return exporting()(t, 120, 30)
}

func TestQuitAsks(t *testing.T) {
	if r := newRig(t, sharedDemo(t), 80, 24).press("q"); !r.quits() {
		t.Error("q does not quit")
	}
	if r := newRig(t, sharedDemo(t), 80, 24).press("ctrl+c"); !r.quits() {
		t.Error("Ctrl-C does not quit")
	}

	r := running(t).want("◌ exporting 10 backups 3/10")
	last := func() { r.take(r.queue[len(r.queue)-1]()) }
	r.press("q")
	last()
	r.want("exporting 10 backups is still running", "Let it run and stay")
	r.press("#1")
	if r.quits() || r.Running().ID == 0 || (r.Running().State == ui.TaskStopping) {
		t.Fatal("it does not simply run on")
	}
	r.press("q")
	last()
	r.press("#3")
	last()
	if r.quits() {
		t.Fatal("it quits before the job has stopped")
	}
	r.want("(stopping)").said(ui.LevelWarn, "Cancelling")
	if r.wake(); !r.quits() {
		t.Error("it does not quit when the job has stopped")
	}

	r = running(t)
	r.press("q")
	last()
	r.press("#2")
	r.wake()
	if r.quits() || r.Running().ID != 0 {
		t.Error("cancelled and stayed is something else")
	}
}

// TestCtrlCCancels what runs; once it is stopping, it asks.
func TestCtrlCCancels(t *testing.T) {
	r := running(t).press("ctrl+c")
	if !(r.Running().State == ui.TaskStopping) {
		t.Fatal("it runs on")
	}
	r.press("ctrl+c")
	r.take(r.queue[len(r.queue)-1]())
	r.want("still running", "Quit now, without waiting")
	r.press("#3")
	r.take(r.queue[len(r.queue)-1]())
	if !r.quits() {
		t.Error("it does not quit")
	}
	r.CloseDialogs()
	r.wake()
	if core.CodeOf(r.lastNote().Err) != core.CodeCancelled && r.Running().ID != 0 {
		t.Errorf("the job ended as %v", r.lastNote())
	}

	r = running(t).press("ctrl+c")
	r.wake()
	if r.said(ui.LevelWarn, "cancelled"); r.Running().ID != 0 || r.quits() {
		t.Error("the job did not end alone")
	}
}

// TestOneJobAtATime: a second is refused with the reason, and the first goes on.
func TestOneJobAtATime(t *testing.T) {
	r := running(t)
	first := r.Running().ID
	r.press("x").takeLast().takeLast() // which they are
	if r.takeLast(); r.Running().ID != first {
		t.Fatal("the job is another one")
	}
	r.said(ui.LevelWarn, "exporting 10 backups is still running")
	r.wake()
	if r.Running().ID != 0 {
		t.Error("it does not end")
	}
}

// TestPanics in a command do not end hearth.
func TestPanics(t *testing.T) {
	r := newRig(t, sharedDemo(t), 80, 24)
	r.run(r.Host().Tell(func(context.Context) tea.Msg { panic("boo") }))
	r.said(ui.LevelBad, "Something unforeseen").press("e").want("boo", "please report it")
}

func TestThemeFollowsTheTerminal(t *testing.T) {
	r := newRigWith(t, sharedDemo(t), 80, 24, Options{AutoTheme: true})
	for _, c := range []struct {
		msg  tea.Msg
		want string
	}{
		{tea.BackgroundColorMsg{Color: color.White}, "light"},
		{tea.BackgroundColorMsg{Color: color.Black}, "hearth"},
		{tea.ColorProfileMsg{Profile: colorprofile.ANSI}, "sixteen"},
		{tea.ColorProfileMsg{Profile: colorprofile.TrueColor}, "hearth"},
	} {
		if r.send(c.msg); r.CurrentLook().Theme.Name != c.want {
			t.Errorf("%T: theme %s, want %s", c.msg, r.CurrentLook().Theme.Name, c.want)
		}
	}
	r.press("T").want("contrast", "sixteen").press("#1").said(ui.LevelInfo, "Theme contrast")
	if r.send(tea.BackgroundColorMsg{Color: color.White}); r.CurrentLook().Theme.Name != "contrast" {
		t.Errorf("a theme that was chosen gives way to %s", r.CurrentLook().Theme.Name)
	}
	r = newRig(t, sharedDemo(t), 80, 24)
	if r.send(tea.BackgroundColorMsg{Color: color.White}); r.CurrentLook().Theme.Name != "dark" {
		t.Errorf("a theme from the config gives way to %s", r.CurrentLook().Theme.Name)
	}
}

// TestReadableWithoutColours: cursor, open tab, focus and marks are told by signs.
func TestReadableWithoutColours(t *testing.T) {
	r := newRig(t, sharedDemo(t), 130, 30)
	r.send(tea.ColorProfileMsg{Profile: colorprofile.ASCII})
	r.press("down", "space").want(">", " *web-root-incr", "✗ error", "✓ available")
	r.press("enter", "tab", "tab").want("[Restore]")
	r.press("?").want("╭ Keys").press("esc")
	r.press("home", "b", "A").find("id:"+dbBackup).press("r", "P").want("> No (n)").press("tab").want("> Apply (y)").press("esc")
	colours := strings.NewReplacer("\x1b[1m", "", "\x1b[3m", "", "\x1b[7m", "", "\x1b[1;7m", "", "\x1b[m", "")
	if frame := colours.Replace(r.View().Content); strings.Contains(frame, "\x1b") {
		i := strings.Index(frame, "\x1b")
		t.Errorf("there is a colour: %q", frame[i:min(i+30, len(frame))])
	}
	for _, line := range strings.Split(r.View().Content, "\n") {
		if strings.Contains(line, "> ~") && !strings.Contains(line, "\x1b[1;7m") && !strings.Contains(line, "\x1b[7m") {
			t.Errorf("the cursor's row is not in reverse: %q", line)
		}
	}
}

// TestResize from nothing to something and back.
func TestResize(t *testing.T) {
	r := newRigWith(t, sharedDemo(t), 0, 0, Options{})
	if r.View().Content != "" {
		t.Errorf("a frame without a size: %q", r.View().Content)
	}
	r.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	r.want("90 backups", "> bastion-root", "? help")
	r.press("end").want("crm-2019")
	r.send(tea.WindowSizeMsg{Width: 80, Height: 8})
	r.want("old-nas") // the cursor stays to be seen
	r.send(tea.WindowSizeMsg{Width: -5, Height: -1})
	if r.View().Content != "" {
		t.Error("a frame of a negative size")
	}
	r.send(tea.WindowSizeMsg{Width: 200, Height: 60})
	r.want("old-nas", "│")
}

// TestZone: times in UTC or local, and said which, also in what was drawn before.
func TestZone(t *testing.T) {
	t.Setenv("TZ", "UTC")
	r := newRig(t, sharedDemo(t), 130, 40).press("enter").want("UTC", "2026-11-22 08:45:24")
	if r.press("z"); !r.CurrentLook().Local {
		t.Fatal("the zone is the same")
	}
	r.said(ui.LevelInfo, "Times are in ")
	if r.press("z"); r.CurrentLook().Local {
		t.Error("the zone does not come back")
	}
	r.want("UTC", "2026-11-22 08:45:24")
}

// TestClock: ages grow with the clock. It goes more slowly where nobody has pressed a key
// for minutes, and what is shown is looked at anew as somebody does.
func TestClock(t *testing.T) {
	r := newRig(t, sharedDemo(t), 80, 24).want("14m")
	ticks := func(want time.Duration) {
		t.Helper()
		if len(r.later) == 0 || r.later[len(r.later)-1].after != want {
			t.Errorf("the clock ticks by %v, want %v the last", r.later, want)
		}
	}
	ticks(10 * time.Second)
	r.clock = func() time.Time { return until.Add(4 * time.Minute) }
	r.fire()
	r.want("18m")
	ticks(10 * time.Second)
	r.clock = func() time.Time { return until.Add(3 * time.Hour) }
	r.fire()
	r.want(" 3h ").wantNot("18m")
	ticks(time.Minute)
	old := r.later
	r.clock = func() time.Time { return until.Add(5 * time.Hour) }
	r.press("down").want(" 5h ")
	ticks(10 * time.Second)
	r.later = nil
	for _, x := range old {
		r.send(x.fire(until))
	}
	if len(r.later) != 0 {
		t.Error("two clocks tick")
	}
}

// TestNotePasses: what was said of a screen that was left is shown no longer, but
// can be asked for.
func TestNotePasses(t *testing.T) {
	r := newRig(t, sharedDemo(t), 80, 24).press("e").said(ui.LevelWarn, "no message yet")
	r.press("z", "z").want("· Times are in UTC now.").press("v").wantNot("Times are in").press("e").want("Times are in UTC now.")
}

// TestHelp lists every key that there is.
func TestHelp(t *testing.T) {
	eachScene(t, 120, 40, func(t *testing.T, r *rig) {
		if r.Dialog() != nil || r.asleep {
			return
		}
		if tx, ok := r.Top().(ui.Texter); ok && tx.WantsText() {
			return
		}
		r.press("?")
		box, ok := r.Dialog().(*ui.TextBox)
		if !ok {
			t.Fatalf("the dialog is a %T", r.Dialog())
		}
		text := ansi.Strip(strings.Join(*inside[[]string](box, "laid"), "\n"))
		r.press("esc")
		for _, act := range r.Keys() {
			if !strings.Contains(text, ui.KeyName(act.Keys[0])) || !strings.Contains(text, act.Help[:min(len(act.Help), 20)]) {
				t.Errorf("the help lacks %s: %s", act.Keys[0], act.Help)
			}
		}
	})
}

// TestBadge: a place's colour for its badge is used, and readable.
func TestBadge(t *testing.T) {
	for _, c := range []string{"#b02030", "#ffffa0", "12", "", "no colour"} {
		s := ui.NewStyles(plain(t), false, c)
		if s.Badge.Open == "" {
			t.Errorf("badge of %q has no look", c)
		}
		if _, ok := themes.RGB(c); ok == (s.Badge == ui.NewStyles(plain(t), false, "").Badge) {
			t.Errorf("badge of %q: %q", c, s.Badge.Open)
		}
	}
}

// TestConfig: what is wrong with the configuration is told with its key.
func TestConfig(t *testing.T) {
	for _, c := range []struct {
		config Config
		key    string
	}{
		{Config{}, ""}, {Config{Theme: "auto", Times: "local", Clipboard: "off"}, ""}, {Config{Theme: "light"}, ""},
		{Config{Theme: "pink"}, "theme"}, {Config{Times: "swatch"}, "times"}, {Config{Clipboard: "maybe"}, "clipboard"},
	} {
		if key, what := c.config.Check(settings.Nearest); key != c.key || (what == "") != (key == "") {
			t.Errorf("%+v: %q %q", c.config, key, what)
		}
	}
}

// TestTypedAhead: what is typed before there is a screen is for the first one.
func TestTypedAhead(t *testing.T) {
	r := newRig(t, sharedDemo(t), 100, 30)
	fresh := &rig{t: t, clock: now, App: newApp(context.Background(), r.desk, Options{Theme: plain(t)})}
	fresh.press("/").typeText("web").send(tea.WindowSizeMsg{Width: 100, Height: 30})
	fresh.want("/ web", "keep the filter")
	fresh = &rig{t: t, clock: now, App: newApp(context.Background(), r.desk, Options{Theme: plain(t)})}
	fresh.send(tea.PasteMsg{Content: several(t)})
	fresh.send(tea.WindowSizeMsg{Width: 100, Height: 30})
	fresh.want("5 records").press("esc").want("hearth · demo · Backups")
}
