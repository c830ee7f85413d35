// hearth is a terminal console for OpenStack Cinder backups.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"charm.land/fang/v2"
	"github.com/BurntSushi/toml"
	"github.com/adrg/xdg"
	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
	"hearth/store/jobs"
	"hearth/tui"
	"hearth/tui/verbs"
)

// config is the one configuration file; each room declares the part it reads.
type config struct {
	store.Config
	Screen tui.Config `toml:"screen"`
}

// flags are those that every command takes.
type flags struct {
	place, store, cloud, config string
	demo, write                 bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	f := &flags{}
	err := fang.Execute(ctx, root(f), fang.WithErrorHandler(func(io.Writer, fang.Styles, error) {}))
	if err != nil {
		verbs.Report(os.Stderr, err)
	}
	os.Exit(verbs.ExitCode(err))
}

// root is the command without a verb: the screens.
func root(f *flags) *cobra.Command {
	env := &verbs.Env{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Now: time.Now, Desk: f.desk, Copy: tui.Clipboard{}.Copy, Paths: f.paths,
		Terminal: term.IsTerminal(os.Stdin.Fd()) && term.IsTerminal(os.Stderr.Fd())}
	if w, _, err := term.GetSize(os.Stdout.Fd()); err == nil {
		env.Width = w
	}
	cmd := &cobra.Command{
		Use:   "hearth",
		Short: "The terminal console for OpenStack Cinder backups",
		Long: "hearth lists volumes and backups, shows what a backup captures and what a restore would change\n" +
			"before anything is applied, and carries records between clouds. Without a verb it opens its screens.\n\n" +
			"A place is named as " + store.Syntax + ".\n\nExit codes:\n" + verbs.ExitCodes(),
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !term.IsTerminal(os.Stdin.Fd()) || !term.IsTerminal(os.Stdout.Fd()) {
				return core.Fail(core.CodeUsage, "open the screens", "this is no terminal", "use a verb, such as hearth backups -o json", nil)
			}
			c, err := f.load()
			if err != nil {
				return err
			}
			desk, done, err := f.desk(cmd.Context())
			if err != nil {
				return err
			}
			defer done()
			return tui.Run(cmd.Context(), desk, tui.Options{Config: c.Screen})
		},
	}
	p := cmd.PersistentFlags()
	p.StringVar(&f.place, "place", "", "the place: "+store.Syntax+", or a name from the config")
	p.StringVar(&f.store, "store", "", "short for --place sqlite:FILE")
	p.StringVar(&f.cloud, "cloud", "", "short for --place cloud:NAME")
	p.BoolVar(&f.demo, "demo", false, "a fresh store with demo data, gone when hearth ends")
	p.BoolVar(&f.write, "write", false, "write to a database that hearth did not make")
	p.StringVar(&f.config, "config", "", "the configuration file")
	cmd.AddCommand(verbs.All(env)...)
	return cmd
}

// location is the place that is meant: by flag, by HEARTH_PLACE, by the config.
func (f *flags) location(c config) (store.Location, store.PlaceConfig, error) {
	var named []string
	for _, s := range []struct{ flag, value string }{{"--place", f.place}, {"--store", prefixed("sqlite:", f.store)}, {"--cloud", prefixed("cloud:", f.cloud)}} {
		if s.value != "" {
			named = append(named, s.value)
		}
	}
	if f.demo {
		named = append(named, "demo")
	}
	if len(named) > 1 {
		return store.Location{}, store.PlaceConfig{}, core.Fail(core.CodeUsage, "choose a place", strings.Join(named, " and ")+" are both named", "name one", nil)
	}
	for _, s := range append(named, os.Getenv("HEARTH_PLACE"), c.Place) {
		if s != "" {
			return c.Find(s)
		}
	}
	return store.Location{}, store.PlaceConfig{}, core.Fail(core.CodeUsage, "choose a place", "none is named",
		"look around with hearth --demo, or name one with --store FILE, --cloud NAME, HEARTH_PLACE or place in the config", nil)
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// desk opens the place and the archive.
func (f *flags) desk(ctx context.Context) (jobs.Desk, func(), error) {
	var d jobs.Desk
	c, err := f.load()
	if err != nil {
		return d, nil, err
	}
	loc, pc, err := f.location(c)
	if err != nil {
		return d, nil, err
	}
	place, err := store.Open(ctx, loc, store.Options{Write: f.write, Now: time.Now, Config: pc, Demo: store.World{Until: time.Now()}})
	if err != nil {
		return d, nil, err
	}
	d = jobs.Desk{Place: place, Who: who(), Now: time.Now}
	if !place.Info().Demo { // a demo leaves nothing behind
		if d.Archive, err = archive.Open(ctx, archivePath()); err != nil {
			place.Close()
			return d, nil, err
		}
	}
	return d, func() {
		if d.Archive != nil {
			d.Archive.Close()
		}
		place.Close()
	}, nil
}

func archivePath() string { return filepath.Join(xdg.DataHome, "hearth", "archive.sqlite") }

func (f *flags) configPath() string {
	if f.config != "" {
		return f.config
	}
	return filepath.Join(xdg.ConfigHome, "hearth", "config.toml")
}

func (f *flags) paths() []verbs.Path {
	return []verbs.Path{{What: "config", Where: f.configPath()}, {What: "archive", Where: archivePath()}}
}

// who is the person at the keyboard, for the journal.
func who() string {
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	return name + "@" + host
}

// load reads the configuration, strictly: what it does not know is a mistake, and
// mistakes are told with their line. No file is an empty one, unless it was named.
func (f *flags) load() (config, error) {
	var c config
	path := f.configPath()
	tried := "read the config " + path
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && f.config == "" {
		return c, nil
	}
	if err != nil {
		return c, core.Fail(core.CodeNotFound, tried, "the file cannot be read", "name another with --config", err)
	}
	md, err := toml.Decode(string(data), &c)
	var perr toml.ParseError
	switch {
	case errors.As(err, &perr):
		return c, core.Fail(core.CodeUsage, tried, fmt.Sprintf("line %d: %s", perr.Position.Line, perr.Message), "correct it", err)
	case err != nil:
		return c, core.Fail(core.CodeUsage, tried, err.Error(), "correct it", err)
	}
	if extra := md.Undecoded(); len(extra) > 0 {
		return c, core.Fail(core.CodeUsage, tried, fmt.Sprintf("line %d: there is no setting %s", lineOf(string(data), extra[0]), extra[0]), "look at the README for those there are", nil)
	}
	for _, check := range []func() (string, string){c.Config.Check, c.Screen.Check} {
		if key, what := check(); key != "" {
			return c, core.Fail(core.CodeUsage, tried, fmt.Sprintf("line %d: %s", lineOf(string(data), toml.Key{key}), what), "correct it", nil)
		}
	}
	return c, nil
}

// lineOf finds the line of a key: the last one of its name under its table.
func lineOf(data string, key toml.Key) int {
	last, table, found := key[len(key)-1], strings.Join(key[:len(key)-1], "."), 0
	at := ""
	for i, line := range strings.Split(data, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			at = strings.Trim(line, "[] ")
			if at == strings.Join(key, ".") {
				return i + 1
			}
		}
		name, _, ok := strings.Cut(line, "=")
		if ok && strings.Trim(name, ` "`) == last && (table == "" || at == table) {
			found = i + 1
		}
	}
	return max(found, 1)
}
