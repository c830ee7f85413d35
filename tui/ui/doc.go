// Package ui is what a screen is made of: the contract of a screen and of its host,
// actions, dialogs, forms, lines and layout, and the look that all of it is drawn
// in. It knows no Cinder and no shell.
//
// A screen is a type with five methods (see [Screen]) that holds what it is given as
// named fields: the [Host], by which it asks, starts, copies and says, and whatever
// its maker handed in. Neither is embedded, so what a screen uses reads as what it
// uses; the one thing to embed is [Read], which is part of being a screen that reads.
// The example shows a whole one; to be reached it needs one line in tui/screens.go.
package ui
