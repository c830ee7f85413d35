package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/store/storetest"
)

// The newcomer's walk: what README.md and the guide of a restore tell, key by key, on the real
// program in a terminal of 80x24, in a home with nothing in it but a clouds.yaml. Its frames are
// kept in testdata/frames/walk.

// A page's numbered steps, and what stands in them between backquotes: keys, commands, files.
var (
	stepBegins = regexp.MustCompile(`^(\d+)\. `)
	quotedIn   = regexp.MustCompile("`([^`]+)`")
)

// stepsOf are the numbered steps under a heading of a page, each as what it quotes, in order, with
// what a code block above them tells to type as the first.
func stepsOf(t *testing.T, page, heading string) (steps [][]string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", page))
	if err != nil {
		t.Fatal(err)
	}
	_, body, ok := strings.Cut(string(data), heading+"\n")
	if !ok {
		t.Fatalf("%s has no %q", page, heading)
	}
	body, _, _ = strings.Cut(body, "\n## ")
	var text []string
	typed, in := []string{}, false
	for _, line := range strings.Split(body, "\n") {
		command, is := strings.CutPrefix(line, "$ ")
		switch {
		case is && len(text) == 0:
			command, _, _ = strings.Cut(command, "#")
			typed = append(typed, strings.TrimSpace(command))
		case stepBegins.MatchString(line):
			text, in = append(text, line), true
		case in && strings.HasPrefix(line, "   "):
			text[len(text)-1] += " " + strings.TrimSpace(line)
		default:
			in = false
		}
	}
	steps = append(steps, typed)
	for _, step := range text {
		var quoted []string
		for _, m := range quotedIn.FindAllStringSubmatch(step, -1) {
			quoted = append(quoted, m[1])
		}
		steps = append(steps, quoted)
	}
	return steps
}

// walker presses what a page tells.
type walker struct {
	*storetest.Terminal
	t     *testing.T
	steps [][]string
	told  map[string]bool // what was pressed, or looked for, of a step
	page  string
	n     int // of frames
	kept  []string
}

// read begins to walk by a page.
func (w *walker) read(page, heading string) {
	w.page, w.steps = page, stepsOf(w.t, page, heading)
}

// step begins a step of the page, which must quote these, in any order and nothing else; and what
// the step before it told must have been done.
func (w *walker) step(n int, quotes ...string) {
	w.t.Helper()
	w.ended()
	if n >= len(w.steps) {
		w.t.Fatalf("%s has no step %d", w.page, n)
	}
	have, want := slices.Sorted(slices.Values(w.steps[n])), slices.Sorted(slices.Values(quotes))
	if !slices.Equal(have, want) {
		w.t.Fatalf("step %d of %s tells of %q, and this walk does %q: have it do what the page tells", n, w.page, have, want)
	}
	for _, q := range quotes {
		w.told[q] = true
	}
}

// ended checks that all that a step told was done.
func (w *walker) ended() {
	w.t.Helper()
	for q := range w.told {
		w.t.Errorf("%s tells of %s, and it was not tried", w.page, q)
	}
	w.told = map[string]bool{}
}

// byPage notes that something that the page tells is done now.
func (w *walker) byPage(what string) string {
	w.t.Helper()
	if _, ok := w.told[what]; !ok {
		w.t.Fatalf("%s does not tell of %s here", w.page, what)
	}
	delete(w.told, what)
	return what
}

// keyNames are tmux's names of keys that pages write as people read them.
var tmuxKeys = map[string]string{"↓": "Down", "↑": "Up", "Esc": "Escape"}

// press presses a key that the page tells of in this step, until something comes.
func (w *walker) press(key string, wants ...string) {
	w.t.Helper()
	w.key(w.byPage(key), wants...)
}

// key presses a key, until something comes.
func (w *walker) key(key string, wants ...string) {
	w.t.Helper()
	if name, ok := tmuxKeys[key]; ok {
		key = name
	}
	w.Keys(key).Until(wants...)
}

// command types a line at the shell, which says then how it ended.
func (w *walker) command(line string, wants ...string) {
	w.t.Helper()
	w.Keys("text:clear; "+line+"; echo exit=$?", "Enter").Until(wants...)
}

// rests waits until nothing moves, as who reads what came does.
func (w *walker) rests() {
	last, at := "", time.Now()
	w.Comes(time.Minute, func(screen string) bool {
		if screen != last {
			last, at = screen, time.Now()
		}
		return time.Since(at) > 400*time.Millisecond
	})
}

// What differs from run to run in a frame: how long ago, how fast, when.
var (
	walkAge    = regexp.MustCompile(`( \d|\d\d)[smh] `)
	walkTook   = regexp.MustCompile(`answers, \d.*`)
	walkMoment = regexp.MustCompile(`12:\d\d:\d\d`)
	walkStale  = regexp.MustCompile(`  as of .*`)
)

// frame compares what stands there with the frame that is kept under a name, and waits for it.
func (w *walker) frame(name string) {
	w.t.Helper()
	w.n++
	file := filepath.Join("walk", fmt.Sprintf("%02d-%s.80x24.txt", w.n, name))
	w.kept = append(w.kept, filepath.Base(file))
	masked := func(screen string) string {
		screen = walkAge.ReplaceAllString(screen, " ## ")
		screen = walkStale.ReplaceAllString(screen, "")
		screen = walkTook.ReplaceAllString(screen, "answers, # ms")
		return walkMoment.ReplaceAllString(screen, "12:##:##")
	}
	want, _ := os.ReadFile(filepath.Join("..", "testdata", "frames", file))
	if *update {
		w.rests()
	}
	screen, _ := w.Comes(time.Minute, func(screen string) bool { return *update || masked(screen) == string(want) })
	golden(w.t, file, masked(screen))
}

// TestSmokeNewcomer walks.
func TestSmokeNewcomer(t *testing.T) {
	const noon = "2026-03-01T12:00:00Z" // the cloud's backup is a day old then
	binary := inTmux(t, "-ldflags", "-X hearth/tui/settings.clock="+noon)
	api := storetest.NewAPI(t)
	storetest.Clouds(t, map[string]*storetest.API{"prod": api})
	clouds, err := os.ReadFile(os.Getenv("OS_CLIENT_CONFIG_FILE"))
	if err != nil {
		t.Fatal(err)
	}
	os.Unsetenv("OS_CLIENT_CONFIG_FILE") // Clouds puts it back
	began := time.Now()
	w := &walker{t: t, Terminal: storetest.OpenTerminal(t, 80, 24,
		[]string{"PATH=" + filepath.Dir(binary) + ":" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "ENV="}, "cd '"+
			filepath.Dir(binary)+"'; exec sh")}
	w.byReadme(t)
	w.inACloud(t, clouds)
	w.ended()
	if took := time.Since(began); took > 5*time.Minute {
		t.Errorf("the walk took %s", took)
	}
	files, err := os.ReadDir(filepath.Join("..", "testdata", "frames", "walk"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains(w.kept, f.Name()) {
			t.Errorf("%s belongs to no step", f.Name())
		}
	}
	if writes := api.Writes(); len(writes) > 0 {
		t.Errorf("the cloud was asked to change something: %q", writes)
	}
}

// byReadme does the first four steps of README.md, in the demo.
func (w *walker) byReadme(t *testing.T) {
	w.read("README.md", "## Five minutes")
	w.step(0, "CGO_ENABLED=0 go build -o hearth .", "./hearth --demo")
	w.byPage("CGO_ENABLED=0 go build -o hearth .") // as the test did
	w.command(w.byPage("./hearth --demo"), "90 backups", "? help")
	w.frame("demo")

	w.step(1, "↓", "Enter", "Esc", "/", "?")
	w.press("↓", "> web-root-incr")
	w.press("Enter", "[Overview]", "web-root-incr")
	w.press("Esc", "90 backups")
	w.press("?", "Keys: Backups", "Filter as you type")
	w.frame("help")
	w.key("Esc", "90 backups", "? help")
	w.press("/", "keep the filter")
	w.Keys("text:db-prod").Until("backups of 90")
	w.frame("found")
	w.key("Enter", "filter db-prod")

	w.step(2, "r", "t")
	w.press("r", "[Restore]", "1 LOST: maintenance", "3 FIELDS CHANGE", "BECAUSE")
	w.frame("preview")
	w.press("t", "Restore onto", "FITS?", "db-prod-01 ")
	w.frame("targets")
	w.key("Esc", "[Restore]")
	w.key("Esc", "backups of 90")

	w.step(3, "x", "q")
	w.press("x", "to tmux's buffer")
	delete(w.told, "q") // at the end of the next

	w.step(4, "testdata/paste", "i")
	w.Tmux("load-buffer", "-b", "record", filepath.Join("..", w.byPage("testdata/paste"), "db-prod-full.openstack.table"))
	w.Tmux("paste-buffer", "-p", "-b", "record")
	w.Until("1 record ", "[x] db-prod-full", "1 can be imported")
	w.frame("pasted")
	w.press("i", "Import 1 backup into demo?", "in a shell: hearth import --demo")
	w.frame("import-asked")
	w.Answer("y").Until("1 backup imported")
	w.frame("imported")
	w.key("q", "exit=0")
	gone(t, w.Terminal)
}

// inACloud does the last step of README.md, and with what it opens those of the guide to a restore.
func (w *walker) inACloud(t *testing.T, clouds []byte) {
	w.step(5, "hearth", "hearth check", "clouds.yaml", "OS_*", "hearth --cloud NAME", "read_only = true")
	at := filepath.Join(w.Home, "openstack", w.byPage("clouds.yaml"))
	if err := os.Mkdir(filepath.Dir(at), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, clouds, 0o600); err != nil {
		t.Fatal(err)
	}
	w.command(w.byPage("hearth check"), "cloud prod", "admin, project ops, at http://127.0.0.1:")
	w.command("OS_AUTH_URL=http://127.0.0.1:9/v3 OS_USERNAME=eve OS_PASSWORD=x OS_PROJECT_NAME=p hearth check", "cloud envvars", "eve")
	w.byPage("OS_*")
	w.command(w.byPage("hearth"), "Where do you want to look?", "> prod", "✓ answers", "? help")
	w.frame("start")
	w.key("Enter", "hearth · prod · ops", "> nightly", "? help")
	w.frame("cloud")
	w.key("q", "exit=0")
	config := filepath.Join(w.Home, "hearth", "config.toml")
	if err := os.MkdirAll(filepath.Dir(config), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte("[places.kept]\nlocation = \"cloud:prod\"\n"+w.byPage("read_only = true")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	open := strings.Replace(w.byPage("hearth --cloud NAME"), "NAME", "prod", 1)
	w.command(open, "hearth · prod · ops (read-only)", "> nightly", "? help")
	w.key("q", "exit=0")
	if err := os.Remove(config); err != nil {
		t.Fatal(err)
	}
	w.command(open, "hearth · prod · ops ", "> nightly", "? help")

	w.read(".github/RESTORE.md", "# Look before you restore")
	w.step(1, "/", "status:available age<7d", "Enter")
	w.press("/", "keep the filter")
	w.Keys("text:"+w.byPage("status:available age<7d")).Until("/ status:available age<7d", "> nightly")
	w.key("Enter", "filter status:available age<7d")
	w.rests()
	w.press("Enter", "[Overview]", "Capture", "Chain")
	w.step(2, "r", "Enter", "t")
	w.press("r", "[Restore]", "UNKNOWN: no capture of this backup is known", "Enter choose target")
	w.frame("cloud-preview")
	w.press("Enter", "Restore onto", "db ", "✓ fits")
	w.frame("cloud-targets")
	w.key("Esc", "[Restore]")
	w.press("t", "Restore onto", "db ", "✓ fits")
	w.key("↓", "> db ")
	w.key("Enter", "[Restore]", "onto db", "Enter restore")
	w.step(3, "-", "~", "w")
	delete(w.told, "-") // signs, which the frames show
	delete(w.told, "~")
	w.frame("cloud-onto")
	w.press("w", "the plan", "in a line", "onto")
	w.key("Esc", "[Restore]", "Enter restore")
	w.step(4, "y", "Enter", "P")
	w.press("y", "The plan as text", "The plan as Markdown")
	w.key("Esc", "Enter restore")
	w.press("Enter", "> No (n)", "in a shell: hearth restore")
	w.frame("cloud-asked")
	w.Answer("n").Until("Enter restore", "P metadata only")
	w.press("P", "metadata only, by", "its data stays")
	w.frame("cloud-metadata")
	w.key("q", "exit=0")
}
