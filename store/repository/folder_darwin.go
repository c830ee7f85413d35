package repository

import (
	"io/fs"
	"syscall"
	"time"
)

// changeOf is when anything of a file last changed, and its number.
func changeOf(info fs.FileInfo) (changed time.Time, file uint64, ok bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}, 0, false
	}
	return time.Unix(s.Ctimespec.Unix()), s.Ino, true
}
