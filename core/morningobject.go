package core

import (
	"time"

	"hearth/core/pyjson"
)

// Object is the morning as JSON. What is not known is null, and "unknown" says of each such
// part why.
func (m *Morning) Object() *pyjson.Object {
	o, unknown := &pyjson.Object{}, &pyjson.Object{}
	str, num := pyjson.OfString, func(n int) pyjson.Value { return pyjson.OfInt(int64(n)) }
	o.Set("place", str(m.Place))
	o.Set("at", str(APITime(m.Now)))
	o.Set("since", pyjson.None)
	if !m.Since.IsZero() {
		o.Set("since", str(APITime(m.Since)))
	}
	o.Set("since_is", str(m.SinceWhy))
	o.Set("backups", num(m.Backups.Rows))
	o.Set("gib", pyjson.OfInt(m.Backups.GiB))
	o.Set("statuses", sumsObject(m.Statuses))
	o.Set("failed", num(m.Failed))
	o.Set("failed_since", num(m.FailedSince))
	o.Set("failures", listOf(m.Failures, func(f *Failure) *pyjson.Object { return f.object() }))
	o.Set("running", num(m.Running))
	o.Set("runs", listOf(m.Runs, func(r *Run) *pyjson.Object { return r.object() }))
	stuck, maybe := m.StuckRuns()
	o.Set("stuck", num(len(stuck)))
	o.Set("stuck_not_known", num(maybe))
	m.volumesObject(o, unknown)
	o.Set("projects", listOf(m.Projects(), func(p *ProjectSum) *pyjson.Object { return p.object(m.NoVolumes == "") }))
	known(o, unknown, "growth", m.Growth, func(g Growth) pyjson.Value {
		x := &pyjson.Object{}
		x.Set("since", str(APITime(g.Since)))
		x.Set("backups", pyjson.OfInt(g.Rows))
		x.Set("gib", pyjson.OfInt(g.GiB))
		x.Set("stored_bytes", intOrNull(g.Stored))
		return pyjson.OfDict(x)
	})
	known(o, unknown, "stored_bytes", m.Stored, pyjson.OfInt)
	known(o, unknown, "quota", m.Quota, quotaValue)
	known(o, unknown, "services", m.Services, servicesValue)
	known(o, unknown, "coverage", m.Covered, func(c Covered) pyjson.Value {
		return counts("backups", c.Backups, "no_record", c.NoRecord, "old_record", c.OldRecord, "no_capture", c.NoCapture,
			"captures_lack_below", c.OnHoles)
	})
	known(o, unknown, "damage", m.Damage, damageValue)
	known(o, unknown, "drills", m.Drills, m.drillsValue)
	o.Set("made", listOf(m.Made, func(d *Made) *pyjson.Object {
		x := &pyjson.Object{}
		x.Set("day", str(d.Day))
		x.Set("backups", num(d.Rows))
		x.Set("gib", pyjson.OfInt(d.GiB))
		x.Set("failed", num(d.Failed))
		return x
	}))
	o.Set("days", listOf(m.Days, (*Day).Object))
	for key, why := range map[string]string{"list": m.Short, "place": m.Narrowed, "kept": m.NotKept} {
		if why != "" {
			unknown.Set(key, str(why))
		}
	}
	o.Set("unknown", pyjson.OfDict(unknown))
	return o
}

func (m *Morning) volumesObject(o, unknown *pyjson.Object) {
	num := func(n int) pyjson.Value { return pyjson.OfInt(int64(n)) }
	if m.NoVolumes != "" {
		unknown.Set("volumes", pyjson.OfString(m.NoVolumes))
		for _, key := range []string{"volumes", "volume_statuses", "volumes_failed", "unprotected", "unprotected_volumes",
			"oldest_newest_backup"} {
			o.Set(key, pyjson.None)
		}
		return
	}
	o.Set("volumes", num(m.Volumes.Rows))
	o.Set("volume_statuses", sumsObject(m.VolumeStatuses))
	o.Set("volumes_failed", listOf(m.FailedVolumes, (*NamedVolume).object))
	o.Set("unprotected", num(m.Unprotected))
	o.Set("unprotected_volumes", listOf(m.UnprotectedOf, (*NamedVolume).object))
	o.Set("oldest_newest_backup", pyjson.None)
	if m.Oldest.ID != "" {
		o.Set("oldest_newest_backup", pyjson.OfDict(m.Oldest.object()))
	}
}

func known[T any](o, unknown *pyjson.Object, key string, f Fact[T], value func(T) pyjson.Value) {
	o.Set(key, pyjson.None)
	if f.Known {
		o.Set(key, value(f.V))
	} else {
		unknown.Set(key, pyjson.OfString(f.Why))
	}
}

func listOf[T any](rows []T, object func(*T) *pyjson.Object) pyjson.Value {
	out := []pyjson.Value{}
	for i := range rows {
		out = append(out, pyjson.OfDict(object(&rows[i])))
	}
	return pyjson.OfList(out)
}

// counts is an object of numbers, each behind its key.
func counts(pairs ...any) pyjson.Value {
	o := &pyjson.Object{}
	for i := 0; i < len(pairs); i += 2 {
		o.Set(pairs[i].(string), pyjson.OfInt(int64(pairs[i+1].(int))))
	}
	return pyjson.OfDict(o)
}

func intOrNull(n Opt[int64]) pyjson.Value {
	if !n.Set {
		return pyjson.None
	}
	return pyjson.OfInt(n.V)
}

func sumsObject(sums map[string]Sum) pyjson.Value {
	o := &pyjson.Object{}
	for _, s := range Ranked(sums) {
		x := &pyjson.Object{}
		x.Set("rows", pyjson.OfInt(int64(sums[s].Rows)))
		x.Set("gib", pyjson.OfInt(sums[s].GiB))
		o.Set(s, pyjson.OfDict(x))
	}
	return pyjson.OfDict(o)
}

// rowObject is a backup in a line of another thing.
func rowObject(b *Backup) *pyjson.Object {
	o := &pyjson.Object{}
	o.Set("id", idValue(b.ID))
	o.Set("name", textValue(b.Name))
	o.Set("status", pyjson.OfString(b.Status))
	o.Set("volume_id", idValue(b.VolumeID))
	o.Set("volume_name", textValue(b.VolumeName))
	o.Set("project_id", idValue(b.ProjectID))
	o.Set("created_at", timeText(b.CreatedAt))
	o.Set("updated_at", timeText(b.UpdatedAt))
	return o
}

func timeText(t Opt[time.Time]) pyjson.Value {
	if !t.Set {
		return pyjson.None
	}
	return pyjson.OfString(APITime(t.V))
}

func (f *Failure) object() *pyjson.Object {
	o := rowObject(&f.Backup)
	o.Set("why", pyjson.None)
	if f.Why != "" {
		o.Set("why", pyjson.OfString(f.Why))
	}
	if f.Unasked != "" {
		o.Set("why_unknown", pyjson.OfString(f.Unasked))
	}
	return o
}

func (r *Run) object() *pyjson.Object {
	o := rowObject(&r.Backup)
	seconds := func(d time.Duration) pyjson.Value { return pyjson.OfInt(int64(d / time.Second)) }
	unknown := &pyjson.Object{}
	known(o, unknown, "seconds", r.For, seconds)
	known(o, unknown, "usual_seconds", r.Usual, seconds)
	known(o, unknown, "stuck", r.Stuck, pyjson.OfBool)
	if unknown.Len() > 0 {
		o.Set("unknown", pyjson.OfDict(unknown))
	}
	return o
}

func (v *NamedVolume) object() *pyjson.Object {
	o := &pyjson.Object{}
	o.Set("id", idValue(v.ID))
	o.Set("name", textValue(v.Name))
	o.Set("project_id", idValue(v.Project))
	o.Set("status", pyjson.OfString(v.Status))
	o.Set("size", pyjson.OfInt(v.GiB))
	o.Set("newest_backup_at", timeText(v.Newest))
	return o
}

func (p *ProjectSum) object(volumes bool) *pyjson.Object {
	o := &pyjson.Object{}
	o.Set("project_id", idValue(p.ID))
	if p.Name != "" {
		o.Set("project_name", pyjson.OfString(p.Name))
	}
	if p.Others > 0 {
		o.Set("projects", pyjson.OfInt(int64(p.Others)))
	}
	o.Set("backups", pyjson.OfInt(int64(p.Backups.Rows)))
	o.Set("gib", pyjson.OfInt(p.Backups.GiB))
	o.Set("failed", pyjson.OfInt(int64(p.Failed)))
	if volumes {
		o.Set("volumes", pyjson.OfInt(int64(p.Volumes.Rows)))
		o.Set("unprotected", pyjson.OfInt(int64(p.Unprotected)))
	}
	return o
}

func quotaValue(q map[string]Allowance) pyjson.Value {
	o := &pyjson.Object{}
	for _, name := range QuotaLines {
		if a, told := q[name]; told {
			x := &pyjson.Object{}
			x.Set("limit", pyjson.OfInt(a.Limit))
			x.Set("used", pyjson.OfInt(a.Used))
			o.Set(name, pyjson.OfDict(x))
		}
	}
	return pyjson.OfDict(o)
}

func servicesValue(services []BackupService) pyjson.Value {
	return listOf(services, func(s *BackupService) *pyjson.Object {
		o := &pyjson.Object{}
		o.Set("host", pyjson.OfString(s.Host))
		o.Set("zone", pyjson.OfString(s.Zone))
		o.Set("up", pyjson.OfBool(s.Up))
		o.Set("enabled", pyjson.OfBool(s.Enabled))
		return o
	})
}

func damageValue(d Damage) pyjson.Value {
	o := &pyjson.Object{}
	o.Set("damaged", pyjson.OfInt(int64(d.Count)))
	o.Set("verified", pyjson.OfInt(int64(d.Verified)))
	o.Set("last_at", pyjson.None)
	if !d.Last.IsZero() {
		o.Set("last_at", pyjson.OfString(APITime(d.Last)))
	}
	o.Set("backups", listOf(d.Damaged, func(v *Verified) *pyjson.Object {
		x := &pyjson.Object{}
		x.Set("backup_id", idValue(v.Backup))
		x.Set("repository", pyjson.OfString(v.Repository))
		x.Set("at", pyjson.OfString(APITime(v.At)))
		x.Set("flaw", pyjson.OfString(v.Flaw))
		return x
	}))
	return pyjson.OfDict(o)
}

func (m *Morning) drillsValue(d DrillSum) pyjson.Value {
	o := &pyjson.Object{}
	o.Set("last_at", pyjson.None)
	if !d.Last.IsZero() {
		o.Set("last_at", pyjson.OfString(APITime(d.Last)))
	}
	for _, n := range []struct {
		key string
		n   int
	}{{"last_came_back", d.LastGood}, {"last_of", d.LastOf}, {"proven", d.Proven}, {"restored", d.Restored}, {"did_not_come_back", d.Bad},
		{"volumes_left", d.Left}} {
		o.Set(n.key, pyjson.OfInt(int64(n.n)))
	}
	for _, n := range []struct {
		key string
		n   int
	}{{"volumes_proven_30d", m.ProvenLately}, {"volumes_not_proven", m.NotProven}, {"volumes_only_restored", m.OnlyRestored}} {
		o.Set(n.key, pyjson.None)
		if m.NoVolumes == "" {
			o.Set(n.key, pyjson.OfInt(int64(n.n)))
		}
	}
	return pyjson.OfDict(o)
}
