package core

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestInstead(t *testing.T) {
	m := Idiom{DoForce: func(...string) string { return "press F" },
		DoLeaveOut: func(with ...string) string { return "press L on " + strings.Join(with, " and ") }}
	err := Fail(CodeRefused, "back it up", "it is in use", DoForce, nil)
	if got := Instead(err, m); got.Error() != "cannot back it up: it is in use; press F" || CodeOf(got) != CodeRefused ||
		err.Next != DoForce {
		t.Errorf("%v, from %v", got, err)
	}
	out := Fail(CodeRefused, "apply it", "x", DoLeaveOut, nil)
	out.With = []string{"name", "metadata a"}
	if got := Instead(out, m).Error(); got != "cannot apply it: x; press L on name and metadata a" {
		t.Error(got)
	}
	other := Fail(CodeRefused, "apply it", "x", "wait", nil)
	if Instead(other, m) != error(other) || Instead(nil, m) != nil {
		t.Error("what says something else to do is another failure, or none has become one")
	}
	if both := errors.Join(other, err); Instead(both, m).Error() != other.Error()+"\ncannot back it up: it is in use; press F" {
		t.Error(Instead(both, m))
	} else if plain := errors.Join(other); Instead(plain, m) != plain {
		t.Error("what nothing is changed of is another failure")
	}
	c := Can{Reasons: []Reason{{Answer: AnswerNo, Text: "a", Next: DoLeaveOut, With: []string{"name"}},
		{Answer: AnswerUnknown, Text: "b", Next: "ask"}}}
	if got := m.Can(c); got.Reasons[0].Next != "press L on name" || got.Reasons[1].Next != "ask" || c.Reasons[0].Next != DoLeaveOut {
		t.Errorf("%+v, from %+v", got, c)
	}
	for f, want := range map[Finding]string{{Text: "a", Next: DoForce}: "a; press F", {Text: "a"}: "a",
		{Text: "a", Next: DoPasscode}: "a; " + DoPasscode} {
		if got := f.In(m); got != want {
			t.Errorf("%+v: %s", f, got)
		}
	}
}

// commands are texts that name flags and are no way of a face's: commands in full, flags of
// other programs, the table of hearth's own flags.
var commands = []string{
	"hearth --write", "hearth demo --out ", "openstack --os-cloud ", "CEPH_ARGS", "short for --place",
	"--help'; DROP TABLE backups;--", // a name in the demo
}

// TestNoFlags: core and what is below the faces serve both, and name no flag of one.
func TestNoFlags(t *testing.T) {
	flag := regexp.MustCompile(`(^|[ ("'])--[a-z]`)
	for _, room := range []string{".", "../store"} {
		err := filepath.WalkDir(room, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "storetest" || d.Name() == "testdata" || d.Name() == "ceph"): // the driver of Ceph runs programs
				return filepath.SkipDir
			case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				lit, ok := n.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range commands {
					text = strings.ReplaceAll(text, s, "")
				}
				if text != "--place" && flag.MatchString(text) { // alone it is a word of a command
					t.Errorf("%s names a flag: %q; both faces say it: a Do constant of idiom.go, and the faces' own words for that",
						set.Position(n.Pos()), text)
				}
				return true
			})
			return nil
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}
