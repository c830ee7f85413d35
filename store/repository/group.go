package repository

import (
	"context"
	"slices"
	"strings"

	"hearth/core"
)

// group is what a listing shows under one prefix.
type group struct {
	container string
	prefix    string
	owner     owner
	chunks    []chunk // in the order of their numbers, once the group is whole
	metadata  core.Opt[Object]
	hashes    core.Opt[Object]
	foreign   []Object // the first few
	foreigns  int64    // all
	bytes     int64
}

// chunk is a chunk that is there. A volume may have millions: no names here.
type chunk struct {
	number  int64
	size    int64
	md5     [16]byte // of the bytes as stored
	hasMD5  bool
	problem bool
}

// fewForeign is how many foreign objects of one backup are kept by name.
const fewForeign = 100

// grouper puts a listing's objects together by their prefix. It keeps only what is
// not whole yet: in a sorted listing one group, else those of one folder.
type grouper struct {
	sorted bool
	whole  func(*group) error
	stray  func(Object) error
	at     string // the container
	open   map[string]*group
	last   *group
}

// add takes the next object of the listing.
func (g *grouper) add(o Object) error {
	if o.Container != g.at {
		if err := g.flush(); err != nil {
			return err
		}
		g.at = o.Container
	}
	var n name
	if l := g.last; l != nil && strings.HasPrefix(o.Name, l.prefix) {
		n.prefix = l.prefix
		n.part, n.chunk = partOf(o.Name[len(l.prefix):])
	} else {
		var ok bool
		if n, ok = parseName(o.Name); !ok {
			return g.stray(o)
		}
		if g.sorted {
			if err := g.flush(); err != nil {
				return err
			}
		}
		if g.last = g.open[n.prefix]; g.last == nil {
			g.last = &group{container: o.Container, prefix: strings.Clone(n.prefix)}
			g.last.owner, _ = parsePrefix(g.last.prefix)
			if g.open == nil {
				g.open = map[string]*group{}
			}
			g.open[g.last.prefix] = g.last
		}
	}
	g.last.add(o, n)
	return nil
}

func (g *group) add(o Object, n name) {
	g.bytes += max(o.Size, 0)
	switch n.part {
	case partMetadata:
		g.metadata = core.Some(o)
	case partHashes:
		g.hashes = core.Some(o)
	case partChunk:
		c := chunk{number: n.chunk, size: o.Size, problem: o.Problem != ""}
		if sum, ok := digest(o.MD5, 16); ok {
			c.hasMD5 = true
			copy(c.md5[:], sum)
		}
		g.chunks = append(g.chunks, c)
	default:
		if g.foreigns++; len(g.foreign) < fewForeign {
			g.foreign = append(g.foreign, o)
		}
	}
}

// flush hands on what is whole.
func (g *grouper) flush() error {
	for _, x := range g.open {
		slices.SortFunc(x.chunks, func(a, b chunk) int { return int(min(max(a.number-b.number, -1), 1)) })
		if err := g.whole(x); err != nil {
			return err
		}
	}
	clear(g.open)
	g.last = nil
	return nil
}

// groups goes through a listing.
func groups(ctx context.Context, b Bucket, whole func(*group) error, stray func(Object) error, listed func([]Object)) error {
	g := &grouper{sorted: b.Sorted(), whole: whole, stray: stray}
	err := b.List(ctx, func(page []Object) error {
		listed(page)
		for i := range page {
			if err := g.add(page[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return g.flush()
}

// one lists one backup's objects; an empty group where there is none.
func one(ctx context.Context, b Bucket, container, prefix string) (*group, error) {
	out := &group{container: container, prefix: prefix}
	out.owner, _ = parsePrefix(prefix)
	err := b.ListPrefix(ctx, container, prefix, func(page []Object) error {
		for _, o := range page {
			if rest, ok := strings.CutPrefix(o.Name, prefix); ok {
				n := name{prefix: prefix}
				n.part, n.chunk = partOf(rest)
				out.add(o, n)
			}
		}
		return nil
	})
	if core.CodeOf(err) == core.CodeNotFound {
		err = nil
	}
	slices.SortFunc(out.chunks, func(a, b chunk) int { return int(min(max(a.number-b.number, -1), 1)) })
	return out, err
}

// holds reports whether the chunks that are there are exactly those that the
// metadata names, which is what Cinder asks before it restores.
func (g *group) holds(m *metadata) bool {
	if g.foreigns > 0 || len(g.chunks) != len(m.entries) {
		return false
	}
	for i, e := range m.entries { // as a rule in the order of their numbers
		if g.chunks[i].problem {
			return false
		}
		if rest, ok := strings.CutPrefix(e.name, g.prefix); ok {
			if p, n := partOf(rest); p == partChunk && n == g.chunks[i].number {
				continue
			}
		}
		return g.holdsInAnyOrder(m)
	}
	return true
}

func (g *group) holdsInAnyOrder(m *metadata) bool {
	seen := make([]bool, len(g.chunks))
	for _, e := range m.entries {
		i := g.find(e.name)
		if i < 0 || seen[i] || g.chunks[i].problem {
			return false
		}
		seen[i] = true
	}
	return true
}

// find returns the place of a chunk by its name, -1 if it is not there.
func (g *group) find(object string) int {
	rest, ok := strings.CutPrefix(object, g.prefix)
	if !ok {
		return -1
	}
	p, n := partOf(rest)
	if p != partChunk {
		return -1
	}
	i, ok := slices.BinarySearchFunc(g.chunks, n, func(c chunk, n int64) int { return int(min(max(c.number-n, -1), 1)) })
	if !ok {
		return -1
	}
	return i
}
