package term

import (
	"fmt"
	"runtime/debug"

	tea "charm.land/bubbletea/v2"
)

// Panicked is the error of a program whose model panicked. The terminal is as it was
// before, as after any other end.
type Panicked struct {
	Value any
	Stack []byte
}

func (p *Panicked) Error() string { return fmt.Sprint(p.Value) }

// drawn is a model whose frames keep the pulse quick, and whose panics end the program.
type drawn struct {
	tea.Model
	beat     func()
	quit     func()
	panicked **Panicked
}

// caught keeps a panic, and asks the program to end: the first one is what went wrong.
func (d drawn) caught() {
	if value := recover(); value != nil && *d.panicked == nil {
		*d.panicked = &Panicked{value, debug.Stack()}
		go d.quit()
	}
}

// Init begins.
func (d drawn) Init() tea.Cmd {
	defer d.caught()
	return d.Model.Init()
}

// Update updates the model.
func (d drawn) Update(msg tea.Msg) (next tea.Model, cmd tea.Cmd) {
	next = d
	if *d.panicked != nil {
		return next, nil
	}
	defer d.caught()
	d.Model, cmd = d.Model.Update(msg)
	return d, cmd
}

// View draws the model.
func (d drawn) View() (v tea.View) {
	if *d.panicked != nil {
		return v
	}
	defer d.caught()
	v = d.Model.View()
	d.beat()
	return v
}
