package settings

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/adrg/xdg"

	"hearth/core"
)

// Folders are those in which hearth keeps things, by the XDG Base Directory
// Specification; "" where there is none, as for a user without a home.
type Folders struct {
	Config, Data, Cache, State string

	none error // why there is no home
}

// FindFolders finds them: where XDG_CONFIG_HOME, XDG_DATA_HOME and XDG_CACHE_HOME say,
// else below HOME. Where that is not set, as in a systemd unit or a job of cron, it
// is set to the home of the system's user database, for all that looks there. The
// root folder is nobody's home: nothing is kept there.
func FindFolders() Folders { return findFolders(database) }

func findFolders(database func() (string, error)) Folders {
	const name = "hearth"
	if runtime.GOOS == "windows" { // has a home by other means
		return Folders{filepath.Join(xdg.ConfigHome, name), filepath.Join(xdg.DataHome, name), filepath.Join(xdg.CacheHome, name),
			filepath.Join(xdg.StateHome, name), nil}
	}
	home := os.Getenv("HOME")
	var none error
	if !isHome(home) {
		if home, none = database(); none == nil && !isHome(home) {
			none = fmt.Errorf("the system's user database has %q for it", home)
		}
		if none == nil {
			os.Setenv("HOME", home)
			xdg.Reload()
		}
	}
	in := func(variable, dir string) string {
		if none != nil && !filepath.IsAbs(os.Getenv(variable)) {
			return ""
		}
		return filepath.Join(dir, name)
	}
	return Folders{in("XDG_CONFIG_HOME", xdg.ConfigHome), in("XDG_DATA_HOME", xdg.DataHome), in("XDG_CACHE_HOME", xdg.CacheHome),
		in("XDG_STATE_HOME", xdg.StateHome), none}
}

// isHome reports whether things can be kept in a folder. That HOME names may be made
// yet, as it always could.
func isHome(dir string) bool { return filepath.IsAbs(dir) && filepath.Clean(dir) != "/" }

// database is the home that the system's user database has.
func database() (string, error) {
	u, err := user.LookupId(fmt.Sprint(os.Getuid()))
	var unknown user.UnknownUserIdError
	if errors.As(err, &unknown) {
		return "", fmt.Errorf("the system's user database has no user %d", int(unknown))
	} else if err != nil {
		return "", err
	}
	if info, err := os.Stat(u.HomeDir); err != nil || !info.IsDir() {
		return "", fmt.Errorf("%s, which the system's user database has, is no folder that can be read", u.HomeDir)
	}
	return u.HomeDir, nil
}

// AtHome is a path as one writes it for whoever is at home there: with ~ for HOME.
func AtHome(path string) string {
	home := filepath.Clean(os.Getenv("HOME"))
	if !isHome(os.Getenv("HOME")) || !strings.HasPrefix(path, home+string(filepath.Separator)) {
		return path
	}
	return "~" + path[len(home):]
}

// NoArchive says that there is no folder for the archive, and what to set. It is
// nil where there is one.
func (f Folders) NoArchive() error {
	if f.Data != "" {
		return nil
	}
	return core.Fail(core.CodeUsage, "open the archive",
		"there is no home folder to keep it in: HOME names none, and "+f.none.Error(),
		"set HOME, or XDG_DATA_HOME to a folder that hearth may write in", nil)
}
