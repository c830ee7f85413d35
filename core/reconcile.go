package core

import (
	"fmt"
	"strings"
)

// Standing says in which of two places a backup is.
type Standing string

const (
	OnlySource Standing = "source" // the target has lost it, or never had it
	OnlyTarget Standing = "target" // the source has nothing of it
	InBoth     Standing = "both"
)

// Reconciled is a backup as two places have it.
type Reconciled struct {
	ID       BackupID
	Source   *Backup // nil: not there
	Target   *Backup
	Standing Standing
	Differs  []string   // in both: what they say differently, as far as both can see it
	Chain    []BackupID // the ids of its chain, the full backup first
	Missing  BackupID   // a parent that neither has; "": the chain is whole
	Cycle    bool
}

// Backup is the row that is there, the target's where both are.
func (r *Reconciled) Backup() *Backup {
	if r.Target != nil {
		return r.Target
	}
	return r.Source
}

// Problem says what is wrong with the chain, "" if nothing is.
func (r *Reconciled) Problem() string {
	return Chain{Missing: r.Missing, Cycle: r.Cycle}.Problem()
}

// Reconcile lays the backups of two places side by side, each once, parents
// first, otherwise in the order of the source and then of the target. Deleted
// rows are none.
func Reconcile(source, target []Backup) []Reconciled {
	at := map[BackupID]int{}
	var out []Reconciled
	of := func(id BackupID) *Reconciled {
		i, ok := at[id]
		if !ok {
			i = len(out)
			at[id] = i
			out = append(out, Reconciled{ID: id})
		}
		return &out[i]
	}
	for i := range source {
		if b := &source[i]; !b.Deleted && of(b.ID).Source == nil {
			of(b.ID).Source = b
		}
	}
	for i := range target {
		if b := &target[i]; !b.Deleted && of(b.ID).Target == nil {
			of(b.ID).Target = b
		}
	}
	parent := func(r Reconciled) BackupID {
		if r.Source != nil && (r.Source.ParentID != "" || r.Target == nil) {
			return r.Source.ParentID // a list of a cloud names no parents
		}
		return r.Target.ParentID
	}
	for i := range out {
		r := &out[i]
		switch {
		case r.Target == nil:
			r.Standing = OnlySource
		case r.Source == nil:
			r.Standing = OnlyTarget
		default:
			r.Standing, r.Differs = InBoth, BackupsDiffer(r.Source, r.Target)
		}
		seen := map[BackupID]bool{}
		for id := r.ID; id != ""; {
			j, ok := at[id]
			if !ok {
				r.Missing = id
				break
			}
			if seen[id] {
				r.Cycle = true
				break
			}
			seen[id] = true
			r.Chain = append([]BackupID{id}, r.Chain...)
			id = parent(out[j])
		}
	}
	return ParentsFirst(out, func(r Reconciled) BackupID { return r.ID }, parent)
}

// BackupsDiffer names the fields in which two rows of one backup differ, as far as
// both places see them and an import would carry them over.
func BackupsDiffer(a, b *Backup) (out []string) {
	x, y := a.Object(), b.Object()
	for _, name := range arriving {
		v, seen := x.Get(name)
		w, too := y.Get(name)
		if !seen || !too || sameText(v, w) {
			continue
		}
		if name == "parent_id" && (unsure(a) || unsure(b)) || name == "metadata" && (a.Metadata == nil || b.Metadata == nil) {
			continue // a list does not tell
		}
		out = append(out, fmt.Sprintf("%s: %s and %s", name, shown(name, v), shown(name, w)))
	}
	return out
}

// unsure reports whether a row does not say for sure which its parent is.
func unsure(b *Backup) bool { return b.ParentGuessed || b.ParentID == "" && b.Incremental }

// Native is what is known to belong to a place: what decides whether a backup that
// is found somewhere is the place's own, or another cloud's that shares the
// repository.
type Native struct {
	Hosts    FieldSet // of its volumes, without their pools
	Projects FieldSet
	Own      map[BackupID]bool // backups that were the place's own when last seen
	Types    FieldSet          // ids of its volume types; nil: not known
}

// HostOf is a volume's host without its pool.
func HostOf(host string) string {
	host, _, _ = strings.Cut(host, "#")
	return host
}

// Stranger says why a backup seems to be another cloud's, by the capture that
// Cinder stored with it if there is one (nil: none) and by the row; "" if nothing
// speaks for that. What the archive knows as the place's own may have been imported
// there: its capture still tells where it comes from.
func (n Native) Stranger(b *Backup, c *Capture) string {
	project, host := string(b.ProjectID), ""
	if n.Own[b.ID] {
		project = "" // an import changes that; the capture stays what it was
	}
	if c != nil {
		base := c.Section(BaseSection)
		if v, ok := base.Get("project_id"); ok && v.Text() != "" {
			project = v.Text()
		}
		if v, ok := base.Get("host"); ok {
			host = HostOf(v.Text())
		}
	}
	switch {
	case host != "" && len(n.Hosts) > 0 && !n.Hosts.Has(host):
		return "its volume lay on host " + Visible(host) + ", which has no volumes here"
	case project != "" && len(n.Projects) > 0 && !n.Projects.Has(project):
		return "it belonged to project " + Visible(project) + ", which is not known here"
	}
	return ""
}

// Lacks says what of a backup cannot come back by its record: what the place must
// have besides.
func (n Native) Lacks(b *Backup, c *Capture) (out []string) {
	key, typ := b.EncryptionKeyID.Or(""), ""
	if c != nil {
		base := c.Section(BaseSection)
		if v, ok := base.Get("encryption_key_id"); ok && key == "" {
			key = v.Text()
		}
		if v, ok := base.Get("volume_type_id"); ok {
			typ = v.Text()
		}
	}
	if key != "" {
		out = append(out, "its data is encrypted: the key manager must have the key "+Visible(key))
	}
	if typ != "" && n.Types != nil && !n.Types.Has(typ) {
		out = append(out, "its volume type "+Visible(typ)+" is not here: what is restored gets another")
	}
	return out
}

// RecordsDiffer names the fields in which a kept row and one that was rebuilt from
// a repository differ, but for those of which the repository does not tell.
func RecordsDiffer(kept, rebuilt *Backup, marks []Mark) (out []string) {
	unknown := FieldSet{}
	for _, m := range marks {
		unknown[m.Field] = true
	}
	x, y := kept.Object(), rebuilt.Object()
	for _, name := range arriving {
		v, seen := x.Get(name)
		w, too := y.Get(name)
		if seen && too && !unknown.Has(name) && !sameText(v, w) {
			out = append(out, fmt.Sprintf("%s: %s in the archive, %s in the repository", name, shown(name, v), shown(name, w)))
		}
	}
	return out
}
