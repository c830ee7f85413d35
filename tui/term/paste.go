package term

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Bracketed paste: the markers around one, and of ours the mark behind one that was
// cut. No terminal can send that: it is dropped when it comes from there.
const (
	startMark = "\x1b[200~"
	endMark   = "\x1b[201~"
	cutMark   = "\x1b]7319;paste;"
)

// Cut says, right behind a [tea.PasteMsg], that the end of that paste never came: it
// may be a part of what was meant.
type Cut struct {
	Bytes int           // of text, that were taken
	Key   bool          // ctrl+c ended it; else that nothing more came
	After time.Duration // how long nothing more came
}

// by is what ended a paste.
type by string

const (
	byKey   by = "key"
	byQuiet by = "quiet"
)

const ctrlC = 3

// restWithin is how long after a paste was cut its rest may still come.
const restWithin = time.Minute

// begin begins a paste.
func (d *decoder) begin() {
	d.out = append(d.out, startMark...)
	d.pasting, d.took, d.lost = true, 0, time.Time{}
}

// cut ends a paste whose end did not come.
func (d *decoder) cut(why by, now time.Time) {
	d.out = fmt.Appendf(append(d.out, endMark...), "%s%s;%d;%d\a", cutMark, why, d.took, d.quiet.Milliseconds())
	d.pasting, d.held, d.lost = false, nil, now
}

// stops reports whether what came in a paste is ctrl+c and nothing else: no piece of
// a paste is that.
func stops(b []byte) bool { return len(b) > 0 && len(bytes.Trim(b, "\x03")) == 0 }

// rest reports whether what comes after a paste that was cut is the rest of it: its
// end marker is there, or it is more text at once than one types.
func (d *decoder) rest(b []byte, now time.Time) bool {
	const typed = 3
	if d.pasting || d.lost.IsZero() || now.Sub(d.lost) > restWithin || len(d.held) > 0 {
		return false
	}
	if end := bytes.Index(b, []byte(endMark)); end >= 0 {
		start := bytes.Index(b, []byte(startMark))
		return start < 0 || start > end
	}
	return bytes.IndexByte(b, esc) < 0 && len(b) > typed
}

// patience is how long a paste waits for more: ctrl+c at the end of what came ends
// it soon.
func (d *decoder) patience() time.Duration {
	if len(d.held) == 1 && d.held[0] == ctrlC {
		return 150 * time.Millisecond
	}
	return d.quiet
}

// giveUpPaste ends a paste of which nothing more comes.
func (d *decoder) giveUpPaste(now time.Time) {
	if len(d.held) == 1 && d.held[0] == ctrlC {
		d.cut(byKey, now)
		return
	}
	d.cut(byQuiet, now)
}

// scanPaste takes text of a paste, or its end; false if more has to come. Of what is
// no text nothing is handed on: an unfinished string in a paste would have Bubble
// Tea's reader overlook the end marker.
func (d *decoder) scanPaste() bool {
	b := d.held
	switch {
	case b[0] == esc:
		return d.escapeInPaste(b)
	case b[0] == ctrlC && len(b) == 1, !utf8.FullRune(b):
		return false
	case b[0] < utf8.RuneSelf:
		n := 1
		for n < len(b) && b[n] < utf8.RuneSelf && b[n] != esc && b[n] != ctrlC {
			n++
		}
		d.pasted(n)
	default:
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError {
			d.drop(n)
			break
		}
		d.pasted(n)
	}
	return true
}

// pasted hands on n bytes of text.
func (d *decoder) pasted(n int) {
	d.took += n
	d.emit(d.held[:n], n)
}

// escapeInPaste takes the end of a paste, or drops what was pasted with it: whole
// control sequences as those of colours, else the ESC alone.
func (d *decoder) escapeInPaste(b []byte) bool {
	if len(b) == 1 {
		return false
	}
	n, w := 1, nothing
	if b[1] == '[' {
		n, w = parseCSI(b)
	}
	switch {
	case w == partial:
		return false
	case string(b[:n]) == endMark:
		d.emit(b[:n], n)
		d.pasting = false
	default:
		d.drop(n)
	}
	return true
}

// readCut reads our mark behind a paste.
func readCut(osc string) (c Cut, ok bool) {
	rest, ok := strings.CutPrefix(osc, cutMark)
	if !ok {
		return c, false
	}
	var ms int64
	why, numbers, _ := strings.Cut(rest, ";")
	if _, err := fmt.Sscanf(numbers, "%d;%d", &c.Bytes, &ms); err != nil {
		return c, false
	}
	c.Key, c.After = why == string(byKey), time.Duration(ms)*time.Millisecond
	return c, true
}
