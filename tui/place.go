package tui

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
)

// The place that the screens are in: how long they stay there, what may be done,
// and how they go to another one.

// stay is the time that the screens spend in a place. What is asked of the place
// is asked within it, and the place is closed when the last answer is in.
type stay struct {
	ctx    context.Context
	cancel context.CancelFunc
	close  func() error // nil: the place is somebody else's to close

	mu      sync.Mutex
	over    bool
	working sync.WaitGroup
	others  map[string]other // places that were opened besides, by location
}

// other is a place that was opened beside the one that is shown.
type other struct {
	desk  jobs.Desk
	close func() error
}

func newStay(ctx context.Context, close func() error) *stay {
	s := &stay{close: close}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s
}

// enter begins to ask something of the place; false if it has been left.
func (s *stay) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.working.Add(1)
	}
	return !s.over
}

// leave ends what enter began, and reports whether the answer still matters.
func (s *stay) leave() bool {
	s.working.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.over
}

// end cancels what is being asked, waits for it, at most so long, and closes the
// place.
func (s *stay) end(atMost time.Duration) error {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.cancel()
	gone := make(chan struct{})
	go func() {
		s.working.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-time.After(atMost):
	}
	var errs []error
	s.mu.Lock()
	for _, o := range s.others {
		if o.close != nil {
			errs = append(errs, o.close())
		}
	}
	s.others = nil
	s.mu.Unlock()
	if s.close != nil {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

// other opens a place beside the one that is shown, which stays open until that is
// left: whoever asks for it again gets the same.
func (s *stay) other(ctx context.Context, open func(context.Context, string) (jobs.Desk, func() error, error), location string) (jobs.Desk, error) {
	s.mu.Lock()
	o, ok := s.others[location]
	s.mu.Unlock()
	if ok {
		return o.desk, nil
	}
	desk, closing, err := open(ctx, location)
	if err != nil {
		return desk, err
	}
	if _, err = desk.Settle(ctx); err != nil { // what an interrupted hearth may have left behind there
		if closing != nil {
			closing()
		}
		return desk, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if o, ok := s.others[location]; ok || s.over { // somebody was faster, or nobody needs it any more
		if closing != nil {
			err = closing()
		}
		if err == nil && !ok {
			err = core.Fail(core.CodeCancelled, "open "+location, "the place that is shown was left meanwhile", "", nil)
		}
		return o.desk, err
	}
	if s.others == nil {
		s.others = map[string]other{}
	}
	s.others[location] = other{desk, closing}
	return desk, nil
}

// cannot says why an operation is not to be done here, "" if it can be.
func (a *app) cannot(op core.Operation) string {
	if a.info.ReadOnly != "" && op != core.OpExport && op != core.OpAllProjects {
		return a.info.ReadOnly
	}
	if p, ok := a.desk.Place.(store.Allower); ok {
		return p.Denied(op)
	}
	return ""
}

// either is the first reason that there is, "" if there is none.
func either(reasons ...string) string {
	for _, why := range reasons {
		if why != "" {
			return why
		}
	}
	return ""
}

// projectActions switch between one project and all, where the place can.
func (a *app) projectActions() []action {
	if _, ok := a.desk.Place.(store.Reacher); !ok {
		return nil
	}
	label := "all projects"
	if a.desk.AllProjects() {
		label = "one project"
	}
	return []action{{keys: []string{"0"}, label: label, minor: true, help: "List all projects, or only the own", why: func() string {
		if a.desk.AllProjects() {
			return ""
		}
		return a.cannot(core.OpAllProjects)
	}, run: func() tea.Cmd {
		reach, said := core.ReachAll, "All projects are listed now."
		if a.desk.AllProjects() {
			reach, said = core.ReachOwn, "Only the own project is listed now."
		}
		a.desk.Reach = reach // a job has a desk of its own: it goes on with the reach that it began with
		a.info = a.desk.Info()
		return tea.Batch(note(info, said), a.resumed())
	}}}
}

// scopeMsg says where in its place a login stands.
type scopeMsg struct{ scope core.Scope }

// findOut asks a place that a login opens a part of, which part that is.
func (a *app) findOut() tea.Cmd {
	p, ok := a.desk.Place.(store.Scoper)
	if !ok {
		return nil
	}
	return a.task(func(ctx context.Context) tea.Msg {
		scope, err := p.Scope(ctx)
		if err != nil {
			return failure(err)
		}
		return scopeMsg{scope}
	})
}

// whereabouts is the place for the title bar: its name, and the region where there
// is a choice.
func (a *app) whereabouts() string {
	text := core.Visible(a.info.Title)
	if at := a.standing; len(at.Regions) > 1 && !strings.Contains(text, at.Region) {
		text += " · " + core.Visible(at.Region)
	}
	if a.info.ReadOnly != "" {
		text += " (read-only)"
	}
	return text
}

// movedMsg brings the place that was to be gone to.
type movedMsg struct {
	desk  jobs.Desk
	close func() error
}

// moveTo opens another place; until it is open, and if it cannot be opened,
// everything stays as it is.
func (a *app) moveTo(location string) tea.Cmd {
	openPlace := a.opt.Open
	return a.start("opening "+location, func(ctx context.Context, _ jobs.Progress) tea.Msg {
		desk, closing, err := openPlace(ctx, location)
		if err != nil {
			return failure(err)
		}
		return movedMsg{desk, closing}
	})
}

// moved leaves the old place, with all its screens, for the new one.
func (a *app) moved(msg movedMsg) tea.Cmd {
	old := a.stay
	a.stay, a.desk = newStay(a.ctx, msg.close), msg.desk
	a.info, a.standing = msg.desk.Info(), core.Scope{}
	a.stack, a.roots, a.dialogs, a.restores = nil, map[string]held{}, nil, nil
	a.setTheme(a.styles.theme)
	leave := func() tea.Msg { return failure(old.end(time.Minute)) }
	return tea.Batch(leave, open(registry[0].name, ""), a.arrive(), note(good, "This is "+a.info.Title+" now."))
}

// arrive is what is done first in a place.
func (a *app) arrive() tea.Cmd { return tea.Batch(a.settle(), a.findOut()) }
