package cinder_test

import (
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
)

// TestRealFailingClouds: a login that does not work says in a sentence why, and
// what to do.
func TestRealFailingClouds(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	if auth(t, entry(t, s.name))["password"] == nil {
		t.Skip("the cloud's login is no password")
	}
	dead := func() string { // an address where nothing listens
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}()
	for name, c := range map[string]struct {
		change func(e, auth map[string]any)
		code   core.Code
		says   []string
	}{
		"bad-password": {func(_, a map[string]any) { a["password"] = "wrong" }, core.CodeDenied, []string{"does not accept", "password"}},
		"bad-user":     {func(_, a map[string]any) { a["username"] = "nobody-" + run }, core.CodeDenied, []string{"does not accept"}},
		"bad-project": {func(_, a map[string]any) { delete(a, "project_id"); a["project_name"] = "none-" + run }, core.CodeDenied,
			[]string{"does not accept", "project"}},
		"bad-region": {func(e, _ map[string]any) { e["region_name"] = "Nowhere" }, core.CodeNotFound,
			[]string{"region Nowhere", "set region_name to"}},
		"dead-keystone": {func(_, a map[string]any) { a["auth_url"] = "http://" + dead + "/v3" }, core.CodeUnavailable,
			[]string{"nothing listens at " + dead}},
		"no-such-host": {func(_, a map[string]any) { a["auth_url"] = "http://no-such-host.invalid/v3" }, core.CodeUnavailable,
			[]string{"no-such-host.invalid"}},
		"no-keystone": {func(_, a map[string]any) { a["auth_url"] = s.endpoint }, core.CodeNotFound, []string{"no Keystone", "auth_url"}},
		"no-project": {func(_, a map[string]any) {
			for _, k := range []string{"project_name", "project_id", "project_domain_id", "project_domain_name", "tenant_name", "tenant_id"} {
				delete(a, k)
			}
		}, core.CodeUsage, []string{"names no project"}},
		"dead-cinder": {func(e, _ map[string]any) { e["block_storage_endpoint_override"] = "http://" + dead + "/v3" }, core.CodeUnavailable,
			[]string{"nothing listens at " + dead}},
		"no-cinder": {func(e, a map[string]any) { e["block_storage_endpoint_override"] = str(a["auth_url"]) + "/nothing" },
			core.CodeNotFound, []string{"block_storage_endpoint_override"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := entry(t, s.name)
			c.change(e, auth(t, e))
			withClouds(t, map[string]map[string]any{"test-" + name: e})
			began := time.Now()
			place, err := store.Open(s.ctx, store.Location{Scheme: "cloud", Rest: "test-" + name}, store.Options{})
			lerr := err
			if err == nil {
				defer place.Close()
				_, err = place.(store.Scoper).Scope(s.ctx)
				_, lerr = place.Backups(s.ctx, core.Query{})
			}
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("it took %v to say so", took)
			}
			sentence(t, name, err, c.code, c.says...)
			if lerr == nil || core.CodeOf(lerr) != core.CodeOf(err) {
				t.Errorf("the list says %v, and the scope %v", lerr, err)
			}
			if e, ok := err.(*core.Error); ok && e.Next == "" {
				t.Errorf("it does not say what to do: %v", err)
			}
		})
	}
}

func str(v any) string { s, _ := v.(string); return s }

// TestRealRefusals: what Cinder refuses becomes one sentence of the right kind, and
// hearth knows most of it beforehand.
func TestRealRefusals(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	p, o := s.desk.Place, s.desk.Place.(store.Operator)
	id := s.volume("refused", 1, nil)
	full := s.backup(id, "refused-full", false)
	s.backup(id, "refused-incr", true)
	large := s.volume("refused-large", 2, nil)
	big := s.backup(large, "refused-big", false)
	none := core.BackupID("00000000-dead-4000-8000-000000000000")

	err := func(_ any, err error) error { return err }
	sentence(t, "no such backup", err(p.Backup(s.ctx, none)), core.CodeNotFound)
	sentence(t, "no such volume", err(p.Volume(s.ctx, core.VolumeID(none))), core.CodeNotFound)
	sentence(t, "an odd id", err(p.Backup(s.ctx, "../volumes?x=y#z ü")), core.CodeNotFound)
	sentence(t, "export of nothing", err(p.(store.Exporter).Export(s.ctx, none)), core.CodeNotFound)
	sentence(t, "backup of nothing", err(o.CreateBackup(s.ctx, core.BackupRequest{Volume: core.VolumeID(none)})), core.CodeNotFound)
	sentence(t, "incremental without a parent", err(o.CreateBackup(s.ctx,
		core.BackupRequest{Volume: s.volume("refused-bare", 1, nil), Incremental: true, Name: named("x")})), core.CodeRefused, "incremental")
	sentence(t, "a name too long", err(o.CreateBackup(s.ctx, core.BackupRequest{Volume: id, Name: named(strings.Repeat("x", 256))})),
		core.CodeRefused)
	sentence(t, "a description with a line end",
		err(o.CreateBackup(s.ctx, core.BackupRequest{Volume: id, Name: named("x"), Description: "a\nb"})), core.CodeRefused, "description")
	sentence(t, "delete of a parent", o.DeleteBackup(s.ctx, full.ID, false), core.CodeRefused, "Incremental backups exist")
	sentence(t, "delete of nothing", o.DeleteBackup(s.ctx, none, false), core.CodeNotFound)
	sentence(t, "an odd status", o.ResetBackup(s.ctx, full.ID, "creating"), core.CodeRefused)
	sentence(t, "restore onto nothing", err(o.RestoreBackup(s.ctx, core.RestoreRequest{Backup: full.ID, Volume: core.VolumeID(none)})),
		core.CodeNotFound)
	sentence(t, "restore of nothing", err(o.RestoreBackup(s.ctx, core.RestoreRequest{Backup: none, Name: named("x")})), core.CodeNotFound)
	sentence(t, "restore onto a small volume", err(o.RestoreBackup(s.ctx, core.RestoreRequest{Backup: big.ID, Volume: id})),
		core.CodeRefused, "too small")

	im := p.(store.Importer)
	for what, url := range map[string]string{"no base64": "%%%% not base64 %%%%", "no JSON": "Z2FyYmFnZQ==", "no id": "e30=", "nothing": ""} {
		got, err := im.Import(s.ctx, []core.ImportItem{{ID: none,
			Record: core.Record{Service: "cinder.backup.drivers.posix.PosixBackupDriver", URL: url}}}, core.Entry{})
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %+v, %v", what, got, err)
		}
		sentence(t, "import of "+what, got[0].Err, core.CodeRefused)
	}

	// What hearth says before it sends anything.
	d := s.desk
	sentence(t, "planned: a small volume", d.CheckRestore(s.ctx, core.RestoreRequest{Backup: big.ID, Volume: id}), core.CodeRefused,
		"too small")
	plan, perr := d.PlanDelete(s.ctx, []core.BackupID{full.ID}, false)
	if perr != nil || len(plan.Items) != 1 || !plan.Sure || len(plan.Items[0].Dependents) != 1 {
		t.Errorf("the plan of a parent's deletion: %+v, %v", plan, perr)
	} else {
		sentence(t, "planned: delete of a parent", plan.Items[0].Problem, core.CodeRefused, "stands on it")
	}
}

// TestRealRoles: what a member and a reader may not do in any release that the cloud may be
// of hearth says beforehand, and the cloud says the same; what each of those lets them do the
// cloud does; and what only some do is asked, and the answer kept.
func TestRealRoles(t *testing.T) {
	realCloud(t, "HEARTH_TEST_CLOUD")
	for variable, role := range map[string]string{"HEARTH_TEST_MEMBER": "member", "HEARTH_TEST_READER": "reader"} {
		t.Run(role, func(t *testing.T) {
			if os.Getenv(variable) == "" {
				t.Skip(variable + " names no cloud of clouds.yaml")
			}
			s := openSite(t, os.Getenv(variable))       // before the maker, who clears away first: a reader of 29 cannot
			maker := realCloud(t, "HEARTH_TEST_MEMBER") // a reader may not make what it then may not change
			id := maker.volume("role", 1, nil)
			b := maker.backup(id, "role-"+role, false)
			record, doomed := core.Record{Service: "s", URL: "e30="}, b.ID // quotas may be small
			p, o := s.desk.Place, s.desk.Place.(store.Operator)
			a := p.(store.Allower)
			if _, err := p.Backup(s.ctx, b.ID); err != nil {
				t.Fatalf("it does not even see the backup: %v", err)
			}
			try := []struct {
				op core.Operation
				do func() error
			}{
				{core.OpExport, func() error { _, err := p.(store.Exporter).Export(s.ctx, b.ID); return err }},
				{core.OpImport, func() error {
					got, err := p.(store.Importer).Import(s.ctx, []core.ImportItem{{ID: "x", Record: record}}, core.Entry{})
					if err == nil {
						err = got[0].Err
					}
					return err
				}},
				{core.OpReset, func() error { return o.ResetBackup(s.ctx, b.ID, "available") }},
				{core.OpForceDelete, func() error { return o.DeleteBackup(s.ctx, b.ID, true) }},
				{core.OpCreate, func() error {
					made, err := o.CreateBackup(s.ctx, core.BackupRequest{Volume: id, Name: named("role")})
					if err == nil {
						doomed = made.ID
						maker.keepBackup(doomed)
						maker.await(id)
					}
					return err
				}},
				{core.OpEdit, func() error {
					text := named("role edited")
					return o.EditBackup(s.ctx, b.ID, core.BackupEdit{Name: &text})
				}},
				{core.OpRestore, func() error {
					_, err := o.RestoreBackup(s.ctx, core.RestoreRequest{Backup: b.ID, Volume: id})
					maker.await(id)
					return err
				}},
				{core.OpWriteVolume, func() error {
					v, err := p.Volume(s.ctx, id)
					if err != nil {
						return err
					}
					before := v.State()
					after := before.Clone()
					after.Metadata.Set("role", after.Name)
					_, err = p.(store.Writer).Rewrite(s.ctx, core.Rewrite{Volume: id, Before: before, After: after})
					return err
				}},
				{core.OpDelete, func() error { return o.DeleteBackup(s.ctx, doomed, false) }},
			}
			scope, err := p.(store.Scoper).Scope(s.ctx)
			if err != nil {
				t.Fatal(err)
			}
			login := core.Login{Roles: scope.Roles, Project: true}
			denied, open := 0, 0
			for _, c := range try {
				why := a.Denied(c.op)
				before, _ := core.Allowed(c.op, login, p.Info().Release, nil)
				err := c.do()
				forbidden := core.CodeOf(err) == core.CodeDenied
				switch {
				case (before == core.AnswerNo) != (why != ""):
					t.Errorf("hearth takes it for %s that a %s may %s, and says %q", before, role, c.op, why)
				case before == core.AnswerUnknown && (err == nil || forbidden):
					open++
				case why != "" && !forbidden:
					t.Errorf("hearth says that a %s may not %s (%s), and the cloud says %v", role, c.op, why, err)
				case why == "" && forbidden:
					t.Errorf("hearth lets a %s %s, and the cloud says %v", role, c.op, err)
				case why == "" && err != nil:
					t.Errorf("%s: %v", c.op, err)
				}
				if why != "" {
					denied++
					t.Logf("%s: %s", c.op, why)
					if jerr := (jobs.Desk{Place: p, Pace: jobs.Pace{Now: time.Now}}).Allowed(c.op); core.CodeOf(jerr) != core.CodeDenied {
						t.Errorf("%s: the jobs would try it: %v", c.op, jerr)
					}
				}
				if forbidden {
					sentence(t, string(c.op), err, core.CodeDenied)
					if again := a.Denied(c.op); !strings.Contains(again, "forbade") {
						t.Errorf("%s: after the cloud forbade it hearth says %q", c.op, again)
					}
				}
			}
			// All projects: the cloud gives the login's own and says nothing.
			if why := a.Denied(core.OpAllProjects); why == "" {
				t.Errorf("hearth does not say that a %s sees its own project only", role)
			}
			page, err := p.Backups(s.ctx, core.Query{})
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range page.Rows {
				if b.ProjectID != "" && b.ProjectID != page.Rows[0].ProjectID {
					t.Errorf("backup %s of project %s is shown", b.ID, b.ProjectID)
				}
			}
			t.Logf("%s at %s: %d of %d operations denied, %d left to the cloud", role, p.Info().Release.Text(), denied, len(try), open)
		})
	}
}
