package jobs

import (
	"context"
	"slices"

	"hearth/core"
)

// releases are those that the place may be of.
func (d Desk) releases() core.Releases { return d.Place.Info().Release }

// WeighRestore has a plan say whether its restore can be carried through ([Desk.Can]) and
// what goes wrong in some releases of Cinder ([core.Pitfalls]).
func (d Desk) WeighRestore(ctx context.Context, p *core.Plan, r core.RestoreRequest) error {
	can, falls, err := d.Weighed(ctx, CanRequest{Restore: r, Plan: p})
	if err == nil {
		p.Can = can
		p.Mind(falls)
	}
	return err
}

// Weighed is [Desk.Can], and beside it what goes wrong in some releases of Cinder.
func (d Desk) Weighed(ctx context.Context, r CanRequest) (core.Can, []core.Pitfall, error) {
	f, err := d.restoreFacts(ctx, r)
	if err != nil {
		return core.Can{}, nil, err
	}
	falls, err := d.ofRestore(ctx, &f)
	return f.Can(), falls, err
}

func (d Desk) ofRestore(ctx context.Context, f *core.RestoreFacts) (out []core.Pitfall, err error) {
	if !f.Backup.Known {
		return nil, nil
	}
	b := &f.Backup.V
	releases := d.releases()
	if f.Plan != nil && f.Plan.Release.Known() { // its captures may tell more
		releases = f.Plan.Release
	}
	g := core.PitfallFacts{Asked: core.OpRestore, Releases: releases, Backup: *b, Driver: f.Driver, Chain: f.Chain.V.Backups,
		Route: f.Request.Route, Services: f.Services, Encrypted: f.Encrypted}
	if plain := f.Encrypted.Known && !f.Encrypted.V; !plain {
		v, err := d.Place.Volume(ctx, b.VolumeID)
		if g.Source, err = told(v, err); err != nil {
			return nil, err
		}
	}
	return core.Pitfalls(&g), nil
}

// ofCreation is what goes wrong with a backup that is asked for. siblings are the volume's
// backups, where they were read.
func (d Desk) ofCreation(ctx context.Context, p *CreatePlan, siblings []core.Backup) ([]core.Pitfall, error) {
	g := core.PitfallFacts{Asked: core.OpCreate, Releases: d.releases(), Create: &p.Request, Siblings: siblings,
		Services: core.NotKnown[[]core.BackupService]("the place does not tell")}
	var err error
	if p.Parent != nil {
		g.Backup = *p.Parent
		if g.Driver, err = d.driverOf(ctx, p.Parent); err != nil {
			return nil, err
		}
		if g.Host, err = d.hostOf(ctx, p.Parent); err != nil {
			return nil, err
		}
	}
	if s, ok := d.surveyor(); ok {
		if g.Services, err = told(s.BackupServices(ctx)); err != nil {
			return nil, err
		}
	}
	return core.Pitfalls(&g), nil
}

// hostOf is where a backup was made: as its row has it, or a record of it that is kept.
func (d Desk) hostOf(ctx context.Context, b *core.Backup) (core.Fact[string], error) {
	if host := b.Host.Or(""); host != "" {
		return core.Knows(host), nil
	}
	if d.Archive != nil {
		kept, err := d.Archive.Records(ctx, d.location(), b.ID)
		if err != nil {
			return core.Fact[string]{}, err
		}
		for _, k := range kept {
			doc, err := core.DecodeRecord(k.Record.URL, core.Today)
			if host, ok := doc.Field("host").Str(); err == nil && ok && host != "" {
				return core.Knows(host), nil
			}
		}
	}
	return core.NotKnown[string]("no reply of the API names it, and no record of the backup is kept"), nil
}

// askedDrivers is how many backups of a deletion are asked for their drivers: a request or
// more for each.
const askedDrivers = 10

// ofDeletion is what goes wrong with the deletion of a backup. Where the place is not to be
// asked, its driver is known from what is at hand, or not at all.
func (d Desk) ofDeletion(ctx context.Context, b *core.Backup, force, ask bool) ([]core.Pitfall, error) {
	g := core.PitfallFacts{Asked: deleting(force), Releases: d.releases(), Backup: *b}
	var err error
	if ask || b.Status == core.StatusError {
		g.Driver, err = d.driverOf(ctx, b)
	} else if s := b.Service.Or(""); s != "" {
		g.Driver = core.Knows(s)
	}
	if err != nil {
		return nil, err
	}
	if ask && d.Archive != nil {
		said, err := d.Archive.Verified(ctx, b.ID)
		if err != nil {
			return nil, err
		}
		g.Damaged = slices.ContainsFunc(said, func(v core.Verified) bool { return v.Damages > 0 })
	}
	return core.Pitfalls(&g), nil
}

// mindImports adds to what is said of records what goes wrong with their import: where
// every release does so that the place may be of, they are refused.
func (d Desk) mindImports(checks []core.Check) {
	if d.Place.Info().Kind != core.PlaceCloud { // there hearth writes the rows itself
		return
	}
	for i := range checks {
		c := &checks[i]
		if !c.Found.OK() || c.Refused() {
			continue
		}
		g := core.PitfallFacts{Asked: core.OpImport, Releases: d.releases(), Driver: core.Knows(c.Found.Record.Service)}
		for _, p := range core.Pitfalls(&g) {
			level := core.LevelWarn
			if p.Sure {
				level = core.LevelRefuse
			}
			c.Findings = append(c.Findings, core.Finding{Level: level, Text: core.Visible(p.String())})
		}
	}
}
