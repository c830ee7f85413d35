package repository

import (
	"reflect"
	"strings"
	"testing"

	"hearth/core"
)

const testID = "0a0b0c0d-1111-2222-3333-444455556666"

func TestParseName(t *testing.T) {
	const file = "volume_v_20260102030405_backup_" + testID
	const object = "volume_v/20260102030405/az_nova_backup_" + testID
	const blanks = "volume_v/20260102030405/az_a/b c_backup_" + testID
	const another = "volume_v/20260102030405/az__backup_x_backup_" + testID
	for s, want := range map[string]name{
		file + "-00001":                       {file, partChunk, 1},
		file + "-99999":                       {file, partChunk, 99999},
		file + "-100000":                      {file, partChunk, 100000},
		file + "-1234567":                     {file, partChunk, 1234567},
		file + "-012345":                      {file, partForeign, 0}, // %05d writes no such number
		file + "-1":                           {file, partForeign, 0},
		file + "-0000x":                       {file, partForeign, 0},
		file + "-1" + strings.Repeat("0", 30): {file, partForeign, 0},
		file + "_metadata":                    {file, partMetadata, 0},
		file + "_sha256file":                  {file, partHashes, 0},
		file:                                  {file, partForeign, 0},
		file + "/":                            {file, partForeign, 0},
		file + "_metadata.bak":                {file, partForeign, 0},
		object + "-00002":                     {object, partChunk, 2},
		object + "_metadata":                  {object, partMetadata, 0},
		object + "/x":                         {object, partForeign, 0},
		"sub/" + object + "_metadata":         {"sub/" + object, partMetadata, 0},
		object + "_backup_" + testID:          {object, partForeign, 0}, // to Cinder it begins as the first
		// What the folders are called that a container was downloaded to does not matter.
		"az_nova_backup_" + testID + "_metadata":             {"az_nova_backup_" + testID, partMetadata, 0},
		"20260102030405/az_nova_backup_" + testID + "-00001": {"20260102030405/az_nova_backup_" + testID, partChunk, 1},
		"old/box/" + object + "-00001":                       {"old/box/" + object, partChunk, 1},
		"backup-00001":                                       {"backup", partChunk, 1},
		"backup_metadata":                                    {"backup", partMetadata, 0},
		"00/11/x/backup_sha256file":                          {"00/11/x/backup", partHashes, 0},
		// Zones may be called anything.
		blanks + "_metadata":  {blanks, partMetadata, 0},
		another + "_metadata": {another, partMetadata, 0},
		// An id that is no UUID.
		"volume_v_20260102030405_backup_7_metadata": {"volume_v_20260102030405_backup_7", partMetadata, 0},
		"volume_v_20260102030405_backup_7-00001":    {"volume_v_20260102030405_backup_7", partChunk, 1},
	} {
		got, ok := parseName(s)
		if !ok || got != want {
			t.Errorf("%s is %+v, %v", s, got, ok)
		}
		if got.part == partChunk && chunkName(got.prefix, got.chunk) != s {
			t.Errorf("%s is written as %s", s, chunkName(got.prefix, got.chunk))
		}
	}
	for _, s := range []string{"", "README.txt", "logs/2026/app_metadata", "_metadata", "_backup_" + testID, "volume_",
		"volume_v_backup_" + testID + "_metadata",
		"volume_v_2026010203040_backup_" + testID + "-00001", "volume__20261302030405_backup_" + testID + "-00001",
		"volume_v/x/az_nova_backup_" + testID + "_metadata",
		"az_nova_backup_x_metadata",
		"backup", "backup.tar", "backup_metadata.old", "backups/x",
		"volume_v/20260102030405/az_nova_backup_", "volume_v_20260102030405_backup_7_other"} {
		if got, ok := parseName(s); ok {
			t.Errorf("%s is %+v", s, got)
		}
	}
	o, ok := parsePrefix(object)
	if !ok || o.volume != "v" || o.backup != testID || o.zone != core.Some("nova") || o.began.V.Format("20060102150405") != "20260102030405" {
		t.Errorf("%+v", o)
	}
}

func FuzzParseName(f *testing.F) {
	f.Add("volume_v_20260102030405_backup_" + testID + "-00001")
	f.Add("volume_v/20260102030405/az_nova_backup_" + testID + "_metadata")
	f.Fuzz(func(t *testing.T, s string) {
		n, ok := parseName(s)
		if !ok {
			return
		}
		if !strings.HasPrefix(s, n.prefix) {
			t.Fatalf("%q has the prefix %q", s, n.prefix)
		}
		if ownerOf("", "", n.prefix).naming == 0 {
			t.Fatalf("%q is no prefix", n.prefix)
		}
		if n.part == partChunk && chunkName(n.prefix, n.chunk) != s {
			t.Fatalf("%q is written %q", s, chunkName(n.prefix, n.chunk))
		}
	})
}

// sample is a metadata object as Cinder writes it.
const sample = `{"backup_description": null, "backup_id": "x", "backup_name": "gr\u00f6\u00dfe \ud83d", ` +
	`"created_at": "2026-11-22 08:51:40+00:00",
  "objects": [{"x-00001": {"compression": "zlib", "length": 9, "md5": "ab", "offset": 0}}, ` +
	`{"x-00002": {"compression": "none", "length": 9, "md5": "ab", "offset": 9}}],
  "parent_id": null, "version": "1.0.0", "volume_id": "v", "volume_meta": ` +
	`"{\"version\": 2, \"volume-base-metadata\": {\"id\": \"v\", \"size\": 7, \"user_id\": null, \"project_id\": \"p\"}}"}`

// TestPeek: the quick way is taken for what Cinder writes, and only there.
func TestPeek(t *testing.T) {
	m, ok := peekMetadata(sample)
	if !ok || m.name.V != "größe \xed\xa0\xbd" || len(m.entries) != 2 || m.y2014 {
		t.Fatalf("%+v %v", m, ok)
	}
	if b, ok := peekCapture(m.volumeMeta.V); !ok || b != (basics{base: true, id: "v", size: 7, project: "p"}) {
		t.Errorf("%+v %v", b, ok)
	}
}

func FuzzReadMetadata(f *testing.F) {
	f.Add(sample)
	f.Add(strings.Replace(sample, `"parent_id": null,`, "", 1))
	f.Add(`{"backup_id": "x", "objects": [{"x-00001": {"offset": 9223372036854775807, "length": 9223372036854775807}}, {}]}`)
	f.Fuzz(func(t *testing.T, s string) {
		m, err := parseMetadata(s)
		if quick, ok := peekMetadata(s); ok && (err != nil || !reflect.DeepEqual(quick, m)) {
			t.Fatalf("%q is read as %+v, and quickly as %+v (%v)", s, m, quick, err)
		}
		if err != nil {
			return
		}
		m.end()
		m.spans()
		r := &reading{}
		r.layout(m)
		g := &group{prefix: "x", chunks: []chunk{{number: 1}}}
		g.holds(m)
		r.objects(g, m)
		facts{meta: m, group: g}.rebuild()
	})
}

func FuzzBasics(f *testing.F) {
	m, _ := peekMetadata(sample)
	f.Add(m.volumeMeta.V)
	f.Add(`{"volume-base-metadata": {"encryption_key_id": "k", "size": -0, "x": {"\u00e4": [1, true, -2]}}, "volume-metadata": {"a": "b"}}`)
	f.Fuzz(func(t *testing.T, s string) {
		want := parseBasics(s)
		if got, ok := peekCapture(s); ok && got != want {
			t.Fatalf("%q is read as %+v, and quickly as %+v", s, want, got)
		}
	})
}
