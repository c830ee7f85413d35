package shell

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
	"hearth/tui/ui"
)

// View draws the frame: title, screen, status line, footer, and the dialogs over
// them. It reads the model and changes nothing.
func (a *App) View() tea.View {
	v := tea.NewView(a.frame())
	v.AltScreen = true
	if a.opt.Mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	v.WindowTitle = "hearth " + core.Visible(a.banner.Title)
	if a.opt.Plain {
		v.Content, v.WindowTitle = ui.Plain(v.Content), ui.Plain(v.WindowTitle)
	}
	return v
}

// chrome is how many lines stand around a screen: title, status and footer, which
// go in this order where the terminal is too low for them.
func (a *App) chrome() int {
	switch {
	case a.h >= 6:
		return 3
	case a.h >= 3:
		return 1
	}
	return 0
}

// body is the room for a screen.
func (a *App) body() (w, h int) {
	return max(a.w, 0), max(a.h-a.chrome(), 0)
}

// upper is the room for dialogs: all but status and footer.
func (a *App) upper() (w, h int) {
	w, h = a.body()
	if a.chrome() == 3 {
		h++
	}
	return w, h
}

func (a *App) frame() string {
	w, h := a.body()
	if w == 0 || h == 0 {
		return ""
	}
	frame := ui.Fit(a.top().View(w, h), w, h)
	if a.chrome() == 3 {
		frame = a.titleBar(w) + "\n" + frame
		h++
	}
	status := a.statusLine(w)
	for _, d := range a.dialogs {
		if low, ok := d.(interface{ Low() bool }); ok && low.Low() && a.chrome() > 0 {
			status = d.View(a.look, w, 1)
			continue
		}
		frame = ui.Over(frame, d.View(a.look, w, h), w, h)
	}
	if a.chrome() > 0 {
		frame += "\n" + ui.Clip(status, w)
	}
	if a.chrome() == 3 {
		frame += "\n" + ui.Clip(a.footer(w), w)
	}
	return ui.Fit(frame, w, a.h)
}

// titleBar says where one is: the place and its badge, the screens on the stack;
// at its end what runs, and the zone that times are in.
func (a *App) titleBar(w int) string {
	s := a.look
	badge := ""
	if a.banner.Badge != "" {
		badge = ui.Clip(" "+core.Visible(a.banner.Badge)+" ", w)
	}
	crumbs := []string{}
	for _, h := range a.stack {
		crumbs = append(crumbs, core.Visible(a.titleOf(h)))
	}
	right := a.look.Zone()
	if what := a.taskLine(); what != "" {
		right = ui.Clip(what, w*2/5) + "  " + right
	}
	room := w - ansi.StringWidth(badge)
	where := " hearth · "
	if a.banner.Where != "" {
		where += a.banner.Where + " · "
	}
	text := where + strings.Join(crumbs, " › ")
	if over := ansi.StringWidth(text+right) + 1 - room; over > 0 && len(crumbs) > 1 { // the way there matters least
		text = where + "… › " + crumbs[len(crumbs)-1]
	}
	if over := ansi.StringWidth(text+right) + 1 - room; over > 0 {
		text = ui.Clip(text, max(ansi.StringWidth(text)-over, room/2))
	}
	return s.Badge.Paint(badge) + a.inColour(where, ui.Spread(ui.Clip(text, room), ui.Clip(right, room), room))
}

// inColour paints a title; the place's name in it, where it is whole, has the place's colour.
func (a *App) inColour(where, title string) string {
	s, own := a.look, " "+a.banner.Where+" "
	before, _, named := strings.Cut(where, own)
	if s.Here == s.Title || a.banner.Where == "" || !named || !strings.HasPrefix(title, before+own) {
		return s.Title.Paint(title)
	}
	return s.Title.Paint(before) + s.Here.Paint(own) + s.Title.Paint(strings.TrimPrefix(title, before+own))
}

func (a *App) titleOf(h held) string {
	if t, ok := h.Screen.(ui.Titled); ok {
		return t.Title()
	}
	return a.nameOf(h)
}

// nameOf is what the list of screens calls one.
func (a *App) nameOf(h held) string {
	if e, ok := a.find(h.name); ok {
		return e.Help
	}
	return h.name
}

// statusLine draws the latest note; of one that is too long the end goes, and
// e shows it whole.
func (a *App) statusLine(w int) string {
	n, shown := a.said.last()
	unread := a.look.Bad.Paint(a.said.unreadText())
	if n.Text == "" || !shown {
		return ui.Spread("", unread, w)
	}
	text := n.Level.Glyph() + " " + core.Visible(n.Text)
	more := ""
	switch {
	case unread != "" && !a.said.log[len(a.said.log)-1].matters():
		more = " " + unread
	case len(n.Beneath()) > 0 || ansi.StringWidth(text) > w:
		more = a.look.Dim.Paint(" e: more")
	}
	return ui.Spread(a.look.Level(n.Level).Paint(ui.Clip(text, w-ansi.StringWidth(more)-1)), more, w)
}
