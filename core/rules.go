package core

import "fmt"

// RuleSet names a Cinder's rules of what a restore puts back: they belong to
// the release that restores, not to the capture. The capture's version picks
// version 1 or 2 inside a rule set.
type RuleSet string

const (
	RulesAuto RuleSet = "auto"
	// Icehouse is the driver of 2014 (commit 1d6235cc3f; Icehouse, Juno): version
	// 1 only; the description always, the name unless it is null.
	Icehouse RuleSet = "icehouse"
	// Kilo is Kilo to Mitaka (commit 7ee80f766, bug 1376194): of the base metadata
	// version 1 restores nothing and version 2 the encryption key.
	Kilo RuleSet = "kilo"
	// Newton is Newton to this day (commit 314d4ec1f, bug 1539667): the name and
	// description onto volumes that look auto-created.
	Newton RuleSet = "newton"
)

// RuleSets are the rule sets that can be chosen, oldest first.
var RuleSets = []RuleSet{Icehouse, Kilo, Newton}

// Releases says which releases of OpenStack the rule set belongs to.
func (r RuleSet) Releases() string {
	switch r {
	case Icehouse:
		return "Icehouse and Juno (2014)"
	case Kilo:
		return "Kilo to Mitaka (2015 to 2016)"
	case Newton:
		return "Newton to today"
	}
	return ""
}

// ParseRuleSet reads a rule set's name; "" is auto.
func ParseRuleSet(s string) (RuleSet, error) {
	switch r := RuleSet(s); r {
	case "":
		return RulesAuto, nil
	case RulesAuto, Icehouse, Kilo, Newton:
		return r, nil
	}
	return "", Fail(CodeUsage, "choose rules "+s, "there is no such rule set", "use icehouse, kilo, newton or auto", nil)
}

// ChooseRules picks the rule set where hearth carries the restore out itself, on
// the embedded store: the one the captures were written for. Any version 2 in
// the chain means today's rules; version 1 alone is the driver of 2014.
func ChooseRules(captures []Capture) (RuleSet, string) {
	for i := range captures {
		if captures[i].Version() == 2 {
			return Newton, fmt.Sprintf("capture %d of %d is version 2, which only newton and kilo read; newton is today's", i+1, len(captures))
		}
	}
	if len(captures) == 1 {
		return Icehouse, "the capture is version 1, written for the driver of 2014, whose rules hearth carries out here"
	}
	return Icehouse, "all captures are version 1, written for the driver of 2014, whose rules hearth carries out here"
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
