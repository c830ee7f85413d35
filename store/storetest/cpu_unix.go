//go:build unix

package storetest

import (
	"syscall"
	"time"
)

// CPU is how long this process has computed so far: what a test has for a measure
// that other programs on the machine do not lengthen, as they do the time of day.
func CPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return time.Since(began)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
