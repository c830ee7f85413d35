package core

import (
	"fmt"
	"iter"
	"strings"
	"time"
)

// HoldingKind says what a repository holds under a prefix.
type HoldingKind string

const (
	HoldingBackup     HoldingKind = "backup"     // finished: its metadata object is there and reads
	HoldingUnfinished HoldingKind = "unfinished" // no metadata object, which a backup writes last
	HoldingBroken     HoldingKind = "broken"     // a metadata object that cannot be used
	HoldingStray      HoldingKind = "stray"      // no part of any backup
)

// Holding is one thing that a backup repository holds: the objects under one
// prefix, or a stray.
type Holding struct {
	Kind      HoldingKind
	Container string         // the bucket, the container, or the folder under the root
	Prefix    string         // of the objects, as in service_metadata; of a stray its name
	ID        BackupID       // that the prefix names; "" for a stray
	VolumeID  VolumeID       // that the prefix names
	Began     Opt[time.Time] // when the backup began, as the prefix says
	Objects   int64          // chunks that are there
	Bytes     int64          // of everything under the prefix
	Problem   string         // what is wrong with it, in a sentence; "" if nothing is seen

	// Of a finished backup: the row that a database would have, as far as the
	// repository tells, and what to think of its fields.
	Backup      Backup
	Marks       []Mark
	CaptureText Opt[string] // volume_meta; in an inventory its text is left out
	CaptureFrom Source
}

// Capture reads the capture of a finished backup; false where Cinder stored none.
func (h *Holding) Capture() (Capture, bool) {
	if !h.CaptureText.Set {
		return Capture{}, false
	}
	c := ReadCapture(h.CaptureText.V, h.CaptureFrom)
	c.BackupID = h.ID
	if c.VolumeID == "" {
		c.VolumeID = h.Backup.VolumeID
	}
	return c, true
}

// The codes of the reasons that the layout of a backup's objects gives.
const (
	ReasonLayoutWrong   = "layout-wrong"   // a Cinder of today restores it, to other bytes than were backed up
	ReasonLayoutUnknown = "layout-unknown" // hearth does not know the layout, and so not what a restore would give
	ReasonLayoutRelease = "layout-release" // some releases of Cinder cannot restore it, and which one would is not known
)

// sinceCaracal is the newest microversion of Cinder 24.0: whoever has it has what came
// before. 3.70 is that of 21.0 to 23.x, of which some have the fault of a full copy in Ceph.
const sinceCaracal = 71

// LayoutReasons is why a restore that goes by these backups is not to be trusted with
// the data. Under the rules of 2014 a Cinder of that time restores, which is right. The
// version is the API's newest microversion, "" where it is not known.
func LayoutReasons(backups []Backup, rules RuleSet, version string) (out []Reason) {
	for i := range backups {
		b := &backups[i]
		says := b.Layout.Says()
		if says == "" || rules == Icehouse && b.Layout.Unclear == "" {
			continue
		}
		if !b.Layout.Bad() {
			if _, minor, _ := parseMicroversion(version); minor < sinceCaracal {
				out = append(out, Reason{Code: ReasonLayoutRelease, Answer: AnswerUnknown, Next: b.Layout.Next, Text: Visible(b.Title()) +
					": " + says + "; which release would restore it is not known"})
			}
			continue
		}
		r := Reason{Code: ReasonLayoutWrong, Answer: AnswerNo, Next: b.Layout.Next,
			Text: "the data would come out wrong: " + Visible(b.Title()) + " was " + says}
		if b.Layout.Unclear != "" {
			r.Code, r.Answer, r.Text = ReasonLayoutUnknown, AnswerUnknown, Visible(b.Title())+": "+says
		}
		out = append(out, r)
	}
	return out
}

// MarkState says why a field of a rebuilt row is not to be taken at its word.
type MarkState string

const (
	MarkAssumed MarkState = "assumed" // likely, and not known
	MarkLost    MarkState = "lost"    // the repository does not hold it
)

// Mark is a word on one field of a row that was rebuilt from a repository.
type Mark struct {
	Field string // by its name in a record
	State MarkState
	Why   string // in words: no capital, no full stop
}

// ScanProgress is how far a scan of a repository has come.
type ScanProgress struct {
	Objects    int64 // listed
	Bytes      int64 // that they take
	Backups    int64 // finished ones
	Unfinished int64
	Broken     int64
	Strays     int64 // objects that hearth does not know
}

// Unrecognised are objects of a repository that hearth does not know, put together by what
// they look like. As long as there are such, nobody can say that all there is is sound.
type Unrecognised struct {
	Looks   string // like what, in words: no capital, no full stop
	Objects int64
	Bytes   int64
	Names   []string // the first few, with their containers
}

// Says tells of them in a few words: "9 look like disk images (such as web.qcow2)".
func (u *Unrecognised) Says() string {
	verb := "look like"
	if u.Objects == 1 {
		verb = "looks like"
	}
	text := fmt.Sprintf("%d %s %s", u.Objects, verb, u.Looks)
	if len(u.Names) > 0 {
		text += " (such as " + Visible(u.Names[0]) + ")"
	}
	return text
}

// UnrecognisedText is a note on what a repository holds that hearth does not know; "" for
// nothing: "14 objects that hearth does not know: 9 look like …, 5 …".
func UnrecognisedText(all []Unrecognised) string {
	var n int64
	var parts []string
	for i := range all {
		n += all[i].Objects
		parts = append(parts, all[i].Says())
	}
	if n == 0 {
		return ""
	}
	return Count(int(n), "object") + " that hearth does not know: " + strings.Join(parts, ", ")
}

// Inventory is what a scan found in all.
type Inventory struct {
	ScanProgress
	// Holdings is every backup, finished or not, by container and prefix, and after
	// them the strays: of those only the first thousand.
	Holdings Holdings
	Unknown  []Unrecognised // the strays, by what they look like, the most first
	At       time.Time      // when the scan ended
}

// Holdings are what a scan found, each made when it is asked for: there may be very many,
// and one takes a kilobyte. They may be asked for from many goroutines. Zero: there is
// none.
type Holdings struct {
	n  int
	at func(int) Holding
}

// HoldingsOf are n holdings that a function makes, the same one for a number each time.
func HoldingsOf(n int, at func(int) Holding) Holdings { return Holdings{n, at} }

// Len is how many there are.
func (h Holdings) Len() int { return h.n }

// At makes the one with a number from 0 on.
func (h Holdings) At(i int) Holding { return h.at(i) }

// All goes through them.
func (h Holdings) All() iter.Seq2[int, Holding] {
	return func(yield func(int, Holding) bool) {
		for i := range h.n {
			if !yield(i, h.at(i)) {
				return
			}
		}
	}
}

// Severity says what a flaw means for a restore.
type Severity string

const (
	SeverityDamage  Severity = "damage"  // Cinder refuses the restore, or it gives other bytes than were backed up
	SeverityWarning Severity = "warning" // a restore works, but something is not as Cinder leaves it
	SeverityNote    Severity = "note"    // for the reader to know
	SeverityUnknown Severity = "unknown" // what a restore would give is not known
)

// FlawCode sorts what a verification finds.
type FlawCode string

const (
	FlawUnfinished      FlawCode = "unfinished"       // no metadata object
	FlawMetadataCut     FlawCode = "metadata-cut"     // the metadata object ends too early, or is no JSON
	FlawMetadataInvalid FlawCode = "metadata-invalid" // JSON, but not what Cinder writes
	FlawIDMismatch      FlawCode = "id-mismatch"      // the metadata is of another backup or volume than the prefix says
	FlawDuplicate       FlawCode = "duplicate"        // the same backup stands under two prefixes
	FlawMissingObject   FlawCode = "missing-object"   // the metadata names it, and it is not there
	FlawForeignObject   FlawCode = "foreign-object"   // it is there, and the metadata does not name it
	FlawObjectSize      FlawCode = "object-size"      // the object's size cannot be right
	FlawLayout          FlawCode = "layout"           // offsets and lengths leave gaps, overlap or go beyond the end
	FlawOldLayout       FlawCode = "old-layout"       // offsets as Cinder wrote them from Havana to Juno: today's restores them wrongly
	FlawLayoutUnknown   FlawCode = "layout-unknown"   // written in no way that hearth knows of any Cinder
	FlawMoved           FlawCode = "moved"            // the objects are not where their own names say
	FlawParentMissing   FlawCode = "parent-missing"   // the chain ends at a backup that is not here
	FlawParentCycle     FlawCode = "parent-cycle"     // the parents go round in a circle
	FlawParentUnsound   FlawCode = "parent-unsound"   // a backup it stands on is damaged
	FlawParentVolume    FlawCode = "parent-volume"    // the parent is of another volume
	FlawHashesMissing   FlawCode = "hashes-missing"   // no sha256 file: no incremental can stand on it
	FlawHashesUnusable  FlawCode = "hashes-unusable"  // the sha256 file is cut short, or not of this backup
	FlawCompression     FlawCode = "compression"      // a compression that Cinder does not know
	FlawUnreadable      FlawCode = "unreadable"       // the object could not be read
	FlawDecompress      FlawCode = "decompress"       // the object does not decompress to its end
	FlawTrailing        FlawCode = "trailing"         // bytes after the end of the compressed data
	FlawLength          FlawCode = "length"           // other than the metadata says
	FlawMD5             FlawCode = "md5"              // other than the metadata says
	FlawSHA256          FlawCode = "sha256"           // a block is not what the sha256 file says
	FlawEncrypted       FlawCode = "encrypted"        // the data is the volume's ciphertext
	FlawMetadataMissing FlawCode = "metadata-missing" // a backup of Ceph's driver without its metadata
	FlawOldRestore      FlawCode = "old-restore"      // some releases of Cinder do not find the data
	FlawUncompared      FlawCode = "uncompared"       // it was read, and there is nothing to compare it with
)

// Flaw is one thing that a verification found.
type Flaw struct {
	Code     FlawCode
	Severity Severity
	Object   string // the object's name, "" where it is not about one
	Text     string // in words: no capital, no full stop
}

// VerifyReport is what a verification says of one backup.
type VerifyReport struct {
	ID        BackupID
	Name      Opt[string]
	VolumeID  VolumeID
	Container string
	Prefix    string
	Deep      bool   // the chunks were read
	Objects   int64  // that were compared, or read
	Bytes     int64  // that were read, as stored
	Blocks    int64  // compared with the sha256 file
	Sum       string // sha256 of the volume's bytes, in hexadecimal; "" where they were not read as one
	Flaws     []Flaw // the worst first, then by object
	More      int64  // flaws beyond the first hundred
	Damages   int64  // how many are damage, among all of them
	Unclear   int64  // how many say that it is not known what a restore would give
	Layout    *Layout
}

// Sound reports whether a restore can be expected to work: there is no damage, and
// all of it was understood.
func (r *VerifyReport) Sound() bool { return r.Damages == 0 && r.Unclear == 0 }

// Misplaced reports whether all that is wrong is that a Cinder of today restores such
// a backup wrongly: what is stored is whole.
func (r *VerifyReport) Misplaced() bool {
	return r.Damages == 1 && len(r.Flaws) > 0 && r.Flaws[0].Code == FlawOldLayout
}

// Verified is what a verification said of one backup, as it is kept for later.
type Verified struct {
	Repository string // the location
	Backup     BackupID
	At         time.Time
	Deep       bool   // the chunks were read
	Damages    int64  // 0: it was sound
	Flaw       string // the first damage in words, "" if there is none
}

// Kept is the report for later: at is when it was made, of which repository.
func (r *VerifyReport) Kept(repository string, at time.Time) Verified {
	v := Verified{Repository: repository, Backup: r.ID, At: at, Deep: r.Deep, Damages: r.Damages}
	if r.Misplaced() { // what is stored is whole, and the layout is weighed by itself
		v.Damages = 0
		return v
	}
	for _, f := range r.Flaws {
		if f.Severity == SeverityDamage {
			v.Flaw = f.Text
			break
		}
	}
	return v
}

// VerifyRequest says what is verified, and how.
type VerifyRequest struct {
	IDs  []BackupID // none: everything in the repository
	Deep bool       // read the chunks too
	// Sums are known from another copy or from another day ([VerifyReport.Sum]): what is
	// read is compared with them.
	Sums map[BackupID]string
	// Progress, if not nil, is called now and then from one goroutine at a time.
	Progress func(VerifyProgress)
}

// VerifyProgress is how far a verification has come.
type VerifyProgress struct {
	Done, Of int64 // backups; Of 0: not known yet
	Bytes    int64 // read, as stored
	Total    int64 // bytes that there are to read; 0: not known, or nothing is read
}
