package tui

import (
	"cmp"
	"context"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/themes"
	"hearth/tui/shell"
	"hearth/tui/ui"
)

// until is when the worlds of these tests end, and what the clock says.
var until = time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)

func now() time.Time { return until }

// demo opens a demo store of its own, to be written to.
func demo(t testing.TB, w store.World) store.Place {
	t.Helper()
	w.Until = until
	p, err := store.Open(context.Background(), store.Location{Scheme: "demo"}, store.Options{Now: now, Demo: w})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// shared is a demo store for all tests that only read.
var shared = sync.OnceValues(func() (store.Place, error) {
	return store.Open(context.Background(), store.Location{Scheme: "demo"}, store.Options{Now: now, Demo: store.World{Until: until}})
})

func sharedDemo(t testing.TB) store.Place {
	t.Helper()
	p, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMain(m *testing.M) {
	code := m.Run()
	if p, err := shared(); err == nil {
		p.Close()
	}
	os.Exit(code)
}

// remembered is the demo's world in memory, where calls can stall and fail.
var demoWorld = sync.OnceValues(func() (memory.World, error) {
	w := memory.World{Now: now}
	p, err := shared()
	if err != nil {
		return w, err
	}
	ctx := context.Background()
	vs, err := p.Volumes(ctx, core.Query{})
	if err != nil {
		return w, err
	}
	for _, v := range vs.Rows {
		full, err := p.Volume(ctx, v.ID)
		if err != nil {
			return w, err
		}
		w.Volumes = append(w.Volumes, full)
		kept, err := p.(store.Captures).Captures(ctx, "", v.ID, "")
		if err != nil {
			return w, err
		}
		slices.Reverse(kept)
		w.Captures = append(w.Captures, kept...)
	}
	bs, err := p.Backups(ctx, core.Query{})
	if err != nil {
		return w, err
	}
	for _, b := range bs.Rows {
		full, err := p.Backup(ctx, b.ID)
		if err != nil {
			return w, err
		}
		w.Backups = append(w.Backups, full)
	}
	w.Types, err = p.(store.Typer).VolumeTypes(ctx)
	return w, err
})

func remembered(t testing.TB) *memory.Place {
	t.Helper()
	w, err := demoWorld()
	if err != nil {
		t.Fatal(err)
	}
	return memory.New(w)
}

// rig drives the model without a terminal: it hands messages in and runs the
// commands that come back, all in the test's goroutine.
type rig struct {
	t testing.TB
	*shell.App
	desk    jobs.Desk
	clock   func() time.Time // what the shell and the jobs go by
	queue   []tea.Cmd
	later   []timer
	sent    []tea.Msg // what is for the terminal and tea itself: quit, raw sequences
	notes   []ui.Note // all that the status line said
	asleep  bool      // commands stay in the queue
	guarded string    // what is being typed to say yes
	slow    bool      // also what happens in a moment waits for fire
}

// brief is what passes while nobody types: letters are collected, the cursor rests.
const brief = 100 * time.Millisecond

// timer is something that was to happen later.
type timer struct {
	after time.Duration
	fire  func(time.Time) tea.Msg
}

// plain is the look that the text of frames does not depend on.
func plain(t testing.TB) themes.Theme {
	t.Helper()
	th, err := themes.Load(cmp.Or(inTheme, "dark"))
	if err != nil {
		t.Fatal(err)
	}
	return th
}

// inMemory makes rigs use memory's places, whatever they are given.
var inMemory bool

// newRig opens the screens over a place at a size.
func newRig(t testing.TB, p store.Place, w, h int) *rig {
	t.Helper()
	return newRigWith(t, p, w, h, Options{})
}

func newRigWith(t testing.TB, p store.Place, w, h int, o Options, change ...func(*jobs.Desk)) *rig {
	t.Helper()
	if _, ok := p.(interface{ Stall() func() }); inMemory && !ok {
		p = remembered(t)
	}
	r := &rig{t: t, clock: now}
	if o.Theme.Name == "" {
		o.Theme = plain(t)
	}
	if remappedKeys != nil {
		o.Keys = remappedKeys
	}
	if o.Pause == 0 { // the clock of these tests stands still
		o.Pause = -1
	}
	o.After = func(d time.Duration, f func(time.Time) tea.Msg) tea.Cmd {
		if d <= brief && !r.slow {
			return func() tea.Msg { return f(until) }
		}
		r.later = append(r.later, timer{d, f})
		return nil
	}
	r.desk = jobs.Desk{Place: p, Who: "ops@console", Pace: jobs.Pace{Now: func() time.Time { return r.clock() }}}
	if c, ok := p.(*cloud); ok {
		r.desk.Sleep = c.Sleep
	}
	for _, f := range change {
		f(&r.desk)
	}
	r.App = newApp(context.Background(), r.desk, o)
	r.run(r.Init())
	r.send(tea.WindowSizeMsg{Width: w, Height: h})
	return r
}

// send hands a message to the model and drains what follows.
func (r *rig) send(msg tea.Msg) {
	r.t.Helper()
	if n, ok := msg.(ui.Note); ok {
		r.notes = append(r.notes, n)
	}
	_, cmd := r.Update(msg)
	r.run(cmd)
}

// run takes a command, and runs all there are unless the rig is asleep.
func (r *rig) run(cmd tea.Cmd) {
	r.t.Helper()
	if cmd != nil {
		r.queue = append(r.queue, cmd)
	}
	for n := 0; len(r.queue) > 0 && !r.asleep; n++ {
		if n > 10000 {
			r.t.Fatal("the commands do not come to an end")
		}
		next := r.queue[0]
		r.queue = r.queue[1:]
		r.take(next())
	}
}

// take does with a command's message what tea would do.
func (r *rig) take(msg tea.Msg) {
	if msg == nil {
		return
	}
	if batch, ok := msg.(tea.BatchMsg); ok {
		for _, cmd := range batch {
			if cmd != nil {
				r.queue = append(r.queue, cmd)
			}
		}
		return
	}
	if v := reflect.ValueOf(msg); v.Type().PkgPath() == "charm.land/bubbletea/v2" {
		if v.Type().Name() != "sequenceMsg" {
			r.sent = append(r.sent, msg)
			return
		}
		for i := range v.Len() {
			if cmd, _ := v.Index(i).Interface().(tea.Cmd); cmd != nil {
				r.take(cmd())
			}
		}
		return
	}
	if n, ok := msg.(ui.Note); ok {
		r.notes = append(r.notes, n)
	}
	_, cmd := r.Update(msg)
	if cmd != nil {
		r.queue = append(r.queue, cmd)
	}
}

// takeLast runs the newest of what is held back, and no more.
func (r *rig) takeLast() *rig {
	r.t.Helper()
	n := len(r.queue) - 1
	next := r.queue[n]
	r.queue = r.queue[:n]
	r.take(next())
	return r
}

// begun runs what is held back until a task runs, and no more: what is marked by a rule
// is read before.
func (r *rig) begun() *rig {
	r.t.Helper()
	for was := len(r.Tasks()); len(r.Tasks()) == was && len(r.queue) > 0; {
		next := r.queue[0]
		r.queue = r.queue[1:]
		r.take(next())
	}
	return r
}

// wake runs what has been held back.
func (r *rig) wake() {
	r.asleep = false
	r.run(nil)
}

// resized gives the rig another size.
func resized(r *rig, w, h int) { r.send(tea.WindowSizeMsg{Width: w, Height: h}) }

// fire lets the time of the timers come.
func (r *rig) fire() {
	due := r.later
	r.later = nil
	for _, x := range due {
		r.send(x.fire(until))
	}
}

var keyCodes = map[string]rune{
	"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft,
	"right": tea.KeyRight,
	"pgup":  tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd, "backspace": tea.KeyBackspace,
}

// keyMsg is a key as tea reports it.
func keyMsg(name string) tea.KeyPressMsg {
	if rest, ok := strings.CutPrefix(name, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: []rune(rest)[0], Mod: tea.ModCtrl}
	}
	switch code, ok := keyCodes[name]; {
	case ok:
		return tea.KeyPressMsg{Code: code}
	case name == "shift+tab":
		return tea.KeyPressMsg{Code: tea.KeyTab, Mod: tea.ModShift}
	case name == "space":
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

// press types keys by their names; y says yes to a question, whatever has to be typed for that.
func (r *rig) press(names ...string) *rig {
	r.t.Helper()
	for _, n := range names {
		if q, ok := r.Dialog().(*ui.QuestionBox); ok && n == "y" && q.Guarded() != "" && r.guarded == "" {
			r.guarded = q.Guarded()
			r.typeText(q.Guarded()).press("enter")
			r.guarded = ""
			continue
		}
		if nth, ok := strings.CutPrefix(n, "#"); ok && nth != "" {
			r.pick(nth)
			continue
		}
		r.key(n)
	}
	return r
}

// key types a key, or what stands for it where keys are others.
func (r *rig) key(name string) {
	r.t.Helper()
	if remapped != nil {
		if k, ok := remapped(r, name); ok {
			r.send(k)
			return
		}
	}
	r.send(keyMsg(name))
}

// remapped is the key that does in a rig with other keys what one does by itself; nil: the keys
// are those that actions have. remappedKeys are what such rigs are given.
var (
	remapped     func(r *rig, key string) (tea.KeyPressMsg, bool)
	remappedKeys Keys
)

// pick chooses an entry of the menu that is open by its number, as "#2" among the keys that
// are pressed does.
func (r *rig) pick(nth string) {
	r.t.Helper()
	for _, k := range pickKeys(nth) {
		r.key(k)
	}
}

// pickKeys are the keys that choose an entry of a menu.
func pickKeys(nth string) []string {
	n, err := strconv.Atoi(nth)
	if err != nil {
		panic(err)
	}
	return append(append([]string{"home"}, slices.Repeat([]string{"down"}, n-1)...), "enter")
}

// typeText types a text, letter by letter.
func (r *rig) typeText(s string) *rig {
	r.t.Helper()
	for _, c := range s {
		if c == ' ' {
			r.press("space")
		} else {
			r.press(string(c))
		}
	}
	return r
}

// screenText is the frame without its looks.
func (r *rig) screenText() string { return ansi.Strip(r.View().Content) }

// want checks that the frame shows some texts.
func (r *rig) want(texts ...string) *rig {
	r.t.Helper()
	frame := r.screenText()
	for _, s := range texts {
		if !strings.Contains(frame, s) {
			r.t.Errorf("the frame does not show %q:\n%s", s, frame)
		}
	}
	return r
}

// wantNot checks that the frame does not show some texts.
func (r *rig) wantNot(texts ...string) *rig {
	r.t.Helper()
	frame := r.screenText()
	for _, s := range texts {
		if strings.Contains(frame, s) {
			r.t.Errorf("the frame shows %q:\n%s", s, frame)
		}
	}
	return r
}

// said checks the status line's note.
func (r *rig) said(l ui.Level, part string) *rig {
	r.t.Helper()
	if r.lastNote().Level != l || !strings.Contains(r.lastNote().Text, part) {
		r.t.Errorf("the note is %v %q (%v), want %v with %q", r.lastNote().Level, r.lastNote().Text, r.lastNote().Err, l, part)
	}
	return r
}

// lastNote is what was said last.
func (r *rig) lastNote() ui.Note {
	n, _ := r.Note()
	return n
}

// quits reports whether hearth was told to end.
func (r *rig) quits() bool {
	return slices.ContainsFunc(r.sent, func(m tea.Msg) bool { _, ok := m.(tea.QuitMsg); return ok })
}

// find puts the cursor of a list on the row that a filter finds alone or first.
func (r *rig) find(filter string) *rig {
	r.t.Helper()
	return r.press("/").typeText(filter).press("enter")
}

// placeOf is the rig's place in memory, also of a cloud.
func placeOf(r *rig) *memory.Place {
	r.t.Helper()
	switch p := r.desk.Place.(type) {
	case *memory.Place:
		return p
	case *cloud:
		return p.Cloud.Place
	case *memory.Cloud:
		return p.Place
	case *memory.Repository:
		return p.Place
	}
	r.t.Fatalf("the place is a %T", r.desk.Place)
	return nil
}

func callsOf(r *rig) []string { return placeOf(r).Calls() }

// setField replaces the text of the dialog's field.
func (r *rig) setField(text string) *rig {
	r.t.Helper()
	box, ok := r.Dialog().(*ui.InputBox)
	if !ok {
		r.t.Fatalf("the dialog is a %T", r.Dialog())
	}
	box.Input.SetValue(text)
	return r
}
