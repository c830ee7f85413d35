package repository_test

import (
	"bytes"
	compress "compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"hearth/core"
	"hearth/store"
	"hearth/store/repository"
)

var _ store.Repository = (*repository.Place)(nil)

// verify returns the reports by prefix.
func verify(t testing.TB, p *repository.Place, r core.VerifyRequest) map[string]core.VerifyReport {
	t.Helper()
	out := map[string]core.VerifyReport{}
	err := p.Verify(t.Context(), r, func(rep core.VerifyReport) error {
		if _, twice := out[rep.Prefix]; twice {
			t.Errorf("%s was reported twice", rep.Prefix)
		}
		out[rep.Prefix] = rep
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// sound holds every backup of a database to be sound, shallow and deep.
func sound(t *testing.T, p *repository.Place, rows map[core.BackupID]truth) {
	t.Helper()
	for _, deep := range []bool{false, true} {
		var last core.VerifyProgress
		reports := verify(t, p, core.VerifyRequest{Deep: deep, Progress: func(v core.VerifyProgress) { last = v }})
		n, blocks := 0, int64(0)
		for _, r := range reports {
			if _, ok := rows[r.ID]; !ok {
				continue
			}
			n++
			blocks += r.Blocks
			for _, f := range r.Flaws {
				if f.Severity != core.SeverityNote {
					t.Errorf("%s deep=%v: %s %s: %s", r.Prefix, deep, f.Severity, f.Code, f.Text)
				}
			}
			if !r.Sound() || r.Deep != deep || deep && r.Objects > 0 && r.Bytes == 0 {
				t.Errorf("%s: %+v", r.Prefix, r)
			}
		}
		if n != len(rows) || last.Done != int64(len(reports)) || last.Of != last.Done {
			t.Errorf("%d reports of %d, and at the end %+v", n, len(rows), last)
		}
		if deep && blocks == 0 {
			t.Error("no block was compared with a sha256 file")
		}
		t.Logf("deep=%v: %d backups sound, %d blocks compared, %d bytes read", deep, n, blocks, last.Bytes)
	}
}

func TestSound(t *testing.T) {
	sound(t, openPosix(t, root("posix", "repo"), repository.Options{}), readTruth(t, root("posix", "truth.json")))
	dir, rows := lab(t)
	sound(t, openPosix(t, dir, repository.Options{}), rows)
	pages := 0
	swift := dump(t, root("swift", "dump")).swift(t, &pages)
	s3 := dump(t, root("s3", "dump")).s3(t, &pages)
	t.Setenv("AWS_ENDPOINT_URL", s3.URL)
	for _, box := range boxes {
		p, err := repository.OpenSwift(t.Context(), "lab", box,
			repository.Options{Swift: repository.SwiftOptions{AuthURL: swift.URL + "/auth/v1.0", User: "backup:cinder", Key: "labpass"}})
		if err != nil {
			t.Fatal(err)
		}
		sound(t, p, within(readTruth(t, root("swift", "truth.json")), box))
		p.Close()
		p, err = repository.OpenS3(t.Context(), strings.TrimPrefix(s3.URL, "http://")+"/"+box,
			repository.Options{S3: repository.S3Options{AccessKey: "k", SecretKey: "s"}})
		if err != nil {
			t.Fatal(err)
		}
		sound(t, p, within(readTruth(t, root("s3", "truth.json")), box))
		p.Close()
	}
}

// box is where a test spoils a repository: the Swift dump's as a folder, which has
// all compressions, and a chain.
type box struct {
	t   *testing.T
	dir string
}

// prefix finds the backup of a name, and returns the path of its objects.
func (b box) prefix(name any) string {
	b.t.Helper()
	var out string
	err := filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_metadata") {
			body, _ := os.ReadFile(path)
			var m struct {
				Name any `json:"backup_name"`
			}
			if json.Unmarshal(body, &m) == nil && m.Name == name {
				out = strings.TrimSuffix(path, "_metadata")
			}
		}
		return err
	})
	if err != nil || out == "" {
		b.t.Fatalf("no backup is called %v: %v", name, err)
	}
	return out
}

func (b box) edit(path string, change func([]byte) []byte) {
	b.t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	put(b.t, path, change(body))
}

// metadata changes a metadata object as JSON.
func (b box) metadata(prefix string, change func(m map[string]any)) {
	b.t.Helper()
	b.edit(prefix+"_metadata", func(body []byte) []byte {
		var m map[string]any
		if err := json.Unmarshal(body, &m); err != nil {
			b.t.Fatal(err)
		}
		change(m)
		out, err := json.MarshalIndent(m, "", "  ")
		if err != nil {
			b.t.Fatal(err)
		}
		return out
	})
}

// chunks are a backup's entries.
func chunks(m map[string]any) []map[string]any {
	var out []map[string]any
	for _, o := range m["objects"].([]any) {
		for _, e := range o.(map[string]any) {
			out = append(out, e.(map[string]any))
		}
	}
	return out
}

// folderOf makes a file repository of the Swift dump: what is a path there is a
// folder here, and prefixes become those of file drivers.
func folderOf(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for container, objects := range dump(t, root("swift", "dump")) {
		for name, body := range objects {
			parts := strings.Split(name, "/")
			if len(parts) != 3 || !strings.HasPrefix(parts[0], "volume_") {
				continue
			}
			flat := strings.NewReplacer(parts[0]+"/"+parts[1]+"/az_nova", parts[0]+"_"+parts[1])
			put(t, filepath.Join(dir, container, flat.Replace(name)), []byte(flat.Replace(string(body))))
		}
	}
	return dir
}

// damage is one way to spoil a backup, and what is found then.
type damage struct {
	spoil   func(box) string // returns the prefix, as a path
	code    core.FlawCode
	shallow bool // found without reading chunks
	object  string
	mild    bool // a warning
}

// The backups that are spoiled, by their names.
const inZlib, inBz2, inZstd = "mail-full", "mail-incr-1", "mail-incr-2"

var inPlain any // the uncompressed one has none

func flip(at int) func([]byte) []byte {
	return func(b []byte) []byte {
		i := at
		if i < 0 {
			i += len(b)
		}
		b[i] ^= 4
		return b
	}
}

func cutBy(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:len(b)-n] } }

// one changes a file of the backup, meta what its metadata says.
func one(name any, file string, change func([]byte) []byte) func(box) string {
	return func(b box) string {
		p := b.prefix(name)
		b.edit(p+file, change)
		return p
	}
}

func meta(name string, change func(m map[string]any)) func(box) string {
	return func(b box) string {
		p := b.prefix(name)
		b.metadata(p, change)
		return p
	}
}

// damagedSet spoils what is there and what is not.
func damagedSet(t *testing.T) map[string]damage {
	return map[string]damage{
		"missing chunk": {func(b box) string { p := b.prefix(inZlib); rm(t, p+"-00002"); return p },
			core.FlawMissingObject, true, "-00002", false},
		"missing first": {func(b box) string { p := b.prefix(inZstd); rm(t, p+"-00001"); return p },
			core.FlawMissingObject, true, "-00001", false},
		"foreign object": {func(b box) string { p := b.prefix(inBz2); put(t, p+"-00001.bak", nil); return p },
			core.FlawForeignObject, true, "-00001.bak", false},
		"foreign chunk": {func(b box) string { p := b.prefix(inBz2); put(t, p+"-100000", nil); return p },
			core.FlawForeignObject, true, "-100000", false},
		"foreign folder": {func(b box) string { p := b.prefix(inBz2); put(t, p+"_old/x", nil); return p },
			core.FlawForeignObject, true, "_old/", false},
		"chunk of six with zero": {func(b box) string { p := b.prefix(inBz2); put(t, p+"-000001", nil); return p },
			core.FlawForeignObject, true, "-000001", false},
	}
}

// damagedMetadata spoils the metadata object, and the parents that it names.
func damagedMetadata(t *testing.T) map[string]damage {
	return map[string]damage{
		"metadata cut":   {one(inZlib, "_metadata", cutBy(30)), core.FlawMetadataCut, true, "_metadata", false},
		"metadata empty": {one(inZlib, "_metadata", func([]byte) []byte { return nil }), core.FlawMetadataCut, true, "_metadata", false},
		"metadata no utf-8": {one(inZlib, "_metadata", func(b []byte) []byte { return bytes.Replace(b, []byte("mail"), []byte("m\xffil"), 1) }),
			core.FlawMetadataCut, true, "_metadata", false},
		"metadata gone": {func(b box) string { p := b.prefix(inZlib); rm(t, p+"_metadata"); return p },
			core.FlawUnfinished, true, "_metadata", false},
		"metadata a list": {one(inZlib, "_metadata", func([]byte) []byte { return []byte("[]") }),
			core.FlawMetadataInvalid, true, "_metadata", false},
		"metadata of another": {meta(inZlib, func(m map[string]any) { m["backup_id"] = "x" }), core.FlawIDMismatch, true, "_metadata", false},
		"another volume":      {meta(inZlib, func(m map[string]any) { m["volume_id"] = "x" }), core.FlawIDMismatch, true, "_metadata", true},
		"version 2": {meta(inZlib, func(m map[string]any) { m["version"] = "2.0.0" }),
			core.FlawMetadataInvalid, true, "_metadata", false},
		"capture cut":     {meta(inZlib, func(m map[string]any) { m["volume_meta"] = "{" }), core.FlawMetadataInvalid, true, "_metadata", false},
		"no objects":      {meta(inZlib, func(m map[string]any) { delete(m, "objects") }), core.FlawMetadataInvalid, true, "_metadata", false},
		"cycle of itself": {meta(inZlib, func(m map[string]any) { m["parent_id"] = m["backup_id"] }), core.FlawParentCycle, true, "", false},
		"cycle of three": {func(b box) string {
			p, m := b.prefix(inZlib), b.prefix(inZstd)
			b.metadata(p, func(x map[string]any) { x["parent_id"] = m[len(m)-36:] })
			return p
		}, core.FlawParentCycle, true, "", false},
		"parent broken": {func(b box) string { b.edit(b.prefix(inZlib)+"_metadata", cutBy(9)); return b.prefix(inZstd) },
			core.FlawParentUnsound, true, "", false},
		"parent missing": {meta(inZstd, func(m map[string]any) { m["parent_id"] = "00000000-0000-0000-0000-000000000001" }),
			core.FlawParentMissing, true, "", false},
		"parent unsound": {func(b box) string { rm(t, b.prefix(inZlib)+"-00001"); return b.prefix(inZstd) },
			core.FlawParentUnsound, true, "", false},
	}
}

// damagedLayout spoils what the metadata says of the chunks.
func damagedLayout() map[string]damage {
	return map[string]damage{
		"gap": {meta(inZlib, func(m map[string]any) { c := chunks(m); c[1]["offset"] = c[1]["offset"].(float64) + 1 }),
			core.FlawLayout, true, "-00002", false},
		"overlap": {meta(inZlib, func(m map[string]any) { c := chunks(m); c[1]["offset"] = c[1]["offset"].(float64) - 1 }),
			core.FlawLayout, true, "-00002", false},
		"negative offset": {meta(inZlib, func(m map[string]any) { chunks(m)[0]["offset"] = -1 }), core.FlawLayout, true, "-00001", false},
		"beyond all numbers": {meta(inZlib, func(m map[string]any) { c := chunks(m); c[2]["offset"], c[2]["length"] = 1<<62, 1<<62 }),
			core.FlawLayout, true, "-00003", false},
		"beyond the volume": {meta(inBz2, func(m map[string]any) { chunks(m)[0]["offset"] = 1 << 40 }), core.FlawLayout, true, "", false},
		"length no number":  {meta(inZlib, func(m map[string]any) { chunks(m)[0]["length"] = "x" }), core.FlawLayout, true, "-00001", false},
		"compression unknown": {meta(inZlib, func(m map[string]any) { chunks(m)[0]["compression"] = "lzma" }),
			core.FlawCompression, true, "-00001", false},
		"named twice": {meta(inZlib, func(m map[string]any) {
			o := m["objects"].([]any)
			m["objects"] = append(o, o[0])
		}), core.FlawLayout, true, "-00001", false},
		"shorter than said": {meta(inZlib, func(m map[string]any) { c := chunks(m)[2]; c["length"] = c["length"].(float64) + 1 }),
			core.FlawLength, false, "-00003", false},
		"longer than said": {meta(inBz2, func(m map[string]any) { c := chunks(m)[0]; c["length"] = c["length"].(float64) - 1 }),
			core.FlawLength, false, "-00001", false},
		"md5 of another": {meta(inZlib, func(m map[string]any) { chunks(m)[0]["md5"] = strings.Repeat("0", 32) }),
			core.FlawMD5, false, "-00001", false},
		"md5 none": {meta(inZlib, func(m map[string]any) { chunks(m)[0]["md5"] = "x" }), core.FlawMetadataInvalid, true, "-00001", true},
	}
}

// damagedChunks spoils the bytes of the chunks.
func damagedChunks(t *testing.T) map[string]damage {
	return map[string]damage{
		"truncated to nothing": {one(inZlib, "-00001", func([]byte) []byte { return nil }), core.FlawObjectSize, true, "-00001", false},
		"truncated zlib":       {one(inZlib, "-00001", cutBy(3)), core.FlawDecompress, false, "-00001", false},
		"truncated bz2":        {one(inBz2, "-00001", cutBy(3)), core.FlawDecompress, false, "-00001", false},
		"truncated zstd":       {one(inZstd, "-00001", cutBy(3)), core.FlawDecompress, false, "-00001", false},
		"truncated plain":      {one(inPlain, "-00002", cutBy(1)), core.FlawObjectSize, true, "-00002", false},
		"grown plain": {one(inPlain, "-00002", func(b []byte) []byte { return append(b, 0) }),
			core.FlawObjectSize, true, "-00002", false},
		"flipped plain":        {one(inPlain, "-00002", flip(40000)), core.FlawMD5, false, "-00002", false},
		"flipped plain, block": {one(inPlain, "-00002", flip(40000)), core.FlawSHA256, false, "-00002", false},
		"zlib header":          {one(inZlib, "-00001", flip(0)), core.FlawDecompress, false, "-00001", false},
		"flipped zlib":         {one(inZlib, "-00003", flip(-2)), core.FlawDecompress, false, "-00003", false},
		"flipped zstd":         {one(inZstd, "-00001", flip(4)), core.FlawDecompress, false, "-00001", false},
		"trailing zlib": {one(inZlib, "-00001", func(b []byte) []byte { return append(b, "more"...) }),
			core.FlawTrailing, false, "-00001", true},
		"trailing bz2": {one(inBz2, "-00001", func(b []byte) []byte { return append(b, "more"...) }), core.FlawTrailing, false, "-00001", true},
		"trailing zstd": {one(inZstd, "-00001", func(b []byte) []byte { return append(b, "more"...) }),
			core.FlawDecompress, false, "-00001", false},
		"a bomb": {one(inZlib, "-00001", func([]byte) []byte {
			var b bytes.Buffer
			z := compress.NewWriter(&b)
			io.CopyN(z, zeros{}, 32<<20)
			z.Close()
			return b.Bytes()
		}), core.FlawLength, false, "-00001", false},
		"a window of terabytes": {one(inZstd, "-00001",
			func(b []byte) []byte { return append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff}, b[6:]...) }),
			core.FlawDecompress, false, "-00001", false},
		"zstd of nothing": {func(b box) string {
			p := b.prefix(inZstd)
			put(t, p+"-00001", []byte{0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0}) // a frame to be skipped
			return p
		}, core.FlawLength, false, "-00001", false},
	}
}

// damagedHashes spoils the sha256 file, and what only it tells.
func damagedHashes(t *testing.T) map[string]damage {
	return map[string]damage{
		"hashes gone": {func(b box) string { p := b.prefix(inZlib); rm(t, p+"_sha256file"); return p },
			core.FlawHashesMissing, true, "_sha256file", true},
		"hashes cut":   {one(inZlib, "_sha256file", cutBy(200)), core.FlawHashesUnusable, false, "_sha256file", true},
		"hashes empty": {one(inZlib, "_sha256file", func([]byte) []byte { return nil }), core.FlawHashesUnusable, false, "_sha256file", true},
		"hashes no JSON": {one(inZlib, "_sha256file", func([]byte) []byte { return []byte("{'") }),
			core.FlawHashesUnusable, false, "_sha256file", true},
		"garbage behind the hashes": {one(inZlib, "_sha256file", func(b []byte) []byte { return append(b, "\x00\x00garbage"...) }),
			core.FlawHashesUnusable, false, "_sha256file", true},
		"another file behind the hashes": {one(inZlib, "_sha256file", func(b []byte) []byte { return append(b, b...) }),
			core.FlawHashesUnusable, false, "_sha256file", true},
		"a blank behind the hashes, and a list": {one(inZlib, "_sha256file", func(b []byte) []byte { return append(b, "\n[]"...) }),
			core.FlawHashesUnusable, false, "_sha256file", true},
		"hashes of another": {one(inZlib, "_sha256file", func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"backup_id": "`), []byte(`"backup_id": "x`), 1)
		}), core.FlawHashesUnusable, false, "_sha256file", true},
		"a hash wrong": {one(inZlib, "_sha256file", func(b []byte) []byte {
			i := bytes.Index(b, []byte(`"sha256s"`)) + 30
			b[i] = "01"[b[i]&1^1]
			return b
		}), core.FlawSHA256, false, "-00001", true},
		"block of one byte": {one(inZlib, "_sha256file", func(b []byte) []byte {
			return bytes.Replace(b, []byte("32768"), []byte("1"), 1)
		}), core.FlawHashesUnusable, false, "_sha256file", true},
		"end missing": {func(b box) string {
			p := b.prefix(inZlib)
			rm(t, p+"-00003")
			b.metadata(p, func(m map[string]any) { m["objects"] = m["objects"].([]any)[:2] })
			return p
		}, core.FlawLayout, false, "_sha256file", false},
	}
}

// TestDamage spoils a sound repository in each way that there is.
func TestDamage(t *testing.T) {
	base := folderOf(t)
	for _, ways := range []map[string]damage{
		damagedSet(t), damagedMetadata(t), damagedLayout(), damagedChunks(t), damagedHashes(t),
	} {
		for name, c := range ways {
			t.Run(name, func(t *testing.T) {
				b := box{t, copyDir(t, base)}
				prefix := c.spoil(b)
				p := openPosix(t, b.dir, repository.Options{})
				for _, deep := range []bool{false, true} {
					r := verify(t, p, core.VerifyRequest{Deep: deep})[filepath.Base(prefix)]
					i := slices.IndexFunc(r.Flaws, func(f core.Flaw) bool {
						return f.Code == c.code && (f.Object == "" && c.object == "" || f.Object == filepath.Base(prefix)+c.object)
					})
					switch {
					case !deep && !c.shallow:
						if !r.Sound() {
							t.Errorf("found without reading: %+v", r.Flaws)
						}
					case i < 0:
						t.Errorf("deep=%v: no %s of %q in %+v", deep, c.code, c.object, r.Flaws)
					case (r.Flaws[i].Severity == core.SeverityWarning) != c.mild || r.Sound() != c.mild:
						t.Errorf("deep=%v: %+v", deep, r.Flaws)
					case deep:
						t.Log(r.Flaws[i].Text)
					}
					if r.Sound() != (r.Damages == 0) {
						t.Errorf("%+v", r)
					}
				}
			})
		}
	}
}

// TestUnreadable: one dead disk is told object by object, a dead repository is not.
func TestUnreadable(t *testing.T) {
	e := deaf{endless{n: 3, chunks: 8, sorted: true}}
	p := repository.New(t.Context(), "swift:made/up", e, repository.Options{})
	defer p.Close()
	reports := verify(t, p, core.VerifyRequest{Deep: true, IDs: []core.BackupID{core.BackupID(uuid(1))}})
	for _, r := range reports {
		if len(r.Flaws) < 8 || r.Flaws[0].Code != core.FlawUnreadable || r.Sound() {
			t.Errorf("%+v", r)
		}
	}
	err := p.Verify(t.Context(), core.VerifyRequest{Deep: true}, func(core.VerifyReport) error { return nil })
	if core.CodeOf(err) != core.CodeUnavailable {
		t.Error(err)
	}
}

// deaf gives no chunk.
type deaf struct{ endless }

func (d deaf) Get(ctx context.Context, container, name string) (io.ReadCloser, error) {
	if strings.HasSuffix(name, "_metadata") || strings.HasSuffix(name, "_sha256file") {
		return d.endless.Get(ctx, container, name)
	}
	return io.NopCloser(io.MultiReader(strings.NewReader("da"), iotest.ErrReader(errors.New("input/output error")))), nil
}

// TestSwiftETags: the listing of a Swift container has the md5 of what is stored, so
// that a flipped byte of an uncompressed chunk is found without reading it.
func TestSwiftETags(t *testing.T) {
	objects := dump(t, root("swift", "dump"))
	var prefix string
	for name, body := range objects["volumebackups"] {
		if strings.HasSuffix(name, "_metadata") && bytes.Contains(body, []byte(`"compression": "none"`)) {
			prefix = strings.TrimSuffix(name, "_metadata")
		}
	}
	objects["volumebackups"][prefix+"-00003"][5] ^= 1
	pages := 0
	server := objects.swift(t, &pages)
	p, err := repository.OpenSwift(t.Context(), "lab", "volumebackups",
		repository.Options{Swift: repository.SwiftOptions{AuthURL: server.URL + "/auth/v1.0", User: "backup:cinder", Key: "labpass"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for at, r := range verify(t, p, core.VerifyRequest{}) {
		hit := slices.ContainsFunc(r.Flaws, func(f core.Flaw) bool { return f.Code == core.FlawMD5 && f.Object == prefix+"-00003" })
		if hit != (at == prefix) {
			t.Errorf("%s: %+v", at, r.Flaws)
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func rm(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}
