// Package records is records in and out: exports, the tab that shows one, and the import
// of a paste.
package records
