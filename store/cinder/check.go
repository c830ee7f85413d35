package cinder

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"hearth/core"
	"hearth/store/cinder/clouds"
)

// Check says what the logins of this machine are made of, without asking anybody: the
// files that were read, the proxies, and of each cloud who goes where, or why its
// entry is of no use, and what of it is read otherwise than it stands.
func Check() []core.Checked { return check(clouds.Here(), http.ProxyFromEnvironment) }

func check(w clouds.World, proxy func(*http.Request) (*url.URL, error)) []core.Checked {
	book, err := clouds.Open(w)
	var out []core.Checked
	switch {
	case err != nil:
		out = append(out, core.Checked{What: "clouds.yaml", Lines: []string{core.Visible(book.Path())}, Err: err})
	case book.Path() == "":
		out = append(out, core.Checked{What: "clouds.yaml", Lines: []string{"there is none: looked for in " +
			core.Visible(strings.Join(w.Folders(), ", "))}})
	default:
		out = append(out, core.Checked{What: "clouds.yaml", Lines: []string{core.Visible(book.Path())}})
	}
	if secure := book.Secure(); secure != "" {
		out = append(out, core.Checked{What: "secure.yaml", Lines: []string{core.Visible(secure)}})
	}
	for _, path := range book.Passed() {
		out = append(out, core.Checked{What: "passed over", Lines: []string{core.Visible(path) + " is there and cannot be read"}})
	}
	if set := w.Set(); len(set) > 0 {
		out = append(out, core.Checked{What: "variables", Lines: []string{core.Visible(strings.Join(set, ", "))}})
	}
	if lines := proxyLines(w); len(lines) > 0 {
		out = append(out, core.Checked{What: "proxy", Lines: lines})
	}
	names := book.Names()
	if w.Env["OS_AUTH_URL"] != "" {
		names = append(names, Environment)
	}
	for _, name := range names {
		f := core.Checked{What: "cloud " + core.Visible(name)}
		l, err := book.Login(name, "")
		if err == nil {
			err = l.Scoped()
			f.Lines = append(f.Lines, goes(l, proxy))
		}
		if err == nil {
			_, err = l.Config()
		}
		for _, n := range l.Notes {
			f.Lines = append(f.Lines, core.Visible(n.String()))
		}
		f.Err = err
		out = append(out, f)
	}
	return out
}

// goes says in one line who goes where, and how.
func goes(l clouds.Login, proxy func(*http.Request) (*url.URL, error)) string {
	to, who := l.AuthURL, l.User()
	if l.Direct {
		to, who = l.Override, "without Keystone"
	} else if whom := l.Whom(); whom != "" {
		who += ", " + whom
	}
	where := strings.Join(l.Interfaces, " or ")
	if l.Region != "" {
		where = l.Region + ", " + where
	}
	line := who + ", at " + to + " (" + where + ")"
	if l.Override != "" && !l.Direct {
		line += ", Cinder at " + l.Override
	}
	u, err := url.Parse(to)
	if err != nil {
		return core.Visible(line)
	}
	switch via, err := proxy(&http.Request{URL: u}); {
	case err != nil:
		line += "; its proxy cannot be used"
	case via != nil:
		line += "; through the proxy " + shownProxy(via)
	}
	if l.TLS.Insecure && u.Scheme == "https" {
		line += "; its certificate is not verified"
	}
	if u.Scheme == "http" && !core.Loopback(u.Host) {
		line += "; without TLS, so that it can be read and changed on the way"
	}
	return core.Visible(line)
}

// proxyVariables name the proxies that are gone through, in either case of letters.
var proxyVariables = []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"}

// proxyLines are the variables that name proxies, without the logins in them.
func proxyLines(w clouds.World) []string {
	var out []string
	for _, name := range proxyVariables {
		text := w.Env[name]
		if text == "" {
			continue
		}
		line := name + " "
		switch upper := strings.ToUpper(name); {
		case upper == "NO_PROXY":
			line += text
		case upper == "ALL_PROXY":
			line += "is not read here: set HTTPS_PROXY"
		default:
			line += proxyOf(text)
		}
		out = append(out, core.Visible(line))
	}
	return out
}

// proxyOf is a proxy as a variable names it: the scheme may be missing.
func proxyOf(text string) string {
	for _, try := range []string{text, "http://" + text} {
		if u, err := url.Parse(try); err == nil && u.Host != "" && slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
			return shownProxy(u)
		}
	}
	return "names no proxy that can be used"
}

func shownProxy(u *url.URL) string {
	text := u.Scheme + "://" + u.Host
	if u.User != nil {
		text += " (with a login)"
	}
	return text
}
