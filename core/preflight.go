package core

import (
	"fmt"
	"slices"
	"strings"

	"hearth/core/pyjson"
)

// ImportFacts is what a place says of itself before an import.
type ImportFacts struct {
	// Existing holds the status of each asked id that is there, in any project;
	// "deleted" for a row that is only soft-deleted.
	Existing map[BackupID]string
	// Services are the drivers of the place's backup services. Sure says that
	// there are no others; else they are only those that its backups name.
	Services []string
	Sure     bool
	Owner    string       // who will own what is imported, in words
	Quota    Opt[Headway] // null: not known
}

// Headway is what a quota leaves; -1 is no limit.
type Headway struct{ Backups, GiB int64 }

// Level says how much a finding of a preflight weighs.
type Level uint8

const (
	LevelInfo   Level = iota // good to know
	LevelWarn                // it will import, and something will not work
	LevelRefuse              // hearth does not import it
)

// Finding is something that a preflight has to say.
type Finding struct {
	Level Level
	Text  string
	Next  string // what can be done about it, one of the Do constants; "" where there is nothing to say
	With  string // what that is to be done with
}

// In is the finding in a face's own words.
func (f Finding) In(m Idiom) string {
	if f.Next == "" {
		return f.Text
	}
	return f.Text + "; " + m.Next(f.Next, f.With)
}

// Check is a record of a paste before its import.
type Check struct {
	Found    Found
	ID       BackupID
	Name     string
	Size     int64
	Parent   BackupID
	Outcome  ImportOutcome // what Cinder itself would do with it
	Owner    ProjectID     // who is to own it, where hearth writes the row; "": whom the record names
	Findings []Finding

	tenant int // which of the findings is about the project that is named beside the record, from 1
}

// Refused reports whether hearth will not import the record.
func (c *Check) Refused() bool { return c.Level() == LevelRefuse }

// Level is that of the weightiest finding.
func (c *Check) Level() Level {
	worst := LevelInfo
	for _, f := range c.Findings {
		worst = max(worst, f.Level)
	}
	return worst
}

func (c *Check) say(l Level, format string, args ...any) {
	c.Findings = append(c.Findings, Finding{Level: l, Text: fmt.Sprintf(format, args...)})
}

// next is what can be done about what was said last.
func (c *Check) next(do, with string) {
	f := &c.Findings[len(c.Findings)-1]
	f.Next, f.With = do, with
}

// Verdict tells in a line what would become of the record.
func (c *Check) Verdict() string {
	for _, f := range c.Findings {
		if f.Level == LevelRefuse {
			return f.Text
		}
	}
	for _, f := range c.Findings {
		if f.Level == LevelWarn {
			return f.Text
		}
	}
	return "will be imported as it is"
}

// ImportItem is a record that is to be imported.
type ImportItem struct {
	ID     BackupID
	Name   string
	Record Record
	// Row is the row as hearth writes it where it is the one who imports: the
	// record's fields, all of them, and its owner.
	Row *pyjson.Object
}

// ImportResult says what became of an item.
type ImportResult struct {
	ID      BackupID
	Name    string
	Status  string // of the backup now; "" if it could not be imported
	Revived bool   // its row was there, deleted, and is used again
	Err     error
	// Differs names what arrived otherwise than the record says, where the import
	// was followed to its end: "size is 2, the record says 1".
	Differs []string
}

// arriving are the fields of a record that are compared with what arrives.
var arriving = []string{"display_name", "display_description", "size", "volume_id", "object_count", "container",
	"snapshot_id", "data_timestamp", "created_at", "parent_id", "metadata", "encryption_key_id"}

// Arrived compares an imported backup with what was to be imported and names what
// differs, as far as the place shows it.
func (it *ImportItem) Arrived(b *Backup) []string {
	var out []string
	have := b.Object()
	for _, name := range arriving {
		want, asked := it.Row.Get(name)
		got, seen := have.Get(name)
		if !asked || !seen || sameText(want, got) || name == "parent_id" && (b.ParentGuessed || b.ParentID == "" && b.Incremental) {
			continue
		}
		out = append(out, fmt.Sprintf("%s is %s, the record says %s", name, shown(name, got), shown(name, want)))
	}
	return out
}

// fixedKey is the id of the key of Cinder's ConfKeyManager. The API shows it as null
// (cinder/api/v3/views/backups.py, views/volumes.py), so that null and this one may be
// the same.
const fixedKey = "00000000-0000-0000-0000-000000000000"

// sameText compares values as the API shows them: times to the second, an empty
// dict like none.
func sameText(a, b pyjson.Value) bool {
	if a.IsNull() && b.Text() == fixedKey || b.IsNull() && a.Text() == fixedKey {
		return true
	}
	if a.Equal(b) || !a.Truthy() && !b.Truthy() && a.Kind() != pyjson.String && b.Kind() != pyjson.String {
		return true
	}
	s, _ := a.Time()
	t, _ := b.Time()
	return a.Kind() == pyjson.Time && b.Kind() == pyjson.Time && s.Unix() == t.Unix()
}

// Preflight checks the records of a paste against what a place says of itself,
// in the order of the paste.
func Preflight(found []Found, facts ImportFacts) []Check {
	checks := make([]Check, len(found))
	in := map[BackupID]int{} // first check of each id
	for i, f := range found {
		first := -1
		if f.OK() {
			if at, twice := in[f.Decoded.ID()]; twice {
				first = at
			} else {
				in[f.Decoded.ID()] = i
			}
		}
		checks[i] = CheckRecord(f, facts, first)
	}
	for i := range checks {
		if c := &checks[i]; c.Found.OK() {
			k := Kinship{}
			k.Status, k.Here = facts.Existing[c.Parent]
			if k.At, k.InPaste = in[c.Parent]; k.InPaste {
				k.Refused = checks[k.At].Refused()
			}
			c.Relate(k)
		}
	}
	return checks
}

// CheckRecord is a record's part of a [Preflight], but for its parent. first is the number
// of the record of the same backup before it; -1: there is none.
func CheckRecord(f Found, facts ImportFacts, first int) Check {
	c := Check{Found: f}
	if !f.OK() {
		c.say(LevelRefuse, "%s", f.Err.Error())
		return c
	}
	c.ID, c.Name, c.Size, c.Parent = f.Decoded.ID(), f.Decoded.Name(), f.Decoded.Size(), f.Decoded.ParentID()
	if first >= 0 {
		c.say(LevelRefuse, "the same backup stands in this paste already, as record %d", first+1)
	}
	c.simulate(facts)
	return c
}

// simulate asks what Cinder would do with the record and says so.
func (c *Check) simulate(facts ImportFacts) {
	rec := c.Found.Record
	hosts := facts.Services
	if !facts.Sure {
		hosts = append(append([]string{}, facts.Services...), rec.Service)
	}
	status, here := facts.Existing[c.ID]
	c.Outcome = SimulateImport(ImportInput{Record: rec, Decoded: &c.Found.Decoded, Hosts: hosts, Existing: Opt[string]{V: status, Set: here}})
	switch out := c.Outcome; {
	case here && status != StatusDeleted:
		c.say(LevelRefuse, "it is here already (%s); Cinder answers 400 %q", status, "Backup already exists in database.")
	case out.Error != nil:
		c.say(LevelRefuse, "Cinder refuses it: %d %s", out.HTTP, out.Error.Message)
	case out.Status == StatusError:
		c.say(LevelRefuse, "Cinder takes it and ends in error: %s", out.Reason)
	case out.Status == StatusCreating:
		c.say(LevelRefuse, "Cinder takes it and leaves it in creating for ever: %s", out.Manager.Message)
	case here:
		c.say(LevelInfo, "it was here and is deleted: its row is used again")
	}
	if today, why := ServiceToday(rec.Service); strings.HasPrefix(rec.Service, "cinder.backup.services.") && today != "" && !c.Refused() {
		c.say(LevelRefuse, "its service is %s: %s; a Cinder of today knows it as %s, and takes it under that",
			Visible(rec.Service), why, today)
		c.next(DoServiceToday, today)
	} else if today != "" {
		c.say(LevelInfo, "its service %s is called %s by a Cinder of today: %s", Visible(rec.Service), today, why)
	}
	if rec.Service == "" {
		c.say(LevelRefuse, "its service is not known: neither the text nor the record names it")
	} else if !facts.Sure && len(facts.Services) > 0 && !anyMatches(facts.Services, rec.Service) {
		c.say(LevelWarn, "no backup here was made by the service %s: the data may be out of reach", Visible(rec.Service))
	}
	if own := c.Found.Decoded.text("service"); isService(own) && rec.Service != "" && !sameService(own, rec.Service) {
		c.say(LevelWarn, "its service is %s, and the record itself says %s: Cinder goes by the first", Visible(rec.Service), Visible(own))
		c.next(DoServiceOwn, own)
	}
	if f, ok := c.ofTenant(); ok {
		c.Findings = append(c.Findings, f)
		c.tenant = len(c.Findings)
	}
	if inner := c.Found.Decoded.text("status"); inner != "" && inner != StatusAvailable {
		c.say(LevelWarn, "the record says %s; Cinder imports it as available all the same", Visible(inner))
	}
	if _, mended := rec.Mended(); mended {
		c.say(LevelInfo, "padding stands inside its base64: it is sent written anew, as Cinder with Python 3.13 and later refuses it so")
	}
	for _, note := range append(append([]string{}, c.Found.Notes...), c.Found.Decoded.Tolerated...) {
		c.say(LevelInfo, "%s", note)
	}
}

// ofTenant is what there is to say of the project that is named beside the record.
func (c *Check) ofTenant() (Finding, bool) {
	t, own := c.Found.Tenant, c.Found.Decoded.text("project_id")
	named := "the text names the tenant " + Visible(t) + " beside it, "
	switch {
	case t == "":
		return Finding{}, false
	case t == own:
		return Finding{Level: LevelInfo, Text: named + "which is the record's own project"}, true
	case t == string(c.Owner):
		return Finding{Level: LevelInfo, Text: named + "which is to own it; the record names the project " + Visible(own)}, true
	}
	return Finding{LevelWarn, named + "and the record the project " + Visible(own), DoOwnTenant, t}, true
}

// GiveTo chooses who is to own the backup; "" is whom it would be without.
func (c *Check) GiveTo(owner ProjectID) {
	if c.Owner = owner; c.tenant > 0 {
		c.Findings = slices.Clone(c.Findings)
		c.Findings[c.tenant-1], _ = c.ofTenant()
	}
}

func anyMatches(services []string, asked string) bool {
	for _, s := range services {
		if ServiceMatches(s, asked) {
			return true
		}
	}
	return false
}

// Kinship is where the parent of a record is.
type Kinship struct {
	Status  string // of its row in the place, if it is Here
	Here    bool
	InPaste bool // as record At, from 0
	Refused bool // that one
	At      int
}

// Relate says what to think of a record because of its parent.
func (c *Check) Relate(parent Kinship) {
	if c.Parent == "" || c.Parent == c.ID {
		if c.Parent == c.ID && c.ID != "" {
			c.say(LevelWarn, "it names itself as its parent: it cannot be restored")
		}
		return
	}
	switch {
	case parent.Here && parent.Status != StatusDeleted:
		c.say(LevelInfo, "incremental; its parent %s is here (%s)", c.Parent.Short(), parent.Status)
	case parent.InPaste && parent.Refused:
		c.say(LevelWarn, "incremental; its parent %s is record %d of this paste, which is refused: restores of it would fail",
			c.Parent.Short(), parent.At+1)
	case parent.InPaste:
		c.say(LevelInfo, "incremental; its parent %s is record %d of this paste and goes first", c.Parent.Short(), parent.At+1)
	default:
		c.say(LevelWarn, "incremental, and its parent %s is missing: Cinder imports it, and a restore fails after it has touched the target",
			Visible(string(c.Parent)))
	}
}

// Items are the checked records that the indexes choose, parents first. Refused
// ones are left out.
func Items(checks []Check, chosen []int) []ImportItem {
	var picked []*Check
	for _, i := range chosen {
		if c := &checks[i]; !c.Refused() {
			picked = append(picked, c)
		}
	}
	picked = ParentsFirst(picked, func(c *Check) BackupID { return c.ID }, func(c *Check) BackupID { return c.Parent })
	var items []ImportItem
	for _, c := range picked {
		rec, _ := c.Found.Record.Mended()
		items = append(items, ImportItem{ID: c.ID, Name: c.Name, Record: rec, Row: c.row()})
	}
	return items
}

// row is the row that hearth writes for the record: what Cinder's import sets,
// and where Cinder would put its own (owner, host, zone), what the record says.
func (c *Check) row() *pyjson.Object {
	row := &pyjson.Object{}
	for _, name := range []string{"user_id", "project_id", "host", "availability_zone"} {
		if v := c.Found.Decoded.Field(name); v.Kind() == pyjson.String {
			row.Set(name, v)
		} else {
			row.Set(name, pyjson.None)
		}
	}
	if c.Owner != "" {
		row.Set("project_id", pyjson.OfString(string(c.Owner)))
	}
	row.Set("volume_id", pyjson.OfString(string(ZeroVolumeID)))
	for name, v := range c.Outcome.Fields.All() {
		row.Set(name, v)
	}
	row.Set("service", pyjson.OfString(c.Outcome.Driver))
	row.Set("status", pyjson.OfString(StatusAvailable))
	row.Set("fail_reason", pyjson.None)
	row.Set("deleted", pyjson.OfBool(false))
	row.Set("deleted_at", pyjson.None)
	return row
}
