package verbs

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/store/archive"
	"hearth/store/storetest"
)

// listingDamages are what may have become of the list that was kept of a cloud: its row in
// the archive, as SQL makes it, and what is said of it.
var listingDamages = []struct {
	name, sql string
	newer     bool // it is as a newer hearth would write it
	says      string
}{
	{name: "sound"},
	{name: "a byte", sql: "UPDATE listings SET body = substr(body, 1, 40) || X'00' || substr(body, 42)",
		says: "does not match its fingerprint"},
	{name: "cut short", sql: "UPDATE listings SET body = substr(body, 1, 40)", says: "does not match its fingerprint"},
	{name: "empty", sql: "UPDATE listings SET body = X''", says: "does not match its fingerprint"},
	{name: "another time", sql: "UPDATE listings SET at = '2019' || substr(at, 5)", says: "does not match its fingerprint"},
	{name: "another cloud's", sql: "UPDATE listings SET body = X'1f8b', at = 'x', sum = 'theirs'", says: "does not match its fingerprint"},
	{name: "of before, rubbish", sql: "UPDATE listings SET body = X'7b5b', sum = ''", says: "is damaged"},
	{name: "of a newer hearth", newer: true, says: "is a newer hearth's"},
}

// TestDamagedListing walks the same for the list that is kept of a cloud: the next run says
// so, lists what the cloud has, and counts the damage in hearth check.
func TestDamagedListing(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program and runs it many times")
	}
	b := build(t)
	storetest.Clouds(t, map[string]*storetest.API{"cloud0": storetest.NewAPI(t)})
	b.env = append(b.env, "OS_CLIENT_CONFIG_FILE="+os.Getenv("OS_CLIENT_CONFIG_FILE"), "HEARTH_PLACE=")
	for _, x := range listingDamages {
		t.Run(x.name, func(t *testing.T) {
			b.t, b.home = t, t.TempDir()
			file := filepath.Join(b.home, "data/hearth/archive.sqlite")
			list := func(lost bool) {
				t.Helper()
				got := b.run("backups", "--cloud", "cloud0", "-o", "value", "-c", "id")
				if got.code != 0 || got.out == "" {
					t.Fatalf("exit %d: %s%s", got.code, got.out, got.err)
				}
				if strings.Contains(got.err, "what was kept") != lost || lost && !strings.Contains(got.err, x.says) {
					t.Errorf("it says %q", got.err)
				}
			}
			list(false)
			if x.sql != "" {
				change(t, file, x.sql)
			}
			if x.newer {
				asNewer(t, file)
			}
			spoilt := x.says != "" && !x.newer
			if got := b.run("check", "--cloud", "cloud0"); strings.Contains(got.out+got.err, "the kept list of backups of cloud:cloud0") != spoilt {
				t.Errorf("check, exit %d: %s%s", got.code, got.out, got.err)
			}
			list(x.says != "")
			list(x.newer) // what was lost is made good for, but for what is not this hearth's to write
		})
	}
}

// asNewer writes the kept list as a newer hearth would, that writes its rows otherwise.
func asNewer(t *testing.T, file string) {
	t.Helper()
	a, err := archive.Open(t.Context(), file)
	must(t, err)
	defer a.Close()
	var body []byte
	at, err := a.Listing(t.Context(), "cloud:cloud0", "backups", func(r io.Reader) error { body, err = io.ReadAll(r); return err })
	if err != nil || at.IsZero() {
		t.Fatalf("nothing is kept: %v", err)
	}
	text := strings.Replace(string(body), "}", `, "hearth_format": 2}`, 1)
	must(t, a.KeepListing(t.Context(), "cloud:cloud0", "backups", time.Now(), func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}))
}
