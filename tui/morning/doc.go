// Package morning is how a place stands: the dashboard, backups in time, whether policies
// are kept, and what a prune by them would do.
package morning
