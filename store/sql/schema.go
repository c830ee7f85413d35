package sql

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"strings"

	"hearth/core"
	"hearth/store/ledger"
)

// schema is what tables and columns a database has, and how its dialect reads them:
// releases of Cinder lack some columns and add others.
type schema struct {
	tables map[string]map[string]string // table -> column -> declared type, in capitals
	dialect
	clues []core.Clue // to the release, from the revision of the schema
}

// tablesRead are the tables that hearth reads.
var tablesRead = []string{"volumes", "volume_metadata", "volume_glance_metadata", "volume_types", "backups", "backup_metadata",
	"services", "encryption", "snapshots", "alembic_version", "migrate_version"}

// readSchema asks for what there is of the tables that hearth reads.
func readSchema(ctx context.Context, q querier, d dialect) (schema, error) {
	s := schema{tables: map[string]map[string]string{}, dialect: d}
	rows, err := q.QueryContext(ctx, d.columns("'"+strings.Join(tablesRead, "', '")+"'"))
	if err != nil {
		return s, err
	}
	defer rows.Close()
	for rows.Next() {
		var table, column, typ string
		if err := rows.Scan(&table, &column, &typ); err != nil {
			return s, err
		}
		if s.tables[table] == nil {
			s.tables[table] = map[string]string{}
		}
		s.tables[table][column] = strings.ToUpper(typ)
	}
	if err := cmp.Or(rows.Err(), rows.Close()); err != nil {
		return s, err
	}
	s.clues = s.revision(ctx, q)
	return s, nil
}

// revision is what cinder-manage db sync noted of the schema. A login that may not read that
// has the rest all the same; it is the last that is read, as PostgreSQL takes no more then.
func (s schema) revision(ctx context.Context, q querier) []core.Clue {
	var alembic, migrate string
	ask := func(table, column string, into *string) {
		if s.has(table, column) {
			var text any
			if q.QueryRowContext(ctx, "SELECT "+column+" FROM "+table).Scan(&text) == nil {
				*into = fmt.Sprint(text)
				if b, ok := text.([]byte); ok {
					*into = string(b)
				}
			}
		}
	}
	if ask("alembic_version", "version_num", &alembic); alembic == "" {
		ask("migrate_version", "version", &migrate)
	}
	if c, ok := core.ClueOfSchema(alembic, migrate); ok {
		return []core.Clue{c}
	}
	return nil
}

// needed are the columns without which nothing works; everything else may lack.
var needed = map[string][]string{
	"volumes": {"id", "deleted", "status", "size"},
	"backups": {"id", "deleted", "status", "volume_id"},
}

// lacks says what makes the file unusable as Cinder's database, "" if nothing.
func (s schema) lacks() string {
	for _, table := range []string{"volumes", "backups"} {
		if s.tables[table] == nil {
			return "there is no table " + table
		}
		for _, column := range needed[table] {
			if !s.has(table, column) {
				return fmt.Sprintf("table %s has no column %s", table, column)
			}
		}
	}
	return ""
}

func (s schema) has(table, column string) bool {
	_, ok := s.tables[table][column]
	return ok
}

// only is the schema without the columns of a table that are not named.
func (s schema) only(table string, columns []string) schema {
	few := map[string]string{}
	for _, c := range columns {
		if typ, ok := s.tables[table][c]; ok {
			few[c] = typ
		}
	}
	s.tables = maps.Clone(s.tables)
	s.tables[table] = few
	return s
}

// text selects a column as text whatever its declared type, so that the driver
// converts nothing, and that compares byte by byte; a column that is not there is NULL.
func (s schema) text(alias, table, column string) string {
	if !s.has(table, column) {
		return "NULL"
	}
	return s.asText(alias + "." + quoteIdent(column))
}

// integer selects a column as a number, 0 for NULL, as Cinder's objects load it.
func (s schema) integer(alias, table, column string) string {
	if !s.has(table, column) {
		return s.asInteger("0", "INTEGER") // a bare 0 would number a column in ORDER BY
	}
	return "COALESCE(" + s.asInteger(alias+"."+quoteIdent(column), s.tables[table][column]) + ", 0)"
}

// flag selects a column as 0 or 1.
func (s schema) flag(alias, table, column string) string {
	return "(" + s.integer(alias, table, column) + " <> 0)"
}

// id selects a column that holds an id; an empty one is no id.
func (s schema) id(alias, table, column string) string {
	return "NULLIF(" + s.text(alias, table, column) + ", '')"
}

// time selects a column that holds a time in the one form that sorts as its text; NULL
// for what is no time.
func (s schema) time(alias, table, column string) string {
	if !s.has(table, column) {
		return "NULL"
	}
	return s.asTime(alias+"."+quoteIdent(column), s.tables[table][column])
}

// is is the condition that a text column is the argument of that number, byte by byte
// and by the column's index where it has one. The column is there.
func (s schema) is(alias, column string, arg int) string {
	return s.equals(alias+"."+quoteIdent(column), fmt.Sprintf("?%d", arg))
}

// unseen names the columns that the table lacks, also as the API calls what they
// hold, and what whole tables that are missing would hold; nil if nothing.
func (s schema) unseen(table string, columns []string, fields map[string]string) core.FieldSet {
	set := core.FieldSet{}
	for _, column := range columns {
		if column == "metadata" || s.has(table, column) { // metadata is a table of its own
			continue
		}
		set[column] = true
		if field, ok := fields[column]; ok {
			set[field] = true
		}
	}
	for side, field := range sides[table] {
		if !s.has(side, "value") && !s.has(side, "name") {
			set[field] = true
		}
	}
	if len(set) == 0 {
		return nil
	}
	return set
}

// sides are the tables beside one, and the API's names of what they hold.
var sides = map[string]map[string]string{
	"volumes": {"volume_metadata": "metadata", "volume_glance_metadata": "volume_image_metadata", "volume_types": "volume_type"},
	"backups": {"backup_metadata": "metadata"},
}

// live is the condition that a row is not soft-deleted.
func live(alias string) string {
	return fmt.Sprintf("(%[1]s.deleted IS NULL OR %[1]s.deleted = FALSE)", alias)
}

// cinderTables are the tables of a store that hearth makes: Cinder's own, as
// cinder-manage db sync 21.3.1 makes them, but for keys that refer to tables
// which are not here.
const cinderTables = `
CREATE TABLE volume_types (
	created_at DATETIME, updated_at DATETIME, deleted_at DATETIME, deleted BOOLEAN,
	id VARCHAR(36) NOT NULL, name VARCHAR(255), qos_specs_id VARCHAR(36), is_public BOOLEAN,
	description VARCHAR(255), PRIMARY KEY (id));
CREATE TABLE volumes (
	created_at DATETIME, updated_at DATETIME, deleted_at DATETIME, deleted BOOLEAN,
	id VARCHAR(36) NOT NULL, _name_id VARCHAR(36), use_quota BOOLEAN, ec2_id VARCHAR(255),
	user_id VARCHAR(255), project_id VARCHAR(255), snapshot_id VARCHAR(36), cluster_name VARCHAR(255),
	host VARCHAR(255), size INTEGER, availability_zone VARCHAR(255), status VARCHAR(255),
	attach_status VARCHAR(255), migration_status VARCHAR(255), scheduled_at DATETIME, launched_at DATETIME,
	terminated_at DATETIME, display_name VARCHAR(255), display_description VARCHAR(255),
	provider_location VARCHAR(256), provider_auth VARCHAR(256), provider_geometry VARCHAR(255),
	provider_id VARCHAR(255), volume_type_id VARCHAR(36), source_volid VARCHAR(36),
	encryption_key_id VARCHAR(36), consistencygroup_id VARCHAR(36), group_id VARCHAR(36),
	bootable BOOLEAN, multiattach BOOLEAN, replication_status VARCHAR(255),
	replication_extended_status VARCHAR(255), replication_driver_data VARCHAR(255),
	previous_status VARCHAR(255), service_uuid VARCHAR(36), shared_targets BOOLEAN, PRIMARY KEY (id));
CREATE TABLE volume_metadata (
	created_at DATETIME, updated_at DATETIME, deleted_at DATETIME, deleted BOOLEAN,
	id INTEGER NOT NULL, volume_id VARCHAR(36) NOT NULL, "key" VARCHAR(255), value VARCHAR(255), PRIMARY KEY (id));
CREATE INDEX ix_volume_metadata_volume_id ON volume_metadata (volume_id);
CREATE TABLE volume_glance_metadata (
	created_at DATETIME, updated_at DATETIME, deleted_at DATETIME, deleted BOOLEAN,
	id INTEGER NOT NULL, volume_id VARCHAR(36), snapshot_id VARCHAR(36), "key" VARCHAR(255), value TEXT, PRIMARY KEY (id));
CREATE INDEX ix_volume_glance_metadata_volume_id ON volume_glance_metadata (volume_id);
CREATE TABLE backups (
	created_at DATETIME, updated_at DATETIME, deleted_at DATETIME, deleted BOOLEAN,
	id VARCHAR(36) NOT NULL, volume_id VARCHAR(36) NOT NULL, user_id VARCHAR(255), project_id VARCHAR(255),
	host VARCHAR(255), availability_zone VARCHAR(255), display_name VARCHAR(255), display_description VARCHAR(255),
	container VARCHAR(255), status VARCHAR(255), fail_reason VARCHAR(255), service_metadata VARCHAR(255),
	service VARCHAR(255), size INTEGER, object_count INTEGER, parent_id VARCHAR(36), temp_volume_id VARCHAR(36),
	temp_snapshot_id VARCHAR(36), num_dependent_backups INTEGER, snapshot_id VARCHAR(36), data_timestamp DATETIME,
	restore_volume_id VARCHAR(36), encryption_key_id VARCHAR(36), PRIMARY KEY (id));
CREATE TABLE backup_metadata (
	created_at DATETIME, updated_at DATETIME, deleted_at DATETIME, deleted BOOLEAN,
	id INTEGER NOT NULL, backup_id VARCHAR(36) NOT NULL, "key" VARCHAR(255), value VARCHAR(255), PRIMARY KEY (id));
CREATE INDEX ix_backup_metadata_backup_id ON backup_metadata (backup_id);
`

// hearthTables are hearth's own tables, one step a version; steps are only ever
// added.
var hearthTables = []string{ledger.Tables + `
CREATE INDEX hearth_backups_volume ON backups (volume_id);
CREATE INDEX hearth_backups_parent ON backups (parent_id);
`, ledger.AgainStep, ledger.KnownStep, ledger.SumStep, ledger.TurnStep}
