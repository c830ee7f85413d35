package jobs

import (
	"context"
	"iter"

	"hearth/core"
	"hearth/store"
)

// batchRows is how many rows a job reads, and works on, at a time.
const batchRows = 500

// Backups gives the backups of a place that answer a query, in its order, a batch in
// memory at a time; its offset and limit are passed over. Its first order must be by what
// never changes of a row; none is by id. A row that is there from the first to the last
// comes once, whatever comes and goes meanwhile. The error is the last that comes: with
// CodeIncomplete the list ended early, and what came is the place's all the same.
func Backups(ctx context.Context, place store.Place, q core.Query) iter.Seq2[core.Backup, error] {
	return Desk{Place: place}.eachBackup(ctx, q)
}

func (d Desk) eachBackup(ctx context.Context, q core.Query) iter.Seq2[core.Backup, error] {
	return each(d.backupBatches(ctx, q))
}

func (d Desk) eachVolume(ctx context.Context, q core.Query) iter.Seq2[core.Volume, error] {
	return each(d.volumeBatches(ctx, q))
}

// each takes batches apart.
func each[T any](batches iter.Seq2[batch[T], error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for b, err := range batches {
			for i := range b.rows {
				if !yield(b.rows[i], nil) {
					return
				}
			}
			if err != nil {
				var none T
				yield(none, err)
				return
			}
		}
	}
}

// batch is some rows of a list that has total of them.
type batch[T any] struct {
	rows  []T
	total int
}

func (d Desk) backupBatches(ctx context.Context, q core.Query) iter.Seq2[batch[core.Backup], error] {
	return batches(ctx, &course[core.Backup]{list: d.Backups, columns: core.BackupColumns, q: q,
		id: func(b *core.Backup) string { return string(b.ID) }})
}

func (d Desk) volumeBatches(ctx context.Context, q core.Query) iter.Seq2[batch[core.Volume], error] {
	return batches(ctx, &course[core.Volume]{list: d.Volumes, columns: core.VolumeFields, q: q,
		id: func(v *core.Volume) string { return string(v.ID) }})
}

// course is a list that is being read to its end.
type course[T any] struct {
	list    func(context.Context, core.Query) (core.Page[T], error)
	id      func(*T) string
	columns core.Columns[T]
	q       core.Query

	last  *T    // the row that was handed on last; nil: none
	seen  int   // how many rows stand up to it, as far as is known
	short error // why the list is not whole
}

// batches reads a list to its end. An error comes last, with no rows.
func batches[T any](ctx context.Context, s *course[T]) iter.Seq2[batch[T], error] {
	if len(s.q.Sort) == 0 {
		s.q.Sort = []core.Order{{Column: "id"}}
	}
	s.q.Limit, s.q.Offset, s.q.From = batchRows, 0, nil
	return func(yield func(batch[T], error) bool) {
		for more := true; more; {
			b, ok, err := s.next(ctx)
			if err != nil {
				yield(batch[T]{}, err)
				return
			}
			if more = ok; len(b.rows) > 0 && !yield(b, nil) {
				return
			}
		}
		if s.short != nil {
			yield(batch[T]{}, s.short)
		}
	}
}

// next reads on from the last row, and reports whether more may follow.
func (s *course[T]) next(ctx context.Context) (b batch[T], more bool, err error) {
	q := s.q
	if s.last != nil { // which is asked for once more, so that it is seen whether it is where it was
		q.From, q.Offset = core.EdgeOf(s.last, s.id(s.last), s.columns, q.Sort, false), max(s.seen-1, 0)
	}
	page, err := s.ask(ctx, q)
	if err == nil && s.last != nil {
		page, err = s.lookBack(ctx, q, page)
	}
	if err != nil {
		return b, false, err
	}
	old := 0
	for s.last != nil && old < len(page.Rows) && s.compare(&page.Rows[old], s.last) <= 0 {
		old++
	}
	b = batch[T]{page.Rows[old:], page.Total}
	end := page.Offset + len(page.Rows)
	if n := len(b.rows); n > 0 {
		last := b.rows[n-1] // a copy: the batch is whoever's it is handed to
		s.last = &last
	}
	s.seen = end
	return b, len(page.Rows) >= s.q.Limit || len(b.rows) > 0 && end < page.Total, nil
}

func (s *course[T]) compare(a, b *T) int { return core.CompareRows(a, b, s.id, s.columns, s.q.Sort) }

// lookBack finds the page that goes on behind the last row where a place knows no edges,
// and rows before it went: they moved up.
func (s *course[T]) lookBack(ctx context.Context, q core.Query, page core.Page[T]) (core.Page[T], error) {
	for q.Offset > 0 && (len(page.Rows) == 0 || s.compare(&page.Rows[0], s.last) > 0) {
		q.Offset = max(min(q.Offset, page.Total)-s.q.Limit/2, 0)
		earlier, err := s.ask(ctx, q)
		if err != nil {
			return page, err
		}
		if len(earlier.Rows) == 0 || len(page.Rows) > 0 && s.id(&earlier.Rows[0]) == s.id(&page.Rows[0]) {
			return page, nil // it goes by the edge: nothing but the row itself is gone
		}
		page = earlier
	}
	return page, nil
}

func (s *course[T]) ask(ctx context.Context, q core.Query) (core.Page[T], error) {
	page, err := s.list(ctx, q)
	s.q.Anew = false
	short, err := notWhole(err)
	if short != nil {
		s.short = short
	}
	return page, err
}
