package ui

import (
	"context"
	"strings"

	"github.com/atotto/clipboard"

	"hearth/core"
)

// Examine says which clipboard a copy would go to from here, whether hearth can know that
// it came, and how to get a better one. Nothing is copied; tmux is asked for its settings.
func (c Clipboard) Examine(ctx context.Context) (found []string) {
	say := func(lines ...string) { found = append(found, lines...) }
	if c.Off {
		say("off in the config: " + KeyOf("export-file") + " writes files instead, and clipboard = \"auto\" under [screen] turns it on")
		return found
	}
	if c.getenv("TMUX") != "" {
		lines, ok := c.tmux(ctx)
		say(lines...)
		if ok {
			return found
		}
	}
	switch {
	case c.desktop() != nil:
		say("the desktop's: hearth can know that it came")
	case c.getenv("SSH_CONNECTION") == "" && c.getenv("SSH_TTY") == "" && clipboard.Unsupported &&
		(c.getenv("DISPLAY") != "" || c.getenv("WAYLAND_DISPLAY") != ""):
		say("there is a desktop, and no program for its clipboard: install wl-clipboard, xclip or xsel")
	}
	switch {
	case !c.terminal() && c.desktop() == nil:
		say("none: no tmux, no desktop, and a terminal of the type "+quotedOr(c.getenv("TERM"), "nothing")+" has none; "+
			KeyOf("export-file")+" writes files instead",
			"to have one, start hearth within tmux, or set TERM to what the terminal is")
	case c.terminal():
		say("the terminal's, by OSC 52, at most "+core.Bytes(osc52Limit/4*3)+": it gives no receipt, so hearth cannot know whether it came",
			"where nothing comes, allow the terminal OSC 52 (also \"clipboard access\"), start hearth within tmux, or use "+
				KeyOf("export-file")+" to write a file")
	}
	return found
}

// tmux says how far a copy gets inside tmux; not ok where tmux does not answer.
func (c Clipboard) tmux(ctx context.Context) (lines []string, ok bool) {
	set, err := c.run(ctx, "", "tmux", "show-options", "-sv", "set-clipboard")
	if err != nil {
		return []string{"TMUX is set, and tmux does not answer: " + core.Visible(err.Error())}, false
	}
	lines = []string{"tmux's buffer: hearth can know that it came there, and not whether the terminal around tmux took it"}
	if strings.TrimSpace(set) == "off" {
		lines = append(lines, "tmux passes nothing on (set-clipboard is off): tmux set -s set-clipboard on")
	}
	return lines, true
}

// quotedOr is a word of the environment made visible, or what to say where there is none.
func quotedOr(word, none string) string {
	if word == "" {
		return none
	}
	return core.Visible(word)
}
