package morning

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/tui/place"
	"hearth/tui/ui"
)

// reading is what a screen of this room stands on: something that a task reads of the whole
// place, which takes a while, and which is read anew only when it is asked for. A screen
// embeds one, and has of it where it is, what was read and when, why it could not be, and
// the lines that say so. What it adds is begin with its job, and what it makes of got.
type reading[T any] struct {
	host ui.Host
	at   *place.Stay
	verb readingVerb

	got   *T        // what was read last; nil: nothing has been yet
	came  time.Time // when that came
	stale bool      // something was changed since it was read
	err   error     // why it could not be read, or not anew; nil: it was
	task  ui.TaskID // that reads
	moved bool      // something was changed while it is read: what comes is stale, too
}

// readingVerb is what a reading is called on its screen.
type readingVerb struct{ done, does string }

var (
	toRead = readingVerb{"read", "reads"}
	toPlan = readingVerb{"planned", "plans"}
)

func newReading[T any](host ui.Host, at *place.Stay, verb readingVerb) reading[T] {
	return reading[T]{host: host, at: at, verb: verb}
}

// readMsg brings what was read.
type readMsg[T any] struct {
	got *T
	err error
}

// begin reads, as a task that is called what, and that runs once at a time by its kind. do
// has copies of what it needs of the screen. It fails with CodeIncomplete, too, unless that
// is passed through saysItself.
func (r *reading[T]) begin(what, kind string, do func(context.Context, jobs.Desk, jobs.Progress) (T, error)) tea.Cmd {
	return r.beginAnd(what, kind, do, nil)
}

// beginAnd is begin where the status line says something of what came, too.
func (r *reading[T]) beginAnd(what, kind string, do func(context.Context, jobs.Desk, jobs.Progress) (T, error),
	note func(*T) ui.Note) tea.Cmd {
	desk := r.at.Desk()
	id, cmd := r.at.Start(r.host, what, place.Touching(r.at, kind, "all"), func(ctx context.Context, progress jobs.Progress) ui.Result {
		got, err := do(ctx, desk, progress)
		out := ui.Result{Answer: readMsg[T]{&got, err}}
		if err == nil && note != nil {
			out.Note = note(&got)
		}
		return out
	})
	if id != 0 {
		r.task, r.moved = id, false
	}
	return cmd
}

// saysItself is the error of a reading that tells by itself what it could not see.
func saysItself(err error) error {
	if core.CodeOf(err) == core.CodeIncomplete {
		return nil
	}
	return err
}

// reads reports whether it is being read.
func (r *reading[T]) reads() bool { return r.host.Task(r.task).Runs() }

// hear takes a message of the screen's: fresh reports that there is a reading, to make rows
// of. Whatever came, the lines above the table may be others: the screen lays itself out.
func (r *reading[T]) hear(msg tea.Msg) (cmd tea.Cmd, fresh bool) {
	switch msg := msg.(type) {
	case readMsg[T]:
		if msg.err != nil {
			r.err = msg.err
			return ui.Fail(msg.err), false
		}
		r.got, r.err, r.stale, r.came = msg.got, nil, r.moved, r.host.Look().Now
		return nil, true
	case ui.Changed:
		r.stale, r.moved = r.got != nil, true
	}
	return nil, false
}

// bar says how far the reading is.
func (r *reading[T]) bar(w int) string { return r.host.Task(r.task).Bar(r.host.Look(), w) }

// missing stands where nothing has been read: how far it is, or why not; "" once something has.
func (r *reading[T]) missing(w int) string {
	st, again := r.host.Look(), ui.KeyOf("reread")
	switch {
	case r.got != nil:
		return ""
	case r.reads():
		return "\n  " + r.bar(max(w-2, 0))
	case r.err != nil:
		return ui.FailedView(st, r.err, again+" tries again", w)
	}
	return "\n  " + st.Dim.Paint("nothing has been "+r.verb.done+"; "+again+" "+r.verb.does+" it")
}

// unread says why nothing can be done with what was read, "" if something was.
func (r *reading[T]) unread() string {
	if r.got == nil {
		return "nothing has been " + r.verb.done + " yet"
	}
	return ""
}

// outdated says that what is shown is of before a change, "" if it is not.
func (r *reading[T]) outdated() string {
	if !r.stale {
		return ""
	}
	return "something was changed since it was " + r.verb.done + "; " + ui.KeyOf("reread") + " " + r.verb.does + " it anew"
}

// warnings are lines that say what is not as it should be with a reading: that it is
// outdated, and what else there is; those of "" are left out.
func (r *reading[T]) warnings(w int, more ...string) (lines []string) {
	for _, what := range append([]string{r.outdated()}, more...) {
		if what != "" {
			lines = append(lines, ui.Clip(r.host.Look().Warn.Paint("! "+core.Visible(what)), w))
		}
	}
	return lines
}
