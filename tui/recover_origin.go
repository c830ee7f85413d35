package tui

import (
	"context"
	"os"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
)

// origin is where backups are recovered from.
type origin struct {
	kind string // place, bundle, archive; "": none is chosen
	name string // location or file
}

// The kinds of origins.
const (
	fromPlace   = "place"
	fromBundle  = "bundle"
	fromArchive = "archive"
)

func (o origin) String() string {
	if o.kind == fromArchive {
		return "hearth's archive"
	}
	return o.name
}

// originMsg says what was chosen as the origin.
type originMsg struct{ origin }

// own is the repository that is configured for this place, "" if none is.
func (s *recoverScreen) own() string {
	if r, ok := s.at.Desk().Source.(store.Repository); ok {
		return r.Info().Location
	}
	return ""
}

func (s *recoverScreen) chooseSource() tea.Cmd {
	answer := s.host.Answer
	pick := func(o origin) tea.Cmd { return func() tea.Msg { return answer(originMsg{o}) } }
	place := func(location string) tea.Cmd { return pick(origin{fromPlace, location}) }
	var first []choice
	if own := s.own(); own != "" {
		first = append(first, choice{label: own, hint: "the repository of this place", location: own})
	}
	first = append(first,
		choice{label: "hearth's archive", hint: "records that were exported or imported here", run: func() tea.Cmd { return pick(origin{kind: fromArchive}) }},
		choice{label: "a bundle file…", hint: "that hearth archive wrote", run: func() tea.Cmd {
			return show(&inputBox{title: "A bundle", hint: "The file that was written by hearth archive --bundle, here or on another machine.", input: newInput("hearth-bundle.jsonl"), submit: func(file string) tea.Cmd {
				if file = strings.TrimSpace(file); file == "" {
					return note(info, "Nothing was done.")
				}
				return pick(origin{fromBundle, expandHome(file)})
			}})
		}})
	if s.to != s.at.Info().Location {
		first = append(first, choice{label: s.at.Info().Title, hint: "this place", location: s.at.Info().Location})
	}
	return s.at.Choose(s.host, "Recover from", first, func(store.PlaceRow) string { return "" }, place)
}

func (s *recoverScreen) chooseTarget() tea.Cmd {
	answer := s.host.Answer
	var first []choice
	if s.at.Repository() == nil {
		first = append(first, choice{label: s.at.Info().Title, hint: "this place", location: s.at.Info().Location, why: s.at.Cannot(core.OpImport)})
	}
	return s.at.Choose(s.host, "Recover into", first, noImports, func(location string) tea.Cmd {
		return func() tea.Msg { return answer(targetMsg{location}) }
	})
}

// desks makes the function that opens a place for this screen: the one that is
// shown, its own repository, or another.
func (s *recoverScreen) desks() func(context.Context, string) (jobs.Desk, error) {
	here, desk, opens := s.at.Info().Location, s.at.Desk(), s.at.Another
	repository, _ := desk.Source.(store.Repository)
	return func(ctx context.Context, location string) (jobs.Desk, error) {
		switch {
		case location == here:
			return desk, nil
		case repository != nil && location == repository.Info().Location:
			d := desk
			d.Place, d.Source = repository, nil
			return d, nil
		}
		return opens(ctx, location)
	}
}

// open makes a source of where to recover from.
func (o origin) open(ctx context.Context, places func(context.Context, string) (jobs.Desk, error)) (jobs.Source, error) {
	switch o.kind {
	case fromArchive:
		return jobs.FromArchive(), nil
	case fromBundle:
		tried := "read the bundle " + o.name
		data, err := os.ReadFile(o.name)
		if err != nil {
			return jobs.Source{}, core.Fail(core.CodeUnreadable, tried, "the file cannot be read", "check its name", err)
		}
		text := string(data)
		if !core.IsBundle(text) {
			return jobs.Source{}, core.Fail(core.CodeUnreadable, tried, "it is no bundle", "records are imported by pasting them", nil)
		}
		b, err := core.ReadBundle(text)
		return jobs.FromBundle(&b, o.name), err
	}
	d, err := places(ctx, o.name)
	if err != nil {
		return jobs.Source{}, err
	}
	return jobs.FromPlace(d), nil
}
