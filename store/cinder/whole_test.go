package cinder

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"hearth/core"
)

// lying is a cloud of n backups, two a page, whose proxy changes what comes back.
func lying(t *testing.T, n int, link func(marker string) string, rows func(from, to int) (int, int), count func() int) *cloud {
	c := newCloud(t)
	c.on("GET /backups/detail", func(w http.ResponseWriter, r *http.Request) {
		from := 0
		if m := r.URL.Query().Get("marker"); m != "" {
			fmt.Sscanf(m, "b%d", &from)
			from++
		}
		to := min(from+2, n)
		links := ""
		if to < n {
			links = fmt.Sprintf(`, "backups_links": [{"rel": "next", "href": "http://x/backups/detail?%s"}]`, link(fmt.Sprint("b", to-1)))
		}
		from, to = rows(from, to)
		var list []string
		for i := from; i < to; i++ {
			list = append(list, fmt.Sprintf(`{"id": "b%d", "status": "available", "size": 1, "created_at": "2026-01-01T00:00:00"}`, i))
		}
		counted := ""
		if r.URL.Query().Get("with_count") != "" {
			counted = fmt.Sprintf(`, "count": %d`, count())
		}
		reply200(`{"backups": [`+strings.Join(list, ", ")+`]`+links+counted+`}`)(w, r)
	})
	return c
}

// TestNotWhole: a list that ended early says so, with the rows that there are, and
// goes on saying so, to who waits for it and to who looks on as it comes; one that did
// not is followed to its end.
func TestNotWhole(t *testing.T) {
	as := func(from, to int) (int, int) { return from, to }
	marked := func(m string) string { return "marker=" + m }
	n, came := 0, false
	for what, x := range map[string]struct {
		link func(string) string
		rows func(int, int) (int, int)
		n    func() int
		want int
		code core.Code
	}{
		"honest":                 {marked, as, func() int { return 7 }, 7, ""},
		"no marker in the links": {func(string) string { return "limit=2" }, as, func() int { return 7 }, 7, ""},
		"the same page again":    {func(string) string { return "marker=b1" }, as, func() int { return 7 }, 4, core.CodeIncomplete},
		"an empty page that names no next": {func(string) string { return "limit=2" }, func(from, to int) (int, int) {
			if from == 2 {
				return from, from
			}
			return from, to
		}, func() int { return 7 }, 2, core.CodeIncomplete},
		"rows left out": {marked, func(from, to int) (int, int) {
			if from == 2 {
				return from, to - 1
			}
			return from, to
		}, func() int { return 7 }, 6, core.CodeIncomplete},
		"one came between choosing and counting": {marked, func(from, to int) (int, int) {
			if from == 0 && !came {
				came = true
				return 1, to
			}
			return from, to
		}, func() int { return 7 }, 7, ""},
		"one went meanwhile": {marked, func(from, to int) (int, int) {
			if from == 2 {
				return from, to - 1
			}
			return from, to
		}, func() int { n++; return 8 - n }, 6, ""},
	} {
		n, came = 0, false
		p := lying(t, 7, x.link, x.rows, x.n).direct()
		for _, again := range []string{"", ", again"} {
			page, err := p.Backups(t.Context(), core.Query{})
			if len(page.Rows) != x.want || core.CodeOf(err) != x.code {
				t.Errorf("%s%s: %d rows, %v", what, again, len(page.Rows), err)
			}
		}
		n = 0
		p = lying(t, 7, x.link, x.rows, x.n).direct()
		var page core.Page[core.Backup]
		for deadline := time.Now().Add(time.Minute); !page.Complete && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			var err error
			if page, err = p.Backups(t.Context(), core.Query{Partial: true}); err != nil {
				t.Errorf("%s, by and by: %v", what, err)
			}
		}
		if len(page.Rows) != x.want || core.CodeOf(page.Short) != x.code {
			t.Errorf("%s, by and by: %d rows, %v", what, len(page.Rows), page.Short)
		}
	}
}

// TestReadingChangesNothing: what is said of a list that failed is of reading.
func TestReadingChangesNothing(t *testing.T) {
	c := newCloud(t)
	p := c.direct()
	for _, status := range []int{413, 504} {
		c.on("GET /x", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		_, err := p.session.do(t.Context(), call{tried: "list it", path: "/x"})
		wantCode(t, err, core.CodeUnavailable, "try again")
		if text := err.Error(); strings.Contains(text, "quota") || strings.Contains(text, "took effect") {
			t.Errorf("%d: %s", status, text)
		}
	}
	late := call{tried: "list it", method: "GET", path: "/x", timeout: 1}
	_, err := p.session.do(t.Context(), late)
	wantCode(t, err, core.CodeUnavailable, "did not answer in time; try again")
	late.method, late.done = "POST", &tookAction
	_, err = p.session.do(t.Context(), late)
	wantCode(t, err, core.CodeUnavailable, "look whether it took effect")
}

// TestCredentials: an application credential is refused another project before it is
// tried, and a token that has ended is called that.
func TestCredentials(t *testing.T) {
	writeClouds(t, "clouds:\n  app:\n    auth_type: v3applicationcredential\n    auth: {auth_url: 'http://x/v3', "+
		"application_credential_id: a, application_credential_secret: s}\n")
	if _, err := findLogin("app", "", ""); err != nil {
		t.Fatal(err)
	}
	_, err := findLogin("app", "", "p")
	wantCode(t, err, core.CodeUsage, "application credential")

	c := newCloud(t)
	c.Server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet { // which versions there are, Keystone says to anybody
			versions("v3.14 - /identity/v3/")(w, r)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error": {"code": 401, "message": "The request you have made requires authentication."}}`)
	})
	for name, value := range map[string]string{"OS_AUTH_URL": c.URL + "/identity/v3", "OS_TOKEN": "dead", "OS_PROJECT_ID": "p"} {
		setenv(t, name, value)
	}
	l, err := findLogin(Environment, "", "")
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = newSession(l, "", nil).open(t.Context())
	wantCode(t, err, core.CodeDenied, "the token in OS_TOKEN")
	if strings.Contains(err.Error(), "password, the") {
		t.Errorf("it speaks of a password: %v", err)
	}
}
