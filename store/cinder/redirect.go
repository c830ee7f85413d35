package cinder

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// mostRedirects is how many a reading follows on one host before it goes in a circle.
const mostRedirects = 10

// strayed is the error of a request that an answer led elsewhere, and that was not
// sent there.
type strayed struct {
	method   string
	status   int
	from, to *url.URL
	circle   bool // the host leads on and on
}

func (s *strayed) Error() string {
	return fmt.Sprintf("%s %s answered %d and led to %s, where nothing was sent", s.method, plainURL(s.from), s.status, plainURL(s.to))
}

// stays is the rule for redirects, as an http.Client asks for it: only what reads
// follows one, and what carries a token stays on the host it was meant for. Go sends a
// write on as a GET (301, 302, 303), which then looks as if it had worked, or twice (307,
// 308), and takes X-Auth-Token to any host. 303 alone says that the request may have
// been carried out (RFC 9110, 15.4).
func stays(req *http.Request, via []*http.Request) error {
	first, last := via[0], via[len(via)-1]
	out := &strayed{method: first.Method, from: first.URL, to: req.URL}
	if req.Response != nil {
		out.status = req.Response.StatusCode
	}
	switch {
	case first.Method != http.MethodGet && first.Method != http.MethodHead:
		return out
	case last.URL.Scheme == "https" && req.URL.Scheme != "https":
		return out
	case (carries(first) || first.Context().Value(athome{}) != nil) && !sameHost(first.URL, req.URL):
		return out
	case len(via) >= mostRedirects:
		out.circle = true
		return out
	}
	return nil
}

// athome is the key of a context whose requests stay on their host, though they carry
// nothing: what is answered says where a secret goes.
type athome struct{}

// carries reports whether a request has something that no other host is to see.
func carries(r *http.Request) bool {
	for _, name := range []string{"X-Auth-Token", "X-Subject-Token", "X-Storage-Token", "Authorization"} {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return false
}

// sameHost reports whether two URLs lead to the same service of a host, or from
// plain HTTP to TLS on that host.
func sameHost(a, b *url.URL) bool {
	if !strings.EqualFold(a.Hostname(), b.Hostname()) {
		return false
	}
	return a.Scheme == b.Scheme && portOf(a) == portOf(b) || a.Scheme == "http" && b.Scheme == "https"
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// plainURL is a URL for a sentence: without a password and without its query.
func plainURL(u *url.URL) string {
	if u == nil {
		return "nowhere"
	}
	bare := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	if u.RawQuery != "" {
		return bare.String() + "?…"
	}
	return bare.String()
}

// moved is what a setting, now called was, would have to be so that a request went
// where it was led to; "" where that cannot be told.
func (s *strayed) moved(was string) string {
	if was == "" || s.to == nil || s.from == nil {
		return ""
	}
	below, ok := strings.CutPrefix(s.from.Path, pathOf(was))
	if !ok {
		return ""
	}
	path, ok := strings.CutSuffix(s.to.Path, below)
	if !ok || s.to.Host == "" {
		return ""
	}
	to := url.URL{Scheme: s.to.Scheme, Host: s.to.Host, Path: path}
	return to.String()
}

func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(u.Path, "/")
}
