package jobs

import (
	"errors"
	"os"
	"strconv"
	"syscall"
)

// machine is what process numbers count within. "" if that cannot be told.
func machine() string {
	name, _ := os.Hostname()
	return name
}

const (
	queryLimited     = 0x1000 // PROCESS_QUERY_LIMITED_INFORMATION
	invalidParameter = syscall.Errno(87)
)

// look looks a process up. Its instance is when it was made, in nanoseconds since
// 1970.
func look(pid int) (instance string, s standing) {
	if pid < 1 {
		return "", unknown
	}
	h, err := syscall.OpenProcess(queryLimited|syscall.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		if errors.Is(err, invalidParameter) { // nothing has that number
			return "", gone
		}
		return "", unknown
	}
	defer syscall.CloseHandle(h)
	if event, err := syscall.WaitForSingleObject(h, 0); err == nil && event == syscall.WAIT_OBJECT_0 {
		return "", gone // somebody still holds on to it
	}
	var made, ended, kernel, user syscall.Filetime
	if err := syscall.GetProcessTimes(h, &made, &ended, &kernel, &user); err != nil {
		return "", unknown
	}
	return strconv.FormatInt(made.Nanoseconds(), 10), there
}
