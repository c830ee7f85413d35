// Package browse is looking at what a place has: the lists of backups and volumes, and
// the screen of one of them with its overview, capture and chain.
package browse
