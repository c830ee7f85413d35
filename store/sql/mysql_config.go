package sql

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"hearth/core"
	"hearth/store/whole"
)

// mysqlConfig makes the driver's configuration of an address, of ~/.my.cnf and of the
// environment, in that order, and says how long a statement may take.
func mysqlConfig(a address, tried string) (*mysql.Config, time.Duration, error) {
	usage := func(what, next string, err error) (*mysql.Config, time.Duration, error) {
		return nil, 0, core.Fail(core.CodeUsage, tried, what, next, err)
	}
	cnf, err := clientOptions(a)
	if err != nil {
		return usage("the options file cannot be read: "+err.Error(), "check its permissions", nil)
	}
	get := func(names ...string) string { // the address goes first
		for _, from := range []map[string]string{a.params, cnf} {
			for _, name := range names {
				if v := from[name]; v != "" {
					return v
				}
			}
		}
		return ""
	}
	c := mysql.NewConfig()
	c.Logger = &mysql.NopLogger{} // the terminal is hearth's
	c.DBName, c.Collation, c.Timeout = a.name, "utf8mb4_general_ci", 15*time.Second
	c.User = cmp.Or(a.user, cnf["user"], osUser())
	c.Passwd = a.password
	if c.Passwd == "" && (a.user == "" || cnf["user"] == "" || a.user == cnf["user"]) {
		c.Passwd = cnf["password"]
	}
	c.Passwd = cmp.Or(c.Passwd, os.Getenv("MYSQL_PWD"))
	core.Hide(c.Passwd)
	host := cmp.Or(a.host, cnf["host"], os.Getenv("MYSQL_HOST"), "localhost")
	c.Net, c.Addr = "tcp", net.JoinHostPort(host, cmp.Or(a.port, cnf["port"], os.Getenv("MYSQL_TCP_PORT"), "3306"))
	socket := a.params["unix_socket"]
	if a.host == "" || a.host == "localhost" && a.port == "" {
		socket = get("unix_socket", "socket")
	}
	if socket != "" {
		c.Net, c.Addr = "unix", socket
	} else if err := mysqlTLS(c, host, get); err != nil {
		return usage("the way to encrypt is not whole: "+err.Error(), "write ssl_mode=VERIFY_IDENTITY and ssl_ca=FILE, or less", nil)
	}
	most := limit
	if text := get("statement_timeout", "max_statement_time"); text != "" {
		if most, err = seconds(text); err != nil {
			return usage("statement_timeout is "+core.Visible(text), "write a time such as 90s or 10m", nil)
		}
	}
	return c, most, nil
}

// seconds reads a time such as 90, 90s or 10m.
func seconds(text string) (time.Duration, error) {
	if n, err := strconv.ParseFloat(text, 64); err == nil && n > 0 {
		return time.Duration(n * float64(time.Second)), nil
	}
	d, err := time.ParseDuration(text)
	if err == nil && d <= 0 {
		err = errors.New("no time at all")
	}
	return d, err
}

func osUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// mysqlTLS is how the connection is encrypted, as MySQL's own programs have it
// (--ssl-mode): where nothing is said, if the server can; with an authority, only with
// its certificate. What Cinder's driver calls these (pymysql: ssl_ca, ssl_verify_identity)
// means the same.
func mysqlTLS(c *mysql.Config, host string, get func(...string) string) error {
	mode := strings.ToUpper(get("ssl_mode"))
	ca, cert, key := get("ssl_ca"), get("ssl_cert"), get("ssl_key")
	if mode == "" {
		switch {
		case on(get("ssl_verify_identity", "ssl_verify_server_cert")):
			mode = "VERIFY_IDENTITY"
		case ca != "":
			mode = "VERIFY_CA"
		case on(get("ssl")):
			mode = "REQUIRED"
		}
	}
	t := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	switch mode {
	case "DISABLED":
		return nil
	case "", "PREFERRED":
		c.AllowFallbackToPlaintext = true
		t.InsecureSkipVerify = true
	case "REQUIRED":
		t.InsecureSkipVerify = true
	case "VERIFY_CA":
		t.InsecureSkipVerify = true // the chain is checked below, and the name is not
		t.VerifyConnection = func(s tls.ConnectionState) error { return verifyChain(s, t.RootCAs) }
	case "VERIFY_IDENTITY":
	default:
		return errors.New("there is no ssl_mode " + core.Visible(mode))
	}
	if ca != "" {
		pem, err := whole.ReadFile(ca, mostConf)
		if err != nil {
			return err
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return errors.New(ca + " has no certificate in it")
		}
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, cmp.Or(key, cert))
		if err != nil {
			return err
		}
		t.Certificates = []tls.Certificate{pair}
	}
	c.TLS = t
	return nil
}

// verifyChain checks who vouches for a certificate, and not whose it is.
func verifyChain(s tls.ConnectionState, roots *x509.CertPool) error {
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
	return err
}

func on(text string) bool {
	switch strings.ToLower(text) {
	case "1", "true", "on", "yes":
		return true
	}
	return false
}

// untrusted is the error of a handshake that failed by the other side's certificate, nil
// for any other.
func untrusted(err error) error {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return unknown
	case errors.As(err, &name):
		return name
	case errors.As(err, &invalid):
		return invalid
	}
	return nil
}

// clientOptions are those of [client] in the options file: the one that the address
// names with defaults_file, else ~/.my.cnf if there is one.
func clientOptions(a address) (map[string]string, error) {
	path := a.params["defaults_file"]
	named := path != ""
	if !named {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, nil
		}
		path = filepath.Join(home, ".my.cnf")
	}
	data, err := whole.ReadFile(path, mostConf)
	if err != nil {
		if named {
			return nil, err
		}
		return nil, nil
	}
	out := map[string]string{}
	for _, o := range optionsFile(string(data)) {
		if o.group == "client" || o.group == "client-mariadb" || o.group == "client-server" {
			out[strings.ReplaceAll(o.name, "-", "_")] = o.value
		}
	}
	return out, nil
}

// option is a line of an options file.
type option struct{ group, name, value string }

// optionsFile reads an options file of MySQL's: groups in brackets, quotes, escapes,
// comments, and names without a value, which are on.
func optionsFile(text string) []option {
	var out []option
	group := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.ContainsRune("#;!", rune(line[0])):
			continue
		case line[0] == '[':
			name, _, _ := strings.Cut(line[1:], "]")
			group = strings.ToLower(strings.TrimSpace(name))
			continue
		}
		name, value, given := strings.Cut(line, "=")
		if name = strings.ToLower(strings.TrimSpace(name)); !given {
			value = "1"
		}
		out = append(out, option{group, name, optionValue(strings.TrimSpace(value))})
	}
	return out
}

// optionValue takes a value out of its quotes, leaves out a comment behind it, and reads
// the escapes that MySQL knows.
func optionValue(s string) string {
	if n := len(s); n > 1 && (s[0] == '"' || s[0] == '\'') && s[n-1] == s[0] {
		s = s[1 : n-1]
	} else if i := strings.Index(s, " #"); i >= 0 {
		s = strings.TrimSpace(s[:i])
	}
	return strings.NewReplacer(`\\`, `\`, `\s`, " ", `\n`, "\n", `\t`, "\t", `\r`, "\r", `\b`, "\b", `\"`, `"`, `\'`, "'").Replace(s)
}
