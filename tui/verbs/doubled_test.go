package verbs

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// testMainDoubled: a server whose every answer comes twice, as from a proxy that is out of
// step: nothing of it gets onto the terminal, not by way of a library's log either.
func testMainDoubled(t *testing.T, b *binary) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, header, body := "200 OK", "", `{"volumes": [], "backups": []}`
		if strings.HasSuffix(r.URL.Path, "/auth/tokens") {
			status, header = "201 Created", "X-Subject-Token: "+plants["token"]+"\r\n"
			body = fmt.Sprintf(`{"token": {"expires_at": "2099-01-01T00:00:00Z", "user": {"id": "u", "name": "u"},
				"project": {"id": "p", "name": "p"},
				"catalog": [{"type": "volumev3", "endpoints": [{"interface": "public", "url": %q}]}]}}`, "http://"+r.Host+"/v3/p")
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		one := fmt.Sprintf("HTTP/1.1 %s\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", status, header, len(body), body)
		conn.Write(bytes.Repeat([]byte(one), 2))
		time.AfterFunc(time.Second, func() { conn.Close() })
	}))
	t.Cleanup(s.Close)
	b.env = []string{"OS_AUTH_URL=" + s.URL + "/v3", "OS_USERNAME=u", "OS_PASSWORD=nobody-knows-it",
		"OS_PROJECT_NAME=p", "OS_USER_DOMAIN_ID=d", "OS_PROJECT_DOMAIN_ID=d", "OS_CLIENT_CONFIG_FILE=/nonexistent"}
	defer func() { b.env = nil }()
	for range 5 {
		got := b.run("backups", "--place", "cloud:envvars")
		if said := got.out + got.err; strings.Contains(said, "Unsolicited") || strings.Contains(said, "HTTP/1.1") || len(planted(said)) > 0 {
			t.Fatalf("it says %q, %q", got.out, got.err)
		}
	}
}
