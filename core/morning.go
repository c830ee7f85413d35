package core

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Morning is what a look at a place in the morning shows: whether everything is backed up,
// what went wrong since the last look, and whether it would come back. What the place
// cannot tell is a fact that is not known, and says why.
type Morning struct {
	Place    string
	Since    time.Time // zero: the place was never looked at
	SinceWhy string    // where Since comes from, a clause
	*Tally
	NoVolumes string    // why the volumes are not known; "": they are
	Failures  []Failure // of FailedRows
	Runs      []Run     // of RunningRows
	OlderThan time.Duration

	Growth   Fact[Growth]
	Stored   Fact[int64] // bytes in the backup repository
	Quota    Fact[map[string]Allowance]
	Services Fact[[]BackupService]
	Covered  Fact[Covered]
	Damage   Fact[Damage]
	Drills   Fact[DrillSum]
	Days     []Day  // that are kept, the one of this look too, oldest first
	Short    string // why the list may not be whole; "": it is
	Narrowed string // why it is one project, and not the whole place; "": it is the whole
	NotKept  string // why the day is not kept; "": it is
}

// Failure is a backup that failed, and what Cinder said of it.
type Failure struct {
	Backup  Backup
	Why     string // in Cinder's words; "" where it says nothing
	Unasked string // why nothing is known of it; "" where it was asked
}

// Run is a backup on its way to another status.
type Run struct {
	Backup Backup
	For    Fact[time.Duration]
	Usual  Fact[time.Duration] // what the volume's other backups of the kind took
	Stuck  Fact[bool]
}

// Growth is how much more the backups are than at an earlier look.
type Growth struct {
	Since  time.Time
	Rows   int64
	GiB    int64
	Stored Opt[int64] // bytes; null where one of both is not known
}

// Covered is how many of the available backups could be told elsewhere what they are.
type Covered struct {
	Backups, NoRecord, OldRecord, NoCapture, OnHoles int
}

// Damage is what verifications of repositories found of the backups that are there.
type Damage struct {
	Damaged  []Verified // of the backups of the place, some
	Count    int        // how many of them
	Verified int        // backups of which any verification tells, in whichever place
	Last     time.Time  // when the last one was
}

// How long a run may take before it is called stuck.
const (
	stuckTimes   = 4
	stuckAtLeast = time.Hour
	stuckBlind   = 24 * time.Hour // where it is not known how long it takes usually
)

// StuckRule says it in words.
const StuckRule = "stuck is what takes more than four times as long as usual, and an hour more; or more than a day, " +
	"where the usual time is not known"

// MayBeStuck reports whether the run goes on for so long that it is worth asking what is
// usual: nothing that is younger is stuck.
func (r *Run) MayBeStuck() bool { return r.For.Known && r.For.V > stuckAtLeast }

// Weigh says whether the run is stuck: see [StuckRule].
func (r *Run) Weigh() {
	switch {
	case !r.For.Known:
		r.Stuck = NotKnown[bool](r.For.Why)
	case r.Usual.Known:
		r.Stuck = Knows(r.For.V > max(stuckTimes*r.Usual.V, r.Usual.V+stuckAtLeast))
	case r.For.V > stuckBlind:
		r.Stuck = Knows(true)
	default:
		r.Stuck = NotKnown[bool](r.Usual.Why)
	}
}

// fewestTimes is of how many backups at least a usual time is made.
const fewestTimes = 2

// UsualTime is how long backups of a kind took, of those that a volume has: the lower
// quartile of the time from the beginning to the last change of the row. That is no less
// than it took, and more where the row was changed since, by an edit, an export or a
// restore: the least of them tell most.
func UsualTime(of []Backup, incremental bool) Fact[time.Duration] {
	var took []time.Duration
	for i := range of {
		b := &of[i]
		if b.Status == StatusAvailable && b.Incremental == incremental && b.CreatedAt.Set && b.UpdatedAt.Set &&
			b.UpdatedAt.V.After(b.CreatedAt.V) {
			took = append(took, b.UpdatedAt.V.Sub(b.CreatedAt.V))
		}
	}
	if len(took) < fewestTimes {
		kind := "full"
		if incremental {
			kind = "incremental"
		}
		return NotKnown[time.Duration]("the list has " + Count(len(took), kind+" backup") + " of the volume that ended")
	}
	slices.Sort(took)
	return Knows(took[(len(took)-1)/4])
}

// Lasting is a span of time for people: 40 s, 12 min, 13 h, 9 d.
func Lasting(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d d", d/(24*time.Hour))
}

// sizeText is an amount of GiB for people.
func sizeText(gib int64) string {
	if gib >= 10*1024 || gib <= -10*1024 {
		return fmt.Sprintf("%.1f TiB", float64(gib)/1024)
	}
	return fmt.Sprintf("%d GiB", gib)
}

func signed(text string, n int64) string {
	if n >= 0 {
		return "+" + text
	}
	return text
}

// MorningLevel is how a line of a morning wants to be read.
type MorningLevel string

const (
	MorningGood    MorningLevel = "good"
	MorningBad     MorningLevel = "bad"
	MorningPlain   MorningLevel = "plain" // a number, no judgement
	MorningUnknown MorningLevel = "unknown"
)

// MorningLine is a line of a morning: both faces and the reports show the same ones.
type MorningLine struct {
	Code   string // for programs
	Head   string // FAILED
	Count  string // 3; "" where the line is no number, "?" where it is not known
	Text   string // what there is to say; tenants' texts are in it as they are
	Level  MorningLevel
	List   string // what its number counts: backups, volumes, coverage, drills; "": no list
	Filter string // of that list
}

// Lines are the lines of the morning, what is wrong first.
func (m *Morning) Lines() (out []MorningLine) {
	out = append(out, m.failedLine(), m.stuckLine())
	out = append(out, m.protectionLines()...)
	out = append(out, m.provenLine(), m.damageLine(), m.coverageLine(), m.servicesLine(), m.sizeLine(), m.statusLine(), m.quotaLine())
	return out
}

func (m *Morning) failedLine() MorningLine {
	l := MorningLine{Code: "failed", Head: "FAILED", Count: fmt.Sprint(m.FailedSince), Level: MorningGood, List: "backups",
		Filter: "status~error"}
	if !m.Since.IsZero() {
		l.Filter += " updated>=" + m.Tally.Since.Format("2006-01-02T15:04:05")
	}
	var names []string
	for i := range m.Failures {
		f := &m.Failures[i]
		text := f.Backup.Title()
		switch {
		case f.Why != "":
			text += ": " + f.Why
		case f.Unasked != "":
			text += ": why is not known, " + f.Unasked
		default:
			text += ": Cinder does not say why"
		}
		names = append(names, text)
	}
	l.Text = m.some(names, m.FailedSince)
	if m.FailedSince > 0 || m.VolumesFailed > 0 {
		l.Level = MorningBad
	}
	if rest := m.Failed - m.FailedSince; rest > 0 {
		l.Text = beside(l.Text, fmt.Sprintf("%d before that", rest))
	}
	if m.VolumesFailed > 0 {
		l.Text = beside(l.Text, Count(m.VolumesFailed, "volume")+" left in an error by a backup or restore, such as "+m.FailedVolumes[0].Title())
	}
	return l
}

// some is the first texts of a number of things.
func (m *Morning) some(texts []string, of int) string {
	const shown = 3
	n := min(len(texts), shown)
	text := strings.Join(texts[:n], "; ")
	if of > n && n > 0 {
		text += fmt.Sprintf("; and %d more", of-n)
	}
	return text
}

func beside(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// StuckRuns are the runs that are stuck, and how many may be.
func (m *Morning) StuckRuns() (stuck []Run, maybe int) {
	for _, r := range m.Runs {
		switch {
		case r.Stuck.Known && r.Stuck.V:
			stuck = append(stuck, r)
		case !r.Stuck.Known:
			maybe++
		}
	}
	return stuck, maybe
}

// Says tells how long a run goes on, beside what is usual.
func (r *Run) Says() string {
	text := r.Backup.Status
	if r.For.Known {
		text += " for " + Lasting(r.For.V)
	} else {
		text += " for a time that is not known"
	}
	if r.Usual.Known {
		return text + " (usually " + Lasting(r.Usual.V) + ")"
	}
	return text + " (the usual time is not known)"
}

func (m *Morning) stuckLine() MorningLine {
	stuck, _ := m.StuckRuns()
	l := MorningLine{Code: "stuck", Head: "STUCK", Count: fmt.Sprint(len(stuck)), Level: MorningGood, List: "backups",
		Filter: "status:creating,restoring,deleting"}
	rows := stuck
	if len(stuck) > 0 {
		l.Level = MorningBad
		l.Filter = idFilter(stuck, l.Filter)
	} else {
		rows = m.Runs
	}
	var names []string
	for i := range rows {
		names = append(names, rows[i].Backup.Title()+" "+rows[i].Says())
	}
	l.Text = m.some(names, len(rows))
	if len(stuck) == 0 && m.Running > 0 {
		l.Text = Count(m.Running, "backup") + " on the way: " + l.Text
	}
	if m.Running > len(m.Runs) {
		l.Text = beside(l.Text, fmt.Sprintf("of %d on the way only the %d oldest were weighed", m.Running, len(m.Runs)))
	}
	return l
}

// mostByID is how many rows a filter names by their ids.
const mostByID = 20

// plainID is what an id may be to stand in a filter as it is.
var plainID = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

// idFilter is a filter for the backups of some runs; where they are too many, or an id is no
// word of a filter, the other one.
func idFilter(runs []Run, other string) string {
	var ids []string
	for i := range runs {
		if id := string(runs[i].Backup.ID); plainID.MatchString(id) {
			ids = append(ids, id)
		}
	}
	if len(ids) < len(runs) || len(ids) > mostByID {
		return other
	}
	return "id:" + strings.Join(ids, ",")
}

// unknownLine is a line of which nothing is known.
func unknownLine(code, head, why string) MorningLine {
	return MorningLine{Code: code, Head: head, Count: "?", Text: "unknown, because " + why, Level: MorningUnknown}
}

func (m *Morning) protectionLines() []MorningLine {
	if m.NoVolumes != "" {
		return []MorningLine{unknownLine("unprotected", "UNPROTECTED", m.NoVolumes)}
	}
	l := MorningLine{Code: "unprotected", Head: "UNPROTECTED", Count: fmt.Sprint(m.Unprotected), Level: MorningGood, List: "volumes",
		Filter: "-last-backup>=0s", Text: "of " + Count(m.Volumes.Rows, "volume")}
	if m.Unprotected > 0 {
		l.Level = MorningBad
		var names []string
		for i := range m.UnprotectedOf {
			names = append(names, m.UnprotectedOf[i].Title())
		}
		l.Text += " without an available backup: " + m.some(names, m.Unprotected)
	}
	lines := []MorningLine{l}
	if m.Oldest.ID != "" {
		age := m.Now.Sub(m.Oldest.Newest.V)
		lines = append(lines, MorningLine{Code: "oldest", Head: "OLDEST", Level: MorningPlain, List: "volumes",
			Filter: "id:" + string(m.Oldest.ID),
			Count:  Lasting(age), Text: "since the newest backup of " + m.Oldest.Title() + ": no volume with backups has waited longer"})
	}
	return lines
}

func (m *Morning) provenLine() MorningLine {
	switch {
	case !m.Drills.Known:
		return unknownLine("not_proven", "NOT PROVEN", m.Drills.Why)
	case m.NoVolumes != "":
		return unknownLine("not_proven", "NOT PROVEN", m.NoVolumes)
	}
	d := &m.Drills.V
	l := MorningLine{Code: "not_proven", Head: "NOT PROVEN", Count: fmt.Sprint(m.NotProven), Level: MorningPlain, List: "drills",
		Text: "no backup was ever restored in a drill"}
	if !d.Last.IsZero() {
		l.Text = fmt.Sprintf("last drill %s ago: %d of %d came back", Lasting(m.Now.Sub(d.Last)), d.LastGood, d.LastOf)
		l.Text += fmt.Sprintf("; %d proven byte for byte, %d restored and not compared", d.Proven, d.Restored)
		if d.LastGood < d.LastOf {
			l.Level = MorningBad
		}
	}
	if d.Bad > 0 {
		l.Level, l.Text = MorningBad, beside(l.Text, fmt.Sprintf("%d did not come back", d.Bad))
	}
	if !d.Last.IsZero() {
		l.Text += "; " + m.provenText()
	}
	if d.Left > 0 {
		l.Level, l.Text = MorningBad, beside(l.Text, Count(d.Left, "volume")+" of drills may still be there")
	}
	return l
}

func (m *Morning) damageLine() MorningLine {
	if !m.Damage.Known {
		return unknownLine("damaged", "DAMAGED", m.Damage.Why)
	}
	d := &m.Damage.V
	l := MorningLine{Code: "damaged", Head: "DAMAGED", Count: fmt.Sprint(d.Count), Level: MorningGood}
	if d.Verified == 0 {
		l.Level, l.Text = MorningUnknown, "none is known, and nothing was ever verified: hearth verify"
		return l
	}
	l.Text = fmt.Sprintf("of what was verified, last %s ago", Lasting(m.Now.Sub(d.Last)))
	if d.Count > 0 {
		l.Level = MorningBad
		l.Text += ": " + string(d.Damaged[0].Backup) + ": " + d.Damaged[0].Flaw
		if d.Count > 1 {
			l.Text += fmt.Sprintf("; and %d more", d.Count-1)
		}
		if d.Count == 1 {
			l.List, l.Filter = "backups", "id:"+string(d.Damaged[0].Backup)
		}
	}
	return l
}

func (m *Morning) coverageLine() MorningLine {
	if !m.Covered.Known {
		return unknownLine("uncovered", "NO RECORD", m.Covered.Why)
	}
	c := &m.Covered.V
	l := MorningLine{Code: "uncovered", Head: "NO RECORD", Count: fmt.Sprint(c.NoRecord), Level: MorningPlain, List: "coverage",
		Text: fmt.Sprintf("of %s; %d with an old record, %d without a capture that hearth knows of", Count(c.Backups, "available backup"),
			c.OldRecord, c.NoCapture)}
	if c.NoRecord+c.OldRecord+c.NoCapture+c.OnHoles == 0 {
		l.Level = MorningGood
	}
	return l
}

func (m *Morning) servicesLine() MorningLine {
	if !m.Services.Known {
		return unknownLine("services", "SERVICES", m.Services.Why)
	}
	up, off := 0, []string(nil)
	for _, s := range m.Services.V {
		switch {
		case s.Up && s.Enabled:
			up++
		case s.Up:
			off = append(off, s.Host+" is disabled")
		default:
			off = append(off, s.Host+" is down")
		}
	}
	l := MorningLine{Code: "services", Head: "SERVICES", Count: fmt.Sprintf("%d/%d", up, len(m.Services.V)), Level: MorningGood,
		Text: "backup services up" + map[bool]string{true: ": ", false: ""}[len(off) > 0] + m.some(off, len(off))}
	if up < len(m.Services.V) || up == 0 {
		l.Level = MorningBad
	}
	return l
}

func (m *Morning) sizeLine() MorningLine {
	l := MorningLine{Code: "size", Head: "SIZE", Count: sizeText(m.Backups.GiB), Level: MorningPlain,
		Text: "as Cinder counts it, in " + Count(m.Backups.Rows, "backup")}
	if m.Growth.Known {
		g := &m.Growth.V
		l.Text += fmt.Sprintf("; %s and %s since %s ago", signed(sizeText(g.GiB), g.GiB), signed(fmt.Sprint(g.Rows), g.Rows)+" rows",
			Lasting(m.Now.Sub(g.Since)))
	} else {
		l.Text += "; how it grew is unknown, because " + m.Growth.Why
	}
	if m.Stored.Known {
		l.Text += "; " + Bytes(m.Stored.V) + " stored"
		if g := m.Growth.V.Stored; g.Set && g.V >= 0 {
			l.Text += ", " + Bytes(g.V) + " more"
		} else if g.Set {
			l.Text += ", " + Bytes(-g.V) + " less"
		}
	} else {
		l.Text += "; what is stored is unknown, because " + m.Stored.Why
	}
	return l
}

func (m *Morning) statusLine() MorningLine {
	l := MorningLine{Code: "statuses", Head: "BACKUPS", Count: fmt.Sprint(m.Backups.Rows), Level: MorningPlain, List: "backups"}
	var parts []string
	for _, s := range Ranked(m.Statuses) {
		parts = append(parts, fmt.Sprintf("%s %d", s, m.Statuses[s].Rows))
	}
	const shown = 6
	l.Text = strings.Join(parts[:min(len(parts), shown)], "   ")
	if len(parts) > shown {
		l.Text += fmt.Sprintf("   and %d more", len(parts)-shown)
	}
	if p := m.Projects(); len(p) > 1 {
		n := len(p)
		if o := p[n-1].Others; o > 0 {
			n += o - 1
		}
		l.Text += "   in " + Count(n, "project")
	}
	return l
}

// QuotaLines are the lines of a quota that have to do with backups, by Cinder's names.
var QuotaLines = []string{"backups", "backup_gigabytes", "volumes", "gigabytes"}

func (m *Morning) quotaLine() MorningLine {
	if !m.Quota.Known {
		return unknownLine("quota", "QUOTA", m.Quota.Why)
	}
	l := MorningLine{Code: "quota", Head: "QUOTA", Level: MorningGood}
	var parts []string
	most, none := int64(-1), true
	for _, name := range QuotaLines {
		a, told := m.Quota.V[name]
		none = none && !told
		switch {
		case !told:
			parts = append(parts, name+": not told")
		case a.Limit < 0:
			parts = append(parts, fmt.Sprintf("%s %d, no limit", name, a.Used))
		case a.Limit == 0:
			parts = append(parts, name+": none allowed")
		default:
			percent := a.Used * 100 / a.Limit
			most = max(most, percent)
			parts = append(parts, fmt.Sprintf("%s %d %% (%d of %d)", name, percent, a.Used, a.Limit))
		}
	}
	if most >= 0 {
		l.Count = fmt.Sprintf("%d %%", most)
	}
	if most >= 90 {
		l.Level = MorningBad
	}
	if none { // what nobody tells of is not good
		l.Count, l.Level = "?", MorningUnknown
	}
	l.Text = strings.Join(parts, ", ")
	return l
}
