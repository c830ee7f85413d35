package tui

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/tui/grid"
)

// chainTab is the tree of a volume's backups: full ones, what stands on them, and
// the parents that are missing.
type chainTab struct {
	host Host
	at   *Stay
	read
	volume func() core.VolumeID
	ref    core.BackupID // the backup whose screen this is, "" for a volume's
	table  *grid.Model
	nodes  []core.Node
	cut    int // backups beyond those that are read
}

type treeMsg struct {
	gen   generation
	nodes []core.Node
	cut   int
	err   error
}

// treeLimit is how many backups of one volume a tree shows.
const treeLimit = 5000

var chainColumns = []grid.Column{
	{Title: "BACKUP", Width: 40, Min: 30, Grow: 3},
	{Title: "STATUS", Width: 16},
	{Title: "SIZE", Width: 9, Right: true, Drop: 1},
	{Title: "AGE", Width: 5, Right: true},
	{Title: "CREATED", Width: 19, Drop: 3},
	{Title: "ID", Width: 8, Drop: 2},
}

func newChainTab(host Host, at *Stay, volume func() core.VolumeID, ref core.BackupID) *chainTab {
	return &chainTab{host: host, at: at, volume: volume, ref: ref, table: grid.New(chainColumns, host.Look().grid())}
}

func (t *chainTab) name() string {
	if t.ref == "" {
		return "Backups"
	}
	return "Chain"
}
func (t *chainTab) init() tea.Cmd   { return t.load() }
func (t *chainTab) resume() tea.Cmd { return t.load() }
func (t *chainTab) restyle()        { t.table.SetStyles(t.host.Look().grid()) }
func (t *chainTab) resize(w, h int) { t.table.SetSize(w, max(h-1, 2)) }

func (t *chainTab) load() tea.Cmd {
	volume := t.volume()
	gen, desk, ref := t.begin(), t.at.Desk(), t.ref
	return t.host.Ask(func(ctx context.Context) tea.Msg {
		if l, ok := desk.Place.(store.Lineage); ok {
			rows, err := l.Lineage(ctx, volume)
			return treeMsg{gen, core.Tree(rows), 0, err}
		}
		q := core.Query{Limit: treeLimit, Filter: core.Filter{Text: "volume-id:" + string(volume),
			Terms: []core.Term{{Column: "volume-id", Kind: core.IDColumn, Op: core.Is, Words: []string{core.Fold(string(volume))}}}}}
		page, err := desk.Backups(ctx, q)
		if err == nil && ref != "" {
			page.Rows, err = withParents(ctx, desk.Place.Backup, page.Rows)
		}
		return treeMsg{gen, core.Tree(page.Rows), page.Total - len(page.Rows), err}
	})
}

// withParents adds parents that belong to another volume, as an imported backup's
// may, so that they do not look missing.
func withParents(ctx context.Context, get func(context.Context, core.BackupID) (core.Backup, error), rows []core.Backup) ([]core.Backup, error) {
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

func (t *chainTab) update(msg tea.Msg) tea.Cmd {
	m, ok := msg.(treeMsg)
	if !ok {
		return nil
	}
	first := t.state != ready
	cmd, ok := t.end(m.gen, m.err)
	if !ok {
		return cmd
	}
	t.nodes, t.cut = m.nodes, m.cut
	t.table.SetSource(t)
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
		return []grid.Cell{{Text: branch + "✗ missing parent " + core.Visible(string(b.ID)), Style: s.bad}}, true
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
		style = s.accent
	}
	return []grid.Cell{{Text: branch + name, Style: style}, statusCell(t.host.Look(), b.Status), {Text: gib(b.Size)}, {Text: t.host.Look().Age(b.CreatedAt)},
		{Text: t.host.Look().Clock(b.CreatedAt), Style: s.dim}, {Text: core.Visible(b.ID.Short()), Style: s.dim}}, true
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

func (t *chainTab) view(w, h int) string {
	s := t.host.Look()
	switch {
	case t.state == failed:
		return failedView(s, t.err, "", w)
	case t.state != ready:
		return "\n  " + s.busy.Paint("◌ reading…")
	case len(t.nodes) == 0:
		return "\n  " + s.dim.Paint("this volume has no backups")
	}
	head := s.dim.Paint("full backups, and the incrementals that stand on them")
	if slices.ContainsFunc(t.nodes, func(n core.Node) bool { return n.Backup.ParentGuessed }) {
		head = s.warn.Paint("? this place does not name the parent: it is taken for the newest backup before it")
	}
	if t.cut > 0 {
		head = s.warn.Paint("! the newest " + thousands(treeLimit) + " of them; " + thousands(t.cut) + " older ones are not shown")
	}
	return head + "\n" + t.table.View()
}

func (t *chainTab) actions() []action {
	return append([]action{
		{keys: []string{"enter"}, label: "open", help: "Open the backup under the cursor", why: func() string {
			switch {
			case len(t.nodes) == 0:
				return "there is none"
			case t.nodes[t.table.Cursor()].Missing:
				return "it is not here"
			}
			return ""
		}, run: func() tea.Cmd { return open("backup", t.table.Key()) }},
	}, tableMoves(t.table, nil)...)
}
