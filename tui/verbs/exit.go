package verbs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"hearth/core"
)

// exitCode is what the process ends with after an error of a code.
type exitCode struct {
	Code core.Code
	Exit int
	What string // for the tables
}

// codes are the exit codes besides 0, as the help, the manual page and .github/VERBS.md list
// them. A script relies on a number for good: none is changed, and none is used for
// something else.
var codes = []exitCode{
	{core.CodeInternal, 1, "something unforeseen went wrong"},
	{core.CodeUsage, 2, "the command was not called rightly, or the config has a mistake"},
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
	{core.CodeUncertain, 13, "shown, but not all of it is certain"},
	{core.CodeIncomplete, 14, "what was read is not whole, as a list that ended early"},
	{core.CodeCancelled, 130, "cancelled: by a signal, or by answering no"},
}

// ExitCode is the exit code of an error: 0 for none, and where the reader of the
// output has gone away.
func ExitCode(err error) int {
	var plugin *errPlugin
	switch {
	case errors.As(err, &plugin):
		return plugin.exit
	case err == nil, errors.Is(err, errNoReader):
		return 0
	case errors.Is(err, context.Canceled):
		return 130
	}
	for _, c := range codes {
		if c.Code == core.CodeOf(err) {
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

// Report writes an error for a person, with its causes. An output that nobody
// reads any more is none.
func Report(w io.Writer, err error) {
	var e *core.Error
	var plugin *errPlugin
	switch {
	case err == nil, errors.Is(err, errNoReader), errors.As(err, &plugin):
		return
	case !errors.As(err, &e) && errors.Is(err, context.Canceled):
		fmt.Fprintln(w, "hearth: cancelled.")
		return
	}
	last := core.Visible(core.Struck(strings.TrimRight(told(err), ".\n")))
	fmt.Fprintln(w, "hearth: "+last+".")
	if e == nil {
		return
	}
	for _, cause := range core.Causes(e) {
		if !strings.HasSuffix(last, strings.TrimRight(cause, ".")) { // said already
			fmt.Fprintln(w, "  because: "+cause)
		}
		last = cause
	}
}

// notAll is the error of work on several things of which not all were done; what
// became of each has been said.
func notAll(tried string, n, of int, noun, what string) error {
	return core.Fail(core.CodePartial, tried+" all", fmt.Sprintf("%d of %s %s", n, core.Count(of, noun), what),
		"see what is said of each", nil)
}

// errNoReader says that the output goes into a closed pipe.
var errNoReader = errors.New("nobody reads the output any more")

// sink is where data goes. It tells a reader that has had enough, as head(1) has
// after its lines, from all other failures.
type sink struct{ io.Writer }

func (s sink) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	switch {
	case errors.Is(err, syscall.EPIPE):
		err = errNoReader
	case err != nil:
		err = core.Fail(core.CodeInternal, "write the output", "it is not taken", "", err)
	}
	return n, err
}
