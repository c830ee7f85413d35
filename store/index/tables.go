package index

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hearth/core"
)

// version is of all that Make makes; a file with another one is made anew.
const version = 4

// stamps is what GLOB knows a time by, as SQLAlchemy writes it, which sorts as its text.
const stamps = "????-??-?? ??:??:??.??????"

// stray are the letters that are no ASCII and fold to some that are (KELVIN SIGN, LATIN
// CAPITAL LETTER I WITH DOT ABOVE): SQLite's NOCASE and FTS5 know nothing of the first.
const stray = "\u212a\u0130"

// beside are the tables that triggers keep. Only rows that are not deleted are in them.
const beside = `
CREATE TABLE hearth_backup_rows (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, volume TEXT);
CREATE TABLE hearth_volume_rows (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT, backups INTEGER NOT NULL, last TEXT);
CREATE TABLE hearth_counts (what TEXT NOT NULL, value TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (what, value)) WITHOUT ROWID;
CREATE VIRTUAL TABLE hearth_backup_words USING fts5(words, content='', contentless_delete=1, tokenize='trigram', detail=none);
CREATE VIRTUAL TABLE hearth_volume_words USING fts5(words, content='', contentless_delete=1, tokenize='trigram', detail=none);
CREATE VIRTUAL TABLE hearth_backup_terms USING fts5vocab('hearth_backup_words', 'row');
CREATE VIRTUAL TABLE hearth_volume_terms USING fts5vocab('hearth_volume_words', 'row');
`

// live is the condition that a row is not deleted.
func live(row string) string { return "(" + row + ".deleted IS NULL OR " + row + ".deleted = 0)" }

// lastOf selects when a volume's newest available backup was made.
func lastOf(volume string) string {
	return "(SELECT max(CASE WHEN q.created_at GLOB '" + stamps + "' THEN q.created_at END) FROM backups q WHERE q.volume_id = " + volume +
		" AND q.status = '" + core.StatusAvailable + "' AND " + live("q") + ")"
}

func countOf(volume string) string {
	return "(SELECT count(*) FROM backups q WHERE q.volume_id = " + volume + " AND " + live("q") + ")"
}

// countsOfAll is [countOf] and [lastOf] of every volume at once: of each by itself, its
// backups are looked up one by one.
var countsOfAll = "(SELECT q.volume_id, count(*) AS n, max(CASE WHEN q.status = '" + core.StatusAvailable +
	"' AND q.created_at GLOB '" + stamps + "' THEN q.created_at END) AS last FROM backups q NOT INDEXED WHERE " +
	live("q") + " GROUP BY q.volume_id)"

func nameOf(volume string) string {
	return "(SELECT CAST(q.display_name AS TEXT) FROM volumes q WHERE q.id = " + volume + ")"
}

func typeOf(id string) string {
	return "(SELECT CAST(q.name AS TEXT) FROM volume_types q WHERE q.id = " + id + ")"
}

// words is the text of a row that is looked through for words: ids only where they do not
// look as ids do, for those that do are found by their letters alone (see plain). Two line
// breaks follow the last, so that each letter, and each two, begin three.
func words(texts, ids []string) string {
	var parts []string
	for _, t := range texts {
		parts = append(parts, "COALESCE("+t+", '')")
	}
	for _, id := range ids {
		parts = append(parts, "CASE WHEN "+id+" GLOB '*[^0-9a-fA-F-]*' OR NOT ("+
			id+" GLOB '????????-????-????-????-????????????' OR length("+id+
			") = 32 AND "+id+" NOT GLOB '*-*') THEN "+id+" ELSE '' END")
	}
	return strings.Join(parts, " || char(10) || ") + " || char(10) || char(10)"
}

func backupWords(row, volume string) string {
	return words([]string{row + ".display_name", row + ".display_description", row + ".fail_reason", volume},
		[]string{row + ".id", row + ".volume_id", row + ".project_id"})
}

func volumeWords(row string) string {
	return words([]string{row + ".display_name", row + ".display_description"}, []string{row + ".id", row + ".project_id"})
}

// counted are the counts that one row is part of: what, and of which value.
func counted(table, row string) [][2]string {
	out := [][2]string{{table, "''"}, {table + ".status", "COALESCE(" + row + ".status, '')"}}
	if table == "backups" {
		out = append(out, [2]string{table + ".kind", "CAST((NULLIF(" + row + ".parent_id, '') IS NOT NULL) AS TEXT)"})
	}
	return out
}

// tally changes the counts that a row is part of by one.
func tally(table, row, by string) string {
	var b strings.Builder
	for _, c := range counted(table, row) {
		fmt.Fprintf(&b, "INSERT INTO hearth_counts SELECT '%[1]s', %[2]s, 0 WHERE %[3]s AND NOT EXISTS "+
			"(SELECT 1 FROM hearth_counts WHERE what = '%[1]s' AND value = %[2]s);\n"+
			"UPDATE hearth_counts SET n = n %[4]s WHERE what = '%[1]s' AND value = %[2]s AND %[3]s;\n", c[0], c[1], live(row), by)
	}
	return b.String()
}

// backupGone and backupCame are what a trigger does about a row that was, and that is.
func backupGone() string {
	return "DELETE FROM hearth_backup_words WHERE rowid = (SELECT n FROM hearth_backup_rows WHERE id = old.id);\n" +
		"DELETE FROM hearth_backup_rows WHERE id = old.id;\n" + tally("backups", "old", "- 1") +
		"UPDATE hearth_volume_rows SET backups = " + countOf("old.volume_id") + ", last = " + lastOf("old.volume_id") +
		" WHERE id = old.volume_id;\n"
}

func backupCame() string {
	return "INSERT INTO hearth_backup_rows (id, volume) SELECT new.id, " + nameOf("new.volume_id") + " WHERE " + live("new") + ";\n" +
		"INSERT INTO hearth_backup_words (rowid, words) SELECT x.n, " + backupWords("new", "x.volume") +
		" FROM hearth_backup_rows x WHERE x.id = new.id;\n" + tally("backups", "new", "+ 1") +
		"UPDATE hearth_volume_rows SET backups = " + countOf("new.volume_id") + ", last = " + lastOf("new.volume_id") +
		" WHERE id = new.volume_id;\n"
}

func volumeGone() string {
	return "DELETE FROM hearth_volume_words WHERE rowid = (SELECT n FROM hearth_volume_rows WHERE id = old.id);\n" +
		"DELETE FROM hearth_volume_rows WHERE id = old.id;\n" + tally("volumes", "old", "- 1")
}

func volumeCame() string {
	return "INSERT INTO hearth_volume_rows (id, type, backups, last) SELECT new.id, " + typeOf("new.volume_type_id") +
		", " + countOf("new.id") +
		", " + lastOf("new.id") + " WHERE " + live("new") + ";\n" +
		"INSERT INTO hearth_volume_words (rowid, words) SELECT x.n, " + volumeWords("new") +
		" FROM hearth_volume_rows x WHERE x.id = new.id;\n" + tally("volumes", "new", "+ 1")
}

// renamed writes a volume's name anew to its backups.
func renamed(id string) string {
	mine := "(SELECT x.n FROM hearth_backup_rows x JOIN backups b ON b.id = x.id WHERE b.volume_id = " + id + ")"
	return "UPDATE hearth_backup_rows SET volume = " + nameOf(id) + " WHERE n IN " + mine + ";\n" +
		"DELETE FROM hearth_backup_words WHERE rowid IN " + mine + ";\n" +
		"INSERT INTO hearth_backup_words (rowid, words) SELECT x.n, " + backupWords("b", "x.volume") +
		" FROM hearth_backup_rows x JOIN backups b ON b.id = x.id WHERE b.volume_id = " + id + ";\n"
}

// triggers keep the tables beside, by name.
func triggers() map[string]string {
	retyped := func(id string) string {
		return "UPDATE hearth_volume_rows SET type = " + typeOf(id) +
			" WHERE id IN (SELECT v.id FROM volumes v WHERE v.volume_type_id = " + id + ");\n"
	}
	return map[string]string{
		"hearth_backup_new":  "AFTER INSERT ON backups BEGIN\n" + backupCame(),
		"hearth_backup_gone": "AFTER DELETE ON backups BEGIN\n" + backupGone(),
		"hearth_backup_now":  "AFTER UPDATE ON backups BEGIN\n" + backupGone() + backupCame(),
		"hearth_volume_new":  "AFTER INSERT ON volumes BEGIN\n" + volumeCame() + renamed("new.id"),
		"hearth_volume_gone": "AFTER DELETE ON volumes BEGIN\n" + volumeGone() + renamed("old.id"),
		"hearth_volume_now":  "AFTER UPDATE ON volumes BEGIN\n" + volumeGone() + volumeCame(),
		"hearth_volume_name": "AFTER UPDATE ON volumes WHEN old.display_name IS NOT new.display_name OR old.id IS NOT new.id BEGIN\n" +
			renamed("old.id") + renamed("new.id"),
		"hearth_type_new":  "AFTER INSERT ON volume_types BEGIN\n" + retyped("new.id"),
		"hearth_type_gone": "AFTER DELETE ON volume_types BEGIN\n" + retyped("old.id"),
		"hearth_type_now":  "AFTER UPDATE ON volume_types BEGIN\n" + retyped("old.id") + retyped("new.id"),
	}
}

// fill writes what the triggers would have written.
func fill() []string {
	var out []string
	for _, t := range []struct{ rows, text, table, a, words string }{
		{"hearth_backup_rows (id, volume)", nameOf("b.volume_id"), "backups", "b", backupWords("b", "x.volume")},
		{"hearth_volume_rows (id, type, backups, last)", typeOf("v.volume_type_id") + ", COALESCE(c.n, 0), c.last",
			"volumes", "v", volumeWords("v")},
	} {
		name, _, _ := strings.Cut(t.rows, " ")
		counts := ""
		if t.table == "volumes" {
			counts = " LEFT JOIN " + countsOfAll + " c ON c.volume_id = v.id"
		}
		out = append(out,
			"INSERT INTO "+t.rows+" SELECT "+t.a+".id, "+t.text+" FROM "+t.table+" "+t.a+counts+" WHERE "+live(t.a)+" ORDER BY "+t.a+".rowid",
			"INSERT INTO "+strings.TrimSuffix(name, "rows")+"words (rowid, words) SELECT x.n, "+t.words+" FROM "+name+" x JOIN "+t.table+" "+t.a+
				" ON "+t.a+".id = x.id ORDER BY x.n")
		for _, c := range counted(t.table, t.a) {
			out = append(out, "INSERT INTO hearth_counts SELECT '"+c[0]+"', "+c[1]+", count(*) FROM "+t.table+" "+t.a+
				" WHERE "+live(t.a)+" GROUP BY 2")
		}
	}
	return out
}

// bare is an expression without the alias of its table, as an SQL index wants it.
func bare(expr, alias string) string {
	return strings.ReplaceAll(strings.ReplaceAll(expr, alias+`."`, `"`), alias+".", "")
}

// Order makes the SQL index of a column, where there is none yet.
func (t *Table) Order(column string) string {
	if t.joined(column) {
		return "CREATE INDEX IF NOT EXISTS " + t.indexOf(column) + " ON " + t.Rows + " (" + bare(t.key(column), "x") + ", id)"
	}
	only := ""
	if t.Sparse[column] {
		only = " WHERE " + bare(t.Exprs[column], t.Alias) + " IS NOT NULL"
	}
	return "CREATE INDEX IF NOT EXISTS " + t.indexOf(column) + " ON " + t.Name + " (" + bare(t.key(column), t.Alias) + ", id, deleted)" + only
}

// orders makes the SQL indexes of a table: of all columns, or of some.
func (t *Table) orders(some bool) []string {
	var out []string
	for _, column := range slices.Sorted(maps.Keys(t.Exprs)) {
		if t.ordered(column) && (!some || t.First[column]) {
			out = append(out, t.Order(column))
		}
	}
	out = append(out, "CREATE INDEX "+t.pair()+" ON "+t.Name+" ("+bare(t.key("status"), t.Alias)+", "+
		bare(t.key("created"), t.Alias)+", id, deleted)")
	return append(out, "CREATE INDEX hearth_"+t.Name+"_odd ON "+t.Name+" (id) WHERE "+odd(t.Name))
}

// odd is the condition that a row holds what SQL compares otherwise than core does.
func odd(table string) string {
	var conds []string
	for _, c := range []string{"created_at", "updated_at", "data_timestamp"} {
		if table == "backups" || c != "data_timestamp" {
			conds = append(conds, "("+c+" IS NOT NULL AND "+c+" NOT GLOB '"+stamps+"')")
		}
	}
	for _, c := range []string{"display_name", "display_description", "status"} {
		conds = append(conds, c+" GLOB '*["+stray+"]*'")
	}
	if table == "backups" {
		conds = append(conds, "fail_reason GLOB '*["+stray+"]*'")
	}
	return strings.Join(conds, " OR ")
}

// AllName and SomeName are the tables that say which index a file has: one of this version
// with every order, or one that has those of [Table.First] and what was asked for since.
var (
	AllName  = fmt.Sprintf("hearth_index_%d", version)
	SomeName = fmt.Sprintf("hearth_index_%d_some", version)
)

// Made reports whether a file has its index, of this version.
func Made(ctx context.Context, q Querier) (bool, error) {
	made, _, err := made(ctx, q)
	return made, err
}

// made is Made, and whether orders may be missing.
func made(ctx context.Context, q Querier) (made, some bool, err error) {
	var n, few int
	err = q.QueryRowContext(ctx, "SELECT count(*), COALESCE(sum(name = ?), 0) FROM sqlite_master WHERE type = 'table' AND name IN (?, ?)",
		SomeName, AllName, SomeName).Scan(&n, &few)
	return n > 0, few > 0, err
}

// Make makes the index of the tables in one transaction. It costs about as much as
// writing the rows did.
func Make(ctx context.Context, tx *sql.Tx, tables ...*Table) error {
	if err := Drop(ctx, tx); err != nil {
		return err
	}
	for _, s := range steps(false, tables) {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%w (in %.80s)", err, s)
		}
	}
	return nil
}

// Some are the steps to an index without the orders that are seldom asked for, for who
// goes through them one by one; [Table.Order] makes each of the others. It is there once
// the last is done, and nothing may be written to the tables before.
func Some(tables ...*Table) []string { return steps(true, tables) }

func steps(some bool, tables []*Table) []string {
	out := append([]string{beside}, fill()...)
	for _, t := range tables {
		out = append(out, t.orders(some)...)
	}
	made := triggers()
	for _, name := range slices.Sorted(maps.Keys(made)) {
		out = append(out, "CREATE TRIGGER "+name+" "+made[name]+"END")
	}
	name := AllName
	if some {
		name = SomeName
	}
	return append(out, "CREATE TABLE "+name+" (made INTEGER)")
}

// Drop removes the index, whatever its version. Triggers go first, so that what writes
// meanwhile finds all of it or nothing.
func Drop(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, `SELECT type, name FROM sqlite_master
		WHERE type IN ('trigger', 'index', 'table') AND sql IS NOT NULL AND (
		name GLOB 'hearth_backup_*' OR name GLOB 'hearth_volume_*' OR name GLOB 'hearth_type_*' OR name GLOB 'hearth_index_*' OR
		name = 'hearth_counts' OR name GLOB 'hearth_backups_by_*' OR name GLOB 'hearth_volumes_by_*' OR name GLOB 'hearth_*s_odd')
		AND name NOT GLOB '*_words_*' ORDER BY type DESC`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var drops []string
	for rows.Next() {
		var kind, name string
		if err := rows.Scan(&kind, &name); err != nil {
			return err
		}
		drops = append(drops, "DROP "+strings.ToUpper(kind)+" IF EXISTS "+name)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, d := range drops {
		if _, err := tx.ExecContext(ctx, d); err != nil {
			return err
		}
	}
	return nil
}
