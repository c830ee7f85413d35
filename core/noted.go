package core

import "hearth/core/pyjson"

// sourceBackup is the key in which Cinder notes what a volume was restored from.
const sourceBackup = "src_backup_id"

// Noting says whether Cinder's manager notes the backup that was restored in the
// volume's user metadata, once the captures are put back: in a restore of data and
// metadata by Cinder 16 (Ussuri) or later (cinder/backup/manager.py restore_backup,
// commit 4863230fb).
type Noting uint8

const (
	NoManager  Noting = iota // no manager is at work: hearth writes the metadata itself
	NotNoted                 // the Cinder is older than that
	MaybeNoted               // how old it is, is not known
	ManagerNotes
)

// NotingOf is what a cloud of this newest microversion does: 3.60 came with Cinder
// 16. "" is a cloud that did not say.
func NotingOf(microversion string) Noting {
	switch major, minor, ok := parseMicroversion(microversion); {
	case !ok:
		return MaybeNoted
	case major < 3 || major == 3 && minor < 60:
		return NotNoted
	}
	return ManagerNotes
}

// note is what the manager does once a restore has come through: it sets the key
// unless the volume is the backup's own and has none, or has this one already.
func (l *lifted) note(backup BackupID, own bool, noting Noting) {
	if noting < MaybeNoted || backup == "" || l.err != nil {
		return
	}
	next := &possible{}
	for _, u := range l.now.user {
		id := pyjson.OfString(string(backup))
		old, has := u.keys.Get(sourceBackup)
		hidden := !has && l.symbols.open(u.keys) || l.symbols.is(old)
		writes := !own || old.Truthy() && !old.Equal(id) && !hidden
		u.noted = writes || hidden
		if !writes || noting == MaybeNoted {
			next.addUser(u)
		}
		if writes || hidden {
			u.keys = u.keys.Clone()
			u.keys.Set(sourceBackup, id)
			next.addUser(u)
		}
	}
	l.take(next, ofUser)
}

// clone is what the manager does with a key that the restore has brought: it puts
// a fresh clone of the backup's key in its place, whose id nobody can foretell
// (cinder/backup/manager.py _run_restore).
func (l *lifted) clone(before pyjson.Value, noting Noting) {
	if noting == NoManager || l.err != nil {
		return
	}
	next := &possible{}
	for _, b := range l.now.base {
		b.cloned = b.by[2] != byTarget && b.key.Truthy() && !b.key.Equal(before)
		next.addBase(b)
	}
	l.take(next, ofBase)
}
