package browse

import (
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// chainTab is the tree of a volume's backups: full ones, what stands on them, and
// the parents that are missing.
type chainTab struct {
	host ui.Host
	at   *place.Stay
	ui.Read
	volume func() core.VolumeID
	ref    core.BackupID // the backup whose screen this is, "" for a volume's
	table  *grid.Model
	nodes  []core.Node
	cut    int // backups beyond those that are read
	kept   kept
	came   time.Time // when the rows came
	w, h   int
}

// kept is what is known of the captures of the chain that the tab is of.
type kept struct {
	evidence map[core.BackupID]core.Evidence
	missing  string // of which layers nothing is known, "" if of none
}

type treeMsg struct {
	gen   ui.Generation
	nodes []core.Node
	cut   int
	kept  kept
	err   error
}

// treeLimit is how many backups of one volume a tree shows.
const treeLimit = 5000

var chainColumns = []grid.Column{
	{Title: "BACKUP", Width: 40, Min: 30, Grow: 3},
	{Title: "STATUS", Width: 16},
	{Title: "SIZE", Width: 9, Right: true, Drop: 1},
	{Title: "AGE", Width: 5, Right: true},
	{Title: "CREATED", Width: 19, Drop: 4},
	{Title: "ID", Width: 8, Drop: 2},
	{Title: "CAPTURE", Width: 25, Min: 19, Drop: 3},
}

func newChainTab(host ui.Host, at *place.Stay, volume func() core.VolumeID, ref core.BackupID) *chainTab {
	return &chainTab{host: host, at: at, volume: volume, ref: ref, table: grid.New(chainColumns, host.Look().Grid())}
}

func (t *chainTab) Name() string {
	if t.ref == "" {
		return "Backups"
	}
	return "Chain"
}
func (t *chainTab) Init() tea.Cmd   { return t.load() }
func (t *chainTab) Resume() tea.Cmd { return t.load() }
func (t *chainTab) Restyle()        { t.table.SetStyles(t.host.Look().Grid()) }
func (t *chainTab) Resize(w, h int) {
	t.w, t.h = w, h
	t.table.SetSize(w, max(h-len(t.head(w)), 2))
}

func (t *chainTab) load() tea.Cmd {
	volume := t.volume()
	gen, desk, ref := t.Begin(), t.at.Desk(), t.ref
	return t.Ask(t.host, func(ctx context.Context) tea.Msg {
		if l, ok := desk.Place.(store.Lineage); ok {
			rows, err := l.Lineage(ctx, volume)
			m := treeMsg{gen: gen, nodes: core.Tree(rows), err: err}
			return m.with(ctx, desk, ref)
		}
		q := core.Query{Limit: treeLimit, Filter: core.Filter{Text: "volume-id:" + string(volume),
			Terms: []core.Term{{Column: "volume-id", Kind: core.IDColumn, Op: core.Is, Words: []string{core.Fold(string(volume))}}}}}
		page, err := desk.Backups(ctx, q)
		if err == nil && ref != "" {
			page.Rows, err = withParents(ctx, desk.Place.Backup, page.Rows)
		}
		m := treeMsg{gen: gen, nodes: core.Tree(page.Rows), cut: page.Total - len(page.Rows), err: err}
		return m.with(ctx, desk, ref)
	})
}

// with adds what is known of the captures of a backup's chain, or of a volume's backups.
func (m treeMsg) with(ctx context.Context, desk jobs.Desk, ref core.BackupID) treeMsg {
	m.kept.evidence = map[core.BackupID]core.Evidence{}
	switch {
	case m.err != nil:
		return m
	case ref == "":
		if err := m.kept.ofAll(ctx, desk, m.nodes); err != nil { // the tree stands without
			m.kept.missing = "what is known of the captures could not be read: " + ui.WhatOf(err)
		}
		return m
	}
	chain, err := desk.Chain(ctx, ref)
	if err != nil {
		m.err = err
		return m
	}
	layers, _, err := desk.Layers(ctx, chain)
	m.err, m.kept.missing = err, jobs.MissingLayers(layers)
	m.kept.note(layers)
	return m
}

// note takes over what is known of the layers of a chain.
func (k *kept) note(layers []jobs.KeptLayer) {
	for i := range layers {
		e := layers[i].Evidence
		if len(layers[i].Kept) > 0 && e == core.EvidenceUnknown {
			e = core.EvidenceLate
		}
		k.evidence[layers[i].Backup] = e
	}
}

// mostLayers is how many layers of a volume's chains are asked for: each may be a question
// to a repository.
const mostLayers = 500

// ofAll notes what is known of the captures of all chains of a volume, the newest first.
func (k *kept) ofAll(ctx context.Context, desk jobs.Desk, nodes []core.Node) error {
	here, stoodOn := map[core.BackupID]core.Backup{}, map[core.BackupID]bool{}
	for _, n := range nodes {
		if !n.Missing {
			here[n.Backup.ID] = n.Backup
			stoodOn[n.Backup.ParentID] = true
		}
	}
	asked := 0
	for _, n := range slices.Backward(nodes) {
		if n.Missing || stoodOn[n.Backup.ID] || asked >= mostLayers {
			continue
		}
		chain, err := core.ChainOf(n.Backup.ID, func(id core.BackupID) (core.Backup, bool, error) {
			b, ok := here[id]
			return b, ok, nil
		})
		if err != nil {
			return err
		}
		layers, _, err := desk.Layers(ctx, chain)
		if err != nil {
			return err
		}
		k.note(layers)
		asked += len(layers)
	}
	return nil
}

// withParents adds parents that belong to another volume, as an imported backup's
// may, so that they do not look missing.
func withParents(ctx context.Context, get func(context.Context, core.BackupID) (core.Backup, error),
	rows []core.Backup) ([]core.Backup, error) {
	here := map[core.BackupID]bool{}
	for _, b := range rows {
		here[b.ID] = true
	}
	for i := 0; i < len(rows) && i < 2*treeLimit; i++ {
		parent := rows[i].ParentID
		if parent == "" || here[parent] {
			continue
		}
		here[parent] = true
		b, err := get(ctx, parent)
		switch core.CodeOf(err) {
		case "":
			rows = append(rows, b)
		case core.CodeNotFound:
		default:
			return rows, err
		}
	}
	return rows, nil
}

func (t *chainTab) Update(msg tea.Msg) tea.Cmd {
	m, ok := msg.(treeMsg)
	if !ok {
		return nil
	}
	first := t.State != ui.Ready
	cmd, ok := t.End(m.gen, m.err)
	if !ok {
		return cmd
	}
	t.nodes, t.cut, t.kept, t.came = m.nodes, m.cut, m.kept, t.host.Look().Now
	t.table.SetSource(t)
	t.Resize(t.w, t.h)
	if first {
		for i, n := range t.nodes {
			if n.Backup.ID == t.ref {
				t.table.Move(i)
			}
		}
	}
	return nil
}

// Len, Row and Key make the tab the table's source.
func (t *chainTab) Len() int         { return len(t.nodes) }
func (t *chainTab) Key(i int) string { return string(t.nodes[i].Backup.ID) }
func (t *chainTab) Row(i int) ([]grid.Cell, bool) {
	n, s := t.nodes[i], t.host.Look()
	b := n.Backup
	branch := branches(n)
	if n.Missing {
		return []grid.Cell{{Text: branch + "✗ missing parent " + core.Visible(string(b.ID)), Style: s.Bad}}, true
	}
	name := core.Visible(b.Name.Or(""))
	if name == "" {
		name = "(no name)"
	}
	style := grid.Style{}
	if b.ParentGuessed && n.Depth > 0 {
		branch += "? "
	}
	if b.ID == t.ref {
		name += " ←"
		style = s.Accent
	}
	cells := []grid.Cell{{Text: branch + name, Style: style}, show.StatusCell(s, b.Status),
		{Text: show.GiB(b.Size)}, {Text: s.Age(b.CreatedAt)},
		{Text: s.Clock(b.CreatedAt), Style: s.Dim}, {Text: core.Visible(b.ID.Short()), Style: s.Dim}}
	return append(cells, t.captureCell(b.ID)), true
}

// captureCell is what is known of the capture of a backup of the chain.
func (t *chainTab) captureCell(id core.BackupID) grid.Cell {
	s := t.host.Look()
	e, ok := t.kept.evidence[id]
	switch text := show.EvidenceText(e); {
	case !ok:
		return grid.Cell{}
	case e == core.EvidenceUnknown:
		return grid.Cell{Text: "✗ " + text, Style: s.Unknown}
	case e == core.EvidenceStored, e == core.EvidenceHeld:
		return grid.Cell{Text: "✓ " + text, Style: s.Good}
	default:
		return grid.Cell{Text: "? " + text, Style: s.Unknown}
	}
}

// head is what is to be known of the tree: how much of it is here, what is guessed, and
// of which layers of the chain no capture is known.
func (t *chainTab) head(w int) []string {
	s := t.host.Look()
	line := s.Dim.Paint("full backups, and the incrementals that stand on them")
	if slices.ContainsFunc(t.nodes, func(n core.Node) bool { return n.Backup.ParentGuessed }) {
		line = s.Warn.Paint("? this place does not name the parent: it is taken for the newest backup before it")
	}
	if t.cut > 0 {
		line = s.Warn.Paint("! the newest " + show.Thousands(treeLimit) + " of them; " + show.Thousands(t.cut) + " older ones are not shown")
	}
	lines := []string{ui.Clip(strings.TrimPrefix(show.AsOf(s, core.Some(t.came), false)+"  "+line, "  "), w)}
	if t.kept.missing != "" {
		lines = append(lines, ui.Hang(s.Unknown.Paint("? "), s.Unknown.Paint(core.Visible(t.kept.missing)), w)...)
	}
	return lines
}

// deepest is how many levels are drawn with their branches; a chain of dailies is
// deeper, and goes on under the last.
const deepest = 8

func branches(n core.Node) string {
	if n.Depth == 0 {
		return ""
	}
	levels := n.Last
	more := ""
	if len(levels) > deepest {
		more = "… "
		levels = levels[len(levels)-deepest:]
	}
	var b strings.Builder
	b.WriteString(more)
	for i, last := range levels {
		switch {
		case i == len(levels)-1 && last:
			b.WriteString("└ ")
		case i == len(levels)-1:
			b.WriteString("├ ")
		case last:
			b.WriteString("  ")
		default:
			b.WriteString("│ ")
		}
	}
	return b.String()
}

func (t *chainTab) View(w, h int) string {
	s := t.host.Look()
	switch {
	case t.State == ui.Failed:
		return ui.FailedView(s, t.Err, "", w)
	case t.State != ui.Ready:
		return "\n  " + s.Busy.Paint("◌ reading…")
	case len(t.nodes) == 0:
		return "\n  " + s.Dim.Paint("this volume has no backups")
	}
	return strings.Join(append(t.head(w), t.table.View()), "\n")
}

func (t *chainTab) Actions() []ui.Action {
	return append([]ui.Action{
		{Name: "mark", Keys: []string{"space"}, Label: "mark", Minor: true, Help: "Mark the backup, or take its mark away", Why: t.noBackup,
			Run: func() tea.Cmd {
				t.table.Toggle()
				t.table.Step(1)
				return nil
			}},
		{Name: "compare", Keys: []string{compareKey}, Label: "compare", Minor: true,
			Help: "Show how the two that are marked differ, or the one under the cursor from the one before it", Why: t.noTwo,
			Run: func() tea.Cmd {
				a, b := t.two()
				return difference(backupSide(a), backupSide(b))
			}},
		{Name: "open", Keys: []string{"enter"}, Label: "open", Help: "Open the backup under the cursor", Why: t.noBackup,
			Run: func() tea.Cmd { return ui.OpenFor("backup", t.table.Key()) }},
		copyKey(t.noBackup, func() tea.Cmd { return askBackup(t.host, t.at, t.nodes[t.table.Cursor()].Backup) }),
	}, ui.TableMoves(t.table, nil)...)
}

// noBackup says why there is no backup under the cursor, "" if there is.
func (t *chainTab) noBackup() string {
	switch {
	case len(t.nodes) == 0:
		return "there is none"
	case t.nodes[t.table.Cursor()].Missing:
		return "it is not here"
	}
	return ""
}

// two are the backups to be compared: those that are marked, or the one under the
// cursor and the one above it; the older one first.
func (t *chainTab) two() (a, b core.BackupID) {
	at := []int{t.table.Cursor() - 1, t.table.Cursor()}
	if t.table.Marks() > 0 {
		at = nil
		for i := range t.nodes {
			if slices.Contains(t.table.MarkedKeys(), t.Key(i)) {
				at = append(at, i)
			}
		}
	}
	if len(at) != 2 || at[0] < 0 || t.nodes[at[0]].Missing {
		return "", ""
	}
	return t.nodes[at[0]].Backup.ID, t.nodes[at[1]].Backup.ID
}

// noTwo says why there are no two to compare, "" if there are.
func (t *chainTab) noTwo() string {
	switch a, _ := t.two(); {
	case t.noBackup() != "":
		return t.noBackup()
	case t.table.Marks() > 0 && t.table.Marks() != 2:
		return "mark two"
	case a == "":
		return "there is none above it"
	}
	return ""
}
