package tui

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"hearth/core"
)

// parcel is a text on its way out, and what to say of it.
type parcel struct {
	text    string
	what    string
	partial error  // what is missing in it
	file    string // the name that is offered where it has to go into a file; "": one of our choice
}

// note tells how the parcel went, and what is missing in it.
func (p parcel) note(l level, how string) noteMsg {
	n := noteMsg{level: l, text: strings.TrimSuffix(how, ".") + ": " + p.what + "."}
	if p.partial != nil {
		n.level, n.err = warn, p.partial
		n.text += " But " + whatOf(p.partial) + "; e shows which."
	}
	return n
}

// copyMsg takes a parcel to the clipboard, saveMsg into a file that is new.
type (
	copyMsg struct{ parcel }
	saveMsg struct {
		file string
		parcel
	}
)

func expandHome(file string) string {
	if rest, ok := strings.CutPrefix(file, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return file
}

// writeNew makes a file of mode 0600 that is not there yet, whole or not at all.
func writeNew(path, text string) error {
	tried := "write " + path
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case errors.Is(err, os.ErrExist):
		return core.Fail(core.CodeConflict, tried, "there is a file of that name already", "choose another; hearth overwrites nothing", err)
	case err != nil:
		return core.Fail(core.CodeUnreadable, tried, "the file cannot be made", "check that the folder is there and can be written", err)
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		os.Remove(path)
		return core.Fail(core.CodeUnavailable, tried, "it could not be written whole, and is removed again", "look at the disk", err)
	}
	return nil
}

// mustBeNew refuses a file that is there already.
func mustBeNew(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return core.Fail(core.CodeConflict, "write "+path, "there is a file of that name already", "choose another; hearth overwrites nothing", nil)
	}
	return nil
}
