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
	"testing"
	"time"

	"hearth/store/jobs"
)

// fate is what the proxy does with a request.
type fate int

const (
	pass    fate = iota
	before       // the connection breaks before the cloud sees the request
	after        // the cloud does as asked, and the connection breaks before the answer
	half         // the connection breaks in the middle of the answer
	broken       // the cloud answers 500, having done nothing
	gateway      // the cloud does as asked, and a proxy answers 504
	late         // a proxy answers 504, and the cloud gets the request lateBy after that
	hang         // the cloud gets the request after lateBy, and so does hearth the answer, if it waits
)

// lateBy is how late a request comes that a proxy holds.
const lateBy = 2 * time.Second

// proxy stands between hearth and a cloud's API, counts what is sent and breaks
// what it is told to break.
type proxy struct {
	t        *testing.T
	upstream *url.URL
	address  string

	mu      sync.Mutex
	server  *http.Server
	fate    func(*http.Request) fate
	lie     func(*http.Request, int, []byte) (int, []byte) // changes answers; nil: none
	arrived map[string]int                                 // requests by method and last part of the path, whatever became of them
	reached map[string]int                                 // those that the cloud got
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

// reset says what becomes of requests from now on, and counts anew.
func (p *proxy) reset(f func(*http.Request) fate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fate, p.lie, p.arrived, p.reached = f, nil, map[string]int{}, map[string]int{}
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
	p.mu.Lock()
	f := pass
	if p.fate != nil {
		f = p.fate(r)
	}
	p.arrived[what(r)]++
	if f != before && f != broken {
		p.reached[what(r)]++
	}
	lie := p.lie
	p.mu.Unlock()
	switch f {
	case before:
		cut(w)
		return
	case broken:
		w.Header().Set("OpenStack-API-Version", "volume 3.70")
		w.WriteHeader(http.StatusInternalServerError)
		io.WriteString(w, `{"computeFault": {"code": 500, `+
			`"message": "The server has either erred or is incapable of performing the requested operation."}}`)
		return
	}
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		cut(w)
		return
	}
	timeout := func() {
		w.WriteHeader(http.StatusGatewayTimeout)
		io.WriteString(w, "<html><body><h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n</body></html>\n")
	}
	switch f {
	case late:
		held := r.Clone(context.WithoutCancel(r.Context()))
		time.AfterFunc(lateBy, func() { p.forward(held, sent) })
		timeout()
		return
	case hang:
		time.Sleep(lateBy)
	}
	res, body, err := p.forward(r, sent)
	if err == nil && lie != nil {
		res.StatusCode, body = lie(r, res.StatusCode, body)
		res.Status = strconv.Itoa(res.StatusCode) + " " + http.StatusText(res.StatusCode)
	}
	switch {
	case err != nil || f == after:
		cut(w)
	case f == gateway:
		timeout()
	default:
		for k, v := range res.Header {
			w.Header()[k] = v
		}
		w.Header().Del("Content-Length") // Debian's Cinder sends none: the end of the connection is the end of the answer
		if f == half {
			body = body[:len(body)/2]
		}
		answer(w, res, body)
	}
}

// answer writes an answer without a length, as Debian's Cinder does.
func answer(w http.ResponseWriter, res *http.Response, body []byte) {
	conn, buf, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	io.WriteString(buf, "HTTP/1.1 "+res.Status+"\r\n")
	header := w.Header().Clone()
	header.Del("Transfer-Encoding")
	header.Set("Connection", "close")
	header.Write(buf)
	io.WriteString(buf, "\r\n")
	buf.Write(body)
	buf.Flush()
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
