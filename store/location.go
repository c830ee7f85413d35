package store

import (
	"os"
	"path/filepath"
	"strings"
	"sync"

	"hearth/core"
)

// Location says where a place is, in the one syntax that is used everywhere: see
// [Syntax]. What a kind of location is made of says its line in the table of
// schemes; nobody else reads or writes one.
type Location struct {
	Scheme string // a name of the table: "sqlite", "cloud" …
	Rest   string // what follows the scheme; for s3 what follows the two slashes
}

// Kind says what a location leads to.
type Kind string

const (
	KindStore      Kind = "store"      // a file with Cinder's schema
	KindCloud      Kind = "cloud"      // the Block Storage API, as a login sees it
	KindRepository Kind = "repository" // a backup repository, which is only read
	KindDemo       Kind = "demo"       // gone when hearth ends: nothing of it is kept
)

// Syntax names every form of a location, for messages.
var Syntax = syntax()

func syntax() string { return forms("") }

// forms names those of one kind, or all of them.
func forms(kind Kind) string {
	var forms []string
	for _, s := range schemes {
		if kind == "" || s.kind == kind {
			forms = append(forms, s.form)
		}
	}
	last := len(forms) - 1
	return strings.Join(forms[:last], ", ") + " or " + forms[last]
}

// ParseLocation reads a location. CodeUsage if it is none. A password in it is taken out
// and kept for [Open]: no location that is shown, compared or written down has one.
func ParseLocation(s string) (Location, error) {
	bad := func(what string) (Location, error) {
		return Location{}, core.Fail(core.CodeUsage, "use the place "+Shown(s), what, "write "+Syntax, nil)
	}
	if k, ok := find(s); ok && k.alone {
		return Location{Scheme: s}, nil
	}
	name, rest, ok := strings.Cut(s, ":")
	if !ok {
		return bad("it does not say what kind of place it is")
	}
	k, ok := find(name)
	if !ok || k.alone {
		return bad("there is no kind of place called " + name)
	}
	if k.wrong != nil {
		if what := k.wrong(rest); what != "" {
			return bad(what)
		}
	}
	password := ""
	if k.secret != nil {
		rest, password = k.secret(rest)
	}
	if rest = strings.TrimPrefix(rest, k.lead); rest == "" {
		return bad("nothing follows " + name + ":")
	}
	l := Location{Scheme: name, Rest: rest}
	if password != "" {
		core.Hide(password)
		passwords.Store(l, password)
	}
	return l, nil
}

// passwords are those that came in locations, by the locations without them. They last
// as long as the process: a place is come back to by the location that is shown.
var passwords sync.Map

// password is what was last read with the location, "" for none.
func (l Location) password() string {
	p, _ := passwords.Load(l)
	text, _ := p.(string)
	return text
}

// Shown is what somebody wrote for a location, as it may be shown: without a password,
// even where it is no location.
func Shown(s string) string {
	name, rest, ok := strings.Cut(s, ":")
	if k, known := find(name); ok && known && k.secret != nil {
		rest, _ = k.secret(rest)
		return name + ":" + rest
	}
	if strings.Contains(s, "://") && strings.Contains(s, "@") { // a kind of place that there is not
		return name + "://…" + s[strings.LastIndexByte(s, '@'):]
	}
	return s
}

// String is the location as [ParseLocation] reads it.
func (l Location) String() string {
	k := l.scheme()
	if k.alone {
		return l.Scheme
	}
	return l.Scheme + ":" + k.lead + l.Rest
}

// Kind is what the location leads to; "" for the zero location.
func (l Location) Kind() Kind { return l.scheme().kind }

// IsRepository reports whether it is a backup repository's.
func (l Location) IsRepository() bool { return l.Kind() == KindRepository }

// IsFile reports whether it names a file or a folder of this machine.
func (l Location) IsFile() bool { return l.scheme().file }

// Args are the words that name the place in a shell: --cloud lab.
func (l Location) Args() []string {
	switch k := l.scheme(); {
	case k.alone && k.flag != "":
		return []string{"--" + k.flag}
	case k.flag != "":
		return []string{"--" + k.flag, l.Rest}
	}
	return []string{"--place", l.String()}
}

// Cut is the location of the whole place, and the region and the project that this
// one names in it, "" for none: where the place is a cloud. Others are whole.
func (l Location) Cut() (whole Location, region, project string) {
	k := l.scheme()
	if k.cut == nil {
		return l, "", ""
	}
	whole = l
	whole.Rest, region, project = k.cut(l.Rest)
	return whole, region, project
}

// With is the location in another region, or with another project; an empty one
// stays as it is. A place that has neither stays what it is.
func (l Location) With(region, project string) Location {
	k := l.scheme()
	if k.cut == nil {
		return l
	}
	name, r, p := k.cut(l.Rest)
	if region != "" {
		r = region
	}
	if project != "" {
		p = project
	}
	l.Rest = k.join(name, r, p)
	return l
}

// Within is With for what a person asked for: CodeUsage for a place that has neither
// regions nor projects.
func (l Location) Within(region, project string) (Location, error) {
	if region == "" && project == "" {
		return l, nil
	}
	if l.scheme().cut == nil {
		return l, core.Fail(core.CodeUsage, "choose a place", "only a cloud has regions and projects, and "+l.String()+" is none",
			core.DoNoParts, nil)
	}
	return l.With(region, project), nil
}

// absolute names a file by its whole path, as the config and the archive know a
// place by its location: the same file is the same place from every folder. A
// leading ~/ is the home folder, since no shell reads what stands in a config or
// behind a colon.
func (l Location) absolute() Location {
	if !l.scheme().file {
		return l
	}
	if rest, ok := strings.CutPrefix(l.Rest, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			l.Rest = filepath.Join(home, rest)
		}
	}
	if abs, err := filepath.Abs(l.Rest); err == nil {
		l.Rest = abs
	}
	return l
}
