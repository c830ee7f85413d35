package core

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/store/storetest/race"
)

var record = flag.Bool("restic", false, "write what restic answers into testdata/retention (needs HEARTH_TEST_RESTIC)")

// drawTimes are the times of a history that no seed would think of: some to the hour, some to
// the day, some after months, across new years and weeks; to the second, no two alike.
func drawTimes(r *rand.Rand, most int) (out []time.Time) {
	t := time.Date(2024+r.IntN(3), time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), 0, time.UTC)
	for range 1 + r.IntN(most) {
		out = append(out, t)
		switch span := time.Duration(1 + r.IntN(1000)); r.IntN(6) {
		case 0:
			t = t.Add(span * time.Second)
		case 1:
			t = t.Add(span * 10 * time.Second)
		case 2, 3:
			t = t.Add(20*time.Hour + span*30*time.Second)
		case 4:
			t = t.Add(span * 15 * time.Minute)
		default:
			t = t.Add(span * 4 * time.Hour)
		}
	}
	return out
}

func drawRules(r *rand.Rand) Retention {
	few := func() int {
		if r.IntN(3) > 0 {
			return 0
		}
		return 1 + r.IntN(6)
	}
	return Retention{Last: few(), Hourly: few(), Daily: few(), Weekly: few(), Monthly: few(), Yearly: few()}
}

// seeded is a source of chance, and says which.
func seeded(t *testing.T, name string) *rand.Rand {
	t.Helper()
	seed, err := strconv.ParseUint(os.Getenv(name), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("%s=%d", name, seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// drawHistory is a history of fulls and incrementals, with parents that are gone, that go
// round, and backups that the rules do not count or may not take.
func drawHistory(r *rand.Rand) (out []Retainable) {
	for i, at := range drawTimes(r, 30) {
		b := Retainable{ID: BackupID(fmt.Sprintf("b%02d", i)), At: at}
		switch n := r.IntN(20); {
		case n < 11 && i > 0:
			b.Parent = out[i-1].ID
		case n < 14 && i > 0:
			b.Parent = out[r.IntN(i)].ID
		case n == 14:
			b.Parent = "gone"
		}
		switch r.IntN(12) {
		case 0:
			b.Outside = "it is error"
		case 1:
			b.Held = "it was imported"
		}
		out = append(out, b)
	}
	if r.IntN(20) == 0 { // a ring
		out[0].Parent = out[len(out)-1].ID
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// TestRetentionProperties draws 10,000 histories: nothing is left without its ancestors, what
// the rules are not about and what nobody gave the word for stays, there are never too few,
// and whatever stays has a reason.
func TestRetentionProperties(t *testing.T) {
	race.Once(t)
	r, gone := seeded(t, "HEARTH_RETENTION_SEED"), 0
	for n := range 10000 {
		history, rules := drawHistory(r), drawRules(r)
		rules.AtLeast = r.IntN(4)
		out := rules.Apply(history)
		goes, counted, stay := map[BackupID]bool{}, 0, 0
		for i := range out {
			b := &out[i]
			goes[b.ID] = b.Goes
			gone += boolInt(b.Goes)
			counted += boolInt(b.Outside == "")
			stay += boolInt(b.Outside == "" && !b.Goes)
			if reasons := len(b.Rules) > 0 || b.Outside != "" || b.Held != "" || b.Bears > 0 || b.Least || rules.None(); reasons == b.Goes {
				t.Errorf("history %d: %+v goes: %v", n, b, b.Goes)
			}
			if b.Goes && (b.Outside != "" || b.Held != "") {
				t.Errorf("history %d: %+v goes", n, b)
			}
			if i > 0 && b.At.After(out[i-1].At) {
				t.Errorf("history %d is not the newest first", n)
			}
		}
		for i := range out {
			if b := &out[i]; !b.Goes && goes[b.Parent] {
				t.Errorf("history %d: %s stays, and its parent %s goes", n, b.ID, b.Parent)
			}
		}
		if len(out) != len(history) || stay < min(counted, max(1, rules.AtLeast)) {
			t.Errorf("history %d: %d of %d stay under %s: %+v", n, stay, counted, rules, rules)
		}
		if t.Failed() {
			t.Fatalf("%s over %+v", rules, history)
		}
	}
	if gone < 10000 {
		t.Errorf("only %d went", gone)
	}
}

// TestRetentionReasons: what is said of each, under a chain.
func TestRetentionReasons(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 11, n, 2, 0, 0, 0, time.UTC) }
	rules := Retention{Last: 2, Weekly: 2}
	got := rules.Apply([]Retainable{
		{ID: "full", At: day(1)}, {ID: "i1", Parent: "full", At: day(2)}, {ID: "i2", Parent: "i1", At: day(7)},
		{ID: "hand", At: day(8), Outside: "no policy made it"}, {ID: "copy", At: day(9), Held: "it was imported here"},
		{ID: "old", At: day(3)}, {ID: "f2", At: day(10)}, {ID: "f3", At: day(11)},
	})
	var lines []string
	for _, b := range got {
		word := "stays"
		if b.Goes {
			word = "goes"
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s", b.ID, word, b.Because()))
	}
	want := []string{"f3 stays: last 1, weekly 2026-W46", "f2 stays: last 2", "copy stays: no rule keeps it, but it was imported here",
		"hand stays: no policy made it", "i2 stays: weekly 2026-W45", "old goes: no rule keeps it",
		"i1 stays: one that stays stands on it", "full stays: 2 that stay stand on it"}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	if s := (Retention{Last: 3, Daily: 7, AtLeast: 2}).String(); s != "last 3, daily 7, never fewer than 2" {
		t.Error(s)
	}
	least := Retention{Yearly: 1, AtLeast: 3}.Apply([]Retainable{{ID: "a", At: day(1)}, {ID: "b", Parent: "a", At: day(2)}, {ID: "c",
		At: day(3)},
		{ID: "d", At: day(4)}})
	if least[0].Because() != "yearly 2026" || least[1].Because() != "there would be too few" || least[2].Goes || least[3].Goes {
		t.Errorf("%+v", least)
	}
	if all := (Retention{AtLeast: 3}).Apply([]Retainable{{ID: "a", At: day(1)}, {ID: "b", At: day(2)}}); all[0].Goes || all[1].Goes {
		t.Errorf("no rule at all: %+v", all)
	}
	if none := rules.Apply(nil); len(none) != 0 {
		t.Errorf("%+v", none)
	}
}

// resticFile is what restic answered.
type resticFile struct {
	Restic    string          `json:"restic"`
	Histories [][]string      `json:"histories"` // the times of each, in UTC
	Rules     []Retention     `json:"rules"`
	Answers   [][][]resticOne `json:"answers"` // by rule and history: what stays, by the index of its time, and by which rules
}

type resticOne struct {
	Time  int      `json:"time"`
	Rules []string `json:"rules"`
}

const resticTime = "2006-01-02 15:04:05"

const resticAnswers = "../testdata/retention/restic-0.14.json"

// ours is what hearth answers in place of restic.
func (f *resticFile) ours(t *testing.T, rules Retention, history []string) (out []resticOne) {
	t.Helper()
	var backups []Retainable
	for i, s := range history {
		at, err := time.Parse(resticTime, s)
		if err != nil {
			t.Fatal(err)
		}
		backups = append(backups, Retainable{ID: BackupID(fmt.Sprint(i)), At: at})
	}
	for _, b := range rules.Apply(backups) {
		if !b.Goes {
			n, _ := strconv.Atoi(string(b.ID))
			one := resticOne{Time: n}
			for _, k := range b.Rules {
				one.Rules = append(one.Rules, k.Rule)
			}
			out = append(out, one)
		}
	}
	slices.SortFunc(out, func(a, b resticOne) int { return a.Time - b.Time })
	return out
}

// agree compares all answers with hearth's.
func (f *resticFile) agree(t *testing.T) {
	t.Helper()
	cases, goes := 0, 0
	for i, rules := range f.Rules {
		for j, history := range f.Histories {
			cases++
			want, got := f.Answers[i][j], f.ours(t, rules, history)
			goes += len(history) - len(want)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s over %q: hearth keeps %v, restic %v", rules, history, got, want)
			}
		}
	}
	if goes == 0 && cases >= 100 { // of a few drawn ones all may stay
		t.Errorf("in %d cases no backup goes", cases)
	}
	t.Logf("restic %s: %d histories under %d rules, %d backups go", f.Restic, len(f.Histories), len(f.Rules), goes)
}

// TestRetentionAsRestic replays what restic 0.14 answered (.ci/restic): 50 histories of fulls,
// each under 20 keep rules.
func TestRetentionAsRestic(t *testing.T) {
	race.Once(t)
	body, err := os.ReadFile(resticAnswers)
	if err != nil {
		t.Fatal(err)
	}
	var f resticFile
	if err := json.Unmarshal(body, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Histories) != 50 || len(f.Rules) != 20 {
		t.Errorf("%d histories under %d rules", len(f.Histories), len(f.Rules))
	}
	f.agree(t)
}

// TestRealRestic asks the restic that is there, over histories drawn anew. HEARTH_TEST_RESTIC
// names it, and asks for as many histories as are recorded; without it a few are asked for of
// the one in PATH.
func TestRealRestic(t *testing.T) {
	histories, rules, most := 50, 20, 16
	restic := os.Getenv("HEARTH_TEST_RESTIC")
	if restic == "" {
		var err error
		if restic, err = exec.LookPath("restic"); err != nil {
			t.Skip("there is no restic: HEARTH_TEST_RESTIC names one")
		}
		if testing.Short() {
			t.Skip("it makes a repository of restic's")
		}
		histories, rules, most = 2, 6, 5
	}
	r := seeded(t, "HEARTH_RETENTION_SEED")
	q := asking{t: t, restic: restic, repo: filepath.Join(t.TempDir(), "repository")}
	f := resticFile{Restic: q.version()}
	for range histories {
		var times []string
		for _, at := range drawTimes(r, most) {
			times = append(times, at.Format(resticTime))
		}
		f.Histories = append(f.Histories, times)
	}
	for len(f.Rules) < rules {
		if rules := drawRules(r); !rules.None() { // without any restic refuses to work
			f.Rules = append(f.Rules, rules)
		}
	}
	q.fill(f.Histories)
	for _, rules := range f.Rules {
		f.Answers = append(f.Answers, q.forget(rules, f.Histories))
	}
	f.agree(t)
	if *record && !t.Failed() {
		body, err := json.Marshal(f)
		if err == nil {
			err = os.WriteFile(resticAnswers, append(bytes.ReplaceAll(body, []byte(`],["2`), []byte("],\n[\"2")), '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// asking is a restic with a scratch repository.
type asking struct {
	t            *testing.T
	restic, repo string
}

func (q *asking) run(args ...string) []byte {
	q.t.Helper()
	cmd := exec.Command(q.restic, append(args, "--no-cache", "--repo", q.repo)...)
	cmd.Env = append(os.Environ(), "RESTIC_PASSWORD=scratch", "TZ=UTC")
	cmd.Dir = q.t.TempDir()
	if err := os.WriteFile(filepath.Join(cmd.Dir, "f"), []byte("x"), 0o600); err != nil {
		q.t.Error(err)
	}
	out, err := cmd.Output()
	if err != nil {
		q.t.Errorf("restic %q: %v", args, err)
	}
	return out
}

func (q *asking) version() string {
	words := strings.Fields(string(q.run("version")))
	if len(words) < 2 {
		q.t.Fatalf("restic version says %q", words)
	}
	return words[1]
}

// fill makes a snapshot of each time, for a host of its history's own.
func (q *asking) fill(histories [][]string) {
	q.run("init", "--quiet")
	var wg sync.WaitGroup
	turns := make(chan bool, 3)
	for i, times := range histories {
		for _, at := range times {
			wg.Go(func() {
				turns <- true
				q.run("backup", "--quiet", "--host", fmt.Sprint(i), "--time", at, "f")
				<-turns
			})
		}
	}
	wg.Wait()
	if q.t.Failed() {
		q.t.FailNow()
	}
}

// forget asks what would stay of each history.
func (q *asking) forget(r Retention, histories [][]string) [][]resticOne {
	args := []string{"forget", "--dry-run", "--json", "--group-by", "host"}
	for _, s := range r.rules() {
		if s.left > 0 {
			args = append(args, fmt.Sprintf("--keep-%s=%d", s.name, s.left))
		}
	}
	var groups []struct {
		Host    string
		Reasons []struct {
			Snapshot struct{ Time time.Time }
			Matches  []string
		}
	}
	if err := json.Unmarshal(q.run(args...), &groups); err != nil || len(groups) != len(histories) {
		q.t.Fatalf("%d groups: %v", len(groups), err)
	}
	out := make([][]resticOne, len(histories))
	for _, g := range groups {
		n, err := strconv.Atoi(g.Host)
		if err != nil {
			q.t.Fatal(err)
		}
		for _, reason := range g.Reasons {
			one := resticOne{Time: slices.Index(histories[n], reason.Snapshot.Time.UTC().Format(resticTime))}
			for _, m := range reason.Matches {
				if rule, ok := strings.CutSuffix(m, " snapshot"); ok && !strings.HasPrefix(rule, "oldest ") { // which 0.17 and later keep besides
					one.Rules = append(one.Rules, rule)
				}
			}
			if len(one.Rules) > 0 {
				out[n] = append(out[n], one)
			}
		}
		slices.SortFunc(out[n], func(a, b resticOne) int { return a.Time - b.Time })
	}
	return out
}
