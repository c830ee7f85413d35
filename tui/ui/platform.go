package ui

import "runtime"

// isDarwin: a Mac has a desktop clipboard without DISPLAY.
const isDarwin = runtime.GOOS == "darwin"
