package core

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"

	"hearth/core/pyjson"
)

// FindRecords finds the records in whatever an admin copies: the API's JSON, the
// openstack and cinder clients' tables in any wrapping, YAML, shell and value
// output, commands, bare base64. It does not look at formats: a record is base64
// of a JSON object, so it starts where base64 of "{" starts and ends where that
// object ends, and what lies in between that is neither (line ends, bars,
// blanks, escapes, zero-width characters) is skipped.
func FindRecords(text string) []Found {
	f := finder{text: text, budget: 8<<20 + 2*len(text)}
	for from := 0; from < len(text) && f.budget > 0 && f.broken < maxBroken; {
		start := f.nextStart(from)
		if start < 0 {
			break
		}
		from = f.try(start)
	}
	f.trailing()
	f.headless()
	f.services()
	f.owners()
	f.merge()
	return f.found
}

// try reads a candidate at start and returns where to go on.
func (f *finder) try(start int) int {
	r := reader{s: f.text, i: start, lead: leadOf(f.text, start)}
	end := r.run()
	f.budget -= r.i - start
	switch {
	case end:
		closed := r.close()
		if f.accept(start, closed, &r) {
			return closed
		}
	case r.i >= len(f.text) && (f.labelled(start) || plausible(r.out)):
		f.addTruncated(start, &r)
		return len(f.text)
	case f.labelled(start) || plausible(r.out) || len(r.b64) >= longStart:
		f.addBroken(start, &r)
	}
	return start + 1
}

// longStart is how much base64 of the beginning of an object is no accident: what breaks
// off after it is reported, and not passed over.
const longStart = 120

// reader decodes base64 up to the end of the JSON object in it.
type reader struct {
	s     string
	i     int
	b64   []byte // the base64 as it will be used
	out   []byte // decoded
	bits  uint32
	quad  int
	depth int
	inStr bool
	esc   bool
	begun bool
	lines int // line ends passed
	skips int // other noise passed, blanks and bars aside
	lead  lead
}

// run reads until the object closes: true, or until something stands there that
// can't belong to it, or the text ends: false.
func (r *reader) run() bool {
	for r.i < len(r.s) {
		c, width := r.s[r.i], 1
		if r.pass() {
			continue
		}
		if as, w := coded(r.s, r.i); w > 0 {
			r.skips++
			if as <= ' ' {
				r.i += w
				continue
			}
			c, width = as, w
		}
		d := decodeTable[c]
		if d == 0xFF {
			return false
		}
		r.b64 = append(r.b64, c)
		r.i += width
		r.bits = r.bits<<6 | uint32(d)
		r.quad = (r.quad + 1) % 4
		if r.quad == 1 {
			continue
		}
		b := byte(r.bits >> [4]uint{0, 0, 4, 2}[r.quad])
		r.out = append(r.out, b)
		switch r.scan(b) {
		case scanEnd:
			return true
		case scanBad:
			return false
		}
	}
	return false
}

// pass goes past what does not belong to the record; false if nothing of that is here.
func (r *reader) pass() bool {
	c := r.s[r.i]
	w := noise(r.s, r.i)
	if c == '+' && w > 0 && r.lead.is != nil {
		w = 0 // a diff's own mark, which lead passes, is no border
	}
	if w == 0 {
		if w = wrapping(r.s, r.i); w > 0 {
			r.skips++
			c = r.s[r.i+w-1]
		}
	}
	if w == 0 {
		return false
	}
	r.note(c)
	if r.i += w; c == '\n' || c == '\r' {
		r.i += r.lead.pass(r.s[r.i:])
	}
	return true
}

func (r *reader) note(c byte) {
	switch {
	case c == '\n' || c == '\r':
		r.lines++
	case c == ' ' || c == '|' || c == '\t':
	default:
		r.skips++
	}
}

type scanned uint8

const (
	scanMore scanned = iota
	scanEnd
	scanBad
)

// scan follows JSON just far enough to find its end, and gives up on what can't be it.
func (r *reader) scan(b byte) scanned {
	if r.inStr {
		switch {
		case r.esc:
			r.esc = false
		case b == '\\':
			r.esc = true
		case b == '"':
			r.inStr = false
		case b < 0x20:
			return scanBad
		}
		return scanMore
	}
	switch {
	case b == '"':
		r.inStr = true
	case b == '{' || b == '[':
		r.depth++
		r.begun = true
	case b == '}' || b == ']':
		if r.depth--; r.depth == 0 {
			return scanEnd
		}
	case b == ' ' || b == '\n' || b == '\r' || b == '\t':
	case b == ',' || b == ':' || b == '-' || b == '+' || b == '.' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z':
	default:
		return scanBad
	}
	return scanMore
}

// close goes past the rest of the last group and its padding, and returns where
// the record ends in the text. Only what joins on directly can still belong to it.
func (r *reader) close() int {
	for r.i < len(r.s) && r.quad != 0 && decodeTable[r.s[r.i]] != 0xFF {
		r.b64 = append(r.b64, r.s[r.i])
		r.quad = (r.quad + 1) % 4
		r.i++
	}
	end := r.i
	for r.quad != 0 && r.i < len(r.s) {
		as, width := coded(r.s, r.i)
		if w := wrapping(r.s, r.i); r.s[r.i] == '=' && w > 0 && width == 0 { // a soft line break
			r.i += w
			continue
		}
		if width == 0 && r.s[r.i] == '=' {
			as, width = '=', 1
		}
		if width > 0 && as == '=' {
			r.b64 = append(r.b64, '=')
			r.quad = (r.quad + 1) % 4
			r.i += width
			end = r.i
			continue
		}
		w := noise(r.s, r.i)
		if width > 0 && as <= ' ' {
			w = width
		}
		if w == 0 {
			break
		}
		r.i += w
	}
	return end
}

// plausible reports whether what decodes so far looks like a backup's record.
func plausible(out []byte) bool {
	s := string(out)
	for _, key := range []string{
		`"driver_info"`, `"id"`, `"volume_id"`, `"display_name"`, `"service_metadata"`, `"object_count"`, `"project_id"`,
	} {
		if strings.Contains(s, key) {
			return true
		}
	}
	return false
}

// maxBroken ends the search in rubbish that looks like records again and again.
const maxBroken = 1000

// labelled reports whether the words before start say that a record follows.
func (f *finder) labelled(start int) bool {
	before := f.text[max(0, start-400):start]
	word := strings.TrimRightFunc(before, func(r rune) bool {
		return r <= ' ' || strings.ContainsRune("|:=,\"'\\", r) || r >= 0x2500 && r <= 0x257F || r > 0x7F && hidden(r)
	})
	if len(word) < len(before) && len(word) >= 8 {
		tail := strings.ToLower(word[max(0, len(word)-10):])
		if strings.HasSuffix(tail, "metadata") || tail == "backup_url" || tail == "backup-url" {
			return true
		}
	}
	return strings.Contains(before, "cinder.") && serviceBefore.MatchString(squeeze(before))
}

// accept takes the candidate if it is a record.
func (f *finder) accept(start, end int, r *reader) bool {
	lost := 0
	url := string(r.b64)
	for len(url)%4 != 0 {
		url, lost = url+"=", lost+1
	}
	rec := Found{Record: Record{URL: url}, Line: f.line(start)}
	rec.Decoded, rec.Err = DecodeRecord(url, Today)
	if rec.Err != nil && !f.labelled(start) && !plausible(r.out) {
		return false
	}
	switch fields := fieldsOf(rec.Decoded); {
	case rec.Err != nil, fields >= 3, fields == 2 && rec.Decoded.Doc.Object().Has("id"):
	case !f.labelled(start):
		return false
	case fields == 0:
		rec.Err = Fail(CodeUnreadable, "read the record", "it is base64 of a JSON object in which nothing is a backup's",
			"look whether something else was copied", nil)
	}
	if r.lines > 0 {
		rec.note("put together from %s", Count(r.lines+1, "line"))
	}
	if r.skips > 0 {
		rec.note("%s inside it skipped", Count(r.skips, "character or escape"))
	}
	if lost > 0 {
		rec.note("its padding (%s) was lost and is put back", strings.Repeat("=", lost))
	}
	if open := f.unclosed(start, end); open != "" {
		rec.note("the text ends before %s, the record itself is whole", open)
	}
	f.add(rec, span{start, end})
	return true
}

// fieldsOf counts the fields of a backup that a document has.
func fieldsOf(d Decoded) (n int) {
	o := d.Doc.Object()
	for _, name := range BackupFields {
		if o.Has(name) {
			n++
		}
	}
	return n
}

// unclosed names what should follow the record and does not, since the text ends.
func (f *finder) unclosed(start, end int) string {
	before, after := f.text[max(0, start-400):start], f.text[end:]
	switch {
	case strings.TrimSpace(after) == "" && strings.HasSuffix(strings.TrimSpace(before), `"`):
		return "the closing quote"
	case strings.TrimSpace(after) == `"` && strings.Contains(before, `{`) && strings.Contains(before, `":`):
		return "the closing brace"
	case strings.HasSuffix(strings.TrimSpace(before), "|") && !strings.Contains(after, "--"):
		return "the end of the table"
	}
	return ""
}

var lastKey = regexp.MustCompile(`"([a-z_]+)": (?:null|true|false|-?\d+|"(?:[^"\\]|\\.)*"|\{[^{}]*\})[,}]`)

func (f *finder) addTruncated(start int, r *reader) {
	rec := Found{Truncated: true, Have: len(r.b64), HaveBytes: len(r.out), Line: f.line(start), Record: Record{URL: string(r.b64)}}
	if keys := lastKey.FindAllSubmatch(r.out, -1); len(keys) > 0 {
		rec.LastField = string(keys[len(keys)-1][1])
	}
	what := fmt.Sprintf("the text ends inside the record: %s of base64 are there (%s)", Count(rec.Have, "character"),
		Bytes(int64(rec.HaveBytes)))
	if rec.LastField != "" {
		what += ", the last whole field is " + rec.LastField
	}
	rec.Err = Fail(CodeUnreadable, "read the record", what, "copy it again, whole", nil)
	f.add(rec, span{start, len(f.text)})
}

// addBroken reports a record that starts well and then holds something else: the
// next lines may start another one, so the search goes on right behind its start.
func (f *finder) addBroken(start int, r *reader) {
	f.broken++
	rec := Found{Line: f.line(start), Record: Record{URL: string(r.b64)}, Have: len(r.b64), HaveBytes: len(r.out)}
	rec.Err = Fail(CodeUnreadable, "read the record",
		fmt.Sprintf("after %s of base64 comes something that does not belong to it", Count(rec.Have, "character")),
		"copy it again, whole", nil)
	f.add(rec, span{start, start + 1})
}

// urlLabel is what announces the base64 of a record, and what may stand between.
var urlLabel = regexp.MustCompile(`backup[_-]url["']?[ \t]*[|:=,]*[ \t]*[ub]?["']?([A-Za-z0-9+/]{24,})`)

// headless names a record of which the beginning is missing, where one is announced.
func (f *finder) headless() {
	for _, m := range urlLabel.FindAllStringSubmatchIndex(f.text, 20) {
		at, end := m[2], m[3]
		covered := false
		for _, s := range f.spans {
			covered = covered || s.start < end && at < s.end || s.start >= at && s.start <= end
		}
		if covered || f.opensAt(at) {
			continue
		}
		rec := Found{Line: f.line(at), Record: Record{URL: f.text[at:end]}, Have: end - at}
		rec.Err = Fail(CodeUnreadable, "read the record", "what stands there does not begin as base64 of a record does",
			"copy it again, from its beginning", nil)
		i := sort.Search(len(f.spans), func(i int) bool { return f.spans[i].start > at })
		f.found, f.spans = slices.Insert(f.found, i, rec), slices.Insert(f.spans, i, span{at, end})
	}
}

// merge makes one of records that say the same of a backup, as where a page has it as a
// table and as a command; the first that names a service stays.
func (f *finder) merge() {
	first := map[BackupID]int{}
	var out []Found
	for i := range f.found {
		rec := &f.found[i]
		at, twice := first[rec.Decoded.ID()]
		if !rec.OK() || !twice || rec.Decoded.ID() == "" || !SameRecord(rec.Decoded, out[at].Decoded) ||
			rec.named && out[at].named && rec.Record.Service != out[at].Record.Service {
			if rec.OK() && !twice {
				first[rec.Decoded.ID()] = len(out)
			}
			out = append(out, *rec)
			continue
		}
		if rec.named && !out[at].named {
			rec.Line, rec.Notes, rec.twice = out[at].Line, out[at].Notes, out[at].twice
			out[at] = *rec
		}
		if out[at].Tenant == "" {
			out[at].Tenant = rec.Tenant
		}
		out[at].twice = append(out[at].twice, f.found[i].Line)
	}
	for i := range out {
		if n := len(out[i].twice); n > 0 {
			out[i].note("it stands here %s, and is one record", times(n+1))
		}
	}
	f.found = out
}

func times(n int) string {
	if n == 2 {
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// tenantLabel is a project that is named beside a record.
var tenantLabel = regexp.MustCompile(`(?i)\b(?:tenant|project|owner)(?:[_ -]?(?:id|name))?["']?[ \t]*[:=|]+[ \t]*` +
	`[ub]?["']?([A-Za-z0-9][\w.@-]{0,63})`)

// owners gives each record the tenant that is named with it: before it, but after the
// record before, or after it as far as its own object goes.
func (f *finder) owners() {
	from := 0
	for k := range f.found {
		at := f.spans[k]
		if all := tenantLabel.FindAllStringSubmatch(f.text[max(min(from, at.start), at.start-600):at.start], -1); len(all) > 0 {
			f.found[k].Tenant = all[len(all)-1][1]
		}
		next := len(f.text)
		if k+1 < len(f.spans) {
			next = f.spans[k+1].start
		}
		from = at.end
		after := f.text[min(at.end, next):min(next, at.end+400)]
		i := strings.IndexByte(after, '}')
		if i < 0 || f.found[k].Tenant != "" {
			continue
		}
		if m := tenantLabel.FindStringSubmatch(after[:i]); m != nil {
			f.found[k].Tenant = m[1]
			from = at.end + i
		}
	}
}

// trailing names a record of which only the first characters are there: too few
// to start one by themselves, but where one is announced.
func (f *finder) trailing() {
	tail := strings.TrimRight(f.text, " \t\r\n|")
	i := len(tail)
	for i > 0 && (isBase64(tail[i-1]) && tail[i-1] != '=') && len(tail)-i < 4 {
		i--
	}
	n := len(tail) - i
	if n == 0 || n > 3 {
		return
	}
	if len(f.spans) > 0 && f.spans[len(f.spans)-1].end > i {
		return
	}
	if i == 0 || !strings.ContainsRune(" \t\r\n|\"'=:,", rune(tail[i-1])) ||
		!strings.HasPrefix("eyJ", tail[i:]) && !strings.HasPrefix("ewo", tail[i:]) || !f.labelled(i) {
		return
	}
	f.addTruncated(i, &reader{b64: []byte(tail[i:])})
}

// Renamed returns the records with their services as they are asked for: today, which
// gives those that Cinder renamed the name of today, or a class for all. Nothing in the
// records themselves is changed: Cinder's import goes by what stands beside them.
func Renamed(found []Found, service string) ([]Found, error) {
	if service == "" {
		return found, nil
	}
	if service != "today" && !isService(service) {
		return nil, Fail(CodeUsage, "call the service "+Visible(service), "that is no name of a backup service",
			"write today, or a class such as cinder.backup.drivers.swift.SwiftBackupDriver", nil)
	}
	out := slices.Clone(found)
	for i := range out {
		name := service
		if service == "today" {
			if name, _ = ServiceToday(out[i].Record.Service); name == "" {
				continue
			}
		}
		if old := out[i].Record.Service; old != name {
			out[i].Notes = slices.Clone(out[i].Notes)
			out[i].note("its service was %s, and is now %s, as was asked", Visible(old), name)
			out[i].Record.Service = name
		}
	}
	return out, nil
}

// InsideMetadata finds the capture inside of the metadata object that a chunked driver
// writes (volume_meta); false where a text is none, or holds none.
func InsideMetadata(text string) (capture string, backup BackupID, ok bool) {
	v, err := pyjson.Parse(strings.TrimSpace(strings.TrimPrefix(text, "\ufeff")))
	if err != nil || !v.Object().Has("objects") || !v.Object().Has("volume_id") {
		return "", "", false
	}
	meta, _ := v.Object().Get("volume_meta")
	id, _ := v.Object().Get("backup_id")
	s, _ := id.Str()
	capture, ok = meta.Str()
	return capture, BackupID(s), ok
}

// ReadGiven reads a capture that somebody hands in: the capture itself, or the metadata
// object of a backup that it stands in.
func ReadGiven(text string, source Source) Capture {
	if inner, id, ok := InsideMetadata(text); ok {
		c := ReadCapture(inner, source)
		c.BackupID = id
		return c
	}
	return ReadCapture(text, source)
}
