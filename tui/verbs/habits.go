package verbs

import (
	"context"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hearth/core"
	"hearth/store/jobs"
)

// This file is for the hands of people who come from the openstack and cinder clients:
// what they type does what it did there, or names the way.

// sameFlags are flags of those clients that hearth has under another name.
var sameFlags = map[string]string{
	"all-tenants":    "all-projects",
	"os-cloud":       "cloud",
	"os-region-name": "region",
	"os-project-id":  "project",
	"no-property":    "no-properties",
	"sort-column":    "sort",
}

// sameFlag is the name that hearth has for a flag.
func sameFlag(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	if ours, ok := sameFlags[name]; ok {
		name = ours
	}
	return pflag.NormalizedName(name)
}

// otherFlags say what is done in place of flags of those clients that hearth has not
// got.
var otherFlags = map[string]string{
	"all":             "--all-projects lists those of every project",
	"all-projects":    "it stands before what it is for: hearth backups --all-projects",
	"detail":          "-f json prints every column, -c those that it names",
	"detailed":        "-f json prints every column, -c those that it names",
	"debug":           "leave it out: hearth tells the causes of a failure by itself",
	"verbose":         "leave it out: hearth tells the causes of a failure by itself",
	"filters":         "write --filter status:error",
	"filter-name":     "write --filter name:NAME",
	"fit-width":       "leave it out: a table fits the terminal by itself",
	"max-width":       "leave it out: a table fits the terminal by itself",
	"print-empty":     "leave it out",
	"noindent":        "leave it out: -f json prints a row a line",
	"quote":           "leave it out: -f csv quotes what has to be quoted",
	"insecure":        "set verify or cacert of the cloud in clouds.yaml",
	"verify":          "set verify or cacert of the cloud in clouds.yaml",
	"marker":          "leave it out: hearth reads all pages by itself",
	"offset":          "leave it out: hearth reads all pages by itself",
	"with-count":      "leave it out: hearth counts by itself",
	"poll":            "leave it out: hearth waits unless --no-wait is given",
	"project-domain":  "--project takes the project's id",
	"sort-ascending":  "write --sort COLUMN",
	"sort-descending": "write --sort COLUMN:desc",
	"sort-key":        "write --sort COLUMN or COLUMN:desc",
	"sort-dir":        "write --sort COLUMN or COLUMN:desc",
	"user":            "write --filter user:ID",
	"volume-id":       "write --filter volume-id:ID",
	"snapshot-id":     "write --filter snapshot:ID, or for a new backup --snapshot ID",
	"no-incremental":  "leave it out: a full backup is made unless --incremental is given",
	"state":           "write hearth reset BACKUP --state error",
}

// otherFlag says what is done in place of a flag, "" where nothing is known of it.
func otherFlag(name string) string {
	if next, ok := otherFlags[name]; ok {
		return next
	}
	if strings.HasPrefix(name, "os-") {
		return "hearth logs in as clouds.yaml or the OS_* variables say; --cloud names the cloud"
	}
	return ""
}

// otherWords say what is hearth's for the commands of the cinder client, and for single
// words of both.
var otherWords = map[string]string{
	"backup-list":         "hearth backups",
	"backup-show":         "hearth backup ID",
	"backup-create":       "hearth create VOLUME",
	"backup-delete":       "hearth delete BACKUP",
	"backup-restore":      "hearth restore BACKUP --onto VOLUME",
	"backup-export":       "hearth export BACKUP",
	"backup-import":       "hearth import FILE",
	"backup-reset-state":  "hearth reset BACKUP --state error",
	"backup-update":       "hearth edit BACKUP --name NAME",
	"reset-state":         "hearth reset BACKUP --state error",
	"list":                "hearth backups or hearth volumes",
	"ls":                  "hearth backups or hearth volumes",
	"show":                "hearth backup ID or hearth volume ID",
	"get":                 "hearth backup ID or hearth volume ID",
	"rm":                  "hearth delete BACKUP",
	"remove":              "hearth delete BACKUP",
	"set":                 "hearth edit BACKUP --name NAME",
	"unset":               "hearth edit BACKUP --property KEY=VALUE",
	"rename":              "hearth edit BACKUP --name NAME",
	"update":              "hearth edit BACKUP --name NAME",
	"message":             "hearth messages ID",
	"message-list":        "hearth messages ID",
	"message-show":        "hearth messages ID",
	"metadata":            "hearth apply BACKUP --onto VOLUME",
	"metadata-show":       "hearth volume ID",
	"metadata-update-all": "hearth apply BACKUP --onto VOLUME",
	"image-metadata":      "hearth apply BACKUP --onto VOLUME",
	"image-metadata-show": "hearth volume ID",
	"record":              "hearth export BACKUP or hearth import FILE",
	"cloud":               "hearth places",
	"catalog":             "hearth places",
	"project":             "hearth places",
	"configuration":       "hearth check",
	"config":              "hearth check",
	"token":               "hearth places",
	"module":              "hearth help",
	"history":             "hearth journal",
	"log":                 "hearth journal",
	"revert":              "hearth undo",
	"preview":             "hearth plan BACKUP --onto VOLUME",
	"check-backup":        "hearth verify",
	"transfer":            "hearth copy BACKUP --to PLACE",
	"sync":                "hearth copy BACKUP --to PLACE",
}

// twoWords are the commands of those clients below a verb of hearth's of which one
// word is: "backup list". Each is hearth's verb, or says what is.
type twoWords struct {
	word string
	does func(*Env) *cobra.Command // hearth's verb
	says string                    // else: what is done in its place
	more []twoWords
}

var backupWords = []twoWords{
	{word: "list", does: (*Env).backups},
	{word: "show", does: (*Env).oneBackup},
	{word: "create", does: (*Env).create},
	{word: "delete", does: (*Env).delete},
	{word: "restore", says: "write hearth restore BACKUP --onto VOLUME, or --new for a new one"},
	{word: "set", says: "write hearth edit BACKUP --name NAME, or for its status hearth reset BACKUP --state error"},
	{word: "unset", says: "write hearth edit BACKUP --property KEY=VALUE for those that stay, or --no-properties"},
	{word: "reset-state", does: (*Env).reset},
	{word: "record", more: []twoWords{
		{word: "export", does: (*Env).export},
		{word: "import", says: "write hearth import FILE, or pipe the record into hearth import"},
	}},
}

var volumeWords = []twoWords{
	{word: "list", does: (*Env).volumes},
	{word: "show", does: (*Env).oneVolume},
	{word: "backup", more: backupWords},
	{word: "message", more: []twoWords{
		{word: "list", says: "write hearth messages ID, of a backup or volume"},
		{word: "show", says: "write hearth messages ID, of a backup or volume"},
	}},
	{word: "set", says: "hearth changes a volume's metadata by what a backup captured: hearth apply BACKUP --onto VOLUME"},
	{word: "unset", says: "hearth changes a volume's metadata by what a backup captured: hearth apply BACKUP --onto VOLUME"},
	{word: "create", says: "hearth makes a volume only where a backup is restored: hearth restore BACKUP --new"},
	{word: "delete", says: "hearth deletes no volumes: openstack volume delete does"},
	{word: "snapshot", says: "hearth shows no snapshots: openstack volume snapshot does"},
	{word: "type", says: "hearth shows no volume types: openstack volume type list does"},
	{word: "service", says: "openstack volume service list --service cinder-backup shows it"},
}

// finder looks for what a word may name, instead of being one of a command.
type finder func(ctx context.Context, d jobs.Desk, ref string) error

func findBackup(ctx context.Context, d jobs.Desk, ref string) error {
	_, err := d.ResolveBackup(ctx, ref)
	return err
}

func findVolume(ctx context.Context, d jobs.Desk, ref string) error {
	_, err := d.ResolveVolume(ctx, ref)
	return err
}

// also adds commands of two words and more below a verb that shows what its argument
// names; where something has the name of the word, that is shown as before.
func (e *Env) also(verb *cobra.Command, words []twoWords, find finder) *cobra.Command {
	e.below(verb, verb, words, find)
	return verb
}

func (e *Env) below(parent, verb *cobra.Command, words []twoWords, find finder) {
	for _, w := range words {
		var c *cobra.Command
		switch {
		case w.does != nil:
			c = w.does(e)
			_, rest, _ := strings.Cut(c.Use, " ")
			c.Use = strings.TrimSpace(w.word + " " + rest)
		case w.more != nil:
			c = &cobra.Command{Use: w.word, Short: "What the openstack client calls " + w.word, Args: takes(0, 0)}
			c.RunE = func(cmd *cobra.Command, _ []string) error { return partOf(cmd, w.more) }
			e.below(c, verb, w.more, nil)
		default:
			c = &cobra.Command{Use: w.word, Short: w.says, DisableFlagParsing: true}
			c.RunE = func(cmd *cobra.Command, _ []string) error {
				return core.Fail(core.CodeUsage, "run "+cmd.CommandPath(), "hearth has no such command", w.says, nil)
			}
		}
		c.Hidden = true
		if c.ValidArgsFunction == nil {
			c.ValidArgsFunction = cobra.NoFileCompletions
		}
		if find != nil {
			e.unless(verb, c, w.word, find)
		}
		parent.AddCommand(c)
	}
}

// partOf is the error of a command that lacks its last word.
func partOf(cmd *cobra.Command, words []twoWords) error {
	var all []string
	for _, w := range words {
		all = append(all, w.word)
	}
	return misuse(cmd, "a word is missing", "write "+cmd.CommandPath()+" and "+strings.Join(all, ", ")+", or see hearth help")
}

// unless has a command with nothing after it show what has the name of its word, if
// there is such.
func (e *Env) unless(verb, c *cobra.Command, word string, find finder) {
	args, run := c.Args, c.RunE
	c.Args = func(cmd *cobra.Command, given []string) error {
		if len(given) == 0 || args == nil {
			return nil // it may be a name
		}
		return args(cmd, given)
	}
	c.RunE = func(cmd *cobra.Command, given []string) error {
		if len(given) > 0 {
			return run(cmd, given)
		}
		err := e.with(cmd, func(ctx context.Context, d jobs.Desk) error { return find(ctx, d, word) })
		switch {
		case err == nil:
			cmd.Flags().Visit(func(f *pflag.Flag) { handOver(f, verb.LocalNonPersistentFlags()) })
			verb.SetContext(cmd.Context())
			return verb.RunE(verb, []string{word})
		case core.CodeOf(err) != core.CodeNotFound:
			return err
		case args != nil:
			if err := args(cmd, given); err != nil {
				return err
			}
		}
		return run(cmd, given)
	}
}

// handOver gives a flag's value to one of the same name, if there is such.
func handOver(f *pflag.Flag, to *pflag.FlagSet) {
	same := to.Lookup(f.Name)
	if same == nil {
		return
	}
	from, several := f.Value.(pflag.SliceValue)
	if into, ok := same.Value.(pflag.SliceValue); several && ok {
		into.Replace(from.GetSlice())
		return
	}
	same.Value.Set(f.Value.String())
}

// looksLikeID reports whether a text is an id, or a beginning of one, and hardly a name.
var looksLikeID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f-]*)?$|^[0-9a-f]{32}$`)

// listFlags are flags of the openstack client's lists, which stand for terms of a
// filter.
type listFlags struct {
	status, name, volume string
	long                 bool
}

func (l *listFlags) add(cmd *cobra.Command, columns []string) {
	fl := cmd.Flags()
	for _, column := range columns {
		switch column {
		case "status":
			fl.StringVar(&l.status, "status", "", "as --filter status:WORD")
		case "name":
			fl.StringVar(&l.name, "name", "", "as --filter name:NAME")
		case "volume":
			fl.StringVar(&l.volume, "volume", "", "as --filter volume:NAME, or volume-id:ID")
		}
	}
	fl.BoolVar(&l.long, "long", false, "more columns")
	for _, name := range append([]string{"long"}, columns...) {
		if f := fl.Lookup(name); f != nil {
			f.Hidden = true
		}
	}
}

// terms are those that the flags stand for.
func (l *listFlags) terms(filter *core.Filter) {
	add := func(column, value string, kind core.ColumnKind) {
		if value != "" {
			filter.Text = strings.TrimSpace(filter.Text + " " + column + ":" + `"` + value + `"`)
			filter.Terms = append(filter.Terms, core.Term{Column: column, Kind: kind, Op: core.Is, Words: []string{core.Fold(value)}})
		}
	}
	add("status", l.status, core.WordColumn)
	add("name", l.name, core.TextColumn)
	if looksLikeID.MatchString(l.volume) {
		add("volume-id", l.volume, core.IDColumn)
	} else {
		add("volume", l.volume, core.TextColumn)
	}
}
