package sql

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hearth/core"
	"hearth/store/whole"
)

// OpenConf opens the database that a cinder.conf names, with the password that stands
// there: the connection of its [database]. Files of FILE.d are read after it, as oslo
// does. Errors are *core.Error, and none has a password in it.
func OpenConf(ctx context.Context, file string, o Options) (*Place, error) {
	tried := "open cinderconf:" + file
	o.Location = "cinderconf:" + file
	conf, err := readConf(file)
	if err != nil {
		code, next := core.CodeUnreadable, "check its permissions: it is readable by root and cinder, as a rule"
		if os.IsNotExist(err) {
			code, next = core.CodeNotFound, "name the file that cinder-api is started with"
		}
		return nil, core.Fail(code, tried, "the file cannot be read: "+errText(err), next, err)
	}
	value, wrong := conf.connection()
	if wrong != "" {
		return nil, core.Fail(core.CodeUnreadable, tried, wrong, "name the file that cinder-api is started with", nil)
	}
	name, rest, _ := strings.Cut(value, ":")
	kind, _, _ := strings.Cut(name, "+") // mysql+pymysql
	switch kind {
	case "sqlite":
		return Open(ctx, strings.TrimPrefix(rest, "///"), o) // sqlite:////srv/cinder.sqlite is absolute
	case "mysql", "mariadb":
		kind = "mysql"
	case "postgresql", "postgres":
		kind = "postgres"
	default:
		return nil, core.Fail(core.CodeUnsupported, tried, "its connection is to a database of the kind "+core.Visible(kind),
			"hearth knows MySQL, MariaDB, PostgreSQL and SQLite", nil)
	}
	a, wrong := readAddress(kind, rest)
	if wrong != "" {
		return nil, core.Fail(core.CodeUnreadable, tried, "its connection cannot be read: "+wrong, "look at [database] connection", nil)
	}
	for key := range a.params { // the others are for Python's drivers
		if !slices.Contains(driverParams[kind], key) {
			delete(a.params, key)
		}
	}
	return openServer(ctx, a, o)
}

// driverParams are the parameters of a connection that mean the same to Cinder's driver
// and to hearth.
var driverParams = map[string][]string{
	"mysql":    {"ssl_ca", "ssl_cert", "ssl_key", "ssl_verify_identity", "unix_socket"},
	"postgres": {"host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "service", "passfile"},
}

// errText is what is wrong with a file, without its name.
func errText(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// conf is what oslo.config's files say: group, option, value; the last one counts.
type conf map[string]map[string]string

// mostConf is how large a file of settings of another program may be.
const mostConf = 4 << 20

// readConf reads a file and those of the folder FILE.d.
func readConf(file string) (conf, error) {
	more, _ := filepath.Glob(file + ".d/*.conf") // in the order of their names
	c := conf{}
	for i, path := range append([]string{file}, more...) {
		data, err := whole.ReadFile(path, mostConf)
		if err != nil {
			if i > 0 && os.IsPermission(err) {
				continue
			}
			return nil, err
		}
		c.read(string(data))
	}
	return c, nil
}

// read reads a file's text (oslo_config/iniparser.py): a line that is indented goes on
// with the value before it.
func (c conf) read(text string) {
	group, key := "DEFAULT", ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		switch {
		case line == "":
			key = ""
		case line[0] == ' ' || line[0] == '\t':
			if key != "" {
				c[group][key] += "\n" + strings.TrimSpace(line)
			}
		case line[0] == '#' || line[0] == ';':
		case line[0] == '[':
			name, _, _ := strings.Cut(line[1:], "]")
			group, key = strings.TrimSpace(name), ""
		default:
			i := strings.IndexAny(line, ":=")
			if i < 0 {
				continue
			}
			if c[group] == nil {
				c[group] = map[string]string{}
			}
			key = strings.TrimSpace(line[:i])
			c[group][key] = unquote(strings.TrimSpace(line[i+1:]))
		}
	}
}

// unquote takes a value out of its quotes.
func unquote(s string) string {
	if n := len(s); n > 1 && s[0] == s[n-1] && (s[0] == '"' || s[0] == '\'') {
		return s[1 : n-1]
	}
	return s
}

// connection is the database's, by its name of today or by an older one; wrong says why
// there is none.
func (c conf) connection() (value, wrong string) {
	for _, at := range [][2]string{{"database", "connection"}, {"DATABASE", "sql_connection"}, {"DEFAULT", "sql_connection"},
		{"sql", "connection"}} {
		if v := c[at[0]][at[1]]; v != "" {
			return c.expand(at[0], v, 0)
		}
	}
	return "", "it has no connection in [database]"
}

// expand puts in what $name, ${name} and ${group.name} stand for; $$ and \$ are a $.
func (c conf) expand(group, s string, depth int) (value, wrong string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '$', s[i] == '$' && i+1 < len(s) && s[i+1] == '$':
			b.WriteByte('$')
			i++
		case s[i] == '$':
			name, end := reference(s[i+1:])
			if name == "" { // as Python's templates have it
				b.WriteByte('$')
				continue
			}
			v, ok := c.lookUp(group, name)
			if !ok || depth > 8 {
				return "", "its connection refers to $" + core.Visible(name) + ", which it does not have; a $ in a password is written $$"
			}
			if v, wrong = c.expand(group, v, depth+1); wrong != "" {
				return "", wrong
			}
			b.WriteString(v)
			i += end
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), ""
}

// reference is the name that stands behind a $, and how long it is with its braces.
func reference(s string) (name string, length int) {
	if strings.HasPrefix(s, "{") {
		if end := strings.IndexByte(s, '}'); end > 0 {
			return s[1:end], end + 1
		}
		return "", 0
	}
	end := 0
	for end < len(s) && (s[end] == '_' || letter(s[end]) || end > 0 && (s[end] == '.' || s[end] >= '0' && s[end] <= '9')) {
		end++
	}
	return s[:end], end
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// lookUp finds an option by its name, in the group or in [DEFAULT], or by group.name.
func (c conf) lookUp(group, name string) (string, bool) {
	if g, n, ok := strings.Cut(name, "."); ok {
		v, ok := c[g][n]
		return v, ok
	}
	for _, g := range []string{group, "DEFAULT"} {
		if v, ok := c[g][name]; ok {
			return v, true
		}
	}
	return "", false
}
