package jobs

import (
	"context"
	"slices"
	"strings"

	"hearth/core"
	"hearth/store"
)

// brings gives an arrival its record. Of that it holds the text, from which all else is read
// again whenever it is needed: the fields of a record take several times as much, and there
// may be very many.
func (a *Arrival) brings(f core.Found) {
	a.Found = f
	if !f.OK() {
		return
	}
	clone := strings.Clone // else they would keep the record that they stand in
	a.ID, a.Parent = core.BackupID(clone(string(f.Decoded.ID()))), core.BackupID(clone(string(f.Decoded.ParentID())))
	a.Name, a.Size = clone(f.Decoded.Name()), f.Decoded.Size()
	a.Found.Decoded = core.Decoded{}
}

// Record is the arrival's record with its fields.
func (a *Arrival) Record() core.Found {
	f := a.Found
	if f.OK() {
		f.Decoded = core.FoundRecord(f.Record).Decoded
	}
	return f
}

// Whole is what the place makes of the record, with the record's fields and those of the row
// that it would have.
func (a *Arrival) Whole() core.Check {
	c := a.Check
	if c.Found = a.Record(); c.Found.OK() && a.facts != nil {
		facts := *a.facts
		if facts.Existing = nil; a.again {
			facts.Existing = map[core.BackupID]string{a.ID: core.StatusDeleted}
		}
		c.Outcome = core.CheckRecord(c.Found, facts, -1).Outcome
	}
	return c
}

// item is the arrival as it is imported; false where it cannot be.
func (a *Arrival) item() (core.ImportItem, bool) {
	if !a.Found.OK() {
		return core.ImportItem{}, false
	}
	made := core.Items([]core.Check{a.Whole()}, []int{0})
	if len(made) == 0 {
		return core.ImportItem{}, false
	}
	return made[0], true
}

// compare notes where a row that is there is not what the record says.
func (a *Arrival) compare(b *core.Backup) {
	if item, ok := a.item(); ok {
		a.Differs = item.Arrived(b)
	}
}

// arrivals is a plan to bring records into the place: all ticked, parents first.
// Those that are there already are looked at, not refused. listed are those of the
// place's list, the others may be left out.
func (d Desk) arrivals(ctx context.Context, from string, items []Arrival, listed map[core.BackupID]*core.Backup) (Transfer, error) {
	t := Transfer{From: from, To: d.location()}
	facts, err := d.importFacts(ctx, arriving(items), listed)
	if err != nil {
		return t, err
	}
	t.Facts = facts
	free := facts // as if none of them were there
	free.Existing = map[core.BackupID]string{}
	for id, status := range facts.Existing {
		free.Existing[id] = status
	}
	for i := range items {
		delete(free.Existing, items[i].ID)
	}
	checks, unmet := checked(items, facts, free)
	d.mindImports(checks)
	short := facts
	short.Existing = nil
	for i := range items {
		it := &items[i]
		ok := it.Found.OK()
		status, here := facts.Existing[checks[i].ID]
		it.facts, it.again = &short, here && status == core.StatusDeleted
		here = here && status != core.StatusDeleted && ok
		it.Check, it.Ticked, it.State = checks[i], true, ArrivalGoes
		if it.ID == "" { // its record cannot be read
			it.ID, it.Name, it.Size, it.Parent = it.Backup.ID, it.Backup.Name.Or(""), it.Backup.Size, it.Backup.ParentID
		}
		if here {
			it.Check, it.Status = unmet[i], status
		}
		switch {
		case here:
			err = d.met(ctx, it, listed[it.ID])
		case it.Refused():
			it.State = ArrivalRefused
		}
		if err != nil {
			return t, err
		}
	}
	t.Items = core.ParentsFirst(items, func(a Arrival) core.BackupID { return a.ID }, func(a Arrival) core.BackupID { return a.Parent })
	t.Fit()
	return t, nil
}

// arriving are the ids that an import has to know the status of: those of the records, and
// of their parents.
func arriving(items []Arrival) (ids []core.BackupID) {
	asked := map[core.BackupID]bool{"": true}
	for i := range items {
		if !items[i].Found.OK() {
			continue
		}
		for _, id := range []core.BackupID{items[i].ID, items[i].Parent} {
			if !asked[id] {
				asked[id] = true
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// checked is what [core.Preflight] says of the records of arrivals by the facts, and what it
// says by others, without holding the fields of more than one.
func checked(items []Arrival, facts, others core.ImportFacts) (checks, unmet []core.Check) {
	checks, unmet = make([]core.Check, len(items)), make([]core.Check, len(items))
	at := map[core.BackupID]int{} // the first record of each backup
	for i := range items {
		f, first := items[i].Record(), -1
		if f.OK() {
			if n, twice := at[items[i].ID]; twice {
				first = n
			} else {
				at[items[i].ID] = i
			}
		}
		for _, c := range []struct {
			of    []core.Check
			facts core.ImportFacts
		}{{checks, facts}, {unmet, others}} {
			c.of[i] = core.CheckRecord(f, c.facts, first)
			if f.OK() { // and not those of the fields, which would be kept with them
				c.of[i].ID, c.of[i].Name, c.of[i].Parent = items[i].ID, items[i].Name, items[i].Parent
			}
			c.of[i].Found.Decoded, c.of[i].Outcome.Fields = core.Decoded{}, nil
		}
	}
	relate(checks, at, facts)
	relate(unmet, at, others)
	return checks, unmet
}

// relate says what to think of records because of their parents.
func relate(checks []core.Check, at map[core.BackupID]int, facts core.ImportFacts) {
	for i := range checks {
		c := &checks[i]
		if !c.Found.OK() {
			continue
		}
		k := core.Kinship{}
		k.Status, k.Here = facts.Existing[c.Parent]
		if k.At, k.InPaste = at[c.Parent]; k.InPaste {
			k.Refused = checks[k.At].Refused()
		}
		c.Relate(k)
	}
}

// importArrivals imports arrivals where a place takes all in one transaction, a batch in
// memory at a time, and hands on what became of each.
func (d Desk) importArrivals(ctx context.Context, going []*Arrival, each func(core.ImportResult)) error {
	bulk, ok := d.Place.(store.BulkImporter)
	if !ok || d.Place.Info().ReadOnly != "" {
		var checks []core.Check
		var chosen []int
		for i, it := range going {
			checks, chosen = append(checks, it.Whole()), append(chosen, i)
		}
		results, err := d.Import(ctx, checks, chosen)
		for _, r := range results {
			each(r)
		}
		return err
	}
	ids := make([]core.BackupID, len(going))
	for i, it := range going {
		ids[i] = it.ID
	}
	batch := func(some []*Arrival) (items []core.ImportItem, err error) {
		for _, it := range some {
			item, ok := it.item()
			if !ok {
				return nil, core.Fail(core.CodeRefused, "import backup "+string(it.ID), it.Verdict(), "look at what is said of it", nil)
			}
			items = append(items, item)
		}
		return items, nil
	}
	revived, err := d.importBulk(ctx, bulk, ids, func(yield func([]core.ImportItem, error) bool) {
		for some := range slices.Chunk(going, batchRows) {
			if items, err := batch(some); !yield(items, err) || err != nil {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	for i, it := range going {
		each(core.ImportResult{ID: it.ID, Name: it.Name, Status: core.StatusAvailable, Revived: revived[i]})
	}
	for some := range slices.Chunk(going, batchRows) {
		items, err := batch(some)
		if err != nil {
			return err
		}
		if err := d.keepRecords(ctx, items, make([]core.ImportResult, len(items))); err != nil {
			return err
		}
	}
	return nil
}
