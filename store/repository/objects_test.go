package repository_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/repository"
)

// served are objects that the two servers of this file show: by container, then by
// name.
type served map[string]map[string][]byte

// dump reads what `lab objects fill` left of a server's containers.
func dump(t testing.TB, dir string) served {
	t.Helper()
	out := served{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		container, name, _ := strings.Cut(filepath.ToSlash(rel), "/")
		if out[container] == nil {
			out[container] = map[string][]byte{}
		}
		out[container][name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (s served) names(container, prefix, after string) []string {
	var out []string
	for name := range s[container] {
		if strings.HasPrefix(name, prefix) && name > after {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// swift answers as far as a reader of Swift asks: log in, list by pages, read. It
// is no Swift; the real one is in TestRealSwift.
func (s served) swift(t testing.TB, pages *int) *httptest.Server {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/auth/v1.0", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Auth-User") != "backup:cinder" || r.Header.Get("X-Auth-Key") != "labpass" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("X-Storage-Url", server.URL+"/v1/AUTH_backup")
		w.Header().Set("X-Auth-Token", "token")
	})
	mux.HandleFunc("/v1/AUTH_backup/", func(w http.ResponseWriter, r *http.Request) {
		container, name, object := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/AUTH_backup/"), "/")
		switch {
		case r.Header.Get("X-Auth-Token") != "token":
			w.WriteHeader(http.StatusUnauthorized)
		case s[container] == nil, object && s[container][name] == nil:
			w.WriteHeader(http.StatusNotFound)
		case object:
			w.Write(s[container][name])
		default:
			*pages++
			list := []map[string]any{}
			for _, n := range s.names(container, r.URL.Query().Get("prefix"), r.URL.Query().Get("marker")) {
				sum := md5.Sum(s[container][n])
				if list = append(list, map[string]any{"name": n, "bytes": len(s[container][n]), "hash": hex.EncodeToString(sum[:]),
					"last_modified": "2026-11-22T09:55:23.123456"}); len(list) == 7 {
					break
				}
			}
			if err := json.NewEncoder(w).Encode(list); err != nil {
				t.Error(err)
			}
		}
	})
	return server
}

// s3 answers as far as a reader of S3 asks, whatever the signature.
func (s served) s3(t testing.TB, pages *int) *httptest.Server {
	type content struct {
		Key, ETag, LastModified string
		Size                    int
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bucket, name, object := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		q := r.URL.Query()
		refuse := func(status int, code string) {
			w.WriteHeader(status)
			fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>%s</Message></Error>`, code, code)
		}
		switch {
		case q.Has("location"):
			fmt.Fprint(w, `<?xml version="1.0"?><LocationConstraint></LocationConstraint>`)
		case s[bucket] == nil:
			refuse(http.StatusNotFound, "NoSuchBucket")
		case object && name != "" && s[bucket][name] == nil:
			refuse(http.StatusNotFound, "NoSuchKey")
		case object && name != "":
			w.Header().Set("ETag", `"x"`)
			w.Header().Set("Last-Modified", "Sun, 22 Nov 2026 09:55:23 GMT")
			w.Write(s[bucket][name])
		default:
			*pages++
			var out struct {
				XMLName               xml.Name `xml:"ListBucketResult"`
				IsTruncated           bool
				NextContinuationToken string
				Contents              []content
			}
			for _, n := range s.names(bucket, q.Get("prefix"), q.Get("continuation-token")) {
				if len(out.Contents) == 7 {
					out.IsTruncated, out.NextContinuationToken = true, out.Contents[6].Key
					break
				}
				sum := md5.Sum(s[bucket][n])
				out.Contents = append(out.Contents, content{n, `"` + hex.EncodeToString(sum[:]) + `"`, "2026-11-22T09:55:23.000Z", len(s[bucket][n])})
			}
			if err := xml.NewEncoder(w).Encode(out); err != nil {
				t.Error(err)
			}
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// within are the rows of one container.
func within(rows map[core.BackupID]truth, container string) map[core.BackupID]truth {
	out := map[core.BackupID]truth{}
	for id, x := range rows {
		if x.Row["container"] == container {
			out[id] = x
		}
	}
	return out
}

// strays holds an inventory to the list of what is no backup.
func strays(t *testing.T, p *repository.Place, dir, container string) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(dir, "strays.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []struct{ Container, Name, Why string }
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatal(err)
	}
	got, err := p.Scan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]core.HoldingKind{}
	for _, h := range got.Holdings.All() {
		kinds[h.Prefix] = h.Kind
		if h.Kind != core.HoldingBackup && h.Kind != core.HoldingStray && h.Problem == "" {
			t.Errorf("%s: no word on what is wrong", h.Prefix)
		}
	}
	for _, x := range list {
		if x.Container != container {
			continue
		}
		want, prefix := core.HoldingStray, x.Name
		switch {
		case strings.Contains(x.Why, "broken off"):
			want, prefix = core.HoldingUnfinished, x.Name[:strings.LastIndexByte(x.Name, '-')]
		case x.Why == "cut short":
			want, prefix = core.HoldingBroken, strings.TrimSuffix(x.Name, "_metadata")
		}
		if kinds[prefix] != want {
			t.Errorf("%s (%s) is %q", x.Name, x.Why, kinds[prefix])
		}
	}
}

var boxes = []string{"volumebackups", "shared-box"}

func TestSwiftTruth(t *testing.T) {
	dir := root("swift")
	pages := 0
	server := dump(t, filepath.Join(dir, "dump")).swift(t, &pages)
	for _, box := range boxes {
		o := repository.Options{Swift: repository.SwiftOptions{AuthURL: server.URL + "/auth/v1.0", User: "backup:cinder", Key: "labpass"}}
		p, err := repository.OpenSwift(t.Context(), "lab", box, o)
		if err != nil {
			t.Fatal(err)
		}
		captured(t, p, within(readTruth(t, filepath.Join(dir, "truth.json")), box))
		agree(t, p, within(readTruth(t, filepath.Join(dir, "truth.json")), box))
		strays(t, p, dir, box)
		p.Close()
	}
	if pages < 8 {
		t.Errorf("%d pages were asked for", pages)
	}
}

func TestS3Truth(t *testing.T) {
	dir := root("s3")
	pages := 0
	server := dump(t, filepath.Join(dir, "dump")).s3(t, &pages)
	host := strings.TrimPrefix(server.URL, "http://")
	t.Setenv("AWS_ENDPOINT_URL", server.URL) // says that the host speaks plain HTTP
	for _, box := range boxes {
		p, err := repository.OpenS3(t.Context(), host+"/"+box,
			repository.Options{S3: repository.S3Options{AccessKey: "s3:cinder", SecretKey: "labpass"}})
		if err != nil {
			t.Fatal(err)
		}
		agree(t, p, within(readTruth(t, filepath.Join(dir, "truth.json")), box))
		strays(t, p, dir, box)
		p.Close()
	}
	if pages < 8 {
		t.Errorf("%d pages were asked for", pages)
	}
}

// real reads a variable of four parts: where, user, key, and the folder that
// `lab objects fill` left.
func real(t testing.TB, name, form string) (where, user, key, dir string) {
	t.Helper()
	parts := strings.Split(os.Getenv(name), ",")
	if len(parts) != 4 {
		t.Skipf("%s is not set to %s: .ci/lab/lab objects up, and objects fill DIR", name, form)
	}
	return parts[0], parts[1], parts[2], parts[3]
}

// TestSwiftLogin: a cloud's login can serve, and is asked again when its token has
// run out.
func TestSwiftLogin(t *testing.T) {
	pages, logins := 0, 0
	server := dump(t, root("swift", "dump")).swift(t, &pages)
	o := repository.Options{Swift: repository.SwiftOptions{Login: func(context.Context) (repository.SwiftToken, error) {
		logins++
		token := repository.SwiftToken{Token: "token", StorageURL: server.URL + "/v1/AUTH_backup"}
		switch logins {
		case 1:
			token.Token = "run out"
		case 3:
			return token, core.Fail(core.CodeDenied, "log in", "the password is wrong", "", nil)
		}
		return token, nil
	}}}
	p, err := repository.OpenSwift(t.Context(), "lab", "shared-box", o)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	agree(t, p, within(readTruth(t, root("swift", "truth.json")), "shared-box"))
	if logins != 2 {
		t.Errorf("%d logins", logins)
	}
	again, err := repository.OpenSwift(t.Context(), "lab", "shared-box", o)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := again.Backups(t.Context(), core.Query{}); core.CodeOf(err) != core.CodeDenied || !strings.Contains(err.Error(), "password") {
		t.Error(err)
	}
}

// TestUnreached: what cannot be asked is told so that a person can act.
func TestUnreached(t *testing.T) {
	pages := 0
	server := served{}.s3(t, &pages)
	host := strings.TrimPrefix(server.URL, "http://")
	t.Setenv("AWS_ACCESS_KEY_ID", "k")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	for where, want := range map[string]string{
		host + "/box":     host + " speaks plain HTTP",
		"127.0.0.1:1/box": "127.0.0.1:1 cannot be reached",
	} {
		p, err := repository.OpenS3(t.Context(), where, repository.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Backups(t.Context(), core.Query{})
		if core.CodeOf(err) != core.CodeUnavailable || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", where, err)
		}
		p.Close()
	}
	for _, where := range []string{"host", "host/", "/box", "host/Bad_Bucket!", "ho st/box"} {
		if _, err := repository.OpenS3(t.Context(), where, repository.Options{}); core.CodeOf(err) != core.CodeUsage {
			t.Errorf("%s: %v", where, err)
		}
	}
	server = served{}.swift(t, &pages)
	p, err := repository.OpenSwift(t.Context(), "lab", "none",
		repository.Options{Swift: repository.SwiftOptions{AuthURL: server.URL + "/auth/v1.0", User: "backup:cinder", Key: "labpass"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Backups(t.Context(), core.Query{}); core.CodeOf(err) != core.CodeNotFound {
		t.Error(err)
	}
	server.Close()
	if _, err := p.Backups(t.Context(), core.Query{}); core.CodeOf(err) != core.CodeUnavailable {
		t.Error(err)
	}
	p.Close()
}

// captured reads every capture before anything was scanned.
func captured(t *testing.T, p *repository.Place, rows map[core.BackupID]truth) {
	t.Helper()
	for id, row := range rows {
		c, ok, err := p.Capture(t.Context(), id)
		if err != nil || ok && (c.Err != nil || string(c.VolumeID) != row.Row["volume_id"] || c.BackupID != id || !c.Source.At.Set) ||
			!ok && row.Row["display_name"] != nil {
			t.Errorf("%s: %+v, %v", id, c, err)
		}
	}
	if _, _, err := p.Capture(t.Context(), "none"); core.CodeOf(err) != core.CodeNotFound {
		t.Error(err)
	}
}

func TestRealSwift(t *testing.T) {
	where, user, key, dir := real(t, "HEARTH_TEST_SWIFT", "AUTH-URL,USER,KEY,DIR/swift")
	rows := readTruth(t, filepath.Join(dir, "truth.json"))
	login := repository.SwiftOptions{AuthURL: where, User: user, Key: key}
	for _, box := range boxes {
		p, err := repository.OpenSwift(t.Context(), "lab", box, repository.Options{Swift: login})
		if err != nil {
			t.Fatal(err)
		}
		captured(t, p, within(rows, box))
		agree(t, p, within(rows, box))
		strays(t, p, dir, box)
		sound(t, p, within(rows, box))
		p.Close()
	}
	for _, c := range []struct {
		user, key, box string
		code           core.Code
	}{
		{user, "wrong", boxes[0], core.CodeDenied},
		{"backup:reader", key, boxes[0], core.CodeDenied},
		{"other:nobody", key, boxes[0], core.CodeNotFound},
		{user, key, "none", core.CodeNotFound},
	} {
		p, err := repository.OpenSwift(t.Context(), "lab", c.box,
			repository.Options{Swift: repository.SwiftOptions{AuthURL: where, User: c.user, Key: c.key}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Backups(t.Context(), core.Query{})
		if core.CodeOf(err) != c.code {
			t.Errorf("%s/%s on %s: %v", c.user, c.key, c.box, err)
		}
		t.Log(err)
		p.Close()
	}
}

func TestRealS3(t *testing.T) {
	where, user, key, dir := real(t, "HEARTH_TEST_S3", "HOST:PORT,KEY,SECRET,DIR/s3")
	rows := readTruth(t, filepath.Join(dir, "truth.json"))
	for _, region := range []string{"us-east-1", ""} {
		for _, box := range boxes {
			o := repository.Options{S3: repository.S3Options{AccessKey: user, SecretKey: key, Region: region, Plain: true}}
			p, err := repository.OpenS3(t.Context(), where+"/"+box, o)
			if err != nil {
				t.Fatal(err)
			}
			captured(t, p, within(rows, box))
			agree(t, p, within(rows, box))
			strays(t, p, dir, box)
			sound(t, p, within(rows, box))
			p.Close()
		}
	}
	for _, c := range []struct {
		user, key, region, box string
		code                   core.Code
	}{{user, "wrong", "us-east-1", boxes[0], core.CodeDenied}, {"nobody", key, "us-east-1", boxes[0], core.CodeDenied},
		{"", "", "us-east-1", boxes[0], core.CodeDenied},
		{user, key, "eu-west-9", boxes[0], core.CodeUsage}, {user, key, "us-east-1", "none-such", core.CodeNotFound}} {
		o := repository.Options{S3: repository.S3Options{AccessKey: c.user, SecretKey: c.key, Region: c.region, Plain: true}}
		p, err := repository.OpenS3(t.Context(), where+"/"+c.box, o)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Backups(t.Context(), core.Query{})
		if core.CodeOf(err) != c.code {
			t.Errorf("%s/%s in %s on %s: %s %v", c.user, c.key, c.region, c.box, core.CodeOf(err), err)
		}
		t.Log(err)
		p.Close()
	}
}

// TestAccounts: a container that each project has in an account of its own is one place.
func TestAccounts(t *testing.T) {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/auth/v1.0", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Storage-Url", server.URL+"/v1/AUTH_admin")
		w.Header().Set("X-Auth-Token", "token")
	})
	held := map[string]served{}
	for account, era := range map[string]string{"AUTH_aaaa": "kilo", "AUTH_bbbb": "liberty"} {
		held[account] = dump(t, root("eras", era, "repo"))
	}
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		account, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
		container, name, object := strings.Cut(rest, "/")
		s := held[account]
		switch {
		case account == "AUTH_shut":
			w.WriteHeader(http.StatusForbidden)
		case s[container] == nil, object && s[container][name] == nil:
			w.WriteHeader(http.StatusNotFound)
		case object:
			w.Write(s[container][name])
		default:
			list := []map[string]any{}
			for _, n := range s.names(container, r.URL.Query().Get("prefix"), r.URL.Query().Get("marker")) {
				sum := md5.Sum(s[container][n])
				list = append(list, map[string]any{"name": n, "bytes": len(s[container][n]), "hash": hex.EncodeToString(sum[:])})
			}
			json.NewEncoder(w).Encode(list)
		}
	})
	o := repository.SwiftOptions{AuthURL: server.URL + "/auth/v1.0", User: "u", Key: "k",
		Accounts: []string{"AUTH_aaaa", "AUTH_shut"}, Projects: []string{repository.AllProjects},
		List: func(context.Context) ([]string, error) { return []string{"bbbb", "cccc", "aaaa"}, nil }}
	p, err := repository.OpenSwift(t.Context(), "lab", "volumebackups", repository.Options{Swift: o})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	page, err := p.Backups(t.Context(), core.Query{})
	if err != nil || len(page.Rows) != 8 {
		t.Fatalf("%d rows, %v", len(page.Rows), err)
	}
	for _, b := range page.Rows {
		want := map[string]core.ProjectID{"Kilo (2015.1)": "aaaa"}[b.Layout.Writer()]
		if want == "" {
			want = "bbbb"
		}
		if b.Container.V != "volumebackups" || b.ProjectID != want {
			t.Errorf("%+v", b)
		}
		if r := verify(t, p, core.VerifyRequest{Deep: true, IDs: []core.BackupID{b.ID}})[b.ServiceMetadata.V]; !r.Sound() {
			t.Errorf("%+v", r.Flaws)
		}
	}
	strange, err := p.Unrecognised(t.Context())
	if err != nil || len(strange) != 1 || strange[0].Names[0] != "AUTH_shut/volumebackups/" {
		t.Errorf("%+v, %v", strange, err)
	}
	o.Accounts, o.Projects = []string{"AUTH_none"}, nil
	q, err := repository.OpenSwift(t.Context(), "lab", "volumebackups", repository.Options{Swift: o})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if _, err := q.Backups(t.Context(), core.Query{}); core.CodeOf(err) != core.CodeNotFound {
		t.Error(err)
	}
}
