// Package recovery is what keeps and brings back: the archive, copies between places, the
// recovery of what a place has lost, and what lies in a backup repository.
package recovery
