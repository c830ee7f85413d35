package core

import (
	"errors"
	"iter"
	"strings"
	"time"

	"hearth/core/pyjson"
)

// Section is the tag of one part of a capture (cinder/backup/driver.py
// BackupMetadataAPI.TYPE_TAG_*).
type Section string

const (
	BaseSection  Section = "volume-base-metadata"   // the volume's row
	UserSection  Section = "volume-metadata"        // user metadata
	ImageSection Section = "volume-glance-metadata" // image (glance) metadata
)

// Sections are the parts of a capture in the order in which they are written.
var Sections = []Section{BaseSection, UserSection, ImageSection}

// Title is what people call the section.
func (s Section) Title() string {
	switch s {
	case BaseSection:
		return "base"
	case UserSection:
		return "user metadata"
	case ImageSection:
		return "image metadata"
	}
	return string(s)
}

// Era is a way of writing captures and records, and of reading them. Most of what sets one
// apart from another is Python's: each is the Cinder of a release as it was measured, with
// the Python that Debian has for it.
type Era uint8

const (
	Today      Era = iota // Cinder from Mitaka on; the details are those of 21 (Zed) under Python 3.11
	Y2014                 // the driver of 2014, Icehouse and Juno, under Python 2.7
	Y2025                 // 26 (2025.1) under Python 3.13, with oslo.serialization 5.7
	Y2026First            // 28 (2026.1) under Python 3.14, with oslo.serialization 5.11
	Y2026                 // 29 (2026.2) under Python 3.14, with oslo.serialization 5.11
)

// EraOf is how a release writes and reads.
func EraOf(r Release) Era {
	switch {
	case r == Release{}:
		return Today
	case r.Major < 7: // Kilo and before were numbered by years
		return Y2014
	case r.Major >= 29:
		return Y2026
	case r.Major == 28:
		return Y2026First
	case r.Major >= 26:
		return Y2025
	}
	return Today
}

func (e Era) dialect() pyjson.Dialect {
	switch e {
	case Y2014:
		return pyjson.Python2
	case Y2025:
		return pyjson.Python313
	case Y2026First, Y2026:
		return pyjson.Python314
	}
	return pyjson.Python3
}

// unpadded reports whether base64 goes on behind padding: from Python 3.13 on what comes
// after it is read, and the padding ignored (binascii.a2b_base64, gh-145264).
func (e Era) unpadded() bool { return e == Y2025 || e == Y2026First || e == Y2026 }

// SourceKind says where a capture comes from, and so how far to trust it.
type SourceKind string

const (
	SourceTaken      SourceKind = "taken"      // by hearth, at the time of the backup or on demand
	SourceRepository SourceKind = "repository" // what Cinder stored with the backup: the real one
	SourceNow        SourceKind = "now"        // the volume as it is now: a guess at what a backup captured
	SourceFile       SourceKind = "file"       // handed in by the user
	SourceUnknown    SourceKind = "unknown"    // nowhere: nobody has it
)

// Source is where a capture comes from.
type Source struct {
	Kind  SourceKind
	Where string         // the place or file
	At    Opt[time.Time] // when it was taken, where known
}

// Guess reports whether the capture is only the volume as it is now.
func (s Source) Guess() bool { return s.Kind == SourceNow }

// String tells the source in a few words, the time in UTC.
func (s Source) String() string {
	text := map[SourceKind]string{
		SourceTaken: "taken by hearth", SourceRepository: "from the backup repository",
		SourceNow: "the volume as it is now (a guess)", SourceFile: "from a file",
		SourceUnknown: "not known: nobody has it",
	}[s.Kind]
	if s.Where != "" {
		text += ", " + s.Where
	}
	if s.At.Set {
		text += ", " + s.At.V.UTC().Format("2006-01-02 15:04:05") + " UTC"
	}
	return text
}

// Excluded is a field that a capture leaves out because it does not serialise.
type Excluded struct {
	Section Section
	Field   string
	Why     string
}

// Capture is the metadata of a volume as Cinder stores it with a backup.
type Capture struct {
	Text     string       // byte for byte what Cinder writes
	Doc      pyjson.Value // the text, parsed; None if it does not parse
	Err      error        // why it does not parse, or nil
	Excluded []Excluded   // known only of captures taken by hearth
	Source   Source
	Unseen   FieldSet // base fields that the source could not see
	VolumeID VolumeID // of the volume, where known
	BackupID BackupID // of the backup it belongs to, "" if none
}

// ReadCapture makes a Capture of a text from anywhere. A text that does not
// parse makes one too: its Err says why, and a plan tells what Cinder would do.
func ReadCapture(text string, source Source) Capture {
	c := Capture{Text: text, Source: source}
	c.Doc, c.Err = pyjson.Parse(text)
	if base := c.Section(BaseSection); base != nil {
		if id, ok := base.Get("id"); ok {
			c.VolumeID = VolumeID(id.Text())
		}
	}
	return c
}

// Section returns the entries of a section; nil if it is absent or no object.
// A section that is there and empty is not nil: on restore that matters.
func (c *Capture) Section(s Section) *pyjson.Object {
	v, ok := c.Doc.Object().Get(string(s))
	if !ok || v.Kind() != pyjson.Dict {
		return nil
	}
	return v.Object()
}

// Version returns the capture's version as 1 or 2 by Python's equality, and 0
// for one that no rule set knows.
func (c *Capture) Version() int {
	v, ok := c.Doc.Object().Get("version")
	switch {
	case ok && v.EqualsInt(1):
		return 1
	case ok && v.EqualsInt(2):
		return 2
	}
	return 0
}

// HoldsSecret reports whether the text holds a secret in the clear.
func (c *Capture) HoldsSecret() bool {
	for name, v := range c.Section(BaseSection).All() {
		if SecretFields.Has(name) && v.Truthy() {
			return true
		}
	}
	return false
}

// Pair is a key and a value of image metadata as its rows are: a key may repeat.
type Pair struct {
	Key   string
	Value pyjson.Value
}

// Content is what Cinder's database gives for a capture. Base nil stands for a
// volume_get that returned nothing; empty User and Image make their sections
// absent, as no rows do.
type Content struct {
	Base  *pyjson.Object
	User  *pyjson.Object
	Image []Pair
}

// KeptCapture is a capture that was kept, with where and when.
type KeptCapture struct {
	ID       int64
	Place    string
	VolumeID VolumeID
	BackupID BackupID // "" if it belongs to no backup
	At       time.Time
	Capture  Capture
	Again    Again // what a second look showed, if there was one
	// Rotten: it does not match its fingerprint, so that it is not known what of it is as
	// it was written, and the text is left out. Nothing goes by it.
	Rotten bool
}

// Again is the second look at a volume whose capture hearth took just before it asked
// for a backup. Cinder takes its own behind the last chunk, which may be hours later
// (cinder/backup/chunkeddriver.py _finalize_backup): only both looks together say
// what that can have been. The zero Again is none: the capture is of one moment.
type Again struct {
	State AgainState
	At    Opt[time.Time] // of the second look; set where State is equal or differs
	// Ended is when the backup had not ended before, by hearth's clock, set like At: the
	// latest such moment that is known, so that the second look came at most At − Ended
	// after its end.
	Ended Opt[time.Time]
}

// AgainState is what a second look showed.
type AgainState string

const (
	AgainNever   AgainState = ""        // there is none, and none is due
	AgainDue     AgainState = "due"     // there is to be one: the backup was not seen to end yet
	AgainEqual   AgainState = "equal"   // all that a restore can put back was as before
	AgainDiffers AgainState = "differs" // it was not; each of the two captures says so
)

// Open reports whether no second look is known: the capture is of one moment so far.
func (s AgainState) Open() bool { return s != AgainEqual && s != AgainDiffers }

// CaptureError is a capture that fails as a whole: an object in the section does
// not serialise, in a way that _is_serializable does not catch.
type CaptureError struct {
	Section Section
	Field   string
	Cause   error // *pyjson.ValueError or *pyjson.UnicodeError
}

func (e *CaptureError) Error() string {
	return "the " + e.Section.Title() + " field " + pyjson.Quote(e.Field) + " does not serialise: " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *CaptureError) Unwrap() error { return e.Cause }

// Kind is the sort of error that Cinder ends with.
func (e *CaptureError) Kind() ErrorKind {
	var u *pyjson.UnicodeError
	var v *pyjson.ValueError
	switch {
	case errors.As(e, &u):
		return ErrBadUnicode
	case errors.As(e, &v) && v.Primitive:
		return ErrOther
	}
	return ErrUnserializable
}

// TakeCapture is Cinder's BackupMetadataAPI.get (cinder/backup/driver.py): the
// version, then the three sections in order. A value that json refuses with
// TypeError is left out; any other refusal fails the whole capture with a
// *[CaptureError]. The number is written as it is (backup_metadata_version has
// no range check); only 1 and 2 can be restored.
func TakeCapture(in Content, version int, era Era) (Capture, error) {
	t := taking{dialect: era.dialect(), doc: &pyjson.Object{}}
	t.doc.Set("version", pyjson.OfInt(int64(version)))
	if in.Base != nil {
		t.section(BaseSection, in.Base.All())
	}
	if in.User.Len() > 0 {
		t.section(UserSection, in.User.All())
	}
	if len(in.Image) > 0 {
		t.section(ImageSection, pairs(in.Image))
	}
	c := Capture{Excluded: t.excluded}
	if t.err != nil {
		return c, t.err
	}
	text, err := pyjson.Dumps(pyjson.OfDict(t.doc), t.dialect)
	if err != nil {
		return c, err
	}
	c.Text = text
	// Read back: datetimes, bytes and UUIDs have become the text that is stored.
	c.Doc, c.Err = pyjson.Parse(text)
	if id, ok := in.Base.Get("id"); ok {
		c.VolumeID = VolumeID(id.Text())
	}
	return c, nil
}

// taking is a capture that is being taken. After an error nothing more is added.
type taking struct {
	dialect  pyjson.Dialect
	doc      *pyjson.Object
	excluded []Excluded
	err      error
}

// section adds a section of the fields that serialise.
func (t *taking) section(s Section, from iter.Seq2[string, pyjson.Value]) {
	into := &pyjson.Object{}
	for name, v := range from {
		if t.err != nil {
			return
		}
		_, err := pyjson.Dumps(v, t.dialect)
		var typeErr *pyjson.TypeError
		switch {
		case errors.As(err, &typeErr):
			t.excluded = append(t.excluded, Excluded{s, name, typeErr.Text})
		case err != nil:
			t.err = &CaptureError{s, name, err}
		default:
			into.Set(name, v)
		}
	}
	if t.err == nil {
		t.doc.Set(string(s), pyjson.OfDict(into))
	}
}

// pairs goes through rows of image metadata.
func pairs(rows []Pair) iter.Seq2[string, pyjson.Value] {
	return func(yield func(string, pyjson.Value) bool) {
		for _, p := range rows {
			if !yield(p.Key, p.Value) {
				return
			}
		}
	}
}

// CaptureOf takes the capture of a volume as its place shows it. Fields the
// place cannot see are left out and named in Unseen.
func CaptureOf(v *Volume, version int, source Source) (Capture, error) {
	in := Content{Base: v.Row, User: v.Metadata}
	for key, value := range v.Image.All() {
		in.Image = append(in.Image, Pair{key, value})
	}
	c, err := TakeCapture(in, version, Today)
	c.Source, c.Unseen, c.VolumeID = source, v.Unseen, v.ID
	return c, err
}

// CaptureWarnings says what a reader of the capture should know: what a restore
// from it would lack, and what it gives away.
func CaptureWarnings(c *Capture) []string {
	var out []string
	base := c.Section(BaseSection)
	if c.Err != nil {
		return []string{"the text does not parse: " + c.Err.Error()}
	}
	if c.Version() == 0 {
		v, _ := c.Doc.Object().Get("version")
		out = append(out, "version "+pyjson.Text(v)+" cannot be restored by any release of Cinder")
	}
	if _, ok := c.Doc.Object().Get(string(ImageSection)); !ok {
		if b, _ := base.Get("bootable"); b.Truthy() {
			out = append(out, "bootable, but without image metadata: a new volume restored from this is not bootable")
		} else {
			out = append(out, "no image metadata: a new volume restored from this is not bootable")
		}
	}
	if name, _ := base.Get("display_name"); base != nil && !name.Truthy() {
		out = append(out, "no name: today's Cinder then restores neither name nor description")
	}
	if key, _ := base.Get("encryption_key_id"); key.Truthy() && c.Version() == 2 {
		out = append(out, "encrypted: only a volume of the same volume type can take it")
	}
	status, _ := base.Get("status")
	previous, _ := base.Get("previous_status")
	if status.Text() == "in-use" || status.Text() == "backing-up" && previous.Text() == "in-use" {
		out = append(out, "the volume is in use: a backup of it needs force and is only crash-consistent")
	}
	if c.HoldsSecret() {
		out = append(out, "holds a secret (provider_auth) in clear text, as the backup repository then does too")
	}
	for _, x := range c.Excluded {
		out = append(out, x.Section.Title()+" field "+x.Field+" is left out: it does not serialise")
	}
	if hidden := c.Hidden(); len(hidden) > 0 {
		out = append(out, Count(len(hidden), "base field")+" that Cinder captures "+are(len(hidden))+
			" not shown here, so the text is shorter than Cinder's: "+strings.Join(hidden, ", "))
	}
	return out
}

func are(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// Hidden lists the base fields that Cinder captures and that the capture's source
// could not see, in Cinder's order.
func (c *Capture) Hidden() []string {
	var out []string
	for _, name := range VolumeColumns {
		if c.Unseen.Has(name) {
			out = append(out, name)
		}
	}
	return out
}
