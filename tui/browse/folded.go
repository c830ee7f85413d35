package browse

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// How a folded list is begun and left, and what it says of what it does not show.

// backupFolder is how backups stand on each other.
func backupFolder(at *place.Stay) *folder[core.Backup] {
	return &folder[core.Backup]{
		noun: "full backup",
		text: "kind:full",
		by:   core.Term{Column: "kind", Kind: core.FlagColumn, Op: core.Is},
		title: func(b *core.Backup) string {
			return core.Visible(b.Title())
		},
		stands: func(b *core.Backup) (yes, known bool) {
			return b.Dependents > 0, !b.Unseen.Has("has_dependent_backups")
		},
		below: func(b core.Backup, wants []string) func(context.Context) ([]branch[core.Backup], jobs.Standing, error) {
			desk := at.Desk()
			return func(ctx context.Context) ([]branch[core.Backup], jobs.Standing, error) {
				says, err := desk.StandsOn(ctx, b, wants)
				lead := leads(says.Nodes)
				out := make([]branch[core.Backup], len(lead))
				for i := range out {
					out[i] = branch[core.Backup]{says.Nodes[i].Backup, lead[i]}
				}
				return out, says, err
			}
		},
		away: func(q core.Query, all int) func(context.Context) (jobs.Folded, error) {
			desk := at.Desk()
			return func(ctx context.Context) (jobs.Folded, error) { return desk.FoldedAway(ctx, q, all) }
		},
	}
}

// bends is how many times a tree in the list goes in: a name has to have room beside it.
const bends = 4

// leads draws a tree before its rows. A row goes in only where several stand on one, for a chain of
// dailies would else be stairs; its number is its layer in the chain: it stands on the nearest row
// above with the number before.
func leads(nodes []core.Node) []string {
	in, kids := make([]int, len(nodes)), map[core.BackupID]int{}
	for i := range nodes {
		kids[nodes[i].Backup.ParentID]++
	}
	path := []int{1} // of each depth the last row: how far in what stands alone on it is
	for i, n := range nodes {
		path = path[:n.Depth]
		if in[i] = path[n.Depth-1]; n.Depth > 1 && kids[n.Backup.ParentID] > 1 {
			in[i]++
		}
		path = append(path, in[i])
	}
	out, goes := make([]string, len(nodes)), map[int]bool{}
	for i := len(nodes) - 1; i >= 0; i-- {
		var b strings.Builder
		from := 1
		if in[i] > bends {
			b.WriteString("… ")
			from = in[i] - bends + 1
		}
		for level := from; level < in[i]; level++ {
			b.WriteString(map[bool]string{true: "│ ", false: "  "}[goes[level]])
		}
		b.WriteString(map[bool]string{true: "├ ", false: "└ "}[goes[in[i]]])
		b.WriteString(strconv.Itoa(nodes[i].Depth+1) + " ")
		if nodes[i].Backup.ParentGuessed {
			b.WriteString("? ")
		}
		out[i] = b.String()
		for level := range goes {
			goes[level] = goes[level] && level < in[i]
		}
		goes[in[i]] = true
	}
	return out
}

// folds are the keys that fold the list and unfold a row of it.
func (s *listScreen[T]) folds() []ui.Action {
	if s.folder == nil {
		return nil
	}
	out := []ui.Action{{Name: "fold-chains", Keys: []string{"f"}, Label: "fold", Minor: true, Why: s.noFolding,
		Help: "Fold the chains: full backups alone, and what stands on one of them below it; or all again",
		Run:  s.remembering(s.refitted(s.foldChains))}}
	if !s.folding() {
		return out
	}
	return append(out,
		ui.Action{Name: "unfold", Keys: []string{"right"}, Label: "unfold", Why: s.noUnfolding,
			Help: "Show what stands on the full backup, below it; and go there", Run: func() tea.Cmd { return tea.Batch(s.unfold(), s.moved()) }},
		ui.Action{Name: "fold", Keys: []string{"left"}, Help: "Go to the full backup that it stands on; there, fold its chain", Why: s.noFold,
			Run: func() tea.Cmd {
				s.fold()
				return s.moved()
			}})
}

func (s *listScreen[T]) noFolding() string {
	if s.only {
		return "what is marked is shown, each by itself; " + ui.KeyOf("only-marked") + " shows all again"
	}
	return ""
}

func (s *listScreen[T]) noUnfolding() string {
	if why := s.noRow(); why != "" {
		return why
	}
	if s.spot(s.table.Cursor()).below >= 0 {
		return "all that stands on its full backup is shown; " + ui.KeyOf("fold") + " goes to that"
	}
	return ""
}

func (s *listScreen[T]) noFold() string {
	if s.chain == nil {
		return "nothing is unfolded; " + ui.KeyOf("unfold") + " shows what stands on a full backup"
	}
	return ""
}

// foldChains folds the list, or shows all again.
func (l *lister[T]) foldChains() tea.Cmd {
	typed := l.typedText()
	l.relaying(l.shut)
	l.away.end()
	l.folded = !l.folded
	f, err := core.ParseFilter(l.within(typed), l.columns)
	if err != nil {
		return ui.Fail(err)
	}
	l.letters.end()
	l.holds, l.anew = f, l.folded
	return l.reload()
}

// listed is what the rows of the list are called.
func (s *listScreen[T]) listed() string {
	if s.folding() {
		return s.folder.noun
	}
	return s.noun
}

// leftOut is what a folded list does not show of what fulfils its filter.
type leftOut struct {
	of     string // the question that it answers
	all    int    // how many rows there were
	says   jobs.Folded
	err    error
	since  time.Time
	asking string
	latest ui.Latest
}

func (o *leftOut) end() {
	o.latest.End()
	o.of, o.asking = "", ""
}

// leftOutMsg is the answer.
type leftOutMsg struct {
	of   string
	all  int
	says jobs.Folded
	err  error
}

// leftOutOf is the question about it.
func (l *lister[T]) leftOutOf() string {
	return fmt.Sprintf("%d %s", l.at.Desk().Reach, l.holds.Text)
}

// askLeftOut asks what the folded list does not show, where that is not known, or for long.
func (l *lister[T]) askLeftOut(renewed bool) tea.Cmd {
	if !l.folding() || !l.page.Complete || l.pending() || l.offline != nil {
		return nil
	}
	o, of, all := &l.away, l.leftOutOf(), l.page.All
	known := o.of == of && o.all == all && !renewed && l.host.Look().Now.Sub(o.since) < old
	if known || o.asking == of && !renewed {
		return nil
	}
	o.asking = of
	q := l.wanted()
	q.Filter = l.plain()
	ask := l.folder.away(q, all)
	return o.latest.Ask(l.host, func(ctx context.Context) tea.Msg {
		says, err := ask(ctx)
		return leftOutMsg{of, all, says, err}
	})
}

func (l *lister[T]) takeLeftOut(msg leftOutMsg) {
	o := &l.away
	if msg.of != o.asking {
		return
	}
	o.asking, o.of, o.all, o.says, o.err, o.since = "", msg.of, msg.all, msg.says, msg.err, l.host.Look().Now
}

// foldHint says what the folded list does not show, and how to see it.
func (l *lister[T]) foldHint() string {
	s, all := l.host.Look(), "  ("+ui.KeyOf("fold-chains")+" shows all)"
	if l.away.of != l.leftOutOf() {
		return s.Dim.Paint(all)
	}
	said := l.away.says
	n, one := show.Thousands(said.Hidden), said.Hidden == 1 && !said.More
	if said.More {
		n += " or more"
	}
	them := ": " + ui.KeyOf("fold-chains") + " shows "
	switch typed := l.typedText() != ""; {
	case l.away.err != nil:
		return s.Unknown.Paint("  ? what it leaves out is not known: "+core.Visible(ui.WhatOf(l.away.err))) + s.Dim.Paint(all)
	case typed && one:
		return s.Warn.Paint("  ! 1 incremental fulfils it, too" + them + "it")
	case typed && said.Hidden > 0:
		return s.Warn.Paint("  ! " + n + " incrementals fulfil it, too" + them + "them")
	case typed:
		return s.Dim.Paint(all)
	case said.Rootless == 1:
		return s.Warn.Paint("  ! 1 incremental has no full one here" + them + "it")
	case said.Rootless > 0:
		return s.Warn.Paint("  ! " + show.Thousands(said.Rootless) + " incrementals have no full one here" + them + "them")
	case said.Unknown != "":
		return s.Unknown.Paint("  ? incrementals without a full one here: unknown, "+said.Unknown) + s.Dim.Paint(all)
	}
	return s.Dim.Paint(all)
}

// foldLine says what the signs before rows mean, or what is to be known of what is unfolded.
func (l *lister[T]) foldLine(w int) string {
	s, o := l.host.Look(), l.chain
	if o == nil {
		return ui.Clip(s.Dim.Paint("▸ incrementals stand on it, as the place counts; "+ui.KeyOf("unfold")+" shows them"), w)
	}
	title := l.folder.title(&o.row)
	switch {
	case o.state == ui.Failed:
		return ui.Clip(s.Bad.Paint("✗ what stands on "+title+" is not known: "+core.Visible(ui.WhatOf(o.err)))+
			s.Dim.Paint("; "+ui.KeyOf("unfold")+" asks again"), w)
	case o.state != ui.Ready:
		return ui.Clip(s.Busy.Paint("◌ reading what stands on "+title+"…"), w)
	}
	text := ""
	switch n := len(o.below); n {
	case 0:
		text = "nothing stands on " + title + " here"
	case 1:
		text = "1 stands on " + title
	default:
		text = show.Thousands(n) + " stand on " + title
	}
	text = s.Accent.Paint(text)
	if o.err != nil {
		text += s.Bad.Paint("  not up to date: " + core.Visible(ui.WhatOf(o.err)))
	}
	return ui.Clip(text+show.AsOf(s, core.Some(o.since), o.err != nil)+l.doubts(), w)
}

// doubts are what is not sure of what is unfolded.
func (l *lister[T]) doubts() (text string) {
	s, o := l.host.Look(), l.chain
	warn := func(is bool, what string) {
		if is {
			text += s.Warn.Paint("  " + what)
		}
	}
	says := &o.says
	warn(says.Short != "", "! not all may be here: "+core.Visible(says.Short))
	warn(says.Cut > 0, "! "+show.Thousands(says.Cut)+" older backups of its volume were not read")
	warn(says.Elsewhere > 0, "! "+show.Thousands(says.Elsewhere)+" more of other projects: "+ui.KeyOf("projects")+" lists them")
	warn(says.More, "! Cinder counts more on them than is here")
	warn(says.Guessed(), "? its parents are guesses: each the newest backup before it")
	if f := l.plain(); l.typedText() != "" && slices.ContainsFunc(o.below, func(b branch[T]) bool {
		return !core.Match(f, l.columns, &b.row, l.host.Look().Now)
	}) {
		text += s.Dim.Paint("  (…) does not fulfil the filter")
	}
	return text
}
