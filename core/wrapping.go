package core

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What the things that people copy from put into a record besides [noise]: it stands
// there only inside of the base64, and is looked for only there.

// joint is where a string of a program goes on in the next one.
var joint = regexp.MustCompile("^[\"'`][ \\t]*([\\\\+.][ \\t]*){0,2}(\\r?\\n[ \\t]*)?[+.]?[ \\t]*[ubrUBR]{0,2}[\"'`]")

// tag is an element of HTML or XML, as <br> or </td><td>.
var tag = regexp.MustCompile(`^</?[A-Za-z][A-Za-z0-9]*(\s[^<>]{0,200})?/?>`)

// reference is a character of HTML or XML by its number or name.
var reference = regexp.MustCompile(`^&(?:#(\d{1,6})|#[xX]([0-9A-Fa-f]{1,5})|(nbsp|plus|sol|equals|NewLine|Tab));`)

var referenceNames = map[string]rune{"nbsp": ' ', "plus": '+', "sol": '/', "equals": '=', "NewLine": '\n', "Tab": '\t'}

// coded reads a character that is not written as itself: a reference of XML or HTML,
// a percent code of an address, or one of quoted-printable. width 0: there is none.
func coded(s string, i int) (c byte, width int) {
	rest := s[i:min(len(s), i+12)]
	switch rest[0] {
	case '&':
		m := reference.FindStringSubmatch(rest)
		if m == nil {
			return 0, 0
		}
		n, err := strconv.ParseInt(m[1], 10, 32)
		if m[2] != "" {
			n, err = strconv.ParseInt(m[2], 16, 32)
		}
		if m[3] != "" {
			n, err = int64(referenceNames[m[3]]), nil
		}
		if err != nil || n >= 0x80 {
			if n == 0xA0 || n == 0xAD || n == 0x200B { // blanks and breaks that are not seen
				return ' ', len(m[0])
			}
			return 0, 0
		}
		return byte(n), len(m[0])
	case '%', '=':
		if len(rest) < 3 {
			return 0, 0
		}
		n, err := strconv.ParseUint(rest[1:3], 16, 8)
		if err != nil || n >= 0x80 || rest[0] == '=' && n != '=' && n > ' ' { // quoted-printable writes no other so
			return 0, 0
		}
		return byte(n), 3
	}
	return 0, 0
}

// wrapping is the width of what a line or a program puts inside of a record at i, 0 for
// nothing.
func wrapping(s string, i int) int {
	rest := s[i:min(len(s), i+240)]
	switch s[i] {
	case '"', '\'', '`':
		return len(joint.FindString(rest))
	case '<':
		return len(tag.FindString(rest))
	case '=': // the soft line break of quoted-printable
		if strings.HasPrefix(rest, "=\n") {
			return 2
		}
		if strings.HasPrefix(rest, "=\r\n") || strings.HasPrefix(rest, "=\r\r") {
			return 3
		}
	}
	return 0
}

// leads are what tools put before every line: it is passed over in the lines of a record
// if the one that it begins on has it too.
var leads = []*regexp.Regexp{
	regexp.MustCompile(`^\+`), // of a diff
	regexp.MustCompile(`^-`),
	// IRC and other chats: [12:01] <anna> …, 12:01:33 anna | …, <@anna> …
	regexp.MustCompile(`^[\[(]?\d{1,2}:\d{2}(:\d{2})?[\])]?[ \t]*(<[ @+%&~]?[^>\s]{1,40}>|[ @+%&~]?[\w\-\[\]\\^{}]{1,40}[ \t]*[|│:>])[ \t]?`),
	regexp.MustCompile(`^<[ @+%&~]?[^>\s]{1,40}>[ \t]`),
}

// numbered is a line with its number before it, as cat -n, nl, less -N and grep -n write.
var numbered = regexp.MustCompile(`^[ \t]*(\d{1,7})[\t :|)\]-][ \t]?`)

// longLead is how far before a record the beginning of its line is looked for.
const longLead = 400

// lead is what stands before each line of the text that a record is copied from.
type lead struct {
	is     *regexp.Regexp // nil: nothing, or a number
	number int            // of the line that was passed last, 0: there are none
}

// leadOf looks at the line that a record begins on.
func leadOf(text string, start int) (l lead) {
	line := text[max(0, start-longLead):start]
	line = line[strings.LastIndexAny(line, "\r\n")+1:]
	for _, is := range leads {
		if is.MatchString(line) {
			l.is = is
			return l
		}
	}
	if m := numbered.FindStringSubmatch(line); m != nil {
		l.number, _ = strconv.Atoi(m[1])
	}
	return l
}

// pass is the width of the lead at the beginning of a line, 0 where it has none.
func (l *lead) pass(line string) int {
	line = line[:min(len(line), 120)]
	switch {
	case l.number > 0:
		m := numbered.FindStringSubmatch(line)
		if m == nil {
			return 0
		}
		if n, _ := strconv.Atoi(m[1]); n != l.number+1 {
			return 0
		}
		l.number++
		return len(m[0])
	case l.is != nil:
		return len(l.is.FindString(line))
	}
	return 0
}

// escapes are how a terminal's escape character looks once it has been made visible, or
// not.
var escapes = []string{"\x1b", "^[", `\e`, `\033`, `\x1b`, `\x1B`, `\u001b`, `\u001B`}

// fresh reports whether base64 may begin at i although a character of its alphabet
// stands before it, which belongs to an escape or to a code.
func fresh(s string, i int) bool {
	before := s[max(0, i-24):i]
	switch s[i-1] {
	case 'D':
		return strings.HasSuffix(before, "=3D") || strings.HasSuffix(before, "%3D")
	case 'm':
		start := strings.TrimRight(before[:len(before)-1], "0123456789;") // a colour, without its numbers
		start, bracket := strings.CutSuffix(start, "[")
		return bracket && slices.ContainsFunc(escapes, func(e string) bool { return strings.HasSuffix(start, e) })
	}
	return false
}
