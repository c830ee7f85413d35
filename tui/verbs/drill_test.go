package verbs

import (
	"strings"
	"testing"
)

// TestDrillDevices: the name of an image that is none is told before anything is begun.
func TestDrillDevices(t *testing.T) {
	b, _ := cloud(t)
	for device, says := range map[string]string{"rbd:volumes/volume-{id}:key=x": "key is none of the options",
		"rbd:volume-{id}": "is written rbd:POOL/IMAGE", "rbd:volumes/volume": "with {id} in it"} {
		if got := b.run("drill", "--deep", "--device", device, "--dry-run"); got.code != 2 || !strings.Contains(got.err, says) {
			t.Errorf("%s: %+v", device, got)
		}
	}
}
