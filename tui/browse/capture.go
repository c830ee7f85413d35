package browse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// captureTab shows a capture: first what a restore brings back, then the rest by
// group. Of a backup it is what that captured, as best it is known; of a volume what
// a backup would capture now.
type captureTab struct {
	ui.Scroll
	at *place.Stay
	ui.Read
	of    func() (core.VolumeID, core.BackupID)
	shown *captureLoadedMsg // nil until it is here
	all   bool              // also what is empty, and why each field comes back or does not
	w     int
}

// captureLoadedMsg brings the capture to show, how far it carries, and the one before
// it.
type captureLoadedMsg struct {
	gen      ui.Generation
	capture  core.Capture
	evidence core.Evidence // of a backup's; EvidenceUnknown: the capture is of its volume as it is now
	none     bool          // Cinder stored none with the backup
	// other is the second of two of which it is one, or may be neither; differ is what
	// they differ in.
	other  *core.Capture
	differ []core.Difference
	last   *core.KeptCapture // the one before, to compare with
	err    error
}

func newCaptureTab(host ui.Host, at *place.Stay, of func() (core.VolumeID, core.BackupID)) *captureTab {
	return &captureTab{Scroll: ui.Scroll{Host: host}, at: at, of: of}
}

func (t *captureTab) Name() string    { return "Capture" }
func (t *captureTab) Init() tea.Cmd   { return t.load() }
func (t *captureTab) Resume() tea.Cmd { return t.load() }
func (t *captureTab) Restyle()        { t.fill() }

func (t *captureTab) Resize(w, h int) {
	t.w = w
	t.Scroll.Resize(w, h)
	t.fill()
}

func (t *captureTab) load() tea.Cmd {
	gen, desk := t.Begin(), t.at.Desk()
	t.fill()
	volume, backup := t.of()
	return t.Ask(t.Host, func(ctx context.Context) tea.Msg {
		m := captureLoadedMsg{gen: gen, evidence: core.EvidenceUnknown}
		if backup != "" {
			switch l, err := desk.BackupCapture(ctx, backup); {
			case err == nil:
				m.take(&l)
			case core.CodeOf(err) != core.CodeNotFound:
				m.err = err
				return m
			case l.Known():
				m.none = true
				return m
			}
		}
		if m.evidence == core.EvidenceUnknown {
			if m.capture, _, m.err = desk.Capture(ctx, volume, 2); m.err != nil {
				return m
			}
		}
		all, err := desk.KeptCaptures(ctx, volume, "")
		m.last, m.err = keptBefore(all, backup, m.capture.Source), err
		return m
	})
}

// take takes over what is known of a backup's capture.
func (m *captureLoadedMsg) take(l *core.Layer) {
	m.capture, m.evidence = l.Captures[0], l.Evidence
	if len(l.Captures) > 1 {
		m.other = &l.Captures[len(l.Captures)-1]
		m.differ = core.RestoredDiffer(&m.capture, m.other)
	}
}

// keptBefore finds the newest capture of the same volume that was kept before another
// one, and not of the same backup; nil if there is none.
func keptBefore(all []core.KeptCapture, backup core.BackupID, than core.Source) *core.KeptCapture {
	for i := range all {
		if (backup == "" || all[i].BackupID != backup) && (!than.At.Set || !all[i].At.After(than.At.V)) {
			return &all[i]
		}
	}
	return nil
}

func (t *captureTab) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case captureLoadedMsg:
		cmd, ok := t.End(msg.gen, msg.err)
		if ok {
			t.shown = &msg
		}
		t.fill()
		return cmd
	case captureKeptMsg:
		return t.load()
	}
	return nil
}

// fill writes the tab's lines.
func (t *captureTab) fill() {
	s := t.Host.Look()
	switch {
	case t.State == ui.Failed:
		t.Set([]ui.Line{{Sign: s.Bad.Paint("✗ "), Value: s.Bad.Paint(core.Visible(t.Err.Error()))}})
		return
	case t.shown == nil:
		t.Set([]ui.Line{ui.TextLine(s.Busy.Paint("◌ reading…"))})
		return
	case t.shown.none:
		t.Set([]ui.Line{ui.TextLine(s.Warn.Paint("Cinder stored no metadata with this backup: a restore of it changes none."))})
		return
	}
	head := slices.Concat(t.sure(), t.comesBack(), t.about())
	rest := t.rest()
	switch {
	case t.w >= ui.WideEnough:
		t.SetBeside(head, rest[1:])
	default:
		t.Set(append(head, rest...))
	}
}

// sure is what stands above the fields: how far the capture carries, and of two that it
// is one of, what they differ in.
func (t *captureTab) sure() []ui.Line {
	s, m := t.Host.Look(), t.shown
	lines := []ui.Line{ui.FieldLine("evidence", t.evidenceText())}
	if m.evidence != core.EvidenceUnknown {
		lines[0].Note = s.Dim.Paint(m.evidence.Doubt())
	}
	for _, x := range m.differ {
		lines = append(lines, ui.Line{Sign: s.Unknown.Paint("? "), Value: s.Unknown.Paint(t.differText(x))})
	}
	return lines
}

// about is what else is to be known of the capture.
func (t *captureTab) about() []ui.Line {
	s, m := t.Host.Look(), t.shown
	c := &m.capture
	version := "-"
	if v, ok := c.Doc.Object().Get("version"); ok {
		version = core.Visible(pyjson.Text(v))
	}
	lines := []ui.Line{{Part: true}, ui.FieldLine("version", version+", "+core.Bytes(int64(len(c.Text))))}
	if m.last != nil {
		lines = append(lines, ui.FieldLine("compared with",
			"the capture of "+s.Clock(core.Some(m.last.At))+", "+core.Visible(string(m.last.Capture.Source.Kind))))
	}
	for _, w := range core.CaptureWarnings(c) {
		lines = append(lines, ui.Line{Sign: s.Warn.Paint("! "), Value: s.Warn.Paint(core.Visible(w))})
	}
	legend := "↩ comes back   ± depends on release, target or version"
	if m.last != nil {
		legend += "   + new, ~ changed, - gone since the capture before"
	}
	return append(lines, ui.TextLine(s.Dim.Paint(legend)))
}

// differText says how the two captures differ in a field.
func (t *captureTab) differText(x core.Difference) string {
	m := t.shown
	return core.Visible(x.String()) + ": " + t.valueIn(&m.capture, x) + " before the backup, " + t.valueIn(m.other, x) + " after it"
}

// valueIn is what a capture has in a field.
func (t *captureTab) valueIn(c *core.Capture, x core.Difference) string {
	if x.Field == "" {
		return map[bool]string{true: "there", false: "absent"}[c.Section(x.Section) != nil]
	}
	v, ok := c.Section(x.Section).Get(x.Field)
	return ui.Either(show.SideText(t.Host.Look(), x.Field, core.Opt[pyjson.Value]{V: v, Set: ok}), "not there")
}

// evidenceText is where the capture is from, and how far it carries.
func (t *captureTab) evidenceText() string {
	l, m := t.Host.Look(), t.shown
	_, backup := t.of()
	source := core.Visible(m.capture.Source.String())
	switch {
	case backup == "":
		return "what a backup made now would capture"
	case m.evidence == core.EvidenceUnknown:
		return l.Warn.Paint("GUESS: no capture of this backup is known; this is its volume as it is now")
	case m.evidence == core.EvidenceStored:
		return l.Good.Paint("as Cinder stored it") + ": " + source
	case m.evidence == core.EvidenceHeld:
		return l.Good.Paint("held from before the backup to after it") + ": " + source
	case m.evidence == core.EvidenceEither:
		return l.Unknown.Paint("one of two") + ", of which this is the first: " + source
	case m.evidence == core.EvidenceLate:
		return l.Unknown.Paint("not known where it changed") + ": " + source
	}
	return l.Unknown.Paint(string(m.evidence)) + ": " + source
}

// comesBack lists what a restore brings back: what makes a volume what it is, then the
// two kinds of metadata.
func (t *captureTab) comesBack() []ui.Line {
	s, c := t.Host.Look(), &t.shown.capture
	lines := []ui.Line{{}, s.Part("what a restore brings back")}
	for _, name := range []string{"display_name", "display_description"} {
		lines = append(lines, t.baseLine(name))
	}
	lines = append(lines, t.bootLine())
	for _, name := range []string{"encryption_key_id", "volume_type_id"} {
		lines = append(lines, t.baseLine(name))
	}
	for _, section := range []core.Section{core.UserSection, core.ImageSection} {
		lines = append(lines, t.section(c, section)...)
	}
	return lines
}

// baseLine is the line of a base field, known or not.
func (t *captureTab) baseLine(name string) ui.Line {
	s, c := t.Host.Look(), &t.shown.capture
	if v, ok := c.Section(core.BaseSection).Get(name); ok {
		return t.captured(core.BaseSection, name, v)
	}
	text, why := "not captured", "it was not captured"
	if c.Unseen.Has(name) {
		text, why = "? not shown here", "it is not known here"
	}
	return ui.Line{Sign: "   ", Label: show.FieldTitle(core.FieldPlan{Section: core.BaseSection, Name: name}), Value: s.Dim.Paint(text),
		Raw: ui.Raw{Why: why}}
}

// bootLine says whether a restore makes a volume bootable.
func (t *captureTab) bootLine() ui.Line {
	s, c := t.Host.Look(), &t.shown.capture
	l := ui.Line{Sign: "   ", Label: "bootable", Value: "not by this capture, which has no image metadata"}
	if c.Section(core.ImageSection).Len() > 0 {
		l.Sign, l.Value = " "+s.Good.Paint("↩")+" ", "yes: there is image metadata"
	}
	for _, x := range t.shown.differ {
		if x.Section == core.ImageSection && x.Field == "" {
			l.Sign, l.Value = " "+s.Unknown.Paint("?")+" ", s.Unknown.Paint("not known: one of the two has image metadata")
		}
	}
	return l
}

// section lists the keys of user or image metadata: each with its value, and how it
// differs from the capture before.
func (t *captureTab) section(c *core.Capture, section core.Section) []ui.Line {
	s := t.Host.Look()
	o := c.Section(section)
	title := section.Title()
	if o == nil {
		lines := []ui.Line{{}, s.Heading(title)}
		if v, ok := c.Doc.Object().Get(string(section)); ok {
			return append(lines, ui.TextLine(s.Bad.Paint("no object: "+core.Visible(pyjson.Text(v)))))
		}
		lines = append(lines, ui.TextLine(s.Dim.Paint("absent: it leaves alone what the target, or an older layer, has")))
		return append(lines, t.gone(section, nil)...)
	}
	lines := []ui.Line{{}, s.Heading(fmt.Sprintf("%s (%s)", title, core.Count(o.Len(), "key")))}
	if o.Len() == 0 {
		lines = append(lines, ui.TextLine(s.Warn.Paint("empty, which is not the same as absent: a restore removes all the target has")))
	}
	for name, v := range o.All() {
		lines = append(lines, t.captured(section, name, v))
	}
	return append(lines, t.gone(section, o)...)
}

// captured is the line of a field. That no release restores most of them goes
// without saying; why others come back is told where all is shown.
func (t *captureTab) captured(section core.Section, name string, v pyjson.Value) ui.Line {
	s, m := t.Host.Look(), t.shown
	fate, why := core.FateOf(section, name, m.capture.Version())
	glyph := map[core.Fate]string{
		core.FateRestored:    s.Good.Paint("↩"),
		core.FateConditional: s.Changed.Paint("±"),
		core.FateNever:       s.Dim.Paint("·"),
	}[fate]
	title := core.Visible(name)
	if section == core.BaseSection {
		title = show.FieldTitle(core.FieldPlan{Section: section, Name: name})
	}
	l := ui.Line{Sign: t.mark(section, name, v) + glyph + " ", Label: title, Value: show.ValueText(s, name, v)}
	if x := (core.Difference{Section: section, Field: name}); slices.Contains(m.differ, x) {
		form := "%s, or %s"
		if m.evidence == core.EvidenceLate {
			form = "? %s before, %s after"
		}
		l.Sign = t.mark(section, name, v) + s.Unknown.Paint("?") + " "
		l.Value = s.Unknown.Paint(fmt.Sprintf(form, t.valueIn(&m.capture, x), t.valueIn(m.other, x)))
	} else {
		l = show.RawOf(l, name, v)
	}
	if t.all && fate == core.FateConditional || core.IsSecret(name) && v.Truthy() {
		l.Note = s.Dim.Paint(why)
	}
	return l
}

// mark says how a field differs from the capture before.
func (t *captureTab) mark(section core.Section, name string, v pyjson.Value) string {
	s, last := t.Host.Look(), t.shown.last
	if last == nil {
		return " "
	}
	switch old, ok := last.Capture.Section(section).Get(name); {
	case !ok:
		return s.Added.Paint("+")
	case !old.Equal(v):
		return s.Changed.Paint("~")
	}
	return " "
}

// gone lists what the capture before had and this one has not.
func (t *captureTab) gone(section core.Section, now *pyjson.Object) (lines []ui.Line) {
	s := t.Host.Look()
	if t.shown.last == nil {
		return nil
	}
	for name, v := range t.shown.last.Capture.Section(section).All() {
		if !now.Has(name) {
			x := ui.Line{Sign: s.Removed.Paint("-") + "  ", Label: core.Visible(name), Value: show.ValueText(s, name, v)}
			lines = append(lines, show.RawOf(x, name, v))
		}
	}
	return lines
}

// groups are the base fields that no restore brings back, by what they tell of.
var groups = []struct {
	title string
	names []string
}{
	{"what it was", []string{"id", "size", "status", "attach_status", "previous_status", "migration_status", "bootable", "multiattach",
		"use_quota", "deleted", "_name_id", "ec2_id"}},
	{"whose", []string{"user_id", "project_id"}},
	{"where", []string{"availability_zone", "host", "cluster_name", "service_uuid", "shared_targets", "provider_location", "provider_auth",
		"provider_geometry", "provider_id"}},
	{"when", []string{"created_at", "updated_at", "scheduled_at", "launched_at", "terminated_at", "deleted_at"}},
	{"made from", []string{"snapshot_id", "source_volid", "consistencygroup_id", "group_id"}},
	{"replication", []string{"replication_status", "replication_extended_status", "replication_driver_data"}},
}

// rest lists, by group, the fields that no restore brings back; what is empty is folded,
// and where there is no room beside the rest all of it, until somebody unfolds it.
func (t *captureTab) rest() []ui.Line {
	s, base := t.Host.Look(), t.shown.capture.Section(core.BaseSection)
	done := core.NewFieldSet("display_name", "display_description", "encryption_key_id", "volume_type_id")
	var lines []ui.Line
	empty, told, changed := 0, 0, 0
	list := func(title string, names []string) {
		var own []ui.Line
		for _, name := range names {
			v, ok := base.Get(name)
			if done[name] || !ok {
				continue
			}
			done[name] = true
			if blank := v.IsNull() || v.Kind() == pyjson.String && v.Text() == ""; blank && !t.all {
				empty++
				continue
			}
			told++
			if t.mark(core.BaseSection, name, v) != " " {
				changed++
			}
			own = append(own, t.captured(core.BaseSection, name, v))
		}
		if len(own) > 0 {
			lines = append(append(lines, ui.Line{}, s.Heading(title)), own...)
		}
	}
	for _, g := range groups {
		list(g.title, g.names)
	}
	list("other", base.Keys())
	lines = append(lines, t.gone(core.BaseSection, base)...)
	if t.all {
		return append([]ui.Line{{}, s.Part("the rest, which no restore brings back")}, lines...)
	}
	if t.w >= ui.WideEnough {
		lines = append(lines, ui.Line{}, ui.TextLine(s.Dim.Paint(fmt.Sprintf("%d empty: %s shows them", empty, ui.KeyOf("show-all")))))
		return append([]ui.Line{{}, s.Part("the rest, which no restore brings back")}, lines...)
	}
	parts := []string{core.Count(told, "field") + " that no restore brings back"}
	if changed > 0 {
		parts[0] += fmt.Sprintf(" (%d not as before)", changed)
	}
	if empty > 0 {
		parts = append(parts, fmt.Sprintf("%d empty", empty))
	}
	return []ui.Line{{}, ui.TextLine(s.Dim.Paint(strings.Join(parts, ", ") + ": " + ui.KeyOf("show-all") + " shows them"))}
}

// captureKeptMsg says that a capture has been kept.
type captureKeptMsg struct{}

func (t *captureTab) notReady() string {
	switch {
	case t.shown == nil:
		return "it is not read yet"
	case t.shown.none:
		return "there is none"
	}
	return ""
}

// noKeeping says why the capture cannot be kept, "" if it can.
func (t *captureTab) noKeeping() string {
	_, backup := t.of()
	switch {
	case t.notReady() != "":
		return t.notReady()
	case backup != "" && t.shown.evidence != core.EvidenceUnknown:
		return "it is kept already"
	case backup != "":
		return "it is only a guess at what the backup captured"
	}
	return ""
}

func (t *captureTab) Actions() []ui.Action {
	return append([]ui.Action{
		{Name: "keep", Keys: []string{"s"}, Label: "keep it", Help: "Keep this capture, to compare later ones with it", Why: t.noKeeping,
			Run: func() tea.Cmd {
				desk, c, answer := t.at.Desk(), t.shown.capture, t.Host.Answer
				return t.Host.Tell(func(ctx context.Context) tea.Msg {
					id, err := desk.Keep(ctx, c)
					if err != nil {
						return ui.Failure(err)
					}
					return ui.Tell(ui.Note{Level: ui.LevelGood, Text: fmt.Sprintf("Kept as capture %d.", id)}, answer(captureKeptMsg{}))
				})
			}},
		{Name: "show-all", Keys: []string{"f"}, Label: map[bool]string{true: "less", false: "all"}[t.all], Why: t.notReady,
			Help: "Show also what no restore brings back, what is empty, and why each field comes back or does not", Run: func() tea.Cmd {
				t.all = !t.all
				t.fill()
				return nil
			}},
		{Name: "copy-capture", Keys: []string{"C"}, Help: "Copy the exact text, byte for byte what Cinder writes", Why: t.notReady,
			Run: func() tea.Cmd { return t.Host.Copy(t.shown.capture.Text, "the capture") }},
	}, t.Scroll.Actions()...)
}
