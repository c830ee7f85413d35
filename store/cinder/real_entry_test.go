package cinder_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store"
)

// TestRealBesideOpenstack writes the login of the cloud in the ways that there are, and
// has the openstack client and hearth enter by each: into the same project, or neither.
// HEARTH_TEST_OPENSTACK is a Python that has the client.
func TestRealBesideOpenstack(t *testing.T) {
	python := os.Getenv("HEARTH_TEST_OPENSTACK")
	if python == "" {
		t.Skip("HEARTH_TEST_OPENSTACK names no Python that has the openstack client, such as Debian's /usr/bin/python3")
	}
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	base := entry(t, s.name)
	a := auth(t, base)
	me := s.whoAmI(a)
	credential := s.credential(me)
	logins := ways(base, a, me, credential, s.token)
	withClouds(t, logins)
	for _, name := range slices.Sorted(maps.Keys(logins)) {
		t.Run(name, func(t *testing.T) {
			theirs, said := issued(t, python, name)
			place, err := store.Open(s.ctx, store.Location{Scheme: "cloud", Rest: name}, store.Options{})
			var ours core.Scope
			if err == nil {
				defer place.Close()
				ours, err = place.(store.Scoper).Scope(s.ctx)
			}
			if (err == nil) != (theirs != "") || string(ours.Project.ID) != theirs {
				t.Errorf("openstack enters %q (%s), hearth %q (%v)", theirs, said, ours.Project.ID, err)
			}
		})
	}
}

// credential is an application credential.
type credential struct{ ID, Name, Secret string }

// ways are ways to write a login, by a word for each.
func ways(base, a map[string]any, me me, c credential, token string) map[string]map[string]any {
	address, _ := a["auth_url"].(string)
	project, zero := me.Project, strings.Repeat("0", 32)
	out := map[string]map[string]any{"as it is": base}
	// by adds a way: the user with more keys, and an empty one for those that it is to
	// do without.
	by := func(name, kind string, more ...string) {
		auth := map[string]any{"auth_url": address, "username": a["username"], "password": a["password"], "user_domain_id": me.User.Domain.ID}
		for i := 0; i < len(more); i += 2 {
			if delete(auth, more[i]); more[i+1] != "" {
				auth[more[i]] = more[i+1]
			}
		}
		out[name] = map[string]any{"auth": auth, "region_name": base["region_name"]}
		if kind != "" {
			out[name]["auth_type"] = kind
		}
	}
	bare := []string{"username", "", "password", "", "user_domain_id", ""}
	none := func(more ...string) []string { return append(slices.Clone(bare), more...) }
	by("ids", "", "username", "", "user_domain_id", "", "user_id", me.User.ID, "project_id", project.ID)
	by("an old project's name", "", "tenant_name", project.Name, "project_domain_id", project.Domain.ID)
	by("an old project's id", "", "tenant_id", project.ID)
	by("one domain for both", "", "user_domain_id", "", "project_name", project.Name, "domain_id", project.Domain.ID)
	by("a default domain", "", "user_domain_id", "", "project_name", project.Name, "default_domain_id", project.Domain.ID)
	by("domains by name", "", "user_domain_id", "", "project_name", project.Name, "domain_name", project.Domain.Name)
	by("without a version", "", "auth_url", strings.TrimSuffix(strings.TrimRight(address, "/"), "/v3"), "project_id", project.ID)
	by("version 3", "v3password", "project_id", project.ID)
	by("hyphens", "", "user_domain_id", "", "user-domain-id", me.User.Domain.ID, "project-id", project.ID)
	by("a token", "token", none("token", token, "project_id", project.ID)...)
	by("a token, version 3", "v3token", none("token", token, "project_id", project.ID)...)
	id := none("application_credential_id", c.ID, "application_credential_secret", c.Secret)
	by("a credential's id", "v3applicationcredential", id...)
	by("a credential for another project", "v3applicationcredential", append(id, "project_id", zero)...)
	by("a credential's name", "v3applicationcredential", "password", "", "application_credential_name", c.Name,
		"application_credential_secret", c.Secret)
	by("a wrong password", "", "password", "wrong", "project_id", project.ID)
	by("no such project", "", "project_id", zero)
	by("no domain", "", "user_domain_id", "", "project_name", project.Name)
	beside := map[string]any{"auth": map[string]any{"auth_url": address, "project_id": project.ID}, "region_name": base["region_name"]}
	beside["username"], beside["password"], beside["user_domain_id"] = a["username"], a["password"], me.User.Domain.ID
	out["beside auth"] = beside
	return out
}

// issued is the project that the client's token is for; "" where it gets none, and
// what it says.
func issued(t *testing.T, python, cloud string) (project, said string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), python, "-W", "ignore", "-m", "openstackclient.shell", "token", "issue", "-f", "json")
	cmd.Env = append(os.Environ(), "OS_CLOUD="+cloud)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var token struct {
		Project string `json:"project_id"`
	}
	json.Unmarshal(out.Bytes(), &token)
	if err == nil && token.Project == "" {
		t.Errorf("%s: a token for no project: %s", cloud, out.String())
	}
	lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
	return token.Project, lines[len(lines)-1]
}

// me is who a token says that one is.
type me struct {
	identity      string
	User, Project struct {
		ID, Name string
		Domain   struct{ ID, Name string }
	}
}

// whoAmI asks Keystone about the suite's own token.
func (s *site) whoAmI(auth map[string]any) me {
	s.t.Helper()
	address, _ := auth["auth_url"].(string)
	m := me{identity: strings.TrimSuffix(strings.TrimRight(address, "/"), "/v3") + "/v3"}
	s.keystone(http.MethodGet, m.identity+"/auth/tokens", nil, &struct{ Token *me }{&m})
	return m
}

// credential is an application credential of the suite's own; it goes with the test.
func (s *site) credential(m me) (c credential) {
	s.t.Helper()
	at := m.identity + "/users/" + m.User.ID + "/application_credentials"
	s.keystone(http.MethodPost, at, map[string]any{"application_credential": map[string]any{"name": named("credential")}},
		&struct {
			Credential any `json:"application_credential"`
		}{&c})
	s.t.Cleanup(func() { s.keystone(http.MethodDelete, at+"/"+c.ID, nil, nil) })
	return c
}

// keystone asks Keystone by a bare hand.
func (s *site) keystone(method, url string, body, into any) {
	s.t.Helper()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			s.t.Fatal(err)
		}
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", s.token)
	req.Header.Set("X-Subject-Token", s.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		s.t.Fatalf("%s %s: %s", method, url, res.Status)
	}
	if into != nil {
		if err := json.NewDecoder(res.Body).Decode(into); err != nil {
			s.t.Fatal(err)
		}
	}
}
