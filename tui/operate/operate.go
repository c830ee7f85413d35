package operate

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// What an admin does to backups all day. Each is planned first, off the loop; the
// plan is asked about; then it runs as a job, and what was shown is read anew.

// operator does what an admin does, for the screen that shows it.
type operator struct {
	host ui.Host
	at   *place.Stay
}

// BackupActions are the keys of what is done to backups, wherever they are
// shown.
func BackupActions(host ui.Host, at *place.Stay, rows place.BackupRows) []ui.Action {
	if !at.Operates() && at.Repository() == nil {
		return nil
	}
	o := operator{host, at}
	may := func(op core.Operation) func() string {
		return func() string { return ui.Either(rows.None(), at.Cannot(op)) }
	}
	return []ui.Action{
		{Name: "new", Keys: []string{"n"}, Label: "new", Minor: true, Help: "Make another backup of its volume", Why: may(core.OpCreate),
			Run: func() tea.Cmd {
				x := rows.Current()
				return o.createForm(place.PickedVolumes{IDs: []core.VolumeID{x.VolumeID}}, x.VolumeName.Or(string(x.VolumeID)))
			}},
		{Name: "edit", Keys: []string{"E"}, Label: "edit", Minor: true, Help: "Change its name, description and properties",
			Why: may(core.OpEdit),
			Run: func() tea.Cmd { return o.editForm(rows.Current().ID) }},
		{Name: "delete", Keys: []string{"D"}, Label: "delete", Minor: true, Why: may(core.OpDelete),
			Help: "Delete it, or all that are marked, after showing what stands on them",
			Run:  o.choosing(rows, func(p jobs.Picked) tea.Cmd { return o.planDelete(p, false) })},
		{Name: "force-delete", Keys: []string{"ctrl+d"}, Help: "Force-delete it, or all that are marked: in any status",
			Why: may(core.OpForceDelete),
			Run: o.choosing(rows, func(p jobs.Picked) tea.Cmd { return o.planDelete(p, true) })},
		{Name: "reset", Keys: []string{"Z"}, Help: "Reset its status, or that of all marked, to available or error", Why: may(core.OpReset),
			Run: o.choosing(rows, o.chooseStatus)},
	}
}

// VolumeActions are the keys of what is done to volumes.
func VolumeActions(host ui.Host, at *place.Stay, rows place.VolumeRows) []ui.Action {
	if !at.Operates() {
		return nil
	}
	o := operator{host, at}
	return []ui.Action{{Name: "new", Keys: []string{"n"}, Label: "back up", Help: "Back it up, or all that are marked",
		Why: func() string { return ui.Either(rows.None(), at.Cannot(core.OpCreate)) },
		Run: func() tea.Cmd {
			title := rows.Current().Title()
			return rows.Choose(func(p place.PickedVolumes) tea.Cmd { return o.createForm(p, title) })
		}}}
}

// choosing goes on with what is chosen when the key is pressed.
func (o operator) choosing(rows place.BackupRows, then func(jobs.Picked) tea.Cmd) func() tea.Cmd {
	return func() tea.Cmd { return rows.Choose(then) }
}

func idsOf(backups []core.Backup) (ids []core.BackupID, words []string) {
	for _, b := range backups {
		ids, words = append(ids, b.ID), append(words, string(b.ID))
	}
	return ids, words
}

// planDelete looks at what a deletion would take, and asks.
func (o operator) planDelete(picked jobs.Picked, force bool) tea.Cmd {
	desk := o.at.Desk()
	looking := ui.Looking("Looking at what stands on " + core.Count(len(picked.IDs), "backup"))
	return tea.Batch(looking, o.host.Tell(func(ctx context.Context) tea.Msg {
		p, err := desk.PlanDelete(ctx, picked.IDs, force)
		if err != nil {
			return ui.Failure(err)
		}
		p.Left = picked.Left
		return ui.ShowMsg{Overlay: o.askDelete(p)}
	}))
}

func (o operator) askDelete(p jobs.DeletePlan) ui.Overlay {
	s := o.host.Look()
	q := &ui.QuestionBox{Title: "Delete", Look: s}
	verb := "Delete"
	if p.Force {
		q.Title, verb = "Force-delete", "Force-delete"
	}
	order := "?"
	if len(p.Items) > 1 {
		order = ", in this order?"
	}
	q.Lines = append(ui.Said(s, verb+" "+core.Count(len(p.Items), "backup")+order+" There is no way back."), ui.Line{})
	q.Items, q.Item = len(p.Items), func(i int) []ui.Line { return deletes(o.host.Look(), &p.Items[i]) }
	for _, w := range p.Warnings {
		q.After = append(q.After, show.Warning(s, w))
	}
	goes, extra := p.Count()
	if goes > 0 {
		var flags []string
		if p.Force {
			flags = append(flags, "--force")
		}
		q.After = append(q.After, o.inShell("delete", goes, func() []string { _, names := idsOf(p.Deletable()); return names }, flags...)...)
		q.Answers = append(q.Answers,
			ui.Answer{Key: "y", Label: fmt.Sprintf("%s %d", verb, goes), Do: func() tea.Cmd { return o.delete(p, goes) }})
	}
	if goes == 0 {
		q.After = append(q.After, ui.ShellIsNot(s, "none of it can be deleted as it stands")...)
	}
	if extra > 0 {
		q.Answers = append(q.Answers,
			ui.Answer{Key: "a", Label: "Look at all " + core.Count(len(p.Items)+extra, "backup"),
				Do: func() tea.Cmd { return o.planDelete(withDependents(p), p.Force) }, Looks: true})
	}
	return q.Guard(goes, o.at.Info().Badge)
}

// deletes are the lines of a backup in the question whether it is to be deleted.
func deletes(l ui.Look, it *jobs.DeleteItem) []ui.Line {
	lines := []ui.Line{show.Item(l, &it.Backup)}
	if it.Problem != nil {
		lines = append(lines, show.Problem(l, it.Problem))
	}
	for j := range it.Dependents {
		below := show.Item(l, &it.Dependents[j])
		below.Sign = l.InDialog.Paint("    └ ")
		lines = append(lines, below)
	}
	return lines
}

// inShell are the lines of a question that tell the command, unless it would name too many.
func (o operator) inShell(verb string, n int, names func() []string, flags ...string) []ui.Line {
	if n > ui.MostWords {
		return ui.ShellIsNot(o.host.Look(), core.Count(n, "id")+" are too many for one line; give hearth "+verb+" some at a time")
	}
	return o.at.InShell(o.host.Look(), verb, names(), flags...)
}

// withDependents is what a plan deletes together with all that stands on it, which no
// filter has picked.
func withDependents(p jobs.DeletePlan) jobs.Picked {
	was, all := jobs.Picked{Left: p.Left}, []core.BackupID{}
	for i := range p.Items {
		it := &p.Items[i]
		was.IDs, all = append(was.IDs, it.Backup.ID), append(all, it.Backup.ID)
		for j := range it.Dependents {
			all = append(all, it.Dependents[j].ID)
		}
	}
	return was.Only(all)
}

func (o operator) delete(p jobs.DeletePlan, n int) tea.Cmd {
	desk := o.at.Desk()
	ids, _ := idsOf(p.Deletable())
	_, cmd := o.at.Start(o.host, "deleting "+core.Count(n, "backup"), place.Touching(o.at, "backup", ids...),
		func(ctx context.Context, progress jobs.Progress) ui.Result {
			results, err := desk.Delete(ctx, p, true, progress)
			return place.Operated("deleted", results, err)
		})
	return cmd
}

// chooseStatus asks what a status is to be reset to, and plans it.
func (o operator) chooseStatus(picked jobs.Picked) tea.Cmd {
	statuses := []string{core.StatusAvailable, core.StatusError}
	return ui.Show(&ui.MenuBox{Title: "Reset the status of " + core.Count(len(picked.IDs), "backup") + " to",
		Pick: func(i int) tea.Cmd { return o.planReset(picked, statuses[i]) },
		Items: []ui.MenuItem{
			{Label: "available", Hint: "it can be restored, exported and deleted again"},
			{Label: "error", Hint: "it can be deleted"},
		}})
}

func (o operator) planReset(picked jobs.Picked, status string) tea.Cmd {
	desk := o.at.Desk()
	return tea.Batch(ui.Looking("Looking at "+core.Count(len(picked.IDs), "backup")), o.host.Tell(func(ctx context.Context) tea.Msg {
		p, err := desk.PlanReset(ctx, picked.IDs, status)
		if err != nil {
			return ui.Failure(err)
		}
		p.Left = picked.Left
		if p.Todo() == 0 {
			return ui.Note{Level: ui.LevelInfo, Text: core.Count(len(p.Items), "backup") + ": " + p.Status + " already; nothing was sent."}
		}
		return ui.ShowMsg{Overlay: o.askReset(p)}
	}))
}

func (o operator) askReset(p jobs.ResetPlan) ui.Overlay {
	q := ui.Asking(o.host.Look(), "Reset the status",
		"Set "+core.Count(p.Todo(), "backup")+" to "+p.Status+"? Cinder looks at nothing then: the word changes, not the backup.\n",
		"Reset",
		func() tea.Cmd { return o.reset(p) })
	q.Items, q.Item = len(p.Items), func(i int) []ui.Line { return resets(o.host.Look(), &p, i) }
	q.After = o.inShell("reset", len(p.Items), func() (words []string) {
		for i := range p.Items {
			words = append(words, string(p.Items[i].Backup.ID))
		}
		return words
	}, place.Flag("--state", p.Status))
	return q.Guard(p.Todo(), o.at.Info().Badge)
}

// resets are the lines of a backup in the question whether its status is to be reset.
func resets(l ui.Look, p *jobs.ResetPlan, i int) []ui.Line {
	it := &p.Items[i]
	lines := []ui.Line{show.Item(l, &it.Backup)}
	if it.Backup.Status == p.Status {
		lines = append(lines, show.Warning(l, "it is "+p.Status+" already: nothing is sent"))
	}
	if it.Says != "" {
		lines = append(lines, show.Warning(l, it.Says))
	}
	return lines
}

func (o operator) reset(p jobs.ResetPlan) tea.Cmd {
	desk := o.at.Desk()
	var ids []core.BackupID
	for i := range p.Items {
		ids = append(ids, p.Items[i].Backup.ID)
	}
	_, cmd := o.at.Start(o.host, "resetting "+core.Count(len(p.Items), "backup"), place.Touching(o.at, "backup", ids...),
		func(ctx context.Context, progress jobs.Progress) ui.Result {
			results, err := desk.Reset(ctx, p, progress)
			return place.Operated("set to "+p.Status, results, err)
		})
	return cmd
}

// editForm reads a backup and asks for its new texts.
func (o operator) editForm(id core.BackupID) tea.Cmd {
	desk := o.at.Desk()
	return o.host.Tell(func(ctx context.Context) tea.Msg {
		x, err := desk.Place.Backup(ctx, id)
		if err != nil {
			return ui.Failure(err)
		}
		properties := core.MaskedIn(pyjson.OfDict(x.Metadata)).Object()
		return ui.ShowMsg{Overlay: &ui.FormBox{Title: "Edit " + core.Visible(x.Title()), Fields: []ui.FormField{
			ui.TextField("name", x.Name.Or(""), ui.KeyOf("undo")+" takes the change back.").Checked(tooLong),
			ui.TextField("description", x.Description.Or(""), ui.KeyOf("undo")+" takes the change back.").Checked(tooLong),
			ui.TextField("properties", core.PropertiesText(properties), propertiesHint+" They take the place of all that are there.").
				Checked(wrongProperties).Listed(propertyList)},
			Submit: func(f *ui.FormBox) tea.Cmd { return o.edit(x, f) }}}
	})
}

// propertiesHint is how properties are written in a form.
const propertiesHint = `key=value, and more after commas; a value with a comma in quotation marks.`

// edit changes what was changed in the form, and nothing that nobody typed.
func (o operator) edit(x core.Backup, f *ui.FormBox) tea.Cmd {
	var e core.BackupEdit
	var words []string
	for i, to := range []**string{&e.Name, &e.Description} {
		if text := f.Text(i); f.Changed(i) {
			*to = &text
			words = append(words, place.Flag("--"+f.Fields[i].Label, text))
		}
	}
	if f.Changed(2) {
		o, err := core.ParseProperties(f.Text(2))
		if err != nil {
			again := f.Again()
			return func() tea.Msg { return again(err) }
		}
		e.Metadata = core.Unmasked(o, x.Metadata)
		words = append(words, propertyWords(e.Metadata)...)
	}
	if len(words) == 0 {
		return ui.Say(ui.LevelInfo, "Nothing was changed.")
	}
	desk := o.at.Desk()
	_, cmd := o.at.Start(o.host, "editing "+x.Title(), place.Touching(o.at, "backup", x.ID),
		func(ctx context.Context, _ jobs.Progress) ui.Result {
			entry, err := desk.Edit(ctx, x.ID, e)
			if err == nil && entry.None() {
				return ui.Wrote("It is so already: nothing was sent.", nil)
			}
			told := fmt.Sprintf("Changed, as journal entry %d; %s takes it back.", entry.ID, ui.KeyOf("undo"))
			if !holdsSecret(e.Metadata) {
				told += " In a shell: " + o.at.Command("edit", []string{string(x.ID)}, words...)
			}
			return ui.Wrote(told, err)
		})
	return cmd
}

// holdsSecret reports whether a line with properties would show a secret.
func holdsSecret(o *pyjson.Object) bool {
	v := pyjson.OfDict(o)
	return o != nil && !core.MaskedIn(v).Equal(v)
}

// propertyWords are properties as arguments of a verb.
func propertyWords(o *pyjson.Object) (words []string) {
	if o != nil && o.Len() == 0 {
		return []string{"--no-properties"}
	}
	for k, v := range o.All() {
		words = append(words, place.Flag("--property", k+"="+v.Text()))
	}
	return words
}
