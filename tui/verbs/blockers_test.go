package verbs

import (
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/memory"
	"hearth/store/storetest"
	"hearth/store/storetest/race"
)

// blockedBench is a bench at a cloud where a restore is blocked.
func blockedBench(t *testing.T, x *storetest.Blocker) (*bench, *memory.Cloud) {
	t.Helper()
	c, desk := x.Open(t, core.PlaceInfo{}, clockAt(storetest.Now))
	b := on(t, c)
	desk.Who = b.desk.Who
	b.desk = desk
	return b, c
}

// TestBlockersSaid walks the blockers: the plan's JSON has each by its code, and the verb
// that would do it refuses, or tells of it before it asks. Nothing is sent.
func TestBlockersSaid(t *testing.T) {
	race.Once(t)
	for _, x := range storetest.Blockers() {
		files, ok := x.Files(t)
		if !ok {
			continue
		}
		t.Run(x.What, func(t *testing.T) {
			args := storetest.Arguments(x.Ask, files)
			b, c := blockedBench(t, &x)
			verb, plan := "restore", append([]string{"plan", "-o", "json"}, args...)
			if x.Metadata {
				verb = "apply"
			} else if x.Ask.Volume != "" {
				plan = append(plan, "--via", core.ViaDatabase)
			}
			if !x.Unplanned {
				got := b.run(plan...)
				can, _ := parse(t, got.out).Object().Get("can")
				reasons, _ := can.Object().Get("reasons")
				told := false
				for _, r := range reasons.Items() {
					o := r.Object()
					told = told || text(o, "code") == x.Code && text(o, "answer") == string(x.Answer) && strings.Contains(text(o, "text"), x.Says)
				}
				want := map[core.Answer]int{core.AnswerNo: 6, core.AnswerUnknown: 13}[x.Answer]
				if !told || text(can.Object(), "answer") != string(x.Answer) || got.code != want {
					t.Errorf("the plan, exit %d: %s; %s", got.code, core.Visible(got.err), reasons.Text())
				}
			}
			b.env.Asks, b.in = true, "n\n"
			got := b.run(append([]string{verb}, args...)...)
			said := strings.Join(strings.Fields(got.err), " ") // whatever its lines
			switch refused := got.code != 0 && got.code != 130; {
			case x.Unplanned && refused: // what is named is not there, or there can be no plan
			case refused != (x.Answer == core.AnswerNo), !strings.Contains(said, x.Says):
				t.Errorf("%s, exit %d: %s", verb, got.code, said)
			}
			if sent := storetest.Sent(c.Calls()); len(sent) > 0 {
				t.Errorf("%q was sent", sent)
			}
		})
	}
}
