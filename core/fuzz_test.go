package core

import (
	"os"
	"path/filepath"
	"testing"

	"hearth/core/pyjson"
)

// samples adds what is in files of testdata.
func samples(f *testing.F, patterns ...string) {
	for _, pattern := range patterns {
		files, _ := filepath.Glob(filepath.Join("../testdata", pattern))
		for _, file := range files {
			if body, err := os.ReadFile(file); err == nil && len(body) < 1<<16 {
				f.Add(string(body))
			}
		}
	}
}

// FuzzDecodeRecord: what decodes says the same when it is read again.
func FuzzDecodeRecord(f *testing.F) {
	f.Add("eyJpZCI6ICJ4In0=")
	f.Add("eyJpZCI6ICJ4IiwgInNpemUiOiAxLCAic3RhdHVzIjogImF2YWlsYWJsZSJ9")
	samples(f, "records/*", "paste/*")
	f.Fuzz(func(t *testing.T, text string) {
		for _, era := range []Era{Today, Y2014} {
			d, err := DecodeRecord(text, era)
			if err != nil {
				continue
			}
			RecordBackup(d)
			if again, err := DecodeRecord(text, era); err != nil || d.Fingerprint() != again.Fingerprint() || !SameRecord(d, again) {
				t.Errorf("%q is not the same twice", text)
			}
		}
	})
}

// FuzzReadCapture: a capture keeps its text, whatever that is, and what is planned by it
// ends.
func FuzzReadCapture(f *testing.F) {
	f.Add(`{"version": 1, "volume-base-metadata": {"display_name": "a"}, "volume-metadata": {"b": "c"}, "volume-glance-metadata": {}}`)
	f.Add(`{"version": 2, "volume-base-metadata": {"encryption_key_id": "k", "volume_type_id": null}}`)
	samples(f, "captures/*", "conformance/*.json")
	f.Fuzz(func(t *testing.T, text string) {
		c := ReadCapture(text, Source{Kind: SourceNow})
		if c.Text != text {
			t.Errorf("%q became %q", text, c.Text)
		}
		CaptureWarnings(&c)
		if masked, _, ok := MaskCapture(c); ok {
			ReadCapture(masked.Text, masked.Source)
		}
		ReadGiven(text, Source{})
		InsideMetadata(text)
	})
}

// FuzzFilter: a filter that is taken can be asked of any row.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{"status:error", `name~"a b" -size>3`, "age<90d", "!incremental:true", "created>2026-01-01", "a,b,c", "id:x,y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var b Backup
		var v Volume
		if filter, err := ParseFilter(text, BackupColumns); err == nil {
			Match(filter, BackupColumns, &b, b.CreatedAt.V)
		}
		if filter, err := ParseFilter(text, VolumeFields); err == nil {
			Match(filter, VolumeFields, &v, b.CreatedAt.V)
		}
		ParseOrder(text, BackupColumns)
		VisibleLines(text)
	})
}

// FuzzState: what a journal or a state holds is read, and written as it was read.
func FuzzState(f *testing.F) {
	f.Add(`{"display_name": "a", "display_description": null, "bootable": true, "metadata": {"a": "1"}, "glance": {}}`)
	f.Add("{\"metadata\": {\"\xff\": \"\"}}")
	f.Add(`{"metadata": {"\ud800": "\udfff"}, "display_name": {"$str": "\\ud800"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		if v, err := pyjson.Parse(text); err == nil {
			StepsFrom(v)
		}
		s, err := ReadState(text)
		if err != nil {
			return
		}
		if again := StateFrom(s.Object()); !again.Equal(s) {
			t.Errorf("%q is read as %+v, and then as %+v", text, s, again)
		}
	})
}
