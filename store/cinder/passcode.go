package cinder

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"hearth/core"
	"hearth/store/cinder/clouds"
)

// declined is how long nobody is asked for a passcode who has just given none: what
// goes on in the background would ask again and again.
const declined = time.Minute

// withPasscode is the login as it is sent now. A one-time passcode serves once: the
// one that was configured for the first login, and for each other one the user is
// asked. It is kept nowhere. Whoever calls it holds the right to log in.
func (s *session) withPasscode(ctx context.Context) (clouds.Login, error) {
	l := s.login.entry
	if !l.ByPasscode() {
		return l, nil
	}
	given := l.Passcode() != ""
	if given && !s.spent {
		s.spent = true
		return l, nil
	}
	why := ""
	switch {
	case s.entered:
		why = "the token has ended"
	case s.spent:
		why = "the login with the passcode before failed"
	}
	fail := func(what, next string, err error) (clouds.Login, error) {
		if why != "" {
			what = why + ", and " + what
		}
		return l, core.Fail(core.CodeDenied, s.entering(), what, next, err)
	}
	const next = core.DoPasscode
	switch {
	case s.asks == nil && given:
		return fail("a one-time passcode serves once: "+s.login.user()+" needs a new one, and there is nobody to ask for it", next, nil)
	case s.asks == nil:
		return fail(s.login.user()+" logs in with a one-time passcode, and there is nobody to ask for it", next, nil)
	case !s.refused.IsZero() && s.now().Sub(s.refused) < declined:
		return fail("no one-time passcode was given just now", "try again in a minute", nil)
	}
	code, err := s.asks(ctx, core.Passcode{Cloud: s.login.cloud, User: s.login.user(), Why: why})
	code = strings.Join(strings.Fields(code), "")
	switch {
	case ctx.Err() != nil:
		return l, explain(s.entering(), ctx.Err())
	case err != nil || code == "":
		s.refused = s.now()
		return fail("no one-time passcode was given", core.DoPasscodeLater, err)
	}
	core.HidePasscode(code)
	s.spent, s.refused = true, time.Time{}
	return l.WithPasscode(code), nil
}

// spentIn is the error of a login that failed: where a passcode went with it, nothing that is
// repeated by itself may follow, as each login would ask the user for another one.
func (s *session) spentIn(err error) error {
	var e *core.Error
	if f := faultOf(err); !s.login.entry.ByPasscode() || f != nil && f.status == http.StatusUnauthorized || !errors.As(err, &e) {
		return err
	}
	final := *e
	final.Cause = nil
	return &final
}

// receipt is what Keystone says of a login that was right as far as it went, and needs
// more (keystone/api/_shared/authentication.py, and its MFA rules): the methods that
// would do, by way.
type receipt struct {
	Methods [][]string `json:"required_auth_methods"`
}

// moreFactors is the sentence for a login that Keystone wants more of; nil if that is
// not why it was refused.
func (s *session) moreFactors(tried string, f *fault, err error) error {
	if f.status != http.StatusUnauthorized || f.header.Get("Openstack-Auth-Receipt") == "" {
		return nil
	}
	var r receipt
	if json.Unmarshal(f.body, &r) != nil || len(r.Methods) == 0 {
		return nil
	}
	core.Hide(f.header.Get("Openstack-Auth-Receipt"))
	var ways, lists []string
	for _, way := range r.Methods {
		for i, method := range way {
			way[i] = core.Visible(method)
		}
		slices.Sort(way) // each of Keystone's processes has a set's order of its own
		ways = append(ways, strings.Join(way, " and "))
		lists = append(lists, "[v3"+strings.Join(way, ", v3")+"]")
	}
	return core.Fail(core.CodeDenied, tried, "Keystone accepts what "+s.login.user()+" gives, and wants more: "+strings.Join(ways, ", or "),
		"use auth_type: v3multifactor with auth_methods: "+lists[0], err)
}

// wrongPasscode is the sentence for a login with a passcode that Keystone refuses.
func (s *session) wrongPasscode(tried string, err error) error {
	what := "the user, the passcode, the project or a role in it is wrong"
	if s.login.entry.Factors() > 1 {
		what = "the user, the password, the passcode, the project or a role in it is wrong"
	}
	return core.Fail(core.CodeDenied, tried, "Keystone does not accept "+s.login.user()+" with that passcode: "+what+
		", or the passcode is an old one",
		"try again with the next one that the device shows, and look at the clocks of both", err)
}
