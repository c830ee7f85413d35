package sql

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/core"
)

func TestAddress(t *testing.T) {
	for _, c := range []struct {
		scheme, rest                     string
		user, password, host, port, name string
		location                         string
	}{
		{"mysql", "//u:p@h:3307/cinder", "u", "p", "h", "3307", "cinder", "mysql://u@h:3307/cinder"},
		{"mysql", "//u:a/b?c:d#e@h/cinder?charset=utf8", "u", "a/b?c:d#e", "h", "", "cinder",
			"mysql://u@h/cinder?charset=utf8"}, // as SQLAlchemy has it
		{"mysql", "//u:p%40%2F%25@h/cinder", "u", "p@/%", "h", "", "cinder", "mysql://u@h/cinder"},
		{"mysql", "//a%40b:p@[fe80::1]:3306/cinder", "a@b", "p", "fe80::1", "3306", "cinder", "mysql://a%40b@[fe80::1]:3306/cinder"},
		{"mysql", "//h/cinder", "", "", "h", "", "cinder", "mysql://h/cinder"},
		{"mysql", "//u:@h/cinder", "u", "", "h", "", "cinder", "mysql://u@h/cinder"},
		{"mysql", "///cinder?unix_socket=/run/mysqld.sock", "", "", "", "", "cinder", "mysql:///cinder?unix_socket=/run/mysqld.sock"},
		{"mysql", "//h/cin der?ssl-ca=/a b&password=x", "", "", "h", "", "cin der", "mysql://h/cin%20der?ssl_ca=/a+b"},
		{"postgres", "//u:p@a:1,b:2/cinder?sslmode=require", "u", "p", "a:1,b:2", "", "cinder", "postgres://u@a:1,b:2/cinder?sslmode=require"},
		{"postgres", "///?service=prod", "", "", "", "", "", "postgres:///?service=prod"},
		{"postgres", "//h", "", "", "h", "", "", "postgres://h"},
	} {
		a, wrong := readAddress(c.scheme, c.rest)
		if wrong != "" || a.user != c.user || a.password != c.password || a.host != c.host || a.port != c.port || a.name != c.name {
			t.Errorf("%s reads as %+v, %s", c.rest, a, wrong)
		}
		if got := a.location(); got != c.location {
			t.Errorf("%s is shown as %s, want %s", c.rest, got, c.location)
		}
		again, wrong := readAddress(c.scheme, strings.TrimPrefix(c.location, c.scheme+":"))
		if wrong != "" || again.location() != c.location {
			t.Errorf("%s reads back as %s, %s", c.location, again.location(), wrong)
		}
	}
	for _, c := range [][3]string{
		{"//u:secret@h/cinder?x=1", "//u@h/cinder?x=1", "secret"},
		{"//h/cinder?password=secret&x=1", "//h/cinder?x=1", "secret"},
		{"/u:secret@h/cinder", "/u:…@h/cinder", ""},
		{"//u:sec%zzret@h/cinder", "//u:…@h/cinder", ""},
		{"//h?password=secret", "//h?password=…", ""},
	} {
		if without, password := CutPassword("mysql", c[0]); without != c[1] || password != c[2] {
			t.Errorf("%s is cut into %s and %q", c[0], without, password)
		}
	}
}

func TestPlaceholders(t *testing.T) {
	for _, c := range [][3]string{
		{"a = ? AND b = ?", "a = ? AND b = ? [x y]", "a = $1 AND b = $2"},
		{"a = ?2 OR a = ?2 AND b = ?1", "a = ? OR a = ? AND b = ? [y y x]", "a = $2 OR a = $2 AND b = $1"},
		{`'?' || "o""d?" = ?`, `'?' || "o""d?" = ? [x]`, `'?' || "o""d?" = $1`},
		{`a = '`, `a = ' []`, `a = '`},
	} {
		query, args := (&mysqlDialect{}).bind(c[0], []any{"x", "y"})
		text := query + " ["
		for i, a := range args {
			text += strings.Repeat(" ", min(i, 1)) + a.(string)
		}
		if text += "]"; text != c[1] {
			t.Errorf("MySQL: %s is %s", c[0], text)
		}
		if query, _ := (&postgresDialect{}).bind(c[0], nil); query != c[2] {
			t.Errorf("PostgreSQL: %s is %s", c[0], query)
		}
	}
}

func TestClientOptions(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("MYSQL_PWD", "")
	file := filepath.Join(home, ".my.cnf")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config := func(rest string) string {
		a, _ := readAddress("mysql", rest)
		c, most, err := mysqlConfig(a, "open it")
		if err != nil {
			return err.Error()
		}
		return c.User + " " + c.Passwd + " " + c.Net + " " + c.Addr + " " + c.DBName + " " + most.String()
	}
	write("# ours\n[mysqld]\npassword=theirs\n[client]\nuser = cinder\npassword = \"pa # ss\\\\ \" \nhost=db\nport=3307\n" +
		"ssl-mode=disabled # no\n!include /x\n")
	for rest, want := range map[string]string{
		"///cinder":                                                  `cinder pa # ss\  tcp db:3307 cinder 5m0s`,
		"//other:1/cinder":                                           `cinder pa # ss\  tcp other:1 cinder 5m0s`,
		"//cinder@db/cinder":                                         `cinder pa # ss\  tcp db:3307 cinder 5m0s`,
		"//root@db/cinder":                                           `root  tcp db:3307 cinder 5m0s`, // the password is another user's
		"//root:own@db/cinder":                                       `root own tcp db:3307 cinder 5m0s`,
		"//cinder@db/cinder?statement_timeout=90s":                   `cinder pa # ss\  tcp db:3307 cinder 1m30s`,
		"//cinder@db/cinder?statement_timeout=soon":                  "statement_timeout is soon",
		"//cinder@db/cinder?unix-socket=/s":                          `cinder pa # ss\  unix /s cinder 5m0s`,
		"///cinder?unix_socket=/s":                                   `cinder pa # ss\  unix /s cinder 5m0s`,
		"//h/cinder?defaults_file=/no/such":                          "the options file cannot be read",
		"//cinder@db/cinder?ssl_mode=VERIFY_IDENTITY&ssl_ca=/no/pem": "the way to encrypt is not whole",
	} {
		if got := config(rest); got != want && !(strings.Contains(got, "cannot") && strings.Contains(got, want)) {
			t.Errorf("%s: %s, want %s", rest, got, want)
		}
	}
	t.Setenv("MYSQL_PWD", "env")
	if got := config("//root@db/cinder"); got != "root env tcp db:3307 cinder 5m0s" {
		t.Errorf("by the environment: %s", got)
	}
}

func TestTLSModes(t *testing.T) {
	a, _ := readAddress("mysql", "//h/c")
	t.Setenv("HOME", t.TempDir())
	for _, c := range []struct {
		params   map[string]string
		plain    bool // it goes on without, where the server has none
		verifies string
	}{
		{nil, true, "nothing"},
		{map[string]string{"ssl_mode": "PREFERRED"}, true, "nothing"},
		{map[string]string{"ssl_mode": "required"}, false, "nothing"},
		{map[string]string{"ssl": "1"}, false, "nothing"},
		{map[string]string{"ssl_mode": "VERIFY_CA"}, false, "chain"},
		{map[string]string{"ssl_mode": "VERIFY_IDENTITY"}, false, "all"},
		{map[string]string{"ssl_verify_identity": "true"}, false, "all"},
		{map[string]string{"ssl_mode": "DISABLED"}, false, "off"},
	} {
		a.params = c.params
		cfg, most, err := mysqlConfig(a, "open it")
		if err != nil {
			t.Fatal(err)
		}
		got := "all"
		switch {
		case cfg.TLS == nil:
			got = "off"
		case cfg.TLS.VerifyConnection != nil:
			got = "chain"
		case cfg.TLS.InsecureSkipVerify:
			got = "nothing"
		}
		if got != c.verifies || cfg.AllowFallbackToPlaintext != c.plain || most != 5*time.Minute {
			t.Errorf("%v verifies %s, falls back %v", c.params, got, cfg.AllowFallbackToPlaintext)
		}
		if cfg.AllowAllFiles || cfg.AllowCleartextPasswords || cfg.AllowOldPasswords {
			t.Error("a server could ask for files, or for the password as it is")
		}
	}
}

func TestConf(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "cinder.conf")
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{
		"[database]\nconnection = mysql+pymysql://u:p@h/c\n":                                        "mysql+pymysql://u:p@h/c",
		"[database]\nconnection = first\n# connection = no\nconnection: \"second\"\n":               "second",
		"[DEFAULT]\nsql_connection=old\n":                                                           "old",
		"[DEFAULT]\nmy_ip = 10.0.0.1\n[database]\nconnection = a://$my_ip/${database.name}\nname=c": "a://10.0.0.1/c",
		"[database]\nconnection = a://u:pa$$ss\\$1$!@h/c":                                           "a://u:pa$ss$1$!@h/c",
		"[database]\nconnection = a://$no_such/c":                                                   "refers to $no_such",
		"[database]\nconnection = $connection":                                                      "refers to $connection",
		"[other]\nconnection = x\n[database]\n":                                                     "no connection in [database]",
		"":                                                                                          "no connection in [database]",
	} {
		write(file, text)
		c, err := readConf(file)
		if err != nil {
			t.Fatal(err)
		}
		if value, wrong := c.connection(); value != want && (wrong == "" || !strings.Contains(wrong, want)) {
			t.Errorf("%q says %s, %s", text, value, wrong)
		}
	}
	write(file, "[database]\nconnection = one\n")
	write(file+".d/10.conf", "[database]\nconnection = ten\n")
	write(file+".d/20.conf", "[database]\n")
	if c, err := readConf(file); err != nil || c["database"]["connection"] != "ten" {
		t.Errorf("with a folder beside it: %v, %v", c, err)
	}
	for text, want := range map[string]core.Code{
		"[database]\nconnection = oracle://u:secret@h/c":                            core.CodeUnsupported,
		"[database]\nconnection = mysql+pymysql://u:secret@h":                       core.CodeUnreadable,
		"[database]\nconnection = mysql+pymysql:u:secret@h":                         core.CodeUnreadable,
		"[database]\nconnection = mysql://u:secret@127.0.0.1:1/c":                   core.CodeUnavailable,
		"[database]\nconnection = postgresql://u:secret@127.0.0.1:1/c?charset=utf8": core.CodeUnavailable,
		"[database]\nconnection = sqlite:///" + dir + "/none":                       core.CodeNotFound,
	} {
		write(file, text)
		os.RemoveAll(file + ".d")
		_, err := OpenConf(t.Context(), file, Options{})
		if core.CodeOf(err) != want || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v (%s), want %s", text, err, core.CodeOf(err), want)
		}
	}
	if _, err := OpenConf(t.Context(), filepath.Join(dir, "none"), Options{}); core.CodeOf(err) != core.CodeNotFound {
		t.Errorf("no such file: %v", err)
	}
}

// TestSources: every column that a list sorts and filters by is read from some column of
// the table, or is one of those that are not in it.
func TestSources(t *testing.T) {
	elsewhere := core.NewFieldSet("id", "project-name", "written", "caution", "backups", "last-backup")
	for _, c := range []struct {
		names   []string
		sources map[string][]string
	}{{core.BackupColumns.Names(), backupSources}, {core.VolumeFields.Names(), volumeSources}} {
		left := maps.Clone(c.sources)
		for _, name := range c.names {
			if _, ok := c.sources[name]; !ok && !elsewhere.Has(name) {
				t.Errorf("nobody says where %s is read", name)
			}
			delete(left, name)
		}
		if len(left) > 0 {
			t.Errorf("%v are no columns", left)
		}
	}
}
