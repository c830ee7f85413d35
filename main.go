// hearth is a terminal console for OpenStack Cinder backups.
package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"charm.land/fang/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
	besides "hearth/store/beside"
	"hearth/store/jobs"
	"hearth/themes"
	"hearth/tui"
	"hearth/tui/place"
	"hearth/tui/settings"
	"hearth/tui/shell"
	"hearth/tui/state"
	tuiterm "hearth/tui/term"
	"hearth/tui/ui"
	"hearth/tui/verbs"
)

func main() {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGABRT}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it: what was begun so is meant to go on
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	context.AfterFunc(ctx, stop) // a second signal ends hearth at once
	context.AfterFunc(ctx, func() { time.AfterFunc(deaf, giveUp) })
	// Libraries write to Go's own log what nobody asked for, as net/http does of an answer that
	// comes twice: with the answer's text, across the screen.
	log.SetOutput(io.Discard)
	// A closed pipe is an error like others, so that what is open gets closed.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	cmd := root(&flags{})
	cmd.SetArgs(verbs.Arguments(os.Args[1:]))
	err := cmd.ExecuteContext(ctx)
	verbs.Report(os.Stderr, err)
	os.Exit(verbs.ExitCode(err))
}

// deaf is how long hearth may go on after it was told to end: what is being computed hears
// of no signal, and what is being written down takes a moment.
const deaf = 30 * time.Second

// giveUp ends hearth where it did not end by itself. What it writes is whole or not there,
// and what it asked for is in the journal, as after any other kill.
func giveUp() {
	os.Stderr.WriteString("hearth: it was told to end, and did not come to it: it is ended.\n")
	os.Exit(verbs.ExitCode(core.Fail(core.CodeCancelled, "go on", "it was told to end", "", nil)))
}

// root is the command without a verb: the screens.
func root(f *flags) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "hearth",
		Short:   "The terminal console for OpenStack Cinder backups",
		Version: verbs.Version(),
		Long: "hearth lists volumes and backups, shows what a backup captures and what a restore would change before anything is applied, " +
			"and carries records between clouds. Without a verb it opens its screens.\n\n" +
			"A place is where volumes and backups are kept: " + store.Syntax +
			". It is named by a flag, by HEARTH_PLACE, or by place in the config " + usualConfig() + ".\n\n" +
			"Exit codes:\n\n" + verbs.ExitCodes(),
		Example: "hearth --demo\nhearth --store /var/lib/cinder/cinder.sqlite\nhearth backups --store demo.sqlite --filter status:error",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !term.IsTerminal(os.Stdin.Fd()) || !term.IsTerminal(os.Stdout.Fd()) {
				return core.Fail(core.CodeUsage, "open the screens", "this is no terminal", "use a verb, such as hearth backups -o json", nil)
			}
			if why := tuiterm.NoScreens(os.Getenv("TERM")); why != "" {
				return f.prompt(cmd, why)
			}
			return f.show(cmd.Context())
		},
	}
	p := cmd.PersistentFlags()
	p.StringVar(&f.place, "place", "", "the place: "+store.Syntax+", or its name in the config")
	for _, flag := range store.Flags() {
		s := &short{Flag: flag}
		if f.short = append(f.short, s); s.Bare {
			p.BoolVar(&s.set, s.Name, false, s.Help)
		} else {
			p.StringVar(&s.value, s.Name, "", s.Help)
		}
	}
	p.StringVar(&f.region, "region", "", "the cloud's region, instead of the configured one")
	p.StringVar(&f.project, "project", "", "the id of another project of the same login")
	p.StringVar(&f.passcode, "passcode", "", "the one-time passcode (TOTP) of the cloud's login, instead of OS_PASSCODE")
	p.BoolVar(&f.allProjects, "all-projects", false, "list what every project of the cloud has, where the login may")
	p.BoolVar(&f.write, "write", false, "allow changes in a database that hearth did not make")
	p.StringVar(&f.config, "config", "", "the configuration file, instead of "+usualConfig())
	cmd.Flags().BoolVar(&f.plain, "plain", false, "draw the screens in ASCII, as with a locale that is not UTF-8")
	cmd.RegisterFlagCompletionFunc("place", f.places)
	cmd.AddCommand(verbs.All(f.env())...)
	verbs.Prepare(cmd)
	cmd.SetHelpFunc(help)
	return cmd
}

// help has fang draw the help of cmd, and nothing else. To know its background fang
// would ask the terminal, wait for seconds where none answers, and take what was
// typed meanwhile: so it sees none to ask, and the colours are the terminal's own.
func help(cmd *cobra.Command, _ []string) {
	in := os.Stdin
	os.Stdin = nil
	defer func() { os.Stdin = in }()
	root := cmd.Root()
	root.SetArgs(append(strings.Fields(cmd.CommandPath())[1:], "--help"))
	fang.Execute(root.Context(), root, fang.WithoutManpage(), fang.WithoutVersion(), fang.WithColorSchemeFunc(helpColours))
}

// helpColours are read on light and on dark.
func helpColours(c lipgloss.LightDarkFunc) fang.ColorScheme {
	s, own := fang.AnsiColorScheme(c), lipgloss.NoColor{}
	s.Base, s.Description, s.Argument, s.Codeblock, s.DimmedArgument = own, own, own, own, own
	s.Program = s.Command
	return s
}

// flags are those that every verb takes.
type flags struct {
	place, config      string
	short              []*short // stand for --place
	region, project    string
	write, allProjects bool
	plain              bool // of the screens
	passcode           string
	// asks asks the user for a one-time passcode: on the screens, or on the terminal.
	asks func(context.Context, core.Passcode) (string, error)
}

// short is a flag that names a place of one kind, as it was given.
type short struct {
	store.Flag
	value string
	set   bool // of a bare one
}

// env is the world of the verbs.
func (f *flags) env() *verbs.Env {
	shows, width := terminal(os.Stdout)
	talks, errWidth := terminal(os.Stderr)
	e := &verbs.Env{In: os.Stdin, Secret: tuiterm.Hidden, Out: os.Stdout, Err: os.Stderr,
		Asks: talks && term.IsTerminal(os.Stdin.Fd()), Shows: shows, Width: width, ErrWidth: errWidth,
		Now: settings.Now, Desk: f.desk, Copy: f.copy, Paths: f.paths, Logins: store.Check, Places: f.known, Probe: f.probe, Open: f.open,
		Archive: func(ctx context.Context) ([]string, error) { return archive.Says(ctx, archiveFile()) },
		Session: f.session, Memory: memory, Locate: f.locate,
		Keep: f.kept, Policies: f.policies, Words: os.Args[1:], Devices: f.devices}
	if e.Asks {
		f.asks = e.Passcode
	}
	return e
}

// terminal reports whether a file is a terminal, and how wide that is.
func terminal(file *os.File) (is bool, width int) {
	if w, _, err := term.GetSize(file.Fd()); err == nil {
		width = w
	}
	return term.IsTerminal(file.Fd()), width
}

// config is the one configuration file; each room declares the part it reads.
type config struct {
	store.Config
	Screen  tui.Config       `toml:"screen"`
	Keys    tui.Keys         `toml:"keys"`
	Views   tui.Views        `toml:"views"`
	Archive archive.Config   `toml:"archive"`
	Journal jobs.Config      `toml:"journal"`
	Drill   jobs.DrillConfig `toml:"drill"`
	// Policy has the backup policies by their names.
	Policy jobs.PoliciesConfig `toml:"policy"`
}

func (c *config) check() (key, what string) {
	if key, what := c.Config.Check(); key != "" {
		return key, what
	}
	for _, name := range c.Names() {
		if color := c.Places[name].Color; color != "" {
			if _, ok := themes.Colour(color); !ok {
				return "places." + name + ".color", core.Visible(color) + " is no colour: " + themes.Colours()
			}
		}
	}
	if key, what := c.Screen.Check(settings.Nearest); key != "" {
		return "screen." + key, what
	}
	if key, what := c.Keys.Check(settings.Nearest); key != "" {
		return key, what
	}
	if key, what := c.Views.Check(settings.Nearest); key != "" {
		return key, what
	}
	if key, what := c.Archive.Check(); key != "" {
		return "archive." + key, what
	}
	if key, what := c.Journal.Check(); key != "" {
		return "journal." + key, what
	}
	if key, what := c.Drill.Check(); key != "" {
		return "drill." + key, what
	}
	if key, what := c.Policy.Check(); key != "" {
		return "policy." + key, what
	}
	return "", ""
}

// load reads the configuration. No file is an empty one, unless it was named; nor
// is there one without a home.
func (f *flags) load() (c config, err error) {
	if f.configPath() == "" {
		return c, nil
	}
	err = settings.Read(f.configPath(), &c, c.check)
	if f.config == "" && errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err == nil {
		c.Keys.Say()
	}
	return c, err
}

// folders are where hearth keeps things.
var folders = settings.FindFolders()

// configFile is the configuration file that is not named; "" where there is no home.
func configFile() string { return within(folders.Config, "config.toml") }

// usualConfig is how the help names it: the same for everybody whose it is the usual one, as
// the help is in the manual page that packages have.
func usualConfig() string {
	return cmp.Or(settings.AtHome(configFile()), "$XDG_CONFIG_HOME/hearth/config.toml")
}

// archiveFile is the archive; "" where there is no home.
func archiveFile() string { return within(folders.Data, "archive.sqlite") }

// memory is what the screens remember, and what there is to be said of its file.
func memory() (*state.Memory, string) { return state.Open(within(folders.State, "state.json")) }

func within(folder, name string) string {
	if folder == "" {
		return ""
	}
	return filepath.Join(folder, name)
}

// openArchive opens the archive as far as that goes, and says what there is to be said of
// it. What only reads a place does without.
func openArchive(ctx context.Context) (a *archive.Archive, said string, err error) {
	if err = folders.NoArchive(); err == nil {
		a, said, err = archive.Reach(ctx, archiveFile(), settings.Now())
	}
	if core.CodeOf(err) == core.CodeCancelled {
		return nil, "", err
	}
	if err != nil {
		said = "hearth works without its archive: " + err.Error()
	}
	return a, said, nil
}

// policies are those of the config.
func (f *flags) policies() ([]jobs.Policy, error) {
	c, err := f.load()
	return c.Policy.Policies(), err
}

// session is what hearth check says of the terminal and of the clipboard. A config that
// cannot be read is told of elsewhere.
func (f *flags) session(ctx context.Context) []core.Checked {
	c, _ := f.load()
	s := shell.Session{Out: os.Stdout, Is: term.IsTerminal(os.Stdout.Fd()), Environ: os.Environ(), Theme: c.Screen.Theme, Asks: tuiterm.Asks()}
	if w, h, err := term.GetSize(os.Stdout.Fd()); err == nil {
		s.Width, s.Height = w, h
	}
	clip := ui.Clipboard{Off: c.Screen.Clipboard == "off"}
	checked := []core.Checked{{What: "terminal", Lines: s.Examine()}, {What: "clipboard", Lines: clip.Examine(ctx)}}
	return append(checked, store.CheckDevices(c.Drill.Devices)...)
}

func (f *flags) configPath() string { return cmp.Or(f.config, configFile()) }

// location is the place that is meant: by flag, else by HEARTH_PLACE, else by the
// config.
func (f *flags) location(c config) (store.Location, store.PlaceConfig, error) {
	var named []string
	if f.place != "" {
		named = append(named, f.place)
	}
	for _, s := range f.short {
		if s.set || s.value != "" {
			named = append(named, s.Location(s.value))
		}
	}
	if len(named) > 1 {
		return store.Location{}, store.PlaceConfig{}, core.Fail(core.CodeUsage, "choose a place",
			store.Shown(named[0])+" and "+store.Shown(named[1])+" are both named", "name one", nil)
	}
	for _, s := range append(named, os.Getenv("HEARTH_PLACE"), c.Place, store.Usual()) {
		if s != "" {
			loc, pc, err := c.Find(s)
			if err == nil {
				loc, err = loc.Within(f.region, f.project)
			}
			return loc, pc, err
		}
	}
	return store.Location{}, store.PlaceConfig{}, core.Fail(core.CodeUsage, "choose a place", "none is named",
		"look around with hearth --demo, or name one with --store FILE, --cloud NAME, HEARTH_PLACE or place in the config", nil)
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
	return f.openDesk(ctx, c, loc, pc)
}

// openDesk opens a place, and the archive unless it is a demo, which leaves
// nothing behind.
func (f *flags) openDesk(ctx context.Context, c config, loc store.Location, pc store.PlaceConfig) (jobs.Desk, func(), error) {
	d := jobs.Desk{Who: settings.Who(), RBD: store.OpenRBD, Pace: jobs.Pace{Now: settings.Now}}
	d.SettleAfter, _ = c.Journal.Limit() // it was checked when it was read
	o := store.Options{Write: f.write, Now: settings.Now, Config: pc, Demo: store.World{Until: settings.Now()}, AllProjects: f.allProjects,
		CacheDir: folders.Cache, Passcode: f.asks}
	if f.passcode != "" { // it stands for the variable, whoever reads that
		os.Setenv("OS_PASSCODE", f.passcode)
	}
	var err error
	if loc.Kind() != store.KindDemo {
		if d.Archive, d.Without, err = openArchive(ctx); err != nil {
			return d, nil, err
		}
		if d.Archive != nil && d.Archive.ReadOnly == "" {
			o.Listings = d.Archive
		}
	}
	closeArchive := func() {
		if d.Archive != nil {
			d.Archive.Close()
		}
	}
	if d.Place, err = store.Open(ctx, loc, o); err != nil {
		closeArchive()
		return d, nil, err
	}
	d.Place = beside(c, pc, d.Place)
	source, err := c.OpenRepository(ctx, pc, folders.Cache)
	if err != nil {
		d.Place.Close()
		closeArchive()
		return d, nil, err
	}
	if source != nil {
		d.Source = source
	}
	return d, func() {
		if source != nil {
			source.Close()
		}
		d.Place.Close()
		closeArchive()
	}, nil
}

// beside puts the database that is configured for a cloud beside it: it is opened when it
// is needed, and never written.
func beside(c config, pc store.PlaceConfig, place store.Place) store.Place {
	cloud, ok := place.(store.Cloud)
	if pc.Database == "" || !ok {
		return place
	}
	loc, dc, err := c.Find(pc.Database)
	if err != nil { // the config was checked
		return place
	}
	dc.ReadOnly = true
	return besides.Join(cloud, besides.Options{Location: loc.String(), Now: settings.Now,
		Open: func(ctx context.Context) (store.Place, error) {
			return store.Open(ctx, loc, store.Options{Now: settings.Now, Config: dc})
		}})
}

// open opens another place than that of the flags.
func (f *flags) open(ctx context.Context, name string) (jobs.Desk, func(), error) {
	c, err := f.load()
	if err != nil {
		return jobs.Desk{}, nil, err
	}
	loc, pc, err := c.Named(name)
	if err != nil {
		return jobs.Desk{}, nil, err
	}
	return f.openDesk(ctx, c, loc, pc)
}

// locate finds the location of a place by its name in the config.
func (f *flags) locate(name string) (string, error) {
	c, err := f.load()
	if err != nil {
		return "", err
	}
	loc, _, err := c.Find(name)
	return loc.String(), err
}

// kept is how long the archive keeps what is outdated.
func (f *flags) kept() (time.Duration, error) {
	c, err := f.load()
	if err != nil {
		return 0, err
	}
	return c.Archive.Age()
}

// devices are where this machine finds volumes.
func (f *flags) devices() ([]string, error) {
	c, err := f.load()
	return c.Drill.Devices, err
}

// show shows the screens: of the place that is meant, or where none is, or the one that
// nobody named on the command line cannot be opened, those of the start.
func (f *flags) show(ctx context.Context) error {
	passcodes := tui.NewPasscodes()
	f.asks = passcodes.Ask
	c, err := f.load()
	alone := f.alone()
	switch {
	case err != nil && !alone:
		return err
	case err != nil: // what is right in it is not known
		c = config{}
	}
	said := ""
	var desk jobs.Desk
	done := func() {}
	if err == nil && (!alone || f.meant(c)) {
		var closing func()
		if desk, closing, err = f.desk(ctx); err == nil {
			done = closing
		} else if !alone || core.CodeOf(err) == core.CodeCancelled {
			return err
		} else {
			desk = jobs.Desk{}
		}
	}
	if err != nil {
		said = core.Visible(err.Error())
		said = strings.TrimSuffix(said, ".") + "."
	}
	o := f.screens(c, done, passcodes)
	o.Plain = f.plain || shell.Session{Environ: os.Environ()}.OnlyASCII()
	var about string
	if o.Memory, about = memory(); about != "" {
		desk.Without = strings.TrimSpace(desk.Without + " " + about)
		said = strings.TrimSpace(said + " " + about)
	}
	if desk.Place == nil {
		desk.Now = settings.Now
		o.Start = &place.Start{Known: c.Known, Said: said, Now: settings.Now, Knock: c.Knock}
	}
	return tui.Run(ctx, desk, o)
}

// prompt does without screens what they do: verbs, one a line.
func (f *flags) prompt(cmd *cobra.Command, why string) error {
	named, given := f.place, []string{}
	cmd.Flags().Visit(func(flag *pflag.Flag) { // what holds for each line
		if slices.Contains([]string{"config", "region", "project", "write", "all-projects"}, flag.Name) {
			given = append(given, "--"+flag.Name+"="+flag.Value.String())
		}
	})
	for _, s := range f.short {
		if s.set || s.value != "" {
			named = s.Location(s.value)
		}
	}
	if c, err := f.load(); named == "" && err == nil {
		named = cmp.Or(os.Getenv("HEARTH_PLACE"), c.Place, store.Usual())
	}
	return f.env().Prompt(cmd.Context(), why, named, func(ctx context.Context, args []string) error {
		line := root(&flags{})
		if !strings.HasPrefix(args[0], "-") {
			args = slices.Insert(slices.Clone(args), 1, given...)
		}
		line.SetArgs(verbs.Arguments(args))
		return line.ExecuteContext(ctx)
	})
}

// alone reports whether no place was named on the command line.
func (f *flags) alone() bool {
	named := func(s *short) bool { return s.set || s.value != "" }
	return f.place == "" && f.region == "" && f.project == "" && !slices.ContainsFunc(f.short, named)
}

// meant reports whether the config or the environment name a place.
func (f *flags) meant(c config) bool {
	return os.Getenv("HEARTH_PLACE") != "" || c.Place != "" || store.Usual() != ""
}

// screens is what the screens are given: how to go to another place, too.
func (f *flags) screens(c config, done func(), passcodes *tui.Passcodes) tui.Options {
	return tui.Options{Passcodes: passcodes, Config: c.Screen, Keys: c.Keys, Views: c.Views,
		Reports: within(folders.Data, ""), Version: verbs.Version(),
		Policies: f.policies, Devices: f.devices,
		Places: func() []store.PlaceRow {
			known, _ := c.Known() // what is wrong with clouds.yaml is told when one of its clouds is opened
			return known
		},
		Open: func(ctx context.Context, location string) (jobs.Desk, func() error, error) {
			loc, pc, err := c.Find(location)
			if err != nil {
				return jobs.Desk{}, nil, err
			}
			desk, done, err := f.openDesk(ctx, c, loc, pc)
			return desk, func() error { done(); return nil }, err
		},
		Close: func() error { done(); return nil },
	}
}

// known lists the places for a verb.
func (f *flags) known(context.Context) ([]store.PlaceRow, error) {
	c, err := f.load()
	if err != nil {
		return nil, err
	}
	return c.Known()
}

// probe asks a place who we are there.
func (f *flags) probe(ctx context.Context, location string) (core.Scope, error) {
	c, err := f.load()
	if err != nil {
		return core.Scope{}, err
	}
	loc, pc, err := c.Find(location)
	if err != nil {
		return core.Scope{}, err
	}
	place, err := store.Open(ctx, loc, store.Options{Now: settings.Now, Config: pc, CacheDir: folders.Cache})
	if err != nil {
		return core.Scope{}, err
	}
	place = beside(c, pc, place)
	defer place.Close()
	if s, ok := place.(store.Scoper); ok {
		scope, err := s.Scope(ctx)
		if b, ok := place.(store.Companion); ok && err == nil {
			scope.Beside = b.Beside(ctx)
		}
		scope.Release = place.Info().Release // with what the database tells
		return scope, err
	}
	_, err = place.Backups(ctx, core.Query{Limit: 1})
	return core.Scope{Release: place.Info().Release}, err
}

// copy is the clipboard, as the config has it.
func (f *flags) copy(ctx context.Context, text string) (string, error) {
	c, err := f.load()
	if err != nil {
		return "", err
	}
	return ui.Clipboard{Off: c.Screen.Clipboard == "off"}.Copy(ctx, text)
}

// file is a file of hearth's for hearth check; "" is none.
func file(what, where string) verbs.Path {
	return verbs.Path{What: what, Where: cmp.Or(where, "nowhere, as there is no home folder"), File: where != ""}
}

// paths is what hearth check shows.
func (f *flags) paths() ([]verbs.Path, error) {
	out := []verbs.Path{file("config", f.configPath()), file("archive", archiveFile()),
		file("remembered", within(folders.State, "state.json")),
		{What: "cache", Where: cmp.Or(folders.Cache, "nowhere, as there is no home folder")}}
	c, err := f.load()
	for _, name := range c.Names() {
		p := c.Places[name]
		out = append(out, verbs.Path{What: "place " + name, Where: store.Shown(p.Location)})
		if p.Database != "" {
			out = append(out, verbs.Path{What: "  its database", Where: store.Shown(p.Database)})
		}
		if p.Repository != "" {
			out = append(out, verbs.Path{What: "  its repository", Where: store.Shown(p.Repository)})
		}
	}
	if err == nil {
		if loc, _, none := f.location(c); none == nil {
			out = append(out, verbs.Path{What: "opens", Where: loc.String()})
		}
	}
	return out, err
}

// places completes the names of the places that the config knows.
func (f *flags) places(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	c, err := f.load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := c.Names()
	for _, s := range f.short {
		if s.Bare {
			names = append(names, s.Location(""))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
