package cinder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"sync"
	"time"

	"hearth/core"
)

// backupSource and volumeSource are what the mirrors read.
type backupSource struct {
	p     *Place
	reach core.Reach
}

type volumeSource struct {
	p     *Place
	reach core.Reach
}

func (s backupSource) fetch(ctx context.Context, marker string, limit int, count bool) ([]byte, error) {
	return s.p.listing(ctx, s.reach, "list the backups", "/backups/detail", marker, limit, count)
}
func (s backupSource) from(ctx context.Context, offset, limit int) ([]byte, error) {
	return s.p.listingFrom(ctx, s.reach, "list the backups", "/backups/detail", offset, limit)
}
func (s backupSource) next(body []byte) string { return nextMarker(body, "backups") }
func (s backupSource) decode(body []byte) (fetched[core.Backup], error) {
	rows, next, count, err := pageOf[backupRow]("list the backups", body, "backups")
	out := fetched[core.Backup]{rows: make([]core.Backup, len(rows)), next: next, count: count}
	v, one := s.p.version(), interned{}
	for i := range rows {
		b := rows[i].backup(v, false)
		b.Status, b.UserID, b.ProjectID = one.of(b.Status), one.of(b.UserID), core.ProjectID(one.of(string(b.ProjectID)))
		b.VolumeID, b.AvailabilityZone.V, b.Container.V = core.VolumeID(one.of(string(b.VolumeID))), one.of(b.AvailabilityZone.V), one.of(b.Container.V)
		out.rows[i] = b
	}
	return out, err
}
func (s backupSource) one(ctx context.Context, id string) (core.Backup, error) {
	return s.p.backup(ctx, core.BackupID(id))
}
func (backupSource) id(b *core.Backup) string { return string(b.ID) }
func (backupSource) moving(b *core.Backup) (bool, core.Opt[time.Time]) {
	return core.InTransit(b.Status), lastChange(b.UpdatedAt, b.CreatedAt)
}

func (s backupSource) load(ctx context.Context) ([]core.Backup, time.Time) {
	return loadListing(ctx, s.p, s.reach, "backups", func(r *backupRow) core.Backup { return r.backup(s.p.version(), false) })
}

func (s backupSource) save(ctx context.Context, rows []core.Backup, at time.Time) {
	saveListing(ctx, s.p, s.reach, "backups", rows, at, rowOf)
}

func (s volumeSource) fetch(ctx context.Context, marker string, limit int, count bool) ([]byte, error) {
	return s.p.listing(ctx, s.reach, "list the volumes", "/volumes/detail", marker, limit, count)
}
func (s volumeSource) from(ctx context.Context, offset, limit int) ([]byte, error) {
	return s.p.listingFrom(ctx, s.reach, "list the volumes", "/volumes/detail", offset, limit)
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
func (volumeSource) id(v *core.Volume) string { return string(v.ID) }
func (volumeSource) moving(v *core.Volume) (bool, core.Opt[time.Time]) {
	return core.InTransit(v.Status), lastChange(v.UpdatedAt, v.CreatedAt)
}

func lastChange(updated, created core.Opt[time.Time]) core.Opt[time.Time] {
	if updated.Set {
		return updated
	}
	return created
}

func (s volumeSource) load(ctx context.Context) ([]core.Volume, time.Time) {
	return loadListing(ctx, s.p, s.reach, "volumes", func(r *volumeRow) core.Volume { return r.volume(s.p.version()) })
}

func (s volumeSource) save(ctx context.Context, rows []core.Volume, at time.Time) {
	saveListing(ctx, s.p, s.reach, "volumes", rows, at, volumeRowOf)
}

// interned holds texts that many rows share once.
type interned map[string]string

func (m interned) of(s string) string {
	if t, ok := m[s]; ok {
		return t
	}
	m[s] = s
	return s
}

// version is the cloud's, as far as hearth knows it.
func (p *Place) version() version {
	pass, _ := p.session.current()
	return pass.Version
}

// listing reads a page of a list, newest first: Cinder's own order.
func (p *Place) listing(ctx context.Context, reach core.Reach, tried, path, marker string, limit int, count bool) ([]byte, error) {
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
	if reach == core.ReachAll {
		q.Set("all_tenants", "1")
	}
	r, err := p.session.do(ctx, call{tried: tried, path: path, query: q})
	return r.body, err
}

// listingFrom reads a page by its offset.
func (p *Place) listingFrom(ctx context.Context, reach core.Reach, tried, path string, offset, limit int) ([]byte, error) {
	q := url.Values{"limit": {strconv.Itoa(limit)}, "offset": {strconv.Itoa(offset)}}
	if reach == core.ReachAll {
		q.Set("all_tenants", "1")
	}
	r, err := p.session.do(ctx, call{tried: tried, path: path, query: q})
	return r.body, err
}

// listingName names a kept list: other projects' lists are others.
func listingName(kind string, reach core.Reach) string {
	if reach == core.ReachAll {
		return kind + " of all projects"
	}
	return kind
}

// listingHead begins a kept list: whose it is.
type listingHead struct {
	Login string `json:"hearth_login"`
}

func (p *Place) listingHead() listingHead {
	sum := sha256.Sum256([]byte(p.session.login.whose()))
	return listingHead{hex.EncodeToString(sum[:8])}
}

var errOtherLogin = errors.New("it is another login's")

func loadListing[R, T any](ctx context.Context, p *Place, reach core.Reach, kind string, row func(*R) T) ([]T, time.Time) {
	if p.options.Listings == nil {
		return nil, time.Time{}
	}
	var out []T
	at, err := p.options.Listings.Listing(ctx, p.location, listingName(kind, reach), func(r io.Reader) error {
		d := json.NewDecoder(r)
		var head listingHead
		switch err := d.Decode(&head); {
		case err != nil:
			return err
		case head != p.listingHead():
			return errOtherLogin
		}
		for {
			var x R
			switch err := d.Decode(&x); {
			case err == io.EOF:
				return nil
			case err != nil:
				return err
			}
			out = append(out, row(&x))
		}
	})
	if err != nil || at.IsZero() {
		return nil, time.Time{} // the cloud will tell
	}
	return out, at
}

// saveListing keeps a list, a row a line: it is written as it is packed, so that it
// never lies in memory whole.
func saveListing[R, T any](ctx context.Context, p *Place, reach core.Reach, kind string, rows []T, at time.Time, row func(*T) R) {
	if p.options.Listings == nil {
		return
	}
	// That it could not be kept costs the next run a moment.
	p.options.Listings.KeepListing(ctx, p.location, listingName(kind, reach), at, func(w io.Writer) error {
		e := json.NewEncoder(w)
		if err := e.Encode(p.listingHead()); err != nil {
			return err
		}
		for i := range rows {
			if err := e.Encode(row(&rows[i])); err != nil {
				return err
			}
		}
		return nil
	})
}

// Backups answers a query. Without Partial every row is read first, unless the
// newest few are all that is asked for.
func (p *Place) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	l := p.of(q)
	named := p.gather(ctx, l, q)
	v, err := answer(ctx, l.backups, q)
	if err != nil && len(v.rows) == 0 {
		return core.Page[core.Backup]{Offset: q.Offset}, p.refused(l, err)
	}
	ready, nerr := named()
	if nerr != nil {
		return core.Page[core.Backup]{Offset: q.Offset}, nerr
	}
	// What is joined to the rows is joined to those of the page only, unless it
	// decides which rows those are.
	decides := q
	decides.Wants = nil
	if decides.Needs("volume") || decides.Needs("project-name") || decides.Needs("parent") {
		v.rows = p.joined(l, v.rows)
	}
	page := l.sortedBackups.page(v.rows, q, core.SelectBackups)
	page.Rows = p.joined(l, page.Rows)
	page.AsOf, page.Complete = v.asOf, v.complete && ready
	return page, err
}

// Volumes answers a query.
func (p *Place) Volumes(ctx context.Context, q core.Query) (core.Page[core.Volume], error) {
	l := p.of(q)
	named := p.gather(ctx, l, q)
	v, err := answer(ctx, l.volumes, q)
	if err != nil && len(v.rows) == 0 {
		return core.Page[core.Volume]{Offset: q.Offset}, p.refused(l, err)
	}
	ready, nerr := named()
	if nerr != nil {
		return core.Page[core.Volume]{Offset: q.Offset}, nerr
	}
	if projects := p.projects.get(); len(projects) > 0 {
		rows := make([]core.Volume, len(v.rows))
		for i, row := range v.rows {
			p.nameVolume(&row, projects)
			rows[i] = row
		}
		v.rows = rows
	}
	if q.Needs("backups") || q.Needs("last-backup") {
		bq := core.Query{Partial: q.Partial}
		b, berr := answer(ctx, l.backups, bq)
		if berr != nil && !q.Partial {
			return core.Page[core.Volume]{Offset: q.Offset}, berr
		}
		v.rows = withCounts(v.rows, b.rows, b.complete)
		v.complete = v.complete && (b.complete || berr != nil)
	}
	page := l.sortedVolumes.page(v.rows, q, core.SelectVolumes)
	page.AsOf, page.Complete = v.asOf, v.complete && ready
	return page, err
}

// refused notes it where the cloud does not list every project for the login.
func (p *Place) refused(l *lists, err error) error {
	if l.reach == core.ReachAll {
		return p.noted(core.OpAllProjects, err)
	}
	return err
}

// answer reads as much of a list as a query needs.
func answer[T any](ctx context.Context, m *mirror[T], q core.Query) (view[T], error) {
	switch {
	case q.Partial:
		return m.some(ctx, q.Anew)
	case q.Anew:
		return m.afresh(ctx)
	case q.Limit > 0 && q.Offset == 0 && q.Limit <= pageSize && q.Filter.Empty() && asListed(q.Sort):
		return m.first(ctx, q.Limit)
	}
	return m.all(ctx)
}

// asListed reports whether an order is the one that the cloud lists in.
func asListed(orders []core.Order) bool {
	for i, o := range orders {
		if i > 1 || o != (core.Order{Column: []string{"created", "id"}[i], Desc: true}) {
			return false
		}
	}
	return true
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

// joined is rows with what is known of their volumes, projects and parents.
func (p *Place) joined(l *lists, rows []core.Backup) []core.Backup {
	return p.withParents(p.withNames(l, rows))
}

var shorterSets sync.Map // of pointers to sets: there are few

// without is a set without a name; sets are shared between rows, so is the result.
func without(set core.FieldSet, name string) core.FieldSet {
	if !set.Has(name) {
		return set
	}
	key := name
	for _, n := range []string{"project_id", "user_id", "encryption_key_id", "metadata", "parent_id", "volume_name", "project_name"} {
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

// sorted is the last answer, in order: who reads a list page by page does not have
// it filtered and sorted for each.
type sorted[T any] struct {
	mu   sync.Mutex
	of   []T // the rows that were selected from
	key  string
	last core.Page[T]
}

// page answers a query from rows.
func (s *sorted[T]) page(rows []T, q core.Query, choose func([]T, core.Query) core.Page[T]) core.Page[T] {
	if q.Limit == 0 || q.Partial {
		return choose(rows, q)
	}
	key := fmt.Sprintf("%q %v %v", q.Filter.Text, q.Sort, q.Now)
	s.mu.Lock()
	defer s.mu.Unlock()
	same := len(s.of) == len(rows) && s.key == key && (len(rows) == 0 || &s.of[0] == &rows[0])
	if !same {
		whole := q
		whole.Offset, whole.Limit = 0, 0
		s.of, s.key, s.last = rows, key, choose(rows, whole)
	}
	out := s.last
	lo := min(max(q.Offset, 0), len(s.last.Rows))
	out.Offset, out.Rows = q.Offset, s.last.Rows[lo:min(lo+q.Limit, len(s.last.Rows))]
	return out
}
