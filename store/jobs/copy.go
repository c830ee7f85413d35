package jobs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hearth/core"
	"hearth/store"
)

// CopyOptions says what is copied and how.
type CopyOptions struct {
	Chain bool // each with its parents
	Jobs  int  // how many exports run at once; 0 is 2
}

const tryCopy = "copy"

// PlanCopy says what a copy of backups from one place to another comes to. It
// exports their records for that, unless the archive has them as they are. What is picked
// and left alone when its turn comes is not sent; a parent that comes along is no pick.
func PlanCopy(ctx context.Context, from, to Desk, picked Picked, o CopyOptions, progress Progress) (Transfer, error) {
	if from.location() == to.location() {
		return Transfer{}, core.Fail(core.CodeUsage, tryCopy, from.location()+" is both", "name two places", nil)
	}
	progress.say(0, 0, "reading the backups")
	rows, err := from.toExport(ctx, picked.IDs, o.Chain)
	if err != nil {
		return Transfer{}, err
	}
	own := map[core.BackupID]bool{}
	for _, id := range picked.IDs {
		own[id] = true
	}
	left := func(b *core.Backup) error {
		if !own[b.ID] {
			return nil
		}
		return leftAlone(picked.Left, b, "copy backup "+b.Title())
	}
	var whole []core.Backup
	for _, b := range rows {
		if left(&b) == nil && b.Status == core.StatusAvailable {
			whole = append(whole, b)
		}
	}
	from.laidOut(ctx, whole)
	results, records, err := from.take(ctx, whole, ArchiveOptions{Jobs: o.Jobs}, progress)
	if err != nil {
		return Transfer{}, err
	}
	taken := map[core.BackupID]int{}
	for i, r := range results {
		taken[r.Backup.ID] = i
	}
	items := make([]Arrival, 0, len(rows))
	var lame []Arrival // without a record
	for _, b := range rows {
		it := Arrival{Backup: b, Origin: "exported"}
		i, ok := taken[b.ID]
		if ok && whole[i].Layout.Says() != "" {
			it.Lacks = append(it.Lacks, whole[i].Layout.Advice())
		}
		why := left(&b)
		switch {
		case why != nil:
			it.lame(why.Error())
		case !ok:
			it.lame("its status is " + b.Status + ", and Cinder exports only what is available")
		case results[i].Err != nil:
			it.lame(results[i].Err.Error())
		default:
			it.brings(core.FoundRecord(records[i]))
			items = append(items, it)
			continue
		}
		lame = append(lame, it)
	}
	progress.say(0, 0, "asking %s", to.location())
	wanted := map[core.BackupID]bool{}
	for _, id := range arriving(items) {
		wanted[id] = true
	}
	there, containers := map[core.BackupID]*core.Backup{}, map[string]bool{}
	for b, err := range to.eachBackup(ctx, newestFirst()) { // of the others only where they lie
		if err != nil {
			return Transfer{}, err
		}
		if containers[b.Container.Or("")] = true; wanted[b.ID] {
			there[b.ID] = &b
		}
	}
	t, err := to.arrivals(ctx, from.location(), items, there)
	if err != nil {
		return t, err
	}
	t.Items = append(t.Items, lame...)
	if picked.Left != nil {
		t.leaves = func(ctx context.Context, ids []core.BackupID) (map[core.BackupID]error, error) {
			return from.leaves(ctx, picked.Left, slices.DeleteFunc(ids, func(id core.BackupID) bool { return !own[id] }), "copy backup")
		}
	}
	t.reach(containers)
	scope, _, err := to.scope(ctx)
	t.owners(string(scope.Project.ID))
	return t, err
}

// lame makes an arrival one that cannot be.
func (a *Arrival) lame(why string) {
	a.ID, a.Name, a.Size, a.Parent = a.Backup.ID, a.Backup.Name.Or(""), a.Backup.Size, a.Backup.ParentID
	a.State, a.Ticked = ArrivalRefused, true
	a.Findings = []core.Finding{{Level: core.LevelRefuse, Text: why}}
}

// reach says whether the target's backup service can read the files, as far as
// anyone can know: by the names of the service, which the preflight looks at, and
// of the containers in which its own backups lie.
func (t *Transfer) reach(containers map[string]bool) {
	var strange []string
	folders, goes := 0, 0
	for i := range t.Items {
		it := &t.Items[i]
		if it.State != ArrivalGoes {
			continue
		}
		goes++
		record := it.Record()
		container, _ := record.Decoded.Field("container").Str()
		switch {
		case container == "" || strings.HasSuffix(container, string(it.ID)): // a folder of its own
			folders++
		case !containers[container] && !slices.Contains(strange, container):
			strange = append(strange, container)
		}
	}
	say := func(format string, args ...any) { t.Warnings = append(t.Warnings, fmt.Sprintf(format, args...)) }
	for _, c := range strange {
		say("no backup of %s lies in the container %s: whether its service can read that is not known before a restore", t.To, core.Visible(c))
	}
	if folders > 0 {
		say("%s in a folder each: whether the backup service of %s sees the same share is not known before a restore", lie(folders), t.To)
	}
	if goes > 0 {
		say("a copy has no files of its own: deleting it, in %s or in %s, deletes the files of both", t.From, t.To)
	}
}

func lie(n int) string {
	if n == 1 {
		return "1 backup lies"
	}
	return fmt.Sprintf("%d backups lie", n)
}

// owners says whose the backups were, where that is not the project they go to.
func (t *Transfer) owners(own string) {
	var projects []string
	n := 0
	for i := range t.Items {
		it := &t.Items[i]
		if it.State != ArrivalGoes || it.Backup.ProjectID == "" || string(it.Backup.ProjectID) == own {
			continue
		}
		n++
		if p := string(it.Backup.ProjectID); !slices.Contains(projects, p) {
			projects = append(projects, p)
		}
	}
	if n > 0 {
		const most = 5
		list := projects
		if len(list) > most {
			list = append(list[:most:most], "…")
		}
		t.Warnings = append(t.Warnings, fmt.Sprintf(
			"%s of project %s will be the importer's; to keep that, import as that project (cloud:NAME/PROJECT)", core.Count(n, "backup"),
			core.Visible(strings.Join(list, ", "))))
	}
}

// Copy carries out what [PlanCopy] planned and gives a result for each backup: it
// sends the records, follows each until it is available, and compares what arrived
// with the record.
func Copy(ctx context.Context, to Desk, t *Transfer, progress Progress) ([]core.ImportResult, error) {
	return to.send(ctx, t, tryCopy, progress)
}

// scope asks the place who we are there; false where nobody logs in.
func (d Desk) scope(ctx context.Context) (core.Scope, bool, error) {
	s, ok := d.Place.(store.Scoper)
	if !ok {
		return core.Scope{}, false, nil
	}
	scope, err := s.Scope(ctx)
	return scope, err == nil, err
}

// native is what is known to belong to the place.
func (d Desk) native(ctx context.Context, backups []core.Backup) (core.Native, error) {
	n := core.Native{Hosts: core.FieldSet{}, Projects: core.FieldSet{}, Own: map[core.BackupID]bool{}}
	for v, err := range d.eachVolume(ctx, core.Query{Anew: true}) {
		if err != nil {
			return n, err
		}
		if h := core.HostOf(v.Host.Or("")); h != "" {
			n.Hosts[h] = true
		}
		if v.ProjectID != "" {
			n.Projects[string(v.ProjectID)] = true
		}
	}
	for _, b := range backups {
		if b.ProjectID != "" {
			n.Projects[string(b.ProjectID)] = true
		}
	}
	if scope, ok, err := d.scope(ctx); err != nil {
		return n, err
	} else if ok {
		for _, p := range append(scope.Projects, scope.Project) {
			if p.ID != "" {
				n.Projects[string(p.ID)] = true
			}
		}
	}
	types, err := d.volumeTypes(ctx)
	if err != nil {
		return n, err
	}
	if types != nil {
		n.Types = core.FieldSet{}
		for _, t := range types {
			n.Types[t.ID] = true
		}
	}
	if d.keeps("") != nil {
		return n, nil
	}
	came, err := d.Archive.Came(ctx, d.location())
	for id, how := range came {
		n.Own[id] = how == "export"
	}
	return n, err
}
