package verbs

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store"
)

// What is planted, by where it stands. Each is found in no text that is not it.
var plants = map[string]string{
	"password":     "Pl4nt-pa55word/+0",
	"credential":   "Pl4nt-appcredsecret-1",
	"token":        "gAAAAPl4nt-token-2",
	"swift key":    "Pl4nt-swiftkey-3",
	"swift token":  "AUTH_tkPl4nt-swifttoken-4",
	"s3 secret":    "Pl4nt/s3secretkey+5",
	"s3 session":   "Pl4nt-s3session-6",
	"proxy":        "Pl4nt-proxypass-7",
	"database":     "Pl4nt-dbpass-8",
	"unquoted":     "Pl4nt_unquoted_9",
	"chap":         "Pl4nt-chapsecret-A",
	"metadata":     "Pl4nt-metadatapw-B",
	"yaml":         "Pl4nt-yamltag-C",
	"image secret": "Pl4nt-imagetoken-D",
}

// ofData are those that stand in the data itself: data carries them exactly.
var ofData = []string{"chap", "metadata", "image secret"}

// planted finds the plants in a text, but for some.
func planted(text string, but ...string) (found []string) {
	for name, secret := range plants {
		for _, but := range but {
			if but == name {
				secret = "\x00never"
			}
		}
		for _, way := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), strings.ReplaceAll(secret, "/", `\/`)} {
			if strings.Contains(text, way) {
				found = append(found, name)
				break
			}
		}
	}
	return found
}

// echo is a server that answers every request with an error that repeats all that came,
// but for the logins that are to work.
func echo(t *testing.T, works bool) *httptest.Server {
	t.Helper()
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		said := fmt.Sprint(r.Header, " ", string(body))
		switch {
		case works && strings.HasSuffix(r.URL.Path, "/auth/tokens"):
			w.Header().Set("X-Subject-Token", plants["token"])
			w.WriteHeader(http.StatusCreated)
			fmt.Fprintf(w, `{"token": {"expires_at": "2099-01-01T00:00:00Z", "user": {"id": "u", "name": "u"}, "project": {"id": "p", "name": "p"},
				"catalog": [{"type": "volumev3", "endpoints": [{"interface": "public", "url": %q}]}]}}`, s.URL+"/v3/p")
		case works && strings.HasPrefix(r.URL.Path, "/auth/v1.0"):
			w.Header().Set("X-Storage-Url", s.URL+"/v1/AUTH_p")
			w.Header().Set("X-Auth-Token", plants["swift token"])
		case strings.HasSuffix(r.URL.Path, "/auth/tokens"):
			w.Header().Set("Www-Authenticate", "Keystone")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error": {"code": 400, "message": %q}}`, "cannot take "+said)
		case strings.Contains(r.URL.RawQuery, "list-type"), strings.Contains(r.URL.RawQuery, "location"):
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, "<Error><Code>AccessForbidden</Code><Message>%s</Message></Error>",
				strings.NewReplacer("<", "", "&", "").Replace(said+plants["s3 secret"]))
		case strings.HasPrefix(r.URL.Path, "/v1/"):
			http.Error(w, said, http.StatusTeapot)
		default:
			w.Header().Set("X-Openstack-Request-Id", "req-1")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"badRequest": {"code": 400, "message": %q}}`, said+" "+url.QueryEscape(plants["password"])+" "+plants["password"])
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// TestSecretsStayHidden plants secrets everywhere that they can come from, runs the real
// program, and looks for them in everything that it writes.
func TestSecretsStayHidden(t *testing.T) {
	if runtime.GOOS == "windows" || testing.Short() {
		t.Skip("its programs are of a shell's, and it runs the real one many times")
	}
	b := build(t)
	b.home = t.TempDir()
	refuses, works := echo(t, false), echo(t, true)
	file := filepath.Join(b.home, "store.sqlite")
	p, err := store.MakeDemo(t.Context(), file, store.World{Volumes: 3, Backups: 6, Until: noon}, store.Options{Now: clockAt(noon)})
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	change(t, file, "UPDATE volumes SET provider_auth = 'CHAP user "+plants["chap"]+"'",
		`INSERT OR REPLACE INTO volume_metadata (volume_id, "key", value) SELECT id, 'db_password', '`+plants["metadata"]+`' FROM volumes`,
		`UPDATE hearth_captures SET text = replace(text, '"volume-base-metadata": {', '"volume-user-metadata": {"db_password": "`+
			plants["metadata"]+`"}, "volume-glance-metadata": {"api_token": "`+plants["image secret"]+
			`"}, "volume-base-metadata": {"provider_auth": "`+plants["chap"]+`", ')`,
		// as an older hearth left it: the fingerprints are made when it is opened
		"ALTER TABLE hearth_captures DROP COLUMN sum", "ALTER TABLE hearth_captures DROP COLUMN summed",
		"DROP INDEX hearth_captures_turn", "ALTER TABLE hearth_captures DROP COLUMN turn", "PRAGMA user_version = 3",
		`INSERT INTO volume_glance_metadata (volume_id, "key", value) SELECT id, 'api_token', '`+plants["image secret"]+`' FROM volumes`)
	clouds := fmt.Sprintf(`clouds:
  refused: {auth: {auth_url: "%[1]s/v3", username: u, project_name: p, user_domain_id: d, project_domain_id: d, password: %[3]q}}
  credential: {auth: {auth_url: "%[1]s/v3", application_credential_id: a, application_credential_secret: %[4]q}}
  works: {auth: {auth_url: "%[2]s/v3", username: u, project_name: p, user_domain_id: d, project_domain_id: d, password: %[3]q}}
  proxied: {auth: {auth_url: "http://keystone.invalid/v3", username: u, project_name: p, user_domain_id: d, password: x}}
`, refuses.URL, works.URL, plants["password"], plants["credential"])
	write := func(name, text string) string {
		t.Helper()
		name = filepath.Join(b.home, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		return name
	}
	write("config/openstack/clouds.yaml", clouds)
	host := strings.TrimPrefix(refuses.URL, "http://")
	config := fmt.Sprintf("[places.box]\nlocation = \"swift:x/box\"\nswift = { auth_url = %q, user = \"u\", key = %q }\n"+
		"[places.bucket]\nlocation = \"s3://%s/bucket\"\n"+
		"s3 = { access_key = \"AKIA\", secret_key = %q, session_token = %q, plain_http = true }\n",
		works.URL+"/auth/v1.0", plants["swift key"], host, plants["s3 secret"], plants["s3 session"])
	b.configure(config)
	broken := write("broken.toml", "place = \"demo\"\n[places.bucket]\nlocation = \"s3://h/b\"\ns3 = { access_key = \"a\", secret_key = "+
		plants["unquoted"]+" }\n")
	typed := write("typed.toml", "[places.box]\nlocation = \"swift:x/box\"\n[places.box.swift]\nkey = [\""+plants["unquoted"]+"\"]\n")
	seen := filepath.Join(b.home, "arguments")
	for _, name := range []string{"rbd", "rados", "ceph", "xclip", "xsel", "wl-copy", "tmux"} {
		write("bin/"+name, "#!/bin/sh\necho \"$0 $*\" >> "+seen+"\ncat >> "+seen+"\nexit 1\n")
	}
	b.env = []string{"PATH=" + b.home + "/bin:" + os.Getenv("PATH"), "HTTP_PROXY=http://u:" + plants["proxy"] + "@127.0.0.1:1",
		"MYSQL_PWD=" + plants["database"], "PGPASSWORD=" + plants["database"], "DISPLAY=:9"}
	badYAML := write("bad/clouds.yaml", "clouds:\n  c:\n    auth: {password: *"+plants["yaml"]+"}\n")
	tagged := write("tagged/clouds.yaml", "clouds:\n  c:\n    auth: {auth_url: http://x, password: !!int "+plants["yaml"]+"}\n")

	quiet := func(what string, got outcome, but ...string) {
		t.Helper()
		if found := planted(got.out+got.err, but...); len(found) > 0 {
			t.Errorf("%s prints %q:\n%s%s", what, found, got.out, got.err)
		}
	}
	pass := url.PathEscape(plants["database"])
	failed := 0
	for _, args := range []string{
		"backups --cloud refused", "backups --cloud credential", "backups --cloud works", "volumes --cloud works -o json", "places",
		"delete 0b1c2d3e-0000-4000-8000-000000000000 --yes --cloud works", "backups --place box",
		"backups --place bucket", "verify --place bucket", "check", "backups --config " + broken, "backups --config " + typed,
		"check --config " + broken, "backups --place mysql://u:" + pass + "@127.0.0.1:1/cinder",
		"backups --place postgres://u:" + pass + "@127.0.0.1:1/cinder", "backups --place mysqlx://u:" + pass + "@127.0.0.1:1/cinder",
		"backups --place mysql://127.0.0.1:1/cinder", "backups --place ceph:pool",
	} {
		got := b.run(strings.Fields(args)...)
		if quiet("hearth "+args, got); got.code != 0 {
			failed++
		}
	}
	if failed < 13 {
		t.Errorf("only %d of the calls failed, and so said what others wrote", failed)
	}
	for _, file := range []string{badYAML, tagged} {
		b.env = append(b.env, "OS_CLIENT_CONFIG_FILE="+file)
		for _, args := range []string{"backups --cloud c", "check"} {
			quiet("hearth "+args+" with "+file, b.run(strings.Fields(args)...))
		}
	}

	if told, err := os.ReadFile(seen); err != nil || !strings.Contains(string(told), "/bin/r") { // rbd or rados
		t.Errorf("no program of Ceph was run: %q, %v", told, err)
	}
	volume := strings.Fields(b.run("volumes", "--store", file, "-o", "value", "-c", "id").out)[0]
	backups := strings.Fields(b.run("backups", "--store", file, "-o", "value", "-c", "id").out)
	for _, args := range []string{"volumes", "backups", "volume " + volume, "plan --onto " + volume + " " + backups[0],
		"plan --new n " + backups[0],
		"backup " + backups[0], "diff " + volume + " " + backups[0], "journal", "coverage"} {
		quiet("hearth "+args, b.run(append(strings.Fields(args), "--store", file)...))
	}
	if got := b.run("volume", volume, "--store", file); !strings.Contains(got.out, core.Masked) {
		t.Errorf("nothing is masked:\n%s%s", got.out, got.err)
	}
	// JSON, YAML and captures carry metadata as it is.
	for _, args := range []string{"volume " + volume + " -o json", "volume " + volume + " -o yaml", "capture " + volume} {
		if got := b.run(append(strings.Fields(args), "--store", file)...); !strings.Contains(got.out, plants["metadata"]) ||
			!strings.Contains(got.out, plants["image secret"]) {
			t.Errorf("hearth %s does not carry the metadata:\n%s%s", args, got.out, got.err)
		}
	}
	masked, plain := filepath.Join(b.home, "masked.bundle"), filepath.Join(b.home, "plain.bundle")
	quiet("capture --save", b.run("capture", volume, "--save", "--store", file), ofData...)
	quiet("archive", b.run("archive", "--store", file), ofData...)
	quiet("archive --bundle", b.run("archive", "--store", file, "--bundle", plain))
	quiet("archive --bundle --mask-secrets", b.run("archive", "--store", file, "--bundle", masked, "--mask-secrets"))
	if text, err := os.ReadFile(plain); err != nil || len(planted(string(text))) != len(ofData) {
		t.Errorf("the bundle that is not masked holds no capture with a secret: %v", err)
	}
	b.lookThrough(t, map[string][]string{masked: nil, plain: ofData, file: ofData})
}

// lookThrough greps all files of the home; those that are given may hold some plants, and
// what was written here is passed over.
func (b *binary) lookThrough(t *testing.T, given map[string][]string) {
	t.Helper()
	looked := 0
	err := filepath.WalkDir(b.home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "clouds.yaml") || strings.HasSuffix(path, ".toml") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		may, known := given[path]
		switch {
		case strings.Contains(path, "token-"):
			may = []string{"token"}
		case strings.Contains(path, "archive.sqlite"):
			may = ofData
		case strings.HasPrefix(path, b.home+"/bin/"):
			return nil
		}
		looked++
		if found := planted(string(text), may...); len(found) > 0 {
			t.Errorf("%s holds %q", path, found)
		}
		if len(may) > 0 && !known && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s may hold a secret, and is of mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil || looked < 4 {
		t.Errorf("%d files were looked into: %v", looked, err)
	}
}
