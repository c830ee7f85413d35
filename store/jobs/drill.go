package jobs

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"time"

	"hearth/core"
)

// DrillRule says which backups a drill takes.
type DrillRule string

const (
	DrillNewest DrillRule = "newest" // the newest of each volume; the volumes that waited longest for a drill first
	DrillRandom DrillRule = "random" // some at random
	DrillNever  DrillRule = "never"  // those that no drill ever took, newest first
)

// DrillRequest says what a drill is to try.
type DrillRequest struct {
	Backups []core.BackupID // these; none: those of the rule
	Rule    DrillRule
	Filter  core.Filter // of backups; only available ones are taken
	Most    int         // at most so many; 0: all
	Seed    uint64      // of DrillRandom
	Type    string      // of the volumes that are made; "": the default one, or that of an encrypted backup
	Deep    bool        // compare the bytes, where that can be
	// Devices are where this machine may find a volume: paths, or images in Ceph
	// (rbd:POOL/IMAGE), with {id} for the volume's id. What LVM makes is looked for besides.
	Devices []string
}

// DrillPlan is a drill, looked at beforehand.
type DrillPlan struct {
	Request DrillRequest
	Items   []DrillItem // in the order in which they are tried, one after the other
	Of      int         // backups that the rule could have taken
	// Left are drills of before whose volumes may still be there: they are deleted first.
	Left    []core.Drill
	NotDeep string // why no bytes can be compared, whichever backup; "": they may be
}

// DrillItem is one backup of a drill.
type DrillItem struct {
	Backup  core.Backup
	Restore core.RestoreRequest
	Type    string // of the volume that is made, by its name where the place tells it; "": the default one
	Plan    *core.Plan
	Problem error    // why it is not tried; nil: it is
	Unsure  []string // what stands against it perhaps
}

// Todo counts what is tried, and the GiB that the largest takes: they are there one at a
// time.
func (p *DrillPlan) Todo() (n int, gib int64) {
	for i := range p.Items {
		if it := &p.Items[i]; it.Problem == nil {
			n++
			gib = max(gib, it.Backup.Size)
		}
	}
	return n, gib
}

const tryDrill = "drill"

// drillWay is how a drill restores: onto a volume that hearth makes, which it has noted
// before anything is put on it.
var drillWay = core.Route{Way: core.WayHearth, Why: "a drill notes its volume before anything is put on it"}

// PlanDrill chooses the backups, and says of each what its restore would come to and what
// stands against it. It changes nothing. CodeUnsupported where nothing could be noted.
func (d Desk) PlanDrill(ctx context.Context, q DrillRequest, progress Progress) (DrillPlan, error) {
	p := DrillPlan{Request: q}
	if _, err := d.operator(core.OpRestore); err != nil {
		return p, err
	}
	if err := d.writes(tryDrill); err != nil {
		return p, err
	}
	var err error
	if p.Left, err = d.leftDrills(ctx); err != nil {
		return p, err
	}
	progress.say(0, 1, "choosing backups")
	chosen, err := d.chooseDrill(ctx, &p)
	if err != nil {
		return p, err
	}
	if _, err := d.imager(tryDrill); q.Deep && err != nil {
		p.NotDeep = because(err)
	}
	for i := range chosen {
		progress.of(i, len(chosen), chosen[i].ID, chosen[i].Title(), "planning")
		it, err := d.planDrill(ctx, q, chosen[i])
		if err != nil {
			return p, err
		}
		p.Items = append(p.Items, it)
	}
	return p, nil
}

func (d Desk) planDrill(ctx context.Context, q DrillRequest, b core.Backup) (DrillItem, error) {
	it := DrillItem{Backup: b}
	r := core.RestoreRequest{Backup: b.ID, Name: core.DrillPrefix + core.Short(b.ID) + "-" + token(), Type: q.Type, Route: drillWay}
	f, err := d.restoreFacts(ctx, CanRequest{Restore: r})
	if err != nil {
		return it, err
	}
	it.Restore, it.Type = f.Request, f.TypeName(f.Request.Type)
	it.Plan, err = d.Plan(ctx, PlanRequest{Backup: b.ID, Name: r.Name, Type: f.Request.Type, Route: f.Request.Route, Via: core.ViaDatabase,
		Bare: q.Type != ""})
	if err != nil {
		if ctx.Err() != nil || core.CodeOf(err) == core.CodeUnavailable {
			return it, err
		}
		it.Problem = err
		return it, nil
	}
	f.Plan = it.Plan
	can := f.Can()
	if it.Problem = Blocked(can); it.Problem != nil {
		return it, nil
	}
	for _, reason := range can.Reasons {
		it.Unsure = append(it.Unsure, reason.Text)
	}
	return it, nil
}

// token is what nothing else is called.
func token() string {
	var b [8]byte
	rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// chooseDrill reads the list once, and keeps what the rule takes.
func (d Desk) chooseDrill(ctx context.Context, p *DrillPlan) ([]core.Backup, error) {
	q := &p.Request
	if len(q.Backups) > 0 {
		p.Of = len(q.Backups)
		return d.allOf(ctx, q.Backups)
	}
	before, err := d.Archive.Drills(ctx, d.location(), time.Time{})
	if err != nil {
		return nil, err
	}
	last := map[core.VolumeID]time.Time{} // of a volume's drills, the newest
	tried := map[core.BackupID]bool{}
	for i := range before {
		b := &before[i]
		if b.Verdict == "" || b.Verdict == core.DrillRefused || b.Verdict == core.DrillUnknown {
			continue // nothing came of it
		}
		tried[b.Backup] = true
		if b.At.After(last[b.Source]) {
			last[b.Source] = b.At
		}
	}
	newest := map[core.VolumeID]core.Backup{}
	var some []core.Backup
	random := mathrand.New(mathrand.NewPCG(q.Seed, 0))
	query := core.Query{Filter: q.Filter, Now: d.Now(), Anew: true}
	for b, err := range d.eachBackup(ctx, query) {
		if err != nil {
			return nil, err // of a list that ended early, too: the newest may be missing
		}
		if b.Status != core.StatusAvailable || q.Rule == DrillNever && tried[b.ID] {
			continue
		}
		p.Of++
		switch q.Rule {
		case DrillRandom:
			if len(some) < q.Most {
				some = append(some, b)
			} else if i := random.IntN(p.Of); i < q.Most {
				some[i] = b
			}
		case DrillNever:
			some = append(some, b)
			if len(some) >= 2*q.Most && q.Most > 0 { // a million are not kept for the sake of ten
				some = newestOf(some, q.Most)
			}
		default:
			if was, has := newest[b.VolumeID]; !has || dataOf(&b).After(dataOf(&was)) {
				newest[b.VolumeID] = b
			}
		}
	}
	switch q.Rule {
	case DrillRandom:
		slices.SortFunc(some, func(a, b core.Backup) int { return cmp.Compare(a.ID, b.ID) })
		return some, nil
	case DrillNever:
		return newestOf(some, cmp.Or(q.Most, len(some))), nil
	}
	p.Of = len(newest)
	for _, b := range newest {
		some = append(some, b)
	}
	slices.SortFunc(some, func(a, b core.Backup) int {
		return cmp.Or(last[a.VolumeID].Compare(last[b.VolumeID]), cmp.Compare(a.ID, b.ID))
	})
	return some[:min(len(some), cmp.Or(q.Most, len(some)))], nil
}

func newestOf(rows []core.Backup, most int) []core.Backup {
	slices.SortFunc(rows, func(a, b core.Backup) int { return cmp.Or(dataOf(&b).Compare(dataOf(&a)), cmp.Compare(a.ID, b.ID)) })
	return rows[:min(len(rows), most)]
}

// Drill tries what was planned, one backup after the other: it restores it into a volume of
// its own, says whether the plan came true, compares the bytes where that was asked for and
// can be, and deletes the volume. Each result is kept in the archive. What an earlier drill
// left is deleted first, as the plan says. CodePartial where a backup did not come back, or
// a volume is still there.
func (d Desk) Drill(ctx context.Context, p DrillPlan, progress Progress) (drills []core.Drill, err error) {
	if _, err := d.operator(core.OpRestore); err != nil {
		return nil, err
	}
	if err := d.writes(tryDrill); err != nil {
		return nil, err
	}
	if len(p.Left) > 0 {
		if _, err := d.TidyDrills(ctx, progress); err != nil && ctx.Err() != nil {
			return nil, err
		}
	}
	e := core.Entry{Kind: core.EntryDrill}
	var todo []core.Backup
	for i := range p.Items {
		if it := &p.Items[i]; it.Problem == nil {
			todo = append(todo, it.Backup)
			e.Backups = append(e.Backups, it.Backup.ID)
			e.Steps = append(e.Steps, core.EntryStep{What: "delete the volume " + it.Restore.Name + " again"})
		}
	}
	if len(p.Items) == 0 {
		return nil, refuse(tryDrill, "there is no backup to be tried", "name another rule or filter")
	}
	e.Summary = "drill of no backup"
	if len(todo) > 0 {
		e.Summary = "drill of " + named(todo)
	}
	a, err := d.begin(ctx, e)
	if err != nil {
		return nil, err
	}
	defer a.leave(ctx)
	step := 0
	for i := range p.Items {
		it := &p.Items[i]
		if ctx.Err() != nil {
			break
		}
		x, err := d.drillOne(ctx, a, &p, it, progress)
		if err != nil { // it could not be noted: nothing more is begun
			return drills, a.endBy(ctx, err)
		}
		if it.Problem == nil {
			if x.Gone {
				a.did(ctx, step)
			}
			step++
		}
		drills = append(drills, x)
	}
	return drills, a.endBy(ctx, d.drilled(ctx, drills, len(p.Items)))
}

// drilled is the error of a drill, nil where all came back and nothing is left.
func (d Desk) drilled(ctx context.Context, drills []core.Drill, of int) error {
	good, left := 0, 0
	for i := range drills {
		if drills[i].Verdict.Good() {
			good++
		}
		if !drills[i].Gone {
			left++
		}
	}
	switch {
	case ctx.Err() != nil:
		return core.Fail(core.CodeCancelled, tryDrill, "it was cancelled: "+drillLeft(left),
			core.DoTidyDrills, ctx.Err())
	case left > 0:
		return core.Fail(core.CodePartial, "drill and leave nothing behind", drillLeft(left), core.DoTidyDrills, nil)
	case good < of:
		return core.Fail(core.CodePartial, "bring all back", fmt.Sprintf("%d of %s came back", good, core.Count(of, "backup")),
			"see what is said of each", nil)
	}
	return nil
}

func drillLeft(n int) string {
	if n == 0 {
		return "nothing that it made is left"
	}
	if n == 1 {
		return "a volume that it made may still be there"
	}
	return fmt.Sprintf("%d volumes that it made may still be there", n)
}

// drillOne tries one backup. The error says that the archive did not take what is to be
// noted before anything is asked for.
func (d Desk) drillOne(ctx context.Context, a *account, p *DrillPlan, it *DrillItem, progress Progress) (core.Drill, error) {
	b := &it.Backup
	x := core.Drill{Entry: a.e.ID, Place: d.location(), Backup: b.ID, BackupName: b.Name.Or(""), Source: b.VolumeID,
		SourceName: b.VolumeName.Or(""), GiB: b.Size, Name: it.Restore.Name, At: d.Now()}
	if it.Problem != nil {
		x.Verdict, x.Why, x.Gone = core.DrillRefused, because(it.Problem), true
	}
	var err error
	if x.ID, err = d.Archive.BeginDrill(ctx, x); err != nil || it.Problem != nil {
		return x, err
	}
	report, err := d.restore(ctx, it.Restore, it.Plan, true, func(id core.VolumeID) error {
		x.Volume = id
		return d.Archive.KeepDrill(context.WithoutCancel(ctx), x)
	}, progress)
	d.judge(ctx, &x, report, err)
	if (x.Verdict == core.DrillRestored || x.Verdict == core.DrillDiffers) && x.Volume != "" {
		d.compareDrill(ctx, &x, p, progress)
	}
	x.Took = d.Now().Sub(x.At)
	progress.say(0, 1, "%s: %s", core.Visible(x.Title()), core.Visible(report.Verdict()+"; "+x.Says()))
	kept := d.Archive.KeepDrill(context.WithoutCancel(ctx), x) // that it is not stops no deletion
	d.dropDrill(ctx, &x, progress)
	if err := d.Archive.KeepDrill(context.WithoutCancel(ctx), x); kept == nil {
		kept = err
	}
	return x, kept
}

// judge makes a verdict of what became of the restore.
func (d Desk) judge(ctx context.Context, x *core.Drill, r *core.RestoreReport, err error) {
	x.Fields = r.Fields
	differ, assumed := r.Surely()
	switch {
	case r.Waited && len(differ) > 0:
		x.Verdict, x.Why = core.DrillDiffers, fmt.Sprintf("%d of %s differ from the plan, such as %s", len(differ),
			core.Count(len(r.Fields), "field"), differ[0].Name)
		return
	case r.Waited && assumed > 0:
		x.Verdict, x.Why = core.DrillRestored, core.Count(assumed, "field")+" came out otherwise than the plan assumed, for no capture is known"
		return
	}
	switch {
	case err == nil && r.Waited:
		x.Verdict = core.DrillRestored
	case err == nil:
		x.Verdict, x.Why = core.DrillUnknown, "it was not followed to its end"
	case ctx.Err() != nil:
		x.Verdict, x.Why = core.DrillUnknown, "it was cancelled"
	case r.Failed():
		x.Verdict, x.Why = core.DrillFailed, because(err)
	case r.Volume == "" && (untouched(err) || core.CodeOf(err) == core.CodeDenied):
		x.Verdict, x.Why = core.DrillRefused, because(err)
	default:
		x.Verdict, x.Why = core.DrillUnknown, because(err)
	}
}

// compareDrill compares every byte that the backup holds with those of the volume, where
// this machine can read both.
func (d Desk) compareDrill(ctx context.Context, x *core.Drill, p *DrillPlan, progress Progress) {
	switch {
	case !p.Request.Deep:
		x.NotDeep = "it was not asked for"
		return
	case p.NotDeep != "":
		x.NotDeep = p.NotDeep
		return
	}
	v, why := d.findVolume(ctx, p.Request.Devices, x.Volume, "read the volume "+x.Name)
	if v == nil {
		x.NotDeep = why
		return
	}
	c, err := d.compareWith(ctx, x.Backup, core.Range{}, v, func(at core.ImageProgress) {
		progress.say(0, 1, "comparing %s: %s of %s", core.Visible(x.Title()), core.Bytes(at.Done), core.Bytes(at.Of))
	})
	x.Compared = c.Blocks * CompareBlock
	if c.Part.Len() > 0 {
		x.Compared = min(x.Compared, c.Part.Len())
	}
	switch {
	case err != nil:
		x.Compared, x.NotDeep = 0, because(err)
	case c.Short > 0:
		x.Verdict, x.Why = core.DrillDiffers, fmt.Sprintf("%s is too short by %d bytes", core.Visible(v.where), c.Short)
	case c.Differ > 0:
		x.Verdict, x.Why = core.DrillDiffers, fmt.Sprintf("%d of %d blocks are not what the repository has, the first at byte %d",
			c.Differ, c.Blocks, c.Where[0].From)
	case len(c.Holes) > 0:
		x.NotDeep = "the repository itself has lost some of it: " + objectText(&c.Holes[0]) + c.Holes[0].Why
	case x.Verdict == core.DrillRestored:
		if x.Verdict = core.DrillProven; c.Size > c.Image.Size {
			more := core.Bytes(c.Size-c.Image.Size) + " of the volume lie behind all that the backup holds, and were compared with nothing"
			x.Why = strings.Trim(x.Why+"; "+more, "; ")
		}
	}
}

func objectText(h *core.Hole) string {
	if h.Object == "" {
		return ""
	}
	return h.Object + ": "
}

// DrillFields are how the fields of a drill came out, by the drill's number; none where no
// volume was read back.
func (d Desk) DrillFields(ctx context.Context, id int64) ([]core.FieldOutcome, error) {
	if err := d.keeps("look at the drills"); err != nil {
		return nil, err
	}
	return d.Archive.DrillFields(ctx, id)
}

// Drills are the drills of the place, newest first, without their fields.
func (d Desk) Drills(ctx context.Context) ([]core.Drill, error) {
	if err := d.keeps("look at the drills"); err != nil {
		return nil, err
	}
	return d.Archive.Drills(ctx, d.location(), time.Time{})
}

// DrillConfig is the part of the configuration that says where volumes are found, under
// [drill].
type DrillConfig struct {
	Devices []string `toml:"devices"` // such as "/srv/volumes/volume-{id}" or "rbd:volumes/volume-{id}"
}

// Check says what is wrong with the configuration: the key at fault and why.
func (c DrillConfig) Check() (key, what string) {
	for _, t := range c.Devices {
		if what := WrongTemplate(t); what != "" {
			return "devices", what
		}
	}
	return "", ""
}
