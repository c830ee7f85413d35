package core

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"hearth/core/pyjson"
)

// TestRuleTable fails on a rule set that leaves a decision open: a field of rules
// that is added later, too, has to be filled in for every one.
func TestRuleTable(t *testing.T) {
	for _, r := range ruleTable {
		everyDecision(t, string(r.name), reflect.ValueOf(*r))
		everyDecision(t, string(r.name)+": python", reflect.ValueOf(*r.python))

		restoresNames := false
		for version, fields := range r.base {
			for _, field := range fields {
				if !slices.Contains(VolumeColumns, field) {
					t.Errorf("%s, version %d: restores %q, which no volume has", r.name, version, field)
				}
				restoresNames = restoresNames || strings.HasPrefix(field, "display_")
			}
			if _, ok := r.version(pyjson.OfInt(int64(version))); !ok {
				t.Errorf("%s: version %d stands in the table and is not read", r.name, version)
			}
		}
		if restoresNames != (r.names != nil) {
			t.Errorf("%s: restores the name or description: %v; decides on them: %v", r.name, restoresNames, r.names != nil)
		}
		if r.names != nil {
			everyDecision(t, string(r.name)+": names", reflect.ValueOf(*r.names))
		}

		sections := slices.Clone(r.order)
		slices.Sort(sections)
		if all := slices.Sorted(slices.Values(Sections)); !slices.Equal(sections, all) {
			t.Errorf("%s: puts back the sections %q, want each of %q once", r.name, r.order, all)
		}
		for _, wrong := range []pyjson.Value{pyjson.OfString("text"), pyjson.OfList(nil), pyjson.None, pyjson.OfInt(7)} {
			if r.lacks(wrong) == "" {
				t.Errorf("%s: user metadata that is %s fails on no method", r.name, pyjson.Text(wrong))
			}
		}
	}
}

// everyDecision fails on what is zero in a struct of decisions. What may be: the
// name rule of a set that restores no name, and a yes or no.
func everyDecision(t *testing.T, whose string, v reflect.Value) {
	t.Helper()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if name != "names" && v.Field(i).Kind() != reflect.Bool && v.Field(i).IsZero() {
			t.Errorf("%s: %s is left open", whose, name)
		}
	}
}

// TestRuleWords holds that every rule set of the table can be named and told.
func TestRuleWords(t *testing.T) {
	if len(RuleSets) != len(ruleTable) || !slices.Equal(RuleWords(), []string{"auto", "icehouse", "kilo", "newton"}) {
		t.Errorf("rule sets %q, words %q", RuleSets, RuleWords())
	}
	seen := map[RuleSet]bool{}
	for _, r := range RuleSets {
		if got, err := ParseRuleSet(string(r)); got != r || err != nil || r.Releases() == "" || seen[r] {
			t.Errorf("%s is read as %q, %v, of releases %q, seen before: %v", r, got, err, r.Releases(), seen[r])
		}
		seen[r] = true
	}
	for _, word := range []string{"", "auto"} {
		if got, err := ParseRuleSet(word); got != RulesAuto || err != nil {
			t.Errorf("%q is read as %q, %v", word, got, err)
		}
	}
	_, err := ParseRuleSet("zed")
	if err == nil || !strings.Contains(err.Error(), "icehouse, kilo, newton or auto") {
		t.Errorf("zed is refused with %v", err)
	}
}

// TestNoSuchRules holds that a plan under rules that are none is made under those
// that fit the captures, and says so.
func TestNoSuchRules(t *testing.T) {
	in := PlanInput{
		Target:   target("", "", "", nil, nil),
		Captures: []Capture{captureText(2, dict("display_name", "n"), nil, nil)},
		Rules:    "zed",
	}
	if p := NewPlan(in); p.Rules != Newton || !strings.Contains(p.RulesWhy, "which only newton and kilo read") || p.After.Name.Text() != "n" {
		t.Errorf("rules %s because %q, name %s", p.Rules, p.RulesWhy, pyjson.Text(p.After.Name))
	}
}

// TestFateByRules holds what is said of a captured field to the table.
func TestFateByRules(t *testing.T) {
	for _, c := range []struct {
		field   string
		version int
		fate    Fate
		why     string
	}{
		{"display_name", 2, FateConditional,
			"icehouse: always, unless null; kilo: never; newton: onto a volume without a name, or named restore_backup_…"},
		{"display_description", 1, FateConditional, "icehouse: always; kilo: never; newton: together with the name"},
		{"encryption_key_id", 1, FateNever, "version 1 never restores the key"},
		{"encryption_key_id", 2, FateConditional,
			"kilo and newton: restored, also when null; the target must have the captured volume type"},
		{"encryption_key_id", 0, FateNever, "no release reads a capture of this version"},
	} {
		if fate, why := FateOf(BaseSection, c.field, c.version); fate != c.fate || why != c.why {
			t.Errorf("%s, version %d: %s, %q", c.field, c.version, fate, why)
		}
	}
}
