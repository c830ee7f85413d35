package verbs

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"hearth/core"
)

func TestArguments(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"a", "b", "c"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("dir", 0o700); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"":                                      "",
		"plan x --new":                          "plan x --new=",
		"plan x --new name":                     "plan x --new=name",
		"plan x --new -o json":                  "plan x --new= -o json",
		"plan x --new=name y":                   "plan x --new=name y",
		"plan --capture a":                      "plan --capture a",
		"plan --capture a b c --new":            "plan --capture a --capture b --capture c --new=",
		"plan --capture a x":                    "plan --capture a x",
		"plan --capture a dir":                  "plan --capture a dir",
		"plan --capture none b":                 "plan --capture none --capture b",
		"plan x --capture a --capture b c -- d": "plan x --capture a --capture b --capture c -- d",
		"plan --capture":                        "plan --capture",
		"plan -- --new x":                       "plan -- --new x",
		"plan --capture -":                      "plan --capture -",
	} {
		if got := strings.Join(Arguments(strings.Fields(args)), " "); got != want {
			t.Errorf("%s: %s, want %s", args, got, want)
		}
	}
}

// TestHelp: every verb has one, names its flags in words, and none speaks of a
// flag that it does not have.
func TestHelp(t *testing.T) {
	b := open(t, lab)
	var all []*cobra.Command
	for _, c := range All(&b.env) {
		all = append(all, c)
		for _, sub := range c.Commands() {
			if !sub.Hidden { // as the words of other clients are
				all = append(all, sub)
			}
		}
	}
	for _, c := range all {
		if c.Short == "" || c.Long == "" && c.Name() != "man" || c.Args == nil || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: short %q, %d of long help, arguments checked: %v", c.Name(), c.Short, len(c.Long), c.Args != nil)
		}
		if c.ValidArgsFunction == nil && c.Name() != "import" && c.Name() != "decode" {
			t.Errorf("%s completes to file names", c.Name())
		}
	}
	got := b.ok("help", "backups")
	for _, want := range []string{"hearth backups", "--filter", "The columns are name, status, kind"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}

// TestMan: the page holds every verb and flag, and nothing that roff would take
// for a request.
func TestMan(t *testing.T) {
	b := open(t, lab)
	got := b.ok("man")
	for _, want := range []string{`.TH "HEARTH" "1"`, `.SS "hearth plan [BACKUP]"`, `\fB\-\-capture FILE\fR`,
		`\fB\-\-new [NAME]\fR`, `\fB\-o, \-\-output OUTPUT\fR`, `\fB\-\-limit N\fR`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %.300s", want, got)
		}
	}
	for line := range strings.Lines(got) {
		if strings.HasPrefix(line, "'") || strings.HasPrefix(line, ".") &&
			!slices.Contains([]string{".TH", ".SH", ".SS", ".PP", ".TP", ".nf", ".fi", ".RS", ".RE"}, line[:3]) {
			t.Errorf("a request: %s", line)
		}
	}
	if got := roff(".x\n'y' a-b \\"); got != `\&.x`+"\n"+`\(aqy\(aq a\-b \e` {
		t.Errorf("%q", got)
	}
}

// TestCheck lists files with their size, and places, and then what is known of the
// logins; by its old name too.
func TestCheck(t *testing.T) {
	b := open(t, lab)
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, make([]byte, 1700), 0o600); err != nil {
		t.Fatal(err)
	}
	b.env.Paths = func() ([]Path, error) {
		return []Path{{"config", "/no\x1b", true}, {"archive", file, true}, {"place prod", "cloud:prod", false}}, nil
	}
	want := "config      /no\\x1b (not there yet)\narchive     " + file + " (1.7 KB)\nplace prod  cloud:prod\nsyntax      sqlite:FILE, "
	for _, name := range []string{"check", "info"} {
		if got := b.ok(name); !strings.HasPrefix(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	b.env.Logins = func() []core.Checked {
		return []core.Checked{{What: "proxy", Lines: []string{"HTTPS_PROXY http://p:1", "NO_PROXY x"}},
			{What: "cloud a", Lines: []string{"alice"}}, {What: "cloud b", Err: core.Fail(core.CodeUsage, "open the cloud b", "it is odd", "", nil)}}
	}
	want = "\nproxy    HTTPS_PROXY http://p:1\n         NO_PROXY x\ncloud a  alice\ncloud b  cannot open the cloud b: it is odd\n"
	if got := b.ok("check"); !strings.HasSuffix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	b.env.Session = func(context.Context) []core.Checked {
		return []core.Checked{{What: "terminal", Lines: []string{"xterm, 80x24"}}}
	}
	want = "\nterminal  xterm, 80x24\nproxy     HTTPS_PROXY http://p:1\n"
	if got := b.ok("check"); !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}
