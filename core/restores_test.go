package core

import (
	"os"
	"testing"

	"hearth/core/pyjson"
)

// TestPlanAgreesWithRealRestores holds plans against what a real Cinder (21.3.1,
// posix driver) did to real volumes: 167 restores of every sort of target.
func TestPlanAgreesWithRealRestores(t *testing.T) {
	b, err := os.ReadFile("../testdata/restores/restores.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := pyjson.Parse(string(b))
	if err != nil || len(doc.Items()) != 167 {
		t.Fatalf("%d restores, %v", len(doc.Items()), err)
	}
	failed := 0
	for _, item := range doc.Items() {
		r := item.Object()
		name := text(r, "cloud") + " " + text(r, "backup_name") + " " + text(r, "kind")
		before, want := apiState(object(r, "before")), apiState(object(r, "after"))
		p := NewPlan(restoreInput(r, before))
		if text(r, "target") != "existing" && !p.Before.Equal(before) {
			t.Errorf("%s: the new volume is taken to be %v off: %q", name, pyjson.Text(pyjson.OfDict(p.Before.Object())), p.Before.Diff(before))
		}
		if (p.Error != nil) != (text(r, "volume_status") == "error_restoring") {
			t.Errorf("%s: plan's error %v, but the volume ended %s", name, p.Error, text(r, "volume_status"))
			continue
		}
		if p.Error != nil {
			failed++
			if p.Error.Kind != ErrEncryptedTypeMismatch {
				t.Errorf("%s: %v", name, p.Error)
			}
		}
		// The manager adds src_backup_id after put() (cinder/backup/manager.py
		// _run_restore), unless put() failed or the target is the source itself.
		after := p.After.Clone()
		if id, ok := want.Metadata.Get("src_backup_id"); ok && p.Error == nil && id.Text() == text(r, "backup_id") {
			after.Metadata.Set("src_backup_id", id)
		}
		// The key is a fresh clone after a restore: nothing can foretell its id.
		if after.EncryptionKeyID.Truthy() && want.EncryptionKeyID.Truthy() {
			after.EncryptionKeyID = want.EncryptionKeyID
		}
		if !after.Equal(want) {
			t.Errorf("%s: differs in %q\nplan    %s\nreality %s", name, after.Diff(want),
				pyjson.Text(pyjson.OfDict(after.Object())), pyjson.Text(pyjson.OfDict(want.Object())))
		}
		if err := explained(p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if failed != 3 {
		t.Errorf("%d restores were refused, the real Cinder refused 3", failed)
	}
}

// restoreInput is a restore of the list as a plan is asked for.
func restoreInput(r *pyjson.Object, before State) PlanInput {
	in := PlanInput{Backup: BackupID(text(r, "backup_id")), Service: posix, Rules: Newton}
	for _, c := range get(r, "captures").Items() {
		in.Captures = append(in.Captures, ReadCapture(c.Text(), Source{Kind: SourceRepository}))
	}
	switch text(r, "target") {
	case "existing":
		in.Target = Target{Kind: TargetExisting, Volume: volumeOf(before)}
	case "new":
		in.Target = Target{Kind: TargetNew, DefaultType: before.VolumeTypeID}
	case "new-named":
		in.Target = Target{Kind: TargetNewNamed, Name: before.Name.Text(), DefaultType: before.VolumeTypeID}
	}
	return in
}

// apiState is a volume's state as the API shows it.
func apiState(o *pyjson.Object) State {
	return State{Name: get(o, "name"), Description: get(o, "description"), EncryptionKeyID: get(o, "encryption_key_id"),
		VolumeTypeID: get(o, "volume_type_id"), Bootable: get(o, "bootable").Bool(),
		Metadata: object(o, "metadata"), Image: object(o, "volume_image_metadata")}
}
