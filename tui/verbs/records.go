package verbs

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"hearth/core"
	"hearth/store/jobs"
)

// held are records that a text held.
type held []core.Found

func (h held) Len() int                        { return len(h) }
func (h held) Found(i int) (core.Found, error) { return h[i], nil }

// bundleFile is a bundle in a file, which was gone through once. Its records are read
// again whenever they are needed.
type bundleFile struct {
	core.BundleHead
	file   *os.File
	masked int // captures whose secrets are masked
	lines  []bundleAt
	notes  map[int][]string
}

// bundleAt is where a record stands in a bundle.
type bundleAt struct {
	offset       int64
	length, line int32
}

// openBundle reads a bundle to its end. Of several records of one backup the newest is
// taken, and a note says so.
func openBundle(file *os.File) (*bundleFile, error) {
	b := &bundleFile{file: file, notes: map[int][]string{}}
	at, newest := map[core.IDKey]int32{}, []int64(nil) // the record of each backup, and when each was made
	var err error
	b.BundleHead, err = core.EachInBundle(io.NewSectionReader(file, 0, 1<<62), func(r core.BundleRecord) error {
		x := bundleAt{r.Offset, int32(r.Length), int32(r.Line)}
		key, _ := core.KeyOf(string(r.Backup))
		i, twice := at[key]
		const left = "another record of it, on line %d, is left out"
		switch {
		case !twice:
			at[key] = int32(len(b.lines))
			b.lines, newest = append(b.lines, x), append(newest, r.At.UnixMicro())
		case r.At.UnixMicro() > newest[i]:
			b.notes[int(i)] = []string{fmt.Sprintf(left, b.lines[i].line)}
			b.lines[i], newest[i] = x, r.At.UnixMicro()
		default:
			b.notes[int(i)] = append(b.notes[int(i)], fmt.Sprintf(left, r.Line))
		}
		return nil
	}, func(c core.BundleCapture) error {
		if len(c.Masked) > 0 {
			b.masked++
		}
		return nil
	})
	return b, err
}

func (b *bundleFile) Len() int { return len(b.lines) }

func (b *bundleFile) Found(i int) (core.Found, error) {
	at := b.lines[i]
	line := make([]byte, at.length)
	if _, err := b.file.ReadAt(line, at.offset); err != nil {
		return core.Found{}, core.Fail(core.CodeUnreadable, "read the bundle", "it broke off", "begin anew", err)
	}
	r, err := core.BundleRecordIn(string(line))
	if err != nil {
		return core.Found{}, err
	}
	f := core.FoundRecord(r)
	f.Line, f.Notes = int(at.line), append(f.Notes, b.notes[i]...)
	return f, nil
}

// captures goes through the bundle's captures.
func (b *bundleFile) captures(fn func(core.BundleCapture) error) error {
	_, err := core.EachInBundle(io.NewSectionReader(b.file, 0, 1<<62), nil, fn)
	return err
}

// say says what the bundle is.
func (b *bundleFile) say(e *Env) { e.sayBundle(b.BundleHead, b.masked) }

// listFrom is how large a file is at least for its records to be read one by one: what is
// smaller is read at once, as a paste is.
var listFrom int64 = 4 << 20

// listMost is how large one value of such a file may be.
const listMost = 1 << 20

// list is a file of JSON values, or of one array of them, each of which holds one record,
// as the API and hearth export write them. Its records are read again whenever they are
// needed.
type list struct {
	file  *os.File
	lines []bundleAt
}

// asList opens a file that is such a list and large; nil where it is none, or where what it
// holds has to be seen together: records of one backup, pieces, records without a service.
func asList(ctx context.Context, name string) (l *list, close func()) {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return nil, func() {} // whoever reads it says what is wrong; a pipe can be opened only once
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, func() {}
	}
	close = func() { file.Close() }
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() < listFrom {
		return nil, close
	}
	l, seen, from := &list{file: file}, map[core.IDKey]struct{}{}, int64(0)
	values := json.NewDecoder(io.NewSectionReader(file, 0, info.Size()))
	lines := lineCounter{file: file, line: 1}
	var first [1]byte
	for first[0] = ' '; bytes.Contains([]byte(" \t\r\n"), first[:]); from++ {
		if _, err := file.ReadAt(first[:], from); err != nil {
			return nil, close
		}
	}
	array := first[0] == '['
	if array {
		if _, err := values.Token(); err != nil {
			return nil, close
		}
	}
	for {
		if array && !values.More() {
			_, err := values.Token() // its end
			if _, end := values.Token(); err != nil || !errors.Is(end, io.EOF) || len(l.lines) == 0 {
				return nil, close
			}
			return l, close
		}
		var value json.RawMessage
		if err := values.Decode(&value); errors.Is(err, io.EOF) && !array && len(l.lines) > 0 {
			return l, close
		} else if err != nil || len(value) > listMost || ctx.Err() != nil {
			return nil, close
		}
		found := core.FindRecords(string(value))
		if len(found) != 1 || !found[0].OK() || found[0].Record.Service == "" {
			return nil, close
		}
		key, _ := core.KeyOf(string(found[0].Decoded.ID()))
		if _, twice := seen[key]; twice {
			return nil, close
		}
		seen[key] = struct{}{}
		from := values.InputOffset() - int64(len(value))
		line, err := lines.at(from)
		if err != nil {
			return nil, close
		}
		l.lines = append(l.lines, bundleAt{from, int32(len(value)), int32(line)})
	}
}

// lineCounter tells on which line of a file an offset is, each behind the last.
type lineCounter struct {
	file *os.File
	upto int64
	line int
}

func (c *lineCounter) at(offset int64) (int, error) {
	var piece [1 << 15]byte
	for c.upto < offset {
		n, err := c.file.ReadAt(piece[:min(offset-c.upto, int64(len(piece)))], c.upto)
		if n == 0 {
			return 0, err
		}
		c.line += bytes.Count(piece[:n], []byte{'\n'})
		c.upto += int64(n)
	}
	return c.line, nil
}

func (l *list) Len() int { return len(l.lines) }

func (l *list) Found(i int) (core.Found, error) {
	at := l.lines[i]
	value := make([]byte, at.length)
	if _, err := l.file.ReadAt(value, at.offset); err != nil {
		return core.Found{}, core.Fail(core.CodeUnreadable, "read the records", "the file broke off", "begin anew", err)
	}
	found := core.FindRecords(string(value))
	if len(found) != 1 {
		return core.Found{}, core.Fail(core.CodeUnreadable, "read the records", "the file has changed meanwhile", "begin anew", nil)
	}
	found[0].Line += int(at.line) - 1
	return found[0], nil
}

// renamed gives records another service as they are read.
type renamed struct {
	jobs.Records
	service string
}

func (r renamed) Found(i int) (core.Found, error) {
	f, err := r.Records.Found(i)
	if err != nil {
		return f, err
	}
	found, err := core.Renamed([]core.Found{f}, r.service)
	if err != nil {
		return f, err
	}
	return found[0], nil
}

// bundleHead is how much of a file tells whether it is a bundle.
const bundleHead = 400

// asBundle opens a file, or standard input, that is a bundle; nil where it is none, and then
// rest gives what was read of standard input. close must be called in any case.
func (e *Env) asBundle(ctx context.Context, name string) (b *bundleFile, rest io.Reader, close func(), err error) {
	close = func() {}
	var file *os.File
	if name == "-" {
		if e.Asks { // nobody types a bundle
			return nil, e.In, close, nil
		}
		in := bufio.NewReaderSize(e.In, 1<<16)
		head, err := await(ctx, func() (string, error) {
			head, err := in.Peek(bundleHead)
			if errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull) {
				err = nil
			}
			return string(head), err
		})
		if err != nil || !core.IsBundle(head) {
			return nil, in, close, nil
		}
		if file, err = os.CreateTemp("", "hearth-bundle-*"); err != nil { // mode 0600: it can hold secrets
			return nil, nil, close, core.Fail(core.CodeUnreadable, "read standard input", "there is no room for temporary files",
				"set TMPDIR to a folder that can be written", err)
		}
		gone := os.Remove(file.Name()) == nil // at once, where a file may lose its name while it is open: a kill leaves nothing
		close = func() {
			if file.Close(); !gone {
				os.Remove(file.Name())
			}
		}
		if _, err := await(ctx, func() (string, error) { _, err := io.Copy(file, in); return "", err }); err != nil {
			return nil, nil, close, core.Fail(core.CodeUnreadable, "read standard input", "it broke off", "", err)
		}
	} else {
		if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
			return nil, nil, close, nil // whoever reads it says what is wrong; a pipe can be opened only once
		}
		if file, err = os.Open(name); err != nil {
			return nil, nil, close, nil
		}
		close = func() { file.Close() }
		if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
			return nil, nil, close, nil
		}
		head := make([]byte, bundleHead)
		n, _ := io.ReadFull(file, head)
		if !core.IsBundle(string(head[:n])) {
			return nil, nil, close, nil
		}
	}
	b, err = openBundle(file)
	return b, nil, close, err
}

// records reads records from a file or stdin; bundle is not nil if that is one. close must
// be called in any case.
func (e *Env) records(ctx context.Context, args []string) (found jobs.Records, bundle *bundleFile, close func(), err error) {
	file, what := "-", "standard input"
	if len(args) == 1 && args[0] != "-" {
		file, what = args[0], args[0]
	}
	typed := file == "-" && e.Asks
	if typed {
		e.say("Paste the records, then press Enter and Ctrl-D.")
	}
	bundle, rest, close, err := e.asBundle(ctx, file)
	if err != nil || bundle != nil {
		return bundle, bundle, close, err
	}
	if file != "-" {
		close()
		var many *list
		if many, close = asList(ctx, file); many != nil {
			return many, nil, close, nil
		}
	}
	text, err := e.readFrom(ctx, file, rest)
	if err != nil {
		return nil, nil, close, err
	}
	if typed {
		for line := range strings.Lines(text) {
			if len(line) >= lineLimit {
				e.say("The terminal cut a line after %d characters; name a file instead, or paste into hearth's screens.", lineLimit)
				break
			}
		}
	}
	if _, id, ok := core.InsideMetadata(text); ok {
		return nil, nil, close, core.Fail(core.CodeUnreadable, "find a record in "+what, "it is the metadata object of the backup "+
			core.Visible(string(id))+", which has the backup's capture and no record",
			"bring it back from its repository with hearth recover, or hand the capture to hearth plan with --capture", nil)
	}
	all := core.FindRecords(text)
	if len(all) == 0 {
		return nil, nil, close, core.Fail(core.CodeUnreadable, "find a record in "+what, "there is none in its "+core.Bytes(int64(len(text))),
			"copy the output of an export, from its beginning", nil)
	}
	return held(all), nil, close, nil
}
