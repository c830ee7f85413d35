package repository

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"hearth/core"
	"hearth/store/scan"
	"hearth/store/wire"
)

// plainHTTP says of a service without TLS what that means.
func plainHTTP(name, host string) string {
	return name + " is at http://" + core.Visible(host) + ", without TLS: what is sent and read can be seen and changed on the way"
}

// netTries is how often a request is tried.
const netTries = 3

// newTransport is what carries requests: it takes proxies from the environment,
// and objects as they are.
func newTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	t.TLSHandshakeTimeout = 10 * time.Second
	t.ResponseHeaderTimeout = time.Minute
	t.MaxIdleConnsPerHost = 32
	t.DisableCompression = true
	t.MaxResponseHeaderBytes = wire.MostHeader
	return t
}

// explainNet tells in words why a server could not be asked.
func explainNet(tried, host string, err error) error {
	var dns *net.DNSError
	var timeout net.Error
	var u *url.Error
	var unknown x509.UnknownAuthorityError
	var wrong x509.HostnameError
	fail := func(what, next string) error { return core.Fail(core.CodeUnavailable, tried, what, next, err) }
	if told := wire.Explain(tried, err); told != nil {
		return told
	}
	switch {
	case errors.Is(err, context.Canceled):
		return scan.Cancelled(tried, err)
	case errors.As(err, &dns):
		return fail("there is no host "+dns.Name, "look whether the name is right")
	case errors.As(err, &unknown), errors.As(err, &wrong):
		return fail(host+" shows a certificate that this machine does not trust", "add its CA to the system's, or name it in SSL_CERT_FILE")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fail(host+" does not answer in time", "try again")
	case errors.Is(err, http.ErrSchemeMismatch):
		return fail(host+" speaks plain HTTP", "set plain_http in the config, or AWS_ENDPOINT_URL to http://"+host)
	case errors.As(err, &u):
		err = u.Err
	}
	return fail(host+" cannot be reached: "+reason(err), "look whether it is up, and whether it speaks HTTPS or plain HTTP")
}

// explainStatus tells in words what a server answered.
func explainStatus(tried, host string, status int, said string, err error) error {
	what := host + " answers " + strconv.Itoa(status)
	if said != "" {
		what += " (" + said + ")"
	}
	switch {
	case status == http.StatusNotFound:
		return core.Fail(core.CodeNotFound, tried, what, "look whether the name is right", err)
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return core.Fail(core.CodeDenied, tried, what, "check the credentials", err)
	}
	return core.Fail(core.CodeUnavailable, tried, what, "try again", err)
}
