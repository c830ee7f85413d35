package jobs

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
)

// Source is where lost backups can be found: records that were kept, or what a
// repository or another place still holds.
type Source struct {
	Name string
	// find returns what the source has, each backup once, and what it has and is
	// of no use.
	find func(ctx context.Context, target Desk, progress Progress) ([]finding, []core.Holding, error)
	rest store.Filler // nil: what find tells is all
}

// fill reads what the source has left out of those that are lost.
func (s Source) fill(ctx context.Context, found []finding, lost map[core.BackupID]*core.Reconciled, progress Progress) error {
	if s.rest == nil || len(lost) == 0 {
		return nil
	}
	at := map[core.BackupID]int{}
	var ids []core.BackupID
	for i := range found {
		if id := found[i].row.ID; lost[id] != nil {
			at[id] = i
			ids = append(ids, id)
		}
	}
	holdings, err := s.rest.Fill(ctx, ids, func(done, of int) { progress.say(done, of, "reading metadata from %s", s.Name) })
	for i := range holdings {
		f := &found[at[holdings[i].Backup.ID]]
		f.row, f.marks = holdings[i].Backup, holdings[i].Marks
	}
	return err
}

// finding is a backup that was found.
type finding struct {
	row     core.Backup
	origin  string
	other   string // the other place that its record is of
	handed  bool   // by the user, who may know better: it is chosen all the same
	rebuilt bool
	marks   []core.Mark
	// record and capture are read only of what is missing.
	record  func(ctx context.Context) (core.Record, error)
	capture func(ctx context.Context) (*core.Capture, error)
	from    *core.Found // where the record is there already
}

// FromArchive finds what the archive has records of, of every place: of a backup
// that was kept in several the target's own, else the one that was last found to
// hold.
func FromArchive() Source {
	return Source{Name: "the archive", find: func(ctx context.Context, target Desk, _ Progress) ([]finding, []core.Holding, error) {
		if err := target.keeps(tryRecover); err != nil {
			return nil, nil, err
		}
		best := map[core.BackupID]archive.KeptRecord{}
		var order []core.BackupID
		rotten, err := target.Archive.EachNewest(ctx, "", func(k archive.KeptRecord) error {
			old, twice := best[k.Backup]
			if !twice {
				order = append(order, k.Backup)
			}
			if !twice || better(k, old, target.location()) {
				best[k.Backup] = k
			}
			return nil
		})
		var out []finding
		for _, id := range order {
			k := best[id]
			f := core.FoundRecord(k.Record)
			if !f.OK() { // it was written so
				rotten = append(rotten, archive.RottenRecord{ID: k.ID, Place: k.Place, Backup: id})
				continue
			}
			found := finding{row: core.RecordBackup(f.Decoded), origin: keptIn(&k), from: &f, capture: target.keptReal(id)}
			f.Decoded = core.Decoded{} // read again of what is lost
			if k.Place != target.location() {
				found.other = k.Place
			}
			out = append(out, found)
		}
		return out, nil, cmp.Or(err, rotten.Err(tryRecover))
	}}
}

// better reports whether a is to be taken rather than b.
func better(a, b archive.KeptRecord, own string) bool {
	if (a.Place == own) != (b.Place == own) {
		return a.Place == own
	}
	return a.Newer(&b)
}

func keptIn(k *archive.KeptRecord) string {
	return fmt.Sprintf("archived from %s, %s UTC", core.Visible(k.Place), k.Checked.UTC().Format("2006-01-02 15:04"))
}

// keptReal returns the capture that Cinder stored with a backup, from the
// repository that is configured for the place or as it was kept; failing that,
// another that was kept.
func (d Desk) keptReal(id core.BackupID) func(context.Context) (*core.Capture, error) {
	return func(ctx context.Context) (*core.Capture, error) {
		if c, has, _, _ := d.stored(ctx, id); has {
			return &c, nil
		}
		if d.Archive == nil {
			return nil, nil
		}
		kept, err := d.Archive.Captures(ctx, "", "", id)
		kept = slices.DeleteFunc(kept, func(k core.KeptCapture) bool { return k.Rotten })
		if err != nil || len(kept) == 0 {
			return nil, err
		}
		best := &kept[0].Capture
		for i := range kept {
			if kept[i].Capture.Source.Kind == core.SourceRepository {
				best = &kept[i].Capture
				break
			}
		}
		return best, nil
	}
}

// FromBundle finds what a bundle holds.
func FromBundle(b *core.Bundle, name string) Source {
	return Source{Name: name, find: func(_ context.Context, target Desk, _ Progress) ([]finding, []core.Holding, error) {
		captures := map[core.BackupID]*core.Capture{}
		for i := range b.Captures {
			c := &b.Captures[i]
			if old := captures[c.BackupID]; old == nil || c.Capture.Source.Kind == core.SourceRepository {
				captures[c.BackupID] = &c.Capture
			}
		}
		places := map[int]string{}
		for _, r := range b.Records {
			places[r.Line] = r.Place
		}
		var out []finding
		for _, f := range b.Found() {
			row := core.RecordBackup(f.Decoded)
			real := target.keptReal(row.ID)
			if c := captures[row.ID]; c != nil {
				real = func(context.Context) (*core.Capture, error) { return c, nil }
			}
			f.Decoded = core.Decoded{} // read again of what is lost
			found := finding{row: row, origin: fmt.Sprintf("line %d of the bundle, from %s", f.Line, core.Visible(places[f.Line])), from: &f,
				capture: real, handed: true}
			if places[f.Line] != target.location() {
				found.other = places[f.Line]
			}
			out = append(out, found)
		}
		return out, nil, nil
	}}
}

// FromPlace finds what a place holds: a backup repository, or any place that can
// export records. Of a repository the records are rebuilt, and those that the
// archive has are taken instead, as they hold more.
func FromPlace(source Desk) Source {
	rest, _ := source.Place.(store.Filler)
	s := Source{Name: source.location(), rest: rest}
	s.find = func(ctx context.Context, target Desk, progress Progress) ([]finding, []core.Holding, error) {
		ex, ok := source.Place.(store.Exporter)
		if !ok {
			return nil, nil, core.Fail(core.CodeUnsupported, tryRecover, "records cannot be exported from "+source.location(), "", nil)
		}
		export := func(id core.BackupID) func(context.Context) (core.Record, error) {
			return func(ctx context.Context) (core.Record, error) { return ex.Export(ctx, id) }
		}
		if r, ok := source.Place.(scanned); ok {
			return source.holdings(ctx, r, target, export, progress)
		}
		var out []finding
		origin := "exported from " + source.location()
		for b, err := range source.eachBackup(ctx, newestFirst()) {
			if err != nil {
				return out, nil, err
			}
			if b.Status == core.StatusAvailable {
				out = append(out, finding{row: b, origin: origin, record: export(b.ID), capture: target.keptReal(b.ID)})
			}
		}
		return out, nil, nil
	}
	return s
}

// holdings finds what a repository holds.
func (d Desk) holdings(ctx context.Context, r scanned, target Desk,
	export func(core.BackupID) func(context.Context) (core.Record, error), progress Progress) ([]finding, []core.Holding, error) {
	inv, err := r.Scan(ctx, func(p core.ScanProgress) {
		progress.say(0, 0, "reading %s: %s", d.location(), core.Count(int(p.Backups), "backup"))
	})
	if err != nil {
		return nil, nil, err
	}
	var out []finding
	var unusable []core.Holding
	seen := map[core.BackupID]bool{}
	for _, h := range inv.Holdings.All() {
		switch {
		case h.Kind == core.HoldingStray:
		case h.Kind != core.HoldingBackup || seen[h.Backup.ID]:
			unusable = append(unusable, h)
		default:
			seen[h.Backup.ID] = true
			id := h.Backup.ID
			f := finding{row: h.Backup, origin: "rebuilt from " + d.location(), rebuilt: true, marks: h.Marks, record: export(id),
				capture: target.keptReal(id)}
			if h.CaptureText.Set {
				f.capture = func(ctx context.Context) (*core.Capture, error) {
					c, ok, err := r.Capture(ctx, id)
					if err != nil || !ok {
						return nil, err
					}
					c.BackupID = id
					return &c, nil
				}
			}
			out = append(out, f)
		}
	}
	return out, unusable, nil
}

const tryRecover = "recover"

// Recovery is a plan to bring back what a place has lost.
type Recovery struct {
	Transfer
	Compared []core.Reconciled // all that either has
	Unusable []core.Holding    // unfinished and broken ones in a repository
}

// RecoverOptions says what is chosen.
type RecoverOptions struct {
	All bool // also what seems to be another cloud's
}

// Reconcile lays what a source has and what the target's database has side by side; with
// CodeIncomplete as far as a list that ended early tells.
func Reconcile(ctx context.Context, source Source, target Desk, progress Progress) ([]core.Reconciled, []core.Holding, error) {
	found, unusable, err := source.find(ctx, target, progress)
	short, err := notWhole(err)
	if err != nil {
		return nil, nil, err
	}
	out, _, err := reconcile(ctx, found, target, progress)
	return out, unusable, cmp.Or(err, short)
}

func reconcile(ctx context.Context, found []finding, target Desk, progress Progress) ([]core.Reconciled, []core.Backup, error) {
	progress.say(0, 0, "reading the backups of %s", target.location())
	there, err := target.allBackups(ctx)
	short, err := notWhole(err)
	if err != nil {
		return nil, nil, err
	}
	rows := make([]core.Backup, len(found))
	for i := range found {
		rows[i] = found[i].row
		unseen := core.FieldSet{}
		for name := range rows[i].Unseen {
			unseen[name] = true
		}
		for _, m := range found[i].marks { // what is assumed is not compared
			unseen[m.Field] = true
		}
		rows[i].Unseen = unseen
	}
	return core.Reconcile(rows, there), there, short
}

// PlanRecovery finds what the source has and the target has not, and works out for
// each whether, in which order and into whose project it would be imported, what
// it lacks for good, and whether it seems to be another cloud's. Nothing is
// changed.
func PlanRecovery(ctx context.Context, source Source, target Desk, o RecoverOptions, progress Progress) (Recovery, error) {
	var r Recovery
	if _, ok := target.Place.(store.Importer); !ok {
		return r, core.Fail(core.CodeUnsupported, tryRecover, "records cannot be imported into "+target.location(), "", nil)
	}
	found, unusable, err := source.find(ctx, target, progress)
	if err != nil {
		return r, err
	}
	r.Unusable = unusable
	compared, there, err := reconcile(ctx, found, target, progress)
	if err != nil {
		return r, err
	}
	r.Compared = compared
	native, err := target.native(ctx, there)
	if err != nil {
		return r, err
	}
	lost := lostOf(compared)
	if err := source.fill(ctx, found, lost, progress); err != nil {
		return r, err
	}
	items, handed, err := target.missing(ctx, found, lost, native, progress)
	if err != nil {
		return r, err
	}
	progress.say(0, 0, "asking %s", target.location())
	if r.Transfer, err = target.arrivals(ctx, source.Name, items, listed(there)); err != nil {
		return r, err
	}
	strangers := r.tick(o.All)
	r.Fit()
	r.warn(strangers, handed)
	projects := core.FieldSet{}
	for i := range there {
		projects[string(there[i].ProjectID)] = true
	}
	if why := target.Narrowed(projects); why != "" && len(r.Items) > 0 {
		r.Warnings = append(r.Warnings, why+"; what another project has counts as lost here")
	}
	return r, nil
}

// listed are backups by their ids.
func listed(backups []core.Backup) map[core.BackupID]*core.Backup {
	out := make(map[core.BackupID]*core.Backup, len(backups))
	for i := range backups {
		out[backups[i].ID] = &backups[i]
	}
	return out
}

// lostOf are those that the target has not, or not whole.
func lostOf(compared []core.Reconciled) map[core.BackupID]*core.Reconciled {
	lost := map[core.BackupID]*core.Reconciled{}
	for i := range compared {
		c := &compared[i]
		if c.Standing == core.OnlySource || c.Standing == core.InBoth && c.Target.Status != core.StatusAvailable {
			lost[c.ID] = c
		}
	}
	return lost
}

// missing makes arrivals of what was found and is lost, with what is to be thought
// of each. handed counts, by place, the records that the user brought from there and
// of which no capture says whose they are.
func (d Desk) missing(ctx context.Context, found []finding, lost map[core.BackupID]*core.Reconciled, native core.Native,
	progress Progress) (items []Arrival, handed map[string]int, err error) {
	handed = map[string]int{}
	for i := range found {
		f := &found[i]
		c := lost[f.row.ID]
		if c == nil {
			continue
		}
		progress.say(len(items), len(lost), "%s", core.Visible(f.row.Title()))
		it, capture, err := d.lost(ctx, f)
		if err != nil {
			return nil, nil, err
		}
		it.Backup.Layout = f.row.Layout
		it.Stranger, it.Lacks = native.Stranger(&it.Backup, capture), native.Lacks(&it.Backup, capture)
		if it.Stranger == "" && capture == nil {
			if f.other != "" && f.handed {
				handed[f.other]++
			} else {
				it.Stranger = f.doubt(native)
			}
		}
		if caution := f.row.Layout.Advice(); caution != "" {
			it.Lacks = append(it.Lacks, caution)
		}
		if p := c.Problem(); p != "" {
			it.Lacks = append(it.Lacks, p+": it cannot be restored without")
		}
		items = append(items, it)
	}
	return items, handed, nil
}

// doubt says why a backup that has no capture may be another cloud's; "" if nothing
// speaks for that.
func (f *finding) doubt(native core.Native) string {
	own, known := native.Own[f.row.ID]
	switch {
	case f.other != "":
		return "its record was archived from " + core.Visible(f.other) + ", and no capture says that it is of this cloud"
	case known && !own:
		return "it had been imported here, and no capture says whose it is"
	}
	return ""
}

// tick chooses the strangers, or does not, and returns how many there are.
func (r *Recovery) tick(all bool) (strangers int) {
	for i := range r.Items {
		if r.Items[i].Stranger != "" {
			strangers++
			r.Items[i].Ticked = all
		}
	}
	return strangers
}

func (r *Recovery) warn(strangers int, handed map[string]int) {
	if strangers > 0 {
		r.Warnings = append(r.Warnings,
			fmt.Sprintf("%s to be another cloud's: deleting an imported copy here deletes that cloud's files", seem(strangers)))
	}
	for _, other := range slices.Sorted(maps.Keys(handed)) {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s of %s: no capture says whose the files are: if that cloud lives and shares "+
			"the repository, deleting an imported copy here deletes its files",
			core.Count(handed[other], "record"), core.Visible(other)))
	}
}

func seem(n int) string {
	if n == 1 {
		return "1 backup seems"
	}
	return fmt.Sprintf("%d backups seem", n)
}

// lost makes an arrival of what was found: the archive's record before one that was
// rebuilt.
func (d Desk) lost(ctx context.Context, f *finding) (it Arrival, capture *core.Capture, err error) {
	it = Arrival{Backup: f.row, Origin: f.origin, Rebuilt: f.rebuilt, Marks: f.marks}
	if f.capture != nil {
		capture, err = f.capture(ctx)
		if err != nil && ctx.Err() != nil {
			return it, nil, err
		} // else it goes without
		if it.Captured = capture != nil; it.Captured {
			it.capture = f.capture // and is read again then, for there may be very many
		}
	}
	if f.from != nil {
		it.brings(core.FoundRecord(f.from.Record)) // as it was found
		it.Found.Line, it.Found.Notes = f.from.Line, f.from.Notes
		return it, capture, nil
	}
	if f.rebuilt && d.keeps("") == nil {
		kept, err := d.Archive.Records(ctx, "", f.row.ID)
		if err != nil {
			return it, capture, err
		}
		var best *archive.KeptRecord
		for i := range kept {
			if best == nil || better(kept[i], *best, d.location()) {
				best = &kept[i]
			}
		}
		if best != nil {
			if kept := core.FoundRecord(best.Record); kept.OK() {
				it.brings(kept)
				it.Backup, it.Origin, it.Rebuilt, it.Marks = core.RecordBackup(kept.Decoded), keptIn(best), false, nil
				it.Conflicts = core.RecordsDiffer(&it.Backup, &f.row, f.marks)
				return it, capture, nil
			}
		}
	}
	record, err := f.record(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return it, capture, err
		}
		it.Found = core.Found{Err: err, Line: 1}
		return it, capture, nil
	}
	it.brings(core.FoundRecord(record))
	return it, capture, nil
}

// Recover brings back what is ticked in a plan and gives one result for each. The
// captures that were found go into the archive, where plans of restores find them.
func Recover(ctx context.Context, target Desk, r *Recovery, progress Progress) ([]core.ImportResult, error) {
	results, err := target.send(ctx, &r.Transfer, tryRecover, progress)
	arrived := map[core.BackupID]bool{}
	for _, x := range results {
		arrived[x.ID] = x.Err == nil
	}
	if target.keeps("") != nil {
		return results, err
	}
	ctx = context.WithoutCancel(ctx)
	for i := range r.Items {
		it := &r.Items[i]
		if it.capture == nil || !arrived[it.ID] {
			continue
		}
		c, cerr := it.capture(ctx)
		if cerr == nil && c != nil && c.Source.Kind == core.SourceRepository {
			k := core.KeptCapture{Place: target.location(), VolumeID: c.VolumeID, BackupID: it.ID, At: target.Now(), Capture: *c}
			_, cerr = target.Archive.KeepCapture(ctx, k)
		}
		if cerr != nil && err == nil {
			err = cerr
		}
	}
	return results, err
}
