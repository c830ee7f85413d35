package sql

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hearth/core"
	"hearth/store/index"
)

// patience is how long a list is looked along before what was found so far is shown.
const patience = 40 * time.Millisecond

// atOnce is how many backups a store may have for its index to be made while it is opened;
// with more, that is done beside what is asked of it.
const atOnce = 20_000

// rest is where a search stopped, for when the same is asked again.
type rest struct {
	key   string
	stamp int64
	rest  *index.Rest
}

// find finds a page's rows: by the index where the file has one, else by putting all rows
// that match in order.
func (p *Place) find(ctx context.Context, db view, t table, q core.Query) (index.Answer, error) {
	by, err := p.indexed(ctx, db, t, q)
	if err != nil {
		return index.Answer{}, err
	}
	if by == nil {
		o, err := p.order(ctx, db, t, q)
		if err != nil {
			return index.Answer{}, err
		}
		return index.Answer{Rowids: o.window(q), Offset: q.Offset, Total: len(o.rowids), All: o.all}, nil
	}
	wait := time.Duration(0)
	if q.Partial {
		wait = patience
	}
	key := fmt.Sprintf("%s %d %d %+v", orderKey(t.name, q), q.Offset, q.Limit, q.From)
	a, err := by.Page(ctx, db, q, p.stopped(key, db.stamp), wait)
	p.wants(by)
	if err == nil && a.Rest != nil {
		p.stopAt(rest{key, db.stamp, a.Rest})
	}
	return a, err
}

// CountBackups and CountVolumes count what fulfils a query's filter.
func (p *Place) CountBackups(ctx context.Context, q core.Query) (int, error) {
	return p.countRows(ctx, p.schema.backupTable(), q, (*Place).CountBackups, func() (int, error) {
		page, err := p.listBackups(ctx, q)
		return page.Total, err
	})
}

// CountVolumes is CountBackups for volumes.
func (p *Place) CountVolumes(ctx context.Context, q core.Query) (int, error) {
	return p.countRows(ctx, p.schema.volumeTable(), q, (*Place).CountVolumes, func() (int, error) {
		page, err := p.listVolumes(ctx, q)
		return page.Total, err
	})
}

// countRows counts by the mirror, by the index, or all rows; of a server's database by
// what a list of it says.
func (p *Place) countRows(ctx context.Context, t table, q core.Query, mirror func(*Place, context.Context, core.Query) (int, error),
	list func() (int, error)) (n int, err error) {
	q.Offset, q.Limit, q.From, q.Partial = 0, 1, nil, false
	if p.mirror != nil {
		if s, _, err := p.mirror.ready(ctx, q); err == nil && s != nil {
			if n, err = mirror(s, ctx, q); err == nil || ctx.Err() != nil {
				return n, err
			}
			p.mirror.doubt(err) // what is wrong with a mirror is no one's trouble
		}
	}
	if p.server != nil {
		return list()
	}
	err = p.read(ctx, "count "+t.name, func(db view) error {
		by, err := p.indexed(ctx, db, t, q)
		if err == nil && by != nil {
			n, err = by.Count(ctx, db, q)
			return err
		}
		if err != nil {
			return err
		}
		o, err := p.order(ctx, db, t, q)
		if err == nil {
			n = len(o.rowids)
		}
		return err
	})
	return n, err
}

// indexed returns the index of a table where it answers a query, else nil: where the file
// has none yet, or holds what only core's own comparison gets right, and for orders by more
// than one column.
func (p *Place) indexed(ctx context.Context, db view, t table, q core.Query) (*index.Table, error) {
	if !p.own || len(q.Sort) > 1 {
		return nil, nil
	}
	by := p.schema.indexTable(t)
	able, err := by.Able(ctx, db)
	if err != nil || !able {
		return nil, err
	}
	if !by.Orders(core.Ordered(q.Sort)[0].Column) {
		p.wants(by)
		return nil, nil
	}
	return by, nil
}

// wants has the columns put in order that an index has not got and a query asked for.
func (p *Place) wants(by *index.Table) {
	if missed := by.Missed(); p.want != nil && len(missed) > 0 {
		p.want(by.Name, missed)
	}
}

// stopped returns where a search stopped, nil if it did not, or not in this content.
func (p *Place) stopped(key string, stamp int64) *index.Rest {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.rests {
		if r.key == key && r.stamp == stamp {
			return r.rest
		}
	}
	return nil
}

func (p *Place) stopAt(r rest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rests = append(slices.DeleteFunc(p.rests, func(old rest) bool { return old.key == r.key || old.stamp < r.stamp }), r)
	if len(p.rests) > orderingsKept {
		p.rests = slices.Delete(p.rests, 0, 1)
	}
}

// sparse are the columns that are empty in most rows of a cloud. The metadata of the service
// is not: the drivers that store chunks keep the backup's prefix in it.
var sparse = map[string]bool{"description": true, "reason": true, "snapshot": true, "restored": true, "key": true,
	"source": true}

// first are the columns that a mirror is put in order by when it is made: what lists begin
// with, and where a whole id is looked for.
var first = map[string]bool{"created": true, "id": true, "status": true, "volume-id": true, "project": true}

// indexTable is a table as its index knows it: times only in the form that sorts as its
// text, and what is joined from where triggers keep it.
func (s schema) indexTable(t table) *index.Table {
	exprs := maps.Clone(t.exprs)
	for name, expr := range exprs {
		if strings.Contains(expr, "hearth_time(") {
			text, _, _ := strings.Cut(strings.TrimPrefix(expr, "(CASE WHEN "), " GLOB ")
			exprs[name] = "(CASE WHEN " + text + " GLOB '" + stampPattern + "' THEN " + text + " END)"
		}
	}
	exprs["id"] = t.alias + `."id"`
	x := &index.Table{Name: t.name, Alias: t.alias, Exprs: exprs, Live: live(t.alias), Sparse: sparse, First: first}
	if t.name == "backups" {
		x.Rows, x.Words, x.Terms = "hearth_backup_rows", "hearth_backup_words", "hearth_backup_terms"
		exprs["volume"] = "x.volume"
	} else {
		x.Rows, x.Words, x.Terms = "hearth_volume_rows", "hearth_volume_words", "hearth_volume_terms"
		exprs["type"], exprs["backups"], exprs["last-backup"] = "x.type", "x.backups", "x.last"
	}
	t.exprs = exprs
	x.Where = t.where
	return x
}

func (s schema) indexTables() []*index.Table {
	return []*index.Table{s.indexTable(s.backupTable()), s.indexTable(s.volumeTable())}
}

// makeIndex makes the index of a store that has none: at once where that takes no time,
// else beside what is asked of it meanwhile.
func (p *Place) makeIndex(ctx context.Context) error {
	if !p.own || !p.write || p.opt.bare {
		return nil
	}
	made, err := index.Made(ctx, p.db)
	if err != nil || made {
		return err
	}
	var many bool
	err = p.db.QueryRowContext(ctx, "SELECT count(*) > ? FROM (SELECT 1 FROM backups LIMIT ?)", atOnce, atOnce+1).Scan(&many)
	if err != nil {
		return err
	}
	if !many {
		p.makeNow(ctx)
		return nil
	}
	ctx, p.stop = context.WithCancel(context.WithoutCancel(ctx))
	p.making = make(chan struct{})
	go func() {
		defer close(p.making)
		p.makeNow(ctx)
	}()
	return nil
}

// makeNow makes the index. Where that fails, as under another program's lock, lists are
// slower, and the next who opens the file tries again.
func (p *Place) makeNow(ctx context.Context) {
	_ = p.in(ctx, "make the index of "+p.path, func(tx change) error {
		made, err := index.Made(ctx, tx.tx)
		if err != nil || made {
			return err
		}
		return index.Make(ctx, tx.tx, p.schema.indexTables()...)
	})
}
