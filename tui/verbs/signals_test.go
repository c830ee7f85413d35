//go:build unix

package verbs

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSignals is TestCrash with the signals that tell a program to end: each line ends soon,
// says so by its exit code, and what it leaves is sound. HEARTH_SIGNALS is for how long it
// goes on; without it each line is tried once.
func TestSignals(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program and runs every verb that writes")
	}
	long, _ := time.ParseDuration(os.Getenv("HEARTH_SIGNALS"))
	seed, err := strconv.ParseUint(os.Getenv("HEARTH_CRASH_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("HEARTH_CRASH_SEED=%d", seed)
	m := &mill{binary: build(t), clean: t.TempDir(), random: rand.New(rand.NewPCG(seed, 2)),
		signals: []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP}}
	m.prepare()
	m.grind(t, long)
	t.Logf("signals: %d tries, %d of them told to end while running", m.tries, m.kills)
	t.Run("stopped and gone on", func(t *testing.T) { stopped(t, m) })
	t.Run("while it computes", func(t *testing.T) { computing(t, m) })
}

// stopped has a line stopped in the middle, as by Ctrl-Z, and go on: it comes to what an
// undisturbed one comes to.
func stopped(t *testing.T, m *mill) {
	m.afresh(m.clean)
	cmd := m.command("archive", "-q", "--store", filepath.Join(m.home, "store.sqlite"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(30 * time.Millisecond)
	cmd.Process.Signal(syscall.SIGTSTP)
	time.Sleep(300 * time.Millisecond)
	cmd.Process.Signal(syscall.SIGCONT)
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
	const whole = "in the archive, each as it was written"
	if got := m.run("check", "--store", filepath.Join(m.home, "store.sqlite")); !strings.Contains(got.out+got.err, whole) {
		t.Errorf("what it archived is not whole: %s%s", got.out, got.err)
	}
}

// computing tells hearth to end while it is at something that takes long and listens to
// nothing, such as a config of two million brackets: it ends in the time that main
// promises, if it has not come to an end before.
func computing(t *testing.T, m *mill) {
	m.afresh(m.clean)
	file := filepath.Join(m.home, "big.toml")
	if err := os.WriteFile(file, []byte("a = "+strings.Repeat("[", 2<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, with := range m.signals {
		cmd := m.command("volumes", "--demo", "--config", file)
		began := time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		time.Sleep(200 * time.Millisecond)
		told := cmd.Process.Signal(with) == nil
		select {
		case <-done:
		case <-time.After(mostDeaf):
			cmd.Process.Kill()
			<-done
			t.Errorf("it goes on for %v after %v", mostDeaf, with)
		}
		code := cmd.ProcessState.ExitCode()
		t.Logf("%v: exit %d after %v", with, code, time.Since(began).Round(time.Millisecond))
		if told && code != 130 && code != 2 { // 2: the config was called what it is before that
			t.Errorf("%v: exit %d", with, code)
		}
	}
}
