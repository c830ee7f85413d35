package tui

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"hearth/tui/ui"
)

// shadowing lists the screen's keys that mean something else at the root, each on
// purpose.
var shadowing = map[string]string{
	"esc": "a filter that was typed is cleared first, and a plan that is shown; the next Esc goes back",
	"Y":   "it is the same, and takes along what is marked",
}

// TestKeys holds the actions of every scene: no key twice, help for all, keys
// written as tea writes them.
func TestKeys(t *testing.T) {
	eachScene(t, 100, 30, func(t *testing.T, r *rig) {
		root := map[string]bool{}
		for _, act := range r.RootKeys() {
			for _, k := range act.Keys {
				root[k] = true
			}
		}
		alone := r.Dialog() != nil
		if tx, ok := r.Top().(ui.Texter); ok && tx.WantsText() {
			alone = true
		}
		at, named := map[string]string{}, map[string]string{}
		for _, act := range r.Keys() {
			if other, twice := named[act.Name]; act.Name == "" || twice {
				t.Errorf("%q is named %q, as %q is: an action is known by its name, whatever its keys are", act.Help, act.Name, other)
			}
			named[act.Name] = act.Help
			if act.Help == "" || len(act.Keys) == 0 || act.Run == nil {
				t.Errorf("an action is not whole: %v %q", act.Keys, act.Help)
			}
			for _, k := range act.Keys {
				if strings.TrimSpace(k) == "" {
					t.Errorf("%q is written as %q: write space", act.Help, k)
				}
				if got := keyMsg(k).String(); got != k {
					t.Errorf("tea writes %q as %q", k, got)
				}
				if other, twice := at[k]; twice && !(shadowing[k] != "" && root[k]) {
					t.Errorf("%s does two things: %q and %q", k, other, act.Help)
				}
				at[k] = act.Help
				if !alone && root[k] && act.Group != "Everywhere" && shadowing[k] == "" {
					t.Errorf("%s (%s) hides what it does everywhere", k, act.Help)
				}
			}
		}
	})
}

// TestBlockedSaysWhy presses what does not work now: the status line says why.
func TestBlockedSaysWhy(t *testing.T) {
	eachScene(t, 100, 30, func(t *testing.T, r *rig) {
		for _, act := range r.Keys() {
			why := act.Blocked()
			if why == "" {
				continue
			}
			cmd, ok := ui.Press(r.Keys(), act.Keys[0])
			if !ok {
				t.Fatalf("%s does nothing", act.Keys[0])
			}
			if n, ok := cmd().(ui.Note); !ok || n.Level != ui.LevelWarn || !strings.Contains(n.Text, strings.TrimSuffix(why, ".")) {
				t.Errorf("%s: %q instead of the reason %q", act.Keys[0], n.Text, why)
			}
		}
	})
}

// keyRow is an action as the page of keys tells of it.
type keyRow struct {
	where, name, help string
	keys              []string
}

// everyKey lists the actions of all scenes, each where it is met first; what does another thing in
// another place is told there too.
var everyKey = sync.OnceValues(func() ([]keyRow, map[string]bool) {
	var rows []keyRow
	seen, screens := map[string]bool{}, map[string]bool{}
	for _, s := range scenes {
		r := s.make(sceneT, 100, 30)
		screens[r.Screen()] = true
		keyScopes = append(keyScopes, keyScope{r.Keys(), typesText(r)})
		for _, act := range r.Keys() {
			row := keyRow{where: whereOf(r, act), name: act.Name, help: act.Help, keys: act.Keys}
			id := fmt.Sprint(row.name, row.keys, row.help)
			if act.Group != "Everywhere" && act.Group != "Moving" && act.Group != "Lists" && act.Group != "Finding" {
				id += nearOf(row.where)
			}
			if !seen[id] {
				seen[id] = true
				rows = append(rows, row)
			}
		}
	}
	return rows, screens
})

// tableOfKeys writes what the config's keys are checked by: each action with its keys, whether
// letters are text where it stands, and the sets of actions that are there at one time. A set
// that is within another is left out.
func tableOfKeys(t testing.TB) string {
	sceneT = t
	everyKey()
	keys, text, sets := map[string][]string{}, map[string]bool{}, map[string][]string{}
	for _, s := range keyScopes {
		var names []string
		for _, act := range s.actions {
			if _, ok := keys[act.Name]; !ok {
				keys[act.Name] = act.Keys
			}
			if was, ok := text[act.Name]; !ok || was {
				text[act.Name] = s.text // everywhere
			}
			names = append(names, act.Name)
		}
		slices.Sort(names)
		sets[strings.Join(names, " ")] = names
	}
	within := func(a, b []string) bool {
		return len(a) < len(b) && !slices.ContainsFunc(a, func(x string) bool { _, ok := slices.BinarySearch(b, x); return !ok })
	}
	of, n := map[string][]string{}, 0
	for _, id := range slices.Sorted(maps.Keys(sets)) {
		if slices.ContainsFunc(slices.Collect(maps.Values(sets)), func(b []string) bool { return within(sets[id], b) }) {
			continue
		}
		n++
		for _, name := range sets[id] {
			of[name] = append(of[name], fmt.Sprint(n))
		}
	}
	var b strings.Builder
	b.WriteString("# name, keys, whether letters are text there, the screens in which it stands: go test ./tui -run KeysPage -update\n")
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", name, strings.Join(keys[name], " "), map[bool]string{true: "text", false: "-"}[text[name]],
			strings.Join(of[name], " "))
	}
	return b.String()
}

// keyScope is the actions of a scene.
type keyScope struct {
	actions []ui.Action
	text    bool
}

var keyScopes []keyScope

// typesText reports whether letters are text in what has the keys.
func typesText(r *rig) bool {
	if d := r.Dialog(); d != nil {
		tx, ok := d.(interface{ WantsText() bool })
		return ok && tx.WantsText()
	}
	tx, ok := r.Top().(ui.Texter)
	return ok && tx.WantsText()
}

// nearOf is the place whose actions another one's are told with: a row's are the same in its
// list and where it is opened.
func nearOf(where string) string {
	switch {
	case strings.HasPrefix(where, "Backup"), strings.HasPrefix(where, "Volume"):
		return ""
	}
	return where
}

// sceneT is the test that makes the scenes of [everyKey].
var sceneT testing.TB

// whereOf is the part of the page that an action stands in.
func whereOf(r *rig, act ui.Action) string {
	switch r.Dialog().(type) {
	case nil:
	case *ui.MenuBox, *ui.PaletteBox:
		return "Menus"
	case *ui.FindBox:
		return "While something is looked for"
	case *ui.InputBox:
		return "Fields for a text"
	case *ui.FormBox:
		return "Forms"
	case *ui.TextBox:
		return "Long texts: the help, details, messages"
	default:
		return "Questions"
	}
	switch title := r.Where(); act.Group {
	case "", title:
		return title
	case "Everywhere", "Moving", "Lists", "Filter", "Tabs", "Choosing a file", "Choosing what to compare with",
		"Choosing what to restore onto", "Finding":
		return act.Group
	default:
		return title + ": " + act.Group
	}
}

// keysPage writes the page of keys.
func keysPage(t testing.TB) string {
	sceneT = t
	rows, _ := everyKey()
	var parts []string
	of := map[string][]string{}
	add := func(r keyRow) {
		if of[r.where] == nil {
			parts = append(parts, r.where)
		}
		var keys []string
		for _, k := range r.keys {
			keys = append(keys, "`"+strings.ReplaceAll(ui.KeyName(k), "|", `\|`)+"`")
		}
		help := strings.ReplaceAll(r.help, "|", `\|`)
		of[r.where] = append(of[r.where], fmt.Sprintf("| %s | %s | `%s` |\n", strings.Join(keys, " "), help, r.name))
	}
	for _, first := range []string{"Everywhere", "Moving", "Lists", "Filter"} {
		for _, r := range rows {
			if r.where == first {
				add(r)
			}
		}
	}
	done := len(parts)
	for _, r := range rows {
		if !slices.Contains(parts[:done], r.where) {
			add(r)
		}
	}
	var b strings.Builder
	b.WriteString(keysIntro)
	for _, p := range parts {
		fmt.Fprintf(&b, "\n## %s\n\n| key | what it does | name |\n| --- | --- | --- |\n%s", p, strings.Join(of[p], ""))
	}
	return b.String()
}

const keysIntro = `# Keys

Every key of every screen. The page is made from the program (` + "`go test ./tui -run KeysPage -update`" + `), and a test fails where it
is not what the program does. What stands higher up is not told again: what can be done with a backup in the list can be done with
it opened.
` + "`?`" + ` shows the keys of the screen that is shown.
`

// TestKeysPage compares the page of keys with the code, and holds that no screen is left out.
func TestKeysPage(t *testing.T) {
	for path, want := range map[string]string{filepath.Join("..", ".github", "KEYS.md"): keysPage(t), "keys.txt": tableOfKeys(t)} {
		have, err := os.ReadFile(path)
		switch {
		case err == nil && string(have) == want:
		case *update:
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("%s is not the code's (%v); go test ./tui -run KeysPage -update writes it:\n%s", path, err, difference(string(have), want))
		}
	}
	_, screens := everyKey()
	for _, e := range newRig(t, sharedDemo(t), 80, 24).Screens() {
		if !screens[e.Name] {
			t.Errorf("no scene shows the screen %s: its keys are on no page", e.Name)
		}
	}
}

// unlettered are keys but for those that are text where somebody types, and those of a field's
// cursor.
func unlettered(keys []string) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(k string) bool {
		return len(k) == 1 || slices.Contains([]string{"space", "left", "right", "ctrl+f", "ctrl+b"}, k)
	})
}

// TestNames holds that a name says which action it is: it has the same keys wherever it stands,
// but for letters where those are text.
func TestNames(t *testing.T) {
	sceneT = t
	rows, _ := everyKey()
	first := map[string]keyRow{}
	for _, r := range rows {
		was, ok := first[r.name]
		if !ok {
			first[r.name] = r
		} else if !slices.Equal(was.keys, r.keys) && !slices.Equal(unlettered(was.keys), unlettered(r.keys)) {
			t.Errorf("%s is %v in %q (%s) and %v in %q (%s): each wants a name of its own", r.name, was.keys, was.where, was.help,
				r.keys, r.where, r.help)
		}
	}
}
