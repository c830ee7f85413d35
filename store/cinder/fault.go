package cinder

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"github.com/gophercloud/gophercloud/v2"

	"hearth/core"
)

// fault is a refusal by the cloud: {"badRequest": {"code": 400, "message": …}},
// with Keystone {"error": {…}}.
type fault struct {
	status  int
	kind    string // badRequest, itemNotFound, forbidden, overLimit, computeFault, serviceUnavailable, error
	message string
	request string // Cinder's id of the request, for its logs
	header  http.Header
}

// faultOf finds the cloud's refusal in an error; nil if it is none.
func faultOf(err error) *fault {
	var reauth *gophercloud.ErrUnableToReauthenticate
	if errors.As(err, &reauth) {
		err = reauth.ErrReauth
	}
	var after *gophercloud.ErrErrorAfterReauthentication
	if errors.As(err, &after) {
		err = after.ErrOriginal
	}
	var code gophercloud.ErrUnexpectedResponseCode
	if !errors.As(err, &code) {
		var ours *core.Error
		if errors.As(err, &ours) && ours.Cause != nil && ours.Cause != err {
			return faultOf(ours.Cause)
		}
		return nil
	}
	f := &fault{status: code.Actual, header: code.ResponseHeader, request: code.ResponseHeader.Get("X-Openstack-Request-Id")}
	var body map[string]json.RawMessage
	if json.Unmarshal(code.Body, &body) == nil {
		for kind, raw := range body {
			var inner struct{ Message string }
			if json.Unmarshal(raw, &inner) == nil && inner.Message != "" {
				f.kind, f.message = kind, inner.Message
			}
		}
	}
	return f
}

// explain makes one sentence of a failure; what is one already stays.
func explain(tried string, err error) error {
	var ours *core.Error
	var code gophercloud.ErrUnexpectedResponseCode
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours):
		return err
	case errors.Is(err, context.Canceled):
		return core.Fail(core.CodeCancelled, tried, "it was cancelled", "", err)
	case errors.As(err, &code) || faultOf(err) != nil:
		return explainFault(tried, faultOf(err), err)
	}
	return explainNet(tried, err)
}

func explainFault(tried string, f *fault, err error) error {
	fail := func(code core.Code, what, next string) error {
		cause := error(core.Fail(code, "", "the cloud answered "+strconv.Itoa(f.status)+" "+f.kind, requestID(f), err))
		return core.Fail(code, tried, what, next, cause)
	}
	said := strings.TrimSuffix(f.message, ".")
	switch f.status {
	case http.StatusBadRequest:
		if said == "" {
			said = "the cloud refuses it (400)"
		}
		return fail(core.CodeRefused, said, "")
	case http.StatusUnauthorized:
		return fail(core.CodeDenied, "the cloud does not accept the login", "check the credentials in clouds.yaml")
	case http.StatusForbidden:
		if said == "" {
			said = "the cloud forbids it"
		}
		return fail(core.CodeDenied, said, "log in with a role that may do it: by default admin for records and states, member for the rest")
	case http.StatusNotFound:
		if strings.HasPrefix(said, "Service ") { // cinder-backup is down: Cinder says 404
			return fail(core.CodeUnavailable, "no backup service is up there: "+said, "start cinder-backup and try again")
		}
		if said == "" {
			said = "it is not there"
		}
		return fail(core.CodeNotFound, said, "")
	case http.StatusNotAcceptable:
		return fail(core.CodeUnsupported, "this cloud's API is too old or too new for it: "+said, "")
	case http.StatusConflict, http.StatusPreconditionFailed:
		if said == "" {
			said = "it has changed meanwhile"
		}
		return fail(core.CodeConflict, said, "read it again")
	case http.StatusRequestEntityTooLarge:
		if said == "" {
			said = "a quota is used up"
		}
		return fail(core.CodeRefused, said, "delete something, or ask for a larger quota")
	case http.StatusTooManyRequests:
		return fail(core.CodeUnavailable, "the cloud says that it was asked too often", "wait a minute")
	case http.StatusServiceUnavailable:
		if said == "" {
			said = "the cloud says that the service is not available"
		}
		return fail(core.CodeUnavailable, said, "try again when it is up")
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return fail(core.CodeUnavailable, "a proxy before the cloud got no answer in time ("+strconv.Itoa(f.status)+")", "look whether it took effect before you try again")
	}
	if f.status >= 500 {
		return fail(core.CodeUnavailable, "the cloud failed ("+strconv.Itoa(f.status)+"): "+said, "look into cinder-api's log"+strings.TrimSuffix(" for "+f.request, " for "))
	}
	return fail(core.CodeRefused, "the cloud answered "+strconv.Itoa(f.status)+" "+said, "")
}

func requestID(f *fault) string {
	if f.request == "" {
		return ""
	}
	return "its logs know the request as " + f.request
}

// explainNet tells why no answer came.
func explainNet(tried string, err error) error {
	host := "the cloud"
	var u *url.Error
	if errors.As(err, &u) {
		if at, perr := url.Parse(u.URL); perr == nil && at.Host != "" {
			host = at.Host
		}
	}
	fail := func(what, next string) error {
		return core.Fail(core.CodeUnavailable, tried, what, next, err)
	}
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var record tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.As(err, &dns):
		return fail("there is no host called "+dns.Name, "check the URL, or the name server")
	case errors.As(err, &unknown):
		return fail(host+" shows a certificate of an unknown authority", "name the authority's certificate with cacert (or OS_CACERT)")
	case errors.As(err, &name):
		return fail(host+" shows a certificate for another name", "check the URL")
	case errors.As(err, &record):
		return fail(host+" does not speak TLS there", "write http: instead of https: if that is meant")
	case errors.Is(err, syscall.ECONNREFUSED):
		return fail("nothing listens at "+host, "check the URL, or start the service")
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return fail("there is no way to "+host, "check the network, or the VPN")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fail(host+" did not answer in time", "try again, and look whether it took effect first if it was to change something")
	}
	return fail("the connection to "+host+" broke", "try again")
}
