package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"hearth/core"
	"hearth/store/whole"
)

// Memory is the state while hearth runs. What changes it does no I/O; Save writes it. It may
// be used from many goroutines. A nil Memory remembers nothing.
type Memory struct {
	name string // of the file; "": nothing outlives the run

	mu      sync.Mutex
	state   State
	changed map[string]bool // places that this run changed, for the file
	forgot  map[string]bool // and that it forgot
	views   map[string]bool // the views that it saved or forgot
	all     bool            // it forgot all that was there
	quiet   bool            // that it cannot be written has been told

	saving sync.Mutex
}

// Open reads what is remembered in a file of a name; "" and a file that is not there are an
// empty memory. What cannot be read is set aside, and said tells of it in a sentence.
func Open(name string) (m *Memory, said string) {
	m = &Memory{name: name, changed: map[string]bool{}, forgot: map[string]bool{}, views: map[string]bool{}}
	m.state, said = m.read()
	return m, said
}

// read reads the file; what cannot be read is set aside.
func (m *Memory) read() (State, string) {
	if m.name == "" {
		return State{}, ""
	}
	body, err := whole.ReadFile(m.name, mostFile)
	if errors.Is(err, fs.ErrNotExist) {
		return State{}, ""
	}
	var s State
	if err == nil {
		s, err = Parse(body)
	}
	if err == nil {
		return s, ""
	}
	return State{}, m.setAside(err)
}

// mostAside is how many files are set aside before hearth remembers nothing.
const mostAside = 9

// setAside gives the file another name, of those that nothing has, and says so.
func (m *Memory) setAside(why error) string {
	what := why.Error()
	var e *core.Error
	var p *fs.PathError
	if errors.As(why, &e) {
		what = e.What
	} else if errors.As(why, &p) {
		what = p.Err.Error()
	}
	for i := range mostAside {
		to := fmt.Sprintf("%s.aside-%d", m.name, i+1)
		if _, err := os.Lstat(to); err == nil {
			continue
		}
		err := os.Rename(m.name, to)
		if err == nil {
			return fmt.Sprintf("What hearth remembered is set aside as %s, and it begins anew: %s.", core.Visible(to), core.Visible(what))
		}
		m.give()
		return fmt.Sprintf("Nothing is remembered of this run: %s cannot be read (%s), nor be set aside (%s). Move it away.",
			core.Visible(m.name), core.Visible(what), core.Visible(err.Error()))
	}
	m.give()
	return fmt.Sprintf("Nothing is remembered of this run: %s cannot be read (%s), and %d files are set aside already. Move them away.",
		core.Visible(m.name), core.Visible(what), mostAside)
}

// give gives the file up.
func (m *Memory) give() { m.name = "" }

// Places are those that are remembered, the last one first.
func (m *Memory) Places() []Place {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.state.Places)
}

// Of is what is remembered of a place; the zero Place is nothing.
func (m *Memory) Of(location string) Place {
	if m == nil {
		return Place{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.of(location)
}

func (m *Memory) of(location string) Place {
	for _, p := range m.state.Places {
		if p.Location == location {
			return p
		}
	}
	return Place{}
}

// Change changes what is remembered of a place.
func (m *Memory) Change(location string, change func(*Place)) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.of(location)
	lists := map[string]List{}
	maps.Copy(lists, p.Lists) // others hold the old one
	p.Location, p.Lists = location, lists
	change(&p)
	m.state.Places = append(m.without(location), p)
	m.state = m.state.bounded()
	m.changed[location] = true
}

// without are the places but one.
func (m *Memory) without(location string) []Place {
	return slices.DeleteFunc(slices.Clone(m.state.Places), func(x Place) bool { return x.Location == location })
}

// Visit remembers that one came to a place, and when.
func (m *Memory) Visit(location string, at time.Time) {
	m.Change(location, func(p *Place) { p.At = at })
}

// Forget forgets a place.
func (m *Memory) Forget(location string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state.Places = m.without(location)
	delete(m.changed, location)
	m.forgot[location] = true
}

// Views are those that were saved, by their names.
func (m *Memory) Views() map[string]View {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.state.Views)
}

// SaveView saves a view under a name, in place of the one that had it; false where that cannot be:
// there are too many, or it is too long, or holds a secret.
func (m *Memory) SaveView(name string, v View) bool {
	if m == nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	views := maps.Clone(m.state.Views)
	if views == nil {
		views = map[string]View{}
	}
	views[name] = v
	next := State{m.state.Places, views}.bounded()
	if len(next.Views) != len(views) {
		return false
	}
	m.state, m.views[name] = next, true
	return true
}

// ForgetView forgets a view; false where there is none of the name.
func (m *Memory) ForgetView(name string) bool {
	if m == nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.state.Views[name]; !ok {
		return false
	}
	views := maps.Clone(m.state.Views)
	delete(views, name)
	m.state.Views, m.views[name] = views, true
	return true
}

// ForgetAll forgets everything, and what was set aside.
func (m *Memory) ForgetAll() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state, m.all = State{}, true
	clear(m.changed)
	clear(m.forgot)
	clear(m.views)
}

// Save writes down what this run changed, into what other runs have written meanwhile. The
// first failure is an error, later ones are none: who looks at places goes on without.
func (m *Memory) Save(ctx context.Context) error {
	if m == nil {
		return nil
	}
	m.saving.Lock()
	defer m.saving.Unlock()
	m.mu.Lock()
	now, name, did := m.state, m.name, news{m.changed, m.forgot, m.views, m.all}
	m.changed, m.forgot, m.views, m.all = map[string]bool{}, map[string]bool{}, map[string]bool{}, false
	m.mu.Unlock()
	if name == "" || len(did.changed) == 0 && len(did.forgot) == 0 && len(did.views) == 0 && !did.all {
		return nil
	}
	err := m.write(ctx, name, now, did)
	if err == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.Copy(m.changed, did.changed) // another time
	maps.Copy(m.forgot, did.forgot)
	maps.Copy(m.views, did.views)
	m.all = m.all || did.all
	if m.quiet {
		return nil
	}
	m.quiet = true
	return core.Fail(core.CodeUnavailable, "remember how places are looked at, in "+name, err.Error(),
		"hearth works without; make the folder writable, or set XDG_STATE_HOME", err)
}

// news is what a run changed: places, places that it forgot, views, or all that there was.
type news struct {
	changed, forgot, views map[string]bool
	all                    bool
}

// write writes the file.
func (m *Memory) write(ctx context.Context, name string, now State, did news) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil { // whatever the umask, or whoever made it
		return err
	}
	unlock, err := whole.Lock(ctx, dir)
	if err != nil {
		return err
	}
	defer unlock()
	there := State{}
	if did.all {
		forgetAside(name)
	} else {
		there, _ = m.read() // what another run left behind is set aside as at the start
	}
	if m.name == "" {
		return errors.New("what is there cannot be read")
	}
	there.Places = slices.DeleteFunc(there.Places, func(p Place) bool { return did.changed[p.Location] || did.forgot[p.Location] })
	for _, p := range now.Places {
		if did.changed[p.Location] {
			there.Places = append(there.Places, p)
		}
	}
	for view := range did.views {
		if v, ok := now.Views[view]; !ok {
			delete(there.Views, view)
		} else if there.Views == nil {
			there.Views = map[string]View{view: v}
		} else {
			there.Views[view] = v
		}
	}
	if there = there.bounded(); len(there.Places) == 0 && len(there.Views) == 0 {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	return whole.WriteOver(name, there.Bytes())
}

// forgetAside removes what was set aside.
func forgetAside(name string) {
	for i := range mostAside {
		os.Remove(fmt.Sprintf("%s.aside-%d", name, i+1))
	}
}
