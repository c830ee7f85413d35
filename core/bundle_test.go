package core

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"hearth/core/pyjson"
)

// someBundle holds n records, and two captures, of which one has secrets.
func someBundle(t testing.TB, n int) Bundle {
	t.Helper()
	at := time.Date(2026, 11, 23, 12, 0, 0, 123000, time.UTC)
	b := Bundle{BundleHead: BundleHead{Made: at, Place: "cloud:grün"}}
	for i := range n {
		row := Backup{
			ID:       BackupID(fmt.Sprintf("4e%06d-0000-4000-8000-000000000000", i)),
			Name:     Some("größe \u202e"),
			Status:   StatusAvailable,
			Service:  Some("x.Y"),
			VolumeID: "v",
		}
		r, err := ExportRecord(&row)
		if err != nil {
			t.Fatal(err)
		}
		d, err := DecodeRecord(r.URL, Today)
		if err != nil {
			t.Fatal(err)
		}
		b.Records = append(b.Records, BundleRecord{Place: "cloud:grün", Backup: row.ID, At: at, Fingerprint: d.Fingerprint(), Record: r})
	}
	for i, text := range []string{
		`{"version": 2, "volume-base-metadata": {"id": "v", "provider_auth": "CHAP u p"}, "x": [{"provider_auth": "again"}]}`,
		`{"version": 1,  "ä": "\ud800"}`,
	} {
		c := BundleCapture{}
		c.Place, c.VolumeID, c.BackupID, c.At = "cloud:grün", "v", b.Records[i].Backup, at
		c.Capture = ReadCapture(text, Source{Kind: SourceRepository, Where: "posix:/x", At: Some(at)})
		c.Capture.Unseen = NewFieldSet("host", "a")
		b.Captures = append(b.Captures, c)
	}
	return b
}

func written(t testing.TB, b Bundle) string {
	t.Helper()
	var out strings.Builder
	if err := WriteBundle(&out, b); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestBundle(t *testing.T) {
	b := someBundle(t, 3)
	text := written(t, b)
	got, err := ReadBundle(text)
	if err != nil {
		t.Fatal(err)
	}
	if !IsBundle(text) || IsBundle("{\"backup-record\": {}}") || IsBundle("") {
		t.Error("it is not told from others")
	}
	if len(got.Records) != 3 || len(got.Captures) != 2 || got.Place != b.Place || !got.Made.Equal(b.Made) {
		t.Fatalf("%+v", got.BundleHead)
	}
	for i, r := range got.Records {
		if want := b.Records[i]; r.Record != want.Record || r.Backup != want.Backup || !r.At.Equal(want.At) || r.Line != i+2 {
			t.Errorf("record %d: %+v", i, r)
		}
	}
	for i, c := range got.Captures {
		if want := b.Captures[i]; c.Capture.Text != want.Capture.Text || c.BackupID != want.BackupID ||
			c.Capture.Source != want.Capture.Source || !c.Capture.Unseen.Has("host") {
			t.Errorf("capture %d: %+v", i, c)
		}
	}
	if written(t, got) != text {
		t.Error("written again it is another")
	}
	if _, err := ReadBundle(strings.TrimSuffix(text, "\n")); err != nil {
		t.Errorf("without its last line end: %v", err)
	}
}

// TestBundleAgain: what a second look showed goes with the capture, in a form that an
// older hearth refuses; where nothing needs that, older ones read the bundle.
func TestBundleAgain(t *testing.T) {
	b := someBundle(t, 2)
	for i := range b.Captures {
		b.Captures[i].Capture.Source.Kind = SourceTaken
	}
	b.Captures[0].Again = Again{State: AgainDue}
	if text := written(t, b); !strings.Contains(text, `"version": 1,`) || strings.Contains(text, `"again"`) {
		t.Errorf("one that is only due: %s", text)
	}
	at := b.Made
	b.Captures[1].Again = Again{AgainDiffers, Some(at), Some(at.Add(-time.Minute))}
	text := written(t, b)
	got, err := ReadBundle(text)
	if err != nil || !strings.Contains(text, `"version": 2,`) {
		t.Fatalf("%v: %s", err, text)
	}
	if got.Captures[0].Again != (Again{}) || got.Captures[0].Evidence() != EvidenceMoment || got.Captures[1].Again != b.Captures[1].Again ||
		got.Captures[1].Evidence() != EvidenceEither {
		t.Errorf("it came back as %+v and %+v", got.Captures[0].Again, got.Captures[1].Again)
	}
	if written(t, got) != text {
		t.Error("written again it is another")
	}
	for what, want := range map[string]string{
		`{"again": null}`: "", `{}`: "again", `{"again": "due", "again_at": null, "ended_at": null}`: "again",
		`{"again": "equal", "again_at": null, "ended_at": null}`: "again_at", `{"again": 1}`: "again",
	} {
		doc, err := pyjson.Parse(what)
		l := bundleLine{o: doc.Object()}
		if l.again(); err != nil || l.bad != want {
			t.Errorf("%s: %q is wrong with it, want %q", what, l.bad, want)
		}
	}
	// Those of version 1 count as taken at one moment, whatever else stands in the line.
	old := written(t, someBundle(t, 2))
	if got, err = ReadBundle(old); err != nil || got.Captures[0].Again != (Again{}) {
		t.Errorf("of version 1: %+v, %v", got.Captures[0].Again, err)
	}
	line := strings.SplitAfter(text, "\n")[4]
	var kept []BundleCapture
	reader := bundleReader{n: 4, form: 1, all: sha256.New(), keep: func(c BundleCapture) error { kept = append(kept, c); return nil }}
	if err := reader.read(line); err != nil || kept[0].Again != (Again{}) {
		t.Errorf("a line of version 2 in one of version 1: %+v, %v", kept, err)
	}
}

// TestBundleRefused: every way to cut, edit or reorder one is told by its line.
func TestBundleRefused(t *testing.T) {
	if testing.Short() {
		t.Skip("one case after the other: the race detector has nothing to find in them, and takes long")
	}
	text := written(t, someBundle(t, 3))
	lines := strings.SplitAfter(text, "\n")
	lines = lines[:len(lines)-1] // head, 3 records, 2 captures, end
	other := strings.SplitAfter(written(t, someBundle(t, 4)), "\n")
	join := func(parts ...string) string { return strings.Join(parts, "") }
	for what, c := range map[string]struct{ text, want string }{
		"empty":              {"", "line 1: the file is empty"},
		"no end":             {join(lines[:6]...), "line 6: the file ends here"},
		"only the head":      {lines[0], "line 1: the file ends here"},
		"cut in a line":      {join(lines[:3]...)[:len(join(lines[:3]...))-5], "line 3: it is no JSON object"},
		"a line out":         {join(lines[0], lines[1], lines[3], lines[4], lines[5], lines[6]), "line 3: it was written as line 4"},
		"a line twice":       {join(lines[0], lines[1], lines[1], lines[2]), "line 3: it was written as line 2"},
		"in another order":   {join(lines[0], lines[2], lines[1], lines[3], lines[4], lines[5], lines[6]), "line 2: it was written as line 3"},
		"something after it": {text + "{}\n", "line 8: something follows"},
		"an empty line":      {join(lines[0], "\n", lines[1]), "line 2: it is no JSON object"},
		"one of another":     {join(lines[0], lines[1], other[2], lines[3], lines[4], lines[5], lines[6]), ""},
		"head of another":    {join(other[0], lines[1], lines[2], lines[3], lines[4], lines[5], lines[6]), "line 7: its checksum over all lines"},
		"DOS line ends":      {strings.ReplaceAll(text, "\n", "\r\n"), "line 1: its checksum"},
		"no bundle":          {"{\"n\": 1}\n", "line 1: it is not the first line"},
		"from the future":    {strings.Replace(text, `"version": 1`, `"version": 3`, 1), "line 1: it is of version 3"},
	} {
		_, err := ReadBundle(c.text)
		if c.want != "" && (CodeOf(err) != CodeUnreadable || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
	for i := range lines { // any one character of any line
		for _, at := range []int{0, len(lines[i]) / 3, len(lines[i]) / 2, len(lines[i]) - 3} {
			edited := []byte(lines[i])
			edited[at] ^= 1
			all := append(append(append([]string{}, lines[:i]...), string(edited)), lines[i+1:]...)
			if _, err := ReadBundle(join(all...)); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("line %d: ", i+1)) {
				t.Errorf("line %d edited at %d: %v", i+1, at, err)
			}
		}
	}
	for n := range len(text) { // cut anywhere
		if _, err := ReadBundle(text[:n]); err == nil && n < len(text)-1 {
			t.Fatalf("cut after %d bytes: it is taken", n)
		}
	}
	// With checksums that fit, as somebody makes them who knows how.
	head := strings.TrimSuffix(`{"n": 1, "format": "hearth-bundle", "version": 3}`, "}")
	if _, err := ReadBundle(head + sumKey + sumOf(head) + "\"}\n"); err == nil || !strings.Contains(err.Error(), "use a newer hearth") {
		t.Errorf("from the future: %v", err)
	}
}

func TestBundleFound(t *testing.T) {
	b := someBundle(t, 2)
	again := b.Records[0]
	again.At, again.Place = again.At.Add(time.Hour), "cloud:other"
	b.Records = append(b.Records, again)
	got, err := ReadBundle(written(t, b))
	if err != nil {
		t.Fatal(err)
	}
	found := got.Found()
	if len(found) != 2 || found[0].Line != 4 || len(found[0].Notes) != 1 || !found[0].OK() {
		t.Errorf("%+v", found)
	}
}

func TestMaskCapture(t *testing.T) {
	b := someBundle(t, 2)
	masked, fields, ok := MaskCapture(b.Captures[0].Capture)
	if !ok || len(fields) != 1 || strings.Contains(masked.Text, "CHAP") || strings.Contains(masked.Text, "again") ||
		strings.Count(masked.Text, pyjson.Quote(Masked)) != 2 {
		t.Errorf("%v, %v: %s", ok, fields, masked.Text)
	}
	same, fields, ok := MaskCapture(b.Captures[1].Capture)
	if !ok || fields != nil || same.Text != b.Captures[1].Capture.Text {
		t.Errorf("what has no secrets: %v, %v: %s", ok, fields, same.Text)
	}
	if _, _, ok := MaskCapture(ReadCapture(`{"provider_auth": "x`, Source{})); ok {
		t.Error("what does not parse is masked")
	}
}

func FuzzReadBundle(f *testing.F) {
	f.Add(written(f, someBundle(f, 2)))
	f.Add("{}\n")
	f.Fuzz(func(t *testing.T, text string) { ReadBundle(text) })
}
