package sql

import (
	"context"
	"database/sql"
	"slices"
	"strings"
)

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
		var conds []string
		var args []any
		for _, at := range t.times() {
			conds, args = append(conds, at+" >= ?"), append(args, from)
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
		if err := t.keep(ctx, s, part, progress{"", newest, true}); err != nil {
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
	return t.keep(ctx, s, rows, progress{upto.String, newest.String, true})
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
