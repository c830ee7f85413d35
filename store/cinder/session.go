package cinder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"hearth/core"
	"hearth/store/whole"
	"hearth/store/wire"
)

// pass is what a login gave: kept between runs, so that the next one needs no
// Keystone.
type pass struct {
	Token    string       `json:"token"`
	Expires  time.Time    `json:"expires"`
	Endpoint string       `json:"endpoint"` // of the Block Storage API, without a slash at its end
	Identity string       `json:"identity"` // Keystone's, with /v3
	Objects  string       `json:"objects"`  // of the object store, "" if there is none
	Version  version      `json:"version"`  // that is asked for: at most the newest that hearth knows
	Newest   version      `json:"newest"`   // that the cloud has; 0: it did not say
	Project  core.Project `json:"project"`
	User     string       `json:"user"`
	UserID   string       `json:"user_id"`
	Roles    []string     `json:"roles"`
	Regions  []string     `json:"regions"` // that have the service
}

// whom is who the token makes us.
func (p pass) whom() core.Login {
	l := core.Login{Project: p.Project.ID != ""}
	for _, r := range p.Roles {
		l.Roles = append(l.Roles, strings.ToLower(r))
	}
	return l
}

// release is what is known of the cloud's release. An answer without a version is none that
// tells: a proxy may have taken it out.
func (s *session) release() core.Releases {
	var clues []core.Clue
	if s.setting.Source != "" {
		clues = append(clues, s.setting)
	}
	pass, _ := s.current()
	if c, ok := core.ClueOfAPI(pass.Newest.String()); ok && pass.Newest > 1 {
		clues = append(clues, c)
	}
	return core.ReleasesOf(clues...)
}

// answerTime is how long an answer may take.
const answerTime = 60 * time.Second

// session is a login that lasts: it is made when it is first needed, renewed when
// the token ends, and may be used from many goroutines.
type session struct {
	login login
	keep  string // the file of the kept token; "": none is kept

	setting core.Clue // what the config says of the cloud's release; zero: nothing

	objects bool // only the object store is wanted
	now     func() time.Time

	// firstWait is the wait before the first repetition, lookWait that between two
	// looks for what was asked for and not answered.
	firstWait, lookWait time.Duration
	answer              time.Duration // how long that to a write may take; 0: as its call says
	proxy               proxies
	patience            time.Duration // with answers that trickle (wire.Carrier)

	opening chan struct{} // holds one: the right to log in
	heard   heard

	// asks asks the user for a one-time passcode; nil: there is nobody to ask. The others
	// belong to whoever holds the right to log in.
	asks    func(context.Context, core.Passcode) (string, error)
	spent   bool      // the passcode that there was has been sent
	entered bool      // there was a token, which has ended
	refused time.Time // when no passcode was given; zero: it was

	mu       sync.Mutex // guards what follows
	pass     pass
	kept     bool // the pass is one that an earlier run wrote down
	provider *gophercloud.ProviderClient
}

func newSession(l login, cacheDir string, now func() time.Time) *session {
	s := &session{login: l, now: now, opening: make(chan struct{}, 1), firstWait: firstWait, lookWait: lookWait,
		proxy: http.ProxyFromEnvironment}
	if cacheDir != "" && !l.direct {
		sum := sha256.Sum256([]byte(l.identity()))
		s.keep = filepath.Join(cacheDir, "token-"+hex.EncodeToString(sum[:8])+".json")
	}
	return s
}

// current returns the login's pass, and whether there is one.
func (s *session) current() (pass, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pass, s.provider != nil
}

// open logs in if that has not been done.
func (s *session) open(ctx context.Context) (*gophercloud.ProviderClient, pass, error) {
	s.mu.Lock()
	provider, p := s.provider, s.pass
	s.mu.Unlock()
	if provider != nil {
		return provider, p, nil
	}
	select {
	case s.opening <- struct{}{}:
		defer func() { <-s.opening }()
	case <-ctx.Done():
		return nil, pass{}, explain("log in to "+s.login.cloud, ctx.Err())
	}
	s.mu.Lock()
	provider, p = s.provider, s.pass
	s.mu.Unlock()
	if provider != nil {
		return provider, p, nil
	}
	provider, err := s.newProvider()
	if err != nil {
		return nil, pass{}, core.Fail(core.CodeUsage, "log in to "+s.login.cloud, "its auth_url is no URL", "repair auth_url", err)
	}
	p, kept := s.read()
	if kept {
		s.entered = true
		provider.SetToken(p.Token)
	} else if p, err = s.authenticate(ctx, provider); err != nil {
		return nil, pass{}, err
	}
	s.mu.Lock()
	s.provider, s.pass, s.kept = provider, p, kept
	s.mu.Unlock()
	return provider, p, nil
}

// renew logs in anew where the token that was used is still the one there is: many
// goroutines may find at once that it has ended.
func (s *session) renew(ctx context.Context, used string) error {
	select {
	case s.opening <- struct{}{}:
		defer func() { <-s.opening }()
	case <-ctx.Done():
		return explain("log in to "+s.login.cloud, ctx.Err())
	}
	s.mu.Lock()
	provider, p := s.provider, s.pass
	s.mu.Unlock()
	if provider == nil || p.Token != used {
		return nil
	}
	s.drop()
	_, err := s.authenticate(ctx, provider)
	return err
}

// newProvider makes the transport.
func (s *session) newProvider() (*gophercloud.ProviderClient, error) {
	url := s.login.entry.AuthURL
	if s.login.direct {
		url = s.login.override
	}
	provider, err := openstack.NewClient(url)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	transport.TLSClientConfig = s.login.tls
	transport.MaxIdleConnsPerHost = 8
	transport.DisableCompression, transport.MaxResponseHeaderBytes = true, wire.MostHeader
	transport.Proxy, transport.OnProxyConnectResponse = s.proxy.checked, connected
	provider.HTTPClient = http.Client{Transport: &wire.Carrier{With: transport, Pack: true, Patience: s.patience}, CheckRedirect: stays}
	provider.UserAgent.Prepend("hearth")
	provider.UseTokenLock()
	return provider, nil
}

// authenticate asks Keystone for a token and finds the endpoint.
func (s *session) authenticate(ctx context.Context, provider *gophercloud.ProviderClient) (pass, error) {
	if s.login.direct {
		p := pass{
			Token:    s.login.token,
			Endpoint: strings.TrimSuffix(s.login.override, "/"),
			Expires:  s.now().AddDate(10, 0, 0),
			Roles:    []string{"admin"},
		}
		if user, project, ok := strings.Cut(p.Token, ":"); ok { // noauth's token is who we say we are
			p.User, p.UserID, p.Project = user, user, core.Project{ID: core.ProjectID(project)}
		}
		provider.SetToken(p.Token)
		return p, nil
	}
	entry, err := s.withPasscode(ctx)
	if err != nil {
		return pass{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	throwaway, err := s.newProvider()
	if err != nil {
		return pass{}, err
	}
	result, at, err := s.enter(ctx, throwaway, entry)
	if err != nil {
		return pass{}, s.spentIn(err)
	}
	p, err := s.passOf(ctx, throwaway, result, at)
	if err != nil {
		return p, err
	}
	provider.SetToken(p.Token)
	s.entered = true
	s.mu.Lock()
	if s.pass.Endpoint == p.Endpoint && s.pass.Project.ID == p.Project.ID { // else it is not the cloud that it was
		p.Version, p.Newest = s.pass.Version, s.pass.Newest
	}
	s.pass, s.kept = p, false
	s.mu.Unlock()
	s.write(p)
	return p, nil
}

// grant is what Keystone's reply says of a login.
type grant struct {
	Expires time.Time `json:"expires_at"`
	User    struct{ ID, Name string }
	Project *struct {
		ID, Name string
		Domain   struct{ Name string }
	}
	Roles   []struct{ Name string }
	Catalog []service
}

// passOf reads what Keystone's reply says of the login and of the service.
func (s *session) passOf(ctx context.Context, provider *gophercloud.ProviderClient, result tokens.CreateResult,
	identity string) (pass, error) {
	tried := "log in to " + s.login.cloud
	var g grant
	if err := result.ExtractInto(&g); err != nil {
		return pass{}, core.Fail(core.CodeUnsupported, tried, "Keystone's answer is not understood", "check that auth_url is Keystone's", err)
	}
	token, err := result.ExtractTokenID()
	if err != nil {
		return pass{}, core.Fail(core.CodeUnsupported, tried, "Keystone's answer has no token", "check that auth_url is Keystone's", err)
	}
	core.Hide(token)
	p := pass{
		Token:    token,
		Expires:  g.Expires,
		User:     g.User.Name,
		UserID:   g.User.ID,
		Identity: strings.TrimSuffix(identity, "/"),
	}
	if g.Project != nil {
		p.Project = core.Project{ID: core.ProjectID(g.Project.ID), Name: g.Project.Name, Domain: g.Project.Domain.Name}
	}
	for _, r := range g.Roles {
		p.Roles = append(p.Roles, r.Name)
	}
	if len(g.Catalog) == 0 && s.login.override == "" {
		return p, core.Fail(core.CodeDenied, tried, "the login names no project, and without one Keystone lists no services",
			"set project_name and its domain (or system_scope: all)", nil)
	}
	return p, s.locate(ctx, provider, &p, g.Catalog)
}

// notIn explains why Keystone did not let us in.
func (s *session) notIn(tried string, err error) error {
	f := faultOf(err)
	var shape *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &shape), errors.As(err, &syntax): // something else answers, as Cinder
		return s.noKeystone(err)
	case f == nil:
		return s.explain(tried, s.keystone(), err)
	case s.moreFactors(tried, f, err) != nil:
		return s.moreFactors(tried, f, err)
	case !f.signed && f.status != http.StatusNotFound: // not Keystone
		return s.explain(tried, s.keystone(), err)
	case f.status == http.StatusUnauthorized && s.login.entry.ByPasscode():
		return s.wrongPasscode(tried, err)
	case f.status == http.StatusUnauthorized && s.login.entry.Federated() != nil:
		return core.Fail(core.CodeDenied, tried, "Keystone knows "+s.login.user()+" by the identity provider, and lets nobody of that name into "+
			s.login.entry.Whom()+": there is no such thing, or no role in it", "ask the cloud's administrator for a role, or for the mapping", err)
	case f.status == http.StatusUnauthorized && s.login.entry.ByToken():
		where, next := "the token of "+s.login.cloud, "put a new one there, as openstack token issue makes it"
		if s.login.cloud == Environment {
			where, next = "the token in OS_TOKEN", "set OS_TOKEN to a new one, as openstack token issue makes it, or unset it and give a password"
		}
		return core.Fail(core.CodeDenied, tried,
			"Keystone does not accept "+where+": it has ended, was revoked, or is for another project", next, err)
	case f.status == http.StatusUnauthorized:
		return core.Fail(core.CodeDenied, tried,
			"Keystone does not accept "+s.login.user()+": the name, the password, the project or a role in it is wrong",
			"compare with openstack --os-cloud "+s.login.cloud+" token issue", err)
	case f.status == http.StatusNotFound:
		return s.noKeystone(err)
	}
	return s.explain(tried, s.keystone(), err)
}

// learn notes the microversion that the cloud answered with.
func (s *session) learn(v version) {
	s.mu.Lock()
	if v == 0 || s.pass.Newest != 0 {
		s.mu.Unlock()
		return
	}
	s.pass.Version, s.pass.Newest = min(v, newest), v
	p := s.pass
	s.mu.Unlock()
	s.write(p)
}

// mostPass is how large the file of a kept token may be.
const mostPass = 1 << 20

// read takes the kept token, if it lasts a while yet.
func (s *session) read() (pass, bool) {
	var p pass
	if s.keep == "" {
		return p, false
	}
	info, err := os.Stat(s.keep)
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		return p, false
	}
	body, err := whole.ReadFile(s.keep, mostPass)
	if err != nil || json.Unmarshal(body, &p) != nil {
		return pass{}, false
	}
	core.Hide(p.Token)
	if p.Token == "" || s.objects && p.Objects == "" || !s.objects && p.Endpoint == "" || p.Expires.Sub(s.now()) < time.Minute {
		return pass{}, false
	}
	return p, true
}

// write keeps the token for the next run, for its owner's eyes only. That it
// could not be kept is no failure: the next run logs in.
func (s *session) write(p pass) {
	if s.keep == "" || p.Expires.IsZero() {
		return
	}
	body, err := json.Marshal(p)
	if err != nil || os.MkdirAll(filepath.Dir(s.keep), 0o700) != nil {
		return
	}
	_ = whole.WriteOver(s.keep, body)
}

// drop forgets the kept token: the cloud does not take it any more.
func (s *session) drop() {
	if s.keep != "" {
		os.Remove(s.keep)
	}
}
