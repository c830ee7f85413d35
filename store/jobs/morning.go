package jobs

import (
	"context"
	"errors"
	"time"

	"hearth/core"
	"hearth/store"
)

// MorningRequest says what a look in the morning is to be of.
type MorningRequest struct {
	// Since is from when on failures are named; the zero time: since the place was last
	// looked at, and where it never was, of the last day.
	Since time.Time
	// Look: it counts as a look, from which the next one goes on.
	Look bool
	// Quick leaves out what takes long: coverage, and what is stored in the repository.
	Quick bool
}

// askedFailures is of how many failures, and of how many backups under way, the place is
// asked for more than its list has.
const askedFailures = 20

const tryMorning = "look at the place"

// Morning looks at a place in the morning: it reads its lists once, counts them, and adds
// what the cloud, the repository and the archive tell besides. What one of them cannot
// tell is not known, and no error. What the day came to is kept in the archive, of which
// the trends are made. With CodeIncomplete it is as far as lists that ended early tell.
func (d Desk) Morning(ctx context.Context, q MorningRequest, progress Progress) (*core.Morning, error) {
	m := &core.Morning{Place: d.location()}
	now := d.Now()
	books := d.Archive
	why := d.morningBooks()
	if why != "" {
		books = nil
	}
	if err := d.sinceOf(ctx, m, q, books != nil); err != nil {
		return m, err
	}
	from := m.Since
	if from.IsZero() {
		from = now.Add(-24 * time.Hour)
	}
	m.Tally = core.NewTally(from, now)
	r := &round{tally: m.Tally}
	c := d.covering()
	c.round = r
	if err := r.learn(ctx, d, m, books != nil, why); err != nil {
		return m, err
	}
	covers := d.keeps(tryMorning) == nil && !q.Quick
	if covers {
		progress.say(0, 1, "reading what is known of captures")
		if err := c.stock(ctx); err != nil && ctx.Err() != nil {
			return m, err
		} else if err != nil {
			m.Covered = core.NotKnown[core.Covered](because(err))
			covers = false
		}
	}
	progress.say(0, 1, "reading the backups")
	short, err := c.rows(ctx)
	if err != nil {
		return m, err
	}
	if err := d.morningVolumes(ctx, m, c, &short, progress); err != nil {
		return m, err
	}
	if err := d.morningCover(ctx, m, c, covers, q.Quick); err != nil {
		return m, err
	}
	if m.Damage.Known {
		m.Damage.V.Count, m.Damage.V.Damaged = r.damaged, r.damages
	}
	if err := d.morningAsks(ctx, m, progress); err != nil {
		return m, err
	}
	if short != nil {
		m.Short = because(short)
	}
	m.Narrowed = d.Narrowed(c.Projects())
	return m, errors.Join(d.keepMorning(ctx, m, q, books != nil, why), short)
}

// morningBooks says why nothing of a morning can be kept, or was; "": it can.
func (d Desk) morningBooks() string {
	switch {
	case d.Place.Info().Demo:
		return "nothing of a demo is kept"
	case d.Archive == nil:
		return d.noArchive()
	}
	return ""
}

// dayPlace is the name under which days are kept: the rows of one project and those of all
// are two histories.
func (d Desk) dayPlace() string {
	if d.AllProjects() {
		return d.location() + " · all projects"
	}
	return d.location()
}

// sinceOf finds out since when failures are named.
func (d Desk) sinceOf(ctx context.Context, m *core.Morning, q MorningRequest, books bool) (err error) {
	if m.Since, m.SinceWhy = q.Since, "as asked"; !q.Since.IsZero() {
		return nil
	}
	if books {
		if m.Since, err = d.Archive.LastLook(ctx, d.dayPlace()); err != nil {
			return err
		}
	}
	m.SinceWhy = "the last look"
	if m.Since.IsZero() {
		m.Since, m.SinceWhy = d.Now().Add(-24*time.Hour), "a day ago, since no earlier look is known"
	}
	return nil
}

// round counts rows, with what is known of them besides.
type round struct {
	tally   *core.Tally
	proofs  map[core.VolumeID]core.Proof // what drills say of volumes
	damage  map[core.BackupID]core.Verified
	damaged int
	damages []core.Verified // some of them
}

func (r *round) backup(b *core.Backup) {
	r.tally.Backup(b)
	if v, ok := r.damage[b.ID]; ok {
		if r.damaged++; len(r.damages) < askedFailures {
			r.damages = append(r.damages, v)
		}
	}
}

func (r *round) volume(v *core.Volume, newest core.Opt[time.Time]) {
	r.tally.Volume(v, newest, r.proofs[v.ID])
}

// mostDamaged is of how many damaged backups is known whether they are of a place.
const mostDamaged = 10_000

// learn reads what the archive knows, before the rows come.
func (r *round) learn(ctx context.Context, d Desk, m *core.Morning, books bool, why string) error {
	if !books {
		m.Damage, m.Drills = core.NotKnown[core.Damage](why), core.NotKnown[core.DrillSum](why)
		return nil
	}
	damaged, of, last, err := d.Archive.Damaged(ctx, mostDamaged)
	if err != nil {
		return err
	}
	r.damage = make(map[core.BackupID]core.Verified, len(damaged))
	for _, v := range damaged {
		r.damage[v.Backup] = v
	}
	m.Damage = core.Knows(core.Damage{Verified: of, Last: last})
	drills, err := d.Archive.Drills(ctx, d.location(), time.Time{})
	if err != nil {
		return err
	}
	m.Drills = core.Knows(core.SumDrills(drills))
	r.proofs = core.ProofsOf(drills).Volumes
	return nil
}

// because is an error as a clause.
func because(err error) string {
	var e *core.Error
	if errors.As(err, &e) {
		return e.What
	}
	return err.Error()
}

// morningVolumes reads the volumes, where the place has such.
func (d Desk) morningVolumes(ctx context.Context, m *core.Morning, c *covering, short *error, progress Progress) error {
	if d.Place.Info().Kind == core.PlaceRepository {
		m.NoVolumes = "a backup repository knows of no volumes but those that its backups are of"
		return nil
	}
	progress.say(0, 1, "reading the volumes")
	err := c.age(ctx, 0)
	cut, err := notWhole(err)
	switch {
	case err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		m.NoVolumes = "they could not be read: " + because(err)
	case cut != nil && *short == nil:
		*short = cut
	}
	return nil
}

// morningCover adds what could be told elsewhere of the backups, and what is stored.
func (d Desk) morningCover(ctx context.Context, m *core.Morning, c *covering, covers, quick bool) error {
	switch {
	case quick:
		m.Covered, m.Stored = core.NotKnown[core.Covered]("it was not asked for"), core.NotKnown[int64]("it was not asked for")
		return nil
	case covers:
		switch err := c.cover(ctx); {
		case err != nil && ctx.Err() != nil:
			return err
		case err != nil:
			m.Covered = core.NotKnown[core.Covered](because(err))
		default:
			n := &c.CoverCounts
			m.Covered = core.Knows(core.Covered{Backups: n.Backups, NoRecord: n.NoRecord, OldRecord: n.OldRecord, NoCapture: n.NoCapture,
				OnHoles: n.OnHoles})
		}
	case m.Covered.Why == "":
		m.Covered = core.NotKnown[core.Covered](because(d.keeps(tryMorning)))
	}
	if r, ok := d.Place.(store.Repository); ok {
		inv, err := r.Scan(ctx, nil)
		if err != nil && ctx.Err() != nil {
			return err
		}
		c.stored = core.Opt[int64]{V: inv.Bytes, Set: err == nil}
	}
	switch {
	case c.stored.Set:
		m.Stored = core.Knows(c.stored.V)
	case d.Source == nil:
		m.Stored = core.NotKnown[int64]("Cinder does not tell, and no repository is configured for the place")
	default:
		m.Stored = core.NotKnown[int64]("the repository that is configured could not be read as a whole")
	}
	return nil
}

// morningAsks asks the place what its lists do not tell.
func (d Desk) morningAsks(ctx context.Context, m *core.Morning, progress Progress) (err error) {
	m.Quota = core.NotKnown[map[string]core.Allowance]("only a cloud tells, and this is none")
	m.Services = core.NotKnown[[]core.BackupService]("only a cloud tells, and this is none")
	if s, ok := d.surveyor(); ok {
		progress.say(0, 1, "asking for the quota and the services")
		if m.Quota, err = told(s.Quota(ctx)); err != nil {
			return err
		}
		if m.Services, err = told(s.BackupServices(ctx)); err != nil {
			return err
		}
	}
	_, speaks := d.Place.(store.Messenger)
	for i := range m.FailedRows {
		f := core.Failure{Backup: m.FailedRows[i], Why: m.FailedRows[i].FailReason.Or("")}
		switch {
		case f.Why != "":
		case !speaks:
			f.Unasked = "the place keeps no messages"
		case i >= askedFailures:
			f.Unasked = "only the newest were asked after"
		default:
			said, err := d.MessagesOf(ctx, &f.Backup)
			if ctx.Err() != nil {
				return err
			}
			if len(said) > 0 {
				f.Why = said[0].Text
			} else if err != nil {
				f.Unasked = because(err)
			}
		}
		m.Failures = append(m.Failures, f)
	}
	for i := range m.RunningRows {
		r := core.Run{Backup: m.RunningRows[i]}
		if at := core.BegunAt(&r.Backup); at.Set {
			r.For = core.Knows(max(m.Now.Sub(at.V), 0))
		} else {
			r.For = core.NotKnown[time.Duration]("the row does not tell since when")
		}
		if r.Usual, err = d.usual(ctx, &r.Backup, i); err != nil {
			return err
		}
		r.Weigh()
		m.Runs = append(m.Runs, r)
	}
	return nil
}

// usual is how long what a backup is at takes usually.
func (d Desk) usual(ctx context.Context, b *core.Backup, i int) (core.Fact[time.Duration], error) {
	switch {
	case b.Status != core.StatusCreating:
		return core.NotKnown[time.Duration]("the list does not tell how long it took to be " + b.Status + " before"), nil
	case i >= askedFailures:
		return core.NotKnown[time.Duration]("only the oldest were looked at"), nil
	}
	all, err := d.backupsOf(ctx, b.VolumeID)
	if _, err = notWhole(err); err != nil {
		f, err := told(time.Duration(0), err)
		return f, err
	}
	return core.UsualTime(all, b.Incremental), nil
}

// keepMorning keeps what the day came to, and adds what earlier days tell.
func (d Desk) keepMorning(ctx context.Context, m *core.Morning, q MorningRequest, books bool, why string) error {
	m.NotKept = why
	if !books {
		m.Growth = core.NotKnown[core.Growth](why)
		return nil
	}
	days, err := d.Archive.Days(ctx, d.dayPlace(), core.DayOf(m.Now.AddDate(0, 0, -400)))
	if err != nil {
		return err
	}
	today := m.Tally.Day(m.NoVolumes == "")
	if m.Stored.Known {
		today.Stored = core.Some(m.Stored.V)
	}
	m.Growth = growth(days, &today, m.Since)
	if n := len(days); n > 0 && days[n-1].Day == today.Day {
		days = days[:n-1]
	}
	m.Days = append(days, today)
	switch {
	case m.Short != "" || d.Archive.ReadOnly != "":
		m.NotKept = d.Archive.ReadOnly
		if m.NotKept == "" {
			m.NotKept = "the list is not whole"
		}
		return nil
	}
	return d.Archive.KeepDay(ctx, d.dayPlace(), today, q.Look)
}

// growth is what came since the newest day that is kept from before a time, or else since
// the oldest.
func growth(days []core.Day, now *core.Day, since time.Time) core.Fact[core.Growth] {
	var from *core.Day
	for i := range days {
		if x := &days[i]; x.At.Before(now.At) && (from == nil || !x.At.After(since)) {
			from = x
		}
	}
	if from == nil {
		return core.NotKnown[core.Growth]("no earlier look is kept")
	}
	g := core.Growth{Since: from.At, Rows: now.Backups - from.Backups, GiB: now.GiB - from.GiB}
	if now.Stored.Set && from.Stored.Set {
		g.Stored = core.Some(now.Stored.V - from.Stored.V)
	}
	return core.Knows(g)
}
