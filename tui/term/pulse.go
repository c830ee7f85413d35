package term

import (
	"reflect"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

const (
	// quick is how often a frame is looked for while frames are drawn: a key is on the
	// screen within it.
	quick = time.Second / 120
	// calm is how often one is looked for while nothing is drawn. None can be there then;
	// it is for what Bubble Tea might write without being asked to draw.
	calm = time.Second
	// lull is how long nothing is drawn before the pulse gets calm.
	lull = 50 * time.Millisecond
)

// pulse is how often Bubble Tea looks whether there is a new frame to write. Its own is
// sixty times a second for ever, which costs a hundredth of a core where nothing happens,
// and a sixtieth of a second behind a key. There is no option for it but another fixed
// rate, so its ticker is set: to be quick with each frame that is drawn, and calm when
// none was for a while. Where a Bubble Tea has no such ticker, all stays as it is.
type pulse struct {
	mu     sync.Mutex
	ticker *time.Ticker // Bubble Tea's; nil before it has one, and after the end
	lull   *time.Timer
	quick  bool
}

// tickerOf is the ticker of a program that runs; nil if it has none.
func tickerOf(p *tea.Program) *time.Ticker {
	field := reflect.ValueOf(p).Elem().FieldByName("ticker")
	if !field.IsValid() || field.Type() != reflect.TypeFor[*time.Ticker]() {
		return nil
	}
	return reflect.NewAt(field.Type(), field.Addr().UnsafePointer()).Elem().Interface().(*time.Ticker)
}

// beat says that a frame was drawn. It is called by the loop of the program, which has
// made the ticker before.
func (b *pulse) beat(ticker *time.Ticker) {
	if ticker == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ticker = ticker; !b.quick {
		b.quick = true
		ticker.Reset(quick)
	}
	if b.lull == nil {
		b.lull = time.AfterFunc(lull, b.calm)
	} else {
		b.lull.Reset(lull)
	}
}

// calm says that no frame was drawn for a while.
func (b *pulse) calm() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.quick = false; b.ticker != nil {
		b.ticker.Reset(calm)
	}
}

// end leaves the ticker alone from now on.
func (b *pulse) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ticker = nil; b.lull != nil {
		b.lull.Stop()
	}
}
