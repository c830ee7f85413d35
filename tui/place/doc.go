// Package place is the place that the screens are in, for as long as they are there:
// what jobs work with, what may be done, the same in a shell, and going elsewhere.
package place
