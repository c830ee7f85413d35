package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store"
)

func TestParseLocation(t *testing.T) {
	for _, s := range []string{"demo", "sqlite:/srv/a.sqlite", "sqlite:a:b", "cloud:prod", "posix:/srv/backups", "s3://host/bucket",
		"swift:cloud/box"} {
		l, err := store.ParseLocation(s)
		if err != nil || l.String() != s {
			t.Errorf("%s reads as %s, %v", s, l, err)
		}
	}
	for _, s := range []string{"", "nonsense", "/srv/a.sqlite", "sqlite:", "cloud:", "s3:bucket", "s3://", "swift:cloud", "ftp://x",
		"SQLITE:a", ":"} {
		if _, err := store.ParseLocation(s); core.CodeOf(err) != core.CodeUsage || !strings.Contains(err.Error(), store.Syntax) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestConfig(t *testing.T) {
	c := store.Config{Place: "prod", Places: map[string]store.PlaceConfig{
		"prod": {Location: "sqlite:/srv/prod.sqlite", Badge: "PROD", ReadOnly: true}, "box": {Location: "swift:cloud/box"}}}
	if key, what := c.Check(); key != "" {
		t.Errorf("%s: %s", key, what)
	}
	for _, s := range []string{"prod", "sqlite:/srv/prod.sqlite"} { // by name, and by what it names
		if l, p, err := c.Find(s); err != nil || l.String() != "sqlite:/srv/prod.sqlite" || p.Badge != "PROD" {
			t.Errorf("%s is %s, %+v, %v", s, l, p, err)
		}
	}
	t.Setenv("HOME", t.TempDir())
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	c.Places["home"] = store.PlaceConfig{Location: "sqlite:~/own.sqlite", Badge: "OWN"}
	c.Places["near"] = store.PlaceConfig{Location: "sqlite:near.sqlite", Badge: "NEAR"}
	for s, want := range map[string][2]string{
		"home": {"sqlite:" + home + "/own.sqlite", "OWN"}, "sqlite:~/own.sqlite": {"sqlite:" + home + "/own.sqlite", "OWN"},
		"near": {"sqlite:" + here + "/near.sqlite", "NEAR"}, "sqlite:./near.sqlite": {"sqlite:" + here + "/near.sqlite", "NEAR"},
		"sqlite:" + home + "/own.sqlite": {"sqlite:" + home + "/own.sqlite", "OWN"}, "posix:~/b": {"posix:" + home + "/b", ""},
		"sqlite:/srv/~/x": {"sqlite:/srv/~/x", ""},
	} {
		if l, p, err := c.Find(s); err != nil || l.String() != want[0] || p.Badge != want[1] {
			t.Errorf("%s is %s, %+v, %v; want %v", s, l, p, err, want)
		}
	}
	delete(c.Places, "home")
	delete(c.Places, "near")
	if _, p, err := c.Find("sqlite:/srv/other.sqlite"); err != nil || p.Badge != "" {
		t.Errorf("another one is %+v, %v", p, err)
	}
	if _, _, err := c.Find("proud"); err == nil || !strings.Contains(err.Error(), "box, prod") {
		t.Errorf("a name that is none: %v", err)
	}
	for key, bad := range map[string]store.Config{
		"place":             {Place: "nowhere"},
		"places.x.location": {Places: map[string]store.PlaceConfig{"x": {Location: "y"}}},
	} {
		if got, what := bad.Check(); got != key || what == "" {
			t.Errorf("%+v: %q %q, want %q", bad, got, what, key)
		}
	}
}

func TestOpen(t *testing.T) {
	demo, err := store.Open(t.Context(), store.Location{Scheme: "demo"}, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if info := demo.Info(); !info.Demo || info.Location != "demo" || info.ReadOnly != "" || !info.Journals {
		t.Errorf("a demo says %+v", info)
	}
	if err := demo.Close(); err != nil {
		t.Error(err)
	}
	path := filepath.Join(t.TempDir(), "own.sqlite")
	made, err := store.MakeDemo(t.Context(), path, store.World{Volumes: 2, Backups: 3}, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Close(); err != nil {
		t.Error(err)
	}
	if _, err := store.MakeDemo(t.Context(), path, store.World{}, store.Options{}); core.CodeOf(err) != core.CodeConflict {
		t.Errorf("over one that is there: %v", err)
	}
	location := store.Location{Scheme: "sqlite", Rest: path}
	own, err := store.Open(t.Context(), location, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if _, journals := own.(store.Journal); !journals || own.Info().ReadOnly != "" || own.Info().Location != location.String() {
		t.Errorf("a store of its own says %+v", own.Info())
	}
	marked, err := store.Open(t.Context(), location, store.Options{Write: true, Config: store.PlaceConfig{ReadOnly: true, Badge: "PROD"}})
	if err != nil {
		t.Fatal(err)
	}
	defer marked.Close()
	if info := marked.Info(); info.ReadOnly == "" || info.Badge != "PROD" {
		t.Errorf("marked read_only it says %+v", info)
	}
}

func TestOpenRepository(t *testing.T) {
	t.Setenv("OS_CLIENT_CONFIG_FILE", filepath.Join(t.TempDir(), "none.yaml"))
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for s, code := range map[string]core.Code{
		"posix:" + t.TempDir():  "",
		"posix:" + file:         core.CodeUsage,
		"posix:/none/such":      core.CodeNotFound,
		"s3://host:1/box/under": "",
		"s3://host":             core.CodeUsage,
		"swift:cloud/box":       core.CodeNotFound,
	} {
		l, err := store.ParseLocation(s)
		if err != nil {
			t.Fatal(err)
		}
		p, err := store.Open(t.Context(), l, store.Options{Config: store.PlaceConfig{Badge: "OLD"}})
		if core.CodeOf(err) != code || (p == nil) != (code != "") {
			t.Errorf("%s: %v, %v", s, p, err)
		}
		if p == nil {
			continue
		}
		_, repository := p.(store.Repository)
		if info := p.Info(); !repository || info.Kind != core.PlaceRepository || info.ReadOnly == "" || info.Location != s ||
			info.Badge != "OLD" {
			t.Errorf("%s says %+v", s, info)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestOpenNothing: a place that cannot be opened is no place at all, not even a typed
// nil.
func TestOpenNothing(t *testing.T) {
	t.Setenv("OS_CLIENT_CONFIG_FILE", filepath.Join(t.TempDir(), "none.yaml"))
	if p, err := store.Open(t.Context(), store.Location{Scheme: "cloud", Rest: "none"}, store.Options{}); p != nil || err == nil {
		t.Errorf("a cloud that no file names: %v, %v", p, err)
	}
	if _, err := store.Open(t.Context(), store.Location{Scheme: "ftp"}, store.Options{}); core.CodeOf(err) != core.CodeUsage {
		t.Errorf("ftp: %v", err)
	}
	location := store.Location{Scheme: "sqlite", Rest: filepath.Join(t.TempDir(), "missing")}
	if p, err := store.Open(t.Context(), location, store.Options{}); p != nil || core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("%v, %v", p, err)
	}
}

// TestDemoLeavesNothing: a demo's folder goes with it.
func TestDemoLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	p, err := store.Open(t.Context(), store.Location{Scheme: "demo"}, store.Options{Demo: store.World{Volumes: 1, Backups: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if there, _ := os.ReadDir(dir); len(there) != 1 {
		t.Errorf("there are %v", there)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left are %v", left)
	}
}
