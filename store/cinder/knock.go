package cinder

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"hearth/core"
)

// Knock asks whether somebody answers where a cloud's login begins: what Keystone tells
// everybody, its versions. Nobody logs in, so that no wrong password is counted, and no
// passcode is spent. Without Keystone the Block Storage endpoint is asked. Any answer is one,
// but those that say that what is behind does not.
func Knock(ctx context.Context, where string) error {
	name, region, project := Cut(where)
	l, err := findLogin(name, region, project)
	if err != nil {
		return err
	}
	s := newSession(l, "", time.Now)
	at, address := s.keystone(), l.entry.AuthURL
	if l.direct {
		at, address = cinderAt(l.override), l.override
	}
	provider, err := s.newProvider()
	if err != nil {
		return core.Fail(core.CodeUsage, "ask "+name+" whether it answers", "its auth_url is no URL", "repair auth_url", err)
	}
	_, status, err := discover(ctx, provider, strings.TrimRight(address, "/"))
	switch {
	case err != nil:
		return s.explain("ask "+name+" whether it answers", at, err)
	case status >= http.StatusInternalServerError:
		return core.Fail(core.CodeUnavailable, "ask "+name+" whether it answers",
			fmt.Sprintf("%s answers with %d", at.name, status), tryAgain, nil)
	}
	return nil
}
