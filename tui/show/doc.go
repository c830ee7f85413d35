// Package show is how what core says looks: glyphs, cells and lines, as pure functions
// of a look and a value.
package show
