// Package wire is what the clients of networks share: how much an answer may be, as it
// comes and unpacked, and how long it may take. Whoever answers is not believed: not the
// length that it names, not that its list ends, not that what it packs is small.
package wire
