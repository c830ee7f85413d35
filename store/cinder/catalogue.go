package cinder

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"hearth/core"
)

// service is one of Keystone's catalogue.
type service struct {
	Type      string
	Endpoints []endpoint
}

// endpoint is where a service is. Old Keystones name the region by its id alone.
type endpoint struct {
	Interface, Region, URL string
	RegionID               string `json:"region_id"`
}

func (e endpoint) region() string {
	if e.Region == "" {
		return e.RegionID
	}
	return e.Region
}

// serviceTypes are the catalogue's names of the Block Storage API, the best first:
// clouds call the service by any of them, or by several.
var serviceTypes = []string{"block-storage", "volumev3", "block-store", "volume"}

// candidate is an endpoint that may be the one.
type candidate struct {
	url         string
	face, rank  int
	major       int    // the version that its URL names; 0: none
	unusable    string // why it is of no use; "" where it is
	discovering bool   // its URL names no version
}

// locate finds in the catalogue where the services are, and the regions that have
// the Block Storage API.
func (s *session) locate(ctx context.Context, provider *gophercloud.ProviderClient, p *pass, catalog []service) error {
	tried := "log in to " + s.login.cloud
	var all []candidate
	objects := len(s.faces())
	for _, service := range catalog {
		rank := slices.Index(serviceTypes, service.Type)
		if service.Type == "volumev2" {
			rank = len(serviceTypes)
		}
		for _, e := range service.Endpoints {
			here := s.login.region == "" || e.region() == s.login.region
			face := slices.Index(s.faces(), strings.TrimSuffix(e.Interface, "URL"))
			switch {
			case face < 0:
				continue
			case service.Type == "object-store" && here && face < objects:
				objects, p.Objects = face, strings.TrimSuffix(e.URL, "/")
				continue
			case rank < 0 || rank == len(serviceTypes) && !here:
				continue
			}
			if !slices.Contains(p.Regions, e.region()) && rank < len(serviceTypes) {
				p.Regions = append(p.Regions, e.region())
			}
			if here {
				all = append(all, judged(e.URL, face, rank))
			}
		}
	}
	slices.Sort(p.Regions)
	if s.login.override != "" && (!s.objects || p.Objects == "") {
		return s.overridden(ctx, provider, p, tried)
	}
	if s.objects && p.Objects != "" { // nobody asks for the Block Storage service
		p.Endpoint = best(all).url
		return nil
	}
	if len(all) == 0 {
		return s.missing(p, tried)
	}
	c := best(all)
	if c.unusable != "" {
		return core.Fail(core.CodeUnsupported, tried, c.unusable, "set block_storage_endpoint_override to the URL of version 3, "+
			"and tell whoever runs the cloud", nil)
	}
	p.Endpoint = c.url
	if c.discovering {
		return s.discovered(ctx, provider, p, tried)
	}
	return nil
}

// judged says what an endpoint of the catalogue is good for.
func judged(address string, face, rank int) candidate {
	c := candidate{url: strings.TrimRight(address, "/"), face: face, rank: rank}
	u, err := url.Parse(c.url)
	shown := core.Visible(address)
	switch {
	case c.url == "":
		c.unusable = "the catalogue's URL of the Block Storage service is empty"
	case strings.Contains(address, "%(") || strings.Contains(address, "$("):
		c.unusable = "the catalogue's URL of the Block Storage service is not filled in: " + shown
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		c.unusable = "the catalogue's URL of the Block Storage service is none: " + shown
	default:
		c.major = majorOf(c.url)
		if c.discovering = c.major == 0; c.major > 0 && c.major != 3 {
			c.unusable = "the catalogue has the Block Storage API only as version " + strconv.Itoa(c.major) + " (" + shown +
				"), and hearth speaks version 3"
		}
	}
	return c
}

// best is the endpoint to take: one that can be used, at the first interface that
// has one, with a version in its URL, of the newest type. The zero one if there is
// none at all.
func best(all []candidate) candidate {
	if len(all) == 0 {
		return candidate{}
	}
	return slices.MinFunc(all, func(a, b candidate) int {
		return cmp.Or(yesLast(a.unusable != "", b.unusable != ""), a.face-b.face, yesLast(a.discovering, b.discovering), a.rank-b.rank)
	})
}

func yesLast(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// overridden is the endpoint that the entry gives, with what the client puts into it
// (keystoneauth1/session.py, _StringFormatter).
func (s *session) overridden(ctx context.Context, provider *gophercloud.ProviderClient, p *pass, tried string) error {
	project := string(p.Project.ID)
	p.Endpoint = strings.TrimRight(strings.NewReplacer("%(project_id)s", project, "%(tenant_id)s", project, "%(user_id)s", p.UserID).
		Replace(s.login.override), "/")
	switch major := majorOf(p.Endpoint); {
	case major == 0:
		return s.discovered(ctx, provider, p, tried)
	case major != 3:
		return core.Fail(core.CodeUnsupported, tried, "block_storage_endpoint_override is version "+strconv.Itoa(major)+" ("+
			core.Visible(p.Endpoint)+"), and hearth speaks version 3", "set it to the URL of version 3", nil)
	}
	return nil
}

// withoutProject is the first microversion whose URLs do without the project's id.
const withoutProject version = 67

// discovered makes of an endpoint without a version the one of version 3. What does
// not say which versions it has is taken as it is.
func (s *session) discovered(ctx context.Context, provider *gophercloud.ProviderClient, p *pass, tried string) error {
	given := p.Endpoint
	all, _, err := discover(ctx, provider, given+"/")
	if err != nil {
		return s.explain(tried, cinderAt(given), err)
	}
	v3 := newest3(all)
	switch {
	case v3 == nil && len(all) > 0:
		return core.Fail(core.CodeUnsupported, tried, "the Block Storage API at "+core.Visible(given)+" has no version 3",
			"set block_storage_endpoint_override to one that has", nil)
	case v3 == nil:
		return nil
	}
	to, err := follow(given, v3.link())
	if err != nil {
		return core.Fail(core.CodeRefused, tried, "the Block Storage API at "+core.Visible(given)+" says that its version 3 is at "+
			core.Visible(v3.link())+", which is on another host, and nothing was sent there",
			"set block_storage_endpoint_override to that one if it is right", err)
	}
	newestThere := v3.Version
	if newestThere == "" {
		newestThere = v3.Max
	}
	if p.Endpoint = to; parseVersion("volume "+newestThere) < withoutProject && p.Project.ID != "" {
		p.Endpoint += "/" + url.PathEscape(string(p.Project.ID))
	}
	return nil
}

// missing says what is wrong where the service that is wanted was not found.
func (s *session) missing(p *pass, tried string) error {
	switch {
	case s.login.entry.System():
		return core.Fail(core.CodeNotFound, tried,
			"its catalogue names no Block Storage service for a login that belongs to the system and to no project",
			"set block_storage_endpoint_override to the service's URL up to /v3 (a cloud of 3.67 or newer takes it without a project)", nil)
	case len(p.Regions) > 0:
		return core.Fail(core.CodeNotFound, tried, "it has no Block Storage service in the region "+s.login.region,
			"set region_name to one of "+strings.Join(p.Regions, ", "), nil)
	}
	return core.Fail(core.CodeNotFound, tried,
		"its catalogue has no Block Storage service (volumev3 or block-storage) at the "+strings.Join(s.faces(), " or the ")+" interface",
		"check interface, or set block_storage_endpoint_override", nil)
}

// faces are the interfaces that will do, the best first.
func (s *session) faces() []string {
	if len(s.login.entry.Interfaces) == 0 {
		return []string{string(gophercloud.AvailabilityPublic)}
	}
	return s.login.entry.Interfaces
}
