package tui

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/store/storetest"
	"hearth/tui/ui"
)

// changing is what is done on screen to change a cloud: how, and by which work of
// store/jobs.
type changing struct {
	does   string
	before func(*rig) // what is to be done first
	keys   func(*rig)
}

func openRestore(r *rig) { r.send(ui.Open{Screen: "backup", ID: storetest.APIBackup, Tab: "restore"}) }

// planFrom makes a plan of metadata only, from a capture that is a file.
func planFrom(r *rig) {
	r.t.Helper()
	file := filepath.Join(r.t.TempDir(), "c.json")
	doc := `{"version": 2, "volume-base-metadata": {}, "volume-metadata": {"b": "2"}, "volume-glance-metadata": {"os": "linux"}}`
	if err := os.WriteFile(file, []byte(doc), 0o600); err != nil {
		r.t.Fatal(err)
	}
	openRestore(r)
	r.press("P", "C")
	r.send(tea.PasteMsg{Content: file})
	r.press("enter", "t").typeText("db").press("enter")
}

// changings are all ways. A call of a work that changes a place, from a screen that has
// no way here, fails the test below.
var changings = map[string]changing{
	"back up":      {does: "Create", keys: func(r *rig) { r.press("v", "n").typeText("made").press("enter", "y") }},
	"edit":         {does: "Edit", keys: func(r *rig) { r.press("E").typeText("-x").press("enter") }},
	"delete":       {does: "Delete", keys: func(r *rig) { r.press("D", "y") }},
	"force-delete": {does: "Delete", keys: func(r *rig) { r.press("ctrl+d", "y") }},
	"reset":        {does: "Reset", keys: func(r *rig) { r.press("Z", "2", "y") }},
	"restore": {does: "Restore", before: func(r *rig) {
		openRestore(r)
		r.press("enter", "enter", "enter") // what, onto what, and what the new volume is to be
	}, keys: func(r *rig) { r.press("enter", "y") }},
	"restore onto": {does: "Restore", before: func(r *rig) {
		openRestore(r)
		r.press("t").typeText("db").press("enter")
	}, keys: func(r *rig) { r.press("enter", "y") }},
	"apply": {does: "Apply", before: planFrom, keys: func(r *rig) { r.press("P", "y") }},
	"undo of an apply": {does: "UndoAsShown", before: func(r *rig) {
		planFrom(r)
		r.press("P", "y")
	}, keys: func(r *rig) { r.press("U", "y") }},
	"undo of an edit": {does: "UndoAsShown", before: func(r *rig) { r.press("E").typeText("-x").press("enter") },
		keys: func(r *rig) { r.press("U", "y") }},
	"import": {does: "Import", before: func(r *rig) { r.send(tea.PasteMsg{Content: sample(r.t, "db-prod-full.openstack.json")}) },
		keys: func(r *rig) { r.press("i", "y") }},
}

// elsewhere are works of which a screen does no more than what a test elsewhere does:
// each is the same call, and what it returns is what is told.
var elsewhere = map[string]string{
	"Copy":    "tui/verbs answers hearth copy oddly",
	"Recover": "tui/verbs answers hearth recover oddly",
	"Finish":  "as Apply: the same rewrite, of what is left",
	// These change no place: the names of what they call are those of what does.
	"ArchiveRecords": "it writes to the archive",
	"PlanCopy":       "it reads",
	"Extract":        "it writes a file",
}

// works are the exported functions of store/jobs that change a place: those that
// begin an entry of the journal, by whatever they call.
func works(t *testing.T) map[string]bool {
	t.Helper()
	calls, exported := map[string][]string{}, map[string]bool{}
	eachFunc(t, "../store/jobs", func(f *ast.FuncDecl) {
		exported[f.Name.Name] = f.Name.IsExported()
		ast.Inspect(f, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok {
				calls[f.Name.Name] = append(calls[f.Name.Name], calledName(c))
			}
			return true
		})
	})
	begins := map[string]bool{"begin": true}
	for grew := true; grew; {
		grew = false
		for name, all := range calls {
			if !begins[name] && slices.ContainsFunc(all, func(c string) bool { return begins[c] }) {
				begins[name], grew = true, true
			}
		}
	}
	out := map[string]bool{}
	for name := range begins {
		if exported[name] {
			out[name] = true
		}
	}
	return out
}

func calledName(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// eachFunc walks the functions of a package, but those of its tests.
func eachFunc(t *testing.T, dir string, fn func(*ast.FuncDecl)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", dir, len(files), err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range tree.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				fn(f)
			}
		}
	}
}

// TestEveryChangeIsAnswered: each work that changes a place and that a screen calls is
// among the ways that are answered oddly below.
func TestEveryChangeIsAnswered(t *testing.T) {
	all, done := works(t), map[string]bool{}
	if !all["Create"] || !all["Apply"] || all["PlanCreate"] {
		t.Fatalf("the works that change are %v", all)
	}
	for _, c := range changings {
		if done[c.does] = true; !all[c.does] {
			t.Errorf("%s changes nothing", c.does)
		}
	}
	for _, room := range []string{"restore", "operate", "browse", "records", "recovery", "place"} {
		eachFunc(t, room, func(f *ast.FuncDecl) {
			ast.Inspect(f, func(n ast.Node) bool {
				c, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				sel, is := c.Fun.(*ast.SelectorExpr)
				if name := calledName(c); is && all[name] && ofJobs(sel) && !done[name] && elsewhere[name] == "" {
					t.Errorf("%s/%s calls %s, which nothing here answers oddly", room, f.Name.Name, name)
				}
				return true
			})
		})
	}
}

// ofJobs reports whether what is called is a desk's or of the package jobs: others have
// methods of the same names.
func ofJobs(sel *ast.SelectorExpr) bool {
	switch x := sel.X.(type) {
	case *ast.Ident:
		return x.Name == "jobs" || strings.Contains(strings.ToLower(x.Name), "desk") || x.Name == "d"
	case *ast.SelectorExpr:
		return strings.Contains(strings.ToLower(x.Sel.Name), "desk")
	case *ast.CallExpr:
		return strings.Contains(strings.ToLower(calledName(x)), "desk")
	}
	return false
}

// TestScreensNeverTellAsDone does each on screen over a cloud on the wire that answers
// oddly: what was not done is not told as done, by the status line or by the journal,
// nothing is sent twice, and no other host sees anything.
func TestScreensNeverTellAsDone(t *testing.T) {
	apis, clouds := map[string]*storetest.API{}, map[string]*storetest.API{}
	for name := range changings {
		apis[name] = storetest.NewAPI(t)
		clouds[strings.ReplaceAll(name, " ", "-")] = apis[name]
	}
	storetest.Clouds(t, clouds)
	for name, c := range changings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, cloud := apis[name], strings.ReplaceAll(name, " ", "-")
			w := onWire(t, api, cloud, c, storetest.AsCinder, true)
			if !w.told || !w.changed || w.entry.State != core.EntryDone {
				t.Fatalf("as Cinder answers: told as done: %v, changed: %v, the journal says %s: %q\n%s",
					w.told, w.changed, w.entry.State, w.notes, w.screenText())
			}
			for _, as := range storetest.Odd() {
				oddOnWire(t, api, cloud, c, as, false)
				if as.MayBeDone() {
					oddOnWire(t, api, cloud, c, as, true)
				}
			}
		})
	}
}

// wired is how a change on screen came out.
type wired struct {
	*rig
	told, changed bool
	entry         core.Entry
}

func onWire(t *testing.T, api *storetest.API, cloud string, c changing, as storetest.Answer, takes bool) wired {
	t.Helper()
	api.Reset()
	clock := func() time.Time { return storetest.Now }
	waits := store.Waits{Repeat: time.Millisecond, Look: time.Millisecond}
	if as == storetest.Late {
		waits.Answer = 50 * time.Millisecond
	}
	place, err := store.Open(t.Context(), store.Location{Scheme: "cloud", Rest: cloud}, store.Options{Now: clock, Waits: waits})
	if err != nil {
		t.Fatal(err)
	}
	defer place.Close()
	books, err := archive.Open(t.Context(), filepath.Join(t.TempDir(), "archive.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer books.Close()
	looks := 0
	r := newRigWith(t, place, 130, 45, Options{}, func(d *jobs.Desk) {
		d.Archive, d.SettleAfter, d.Now = books, 5*time.Minute, clock
		d.Sleep = func(ctx context.Context, _ time.Duration) error {
			if looks++; looks > 100 {
				return errors.New("it is waited for in vain")
			}
			return ctx.Err()
		}
	})
	if c.before != nil {
		c.before(r)
	}
	api.Answering(as, takes)
	was, notes := api.State(), len(r.notes)
	c.keys(r)
	w := wired{rig: r, changed: api.State() != was}
	for _, n := range r.notes[notes:] {
		w.told = w.told || n.Level == ui.LevelGood
	}
	entries, err := books.Entries(t.Context(), place.Info().Location, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) > 0 {
		w.entry = entries[0]
	}
	return w
}

func oddOnWire(t *testing.T, api *storetest.API, cloud string, c changing, as storetest.Answer, takes bool) {
	t.Helper()
	w := onWire(t, api, cloud, c, as, takes)
	done := w.entry.State == core.EntryDone
	switch {
	case (w.told || done) && !w.changed:
		t.Errorf("%s: nothing was done, the journal says %s, and the screen: %q", as, w.entry.State, w.notes)
	case w.told && !done:
		t.Errorf("%s: the journal says %s, and the screen: %q", as, w.entry.State, w.notes)
	case w.changed && w.entry.State == core.EntryFailed:
		t.Errorf("%s: it was done, and the journal says %s", as, w.entry.State)
	}
	sent := api.Writes()
	slices.Sort(sent)
	if len(sent) == 0 || len(slices.Compact(slices.Clone(sent))) != len(sent) {
		t.Errorf("%s: sent: %q", as, sent)
	}
	if strayed := api.Strayed(); len(strayed) > 0 {
		t.Errorf("%s: another host saw %q", as, strayed)
	}
}
