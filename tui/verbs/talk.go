package verbs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"hearth/core"
	"hearth/store/jobs"
)

// say talks to the person, on stderr. What is filled in is made visible, so that
// nothing that a tenant named can steer the terminal or pretend to be a line of
// hearth's.
func (e *Env) say(format string, args ...any) {
	for i, a := range args {
		switch a.(type) {
		case string, error, fmt.Stringer:
			args[i] = core.Visible(fmt.Sprint(a))
		}
	}
	fmt.Fprintln(e.Err, core.VisibleLines(fmt.Sprintf(format, args...)))
}

// calling is a name for a sentence, also where there is none.
func calling(name string) string {
	if name == "" {
		return "(no name)"
	}
	return name
}

// confirm asks before something is changed. yes answers for the person, who can
// only be asked on a terminal; look says how to see beforehand what would happen.
func (e *Env) confirm(ctx context.Context, yes bool, tried, question, look string) error {
	switch {
	case yes:
		return nil
	case !e.Asks:
		return core.Fail(core.CodeUsage, tried, "there is no terminal to ask on", look+", then give --yes", nil)
	}
	fmt.Fprint(e.Err, core.Visible(question)+" [y/N] ")
	answer, err := await(ctx, func() (string, error) {
		var answer string
		fmt.Fscanln(e.In, &answer) // an empty answer is a no
		return strings.ToLower(answer), nil
	})
	switch {
	case err != nil:
		fmt.Fprintln(e.Err)
		return err
	case answer == "y" || answer == "yes":
		return nil
	}
	return core.Fail(core.CodeCancelled, tried, "you did not say yes; nothing was changed", "", nil)
}

// confirmNumber asks for a number of things before they are gone for good: whoever types it has
// read it. yes answers for the person, who can only be asked on a terminal.
func (e *Env) confirmNumber(ctx context.Context, yes bool, tried string, n int, noun string) error {
	switch {
	case yes:
		return nil
	case !e.Asks:
		return core.Fail(core.CodeUsage, tried, "there is no terminal to ask on", "look at what is said above, then give --yes", nil)
	}
	fmt.Fprintf(e.Err, "Delete %s, with the data? There is no way back. Type how many: ", core.Count(n, noun))
	answer, err := await(ctx, func() (string, error) {
		var answer string
		fmt.Fscanln(e.In, &answer) // an empty answer is a no
		return answer, nil
	})
	if err != nil {
		fmt.Fprintln(e.Err)
		return err
	}
	if answer == strconv.Itoa(n) {
		return nil
	}
	return core.Fail(core.CodeCancelled, tried, "that is not the number; nothing was changed", "", nil)
}

// Passcode asks for the one-time passcode of a login, on the terminal; "" where nobody can be
// asked.
func (e *Env) Passcode(ctx context.Context, of core.Passcode) (string, error) {
	if !e.Asks || e.Secret == nil {
		return "", core.Fail(core.CodeUsage, "ask for the one-time passcode", "there is no terminal to ask on",
			core.DoPasscode, nil)
	}
	fmt.Fprint(e.Err, of.Question()+": ")
	text, err := e.Secret(ctx)
	fmt.Fprintln(e.Err)
	return text, err
}

// writable returns nil if the place can be written and the login may do it, so
// that nobody is asked about what cannot be.
func writable(d jobs.Desk, tried string, op core.Operation) error {
	err := d.Allowed(op)
	var known *core.Error
	if errors.As(err, &known) {
		own := core.Fail(known.Code, tried, known.What, known.Next, nil)
		own.With = known.With
		return own
	}
	return err
}

// read reads a whole file, or stdin for "-".
func (e *Env) read(ctx context.Context, file string) (string, error) {
	return e.readFrom(ctx, file, e.In)
}

// readFrom is read where standard input is in, of which some was looked at.
func (e *Env) readFrom(ctx context.Context, file string, in io.Reader) (string, error) {
	if file == "-" {
		return await(ctx, func() (string, error) {
			b, err := io.ReadAll(in)
			if err != nil {
				return "", core.Fail(core.CodeUnreadable, "read standard input", "it broke off", "", err)
			}
			return string(b), nil
		})
	}
	return await(ctx, func() (string, error) { // a pipe, as that of <(…), may wait for its writer
		b, err := os.ReadFile(file)
		switch {
		case os.IsNotExist(err):
			return "", core.Fail(core.CodeNotFound, "read "+file, "there is no such file", "", nil)
		case err != nil:
			return "", core.Fail(core.CodeUnreadable, "read "+file, "it is no file that can be read", "", err)
		}
		return string(b), nil
	})
}

// await waits for a read that nothing can stop, and stops waiting when ctx ends:
// Ctrl-C must work while hearth reads from a terminal.
func await(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := read()
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return r.text, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
