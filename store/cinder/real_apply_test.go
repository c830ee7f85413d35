package cinder_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
)

// guesser makes captures at random, the same ones in every run: what a volume may
// have, and what the API does not take.
type guesser struct{ *rand.Rand }

func (g guesser) one(of ...string) string { return of[g.IntN(len(of))] }

func (g guesser) text() string {
	return g.one("", "a", "web root", "größe 日本", "  blanks around  ", "tab\tand\nline", "\u202etxt.exe",
		strings.Repeat("ü", 255), "restore_backup_of something", `"{}'\`)
}

func (g guesser) key() string {
	if g.IntN(12) == 0 {
		return g.one("schlüssel", "a*b", "", "emoji\u2603", strings.Repeat("k", 256))
	}
	return g.one("env", "tier", "owner", "with blank", "a:b", "a/b", "x.y-z_0", "UPPER", "readonly", "min_disk")
}

// value is what a key of metadata has; wild ones are no text.
func (g guesser) value(wild bool) pyjson.Value {
	switch n := g.IntN(24); {
	case n == 0 && wild:
		return pyjson.None
	case n == 1 && wild:
		return pyjson.OfString(strings.Repeat("v", 256))
	}
	return pyjson.OfString(g.text())
}

func (g guesser) section(wild bool) *pyjson.Object {
	o := &pyjson.Object{}
	for range g.IntN(5) {
		o.Set(g.key(), g.value(wild))
	}
	return o
}

func (g guesser) capture(version int, volumeType pyjson.Value) core.Capture {
	doc, base := &pyjson.Object{}, &pyjson.Object{}
	doc.Set("version", pyjson.OfInt(int64(version)))
	base.Set("id", pyjson.OfString("11111111-2222-3333-4444-555555555555"))
	for _, name := range []string{"display_name", "display_description"} {
		base.Set(name, pyjson.OfString(g.text()))
		if g.IntN(5) == 0 {
			base.Set(name, pyjson.None)
		}
	}
	base.Set("encryption_key_id", pyjson.None)
	base.Set("volume_type_id", volumeType)
	doc.Set(string(core.BaseSection), pyjson.OfDict(base))
	if g.IntN(4) > 0 {
		doc.Set(string(core.UserSection), pyjson.OfDict(g.section(true)))
	}
	if g.IntN(4) > 0 {
		doc.Set(string(core.ImageSection), pyjson.OfDict(g.section(false)))
	}
	return core.ReadCapture(pyjson.Text(pyjson.OfDict(doc)), core.Source{Kind: core.SourceFile, Where: "made up"})
}

// request is a plan to put some such captures on a volume.
func (g guesser) request(onto core.VolumeID, volumeType pyjson.Value) jobs.PlanRequest {
	r := jobs.PlanRequest{Onto: onto, Rules: core.RuleSets[g.IntN(len(core.RuleSets))]}
	for range 1 + g.IntN(2) {
		version := 1 + g.IntN(2)
		if r.Rules == core.Icehouse {
			version = 1
		}
		r.Captures = append(r.Captures, g.capture(version, volumeType))
	}
	return r
}

// TestRealApply: what a plan through the API says of a volume is what the API then
// answers, and an undo brings back what was there. What the API refuses is told
// before anything is sent, and is left out by name.
func TestRealApply(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	g := guesser{rand.New(rand.NewPCG(1, 2))}
	var volumes []core.VolumeID
	for i := range 4 {
		volumes = append(volumes, s.dressed(fmt.Sprint("apply-", i), 1, i%2 == 0))
	}
	const captures = 50
	blocked, left, calls, undone, differ := 0, 0, 0, 0, 0
	for i := 0; i < captures; i++ {
		id := volumes[i%len(volumes)]
		before := s.state(id)
		r := g.request(id, before.VolumeTypeID)
		plan, err := s.desk.Plan(s.ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		if plan.Error != nil { // as the Cinder of 2014 refuses a key beyond ASCII
			if err := plan.Applicable(); core.CodeOf(err) != core.CodeRefused {
				t.Errorf("Cinder refuses it (%s), and the plan can be applied: %v", plan.Error.Message, err)
			}
			i--
			continue
		}
		if plan.Via != core.ViaAPI {
			t.Fatalf("a plan for a cloud goes via %s", plan.Via)
		}
		for range 5 { // what stands behind a refusal may be refused as well
			err = plan.Applicable()
			if err == nil {
				break
			}
			blocked++
			if core.CodeOf(err) != core.CodeRefused {
				t.Fatalf("%d: %v", i, err)
			}
			for _, f := range plan.Fields {
				if f.Verdict == core.VerdictRefused {
					r.LeaveOut = append(r.LeaveOut, f.Key())
					left++
				}
			}
			if plan, err = s.desk.Plan(s.ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		if err != nil {
			t.Errorf("%d: everything refused is left out, and still: %v", i, err)
			continue
		}
		if diff := before.Diff(plan.Before); len(diff) > 0 {
			t.Errorf("%d: the plan starts from another volume: %q", i, diff)
		}
		calls += len(plan.Calls)
		if _, err := s.desk.Apply(s.ctx, plan); err != nil {
			t.Errorf("%d: %v\nfrom %s\nto   %s", i, err, text(plan.Before), text(plan.After))
			differ++
			continue
		}
		if got := s.state(id); !got.Equal(plan.After) {
			differ++
			t.Errorf("%d: differs in %q\nplanned %s\nis      %s", i, got.Diff(plan.After), text(plan.After), text(got))
		}
		if i%3 == 0 && len(plan.Calls) > 0 && len(core.APIRefusals(plan.After, plan.Before, 0)) == 0 {
			undone++
			if _, err := s.desk.Undo(s.ctx, 0); err != nil {
				t.Errorf("%d: undo: %v", i, err)
			}
			if got := s.state(id); !got.Equal(before) {
				t.Errorf("%d: after the undo it differs in %q", i, got.Diff(before))
			}
		}
	}
	t.Logf("%d captures in %d calls, %d plans blocked until %d fields were left out; %d undone; %d differences", captures, calls,
		blocked, left, undone, differ)
}

func text(s core.State) string { return pyjson.Text(pyjson.OfDict(s.Object())) }

// TestRealHalfway: wherever a change of several calls is cut, the journal knows how
// far it came, and hearth finishes it or takes it back from there.
func TestRealHalfway(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	id := s.dressed("halfway", 1, true)
	p, desk := s.through(t)
	capture := core.ReadCapture(`{"version": 1, `+
		`"volume-base-metadata": {"display_name": "`+named("halfway there")+`", "display_description": "changed"},`+
		`"volume-metadata": {"env": "prod", "new": "größe"}, "volume-glance-metadata": {"image_name": "new image", "min_ram": "512"}}`,
		core.Source{Kind: core.SourceFile})
	if capture.Err != nil {
		t.Fatal(capture.Err)
	}
	// The volume goes to and fro: from what it is to what the capture makes of it.
	s.must("POST", "/volumes/"+string(id)+"/action", dict{"os-set_bootable": dict{"bootable": false}})
	first := s.state(id)
	cases, finished, undone := 0, 0, 0
	modes := map[fate]string{before: "cut before", after: "answer lost", broken: "500", gateway: "504", half: "cut in the answer"}
	for _, dead := range []bool{false, true} {
		for mode, name := range modes {
			if dead && mode != before {
				continue
			}
			for n := 0; ; n++ {
				plan, err := desk.Plan(s.ctx, jobs.PlanRequest{Onto: id, Captures: []core.Capture{capture}, Rules: core.Icehouse})
				if err != nil {
					t.Fatal(err)
				}
				if n == len(plan.Calls) {
					break
				}
				cases++
				title := fmt.Sprintf("%s at call %d of %d", name, n+1, len(plan.Calls))
				if dead {
					title = "dead" + title
				}
				actions := 0
				for _, c := range plan.Calls {
					if c.Method == "POST" {
						actions++
					}
				}
				worked, failing := 0, false
				p.reset(func(r *http.Request) fate {
					switch {
					case failing && (dead || r.Method != "GET"):
						return mode
					case r.Method == "GET":
						return pass
					case worked == n:
						failing = true
						return mode
					}
					worked++
					return pass
				})
				e, err := desk.Apply(s.ctx, plan)
				if arrived, _ := p.counted("POST action"); arrived > actions {
					t.Errorf("%s: %d actions sent, and the plan has %d", title, arrived, actions)
				}
				p.reset(nil)
				later := desk
				later.Now = func() time.Time { return time.Now().Add(5 * time.Minute) }
				if dead {
					if _, serr := later.Settle(s.ctx); serr != nil {
						t.Fatal(serr)
					}
				}
				now := s.state(id)
				if e, err = reread(s, later, e, err); e.ID == 0 {
					t.Fatalf("%s: no entry in the journal", title)
				}
				switch {
				case now.Equal(plan.After):
					if e.State != core.EntryDone {
						t.Errorf("%s: all was done, and the journal says %s", title, e.State)
					}
				case now.Equal(plan.Before):
					sentenceAt(t, title, err)
					if e.State != core.EntryFailed {
						t.Errorf("%s: nothing was done, and the journal says %s", title, e.State)
					}
				default:
					sentenceAt(t, title, err)
					if e.State != core.EntryHalf {
						t.Errorf("%s: some was done, and the journal says %s: %v", title, e.State, e.Steps)
					}
					if done := doneSteps(e); mode == before && done != n {
						t.Errorf("%s: the journal counts %d steps", title, done)
					}
					if n%2 == 0 {
						if _, err := later.Finish(s.ctx, e.ID); err != nil {
							t.Errorf("%s: finish: %v", title, err)
						}
						if got := s.state(id); !got.Equal(plan.After) {
							t.Errorf("%s: finished, and it differs in %q", title, got.Diff(plan.After))
						}
						finished++
						e.ID = 0 // the last one, which holds all of it
					}
				}
				if !s.state(id).Equal(first) {
					undone++
					if _, err := later.Undo(s.ctx, e.ID); err != nil {
						t.Errorf("%s: undo: %v", title, err)
					}
				}
				if got := s.state(id); !got.Equal(first) {
					t.Fatalf("%s: taken back, and it differs in %q", title, got.Diff(first))
				}
			}
		}
	}
	t.Logf("%d cases, %d finished, %d taken back", cases, finished, undone)
}

// reread reads an entry as the journal has it.
func reread(s *site, d jobs.Desk, e core.Entry, err error) (core.Entry, error) {
	s.t.Helper()
	got, jerr := d.Journal().Entry(s.ctx, e.ID)
	if jerr != nil {
		s.t.Fatal(jerr)
	}
	return got, err
}

func doneSteps(e core.Entry) (n int) {
	for _, step := range e.Steps {
		if step.Done {
			n++
		}
	}
	return n
}

func sentenceAt(t *testing.T, title string, err error) {
	t.Helper()
	code := core.CodeOf(err)
	if code != core.CodePartial && code != core.CodeUnavailable {
		t.Errorf("%s: the error is %s: %v", title, code, err)
		return
	}
	sentence(t, title, err, code)
}
