package term

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"
)

// logName is the environment's word for the file that the program under test writes
// what it is sent to. It is this test itself, started again.
const logName = "TERM_TEST_LOG"

func TestMain(m *testing.M) {
	if name := os.Getenv(logName); name != "" {
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			err = Run(context.Background(), model{log: f})
		}
		fmt.Fprintln(f, "end", err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// model writes down what it is sent; q ends it, ctrl+z suspends it, p and v break it.
type model struct {
	log    *os.File
	broken bool // drawing panics
}

var begun sync.Once

func (model) Init() tea.Cmd { return tea.RequestBackgroundColor }

func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		fmt.Fprintln(m.log, "key", msg)
		switch msg.String() {
		case "q":
			return m, tea.Quit
		case "ctrl+z":
			return m, tea.Suspend
		case "p":
			panic("in update")
		case "v":
			m.broken = true
		}
	case tea.PasteMsg:
		fmt.Fprintf(m.log, "paste %q\n", msg.Content)
	case Cut:
		fmt.Fprintln(m.log, "cut", msg.Bytes, msg.Key)
	case tea.BackgroundColorMsg:
		fmt.Fprintln(m.log, "background", msg)
	case tea.ResumeMsg:
		fmt.Fprintln(m.log, "resumed")
	case Unsuspended:
		fmt.Fprintln(m.log, "unsuspended")
	case tea.WindowSizeMsg:
		begun.Do(func() { fmt.Fprintln(m.log, "begun") })
	}
	return m, nil
}

func (m model) View() tea.View {
	if m.broken {
		panic("in view")
	}
	v := tea.NewView("shown")
	v.AltScreen = true
	return v
}

// session is a program on a pseudo-terminal.
type session struct {
	t      *testing.T
	master *os.File
	slave  *os.File
	cmd    *exec.Cmd
	log    string
	mu     sync.Mutex
	screen bytes.Buffer // what was written to the terminal
	before unix.Termios
}

// begin starts a program, the one under test if there is none, as the leader of a
// session, with a variable of the environment.
func begin(t *testing.T, env string, program ...string) *session {
	t.Helper()
	s := &session{t: t, log: filepath.Join(t.TempDir(), "log")}
	var err error
	if s.master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Skip("there are no pseudo-terminals here: ", err)
	}
	n, err := unix.IoctlGetInt(int(s.master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(s.master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		s.slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.before = s.modes()
	if len(program) == 0 {
		program = []string{os.Args[0]}
	}
	s.cmd = exec.Command(program[0], program[1:]...)
	s.cmd.Env = []string{"TERM=xterm-256color", "PATH=" + os.Getenv("PATH"), "PS1=$ ", "PROGRAM=" + os.Args[0]}
	if len(program) == 1 {
		s.cmd.Env = append(s.cmd.Env, logName+"="+s.log)
	}
	s.cmd.Env = append(s.cmd.Env, env)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = s.slave, s.slave, s.slave
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go s.show()
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		s.cmd.Wait()
		s.slave.Close()
		s.master.Close()
	})
	return s
}

// show keeps what is written to the terminal.
func (s *session) show() {
	b := make([]byte, 4096)
	for {
		n, err := s.master.Read(b)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.screen.Write(b[:n])
		s.mu.Unlock()
	}
}

func (s *session) shown() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen.String()
}

func (s *session) modes() unix.Termios {
	s.t.Helper()
	t, err := unix.IoctlGetTermios(int(s.slave.Fd()), unix.TCGETS)
	if err != nil {
		s.t.Fatal(err)
	}
	return *t
}

// send types, in pieces with a pause behind each.
func (s *session) send(pause time.Duration, pieces ...string) *session {
	s.t.Helper()
	for _, p := range pieces {
		if _, err := s.master.WriteString(p); err != nil {
			s.t.Fatal(err)
		}
		time.Sleep(pause)
	}
	return s
}

// until waits for something.
func (s *session) until(what string, is func() bool) *session {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if is() {
			return s
		}
	}
	log, _ := os.ReadFile(s.log)
	s.t.Fatalf("%s does not come; the program says\n%s\nthe terminal got %q", what, log, s.shown())
	return s
}

// lines is what the program says.
func (s *session) lines() []string {
	data, _ := os.ReadFile(s.log)
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

// says waits for the program to say a line.
func (s *session) says(line string) *session {
	s.t.Helper()
	return s.until(line, func() bool { return slices.Contains(s.lines(), line) })
}

// want waits for the end of the program and checks all that it was sent.
func (s *session) want(want ...string) {
	s.t.Helper()
	s.says("end <nil>")
	if got := s.lines(); !slices.Equal(got, append(append([]string{"begun"}, want...), "end <nil>")) {
		s.t.Errorf("the program says %q, want %q", got, want)
	}
	s.back()
}

// back checks that the terminal is as it was.
func (s *session) back() {
	s.t.Helper()
	s.until("the terminal as it was", func() bool {
		return s.modes() == s.before && strings.Count(s.shown(), "\x1b[?1049h") == strings.Count(s.shown(), "\x1b[?1049l")
	})
}

// TestPty: on a true pseudo-terminal, slow lines and a paste without an end.
func TestPty(t *testing.T) {
	t.Run("start in pieces", func(t *testing.T) {
		t.Parallel()
		s := begin(t, "").says("begun")
		s.send(60*time.Millisecond, "\x1b[2", "00~"+record+endMark, "q").want("paste "+strconv.Quote(record), "key q")
	})
	t.Run("start in pieces by ssh", func(t *testing.T) {
		t.Parallel()
		s := begin(t, "SSH_CONNECTION=192.0.2.1 50000 192.0.2.2 22").says("begun")
		s.send(60*time.Millisecond, "\x1b", "[20", "0", "~"+record, "\x1b", "[20", "1~", "q").want("paste "+strconv.Quote(record), "key q")
	})
	t.Run("the end is lost", func(t *testing.T) {
		t.Parallel()
		s := begin(t, "").says("begun").send(0, startMark+"eyJpZCI6").says("cut 8 false")
		s.send(60*time.Millisecond, "j", "q").want(`paste "eyJpZCI6"`, "cut 8 false", "key j", "key q")
	})
	t.Run("ctrl+c", func(t *testing.T) {
		t.Parallel()
		s := begin(t, "").says("begun").send(60*time.Millisecond, startMark+"eyJpZCI6", "j", "\x03").says("cut 9 true")
		s.send(0, "q").want(`paste "eyJpZCI6j"`, "cut 9 true", "key q")
	})
	t.Run("answers", func(t *testing.T) {
		t.Parallel()
		s := begin(t, "").says("begun")
		s.send(70*time.Millisecond, "\x1b]11;rgb:ffff/", "ffff/ffff", "\x1b", "\\", "\x1b[?6", "2;4c", "\x1b[?0", "u", "\x1b").says("key esc")
		s.send(0, "q").want("background #ffffff", "key esc", "key q")
	})
	t.Run("a large paste", func(t *testing.T) {
		t.Parallel()
		s := begin(t, "").says("begun")
		text := strings.Repeat("0123456789", 50000)
		s.send(0, startMark+text+endMark+"q").want("paste "+strconv.Quote(text), "key q")
	})
	t.Run("a panic", func(t *testing.T) {
		t.Parallel()
		for key, where := range map[string]string{"p": "in update", "v": "in view"} {
			s := begin(t, "").says("begun")
			s.until("the first frame", func() bool { return strings.Contains(s.shown(), "\x1b[?1049h") })
			s.send(0, key).says("end " + where).back()
		}
	})
	t.Run("no questions", func(t *testing.T) {
		t.Parallel()
		for env, asked := range map[string]bool{"": true, "NO_COLOR=1": false} {
			s := begin(t, env).says("begun")
			s.until("the first frame", func() bool { return s.shown() != "" }).send(0, "q").want("key q")
			if got := regexp.MustCompile(`\x1b\[\?(\d+\$p|u)|\x1b\]11;\?|\x1b\[0?c`).MatchString(s.shown()); got != asked {
				t.Errorf("with %q asked: %v, %q", env, got, s.shown())
			}
		}
	})
	t.Run("typed before it began", func(t *testing.T) {
		t.Parallel()
		begin(t, "").send(0, "jkq").want("key j", "key k", "key q")
	})
}

// TestSuspend: ctrl+z and a SIGTSTP from outside put the screen back and stop the
// program, and fg brings it back; where there is no shell for that, it goes on.
func TestSuspend(t *testing.T) {
	t.Run("in a shell", func(t *testing.T) {
		t.Parallel()
		s := begin(t, "", "sh", "-i")
		s.send(0, logName+"="+s.log+" $PROGRAM; echo ended\n").says("begun")
		for i, stop := range []func(){
			func() { s.send(0, "\x1a") },
			func() { s.pgrpKill(syscall.SIGTSTP) },
		} {
			stop()
			s.until("Stopped", func() bool { return strings.Count(s.shown(), "Stopped") == i+1 })
			if strings.Count(s.shown(), "\x1b[?1049l") != i+1 {
				t.Errorf("the screen is not put back: %q", s.shown())
			}
			s.send(0, "echo for the sh''ell\n").until("the shell", func() bool { return strings.Count(s.shown(), "for the shell") == i+1 })
			s.send(0, "fg\n").until("resumed", func() bool { return count(s.lines(), "resumed") == i+1 })
			s.send(0, "j").until("j", func() bool { return count(s.lines(), "key j") == i+1 })
		}
		s.send(0, "q").want("key ctrl+z", "resumed", "key j", "resumed", "key j", "key q")
	})
	t.Run("in a script", func(t *testing.T) {
		t.Parallel()
		log := filepath.Join(t.TempDir(), "log")
		s := begin(t, "LOG="+log, "sh", "-c", logName+"=$LOG $PROGRAM; echo ended")
		s.log = log
		s.says("begun").send(0, "\x1a").says("unsuspended").send(0, "q").want("key ctrl+z", "unsuspended", "key q")
	})
	t.Run("without one", func(t *testing.T) {
		t.Parallel()
		s := begin(t, "").says("begun").send(0, "\x1a").says("unsuspended").send(0, "j").says("key j")
		s.cmd.Process.Signal(syscall.SIGTSTP)
		s.until("another", func() bool { return count(s.lines(), "unsuspended") == 2 })
		s.send(0, "q").want("key ctrl+z", "unsuspended", "key j", "unsuspended", "key q")
	})
}

// pgrpKill sends a signal to what is in the terminal's foreground.
func (s *session) pgrpKill(sig syscall.Signal) {
	s.t.Helper()
	pgrp, err := unix.IoctlGetInt(int(s.master.Fd()), unix.TIOCGPGRP)
	if err == nil {
		err = syscall.Kill(-pgrp, sig)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func count(lines []string, line string) (n int) {
	for _, l := range lines {
		if l == line {
			n++
		}
	}
	return n
}
