package ui

import (
	"sync/atomic"
	"unicode/utf8"

	"hearth/core"
)

// keyring is the keys of actions by their names: those that they have by themselves, and those
// that the config gives them. There is one keyboard, and so one of it.
type keyring struct{ own, given map[string][]string }

var keys atomic.Pointer[keyring]

// HaveKeys says which keys actions have, by their names and as tea writes them: their own, and
// those that are given instead.
func HaveKeys(own, given map[string][]string) { keys.Store(&keyring{own, given}) }

// KeyOf is the key of an action as people read it, for a sentence that names it: where the config
// gives the action another one, that. Where nobody has said which there are it is the name.
func KeyOf(action string) string {
	own := action
	if k := keys.Load(); k != nil && len(k.own[action]) > 0 {
		own = k.own[action][0]
	}
	return KeyHere(action, own)
}

// KeyHere is the same for an action that has a key of its own just here.
func KeyHere(action, own string) string {
	if k := keys.Load(); k != nil && len(k.given[action]) > 0 {
		return inWords(k.given[action][0])
	}
	return inWords(own)
}

// KeyTyping is the same where letters are text, and so are no keys.
func KeyTyping(action, own string) string {
	if k := keys.Load(); k != nil {
		for _, key := range k.given[action] {
			if utf8.RuneCountInString(key) > 1 && key != "space" {
				return inWords(key)
			}
		}
	}
	return inWords(own)
}

// arrows are those keys in words, where the terminal shows ASCII alone: a sentence may go through
// [core.Visible], and who drew the sign is not known there.
var arrows = map[string]string{"up": "Up", "down": "Down", "left": "Left", "right": "Right"}

// inWords is a key as a sentence names it.
func inWords(key string) string {
	if word, ok := arrows[key]; ok && core.Visible("→") != "→" {
		return word
	}
	return KeyName(key)
}
