package verbs

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
)

// failing is a place in which all goes wrong in one way.
type failing struct {
	store.Place
	err error
}

func (f failing) Backups(context.Context, core.Query) (core.Page[core.Backup], error) {
	return core.Page[core.Backup]{}, f.err
}

// TestExitCodes runs into every code that verbs can end with, and looks at the
// one sentence that is said.
func TestExitCodes(t *testing.T) {
	own, _ := demo(t, store.World{Volumes: 3, Backups: 6})
	theirs := open(t, lab)
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	good := file("good.json", theirs.ok("export", "demo-backup"))
	cut := file("cut.json", theirs.ok("export", "demo-backup")[:500])
	both := file("both.json", theirs.ok("export", "demo-backup")+"\n"+theirs.ok("export", "demo-incr")[:600])
	capture := file("capture.json", theirs.ok("capture", "web-root"))
	broken := file("broken.json", "{")
	broke := func(err error) *bench {
		b := on(t, failing{theirs.desk.Place, err})
		return b
	}
	for name, c := range map[string]struct {
		on   *bench
		args string
		code int
		says string // all of stderr, or with … before or after it a part
	}{
		"internal": {broke(errors.New("odd")), "backups", 1, "hearth: odd.\n"},
		"no such format": {own, "backups -o xml", 2,
			"hearth: cannot print as xml: there is no such format; use table, json, yaml, csv or value.\n"},
		"no such column": {own, "backups -c x", 2, "hearth: cannot print column x: there is no such column; use some of name, …"},
		"no such sort":   {own, "backups --sort x", 2, "hearth: cannot sort by x: …"},
		"bad filter":     {own, "backups --filter size>x", 2, "hearth: cannot filter by size>x: size wants a number; …"},
		"negative limit": {own, "backups --limit -1", 2,
			"hearth: cannot run hearth backups: --limit wants a number from 1; leave it out for all.\n"},
		"no limit": {own, "journal --limit 0", 2, "hearth: cannot run hearth journal: --limit wants a number from 1; …"},
		"limit in words": {own, "backups --limit ten", 2,
			"hearth: cannot run hearth backups: --limit wants a number, and \"ten\" is none; hearth backups --help lists the flags.\n"},
		"unknown flag": {own, "backups --nope", 2,
			"hearth: cannot run hearth backups: there is no flag --nope; hearth backups --help lists the flags.\n"},
		"unknown short flag": {own, "backups -z", 2, "hearth: cannot run hearth backups: there is no flag -z; …"},
		"bare flag":          {own, "backups --filter", 2, "hearth: cannot run hearth backups: nothing follows --filter; …"},
		"missing argument":   {own, "volume", 2, "hearth: cannot run hearth volume: an argument is missing; write hearth volume ID.\n"},
		"extra argument":     {own, "volume a b", 2, "hearth: cannot run hearth volume: b is one argument too many; write hearth volume ID.\n"},
		"argument of none":   {own, "backups x", 2, "hearth: cannot run hearth backups: x is one argument too many; write hearth backups.\n"},
		"unknown verb":       {own, "bakups", 2, "hearth: there is no verb bakups; backup or backups may be meant.\n"},
		"verb far off":       {own, "frobnicate", 2, "hearth: there is no verb frobnicate; hearth help lists those there are.\n"},
		"help of no verb":    {own, "help frob", 2, "hearth: there is no verb frob; …"},
		"help of two":        {own, "help plan b", 2, "hearth: cannot run hearth help: b is one argument too many; …"},
		"no shell": {own, "completion", 2,
			"hearth: cannot run hearth completion: an argument is missing; name bash, zsh, fish or powershell.\n"},
		"unknown shell":  {own, "completion csh", 2, "hearth: cannot run hearth completion: there are no completions for csh; …"},
		"shell and more": {own, "completion bash x", 2, "hearth: cannot run hearth completion bash: x is one argument too many; …"},
		"no target":      {own, "plan x", 2, "hearth: cannot run hearth plan: there is no target; give --onto VOLUME, --new or --new NAME.\n"},
		"two targets": {own, "plan x --onto a --new b", 2,
			"hearth: cannot run hearth plan: --onto and --new are both given; choose one.\n"},
		"no source":      {own, "plan --onto x", 2, "hearth: cannot run hearth plan: there is nothing to restore from; …"},
		"source as name": {own, "plan --new x", 2, "hearth: cannot run hearth plan: x was taken for the name of the new volume, …"},
		"two sources":    {own, "plan a b --new", 2, "hearth: cannot run hearth plan: b is one argument too many; …"},
		"no such rules":  {own, "plan --capture " + capture + " --new --rules x", 2, "hearth: cannot choose rules x: …"},
		"no such layers": {own, "plan --capture " + capture + " --new --layers x", 2, "hearth: cannot choose layers x: …"},
		"plan as csv":    {own, "plan x --new -o csv", 2, "hearth: cannot print as csv: there is no such format; use table, json or yaml.\n"},
		"export as xml": {own, "export x -o xml", 2,
			"hearth: cannot export as xml: there is no such format; use json, command, openstack or text.\n"},
		"entry in words": {own, "undo x", 2, "hearth: cannot run hearth undo: x is no number of a journal entry; …"},
		"no version": {own, "capture x --version 3", 2,
			"hearth: cannot run hearth capture: no release restores version 3; use 1 or 2.\n"},
		"nobody to ask": {own, "import " + good, 2,
			"…hearth: cannot import: there is no terminal to ask on; look at it with --dry-run, then give --yes.\n"},
		"demo to nowhere": {own, "demo", 2, "hearth: cannot run hearth demo: --out is missing; write hearth demo --out FILE.\n"},
		"fewer than none": {own, "demo --out x --volumes -1", 2, "hearth: cannot run hearth demo: --volumes cannot be negative; …"},
		"no such volume": {own, "volume no-such", 3,
			"hearth: cannot find volume no-such: there is none of that id, beginning of an id, or name; list them with hearth volumes.\n"},
		"no name at all":  {theirs, "volume ''", 3, "…"},
		"no such backup":  {own, "plan no-such --new", 3, "hearth: cannot find backup no-such: …"},
		"no such file":    {own, "import " + dir + "/none", 3, "hearth: cannot read " + dir + "/none: there is no such file.\n"},
		"no such entry":   {own, "undo 99", 3, "…99…"},
		"nothing to undo": {own, "undo", 3, "hearth: cannot undo: …"},
		"two of a name": {theirs, "volume dup", 4,
			"hearth: cannot find volume dup: 2 volumes fit it: 48402db0-379e-48c8-8802-36dacf9294b4, " +
				"42c325b6-6c0e-4b95-9227-301901b38c55; give the whole id.\n"},
		"two of a prefix": {theirs, "backup a", 4, "hearth: cannot find backup a: …"},
		"there already":   {own, "demo --out " + good, 5, "hearth: cannot make " + good + ": there is a file of that name already; …"},
		"not exportable": {theirs, "export real-failure", 6,
			"hearth: cannot export backup 13d8f53a-ea4a-4653-bb02-99de928194ac: its status is error, …"},
		"none exportable": {theirs, "export real-failure stuck-error", 6,
			"…hearth: cannot export all: 2 of 2 backups failed; see what is said of each.\n"},
		"here already": {theirs, "import " + good + " --dry-run", 6,
			"…hearth: cannot import: the record cannot be imported; see what is said of it.\n"},
		"not there yet": {own, "apply --capture " + capture + " --new", 6,
			"…hearth: cannot apply the plan: its target is a volume that does not exist yet; …"},
		"read-only": {theirs, "apply --capture " + capture + " --onto web-root --yes", 7,
			"…hearth: cannot apply the plan: it is Cinder's own database, opened read-only; …"},
		"a folder":   {own, "decode " + dir, 8, "hearth: cannot read " + dir + ": it is no file that can be read.\n  because: …"},
		"no record":  {own, "decode " + broken, 8, "hearth: cannot find a record in " + broken + ": there is none in its 1 bytes; …"},
		"cut record": {own, "decode " + cut, 8, "hearth: line 1: cannot read the record: the text ends inside the record: …"},
		"unavailable": {broke(core.Fail(core.CodeUnavailable, "read", "it is locked", "", nil)), "backups", 9,
			"hearth: cannot read: it is locked.\n"},
		"denied": {broke(core.Fail(core.CodeDenied, "read", "no", "", nil)), "backups", 10, "…"},
		"some exported": {theirs, "export real-failure demo-backup", 11,
			"…hearth: cannot export all: 1 of 2 backups failed; see what is said of each.\n"},
		"some decoded": {own, "decode " + both, 11, "…hearth: cannot decode all: 1 of 2 records cannot be read; …"},
		"no journal":   {theirs, "journal", 12, "hearth: cannot read the journal: this place keeps none, and there is no archive.\n"},
		"cancelled":    {broke(context.Canceled), "backups", 130, "hearth: cancelled.\n"},
	} {
		t.Run(name, func(t *testing.T) {
			c.on.t = t
			got := c.on.run(fields(c.args)...)
			if got.code != c.code {
				t.Errorf("exit %d, want %d", got.code, c.code)
			}
			if !says(got.err, c.says) {
				t.Errorf("says %q, want %q", got.err, c.says)
			}
			if n := strings.Count(got.err, "hearth: "); n != 1 {
				t.Errorf("%d sentences: %q", n, got.err)
			}
		})
	}
}

// fields splits at blanks; ” is an empty word.
func fields(s string) []string {
	out := strings.Fields(s)
	for i := range out {
		if out[i] == "''" {
			out[i] = ""
		}
	}
	return out
}

// says reports whether a text is as wanted; … stands for anything.
func says(text, want string) bool {
	parts := strings.Split(want, "…")
	if len(parts) == 1 {
		return text == want
	}
	if !strings.HasPrefix(text, parts[0]) || !strings.HasSuffix(text, parts[len(parts)-1]) {
		return false
	}
	for _, p := range parts {
		i := strings.Index(text, p)
		if i < 0 {
			return false
		}
		text = text[i+len(p):]
	}
	return true
}

// TestExitCodesAreDocumented: every code of core's has an exit code of its own,
// and the help lists it.
func TestExitCodesAreDocumented(t *testing.T) {
	seen := map[int]bool{0: true}
	for _, c := range codes {
		if seen[c.Exit] {
			t.Errorf("%d stands for two things", c.Exit)
		}
		seen[c.Exit] = true
		if !strings.Contains(ExitCodes(), fmt.Sprintf("  %-4d %s\n", c.Exit, c.What)) {
			t.Errorf("%d is not in the help", c.Exit)
		}
		if got := ExitCode(core.Fail(c.Code, "", "", "", nil)); got != c.Exit {
			t.Errorf("%s: %d, want %d", c.Code, got, c.Exit)
		}
	}
	for name, code := range coreCodes(t) {
		if !slices.ContainsFunc(codes, func(c exitCode) bool { return c.Code == code }) {
			t.Errorf("%s (%s) has no exit code", name, code)
		}
	}
}

// coreCodes are the codes that core/errors.go declares, by their names.
func coreCodes(t *testing.T) map[string]core.Code {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../../core/errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]core.Code{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			out[spec.Names[0].Name] = core.Code(value)
		}
		return true
	})
	if len(out) < 13 {
		t.Fatalf("only %d codes were found in core/errors.go", len(out))
	}
	return out
}

// TestExitCodesTable: the table in VERBS.md of exit codes is the code's.
func TestExitCodesTable(t *testing.T) {
	readme, err := os.ReadFile("../../.github/VERBS.md")
	if err != nil {
		t.Fatal(err)
	}
	const head = "| exit code | meaning |\n| --- | --- |\n"
	_, have, ok := strings.Cut(string(readme), head)
	if !ok {
		t.Fatal("VERBS.md has no table of exit codes")
	}
	have, _, _ = strings.Cut(have, "\n\n")
	want := "| 0 | done |\n"
	for _, c := range codes {
		want += fmt.Sprintf("| %d | %s |\n", c.Exit, c.What)
	}
	if have = strings.TrimRight(have, "\n") + "\n"; have != want {
		t.Errorf("VERBS.md says\n%s\n\nand the code\n%s", have, want)
	}
}

// TestCauses: what lies beneath an error is told once.
func TestCauses(t *testing.T) {
	_, err := os.Open("/no/such/file")
	var b strings.Builder
	Report(&b, core.Fail(core.CodeNotFound, "open it", "it is not there", "look", fmt.Errorf("while opening\x1b: %w", err)))
	want := "hearth: cannot open it: it is not there; look.\n" +
		"  because: while opening\\x1b: open /no/such/file: no such file or directory\n"
	if b.String() != want {
		t.Errorf("got %q", b.String())
	}
}

// TestClosedPipe: a reader that has had enough ends hearth quietly.
func TestClosedPipe(t *testing.T) {
	b := open(t, lab)
	capture := filepath.Join(t.TempDir(), "c.json")
	if err := os.WriteFile(capture, []byte(b.ok("capture", "web-root")), 0o600); err != nil {
		t.Fatal(err)
	}
	record := b.ok("export", "demo-backup")
	b.env.Out = closedPipe(t)
	for _, args := range []string{"volumes", "backups -o json", "backups -o yaml", "backups -o csv",
		"backups -o value", "volume web-root", "backup demo-incr -o csv",
		"backup demo-incr -o value", "backup demo-incr -o yaml", "capture web-root", "plan demo-incr --new",
		"plan demo-incr --new -o json", "export demo-incr", "decode -", "man"} {
		b.in = record
		if got := b.run(strings.Fields(args)...); got.code != 0 || strings.Contains(got.err, "hearth: ") || strings.Contains(got.err, "pipe") {
			t.Errorf("%s: %+v", args, got)
		}
	}
	b.env.Out = full{}
	if got := b.run("volumes"); got.code != 1 || got.err != "hearth: cannot write the output: it is not taken.\n  because: no space left\n" {
		t.Errorf("a full disk: %+v", got)
	}
}

// full is an output that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// silent is an input on which nothing ever comes.
type silent struct{}

func (silent) Read([]byte) (int, error) { select {} }

var _ io.Reader = silent{}

// TestCancelWhileReading: neither a question nor a paste holds hearth up.
func TestCancelWhileReading(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	e := Env{In: silent{}, Err: io.Discard, Asks: true}
	cancel()
	if _, err := e.read(ctx, "-"); !errors.Is(err, context.Canceled) {
		t.Errorf("reading: %v", err)
	}
	if err := e.confirm(ctx, false, "try", "Really?", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("asking: %v", err)
	}
}

// TestDeskFails: a place that does not open is told of by every verb.
func TestDeskFails(t *testing.T) {
	b := open(t, lab)
	b.env.Desk = func(context.Context) (jobs.Desk, func(), error) {
		return jobs.Desk{}, nil, core.Fail(core.CodeNotFound, "open it", "it is gone", "", nil)
	}
	b.in = open(t, lab).ok("export", "demo-backup")
	for _, args := range []string{"volumes", "backups", "volume x", "backup x", "capture x", "plan x --new",
		"apply x --new", "undo", "journal", "export x", "import"} {
		if got := b.run(strings.Fields(args)...); got.code != 3 || !strings.HasSuffix(got.err, "hearth: cannot open it: it is gone.\n") {
			t.Errorf("%s: %+v", args, got)
		}
	}
}
