package jobs

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// machine is what process numbers count within: a boot of a kernel, and of that a
// namespace, as containers have their own under the same host name. "" if that
// cannot be told.
func machine() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	space, serr := os.Readlink("/proc/self/ns/pid")
	if err != nil || serr != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + " " + space
}

// look looks a process up. Its instance is when it began, in clock ticks since the
// boot (proc(5), starttime).
func look(pid int) (instance string, s standing) {
	if pid < 1 {
		return "", unknown
	}
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return "", gone
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil { // others' processes may be hidden (hidepid)
		return "", unknown
	}
	// The second field is the program's name in brackets, which may hold anything.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	switch {
	case len(fields) < 20:
		return "", unknown
	case fields[0] == "Z" || fields[0] == "X": // it is dead, and nobody has asked how it ended
		return "", gone
	}
	return fields[19], there
}
