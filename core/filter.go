package core

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"hearth/core/pyjson"
)

// Compare is how a term of a filter compares.
type Compare string

const (
	Is       Compare = ":"
	Contains Compare = "~"
	Less     Compare = "<"
	AtMost   Compare = "<="
	More     Compare = ">"
	AtLeast  Compare = ">="
)

// Term is one condition. A plain word has no Column and is looked for in the
// columns of [PlainColumns].
type Term struct {
	Column string // the column's Name; "" for a plain word
	Kind   ColumnKind
	Op     Compare
	Not    bool
	Words  []string      // text, folded: any of them
	Number float64       // NumberColumn, SizeColumn
	Age    time.Duration // TimeColumn: older or younger than
	At     time.Time     // TimeColumn: a date instead of an age
	Flag   bool          // FlagColumn
}

// PlainColumns are the columns that a plain word is looked for in.
var PlainColumns = []string{"name", "id", "status", "description", "volume", "volume-id", "reason", "project"}

// Filter is a set of terms, all of which must hold. The zero Filter lets
// everything pass.
type Filter struct {
	Text  string // as it was written
	Terms []Term
}

// Empty reports whether the filter lets everything pass.
func (f Filter) Empty() bool { return len(f.Terms) == 0 }

// ParseFilter reads "name~db status:error,creating age>30d size>=10 -kind:full word".
// Mistakes are an [Error] of code usage that names the word at fault.
func ParseFilter[T any](text string, columns Columns[T]) (Filter, error) {
	f, words := Filter{Text: text}, 0
	for _, word := range splitWords(text) {
		term, err := parseTerm(word, columns)
		if err != nil {
			return f, err
		}
		f.Terms = append(f.Terms, term)
		if words += max(1, len(term.Words)); words > mostWords {
			return Filter{}, Fail(CodeUsage, "filter", fmt.Sprintf("it has more than %d words, and no database takes that", mostWords),
				"say less; a list of ids goes into hearth backups by -o value and grep", nil)
		}
	}
	return f, nil
}

// mostWords is how many words a filter may have: SQLite takes expressions of 1,000 levels,
// and servers give up sooner.
const mostWords = 300

// splitWords splits at blanks outside of double quotes.
func splitWords(s string) []string {
	var out []string
	var b strings.Builder
	quoted, any := false, false
	for _, r := range s {
		switch {
		case r == '"':
			quoted, any = !quoted, true
		case (r == ' ' || r == '\t') && !quoted:
			if any {
				out = append(out, b.String())
			}
			b.Reset()
			any = false
		default:
			b.WriteRune(r)
			any = true
		}
	}
	if any {
		out = append(out, b.String())
	}
	return out
}

func parseTerm[T any](word string, columns Columns[T]) (Term, error) {
	t := Term{}
	body := word
	if len(body) > 1 && (body[0] == '-' || body[0] == '!') {
		t.Not, body = true, body[1:]
	}
	i := strings.IndexAny(body, ":~<>=!")
	if i <= 0 {
		t.Op, t.Words = Contains, []string{Fold(body)}
		return t, nil
	}
	name, rest := body[:i], body[i:]
	col, ok := columns.Find(name)
	if !ok {
		if strings.Contains(name, "-") || rest[0] == ':' && strings.ContainsAny(name, "./") {
			t.Op, t.Words = Contains, []string{Fold(body)} // a plain word with a colon in it
			return t, nil
		}
		return t, Fail(CodeUsage, "filter by "+word, "there is no column "+name, "use one of "+strings.Join(columns.Names(), ", "), nil)
	}
	t.Column, t.Kind = col.Name, col.Kind
	for _, op := range []struct {
		text string
		op   Compare
		not  bool
	}{
		{"!=", Is, true},
		{"!~", Contains, true},
		{">=", AtLeast, false},
		{"<=", AtMost, false},
		{":", Is, false},
		{"=", Is, false},
		{"~", Contains, false},
		{">", More, false},
		{"<", Less, false},
	} {
		if strings.HasPrefix(rest, op.text) {
			t.Op, t.Not = op.op, t.Not != op.not
			return t.value(word, name, rest[len(op.text):])
		}
	}
	return t, Fail(CodeUsage, "filter by "+word, rest[:1]+" compares nothing", "use : ~ < <= > >= or !=", nil)
}

// value reads what the column is compared with.
func (t Term) value(word, name, value string) (Term, error) {
	bad := func(what, next string) (Term, error) { return t, Fail(CodeUsage, "filter by "+word, what, next, nil) }
	ordered := t.Op != Is && t.Op != Contains
	switch t.Kind {
	case NumberColumn, SizeColumn:
		n, err := parseNumber(value)
		if err != nil || t.Op == Contains {
			return bad(name+" wants a number", "write "+name+">=10")
		}
		t.Number = n
	case TimeColumn:
		if value == "" || t.Op == Contains {
			return bad(name+" wants an age or a date", "write "+name+">30d or "+name+"<2026-01-31")
		}
		if d, err := ParseAge(value); err == nil {
			t.Age = d
		} else if at, err := ParseDate(value); err == nil {
			t.At = at
		} else {
			return bad(value+" is neither an age nor a date", "write 90s, 45m, 12h, 30d, 6w, 1y or 2026-01-31")
		}
	case FlagColumn:
		if ordered || t.Op == Contains {
			return bad(name+" is yes or no", "write "+name+":yes")
		}
		flag, ok := parseFlag(t.Column, value)
		if !ok {
			return bad(value+" is neither yes nor no", "write "+name+":yes or "+name+":no")
		}
		t.Flag = flag
	default:
		if ordered {
			return bad(name+" is text and has no order", "write "+name+":word or "+name+"~part")
		}
		for _, w := range strings.Split(value, ",") {
			t.Words = append(t.Words, Fold(w))
		}
	}
	return t, nil
}

func parseNumber(s string) (float64, error) {
	factor := 1.0
	switch {
	case strings.HasSuffix(s, "T"), strings.HasSuffix(s, "TiB"):
		factor = 1024
	}
	s = strings.TrimRight(s, "TGiB")
	n, err := strconv.ParseFloat(s, 64)
	return n * factor, err
}

func parseFlag(column, s string) (value, ok bool) {
	s = strings.ToLower(s)
	if column == "kind" && s != "" {
		switch {
		case strings.HasPrefix("incremental", s):
			return true, true
		case strings.HasPrefix("full", s):
			return false, true
		}
	}
	switch s {
	case "yes", "y", "true", "1":
		return true, true
	case "no", "n", "false", "0":
		return false, true
	}
	return false, false
}

// ParseAge reads 90s, 45m, 12h, 30d, 6w or 1y (365 days).
func ParseAge(s string) (time.Duration, error) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour,
		'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour, 'y': 365 * 24 * time.Hour}
	if len(s) < 2 {
		return 0, fmt.Errorf("%q is no age", s)
	}
	unit, ok := units[s[len(s)-1]]
	n, err := strconv.ParseFloat(s[:len(s)-1], 64)
	if !ok || err != nil || n < 0 || n*float64(unit) > float64(1<<62) {
		return 0, fmt.Errorf("%q is no age", s)
	}
	return time.Duration(n * float64(unit)), nil
}

// ParseDate reads 2026-01-31, 2026-01-31T12:00 or with seconds, in UTC.
func ParseDate(s string) (time.Time, error) {
	var err error
	for _, layout := range []string{"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		var t time.Time
		if t, err = time.Parse(layout, strings.TrimSuffix(s, "Z")); err == nil {
			return t, nil
		}
	}
	return time.Time{}, err
}

// Fold is how texts are compared: lower case.
func Fold(s string) string { return strings.ToLower(s) }

// TextHolds reports whether a text fulfils a term's words; Not is not looked at.
// A null is given as "".
func (t *Term) TextHolds(text string) bool {
	folded := Fold(text)
	for _, w := range t.Words {
		switch {
		case t.Op == Contains && strings.Contains(folded, w),
			t.Op == Is && t.Kind == IDColumn && w != "" && strings.HasPrefix(folded, w),
			t.Op == Is && folded == w:
			return true
		}
	}
	return false
}

// compares reports whether the order of a against b, as cmp gives it, fulfils op.
func (op Compare) compares(cmp int) bool {
	switch op {
	case Less:
		return cmp < 0
	case AtMost:
		return cmp <= 0
	case More:
		return cmp > 0
	case AtLeast:
		return cmp >= 0
	}
	return cmp == 0
}

// TimeBounds turns a term on time into bounds: from inclusive, to exclusive;
// a zero bound is open. An age grows as its time goes back.
func (t *Term) TimeBounds(now time.Time) (from, to time.Time) {
	at, op := t.At, t.Op
	if t.At.IsZero() {
		at = now.Add(-t.Age)
		op = map[Compare]Compare{Less: More, More: Less, AtMost: AtLeast, AtLeast: AtMost, Is: AtLeast}[op]
	} else if op == Is { // the day
		return at, at.AddDate(0, 0, 1)
	}
	switch op {
	case More:
		return at.Add(time.Microsecond), time.Time{}
	case AtLeast:
		return at, time.Time{}
	case AtMost:
		return time.Time{}, at.Add(time.Microsecond)
	}
	return time.Time{}, at
}

// Match reports whether a row fulfils the filter at the time now.
func Match[T any](f Filter, columns Columns[T], row *T, now time.Time) bool {
	for i := range f.Terms {
		if f.Terms[i].Not == matchTerm(&f.Terms[i], columns, row, now) {
			return false
		}
	}
	return true
}

func matchTerm[T any](t *Term, columns Columns[T], row *T, now time.Time) bool {
	if t.Column == "" {
		for _, name := range PlainColumns {
			if col, ok := columns.Find(name); ok && t.TextHolds(col.Value(row).Text()) {
				return true
			}
		}
		return false
	}
	col, ok := columns.Find(t.Column)
	if !ok {
		return false
	}
	v := col.Value(row)
	switch t.Kind {
	case NumberColumn, SizeColumn:
		n, _ := v.Int64()
		switch f := float64(n); {
		case f < t.Number:
			return t.Op.compares(-1)
		case f > t.Number:
			return t.Op.compares(1)
		}
		return t.Op.compares(0)
	case TimeColumn:
		at, _ := v.Time()
		if v.IsNull() {
			return false
		}
		from, to := t.TimeBounds(now)
		return !at.Before(from) && (to.IsZero() || at.Before(to))
	case FlagColumn:
		return v.Bool() == t.Flag
	}
	if t.Column == "volume" { // by name or by id
		if id, ok := columns.Find("volume-id"); ok && t.idHolds(id.Value(row).Text()) {
			return true
		}
	}
	return t.TextHolds(v.Text())
}

// idHolds is TextHolds with the rule of ids: a beginning is enough.
func (t *Term) idHolds(id string) bool {
	u := *t
	u.Kind = IDColumn
	return u.TextHolds(id)
}

// Order is a column to sort by.
type Order struct {
	Column string
	Desc   bool
}

// ParseOrder reads "name", "-size" (descending) or "created:desc".
func ParseOrder[T any](s string, columns Columns[T]) (Order, error) {
	o := Order{Column: strings.TrimPrefix(s, "-"), Desc: strings.HasPrefix(s, "-")}
	if name, dir, ok := strings.Cut(o.Column, ":"); ok {
		o.Column = name
		switch dir {
		case "asc":
		case "desc":
			o.Desc = !o.Desc
		default:
			return o, Fail(CodeUsage, "sort by "+s, dir+" is no direction", "use asc or desc", nil)
		}
	}
	col, ok := columns.Find(o.Column)
	if !ok {
		return o, Fail(CodeUsage, "sort by "+s, "there is no column "+o.Column, "use one of "+strings.Join(columns.Names(), ", "), nil)
	}
	if o.Column == "age" { // a greater age is an earlier time
		o.Desc = !o.Desc
	}
	o.Column = col.Name
	return o, nil
}

// compareValues orders two values of a column: null first, text without regard
// to the case of ASCII letters.
func compareValues(a, b pyjson.Value, kind ColumnKind) int {
	switch {
	case a.IsNull() || b.IsNull():
		return boolInt(!a.IsNull()) - boolInt(!b.IsNull())
	case kind == NumberColumn || kind == SizeColumn || kind == FlagColumn:
		x, _ := a.Int64()
		y, _ := b.Int64()
		return boolInt(x > y) - boolInt(x < y)
	case kind == TimeColumn:
		x, _ := a.Time()
		y, _ := b.Time()
		return x.Compare(y)
	}
	return strings.Compare(FoldASCII(a.Text()), FoldASCII(b.Text()))
}

// FoldASCII folds as SQLite's NOCASE does: ASCII letters, and nothing else.
func FoldASCII(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= 'A' && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
