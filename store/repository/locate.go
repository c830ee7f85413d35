package repository

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"hearth/core"
	"hearth/store/scan"
)

// catalog knows where each backup's objects are, by their names alone: one listing,
// and nothing is read. Who wants the captures of one chain need not wait for a scan.
type catalog struct {
	mu    sync.Mutex // held while it is made
	spots map[core.BackupID]spot
	at    time.Time
}

type spot struct {
	container string
	prefix    string
}

// compare puts what lies together side by side.
func (s spot) compare(t spot) int {
	return cmp.Or(strings.Compare(s.container, t.container), strings.Compare(s.prefix, t.prefix))
}

func (s spot) String() string {
	if s.container == "" {
		return s.prefix
	}
	return s.container + "/" + s.prefix
}

// catalogAge is how old a catalog may be that does not know a backup.
const catalogAge = 30 * time.Second

// locate finds a backup's objects; false if there are none with a metadata object.
func (p *Place) locate(ctx context.Context, id core.BackupID) (*group, bool, error) {
	if last := p.scans.Last(); last != nil {
		if i, ok := last.Found.find(id); ok {
			at := last.Found.spot(i)
			return p.look(ctx, at.container, at.prefix)
		}
	}
	if _, files := p.bucket.(*folder); files { // where file drivers put it, as a rule
		for _, begins := range []string{"volume_", flatPrefix} {
			var prefix string
			err := p.bucket.ListPrefix(ctx, hashedPath(id), begins, func(page []Object) error {
				for _, o := range page {
					n, ok := parseName(o.Name)
					if ok && n.part == partMetadata && ownerOf("", hashedPath(id), n.prefix).backup == id {
						prefix = n.prefix
					}
				}
				return nil
			})
			if err == nil && prefix != "" {
				return p.look(ctx, hashedPath(id), prefix)
			}
		}
	}
	s, ok, err := p.catalog.find(ctx, p, id)
	if err != nil || !ok {
		return nil, false, err
	}
	return p.look(ctx, s.container, s.prefix)
}

func (p *Place) look(ctx context.Context, container, prefix string) (*group, bool, error) {
	g, err := one(ctx, p.bucket, container, prefix)
	return g, err == nil && g.metadata.Set, err
}

// find returns where a backup is. A catalog of some age is made anew before it says
// no.
func (c *catalog) find(ctx context.Context, p *Place, id core.BackupID) (spot, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.spots[id]; ok || c.spots != nil && time.Since(c.at) < catalogAge {
		return s, ok, nil
	}
	spots := map[core.BackupID]spot{}
	add := func(id core.BackupID, s spot) {
		if old, twice := spots[id]; !twice || s.String() < old.String() {
			spots[id] = s
		}
	}
	var flat []spot // whose names do not tell the id
	above := aboveOf(p.bucket)
	err := p.bucket.List(ctx, func(page []Object) error {
		for _, o := range page {
			n, ok := parseName(o.Name)
			if !ok || n.part != partMetadata {
				continue
			}
			s := spot{o.Container, n.prefix}
			if w := ownerOf(above, o.Container, n.prefix); w.backup != "" {
				add(w.backup, s)
			} else {
				flat = append(flat, s)
			}
		}
		return nil
	})
	if err != nil {
		return spot{}, false, err
	}
	for _, s := range flat {
		g, err := one(ctx, p.bucket, s.container, s.prefix)
		if err != nil {
			return spot{}, false, err
		}
		if !g.metadata.Set {
			continue
		}
		if m, err := p.scanner.metadata(ctx, g); err == nil {
			add(m.backup, s)
		} else if ctx.Err() != nil {
			return spot{}, false, err
		}
	}
	c.spots, c.at = spots, time.Now()
	s, ok := spots[id]
	return s, ok, nil
}

// Capture reads what Cinder stored with a backup; false where it stored none.
// CodeNotFound if the repository does not hold the backup, CodeUnreadable where
// its metadata cannot be used. It needs no scan: at most one listing.
func (p *Place) Capture(ctx context.Context, id core.BackupID) (core.Capture, bool, error) {
	tried := "read the capture of backup " + string(id)
	if err := scan.Stopped(ctx, tried); err != nil {
		return core.Capture{}, false, err
	}
	type answer struct {
		c   core.Capture
		ok  bool
		err error
	}
	done := make(chan answer, 1)
	go func() { // a share that is gone may never answer
		var a answer
		a.c, a.ok, a.err = p.capture(ctx, tried, id)
		done <- a
	}()
	select {
	case a := <-done:
		return a.c, a.ok, a.err
	case <-ctx.Done():
		return core.Capture{}, false, scan.Cancelled(tried, ctx.Err())
	}
}

// Layout tells how a backup's objects were written; it needs no scan either.
func (p *Place) Layout(ctx context.Context, id core.BackupID) (*core.Layout, error) {
	tried := "read the metadata of backup " + string(id)
	if last := p.scans.Last(); last != nil {
		if i, ok := last.Found.find(id); ok {
			return last.Found.row(i).Layout, nil
		}
	}
	g, ok, err := p.locate(ctx, id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, core.Fail(core.CodeNotFound, tried, "the repository holds no such backup, or no finished one",
			"list them with hearth backups", nil)
	}
	m, err := p.scanner.metadata(ctx, g)
	if f := (*faulty)(nil); errors.As(err, &f) {
		return nil, core.Fail(core.CodeUnreadable, tried, f.what, "see hearth verify", err)
	}
	if err != nil {
		return nil, err
	}
	return m.layout, nil
}

func (p *Place) capture(ctx context.Context, tried string, id core.BackupID) (core.Capture, bool, error) {
	g, ok, err := p.locate(ctx, id)
	if err != nil {
		return core.Capture{}, false, err
	}
	if !ok {
		return core.Capture{}, false, core.Fail(core.CodeNotFound, tried,
			"the repository holds no such backup, or no finished one", "list them with hearth backups", nil)
	}
	m, err := p.scanner.metadata(ctx, g)
	if f := (*faulty)(nil); errors.As(err, &f) {
		return core.Capture{}, false, core.Fail(core.CodeUnreadable, tried, f.what, "see hearth verify", err)
	}
	if err != nil {
		return core.Capture{}, false, err
	}
	b := core.Backup{VolumeID: m.volume, CreatedAt: g.owner.began}
	if at, ok := createdAt(m.created); ok {
		b.CreatedAt = core.Some(at)
	}
	h := core.Holding{ID: m.backup, Backup: b, CaptureText: m.volumeMeta, CaptureFrom: p.scanner.source(&b)}
	c, ok := h.Capture()
	return c, ok, nil
}
