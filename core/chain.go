package core

import (
	"fmt"
	"sort"
)

// Chain is a full backup and the incrementals up to the one asked for, the full
// one first.
type Chain struct {
	Backups []Backup
	Missing BackupID // a parent that is not here; the chain starts above it. "" if whole
	Deleted *Backup  // its row, where it was deleted and a database still has that; else nil
	Cycle   bool     // the parents go round: nothing can be restored from it
}

// Whole reports whether the chain goes down to a full backup.
func (c Chain) Whole() bool { return c.Missing == "" && !c.Cycle && len(c.Backups) > 0 }

// Problem says in words what is wrong with the chain, "" if nothing is.
func (c Chain) Problem() string {
	switch {
	case c.Cycle:
		return "its parents go round in a circle"
	case c.Missing != "":
		return "its parent " + Visible(string(c.Missing)) + c.absent(" is missing")
	}
	return ""
}

// absent says what has become of the missing parent, as far as that is known; else it is
// otherwise.
func (c Chain) absent(otherwise string) string {
	b := c.Deleted
	if b == nil {
		return otherwise
	}
	text := ""
	if b.Name.Or("") != "" {
		text = " (" + Visible(b.Name.V) + ")"
	}
	text += " was deleted"
	if b.DeletedAt.Set {
		text += " on " + b.DeletedAt.V.UTC().Format("2006-01-02 15:04") + " UTC"
	}
	return text
}

// ChainOf follows the parents of a backup. get returns a backup, or false if it
// is not here; an error of get ends the search.
func ChainOf(id BackupID, get func(BackupID) (Backup, bool, error)) (Chain, error) {
	var c Chain
	seen := map[BackupID]bool{}
	for id != "" {
		if seen[id] {
			c.Cycle = true
			break
		}
		seen[id] = true
		b, ok, err := get(id)
		if err != nil {
			return c, err
		}
		if !ok {
			c.Missing = id
			break
		}
		c.Backups = append([]Backup{b}, c.Backups...)
		id = b.ParentID
	}
	return c, nil
}

// Node is a line of a tree of backups.
type Node struct {
	Backup  Backup
	Depth   int  // 0 for a full backup
	Missing bool // a parent that is not here, only its id is known
	Last    []bool
	// Last says of each level down to this one whether the line is the last of
	// its siblings, which is what drawing the branches needs.
}

// Tree orders backups as chains: each full backup followed by what stands on it,
// oldest first. Parents that are not among them appear as Missing.
func Tree(backups []Backup) []Node {
	byID := map[BackupID]bool{}
	children := map[BackupID][]Backup{}
	for _, b := range backups {
		byID[b.ID] = true
	}
	var roots []Backup
	missing := map[BackupID]bool{}
	for _, b := range backups {
		switch {
		case b.ParentID == "":
			roots = append(roots, b)
		case !byID[b.ParentID]:
			if !missing[b.ParentID] {
				missing[b.ParentID] = true
				roots = append(roots, Backup{ID: b.ParentID, VolumeID: b.VolumeID, CreatedAt: b.CreatedAt})
			}
			children[b.ParentID] = append(children[b.ParentID], b)
		default:
			children[b.ParentID] = append(children[b.ParentID], b)
		}
	}
	older := func(s []Backup) func(i, j int) bool {
		return func(i, j int) bool {
			if c := s[i].CreatedAt.V.Compare(s[j].CreatedAt.V); c != 0 {
				return c < 0
			}
			return s[i].ID < s[j].ID
		}
	}
	sort.SliceStable(roots, older(roots))
	var out []Node
	seen := map[BackupID]bool{}
	var walk func(b Backup, depth int, last []bool)
	walk = func(b Backup, depth int, last []bool) {
		if seen[b.ID] {
			return
		}
		seen[b.ID] = true
		out = append(out, Node{Backup: b, Depth: depth, Missing: missing[b.ID], Last: append([]bool(nil), last...)})
		kids := children[b.ID]
		sort.SliceStable(kids, older(kids))
		for i, k := range kids {
			walk(k, depth+1, append(last, i == len(kids)-1))
		}
	}
	for _, r := range roots {
		walk(r, 0, nil)
	}
	for _, b := range backups { // what only a circle of parents leads to
		walk(b, 0, nil)
	}
	return out
}

// StandingOn are the nodes of a tree that stand on a backup, with their depth from there on: 1
// stands on the backup itself. It is nil where nothing does, or the backup is not in the tree.
func StandingOn(nodes []Node, id BackupID) (out []Node) {
	root := -1
	for i, n := range nodes {
		switch {
		case root < 0 && n.Backup.ID == id:
			root = i
		case root < 0:
		case n.Depth <= nodes[root].Depth:
			return out
		default:
			n.Depth -= nodes[root].Depth
			n.Last = n.Last[len(n.Last)-n.Depth:]
			out = append(out, n)
		}
	}
	return out
}

// Rootless are the incrementals that stand on no full backup among these, by whatever is between: a
// parent is not among them, or parents go round.
func Rootless(backups []Backup) FieldSet {
	parent, out := map[BackupID]BackupID{}, FieldSet{}
	for i := range backups {
		parent[backups[i].ID] = backups[i].ParentID
	}
	const unseen, way, rooted, not = 0, 1, 2, 3
	state := map[BackupID]int{}
	for i := range backups {
		var path []BackupID
		id, end := backups[i].ID, not
		for {
			up, here := parent[id]
			if !here || state[id] == way || state[id] == not {
				break
			}
			if up == "" || state[id] == rooted {
				end = rooted
				break
			}
			state[id], path, id = way, append(path, id), up
		}
		for _, p := range path {
			if state[p] = end; end == not {
				out[string(p)] = true
			}
		}
	}
	return out
}

// ParentsFirst orders backups so that each comes after its parent, which is the
// order in which they must be imported; otherwise their order is kept. Those in
// a circle come last, as they are.
func ParentsFirst[T any](items []T, id, parent func(T) BackupID) []T {
	at := map[BackupID]int{}
	for i, it := range items {
		if _, ok := at[id(it)]; !ok {
			at[id(it)] = i
		}
	}
	state := make([]uint8, len(items)) // 1: on the way down, 2: placed
	out := make([]T, 0, len(items))
	for i := range items {
		var path []int
		for j := i; state[j] == 0; {
			state[j] = 1
			path = append(path, j)
			p, ok := at[parent(items[j])]
			if !ok || state[p] != 0 {
				break
			}
			j = p
		}
		for len(path) > 0 {
			j := path[len(path)-1]
			path = path[:len(path)-1]
			state[j] = 2
			out = append(out, items[j])
		}
	}
	return out
}

// ChainTitle tells where a backup stands: "full", "incremental 2 of 3".
func ChainTitle(c Chain) string {
	n := len(c.Backups)
	if n <= 1 && c.Missing == "" {
		return "full backup"
	}
	return fmt.Sprintf("incremental, layer %d of its chain", n+boolInt(c.Missing != ""))
}
