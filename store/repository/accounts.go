package repository

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"hearth/core"
)

// AllProjects among the projects of [SwiftOptions] stands for those that the login may
// list.
const AllProjects = "all"

// accounts is a container that has the same name in several accounts of Swift's: with
// backup_swift_auth = per_user, which is Cinder's default, the backups of each project
// lie in an account of its own (cinder/backup/drivers/swift.py). Its containers are
// called ACCOUNT/CONTAINER; no account and no container has a slash in its name.
type accounts struct {
	container string
	options   SwiftOptions
	login     *sharedLogin

	mu      sync.Mutex // guards what follows
	buckets map[string]*swiftBucket
	order   []string // of those that are walked
}

// sharedLogin is one login for the connections to all accounts.
type sharedLogin struct {
	login func(context.Context) (SwiftToken, error)
	mu    sync.Mutex
	token SwiftToken
}

// get returns a token that is another than the old one, which is not taken any more.
func (l *sharedLogin) get(ctx context.Context, old string) (SwiftToken, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.token.Token != "" && l.token.Token != old {
		return l.token, nil
	}
	token, err := l.login(ctx)
	if err == nil {
		l.token = token
	}
	return token, err
}

// openAccounts opens a container of several accounts.
func openAccounts(location, container string, o SwiftOptions) (*accounts, error) {
	one, err := openSwift(location, container, o)
	if err != nil {
		return nil, err
	}
	a := &accounts{container: container, options: o, login: &sharedLogin{login: o.Login}, buckets: map[string]*swiftBucket{}}
	if a.login.login == nil { // auth 1.0
		a.login.login = func(ctx context.Context) (SwiftToken, error) {
			if err := one.conn.Authenticate(ctx); err != nil {
				return SwiftToken{}, one.explain("log in to Swift", err)
			}
			return SwiftToken{Token: one.conn.AuthToken, StorageURL: one.conn.StorageUrl}, nil
		}
	}
	return a, nil
}

// walk names the accounts, once.
func (a *accounts) walk(ctx context.Context) ([]string, error) {
	a.mu.Lock()
	order := a.order
	a.mu.Unlock()
	if order != nil {
		return order, nil
	}
	token, err := a.login.get(ctx, "")
	if err != nil {
		return nil, err
	}
	_, own := cutLast(strings.TrimSuffix(token.StorageURL, "/"))
	prefix := a.options.Reseller
	if i := strings.LastIndexByte(own, '_'); prefix == "" && i >= 0 {
		prefix = own[:i+1] // AUTH_, as a rule
	}
	order = append(order, own)
	add := func(account string) {
		if account != "" && !slices.Contains(order, account) {
			order = append(order, account)
		}
	}
	for _, account := range a.options.Accounts {
		add(account)
	}
	for _, project := range a.options.Projects {
		if project != AllProjects {
			add(prefix + project)
			continue
		}
		if a.options.List == nil {
			return nil, core.Fail(core.CodeUnsupported, "list the projects", "this login knows no Keystone", "name them in the config", nil)
		}
		all, err := a.options.List(ctx)
		if err != nil {
			return nil, err
		}
		for _, project := range all {
			add(prefix + project)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.order = order
	return order, nil
}

// bucket is the container in one account.
func (a *accounts) bucket(account string) (*swiftBucket, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if b := a.buckets[account]; b != nil {
		return b, nil
	}
	o, old := a.options, ""
	o.Login = func(ctx context.Context) (SwiftToken, error) {
		token, err := a.login.get(ctx, old)
		if err != nil {
			return token, err
		}
		old = token.Token
		above, _ := cutLast(strings.TrimSuffix(token.StorageURL, "/"))
		token.StorageURL = above + "/" + account
		return token, nil
	}
	b, err := openSwift("swift", a.container, o)
	if err == nil {
		a.buckets[account] = b
	}
	return b, err
}

// List goes through the accounts. One that has no such container holds no backup; one
// that this login may not read is told as something that is not known.
func (a *accounts) List(ctx context.Context, page func([]Object) error) error {
	order, err := a.walk(ctx)
	if err != nil {
		return err
	}
	held := 0
	for _, account := range order {
		b, err := a.bucket(account)
		if err != nil {
			return err
		}
		err = b.ListPrefix(ctx, a.container, "", func(objects []Object) error { return page(inAccount(account, objects)) })
		switch core.CodeOf(err) {
		case "":
			held++
		case core.CodeNotFound:
		case core.CodeDenied:
			closed := Object{Container: account, Name: a.container + "/", Problem: "this login may not read the account"}
			if err := page([]Object{closed}); err != nil {
				return err
			}
		default:
			return err
		}
	}
	if held == 0 {
		return core.Fail(core.CodeNotFound, "list the container "+a.container,
			"none of "+core.Count(len(order), "account")+" has it, or lets this login read it",
			"look at backup_swift_container in cinder.conf, and at the roles of the login", nil)
	}
	return nil
}

func inAccount(account string, objects []Object) []Object {
	for i := range objects {
		objects[i].Container = account + "/" + objects[i].Container
	}
	return objects
}

func (a *accounts) ListPrefix(ctx context.Context, container, prefix string, page func([]Object) error) error {
	account, name := cutLast(container)
	b, err := a.bucket(account)
	if err != nil {
		return err
	}
	return b.ListPrefix(ctx, name, prefix, func(objects []Object) error { return page(inAccount(account, objects)) })
}

func (a *accounts) Get(ctx context.Context, container, name string) (io.ReadCloser, error) {
	account, in := cutLast(container)
	b, err := a.bucket(account)
	if err != nil {
		return nil, err
	}
	return b.Get(ctx, in, name)
}

// identity is which container it is, by what a login told.
func (a *accounts) identity(ctx context.Context) (string, bool) {
	token, err := a.login.get(ctx, "")
	return fmt.Sprintf("swift %q %q by %q, several", token.StorageURL, a.container, a.options.User), err == nil
}

// unsafe is the bucket's part of core.PlaceInfo's.
func (a *accounts) unsafe() (out []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, b := range a.buckets {
		for _, why := range b.unsafe() {
			if !slices.Contains(out, why) {
				out = append(out, why)
			}
		}
	}
	return out
}

func (a *accounts) Sorted() bool            { return true }
func (a *accounts) Close() error            { return nil }
func (a *accounts) Service() (string, bool) { return SwiftDriver, true }
