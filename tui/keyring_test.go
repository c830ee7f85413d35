package tui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"hearth/store/storetest/race"
	"hearth/tui/ui"
)

// namesKey finds a key in a sentence: one that is written out, or a letter and what it does.
var namesKey = regexp.MustCompile(`\b(?:Ctrl-[A-Z]|Esc|Enter|Tab|Space|Backspace|Shift-Tab|PgUp|PgDn)\b|` +
	`(?:^|[\s(;:,.…])[A-Za-z0?/=*] (?:shows|goes|takes|masks|lists|chooses|tries|clears|changes|opens|cancels|brings|leads|turns|gives|` +
	`carries|looks|reads|plans|makes|forgets|copies|exports|imports|marks|writes|keeps)\b|\buse [A-Z] to\b|\([A-Za-z]\)`)

// notKeys are sentences that name none, though they look so.
var notKeys = []string{
	"this terminal does not hand out its clipboard; paste with its own key", // a terminal's
	"k stays, x goes", // what the signs of a calendar say
}

// TestSentencesAskForKeys: no sentence of the screens has a key written in it: whoever gave the
// action another key would be told the wrong one. And each action that is asked for is there.
func TestSentencesAskForKeys(t *testing.T) {
	var names []string
	for _, a := range keyActions() {
		names = append(names, a.name)
	}
	asked := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{"verbs", "settings", "term", "state"}, path):
			return filepath.SkipDir
		case d.IsDir(), !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if text, ok := askedFor(n); ok {
					asked++
					if !slices.Contains(names, text) {
						t.Errorf("%s asks for the key of %s: there is no such action", path, text)
					}
				}
			case *ast.BasicLit:
				text, err := strconv.Unquote(n.Value)
				spaced := err == nil && strings.Contains(strings.TrimSpace(text), " ") // one word is a name
				if spaced && namesKey.MatchString(text) && !slices.ContainsFunc(notKeys, func(s string) bool {
					return strings.Contains(strings.ToLower(text), s)
				}) {
					t.Errorf("%s: %q names a key: ask ui.KeyOf for it", path, text)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if asked < 50 {
		t.Errorf("only %d sentences ask for a key: they are not found", asked)
	}
}

// askedFor is the action whose key a call asks for.
func askedFor(call *ast.CallExpr) (string, bool) {
	name := ""
	switch f := call.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	if name != "KeyOf" || len(call.Args) != 1 {
		return "", false
	}
	lit, ok := call.Args[0].(*ast.BasicLit)
	if !ok {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// rareKeys gives each action a key that nothing has: function keys, plain and with others held.
func rareKeys() (all Keys, codes map[string]tea.KeyPressMsg) {
	all, codes = Keys{}, map[string]tea.KeyPressMsg{}
	mods := []tea.KeyMod{0, tea.ModCtrl, tea.ModAlt, tea.ModShift, tea.ModCtrl | tea.ModAlt, tea.ModCtrl | tea.ModShift}
	for i, a := range keyActions() {
		k := tea.KeyPressMsg{Code: tea.KeyF20 + rune(i%40), Mod: mods[i/40]}
		all[a.name] = KeyList{k.String()}
		codes[a.name] = k
	}
	return all, codes
}

// TestNoOldKeyIsNamed gives each action another key, and looks through every scene, and through
// what the status line said on the way, for a key that it had.
func TestNoOldKeyIsNamed(t *testing.T) {
	race.Once(t)
	given, codes := rareKeys()
	sceneT = t
	rows, _ := everyKey()
	own := map[string][]string{}
	for _, r := range rows {
		own[r.name] = append(own[r.name], r.keys...)
	}
	remapped = func(r *rig, key string) (tea.KeyPressMsg, bool) {
		for _, act := range r.Keys() {
			if had := own[act.Name]; slices.Contains(had, key) && given[act.Name] != nil && slices.Equal(act.Keys, given[act.Name]) {
				return codes[act.Name], true
			}
		}
		return tea.KeyPressMsg{}, false
	}
	remappedKeys = given
	defer func() { remapped, remappedKeys = nil, nil; Keys(nil).Say() }()
	eachScene(t, 100, 30, func(t *testing.T, r *rig) {
		texts := strings.Split(r.screenText(), "\n")
		for _, n := range r.notes {
			texts = append(texts, n.Text)
		}
		for _, act := range r.Keys() {
			if given[act.Name] != nil && !slices.Equal(act.Keys, given[act.Name]) {
				t.Errorf("%s keeps %v", act.Name, act.Keys)
			}
			texts = append(texts, act.Help, act.Label, act.Blocked())
		}
		for _, text := range texts {
			if found := namesKey.FindString(text); found != "" && !strings.Contains(text, "its own key") &&
				!strings.Contains(text, "does nothing here") && !strings.Contains(strings.ToLower(text), notKeys[1]) {
				t.Errorf("%q names %q", strings.TrimSpace(text), found)
			}
		}
	})
	if want := given["undo"][0]; ui.KeyOf("undo") != ui.KeyName(want) {
		t.Errorf("the key of undo is %s, want %s", ui.KeyOf("undo"), want)
	}
}
