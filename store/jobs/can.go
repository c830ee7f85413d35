package jobs

import (
	"context"
	"errors"
	"strings"

	"hearth/core"
	"hearth/store"
)

// CanRequest asks whether a restore can be carried through.
type CanRequest struct {
	Restore core.RestoreRequest
	Plan    *core.Plan // what the rules make of it; nil: not weighed
}

// Can says whether a restore can be carried through, as far as the place lets it be
// known, and changes nothing. What is not there or not allowed is a reason; the error
// says that the place could not be asked.
func (d Desk) Can(ctx context.Context, r CanRequest) (core.Can, error) {
	f, err := d.restoreFacts(ctx, r)
	if err != nil {
		return core.Can{}, err
	}
	return f.Can(), nil
}

// Routed fills in what hearth chooses of a restore to a new volume: who makes the
// volume ([core.ChooseRoute]), and for an encrypted backup the type that it needs. A
// request that has its route is returned as it is.
func (d Desk) Routed(ctx context.Context, r core.RestoreRequest) (core.RestoreRequest, error) {
	if r.Route.Way != "" {
		return r, nil
	}
	b, err := d.Place.Backup(ctx, r.Backup)
	if err != nil {
		return r, err
	}
	f := core.RestoreFacts{Request: r, Backup: core.Knows(b)}
	err = d.route(ctx, &f)
	return f.Request, err
}

// planRoute is Routed for a plan: its volume is the one that the restore will have.
func (d Desk) planRoute(ctx context.Context, r PlanRequest) (PlanRequest, error) {
	if _, restores := d.Place.(store.Operator); !restores || r.Onto != "" || r.Backup == "" {
		return r, nil
	}
	routed, err := d.Routed(ctx, core.RestoreRequest{Backup: r.Backup, Name: r.Name, Type: r.Type, Route: r.Route})
	r.Type, r.Route = routed.Type, routed.Route
	return r, err
}

// restoreFacts gathers what decides over a restore.
func (d Desk) restoreFacts(ctx context.Context, r CanRequest) (core.RestoreFacts, error) {
	f := core.RestoreFacts{Request: r.Restore, Plan: r.Plan, Releases: d.releases()}
	b, err := d.Place.Backup(ctx, r.Restore.Backup)
	// What the login may do is known once the place has answered anything.
	if _, err := d.operator(core.OpRestore); err != nil && !errors.As(err, &f.Denied) {
		return f, err
	}
	switch {
	case core.CodeOf(err) == core.CodeNotFound:
		f.Backup = core.NotKnown[core.Backup]("there is no such backup as " + core.Visible(string(r.Restore.Backup)))
		return f, nil
	case err != nil:
		return f, err
	}
	f.Backup = core.Knows(b)
	for _, learn := range []func(context.Context, *core.RestoreFacts) error{
		d.standsOn, d.route, d.ofParents, d.onto, d.typeOfTarget, d.left, d.servedBy,
		d.verified} {
		if err := learn(ctx, &f); err != nil {
			return f, err
		}
	}
	return f, nil
}

// told makes a fact of an answer. One that did not come is a fact that is not known,
// and says why: a restore is not to wait for what it does not need. Only a user who
// gives up ends the gathering.
func told[T any](v T, err error) (core.Fact[T], error) {
	if err == nil {
		return core.Knows(v), nil
	}
	if core.CodeOf(err) == core.CodeCancelled || errors.Is(err, context.Canceled) {
		return core.Fact[T]{}, err
	}
	var e *core.Error
	if errors.As(err, &e) {
		return core.NotKnown[T](e.What), nil
	}
	return core.NotKnown[T](err.Error()), nil
}

// optional makes a fact of an answer that may be null.
func optional[T any](v core.Opt[T], err error, why string) (core.Fact[T], error) {
	f, err := told(v.V, err)
	if err == nil && f.Known && !v.Set {
		return core.NotKnown[T](why), nil
	}
	return f, err
}

func (d Desk) surveyor() (store.Surveyor, bool) {
	s, ok := d.Place.(store.Surveyor)
	return s, ok
}

// standsOn follows the backup's parents.
func (d Desk) standsOn(ctx context.Context, f *core.RestoreFacts) (err error) {
	chain, err := d.Chain(ctx, f.Backup.V.ID)
	if f.Chain, err = told(chain, err); f.Chain.Known {
		d.laidOut(ctx, f.Chain.V.Backups)
	}
	return err
}

// ofParents learns which drivers made what the backup stands on, where that of the
// backup is known.
func (d Desk) ofParents(ctx context.Context, f *core.RestoreFacts) error {
	if !f.Driver.Known {
		return nil
	}
	for i := range f.Chain.V.Backups {
		b := &f.Chain.V.Backups[i]
		driver, err := d.driverOf(ctx, b)
		if err != nil {
			return err
		}
		if driver.Known && b.ID != f.Backup.V.ID {
			b.Service = core.Some(driver.V)
		}
	}
	return nil
}

// route chooses the way, with what it depends on: the driver, and whether the backup
// is encrypted, with the type that it then needs.
func (d Desk) route(ctx context.Context, f *core.RestoreFacts) (err error) {
	if f.Driver, err = d.driverOf(ctx, &f.Backup.V); err != nil {
		return err
	}
	if f.Types, err = told(d.volumeTypes(ctx)); err != nil {
		return err
	}
	if f.Types.Known && f.Types.V == nil {
		f.Types = core.NotKnown[[]core.VolumeType]("the place does not tell its volume types")
	}
	if err = d.encryption(ctx, f); err != nil {
		return err
	}
	r := &f.Request
	switch {
	case r.Volume != "":
		r.Route = core.Route{Way: core.WayOnto}
	case r.Route.Way == "":
		r.Route = core.ChooseRoute(&f.Backup.V, f.Driver, f.Encrypted)
	}
	if r.Route.Way == core.WayHearth && r.Type == "" && f.NeedType.Known {
		r.Type = f.NeedType.V
	}
	return nil
}

// driverOf is the class of the driver that made a backup: as its row has it, its
// repository, a record of it that is kept, or the place when asked.
func (d Desk) driverOf(ctx context.Context, b *core.Backup) (core.Fact[string], error) {
	if service := b.Service.Or(""); service != "" {
		return core.Knows(service), nil
	}
	if p, ok := d.source().(store.Place); ok {
		stored, err := p.Backup(ctx, b.ID)
		if err == nil && stored.Service.Or("") != "" {
			return core.Knows(stored.Service.V), nil
		}
	}
	if d.Archive != nil {
		kept, err := d.Archive.Records(ctx, d.location(), b.ID)
		if err != nil {
			return core.Fact[string]{}, err
		}
		if len(kept) > 0 && kept[0].Record.Service != "" {
			return core.Knows(kept[0].Record.Service), nil
		}
	}
	const why = "the place does not tell it, and no record of the backup is kept"
	s, ok := d.surveyor()
	if !ok {
		return core.NotKnown[string](why), nil
	}
	service, err := s.Driver(ctx, b.ID)
	return optional(service, err, why)
}

// encryption learns whether the backup is encrypted, and the type that it then needs.
// The captures come first, as they are what Cinder goes by; then the backup's key,
// and the source volume as it is now.
func (d Desk) encryption(ctx context.Context, f *core.RestoreFacts) (err error) {
	b := &f.Backup.V
	if d.encryptedByCapture(ctx, f) {
		return nil
	}
	s, ok := d.surveyor()
	switch {
	case b.EncryptionKeyID.Or("") != "":
		f.Encrypted = core.Knows(true)
	case !ok:
		f.Encrypted = core.NotKnown[bool]("the place does not tell")
	default:
		keyed, err := s.Keyed(ctx, b.ID)
		if f.Encrypted, err = optional(keyed, err, "the API hides the fixed key of Cinder's own key manager"); err != nil {
			return err
		}
	}
	source, err := d.Place.Volume(ctx, b.VolumeID)
	if core.CodeOf(err) == core.CodeNotFound {
		f.NeedType = core.NotKnown[string]("its source volume is gone")
		return nil
	}
	if err != nil {
		return err
	}
	now := source.EncryptedNow()
	switch {
	case f.Encrypted.Known && f.Encrypted.V && now.Set && !now.V:
		f.NeedType = core.NotKnown[string]("its source volume has been retyped since: it is not encrypted any more")
	case f.Encrypted.Known && f.Encrypted.V:
		f.NeedType = typeOf(&source, f.Types)
	case now.Set && now.V:
		f.NeedType = typeOf(&source, f.Types)
		if f.Encrypted.Known { // and says no
			f.Encrypted = core.NotKnown[bool]("its row has no key, as those from before Queens")
		}
	case now.Set: // neither shows a key: only a retype since could have hidden it
		f.Encrypted = core.Knows(false)
	}
	return nil
}

// Encrypted says whether a backup's data is ciphertext, as far as that can be known: a
// key that the API hides is one, too.
func (d Desk) Encrypted(ctx context.Context, b core.Backup) (core.Fact[bool], error) {
	f := core.RestoreFacts{Backup: core.Knows(b)}
	err := d.encryption(ctx, &f)
	return f.Encrypted, err
}

// encryptedByCapture takes from the capture whether the backup is encrypted, and of
// which type; false where none is known that tells.
func (d Desk) encryptedByCapture(ctx context.Context, f *core.RestoreFacts) bool {
	b := &f.Backup.V
	kept, err := d.KeptCaptures(ctx, b.VolumeID, b.ID)
	if err != nil || len(kept) == 0 { // a repository out of reach is no reason to know less of the rest
		return false
	}
	c := &kept[0].Capture
	base := c.Section(core.BaseSection)
	key, tells := base.Get("encryption_key_id")
	stored := c.Source.Kind == core.SourceRepository
	switch {
	case !tells || c.Version() != 2:
		return false
	case !key.IsNull():
		f.Encrypted, f.NeedSure = core.Knows(true), stored
		f.NeedType = core.NotKnown[string]("the capture does not say")
		if id, ok := base.Get("volume_type_id"); ok && id.Text() != "" {
			f.NeedType = core.Knows(id.Text())
		}
		return true
	case stored:
		f.Encrypted = core.Knows(false)
	}
	return stored
}

// typeOf is the id of a volume's type; clouds before 3.63 show its name only.
func typeOf(v *core.Volume, types core.Fact[[]core.VolumeType]) core.Fact[string] {
	if v.VolumeTypeID.Set {
		return core.Knows(v.VolumeTypeID.V)
	}
	if v.VolumeType.Set {
		return typeCalled(v.VolumeType.V, types)
	}
	return core.NotKnown[string]("the place does not show the type of volume " + core.Visible(string(v.ID)))
}

// typeCalled is the id of the type of a name or id.
func typeCalled(name string, types core.Fact[[]core.VolumeType]) core.Fact[string] {
	for _, t := range types.V {
		if t.ID == name || t.Name == name {
			return core.Knows(t.ID)
		}
	}
	return core.NotKnown[string]("there is no type " + core.Visible(name) + " among those that the login sees")
}

// onto reads the volume that is to be overwritten.
func (d Desk) onto(ctx context.Context, f *core.RestoreFacts) error {
	if f.Request.Volume == "" {
		return nil
	}
	v, err := d.Place.Volume(ctx, f.Request.Volume)
	if core.CodeOf(err) == core.CodeNotFound {
		return nil
	}
	f.Target = &v
	return err
}

// typeOfTarget learns which type the target has, or will have, and whether that
// encrypts, where the backup may be encrypted.
func (d Desk) typeOfTarget(ctx context.Context, f *core.RestoreFacts) (err error) {
	switch r := &f.Request; {
	case f.Target != nil:
		f.TargetType = typeOf(f.Target, f.Types)
		if now := f.Target.EncryptedNow(); now.Set {
			f.TypeEncrypted = core.Knows(now.V)
			return nil
		}
	case r.Volume != "":
		return nil
	case r.Type != "":
		f.TargetType = typeCalled(r.Type, f.Types)
	default:
		f.TargetType = core.NotKnown[string]("the place does not tell its default type")
		for _, t := range f.Types.V {
			if t.Default {
				f.TargetType = core.Knows(t.ID)
			}
		}
	}
	s, ok := d.surveyor()
	if !ok || !f.TargetType.Known || f.Encrypted.Known && !f.Encrypted.V {
		return nil
	}
	f.TypeEncrypted, err = told(s.Encrypts(ctx, f.TargetType.V))
	return err
}

// left reads what the quota leaves, for a new volume, and how old the place is.
func (d Desk) left(ctx context.Context, f *core.RestoreFacts) (err error) {
	odd := f.Driver.Known && !core.IsChunked(f.Driver.V) && !core.IsCeph(f.Driver.V)
	if s, ok := d.Place.(store.Scoper); ok && (odd || byRelease(f.Chain.V.Backups)) {
		scope, err := s.Scope(ctx) // else the answer does not depend on it
		if err != nil {
			return err
		}
		f.Version = scope.Version
	}
	if f.Request.Volume != "" {
		return nil
	}
	s, ok := d.surveyor()
	if !ok {
		f.Quota = core.NotKnown[map[string]core.Allowance]("the place does not tell")
		return nil
	}
	f.Quota, err = told(s.Quota(ctx))
	return err
}

// servedBy lists the backup services, where the login may see them.
func (d Desk) servedBy(ctx context.Context, f *core.RestoreFacts) (err error) {
	if s, ok := d.surveyor(); ok {
		f.Services, err = told(s.BackupServices(ctx))
	}
	return err
}

// verified reads what verifications said of the chain, and where the place keeps its
// backups.
func (d Desk) verified(ctx context.Context, f *core.RestoreFacts) error {
	if p, ok := d.source().(store.Place); ok {
		f.Repository = p.Info().Location
	}
	if d.Archive == nil {
		return nil
	}
	for i := range f.Chain.V.Backups {
		said, err := d.Archive.Verified(ctx, f.Chain.V.Backups[i].ID)
		if err != nil {
			return err
		}
		f.Verified = append(f.Verified, said...)
	}
	return nil
}

// NoteVerified keeps what a verification of the place, a repository, said, so that who
// restores from there is told ([Desk.Can]).
func (d Desk) NoteVerified(ctx context.Context, reports []core.VerifyReport) error {
	if d.Archive == nil || d.Archive.ReadOnly != "" {
		return nil
	}
	sound := map[core.BackupID]bool{}
	for i := range reports {
		sound[reports[i].ID] = sound[reports[i].ID] || reports[i].Sound()
	}
	var kept []core.Verified
	for i := range reports { // of a backup that stands there twice, it is not known from which it is restored
		if r := &reports[i]; r.ID != "" && r.Sound() == sound[r.ID] {
			kept = append(kept, r.Kept(d.location(), d.Now()))
		}
	}
	return d.Archive.KeepVerified(context.WithoutCancel(ctx), kept)
}

// codesOf are the codes of errors whose reason is not that Cinder's rules refuse it.
var codesOf = map[string]core.Code{
	core.ReasonDenied: core.CodeDenied, core.ReasonReadOnly: core.CodeReadOnly, core.ReasonUnsupported: core.CodeUnsupported,
	core.ReasonBackupMissing: core.CodeNotFound, core.ReasonTargetMissing: core.CodeNotFound, core.ReasonTypeGone: core.CodeNotFound,
	core.ReasonServiceDown: core.CodeUnavailable,
}

// Blocked is the error of a restore that cannot be; nil where it can, or nobody knows.
// It tells every reason, and what to do about the first.
func Blocked(can core.Can) error {
	if can.Answer() != core.AnswerNo {
		return nil
	}
	var texts []string
	for _, r := range can.Reasons {
		if r.Answer == core.AnswerNo {
			texts = append(texts, r.Text)
		}
	}
	first := can.Reasons[0]
	code, ok := codesOf[first.Code]
	if !ok {
		code = core.CodeRefused
	}
	return first.Fail(code, tryRestore, strings.Join(texts, "; and "))
}
