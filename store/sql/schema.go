package sql

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"hearth/core"
	"hearth/store/ledger"
)

// schema is what tables and columns a file has: releases of Cinder lack some
// columns and add others.
type schema map[string]map[string]string // table -> column -> declared type

func readSchema(ctx context.Context, db *sql.DB) (schema, error) {
	rows, err := db.QueryContext(ctx, `SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name IN
			('volumes', 'volume_metadata', 'volume_glance_metadata', 'volume_types', 'backups', 'backup_metadata')`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	s := schema{}
	for rows.Next() {
		var table, column, typ string
		if err := rows.Scan(&table, &column, &typ); err != nil {
			return nil, err
		}
		if s[table] == nil {
			s[table] = map[string]string{}
		}
		s[table][column] = strings.ToUpper(typ)
	}
	return s, rows.Err()
}

// needed are the columns without which nothing works; everything else may lack.
var needed = map[string][]string{
	"volumes": {"id", "deleted", "status", "size"},
	"backups": {"id", "deleted", "status", "volume_id"},
}

// lacks says what makes the file unusable as Cinder's database, "" if nothing.
func (s schema) lacks() string {
	for _, table := range []string{"volumes", "backups"} {
		if s[table] == nil {
			return "there is no table " + table
		}
		for _, column := range needed[table] {
			if _, ok := s[table][column]; !ok {
				return fmt.Sprintf("table %s has no column %s", table, column)
			}
		}
	}
	return ""
}

func (s schema) has(table, column string) bool {
	_, ok := s[table][column]
	return ok
}

// text selects a column as text whatever its declared type, so that the driver
// converts nothing; a column that is not there is NULL.
func (s schema) text(alias, table, column string) string {
	if !s.has(table, column) {
		return "NULL"
	}
	return "CAST(" + alias + "." + quoteIdent(column) + " AS TEXT)"
}

// integer selects a column as a number, 0 for NULL, as Cinder's objects load it.
func (s schema) integer(alias, table, column string) string {
	if !s.has(table, column) {
		return "CAST(0 AS INTEGER)" // a bare 0 would number a column in ORDER BY
	}
	return "COALESCE(CAST(" + alias + "." + quoteIdent(column) + " AS INTEGER), 0)"
}

// flag selects a column as 0 or 1.
func (s schema) flag(alias, table, column string) string {
	return "(" + s.integer(alias, table, column) + " <> 0)"
}

// id selects a column that holds an id; an empty one is no id.
func (s schema) id(alias, table, column string) string {
	return "NULLIF(" + s.text(alias, table, column) + ", '')"
}

// time selects a DATETIME column in the one form that sorts as its text. Cinder
// writes that form; other programs that fill a database may not.
func (s schema) time(alias, table, column string) string {
	if !s.has(table, column) {
		return "NULL"
	}
	text := s.text(alias, table, column)
	return "(CASE WHEN " + text + " GLOB '" + stampPattern + "' THEN " + text + " ELSE hearth_time(" + text + ") END)"
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
	return fmt.Sprintf("(%[1]s.deleted IS NULL OR %[1]s.deleted = 0)", alias)
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
`, ledger.AgainStep}
