package core

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"sort"
	"strings"
	"time"

	"hearth/core/pyjson"
)

// A bundle carries records and captures from one machine to another: a text file
// of JSON lines (.github/BUNDLE.md). Every line says its number and ends with a
// checksum of itself, the last has one over all others, so that what was cut,
// edited or put in another order is refused with the line's number.

// BundleVersion is the newest form, and the newest that is read. A bundle is written
// in the oldest one that can say what it holds, so that an older hearth reads it where
// it can: 2 where a volume was looked at again for a capture, else 1.
const BundleVersion = 2

// bundleFormat is what a bundle's first line begins with.
const bundleFormat = "hearth-bundle"

// BundleHead is a bundle's first line.
type BundleHead struct {
	Made     time.Time
	Place    string // "": of several places
	Records  int
	Captures int
	Masked   bool // secrets of the captures are masked
}

// BundleRecord is a record in a bundle.
type BundleRecord struct {
	Place       string
	Backup      BackupID
	At          time.Time
	Fingerprint string
	Record      Record
	Line        int   // where it stands, when it was read
	Offset      int64 // the same in bytes
	Length      int   // of the line
}

// BundleCapture is a capture in a bundle; Masked names the fields whose values
// are not the real ones: then the text is not byte for byte what Cinder wrote.
type BundleCapture struct {
	KeptCapture
	Masked []string
}

// Bundle is a whole one.
type Bundle struct {
	BundleHead
	Records  []BundleRecord
	Captures []BundleCapture
}

// sumKey is what stands between a line's content and its checksum.
const sumKey = `, "sha256": "`

func sumOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func bundleTime(t time.Time) pyjson.Value {
	return pyjson.OfString(t.UTC().Format("2006-01-02T15:04:05.000000Z"))
}

func bundleOptTime(t Opt[time.Time]) pyjson.Value {
	if !t.Set {
		return pyjson.None
	}
	return bundleTime(t.V)
}

func orNone(s string) pyjson.Value {
	if s == "" {
		return pyjson.None
	}
	return pyjson.OfString(s)
}

func names(s FieldSet) (out []string) {
	for name := range s {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

func textList(words []string) pyjson.Value {
	items := []pyjson.Value{}
	for _, w := range words {
		items = append(items, pyjson.OfString(w))
	}
	return pyjson.OfList(items)
}

// IsBundle reports whether a text is a bundle, or was one before somebody cut or
// edited it.
func IsBundle(text string) bool {
	head, _, _ := strings.Cut(text[:min(len(text), 400)], "\n")
	return strings.HasPrefix(head, "{") && strings.Contains(head, `"`+bundleFormat+`"`) ||
		strings.HasPrefix(head, `{"n": `) && strings.Contains(head, `"place"`)
}

// ReadBundle reads a whole bundle, or nothing: an error names the first line that
// is not what was written.
func ReadBundle(text string) (Bundle, error) {
	var b Bundle
	head, err := EachInBundle(strings.NewReader(text),
		func(r BundleRecord) error { b.Records = append(b.Records, r); return nil },
		func(c BundleCapture) error {
			unseen := c.Capture.Unseen
			c.Capture = ReadCapture(c.Capture.Text, c.Capture.Source)
			c.Capture.VolumeID, c.Capture.BackupID, c.Capture.Unseen = c.VolumeID, c.BackupID, unseen
			b.Captures = append(b.Captures, c)
			return nil
		})
	if err != nil {
		return Bundle{}, err
	}
	b.BundleHead = head
	return b, nil
}

// EachInBundle goes through a bundle line by line and hands on what is in it; nil is for
// who does not want to know. Whether it is whole is only known at its end: until then
// nothing of it may be acted on. Captures are handed on as texts, not read into documents.
// The error is that of [ReadBundle], or the first that a function returns.
func EachInBundle(in io.Reader, record func(BundleRecord) error, capture func(BundleCapture) error) (BundleHead, error) {
	r := bundleReader{all: sha256.New(), take: record, keep: capture}
	lines := bufio.NewReaderSize(in, 1<<16)
	for {
		line, err := lines.ReadString('\n')
		if err != nil && err != io.EOF {
			return BundleHead{}, Fail(CodeUnreadable, "read the bundle", "it broke off", "", err)
		}
		if line == "" {
			break
		}
		r.length = len(line)
		if err := r.read(line); err != nil {
			return BundleHead{}, err
		}
		r.at += int64(len(line))
	}
	switch {
	case r.ended:
	case r.n == 0:
		return BundleHead{}, badBundle(1, "the file is empty")
	default:
		return BundleHead{}, badBundle(r.n, "the file ends here, and its last line is missing: it was cut")
	}
	return r.head, nil
}

// BundleRecordIn reads the record of one line of a bundle that was gone through before.
func BundleRecordIn(line string) (Record, error) {
	v, err := pyjson.Parse(strings.TrimSuffix(line, "\n"))
	l := bundleLine{o: v.Object()}
	r := Record{Service: l.text("backup_service"), URL: l.text("backup_url")}
	if err != nil || l.bad != "" {
		return r, Fail(CodeConflict, "read the bundle", "it is no longer what it was", "begin anew", err)
	}
	return r, nil
}

type bundleReader struct {
	all    hash.Hash
	n      int
	at     int64 // where the line begins
	length int   // and how long it is
	ended  bool
	form   int // the version that the first line names
	head   BundleHead

	take              func(BundleRecord) error
	keep              func(BundleCapture) error
	records, captures int
}

func badBundle(line int, what string) error {
	return Fail(CodeUnreadable, "read the bundle", fmt.Sprintf("line %d: %s", line, what),
		"nothing of it was taken; have it sent, or written, once more", nil)
}

func (r *bundleReader) read(line string) error {
	r.n++
	bad := func(format string, args ...any) error { return badBundle(r.n, fmt.Sprintf(format, args...)) }
	if r.ended {
		return bad("something follows the last line")
	}
	v, err := pyjson.Parse(strings.TrimSuffix(line, "\n"))
	if err != nil || v.Kind() != pyjson.Dict {
		return bad("it is no JSON object: it was cut or edited")
	}
	l := bundleLine{o: v.Object()}
	if r.n == 1 {
		if err := l.opens(); err != nil {
			return err
		}
		r.form = l.number("version")
	}
	body, sum, ok := strings.Cut(line, sumKey)
	if i := strings.LastIndex(line, sumKey); ok && i >= 0 {
		body, sum = line[:i], line[i+len(sumKey):]
	}
	if !ok || sum != sumOf(body)+"\"}\n" && sum != sumOf(body)+"\"}" {
		return bad("its checksum does not fit: it was cut or edited")
	}
	if l.number("n") != r.n {
		return bad("it was written as line %d: lines are missing, doubled or in another order", l.number("n"))
	}
	if !l.o.Has("end") {
		io.WriteString(r.all, line)
	}
	switch {
	case r.n == 1:
		r.opens(&l)
	case l.o.Has("record"):
		err = r.record(&l)
	case l.o.Has("capture"):
		err = r.capture(&l)
	case l.o.Has("end"):
		err = r.end(&l)
	default:
		err = bad("it is neither a record nor a capture")
	}
	if err == nil && l.bad != "" {
		err = bad("%s is missing, or not what it should be", l.bad)
	}
	return err
}

// opens returns nil if the line opens a bundle that can be read.
func (l *bundleLine) opens() error {
	if l.text("format") != bundleFormat {
		return badBundle(1, "it is not the first line of a bundle")
	}
	switch version := l.number("version"); {
	case version > BundleVersion:
		return Fail(CodeUnreadable, "read the bundle",
			fmt.Sprintf("line 1: it is of version %d, and this hearth reads them up to version %d", version, BundleVersion),
			"use a newer hearth", nil)
	case version < 1:
		return badBundle(1, "it names no version")
	}
	return nil
}

// end takes the last line, which counts and sums up those before it.
func (r *bundleReader) end(l *bundleLine) error {
	r.ended = true
	told, what := r.head, ""
	switch {
	case l.number("end") != r.n-1:
		what = fmt.Sprintf("it ends a bundle of %s, and %d stand before it", Count(l.number("end"), "line"), r.n-1)
	case l.text("all_sha256") != hex.EncodeToString(r.all.Sum(nil)):
		what = "its checksum over all lines does not fit: lines of another bundle are among them"
	case told.Records != r.records || told.Captures != r.captures:
		what = fmt.Sprintf("the first line tells of %s and %s, and there are %d and %d",
			Count(told.Records, "record"), Count(told.Captures, "capture"), r.records, r.captures)
	default:
		return nil
	}
	return badBundle(r.n, what)
}

func (r *bundleReader) opens(l *bundleLine) {
	place, _ := l.o.Get("place")
	masked, _ := l.o.Get("masked")
	r.head = BundleHead{
		Made:     l.time("made_at"),
		Place:    place.Text(),
		Records:  l.number("records"),
		Captures: l.number("captures"),
		Masked:   masked.Bool(),
	}
}

func (r *bundleReader) record(l *bundleLine) error {
	b := BundleRecord{Place: l.text("place"), Backup: BackupID(l.text("record")), At: l.time("at"), Fingerprint: l.text("fingerprint"),
		Record: Record{Service: l.text("backup_service"), URL: l.text("backup_url")}, Line: r.n, Offset: r.at, Length: r.length}
	d, err := DecodeRecord(b.Record.URL, Today)
	switch {
	case l.bad != "":
		return nil
	case err != nil:
		return badBundle(r.n, "its record does not decode: "+err.Error())
	case d.ID() != b.Backup || d.Fingerprint() != b.Fingerprint:
		return badBundle(r.n, "its record is of another backup, or of another fingerprint, than it says")
	}
	r.records++
	if r.take == nil {
		return nil
	}
	return r.take(b)
}

func (r *bundleReader) capture(l *bundleLine) error {
	src := Source{Kind: SourceKind(l.text("source")), Where: l.text("source_where"), At: l.optTime("source_at")}
	c := BundleCapture{Masked: l.list("masked")}
	c.Place, c.VolumeID, c.BackupID, c.At = l.text("place"), VolumeID(l.optional("volume_id")), BackupID(l.text("capture")), l.time("at")
	if r.form >= 2 {
		c.Again = l.again()
	}
	text, unseen := l.text("text"), l.list("unseen")
	if r.captures++; r.keep == nil || l.bad != "" {
		return nil
	}
	c.Capture = Capture{Text: text, Source: src, VolumeID: c.VolumeID, BackupID: c.BackupID}
	if len(unseen) > 0 {
		c.Capture.Unseen = NewFieldSet(unseen...)
	}
	return r.keep(c)
}

// bundleLine reads the fields of a line and remembers the first that is not as it
// should be.
type bundleLine struct {
	o   *pyjson.Object
	bad string
}

func (l *bundleLine) wrong(key string) {
	if l.bad == "" {
		l.bad = key
	}
}

func (l *bundleLine) text(key string) string {
	v, _ := l.o.Get(key)
	s, ok := v.Str()
	if !ok {
		l.wrong(key)
	}
	return s
}

func (l *bundleLine) optional(key string) string {
	v, _ := l.o.Get(key)
	return v.Text()
}

func (l *bundleLine) number(key string) int {
	v, _ := l.o.Get(key)
	n, ok := v.Int64()
	if !ok {
		l.wrong(key)
	}
	return int(n)
}

func (l *bundleLine) time(key string) time.Time {
	t, err := time.Parse(time.RFC3339, l.text(key))
	if err != nil {
		l.wrong(key)
	}
	return t.UTC()
}

func (l *bundleLine) optTime(key string) Opt[time.Time] {
	if v, _ := l.o.Get(key); v.IsNull() {
		return Opt[time.Time]{}
	}
	return Some(l.time(key))
}

// again reads the second look at a capture's volume.
func (l *bundleLine) again() Again {
	if v, ok := l.o.Get("again"); ok && v.IsNull() {
		return Again{}
	}
	a := Again{State: AgainState(l.text("again"))}
	if a.State.Open() {
		l.wrong("again")
	}
	a.At, a.Ended = Some(l.time("again_at")), l.optTime("ended_at")
	return a
}

func (l *bundleLine) list(key string) (out []string) {
	v, ok := l.o.Get(key)
	if !ok || v.Kind() != pyjson.List {
		l.wrong(key)
	}
	for _, item := range v.Items() {
		out = append(out, item.Text())
	}
	return out
}

// Found is the bundle's records as those of a paste are: of several of one backup
// the newest, and a note that says so.
func (b *Bundle) Found() []Found {
	var out []Found
	at := map[BackupID]int{}
	newest := map[BackupID]time.Time{}
	for _, r := range b.Records {
		f := FoundRecord(r.Record)
		f.Line = r.Line
		i, twice := at[r.Backup]
		switch {
		case !twice:
			at[r.Backup], newest[r.Backup] = len(out), r.At
			out = append(out, f)
		case r.At.After(newest[r.Backup]):
			newest[r.Backup] = r.At
			f.Notes = append(f.Notes, fmt.Sprintf("another record of it, on line %d, is left out", out[i].Line))
			out[i] = f
		default:
			out[i].Notes = append(out[i].Notes, fmt.Sprintf("another record of it, on line %d, is left out", r.Line))
		}
	}
	return out
}

// FoundRecord is a record that need not be looked for in a text.
func FoundRecord(r Record) Found {
	f := Found{Record: r, Line: 1}
	f.Decoded, f.Err = DecodeRecord(r.URL, Today)
	return f
}

// MaskCapture returns a capture without the secrets that Cinder writes into it
// ([IsSecret]), wherever in it they stand, and the names of those that it had.
// Its text is then written anew, and no longer byte for byte Cinder's. false: it
// does not parse, so that nothing can be masked.
func MaskCapture(c Capture) (masked Capture, fields []string, ok bool) {
	if c.Err != nil {
		return c, nil, false
	}
	had := FieldSet{}
	doc := mask(c.Doc, had)
	if len(had) == 0 {
		return c, nil, true
	}
	masked = c
	masked.Doc, masked.Text = doc, pyjson.Text(doc)
	return masked, names(had), true
}
