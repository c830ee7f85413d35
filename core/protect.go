package core

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"hearth/core/pyjson"
)

// The properties that a backup carries which a policy of hearth's made (Cinder 3.43), and
// the description that says the same where a cloud is too old for them.
const (
	PolicyProperty = "hearth-policy"
	DueProperty    = "hearth-due"
)

// PolicyName is how policies may be named: their names stand in properties, descriptions,
// names of backups and metrics.
var PolicyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// PolicyMark says which policy had a backup made, and when it was due: by it any hearth
// sees, also on another host, that it need not be made again.
type PolicyMark struct {
	Policy string
	Due    time.Time // in whole seconds
}

func (m PolicyMark) due() string { return m.Due.UTC().Format(time.RFC3339) }

// Properties are the mark as properties of a backup.
func (m PolicyMark) Properties() *pyjson.Object {
	o := &pyjson.Object{}
	o.Set(PolicyProperty, pyjson.OfString(m.Policy))
	o.Set(DueProperty, pyjson.OfString(m.due()))
	return o
}

// Description is the mark as the description of a backup.
func (m PolicyMark) Description() string { return "hearth policy " + m.Policy + ", due " + m.due() }

// Name is what a backup is called that is made by the mark: no other of the volume's is.
func (m PolicyMark) Name(volume string) string {
	name := []rune(Stripped(volume)) // as the API does it: by its name one is found whose creation got no answer
	stamp := "-" + m.Policy + "-" + m.Due.UTC().Format("20060102T150405Z")
	return string(name[:min(len(name), 255-len(stamp))]) + stamp
}

// Same reports whether both are of the same policy and the same time.
func (m PolicyMark) Same(o PolicyMark) bool { return m.Policy == o.Policy && m.Due.Equal(o.Due) }

// MarkOf reads the mark of a backup: of its properties where these were read and have one,
// else of its description, which a list has too. Whoever may rename a backup can give it one.
func MarkOf(b *Backup) (m PolicyMark, ok bool) {
	policy, _ := b.Metadata.Get(PolicyProperty)
	due, _ := b.Metadata.Get(DueProperty)
	m.Policy = policy.Text()
	text := due.Text()
	if policy.Kind() != pyjson.String || due.Kind() != pyjson.String {
		rest, is := strings.CutPrefix(b.Description.Or(""), "hearth policy ")
		if m.Policy, text, ok = strings.Cut(rest, ", due "); !is || !ok {
			return PolicyMark{}, false
		}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || !PolicyName.MatchString(m.Policy) {
		return PolicyMark{}, false
	}
	m.Due = at.UTC()
	return m, true
}

// Schedule says how often a volume is to be backed up.
type Schedule struct {
	Every time.Duration // from one due time to the next
	// Grace is how much older than Every the newest backup may be, before the policy is
	// broken: as long as a backup may take to be begun and made.
	Grace time.Duration
	// FullEvery is that each so-manyth backup is a full one; 1, or 0: all are.
	FullEvery int
	// ProvenEvery is within what time one of its backups has to be proven in a drill, byte for
	// byte; 0: the policy does not ask for it.
	ProvenEvery time.Duration
}

// Due is the newest due time up to now. Due times are counted from Monday, January 1 of year
// 1, in UTC: those of 24h are at midnight, those of 168h on Mondays, and they are the same on
// every host, whenever it asks.
func (s Schedule) Due(now time.Time) time.Time { return now.UTC().Truncate(s.Every) }

// Full says whether the next backup has to be a full one and why, "" if it may stand on the
// newest: backups are the volume's that can be stood on, size is what it has now, in GiB.
func (s Schedule) Full(backups []Backup, size int64) string {
	if s.FullEvery <= 1 {
		return "the policy makes full ones only"
	}
	chain := slices.DeleteFunc(slices.Clone(backups), func(b Backup) bool { return b.Status != StatusAvailable || b.Deleted })
	slices.SortStableFunc(chain, func(a, b Backup) int { return dataTime(&b).Compare(dataTime(&a)) })
	full := slices.IndexFunc(chain, func(b Backup) bool { return !b.Incremental })
	switch {
	case full < 0:
		return "there is no full one to stand on"
	case full+1 >= s.FullEvery:
		return fmt.Sprintf("every %d is a full one", s.FullEvery)
	case size > chain[0].Size && !IsCeph(chain[0].Service.Or("")): // cinder/backup/chunkeddriver.py _prepare_backup
		return "the volume has grown"
	}
	return ""
}

// dataTime is how old a backup's data is.
func dataTime(b *Backup) time.Time {
	if b.DataTimestamp.Set {
		return b.DataTimestamp.V
	}
	return b.CreatedAt.V
}

// Keeping is whether a volume's policy is kept.
type Keeping string

const (
	PolicyKept    Keeping = "kept"
	PolicyBroken  Keeping = "broken"
	PolicyMissed  Keeping = "missed" // broken for longer than another Every, no backup at all, or one that did not come back
	PolicyUnknown Keeping = "unknown"
)

// Keepings are those that there are, the best first.
var Keepings = []Keeping{PolicyKept, PolicyUnknown, PolicyBroken, PolicyMissed}

// Badness orders how a policy is kept: the larger the worse.
func (k Keeping) Badness() int { return slices.Index(Keepings, k) }

// Judged is what there is to say of a volume under a policy.
type Judged struct {
	Keeping Keeping
	Since   Opt[time.Time] // when it came to be broken; null: it is not, or nobody knows
	Newest  Opt[time.Time] // its newest backup that is available: when that was made
	Why     string         // in a clause
}

// Judge holds a volume's backups to the schedule. Any that is available counts, whoever made
// it; whether it could be restored it does not say: see [Schedule.Prove].
func (s Schedule) Judge(backups []Backup, made Opt[time.Time], now time.Time) Judged {
	var newest, last *Backup
	for i := range backups {
		b := &backups[i]
		if b.Deleted || !b.CreatedAt.Set {
			continue
		}
		if last == nil || b.CreatedAt.V.After(last.CreatedAt.V) {
			last = b
		}
		if (b.Status == StatusAvailable || b.Status == StatusRestoring) && (newest == nil || b.CreatedAt.V.After(newest.CreatedAt.V)) {
			newest = b
		}
	}
	j := Judged{Keeping: PolicyKept}
	from := made // a volume that is new has some time
	if newest != nil {
		j.Newest, from = newest.CreatedAt, newest.CreatedAt
	}
	since := from.V.Add(s.Every + s.Grace)
	switch {
	case from.Set && !now.After(since):
		if newest == nil {
			j.Why = "it is new, and has no backup yet"
		}
		return j
	case newest == nil:
		j.Keeping, j.Why = PolicyMissed, "it has no backup that is available"
	case now.After(since.Add(s.Every)):
		j.Keeping, j.Why = PolicyMissed, "its newest backup is "+ageText(now.Sub(newest.CreatedAt.V))+" old"
	default:
		j.Keeping, j.Why = PolicyBroken, "its newest backup is "+ageText(now.Sub(newest.CreatedAt.V))+" old"
	}
	if from.Set {
		j.Since = Some(since.UTC())
	}
	if last != nil && last != newest {
		j.Why += ", the last one is " + last.Status
		if last.FailReason.Or("") != "" {
			j.Why += ": " + Visible(last.FailReason.V)
		}
	}
	return j
}

// ageText is a time span in its two largest units: "3d 4h".
func ageText(t time.Duration) string {
	days, hours, minutes := int(t/(24*time.Hour)), int(t/time.Hour)%24, int(t/time.Minute)%60
	switch {
	case days > 0:
		return fmt.Sprintf("%dd %dh", days, hours)
	case hours > 0:
		return fmt.Sprintf("%dh %dm", hours, minutes)
	}
	return fmt.Sprintf("%dm", minutes)
}

// Unite puts what several policies say of a volume's backups together: one goes if a policy
// is about it and none that is keeps it, and nothing that something which stays stands on.
func Unite(all [][]Retained) []Retained {
	if len(all) == 0 {
		return nil
	}
	out, at := slices.Clone(all[0]), map[BackupID]int{}
	for i := range out {
		at[out[i].ID] = i
	}
	for _, more := range all[1:] {
		for i := range more {
			b, m := &out[at[more[i].ID]], &more[i]
			switch {
			case m.Outside != "": // it says nothing of it
			case b.Outside != "":
				*b = *m
			default:
				b.Goes, b.Least = b.Goes && m.Goes, b.Least || m.Least
				b.Rules = append(slices.Clone(b.Rules), m.Rules...)
				if b.Held == "" {
					b.Held = m.Held
				}
			}
		}
	}
	bear(out, at)
	return out
}
