package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/grid"
)

// transferPane is a plan to bring backups into a place by their records, as a copy
// and a recovery have it: which go, in which order, why others do not; then how
// each gets on, and what came of it.
type transferPane struct {
	*base
	what    string // copy, recover
	plan    *jobs.Transfer
	to      jobs.Desk
	send    func(ctx context.Context, t *jobs.Transfer, p jobs.Progress) ([]core.ImportResult, error)
	shell   func() string // what does the same
	table   *grid.Model
	job     int // the job that carries it out
	results map[core.BackupID]core.ImportResult
	over    bool
	err     error
	w, h    int
}

// sentMsg is how a transfer ended.
type sentMsg struct {
	plan    *jobs.Transfer
	results []core.ImportResult
	err     error
}

var arrivalColumns = []grid.Column{
	{Title: "", Width: 3},
	{Title: "#", Width: 4, Right: true, Drop: 4},
	{Title: "NAME", Width: 28, Min: 18, Grow: 2},
	{Title: "KIND", Width: 5, Drop: 2},
	{Title: "SIZE", Width: 9, Right: true, Drop: 1},
	{Title: "ID", Width: 8, Drop: 3},
	{Title: "WHAT BECOMES OF IT", Width: 40, Min: 27, Grow: 4},
}

func newTransferPane(b *base, what string, plan *jobs.Transfer, to jobs.Desk) *transferPane {
	p := &transferPane{base: b, what: what, plan: plan, to: to, table: grid.New(arrivalColumns, b.styles.grid()), results: map[core.BackupID]core.ImportResult{}}
	p.table.SetSource(p)
	return p
}

func (p *transferPane) restyle() { p.table.SetStyles(p.styles.grid()) }

// running reports whether the plan is being carried out.
func (p *transferPane) running() bool { return p.job > 0 && !p.over }

// Len, Row and Key make the pane the table's source.
func (p *transferPane) Len() int         { return len(p.plan.Items) }
func (p *transferPane) Key(i int) string { return fmt.Sprint(i) }
func (p *transferPane) Row(i int) ([]grid.Cell, bool) {
	it, st := &p.plan.Items[i], p.styles
	box, text, look := p.stands(it)
	kind := "full"
	if it.Parent != "" || it.Backup.Incremental {
		kind = "incr"
	}
	name := grid.Cell{Text: core.Visible(it.Name)}
	if it.Name == "" {
		name = grid.Cell{Text: "(no name)", Style: st.dim}
	}
	return []grid.Cell{{Text: box, Style: look}, {Text: fmt.Sprint(i + 1), Style: st.dim}, name, {Text: kind}, {Text: gib(it.Size)}, {Text: core.Visible(it.ID.Short()), Style: st.dim}, {Text: core.Visible(text), Style: look}}, true
}

// stands says how it stands with one of them: its sign, in words, and its look.
func (p *transferPane) stands(it *jobs.Arrival) (box, text string, look grid.Style) {
	st := p.styles
	if r, ok := p.results[it.ID]; ok {
		switch {
		case core.CodeOf(r.Err) == core.CodeCancelled:
			return " · ", "not reached", st.warn
		case r.Err != nil:
			return " ✗ ", whatOf(r.Err), st.bad
		case it.State == jobs.ArrivalThere: // told below
		case len(r.Differs) > 0:
			return " ✓ ", "it is " + r.Status + ", but " + core.Count(len(r.Differs), "field") + " arrived otherwise", st.warn
		default:
			return " ✓ ", "it is " + r.Status, st.good
		}
	}
	if p.running() && p.app.job != nil && p.app.job.id == p.job {
		switch at := p.app.job.items[string(it.ID)]; {
		case at == "failed":
			return " ✗ ", at, st.bad
		case at == core.StatusAvailable:
			return " ✓ ", "it is " + at, st.good
		case at != "":
			return " ◌ ", at, st.busy
		}
	}
	switch {
	case it.State == jobs.ArrivalThere && len(it.Differs) > 0:
		return " = ", "there already (" + it.Status + "), but " + core.Count(len(it.Differs), "field") + " differ", st.warn
	case it.State == jobs.ArrivalThere:
		return " = ", "there already (" + it.Status + "): left as it is", st.dim
	case it.State == jobs.ArrivalRefused:
		return " ✗ ", it.Verdict(), st.bad
	case !it.Ticked && it.Stranger != "":
		return "[ ]", "another cloud's? " + it.Stranger, st.warn
	case !it.Ticked:
		return "[ ]", "not chosen", st.dim
	case it.Problem != "":
		return " ! ", "held back: " + it.Problem, st.warn
	case it.State == jobs.ArrivalUnder:
		return "[x]", "on its way already: it is followed", st.busy
	case it.Stranger != "":
		return "[x]", "goes, though " + it.Stranger, st.warn
	case it.Level() == core.LevelWarn:
		return "[x]", "goes; " + it.Verdict(), st.warn
	case len(it.Lacks) > 0:
		return "[x]", "goes; " + it.Lacks[0], st.warn
	case it.Rebuilt:
		return "[x]", "goes, rebuilt", st.good
	}
	return "[x]", "goes", st.good
}

// detail is all there is to say of the one under the cursor.
func (p *transferPane) detail() []line {
	if len(p.plan.Items) == 0 {
		return nil
	}
	it, st := &p.plan.Items[p.table.Cursor()], p.styles
	var lines []line
	say := func(sign string, look grid.Style, text string) {
		lines = append(lines, line{sign: look.Paint(sign), value: look.Paint(core.Visible(text))})
	}
	if r, ok := p.results[it.ID]; ok {
		if r.Err != nil {
			say("✗ ", st.bad, r.Err.Error())
		} else {
			say("✓ ", st.good, "it is "+r.Status)
		}
		for _, d := range r.Differs {
			say("! ", st.warn, "it arrived otherwise: "+d)
		}
	} else {
		for _, d := range it.Differs {
			say("! ", st.warn, "what is there says otherwise: "+d)
		}
	}
	if it.Problem != "" {
		say("! ", st.warn, "held back: "+it.Problem)
	}
	if it.Stranger != "" {
		say("! ", st.bad, "it seems to be another cloud's: "+it.Stranger+". To delete a copy of it is to delete that cloud's files")
	}
	for _, f := range it.Findings {
		look := []grid.Style{st.dim, st.warn, st.bad}[f.Level]
		say([]string{"· ", "! ", "✗ "}[f.Level], look, f.Text)
	}
	for _, l := range it.Lacks {
		say("! ", st.warn, l)
	}
	if it.Origin != "" && it.Origin != "exported" {
		say("· ", st.dim, it.Origin)
	}
	for _, c := range it.Conflicts {
		say("~ ", st.changed, c)
	}
	if p.what == recovering {
		captured := "no capture of it is known: what a restore will write cannot be said beforehand"
		if it.Captured {
			captured = "its capture is known, and is kept with it"
		}
		say("· ", st.dim, captured)
	}
	for _, m := range it.Marks {
		say(map[core.MarkState]string{core.MarkAssumed: "~ ", core.MarkLost: "? "}[m.State], st.unknown, m.Field+" is "+string(m.State)+": "+m.Why)
	}
	if it.Found.OK() {
		lines = append(lines, p.recordLines(&it.Check)...)
	}
	return lines
}

// head tells what it comes to, whose they will be, what is left, and what to beware
// of; while it goes on how far it is, and at the end how it ended.
func (p *transferPane) head(w, h int) []string {
	st, t := p.styles, p.plan
	n := t.Count()
	said := []string{}
	for _, x := range []struct {
		n    int
		text string
	}{{n.Goes, "to send"}, {n.Under, "on the way"}, {n.There, "there already"}, {n.Held, "held back"}, {n.Refused, "refused"}, {n.Unticked, "not chosen"}} {
		if x.n > 0 {
			said = append(said, fmt.Sprintf("%d %s", x.n, x.text))
		}
	}
	if len(said) == 0 {
		said = []string{"nothing to send"}
	}
	first := clip(st.accent.Paint(strings.Join(said, ", "))+st.dim.Paint("  "+core.Visible(t.From)+" → "+core.Visible(t.To)), w)
	switch {
	case p.running():
		first = clip(st.busy.Paint("◌ "), w)
		if p.app.job != nil && p.app.job.id == p.job {
			first = p.bar(w)
		}
	case p.over && p.err != nil:
		look := st.bad
		if core.CodeOf(p.err) == core.CodeCancelled {
			look = st.warn
		}
		first = clip(look.Paint("✗ "+core.Visible(p.err.Error()))+st.dim.Paint("  Ctrl-R goes on with the rest"), w)
	case p.over:
		first = clip(st.good.Paint("✓ "+core.Visible(p.ended())), w)
	}
	lines := []string{first}
	if h < lowRoom {
		return lines
	}
	owner := "owner: " + t.Facts.Owner
	if q := t.Facts.Quota; q.Set {
		owner += "; quota: " + headway(q.V) + " left"
	}
	for _, warning := range slices.Backward(t.Warnings) { // that of another cloud's is the last
		lines = append(lines, hang(st.warn.Paint("! "), st.warn.Paint(core.Visible(warning)), w)...)
	}
	lines = append(lines, hang("", st.dim.Paint(core.Visible(owner)), w)...)
	if room := max(h/4, 3); len(lines) > room {
		lines = append(lines[:room-1], st.dim.Paint("… w shows all of it"))
	}
	return lines
}

// headway is what a quota leaves.
func headway(h core.Headway) string {
	part := func(n int64, unit string) string {
		if n < 0 {
			return "any number of " + unit
		}
		return fmt.Sprintf("%d %s", n, unit)
	}
	return part(h.Backups, "backups") + " and " + part(h.GiB, "GiB")
}

// ended tells what came of it.
func (p *transferPane) ended() string {
	arrived, otherwise := 0, 0
	for i := range p.plan.Items {
		it := &p.plan.Items[i]
		if r, ok := p.results[it.ID]; ok && r.Err == nil && it.State != jobs.ArrivalThere {
			arrived++
			if len(r.Differs) > 0 {
				otherwise++
			}
		}
	}
	text := fmt.Sprintf("%s arrived in %s, %d were there already", core.Count(arrived, "backup"), p.plan.To, p.plan.Count().There)
	if otherwise > 0 {
		text += fmt.Sprintf("; %d arrived otherwise than planned", otherwise)
	}
	return text
}

func (p *transferPane) resize(w, h int) {
	p.w, p.h = w, h
	p.table.SetSize(w, max(min(len(p.plan.Items)+1, (h-len(p.head(w, h)))*3/5), 2))
}

func (p *transferPane) view(w, h int) string {
	head := p.head(w, h)
	if len(p.plan.Items) == 0 {
		return strings.Join(head, "\n") + "\n\n  " + p.styles.good.Paint("✓ there is nothing to bring: all of it is there")
	}
	return strings.Join(head, "\n") + "\n" + splitView(p.styles, p.table, p.detail(), w, h-len(head))
}

// none says why there is nothing under the cursor, "" if there is.
func (p *transferPane) none() string {
	if len(p.plan.Items) == 0 {
		return "there is nothing to bring"
	}
	return ""
}

// tickable says why one cannot be chosen or left out, "" if it can.
func (p *transferPane) tickable(it *jobs.Arrival) string {
	switch {
	case p.running():
		return "it is being carried out"
	case p.over:
		return "it has been carried out; Ctrl-R plans anew"
	case it.State == jobs.ArrivalThere:
		return "it is there already"
	case it.State == jobs.ArrivalRefused:
		return it.Verdict()
	}
	return ""
}

func (p *transferPane) tick(it *jobs.Arrival, on bool) {
	if p.tickable(it) == "" {
		it.Ticked = on
	}
}

func (p *transferPane) tickAll(on bool) tea.Cmd {
	for i := range p.plan.Items {
		p.tick(&p.plan.Items[i], on)
	}
	p.plan.Fit()
	if n := p.strangers(); on && n > 0 {
		return note(warn, core.Count(n, "backup")+" that may be another cloud's chosen too: to delete such a copy is to delete that cloud's files.")
	}
	return nil
}

// strangers counts those among the chosen that seem to be another cloud's.
func (p *transferPane) strangers() (n int) {
	for i := range p.plan.Items {
		if it := &p.plan.Items[i]; it.Stranger != "" && it.Ticked && it.State != jobs.ArrivalThere && it.State != jobs.ArrivalRefused {
			n++
		}
	}
	return n
}

func (p *transferPane) actions() []action {
	done := func() string {
		switch {
		case p.running():
			return "it is being carried out; Ctrl-C cancels it"
		case p.over:
			return "it has been carried out; Ctrl-R plans anew"
		}
		return p.none()
	}
	return append([]action{
		{keys: []string{"i"}, label: p.what, help: "Bring the chosen ones into the target, after asking", why: func() string {
			if why := done(); why != "" {
				return why
			}
			if n := p.plan.Count(); n.Goes+n.Under == 0 {
				return "nothing is left to send"
			}
			if err := p.to.Allowed(core.OpImport); err != nil {
				return whatOf(err)
			}
			return ""
		}, run: p.confirm},
		{keys: []string{"space"}, label: "choose", help: "Choose it, or leave it out", why: func() string {
			if why := p.none(); why != "" {
				return why
			}
			return p.tickable(&p.plan.Items[p.table.Cursor()])
		}, run: func() tea.Cmd {
			it := &p.plan.Items[p.table.Cursor()]
			it.Ticked = !it.Ticked
			p.plan.Fit()
			p.table.Step(1)
			if it.Ticked && it.Stranger != "" {
				return note(warn, "It may be another cloud's: to delete the copy here is to delete that cloud's files.")
			}
			return nil
		}},
		{keys: []string{"a"}, help: "Choose all that can go", why: done, run: func() tea.Cmd { return p.tickAll(true) }},
		{keys: []string{"A"}, help: "Choose none", why: done, run: func() tea.Cmd { return p.tickAll(false) }},
		{keys: []string{"w"}, label: "details", minor: true, help: "Show all there is to say of it, and of the whole", why: p.none, run: func() tea.Cmd {
			return show(&textBox{title: "The " + p.what, lines: append(p.whole(), append([]line{{}}, p.detail()...)...), styles: p.styles})
		}},
	}, tableMoves(p.table, nil)...)
}

// whole is what there is to say of the transfer as such.
func (p *transferPane) whole() []line {
	st, t := p.styles, p.plan
	lines := []line{text(st.accent.Paint(core.Visible(t.From + " → " + t.To))), {sign: "owner: ", value: core.Visible(t.Facts.Owner)}}
	if q := t.Facts.Quota; q.Set {
		lines = append(lines, line{sign: "quota: ", value: headway(q.V) + " left"})
	}
	for _, w := range t.Warnings {
		lines = append(lines, p.warning(w))
	}
	if p.err != nil {
		lines = append(lines, p.problem(p.err))
	}
	return append(lines, p.shellIs(p.shell())...)
}

// confirm asks before anything is sent.
func (p *transferPane) confirm() tea.Cmd {
	st, n := p.styles, p.plan.Count()
	title, verb := "Copy", "Copy"
	if p.what == recovering {
		title, verb = "Recover", "Recover"
	}
	q := p.asking(title, fmt.Sprintf("Import %s into %s, parents first?\nOwner: %s.\n", core.Count(n.Goes, "backup"), core.Visible(p.plan.To), core.Visible(p.plan.Facts.Owner)),
		fmt.Sprintf("%s %d", verb, n.Goes+n.Under), p.carryOut)
	if k := p.strangers(); k > 0 {
		q.lines = append(q.lines, line{sign: st.bad.Paint("! "), value: st.bad.Paint(core.Count(k, "backup") + " of them may be another cloud's: to delete such a copy here is to delete that cloud's files")})
	}
	for _, w := range p.plan.Warnings {
		q.lines = append(q.lines, p.warning(w))
	}
	for i, shown := 0, 0; i < len(p.plan.Items); i++ {
		it := &p.plan.Items[i]
		if !it.Ticked || it.Problem != "" || it.State != jobs.ArrivalGoes && it.State != jobs.ArrivalUnder {
			continue
		}
		if shown++; shown > 8 {
			q.lines = append(q.lines, text(st.dim.Paint(fmt.Sprintf("… and %d more", n.Goes+n.Under-8))))
			break
		}
		q.lines = append(q.lines, p.item(&it.Backup))
	}
	if n.Held+n.Refused > 0 {
		q.lines = append(q.lines, p.warning(fmt.Sprintf("%d held back and %d refused do not go", n.Held, n.Refused)))
	}
	q.lines = append(q.lines, p.shellIs(p.shell())...)
	return show(q)
}

// carryOut sends what is chosen and follows each until it has arrived.
func (p *transferPane) carryOut() tea.Cmd {
	plan, send, id, before := *p.plan, p.send, p.id, p.app.job
	plan.Items = slices.Clone(plan.Items)
	of := p.plan
	n := plan.Count()
	what := map[string]string{copying: "copying ", recovering: "recovering "}[p.what]
	cmd := p.start(what+core.Count(n.Goes+n.Under, "backup"), func(ctx context.Context, progress jobs.Progress) tea.Msg {
		results, err := send(ctx, &plan, progress)
		m := sentMsg{of, results, err}
		said := noteMsg{level: good, text: core.Count(len(results), "backup") + " in " + core.Visible(plan.To) + "."}
		if err != nil {
			said = failure(err).(noteMsg)
		}
		return tell(said, reply{id, m})
	})
	if p.app.job != before {
		p.job = p.app.job.id
	}
	return cmd
}

// sent takes the end.
func (p *transferPane) sent(msg sentMsg) {
	if msg.plan != p.plan {
		return
	}
	for _, r := range msg.results {
		p.results[r.ID] = r
	}
	p.over, p.err = true, msg.err
	p.resize(p.w, p.h)
}

// The two kinds of transfers, as their keys say it.
const (
	copying    = "copy"
	recovering = "recover"
)
