package tui

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/memory"
	"hearth/tui/state"
	"hearth/tui/ui"
)

// shelf is a place of chains, whose rows a test changes, and which can fail and wait as it is asked for what
// stands on a backup.
type shelf struct {
	*vague
	fails error
}

func (s *shelf) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	if s.fails != nil && ofChain(q) {
		s.asked = append(s.asked, q)
		return core.Page[core.Backup]{}, s.fails
	}
	return s.vague.Backups(ctx, q)
}

// ofChain reports whether a question is for what stands on a backup.
func ofChain(q core.Query) bool {
	return strings.HasPrefix(q.Filter.Text, "volume-id:") || strings.HasPrefix(q.Filter.Text, "parent:")
}

// chainQuestions counts them.
func (s *shelf) chainQuestions() (n int) {
	for _, q := range s.asked {
		if ofChain(q) {
			n++
		}
	}
	return n
}

// chained makes backups of lines "id volume parent", each a day younger than the one before, and named as
// their ids.
func chained(lines ...string) (out []core.Backup) {
	for i, line := range lines {
		f := append(strings.Fields(line), "", "")
		b := core.Backup{ID: core.BackupID(f[0]), Name: core.Some(f[0]), VolumeID: core.VolumeID(f[1]), ParentID: core.BackupID(f[2]),
			Incremental: f[2] != "", Status: core.StatusAvailable, Size: 1,
			CreatedAt: core.Some(until.AddDate(0, 0, i-len(lines)))}
		for j := range out {
			if out[j].ID == b.ParentID {
				out[j].Dependents++
			}
		}
		out = append(out, b)
	}
	return out
}

// theChains are two full backups with a bend each, one with nothing on it, a deep chain, and incrementals of
// which the full one is gone.
var theChains = []string{
	"full-a va", "a1 va full-a", "a2 va a1", "a2b va a1", "a3 va a2",
	"full-b vb", "b1 vb full-b", "b1b vb full-b", "b2 vb b1",
	"full-c vc",
	"o1 vo gone", "o2 vo o1",
	"full-d vd", "d1 vd full-d", "d2 vd d1", "d3 vd d2", "d4 vd d3", "d5 vd d4", "d6 vd d5", "d7 vd d6", "d8 vd d7", "d9 vd d8",
}

func shelfOf(lines ...string) *shelf {
	rows := chained(lines...)
	return &shelf{vague: &vague{Place: memory.New(memory.World{Backups: rows, Now: now}), rows: rows}}
}

// under is the key under the cursor.
func (r *rig) under() string { return backupsOf(r).table.Key() }

// unfoldedNow is the id of the backup whose chain is shown, "" if none is.
func unfoldedNow(r *rig) string {
	if v := valueAt(r.Top(), "chain"); !v.IsNil() {
		return v.Elem().FieldByName("id").String()
	}
	return ""
}

// TestFold: one key shows full backups alone, and says what it leaves out; on one of them what stands on it is
// shown as a tree, and each row of that is a row as any other.
func TestFold(t *testing.T) {
	p := shelfOf(theChains...)
	r := newRig(t, p, 100, 34)
	if len(p.asked) != 1 {
		t.Errorf("a list that is not folded asks %d questions", len(p.asked))
	}
	r.press("f").want("4 full backups of 22", "filter [kind:full]", "! 2 incrementals have no full one here: f shows them",
		"> ▸ full-d", "  ▸ full-b", "    full-c").wantNot("o1", "d1")
	r.press("end").want("> ▸ full-a").press("right").want("4 stand on full-a", "> ▾ full-a", "└ 2 a1", "  ├ 3 a2", "  ├ 4 a3", "  └ 3 a2b")
	if n := p.chainQuestions(); n != 1 {
		t.Errorf("a chain takes %d questions", n)
	}
	for _, want := range []string{"a1", "a2", "a3", "a2b", "a2b"} {
		if r.press("down"); r.under() != want {
			t.Errorf("the cursor is on %s, want %s", r.under(), want)
		}
	}
	r.press("right").said(ui.LevelWarn, "→ does not work now: all that stands on its full backup is shown; ← goes to that")
	r.press("up", "r").want("Restore", "a3").press("esc")
	if r.under() != "a3" {
		t.Errorf("back from its preview the cursor is on %s", r.under())
	}
	r.press("left")
	if r.under() != "full-a" {
		t.Errorf("← goes to %s", r.under())
	}
	if r.press("right"); r.under() != "a1" {
		t.Errorf("→ goes to %s", r.under())
	}
	r.press("left", "left").want("▸ full-a").wantNot("a1", "4 stand on")
	r.press("left").said(ui.LevelWarn, "← does not work now: nothing is unfolded; → shows what stands on a full backup")
	r.press("up", "up", "right").want("nothing stands on full-c here", "· full-c") // the order is full-d, full-c, full-b, full-a
	r.press("up", "right").want("9 stand on full-d", "├ 2 d1", "├ 9 d8", "└ 10 d9").wantNot("│", "stands on full-c")
	r.press("end").want("> ")
	if r.under() != "full-a" {
		t.Errorf("End goes to %s", r.under())
	}
	r.press("f").want("22 backups", "o1", "d1").wantNot("kind:full", "▸", "├")
	if r.under() != "full-a" {
		t.Errorf("where all is shown again the cursor is on %s", r.under())
	}
	r = newRig(t, sharedDemo(t), 100, 34).press("f", "/").typeText("volume~web-root").press("enter", "right", "down", "x")
	b, err := sharedDemo(t).Backup(t.Context(), core.BackupID(r.under()))
	if err != nil || !b.Incremental {
		t.Fatalf("%+v, %v", b, err)
	}
	r.said(ui.LevelInfo, "the record of "+b.Name.V)
}

// TestFoldFilters: with a filter the head says how many incrementals fulfil it and are not shown; of a chain
// that is unfolded those that do not are told apart without colour.
func TestFoldFilters(t *testing.T) {
	p := shelfOf(theChains...)
	r := newRig(t, p, 120, 34).press("f", "/").typeText("name~a").press("enter").
		want("1 full backup of 22", "filter [kind:full] name~a", "! 4 incrementals fulfil it, too: f shows them")
	r.press("right").wantNot("(a1)", "fulfil the filter")
	r.press("/").typeText(",2").press("enter").want("1 full backup").press("esc")
	r.want("[kind:full]", "4 full backups of 22").press("/").typeText("name~full-a,a2,b").press("enter")
	r.want("2 full backups", "! 5 incrementals fulfil it, too").press("end", "right").
		want("└ 2 (a1)", "  ├ 3 a2 ", "  ├ 4 (a3)", "  └ 3 a2b ", "(…) does not fulfil the filter")
	r.press("esc", "/").typeText("name~d3").press("enter").want("0 full backups of 22", "no full backup fulfils the filter",
		"! 1 incremental fulfils it, too: f shows it")
	r.press("esc", "/").typeText("name~full").press("enter").want("4 full backups").wantNot("fulfil")
	r.press("f").want("4 backups of 22", "filter name~full").wantNot("kind:full").press("f").want("[kind:full] name~full")
	r.send(ui.Open{Screen: "backups", Filter: "volume-id:vo"})
	r.want("2 backups of 22").press("f").want("0 full backups", "[volume-id:vo] [kind:full]", "2 incrementals have no full one here",
		"there are no full backups").wantNot("fulfils")
	r.press("backspace").want("4 full backups", "filter [kind:full]").wantNot("volume-id")
}

// TestFoldMarks: all that fulfil the filter are full backups where the list is folded, and that is said; a
// row below is marked by itself, and what acts on several takes both.
func TestFoldMarks(t *testing.T) {
	p := shelfOf(theChains...)
	r := newRig(t, p, 120, 34).press("f", "end", "right", "a").
		said(ui.LevelInfo, "4 full backups marked, and nothing that stands on them: the list is folded.").
		want("all 4 marked", ">*▾ full-a").wantNot("*  ├", "*└")
	r.press("down", "space", "space").want("6 marked", " *└ 2 a1", " *  ├ 3 a2").wantNot("*  ├ 4 a3")
	r.press("o").want("6 backups, 6 marked", "[marked]", "a1", "a2 ", "full-d").wantNot("▾", "├", "kind:full")
	r.press("f").said(ui.LevelWarn, "what is marked is shown, each by itself")
	r.press("o").want("4 full backups of 22, 6 marked", "[kind:full]").wantNot("4 stand on")
	r.press("f").want("22 backups, 6 marked").press("f", "end", "right", "down").want(">*└ 2 a1")
	r.press("A").wantNot(" marked,", "6 marked").press("space").want("1 marked").press("o").want("1 backup, 1 marked", "a1")

	c := newCloudOf(t, 0, func(w *memory.World) { w.Backups = chained(theChains...) })
	r = newRig(t, c, 120, 34).press("f", "end", "right", "a", "down", "space", "space").want("6 marked").press("x")
	r.said(ui.LevelInfo, "6 records")
}

// TestFoldRemembered: that a list is folded is remembered with the place, with what was typed, and in views.
func TestFoldRemembered(t *testing.T) {
	m, _ := state.Open(filepath.Join(t.TempDir(), "state.json"))
	open := func() *rig { return newRigWith(t, shelfOf(theChains...), 100, 30, Options{Memory: m}) }
	r := open().press("f", "/").typeText("name~full").press("enter")
	want := state.List{Filter: "name~full", Fold: true}
	if got := m.Of(r.desk.Info().Location).Lists["backups"]; got != want {
		t.Errorf("remembered is %+v, want %+v", got, want)
	}
	r = open().want("4 full backups of 22", "[kind:full] name~full").say("view save chains")
	if v := m.Views()["chains"]; !v.Fold || v.Filter != "name~full" {
		t.Errorf("saved is %+v", v)
	}
	r.press("f", "esc")
	r = open().want("22 backups").wantNot("kind:full").say("view chains").want("4 full backups of 22", "[kind:full] name~full")
	r.press(":").typeText("view chains").want("backups with name~full, folded").press("esc", "esc")
	r.press("v").wantNot("fold")
	m.Change(r.desk.Info().Location, func(x *state.Place) { x.Lists["backups"] = state.List{Fold: true, Filter: "nosuch:1"} })
	open().want("4 full backups of 22").wantNot("nosuch")
	if key, what := (Views{"x": {List: "volumes", Fold: true}}).Check(func(string, []string) string { return "" }); key != "views.x.fold" ||
		!strings.Contains(what, "only backups stand on each other") {
		t.Errorf("%s: %s", key, what)
	}
}

// TestFoldFails: a place that cannot say what stands on a backup is told of where the chain would be, and asked
// again by the same key; what was read before stays, and is said to be old.
func TestFoldFails(t *testing.T) {
	p := shelfOf(theChains...)
	r := newRig(t, p, 120, 34).press("f", "end")
	p.fails = down(nil)
	r.press("right").want("✗ what stands on full-a is not known: lab does not answer; → asks again", "✗ full-a").
		said(ui.LevelBad, "lab does not answer").wantNot("a1")
	n := p.chainQuestions()
	r.press("right")
	if p.chainQuestions() != n+1 {
		t.Errorf("asked again it asks %d questions", p.chainQuestions()-n)
	}
	p.fails = nil
	r.press("right").want("▾ full-a", "└ 2 a1")
	p.fails = down(nil)
	r.notes = nil
	r.press("down", "ctrl+r").want("└ 2 a1", "4 stand on full-a  not up to date: lab does not answer")
	r.press("ctrl+r", "ctrl+r")
	bad := 0
	for _, x := range r.notes {
		if x.Level == ui.LevelBad {
			bad++
		}
	}
	if r.under() != "a1" || bad != 1 {
		t.Errorf("the cursor is on %s, and the trouble is told %d times", r.under(), bad)
	}
	p.fails = nil
	r.press("ctrl+r").wantNot("not up to date")
}

// TestFoldChanges: what is read anew while a chain is shown stays under its backup, and the cursor stays on its
// row, or goes to the one that it stood on.
func TestFoldChanges(t *testing.T) {
	gone := func(p *shelf, ids ...core.BackupID) {
		p.rows = slices.DeleteFunc(slices.Clone(p.rows), func(b core.Backup) bool { return slices.Contains(ids, b.ID) })
	}
	begin := func() (*shelf, *rig) {
		p := shelfOf(theChains...)
		return p, newRig(t, p, 120, 34).press("f", "down", "down", "right", "down", "down")
	}
	p, r := begin()
	if unfoldedNow(r) != "full-b" || r.under() != "b2" {
		t.Fatalf("the cursor is on %s below %s", r.under(), unfoldedNow(r))
	}
	gone(p, "b1b")
	r.press("ctrl+r").want("2 stand on full-b", "├ 2 b1", "└ 3 b2").wantNot("b1b")
	if r.under() != "b2" {
		t.Errorf("as another went the cursor is on %s", r.under())
	}
	gone(p, "b2")
	if r.send(ui.TickMsg{}); r.under() != "b1" {
		t.Errorf("as the row went the cursor is on %s", r.under())
	}
	r.want("1 stands on full-b", "└ 2 b1")
	gone(p, "b1")
	if r.send(ui.TickMsg{}); r.under() != "full-b" || unfoldedNow(r) != "full-b" {
		t.Errorf("as all went the cursor is on %s", r.under())
	}
	r.want("nothing stands on full-b here")

	p, r = begin()
	gone(p, "full-b") // what stood on it has no full one any more
	r.send(ui.TickMsg{})
	r.want("3 full backups of 21", "5 incrementals have no full one here").wantNot("b1", "3 stand on")
	if unfoldedNow(r) != "" || r.under() != "full-a" {
		t.Errorf("the full one went, and the cursor is on %s, below %q", r.under(), unfoldedNow(r))
	}

	p, r = begin()
	more := chained("new-1 vn", "new-2 vn")
	for i := range more {
		more[i].CreatedAt = core.Some(until.Add(time.Duration(i) * time.Minute))
	}
	p.rows = append(slices.Clone(p.rows), more...)
	if r.send(ui.TickMsg{}); r.under() != "b2" || unfoldedNow(r) != "full-b" {
		t.Errorf("others came in, and the cursor is on %s", r.under())
	}
	r.want("6 full backups of 24", "▾ full-b").press("left", "up")
	if r.under() != "full-c" {
		t.Errorf("above it stands %s", r.under())
	}
	r.press("S").want("NAME", "▾ full-b", "├ 2 b1") // another order; what is unfolded stays so, wherever it is now
	r.press("home")
	if r.under() != "full-a" {
		t.Errorf("the oldest is %s", r.under())
	}
	r.press("/").typeText("full-a").press("enter").want("1 full backup").wantNot("b1", "3 stand on")
	r.press("esc").want("▸ full-b").wantNot("b1")
}

// TestFoldSuperseded: what stands on another backup is asked for instead of what was asked before, at once;
// what nobody waits for any more ends.
func TestFoldSuperseded(t *testing.T) {
	p := memory.New(memory.World{Backups: chained(theChains...), Now: now})
	begin := func() *rig {
		r := newRig(t, p, 100, 34).press("f")
		r.slow, r.asleep, r.queue = true, true, nil
		return r
	}
	r, other := begin(), begin()
	release := p.Stall()
	defer release()
	defer time.AfterFunc(5*time.Minute, release).Stop()
	r.press("right").want("◌ full-d", "◌ reading what stands on full-d…")
	first := r.aside()
	r.press("down", "right").want("  ▸ full-d", "reading what stands on full-c…")
	ends(t, "another chain", first)
	second := r.aside()
	r.press("left").wantNot("reading what")
	ends(t, "a chain that is folded", second)
	r.press("right")
	third := r.aside()
	r.press("f")
	ends(t, "a list that is not folded any more", third)

	r = other
	r.press("right")
	asked := r.aside()
	r.send(ui.Open{Screen: "backup", ID: "full-a"})
	r.aside()
	r.press("esc")
	select {
	case <-asked:
		t.Error("what is shown below ends as another screen is opened over it")
	case <-time.After(50 * time.Millisecond):
	}
}

// TestFoldHostile: names draw nothing but themselves, in a chain and in what is said of it.
func TestFoldHostile(t *testing.T) {
	r := onWorstChain("f", "right")(t, 120, 30).want("2 stand on \\x1b", "└ 3 ", "├ 2 ")
	if what := checkFrame(r.View().Content, 120, 30); what != "" {
		t.Error(what)
	}
}

// TestFoldInCloud: a cloud that names no parents is asked once, and again where it shows that something has
// changed or after a while; what is a guess is said to be one.
func TestFoldInCloud(t *testing.T) {
	rows := chained(theChains...)
	rows[1].ProjectID = "another"
	k := &kin{cloud: newCloudOf(t, 0, func(w *memory.World) { w.Backups = rows })}
	r := newRig(t, k, 140, 34).press("f").want("? incrementals without a full one here: unknown, this")
	r.press("end", "right").want("nothing stands on full-a here", "! 4 more of other projects: 0 lists them", "· full-a").wantNot("a2")
	r.press("up", "right").want("3 stand on full-b", "├ 2 b1 ", "├ 3 b2", "└ 2 b1b").wantNot("guess", "of other projects")
	asks := func(what string, want int, do func()) {
		t.Helper()
		was := k.lineages
		if do(); k.lineages-was != want {
			t.Errorf("%s: it is asked %d times, want %d", what, k.lineages-was, want)
		}
	}
	tick := func() { r.send(ui.TickMsg{}) }
	asks("a tick", 0, tick)
	asks("its row is another", 1, func() {
		other := "renamed"
		if err := k.EditBackup(t.Context(), "full-b", core.BackupEdit{Name: &other}); err != nil {
			t.Fatal(err)
		}
		tick()
	})
	asks("a tick after that", 0, tick)
	asks("a key", 1, func() { r.press("ctrl+r") })
	k.guesses = true
	asks("a minute", 1, func() {
		r.clock = func() time.Time { return until.Add(61 * time.Second) }
		tick()
	})
	r.want("├ 2 ? b1", "? its parents are guesses: each the newest backup before it")
	r.clock = func() time.Time { return until.Add(100 * time.Second) }
	tick()
	r.want("as of ")
	k.guesses, k.moving = false, core.StatusDeleting
	asks("a key, and something is on its way", 1, func() { r.press("ctrl+r") })
	after := func(d time.Duration) func() {
		return func() {
			r.clock = func() time.Time { return until.Add(d) }
			tick()
		}
	}
	asks("a tick at which something is on its way", 1, after(110*time.Second))
	k.moving = core.StatusAvailable
	asks("and another", 1, after(120*time.Second))
	asks("nothing is any more", 0, after(130*time.Second))
	r.press("down").want("b1").press("0").want("full backups")
}

// kin is a cloud that finds the parents of backups out.
type kin struct {
	*cloud
	lineages int
	guesses  bool
	moving   string // the status of what stands on others; "": as it is
}

func (k *kin) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	page, err := k.cloud.Backups(ctx, q)
	for i := range page.Rows { // the API says whether anything stands on it
		b := &page.Rows[i]
		whole, _ := k.Cloud.Backup(ctx, b.ID)
		b.Dependents = min(whole.Dependents, 1)
	}
	return page, err
}

func (k *kin) Lineage(ctx context.Context, volume core.VolumeID) ([]core.Backup, error) {
	k.lineages++
	page, err := k.Cloud.Backups(ctx, core.Query{})
	rows := slices.DeleteFunc(page.Rows, func(b core.Backup) bool { return b.VolumeID != volume })
	for i := range rows {
		rows[i].ParentGuessed = k.guesses && rows[i].Incremental
		if k.moving != "" && rows[i].Incremental {
			rows[i].Status = k.moving
		}
	}
	return rows, err
}

// TestFoldDeep: a chain is rows of the table and none of the list, so that behind one that is longer than a page
// what is asked for are the rows of the list around those on screen.
func TestFoldDeep(t *testing.T) {
	var lines []string
	for i := range 600 {
		lines = append(lines, fmt.Sprintf("full-%03d v%03d", i, i))
	}
	lines = append(lines, "deep v", "d000 v deep")
	for i := range 399 {
		lines = append(lines, fmt.Sprintf("d%03d v d%03d", i+1, i))
	}
	p := shelfOf(lines...)
	r := newRig(t, p, 100, 34).press("f").want("601 full backups of 1,001").press("right").want("400 stand on deep")
	r.press(slices.Repeat([]string{"down"}, 405)...)
	for range 2 {
		if r.under() != "full-595" {
			t.Fatalf("behind the chain the cursor is on %q", r.under())
		}
		n := len(p.asked)
		r.press("ctrl+r")
		for _, q := range p.asked[n:] {
			if !ofChain(q) && q.Offset > 5 {
				t.Errorf("around row 5 of the list rows from %d are asked for", q.Offset)
			}
		}
	}
	r.want("full-590", "full-599").press("end")
	if r.under() != "full-000" {
		t.Errorf("End goes to %s", r.under())
	}
}

// TestFoldModel presses keys at random over many chains, where pages are found from rows and counted later,
// and holds the list to what it should be: the full backups in order, and below one of them what stands on it.
func TestFoldModel(t *testing.T) {
	seeds := 6
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(seed), 7))
			v := newVague(t, 1500)
			v.rows = slices.Clone(v.rows)
			r := newRig(t, v, 100, 24).press("f")
			keys := []string{"down", "down", "up", "pgdown", "pgdown", "pgup", "home", "end", "right", "right", "left", "space", "S", "ctrl+r"}
			still := seed%2 == 0 // nothing changes meanwhile, and all numbers are right
			if !still {
				keys = append(keys, "-", "+")
			}
			var pressed []string
			for range 120 {
				key := keys[rng.IntN(len(keys))]
				pressed = append(pressed, key)
				open, at := unfoldedNow(r), r.under()
				switch key {
				case "-": // something goes: a row of the chain, or any
					i := rng.IntN(len(v.rows))
					if kids := kidsOf(v.rows, open); len(kids) > 0 && rng.IntN(2) == 0 {
						i = slices.IndexFunc(v.rows, func(b core.Backup) bool { return string(b.ID) == kids[len(kids)-1] })
					}
					v.rows = slices.Delete(slices.Clone(v.rows), i, i+1)
					r.send(ui.TickMsg{})
				case "+": // one more on the chain, or a full one
					b := v.rows[rng.IntN(len(v.rows))]
					b.ID, b.ParentID, b.Incremental, b.Dependents = core.BackupID(fmt.Sprintf("%08x-new", rng.Uint32())), "", false, 0
					b.CreatedAt = core.Some(until.Add(time.Duration(len(pressed)) * time.Second))
					if full := slices.IndexFunc(v.rows, func(b core.Backup) bool { return string(b.ID) == open }); full >= 0 {
						b.VolumeID, b.ParentID, b.Incremental = v.rows[full].VolumeID, v.rows[full].ID, true
					}
					v.rows = append(slices.Clone(v.rows), b)
					r.send(ui.TickMsg{})
				default:
					r.press(key)
				}
				if what := foldedWrong(r, v.rows, still); what != "" {
					t.Fatalf("after %q: %s\n%s", pressed, what, r.screenText())
				}
				here := slices.ContainsFunc(v.rows, func(b core.Backup) bool { return string(b.ID) == at })
				if stays := key == "ctrl+r" || key == "-" || key == "+"; stays && here && unfoldedNow(r) == open && r.under() != at {
					t.Fatalf("after %q: the cursor was on %s and is on %s", pressed, at, r.under())
				}
				moves := slices.Contains([]string{"down", "up", "pgdown", "pgup", "home", "end", "space"}, key)
				if moves && still && unfoldedNow(r) != open {
					t.Fatalf("after %q: %q is unfolded, and %q was", pressed, unfoldedNow(r), open)
				}
			}
		})
	}
}

// kidsOf is what stands on a backup, by the parents alone.
func kidsOf(rows []core.Backup, id string) (out []string) {
	var kids []core.Backup
	for _, b := range rows {
		if id != "" && string(b.ParentID) == id {
			kids = append(kids, b)
		}
	}
	slices.SortFunc(kids, func(a, b core.Backup) int {
		if c := a.CreatedAt.V.Compare(b.CreatedAt.V); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	for _, b := range kids {
		out = append(append(out, string(b.ID)), kidsOf(rows, string(b.ID))...)
	}
	return out
}

// foldedWrong says what is not as it should be in a folded list of rows, with their numbers.
func foldedWrong(r *rig, rows []core.Backup, numbers bool) string {
	list := backupsOf(r)
	fulls := core.SelectBackups(rows, core.Query{Sort: []core.Order{list.sort},
		Filter: core.Filter{Text: "x", Terms: []core.Term{{Column: "kind", Kind: core.FlagColumn, Op: core.Is}}}})
	var want []string
	for _, b := range fulls.Rows {
		want = append(want, string(b.ID))
		if string(b.ID) == unfoldedNow(r) && !valueAt(r.Top(), "chain", "lost").Bool() {
			want = append(want, kidsOf(rows, string(b.ID))...)
		}
	}
	if n := list.table.Len(); numbers && n != len(want) {
		return fmt.Sprintf("there are %d rows, want %d", n, len(want))
	}
	key := r.Top().(interface{ Key(int) string }).Key
	from, n := list.table.Window()
	off := from
	if !numbers { // those of rows that were found from a row are as old as that row's
		off = slices.Index(want, key(from))
	}
	for i := range n {
		if got := key(from + i); off < 0 || off+i >= len(want) || got != want[off+i] {
			return fmt.Sprintf("row %d is %q, row %d of what is wanted is another", from+i, got, off+i)
		}
	}
	return ""
}

// onWorstChain is a folded list of backups whose every text is hostile.
func onWorstChain(keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		p := worst()
		page, err := p.Backups(context.Background(), core.Query{})
		if err != nil {
			t.Fatal(err)
		}
		evil := page.Rows[0]
		full := evil
		full.ID, full.ParentID, full.Incremental, full.Dependents = evil.ID+"full", "", false, 1
		one, two := evil, evil
		one.ParentID, two.ID, two.ParentID = full.ID, evil.ID+"two", evil.ID
		return newRig(t, memory.New(memory.World{Info: p.Info(), Backups: []core.Backup{full, one, two}, Now: now}), w, h).press(keys...)
	}
}

// foldedOn is the folded list of the chains of these tests.
func foldedOn(keys ...string) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		p := memory.New(memory.World{Backups: chained(theChains...), Now: now})
		return newRig(t, p, w, h).press("f").press(keys...)
	}
}

// unfoldingOf is a chain that is being read, or cannot be.
func unfoldingOf(fails bool) func(testing.TB, int, int) *rig {
	return func(t testing.TB, w, h int) *rig {
		p := memory.New(memory.World{Backups: chained(theChains...), Now: now})
		r := newRig(t, p, w, h).press("f")
		if fails {
			p.FailCall(1, down(nil))
			return r.press("right")
		}
		r.asleep = true
		return r.press("right")
	}
}
