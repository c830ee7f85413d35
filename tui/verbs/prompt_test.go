package verbs

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store"
)

// TestPrompt does without a cursor what the screens do: a place, then verbs in it, one a line.
func TestPrompt(t *testing.T) {
	var did [][]string
	var talk strings.Builder
	e := &Env{Err: &talk, In: strings.NewReader("2\nbackups --filter 'name~a b'\n\nhearth plan x --cloud=other\nplace\nnosuch:x\nvolumes\n" +
		"place demo\r\nvolumes\nhelp plan\n--demo\nfail\n\"\nhelp\nquit\nvolumes\n"),
		Places: func(context.Context) ([]store.PlaceRow, error) {
			return []store.PlaceRow{{Name: "lab", Location: "cloud:lab"}, {Name: "db", Location: "mysql://h/cinder"}}, nil
		}}
	err := e.Prompt(t.Context(), "the terminal is dumb", "", func(_ context.Context, args []string) error {
		did = append(did, args)
		if args[0] == "fail" {
			return core.Fail(core.CodeNotFound, "find \x1b[31mit", "there is none", "", nil)
		}
		return nil
	})
	want := [][]string{{"backups", "--place=db", "--filter", "name~a b"}, {"plan", "x", "--cloud=other"}, {"volumes", "--place=nosuch:x"},
		{"volumes", "--place=demo"}, {"plan", "--help"}, {"fail", "--place=demo"}, {"--help"}}
	if err != nil || !reflect.DeepEqual(did, want) {
		t.Errorf("%v: %q", err, did)
	}
	for _, part := range []string{"the terminal is dumb. So there are no screens", "2  db, mysql://h/cinder\n3  demo\n", "hearth db> ",
		"hearth demo> ",
		"a line begins with a verb", "a quotation mark has no end", `hearth: cannot find \x1b[31mit: there is none.`} {
		if !strings.Contains(talk.String(), part) {
			t.Errorf("it does not say %q:\n%s", part, talk.String())
		}
	}
	if e.In = strings.NewReader("volumes"); e.Prompt(t.Context(), "x", "demo", func(context.Context, []string) error { return nil }) != nil {
		t.Error("the end of what is typed is a failure")
	}
}

// TestWords takes lines apart as a shell does.
func TestWords(t *testing.T) {
	for line, want := range map[string][]string{"": nil, "  a  b\t": {"a", "b"}, `a'b c'"d e"`: {"ab cd e"}, `'' ""`: {"", ""},
		`a\ b \' "\"\x" '\'`: {"a b", "'", `"\x`, `\`}, "$HOME *": {"$HOME", "*"}} {
		if got, err := Words(line); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, %v", line, got, err)
		}
	}
	for _, line := range []string{"'", `"a`, `a\`} {
		if got, err := Words(line); core.CodeOf(err) != core.CodeUsage {
			t.Errorf("%q: %q, %v", line, got, err)
		}
	}
}
