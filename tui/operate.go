package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
)

// What an admin does to backups all day. Each is planned first, off the loop; the
// plan is asked about; then it runs as a job, and what was shown is read anew.

// operator does what an admin does, for the screen that shows it.
type operator struct {
	host Host
	at   *Stay
}

// backupOperations are the keys of what is done to backups, wherever they are
// shown.
func backupOperations(host Host, at *Stay, rows BackupRows) []action {
	if !at.Operates() && at.Repository() == nil {
		return nil
	}
	o := operator{host, at}
	may := func(op core.Operation) func() string {
		return func() string { return either(rows.None(), at.Cannot(op)) }
	}
	return []action{
		{name: "new", keys: []string{"n"}, label: "new", minor: true, help: "Make another backup of its volume", why: may(core.OpCreate),
			run: func() tea.Cmd {
				x := rows.Current()
				return o.createForm([]core.VolumeID{x.VolumeID}, x.VolumeName.Or(string(x.VolumeID)))
			}},
		{name: "edit", keys: []string{"E"}, label: "edit", minor: true, help: "Change its name, description and properties", why: may(core.OpEdit),
			run: func() tea.Cmd { return o.editForm(rows.Current().ID) }},
		{name: "delete", keys: []string{"D"}, label: "delete", minor: true, why: may(core.OpDelete),
			help: "Delete it, or all that are marked, after showing what stands on them",
			run:  func() tea.Cmd { return o.planDelete(rows.Chosen(), false) }},
		{name: "force-delete", keys: []string{"ctrl+d"}, help: "Force-delete it, or all that are marked: in any status", why: may(core.OpForceDelete),
			run: func() tea.Cmd { return o.planDelete(rows.Chosen(), true) }},
		{name: "reset", keys: []string{"Z"}, help: "Reset its status, or that of all marked, to available or error", why: may(core.OpReset),
			run: func() tea.Cmd { return o.chooseStatus(rows.Chosen()) }},
	}
}

// volumeOperations are the keys of what is done to volumes.
func volumeOperations(host Host, at *Stay, rows VolumeRows) []action {
	if !at.Operates() {
		return nil
	}
	o := operator{host, at}
	return []action{{name: "new", keys: []string{"n"}, label: "back up", help: "Back it up, or all that are marked",
		why: func() string { return either(rows.None(), at.Cannot(core.OpCreate)) },
		run: func() tea.Cmd { return o.createForm(rows.Chosen(), rows.Current().Title()) }}}
}

func idsOf(backups []core.Backup) (ids []core.BackupID, words []string) {
	for _, b := range backups {
		ids, words = append(ids, b.ID), append(words, string(b.ID))
	}
	return ids, words
}

// operated tells how work on several backups ended, item by item under e, and has
// the screens read anew.
func operated(done string, results []jobs.Result, err error) Result {
	r := Result{Changed: true}
	var failures []error
	for _, x := range results {
		switch {
		case x.Err != nil:
			failures = append(failures, fmt.Errorf("%s: %w", core.Visible(x.Backup.Title()), x.Err))
		case x.Status == "":
			r.Gone = append(r.Gone, string(x.Backup.ID))
		}
	}
	switch n := len(results); {
	case len(failures) == 0 && err != nil, n == 1 && err != nil:
		r.Note = failureNote(err)
	case len(failures) > 0:
		all := core.Fail(core.CodePartial, done, fmt.Sprintf("%d of %s failed", len(failures), core.Count(n, "backup")),
			"e shows each", errors.Join(failures...))
		r.Note = noteMsg{level: warn, text: all.Error(), err: all}
	case n == 1:
		r.Note = noteMsg{level: good, text: core.Visible(results[0].Backup.Title()) + ": " + done + "."}
	default:
		r.Note = noteMsg{level: good, text: core.Count(n, "backup") + ": " + done + "."}
	}
	return r
}

// planDelete looks at what a deletion would take, and asks.
func (o operator) planDelete(ids []core.BackupID, force bool) tea.Cmd {
	desk := o.at.Desk()
	return tea.Batch(looking("Looking at what stands on "+core.Count(len(ids), "backup")), o.host.Tell(func(ctx context.Context) tea.Msg {
		p, err := desk.PlanDelete(ctx, ids, force)
		if err != nil {
			return failure(err)
		}
		return showMsg{o.askDelete(p)}
	}))
}

func (o operator) askDelete(p jobs.DeletePlan) overlay {
	s := o.host.Look()
	q := &questionBox{title: "Delete", look: s}
	verb := "Delete"
	if p.Force {
		q.title, verb = "Force-delete", "Force-delete"
	}
	order := "?"
	if len(p.Items) > 1 {
		order = ", in this order?"
	}
	q.lines = append(said(o.host.Look(), verb+" "+core.Count(len(p.Items), "backup")+order+" There is no way back."), line{})
	all, extra := []core.BackupID{}, 0
	for i := range p.Items {
		it := &p.Items[i]
		q.lines = append(q.lines, item(o.host.Look(), &it.Backup))
		all = append(all, it.Backup.ID)
		if it.Problem != nil {
			q.lines = append(q.lines, problem(o.host.Look(), it.Problem))
		}
		for j := range it.Dependents {
			l := item(o.host.Look(), &it.Dependents[j])
			l.sign = s.dialog.Paint("    └ ")
			q.lines = append(q.lines, l)
			all, extra = append(all, it.Dependents[j].ID), extra+1
		}
	}
	for _, w := range p.Warnings {
		q.lines = append(q.lines, warning(o.host.Look(), w))
	}
	if todo := p.Deletable(); len(todo) > 0 {
		_, words := idsOf(todo)
		if p.Force {
			words = append(words, "--force")
		}
		q.lines = append(q.lines, o.at.InShell(o.host.Look(), "delete", words...)...)
		q.answers = append(q.answers, answer{"y", fmt.Sprintf("%s %d", verb, len(todo)), func() tea.Cmd { return o.delete(p, len(todo)) }})
	}
	if extra > 0 {
		q.answers = append(q.answers, answer{"a", "Look at all " + core.Count(len(all), "backup"), func() tea.Cmd { return o.planDelete(all, p.Force) }})
	}
	return q
}

func (o operator) delete(p jobs.DeletePlan, n int) tea.Cmd {
	desk := o.at.Desk()
	ids, _ := idsOf(p.Deletable())
	_, cmd := o.at.Start(o.host, "deleting "+core.Count(n, "backup"), Touching(o.at, "backup", ids...),
		func(ctx context.Context, progress jobs.Progress) Result {
			results, err := desk.Delete(ctx, p, true, progress)
			return operated("deleted", results, err)
		})
	return cmd
}

// chooseStatus asks what a status is to be reset to, and plans it.
func (o operator) chooseStatus(ids []core.BackupID) tea.Cmd {
	statuses := []string{core.StatusAvailable, core.StatusError}
	return show(&menuBox{title: "Reset the status of " + core.Count(len(ids), "backup") + " to", pick: func(i int) tea.Cmd { return o.planReset(ids, statuses[i]) },
		items: []menuItem{{label: "available", hint: "it can be restored, exported and deleted again"}, {label: "error", hint: "it can be deleted"}}})
}

func (o operator) planReset(ids []core.BackupID, status string) tea.Cmd {
	desk := o.at.Desk()
	return tea.Batch(looking("Looking at "+core.Count(len(ids), "backup")), o.host.Tell(func(ctx context.Context) tea.Msg {
		p, err := desk.PlanReset(ctx, ids, status)
		if err != nil {
			return failure(err)
		}
		return showMsg{o.askReset(p)}
	}))
}

func (o operator) askReset(p jobs.ResetPlan) overlay {
	q := asking(o.host.Look(), "Reset the status", "Set "+core.Count(len(p.Items), "backup")+" to "+p.Status+"? Cinder looks at nothing then: the word changes, not the backup.\n", "Reset",
		func() tea.Cmd { return o.reset(p) })
	words := []string{}
	for i := range p.Items {
		it := &p.Items[i]
		q.lines = append(q.lines, item(o.host.Look(), &it.Backup))
		words = append(words, string(it.Backup.ID))
		if it.Says != "" {
			q.lines = append(q.lines, warning(o.host.Look(), it.Says))
		}
	}
	q.lines = append(q.lines, o.at.InShell(o.host.Look(), "reset", append(words, "--state", p.Status)...)...)
	return q
}

func (o operator) reset(p jobs.ResetPlan) tea.Cmd {
	desk := o.at.Desk()
	var ids []core.BackupID
	for i := range p.Items {
		ids = append(ids, p.Items[i].Backup.ID)
	}
	_, cmd := o.at.Start(o.host, "resetting "+core.Count(len(p.Items), "backup"), Touching(o.at, "backup", ids...),
		func(ctx context.Context, progress jobs.Progress) Result {
			results, err := desk.Reset(ctx, p, progress)
			return operated("set to "+p.Status, results, err)
		})
	return cmd
}

// editForm reads a backup and asks for its new texts.
func (o operator) editForm(id core.BackupID) tea.Cmd {
	desk := o.at.Desk()
	return o.host.Tell(func(ctx context.Context) tea.Msg {
		x, err := desk.Place.Backup(ctx, id)
		if err != nil {
			return failure(err)
		}
		was := []string{x.Name.Or(""), x.Description.Or(""), propertiesText(x.Metadata)}
		return showMsg{&formBox{title: "Edit " + core.Visible(x.Title()), fields: []formField{
			textField("name", was[0], "U takes the change back."), textField("description", was[1], "U takes the change back."),
			textField("properties", was[2], "key=value, and more after commas. They take the place of all that are there.")},
			submit: func(f *formBox) tea.Cmd { return o.edit(x, was, f) }}}
	})
}

// edit changes what was changed in the form.
func (o operator) edit(x core.Backup, was []string, f *formBox) tea.Cmd {
	var e core.BackupEdit
	words := []string{string(x.ID)}
	for i, to := range []**string{&e.Name, &e.Description} {
		if text := f.text(i); text != was[i] {
			*to = &text
			words = append(words, "--"+f.fields[i].label, text)
		}
	}
	if f.text(2) != was[2] {
		o, err := properties(f.text(2))
		if err != nil {
			again := f.again()
			return func() tea.Msg { return again(err) }
		}
		e.Metadata = o
		words = append(words, propertyWords(o)...)
	}
	if len(words) == 1 {
		return note(info, "Nothing was changed.")
	}
	desk := o.at.Desk()
	_, cmd := o.at.Start(o.host, "editing "+x.Title(), Touching(o.at, "backup", x.ID), func(ctx context.Context, _ jobs.Progress) Result {
		entry, err := desk.Edit(ctx, x.ID, e)
		return wrote(fmt.Sprintf("Changed, as journal entry %d; U takes it back. In a shell: %s", entry.ID, o.at.Command("edit", words...)), err)
	})
	return cmd
}

// properties reads key=value, …; propertiesText writes it.
func properties(text string) (*pyjson.Object, error) {
	o := &pyjson.Object{}
	for _, part := range strings.Split(text, ",") {
		key, value, ok := strings.Cut(part, "=")
		key = strings.TrimSpace(key)
		switch {
		case strings.TrimSpace(part) == "":
		case !ok || key == "":
			return nil, core.Fail(core.CodeUsage, "read the properties", part+" is not key=value", "write key=value, and more after commas", nil)
		default:
			o.Set(key, pyjson.OfString(strings.TrimSpace(value)))
		}
	}
	return o, nil
}

func propertiesText(o *pyjson.Object) string {
	var parts []string
	for k, v := range o.All() {
		parts = append(parts, k+"="+v.Text())
	}
	return strings.Join(parts, ", ")
}

func propertyWords(o *pyjson.Object) (words []string) {
	if o != nil && o.Len() == 0 {
		return []string{"--no-properties"}
	}
	for k, v := range o.All() {
		words = append(words, "--property", k+"="+v.Text())
	}
	return words
}
