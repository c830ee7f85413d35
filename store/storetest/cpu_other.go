//go:build !unix

package storetest

import "time"

// CPU is, where a process is not told how long it has computed, how long it has run.
func CPU() time.Duration { return time.Since(began) }
