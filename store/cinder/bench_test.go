package cinder_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/backups"
	"github.com/gophercloud/gophercloud/v2/pagination"

	"hearth/core"
	"hearth/store"
)

// pageOf1000 is a page as a real Cinder sends it, its rows taken over and over.
func pageOf1000(b *testing.B) []byte {
	b.Helper()
	body, err := os.ReadFile(filepath.Join("..", "..", "testdata", "cinder", "api", "backups-3.70.json"))
	var page struct{ Backups []map[string]any }
	if err == nil {
		err = json.Unmarshal(body, &page)
	}
	if err != nil {
		b.Fatal(err)
	}
	rows := make([]map[string]any, 1000)
	for i := range rows {
		rows[i] = map[string]any{}
		for k, v := range page.Backups[i%len(page.Backups)] {
			rows[i][k] = v
		}
		rows[i]["id"] = fmt.Sprintf("bbbbbbbb-0000-4000-8000-%012d", i)
	}
	if body, err = json.Marshal(map[string]any{"backups": rows}); err != nil {
		b.Fatal(err)
	}
	return body
}

// BenchmarkPage reads a list of 1,000 rows off a server, three ways, in turn: as
// hearth lists it, as gophercloud's pager and ExtractBackups do, and the bytes alone.
// It tells hearth's time as a part of gophercloud's.
func BenchmarkPage(b *testing.B) {
	body := pageOf1000(b)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("OpenStack-API-Version", "volume 3.70")
		w.Write(body)
	}))
	defer server.Close()
	file := filepath.Join(b.TempDir(), "clouds.yaml")
	text := strings.ReplaceAll("clouds: {bench: {auth_type: none, block_storage_endpoint_override: URL, "+
		"auth: {endpoint: URL, token: t}}}", "URL", `"`+server.URL+`"`)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	b.Setenv("OS_CLIENT_CONFIG_FILE", file)
	client := &gophercloud.ServiceClient{ProviderClient: &gophercloud.ProviderClient{HTTPClient: *http.DefaultClient},
		Endpoint: server.URL + "/", Type: "volumev3"}

	hearth := func() {
		place, err := store.Open(context.Background(), store.Location{Scheme: "cloud", Rest: "bench"}, store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer place.Close()
		page, err := place.Backups(context.Background(), core.Query{})
		if err != nil || len(page.Rows) != 1000 {
			b.Fatalf("%d rows, %v", len(page.Rows), err)
		}
	}
	theirs := func() {
		rows := 0
		err := backups.ListDetail(client, backups.ListDetailOpts{}).EachPage(context.Background(),
			func(_ context.Context, p pagination.Page) (bool, error) {
				got, err := backups.ExtractBackups(p)
				rows += len(got)
				return false, err
			})
		if err != nil || rows != 1000 {
			b.Fatalf("%d rows, %v", rows, err)
		}
	}
	bytes := func() {
		res, err := http.Get(server.URL)
		if err != nil {
			b.Fatal(err)
		}
		defer res.Body.Close()
		if n, err := io.Copy(io.Discard, res.Body); err != nil || n != int64(len(body)) {
			b.Fatal(err)
		}
	}
	ways := []func(){hearth, theirs, bytes}
	took := make([]time.Duration, len(ways))
	for b.Loop() {
		for i, way := range ways {
			began := time.Now()
			way()
			took[i] += time.Since(began)
		}
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N) }
	b.ReportMetric(ms(took[0]), "hearth-ms")
	b.ReportMetric(ms(took[1]), "gophercloud-ms")
	b.ReportMetric(ms(took[2]), "bytes-ms")
	b.ReportMetric(float64(took[0])/float64(took[1]), "of-gophercloud's")
}
