package ceph

import (
	"context"
	"encoding/json"
	"io"
	"sync"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/scan"
)

// maxCapture is the size beyond which a metadata object is not believed. Cinder itself
// reads a mebibyte of it and no more (rados.Object.read).
const (
	maxCapture    = 64 << 20
	cinderReads   = 1 << 20
	oneObject     = 2 * time.Minute // for one object to be read
	progressEvery = 100 * time.Millisecond
)

// body is what a row needs of what was read of its backup.
type body struct {
	problem string // why the metadata is of no use, "" if it is
	volume  core.Volume
	hasBase bool
}

// read reads a metadata object; CodeNotFound if it is not there.
func (p *Place) read(ctx context.Context, id core.BackupID) (string, error) {
	tried := "read the metadata of backup " + string(id)
	ctx, stop := context.WithTimeout(ctx, oneObject)
	defer stop()
	var text []byte
	_, err := p.programs.run(ctx, tried, p.programs.rados, []string{"--pool", p.pool, "get", metaName(id), "-"}, func(r io.Reader) error {
		var err error
		if text, err = io.ReadAll(io.LimitReader(r, maxCapture+1)); err == nil && len(text) > maxCapture {
			err = core.Fail(core.CodeUnreadable, tried, "it is of more than "+core.Bytes(maxCapture)+", which no backup needs", "", nil)
		}
		return err
	})
	return string(text), err
}

// made reads when an image was made; not set where it does not say.
func (p *Place) made(ctx context.Context, image string) (at core.Opt[time.Time], err error) {
	tried := "read when " + image + " was made"
	ctx, stop := context.WithTimeout(ctx, oneObject)
	defer stop()
	_, err = p.programs.run(ctx, tried, p.programs.rbd, []string{"info", "--pool", p.pool, "--image", image, "--format", "json"},
		func(r io.Reader) error {
			var err error
			at, err = readMade(r)
			return err
		})
	return at, err
}

// readMade reads when an image was made of what rbd info prints, in UTC as it is told to.
func readMade(r io.Reader) (at core.Opt[time.Time], err error) {
	var info struct {
		Created string `json:"create_timestamp"`
	}
	if err := json.NewDecoder(r).Decode(&info); err != nil {
		return at, io.ErrUnexpectedEOF
	}
	if t, err := time.Parse(time.ANSIC, info.Created); err == nil {
		at = core.Some(t)
	}
	return at, nil
}

// fill reads what is not read yet of some backups, many at a time. An object that cannot
// be read by itself is a problem of its backup; the error is one of the cluster's.
func (p *Place) fill(ctx context.Context, x *index, some []int, progress func(done, of int)) error {
	var todo []int
	x.mu.Lock()
	for _, i := range some {
		if h := x.held(i); h.unread() {
			todo = append(todo, i)
		}
	}
	x.mu.Unlock()
	if len(todo) == 0 {
		return nil
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	work := make(chan int)
	var wait sync.WaitGroup
	var mu sync.Mutex // guards what follows
	done, told := 0, time.Now()
	for range min(p.parallel, len(todo)) {
		wait.Go(func() {
			for i := range work {
				if err := p.fillOne(ctx, x, i); err != nil {
					stop(err)
					continue
				}
				mu.Lock()
				if done++; progress != nil && (time.Since(told) >= progressEvery || done == len(todo)) {
					told = time.Now()
					progress(done, len(todo))
				}
				mu.Unlock()
			}
		})
	}
	for _, i := range todo {
		select {
		case work <- i:
		case <-ctx.Done():
		}
	}
	close(work)
	wait.Wait()
	if ctx.Err() != nil {
		if err := context.Cause(ctx); core.CodeOf(err) != core.CodeInternal {
			return err
		}
		return scan.Cancelled("read metadata", ctx.Err())
	}
	return nil
}

// fillOne reads one.
func (p *Place) fillOne(ctx context.Context, x *index, i int) error {
	x.mu.Lock()
	h := x.held(i)
	x.mu.Unlock()
	var b body
	text, had := "", false
	if h.meta {
		var err error
		text, err = p.read(ctx, h.row.ID)
		switch code := core.CodeOf(err); {
		case code == core.CodeUnreadable, code == core.CodeNotFound:
			b.problem = "its metadata cannot be read: " + whatOf(err)
		case err != nil:
			return err
		default:
			had, b = true, bodyOf(text, h.row.VolumeID)
		}
	}
	created := core.Opt[time.Time]{}
	if h.snap == "" {
		var err error
		if created, err = p.made(ctx, h.image); err != nil && core.CodeOf(err) != core.CodeNotFound {
			return err
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if had {
		x.keep(h.row.ID, text)
	}
	h = x.held(i) // another may have been here meanwhile
	h.take(&b, created)
	x.rows.Put(i, h.packed())
	if n, ok := x.newestOf(h.row.VolumeID); b.hasBase && ok && n == i {
		if x.volumes == nil {
			x.volumes = map[core.VolumeID]core.Volume{}
		}
		x.volumes[h.row.VolumeID] = b.volume
	}
	return nil
}

// whatOf is what went wrong, without what was tried.
func whatOf(err error) string {
	if e, ok := err.(*core.Error); ok {
		return e.What
	}
	return err.Error()
}

// bodyOf reads a capture for what a row needs of it.
func bodyOf(text string, volume core.VolumeID) body {
	s, err := pyjson.DecodeUTF8(text)
	if err != nil {
		return body{problem: "its metadata is no UTF-8: " + err.Error()}
	}
	c := core.ReadCapture(s, core.Source{})
	if c.Err != nil {
		return body{problem: "its metadata is cut short, or no JSON (" + c.Err.Error() + ")"}
	}
	base := c.Section(core.BaseSection)
	if base == nil {
		return body{}
	}
	return body{hasBase: true, volume: core.CapturedVolume(volume, base)}
}

// take puts on a row what was read of its backup.
func (h *held) take(b *body, created core.Opt[time.Time]) {
	h.bits &^= markUnread
	if created.Set {
		h.bits = h.bits&^markCreatedLost | markCreatedImage
		h.row.CreatedAt, h.row.DataTimestamp = created, created
	}
	if h.problem == "" {
		h.problem = b.problem
	}
	v := &b.volume
	switch {
	case !b.hasBase:
		h.bits |= markOwnerLost | markKeyLost
		return
	case v.UserID == "" && v.ProjectID == "":
		h.bits |= markOwnerLost
	default:
		h.bits |= markOwner
		h.row.UserID, h.row.ProjectID = v.UserID, v.ProjectID
	}
	if v.EncryptionKeyID.Or("") != "" {
		h.bits |= markKeyVolume
	}
	h.row.VolumeName = v.Name
}
