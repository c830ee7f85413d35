package repository

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ncw/swift/v2"

	"hearth/core"
	"hearth/store/scan"
	"hearth/store/wire"
)

// SwiftOptions says how a Swift container is reached: with a login of one's own
// making, or by Swift's auth 1.0.
type SwiftOptions struct {
	// Login logs in, at first and whenever the token has run out. It comes before
	// AuthURL.
	Login func(ctx context.Context) (SwiftToken, error) `toml:"-"`

	AuthURL string `toml:"auth_url"` // of auth 1.0: http://HOST:PORT/auth/v1.0
	User    string `toml:"user"`
	Key     string `toml:"key"`

	// Accounts and Projects are where the container is looked for besides the login's own
	// account: whole accounts, and ids of projects, which become accounts behind the prefix
	// that the login's own has, or Reseller. The word all stands for the projects that List
	// gives.
	Accounts []string                                    `toml:"accounts"`
	Projects []string                                    `toml:"projects"`
	Reseller string                                      `toml:"reseller_prefix"`
	List     func(ctx context.Context) ([]string, error) `toml:"-"`

	// Transport carries the requests; nil: one with hearth's own limits.
	Transport http.RoundTripper `toml:"-"`
	// Patience is how long an answer may trickle; 0: as [wire.Carrier] has it.
	Patience time.Duration `toml:"-"`
}

// SwiftToken is a login: what a cloud's catalogue calls object-store, and a token.
type SwiftToken struct {
	Token      string
	StorageURL string
	Expires    time.Time // zero: not known
}

// swiftPage is how many objects a page of a listing holds: by default Swift gives
// no more.
const swiftPage = 10000

// swiftBucket is the repository of the Swift driver.
type swiftBucket struct {
	conn      *swift.Connection
	container string
	account   atomic.Pointer[string] // its URL, once it was asked
}

// unsafe is the bucket's part of core.PlaceInfo's.
func (s *swiftBucket) unsafe() (out []string) {
	at := []string{s.conn.AuthUrl}
	if account := s.account.Load(); account != nil {
		at = append(at, *account)
	}
	for _, address := range at {
		if u, err := url.Parse(address); err == nil && u.Scheme == "http" && !core.Loopback(u.Host) {
			out = append(out, plainHTTP("Swift", u.Host))
		}
	}
	return slices.Compact(out)
}

// OpenSwift opens a container; cloud is what the location calls the login. It asks
// the cloud nothing yet. CodeUnsupported without a login.
func OpenSwift(ctx context.Context, cloud, container string, o Options) (*Place, error) {
	location := "swift:" + cloud + "/" + container
	if o.Title == "" {
		o.Title = "swift " + container
	}
	if len(o.Swift.Accounts)+len(o.Swift.Projects) > 0 {
		b, err := openAccounts(location, container, o.Swift)
		if err != nil {
			return nil, err
		}
		return New(ctx, location, b, o), nil
	}
	b, err := openSwift(location, container, o.Swift)
	if err != nil {
		return nil, err
	}
	return New(ctx, location, b, o), nil
}

func openSwift(location, container string, o SwiftOptions) (*swiftBucket, error) {
	core.Hide(o.Key)
	c := &swift.Connection{
		UserName:    o.User,
		ApiKey:      o.Key,
		AuthUrl:     o.AuthURL,
		AuthVersion: 1,
		Retries:     netTries,
		UserAgent:   "hearth",
		Transport:   o.Transport,
	}
	if c.Transport == nil {
		c.Transport = newTransport()
	}
	c.Transport = homebound{&wire.Carrier{With: c.Transport, Patience: o.Patience}}
	switch {
	case container == "":
		return nil, core.Fail(core.CodeUsage, "open "+location, "it names no container", "write swift:CLOUD/CONTAINER", nil)
	case o.Login != nil:
		c.Auth = &swiftLogin{login: o.Login}
	case o.AuthURL == "":
		return nil, core.Fail(core.CodeUnsupported, "open "+location, "there is no login for it",
			"name a cloud of clouds.yaml, or give auth_url, user and key in the config", nil)
	}
	return &swiftBucket{conn: c, container: container}, nil
}

// swiftLogin is a login of somebody else's making as the library wants it.
type swiftLogin struct {
	login func(ctx context.Context) (SwiftToken, error)
	mu    sync.Mutex
	token SwiftToken
}

func (l *swiftLogin) Request(ctx context.Context, _ *swift.Connection) (*http.Request, error) {
	token, err := l.login(ctx)
	core.Hide(token.Token)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.token = token
	return nil, err
}

func (l *swiftLogin) Response(context.Context, *http.Response) error { return nil }
func (l *swiftLogin) CdnUrl() string                                 { return "" }

func (l *swiftLogin) held() SwiftToken {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.token
}

func (l *swiftLogin) StorageUrl(bool) string { return l.held().StorageURL }
func (l *swiftLogin) Token() string          { return l.held().Token }
func (l *swiftLogin) Expires() time.Time     { return l.held().Expires }

func (s *swiftBucket) Sorted() bool            { return true }
func (s *swiftBucket) Close() error            { return nil }
func (s *swiftBucket) Service() (string, bool) { return SwiftDriver, true }

func (s *swiftBucket) List(ctx context.Context, page func([]Object) error) error {
	return s.ListPrefix(ctx, s.container, "", page)
}

func (s *swiftBucket) ListPrefix(ctx context.Context, _, prefix string, page func([]Object) error) error {
	tried := "list the container " + s.container
	marker, seen := "", int64(0)
	for { // until a page is empty: a server may give less than it is asked for
		if err := scan.Stopped(ctx, tried); err != nil {
			return err
		}
		objects, count, err := s.page(ctx, tried, prefix, marker)
		if err != nil {
			return s.explain(tried, err)
		}
		if len(objects) == 0 {
			return nil
		}
		if objects[len(objects)-1].Name <= marker {
			return core.Fail(core.CodeUnavailable, tried, "its pages go round in a circle", "", nil)
		}
		marker = objects[len(objects)-1].Name
		if err := page(objects); err != nil {
			return err
		}
		if seen += int64(len(objects)); seen > 2*count+manySince && count >= 0 || seen > mostObjects {
			return endless(tried, seen)
		}
	}
}

// identity is which container it is, in which account, by what a login told.
func (s *swiftBucket) identity(ctx context.Context) (string, bool) {
	url, err := s.conn.GetStorageUrl(ctx)
	return fmt.Sprintf("swift %q %q by %q", url, s.container, s.conn.UserName), err == nil
}

// manySince is how many objects more than twice those that Swift counts are believed: its
// counts come late.
const manySince = 10 * swiftPage

// swiftRow is an object of a listing.
type swiftRow struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	Hash  string `json:"hash"`
	SLO   string `json:"slo_etag"`

	Changed string `json:"last_modified"`
}

// page reads a page of the listing, and how many objects the container counts, -1 where
// it does not. An object's name has a kilobyte at most.
func (s *swiftBucket) page(ctx context.Context, tried, prefix, marker string) (objects []Object, count int64, err error) {
	ctx = wire.Within(ctx, wire.PageOf(swiftPage, 2<<10))
	v := url.Values{"format": {"json"}, "limit": {strconv.Itoa(swiftPage)}}
	for key, text := range map[string]string{"prefix": prefix, "marker": marker} {
		if text != "" {
			v.Set(key, text)
		}
	}
	account, err := s.conn.GetStorageUrl(ctx)
	if err != nil {
		return nil, 0, err
	}
	s.account.Store(&account)
	res, _, err := s.conn.Call(ctx, account, swift.RequestOpts{Container: s.container, Operation: http.MethodGet, Parameters: v,
		ErrorMap: swift.ContainerErrorMap, OnReAuth: func() (string, error) { return s.conn.StorageUrl, nil }}) // called with its lock held
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	if count, err = strconv.ParseInt(res.Header.Get("X-Container-Object-Count"), 10, 64); err != nil || count > mostObjects {
		count = -1
	}
	d := json.NewDecoder(res.Body)
	switch t, err := d.Token(); {
	case err == io.EOF: // nothing is in it
		return nil, count, nil
	case err != nil:
		return nil, 0, noListing(tried, err)
	case t != json.Delim('['):
		return nil, 0, noListing(tried, nil)
	}
	for d.More() {
		var row swiftRow
		if err := d.Decode(&row); err != nil {
			return nil, 0, noListing(tried, err)
		}
		if row.SLO != "" {
			row.Hash = "" // of the manifest
		}
		o := Object{Container: s.container, Name: row.Name, Size: row.Bytes, MD5: row.Hash, Tag: row.Hash}
		o.Time, _ = time.Parse(swift.TimeFormat, row.Changed[:min(len(row.Changed), len(swift.TimeFormat))]) // without its fraction
		if objects = append(objects, o); len(objects) > swiftPage {
			return nil, 0, noListing(tried, nil)
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, 0, noListing(tried, err)
	}
	return objects, count, nil
}

// noListing is the error of an answer that is no page of objects, where it is not the
// network's.
func noListing(tried string, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &syntax) && !errors.As(err, &kind) {
		return err
	}
	return core.Fail(core.CodeUnreadable, tried, "the answer is no page of objects, as Swift gives them",
		"check that the URL is an object store's, and what stands before it", err)
}

func (s *swiftBucket) Get(ctx context.Context, _, name string) (io.ReadCloser, error) {
	f, _, err := s.conn.ObjectOpen(wire.Within(ctx, wire.Endless), s.container, name, false, nil)
	if err != nil {
		return nil, s.explain("read "+name, err)
	}
	return f, nil
}

// explain tells a Swift error in words.
func (s *swiftBucket) explain(tried string, err error) error {
	var ours *core.Error
	var said *swift.Error
	var away *ledAway
	host := "Swift"
	for _, at := range []string{s.conn.AuthUrl} {
		if u, uerr := url.Parse(at); uerr == nil && u.Host != "" {
			host = u.Host
		}
	}
	switch {
	case errors.As(err, &ours):
		return err
	case errors.As(err, &away):
		return away.explain(tried, err)
	case errors.Is(err, context.Canceled), !errors.As(err, &said):
		return explainNet(tried, host, err)
	case errors.Is(err, swift.ContainerNotFound):
		return core.Fail(core.CodeNotFound, tried, "there is no such container",
			"look at backup_swift_container in cinder.conf, and at the project: Cinder's own user may have it", err)
	case errors.Is(err, swift.ObjectNotFound):
		return core.Fail(core.CodeNotFound, tried, "it is not there any more", "scan the repository anew", err)
	case errors.Is(err, swift.AuthorizationFailed):
		return core.Fail(core.CodeDenied, tried, host+" does not accept the login", "check user and key, or clouds.yaml", err)
	case errors.Is(err, swift.Forbidden):
		return core.Fail(core.CodeDenied, tried, "the login may not read it",
			"log in as Cinder's own user, or as one with a reader's role in its project", err)
	case errors.Is(err, swift.TimeoutError):
		return core.Fail(core.CodeUnavailable, tried, host+" does not answer in time", "try again", err)
	}
	return explainStatus(tried, host, said.StatusCode, said.Text, err)
}
