package core

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// finder looks for records in a text: what it has found, and how far it may go on.
type finder struct {
	text   string
	budget int // characters that may still be read, so that rubbish ends in time
	found  []Found
	spans  []span // of found, same order
	broken int    // of found: those that start well and are not whole
	lineAt span   // line number (end) of an offset (start) counted so far
}

type span struct{ start, end int }

// starts are the beginnings of base64 of "{" followed by a quote or white space,
// or of "{}".
var starts = []string{"eyJ", "eyA", "ewo", "ew0", "ewk", "e30"}

// nextStart returns where the next candidate starts, at the start of a run of
// base64, or -1.
func (f *finder) nextStart(from int) int {
	for i := from; ; {
		j := strings.Index(f.text[i:], "e")
		if j < 0 {
			return -1
		}
		i += j
		if i == 0 || !isBase64(f.text[i-1]) || f.text[i-1] == '=' || f.text[i-1] == '+' {
			if f.opensAt(i) {
				return i
			}
		} else if fresh(f.text, i) && f.opensAt(i) {
			return i
		}
		i++
	}
}

// opensAt reports whether base64 of the start of an object is at i; the three
// characters may be torn apart by a wrapped table.
func (f *finder) opensAt(i int) bool {
	var got [3]byte
	n := 0
	for n < 3 && i < len(f.text) {
		if w := noise(f.text, i); w > 0 {
			i += w
			continue
		}
		got[n] = f.text[i]
		n, i = n+1, i+1
	}
	if n < 3 {
		return false
	}
	for _, s := range starts {
		if string(got[:]) == s {
			return true
		}
	}
	return false
}

func isBase64(c byte) bool { return decodeTable[c] != 0xFF || c == '=' }

// noise returns the width of what may stand inside a copied base64 text without
// belonging to it, at i: 0 if nothing does.
func noise(s string, i int) int {
	switch c := s[i]; {
	case c == '|' || c <= ' ' && c != 0x1B:
		return 1
	case c == 0x1B:
		return escapeLen(s[i:])
	case c == '\\' && i+1 < len(s) && (s[i+1] == 'n' || s[i+1] == 'r'):
		return 2
	case c == '\\':
		return 1
	case c == '>' && lineStart(s, i):
		return 1
	case c == '+' || c == '-':
		return borderLen(s, i)
	case c < utf8.RuneSelf:
		return 0
	}
	r, w := utf8.DecodeRuneInString(s[i:])
	if r >= 0x2500 && r <= 0x257F || r == '¦' || hidden(r) || unicode.IsSpace(r) {
		return w
	}
	return 0
}

func lineStart(s string, i int) bool {
	for i--; i >= 0; i-- {
		switch s[i] {
		case '\n', '\r':
			return true
		case ' ', '\t', '>':
		default:
			return false
		}
	}
	return true
}

// escapeLen is the length of a terminal escape sequence at the start of s.
func escapeLen(s string) int {
	if len(s) < 2 {
		return len(s)
	}
	switch s[1] {
	case '[':
		for i := 2; i < len(s); i++ {
			if s[i] >= 0x40 && s[i] <= 0x7E {
				return i + 1
			}
		}
		return len(s)
	case ']':
		for i := 2; i < len(s); i++ {
			if s[i] == 0x07 {
				return i + 1
			}
			if s[i] == 0x1B && i+1 < len(s) && s[i+1] == '\\' {
				return i + 2
			}
		}
		return len(s)
	}
	return 2
}

// borderLen is the length of a piece of a table's border at i: a run of + and -
// with a - in it, or a + that a wrapped border leaves on a line of its own.
func borderLen(s string, i int) int {
	j := i
	for j < len(s) && (s[j] == '-' || s[j] == '+') {
		j++
	}
	if strings.Contains(s[i:j], "-") {
		return j - i
	}
	before := strings.TrimRight(s[:i], " \r\n\t")
	if j-i == 1 && len(before) < i && strings.HasSuffix(before, "-") && (j == len(s) || s[j] == '\n' || s[j] == '\r') {
		return 1
	}
	return 0
}

func (f *finder) add(rec Found, s span) {
	f.found, f.spans = append(f.found, rec), append(f.spans, s)
}

// line is the number of the line at i; calls come with i growing.
func (f *finder) line(i int) int {
	if i < f.lineAt.start {
		f.lineAt = span{}
	}
	for j := f.lineAt.start; j < i; j++ {
		// Terminals paste a line end as CR, and CR LF as two of them.
		if c := f.text[j]; c == '\n' || c == '\r' && !strings.HasPrefix(f.text[j+1:], "\n") {
			f.lineAt.end++
		}
	}
	f.lineAt.start = i
	return f.lineAt.end + 1
}
