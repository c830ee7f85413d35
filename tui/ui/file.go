package ui

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"hearth/core"
	"hearth/store/whole"
)

// Parcel is a text on its way out, and what to say of it.
type Parcel struct {
	Text    string
	What    string
	Partial error  // what is missing in it
	File    string // the name that is offered where it has to go into a file; "": one of our choice
}

// Note tells how the parcel went, and what is missing in it.
func (p Parcel) Note(l Level, how string) Note {
	n := Note{Level: l, Text: strings.TrimSuffix(how, ".") + ": " + p.What + "."}
	if p.Partial != nil {
		n.Level, n.Err = LevelWarn, p.Partial
		n.Text += " But " + WhatOf(p.Partial) + "; " + KeyOf("message") + " shows which."
	}
	return n
}

// copyMsg takes a parcel to the clipboard, saveMsg into a file that is new.
type (
	CopyMsg struct{ Parcel }
	SaveMsg struct {
		File string
		Parcel
	}
)

func ExpandHome(file string) string {
	if rest, ok := strings.CutPrefix(file, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return file
}

// WriteNew makes a file of mode 0600 that is not there yet, whole or not at all.
func WriteNew(path, text string) error {
	tried := "write " + path
	switch err := whole.Write(path, []byte(text)); {
	case errors.Is(err, os.ErrExist):
		return core.Fail(core.CodeConflict, tried, "there is a file of that name already", "choose another; hearth overwrites nothing", err)
	case err != nil:
		return core.Fail(core.CodeUnreadable, tried, "the file cannot be made",
			"check that the folder is there and can be written, and that the disk has room", err)
	}
	return nil
}

// MustBeNew refuses a file that is there already.
func MustBeNew(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return core.Fail(core.CodeConflict, "write "+path, "there is a file of that name already",
			"choose another; hearth overwrites nothing", nil)
	}
	return nil
}
