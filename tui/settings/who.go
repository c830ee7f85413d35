package settings

import (
	"os"
	"os/user"
)

// Who is the person at the keyboard, for the journal.
func Who() string {
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	return name + "@" + host
}
