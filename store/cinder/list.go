package cinder

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"sync"
	"time"

	"hearth/core"
)

// backupSource and volumeSource are what the mirrors read.
type backupSource struct{ p *Place }

type volumeSource struct{ p *Place }

func (s backupSource) fetch(ctx context.Context, marker string, limit int, count bool) ([]byte, error) {
	return s.p.listing(ctx, "list the backups", "/backups/detail", marker, limit, count)
}
func (s backupSource) next(body []byte) string { return nextMarker(body, "backups") }
func (s backupSource) decode(body []byte) (fetched[core.Backup], error) {
	rows, next, count, err := pageOf[backupRow]("list the backups", body, "backups")
	out := fetched[core.Backup]{rows: make([]core.Backup, len(rows)), next: next, count: count}
	v := s.p.version()
	for i := range rows {
		out.rows[i] = rows[i].backup(v, false)
	}
	return out, err
}
func (s backupSource) one(ctx context.Context, id string) (core.Backup, error) {
	return s.p.backup(ctx, core.BackupID(id))
}
func (backupSource) id(b *core.Backup) string     { return string(b.ID) }
func (backupSource) status(b *core.Backup) string { return b.Status }

func (s backupSource) load(ctx context.Context) ([]core.Backup, time.Time) {
	return loadListing(ctx, s.p, "backups", func(r *backupRow) core.Backup { return r.backup(s.p.version(), false) })
}

func (s backupSource) save(ctx context.Context, rows []core.Backup, at time.Time) {
	saveListing(ctx, s.p, "backups", rows, at, rowOf)
}

func (s volumeSource) fetch(ctx context.Context, marker string, limit int, count bool) ([]byte, error) {
	return s.p.listing(ctx, "list the volumes", "/volumes/detail", marker, limit, count)
}
func (s volumeSource) next(body []byte) string { return nextMarker(body, "volumes") }
func (s volumeSource) decode(body []byte) (fetched[core.Volume], error) {
	rows, next, count, err := pageOf[volumeRow]("list the volumes", body, "volumes")
	out := fetched[core.Volume]{rows: make([]core.Volume, len(rows)), next: next, count: count}
	v := s.p.version()
	for i := range rows {
		out.rows[i] = rows[i].volume(v)
	}
	return out, err
}
func (s volumeSource) one(ctx context.Context, id string) (core.Volume, error) {
	v, _, err := s.p.volumeDoc(ctx, core.VolumeID(id))
	return v, err
}
func (volumeSource) id(v *core.Volume) string     { return string(v.ID) }
func (volumeSource) status(v *core.Volume) string { return v.Status }

func (s volumeSource) load(ctx context.Context) ([]core.Volume, time.Time) {
	return loadListing(ctx, s.p, "volumes", func(r *volumeRow) core.Volume { return r.volume(s.p.version()) })
}

func (s volumeSource) save(ctx context.Context, rows []core.Volume, at time.Time) {
	saveListing(ctx, s.p, "volumes", rows, at, volumeRowOf)
}

// version is the cloud's, as far as hearth knows it.
func (p *Place) version() version {
	pass, _ := p.session.current()
	return pass.Version
}

// listing reads a page of a list, newest first: Cinder's own order.
func (p *Place) listing(ctx context.Context, tried, path, marker string, limit int, count bool) ([]byte, error) {
	q := url.Values{}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	if marker != "" {
		q.Set("marker", marker)
	}
	if count && p.version() >= vCount { // older ones take it for a filter that nothing fulfils
		q.Set("with_count", "true")
	}
	if p.AllProjects() {
		q.Set("all_tenants", "1")
	}
	r, err := p.session.do(ctx, call{tried: tried, path: path, query: q})
	return r.body, err
}

// listingName names a kept list: other projects' lists are others.
func (p *Place) listingName(kind string) string {
	if p.AllProjects() {
		return kind + " of all projects"
	}
	return kind
}

func loadListing[R, T any](ctx context.Context, p *Place, kind string, row func(*R) T) ([]T, time.Time) {
	if p.options.Listings == nil {
		return nil, time.Time{}
	}
	body, at, err := p.options.Listings.Listing(ctx, p.location, p.listingName(kind))
	var rows []R
	if err != nil || at.IsZero() || json.Unmarshal(body, &rows) != nil {
		return nil, time.Time{} // the cloud will tell
	}
	out := make([]T, len(rows))
	for i := range rows {
		out[i] = row(&rows[i])
	}
	return out, at
}

func saveListing[R, T any](ctx context.Context, p *Place, kind string, rows []T, at time.Time, row func(*T) R) {
	if p.options.Listings == nil {
		return
	}
	out := make([]R, len(rows))
	for i := range rows {
		out[i] = row(&rows[i])
	}
	if body, err := json.Marshal(out); err == nil {
		p.options.Listings.KeepListing(ctx, p.location, p.listingName(kind), body, at) // that it could not be kept costs the next run a moment
	}
}

// Backups answers a query. Without Partial every row is read first, unless the
// newest few are all that is asked for.
func (p *Place) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	wantNames := q.Needs("volume")
	var named chan error
	if wantNames && !q.Partial { // beside the list itself
		named = make(chan error, 1)
		go func() { named <- p.names.need(ctx, p) }()
	}
	v, err := answer(ctx, p.backups, q, "created")
	if err != nil && len(v.rows) == 0 {
		return core.Page[core.Backup]{Offset: q.Offset}, p.noted(core.OpAllProjects, err)
	}
	if wantNames {
		if q.Partial {
			p.names.soon(p)
		} else if nerr := <-named; nerr != nil {
			return core.Page[core.Backup]{Offset: q.Offset}, nerr
		}
		v.rows = p.withNames(v.rows)
	}
	v.rows = p.withParents(v.rows)
	page := core.SelectBackups(v.rows, q)
	page.AsOf, page.Complete = v.asOf, v.complete
	return page, err
}

// Volumes answers a query.
func (p *Place) Volumes(ctx context.Context, q core.Query) (core.Page[core.Volume], error) {
	v, err := answer(ctx, p.volumes, q, "created")
	if err != nil && len(v.rows) == 0 {
		return core.Page[core.Volume]{Offset: q.Offset}, p.noted(core.OpAllProjects, err)
	}
	if q.Needs("backups") || q.Needs("last-backup") {
		bq := core.Query{Partial: q.Partial}
		b, berr := answer(ctx, p.backups, bq, "")
		if berr != nil && !q.Partial {
			return core.Page[core.Volume]{Offset: q.Offset}, berr
		}
		v.rows = withCounts(v.rows, b.rows, b.complete)
		v.complete = v.complete && (b.complete || berr != nil)
	}
	page := core.SelectVolumes(v.rows, q)
	page.AsOf, page.Complete = v.asOf, v.complete
	return page, err
}

// answer reads as much of a list as a query needs.
func answer[T any](ctx context.Context, m *mirror[T], q core.Query, newest string) (view[T], error) {
	inOrder := len(q.Sort) == 0 || len(q.Sort) == 1 && q.Sort[0].Column == newest && q.Sort[0].Desc
	switch {
	case q.Partial:
		return m.some(ctx, q.Anew)
	case q.Limit > 0 && q.Offset == 0 && q.Limit <= pageSize && q.Filter.Empty() && inOrder:
		return m.first(ctx, q.Limit)
	}
	return m.all(ctx)
}

// withCounts adds to volumes what is known of their backups.
func withCounts(volumes []core.Volume, backups []core.Backup, sure bool) []core.Volume {
	type count struct {
		n    int64
		last core.Opt[time.Time]
	}
	of := map[core.VolumeID]count{}
	for i := range backups {
		b := &backups[i]
		c := of[b.VolumeID]
		c.n++
		if b.Status == core.StatusAvailable && b.CreatedAt.Set && (!c.last.Set || b.CreatedAt.V.After(c.last.V)) {
			c.last = b.CreatedAt
		}
		of[b.VolumeID] = c
	}
	out := make([]core.Volume, len(volumes))
	for i, v := range volumes {
		v.Backups, v.LastBackup = of[v.ID].n, of[v.ID].last
		out[i] = v
	}
	return out
}

// names are the volumes' names, which a backup's row does not have.
type names struct {
	mu     sync.Mutex
	of     map[core.VolumeID]string
	read   time.Time
	busy   bool
	failed time.Time
}

func (n *names) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.of, n.read = nil, time.Time{}
}

// need reads the names if they are not here.
func (n *names) need(ctx context.Context, p *Place) error {
	n.mu.Lock()
	here := n.of != nil
	n.mu.Unlock()
	if here {
		return nil
	}
	of := map[core.VolumeID]string{}
	for marker := ""; ; {
		body, err := p.listing(ctx, "read the volumes' names", "/volumes", marker, pageSize, false)
		if err != nil {
			return err
		}
		rows, next, _, err := pageOf[struct {
			ID   string
			Name *string
		}]("read the volumes' names", body, "volumes")
		if err != nil {
			return err
		}
		for _, r := range rows {
			of[core.VolumeID(r.ID)] = or(r.Name)
		}
		if next == "" || next == marker {
			break
		}
		marker = next
	}
	n.mu.Lock()
	n.of, n.read = of, p.options.Now()
	n.mu.Unlock()
	return nil
}

// soon has the names read in the background: the list does not wait for them.
func (n *names) soon(p *Place) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := p.options.Now()
	if n.busy || now.Sub(n.failed) < quietTime || !n.read.IsZero() && now.Sub(n.read) < 5*time.Minute {
		return
	}
	n.busy = true
	go func() {
		fresh := names{}
		err := fresh.need(p.life, p)
		n.mu.Lock()
		defer n.mu.Unlock()
		n.busy = false
		if err != nil {
			n.failed = p.options.Now()
			return
		}
		n.of, n.read = fresh.of, fresh.read
	}()
}

// withNames is rows with the names of their volumes.
func (p *Place) withNames(rows []core.Backup) []core.Backup {
	p.names.mu.Lock()
	of := p.names.of
	p.names.mu.Unlock()
	if len(of) == 0 {
		return rows
	}
	out := make([]core.Backup, len(rows))
	for i, b := range rows {
		if name, ok := of[b.VolumeID]; ok {
			b.VolumeName = core.Some(name)
			b.Unseen = without(b.Unseen, "volume_name")
		}
		out[i] = b
	}
	return out
}

var shorterSets sync.Map // of pointers to sets: there are few

// without is a set without a name; sets are shared between rows, so is the result.
func without(set core.FieldSet, name string) core.FieldSet {
	if !set.Has(name) {
		return set
	}
	key := name
	for _, n := range []string{"project_id", "user_id", "encryption_key_id", "metadata", "parent_id", "volume_name"} {
		if set.Has(n) {
			key += "," + n
		}
	}
	if made, ok := shorterSets.Load(key); ok {
		return made.(core.FieldSet)
	}
	out := core.FieldSet{}
	for n := range set {
		if n != name {
			out[n] = true
		}
	}
	shorterSets.Store(key, out)
	return out
}
