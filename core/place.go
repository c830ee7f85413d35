package core

import "strings"

// PlaceKind says what sort of place volumes and backups are kept in.
type PlaceKind string

const (
	PlaceEmbedded   PlaceKind = "embedded"   // a store that hearth made: one file is a whole world
	PlaceDatabase   PlaceKind = "database"   // somebody else's database with Cinder's schema
	PlaceCloud      PlaceKind = "cloud"      // the Block Storage API
	PlaceRepository PlaceKind = "repository" // a backup repository, read directly
)

// PlaceInfo describes a place.
type PlaceInfo struct {
	Location string // as it can be given again: sqlite:/srv/a.sqlite, cloud:prod
	Kind     PlaceKind
	Title    string  // short, for the status line
	Rules    RuleSet // of the Cinder that restores there; RulesAuto where hearth does it itself
	RulesWhy string
	// Release is which Cinder restores there, as far as is known: a range, with what it
	// rests on. It may become narrower, as more is known of the place.
	Release  Releases
	ReadOnly string // why nothing can be written, "" if it can
	Badge    string // a word such as PROD, from the config
	Color    string // a colour for the badge, "" for the theme's
	Journals bool   // keeps its own journal and captures; else the archive does
	Demo     bool   // made up, gone when hearth ends
	// Beside are the places that stand beside this one and tell more of it: a cloud's
	// database, a backup repository; by their locations, no password in them.
	Beside []string
	// Unsafe says, a sentence each, where somebody between could read or change what goes
	// over the network, or answer in the place's stead: no TLS, or nobody's certificate is
	// verified. It may grow, as more is known of the place.
	Unsafe []string
}

// Loopback reports whether a host, with or without a port, is this machine: what goes there
// leaves it not.
func Loopback(host string) bool {
	if rest, ok := strings.CutPrefix(host, "["); ok {
		host, _, _ = strings.Cut(rest, "]")
	} else if name, _, one := strings.Cut(host, ":"); one && strings.Count(host, ":") == 1 {
		host = name
	}
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.") && strings.Trim(host, "0123456789.") == ""
}

// VolumeType is a volume type of a place.
type VolumeType struct {
	ID      string
	Name    string
	Default bool // what a volume gets that asks for none
}

// Rewrite is a change of a volume's state, from one that was seen to another.
type Rewrite struct {
	Volume VolumeID
	Before State // what the volume must still be
	After  State
	Entry  Entry // for the journal; the place that keeps one fills in ID and State
	// Done, if not nil, is called after each call that worked, by a place that
	// needs several ([APICalls]).
	Done func(APICall)
}

// Checked is what is found of one thing that hearth would use, without asking
// anybody: a cloud's login, a file, a proxy.
type Checked struct {
	What  string   // "cloud prod", "proxy"
	Lines []string // what there is to say of it; secrets are never among it
	Err   error    // nil, or why it is of no use
}

// Passcode is a question for a one-time passcode (TOTP), which a cloud's login wants.
type Passcode struct {
	Cloud string // as clouds.yaml has it
	User  string
	Why   string // it is asked for again: "the token has ended"; "" for the first time
}

// Question is the sentence that asks for it.
func (p Passcode) Question() string {
	text := "One-time passcode of " + Visible(p.User) + " for " + Visible(p.Cloud)
	if p.Why != "" {
		text += " (" + p.Why + ")"
	}
	return text
}
