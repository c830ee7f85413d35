package repository

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"hearth/core"
)

// likeness is a kind of thing that is no chunk of a backup, but is known to lie where
// backups do.
type likeness struct {
	is    *regexp.Regexp // of a name, with its container before it
	looks string
}

const uuidPattern = `[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`

// ofFileSystem is what is known well enough: it hides no backup.
const ofFileSystem = "what a file system keeps for itself"

// likenesses are tried in their order.
var likenesses = []likeness{
	{regexp.MustCompile(`(^|/)backup\.` + uuidPattern + `\.meta$`), "metadata objects of Cinder's Ceph driver, copied out of a pool"},
	{regexp.MustCompile(`(^|/)volume-` + uuidPattern + `\.backup\.`), "RBD images of Cinder's Ceph driver, exported"},
	{regexp.MustCompile(`(^|/)backup-` + uuidPattern + `$`), "backups of Cinder's TSM driver, which only TSM reads"},
	{regexp.MustCompile(`(^|/)volume-` + uuidPattern + `(\.|$)`), "volumes of Cinder's, not backups"},
	{regexp.MustCompile(`(^|/)snapshot-` + uuidPattern), "snapshots of Cinder's, not backups"},
	{regexp.MustCompile(`(^|/)(backup-\d{5,}|backup_(metadata|sha256file))$`),
		"pieces of a backup of Cinder's file drivers before Pike, without the rest"},
	{regexp.MustCompile(`(^|/)volume_`), "names that begin as Cinder's do and do not go on so"},
	{regexp.MustCompile(`_(metadata|sha256file)(\.|$)`), "files that end as Cinder's metadata does, and begin otherwise"},
	{regexp.MustCompile(`(^|/)(lost\+found|\.snapshot|\.zfs|\.Trash[^/]*|\.glusterfs)(/|$)|(^|/)\.(nfs|fuse_hidden)[0-9a-f]+$`), ofFileSystem},
	{regexp.MustCompile(`(\.part|\.partial|\.tmp|\.crdownload|\.part\.minio|~|\.swp)$`), "downloads or copies that broke off"},
	{regexp.MustCompile(`(^|/)(keys|snapshots|locks|index)/[0-9a-f]{64}$|(^|/)data/[0-9a-f]{2}/[0-9a-f]{64}$`), "a repository of restic"},
	{regexp.MustCompile(`(^|/)(kopia\.(repository|maintenance|blobcfg)|[pqxn][0-9a-f]{30,}[^/]*)$`), "a repository of Kopia"},
	{regexp.MustCompile(`(^|/)duplicity-(full|inc|new)`), "archives of duplicity"},
	{regexp.MustCompile(`\.(qcow2|raw|img|vmdk|vdi|vhdx?|iso)$`), "disk images"},
	{regexp.MustCompile(`\.(tar|tgz|zip|gz|bz2|xz|zst|7z)(\.\w+)?$`), "archives"},
	{regexp.MustCompile(`\.(sql|dump|sqlite|db)$`), "dumps of a database"},
	{regexp.MustCompile(`(?i)(^|/)(read\.?me|licen[cs]e|notes?|todo|index)(\.\w+)?$|\.(txt|md|html?|log|pdf|rst)$`), "texts"},
	{regexp.MustCompile(`\.(ya?ml|json|conf|cfg|ini|toml|sh|py)$`), "settings or scripts"},
}

// looksLike says what an object looks like that is part of no backup.
func looksLike(h *core.Holding) string {
	name := spot{h.Container, h.Prefix}.String()
	for _, l := range likenesses {
		if l.is.MatchString(name) {
			return l.looks
		}
	}
	if h.Problem != "" && strings.HasSuffix(h.Prefix, "/") {
		return "folders, and this user may not read them"
	}
	return "nothing that hearth knows of"
}

// fewNames is how many names of each kind are kept.
const fewNames = 3

// strange counts what is not known, by what it looks like.
type strange map[string]*core.Unrecognised

func (s *strange) add(h *core.Holding) {
	looks := looksLike(h)
	if h.Problem == "" {
		h.Problem = "no part of any backup; it looks like " + looks
	}
	if looks == ofFileSystem {
		return
	}
	u := (*s)[looks]
	if u == nil {
		if *s == nil {
			*s = strange{}
		}
		u = &core.Unrecognised{Looks: looks}
		(*s)[looks] = u
	}
	u.Objects++
	u.Bytes += h.Bytes
	if len(u.Names) < fewNames {
		u.Names = append(u.Names, strings.Clone(spot{h.Container, h.Prefix}.String()))
	}
}

// sorted is all of it, the most first.
func (s strange) sorted() []core.Unrecognised {
	var out []core.Unrecognised
	for _, u := range s {
		out = append(out, *u)
	}
	slices.SortFunc(out, func(a, b core.Unrecognised) int {
		return cmp.Or(cmp.Compare(b.Objects, a.Objects), cmp.Compare(a.Looks, b.Looks))
	})
	return out
}
