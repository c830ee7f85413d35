package operate

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/tui/show"
	"hearth/tui/ui"
)

// What the fields of a form can be filled from: lists of the place, read when somebody asks.

// snapshotOffer lists the snapshots of a volume.
func (o operator) snapshotOffer(of core.VolumeID) ui.Offer {
	p, l := o.at.Desk().Place, o.host.Look()
	return ui.Offer{What: "the snapshots of the volume", Ask: o.host.Tell, Read: func(ctx context.Context) (out []ui.Offered, err error) {
		rows, err := snapshotsOf(ctx, p, of)
		for i := range rows {
			x := &rows[i]
			out = append(out, ui.Offered{Text: string(x.ID), Item: ui.MenuItem{Label: x.Title(), Why: x.CannotBackUp(),
				Hint: fmt.Sprintf("%s, %s, %s", l.Clock(x.CreatedAt), show.GiB(x.Size), x.ID.Short())}})
		}
		return out, err
	}}
}

// zoneOffer lists the availability zones.
func (o operator) zoneOffer() ui.Offer {
	p := o.at.Desk().Place
	return ui.Offer{What: "the zones", Ask: o.host.Tell, Read: func(ctx context.Context) (out []ui.Offered, err error) {
		z, ok := p.(store.Zoner)
		if !ok {
			return nil, core.Fail(core.CodeUnsupported, "list the zones", "this kind of place does not tell them", "", nil)
		}
		names, err := z.Zones(ctx)
		for _, name := range names {
			out = append(out, ui.Offered{Text: name, Item: ui.MenuItem{Label: name}})
		}
		return out, err
	}}
}

// containerOffer lists the containers that the place's backups are in: Cinder lists none.
func (o operator) containerOffer() ui.Offer {
	desk := o.at.Desk()
	const what = "the containers of the backups there are"
	return ui.Offer{What: what, Ask: o.host.Tell, Read: func(ctx context.Context) (out []ui.Offered, err error) {
		page, err := desk.Backups(ctx, core.Query{})
		holds := map[string]int{}
		for i := range page.Rows {
			if c := page.Rows[i].Container.Or(""); c != "" {
				holds[c]++
			}
		}
		names := slices.SortedFunc(maps.Keys(holds), func(a, b string) int { return cmp.Or(holds[b]-holds[a], cmp.Compare(a, b)) })
		for _, c := range names {
			out = append(out, ui.Offered{Text: c, Item: ui.MenuItem{Label: c, Hint: core.Count(holds[c], "backup")}})
		}
		return out, err
	}}
}

// propertyList is how the text of properties is a list.
var propertyList = ui.Listing{One: "a property", Split: func(text string) (lines []string, err error) {
	all, err := core.ParseProperties(text)
	for k, v := range all.All() {
		one := &pyjson.Object{}
		one.Set(k, v)
		lines = append(lines, core.PropertiesText(one))
	}
	return lines, err
}, Join: func(lines []string) string { return strings.Join(lines, ", ") }}

// wrongProperties says what is wrong with properties as they are typed.
func wrongProperties(text string) string {
	if _, err := core.ParseProperties(text); err != nil {
		return ui.WhatOf(err)
	}
	return ""
}

// wrongSnapshot says why a text is no id of a snapshot.
func wrongSnapshot(text string) string {
	if text != "" && !core.LooksLikeID(text) {
		return "this is no id"
	}
	return ""
}

// longestName is how long a name or a description may be (cinder/api/validation/parameter_types.py).
const longestName = 255

// tooLong says that a text is longer than Cinder takes.
func tooLong(text string) string {
	if n := len([]rune(text)); n > longestName {
		return fmt.Sprintf("%d characters, and Cinder takes %d", n, longestName)
	}
	return ""
}
