package jobs

import (
	"context"
	"slices"
	"strings"

	"hearth/core"
	"hearth/store"
)

// Standing is what stands on a full backup: its incrementals, and what stands on those.
type Standing struct {
	// Nodes are those, each behind what it stands on; one of depth 1 stands on the full one itself.
	Nodes []core.Node
	// Elsewhere is how many more stand on it that are not told here, for they, or what they stand on,
	// are of another project than the list is of.
	Elsewhere int
	Cut       int    // older backups of the volume that were not read
	More      bool   // the place says that more stands on some of them than was found
	Short     string // why not all may be here, a clause; "": they are, as far as is known
}

// Guessed reports whether a parent among them is not what the place said.
func (s Standing) Guessed() bool {
	return slices.ContainsFunc(s.Nodes, func(n core.Node) bool { return n.Backup.ParentGuessed })
}

// Bounds of what is read of a volume's backups: how many, and how often those of other volumes are
// asked for that stand on one of them, as imported ones may; each time is one question.
const (
	mostStanding = 5000
	mostRounds   = 8
)

// StandsOn reads what stands on a full backup: all backups of its volume in one question, and where
// the place counts more on one of them than that, what names it as its parent. wants are columns,
// as of a query. CodeUnsupported where the place does not tell of which volume the backup is.
func (d Desk) StandsOn(ctx context.Context, full core.Backup, wants []string) (s Standing, err error) {
	tried := "find what stands on " + core.Visible(full.Title())
	if full.VolumeID == "" {
		return s, core.Fail(core.CodeUnsupported, tried, "this place does not tell of which volume it is",
			"its incrementals are in the list that is not folded", nil)
	}
	var rows []core.Backup
	if l, ok := d.Place.(store.Lineage); ok {
		rows, err = l.Lineage(ctx, full.VolumeID)
		d.prove(ctx, rows, wants)
	} else {
		rows, s.Cut, err = d.ofItsVolume(ctx, &full, wants)
	}
	short, err := notWhole(err)
	if err != nil {
		return s, err
	}
	if short != nil {
		s.Short = because(short)
	}
	if !slices.ContainsFunc(rows, func(b core.Backup) bool { return b.ID == full.ID }) {
		rows = append(rows, full)
	}
	all := core.StandingOn(core.Tree(rows), full.ID)
	s.Nodes, s.More = all, moreThan(append([]core.Node{{Backup: full}}, all...))
	if _, reaches := d.Place.(store.Reacher); reaches && !d.AllProjects() {
		own := slices.DeleteFunc(slices.Clone(rows), func(b core.Backup) bool { return b.ProjectID != full.ProjectID })
		s.Nodes = core.StandingOn(core.Tree(own), full.ID)
	}
	s.Elsewhere = len(all) - len(s.Nodes)
	return s, nil
}

// ofItsVolume lists the backups of a full one's volume as the place's list has them, and what stands
// on one of them in another volume; cut is how many are older than those.
func (d Desk) ofItsVolume(ctx context.Context, full *core.Backup, wants []string) (rows []core.Backup, cut int, err error) {
	volume := core.Term{Column: "volume-id", Kind: core.IDColumn, Op: core.Is, Words: []string{core.Fold(string(full.VolumeID))}}
	page, err := d.BackupRows(ctx, core.Query{Reach: d.Reach, Limit: mostStanding, Wants: wants,
		Filter: core.Filter{Text: "volume-id:" + string(full.VolumeID), Terms: []core.Term{volume}}})
	rows, cut = page.Rows, page.Total-len(page.Rows)
	if err != nil || cut > 0 {
		return rows, cut, err
	}
	if !slices.ContainsFunc(rows, func(b core.Backup) bool { return b.ID == full.ID }) {
		rows = append(rows, *full)
	}
	asked := core.FieldSet{}
	for range mostRounds {
		term := core.Term{Column: "parent", Kind: core.IDColumn, Op: core.Is}
		for _, b := range lacking(append([]core.Node{{Backup: *full}}, core.StandingOn(core.Tree(rows), full.ID)...)) {
			if !asked.Has(string(b)) && len(term.Words) < mostProven {
				asked[string(b)] = true
				term.Words = append(term.Words, core.Fold(string(b)))
			}
		}
		if len(term.Words) == 0 {
			break
		}
		more, err := d.BackupRows(ctx, core.Query{Reach: d.Reach, Limit: mostStanding, Wants: wants,
			Filter: core.Filter{Text: "parent:" + strings.Join(term.Words, ","), Terms: []core.Term{term}}})
		if err != nil {
			return rows, cut, err
		}
		n := len(rows)
		for _, b := range more.Rows {
			if !slices.ContainsFunc(rows, func(x core.Backup) bool { return x.ID == b.ID }) {
				rows = append(rows, b)
			}
		}
		if len(rows) == n {
			break
		}
	}
	return rows, cut, nil
}

// lacking are the backups of which the place says that more stands on them than is here.
func lacking(nodes []core.Node) (out []core.BackupID) {
	children := map[core.BackupID]int64{}
	for i := range nodes {
		children[nodes[i].Backup.ParentID]++
	}
	for i := range nodes {
		if b := &nodes[i].Backup; b.Dependents > children[b.ID] {
			out = append(out, b.ID)
		}
	}
	return out
}

func moreThan(nodes []core.Node) bool { return len(lacking(nodes)) > 0 }

// prove adds to backups what drills say of them, or why that is not known, where that is wanted.
func (d Desk) prove(ctx context.Context, rows []core.Backup, wants []string) {
	if !slices.Contains(wants, core.ProvenColumn) || !d.KnowsProofs() {
		return
	}
	known, err := d.Proofs(ctx)
	for i := range rows {
		p := known.Backups[rows[i].ID]
		if err != nil {
			p = core.Proof{Unread: because(err)}
		}
		rows[i].Proof = &p
	}
}

// Folded is what a list of full backups alone leaves out.
type Folded struct {
	Hidden   int    // incrementals that fulfil its filter
	More     bool   // and there may be more
	Rootless int    // of them those that stand on no full backup that is here
	Unknown  string // why it is not known which those are, a clause; "": it is
}

// MostFolded is how many backups are looked through for incrementals that have no full one.
const MostFolded = 5000

// FoldedAway says what a list of full backups leaves out of those that answer a query, in a place, or
// a part of it, of that many backups. It asks one small question where there are more than
// MostFolded, else two.
func (d Desk) FoldedAway(ctx context.Context, q core.Query, all int) (f Folded, err error) {
	incr := core.Term{Column: "kind", Kind: core.FlagColumn, Op: core.Is, Flag: true}
	q.Filter = core.Filter{Text: strings.TrimSpace(q.Filter.Text + " kind:incr"), Terms: append(slices.Clip(q.Filter.Terms), incr)}
	q.Sort, q.From, q.Offset, q.Limit, q.Partial, q.Anew, q.About = nil, nil, 0, 1, true, false, true
	few := all <= MostFolded
	if few {
		q.Limit = 0
	}
	page, err := d.BackupRows(ctx, q)
	short, err := notWhole(err)
	if err != nil {
		return f, err
	}
	f.Hidden, f.More = page.Total, page.About || !page.Complete || short != nil
	switch {
	case !few:
		f.Unknown = "there are too many backups to look at each"
	case f.More:
		f.Unknown = "not all backups are read"
	case slices.ContainsFunc(page.Rows, func(b core.Backup) bool { return b.ParentID == "" || b.ParentGuessed }):
		f.Unknown = "this place does not name parents in its list"
	}
	if f.Unknown != "" || f.Hidden == 0 {
		return f, nil
	}
	every, err := d.BackupRows(ctx, core.Query{Reach: q.Reach, Limit: MostFolded, Partial: true, Now: q.Now})
	if err != nil {
		return f, err
	}
	if !every.Complete || every.Total > len(every.Rows) {
		f.Unknown = "not all backups are read"
		return f, nil
	}
	rootless := core.Rootless(every.Rows)
	for i := range page.Rows {
		if rootless.Has(string(page.Rows[i].ID)) {
			f.Rootless++
		}
	}
	return f, nil
}
