package cinder_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hearth/store/jobs"
)

// fate is what the proxy does with a request.
type fate int

const (
	pass      fate = iota
	before         // the connection breaks before the cloud sees the request
	after          // the cloud does as asked, and the connection breaks before the answer
	half           // the connection breaks in the middle of the answer
	broken         // the cloud answers 500, having done nothing
	gateway        // the cloud does as asked, and a proxy answers 504
	late           // a proxy answers 504, and the cloud gets the request lateBy after that
	hang           // the cloud gets the request after lateBy, and so does hearth the answer, if it waits
	slow           // the answer comes after a while, in two pieces
	often          // 429: the cloud does nothing
	bad            // a proxy answers 502, and the cloud got nothing
	badDone        // the cloud does as asked, and a proxy answers 502
	away           // a balancer answers 503, and the cloud got nothing
	long           // the answer is shorter than its length says
	short          // the answer is longer than its length says
	twice          // the cloud gets it twice, and the second answer comes; a POST, once: it cannot tell two apart
	again          // an earlier answer to such a request comes again, and the cloud gets nothing
	againDone      // the cloud does as asked, and an earlier answer comes
	double         // the answer comes twice, one behind the other
)

// reaches reports whether the cloud gets the request at once.
func (f fate) reaches() bool {
	switch f {
	case before, broken, often, bad, away, again:
		return false
	}
	return true
}

// lateBy is how late a request comes that a proxy holds.
const lateBy = 2 * time.Second

// proxy stands between hearth and a cloud's API, counts what is sent and breaks
// what it is told to break.
type proxy struct {
	t        *testing.T
	upstream *url.URL
	address  string

	working atomic.Int64 // what the cloud has yet to answer, be it that nobody waits for it

	mu      sync.Mutex
	server  *http.Server
	fate    func(*http.Request) fate
	lie     func(*http.Request, int, []byte) (int, []byte) // changes answers; nil: none
	arrived map[string]int                                 // requests by method and last part of the path, whatever became of them
	reached map[string]int                                 // those that the cloud got
	given   map[string]given                               // the last answers, for [again]
}

// through opens the site's cloud anew, by way of a proxy: hearth as before, and the
// hand goes round it.
func (s *site) through(t *testing.T) (*proxy, jobs.Desk) {
	t.Helper()
	upstream, err := url.Parse(s.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, upstream: upstream, address: "127.0.0.1:0"}
	p.reset(nil)
	p.up()
	t.Cleanup(p.down)
	e := entry(t, s.name)
	e["block_storage_endpoint_override"] = "http://" + p.address + upstream.Path
	withClouds(t, map[string]map[string]any{s.name: e})
	return p, s.in(t).openDesk(s.name, t.TempDir())
}

// up has the proxy listen, where it did before.
func (p *proxy) up() {
	p.t.Helper()
	var l net.Listener
	var err error
	for range 20 {
		if l, err = net.Listen("tcp", p.address); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.address = l.Addr().String()
	p.server = &http.Server{Handler: p}
	p.server.SetKeepAlivesEnabled(false) // as Debian's Cinder does
	go p.server.Serve(l)
}

// down kills the API: every connection breaks, and nothing listens.
func (p *proxy) down() { p.server.Close() }

// idle waits until the cloud has answered all that it got and will get, however late that
// comes.
func (p *proxy) idle() {
	for p.working.Load() > 0 {
		time.Sleep(20 * time.Millisecond)
	}
}

// reset says what becomes of requests from now on, and counts anew.
func (p *proxy) reset(f func(*http.Request) fate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fate, p.lie, p.arrived, p.reached, p.given = f, nil, map[string]int{}, map[string]int{}, map[string]given{}
}

// lies has answers changed from now on.
func (p *proxy) lies(f func(r *http.Request, status int, body []byte) (int, []byte)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lie = f
}

// what names a request: "POST restore", "GET detail".
func what(r *http.Request) string {
	return r.Method + " " + r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
}

// counted is how often a request came, and how often the cloud got it.
func (p *proxy) counted(what string) (arrived, reached int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.arrived[what], p.reached[what]
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.working.Add(1)
	defer p.working.Add(-1)
	p.mu.Lock()
	f := pass
	if p.fate != nil {
		f = p.fate(r)
	}
	p.arrived[what(r)]++
	old, had := p.given[alike(r)]
	if (f == again || f == againDone) && !had {
		f = pass
	}
	if f.reaches() {
		p.reached[what(r)]++
	}
	lie := p.lie
	p.mu.Unlock()
	sent, err := io.ReadAll(r.Body)
	switch {
	case err != nil || f == before:
		cut(w)
		return
	case f == again:
		answer(w, old.res, old.body)
		return
	case !f.reaches():
		refuse(w, f)
		return
	case f == late:
		held := r.Clone(context.WithoutCancel(r.Context()))
		p.working.Add(1)
		time.AfterFunc(lateBy, func() {
			defer p.working.Add(-1)
			p.forward(held, sent)
		})
		refuse(w, gateway)
		return
	case f == hang:
		time.Sleep(lateBy)
	case f == twice && r.Method != http.MethodPost:
		p.forward(r, sent)
	}
	res, body, err := p.forward(r, sent)
	if err == nil && lie != nil {
		res.StatusCode, body = lie(r, res.StatusCode, body)
		res.Status = strconv.Itoa(res.StatusCode) + " " + http.StatusText(res.StatusCode)
	}
	if err != nil {
		cut(w)
		return
	}
	p.mu.Lock()
	p.given[alike(r)] = given{res, body}
	p.mu.Unlock()
	p.say(w, f, old, given{res, body})
}

// say answers what the cloud has answered, or not.
func (p *proxy) say(w http.ResponseWriter, f fate, old, now given) {
	body := now.body
	switch f {
	case after:
		cut(w)
		return
	case gateway, badDone:
		refuse(w, f)
		return
	case againDone:
		now, body = old, old.body
	case half:
		body = body[:len(body)/2]
	case long:
		w.Header().Set("Content-Length", strconv.Itoa(len(body)+7))
	case short:
		w.Header().Set("Content-Length", strconv.Itoa(max(0, len(body)-7)))
	case slow:
		time.Sleep(300 * time.Millisecond)
	case double:
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		twin := &bytes.Buffer{}
		head(twin, w, now.res)
		body = append(append(bytes.Clone(body), twin.Bytes()...), body...)
	}
	answer(w, now.res, body)
}

// refuse answers in the cloud's stead.
func refuse(w http.ResponseWriter, f fate) {
	page := func(status int, title string) {
		w.WriteHeader(status)
		io.WriteString(w, "<html><body><h1>"+title+"</h1>\nThe server didn't respond in time.\n</body></html>\n")
	}
	switch f {
	case broken:
		w.Header().Set("OpenStack-API-Version", "volume 3.70")
		w.WriteHeader(http.StatusInternalServerError)
		io.WriteString(w, `{"computeFault": {"code": 500, `+
			`"message": "The server has either erred or is incapable of performing the requested operation."}}`)
	case often:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		io.WriteString(w, `{"overLimit": {"code": 429, "message": "This request was rate-limited.", "retryAfter": "1"}}`)
	case bad, badDone:
		page(http.StatusBadGateway, "502 Bad Gateway")
	case away:
		page(http.StatusServiceUnavailable, "503 Service Unavailable")
	default:
		page(http.StatusGatewayTimeout, "504 Gateway Time-out")
	}
}

// given is an answer that was given.
type given struct {
	res  *http.Response
	body []byte
}

// alike names the requests whose answers one could take for one another.
func alike(r *http.Request) string {
	if r.Method == http.MethodGet {
		return r.URL.String()
	}
	return what(r)
}

// answer writes an answer, but for what w's header already says without a length, as
// Debian's Cinder does: there the end of the connection is the end of the answer.
func answer(w http.ResponseWriter, res *http.Response, body []byte) {
	conn, buf, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	head(buf, w, res)
	buf.Write(body)
	buf.Flush()
}

// head writes the head of an answer.
func head(to io.Writer, w http.ResponseWriter, res *http.Response) {
	io.WriteString(to, "HTTP/1.1 "+res.Status+"\r\n")
	header := res.Header.Clone()
	header.Del("Transfer-Encoding")
	header.Del("Content-Length")
	if n := w.Header().Get("Content-Length"); n != "" {
		header.Set("Content-Length", n)
	} else {
		header.Set("Connection", "close")
	}
	header.Write(to)
	io.WriteString(to, "\r\n")
}

// cut breaks the connection.
func cut(w http.ResponseWriter) {
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		conn.Close()
	}
}

func (p *proxy) forward(r *http.Request, sent []byte) (*http.Response, []byte, error) {
	to := *r.URL
	to.Scheme, to.Host = p.upstream.Scheme, p.upstream.Host
	out, err := http.NewRequest(r.Method, to.String(), bytes.NewReader(sent)) // it goes on when hearth has gone
	if err != nil {
		return nil, nil, err
	}
	out.Header = r.Header.Clone()
	out.Header.Del("Accept-Encoding")
	res, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, body, err
}
