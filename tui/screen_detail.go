package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
)

// detailScreen is everything about one row, in tabs: a backup or a volume.
type detailScreen[T any] struct {
	*tabbed
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

// newBackup is the screen of a backup.
func newBackup(b base, at openMsg) screen {
	ref, desk := core.BackupID(at.id), b.desk
	s := &detailScreen[backupInChain]{ref: at.id, start: at.tab, name: func(x *backupInChain) string { return x.Title() }}
	s.get = func(ctx context.Context) (x backupInChain, err error) {
		if x.Backup, err = desk.Place.Backup(ctx, ref); err == nil {
			x.chain, err = desk.Chain(ctx, ref)
		}
		if r, ok := desk.Place.(store.Repository); ok && err == nil {
			x.marks, err = r.Marks(ctx, ref)
		}
		return x, err
	}
	volume := func() core.VolumeID {
		if s.row == nil {
			return ""
		}
		return s.row.VolumeID
	}
	s.tabbed = newTabbed(&b,
		&overviewTab{scroll: scroll{base: &b}, news: news{base: &b, resource: at.id}, about: func() []line {
			lines := b.backupLines(&s.row.Backup, s.row.marks...)
			if problem := s.row.chain.Problem(); problem != "" {
				lines = append([]line{{sign: b.styles.bad.Paint("✗ "), value: b.styles.bad.Paint(problem + ": it cannot be restored")}, {}}, lines...)
			}
			return lines
		}},
		newCaptureTab(&b, func() (core.VolumeID, core.BackupID) { return volume(), ref }),
		newRestoreTab(&b, ref),
		newRecordTab(&b, ref),
		newChainTab(&b, volume, ref),
	)
	current := func() *core.Backup {
		if s.row == nil {
			return nil
		}
		return &s.row.Backup
	}
	s.own = func() []action {
		out := s.toTab("r", "restore", b.backupActions(current, func() []core.BackupID { return []core.BackupID{ref} }))
		for i := range out { // the restore has enough keys of its own
			out[i].minor = out[i].minor || s.shows("restore")
		}
		return out
	}
	return s
}

// newVolume is the screen of a volume.
func newVolume(b base, at openMsg) screen {
	ref, place := core.VolumeID(at.id), b.desk.Place
	s := &detailScreen[core.Volume]{ref: at.id, start: at.tab, name: func(v *core.Volume) string { return v.Title() }}
	s.get = func(ctx context.Context) (core.Volume, error) { return place.Volume(ctx, ref) }
	s.tabbed = newTabbed(&b,
		&overviewTab{scroll: scroll{base: &b}, news: news{base: &b, resource: at.id}, about: func() []line { return b.volumeLines(s.row) }},
		newCaptureTab(&b, func() (core.VolumeID, core.BackupID) { return ref, "" }),
		newChainTab(&b, func() core.VolumeID { return ref }, ""),
	)
	s.own = func() []action {
		return s.toTab("m", "capture", b.volumeActions(func() *core.Volume { return s.row }, func() []core.VolumeID { return []core.VolumeID{ref} }))
	}
	return s
}

// toTab makes the key that leads from a list to a tab turn to it; where it is
// open, the key is left out.
func (s *detailScreen[T]) toTab(key, tab string, actions []action) []action {
	var out []action
	for _, a := range actions {
		if a.keys[0] == key {
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
	return string(core.BackupID(s.ref).Short())
}

func (s *detailScreen[T]) init() tea.Cmd { return s.load() }

func (s *detailScreen[T]) load() tea.Cmd {
	gen, get := s.begin(), s.get
	return s.ask(func(ctx context.Context) tea.Msg {
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
		return failedView(s.styles, s.err, "Ctrl-R tries again", w)
	case s.row == nil:
		return "\n  " + s.styles.busy.Paint("◌ reading…")
	}
	return s.tabbed.view(w, h)
}

// failedView stands where something could not be read.
func failedView(s *styles, err error, hint string, w int) string {
	what := s.bad.Paint("✗ " + core.Visible(err.Error()))
	if hint != "" {
		what += "\n\n" + s.dim.Paint(hint)
	}
	return "\n" + strings.Join(hang("  ", what, w-2), "\n")
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
	case tickMsg:
	default:
		return nil
	}
	t.restyle()
	return cmd
}
