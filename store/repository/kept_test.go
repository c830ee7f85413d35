package repository_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/repository"
)

// later is a clock by which all that a test writes has been there for long.
func later() time.Time { return time.Now().Add(time.Hour) }

// known is all that a place tells of a repository without reading more than a scan does.
type known struct {
	Progress core.ScanProgress
	Holdings []core.Holding
	Unknown  []core.Unrecognised
	Backups  []core.Backup
	Volumes  []core.Volume
}

func knownOf(t testing.TB, p *repository.Place) (k known) {
	t.Helper()
	v, err := p.Scan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range v.Holdings.All() {
		k.Holdings = append(k.Holdings, h)
	}
	k.Progress, k.Unknown = v.ScanProgress, v.Unknown
	backups, err := p.Backups(t.Context(), core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	volumes, err := p.Volumes(t.Context(), core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	k.Backups, k.Volumes = backups.Rows, volumes.Rows
	return k
}

// asWithout holds what a place tells that keeps rows to what one tells that keeps none; it
// returns how many rows were taken as they were kept. Names of what is strange are the
// first in the order of the listing.
func asWithout(t testing.TB, open func(repository.Options) *repository.Place, kept string, o repository.Options) int {
	t.Helper()
	want := knownOf(t, open(o))
	o.Kept = kept
	p := open(o)
	got := knownOf(t, p)
	if err := p.Close(); err != nil { // and with it what is kept is written
		t.Fatal(err)
	}
	compareKnown(t, got, want)
	return repository.Reused(p)
}

func compareKnown(t testing.TB, got, want known) {
	t.Helper()
	compare := func(what string, got, want any) {
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("with rows that were kept %s are\n%+v, without\n%+v", what, got, want)
		}
	}
	compare("counts", got.Progress, want.Progress)
	for i := range min(len(got.Holdings), len(want.Holdings)) {
		compare(fmt.Sprintf("holding %d", i), got.Holdings[i], want.Holdings[i])
	}
	compare("holdings", got.Holdings, want.Holdings)
	compare("backups", got.Backups, want.Backups)
	compare("volumes", got.Volumes, want.Volumes)
	compare("strangers", got.Unknown, want.Unknown)
}

// folders opens a folder.
func folders(t testing.TB, dir string) func(repository.Options) *repository.Place {
	return func(o repository.Options) *repository.Place {
		p, err := repository.OpenPosix(context.Background(), dir, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		return p
	}
}

// TestKept: the second question to a repository of a real Cinder reads nothing that the
// first one read, and is answered alike; so is one of every era.
func TestKept(t *testing.T) {
	dir, rows := lab(t)
	kept := filepath.Join(t.TempDir(), "cache", "repositories")
	if n := asWithout(t, folders(t, dir), kept, repository.Options{Now: later}); n != 0 {
		t.Errorf("at first %d rows are taken as they were kept", n)
	}
	if n := asWithout(t, folders(t, dir), kept, repository.Options{Now: later}); n != len(rows) {
		t.Errorf("then %d of %d", n, len(rows))
	}
	if n := asWithout(t, folders(t, dir), kept, repository.Options{}); n != 0 {
		t.Errorf("%d rows of objects that are a few seconds old are taken as they were kept", n)
	}
	if n := asWithout(t, folders(t, dir), kept, repository.Options{Now: later, Service: repository.NFSDriver}); n != 0 {
		t.Errorf("of another service %d", n)
	}
	files, err := os.ReadDir(kept)
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s has %v, %v", f.Name(), info.Mode(), err)
		}
	}
	for _, d := range []string{kept, filepath.Dir(kept)} {
		if info, err := os.Stat(d); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s has %v, %v", d, info.Mode(), err)
		}
	}
}

// spoiler changes a repository in ways that leave names, sizes and times as they were
// where it can.
type spoiler struct {
	*rand.Rand
	t   testing.TB
	dir string
	n   int
}

// pick is a file whose name ends so; "" where there is none.
func (s *spoiler) pick(suffix string) string {
	var all []string
	err := filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.HasSuffix(path, suffix) {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if len(all) == 0 {
		return ""
	}
	return all[s.IntN(len(all))]
}

// other is a text of the same length that says something else.
func (s *spoiler) other(body []byte) []byte {
	out := bytes.Clone(body)
	for _, word := range []string{`"backup_name": "`, `\"display_name\": \"`, `\"user_id\": \"`, `"created_at": "20`, `"parent_id": "`} {
		if i := bytes.Index(out, []byte(word)); i >= 0 && s.IntN(2) == 0 && i+len(word) < len(out) && out[i+len(word)] != '"' {
			out[i+len(word)] = "0123456789"[s.IntN(10)]
		}
	}
	return out
}

// again writes a file with other bytes, as many, and the time that it had.
func (s *spoiler) again(path string, body []byte, rename bool) {
	info, err := os.Stat(path)
	if err != nil {
		s.t.Fatal(err)
	}
	to := path
	if rename {
		to = filepath.Join(s.t.TempDir(), "new")
	}
	put(s.t, to, body)
	if err := os.Chtimes(to, info.ModTime(), info.ModTime()); err != nil {
		s.t.Fatal(err)
	}
	if rename {
		if err := os.Rename(to, path); err != nil {
			s.t.Fatal(err)
		}
	}
}

// step does one thing, and says which.
func (s *spoiler) step() string {
	time.Sleep(12 * time.Millisecond) // a tick of the file system's clock
	meta := s.pick("_metadata")
	var body []byte
	if meta != "" {
		body, _ = os.ReadFile(meta)
	}
	kind := s.IntN(14)
	if meta == "" {
		kind = 12
	}
	fail := func(err error) {
		if err != nil {
			s.t.Fatal(err)
		}
	}
	switch kind {
	case 0, 1:
		s.again(meta, s.other(body), false)
		return "write over " + meta
	case 2:
		s.again(meta, s.other(body), true)
		return "replace " + meta
	case 3:
		fail(os.Truncate(meta, int64(s.IntN(len(body)+1))))
		return "truncate " + meta
	case 4:
		fail(os.Remove(meta))
		return "remove " + meta
	case 5:
		info, err := os.Stat(meta)
		fail(err)
		fail(os.Remove(meta))
		put(s.t, meta, s.other(body))
		fail(os.Chtimes(meta, info.ModTime(), info.ModTime()))
		return "remove and add " + meta
	case 6:
		other := s.pick("_metadata")
		for _, move := range [][2]string{{meta, meta + ".swap"}, {other, meta}, {meta + ".swap", other}} {
			if meta != other {
				fail(os.Rename(move[0], move[1]))
			}
		}
		return "swap " + meta + " and " + other
	case 7:
		chunk := s.pick("-00001")
		if chunk != "" && s.IntN(2) == 0 {
			fail(os.Remove(chunk))
			return "remove " + chunk
		}
		if chunk != "" && s.IntN(2) == 0 {
			fail(os.Rename(chunk, strings.TrimSuffix(chunk, "-00001")+"-00007"))
			return "move " + chunk
		}
		put(s.t, strings.TrimSuffix(meta, "_metadata")+"-00009", nil)
		return "add a chunk to " + meta
	case 8:
		if chunk := s.pick("-00001"); chunk != "" {
			put(s.t, chunk, make([]byte, s.IntN(9)))
		}
		return "write a chunk"
	case 9:
		sums := strings.TrimSuffix(meta, "_metadata") + "_sha256file"
		put(s.t, sums, fmt.Appendf(nil, `{"backup_id": "x", "chunk_size": %d, "sha256s": ["a", "b"]}`, (1+s.IntN(4))<<30))
		return "write " + sums
	case 10:
		prefix := strings.TrimSuffix(meta, "_metadata")
		old, err := filepath.Glob(prefix + "*")
		fail(err)
		for _, f := range old {
			fail(os.Remove(f))
		}
		return "remove all of " + prefix
	case 11:
		s.n++
		copied := filepath.Join(s.dir, fmt.Sprintf("copy%d", s.n), filepath.Base(meta))
		put(s.t, copied, body)
		return "copy " + meta
	case 13:
		target := filepath.Join(s.dir, "aside")
		put(s.t, target, s.other(body))
		fail(os.Remove(meta))
		fail(os.Symlink(strings.Repeat("../", strings.Count(strings.TrimPrefix(meta, s.dir), "/")-1)+"aside", meta))
		return "link " + meta
	}
	s.n++
	extra := map[string]any{"volume_meta": fmt.Sprintf(
		`{"version": 2, "volume-base-metadata": {"size": %d, "display_name": "v%d"}}`, s.n, s.n)}
	if s.IntN(3) == 0 {
		extra = nil
	}
	made{volume: uuid(s.IntN(3)), id: uuid(100 + s.n), stamp: "20260102030405", chunks: s.IntN(3), extra: extra}.write(s.t,
		filepath.Join(s.dir, "box"))
	return "add a backup"
}

// TestKeptChanges: whatever is done to a repository, what was kept of it changes no answer.
func TestKeptChanges(t *testing.T) {
	rounds, steps := 6, 25
	if testing.Short() {
		rounds, steps = 1, 10
	}
	for round := range rounds {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			from, _ := lab(t)
			s := &spoiler{Rand: rand.New(rand.NewPCG(9, uint64(round))), t: t, dir: from}
			kept, reused := t.TempDir(), 0
			long := folders(t, s.dir)(repository.Options{Now: later, Kept: t.TempDir()}) // goes by what it has itself
			for range steps {
				what := s.step()
				if n := asWithout(t, folders(t, s.dir), kept, repository.Options{Now: later}); n > 0 {
					reused++
				}
				if compareKnown(t, knownOf(t, long), knownOf(t, folders(t, s.dir)(repository.Options{}))); repository.Reused(long) > 0 {
					reused++
				}
				t.Log(what)
			}
			if reused < steps {
				t.Errorf("of %d questions %d used what was kept", 2*steps, reused)
			}
		})
	}
}

// TestKeptSums: without a capture the size is what the sha256 file covers, which is read
// anew when that file is another.
func TestKeptSums(t *testing.T) {
	dir, kept := t.TempDir(), t.TempDir()
	prefix := made{volume: "v", id: uuid(1), stamp: "20260102030405", parent: uuid(2)}.write(t, filepath.Join(dir, "box"))
	sizes := map[int64]bool{}
	for i := range 4 {
		put(t, prefix+"_sha256file", fmt.Appendf(nil, `{"chunk_size": %d, "sha256s": ["a"]}`, int64(i/2+1)<<30))
		past := time.Now().Add(-time.Hour)
		if err := os.Chtimes(prefix+"_sha256file", past, past); err != nil {
			t.Fatal(err)
		}
		asWithout(t, folders(t, dir), kept, repository.Options{Now: later})
		if n := asWithout(t, folders(t, dir), kept, repository.Options{Now: later}); n != 1 {
			t.Errorf("%d rows are taken as they were kept", n)
		}
		sizes[only(t, openPosix(t, dir, repository.Options{Now: later, Kept: kept})).Backup.Size] = true
		time.Sleep(12 * time.Millisecond)
	}
	if len(sizes) != 2 {
		t.Errorf("the sizes are %v", sizes)
	}
	// One that cannot be read today may be read tomorrow.
	rm(t, prefix+"_sha256file")
	if err := os.Symlink("nowhere", prefix+"_sha256file"); err != nil {
		t.Fatal(err)
	}
	asWithout(t, folders(t, dir), kept, repository.Options{Now: later})
	if n := asWithout(t, folders(t, dir), kept, repository.Options{Now: later}); n != 0 {
		t.Error("a row is kept that rests on what could not be read")
	}
}

// TestKeptDamaged: a file that is of no use is no one's trouble, and is made anew.
func TestKeptDamaged(t *testing.T) {
	dir, rows := lab(t)
	kept := t.TempDir()
	ask := func() int { return asWithout(t, folders(t, dir), kept, repository.Options{Now: later}) }
	ask()
	files, _ := filepath.Glob(filepath.Join(kept, "*.index"))
	if len(files) != 1 {
		t.Fatal(files)
	}
	file := files[0]
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := rand.New(rand.NewPCG(3, 3))
	spoil := map[string]func(){
		"empty":     func() { put(t, file, nil) },
		"rubbish":   func() { put(t, file, bytes.Repeat([]byte("rubbish "), 99)) },
		"cut":       func() { put(t, file, whole[:len(whole)*2/3]) },
		"too long":  func() { put(t, file, append(bytes.Clone(whole), 0)) },
		"a folder":  func() { rm(t, file); put(t, filepath.Join(file, "in"), nil) },
		"a link":    func() { rm(t, file); os.Symlink("nowhere", file) },
		"no file":   func() { rm(t, file) },
		"no folder": func() { os.RemoveAll(kept) },
	}
	for i := range 8 {
		spoil[fmt.Sprint("a bit ", i)] = func() {
			bad := bytes.Clone(whole)
			bad[d.IntN(len(bad))] ^= 1 << d.IntN(8)
			put(t, file, bad)
		}
	}
	for name, f := range spoil {
		f()
		if n := ask(); n != 0 {
			t.Errorf("%s: %d rows are taken", name, n)
		}
		os.Remove(filepath.Join(file, "in"))
		os.Remove(file)
		ask()
		if n := ask(); n != len(rows) {
			t.Errorf("%s: later %d rows are taken", name, n)
		}
	}
	under := filepath.Join(t.TempDir(), "file")
	put(t, under, nil)
	for _, nowhere := range []string{filepath.Join(under, "in"), "/proc/nowhere"} { // as where nothing may be written
		if n := asWithout(t, folders(t, dir), nowhere, repository.Options{Now: later}); n != 0 {
			t.Errorf("%d rows come out of %s", n, nowhere)
		}
	}
}

// TestKeptAtOnce: many at once, while the repository changes, and some that are closed
// before they are done, leave one whole file and nothing else.
func TestKeptAtOnce(t *testing.T) {
	dir, _ := lab(t)
	kept := t.TempDir()
	s := &spoiler{Rand: rand.New(rand.NewPCG(7, 7)), t: t, dir: dir}
	for range 4 {
		s.step()
		var wait sync.WaitGroup
		for i := range 6 {
			wait.Go(func() {
				p, err := repository.OpenPosix(context.Background(), dir, repository.Options{Now: later, Kept: kept})
				if err != nil {
					t.Error(err)
					return
				}
				defer p.Close()
				if i > 3 {
					p.Backups(context.Background(), core.Query{Partial: true})
				} else if _, err := p.Backups(context.Background(), core.Query{}); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		asWithout(t, folders(t, dir), kept, repository.Options{Now: later})
	}
	files, err := os.ReadDir(kept)
	if err != nil || len(files) != 1 {
		t.Errorf("%v is left, %v", files, err)
	}
}

// TestKeptTidy: what killed hearths left goes, and so do the repositories that were asked
// longest ago.
func TestKeptTidy(t *testing.T) {
	kept, old := t.TempDir(), time.Now().Add(-48*time.Hour)
	age := func(name string, at time.Time) {
		file := filepath.Join(kept, name)
		put(t, file, []byte("x"))
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	age(".index-killed", old)
	age(".index-at-work", time.Now())
	for i := range 20 {
		age(fmt.Sprintf("%02d.index", i), old.Add(time.Duration(i)*time.Minute))
	}
	dir, _ := lab(t)
	asWithout(t, folders(t, dir), kept, repository.Options{Now: later})
	files, err := os.ReadDir(kept)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
	}
	if len(names) != 17 || !slices.Contains(names, ".index-at-work") || slices.Contains(names, ".index-killed") ||
		slices.Contains(names, "04.index") || !slices.Contains(names, "05.index") {
		t.Errorf("%v is left", names)
	}
}

// reads counts the objects that are read of a server, and not its listings.
func reads(server *httptest.Server) *atomic.Int64 {
	var n atomic.Int64
	next := server.Config.Handler
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "_metadata") || strings.HasSuffix(r.URL.Path, "_sha256file") {
			n.Add(1)
		}
		next.ServeHTTP(w, r)
	})
	return &n
}

// TestKeptObjects: over S3 and Swift a second question reads no object, and one that was
// written anew with as many bytes is seen by its hash.
func TestKeptObjects(t *testing.T) {
	box := dump(t, root("swift", "dump"))["volumebackups"]
	for name, open := range map[string]func(t *testing.T, all served) (*httptest.Server, func(repository.Options) *repository.Place){
		"s3": func(t *testing.T, all served) (*httptest.Server, func(repository.Options) *repository.Place) {
			server := all.s3(t, new(int))
			return server, func(o repository.Options) *repository.Place {
				o.S3 = repository.S3Options{AccessKey: "key", SecretKey: "secret-secret", Region: "us-east-1", Plain: true}
				p, err := repository.OpenS3(t.Context(), strings.TrimPrefix(server.URL, "http://")+"/volumebackups", o)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { p.Close() })
				return p
			}
		},
		"swift": func(t *testing.T, all served) (*httptest.Server, func(repository.Options) *repository.Place) {
			server := all.swift(t, new(int))
			return server, func(o repository.Options) *repository.Place {
				o.Swift = repository.SwiftOptions{AuthURL: server.URL + "/auth/v1.0", User: "backup:cinder", Key: "labpass"}
				p, err := repository.OpenSwift(t.Context(), "old", "volumebackups", o)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { p.Close() })
				return p
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			mine := map[string][]byte{}
			for k, v := range box {
				mine[k] = v
			}
			server, open := open(t, served{"volumebackups": mine})
			n, kept := reads(server), t.TempDir()
			asWithout(t, open, kept, repository.Options{})
			o := repository.Options{Kept: kept}
			n.Store(0)
			p := open(o)
			before := knownOf(t, p)
			if p.Close(); n.Load() > before.Progress.Broken || before.Progress.Backups == 0 {
				t.Errorf("the second question reads %d objects of %d backups and %d broken ones", n.Load(), before.Progress.Backups,
					before.Progress.Broken)
			}
			text, _ := os.ReadFile(first(t, kept))
			if len(text) == 0 || bytes.Contains(text, []byte("secret-secret")) || bytes.Contains(text, []byte("labpass")) {
				t.Error("nothing is kept, or a secret")
			}
			s := &spoiler{Rand: rand.New(rand.NewPCG(1, 1)), t: t}
			changed := 0
			for k, v := range mine {
				if strings.HasSuffix(k, "_metadata") {
					if other := s.other(v); !bytes.Equal(other, v) {
						mine[k], changed = other, changed+1
					}
				}
			}
			if changed == 0 {
				t.Fatal("nothing was changed")
			}
			asWithout(t, open, kept, repository.Options{})
		})
	}
}

func first(t testing.TB, dir string) string {
	files, err := filepath.Glob(filepath.Join(dir, "*.index"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	return files[0]
}

// keptMeant is the sum of what is kept of the samples, and what stands for it.
const keptMeant = "1 8225e02fef9ad7fb"

// TestKeptMeaning: rows that were kept yesterday mean today what they meant. Where this
// fails, the bytes of a row have changed, or what is made of a metadata object: then
// keptMeaning becomes another, and keptMeant with it.
func TestKeptMeaning(t *testing.T) {
	from, _ := lab(t)
	dirs := []string{from}
	for era := range releases {
		dirs = append(dirs, root("eras", era, "repo"))
	}
	slices.Sort(dirs[1:])
	all, stands := sha256.New(), ""
	for _, dir := range dirs {
		p := folders(t, dir)(repository.Options{})
		if _, err := p.Scan(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		var sum string
		sum, stands = repository.Meaning(p)
		fmt.Fprintln(all, sum)
	}
	if got := fmt.Sprintf("%s %x", stands, all.Sum(nil)[:8]); got != keptMeant {
		t.Errorf("rows are kept that say %q; those that are there say %q", got, keptMeant)
	}
}
