package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"hearth/core"
	"hearth/store/ledger"
	"hearth/store/whole"
)

// Reach opens the archive as far as that goes, so that what only reads a place need not
// stop for it. said is what has to be told of it, "" where all is well:
//
//   - One that is damaged is moved aside, and a new one is begun; nothing of it is lost.
//   - One of a newer hearth, and one that cannot be written, is opened for reading, and
//     each write is refused with the reason.
//   - One that cannot be opened, or is not hearth's, stays as it is: nil, with the reason.
//
// now is for the name of what is moved aside.
func Reach(ctx context.Context, path string, now time.Time) (a *Archive, said string, err error) {
	a, err = Open(ctx, path)
	if err == nil || ctx.Err() != nil {
		return a, "", err
	}
	// Several hearths may come to a damaged one at once: one moves it, and the others look
	// again when that is done.
	if unlock, locked := whole.Lock(ctx, filepath.Dir(path)); locked == nil {
		defer unlock()
		if a, err = Open(ctx, path); err == nil || ctx.Err() != nil {
			return a, "", err
		}
	}
	switch {
	case ledger.Damaged(err):
		return renew(ctx, path, now, err)
	case errors.Is(err, ledger.ErrNewer):
		return readable(ctx, path, err, "a newer hearth made the archive "+path+": it is read, and not written to")
	case core.CodeOf(err) == core.CodeReadOnly || core.CodeOf(err) == core.CodeUnreadable:
		return readable(ctx, path, err, "the archive "+path+" cannot be written: it is read only")
	}
	return nil, "", err
}

// renew moves a damaged archive aside and begins a new one; why is what is wrong with it.
func renew(ctx context.Context, path string, now time.Time, why error) (*Archive, string, error) {
	_ = closed(path) // most of its secrets may be readable yet
	aside, err := setAside(path, now)
	if err != nil {
		return nil, "", core.Fail(core.CodeUnreadable, "open the archive "+path, "it is damaged, and cannot be moved aside",
			"move it away, or name another folder with XDG_DATA_HOME", errors.Join(why, err))
	}
	a, err := Open(ctx, path)
	var ours *core.Error
	what := why.Error()
	if errors.As(why, &ours) {
		what = ours.What
	}
	return a, fmt.Sprintf("the archive %s is damaged (%s): it was moved to %s, and a new one is begun; what was archived, and the journal, "+
		"are in the old one", path, what, aside), err
}

// setAside gives a file with its side files another name, which nothing has.
func setAside(path string, now time.Time) (string, error) {
	for n := 0; ; n++ {
		aside := path + ".damaged-" + now.UTC().Format("20060102T150405")
		if n > 0 {
			aside += fmt.Sprintf("-%d", n)
		}
		if taken(aside) {
			continue
		}
		for _, side := range []string{"-wal", "-journal", "-shm", ""} {
			if err := os.Rename(path+side, aside+side); err != nil && !errors.Is(err, os.ErrNotExist) {
				return "", err
			}
		}
		whole.SyncDir(filepath.Dir(path))
		return aside, nil
	}
}

func taken(name string) bool {
	for _, side := range []string{"", "-wal", "-journal", "-shm"} {
		if _, err := os.Lstat(name + side); err == nil {
			return true
		}
	}
	return false
}

// readable opens an archive that cannot be written to, if it can be read: it has the
// tables that this hearth knows. Otherwise the error is why.
func readable(ctx context.Context, path string, why error, said string) (*Archive, string, error) {
	head, err := ledger.Look(path, "open the archive "+path)
	if err != nil || head.Application != applicationID {
		return nil, "", why
	}
	access := ledger.ReadOnly
	if ledger.Writable(path) != nil { // what SQLite makes beside it could not be written later either
		access = ledger.Still
	}
	db, err := ledger.Open(ctx, path, access, head, 0)
	if err != nil {
		return nil, "", why
	}
	a := &Archive{Book: ledger.Book{DB: db, Everywhere: true, ReadOnly: said}, path: path}
	for _, query := range []string{"SELECT " + recordColumns + " FROM records LIMIT 0", "SELECT id, " + ledger.CaptureColumns +
		", sum, summed, turn FROM hearth_captures LIMIT 0",
		"SELECT id, at, who, place, kind, state, volume_id, backup_id, backup_ids, of_entry, summary, " +
			"before, after, error FROM hearth_journal LIMIT 0", "SELECT entry_id, steps FROM entry_steps LIMIT 0",
		"SELECT entry_id, " + lifeColumns + " FROM entry_life LIMIT 0", "SELECT place, name, at, body, sum FROM listings LIMIT 0",
		"SELECT repository, backup_id, at, deep, damages, flaw FROM verified LIMIT 0",
		"SELECT place, at FROM looks LIMIT 0", "SELECT place, day, at, body FROM days LIMIT 0",
		"SELECT " + drillColumns + " FROM drills LIMIT 0", "SELECT drill_id, body FROM drill_fields LIMIT 0"} {
		if _, err := db.ExecContext(ctx, query); err != nil {
			db.Close()
			return nil, "", why
		}
	}
	return a, said, nil
}

// Examined is what [Examine] saw.
type Examined struct {
	Records int
	Rotten  Rotten
	Sums    ledger.Summed // of the captures
	Lists   []string      // kept listings that are no longer what was written, in words
	Damage  string        // what SQLite says of the file; "": it is whole
}

// Err tells of what is no longer what was written, CodeIncomplete; nil where all is.
func (x *Examined) Err(tried string) error {
	var lists error
	if len(x.Lists) > 0 {
		lists = core.Fail(core.CodeIncomplete, tried, x.Lists[0]+", is left out",
			"look at the disk; the next look at the place takes its place", nil)
	}
	return cmp.Or(x.Rotten.Err(tried), core.RottenCaptures(tried, x.Sums.Rotten), lists)
}

// Says is what there is to say of a file that is whole, for people.
func (x *Examined) Says() (says []string) {
	kept := core.Count(x.Records, "record") + " and " + core.Count(x.Sums.Captures, "capture") + " in the archive"
	if n := len(x.Rotten) + len(x.Sums.Rotten); n == 0 {
		says = append(says, kept+", each as it was written")
	} else {
		says = append(says, fmt.Sprintf("%d of %s no longer what was written", n, kept))
	}
	for _, r := range x.Rotten {
		says = append(says, "the record of backup "+core.Visible(string(r.Backup))+" of "+core.Visible(r.Place))
	}
	for _, k := range x.Sums.Rotten {
		says = append(says, "the capture of "+k.Title()+" of "+core.Visible(k.Place)+", which does not match its fingerprint")
	}
	says = append(says, x.Lists...)
	if s := x.Sums; s.Late > 0 {
		says = append(says, fmt.Sprintf("%s had no fingerprint until %s UTC, when it was made: what was altered in them before is not seen",
			core.Count(s.Late, "capture"), s.Since.Format("2006-01-02 15:04")))
	}
	return says
}

// Examine looks through the archive at path, and changes nothing; the error is why it
// cannot be read.
func Examine(ctx context.Context, path string) (x Examined, err error) {
	tried := "check the archive " + path
	head, err := ledger.Look(path, tried)
	if err != nil {
		return x, err
	}
	if head.Application != applicationID {
		return x, notOurs(path)
	}
	db, err := ledger.Open(ctx, path, ledger.ReadOnly, head, 0)
	if err != nil {
		return x, ledger.Explain(ctx, tried, err)
	}
	defer db.Close()
	a := &Archive{Book: ledger.Book{DB: db, Everywhere: true}, path: path}
	if x.Damage, err = a.sound(ctx, tried); err != nil || x.Damage != "" {
		return x, err
	}
	if x.Rotten, x.Records, err = a.Rotten(ctx); err == nil {
		x.Sums, err = a.Sums(ctx)
	}
	if err == nil {
		x.Lists, err = a.spoiledListings(ctx)
	}
	return x, err
}

// sound is what is wrong with the whole file in SQLite's words; "": nothing.
func (a *Archive) sound(ctx context.Context, tried string) (what string, err error) {
	err = a.Do(ctx, tried, func() error {
		return a.DB.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&what)
	})
	if ledger.Damaged(err) {
		return err.Error(), nil
	}
	if what == "ok" {
		what = ""
	}
	return what, err
}
