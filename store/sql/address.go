package sql

import (
	"net/url"
	"regexp"
	"sort"
	"strings"
)

// address is where a database on a server is, and who asks.
type address struct {
	scheme string // mysql or postgres
	user   string
	host   string // with an IPv6 address out of its brackets; several of PostgreSQL's as they were written
	port   string
	name   string // of the database
	params map[string]string

	password string
}

// addressForm is SQLAlchemy's (sqlalchemy/engine/url.py), behind the scheme, so that
// what stands in a cinder.conf is read as Cinder reads it: a password may have / and ?
// in it.
var addressForm = regexp.MustCompile(`^//(?:([^:/?@]*)(?::([^@]*))?@)?(?:\[([^/?\]]+)\]|([^/:?]*))?(?::([^/?]*))?(?:/([^?]*))?(?:\?(.*))?$`)

// severalHosts are those of PostgreSQL, each with its port.
var severalHosts = regexp.MustCompile(`^//(?:([^:/?@]*)(?::([^@]*))?@)?([^/?]*,[^/?]*)(?:/([^?]*))?(?:\?(.*))?$`)

// readAddress reads what follows the scheme; wrong says what is wrong with it, "" for
// nothing.
func readAddress(scheme, rest string) (a address, wrong string) {
	a = address{scheme: scheme, params: map[string]string{}}
	var query string
	if m := severalHosts.FindStringSubmatch(rest); m != nil && scheme == "postgres" {
		a.user, a.password, a.host, a.name, query = m[1], m[2], m[3], m[4], m[5]
	} else if m := addressForm.FindStringSubmatch(rest); m != nil {
		a.user, a.password, a.host, a.port, a.name, query = m[1], m[2], m[3]+m[4], m[5], m[6], m[7]
	} else {
		return a, scheme + " wants //, a host and a database"
	}
	for _, s := range []*string{&a.user, &a.password, &a.name} {
		text, err := url.PathUnescape(*s)
		if err != nil {
			return a, "a % in it is followed by no two hexadecimal digits"
		}
		*s = text
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return a, "what follows the ? cannot be read"
	}
	for key := range values {
		a.params[strings.ReplaceAll(key, "-", "_")] = values.Get(key)
	}
	if scheme == "mysql" && a.name == "" {
		return a, "mysql wants a database behind the host, as in mysql://HOST/cinder"
	}
	return a, ""
}

// WrongAddress says what is wrong with what follows mysql: or postgres:, "" for nothing.
func WrongAddress(scheme, rest string) string {
	_, wrong := readAddress(scheme, rest)
	return wrong
}

// CutPassword takes the password out of what follows mysql: or postgres:, as it is to be
// shown and kept.
func CutPassword(scheme, rest string) (without, password string) {
	a, wrong := readAddress(scheme, rest)
	if wrong != "" {
		return shown(rest), ""
	}
	for _, key := range secretParams {
		if v, ok := a.params[key]; ok && a.password == "" && (key == "password" || key == "passwd") {
			a.password = v
		}
		delete(a.params, key)
	}
	return strings.TrimPrefix(a.location(), a.scheme+":"), a.password
}

// secretParams are the parameters that nobody is to see.
var secretParams = []string{"password", "passwd", "sslpassword", "ssl_key_password"}

// location is the address in the one syntax, without its password.
func (a address) location() string {
	u := url.URL{Scheme: a.scheme, Host: a.host, Path: "/" + a.name}
	if strings.Contains(a.host, ":") && !strings.Contains(a.host, ",") {
		u.Host = "[" + a.host + "]"
	}
	if a.port != "" {
		u.Host += ":" + a.port
	}
	if a.user != "" {
		u.User = url.User(a.user)
	}
	q := url.Values{}
	for _, key := range a.keys() {
		q.Set(key, a.params[key])
	}
	text := a.scheme + "://"
	if u.User != nil {
		text += u.User.String() + "@"
	}
	text += u.Host
	if a.name != "" || len(q) > 0 {
		text += (&url.URL{Path: "/" + a.name}).EscapedPath()
	}
	if len(q) > 0 {
		text += "?" + strings.NewReplacer("%2F", "/", "%3A", ":").Replace(q.Encode())
	}
	return text
}

// keys are the parameters that may be shown, in order.
func (a address) keys() []string {
	var keys []string
	for key := range a.params {
		keys = append(keys, key)
	}
	for _, secret := range secretParams {
		for i, key := range keys {
			if key == secret {
				keys = append(keys[:i], keys[i+1:]...)
				break
			}
		}
	}
	sort.Strings(keys)
	return keys
}

// title is the database's name in the title bar.
func (a address) title() string {
	if a.host == "" {
		return a.name
	}
	return a.name + "@" + a.host
}

// secrets is a password in an address that may not even be well written.
var secrets = regexp.MustCompile(`:[^:@/]*@|:[^@]*@|((?:password|passwd)=)[^&]*`)

// shown is an address without what may be a password, whatever else is wrong with it.
func shown(rest string) string {
	return secrets.ReplaceAllStringFunc(rest, func(s string) string {
		if key, _, ok := strings.Cut(s, "="); ok && strings.HasPrefix(key, "passw") {
			return key + "=…"
		}
		return ":…@"
	})
}
