package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/grid"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// transferPane is a plan to bring backups into a place by their records, as a copy
// and a recovery have it: which go, in which order, why others do not; then how
// each gets on, and what came of it.
type transferPane struct {
	host    ui.Host
	at      *place.Stay
	what    string // copy, recover
	plan    *jobs.Transfer
	to      jobs.Desk
	send    func(ctx context.Context, t *jobs.Transfer, p jobs.Progress) ([]core.ImportResult, error)
	shell   func() string // what does the same
	table   *grid.Model
	task    ui.TaskID // that carries it out
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

func newTransferPane(host ui.Host, at *place.Stay, what string, plan *jobs.Transfer, to jobs.Desk) *transferPane {
	p := &transferPane{
		host:    host,
		at:      at,
		what:    what,
		plan:    plan,
		to:      to,
		table:   grid.New(arrivalColumns, host.Look().Grid()),
		results: map[core.BackupID]core.ImportResult{},
	}
	p.table.SetSource(p)
	return p
}

func (p *transferPane) Restyle() { p.table.SetStyles(p.host.Look().Grid()) }

// running reports whether the plan is being carried out.
func (p *transferPane) running() bool { return p.task != 0 && !p.over }

// Len, Row and Key make the pane the table's source.
func (p *transferPane) Len() int         { return len(p.plan.Items) }
func (p *transferPane) Key(i int) string { return fmt.Sprint(i) }
func (p *transferPane) Row(i int) ([]grid.Cell, bool) {
	it, st := &p.plan.Items[i], p.host.Look()
	box, text, look := p.stands(it)
	kind := "full"
	if it.Parent != "" || it.Backup.Incremental {
		kind = "incr"
	}
	name := grid.Cell{Text: core.Visible(it.Name)}
	if it.Name == "" {
		name = grid.Cell{Text: "(no name)", Style: st.Dim}
	}
	return []grid.Cell{
		{Text: box, Style: look},
		{Text: fmt.Sprint(i + 1), Style: st.Dim},
		name,
		{Text: kind},
		{Text: show.GiB(it.Size)},
		{Text: core.Visible(it.ID.Short()), Style: st.Dim},
		{Text: core.Visible(text), Style: look},
	}, true
}

// stands says how it stands with one of them: its sign, in words, and its look.
func (p *transferPane) stands(it *jobs.Arrival) (box, text string, look grid.Style) {
	st := p.host.Look()
	if r, ok := p.results[it.ID]; ok {
		switch {
		case core.CodeOf(r.Err) == core.CodeCancelled:
			return " · ", "not reached", st.Warn
		case r.Err != nil:
			return " ✗ ", ui.WhatOf(r.Err), st.Bad
		case it.State == jobs.ArrivalThere: // told below
		case len(r.Differs) > 0:
			return " ✓ ", "it is " + r.Status + ", but " + core.Count(len(r.Differs), "field") + " arrived otherwise", st.Warn
		default:
			return " ✓ ", "it is " + r.Status, st.Good
		}
	}
	if p.running() {
		switch at := p.host.Task(p.task).Items.At(string(it.ID)); {
		case at == "failed":
			return " ✗ ", at, st.Bad
		case at == core.StatusAvailable:
			return " ✓ ", "it is " + at, st.Good
		case at != "":
			return " ◌ ", at, st.Busy
		}
	}
	switch {
	case it.State == jobs.ArrivalThere && len(it.Differs) > 0:
		return " = ", "there already (" + it.Status + "), but " + core.Count(len(it.Differs), "field") + " differ", st.Warn
	case it.State == jobs.ArrivalThere:
		return " = ", "there already (" + it.Status + "): left as it is", st.Dim
	case it.State == jobs.ArrivalRefused:
		return " ✗ ", it.Verdict(), st.Bad
	case !it.Ticked && it.Stranger != "":
		return "[ ]", "another cloud's? " + it.Stranger, st.Warn
	case !it.Ticked:
		return "[ ]", "not chosen", st.Dim
	case it.Problem != "":
		return " ! ", "held back: " + it.Problem, st.Warn
	case it.State == jobs.ArrivalUnder:
		return "[x]", "on its way already: it is followed", st.Busy
	case it.Stranger != "":
		return "[x]", "goes, though " + it.Stranger, st.Warn
	case it.Level() == core.LevelWarn:
		return "[x]", "goes; " + it.Verdict(), st.Warn
	case len(it.Lacks) > 0:
		return "[x]", "goes; " + it.Lacks[0], st.Warn
	case it.Rebuilt:
		return "[x]", "goes, rebuilt", st.Good
	}
	return "[x]", "goes", st.Good
}

// detail is all there is to say of the one under the cursor.
func (p *transferPane) detail() []ui.Line {
	if len(p.plan.Items) == 0 {
		return nil
	}
	it, st := &p.plan.Items[p.table.Cursor()], p.host.Look()
	var lines []ui.Line
	say := func(sign string, look grid.Style, text string) {
		lines = append(lines, ui.Line{Sign: look.Paint(sign), Value: look.Paint(core.Visible(text))})
	}
	if r, ok := p.results[it.ID]; ok {
		if r.Err != nil {
			say("✗ ", st.Bad, r.Err.Error())
		} else {
			say("✓ ", st.Good, "it is "+r.Status)
		}
		for _, d := range r.Differs {
			say("! ", st.Warn, "it arrived otherwise: "+d)
		}
	} else {
		for _, d := range it.Differs {
			say("! ", st.Warn, "what is there says otherwise: "+d)
		}
	}
	if it.Problem != "" {
		say("! ", st.Warn, "held back: "+it.Problem)
	}
	if it.Stranger != "" {
		say("! ", st.Bad, "it seems to be another cloud's: "+it.Stranger+". To delete a copy of it is to delete that cloud's files")
	}
	for _, f := range it.Findings {
		look := []grid.Style{st.Dim, st.Warn, st.Bad}[f.Level]
		say([]string{"· ", "! ", "✗ "}[f.Level], look, show.FindingText(f))
	}
	for _, l := range it.Lacks {
		say("! ", st.Warn, l)
	}
	if it.Origin != "" && it.Origin != "exported" {
		say("· ", st.Dim, it.Origin)
	}
	for _, c := range it.Conflicts {
		say("~ ", st.Changed, c)
	}
	if p.what == recovering {
		captured := "no capture of it is known: what a restore will write cannot be said beforehand"
		if it.Captured {
			captured = "its capture is known, and is kept with it"
		}
		say("· ", st.Dim, captured)
	}
	for _, m := range it.Marks {
		say(map[core.MarkState]string{core.MarkAssumed: "~ ", core.MarkLost: "? "}[m.State], st.Unknown,
			m.Field+" is "+string(m.State)+": "+m.Why)
	}
	if it.Found.OK() {
		whole := it.Whole()
		lines = append(lines, show.RecordLines(p.host.Look(), &whole)...)
	}
	return lines
}

// head tells what it comes to, whose they will be, what is left, and what to beware
// of; while it goes on how far it is, and at the end how it ended.
func (p *transferPane) head(w, h int) []string {
	st, t := p.host.Look(), p.plan
	n := t.Count()
	said := []string{}
	for _, x := range []struct {
		n    int
		text string
	}{
		{n.Goes, "to send"},
		{n.Under, "on the way"},
		{n.There, "there already"},
		{n.Held, "held back"},
		{n.Refused, "refused"},
		{n.Unticked, "not chosen"},
	} {
		if x.n > 0 {
			said = append(said, fmt.Sprintf("%d %s", x.n, x.text))
		}
	}
	if len(said) == 0 {
		said = []string{"nothing to send"}
	}
	first := ui.Clip(st.Accent.Paint(strings.Join(said, ", "))+st.Dim.Paint("  "+core.Visible(t.From)+" → "+core.Visible(t.To)), w)
	switch {
	case p.running():
		first = p.host.Task(p.task).Bar(st, w)
	case p.over && p.err != nil:
		look := st.Bad
		if core.CodeOf(p.err) == core.CodeCancelled {
			look = st.Warn
		}
		first = ui.Clip(look.Paint("✗ "+core.Visible(ui.Told(p.err)))+st.Dim.Paint("  "+ui.KeyOf("plan-anew")+" goes on with the rest"), w)
	case p.over:
		first = ui.Clip(st.Good.Paint("✓ "+core.Visible(p.ended())), w)
	}
	lines := []string{first}
	if h < ui.LowRoom {
		return lines
	}
	owner := "owner: " + t.Facts.Owner
	if q := t.Facts.Quota; q.Set {
		owner += "; quota: " + headway(q.V) + " left"
	}
	for _, warning := range slices.Backward(t.Warnings) { // that of another cloud's is the last
		lines = append(lines, ui.Hang(st.Warn.Paint("! "), st.Warn.Paint(core.Visible(warning)), w)...)
	}
	lines = append(lines, ui.Hang("", st.Dim.Paint(core.Visible(owner)), w)...)
	if room := max(h/4, 3); len(lines) > room {
		lines = append(lines[:room-1], st.Dim.Paint("… "+ui.KeyOf("details")+" shows all of it"))
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
		return strings.Join(head, "\n") + "\n\n  " + p.host.Look().Good.Paint("✓ there is nothing to bring: all of it is there")
	}
	return strings.Join(head, "\n") + "\n" + ui.SplitView(p.host.Look(), p.table, p.detail(), w, h-len(head))
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
		return "it has been carried out; " + ui.KeyOf("plan-anew") + " plans anew"
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
		return ui.Say(ui.LevelWarn,
			core.Count(n, "backup")+" that may be another cloud's chosen too: to delete such a copy is to delete that cloud's files.")
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

func (p *transferPane) actions() []ui.Action {
	done := func() string {
		switch {
		case p.running():
			return "it is being carried out; " + ui.KeyOf("interrupt") + " cancels it"
		case p.over:
			return "it has been carried out; " + ui.KeyOf("plan-anew") + " plans anew"
		}
		return p.none()
	}
	return append([]ui.Action{
		{Name: "carry-out", Keys: []string{"i"}, Label: p.what, Help: "Bring the chosen ones into the target, after asking", Why: func() string {
			if why := done(); why != "" {
				return why
			}
			if n := p.plan.Count(); n.Goes+n.Under == 0 {
				return "nothing is left to send"
			}
			if err := p.to.Allowed(core.OpImport); err != nil {
				return ui.WhatOf(err)
			}
			return ""
		}, Run: p.confirm},
		{Name: "choose-one", Keys: []string{"space"}, Label: "choose", Help: "Choose it, or leave it out", Why: func() string {
			if why := p.none(); why != "" {
				return why
			}
			return p.tickable(&p.plan.Items[p.table.Cursor()])
		}, Run: func() tea.Cmd {
			it := &p.plan.Items[p.table.Cursor()]
			it.Ticked = !it.Ticked
			p.plan.Fit()
			p.table.Step(1)
			if it.Ticked && it.Stranger != "" {
				return ui.Say(ui.LevelWarn, "It may be another cloud's: to delete the copy here is to delete that cloud's files.")
			}
			return nil
		}},
		{Name: "choose-all", Keys: []string{"a"}, Help: "Choose all that can go", Why: done, Run: func() tea.Cmd { return p.tickAll(true) }},
		{Name: "choose-none", Keys: []string{"A"}, Help: "Choose none", Why: done, Run: func() tea.Cmd { return p.tickAll(false) }},
		{Name: "details", Keys: []string{"w"}, Label: "details", Minor: true, Help: "Show all there is to say of it, and of the whole",
			Why: p.none,
			Run: func() tea.Cmd {
				return ui.Show(&ui.TextBox{
					Title: "The " + p.what,
					Lines: append(p.whole(), append([]ui.Line{{}}, p.detail()...)...),
					Look:  p.host.Look(),
				})
			}},
		ui.Copies(p.host, p.table, p.none, func(c *ui.Copying) {
			it := &p.plan.Items[p.table.Cursor()]
			c.ID, c.Command = string(it.ID), p.shell()
			c.Whole(core.BackupColumns.Object(&it.Backup, it.Backup.Unseen))
		}),
	}, ui.TableMoves(p.table, nil)...)
}

// whole is what there is to say of the transfer as such.
func (p *transferPane) whole() []ui.Line {
	st, t := p.host.Look(), p.plan
	lines := []ui.Line{
		ui.TextLine(st.Accent.Paint(core.Visible(t.From + " → " + t.To))), {Sign: "owner: ", Value: core.Visible(t.Facts.Owner)},
	}
	if q := t.Facts.Quota; q.Set {
		lines = append(lines, ui.Line{Sign: "quota: ", Value: headway(q.V) + " left"})
	}
	for _, w := range t.Warnings {
		lines = append(lines, show.Warning(p.host.Look(), w))
	}
	if p.err != nil {
		lines = append(lines, show.Problem(p.host.Look(), p.err))
	}
	return append(lines, ui.ShellIs(p.host.Look(), p.shell())...)
}

// confirm asks before anything is sent.
func (p *transferPane) confirm() tea.Cmd {
	st, n := p.host.Look(), p.plan.Count()
	title, verb := "Copy", "Copy"
	if p.what == recovering {
		title, verb = "Recover", "Recover"
	}
	q := ui.Asking(p.host.Look(), title,
		fmt.Sprintf("Import %s into %s, parents first?\nOwner: %s.\n", core.Count(n.Goes, "backup"), core.Visible(p.plan.To),
			core.Visible(p.plan.Facts.Owner)),
		fmt.Sprintf("%s %d", verb, n.Goes+n.Under), p.carryOut)
	if k := p.strangers(); k > 0 {
		q.Lines = append(q.Lines,
			ui.Line{
				Sign: st.Bad.Paint("! "),
				Value: st.Bad.Paint(core.Count(k, "backup") +
					" of them may be another cloud's: to delete such a copy here is to delete that cloud's files"),
			})
	}
	for _, w := range p.plan.Warnings {
		q.Lines = append(q.Lines, show.Warning(p.host.Look(), w))
	}
	for i, shown := 0, 0; i < len(p.plan.Items); i++ {
		it := &p.plan.Items[i]
		if !it.Ticked || it.Problem != "" || it.State != jobs.ArrivalGoes && it.State != jobs.ArrivalUnder {
			continue
		}
		if shown++; shown > 8 {
			q.Lines = append(q.Lines, ui.TextLine(st.Dim.Paint(fmt.Sprintf("… and %d more", n.Goes+n.Under-8))))
			break
		}
		q.Lines = append(q.Lines, show.Item(p.host.Look(), &it.Backup))
	}
	if n.Held+n.Refused > 0 {
		q.Lines = append(q.Lines, show.Warning(p.host.Look(), fmt.Sprintf("%d held back and %d refused do not go", n.Held, n.Refused)))
	}
	q.Lines = append(q.Lines, ui.ShellIs(p.host.Look(), p.shell())...)
	return ui.Show(q.Guard(n.Goes+n.Under, p.to.Info().Badge))
}

// carryOut sends what is chosen and follows each until it has arrived.
func (p *transferPane) carryOut() tea.Cmd {
	plan, send := *p.plan, p.send
	plan.Items = slices.Clone(plan.Items)
	of := p.plan
	n := plan.Count()
	what := map[string]string{copying: "copying ", recovering: "recovering "}[p.what]
	id, cmd := p.at.Start(p.host, what+core.Count(n.Goes+n.Under, "backup"), p.touches(),
		func(ctx context.Context, progress jobs.Progress) ui.Result {
			results, err := send(ctx, &plan, progress)
			told := ui.Note{Level: ui.LevelGood, Text: core.Count(len(results), "backup") + " in " + core.Visible(plan.To) + "."}
			if err != nil {
				told = ui.FailureNote(err)
			}
			return ui.Result{Note: told, Answer: sentMsg{of, results, err}}
		})
	if id != 0 {
		p.task = id
	}
	return cmd
}

// touches names what the transfer writes.
func (p *transferPane) touches() []string {
	var ids []core.BackupID
	for i := range p.plan.Items {
		if p.plan.Items[i].Ticked {
			ids = append(ids, p.plan.Items[i].ID)
		}
	}
	return place.TouchingIn(p.to.Place.Info().Location, "backup", ids...)
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
	for i := range p.plan.Items {
		if r, ok := p.results[p.plan.Items[i].ID]; ok && r.Err != nil { // what went wrong is seen first
			p.table.Move(i)
			break
		}
	}
}

// The two kinds of transfers, as their keys say it.
const (
	copying    = "copy"
	recovering = "recover"
)
