package core

import (
	"strings"
	"testing"

	"hearth/core/pyjson"
)

// object makes a dict of keys and values in turn; strings and bools are what they
// are, nil is None.
func dict(kv ...any) *pyjson.Object {
	o := &pyjson.Object{}
	for i := 0; i < len(kv); i += 2 {
		o.Set(kv[i].(string), val(kv[i+1]))
	}
	return o
}

func val(x any) pyjson.Value {
	switch x := x.(type) {
	case nil:
		return pyjson.None
	case string:
		return pyjson.OfString(x)
	case bool:
		return pyjson.OfBool(x)
	case int:
		return pyjson.OfInt(int64(x))
	case *pyjson.Object:
		return pyjson.OfDict(x)
	}
	panic("val")
}

// capture makes a capture of sections; a nil section is absent.
func captureText(version int, base, user, image *pyjson.Object) Capture {
	doc := dict("version", version)
	for _, s := range []struct {
		tag Section
		o   *pyjson.Object
	}{{BaseSection, base}, {UserSection, user}, {ImageSection, image}} {
		if s.o != nil {
			doc.Set(string(s.tag), pyjson.OfDict(s.o))
		}
	}
	return ReadCapture(pyjson.Text(pyjson.OfDict(doc)), Source{Kind: SourceRepository})
}

func target(name, typ, key string, user, image *pyjson.Object) Target {
	v := &Volume{ID: "v", Name: Opt[string]{name, name != "\x00"}, Description: Some("old"), VolumeTypeID: Opt[string]{typ, typ != ""},
		EncryptionKeyID: Opt[string]{key, key != ""}, Metadata: user, Image: image, Row: &pyjson.Object{}}
	return Target{Kind: TargetExisting, Volume: v}
}

// TestKilo holds the rule set of Kilo to Mitaka, which has no conformance cases,
// to cinder-semantics "Rule sets" (commit 7ee80f766, a02cc07bd): version 1
// restores nothing of the base metadata, version 2 the encryption key alone, with
// the same check of the type; user and image metadata are restored whole.
func TestKilo(t *testing.T) {
	base := dict("display_name", "captured", "display_description", "captured too", "encryption_key_id", "K", "volume_type_id", "luks")
	plainBase := dict("display_name", "captured", "encryption_key_id", nil, "volume_type_id", "luks")
	user, image := dict("a", "1"), dict("os", "linux")
	for _, c := range []struct {
		name     string
		version  int
		base     *pyjson.Object
		target   Target
		wantName string
		wantDesc string
		wantKey  any
		wantErr  ErrorKind
		wantOps  string
		wantMeta *pyjson.Object
	}{
		{name: "version 1 leaves the base alone, also onto an unnamed volume", version: 1, base: base,
			target:   target("", "luks", "", dict("b", "2"), nil),
			wantName: "", wantDesc: "old", wantKey: nil, wantOps: "delete create bootable metadata", wantMeta: user},
		{name: "version 2 restores the key", version: 2, base: base, target: target("restore_backup_x", "luks", "", nil, nil),
			wantName: "restore_backup_x", wantDesc: "old", wantKey: "K",
			wantOps: "encryption_key_id delete create bootable metadata", wantMeta: user},
		{name: "version 2 writes a null key too", version: 2, base: plainBase, target: target("x", "other", "OLD", nil, nil),
			wantName: "x", wantDesc: "old", wantKey: nil, wantOps: "encryption_key_id delete create bootable metadata", wantMeta: user},
		{name: "version 2 refuses another type", version: 2, base: base, target: target("x", "other", "", dict("b", "2"), nil),
			wantName: "x", wantDesc: "old", wantKey: nil, wantErr: ErrEncryptedTypeMismatch, wantMeta: dict("b", "2")},
		{name: "version 2 gives the type to a volume without one", version: 2, base: base, target: target("x", "", "", nil, nil),
			wantName: "x", wantDesc: "old", wantKey: "K",
			wantOps: "volume_type_id encryption_key_id delete create bootable metadata", wantMeta: user},
		{name: "version 3 is refused", version: 3, base: base, target: target("x", "luks", "", nil, nil),
			wantName: "x", wantDesc: "old", wantKey: nil, wantErr: ErrUnsupportedVersion},
		{name: "a base of odd shape is not looked at in version 1", version: 1, base: nil, target: target("x", "luks", "", nil, nil),
			wantName: "x", wantDesc: "old", wantKey: nil, wantOps: "delete create bootable metadata", wantMeta: user},
	} {
		p := NewPlan(PlanInput{Target: c.target, Captures: []Capture{captureText(c.version, c.base, user, image)}, Rules: Kilo})
		if (p.Error == nil) != (c.wantErr == "") || p.Error != nil && p.Error.Kind != c.wantErr {
			t.Errorf("%s: error %v, want %q", c.name, p.Error, c.wantErr)
			continue
		}
		if p.After.Name.Text() != c.wantName || p.After.Description.Text() != c.wantDesc || !p.After.EncryptionKeyID.Equal(val(c.wantKey)) {
			t.Errorf("%s: after %s", c.name, pyjson.Text(pyjson.OfDict(p.After.Object())))
		}
		if c.wantErr == "" && opNames(p) != c.wantOps {
			t.Errorf("%s: steps %q, want %q", c.name, opNames(p), c.wantOps)
		}
		if c.wantMeta != nil && !p.After.Metadata.Equal(c.wantMeta) {
			t.Errorf("%s: metadata %s", c.name, pyjson.Text(pyjson.OfDict(p.After.Metadata)))
		}
		if err := explained(p); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// opNames is a plan's steps in a word each: the columns of an update, else the op.
func opNames(p *Plan) string {
	var out []string
	for _, s := range p.Steps {
		switch s.Op {
		case OpVolumeUpdate:
			if keys := s.Values.Object().Keys(); len(keys) > 0 {
				out = append(out, strings.Join(keys, "+"))
			} else {
				out = append(out, "nothing")
			}
		case OpMetadataUpdate:
			out = append(out, "metadata")
		case OpImageDelete:
			out = append(out, "delete")
		case OpImageCreate:
			out = append(out, "create")
		}
	}
	return strings.Join(out, " ")
}

// TestRuleSetsSideBySide is the table of cinder-semantics "Rule sets": what one
// and the same capture does under each.
func TestRuleSetsSideBySide(t *testing.T) {
	base := dict("display_name", "captured", "display_description", "d", "encryption_key_id", "K", "volume_type_id", "t")
	v1, v2 := captureText(1, base, nil, nil), captureText(2, base, nil, nil)
	for _, c := range []struct {
		rules      RuleSet
		capture    Capture
		target     string
		name, desc string
		key        any
		err        ErrorKind
	}{
		{Icehouse, v1, "mine", "captured", "d", nil, ""},
		{Icehouse, v1, "", "captured", "d", nil, ""},
		{Icehouse, v2, "mine", "mine", "old", nil, ErrUnsupportedVersion},
		{Kilo, v1, "", "", "old", nil, ""},
		{Kilo, v2, "", "", "old", "K", ""},
		{Newton, v1, "mine", "mine", "old", nil, ""},
		{Newton, v1, "", "captured", "d", nil, ""},
		{Newton, v1, "restore_backup_1", "captured", "d", nil, ""},
		{Newton, v1, "Restore_backup_1", "Restore_backup_1", "old", nil, ""},
		{Newton, v2, "mine", "mine", "old", "K", ""},
		{Newton, v2, "\x00", "captured", "d", "K", ""},
	} {
		p := NewPlan(PlanInput{Target: target(c.target, "t", "", nil, nil), Captures: []Capture{c.capture}, Rules: c.rules})
		if (p.Error == nil) != (c.err == "") || p.After.Name.Text() != c.name || p.After.Description.Text() != c.desc ||
			!p.After.EncryptionKeyID.Equal(val(c.key)) {
			t.Errorf("%s, version %d, onto %q: %s, %v", c.rules, c.capture.Version(), c.target,
				pyjson.Text(pyjson.OfDict(p.After.Object())), p.Error)
		}
	}
}

// TestLayers holds what chunked drivers and Ceph's make of one chain
// (cinder-semantics b.7, peers.md finding 5).
func TestLayers(t *testing.T) {
	chain := []Capture{
		captureText(2, dict("display_name", "old-name", "display_description", "first"), dict("gone", "yes"), dict("os", "linux")),
		captureText(2, dict("display_name", "new-name", "display_description", "second"), nil, nil),
	}
	blank := Target{Kind: TargetNew}
	all := NewPlan(PlanInput{Target: blank, Backup: "B", Captures: chain, Rules: Newton, Layers: LayersAll})
	if all.After.Name.Text() != "old-name" || !all.After.Bootable || !all.After.Metadata.Equal(dict("gone", "yes")) ||
		!all.After.Image.Equal(dict("os", "linux")) {
		t.Errorf("all layers: %s", pyjson.Text(pyjson.OfDict(all.After.Object())))
	}
	last := NewPlan(PlanInput{Target: blank, Backup: "B", Captures: chain, Rules: Newton, Layers: LayersLast})
	if last.After.Name.Text() != "new-name" || last.After.Bootable || last.After.Metadata.Len() != 0 {
		t.Errorf("last layer: %s", pyjson.Text(pyjson.OfDict(last.After.Object())))
	}
	for _, warning := range []string{"oldest name of the chain", "no user metadata", "no image metadata", "bootable"} {
		if !strings.Contains(strings.Join(all.Warnings, "\n"), warning) {
			t.Errorf("nothing is said of %q: %q", warning, all.Warnings)
		}
	}
	for _, c := range []struct {
		service string
		want    Layers
	}{
		{"cinder.backup.drivers.ceph.CephBackupDriver", LayersLast},
		{"cinder.backup.drivers.ceph", LayersLast},
		{"cinder.backup.drivers.swift.SwiftBackupDriver", LayersAll},
		{"", LayersAll},
	} {
		if got, why := ChooseLayers(c.service); got != c.want || why == "" {
			t.Errorf("layers of %q: %s, %q", c.service, got, why)
		}
	}
	for _, p := range []*Plan{all, last} {
		if err := explained(p); err != nil {
			t.Error(err)
		}
	}
}

func TestChooseRules(t *testing.T) {
	v1, v2 := captureText(1, nil, nil, nil), captureText(2, nil, nil, nil)
	for _, c := range []struct {
		captures []Capture
		want     RuleSet
	}{
		{[]Capture{v1}, Icehouse},
		{[]Capture{v1, v1}, Icehouse},
		{[]Capture{v1, v2}, Newton},
		{[]Capture{v2, v1}, Newton},
		{[]Capture{v2}, Newton},
	} {
		if got, why := ChooseRules(c.captures); got != c.want || why == "" {
			t.Errorf("%d captures: %s, %q", len(c.captures), got, why)
		}
	}
}

// TestVerdicts holds each verdict to a case, with a reason for a person.
func TestVerdicts(t *testing.T) {
	p := NewPlan(PlanInput{
		Target: target("restore_backup_x", "t", "", dict("same", "1", "other", "2", "gone", "3"), nil),
		Captures: []Capture{captureText(2,
			dict("display_name", "n", "display_description", nil, "encryption_key_id", nil, "volume_type_id", "t",
				"provider_auth", "CHAP user secret"),
			dict("same", "1", "other", "9", "new", "4"), dict("os", "linux"))},
		Rules: Newton,
	})
	want := map[string]Verdict{
		"display_name": VerdictChanged, "display_description": VerdictRemoved, "encryption_key_id": VerdictUnchanged,
		"volume_type_id": VerdictKept, "bootable": VerdictChanged, "provider_auth": VerdictNotRestored,
		"same": VerdictUnchanged, "other": VerdictChanged, "gone": VerdictRemoved, "new": VerdictAdded, "os": VerdictAdded,
	}
	for _, f := range p.Fields {
		if f.Verdict != want[f.Name] || f.Why == "" {
			t.Errorf("%s: %s (%s), want %s", f.Name, f.Verdict, f.Why, want[f.Name])
		}
		delete(want, f.Name)
		if strings.Contains(f.Why, "secret") && f.Name == "provider_auth" && strings.Contains(f.Why, "CHAP user") {
			t.Errorf("a secret in a reason: %s", f.Why)
		}
		if danger := map[string]bool{"display_description": true, "bootable": true, "gone": true}[f.Name]; f.Danger != danger {
			t.Errorf("%s: stands out: %v", f.Name, f.Danger)
		}
	}
	if len(want) > 0 {
		t.Errorf("not in the plan: %v", want)
	}
	if text := pyjson.Text(pyjson.OfDict(p.Object())); strings.Contains(text, "CHAP user secret") {
		t.Error("a secret in the plan's JSON")
	}
	if p.Changes() != 7 || p.Applicable() != nil {
		t.Errorf("%d changes, applicable: %v", p.Changes(), p.Applicable())
	}
	encrypted := captureText(2, dict("encryption_key_id", "K", "volume_type_id", "other"), dict("a", "1"), nil)
	refused := NewPlan(PlanInput{Target: target("n", "t", "", dict("a", "0"), nil), Captures: []Capture{encrypted}, Rules: Newton})
	if refused.Count(VerdictRefused) == 0 || CodeOf(refused.Applicable()) != CodeRefused {
		t.Errorf("a refused plan: %s, %v", refused.Summary(), refused.Applicable())
	}
}
