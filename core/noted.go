package core

import (
	"fmt"

	"hearth/core/pyjson"
)

// sourceBackup is the key in which Cinder notes what a volume was restored from.
const sourceBackup = "src_backup_id"

// Noting says whether Cinder's manager notes the backup that was restored in the
// volume's user metadata, once the captures are put back: in a restore of data and
// metadata by Cinder 16 (Ussuri) or later (cinder/backup/manager.py restore_backup,
// commit 4863230fb). hearth's own writing of metadata does not.
type Noting uint8

const (
	NotNoted   Noting = iota
	MaybeNoted        // it is not known how old the Cinder is
	Noted
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
	return Noted
}

// note is what the manager does once a restore has come through: it sets the key
// unless the volume is the backup's own and has none, or has this one already.
func (l *lifted) note(backup BackupID, own bool, noting Noting) {
	if noting == NotNoted || backup == "" || l.err != nil {
		return
	}
	next := &possible{}
	for _, u := range l.now.user {
		id := pyjson.OfString(string(backup))
		old, has := u.keys.Get(sourceBackup)
		hidden := !has && l.symbols.open(u.keys)
		writes := !own || old.Truthy() && !old.Equal(id)
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

// parseMicroversion reads 3.70; ok is false for what is none.
func parseMicroversion(s string) (major, minor int, ok bool) {
	n, _ := fmt.Sscanf(s, "%d.%d", &major, &minor)
	return major, minor, n == 2
}
