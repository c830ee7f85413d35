// Package term is the line between the terminal and Bubble Tea, whose own input
// takes the pieces of a slow line for keys: it gives what is half there 50 ms, then
// runs the rest of a paste or of a terminal's answer as if it had been typed, and is
// deaf for ever once the end of a paste got lost.
//
// [Run] runs a program with a reader of its own below Bubble Tea's ([tea.WithInput]).
// It hands on nothing but whole keys, whole answers and text; what it holds back, and
// how long, is told in decoder.go and paste.go. On input that is no terminal, and on
// Windows, whose console has events of its own, nothing changes.
//
// It knows nothing of hearth.
package term
