package restore

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/tui/grid"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// How a plan is shown: the answer first, then what it is of and how sure, then its
// fields as rows.

// weightOf puts first what people act on: what is lost, what changes (bootable, key
// and type before the rest), what comes, what is not certain; then what stays.
func weightOf(f *core.FieldPlan) int {
	nature := 0
	if f.Section == core.BaseSection && slices.Contains([]string{"bootable", "encryption_key_id", "volume_type_id"}, f.Name) {
		nature = -1
	}
	switch {
	case f.Verdict == core.VerdictRefused:
		return 0
	case f.Certainty != core.Certain:
		return 80 + nature
	case f.Verdict == core.VerdictRemoved && f.Section != core.BaseSection:
		return 10
	case f.Verdict == core.VerdictChanged, f.Verdict == core.VerdictRemoved:
		return 20 + nature
	case f.Verdict.Changes():
		return 30 + nature
	case f.Name == "display_name":
		return 90
	}
	return 100
}

// Len, Row and Key make the tab the table's source.
func (t *restoreTab) Len() int         { return len(t.rows) }
func (t *restoreTab) Key(i int) string { return string(t.rows[i].Section) + t.rows[i].Name }
func (t *restoreTab) Row(i int) ([]grid.Cell, bool) {
	l, f := t.host.Look(), &t.rows[i]
	sign, look := verdictLook(l, f)
	field := grid.Style{}
	if f.Danger {
		field = l.Removed
	}
	return []grid.Cell{
		{Text: sign, Style: look}, {Text: show.FieldTitle(*f), Style: field}, {Text: beforeText(l, f)},
		{Text: afterText(l, f), Style: look}, {Text: core.Visible(because(f)), Style: l.Dim},
	}, true
}

// verdictLook is a sign and a look for what becomes of a field.
func verdictLook(l ui.Look, f *core.FieldPlan) (string, grid.Style) {
	switch {
	case f.Verdict == core.VerdictRefused:
		return "✗", l.Bad
	case f.Certainty == core.Unknown, f.Certainty == core.OneOf:
		return "?", l.Unknown
	case f.Certainty == core.Assumed:
		return "≈", l.Unknown
	}
	switch f.Verdict {
	case core.VerdictSet, core.VerdictAdded:
		return "+", l.Added
	case core.VerdictChanged:
		if f.Danger {
			return "!", l.Removed
		}
		return "~", l.Changed
	case core.VerdictRemoved:
		return "-", l.Removed
	case core.VerdictUnchanged:
		return "=", l.Text
	case core.VerdictKept:
		return "·", l.Kept
	}
	return " ", l.Kept
}

// beforeText is what a field is now.
func beforeText(l ui.Look, f *core.FieldPlan) string {
	switch {
	case f.Unseen:
		return "? not shown here"
	case !f.Before.Set:
		return ""
	}
	return show.SideText(l, f.Name, f.Before)
}

// unsureText is what is known of a value that is not certain, "" of one that is; one
// draws a single value.
func unsureText(c core.Certainty, v core.Opt[pyjson.Value], possible []core.Opt[pyjson.Value],
	one func(core.Opt[pyjson.Value]) string,
) string {
	switch c {
	case core.Unknown:
		return "? not known"
	case core.OneOf:
		var all []string
		for _, v := range possible {
			all = append(all, one(v))
		}
		return strings.Join(all, ", or ")
	case core.Assumed:
		return one(v) + ", assumed"
	}
	return ""
}

// afterText is how a field comes out, in words where it is not certain.
func afterText(l ui.Look, f *core.FieldPlan) string {
	one := func(v core.Opt[pyjson.Value]) string {
		if !v.Set {
			return "not there"
		}
		return show.SideText(l, f.Name, v)
	}
	if text := unsureText(f.Certainty, f.After, f.Possible, one); text != "" {
		return text
	}
	switch {
	case f.Verdict == core.VerdictRefused:
		return "refused"
	case f.Verdict == core.VerdictUnchanged, f.Verdict == core.VerdictKept:
		return "stays"
	case f.Verdict == core.VerdictNotRestored:
		return "not restored"
	case !f.After.Set:
		return "gone"
	}
	return show.ChangedText(l, f.Name, f.Before, f.After)
}

// because is why a field comes out as it does, or why that is not certain.
func because(f *core.FieldPlan) string { return ui.Either(f.Because, f.Why) }

func (t *restoreTab) targetText() string {
	switch p := t.plan; {
	case p.Target.Volume != nil:
		v := p.Target.Volume
		return fmt.Sprintf("%s (%s), %s, %s", core.Visible(v.Title()), core.Visible(v.ID.Short()), show.GiB(v.Size), core.Visible(v.Status))
	case p.Target.Kind == core.TargetNewNamed:
		return "a new volume named " + core.Visible(p.Target.Name) + t.shape.text()
	}
	return "a new volume, named by Cinder" + t.shape.text()
}

// text tells what of a new volume was asked for.
func (x shape) text() string {
	out := ""
	if x.size > 0 {
		out += ", " + show.GiB(x.size)
	}
	if x.typ != "" {
		out += ", of type " + core.Visible(x.typ)
	}
	if x.zone != "" {
		out += ", in zone " + core.Visible(x.zone)
	}
	return out
}

// answerLines are what a plan or a difference comes to, in the strongest look there
// is: the first line, and where one has no room for all of it, up to most of them.
func answerLines(l ui.Look, phrases []core.Phrase, w, most int) (lines []string) {
	looks := map[core.Tone]grid.Style{core.ToneCannot: l.Danger, core.ToneLost: l.Danger, core.ToneChange: l.Accent,
		core.ToneUnknown: l.Unknown, core.ToneCalm: l.Text}
	line := ""
	for _, x := range phrases {
		part := looks[x.Tone].Paint(x.Text)
		switch {
		case line == "":
			line = " " + part
		case ansi.StringWidth(line)+3+ansi.StringWidth(part) <= w:
			line += "   " + part
		case len(lines)+1 == most: // the foot tells what has no room
			return append(lines, ui.Clip(line+l.Dim.Paint(" …"), w))
		default:
			lines, line = append(lines, ui.Clip(line, w)), " "+part
		}
	}
	return append(lines, ui.Clip(line, w))
}

// head is what stands above the table, a line each: the answer; what is done to what;
// how sure that is.
func (t *restoreTab) head(w, h int) []string {
	l, p := t.host.Look(), t.plan
	most := 1
	if h >= ui.LowRoom {
		most = 2
	}
	lines := answerLines(l, show.PlanText(p).Headline(), w, most)
	if h >= ui.LowRoom {
		lines = append(lines, l.Border.Paint(strings.Repeat("─", max(w, 0))))
	}
	what, fate := "data and metadata", "all that is on it goes"
	switch {
	case t.metadata && p.Via == core.ViaAPI:
		what, fate = "metadata only, by "+core.Count(len(p.Calls), "call")+" of the API", "its data stays"+leftOut(p)
	case t.metadata:
		what, fate = "metadata only", "its data stays"
	case p.Target.Volume == nil:
		fate = ""
	}
	onto := l.Accent.Paint(what)
	if fate != "" && p.Target.Volume != nil {
		onto += l.Text.Paint("; " + fate)
	}
	onto += l.Dim.Paint("  onto ") + l.Text.Paint(t.targetText())
	lines = append(lines, onto, t.sureText())
	if h >= ui.LowRoom && (t.request.Rules != core.RulesAuto || t.request.Layers != core.LayersAuto || h > 30) {
		lines = append(lines, l.Dim.Paint("rules ")+l.Text.Paint(t.rulesText())+l.Dim.Paint(", layers ")+l.Text.Paint(t.layersText()))
	}
	if h >= ui.LowRoom {
		lines = append(lines, "")
	}
	return lines
}

// sureText says how sure the plan is as a whole, and by what.
func (t *restoreTab) sureText() string {
	l, p := t.host.Look(), t.plan
	look := map[core.Certainty]grid.Style{core.Certain: l.Good, core.Partly: l.Unknown, core.Unknown: l.Unknown}[p.Certainty]
	return look.Paint(string(p.Certainty)) + l.Dim.Paint("  ") + t.sourceText()
}

// sourceText says where what is known comes from.
func (t *restoreTab) sourceText() string {
	l, p := t.host.Look(), t.plan
	count := map[core.Evidence]int{}
	for i := range p.Chain {
		count[p.Chain[i].Evidence]++
	}
	switch n := len(p.Chain); {
	case len(t.files) > 0:
		return l.Warn.Paint(core.Count(len(t.files), "file")+" given, in this order: ") +
			l.Text.Paint(core.Visible(strings.Join(baseNames(t.files), ", ")))
	case n > 0 && count[core.EvidenceStored] == n:
		where := p.Chain[n-1].Source().Where
		return l.Text.Paint(allLayers(n) + " read from the repository " + core.Visible(where))
	}
	var parts []string
	for _, e := range []core.Evidence{core.EvidenceUnknown, core.EvidenceToday, core.EvidenceMoment, core.EvidenceLate, core.EvidenceEither,
		core.EvidenceGiven, core.EvidenceHeld, core.EvidenceStored} {
		switch n := count[e]; {
		case n > 0 && n == len(p.Chain):
			parts = append(parts, allLayers(n)+" "+show.EvidenceText(e))
		case n > 0:
			parts = append(parts, layersWith(p.Chain, e)+" "+show.EvidenceText(e))
		}
	}
	of := ""
	if len(parts) > 1 {
		of = "of " + core.Count(len(p.Chain), "layer") + ": "
	}
	return l.Text.Paint(of + strings.Join(parts, "; "))
}

// layersWith names the layers of a chain of an evidence by their numbers, neighbours as
// from the first to the last of them: "1 to 3, 5".
func layersWith(chain []core.Layer, e core.Evidence) string {
	var runs []string
	for i := 0; i < len(chain); i++ {
		if chain[i].Evidence != e {
			continue
		}
		first := i
		for i+1 < len(chain) && chain[i+1].Evidence == e {
			i++
		}
		run := fmt.Sprint(chain[first].Number)
		switch {
		case i == first+1:
			run += " and " + fmt.Sprint(chain[i].Number)
		case i > first:
			run += " to " + fmt.Sprint(chain[i].Number)
		}
		runs = append(runs, run)
	}
	return strings.Join(runs, ", ")
}

// allLayers are the subject of a sentence that is true of each.
func allLayers(n int) string {
	if n == 1 {
		return "the one layer is"
	}
	return fmt.Sprintf("all %d layers are", n)
}

// baseNames are files without their folders.
func baseNames(files []string) (out []string) {
	for _, f := range files {
		out = append(out, filepath.Base(f))
	}
	return out
}

// leftOut tells how many fields were left out by hand.
func leftOut(p *core.Plan) string {
	if len(p.LeftOut) == 0 {
		return ""
	}
	return "; " + core.Count(len(p.LeftOut), "field") + " left out"
}

func (t *restoreTab) rulesText() string {
	return string(t.plan.Rules) + " (" + t.plan.Rules.Releases() + ")"
}

func (t *restoreTab) layersText() string {
	return fmt.Sprintf("%s of %d", t.plan.Layers, len(t.plan.Chain))
}

// text counts what is not shown, in words; "" if nothing.
func (n folded) text() string {
	var parts []string
	if n.unchanged > 0 {
		parts = append(parts, fmt.Sprintf("%d unchanged", n.unchanged))
	}
	if n.assumed > 0 {
		parts = append(parts, fmt.Sprintf("%d assumed to stay", n.assumed))
	}
	if n.never > 0 {
		parts = append(parts, fmt.Sprintf("%d never restored", n.never))
	}
	return strings.Join(parts, ", ")
}

// foot is what stands below the table: what is folded, why it cannot be, the whole reason
// for the row under the cursor, what may not be, who makes a new volume, and the warnings;
// at most two fifths of the height.
func (t *restoreTab) foot(w, h int) []string {
	l, p := t.host.Look(), t.plan
	var lines []string
	if text := t.folded.text(); text != "" {
		lines = append(lines, l.Dim.Paint("  "+text+": "+ui.KeyOf("show-all")+" shows them"))
	}
	var why, unsure []string
	if len(t.rows) > 0 {
		if f := &t.rows[t.table.Cursor()]; because(f) != "" {
			why = ui.Hang(l.Dim.Paint("because: "), core.Visible(because(f)), w)
		}
	}
	for _, r := range p.Can.Reasons { // why it cannot be comes first, whatever the cursor is on
		text := r.Text
		if r.Next != "" {
			text += "; " + ui.Next(r.Next, r.With...)
		}
		if r.Answer == core.AnswerNo {
			lines = append(lines, ui.Hang(l.Bad.Paint("✗ "), l.Bad.Paint(core.Visible(text)), w)...)
		} else {
			unsure = append(unsure, ui.Hang(l.Unknown.Paint("? "), l.Unknown.Paint(core.Visible(text)), w)...)
		}
	}
	lines = append(append(lines, why...), unsure...)
	if says := p.Target.Route.Says(); says != "" && !t.metadata {
		lines = append(lines, ui.Hang(l.Dim.Paint("· "), l.Dim.Paint(core.Visible(says)), w)...)
	}
	for _, warning := range p.Warnings {
		lines = append(lines, ui.Hang(l.Warn.Paint("! "), l.Warn.Paint(core.Visible(warning)), w)...)
	}
	switch room := max(h*2/5, 1); {
	case h < ui.LowRoom:
		lines = lines[:min(len(lines), 1)]
	case len(lines) > room:
		lines = append(lines[:room-1], l.Dim.Paint("… "+ui.KeyOf("why")+" shows all of it"))
	}
	return lines
}

// explain shows all there is to say of the plan and of the field under the cursor.
func (t *restoreTab) explain() tea.Cmd {
	l, p := t.host.Look(), t.plan
	var lines []ui.Line
	if len(t.rows) > 0 {
		f := &t.rows[t.table.Cursor()]
		lines = append(lines, l.Heading(show.FieldTitle(*f)), ui.FieldLine("now", beforeText(l, f)), ui.FieldLine("after", afterText(l, f)),
			ui.FieldLine(string(f.Certainty), core.Visible(because(f))), ui.Line{})
	}
	lines = append(lines, l.Heading("the plan"), ui.FieldLine("in a line", show.PlanText(p).HeadlineText()),
		ui.FieldLine("onto", t.targetText()),
		ui.FieldLine("rules", t.rulesText()+": "+core.Visible(p.RulesWhy)),
		ui.FieldLine("layers", t.layersText()+": "+core.Visible(p.LayersWhy)))
	for i := range p.Chain {
		layer := &p.Chain[i]
		text := show.EvidenceText(layer.Evidence)
		if s := layer.Source(); layer.Known() {
			text += ": " + s.String()
		}
		if doubt := layer.Evidence.Doubt(); doubt != "" {
			text += "; " + doubt
		}
		lines = append(lines, ui.Line{Label: core.Visible(layer.Title()) + " ", Value: core.Visible(text)})
	}
	if p.Beside.Usable() {
		lines = append(lines, ui.FieldLine("database", p.Beside.Text()))
	}
	for _, r := range p.Can.Reasons {
		lines = append(lines, reasonLine(l, &r))
	}
	for _, w := range p.Warnings {
		lines = append(lines, ui.Line{Sign: l.Warn.Paint("! "), Value: l.Warn.Paint(core.Visible(w))})
	}
	return ui.Show(&ui.TextBox{Title: "The plan", Lines: lines, Look: l})
}

// reasonLine is why it cannot be done, or why that is not known, and what to do.
func reasonLine(l ui.Look, r *core.Reason) ui.Line {
	text := r.Text
	if r.Next != "" {
		text += "; " + ui.Next(r.Next, r.With...)
	}
	return ui.Line{Sign: l.Bad.Paint(string(r.Answer) + ": "), Value: l.Bad.Paint(core.Visible(text))}
}
