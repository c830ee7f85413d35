package tui

import (
	"fmt"
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/tui/grid"
)

// TestFrameCost: a frame asks for the rows on screen, however many there are.
func TestFrameCost(t *testing.T) {
	asked := map[int]int{}
	for _, n := range []int{100, 4000} {
		r := newRig(t, demo(t, store.World{Backups: n}), 160, 45)
		asks := inside[func(*core.Backup) []grid.Cell](r.Top(), "cells")
		cells, count := *asks, 0
		*asks = func(b *core.Backup) []grid.Cell {
			count++
			return cells(b)
		}
		for _, key := range []string{"down", "pgdown", "end", "home", "space"} {
			r.press(key)
			count = 0
			r.View()
			if count > 45 {
				t.Errorf("%d rows, %s: the frame asks for %d", n, key, count)
			}
			asked[n] += count
		}
		list := backupsOf(r)
		if list.page.Total != n || len(list.page.Rows) > 45+2*150 { // 150 on each side are read ahead
			t.Errorf("%d rows: %d are held of %d", n, len(list.page.Rows), list.page.Total)
		}
	}
	if asked[100] != asked[4000] {
		t.Errorf("frames ask for %d of 100 rows and %d of 4000", asked[100], asked[4000])
	}
}

// keysPressed are those that the benchmark presses, over and over.
var keysPressed = []string{
	"down", "down", "down", "pgdown", "space", "up", "pgup", "pgdown", "pgdown", "end", "up", "home", "down", "d", "d",
	"S", "S", "/", "w", "e", "b", "esc",
}

// timesOf presses keys and measures, for each, the update and the frame that answer
// it; and the same for the answers of the place, which arrive in later frames.
// Asking the place is done off the loop and not measured here.
func timesOf(tb testing.TB, p store.Place, presses int) (keys, replies []time.Duration) {
	r := newRig(tb, p, 160, 45)
	r.asleep = true
	frame := func(msg tea.Msg) time.Duration {
		begin := time.Now()
		_, cmd := r.Update(msg)
		if len(r.View().Content) == 0 {
			tb.Fatal("the frame is empty")
		}
		took := time.Since(begin)
		if cmd != nil {
			r.queue = append(r.queue, cmd)
		}
		return took
	}
	for i := range presses {
		keys = append(keys, frame(keyMsg(keysPressed[i%len(keysPressed)])))
		for len(r.queue) > 0 {
			cmd := r.queue[0]
			r.queue = r.queue[1:]
			for _, msg := range unbatch(cmd) {
				replies = append(replies, frame(msg))
			}
		}
	}
	return keys, replies
}

func p99(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)*99/100]
}

// BenchmarkKeyToFrame is the time from a key to the frame that answers it, in the
// whole app at 160x45 over a real store of 100,000 backups, and over one of 100.
// Its p99 should be far below 16 ms, one frame of 60 a second.
func BenchmarkKeyToFrame(b *testing.B) {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	var few time.Duration
	for _, n := range []int{100, 100_000} {
		p := demo(b, store.World{Backups: n})
		b.Run(fmt.Sprintf("backups=%d", n), func(b *testing.B) {
			timesOf(b, p, len(keysPressed)) // whatever is made once
			var keys, replies []time.Duration
			for b.Loop() {
				k, r := timesOf(b, p, 10*len(keysPressed))
				keys, replies = append(keys, k...), append(replies, r...)
			}
			key := p99(keys)
			b.ReportMetric(ms(key), "ms-p99-key")
			b.ReportMetric(ms(p99(replies)), "ms-p99-reply")
			b.ReportMetric(float64(key)/float64(16*time.Millisecond), "of-16ms")
			if n == 100 {
				few = key
			} else if few > 0 {
				b.ReportMetric(float64(key)/float64(few), "ratio-to-100-rows")
			}
		})
	}
}
