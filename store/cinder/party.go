package cinder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"hearth/core"
)

// party is whom a request was meant for, so that an error names who failed, and what
// is to be set is that one's.
type party struct {
	name     string // "Keystone", "Cinder"
	url      string // where it is
	setting  string // what says so: "auth_url"
	log      string // where it tells more
	noTables bool   // its refusals are not Cinder's: no hint is made of their words
}

func cinderAt(url string) party {
	return party{name: "Cinder", url: url, setting: "block_storage_endpoint_override", log: "cinder-api's log"}
}

func keystoneAt(url string) party {
	return party{name: "Keystone", url: url, setting: "auth_url", log: "Keystone's log", noTables: true}
}

// meant is whom a call is meant for.
func (s *session) meant(c call) party {
	if strings.HasPrefix(c.path, "/") {
		p, _ := s.current()
		at := cinderAt(p.Endpoint)
		if at.url == "" {
			at.url = s.login.override
		}
		return at
	}
	return s.keystone()
}

func (s *session) keystone() party {
	if p, _ := s.current(); p.Identity != "" {
		return keystoneAt(p.Identity)
	}
	return keystoneAt(s.login.entry.AuthURL)
}

// host is where the party is, with its name: "10.0.0.5:8776 (Cinder)".
func (p party) host(err error) string {
	where := hostOf(p.url)
	var u *url.Error
	if errors.As(err, &u) {
		if at := hostOf(u.URL); at != "" {
			where = at
		}
	}
	switch {
	case where == "" && p.name == "":
		return "the cloud"
	case where == "":
		return p.name
	case p.name == "":
		return where
	}
	return where + " (" + p.name + ")"
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// said begins a sentence in the party's own words.
func (p party) said(words string) string {
	switch {
	case p.name == "" || words == "":
		return words
	case strings.HasPrefix(words, "does not "): // as [brief] puts a complaint of the schema's
		return p.name + " " + words
	}
	return p.name + " says: " + words
}

// proxies finds the proxy for a request; http.ProxyFromEnvironment is one.
type proxies func(*http.Request) (*url.URL, error)

// badProxy is the error of a variable that names a proxy and cannot be used. What it
// holds is not told: there may be a password in it.
type badProxy struct{ variable string }

func (b *badProxy) Error() string { return b.variable + " names no proxy that can be used" }

// checked is proxies with an error that keeps the secret.
func (of proxies) checked(r *http.Request) (*url.URL, error) {
	u, err := of(r)
	if err != nil {
		return nil, &badProxy{proxyVariable(r.URL)}
	}
	if u != nil {
		secret, _ := u.User.Password()
		core.Hide(secret)
	}
	return u, nil
}

// proxyVariable is the environment's variable that names the proxy for a URL.
func proxyVariable(u *url.URL) string {
	if u != nil && u.Scheme == "http" {
		return "HTTP_PROXY"
	}
	return "HTTPS_PROXY"
}

// between is the proxy on the way to an address, as it may be shown; "" where there
// is none.
func (s *session) between(address string) string {
	u, err := url.Parse(address)
	if err != nil || s.proxy == nil {
		return ""
	}
	via, err := s.proxy(&http.Request{URL: u})
	if err != nil || via == nil {
		return ""
	}
	return proxyAddress(via)
}

func proxyAddress(u *url.URL) string { return u.Scheme + "://" + u.Host }

// turnedAway is the error of a proxy that opens no way to a host (CONNECT).
type turnedAway struct {
	proxy  string
	host   string // asked for
	status int
	text   string // of the status
}

func (t *turnedAway) Error() string {
	return fmt.Sprintf("the proxy %s answered CONNECT %s with %s", t.proxy, t.host, t.text)
}

// connected looks at what a proxy answers to CONNECT, as http.Transport has it looked
// at.
func connected(_ context.Context, proxy *url.URL, req *http.Request, res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		return nil
	}
	return &turnedAway{proxy: proxyAddress(proxy), host: req.Host, status: res.StatusCode, text: res.Status}
}

// explain is the sentence for a proxy that turned a request away.
func (t *turnedAway) explain(tried string, err error) error {
	around := "name " + bareHost(t.host) + " in NO_PROXY if there is a way without it"
	switch {
	case t.status == http.StatusProxyAuthRequired:
		return core.Fail(core.CodeDenied, tried, "the proxy "+t.proxy+" wants a login of its own (407)",
			"write it into HTTPS_PROXY as http://USER:PASSWORD@HOST:PORT, or "+around, err)
	case t.status >= http.StatusInternalServerError:
		return core.Fail(core.CodeUnavailable, tried, fmt.Sprintf("the proxy %s does not reach %s (%d)", t.proxy, t.host, t.status),
			"look whether it is up, or "+around, err)
	}
	return core.Fail(core.CodeDenied, tried, fmt.Sprintf("the proxy %s lets nothing through to %s (%d)", t.proxy, t.host, t.status),
		"ask whoever runs the proxy, or "+around, err)
}

func bareHost(host string) string {
	u := url.URL{Host: host}
	return u.Hostname()
}

// marks are the headers by which an answer of OpenStack's is known: no proxy sends
// one.
var marks = []string{"X-Openstack-Request-Id", "X-Compute-Request-Id", "Openstack-Api-Version"}

// marked reports whether an answer bears a mark of OpenStack's.
func marked(h http.Header) bool {
	for _, name := range marks {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}

// isPage reports whether an answer is a page for people.
func isPage(h http.Header, body []byte) bool {
	text := strings.ToLower(strings.TrimSpace(string(body[:min(len(body), 512)])))
	return strings.HasPrefix(text, "<!doctype html") || strings.HasPrefix(text, "<html") || strings.HasPrefix(text, "<?xml") ||
		strings.HasPrefix(text, "<") && strings.Contains(h.Get("Content-Type"), "html")
}

var title = regexp.MustCompile(`(?is)<title[^>]*>\s*(.*?)\s*</title>|<h1[^>]*>\s*(.*?)\s*</h1>`)

// mostTitle is how much of a page's title goes into a sentence.
const mostTitle = 60

// looksLike says what an answer is, for a sentence: "200 with a page (Welcome)".
func looksLike(status int, h http.Header, body []byte) string {
	what := fmt.Sprint(status)
	switch trimmed := strings.TrimSpace(string(body[:min(len(body), 64)])); {
	case trimmed == "":
		what += " with nothing in it"
	case isPage(h, body):
		what += " with a page"
		if m := title.FindSubmatch(body[:min(len(body), 1<<16)]); m != nil {
			name := []rune(strings.Join(strings.Fields(core.Struck(string(m[1])+string(m[2]))), " "))
			if len(name) > mostTitle {
				name = append(name[:mostTitle], '…')
			}
			if len(name) > 0 {
				what += " (" + string(name) + ")"
			}
		}
	case !json.Valid(body):
		what += " with what is no JSON"
	default:
		what += " with other JSON"
	}
	return what
}

// stranger names whoever sent an answer that is not the party's.
func (s *session) stranger(at party, address string) string {
	if via := s.between(address); via != "" {
		return "the proxy " + via + ", or what is behind it,"
	}
	host := hostOf(address)
	if host == "" {
		host = hostOf(at.url)
	}
	if host == "" {
		return "something in place of " + at.name
	}
	return "something at " + host + " in place of " + at.name
}

// aside says what to do about a stranger's answer.
func (s *session) aside(at party, address string) string {
	if s.between(address) != "" {
		return "ask whoever runs the proxy, or name " + bareHost(hostOf(address)) + " in NO_PROXY"
	}
	if at.name == "Keystone" {
		return "check auth_url, and what stands before it"
	}
	return "check the URL in the catalogue, or " + at.setting + ", and what stands before it"
}
