package cinder

import (
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"hearth/core"
)

// Options says how a cloud is opened.
type Options struct {
	Reach    core.Reach       // of a query that names none; ReachDefault: ReachOwn
	ReadOnly string           // why nothing may be written; "": it may
	Badge    string           // a word for the title bar
	Color    string           // of the badge
	CacheDir string           // where a token is kept between runs; "": nowhere
	Listings Listings         // where lists are kept between runs; nil: nowhere
	Now      func() time.Time // the clock; nil: time.Now
	Waits    Waits
	// Passcode asks the user for a one-time passcode, where a login wants one and none
	// is configured, or it has been used. It may wait for the user until its context
	// ends. nil: there is nobody to ask.
	Passcode func(context.Context, core.Passcode) (string, error)
	Release  core.Clue    // what the config says of the cloud's release; zero: nothing
	Policy   *core.Policy // the cloud's, where it is known; nil: its defaults are taken
}

// Waits are how long a cloud is waited for; zero is as hearth does, and tests need not
// wait so long.
type Waits struct {
	Answer time.Duration // at most for the answer to a write: a minute, and ten for a restore's
	Repeat time.Duration // before the first repetition of what may be asked again
	Look   time.Duration // between two looks for what was asked for and not answered
	// Trickle is how long an answer may go on of which nearly nothing comes: a minute.
	Trickle time.Duration
}

// Listings keeps what lists showed, so that the next run begins with that.
type Listings interface {
	// Listing reads what is kept under a place and a name, and says since when; a
	// zero time where nothing is.
	Listing(ctx context.Context, place, name string, read func(io.Reader) error) (time.Time, error)
	KeepListing(ctx context.Context, place, name string, at time.Time, write func(io.Writer) error) error
}

// Place is a cloud as one login sees it. Nothing is asked of it before it is first
// needed. Its methods may be called from many goroutines.
type Place struct {
	options  Options
	location string
	name     string // of the cloud, as clouds.yaml has it
	session  *session
	life     context.Context
	end      context.CancelFunc
	started  time.Time

	own      *lists // of the login's own project
	all      *lists // of every project
	projects shelf  // their names
	parents  parents

	mu     sync.Mutex // guards what follows
	denied map[forbidden]string
}

// forbidden is what a cloud forbade, and the roles that it forbade it to.
type forbidden struct {
	op    core.Operation
	roles string
}

// lists are what has been read of one reach: two of them share no row, so that who
// reads one page by page is not handed rows of the other.
type lists struct {
	reach   core.Reach
	backups *mirror[core.Backup]
	volumes *mirror[core.Volume]
	names   shelf // of the volumes

	sortedBackups sorted[core.Backup]
	sortedVolumes sorted[core.Volume]
}

// of returns the lists that a query asks.
func (p *Place) of(q core.Query) *lists {
	reach := q.Reach
	if reach == core.ReachDefault {
		reach = p.Reach()
	}
	if reach == core.ReachAll {
		return p.all
	}
	return p.own
}

// Reach is what a query that names none lists.
func (p *Place) Reach() core.Reach {
	if p.options.Reach == core.ReachAll {
		return core.ReachAll
	}
	return core.ReachOwn
}

// version is the cloud's, as far as hearth knows it.
func (p *Place) version() version {
	pass, _ := p.session.current()
	return pass.Version
}

// whom is who the token makes us; known is false before the first login.
func (p *Place) whom() (l core.Login, known bool) {
	pass, ok := p.session.current()
	return pass.whom(), ok
}

func (p *Place) isAdmin() bool {
	l, known := p.whom()
	return !known || l.Has("admin")
}

// release is what is known of the cloud's release.
func (p *Place) release() core.Releases { return p.session.release() }

// isOwn reports whether a project is the login's, as far as both are known.
func (p *Place) isOwn(project core.ProjectID) bool {
	pass, _ := p.session.current()
	return project == "" || pass.Project.ID == "" || project == pass.Project.ID
}

// writable returns an error where nothing may be written.
func (p *Place) writable(tried string) error {
	if p.options.ReadOnly != "" {
		return core.Fail(core.CodeReadOnly, tried, p.options.ReadOnly, "", nil)
	}
	return nil
}

// noted remembers what the cloud forbids, and forgets what it allows after all.
func (p *Place) noted(op core.Operation, err error) error {
	key := p.forbidding(op)
	p.mu.Lock()
	defer p.mu.Unlock()
	f := faultOf(err)
	switch {
	case err == nil:
		delete(p.denied, key)
	case f != nil && f.status == 403 && f.signed: // a proxy that forbids it is no policy of the cloud's
		p.denied[key] = "the cloud forbade it: " + core.Visible(strings.TrimSuffix(f.message, "."))
	}
	return err
}

// forbidding is an operation with the roles that the token has now.
func (p *Place) forbidding(op core.Operation) forbidden {
	l, _ := p.whom()
	return forbidden{op, strings.Join(l.Roles, " ")}
}

// noteBackup notes in the lists what was found when a backup was read alone; ok
// false where it is gone. The own project's list takes no other's in.
func (p *Place) noteBackup(id core.BackupID, row core.Backup, ok bool) {
	row.Metadata = nil
	p.all.backups.put(string(id), row, ok)
	if _, here := p.own.backups.get(string(id)); here || p.isOwn(row.ProjectID) {
		p.own.backups.put(string(id), row, ok)
	}
}

// noteVolume does the same for a volume.
func (p *Place) noteVolume(id core.VolumeID, row core.Volume, ok bool) {
	p.all.volumes.put(string(id), row, ok)
	if _, here := p.own.volumes.get(string(id)); here || p.isOwn(row.ProjectID) {
		p.own.volumes.put(string(id), row, ok)
	}
}

// listed returns a backup's row if one of the lists has it.
func (p *Place) listed(id core.BackupID) (core.Backup, bool) {
	if b, ok := p.own.backups.get(string(id)); ok {
		return b, true
	}
	return p.all.backups.get(string(id))
}

// known are the backups of a volume that the lists have.
func (p *Place) known(id core.VolumeID) []core.Backup {
	var out []core.Backup
	seen := map[core.BackupID]bool{}
	for _, m := range []*mirror[core.Backup]{p.own.backups, p.all.backups} {
		m.mu.Lock()
		rows := m.rows
		m.mu.Unlock()
		for i := range rows {
			if rows[i].VolumeID == id && !seen[rows[i].ID] {
				seen[rows[i].ID] = true
				out = append(out, rows[i])
			}
		}
	}
	return out
}
