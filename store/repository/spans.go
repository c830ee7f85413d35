package repository

import (
	"cmp"
	"slices"

	"hearth/core"
)

// span is where a chunk lies in the volume.
type span struct {
	from, to int64 // in bytes
	entry    int   // of the metadata
}

// spans puts the chunks in the order of the volume; of those with numbers that make
// no sense there is none.
func (m *metadata) spans() (out []span, senseless []int) {
	old := m.oldLayout()
	for i := range m.entries {
		e := &m.entries[i]
		from := e.offset
		if old {
			from -= e.length
		}
		to := from + e.length
		if from < 0 || e.length <= 0 || to < from {
			senseless = append(senseless, i)
			continue
		}
		out = append(out, span{from, to, i})
	}
	slices.SortStableFunc(out, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	return out, senseless
}

// layout looks for gaps and overlaps. A full backup covers the volume from its
// first byte on; an incremental has what changed.
func (r *reading) layout(m *metadata) {
	switch l := m.layout; {
	case l == nil:
	case l.Unclear != "":
		r.flaw(core.FlawLayoutUnknown, unclear, "", "%s", l.Unclear)
	case l.Wrong != "" && len(m.entries) > 0:
		r.flaw(core.FlawOldLayout, damage, "", "%s; %s", l.Says(), l.Next)
	}
	spans, senseless := m.spans()
	for _, i := range senseless {
		e := &m.entries[i]
		r.flaw(core.FlawLayout, damage, e.name, "an offset of %d and a length of %d make no sense", e.offset, e.length)
	}
	var end int64
	for _, s := range spans {
		name := m.entries[s.entry].name
		switch {
		case s.from < end:
			r.flaw(core.FlawLayout, damage, name, "it begins at %d, where the chunk before it goes on to %d", s.from, end)
		case s.from > end && m.parent == "":
			r.flaw(core.FlawLayout, damage, name,
				"it begins at %d, and the chunk before it ends at %d: bytes in between are not in the backup", s.from, end)
		}
		end = max(end, s.to)
	}
	if m.parent == "" && len(m.entries) == 0 {
		r.flaw(core.FlawLayout, damage, "", "it is a full backup without a single chunk")
	}
	if n := m.basics().size; n > 0 && n < 1<<33 && end > n<<30 {
		r.flaw(core.FlawLayout, damage, "", "its last chunk ends at byte %d, beyond the volume's %d GiB", end, n)
	}
}
