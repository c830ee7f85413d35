package core

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hearth/store/storetest/race"
)

// pasteSamples are records as real clients print them and terminals wrap them.
func pasteSamples(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../testdata/paste/*")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d samples in testdata/paste, %v", len(files), err)
	}
	out := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(f)] = string(b)
	}
	return out
}

// forms are the ways a terminal or an editor hands a text on.
func forms(text string) map[string]string {
	return map[string]string{
		"as it is":       text,
		"CR":             strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r"),
		"CRLF":           strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n"),
		"zero-width":     "\uFEFF" + strings.ReplaceAll(text, "e", "\u200be"),
		"quoted as mail": "> " + strings.ReplaceAll(text, "\n", "\n> "),
	}
}

func TestFindRecordsInRealSamples(t *testing.T) {
	race.Once(t)
	want := map[string]Decoded{} // by name, from the JSON that the client wrote
	samples := pasteSamples(t)
	for name, text := range samples {
		if strings.HasSuffix(name, ".openstack.json") {
			found := FindRecords(text)
			if len(found) != 1 {
				t.Fatalf("%s: %d records", name, len(found))
			}
			want[strings.TrimSuffix(name, ".openstack.json")] = found[0].Decoded
		}
	}
	for name, text := range samples {
		for form, text := range forms(text) {
			found := FindRecords(text)
			if len(found) != 1 || !found[0].OK() {
				t.Errorf("%s, %s: found %d: %+v", name, form, len(found), found)
				continue
			}
			f := found[0]
			if f.Record.Service != "cinder.backup.drivers.posix.PosixBackupDriver" {
				t.Errorf("%s, %s: service %q", name, form, f.Record.Service)
			}
			base, _, _ := strings.Cut(name, ".")
			if w, ok := want[base]; ok && !SameRecord(f.Decoded, w) {
				t.Errorf("%s, %s: another record than %s.openstack.json", name, form, base)
			}
		}
	}
}

func said(f Found, word string) bool { return strings.Contains(strings.Join(f.Notes, "\n"), word) }

// TestFindRecordsCut cuts every sample at every tenth byte.
func TestFindRecordsCut(t *testing.T) {
	if testing.Short() {
		t.Skip("one case after the other: the race detector has nothing to find in them, and takes long")
	}
	for name, text := range pasteSamples(t) {
		f := finder{text: text, budget: 1 << 30}
		for from := 0; len(f.found) == 0; {
			start := f.nextStart(from)
			from = f.try(start)
		}
		whole := FindRecords(text)[0]
		start, end := f.spans[0].start, f.spans[0].end
		last := start + strings.LastIndexFunc(text[start:end], func(r rune) bool { return r != '=' && r < 128 && isBase64(byte(r)) })
		for cut := 0; cut < len(text); cut += 10 {
			got := FindRecords(text[:cut])
			switch {
			case cut <= start:
				if len(got) != 0 {
					t.Fatalf("%s cut at %d, before the record at %d: %+v", name, cut, start, got)
				}
			case cut <= last:
				if len(got) != 1 || !got[0].Truncated || got[0].Have == 0 {
					t.Fatalf("%s cut at %d, inside %d..%d: %+v", name, cut, start, last, got)
				}
			default:
				if len(got) != 1 || !got[0].OK() || got[0].Record != whole.Record {
					t.Fatalf("%s cut at %d, after %d: %+v\nwant %+v", name, cut, last, got, whole.Record)
				}
				if cut < end && !said(got[0], "padding") {
					t.Fatalf("%s cut at %d, in the padding: not said", name, cut)
				}
				rest := strings.TrimSpace(text[cut:])
				if left := strings.TrimSpace(text[min(end, cut):cut]); cut >= end && left == "" && rest != "" &&
					!strings.HasPrefix(rest, "admin") && !said(got[0], "ends before") {
					t.Fatalf("%s cut at %d, after %d and before %.20q: not said", name, cut, end, rest)
				}
			}
		}
		// From the front: as long as the start is missing there is no record.
		for cut := start + 1; cut < last; cut += 10 {
			if got := FindRecords(text[cut:]); len(got) != 0 {
				t.Fatalf("%s without its first %d bytes: %+v", name, cut, got)
			}
		}
	}
}

func TestFindRecordsSeveral(t *testing.T) {
	samples := pasteSamples(t)
	a := samples["db-prod-full.tty80.fit-width.screen"]
	b := samples["db-prod-incr-1.openstack.value"]
	c := samples["db-prod-incr-3.openstack.shell"]
	found := FindRecords(a + "\n" + b + "\n\n" + c)
	if len(found) != 3 {
		t.Fatalf("found %d", len(found))
	}
	for i, name := range []string{"db-prod-full", "db-prod-incr-1", "db-prod-incr-3"} {
		if !found[i].OK() || found[i].Decoded.Name() != name || !strings.HasSuffix(found[i].Record.Service, "PosixBackupDriver") {
			t.Errorf("%d: %+v", i, found[i])
		}
	}
}

func TestFindRecordsShapes(t *testing.T) {
	url := strings.Fields(pasteSamples(t)["db-prod-full.openstack.value"])[1]
	wrap := func(s string, n int) string {
		var lines []string
		for len(s) > n {
			lines, s = append(lines, s[:n]), s[n:]
		}
		return strings.Join(append(lines, s), "\n")
	}
	const posix = "cinder.backup.drivers.posix.PosixBackupDriver"
	for name, c := range map[string]struct {
		text    string
		service string
		notes   int
	}{
		"api":              {`{"backup-record": {"backup_service": "a.b.C", "backup_url": "` + url + `"}}`, "a.b.C", 0},
		"api, keys turned": {`{"backup-record": {"backup_url": "` + url + `", "backup_service": "a.b.C"}}`, "a.b.C", 0},
		"2014 lines": {`{"backup_service": "cinder.backup.drivers.swift", "backup_url": "` +
			strings.ReplaceAll(wrap(url, 76), "\n", `\n`) + `\n"}`,
			"cinder.backup.drivers.swift", 1},
		"bare":           {url, posix, 1},
		"service before": {"my.own.Driver\n" + url, "my.own.Driver", 0},
		"command": {"cinder backup-import cinder.backup.drivers.nfs.NFSBackupDriver " + url,
			"cinder.backup.drivers.nfs.NFSBackupDriver", 0},
		"options":       {"osc import --backup-service x.y.Z --backup-url '" + url + "'", "x.y.Z", 0},
		"padding lost":  {strings.TrimRight(url, "="), posix, 2},
		"then a prompt": {strings.TrimRight(url, "=") + "\nadmin@lab:~$ ", posix, 2},
		"box bars": {"│ Backup Service │ a.b.C │\n│ Metadata │ " + strings.ReplaceAll(wrap(url, 30), "\n", " │\n│ │ ") + " │",
			"a.b.C", 2},
		"escape sequences": {"\x1b[32mbackup_url\x1b[0m: " + wrap(url, 40)[:100] + "\x1b[0m" + wrap(url, 40)[100:], posix, 3},
	} {
		found := FindRecords(c.text)
		if len(found) != 1 || !found[0].OK() || found[0].Record.Service != c.service || found[0].Record.URL != url {
			t.Errorf("%s: %+v", name, found)
			continue
		}
		if len(found[0].Notes) != c.notes {
			t.Errorf("%s: %d notes %q", name, len(found[0].Notes), found[0].Notes)
		}
	}
	list := `[{"backup_url": "` + url + `", "backup_service": "a.A"}, {"backup_url": "` + url + `", "backup_service": "b.B"}]`
	if found := FindRecords(list); len(found) != 2 || found[0].Record.Service != "a.A" || found[1].Record.Service != "b.B" {
		t.Errorf("list with the keys turned: %+v", found)
	}
	for _, text := range []string{"", "eyJ", "hello", "eyJ9", "backup_url: nothing", strings.Repeat("=", 99), "eyJhIjogMX0="} {
		if found := FindRecords(text); len(found) != 0 {
			t.Errorf("%q: found %+v", text, found)
		}
	}
}

func FuzzFindRecords(f *testing.F) {
	f.Add("backup_url: eyJpZCI6ICJ4In0=")
	f.Add("| Metadata | e\nyJpZCI6ICJ4In0= |")
	f.Fuzz(func(t *testing.T, text string) {
		for _, rec := range FindRecords(text) {
			if rec.OK() {
				if _, err := DecodeRecord(rec.Record.URL, Today); err != nil {
					t.Errorf("an accepted record does not decode: %v", err)
				}
			}
		}
	})
}
