package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite"

	"hearth/core"
	"hearth/store/ledger"
)

// A list is answered in two steps. First the rows that match are put in order,
// by their rowids alone; the order is kept until the file changes. Then the rows
// of the page are read by rowid. So paging through a million rows costs one sort,
// and a frame costs a page.

// ordering is the rowids of what matches a query, in order.
type ordering struct {
	key    string
	stamp  int64
	rowids []int64
	all    int
}

// orderingsKept is how many queries' orders are remembered: lists, their
// counts, and what a filter is turned back to while typing.
const orderingsKept = 8

func init() {
	// hearth_has(text, folded, how): core's own comparison of texts, so that a
	// filter means the same in every place. how: 0 contains, 1 is, 2 begins with.
	sqlite.MustRegisterDeterministicScalarFunction("hearth_has", 3, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		text, _ := args[0].(string)
		want, _ := args[1].(string)
		how, _ := args[2].(int64)
		text = core.Fold(text)
		var ok bool
		switch how {
		case 0:
			ok = strings.Contains(text, want)
		case 1:
			ok = text == want
		case 2:
			ok = want != "" && strings.HasPrefix(text, want)
		}
		if ok {
			return int64(1), nil
		}
		return int64(0), nil
	})
}

// table is what list needs to know of backups or volumes.
type table struct {
	name   string // for messages
	from   string // FROM of the ordering query, with every join that a column needs
	alias  string
	exprs  map[string]string // column name -> SQL
	counts bool              // needs the backup counts for ordering
}

// order returns the rowids of what matches, from memory if nothing changed.
func (p *Place) order(ctx context.Context, t table, q core.Query) (*ordering, error) {
	stamp, err := p.changed(ctx)
	if err != nil {
		return nil, err
	}
	key := orderKey(t.name, q)
	p.mu.Lock()
	for i, o := range p.orders {
		if o.key == key && o.stamp == stamp {
			p.orders = append(append(slices.Clone(p.orders[:i]), p.orders[i+1:]...), o)
			p.mu.Unlock()
			return o, nil
		}
	}
	p.mu.Unlock()

	where, args := t.where(q)
	query := "SELECT " + t.alias + ".rowid FROM " + t.from + " WHERE " + live(t.alias) + where + " ORDER BY " + t.orderBy(q)
	rows, err := p.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	o := &ordering{key: key, stamp: stamp}
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
		if err := p.db.QueryRowContext(ctx, "SELECT count(*) FROM "+t.name+" "+t.alias+" WHERE "+live(t.alias)).Scan(&o.all); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	p.orders = append(p.orders, o)
	if len(p.orders) > orderingsKept {
		p.orders = p.orders[1:]
	}
	p.mu.Unlock()
	return o, nil
}

func orderKey(table string, q core.Query) string {
	key := fmt.Sprintf("%s\x00%s\x00%v", table, q.Filter.Text, q.Sort)
	for _, t := range q.Filter.Terms {
		if t.Kind == core.TimeColumn && t.At.IsZero() {
			key += q.Now.Truncate(time.Second).String()
		}
	}
	return key
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

// where translates the filter; a driver's answer agrees with core.Match.
func (t table) where(q core.Query) (string, []any) {
	var sql strings.Builder
	var args []any
	for i := range q.Filter.Terms {
		term := &q.Filter.Terms[i]
		cond, a := t.condition(term, q.Now)
		if term.Not {
			cond = "NOT " + cond
		}
		sql.WriteString(" AND " + cond)
		args = append(args, a...)
	}
	return sql.String(), args
}

func (t table) condition(term *core.Term, now time.Time) (string, []any) {
	var conds []string
	var args []any
	text := func(expr string, how int) {
		for _, w := range term.Words {
			conds = append(conds, "hearth_has(COALESCE("+expr+", ''), ?, ?) = 1")
			args = append(args, w, how)
		}
	}
	expr := t.exprs[term.Column]
	switch {
	case term.Column == "":
		for _, name := range core.PlainColumns {
			if e, ok := t.exprs[name]; ok {
				text(e, 0)
			}
		}
	case expr == "":
		return "0", nil
	case term.Kind == core.NumberColumn || term.Kind == core.SizeColumn:
		op := map[core.Compare]string{core.Is: "=", core.Less: "<", core.AtMost: "<=", core.More: ">", core.AtLeast: ">="}[term.Op]
		return "(" + expr + " " + op + " ?)", []any{term.Number}
	case term.Kind == core.FlagColumn:
		return "(" + expr + " = ?)", []any{term.Flag}
	case term.Kind == core.TimeColumn:
		from, to := term.TimeBounds(now)
		cond := expr + " IS NOT NULL"
		if !from.IsZero() {
			cond += " AND " + expr + " >= ?"
			args = append(args, stamp(from))
		}
		if !to.IsZero() {
			cond += " AND " + expr + " < ?"
			args = append(args, stamp(to))
		}
		return "(" + cond + ")", args
	default:
		text(expr, how(term.Op, term.Kind))
		if term.Column == "volume" {
			text(t.exprs["volume-id"], how(term.Op, core.IDColumn))
		}
	}
	if len(conds) == 0 {
		return "0", nil
	}
	return "(" + strings.Join(conds, " OR ") + ")", args
}

func how(op core.Compare, kind core.ColumnKind) int {
	switch {
	case op == core.Contains:
		return 0
	case kind == core.IDColumn:
		return 2
	}
	return 1
}

func (t table) orderBy(q core.Query) string {
	orders := q.Sort
	if len(orders) == 0 {
		orders = []core.Order{{Column: "created", Desc: true}}
	}
	var parts []string
	for _, o := range orders {
		expr, ok := t.exprs[o.Column]
		if !ok {
			continue
		}
		part := expr + " COLLATE NOCASE"
		if o.Desc {
			part += " DESC"
		}
		parts = append(parts, part)
	}
	return strings.Join(append(parts, t.alias+".id"), ", ")
}

// Backups answers a query.
func (p *Place) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	page := core.Page[core.Backup]{Offset: q.Offset, Complete: true}
	o, err := p.order(ctx, p.backupTable(), q)
	if err != nil {
		return page, ledger.Explain("list backups", err)
	}
	page.Total, page.All = len(o.rowids), o.all
	unseen := p.schema.unseen("backups", backupColumns)
	page.Rows, err = window(ctx, p.db, o.window(q), "SELECT b.rowid, "+p.backupSelect()+" FROM "+backupFrom+" WHERE b.rowid", func(row scanner) (core.Backup, error) {
		b, err := scanBackup(row)
		b.Unseen = unseen
		return b, err
	})
	return page, ledger.Explain("list backups", err)
}

// Volumes answers a query.
func (p *Place) Volumes(ctx context.Context, q core.Query) (core.Page[core.Volume], error) {
	page := core.Page[core.Volume]{Offset: q.Offset, Complete: true}
	o, err := p.order(ctx, p.volumeTable(), q)
	if err != nil {
		return page, ledger.Explain("list volumes", err)
	}
	counts, err := p.backupCounts(ctx)
	if err != nil {
		return page, ledger.Explain("count backups", err)
	}
	page.Total, page.All = len(o.rowids), o.all
	unseen := p.schema.unseen("volumes", volumeColumns)
	page.Rows, err = window(ctx, p.db, o.window(q), "SELECT v.rowid, "+p.volumeSelect()+" FROM "+p.volumeFrom()+" WHERE v.rowid", func(row scanner) (core.Volume, error) {
		v, err := scanVolume(row)
		c := counts.of[v.ID]
		v.Unseen, v.Backups, v.LastBackup = unseen, c.n, c.last
		return v, err
	})
	return page, ledger.Explain("list volumes", err)
}

// chunk is how many rowids one statement asks for.
const chunk = 500

// rowScanner hands on what follows the rowid.
type rowScanner struct {
	rows *sql.Rows
	id   *int64
}

func (r rowScanner) Scan(dest ...any) error { return r.rows.Scan(append([]any{r.id}, dest...)...) }

// window reads the rows in the order of their rowids; rows that went meanwhile
// are left out.
func window[T any](ctx context.Context, db *sql.DB, rowids []int64, query string, scan func(scanner) (T, error)) ([]T, error) {
	out := make([]T, 0, len(rowids))
	for ids := range slices.Chunk(rowids, chunk) {
		got := make(map[int64]T, len(ids))
		var list strings.Builder
		for i, id := range ids {
			if i > 0 {
				list.WriteByte(',')
			}
			fmt.Fprint(&list, id)
		}
		rows, err := db.QueryContext(ctx, query+" IN ("+list.String()+")")
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var id int64
			v, err := scan(rowScanner{rows, &id})
			if err != nil {
				rows.Close()
				return nil, err
			}
			got[id] = v
		}
		if err := rows.Close(); err != nil {
			return nil, err
		}
		if err := rows.Err(); err != nil {
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

// backupTable says how the columns of core.BackupColumns read in SQL.
func (p *Place) backupTable() table {
	s := p.schema
	t := func(c string) string { return s.text("b", "backups", c) }
	n := func(c string) string { return s.integer("b", "backups", c) }
	return table{name: "backups", from: backupFrom, alias: "b", exprs: map[string]string{
		"name": t("display_name"), "status": t("status"), "kind": "(COALESCE(" + t("parent_id") + ", '') <> '')", "size": n("size"),
		"created": t("created_at"), "volume": s.text("v", "volumes", "display_name"), "volume-id": t("volume_id"), "id": t("id"),
		"description": t("display_description"), "reason": t("fail_reason"), "project": t("project_id"), "user": t("user_id"),
		"parent": t("parent_id"), "has-dependents": "(" + n("num_dependent_backups") + " > 0)", "dependents": n("num_dependent_backups"),
		"objects": n("object_count"), "container": t("container"), "service": t("service"), "service-metadata": t("service_metadata"),
		"az": t("availability_zone"), "host": t("host"), "snapshot": t("snapshot_id"), "restored": t("restore_volume_id"),
		"key": t("encryption_key_id"), "data-time": t("data_timestamp"), "updated": t("updated_at"),
	}}
}

// volumeTable says how the columns of core.VolumeFields read in SQL.
func (p *Place) volumeTable() table {
	s := p.schema
	t := func(c string) string { return s.text("v", "volumes", c) }
	n := func(c string) string { return s.integer("v", "volumes", c) }
	typeName := "NULL"
	if s.has("volume_types", "name") && s.has("volumes", "volume_type_id") {
		typeName = s.text("t", "volume_types", "name")
	}
	from := p.volumeFrom() + " LEFT JOIN (SELECT volume_id, count(*) AS n, max(CASE WHEN status = 'available' THEN created_at END) AS last FROM backups b WHERE " +
		live("b") + " GROUP BY volume_id) c ON c.volume_id = v.id"
	return table{name: "volumes", from: from, alias: "v", exprs: map[string]string{
		"name": t("display_name"), "status": t("status"), "size": n("size"), "bootable": n("bootable"),
		"encrypted": "(" + t("encryption_key_id") + " IS NOT NULL)", "backups": "COALESCE(c.n, 0)", "last-backup": "CAST(c.last AS TEXT)",
		"created": t("created_at"), "id": t("id"), "description": t("display_description"), "type": typeName, "type-id": t("volume_type_id"),
		"project": t("project_id"), "user": t("user_id"), "az": t("availability_zone"), "host": t("host"), "attached": t("attach_status"),
		"multiattach": n("multiattach"), "snapshot": t("snapshot_id"), "source": t("source_volid"), "key": t("encryption_key_id"), "updated": t("updated_at"),
	}}
}

// backupCounts is how many backups each volume has, and its newest.
type backupCounts struct {
	stamp int64
	of    map[core.VolumeID]backupCount
}

type backupCount struct {
	n    int64
	last core.Opt[time.Time]
}

func (p *Place) backupCounts(ctx context.Context) (*backupCounts, error) {
	at, err := p.changed(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	known := p.counts
	p.mu.Unlock()
	if known != nil && known.stamp == at {
		return known, nil
	}
	created := p.schema.text("b", "backups", "created_at")
	rows, err := p.db.QueryContext(ctx, "SELECT volume_id, count(*), max(CASE WHEN status = 'available' THEN "+created+" END) FROM backups b WHERE "+live("b")+" GROUP BY volume_id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	c := &backupCounts{stamp: at, of: map[core.VolumeID]backupCount{}}
	for rows.Next() {
		var id sql.NullString
		var n int64
		var last sql.NullString
		if err := rows.Scan(&id, &n, &last); err != nil {
			return nil, err
		}
		c.of[core.VolumeID(id.String)] = backupCount{n, optStamp(last)}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.counts = c
	p.mu.Unlock()
	return c, nil
}
