// Package tui is hearth's screens: a Bubble Tea program over the store's interfaces.
// This file starts them, screens.go is THE list of them, and all else is a room:
// ui is what a screen is made of, shell what runs them, place where one is, show how
// things look; browse, restore, records, recovery, operate and morning are the rooms by job.
package tui

import (
	"context"
	"errors"
	"os"
	"runtime/debug"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/themes"
	"hearth/tui/place"
	"hearth/tui/shell"
	"hearth/tui/state"
	"hearth/tui/term"
	"hearth/tui/ui"
)

// Config is the part of the configuration that the screens read, under [screen].
type Config struct {
	Theme     string `toml:"theme"`     // a theme's name or the path of one; "" or auto follows the terminal
	Times     string `toml:"times"`     // utc (default) or local
	Clipboard string `toml:"clipboard"` // auto (default) or off
	First     string `toml:"first"`     // the screen of a place that is shown first: backups (default), volumes or dashboard
	Mouse     bool   `toml:"mouse"`     // takes the mouse: then the terminal marks text only with Shift, or however it does
}

// Local reports whether times are to be in local time.
func (c Config) Local() bool { return c.Times == "local" }

// Check says what is wrong with the configuration: the key at fault and why. nearest finds the
// word that was probably meant, "" if none is plain.
func (c Config) Check(nearest func(word string, of []string) string) (key, what string) {
	near := func(what, word string, of ...string) string {
		if n := nearest(word, of); n != "" {
			what += ": write " + n
		}
		return what
	}
	switch c.Times {
	case "", "utc", "local":
	default:
		return "times", near(c.Times+" is neither utc nor local", c.Times, "utc", "local")
	}
	switch c.Clipboard {
	case "", "auto", "off":
	default:
		return "clipboard", near(c.Clipboard+" is neither auto nor off", c.Clipboard, "auto", "off")
	}
	switch c.First {
	case "", "backups", "volumes", "dashboard":
	default:
		return "first", near(c.First+" is neither backups, volumes nor dashboard", c.First, "backups", "volumes", "dashboard")
	}
	if c.Theme != "" && c.Theme != "auto" {
		if _, err := themes.Load(c.Theme); err != nil {
			return "theme", near(err.Error(), c.Theme, append(themes.Names(), "auto")...)
		}
	}
	return "", ""
}

// Options is what the screens are given.
type Options struct {
	Config    Config
	Keys      Keys  // in place of those that actions have
	Views     Views // of lists, by their names
	Theme     themes.Theme
	AutoTheme bool // follow the terminal's background
	Clipboard ui.Clipboard
	// After makes a command that waits and then makes a message; nil is tea.Tick.
	After func(time.Duration, func(time.Time) tea.Msg) tea.Cmd
	// Places lists the places that can be gone to; it may read files. nil: only
	// the one that is shown.
	Places func() []store.PlaceRow
	// Open opens one of them, or a region or project of the cloud that is shown,
	// as cloud:NAME[@REGION][/PROJECT_ID], and returns what closes it. ctx ends
	// when it is open. nil: the screens stay where they are.
	Open func(ctx context.Context, location string) (jobs.Desk, func() error, error)
	// Policies are the backup policies of the config, which it may read; nil: there are none.
	Policies func() ([]jobs.Policy, error)
	// Devices are where this machine finds volumes, by the config, which it may read: paths with
	// {id} for a volume's id; nil: it names none.
	Devices func() ([]string, error)
	// Memory is how places were looked at before; nil: nothing is remembered.
	Memory *state.Memory
	// Start is what the start screen is given besides, where no place is begun with.
	Start *place.Start
	// Reports is the folder for reports of what went wrong inside hearth; "": none is written.
	Reports string
	// Version is what such a report names.
	Version string
	// Plain draws in ASCII, and writes what is not as escapes.
	Plain bool
	// Pause is how long a question that appears while somebody types takes no key; 0 is half a
	// second, and a negative one none.
	Pause time.Duration
	// Passcodes are the questions for one-time passcodes; nil: none is asked.
	Passcodes *Passcodes
	// Close closes the place that the screens begin with, when they leave it or
	// end; nil: the caller does.
	Close func() error
}

// Run shows the screens, of a place or where o.Start is there those of the start, until the user quits or ctx ends.
func Run(ctx context.Context, desk jobs.Desk, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o.AutoTheme = o.Config.Theme == "" || o.Config.Theme == "auto"
	name := o.Config.Theme
	if o.AutoTheme {
		name = "hearth"
	}
	o.AutoTheme = o.AutoTheme && term.Asks()
	t, err := themes.Load(name)
	if err != nil {
		return err
	}
	o.Theme = t
	o.Clipboard.Off = o.Clipboard.Off || o.Config.Clipboard == "off"
	if os.Getenv("GOGC") == "" { // a filter leaves a page of rows behind with each letter: let it not double the heap
		debug.SetGCPercent(50)
	}
	core.OnlyASCII(o.Plain)
	a := newApp(ctx, desk, o)
	err = term.Run(ctx, a)
	if end := a.End(3 * time.Second); err == nil {
		err = end
	}
	o.Memory.Save(context.WithoutCancel(ctx)) // what a last key changed; that it cannot be was told
	var p *term.Panicked
	if errors.As(err, &p) {
		return reported(p, o, desk.Now())
	}
	return err
}

// newApp makes the model: a place or the start, its screens, and the shell that runs them.
func newApp(ctx context.Context, desk jobs.Desk, o Options) *shell.App {
	begins := func(at *place.Stay) ui.Begin {
		b := begin(at)
		b.First.Screen = o.Config.First
		return b
	}
	places := place.Options{Places: o.Places, Open: o.Open, Begin: begins, Policies: o.Policies, Devices: o.Devices,
		Memory: o.Memory, Views: o.Views}
	var in ui.Begin
	if o.Start != nil {
		o.Start.Options = places
		in = o.Start.BeginAt(tasksEntry)
	} else {
		in = begins(place.New(desk, o.Close, places))
	}
	o.Keys.Say()
	keys := map[string][]string{}
	for name, list := range o.Keys {
		keys[name] = list
	}
	return shell.New(ctx, in, shell.Options{Theme: o.Theme, AutoTheme: o.AutoTheme, Clipboard: o.Clipboard,
		Local: o.Config.Local(), Keys: keys, Now: desk.Now, After: o.After, Secrets: o.Passcodes.questions(), Pause: o.Pause, Plain: o.Plain,
		Mouse: o.Config.Mouse})
}
