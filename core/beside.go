package core

import (
	"fmt"
	"time"

	"hearth/core/pyjson"
)

// Footing says how a database that is named beside a cloud stands to it.
type Footing string

const (
	// FootingUnasked: nothing was asked of it yet.
	FootingUnasked Footing = ""
	// FootingAgrees: it has what the cloud lists, as far as that was compared.
	FootingAgrees Footing = "agrees"
	// FootingBehind: it agrees but for what is newer than itself, as a replica that lags.
	FootingBehind Footing = "behind"
	// FootingUnknown: it is out of reach, is another cloud's, or there is nothing to hold it
	// to. Nothing is said from it.
	FootingUnknown Footing = "unknown"
)

// Beside is a database beside a cloud, and how the two were last found to stand.
type Beside struct {
	Location string // of the database, as it can be given again; no password is in it
	Footing  Footing
	// Why is the reason of FootingUnknown, in a clause.
	Why string
	// AsOf is the last that the database heard of its cloud; not set: it does not say.
	AsOf Opt[time.Time]
	// Held is how many rows of the cloud's were looked for in it, and Missing how many of
	// them are newer than all it has.
	Held, Missing int
}

// Usable reports whether something may be said from the database.
func (b Beside) Usable() bool { return b.Footing == FootingAgrees || b.Footing == FootingBehind }

// BesideHides is what a cloud does not tell by itself, for messages.
const BesideHides = "the parents, drivers and hosts of backups, keys that the API hides, and the columns of volumes that it does not show"

// Text says how the database stands to the cloud, in a sentence without a full stop.
func (b Beside) Text() string {
	asOf := ""
	if b.AsOf.Set {
		asOf = ", as of " + b.AsOf.V.UTC().Format("2006-01-02 15:04:05") + " UTC"
	}
	switch b.Footing {
	case FootingAgrees:
		return fmt.Sprintf("the database %s agrees with the cloud in all %s that were compared%s", Visible(b.Location),
			Count(b.Held, "row"), asOf)
	case FootingBehind:
		return fmt.Sprintf("the database %s agrees with the cloud, but is behind it by %d of %s that were compared%s", Visible(b.Location),
			b.Missing, Count(b.Held, "row"), asOf)
	case FootingUnknown:
		return "nothing is taken from the database " + Visible(b.Location) + ": " + Visible(b.Why)
	}
	return "the database " + Visible(b.Location) + " was not asked yet"
}

// Object is the standing as JSON.
func (b Beside) Object() *pyjson.Object {
	o := &pyjson.Object{}
	text := func(s string) pyjson.Value {
		if s == "" {
			return pyjson.None
		}
		return pyjson.OfString(s)
	}
	o.Set("location", text(b.Location))
	o.Set("standing", text(string(b.Footing)))
	o.Set("why", text(b.Why))
	at := pyjson.None
	if b.AsOf.Set {
		at = pyjson.OfString(APITime(b.AsOf.V))
	}
	o.Set("as_of", at)
	o.Set("compared", pyjson.OfInt(int64(b.Held)))
	o.Set("missing", pyjson.OfInt(int64(b.Missing)))
	return o
}
