package repository

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"hearth/core"
	"hearth/core/pyjson"
)

// peeker goes through JSON as Cinder writes it without making values of it: a scan
// wants few of them, and reads twenty thousand texts. What it is not sure of it
// refuses, and then [pyjson.Parse] reads the text, whose word is the last. So it
// never takes what that would not take, and never reads it otherwise.
type peeker struct {
	s string
	i int
}

func (p *peeker) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\n', '\t', '\r':
			p.i++
		default:
			return
		}
	}
}

func (p *peeker) take(c byte) bool {
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

// ends are the bytes that end a run of plain text in a string.
var ends = func() (t [256]bool) {
	for c := range ' ' {
		t[c] = true
	}
	t['"'], t['\\'] = true, true
	return t
}()

// str passes over a string and returns it with its quotes.
func (p *peeker) str() (raw string, ok bool) {
	s, i := p.s, p.i
	if i >= len(s) || s[i] != '"' {
		return "", false
	}
	for i++; ; {
		for i < len(s) && !ends[s[i]] {
			i++
		}
		switch {
		case i >= len(s) || s[i] < ' ' || s[i] == '\\' && i+1 >= len(s):
			return "", false
		case s[i] == '"':
			from := p.i
			p.i = i + 1
			return s[from:p.i], true
		}
		i += 2
		switch s[i-1] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			if i+4 > len(s) {
				return "", false
			}
			for _, c := range []byte(s[i : i+4]) {
				if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
					return "", false
				}
			}
			i += 4
		default:
			return "", false
		}
	}
}

// plain passes over a string without escapes and returns what is in it.
func (p *peeker) plain() (string, bool) {
	raw, ok := p.str()
	if !ok || strings.IndexByte(raw, '\\') >= 0 {
		return "", false
	}
	return raw[1 : len(raw)-1], true
}

// number passes over an integer of at most 18 digits.
func (p *peeker) number() (int64, bool) {
	from := p.i
	p.take('-')
	first := p.i
	for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
		p.i++
	}
	n := p.i - first
	if n == 0 || n > 18 || n > 1 && p.s[first] == '0' {
		return 0, false
	}
	if p.i < len(p.s) && (p.s[p.i] == '.' || p.s[p.i] == 'e' || p.s[p.i] == 'E') {
		return 0, false
	}
	v, err := strconv.ParseInt(p.s[from:p.i], 10, 64)
	return v, err == nil
}

// mostDeep is how deep a value that is passed over may nest.
const mostDeep = 16

// pass passes over any value and returns its text.
func (p *peeker) pass(depth int) (raw string, ok bool) {
	from := p.i
	if p.i >= len(p.s) || depth > mostDeep {
		return "", false
	}
	switch c := p.s[p.i]; {
	case c == '"':
		return p.str()
	case c == '{':
		ok = p.object(func(string) bool { _, ok := p.pass(depth + 1); return ok })
	case c == '[':
		ok = p.array(func() bool { _, ok := p.pass(depth + 1); return ok })
	case c == '-' || c >= '0' && c <= '9':
		_, ok = p.number()
	default:
		for _, w := range []string{"null", "true", "false"} {
			if strings.HasPrefix(p.s[p.i:], w) {
				p.i += len(w)
				return w, true
			}
		}
	}
	return p.s[from:p.i], ok
}

// object goes through an object; each is called at a value and passes over it. Keys
// that repeat are each's to refuse.
func (p *peeker) object(each func(key string) bool) bool {
	if !p.take('{') {
		return false
	}
	if p.space(); p.take('}') {
		return true
	}
	for {
		raw, ok := p.str()
		key, _, fine := textOf(raw)
		if p.space(); !ok || !fine || !p.take(':') {
			return false
		}
		if p.space(); !each(key) {
			return false
		}
		if p.space(); p.take('}') {
			return true
		}
		if !p.take(',') {
			return false
		}
		p.space()
	}
}

// array goes through an array in the same way.
func (p *peeker) array(each func() bool) bool {
	if !p.take('[') {
		return false
	}
	if p.space(); p.take(']') {
		return true
	}
	for {
		if !each() {
			return false
		}
		if p.space(); p.take(']') {
			return true
		}
		if !p.take(',') {
			return false
		}
		p.space()
	}
}

// whole goes through a text that is one object.
func (p *peeker) whole(each func(key string) bool) bool {
	if !utf8.ValidString(p.s) {
		return false
	}
	if p.space(); !p.object(each) {
		return false
	}
	p.space()
	return p.i == len(p.s)
}

// textOf is a string's text, or none for null.
func textOf(raw string) (s string, set, ok bool) {
	switch {
	case raw == "null":
		return "", false, true
	case raw == "" || raw[0] != '"':
		return "", false, false
	case strings.IndexByte(raw, '\\') < 0:
		return raw[1 : len(raw)-1], true, true
	}
	if s, ok = unescape(raw[1 : len(raw)-1]); ok {
		return s, true, true
	}
	v, err := pyjson.Parse(raw)
	s, ok = v.Str()
	return s, true, ok && err == nil
}

// unescape takes out the escapes of quotes and backslashes, which is what a text of
// JSON inside of JSON is full of; false where there are others.
func unescape(s string) (string, bool) {
	out := make([]byte, 0, len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			return asText(append(out, s...)), true
		}
		if c := s[i+1]; c != '"' && c != '\\' {
			return "", false
		}
		out = append(append(out, s[:i]...), s[i+1])
		s = s[i+2:]
	}
}

// peekMetadata reads a metadata object as Cinder writes it today; false for any
// other, which may be good all the same.
func peekMetadata(text string) (*metadata, bool) {
	p, m := &peeker{s: text}, &metadata{entries: []entry{}}
	var raw [8]string
	objects := false
	ok := p.whole(func(key string) bool {
		if key == "objects" {
			if objects {
				return false
			}
			objects = true
			return m.peekEntries(p)
		}
		value, ok := p.pass(0)
		for i, n := range metadataKeys {
			if n == key {
				ok = ok && raw[i] == ""
				raw[i] = value
			}
		}
		return ok
	})
	if !ok || !objects {
		return nil, false
	}
	var text1 [8]string
	var set [8]bool
	m.keyed = true
	for i := range raw {
		if raw[i] == "" { // in 2014 some were not there
			m.y2014 = m.y2014 || metadataKeys[i] == "parent_id"
			m.keyed = m.keyed && metadataKeys[i] != "volume_meta"
			continue
		}
		if text1[i], set[i], ok = textOf(raw[i]); !ok {
			return nil, false
		}
	}
	if text1[0] == "" {
		return nil, false
	}
	m.set(text1, set)
	return m, true
}

func (m *metadata) peekEntries(p *peeker) bool {
	return p.array(func() bool {
		n := 0
		ok := p.object(func(name string) bool {
			n++
			e := entry{name: name, offset: -1, length: -1}
			var seen [4]bool
			once := func(i int, ok bool) bool { ok = ok && !seen[i]; seen[i] = true; return ok }
			ok := p.object(func(key string) bool {
				var ok bool
				switch key {
				case "offset":
					e.offset, ok = p.number()
					return once(0, ok)
				case "length":
					e.length, ok = p.number()
					return once(1, ok)
				case "compression":
					e.compression, ok = p.plain()
					return once(2, ok)
				case "md5":
					e.md5, ok = p.plain()
					return once(3, ok)
				}
				return false
			})
			m.entries = append(m.entries, e)
			return ok && len(m.entries) <= mostEntries
		})
		return ok && n == 1
	})
}

// basics are the few fields of a capture's base section that a row needs.
type basics struct {
	base    bool // there is a base section
	id      string
	size    int64
	user    string
	project string
	hasKey  bool // there is a field for the encryption key
	key     bool // and it names one
}

// peekCapture reads them; false where the text is not as Cinder writes it.
func peekCapture(text string) (basics, bool) {
	p, b := &peeker{s: text}, basics{}
	seen := 0
	ok := p.whole(func(key string) bool {
		if key != "volume-base-metadata" {
			_, ok := p.pass(0)
			return ok
		}
		if seen++; seen > 1 || p.i >= len(p.s) || p.s[p.i] != '{' {
			return false
		}
		b.base = true
		var had [5]bool
		return p.object(func(key string) bool {
			i := -1
			raw, ok := p.pass(1)
			take := func(n int, into *string) bool {
				i = n
				s, _, ok := textOf(raw)
				*into = s
				return ok
			}
			switch key {
			case "id":
				ok = ok && take(0, &b.id)
			case "user_id":
				ok = ok && take(1, &b.user)
			case "project_id":
				ok = ok && take(2, &b.project)
			case "encryption_key_id":
				var s string
				ok = ok && take(3, &s)
				b.hasKey, b.key = true, s != ""
			case "size":
				i = 4
				n, err := strconv.ParseInt(raw, 10, 64)
				ok = ok && err == nil
				b.size = n
			}
			if i >= 0 {
				ok = ok && !had[i]
				had[i] = true
			}
			return ok
		})
	})
	return b, ok
}

// described are the fields of a capture's base section that a list of volumes shows
// ([core.CapturedVolume]).
var described = []string{"display_name", "display_description", "status", "previous_status", "volume_type_id", "bootable", "multiattach",
	"encryption_key_id", "project_id", "user_id", "availability_zone", "host", "snapshot_id", "source_volid", "attach_status", "created_at",
	"updated_at", "size"}

// essence is a copy of a capture with nothing in it but what a list of volumes shows; of
// one that is not as Cinder writes it all of it.
func essence(text string) string {
	p := &peeker{s: text}
	out := make([]byte, 0, 512)
	sections, had := 0, uint32(0)
	ok := p.whole(func(key string) bool {
		if key != string(core.BaseSection) {
			raw, ok := p.pass(0)
			if key == "version" {
				out = append(append(append(out, `"version": `...), raw...), ", "...)
			}
			return ok
		}
		if sections++; sections > 1 || p.i >= len(p.s) || p.s[p.i] != '{' {
			return false
		}
		out = append(out, `"volume-base-metadata": {`...)
		first := true
		ok := p.object(func(key string) bool {
			raw, ok := p.pass(1)
			i := slices.Index(described, key)
			if !ok || i < 0 {
				return ok
			}
			if had&(1<<i) != 0 {
				return false
			}
			if had |= 1 << i; raw == "null" {
				return true
			}
			if !first {
				out = append(out, ", "...)
			}
			first = false
			out = append(append(append(append(out, '"'), key...), `": `...), raw...)
			return true
		})
		out = append(out, "}, "...)
		return ok
	})
	if !ok || sections == 0 {
		return strings.Clone(text)
	}
	return "{" + string(out[:len(out)-len(", ")]) + "}"
}
