package sql

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"time"

	"hearth/core"
)

// A list is answered in two steps. First the rows that match are put in order,
// by their rowids alone; the order is kept until the file changes. Then the rows
// of the page are read by rowid. So paging through a million rows costs one sort,
// and a frame costs a page.

// ordering is the rowids of what matches a query, in order.
type ordering struct {
	key    string
	stamp  int64 // of the view that it was made of
	rowids []int64
	all    int // rows without a filter
}

// orderingsKept is how many queries' orders are remembered: lists, their
// counts, and what a filter is turned back to while typing.
const orderingsKept = 8

// order returns the rowids of what matches, from memory if nothing changed.
func (p *Place) order(ctx context.Context, db view, t table, q core.Query) (*ordering, error) {
	key := orderKey(t.name, q)
	if o := p.remembered(key, db.stamp); o != nil {
		return o, nil
	}
	o := &ordering{key: key, stamp: db.stamp}
	where, args := t.where(q)
	rows, err := db.QueryContext(ctx, "SELECT "+t.alias+".rowid FROM "+t.from+" WHERE "+live(t.alias)+where+" ORDER BY "+t.orderBy(q), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		o.rowids = append(o.rowids, id)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	o.all = len(o.rowids)
	if !q.Filter.Empty() {
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM "+t.name+" "+t.alias+" WHERE "+live(t.alias)).Scan(&o.all); err != nil {
			return nil, err
		}
	}
	p.remember(o)
	return o, nil
}

// remembered returns the ordering of a query if there is one of the content as it
// is now. What was used last is forgotten last.
func (p *Place) remembered(key string, stamp int64) *ordering {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.orders, func(o *ordering) bool { return o.key == key && o.stamp == stamp })
	if i < 0 {
		return nil
	}
	o := p.orders[i]
	p.orders = append(slices.Delete(p.orders, i, i+1), o)
	return o
}

func (p *Place) remember(o *ordering) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.orders = slices.DeleteFunc(p.orders, func(old *ordering) bool { return old.key == o.key || old.stamp < o.stamp })
	p.orders = append(p.orders, o)
	if len(p.orders) > orderingsKept {
		p.orders = slices.Delete(p.orders, 0, 1)
	}
}

// window returns the rowids of the page.
func (o *ordering) window(q core.Query) []int64 {
	lo := min(max(q.Offset, 0), len(o.rowids))
	hi := len(o.rowids)
	if q.Limit > 0 {
		hi = min(hi, lo+q.Limit)
	}
	return o.rowids[lo:hi]
}

// Backups answers a query.
func (p *Place) Backups(ctx context.Context, q core.Query) (page core.Page[core.Backup], err error) {
	defer func() { page.Indexing = p.indexing() }()
	page, ok, err := reflected(ctx, p, "backups", q, func(m *Place) (core.Page[core.Backup], error) { return m.Backups(ctx, q) },
		func(b *core.Backup) string { return string(b.ID) }, func(ids []string) ([]core.Backup, error) { return p.theseBackups(ctx, ids) })
	if ok || err != nil {
		return page, err
	}
	if p.server != nil {
		return p.listBackups(ctx, q)
	}
	err = p.read(ctx, "list backups", func(db view) (err error) {
		page, err = again(p, db, "backups", q, func() (core.Page[core.Backup], error) { return p.readBackups(ctx, db, q) })
		return err
	})
	return page, err
}

func (p *Place) readBackups(ctx context.Context, db view, q core.Query) (page core.Page[core.Backup], err error) {
	found, err := p.find(ctx, db, p.schema.backupTable(), q)
	if err != nil {
		return page, err
	}
	page = core.Page[core.Backup]{Offset: found.Offset, Total: found.Total, All: found.All, About: found.About, Complete: found.Rest == nil}
	page.Rows, err = window(ctx, db, found.Rowids, "SELECT b.rowid, "+p.schema.backupSelect()+" FROM "+backupFrom+" WHERE b.rowid",
		func(row scanner) (core.Backup, error) {
			b, err := scanBackup(row)
			b.Unseen = p.unseen.backups
			return b, err
		})
	return page, err
}

// Volumes answers a query.
func (p *Place) Volumes(ctx context.Context, q core.Query) (page core.Page[core.Volume], err error) {
	defer func() { page.Indexing = p.indexing() }()
	page, ok, err := reflected(ctx, p, "volumes", q, func(m *Place) (core.Page[core.Volume], error) { return m.Volumes(ctx, q) },
		func(v *core.Volume) string { return string(v.ID) }, func(ids []string) ([]core.Volume, error) { return p.theseVolumes(ctx, ids) })
	if ok || err != nil {
		return page, err
	}
	if p.server != nil {
		return p.listVolumes(ctx, q)
	}
	err = p.read(ctx, "list volumes", func(db view) (err error) {
		page, err = again(p, db, "volumes", q, func() (core.Page[core.Volume], error) { return p.readVolumes(ctx, db, q) })
		return err
	})
	return page, err
}

func (p *Place) readVolumes(ctx context.Context, db view, q core.Query) (page core.Page[core.Volume], err error) {
	found, err := p.find(ctx, db, p.schema.volumeTable(), q)
	if err != nil {
		return page, err
	}
	page = core.Page[core.Volume]{Offset: found.Offset, Total: found.Total, All: found.All, About: found.About, Complete: found.Rest == nil}
	page.Rows, err = window(ctx, db, found.Rowids,
		"SELECT v.rowid, "+p.schema.volumeSelect()+" FROM "+p.schema.volumeFrom()+" WHERE v.rowid", func(row scanner) (core.Volume, error) {
			v, err := scanVolume(row)
			v.Unseen = p.unseen.volumes
			return v, err
		})
	if err != nil {
		return page, err
	}
	return page, p.addCounts(ctx, db, page.Rows)
}

// theseBackups reads backups by their ids, in that order; those that are gone are left out.
func (p *Place) theseBackups(ctx context.Context, ids []string) (out []core.Backup, err error) {
	err = p.read(ctx, "list backups", func(db view) error {
		out, err = byID(ctx, db, "SELECT "+p.schema.backupSelect()+" FROM "+p.schema.backupFrom()+" WHERE "+live("b")+" AND ", "b.id", ids,
			p.scanListed, func(b *core.Backup) string { return string(b.ID) })
		if err != nil || p.schema.joins() {
			return err
		}
		return p.addVolumeNames(ctx, db, out)
	})
	return out, err
}

// theseVolumes is theseBackups for volumes.
func (p *Place) theseVolumes(ctx context.Context, ids []string) (out []core.Volume, err error) {
	err = p.read(ctx, "list volumes", func(db view) error {
		scan := func(row scanner) (core.Volume, error) {
			v, err := scanVolume(row)
			v.Unseen = p.unseen.volumes
			return v, err
		}
		out, err = byID(ctx, db, "SELECT "+p.schema.volumeSelect()+" FROM "+p.schema.volumeFrom()+" WHERE "+live("v")+" AND ", "v.id", ids,
			scan, func(v *core.Volume) string { return string(v.ID) })
		if err != nil {
			return err
		}
		if !p.schema.joins() {
			types, err := p.names(ctx, db, "volume_types", "name")
			if err != nil {
				return err
			}
			for i := range out {
				out[i].VolumeType = types[out[i].VolumeTypeID.V]
			}
		}
		return p.addCounts(ctx, db, out)
	})
	return out, err
}

// chunk is how many rowids one statement asks for.
const chunk = 500

// rowScanner hands on what follows the rowid.
type rowScanner struct {
	rows *sql.Rows
	id   *int64
}

func (r rowScanner) Scan(dest ...any) error { return r.rows.Scan(append([]any{r.id}, dest...)...) }

// window reads rows in the order of their rowids; rows that went meanwhile are
// left out. query ends where the rowids are to be named.
func window[T any](ctx context.Context, db querier, rowids []int64, query string, scan func(scanner) (T, error)) ([]T, error) {
	out := make([]T, 0, len(rowids))
	for ids := range slices.Chunk(rowids, chunk) {
		got := make(map[int64]T, len(ids))
		if err := readChunk(ctx, db, ids, query, got, scan); err != nil {
			return nil, err
		}
		for _, id := range ids {
			if v, ok := got[id]; ok {
				out = append(out, v)
			}
		}
	}
	return out, nil
}

func readChunk[T any](ctx context.Context, db querier, ids []int64, query string, got map[int64]T, scan func(scanner) (T, error)) error {
	list := []byte(query + " IN (")
	for i, id := range ids {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, id, 10)
	}
	rows, err := db.QueryContext(ctx, string(append(list, ')')))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		v, err := scan(rowScanner{rows, &id})
		if err != nil {
			return err
		}
		got[id] = v
	}
	return rows.Err()
}

// backupCount is how many backups a volume has, and when the newest available one was
// made.
type backupCount struct {
	n    int64
	last core.Opt[time.Time]
}

// addCounts tells volumes how many backups they have.
func (p *Place) addCounts(ctx context.Context, db querier, volumes []core.Volume) error {
	counts, err := p.countsOf(ctx, db, volumes)
	for i := range volumes {
		v := &volumes[i]
		v.Backups, v.LastBackup = counts[v.ID].n, counts[v.ID].last
	}
	return err
}

// countsOf counts the backups of volumes.
func (p *Place) countsOf(ctx context.Context, db querier, volumes []core.Volume) (map[core.VolumeID]backupCount, error) {
	out := make(map[core.VolumeID]backupCount, len(volumes))
	for some := range slices.Chunk(volumes, chunk) {
		ids := make([]any, len(some))
		for i := range some {
			ids[i] = string(some[i].ID)
		}
		if err := p.countChunk(ctx, db, ids, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (p *Place) countChunk(ctx context.Context, db querier, ids []any, out map[core.VolumeID]backupCount) error {
	return p.count(ctx, db, "b.volume_id IN (?"+strings.Repeat(", ?", len(ids)-1)+")", ids, out)
}

// count counts by volume the backups that fulfil a condition.
func (p *Place) count(ctx context.Context, db querier, cond string, args []any, out map[core.VolumeID]backupCount) error {
	rows, err := db.QueryContext(ctx, p.schema.countBackups(cond), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, last sql.NullString
		var n int64
		if err := rows.Scan(&id, &n, &last); err != nil {
			return err
		}
		out[core.VolumeID(id.String)] = backupCount{n, optStamp(last)}
	}
	return rows.Err()
}
