package clouds

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"hearth/core"
	"hearth/store/whole"
)

// TLS is how a cloud is known by its certificate, and what it is shown. The zero
// value believes what the system does.
type TLS struct {
	Insecure bool
	CA       string // a file or a folder of certificates; "": the system's
	Cert     string // the client's own; "": none
	Key      string // to it; "": it is in the same file

	ca, cert, key Place
}

// tls reads verify, insecure, cacert, cert and key (CloudRegion.
// get_requests_verify_args).
func (e *entry) tls() (TLS, error) {
	var t TLS
	insecure, verify := e.top.get("insecure"), e.top.get("verify")
	switch {
	case insecure == nil, insecure.kind == nothing:
	case insecure.kind == truth:
		t.Insecure = insecure.is()
	case insecure.kind == text: // openstack/config/loader.py, get_boolean
		t.Insecure = strings.EqualFold(insecure.text, "true")
		if word, known := truthOf(insecure.text); word && known && !t.Insecure {
			e.note("insecure", insecure, "is taken for no, as by openstack: only true is yes")
		}
	default:
		return t, e.odd("insecure", insecure, "is no word for yes or no", "write true or false")
	}
	path := func(key string) (string, Place, error) {
		v := e.top.get(key)
		if !v.is() {
			return "", Place{}, nil
		}
		s, err := e.word(key, v)
		return e.book.world.path(s), v.at, err
	}
	var err error
	if t.CA, t.ca, err = path("cacert"); err != nil {
		return t, err
	}
	if t.Cert, t.cert, err = path("cert"); err != nil {
		return t, err
	}
	if t.Key, t.key, err = path("key"); err != nil {
		return t, err
	}
	if t.Cert == "" && t.Key != "" {
		e.note("key", e.top.get("key"), "is not looked at without cert, as by openstack")
		t.Key = ""
	}
	switch {
	case verify == nil: // without a word it is verified
	case verify.kind == truth, verify.kind == nothing:
		t.Insecure = t.Insecure || !verify.is()
	case verify.kind == text && verify.text == "":
		t.Insecure = true
	case verify.kind == text, verify.kind == number:
		s, err := e.word("verify", verify)
		if err != nil {
			return t, err
		}
		yes, word := truthOf(s)
		switch {
		case t.CA != "" && word && !yes:
			e.note("verify", verify, "is a text, and the cacert is believed all the same, as by openstack: write false without quotes")
		case t.CA != "":
		case word:
			t.Insecure = t.Insecure || !yes
			e.note("verify", verify, "is a text, which openstack takes for the name of a file: write it without quotes")
		default:
			t.CA, t.ca = e.book.world.path(s), verify.at
		}
	default:
		return t, e.odd("verify", verify, "is no word for yes or no and no file", "write true, false, or the path of a file of certificates")
	}
	if t.Insecure && t.CA != "" {
		e.note("cacert", e.top.get("cacert"), "is not looked at: the cloud's certificate is not verified")
	}
	for _, name := range []string{"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} { // as Python's requests
		if file := e.book.world.Env[name]; file != "" && t.CA == "" && !t.Insecure {
			t.CA, t.ca = e.book.world.path(file), Place{Name: name}
		}
	}
	return t, nil
}

// truthOf reads a word for yes or no; word is false if it is none.
func truthOf(s string) (yes, word bool) {
	switch strings.ToLower(s) {
	case "true", "yes", "on", "1":
		return true, true
	case "false", "no", "off", "0":
		return false, true
	}
	return false, false
}

// path is a path as the client takes it: ~ is the home, others begin where one is.
func (w World) path(s string) string {
	if rest, ok := strings.CutPrefix(s, "~/"); ok && w.Home != "" {
		return filepath.Join(w.Home, rest)
	}
	if s != "" && !filepath.IsAbs(s) {
		return filepath.Join(w.Dir, s)
	}
	return s
}

// Config reads the files; nil where all is as usual. CodeUnreadable names the key
// and the file.
func (l *Login) Config() (*tls.Config, error) {
	t := l.TLS
	if !t.Insecure && t.CA == "" && t.Cert == "" {
		return nil, nil
	}
	bad := func(key string, at Place, path string, err error) error {
		where := at.String()
		if where != "" {
			where = " (" + where + ")"
		}
		return core.Fail(core.CodeUnreadable, tried(l.Cloud), "its "+key+where+" cannot be used: "+cause(err, path), "repair "+key, err)
	}
	c := &tls.Config{InsecureSkipVerify: t.Insecure}
	if t.CA != "" && !t.Insecure {
		pool, err := authorities(t.CA)
		if err != nil {
			return nil, bad("cacert", t.ca, t.CA, err)
		}
		c.RootCAs = pool
	}
	if t.Cert != "" {
		key := t.Key
		if key == "" {
			key = t.Cert
		}
		pair, err := tls.LoadX509KeyPair(t.Cert, key)
		if err != nil {
			return nil, bad("cert", t.cert, t.Cert, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// cause tells what is wrong with a file.
func cause(err error, path string) string {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Path + ": " + p.Err.Error()
	}
	return path + ": " + err.Error()
}

// mostCertificates is how large a file of certificates may be: those of a whole system have
// a quarter of a megabyte.
const mostCertificates = 16 << 20

// authorities reads a file of certificates, or a folder of such files.
func authorities(path string) (*x509.CertPool, error) {
	files := []string{path}
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if info.IsDir() {
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, err
		}
		files = nil
		for _, e := range entries {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	pool, any := x509.NewCertPool(), false
	for _, file := range files {
		body, err := whole.ReadFile(file, mostCertificates)
		if err != nil && len(files) == 1 {
			return nil, err
		}
		any = pool.AppendCertsFromPEM(body) || any
	}
	if !any {
		return nil, errors.New("there is no certificate in it")
	}
	return pool, nil
}
