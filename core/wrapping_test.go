package core

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fieldRecord is the record of one of the things that people had in hand.
func fieldRecord(t *testing.T, file string) Found {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "testdata", "field", file))
	if err != nil {
		t.Fatal(err)
	}
	found := FindRecords(string(body))
	if len(found) != 1 || !found[0].OK() {
		t.Fatalf("%s: %d records: %+v", file, len(found), found)
	}
	return found[0]
}

// TestFieldPastes: what people really had in hand is read as its README says.
func TestFieldPastes(t *testing.T) {
	const swift = "cinder.backup.drivers.swift"
	for file, want := range map[string]struct {
		id, service, note string
	}{
		"api-v1.xml":        {"6d5bb947-4f1b-48c0-8f85-d8fb1df8b6b4", swift, ""},
		"py2-repr.txt":      {"6d5bb947-4f1b-48c0-8f85-d8fb1df8b6b4", swift, ""},
		"old-service.table": {"6d5bb947-4f1b-48c0-8f85-d8fb1df8b6b4", "cinder.backup.services.swift", ""},
		"twice.page":        {"69600f1f-ce9a-4a28-8503-6bb3d8a50671", "cinder.backup.drivers.ceph", "it stands here twice, and is one record"},
	} {
		f := fieldRecord(t, file)
		if string(f.Decoded.ID()) != want.id || f.Record.Service != want.service ||
			!strings.Contains(strings.Join(f.Notes, "; "), want.note) {
			t.Errorf("%s: %s by %s: %q", file, f.Decoded.ID(), f.Record.Service, f.Notes)
		}
		checks := Preflight([]Found{f}, ImportFacts{})
		old := file == "old-service.table"
		if c := &checks[0]; c.Refused() != old {
			t.Errorf("%s: %+v", file, c.Findings)
		} else if old && !strings.Contains(c.Verdict(), swift+".SwiftBackupDriver") {
			t.Errorf("%s: %s", file, c.Verdict())
		}
		again, err := Renamed([]Found{f}, "today")
		if err != nil || old != (again[0].Record.Service == swift+".SwiftBackupDriver") || again[0].Record.URL != f.Record.URL {
			t.Errorf("%s: %+v, %v", file, again[0].Record.Service, err)
		}
		if checks := Preflight(again, ImportFacts{}); checks[0].Refused() {
			t.Errorf("%s: %+v", file, checks[0].Findings)
		}
	}
}

// TestServices: a service that is no driver's name, or that the record itself denies.
func TestServices(t *testing.T) {
	url := fieldRecord(t, "api-v1.xml").Record.URL
	const swift = "cinder.backup.drivers.swift"
	const ceph = "cinder.backup.drivers.ceph"
	for text, want := range map[string][2]string{
		"backup_service: u\nbackup_url: " + url:                                               {swift, "which is no driver's name"},
		"backup_service: " + ceph + "\nbackup_url: " + url:                                    {ceph, "and the record itself says " + swift},
		"backup_service: " + swift + ".SwiftBackupDriver\nbackup_url: " + url:                 {swift + ".SwiftBackupDriver", ""},
		"{b'backup_service': b'" + swift + "', b'backup_url': b'" + url + "'}":                {swift, ""},
		"tenant: acme\nbackup_service: " + swift + "\nbackup_url: " + url:                     {swift, ""},
		`{"backup_url": "` + url + `", "backup_service": "` + swift + `", "project": "acme"}`: {swift, ""},
	} {
		found := FindRecords(text)
		if len(found) != 1 || found[0].Record.Service != want[0] {
			t.Errorf("%.60s: %+v", text, found)
			continue
		}
		said := ""
		for _, f := range Preflight(found, ImportFacts{})[0].Findings {
			said += f.Text + "\n"
		}
		if !strings.Contains(said, want[1]) || want[1] == "" && strings.Contains(said, "service") {
			t.Errorf("%.60s: %s", text, said)
		}
		named := strings.Contains(text, "acme")
		if (found[0].Tenant == "acme") != named {
			t.Errorf("%.60s: the tenant is %q", text, found[0].Tenant)
		}
		owns := func(f Finding) bool { return f.Next == DoOwnTenant && f.With == "acme" }
		if checks := Preflight(found, ImportFacts{}); named != slices.ContainsFunc(checks[0].Findings, owns) {
			t.Errorf("%.60s: %+v", text, checks[0].Findings)
		}
	}
	if _, err := Renamed(FindRecords(url), "swift"); CodeOf(err) != CodeUsage {
		t.Error(err)
	}
}

// TestWrapped: what the things that people copy from put into a record is passed over.
func TestWrapped(t *testing.T) {
	url := fieldRecord(t, "api-v1.xml").Record.URL
	plain := strings.Join(strings.Fields(url), "")
	var lines []string
	for rest := plain; rest != ""; rest = rest[min(len(rest), 76):] {
		lines = append(lines, rest[:min(len(rest), 76)])
	}
	each := func(form func(i int, line string) string) string {
		var b strings.Builder
		for i, line := range lines {
			b.WriteString(form(i, line))
		}
		return b.String()
	}
	number := func(n int) string {
		return string(rune('0'+n/100)) + string(rune('0'+n/10%10)) + string(rune('0'+n%10))
	}
	for name, text := range map[string]string{
		"references of XML":   `<r url="` + strings.Join(lines, "&#10;") + `"/>`,
		"hexadecimal ones":    strings.ReplaceAll(strings.Join(lines, "&#xD;&#xA;"), "=", "&#x3D;"),
		"br":                  strings.Join(lines, "<br>") + "<br/>",
		"br and line ends":    strings.Join(lines, "<br />\r\n"),
		"spans":               "<td><code>" + strings.Join(lines, "</code><code class=\"x\">") + "</code></td>",
		"numbers of cat":      each(func(i int, l string) string { return "   " + number(i+9) + "\t" + l + "\n" }),
		"numbers of grep":     each(func(i int, l string) string { return number(i+98) + ":" + l + "\n" }),
		"numbers of less":     each(func(i int, l string) string { return "  " + number(i+1) + " " + l + "\n" }),
		"IRC":                 each(func(i int, l string) string { return "[12:0" + number(i)[2:] + "] <@anna> " + l + "\n" }),
		"IRC without a time":  each(func(_ int, l string) string { return "<anna> " + l + "\r\n" }),
		"weechat":             each(func(_ int, l string) string { return "12:01:59    anna | " + l + "\n" }),
		"a diff":              each(func(_ int, l string) string { return "+" + l + "\n" }),
		"a diff's other side": each(func(_ int, l string) string { return "-" + l + "\n" }),
		"a quoted mail":       each(func(_ int, l string) string { return "> > " + l + "\n" }),
		"quoted-printable": "backup_url=3D" +
			strings.ReplaceAll(plain[:len(plain)-1], "=", "=3D")[:70] + "=\r\n" + plain[70:len(plain)-1] + "=3D",
		"soft breaks":         strings.Join(lines, "=\n"),
		"a colour":            "\x1b[32m" + plain + "\x1b[0m",
		"colours of lines":    each(func(_ int, l string) string { return "\x1b[01;31m" + l + "\x1b[m\n" }),
		"a colour made plain": "^[[32m" + plain,
		"Python":              "url = (" + each(func(_ int, l string) string { return "\"" + l + "\"\n       " }) + ")",
		"Python with plus":    each(func(_ int, l string) string { return "u'" + l + "' + \\\n    " }),
		"JavaScript":          each(func(_ int, l string) string { return "\"" + l + "\" +\n  " }),
		"an address":          "?backup_url%3D" + strings.NewReplacer("=", "%3D", "+", "%2B", "/", "%2F").Replace(plain),
	} {
		found := FindRecords(text)
		if len(found) != 1 || !found[0].OK() || found[0].Record.URL != plain {
			if len(found) == 1 {
				t.Errorf("%s: %v %.80q", name, found[0].Err, found[0].Record.URL)
				continue
			}
			t.Errorf("%s: %d records in %.120q", name, len(found), text)
		}
	}
}

// TestBroken: a start that breaks off is reported, and base64 of something else is not
// taken for a record.
func TestBroken(t *testing.T) {
	url := strings.Join(strings.Fields(fieldRecord(t, "api-v1.xml").Record.URL), "")
	token := "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJrdWJlcm5ldGVzL3NlcnZpY2VhY2NvdW50In0.c2ln"
	for text, want := range map[string]string{
		"backup_url: eyJz§" + url[9:]:                                 "comes something that does not belong to it",
		"eyJhIjog" + strings.Repeat("IntbW1tbW1tbW1tbW1tb", 8) + "§§": "comes something that does not belong to it",
		"backup_url = " + url[1:]:                                     "does not begin as base64 of a record does",
		"backup_url: " + token:                                        "nothing is a backup's",
	} {
		found := FindRecords(text)
		if len(found) == 0 || found[0].OK() || !strings.Contains(found[0].Err.Error(), want) {
			t.Errorf("%.50q: %+v", text, found)
		}
	}
	if found := FindRecords("Authorization: Bearer " + token); len(found) != 0 {
		t.Errorf("%+v", found)
	}
}

// TestReadGiven: a capture that is still in its metadata object is found there.
func TestReadGiven(t *testing.T) {
	const inner = `{"version": 2, "volume-base-metadata": {"id": "v", "display_name": "a"}}`
	text := "{\"backup_id\": \"b\", \"volume_id\": \"v\", \"objects\": [], \"volume_meta\": " +
		strings.NewReplacer(`{`, `"{`).Replace("{")[:1] + strings.ReplaceAll(inner, `"`, `\"`) + "\"}\n"
	for _, given := range []string{inner, text} {
		c := ReadGiven(given, Source{Kind: SourceFile})
		if name, _ := c.Section(BaseSection).Get("display_name"); c.Err != nil || c.Version() != 2 || name.Text() != "a" {
			t.Errorf("%s: %+v", given, c)
		}
	}
	if _, _, ok := InsideMetadata(`{"objects": [], "volume_id": "v", "volume_meta": null}`); ok {
		t.Error("there is none")
	}
}
