package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
)

// backupScreen is everything about one backup, in tabs.
type backupScreen struct {
	*tabbed
	ref    core.BackupID
	start  string // the tab to begin with
	backup *core.Backup
	chain  core.Chain
	gone   error
}

// backupLoadedMsg brings a backup with its chain.
type backupLoadedMsg struct {
	backup core.Backup
	chain  core.Chain
	err    error
}

// newBackup is the screen of a backup; id may name a tab, as ID#restore does.
func newBackup(b base, id string) screen {
	ref, start, _ := strings.Cut(id, "#")
	s := &backupScreen{ref: core.BackupID(ref), start: start}
	s.tabbed = newTabbed(&b,
		&overviewTab{scroll: scroll{base: &b}, lines: func() []string {
			if s.backup == nil {
				return nil
			}
			lines := b.backupLines(s.backup)
			if problem := s.chain.Problem(); problem != "" {
				lines = append([]string{b.styles.bad.Paint("✗ " + problem + ": it cannot be restored"), ""}, lines...)
			}
			return lines
		}},
		newCaptureTab(&b, func() (core.VolumeID, core.BackupID) {
			if s.backup == nil {
				return "", s.ref
			}
			return s.backup.VolumeID, s.ref
		}),
		newRestoreTab(&b, s.ref),
		newRecordTab(&b, s.ref),
		newChainTab(&b, func() core.VolumeID {
			if s.backup == nil {
				return ""
			}
			return s.backup.VolumeID
		}, s.ref),
	)
	return s
}

func (s *backupScreen) title() string {
	if s.backup != nil {
		return s.backup.Title()
	}
	return string(s.ref.Short())
}

func (s *backupScreen) init() tea.Cmd { return s.load() }

func (s *backupScreen) load() tea.Cmd {
	desk, ref := s.desk, s.ref
	return s.ask(func(ctx context.Context) tea.Msg {
		b, err := desk.Place.Backup(ctx, ref)
		if err != nil {
			return backupLoadedMsg{err: err}
		}
		chain, err := desk.Chain(ctx, ref)
		return backupLoadedMsg{b, chain, err}
	})
}

func (s *backupScreen) update(msg tea.Msg) tea.Cmd {
	loaded, ok := msg.(backupLoadedMsg)
	if !ok {
		return s.tabbed.update(msg)
	}
	if loaded.err != nil {
		s.gone = loaded.err
		return func() tea.Msg { return failure(loaded.err) }
	}
	first := s.backup == nil
	s.backup, s.chain = &loaded.backup, loaded.chain
	cmd := s.tabbed.update(msg)
	if first {
		return tea.Batch(cmd, s.named(s.start))
	}
	return cmd
}

func (s *backupScreen) view(w, h int) string {
	switch {
	case s.gone != nil:
		return strings.Join(wrap("\n  "+s.styles.bad.Paint("✗ "+core.Visible(s.gone.Error())), w), "\n")
	case s.backup == nil:
		return "\n  " + s.styles.busy.Paint("◌ reading…")
	}
	return s.tabbed.view(w, h)
}

func (s *backupScreen) actions() []action {
	if s.backup == nil {
		return nil
	}
	out := s.tabbed.actions()
	taken := map[string]bool{}
	for _, a := range out {
		for _, k := range a.keys {
			taken[k] = true
		}
	}
	for _, a := range s.backupActions(func() *core.Backup { return s.backup }, func() []core.BackupID { return []core.BackupID{s.ref} }) {
		if a.keys[0] == "r" {
			a.run = func() tea.Cmd { return s.named("restore") }
		}
		if !taken[a.keys[0]] {
			out = append(out, a)
		}
	}
	return append(out, action{keys: []string{"ctrl+r"}, help: "Read it anew", run: s.load})
}

// volumeScreen is everything about one volume, in tabs.
type volumeScreen struct {
	*tabbed
	ref    core.VolumeID
	start  string
	volume *core.Volume
	gone   error
}

type volumeLoadedMsg struct {
	volume core.Volume
	err    error
}

// newVolume is the screen of a volume; id may name a tab, as ID#capture does.
func newVolume(b base, id string) screen {
	ref, start, _ := strings.Cut(id, "#")
	s := &volumeScreen{ref: core.VolumeID(ref), start: start}
	s.tabbed = newTabbed(&b,
		&overviewTab{scroll: scroll{base: &b}, lines: func() []string {
			if s.volume == nil {
				return nil
			}
			return b.volumeLines(s.volume)
		}},
		newCaptureTab(&b, func() (core.VolumeID, core.BackupID) { return s.ref, "" }),
		newChainTab(&b, func() core.VolumeID { return s.ref }, ""),
	)
	return s
}

func (s *volumeScreen) title() string {
	if s.volume != nil {
		return s.volume.Title()
	}
	return string(s.ref.Short())
}

func (s *volumeScreen) init() tea.Cmd { return s.load() }

func (s *volumeScreen) load() tea.Cmd {
	place, ref := s.desk.Place, s.ref
	return s.ask(func(ctx context.Context) tea.Msg {
		v, err := place.Volume(ctx, ref)
		return volumeLoadedMsg{v, err}
	})
}

func (s *volumeScreen) update(msg tea.Msg) tea.Cmd {
	loaded, ok := msg.(volumeLoadedMsg)
	if !ok {
		return s.tabbed.update(msg)
	}
	if loaded.err != nil {
		s.gone = loaded.err
		return func() tea.Msg { return failure(loaded.err) }
	}
	first := s.volume == nil
	s.volume = &loaded.volume
	cmd := s.tabbed.update(msg)
	if first {
		return tea.Batch(cmd, s.named(s.start))
	}
	return cmd
}

func (s *volumeScreen) view(w, h int) string {
	switch {
	case s.gone != nil:
		return strings.Join(wrap("\n  "+s.styles.bad.Paint("✗ "+core.Visible(s.gone.Error())), w), "\n")
	case s.volume == nil:
		return "\n  " + s.styles.busy.Paint("◌ reading…")
	}
	return s.tabbed.view(w, h)
}

func (s *volumeScreen) actions() []action {
	if s.volume == nil {
		return nil
	}
	out := s.tabbed.actions()
	for _, a := range s.volumeActions(func() *core.Volume { return s.volume }) {
		if a.keys[0] == "c" {
			a.run = func() tea.Cmd { return s.named("capture") }
		}
		out = append(out, a)
	}
	return append(out, action{keys: []string{"ctrl+r"}, help: "Read it anew", run: s.load})
}

// resume reads anew what may have changed meanwhile.
func (s *volumeScreen) resume() tea.Cmd { return tea.Batch(s.load(), s.tabbed.resume()) }

func (s *backupScreen) resume() tea.Cmd { return tea.Batch(s.load(), s.tabbed.resume()) }

// overviewTab shows every field.
type overviewTab struct {
	scroll
	lines func() []string
}

func (t *overviewTab) name() string  { return "Overview" }
func (t *overviewTab) init() tea.Cmd { t.fill(); return nil }
func (t *overviewTab) restyle()      { t.fill() }
func (t *overviewTab) fill()         { t.set(t.lines()) }
func (t *overviewTab) update(msg tea.Msg) tea.Cmd {
	switch msg.(type) {
	case backupLoadedMsg, volumeLoadedMsg, tickMsg:
		t.fill()
	}
	return nil
}
