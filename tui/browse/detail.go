package browse

import (
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// detailScreen is everything about one row, in tabs: a backup or a volume.
type detailScreen[T any] struct {
	*ui.Tabbed
	host  ui.Host
	ref   string
	start string // the tab to begin with
	get   func(context.Context) (T, error)
	name  func(*T) string
	own   func() []ui.Action
	ask   func(first ...ui.Copyable) tea.Cmd // what is to be copied of the row

	ui.Read
	row  *T        // nil until it is here
	came time.Time // when it came
}

// rowLoadedMsg brings the row.
type rowLoadedMsg[T any] struct {
	gen ui.Generation
	row T
	err error
}

// rowChangedMsg tells the tabs that the row has been read anew.
type rowChangedMsg struct{}

// backupInChain is a backup with what it stands on.
type backupInChain struct {
	core.Backup
	chain core.Chain
	marks []core.Mark // where it was rebuilt from a repository
}

// TabOf makes a tab of a backup's screen.
type TabOf func(ui.Host, *place.Stay, core.BackupID) ui.Tab

// Backup makes the screen of a backup, with two tabs of other rooms.
func Backup(at *place.Stay, more place.RowActions, restore, record TabOf) func(ui.Host, ui.Open) ui.Screen {
	return func(host ui.Host, o ui.Open) ui.Screen { return newBackup(host, at, more, []TabOf{restore, record}, o) }
}

func newBackup(host ui.Host, at *place.Stay, more place.RowActions, between []TabOf, o ui.Open) ui.Screen {
	ref := core.BackupID(o.ID)
	s := &detailScreen[backupInChain]{host: host, ref: o.ID, start: o.Tab, get: readInChain(at, ref)}
	s.name = func(x *backupInChain) string { return x.Title() }
	volume := func() core.VolumeID {
		if s.row == nil {
			return ""
		}
		return s.row.VolumeID
	}
	current := func() *core.Backup {
		if s.row == nil {
			return nil
		}
		return &s.row.Backup
	}
	tabs := []ui.Tab{
		&overviewTab{Scroll: ui.Scroll{Host: host}, news: news{host: host, at: at, resource: o.ID, backup: current},
			about: func() []ui.Line { return append(s.old(), aboutBackup(host.Look(), s.row)...) }},
		newCaptureTab(host, at, func() (core.VolumeID, core.BackupID) { return volume(), ref }),
	}
	for _, mk := range between {
		tabs = append(tabs, mk(host, at, ref))
	}
	s.Tabbed = ui.NewTabbed(host, append(tabs, newChainTab(host, at, volume, ref))...)
	rows := place.OneBackup(ref, current)
	s.ask = func(first ...ui.Copyable) tea.Cmd { return askBackup(host, at, s.row.Backup, first...) }
	s.own = func() []ui.Action {
		out := s.toTab("restore", backupActions(host, at, more, rows))
		for i := range out { // the restore has enough keys of its own
			out[i].Minor = out[i].Minor || s.Shows("restore")
		}
		return out
	}
	return s
}

// readInChain reads a backup with what it stands on.
func readInChain(at *place.Stay, ref core.BackupID) func(context.Context) (backupInChain, error) {
	desk := at.Desk()
	return func(ctx context.Context) (x backupInChain, err error) {
		if x.Backup, err = desk.Place.Backup(ctx, ref); err == nil {
			desk.WithProof(ctx, &x.Backup)
			x.chain, err = desk.Chain(ctx, ref)
		}
		if r, ok := desk.Place.(store.Repository); ok && err == nil {
			x.marks, err = r.Marks(ctx, ref)
		}
		return x, err
	}
}

// aboutBackup is all there is to say of a backup; that it cannot be restored comes
// first.
func aboutBackup(l ui.Look, x *backupInChain) []ui.Line {
	lines := show.BackupLines(l, &x.Backup, x.marks...)
	if problem := x.chain.Problem(); problem != "" {
		lines = append([]ui.Line{{Sign: l.Bad.Paint("✗ "), Value: l.Bad.Paint(problem + ": it cannot be restored")}, {}}, lines...)
	}
	return lines
}

// Volume makes the screen of a volume.
func Volume(at *place.Stay, more place.RowActions) func(ui.Host, ui.Open) ui.Screen {
	return func(host ui.Host, o ui.Open) ui.Screen { return newVolume(host, at, more, o) }
}

func newVolume(host ui.Host, at *place.Stay, more place.RowActions, o ui.Open) ui.Screen {
	ref, desk := core.VolumeID(o.ID), at.Desk()
	s := &detailScreen[core.Volume]{host: host, ref: o.ID, start: o.Tab, name: func(v *core.Volume) string { return v.Title() }}
	s.get = func(ctx context.Context) (core.Volume, error) {
		v, err := desk.Place.Volume(ctx, ref)
		if err == nil {
			desk.VolumeWithProof(ctx, &v)
		}
		return v, err
	}
	s.Tabbed = ui.NewTabbed(host,
		&overviewTab{Scroll: ui.Scroll{Host: host}, news: news{host: host, at: at, resource: o.ID},
			about: func() []ui.Line { return append(s.old(), show.VolumeLines(host.Look(), s.row)...) }},
		newCaptureTab(host, at, func() (core.VolumeID, core.BackupID) { return ref, "" }),
		newChainTab(host, at, func() core.VolumeID { return ref }, ""),
	)
	rows := place.OneVolume(ref, func() *core.Volume { return s.row })
	s.ask = func(first ...ui.Copyable) tea.Cmd { return askVolume(host, at, *s.row, first...) }
	s.own = func() []ui.Action { return s.toTab("capture", volumeActions(host, at, more, rows)) }
	return s
}

// old is a line that says how old the row is, its status too, where that is not fresh.
func (s *detailScreen[T]) old() []ui.Line {
	text := strings.TrimSpace(show.AsOf(s.host.Look(), core.Some(s.came), false))
	if text == "" {
		return nil
	}
	return []ui.Line{{Value: text + s.host.Look().Dim.Paint(": "+ui.KeyOf("reread")+" reads it anew")}}
}

// toTab makes the action that leads from a list to the tab of its name turn to it;
// where that is open, the action is left out.
func (s *detailScreen[T]) toTab(tab string, actions []ui.Action) []ui.Action {
	var out []ui.Action
	for _, a := range actions {
		if a.Name == tab {
			if s.Shows(tab) {
				continue
			}
			a.Run = func() tea.Cmd { return s.Named(tab) }
		}
		out = append(out, a)
	}
	return out
}

func (s *detailScreen[T]) Title() string {
	if s.row != nil {
		return s.name(s.row)
	}
	return core.Short(s.ref)
}

func (s *detailScreen[T]) Init() tea.Cmd { return s.load() }

func (s *detailScreen[T]) load() tea.Cmd {
	gen, get := s.Begin(), s.get
	return s.Ask(s.host, func(ctx context.Context) tea.Msg {
		row, err := get(ctx)
		return rowLoadedMsg[T]{gen, row, err}
	})
}

// Resume reads anew what may have changed meanwhile.
func (s *detailScreen[T]) Resume() tea.Cmd {
	if s.row == nil {
		return s.load()
	}
	return tea.Batch(s.load(), s.Tabbed.Resume())
}

func (s *detailScreen[T]) Update(msg tea.Msg) tea.Cmd {
	loaded, ok := msg.(rowLoadedMsg[T])
	if !ok {
		return s.Tabbed.Update(msg)
	}
	cmd, ok := s.End(loaded.gen, loaded.err)
	if !ok {
		return cmd
	}
	first := s.row == nil
	s.row, s.came = &loaded.row, s.host.Look().Now
	cmd = s.Tabbed.Update(rowChangedMsg{})
	if first {
		return tea.Batch(cmd, s.Named(s.start))
	}
	return cmd
}

func (s *detailScreen[T]) View(w, h int) string {
	switch {
	case s.State == ui.Failed:
		return ui.FailedView(s.host.Look(), s.Err, ui.KeyOf("reread")+" tries again", w)
	case s.row == nil:
		return "\n  " + s.host.Look().Busy.Paint("◌ reading…")
	}
	return s.Tabbed.View(w, h)
}

func (s *detailScreen[T]) Actions() []ui.Action {
	again := ui.Action{Name: "reread", Keys: []string{"ctrl+r"}, Help: "Read it anew", Run: s.Resume}
	if s.row == nil || s.State == ui.Failed {
		return []ui.Action{again}
	}
	tabs := s.Tabbed.Actions()
	taken := map[string]bool{} // by the open tab, which is nearer
	for i, a := range tabs {
		if a.Name == "copy-field" {
			tabs[i] = withField(a, s.ask)
		}
		for _, k := range a.Keys {
			taken[k] = true
		}
	}
	own := slices.DeleteFunc(s.own(), func(a ui.Action) bool { return taken[a.Keys[0]] })
	return slices.Concat(tabs, own, []ui.Action{again})
}

// overviewTab shows every field.
type overviewTab struct {
	ui.Scroll
	news  news
	about func() []ui.Line
}

func (t *overviewTab) Name() string  { return "Overview" }
func (t *overviewTab) Init() tea.Cmd { t.fill(); return nil }
func (t *overviewTab) fill()         { t.Set(append(t.about(), t.news.lines()...)) }
func (t *overviewTab) Restyle() {
	if t.Lines != nil {
		t.fill()
	}
}
func (t *overviewTab) Update(msg tea.Msg) tea.Cmd {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case messagesMsg:
		cmd = t.news.take(msg)
	case rowChangedMsg:
		cmd = t.news.load()
	case ui.TickMsg:
	default:
		return nil
	}
	t.Restyle()
	return cmd
}
