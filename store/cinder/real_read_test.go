package cinder_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
)

// program is the built hearth in a home of its own.
func program(t *testing.T) func(args ...string) string {
	t.Helper()
	home := t.TempDir()
	file := filepath.Join(t.TempDir(), "hearth")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", file, "../..").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	env := append(os.Environ(), "XDG_CONFIG_HOME="+home, "XDG_DATA_HOME="+home, "XDG_CACHE_HOME="+home)
	return func(args ...string) string {
		t.Helper()
		return output(t, env, file, args...)
	}
}

func output(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = env
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = errors.New(string(exit.Stderr))
		}
		t.Fatalf("%s %q: %v", filepath.Base(name), args, err)
	}
	return string(out)
}

// openstack runs the openstack client, where there is one.
func openstack(t *testing.T, cloud string, args ...string) string {
	t.Helper()
	const client = "/usr/bin/openstack" // another Python may come first in PATH
	if _, err := os.Stat(client); err != nil {
		t.Skip("there is no " + client + " to compare with")
	}
	return output(t, nil, client, append([]string{"--os-cloud", cloud}, args...)...)
}

func items(t *testing.T, text string) []pyjson.Value {
	t.Helper()
	v, err := pyjson.Parse(text)
	if err != nil {
		t.Fatalf("%v: %.200s", err, text)
	}
	return v.Items()
}

// TestRealList: the program's list of all projects is the openstack client's.
func TestRealList(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	s.backup(s.volume("listed", 1, nil), "listed", false)
	hearth := program(t)
	theirs := items(t, openstack(t, s.name, "volume", "backup", "list", "--long", "--all-projects", "-f", "json"))
	fields := map[string]string{
		"ID":                "id",
		"Name":              "name",
		"Description":       "description",
		"Status":            "status",
		"Size":              "size",
		"Availability Zone": "availability_zone",
		"Volume":            "volume_id",
		"Container":         "container",
		"Incremental":       "is_incremental",
		"Created At":        "created_at",
	}
	for _, way := range []string{"logging in", "with a kept token"} {
		ours := items(t, hearth("backups", "--cloud", s.name, "--all-projects", "-o", "json"))
		if len(ours) != len(theirs) {
			t.Fatalf("%s: hearth lists %d backups, the openstack client %d", way, len(ours), len(theirs))
		}
		compared := 0
		for i, their := range theirs {
			for title, key := range fields {
				want, ok := their.Object().Get(title)
				if !ok {
					continue
				}
				compared++
				if got := at(ours[i].Object(), key); !got.Equal(want) {
					t.Errorf("row %d: %s is %s, and the openstack client has %s", i, key, pyjson.Text(got), pyjson.Text(want))
				}
			}
		}
		t.Logf("%s: %d backups, %d fields compared", way, len(ours), compared)
	}
}

// TestRealFields: every field of the API's own answer is in hearth's, for every
// backup of the list and for every volume that can be read.
func TestRealFields(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	s.backup(s.volume("fields", 1, dict{"metadata": dict{"a": "b"}}), "fields", false)
	page, err := s.desk.Place.Backups(s.ctx, core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	theirs := map[string]*pyjson.Object{}
	for _, v := range s.list("backups") {
		theirs[at(v.Object(), "id").Text()] = v.Object()
	}
	compared := 0
	for i := range page.Rows {
		b := &page.Rows[i]
		doc, ours := theirs[string(b.ID)], b.Object()
		for api, name := range map[string]string{
			"name":                              "display_name",
			"description":                       "display_description",
			"status":                            "status",
			"size":                              "size",
			"volume_id":                         "volume_id",
			"snapshot_id":                       "snapshot_id",
			"container":                         "container",
			"availability_zone":                 "availability_zone",
			"fail_reason":                       "fail_reason",
			"object_count":                      "object_count",
			"os-backup-project-attr:project_id": "project_id",
			"user_id":                           "user_id",
			"encryption_key_id":                 "encryption_key_id",
		} {
			want, shown := doc.Get(api)
			got, has := ours.Get(name)
			if !shown {
				continue
			}
			compared++
			if !has || !got.Equal(want) {
				t.Errorf("backup %s: %s is %s, and the API says %s", b.ID, name, pyjson.Text(got), pyjson.Text(want))
			}
		}
		if want := at(doc, "is_incremental").Bool(); b.Incremental != want {
			t.Errorf("backup %s: incremental %v", b.ID, b.Incremental)
		}
		if want := at(doc, "has_dependent_backups").Bool(); (b.Dependents > 0) != want {
			t.Errorf("backup %s: dependents %d, and the API says %v", b.ID, b.Dependents, want)
		}
	}
	if page.Total != len(theirs) || len(page.Rows) != len(theirs) {
		t.Errorf("%d of %d backups, and the API lists %d", len(page.Rows), page.Total, len(theirs))
	}
	volumes := s.list("volumes")
	for _, v := range volumes {
		id := core.VolumeID(at(v.Object(), "id").Text())
		got, err := s.desk.Place.Volume(s.ctx, id)
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := got.State().Diff(s.state(id)); len(diff) > 0 {
			t.Errorf("volume %s differs from the API in %q", id, diff)
		}
	}
	t.Logf("%d fields of %d backups, %d volumes compared", compared, len(page.Rows), len(volumes))
}

// list reads a whole list by hand.
func (s *site) list(kind string) (out []pyjson.Value) {
	s.t.Helper()
	for marker := ""; ; {
		o := s.must("GET", "/"+kind+"/detail?all_tenants=1&limit=100"+marker, nil)
		rows := at(o, kind).Items()
		out = append(out, rows...)
		if len(rows) < 100 {
			return out
		}
		marker = "&marker=" + at(rows[len(rows)-1].Object(), "id").Text()
	}
}

// TestRealExport: what the program exports is the same record as the openstack
// client's, but for updated_at, which an export sets. Chains are whole, and their
// order is that of the records' parents.
func TestRealExport(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	volume := s.volume("exported", 1, nil)
	full := s.backup(volume, "exported", false)
	incr := s.backup(volume, "exported-incr", true)
	ids := []core.BackupID{full.ID, incr.ID}
	if os.Getenv("HEARTH_TEST_DESTROY") == "1" { // an export sets the row's host and updated_at
		for _, b := range s.available() {
			if !slices.Contains(ids, b.ID) {
				ids = append(ids, b.ID)
			}
		}
	}
	hearth := program(t)
	for i, id := range ids {
		ours := core.FindRecords(hearth("export", string(id), "--cloud", s.name))
		if len(ours) != 1 || !ours[0].OK() {
			t.Fatalf("hearth exports %d records of %s", len(ours), id)
		}
		if i < 6 || i%4 == 0 { // the client takes a second each
			theirs := core.FindRecords(openstack(t, s.name, "volume", "backup", "record", "export", string(id), "-f", "json"))
			if len(theirs) != 1 || !core.SameRecord(ours[0].Decoded, theirs[0].Decoded) || ours[0].Record.Service != theirs[0].Record.Service {
				t.Errorf("%s: hearth exports %s, the openstack client %s", id, pyjson.Text(ours[0].Decoded.Doc), pyjson.Text(theirs[0].Decoded.Doc))
			}
		}
		chain, err := s.desk.Chain(s.ctx, id)
		if err != nil || !chain.Whole() {
			t.Errorf("the chain of %s: %s %v", id, chain.Problem(), err)
			continue
		}
		parent := core.BackupID("")
		if n := len(chain.Backups); n > 1 {
			parent = chain.Backups[n-2].ID
		}
		if want := ours[0].Decoded.ParentID(); parent != want {
			t.Errorf("hearth says that %s stands on %q, and its record says %q", id, parent, want)
		}
	}
	t.Logf("%d records compared", len(ids))
}

// available are the backups that can be restored, newest first, but for the suite's
// own.
func (s *site) available() (out []core.Backup) {
	s.t.Helper()
	page, err := s.desk.Place.Backups(s.ctx, core.Query{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, b := range page.Rows {
		if b.Status == core.StatusAvailable && !strings.HasPrefix(b.Name.Or(""), "hearth-test-") {
			out = append(out, b)
		}
	}
	return out
}

// TestRealTransfer: the records of a chain go from one cloud to another, where they
// end available; there they restore to what the first cloud had.
func TestRealTransfer(t *testing.T) {
	from, to := realCloud(t, "HEARTH_TEST_CLOUD"), realCloud(t, "HEARTH_TEST_CLOUD2")
	volume := from.dressed("sent", 1, true)
	full := from.backup(volume, "sent", false)
	incr := from.backup(volume, "sent-incr", true)

	exported, err := from.desk.Export(from.ctx, []core.BackupID{incr.ID}, true, nil)
	if err != nil || len(exported) != 2 {
		t.Fatalf("%d exported, %v", len(exported), err)
	}
	var paste bytes.Buffer
	for _, x := range slices.Backward(exported) { // the wrong way round
		paste.WriteString(pyjson.Text(pyjson.OfDict(x.Record.Object())) + "\r\n")
	}
	found := core.FindRecords(paste.String())
	checks, _, err := to.desk.Preflight(to.ctx, found)
	if err != nil || len(checks) != 2 {
		t.Fatalf("%d records found, %v", len(checks), err)
	}
	var results []core.ImportResult
	results, err = to.desk.Import(to.ctx, checks, []int{0, 1})
	to.keepBackup(full.ID)
	to.keepBackup(incr.ID)
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range []core.BackupID{full.ID, incr.ID} {
		r := results[i]
		if r.ID != id || r.Err != nil || r.Status != core.StatusAvailable || len(r.Differs) > 0 {
			t.Errorf("import of %s: %+v", id, r)
		}
		if got := at(to.must("GET", "/backups/"+string(id), nil), "backup", "status").Text(); got != core.StatusAvailable {
			t.Errorf("the API says that %s is %s", id, got)
		}
	}
	t.Run("again", func(t *testing.T) {
		checks, _, err := to.desk.Preflight(to.ctx, found)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.desk.Import(to.ctx, checks, []int{0, 1}); core.CodeOf(err) != core.CodeRefused {
			t.Errorf("a second import: %v", err)
		}
		im := to.desk.Place.(store.Importer)
		got, err := im.Import(to.ctx, []core.ImportItem{{ID: full.ID, Record: exported[0].Record}}, core.Entry{})
		if err != nil || len(got) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		sentence(t, "an import of what is there", got[0].Err, core.CodeRefused, "already exists")
	})
	captures, err := from.desk.KeptCaptures(from.ctx, volume, "")
	if err != nil || len(captures) != 2 {
		t.Fatalf("%d captures kept, %v", len(captures), err)
	}
	slices.Reverse(captures) // full first
	var n tally
	to.restore(&n, incr.ID, volume, chainOf(captures), target{kind: "new"})
	n.tell(t)
}
