package core

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"hearth/core/pyjson"
)

// TestCaptureOrder: SQLAlchemy 2 gives a volume's columns in another order, with id first
// and the times last, so that Cinder 26 writes its captures so: nothing is read from where
// a key stands.
func TestCaptureOrder(t *testing.T) {
	base := dict("created_at", "2026-01-01T00:00:00.000000", "updated_at", nil, "deleted_at", nil, "deleted", false, "id", "v", "size", 3,
		"display_name", "web", "display_description", "was", "volume_type_id", "t", "encryption_key_id", "k", "status", "backing-up")
	zed := captureText(2, base, dict("a", "1", "b", "2"), dict("os", "linux"))
	other := &pyjson.Object{}
	keys := base.Keys()
	for _, k := range append(slices.Clone(keys[4:]), "deleted_at", "deleted", "created_at", "updated_at") {
		v, _ := base.Get(k)
		other.Set(k, v)
	}
	sid := captureText(2, other, dict("b", "2", "a", "1"), dict("os", "linux"))
	if zed.Text == sid.Text {
		t.Fatal("the two are the same text")
	}
	if d := RestoredDiffer(&zed, &sid); len(d) > 0 {
		t.Errorf("they differ in %v", d)
	}
	plan := func(c Capture) *Plan {
		return NewPlan(PlanInput{Target: target("other", "t", "k", dict("old", "x"), dict()), Captures: []Capture{c}, Rules: Newton,
			VolumeTypes: []string{"t"}})
	}
	p, q := plan(zed), plan(sid)
	fields := func(p *Plan) map[string]string {
		out := map[string]string{}
		for _, f := range p.Fields {
			out[string(f.Section)+" "+f.Name] = fmt.Sprint(f.Verdict, " ", f.Before, " ", f.After, " ", f.Why)
		}
		return out
	}
	if !p.After.Equal(q.After) || !reflect.DeepEqual(fields(p), fields(q)) || len(p.Fields) < 6 {
		t.Errorf("the plans differ:\n%v\n%v", fields(p), fields(q))
	}
}

// TestNoDependents: a backup that nothing stands on has null in its row, or since 29 0
// (bug 2163042): it is the same backup, and its record the same.
func TestNoDependents(t *testing.T) {
	read := func(dependents any) (Backup, string) {
		doc := &pyjson.Object{}
		for _, name := range BackupFields {
			doc.Set(name, pyjson.None)
		}
		for name, v := range dict("id", "b", "volume_id", "v", "size", 1, "deleted", false, "num_dependent_backups", dependents,
			"status", "available", "created_at", "2026-01-01T00:00:00Z").All() {
			doc.Set(name, v)
		}
		doc.Set("metadata", pyjson.OfDict(nil))
		b := RecordBackup(Decoded{Doc: pyjson.OfDict(doc)})
		r, err := ExportRecord(&b)
		if err != nil {
			t.Fatal(err)
		}
		return b, r.URL
	}
	null, exported := read(nil)
	zero, exportedZero := read(0)
	one, exportedOne := read(1)
	if !reflect.DeepEqual(null, zero) || exported != exportedZero {
		t.Errorf("null and 0 differ:\n%+v\n%+v", null, zero)
	}
	if one.Dependents != 1 || exportedOne == exported {
		t.Errorf("one that something stands on is the same: %+v", one)
	}
}
