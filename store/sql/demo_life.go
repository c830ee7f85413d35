package sql

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
)

// life is a volume through time. Its row and metadata stand as they were at the
// moment that its history has come to, so that a capture taken then holds what
// Cinder would have stored.
type life struct {
	role
	st      *stage
	rng     *rand.Rand
	id      core.VolumeID
	count   int // of backups that are not deleted
	backups []core.Backup
	created time.Time
	ended   core.Opt[time.Time] // when it was deleted
	now     time.Time

	row, user, image *pyjson.Object
	dropped          []droppedRow
	done             int // edits that have happened
}

// droppedRow is a row of metadata that was soft-deleted.
type droppedRow struct {
	table, key string
	value      pyjson.Value
	at         time.Time
}

func newLife(r role, st *stage, rng *rand.Rand) *life {
	return &life{role: r, st: st, rng: rng, id: core.VolumeID(uuid(rng)), row: &pyjson.Object{}, user: texts(r.tags), image: &pyjson.Object{}}
}

func (l *life) set(column string, v pyjson.Value)   { l.row.Set(column, v) }
func (l *life) setText(column, text string)         { l.row.Set(column, pyjson.OfString(text)) }
func (l *life) setTime(column string, at time.Time) { l.row.Set(column, pyjson.OfTime(at, false)) }
func (l *life) text(column string) string           { v, _ := l.row.Get(column); return v.Text() }
func (l *life) uses() string                        { return map[bool]string{true: "in-use", false: "available"}[l.inUse] }
func (l *life) owner() project                      { return l.st.projects[l.project] }

// birth makes the volume, some time before its first backup.
func (l *life) birth() {
	switch {
	case l.leftover:
		l.created = l.st.Until.Add(-2*day - 3*time.Hour - 17*time.Minute)
	case len(l.backups) > 0:
		l.created = l.backups[0].DataTimestamp.V.Add(-l.seconds(2*time.Hour, 90*day))
	default:
		l.created = l.st.Until.Add(-l.seconds(day, 200*day))
	}
	if l.odd > 0 { // lists begin with what was made last, and are to begin with ordinary rows
		l.created = l.created.Add(-longest - 150*day)
	}
	l.now = l.created
	for _, c := range core.VolumeColumns {
		l.set(c, pyjson.None)
	}
	for _, c := range []string{"deleted", "multiattach", "shared_targets"} {
		l.set(c, pyjson.OfBool(false))
	}
	l.set("use_quota", pyjson.OfBool(true))
	l.set("bootable", pyjson.OfBool(l.boots != ""))
	l.set("size", pyjson.OfInt(l.size))
	for column, after := range map[string]time.Duration{"created_at": 0, "updated_at": 5, "scheduled_at": 1, "launched_at": 4} {
		l.setTime(column, l.created.Add(after*time.Second))
	}
	l.setText("id", string(l.id))
	l.setText("user_id", l.owner().users[l.rng.IntN(2)])
	l.setText("project_id", l.owner().id)
	l.setText("availability_zone", l.owner().zone)
	l.setText("status", l.uses())
	l.setText("attach_status", map[bool]string{true: "attached", false: "detached"}[l.inUse])
	if l.leftover {
		l.name = "restore_backup_" + string(l.st.restored)
		tag("src_backup_id", string(l.st.restored))(l)
	}
	if !l.null {
		l.setText("display_name", l.name)
	}
	if l.desc != "" {
		l.setText("display_description", l.desc)
	}
	l.wear(l.typ)
	l.connect()
	if l.boots != "" {
		reimage(l.boots)(l)
	}
}

// wear gives the volume a type, and a key if the type encrypts.
func (l *life) wear(typ string) {
	if typ == "" {
		typ = volumeTypes[0].name
	}
	l.setText("volume_type_id", l.st.types[typ])
	l.setText("host", volumeHosts[typ])
	l.setText("service_uuid", l.st.hosts[typ])
	if strings.HasPrefix(typ, "LUKS") {
		l.setText("encryption_key_id", uuid(l.rng))
	} else {
		l.set("encryption_key_id", pyjson.None)
	}
}

// connect fills in what the volume's driver keeps: with CHAP also its secrets.
func (l *life) connect() {
	if l.rng.IntN(12) == 0 {
		l.setText("snapshot_id", uuid(l.rng))
	}
	if l.rng.IntN(25) == 0 {
		l.set("multiattach", pyjson.OfBool(true))
	}
	if !l.chap {
		return
	}
	l.set("shared_targets", pyjson.OfBool(true))
	l.setText("provider_location", fmt.Sprintf("10.20.0.%d:3260,1 iqn.2010-10.org.openstack:volume-%s 0", 11+l.rng.IntN(40), l.id))
	l.setText("provider_auth", "CHAP "+plainID(l.rng)[:20]+" "+plainID(l.rng)[:24])
	l.setText("replication_status", "enabled")
	l.setText("replication_driver_data", `{"peer": "site-b", "secret": "`+plainID(l.rng)[:16]+`"}`)
}

// seconds draws a duration of whole seconds from lo up to hi.
func (l *life) seconds(lo, hi time.Duration) time.Duration {
	return lo.Truncate(time.Second) + time.Duration(l.rng.Int64N(max(1, int64((hi-lo)/time.Second))))*time.Second
}

// edit is something that happens to a volume.
type edit func(*life)

func rename(name string) edit    { return func(l *life) { l.setText("display_name", name) } }
func describe(text string) edit  { return func(l *life) { l.setText("display_description", text) } }
func tag(key, value string) edit { return func(l *life) { l.user.Set(key, pyjson.OfString(value)) } }
func drop(key string) edit {
	return func(l *life) { l.user = l.without("volume_metadata", l.user, key) }
}
func strip() edit {
	return func(l *life) { l.user = l.without("volume_metadata", l.user, l.user.Keys()...) }
}
func retype(volumeType string) edit { return func(l *life) { l.wear(volumeType) } }

// reimage puts the metadata of another image in the place of what is there.
func reimage(name string) edit {
	return func(l *life) {
		l.image = l.without("volume_glance_metadata", l.image, l.image.Keys()...)
		for key, v := range texts(images[name].pairs).All() {
			l.image.Set(key, v)
		}
	}
}

// unimage takes all image metadata off; Cinder leaves the volume bootable.
func unimage() edit {
	return func(l *life) { l.image = l.without("volume_glance_metadata", l.image, l.image.Keys()...) }
}

// without takes keys out of metadata as Cinder does, which soft-deletes their rows.
func (l *life) without(table string, o *pyjson.Object, keys ...string) *pyjson.Object {
	for _, key := range keys {
		if v, ok := o.Get(key); ok {
			l.dropped = append(l.dropped, droppedRow{table, key, v, l.now})
			o.Delete(key)
		}
	}
	return o
}

// newestLayers is over how many of its newest backups the edits of a role spread:
// about the incrementals of its newest chain, which is the one that people open.
const newestLayers = 4

// change lets happen to the volume what happens between backup i and the one
// before it.
func (l *life) change(i int) {
	b := &l.backups[i]
	if i > 0 {
		l.now = l.now.Add(b.DataTimestamp.V.Sub(l.now) / 2).Truncate(time.Second)
		l.drift()
		over := min(l.count-1, newestLayers)
		at := i - (len(l.backups) - over)
		for l.done < len(l.edits) && at >= 0 && l.done*over <= at*len(l.edits) {
			l.edits[l.done](l)
			l.done++
		}
	}
	l.now = b.CreatedAt.V
}

// drift is the small change that people make all the time.
func (l *life) drift() {
	if l.user.Len() == 0 || l.odd > 0 || l.rng.IntN(4) > 0 {
		return
	}
	switch l.rng.IntN(6) {
	case 0:
		tag("ticket", fmt.Sprintf("CHG-%d", 10000+l.rng.IntN(9000)))(l)
	case 1:
		drop("ticket")(l)
	case 2, 3:
		tag("checked", l.now.Format(time.DateOnly))(l)
	case 4:
		if l.user.Has("tier") {
			tag("tier", pick(l.rng, fillerTiers))(l)
		}
	case 5:
		if l.filler && l.rng.IntN(4) == 0 {
			rename(l.name + pick(l.rng, []string{"-old", "-new", " (moved)", "-b"}))(l)
		}
	}
}

// settle brings the volume from its newest backup to today.
func (l *life) settle() {
	last := l.now
	l.now = last.Add(l.st.Until.Sub(last) / 3).Truncate(time.Second)
	for _, e := range append(l.edits[l.done:len(l.edits):len(l.edits)], l.since...) {
		e(l)
	}
	l.setText("status", l.uses())
	if n := len(l.backups); n > 0 {
		l.setTime("updated_at", l.backups[n-1].UpdatedAt.V)
		l.setText("previous_status", "backing-up")
		switch l.backups[n-1].Status {
		case core.StatusCreating:
			l.setText("status", "backing-up")
			l.setText("previous_status", l.uses())
		case core.StatusRestoring:
			l.setText("status", "restoring-backup")
		case core.StatusError:
			l.setText("previous_status", "error_backing-up")
		}
	}
	if l.status != "" {
		l.setText("status", l.status)
	}
	if l.fate == deleted {
		l.ended = core.Some(l.now)
		l.set("deleted", pyjson.OfBool(true))
		l.setText("status", "deleted")
		l.setText("attach_status", "detached")
		l.setTime("deleted_at", l.now)
		l.setTime("terminated_at", l.now.Add(-4*time.Second))
	}
}
