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
