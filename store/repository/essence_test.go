package repository

import (
	"reflect"
	"strings"
	"testing"

	"hearth/core"
)

// TestEssence: what is kept of a capture until the scan is done describes the same volume.
func TestEssence(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"version": 2, "volume-base-metadata": {"display_name": "a \"b\"", "size": 3, "bootable": true, "host": null, "status": "backing-up", ` +
			`"previous_status": "in-use", "provider_auth": "secret", "created_at": "2026-01-02T03:04:05"}, "volume-metadata": {"k": "v"}}`,
		`{"volume-base-metadata": {"size": 1, "size": 2, "user_id": "u"}, "version": 1}`,
		`{"version": 2, "volume-base-metadata": null}`, `{"version": 2, "volume-metadata": {}}`,
		`{"version": 2, "volume-base-metadata": {}}`, `{"version": NaN, "volume-base-metadata": {"size": 1}}`, `not JSON`, ``,
	} {
		short := essence(text)
		if strings.Contains(short, "secret") || len(short) > len(text)+1 {
			t.Errorf("%s is kept of %s", short, text)
		}
		a, b := core.ReadCapture(text, core.Source{}), core.ReadCapture(short, core.Source{})
		x, y := a.Section(core.BaseSection), b.Section(core.BaseSection)
		if (x == nil) != (y == nil) || x != nil && !reflect.DeepEqual(core.CapturedVolume("v", x), core.CapturedVolume("v", y)) {
			t.Errorf("%s is kept of %s", short, text)
		}
	}
}
