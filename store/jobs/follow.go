package jobs

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hearth/core"
	"hearth/store"
)

// Progress is told how a job gets on; nil is nobody.
type Progress func(Step)

// Step is how far a job is.
type Step struct {
	Done, Total int
	Text        string // what it is at: "volume db is restoring-backup"
	Bytes, Of   int64  // how much of how much is read or written; Of 0: that is not counted
	// Where the work is on many things: which this step is of, by its id or whatever
	// else tells them apart, and how far that is. "" is none of them.
	Item  string
	State string
}

func (p Progress) say(done, total int, format string, args ...any) {
	if p != nil {
		p(Step{Done: done, Total: total, Text: fmt.Sprintf(format, args...)})
	}
}

// of says how far one of several backups is.
func (p Progress) of(done, total int, id core.BackupID, name, state string) {
	if p != nil {
		p(Step{Done: done, Total: total, Text: core.Visible(name) + ": " + state, Item: string(id), State: state})
	}
}

// Result says what became of one of several backups.
type Result struct {
	Backup core.Backup
	Status string // now; "" if it is gone
	Err    error
}

// failures is the error of a call of which some items failed; nil if none did.
func failures(tried string, results []Result) error {
	return ending{tried, tried, "could be done", "failed", "see what is said of each"}.of(len(results),
		func(i int) error { return results[i].Err })
}

// ending is how a work on several backups says that some of it failed.
type ending struct {
	tried, triedAll string
	none            string // "none of 3 backups" and this
	some            string // "2 of 3 backups" and this
	next            string
}

// of is the error of n items; nil if none failed. One item's is its own.
func (e ending) of(n int, err func(i int) error) error {
	failed := 0
	var first error
	for i := range n {
		if x := err(i); x != nil {
			failed++
			if first == nil {
				first = x
			}
		}
	}
	switch {
	case failed == 0:
		return nil
	case n == 1:
		return first
	case failed == n:
		return core.Fail(core.CodeOf(first), e.tried, "none of "+core.Count(failed, "backup")+" "+e.none, "see what is said of each", first)
	}
	return core.Fail(core.CodePartial, e.triedAll, fmt.Sprintf("%d of %s %s", failed, core.Count(n, "backup"), e.some), e.next, first)
}

// How a place is looked at while something there is under way.
const (
	firstLook = 500 * time.Millisecond
	lastLook  = 5 * time.Second
	// silence is how long a place may be out of reach before it is given up.
	silence = 10 * time.Minute
)

func (d Desk) sleep(ctx context.Context, t time.Duration) error {
	if d.Sleep != nil {
		return d.Sleep(ctx, t)
	}
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errPatience ends a follow that has looked long enough.
var errPatience = fmt.Errorf("it takes too long")

// follow looks until look says that it is over, seldomer and seldomer, at most for
// patience; 0 is without end. A place that does not answer is asked again.
func (d Desk) follow(ctx context.Context, patience time.Duration, look func() (over bool, err error)) error {
	pause, waited, lost := firstLook, time.Duration(0), time.Duration(0)
	for {
		over, err := look()
		switch {
		case over:
			return err
		case err == nil:
			lost = 0
		case core.CodeOf(err) != core.CodeUnavailable || lost >= silence:
			return err
		default:
			lost += pause
		}
		if patience > 0 && waited >= patience {
			return errPatience
		}
		if err := d.sleep(ctx, pause); err != nil {
			return core.Fail(core.CodeCancelled, "wait for it", "it was cancelled; what is under way in the cloud goes on", "", err)
		}
		waited += pause
		pause = min(pause*3/2, lastLook)
	}
}

// operator returns what does the operation, or why it cannot be done here.
func (d Desk) operator(op core.Operation) (store.Operator, error) {
	o, ok := d.Place.(store.Operator)
	if !ok {
		return nil, core.Fail(core.CodeUnsupported, string(op), "this kind of place only keeps backups: nobody there would do it",
			"choose a cloud", nil)
	}
	return o, d.Allowed(op)
}

// Allowed returns nil if the place is open for the operation as far as is known,
// else CodeReadOnly or CodeDenied. It does no I/O.
func (d Desk) Allowed(op core.Operation) error {
	if why := d.Place.Info().ReadOnly; why != "" {
		return core.Fail(core.CodeReadOnly, string(op), why, "", nil)
	}
	if a, ok := d.Place.(store.Allower); ok {
		if why := a.Denied(op); why != "" {
			return core.Fail(core.CodeDenied, string(op), why, "", nil)
		}
	}
	return nil
}

// Messages is what the place has to say of a volume or backup, newest first; nil
// where it keeps no messages.
func (d Desk) Messages(ctx context.Context, resource string) ([]core.Message, error) {
	if m, ok := d.Place.(store.Messenger); ok {
		return m.Messages(ctx, resource)
	}
	return nil, nil
}

// clockApart is how far the cloud's clock may be behind hearth's, for what is told of since
// hearth asked for something.
const clockApart = time.Minute

// messagesSince is what the place has said of some things since a time, each one's newest
// first; what cannot be read is left out, and the error says of the first why.
func (d Desk) messagesSince(ctx context.Context, since time.Time, resources ...string) (out []core.Message, first error) {
	for _, id := range resources {
		messages, err := d.Messages(ctx, id)
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		for _, m := range messages { // older ones tell of something else
			if !m.At.Set || m.At.V.After(since.Add(-clockApart)) {
				out = append(out, m)
			}
		}
	}
	return out, first
}

// MessagesOf is what the place has said of a backup, and of its volume while the backup
// was made, newest first: some of what goes wrong then is told of the volume only. With an
// error come those that could be read.
func (d Desk) MessagesOf(ctx context.Context, b *core.Backup) ([]core.Message, error) {
	out, err := d.Messages(ctx, string(b.ID))
	if err != nil || !b.CreatedAt.Set {
		return out, err
	}
	ofVolume, err := d.messagesSince(ctx, b.CreatedAt.V, string(b.VolumeID))
	for _, m := range ofVolume {
		if made := ended(b) && b.UpdatedAt.Set; !made || !m.At.Set || m.At.V.Before(b.UpdatedAt.V.Add(clockApart)) {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(x, y core.Message) int { return y.At.V.Compare(x.At.V) })
	return out, err
}

// of asks for the backups of a volume.
func ofVolume(id core.VolumeID) core.Query {
	return core.Query{Filter: core.Filter{Text: "volume-id:" + string(id),
		Terms: []core.Term{{Column: "volume-id", Kind: core.IDColumn, Op: core.Is, Words: []string{core.Fold(string(id))}}}}}
}

// backupsOf lists the backups of a volume, newest first.
func (d Desk) backupsOf(ctx context.Context, id core.VolumeID) (out []core.Backup, err error) {
	q := ofVolume(id)
	q.Sort = []core.Order{{Column: "created", Desc: true}}
	q.Anew = true // a list from before a backup was asked for says nothing of it
	for {
		page, err := d.Backups(ctx, q)
		q.Anew = false
		if err != nil {
			return out, err
		}
		for _, b := range page.Rows {
			if b.VolumeID == id {
				out = append(out, b)
			}
		}
		if q.Offset += len(page.Rows); len(page.Rows) == 0 || q.Offset >= page.Total {
			return out, nil
		}
	}
}

// refuse is the error of what Cinder would refuse.
func refuse(tried, what, next string) error {
	return core.Fail(core.CodeRefused, tried, what, next, nil)
}
