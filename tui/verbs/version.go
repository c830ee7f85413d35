package verbs

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// What .ci/release says of the build by the linker's -X, as it builds without a repository's
// word so that the same commit gives the same bytes anywhere; "" in any other build.
var releaseVersion, releaseCommit, releaseDate string

// Version is what this hearth was built from: its version, the commit and that commit's date
// (UTC). What a build does not say is told to be unknown, and why.
func Version() string {
	info, _ := debug.ReadBuildInfo()
	return versionOf(releaseVersion, releaseCommit, releaseDate, info)
}

// versionOf goes by what the release said, and else by what Go found in the repository; info
// may be nil.
func versionOf(version, commit, date string, info *debug.BuildInfo) string {
	changed := false
	if info != nil && commit == "" {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				commit = s.Value
			case "vcs.time":
				date = s.Value
			case "vcs.modified":
				changed = s.Value == "true"
			}
		}
	}
	if version == "" && info != nil && info.Main.Version != "(devel)" {
		version = info.Main.Version
	}
	if version == "" {
		version = "(built from source)"
	}
	switch {
	case commit == "":
		return version + ", commit and date unknown: it was built without its repository"
	case changed:
		return fmt.Sprintf("%s, commit %s of %s and changes that are in none", version, commit, date)
	}
	return fmt.Sprintf("%s, commit %s of %s", version, commit, date)
}

// versionVerb is hearth version, as the openstack client's --version.
func versionVerb(root *cobra.Command) *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version, the commit and its date", Hidden: true, Args: takes(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), root.Name(), "version", root.Version)
			return err
		}}
}
