// Package shell runs screens: the root model with its stack and its routing of keys,
// frame, footer and status line, the tasks and their screen, theme, clock and
// clipboard. It names no screen and no place: both come with a ui.Begin.
//
// A key goes, in this order, to the dialog on top, to the text field that has the
// focus, to the actions of the screen, to those that work everywhere.
package shell
