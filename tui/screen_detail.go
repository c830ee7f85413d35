package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
)

// detailScreen is everything about one row, in tabs: a backup or a volume.
type detailScreen[T any] struct {
	*tabbed
	host  Host
	ref   string
	start string // the tab to begin with
	get   func(context.Context) (T, error)
	name  func(*T) string
	own   func() []action

	read
	row *T // nil until it is here
}

// rowLoadedMsg brings the row.
type rowLoadedMsg[T any] struct {
	gen generation
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
type TabOf func(Host, *Stay, core.BackupID) tab

// backupDetail makes the screen of a backup, with two tabs of other rooms.
func backupDetail(at *Stay, more RowActions, restore, record TabOf) func(Host, openMsg) screen {
	return func(host Host, o openMsg) screen { return newBackup(host, at, more, []TabOf{restore, record}, o) }
}

func newBackup(host Host, at *Stay, more RowActions, between []TabOf, o openMsg) screen {
	ref := core.BackupID(o.ID)
	s := &detailScreen[backupInChain]{host: host, ref: o.ID, start: o.Tab, get: readInChain(at, ref)}
	s.name = func(x *backupInChain) string { return x.Title() }
	volume := func() core.VolumeID {
		if s.row == nil {
			return ""
		}
		return s.row.VolumeID
	}
	tabs := []tab{
		&overviewTab{scroll: scroll{host: host}, news: news{host: host, at: at, resource: o.ID}, about: func() []line {
			return aboutBackup(host.Look(), s.row)
		}},
		newCaptureTab(host, at, func() (core.VolumeID, core.BackupID) { return volume(), ref }),
	}
	for _, mk := range between {
		tabs = append(tabs, mk(host, at, ref))
	}
	s.tabbed = newTabbed(host, append(tabs, newChainTab(host, at, volume, ref))...)
	current := func() *core.Backup {
		if s.row == nil {
			return nil
		}
		return &s.row.Backup
	}
	rows := BackupRows{current, func() []core.BackupID { return []core.BackupID{ref} }}
	s.own = func() []action {
		out := s.toTab("restore", backupActions(host, at, more, rows))
		for i := range out { // the restore has enough keys of its own
			out[i].minor = out[i].minor || s.shows("restore")
		}
		return out
	}
	return s
}

// readInChain reads a backup with what it stands on.
func readInChain(at *Stay, ref core.BackupID) func(context.Context) (backupInChain, error) {
	desk := at.Desk()
	return func(ctx context.Context) (x backupInChain, err error) {
		if x.Backup, err = desk.Place.Backup(ctx, ref); err == nil {
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
func aboutBackup(l Look, x *backupInChain) []line {
	lines := backupLines(l, &x.Backup, x.marks...)
	if problem := x.chain.Problem(); problem != "" {
		lines = append([]line{{sign: l.bad.Paint("✗ "), value: l.bad.Paint(problem + ": it cannot be restored")}, {}}, lines...)
	}
	return lines
}

// volumeDetail makes the screen of a volume.
func volumeDetail(at *Stay, more RowActions) func(Host, openMsg) screen {
	return func(host Host, o openMsg) screen { return newVolume(host, at, more, o) }
}

func newVolume(host Host, at *Stay, more RowActions, o openMsg) screen {
	ref, place := core.VolumeID(o.ID), at.Desk().Place
	s := &detailScreen[core.Volume]{host: host, ref: o.ID, start: o.Tab, name: func(v *core.Volume) string { return v.Title() }}
	s.get = func(ctx context.Context) (core.Volume, error) { return place.Volume(ctx, ref) }
	s.tabbed = newTabbed(host,
		&overviewTab{scroll: scroll{host: host}, news: news{host: host, at: at, resource: o.ID},
			about: func() []line { return volumeLines(host.Look(), s.row) }},
		newCaptureTab(host, at, func() (core.VolumeID, core.BackupID) { return ref, "" }),
		newChainTab(host, at, func() core.VolumeID { return ref }, ""),
	)
	rows := VolumeRows{func() *core.Volume { return s.row }, func() []core.VolumeID { return []core.VolumeID{ref} }}
	s.own = func() []action { return s.toTab("capture", volumeActions(host, at, more, rows)) }
	return s
}

// toTab makes the action that leads from a list to the tab of its name turn to it;
// where that is open, the action is left out.
func (s *detailScreen[T]) toTab(tab string, actions []action) []action {
	var out []action
	for _, a := range actions {
		if a.name == tab {
			if s.shows(tab) {
				continue
			}
			a.run = func() tea.Cmd { return s.named(tab) }
		}
		out = append(out, a)
	}
	return out
}

func (s *detailScreen[T]) title() string {
	if s.row != nil {
		return s.name(s.row)
	}
	return core.Short(s.ref)
}

func (s *detailScreen[T]) init() tea.Cmd { return s.load() }

func (s *detailScreen[T]) load() tea.Cmd {
	gen, get := s.begin(), s.get
	return s.host.Ask(func(ctx context.Context) tea.Msg {
		row, err := get(ctx)
		return rowLoadedMsg[T]{gen, row, err}
	})
}

// resume reads anew what may have changed meanwhile.
func (s *detailScreen[T]) resume() tea.Cmd {
	if s.row == nil {
		return s.load()
	}
	return tea.Batch(s.load(), s.tabbed.resume())
}

func (s *detailScreen[T]) update(msg tea.Msg) tea.Cmd {
	loaded, ok := msg.(rowLoadedMsg[T])
	if !ok {
		return s.tabbed.update(msg)
	}
	cmd, ok := s.end(loaded.gen, loaded.err)
	if !ok {
		return cmd
	}
	first := s.row == nil
	s.row = &loaded.row
	cmd = s.tabbed.update(rowChangedMsg{})
	if first {
		return tea.Batch(cmd, s.named(s.start))
	}
	return cmd
}

func (s *detailScreen[T]) view(w, h int) string {
	switch {
	case s.state == failed:
		return failedView(s.host.Look(), s.err, "Ctrl-R tries again", w)
	case s.row == nil:
		return "\n  " + s.host.Look().busy.Paint("◌ reading…")
	}
	return s.tabbed.view(w, h)
}

func (s *detailScreen[T]) actions() []action {
	again := action{keys: []string{"ctrl+r"}, help: "Read it anew", run: s.resume}
	if s.row == nil || s.state == failed {
		return []action{again}
	}
	tabs := s.tabbed.actions()
	return append(append(tabs, s.own()...), again)
}

// overviewTab shows every field.
type overviewTab struct {
	scroll
	news  news
	about func() []line
}

func (t *overviewTab) name() string  { return "Overview" }
func (t *overviewTab) init() tea.Cmd { t.fill(); return nil }
func (t *overviewTab) fill()         { t.set(append(t.about(), t.news.lines()...)) }
func (t *overviewTab) restyle() {
	if t.lines != nil {
		t.fill()
	}
}
func (t *overviewTab) update(msg tea.Msg) tea.Cmd {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case messagesMsg:
		cmd = t.news.take(msg)
	case rowChangedMsg:
		cmd = t.news.load()
	case TickMsg:
	default:
		return nil
	}
	t.restyle()
	return cmd
}
