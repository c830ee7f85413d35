package cinder

import (
	"net/url"

	"hearth/core"
)

// unsafe says where somebody between this machine and the cloud could read along or answer
// in its stead: of Keystone as soon as the login is read, of Cinder once the catalogue was.
func (s *session) unsafe() (out []string) {
	l := &s.login
	p, _ := s.current()
	services := []struct{ name, at, what string }{{"Keystone", l.entry.AuthURL, "the password or token"}, {"Cinder", p.Endpoint, "the token"}}
	if l.direct {
		services = services[1:]
		services[0].at = l.override
	}
	if s.objects {
		services[len(services)-1] = struct{ name, at, what string }{"Swift", p.Objects, "the token"}
	}
	tls := false
	for i, x := range services {
		u, err := url.Parse(x.at)
		switch {
		case err != nil || core.Loopback(u.Host):
		case u.Scheme == "https":
			tls = true
		case u.Scheme == "http" && i > 0 && tls:
			out = append(out, x.name+" is at http://"+core.Visible(u.Host)+", though Keystone is reached by TLS: "+x.what+
				" and all data can be read and changed on the way")
		case u.Scheme == "http":
			out = append(out, x.name+" is at http://"+core.Visible(u.Host)+", without TLS: "+x.what+
				" and all data can be read and changed on the way")
		}
	}
	if by := l.entry.Federated(); by != nil && by.Grant != "" {
		for _, at := range []string{by.Discovery, by.Endpoint} {
			if u, err := url.Parse(at); err == nil && u.Scheme == "http" && !core.Loopback(u.Host) {
				out = append(out, "the identity provider is at http://"+core.Visible(u.Host)+
					", without TLS: the login to it can be read and changed on the way")
				break
			}
		}
	}
	if tls && l.entry.TLS.Insecure {
		out = append(out, "no certificate is verified (verify or insecure in clouds.yaml): whoever is between can answer in the cloud's stead")
	}
	return out
}

// Unsafe is what the place says of itself (core.PlaceInfo).
func (o *Objects) Unsafe() []string { return o.session.unsafe() }
