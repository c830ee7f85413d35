package ui

import (
	"sync/atomic"

	"hearth/core"
)

// idiom is how the screens say what can be done where core leaves that to whoever shows it: by
// keys, of which ui knows none.
var idiom atomic.Pointer[core.Idiom]

// HaveIdiom says how; as long as nobody has said it, core's own words are shown.
func HaveIdiom(m core.Idiom) { idiom.Store(&m) }

func ownWords() core.Idiom {
	if m := idiom.Load(); m != nil {
		return *m
	}
	return nil
}

// Next is what to do next in the words of the screens.
func Next(next string, with ...string) string { return ownWords().Next(next, with...) }

// Told is a failure in a sentence, with what to do next in the words of the screens.
func Told(err error) string { return core.Struck(core.Instead(err, ownWords()).Error()) }
