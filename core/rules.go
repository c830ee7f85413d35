package core

import (
	"fmt"

	"hearth/core/pyjson"
)

// RuleSet names a Cinder's rules of what a restore puts back: they belong to
// the release that restores, not to the capture. The capture's version picks
// version 1 or 2 inside a rule set.
//
// How to add a rule set: a constant with its name here, a value of rules beside
// icehouse, kilo and newton that makes every decision (TestRuleTable fails on one
// that is left out), and its line in ruleTable, by age. Plans, their reasons, the
// words of a capture's fields, the choice on the screen and that of --rules follow
// from the table. Then hold it to Cinder: cases of that release in
// testdata/conformance and its name in checkRestore, or, where there are none, a
// table of its own as in TestKilo; and a line in TestRuleSetsSideBySide. The key's
// help in the restore tab and the README name the rule sets, too.
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

// ruleTable holds the rule sets, oldest first; the last one is today's.
var ruleTable = []*rules{&icehouse, &kilo, &newton}

// rules are the decisions of one Cinder in BackupMetadataAPI.put
// (cinder/backup/driver.py) and in what it calls.
type rules struct {
	name     RuleSet
	releases string       // of OpenStack, for people
	python   *interpreter // what it runs under

	// order is that of the sections (_v1_restore_factory, _v2_restore_factory):
	// of a dict literal since Python 3.7, of Python 2's hashes before.
	order []Section

	// base has, by the captures' versions that are read, the columns that come back
	// from the base section, in the code's order. A version that is not there is
	// refused; without columns the section is not looked at. Where encryption_key_id
	// is one of them, the volume types have to agree first.
	base map[int][]string

	// names decides on display_name and display_description; nil: base has neither.
	names *nameRule

	// userCalls are the methods that are called on the user metadata, in this order
	// (db.volume_metadata_update): what is no dict lacks the first or the second.
	userCalls []string
}

// nameRule is the part of _restore_vol_base_meta that is about the name and the
// description of the volume.
type nameRule struct {
	// keeps says which of the two the target keeps, by the name captured and its own.
	keeps func(captured, target pyjson.Value) (name, description bool)
	// misread is the exception for a base section that has display_name in it and is
	// no dict: its class and message.
	misread func(base pyjson.Value) (class, message string)

	// In words, for people: when each comes back (after "kilo: "), why one did, and
	// why the target kept its own.
	whenName, whenDescription string
	whySet                    func(field string, c nameCase) string
	whyKept                   func(c nameCase) string
}

// nameCase is what the reason for a name or description hangs on.
type nameCase struct {
	named  bool         // the capture has a display_name
	later  bool         // layers follow that have no say any more
	shown  string       // the captured field, as shown
	target pyjson.Value // the target's name before the restore
}

var icehouse = rules{
	name: Icehouse, releases: "Icehouse and Juno (2014)",
	python: &python2,
	order:  []Section{BaseSection, ImageSection, UserSection},
	base:   map[int][]string{1: {"display_name", "display_description"}},
	names: &nameRule{
		keeps:   func(captured, _ pyjson.Value) (bool, bool) { return captured.IsNull(), false },
		misread: func(base pyjson.Value) (string, string) { return "TypeError", subscriptError(base) },

		whenName: "always, unless null", whenDescription: "always",
		whySet: func(field string, _ nameCase) string {
			if field == "display_name" {
				return "icehouse sets the name unless the captured one is null"
			}
			return "icehouse always sets the description"
		},
		whyKept: func(nameCase) string { return "icehouse does not set a name that is null" },
	},
	userCalls: []string{"items"},
}

var kilo = rules{
	name: Kilo, releases: "Kilo to Mitaka (2015 to 2016)",
	python: &python2,
	order:  []Section{BaseSection, ImageSection, UserSection},
	base: map[int][]string{
		1: {}, // the factory of version 1 has no base section any more
		2: {"encryption_key_id"},
	},
	userCalls: []string{"items"},
}

var newton = rules{
	name: Newton, releases: "Newton to today",
	python: &python3,
	order:  []Section{BaseSection, UserSection, ImageSection},
	base: map[int][]string{
		1: {"display_name", "display_description"},
		2: {"display_name", "display_description", "encryption_key_id"},
	},
	names: &nameRule{
		keeps: func(captured, target pyjson.Value) (bool, bool) {
			own := !captured.Truthy() || !looksAutoCreated(target)
			return own, own
		},
		misread: func(base pyjson.Value) (string, string) {
			return "AttributeError", fmt.Sprintf("'%s' object has no attribute 'get'", base.TypeName())
		},

		whenName:        "onto a volume without a name, or named restore_backup_…",
		whenDescription: "together with the name",
		whySet:          newtonSets,
		whyKept:         newtonKeeps,
	},
	userCalls: []string{"copy", "items"},
}

func newtonSets(field string, c nameCase) string {
	later := ""
	if c.later {
		later = "; later layers cannot change it any more, as the volume then has a name"
	}
	switch {
	case field == "display_name":
		return "the target looks made for the restore (no name, or restore_backup_…), so the captured name comes back" + later
	case !c.named:
		return "it has no name, and then the description is always set"
	}
	return "comes back together with the name" + later
}

func newtonKeeps(c nameCase) string {
	why := "the captured name is empty, and then neither name nor description comes back"
	if !looksAutoCreated(c.target) {
		why = "the target has a name of its own, so Cinder leaves name and description alone"
	}
	return why + " (captured: " + c.shown + ")"
}
