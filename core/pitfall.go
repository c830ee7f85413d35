package core

// PitfallFacts is what decides which pitfalls fit. What is not known fits only where a
// sentence can say so.
type PitfallFacts struct {
	Asked    Operation
	Releases Releases // that the place may be of

	// Backup is what is restored, deleted or imported; of a creation the parent, if it is
	// to have one. Driver is its service's class, Host where it was made.
	Backup Backup
	Driver Fact[string]
	Host   Fact[string]

	Create   *BackupRequest        // what is asked for, of a creation
	Siblings []Backup              // of a creation, the volume's other backups
	Chain    []Backup              // of a restore, the full backup first
	Route    Route                 // of a restore
	Services Fact[[]BackupService] // the backup services

	Encrypted Fact[bool]
	Source    Fact[Volume] // the volume that was backed up, as it is now
	Damaged   bool         // a verification found its objects not to be whole

	LongImages []string // of metadata that is to be written, the image keys with values of more than 255 characters
}

// cinders names the releases that have a fault: "Cinder up to 22.2, 23.0 to 23.2 and 24.0",
// "Cinder from 22.0 on", "Cinder" where all have it.
func (f Fault) cinders() string {
	from := Release{}
	if len(f.Came) > 0 {
		from = f.Came[0]
	}
	var parts []string
	for _, fixed := range f.Went {
		last := Release{Major: fixed.Major, Minor: fixed.Minor - 1}
		if fixed.Minor == 0 {
			last = lastOf(fixed.Major - 1)
		}
		switch {
		case from == Release{}:
			parts = append(parts, "up to "+last.String())
		case from == last:
			parts = append(parts, last.String())
		default:
			parts = append(parts, from.String()+" to "+last.String())
		}
		from = Release{Major: fixed.Major + 1}
	}
	switch {
	case len(parts) > 0:
		return "Cinder " + andList(parts)
	case from != Release{}:
		return "Cinder from " + from.String() + " on"
	}
	return "Cinder"
}

// cinderOf names the Cinders that have a fault, in a place of some releases: "this Cinder"
// where all of those have it, "" where none has.
func cinderOf(f Fault, place Releases) string {
	switch {
	case place.Fails(f):
		return "this Cinder"
	case place.MayFail(f):
		return f.cinders()
	}
	return ""
}

// pitfall is a row of the table.
type pitfall struct {
	code  string
	when  []Operation // that it is told of before
	fault Fault       // the releases of Cinder that do so
	// says is what goes wrong, of a Cinder that it begins with; "" where the case does
	// not fit, or is known not to.
	says      func(f *PitfallFacts, cinder string) string
	next, bug string
}
