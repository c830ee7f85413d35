package tui

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/store/storetest"
	"hearth/tui/ui"
)

// tenanted are two records, the first with the project beside it that somebody wrote there.
func tenanted(t testing.TB) string {
	return "tenant: acme\n" + sample(t, "db-prod-full.openstack.json") + "\n" + sample(t, "web-root-full.openstack.json")
}

// TestOwnerChosen: where hearth writes the rows, a project that a paste names beside a
// record is offered as the owner of what it stands beside, and any other can be typed.
func TestOwnerChosen(t *testing.T) {
	p := demo(t, store.World{})
	r := newRig(t, p, 160, 45)
	r.send(tea.PasteMsg{Content: tenanted(t)})
	r.want("owner: each keeps the project", "the text names the tenant acme beside it", "choose it as the owner (o)")
	r.press("o").want("Who is to own them", "whom each record names", "acme", "named beside 1 of 2 records", "another project…")
	r.press("#2").said(ui.LevelInfo, "Owner: project acme, whatever the records name.")
	r.want("owner: project acme", "[x] db-prod-full", "[ ] web-root-full", "beside it, which is to own it").wantNot("choose it as the owner")
	r.press("i").want("Import 1 backup into demo?", "Owner: project acme, whatever the records name.").press("y")
	r.said(ui.LevelGood, "1 backup imported; b lists them")
	b, err := p.Backup(t.Context(), importOn(r).checks[0].ID)
	if err != nil || b.ProjectID != "acme" {
		t.Errorf("it is the project %q's, %v", b.ProjectID, err)
	}
	r.press("o", "#1").want("owner: each keeps the project", "[x] web-root-full")
	r.press("o", "#3").typeText("other").press("enter").want("owner: project other")
	r.send(tea.PasteMsg{Content: sample(t, "win-root.openstack.yaml")})
	r.want("owner: each keeps the project") // another paste, another owner
}

const acme = "ac3e0000000000000000000000000000"

// owned opens the screens over a cloud whose login has a role in the projects too.
func owned(t *testing.T, projects map[string]string) (*rig, *storetest.API) {
	t.Helper()
	api := storetest.NewAPI(t)
	api.Projects = projects
	storetest.Clouds(t, map[string]*storetest.API{"lab": api})
	clock := func() time.Time { return storetest.Now }
	books, err := archive.Open(t.Context(), filepath.Join(t.TempDir(), "archive.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { books.Close() })
	fill := func(d *jobs.Desk) {
		d.Archive, d.Now, d.Sleep = books, clock, func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	}
	open := func(ctx context.Context, location string) (jobs.Desk, func() error, error) {
		l, err := store.ParseLocation(location)
		if err != nil {
			return jobs.Desk{}, nil, err
		}
		p, err := store.Open(ctx, l, store.Options{Now: clock})
		if err != nil {
			return jobs.Desk{}, nil, err
		}
		d := jobs.Desk{Place: p, Who: "ops@console"}
		fill(&d)
		return d, p.Close, nil
	}
	d, closing, err := open(t.Context(), "cloud:lab")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing() })
	return newRigWith(t, d.Place, 160, 45, Options{Open: open}, fill), api
}

// TestOwnerInCloud: a cloud gives an import to the project of the login, so that a project
// that a paste names is entered with the same login, the records are checked there, and
// are sent there; where the login has no role in it, that is said, and what to do.
func TestOwnerInCloud(t *testing.T) {
	r, api := owned(t, map[string]string{acme: "acme"})
	r.send(tea.PasteMsg{Content: tenanted(t)})
	r.want("owner: project ops and user admin of lab")
	r.press("o").want("the project of this login", "named beside 1 of 2 records").press("#2")
	r.said(ui.LevelInfo, "Owner: project acme and user admin of lab").want("owner: project acme", "[x] db-prod-full", "[ ] web-root-full")
	r.press("i").want("Import 1 backup into cloud:lab/"+acme+"?", "Owner: project acme").press("y")
	r.said(ui.LevelGood, "1 backup imported into cloud:lab/"+acme+"; c goes there.")
	sent := api.Writes()
	if len(sent) == 0 || slices.ContainsFunc(sent, func(w string) bool { return !strings.HasSuffix(w, " in acme") }) {
		t.Errorf("sent: %q", sent)
	}
	r.press("o", "#1").want("owner: project ops", "[x] web-root-full").press("i", "y")
	if w := api.Writes(); len(w) != len(sent)+1 || strings.Contains(w[len(sent)], " in ") {
		t.Errorf("sent: %q", w)
	}

	r.press("o", "#3").typeText("nobody").press("enter")
	r.said(ui.LevelBad, "the login of cloud:lab has no role in a project of that name or id; it has one in acme, ops")
	if n := r.lastNote(); core.CodeOf(n.Err) != core.CodeNotFound || !strings.Contains(n.Err.Error(), "openstack role add") {
		t.Error(n.Err)
	}
	r.want("owner: project ops") // as it was
}

// TestFieldPastes: what people really had in hand is read on screen as its README says,
// and goes in.
func TestFieldPastes(t *testing.T) {
	const swift = "cinder.backup.drivers.swift.SwiftBackupDriver"
	for file, x := range map[string]struct {
		id, service string
		shows       []string
		keys        []string
	}{
		"api-v1.xml":   {"6d5bb947-4f1b-48c0-8f85-d8fb1df8b6b4", "cinder.backup.drivers.swift", nil, nil},
		"py2-repr.txt": {"6d5bb947-4f1b-48c0-8f85-d8fb1df8b6b4", "cinder.backup.drivers.swift", nil, nil},
		"twice.page": {"69600f1f-ce9a-4a28-8503-6bb3d8a50671", "cinder.backup.drivers.ceph.CephBackupDriver",
			[]string{"it stands here twice, and is one record"}, nil},
		"old-service.table": {"6d5bb947-4f1b-48c0-8f85-d8fb1df8b6b4", swift,
			[]string{"its service is cinder.backup.services.swift", swift}, []string{"s"}},
	} {
		t.Run(file, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("..", "testdata", "field", file))
			if err != nil {
				t.Fatal(err)
			}
			p := demo(t, store.World{})
			r := newRig(t, p, 160, 45)
			r.send(tea.PasteMsg{Content: strings.ReplaceAll(string(text), "\n", "\r")}) // as terminals send line ends
			r.want("1 record ").want(x.shows...)
			if refused := x.keys != nil; refused {
				r.press("i").said(ui.LevelWarn, "none is chosen")
			}
			r.press(x.keys...)
			r.said(ui.LevelInfo, "1 can be imported").press("i", "y").said(ui.LevelGood, "1 backup imported")
			b, err := p.Backup(t.Context(), core.BackupID(x.id))
			if err != nil || b.Service.Or("") != x.service || b.Status != core.StatusAvailable {
				t.Errorf("%+v, %v", b, err)
			}
		})
	}
}
