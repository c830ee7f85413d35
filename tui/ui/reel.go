package ui

// reel is rows of which only those that are seen are made: some in front, those of very many
// items, and some behind. It knows where it stands by the item, and not by how many rows
// there are before it, as nobody has counted those.
type reel struct {
	head, tail []string
	items      int
	item       func(i int) []string // the rows of item i, one or more
	at, row    int                  // the first row that is seen: of thing at, counted over head, items and tail
}

// fill puts other rows in: the same in another width. It stays at the item it stands at.
func (r *reel) fill(head []string, items int, item func(i int) []string, tail []string) {
	if !r.begins() && r.at >= len(r.head) {
		r.at += len(head) - len(r.head)
	}
	r.head, r.items, r.item, r.tail = head, items, item, tail
	r.at = min(r.at, r.things())
	r.row = max(min(r.row, len(r.rows(r.at))-1), 0)
}

func (r *reel) things() int { return len(r.head) + r.items + len(r.tail) }

// rows are the rows of a thing; none behind the last.
func (r *reel) rows(thing int) []string {
	switch i := thing - len(r.head); {
	case i < 0:
		return r.head[thing : thing+1]
	case i < r.items:
		return r.item(i)
	case thing < r.things():
		return r.tail[i-r.items : i-r.items+1]
	}
	return nil
}

// begins reports whether nothing is before what is seen.
func (r *reel) begins() bool { return r.at == 0 && r.row == 0 }

// move goes by so many rows, but not further than to the last h. What is further away than
// there are rows is an end.
func (r *reel) move(by, h int) {
	const far = 1 << 20 // no page is as long
	switch {
	case by <= -far:
		r.at, r.row = 0, 0
	case by >= far:
		r.at, r.row = r.things(), 0
	case by < 0:
		r.at, r.row = r.back(r.at, r.row, -by)
	case by > 0:
		r.forth(by)
	}
	if at, row := r.back(r.things(), 0, max(h, 0)); r.at > at || r.at == at && r.row > row {
		r.at, r.row = at, row
	}
}

// back is where the row stands that is n rows before another, or the first.
func (r *reel) back(at, row, n int) (int, int) {
	for n > row {
		if at == 0 {
			return 0, 0
		}
		n -= row
		at--
		row = len(r.rows(at))
	}
	return at, row - n
}

// forth goes n rows on, or behind the last.
func (r *reel) forth(n int) {
	for ; r.at < r.things(); r.at, r.row = r.at+1, 0 {
		left := len(r.rows(r.at)) - r.row
		if n < left {
			r.row += n
			return
		}
		n -= left
	}
}

// window are the h rows that are seen, and whether there are more behind them.
func (r *reel) window(h int) (out []string, more bool) {
	from := r.row
	for at := r.at; at < r.things(); at++ {
		rows := r.rows(at)
		rows = rows[min(from, len(rows)):]
		from = 0
		if len(out)+len(rows) > h {
			return append(out, rows[:h-len(out)]...), true
		}
		out = append(out, rows...)
	}
	return out, false
}
