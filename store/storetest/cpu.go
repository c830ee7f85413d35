package storetest

import "time"

// began is when the process did.
var began = time.Now()
