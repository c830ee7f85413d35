package cinder

import (
	"cmp"
	"context"
	"maps"
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
		b.VolumeID = core.VolumeID(one.of(string(b.VolumeID)))
		b.AvailabilityZone.V, b.Container.V = one.of(b.AvailabilityZone.V), one.of(b.Container.V)
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

func (s backupSource) load(ctx context.Context) ([]core.Backup, time.Time, error) {
	return loadListing(ctx, s.p, s.reach, "backups", func(r *backupRow) core.Backup { return r.backup(s.p.version(), false) })
}

func (s backupSource) keptAt(ctx context.Context) (time.Time, error) {
	return listingAt(ctx, s.p, s.reach, "backups")
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

func (s volumeSource) load(ctx context.Context) ([]core.Volume, time.Time, error) {
	return loadListing(ctx, s.p, s.reach, "volumes", func(r *volumeRow) core.Volume { return r.volume(s.p.version()) })
}

func (s volumeSource) keptAt(ctx context.Context) (time.Time, error) {
	return listingAt(ctx, s.p, s.reach, "volumes")
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

// Backups answers a query. Without Partial every row is read first, unless the
// newest few are all that is asked for.
func (p *Place) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	l := p.of(q)
	named := p.gather(ctx, l, q)
	v, err := answer(ctx, l.backups, q)
	if err != nil && len(v.rows) == 0 {
		return core.Page[core.Backup]{Offset: q.Offset}, p.refused(l, v.because(err))
	}
	names := named()
	if names.err != nil {
		return core.Page[core.Backup]{Offset: q.Offset}, names.err
	}
	// What is joined to the rows is joined to those of the page only, unless it
	// decides which rows those are.
	decides := q
	decides.Wants = nil
	if decides.Needs("volume") || decides.Needs("project-name") || decides.Needs("parent") {
		v.rows = p.joined(l, v.rows)
	}
	page := l.sortedBackups.page(v.rows, q, core.SelectBackups)
	page.Rows, page.Lacks = p.joined(l, page.Rows), v.lacks(names.lacks)
	page.AsOf, page.Complete, page.Short, page.Renewing = v.asOf, v.complete && names.ready, v.short, v.renewing
	return page, err
}

// Volumes answers a query.
func (p *Place) Volumes(ctx context.Context, q core.Query) (core.Page[core.Volume], error) {
	l := p.of(q)
	named := p.gather(ctx, l, q)
	v, err := answer(ctx, l.volumes, q)
	if err != nil && len(v.rows) == 0 {
		return core.Page[core.Volume]{Offset: q.Offset}, p.refused(l, v.because(err))
	}
	names := named()
	if names.err != nil {
		return core.Page[core.Volume]{Offset: q.Offset}, names.err
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
		switch {
		case core.CodeOf(berr) == core.CodeIncomplete: // then counts and times are of what there is
			err = cmp.Or(err, berr)
			v.rows = withCounts(v.rows, b.rows)
		case berr != nil && (core.CodeOf(berr) == core.CodeCancelled || !q.Partial && (q.Decides("backups") || q.Decides("last-backup"))):
			return core.Page[core.Volume]{Offset: q.Offset}, berr
		case berr != nil && len(b.rows) == 0:
			names.lacks = append(names.lacks, lack("how many backups each has", berr))
			v.rows = uncounted(v.rows)
		default:
			v.rows = withCounts(v.rows, b.rows)
		}
		v.short = cmp.Or(v.short, b.short)
		v.complete = v.complete && (b.complete || berr != nil)
	}
	page := l.sortedVolumes.page(v.rows, q, core.SelectVolumes)
	page.Lacks = v.lacks(names.lacks)
	page.AsOf, page.Complete, page.Short, page.Renewing = v.asOf, v.complete && names.ready, v.short, v.renewing
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
func withCounts(volumes []core.Volume, backups []core.Backup) []core.Volume {
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

// uncounted are volumes of which nobody can say how many backups they have.
func uncounted(volumes []core.Volume) []core.Volume {
	out := make([]core.Volume, len(volumes))
	for i, v := range volumes {
		v.Unseen = maps.Clone(v.Unseen)
		if v.Unseen == nil {
			v.Unseen = core.FieldSet{}
		}
		v.Unseen["backup_count"], v.Unseen["last_backup_at"] = true, true
		out[i] = v
	}
	return out
}

// joined is rows with what is known of their volumes, projects and parents.
func (p *Place) joined(l *lists, rows []core.Backup) []core.Backup {
	return p.parents.added(p.withNames(l, rows))
}

func (p *Place) newLists(reach core.Reach) *lists {
	return &lists{
		reach:   reach,
		backups: newMirror(p.life, source[core.Backup](backupSource{p, reach}), p.options.Now),
		volumes: newMirror(p.life, source[core.Volume](volumeSource{p, reach}), p.options.Now),
	}
}
