package store

import (
	"context"
	"os"
	"strings"

	"hearth/core"
	"hearth/store/ceph"
	"hearth/store/cinder"
	"hearth/store/sql"
)

// scheme is one kind of location: all that is to be known of it outside its driver.
type scheme struct {
	name string // before the colon
	form string // an example, for messages; it must be a location
	kind Kind

	open func(ctx context.Context, rest string, o Options) (Place, error)

	flag  string // of a shell, which takes what follows the scheme; "": --place does
	help  string // of the flag
	alone bool   // the name is the whole location, and the flag takes nothing
	lead  string // what stands between the colon and the rest
	file  bool   // the rest is the path of a file or folder
	// wrong says what is wrong with what follows the colon, "" for nothing; nil:
	// anything will do but nothing.
	wrong func(rest string) string
	// secret takes a password out of what follows the colon; nil: there is none in it.
	secret func(rest string) (without, password string)
	// cut takes the rest apart where it may name a region and a project, and join
	// puts it together; nil where a place has neither.
	cut  func(rest string) (name, region, project string)
	join func(name, region, project string) (rest string)
	// known lists what the user has of this kind without our config; nil: nothing.
	known func() (rests []string, err error)
	// check says what those are made of, without asking anybody; nil: nothing.
	check func() []core.Checked
	// knock asks whether somebody answers there, without a login; nil: nobody is asked.
	knock func(ctx context.Context, rest string) error
	// usual is the one that the environment names, "" for none; nil: it names none.
	usual func() (rest string)
}

// schemes are the kinds of locations there are. A new driver adds a line.
var schemes = []scheme{
	{name: "sqlite", form: "sqlite:FILE", kind: KindStore, open: openSQLite, file: true,
		flag: "store", help: "short for --place sqlite:FILE"},
	{name: "mysql", form: "mysql://HOST/DATABASE", kind: KindStore, open: openMySQL, lead: "//", wrong: wrongAddress("mysql"),
		secret: secretOf("mysql")},
	{name: "postgres", form: "postgres://HOST/DATABASE", kind: KindStore, open: openPostgres, lead: "//", wrong: wrongAddress("postgres"),
		secret: secretOf("postgres")},
	{name: "cinderconf", form: "cinderconf:FILE", kind: KindStore, open: openCinderConf, file: true},
	{name: "cloud", form: "cloud:NAME", kind: KindCloud, open: openCloud, cut: cinder.Cut, join: cinder.Join,
		flag: "cloud", help: "short for --place cloud:NAME, a cloud of clouds.yaml", known: cinder.Clouds,
		check: cinder.Check, usual: usualCloud, knock: cinder.Knock},
	{name: "posix", form: "posix:/DIR", kind: KindRepository, open: openPosix, file: true},
	{name: "s3", form: "s3://HOST/BUCKET", kind: KindRepository, open: openS3, lead: "//", wrong: func(rest string) string {
		return unless(strings.HasPrefix(rest, "//"), "s3 wants two slashes")
	}},
	{name: "swift", form: "swift:CLOUD/CONTAINER", kind: KindRepository, open: openSwift, wrong: func(rest string) string {
		return unless(strings.Contains(rest, "/"), "swift wants a cloud and a container")
	}},
	{name: "ceph", form: "ceph:POOL", kind: KindRepository, open: openCeph, wrong: ceph.WrongPool},
	{name: "demo", form: "demo", kind: KindDemo, open: openDemo, alone: true,
		flag: "demo", help: "a fresh store with demo data, gone when hearth ends"},
}

// wrongAddress is the [scheme.wrong] of a database on a server.
func wrongAddress(scheme string) func(string) string {
	return func(rest string) string {
		if !strings.HasPrefix(rest, "//") {
			return scheme + " wants two slashes"
		}
		return sql.WrongAddress(scheme, rest)
	}
}

func secretOf(scheme string) func(string) (string, string) {
	return func(rest string) (string, string) { return sql.CutPassword(scheme, rest) }
}

func unless(right bool, what string) string {
	if right {
		return ""
	}
	return what
}

// find returns the scheme of a name.
func find(name string) (scheme, bool) {
	for _, s := range schemes {
		if s.name == name {
			return s, true
		}
	}
	return scheme{}, false
}

// scheme is the location's line of the table; a zero one if it has none.
func (l Location) scheme() scheme {
	s, _ := find(l.Scheme)
	return s
}

// Flag is a flag of a shell that names a place of one kind.
type Flag struct {
	Name string
	Help string
	Bare bool // it takes no value

	scheme string
}

// Flags are those that there are, besides --place, which takes any location.
func Flags() []Flag {
	var out []Flag
	for _, s := range schemes {
		if s.flag != "" {
			out = append(out, Flag{Name: s.flag, Help: s.help, Bare: s.alone, scheme: s.name})
		}
	}
	return out
}

// Location is what the flag names with a value, not looked at yet; the value of a
// bare flag is "".
func (f Flag) Location(value string) string {
	return Location{Scheme: f.scheme, Rest: value}.String()
}

// Usual is the location that the environment of the process names, as it does to
// the openstack client: "" if it names none.
func Usual() string {
	for _, s := range schemes {
		if s.usual != nil {
			if rest := s.usual(); rest != "" {
				return Location{Scheme: s.name, Rest: rest}.String()
			}
		}
	}
	return ""
}

// Check says what the ways into places are made of that the user has without our
// config, such as the logins of clouds.yaml. It asks nobody.
func Check() []core.Checked {
	var out []core.Checked
	for _, s := range schemes {
		if s.check != nil {
			out = append(out, s.check()...)
		}
	}
	return out
}

// usualCloud is the cloud of OS_CLOUD, or of the other OS_* variables.
func usualCloud() string {
	if name := os.Getenv("OS_CLOUD"); name != "" {
		return name
	}
	if os.Getenv("OS_AUTH_URL") != "" {
		return cinder.Environment
	}
	return ""
}
