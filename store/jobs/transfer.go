package jobs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"hearth/core"
	"hearth/store"
)

// ArrivalState says what would become of a backup that is to be brought somewhere.
type ArrivalState string

const (
	ArrivalGoes    ArrivalState = "goes"       // it is sent
	ArrivalUnder   ArrivalState = "on its way" // it was sent, and is followed
	ArrivalThere   ArrivalState = "there"      // it is there, and is left as it is
	ArrivalRefused ArrivalState = "refused"    // it is not sent; the findings say why
)

// Arrival is a backup that is to be brought into a place by its record.
type Arrival struct {
	core.Check             // its record, without its fields, and what the place makes of it; see Whole
	Backup     core.Backup // as its record tells of it
	State      ArrivalState
	Status     string   // in the place now; "" if it is not there
	Differs    []string // it is there: where its row is not what the record says
	Ticked     bool     // it is among those that are to go
	Problem    string   // why it is held back all the same: the quota, its parent; see Fit

	// Of a recovery: where the record comes from and what to think of it.
	Origin    string      // "the archive, cloud:lab", "rebuilt"
	Rebuilt   bool        // from a repository
	Conflicts []string    // what the repository says otherwise than the archive's record, which is taken
	Marks     []core.Mark // of one that was rebuilt: what is assumed or lost
	Captured  bool        // the capture that Cinder stored with it is known
	Stranger  string      // why it seems to be another cloud's; "": nothing speaks for that
	Lacks     []string    // what the place must have besides, for a restore

	facts   *core.ImportFacts                            // of the place, but for what is there
	again   bool                                         // its row is there, deleted, and is used again
	capture func(context.Context) (*core.Capture, error) // nil: none is known
}

// Transfer is a plan to bring backups into a place by their records.
type Transfer struct {
	From, To string
	Items    []Arrival // parents first
	Facts    core.ImportFacts
	Warnings []string

	// leaves says of backups whose turn has come why they are left alone; nil: none is.
	leaves func(context.Context, []core.BackupID) (map[core.BackupID]error, error)
}

// Transferred counts what a transfer comes to, of what is ticked.
type Transferred struct{ Goes, Under, There, Refused, Held, Unticked int }

// Count counts.
func (t *Transfer) Count() (n Transferred) {
	for i := range t.Items {
		it := &t.Items[i]
		switch {
		case it.State == ArrivalThere:
			n.There++
		case it.State == ArrivalRefused:
			n.Refused++
		case !it.Ticked:
			n.Unticked++
		case it.Problem != "":
			n.Held++
		case it.State == ArrivalUnder:
			n.Under++
		default:
			n.Goes++
		}
	}
	return n
}

// Fit works out what is held back of what is ticked: what the quota leaves no room
// for, and what stands on such. It must be called after ticks have changed.
func (t *Transfer) Fit() {
	left, limited := t.Facts.Quota.V, t.Facts.Quota.Set
	held, at := map[core.BackupID]string{}, map[core.BackupID]*Arrival{}
	for i := range t.Items {
		at[t.Items[i].ID] = &t.Items[i]
	}
	for i := range t.Items {
		it := &t.Items[i]
		it.Problem = ""
		if it.State != ArrivalGoes || !it.Ticked {
			continue
		}
		parent := at[it.Parent]
		switch {
		case held[it.Parent] != "":
			it.Problem = "its parent " + it.Parent.Short() + " is held back"
		case parent != nil && parent != it && !parent.Ticked && parent.State == ArrivalGoes:
			it.Problem = "its parent " + it.Parent.Short() + " is not chosen: restores of it would fail"
		case limited && left.Backups == 0:
			it.Problem = "the quota of backups is used up"
		case limited && left.GiB >= 0 && left.GiB < it.Size:
			it.Problem = fmt.Sprintf("it takes %d GiB, and the quota of backups leaves %d", it.Size, left.GiB)
		}
		if it.Problem != "" {
			held[it.ID] = it.Problem
			continue
		}
		if limited && left.Backups > 0 {
			left.Backups--
		}
		if limited && left.GiB >= 0 {
			left.GiB -= it.Size
		}
	}
}

// askAtOnce is how many parts the ids of more than askMost backups are asked for in, side
// by side.
const (
	askAtOnce = 4
	askMost   = 20
)

// importFacts asks for what a preflight must know. What the place lists is there,
// and not asked for.
func (d Desk) importFacts(ctx context.Context, arriving []core.BackupID, listed map[core.BackupID]*core.Backup) (core.ImportFacts, error) {
	im, ok := d.Place.(store.Importer)
	if !ok {
		return core.ImportFacts{}, core.Fail(core.CodeUnsupported, "import", "this kind of place cannot import records", "", nil)
	}
	known := map[core.BackupID]string{}
	var ids []core.BackupID
	for _, id := range arriving {
		if b := listed[id]; b != nil {
			known[id] = b.Status
		} else {
			ids = append(ids, id)
		}
	}
	parts := 1
	if len(ids) > askMost {
		parts = askAtOnce
	}
	all, errs := make([]core.ImportFacts, parts), make([]error, parts)
	var wg sync.WaitGroup
	for i := range parts {
		wg.Go(func() { all[i], errs[i] = im.ImportFacts(ctx, ids[len(ids)*i/parts:len(ids)*(i+1)/parts]) })
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return all[i], err
		}
		for id, status := range all[i].Existing {
			known[id] = status
		}
	}
	all[0].Existing = known
	return all[0], nil
}

// met says what to think of a backup that is there already; row is that of the
// place's list, nil if it does not list it.
func (d Desk) met(ctx context.Context, it *Arrival, row *core.Backup) error {
	switch {
	case it.Status == core.StatusCreating && d.Place.Info().Kind == core.PlaceCloud:
		it.State = ArrivalUnder
		return nil
	case it.Status == core.StatusCreating:
		it.State = ArrivalRefused
		it.Findings = append(it.Findings,
			core.Finding{Level: core.LevelRefuse, Text: "it is there already, and is creating: nobody here would end that"})
		return nil
	case it.Status == core.StatusDeleting || core.Failed(it.Status):
		it.State = ArrivalRefused
		it.Findings = append(it.Findings, core.Finding{Level: core.LevelRefuse, Text: "it is there already, and is " + it.Status +
			": what is left of it must go first, which deletes its files too if the service can reach them; or reset its state"})
		return nil
	}
	it.State = ArrivalThere
	if row != nil {
		b := *row
		if b.Unseen = (core.FieldSet{"metadata": b.Metadata == nil}); row.Unseen != nil {
			for name := range row.Unseen {
				b.Unseen[name] = true
			}
		}
		it.compare(&b)
		return nil
	}
	b, err := d.Place.Backup(ctx, it.ID)
	if core.CodeOf(err) == core.CodeNotFound { // in another project, or gone since
		return nil
	}
	if err == nil {
		it.compare(&b)
	}
	return err
}

// transferring is a transfer that goes on.
type transferring struct {
	d        Desk
	im       store.Importer
	a        *account
	step     map[core.BackupID]int // of the entry
	results  []core.ImportResult
	at       map[core.BackupID]int // of results
	failed   map[core.BackupID]bool
	ended    error // why no more is sent
	lost     int
	done     int
	progress Progress
	leaves   func(context.Context, []core.BackupID) (map[core.BackupID]error, error)
}

// send carries a transfer out and gives one result for each item that is ticked or
// there. What is accepted is followed until it is available or has failed, parents
// before what stands on them. It can be ended at any moment, also without being
// told, and begun anew with a new plan: what is there is never sent again.
func (d Desk) send(ctx context.Context, t *Transfer, what string, progress Progress) ([]core.ImportResult, error) {
	im, ok := d.Place.(store.Importer)
	if !ok {
		return nil, core.Fail(core.CodeUnsupported, what, "this kind of place cannot import records", "", nil)
	}
	if err := d.Allowed(core.OpImport); err != nil {
		return nil, err
	}
	s := transferring{d: d, im: im, step: map[core.BackupID]int{}, at: map[core.BackupID]int{}, failed: map[core.BackupID]bool{},
		progress: progress, leaves: t.leaves}
	going, e := s.sort(t, what)
	if len(going) == 0 {
		return s.results, transferErr(what, s.results)
	}
	if d.Place.Info().Kind != core.PlaceCloud {
		return d.sendWhole(ctx, &s, going, what)
	}
	if len(e.Backups) > 0 {
		e.Summary = what + " of " + core.Count(len(e.Backups), "backup") + " from " + t.From
		a, err := d.begin(ctx, e)
		if err != nil {
			return nil, err
		}
		defer a.leave(ctx)
		s.a = a
	}
	for _, wave := range waves(going) {
		s.wave(ctx, wave, len(going))
	}
	err := transferErr(what, s.results)
	if s.a != nil {
		err = s.a.endBy(ctx, err)
	}
	if cerr := ctx.Err(); cerr != nil {
		err = core.Fail(core.CodeCancelled, what, fmt.Sprintf("it was cancelled after %d of %s", s.done, core.Count(len(going), "backup")),
			"run it again: it goes on from there", cerr)
	}
	return s.results, err
}

// sort gives each item of the transfer that is ticked or there its result, and
// returns those that are to go, with the entry of those that have not been sent yet.
func (s *transferring) sort(t *Transfer, what string) (going []*Arrival, e core.Entry) {
	e = core.Entry{Kind: core.EntryImport}
	for i := range t.Items {
		it := &t.Items[i]
		r := core.ImportResult{ID: it.ID, Name: it.Name, Status: it.Status, Differs: it.Differs}
		switch {
		case it.State == ArrivalRefused && it.Ticked:
			r.Err = core.Fail(core.CodeRefused, what+" "+string(it.ID), it.Verdict(), "", nil)
		case it.State == ArrivalThere:
		case !it.Ticked:
			continue
		case it.Problem != "":
			r.Err = core.Fail(core.CodeRefused, what+" "+string(it.ID), it.Problem, "", nil)
		default:
			going = append(going, it)
			if it.State == ArrivalGoes {
				s.step[it.ID] = len(e.Backups)
				e.Backups = append(e.Backups, it.ID)
				e.Steps = append(e.Steps, core.EntryStep{What: "import " + string(it.ID)})
			}
		}
		s.at[it.ID] = len(s.results)
		s.results = append(s.results, r)
	}
	return going, e
}

// sendWhole imports where a place takes all in one transaction.
func (d Desk) sendWhole(ctx context.Context, s *transferring, going []*Arrival, what string) ([]core.ImportResult, error) {
	going, err := s.stay(ctx, going)
	if err != nil || len(going) == 0 {
		return s.results, cmp.Or(err, transferErr(what, s.results))
	}
	s.progress.say(0, len(going), "importing")
	err = d.importArrivals(ctx, going, func(r core.ImportResult) { s.results[s.at[r.ID]] = r })
	if err != nil {
		for _, it := range going {
			if r := &s.results[s.at[it.ID]]; r.Status == "" && r.Err == nil {
				r.Err = err
			}
		}
		return s.results, err
	}
	s.progress.say(len(going), len(going), "imported")
	return s.results, transferErr(what, s.results)
}

// stay takes out what is left alone now that its turn has come, and what would stand on
// such; each has its result.
func (s *transferring) stay(ctx context.Context, going []*Arrival) ([]*Arrival, error) {
	if s.leaves == nil {
		return going, nil
	}
	var out []*Arrival
	for some := range slices.Chunk(going, batchRows) {
		var ids []core.BackupID
		for _, it := range some {
			if it.State == ArrivalGoes {
				ids = append(ids, it.ID)
			}
		}
		why, err := s.leaves(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, it := range some {
			r := &s.results[s.at[it.ID]]
			if r.Err = why[it.ID]; r.Err == nil && s.failed[it.Parent] {
				r.Err = core.Fail(core.CodeRefused, "import backup "+string(it.ID), "its parent "+it.Parent.Short()+" did not arrive",
					"run it again when that is mended", nil)
			}
			if r.Err != nil {
				s.failed[it.ID] = true
				continue
			}
			out = append(out, it)
		}
	}
	return out, nil
}

// waves groups what goes by how many of it stand on each other: a wave is sent when
// the one before it has arrived.
func waves(going []*Arrival) (out [][]*Arrival) {
	depth := map[core.BackupID]int{}
	for _, it := range going { // parents first
		n := 0
		if d, ok := depth[it.Parent]; ok && it.Parent != it.ID {
			n = d + 1
		}
		depth[it.ID] = n
		for len(out) <= n {
			out = append(out, nil)
		}
		out[n] = append(out[n], it)
	}
	return out
}

// wave sends some records and follows them.
func (s *transferring) wave(ctx context.Context, wave []*Arrival, total int) {
	for _, it := range wave {
		r := &s.results[s.at[it.ID]]
		switch {
		case ctx.Err() != nil:
			r.Err = core.Fail(core.CodeCancelled, "import backup "+string(it.ID), "it was cancelled", "run it again", ctx.Err())
		case s.ended != nil:
			r.Err = s.ended
		case s.failed[it.Parent]:
			r.Err = core.Fail(core.CodeRefused, "import backup "+string(it.ID), "its parent "+it.Parent.Short()+" did not arrive",
				"run it again when that is mended", nil)
		case it.State == ArrivalGoes && s.left(ctx, it, r):
		case it.State == ArrivalGoes:
			s.progress.of(s.done, total, it.ID, it.Name, "sending")
			s.one(ctx, it, r)
		}
		if r.Err != nil {
			s.failed[it.ID] = true
		}
	}
	for _, it := range wave {
		r := &s.results[s.at[it.ID]]
		if r.Err == nil {
			s.progress.of(s.done, total, it.ID, it.Name, core.StatusCreating)
			item, _ := it.item()
			s.d.followImport(ctx, &item, r)
			if r.Err == nil {
				r.Err = s.d.keepRecord(context.WithoutCancel(ctx), it.ID, it.Found.Record, "import")
			} else {
				s.failed[it.ID] = true
			}
		}
		s.done++
		status := r.Status
		if r.Err != nil {
			status = "failed"
		}
		s.progress.of(s.done, total, it.ID, it.Name, status)
	}
}

// left reports whether a backup is left alone now that its turn has come.
func (s *transferring) left(ctx context.Context, it *Arrival, r *core.ImportResult) bool {
	if s.leaves == nil {
		return false
	}
	why, err := s.leaves(ctx, []core.BackupID{it.ID})
	r.Err = cmp.Or(err, why[it.ID])
	return r.Err != nil
}

// one sends a record. After any refusal it is looked for: another run, or a request
// that was taken for lost, may have brought it meanwhile.
func (s *transferring) one(ctx context.Context, it *Arrival, r *core.ImportResult) {
	item, _ := it.item()
	results, err := s.im.Import(ctx, []core.ImportItem{item}, s.a.e)
	switch {
	case len(results) == 1:
		*r = results[0]
	case err == nil:
		err = core.Fail(core.CodeUnavailable, "import backup "+string(it.ID), "the place said nothing of it", "look whether it is there", nil)
		fallthrough
	default:
		r.Err = err
	}
	if r.Err != nil {
		if b, err := s.d.Place.Backup(context.WithoutCancel(ctx), it.ID); err == nil && b.Status != core.StatusDeleted {
			r.Status, r.Err = b.Status, nil
		}
	}
	switch code := core.CodeOf(r.Err); {
	case r.Err == nil:
		s.lost = 0
		s.did(ctx, s.step[it.ID])
	case code == core.CodeDenied || code == core.CodeReadOnly:
		s.ended = r.Err
	case code == core.CodeUnavailable:
		if s.lost++; s.lost >= lostMost {
			s.ended = r.Err
		}
	case overQuota(r.Err):
		s.ended = r.Err
	}
}

// overQuota reports whether Cinder refused for want of quota, which it will do to
// the next as well: "Maximum number of backups allowed (10) exceeded", "Requested
// backup exceeds allowed Backup gigabytes quota." (cinder/exception.py).
func overQuota(err error) bool {
	text := strings.ToLower(err.Error())
	return core.CodeOf(err) == core.CodeRefused && (strings.Contains(text, "quota") || strings.Contains(text, "backups allowed"))
}

// did says that a step of the entry worked. An entry of very many is not written
// anew for each: what a crash loses of it is read back.
func (s *transferring) did(ctx context.Context, step int) {
	s.a.e.Steps[step].Done = true
	if n := s.a.done(); len(s.a.e.Steps) <= 200 || n%50 == 0 {
		s.a.note(ctx)
	}
}

// transferErr is the error of a transfer of which some failed; nil if none did.
func transferErr(what string, results []core.ImportResult) error {
	e := ending{what, what + " all", "arrived", "did not arrive", "see what is said of each; a new run goes on with those"}
	return e.of(len(results), func(i int) error { return results[i].Err })
}
