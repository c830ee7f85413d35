package cinder

import (
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/core/pyjson"
)

func backupOf(t *testing.T, name string, v version) core.Backup {
	t.Helper()
	var doc struct{ Backup backupRow }
	if err := decode("read", []byte(body(t, name)), &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Backup.backup(v, true)
}

// TestVersions: what a cloud is too old for is unknown, and is not null.
func TestVersions(t *testing.T) {
	for _, x := range []struct {
		name   string
		v      version
		unseen []string
	}{
		{"backup-3.0", 1, []string{"project_id", "user_id", "encryption_key_id", "metadata"}},
		{"backup-3.43", 43, []string{"user_id", "encryption_key_id"}},
		{"backup-3.70", 70, nil},
	} {
		b := backupOf(t, x.name, x.v)
		if b.Title() != "db-prod-full" || b.Size != 2 || b.ObjectCount != 8 || !b.CreatedAt.Set || b.Dependents == 0 || b.Incremental {
			t.Errorf("%s: %+v", x.name, b)
		}
		for _, f := range []string{"project_id", "user_id", "encryption_key_id", "metadata"} {
			if b.Unseen.Has(f) != slices.Contains(x.unseen, f) {
				t.Errorf("%s: %s unseen is %v", x.name, f, b.Unseen.Has(f))
			}
		}
		for _, f := range never {
			if !b.Unseen.Has(f) {
				t.Errorf("%s: %s is taken for seen", x.name, f)
			}
		}
		o := b.Object()
		if _, ok := o.Get("parent_id"); ok {
			t.Errorf("%s: the object says something of the parent", x.name)
		}
	}
}

// TestKeptRows: a listing that is kept says the same when it is read again.
func TestKeptRows(t *testing.T) {
	for _, v := range []version{70} {
		rows, next, count, err := pageOf[backupRow]("read", []byte(body(t, "backups-3.70")), "backups")
		if err != nil || len(rows) == 0 || next != "" || count != -1 {
			t.Fatal(len(rows), next, count, err)
		}
		for i := range rows {
			b := rows[i].backup(v, false)
			r := rowOf(&b)
			again := r.backup(v, false)
			if x, y := pyjson.Text(pyjson.OfDict(b.Object())), pyjson.Text(pyjson.OfDict(again.Object())); x != y {
				t.Errorf("kept as\n%s, was\n%s", y, x)
			}
		}
		volumes, _, _, err := pageOf[volumeRow]("read", []byte(body(t, "volumes-3.70")), "volumes")
		if err != nil || len(volumes) == 0 {
			t.Fatal(err)
		}
		for i := range volumes {
			vol := volumes[i].volume(v)
			r := volumeRowOf(&vol)
			again := r.volume(v)
			if x, y := pyjson.Text(pyjson.OfDict(core.VolumeFields.Object(&vol, nil))),
				pyjson.Text(pyjson.OfDict(core.VolumeFields.Object(&again, nil))); x != y {
				t.Errorf("kept as\n%s, was\n%s", y, x)
			}
		}
	}
}

func TestPages(t *testing.T) {
	text := []byte(body(t, "backups-count"))
	rows, next, count, err := pageOf[backupRow]("read", text, "backups")
	if err != nil || len(rows) != 2 || count != 32 || next == "" {
		t.Fatalf("%d rows, next %q, count %d, %v", len(rows), next, count, err)
	}
	if early := nextMarker(text, "backups"); early != next {
		t.Errorf("before decoding the next page is %q, after it %q", early, next)
	}
	if early := nextMarker([]byte(body(t, "backups-3.70")), "backups"); early != "" {
		t.Errorf("the last page leads to %q", early)
	}
	// A name may look like a link.
	trap := `{"backups": [{"id": "a", "name": "\"backups_links\": [{\"rel\": \"next\", \"href\": \"http://x/?marker=evil\"}]"}]}`
	if early := nextMarker([]byte(trap), "backups"); early == "evil" {
		t.Error("a backup's name is taken for a link")
	}
	if _, _, _, err := pageOf[backupRow]("read", []byte("<html>"), "backups"); core.CodeOf(err) != core.CodeUnreadable {
		t.Errorf("a proxy's page: %v", err)
	}
}

// TestBase: the row of a volume that captures are made from has every field that
// the API shows, in Cinder's order, and names the others.
func TestBase(t *testing.T) {
	c := newCloud(t)
	const id = "8008c3b0-1b70-48bd-beeb-0a7b9bd5a5a5"
	c.on("GET /volumes/"+id, reply200(strings.Replace(body(t, "volume-3.70"), volumeID, id, 1)))
	c.on("GET /volumes/"+id+"/metadata", reply200(`{"metadata": {"readonly": "mine", "b": "2", "a": "1"}}`))
	v, err := c.direct().Volume(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if got := v.Metadata.Keys(); strings.Join(got, " ") != "readonly b a" {
		t.Errorf("metadata %v: it is to be the volume's own, in the API's order", got)
	}
	at := -1
	for name, value := range v.Row.All() {
		i := slices.Index(core.VolumeColumns, name)
		if i <= at {
			t.Errorf("%s stands at the wrong place", name)
		}
		at = i
		if v.Unseen.Has(name) {
			t.Errorf("%s is there, and is said to be unseen", name)
		}
		if name == "bootable" && value.Kind() != pyjson.Bool {
			t.Errorf("bootable is %s", pyjson.Text(value))
		}
	}
	for _, name := range core.VolumeColumns {
		if _, ok := v.Row.Get(name); ok == v.Unseen.Has(name) {
			t.Errorf("%s: in the row %v, unseen %v", name, ok, v.Unseen.Has(name))
		}
	}
	for _, name := range []string{"host", "project_id", "display_name", "volume_type_id", "use_quota", "_name_id", "encryption_key_id"} {
		if !v.Row.Has(name) {
			t.Errorf("%s is shown by the API and missing in the row", name)
		}
	}
	capture, err := core.CaptureOf(&v, 2, core.Source{})
	if err != nil || capture.Section(core.UserSection).Len() != 3 {
		t.Errorf("%v\n%s", err, capture.Text)
	}
}
