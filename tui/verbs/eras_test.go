package verbs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hearth/store"
)

// era is a bench at a repository that a release of Cinder wrote.
func era(t *testing.T, name string) *bench {
	t.Helper()
	dir := filepath.Join("..", "..", "testdata", "repository", "eras", name, "repo")
	p, err := store.Open(t.Context(), store.Location{Scheme: "posix", Rest: dir}, store.Options{Now: clockAt(noon)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return on(t, p)
}

// TestEraSaid: what today's Cinder makes of an old backup is said wherever one meets it.
func TestEraSaid(t *testing.T) {
	const says = "a Cinder of today puts each chunk one too far"
	for name, id := range map[string]string{"havana": "2d45c3b9", "juno": "", "kilo": "", "ocata-posix": ""} {
		b := era(t, name)
		wrong := name == "havana" || name == "juno"
		if id == "" {
			id = strings.Fields(b.run("backups", "-o", "value", "-c", "id").out)[0]
		}
		exit := map[bool]int{true: 6, false: 0}[wrong]
		for args, code := range map[string]int{"backups": 0, "backups -o json": 0, "inventory": 0, "export " + id: 0,
			"plan --new x " + id: exit, "verify": map[bool]int{true: 8}[wrong]} {
			got := b.run(strings.Fields(args)...)
			if got.code != code && !(strings.HasPrefix(args, "plan --new") && !wrong && got.code == 13) {
				t.Errorf("%s: %s ends with %d, want %d: %s", name, args, got.code, code, got.err)
			}
			if said := strings.Contains(strings.Join(strings.Fields(got.out+got.err), " "), says); said != wrong {
				t.Errorf("%s: %s says %+v", name, args, got)
			}
		}
		if got := b.run("plan", "--new", "x", "--rules", "icehouse", id); wrong && got.code == 6 {
			t.Errorf("%s: a Cinder of 2014 restores it rightly: %+v", name, got)
		}
		for _, o := range b.list("inventory", "-o", "json") {
			if by, _ := o.Get("written_by"); by.Text() == "" {
				t.Errorf("%s: %v", name, o)
			}
		}
	}
}

// TestImportOld: a record of Grizzly is refused with the way out, and goes in by it; a
// tenant that is named beside it can own it.
func TestImportOld(t *testing.T) {
	body, err := os.ReadFile("../../testdata/field/old-service.table")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := demo(t, store.World{Volumes: 1, Backups: -1})
	b.in = "tenant: acme\n" + string(body)
	const swift = "cinder.backup.drivers.swift.SwiftBackupDriver"
	if got := b.run("import", "--dry-run"); got.code != 6 ||
		!strings.Contains(got.err, swift+", and takes it under that; hearth import --service today has it so") ||
		!strings.Contains(got.err, "--owner acme") {
		t.Errorf("%+v", got)
	}
	if got := b.run("import", "--yes", "--service", "swift"); got.code != 2 {
		t.Errorf("%+v", got)
	}
	if got := b.run("import", "--yes", "--service", "today", "--owner", "acme"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	o := b.list("backups", "-o", "json")[0]
	service, _ := o.Get("service")
	project, _ := o.Get("project_id")
	if service.Text() != swift || project.Text() != "acme" {
		t.Errorf("%v", o)
	}
	b.in = `{"backup_id": "x", "volume_id": "v", "objects": [], "volume_meta": "{}"}`
	if got := b.run("import", "--dry-run"); got.code != 8 || !strings.Contains(got.err, "has the backup's capture and no record") {
		t.Errorf("%+v", got)
	}
}

// TestFieldPastes: what people really had in hand is read by verb as its README says, and
// goes in.
func TestFieldPastes(t *testing.T) {
	const grizzly = "6d5bb947-4f1b-48c0-8f85-d8fb1df8b6b4"
	for file, x := range map[string]struct {
		id, service string
		says        string
		old         bool
	}{
		"api-v1.xml":   {grizzly, "cinder.backup.drivers.swift", "", false},
		"py2-repr.txt": {grizzly, "cinder.backup.drivers.swift", "", false},
		"twice.page": {"69600f1f-ce9a-4a28-8503-6bb3d8a50671", "cinder.backup.drivers.ceph",
			"it stands here twice, and is one record", false},
		"old-service.table": {grizzly, "cinder.backup.drivers.swift.SwiftBackupDriver", "its service is cinder.backup.services.swift", true},
	} {
		t.Run(file, func(t *testing.T) {
			b, _ := demo(t, store.World{Volumes: 1, Backups: -1})
			paste := filepath.Join("../../testdata/field", file)
			code, args := 0, []string{"import", paste, "--yes"}
			if x.old {
				code, args = 6, append(args, "--service", "today")
			}
			got := b.run("decode", paste, "-o", "json")
			if got.code != 0 || !strings.Contains(got.out, x.id) {
				t.Errorf("decode: %+v", got)
			}
			if got := b.run("import", paste, "--dry-run"); got.code != code || !strings.Contains(got.err, x.says) ||
				!strings.Contains(got.err, "of 1 record would be imported") {
				t.Errorf("%+v", got)
			}
			if got := b.run(args...); got.code != 0 {
				t.Fatalf("%+v", got)
			}
			all := b.list("backups", "-o", "json")
			id, _ := all[0].Get("id")
			service, _ := all[0].Get("service")
			if len(all) != 1 || id.Text() != x.id || service.Text() != x.service {
				t.Errorf("%v", all)
			}
		})
	}
}
