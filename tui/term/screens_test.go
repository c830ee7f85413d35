package term

import (
	"path/filepath"
	"testing"
)

// TestNoScreens: a terminal without a cursor shows none; one that nobody knows may.
func TestNoScreens(t *testing.T) {
	t.Setenv("TERMINFO", filepath.Join(t.TempDir(), "none"))
	for name, refused := range map[string]bool{"": true, "dumb": true, "unknown": true, "xterm-256color": false, "nobody-knows": false} {
		if why := NoScreens(name); (why != "") != refused {
			t.Errorf("%q: %q", name, why)
		}
	}
}
