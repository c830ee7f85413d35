package storetest

import (
	"slices"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
)

func jsonText(v pyjson.Value) string { return pyjson.Text(v) }

// renamed is a state with another name.
func renamed(s core.State, name string) core.State {
	s = s.Clone()
	s.Name = pyjson.OfString(name)
	return s
}

func with(s core.State, change func(*core.State)) core.State {
	s = s.Clone()
	change(&s)
	return s
}

// changes are states that a volume can be brought to, by what is tried with each.
func changes(s core.State) map[string]core.State {
	texts := func(kv ...string) *pyjson.Object { return objectOf(pairs(kv...)) }
	return map[string]core.State{
		"nothing":       s.Clone(),
		"a name":        renamed(s, "'); DELETE FROM volumes;-- \x1b[31m 日本"),
		"no name":       with(s, func(s *core.State) { s.Name, s.Description = pyjson.None, pyjson.None }),
		"an empty name": with(s, func(s *core.State) { s.Name, s.Description = pyjson.OfString(""), pyjson.OfString("") }),
		"a key":         with(s, func(s *core.State) { s.EncryptionKeyID = pyjson.OfString("0f000000-0000-4000-8000-0000000000aa") }),
		"no key":        with(s, func(s *core.State) { s.EncryptionKeyID = pyjson.None }),
		"a type":        with(s, func(s *core.State) { s.VolumeTypeID = pyjson.OfString(LUKS) }),
		"bootable":      with(s, func(s *core.State) { s.Bootable = !s.Bootable }),
		"no metadata":   with(s, func(s *core.State) { s.Metadata = &pyjson.Object{} }),
		"null metadata": with(s, func(s *core.State) { s.Metadata = texts("tier", "\x00", "new", "\x00", "", "empty") }),
		"other metadata": with(s, func(s *core.State) {
			s.Metadata = texts("ключ", "значение", "a'b\"c", "\x1b[0m", "tier", "gold")
		}),
		"one of many alike": with(s, func(s *core.State) {
			s.Metadata = s.Metadata.Clone()
			s.Metadata.Delete("Role")
			s.Metadata.Set("role", pyjson.OfString("WEB"))
		}),
		"no image":         with(s, func(s *core.State) { s.Image = &pyjson.Object{} }),
		"another image":    with(s, func(s *core.State) { s.Image, s.Bootable = texts("os_type", "windows", "a", "None"), true }),
		"the same, turned": with(s, func(s *core.State) { s.Image = turned(s.Image) }),
		"everything": {
			Name:            pyjson.OfString("all new"),
			Description:     pyjson.OfString("line\nline"),
			EncryptionKeyID: pyjson.OfString("k"),
			VolumeTypeID:    pyjson.OfString(Usual),
			Bootable:        !s.Bootable,
			Metadata:        texts("one", "1"),
			Image:           texts("two", "2"),
		},
	}
}

func turned(o *pyjson.Object) *pyjson.Object {
	out := &pyjson.Object{}
	keys := o.Keys()
	slices.Reverse(keys)
	for _, k := range keys {
		v, _ := o.Get(k)
		out.Set(k, v)
	}
	return out
}

// entry is what a caller hands to Rewrite for the journal.
func entry(id core.VolumeID, before, after core.State) core.Entry {
	return core.Entry{At: Later, Who: "ada@here", Place: "somewhere", Kind: core.EntryApply, Volume: id, Backup: Full, Before: &before,
		After: &after, Summary: "a test"}
}

func rewriteOf(id core.VolumeID, before, after core.State) core.Rewrite {
	return core.Rewrite{Volume: id, Before: before, After: after, Entry: entry(id, before, after)}
}

// testRewrites brings volumes from state to state and reads back: what was to
// change has, the rest has not.
func testRewrites(t *testing.T, d Driver) {
	w := d.world()
	for _, id := range []core.VolumeID{Database, WebRoot, Nameless, Hostile, Encrypted} {
		was := w.volume(id)
		for name, after := range changes(was.State()) {
			p := d.standard(t)
			done, err := p.Rewrite(t.Context(), rewriteOf(id, was.State(), after))
			if err != nil || done.State != core.EntryDone || done.ID == 0 {
				t.Errorf("%s, %s: %v, entry %d %s", id, name, err, done.ID, done.State)
				continue
			}
			got, err := p.Volume(t.Context(), id)
			ok(t, err)
			if diff := got.State().Diff(after); len(diff) > 0 {
				t.Errorf("%s, %s: %v are not as they were to be", id, name, diff)
			}
			if !slices.Equal(got.Image.Keys(), after.Image.Keys()) {
				t.Errorf("%s, %s: image metadata in the order %v, want %v", id, name, got.Image.Keys(), after.Image.Keys())
			}
			if diff := difference(got, d.rewritten(w, was, after)); diff != "" {
				t.Errorf("%s, %s: %s", id, name, diff)
			}
			othersUntouched(t, p, w, id)
		}
	}
}

// rewritten is a volume after a rewrite, by Cinder's habits: a key that stays
// keeps its place, updated_at moves with the row's columns.
func (d Driver) rewritten(w World, v core.Volume, after core.State) core.Volume {
	before := v.State()
	opt := func(v pyjson.Value) core.Opt[string] { return core.Opt[string]{V: v.Text(), Set: !v.IsNull()} }
	v.Name, v.Description = opt(after.Name), opt(after.Description)
	v.EncryptionKeyID, v.VolumeTypeID = opt(after.EncryptionKeyID), opt(after.VolumeTypeID)
	v.Bootable, v.Image, v.Row, v.Metadata = after.Bootable, after.Image, v.Row.Clone(), &pyjson.Object{}
	v.VolumeType = core.Opt[string]{}
	for _, t := range w.Types {
		if v.VolumeTypeID.V == t.ID {
			v.VolumeType = core.Some(t.Name)
		}
	}
	for _, keys := range [][]string{before.Metadata.Keys(), after.Metadata.Keys()} {
		for _, k := range keys {
			if value, stays := after.Metadata.Get(k); stays {
				v.Metadata.Set(k, value)
			}
		}
	}
	touched := !slices.Equal(before.Image.Keys(), after.Image.Keys()) || !before.Image.Equal(after.Image)
	set := func(column string, was, is pyjson.Value) {
		if !was.Equal(is) {
			v.Row.Set(column, is)
			touched = true
		}
	}
	set("display_name", before.Name, after.Name)
	set("display_description", before.Description, after.Description)
	set("encryption_key_id", before.EncryptionKeyID, after.EncryptionKeyID)
	set("volume_type_id", before.VolumeTypeID, after.VolumeTypeID)
	set("bootable", pyjson.OfBool(before.Bootable), pyjson.OfBool(after.Bootable))
	if touched {
		v.UpdatedAt = core.Some(d.later())
		v.Row.Set("updated_at", pyjson.OfTime(d.later(), false))
	}
	return v
}

// othersUntouched: every volume but one, and every backup, is as it was made.
func othersUntouched(t *testing.T, p Place, w World, but core.VolumeID) {
	t.Helper()
	for _, want := range w.AllVolumes() {
		if want.ID == but || flagOf(want.Row, "deleted") {
			continue
		}
		got, err := p.Volume(t.Context(), want.ID)
		ok(t, err)
		if diff := difference(got, want); diff != "" {
			t.Errorf("volume %s changed too:%s", want.ID, diff)
		}
	}
	page, err := p.Backups(t.Context(), core.Query{})
	ok(t, err)
	if want := core.SelectBackups(w.listedBackups(), core.Query{}); page.Total != want.Total {
		t.Errorf("there are %d backups, want %d", page.Total, want.Total)
	}
}

// testConflicts: whatever of the state has changed meanwhile, nothing is written.
func testConflicts(t *testing.T, d Driver) {
	w := d.world()
	for _, id := range []core.VolumeID{Database, WebRoot} {
		was := w.volume(id)
		for name, believed := range changes(was.State()) {
			if name == "nothing" || was.State().Equal(believed) {
				continue
			}
			p := d.standard(t)
			_, err := p.Rewrite(t.Context(), rewriteOf(id, believed, renamed(was.State(), "never")))
			wantCode(t, name+" is not what it was", err, core.CodeConflict)
			othersUntouched(t, p, w, "")
			entries, err := p.Entries(t.Context(), "", 0)
			if err != nil || len(entries) > 0 {
				t.Errorf("%s: the journal tells of %d things that were not done, %v", name, len(entries), err)
			}
		}
	}
	p, s := d.standard(t), w.volume(Database)
	for _, id := range []core.VolumeID{Deleted, Purged, NoSuch, ""} {
		_, err := p.Rewrite(t.Context(), rewriteOf(id, s.State(), renamed(s.State(), "never")))
		wantCode(t, "rewrite of volume "+string(id), err, core.CodeNotFound)
	}
}

func testUndo(t *testing.T, d Driver) {
	w := d.world()
	was := w.volume(WebRoot)
	for name, after := range changes(was.State()) {
		p := d.standard(t)
		done, err := p.Rewrite(t.Context(), rewriteOf(WebRoot, was.State(), after))
		ok(t, err)
		back := rewriteOf(WebRoot, after, was.State())
		back.Entry.Kind, back.Entry.Of = core.EntryUndo, done.ID
		undone, err := p.Rewrite(t.Context(), back)
		if err != nil || undone.ID == done.ID || undone.State != core.EntryDone {
			t.Errorf("undo of %s: %v, entry %d %s", name, err, undone.ID, undone.State)
			continue
		}
		v, err := p.Volume(t.Context(), WebRoot)
		ok(t, err)
		if diff := v.State().Diff(was.State()); len(diff) > 0 {
			t.Errorf("undo of %s left %v changed", name, diff)
		}
		first, err := p.Entry(t.Context(), done.ID)
		if err != nil || first.State != core.EntryUndone {
			t.Errorf("after the undo of %s its entry is %s, %v", name, first.State, err)
		}
		// Once only: neither as the volume is now, nor as it would have to be.
		_, err = p.Rewrite(t.Context(), back)
		wantCode(t, "a second undo of "+name, err, core.CodeConflict)
		again := rewriteOf(WebRoot, was.State(), was.State())
		again.Entry.Kind, again.Entry.Of = core.EntryUndo, done.ID
		_, err = p.Rewrite(t.Context(), again)
		wantCode(t, "a third undo of "+name, err, core.CodeConflict)
		if entries, err := p.Entries(t.Context(), "", 0); err != nil || len(entries) != 2 {
			t.Errorf("the journal has %d entries, %v", len(entries), err)
		}
	}
	p := d.standard(t)
	of := rewriteOf(WebRoot, was.State(), was.State())
	of.Entry.Kind, of.Entry.Of = core.EntryUndo, 7
	_, err := p.Rewrite(t.Context(), of)
	wantCode(t, "undo of an entry that is not there", err, core.CodeConflict)
}

func testJournal(t *testing.T, d Driver) {
	p, w := d.standard(t), d.world()
	if entries, err := p.Entries(t.Context(), "", 0); err != nil || len(entries) > 0 {
		t.Errorf("a new journal has %d entries, %v", len(entries), err)
	}
	_, err := p.Entry(t.Context(), 1)
	wantCode(t, "an entry that is not there", err, core.CodeNotFound)
	was := w.volume(Database)
	state := was.State()
	var want []core.Entry
	for _, after := range []core.State{changes(state)["null metadata"], changes(state)["everything"], state} {
		e := entry(Database, state, after)
		e.At, e.Summary = Now.In(time.FixedZone("", 3600)).Add(123456789*time.Nanosecond), "größe \x1b[31m '--"
		done, err := p.Rewrite(t.Context(), core.Rewrite{Volume: Database, Before: state, After: after, Entry: e})
		ok(t, err)
		e.ID, e.State, e.At = done.ID, core.EntryDone, Now.Add(123456*time.Microsecond)
		want, state = append([]core.Entry{e}, want...), after
	}
	ids := []core.BackupID{"one", "'; two", "größe"}
	e := core.Entry{At: Now, Who: "ada@here", Place: "somewhere", Kind: core.EntryImport, Backups: ids, Summary: "import"}
	_, err = p.Import(t.Context(), nil, e)
	ok(t, err)
	e.ID, e.State = want[0].ID+1, core.EntryDone
	want = append([]core.Entry{e}, want...)
	for limit := range len(want) + 2 {
		got, err := p.Entries(t.Context(), "", limit)
		n := min(limit, len(want))
		if limit == 0 {
			n = len(want)
		}
		if err != nil || len(got) != n {
			t.Fatalf("%d entries were asked for and %d came, %v", limit, len(got), err)
		}
		for i := range got {
			sameEntry(t, got[i], want[i])
		}
	}
	for _, e := range want {
		got, err := p.Entry(t.Context(), e.ID)
		ok(t, err)
		sameEntry(t, got, e)
	}
}

// sameEntry compares entries as JSON and as they are undone.
func sameEntry(t *testing.T, got, want core.Entry) {
	t.Helper()
	if g, w := jsonText(pyjson.OfDict(got.Object())), jsonText(pyjson.OfDict(want.Object())); g != w {
		t.Errorf("the entry is\n%s, want\n%s", g, w)
	}
	for _, s := range [][2]*core.State{{got.Before, want.Before}, {got.After, want.After}} {
		if (s[0] == nil) != (s[1] == nil) || s[0] != nil && !s[0].Equal(*s[1]) {
			t.Errorf("entry %d has another state: %+v, want %+v", got.ID, s[0], s[1])
		}
	}
	if !got.At.Equal(want.At) {
		t.Errorf("entry %d is of %s, want %s", got.ID, got.At, want.At)
	}
}

func testCaptures(t *testing.T, d Driver) {
	p, w := d.standard(t), d.world()
	read := func(volume core.VolumeID, backup core.BackupID) []core.KeptCapture {
		t.Helper()
		got, err := p.Captures(t.Context(), p.Info().Location, volume, backup)
		ok(t, err)
		return got
	}
	all := read(Database, "")
	if len(all) != 3 || all[0].BackupID != Second || all[1].BackupID != First || all[2].BackupID != Full {
		t.Fatalf("the captures of the volume are %v, want the newest first", all)
	}
	for _, want := range w.Captures {
		got := read("", want.BackupID)
		if len(got) != 1 {
			t.Fatalf("backup %s has %d captures", want.BackupID, len(got))
		}
		k := got[0]
		if k.ID == 0 || k.VolumeID != want.VolumeID || !k.At.Equal(want.At) || k.Capture.Text != want.Capture.Text ||
			k.Capture.Source.String() != want.Capture.Source.String() ||
			k.Capture.VolumeID != want.VolumeID || k.Capture.BackupID != want.BackupID || !k.Capture.Doc.Equal(want.Capture.Doc) {
			t.Errorf("the capture of %s came back as %+v", want.BackupID, k)
		}
	}
	if got := read(WebRoot, ""); len(got) > 0 {
		t.Errorf("another volume has %d of them", len(got))
	}
	if got := read(Database, NoSuch); len(got) > 0 {
		t.Errorf("another backup has %d of them", len(got))
	}
	// It does not parse, and is kept as it is.
	odd := core.ReadCapture("{\"version\": 2, \"x\": \"\\ud800 größe\"", core.Source{Kind: core.SourceTaken})
	odd.Unseen = core.NewFieldSet("host", "provider_auth")
	keep := func(backup core.BackupID, at time.Time, c core.Capture) int64 {
		t.Helper()
		id, err := p.KeepCapture(t.Context(), core.KeptCapture{Place: p.Info().Location, VolumeID: WebRoot, BackupID: backup, At: at, Capture: c})
		ok(t, err)
		return id
	}
	first := keep("", Now, odd)
	if again := keep("", Later, odd); again != first {
		t.Errorf("the same text was kept twice, as %d and %d", first, again)
	}
	if other := keep(Tagged, Later, odd); other == first {
		t.Error("the same text of another backup was not kept")
	}
	changed := odd
	changed.Text += " "
	third := keep("", Now, changed) // a clock that was set back: it is the newer all the same
	got := read(WebRoot, "")
	if len(got) != 3 || got[0].ID != third || got[1].BackupID != Tagged || got[2].ID != first {
		t.Fatalf("there are %d captures: %+v", len(got), got)
	}
	k := got[2].Capture
	if k.Text != odd.Text || k.Err == nil || !k.Unseen.Has("host") || !k.Unseen.Has("provider_auth") || len(k.Unseen) != 2 ||
		k.Source.At.Set || k.VolumeID != WebRoot {
		t.Errorf("an odd capture came back as %+v", k)
	}
}

// importItems are records as a preflight makes them ready, all different.
func (d Driver) importItems(t *testing.T, n int) []core.ImportItem {
	t.Helper()
	var out []core.ImportItem
	for i := range n {
		b := d.world().backup(Tagged)
		b.ID = core.BackupID("0c000000-0000-4000-8000-00000000000" + string(rune('a'+i)))
		if i > 0 {
			b.ParentID = out[i-1].ID
		}
		out = append(out, itemOf(t, b))
	}
	return out
}

// itemOf is the item that a preflight makes of an exported backup.
func itemOf(t *testing.T, b core.Backup) core.ImportItem {
	t.Helper()
	b.Unseen = nil
	r, err := core.ExportRecord(&b)
	ok(t, err)
	checks := core.Preflight(core.FindRecords(string(pasteOf(r))), core.ImportFacts{Existing: map[core.BackupID]string{}})
	items := core.Items(checks, []int{0})
	if len(items) != 1 {
		t.Fatalf("the record of %s is not ready to import: %+v", b.ID, checks)
	}
	return items[0]
}

// pasteOf is a record as the API writes it.
func pasteOf(r core.Record) []byte {
	o := &pyjson.Object{}
	o.Set("backup-record", pyjson.OfDict(r.Object()))
	return []byte(jsonText(pyjson.OfDict(o)))
}

// imported is the backup that importing an item of b makes.
func (d Driver) imported(b core.Backup) core.Backup {
	b.Status, b.Deleted, b.DeletedAt, b.FailReason = core.StatusAvailable, false, core.Opt[time.Time]{}, core.Opt[string]{}
	b.Incremental = b.ParentID != ""
	b.UpdatedAt = core.Some(d.later())
	for _, at := range []*core.Opt[time.Time]{&b.CreatedAt, &b.DataTimestamp} {
		at.V = at.V.Truncate(time.Second) // a record has whole seconds
	}
	return b
}

func testImports(t *testing.T, d Driver) {
	w := d.world()
	t.Run("new ids", func(t *testing.T) { testNewIDs(t, d, w) })
	for _, id := range []core.BackupID{Removed, HalfGone} {
		t.Run("revive "+string(id), func(t *testing.T) { testRevival(t, d, w, id) })
	}
	for _, id := range []core.BackupID{Full, FlagGone, Broken} {
		t.Run("conflict "+string(id), func(t *testing.T) { testImportConflict(t, d, w, id) })
	}
	t.Run("the same twice", func(t *testing.T) {
		p := d.standard(t)
		items := d.importItems(t, 1)
		_, err := p.Import(t.Context(), append(items, items...), core.Entry{At: Now, Kind: core.EntryImport})
		wantCode(t, "one id twice", err, core.CodeConflict)
		othersUntouched(t, p, w, "")
	})
}

func testNewIDs(t *testing.T, d Driver, w World) {
	p := d.standard(t)
	items := d.importItems(t, 3)
	results, err := p.Import(t.Context(), items, core.Entry{At: Now, Kind: core.EntryImport, Backups: []core.BackupID{items[0].ID}})
	ok(t, err)
	for i, it := range items {
		if r := results[i]; r.ID != it.ID || r.Name != it.Name || r.Status != core.StatusAvailable || r.Revived || r.Err != nil {
			t.Errorf("the result of %s is %+v", it.ID, r)
		}
		want := w.backup(Tagged)
		want.ID = it.ID
		if i > 0 {
			want.ParentID = items[i-1].ID
		}
		got, err := p.Backup(t.Context(), it.ID)
		ok(t, err)
		if diff := difference(got, d.imported(want)); diff != "" {
			t.Errorf("%s was imported otherwise:%s", it.ID, diff)
		}
	}
	entries, err := p.Entries(t.Context(), "", 0)
	if err != nil || len(entries) != 1 || entries[0].Kind != core.EntryImport || entries[0].State != core.EntryDone {
		t.Errorf("the journal says %+v, %v", entries, err)
	}
}

// testRevival imports what was deleted.
func testRevival(t *testing.T, d Driver, w World, id core.BackupID) {
	p := d.standard(t)
	b := w.backup(id)
	b.Metadata = objectOf(pairs("again", "yes", "größe", ""))
	item := itemOf(t, b)
	results, err := p.Import(t.Context(), []core.ImportItem{item}, core.Entry{At: Now, Kind: core.EntryImport})
	if err != nil || len(results) != 1 || !results[0].Revived {
		t.Fatalf("%+v, %v", results, err)
	}
	got, err := p.Backup(t.Context(), id)
	ok(t, err)
	if diff := difference(got, d.imported(b)); diff != "" {
		t.Errorf("it was imported otherwise:%s", diff)
	}
}

// testImportConflict imports what is here: nothing of the paste is written.
func testImportConflict(t *testing.T, d Driver, w World, id core.BackupID) {
	p := d.standard(t)
	b := w.backup(Tagged)
	b.ID = id
	items := append(d.importItems(t, 2), itemOf(t, b))
	results, err := p.Import(t.Context(), items, core.Entry{At: Now, Kind: core.EntryImport})
	wantCode(t, "import of what is here", err, core.CodeConflict)
	if len(results) > 0 {
		t.Errorf("there are results: %+v", results)
	}
	for _, it := range items[:2] {
		_, err := p.Backup(t.Context(), it.ID)
		wantCode(t, "what stood before it in the paste", err, core.CodeNotFound)
	}
	othersUntouched(t, p, w, "")
	if entries, err := p.Entries(t.Context(), "", 0); err != nil || len(entries) > 0 {
		t.Errorf("the journal tells of it: %+v, %v", entries, err)
	}
}
