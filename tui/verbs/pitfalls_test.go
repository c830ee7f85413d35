package verbs

import (
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/storetest"
)

// TestPitfallsSaid walks the pitfalls: the verb that would do it tells of it before it asks,
// and the plan's JSON has it by its code. Nothing is sent.
func TestPitfallsSaid(t *testing.T) {
	for _, x := range storetest.Pitfalls() {
		t.Run(x.What, func(t *testing.T) {
			c, desk := x.Open(t, core.PlaceInfo{}, x.Does, clockAt(storetest.Now))
			b := on(t, c)
			desk.Who, b.desk = b.desk.Who, desk
			b.env.Asks, b.in = true, "n\n"
			args := x.Arguments(t)
			got := b.run(args...)
			if said := strings.Join(strings.Fields(got.err+" "+got.out), " "); !strings.Contains(said, x.Says) {
				t.Errorf("%q, exit %d: %s", args, got.code, said)
			}
			if sent := storetest.Sent(c.Calls()); len(sent) > 0 {
				t.Errorf("%q was sent", sent)
			}
			if x.Asked != core.OpRestore && x.Asked != core.OpWriteVolume {
				return
			}
			args = append([]string{"plan", "-o", "json"}, args[1:]...)
			got = b.run(args...)
			falls, _ := parse(t, got.out).Object().Get("pitfalls")
			told := false
			for _, f := range falls.Items() {
				o := f.Object()
				told = told || text(o, "code") == x.Code && strings.Contains(text(o, "text"), x.Says) && text(o, "next") != "" && text(o, "bug") != ""
			}
			if !told {
				t.Errorf("the plan, exit %d: %s; %s", got.code, core.Visible(got.err), falls.Text())
			}
		})
	}
}
