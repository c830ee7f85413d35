package core

import "errors"

// Idiom is how a face of hearth says to do something: a verb names a flag, a screen a key.
// Core, the jobs and the drivers serve both, and name neither: what they say to do next is
// one of the Do constants, for which a face puts words of its own with [Idiom.Next] and
// [Instead]. What a face has no words for is said as it stands, which is true on both. with
// is what it is to be done with, such as the names of fields.
type Idiom map[string]func(with ...string) string

// What can be done, in words that name no face's way to it.
const (
	DoLeaveOut     = "leave out what it refuses" // with the fields' keys
	DoGiveCapture  = "name the backup repository for this place, or hand the capture in as a file"
	DoServiceToday = "take it under the service that a Cinder of today knows"
	DoServiceOwn   = "choose the record's own service if that is right" // with that service
	DoOwnTenant    = "choose it as the owner to have it own the backup" // with the tenant
	DoUnderToday   = "take its record from the database, and import that where no such row is, under " +
		"cinder.backup.drivers.swift.SwiftBackupDriver; or restore it with the Cinder that made it"
	DoThatPlace      = "go to that place"
	DoRepository     = "name the backup repository as the place's own in the config"
	DoAnotherBundle  = "write it under another name"
	DoOverBundle     = "choose another name, or have it replaced"
	DoArchiveFirst   = "archive the records first"
	DoViaAPI         = "plan it by the API, or restore the backup"
	DoExistingVolume = "name an existing volume, or leave the way to hearth"
	DoAlsoViaAPI     = "plan it by the API"
	DoForce          = "back it up by force: what it holds is then as after a power cut"
	DoReadRest       = "verify every chunk of it; the rest can be read all the same"
	DoPasscode       = "give a new one"
	DoPasscodeLater  = "try again in a minute"
	DoAnyProject     = "leave the project out, or name a cloud with a password or a token"
	DoNoParts        = "leave the region and the project out"
	DoUndoOrFinish   = "the journal shows what was done, and can finish it or take it back"
	DoNarrowProven   = "narrow it, as with proven<7d; the drills' results list all"
	DoTidyDrills     = "tidy up after drills"
)

// Next is what to do next in a face's own words, where it has some.
func (m Idiom) Next(next string, with ...string) string {
	if own := m[next]; own != nil {
		return own(with...)
	}
	return next
}

// Instead has a failure say what to do next in a face's own words, where it has some; each
// of several that were joined too.
func Instead(err error, m Idiom) error {
	var e *Error
	switch x := err.(type) {
	case nil:
		return nil
	case interface{ Unwrap() []error }:
		var all []error
		changed := false
		for _, one := range x.Unwrap() {
			own := Instead(one, m)
			all, changed = append(all, own), changed || own != one
		}
		if !changed {
			return err
		}
		return errors.Join(all...)
	}
	if !errors.As(err, &e) || m[e.Next] == nil {
		return err
	}
	out := *e
	out.Next = m.Next(e.Next, e.With...)
	return &out
}
