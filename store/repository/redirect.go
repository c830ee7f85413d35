package repository

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"hearth/core"
)

// homebound carries requests, and none that a redirect leads to another host, or from
// https to http: the library that speaks Swift follows redirects, and its token, or at
// the login its key, would go along. (That which speaks S3 follows none.)
type homebound struct{ http.RoundTripper }

func (h homebound) RoundTrip(r *http.Request) (*http.Response, error) {
	if led := r.Response; led != nil && led.Request != nil && !home(led.Request.URL, r.URL) {
		return nil, &ledAway{led.StatusCode, bare(led.Request.URL), bare(r.URL)}
	}
	return h.RoundTripper.RoundTrip(r)
}

// home reports whether two URLs are of one service of a host, or lead to TLS there.
func home(a, b *url.URL) bool {
	if !strings.EqualFold(a.Hostname(), b.Hostname()) {
		return false
	}
	return a.Scheme == b.Scheme && a.Port() == b.Port() || a.Scheme == "http" && b.Scheme == "https"
}

// ledAway is the error of a request that was led elsewhere, and not sent there.
type ledAway struct {
	status   int
	from, to string
}

func (l *ledAway) Error() string { return fmt.Sprintf("%s leads (%d) to %s", l.from, l.status, l.to) }

func (l *ledAway) explain(tried string, err error) error {
	return core.Fail(core.CodeRefused, tried, l.Error()+", and no other host is sent the token",
		"name where it really is: auth_url in the config, or the object-store URL of the cloud's catalogue", err)
}

func bare(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
