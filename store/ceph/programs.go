package ceph

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"hearth/core"
	"hearth/store/scan"
)

// programs are rbd and rados, and what both are told first.
type programs struct {
	rbd, rados string   // their paths
	args       []string // how the cluster is reached, and how long to wait for it
}

// The cluster's own limits, as both programs take them: a monitor that does not answer
// would be waited for for five minutes, an OSD for ever.
var limits = []string{"--client-mount-timeout=20", "--rados-mon-op-timeout=30", "--rados-osd-op-timeout=60"}

// How long a program that was killed may keep its output open; and how much of what it
// says is kept.
const (
	killedAfter = 2 * time.Second
	fewWords    = 8 << 10
)

// oldest is the oldest Ceph whose output is read: 12, Luminous, of 2017.
const oldest = 12

// findPrograms finds those of the two that are named.
func findPrograms(tried string, a Access, names ...string) (programs, error) {
	var p programs
	for _, name := range names {
		path := map[string]*string{"rbd": &p.rbd, "rados": &p.rados}[name]
		found, err := exec.LookPath(name)
		if err != nil {
			return p, core.Fail(core.CodeUnsupported, tried, "the program "+name+" is not installed here, by which hearth reads Ceph",
				"install the package ceph-common, or run hearth where Ceph is", err)
		}
		*path = found
	}
	for flag, value := range map[string]string{"--conf": a.Conf, "--keyring": a.Keyring, "--cluster": a.Cluster} {
		if value != "" {
			p.args = append(p.args, flag, home(value))
		}
	}
	if a.User != "" {
		p.args = append(p.args, "--id", strings.TrimPrefix(a.User, "client."))
	}
	p.args = append(p.args, limits...)
	return p, nil
}

// home is a path whose leading ~/ is the home folder: no shell reads a config.
func home(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if dir, err := os.UserHomeDir(); err == nil {
			return dir + "/" + rest
		}
	}
	return path
}

// run runs a program with a vector of arguments and hands its output to read while it
// comes. The error is read's own, which ends the program; else what its failure means. A
// read that ends with io.ErrUnexpectedEOF leaves it to the program to say why. stderr is
// the beginning of what it said.
func (p *programs) run(ctx context.Context, tried, program string, args []string, read func(io.Reader) error) (stderr string, err error) {
	if err := scan.Stopped(ctx, tried); err != nil {
		return "", err
	}
	own, stop := context.WithCancel(ctx)
	defer stop()
	cmd := exec.CommandContext(own, program, append(append([]string{}, p.args...), args...)...)
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C") // rbd prints times in the host's zone
	cmd.WaitDelay = killedAfter
	said := &head{}
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return "", core.Fail(core.CodeUnavailable, tried, program+" cannot be started: "+err.Error(), "look whether it runs by itself", err)
	}
	// What the program began itself, as a wrapper of it does, may live on with its output.
	defer context.AfterFunc(own, func() { time.AfterFunc(killedAfter, func() { out.Close() }) })()
	readErr := read(out)
	if readErr != nil && readErr != io.ErrUnexpectedEOF {
		stop() // it is of no use any more
	}
	io.Copy(io.Discard, out)
	err = cmd.Wait()
	switch {
	case ctx.Err() != nil:
		err = scan.Cancelled(tried, ctx.Err())
	case readErr != nil && readErr != io.ErrUnexpectedEOF:
		err = readErr
	case err != nil:
		err = explain(tried, said.String(), err)
	case readErr != nil:
		err = core.Fail(core.CodeUnreadable, tried, "what "+program+" prints ends too early", "try again", readErr)
	}
	return said.String(), err
}

// head keeps the beginning of what is written to it.
type head struct{ bytes.Buffer }

func (h *head) Write(b []byte) (int, error) {
	if room := fewWords - h.Len(); room > 0 {
		h.Buffer.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

// errno is how Ceph's programs tell the number of an error: "(2) No such file or directory".
var errno = regexp.MustCompile(`\((\d+)\) [A-Z]`)

// The numbers that mean something of their own.
const (
	notPermitted = 1
	notThere     = 2
	noAccess     = 13
	timedOut     = 110
)

// What is said of a thing that is not there, and of one that may not be read.
const (
	notThereWords = "it is not there"
	mayNotWords   = "this user may not"
)

// explain says what a program's failure means. Both say it in words, with the number of
// the system's error; rbd ends with that number, too.
func explain(tried, said string, err error) error {
	number := 0
	if m := errno.FindAllStringSubmatch(said, -1); len(m) > 0 {
		number, _ = strconv.Atoi(m[len(m)-1][1])
	}
	fail := func(code core.Code, what, next string) error {
		return core.Fail(code, tried, what, next, errors.New(summary(said, err)))
	}
	has := func(words string) bool { return strings.Contains(said, words) }
	alone := has("couldn't connect") // rbd export-diff tells no number then, and ends with it
	if exit := (*exec.ExitError)(nil); alone && number == 0 && errors.As(err, &exit) {
		number = exit.ExitCode()
	}
	switch {
	case has("unable to open config file"), has("unable to get monitor info"), has("no monitors specified"):
		return fail(core.CodeUsage, "no ceph.conf tells where the cluster is",
			"set CEPH_CONF, or conf in the config, to one that names the monitors")
	case has("error opening pool") && number == notThere:
		return fail(core.CodeNotFound, "there is no such pool, or this user may not see it",
			"look at backup_ceph_pool in cinder.conf; ceph osd pool ls lists what there is")
	case has("unable to find a keyring"), has("handle_auth_bad_method"),
		alone && (number == notPermitted || number == notThere || number == noAccess):
		return fail(core.CodeDenied, "the cluster does not take the user's key, or there is none",
			"set user and keyring in the config, or CEPH_ARGS to --id USER --keyring FILE")
	case number == notThere:
		return fail(core.CodeNotFound, notThereWords, "list the pool anew")
	case number == notPermitted, number == noAccess, has("Operation not permitted"):
		return fail(core.CodeDenied, mayNotWords,
			"give it the caps mon 'profile rbd-read-only' osd 'profile rbd-read-only pool=POOL'")
	case number == timedOut, has("timed out"), has("failed to fetch mon config"):
		return fail(core.CodeUnavailable, "the cluster does not answer", "look whether its monitors are up and reached from here, and try again")
	}
	return fail(core.CodeUnavailable, summary(said, err), "look whether the program does it by itself, and try again")
}

// summary is the last thing that a program said, or how it ended.
func summary(said string, err error) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return core.Visible(last)
	}
	return "it ended with " + err.Error()
}

// version is what Ceph's programs say that they are.
var version = regexp.MustCompile(`ceph version (\d+)\.\d+`)

// check refuses programs of which it is not known what they print.
func (p *programs) check(ctx context.Context, tried string) error {
	var said string
	ctx, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	bare := programs{} // it needs no cluster, and is to ask none
	_, err := bare.run(ctx, tried, p.rbd, []string{"--version"}, func(r io.Reader) error {
		b, err := io.ReadAll(io.LimitReader(r, fewWords))
		said = string(b)
		return err
	})
	if err != nil {
		return err
	}
	m := version.FindStringSubmatch(said)
	if m == nil {
		return core.Fail(core.CodeUnsupported, tried, p.rbd+" does not say that it is Ceph's: "+core.Visible(strings.TrimSpace(said)),
			"install the package ceph-common", nil)
	}
	if n, _ := strconv.Atoi(m[1]); n < oldest {
		return core.Fail(core.CodeUnsupported, tried, "the programs here are of Ceph "+m[1]+", and hearth reads what 12 and newer print",
			"run hearth where a newer ceph-common is", nil)
	}
	return nil
}
