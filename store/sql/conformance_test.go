package sql_test

import (
	"bufio"
	dbsql "database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/sql"
	"hearth/store/storetest"
)

// cases are those of Cinder's own answers that a database's rows can hold: captures and
// restores of today (testdata/conformance). What a row cannot hold at all, such as lone
// surrogates and Python's objects, is left out.
func cases(t *testing.T, fn func(id, kind string, input, expected *pyjson.Object)) {
	t.Helper()
	files, err := filepath.Glob("../../testdata/conformance/*.jsonl")
	ok(t, err)
	for _, name := range files {
		f, err := os.Open(name)
		ok(t, err)
		defer f.Close()
		in := bufio.NewScanner(f)
		in.Buffer(nil, 64<<20)
		for in.Scan() {
			line := in.Text()
			doc, err := pyjson.Parse2(line)
			ok(t, err)
			c := doc.Object()
			kind := at(c, "kind").Text()
			if at(c, "era").Text() != "current" || kind != "capture" && kind != "restore" || strings.Contains(line, `{"$str"`) ||
				strings.Contains(line, `{"$bytes"`) || strings.Contains(line, `{"$uuid"`) || strings.Contains(line, `{"$unserializable"`) ||
				strings.Contains(line, `{"$float"`) {
				continue
			}
			fn(at(c, "id").Text(), kind, at(c, "input").Object(), at(c, "expected").Object())
		}
		ok(t, in.Err())
	}
}

func at(o *pyjson.Object, key string) pyjson.Value { v, _ := o.Get(key); return v }

// plain is a value of the cases as it is meant.
func plain(v pyjson.Value) pyjson.Value {
	if v.Kind() != pyjson.Dict {
		return v
	}
	out := &pyjson.Object{}
	for key, x := range v.Object().All() {
		if key == "$datetime" {
			for _, layout := range []string{"2006-01-02T15:04:05.999999", time.RFC3339Nano} {
				if made, err := time.Parse(layout, x.Text()); err == nil {
					return pyjson.OfTime(made, false)
				}
			}
		}
		if key == "$pairs" {
			for _, p := range x.Items() {
				out.Set(p.Items()[0].Text(), plain(p.Items()[1]))
			}
			continue
		}
		out.Set(key, plain(x))
	}
	return pyjson.OfDict(out)
}

// rowsFrom is a database that the cases' volumes are put into.
type rowsFrom struct {
	place  store.Place
	db     *dbsql.DB
	prefix string
	quote  string
	mark   func(n int) string
	cuts   bool // it cuts blanks off that are too many, and says nothing (SQL has it so)
}

// tooLong reports whether a text has more characters than a column of 255 holds.
func tooLong(v pyjson.Value) bool { return v.Kind() == pyjson.String && pyjson.Len(v.Text()) > 255 }

// put writes a volume as Cinder's rows have it; an error says that they cannot hold it.
func (r rowsFrom) put(id core.VolumeID, columns *pyjson.Object, user, image []core.Pair) error {
	for _, p := range user {
		if r.cuts && (tooLong(pyjson.OfString(p.Key)) || tooLong(p.Value)) {
			return fmt.Errorf("too long")
		}
	}
	tx, err := r.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	insert := func(table string, names []string, args ...any) error {
		marks := make([]string, len(args))
		for i := range args {
			marks[i] = r.mark(i + 1)
		}
		_, err := tx.Exec("INSERT INTO "+r.prefix+table+" ("+r.quote+strings.Join(names, r.quote+", "+r.quote)+r.quote+") VALUES ("+
			strings.Join(marks, ", ")+")", args...)
		return err
	}
	names, args := []string{"id", "deleted"}, []any{string(id), false}
	for name, v := range columns.All() {
		names, args = append(names, name), append(args, bind(v))
	}
	if err := insert("volumes", names, args...); err != nil {
		return err
	}
	for table, pairs := range map[string][]core.Pair{"volume_metadata": user, "volume_glance_metadata": image} {
		for _, p := range pairs {
			if err := insert(table, []string{"volume_id", "key", "value", "deleted"}, string(id), p.Key, bind(p.Value), false); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}

func pairsOf(o *pyjson.Object) (out []core.Pair) {
	for key, v := range o.All() {
		out = append(out, core.Pair{Key: key, Value: v})
	}
	return out
}

// textColumns are columns of volumes that hold any text.
var textColumns = core.NewFieldSet("display_name", "display_description", "user_id", "project_id", "host", "availability_zone", "status",
	"attach_status", "migration_status", "provider_location", "provider_auth", "provider_geometry", "previous_status", "ec2_id",
	"cluster_name", "replication_status", "replication_driver_data", "snapshot_id", "source_volid", "encryption_key_id", "volume_type_id")

// storable are the columns of a case's volume that a row has, with values of their kind.
func storable(base *pyjson.Object) *pyjson.Object {
	out := &pyjson.Object{}
	for name, v := range base.All() {
		switch name {
		case "created_at", "updated_at", "scheduled_at", "launched_at":
			if v.Kind() == pyjson.Time || v.IsNull() {
				out.Set(name, v)
			}
		case "bootable", "multiattach":
			if v.Kind() == pyjson.Bool {
				out.Set(name, v)
			}
		case "size":
			if n, fits := v.Int64(); fits && v.Kind() == pyjson.Int && n > 0 && n < 1<<31 {
				out.Set(name, v)
			}
		default:
			if textColumns.Has(name) && (v.Kind() == pyjson.String || v.IsNull()) {
				out.Set(name, v)
			}
		}
	}
	for name, usual := range map[string]pyjson.Value{"status": pyjson.OfString("available"), "size": pyjson.OfInt(1)} {
		if !out.Has(name) {
			out.Set(name, usual)
		}
	}
	return out
}

// conform holds what hearth makes of a database's rows to Cinder's own answers: captures of
// them, and what a restore leaves in them.
// Of the cases it takes each that comes every so often, and so many must be compared.
func conform(t *testing.T, r rowsFrom, every, least int) {
	counts := map[string]int{}
	n := 0
	cases(t, func(id, kind string, input, expected *pyjson.Object) {
		n++
		volume := core.VolumeID(fmt.Sprintf("c0000000-0000-4000-8000-%012d", n))
		if n%every > 0 || !at(expected, "error").IsNull() {
			return // the rules of errors are core's, whatever the rows are in
		}
		var err error
		if kind == "capture" {
			err = r.capture(t, id, volume, input, expected)
		} else {
			err = r.restore(t, id, volume, input, expected)
		}
		if err != nil {
			counts["not held"]++
			return
		}
		counts[kind]++
	})
	t.Logf("%d captures and %d restores agree with Cinder's; %d cases do not fit into such rows",
		counts["capture"], counts["restore"], counts["not held"])
	if counts["capture"] < least || counts["restore"] < least {
		t.Errorf("only %v were compared", counts)
	}
}

func (r rowsFrom) capture(t *testing.T, id string, volume core.VolumeID, input, expected *pyjson.Object) error {
	given := plain(at(input, "volume")).Object()
	base := storable(given)
	base.Delete("id")
	var image []core.Pair
	for _, p := range at(input, "glance").Items() {
		if p.Items()[1].Kind() != pyjson.String {
			return fmt.Errorf("no text")
		}
		image = append(image, core.Pair{Key: p.Items()[0].Text(), Value: p.Items()[1]})
	}
	user := plain(at(input, "metadata")).Object()
	for _, v := range user.All() {
		if v.Kind() != pyjson.String && !v.IsNull() {
			return fmt.Errorf("no text")
		}
	}
	if err := r.put(volume, base, pairsOf(user), image); err != nil {
		return err
	}
	v, err := r.place.Volume(t.Context(), volume)
	ok(t, err)
	version, _ := at(input, "version").Int64()
	c, err := core.CaptureOf(&v, int(version), core.Source{Kind: core.SourceNow})
	ok(t, err)
	want := plain(at(expected, "container")).Object()
	for _, s := range []core.Section{core.UserSection, core.ImageSection} {
		if got, want := c.Section(s), at(want, string(s)).Object(); !got.Equal(want) {
			t.Errorf("%s: %s is\n%s, Cinder's is\n%s", id, s, pyjson.Text(pyjson.OfDict(got)), pyjson.Text(pyjson.OfDict(want)))
		}
	}
	wanted := at(want, string(core.BaseSection)).Object()
	for name := range base.All() {
		if !given.Has(name) || !at(given, name).Equal(at(base, name)) {
			continue
		}
		if of, there := wanted.Get(name); there && !at(c.Section(core.BaseSection), name).Equal(of) {
			t.Errorf("%s: %s is %s, Cinder captures %s", id, name, pyjson.Text(at(c.Section(core.BaseSection), name)), pyjson.Text(of))
		}
	}
	return nil
}

func stateIn(v pyjson.Value) core.State {
	o := plain(v).Object()
	return core.State{Name: at(o, "display_name"), Description: at(o, "display_description"), EncryptionKeyID: at(o, "encryption_key_id"),
		VolumeTypeID: at(o, "volume_type_id"), Bootable: at(o, "bootable").Bool(), Metadata: at(o, "metadata").Object(),
		Image: at(o, "glance").Object()}
}

func (r rowsFrom) restore(t *testing.T, id string, volume core.VolumeID, input, expected *pyjson.Object) error {
	before := stateIn(at(input, "before"))
	row := plain(at(input, "before")).Object().Clone()
	row.Delete("metadata")
	row.Delete("glance")
	if err := r.put(volume, storable(row), pairsOf(before.Metadata), pairsOf(before.Image)); err != nil {
		return err
	}
	v, err := r.place.Volume(t.Context(), volume)
	ok(t, err)
	if diff := v.State().Diff(before); len(diff) > 0 {
		t.Errorf("%s: the row is read as another: %q", id, diff)
	}
	in := core.PlanInput{Target: core.Target{Kind: core.TargetExisting, Volume: &v}, Rules: core.Newton, Layers: core.LayersAll,
		VolumeTypes: []string{}}
	for _, typ := range at(input, "volume_types").Items() {
		in.VolumeTypes = append(in.VolumeTypes, typ.Text())
	}
	for _, c := range at(input, "containers").Items() {
		in.Captures = append(in.Captures, core.ReadCapture(c.Text(), core.Source{Kind: core.SourceRepository}))
	}
	p := core.NewPlan(in)
	if p.Error != nil || p.Certainty != core.Certain {
		t.Errorf("%s: the plan is %s, %v", id, p.Certainty, p.Error)
	}
	for key, v := range p.After.Metadata.All() {
		if r.cuts && (tooLong(pyjson.OfString(key)) || tooLong(v)) {
			return fmt.Errorf("too long")
		}
	}
	if at(expected, "db_coercion").Bool() {
		return fmt.Errorf("what it keeps of numbers is its own")
	}
	if _, err := r.place.(store.Writer).Rewrite(t.Context(), core.Rewrite{Volume: volume, Before: p.Before, After: p.After}); err != nil {
		return err
	}
	v, err = r.place.Volume(t.Context(), volume)
	ok(t, err)
	if diff := v.State().Diff(stateIn(at(expected, "after"))); len(diff) > 0 {
		t.Errorf("%s: Cinder's restore leaves another %q", id, diff)
	}
	return nil
}

// TestConformance runs some of Cinder's own answers through the rows of a SQLite file.
func TestConformance(t *testing.T) { conformFile(t, 4, 12) }

func conformFile(t *testing.T, every, least int) {
	path := theirFile(t, storetest.World{})
	p := open(t, path, sql.Options{Write: true})
	defer p.Close()
	conform(t, rowsFrom{place: p, db: raw(t, path), quote: `"`, mark: func(int) string { return "?" }}, every, least)
}

// TestRealConformance runs all of them through SQLite, MariaDB and PostgreSQL.
func TestRealConformance(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		if os.Getenv("HEARTH_TEST_MYSQL") == "" && os.Getenv("HEARTH_TEST_POSTGRES") == "" {
			t.Skip("it is compared beside the servers, and neither is named: TestConformance takes some of the cases")
		}
		conformFile(t, 1, 50)
	})
	servers(t, func(t *testing.T, s *realServer) {
		d := s.make(t, true)
		for _, id := range []string{"type-luks", "type-plain", "9fe1cb2e-0000-4000-8000-000000000001"} {
			d.exec(t, "INSERT INTO "+d.name+".volume_types (id, name, deleted) VALUES ('"+id+"', '"+id+"', FALSE)")
		}
		p := d.open(t, sql.Options{Write: true})
		defer p.Close()
		r := rowsFrom{place: p, cuts: true, db: d.admin, prefix: d.name + ".", quote: `"`,
			mark: func(n int) string { return fmt.Sprintf("$%d", n) }}
		if d.scheme == "mysql" {
			r.quote, r.mark = "`", func(int) string { return "?" }
		}
		conform(t, r, 1, 40)
	})
}
