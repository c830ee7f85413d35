package verbs

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/archive"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// blockedBench is a bench at a cloud where a restore is blocked.
func blockedBench(t *testing.T, x *storetest.Blocker) (*bench, *memory.Cloud) {
	t.Helper()
	world := x.World
	if world == nil {
		world = func(*memory.World) {}
	}
	b, c := cloud(t, world)
	if x.Cloud != nil {
		x.Cloud(c)
	}
	books, err := archive.Open(t.Context(), filepath.Join(t.TempDir(), "archive.sqlite"))
	if err == nil {
		err = books.KeepVerified(t.Context(), x.Verified)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { books.Close() })
	b.desk.Archive, b.desk.Source = books, x.Source
	return b, c
}

// blockedArgs are what a blocker asks for as a verb's arguments; false where no argument
// can be written that does.
func blockedArgs(t *testing.T, x *storetest.Blocker) ([]string, bool) {
	t.Helper()
	args := []string{string(x.Ask.Backup), "--new"}
	if x.Ask.Volume != "" {
		args = []string{args[0], "--onto", string(x.Ask.Volume)}
	}
	if x.Ask.Size > 0 {
		args = append(args, "--size", strconv.FormatInt(x.Ask.Size, 10))
	}
	if x.Ask.Type != "" {
		args = append(args, "--type", x.Ask.Type)
	}
	for _, c := range x.Captures {
		switch c.Source.Kind {
		case core.SourceUnknown:
			args = append(args, "--capture", "unknown")
			continue
		case core.SourceNow: // a file counts as what Cinder stored
			return nil, false
		}
		file := filepath.Join(t.TempDir(), "capture.json")
		if err := os.WriteFile(file, []byte(c.Text), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--capture", file)
	}
	return args, true
}

// TestBlockersSaid walks the blockers: the plan's JSON has each by its code, and the verb
// that would do it refuses, or tells of it before it asks. Nothing is sent.
func TestBlockersSaid(t *testing.T) {
	for _, x := range storetest.Blockers() {
		args, ok := blockedArgs(t, &x)
		if !ok {
			continue
		}
		t.Run(x.What, func(t *testing.T) {
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
			for _, call := range c.Calls() {
				if call == "MakeVolume" || call == "RestoreBackup" || strings.HasPrefix(call, "P") && strings.Contains(call, "/") {
					t.Errorf("%s was sent", call)
				}
			}
		})
	}
}
