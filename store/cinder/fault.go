package cinder

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"hearth/core"
	"hearth/store/wire"
)

// fault is a refusal by the cloud: {"badRequest": {"code": 400, "message": …}},
// with Keystone {"error": {…}}; or by whoever answers in its place.
type fault struct {
	status  int
	kind    string // badRequest, itemNotFound, forbidden, overLimit, computeFault, serviceUnavailable, error
	message string
	request string // Cinder's id of the request, for its logs
	signed  bool   // it is OpenStack's: by its words, or by a mark in its headers
	method  string
	url     string
	header  http.Header
	body    []byte
}

// faultOf finds the cloud's refusal in an error; nil if it is none.
func faultOf(err error) *fault {
	var code gophercloud.ErrUnexpectedResponseCode
	if !errors.As(err, &code) {
		var ours *core.Error
		if errors.As(err, &ours) && ours.Cause != nil && ours.Cause != err {
			return faultOf(ours.Cause)
		}
		return nil
	}
	h := code.ResponseHeader
	f := &fault{status: code.Actual, header: h, request: h.Get("X-Openstack-Request-Id"), method: code.Method, url: code.URL, body: code.Body}
	var body map[string]json.RawMessage
	if json.Unmarshal(code.Body, &body) == nil {
		for kind, raw := range body {
			var inner struct{ Message string }
			if json.Unmarshal(raw, &inner) == nil && inner.Message != "" {
				f.kind, f.message = kind, core.Struck(inner.Message)
			}
		}
	}
	f.signed = f.kind != "" || marked(h) || strings.HasPrefix(h.Get("Www-Authenticate"), "Keystone")
	return f
}

// explain makes one sentence of a failure that has to do with nobody but us; what is
// one already stays.
func explain(tried string, err error) error {
	var ours *core.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours):
		return err
	case errors.Is(err, context.Canceled):
		return core.Fail(core.CodeCancelled, tried, "it was cancelled", "", err)
	}
	return core.Fail(core.CodeUnavailable, tried, "it took too long", tryAgain, err)
}

// explain makes one sentence of a failure of what was meant for a party; what is one
// already stays.
func (s *session) explain(tried string, at party, err error) error {
	var ours *core.Error
	var led *strayed
	var away *turnedAway
	var variable *badProxy
	var odd *unclear
	var old *replayed
	if told := wire.Explain(tried, err); told != nil && !errors.As(err, &ours) {
		return told
	}
	switch {
	case err == nil, errors.As(err, &ours), errors.Is(err, context.Canceled):
		return explain(tried, err)
	case errors.As(err, &led):
		return led.explain(tried, at)
	case errors.As(err, &away):
		return away.explain(tried, err)
	case errors.As(err, &variable):
		return core.Fail(core.CodeUsage, tried, variable.Error(), "write http://HOST:PORT into it, or unset it; nothing was sent", err)
	case errors.As(err, &odd):
		return s.explainUnclear(tried, at, odd)
	case errors.As(err, &old):
		return old.explain(tried, at)
	}
	if f := faultOf(err); f != nil {
		return s.explainFault(tried, at, f, err)
	}
	return s.explainNet(tried, at, err)
}

// explain is the sentence for a request that was led elsewhere.
func (s *strayed) explain(tried string, at party) error {
	from, to := plainURL(s.from), plainURL(s.to)
	next := "check what stands before " + from
	if url := s.moved(at.url); url != "" {
		next = "set " + at.setting + " to " + url + " if that is the same cloud"
	} else if at.setting != "" {
		next = "set " + at.setting + " to where it really is, or check what stands before " + from
	}
	switch {
	case s.circle:
		return core.Fail(core.CodeUnavailable, tried, from+" leads in a circle, last to "+to, next, s)
	case s.method == http.MethodGet || s.method == http.MethodHead:
		return core.Fail(core.CodeRefused, tried, fmt.Sprintf("%s leads (%d) to %s, and no other host is sent the token", from, s.status, to),
			next, s)
	case s.status == http.StatusSeeOther:
		return core.Fail(core.CodeUnavailable, tried,
			fmt.Sprintf("%s answered the %s with a redirect (303) to %s, which does not say what became of it", from, s.method, to),
			lookFirst+"; "+next, s)
	}
	return core.Fail(core.CodeRefused, tried,
		fmt.Sprintf("%s leads the %s on (%d) to %s, and neither a change nor a password is sent on: nothing was done",
			from, s.method, s.status, to),
		next, s)
}

// explainUnclear is the sentence for an answer that does not say what it should.
func (s *session) explainUnclear(tried string, at party, u *unclear) error {
	who := s.stranger(at, u.url)
	if u.signed {
		who = at.name
	}
	if u.want == "" {
		return core.Fail(core.CodeUnreadable, tried, who+" answered "+u.got+", which is no answer of the API's", s.aside(at, u.url), u)
	}
	return core.Fail(core.CodeUnavailable, tried,
		who+" answered "+u.got+", where "+at.name+" says "+u.want+": whether it took effect is not known", lookFirst, u)
}

// explainFault is the sentence for an answer that refuses.
func (s *session) explainFault(tried string, at party, f *fault, err error) error {
	fail := func(code core.Code, what, next string) error {
		who := at.name
		if !f.signed || who == "" {
			who = "the cloud"
		}
		cause := error(core.Fail(code, "", who+" answered "+strings.TrimSpace(strconv.Itoa(f.status)+" "+f.kind), requestID(f), err))
		return core.Fail(code, tried, what, next, cause)
	}
	if !f.signed {
		return s.explainStranger(at, f, fail)
	}
	said := at.said(brief(f.message))
	or := func(otherwise string) string {
		if said == "" {
			return at.name + " " + otherwise
		}
		return said
	}
	switch f.status {
	case http.StatusBadRequest:
		return fail(core.CodeRefused, or("refuses it (400)"), at.hint(said, ""))
	case http.StatusUnauthorized:
		return fail(core.CodeDenied, at.name+" does not accept the login", "check the credentials in clouds.yaml")
	case http.StatusForbidden:
		pass, _ := s.current()
		next := core.ForbiddenNext(brief(f.message), f.method != http.MethodGet && f.method != "", pass.whom(), s.release())
		if at.noTables {
			next = "ask the cloud's administrator whether the user, the project and their domains are enabled and may log in"
		}
		return fail(core.CodeDenied, or("forbids it (403)"), next)
	case http.StatusNotFound:
		if strings.HasPrefix(brief(f.message), "Service ") && !at.noTables { // cinder-backup is down: Cinder says 404
			return fail(core.CodeUnavailable, "no backup service is up there: "+said, "start cinder-backup and try again")
		}
		if said == "" { // Cinder itself names what it does not find
			return fail(unknownPath(f), "what answers there does not know it: an older "+at.api()+", or another service",
				"check the URL in the catalogue, or "+at.setting)
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
		return fail(core.CodeRefused, or("says that a quota is used up"), at.hint("", "delete something, or ask for a larger quota"))
	case http.StatusTooManyRequests:
		return fail(core.CodeUnavailable, at.name+" says that it was asked too often", "wait a minute")
	case http.StatusServiceUnavailable:
		return fail(core.CodeUnavailable, or("says that the service is not available"), "try again when it is up")
	}
	if f.status >= 500 {
		what := at.name + " failed (" + strconv.Itoa(f.status) + ")"
		if words := brief(f.message); words != "" {
			what += ": " + words
		}
		return fail(core.CodeUnavailable, what, "look into "+at.log+strings.TrimSuffix(" for "+f.request, " for "))
	}
	return fail(core.CodeRefused, at.name+" answered "+strconv.Itoa(f.status)+" "+brief(f.message), "")
}

// explainStranger is explainFault for an answer that bears no sign of OpenStack's: a
// proxy, a balancer or another service gave it.
func (s *session) explainStranger(at party, f *fault, fail func(code core.Code, what, next string) error) error {
	who, next, got := s.stranger(at, f.url), s.aside(at, f.url), looksLike(f.status, f.header, f.body)
	switch {
	case f.status < http.StatusBadRequest:
		return fail(core.CodeUnreadable, who+" answered "+got+", which is no answer of the API's", next)
	case f.status == http.StatusUnauthorized:
		return fail(core.CodeDenied, who+" does not accept the login (401)", next)
	case f.status == http.StatusProxyAuthRequired:
		via := s.between(f.url)
		if via == "" {
			via = "before " + hostOf(f.url)
		}
		return fail(core.CodeDenied, "the proxy "+via+" wants a login of its own (407)",
			"write it into "+variableOf(f.url)+" as http://USER:PASSWORD@HOST:PORT, or name "+bareHost(hostOf(f.url))+" in NO_PROXY")
	case f.status == http.StatusForbidden:
		return fail(core.CodeDenied, who+" forbids it: it answered "+got, next)
	case f.status == http.StatusNotFound && at.name == "Cinder":
		return fail(unknownPath(f),
			"what answers at "+hostOf(f.url)+" does not know it ("+got+"): an older Block Storage API, or another service",
			"check the URL in the catalogue, or block_storage_endpoint_override")
	case f.status == http.StatusBadRequest && bytes.Contains(bytes.ToLower(f.body), []byte("https")) &&
		strings.HasPrefix(f.url, "http:"): // as Go, nginx and Apache answer plain HTTP where they speak TLS
		return fail(core.CodeUsage, hostOf(f.url)+" speaks TLS, and the URL says http:", "write https: in "+at.setting)
	case f.status == http.StatusTooManyRequests:
		return fail(core.CodeUnavailable, who+" says that it was asked too often (429)", "wait a minute")
	case f.status == http.StatusBadGateway, f.status == http.StatusGatewayTimeout:
		if via := s.between(f.url); via != "" {
			return fail(core.CodeUnavailable, fmt.Sprintf("the proxy %s, or one behind it, got no answer in time (%d)", via, f.status), lookFirst)
		}
		return fail(core.CodeUnavailable, fmt.Sprintf("a proxy before %s got no answer in time (%d)", at.name, f.status), lookFirst)
	case f.status == http.StatusConflict, f.status == http.StatusPreconditionFailed:
		return fail(core.CodeConflict, "it has changed meanwhile ("+strconv.Itoa(f.status)+")", "read it again")
	case f.status >= http.StatusInternalServerError:
		return fail(core.CodeUnavailable, who+" answered "+got, tryAgain)
	}
	return fail(core.CodeRefused, who+" answered "+got, next)
}

// unknownPath is the code of a 404 that does not say what was not found: for a
// reading the API has no such thing; that something to be changed is gone it does not
// say.
func unknownPath(f *fault) core.Code {
	if f.method == http.MethodGet || f.method == "" {
		return core.CodeNotFound
	}
	return core.CodeUnreadable
}

// gone reports whether an error is Cinder's own word that there is no such thing.
func gone(err error) bool {
	f := faultOf(err)
	return f != nil && f.status == http.StatusNotFound && f.message != ""
}

func variableOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		u = nil
	}
	return proxyVariable(u)
}

// schema is the complaint of the API's schema check, which repeats the whole value.
var schema = regexp.MustCompile(`(?s)^Invalid input for field/attribute (\S+)\. Value: .*\.? ` +
	`(does not match|is too long|is too short|should be non-empty|is not a .*|is not one of .*|is a required property|` +
	`Additional properties are not allowed.*)`)

// mostSaid is how much of a cloud's words goes into a sentence; the rest is one
// key away.
const mostSaid = 240

// brief is what the cloud said, short enough for a sentence.
func brief(message string) string {
	said := strings.TrimRight(strings.TrimSpace(core.Struck(message)), ".") // before it is cut
	if m := schema.FindStringSubmatch(said); m != nil {
		said = "does not accept " + m[1] + ": it " + strings.TrimRight(m[2], ". ")
		if m[2] == "does not match" {
			said = "does not accept " + m[1] + ": it has characters that are not allowed there"
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
	{"must use the force flag", core.DoForce},
	{"No backups available to do an incremental", "make a full backup first"},
	{"is too small to restore", "choose a larger volume"},
	{"to be restored to must be available", "detach it, or choose another volume"},
	{"Backup status must be available or error", "wait until it is, or reset its state"},
	{"Backup status must be available", "wait until it is; a failed one cannot be used"},
	{"Can't parse backup record", "copy the record again: it is damaged"},
	{"is missing an id", "copy the record again: it is no backup's"},
	{"missing size", "copy the record again: it is no backup's"},
}

// hint is what to do about a refusal: of Cinder's, by its words.
func (p party) hint(said, otherwise string) string {
	if p.noTables {
		return "compare with what the openstack client gets there: openstack token issue"
	}
	if next := hint(said); next != "" {
		return next
	}
	return otherwise
}

// api is what the party's interface is called.
func (p party) api() string {
	if p.noTables {
		return "Identity API"
	}
	return "Block Storage API"
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
func (s *session) explainNet(tried string, at party, err error) error {
	host := at.host(err)
	fail := func(what, next string) error { return core.Fail(core.CodeUnavailable, tried, what, next, err) }
	if ours := explainOurs(tried, at, err); ours != nil {
		return ours
	}
	if ours := s.explainProxy(tried, err); ours != nil {
		return ours
	}
	if why, next := explainTLS(host, at, err); why != "" {
		return fail(why, next)
	}
	var dns *net.DNSError
	var timeout net.Error
	check := "check the URL"
	if at.setting != "" {
		check = "check " + at.setting
	}
	switch {
	case errors.As(err, &dns) && dns.IsTimeout:
		return fail("the name server does not say where "+dns.Name+" is", "try again, or check the name server")
	case errors.As(err, &dns):
		return fail("there is no host called "+dns.Name, check+", or the name server")
	case errors.Is(err, syscall.ECONNREFUSED):
		return fail("nothing listens at "+host, check+", or start the service")
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return fail("there is no way to "+host, "check the network, or the VPN")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fail(host+" did not answer in time", lookFirst)
	}
	return fail("the connection to "+host+" broke", tryAgain)
}

// explainOurs is the sentence for what could not even be sent: a URL or a token that
// is none. nil for all else.
func explainOurs(tried string, at party, err error) error {
	var u *url.Error
	if !errors.As(err, &u) {
		return nil
	}
	setting := at.setting
	if setting == "" {
		setting = "the URL"
	}
	fail := func(what, next string) error {
		return core.Fail(core.CodeUsage, tried, what+": nothing was sent", next, err)
	}
	switch text := u.Err.Error(); {
	case u.Op == "parse":
		return fail(u.URL+" is no URL", "repair "+setting)
	case strings.Contains(text, "unsupported protocol scheme"), strings.Contains(text, "no Host in request URL"):
		return fail(u.URL+" is no URL of a service", "write http://HOST or https://HOST in "+setting)
	case strings.Contains(text, "invalid header field value"):
		return fail("the token has a character that cannot be sent, as an end of line", "repair the token")
	}
	return nil
}

// explainProxy is the sentence for a proxy that does not answer; nil for all else.
func (s *session) explainProxy(tried string, err error) error {
	var op *net.OpError
	var u *url.Error
	if !errors.As(err, &op) || op.Op != "proxyconnect" || !errors.As(err, &u) {
		return nil
	}
	what, via := "does not answer", s.between(u.URL)
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		what = "has a name that no name server knows"
	case errors.Is(err, syscall.ECONNREFUSED):
		what = "does not answer: nothing listens there"
	}
	return core.Fail(core.CodeUnavailable, tried, strings.TrimSpace("the proxy "+via)+" "+what,
		"check "+variableOf(u.URL)+", or name "+bareHost(hostOf(u.URL))+" in NO_PROXY if there is a way without it", err)
}

// explainTLS tells why no secure connection came about; "" where that is not why.
func explainTLS(host string, at party, err error) (what, next string) {
	setting := "the URL"
	if at.setting != "" {
		setting = at.setting
	}
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &unknown):
		return host + " shows a certificate of an unknown authority" + issuer(unknown.Cert),
			"name the authority's certificate with cacert (or OS_CACERT)"
	case errors.As(err, &name):
		return host + " shows a certificate for another name" + names(name.Certificate), "check " + setting
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil && time.Now().Before(invalid.Cert.NotBefore):
		return host + " shows a certificate that is not valid before " + invalid.Cert.NotBefore.UTC().Format(time.DateTime) + " UTC",
			"check this machine's clock"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		return host + " shows a certificate that expired at " + invalid.Cert.NotAfter.UTC().Format(time.DateTime) + " UTC",
			"have it renewed, or check this machine's clock"
	case errors.As(err, &invalid):
		return host + " shows a certificate that is not valid: " + invalid.Error(), "have it made anew"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return host + " does not speak TLS there", "write http: instead of https: in " + setting + " if that is meant"
	case strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`):
		return host + " speaks TLS, and the URL says http:", "write https: in " + setting
	case errors.As(err, &alert), strings.Contains(err.Error(), "remote error: tls:"):
		return host + " breaks off while TLS is agreed on (" + tail(err.Error(), "tls: ") + ")",
			"if it wants a certificate of yours, name it with cert and key"
	}
	return "", ""
}

func tail(text, after string) string {
	if i := strings.LastIndex(text, after); i >= 0 {
		return text[i+len(after):]
	}
	return text
}

func issuer(c *x509.Certificate) string {
	switch {
	case c == nil:
		return ""
	case bytes.Equal(c.RawIssuer, c.RawSubject):
		return ", its own"
	case c.Issuer.CommonName != "":
		return ", " + c.Issuer.CommonName
	}
	return ""
}

// mostNames is how many of a certificate's names are told.
const mostNames = 3

func names(c *x509.Certificate) string {
	if c == nil {
		return ""
	}
	all := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	switch {
	case len(all) == 0:
		return ": it has none that counts"
	case len(all) > mostNames:
		return ": " + strings.Join(all[:mostNames], ", ") + " and others"
	}
	return ": " + strings.Join(all, ", ")
}

// uncertain reports whether a request that was sent and failed may have taken effect.
// A 303 may be the answer to one that did (RFC 9110, 15.4.4); the other redirects say
// that it was not carried out there.
func uncertain(err error) bool {
	f := faultOf(err)
	switch {
	case f != nil && f.status == http.StatusServiceUnavailable && f.kind != "":
		return false // Cinder says so itself
	case f != nil:
		return f.status >= http.StatusInternalServerError
	}
	code := core.CodeOf(err)
	return (code == core.CodeUnavailable || code == core.CodeCancelled) && !errors.Is(err, syscall.ECONNREFUSED)
}
