package settings

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/adrg/xdg"
)

// TestFolders: where HOME names no home, that of the user database is one; where there
// is none, nothing is kept but where XDG_* says, and a sentence says what to set.
func TestFolders(t *testing.T) {
	lookup := func(home string, err error) func() (string, error) {
		return func() (string, error) { return home, err }
	}
	none := lookup("", errors.New("unknown userid"))
	for name, c := range map[string]struct {
		env                 map[string]string
		database            func() (string, error)
		config, data, cache string // what they are below; "": none
		home                string // what HOME is then
	}{
		"home":           {map[string]string{"HOME": "/h"}, none, "/h/", "/h/", "/h/", "/h"},
		"database":       {nil, lookup("/var/lib/x", nil), "/var/lib/x/", "/var/lib/x/", "/var/lib/x/", "/var/lib/x"},
		"none":           {nil, none, "", "", "", ""},
		"database: root": {nil, lookup("/", nil), "", "", "", ""},
		"HOME: root":     {map[string]string{"HOME": "/"}, none, "", "", "", "/"},
		"named":          {map[string]string{"XDG_DATA_HOME": "/srv", "XDG_CONFIG_HOME": "rel"}, none, "", "/srv/hearth", "", ""},
		"home and named": {map[string]string{"HOME": "/h", "XDG_CACHE_HOME": "/c"}, none, "/h/", "/h/", "/c/hearth", "/h"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(xdg.Reload)
			for _, v := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"} {
				t.Setenv(v, c.env[v])
			}
			xdg.Reload()
			got := findFolders(c.database)
			err := got.NoArchive()
			if (err == nil) != (got.Data != "") || err != nil && !strings.Contains(err.Error(), "set HOME, or XDG_DATA_HOME") {
				t.Errorf("the archive: %v", err)
			}
			for dir, below := range map[string]string{got.Config: c.config, got.Data: c.data, got.Cache: c.cache} {
				if (dir == "") != (below == "") || !strings.HasPrefix(dir, below) {
					t.Errorf("%q is not in %q", dir, below)
				}
			}
			if home := os.Getenv("HOME"); home != c.home {
				t.Errorf("HOME is %q, not %q", home, c.home)
			}
		})
	}
	if home, err := database(); err != nil && home != "" || err == nil && home == "" {
		t.Errorf("the database has %q, %v", home, err)
	}
}

// TestAtHome: what lies at home is written with ~, and only that.
func TestAtHome(t *testing.T) {
	for _, c := range []struct{ home, path, want string }{
		{"/home/anna", "/home/anna/.config/x", "~/.config/x"}, {"/home/anna/", "/home/anna/.config/x", "~/.config/x"},
		{"/home/anna", "/home/annabel/.config/x", "/home/annabel/.config/x"}, {"/home/anna", "/etc/x", "/etc/x"},
		{"", "/etc/x", "/etc/x"}, {"/", "/etc/x", "/etc/x"}, {"/home/anna", "", ""},
	} {
		t.Setenv("HOME", c.home)
		if got := AtHome(c.path); got != c.want {
			t.Errorf("HOME %q: %q is %q, not %q", c.home, c.path, got, c.want)
		}
	}
}
