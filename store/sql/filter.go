package sql

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"time"

	"modernc.org/sqlite"

	"hearth/core"
)

func init() {
	sqlite.MustRegisterDeterministicScalarFunction("hearth_has", 3, hearthHas)
	sqlite.MustRegisterDeterministicScalarFunction("hearth_any", -1, hearthAny)
	sqlite.MustRegisterDeterministicScalarFunction("hearth_time", 1, hearthTime)
}

// How hearth_has compares.
const (
	contains = iota
	is
	begins // or is
)

// hearthHas is hearth_has(text, folded, how): core's own comparison of texts, so
// that a filter means the same in every place.
func hearthHas(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	return has(args[0], args[1], args[2]), nil
}

// hearthAny is hearth_any(folded, how, text...): hearth_has of any of the texts, in one
// call.
func hearthAny(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	for _, text := range args[2:] {
		if v := has(text, args[0], args[1]); v == 1 {
			return v, nil
		}
	}
	return int64(0), nil
}

// has compares a text, NULL is "".
func has(value, folded, how driver.Value) int64 {
	text, _ := value.(string)
	want, _ := folded.(string)
	text = core.Fold(text)
	ok := text == want
	switch how {
	case int64(contains):
		ok = strings.Contains(text, want)
	case int64(begins):
		ok = ok || want != "" && strings.HasPrefix(text, want)
	}
	if ok {
		return 1
	}
	return 0
}

// hearthTime is hearth_time(text): a time in whatever form, in the one that
// SQLAlchemy writes, which sorts as its text; NULL for what is no time.
func hearthTime(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	text, _ := args[0].(string)
	if t := parseStamp(text); t.Set {
		return stamp(t.V), nil
	}
	return nil, nil
}

// table is what list needs to know of backups or volumes.
type table struct {
	name  string // of the SQL table, for messages too
	from  string // FROM of the ordering query, with every join that a column needs
	alias string
	exprs map[string]string // column name -> SQL
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
	expr := t.exprs[term.Column]
	switch {
	case term.Column == "":
		var texts, conds []string
		var args []any
		for _, name := range core.PlainColumns {
			if e, ok := t.exprs[name]; ok {
				texts = append(texts, e)
			}
		}
		for _, w := range term.Words {
			conds = append(conds, "hearth_any(?, ?, "+strings.Join(texts, ", ")+") = 1")
			args = append(args, w, how(term.Op, core.TextColumn))
		}
		return either(conds), args
	case expr == "":
		return "0", nil
	case term.Kind == core.NumberColumn || term.Kind == core.SizeColumn:
		op := map[core.Compare]string{core.Is: "=", core.Less: "<", core.AtMost: "<=", core.More: ">", core.AtLeast: ">="}[term.Op]
		return "(" + expr + " " + op + " ?)", []any{term.Number}
	case term.Kind == core.FlagColumn:
		return "(" + expr + " = ?)", []any{term.Flag}
	case term.Kind == core.TimeColumn:
		return within(expr, term, now)
	}
	conds, args := holds(nil, nil, expr, term.Words, how(term.Op, term.Kind))
	if term.Column == "volume" { // by name or by id
		conds, args = holds(conds, args, t.exprs["volume-id"], term.Words, how(term.Op, core.IDColumn))
	}
	return either(conds), args
}

// holds adds a condition for each word: that the text of expr has it.
func holds(conds []string, args []any, expr string, words []string, how int) ([]string, []any) {
	for _, w := range words {
		conds = append(conds, "hearth_has(COALESCE("+expr+", ''), ?, ?) = 1")
		args = append(args, w, how)
	}
	return conds, args
}

func either(conds []string) string {
	if len(conds) == 0 {
		return "0"
	}
	return "(" + strings.Join(conds, " OR ") + ")"
}

// within is the condition that a time lies in a term's bounds.
func within(expr string, term *core.Term, now time.Time) (string, []any) {
	from, to := term.TimeBounds(now)
	cond, args := expr+" IS NOT NULL", []any(nil)
	if !from.IsZero() {
		cond, args = cond+" AND "+expr+" >= ?", append(args, stampUp(from))
	}
	if !to.IsZero() {
		cond, args = cond+" AND "+expr+" < ?", append(args, stampUp(to))
	}
	return "(" + cond + ")", args
}

func how(op core.Compare, kind core.ColumnKind) int {
	switch {
	case op == core.Contains:
		return contains
	case kind == core.IDColumn:
		return begins
	}
	return is
}

// orderBy orders as core.Select does: NULL first, text by SQLite's NOCASE, ties
// by id in the direction of the first order.
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
	last := t.exprs["id"]
	if orders[0].Desc {
		last += " DESC"
	}
	return strings.Join(append(parts, last), ", ")
}

// backupTable says how the columns of core.BackupColumns read in SQL.
func (s schema) backupTable() table {
	t := func(c string) string { return s.text("b", "backups", c) }
	id := func(c string) string { return s.id("b", "backups", c) }
	n := func(c string) string { return s.integer("b", "backups", c) }
	at := func(c string) string { return s.time("b", "backups", c) }
	return table{
		name:  "backups",
		from:  backupFrom,
		alias: "b",
		exprs: map[string]string{
			"name":             t("display_name"),
			"status":           "COALESCE(" + t("status") + ", '')",
			"kind":             "(" + id("parent_id") + " IS NOT NULL)",
			"size":             n("size"),
			"created":          at("created_at"),
			"volume":           s.text("v", "volumes", "display_name"),
			"volume-id":        id("volume_id"),
			"id":               t("id"),
			"description":      t("display_description"),
			"reason":           t("fail_reason"),
			"project":          id("project_id"),
			"project-name":     "NULL",
			"written":          "NULL",
			"caution":          "NULL",
			"user":             id("user_id"),
			"parent":           id("parent_id"),
			"has-dependents":   "(" + n("num_dependent_backups") + " > 0)",
			"dependents":       n("num_dependent_backups"),
			"objects":          n("object_count"),
			"container":        t("container"),
			"service":          t("service"),
			"service-metadata": t("service_metadata"),
			"az":               t("availability_zone"),
			"host":             t("host"),
			"snapshot":         t("snapshot_id"),
			"restored":         id("restore_volume_id"),
			"key":              t("encryption_key_id"),
			"data-time":        at("data_timestamp"),
			"updated":          at("updated_at"),
		},
	}
}

// volumeTable says how the columns of core.VolumeFields read in SQL.
func (s schema) volumeTable() table {
	t := func(c string) string { return s.text("v", "volumes", c) }
	id := func(c string) string { return s.id("v", "volumes", c) }
	n := func(c string) string { return s.integer("v", "volumes", c) }
	at := func(c string) string { return s.time("v", "volumes", c) }
	from := s.volumeFrom() + " LEFT JOIN (" + s.countBackups("1") + ") c ON c.volume_id = v.id"
	return table{
		name:  "volumes",
		from:  from,
		alias: "v",
		exprs: map[string]string{
			"name":         t("display_name"),
			"status":       "COALESCE(" + t("status") + ", '')",
			"size":         n("size"),
			"bootable":     s.flag("v", "volumes", "bootable"),
			"encrypted":    "(" + t("encryption_key_id") + " IS NOT NULL)",
			"backups":      "COALESCE(c.n, 0)",
			"last-backup":  "c.last",
			"created":      at("created_at"),
			"id":           t("id"),
			"description":  t("display_description"),
			"type":         s.typeName(),
			"type-id":      t("volume_type_id"),
			"project":      id("project_id"),
			"project-name": "NULL",
			"user":         id("user_id"),
			"az":           t("availability_zone"),
			"host":         t("host"),
			"attached":     t("attach_status"),
			"multiattach":  s.flag("v", "volumes", "multiattach"),
			"snapshot":     t("snapshot_id"),
			"source":       id("source_volid"),
			"key":          t("encryption_key_id"),
			"updated":      at("updated_at"),
		},
	}
}

// countBackups selects the volumes that have backups, how many, and when the
// newest that is available was made; of the backups that fulfil a condition.
func (s schema) countBackups(cond string) string {
	if !s.joins() {
		return s.countByText(cond)
	}
	return "SELECT b.volume_id, count(*) AS n, max(CASE WHEN b.status = '" + core.StatusAvailable + "' THEN " +
		s.time("b", "backups", "created_at") + " END) AS last FROM backups b WHERE " + live("b") + " AND " + cond + " GROUP BY b.volume_id"
}

// orderKey tells the queries apart that have different orders. Ages are of the
// second, so that a list that is drawn often is not sorted as often.
func orderKey(table string, q core.Query) string {
	var key strings.Builder
	fmt.Fprintf(&key, "%s %+v", table, q.Sort)
	for _, t := range q.Filter.Terms {
		fmt.Fprintf(&key, " %q %d %q %v %q %v %v %d %v", t.Column, t.Kind, t.Op, t.Not, t.Words, t.Number, t.Age, t.At.UnixNano(), t.Flag)
		if t.Kind == core.TimeColumn && t.At.IsZero() {
			fmt.Fprintf(&key, " %d", q.Now.Unix())
		}
	}
	return key.String()
}
