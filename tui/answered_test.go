package tui

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
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
	"hearth/store/memory"
	"hearth/store/storetest"
	"hearth/store/storetest/race"
	"hearth/tui/ui"
)

// changing is what is done on screen to change a cloud: by which action, how, and by
// which work of store/jobs.
type changing struct {
	action  string // its room and its name there
	does    string
	outside bool       // the screens are in the place beside the cloud, and bring something there
	before  func(*rig) // what is to be done first
	half    bool       // and is to end after its first call
	goes    bool       // what it makes, it takes away again
	keys    func(*rig)
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

// recoverFrom finds what the cloud lacks of the place beside it.
func recoverFrom(r *rig) {
	r.press("I", "s", "#3", "enter", "enter", "a")
}

// changings are all ways. An action that changes a place and has no way here fails the
// test below.
var changings = map[string]changing{
	"back up":      {action: "operate/new", does: "Create", keys: func(r *rig) { r.press("v", "n").typeText("made").press("enter", "y") }},
	"edit":         {action: "operate/edit", does: "Edit", keys: func(r *rig) { r.press("E").typeText("-x").press("enter") }},
	"delete":       {action: "operate/delete", does: "Delete", keys: func(r *rig) { r.press("D", "y") }},
	"force-delete": {action: "operate/force-delete", does: "Delete", keys: func(r *rig) { r.press("ctrl+d", "y") }},
	"reset":        {action: "operate/reset", does: "Reset", keys: func(r *rig) { r.press("Z", "#2", "y") }},
	"restore": {action: "restore/restore-now", does: "Restore", before: func(r *rig) {
		openRestore(r)
		r.press("enter", "enter", "enter") // what, onto what, and what the new volume is to be
	}, keys: func(r *rig) { r.press("enter", "y") }},
	"restore onto": {action: "restore/restore-now", does: "Restore", before: func(r *rig) {
		openRestore(r)
		r.press("t").typeText("db").press("enter")
	}, keys: func(r *rig) { r.press("enter", "y") }},
	"apply": {action: "restore/apply", does: "Apply", before: planFrom, keys: func(r *rig) { r.press("P", "y") }},
	"undo of an apply": {action: "operate/undo", does: "UndoAsShown", before: func(r *rig) {
		planFrom(r)
		r.press("P", "y")
	}, keys: func(r *rig) { r.press("U", "y") }},
	"undo of an edit": {action: "operate/undo", does: "UndoAsShown", before: func(r *rig) { r.press("E").typeText("-x").press("enter") },
		keys: func(r *rig) { r.press("U", "y") }},
	"undo in the journal": {action: "operate/undo-this", does: "UndoAsShown", before: func(r *rig) {
		r.press("E").typeText("-x").press("enter", "J")
	}, keys: func(r *rig) { r.press("u", "y") }},
	"the rest": {action: "operate/finish", does: "Finish", half: true, before: func(r *rig) {
		planFrom(r)
		r.press("P", "y", "J")
	}, keys: func(r *rig) { r.press("f", "y") }},
	"import": {action: "records/import", does: "Import",
		before: func(r *rig) { r.send(tea.PasteMsg{Content: sample(r.t, "db-prod-full.openstack.json")}) },
		keys:   func(r *rig) { r.press("i", "y") }},
	"copy": {action: "recovery/carry-out", does: "Copy", outside: true,
		before: func(r *rig) { r.press("Y", "#1", "enter") }, keys: func(r *rig) { r.press("i", "y") }},
	"prune": {action: "morning/prune-now", does: "PrunePolicies", before: func(r *rig) {
		r.press("v", "n").typeText("made").press("enter", "y", "@", "C")
	}, keys: func(r *rig) { r.press("D", "y") }},
	"drill":   {action: "morning/drill", does: "Drill", goes: true, keys: drillWorks},
	"recover": {action: "recovery/carry-out", does: "Recover", before: recoverFrom, keys: func(r *rig) { r.press("i", "y") }},
}

// harmless are ways from an action to a work that changes no place, or that is answered oddly
// elsewhere: why. What the work calls has the name of what does.
var harmless = map[string]string{
	"recovery/archive-all ArchiveRecords":     "it writes to the archive",
	"recovery/archive-missing ArchiveRecords": "it writes to the archive",
	"recovery/plan PlanCopy":                  "it reads, and asks for exports",
	"recovery/plan-anew PlanCopy":             "it reads, and asks for exports",
	"recovery/extract Extract":                "it writes a file",
	"recovery/bundle WriteBundle":             "it writes a file",
	"recovery/reread Coverage":                "it reads",
	"restore/restore-now DropLeftover":        "answered oddly in store/jobs, TestLeftoverOddly",
	"restore/delete-left DropLeftover":        "answered oddly in store/jobs, TestLeftoverOddly",
	"morning/reread Morning":                  "it reads, and notes the day in the archive",
	"morning/looked Morning":                  "it reads, and notes the look in the archive",
	"morning/reread CheckPolicies":            "it reads",
	"morning/reread PlanPrune":                "it reads",
	"morning/tidy-drills TidyDrills":          "it deletes as a drill does at its end, which is answered oddly above",
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

// room is what the functions of a room's package lead to. A field that holds a function
// stands for all that it is ever set to.
type room struct {
	info    *types.Info
	all     map[string]bool                        // the works
	leads   map[types.Object]map[types.Object]bool // functions that a function mentions
	works   map[types.Object]map[string]bool       // those that it calls itself
	actions map[string][]ast.Expr                  // what the actions of a name run
}

// nothing imports packages without anything in them: what is the room's own is told apart
// without the others.
type nothing struct{}

func (nothing) Import(path string) (*types.Package, error) {
	p := types.NewPackage(path, path[strings.LastIndex(path, "/")+1:])
	p.MarkComplete()
	return p, nil
}

// readRoom reads a room's package.
func readRoom(t *testing.T, dir string, all map[string]bool) *room {
	t.Helper()
	r := &room{all: all, leads: map[types.Object]map[types.Object]bool{}, works: map[types.Object]map[string]bool{},
		actions: map[string][]ast.Expr{}, info: &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}}
	fset := token.NewFileSet()
	var files []*ast.File
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, perr := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		files, err = append(files, file), errors.Join(err, perr)
	}
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", dir, len(files), err)
	}
	checks := types.Config{Importer: nothing{}, Error: func(error) {}}
	checks.Check(dir, fset, files, r.info)
	for _, file := range files {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
				r.reads(r.info.Defs[f.Name], f.Body)
			}
		}
	}
	return r
}

// reads adds what a body mentions and calls to what it belongs to; what an action runs is
// the action's, what a field is set to the field's.
func (r *room) reads(of types.Object, body ast.Node) {
	if r.leads[of] == nil {
		r.leads[of], r.works[of] = map[types.Object]bool{}, map[string]bool{}
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if o := r.info.Uses[n]; o != nil {
				r.leads[of][o] = true
			}
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && r.all[sel.Sel.Name] && ofJobs(sel) {
				r.works[of][sel.Sel.Name] = true
			}
		case *ast.AssignStmt:
			for i, to := range n.Lhs {
				if sel, ok := to.(*ast.SelectorExpr); ok && i < len(n.Rhs) {
					if field, ok := r.info.Uses[sel.Sel].(*types.Var); ok && field.IsField() {
						r.reads(field, n.Rhs[i])
						return false
					}
				}
			}
		case *ast.CompositeLit:
			return !r.action(n)
		}
		return true
	})
}

// action notes an action, and reports whether it is one.
func (r *room) action(lit *ast.CompositeLit) bool {
	fields := map[string]ast.Expr{}
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok {
				fields[key.Name] = kv.Value
			}
		}
	}
	name, ok := fields["Name"].(*ast.BasicLit)
	if !ok || fields["Keys"] == nil || fields["Run"] == nil {
		return false
	}
	text := strings.Trim(name.Value, `"`)
	r.actions[text] = append(r.actions[text], fields["Run"])
	return true
}

// runs are the works that the actions of a name lead to; seen gets what is on the way.
func (r *room) runs(name string, seen map[types.Object]bool) map[string]bool {
	start, mine := types.NewLabel(token.NoPos, nil, name), map[types.Object]bool{}
	for _, run := range r.actions[name] {
		r.reads(start, run)
	}
	does := map[string]bool{}
	for todo := []types.Object{start}; len(todo) > 0; {
		at := todo[0]
		if todo = todo[1:]; mine[at] {
			continue
		}
		mine[at], seen[at] = true, true
		maps.Copy(does, r.works[at])
		todo = slices.AppendSeq(todo, maps.Keys(r.leads[at]))
	}
	return does
}

// TestEveryChangeIsAnswered walks the actions of all screens: one that leads to a work
// that changes a place is answered oddly below, work by work, and there is no call of
// such a work that no action leads to.
func TestEveryChangeIsAnswered(t *testing.T) {
	all := works(t)
	if !all["Create"] || !all["Apply"] || all["PlanCreate"] {
		t.Fatalf("the works that change are %v", all)
	}
	ways := map[string]bool{}
	for _, c := range changings {
		ways[c.action+" "+c.does] = true
	}
	found := map[string]bool{}
	for _, dir := range []string{"restore", "operate", "browse", "records", "recovery", "morning", "place"} {
		r, seen := readRoom(t, dir, all), map[types.Object]bool{}
		for _, name := range slices.Collect(maps.Keys(r.actions)) {
			for work := range r.runs(name, seen) {
				way := dir + "/" + name + " " + work
				if found[way] = true; !ways[way] && harmless[way] == "" {
					t.Errorf("the action %s leads to %s, which nothing here answers oddly", dir+"/"+name, work)
				}
			}
		}
		for of, does := range r.works {
			if len(does) > 0 && !seen[of] {
				t.Errorf("%s/%s calls %v, and no action leads there", dir, of.Name(), slices.Collect(maps.Keys(does)))
			}
		}
	}
	for way := range harmless {
		if !found[way] {
			t.Errorf("no action leads to %s", way)
		}
	}
	for way := range ways {
		if !found[way] {
			t.Errorf("no action does what is answered oddly as %s", way)
		}
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

// beside is a place of one backup beside the cloud, by which each can be reached from the
// other; shown is the one that the screens are in.
func beside(t *testing.T, cloud store.Place, books *archive.Archive, outside bool) (shown store.Place, o Options) {
	t.Helper()
	w, err := demoWorld()
	if err != nil {
		t.Fatal(err)
	}
	w.Info = core.PlaceInfo{Location: "cinder:/srv/other.sqlite", Title: "other", Kind: core.PlaceDatabase, Rules: core.Newton}
	full := slices.IndexFunc(w.Backups, func(b core.Backup) bool { return b.Status == core.StatusAvailable && b.ParentID == "" })
	w.Backups = w.Backups[full : full+1]
	other := memory.New(w)
	places := map[string]store.Place{cloud.Info().Location: cloud, w.Info.Location: other}
	o.Places = func() []store.PlaceRow {
		if outside {
			return []store.PlaceRow{{Name: "the cloud", Location: cloud.Info().Location}}
		}
		return []store.PlaceRow{{Name: "repo", Location: w.Info.Location}}
	}
	o.Policies = policiesOf(t, jobs.PoliciesConfig{"x": {Every: "24h", Keep: jobs.KeepConfig{Last: 1, Others: true}}})
	o.Open = func(_ context.Context, location string) (jobs.Desk, func() error, error) {
		p := places[location]
		if p == nil {
			return jobs.Desk{}, nil, core.Fail(core.CodeNotFound, "open "+location, "there is no such place", "see places", nil)
		}
		d := jobs.Desk{Place: p, Who: "ops@console", Archive: books}
		d.SettleAfter, d.Now, d.Sleep = 5*time.Minute, func() time.Time { return storetest.Now },
			func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
		return d, func() error { return nil }, nil
	}
	if outside {
		return other, o
	}
	return cloud, o
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
		waits.Answer = race.Longer(500 * time.Millisecond) // for what is read before, too, on a machine that does much else
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
	shown, o := beside(t, place, books, c.outside)
	looks := 0
	r := newRigWith(t, shown, 130, 45, o, func(d *jobs.Desk) {
		d.Archive, d.SettleAfter, d.Now = books, 5*time.Minute, clock
		d.Sleep = func(ctx context.Context, _ time.Duration) error {
			if looks++; looks > 100 {
				return errors.New("it is waited for in vain")
			}
			return ctx.Err()
		}
	})
	if c.half {
		api.Allowing(1)
	}
	if c.before != nil {
		c.before(r)
	}
	api.Answering(as, takes)
	was, made, notes := api.State(), api.Made(), len(r.notes)
	c.keys(r)
	w := wired{rig: r, changed: api.State() != was || c.goes && api.Made() > made}
	for _, n := range r.notes[notes:] {
		w.told = w.told || n.Level == ui.LevelGood
	}
	tried, err := books.Drills(t.Context(), place.Info().Location, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range tried { // done is a restore, too, that did not come out as planned: this API restores no metadata
		w.told = w.told || tried[i].Verdict.Good() || tried[i].Verdict == core.DrillDiffers
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
