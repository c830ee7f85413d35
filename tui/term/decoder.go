package term

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"
)

const esc = 0x1b

// How long is waited, besides the waits of a line.
const (
	// hold is how long the rest of what has begun may take: of a key's sequence, of
	// an answer, of a letter. What is half there then is dropped.
	hold = time.Second
	// late is how long after an Esc the rest of a sequence that it was the first byte
	// of is still known for that.
	late = time.Second
)

// waits are those that depend on the line.
type waits struct {
	alone time.Duration // behind an ESC, before it is the key
	quiet time.Duration // in a paste, before its end is taken for lost
}

// waitsFor are the waits of a line: by SSH its pieces may come apart.
func waitsFor(ssh bool) waits {
	if ssh {
		return waits{alone: 100 * time.Millisecond, quiet: 4 * time.Second}
	}
	return waits{alone: 25 * time.Millisecond, quiet: 2 * time.Second}
}

// decoder turns what comes from a terminal, in whatever pieces, into what Bubble
// Tea's reader understands without waiting. The Esc key leaves it as the Kitty
// protocol has it, which is like no beginning of anything. It has no clock: the time
// is passed in.
type decoder struct {
	waits
	out  []byte    // for Bubble Tea: whole keys, whole answers, text
	held []byte    // not known yet
	at   time.Time // when the last byte came

	clear bool      // the terminal has a sequence for the Esc key: a lone ESC is none
	escAt time.Time // when the Esc key was pressed, if nothing came after it; else zero

	pasting bool
	took    int       // bytes of text of this paste
	lost    time.Time // when a paste ended without its end marker; zero if none did
}

// feed takes what came.
func (d *decoder) feed(b []byte, now time.Time) {
	if d.pasting && stops(b) {
		d.cut(byKey, now)
		return
	}
	if d.rest(b, now) {
		d.begin()
	}
	d.held = append(d.held, b...)
	d.at = now
	d.scan(now)
}

// due is when expire has something to do, unless more comes before.
func (d *decoder) due() (time.Time, bool) {
	if d.pasting {
		return d.at.Add(d.patience()), true
	}
	if len(d.held) == 0 {
		return time.Time{}, false
	}
	wait := hold
	if len(bytes.TrimLeft(d.held, "\x1b")) == 0 && !d.clear || shifted(d.held) {
		wait = d.alone
	}
	return d.at.Add(wait), true
}

// expire gives up waiting for the rest of what is held, if it is time.
func (d *decoder) expire(now time.Time) {
	if due, ok := d.due(); !ok || now.Before(due) {
		return
	}
	if d.pasting {
		d.giveUpPaste(now)
		return
	}
	d.giveUp()
	d.scan(now)
}

// giveUp takes what is held for all that there is.
func (d *decoder) giveUp() {
	switch b := d.held; {
	case b[0] == esc && (len(b) == 1 || b[1] == esc):
		d.escKey(d.at)
	case shifted(b): // rxvt's shift+delete and its like
		d.emit(append(b[:len(b)-1:len(b)-1], ";2~"...), len(b))
	default:
		if is, whole := opener(b); is && !whole { // typed after an Esc
			d.emit(b[:1], 1)
			break
		}
		d.drop(len(b))
	}
}

// emit hands something on, which stands for the first n bytes of what is held.
func (d *decoder) emit(b []byte, n int) {
	d.out = append(d.out, b...)
	d.drop(n)
}

// drop forgets the first n bytes of what is held.
func (d *decoder) drop(n int) {
	d.held = d.held[n:]
	d.escAt = time.Time{}
}

// escKey hands on the Esc key, which was pressed at a time.
func (d *decoder) escKey(at time.Time) {
	d.emit([]byte("\x1b[27u"), 1)
	d.escAt = at
}

// scan hands on what is whole.
func (d *decoder) scan(now time.Time) {
	for len(d.held) > 0 {
		var more bool
		switch {
		case d.pasting:
			more = d.scanPaste()
		case d.held[0] == esc:
			more = d.sequence(d.held, 0)
		case !d.escAt.IsZero() && now.Sub(d.escAt) <= late && (d.held[0] == '[' || d.held[0] == ']'):
			more = d.lateSequence(now)
		default:
			more = d.text()
		}
		if !more {
			return
		}
	}
}

// text hands on what was typed, up to an ESC: whole runes only, and no byte that is
// none, as a lone 0x9b begins a sequence.
func (d *decoder) text() bool {
	b := d.held
	switch {
	case b[0] < utf8.RuneSelf:
		n := 1
		for n < len(b) && b[n] < utf8.RuneSelf && b[n] != esc {
			n++
		}
		d.emit(b[:n], n)
	case !utf8.FullRune(b):
		return false
	default:
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError {
			d.drop(n)
			break
		}
		d.emit(b[:n], n)
	}
	return true
}

// openers are the beginnings of what may have lost its ESC to the Esc key, but for
// that ESC.
var openers = []string{"[200~", "[201~", "[?", "]10;", "]11;", "]12;", "]52;"}

// opener reports whether b begins as one of them does, and whether one is whole.
func opener(b []byte) (is, whole bool) {
	for _, o := range openers {
		if bytes.HasPrefix(b, []byte(o)) {
			return true, true
		}
		is = is || len(b) < len(o) && o[:len(b)] == string(b)
	}
	return is, false
}

// lateSequence takes what comes right behind an Esc key, in case its ESC was not the
// key but the first byte of this.
func (d *decoder) lateSequence(now time.Time) bool {
	is, whole := opener(d.held)
	if !is {
		return d.text()
	}
	if whole && d.sequence(append([]byte{esc}, d.held...), 1) {
		return true
	}
	d.escAt = now // its pieces may come as late again
	return false
}

// sequence takes what b begins with: what is held, behind so many bytes more. It is
// false if the rest has not come.
func (d *decoder) sequence(b []byte, more int) bool {
	if len(b) == 1 {
		return false
	}
	n, what := parse(b)
	switch what {
	case partial:
		return false
	case key, answer:
		d.know(b[:n])
		d.emit(translate(b[:n]), n-more)
	case escKey:
		d.escKey(d.at)
	case pasteStart:
		d.drop(n - more)
		d.begin()
	default:
		d.drop(n - more)
	}
	return true
}

// know learns from the answer of a terminal whether it has a sequence for Esc.
func (d *decoder) know(b []byte) {
	if flags, ok := strings.CutPrefix(string(b), "\x1b[?"); ok && strings.HasSuffix(flags, "u") {
		last := strings.TrimSuffix(flags, "u")
		d.clear = last != "" && (last[len(last)-1]-'0')%2 == 1 // the lowest bit
	}
}
