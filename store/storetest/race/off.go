//go:build !race

package race

// Watches reports whether the race detector does: not in this build.
const Watches = false
