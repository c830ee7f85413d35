package place

import (
	"maps"
	"slices"
	"strings"
	"time"

	"hearth/store"
	"hearth/tui/state"
)

// door is a line of the list: a place that can be opened.
type door struct {
	store.PlaceRow
	kind string
	last time.Time // when one was there last; zero: never
	view string    // the saved view that it opens there; "": none
	of   state.View
}

// doors are all that there is to open: what one was at last first, what is known, what was
// named lately besides, and the demo.
func doors(known []store.PlaceRow, o Start) (out []door) {
	was := map[string]time.Time{}
	lately := o.Memory.Places()
	for _, p := range lately {
		was[p.Location] = p.At
	}
	there := map[string]bool{}
	for _, row := range known {
		there[row.Location] = true
		out = append(out, door{PlaceRow: row, kind: kindOf(row.Location), last: was[row.Location]})
	}
	for i, p := range lately {
		d := door{PlaceRow: store.PlaceRow{Location: p.Location}, kind: kindOf(p.Location), last: p.At}
		switch {
		case there[p.Location] && i == 0:
			for j := range out {
				if out[j].Location == p.Location { // to the top
					d = out[j]
					out = append(out[:j], out[j+1:]...)
					break
				}
			}
			out = append([]door{d}, out...)
		case there[p.Location]:
		case i == 0:
			out = append([]door{d}, out...)
		default:
			out = append(out, d)
		}
	}
	views := o.views()
	for _, name := range slices.Sorted(maps.Keys(views)) {
		if v := views[name]; v.Place != "" { // the others are of wherever one is
			out = append(out, door{PlaceRow: store.PlaceRow{Name: name, Location: v.Place}, kind: "view", view: name, of: v})
		}
	}
	return append(out, door{PlaceRow: store.PlaceRow{Name: "demo", Location: "demo"}, kind: "demo"})
}

// key tells a door from the others.
func (d door) key() string {
	if d.view != "" {
		return "view " + d.view
	}
	return d.Location
}

// kindOf says in a word what a location leads to.
func kindOf(location string) string {
	l, err := store.ParseLocation(location)
	switch {
	case err != nil:
		return "?"
	case l.Kind() == store.KindCloud:
		return "cloud"
	case l.Kind() == store.KindDemo:
		return "demo"
	case l.IsFile() && l.IsRepository():
		return "folder"
	case l.IsFile():
		return "file"
	case l.IsRepository():
		return l.Scheme
	}
	return "database"
}

// name is what a door is called.
func (d door) name() string {
	if d.Name != "" {
		return d.Name
	}
	l, err := store.ParseLocation(d.Location)
	if err != nil {
		return d.Location
	}
	if l.IsFile() {
		return l.Rest[strings.LastIndexByte(l.Rest, '/')+1:]
	}
	return l.Rest
}

// fits reports whether each word of a text stands in what is shown of a door.
func (d door) fits(text string) bool {
	shown := strings.ToLower(d.name() + " " + d.kind + " " + d.Badge + " " + d.Location)
	for _, word := range strings.Fields(strings.ToLower(text)) {
		if !strings.Contains(shown, word) {
			return false
		}
	}
	return true
}
