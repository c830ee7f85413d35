package state

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"hearth/core"
)

var day = time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)

// some is a state with all there is in it.
func some() State {
	return State{Places: []Place{
		{Location: "cloud:prod", At: day, Theme: "light", Lists: map[string]List{
			"backups": {Filter: "status:error name~ü", Sort: "size", Desc: true, NoPane: true, Columns: "name:40,size", Fold: true},
			"volumes": {Sort: "name"}}},
		{Location: "posix:/srv/b", At: day.Add(-time.Hour)},
	}, Views: map[string]View{"old ones": {Place: "prod", Filter: "age>30d", Sort: "size desc", Columns: "name,size", Fold: true},
		"big": {List: "volumes", Sort: "size"}}}
}

// in makes a state file of a text.
func in(t *testing.T, body []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "hearth", "state.json")
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func save(t *testing.T, m *Memory) {
	t.Helper()
	if err := m.Save(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// TestRemembered: what one run remembers the next one finds, in a file that is nobody else's.
func TestRemembered(t *testing.T) {
	name := filepath.Join(t.TempDir(), "share", "hearth", "state.json")
	m, said := Open(name)
	if said != "" || len(m.Places()) > 0 {
		t.Fatalf("a file that is not there: %q, %v", said, m.Places())
	}
	for _, p := range some().Places {
		m.Change(p.Location, func(x *Place) { *x = p })
	}
	save(t, m)
	again, said := Open(name)
	if said != "" || !reflect.DeepEqual(again.Places(), some().Places) {
		t.Errorf("%q: %+v", said, again.Places())
	}
	for path, mode := range map[string]fs.FileMode{name: 0o600, filepath.Dir(name): 0o700 | fs.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if left, _ := os.ReadDir(filepath.Dir(name)); len(left) != 1 {
		t.Errorf("beside the file there is %v", left)
	}
	again.Visit("posix:/srv/b", day.Add(time.Hour))
	if got := again.Places()[0].Location; got != "posix:/srv/b" {
		t.Errorf("the last place is %s", got)
	}
	var none *Memory
	none.Visit("x", day)
	none.Forget("x")
	none.ForgetAll()
	if none.Save(context.Background()) != nil || none.Places() != nil || none.Of("x").Location != "" {
		t.Error("no memory remembers")
	}
}

// TestViews: views are saved and forgotten, beside what another run saves meanwhile; what a hearth
// before them wrote is read as it is.
func TestViews(t *testing.T) {
	name := in(t, []byte(`{"hearth_state": 1, "places": [{"location": "cloud:prod", "at": "2026-11-22T09:00:00Z"}]}`))
	a, said := Open(name)
	b, _ := Open(name)
	if said != "" || len(a.Places()) != 1 {
		t.Fatalf("%q, %v", said, a.Places())
	}
	for view, v := range some().Views {
		if !a.SaveView(view, v) {
			t.Errorf("%s is not saved", view)
		}
	}
	save(t, a)
	if b.SaveView("mine", View{Filter: strings.Repeat("x", 3000)}) || b.SaveView("", View{}) || b.ForgetView("nobody's") {
		t.Error("what cannot be saved is")
	}
	b.SaveView("mine", View{Filter: "db"})
	save(t, b)
	a.ForgetView("big")
	save(t, a)
	again, said := Open(name)
	if want := map[string]View{"old ones": some().Views["old ones"], "mine": {Filter: "db"}}; said != "" ||
		!reflect.DeepEqual(again.Views(), want) || len(again.Places()) != 1 {
		t.Errorf("%q: %+v of %+v", said, again.Views(), again.Places())
	}
	again.ForgetAll()
	save(t, again)
	if _, err := os.Stat(name); err == nil {
		t.Error("all is forgotten, and the file is there")
	}
	var none *Memory
	if none.SaveView("x", View{}) || none.ForgetView("x") || none.Views() != nil {
		t.Error("no memory remembers")
	}
}

// TestCut cuts a state file at every byte: it is set aside, whole as it was, and a sentence
// says so; and so is what a newer hearth or another program wrote.
func TestCut(t *testing.T) {
	whole := some().Bytes()
	cases := map[string]string{"newer": `{"hearth_state": 4, "places": {}}`, "foreign": `{"a": 1}`, "a list": `[1]`, "no JSON": "state",
		"more behind": string(whole) + "{}",
		"unknown":     `{"hearth_state": 1, "places": [{"location": "demo", "at": "2026-11-22T09:00:00Z", "pin": 1}]}`,
		"null":        "null", "NUL": "\x00\x00", "wrong types": `{"hearth_state": 1, "places": [{"location": 7}]}`}
	for n := range whole {
		cases[fmt.Sprintf("cut at %d", n)] = string(whole[:n])
	}
	for what, body := range cases {
		name := in(t, []byte(body))
		m, said := Open(name)
		if len(m.Places()) > 0 {
			t.Errorf("%s: %+v", what, m.Places())
		}
		kept, err := os.ReadFile(name + ".aside-1")
		if err != nil || string(kept) != body || !strings.Contains(said, name+".aside-1") {
			t.Fatalf("%s: %q, %v", what, said, err)
		}
		if cut := strings.HasPrefix(what, "cut"); cut != strings.HasSuffix(said, "it is cut off.") {
			t.Errorf("%s: %s", what, said)
		}
		if strings.HasPrefix(what, "newer") && !strings.Contains(said, "a newer hearth's, of version 4") {
			t.Error(said)
		}
		if len(body)%16 > 0 {
			continue
		}
		m.Visit("cloud:prod", day)
		save(t, m)
		if again, said := Open(name); said != "" || len(again.Places()) != 1 {
			t.Errorf("%s: afterwards %q, %+v", what, said, again.Places())
		}
	}
}

// TestNotAFile: what is no file is not waited for, and what cannot be set aside stays.
func TestNotAFile(t *testing.T) {
	name := in(t, nil)
	os.Remove(name)
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip(err)
	}
	if _, said := Open(name); !strings.Contains(said, "set aside as "+name+".aside-1") || !strings.Contains(said, "no ordinary file") {
		t.Error(said)
	}
	os.Remove(name + ".aside-1")
	for i := range mostAside {
		os.WriteFile(fmt.Sprintf("%s.aside-%d", name, i+1), nil, 0o600)
	}
	os.WriteFile(name, []byte("mine"), 0o600)
	m, said := Open(name)
	if !strings.Contains(said, "Nothing is remembered of this run") {
		t.Error(said)
	}
	m.Visit("cloud:prod", day)
	save(t, m)
	if got, _ := os.ReadFile(name); string(got) != "mine" {
		t.Errorf("it was written over: %q", got)
	}
}

// TestTwoRuns: each keeps what the other wrote.
func TestTwoRuns(t *testing.T) {
	name := in(t, some().Bytes())
	a, _ := Open(name)
	b, _ := Open(name)
	a.Change("cloud:prod", func(p *Place) { p.Theme = "dark" })
	b.Visit("cloud:lab", day.Add(time.Hour))
	save(t, a)
	save(t, b)
	c, _ := Open(name)
	if len(c.Places()) != 3 || c.Of("cloud:prod").Theme != "dark" || c.Places()[0].Location != "cloud:lab" {
		t.Errorf("%+v", c.Places())
	}
	b.Forget("posix:/srv/b")
	save(t, b)
	if c, _ = Open(name); len(c.Places()) != 2 || c.Of("posix:/srv/b").Location != "" {
		t.Errorf("%+v", c.Places())
	}
	os.WriteFile(name+".aside-1", []byte("old"), 0o600)
	a.ForgetAll()
	save(t, a)
	if left, _ := os.ReadDir(filepath.Dir(name)); len(left) != 0 {
		t.Errorf("forgotten, and there is %v", left)
	}
}

// TestBounds: neither the places nor the texts grow without end, and no known secret is kept.
func TestBounds(t *testing.T) {
	const secret = "correct-horse-battery"
	core.Hide(secret)
	var s State
	for i := range 3 * MostPlaces {
		s.Places = append(s.Places, Place{Location: fmt.Sprintf("cloud:%d", i), At: day.Add(time.Duration(i) * time.Minute)})
	}
	s.Places[0] = Place{Location: "cloud:" + secret, At: day.Add(1000 * time.Hour)}
	s.Places[1] = Place{Location: "cloud:a", At: day.Add(999 * time.Hour), Theme: secret,
		Lists: map[string]List{"backups": {Filter: "name:" + secret, Sort: secret, Desc: true, NoPane: true},
			"volumes": {Filter: strings.Repeat("x", mostText+1)}}}
	body := s.Bytes()
	got, err := Parse(body)
	if err != nil || len(got.Places) != MostPlaces || bytes.Contains(body, []byte(secret)) {
		t.Fatalf("%v: %d places", err, len(got.Places))
	}
	if want := map[string]List{"backups": {NoPane: true}}; got.Places[0].Location != "cloud:a" ||
		!reflect.DeepEqual(got.Places[0].Lists, want) {
		t.Errorf("%+v", got.Places[0])
	}
	if want := fmt.Sprintf("cloud:%d", 3*MostPlaces-1); got.Places[1].Location != want {
		t.Errorf("the newest is %s", got.Places[1].Location)
	}
}

// TestUnwritable: that nothing can be remembered is told once.
func TestUnwritable(t *testing.T) {
	name := filepath.Join(t.TempDir(), "hearth", "state.json")
	m, _ := Open(name)
	if err := os.WriteFile(filepath.Dir(name), nil, 0o600); err != nil { // a file where the folder is to be
		t.Fatal(err)
	}
	m.Visit("cloud:prod", day)
	if err := m.Save(context.Background()); err == nil || !strings.Contains(err.Error(), "hearth works without") {
		t.Error(err)
	}
	if err := m.Save(context.Background()); err != nil {
		t.Error(err)
	}
}

// FuzzRemembered: whatever stands in the file, it is read without harm, and what was read comes
// back as it was written.
func FuzzRemembered(f *testing.F) {
	f.Add(some().Bytes())
	f.Add([]byte(`{"hearth_state": 3}`))
	f.Add([]byte(`{"hearth_state": 2, "views": {"": {}, "a": {"list": "volumes"}}}`))
	f.Add([]byte(`{"hearth_state": 1, "places": [{"location": "demo", "at": "0000-01-01T00:00:00+23:59"}, {"location": "demo"}]}`))
	f.Add([]byte(`{"hearth_state": 1e0, "hearth_state": null, "places": null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<16 {
			t.Skip()
		}
		s, err := Parse(body)
		if err != nil {
			if core.CodeOf(err) != core.CodeUnreadable {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		again, err := Parse(s.Bytes())
		if err != nil || !reflect.DeepEqual(again, s) || len(s.Places) > MostPlaces {
			t.Errorf("%q: %v, %+v, then %+v", body, err, s, again)
		}
	})
}
