package tui

import (
	"maps"
	"slices"

	"hearth/tui/browse"
	"hearth/tui/state"
)

// Views are ways to look at lists by their names, as [views.NAME] of the config has them.
type Views map[string]state.View

// Check says what is wrong with them: the setting at fault and why; "" where nothing is.
func (v Views) Check(nearest func(word string, of []string) string) (key, what string) {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if key, what := browse.CheckView(v[name], nearest); key != "" {
			return "views." + name + "." + key, what
		}
	}
	return "", ""
}
