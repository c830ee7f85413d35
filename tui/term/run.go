package term

import (
	"context"
	"os"
	"runtime"

	tea "charm.land/bubbletea/v2"
	xterm "github.com/charmbracelet/x/term"
)

// Unsuspended is sent to a model instead of being suspended, where no shell could
// bring the program back.
type Unsuspended struct{}

// Run runs a program on the terminal until it ends or ctx does. Signals are the
// caller's, who ends ctx, but for SIGTSTP: that suspends the program as ctrl+z does,
// and fg brings it back. The model is sent a [Cut] behind a paste whose end is lost,
// and [Unsuspended] where it cannot be suspended. Where the model panics the program ends
// with a *[Panicked].
func Run(ctx context.Context, model tea.Model, options ...tea.ProgramOption) error {
	// Were Bubble Tea to catch signals too, it could wait for ever to hand one on to
	// the loop that ctx has ended.
	options = append([]tea.ProgramOption{tea.WithContext(ctx), tea.WithoutSignalHandler()}, options...)
	if runtime.GOOS == "windows" || !xterm.IsTerminal(os.Stdin.Fd()) {
		_, err := tea.NewProgram(model, options...).Run()
		return err
	}
	if !Asks() {
		options = append(options, tea.WithOutput(silent{os.Stdout}))
	}
	r := NewReader(os.Stdin, os.Getenv("SSH_CONNECTION") != "")
	defer r.Close()
	var stop stopper
	defer stop.end()
	var p *tea.Program
	var beats pulse
	defer beats.end()
	var panicked *Panicked
	model = drawn{model, func() { beats.beat(tickerOf(p)) }, func() { p.Quit() }, &panicked}
	p = tea.NewProgram(model, append(options, tea.WithInput(r), tea.WithFilter(func(m tea.Model, msg tea.Msg) tea.Msg {
		switch msg.(type) {
		case tea.SuspendMsg:
			if !stop.suspending() {
				return Unsuspended{}
			}
		case tea.ResumeMsg:
			stop.resumed()
		}
		return r.Filter(m, msg)
	}))...)
	stop.begin(func() { p.Send(tea.SuspendMsg{}) })
	_, err := p.Run()
	if panicked != nil {
		return panicked
	}
	return err
}
