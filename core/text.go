package core

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"hearth/core/pyjson"
)

// Visible makes hostile text fit for eyes: every character that a terminal would
// obey, that has no width, that reorders its neighbours, or of which nobody knows how it
// looks is written as an escape in ASCII (\x1b, \n, \u202e, \U000e0001), a lone surrogate
// as \udXXX and a stray byte as \xNN. Whatever a tenant can name goes through it on its way to
// a screen, a table, a title or a log; JSON and YAML do not need it, they escape
// in their own ways. Text without such characters is returned as it is.
func Visible(s string) string {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < 0x20 || c == 0x7F {
				return visible(s, i)
			}
			i++
			continue
		}
		r, w := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && w == 1 || hidden(r) || onlyASCII.Load() && !drawn(r) || unicode.Is(unicode.M, r) && !follows(s[:i]) {
			return visible(s, i)
		}
		i += w
	}
	return s
}

// onlyASCII is that the terminal shows nothing but ASCII.
var onlyASCII atomic.Bool

// OnlyASCII has [Visible] write every character that is not ASCII as an escape, as a terminal
// wants it that shows no others; but for the few that hearth's own sentences have, which the
// frame draws otherwise. It is set once, before anything is shown.
func OnlyASCII(on bool) { onlyASCII.Store(on) }

// drawn reports whether a character is one of those that hearth's sentences and titles have.
func drawn(r rune) bool { return r == '…' || r == '·' || r == '✓' || r == '✗' || r == '◌' }

// visible does the work from the first character at i that needs it.
func visible(s string, i int) string {
	var b strings.Builder
	b.WriteString(s[:i])
	for i < len(s) {
		r, w := pyjson.DecodeRune(s[i:])
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == utf8.RuneError && w == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r < 0x20 || r == 0x7F:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r > 0xFFFF && (hidden(r) || onlyASCII.Load()):
			fmt.Fprintf(&b, `\U%08x`, r)
		case hidden(r) || r > 0x7E && !drawn(r) && onlyASCII.Load() || r >= 0xD800 && r <= 0xDFFF ||
			unicode.Is(unicode.M, r) && !follows(b.String()):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[i : i+w])
		}
		i += w
	}
	return b.String()
}

// marksAllowed is how many combining marks a letter may carry: real scripts need
// two or three, towers of them climb over the lines above.
const marksAllowed = 3

// follows reports whether a combining mark may stand after before: on a letter
// or the like that does not carry too many yet.
func follows(before string) bool {
	for n := 0; n < marksAllowed; n++ {
		r, w := utf8.DecodeLastRuneInString(before)
		if w == 0 || r < 0x20 || unicode.Is(unicode.Zs, r) {
			return false
		}
		if !unicode.Is(unicode.M, r) {
			return true
		}
		before = before[:len(before)-w]
	}
	return false
}

// hidden reports whether r steers a terminal, has no width of its own without
// being an ordinary combining mark, changes the direction of text, or looks as a font
// likes: one for private use, one that is no character, and what stands for a broken one.
func hidden(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7F && r <= 0x9F:
		return true
	case r < 0xAD:
		return false
	case r == 0x2028, r == 0x2029: // line and paragraph separator
		return true
	case r == utf8.RuneError, r&0xFFFE == 0xFFFE, r >= 0xFDD0 && r <= 0xFDEF:
		return true
	}
	return unicode.In(r, unicode.Co, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// Literal is [Visible] for a value as somebody typed it: a backslash that could be taken for
// the beginning of an escape is doubled, so that a line break (\n) and a typed \n (\\n) do
// not look alike. It is for a value itself, once; what is made of it may go through Visible
// again.
func Literal(s string) string {
	if !strings.Contains(s, `\`) {
		return Visible(s)
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, w := pyjson.DecodeRune(s[i:])
		if b.WriteString(s[i : i+w]); r == '\\' && taken(s[i+w:]) {
			b.WriteByte('\\')
		}
		i += w
	}
	return Visible(b.String())
}

// taken reports whether a backslash before a text is taken for an escape's, or stands before
// one.
func taken(rest string) bool {
	if rest == "" {
		return false
	}
	if strings.IndexByte(`nrtxuU\`, rest[0]) >= 0 {
		return true
	}
	_, w := pyjson.DecodeRune(rest)
	return strings.HasPrefix(Visible(rest[:w]), `\`)
}

// VisibleLines is [Visible] for text of several lines: line ends and the tabs
// that indent them are kept.
func VisibleLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, line := range lines {
		body := strings.TrimLeft(line, "\t")
		lines[i] = strings.Repeat("    ", len(line)-len(body)) + Visible(body)
	}
	return strings.Join(lines, "\n")
}

// Bytes writes a number of bytes the way people read them: 1.7 KB, 12 MB.
func Bytes(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d bytes", n)
	}
	f, suffix := float64(n), ""
	for _, s := range []string{"KB", "MB", "GB", "TB"} {
		if f /= unit; f < unit {
			suffix = s
			break
		}
		suffix = s
	}
	if f < 10 {
		return fmt.Sprintf("%.1f %s", f, suffix)
	}
	return fmt.Sprintf("%.0f %s", f, suffix)
}

// Count writes n with its noun: "1 backup", "3 backups", "2 entries", "2 strays".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if end, y := strings.CutSuffix(noun, "y"); y && !strings.ContainsAny(end[max(len(end)-1, 0):], "aeiou") {
		noun = noun[:len(noun)-1] + "ie"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Thousands writes a count with its thousands set apart.
func Thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
