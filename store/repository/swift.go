package repository

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/ncw/swift/v2"

	"hearth/core"
	"hearth/store/scan"
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
	c.Transport = homebound{c.Transport}
	switch {
	case container == "":
		return nil, core.Fail(core.CodeUsage, "open "+location, "it names no container", "write swift:CLOUD/CONTAINER", nil)
	case o.Login != nil:
		c.Auth = &swiftLogin{login: o.Login}
	case o.AuthURL == "":
		return nil, core.Fail(core.CodeUnsupported, "open "+location, "there is no login for it",
			"name a cloud of clouds.yaml, or give auth_url, user and key in the config", nil)
	}
	return &swiftBucket{c, container}, nil
}

// swiftLogin is a login of somebody else's making as the library wants it.
type swiftLogin struct {
	login func(ctx context.Context) (SwiftToken, error)
	mu    sync.Mutex
	token SwiftToken
}

func (l *swiftLogin) Request(ctx context.Context, _ *swift.Connection) (*http.Request, error) {
	token, err := l.login(ctx)
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
	marker := ""
	for { // until a page is empty: a server may give less than it is asked for
		if err := scan.Stopped(ctx, tried); err != nil {
			return err
		}
		list, err := s.conn.Objects(ctx, s.container, &swift.ObjectsOpts{Prefix: prefix, Marker: marker, Limit: swiftPage})
		if err != nil {
			return s.explain(tried, err)
		}
		if len(list) == 0 {
			return nil
		}
		if list[len(list)-1].Name <= marker {
			return core.Fail(core.CodeUnavailable, tried, "its pages go round in a circle", "", nil)
		}
		marker = list[len(list)-1].Name
		objects := make([]Object, 0, len(list))
		for i := range list {
			o := Object{Container: s.container, Name: list[i].Name, Size: list[i].Bytes, MD5: list[i].Hash, Tag: list[i].Hash,
				Time: list[i].LastModified}
			if list[i].SLOHash != "" {
				o.MD5, o.Tag = "", "" // of the manifest
			}
			objects = append(objects, o)
		}
		if err := page(objects); err != nil {
			return err
		}
	}
}

// identity is which container it is, in which account, by what a login told.
func (s *swiftBucket) identity(ctx context.Context) (string, bool) {
	url, err := s.conn.GetStorageUrl(ctx)
	return fmt.Sprintf("swift %q %q by %q", url, s.container, s.conn.UserName), err == nil
}

func (s *swiftBucket) Get(ctx context.Context, _, name string) (io.ReadCloser, error) {
	f, _, err := s.conn.ObjectOpen(ctx, s.container, name, false, nil)
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
