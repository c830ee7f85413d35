package tui

import "strings"

// scoped is a location taken apart: cloud:NAME[@REGION][/PROJECT]. Other kinds of
// places have no such parts.
type scoped struct{ place, region, project string }

func cutScope(location string) scoped {
	if !strings.HasPrefix(location, "cloud:") {
		return scoped{place: location}
	}
	var c scoped
	c.place, c.project, _ = strings.Cut(location, "/")
	c.place, c.region, _ = strings.Cut(c.place, "@")
	return c
}

func (c scoped) String() string {
	out := c.place
	if c.region != "" {
		out += "@" + c.region
	}
	if c.project != "" {
		out += "/" + c.project
	}
	return out
}
