package core

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"hearth/core/pyjson"
)

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                     "plain",
		"größe 日本語 Ωé":              "größe 日本語 Ωé",
		"e\u0301":                   "e\u0301",
		"\u0301e":                   `\u0301e`,
		"a \u0301":                  `a \u0301`,
		"\x1b[31mred":               `\x1b[31mred`,
		"a\nb\tc\r":                 `a\nb\tc\r`,
		"\x00\x07\x7f":              `\x00\x07\x7f`,
		"c1 \u009b31m":              `c1 \u009b31m`,
		"txt\u202egpj.exe":          `txt\u202egpj.exe`,
		"\u2066a\u2069":             `\u2066a\u2069`,
		"zero\u200bwidth":           `zero\u200bwidth`,
		"\ufeffbom":                 `\ufeffbom`,
		"soft\u00adhyphen":          `soft\u00adhyphen`,
		"line\u2028sep":             `line\u2028sep`,
		"tag\U000e0001":             `tag\U000e0001`,
		"var\ufe0f":                 `var\ufe0f`,
		"fill\u3164er":              `fill\u3164er`,
		"\xff\xfe":                  `\xff\xfe`,
		"\xed\xa0\x80lone":          `\ud800lone`,
		"z\u0300\u0300\u0300\u0300": "z\u0300\u0300\u0300" + `\u0300`,
		"שלום":                      "שלום",
	} {
		if got := Visible(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// FuzzVisible: whatever goes in, nothing comes out that a terminal would obey.
func FuzzVisible(f *testing.F) {
	f.Add("\x1b]52;c;aGk=\x07")
	f.Add("\xed\xa0\x80\u202e\u200d\u0301")
	f.Fuzz(func(t *testing.T, s string) {
		out := Visible(s)
		if !utf8.ValidString(out) {
			t.Fatalf("%q becomes %q, which is no UTF-8", s, out)
		}
		for i, r := range out {
			if r < 0x20 || r >= 0x7F && r <= 0x9F || unicode.Is(unicode.Cf, r) || r == 0x2028 || r == 0x2029 {
				t.Fatalf("%q becomes %q: %U at %d", s, out, r, i)
			}
		}
		if strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7E }) < 0 && out != s {
			t.Fatalf("%q becomes %q", s, out)
		}
	})
}

func TestVisibleLines(t *testing.T) {
	if got := VisibleLines("a\r\n\tb\x1bc\nd\te"); got != "a\n    b\\x1bc\nd\\te" {
		t.Errorf("%q", got)
	}
}

func TestCountAndBytes(t *testing.T) {
	for n, want := range map[int]string{0: "0 backups", 1: "1 backup", 2: "2 backups"} {
		if got := Count(n, "backup"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := Count(2, "entry"); got != "2 entries" {
		t.Errorf("%q", got)
	}
	for n, want := range map[int64]string{0: "0 bytes", 999: "999 bytes", 1700: "1.7 KB", 12_300_000: "12 MB", 5_000_000_000: "5.0 GB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestErrorIsOneSentence(t *testing.T) {
	cause := errors.New("SQLITE_BUSY \x1b[31m")
	err := Fail(CodeUnavailable, "open /x\n.sqlite", "it is locked", "try again", cause)
	if got := err.Error(); got != `cannot open /x\n.sqlite: it is locked; try again` {
		t.Errorf("%q", got)
	}
	if !errors.Is(err, cause) || CodeOf(err) != CodeUnavailable || CodeOf(cause) != CodeInternal || CodeOf(nil) != "" {
		t.Error("codes or causes are lost")
	}
	if got := Causes(err); len(got) != 1 || got[0] != `SQLITE_BUSY \x1b[31m` {
		t.Errorf("causes %q", got)
	}
	_, err2 := os.Open("/no/such/file")
	err = Fail(CodeNotFound, "open it", "it is not there", "look", fmt.Errorf("while opening: %w", err2))
	if got := Causes(err); len(got) != 1 || got[0] != "while opening: open /no/such/file: no such file or directory" {
		t.Errorf("the system's own words are told twice: %q", got)
	}
}

func TestFingerprint(t *testing.T) {
	fields := dict("id", "x", "size", 1, "metadata", dict("a", "1", "b", "2"),
		"updated_at", "2026-01-01T00:00:00Z", "host", "h1", "driver_info", dict())
	same := dict("metadata", dict("b", "2", "a", "1"), "size", 1, "id", "x", "updated_at", "2027-01-01T00:00:00Z", "host", "h2")
	other := dict("id", "x", "size", 2, "metadata", dict("a", "1", "b", "2"))
	print := func(o *pyjson.Object) string {
		d := Decoded{Doc: pyjson.OfDict(o)}
		return d.Fingerprint()
	}
	if a, b := print(fields), print(same); a != b {
		t.Errorf("%s and %s for the same backup", a, b)
	}
	if a, b := print(fields), print(other); a == b {
		t.Errorf("%s for two backups", a)
	}
	if words := strings.Split(print(fields), "-"); len(words) != 3 || len(words[0]) != 5 {
		t.Errorf("%q is not easy to say", words)
	}
}

func TestWriteRecords(t *testing.T) {
	a, b := Record{Service: "s.A", URL: "eyJh\nIjox"}, Record{Service: "it's", URL: "e30="}
	for f, want := range map[RecordFormat]string{
		FormatAPI: `[{"backup-record": {"backup_service": "s.A", "backup_url": "eyJh\nIjox"}},` + "\n " +
			`{"backup-record": {"backup_service": "it's", "backup_url": "e30="}}]` + "\n",
		FormatCinder:    "cinder backup-import s.A eyJhIjox\ncinder backup-import 'it'\\''s' e30=\n",
		FormatOpenStack: "openstack volume backup record import s.A eyJhIjox\nopenstack volume backup record import 'it'\\''s' e30=\n",
		FormatText:      "s.A\neyJhIjox\nit's\ne30=\n",
	} {
		if got := WriteRecords([]Record{a, b}, f); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", f, got, want)
		}
	}
	if FormatOpenStack.Warning() == "" {
		t.Error("nobody is told that some openstack clients lose the record")
	}
}

// TestExportsAreFound: what hearth writes, it finds again in any format.
func TestExportsAreFound(t *testing.T) {
	var records []Record
	for _, b := range someBackups() {
		b.Service = Some("cinder.backup.drivers.swift.SwiftBackupDriver")
		r, err := ExportRecord(&b)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	for _, f := range RecordFormats {
		found := FindRecords(WriteRecords(records, f))
		if len(found) != len(records) {
			t.Errorf("%s: %d found", f, len(found))
			continue
		}
		for i := range found {
			if !found[i].OK() || found[i].Record != records[i] {
				t.Errorf("%s: record %d is %+v", f, i, found[i])
			}
		}
	}
}

// TestLiteral: two values that differ are never shown alike, and what is shown may go through
// Visible again.
func TestLiteral(t *testing.T) {
	parts := []string{"\n", `\n`, `\`, "n", "\t", `\t`, "\x1b", `\x1b`, "\u202e", `\u202e`, "a", `\a`}
	seen := map[string]string{}
	for _, a := range parts {
		for _, b := range append(parts, "") {
			for _, c := range append(parts, "") {
				in := a + b + c
				out := Literal(in)
				if other, have := seen[out]; have && other != in {
					t.Fatalf("%q and %q are both shown as %s", in, other, out)
				}
				if seen[out] = in; Visible(out) != out {
					t.Fatalf("%s is shown otherwise the second time: %s", out, Visible(out))
				}
			}
		}
	}
	for in, want := range map[string]string{
		`C:\Program`: `C:\Program`, `C:\new`: `C:\\new`, "plain": "plain", "a\nb": `a\nb`, `a\nb`: `a\\nb`} {
		if got := Literal(in); got != want {
			t.Errorf("%q is shown as %s", in, got)
		}
	}
}
