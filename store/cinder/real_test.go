package cinder_test

// The tests named TestReal… work on a real Cinder: any cloud of clouds.yaml, named by
// HEARTH_TEST_CLOUD. They are in this room because a cloud is what they test, with
// everything that stands on it: the driver, and over it the jobs. Where it is the
// program that counts, they build it and run it.
//
//	HEARTH_TEST_CLOUD       the cloud; without it these tests are skipped
//	HEARTH_TEST_CLOUD2      another with the same backup repository, for transfers
//	HEARTH_TEST_MEMBER, HEARTH_TEST_READER   logins of one project of the first
//	HEARTH_TEST_REPOSITORY  the folder of a Posix or NFS repository: the captures
//	                        that Cinder itself stored
//	HEARTH_TEST_VOLUMES     the folder where the cloud keeps volumes, a file each: their bytes
//	HEARTH_TEST_POLICY      the folder of the first cloud's own policy files, for a rule in passing
//	HEARTH_TEST_DATABASE    the location of its database, HEARTH_TEST_DATABASE2 that of the second cloud's
//	HEARTH_TEST_SQL         a command that runs SQL of -e on its database, for a row in passing
//	HEARTH_TEST_DESTROY=1   also restore and export backups that were there before
//
// They change and delete only what they made themselves; what they name is called
// hearth-test-RUN-…, RUN being new each time. A place that the config marks
// read_only they refuse.

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/adrg/xdg"
	"go.yaml.in/yaml/v3"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/archive"
	"hearth/store/jobs"
)

var run = func() string {
	b := make([]byte, 3)
	rand.Read(b)
	return "hearth-test-" + hex.EncodeToString(b)
}()

// site is a cloud that the suite works in: hearth's view of it, and a bare hand
// beside that, which asks the API itself.
type site struct {
	t    *testing.T
	ctx  context.Context
	name string
	desk jobs.Desk

	endpoint, token string
	made            *made
	told            map[string]bool // the codes of reasons that were seen; nil: nobody asks
	faces           *faces          // nil: only the jobs are looked at
	database        *database       // nil: only the cloud is asked for previews
}

// made is what the suite has made in a cloud, and must take away.
type made struct {
	mu      sync.Mutex
	volumes []core.VolumeID
	backups []core.BackupID
}

// realCloud opens the cloud that an environment variable names; without that the
// test is skipped.
func realCloud(t *testing.T, variable string) *site {
	t.Helper()
	name := os.Getenv(variable)
	if name == "" {
		t.Skip(variable + " names no cloud of clouds.yaml")
	}
	return openSite(t, name)
}

func openSite(t *testing.T, name string) *site {
	t.Helper()
	refuseReadOnly(t, name)
	s := &site{t: t, ctx: lasting(t), name: name, made: &made{}}
	cache := t.TempDir()
	s.desk = s.openDesk(name, cache)
	if _, err := s.desk.Place.(store.Scoper).Scope(s.ctx); err != nil {
		t.Fatal(err)
	}
	s.endpoint, s.token = keptToken(t, cache)
	t.Cleanup(s.tidy)
	return s
}

// openDesk is hearth on a cloud, with an archive of its own.
func (s *site) openDesk(name, cache string) jobs.Desk {
	s.t.Helper()
	place, err := store.Open(s.ctx, store.Location{Scheme: "cloud", Rest: name}, store.Options{AllProjects: true, CacheDir: cache})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { place.Close() })
	a, err := archive.Open(s.ctx, filepath.Join(s.t.TempDir(), "archive.sqlite"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { a.Close() })
	return jobs.Desk{Place: place, Archive: a, Who: run, Pace: jobs.Pace{Now: time.Now, Sleep: hurried}}
}

// hurried waits less than a person would: the suite waits a great deal.
func hurried(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(min(d, 700*time.Millisecond)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lasting is a context that ends early enough before the test is killed to tidy up.
func lasting(t *testing.T) context.Context {
	deadline, ok := t.Deadline()
	if !ok {
		return t.Context()
	}
	ctx, cancel := context.WithDeadline(t.Context(), deadline.Add(-time.Minute))
	t.Cleanup(cancel)
	return ctx
}

// refuseReadOnly keeps the suite away from what the config marks read_only.
func refuseReadOnly(t *testing.T, name string) {
	t.Helper()
	var c struct{ store.Config }
	file := filepath.Join(xdg.ConfigHome, "hearth", "config.toml")
	if _, err := toml.DecodeFile(file, &c); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	_, p, err := c.Find("cloud:" + name)
	if err != nil {
		t.Fatal(err)
	}
	if p.ReadOnly {
		t.Fatalf("%s marks the cloud %s read_only: the suite makes volumes and backups, so name another with HEARTH_TEST_CLOUD", file, name)
	}
}

// keptToken reads the token that hearth keeps: the hand needs no login of its own.
func keptToken(t *testing.T, cache string) (endpoint, token string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(cache, "token-*.json"))
	if len(files) != 1 {
		t.Fatalf("hearth keeps %d tokens in a fresh folder", len(files))
	}
	body, err := os.ReadFile(files[0])
	var p struct{ Endpoint, Token string }
	if err == nil {
		err = json.Unmarshal(body, &p)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p.Endpoint, p.Token
}

// in is the site for a subtest.
func (s *site) in(t *testing.T) *site {
	in := *s
	in.t = t
	return &in
}

// destroys skips what touches other backups, unless it is allowed.
func destroys(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("HEARTH_TEST_DESTROY") != "1" {
		t.Skip(what + " touches backups that the suite did not make: allow it with HEARTH_TEST_DESTROY=1")
	}
}

// named is a name of the suite's own.
func named(what string) string { return run + "-" + what }

// ask sends a request by hand. The answer is nil where there is none.
func (s *site) ask(ctx context.Context, method, path string, body any) (int, *pyjson.Object, error) {
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		in = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, s.endpoint+path, in)
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("X-Auth-Token", s.token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("OpenStack-API-Version", "volume latest")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || len(text) == 0 {
		return res.StatusCode, nil, err
	}
	v, err := pyjson.Parse(string(text))
	return res.StatusCode, v.Object(), err
}

// must is ask for what has to work.
func (s *site) must(method, path string, body any) *pyjson.Object {
	s.t.Helper()
	status, o, err := s.ask(s.ctx, method, path, body)
	if err != nil || status >= 300 {
		s.t.Fatalf("%s %s: %d %s %v", method, path, status, pyjson.Text(pyjson.OfDict(o)), err)
	}
	return o
}

type dict = map[string]any

// at follows keys into an object.
func at(o *pyjson.Object, keys ...string) pyjson.Value {
	v := pyjson.OfDict(o)
	for _, key := range keys {
		v, _ = v.Object().Get(key)
	}
	return v
}

// volume makes a volume of the suite's and waits for it.
func (s *site) volume(name string, gib int64, more dict) core.VolumeID {
	s.t.Helper()
	args := dict{"size": gib}
	if name != "" {
		args["name"] = named(name)
	}
	for k, v := range more {
		args[k] = v
	}
	id := core.VolumeID(at(s.must("POST", "/volumes", dict{"volume": args}), "volume", "id").Text())
	s.keep(id)
	if status := s.await(id); status != "available" {
		s.t.Fatalf("the volume %s is %s", id, status)
	}
	return id
}

// dressed is a volume with metadata and image metadata of its own.
func (s *site) dressed(name string, gib int64, bootable bool) core.VolumeID {
	s.t.Helper()
	id := s.volume(name, gib, dict{"description": "was here before", "metadata": dict{"env": "test", "kept": "perhaps"}})
	s.image(id, dict{"image_name": "old image", "os_distro": "centos"})
	s.must("POST", "/volumes/"+string(id)+"/action", dict{"os-set_bootable": dict{"bootable": bootable}})
	return id
}

func (s *site) image(id core.VolumeID, metadata dict) {
	s.t.Helper()
	s.must("POST", "/volumes/"+string(id)+"/action", dict{"os-set_image_metadata": dict{"metadata": metadata}})
}

// keep notes a volume to be taken away in the end.
func (s *site) keep(id core.VolumeID) {
	s.made.mu.Lock()
	defer s.made.mu.Unlock()
	if id != "" && !slices.Contains(s.made.volumes, id) {
		s.made.volumes = append(s.made.volumes, id)
	}
}

// keepBackup notes a backup to be taken away in the end.
func (s *site) keepBackup(id core.BackupID) {
	s.made.mu.Lock()
	defer s.made.mu.Unlock()
	if id != "" && !slices.Contains(s.made.backups, id) {
		s.made.backups = append(s.made.backups, id)
	}
}

// await waits until nothing is under way on a volume and returns its status; "" if
// it is gone.
func (s *site) await(id core.VolumeID) string {
	s.t.Helper()
	for {
		status, o, err := s.ask(s.ctx, "GET", "/volumes/"+string(id), nil)
		now := at(o, "volume", "status").Text()
		switch {
		case err != nil:
			s.t.Fatal(err)
		case status == 404:
			return ""
		case status >= 300:
			s.t.Fatalf("GET volume %s: %d %s", id, status, pyjson.Text(pyjson.OfDict(o)))
		case now != "creating" && now != "restoring-backup" && now != "deleting" && now != "backing-up":
			return now
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// state is a volume as the API shows it, read by hand.
func (s *site) state(id core.VolumeID) core.State {
	s.t.Helper()
	v := at(s.must("GET", "/volumes/"+string(id), nil), "volume").Object()
	image := at(v, "volume_image_metadata").Object()
	if image == nil {
		image = &pyjson.Object{}
	}
	// The volume's own answer mixes the administrator's keys in.
	metadata := at(s.must("GET", "/volumes/"+string(id)+"/metadata", nil), "metadata").Object()
	return core.State{
		Name:            at(v, "name"),
		Description:     at(v, "description"),
		EncryptionKeyID: at(v, "encryption_key_id"),
		VolumeTypeID:    at(v, "volume_type_id"),
		Bootable:        at(v, "bootable").Text() == "true",
		Metadata:        metadata,
		Image:           image,
	}
}

// seen are the fields that a person can see of a volume: all but the ids of its
// type and key, of which a restore makes others.
func seen(s core.State) core.State {
	s.EncryptionKeyID, s.VolumeTypeID = pyjson.None, pyjson.None
	return s
}

// tidy takes away what was made: backups that stand on others first. A volume that
// is of no use to anybody is forced.
func (s *site) tidy() {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second+time.Duration(len(s.made.backups))*time.Second)
	defer cancel()
	s.strays(ctx)
	left := slices.Clone(s.made.backups)
	slices.Reverse(left)
	for n := 0; len(left) > 0 && ctx.Err() == nil; n++ {
		left = slices.DeleteFunc(left, func(id core.BackupID) bool { return s.gone(ctx, "/backups/"+string(id), n) })
		time.Sleep(200 * time.Millisecond)
	}
	volumes := slices.Clone(s.made.volumes)
	for n := 0; len(volumes) > 0 && ctx.Err() == nil; n++ {
		volumes = slices.DeleteFunc(volumes, func(id core.VolumeID) bool { return s.gone(ctx, "/volumes/"+string(id), n) })
		time.Sleep(200 * time.Millisecond)
	}
	if len(left)+len(volumes) > 0 {
		s.t.Errorf("left behind in %s: backups %q, volumes %q", s.name, left, volumes)
	}
}

// gone asks for a deletion until there is nothing to delete.
func (s *site) gone(ctx context.Context, path string, n int) bool {
	status, _, _ := s.ask(ctx, "GET", path, nil)
	if status == 404 {
		return true
	}
	status, _, _ = s.ask(ctx, "DELETE", path, nil)
	if status >= 400 && n > 20 {
		s.ask(ctx, "POST", path+"/action", dict{"os-reset_status": dict{"status": "error"}})
	}
	return status == 404
}

// strays finds what was made and never known of: where an answer was lost.
func (s *site) strays(ctx context.Context) {
	_, o, _ := s.ask(ctx, "GET", "/volumes?limit=500", nil)
	for _, v := range at(o, "volumes").Items() {
		if strings.HasPrefix(at(v.Object(), "name").Text(), run) {
			s.keep(core.VolumeID(at(v.Object(), "id").Text()))
		}
	}
	_, o, _ = s.ask(ctx, "GET", "/backups?limit=500", nil)
	for _, b := range slices.Backward(at(o, "backups").Items()) { // oldest first, as they are made
		if strings.HasPrefix(at(b.Object(), "name").Text(), run) {
			s.keepBackup(core.BackupID(at(b.Object(), "id").Text()))
		}
	}
}

// backup has hearth make a backup of a volume, with its capture kept, and waits for
// it.
func (s *site) backup(volume core.VolumeID, name string, incremental bool) core.Backup {
	s.t.Helper()
	plan, err := s.desk.PlanCreate(s.ctx, core.BackupRequest{Volume: volume, Name: named(name), Incremental: incremental})
	if err != nil {
		s.t.Fatal(err)
	}
	made, err := s.desk.Create(s.ctx, plan, true, nil)
	s.keepBackup(made.Backup.ID)
	if err == nil {
		err = made.CaptureErr
	}
	if err != nil {
		s.t.Fatal(err)
	}
	if incremental && plan.Parent == nil {
		s.t.Errorf("%s: hearth did not say what it would stand on", name)
	}
	return made.Backup
}

// entry is what clouds.yaml and secure.yaml say of a cloud, for one that differs
// from it; the test is skipped where there is no such file.
func entry(t *testing.T, name string) map[string]any {
	t.Helper()
	for _, file := range cloudsFiles() {
		body, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		e := cloudsOf(t, body)[name]
		if e == nil {
			break
		}
		if body, err := os.ReadFile(filepath.Join(filepath.Dir(file), "secure.yaml")); err == nil {
			merge(e, cloudsOf(t, body)[name])
		}
		return e
	}
	t.Skip("no clouds.yaml names " + name + ", and this test wants a cloud like it")
	return nil
}

func cloudsFiles() []string {
	if file := os.Getenv("OS_CLIENT_CONFIG_FILE"); file != "" {
		return []string{file}
	}
	return []string{"clouds.yaml", filepath.Join(xdg.ConfigHome, "openstack", "clouds.yaml"), "/etc/openstack/clouds.yaml"}
}

func cloudsOf(t *testing.T, body []byte) map[string]map[string]any {
	t.Helper()
	var flat any // merges are resolved before anything is shaped
	var doc struct{ Clouds map[string]map[string]any }
	err := yaml.Unmarshal(body, &flat)
	if err == nil {
		body, err = yaml.Marshal(flat)
	}
	if err == nil {
		err = yaml.Unmarshal(body, &doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	return doc.Clouds
}

func merge(into, from map[string]any) {
	for k, v := range from {
		inner, ok := into[k].(map[string]any)
		more, isMap := v.(map[string]any)
		if ok && isMap {
			merge(inner, more)
		} else {
			into[k] = v
		}
	}
}

// auth is the part of an entry that logs in.
func auth(t *testing.T, e map[string]any) map[string]any {
	t.Helper()
	a, ok := e["auth"].(map[string]any)
	if !ok {
		t.Skip("the cloud's entry has no auth")
	}
	return a
}

// withClouds has the test see a clouds.yaml of its own.
func withClouds(t *testing.T, clouds map[string]map[string]any) {
	t.Helper()
	body, err := yaml.Marshal(dict{"clouds": clouds})
	file := filepath.Join(t.TempDir(), "clouds.yaml")
	if err == nil {
		err = os.WriteFile(file, body, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("OS_CLIENT_CONFIG_FILE", file)
}

// sentence holds an error to what a person needs: one sentence, of the right kind.
func sentence(t *testing.T, what string, err error, code core.Code, says ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	text := err.Error()
	if got := core.CodeOf(err); got != code {
		t.Errorf("%s: the error is %s, and not %s: %s", what, got, code, text)
	}
	if !strings.HasPrefix(text, "cannot ") || strings.ContainsAny(text, "\n\t{}") || strings.HasSuffix(text, ".") || len(text) > 500 {
		t.Errorf("%s: no sentence: %q", what, text)
	}
	for _, part := range says {
		if !strings.Contains(text, part) {
			t.Errorf("%s: %q does not say %q", what, text, part)
		}
	}
	t.Logf("%s: %s", what, text)
}
