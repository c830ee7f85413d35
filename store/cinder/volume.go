package cinder

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"hearth/core"
)

// MakeVolume asks for an empty volume (cinder/api/v3/volumes.py create). It is sent
// once; where its answer got lost, a volume of its name that was not there before is
// looked for.
func (p *Place) MakeVolume(ctx context.Context, r core.VolumeRequest) (core.MadeVolume, error) {
	tried := "make the volume " + r.Name
	if err := p.writable(tried); err != nil {
		return core.MadeVolume{}, err
	}
	before, err := p.named(ctx, r.Name)
	if err != nil {
		return core.MadeVolume{}, err
	}
	body := map[string]any{"size": r.Size}
	for key, v := range map[string]string{"name": r.Name, "description": r.Description, "volume_type": r.Type,
		"availability_zone": r.AvailabilityZone} {
		if v != "" {
			body[key] = v
		}
	}
	var made struct{ Volume struct{ ID string } }
	err = p.session.ask(ctx, call{tried: tried, method: http.MethodPost, path: "/volumes", body: map[string]any{"volume": body},
		done: &madeVolume, about: about{"name": r.Name}}, &made)
	switch {
	case err == nil:
		return core.MadeVolume{ID: core.VolumeID(made.Volume.ID)}, nil
	case core.MayLand(err):
		if id, ok := p.begun(context.WithoutCancel(ctx), core.RestoreRequest{}, r.Name, before); ok {
			return core.MadeVolume{ID: id, Inferred: true}, nil
		}
	}
	return core.MadeVolume{}, err
}

// DeleteVolume asks for a volume's deletion.
func (p *Place) DeleteVolume(ctx context.Context, id core.VolumeID) error {
	tried := "delete volume " + string(id)
	if err := p.writable(tried); err != nil {
		return err
	}
	_, err := p.session.do(ctx, call{tried: tried, method: http.MethodDelete, path: "/volumes/" + url.PathEscape(string(id)),
		done: &tookDeletion})
	if err == nil {
		if row, _, rerr := p.volumeDoc(ctx, id); rerr == nil || core.CodeOf(rerr) == core.CodeNotFound {
			p.noteVolume(id, row, rerr == nil)
		}
	}
	return err
}

// drivers are the classes of Cinder's backup drivers (cinder/backup/drivers), those
// that most clouds run first, and the modules by which rows from before Queens name
// them.
var drivers = func() (out []string) {
	classes := [][2]string{{"swift", "SwiftBackupDriver"}, {"ceph", "CephBackupDriver"}, {"nfs", "NFSBackupDriver"},
		{"s3", "S3BackupDriver"}, {"posix", "PosixBackupDriver"}, {"gcs", "GoogleBackupDriver"}, {"glusterfs", "GlusterfsBackupDriver"}}
	const room = "cinder.backup.drivers."
	for _, c := range classes {
		out = append(out, room+c[0]+"."+c[1])
	}
	for _, c := range classes {
		out = append(out, room+c[0])
	}
	return append(out, room+"google", room+"tsm.TSMBackupDriver", room+"tsm")
}()

// Driver finds out which driver made a backup. No reply of the API's says it, but to
// an administrator every column is a filter (semantics c.3), so that the few drivers
// that there are can be asked for.
func (p *Place) Driver(ctx context.Context, id core.BackupID) (core.Opt[string], error) {
	const tried = "learn which driver made the backup"
	if service, ok := p.parents.driver(id); ok {
		return core.Some(service), nil
	}
	last, sure := p.parents.lastDriver()
	if !sure {
		sure, err := p.filters(ctx, tried, id, "service", "hearth asks whether this is a filter")
		if !sure || err != nil {
			return core.Opt[string]{}, err
		}
	}
	candidates := drivers
	if last != "" { // one cloud has one driver as a rule
		candidates = append([]string{last}, drivers...)
	}
	for _, service := range candidates {
		yes, err := p.having(ctx, tried, id, "service", service)
		if err != nil {
			return core.Opt[string]{}, err
		}
		if yes {
			p.parents.learnDriver(id, service)
			return core.Some(service), nil
		}
	}
	return core.Opt[string]{}, nil
}

// fixedKey is the key of Cinder's own key manager (cinder/keymgr/conf_key_mgr.py),
// which the API hides as if there were none.
const fixedKey = "00000000-0000-0000-0000-000000000000"

// Keyed reports whether a backup has a key. One that is shown is one; of one that is
// not an administrator can ask whether it is the fixed one.
func (p *Place) Keyed(ctx context.Context, id core.BackupID) (core.Opt[bool], error) {
	const tried = "learn whether the backup is encrypted"
	b, err := p.backup(ctx, id)
	switch {
	case err != nil:
		return core.Opt[bool]{}, err
	case b.EncryptionKeyID.Or("") != "":
		return core.Some(true), nil
	case p.version() < vKey: // other keys are hidden, too
		return core.Opt[bool]{}, nil
	}
	if sure, err := p.filters(ctx, tried, id, "encryption_key_id", "hearth-asks-whether-this-is-a-filter"); !sure || err != nil {
		return core.Opt[bool]{}, err
	}
	yes, err := p.having(ctx, tried, id, "encryption_key_id", fixedKey)
	return core.Some(yes), err
}

// filters reports whether a column can be asked for: by a value that no row has, the
// backup is not found, where a cloud that drops the filter would list it.
func (p *Place) filters(ctx context.Context, tried string, id core.BackupID, column, never string) (bool, error) {
	if _, _, err := p.session.open(ctx); err != nil {
		return false, err
	}
	if !p.isAdmin() {
		return false, nil
	}
	there, err := p.having(ctx, tried, id, column, never)
	if code := core.CodeOf(err); code == core.CodeRefused || code == core.CodeDenied {
		return false, nil // another policy than the default one
	}
	return !there && err == nil, err
}

// having reports whether a backup is among those with a value in a column.
func (p *Place) having(ctx context.Context, tried string, id core.BackupID, column, value string) (bool, error) {
	q := url.Values{"all_tenants": {"1"}, "id": {string(id)}, column: {value}}
	r, err := p.session.do(ctx, call{tried: tried, path: "/backups", query: q, bounds: pageBounds(0)})
	if err != nil {
		return false, err
	}
	rows, _, _, err := pageOf[backupRow](tried, r.body, "backups")
	return slices.ContainsFunc(rows, func(b backupRow) bool { return b.ID == string(id) }), err
}

// Encrypts reports whether a volume type encrypts (cinder/api/contrib/
// volume_type_encryption.py index), which only an administrator may ask by default.
func (p *Place) Encrypts(ctx context.Context, volumeType string) (bool, error) {
	var body struct{ Provider string }
	err := p.session.ask(ctx, call{tried: "learn whether the volume type encrypts",
		path: "/types/" + url.PathEscape(volumeType) + "/encryption"}, &body)
	return body.Provider != "", err
}

// Quota reads the project's quota: with its lines of each type where the login may
// see those, else as its limits tell it.
func (p *Place) Quota(ctx context.Context) (map[string]core.Allowance, error) {
	const tried = "ask for the quota"
	if _, _, err := p.session.open(ctx); err != nil {
		return nil, err
	}
	pass, _ := p.session.current()
	if pass.Project.ID != "" {
		var body struct {
			Set map[string]any `json:"quota_set"`
		}
		err := p.session.ask(ctx, call{tried: tried, path: "/os-quota-sets/" + url.PathEscape(string(pass.Project.ID)),
			query: url.Values{"usage": {"true"}}}, &body)
		if q := quotaOf(body.Set); err == nil && len(q) > 0 {
			return q, nil
		}
		if code := core.CodeOf(err); err != nil && code != core.CodeDenied && code != core.CodeNotFound && code != core.CodeRefused {
			return nil, err
		}
	}
	var limits struct {
		Limits struct{ Absolute map[string]int64 }
	}
	if err := p.session.ask(ctx, call{tried: tried, path: "/limits"}, &limits); err != nil {
		return nil, err
	}
	a, out := limits.Limits.Absolute, map[string]core.Allowance{}
	for name, keys := range map[string][2]string{"volumes": {"maxTotalVolumes", "totalVolumesUsed"},
		"gigabytes": {"maxTotalVolumeGigabytes", "totalGigabytesUsed"}, "backups": {"maxTotalBackups", "totalBackupsUsed"},
		"backup_gigabytes": {"maxTotalBackupGigabytes", "totalBackupGigabytesUsed"}} {
		limit, limits := a[keys[0]]
		used, tells := a[keys[1]]
		if limits && limit >= 0 && !tells { // the limits themselves are everybody's to read, what is used is not
			return nil, core.Fail(core.CodeDenied, tried, "the cloud tells this login how much there is, and not how much of it is used", "", nil)
		}
		if limits {
			out[name] = core.Allowance{Limit: limit, Used: used}
		}
	}
	if len(out) == 0 {
		return nil, core.Fail(core.CodeUnsupported, tried, "the cloud tells of none", "", nil)
	}
	return out, nil
}

// quotaOf reads a quota set with its usage: {"volumes": {"limit", "in_use", "reserved"}}.
func quotaOf(set map[string]any) map[string]core.Allowance {
	out := map[string]core.Allowance{}
	for name, line := range set {
		fields, _ := line.(map[string]any)
		limit, ok := fields["limit"].(float64)
		if !ok {
			continue // its id
		}
		used, _ := fields["in_use"].(float64)
		reserved, _ := fields["reserved"].(float64)
		out[name] = core.Allowance{Limit: int64(limit), Used: int64(used + reserved)}
	}
	return out
}

// BackupServices lists the backup services (cinder/api/contrib/services.py index).
func (p *Place) BackupServices(ctx context.Context) ([]core.BackupService, error) {
	var body struct {
		Services []struct{ Binary, Host, Zone, Status, State string }
	}
	if err := p.session.ask(ctx, call{tried: "look whether a backup service is up", path: "/os-services",
		query: url.Values{"binary": {"cinder-backup"}}}, &body); err != nil {
		return nil, err
	}
	out := []core.BackupService{}
	for _, s := range body.Services {
		if s.Binary == "cinder-backup" {
			out = append(out, core.BackupService{Host: s.Host, Zone: s.Zone, Up: s.State == "up", Enabled: s.Status == "enabled"})
		}
	}
	return out, nil
}
