package repository_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/repository"
)

// TestSwiftStaysHome: neither the key of a login nor the token goes where a redirect
// leads, and both URLs are named; on its own host a redirect is followed.
func TestSwiftStaysHome(t *testing.T) {
	var seen []string
	witness := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.URL.Path+" "+r.Header.Get("X-Auth-Token")+r.Header.Get("X-Auth-Key"))
	}))
	defer witness.Close()
	pages := 0
	real := dump(t, root("swift", "dump")).swift(t, &pages)
	for _, lost := range []string{"/auth/", "/v1/"} {
		moved := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, lost) {
				http.Redirect(w, r, witness.URL+r.URL.Path, http.StatusFound)
				return
			}
			w.Header().Set("X-Storage-Url", "http://"+r.Host+"/v1/AUTH_backup")
			w.Header().Set("X-Auth-Token", "token")
		}))
		defer moved.Close()
		p := openBox(t, moved.URL)
		_, err := p.Backups(t.Context(), core.Query{})
		if core.CodeOf(err) != core.CodeRefused || !strings.Contains(err.Error(), moved.URL+lost) ||
			!strings.Contains(err.Error(), witness.URL+lost) {
			t.Errorf("%s led away: %v", lost, err)
		}
	}
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/old") {
			http.Redirect(w, r, strings.TrimPrefix(r.URL.Path, "/old"), http.StatusMovedPermanently)
			return
		}
		r.RequestURI = ""
		real.Config.Handler.ServeHTTP(w, r)
	}))
	defer inside.Close()
	p := openBox(t, inside.URL+"/old")
	if page, err := p.Backups(t.Context(), core.Query{}); err != nil || len(page.Rows) == 0 {
		t.Errorf("on its own host: %d rows, %v", len(page.Rows), err)
	}
	if len(seen) > 0 {
		t.Errorf("another host saw %q", seen)
	}
}

func openBox(t *testing.T, url string) *repository.Place {
	t.Helper()
	p, err := repository.OpenSwift(t.Context(), "lab", "shared-box",
		repository.Options{Swift: repository.SwiftOptions{AuthURL: url + "/auth/v1.0", User: "backup:cinder", Key: "labpass"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}
