package term

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	uv "github.com/charmbracelet/ultraviolet"
)

// wire is a decoder with a clock by hand, and what Bubble Tea would make of what
// leaves it.
type wire struct {
	t     testing.TB
	d     decoder
	now   time.Time
	got   []string
	paste *strings.Builder // in one
}

func newWire(t testing.TB, ssh bool) *wire {
	return &wire{t: t, d: decoder{waits: waitsFor(ssh)}, now: time.Unix(1e9, 0)}
}

// send has bytes come, and then nothing for a while.
func (w *wire) send(s string, wait time.Duration) *wire {
	w.t.Helper()
	if s != "" {
		w.d.feed([]byte(s), w.now)
		w.drain()
	}
	for end := w.now.Add(wait); ; {
		due, ok := w.d.due()
		if !ok || due.After(end) {
			w.now = end
			return w
		}
		if due.After(w.now) {
			w.now = due
		}
		w.d.expire(w.now)
		w.drain()
	}
}

// drain reads what left the decoder as Bubble Tea's reader does, which takes what it
// does not know at the end of what it was given for the beginning of more: that there
// must not be.
func (w *wire) drain() {
	w.t.Helper()
	var dec uv.EventDecoder
	for b := w.d.out; len(b) > 0; {
		n, e := dec.Decode(b)
		switch e := e.(type) {
		case uv.UnknownEvent:
			w.t.Fatalf("%q goes to Bubble Tea, which does not know %q", w.d.out, e)
		case uv.PasteStartEvent:
			w.paste = &strings.Builder{}
		case uv.PasteEndEvent:
			if w.paste == nil {
				w.t.Fatalf("an end without a beginning in %q", w.d.out)
			}
			w.say("paste " + w.paste.String())
			w.paste = nil
		case uv.KeyPressEvent:
			if w.paste != nil {
				w.paste.Write(b[:n])
				break
			}
			w.say("key " + e.String())
		case uv.UnknownOscEvent:
			c, ok := readCut(string(e))
			if !ok {
				w.t.Fatalf("%q is handed on", e)
			}
			w.say(fmt.Sprintf("cut %d %v", c.Bytes, c.Key))
		default:
			if w.paste != nil {
				w.t.Fatalf("%T in a paste", e)
			}
			w.say(fmt.Sprintf("%T", e))
		}
		b = b[n:]
	}
	w.d.out = nil
}

func (w *wire) say(s string) { w.got = append(w.got, s) }

// want checks what has come since it was last asked, and that nothing is held.
func (w *wire) want(want ...string) *wire {
	w.t.Helper()
	if !slices.Equal(w.got, want) {
		w.t.Fatalf("%q, want %q", w.got, want)
	}
	if len(w.d.held) > 0 || w.d.pasting {
		w.t.Fatalf("%q is held still, in a paste: %v", w.d.held, w.d.pasting)
	}
	w.got = nil
	return w
}

const record = `{"backup-record": {"backup_service": "cinder.backup.drivers.nfs.NFSBackupDriver", "backup_url": "eyJpZCI6…"}}`

// sequences is what a terminal sends as one, and what it is.
var sequences = []struct{ bytes, want string }{
	{startMark + record + endMark, "paste " + record},
	{startMark + "q\r\tü" + endMark, "paste q\r\tü"},
	{"\x1b]11;rgb:1e1e/1e1e/2e2e\a", "uv.BackgroundColorEvent"},
	{"\x1b]11;rgb:ffff/ffff/ffff\x1b\\", "uv.BackgroundColorEvent"},
	{"\x1b[?62;1;4;22c", "uv.PrimaryDeviceAttributesEvent"},
	{"\x1b[?1u", "uv.KeyboardEnhancementsEvent"},
	{"\x1b[?2026;2$y", "uv.ModeReportEvent"},
	{"\x1b]52;c;ZXlKcFpDSTY=\a", "uv.ClipboardEvent"},
	{"\x1bP>|XTerm(390)\x1b\\", ""},
	{"\x1b_Gi=1;OK\x1b\\", ""},
	{"\x1b]4;1;rgb:1e1e/1e1e/2e2e\x1b\\", ""},
	{"\x1b[A", "key up"},
	{"\x1bOP", "key f1"},
	{"\x1b[15~", "key f5"},
	{"\x1b[[A", "key f1"},
	{"\x1b[1;5C", "key ctrl+right"},
	{"\x1b[27u", "key esc"},
	{"\x1b[113;5u", "key ctrl+q"},
	{"\x1bb", "key alt+b"},
	{"\x1bé", "key alt+é"},
	{"\x1b\x1b[A", "key alt+up"},
	{"é", "key é"},
}

// TestCuts cuts every sequence at every byte, for 20 to 400 ms, and behind its ESC
// for as long as an Esc key is waited for: what comes is the same, and then a key is.
func TestCuts(t *testing.T) {
	for _, ssh := range []bool{false, true} {
		alone := waitsFor(ssh).alone
		for _, s := range sequences {
			var want []string
			if s.want != "" {
				want = []string{s.want}
			}
			for pause := 20 * time.Millisecond; pause <= 400*time.Millisecond; pause += 20 * time.Millisecond {
				atFirst := min(pause, alone-time.Millisecond)
				for at := 1; at < len(s.bytes); at++ {
					wait := pause
					if strings.Trim(s.bytes[:at], "\x1b") == "" {
						wait = atFirst
					}
					w := newWire(t, ssh).send(s.bytes[:at], wait).send(s.bytes[at:], 0).want(want...)
					w.send("j", 0).want("key j")
				}
				w := newWire(t, ssh)
				for _, b := range []byte(s.bytes) { // each byte by itself
					wait := pause
					if b == esc && w.paste == nil && len(w.d.held) < 2 {
						wait = atFirst
					}
					w.send(string([]byte{b}), wait)
				}
				w.want(want...).send("j", 0).want("key j")
			}
		}
	}
}

// TestLateMarks: behind an Esc key that was the first byte of more, that more is known
// for a second, in whatever pieces.
func TestLateMarks(t *testing.T) {
	for _, s := range sequences {
		if is, _ := opener([]byte(s.bytes[1:])); !is {
			continue
		}
		for at := 2; at < len(s.bytes); at++ {
			newWire(t, false).send(s.bytes[:1], 900*time.Millisecond).send(s.bytes[1:at], 400*time.Millisecond).
				send(s.bytes[at:], 0).want("key esc", s.want).send("j", 0).want("key j")
		}
	}
	w := newWire(t, false)
	w.send("\x1b", 1100*time.Millisecond).send("[200~", 0).want("key esc", "key [", "key 2", "key 0", "key 0", "key ~")
	w.send("\x1b", 100*time.Millisecond).send("[", 0).send("j", 0).want("key esc", "key [", "key j")
	w.send("\x1b", 100*time.Millisecond).send("j", 0).send("[20", 0).want("key esc", "key j", "key [", "key 2", "key 0")
	w.send("\x1b", 100*time.Millisecond).send("[", hold).want("key esc", "key [")
	w.send("\x1b", 100*time.Millisecond).send("]11;rgb:1e", hold).want("key esc") // an answer that ends here
}

// TestEscWait: a lone ESC is the key after 25 ms, by SSH after 100, and none where the
// terminal has a sequence for that key.
func TestEscWait(t *testing.T) {
	for ssh, wait := range map[bool]time.Duration{false: 25 * time.Millisecond, true: 100 * time.Millisecond} {
		w := newWire(t, ssh).send("\x1b", wait-time.Millisecond)
		if len(w.got) > 0 {
			t.Errorf("%q comes before its time", w.got)
		}
		w.send("", time.Millisecond).want("key esc")
		w.send("\x1b\x1b", wait).want("key esc", "key esc")
		w.send("\x1b"+startMark+"x"+endMark, 0).want("key esc", "paste x")
		w.send("\x1b[?1u\x1b[27u", 0).want("uv.KeyboardEnhancementsEvent", "key esc") // no wait
		w.send("\x1b", 400*time.Millisecond).send("[200~x\x1b[201~", 0).want("paste x")
		w.send("\x1b", hold).want("key esc") // the terminal was wrong
		w.send("\x1b[?0u", 0).send("\x1b", wait).want("uv.KeyboardEnhancementsEvent", "key esc")
	}
}

// TestLostEnd: a paste whose end does not come ends after some quiet or with ctrl+c,
// and says what it took; its rest is no key.
func TestLostEnd(t *testing.T) {
	const quiet = 2 * time.Second
	w := newWire(t, false).send(startMark+"eyJpZCI6", quiet-1)
	if len(w.got) > 0 {
		t.Errorf("%q comes before its time", w.got)
	}
	w.send("", 1).want("paste eyJpZCI6", "cut 8 false")
	w.send("j", 500*time.Millisecond).send("q", 500*time.Millisecond).send("\x03", 0).want("key j", "key q", "key ctrl+c")
	w.send("\x1b[A", 0).want("key up")
	w.send("the rest", 0).send(" of it", quiet).want("paste the rest of it", "cut 14 false")
	w.send("end"+endMark+"j", 0).want("paste end", "key j")
	w.send("typed", 0).want("key t", "key y", "key p", "key e", "key d") // its end has come

	w.send(startMark+"eyJ", 300*time.Millisecond).send("\x03", 0).send("j", 0).want("paste eyJ", "cut 3 true", "key j")
	w.send(startMark+"new"+endMark, 0).want("paste new")
	w.send(startMark+"eyJ", 300*time.Millisecond).send("q\x03", 150*time.Millisecond).want("paste eyJq", "cut 4 true")
	w.send("", restWithin+time.Second).send("typed", 0).want("key t", "key y", "key p", "key e", "key d")
	w.send(startMark+"a\x03b"+endMark, 0).want("paste a\x03b") // one that was pasted
	w.send(startMark+"a", 0).send("\x1b[20", quiet).want("paste a", "cut 1 false")
	w.send(startMark+"a\xc3", quiet).want("paste a", "cut 1 false")

	newWire(t, true).send(startMark+"eyJ", 3900*time.Millisecond).send("q"+endMark, 0).want("paste eyJq") // a line that stalls
}

// TestPasteOfAnything: what is no text is not pasted, and hides no end.
func TestPasteOfAnything(t *testing.T) {
	for in, want := range map[string]string{
		"a\x1b]0;title":     "a]0;title", // Bubble Tea's reader takes the end of this for its
		"a\x1bP1$r":         "aP1$r",
		"a\x1b_x":           "a_x",
		"a\x1b":             "a",
		"\x1b[1;31mred\x1b": "red",
		"a\x1b[200~b":       "ab",
		"\xff\x9bA\ufffdz":  "Az",
		"\x1b\x1b[31":       "", // the end mark cuts it off
		"":                  "",
	} {
		newWire(t, false).send(startMark+in+endMark, 0).want("paste "+want).send("j", 0).want("key j")
	}
}

// TestNeverKeys: halves of answers, and answers to others, are dropped; what is typed
// behind them is not.
func TestNeverKeys(t *testing.T) {
	for _, s := range []string{"\x1b]11;rgb:1e1e/1e", "\x1b[?62;1", "\x1b[?", "\x1b[", "\x1b]", "\x1bP", "\x1bO", "\x1bP1+r5463=", "\x1b]11;",
		"\x1b]52;c;ZXlK", "\x1b]4;1;rgb:12", "\x1b[" + strings.Repeat("1;", 20) + "m", "\x1b^", endMark, "\xc3", "\x9b"} {
		newWire(t, false).send(s, hold).want().send("j", 0).want("key j")
		w := newWire(t, false).send(s, 0).send("\r", 0)
		if !slices.Equal(w.got, []string{"key enter"}) {
			t.Errorf("Enter behind %q: %q", s, w.got)
		}
	}
	newWire(t, false).send("\x1b]11;rgb:12", 0).send("jk", 0).want("key j", "key k") // no colour
	newWire(t, false).send("\x1b[3$", 25*time.Millisecond).want("key shift+delete")
	newWire(t, false).send("\x1b[1;31", 0).send("\x1b[A", 0).want("key up")
}

// TestNeverDeaf sends rubbish; after some quiet a key is a key.
func TestNeverDeaf(t *testing.T) {
	parts := []string{"\x1b", "[", "]", "P", "O", "_", "200~", "201~", startMark, endMark, "?", ";", "1", "u", "11;", "52;c;", "\a", "\\", "$",
		"\x03", "q", "é", "\xc3", "\x9b", "\x00", "~", "long text", "\r", cutMark, "key;1;1\a"}
	pauses := []time.Duration{0, 0, 0, 30 * time.Millisecond, 200 * time.Millisecond, 2 * time.Second}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		w := newWire(t, r.IntN(2) == 0)
		var sent []string
		for range 1 + r.IntN(12) {
			p := parts[r.IntN(len(parts))]
			sent = append(sent, p)
			w.send(p, pauses[r.IntN(len(pauses))])
		}
		w.send("", 10*time.Second)
		w.got = nil
		if w.send("q", 0); !slices.Equal(w.got, []string{"key q"}) {
			t.Fatalf("after %q q is %q", sent, w.got)
		}
	}
}
