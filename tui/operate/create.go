package operate

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/place"
	"hearth/tui/show"
	"hearth/tui/ui"
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
func (o operator) createForm(picked place.PickedVolumes, title string) tea.Cmd {
	if len(picked.IDs) > 1 {
		title = core.Count(len(picked.IDs), "volume")
	}
	return o.formOf(picked, title, "")
}

// createFrom asks what a backup made from a snapshot is to be.
func (o operator) createFrom(x *core.Snapshot) tea.Cmd {
	return o.formOf(place.PickedVolumes{IDs: []core.VolumeID{x.VolumeID}}, x.VolumeTitle()+" as of "+x.Title(), x.ID)
}

func (o operator) formOf(picked place.PickedVolumes, title string, from core.SnapshotID) tea.Cmd {
	snapshot := ui.TextField("snapshot", string(from), "The id of a snapshot of the volume: its state is backed up instead.").
		Checked(wrongSnapshot)
	if len(picked.IDs) == 1 {
		snapshot = snapshot.From(o.snapshotOffer(picked.IDs[0]))
	}
	return ui.Show(&ui.FormBox{Title: "Back up " + core.Visible(title),
		Submit: func(f *ui.FormBox) tea.Cmd { return o.planCreate(picked, f) }, Fields: []ui.FormField{
			ui.TextField("name", "", ui.KeyOf("form-go-on")+" shows the plan before anything is done.").Checked(tooLong),
			ui.TextField("description", "", "").Checked(tooLong),
			ui.SwitchField("incremental",
				"Only what changed since the volume's newest backup, which the plan names: that one, and what it stands on, must stay."),
			ui.SwitchField("force", "Also of a volume that is in use: what is being written at that moment is caught half-way."),
			snapshot,
			ui.TextField("container", "", "Where the driver puts it; empty is the driver's choice.").From(o.containerOffer()),
			ui.TextField("properties", "", propertiesHint).Checked(wrongProperties).Listed(propertyList),
			ui.TextField("zone", "", "The availability zone; empty is Cinder's choice.").From(o.zoneOffer()),
		}})
}

// creating is the plan of a backup, or why there is none.
type creating struct {
	jobs.CreatePlan
	err error
}

// planCreate plans the backups, and asks.
func (o operator) planCreate(picked place.PickedVolumes, f *ui.FormBox) tea.Cmd {
	r := core.BackupRequest{Name: f.Text(newName), Description: f.Text(newDescription), Incremental: f.On(newIncremental),
		Force:    f.On(newForce),
		Snapshot: f.Text(newSnapshot), Container: f.Text(newContainer), AvailabilityZone: f.Text(newZone)}
	again := f.Again()
	if text := f.Text(newProperties); text != "" {
		o, err := core.ParseProperties(text)
		if err != nil {
			return func() tea.Msg { return again(err) }
		}
		r.Metadata = o
	}
	desk, volumes := o.at.Desk(), picked.IDs
	return tea.Batch(ui.Looking("Looking at "+core.Count(len(volumes), "volume")), o.host.Tell(func(ctx context.Context) tea.Msg {
		var plans []creating
		for _, id := range volumes {
			r.Volume = id
			p, err := desk.PlanCreate(ctx, r)
			if err != nil && (len(volumes) == 1 || ctx.Err() != nil) {
				return again(err)
			}
			plans = append(plans, creating{p, err})
		}
		return ui.ShowMsg{Overlay: o.askCreate(plans, picked.Left)}
	}))
}

func (o operator) askCreate(plans []creating, left func(*core.Volume) string) ui.Overlay {
	s := o.host.Look()
	q := &ui.QuestionBox{Title: "Back up", Look: s}
	var good []jobs.CreatePlan
	for _, p := range plans {
		if p.err == nil {
			good = append(good, p.CreatePlan)
		}
	}
	q.Items, q.Item = len(plans), func(i int) []ui.Line { return creates(o.host.Look(), &plans[i]) }
	if len(good) > 0 {
		q.After = append(q.After, ui.Line{}, ui.TextLine(s.Dim.Paint("The capture of this moment is kept with it.")))
		if len(good) > ui.MostWords {
			q.After = append(q.After, ui.ShellIsNot(s, core.Count(len(good), "volume")+" are too many to list a command of each")...)
		} else {
			for _, p := range good {
				if holdsSecret(p.Request.Metadata) {
					q.After = append(q.After, ui.ShellIsNot(s, "its properties hold what may be a secret, which a shell's history would keep")...)
					continue
				}
				q.After = append(q.After, o.at.InShell(s, "create", []string{string(p.Request.Volume)}, createWords(p.Request)...)...)
			}
		}
		q.Answers = []ui.Answer{{Key: "y", Label: "Back up", Do: func() tea.Cmd { return o.create(good, left) }}}
	}
	return q.Guard(len(good), o.at.Info().Badge)
}

// creates are the lines of a volume in the question whether it is to be backed up.
func creates(s ui.Look, p *creating) []ui.Line {
	v := &p.Volume
	what := "a full backup of "
	if p.Request.Incremental {
		what = "an incremental backup of "
	}
	name := v.Title()
	if v.ID == "" {
		name = string(p.Request.Volume)
	}
	lines := []ui.Line{{
		Sign: s.InDialog.Paint("- "),
		Value: s.InDialog.Paint(what+core.Visible(name)) +
			s.Dim.Paint("  "+core.Visible(fmt.Sprintf("%s, %s, %s", v.ID.Short(), v.Status, show.GiB(v.Size)))),
	}}
	if p.Parent != nil {
		l := show.Item(s, p.Parent)
		l.Sign = s.InDialog.Paint("    stands on ")
		lines = append(lines, l)
	}
	for _, w := range p.Warnings {
		lines = append(lines, show.Warning(s, w))
	}
	if p.err != nil {
		lines = append(lines, show.Problem(s, p.err))
	}
	return lines
}

// createWords are the flags of the verb.
func createWords(r core.BackupRequest) (words []string) {
	for _, f := range []struct{ flag, value string }{
		{"--name", r.Name},
		{"--description", r.Description},
		{"--snapshot", r.Snapshot},
		{"--container", r.Container},
		{"--availability-zone", r.AvailabilityZone},
	} {
		if f.value != "" {
			words = append(words, place.Flag(f.flag, f.value))
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
func (o operator) create(plans []jobs.CreatePlan, left func(*core.Volume) string) tea.Cmd {
	desk := o.at.Desk()
	what := "backing up " + plans[0].Volume.Title()
	if len(plans) > 1 {
		what = "backing up " + core.Count(len(plans), "volume")
	}
	var volumes []core.VolumeID
	for i := range plans {
		volumes = append(volumes, plans[i].Volume.ID)
	}
	_, cmd := o.at.Start(o.host, what, place.Touching(o.at, "volume", volumes...),
		func(ctx context.Context, progress jobs.Progress) ui.Result {
			var results []jobs.Result
			var capture error
			for i, p := range plans {
				if ctx.Err() != nil {
					break
				}
				progress(jobs.Step{Done: i, Total: len(plans)})
				err := leave(ctx, desk, left, p.Volume)
				c := jobs.Created{}
				if err == nil {
					c, err = desk.Create(ctx, p, len(plans) == 1, progress)
				}
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

// leave says why a volume whose turn has come is left alone; nil if it is not.
func leave(ctx context.Context, desk jobs.Desk, left func(*core.Volume) string, v core.Volume) error {
	if left == nil {
		return nil
	}
	now, err := desk.Place.Volume(ctx, v.ID)
	if err != nil {
		return err
	}
	if why := left(&now); why != "" {
		return core.Fail(core.CodeConflict, "back up "+v.Title(), why, "it was left alone; mark it by itself if it is meant", nil)
	}
	return nil
}

// created tells how the backups went.
func created(ctx context.Context, plans []jobs.CreatePlan, results []jobs.Result, capture error) ui.Result {
	var err error
	if len(results) == 1 {
		err = results[0].Err
	}
	if len(results) < len(plans) {
		return ui.Wrote("", core.Fail(core.CodeCancelled, "back up all",
			fmt.Sprintf("it was cancelled after %d of %s", len(results), core.Count(len(plans), "volume")), "", ctx.Err()))
	}
	if err == nil && capture != nil {
		text := "Backed up, but the capture of that moment was not kept: " + ui.WhatOf(capture) + "."
		return ui.Result{Note: ui.Note{Level: ui.LevelWarn, Text: text, Err: capture}, Changed: true}
	}
	done := "asked for; the list shows how they get on"
	if len(results) == 1 {
		done = "it is " + results[0].Status
	}
	return place.Operated(done, results, err)
}
