// Package state is what hearth remembers from run to run of how somebody looked at places:
// which they were, and the filter, the order, the pane and the theme of each. It is one file of
// the user's, small, and with no secret in it; losing it costs a few keys.
package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hearth/core"
)

// version is that of the file's form: whatever is added to it makes it another. Those before are
// read as they are: 2 added columns and views, 3 that a list is folded.
const version = 3

// Bounds of what is remembered: the oldest places go first, and a longer text is not kept.
const (
	MostPlaces = 100
	MostViews  = 100
	mostLists  = 8
	mostText   = 2 << 10 // bytes of a location, a filter
	mostFile   = 4 << 20 // bytes of a file that is read
)

// List is how a list of a place was looked at. The zero List is how one begins.
type List struct {
	Filter string `json:"filter,omitempty"` // as it is typed
	Sort   string `json:"sort,omitempty"`   // a column's name; "" as the list begins
	Desc   bool   `json:"desc,omitempty"`   // the order, of Sort
	NoPane bool   `json:"no_pane,omitempty"`
	// Columns are those that were chosen, in their order and as they are typed: "name:40,size".
	Columns string `json:"columns,omitempty"`
	Fold    bool   `json:"fold,omitempty"` // only what others stand on is listed
}

// View is a way to look at a list that has a name, as [views.NAME] of the config has it: what is
// not said in it is as the list begins.
type View struct {
	List    string `toml:"list" json:"list,omitempty"`       // backups, which is the usual, or volumes
	Place   string `toml:"place" json:"place,omitempty"`     // its name or location; "" wherever one is
	Filter  string `toml:"filter" json:"filter,omitempty"`   // as it is typed
	Sort    string `toml:"sort" json:"sort,omitempty"`       // as it is typed: "size", "size asc", "size desc"
	Columns string `toml:"columns" json:"columns,omitempty"` // as they are typed: "name:40,size"
	Fold    bool   `toml:"fold" json:"fold,omitempty"`       // of backups: the chains are folded
}

// ListName is the list that it is a view of.
func (v View) ListName() string {
	if v.List == "" {
		return "backups"
	}
	return v.List
}

// Place is a place where one was.
type Place struct {
	Location string          `json:"location"` // without a password, as all that are shown
	At       time.Time       `json:"at"`       // when one came there last
	Theme    string          `json:"theme,omitempty"`
	Lists    map[string]List `json:"lists,omitempty"` // by the screen's name
}

// State is all that is remembered. The zero State is nothing.
type State struct {
	Places []Place // each once, the last one first
	Views  map[string]View
}

// file is how a state is written.
type file struct {
	Version int             `json:"hearth_state"`
	Places  []Place         `json:"places"`
	Views   map[string]View `json:"views,omitempty"`
}

// Parse reads what [State.Bytes] wrote: CodeUnreadable, with a reason for people, for what is
// cut off, of a newer hearth, or no state of hearth's.
func Parse(body []byte) (State, error) {
	bad := func(what string, err error) (State, error) {
		return State{}, core.Fail(core.CodeUnreadable, "remember how places were looked at", what, "", err)
	}
	var head struct {
		Version *int `json:"hearth_state"`
	}
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(body, &head); {
	case len(body) == 0, errors.As(err, &syntax) && syntax.Offset >= int64(len(body)):
		return bad("it is cut off", err)
	case err != nil, head.Version == nil, *head.Version < 1:
		return bad("it is no state of hearth's", err)
	case *head.Version > version:
		return bad(fmt.Sprintf("it is a newer hearth's, of version %d where this one writes %d", *head.Version, version), nil)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	var f file
	if err := d.Decode(&f); err != nil {
		return bad("it holds what this hearth does not know", err)
	}
	return State{f.Places, f.Views}.bounded(), nil
}

// Bytes is the state as it is written.
func (s State) Bytes() []byte {
	b := s.bounded()
	body, err := json.MarshalIndent(file{version, b.Places, b.Views}, "", " ")
	if err != nil { // a time outside of what JSON has: bounded leaves none
		panic(err)
	}
	return body
}

// bounded is the state within its bounds, each place once, the last one first, and with no
// secret that is known in it.
func (s State) bounded() State {
	out := State{Places: []Place{}}
	seen := map[string]bool{}
	places := slices.Clone(s.Places)
	slices.SortStableFunc(places, func(a, b Place) int { return b.At.Compare(a.At) })
	for _, p := range places {
		if !fits(p.Location) || p.Location == "" || seen[p.Location] || p.At.Year() < 1 || p.At.Year() > 9999 || len(out.Places) == MostPlaces {
			continue
		}
		seen[p.Location] = true
		out.Places = append(out.Places, p.bounded())
	}
	for _, name := range slices.Sorted(maps.Keys(s.Views)) {
		v := s.Views[name]
		whole := fits(v.List) && fits(v.Place) && fits(v.Filter) && fits(v.Sort) && fits(v.Columns) // else it is another view
		if !whole || !fits(name) || name == "" || len(out.Views) == MostViews {
			continue
		}
		if out.Views == nil {
			out.Views = map[string]View{}
		}
		out.Views[name] = v
	}
	return out
}

func (p Place) bounded() Place {
	p.At = p.At.UTC()
	if !fits(p.Theme) {
		p.Theme = ""
	}
	lists := map[string]List{}
	for _, name := range slices.Sorted(maps.Keys(p.Lists)) {
		l := p.Lists[name]
		if !fits(l.Filter) {
			l.Filter = ""
		}
		if !fits(l.Sort) {
			l.Sort, l.Desc = "", false
		}
		if !fits(l.Columns) {
			l.Columns = ""
		}
		if fits(name) && l != (List{}) && len(lists) < mostLists {
			lists[name] = l
		}
	}
	if p.Lists = lists; len(lists) == 0 {
		p.Lists = nil
	}
	return p
}

// fits reports whether a text may be remembered: it is short, and holds no secret that is
// known. What is no UTF-8 would come back as something else.
func fits(text string) bool {
	return len(text) <= mostText && strings.ToValidUTF8(text, "") == text && core.Struck(text) == text
}
