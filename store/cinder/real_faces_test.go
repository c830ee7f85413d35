package cinder_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/store/storetest"
)

// scene is a restore that cannot be on a real cloud, or may not: what is asked for, and
// what every face of hearth has to say of it before anything is made or sent.
type scene struct {
	what   string
	ask    core.RestoreRequest
	code   string
	answer core.Answer
	says   []string // parts of the reason
	fits   string   // what the chooser says of the volume; "": it is a new one, or nothing

	captures []string   // handed in, the full backup's first; "": one that nobody has
	fresh    bool       // what was kept of the backup is not asked
	config   string     // of the place
	metadata bool       // only the metadata is asked for, through the API
	noPlan   bool       // there can be none: what it would be of is not there, or not shown
	late     func()     // happens when the form of a new volume is filled in, which no verb has
	through  *jobs.Desk // the desk whose answer counts; nil: the site's
	first    string     // how the first reason begins, when the plan has told it
}

// faces are hearth's own over a site's cloud: the built program, in a home of its own.
// The requests of all of it go by way of a proxy that counts them.
type faces struct {
	s      *site
	binary string
	home   string
	clouds string // the clouds.yaml that names the proxy
	proxy  *proxy
}

// builtProgram builds hearth.
func builtProgram(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hearth")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", file, "../..").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file
}

// face gives a site its faces; its desk goes by way of the proxy from then on, and its
// archive is that of the program.
func (s *site) face(binary string) {
	s.t.Helper()
	upstream, err := url.Parse(s.endpoint)
	if err != nil {
		s.t.Fatal(err)
	}
	f := &faces{s: s, binary: binary, home: s.t.TempDir(), proxy: &proxy{t: s.t, upstream: upstream, address: "127.0.0.1:0"}}
	f.proxy.reset(nil)
	f.proxy.up()
	s.t.Cleanup(f.proxy.down)
	e := entry(s.t, s.name)
	e["block_storage_endpoint_override"] = "http://" + f.proxy.address + upstream.Path
	f.clouds = filepath.Join(f.home, "clouds.yaml")
	body, err := yaml.Marshal(dict{"clouds": dict{s.name: e}})
	if err == nil {
		err = os.WriteFile(f.clouds, body, 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.faces = f
	s.reopen()
}

// reopen opens the site's desk anew, which has learnt nothing yet.
func (s *site) reopen() {
	s.t.Helper()
	f, was := s.faces, os.Getenv("OS_CLIENT_CONFIG_FILE")
	os.Setenv("OS_CLIENT_CONFIG_FILE", f.clouds)
	defer os.Setenv("OS_CLIENT_CONFIG_FILE", was)
	d := s.openDesk(s.name, s.t.TempDir())
	folder := filepath.Join(f.home, "hearth")
	err := os.MkdirAll(folder, 0o700)
	if err == nil {
		d.Archive, err = archive.Open(s.ctx, filepath.Join(folder, "archive.sqlite"))
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { d.Archive.Close() })
	d.Source = s.desk.Source
	s.desk = d
}

// env is the environment of the program in a scene.
func (f *faces) env(x *scene) []string {
	f.s.t.Helper()
	data := f.home
	if x.fresh {
		data = f.s.t.TempDir()
	}
	config := f.s.t.TempDir()
	err := os.MkdirAll(filepath.Join(config, "hearth"), 0o700)
	if err == nil {
		err = os.WriteFile(filepath.Join(config, "hearth", "config.toml"),
			[]byte("[places.scene]\nlocation = \"cloud:"+f.s.name+"\"\nall_projects = true\n"+x.config+"\n"), 0o600)
	}
	if err != nil {
		f.s.t.Fatal(err)
	}
	return []string{"OS_CLIENT_CONFIG_FILE=" + f.clouds, "XDG_CONFIG_HOME=" + config, "XDG_DATA_HOME=" + data, "XDG_CACHE_HOME=" + f.home,
		"HEARTH_PLACE=scene"}
}

// files are the captures that are handed in; "unknown" for one that nobody has.
func (f *faces) files(x *scene) (files []string) {
	for _, text := range x.captures {
		file := "unknown"
		if text != "" {
			file = filepath.Join(f.s.t.TempDir(), "capture.json")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				f.s.t.Fatal(err)
			}
		}
		files = append(files, file)
	}
	return files
}

// run runs the program without a terminal.
func (f *faces) run(env []string, args ...string) (out, talk string, code int) {
	f.s.t.Helper()
	cmd := exec.CommandContext(f.s.ctx, f.binary, args...)
	cmd.Env = append(os.Environ(), env...)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		f.s.t.Fatal(err)
	}
	return o.String(), strings.Join(strings.Fields(e.String()), " "), cmd.ProcessState.ExitCode()
}

// shown holds the faces to a scene.
func (f *faces) shown(x *scene) {
	f.s.t.Helper()
	began := time.Now()
	env := f.env(x)
	files := f.files(x)
	args := storetest.Arguments(x.ask, files)
	f.planned(x, env, args)
	f.verb(x, env, args)
	told := time.Since(began)
	// A screen takes seconds: in short, each code is looked at once of a volume and of a new one.
	once := fmt.Sprint("on screen, of a volume ", x.ask.Volume != "", " ", x.code)
	if !slices.Contains(files, "unknown") && x.code != core.ReasonBackupMissing && (!testing.Short() || !f.s.told[once]) {
		f.screens(x, env, files)
		f.s.told[once] = true
	}
	f.s.t.Logf("%s: the verbs took %.1f s, all faces %.1f s", x.what, told.Seconds(), time.Since(began).Seconds())
}

// planned holds the plan's JSON to the scene.
func (f *faces) planned(x *scene, env, args []string) {
	t := f.s.t
	t.Helper()
	plan := append([]string{"plan", "-o", "json"}, args...)
	if x.ask.Volume != "" && !x.metadata {
		plan = append(plan, "--via", core.ViaDatabase)
	}
	out, talk, code := f.run(env, plan...)
	if x.noPlan {
		if code == 0 || code == 130 || out != "" {
			t.Errorf("%s: there is a plan, exit %d: %s %s", x.what, code, out, talk)
		}
		return
	}
	v, err := pyjson.Parse(out)
	if err != nil {
		t.Errorf("%s: %v; hearth plan, exit %d, says %s", x.what, err, code, talk)
		return
	}
	can := at(v.Object(), "can").Object()
	reasons := at(can, "reasons").Items()
	if len(reasons) > 0 {
		x.first = string([]rune(at(reasons[0].Object(), "text").Text() + "; "))[:20]
	}
	told := slices.ContainsFunc(reasons, func(r pyjson.Value) bool {
		o := r.Object()
		return at(o, "code").Text() == x.code && at(o, "answer").Text() == string(x.answer) && holdsAll(at(o, "text").Text(), x.says)
	})
	want := map[core.Answer]int{core.AnswerNo: 6, core.AnswerUnknown: 13}[x.answer]
	if !told || at(can, "answer").Text() != string(x.answer) || code != want {
		t.Errorf("%s: hearth plan, exit %d, says %s; %s", x.what, code, pyjson.Text(pyjson.OfDict(can)), talk)
	}
}

func holdsAll(text string, parts []string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
}

// verb holds the verb that would do it to the scene: what cannot be is refused although
// nobody is asked; what may fail is told of by the question, which is answered with no.
func (f *faces) verb(x *scene, env, args []string) {
	t := f.s.t
	t.Helper()
	verb := "restore"
	if x.metadata {
		verb = "apply"
	}
	args = append([]string{verb}, args...)
	if x.answer == core.AnswerNo {
		if _, talk, code := f.run(env, append(args, "--yes")...); code == 0 || code == 130 || code == 2 || !holdsAll(talk, x.says) {
			t.Errorf("%s: hearth %s, exit %d, says %s", x.what, verb, code, talk)
		}
		return
	}
	// So wide that no sentence is broken by the terminal, which does so in the middle of a word.
	term := storetest.OpenTerminal(t, 600, 60, env, "'"+strings.Join(append([]string{f.binary}, args...), "' '")+"'; echo exit=$?; exec cat")
	defer term.Close()
	screen, ok := term.Comes(30*time.Second, func(s string) bool { return strings.Contains(s, "[y/N]") || strings.Contains(s, "exit=") })
	if !ok || !x.noPlan && (!strings.Contains(screen, "[y/N]") || !holdsAll(storetest.Unwrapped(screen), x.says)) {
		t.Errorf("%s: hearth %s says\n%s", x.what, verb, screen)
		return
	}
	if strings.Contains(screen, "[y/N]") {
		term.Keys("n", "Enter").Until("exit=130")
	} else if strings.Contains(screen, "exit=0") {
		t.Errorf("%s: it was done\n%s", x.what, screen)
	}
}

// screens holds the screens of the real program to a scene: the chooser, the preview and
// the question.
func (f *faces) screens(x *scene, env, files []string) {
	t := f.s.t
	t.Helper()
	term := storetest.OpenTerminal(t, 200, 60, env, "'"+f.binary+"'; echo exit=$?; exec cat")
	defer term.Close()
	holds := func(where string, parts ...string) {
		t.Helper()
		if screen, ok := term.Comes(10*time.Second, func(s string) bool { return holdsAll(storetest.Unwrapped(s), parts) }); !ok {
			t.Errorf("%s: %s does not say %q:\n%s", x.what, where, parts, screen)
		}
	}
	term.Until("? help")
	term.Keys("/").Until("keep the filter")
	term.Keys("text:id:" + string(x.ask.Backup)).Until("1 backup of")
	term.Keys("Enter", "r")
	for range 20 { // the rows may just be read anew, and nothing is done to those of before
		if screen, _ := term.Comes(time.Second, func(s string) bool { return strings.Contains(s, "[Restore]") }); !strings.Contains(screen,
			"r does not work now: these are the rows of before") {
			break
		}
		term.Keys("r")
	}
	term.Until("[Restore]", "onto a new volume", "layers ")
	if x.metadata {
		term.Keys("i")
	}
	for _, file := range files {
		term.Keys("C").Until("A capture, as hearth capture writes it", "Enter take it")
		term.Keys("text:"+file).Until(filepath.Base(filepath.Dir(file))+"/capture.json", "Enter take it")
		term.Keys("Enter").Until("[Restore]", "layers ")
	}
	if !x.metadata && !f.aim(x, term, holds) {
		return
	}
	top := " CANNOT: "
	if x.answer != core.AnswerNo {
		top = " may fail: "
	}
	if x.noPlan {
		holds("the preview", x.says...)
		return
	}
	term.Until(top)
	term.Keys("w").Until("Esc close")
	holds("the preview", x.says...)
	term.Keys("Escape")
	term.Comes(10*time.Second, func(s string) bool { return !strings.Contains(s, "Esc close") })
	term.Keys(map[bool]string{true: "P", false: "Enter"}[x.metadata])
	if x.answer == core.AnswerNo {
		said := func(s string) bool {
			return strings.Contains(s, "does not work now: "+x.first) || strings.Contains(s, "No (n)")
		}
		if screen, ok := term.Comes(10*time.Second, said); !ok || strings.Contains(screen, "No (n)") {
			t.Errorf("%s: it asks all the same, or does not say why not:\n%s", x.what, screen)
		}
		return
	}
	if screen := term.Until("No (n)"); !strings.Contains(screen, "more, which w in the preview shows") {
		holds("the question", x.says...)
	}
	term.Keys("n")
}

// aim chooses the scene's target; false where it is not there to be chosen.
func (f *faces) aim(x *scene, term *storetest.Terminal, holds func(string, ...string)) bool {
	f.s.t.Helper()
	term.Keys("t").Until("type to find")
	term.Comes(10*time.Second, func(s string) bool { return !strings.Contains(s, "reading…") })
	if x.ask.Volume != "" {
		term.Keys("text:" + string(x.ask.Volume))
		if x.code == core.ReasonTargetMissing {
			holds("the chooser", "no volume is like that")
			return false
		}
		if x.fits != "" {
			holds("the chooser", "✗ "+x.fits)
		}
		term.Until(string(x.ask.Volume[:8]))
		term.Keys("Enter")
		return true
	}
	if x.ask.Size == 0 && x.ask.Type == "" && len(x.captures) == 0 && !x.fresh {
		holds("the chooser", x.says...)
	}
	term.Keys("Enter").Until("A new volume", "zone")
	term.Keys("Tab")
	if x.ask.Size > 0 {
		term.Keys("text:" + strconv.FormatInt(x.ask.Size, 10))
	}
	term.Keys("Tab")
	if x.ask.Type != "" {
		term.Keys("text:" + x.ask.Type)
		if x.late == nil && x.code == core.ReasonTypeGone { // the form offers those types that are there
			return false
		}
		term.Until(x.ask.Type)
	}
	if x.late != nil {
		x.late()
	}
	term.Keys("Enter")
	return true
}

// sent are the requests that would change something, since the proxy counts.
func (p *proxy) sent() (out []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, what := range slices.Sorted(maps.Keys(p.arrived)) {
		if !strings.HasPrefix(what, "GET ") && !strings.HasPrefix(what, "HEAD ") {
			out = append(out, what)
		}
	}
	return out
}

// everything is each volume and backup of the cloud with its status, by which a restore
// that is under way is seen, too.
func (s *site) everything() (out []string) {
	s.t.Helper()
	for _, kind := range []string{"volumes", "backups"} {
		for _, v := range s.list(kind) {
			out = append(out, strings.TrimSuffix(kind, "s")+" "+at(v.Object(), "id").Text()+" "+at(v.Object(), "status").Text())
		}
	}
	slices.Sort(out)
	return out
}
