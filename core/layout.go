package core

// Layout is how a release of Cinder wrote a backup's objects, and what a Cinder of
// today makes of them. A repository tells it of each backup; the table of all that
// there are is store/repository's.
type Layout struct {
	Name     string // for machines; none is changed: "havana"
	Releases string // that wrote so, for people: "Havana (2013.2)"
	// Wrong says what is wrong with what a Cinder of today restores of it, and since
	// which change of Cinder's; "" where it restores what was backed up.
	Wrong string // no capital, no full stop
	// Stops says which releases of Cinder cannot restore it, and why; "" where all that came
	// after it can. The data is whole, and others restore it.
	Stops string
	Next  string // what to do about that
	// Unclear says why it is not known which layout it is, and so what a restore would
	// give; "" where it is known.
	Unclear string
}

// Bad reports whether a Cinder of today restores it wrongly, or nobody knows what it
// restores.
func (l *Layout) Bad() bool { return l != nil && (l.Wrong != "" || l.Unclear != "") }

// Advice is Says with what to do about it.
func (l *Layout) Advice() string {
	says := l.Says()
	if says == "" || l.Next == "" {
		return says
	}
	return says + "; " + l.Next
}

// Writer is who wrote so, for people: "" where it is not known.
func (l *Layout) Writer() string {
	if l == nil {
		return ""
	}
	return l.Releases
}

// Says is what is to be known of the layout before a restore: "" where there is
// nothing, as it is restored rightly.
func (l *Layout) Says() string {
	switch {
	case l == nil:
		return ""
	case l.Unclear != "":
		return "hearth does not know the layout of its objects: " + l.Unclear
	case l.Wrong != "":
		return "written by " + l.Releases + ": " + l.Wrong
	}
	return l.Stops
}
