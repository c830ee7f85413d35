package term

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// what is what a sequence is.
type what int

const (
	partial what = iota
	nothing      // broken, or of no use: dropped
	key
	answer
	escKey // the ESC by itself
	pasteStart
)

// Lengths beyond which a sequence is broken: its end got lost. That of a clipboard
// is what a terminal may hold.
const (
	longest    = 256
	longest52  = 64 << 20
	mostParams = 16 // Bubble Tea's reader takes up to 31
)

// parse says what b, which begins with an ESC and has more, begins with, and how
// long that is. Sequences that hearth neither asks for nor knows a key of are
// dropped whole, so that nothing of them is ever read as keys.
func parse(b []byte) (n int, w what) {
	switch c := b[1]; c {
	case '[':
		return parseCSI(b)
	case 'O':
		return parseSS3(b)
	case ']':
		return parseOSC(b)
	case 'P', '_': // DCS, APC: nobody asks for one
		if len(b) == 2 {
			return 0, partial
		}
		return parseString(b, longest, nil, nothing)
	case 'X', '^': // SOS, PM: no terminal sends one
		return 2, nothing
	case esc:
		return parseTwo(b)
	default: // a key with Alt
		if !utf8.FullRune(b[1:]) {
			return 0, partial
		}
		r, size := utf8.DecodeRune(b[1:])
		if r == utf8.RuneError {
			return 1 + size, nothing
		}
		return 1 + size, key
	}
}

// parseTwo takes two ESC: a key's sequence with Alt, as of rxvt; else the first one
// is the Esc key.
func parseTwo(b []byte) (int, what) {
	if len(b) == 2 {
		return 0, partial
	}
	if b[2] != '[' && b[2] != 'O' {
		return 1, escKey
	}
	switch n, w := parse(b[1:]); w {
	case partial:
		return 0, partial
	case key:
		return n + 1, key
	default:
		return 1, escKey
	}
}

// parseCSI takes a control sequence: parameters, intermediates, a final byte.
func parseCSI(b []byte) (int, what) {
	i := 2
	for i < len(b) && b[i] >= 0x30 && b[i] <= 0x3f {
		i++
	}
	params := b[2:i]
	for i < len(b) && b[i] >= 0x20 && b[i] <= 0x2f {
		i++
	}
	switch {
	case i > longest:
		return i, nothing
	case i == len(b):
		return 0, partial
	case b[i] < 0x40 || b[i] > 0x7e:
		return i, nothing // what cuts it off is read by itself
	}
	n := i + 1
	switch seq := string(b[2:n]); {
	case seq == "200~":
		return n, pasteStart
	case seq == "201~": // of no paste
		return n, nothing
	case seq == "[": // the Linux console's F1 to F5 have a letter behind
		return parseMore(b, n, 1, key)
	case seq == "M": // a mouse's, with three bytes behind
		return parseMore(b, n, 3, nothing)
	case seq[len(seq)-1] == '_', bytes.Count(params, []byte{';'})+bytes.Count(params, []byte{':'}) >= mostParams:
		return n, nothing
	case seq[0] == '?' || seq[0] == '>' || seq[0] == '=':
		return n, answer
	}
	return n, key
}

// parseMore takes some bytes that stand behind a sequence of n.
func parseMore(b []byte, n, more int, w what) (int, what) {
	if len(b) < n+more {
		return 0, partial
	}
	return n + more, w
}

// parseSS3 takes a key of the keypad or a function key.
func parseSS3(b []byte) (int, what) {
	i := 2
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	switch {
	case i > longest:
		return i, nothing
	case i == len(b):
		return 0, partial
	case b[i] < 0x21 || b[i] > 0x7e:
		return i, nothing
	}
	return i + 1, key
}

// parseOSC takes an answer that is a string: colours and the clipboard are handed
// on, others dropped.
func parseOSC(b []byte) (int, what) {
	i := 2
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	switch {
	case i > longest:
		return i, nothing
	case i == len(b):
		return 0, partial
	case i == 2 || b[i] != ';':
		return 2, nothing // a key with Alt that hearth has not got
	}
	switch string(b[2:i]) {
	case "10", "11", "12":
		return parseString(b, longest, isColour, answer)
	case "52":
		return parseString(b, longest52, isBase64, answer)
	}
	return parseString(b, longest, nil, nothing)
}

// parseString takes a string up to its terminator. A control character that is none,
// or a byte that is not allowed, cuts it off and is read by itself: so no string
// whose terminator got lost takes keys for long.
func parseString(b []byte, most int, allowed func(byte) bool, w what) (int, what) {
	for i := 2; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\a':
			return i + 1, w
		case c == esc && i+1 == len(b):
			return 0, partial
		case c == esc && b[i+1] == '\\':
			return i + 2, w
		case c < 0x20 || c == 0x7f || i > most || allowed != nil && !allowed(c):
			return i, nothing
		}
	}
	return 0, partial
}

func isColour(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || strings.IndexByte("rgbi:/;#?", c) >= 0
}

func isBase64(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("+/=;?", c) >= 0
}

// shifted reports whether b is all of a key with Shift as rxvt sends it, which has no
// final byte: CSI, a number and a dollar.
func shifted(b []byte) bool {
	digits, ok := bytes.CutPrefix(b, []byte("\x1b["))
	digits, dollar := bytes.CutSuffix(digits, []byte("$"))
	return ok && dollar && len(digits) > 0 && len(bytes.Trim(digits, "0123456789")) == 0
}

// translate writes a key that Bubble Tea's reader knows only if it comes alone so
// that it knows it anywhere.
func translate(b []byte) []byte {
	if len(b) == 4 && bytes.HasPrefix(b, []byte("\x1b[[")) && b[3] >= 'A' && b[3] <= 'E' {
		return []byte{esc, '[', '1', '1' + b[3] - 'A', '~'}
	}
	return b
}
