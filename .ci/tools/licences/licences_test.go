package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const mit = `Copyright (c) 2026 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy of this software...
The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.
THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED`

// TestRefuses: what may be linked is, and what may not be, or is not known, is named.
func TestRefuses(t *testing.T) {
	commented := "// " + strings.ReplaceAll(strings.ReplaceAll(mit, `"`, "``"), "\n", "\n// ")
	const mozillas = "Mozilla Public License Version 2.0, Incompatible With Secondary Licenses, "
	for what, c := range map[string]struct {
		files map[string]string
		want  string // of the error; "": none
	}{
		"MIT":                  {map[string]string{"LICENSE": mit}, ""},
		"MIT, other quotes":    {map[string]string{"COPYING": commented}, ""},
		"MIT and a notice":     {map[string]string{"LICENSE": mit, "NOTICE": "made by somebody"}, ""},
		"none":                 {map[string]string{"README": mit}, "x v1: it has no licence"},
		"a notice alone":       {map[string]string{"NOTICE": "made by somebody"}, "x v1: it has no licence"},
		"half a licence":       {map[string]string{"LICENSE": mit[:150]}, "the text of LICENSE is not known"},
		"another":              {map[string]string{"LICENSE": "You may look at it."}, "the text of LICENSE is not known"},
		"GPL":                  {map[string]string{"COPYING": "GNU GENERAL PUBLIC LICENSE\nVersion 3"}, "COPYING is a GNU licence"},
		"MIT, or so it begins": {map[string]string{"LICENSE": mit + "\nunder the Commons Clause"}, "LICENSE is the Commons Clause"},
		"a second one": {map[string]string{"LICENSE": mit, "LICENSE-THEIRS": "GNU Affero General\n Public License"},
			"LICENSE-THEIRS is a GNU licence"},
		"deeper, what is linked": {map[string]string{"LICENSE": mit, "p/LICENSE": "mine"}, "the text of p/LICENSE is not known"},
		"deeper, what is not":    {map[string]string{"LICENSE": mit, "q/LICENSE": "mine"}, ""},
		"Mozilla's": {map[string]string{"LICENSE": mozillas + "\"Secondary License\" means either the GNU General Public License, " +
			"Version 2.0, the GNU Lesser General\nPublic License, Version 2.1, the GNU Affero General Public License, " +
			"Version 3.0, or any later versions of those\nlicenses."}, ""},
		"Mozilla's and GNU's": {map[string]string{"LICENSE": mozillas + "and the GNU General Public License"},
			"LICENSE is a GNU licence"},
	} {
		dir := t.TempDir()
		for name, data := range c.files {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		os.MkdirAll(filepath.Join(dir, "p"), 0o700)
		var out strings.Builder
		err := report(&out, []*module{{path: "x", version: "v1", dir: dir, packages: []string{dir, filepath.Join(dir, "p")}}}, false)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
}

// TestNotices: the texts themselves are printed, those of notices too.
func TestNotices(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "LICENSE"), []byte(mit), 0o600)
	os.WriteFile(filepath.Join(dir, "NOTICE"), []byte("made by somebody"), 0o600)
	var out strings.Builder
	if err := report(&out, []*module{{path: "x", version: "v1", dir: dir}}, true); err != nil || !strings.Contains(out.String(), mit) ||
		!strings.Contains(out.String(), "made by somebody") || !strings.Contains(out.String(), "x v1: MIT\n") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// TestReleased: the licences are asked of what .ci/release makes, and of nothing less.
func TestReleased(t *testing.T) {
	script, err := os.ReadFile("../../release")
	if err != nil {
		t.Fatal(err)
	}
	if want := "\nTARGETS=${TARGETS:-" + strings.Join(released, " ") + "}\n"; !strings.Contains(string(script), want) {
		t.Errorf(".ci/release does not have the line %q", strings.TrimSpace(want))
	}
}
