package cinder

import (
	"context"
	"net/http"
	"net/url"

	"hearth/core"
)

// recordBody is a record as the API sends and takes it. Its texts are passed on
// byte for byte.
type recordBody struct {
	Record struct {
		Service string `json:"backup_service"`
		URL     string `json:"backup_url"`
	} `json:"backup-record"`
}

// Export exports a backup as a record. Cinder writes the backup's row meanwhile
// (host, updated_at), so the texts of two exports differ. The record names the
// parent and the service, which the API shows nowhere else.
func (p *Place) Export(ctx context.Context, id core.BackupID) (core.Record, error) {
	var body recordBody
	tried := "export backup " + string(id)
	err := p.session.ask(ctx, call{tried: tried, path: "/backups/" + url.PathEscape(string(id)) + "/export_record"}, &body)
	if p.noted(core.OpExport, err) != nil {
		return core.Record{}, err
	}
	r := core.Record{Service: body.Record.Service, URL: body.Record.URL}
	if r.URL == "" {
		return r, core.Fail(core.CodeUnreadable, tried, "the cloud answered without a record",
			"try it with openstack volume backup record export", nil)
	}
	if d, err := core.DecodeRecord(r.URL, core.Today); err == nil {
		p.parents.learnDriver(id, r.Service)
		p.parents.mu.Lock()
		if parent := d.ParentID(); parent != "" {
			p.parents.known[id] = parent
		}
		p.parents.mu.Unlock()
	}
	return r, nil
}

// ImportFacts asks the cloud what decides over an import: which of the ids are
// there, what the quota leaves, and which driver its backup service runs, which
// only an exported record tells: one of the newest available backups is exported
// for that if none was.
func (p *Place) ImportFacts(ctx context.Context, ids []core.BackupID) (core.ImportFacts, error) {
	f := core.ImportFacts{Existing: map[core.BackupID]string{}}
	for _, id := range ids {
		b, err := p.backup(ctx, id)
		switch {
		case err == nil:
			f.Existing[id] = b.Status
		case core.CodeOf(err) != core.CodeNotFound:
			return f, err
		}
	}
	var limits struct {
		Limits struct{ Absolute map[string]int64 }
	}
	if err := p.session.ask(ctx, call{tried: "ask for the quota", path: "/limits"}, &limits); err != nil {
		return f, err
	}
	a := limits.Limits.Absolute
	if _, ok := a["maxTotalBackups"]; ok {
		left := func(limit, used string) int64 {
			if a[limit] < 0 {
				return -1
			}
			return max(a[limit]-a[used], 0)
		}
		f.Quota = core.Some(core.Headway{Backups: left("maxTotalBackups", "totalBackupsUsed"),
			GiB: left("maxTotalBackupGigabytes", "totalBackupGigabytesUsed")})
	}
	pass, _ := p.session.current()
	project := pass.Project.Name
	if project == "" {
		project = string(pass.Project.ID)
	}
	f.Owner = "project " + core.Visible(project) + " and user " + core.Visible(pass.User) + " of " + p.name +
		", whoever they belonged to before"
	f.Services = p.services(ctx)
	return f, nil
}

// services are the drivers of the cloud's backup services, as far as known.
func (p *Place) services(ctx context.Context) []string {
	p.parents.mu.Lock()
	service := p.parents.service
	p.parents.mu.Unlock()
	if service == "" {
		q := url.Values{"status": {core.StatusAvailable}, "limit": {"1"}}
		if p.isAdmin() {
			q.Set("all_tenants", "1")
		}
		const tried = "learn which driver the backup service runs"
		if r, err := p.session.do(ctx, call{tried: tried, path: "/backups/detail", query: q, bounds: pageBounds(1)}); err == nil {
			if rows, _, _, err := pageOf[backupRow](tried, r.body, "backups"); err == nil && len(rows) > 0 {
				record, _ := p.Export(ctx, core.BackupID(rows[0].ID))
				service = record.Service
			}
		}
	}
	if service == "" {
		return nil
	}
	return []string{service}
}

// Import sends the records one by one, in the order given; each has a result of
// its own, and what was accepted is creating. Where an answer is lost the cloud is
// asked whether the backup is there: nothing is sent twice. The error is that of a
// call that was ended before all were sent.
func (p *Place) Import(ctx context.Context, items []core.ImportItem, _ core.Entry) ([]core.ImportResult, error) {
	if err := p.writable("import"); err != nil {
		return nil, err
	}
	var out []core.ImportResult
	for _, it := range items {
		r := core.ImportResult{ID: it.ID, Name: it.Name}
		if ctx.Err() != nil {
			r.Err = explain("import "+string(it.ID), ctx.Err())
			out = append(out, r)
			continue
		}
		if r.Err = p.importOne(ctx, it); r.Err == nil {
			r.Status = core.StatusCreating
		} else if b, here := p.arrived(ctx, it.ID, r.Err); here {
			r.Err, r.Status = nil, b.Status
		}
		out = append(out, r)
	}
	return out, nil
}

func (p *Place) importOne(ctx context.Context, it core.ImportItem) error {
	var body recordBody
	body.Record.Service, body.Record.URL = it.Record.Service, it.Record.URL
	_, err := p.session.do(ctx, call{tried: "import " + string(it.ID), method: http.MethodPost, path: "/backups/import_record", body: body,
		done: &tookImport, about: about{"id": string(it.ID)}})
	return p.noted(core.OpImport, err)
}

// arrived looks for a backup whose import got no answer.
func (p *Place) arrived(ctx context.Context, id core.BackupID, err error) (core.Backup, bool) {
	if !core.MayLand(err) {
		return core.Backup{}, false
	}
	b, err := p.backup(context.WithoutCancel(ctx), id)
	return b, err == nil
}
