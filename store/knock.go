package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"hearth/core"
)

// Knocked is what a place shows of itself without being opened. The zero Knocked is one that
// nobody asked, as a database is not.
type Knocked struct {
	Asked   bool          // over the network
	Took    time.Duration // until it answered
	Size    int64         // of a file
	Changed time.Time     // a file or a folder, last
}

// Knock finds out whether a place is there without opening it: of a cloud whether Keystone
// answers, which needs no login; of a file or folder whether there is one. Others are not
// asked. ctx bounds how long it takes.
func Knock(ctx context.Context, l Location) (k Knocked, err error) {
	switch s := l.scheme(); {
	case s.knock != nil:
		k.Asked = true
		began := time.Now()
		err = s.knock(ctx, l.Rest)
		k.Took = time.Since(began)
	case s.file:
		var info fs.FileInfo
		path := l.absolute().Rest
		if info, err = stat(ctx, path); err == nil {
			k.Changed = info.ModTime()
			if !info.IsDir() {
				k.Size = info.Size()
			}
			return k, nil
		}
		what := err.Error()
		var p *fs.PathError
		switch {
		case errors.Is(err, fs.ErrNotExist):
			what = "there is none"
		case ctx.Err() != nil:
			return k, core.Fail(core.CodeUnavailable, "look at "+path, "it does not answer, as a folder of a server that is down", "", err)
		case errors.As(err, &p):
			what = p.Err.Error()
		}
		err = core.Fail(core.CodeNotFound, "look at "+path, what, "", err)
	}
	return k, err
}

// Knock is the package's of a place by its location, or its name in the config.
func (c Config) Knock(ctx context.Context, place string) (Knocked, error) {
	l, _, err := c.Find(place)
	if err != nil {
		return Knocked{}, err
	}
	return Knock(ctx, l)
}

// stat is os.Stat for as long as ctx: a mount whose server is gone answers to nothing.
func stat(ctx context.Context, path string) (fs.FileInfo, error) {
	type answer struct {
		info fs.FileInfo
		err  error
	}
	came := make(chan answer, 1)
	go func() {
		info, err := os.Stat(path)
		came <- answer{info, err}
	}()
	select {
	case a := <-came:
		return a.info, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// OfFile is the location of a file or folder that somebody named by its path: a folder is a
// repository, a file a store.
func OfFile(path string) (Location, error) {
	l := Location{Scheme: "sqlite", Rest: path}.absolute()
	info, err := os.Stat(l.Rest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return l, core.Fail(core.CodeNotFound, "open "+l.Rest, "there is no such file or folder", "write it otherwise", err)
	case err != nil:
		return l, core.Fail(core.CodeUnreadable, "open "+l.Rest, err.Error(), "", err)
	case info.IsDir():
		l.Scheme = "posix"
	}
	return l, nil
}
