package ui

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/atotto/clipboard"
	"github.com/charmbracelet/x/ansi"

	"hearth/core"
)

// Clipboard is the ways to a clipboard from here. Which there are depends on the
// session: inside tmux it is tmux itself, since its defaults let no program's
// OSC 52 through; else the terminal's, by OSC 52, which gives no receipt; and on
// the desktop's own machine the desktop's. The zero Clipboard is this process's.
type Clipboard struct {
	// Off turns it off; Mode of the config.
	Off bool
	// For tests; nil is the real thing.
	Getenv  func(string) string
	Run     func(ctx context.Context, in string, name string, args ...string) (string, error)
	Desktop func() Desktop

	verb bool // there are no keys: it is used by a verb
}

// instead is what to do where there is no clipboard.
func (c Clipboard) instead() string {
	if c.verb {
		return "leave --copy out and redirect the output to a file"
	}
	return "use " + KeyOf("export-file") + " to write a file"
}

// Desktop is a desktop's clipboard.
type Desktop interface {
	Read() (string, error)
	Write(string) error
}

type atotto struct{}

func (atotto) Read() (string, error) { return clipboard.ReadAll() }
func (atotto) Write(s string) error  { return clipboard.WriteAll(s) }

func (c Clipboard) getenv(k string) string {
	if c.Getenv != nil {
		return c.Getenv(k)
	}
	return os.Getenv(k)
}

func (c Clipboard) run(ctx context.Context, in string, name string, args ...string) (string, error) {
	if c.Run != nil {
		return c.Run(ctx, in, name, args...)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(in)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w %s", name, err, strings.TrimSpace(stderr.String()))
	}
	return out.String(), nil
}

// desktop is the desktop's clipboard if the session is local and has one.
func (c Clipboard) desktop() Desktop {
	if c.Desktop != nil {
		return c.Desktop()
	}
	if c.getenv("SSH_CONNECTION") != "" || c.getenv("SSH_TTY") != "" || clipboard.Unsupported {
		return nil
	}
	if c.getenv("DISPLAY") == "" && c.getenv("WAYLAND_DISPLAY") == "" && os.PathSeparator == '/' && !isDarwin {
		return nil
	}
	return atotto{}
}

// terminal reports whether the terminal can be sent OSC 52.
func (c Clipboard) terminal() bool {
	term := c.getenv("TERM")
	return term != "" && term != "dumb" && term != "linux"
}

// osc52Limit is how many characters of base64 most terminals still take in one
// OSC 52; some (tabby, Termux) take far fewer and say nothing.
const osc52Limit = 74994

// Copied says what became of a text on its way to the clipboard.
type Copied struct {
	How  string // a sentence
	Sent bool   // OSC 52 has to be written to the terminal yet
	sure bool   // somebody confirmed it
}

// ErrTooLarge says that a text is larger than a terminal's clipboard may take.
var ErrTooLarge = errors.New("larger than most terminals take by OSC 52")

// Put takes a text to every clipboard there is. The error is a *core.Error.
func (c Clipboard) Put(ctx context.Context, text string) (Copied, error) {
	size := core.Bytes(int64(len(text)))
	const tried = "copy to the clipboard"
	if c.Off {
		return Copied{}, core.Fail(core.CodeUnsupported, tried, "it is turned off in the config", c.instead(), nil)
	}
	var causes error
	if c.getenv("TMUX") != "" {
		_, err := c.run(ctx, text, "tmux", "load-buffer", "-w", "-")
		if err == nil {
			return Copied{How: fmt.Sprintf("Copied %s to tmux's buffer, and sent to the terminal around it.", size), sure: true}, nil
		}
		if _, err = c.run(ctx, text, "tmux", "load-buffer", "-"); err == nil { // before tmux 3.2 there is no -w
			return Copied{How: fmt.Sprintf("Copied %s to tmux's buffer.", size), sure: true}, nil
		}
		causes = errors.Join(causes, err)
	}
	if d := c.desktop(); d != nil {
		err := d.Write(text)
		if err == nil {
			return Copied{How: fmt.Sprintf("Copied %s to the desktop's clipboard.", size), sure: true}, nil
		}
		causes = errors.Join(causes, err)
	}
	switch {
	case !c.terminal():
		return Copied{}, core.Fail(core.CodeUnsupported, tried, "there is none: no tmux, no desktop, and this terminal has none",
			c.instead(), causes)
	case base64.StdEncoding.EncodedLen(len(text)) > osc52Limit:
		return Copied{}, core.Fail(core.CodeRefused, tried, size+" is more than most terminals take, and they would not say so",
			c.instead(), errors.Join(ErrTooLarge, causes))
	}
	return Copied{How: fmt.Sprintf("Sent %s to the terminal (OSC 52, no receipt).", size), Sent: true}, nil
}

// OSC52 is the sequence that puts a text on the terminal's clipboard; GNU screen
// has to be told to let it through.
func (c Clipboard) OSC52(text string) string {
	seq := ansi.SetSystemClipboard(text)
	if c.getenv("STY") != "" {
		return ansi.ScreenPassthrough(seq, 768)
	}
	return seq
}

// Copy is for the verbs: there is no program on the terminal, so the sequence is
// written to it directly. It returns a sentence that says how.
func (c Clipboard) Copy(ctx context.Context, text string) (string, error) {
	c.verb = true
	done, err := c.Put(ctx, text)
	if err != nil || !done.Sent {
		return done.How, err
	}
	tty, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0)
	if err == nil {
		_, err = tty.WriteString(c.OSC52(text))
		err = errors.Join(err, tty.Close())
	}
	if err != nil {
		return "", core.Fail(core.CodeUnsupported, "copy to the clipboard", "there is no terminal to send it to", c.instead(), err)
	}
	return done.How, nil
}

// Read reads the clipboard where that can work without asking the terminal.
func (c Clipboard) Read(ctx context.Context) (text string, ok bool, err error) {
	if c.Off {
		return "", false, core.Fail(core.CodeUnsupported, "read the clipboard", "it is turned off in the config",
			"paste with the terminal's own key", nil)
	}
	if c.getenv("TMUX") != "" {
		text, err = c.run(ctx, "", "tmux", "save-buffer", "-")
		return text, err == nil, nil
	}
	if d := c.desktop(); d != nil {
		text, err = d.Read()
		return text, err == nil, nil
	}
	return "", false, nil
}

// ClipboardMsg asks for what the clipboard holds, to be taken as a paste.
type ClipboardMsg struct{}

// Pasted is a text to be taken as if it had been pasted now.
type Pasted struct{ Text string }
