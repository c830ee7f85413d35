// Package operate is what an admin does to backups and volumes: create, edit, delete and
// reset; and the journal, by which changes are looked at and taken back.
package operate
