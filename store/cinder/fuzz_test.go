package cinder

import (
	"strings"
	"testing"

	"hearth/core"
)

// FuzzPage: whatever a cloud answers with, a list is read or refused in words.
func FuzzPage(f *testing.F) {
	f.Add(`{"backups": [{"id": "a", "size": 1, "created_at": "2026-01-01T00:00:00.000000", "links": []}], "backups_links": [{"rel": "next",
"href": "http://c/v3/backups/detail?marker=a"}], "count": 3}`)
	f.Add(`{"volumes": [{"id": "a", "size": "1", "bootable": "true", "metadata": {"a": 1}, "volume_image_metadata": null}]}`)
	f.Add(`{"backups": [null, 1, {}]}`)
	f.Add(strings.Repeat("[", 5000))
	var v version
	f.Fuzz(func(t *testing.T, body string) {
		rows, _, _, err := pageOf[backupRow]("list", []byte(body), "backups")
		if err != nil && core.CodeOf(err) == "" {
			t.Errorf("%q: %v", body, err)
		}
		for i := range rows {
			rows[i].backup(v, true)
		}
		volumes, _, _, _ := pageOf[volumeRow]("list", []byte(body), "volumes")
		for i := range volumes {
			volumes[i].volume(v)
		}
		nextMarker([]byte(body), "backups")
	})
}
