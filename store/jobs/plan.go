package jobs

import (
	"context"
	"errors"
	"slices"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
)

// PlanRequest says what to plan.
type PlanRequest struct {
	Backup   core.BackupID  // what to restore; "" if Captures stand alone
	Captures []core.Capture // of the chain, full first, core.SourceUnknown for one nobody has; they stand in for what is kept
	Onto     core.VolumeID  // the target; "" for a new volume
	Name     string         // of the new volume; "" lets Cinder choose
	Rules    core.RuleSet
	Layers   core.Layers
	// Type is the name or id of the new volume's type, "" for the default one; Bare
	// as in core.Target. Size, in GiB, and Zone only count for whether it can be made;
	// 0 and "" are the backup's size and Cinder's choice.
	Type string
	Bare bool
	Size int64
	Zone string
	// Via is core.ViaDatabase for what Cinder's own restore does, core.ViaAPI for
	// what the API can be asked to do; "" is the latter for an existing volume of a
	// cloud. LeaveOut names fields that are then left as they are.
	Via      string
	LeaveOut []string
	// MetadataOnly: hearth is to write the metadata itself, without the data.
	MetadataOnly bool
	// Route is who makes a new volume ([Desk.Routed]); the zero Route: Plan chooses it
	// where a place restores.
	Route core.Route
}

// Plan makes a plan from the best sources there are for the captures: those
// handed in, those that Cinder stored, those kept, and at last the source volume as
// it is now, which is an assumption, and which is not held against itself. A layer of
// the chain that nobody has stays unknown. An error is only of what was asked for
// wrongly, or of a place that does not answer.
func (d Desk) Plan(ctx context.Context, r PlanRequest) (*core.Plan, error) {
	in := core.PlanInput{Backup: r.Backup, Rules: r.Rules, Layers: r.Layers, Collates: d.collates()}
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
		newest := &chain.Backups[len(chain.Backups)-1]
		in.Service, in.Source = newest.Service.Or(""), newest.VolumeID
		if auto := r.Layers == "" || r.Layers == core.LayersAuto; auto && in.Service == "" && (len(chain.Backups) > 1 || chain.Missing != "") {
			if driver, err := d.driverOf(ctx, newest); err == nil && driver.Known { // of a chain, it decides which layers come back
				in.Service = driver.V
			}
		}
	}
	var warnings []string
	var err error
	if in.Chain, warnings, err = d.layers(ctx, chain, r); err != nil {
		return nil, err
	}
	types, err := d.volumeTypes(ctx)
	if err != nil && core.CodeOf(err) != core.CodeDenied { // who may not see them is planned for without, and told so ([Desk.Can])
		return nil, err
	}
	if r, err = d.planRoute(ctx, r); err != nil {
		return nil, err
	}
	if in.Target, err = d.target(ctx, r, types); err != nil {
		return nil, err
	}
	if in.Target.Kind != core.TargetExisting && keyless(in.Chain) {
		if in.Target.Keyed, err = d.keyed(ctx, in.Target.DefaultType); err != nil {
			return nil, err
		}
	}
	for _, t := range types {
		in.VolumeTypes = append(in.VolumeTypes, t.ID)
	}
	if info := d.Place.Info(); (r.Rules == "" || r.Rules == core.RulesAuto) && info.Rules != core.RulesAuto {
		in.Rules, in.RulesWhy = info.Rules, info.RulesWhy
	}
	if in.Noting, err = d.noting(ctx, r, in); err != nil {
		return nil, err
	}
	if in.Alike, err = d.alike(ctx, &in); err != nil {
		return nil, err
	}
	p, err := d.via(ctx, core.NewPlan(in), r)
	if err != nil {
		return nil, err
	}
	p.Release = d.Place.Info().Release.And(core.CluesOf(p.Captures)...)
	warnings = append(warnings, d.beside(ctx, p)...)
	if few := tooFew(p, len(r.Captures)); few != "" {
		warnings = append(warnings, few)
	}
	if !r.MetadataOnly && p.Via != core.ViaAPI {
		d.laidOut(ctx, chain.Backups)
		rules := core.Newton // what a capture was written for does not tell who restores it
		if in.Rules == core.Icehouse {
			rules = in.Rules
		}
		for _, reason := range core.LayoutReasons(chain.Backups, rules, d.release(ctx, chain.Backups)) {
			p.Can.Add(reason)
		}
		if d.Place.Info().Kind == core.PlaceRepository {
			for _, reason := range core.UnsoundReasons(r.Backup, chain.Backups) {
				p.Can.Add(reason)
			}
		}
	}
	p.Warnings = append(warnings, p.Warnings...)
	if problem := chain.Problem(); problem != "" {
		p.Warnings = append([]string{problem + ": a restore of the data fails after it has touched the target"}, p.Warnings...)
	}
	return p, nil
}

// keyless reports whether no capture decides which key a volume has: those of version 2 do.
func keyless(chain []core.Layer) bool {
	return !slices.ContainsFunc(known(chain), func(c core.Capture) bool { return c.Version() == 2 })
}

// keyed reports whether Cinder makes a key for a new volume of a type, or may.
func (d Desk) keyed(ctx context.Context, of pyjson.Value) (bool, error) {
	if d.Place.Info().Kind == core.PlaceEmbedded {
		return false, nil
	}
	if of.IsNull() {
		return true, nil
	}
	encrypts := core.Fact[bool]{}
	var err error
	if s, ok := d.surveyor(); ok {
		encrypts, err = told(s.Encrypts(ctx, of.Text()))
	} else if e, ok := d.Place.(store.Encrypter); ok {
		yes, failed := e.TypeEncrypts(ctx, of.Text())
		encrypts, err = optional(yes, failed, "the database does not tell")
	}
	return !encrypts.Known || encrypts.V, err
}

// beside notes in a plan how a database that stands beside the place stands to it, and
// warns where it tells less than it could.
func (d Desk) beside(ctx context.Context, p *core.Plan) []string {
	c, ok := d.Place.(store.Companion)
	if !ok {
		return nil
	}
	switch p.Beside = c.Beside(ctx); p.Beside.Footing {
	case core.FootingUnknown:
		return []string{p.Beside.Text() + "; so this plan misses what a cloud does not tell: " + core.BesideHides}
	case core.FootingBehind:
		return []string{p.Beside.Text() + ": of what changed since, it tells only what never changes"}
	}
	return nil
}

// alike asks the place's database which of the keys that a plan is about it takes for the
// same: the captured ones, and those that the target has. nil where it cannot tell.
func (d Desk) alike(ctx context.Context, in *core.PlanInput) (map[core.Section]map[string]string, error) {
	c, ok := d.Place.(store.Collator)
	if !ok {
		return nil, nil
	}
	out := map[core.Section]map[string]string{}
	for _, s := range []core.Section{core.UserSection, core.ImageSection} {
		alike, err := c.Alike(ctx, s, keysOf(in, s))
		if err != nil {
			return nil, err
		}
		if alike != nil {
			out[s] = alike
		}
	}
	return out, nil
}

// keysOf are the keys of a section that captures and the target have.
func keysOf(in *core.PlanInput, s core.Section) (keys []string) {
	seen := map[string]bool{}
	add := func(o *pyjson.Object) {
		for key := range o.All() {
			if !seen[key] {
				seen[key] = true
				keys = append(keys, key)
			}
		}
	}
	for i := range in.Chain {
		for n := range in.Chain[i].Captures {
			add(in.Chain[i].Captures[n].Section(s))
		}
	}
	if v := in.Target.Volume; v != nil && s == core.UserSection {
		add(v.Metadata)
	}
	return keys
}

// byRelease reports whether it depends on the release of Cinder that restores whether one
// of these backups can be.
func byRelease(backups []core.Backup) bool {
	return slices.ContainsFunc(backups, func(b core.Backup) bool { return b.Layout.Says() != "" && !b.Layout.Bad() })
}

// release is the newest microversion of the place, where it depends on the release
// whether the backups can be restored; "" where it does not, or is not told.
func (d Desk) release(ctx context.Context, backups []core.Backup) string {
	if s, ok := d.Place.(store.Scoper); ok && byRelease(backups) {
		if scope, err := s.Scope(ctx); err == nil {
			return scope.Version
		}
	}
	return ""
}

// Weigh has a plan of a restore say whether it can be carried through, by all that
// its place tells ([Desk.WeighRestore]), where the place restores. Of one of the metadata alone
// it adds whether the login may change the volume.
func (d Desk) Weigh(ctx context.Context, p *core.Plan, r PlanRequest) error {
	_, restores := d.Place.(store.Operator)
	switch {
	case restores && p.Via == core.ViaAPI:
		var denied *core.Error
		if errors.As(d.Allowed(core.OpWriteVolume), &denied) {
			p.Can.Add(core.DeniedReason(denied))
		}
		return nil
	case !restores || r.Backup == "" || r.MetadataOnly:
		return nil
	}
	return d.WeighRestore(ctx, p, core.RestoreRequest{Backup: r.Backup, Volume: r.Onto, Name: r.Name, Type: r.Type, Route: r.Route,
		Size: r.Size, AvailabilityZone: r.Zone})
}

// via turns a plan into one of the API, where it is to be that.
func (d Desk) via(ctx context.Context, p *core.Plan, r PlanRequest) (*core.Plan, error) {
	switch {
	case r.Via != "" && r.Via != core.ViaAPI && r.Via != core.ViaDatabase:
		return nil, core.Fail(core.CodeUsage, "plan via "+r.Via, "there is no such way", "use api or database", nil)
	case r.Via == core.ViaAPI && r.Onto == "":
		return nil, core.Fail(core.CodeUsage, "plan via the API", "a new volume is made by a restore, which Cinder does itself",
			core.DoExistingVolume, nil)
	case !d.viaAPI(r):
		if len(r.LeaveOut) > 0 {
			return nil, core.Fail(core.CodeUsage, "leave out "+r.LeaveOut[0], "only a plan via the API leaves anything out",
				core.DoAlsoViaAPI, nil)
		}
		return p, nil
	}
	releases := d.imageReleases(ctx, p)
	q, err := p.ViaAPI(r.LeaveOut, core.LimitOfImages(releases))
	if err == nil {
		q.Mind(core.Pitfalls(&core.PitfallFacts{Asked: core.OpWriteVolume, Releases: releases, LongImages: q.LongImages()}))
	}
	return q, err
}

// viaAPI reports whether the plan is to be one of the API's calls.
func (d Desk) viaAPI(r PlanRequest) bool {
	return r.Onto != "" && (r.Via == core.ViaAPI || r.Via == "" && d.Place.Info().Kind == core.PlaceCloud)
}

// imageReleases are those that the place may be of; it is asked where they decide whether
// a value of image metadata is too long.
func (d Desk) imageReleases(ctx context.Context, p *core.Plan) core.Releases {
	s, ok := d.Place.(store.Scoper)
	if !ok || len(p.LongImages()) == 0 {
		return d.releases()
	}
	scope, err := s.Scope(ctx) // after which the place knows more of itself
	known := d.releases()
	if clue, tells := core.ClueOfAPI(scope.Version); err == nil && tells && !known.Known() {
		return known.And(clue)
	}
	return known
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
	_, restores := d.Place.(store.Operator) // there Can says so, with the plan beside it
	if r.Type != "" && len(types) > 0 && t.DefaultType.IsNull() && !restores {
		return t, core.Fail(core.CodeNotFound, "plan a restore", "there is no volume type "+r.Type, "", nil)
	}
	return t, nil
}
