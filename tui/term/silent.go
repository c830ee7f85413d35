package term

import (
	"os"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Asks reports whether the terminal may be asked what it is and can do: not by a
// user who set NO_COLOR, to whom its colours make no difference.
func Asks() bool { return os.Getenv("NO_COLOR") == "" }

// silent is a terminal without the questions that Bubble Tea asks it at the
// beginning. Unasked, a terminal that can does send Esc unambiguously; only its
// updates are not synchronized.
type silent struct{ *os.File }

var questions = strings.NewReplacer(ansi.RequestKittyKeyboard, "", ansi.RequestModeSynchronizedOutput, "",
	ansi.RequestModeUnicodeCore, "", ansi.RequestBackgroundColor, "")

// Write writes what is no question. Bubble Tea writes whole sequences.
func (s silent) Write(b []byte) (int, error) {
	if _, err := questions.WriteString(s.File, string(b)); err != nil {
		return 0, err
	}
	return len(b), nil
}
