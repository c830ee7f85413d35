//go:build race

package race

// Watches reports whether the race detector does, beside which all takes some ten times as long.
const Watches = true
