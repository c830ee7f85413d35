package verbs

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// binary is the real hearth, in a world of its own.
type binary struct {
	t    *testing.T
	path string
	home string
	env  []string
	// first is what a shell does before it becomes hearth, such as "ulimit -f 0"; "": no shell.
	first string
}

// build builds hearth.
func build(t *testing.T) *binary {
	t.Helper()
	b := &binary{t: t, path: filepath.Join(t.TempDir(), "hearth"), home: t.TempDir()}
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", b.path, "../..").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return b
}

// command prepares a call; nothing of the person's own settings gets in.
func (b *binary) command(args ...string) *exec.Cmd {
	cmd := exec.Command(b.path, args...)
	if b.first != "" {
		cmd = exec.Command("/bin/sh", append([]string{"-c", b.first + `; exec "$0" "$@"`, b.path}, args...)...)
	}
	cmd.Dir = b.home
	cmd.Env = append([]string{"HOME=" + b.home, "PATH=" + os.Getenv("PATH"), "USER=anna", "TMPDIR=" + b.home,
		"XDG_CONFIG_HOME=" + b.home + "/config", "XDG_DATA_HOME=" + b.home + "/data"}, b.env...)
	return cmd
}

func (b *binary) run(args ...string) outcome {
	b.t.Helper()
	cmd := b.command(args...)
	var out, talk strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &talk
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.t.Fatal(err)
	}
	return outcome{out.String(), talk.String(), cmd.ProcessState.ExitCode()}
}

func (b *binary) configure(text string) {
	b.t.Helper()
	file := filepath.Join(b.home, "config/hearth/config.toml")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// TestHearth runs the real binary: what main wires together.
func TestHearth(t *testing.T) {
	b := build(t)
	for name, test := range map[string]func(*testing.T, *binary){"help": testMainHelp, "places": testMainPlaces,
		"config": testMainConfig, "pipe": testMainPipe, "archive": testMainArchive, "habits": testMainHabits,
		"doubled": testMainDoubled} {
		t.Run(name, func(t *testing.T) {
			test(t, &binary{t: t, path: b.path, home: t.TempDir()})
		})
	}
}

func testMainHelp(t *testing.T, b *binary) {
	b.env = []string{"TERM=linux"}
	for args, want := range map[string]string{
		"check":               "\nclipboard    none: no tmux, no desktop, and a terminal of the type linux has none",
		"--help":              "130  cancelled",
		"help":                "Apply a restore's metadata to a volume",
		"help plan":           "hearth plan [BACKUP] [--capture FILE…] (--onto VOLUME | --new [NAME])",
		"plan --help":         "Capture files in order",
		"help completion zsh": "zsh",
		"--version":           "hearth version ",
		"man":                 `.TH "HEARTH" "1"`,
		"completion bash":     "__start_hearth hearth",
		"completion zsh":      "#compdef hearth",
		"completion fish":     "complete -c hearth",
		"info": "config      " + b.home + "/config/hearth/config.toml (not there yet)\narchive     " +
			b.home + "/data/hearth/archive.sqlite (not there yet)\nremembered  " + b.home + "/.local/state/hearth/state.json (not there yet)\n" +
			"cache       " + b.home + "/.cache/hearth\nsyntax      sqlite:FILE",
	} {
		if got := b.run(strings.Fields(args)...); got.code != 0 || got.err != "" || !strings.Contains(got.out, want) {
			t.Errorf("%s: exit %d, says %q, prints %q", args, got.code, got.err, got.out)
		}
	}
	page := b.run("man").out
	for line := range strings.Lines(ExitCodes()) {
		if !strings.Contains(page, "\n"+roff(line)) {
			t.Errorf("the manual page does not list the exit code %q", line)
		}
	}
	if entries, err := os.ReadDir(b.home); err != nil || len(entries) != 0 {
		t.Errorf("help leaves %v behind, %v", entries, err)
	}
	if got := b.run("--demo"); got.code != 2 ||
		got.err != "hearth: cannot open the screens: this is no terminal; use a verb, such as hearth backups -o json.\n" {
		t.Errorf("%+v", got)
	}
}

// testMainPlaces: a flag goes before HEARTH_PLACE, and that before the config.
func testMainPlaces(t *testing.T, b *binary) {
	for i, name := range []string{"one", "two", "three"} {
		if got := b.run("demo", "--out", name, "--backups", "-0", "--volumes", fmt.Sprint(i+1)); got.code != 0 {
			t.Fatalf("%+v", got)
		}
	}
	volumes := func(args ...string) outcome {
		got := b.run(append([]string{"volumes", "-o", "value", "-c", "id"}, args...)...)
		got.out = fmt.Sprint(strings.Count(got.out, "\n"))
		return got
	}
	if got := volumes(); got.code != 2 ||
		got.err != "hearth: cannot choose a place: none is named; look around with hearth --demo, or name one with "+
			"--store FILE, --cloud NAME, HEARTH_PLACE or place in the config.\n" {
		t.Errorf("none: %+v", got)
	}
	b.configure("place = \"main\"\n[places.main]\nlocation = \"sqlite:one\"\n[places.other]\nlocation = \"sqlite:two\"\n")
	for args, want := range map[string]outcome{
		"":                     {"1", "", 0},
		"--place other":        {"2", "", 0},
		"--place sqlite:three": {"3", "", 0},
		"--store three":        {"3", "", 0},
		"--place none": {"0", "cannot use the place none: it does not say what kind of place it is; write sqlite:FILE, " +
			"mysql://HOST/DATABASE, postgres://HOST/DATABASE, cinderconf:FILE, cloud:NAME, posix:/DIR, s3://HOST/BUCKET, " +
			"swift:CLOUD/CONTAINER, ceph:POOL or demo, or a name from the config: main, other", 2},
		"--store one --cloud x":  {"0", "cannot choose a place: sqlite:one and cloud:x are both named; name one", 2},
		"--store one --demo":     {"0", "cannot choose a place: sqlite:one and demo are both named; name one", 2},
		"--place main --store x": {"0", "cannot choose a place: main and sqlite:x are both named; name one", 2},
		"--cloud prod":           {"0", "cannot open the cloud prod: there is no clouds.yaml in …", 3},
		"--place swift:a/b":      {"0", "cannot open the cloud a: there is no clouds.yaml in …", 3},
		"--store nowhere":        {"0", "cannot open " + b.home + "/nowhere: there is no such file; …", 3},
	} {
		if want.err != "" {
			want.err = "hearth: " + want.err + ".\n"
		}
		if got := volumes(strings.Fields(args)...); got.code != want.code || got.out != want.out ||
			!says(got.err, want.err) && !says(got.err, strings.TrimSuffix(want.err, ".\n")) {
			t.Errorf("%s: %+v, want %+v", args, got, want)
		}
	}
	b.env = []string{"HEARTH_PLACE=other"}
	if got := volumes(); got.out != "2" {
		t.Errorf("HEARTH_PLACE: %+v", got)
	}
	if got := volumes("--store", "three"); got.out != "3" {
		t.Errorf("HEARTH_PLACE and a flag: %+v", got)
	}
	want := "place main   sqlite:one\nplace other  sqlite:two\nopens        sqlite:" + b.home + "/two\n"
	if got := b.run("info"); !strings.Contains(got.out, want) {
		t.Errorf("%+v", got)
	}
	if got := b.run("__completeNoDesc", "volumes", "--place", ""); !strings.HasPrefix(got.out, "main\nother\ndemo\n") {
		t.Errorf("%+v", got)
	}
}

// testMainConfig: mistakes are told with file and line, by every verb that opens a
// place and by info.
func testMainConfig(t *testing.T, b *binary) {
	file := b.home + "/config/hearth/config.toml"
	for text, want := range map[string]string{
		"place = \n":                          "line 1: …",
		"[screen]\ntheme = \"dark\"\nfoo=1\n": "line 3: there is no setting screen.foo; …",
		"\n[screen]\nthem = \"dark\"\n":       "line 3: there is no setting screen.them; write theme, or see hearth help check …",
		"[screen]\n\ntheme = \"nosuch\"\n":    "line 3: there is no theme nosuch; …",
		"[screen]\ntimes = \"mars\"\n":        "line 2: mars is neither utc nor local; …",
		"[screen]\nclipboard = 3\n":           "line 2: screen.clipboard wants a string, and this is a number; …",
		"\nplace = \"nosuch\"\n":              "line 2: cannot use the place nosuch: …",
		"[places.a]\nlocation = \"foo:x\"\n":  "…cannot use the place foo:x: there is no kind of place called foo; …",
		"[places.a]\nwrite = true\n":          "line 2: there is no setting places.a.write; …",

		"[places.a]\nlocation = \"demo\"\ncolor = \"crimsn\"\n": "line 3: crimsn is no colour: …",
	} {
		b.configure(text)
		for _, verb := range []string{"volumes --demo", "info", "export x --demo"} {
			got := b.run(strings.Fields(verb)...)
			if got.code != 2 || !says(got.err, "hearth: cannot read the config "+file+": "+want) {
				t.Errorf("%q: %s: %+v, want %s", text, verb, got, want)
			}
		}
	}
	if got := b.run("volumes", "--demo", "--config", "nosuch.toml"); got.code != 3 ||
		!says(got.err, "hearth: cannot read the config nosuch.toml: there is no such file; …") {
		t.Errorf("%+v", got)
	}
	if got := b.run("decode", "nosuch"); got.code != 3 { // opens no place, and so reads no config
		t.Errorf("%+v", got)
	}
}

// testMainPipe: a reader that goes away ends hearth quietly, and what was opened
// is closed: the demo leaves nothing behind.
func testMainPipe(t *testing.T, b *binary) {
	for _, args := range []string{"backups --demo", "backups --demo -o json", "man", "--help"} {
		cmd := b.command(strings.Fields(args)...)
		cmd.Stdout = closedPipe(t)
		var talk strings.Builder
		cmd.Stderr = &talk
		if err := cmd.Run(); err != nil || talk.Len() > 0 {
			t.Errorf("%s: %v, says %q", args, err, talk.String())
		}
	}
	if entries, err := os.ReadDir(b.home); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// testMainArchive: what hearth keeps of somebody else's database is in the archive,
// for its owner only.
func testMainArchive(t *testing.T, b *binary) {
	db := copyOf(t, lab)
	run := func(code int, args ...string) outcome {
		t.Helper()
		got := b.run(append(args, "--store", db)...)
		if got.code != code {
			t.Fatalf("%q: %+v", args, got)
		}
		return got
	}
	run(0, "capture", "web-root", "--save")
	state := run(0, "volume", "web-root", "-o", "json").out
	capture := filepath.Join(b.home, "capture.json")
	if err := os.WriteFile(capture, []byte(run(0, "capture", "db-prod-primary").out), 0o600); err != nil {
		t.Fatal(err)
	}
	apply := []string{"apply", "--capture", capture, "--onto", "web-root", "--yes"}
	run(7, apply...)
	run(0, append(apply, "--write")...)
	if got := run(0, "volume", "web-root", "-o", "json"); got.out == state {
		t.Error("nothing was applied")
	}
	if got := run(0, "journal", "-o", "value", "-c", "id,kind,state"); got.out != "1\tapply\tdone\n" {
		t.Errorf("the journal says %q", got.out)
	}
	// From another folder it is the same place, and no less protected.
	b.configure("[places.theirs]\nlocation = \"sqlite:" + db + "\"\nread_only = true\n")
	for args, want := range map[string]outcome{"journal -o value -c id": {"1\n", "", 0}, strings.Join(apply, " ") + " --write": {"", "", 7}} {
		elsewhere := b.command(append(strings.Fields(args), "--store", filepath.Base(db))...)
		elsewhere.Dir = filepath.Dir(db)
		out, _ := elsewhere.Output()
		if code := elsewhere.ProcessState.ExitCode(); string(out) != want.out || code != want.code {
			t.Errorf("%s, from its folder: exit %d, prints %q", args, code, out)
		}
	}
	b.configure("")
	run(7, "undo", "--yes")
	run(0, "undo", "--yes", "--write")
	if got := run(0, "journal", "-o", "value", "-c", "id,kind,state"); got.out != "2\tundo\tdone\n1\tapply\tundone\n" {
		t.Errorf("the journal says %q", got.out)
	}
	info, err := os.Stat(b.home + "/data/hearth/archive.sqlite")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the archive: %v, %v", info, err)
	}
}
