package term

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
)

// ticks counts what a ticker gives in a time.
func ticks(ticker *time.Ticker, during time.Duration) int {
	n := 0
	for end := time.After(during); ; {
		select {
		case <-ticker.C:
			n++
		case <-end:
			return n
		}
	}
}

// TestPulse: a frame is looked for often while frames are drawn, and seldom when none is.
func TestPulse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ticker := time.NewTicker(time.Second / 60) // Bubble Tea's
		defer ticker.Stop()
		var b pulse
		b.beat(ticker)
		if n := ticks(ticker, lull-time.Millisecond); n < 5 {
			t.Errorf("%d ticks behind a frame", n)
		}
		ticks(ticker, time.Second)
		if n := ticks(ticker, 10*time.Second); n != 10 {
			t.Errorf("%d ticks in ten seconds without a frame", n)
		}
		// However fast frames come, they do not put off the tick that writes them.
		n := 0
		for range 1000 {
			b.beat(ticker)
			n += ticks(ticker, time.Millisecond+time.Microsecond)
		}
		if n < 100 {
			t.Errorf("%d ticks in a second of frames", n)
		}
		b.end()
		ticker.Reset(time.Second / 60)
		if n := ticks(ticker, 10*time.Second); n < 590 {
			t.Errorf("%d ticks in ten seconds once it was left alone", n)
		}
	})
}

// lookingAt looks at its program in its first frame.
type lookingAt struct{ look func() }

func (l lookingAt) Init() tea.Cmd                       { return nil }
func (l lookingAt) Update(tea.Msg) (tea.Model, tea.Cmd) { return l, nil }
func (l lookingAt) View() tea.View                      { l.look(); return tea.NewView("") }

// TestTickerOf: the Bubble Tea that hearth is built with has the ticker that the pulse sets.
func TestTickerOf(t *testing.T) {
	var p *tea.Program
	var found *time.Ticker
	p = tea.NewProgram(lookingAt{func() {
		if found == nil {
			if found = tickerOf(p); found == nil {
				t.Error("it has none: pulse.go does nothing with this Bubble Tea")
			}
			go p.Quit()
		}
	}}, tea.WithInput(nil), tea.WithOutput(&bytes.Buffer{}))
	if _, err := p.Run(); err != nil {
		t.Fatal(err)
	}
	if found == nil {
		t.Error("nothing was drawn")
	}
}
