package store

import (
	"slices"
	"strings"
	"testing"
)

// examples are locations of every kind, as people write them.
var examples = map[string][]string{
	"sqlite": {"sqlite:/srv/a.sqlite", "sqlite:a:b", "sqlite:a b@c/d"},
	"mysql": {"mysql://db/cinder", "mysql://cinder@db:3307/cinder", "mysql://[::1]:3306/cinder?ssl_ca=/etc/ca.pem",
		"mysql://a%40b@db/cinder"},
	"postgres": {"postgres://db/cinder", "postgres://cinder@a:1,b:2/cinder?sslmode=verify-full", "postgres:///?service=prod",
		"postgres://db"},
	"cinderconf": {"cinderconf:/etc/cinder/cinder.conf"},
	"cloud":      {"cloud:prod", "cloud:prod@South", "cloud:prod/0123", "cloud:prod@South/0123"},
	"posix":      {"posix:/srv/backups"},
	"s3":         {"s3://host/bucket", "s3://host:9000/bucket/under"},
	"swift":      {"swift:cloud/box", "swift:cloud/box/under"},
	"ceph":       {"ceph:backups", "ceph:.backups"},
	"demo":       {"demo"},
}

// TestSchemes: whatever a line of the table says of a kind of location leads back to
// the same location, by its text, by its flag, by its region and project.
func TestSchemes(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range schemes {
		if seen[k.name] || seen["--"+k.flag] {
			t.Errorf("%s or its flag --%s stands for two kinds", k.name, k.flag)
		}
		seen[k.name] = true
		if k.flag != "" {
			seen["--"+k.flag] = true
		}
		if k.open == nil || k.kind == "" || (k.cut == nil) != (k.join == nil) || (k.flag == "") != (k.help == "") {
			t.Errorf("the line of %s is not whole", k.name)
		}
		if len(examples[k.name]) == 0 {
			t.Errorf("there is no example of %s", k.name)
		}
		for _, s := range append(examples[k.name], k.form) {
			l, err := ParseLocation(s)
			if err != nil || l.Scheme != k.name || l.String() != s || l.Kind() != k.kind {
				t.Errorf("%s reads as %+v %s, a %s: %v", s, l, l, l.Kind(), err)
				continue
			}
			if got := byArgs(t, l.Args()); got != s {
				t.Errorf("%s is %v in a shell, which names %s", s, l.Args(), got)
			}
			whole, region, project := l.Cut()
			if got := whole.With(region, project); got != l {
				t.Errorf("%s is cut into %s, %q and %q, which make %s", s, whole, region, project, got)
			}
			there := l.With("R", "p")
			if _, region, project := there.Cut(); k.cut != nil && (region != "R" || project != "p") || k.cut == nil && there != l {
				t.Errorf("%s elsewhere is %s", s, there)
			}
		}
	}
}

// byArgs is the location that the words of a shell name.
func byArgs(t *testing.T, args []string) string {
	t.Helper()
	if args[0] == "--place" && len(args) == 2 {
		return args[1]
	}
	flags := Flags()
	i := slices.IndexFunc(flags, func(f Flag) bool { return "--"+f.Name == args[0] })
	if i < 0 || flags[i].Bare != (len(args) == 1) {
		t.Errorf("no such words: %v", args)
		return ""
	}
	return flags[i].Location(strings.Join(args[1:], ""))
}

// TestWords: what people learn of locations comes from the table, and the words of
// today stay.
func TestWords(t *testing.T) {
	if want := "sqlite:FILE, mysql://HOST/DATABASE, postgres://HOST/DATABASE, cinderconf:FILE, cloud:NAME, posix:/DIR, " +
		"s3://HOST/BUCKET, swift:CLOUD/CONTAINER, ceph:POOL or demo"; Syntax != want {
		t.Errorf("the syntax is %s", Syntax)
	}
	for s, want := range map[string][]string{
		"sqlite:/a": {"--store", "/a"}, "cloud:a@R/p": {"--cloud", "a@R/p"}, "demo": {"--demo"}, "posix:/b": {"--place", "posix:/b"},
		"s3://h/b":        {"--place", "s3://h/b"},
		"mysql://u:p@h/b": {"--place", "mysql://u@h/b"}, "cinderconf:/c": {"--place", "cinderconf:/c"},
		"swift:c/b": {"--place", "swift:c/b"}, "ceph:b": {"--place", "ceph:b"},
	} {
		if l, err := ParseLocation(s); err != nil || !slices.Equal(l.Args(), want) {
			t.Errorf("%s is %v in a shell, %v", s, l.Args(), err)
		}
	}
	for s, what := range map[string]string{
		"nonsense": "it does not say what kind of place it is", "s3:bucket": "s3 wants two slashes", "s3://": "nothing follows s3:",
		"swift:cloud": "swift wants a cloud and a container", "ceph:a/b": "a pool's name has no blank, / or @ in it",
		"ceph:-p": "a pool's name begins with no dash", "ceph:": "nothing follows ceph:", "cloud:": "nothing follows cloud:",
		"mysql:h/b": "mysql wants two slashes", "mysql://h": "mysql wants a database", "postgres:h": "postgres wants two slashes",
		"mysql://h/b?%zz": "what follows the ? cannot be read", "mysql://%zz@h/b": "a % in it",
		"ftp://x": "there is no kind of place called ftp", "demo:": "there is no kind of place called demo",
	} {
		if _, err := ParseLocation(s); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v, want %s", s, err, what)
		}
	}
	for env, want := range map[string]string{"": "", "OS_AUTH_URL": "cloud:envvars", "OS_CLOUD": "cloud:x"} {
		t.Setenv("OS_CLOUD", "")
		t.Setenv("OS_AUTH_URL", "")
		if env != "" {
			t.Setenv(env, "x")
		}
		if got := Usual(); got != want {
			t.Errorf("with %s the environment names %q", env, got)
		}
	}
}
