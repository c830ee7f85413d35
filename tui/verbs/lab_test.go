package verbs

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
)

// TestListsWhatCinderLists holds `hearth backups` on a real Cinder's database
// against what its own client listed there.
func TestListsWhatCinderLists(t *testing.T) {
	b := open(t, lab)
	data, err := os.ReadFile("../../testdata/cinder/openstack-backup-list-long-all.json")
	if err != nil {
		t.Fatal(err)
	}
	want := parse(t, string(data)).Items()
	got := b.list("backups", "-o", "json")
	if len(got) != len(want) || len(want) < 30 {
		t.Fatalf("%d backups, Cinder listed %d", len(got), len(want))
	}
	for i, w := range want {
		for title, key := range map[string]string{"ID": "id", "Name": "name", "Description": "description", "Status": "status", "Size": "size",
			"Availability Zone": "availability_zone", "Volume": "volume_id", "Container": "container"} {
			was, ok := w.Object().Get(title)
			is, _ := got[i].Get(key)
			if !ok || !was.Equal(is) {
				t.Errorf("row %d: %s is %s, Cinder's list has %s", i, key, pyjson.Text(is), pyjson.Text(was))
			}
		}
	}
}

// TestExportsWhatCinderExports holds `hearth export` against records that the same
// Cinder exported: every field but updated_at, which its export sets.
func TestExportsWhatCinderExports(t *testing.T) {
	b := open(t, lab)
	samples, err := filepath.Glob("../../testdata/paste/*.openstack.json")
	if err != nil || len(samples) < 6 {
		t.Fatalf("%d samples, %v", len(samples), err)
	}
	compared := 0
	for _, file := range samples {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		theirs := core.FindRecords(string(data))
		if len(theirs) != 1 || !theirs[0].OK() {
			t.Errorf("%s: %d records", file, len(theirs))
			continue
		}
		id := string(theirs[0].Decoded.ID())
		got := b.run("export", id)
		if got.code == 3 {
			continue // of the other lab
		}
		compared++
		ours := core.FindRecords(got.out)
		if len(ours) != 1 || !core.SameRecord(ours[0].Decoded, theirs[0].Decoded) || ours[0].Record.Service != theirs[0].Record.Service {
			t.Errorf("%s: %s exports %s, Cinder exported %s", file, id, got.out, data)
		}
	}
	if compared < 6 {
		t.Errorf("only %d records were compared", compared)
	}
}

// TestLeavesTheFileAlone: reading somebody else's database changes neither it nor
// its folder.
func TestLeavesTheFileAlone(t *testing.T) {
	file := copyOf(t, lab)
	sum := func() string {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%x", sha256.Sum256(data))
	}
	before := sum()
	b := open(t, file)
	for _, args := range []string{"volumes", "backups", "capture web-root", "plan demo-incr --onto web-root",
		"export demo-incr --chain", "apply demo-incr --onto web-root --yes"} {
		b.run(strings.Fields(args)...)
	}
	b.desk.Place.Close()
	entries, err := os.ReadDir(filepath.Dir(file))
	if sum() != before || err != nil || len(entries) != 1 {
		t.Errorf("changed: %v; %d files, %v", sum() != before, len(entries), err)
	}
}

// TestPlansWhatRestoresDid holds `hearth plan -o json` against what a real Cinder's
// restores did to real volumes, with the captures that it put: capture files, onto
// a volume, to a new one, to one with a name.
func TestPlansWhatRestoresDid(t *testing.T) {
	data, err := os.ReadFile("../../testdata/restores/restores.json")
	if err != nil {
		t.Fatal(err)
	}
	restores := parse(t, string(data)).Items()
	if len(restores) != 167 {
		t.Fatalf("%d restores", len(restores))
	}
	b, file := demo(t, store.World{Volumes: 1, Backups: -1})
	target := ids(b.list("volumes", "-o", "json"))[0]
	change(t, file, "DELETE FROM volume_types")
	for _, item := range restores {
		r := item.Object()
		before, _ := r.Get("before")
		typeID := text(before.Object(), "volume_type_id")
		change(t, file, "INSERT OR IGNORE INTO volume_types (id, name, deleted) VALUES ('"+typeID+"', '"+typeID+"', 0)",
			"INSERT OR IGNORE INTO backups (id, volume_id, status, service, deleted) VALUES ('"+
				text(r, "backup_id")+"', '"+text(r, "backup_volume_id")+"', 'available', "+
				"'cinder.backup.drivers.posix.PosixBackupDriver', 0)")
	}
	refused := 0
	for i, item := range restores {
		r := item.Object()
		name := fmt.Sprintf("%d: %s %s %s", i, text(r, "cloud"), text(r, "backup_name"), text(r, "kind"))
		before, want := apiState(r, "before"), apiState(r, "after")
		args := []string{"plan", text(r, "backup_id"), "--rules", "newton", "-o", "json"}
		captures, _ := r.Get("captures")
		for n, c := range captures.Items() {
			capture := filepath.Join(t.TempDir(), fmt.Sprint(n))
			if err := os.WriteFile(capture, []byte(c.Text()), 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, "--capture", capture)
		}
		switch text(r, "target") {
		case "existing":
			b.rewrite(target, before)
			args = append(args, "--onto", target)
		case "new":
			args = append(args, "--new")
		case "new-named":
			args = append(args, "--new", before.Name.Text())
		}
		change(t, file, "UPDATE volume_types SET name = id",
			"UPDATE volume_types SET name = '__DEFAULT__' WHERE id = '"+before.VolumeTypeID.Text()+"'")
		plan := parse(t, b.plans(args...)).Object()
		got, _ := plan.Get("after")
		after := core.StateFrom(got.Object())
		failed, _ := plan.Get("error")
		if failed.IsNull() == (text(r, "volume_status") == "error_restoring") {
			t.Errorf("%s: error %s, and the volume ended %s", name, pyjson.Text(failed), text(r, "volume_status"))
		}
		if !failed.IsNull() {
			refused++
		} else if id, ok := want.Metadata.Get("src_backup_id"); ok && id.Text() == text(r, "backup_id") {
			after.Metadata.Set("src_backup_id", id) // by the manager, after the captures
		}
		if after.EncryptionKeyID.Truthy() && want.EncryptionKeyID.Truthy() {
			after.EncryptionKeyID = want.EncryptionKeyID // a fresh clone of the key
		}
		if diff := after.Diff(want); len(diff) > 0 {
			t.Errorf("%s: differs in %q", name, diff)
		}
	}
	if refused != 3 {
		t.Errorf("%d restores are refused, the real Cinder refused 3", refused)
	}
}

// apiState is a volume's state as the API shows it.
func apiState(r *pyjson.Object, key string) core.State {
	v, _ := r.Get(key)
	get := func(key string) pyjson.Value {
		w, _ := v.Object().Get(key)
		return w
	}
	return core.State{Name: get("name"), Description: get("description"), EncryptionKeyID: get("encryption_key_id"),
		VolumeTypeID: get("volume_type_id"), Bootable: get("bootable").Bool(),
		Metadata: get("metadata").Object(), Image: get("volume_image_metadata").Object()}
}

// rewrite brings a volume into a state.
func (b *bench) rewrite(id string, s core.State) {
	b.t.Helper()
	_, err := b.desk.Place.(store.Writer).Rewrite(b.t.Context(), core.Rewrite{Volume: core.VolumeID(id), Before: b.volumeState(id), After: s,
		Entry: core.Entry{At: noon, Kind: core.EntryApply, Volume: core.VolumeID(id)}})
	if err != nil {
		b.t.Fatal(err)
	}
}
