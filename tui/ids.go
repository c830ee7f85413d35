package tui

import "hearth/core"

// texts are ids as texts, in which screens are opened for them.
func texts[ID ~string](ids []ID) (out []string) {
	for _, id := range ids {
		out = append(out, string(id))
	}
	return out
}

// backupIDs are the ids of backups again.
func backupIDs(keys []string) []core.BackupID {
	var ids []core.BackupID
	for _, k := range keys {
		ids = append(ids, core.BackupID(k))
	}
	return ids
}
