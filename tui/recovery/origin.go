package recovery

import (
	"context"
	"os"
	"strings"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/tui/place"
	"hearth/tui/ui"
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
	of := func(location string) tea.Cmd { return pick(origin{fromPlace, location}) }
	var first []place.Choice
	if own := s.own(); own != "" {
		first = append(first, place.Choice{Label: own, Hint: "the repository of this place", Location: own})
	}
	first = append(first,
		place.Choice{
			Label: "hearth's archive",
			Hint:  "records that were exported or imported here",
			Run:   func() tea.Cmd { return pick(origin{kind: fromArchive}) },
		},
		place.Choice{Label: "a bundle file…", Hint: "that hearth archive wrote", Run: func() tea.Cmd {
			return ui.Show(&ui.InputBox{Title: "A bundle",
				Hint:  "The file that was written by hearth archive --bundle, here or on another machine.",
				Input: ui.NewInput("hearth-bundle.jsonl"),
				Submit: func(file string) tea.Cmd {
					if file = strings.TrimSpace(file); file == "" {
						return ui.Say(ui.LevelInfo, "Nothing was done.")
					}
					return pick(origin{fromBundle, ui.ExpandHome(file)})
				}})
		}})
	if s.to != s.at.Info().Location {
		first = append(first, place.Choice{Label: s.at.Info().Title, Hint: "this place", Location: s.at.Info().Location})
	}
	return s.at.Choose(s.host, "Recover from", first, func(store.PlaceRow) string { return "" }, of)
}

func (s *recoverScreen) chooseTarget() tea.Cmd {
	answer := s.host.Answer
	var first []place.Choice
	if s.at.Repository() == nil {
		first = append(first,
			place.Choice{Label: s.at.Info().Title, Hint: "this place", Location: s.at.Info().Location, Why: s.at.Cannot(core.OpImport)})
	}
	return s.at.Choose(s.host, "Recover into", first, place.NoImports, func(location string) tea.Cmd {
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
		if info, err := os.Stat(o.name); err == nil && !info.Mode().IsRegular() { // the opening of a pipe waits
			return jobs.Source{}, core.Fail(core.CodeUnreadable, tried, "it is no ordinary file", "name a bundle", nil)
		}
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
