package repository

import (
	"path"
	"strconv"
	"strings"
	"time"

	"hearth/core"
)

// part says what an object is to the backup that its name belongs to.
type part uint8

const (
	partChunk part = iota
	partMetadata
	partHashes
	partForeign // the prefix and something else after it: it makes Cinder refuse a restore
)

// name is an object's name taken apart.
type name struct {
	prefix string
	part   part
	chunk  int64 // the number of a chunk, from 1
}

// owner is what a prefix says of its backup. Of flat names it is the folder that tells
// the id, where it is one of the driver's own; of the volume they tell nothing.
type owner struct {
	naming naming
	volume core.VolumeID
	backup core.BackupID
	began  core.Opt[time.Time]
	zone   core.Opt[string]
}

const (
	metadataSuffix = "_metadata"
	hashesSuffix   = "_sha256file"
	backupMark     = "_backup_"
	flatPrefix     = "backup" // of flat names, after the folders of an object's name
)

// parseName takes an object's name apart; false for one of no backup. What
// follows a prefix that ends in a UUID is foreign unless Cinder wrote it.
func parseName(s string) (name, bool) {
	base := s[strings.LastIndexByte(s, '/')+1:]
	if rest, ok := strings.CutPrefix(base, flatPrefix); ok {
		n := name{prefix: s[:len(s)-len(rest)]}
		n.part, n.chunk = partOf(rest)
		return n, n.part != partForeign
	}
	if !strings.Contains(s, "volume_") && !strings.HasPrefix(base, "az_") {
		return name{}, false
	}
	for from := 0; ; {
		i := strings.Index(s[from:], backupMark)
		if i < 0 {
			break
		}
		from += i + len(backupMark)
		if len(s)-from < uuidLen || !isUUID(s[from:from+uuidLen]) {
			continue
		}
		if _, ok := parsePrefix(s[:from+uuidLen]); ok {
			n := name{prefix: s[:from+uuidLen]}
			n.part, n.chunk = partOf(s[from+uuidLen:])
			return n, true
		}
	}
	// An id that is no UUID: then only what Cinder writes after it tells its end.
	for _, suffix := range []string{metadataSuffix, hashesSuffix} {
		if prefix, ok := strings.CutSuffix(s, suffix); ok {
			_, ok = parsePrefix(prefix)
			p, _ := partOf(suffix)
			return name{prefix: prefix, part: p}, ok
		}
	}
	if i := strings.LastIndexByte(s, '-'); i > 0 {
		if p, n := partOf(s[i:]); p == partChunk {
			_, ok := parsePrefix(s[:i])
			return name{prefix: s[:i], part: p, chunk: n}, ok
		}
	}
	return name{}, false
}

// partOf reads what follows a prefix. Chunks are numbered with %05d, which grows.
func partOf(suffix string) (part, int64) {
	switch {
	case suffix == metadataSuffix:
		return partMetadata, 0
	case suffix == hashesSuffix:
		return partHashes, 0
	case len(suffix) < 6 || suffix[0] != '-' || len(suffix) > 6 && suffix[1] == '0' || len(suffix) > 19:
		return partForeign, 0
	}
	var n int64
	for _, c := range []byte(suffix[1:]) {
		if c < '0' || c > '9' {
			return partForeign, 0
		}
		n = n*10 + int64(c-'0')
	}
	return partChunk, n
}

// chunkName is the name of a chunk.
func chunkName(prefix string, n int64) string {
	s := strconv.FormatInt(n, 10)
	if len(s) < 5 {
		s = "00000"[len(s):] + s
	}
	return prefix + "-" + s
}

// parsePrefix reads a prefix; false if it is none of a backup.
func parsePrefix(prefix string) (owner, bool) {
	i := strings.LastIndex(prefix, backupMark)
	if i < 0 {
		return owner{}, false
	}
	head, o := prefix[:i], owner{backup: core.BackupID(prefix[i+len(backupMark):])}
	if o.backup == "" || strings.ContainsRune(string(o.backup), '/') {
		return owner{}, false
	}
	if zone, ok := strings.CutPrefix(head, "az_"); ok && !strings.Contains(zone, "/az_") {
		o.naming, o.zone = objectNames, core.Some(zone) // the folders before it were left behind
		return o, isUUID(string(o.backup))
	}
	if rest, zone, ok := strings.Cut(head, "/az_"); ok {
		above, stamp := cutLast(rest)
		_, volume := cutLast(above)
		volume, found := strings.CutPrefix(volume, "volume_")
		o.naming, o.zone, o.began = objectNames, core.Some(zone), readStamp(stamp)
		if found {
			o.volume = core.VolumeID(volume)
		}
		return o, found && volume != "" && o.began.Set || above == "" && o.began.Set && isUUID(string(o.backup))
	}
	o.naming = fileNames
	base, found := strings.CutPrefix(head[strings.LastIndexByte(head, '/')+1:], "volume_")
	u := strings.LastIndexByte(base, '_')
	if !found || u <= 0 {
		return owner{}, false
	}
	o.volume, o.began = core.VolumeID(base[:u]), readStamp(base[u+1:])
	return o, o.began.Set
}

// cutLast cuts a path before its last element.
func cutLast(path string) (above, last string) {
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)], path[i+1:]
}

// ownerOf is what the place of a group's objects says of its backup; above is the path
// to the container where that is a folder.
func ownerOf(above, container, prefix string) owner {
	dir, base := cutLast(prefix)
	if base != flatPrefix {
		o, _ := parsePrefix(prefix)
		return o
	}
	o := owner{naming: flatNames}
	if dir == "" {
		dir = path.Join(above, container)
	}
	if _, id := cutLast(dir); isUUID(id) {
		o.backup = core.BackupID(id)
	}
	return o
}

// readStamp reads the time in a prefix, which is UTC.
func readStamp(s string) core.Opt[time.Time] {
	const layout = "20060102150405"
	if len(s) != len(layout) {
		return core.Opt[time.Time]{}
	}
	t, err := time.Parse(layout, s)
	return core.Opt[time.Time]{V: t, Set: err == nil}
}

const uuidLen = 36

func isUUID(s string) bool {
	if len(s) != uuidLen {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return true
}
