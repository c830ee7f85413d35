package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/store/memory"
)

// monday is when the worlds of the policies begin: a due time.
var monday = time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)

// watch is a clock that a test turns.
type watch struct{ at time.Time }

func (w *watch) now() time.Time { return w.at }

func volumeID(i int) core.VolumeID {
	return core.VolumeID(fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", i))
}

// policyDesk is a cloud with so many gold volumes on two hosts, and one more that is none.
func policyDesk(t testing.TB, volumes int) (*memory.Cloud, jobs.Desk, *watch) {
	w := memory.World{}
	at := &watch{monday.Add(2 * time.Hour)}
	w.Now = at.now
	for i := range volumes + 1 {
		o := &pyjson.Object{}
		o.Set("backup", pyjson.OfString(map[bool]string{true: "gold", false: "none"}[i < volumes]))
		w.Volumes = append(w.Volumes, core.Volume{ID: volumeID(i), Name: core.Some(fmt.Sprint("vol", i)), Status: core.StatusAvailable, Size: 1,
			ProjectID: "p", Host: core.Some(fmt.Sprint("host", i%2)), CreatedAt: core.Some(monday.AddDate(0, -1, 0)), Metadata: o,
			Image: &pyjson.Object{}, Row: &pyjson.Object{}})
	}
	c := memory.NewCloud(w)
	return c, jobs.Desk{Place: c, Archive: openArchive(t), Who: "ada@here", Pace: jobs.Pace{Now: at.now, Sleep: c.Sleep}}, at
}

// goldConfig is the policy of those volumes.
var goldConfig = jobs.PolicyConfig{Metadata: map[string]string{"backup": "gold"}, Every: "24h", FullEvery: 3}

func policiesOf(t testing.TB, c jobs.PolicyConfig) []jobs.Policy {
	t.Helper()
	all := jobs.PoliciesConfig{"gold": c}
	if key, what := all.Check(); key != "" {
		t.Fatalf("%s: %s", key, what)
	}
	return all.Policies()
}

// runs plans and runs the policies as a verb does: what was left open is settled before.
func runs(t testing.TB, d jobs.Desk, c jobs.PolicyConfig) (jobs.PolicyPlan, error) {
	t.Helper()
	if _, err := d.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, err := d.PlanPolicies(t.Context(), policiesOf(t, c), nil)
	if err != nil {
		return p, err
	}
	return p, d.RunPolicies(t.Context(), &p, jobs.RunOptions{}, nil)
}

// states are those of a plan's items, in a line.
func states(p jobs.PolicyPlan) string {
	var out []string
	for _, it := range p.Items {
		out = append(out, fmt.Sprintf("%s %s (%s)", it.Volume.Title(), it.State, it.Why))
	}
	return strings.Join(out, ", ")
}

// exactlyOnce holds what the cloud has to what was due: each gold volume one backup that is
// available and marked, of the newest due time; nothing else.
func exactlyOnce(t testing.TB, what string, c *memory.Cloud, at *watch, volumes int) {
	t.Helper()
	page, err := c.Backups(context.Background(), core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	made := map[core.VolumeID]int{}
	for _, row := range page.Rows {
		b, err := c.Backup(context.Background(), row.ID)
		if err != nil {
			t.Fatal(err)
		}
		m, ok := core.MarkOf(&b)
		if !ok || m.Policy != "gold" || !m.Due.Equal(at.at.Truncate(24*time.Hour)) || b.Status != core.StatusAvailable {
			t.Errorf("%s: there is %s of %s, %s, marked %+v", what, b.Title(), b.VolumeID, b.Status, m)
		}
		made[b.VolumeID]++
	}
	for i := range volumes {
		if made[volumeID(i)] != 1 {
			t.Errorf("%s: volume %d has %d backups", what, i, made[volumeID(i)])
		}
	}
	if made[volumeID(volumes)] != 0 {
		t.Errorf("%s: a volume that is not gold was backed up", what)
	}
}

// TestRunPolicies: fulls and incrementals on the right parents, day by day; each with its
// mark, its record and its capture; a second run makes nothing, on another host either.
func TestRunPolicies(t *testing.T) {
	c, d, at := policyDesk(t, 3)
	for day := range 7 {
		at.at = monday.AddDate(0, 0, day).Add(2 * time.Hour)
		p, err := runs(t, d, goldConfig)
		ok(t, err)
		for _, it := range p.Items {
			full := day%3 == 0
			if it.State != jobs.DueMade || !it.New || it.Record != jobs.ArchivedNew || it.Backup.Incremental == full || (it.Full != "") != full {
				t.Errorf("day %d: %+v", day, it)
			}
			b, err := c.Backup(t.Context(), it.Backup.ID)
			ok(t, err)
			if due, _ := b.Metadata.Get(core.DueProperty); due.Text() != monday.AddDate(0, 0, day).Format(time.RFC3339) {
				t.Errorf("day %d: the properties are %s", day, pyjson.Text(pyjson.OfDict(b.Metadata)))
			}
			if !full && it.Parent.CreatedAt.V.Before(at.at.AddDate(0, 0, -1)) {
				t.Errorf("day %d: it stands on the one of %s", day, it.Parent.CreatedAt.V)
			}
			kept, err := d.KeptCaptures(t.Context(), it.Volume.ID, it.Backup.ID)
			if err != nil || len(kept) != 1 {
				t.Errorf("day %d: %d captures, %v", day, len(kept), err)
			}
		}
		elsewhere := d
		elsewhere.Archive = openArchive(t)
		for _, d := range []jobs.Desk{d, elsewhere} {
			before := len(c.Calls())
			p, err := runs(t, d, goldConfig)
			ok(t, err)
			if p.Todo(jobs.DueMade) != 3 || p.Items[0].New || slices.Contains(c.Calls()[before:], "CreateBackup") {
				t.Errorf("day %d, again: %s", day, states(p))
			}
		}
	}
	page, err := c.Backups(t.Context(), core.Query{})
	if err != nil || page.Total != 21 {
		t.Errorf("%d backups, %v", page.Total, err)
	}
	// One whose description somebody took away is told by its property, one from below 3.43 by its description.
	at.at = at.at.AddDate(0, 0, 1)
	p, err := runs(t, d, goldConfig)
	ok(t, err)
	none := ""
	ok(t, c.EditBackup(t.Context(), p.Items[0].Backup.ID, core.BackupEdit{Description: &none}))
	ok(t, c.EditBackup(t.Context(), p.Items[1].Backup.ID, core.BackupEdit{Metadata: &pyjson.Object{}}))
	p, err = runs(t, d, goldConfig)
	if err != nil || p.Todo(jobs.DueMade) != 3 || slices.ContainsFunc(p.Items, func(it jobs.DueItem) bool { return it.New }) {
		t.Errorf("edited: %s, %v", states(p), err)
	}
}

// TestRunBelow343: a cloud that knows no properties gets the mark in the description alone.
func TestRunBelow343(t *testing.T) {
	c, d, at := policyDesk(t, 2)
	c.Scoped(core.Scope{Version: "3.42"})
	p, err := runs(t, d, goldConfig)
	ok(t, err)
	b, err := c.Backup(t.Context(), p.Items[0].Backup.ID)
	if err != nil || b.Metadata.Has(core.PolicyProperty) || b.Description.V != "hearth policy gold, due 2026-11-30T00:00:00Z" {
		t.Errorf("%+v, %v", b, err)
	}
	_, err = runs(t, d, goldConfig)
	ok(t, err)
	exactlyOnce(t, "below 3.43", c, at, 2)
}

// dies is a cloud whose creations are the last that a program does: it is killed before the
// answer comes.
type dies struct {
	*memory.Cloud
	after int // how many creations it lives through
}

func (x *dies) CreateBackup(ctx context.Context, r core.BackupRequest) (core.Backup, error) {
	b, err := x.Cloud.CreateBackup(ctx, r)
	if x.after--; x.after < 0 {
		runtime.Goexit()
	}
	return b, err
}

// killable runs something that may be killed.
func killable(do func()) {
	done := make(chan bool)
	go func() {
		defer close(done)
		do()
	}()
	<-done
}

// TestRunKilled kills a run at 20 random moments, and after each creation before its answer:
// the next run goes on, and what is due is made exactly once.
func TestRunKilled(t *testing.T) {
	const volumes = 5
	seed, err := strconv.ParseUint(os.Getenv("HEARTH_POLICY_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("HEARTH_POLICY_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	c, d, at := policyDesk(t, volumes)
	_, err = runs(t, d, goldConfig)
	ok(t, err)
	exactlyOnce(t, "undisturbed", c, at, volumes)
	calls := len(c.Calls())
	for range 20 {
		c, d, at := policyDesk(t, volumes)
		n := 1 + r.IntN(calls)
		c.KillCall(n)
		killable(func() { runs(t, d, goldConfig) })
		c.KillCall(0)
		at.at = at.at.Add(2 * time.Minute) // what died here ran its deferred functions, and nobody is known to be gone
		p, err := runs(t, d, goldConfig)
		if err != nil || p.Todo(jobs.DueMade) != volumes {
			t.Errorf("killed at call %d of %d: %s, %v", n, calls, states(p), err)
		}
		exactlyOnce(t, fmt.Sprintf("killed at call %d", n), c, at, volumes)
	}
	for n := range volumes {
		c, d, at := policyDesk(t, volumes)
		d.Place = &dies{c, n}
		killable(func() { runs(t, d, goldConfig) })
		d.Place, at.at = c, at.at.Add(2*time.Minute)
		_, err := runs(t, d, goldConfig)
		ok(t, err)
		exactlyOnce(t, fmt.Sprintf("killed in creation %d", n), c, at, volumes)
	}
}

// TestRunTwiceAtOnce: of two on one archive one runs, and what is due is made once; the lock
// of one that was killed holds nobody up.
func TestRunTwiceAtOnce(t *testing.T) {
	c, d, at := policyDesk(t, 5)
	second, err := d.PlanPolicies(t.Context(), policiesOf(t, goldConfig), nil)
	ok(t, err)
	asked := error(nil)
	first := d
	first.Sleep = func(ctx context.Context, pause time.Duration) error {
		if asked == nil {
			other, err := archive.Open(t.Context(), d.Archive.Path())
			ok(t, err)
			defer other.Close()
			d := d
			d.Archive = other
			asked = d.RunPolicies(t.Context(), &second, jobs.RunOptions{}, nil)
		}
		return c.Sleep(ctx, pause)
	}
	_, err = runs(t, first, goldConfig)
	ok(t, err)
	if wantCode(t, "the second at once", asked, core.CodeUnavailable); !strings.Contains(asked.Error(), "another hearth is at it") {
		t.Error(asked)
	}
	exactlyOnce(t, "twice at once", c, at, 5)
	// It was planned before, and goes on now: what it holds for due is made by now.
	ok(t, d.RunPolicies(t.Context(), &second, jobs.RunOptions{}, nil))
	exactlyOnce(t, "planned before", c, at, 5)
	dead := core.Life{Host: "elsewhere", Machine: "elsewhere", PID: 1, Instance: "x", At: at.at.Add(-3 * time.Minute)}
	other, err := d.Archive.Lock(t.Context(), "cloud:memory", "policy", dead, func(*core.Life) bool { return true })
	if err != nil || other != nil {
		t.Fatal(other, err)
	}
	_, err = runs(t, d, goldConfig)
	ok(t, err)
	dead.At = at.at
	_, err = d.Archive.Lock(t.Context(), "cloud:memory", "policy", dead, func(*core.Life) bool { return false })
	ok(t, err)
	_, err = runs(t, d, goldConfig)
	wantCode(t, "one elsewhere that lives", err, core.CodeUnavailable)
}

// TestRunServiceDown: no more is begun once no service is up; the next run makes the rest.
func TestRunServiceDown(t *testing.T) {
	c, d, at := policyDesk(t, 6)
	down := d
	looks := 0
	down.Sleep = func(ctx context.Context, pause time.Duration) error {
		if looks++; looks == 1 {
			c.Serves(core.BackupService{Host: "alpha", Enabled: true})
		}
		return c.Sleep(ctx, pause)
	}
	p, err := runs(t, down, goldConfig)
	wantCode(t, "a service that goes down", err, core.CodePartial)
	if p.Todo(jobs.DueMade) != 4 || p.Todo(jobs.DueLater) != 2 || !strings.Contains(p.Items[5].Why, "none of 1 backup service is up") {
		t.Errorf("%s", states(p)) // two of each of two hosts were under way
	}
	_, err = runs(t, d, goldConfig)
	wantCode(t, "still down", err, core.CodePartial)
	c.Serves(core.BackupService{Host: "alpha", Up: true, Enabled: true})
	_, err = runs(t, d, goldConfig)
	ok(t, err)
	exactlyOnce(t, "up again", c, at, 6)
	c, d, _ = policyDesk(t, 2)
	c.Hang(core.OpCreate)
	looks = 0
	d.Sleep = func(ctx context.Context, pause time.Duration) error {
		if looks++; looks > 50 {
			return errors.New("it is waited for in vain")
		}
		c.Serves()
		return c.Sleep(ctx, pause)
	}
	p, err = runs(t, d, goldConfig)
	wantCode(t, "what a dead service is at", err, core.CodePartial)
	if p.Todo(jobs.DueUnknown) != 2 {
		t.Errorf("%s", states(p))
	}
}

// TestRunStuck: a backup that Cinder never ends is waited for as long as it may be only late,
// and then it holds up nothing that is due besides; nor is it asked for again.
func TestRunStuck(t *testing.T) {
	c, d, at := policyDesk(t, 2)
	c.Hang(core.OpCreate)
	waited := d
	waited.Sleep = func(context.Context, time.Duration) error {
		at.at = at.at.Add(5 * time.Minute)
		return nil
	}
	p, err := runs(t, waited, goldConfig)
	wantCode(t, "stuck", err, core.CodePartial)
	if p.Todo(jobs.DueUnknown) != 2 || at.at.Before(monday.Add(26*time.Hour)) || at.at.After(monday.Add(27*time.Hour)) ||
		!strings.Contains(p.Items[0].Why, "it is creating for 24 h (the usual time is not known), and is no longer waited for") {
		t.Errorf("at %v: %s", at.at, states(p))
	}
	page, err := c.Backups(t.Context(), core.Query{})
	ok(t, err)
	d.Sleep = func(context.Context, time.Duration) error { return errors.New("it is waited for") }
	weekly := goldConfig // whose due time is still the same
	weekly.Every = "168h"
	p, err = runs(t, d, weekly)
	if again, _ := c.Backups(t.Context(), core.Query{}); again.Total != page.Total || p.Todo(jobs.DueUnknown) != 2 {
		t.Errorf("another run: %d backups where there were %d, %v: %s", again.Total, page.Total, err, states(p))
	}
}

// TestRunLostAnswers: what got no answer is not asked for again while it may still come.
func TestRunLostAnswers(t *testing.T) {
	for _, lands := range []bool{true, false} {
		c, d, at := policyDesk(t, 1)
		l := &late{Cloud: c}
		d.Place, d.SettleAfter = l, 5*time.Minute
		p, err := runs(t, d, goldConfig)
		wantCode(t, "no answer", err, core.CodePartial)
		for range 2 {
			if p.Todo(jobs.DueUnknown) != 1 || l.asked != 1 {
				t.Errorf("no answer: %s, asked for %d times", states(p), l.asked)
			}
			p, _ = runs(t, d, goldConfig)
		}
		if lands {
			l.lands()
		}
		d.Place = c
		at.at = at.at.Add(6 * time.Minute)
		_, err = runs(t, d, goldConfig)
		ok(t, err)
		exactlyOnce(t, fmt.Sprint("it lands: ", lands), c, at, 1)
	}
}

// TestRunRefusals: what cannot be made is said, and what failed is tried again, not for ever.
func TestRunRefusals(t *testing.T) {
	c, d, at := policyDesk(t, 1)
	for try := range 3 {
		c.GoWrong(core.OpCreate, "no space left")
		p, err := runs(t, d, goldConfig)
		wantCode(t, fmt.Sprint("try ", try), err, core.CodePartial)
		if p.Todo(jobs.DueFailed) != 1 || !strings.Contains(p.Items[0].Why, "no space left") {
			t.Errorf("try %d: %s", try, states(p))
		}
	}
	p, err := runs(t, d, goldConfig)
	if wantCode(t, "a fourth try", err, core.CodePartial); p.Todo(jobs.DueBlocked) != 1 || !strings.Contains(p.Items[0].Why,
		"3 tries have failed") {
		t.Errorf("%s", states(p))
	}
	at.at = at.at.AddDate(0, 0, 1)
	_, err = runs(t, d, goldConfig)
	ok(t, err)
	readOnly := d
	readOnly.Archive = nil
	_, err = runs(t, readOnly, goldConfig)
	wantCode(t, "without an archive", err, core.CodeUnsupported)
	c.Deny(core.OpCreate, "a reader may not")
	_, err = runs(t, d, goldConfig)
	wantCode(t, "denied", err, core.CodeDenied)
}

// prunes plans and carries out a prune, and says which days stay.
func prunes(t *testing.T, d jobs.Desk, c jobs.PolicyConfig, shared bool) (p jobs.PrunePlan, stay []int) {
	t.Helper()
	all := policiesOf(t, c)
	p, err := d.PlanPrune(t.Context(), all, shared, nil)
	ok(t, err)
	n, _ := p.Goes()
	if n > 0 {
		results, err := d.PrunePolicies(t.Context(), all, &p, shared, nil)
		if err != nil || len(results) != n {
			t.Errorf("%d of %d deleted: %v", len(results), n, err)
		}
	}
	page, err := d.Place.Backups(t.Context(), core.Query{})
	ok(t, err)
	for _, b := range page.Rows {
		stay = append(stay, int(b.CreatedAt.V.Sub(monday)/(24*time.Hour)))
	}
	slices.Sort(stay)
	return p, stay
}

// TestPrunePolicies: what the rules keep stays, with all that it stands on; copies, and what
// no policy made, without a word.
func TestPrunePolicies(t *testing.T) {
	c, d, at := policyDesk(t, 1)
	for day := range 8 {
		at.at = monday.AddDate(0, 0, day).Add(2 * time.Hour)
		_, err := runs(t, d, goldConfig)
		ok(t, err)
	}
	at.at = at.at.Add(time.Hour)
	made, err := c.CreateBackup(t.Context(), core.BackupRequest{Volume: volumeID(0), Name: "by hand"})
	ok(t, err)
	c.Advance()
	config := goldConfig
	if p, stay := prunes(t, d, config, false); len(stay) != 9 || len(p.Volumes) != 0 || len(p.Unseen) != 1 {
		t.Errorf("without keep rules: %v, %+v", stay, p)
	}
	config.Keep = jobs.KeepConfig{Last: 2}
	p, stay := prunes(t, d, config, false)
	if fmt.Sprint(stay) != "[6 7 7]" {
		t.Errorf("days %v stay: %+v", stay, p.Volumes)
	}
	for i, want := range []string{"no policy made it", "last 1", "last 2, one that stays stands on it", "no rule keeps it"} {
		if got := p.Volumes[0].Backups[i].Why; got != want {
			t.Errorf("%d: %q, want %q", i, got, want)
		}
	}
	if e := newest(t, d); e.Kind != core.EntryDelete || e.State != core.EntryDone || len(e.Backups) != 6 {
		t.Errorf("the journal has %+v", e)
	}
	config.Keep = jobs.KeepConfig{Last: 1, Others: true}
	at.at = at.at.Add(time.Hour)
	ok(t, d.Archive.KeepRecord(t.Context(), archive.KeptRecord{Place: "cloud:other", Backup: p.Volumes[0].Backups[2].ID, At: at.at,
		Direction: "import"}))
	p, stay = prunes(t, d, config, false)
	if fmt.Sprint(stay) != "[6 7]" || p.Volumes[0].Backups[0].ID != made.ID ||
		p.Volumes[0].Backups[2].Why != "no rule keeps it, but its data is that of cloud:other too" {
		t.Errorf("days %v stay: %+v", stay, p.Volumes)
	}
	if _, stay = prunes(t, d, config, true); fmt.Sprint(stay) != "[7]" {
		t.Errorf("with the word: days %v stay", stay)
	}
}

// TestPruneStale: a plan that no longer holds deletes nothing, nor does one over a list that
// ended early.
func TestPruneStale(t *testing.T) {
	c, d, at := policyDesk(t, 1)
	config := jobs.PolicyConfig{Metadata: goldConfig.Metadata, Every: "24h", Keep: jobs.KeepConfig{Last: 1}}
	for day := range 3 {
		at.at = monday.AddDate(0, 0, day).Add(2 * time.Hour)
		_, err := runs(t, d, config)
		ok(t, err)
	}
	all := policiesOf(t, config)
	p, err := d.PlanPrune(t.Context(), all, false, nil)
	ok(t, err)
	at.at = at.at.AddDate(0, 0, 1)
	_, err = runs(t, d, config)
	ok(t, err)
	_, err = d.PrunePolicies(t.Context(), all, &p, false, nil)
	wantCode(t, "another plan by now", err, core.CodeConflict)
	c.FailEach("Backups", core.Fail(core.CodeIncomplete, "list", "it ended early", "", nil))
	_, err = d.PlanPrune(t.Context(), all, false, nil)
	wantCode(t, "a list that ended early", err, core.CodeIncomplete)
	_, err = runs(t, d, config)
	wantCode(t, "a run over a list that ended early", err, core.CodeIncomplete)
	r, err := d.CheckPolicies(t.Context(), all, nil)
	wantCode(t, "a check over a list that ended early", err, core.CodeIncomplete)
	if r.Count("gold")[core.PolicyUnknown] != 1 {
		t.Errorf("%+v", r)
	}
	c.FailEach("Backups", nil)
	if page, _ := c.Backups(t.Context(), core.Query{}); page.Total != 4 {
		t.Errorf("%d are left", page.Total)
	}
}

// TestPoliciesConfig: mistakes are told with their key.
func TestPoliciesConfig(t *testing.T) {
	for want, c := range map[string]jobs.PolicyConfig{
		"x: policy x does not say how often: ":              {},
		"x.every: 1s is no time from 1m to 366d":            {Every: "1s"},
		"x.every: soon is no time":                          {Every: "soon"},
		"x.grace: late is no time":                          {Every: "1d", Grace: "late"},
		"x.proven_every: soon is no time from 1h to 3660d":  {Every: "1d", ProvenEvery: "soon"},
		"x.proven_every: 5m is no time from 1h to 3660d":    {Every: "1d", ProvenEvery: "5m"},
		"x.filter: cannot filter by nam:x: there is no col": {Every: "1d", Filter: "nam:x"},
		"x.full_every: full_every wants a number from 1":    {Every: "1d", FullEvery: -1},
		"x.keep.daily: daily wants a number from 1":         {Every: "1d", Keep: jobs.KeepConfig{Daily: -1}},
	} {
		if key, what := (jobs.PoliciesConfig{"x": c}).Check(); !strings.HasPrefix(key+": "+what, want) {
			t.Errorf("%q: %q, want %q", key, what, want)
		}
	}
	if key, what := (jobs.PoliciesConfig{"a b": {Every: "1d"}}).Check(); key != "a b" || !strings.HasPrefix(what,
		"a policy is named with letters") {
		t.Errorf("%q: %q", key, what)
	}
	p := policiesOf(t, jobs.PolicyConfig{Every: "24h", Project: "p", Keep: jobs.KeepConfig{Last: 2, AtLeast: 3}})[0]
	if p.Grace != 6*time.Hour || p.FullEvery != 1 || p.Keep.String() != "last 2, never fewer than 3" {
		t.Errorf("%+v", p)
	}
	if _, err := jobs.Chosen(nil, nil); core.CodeOf(err) != core.CodeNotFound {
		t.Error(err)
	}
}

// TestProvenEvery: a policy may want a backup of each volume proven. What was only restored
// does not count, and where there is no archive it is not known.
func TestProvenEvery(t *testing.T) {
	c, d, at := policyDesk(t, 4)
	_, err := runs(t, d, goldConfig)
	ok(t, err)
	config := goldConfig
	config.ProvenEvery = "30d"
	drill := func(i int, v core.DrillVerdict, place string) {
		_, err := d.Archive.BeginDrill(t.Context(), core.Drill{Place: place, Backup: core.BackupID(volumeID(i)), Source: volumeID(i),
			At: at.at.Add(-time.Hour), Verdict: v, Gone: true})
		ok(t, err)
	}
	here := c.Info().Location
	drill(0, core.DrillProven, here)
	drill(1, core.DrillRestored, here)
	drill(2, core.DrillProven, "cloud:other")
	drill(3, core.DrillProven, here)
	drill(3, core.DrillDiffers, here)
	check := func(d jobs.Desk, config jobs.PolicyConfig) (string, jobs.PolicyReport) {
		t.Helper()
		r, err := d.CheckPolicies(t.Context(), policiesOf(t, config), nil)
		ok(t, err)
		var out []string
		for _, s := range r.States {
			out = append(out, fmt.Sprint(s.Volume.Name.V, " ", s.Keeping, "/", s.Aged, "/", s.Proof.Keeping))
		}
		return strings.Join(out, ", "), r
	}
	// The proof of volume 3 began in the same moment as what differs: it is no later, and stands.
	got, r := check(d, config)
	if got != "vol0 kept/kept/kept, vol1 broken/kept/broken, vol2 broken/kept/broken, vol3 kept/kept/kept" || len(r.Unseen) > 0 {
		t.Error(got, r.Unseen)
	}
	if says := r.Says(); says != "2 of 4 volumes kept, 2 broken; drills proved 2 of 4 volumes in time" {
		t.Error(says)
	}
	if why := r.States[1].Why; !strings.Contains(why, "one was restored 1h 0m ago, whose bytes were not compared") {
		t.Error(why)
	}
	at.at = at.at.AddDate(0, 0, 31)
	if got, _ := check(d, config); !strings.HasPrefix(got, "vol0 missed/missed/broken") {
		t.Error("after a month:", got)
	}
	at.at = at.at.AddDate(0, 0, -31)
	if got, r := check(d, goldConfig); strings.Contains(got, "broken") || strings.Contains(r.Says(), "prove") {
		t.Error("not asked for:", got, r.Says())
	}
	d.Archive = nil
	got, r = check(d, config)
	if !strings.HasPrefix(got, "vol0 unknown/kept/unknown") || r.Count("")[core.PolicyUnknown] != 4 ||
		!slices.Contains(r.Unseen, "whether backups were proven is not known: there is no archive") {
		t.Error("without an archive:", got, r.Unseen)
	}
}

// TestRunTwoPolicies: a volume that two policies are about is backed up for one after the other.
func TestRunTwoPolicies(t *testing.T) {
	c, d, _ := policyDesk(t, 1)
	all := jobs.PoliciesConfig{"a": {Every: "24h", Filter: "name:vol0"}, "b": {Every: "168h", Filter: "name:vol0"}}.Policies()
	p, err := d.PlanPolicies(t.Context(), all, nil)
	ok(t, err)
	ok(t, d.RunPolicies(t.Context(), &p, jobs.RunOptions{}, nil))
	page, err := c.Backups(t.Context(), core.Query{})
	if err != nil || page.Total != 2 || p.Todo(jobs.DueMade) != 2 {
		t.Errorf("%d backups, %v: %s", page.Total, err, states(p))
	}
}
