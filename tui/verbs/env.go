// Package verbs is hearth without its screens: the same work as commands, for
// scripts, pipes and cron. Data goes to stdout, talk to stderr, and each sort of
// failure has an exit code of its own.
package verbs

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store"
	"hearth/store/jobs"
	"hearth/tui/state"
)

// Env is the world that the commands work in; main makes it.
type Env struct {
	In  io.Reader
	Out io.Writer // data
	Err io.Writer // talk

	Asks     bool // In and Err are a terminal: questions can be asked
	Shows    bool // Out is a terminal
	Width    int  // of the terminal that Out is; 0: it is none, or does not say
	ErrWidth int  // the same of Err

	// Secret reads a line from the terminal that is not shown as it is typed.
	Secret func(ctx context.Context) (string, error)

	Now func() time.Time
	// Desk opens the place that the flags, the environment or the config name,
	// and its archive. The function returned closes both.
	Desk func(ctx context.Context) (jobs.Desk, func(), error)
	// Copy puts a text on the clipboard and says which way it went.
	Copy func(ctx context.Context, text string) (string, error)
	// Paths lists where hearth keeps things, for hearth check: as much as is known
	// also where the configuration has a mistake.
	Paths func() ([]Path, error)
	// Archive looks through the archive for hearth check, and changes nothing: what there
	// is to be said of it, and what is wrong; nil: there is none.
	Archive func(ctx context.Context) (says []string, err error)
	// Session says what hearth runs in, for hearth check: the terminal, the clipboard; nil: no
	// more than a pipe.
	Session func(ctx context.Context) []core.Checked
	// Logins says what the logins are made of, for hearth check, asking nobody; nil:
	// there are none.
	Logins func() []core.Checked
	// Places lists the places that hearth knows; nil: none. Probe asks one of them,
	// by its location, who we are there, and so whether it answers; nil: nobody is
	// asked.
	Places func(ctx context.Context) ([]store.PlaceRow, error)
	Probe  func(ctx context.Context, location string) (core.Scope, error)
	// Open opens another place than that of the flags: by a name of the config or of
	// clouds.yaml, or by its location. The function returned closes it.
	Open func(ctx context.Context, location string) (jobs.Desk, func(), error)
	// Memory is what the screens remember, and what there is to be said of its file; nil:
	// nothing. Locate finds the location of a place by its name in the config.
	Memory func() (m *state.Memory, said string)
	Locate func(name string) (location string, err error)
	// Keep is how long the archive keeps what is outdated when it is pruned; 0, or
	// nil, is for ever.
	Keep func() (time.Duration, error)
	// Devices are where this machine finds volumes, by the config: paths with {id} for the
	// volume's; nil is nowhere.
	Devices func() ([]string, error)
	// Policies are those of the config; nil: there is none.
	Policies func() ([]jobs.Policy, error)
	// Words are those that hearth was called with, for what a flag that cannot be read has
	// to know of the others.
	Words []string
}

// Path is something that hearth uses: a file, or a place by its location.
type Path struct {
	What, Where string
	File        bool
}

// at opens the place that name says, a name of the config or of clouds.yaml or a
// location, or that of the flags which every verb takes where name is empty; and
// settles what an interrupted hearth left open there. The function returned closes
// it, and is nil with an error.
func (e *Env) at(ctx context.Context, name string) (jobs.Desk, func(), error) {
	open := e.Desk
	if name != "" {
		if e.Open == nil {
			return jobs.Desk{}, nil, core.Fail(core.CodeUnsupported, "open "+name, "nothing opens places here", "", nil)
		}
		open = func(ctx context.Context) (jobs.Desk, func(), error) { return e.Open(ctx, name) }
	}
	d, done, err := open(ctx)
	if err != nil {
		return d, nil, err
	}
	if d.Without != "" {
		e.say("! %s.", core.Visible(strings.TrimSuffix(d.Without, ".")))
	}
	done = e.unsafe(d, done)
	settled, err := d.Settle(ctx)
	for _, s := range settled {
		e.say("Journal entry %d was left open by an interrupted hearth; the place was read back: %s.", s.ID, s.State)
	}
	if err != nil {
		done()
		return d, nil, err
	}
	return d, done, nil
}

// unsafe says what is not safe about the way to the place: what is known before anything
// was asked at once, the rest in the end.
func (e *Env) unsafe(d jobs.Desk, done func()) func() {
	said := map[string]bool{}
	say := func() {
		for _, why := range d.Info().Unsafe {
			if !said[why] {
				said[why] = true
				e.say("! Not safe: %s.", why)
			}
		}
	}
	say()
	return func() {
		say()
		done()
	}
}

// with opens the place of the flags, runs fn and closes it.
func (e *Env) with(cmd *cobra.Command, fn func(ctx context.Context, d jobs.Desk) error) error {
	ctx := cmd.Context()
	d, done, err := e.at(ctx, "")
	if err != nil {
		return err
	}
	defer done()
	return fn(ctx, d)
}
