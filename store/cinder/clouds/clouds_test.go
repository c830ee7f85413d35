package clouds

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// world is a world with one clouds.yaml, and variables NAME=TEXT.
func world(t testing.TB, text string, env ...string) World {
	t.Helper()
	w := World{Dir: t.TempDir(), Home: t.TempDir(), Env: map[string]string{}}
	if err := os.WriteFile(filepath.Join(w.Dir, "clouds.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, v := range env {
		name, text, _ := strings.Cut(v, "=")
		w.Env[name] = text
	}
	return w
}

func open(t testing.TB, w World) *Book {
	t.Helper()
	b, err := Open(w)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPlain: what PyYAML's safe_load makes of a scalar without quotes, and str() of
// that; asked of PyYAML 6.0.
func TestPlain(t *testing.T) {
	for raw, want := range map[string]struct {
		kind kind
		text string
	}{
		"alice": {text, "alice"}, "0891234567": {text, "0891234567"}, "1e5": {text, "1e5"}, "0o17": {text, "0o17"}, "1.2.3": {text, "1.2.3"},
		"12e03": {text, "12e03"}, "y": {text, "y"}, "nULL": {text, "nULL"}, "1:60": {text, "1:60"}, "0x": {text, "0x"}, "=": {text, "="},
		"+": {text, "+"}, "0_9": {text, "0_9"}, "1.5e3": {text, "1.5e3"},
		"0": {number, "0"}, "-0": {number, "0"}, "017": {number, "15"}, "-017": {number, "-15"}, "0xFf": {number, "255"}, "0b1_0": {number, "2"},
		"1_000": {number, "1000"}, "190:20:30": {number, "685230"},
		"98765432109876543210987654321098": {number, "98765432109876543210987654321098"},
		"1.0":                              {number, "1.0"}, "1.": {number, "1.0"}, ".5": {number, "0.5"}, "1_0.5": {number, "10.5"},
		"8.91234567e+08": {number, "891234567.0"},
		"1.5e-7":         {number, "1.5e-07"}, "1.0e+16": {number, "1e+16"},
		"-.inf": {number, "-inf"}, ".NaN": {number, "nan"}, "1:30.5": {number, "90.5"},
		"0_": {number, "0"}, "1.0e+999": {number, "inf"},
		"yes": {truth, "True"}, "Off": {truth, "False"}, "TRUE": {truth, "True"},
		"~": {nothing, "~"}, "": {nothing, ""}, "null": {nothing, "null"},
		"2026-11-28": {date, "2026-11-28"}, "2026-99-99": {date, "2026-99-99"}, "2026-1-1 1:00:00 Z": {date, "2026-1-1 1:00:00 Z"},
		"0b": {text, "0b"}, "0b_": {odd, "0b_"}, "0x_": {odd, "0x_"}, "0__": {number, "0"},
	} {
		if v := plain(raw, Place{}); v.kind != want.kind || v.text != want.text {
			t.Errorf("%q is read as %d %q, want %d %q", raw, v.kind, v.text, want.kind, want.text)
		}
	}
	if v := plain(strings.Repeat("9", longest+1), Place{}); v.kind != odd {
		t.Errorf("a number that is too long is read as %d", v.kind)
	}
}

const good = `auth: {auth_url: "http://k/v3", username: alice, password: pw, project_name: ops, user_domain_id: d, project_domain_id: d}`

// TestTooMuch: aliases that make much of little, or lead to themselves, are told and
// end.
func TestTooMuch(t *testing.T) {
	begin := time.Now()
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 'b'; i < 'k'; i++ {
		bomb += string(i) + ": &" + string(i) + " [" + strings.Repeat("*"+string(i-1)+",", 9) + "*" + string(i-1) + "]\n"
	}
	b := open(t, world(t, bomb+"clouds:\n  bomb: {auth: *j}\n  circle: &c\n    auth: *c\n  merged: &m\n    <<: *m\n  good: {"+good+"}\n"))
	for _, cloud := range []string{"bomb", "circle", "merged"} {
		if _, err := b.Login(cloud, ""); err == nil {
			t.Errorf("%s is no error", cloud)
		} else if cloud == "merged" && !strings.Contains(err.Error(), "is made of too much") {
			t.Error(err)
		}
	}
	if _, err := b.Login("good", ""); err != nil {
		t.Error(err)
	}
	if _, err := b.Login("bomb", ""); time.Since(begin) > 5*time.Second {
		t.Errorf("it takes %v: %v", time.Since(begin), err)
	}
}

// TestNotes: what is read otherwise than it stands is said, with its line, and never
// with a secret.
func TestNotes(t *testing.T) {
	b := open(t, world(t, "clouds:\n  c:\n    auth:\n      auth_url: http://k/v3\n      username: alice\n      password: 0x10FF5EC\n"+
		"      project_name: yes\n      token: t0ken\n      user_domain_id: d\n      project_domain_id: d\n"+
		"    volume_api_version: 3\n    volume_service_name: cinder\n    force_ipv4: true\n    verify: 'no'\n"))
	l, err := b.Login("c", "")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, n := range l.Notes {
		all = append(all, n.String())
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{"password (", "clouds.yaml, line 6) is a number to YAML", "project_name (",
		"line 7) is a word for yes or no",
		"auth.token (", "volume_service_name (", "force_ipv4 (", "verify ("} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said in\n%s", want, text)
		}
	}
	for _, secret := range []string{"17823212", "10FF5EC", "t0ken", "volume_api_version"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is said in\n%s", secret, text)
		}
	}
	if len(l.Notes) != 6 {
		t.Errorf("%d notes:\n%s", len(l.Notes), text)
	}
}

// TestTLS: what is believed, as get_requests_verify_args has it.
func TestTLS(t *testing.T) {
	for lines, want := range map[string]string{
		"{}":                         " false",
		"verify: false":              " true",
		"verify: no":                 " true",
		"verify: 'False'":            " true",
		"verify: 0":                  " true",
		"verify: true":               " false",
		"verify: ''":                 " true",
		"verify: ca.pem":             "DIR/ca.pem false",
		"verify: ~/ca":               "HOME/ca false",
		"insecure: true":             " true",
		"insecure: 'TRUE'":           " true",
		"insecure: 'yes'":            " false",
		"insecure: false":            " false",
		"cacert: /x":                 "/x false",
		"cacert: x":                  "DIR/x false",
		"cacert: ~/x":                "HOME/x false",
		"{cacert: x, verify: 'no'}":  "DIR/x false",
		"{cacert: x, verify: no}":    "DIR/x true",
		"{cacert: x, verify: other}": "DIR/x false",
		"{cacert: x, insecure: on}":  "DIR/x true",
	} {
		lines = strings.Trim(lines, "{}")
		w := world(t, "clouds:\n  c: {"+good+", "+lines+"}\n")
		l, err := open(t, w).Login("c", "")
		if err != nil {
			t.Errorf("%s: %v", lines, err)
			continue
		}
		got := strings.NewReplacer(w.Dir, "DIR", w.Home, "HOME").Replace(l.TLS.CA)
		if l.TLS.Insecure {
			got += " true"
		} else {
			got += " false"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", lines, got, want)
		}
	}
	w := world(t, "clouds:\n  c: {"+good+"}\n  own: {"+good+", cacert: x}\n", "REQUESTS_CA_BUNDLE=/bundle")
	b := open(t, w)
	if l, _ := b.Login("c", ""); l.TLS.CA != "/bundle" {
		t.Errorf("REQUESTS_CA_BUNDLE: %q", l.TLS.CA)
	}
	l, err := b.Login("own", "")
	if err != nil || l.TLS.CA != filepath.Join(w.Dir, "x") {
		t.Errorf("%q, %v", l.TLS.CA, err)
	}
	_, err = l.Config()
	if err == nil || !strings.Contains(err.Error(), "its cacert (") || !strings.Contains(err.Error(), "line 3) cannot be used") {
		t.Errorf("a cacert that is not there: %v", err)
	}
}

// TestFiles: a file that cannot be read is passed over, as by the client, and said; one
// that is no YAML is told by its path: clouds.yaml at once, the others when an entry
// wants them.
func TestFiles(t *testing.T) {
	w := world(t, "clouds:\n  c: {"+good+"}\n  p: {profile: x}\n")
	for _, dir := range []string{w.Dir + "/secure.yaml", w.Home + "/.config/openstack"} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	b := open(t, w)
	if _, err := b.Login("c", ""); err != nil || len(b.Passed()) != 1 || b.Passed()[0] != w.Dir+"/secure.yaml" {
		t.Errorf("%v, passed over %v", err, b.Passed())
	}
	for _, name := range []string{"secure.yml", "clouds-public.json"} {
		if err := os.WriteFile(filepath.Join(w.Home, ".config", "openstack", name), []byte("a: ["), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b = open(t, w)
	if _, err := b.Login("c", ""); err == nil || !strings.Contains(err.Error(), "openstack/secure.yml: it is no YAML that describes clouds") {
		t.Errorf("a broken secure.yaml: %v", err)
	}
	if names := strings.Join(b.Names(), " "); names != "c p" {
		t.Errorf("the names are %s", names)
	}
	os.Remove(filepath.Join(w.Home, ".config", "openstack", "secure.yml"))
	b = open(t, w)
	if _, err := b.Login("c", ""); err != nil {
		t.Errorf("a broken clouds-public.json spoils what does not want it: %v", err)
	}
	if _, err := b.Login("p", ""); err == nil || !strings.Contains(err.Error(), "clouds-public.json: it is no YAML") {
		t.Errorf("a broken clouds-public.json: %v", err)
	}
	if _, err := Open(world(t, "clouds: [a]\n")); err == nil || !strings.Contains(err.Error(), "its clouds is no map of names") {
		t.Errorf("a list of clouds: %v", err)
	}
}

// FuzzReader: whatever stands in the files, hearth says something and does not break.
func FuzzReader(f *testing.F) {
	shapes, err := os.ReadFile("../../../testdata/cinder/clouds/shapes.txt")
	if err != nil {
		f.Fatal(err)
	}
	for part := range strings.SplitSeq(string(shapes), "\n-- ") {
		if name, text, ok := strings.Cut(part, "\n"); ok && strings.Contains(name, ".") {
			text, _, _ = strings.Cut(text, "\n==")
			f.Add(text, "", strings.HasSuffix(name, "json"))
		}
	}
	f.Add("clouds:\n  c: {"+good+", interface: [a, {b: c}], regions: [{name: x, values: {auth: {a: b}}}]}\n",
		"clouds: {c: {auth: {password: [x]}}}\n", false)
	f.Add("clouds: &a {c: *a, d: {<<: [*a, *a]}}", "clouds: [", false)
	f.Fuzz(func(t *testing.T, text, secure string, isJSON bool) {
		w := World{Env: map[string]string{"OS_REGION_NAME": "", "OS_PASSWORD": "x"}, Dir: "/nowhere", Home: "/nowhere"}
		b := &Book{world: w, path: "clouds.yaml"}
		name := "clouds.yaml"
		if isJSON {
			name = "clouds.json"
		}
		var ok bool
		if b.clouds, ok = section(name, text, "clouds"); !ok {
			return
		}
		b.secure, _ = section("secure.yaml", secure, "clouds")
		b.public, _ = section("clouds-public.yaml", secure, "public-clouds")
		for _, cloud := range append(b.Names(), "no such", Environment) {
			l, err := b.Login(cloud, "")
			if err != nil && err.Error() == "" {
				t.Error("an error says nothing")
			}
			if err == nil {
				l.Body()
				l.Scoped()
				l.Identity(true)
			}
		}
	})
}

func section(file, text, name string) (part, bool) {
	t, err := parse(file, []byte(text))
	if err != nil {
		return part{}, false
	}
	p := part{tree: t}
	var why string
	p.names, p.of, why = t.section(name)
	return p, why == ""
}
