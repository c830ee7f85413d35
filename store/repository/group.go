package repository

import (
	"context"
	"slices"
	"strings"
	"time"

	"hearth/core"
)

// group is what a listing shows under one prefix.
type group struct {
	container string // where it lies; what Cinder calls it is told by facts.place
	prefix    string
	owner     owner
	chunks    []chunk    // in the order of their numbers, once the group is whole
	sums      [][16]byte // of chunks
	metadata  single
	hashes    single
	foreign   []Object // the first few
	foreigns  int64    // all
	bytes     int64
}

// single is an object of which a backup has one: its name is told by the prefix.
type single struct {
	Set     bool
	size    int64
	problem string
	tag     string
	time    time.Time
}

// chunk is a chunk that is there. A volume may have millions: no names here.
type chunk struct {
	number  int64
	size    int64
	sum     int32 // the place of its md5 in those of the group, from 1; 0: the listing told none
	problem bool
}

// md5 is the md5 of a chunk's bytes as stored, if the listing told it.
func (g *group) md5(c *chunk) (sum [16]byte, ok bool) {
	if c.sum == 0 {
		return sum, false
	}
	return g.sums[c.sum-1], true
}

func singleOf(o *Object) single { return single{true, o.Size, o.Problem, o.Tag, o.Time} }

// metadataObject and hashesObject are the objects that the group has one of.
func (g *group) metadataObject() Object { return g.object(g.metadata, metadataSuffix) }
func (g *group) hashesObject() Object   { return g.object(g.hashes, hashesSuffix) }

func (g *group) object(s single, suffix string) Object {
	return Object{Container: g.container, Name: g.prefix + suffix, Size: s.size, Problem: s.problem}
}

// fewForeign is how many foreign objects of one backup are kept by name.
const fewForeign = 100

// mostChunks is how many chunks of one backup are looked at: twice as many as metadata of
// the largest size that is read ([maxMetadata]) can name.
const mostChunks = 1 << 20

// fewLoose is how many objects wait to be told whose they are.
const fewLoose = 10_000

// grouper puts a listing's objects together by their prefix. It keeps only what is
// not whole yet: in a sorted listing one group, else those of one folder.
type grouper struct {
	above  string // the path of a folder's root, "" where it is none
	sorted bool
	whole  func(*group) error
	stray  func(Object) error
	at     string // the container
	dir    string // in it
	open   map[string]*group
	last   *group
	loose  []Object // that belong to a backup of flat names, if there is one in their folder
}

// add takes the next object of the listing.
func (g *grouper) add(o Object) error {
	if l := g.last; l != nil && o.Container == g.at && strings.HasPrefix(o.Name, l.prefix) {
		n := name{prefix: l.prefix}
		n.part, n.chunk = partOf(o.Name[len(l.prefix):])
		l.add(o, n)
		return nil
	}
	if dir, _ := cutLast(strings.TrimSuffix(o.Name, "/")); o.Container != g.at || dir != g.dir {
		if err := g.flush(); err != nil {
			return err
		}
		g.at, g.dir = o.Container, dir
	}
	n, ok := parseName(o.Name)
	if !ok {
		return g.other(o)
	}
	if g.sorted {
		if err := g.flush(); err != nil {
			return err
		}
	}
	if g.last = g.open[n.prefix]; g.last == nil {
		g.last = newGroup(g.above, o.Container, strings.Clone(n.prefix))
		if g.open == nil {
			g.open = map[string]*group{}
		}
		g.open[g.last.prefix] = g.last
	}
	g.last.add(o, n)
	return nil
}

// newGroup begins the group of a prefix.
func newGroup(above, container, prefix string) *group {
	return &group{container: container, prefix: prefix, owner: ownerOf(above, container, prefix)}
}

// other takes an object whose name is none of a backup's. One that begins as flat names
// do may be in the way of a backup all the same. A folder by itself is nothing.
func (g *grouper) other(o Object) error {
	_, base := cutLast(strings.TrimSuffix(o.Name, "/"))
	switch {
	case strings.HasPrefix(base, flatPrefix) && len(g.loose) < fewLoose:
		o.Name = strings.Clone(o.Name)
		g.loose = append(g.loose, o)
		return nil
	case strings.HasSuffix(o.Name, "/") && o.Problem == "" && o.Size <= 0:
		return nil
	}
	return g.stray(o)
}

// mess reports whether a group of flat names is none of Cinder's: there is neither a
// metadata object nor a sha256 file, and its folder is none that Cinder made.
func (g *group) mess() bool {
	return g.owner.naming == flatNames && !g.metadata.Set && !g.hashes.Set && g.owner.backup == ""
}

func (g *group) add(o Object, n name) {
	g.bytes += max(o.Size, 0)
	switch n.part {
	case partMetadata:
		g.metadata = singleOf(&o)
	case partHashes:
		g.hashes = singleOf(&o)
	case partChunk:
		c := chunk{number: n.chunk, size: o.Size, problem: o.Problem != ""}
		if len(g.chunks) >= mostChunks { // no metadata that is read can name them all
			g.foreigns++
			return
		}
		if sum, ok := digest(o.MD5, 16); ok {
			g.sums = append(g.sums, [16]byte(sum))
			c.sum = int32(len(g.sums))
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
	for _, o := range g.loose {
		dir, _ := cutLast(strings.TrimSuffix(o.Name, "/"))
		if x := g.open[strings.TrimPrefix(dir+"/"+flatPrefix, "/")]; x != nil && !x.mess() {
			x.add(o, name{prefix: x.prefix, part: partForeign})
		} else if !strings.HasSuffix(o.Name, "/") || o.Problem != "" {
			if err := g.stray(o); err != nil {
				return err
			}
		}
	}
	g.loose = nil
	for prefix, x := range g.open {
		delete(g.open, prefix) // one folder may hold very many: what is handed on need not stay
		if x.mess() {
			if err := x.strays(g.stray); err != nil {
				return err
			}
			continue
		}
		slices.SortFunc(x.chunks, func(a, b chunk) int { return int(min(max(a.number-b.number, -1), 1)) })
		if err := g.whole(x); err != nil {
			return err
		}
	}
	g.last = nil
	return nil
}

// strays gives a group up that is no backup's.
func (g *group) strays(stray func(Object) error) error {
	for _, c := range g.chunks {
		if err := stray(Object{Container: g.container, Name: chunkName(g.prefix, c.number), Size: c.size}); err != nil {
			return err
		}
	}
	for _, o := range g.foreign {
		if err := stray(o); err != nil {
			return err
		}
	}
	return nil
}

// aboveOf is the path of a folder's root, "" where a bucket is none.
func aboveOf(b Bucket) string {
	if f, ok := b.(*folder); ok {
		return f.above
	}
	return ""
}

// groups goes through a listing.
func groups(ctx context.Context, b Bucket, whole func(*group) error, stray func(Object) error, listed func([]Object)) error {
	g := &grouper{above: aboveOf(b), sorted: b.Sorted(), whole: whole, stray: stray}
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
	out := newGroup(aboveOf(b), container, prefix)
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

// notHeld says what it means that they are not.
func (g *group) notHeld(m *metadata) string {
	if g.owner.naming == flatNames && g.owner.backup == "" && len(g.chunks) > len(m.entries) {
		return "later backups overwrote earlier ones in this container, and this one is the last: what is left of the others makes " +
			"Cinder refuse a restore of it (bug 1628768)"
	}
	return "the objects that are there are not those that its metadata names"
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
