package place

import (
	"context"
	"errors"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/tui/state"
	"hearth/tui/ui"
)

// Options is how other places are found and gone to.
type Options struct {
	// Places lists the places that can be gone to; it may read files. nil: only
	// the one that is shown.
	Places func() []store.PlaceRow
	// Open opens one of them, or a region or project of the cloud that is shown,
	// as cloud:NAME[@REGION][/PROJECT_ID], and returns what closes it. ctx ends
	// when it is open. nil: the screens stay where they are.
	Open func(ctx context.Context, location string) (jobs.Desk, func() error, error)
	// Policies are those of the config, which it may read; nil: there are none.
	Policies func() ([]jobs.Policy, error)
	// Devices are where this machine finds volumes, by the config, which it may read: paths
	// with {id} for a volume's id; nil: it names none.
	Devices func() ([]string, error)
	// Memory is how places were looked at before; nil: nothing is remembered.
	Memory *state.Memory
	// Views are those of the config, by their names.
	Views map[string]state.View
	// Begin makes what begins a stay: the screens of a place.
	Begin func(*Stay) ui.Begin
}

// Stay is the place that one is in, for as long as one is there. The screens of a
// place share one, and only read it; what changes it does so under its own lock.
type Stay struct {
	desk  jobs.Desk
	opt   Options
	close func() error // nil: the place is somebody else's to close

	mu     sync.Mutex
	scope  core.Scope
	over   bool
	others map[string]other // places that were opened besides, by location
}

// other is a place that was opened beside the one that is shown.
type other struct {
	desk  jobs.Desk
	close func() error
}

// New makes the stay in a place; closing closes it, nil leaves that to others.
func New(desk jobs.Desk, closing func() error, o Options) *Stay {
	return &Stay{desk: desk, close: closing, opt: o}
}

// Desk is what jobs work with here: a copy, which goes on with the reach that it
// was taken with.
func (s *Stay) Desk() jobs.Desk {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.desk
}

// Info is what the place says of itself, without I/O.
func (s *Stay) Info() core.PlaceInfo { return s.Desk().Info() }

// Scope is where in its place the login stands, as far as that is known by now.
func (s *Stay) Scope() core.Scope {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.scope
}

// Cannot says why an operation is not to be done here, "" if it can be.
func (s *Stay) Cannot(op core.Operation) string {
	if why := s.Info().ReadOnly; why != "" && op != core.OpExport && op != core.OpAllProjects {
		return why
	}
	if p, ok := s.desk.Place.(store.Allower); ok {
		return p.Denied(op)
	}
	return ""
}

// Operates reports whether there is somebody in the place who makes, restores and
// deletes backups.
func (s *Stay) Operates() bool {
	_, ok := s.desk.Place.(store.Operator)
	return ok
}

// Repository is the place, if it is a backup repository; else nil.
func (s *Stay) Repository() store.Repository {
	r, _ := s.desk.Place.(store.Repository)
	return r
}

// Title is the place for a heading.
func (s *Stay) Title() string { return core.Visible(s.Info().Title) }

// Places lists the places that there are; it may read files.
func (s *Stay) Places() []store.PlaceRow {
	if s.opt.Places == nil {
		return nil
	}
	return s.opt.Places()
}

// Policies are those of the config; it may read files. CodeNotFound where it has none.
func (s *Stay) Policies() ([]jobs.Policy, error) {
	var all []jobs.Policy
	if s.opt.Policies != nil {
		var err error
		if all, err = s.opt.Policies(); err != nil {
			return nil, err
		}
	}
	return jobs.Chosen(all, nil)
}

// Devices are where this machine finds volumes, by the config; it may read files.
func (s *Stay) Devices() ([]string, error) {
	if s.opt.Devices == nil {
		return nil, nil
	}
	return s.opt.Devices()
}

// Banner is what the frame says of the place: the region where there is a choice.
func (s *Stay) Banner() ui.Banner {
	at, scope := s.Info(), s.Scope()
	b := ui.Banner{Title: at.Title, Where: core.Visible(at.Title), Badge: at.Badge, Color: at.Color, ReadOnly: at.ReadOnly != ""}
	if len(scope.Regions) > 1 && !strings.Contains(b.Where, scope.Region) {
		b.Where += " · " + core.Visible(scope.Region)
	}
	if b.ReadOnly {
		b.Where += " (read-only)"
	}
	if len(at.Unsafe) > 0 {
		b.Where += " (not safe)"
	}
	return b
}

// Arrive is what is done first in a place: what an interrupted hearth may have left
// behind is looked at, and where the login stands is found out.
func (s *Stay) Arrive(host ui.Host) tea.Cmd {
	first := []tea.Cmd{s.settle(host), s.findOut(host), s.visited(host)}
	if why := s.desk.Without; why != "" {
		first = append(first, ui.Say(ui.LevelWarn, core.Visible(why)))
	}
	return tea.Batch(first...)
}

func (s *Stay) settle(host ui.Host) tea.Cmd {
	desk := s.desk
	return host.Tell(func(ctx context.Context) tea.Msg {
		settled, err := desk.Settle(ctx)
		if err != nil || len(settled) == 0 {
			return ui.Failure(err)
		}
		return ui.Note{Level: ui.LevelWarn, Text: core.Count(len(settled), "journal entry") +
			" of an interrupted hearth settled by reading the place back; " + ui.KeyOf("go-journal") + " shows the journal."}
	})
}

// findOut asks a place that a login opens a part of, which part that is.
func (s *Stay) findOut(host ui.Host) tea.Cmd {
	if _, ok := s.desk.Place.(store.Scoper); !ok {
		return s.unsafe()
	}
	return host.Tell(func(ctx context.Context) tea.Msg {
		if _, err := s.FindOut(ctx); err != nil {
			return ui.Failure(err)
		}
		return ui.BannerMsg{Note: s.unsafeNote()}
	})
}

// unsafe tells what is not safe about the way to the place; nil where nothing is.
func (s *Stay) unsafe() tea.Cmd {
	note := s.unsafeNote()
	if note.Text == "" {
		return nil
	}
	return func() tea.Msg { return note }
}

func (s *Stay) unsafeNote() ui.Note {
	why := s.Info().Unsafe
	if len(why) == 0 {
		return ui.Note{}
	}
	return ui.Note{Level: ui.LevelWarn, Text: "Not safe: " + core.Visible(strings.Join(why, "; ")) + "."}
}

// FindOut asks the place where in it the login stands; the zero Scope of a place
// that has no such parts.
func (s *Stay) FindOut(ctx context.Context) (core.Scope, error) {
	p, ok := s.desk.Place.(store.Scoper)
	if !ok {
		return core.Scope{}, nil
	}
	scope, err := p.Scope(ctx)
	if err != nil {
		return scope, err
	}
	s.setScope(scope)
	if b, ok := s.desk.Place.(store.Companion); ok { // who one is, is known before: it may take a while
		scope.Beside = b.Beside(ctx)
		s.setScope(scope)
	}
	return scope, nil
}

func (s *Stay) setScope(scope core.Scope) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scope = scope
}

// noWay is why no other place can be opened.
const noWay = "this hearth was not given a way to open other places"

// NoOther says why no other place can be opened, "" if one can.
func (s *Stay) NoOther() string {
	if s.opt.Open == nil {
		return noWay
	}
	return ""
}

// Another opens a place beside the one that is shown, which stays open until that
// is left: whoever asks for it again gets the same.
func (s *Stay) Another(ctx context.Context, location string) (jobs.Desk, error) {
	if s.opt.Open == nil {
		return jobs.Desk{}, core.Fail(core.CodeUnsupported, "open "+location, noWay, "", nil)
	}
	s.mu.Lock()
	o, ok := s.others[location]
	s.mu.Unlock()
	if ok {
		return o.desk, nil
	}
	desk, closing, err := s.opt.Open(ctx, location)
	if err != nil {
		return desk, err
	}
	if _, err = desk.Settle(ctx); err != nil { // what an interrupted hearth may have left behind there
		if closing != nil {
			closing()
		}
		return desk, err
	}
	return s.keep(location, other{desk, closing})
}

// keep keeps a place that was opened beside; where somebody was faster, or nobody
// needs it any more, it is closed.
func (s *Stay) keep(location string, opened other) (jobs.Desk, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.others[location]
	if !ok && !s.over {
		if s.others == nil {
			s.others = map[string]other{}
		}
		s.others[location] = opened
		return opened.desk, nil
	}
	var err error
	if opened.close != nil {
		err = opened.close()
	}
	if err == nil && !ok {
		err = core.Fail(core.CodeCancelled, "open "+location, "the place that is shown was left meanwhile", "", nil)
	}
	return o.desk, err
}

// Close closes the place, and those that were opened beside it.
func (s *Stay) Close() error {
	s.mu.Lock()
	others := s.others
	s.others, s.over = nil, true
	s.mu.Unlock()
	var errs []error
	for _, o := range others {
		if o.close != nil {
			errs = append(errs, o.close())
		}
	}
	if s.close != nil {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

// Start begins long work on the place.
func (s *Stay) Start(host ui.Host, what string, touches []string, do func(context.Context, jobs.Progress) ui.Result) (ui.TaskID, tea.Cmd) {
	return host.Start(ui.Work{What: what, Touches: touches, Do: func(ctx context.Context, say ui.Progress) ui.Result {
		return do(ctx, StepsTo(say))
	}})
}

// StepsTo takes the steps of jobs to a task.
func StepsTo(say ui.Progress) jobs.Progress {
	return func(s jobs.Step) {
		say(ui.Step{Done: s.Done, Total: s.Total, Text: s.Text, Bytes: s.Bytes, Of: s.Of, Item: s.Item, State: s.State})
	}
}

// Touching names things of the place that a task changes: a kind (backup, volume),
// and their ids.
func Touching[ID ~string](s *Stay, kind string, ids ...ID) []string {
	return TouchingIn(s.Info().Location, kind, ids...)
}

// TouchingIn names things of any place.
func TouchingIn[ID ~string](location, kind string, ids ...ID) (out []string) {
	for _, id := range ids {
		out = append(out, location+" "+kind+" "+string(id))
	}
	return out
}
