package cinder

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"hearth/core"
	"hearth/store/wire"
)

const (
	restoreTime = 10 * time.Minute // one to a restore: Cinder makes the volume meanwhile
	tries       = 4                // of what is safe to repeat
	firstWait   = 300 * time.Millisecond
	longestWait = 30 * time.Second // that a Retry-After is followed
)

// call is a request to the Block Storage API, or with an absolute path to another.
type call struct {
	tried   string // for errors: "list the backups"
	method  string // "": GET
	path    string // after the endpoint: /backups/detail
	query   url.Values
	body    any // sent as JSON; nil: none
	header  map[string]string
	done    *done         // how the answer to a write says that it was done; nil only for what reads
	about   about         // what the answer to a write names, where it does
	timeout time.Duration // 0: answerTime
	bounds  wire.Bounds   // of the answer; zero: as for one thing
}

// mostParts is how many commas an answer may have that tells of one thing, or of few.
const mostParts = 200_000

// bounded is how much the answer may be.
func (c call) bounded() wire.Bounds {
	b := c.bounds
	if b.Bytes == 0 {
		b.Bytes = wire.Usual.Bytes
	}
	if c.bounds.Bytes == 0 { // a page's parts are its rows, which are counted
		b.Marks, b.Mark = mostParts, ','
	}
	return b
}

// writes reports whether a call changes something: it is sent once, and no redirect of
// it is followed.
func (c call) writes() bool { return c.method != http.MethodGet && c.method != http.MethodHead }

// reply is the answer to a call, read whole.
type reply struct {
	status  int
	body    []byte
	header  http.Header
	address string
	repeats int    // how often it was asked before this answer came
	sent    bool   // the request left, or began to
	token   string // that it was asked with
}

// do sends a call and reads the answer. What is safe to repeat is repeated, with
// patience, when the cloud is too busy or does not answer: a GET, and whatever it
// says it did not take (429) or never got (a refused connection). A write that may
// have worked is sent once; it has worked where its own answer says so ([done]), else
// the error is CodeUnavailable and [core.MayLand].
func (s *session) do(ctx context.Context, c call) (reply, error) {
	if c.method == "" {
		c.method = http.MethodGet
	}
	if c.writes() && c.done == nil {
		return reply{}, core.Fail(core.CodeInternal, c.tried, "nothing tells what an answer to it has to say", "", nil)
	}
	lands := false
	for n := 0; ; n++ {
		r, err := s.renewing(ctx, c)
		r.repeats = n
		if err == nil {
			err = c.understood(r)
		}
		if id := s.heard.again(answeredAs(r, err)); id != "" {
			r.sent, err = true, &replayed{request: id}
		}
		if err == nil {
			s.hear(c, r)
			return r, nil
		}
		told := s.explainCall(c, err)
		lands = lands || r.sent && c.writes() && uncertain(told)
		wait, again := repeat(c, err, n, s.firstWait)
		if !again || ctx.Err() != nil {
			return r, landing(told, lands)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return r, landing(explain(c.tried, ctx.Err()), lands)
		}
	}
}

// landing is an error that says whether the change may yet take effect.
func landing(err error, lands bool) error {
	if e, ok := err.(*core.Error); ok {
		e.Lands = lands
	}
	return err
}

// explainCall is the error of a call that is not sent again. One that may have taken
// effect is not to be tried again just so.
func (s *session) explainCall(c call, err error) error {
	at := s.meant(c)
	err = s.explain(c.tried, at, err)
	if e, ok := err.(*core.Error); ok && e.Tried == c.tried {
		f := faultOf(err)
		switch {
		case f != nil && f.status == http.StatusRequestEntityTooLarge && c.method == http.MethodGet: // reading uses no quota up
			e.Code, e.What, e.Next = core.CodeUnavailable, at.name+", or a proxy before it, says that too much is asked for (413)", tryAgain
			if said := brief(f.message); said != "" {
				e.What += ": " + said
			}
		case e.Next == tryAgain && c.writes():
			e.Next = lookFirst
		case e.Next == lookFirst && !c.writes():
			e.Next = tryAgain
		}
	}
	return err
}

// repeat says whether a call that failed the nth time (from 0) is to be sent
// again, and how long to wait before that: first, and twice as long each time.
func repeat(c call, err error, n int, first time.Duration) (time.Duration, bool) {
	if n >= tries-1 {
		return 0, false
	}
	wait := first << n
	wait += time.Duration(rand.Int64N(int64(wait) / 2))
	safe := !c.writes()
	f := faultOf(err)
	var old *replayed
	if f == nil {
		refused := errors.Is(err, syscall.ECONNREFUSED)
		var op *net.OpError
		cut := errors.As(err, &op) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
		return wait, refused || safe && (errors.As(err, &old) || cut)
	}
	switch f.status {
	case http.StatusTooManyRequests:
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		if !safe || f.status == http.StatusInternalServerError && n > 0 || f.kind == "serviceUnavailable" {
			return 0, false // Cinder itself says that a service is down: waiting a second is no help
		}
	default:
		return 0, false
	}
	if after, err := strconv.Atoi(f.header.Get("Retry-After")); err == nil {
		if time.Duration(after)*time.Second > longestWait {
			return 0, false
		}
		wait = max(wait, time.Duration(after)*time.Second)
	}
	return wait, true
}

// renewing sends a call, and once more with a new login where its token is not taken
// any more, or where what was kept of the cloud seems to lead past it. All that was kept
// is given up with the token: after a cloud was built anew its project, and so its URLs,
// are others.
func (s *session) renewing(ctx context.Context, c call) (reply, error) {
	r, err := s.once(ctx, c)
	was, _ := s.current()
	moved := s.astray(c, err)
	if f := faultOf(err); !moved && (f == nil || f.status != http.StatusUnauthorized) || r.token == "" || s.login.direct {
		return r, err
	}
	if err := s.renew(ctx, r.token); err != nil {
		return reply{}, err
	}
	if now, _ := s.current(); moved && now.Endpoint == was.Endpoint {
		return r, err // it is where it was, and says so
	}
	if r, err = s.once(ctx, c); err != nil {
		if f := faultOf(err); f != nil && f.status == http.StatusUnauthorized {
			s.drop()
		}
	}
	return r, err
}

// astray reports whether a list was asked for at a URL that an earlier run kept, and
// nothing of that kind is there: every Block Storage has lists.
func (s *session) astray(c call, err error) bool {
	s.mu.Lock()
	kept := s.kept
	s.mu.Unlock()
	f := faultOf(err)
	return kept && c.method == http.MethodGet && strings.HasSuffix(c.path, "/detail") &&
		(f != nil && f.status == http.StatusNotFound || errors.Is(err, syscall.ECONNREFUSED))
}

// once sends a call.
func (s *session) once(ctx context.Context, c call) (reply, error) {
	provider, p, err := s.open(ctx)
	if err != nil {
		return reply{}, err
	}
	timeout := c.timeout
	if timeout == 0 {
		timeout = answerTime
	}
	if s.answer > 0 && c.writes() {
		timeout = s.answer
	}
	ctx, cancel := context.WithTimeout(wire.Within(ctx, c.bounded()), timeout)
	defer cancel()
	address := c.path
	header := map[string]string{}
	if strings.HasPrefix(address, "/") {
		address = p.Endpoint + address
		header["OpenStack-API-Version"] = "volume " + p.Version.String()
	}
	for k, v := range c.header {
		header[k] = v
	}
	if len(c.query) > 0 {
		address += "?" + c.query.Encode()
	}
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	res, err := provider.Request(ctx, c.method, address, &gophercloud.RequestOpts{JSONBody: c.body, MoreHeaders: header,
		OkCodes: []int{200, 201, 202, 203, 204}, KeepResponseBody: true})
	if err != nil {
		return reply{sent: sent.Load(), token: p.Token}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && broken(c, res, body) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return reply{sent: true}, &url.Error{Op: c.method, URL: address, Err: err}
	}
	return reply{status: res.StatusCode, body: body, header: res.Header, address: address, sent: true}, nil
}

// hear learns from an answer which version of the API the cloud has.
func (s *session) hear(c call, r reply) {
	if !strings.HasPrefix(c.path, "/") {
		return
	}
	v := parseVersion(r.header.Get("OpenStack-API-Version"))
	if v == 0 {
		v = 1 // a cloud that knows no microversions
	}
	s.learn(v)
}

// broken reports whether an answer ends before its end. Debian's Cinder sends no
// length, so that a connection that breaks looks like one that was closed. That it
// does not end as JSON does is all that is looked at: the rest decoding finds out.
func broken(c call, res *http.Response, body []byte) bool {
	if res.ContentLength >= 0 || !strings.Contains(res.Header.Get("Content-Type"), "json") {
		return false
	}
	body = bytes.TrimSpace(body)
	return len(body) == 0 && c.method == http.MethodGet || len(body) > 0 && body[len(body)-1] != '}' && body[len(body)-1] != ']'
}

// ask is do with the answer decoded.
func (s *session) ask(ctx context.Context, c call, into any) error {
	r, err := s.do(ctx, c)
	if err != nil || into == nil {
		return err
	}
	err = decode(c.tried, r.body, into)
	if e, ok := err.(*core.Error); ok && e.Next == lookFirst && !c.writes() {
		e.Next = tryAgain
	}
	return err
}

// action is the POST of a backup's action: sent once.
func (s *session) action(ctx context.Context, tried, path, name string, args any) error {
	_, err := s.do(ctx, call{tried: tried, method: http.MethodPost, path: path + "/action", body: map[string]any{name: args},
		done: &tookAction})
	return err
}
