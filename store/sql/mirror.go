package sql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hearth/core"
	"hearth/store/index"
)

// A database that is not hearth's gets no tables and no index. Where it has many rows,
// what lists go by is kept beside it: a store of hearth's own in the cache, with the
// index that such a store has. It says which rows a page has and in which order; the rows
// themselves are always read from the database. It may be removed at any time, is made
// anew when in doubt, and nothing waits for it: until it is whole, and whenever it fails,
// lists are put in order from all rows, as without it.

// mirrorFrom is how many backups a database has at least for its mirror to be worth it.
var mirrorFrom = 20_000

const (
	mirrorBatch   = 1000             // rows in one statement and transaction
	mirrorOverlap = 10 * time.Minute // how far before the newest change it looks again: clocks differ, transactions take time
)

// mirror is the side index of a database that is not hearth's.
type mirror struct {
	of   *Place
	file string

	stop context.CancelFunc
	done chan struct{} // closed when making it has ended

	turn chan struct{} // held by who catches up

	copied atomic.Int64 // rows that making it has read so far; -1 once it has them all

	mu     sync.Mutex
	store  *Place // nil until it is whole
	looked time.Time
	took   time.Duration
}

// startMirror begins to make the mirror of a database that has many rows, or opens the
// one that is there.
func (p *Place) startMirror(ctx context.Context) error {
	if p.own || p.opt.Mirrors == "" {
		return nil
	}
	var n int
	err := p.read(ctx, "count backups", func(db view) error {
		return db.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 AS one FROM backups LIMIT ?) few", mirrorFrom).Scan(&n)
	})
	if err != nil || n < mirrorFrom {
		return err
	}
	sum := sha256.Sum256([]byte(p.Info().Location))
	m := &mirror{of: p, file: filepath.Join(p.opt.Mirrors, hex.EncodeToString(sum[:12])+".sqlite"), done: make(chan struct{}),
		turn: make(chan struct{}, 1)}
	ctx, m.stop = context.WithCancel(context.WithoutCancel(ctx))
	p.mirror = m
	go func() {
		defer close(m.done)
		if m.make(ctx) != nil && ctx.Err() == nil { // once more, from nothing
			m.remove()
			_ = m.make(ctx)
		}
	}()
	return nil
}

// close ends what is being made; that goes on where it was the next time.
func (m *mirror) close() error {
	m.stop()
	<-m.done
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.store == nil {
		return nil
	}
	return m.store.Close()
}

// indexing says how far what lists go by is while it is being made, "" when it is not.
func (p *Place) indexing() string {
	over := func(done <-chan struct{}) bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
	switch {
	case p.making != nil && !over(p.making):
		return "being made"
	case p.mirror == nil || over(p.mirror.done):
		return ""
	}
	if n := p.mirror.copied.Load(); n >= 0 {
		return strconv.FormatInt(n, 10) + " rows read"
	}
	return "being sorted"
}

func (m *mirror) remove() {
	for _, side := range []string{"", "-wal", "-shm", "-journal"} {
		os.Remove(m.file + side)
	}
}

// make opens the mirror, or makes it, and goes on with one that was not finished.
func (m *mirror) make(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(m.file), 0o700); err != nil {
		return err
	}
	o := Options{Now: m.of.opt.Now, bare: true}
	s, err := Open(ctx, m.file, o)
	if core.CodeOf(err) == core.CodeNotFound {
		var made *Store
		if made, err = Create(ctx, m.file, o); err == nil {
			s = made.Place
		}
	}
	if err != nil {
		return err
	}
	if err := m.complete(ctx, s); err != nil {
		s.Close()
		return err
	}
	m.mu.Lock()
	m.store = s
	m.mu.Unlock()
	return nil
}

// mirrored is the table in which a mirror says how far it came: of which table the rows up
// to which id are there, and what changed last of those.
const mirrored = `CREATE TABLE IF NOT EXISTS hearth_mirror (of TEXT PRIMARY KEY, upto TEXT, newest TEXT, whole INTEGER)`

// complete reads what is not there yet, and then makes the index.
func (m *mirror) complete(ctx context.Context, s *Place) error {
	if _, err := s.db.ExecContext(ctx, mirrored); err != nil {
		return err
	}
	if made, err := index.Made(ctx, s.db); err != nil || made {
		return err
	}
	if err := m.types(ctx, s); err != nil {
		return err
	}
	for _, t := range m.tables() {
		if err := t.fill(ctx, s); err != nil {
			return err
		}
	}
	m.copied.Store(-1)
	return s.in(ctx, "make the index of "+m.file, func(tx change) error {
		if made, err := index.Made(ctx, tx.tx); err != nil || made { // another hearth was faster
			return err
		}
		return index.Make(ctx, tx.tx, s.schema.indexTables()...)
	})
}

// copied is a table that a mirror has, row for row.
type copied struct {
	m       *mirror
	table   string // of the database
	alias   string
	all     string   // the condition of the rows that it has in the end
	query   string   // selects what scan reads, up to where a condition may follow
	columns []string // of the mirror's table
	scan    func(scanner) (mirrorRow, error)
}

// mirrorRow is a row as the mirror keeps it.
type mirrorRow struct {
	id      string
	deleted bool
	changed string // when it was last, as stamps
	args    []any
}

// latest is the later of times.
func latest(times ...core.Opt[time.Time]) string {
	out := ""
	for _, t := range times {
		if t.Set {
			out = max(out, stamp(t.V))
		}
	}
	return out
}

// mirroredVolume are the columns of volumes that lists go by.
var mirroredVolume = []string{"id", "display_name", "display_description", "status", "size", "volume_type_id", "bootable", "multiattach",
	"encryption_key_id", "project_id", "user_id", "availability_zone", "host", "snapshot_id", "source_volid", "attach_status", "created_at",
	"updated_at", "deleted"}

func (m *mirror) tables() []copied {
	s := m.of.schema
	orNull := func(o core.Opt[string]) any {
		if !o.Set {
			return nil
		}
		return o.V
	}
	at := func(o core.Opt[time.Time]) any {
		if !o.Set {
			return nil
		}
		return stamp(o.V)
	}
	return []copied{
		{m, "volumes", "v", "1 = 1", "SELECT " + s.volumeSelect() + ", " + s.time("v", "volumes", "deleted_at") + ", " +
			s.flag("v", "volumes", "deleted") +
			" FROM " + s.volumeFrom() + " WHERE ", mirroredVolume, func(row scanner) (mirrorRow, error) {
			var deletedAt sql.NullString
			var gone bool
			v, err := scanVolume(tail{row, []any{&deletedAt, &gone}})
			return mirrorRow{string(v.ID), false, latest(v.CreatedAt, v.UpdatedAt, optStamp(deletedAt)), []any{string(v.ID), orNull(v.Name),
				orNull(v.Description), v.Status, v.Size, orNull(v.VolumeTypeID), v.Bootable, v.Multiattach, orNull(v.EncryptionKeyID),
				string(v.ProjectID), v.UserID, orNull(v.AvailabilityZone), orNull(v.Host), orNull(v.SnapshotID), string(v.SourceVolumeID),
				orNull(v.AttachStatus), at(v.CreatedAt), at(v.UpdatedAt), gone}}, err
		}},
		{m, "backups", "b", live("b"), "SELECT " + s.backupSelect() + " FROM " + s.backupFrom() + " WHERE ", backupColumnsWritten,
			func(row scanner) (mirrorRow, error) {
				b, err := scanBackup(row)
				r := mirrorRow{id: string(b.ID), deleted: b.Deleted, changed: latest(b.CreatedAt, b.UpdatedAt, b.DeletedAt)}
				o := b.Object()
				for _, c := range backupColumnsWritten {
					v, _ := o.Get(c)
					r.args = append(r.args, sqlValue(v))
				}
				return r, err
			}},
	}
}

// tail scans columns that stand behind those that another function reads.
type tail struct {
	scanner
	more []any
}

func (t tail) Scan(dest ...any) error { return t.scanner.Scan(append(dest, t.more...)...) }

// fill copies the rows behind those that are there, batch by batch, each in a transaction
// of its own on both sides.
func (t copied) fill(ctx context.Context, s *Place) error {
	var upto, newest sql.NullString
	var whole bool
	err := s.db.QueryRowContext(ctx, "SELECT upto, newest, whole FROM hearth_mirror WHERE of = ?", t.table).Scan(&upto, &newest, &whole)
	if err != nil && !missing(err) {
		return err
	}
	for !whole {
		cond, args := "1 = 1", []any{}
		if upto.Valid {
			cond, args = t.alias+".id > ?", []any{upto.String}
		}
		rows, err := t.read(ctx, cond+" ORDER BY "+t.alias+".id LIMIT ?", append(args, mirrorBatch)...)
		if err != nil {
			return err
		}
		whole = len(rows) < mirrorBatch
		for _, r := range rows {
			newest.String = max(newest.String, r.changed)
		}
		if len(rows) > 0 {
			upto = sql.NullString{String: rows[len(rows)-1].id, Valid: true}
		}
		if err := t.keep(ctx, s, rows, upto.String, newest.String, whole); err != nil {
			return err
		}
		t.m.copied.Add(int64(len(rows)))
	}
	return nil
}

// read reads rows of the database that fulfil a condition.
func (t copied) read(ctx context.Context, cond string, args ...any) (out []mirrorRow, err error) {
	err = t.m.of.read(ctx, "read "+t.table, func(db view) error {
		rows, err := db.QueryContext(ctx, t.query+cond, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			r, err := t.scan(rows)
			if err != nil {
				return err
			}
			out = append(out, r)
		}
		return rows.Err()
	})
	return out, err
}

// keep writes rows into the mirror, and how far it is now.
func (t copied) keep(ctx context.Context, s *Place, rows []mirrorRow, upto, newest string, whole bool) error {
	var set, differs []string
	for _, c := range t.columns {
		set = append(set, quoteIdent(c)+" = excluded."+quoteIdent(c))
		differs = append(differs, t.table+"."+quoteIdent(c)+" IS NOT excluded."+quoteIdent(c))
	}
	put := "INSERT INTO " + t.table + " (" + strings.Join(t.columns, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(t.columns)-1) +
		") ON CONFLICT (id) DO UPDATE SET " + strings.Join(set, ", ") + " WHERE " + strings.Join(differs, " OR ")
	return s.in(ctx, "write "+t.m.file, func(tx change) error {
		stmt, err := tx.tx.PrepareContext(ctx, put)
		if err != nil {
			return err
		}
		defer stmt.Close()
		for _, r := range rows {
			if r.deleted {
				_, err = tx.ExecContext(ctx, "DELETE FROM "+t.table+" WHERE id = ?", r.id)
			} else {
				_, err = stmt.ExecContext(ctx, r.args...)
			}
			if err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO hearth_mirror VALUES (?, ?, ?, ?) ON CONFLICT (of) DO UPDATE SET "+
			"upto = excluded.upto, newest = excluded.newest, whole = excluded.whole", t.table, upto, newest, whole)
		return err
	})
}

// types copies the names of the volume types, where they changed.
func (m *mirror) types(ctx context.Context, s *Place) error {
	types, err := m.of.VolumeTypes(ctx)
	if err != nil {
		return err
	}
	return s.in(ctx, "write "+m.file, func(tx change) error {
		for _, t := range types {
			_, err := tx.ExecContext(ctx, "INSERT INTO volume_types (id, name, deleted) VALUES (?, ?, 0) ON CONFLICT (id) DO UPDATE SET "+
				"name = excluded.name WHERE name IS NOT excluded.name", t.ID, t.Name)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// ready returns the mirror, brought up to date; nil while there is none to go by.
func (m *mirror) ready(ctx context.Context, anew bool) (*Place, error) {
	m.mu.Lock()
	s, since, took := m.store, m.of.now().Sub(m.looked), m.took
	m.mu.Unlock()
	if s == nil {
		return nil, nil
	}
	if !anew && since < min(max(freshFor, freshPart*took), freshMost) {
		return s, nil
	}
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	began := time.Now()
	if err := m.catchUp(ctx, s); err != nil {
		return nil, err
	}
	m.mu.Lock()
	m.looked, m.took = m.of.now(), time.Since(began)
	m.mu.Unlock()
	return s, nil
}

// catchUp reads what has changed since the mirror was last brought up to date: by the
// times of rows, and where numbers then differ by their ids.
func (m *mirror) catchUp(ctx context.Context, s *Place) error {
	if err := m.types(ctx, s); err != nil {
		return err
	}
	for _, t := range m.tables() {
		var newest string
		if err := s.db.QueryRowContext(ctx, "SELECT COALESCE(newest, '') FROM hearth_mirror WHERE of = ?", t.table).Scan(&newest); err != nil {
			return err
		}
		from := ""
		if at := parseStamp(newest); at.Set {
			from = stamp(at.V.Add(-mirrorOverlap))
		}
		sch := m.of.schema
		var conds []string
		var args []any
		for _, c := range []string{"created_at", "updated_at", "deleted_at"} {
			if sch.has(t.table, c) {
				conds, args = append(conds, sch.time(t.alias, t.table, c)+" >= ?"), append(args, from)
			}
		}
		if len(conds) > 0 {
			if err := t.changes(ctx, s, strings.Join(conds, " OR "), args, newest); err != nil {
				return err
			}
		}
		if err := t.sweep(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (t copied) changes(ctx context.Context, s *Place, cond string, args []any, newest string) error {
	rows, err := t.read(ctx, "("+cond+")", args...)
	if err != nil {
		return err
	}
	for _, r := range rows {
		newest = max(newest, r.changed)
	}
	for part := range slices.Chunk(rows, mirrorBatch) {
		if err := t.keep(ctx, s, part, "", newest, true); err != nil {
			return err
		}
	}
	return nil
}

// sweep compares the numbers of rows, and where they differ the ids: a row that was
// removed for good has no time, and one that another program put there may have an old one.
func (t copied) sweep(ctx context.Context, s *Place) error {
	var there, here int
	err := t.m.of.read(ctx, "count "+t.table, func(db view) error {
		return db.QueryRowContext(ctx, "SELECT count(*) FROM "+t.table+" "+t.alias+" WHERE "+t.all).Scan(&there)
	})
	if err == nil {
		err = s.db.QueryRowContext(ctx, "SELECT count(*) FROM "+t.table+" "+t.alias+" WHERE "+t.all).Scan(&here)
	}
	if err != nil || there == here {
		return err
	}
	theirs, err := t.ids(ctx, t.m.of)
	if err != nil {
		return err
	}
	ours, err := t.ids(ctx, s)
	if err != nil {
		return err
	}
	var gone []mirrorRow
	for id := range ours {
		if !theirs[id] {
			gone = append(gone, mirrorRow{id: id, deleted: true})
		}
	}
	var fresh []any
	for id := range theirs {
		if !ours[id] {
			fresh = append(fresh, id)
		}
	}
	for part := range slices.Chunk(fresh, chunk) {
		rows, err := t.read(ctx, t.alias+".id IN (?"+strings.Repeat(", ?", len(part)-1)+")", part...)
		if err != nil {
			return err
		}
		gone = append(gone, rows...)
	}
	for part := range slices.Chunk(gone, mirrorBatch) {
		if err := t.keepOnly(ctx, s, part); err != nil {
			return err
		}
	}
	return nil
}

// keepOnly is keep without a word on how far the mirror is.
func (t copied) keepOnly(ctx context.Context, s *Place, rows []mirrorRow) error {
	var upto, newest sql.NullString
	if err := s.db.QueryRowContext(ctx, "SELECT upto, newest FROM hearth_mirror WHERE of = ?", t.table).Scan(&upto, &newest); err != nil {
		return err
	}
	return t.keep(ctx, s, rows, upto.String, newest.String, true)
}

// ids are those of a place's rows.
func (t copied) ids(ctx context.Context, p *Place) (map[string]bool, error) {
	out := map[string]bool{}
	err := p.read(ctx, "read ids of "+t.table, func(db view) error {
		rows, err := db.QueryContext(ctx, "SELECT "+p.schema.text(t.alias, t.table, "id")+" FROM "+t.table+" "+t.alias+" WHERE "+t.all)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id sql.NullString
			if err := rows.Scan(&id); err != nil {
				return err
			}
			out[id.String] = true
		}
		return rows.Err()
	})
	return out, err
}

// reflected answers a query by the mirror: it names the rows, and they are read from the
// database; false where there is no mirror to go by.
func reflected[T any](ctx context.Context, p *Place, q core.Query, ask func(*Place) (core.Page[T], error), id func(*T) string,
	read func(ids []string) ([]T, error)) (core.Page[T], bool, error) {
	if p.mirror == nil {
		return core.Page[T]{}, false, nil
	}
	s, err := p.mirror.ready(ctx, q.Anew)
	if err != nil || s == nil {
		return core.Page[T]{}, false, ctx.Err() // what is wrong with a mirror is no one's trouble
	}
	page, err := ask(s)
	if err != nil {
		return core.Page[T]{}, false, ctx.Err()
	}
	ids := make([]string, len(page.Rows))
	for i := range page.Rows {
		ids[i] = id(&page.Rows[i])
	}
	page.Rows, err = read(ids)
	return page, true, err
}
