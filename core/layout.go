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
	Next  string // what to do about that
	// Unclear says why it is not known which layout it is, and so what a restore would
	// give; "" where it is known.
	Unclear string
}

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
	return ""
}
