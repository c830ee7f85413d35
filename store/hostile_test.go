package store

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/repository"
	"hearth/store/storetest/peak"
)

// mostMemory is what no hostile server may have hearth take, the server's own included.
const mostMemory = 200 << 20

// trickle is how long an answer may trickle here.
const trickle = 400 * time.Millisecond

// hostile is a server that answers what it should not: at the path, as serve does.
type hostile struct {
	name  string
	place string // cloud, s3 or swift
	at    string // in the path; "": everywhere
	serve func(w http.ResponseWriter, r *http.Request)
	ask   func(ctx context.Context, p Place) (rows int, err error) // nil: the list of backups
	code  core.Code
	words string // of the error
	part  int    // rows that are shown all the same
}

// bomb is a text that packs well, as it goes over the wire: a header, so many repetitions.
func bomb(header, again string, times int) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, header)
	chunk := strings.Repeat(again, 1000)
	for range times / 1000 {
		io.WriteString(z, chunk)
	}
	z.Close()
	return b.Bytes()
}

func packed(body []byte) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(body)
	}
}

// exceptCount answers as serve does, and rightly where only the count is asked for.
func exceptCount(serve func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("limit") == "1" {
			io.WriteString(w, backupsPage(0, 1, "", `, "count": 1`))
			return
		}
		serve(w, r)
	}
}

// forever writes a header, and then something again and again, until nobody reads it.
func forever(status int, header, again string) func(http.ResponseWriter, *http.Request) {
	chunk := strings.Repeat(again, max(1, 4096/len(again)))
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, header)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	}
}

// slowly sends a byte now and then.
func slowly(header string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/auth/tokens") {
			w.WriteHeader(http.StatusCreated)
		}
		io.WriteString(w, header)
		for r.Context().Err() == nil {
			io.WriteString(w, " ")
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// backupsPage is a page of a cloud's, of so many backups from the nth on; next names the
// one that the next page begins after.
func backupsPage(n, many int, next, count string) string {
	var b strings.Builder
	b.WriteString(`{"backups": [`)
	for i := range many {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, `{"id": "%08d-0000-4000-8000-000000000000", "status": "available", "size": 1, "volume_id": "v", "name": "b"}`, n+i)
	}
	b.WriteString(`]`)
	if next != "" {
		fmt.Fprintf(&b, `, "backups_links": [{"rel": "next", "href": "http://x/backups/detail?marker=%s"}]`, next)
	}
	return b.String() + count + `}`
}

// endlessPages are those of a list that never ends; again: with the same rows each time.
func endlessPages(many int, count string, again bool) func(http.ResponseWriter, *http.Request) {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("limit") == "1" {
			io.WriteString(w, backupsPage(0, 1, "", count))
			return
		}
		page := int(n.Add(1))
		from, next := page*many, "marker-"+strconv.Itoa(page)
		if again {
			from = 0
		}
		io.WriteString(w, backupsPage(from, many, next, count))
	}
}

// s3Page is a page of a bucket's listing.
func s3Pages(key func(i int) string, pages int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("continuation-token"))
		more := page+1 < pages
		fmt.Fprintf(w, `<ListBucketResult><IsTruncated>%v</IsTruncated><NextContinuationToken>%d</NextContinuationToken>`, more, page+1)
		for i := range 1000 {
			fmt.Fprintf(w, `<Contents><Key>%s</Key><Size>1</Size></Contents>`, key(page*1000+i))
		}
		io.WriteString(w, `</ListBucketResult>`)
	}
}

// swiftPages are those of a container's listing.
func swiftPages(many int, count string) func(http.ResponseWriter, *http.Request) {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Container-Object-Count", count)
		page := []byte("[")
		for i, from := 0, int(n.Add(1))*many; i < many; i++ {
			if i > 0 {
				page = append(page, ',')
			}
			page = append(page, `{"name": "o`...)
			page = strconv.AppendInt(page, int64(1_000_000_000_000+from+i), 10)
			page = append(page, `", "bytes": 1, "hash": ""}`...)
		}
		w.Write(append(page, ']'))
	}
}

const (
	ofVolume = "11111111-1111-4111-8111-111111111111"
	ofBackup = "22222222-2222-4222-8222-222222222222"
	chunked  = "volume_" + ofVolume + "/20260101000000/az_nova_backup_" + ofBackup
)

// oneBackup plays a bucket with one backup of one chunk, whose metadata says length; chunk
// and hashes serve those objects.
func oneBackup(length int64, chunk, hashes func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
	meta := fmt.Sprintf(`{"version": "1.0.0", "backup_id": "%s", "volume_id": "%s", "backup_name": "n", "backup_description": null, `+
		`"created_at": "2026-01-01 00:00:00", "parent_id": null, "volume_meta": null, "objects": [{"%s-00001": {"offset": 0, `+
		`"length": %d, "compression": "zlib", "md5": "%x"}}]}`, ofBackup, ofVolume, chunked, length, md5.Sum(nil))
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "_metadata"):
			w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
			io.WriteString(w, meta)
		case strings.HasSuffix(r.URL.Path, "-00001"):
			w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
			chunk(w, r)
		case strings.HasSuffix(r.URL.Path, "_sha256file"):
			w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
			hashes(w, r)
		default:
			io.WriteString(w, `<ListBucketResult><IsTruncated>false</IsTruncated>`)
			for _, o := range []struct {
				end  string
				size int
			}{{"-00001", 100}, {"_metadata", len(meta)}, {"_sha256file", 100}} {
				fmt.Fprintf(w, `<Contents><Key>%s</Key><Size>%d</Size></Contents>`, chunked+o.end, o.size)
			}
			io.WriteString(w, `</ListBucketResult>`)
		}
	}
}

// noise are zlib's bytes of nothing, again and again: packed they never end, and unpacked
// there are none.
func noise() (header, again string) {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Flush()
	n := b.Len()
	z.Flush()
	return b.String()[:n], b.String()[n:]
}

// zeros are 32 MB of nothing, packed before they are asked for: a busy machine would send
// them too slowly.
var zeros = sync.OnceValue(func() []byte {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	for range 500 {
		z.Write(make([]byte, 64<<10))
	}
	z.Close()
	return out.Bytes()
})

// deep verifies each chunk, and returns how many flaws there are; any of the words are
// looked for among them: which bound is met first, the network's pieces decide.
func deep(words ...string) func(context.Context, Place) (int, error) {
	return func(ctx context.Context, p Place) (int, error) {
		var said []string
		err := p.(Repository).Verify(ctx, core.VerifyRequest{Deep: true}, func(r core.VerifyReport) error {
			for _, f := range r.Flaws {
				said = append(said, f.Text)
			}
			return nil
		})
		all := strings.Join(said, "\n")
		if err == nil && slices.ContainsFunc(words, func(w string) bool { return strings.Contains(all, w) }) {
			err = core.Fail(core.CodeUnreadable, "verify", all, "", nil)
		}
		if err == nil && len(words) > 0 {
			err = fmt.Errorf("none of %q is in: %s", words, all)
		}
		return len(said), err
	}
}

func volumeOf(ctx context.Context, p Place) (int, error) {
	_, err := p.Volume(ctx, "v")
	return 0, err
}

var empties, again = noise()

var tooLarge = "more than what was asked for can be"

// hostiles are the servers of the table.
var hostiles = []hostile{
	{name: "half a megabyte that is half a gigabyte", place: "cloud", at: "/backups/detail",
		serve: packed(bomb(`{"backups": [], "x": "`, strings.Repeat("A", 1000), 500_000)), code: core.CodeUnreadable, words: tooLarge},
	{name: "a packed answer of nothing", place: "cloud", at: "/backups/detail", serve: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Close()
		forever(200, "", b.String())(w, r)
	}, code: core.CodeUnreadable, words: tooLarge},
	{name: "a page of millions of rows", place: "cloud", at: "/backups/detail",
		serve: exceptCount(packed(bomb(`{"backups": [{}`, ",{}", 5_000_000))), code: core.CodeUnreadable,
		words: "more rows than any cloud gives"},
	{name: "a page without an end", place: "cloud", at: "/backups/detail", serve: forever(200, `{"backups": [{"id": "`, "x"),
		code: core.CodeUnreadable, words: tooLarge},
	{name: "a login without an end", place: "cloud", at: "/auth/tokens", serve: forever(201, `{"token": {"x": [[]`, ",[]"),
		code: core.CodeUnreadable},
	{name: "a refusal without an end", place: "cloud", at: "/backups/detail", serve: forever(403, `{"forbidden": {"message": "`, "no "),
		code: core.CodeDenied},
	{name: "a list that goes on beyond its count", place: "cloud", at: "/backups/detail", serve: endlessPages(1000, `, "count": 25`, false),
		code: core.CodeIncomplete, words: "the cloud counts 25 rows, and its list goes on", part: 2000},
	{name: "a list without count or end", place: "cloud", at: "/backups/detail", serve: endlessPages(1000, "", false),
		code: core.CodeIncomplete, words: "and it does not count them", part: 50_000},
	{name: "new markers and no new rows", place: "cloud", at: "/backups/detail", serve: endlessPages(10, `, "count": 25`, true),
		code: core.CodeIncomplete, words: "brings nothing new", part: 10},
	{name: "pages of nothing, each with a next", place: "cloud", at: "/backups/detail", serve: endlessPages(0, `, "count": 25`, false),
		code: core.CodeIncomplete, words: "brings nothing new"},
	{name: "a page that trickles", place: "cloud", at: "/backups/detail", serve: slowly(`{"backups": [`),
		code: core.CodeUnavailable, words: "too slowly"},
	{name: "a login that trickles", place: "cloud", at: "/auth/tokens", serve: slowly(`{"token": {`), code: core.CodeUnavailable,
		words: "too slowly"},
	{name: "one volume without an end", place: "cloud", at: "/volumes/v", serve: forever(200, `{"volume": {"id": "v", "x": "`, "x"),
		ask: volumeOf, code: core.CodeUnreadable, words: tooLarge},
	{name: "one volume of millions of parts", place: "cloud", at: "/volumes/v",
		serve: packed(bomb(`{"volume": {"id": "v", "x": [[]`, ",[]", 1_200_000)), ask: volumeOf, code: core.CodeUnreadable,
		words: "many more things"},
	{name: "a header without an end", place: "cloud", at: "/backups/detail", serve: func(w http.ResponseWriter, r *http.Request) {
		for i := range 40 {
			w.Header().Set("X-"+strconv.Itoa(i), strings.Repeat("h", 50_000))
		}
	}, code: core.CodeUnavailable},

	{name: "a page for people", place: "s3", serve: func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<html>Hello") },
		code: core.CodeUnavailable},
	{name: "a page without an end", place: "s3", serve: forever(200, `<ListBucketResult><Name>`, "x"), code: core.CodeUnreadable,
		words: tooLarge},
	{name: "a page of very many objects", place: "s3", serve: forever(200, `<ListBucketResult>`, "<Contents/>"), code: core.CodeUnreadable,
		words: "many more things"},
	{name: "a page that trickles", place: "s3", serve: slowly(`<ListBucketResult>`), code: core.CodeUnavailable, words: "too slowly"},
	{name: "a page that stops, and trickles no more", place: "s3", serve: func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `<ListBucketResult>`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}, code: core.CodeUnavailable, words: "too slowly"},
	{name: "pages in a circle", place: "s3", serve: s3Pages(func(i int) string { return fmt.Sprintf("o%06d", i%1000) }, 10),
		code: core.CodeUnreadable, words: "round in a circle"},
	{name: "a refusal without an end", place: "s3", serve: forever(403, `<Error><Code>AccessDenied</Code><Message>`, "no "),
		code: core.CodeDenied},
	{name: "sixty thousand names", place: "s3", serve: s3Pages(func(i int) string { return fmt.Sprintf("o%09d", i) }, 60)},
	{name: "very many backups that are not whole", place: "s3", serve: s3Pages(func(i int) string {
		return fmt.Sprintf("volume_%s/20260101000000/az_nova_backup_%08d-2222-4222-8222-222222222222-00001", ofVolume, i)
	}, 25), code: core.CodeIncomplete, words: "are not whole"},
	{name: "very many loose names", place: "s3", serve: s3Pages(func(i int) string { return fmt.Sprintf("backup%09d", i) }, 30)},
	{name: "a chunk that unpacks without an end", place: "s3", serve: oneBackup(1000, func(w http.ResponseWriter, _ *http.Request) {
		w.Write(zeros())
	}, http.NotFound), ask: deep("it holds more than 1000 bytes", "it goes on after"), code: core.CodeUnreadable},
	{name: "a chunk of nothing without an end", place: "s3", serve: oneBackup(1000, forever(200, empties, again), http.NotFound),
		ask: deep("it goes on after"), code: core.CodeUnreadable},
	{name: "a chunk that trickles", place: "s3", serve: oneBackup(1000, slowly(empties), http.NotFound), ask: deep("too slowly"),
		code: core.CodeUnreadable},
	{name: "a hash without an end", place: "s3", serve: oneBackup(1000, http.NotFound, forever(200, `{"backup_id": "`, "x")),
		ask: deep("longer than any hash"), code: core.CodeUnreadable},
	{name: "hashes without an end", place: "s3", serve: oneBackup(1000, http.NotFound,
		forever(200, `{"backup_id": "`+ofBackup+`", "chunk_size": 32768, "sha256s": ["`+strings.Repeat("0", 64)+`"`,
			`,"`+strings.Repeat("0", 64)+`"`)), ask: deep("goes on after its end"), code: core.CodeUnreadable},

	{name: "a page for people", place: "swift", at: "/object", serve: func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "<html>Hello")
	}, code: core.CodeUnreadable, words: "no page of objects"},
	{name: "a page without an end", place: "swift", at: "/object", serve: forever(200, `[{"name": "`, "x"), code: core.CodeUnreadable,
		words: tooLarge},
	{name: "a page of very many objects", place: "swift", at: "/object", serve: forever(200, `[{}`, ",{}"), code: core.CodeUnreadable,
		words: "no page of objects"},
	{name: "a listing beyond its count", place: "swift", at: "/object", serve: swiftPages(10_000, "7"), code: core.CodeIncomplete,
		words: "goes on after"},
	{name: "a page that trickles", place: "swift", at: "/object", serve: slowly(`[`), code: core.CodeUnavailable, words: "too slowly"},
	{name: "a login without an end", place: "swift", at: "/auth", serve: forever(200, "", "x"), code: core.CodeUnavailable},
	{name: "a refusal without an end", place: "swift", at: "/object", serve: forever(403, "", "no"), code: core.CodeDenied},
}

// openHostile opens the place that a hostile server is taken for.
func openHostile(t *testing.T, h *hostile, s *httptest.Server) Place {
	t.Helper()
	l, pc := Location{Scheme: h.place}, PlaceConfig{}
	switch h.place {
	case "cloud":
		inCloud(t, s.URL, byPassword)
		l.Rest = "c"
	case "s3":
		l.Rest = strings.TrimPrefix(s.URL, "http://") + "/bucket"
		pc.S3 = repository.S3Options{AccessKey: "a", SecretKey: plantedPassword, Plain: true, Region: "r", Patience: trickle}
	case "swift":
		l.Rest = "c/box"
		pc.Swift = repository.SwiftOptions{AuthURL: s.URL + "/auth/v1.0", User: "u", Key: plantedPassword, Patience: trickle}
	}
	p, err := Open(t.Context(), l, Options{Config: pc, Waits: Waits{Repeat: time.Millisecond, Trickle: trickle}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// TestHostileServers: whatever a server answers, hearth says in a sentence what is the
// matter, shows what it has, and takes neither time nor memory for the rest.
func TestHostileServers(t *testing.T) {
	zeros()
	for _, h := range hostiles {
		if testing.Short() && (h.part > 10_000 || strings.Contains(h.name, "very many") || strings.Contains(h.name, "thousand") ||
			h.place == "swift" && h.name == "a listing beyond its count") { // 100,000 rows, one after the other
			continue
		}
		t.Run(h.place+": "+h.name, func(t *testing.T) {
			s := service(t, false, func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.Contains(r.URL.Path, h.at) {
					return false
				}
				if h.place == "cloud" {
					w.Header().Set("X-Openstack-Request-Id", "req-1")
					w.Header().Set("OpenStack-API-Version", "volume 3.70")
					w.Header().Set("Content-Type", "application/json")
				}
				h.serve(w, r)
				return true
			})
			p := openHostile(t, &h, s)
			ask := h.ask
			if ask == nil {
				ask = func(ctx context.Context, p Place) (int, error) {
					page, err := p.Backups(ctx, core.Query{Limit: 50, Sort: []core.Order{{Column: "name"}}})
					if err == nil {
						err = page.Short
					}
					return page.Total, err
				}
			}
			// What has no end never ends: five minutes are for a machine with much else to do.
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			var rows int
			var err error
			top := peak.Heap(func() { rows, err = ask(ctx, p) })
			t.Logf("%d MB, %d rows, %v", top>>20, rows, err)
			var ours *core.Error
			if err != nil && !errors.As(err, &ours) || core.CodeOf(err) != h.code || !strings.Contains(fmt.Sprint(err), h.words) || rows < h.part {
				t.Errorf("it shows %d rows, and says (%s): %v", rows, core.CodeOf(err), err)
			}
			if top > mostMemory {
				t.Errorf("it takes %d MB", top>>20)
			}
		})
	}
}

// TestHostileCancelled: what is cancelled in the middle of an answer ends.
func TestHostileCancelled(t *testing.T) {
	for _, h := range hostiles {
		if !strings.Contains(h.name, "trickles") {
			continue
		}
		begun := make(chan struct{}, 100)
		s := service(t, false, func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, h.at) {
				return false
			}
			if strings.HasSuffix(r.URL.Path, "-00001") || h.ask == nil {
				begun <- struct{}{}
			}
			h.serve(w, r)
			return true
		})
		p := openHostile(t, &h, s)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-begun
			cancel()
		}()
		ask := h.ask
		if ask == nil {
			ask = func(ctx context.Context, p Place) (int, error) {
				_, err := p.Backups(ctx, core.Query{})
				return 0, err
			}
		}
		if _, err := ask(ctx, p); !slices.Contains([]core.Code{core.CodeCancelled, core.CodeUnreadable}, core.CodeOf(err)) {
			t.Errorf("%s, %s: %v", h.place, h.name, err)
		}
		cancel()
	}
}
