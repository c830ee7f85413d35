package shell

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/colorprofile"

	"hearth/core"
	"hearth/tui/term"
)

// Session is what hearth runs in, for hearth check.
type Session struct {
	Out           io.Writer // the terminal, if it is one; nil: only the environment is gone by
	Is            bool      // it is one
	Width, Height int       // of it, in cells; 0 is unknown
	Environ       []string  // NAME=VALUE
	Theme         string    // of the config; "" follows the terminal
	Asks          bool      // a terminal is asked for its ground
}

// Examine says what is known of the terminal without asking it anything, and how to mend
// what is in the way of the screens.
func (s Session) Examine() (found []string) {
	kind := s.env("TERM")
	name := core.Visible(kind)
	if name == "" {
		name = "of no type"
	}
	say := func(lines ...string) { found = append(found, lines...) }
	switch {
	case !s.Is:
		say("stdout is none, and the screens need one: what follows is by the environment alone")
	case s.Width == 0 || s.Height == 0:
		say(name + ", which does not tell its size")
	default:
		say(fmt.Sprintf("%s, %dx%d", name, s.Width, s.Height))
		if s.Width < 80 || s.Height < 24 {
			say("smaller than 80x24: the screens leave columns and lines out; widen it, or make its letters smaller")
		}
	}
	if why := term.NoScreens(kind); why != "" {
		say("no screens: "+why, "set TERM to what the terminal is, such as xterm-256color; verbs work as it is")
	}
	say(s.colours())
	say(s.letters())
	theme := s.Theme
	switch {
	case theme != "" && theme != "auto":
		theme = core.Visible(theme) + ", by the config"
	case s.Asks:
		theme = "by the terminal: light or dark as its ground is when it is asked, sixteen where it has no more colours"
	default:
		theme = "without colours, so its ground is not asked for"
	}
	say("theme " + theme)
	return found
}

// env is a variable's value, the last one that is given, as for programs.
func (s Session) env(name string) (value string) {
	for _, e := range s.Environ {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}

// colours says how many colours the screens would use, by what, and how to get others. It is
// found out as Bubble Tea finds it out; a terminal may say more when it is asked.
func (s Session) colours() string {
	profile := colorprofile.Env(s.Environ)
	if s.Is && s.Out != nil {
		profile = colorprofile.Detect(s.Out, s.Environ)
	}
	switch profile {
	case colorprofile.TrueColor:
		return "16 million colours"
	case colorprofile.ANSI256:
		return "256 colours, as far as TERM tells; where it has all of them, set COLORTERM=truecolor"
	case colorprofile.ANSI:
		return "16 colours, as far as TERM tells; where it has more, set TERM=xterm-256color or COLORTERM=truecolor"
	}
	switch {
	case profile == colorprofile.ASCII && s.env("NO_COLOR") != "":
		return "no colours: NO_COLOR is set"
	case s.env("TERM") == "":
		return "no colours: TERM is not set"
	}
	return "no colours, as far as TERM tells; where it has some, set TERM=xterm-256color"
}

// OnlyASCII reports whether the locale allows no letters but ASCII's, as programs ask for it:
// the first of LC_ALL, LC_CTYPE and LANG that is set says so. Where none is, nothing is known.
func (s Session) OnlyASCII() bool { return strings.HasPrefix(s.letters(), "letters not UTF-8") }

// letters says which letters the locale allows, as programs ask for it.
func (s Session) letters() string {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := s.env(name); v != "" {
			if low := strings.ToLower(v); strings.Contains(low, "utf-8") || strings.Contains(low, "utf8") {
				return "letters UTF-8, by " + name
			}
			return "letters not UTF-8, by " + name + "=" + core.Visible(v) +
				": the screens are drawn in ASCII; set LC_ALL=C.UTF-8 where the terminal shows more"
		}
	}
	return "letters unknown, as no locale is set: borders look wrong unless the terminal shows UTF-8; LANG=C.UTF-8 says so"
}
