package store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/core"
)

// TestKnock: whether a cloud answers is found out without a login, and nothing of one is sent.
func TestKnock(t *testing.T) {
	var mu sync.Mutex
	var came []string
	status, stalls := 200, make(chan struct{})
	at := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		came = append(came, fmt.Sprint(r.Method, " ", r.URL.Path, " ", r.Header))
		code := status
		mu.Unlock()
		if code == 0 {
			<-stalls
			return
		}
		w.WriteHeader(code)
	}))
	defer at.Close()
	defer close(stalls)
	inCloud(t, at.URL, byPassword)
	cloud := Location{Scheme: "cloud", Rest: "c"}
	for code, want := range map[int]string{200: "", 300: "", 401: "", 404: "", 503: "Keystone answers with 503"} {
		mu.Lock()
		status = code
		mu.Unlock()
		k, err := Knock(t.Context(), cloud)
		if !k.Asked || k.Took <= 0 || (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %+v, %v", code, k, err)
		}
	}
	for _, c := range came {
		if !strings.HasPrefix(c, "GET /identity/v3 ") || strings.Contains(c, plantedPassword) || strings.Contains(c, "Auth") {
			t.Errorf("sent: %s", c)
		}
	}
	mu.Lock()
	status = 0
	mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Knock(ctx, cloud); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("one that says nothing: %v", err)
	}
	if _, err := Knock(t.Context(), Location{Scheme: "cloud", Rest: "nosuch"}); err == nil {
		t.Error("a cloud that there is not answers")
	}
	if k, err := Knock(t.Context(), Location{Scheme: "mysql", Rest: "h/cinder"}); err != nil || k != (Knocked{}) {
		t.Errorf("a database is asked: %+v, %v", k, err)
	}
}

// TestKnockFile: a file or folder is looked at, and what a path leads to is opened as what it is.
func TestKnockFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x.sqlite")
	if err := os.WriteFile(file, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := Knock(t.Context(), Location{Scheme: "sqlite", Rest: file})
	if err != nil || k.Size != 5 || k.Changed.IsZero() || k.Asked {
		t.Errorf("%+v, %v", k, err)
	}
	if k, err = Knock(t.Context(), Location{Scheme: "posix", Rest: dir}); err != nil || k.Size != 0 || k.Changed.IsZero() {
		t.Errorf("%+v, %v", k, err)
	}
	if _, err = Knock(t.Context(), Location{Scheme: "sqlite", Rest: file + "x"}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	for path, want := range map[string]string{file: "sqlite:" + file, dir: "posix:" + dir} {
		if l, err := OfFile(path); err != nil || l.String() != want {
			t.Errorf("%s: %v, %v", path, l, err)
		}
	}
	if _, err := OfFile(file + "x"); core.CodeOf(err) != core.CodeNotFound {
		t.Error(err)
	}
}
