package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hearth/core"
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

// keyTable writes the keys of all screens as Markdown, for the README.
func keyTable(t *testing.T) string {
	var b strings.Builder
	seen := map[string]bool{} // what stands higher up is not told again
	part := func(title, name string, groups ...string) {
		i := slices.IndexFunc(scenes, func(s scene) bool { return s.name == name })
		scope := scenes[i].make(t, 100, 30).Keys()
		var rows []string
		for _, act := range scope {
			row := fmt.Sprintf("| %s | %s |\n", keysOf(scope, act), strings.ReplaceAll(act.Help, "|", `\|`))
			if slices.Contains(groups, act.Group) && !seen[row] {
				seen[row] = true
				rows = append(rows, row)
			}
		}
		if len(rows) > 0 {
			fmt.Fprintf(&b, "\n**%s**\n\n| key | what it does |\n| --- | --- |\n%s", title, strings.Join(rows, ""))
		}
	}
	part("Everywhere", "backups", "Everywhere")
	part("Moving", "backups", "Moving")
	part("Lists", "backups-filtered", "Lists")
	part("While a filter is typed", "backups-typing", "Filter")
	part("Backups, in the list and opened", "backups", "")
	part("Volumes, in the list and opened", "volumes", "")
	part("A backup or volume, opened", "backup-overview", "Tabs", "Overview", "")
	part("Its capture", "volume-capture", "Capture")
	part("The preview of its restore", "backup-restore", "Restore")
	part("A difference", "diff", "")
	part("Choosing what to restore onto", "backup-restore-target", "Choosing what to restore onto")
	part("Choosing what to compare with", "against-backup", "Choosing what to compare with")
	part("Choosing a file", "backup-restore-file", "Choosing a file")
	part("Its record", "backup-record", "Record")
	part("Its chain", "backup-chain", "Chain")
	part("Import", "import-several", "")
	part("Journal", "journal", "")
	part("Tasks", "tasks", "")
	part("Places", "places", "")
	part("In a cloud: backups", "cloud-backups", "Everywhere", "")
	part("In a cloud: volumes", "cloud-volumes", "")
	part("In a cloud: the preview of a restore", "cloud-restore", "Restore")
	part("In a cloud: a restore", "cloud-report", "")
	part("The archive", "archive", "")
	part("A copy: the two places", "copy", "")
	part("A copy: the plan", "copy-plan", "")
	part("Recovery: from where to where", "recovery", "")
	part("Recovery: both sides", "recovery-found", "")
	part("Recovery: what is to come back", "recovery-choose", "")
	part("In a backup repository: backups", "repository", "Everywhere", "")
	part("In a backup repository: all that lies there", "inventory", "")
	part("Forms", "cloud-create-form", "")
	part("Questions", "backup-restore-confirm", "")
	part("Menus", "dialog-sort", "")
	part("Fields for a text", "dialog-file", "")
	return strings.TrimPrefix(b.String(), "\n")
}

// keysOf are the keys of an action, and of those that do the same.
func keysOf(scope []ui.Action, act ui.Action) string {
	var names []string
	for _, other := range scope {
		if other.Help != act.Help || other.Group != act.Group {
			continue
		}
		for _, k := range other.Keys {
			names = append(names, "`"+ui.KeyName(k)+"`")
		}
	}
	return strings.Join(names, " ")
}

// TestReadmeKeys compares the README's table of keys with the code's.
func TestReadmeKeys(t *testing.T) {
	const begin, end = "<!-- keys -->", "<!-- /keys -->"
	path := filepath.Join("..", "README.md")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	have, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("the README has no %s and %s", begin, end)
	}
	want := "\n" + keyTable(t)
	switch {
	case strings.TrimSpace(have) == strings.TrimSpace(want):
	case *update:
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the README's keys are not the code's; go test ./tui -run ReadmeKeys -update writes them:\n%s",
			difference(strings.TrimSpace(have), strings.TrimSpace(want)))
	}
}

// TestKeyTable holds the table itself.
func TestKeyTable(t *testing.T) {
	table := keyTable(t)
	for _, part := range []string{"| `x` | Copy the record", "| `Space` | Mark the row", "| `P` | Apply the plan", "| `1` `2` `3`"} {
		if !strings.Contains(table, part) {
			t.Errorf("the table of keys lacks %q", part)
		}
	}
	if os.Getenv("HEARTH_KEYS") != "" { // prints it
		fmt.Println(table)
	}
	for _, f := range core.RecordFormats {
		if f.Title() == "" {
			t.Errorf("the format %s has no title", f)
		}
	}
}
