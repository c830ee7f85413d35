package tui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// killedBy says for each work of a screen by which line it is killed at random moments, as
// the tables of TestCrash have it: verb and name. Screens and verbs call the same work.
var killedBy = map[string]string{
	"Create": "create", "Edit": "edit", "Delete": "delete", "Reset": "reset", "Restore": "restore onto", "Apply": "apply",
	"UndoAsShown": "undo", "Finish": "apply the rest", "Import": "import", "Copy": "copy", "Recover": "recover",
	"ArchiveRecords": "archive", "WriteBundle": "archive a bundle", "Extract": "extract", "PrunePolicies": "policy prune",
	"Drill": "drill", "TidyDrills": "drill", // a drill that follows a killed one tidies up first
}

// reads are works that write nothing, whatever their calls are named; Morning keeps a day in
// the archive, by one write.
var reads = []string{"PlanCopy", "Coverage", "Morning", "CheckPolicies", "PlanPrune"}

// alone are works that no verb does, and the test of store/jobs that kills them at random moments.
var alone = map[string]string{"DropLeftover": "TestLeftoverKilled"}

// TestEveryChangeIsKilled walks what screens change, and files that they write: each is a
// work that a line of a verb does too, and that line is killed by TestCrash of tui/verbs.
func TestEveryChangeIsKilled(t *testing.T) {
	lines := crashLines(t)
	if len(lines) < 20 {
		t.Fatalf("the lines are %q", lines)
	}
	does := map[string]string{} // the work, and an action that leads there
	for _, c := range changings {
		does[c.does] = c.action
	}
	for way := range harmless {
		action, work, _ := strings.Cut(way, " ")
		if !slices.Contains(reads, work) && alone[work] == "" {
			does[work] = action
		}
	}
	for work, action := range does {
		line, ok := killedBy[work]
		verb, _, _ := strings.Cut(line, " ")
		switch called := callers(t, work); {
		case !ok:
			t.Errorf("%s leads to %s: say by which line of TestCrash that is killed", action, work)
		case !slices.Contains(lines, line):
			t.Errorf("%s leads to %s, and there is no line %q that is killed", action, work, line)
		case !slices.Contains(called, verb):
			t.Errorf("%s leads to %s, and hearth %s does not: it is done by %q", action, work, verb, called)
		}
	}
	for work, test := range alone {
		files, err := filepath.Glob(filepath.Join("..", "store", "jobs", "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(files, func(file string) bool {
			text, err := os.ReadFile(file)
			return err == nil && strings.Contains(string(text), "func "+test+"(") && strings.Contains(string(text), "."+work+"(")
		}) {
			t.Errorf("no test %s of store/jobs kills %s", test, work)
		}
	}
	for work := range killedBy {
		if does[work] == "" {
			t.Errorf("no screen does %s", work)
		}
	}
}

// crashLines are the verbs and names of the tables that TestCrash walks.
func crashLines(t *testing.T) (lines []string) {
	t.Helper()
	for file, table := range map[string]string{"crash_test.go": "crashes", "answered_test.go": "written"} {
		tree, err := parser.ParseFile(token.NewFileSet(), filepath.Join("verbs", file), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || spec.Names[0].Name != table || len(spec.Values) != 1 {
				return true
			}
			for _, row := range spec.Values[0].(*ast.CompositeLit).Elts {
				text := map[string]string{}
				for _, e := range row.(*ast.CompositeLit).Elts {
					kv := e.(*ast.KeyValueExpr)
					if lit, ok := kv.Value.(*ast.BasicLit); ok {
						text[kv.Key.(*ast.Ident).Name], _ = strconv.Unquote(lit.Value)
					}
				}
				if !strings.Contains(text["args"], "--from elsewhere") { // those are killed by their lines in the other table
					lines = append(lines, strings.TrimSpace(text["verb"]+" "+text["name"]))
				}
			}
			return false
		})
	}
	return lines
}

// callers are the verbs whose functions lead to a work of store/jobs.
func callers(t *testing.T, work string) (verbs []string) {
	t.Helper()
	calls, uses, leads := map[string][]string{}, map[string]string{}, map[string]bool{}
	eachFunc(t, "verbs", func(f *ast.FuncDecl) {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				calls[f.Name.Name] = append(calls[f.Name.Name], calledName(n))
			case *ast.KeyValueExpr:
				key, isIdent := n.Key.(*ast.Ident)
				if lit, ok := n.Value.(*ast.BasicLit); ok && isIdent && key.Name == "Use" && uses[f.Name.Name] == "" {
					text, _ := strconv.Unquote(lit.Value)
					uses[f.Name.Name], _, _ = strings.Cut(text, " ")
				}
			case *ast.SelectorExpr:
				of, _ := n.X.(*ast.Ident)
				if n.Sel.Name == work && (ofJobs(n) || of != nil && of.Name == "in") { // an intake is a job too
					leads[f.Name.Name] = true
				}
			}
			return true
		})
	})
	for grew := true; grew; {
		grew = false
		for name, all := range calls {
			if !leads[name] && slices.ContainsFunc(all, func(c string) bool { return leads[c] }) {
				leads[name], grew = true, true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(uses)) {
		if leads[name] {
			verbs = append(verbs, uses[name])
		}
	}
	return verbs
}
