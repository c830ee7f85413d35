package jobs

import (
	"context"
	"iter"
	"slices"
	"strings"

	"hearth/core"
	"hearth/store"
	"hearth/store/archive"
)

// Records are records that wait somewhere, as in a file, and are read again whenever they
// are needed: there may be very many.
type Records interface {
	Len() int
	// Found is record i, from 0, the same each time.
	Found(i int) (core.Found, error)
}

// Intake is records that are to be imported, checked against the place. It holds little of
// each.
type Intake struct {
	Facts   core.ImportFacts // but for what is there of each
	d       Desk
	records Records
	owner   core.ProjectID
	table   coverTable // for its ids, texts and words
	rows    []intakeRow
	at      map[core.IDKey]int32 // the first record of each backup
}

// intakeRow is what is held of a record.
type intakeRow struct {
	id, parent                  core.IDKey
	size                        int64
	name, fingerprint, findings uint32 // of texts
	service, status, parentIs   uint32 // of words
	line                        int32
	flags                       uint8
}

const (
	intakeOK      = 1 << iota // the record is whole
	intakeParent              // it names a parent
	intakeRefused             // by what is said of the record itself
	intakeHere                // its id is in the place, with that status
	parentHere
)

// IntakeCheck is a record of an intake, with all that is to be said of it.
type IntakeCheck struct {
	core.Check
	Line        int
	OK          bool // it can be read
	Service     string
	Fingerprint string
}

// TakeIn reads records once and checks them against the place, a batch at a time. owner is
// who is to own the backups; "": whom each record names.
func (d Desk) TakeIn(ctx context.Context, records Records, owner core.ProjectID) (*Intake, error) {
	im, ok := d.Place.(store.Importer)
	if !ok {
		return nil, core.Fail(core.CodeUnsupported, "import", "this kind of place cannot import records", "", nil)
	}
	in := &Intake{d: d, records: records, owner: owner, rows: make([]intakeRow, 0, records.Len()), at: map[core.IDKey]int32{}}
	for from := 0; from == 0 || from < records.Len(); from += batchRows {
		found, err := in.read(from, min(from+batchRows, records.Len()))
		if err != nil {
			return nil, err
		}
		if in.Facts, err = im.ImportFacts(ctx, idsIn(found)); err != nil {
			return nil, err
		}
		for i := range found {
			in.check(&found[i])
		}
	}
	in.Facts.Existing = nil
	return in, nil
}

func (in *Intake) read(from, to int) ([]core.Found, error) {
	found := make([]core.Found, 0, max(to-from, 0))
	for i := from; i < to; i++ {
		f, err := in.records.Found(i)
		if err != nil {
			return nil, err
		}
		found = append(found, f)
	}
	return found, nil
}

// check adds a record.
func (in *Intake) check(f *core.Found) {
	first, t := -1, &in.table
	r := intakeRow{line: int32(f.Line), service: t.say(f.Record.Service)}
	if f.OK() {
		r.flags, r.id = intakeOK, t.key(string(f.Decoded.ID()))
		if at, twice := in.at[r.id]; twice {
			first = int(at)
		} else {
			in.at[r.id] = int32(len(in.rows))
		}
		r.fingerprint = t.texts.put(f.Decoded.Fingerprint())
	}
	checks := []core.Check{core.CheckRecord(*f, in.Facts, first)}
	in.d.mindImports(checks)
	c := &checks[0]
	c.GiveTo(in.owner)
	r.name, r.size, r.findings = t.texts.put(c.Name), c.Size, t.texts.put(packFindings(c.Findings))
	if c.Refused() {
		r.flags |= intakeRefused
	}
	if status, here := in.Facts.Existing[c.ID]; here && f.OK() {
		r.status, r.flags = t.say(status), r.flags|intakeHere
	}
	if c.Parent != "" {
		r.parent, r.flags = t.key(string(c.Parent)), r.flags|intakeParent
		if status, here := in.Facts.Existing[c.Parent]; here {
			r.parentIs, r.flags = t.say(status), r.flags|parentHere
		}
	}
	in.rows = append(in.rows, r)
}

// packFindings and unpackFindings keep findings as one text.
func packFindings(findings []core.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		b.WriteByte('0' + byte(f.Level))
		for _, text := range []string{f.Text, f.Next, f.With} {
			b.WriteString(strings.ReplaceAll(text, "\x00", ""))
			b.WriteByte(0)
		}
	}
	return b.String()
}

func unpackFindings(s string) (out []core.Finding) {
	parts := strings.Split(s, "\x00")
	for ; len(parts) > 3; parts = parts[3:] {
		out = append(out, core.Finding{Level: core.Level(parts[0][0] - '0'), Text: parts[0][1:], Next: parts[1], With: parts[2]})
	}
	return out
}

// Len is how many records there are.
func (in *Intake) Len() int { return len(in.rows) }

// Chosen counts the records that can be imported.
func (in *Intake) Chosen() (n int) {
	for i := range in.rows {
		if in.rows[i].flags&intakeRefused == 0 {
			n++
		}
	}
	return n
}

// Check is what is to be said of record i.
func (in *Intake) Check(i int) IntakeCheck {
	r, t := &in.rows[i], &in.table
	c := IntakeCheck{Line: int(r.line), OK: r.flags&intakeOK != 0, Service: t.words[r.service]}
	c.Name, c.Size, c.Findings = t.texts.get(r.name), r.size, unpackFindings(t.texts.get(r.findings))
	if !c.OK {
		return c
	}
	c.ID, c.Fingerprint = core.BackupID(t.id(r.id)), t.texts.get(r.fingerprint)
	var k core.Kinship
	if r.flags&intakeParent != 0 {
		c.Parent = core.BackupID(t.id(r.parent))
		at, in1 := in.at[r.parent]
		k = core.Kinship{Here: r.flags&parentHere != 0, InPaste: in1, At: int(at), Refused: in1 && in.rows[at].flags&intakeRefused != 0}
		if k.Here {
			k.Status = t.words[r.parentIs]
		}
	}
	c.Relate(k)
	return c
}

// order are the records that can be imported, parents first.
func (in *Intake) order() []int32 {
	placed, out := make([]bool, len(in.rows)), make([]int32, 0, len(in.rows))
	var path []int32
	for i := range in.rows {
		path = path[:0]
		for j := int32(i); !placed[j] && in.rows[j].flags&intakeRefused == 0; {
			placed[j] = true
			path = append(path, j)
			p, ok := in.at[in.rows[j].parent]
			if !ok || in.rows[j].flags&intakeParent == 0 {
				break
			}
			j = p
		}
		slices.Reverse(path)
		out = append(out, path...)
	}
	return out
}

// again reads a record that is to be imported: it has to be the one that was shown, for
// files change. CodeConflict if it is not.
func (in *Intake) again(i int32) (core.Found, error) {
	f, err := in.records.Found(int(i))
	if err != nil {
		return f, err
	}
	r := &in.rows[i]
	if !f.OK() || f.Decoded.Fingerprint() != in.table.texts.get(r.fingerprint) || f.Record.Service != in.table.words[r.service] {
		return f, core.Fail(core.CodeConflict, "import", "its records are no longer what they were", "begin anew", f.Err)
	}
	return f, nil
}

// items are the records of an order as they are written, a batch at a time.
func (in *Intake) items(order []int32) iter.Seq2[[]core.ImportItem, error] {
	return func(yield func([]core.ImportItem, error) bool) {
		for some := range slices.Chunk(order, batchRows) {
			items := make([]core.ImportItem, 0, len(some))
			for _, i := range some {
				f, err := in.again(i)
				if err != nil {
					yield(nil, err)
					return
				}
				facts := in.Facts
				if r := &in.rows[i]; r.flags&intakeHere != 0 {
					facts.Existing = map[core.BackupID]string{f.Decoded.ID(): in.table.words[r.status]}
				}
				c := core.CheckRecord(f, facts, -1)
				c.GiveTo(in.owner)
				items = append(items, core.Items([]core.Check{c}, []int{0})...)
			}
			if !yield(items, nil) {
				return
			}
		}
	}
}

// Import imports the records that can be, parents first, and hands on what became of each:
// where all are written in one transaction, once that is done.
func (in *Intake) Import(ctx context.Context, each func(core.ImportResult)) error {
	info := in.d.Place.Info()
	bulk, ok := in.d.Place.(store.BulkImporter)
	if !ok || info.Kind == core.PlaceCloud || info.ReadOnly != "" {
		return in.importWhole(ctx, each)
	}
	order := in.order()
	if len(order) == 0 {
		return core.Fail(core.CodeRefused, "import", "none of the chosen records can be imported", "look at what is said of each", nil)
	}
	ids := make([]core.BackupID, len(order))
	for n, i := range order {
		ids[n] = core.BackupID(in.table.id(in.rows[i].id))
	}
	revived, err := in.d.importBulk(ctx, bulk, ids, in.items(order))
	if err != nil {
		return err
	}
	for n, i := range order {
		r := &in.rows[i]
		each(core.ImportResult{ID: core.BackupID(in.table.id(r.id)), Name: in.table.texts.get(r.name), Status: core.StatusAvailable,
			Revived: revived[n]})
	}
	return in.keep(context.WithoutCancel(ctx), order)
}

// importBulk imports items that come a batch at a time, in one transaction with its entry,
// and says of each whether its deleted row is used again. ids are those of the items.
func (d Desk) importBulk(ctx context.Context, bulk store.BulkImporter, ids []core.BackupID, items iter.Seq2[[]core.ImportItem, error]) (
	revived []bool, err error) {
	info := d.Place.Info()
	e := core.Entry{At: d.Now(), Who: d.Who, Place: info.Location, Kind: core.EntryImport, Backups: ids,
		Summary: "import of " + core.Count(len(ids), "backup")}
	revived = make([]bool, len(ids))
	do := func(e core.Entry) error {
		n := 0
		return bulk.ImportAll(ctx, func(yield func([]core.ImportItem, error) bool) {
			n = 0
			items(yield)
		}, e, func(r core.ImportResult) { revived[n] = r.Revived; n++ })
	}
	if info.Journals {
		return revived, do(e)
	}
	_, err = d.byIntent(ctx, e, func(a *account) error { return do(a.e) })
	return revived, err
}

// importWhole imports where each record is a request of its own.
func (in *Intake) importWhole(ctx context.Context, each func(core.ImportResult)) error {
	found, err := in.read(0, in.records.Len())
	if err != nil {
		return err
	}
	for i := range in.rows {
		if in.rows[i].flags&intakeRefused == 0 {
			if found[i], err = in.again(int32(i)); err != nil {
				return err
			}
		}
	}
	checks, _, err := in.d.Preflight(ctx, found)
	if err != nil {
		return err
	}
	var chosen []int
	for i := range checks {
		if checks[i].GiveTo(in.owner); in.rows[i].flags&intakeRefused == 0 {
			chosen = append(chosen, i)
		}
	}
	results, err := in.d.Import(ctx, checks, chosen)
	for _, r := range results {
		each(r)
	}
	return err
}

// keep keeps what was imported in the archive.
func (in *Intake) keep(ctx context.Context, order []int32) error {
	if !in.d.keeping() {
		return nil
	}
	for some := range slices.Chunk(order, batchRows) {
		records := make([]archive.KeptRecord, 0, len(some))
		for _, i := range some {
			f, err := in.again(i)
			if err != nil {
				return err
			}
			r := &in.rows[i]
			records = append(records, archive.KeptRecord{Place: in.d.location(), Backup: core.BackupID(in.table.id(r.id)), At: in.d.Now(),
				Direction: "import", Fingerprint: in.table.texts.get(r.fingerprint), Record: f.Record})
		}
		if err := in.d.Archive.KeepRecords(ctx, records); err != nil {
			return err
		}
	}
	return nil
}
