package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"hearth/core"
	"hearth/tui/term"
	"hearth/tui/ui"
)

// reported writes down a panic, without the secrets that are known, and names the report.
func reported(p *term.Panicked, o Options, now time.Time) error {
	next := "please report what you did last"
	text := fmt.Sprintf("hearth %s, %s, %s/%s, %s\n\npanic: %v\n\n%s", o.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH,
		now.UTC().Format(time.RFC3339), p.Value, p.Stack)
	if o.Reports != "" {
		file := filepath.Join(o.Reports, "panic-"+now.UTC().Format("20060102-150405")+".txt")
		if os.MkdirAll(o.Reports, 0o700) == nil && ui.WriteNew(file, core.Struck(text)) == nil {
			next = "please report what you did last, with " + file
		}
	}
	return core.Fail(core.CodeInternal, "go on", "something unforeseen went wrong inside hearth ("+p.Error()+")", next, p)
}
