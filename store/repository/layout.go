package repository

import (
	"strings"

	"hearth/core"
)

// naming is how the names of a backup's objects are made (_generate_object_name_prefix
// in cinder/backup/drivers).
type naming uint8

const (
	// objectNames are those of Swift, S3 and GCS:
	// volume_VOLUME/YYYYmmddHHMMSS/az_ZONE_backup_ID.
	objectNames naming = iota + 1
	// fileNames are those of posix, NFS and GlusterFS:
	// volume_VOLUME_YYYYmmddHHMMSS_backup_ID.
	fileNames
	// flatNames are what file drivers wrote up to 10.0.2: the word backup, for every
	// backup the same, so that a second one in a container overwrites the first (bug
	// 1628768).
	flatNames
)

// trait is what a backup shows of one thing that tells eras apart; zero where it does
// not show it.
type trait uint8

const (
	no trait = iota + 1
	yes
)

// The offset of a chunk, and what its md5 is of.
const (
	atStart trait = iota + 1 // the chunk begins there
	atEnd                    // it ends there: told after it was read
)

const (
	ofStored trait = iota + 1 // the bytes as they are stored
	ofPlain                   // the data before it was compressed
)

// era is a line of the table: what a release wrote, and by what it is told.
type era struct {
	core.Layout
	drivers string // that wrote so
	commit  string // of Cinder's, that began it
	names   naming

	// What shows at once in the metadata object, and what Cinder goes by. A backup that
	// shows another of these is not of the era.
	parent  trait // there is a key parent_id
	offsets trait
	md5     trait
	always  trait // a chunk that does not shrink is compressed all the same
	zstd    trait // zstd may be chosen

	// What may be gone or have been added since, and only prefers one era to another.
	capture trait // there is a key volume_meta
	hashes  trait // there is a sha256 file
	zone    trait // created_at has a zone
}

const shifted = "a Cinder of today puts each chunk one too far: since Kilo (e7f592df7) it goes by the offset, " +
	"which then told where a chunk ends (66c158fb0)"

const shiftedNext = "have its bytes put together by hearth extract, which reads each chunk where it belongs, or restore it with " +
	"a Cinder of Havana to Juno"

// eras are all layouts in which Cinder's chunked drivers ever wrote, the oldest first.
// Every one of them says version 1.0.0.
var eras = []era{
	{core.Layout{Name: "grizzly", Releases: "Grizzly (2013.1)"},
		"swift", "f50c8cbed", objectNames, no, atStart, ofStored, yes, no, no, no, no},
	{core.Layout{Name: "havana", Releases: "Havana (2013.2)", Wrong: shifted, Next: shiftedNext},
		"swift", "66c158fb0", objectNames, no, atEnd, ofStored, yes, no, no, no, no},
	{core.Layout{Name: "icehouse", Releases: "Icehouse or Juno (2014.1, 2014.2)", Wrong: shifted, Next: shiftedNext},
		"swift", "41f6af9ff", objectNames, no, atEnd, ofStored, yes, no, yes, no, no},
	{core.Layout{Name: "kilo", Releases: "Kilo (2015.1)"},
		"swift", "e7f592df7", objectNames, yes, atStart, ofStored, yes, no, yes, yes, no},
	{core.Layout{Name: "kilo-files", Releases: "Kilo (2015.1)"},
		"nfs", "e7f592df7", flatNames, yes, atStart, ofStored, yes, no, yes, yes, no},
	{core.Layout{Name: "liberty-files", Releases: "Liberty to Ocata (7.0 to 10.0.2)"},
		"posix, nfs, glusterfs", "fc5affbe7", flatNames, yes, atStart, ofPlain, no, no, yes, yes, yes},
	{core.Layout{Name: "liberty", Releases: "Liberty (7.0) or later"},
		"swift; google from 8.0 on, s3 from 18.0 on", "fc5affbe7", objectNames, yes, atStart, ofPlain, no, no, yes, yes, yes},
	{core.Layout{Name: "ocata-files", Releases: "Ocata (10.0.3), Pike (11.0) or later"},
		"posix, nfs, glusterfs", "535e71797", fileNames, yes, atStart, ofPlain, no, no, yes, yes, yes},
	{core.Layout{Name: "victoria", Releases: "Victoria (17.0) or later"},
		"swift, gcs; s3 from 18.0 on", "aeb94ecec", objectNames, yes, atStart, ofPlain, no, yes, yes, yes, yes},
	{core.Layout{Name: "victoria-files", Releases: "Victoria (17.0) or later"},
		"posix, nfs, glusterfs", "aeb94ecec", fileNames, yes, atStart, ofPlain, no, yes, yes, yes, yes},
}

// shows is what a backup shows of the traits, in the order of the two halves of [era].
type shows struct {
	names                              naming
	parent, offsets, md5, always, zstd trait
	capture, hashes, zone              trait
}

func told(is bool) trait {
	if is {
		return yes
	}
	return no
}

// shows gathers what the metadata and the listing show.
func (m *metadata) shows(g *group) shows {
	s := shows{names: g.owner.naming, parent: told(!m.y2014), capture: told(m.keyed), hashes: told(g.hashes.Set)}
	if _, ok := createdAt(m.created); ok {
		s.zone = told(len(m.created) > len("2006-01-02 15:04:05") && strings.ContainsAny(m.created[19:], "+-Z"))
	}
	if m.y2014 && len(m.entries) > 0 { // of an incremental, offsets tell nothing
		switch first := &m.entries[0]; {
		case first.offset == 0 && first.length > 0:
			s.offsets = atStart
		case m.oldLayout():
			s.offsets = atEnd
		default:
			s.offsets = 255 // neither
		}
	}
	for i := range m.entries {
		e := &m.entries[i]
		enc := encodingOf(e.compression)
		if enc == zstandard {
			s.zstd = yes
		}
		at := g.find(e.name)
		if at < 0 || enc == plain || enc == unknown || e.length <= 0 {
			continue
		}
		c := &g.chunks[at]
		if c.size >= e.length && s.zone != yes {
			s.always = yes
		}
		stored, told := g.md5(c)
		if sum, ok := digest(e.md5, 16); ok && told && string(sum) == string(stored[:]) {
			s.md5 = ofStored
		}
	}
	return s
}

// fits reports whether nothing that is shown speaks against an era, and how much of
// what may have changed since does.
func (e *era) fits(s shows) (ok bool, against int) {
	for _, t := range [...][2]trait{{s.parent, e.parent}, {s.offsets, e.offsets}, {s.md5, e.md5}} {
		if t[0] != 0 && t[0] != t[1] {
			return false, 0
		}
	}
	if s.always == yes && e.always == no || s.zstd == yes && e.zstd == no {
		return false, 0
	}
	if s.zstd != yes && e.zstd == yes {
		return false, 0 // nothing of it shows
	}
	if s.names != e.names {
		against += 2
	}
	for _, t := range [...][2]trait{{s.capture, e.capture}, {s.hashes, e.hashes}, {s.zone, e.zone}} {
		if t[0] != 0 && t[0] != t[1] {
			against++
		}
	}
	return true, against
}

// compressesAll reports whether a chunk that does not shrink is compressed all the same
// in the layout: those were written before Liberty (fc5affbe7).
func (m *metadata) compressesAll() bool {
	for i := range eras {
		if &eras[i].Layout == m.layout {
			return eras[i].always == yes
		}
	}
	return false
}

// oddLayouts are that are of no era.
var oddLayouts = [...]core.Layout{
	{Name: "unknown", Unclear: "what its metadata object has, and has not, fits no release of Cinder's", Next: "have somebody look at it"},
	{Name: "unknown-offsets", Unclear: "its offsets tell neither where its chunks begin nor where they end",
		Next: "have somebody look at its metadata object"},
}

// layoutOf tells the layout from all that is shown. Of eras that fit equally well it
// is the oldest: they do not differ in what a restore gives.
func layoutOf(s shows) *core.Layout {
	var best *era
	least := 0
	for i := range eras {
		if ok, against := eras[i].fits(s); ok && (best == nil || against < least) {
			best, least = &eras[i], against
		}
	}
	switch {
	case best != nil:
		return &best.Layout
	case s.offsets > atEnd:
		return &oddLayouts[1]
	}
	return &oddLayouts[0]
}
