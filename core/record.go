package core

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"hearth/core/pyjson"
)

// Record is an exported backup record: what Cinder's export gives and its import
// takes. It holds the backup's row, not the capture.
type Record struct {
	Service string // backup_service: the driver's class
	URL     string // backup_url: base64 text, kept byte for byte as it came
	By      string // who made it of the row, where that was not the place's own export: "the database"; "": it was
}

// Object is the record as the API writes it inside "backup-record".
func (r Record) Object() *pyjson.Object {
	o := &pyjson.Object{}
	o.Set("backup_service", pyjson.OfString(r.Service))
	o.Set("backup_url", pyjson.OfString(r.URL))
	return o
}

// EncodeRecord makes the text of a record.
//
// Today it is Backup.encode_record (cinder/objects/backup.py): extra first (the
// driver's {"driver_info": {}}), then every field of the object, which win; times
// in whole seconds with Z; one line of base64. A field that is not there is a
// *[CinderError] of kind field_not_set. For 2014 it is BackupDriver.export_record
// (cinder/backup/driver.py): the row as it is, microseconds, lines of 76.
func EncodeRecord(fields, extra *pyjson.Object, era Era) (string, error) {
	doc := extra.Clone()
	if era == Y2014 {
		for name, v := range fields.All() {
			doc.Set(name, v)
		}
		text, err := pyjson.Dumps(pyjson.OfDict(doc), pyjson.Python2)
		if err != nil {
			return "", err
		}
		return encodeBase64Lines([]byte(text)), nil
	}
	for _, name := range BackupFields {
		v, ok := fields.Get(name)
		switch {
		case !ok && name == "metadata":
			return "", &CinderError{ErrWrongShape, "AttributeError", "'Backup' object has no attribute '_obj_metadata'"}
		case !ok:
			return "", &CinderError{ErrFieldNotSet, "ObjectActionError",
				"Object action obj_load_attr failed because: attribute " + name + " not lazy-loadable"}
		}
		set, _, cerr := coerceField(name, v)
		if cerr != nil {
			return "", cerr
		}
		if t, aware := set.Time(); set.Kind() == pyjson.Time {
			set = pyjson.OfString(isoTime(t, aware, era))
		}
		doc.Set(name, set)
	}
	text, err := pyjson.Dumps(pyjson.OfDict(doc), era.dialect())
	if err != nil {
		return "", err
	}
	return encodeBase64([]byte(text)), nil
}

// isoTime is oslo's isotime as object fields write it: whole seconds, and a zone
// other than UTC by its name, which import then cannot parse.
func isoTime(t time.Time, aware bool, era Era) string {
	s := pyjson.Year(t.Year(), era.dialect()) + t.Format("-01-02T15:04:05")
	if _, offset := t.Zone(); !aware || offset == 0 {
		return s + "Z"
	}
	return s + "UTC" + t.Format("-07:00")
}

// ExportRecord is the record that Cinder would export of the backup today. A
// field that the place cannot see is a *[CinderError]: a record without it would
// not be Cinder's.
func ExportRecord(b *Backup) (Record, error) {
	extra := &pyjson.Object{}
	extra.Set("driver_info", pyjson.OfDict(nil))
	text, err := EncodeRecord(b.Object(), extra, Today)
	return Record{Service: b.Service.Or(""), URL: text}, err
}

// Mended is the record with its base64 written anew where padding stands inside it, or
// something behind that: up to Python 3.12 what follows is passed over, and since then the
// padding is (binascii a2b_base64), so that Cinder answers 400 or reads something else. It
// reports whether it had to; what does not decode stays as it is.
func (r Record) Mended() (Record, bool) {
	_, behind, padded := strings.Cut(r.URL, "=")
	if !padded || strings.IndexFunc(behind, func(c rune) bool { return c < 0x80 && decodeTable[c] != 0xFF }) < 0 {
		return r, false
	}
	raw, _, _, err := lenientBase64(r.URL, false)
	if err != nil || !pyjson.IsASCII(r.URL) {
		return r, false
	}
	r.URL = encodeBase64(raw)
	return r, true
}

// Exported is a backup as it was when it was exported, and its record.
type Exported struct {
	Backup Backup
	Record Record
	Err    error
}

// Decoded is a record's content.
type Decoded struct {
	Doc       pyjson.Value // what the base64 holds; an object in any useful record
	Tolerated []string     // what was not as it should be, and was let pass
}

// DecodeRecord reads a record's text as leniently as Cinder does:
// Backup.decode_record (cinder/objects/backup.py) today, BackupDriver.
// import_record (cinder/backup/driver.py) in 2014. Errors are *[CinderError] with
// Cinder's text.
func DecodeRecord(text string, era Era) (Decoded, error) {
	var d Decoded
	refuse := func(today string, kind ErrorKind, class, message string) error {
		if era != Y2014 {
			return &CinderError{ErrInvalidInput, "InvalidInput", "Invalid input received: " + today}
		}
		return &CinderError{kind, class, message}
	}
	const cannotDecode, cannotParse = "Can't decode backup record.", "Can't parse backup record."
	if !pyjson.IsASCII(text) {
		return d, refuse(cannotParse, ErrBadUnicode, "UnicodeEncodeError", "'ascii' codec can't encode characters")
	}
	raw, skipped, ignored, err := lenientBase64(text, era.unpadded())
	if err != nil {
		return d, refuse(cannotDecode, ErrBadBase64, "Error", err.Error())
	}
	if skipped > 0 {
		d.tolerate("%s outside the base64 alphabet skipped", Count(skipped, "character"))
	}
	if ignored > 0 {
		d.tolerate("%s after the end of the base64 ignored", Count(ignored, "character"))
	}
	if strings.ContainsAny(strings.TrimSpace(text), "\n\r") {
		d.tolerate("written in several lines, as Cinder did up to Liberty")
	}
	if era == Y2014 {
		d.Doc, err = pyjson.Parse2(string(raw))
	} else {
		var s string
		if s, err = pyjson.DecodeUTF8(string(raw)); err == nil {
			d.Doc, err = pyjson.Parse(s)
		}
	}
	if err != nil {
		kind, class := ErrMalformedJSON, "ValueError"
		var unicode *pyjson.UnicodeError
		var deep *pyjson.DepthError
		if errors.As(err, &unicode) {
			kind, class = ErrBadUnicode, "UnicodeDecodeError"
		} else if errors.As(err, &deep) {
			return d, &CinderError{ErrTooDeep, "RecursionError", err.Error()} // no ValueError: nobody catches it
		}
		return d, refuse(cannotParse, kind, class, err.Error())
	}
	return d, nil
}

func (d *Decoded) tolerate(format string, args ...any) {
	d.Tolerated = append(d.Tolerated, fmt.Sprintf(format, args...))
}

// Field returns a field of the backup inside.
func (d *Decoded) Field(name string) pyjson.Value {
	v, _ := d.Doc.Object().Get(name)
	return v
}

// ID, ParentID, Name and Size are fields that nearly everything asks for; zero
// if they are missing or of another type.
func (d *Decoded) ID() BackupID { return BackupID(d.text("id")) }

// ParentID is the parent's id; "" for a full backup.
func (d *Decoded) ParentID() BackupID { return BackupID(d.text("parent_id")) }

// Name is the backup's display_name.
func (d *Decoded) Name() string { return d.text("display_name") }

// Size is in GiB.
func (d *Decoded) Size() int64 {
	n, _ := d.Field("size").Int64()
	return n
}

func (d *Decoded) text(name string) string {
	s, _ := d.Field(name).Str()
	return s
}

// Found is a record found in a text that somebody copied from anywhere.
type Found struct {
	Record  Record
	Decoded Decoded
	Err     error    // what Cinder would say of the text; nil if it decodes
	Line    int      // of the text on which the base64 begins, from 1
	Notes   []string // what was done to get at it, and what was tolerated
	Tenant  string   // a project that the text names beside it, by name or id; "": none

	named bool  // its service stands in the text, and is not that of the record itself
	twice []int // further lines on which the same record begins

	// Truncated: the text ends inside the base64. Have counts the characters of
	// base64 that are there, HaveBytes what they decode to, LastField is the last
	// field that is whole.
	Truncated bool
	Have      int
	HaveBytes int
	LastField string
}

// OK reports whether the record is whole and decodes.
func (f *Found) OK() bool { return f.Err == nil && !f.Truncated }

func (f *Found) note(format string, args ...any) {
	f.Notes = append(f.Notes, fmt.Sprintf(format, args...))
}

// volatile are the fields that an export itself changes (manager.export_record
// saves the row), or that an import does not carry over.
var volatile = NewFieldSet("updated_at", "host", "driver_info")

// Fingerprint is three five-letter words that two people can compare by voice:
// the same for two exports of one backup, of what the record says but for
// updated_at and host, in whatever order or form it is written. Words are
// proquints (arXiv:0901.4016), 48 bits in all.
func (d *Decoded) Fingerprint() string {
	o := d.Doc.Object()
	keys := o.Keys()
	sort.Strings(keys)
	h := sha256.New()
	for _, k := range keys {
		if v, _ := o.Get(k); !volatile.Has(k) {
			h.Write([]byte(pyjson.Quote(k) + ":" + pyjson.Text(sorted(v)) + "\n"))
		}
	}
	if d.Doc.Kind() != pyjson.Dict {
		h.Write([]byte(pyjson.Text(d.Doc)))
	}
	return proquint(h.Sum(nil)[:6])
}

// sorted puts the keys of dicts in order, so that writing it is canonical.
func sorted(v pyjson.Value) pyjson.Value {
	if v.Kind() != pyjson.Dict {
		return v
	}
	keys := v.Object().Keys()
	sort.Strings(keys)
	o := &pyjson.Object{}
	for _, k := range keys {
		item, _ := v.Object().Get(k)
		o.Set(k, sorted(item))
	}
	return pyjson.OfDict(o)
}

func proquint(b []byte) string {
	const con, vow = "bdfghjklmnprstvz", "aiou"
	var words []string
	for i := 0; i+1 < len(b); i += 2 {
		n := uint16(b[i])<<8 | uint16(b[i+1])
		words = append(words, string([]byte{con[n>>12&15], vow[n>>10&3], con[n>>6&15], vow[n>>4&3], con[n&15]}))
	}
	return strings.Join(words, "-")
}

// SameRecord reports whether two records say the same of a backup: every field
// but updated_at.
func SameRecord(a, b Decoded) bool {
	x, y := a.Doc.Object().Clone(), b.Doc.Object().Clone()
	x.Delete("updated_at")
	y.Delete("updated_at")
	return x.Equal(y) && a.Doc.Kind() == b.Doc.Kind()
}
