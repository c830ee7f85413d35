// Package verbs is hearth without its screens: the same work as commands, for
// scripts, pipes and cron. Data goes to stdout, talk to stderr, and each sort of
// failure has an exit code of its own.
package verbs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
)

// Env is the world that the commands work in; main makes it.
type Env struct {
	In       io.Reader
	Out      io.Writer // data
	Err      io.Writer // talk
	Terminal bool      // In and Err are a terminal: questions can be asked
	Width    int       // of the terminal that Out is, 0 if it is none
	Now      func() time.Time
	// Desk opens the place that the flags, the environment or the config name,
	// and its archive. The function returned closes both.
	Desk func(ctx context.Context) (jobs.Desk, func(), error)
	// Copy puts a text on the clipboard and says which way it went.
	Copy func(ctx context.Context, text string) (string, error)
	// Paths lists where hearth keeps things, for hearth info.
	Paths func() []Path
}

// Path is a file or folder that hearth uses.
type Path struct{ What, Where string }

// All returns the commands.
func All(e *Env) []*cobra.Command {
	return []*cobra.Command{
		e.volumes(), e.backups(), e.volume(), e.backup(), e.capture(), e.plan(), e.apply(), e.undo(),
		e.journal(), e.export(), e.importing(), e.decode(), e.demo(), e.info(),
	}
}

// codes are the exit codes, as the README and the man page list them.
var codes = []struct {
	Code core.Code
	Exit int
	What string
}{
	{core.CodeInternal, 1, "something unforeseen went wrong"},
	{core.CodeUsage, 2, "the command was not called rightly"},
	{core.CodeNotFound, 3, "no such volume, backup, entry, file or place"},
	{core.CodeAmbiguous, 4, "a name or beginning of an id fits several"},
	{core.CodeConflict, 5, "it is no longer what the plan was made from, or is there already"},
	{core.CodeRefused, 6, "Cinder's rules, or hearth's, do not allow it"},
	{core.CodeReadOnly, 7, "the place is not open for writing"},
	{core.CodeUnreadable, 8, "a file, capture or record is not what it should be"},
	{core.CodeUnavailable, 9, "locked, down or out of reach: try again"},
	{core.CodeDenied, 10, "credentials or roles do not suffice"},
	{core.CodePartial, 11, "some of several things were done, not all"},
	{core.CodeUnsupported, 12, "this kind of place cannot do it"},
	{core.CodeCancelled, 130, "cancelled"},
}

// ExitCode is the exit code of an error: 0 for none.
func ExitCode(err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, context.Canceled) {
		return 130
	}
	var e *core.Error
	if !errors.As(err, &e) {
		return 2 // what cobra says of flags and arguments
	}
	for _, c := range codes {
		if c.Code == e.Code {
			return c.Exit
		}
	}
	return 1
}

// ExitCodes describes the exit codes, a line each.
func ExitCodes() string {
	var b strings.Builder
	b.WriteString("  0    done\n")
	for _, c := range codes {
		fmt.Fprintf(&b, "  %-4d %s\n", c.Exit, c.What)
	}
	return b.String()
}

// Report writes an error for a person, with its causes.
func Report(w io.Writer, err error) {
	fmt.Fprintln(w, "hearth: "+core.Visible(strings.TrimSuffix(err.Error(), "\n"))+".")
	var e *core.Error
	if errors.As(err, &e) {
		for _, cause := range core.Causes(e) {
			fmt.Fprintln(w, "  because: "+cause)
		}
	}
}

// with opens the place, runs fn and closes it.
func (e *Env) with(cmd *cobra.Command, fn func(ctx context.Context, d jobs.Desk) error) error {
	ctx := cmd.Context()
	d, done, err := e.Desk(ctx)
	if err != nil {
		return err
	}
	defer done()
	settled, err := d.Settle(ctx)
	if err != nil {
		return err
	}
	for _, s := range settled {
		e.say("Journal entry %d was left open by an interrupted hearth; the place was read back: %s.", s.ID, s.State)
	}
	return fn(ctx, d)
}

// say talks to the person, on stderr.
func (e *Env) say(format string, args ...any) {
	fmt.Fprintln(e.Err, core.VisibleLines(fmt.Sprintf(format, args...)))
}

// ask puts a question that yes answers; without a terminal the answer is no.
func (e *Env) ask(question string) bool {
	if !e.Terminal {
		return false
	}
	fmt.Fprint(e.Err, core.VisibleLines(question)+" [y/N] ")
	var answer string
	fmt.Fscanln(e.In, &answer)
	answer = strings.ToLower(answer)
	return answer == "y" || answer == "yes"
}

// confirm is ask for something that --yes answers too.
func (e *Env) confirm(yes bool, tried, question string) error {
	switch {
	case yes:
		return nil
	case !e.Terminal:
		return core.Fail(core.CodeUsage, tried, "there is no terminal to ask on", "look at the plan first and give --yes", nil)
	case e.ask(question):
		return nil
	}
	return core.Fail(core.CodeCancelled, tried, "you said no; nothing was changed", "", nil)
}

func (e *Env) demo() *cobra.Command {
	var out string
	w := store.World{}
	cmd := &cobra.Command{
		Use: "demo", Short: "Make a store with demo data", Args: cobra.NoArgs,
		Long: "Make a store of hearth's own with a believable world in it: volumes, chains of backups\nover months, captures that change from layer to layer. The same seed makes the same world.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return core.Fail(core.CodeUsage, "make a demo", "--out is missing", "name the file that is to be made", nil)
			}
			if w.Volumes < 0 || w.Backups < 0 {
				return core.Fail(core.CodeUsage, "make a demo", "--volumes and --backups cannot be negative", "", nil)
			}
			for flag, n := range map[string]*int{"volumes": &w.Volumes, "backups": &w.Backups} {
				if cmd.Flags().Changed(flag) && *n == 0 {
					*n = -1 // none at all, where 0 is the usual number
				}
			}
			ctx := cmd.Context()
			s, err := store.MakeDemo(ctx, out, w, store.Options{Now: e.Now})
			if err != nil {
				return err
			}
			defer s.Close()
			v, err := s.Volumes(ctx, core.Query{Limit: 1})
			if err != nil {
				return err
			}
			b, err := s.Backups(ctx, core.Query{Limit: 1})
			if err != nil {
				return err
			}
			e.say("%s: %s, %s. Open it with: hearth --store %s", out, core.Count(v.All, "volume"), core.Count(b.All, "backup"), out)
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the file to make; nothing is overwritten")
	cmd.Flags().IntVar(&w.Volumes, "volumes", 0, "how many volumes (default a few dozen)")
	cmd.Flags().IntVar(&w.Backups, "backups", 0, "how many backups (default about a hundred)")
	cmd.Flags().Int64Var(&w.Seed, "seed", 0, "chooses among worlds")
	return cmd
}

func (e *Env) info() *cobra.Command {
	return &cobra.Command{
		Use: "info", Short: "Show where hearth keeps things, and how large they are", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, p := range e.Paths() {
				size := "not there yet"
				if st, err := os.Stat(p.Where); err == nil {
					size = core.Bytes(st.Size())
					if st.IsDir() {
						size = "folder"
					}
				}
				fmt.Fprintf(e.Out, "%-10s %s (%s)\n", p.What, core.Visible(p.Where), size)
			}
			fmt.Fprintf(e.Out, "%-10s %s\n", "places", store.Syntax)
			return nil
		},
	}
}
