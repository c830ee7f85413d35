package core_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hearth/core"
)

// asked is what a real Cinder said to the questions of .ci/lab/py/roles.py.
type asked struct {
	Cinder string // the version of Debian's package: 2:26.0.0-2
	Rows   []askedRow
}

type askedRow struct {
	Asked     string         `json:"asked_as"` // the role that was given; Keystone adds those it implies
	Roles     []string       // of the token
	Scope     string         // project, system
	Operation core.Operation // as hearth names it
	Statuses  []int          // of the requests that it takes
	Passes    bool           // none was a 403
}

// askedFiles are the answers that are kept, and those that HEARTH_ROLES names.
func askedFiles(t *testing.T) []asked {
	t.Helper()
	files, _ := filepath.Glob("../testdata/roles/*.json")
	if extra := os.Getenv("HEARTH_ROLES"); extra != "" {
		files = append(files, extra)
	}
	var out []asked
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var a asked
		if err := json.Unmarshal(body, &a); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out = append(out, a)
	}
	return out
}

// number is the release of the package: 26.0.0.
func (a *asked) number() string {
	_, text, _ := strings.Cut(a.Cinder, ":")
	text, _, _ = strings.Cut(text, "-")
	return text
}

func (r *askedRow) login() core.Login {
	return core.Login{Roles: r.Roles, Project: r.Scope == "project"}
}

// TestRolesAsAsked holds what hearth says before anything is tried to what the real clouds
// said, role by role, operation by operation, release by release: for the release itself
// exactly, and for a range with it in, never a no where the cloud says yes.
func TestRolesAsAsked(t *testing.T) {
	all := askedFiles(t)
	if len(all) < 2 {
		t.Fatalf("the answers of %d releases are in testdata/roles, which is too few to tell them apart", len(all))
	}
	for _, a := range all {
		t.Logf("Cinder %s: %d answers held to what hearth says", a.Cinder, len(a.Rows))
		passes := map[core.Operation]map[bool]int{}
		for i := range a.Rows {
			row := &a.Rows[i]
			want := map[bool]core.Answer{true: core.AnswerYes, false: core.AnswerNo}[row.Passes]
			if passes[row.Operation] == nil {
				passes[row.Operation] = map[bool]int{}
			}
			passes[row.Operation][row.Passes]++
			for _, span := range []string{a.number(), "21 to 29", a.number() + " or later"} {
				r, err := core.ParseReleases(span)
				if err != nil {
					t.Fatal(err)
				}
				got, why := core.Allowed(row.Operation, row.login(), r, nil)
				if got != want && (span == a.number() || got != core.AnswerUnknown) {
					t.Errorf("%s as %s: %v, %s, %s: %s (%s), and the cloud said %v", a.Cinder, r.Text(), row.Roles, row.Scope, row.Operation,
						got, why, row.Statuses)
				}
			}
		}
		if len(passes) != 12 {
			t.Errorf("%s: %d operations were asked for", a.Cinder, len(passes))
		}
		for op, n := range passes {
			if n[true] == 0 || n[true]+n[false] < 7 {
				t.Errorf("%s: %s passed %d times, and was refused %d times", a.Cinder, op, n[true], n[false])
			}
		}
	}
}

// TestRolesTable holds the table in .github/RELEASES.md to the answers that are kept.
func TestRolesTable(t *testing.T) {
	const begin, end = "<!-- roles:begin -->\n", "<!-- roles:end -->"
	path := filepath.Join("..", ".github", "RELEASES.md")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	have, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no table of roles", path)
	}
	t.Setenv("HEARTH_ROLES", "")
	want := rolesTable(askedFiles(t))
	switch {
	case have == want:
	case *update:
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s has another table than the answers in testdata/roles; go test ./core -run RolesTable -update writes it", path)
	}
}

// rolesTable is the answers as Markdown: a line for each role, a column for each operation, in
// each cell the releases that let it.
func rolesTable(all []asked) string {
	var numbers []string
	var ops []core.Operation
	var who []string
	cells := map[string][]string{}
	times := map[string]int{} // that it was asked: an old Keystone has no manager
	for _, a := range all {
		numbers = append(numbers, a.number())
		for _, r := range a.Rows {
			name := r.Asked + ", " + r.Scope
			if !slices.Contains(ops, r.Operation) {
				ops = append(ops, r.Operation)
			}
			if !slices.Contains(who, name) {
				who = append(who, name)
			}
			key := name + string(r.Operation)
			if times[key]++; r.Passes {
				cells[key] = append(cells[key], a.number())
			}
		}
	}
	var b strings.Builder
	b.WriteString("Asked: " + strings.Join(numbers, ", ") + ".\n\n| role |")
	for _, op := range ops {
		b.WriteString(" " + string(op) + " |")
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(ops)) + "\n")
	for _, name := range who {
		b.WriteString("| " + name + " |")
		for _, op := range ops {
			switch in := cells[name+string(op)]; len(in) {
			case 0:
				b.WriteString(" – |")
			case times[name+string(op)]:
				b.WriteString(" all |")
			default:
				b.WriteString(" " + strings.Join(in, ", ") + " |")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
