package repository

import (
	"encoding/hex"
	"strings"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
)

// metadata is a backup's metadata object (_write_metadata in
// cinder/backup/chunkeddriver.py).
type metadata struct {
	version     string
	backup      core.BackupID
	volume      core.VolumeID
	name        core.Opt[string]
	description core.Opt[string]
	created     string // Python's str() of a datetime, or "None"
	parent      core.BackupID
	volumeMeta  core.Opt[string] // the capture's text
	entries     []entry
	y2014       bool // written before there were incrementals
	keyed       bool // there is a key for the capture
	layout      *core.Layout
	prefix      string   // that Cinder knows it by, where the objects lie under another; "": that of the group
	moved       string   // what that means, in words
	odd         []string // what is not as Cinder writes it, in words
}

// entry is a chunk as the metadata tells it.
type entry struct {
	name        string
	offset      int64 // in the volume; from Havana to Juno of the chunk's end
	length      int64 // uncompressed
	compression string
	md5         string // of the uncompressed data; up to Kilo of the data as stored
}

// readMetadata reads a metadata object. The error tells what is wrong in words.
func readMetadata(text string) (*metadata, error) {
	if m, ok := peekMetadata(text); ok {
		return m, m.tooMuch()
	}
	if len(text) > maxOdd {
		return nil, invalid("it is of " + core.Bytes(int64(len(text))) + ", and not as Cinder writes one of that size")
	}
	m, err := parseMetadata(text)
	if err != nil {
		return nil, err
	}
	return m, m.tooMuch()
}

// What a metadata object may hold: no more entries than fit into [maxMetadata], as they
// are written; of one that is not written as Cinder does it today some forty thousand; and
// a capture with sixty image properties of the largest size.
const (
	mostEntries = 1 << 19
	maxOdd      = 8 << 20
	maxCapture  = 4 << 20
)

// tooMuch is the error of metadata that no volume has; nil for other.
func (m *metadata) tooMuch() error {
	if n := len(m.volumeMeta.V); n > maxCapture {
		return invalid("the capture in it is of " + core.Bytes(int64(n)) + ", which no volume needs")
	}
	return nil
}

// parseMetadata reads it as Python would, whatever it is.
func parseMetadata(text string) (*metadata, error) {
	s, err := pyjson.DecodeUTF8(text)
	if err != nil {
		return nil, cut(text, err)
	}
	v, err := pyjson.Parse(s)
	if err != nil {
		return nil, cut(text, err)
	}
	if v.Kind() != pyjson.Dict {
		return nil, invalid("it is a " + v.TypeName() + " and no object")
	}
	o, m := v.Object(), &metadata{}
	get := func(key string) pyjson.Value { v, _ := o.Get(key); return v }
	text1 := func(key string) core.Opt[string] {
		v := get(key)
		s, ok := v.Str()
		if !ok && !v.IsNull() {
			m.odd = append(m.odd, key+" is a "+v.TypeName()+" and no text")
		}
		return core.Opt[string]{V: s, Set: ok}
	}
	if id, _ := get("backup_id").Str(); id == "" {
		return nil, invalid("it names no backup")
	}
	var texts [8]string
	var set [8]bool
	for i, key := range metadataKeys {
		t := text1(key)
		texts[i], set[i] = t.V, t.Set
	}
	m.set(texts, set)
	m.y2014, m.keyed = !o.Has("parent_id"), o.Has("volume_meta")
	objects := get("objects")
	if objects.Kind() != pyjson.List {
		return nil, invalid("it has no list of objects")
	}
	m.entries = make([]entry, 0, len(objects.Items()))
	for _, item := range objects.Items() {
		for name, v := range item.Object().All() {
			m.entries = append(m.entries, readEntry(name, v))
			break // Cinder reads the first
		}
		if item.Object().Len() != 1 {
			return nil, invalid("its list of objects holds something else")
		}
	}
	return m, nil
}

// settle tells what only the metadata and the listing tell together: the layout, and
// where the objects lie that are not where their own names say. Their names are then
// those under which they lie.
func (m *metadata) settle(g *group) {
	if len(m.entries) > 0 && !strings.HasPrefix(m.entries[0].name, g.prefix) {
		m.rebase(g)
	}
	if g.owner.naming == objectNames && m.prefix == "" && g.owner.volume == "" {
		m.moved, m.prefix = "the folders that its objects' names began with are gone", g.prefix
	}
	m.layout = layoutOf(m.shows(g))
}

// rebase is for objects that were copied under another prefix, or into another folder
// than that of their names: what the one has before the other is left out, or put back.
func (m *metadata) rebase(g *group) {
	named := m.entries[0].name
	named = named[:max(strings.LastIndexByte(named, '-'), 0)]
	if o, ok := parsePrefix(named); !ok || o.backup != m.backup {
		return
	}
	if !strings.HasSuffix(g.prefix, "/"+named) && !strings.HasSuffix(named, "/"+g.prefix) {
		return
	}
	for i := range m.entries {
		if rest, ok := strings.CutPrefix(m.entries[i].name, named); ok {
			m.entries[i].name = g.prefix + rest
		}
	}
	m.prefix = strings.Clone(named)
	m.moved = "its objects lie under " + g.prefix + ", and Cinder looks for them under " + named
}

// metadataKeys are those whose values are texts, in the order in which set takes
// them.
var metadataKeys = [8]string{
	"backup_id", "volume_id", "backup_name", "backup_description", "volume_meta", "version", "created_at", "parent_id",
}

// set takes the texts. What a row keeps are copies: the whole object would stay in
// memory with any part of it.
func (m *metadata) set(texts [8]string, set [8]bool) {
	keep := func(i int) core.Opt[string] { return core.Opt[string]{V: strings.Clone(texts[i]), Set: set[i]} }
	m.backup, m.volume = core.BackupID(keep(0).V), core.VolumeID(keep(1).V)
	m.name, m.description = keep(2), keep(3)
	m.volumeMeta = core.Opt[string]{V: texts[4], Set: set[4]}
	m.version, m.created, m.parent = texts[5], texts[6], core.BackupID(keep(7).V)
}

func readEntry(name string, v pyjson.Value) entry {
	o := v.Object()
	number := func(key string) int64 {
		v, _ := o.Get(key)
		if n, ok := v.Int64(); ok {
			return n
		}
		return -1
	}
	word := func(key string) string { v, _ := o.Get(key); s, _ := v.Str(); return s }
	return entry{name: name, offset: number("offset"), length: number("length"), compression: word("compression"), md5: word("md5")}
}

// faulty is a metadata object that cannot be used.
type faulty struct {
	code  core.FlawCode
	what  string
	cause error
}

func (f *faulty) Error() string { return f.what }
func (f *faulty) Unwrap() error { return f.cause }

func invalid(what string) error {
	return &faulty{core.FlawMetadataInvalid, "its metadata object is not what Cinder writes: " + what, nil}
}

// cut is the error of a text that is no JSON: where that ends too early, the
// object was cut short.
func cut(text string, err error) error {
	what := "its metadata object is no JSON (" + err.Error() + ")"
	switch t := strings.TrimRight(text, " \n"); {
	case t == "":
		what = "its metadata object is empty"
	case t[0] == '{' && t[len(t)-1] != '}':
		what = "its metadata object is cut short (" + err.Error() + ")"
	}
	return &faulty{core.FlawMetadataCut, what, err}
}

// createdAt reads Python's str() of a datetime, with or without fraction and zone.
func createdAt(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02 15:04:05.999999Z07:00", "2006-01-02 15:04:05.999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// encodings are the names of compressions that Cinder knows (_get_compressor).
type encoding uint8

const (
	unknown encoding = iota
	plain
	zlibbed
	bzipped
	zstandard
)

func encodingOf(compression string) encoding {
	switch strings.ToLower(compression) {
	case "none", "off", "no":
		return plain
	case "zlib", "gzip":
		return zlibbed
	case "bz2", "bzip2":
		return bzipped
	case "zstd":
		return zstandard
	}
	return unknown
}

// oldLayout reports whether offsets are those of Havana to Juno: of the end of each
// chunk.
func (m *metadata) oldLayout() bool {
	return m.y2014 && len(m.entries) > 0 && m.entries[0].offset == m.entries[0].length && m.entries[0].length > 0
}

// end is where the last chunk ends, in bytes; false where numbers make no sense.
func (m *metadata) end() (int64, bool) {
	var end int64
	old := m.oldLayout()
	for _, e := range m.entries {
		stop := e.offset
		if !old {
			stop += e.length
		}
		if e.offset < 0 || e.length < 0 || stop < 0 {
			return 0, false
		}
		end = max(end, stop)
	}
	return end, true
}

// digest reads a hexadecimal digest of n bytes.
func digest(s string, n int) ([]byte, bool) {
	b, err := hex.DecodeString(s)
	return b, err == nil && len(b) == n
}

// basics reads what a row needs of the capture.
func (m *metadata) basics() basics {
	if !m.volumeMeta.Set {
		return basics{}
	}
	if b, ok := peekCapture(m.volumeMeta.V); ok {
		return b
	}
	return parseBasics(m.volumeMeta.V)
}

// parseBasics reads it as Python would.
func parseBasics(text string) basics {
	c := core.ReadCapture(text, core.Source{})
	base := c.Section(core.BaseSection)
	if base == nil {
		return basics{}
	}
	word := func(key string) string { v, _ := base.Get(key); s, _ := v.Str(); return s }
	b := basics{base: true, id: word("id"), user: word("user_id"), project: word("project_id")}
	if v, _ := base.Get("size"); v.Kind() == pyjson.Int {
		b.size, _ = v.Int64()
	}
	key, ok := base.Get("encryption_key_id")
	b.hasKey, b.key = ok, key.Truthy()
	return b
}
