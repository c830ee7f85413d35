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
	ends := deaf(t, m.binary)
	m.prepare()
	m.begins = time.Hour
	for range 3 {
		began := time.Now()
		m.run("--version")
		m.begins = min(m.begins, time.Since(began))
	}
	m.grind(t, long)
	t.Logf("signals: %d tries, %d of them told to end while running, %d of those before main listened", m.tries, m.kills, m.unheard)
	if m.unheard*4 > m.kills*3 {
		t.Errorf("%d of %d did not listen", m.unheard, m.kills)
	}
	t.Run("stopped and gone on", func(t *testing.T) { stopped(t, m) })
	t.Run("under nohup", func(t *testing.T) { hungUp(t, m.binary) })
	t.Run("while it hears nothing", ends)
}

// deaf tells hearth to end while it is at what no signal reaches, here a write into a pipe
// that nobody reads from: the test that is returned waits until it is ended, which is when
// main promises it, and not before.
func deaf(t *testing.T, b *binary) func(*testing.T) {
	t.Helper()
	quiet := *b
	quiet.home = t.TempDir()
	cmd := quiet.command("backups", "--demo", "-o", "json") // far more than a pipe holds
	unread, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unread.Close() })
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = out, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out.Close()
	told, done := make(chan time.Time, 1), make(chan time.Time, 1)
	go func() {
		cmd.Wait()
		done <- time.Now()
	}()
	go func() { // it writes when the first byte is here
		unread.Read(make([]byte, 1))
		time.Sleep(200 * time.Millisecond)
		cmd.Process.Signal(syscall.SIGTERM)
		told <- time.Now()
	}()
	return func(t *testing.T) {
		since := <-told
		time.AfterFunc(time.Until(since.Add(mostDeaf)), func() { cmd.Process.Kill() })
		if after := (<-done).Sub(since); after < 25*time.Second || after > mostDeaf-time.Second {
			t.Errorf("it goes on for %v", after)
		}
		if code := cmd.ProcessState.ExitCode(); code != 130 || !strings.Contains(said.String(), "did not come to it") {
			t.Errorf("exit %d: %s", code, said.String())
		}
	}
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

// hungUp begins hearth as nohup does and hangs up while it works: it goes on to its end.
func hungUp(t *testing.T, b *binary) {
	file := filepath.Join(t.TempDir(), "demo.sqlite")
	nohup := *b
	nohup.first = `trap "" HUP`
	cmd := nohup.command("demo", "--out", file, "--backups", "4000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(time.Millisecond) {
		if making, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".*hearth-*")); len(making) > 0 {
			break
		}
	}
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatalf("it had ended before it was hung up: %v", err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}
