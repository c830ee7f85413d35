package term

import (
	"context"
	"os"

	xterm "github.com/charmbracelet/x/term"
)

// Hidden reads a line from the terminal without showing it. Where ctx ends first the
// terminal is put back, and the line is nobody's.
func Hidden(ctx context.Context) (string, error) {
	before, err := xterm.GetState(os.Stdin.Fd())
	if err != nil {
		return "", err
	}
	type line struct {
		text []byte
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := xterm.ReadPassword(os.Stdin.Fd())
		read <- line{text, err}
	}()
	select {
	case l := <-read:
		return string(l.text), l.err
	case <-ctx.Done():
		xterm.Restore(os.Stdin.Fd(), before)
		return "", ctx.Err()
	}
}
