package tui

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"hearth/tui/grid"
	"hearth/tui/ui"
)

// copiesNothing are the screens with rows of which y copies nothing, each with the reason. The choosers of a
// target and of what to compare with are such too: they say of no table that their keys move in it.
var copiesNothing = map[string]string{
	"start": "letters are text there: they find a place",
}

// withoutID are the screens whose rows have no id, each with the reason.
var withoutID = map[string]string{
	"tasks":   "a task's number is known nowhere else",
	"diff":    "a field is known by its name, which is a cell",
	"restore": "a field is known by its name, which is a cell",
	"import":  "a record that cannot be read tells no id; of others it is there: see TestCopies",
}

// rowsOf is the table of what is shown, nil where there are no rows.
func rowsOf(r *rig) *grid.Model {
	for _, a := range r.Keys() {
		if a.Name == "down" && a.Table != nil && a.Table.Len() > 0 {
			return a.Table
		}
	}
	return nil
}

// TestCopyAnything: wherever rows are shown y asks what is to be copied: the id, a cell, the row
// as JSON and YAML; and the row can be looked at.
func TestCopyAnything(t *testing.T) {
	met := map[string]bool{}
	eachScene(t, 100, 30, func(t *testing.T, r *rig) {
		table := rowsOf(r)
		if r.Dialog() != nil || table == nil {
			return
		}
		screen := r.Screen()
		if tx, ok := r.Top().(ui.Texter); ok && tx.WantsText() && copiesNothing[screen] != "" {
			met[screen] = true
			return
		}
		at := slices.IndexFunc(r.Keys(), func(a ui.Action) bool { return slices.Contains(a.Keys, "y") })
		if at < 0 {
			t.Fatalf("%s shows rows, and y copies nothing of them", screen)
		}
		act := r.Keys()[at]
		if why := act.Blocked(); why != "" {
			if screen != "backup" && screen != "volume" { // a backup of a chain that is not here
				t.Errorf("y of %s does not work: %s", screen, why)
			}
			return
		}
		met[screen] = true
		shown, _ := act.Run()().(ui.ShowMsg)
		menu, ok := shown.Overlay.(*ui.MenuBox)
		if !ok {
			t.Fatalf("y of %s opens a %T", screen, shown.Overlay)
		}
		copyMenu(t, menu, screen)
	})
	if testing.Short() {
		return
	}
	for _, screen := range []string{"backups", "volumes", "snapshots", "journal", "places", "archive", "copy", "recovery", "inventory",
		"dashboard", "policies", "prune", "timelines", "timeline", "tasks", "backup", "volume", "diff", "import"} {
		if !met[screen] {
			t.Errorf("no scene of %s has rows to copy of", screen)
		}
	}
	for screen := range copiesNothing {
		if !met[screen] {
			t.Errorf("%s is said to copy nothing, and no scene shows it", screen)
		}
	}
}

// copyMenu holds a menu to what can be copied of any row.
func copyMenu(t *testing.T, menu *ui.MenuBox, screen string) {
	t.Helper()
	find := func(is func(ui.MenuItem) bool) int { return slices.IndexFunc(menu.Items, is) }
	starts := func(words ...string) func(ui.MenuItem) bool {
		return func(it ui.MenuItem) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(it.Label, w) }) && it.Hint != ""
		}
	}
	tab := map[bool]string{true: "restore"}[strings.HasPrefix(menu.Items[0].Label, "The plan")]
	known := find(starts("The id", "The location", "The number of the entry", "The code of the line")) >= 0
	if !known && withoutID[screen]+withoutID[tab] == "" {
		t.Errorf("y of %s does not offer the id: %v", screen, menu.Items)
	}
	if find(starts("The field ", "The cell ")) < 0 {
		t.Errorf("y of %s offers no cell: %v", screen, menu.Items)
	}
	for label, check := range map[string]func(string) bool{
		"The row as JSON": func(s string) bool { return json.Valid([]byte(s)) && len(s) > 5 },
		"The row as YAML": func(s string) bool { return strings.Contains(s, ":") },
	} {
		i := find(func(it ui.MenuItem) bool { return it.Label == label })
		if i < 0 {
			t.Errorf("y of %s does not offer %s: %v", screen, strings.ToLower(label), menu.Items)
			continue
		}
		if m, ok := menu.Pick(i)().(ui.CopyMsg); !ok || !check(m.Text) {
			t.Errorf("%s of %s is %q", label, screen, m.Text)
		}
	}
	i := find(func(it ui.MenuItem) bool { return it.Label == "Look at the row" })
	if i < 0 {
		t.Fatalf("y of %s does not show the row: %v", screen, menu.Items)
	}
	switch m := menu.Pick(i)().(type) {
	case ui.ShowMsg:
		if x, ok := m.Overlay.(*ui.TextBox); !ok || len(x.Lines) < 3 {
			t.Errorf("the row of %s is shown in a %T", screen, m.Overlay)
		}
	case ui.Note:
		if m.Err == nil { // the place may fail, and says so
			t.Errorf("the row of %s: %q", screen, m.Text)
		}
	default:
		t.Errorf("the row of %s is a %T", screen, m)
	}
}
