package jobs

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"hearth/core"
	"hearth/store/whole"
)

// partFile is the file of an extraction before it is whole: To with .part behind it,
// and beside it, in .part.log, which ranges of the volume are whole. A try that was
// killed is taken up from there.
type partFile struct {
	x     Extraction
	tried string
	data  *os.File
	log   *os.File
	have  core.Ranges // of an earlier try

	mu      sync.Mutex // guards what follows
	pending core.Ranges
	waiting int64 // bytes in pending
}

// partHead begins the log: what it is a log of, and who is at it.
type partHead struct {
	Chain []core.BackupID `json:"chain"`
	Part  core.Range      `json:"part"`
	Size  int64           `json:"size"`
	Life  *core.Life      `json:"life"`
}

func (x *Extraction) head() partHead {
	l := self()
	return partHead{Chain: x.Image.Chain, Part: x.Part, Size: x.Image.Size, Life: &l}
}

// mostLog is how large the log of an extraction may be: a range of an image has some ten
// bytes there.
const mostLog = 1 << 30

// left reads what an earlier try left. CodeConflict where that is of something else,
// or where another process is at it.
func (x *Extraction) left() (core.Ranges, error) {
	tried := "extract backup " + string(x.Image.Backup) + " to " + x.To
	body, err := whole.ReadFile(x.To+".part.log", mostLog)
	if os.IsNotExist(err) {
		if _, err := os.Lstat(x.To + ".part"); err == nil {
			return nil, core.Fail(core.CodeConflict, tried, x.To+".part is there, and nothing tells what it is", "move it away", nil)
		}
		return nil, nil
	}
	if err != nil {
		return nil, core.Fail(core.CodeUnreadable, tried, x.To+".part.log cannot be read", "move it and the .part file away", err)
	}
	line, rest, _ := bytes.Cut(body, []byte("\n"))
	var head partHead
	want := x.head()
	switch err := json.Unmarshal(line, &head); {
	case err != nil, !slices.Equal(head.Chain, want.Chain), head.Part != want.Part, head.Size != want.Size:
		return nil, core.Fail(core.CodeConflict, tried, x.To+".part is of something else",
			"move it and its .log away, or name another file", err)
	case head.Life != nil && stands(head.Life, self()) == there && head.Life.PID != os.Getpid():
		return nil, core.Fail(core.CodeConflict, tried, fmt.Sprintf("process %d is writing it", head.Life.PID),
			"wait for it, or stop it", nil)
	}
	if _, err := os.Lstat(x.To + ".part"); err != nil {
		return nil, nil
	}
	var out core.Ranges
	for lines := bufio.NewScanner(bytes.NewReader(rest)); lines.Scan(); {
		if r, ok := noted(lines.Text()); ok {
			if r, ok = r.Within(x.Part); ok {
				out = out.Add(r)
			}
		}
	}
	return out, nil
}

// noted reads a line of the log; false for one that was cut.
func noted(line string) (r core.Range, ok bool) {
	line, ok = strings.CutSuffix(line, " .")
	n, _ := fmt.Sscanf(line, "%d %d", &r.From, &r.To)
	return r, ok && n == 2
}

// openPart makes the file, or takes up what is there of it.
func openPart(x Extraction, tried string) (*partFile, error) {
	have, err := x.left() // as it is now, whatever the plan saw
	if err != nil {
		return nil, err
	}
	p := &partFile{x: x, tried: tried, have: have}
	mode := os.O_RDWR | os.O_CREATE
	if len(have) == 0 {
		mode |= os.O_TRUNC
	}
	// The log comes first: a file that nothing tells of is nobody's to go on with, and a disk
	// may be full after any step.
	if err = p.begin(); err != nil {
		return nil, unwritten(tried, err)
	}
	if p.data, err = openOwn(x.To+".part", mode, tried); err != nil {
		p.log.Close()
		return nil, err
	}
	if err = p.data.Truncate(x.Part.Len()); err != nil {
		p.data.Close()
		p.log.Close()
		return nil, unwritten(tried, err)
	}
	return p, nil
}

// openOwn opens a file of a name that anybody can guess: no link is followed, which
// somebody else may have put there, and nothing but a file is written to.
func openOwn(name string, mode int, tried string) (*os.File, error) {
	foreign := core.Fail(core.CodeConflict, tried, name+" is there, and is no ordinary file", "move it away", nil)
	was, err := os.Lstat(name)
	switch {
	case os.IsNotExist(err):
		mode |= os.O_EXCL // which follows no link either
	case err != nil:
		return nil, unwritten(tried, err)
	case !was.Mode().IsRegular():
		return nil, foreign
	}
	f, err := os.OpenFile(name, mode&^os.O_TRUNC, 0o600)
	if err != nil {
		return nil, unwritten(tried, err)
	}
	if is, err := f.Stat(); err != nil || was != nil && !os.SameFile(was, is) {
		f.Close()
		return nil, foreign
	}
	if mode&os.O_TRUNC != 0 {
		err = f.Truncate(0)
	}
	if err == nil && was != nil {
		err = f.Chmod(0o600)
	}
	if err != nil {
		f.Close()
		return nil, unwritten(tried, err)
	}
	return f, nil
}

// begin writes the log anew, with what is there.
func (p *partFile) begin() error {
	head, err := json.Marshal(p.x.head())
	if err != nil {
		return err
	}
	tmp := p.x.To + ".part.log.new"
	os.Remove(tmp) // what a try that was killed left of it, or a link that somebody else put there
	if p.log, err = os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.log, "%s\n", head)
	for _, r := range p.have {
		if err == nil {
			_, err = fmt.Fprintf(p.log, "%d %d .\n", r.From, r.To)
		}
	}
	if err = errors.Join(err, p.log.Sync()); err == nil {
		err = os.Rename(tmp, p.x.To+".part.log")
	}
	if err != nil {
		p.log.Close()
		os.Remove(tmp)
	}
	return err
}

// hole is how many zeros in a row are left out of the file.
const hole = 4096

// WriteAt writes what is not zeros: the file begins as nothing else. One that is taken
// up may hold what a chunk left that was seen to be bad.
func (p *partFile) WriteAt(b []byte, at int64) (int, error) {
	at -= p.x.Part.From
	for from := 0; from < len(b); {
		n := int(min(hole-(at+int64(from))%hole, int64(len(b)-from)))
		to := from
		for to < len(b) && !bytes.Equal(b[to:to+n], zeros[:n]) {
			to += n
			n = min(hole, len(b)-to)
		}
		if to > from {
			if _, err := p.data.WriteAt(b[from:to], at+int64(from)); err != nil {
				return from, unwritten(p.tried, err)
			}
		}
		if n > 0 && len(p.have) > 0 {
			if err := p.clean(at+int64(to), n); err != nil {
				return from, err
			}
		}
		from = to + n
	}
	return len(b), nil
}

// clean sees to it that a block of the file, or less, is zeros.
func (p *partFile) clean(at int64, n int) error {
	var now [hole]byte
	if _, err := p.data.ReadAt(now[:n], at); err == nil && bytes.Equal(now[:n], zeros[:n]) {
		return nil
	}
	return wipe(p.data, at, int64(n), p.tried)
}

// Whole notes what is whole, once it is safe.
func (p *partFile) Whole(r core.Range) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending = p.pending.Add(r)
	if p.waiting += r.Len(); p.waiting < cmp.Or(p.x.SyncEvery, 256<<20) {
		return nil
	}
	return p.note()
}

// note makes safe what was written, and says so in the log; p is locked.
func (p *partFile) note() error {
	err := p.data.Sync()
	for _, r := range p.pending {
		if err == nil {
			_, err = fmt.Fprintf(p.log, "%d %d .\n", r.From, r.To)
		}
	}
	if err != nil {
		return unwritten(p.tried, err)
	}
	p.pending, p.waiting = nil, 0
	return nil
}

// Hole writes zeros over whatever came before the chunk was seen to be bad.
func (p *partFile) Hole(h core.Hole) error {
	return wipe(p.data, h.From-p.x.Part.From, h.Len(), p.tried)
}

func wipe(to io.WriterAt, at, n int64, tried string) error {
	for end := at + n; at < end; {
		m, err := to.WriteAt(zeros[:min(end-at, int64(len(zeros)))], at)
		if err != nil {
			return unwritten(tried, err)
		}
		at += int64(m)
	}
	return nil
}

// finish gives the file its name, or keeps what is whole of it for another try.
func (p *partFile) finish(whole bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.note()
	err = errors.Join(err, p.data.Close(), p.log.Close())
	if err != nil || !whole {
		return err
	}
	// A link fails where the name was taken meanwhile; where there are no links a name
	// is looked for, and given.
	to := p.x.To
	if err = os.Link(to+".part", to); err != nil && !os.IsExist(err) {
		if _, serr := os.Lstat(to); os.IsNotExist(serr) {
			err = os.Rename(to+".part", to)
		}
	} else if err == nil {
		err = os.Remove(to + ".part")
	}
	switch {
	case errors.Is(err, os.ErrExist):
		return core.Fail(core.CodeConflict, p.tried, "it came to be there meanwhile, and nothing is overwritten",
			"the bytes are in "+to+".part", nil)
	case err != nil:
		return unwritten(p.tried, err)
	}
	os.Remove(to + ".part.log")
	return syncDir(filepath.Dir(to))
}

// syncDir makes a name safe, where a folder can be asked to.
func syncDir(dir string) error {
	if f, err := os.Open(dir); err == nil {
		f.Sync() // some file systems cannot
		f.Close()
	}
	return nil
}

// full reports whether a disk has no room left.
func full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }
