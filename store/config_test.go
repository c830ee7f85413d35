package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store"
)

func cloudsFile(t *testing.T, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clouds.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OS_CLIENT_CONFIG_FILE", path)
	t.Setenv("OS_AUTH_URL", "")
}

// TestCloudConfig: what the configuration says of a cloud holds in all of its
// regions and projects, above all that nothing is written there.
func TestCloudConfig(t *testing.T) {
	c := store.Config{Places: map[string]store.PlaceConfig{
		"prod":  {Location: "cloud:prod", ReadOnly: true, Badge: "PROD"},
		"south": {Location: "cloud:prod@South", Badge: "SOUTH"},
	}}
	for s, badge := range map[string]string{"prod": "PROD", "cloud:prod": "PROD", "cloud:prod@North": "PROD", "cloud:prod/0123": "PROD",
		"cloud:prod@South/0123": "PROD", "cloud:prod@South": "SOUTH", "south": "SOUTH", "cloud:production": "", "cloud:other@prod": ""} {
		_, pc, err := c.Find(s)
		if err != nil || pc.Badge != badge || pc.ReadOnly != (badge == "PROD") {
			t.Errorf("%s: %+v, %v", s, pc, err)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, x := range []struct{ at, region, project, want string }{
		{"cloud:a", "", "", "cloud:a"}, {"cloud:a", "R", "", "cloud:a@R"}, {"cloud:a", "", "p", "cloud:a/p"},
		{"cloud:a@Q/o", "R", "p", "cloud:a@R/p"},
		{"cloud:a@Q/o", "R", "", "cloud:a@R/o"},
	} {
		l, err := store.ParseLocation(x.at)
		if err != nil {
			t.Fatal(err)
		}
		if l, err = l.Within(x.region, x.project); err != nil || l.String() != x.want {
			t.Errorf("%s within %q %q: %s, %v; want %s", x.at, x.region, x.project, l, err, x.want)
		}
	}
	l, _ := store.ParseLocation("sqlite:/x")
	if _, err := l.Within("R", ""); core.CodeOf(err) != core.CodeUsage {
		t.Errorf("a file has a region: %v", err)
	}
}

func TestKnown(t *testing.T) {
	cloudsFile(t, "clouds: {lab: {}, other: {}}")
	c := store.Config{Places: map[string]store.PlaceConfig{
		"mine": {Location: "cloud:lab", Badge: "LAB", Color: "red", ReadOnly: true},
		"file": {Location: "sqlite:/x"},
	}}
	mine := store.PlaceRow{Name: "mine", Location: "cloud:lab", Badge: "LAB", Color: "red", ReadOnly: true}
	known, err := c.Known()
	if err != nil || len(known) != 3 || !reflect.DeepEqual(known[1], mine) || known[2].Location != "cloud:other" {
		t.Errorf("%+v, %v", known, err)
	}
	for s, want := range map[string]string{"mine": "cloud:lab", "other": "cloud:other", "cloud:x": "cloud:x"} {
		if l, _, err := c.Named(s); err != nil || l.String() != want {
			t.Errorf("%s: %s, %v", s, l, err)
		}
	}
	if _, _, err := c.Named("nosuch"); core.CodeOf(err) != core.CodeUsage {
		t.Errorf("%v", err)
	}
	c = store.Config{Places: map[string]store.PlaceConfig{"a": {Location: "cloud:a", Repository: "nowhere"}}}
	if key, what := c.Check(); key != "places.a.repository" || what == "" {
		t.Errorf("%s %s", key, what)
	}
}

// TestDatabaseBeside: a cloud's database is a database, and a cloud's; no password of one
// is ever shown.
func TestDatabaseBeside(t *testing.T) {
	cloudsFile(t, "clouds: {lab: {}}")
	of := func(location, database string) store.Config {
		return store.Config{Places: map[string]store.PlaceConfig{
			"prod": {Location: location, Database: database, Repository: "kept"},
			"kept": {Location: "posix:/srv/backups"}, "db": {Location: "postgres://a:secret@h/cinder"}}}
	}
	for _, c := range []struct{ location, database, wrong string }{
		{"cloud:lab", "mysql://cinder:secret@db/cinder", ""},
		{"cloud:lab", "db", ""},
		{"cloud:lab", "cinderconf:/etc/cinder/cinder.conf", ""},
		{"cloud:lab", "sqlite:/srv/cinder.sqlite", ""},
		{"cloud:lab", "kept", "kept is no database: write sqlite:FILE, mysql://"},
		{"cloud:lab", "cloud:lab", "is no database"},
		{"cloud:lab", "nonsense", "it does not say what kind of place it is"},
		{"sqlite:/srv/a.sqlite", "mysql://cinder:secret@db/cinder", "only a cloud stands on a database"},
	} {
		config := of(c.location, c.database)
		key, what := config.Check()
		if (what == "") != (c.wrong == "") || !strings.Contains(what, c.wrong) || what != "" && key != "places.prod.database" {
			t.Errorf("%s beside %s: %s %q, want %q", c.database, c.location, key, what, c.wrong)
		}
		known, err := config.Known()
		if err != nil {
			t.Fatal(err)
		}
		if text := fmt.Sprint(known, what); strings.Contains(text, "secret") {
			t.Errorf("the password is shown: %s", text)
		}
		for _, row := range known {
			if row.Name == "prod" && c.wrong == "" && (len(row.Beside) != 2 || row.Beside[1] != "posix:/srv/backups") {
				t.Errorf("beside %s stand %q", row.Location, row.Beside)
			}
		}
	}
}

// TestReleaseSetting: the release and the policy of a place are read with the config, and
// what is wrong with them is told of there.
func TestReleaseSetting(t *testing.T) {
	cloudsFile(t, "clouds: {lab: {auth: {auth_url: 'http://127.0.0.1:1/v3', username: u, password: p, project_name: x}}}")
	for _, x := range []struct{ location, release, policy, key, what string }{
		{"cloud:lab", "24 to 28", "/etc/cinder/policy.yaml", "", ""},
		{"sqlite:/x", "2025.1", "", "", ""},
		{"cloud:lab", "zed", "", "places.a.release", `write "26"`},
		{"sqlite:/x", "", "/etc/cinder/policy.yaml", "places.a.policy", "only a cloud goes by a policy"},
	} {
		key, what := store.Config{Places: map[string]store.PlaceConfig{"a": {Location: x.location, Release: x.release, Policy: x.policy}}}.Check()
		if key != x.key || !strings.Contains(what, x.what) {
			t.Errorf("%+v: %s %q", x, key, what)
		}
	}
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	open := func(text string) (store.Place, error) {
		if err := os.WriteFile(policy, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		l, _ := store.ParseLocation("cloud:lab")
		return store.Open(t.Context(), l, store.Options{Config: store.PlaceConfig{Release: "26", Policy: policy}})
	}
	for text, code := range map[string]core.Code{
		"": "", "# only comments\n": "", "\"backup:delete\": \"role:x\"\n": "", `{"backup:create": [["role:x"]]}`: "",
		"[a, b]": core.CodeUnreadable, "a: b: c": core.CodeUnreadable,
	} {
		p, err := open(text)
		if core.CodeOf(err) != code {
			t.Errorf("%q: %v", text, err)
		}
		if err == nil {
			if got := p.Info().Release.Text(); got != "Cinder 26" {
				t.Errorf("%q: %s", text, got)
			}
			p.Close()
		}
	}
	os.Remove(policy)
	l, _ := store.ParseLocation("cloud:lab")
	if _, err := store.Open(t.Context(), l, store.Options{Config: store.PlaceConfig{Policy: policy}}); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("a policy that is not there: %v", err)
	}
}
