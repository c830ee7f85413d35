package cinder_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/jobs"
)

// round is hearth status over a cloud, held to its database.
type round struct {
	*site
	binary  string
	env     []string
	project string // the login's
	random  *rand.Rand
	copies  int
}

// TestRealMorning: each number of hearth status is what a query on Cinder's database
// (HEARTH_TEST_SQL) counts, over a week of history: rows of the suite's own are copied there
// and moved in time, as the server's clock cannot be. HEARTH_MORNING_SEED chooses them.
func TestRealMorning(t *testing.T) {
	if os.Getenv("HEARTH_TEST_SQL") == "" {
		t.Skip("HEARTH_TEST_SQL names no command that asks the database what there is")
	}
	seed := number("HEARTH_MORNING_SEED", rand.Int64N(1<<31))
	t.Logf("HEARTH_MORNING_SEED=%d", seed)
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	scope, err := s.desk.Place.(store.Scoper).Scope(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	r := &round{site: s, binary: builtProgram(t), project: string(scope.Project.ID), random: rand.New(rand.NewPCG(uint64(seed), 3))}
	for _, name := range []string{"XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"} {
		r.env = append(r.env, name+"="+t.TempDir())
	}
	t.Cleanup(r.forget)
	r.make()
	r.age(60)
	first := r.status()
	r.holds("a first look", first, pyjson.None)
	r.hearth("export", r.sql("SELECT id FROM backups WHERE deleted = 0 AND status = 'available' AND display_name LIKE '"+named("week-")+
		"%' LIMIT 1"))
	r.age(60)
	second := r.status("--since", "3d")
	r.holds("three days", second, at(first, "backups"))
	if n, _ := at(second, "coverage", "no_record").Int64(); fmt.Sprint(n) != r.sql("SELECT COUNT(*) - 1 FROM "+standing) {
		t.Errorf("one record is kept, and of %d backups none is known", n)
	}
	r.age(12)
	r.sql("UPDATE backups SET status = 'error', updated_at = UTC_TIMESTAMP() WHERE deleted = 0 AND display_name LIKE '" +
		named("aged-1") + "%'")
	r.holds("since the last look", r.status(), at(second, "backups"))
	r.lists()
}

const (
	// standing are the backups that can be restored: one that is being restored is available.
	standing = "backups b WHERE b.deleted = 0 AND b.status IN ('available', 'restoring')"
	changed  = "COALESCE(updated_at, created_at)"
)

// make makes three volumes with backups of their own, and one that a restore broke.
func (r *round) make() {
	r.t.Helper()
	for i := range 3 {
		id := r.volume(fmt.Sprintf("week-%d", i), 1, nil)
		r.backup(id, fmt.Sprintf("week-%d-full", i), false)
		if i > 0 {
			r.backup(id, fmt.Sprintf("week-%d-incr", i), true)
		}
	}
	bad := r.volume("week-broken", 1, nil)
	r.must("POST", "/volumes/"+string(bad)+"/action", dict{"os-reset_status": dict{"status": "error_restoring"}})
}

// like is the beginning of a statement that copies rows of the suite's.
func (r *round) like(table, where, set string) string {
	return fmt.Sprintf("CREATE TEMPORARY TABLE hearth_copy SELECT * FROM %s WHERE %s LIMIT 1; UPDATE hearth_copy SET %s; "+
		"INSERT INTO %s SELECT * FROM hearth_copy; DROP TEMPORARY TABLE hearth_copy; ", table, where, set, table)
}

// uuid is an id of the suite's copies, by which they are taken away again.
func (r *round) uuid() string {
	r.copies++
	return fmt.Sprintf("%08x-%s-4000-8000-%012x", r.random.Uint32(), run[len(run)-4:], r.copies)
}

// forget takes the copies away.
func (r *round) forget() {
	for _, table := range []string{"backups", "volumes"} {
		r.sql("DELETE FROM " + table + " WHERE id LIKE '________-" + run[len(run)-4:] + "-4000-8000-%' AND display_name LIKE '" + run + "-%'")
	}
}

// age adds copies of backups of the last nine days, each in some status, and half as many volumes.
func (r *round) age(n int) {
	r.t.Helper()
	var b strings.Builder
	back := func(seconds int) string { return fmt.Sprintf("UTC_TIMESTAMP() - INTERVAL %d SECOND", seconds) }
	projects := []string{r.project, r.project, "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"}
	for range n {
		began, took := r.random.IntN(9*86400)+60, r.random.IntN(5000)
		status, updated, why := "available", back(max(began-took, 0)), "NULL"
		switch dice := r.random.IntN(20); {
		case dice < 4:
			status, why = "error", fmt.Sprintf("'why %d'", r.random.IntN(1000))
		case dice < 5:
			status, updated = "error_deleting", back(r.random.IntN(began))
		case dice < 8:
			status, updated = "creating", "NULL"
			if r.random.IntN(2) == 0 {
				began = r.random.IntN(20000)
			}
			if r.random.IntN(2) == 0 {
				updated = back(r.random.IntN(began + 1)) // it gets on
			}
		case dice < 9:
			status, updated = "deleting", back(r.random.IntN(began))
		case dice < 10:
			status, updated = "restoring", back(r.random.IntN(began))
		case dice < 12:
			updated = back(r.random.IntN(began)) // it was exported, or edited
		}
		set := fmt.Sprintf("id = '%s', status = '%s', created_at = %s, updated_at = %s, fail_reason = %s, size = %d, project_id = '%s', "+
			"host = 'nowhere', display_name = '%s'", r.uuid(), status, back(began), updated, why, 1+r.random.IntN(40),
			projects[r.random.IntN(len(projects))], named(fmt.Sprintf("aged-%d", r.copies)))
		if r.random.IntN(6) == 0 {
			set += ", volume_id = '" + r.uuid() + "'" // of a volume that is no more
		}
		of := []string{"week-0-full", "week-1-full", "week-1-incr", "week-2-incr"}[r.random.IntN(4)]
		b.WriteString(r.like("backups", "display_name = '"+named(of)+"' AND deleted = 0", set))
	}
	for range n / 2 {
		b.WriteString(r.like("volumes", "display_name = '"+named("week-0")+"' AND deleted = 0",
			fmt.Sprintf("id = '%s', size = %d, project_id = '%s', display_name = '%s'", r.uuid(), 1+r.random.IntN(90),
				projects[r.random.IntN(len(projects))], named(fmt.Sprintf("aged-%d", r.copies)))))
	}
	r.sql(b.String())
}

// hearth runs the program over the cloud.
func (r *round) hearth(args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.ctx, r.binary, append(args, "--cloud", r.name, "--all-projects")...)
	cmd.Env = append(os.Environ(), r.env...)
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil {
		r.t.Fatalf("hearth %s: %v: %s", strings.Join(args, " "), err, talk.String())
	}
	return out.String()
}

func (r *round) status(more ...string) *pyjson.Object {
	r.t.Helper()
	v, err := pyjson.Parse(r.hearth(append([]string{"status", "-o", "json"}, more...)...))
	if err != nil {
		r.t.Fatal(err)
	}
	return v.Object()
}

// told is what hearth says, as the database would: the values at keys of rows, a line each.
func told(rows []pyjson.Value, keys ...string) (out []string) {
	for _, v := range rows {
		var cells []string
		for _, key := range keys {
			x := at(v.Object(), key)
			text := x.Text()
			switch n, is := x.Int64(); {
			case x.IsNull():
				text = "NULL"
			case is:
				text = fmt.Sprint(n)
			case strings.HasSuffix(key, "_at") && len(text) > 19:
				text = strings.Replace(text[:19], "T", " ", 1)
			}
			cells = append(cells, text)
		}
		out = append(out, strings.Join(cells, "\t"))
	}
	return out
}

// same holds rows of hearth's to a query; sorted: the order is nobody's.
func (r *round) same(what string, got []string, query string, sorted bool) {
	r.t.Helper()
	var want []string
	for _, row := range queried(r.t, query) {
		want = append(want, strings.Join(row, "\t"))
	}
	if sorted {
		slices.Sort(got)
		slices.Sort(want)
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("%s: hearth says\n%s\nand the database\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// holds holds each number of a status to the database; before is how many backups there were
// at the look before that, null where there was none.
func (r *round) holds(what string, o *pyjson.Object, before pyjson.Value) {
	r.t.Helper()
	sqlTime := func(key string) string {
		return "'" + strings.TrimSuffix(strings.Replace(at(o, key).Text(), "T", " ", 1), "Z") + "'"
	}
	since, now := sqlTime("since")[:20]+"'", sqlTime("at")
	self := []pyjson.Value{pyjson.OfDict(o)}
	r.same(what+", backups", told(self, "backups", "gib", "failed"),
		"SELECT COUNT(*), SUM(size), SUM(status LIKE 'error%') FROM backups WHERE deleted = 0", false)
	r.same(what+", statuses", sums(at(o, "statuses").Object()),
		"SELECT status, COUNT(*), SUM(size) FROM backups WHERE deleted = 0 GROUP BY status", true)
	recent := " FROM backups WHERE deleted = 0 AND status LIKE 'error%' AND " + changed + " >= " + since
	r.same(what+", failed since "+since, told(self, "failed_since"), "SELECT COUNT(*)"+recent, false)
	failures := at(o, "failures").Items()
	r.same(what+", the failures", told(failures, "id", "status", "updated_at"), "SELECT id, status, updated_at"+recent+" ORDER BY "+changed+
		" DESC, id DESC LIMIT 50", false)
	for _, v := range failures {
		if why := r.sql("SELECT COALESCE(fail_reason, '') FROM backups WHERE id = '" + at(v.Object(), "id").Text() + "'"); why != "" &&
			at(v.Object(), "why").Text() != why {
			r.t.Errorf("%s: %s failed, as hearth says, for %q, and by the database for %q", what, at(v.Object(), "id").Text(),
				at(v.Object(), "why").Text(), why)
		}
	}
	r.runs(what, o, now)
	r.same(what+", volumes", told(self, "volumes", "unprotected"), "SELECT COUNT(*), SUM("+bare+") FROM volumes v WHERE v.deleted = 0", false)
	r.same(what+", volume statuses", sums(at(o, "volume_statuses").Object()),
		"SELECT status, COUNT(*), SUM(size) FROM volumes WHERE deleted = 0 GROUP BY status", true)
	r.same(what+", the volumes that failed", told(at(o, "volumes_failed").Items(), "id", "status"),
		"SELECT id, status FROM volumes WHERE deleted = 0 AND status IN ('error_restoring', 'error_backing-up') ORDER BY id LIMIT 50", false)
	r.same(what+", the unprotected", told(at(o, "unprotected_volumes").Items(), "id", "size"),
		"SELECT id, size FROM volumes v WHERE v.deleted = 0 AND "+bare+" ORDER BY size DESC, id LIMIT 50", false)
	r.same(what+", the oldest", told([]pyjson.Value{at(o, "oldest_newest_backup")}, "id", "newest_backup_at"),
		"SELECT v.id, MAX(b.created_at) FROM volumes v JOIN backups b ON b.volume_id = v.id AND b.deleted = 0 AND "+
			"b.status IN ('available', 'restoring') WHERE v.deleted = 0 "+
			"GROUP BY v.id ORDER BY MAX(b.created_at), v.id LIMIT 1", false)
	r.same(what+", projects", told(at(o, "projects").Items(), "project_id", "backups", "gib", "failed", "volumes", "unprotected"),
		"SELECT p, SUM(n), SUM(g), SUM(f), SUM(v), SUM(u) FROM (SELECT project_id p, 1 n, size g, status LIKE 'error%' f, 0 v, 0 u FROM backups "+
			"WHERE deleted = 0 UNION ALL SELECT v.project_id, 0, 0, 0, 1, "+bare+" FROM volumes v WHERE v.deleted = 0) x GROUP BY p", true)
	var made []pyjson.Value
	for _, v := range at(o, "made").Items() {
		if n, _ := at(v.Object(), "backups").Int64(); n > 0 {
			made = append(made, v)
		}
	}
	r.same(what+", made", told(made, "day", "backups", "gib", "failed"), "SELECT DATE(created_at) d, COUNT(*), SUM(size), "+
		"SUM(status LIKE 'error%') FROM backups WHERE deleted = 0 AND DATE(created_at) > DATE("+now+") - INTERVAL 31 DAY "+
		"GROUP BY d ORDER BY d", false)
	r.same(what+", covered", told([]pyjson.Value{at(o, "coverage")}, "backups"), "SELECT COUNT(*) FROM "+standing, false)
	r.same(what+", not proven", told([]pyjson.Value{at(o, "drills")}, "volumes_not_proven"),
		"SELECT SUM(NOT "+bare+") FROM volumes v WHERE v.deleted = 0", false)
	r.asked(what, o)
	if was, is := before.Int64(); is {
		n, _ := at(o, "growth", "backups").Int64()
		if count := r.sql("SELECT COUNT(*) FROM backups WHERE deleted = 0"); fmt.Sprint(was+n) != count {
			r.t.Errorf("%s: %d more than %d are %s", what, n, was, count)
		}
	} else if !at(o, "growth").IsNull() {
		r.t.Errorf("%s: growth is %s", what, pyjson.Text(at(o, "growth")))
	}
}

// bare says in SQL that a volume v has no backup that can be restored.
const bare = "(NOT EXISTS (SELECT 1 FROM " + standing + " AND b.volume_id = v.id))"

// sums are statuses with what is counted of each.
func sums(o *pyjson.Object) (out []string) {
	for _, key := range o.Keys() {
		n, _ := at(o, key, "rows").Int64()
		gib, _ := at(o, key, "gib").Int64()
		out = append(out, fmt.Sprintf("%s\t%d\t%d", key, n, gib))
	}
	return out
}

// runs holds what is under way, for how long, beside what is usual, to the database.
func (r *round) runs(what string, o *pyjson.Object, now string) {
	r.t.Helper()
	begun := "IF(status = 'creating', created_at, " + changed + ")"
	moving := " FROM backups WHERE deleted = 0 AND status IN ('creating', 'deleting', 'restoring')"
	r.same(what+", under way", told([]pyjson.Value{pyjson.OfDict(o)}, "running"), "SELECT COUNT(*)"+moving, false)
	runs := at(o, "runs").Items()
	r.same(what+", the runs", told(runs, "id", "status", "seconds"), "SELECT id, status, TIMESTAMPDIFF(SECOND, "+begun+", "+now+")"+moving+
		" ORDER BY "+begun+", id LIMIT 50", false)
	stuck, maybe := 0, 0
	for i, v := range runs {
		x := v.Object()
		id := at(x, "id").Text()
		usual := r.sql("SELECT took FROM (SELECT TIMESTAMPDIFF(SECOND, b.created_at, b.updated_at) took, COUNT(*) OVER () n, " +
			"ROW_NUMBER() OVER (ORDER BY TIMESTAMPDIFF(SECOND, b.created_at, b.updated_at)) place FROM backups b JOIN backups of ON " +
			"of.id = '" + id + "' AND of.status = 'creating' AND b.volume_id = of.volume_id AND (b.parent_id IS NULL) = (of.parent_id IS NULL) " +
			"WHERE b.deleted = 0 AND b.status = 'available' AND b.updated_at > b.created_at) x WHERE n > 1 AND place = FLOOR((n - 1) / 4) + 1")
		if i >= 20 {
			usual = "" // nobody asks after so many
		}
		if got := at(x, "usual_seconds"); got.IsNull() != (usual == "") || !got.IsNull() && pyjson.Text(got) != usual {
			r.t.Errorf("%s: %s takes usually, as hearth says, %s, and by the database %q", what, id, pyjson.Text(got), usual)
		}
		seconds, _ := at(x, "seconds").Int64()
		is := "null"
		if n, err := strconv.ParseInt(usual, 10, 64); err == nil {
			is = fmt.Sprint(seconds > max(4*n, n+3600)) // to the second: nobody sits on the edge
		} else if seconds > 86400 {
			is = "true"
		}
		if got := pyjson.Text(at(x, "stuck")); got != is {
			r.t.Errorf("%s: %s is stuck: hearth says %s, and the database %s", what, id, got, is)
		}
		switch is {
		case "true":
			stuck++
		case "null":
			maybe++
		}
	}
	if got := told([]pyjson.Value{pyjson.OfDict(o)}, "stuck", "stuck_not_known")[0]; got != fmt.Sprintf("%d\t%d", stuck, maybe) {
		r.t.Errorf("%s: stuck and perhaps stuck are %d and %d, and hearth says %s", what, stuck, maybe, got)
	}
}

func truth(v pyjson.Value) bool { return pyjson.Text(v) == "true" }

// asked holds what the cloud tells beside its lists to the database.
func (r *round) asked(what string, o *pyjson.Object) {
	r.t.Helper()
	var got []string
	for _, name := range core.QuotaLines {
		used, _ := at(o, "quota", name, "used").Int64()
		got = append(got, fmt.Sprintf("%s\t%d", name, used))
	}
	r.same(what+", the quota", got, "SELECT resource, SUM(in_use + reserved) FROM quota_usages WHERE deleted = 0 AND project_id = '"+r.project+
		"' AND resource IN ('"+strings.Join(core.QuotaLines, "', '")+"') GROUP BY resource", true)
	const services = " FROM services WHERE `binary` = 'cinder-backup' AND deleted = 0 ORDER BY host"
	told := at(o, "services").Items()
	got = nil
	for _, v := range told {
		got = append(got, fmt.Sprint(at(v.Object(), "host").Text(), "\t", truth(at(v.Object(), "enabled"))))
	}
	r.same(what+", services", got, "SELECT host, IF(disabled, 'false', 'true')"+services, true)
	for _, row := range queried(r.t, "SELECT host, TIMESTAMPDIFF(SECOND, updated_at, UTC_TIMESTAMP())"+services) {
		silent, _ := strconv.Atoi(row[1])
		for _, v := range told {
			if up := truth(at(v.Object(), "up")); at(v.Object(), "host").Text() == row[0] && (silent < 20 && !up || silent > 120 && up) {
				r.t.Errorf("%s: the service of %s wrote %d s ago, and is up: %v", what, row[0], silent, up)
			}
		}
	}
}

// lists opens the list that each number counts.
func (r *round) lists() {
	r.t.Helper()
	m, err := r.desk.Morning(r.ctx, jobs.MorningRequest{Since: time.Now().Add(-72 * time.Hour), Quick: true}, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	seen := 0
	for _, l := range m.Lines() {
		want := l.Count
		switch l.Code {
		case "oldest":
			want = "1"
		case "stuck":
			if !strings.HasPrefix(l.Filter, "id:") { // too many to name, or none: all that is under way
				want = fmt.Sprint(m.Running)
			}
		}
		if l.List != "backups" && l.List != "volumes" {
			continue
		}
		seen++
		rows := r.hearth(l.List, "--filter", l.Filter, "-o", "value", "-c", "id")
		if n := fmt.Sprint(strings.Count(rows, "\n")); n != want {
			r.t.Errorf("%s counts %s, and its list, %s with %q, has %s", l.Head, want, l.List, l.Filter, n)
		}
	}
	if seen < 5 {
		r.t.Errorf("%d lines have a list", seen)
	}
}
