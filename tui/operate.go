package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/jobs"
)

// What an admin does to backups all day. Each is planned first, off the loop; the
// plan is asked about; then it runs as a job, and what was shown is read anew.

// operates reports whether there is somebody in the place who does it.
func (a *app) operates() bool {
	_, ok := a.desk.Place.(store.Operator)
	return ok
}

// backupOperations are the keys of what is done to backups, wherever they are
// shown.
func (b base) backupOperations(current func() *core.Backup, chosen func() []core.BackupID, noRow func() string) []action {
	if !b.operates() && b.repository() == nil {
		return nil
	}
	may := func(op core.Operation) func() string {
		return func() string { return either(noRow(), b.cannot(op)) }
	}
	return []action{
		{keys: []string{"n"}, label: "new", minor: true, help: "Make another backup of its volume", why: may(core.OpCreate), run: func() tea.Cmd {
			x := current()
			return b.createForm([]core.VolumeID{x.VolumeID}, x.VolumeName.Or(string(x.VolumeID)))
		}},
		{keys: []string{"E"}, label: "edit", minor: true, help: "Change its name, description and properties", why: may(core.OpEdit), run: func() tea.Cmd { return b.editForm(current().ID) }},
		{keys: []string{"D"}, label: "delete", minor: true, help: "Delete it, or all that are marked, after showing what stands on them", why: may(core.OpDelete), run: func() tea.Cmd { return b.planDelete(chosen(), false) }},
		{keys: []string{"ctrl+d"}, help: "Force-delete it, or all that are marked: in any status", why: may(core.OpForceDelete), run: func() tea.Cmd { return b.planDelete(chosen(), true) }},
		{keys: []string{"Z"}, help: "Reset its status, or that of all marked, to available or error", why: may(core.OpReset), run: func() tea.Cmd { return b.chooseStatus(chosen()) }},
	}
}

// volumeOperations are the keys of what is done to volumes.
func (b base) volumeOperations(current func() *core.Volume, chosen func() []core.VolumeID, noRow func() string) []action {
	if !b.operates() {
		return nil
	}
	return []action{{keys: []string{"n"}, label: "back up", help: "Back it up, or all that are marked", why: func() string { return either(noRow(), b.cannot(core.OpCreate)) },
		run: func() tea.Cmd { return b.createForm(chosen(), current().Title()) }}}
}

// looking is said while a plan is made.
func looking(at string) tea.Cmd { return note(busy, at+"…") }

// item is the line of something that a question is about.
func (a *app) item(b *core.Backup) line {
	s := a.styles
	about := fmt.Sprintf("  %s, %s, %s old", b.Status, gib(b.Size), a.age(b.CreatedAt))
	return line{sign: s.dialog.Paint("- "), value: s.dialog.Paint(core.Visible(b.Title())) + s.dim.Paint("  "+core.Visible(b.ID.Short()+about))}
}

// warning is a line that warns, problem one that says why something cannot be.
func (a *app) warning(text string) line {
	return line{sign: a.styles.warn.Paint("! "), value: a.styles.warn.Paint(core.Visible(text))}
}

func (a *app) problem(err error) line {
	return line{sign: a.styles.bad.Paint("  ✗ "), value: a.styles.bad.Paint(core.Visible(whatOf(err)))}
}

func idsOf(backups []core.Backup) (ids []core.BackupID, words []string) {
	for _, b := range backups {
		ids, words = append(ids, b.ID), append(words, string(b.ID))
	}
	return ids, words
}

// operated tells how a job on several backups ended, item by item under e, and has
// the screens read anew.
func operated(done string, results []jobs.Result, err error) tea.Msg {
	var failures []error
	var gone goneMsg
	for _, r := range results {
		switch {
		case r.Err != nil:
			failures = append(failures, fmt.Errorf("%s: %w", core.Visible(r.Backup.Title()), r.Err))
		case r.Status == "":
			gone = append(gone, string(r.Backup.ID))
		}
	}
	return tell(gone, outcomeNote(done, results, failures, err))
}

// goneMsg names rows that are there no longer, by their keys.
type goneMsg []string

func outcomeNote(done string, results []jobs.Result, failures []error, err error) tea.Msg {
	switch n := len(results); {
	case len(failures) == 0 && err != nil, n == 1 && err != nil:
		return tell(failure(err), changedMsg{})
	case len(failures) > 0:
		all := core.Fail(core.CodePartial, done, fmt.Sprintf("%d of %s failed", len(failures), core.Count(n, "backup")), "e shows each", errors.Join(failures...))
		return tell(noteMsg{level: warn, text: all.Error(), err: all}, changedMsg{})
	case n == 1:
		return tell(noteMsg{level: good, text: core.Visible(results[0].Backup.Title()) + ": " + done + "."}, changedMsg{})
	default:
		return tell(noteMsg{level: good, text: core.Count(n, "backup") + ": " + done + "."}, changedMsg{})
	}
}

// planDelete looks at what a deletion would take, and asks.
func (b base) planDelete(ids []core.BackupID, force bool) tea.Cmd {
	desk := b.desk
	return tea.Batch(looking("Looking at what stands on "+core.Count(len(ids), "backup")), b.task(func(ctx context.Context) tea.Msg {
		p, err := desk.PlanDelete(ctx, ids, force)
		if err != nil {
			return failure(err)
		}
		return showMsg{b.askDelete(p)}
	}))
}

func (b base) askDelete(p jobs.DeletePlan) overlay {
	s := b.styles
	q := &questionBox{title: "Delete", styles: s}
	verb := "Delete"
	if p.Force {
		q.title, verb = "Force-delete", "Force-delete"
	}
	order := "?"
	if len(p.Items) > 1 {
		order = ", in this order?"
	}
	q.lines = append(b.said(verb+" "+core.Count(len(p.Items), "backup")+order+" There is no way back."), line{})
	all, extra := []core.BackupID{}, 0
	for i := range p.Items {
		it := &p.Items[i]
		q.lines = append(q.lines, b.item(&it.Backup))
		all = append(all, it.Backup.ID)
		if it.Problem != nil {
			q.lines = append(q.lines, b.problem(it.Problem))
		}
		for j := range it.Dependents {
			l := b.item(&it.Dependents[j])
			l.sign = s.dialog.Paint("    └ ")
			q.lines = append(q.lines, l)
			all, extra = append(all, it.Dependents[j].ID), extra+1
		}
	}
	for _, w := range p.Warnings {
		q.lines = append(q.lines, b.warning(w))
	}
	if todo := p.Deletable(); len(todo) > 0 {
		_, words := idsOf(todo)
		if p.Force {
			words = append(words, "--force")
		}
		q.lines = append(q.lines, b.inShell("delete", words...)...)
		q.answers = append(q.answers, answer{"y", fmt.Sprintf("%s %d", verb, len(todo)), func() tea.Cmd { return b.delete(p, len(todo)) }})
	}
	if extra > 0 {
		q.answers = append(q.answers, answer{"a", "Look at all " + core.Count(len(all), "backup"), func() tea.Cmd { return b.planDelete(all, p.Force) }})
	}
	return q
}

func (b base) delete(p jobs.DeletePlan, n int) tea.Cmd {
	desk := b.desk
	return b.start("deleting "+core.Count(n, "backup"), func(ctx context.Context, progress jobs.Progress) tea.Msg {
		results, err := desk.Delete(ctx, p, true, progress)
		return operated("deleted", results, err)
	})
}

// chooseStatus asks what a status is to be reset to, and plans it.
func (b base) chooseStatus(ids []core.BackupID) tea.Cmd {
	statuses := []string{core.StatusAvailable, core.StatusError}
	return show(&menuBox{title: "Reset the status of " + core.Count(len(ids), "backup") + " to", pick: func(i int) tea.Cmd { return b.planReset(ids, statuses[i]) },
		items: []menuItem{{label: "available", hint: "it can be restored, exported and deleted again"}, {label: "error", hint: "it can be deleted"}}})
}

func (b base) planReset(ids []core.BackupID, status string) tea.Cmd {
	desk := b.desk
	return tea.Batch(looking("Looking at "+core.Count(len(ids), "backup")), b.task(func(ctx context.Context) tea.Msg {
		p, err := desk.PlanReset(ctx, ids, status)
		if err != nil {
			return failure(err)
		}
		return showMsg{b.askReset(p)}
	}))
}

func (b base) askReset(p jobs.ResetPlan) overlay {
	q := b.asking("Reset the status", "Set "+core.Count(len(p.Items), "backup")+" to "+p.Status+"? Cinder looks at nothing then: the word changes, not the backup.\n", "Reset",
		func() tea.Cmd { return b.reset(p) })
	words := []string{}
	for i := range p.Items {
		it := &p.Items[i]
		q.lines = append(q.lines, b.item(&it.Backup))
		words = append(words, string(it.Backup.ID))
		if it.Says != "" {
			q.lines = append(q.lines, b.warning(it.Says))
		}
	}
	q.lines = append(q.lines, b.inShell("reset", append(words, "--state", p.Status)...)...)
	return q
}

func (b base) reset(p jobs.ResetPlan) tea.Cmd {
	desk := b.desk
	return b.start("resetting "+core.Count(len(p.Items), "backup"), func(ctx context.Context, progress jobs.Progress) tea.Msg {
		results, err := desk.Reset(ctx, p, progress)
		return operated("set to "+p.Status, results, err)
	})
}

// editForm reads a backup and asks for its new texts.
func (b base) editForm(id core.BackupID) tea.Cmd {
	desk := b.desk
	return b.task(func(ctx context.Context) tea.Msg {
		x, err := desk.Place.Backup(ctx, id)
		if err != nil {
			return failure(err)
		}
		was := []string{x.Name.Or(""), x.Description.Or(""), propertiesText(x.Metadata)}
		return showMsg{&formBox{title: "Edit " + core.Visible(x.Title()), fields: []formField{
			textField("name", was[0], "U takes the change back."), textField("description", was[1], "U takes the change back."),
			textField("properties", was[2], "key=value, and more after commas. They take the place of all that are there.")},
			submit: func(f *formBox) tea.Cmd { return b.edit(x, was, f) }}}
	})
}

// edit changes what was changed in the form.
func (b base) edit(x core.Backup, was []string, f *formBox) tea.Cmd {
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
	desk := b.desk
	return b.start("editing "+x.Title(), func(ctx context.Context, _ jobs.Progress) tea.Msg {
		entry, err := desk.Edit(ctx, x.ID, e)
		if err != nil {
			return tell(failure(err), changedMsg{})
		}
		return tell(noteMsg{level: good, text: fmt.Sprintf("Changed, as journal entry %d; U takes it back. In a shell: %s", entry.ID, b.command("edit", words...))}, changedMsg{})
	})
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
