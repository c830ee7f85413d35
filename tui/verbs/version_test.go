package verbs

import (
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"testing"
)

// TestVersionOf: a release says it by the linker, a clone by Go's own stamps, and what
// neither says is told to be unknown.
func TestVersionOf(t *testing.T) {
	stamped := func(version, modified string) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: []debug.BuildSetting{
			{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "abc123"}, {Key: "vcs.time", Value: "2026-01-02T03:04:05Z"},
			{Key: "vcs.modified", Value: modified}}}
	}
	bare := &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}
	const unknown = ", commit and date unknown: it was built without its repository"
	const clone = "v0.1.0, commit abc123 of 2026-01-02T03:04:05Z"
	release := [3]string{"1.2.0", "def456", "2026-02-03T04:05:06Z"}
	for what, c := range map[string]struct {
		linked [3]string // version, commit, date
		info   *debug.BuildInfo
		want   string
	}{
		"a release":           {release, bare, "1.2.0, commit def456 of 2026-02-03T04:05:06Z"},
		"a release, stamped":  {release, stamped("v0.1", "true"), "1.2.0, commit def456 of 2026-02-03T04:05:06Z"},
		"a clone":             {info: stamped("v0.1.0", "false"), want: clone},
		"a changed clone":     {info: stamped("v0.1.0", "true"), want: clone + " and changes that are in none"},
		"no repository":       {info: bare, want: "(built from source)" + unknown},
		"nothing at all":      {want: "(built from source)" + unknown},
		"a module of a proxy": {info: &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, want: "v1.2.3" + unknown},
	} {
		if got := versionOf(c.linked[0], c.linked[1], c.linked[2], c.info); got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}

// TestVersionLinked: the names that .ci/release gives the linker are those of the variables;
// it says nothing of one that is not there.
func TestVersionLinked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hearth")
	const link = "-X hearth/tui/verbs.releaseVersion=9.8.7 -X hearth/tui/verbs.releaseCommit=c0ffee " +
		"-X hearth/tui/verbs.releaseDate=2026-01-02T03:04:05Z"
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-ldflags", link, "-o", file, "../..").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, arg := range []string{"version", "--version", "-V"} {
		out, err := exec.Command(file, arg).CombinedOutput()
		if want := "hearth version 9.8.7, commit c0ffee of 2026-01-02T03:04:05Z\n"; err != nil || string(out) != want {
			t.Errorf("%s: %q, %v", arg, out, err)
		}
	}
}
