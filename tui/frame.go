package tui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
)

// View draws the frame: title, screen, status line, footer, and the dialogs over
// them. It reads the model and changes nothing.
func (a *app) View() tea.View {
	v := tea.NewView(a.frame())
	v.AltScreen = true
	v.WindowTitle = "hearth " + core.Visible(a.info.Title)
	return v
}

// chrome is how many lines stand around a screen: title, status and footer, which
// go in this order where the terminal is too low for them.
func (a *app) chrome() int {
	switch {
	case a.h >= 6:
		return 3
	case a.h >= 3:
		return 1
	}
	return 0
}

// body is the room for a screen.
func (a *app) body() (w, h int) {
	return max(a.w, 0), max(a.h-a.chrome(), 0)
}

// upper is the room for dialogs: all but status and footer.
func (a *app) upper() (w, h int) {
	w, h = a.body()
	if a.chrome() == 3 {
		h++
	}
	return w, h
}

func (a *app) frame() string {
	w, h := a.body()
	if w == 0 || h == 0 {
		return ""
	}
	frame := fit(a.top().view(w, h), w, h)
	if a.chrome() == 3 {
		frame = a.titleBar(w) + "\n" + frame
		h++
	}
	for _, d := range a.dialogs {
		frame = over(frame, d.view(a.styles, w, h), w, h)
	}
	if a.chrome() > 0 {
		frame += "\n" + clip(a.statusLine(w), w)
	}
	if a.chrome() == 3 {
		frame += "\n" + clip(a.footer(w), w)
	}
	return fit(frame, w, a.h)
}

// titleBar says where one is: the place and its badge, the screens on the stack;
// at its end what runs, and the zone that times are in.
func (a *app) titleBar(w int) string {
	s := a.styles
	badge := ""
	if a.info.Badge != "" {
		badge = clip(" "+core.Visible(a.info.Badge)+" ", w)
	}
	crumbs := []string{}
	for _, h := range a.stack {
		crumbs = append(crumbs, core.Visible(titleOf(h)))
	}
	right := a.zone()
	if a.job != nil {
		right = clip(a.jobLine(), w*2/5) + "  " + right
	}
	room := w - ansi.StringWidth(badge)
	where := " hearth · " + a.whereabouts() + " · "
	text := where + strings.Join(crumbs, " › ")
	if over := ansi.StringWidth(text+right) + 1 - room; over > 0 && len(crumbs) > 1 { // the way there matters least
		text = where + "… › " + crumbs[len(crumbs)-1]
	}
	if over := ansi.StringWidth(text+right) + 1 - room; over > 0 {
		text = clip(text, max(ansi.StringWidth(text)-over, room/2))
	}
	return s.badge.Paint(badge) + s.title.Paint(spread(clip(text, room), clip(right, room), room))
}

func titleOf(h held) string {
	if t, ok := h.screen.(titled); ok {
		return t.title()
	}
	return nameOf(h)
}

// nameOf is what the registry calls a screen.
func nameOf(h held) string {
	if e, ok := find(h.name); ok {
		return e.help
	}
	return h.name
}

// zone is the zone that times are shown in.
func (a *app) zone() string {
	if !a.local {
		return "UTC"
	}
	name, _ := a.now.In(time.Local).Zone()
	return name
}

// clock writes a point in time, in the zone that the title bar says.
func (a *app) clock(t core.Opt[time.Time]) string { return clockIn(t, a.local) }

func clockIn(t core.Opt[time.Time], local bool) string {
	if !t.Set {
		return "-"
	}
	at := t.V.UTC()
	if local {
		at = at.Local()
	}
	return at.Format("2006-01-02 15:04:05")
}

// since is a point in time with its age, for details.
func (a *app) since(t core.Opt[time.Time]) string {
	if !t.Set {
		return a.styles.dim.Paint("-")
	}
	return a.clock(t) + "  " + a.styles.dim.Paint(a.age(t)+" ago")
}

// age tells how long ago something was: 45s, 12m, 5h, 30d, 2y.
func (a *app) age(t core.Opt[time.Time]) string {
	if !t.Set {
		return "-"
	}
	return span(a.now.Sub(t.V))
}

// span tells a length of time by its largest unit.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	case d < 2*365*24*time.Hour:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
	return fmt.Sprintf("%dy", int(d.Hours()/24/365))
}
