package jobs

import (
	"errors"
	"syscall"
)

// machine is what process numbers count within: a boot of a machine. "" if that
// cannot be told.
func machine() string {
	boot, err := syscall.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return boot
}

// look looks a process up. When it began cannot be asked without cgo, so that of a
// number which is in use nothing is known: another may have it by now.
func look(pid int) (instance string, s standing) {
	if pid > 0 && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return "", gone
	}
	return "", unknown
}
