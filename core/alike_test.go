package core

import (
	"testing"

	"hearth/core/pyjson"
)

// TestAlike: where the database was asked, it is certain which of a volume's own keys
// outlive a restore, and whether two image keys end it; where it was not, neither is.
func TestAlike(t *testing.T) {
	image := `{"os_type": "linux", "OS_TYPE": "windows"}`
	plan := func(image string, alike map[Section]map[string]string) *Plan {
		v := Volume{ID: "v", Name: Some("mine"), Metadata: &pyjson.Object{}}
		v.Metadata.Set("OWNER", pyjson.OfString("nobody"))
		v.Metadata.Set("other", pyjson.OfString("gone"))
		text := `{"version": 2, "volume-base-metadata": {"display_name": "a"}, "volume-metadata": {"owner": "ada"}`
		if image != "" {
			text += `, "volume-glance-metadata": ` + image
		}
		return NewPlan(PlanInput{Target: Target{Kind: TargetExisting, Volume: &v}, Rules: Newton, Collates: true, Alike: alike,
			Captures: []Capture{ReadCapture(text+"}", Source{Kind: SourceRepository})}})
	}
	field := func(p *Plan, name string) (Certainty, bool) {
		for _, f := range p.Fields {
			if f.Section == UserSection && f.Name == name {
				return f.Certainty, f.After.Set
			}
		}
		t.Fatalf("there is no field %s", name)
		return "", false
	}
	same := map[string]string{"owner": "owner", "OWNER": "owner", "other": "other"}
	for _, c := range []struct {
		name   string
		alike  map[Section]map[string]string
		want   Certainty
		stays  bool
		answer Answer
	}{
		{"not asked", nil, OneOf, false, AnswerUnknown},
		{"takes them for the same", map[Section]map[string]string{UserSection: same,
			ImageSection: {"os_type": "os_type", "OS_TYPE": "os_type"}}, Certain, true, AnswerNo},
		{"tells them apart", map[Section]map[string]string{UserSection: {}, ImageSection: {}}, Certain, false, AnswerYes},
	} {
		p := plan("", c.alike)
		if got, stays := field(p, "OWNER"); got != c.want || stays != c.stays {
			t.Errorf("%s: OWNER is %s, stays %v", c.name, got, stays)
		}
		if got, stays := field(p, "other"); got != Certain || stays {
			t.Errorf("%s: other is %s, stays %v", c.name, got, stays)
		}
		if got := plan(image, c.alike).Can.Answer(); got != c.answer {
			t.Errorf("%s: whether two image keys can be restored is %s", c.name, got)
		}
	}
	alike := map[Section]map[string]string{UserSection: same, ImageSection: {"os_type": "os_type", "OS_TYPE": "os_type"}}
	if got := plan(`{"os_type": "linux", "OS_TYPE": "linux"}`, alike).Can.Answer(); got != AnswerUnknown {
		t.Errorf("two image keys of the same value: %s", got)
	}
}
