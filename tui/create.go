package tui

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
)

// The fields of the form for a new backup.
const (
	newName = iota
	newDescription
	newIncremental
	newForce
	newSnapshot
	newContainer
	newProperties
	newZone
)

// createForm asks what a backup of a volume, or of each of several, is to be.
func (o operator) createForm(volumes []core.VolumeID, title string) tea.Cmd {
	if len(volumes) > 1 {
		title = core.Count(len(volumes), "volume")
	}
	return show(&formBox{title: "Back up " + core.Visible(title), submit: func(f *formBox) tea.Cmd { return o.planCreate(volumes, f) }, fields: []formField{
		textField("name", "", "Enter shows the plan before anything is done."),
		textField("description", "", ""),
		switchField("incremental", "Only what changed since the volume's newest backup, which the plan names: that one, and what it stands on, must stay."),
		switchField("force", "Also of a volume that is in use: what is being written at that moment is caught half-way."),
		textField("snapshot", "", "The id of a snapshot of the volume: its state is backed up instead."),
		textField("container", "", "Where the driver puts it; empty is the driver's choice."),
		textField("properties", "", "key=value, and more after commas."),
		textField("zone", "", "The availability zone; empty is Cinder's choice."),
	}})
}

// creating is the plan of a backup, or why there is none.
type creating struct {
	jobs.CreatePlan
	err error
}

// planCreate plans the backups, and asks.
func (o operator) planCreate(volumes []core.VolumeID, f *formBox) tea.Cmd {
	r := core.BackupRequest{Name: f.text(newName), Description: f.text(newDescription), Incremental: f.on(newIncremental), Force: f.on(newForce),
		Snapshot: f.text(newSnapshot), Container: f.text(newContainer), AvailabilityZone: f.text(newZone)}
	again := f.again()
	if text := f.text(newProperties); text != "" {
		o, err := properties(text)
		if err != nil {
			return func() tea.Msg { return again(err) }
		}
		r.Metadata = o
	}
	desk := o.at.Desk()
	return tea.Batch(looking("Looking at "+core.Count(len(volumes), "volume")), o.host.Tell(func(ctx context.Context) tea.Msg {
		var plans []creating
		for _, id := range volumes {
			r.Volume = id
			p, err := desk.PlanCreate(ctx, r)
			if err != nil && (len(volumes) == 1 || ctx.Err() != nil) {
				return again(err)
			}
			plans = append(plans, creating{p, err})
		}
		return showMsg{o.askCreate(plans)}
	}))
}

func (o operator) askCreate(plans []creating) overlay {
	s := o.host.Look()
	q := &questionBox{title: "Back up", look: s}
	var good []jobs.CreatePlan
	for _, p := range plans {
		v := &p.Volume
		what := "a full backup of "
		if p.Request.Incremental {
			what = "an incremental backup of "
		}
		name := v.Title()
		if v.ID == "" {
			name = string(p.Request.Volume)
		}
		q.lines = append(q.lines, line{sign: s.dialog.Paint("- "), value: s.dialog.Paint(what+core.Visible(name)) + s.dim.Paint("  "+core.Visible(fmt.Sprintf("%s, %s, %s", v.ID.Short(), v.Status, gib(v.Size))))})
		if p.Parent != nil {
			l := item(o.host.Look(), p.Parent)
			l.sign = s.dialog.Paint("    stands on ")
			q.lines = append(q.lines, l)
		}
		for _, w := range p.Warnings {
			q.lines = append(q.lines, warning(o.host.Look(), w))
		}
		if p.err != nil {
			q.lines = append(q.lines, problem(o.host.Look(), p.err))
			continue
		}
		good = append(good, p.CreatePlan)
	}
	if len(good) > 0 {
		q.lines = append(q.lines, line{}, text(s.dim.Paint("The capture of this moment is kept with it.")))
		for _, p := range good {
			q.lines = append(q.lines, o.at.InShell(o.host.Look(), "create", createWords(p.Request)...)...)
		}
		q.answers = []answer{{"y", "Back up", func() tea.Cmd { return o.create(good) }}}
	}
	return q
}

// createWords are the arguments of the verb.
func createWords(r core.BackupRequest) []string {
	words := []string{string(r.Volume)}
	for _, f := range []struct{ flag, value string }{{"--name", r.Name}, {"--description", r.Description}, {"--snapshot", r.Snapshot}, {"--container", r.Container}, {"--availability-zone", r.AvailabilityZone}} {
		if f.value != "" {
			words = append(words, f.flag, f.value)
		}
	}
	for _, f := range []struct {
		flag string
		on   bool
	}{{"--incremental", r.Incremental}, {"--force", r.Force}} {
		if f.on {
			words = append(words, f.flag)
		}
	}
	return append(words, propertyWords(r.Metadata)...)
}

// create makes the backups: one is followed to its end, several are asked for.
func (o operator) create(plans []jobs.CreatePlan) tea.Cmd {
	desk := o.at.Desk()
	what := "backing up " + plans[0].Volume.Title()
	if len(plans) > 1 {
		what = "backing up " + core.Count(len(plans), "volume")
	}
	var volumes []core.VolumeID
	for i := range plans {
		volumes = append(volumes, plans[i].Volume.ID)
	}
	_, cmd := o.at.Start(o.host, what, Touching(o.at, "volume", volumes...), func(ctx context.Context, progress jobs.Progress) Result {
		var results []jobs.Result
		var capture error
		for i, p := range plans {
			if ctx.Err() != nil {
				break
			}
			progress(jobs.Step{Done: i, Total: len(plans)})
			c, err := desk.Create(ctx, p, len(plans) == 1, progress)
			if c.CaptureErr != nil {
				capture = c.CaptureErr
			}
			if c.Backup.ID == "" { // it was not made, and has no name
				c.Backup.Name = core.Some("the backup of " + p.Volume.Title())
			}
			results = append(results, jobs.Result{Backup: c.Backup, Status: c.Backup.Status, Err: err})
		}
		return created(ctx, plans, results, capture)
	})
	return cmd
}

// created tells how the backups went.
func created(ctx context.Context, plans []jobs.CreatePlan, results []jobs.Result, capture error) Result {
	var err error
	if len(results) == 1 {
		err = results[0].Err
	}
	if len(results) < len(plans) {
		return wrote("", core.Fail(core.CodeCancelled, "back up all",
			fmt.Sprintf("it was cancelled after %d of %s", len(results), core.Count(len(plans), "volume")), "", ctx.Err()))
	}
	if err == nil && capture != nil {
		text := "Backed up, but the capture of that moment was not kept: " + whatOf(capture) + "."
		return Result{Note: noteMsg{level: warn, text: text, err: capture}, Changed: true}
	}
	done := "asked for; the list shows how they get on"
	if len(results) == 1 {
		done = "it is " + results[0].Status
	}
	return operated(done, results, err)
}
