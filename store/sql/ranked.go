package sql

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"hearth/core"
)

// A server's database has no order of core's: its collations are not ours, and it has no
// index for what people sort by. So a list is put in order here. What the filter and the
// order need is read of all rows, once; the first ids of those that match are kept in order
// until they may be out of date, and all of them once somebody goes further; and the rows of
// a page are read by their ids.

// ranksKept is how many ids are kept in order of a list that is looked at from its beginning:
// a million of them with what they are ordered by take a quarter of a gigabyte.
const ranksKept = 10_000

// ranked is the ids of what matches a query, in order: all of them, or the first.
type ranked struct {
	key   string
	stamp int64 // of the view that it was made of
	ids   []string
	total int // of what matches
	all   int // rows without a filter
}

// reaches reports whether the page of a query is among what is kept.
func (o *ranked) reaches(q core.Query) bool {
	return len(o.ids) == o.total || near(q) && max(q.Offset, 0)+q.Limit <= len(o.ids)
}

// near reports whether the page of a query lies among the first that are kept.
func near(q core.Query) bool { return q.Limit > 0 && max(q.Offset, 0)+q.Limit <= ranksKept }

// window is the ids of the page.
func (o *ranked) window(q core.Query) []string {
	lo := min(max(q.Offset, 0), len(o.ids))
	hi := len(o.ids)
	if q.Limit > 0 {
		hi = min(hi, lo+q.Limit)
	}
	return o.ids[lo:hi]
}

// rankedBy returns the ids that are kept for a query, or has them read: under a key which is
// the same for all its pages.
func (s *server) rankedBy(key string, stamp int64, q core.Query, read func() (*ranked, error)) (*ranked, error) {
	s.mu.Lock()
	i := slices.IndexFunc(s.kept, func(o *ranked) bool { return o.key == key && o.stamp == stamp && o.reaches(q) })
	if i >= 0 {
		o := s.kept[i]
		s.kept = append(slices.Delete(s.kept, i, i+1), o)
		s.mu.Unlock()
		return o, nil
	}
	s.mu.Unlock()
	began := time.Now()
	o, err := read()
	if err != nil {
		return nil, err
	}
	s.cost(time.Since(began))
	o.key, o.stamp = key, stamp
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = slices.DeleteFunc(s.kept, func(old *ranked) bool { return old.key == o.key || old.stamp < o.stamp })
	s.kept = append(s.kept, o)
	if len(s.kept) > orderingsKept {
		s.kept = slices.Delete(s.kept, 0, 1)
	}
	return o, nil
}

// ranking is how rows of one kind are read and ranked.
type ranking[T any] struct {
	columns core.Columns[T]
	sources map[string][]string // column of ours -> columns of the table
	scan    func(scanner) (T, error)
	id      func(*T) string
	join    func(*T) // gives a row what is not in its table
}

// reads names the columns of the table that a query's filter and order need, and the id.
func (r ranking[T]) reads(q core.Query) []string {
	out := []string{"id", "deleted"}
	q.Wants = nil
	for name, columns := range r.sources {
		if q.Needs(name) || len(q.Sort) == 0 && name == "created" || name == "volume-id" && q.Needs("volume") {
			out = append(out, columns...)
		}
	}
	return out
}

// rank reads rows and puts the ids of those that match in order.
func (r ranking[T]) rank(rows *sql.Rows, q core.Query) (*ranked, error) {
	defer rows.Close()
	order := core.NewRanking(r.columns, q.Sort)
	o := &ranked{}
	first := firsts{before: order.Compare}
	if near(q) {
		first.most = ranksKept
	}
	for rows.Next() {
		row, err := r.scan(rows)
		if err != nil {
			return nil, err
		}
		o.all++
		r.join(&row)
		if core.Match(q.Filter, r.columns, &row, q.Now) {
			first.add(order.Of(&row, r.id(&row)))
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	o.total = first.total
	first.cut()
	o.ids = make([]string, len(first.ranks))
	for i := range first.ranks {
		o.ids[i] = first.ranks[i].ID
	}
	return o, nil
}

// firsts keeps the first ranks of those that it is given, in memory for twice as many.
type firsts struct {
	before func(a, b core.Rank) int
	most   int // how many; 0: all
	total  int // that were given
	ranks  []core.Rank
	last   *core.Rank // what stands behind it is not among them; nil: not known yet
}

func (f *firsts) add(r core.Rank) {
	f.total++
	if f.last != nil && f.before(r, *f.last) > 0 {
		return
	}
	if f.ranks = append(f.ranks, r); f.most > 0 && len(f.ranks) >= 2*f.most {
		f.cut()
	}
}

// cut puts them in order, and leaves what is too many.
func (f *firsts) cut() {
	slices.SortFunc(f.ranks, f.before)
	if f.most > 0 && len(f.ranks) >= f.most {
		clear(f.ranks[f.most:])
		f.ranks = f.ranks[:f.most]
		last := f.ranks[f.most-1]
		f.last = &last
	}
}

// among is a condition on an id that has as many arguments as there are ids.
func among(column string, ids []string) (string, []any) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return column + " IN (" + strings.TrimSuffix(strings.Repeat("?, ", len(ids)), ", ") + ")", args
}

// byID reads the rows of some ids, in their order; rows that went meanwhile are left out.
// query ends where a condition may follow.
func byID[T any](ctx context.Context, db querier, query, column string, ids []string, scan func(scanner) (T, error), id func(*T) string,
) ([]T, error) {
	out := make([]T, 0, len(ids))
	for part := range slices.Chunk(ids, chunk) {
		got, err := oneChunk(ctx, db, query, column, part, scan, id)
		if err != nil {
			return nil, err
		}
		for _, id := range part {
			if v, ok := got[id]; ok {
				out = append(out, v)
			}
		}
	}
	return out, nil
}

func oneChunk[T any](ctx context.Context, db querier, query, column string, ids []string, scan func(scanner) (T, error), id func(*T) string,
) (map[string]T, error) {
	cond, args := among(column, ids)
	rows, err := db.QueryContext(ctx, query+cond, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	got := make(map[string]T, len(ids))
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		got[id(&v)] = v
	}
	return got, rows.Err()
}

// named is an id and a name.
type named struct {
	id   string
	name core.Opt[string]
}

func scanNamed(row scanner) (named, error) {
	var id, name sql.NullString
	err := row.Scan(&id, &name)
	return named{id.String, opt(name)}, err
}

// names reads the names of all rows of a table, by id.
func (p *Place) names(ctx context.Context, db querier, table, column string) (map[string]core.Opt[string], error) {
	out := map[string]core.Opt[string]{}
	if !p.schema.has(table, "id") || !p.schema.has(table, column) {
		return out, nil
	}
	rows, err := db.QueryContext(ctx, "SELECT "+p.schema.text("n", table, "id")+", "+p.schema.text("n", table, column)+" FROM "+table+" n")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		n, err := scanNamed(rows)
		if err != nil {
			return nil, err
		}
		out[n.id] = n.name
	}
	return out, rows.Err()
}

// listBackups answers a query of a server's database.
func (p *Place) listBackups(ctx context.Context, q core.Query) (page core.Page[core.Backup], err error) {
	err = p.read(ctx, "list backups", func(db view) error {
		page = core.Page[core.Backup]{Offset: q.Offset, Complete: true}
		o, err := p.server.rankedBy(orderKey("backups", q), db.stamp, q, func() (*ranked, error) { return p.rankBackups(ctx, db, q) })
		if err != nil {
			return err
		}
		page.Total, page.All = o.total, o.all
		page.Rows, err = byID(ctx, db, "SELECT "+p.schema.backupSelect()+" FROM backups b WHERE "+live("b")+" AND ", "b.id", o.window(q),
			p.scanListed, func(b *core.Backup) string { return string(b.ID) })
		if err != nil {
			return err
		}
		return p.addVolumeNames(ctx, db, page.Rows)
	})
	return page, err
}

func (p *Place) scanListed(row scanner) (core.Backup, error) {
	b, err := scanBackup(row)
	b.Unseen = p.unseen.backups
	return b, err
}

// addVolumeNames gives a page of backups the names of their volumes.
func (p *Place) addVolumeNames(ctx context.Context, db querier, backups []core.Backup) error {
	var ids []string
	for i := range backups {
		ids = append(ids, string(backups[i].VolumeID))
	}
	slices.Sort(ids)
	known, err := byID(ctx, db, "SELECT "+p.schema.text("v", "volumes", "id")+", "+p.schema.text("v", "volumes", "display_name")+
		" FROM volumes v WHERE ", "v.id", slices.Compact(ids), scanNamed, func(n *named) string { return n.id })
	if err != nil {
		return err
	}
	names := map[string]core.Opt[string]{}
	for _, n := range known {
		names[n.id] = n.name
	}
	for i := range backups {
		backups[i].VolumeName = names[string(backups[i].VolumeID)]
	}
	return nil
}

func (p *Place) rankBackups(ctx context.Context, db querier, q core.Query) (*ranked, error) {
	var names map[string]core.Opt[string]
	r := ranking[core.Backup]{columns: core.BackupColumns, sources: backupSources, scan: p.scanListed,
		id:   func(b *core.Backup) string { return string(b.ID) },
		join: func(b *core.Backup) { b.VolumeName = names[string(b.VolumeID)] }}
	q.Wants = nil
	if q.Needs("volume") {
		var err error
		if names, err = p.names(ctx, db, "volumes", "display_name"); err != nil {
			return nil, err
		}
	}
	rows, err := db.QueryContext(ctx, "SELECT "+p.schema.only("backups", r.reads(q)).backupSelect()+" FROM backups b WHERE "+live("b"))
	if err != nil {
		return nil, err
	}
	return r.rank(rows, q)
}

// listVolumes answers a query of a server's database.
func (p *Place) listVolumes(ctx context.Context, q core.Query) (page core.Page[core.Volume], err error) {
	err = p.read(ctx, "list volumes", func(db view) error {
		page = core.Page[core.Volume]{Offset: q.Offset, Complete: true}
		counts := map[core.VolumeID]backupCount{} // of all where they decide, else of the page
		if q.Decides("backups") || q.Decides("last-backup") {
			if err := p.count(ctx, db, "1 = 1", nil, counts); err != nil {
				return err
			}
		}
		types, err := p.names(ctx, db, "volume_types", "name")
		if err != nil {
			return err
		}
		scan := func(row scanner) (core.Volume, error) {
			v, err := scanVolume(row)
			c := counts[v.ID]
			v.Unseen, v.Backups, v.LastBackup = p.unseen.volumes, c.n, c.last
			v.VolumeType = types[v.VolumeTypeID.V]
			return v, err
		}
		id := func(v *core.Volume) string { return string(v.ID) }
		o, err := p.server.rankedBy(orderKey("volumes", q), db.stamp, q, func() (*ranked, error) {
			r := ranking[core.Volume]{columns: core.VolumeFields, sources: volumeSources, scan: scan, id: id, join: func(*core.Volume) {}}
			rows, err := db.QueryContext(ctx, "SELECT "+p.schema.only("volumes", r.reads(q)).volumeSelect()+" FROM volumes v WHERE "+live("v"))
			if err != nil {
				return nil, err
			}
			return r.rank(rows, q)
		})
		if err != nil {
			return err
		}
		page.Total, page.All = o.total, o.all
		page.Rows, err = byID(ctx, db, "SELECT "+p.schema.volumeSelect()+" FROM volumes v WHERE "+live("v")+" AND ", "v.id",
			o.window(q), scan, id)
		if err != nil {
			return err
		}
		return p.addCounts(ctx, db, page.Rows)
	})
	return page, err
}

// countByText is countBackups where volumes are told apart by the bytes of their ids.
func (s schema) countByText(cond string) string {
	volume := s.text("b", "backups", "volume_id")
	return "SELECT " + volume + ", count(*), max(CASE WHEN " + s.text("b", "backups", "status") + " = '" + core.StatusAvailable + "' THEN " +
		s.time("b", "backups", "created_at") + " END) FROM backups b WHERE " + live("b") + " AND " + cond + " GROUP BY " + volume
}

// backupSources are the columns of backups that those of core.BackupColumns are read
// from; what is in no column of that table is not here.
var backupSources = map[string][]string{
	"name": {"display_name"}, "status": {"status"}, "kind": {"parent_id"}, "size": {"size"}, "created": {"created_at"},
	"volume": {"volume_id"}, "volume-id": {"volume_id"}, "description": {"display_description"}, "reason": {"fail_reason"},
	"project": {"project_id"}, "user": {"user_id"}, "parent": {"parent_id"}, "has-dependents": {"num_dependent_backups"},
	"dependents": {"num_dependent_backups"}, "objects": {"object_count"}, "container": {"container"}, "service": {"service"},
	"service-metadata": {"service_metadata"}, "az": {"availability_zone"}, "host": {"host"}, "snapshot": {"snapshot_id"},
	"restored": {"restore_volume_id"}, "key": {"encryption_key_id"}, "data-time": {"data_timestamp"}, "updated": {"updated_at"},
}

// volumeSources are the same of volumes and core.VolumeFields.
var volumeSources = map[string][]string{
	"name": {"display_name"}, "status": {"status"}, "size": {"size"}, "bootable": {"bootable"}, "encrypted": {"encryption_key_id"},
	"created": {"created_at"}, "description": {"display_description"}, "type": {"volume_type_id"}, "type-id": {"volume_type_id"},
	"project": {"project_id"}, "user": {"user_id"}, "az": {"availability_zone"}, "host": {"host"}, "attached": {"attach_status"},
	"multiattach": {"multiattach"}, "snapshot": {"snapshot_id"}, "source": {"source_volid"}, "key": {"encryption_key_id"},
	"updated": {"updated_at"},
}
