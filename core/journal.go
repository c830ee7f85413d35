package core

import (
	"time"

	"hearth/core/pyjson"
)

// EntryID is the number of a journal entry, from 1, counted per journal.
type EntryID int64

// EntryKind says what was done.
type EntryKind string

const (
	EntryApply   EntryKind = "apply"   // a plan was applied to a volume
	EntryUndo    EntryKind = "undo"    // an apply or an edit was taken back
	EntryImport  EntryKind = "import"  // records were imported
	EntryCreate  EntryKind = "create"  // a backup was made
	EntryEdit    EntryKind = "edit"    // a backup was renamed, described or given other properties
	EntryDelete  EntryKind = "delete"  // backups were deleted
	EntryReset   EntryKind = "reset"   // the status of backups was set
	EntryRestore EntryKind = "restore" // a backup was put on a volume, data and metadata
	EntryDrill   EntryKind = "drill"   // volumes of a drill were deleted: each step is one, made by a restore of its own
)

// EntryState says how it ended.
type EntryState string

const (
	EntryOpen EntryState = "open" // begun; whether it took effect is not known yet
	EntryDone EntryState = "done" // took effect
	// EntryUnsettled is one whose request may have been sent and got no answer: whether
	// it took effect is not known before the place was read after a time limit.
	EntryUnsettled EntryState = "unsettled"
	EntryFailed    EntryState = "failed" // did not take effect
	EntryUndone    EntryState = "undone" // took effect, and was taken back by a later entry
	EntryHalf      EntryState = "half"   // some of its steps took effect
	// EntryFinished is one that ended half-way and whose rest a later entry did;
	// that one holds all of it.
	EntryFinished EntryState = "finished"
)

// Entry is one thing that hearth changed in a place, with the state before it,
// so that it can be undone and accounted for.
type Entry struct {
	ID      EntryID
	At      time.Time
	Who     string // user@host of the person at the keyboard
	Place   string
	Kind    EntryKind
	State   EntryState
	Volume  VolumeID    // apply, undo, create, restore
	Backup  BackupID    // apply, restore: the one restored from, "" if none; create, edit: it
	Backups []BackupID  // import, delete, reset
	Of      EntryID     // undo: the entry taken back; apply: the one finished, 0 if none
	Summary string      // in a line
	Before  *State      // apply, undo; edit: name, description and properties of the backup
	After   *State      // the same, as it was meant to be
	Error   string      // EntryFailed: why; create, EntryDone: in what the backup came out otherwise than asked for, "" as far as is known
	Steps   []EntryStep // where it takes several requests
	// EntryOpen: who is at work on it; nil: nobody says so. Of an entry that somebody let
	// go, and of one that is unsettled, it tells since when that is so.
	Life *Life
}

// None reports whether it is no entry: there was nothing to change, so that nothing
// was asked of the place, and nothing is accounted for.
func (e *Entry) None() bool { return e.State == "" }

// Life is the sign of life of the process that is at work on an open entry.
type Life struct {
	Host string // the machine's name, for people
	// Machine is what process numbers count within, a boot or a container: two that
	// differ say nothing of each other's. "" where it is not known.
	Machine  string
	PID      int       // the process's number; 0: nobody is at work on it any more
	Instance string    // what sets it apart from others that had the number
	At       time.Time // when it last gave the sign
}

// Equal reports whether both are the same sign of the same process; nil is none.
func (l *Life) Equal(o *Life) bool {
	if l == nil || o == nil {
		return l == o
	}
	a, b := *l, *o
	a.At, b.At = time.Time{}, time.Time{}
	return a == b && l.At.Equal(o.At)
}

// EntryStep is one request of those that an entry takes.
type EntryStep struct {
	What string
	Done bool // it worked; false: it did not, or it is not known
}

// Undoable returns nil if the entry can be taken back, else an [Error].
func (e *Entry) Undoable() error {
	const tried = "undo"
	switch {
	case e.Kind == EntryImport:
		return Fail(CodeRefused, tried, "an import is not undone: deleting an imported backup deletes its files too",
			"delete the backups one by one if that is meant", nil)
	case e.Kind == EntryCreate:
		return Fail(CodeRefused, tried, "a backup that was made is not undone", "delete it if that is meant", nil)
	case e.Kind == EntryDelete, e.Kind == EntryReset, e.Kind == EntryRestore, e.Kind == EntryDrill:
		return Fail(CodeRefused, tried, "there is no way back from a "+string(e.Kind), "", nil)
	case e.State == EntryUndone:
		return Fail(CodeConflict, tried, "it is undone already", "", nil)
	case e.State == EntryFinished:
		return Fail(CodeConflict, tried, "a later entry finished it", "undo that one, which holds all of it", nil)
	case e.State == EntryFailed:
		return Fail(CodeConflict, tried, "it did not take effect", "", nil)
	case e.Before == nil || e.After == nil:
		return Fail(CodeRefused, tried, "the state before it was not kept", "", nil)
	}
	return nil
}

// Unfinished returns nil if the rest of the entry can still be done, else an
// [Error]: it is an apply or an undo that ended half-way.
func (e *Entry) Unfinished() error {
	const tried = "finish"
	switch {
	case e.Kind != EntryApply && e.Kind != EntryUndo:
		return Fail(CodeRefused, tried, "only an apply or an undo can be finished, and it is a "+string(e.Kind), "", nil)
	case e.State != EntryHalf:
		return Fail(CodeConflict, tried, "it did not end half-way: it is "+string(e.State), "", nil)
	case e.Before == nil || e.After == nil:
		return Fail(CodeRefused, tried, "the states that it leads between were not kept", "", nil)
	}
	return nil
}

// Object is the entry as JSON.
func (e *Entry) Object() *pyjson.Object {
	o := &pyjson.Object{}
	o.Set("id", pyjson.OfInt(int64(e.ID)))
	o.Set("at", pyjson.OfString(APITime(e.At)))
	o.Set("who", pyjson.OfString(e.Who))
	o.Set("place", pyjson.OfString(e.Place))
	o.Set("kind", pyjson.OfString(string(e.Kind)))
	o.Set("state", pyjson.OfString(string(e.State)))
	o.Set("volume_id", idValue(e.Volume))
	o.Set("backup_id", idValue(e.Backup))
	var ids []pyjson.Value
	for _, id := range e.Backups {
		ids = append(ids, idValue(id))
	}
	o.Set("backup_ids", pyjson.OfList(ids))
	if e.Of > 0 {
		o.Set("of", pyjson.OfInt(int64(e.Of)))
	}
	o.Set("summary", pyjson.OfString(e.Summary))
	if e.Before != nil {
		o.Set("before", pyjson.OfDict(e.Before.Object()))
	}
	if e.After != nil {
		o.Set("after", pyjson.OfDict(e.After.Object()))
	}
	if e.Error != "" {
		o.Set("error", pyjson.OfString(e.Error))
	}
	if len(e.Steps) > 0 {
		o.Set("steps", pyjson.OfList(StepValues(e.Steps)))
	}
	return o
}

// ReadState reads the JSON text of what [State.Object] made. What is no UTF-8 was not written
// by hearth and is refused, as by Python, with a *[pyjson.UnicodeError]: read with something
// else in its place it would be another state. Other errors are [pyjson.Parse]'s.
func ReadState(text string) (State, error) {
	text, err := pyjson.DecodeUTF8(text)
	if err != nil {
		return State{}, err
	}
	v, err := pyjson.Parse(text)
	if err != nil {
		return State{}, err
	}
	return StateFrom(v.Object()), nil
}

// StateFrom reads a state that [State.Object] wrote.
func StateFrom(o *pyjson.Object) State {
	at := func(key string) pyjson.Value {
		v, _ := o.Get(key)
		return fromPlainForm(v)
	}
	return State{
		Name: at("display_name"), Description: at("display_description"),
		EncryptionKeyID: at("encryption_key_id"), VolumeTypeID: at("volume_type_id"),
		Bootable: at("bootable").Bool(), Metadata: at("metadata").Object(), Image: at("glance").Object(),
	}
}

// fromPlainForm undoes plainForm.
func fromPlainForm(v pyjson.Value) pyjson.Value {
	switch v.Kind() {
	case pyjson.List:
		items := []pyjson.Value{}
		for _, item := range v.Items() {
			items = append(items, fromPlainForm(item))
		}
		return pyjson.OfList(items)
	case pyjson.Dict:
	default:
		return v
	}
	o := v.Object()
	out := &pyjson.Object{}
	if o.Len() == 1 {
		for key, arg := range o.All() {
			switch key {
			case "$float":
				f, _ := pyjson.Parse(arg.Text())
				return f
			case "$str":
				s, _ := pyjson.Parse(`"` + arg.Text() + `"`)
				return s
			case "$pairs":
				for _, p := range arg.Items() {
					out.Set(fromPlainForm(p.Items()[0]).Text(), fromPlainForm(p.Items()[1]))
				}
				return pyjson.OfDict(out)
			}
		}
	}
	for key, item := range o.All() {
		out.Set(key, fromPlainForm(item))
	}
	return pyjson.OfDict(out)
}

// StepValues are steps as JSON.
func StepValues(steps []EntryStep) (out []pyjson.Value) {
	for _, s := range steps {
		o := &pyjson.Object{}
		o.Set("what", pyjson.OfString(s.What))
		o.Set("done", pyjson.OfBool(s.Done))
		out = append(out, pyjson.OfDict(o))
	}
	return out
}

// StepsFrom reads what [StepValues] made.
func StepsFrom(v pyjson.Value) (out []EntryStep) {
	for _, item := range v.Items() {
		what, _ := item.Object().Get("what")
		done, _ := item.Object().Get("done")
		out = append(out, EntryStep{What: what.Text(), Done: done.Bool()})
	}
	return out
}
