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
	"regexp"
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
	said := brief(f.message)
	switch f.status {
	case http.StatusBadRequest:
		if said == "" {
			said = "the cloud refuses it (400)"
		}
		return fail(core.CodeRefused, said, hint(said))
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
		if said == "" { // Cinder itself names what it does not find
			return fail(core.CodeNotFound, "what answers there does not know it: an older Block Storage API, or another service",
				"check the URL in the catalogue, or block_storage_endpoint_override")
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
		return fail(core.CodeUnavailable, "a proxy before the cloud got no answer in time ("+strconv.Itoa(f.status)+")", lookFirst)
	}
	if f.status >= 500 {
		return fail(core.CodeUnavailable, "the cloud failed ("+strconv.Itoa(f.status)+"): "+said,
			"look into cinder-api's log"+strings.TrimSuffix(" for "+f.request, " for "))
	}
	return fail(core.CodeRefused, "the cloud answered "+strconv.Itoa(f.status)+" "+said, "")
}

// schema is the complaint of the API's schema check, which repeats the whole value.
var schema = regexp.MustCompile(`(?s)^Invalid input for field/attribute (\S+)\. Value: .*\.? ` +
	`(does not match|is too long|is too short|is not a .*|is not one of .*|is a required property|` +
	`Additional properties are not allowed.*)`)

// mostSaid is how much of a cloud's words goes into a sentence; the rest is one
// key away.
const mostSaid = 240

// brief is what the cloud said, short enough for a sentence.
func brief(message string) string {
	said := strings.TrimRight(strings.TrimSpace(message), ".")
	if m := schema.FindStringSubmatch(said); m != nil {
		said = "the cloud does not accept " + m[1] + ": it " + strings.TrimRight(m[2], ". ")
		if m[2] == "does not match" {
			said = "the cloud does not accept " + m[1] + ": it has characters that are not allowed there"
		}
	}
	for _, class := range []string{"Invalid backup: ", "Invalid volume: ", "Invalid input received: ", "BackupLimitExceeded: "} {
		said = strings.TrimPrefix(said, class)
	}
	if r := []rune(said); len(r) > mostSaid {
		said = string(r[:mostSaid]) + "…"
	}
	return said
}

// hints say what to do about refusals that everybody meets.
var hints = []struct{ said, next string }{
	{"Incremental backups exist", "delete those that stand on it first, the newest first"},
	{"already exists in database", "it is here already: nothing was imported"},
	{"must use the force flag", "back it up with --force: what it holds is then as after a power cut"},
	{"No backups available to do an incremental", "make a full backup first"},
	{"is too small to restore", "choose a larger volume"},
	{"to be restored to must be available", "detach it, or choose another volume"},
	{"Backup status must be available or error", "wait until it is, or reset its state"},
	{"Backup status must be available", "wait until it is; a failed one cannot be used"},
	{"Can't parse backup record", "copy the record again: it is damaged"},
	{"is missing an id", "copy the record again: it is no backup's"},
	{"missing size", "copy the record again: it is no backup's"},
}

func hint(said string) string {
	for _, h := range hints {
		if strings.Contains(said, h.said) {
			return h.next
		}
	}
	return ""
}

func requestID(f *fault) string {
	if f.request == "" {
		return ""
	}
	return "its logs know the request as " + f.request
}

// What to do when no answer came: ask again, or not before one knows more.
const (
	tryAgain  = "try again"
	lookFirst = "look whether it took effect before you try again"
)

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
		return fail(host+" did not answer in time", lookFirst)
	}
	return fail("the connection to "+host+" broke", tryAgain)
}

// uncertain reports whether a request that failed may have taken effect.
func uncertain(err error) bool {
	f := faultOf(err)
	switch {
	case f != nil && f.status == http.StatusServiceUnavailable && f.kind != "":
		return false // Cinder says so itself
	case f != nil:
		return f.status >= http.StatusInternalServerError
	}
	code := core.CodeOf(err)
	return (code == core.CodeUnavailable || code == core.CodeCancelled) && !neverSent(err)
}

// neverSent reports whether a request failed before it left: nothing listened, or
// the login failed.
func neverSent(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
