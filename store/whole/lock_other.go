//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package whole

import (
	"io/fs"
	"os"
	"runtime"
)

const beforeRemoval = true

// held: on Windows a file that somebody has open cannot be removed, which is as good as a
// lock; elsewhere nothing tells, and what is left behind stays.
func held(f *os.File) bool { return true }

func mine(fs.FileInfo) bool { return runtime.GOOS == "windows" }
