package core

import (
	"fmt"
	"strings"
)

// Fate says whether a captured field can ever come back.
type Fate string

const (
	FateRestored    Fate = "restored"    // by the rules of every release that reads this version
	FateConditional Fate = "conditional" // depends on the release, the target or the version
	FateNever       Fate = "never"       // kept for the reader only
)

// FateOf says whether a restore ever brings a captured field back, and why.
// version is the capture's (1 or 2).
func FateOf(s Section, field string, version int) (Fate, string) {
	switch s {
	case UserSection:
		return FateRestored, "all user metadata replaces the target's"
	case ImageSection:
		return FateRestored, "all image metadata replaces the target's, and the volume becomes bootable"
	}
	switch field {
	case "display_name", "display_description":
		return FateConditional, whenNamed(field)
	case "encryption_key_id":
		if r := restorers(field, version); len(r) > 0 {
			return FateConditional, listed(r, "and") + ": restored, also when null; the target must have the captured volume type"
		}
		if len(readers(version)) == 0 {
			return FateNever, "no release reads a capture of this version"
		}
		return FateNever, fmt.Sprintf("version %d never restores the key", version)
	case "volume_type_id":
		if version == 1 {
			return FateNever, "only compared, in version 2, when there is an encryption key"
		}
		return FateConditional, "compared with the target's when there is an encryption key; set only on a target without a type"
	case "size":
		return FateNever, "kept for the reader: it is how large a restore target must be"
	case "provider_auth":
		return FateNever, "kept for the reader; a secret in clear text in the backup repository"
	}
	return FateNever, "captured, but no release restores it"
}

// whenNamed tells, rule set by rule set, when the name or the description comes back.
func whenNamed(field string) string {
	var words []string
	for _, r := range ruleTable {
		when := "never"
		switch {
		case r.names == nil:
		case field == "display_name":
			when = r.names.whenName
		default:
			when = r.names.whenDescription
		}
		words = append(words, string(r.name)+": "+when)
	}
	return strings.Join(words, "; ")
}

// restorers names the rule sets that restore the base field from captures of the
// version, oldest first.
func restorers(field string, version int) []string {
	var names []string
	for _, r := range ruleTable {
		if r.restores(field, version) {
			names = append(names, string(r.name))
		}
	}
	return names
}
