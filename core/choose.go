package core

import (
	"fmt"
	"slices"
	"strings"

	"hearth/core/pyjson"
)

// RuleSets are the rule sets that can be chosen, oldest first.
var RuleSets = func() []RuleSet {
	var names []RuleSet
	for _, r := range ruleTable {
		names = append(names, r.name)
	}
	return names
}()

// rules are the decisions of the rule set; nil for auto and for what is none.
func (r RuleSet) rules() *rules {
	for _, known := range ruleTable {
		if known.name == r {
			return known
		}
	}
	return nil
}

// Releases says which releases of OpenStack the rule set belongs to; "" for auto
// and for what is none.
func (r RuleSet) Releases() string {
	if known := r.rules(); known != nil {
		return known.releases
	}
	return ""
}

// RuleWords are the words that [ParseRuleSet] reads: auto, and the rule sets,
// oldest first.
func RuleWords() []string {
	words := []string{string(RulesAuto)}
	for _, r := range RuleSets {
		words = append(words, string(r))
	}
	return words
}

// ParseRuleSet reads a rule set's name; "" is auto. Any other word is an [Error]
// of code usage.
func ParseRuleSet(s string) (RuleSet, error) {
	if s == "" {
		return RulesAuto, nil
	}
	words := RuleWords()
	if slices.Contains(words, s) {
		return RuleSet(s), nil
	}
	words = append(words[1:], words[0])
	return "", Fail(CodeUsage, "choose rules "+s, "there is no such rule set", "use "+listed(words, "or"), nil)
}

// listed is "a, b or c" with the word between the last two.
func listed(words []string, between string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " " + between + " " + words[last]
}

// ChooseRules picks the rule set where hearth carries the restore out itself, on
// the embedded store: the one the captures were written for. Any version 2 in
// the chain means today's rules, as do no captures; version 1 alone is the driver of 2014.
func ChooseRules(captures []Capture) (RuleSet, string) {
	first, today := ruleTable[0], ruleTable[len(ruleTable)-1]
	for i := range captures {
		version := captures[i].Version()
		if version == 0 || first.reads(version) {
			continue
		}
		return today.name, fmt.Sprintf("capture %d of %d is version %d, which only %s read; %s is today's",
			i+1, len(captures), version, listed(readers(version), "and"), today.name)
	}
	switch len(captures) {
	case 0:
		return today.name, "no capture is known, and " + string(today.name) + " is today's"
	case 1:
		return first.name, "the capture is version 1, written for the driver of 2014, whose rules hearth carries out here"
	}
	return first.name, "all captures are version 1, written for the driver of 2014, whose rules hearth carries out here"
}

// readers names the rule sets that read captures of the version, newest first.
func readers(version int) []string {
	var names []string
	for _, r := range slices.Backward(ruleTable) {
		if r.reads(version) {
			names = append(names, string(r.name))
		}
	}
	return names
}

// reads reports whether captures of the version are read, or refused.
func (r *rules) reads(version int) bool {
	_, ok := r.base[version]
	return ok
}

// takesPlain reports whether every capture that Cinder writes of a volume without
// a key is put back: in both versions, with values beyond ASCII.
func (r *rules) takesPlain() bool { return r.reads(1) && r.reads(2) && r.python == &python3 }

// version is the one that v stands for by Python's equality, if it is read.
func (r *rules) version(v pyjson.Value) (int, bool) {
	for version := range r.base {
		if v.EqualsInt(int64(version)) {
			return version, true
		}
	}
	return 0, false
}

// restores reports whether the base field can come back from a capture of the version.
func (r *rules) restores(field string, version int) bool {
	return slices.Contains(r.base[version], field)
}

// Layers says which captures of a chain a restore puts back.
type Layers string

const (
	LayersAuto Layers = "auto"
	LayersAll  Layers = "all"  // chunked drivers: every layer, the full backup first
	LayersLast Layers = "last" // Ceph: only that of the backup restored
)

// ParseLayers reads a layers word; "" is auto.
func ParseLayers(s string) (Layers, error) {
	switch l := Layers(s); l {
	case "":
		return LayersAuto, nil
	case LayersAuto, LayersAll, LayersLast:
		return l, nil
	}
	return "", Fail(CodeUsage, "choose layers "+s, "there is no such choice", "use all, last or auto", nil)
}

// ChooseLayers picks the layers by the backup's service: Ceph's driver restores
// the metadata of the requested backup only (drivers/ceph.py _restore_metadata),
// chunked drivers that of every backup of the chain (chunkeddriver.py restore).
func ChooseLayers(service string) (Layers, string) {
	switch {
	case IsCeph(service):
		return LayersLast, "the Ceph driver restores only the metadata of the backup asked for"
	case service == "":
		return LayersAll, "the backup's service is not known; all drivers but Ceph's restore every layer"
	}
	return LayersAll, "chunked drivers restore the metadata of every layer, the full backup first"
}
