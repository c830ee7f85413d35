//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package whole

import (
	"io/fs"
	"os"
	"syscall"
)

// beforeRemoval: a file has to be closed before it can be removed.
const beforeRemoval = false

// held locks a file for as long as it is open, and reports whether that could be done.
// The lock goes with the process, however that ends.
func held(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

// mine reports whether a file is the user's own.
func mine(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}
