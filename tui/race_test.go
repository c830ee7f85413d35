//go:build race

package tui

// underRace says that the race detector watches, beside which all takes some ten times as
// long.
const underRace = true
