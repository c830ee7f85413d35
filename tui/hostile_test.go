package tui

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/memory"
	"hearth/store/storetest"
	"hearth/store/storetest/race"
)

// evilWorld is the demo's world with a hostile text behind every text of it: its names still
// begin as they did, and what is found by an id is found.
func evilWorld(w memory.World) memory.World {
	w.Volumes, w.Backups, w.Captures = slices.Clone(w.Volumes), slices.Clone(w.Backups), slices.Clone(w.Captures)
	n := 0
	next := func() string { // each kind by itself, and now and then all of them
		if n++; n%7 == 0 {
			return storetest.HostileText()
		}
		return storetest.HostileTexts[n%len(storetest.HostileTexts)].Text
	}
	evil := func(o core.Opt[string]) core.Opt[string] { return core.Some(o.V + next()) }
	meta := func(o *pyjson.Object) *pyjson.Object {
		if o == nil {
			o = &pyjson.Object{}
		}
		o = o.Clone()
		o.Set(next()+"key", pyjson.OfString(next()))
		return o
	}
	for i := range w.Volumes {
		v := &w.Volumes[i]
		v.Name, v.Description, v.VolumeType, v.Host = evil(v.Name), evil(v.Description), evil(v.VolumeType), evil(v.Host)
		v.AvailabilityZone, v.ProjectName = evil(v.AvailabilityZone), evil(v.ProjectName)
		v.Metadata, v.Image = meta(v.Metadata), meta(v.Image)
	}
	for i := range w.Backups {
		b := &w.Backups[i]
		b.Name, b.Description, b.FailReason, b.Container = evil(b.Name), evil(b.Description), evil(b.FailReason), evil(b.Container)
		b.VolumeName, b.ProjectName, b.Host, b.Service = evil(b.VolumeName), evil(b.ProjectName), evil(b.Host), evil(b.Service)
		b.Metadata = meta(b.Metadata)
	}
	for i := range w.Captures {
		k := &w.Captures[i]
		doc, err := pyjson.Parse(k.Capture.Text)
		if err != nil || doc.Object() == nil {
			continue
		}
		o := doc.Object().Clone()
		for _, section := range []string{"volume-metadata", "volume-glance-metadata", "volume-base-metadata"} {
			if v, ok := o.Get(section); ok && v.Object() != nil {
				in := meta(v.Object())
				if section == "volume-base-metadata" {
					in.Set("display_name", pyjson.OfString("captured"+next()))
				}
				o.Set(section, pyjson.OfDict(in))
			}
		}
		source := k.Capture.Source
		source.Where += next()
		k.Capture = core.ReadCapture(pyjson.Text(pyjson.OfDict(o)), source)
	}
	return w
}

// unseemly says what in a text for eyes is no ordinary character, besides what
// [checkHarmless] finds; "" if all are.
func unseemly(text string) string {
	marks := 0
	for _, r := range looks.ReplaceAllString(text, "") {
		if marks++; !unicode.Is(unicode.M, r) {
			marks = 0
		}
		switch {
		case unicode.In(r, unicode.Co, unicode.Cs), r&0xFFFE == 0xFFFE, r >= 0xFDD0 && r <= 0xFDEF:
			return fmt.Sprintf("the character %U is drawn", r)
		case marks > 3:
			return "a tower of marks is drawn"
		}
	}
	return checkHarmless(text)
}

// TestHostileEverywhere goes through every scene, and on from each by keys at random, over
// a world whose every text is hostile: each frame fits, and neither it nor a title or a
// note has a character that a terminal would obey or nobody would see.
func TestHostileEverywhere(t *testing.T) {
	race.Once(t)
	w, err := demoWorld()
	if err != nil {
		t.Fatal(err)
	}
	w = evilWorld(w)
	was := demoWorld
	demoWorld, inMemory = func() (memory.World, error) { return w, nil }, true
	t.Cleanup(func() { demoWorld, inMemory = was, false })
	for _, name := range []string{"TMUX", "DISPLAY", "WAYLAND_DISPLAY", "STY"} {
		t.Setenv(name, "")
	}
	elsewhere(t)
	steps, frames, drawnEvil := 15, 0, 0
	if testing.Short() {
		steps = 4
	}
	for i, s := range drawn() {
		size := [][2]int{{80, 24}, {160, 45}, {40, 12}}[i%3]
		t.Run(s.name, func(t *testing.T) {
			dice := rand.New(rand.NewPCG(28, uint64(i)))
			r := s.make(t, size[0], size[1])
			var way []string
			for range steps {
				v := r.View()
				frames++
				if strings.Contains(v.Content, `\x1b`) || strings.Contains(v.Content, `\u202e`) || strings.Contains(v.Content, `\u200b`) {
					drawnEvil++
				}
				bad := checkFrame(v.Content, size[0], size[1])
				if bad == "" {
					bad = unseemly(v.Content)
				}
				if bad == "" && (unseemly(v.WindowTitle) != "" || strings.Contains(v.WindowTitle, "\n")) {
					bad = fmt.Sprintf("the title is %q", v.WindowTitle)
				}
				for _, n := range r.notes {
					if bad == "" && unseemly(n.Text) != "" {
						bad = fmt.Sprintf("the note is %q: %s", n.Text, unseemly(n.Text))
					}
				}
				if bad != "" {
					t.Fatalf("after %q: %s", way, bad)
				}
				key := r.anyKey(dice, map[string]int{})
				way = append(way, key)
				r.press(key)
			}
		})
	}
	t.Logf("%d kinds, %d frames, %d of them with something hostile in sight", len(storetest.HostileTexts), frames, drawnEvil)
	if drawnEvil < frames/10 {
		t.Errorf("only %d of %d frames show anything hostile", drawnEvil, frames)
	}
}
