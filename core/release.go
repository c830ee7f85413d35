package core

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"hearth/core/pyjson"
)

// Release is a release of Cinder by its number: 26.1.0 is the second of 2025.1's. The
// zero Release is none that is known.
type Release struct{ Major, Minor, Patch int }

// anyLater stands for whatever minor or patch comes last: 26.anyLater is the newest of 26.
const anyLater = math.MaxInt32

// lastOf is the last release of a series, whichever that will be.
func lastOf(major int) Release { return Release{major, anyLater, anyLater} }

// NewestRelease is the newest series of Cinder whose rules hearth knows: 29 is 2026.2.
const NewestRelease = 29

// Compare is below 0 if r is older than o, 0 if it is the same.
func (r Release) Compare(o Release) int {
	return cmp.Or(cmp.Compare(r.Major, o.Major), cmp.Compare(r.Minor, o.Minor), cmp.Compare(r.Patch, o.Patch))
}

// String is the release as people write it: 26.1, 20.0.1, and 26 for the last of 26.
func (r Release) String() string {
	text := strconv.Itoa(r.Major)
	if r.Minor == anyLater {
		return text
	}
	text += "." + strconv.Itoa(r.Minor)
	if r.Patch != 0 && r.Patch != anyLater {
		text += "." + strconv.Itoa(r.Patch)
	}
	return text
}

// parseRelease reads 26, 26.1, 26.1.0 and 2025.1; the second value is the last release
// that the text may mean.
func parseRelease(text string) (first, last Release, ok bool) {
	var n []int
	for _, part := range strings.Split(strings.TrimSpace(text), ".") {
		i, err := strconv.Atoi(part)
		if err != nil || i < 0 || i >= anyLater {
			return Release{}, Release{}, false
		}
		n = append(n, i)
	}
	if n[0] >= 2023 { // OpenStack's own numbers, two a year since Antelope
		if len(n) != 2 || n[1] < 1 || n[1] > 2 {
			return Release{}, Release{}, false
		}
		n = []int{22 + 2*(n[0]-2023) + n[1] - 1}
	}
	if len(n) > 3 || n[0] < 7 || n[0] > 200 { // Liberty is 7: before, Cinder was numbered by years
		return Release{}, Release{}, false
	}
	first, last = Release{Major: n[0]}, lastOf(n[0])
	if len(n) > 1 {
		first.Minor, last.Minor = n[1], n[1]
	}
	if len(n) > 2 {
		first.Patch, last.Patch = n[2], n[2]
	}
	return first, last, true
}

// Change is since when Cinder does something: the first release that does, in each of the
// series to which the change was taken, the oldest first. All that came after the last of
// them does it too; a series that is not named never did.
type Change []Release

// Since is the change that came with these releases: Since("22.3", "23.3", "24.1"). It
// panics on what is no release, as it is written in code.
func Since(releases ...string) Change {
	var c Change
	for _, text := range releases {
		r, _, ok := parseRelease(text)
		if !ok {
			panic("core.Since: " + text + " is no release")
		}
		c = append(c, r)
	}
	slices.SortFunc(c, Release.Compare)
	return c
}

// In reports whether the release has the change.
func (c Change) In(r Release) bool {
	for i, first := range c {
		if first.Major == r.Major {
			return r.Compare(first) >= 0
		}
		if i == len(c)-1 {
			return r.Major > first.Major
		}
	}
	return false
}

// String is the releases that it came with: "22.3, 23.3 and 24.1".
func (c Change) String() string {
	var out []string
	for _, r := range c {
		out = append(out, r.String())
	}
	return andList(out)
}

// andList joins with commas, and the last with an and.
func andList(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

// Fault is what some releases of Cinder do and others do not: it came with one change
// and went with another.
type Fault struct {
	Came Change // nil: it was there from the first
	Went Change // nil: it still is
}

// In reports whether the release has the fault.
func (f Fault) In(r Release) bool { return (f.Came == nil || f.Came.In(r)) && !f.Went.In(r) }

// Releases is the range of Cinder's releases that a place may be of, both ends in it, by
// all that is known of it. The zero Releases is any of them.
type Releases struct {
	From Release // the zero Release: the oldest there was
	To   Release // the zero Release: the newest there will be
	// Clues are what the range rests on, in the order in which they were given.
	Clues []Clue
	// Odd says, in a clause, which clues cannot both be right; "" where none do. The range
	// then spans both, so that nothing is said that only one of them would bear.
	Odd string
}

// Clue is one thing that tells of a release.
type Clue struct {
	Source   string  // for machines: [ClueAPI] and its like
	Text     string  // what was seen, in a clause: "its API is at 3.71"
	From, To Release // what it may be; the zero Release leaves that end open
	// Past: it tells of a time that is over. Cinder does not go back, as its database does
	// not, so that From still holds; To does not.
	Past bool
}

// reads is what a clue says, with the range that it stands for.
func (c Clue) reads() string {
	r := Releases{From: c.From, To: c.To}
	text := c.Text + ": " + r.Text()
	if c.Past {
		text += ", then"
	}
	return text
}

// to is where a clue ends today.
func (c Clue) to() Release {
	if c.Past {
		return Release{}
	}
	return c.To
}

// ReleasesOf is the range that the clues leave. Where they contradict each other it spans
// the oldest and the newest that some of them agree on.
func ReleasesOf(clues ...Clue) Releases {
	r := Releases{Clues: clues}
	var low, high Clue // that set the ends
	for _, c := range clues {
		if c.From.Compare(r.From) > 0 {
			r.From, low = c.From, c
		}
		if to := c.to(); to != (Release{}) && (r.To == (Release{}) || to.Compare(r.To) < 0) {
			r.To, high = to, c
		}
	}
	if r.To == (Release{}) || r.From.Compare(r.To) <= 0 {
		return r
	}
	r.Odd = low.reads() + ", but " + high.reads()
	r.From, r.To = Release{}, Release{}
	for _, c := range clues {
		if c.From.Compare(r.From) > 0 && c.From.Compare(high.To) <= 0 {
			r.From = c.From
		}
		if to := c.to(); to.Compare(low.From) >= 0 && (r.To == (Release{}) || to.Compare(r.To) < 0) {
			r.To = to
		}
	}
	return r
}

// And is the range that is left with more clues.
func (r Releases) And(clues ...Clue) Releases {
	return ReleasesOf(append(slices.Clone(r.Clues), clues...)...)
}

// Known reports whether anything is known of the release.
func (r Releases) Known() bool { return r.From != (Release{}) || r.To != (Release{}) }

// Text is the range for people: "Cinder 24 to 28", "Cinder 24 or later", "any Cinder".
func (r Releases) Text() string {
	from, to := r.From.String(), r.To.String()
	if r.From == (Release{Major: r.From.Major}) && (r.To == (Release{}) || r.To.Minor == anyLater) {
		from = strconv.Itoa(r.From.Major) // all of the series
	}
	switch {
	case !r.Known():
		return "any Cinder"
	case r.To == (Release{}):
		return "Cinder " + from + " or later"
	case r.From == (Release{}):
		return "Cinder " + to + " or older"
	case from == to:
		return "Cinder " + to
	case r.From.Major == r.To.Major && r.To.Minor == anyLater: // 22.3 and all that came after it in 22
		return "Cinder " + from + " or a later " + to
	}
	return "Cinder " + from + " to " + to
}

// samples are releases of the range such that whatever changes at one of the given, or
// with a series, is as in one of them.
func (r Releases) samples(at ...Change) []Release {
	newest := max(NewestRelease, r.From.Major, r.To.Major)
	for _, c := range at {
		for _, x := range c {
			newest = max(newest, x.Major)
		}
	}
	to := r.To
	if to == (Release{}) {
		to = lastOf(newest + 1) // one that nobody knows yet
	}
	var out []Release
	add := func(x Release) {
		if x.Compare(r.From) >= 0 && x.Compare(to) <= 0 {
			out = append(out, x)
		}
	}
	add(r.From)
	for major := r.From.Major; major <= to.Major; major++ {
		add(Release{Major: major})
		for _, c := range at {
			for _, x := range c {
				if x.Major == major {
					add(x)
				}
			}
		}
		add(lastOf(major))
	}
	return append(out, to)
}

// Has reports whether every release of the range has the change.
func (r Releases) Has(c Change) bool { return !r.MayLack(c) }

// MayLack reports whether a release of the range is without the change, that is, is
// before it.
func (r Releases) MayLack(c Change) bool {
	return slices.ContainsFunc(r.samples(c), func(x Release) bool { return !c.In(x) })
}

// MayHave reports whether a release of the range has the change.
func (r Releases) MayHave(c Change) bool { return slices.ContainsFunc(r.samples(c), c.In) }

// MayFail reports whether a release of the range has the fault.
func (r Releases) MayFail(f Fault) bool { return slices.ContainsFunc(r.samples(f.Came, f.Went), f.In) }

// Fails reports whether every release of the range has the fault.
func (r Releases) Fails(f Fault) bool {
	return !slices.ContainsFunc(r.samples(f.Came, f.Went), func(x Release) bool { return !f.In(x) })
}

// Says tells a rule that a change makes another: the one that holds in the whole range,
// or both, with since when: "before 22.3, 23.3 and 24.1 …, since then …".
func (r Releases) Says(c Change, before, since string) string {
	switch {
	case r.Has(c):
		return since
	case !r.MayHave(c):
		return before
	}
	return fmt.Sprintf("before Cinder %s %s, since then %s", c, before, since)
}

// ParseReleases reads a range as a setting has it: "26", "26.1", "2025.1", "24 to 28",
// "24-28", "24 or later". CodeUsage for what is none.
func ParseReleases(text string) (Releases, error) {
	clean := strings.ToLower(strings.TrimSpace(text))
	clean = strings.TrimSpace(strings.TrimPrefix(clean, "cinder "))
	var out Releases
	begin, end, two := strings.Cut(clean, " to ")
	if !two {
		begin, end, two = strings.Cut(clean, "-")
	}
	begin, open := strings.CutSuffix(begin, " or later")
	first, last, ok := parseRelease(begin)
	if out.From, out.To = first, last; two && ok {
		_, out.To, ok = parseRelease(end)
	}
	if open {
		out.To = Release{}
	}
	if !ok || open && two || !open && out.From.Compare(out.To) > 0 {
		return Releases{}, Fail(CodeUsage, "read the release "+pyjson.Quote(text), "it is no release of Cinder",
			`write "26", "26.1", "2025.1", "24 to 28" or "24 or later"`, nil)
	}
	return out, nil
}

// Object is the range as JSON: text, from and to (null for an open end), contradiction,
// and the clues.
func (r Releases) Object() *pyjson.Object {
	end := func(x Release) pyjson.Value {
		if x == (Release{}) {
			return pyjson.None
		}
		return pyjson.OfString(x.String())
	}
	o := &pyjson.Object{}
	o.Set("text", pyjson.OfString(r.Text()))
	o.Set("from", end(r.From))
	o.Set("to", end(r.To))
	odd := pyjson.None
	if r.Odd != "" {
		odd = pyjson.OfString(r.Odd)
	}
	o.Set("contradiction", odd)
	clues := []pyjson.Value{}
	for _, c := range r.Clues {
		x := &pyjson.Object{}
		x.Set("source", pyjson.OfString(c.Source))
		x.Set("text", pyjson.OfString(c.Text))
		x.Set("from", end(c.From))
		x.Set("to", end(c.To))
		x.Set("past", pyjson.OfBool(c.Past))
		clues = append(clues, pyjson.OfDict(x))
	}
	o.Set("clues", pyjson.OfList(clues))
	return o
}

// Why lists what the range rests on, a clause each, the contradiction first.
func (r Releases) Why() []string {
	var out []string
	if r.Odd != "" {
		out = append(out, r.Odd+"; both are taken to be possible")
	}
	for _, c := range r.Clues {
		out = append(out, c.reads())
	}
	return out
}

// cinders names the releases that have a fault: "Cinder up to 22.2, 23.0 to 23.2 and 24.0",
// "Cinder from 22.0 on", "Cinder" where all have it.
func (f Fault) cinders() string {
	from := Release{}
	if len(f.Came) > 0 {
		from = f.Came[0]
	}
	var parts []string
	for _, fixed := range f.Went {
		last := Release{Major: fixed.Major, Minor: fixed.Minor - 1}
		if fixed.Minor == 0 {
			last = lastOf(fixed.Major - 1)
		}
		switch {
		case from == Release{}:
			parts = append(parts, "up to "+last.String())
		case from == last:
			parts = append(parts, last.String())
		default:
			parts = append(parts, from.String()+" to "+last.String())
		}
		from = Release{Major: fixed.Major + 1}
	}
	switch {
	case len(parts) > 0:
		return "Cinder " + andList(parts)
	case from != Release{}:
		return "Cinder from " + from.String() + " on"
	}
	return "Cinder"
}

// cinderOf names the Cinders that have a fault, in a place of some releases: "this Cinder"
// where all of those have it, "" where none has.
func cinderOf(f Fault, place Releases) string {
	switch {
	case place.Fails(f):
		return "this Cinder"
	case place.MayFail(f):
		return f.cinders()
	}
	return ""
}
