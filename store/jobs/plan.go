package jobs

import (
	"context"
	"fmt"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
)

// PlanRequest says what to plan.
type PlanRequest struct {
	Backup   core.BackupID  // what to restore; "" if Captures stand alone
	Captures []core.Capture // of the chain, full first; they stand in for what is kept
	Onto     core.VolumeID  // the target; "" for a new volume
	Name     string         // of the new volume; "" lets Cinder choose
	Rules    core.RuleSet
	Layers   core.Layers
	// Type is the name or id of the new volume's type, "" for the default one; Bare
	// as in core.Target.
	Type string
	Bare bool
	// Via is core.ViaDatabase for what Cinder's own restore does, core.ViaAPI for
	// what the API can be asked to do; "" is the latter for an existing volume of a
	// cloud. LeaveOut names fields that are then left as they are.
	Via      string
	LeaveOut []string
	// Route is who makes a new volume ([Desk.Routed]); the zero Route: Plan chooses it
	// where a place restores.
	Route core.Route
}

// Plan makes a plan from the best sources there are for the captures: those
// handed in, those kept, and at last the source volume as it is now, which makes
// the plan a guess.
func (d Desk) Plan(ctx context.Context, r PlanRequest) (*core.Plan, error) {
	in := core.PlanInput{Backup: r.Backup, Rules: r.Rules, Layers: r.Layers, Captures: r.Captures}
	var chain core.Chain
	if r.Backup != "" {
		var err error
		if chain, err = d.Chain(ctx, r.Backup); err != nil {
			return nil, err
		}
		if len(chain.Backups) == 0 || chain.Missing == r.Backup {
			return nil, core.Fail(core.CodeNotFound, "plan a restore of "+string(r.Backup), "there is no such backup",
				"list them with hearth backups", nil)
		}
		in.Service = chain.Backups[len(chain.Backups)-1].Service.Or("")
	}
	var warnings []string
	if len(in.Captures) == 0 {
		var err error
		if in.Captures, warnings, err = d.chainCaptures(ctx, chain); err != nil {
			return nil, err
		}
	}
	types, err := d.volumeTypes(ctx)
	if err != nil {
		return nil, err
	}
	if r, err = d.planRoute(ctx, r); err != nil {
		return nil, err
	}
	if in.Target, err = d.target(ctx, r, types); err != nil {
		return nil, err
	}
	for _, t := range types {
		in.VolumeTypes = append(in.VolumeTypes, t.ID)
	}
	if info := d.Place.Info(); (r.Rules == "" || r.Rules == core.RulesAuto) && info.Rules != core.RulesAuto {
		in.Rules, in.RulesWhy = info.Rules, info.RulesWhy
	}
	p, err := d.via(ctx, core.NewPlan(in), r)
	if err != nil {
		return nil, err
	}
	if n, of := len(r.Captures), len(chain.Backups); n > 0 && n < of && p.Layers == core.LayersAll {
		warnings = append(warnings, fmt.Sprintf(
			"%s given, and the chain of the backup has %d layers: a restore puts back the metadata of each, and this plan only of those given",
			captures(n), of))
	}
	p.Warnings = append(warnings, p.Warnings...)
	if problem := chain.Problem(); problem != "" {
		p.Warnings = append([]string{problem + ": a restore of the data fails after it has touched the target"}, p.Warnings...)
	}
	return p, nil
}

// via turns a plan into one of the API, where it is to be that.
func (d Desk) via(ctx context.Context, p *core.Plan, r PlanRequest) (*core.Plan, error) {
	switch {
	case r.Via != "" && r.Via != core.ViaAPI && r.Via != core.ViaDatabase:
		return nil, core.Fail(core.CodeUsage, "plan via "+r.Via, "there is no such way", "use api or database", nil)
	case r.Via == core.ViaAPI && r.Onto == "":
		return nil, core.Fail(core.CodeUsage, "plan via the API", "a new volume is made by a restore, which Cinder does itself",
			"name an existing volume, or leave --via out", nil)
	case r.Via == core.ViaDatabase, r.Onto == "", r.Via == "" && d.Place.Info().Kind != core.PlaceCloud:
		if len(r.LeaveOut) > 0 {
			return nil, core.Fail(core.CodeUsage, "leave out "+r.LeaveOut[0], "only a plan via the API leaves anything out",
				"give --via api too", nil)
		}
		return p, nil
	}
	return p.ViaAPI(r.LeaveOut, d.imageLimit(ctx, p))
}

// imageLimit asks the place how old it is where that decides whether a value of
// image metadata is too long.
func (d Desk) imageLimit(ctx context.Context, p *core.Plan) int {
	s, ok := d.Place.(store.Scoper)
	if !ok {
		return 0
	}
	for _, v := range p.After.Image.All() {
		if pyjson.Len(v.Text()) > 255 {
			if scope, err := s.Scope(ctx); err == nil {
				return core.LimitOfImages(scope.Version)
			}
			return 0
		}
	}
	return 0
}

func captures(n int) string {
	if n == 1 {
		return "1 capture is"
	}
	return fmt.Sprintf("%d captures are", n)
}

func (d Desk) volumeTypes(ctx context.Context) ([]core.VolumeType, error) {
	t, ok := d.Place.(store.Typer)
	if !ok {
		return nil, nil
	}
	return t.VolumeTypes(ctx)
}

func (d Desk) target(ctx context.Context, r PlanRequest, types []core.VolumeType) (core.Target, error) {
	if r.Onto != "" {
		v, err := d.Place.Volume(ctx, r.Onto)
		return core.Target{Kind: core.TargetExisting, Volume: &v}, err
	}
	t := core.Target{Kind: core.TargetNew, Name: r.Name, Route: r.Route,
		Bare: r.Route.Way != core.WayHearth && (r.Bare || r.Type != "")}
	if r.Name != "" {
		t.Kind = core.TargetNewNamed
	}
	for _, typ := range types {
		if r.Type == "" && typ.Default || r.Type != "" && (typ.ID == r.Type || typ.Name == r.Type) {
			t.DefaultType = pyjson.OfString(typ.ID)
		}
	}
	if r.Type != "" && len(types) > 0 && t.DefaultType.IsNull() {
		return t, core.Fail(core.CodeNotFound, "plan a restore", "there is no volume type "+r.Type, "", nil)
	}
	return t, nil
}

// chainCaptures finds a capture for each layer of a chain. Layers without one
// are told of; if the backup asked for has none, the source volume as it is now
// stands in for it.
func (d Desk) chainCaptures(ctx context.Context, chain core.Chain) (captures []core.Capture, warnings []string, err error) {
	for i := range chain.Backups {
		b := &chain.Backups[i]
		stored, has, known, err := d.stored(ctx, b.ID)
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, nil, err
		case err != nil: // a repository out of reach is no reason to show nothing
			warnings = append(warnings, "the backup repository cannot be asked, so this plan rests on what else is known: "+err.Error())
		case has:
			captures = append(captures, stored)
			continue
		case known:
			warnings = append(warnings,
				fmt.Sprintf("Cinder stored no metadata with layer %d (%s): a restore passes over it", i+1, core.Visible(b.Title())))
			continue
		case d.source() != nil:
			warnings = append(warnings, fmt.Sprintf("the backup repository does not hold layer %d (%s)", i+1, core.Visible(b.Title())))
		}
		kept, err := d.KeptCaptures(ctx, b.VolumeID, b.ID)
		if err != nil {
			return nil, nil, err
		}
		if len(kept) > 0 {
			captures = append(captures, kept[0].Capture)
			continue
		}
		if i < len(chain.Backups)-1 {
			warnings = append(warnings,
				fmt.Sprintf("no capture of layer %d (%s) is known: it is left out of this plan", i+1, core.Visible(b.Title())))
			continue
		}
		now, _, err := d.Capture(ctx, b.VolumeID, 2)
		if err != nil {
			if core.CodeOf(err) != core.CodeNotFound {
				return nil, nil, err
			}
			return nil, nil, core.Fail(core.CodeNotFound, "plan a restore of "+b.Title(), "no capture of it is known, and its volume is gone",
				"hand the capture in with --capture: it is volume_meta in the _metadata object of the backup repository", err)
		}
		now.BackupID = b.ID
		captures = append(captures, now)
	}
	return captures, warnings, nil
}
