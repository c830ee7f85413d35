package core

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hearth/core/pyjson"
)

// row is a backup with a parent, by one letter each.
func row(id, parent string) Backup {
	return Backup{ID: BackupID(id), ParentID: BackupID(parent), Incremental: parent != "", Status: StatusAvailable, Name: Some(id)}
}

func TestReconcile(t *testing.T) {
	listed := row("c", "") // a cloud's list names no parents
	listed.Incremental = true
	renamed := row("a", "")
	renamed.Name = Some("theirs")
	gone := row("z", "")
	gone.Deleted = true
	got := Reconcile([]Backup{
		row("d", "c"), row("c", "b"), row("a", ""), row("b", "a"), row("x", "lost"), row("o", "p"), row("p", "o"),
		row("d", "c"), gone,
	},
		[]Backup{listed, renamed, row("t", ""), row("u", "t")})
	var all []string
	for i := range got {
		r := &got[i]
		all = append(all, fmt.Sprintf("%s %s %v %q %v", r.ID, r.Standing, r.Chain, r.Problem(), r.Differs))
	}
	want := `a both [a] "" [display_name: "a" and "theirs"]
b source [a b] "" []
c both [a b c] "" []
d source [a b c d] "" []
x source [x] "its parent lost is missing" []
p source [p o] "its parents go round in a circle" []
o source [o p] "its parents go round in a circle" []
t target [t] "" []
u target [t u] "" []`
	said := strings.Join(all, "\n")
	// The two of a circle stand in either order, each with the other.
	for _, line := range strings.Split(want, "\n") {
		if !strings.Contains(line, "circle") && !strings.Contains(said, line) {
			t.Errorf("no line %q in\n%s", line, said)
		}
	}
	if strings.Count(said, "circle") != 2 || len(got) != 9 {
		t.Errorf("got\n%s", said)
	}
	at := map[BackupID]int{}
	for i, r := range got {
		at[r.ID] = i
	}
	if at["a"] > at["b"] || at["b"] > at["c"] || at["c"] > at["d"] {
		t.Errorf("not parents first: %s", said)
	}
}

func TestBackupsDiffer(t *testing.T) {
	a := row("a", "")
	a.Size, a.Metadata, a.DataTimestamp = 1, &pyjson.Object{}, Some(time.Unix(5, 700))
	b := a
	b.DataTimestamp, b.Metadata = Some(time.Unix(5, 0)), nil // a second is all that a record has, and lists have no metadata
	if got := BackupsDiffer(&a, &b); got != nil {
		t.Errorf("the same: %q", got)
	}
	b.Size, b.Container = 2, Some("c")
	b.Unseen = NewFieldSet("container")
	if got := BackupsDiffer(&a, &b); len(got) != 1 || got[0] != "size: 1 and 2" {
		t.Errorf("a size: %q", got)
	}
	if got := RecordsDiffer(&a, &b, []Mark{{Field: "size"}}); got != nil {
		t.Errorf("what is marked: %q", got)
	}
	if got := RecordsDiffer(&a, &b, nil); len(got) != 1 || !strings.Contains(got[0], "1 in the archive, 2 in the repository") {
		t.Errorf("%q", got)
	}
}

func TestNative(t *testing.T) {
	n := Native{Hosts: NewFieldSet("here@lvm"), Projects: NewFieldSet("p1"), Own: map[BackupID]bool{"mine": true}, Types: NewFieldSet("t1")}
	capture := func(base string) *Capture {
		c := ReadCapture(`{"version": 2, "volume-base-metadata": {`+base+`}}`, Source{})
		return &c
	}
	for _, c := range []struct {
		id, project string
		capture     *Capture
		want        string
	}{
		{"x", "p1", nil, ""},
		{"x", "", nil, ""},
		{"x", "p2", nil, "project p2"},
		{"mine", "p2", nil, ""},
		{"x", "p2", capture(`"host": "here@lvm#pool", "project_id": "p1"`), ""},
		{"x", "p1", capture(`"host": "there@lvm#pool", "project_id": "p1"`), "host there@lvm"},
		{"mine", "p1", capture(`"host": "there@lvm#pool"`), "host there@lvm"},
		{"mine", "p1", capture(`"host": "here@lvm", "project_id": "p3"`), "project p3"},
		{"x", "p1", capture(`"host": null, "project_id": null`), ""},
	} {
		b := Backup{ID: BackupID(c.id), ProjectID: ProjectID(c.project)}
		if got := n.Stranger(&b, c.capture); got != c.want && (c.want == "" || !strings.Contains(got, c.want)) {
			t.Errorf("%+v: %q", c, got)
		}
	}
	if got := (Native{}).Stranger(&Backup{ProjectID: "p"}, capture(`"host": "h"`)); got != "" {
		t.Errorf("where nothing is known: %q", got)
	}
	if got := n.Lacks(&Backup{}, capture(`"encryption_key_id": "k", "volume_type_id": "t2"`)); len(got) != 2 {
		t.Errorf("it lacks %q", got)
	}
	if got := n.Lacks(&Backup{}, capture(`"encryption_key_id": null, "volume_type_id": "t1"`)); got != nil {
		t.Errorf("it lacks %q", got)
	}
}

// TestRecordBackup: a record tells the whole row, to the second.
func TestRecordBackup(t *testing.T) {
	at := Some(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	meta := &pyjson.Object{}
	meta.Set("k", pyjson.OfString("v"))
	b := Backup{
		ID: "b", Name: Some("größe \x1b"), Description: Some(""), Status: "available", FailReason: Some("x"),
		Size: 3, ObjectCount: 4, VolumeID: "v", SnapshotID: Some("s"),
		Container: Some("c"), Service: Some("x.Y"), ServiceMetadata: Some("m"),
		ParentID: "p", Incremental: true, Dependents: 2,
		ProjectID: "pr", UserID: "u", Host: Some("h"), AvailabilityZone: Some("z"),
		RestoreVolumeID: "r", TempVolumeID: "t", TempSnapshotID: Some("ts"), EncryptionKeyID: Some("k"),
		DataTimestamp: at, CreatedAt: at, UpdatedAt: at, Metadata: meta,
	}
	r, err := ExportRecord(&b)
	if err != nil {
		t.Fatal(err)
	}
	d, err := DecodeRecord(r.URL, Today)
	if err != nil {
		t.Fatal(err)
	}
	got := RecordBackup(d)
	again, err := ExportRecord(&got)
	if err != nil || again != r || len(got.Unseen) > 0 || !got.Incremental {
		t.Errorf("it came back as %+v, %v", got, err)
	}
	d.Doc.Object().Delete("container")
	d.Doc.Object().Set("size", pyjson.OfString("many"))
	if got = RecordBackup(d); !got.Unseen.Has("container") || !got.Unseen.Has("size") {
		t.Errorf("what is not there is seen: %v", got.Unseen)
	}
}

// TestHiddenKey: the API shows the fixed key as null: that is no difference.
func TestHiddenKey(t *testing.T) {
	a, b := Backup{ID: "b", EncryptionKeyID: Some(fixedKey)}, Backup{ID: "b"}
	if got := BackupsDiffer(&a, &b); len(got) > 0 {
		t.Errorf("the fixed key: %q", got)
	}
	if a.EncryptionKeyID = Some("another"); len(BackupsDiffer(&a, &b)) != 1 || len(BackupsDiffer(&b, &a)) != 1 {
		t.Error("another key is one")
	}
}
