package repository

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"hearth/core"
)

// What a scan read out of a repository's metadata objects is kept in the cache, so that the
// next one only lists: a row that was made of the very same objects is taken as it is. The
// key of a row is a hash of all that it was made of (see [scanner.key]): the name, size,
// time and tag of its metadata object and of its sha256 file, and what the listing says of
// each chunk. Where any of it differs, or where an object changed so lately that a second
// write might look the same, the objects are read. The file is a help and never a
// condition: one that is missing, damaged, of another hearth or not to be written is no
// one's trouble, and may be removed at any time. What is verified, previewed or restored is
// read from the repository itself, as ever.
//
// The file is read in one go and used as it lies there, without a step for each row: what
// a scan keeps in memory are pieces of it. Behind its head, which has the texts that many
// rows share, come the keys in order, where each row ends, the rows, and the sum of it all.

// keptMeaning stands for what the bytes of a row say, and for what is made of a metadata
// object: another one whenever either changes, for rows that were kept before say something
// else then. [TestKeptMeaning] tells when that is.
const keptMeaning = "1"

const (
	keptMagic = "hearth repository index\n"
	// settled is how long ago an object changed at least before it is known by its time and
	// tag: clocks are coarse, and that of a server is not this one's.
	settled = time.Minute
	// mostKept bounds a file, some two million backups.
	mostKept = 1 << 30
	// keptFiles is how many repositories are kept: those that were asked last.
	keptFiles = 16
	// keptPart: it is written anew where more than one row in so many was read.
	keptPart = 200
	// keptNear is how far from where it should be a key is looked for at first.
	keptNear = 1024
	// leftover is how old a file is at least that a hearth that was killed left behind.
	leftover = time.Hour
	// keptWait is how long closing waits for a file that is being written.
	keptWait = 5 * time.Second
)

// keptKey is the key of a row; zero: it is not kept.
type keptKey [16]byte

// kept are the rows that an earlier scan kept.
type kept struct {
	keptFile
	words   []string
	layouts []*core.Layout
	// As a file has them.
	keys string
	ends string // where each row ends
	rows string
	// As this hearth has them since its last scan, by their keys: the rows are the same
	// bytes, so that a second scan takes no more memory.
	held []keptRow
}

// keptFile is where rows are kept.
type keptFile struct {
	file      string // "": nowhere
	who       [sha256.Size]byte
	stored    int // rows that are in it
	unwritten int // rows of the last scan that are not, at most
}

// keeper knows where rows are kept. Its methods may be called from many goroutines.
type keeper struct {
	dir      string // "": nowhere
	bucket   Bucket
	location string
	service  string

	mu   sync.Mutex // guards what follows
	busy int        // files that are being written
	idle chan struct{}
}

// identified is a bucket that says which one it is, as whom it is read and by what its names
// are read. False where it cannot be told. It may ask the server; secrets are no part of it.
type identified interface {
	identity(ctx context.Context) (string, bool)
}

// meaning is what the rows of this hearth say.
var meaning = sync.OnceValue(func() string {
	version := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			if strings.HasPrefix(s.Key, "vcs.") {
				version += " " + s.Value
			}
		}
	}
	return keptMeaning + " " + version
})

// open finds what is kept: what the last scan of this hearth had, or else what is in the
// file; nothing where that is of no use. It is called when the listing goes on already, so
// that there is a login.
func (k *keeper) open(ctx context.Context, last *index) *kept {
	if last != nil && last.from.file != "" {
		out := &kept{keptFile: last.from, words: last.rows.Words(), layouts: last.rows.Layouts(), held: last.keyed()}
		slices.SortFunc(out.held, func(a, b keptRow) int { return bytes.Compare(a.key[:], b.key[:]) })
		return out
	}
	b, ok := k.bucket.(identified)
	if k.dir == "" || !ok {
		return &kept{}
	}
	who, ok := b.identity(ctx)
	if !ok {
		return &kept{}
	}
	where := keptFile{who: sha256.Sum256([]byte(k.location + "\n" + k.service + "\n" + who))}
	where.file = filepath.Join(k.dir, hex.EncodeToString(where.who[:12])+".index")
	out := &kept{keptFile: where}
	if text, ok := readKept(out.file); ok && !out.parse(text) {
		return &kept{keptFile: where}
	}
	out.stored = out.len()
	return out
}

// readKept reads a file that is whole.
func readKept(file string) (string, bool) {
	if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() { // the opening of a pipe waits
		return "", false
	}
	f, err := os.Open(file)
	if err != nil {
		return "", false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > mostKept || info.Size() < int64(len(keptMagic))+sha256.Size {
		return "", false
	}
	text := make([]byte, info.Size())
	if _, err := io.ReadFull(f, text); err != nil {
		return "", false
	}
	body := len(text) - sha256.Size
	if sum := sha256.Sum256(text[:body]); !bytes.Equal(sum[:], text[body:]) {
		return "", false
	}
	if now := time.Now(); now.Sub(info.ModTime()) > 24*time.Hour { // it is used: others go first
		_ = os.Chtimes(file, now, now)
	}
	return asText(text[:body]), true
}

// keptReader reads the head of a file.
type keptReader struct {
	s   string
	bad bool
}

func (r *keptReader) take(n uint64) string {
	if n > uint64(len(r.s)) {
		r.bad = true
		return ""
	}
	out := r.s[:n]
	r.s = r.s[n:]
	return out
}

func (r *keptReader) uint() uint64 {
	s := r.take(8)
	if r.bad {
		return 0
	}
	return binary.LittleEndian.Uint64([]byte(s))
}

func (r *keptReader) text() string { return r.take(r.uint()) }

func (r *keptReader) texts() (out []string) {
	for n := r.uint(); n > 0 && !r.bad; n-- {
		out = append(out, r.text())
	}
	return out
}

// parse takes a file's text; false where another hearth wrote it, or for another repository.
func (k *kept) parse(text string) bool {
	r := keptReader{s: text}
	if r.take(uint64(len(keptMagic))) != keptMagic || r.text() != meaning() || r.take(sha256.Size) != string(k.who[:]) {
		return false
	}
	names, words, n := r.texts(), r.texts(), r.uint()
	for _, name := range names {
		l := layoutNamed(name)
		if l == nil {
			return false
		}
		k.layouts = append(k.layouts, l)
	}
	if n > uint64(len(text)) {
		return false
	}
	k.words, k.keys, k.ends, k.rows = words, r.take(n*16), r.take(n*4), r.s
	return !r.bad && (n == 0 || k.end(int(n)-1) == len(k.rows))
}

// layoutNamed is a layout by its name; nil: there is none.
func layoutNamed(name string) *core.Layout {
	for i := range eras {
		if eras[i].Name == name {
			return &eras[i].Layout
		}
	}
	for i := range oddLayouts {
		if oddLayouts[i].Name == name {
			return &oddLayouts[i]
		}
	}
	return nil
}

func (k *kept) len() int { return len(k.ends) / 4 }

func (k *kept) end(i int) int {
	e := k.ends[4*i : 4*i+4]
	return int(e[0]) | int(e[1])<<8 | int(e[2])<<16 | int(e[3])<<24
}

// find looks a row up.
func (k *kept) find(key keptKey) (string, bool) {
	if i, ok := slices.BinarySearchFunc(k.held, key, func(r keptRow, key keptKey) int { return bytes.Compare(r.key[:], key[:]) }); ok {
		return k.held[i].row, true
	}
	n, want := k.len(), string(key[:])
	// Keys are spread evenly: it is near where its first bytes say, or else anywhere.
	guess := int(uint64(binary.BigEndian.Uint32(key[:])) * uint64(n) >> 32)
	from, to := max(guess-keptNear, 0), min(guess+keptNear, n)
	if from > 0 && k.keys[16*from:16*from+16] > want || to < n && k.keys[16*to:16*to+16] <= want {
		from, to = 0, n
	}
	for from < to {
		mid := int(uint(from+to) / 2)
		switch at := k.keys[16*mid : 16*mid+16]; {
		case at < want:
			from = mid + 1
		case at > want:
			to = mid
		default:
			begin := 0
			if mid > 0 {
				begin = k.end(mid - 1)
			}
			return k.rows[begin:k.end(mid)], true
		}
	}
	return "", false
}

// keyed hashes what a row is made of.
type keyed struct{ b []byte }

func (k *keyed) int(n int64) { k.b = binary.AppendVarint(k.b, n) }

func (k *keyed) text(s string) { k.b = append(binary.AppendUvarint(k.b, uint64(len(s))), s...) }

func (k *keyed) single(s *single) {
	if !s.Set {
		k.int(0)
		return
	}
	k.int(1)
	k.int(s.size)
	k.text(s.tag)
	k.int(s.time.Unix())
	k.int(int64(s.time.Nanosecond()))
}

// steady reports whether an object that is there is known by its tag and time.
func (s *single) steady(listed time.Time) bool {
	return s.Set && s.problem == "" && s.tag != "" && !s.time.IsZero() && listed.Sub(s.time) >= settled
}

// key is the key of the row that is made of a group, by all that [scanner.finish] goes by:
// false where the group is not of a kind to be known again. What is the same for all of a
// repository is in the name of the file ([keeper.open]).
func (s *scanner) key(g *group, listed time.Time) (keptKey, bool) {
	if !g.metadata.steady(listed) || g.hashes.Set && !g.hashes.steady(listed) {
		return keptKey{}, false
	}
	k := keyed{make([]byte, 0, 512)}
	k.text(g.container)
	k.text(g.prefix)
	k.single(&g.metadata)
	k.single(&g.hashes)
	k.int(g.foreigns)
	k.int(g.bytes)
	k.int(int64(len(g.chunks)))
	for i := range g.chunks {
		c := &g.chunks[i]
		k.int(c.number)
		k.int(c.size)
		flags := int64(0)
		if c.problem {
			flags |= 1
		}
		sum, ok := g.md5(c)
		if ok {
			flags |= 2
		}
		if k.int(flags); ok {
			k.b = append(k.b, sum[:]...)
		}
	}
	sum := sha256.Sum256(k.b)
	return keptKey(sum[:16]), true
}

// keptRow is a row to be kept.
type keptRow struct {
	key keptKey
	row string
}

// worth reports whether a file is to be written: where much is not in it, or most of what
// is in it is gone.
func (k *keptFile) worth(rows, fresh int) bool {
	return fresh*keptPart > rows || k.stored-(rows-fresh) > max(rows, 1)
}

// keep writes in the background what a scan found, if it is worth it.
func (k *keeper) keep(ctx context.Context, old *kept, x *index) {
	if x.from = old.keptFile; x.from.file == "" {
		return
	}
	rows := x.keyed()
	fresh := len(rows) - x.reused + old.unwritten
	if !old.worth(len(rows), fresh) {
		x.from.unwritten = fresh
		return
	}
	x.from.stored, x.from.unwritten = len(rows), 0
	words, layouts := x.rows.Words(), slices.Clone(x.rows.Layouts())
	k.begin()
	go func() {
		defer k.end()
		slices.SortFunc(rows, func(a, b keptRow) int { return bytes.Compare(a.key[:], b.key[:]) })
		rows = slices.CompactFunc(rows, func(a, b keptRow) bool { return a.key == b.key })
		_ = old.write(ctx, words, layouts, rows) // else the next scan reads what this one did
	}()
}

func (k *keeper) begin() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.busy++; k.busy == 1 {
		k.idle = make(chan struct{})
	}
}

func (k *keeper) end() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.busy--; k.busy == 0 {
		close(k.idle)
	}
}

// wait waits until nothing is being written, but not longer than it is told.
func (k *keeper) wait(most time.Duration) {
	k.mu.Lock()
	idle := k.idle
	k.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-time.After(most):
	}
}

// write puts a file in the place of the one that there is, whole or not at all: one that a
// power cut leaves without its bytes does not fit its sum.
func (k *kept) write(ctx context.Context, words []string, layouts []*core.Layout, rows []keptRow) (err error) {
	all := 0
	for i := range rows {
		all += len(rows[i].row)
	}
	if all > mostKept-(1<<20)-20*len(rows) {
		return nil
	}
	dir := filepath.Dir(k.file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tidy(dir, k.file)
	f, err := os.CreateTemp(dir, keptTemp+"*") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	sum := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(f, sum), 1<<16)
	if _, err := w.Write(k.head(words, layouts, len(rows))); err != nil {
		return err
	}
	for i := range rows {
		w.Write(rows[i].key[:]) // an error stays, and Flush tells it
	}
	end := 0
	for i := range rows {
		end += len(rows[i].row)
		w.Write(binary.LittleEndian.AppendUint32(nil, uint32(end)))
	}
	for i := range rows {
		if w.WriteString(rows[i].row); i%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if _, err := f.Write(sum.Sum(nil)); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), k.file)
}

// head is what a file begins with, up to the keys.
func (k *kept) head(words []string, layouts []*core.Layout, n int) []byte {
	b := []byte(keptMagic)
	number := func(n int) { b = binary.LittleEndian.AppendUint64(b, uint64(n)) }
	text := func(s string) {
		number(len(s))
		b = append(b, s...)
	}
	text(meaning())
	b = append(b, k.who[:]...)
	number(len(layouts))
	for _, l := range layouts {
		text(l.Name)
	}
	number(len(words))
	for _, s := range words {
		text(s)
	}
	number(n)
	return b
}

// keptTemp begins the names of files that are being written.
const keptTemp = ".index-"

// tidy removes what hearths that were killed left behind, and what was asked longest ago
// where there is too much.
func tidy(dir, but string) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	type old struct {
		file string
		used time.Time
	}
	var files []old
	for _, e := range list {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		file := filepath.Join(dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), keptTemp) && time.Since(info.ModTime()) > leftover:
			os.Remove(file)
		case strings.HasSuffix(e.Name(), ".index") && file != but:
			files = append(files, old{file, info.ModTime()})
		}
	}
	slices.SortFunc(files, func(a, b old) int { return cmp.Or(b.used.Compare(a.used), strings.Compare(a.file, b.file)) })
	for _, f := range files[min(len(files), keptFiles-1):] {
		if err := os.Remove(f.file); errors.Is(err, fs.ErrPermission) {
			return
		}
	}
}
