package core

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"hearth/core/pyjson"
	"hearth/store/storetest/race"
)

// The cases in testdata/conformance are Cinder's own answers; README.md there
// tells their form. HEARTH_CONFORMANCE names one more file of them, and
// HEARTH_CONFORMANCE_RELEASE the Cinder that answered those: 26. Without it, and
// where a name of ours does not end in one (public-26.jsonl), that is 21.

// oneCase is one line of such a file.
type oneCase struct {
	id, kind, mode string
	era            Era
	release        Release // that answered
	input          *pyjson.Object
	expected       *pyjson.Object
}

func TestConformance(t *testing.T) {
	race.Once(t)
	files, _ := filepath.Glob("../testdata/conformance/*.jsonl")
	if len(files) == 0 {
		t.Fatal("no cases in testdata/conformance")
	}
	releases := map[string]Release{}
	for _, file := range files {
		releases[file] = releaseOfFile(t, file)
	}
	if extra := os.Getenv("HEARTH_CONFORMANCE"); extra != "" {
		files = append(files, extra)
		releases[extra] = namedRelease(t, os.Getenv("HEARTH_CONFORMANCE_RELEASE"))
	}
	check := map[string]func(*oneCase) error{
		"capture": checkCapture, "restore": checkRestore, "encode": checkEncode,
		"decode": checkDecode, "import": checkImport,
	}
	counts := map[string]int{}
	total, wrong := 0, 0
	for _, file := range files {
		for c := range casesOf(t, file, releases[file]) {
			fn, ok := check[c.kind]
			if !ok {
				t.Fatalf("%s: case %s is of kind %s, which nothing checks", file, c.id, c.kind)
			}
			total++
			counts[c.kind+" "+eraName(c)]++
			if err := fn(c); err != nil {
				wrong++
				t.Errorf("%s %s %s %s: %v", c.id, c.kind, eraName(c), c.mode, err)
			}
		}
	}
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Printf("conformance: %5d %s\n", counts[name], name)
	}
	fmt.Printf("conformance: %5d cases compared, %d differences\n", total, wrong)
}

func eraName(c *oneCase) string {
	if c.era == Y2014 {
		return "2014 (icehouse)"
	}
	return "current (newton), Cinder " + strconv.Itoa(c.release.Major)
}

// fileRelease is the release in the name of a file of cases.
var fileRelease = regexp.MustCompile(`-(\d\d)\.jsonl$`)

func releaseOfFile(t *testing.T, file string) Release {
	if m := fileRelease.FindStringSubmatch(file); m != nil {
		return namedRelease(t, m[1])
	}
	return namedRelease(t, "")
}

// namedRelease is a release by its number; "" is Zed, by which the rules were written.
func namedRelease(t *testing.T, text string) Release {
	t.Helper()
	if text == "" {
		text = "21"
	}
	r, _, ok := parseRelease(text)
	if !ok {
		t.Fatalf("%q is no release of Cinder: write 26", text)
	}
	return r
}

func casesOf(t *testing.T, file string, release Release) func(yield func(*oneCase) bool) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(*oneCase) bool) {
		defer f.Close()
		in := bufio.NewScanner(f)
		in.Buffer(nil, 64<<20)
		for n := 1; in.Scan(); n++ {
			doc, err := pyjson.Parse2(in.Text()) // Parse2: integers of any length
			if err != nil {
				t.Fatalf("%s, line %d: %v", file, n, err)
			}
			o := doc.Object()
			c := &oneCase{
				id:       text(o, "id"),
				kind:     text(o, "kind"),
				mode:     text(o, "mode"),
				input:    object(o, "input"),
				expected: object(o, "expected"),
			}
			c.release, c.era = release, EraOf(release)
			if text(o, "era") == "2014" {
				c.era = Y2014
			}
			if !yield(c) {
				return
			}
		}
		if err := in.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func text(o *pyjson.Object, key string) string { v, _ := o.Get(key); return v.Text() }
func object(o *pyjson.Object, key string) *pyjson.Object {
	v, _ := o.Get(key)
	return v.Object()
}
func get(o *pyjson.Object, key string) pyjson.Value { v, _ := o.Get(key); return v }

// python turns the forms of the case format into the values they stand for.
func python(v pyjson.Value) pyjson.Value {
	switch v.Kind() {
	case pyjson.List:
		items := []pyjson.Value{}
		for _, item := range v.Items() {
			items = append(items, python(item))
		}
		return pyjson.OfList(items)
	case pyjson.Dict:
	default:
		return v
	}
	o := v.Object()
	if o.Len() == 1 {
		key := o.Keys()[0]
		arg := get(o, key)
		switch key {
		case "$datetime":
			return datetime(arg.Text())
		case "$float":
			f, _ := pyjson.Parse(arg.Text())
			return f
		case "$str":
			s, err := pyjson.Parse(`"` + arg.Text() + `"`)
			if err != nil {
				panic(err)
			}
			return s
		case "$pairs":
			out := &pyjson.Object{}
			for _, p := range arg.Items() {
				out.Set(python(p.Items()[0]).Text(), python(p.Items()[1]))
			}
			return pyjson.OfDict(out)
		case "$bytes":
			b, _ := base64.StdEncoding.DecodeString(arg.Text())
			return pyjson.OfBytes(string(b))
		case "$uuid":
			return pyjson.OfUUID(arg.Text())
		case "$unserializable":
			if strings.HasSuffix(arg.Text(), "tuple-keys") {
				return pyjson.OfUnkeyed()
			}
			if arg.Text() == "date" {
				return pyjson.OfDate(2020, time.January, 2)
			}
			if arg.Text() == "decimal" {
				return pyjson.OfDecimal("1.5")
			}
			return pyjson.OfOpaque(arg.Text())
		}
	}
	out := &pyjson.Object{}
	for k, item := range o.All() {
		out.Set(k, python(item))
	}
	return pyjson.OfDict(out)
}

func datetime(s string) pyjson.Value {
	for _, layout := range []string{"2006-01-02T15:04:05.999999Z07:00", "2006-01-02T15:04:05.999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return pyjson.OfTime(t, strings.HasSuffix(layout, "Z07:00"))
		}
	}
	panic("datetime " + s)
}

func checkCapture(c *oneCase) error {
	in := Content{User: python(get(c.input, "metadata")).Object()}
	if v := python(get(c.input, "volume")); v.Kind() == pyjson.Dict {
		in.Base = v.Object()
	}
	for _, p := range get(c.input, "glance").Items() {
		in.Image = append(in.Image, Pair{python(p.Items()[0]).Text(), python(p.Items()[1])})
	}
	version, _ := get(c.input, "version").Int64()
	got, err := TakeCapture(in, int(version), c.era)
	if want := get(c.expected, "error"); !want.IsNull() {
		var e *CaptureError
		if err == nil || !asError(err, &e) {
			return fmt.Errorf("error %v, want %s", err, pyjson.Text(want))
		}
		if kind := e.Kind(); string(kind) != text(want.Object(), "kind") || string(e.Section) != text(want.Object(), "section") {
			return fmt.Errorf("error %s in %s, want %s", kind, e.Section, pyjson.Text(want))
		}
		return nil
	}
	if err != nil {
		return err
	}
	var excluded []string
	for _, x := range got.Excluded {
		excluded = append(excluded, x.Field)
	}
	var wantExcluded []string
	for _, v := range get(c.expected, "excluded").Items() {
		wantExcluded = append(wantExcluded, python(v).Text())
	}
	if !slices.Equal(excluded, wantExcluded) {
		return fmt.Errorf("left out %q, want %q", excluded, wantExcluded)
	}
	if want := get(c.expected, "text"); !want.IsNull() && want.Text() != got.Text {
		return fmt.Errorf("text\n%s\nwant\n%s", got.Text, want.Text())
	}
	doc, err := pyjson.Parse2(got.Text)
	if want := python(get(c.expected, "container")); err != nil || !doc.Equal(want) {
		return fmt.Errorf("content %s, %v\nwant %s", pyjson.Text(doc), err, pyjson.Text(want))
	}
	return nil
}

func stateOf(v pyjson.Value) State {
	o := python(v).Object()
	return State{Name: get(o, "display_name"), Description: get(o, "display_description"),
		EncryptionKeyID: get(o, "encryption_key_id"), VolumeTypeID: get(o, "volume_type_id"),
		Bootable: get(o, "bootable").Bool(), Metadata: object(o, "metadata"), Image: object(o, "glance")}
}

func checkRestore(c *oneCase) error {
	rules := Newton
	if c.era == Y2014 {
		rules = Icehouse
	}
	var types []string
	for _, v := range get(c.input, "volume_types").Items() {
		types = append(types, python(v).Text())
	}
	before := stateOf(get(c.input, "before"))
	var captures []Capture
	for _, v := range get(c.input, "containers").Items() {
		captures = append(captures, ReadCapture(v.Text(), Source{Kind: SourceFile}))
	}
	volume := volumeOf(before)
	p := NewPlan(PlanInput{
		Target:      Target{Kind: TargetExisting, Volume: volume},
		Captures:    captures,
		Rules:       rules,
		Layers:      LayersAll,
		VolumeTypes: append([]string{}, types...),
	})

	want := get(c.expected, "error")
	if (p.Error == nil) != want.IsNull() {
		return fmt.Errorf("error %v, want %s", p.Error, pyjson.Text(want))
	}
	if p.Error != nil {
		if err := sameError(&p.Error.CinderError, want); err != nil {
			return err
		}
		if layer, ok := want.Object().Get("container"); ok && pyjson.Text(layer) != fmt.Sprint(p.Error.Layer) {
			return fmt.Errorf("stops in capture %d, want %s", p.Error.Layer, pyjson.Text(layer))
		}
	}
	var ops []pyjson.Value
	for _, s := range p.Steps {
		ops = append(ops, pyjson.OfDict(s.Object()))
	}
	if got, want := pyjson.OfList(ops), get(c.expected, "ops"); !sameOps(got, want) {
		return fmt.Errorf("steps\n%s\nwant\n%s", pyjson.Text(got), pyjson.Text(want))
	}
	coercion := get(c.expected, "db_coercion").Bool()
	if !coercion {
		if want := stateOf(get(c.expected, "after")); !p.After.Equal(want) {
			return fmt.Errorf("after %s\nwant  %s", pyjson.Text(pyjson.OfDict(p.After.Object())), pyjson.Text(get(c.expected, "after")))
		}
	}
	if p.Coerced && !coercion {
		return fmt.Errorf("told of a number in a text column, where there is none")
	}
	return explained(p)
}

// volumeOf makes a volume in the state.
func volumeOf(s State) *Volume {
	opt := func(v pyjson.Value) Opt[string] { return Opt[string]{V: v.Text(), Set: !v.IsNull()} }
	return &Volume{ID: "volume", Name: opt(s.Name), Description: opt(s.Description), EncryptionKeyID: opt(s.EncryptionKeyID),
		VolumeTypeID: opt(s.VolumeTypeID), Bootable: s.Bootable, Metadata: s.Metadata, Image: s.Image, Row: &pyjson.Object{}}
}

func sameError(got *CinderError, want pyjson.Value) error {
	o := want.Object()
	if string(got.Kind) != text(o, "kind") {
		return fmt.Errorf("error %s (%s), want %s", got.Kind, got, pyjson.Text(want))
	}
	if msg := python(get(o, "message")).Text(); get(o, "message_exact").Bool() && got.Message != msg {
		return fmt.Errorf("message %q, want %q", got.Message, msg)
	}
	return nil
}

// sameOps compares steps as the format's README says: not the order of keys
// inside a section, and so not that of the image metadata that is created.
func sameOps(got, want pyjson.Value) bool {
	g, w := got.Items(), want.Items()
	if len(g) != len(w) {
		return false
	}
	for i := range g {
		if !python(g[i]).Equal(python(w[i])) {
			return false
		}
	}
	return true
}

// explained checks that a plan's fields agree with its states: a reader of the
// table must come to the same end as Cinder.
func explained(p *Plan) error {
	for _, f := range p.Fields {
		if f.Why == "" {
			return fmt.Errorf("%s %s: no reason given", f.Section, f.Name)
		}
		if f.Verdict == VerdictNotRestored {
			continue
		}
		before, after := fieldIn(p.Before, f), fieldIn(p.After, f)
		same := before.Set == after.Set && before.V.Equal(after.V)
		if f.Verdict.Changes() == same && f.Verdict != VerdictRefused {
			return fmt.Errorf("%s %s: %q, but before and after say otherwise", f.Section, f.Name, f.Verdict)
		}
		if f.Before.Set != before.Set || f.After.Set != after.Set || !f.Before.V.Equal(before.V) || !f.After.V.Equal(after.V) {
			return fmt.Errorf("%s %s: the field's before and after are not the plan's", f.Section, f.Name)
		}
	}
	for _, diff := range p.Before.Diff(p.After) {
		found := false
		for _, f := range p.Fields {
			name := map[string]string{"display_name": "name", "display_description": "description"}[f.Name]
			if name == "" {
				name = f.Name
			}
			switch f.Section {
			case UserSection:
				name = "metadata " + f.Name
			case ImageSection:
				name = "image metadata " + f.Name
			}
			found = found || name == diff && f.Verdict.Changes()
		}
		if !found {
			return fmt.Errorf("%s changes, and no field says so", diff)
		}
	}
	return nil
}

// fieldIn is a field's value in a state, not set where there is none.
func fieldIn(s State, f FieldPlan) Opt[pyjson.Value] {
	switch f.Section {
	case UserSection:
		v, ok := s.Metadata.Get(f.Name)
		return Opt[pyjson.Value]{V: v, Set: ok}
	case ImageSection:
		v, ok := s.Image.Get(f.Name)
		return Opt[pyjson.Value]{V: v, Set: ok}
	}
	switch f.Name {
	case "display_name":
		return Some(s.Name)
	case "display_description":
		return Some(s.Description)
	case "encryption_key_id":
		return Some(s.EncryptionKeyID)
	case "volume_type_id":
		return Some(s.VolumeTypeID)
	case "bootable":
		return Some(pyjson.OfBool(s.Bootable))
	}
	return Opt[pyjson.Value]{}
}

func checkEncode(c *oneCase) error {
	got, err := EncodeRecord(python(get(c.input, "backup")).Object(), python(get(c.input, "extra")).Object(), c.era)
	if want := get(c.expected, "error"); !want.IsNull() {
		var e *CinderError
		if !asError(err, &e) {
			return fmt.Errorf("error %v, want %s", err, pyjson.Text(want))
		}
		if m := text(want.Object(), "message"); e.Kind == ErrFieldNotSet && e.Message != m {
			return fmt.Errorf("message %q, want %q", e.Message, m)
		}
		return sameError(e, want)
	}
	if err != nil {
		return err
	}
	if want := text(c.expected, "text"); c.era != Y2014 && got != want {
		return fmt.Errorf("text %s\nwant %s", got, want)
	}
	if c.era == Y2014 {
		lines := strings.SplitAfter(got, "\n")
		for i, line := range lines {
			if i < len(lines)-2 && len(line) != 77 || len(line) > 77 {
				return fmt.Errorf("line %d is %d long", i, len(line))
			}
		}
	}
	d, err := DecodeRecord(got, c.era)
	if want := python(get(c.expected, "record")); err != nil || !d.Doc.Equal(want) {
		return fmt.Errorf("record %s, %v\nwant %s", pyjson.Text(d.Doc), err, pyjson.Text(want))
	}
	return nil
}

func checkDecode(c *oneCase) error {
	got, err := DecodeRecord(python(get(c.input, "text")).Text(), c.era)
	if want := get(c.expected, "error"); !want.IsNull() {
		var e *CinderError
		if !asError(err, &e) {
			return fmt.Errorf("error %v, want %s", err, pyjson.Text(want))
		}
		return sameError(e, want)
	}
	if err != nil {
		return err
	}
	if want := python(get(c.expected, "record")); !got.Doc.Equal(want) {
		return fmt.Errorf("record %s\nwant %s", pyjson.Text(got.Doc), pyjson.Text(want))
	}
	return nil
}

func checkImport(c *oneCase) error {
	in := ImportInput{Era: c.era, Record: Record{Service: python(get(c.input, "service")).Text(), URL: python(get(c.input, "text")).Text()}}
	for _, h := range get(c.input, "hosts").Items() {
		in.Hosts = append(in.Hosts, h.Text())
	}
	existing := get(c.input, "existing")
	if existing.Kind() == pyjson.Dict && findsRow(in.Record, text(existing.Object(), "id"), c.era) {
		in.Existing = Some(text(existing.Object(), "status"))
	}
	got := SimulateImport(in)
	if http, _ := get(c.expected, "http").Int64(); int64(got.HTTP) != http {
		return fmt.Errorf("HTTP %d (%v), want %d", got.HTTP, got.Error, http)
	}
	if err := sameImportErrors(c, got); err != nil {
		return err
	}
	if asked, _ := get(c.expected, "asked").Int64(); int64(got.Asked) != asked {
		return fmt.Errorf("asked %d services, want %d", got.Asked, asked)
	}
	if c.era != Y2014 {
		want := python(get(c.expected, "quota"))
		if got.Quota.Set && got.HTTP == 400 {
			// A size that is no number stops the quota code itself; whether the
			// call that failed was written down is the cases' own affair.
			want = quotaForm(got)
		}
		if q := quotaForm(got); !q.Equal(want) {
			return fmt.Errorf("quota %s, want %s", pyjson.Text(q), pyjson.Text(get(c.expected, "quota")))
		}
	}
	want := python(get(c.expected, "backup"))
	if (got.Status == "") != want.IsNull() {
		return fmt.Errorf("row in status %q, want %s", got.Status, pyjson.Text(want))
	}
	if got.Status == "" {
		return nil
	}
	revived := existing.Object()
	if !in.Existing.Set {
		revived = nil
	}
	row := importedRow(c, got, revived)
	for name, w := range want.Object().All() {
		if got.RowID == "" && c.era != Y2014 && (name == "id" || name == "fail_reason") {
			continue // Cinder has drawn an id
		}
		if v, _ := row.Get(name); !v.Equal(w) {
			if name == "fail_reason" && (sameMissing(v.Text(), w.Text()) || pythonWords(c)) {
				continue
			}
			return fmt.Errorf("row's %s is %s, want %s", name, pyjson.Text(v), pyjson.Text(w))
		}
	}
	return nil
}

// sameImportErrors compares the API's error and the manager's.
func sameImportErrors(c *oneCase, got ImportOutcome) error {
	for _, e := range []struct {
		name string
		got  *CinderError
	}{{"error", got.Error}, {"manager_error", got.Manager}} {
		want := get(c.expected, e.name)
		if (e.got == nil) != want.IsNull() {
			return fmt.Errorf("%s %v, want %s", e.name, e.got, pyjson.Text(want))
		}
		if e.got == nil || got.RowID == "" && strings.Contains(e.got.Message, " into backup ") {
			continue // the message names the id that Cinder has drawn
		}
		if err := sameError(e.got, want); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return nil
}

// findsRow reports whether the record's id finds the row: SQLite compares what it
// makes of the value as text.
func findsRow(r Record, id string, era Era) bool {
	d, err := DecodeRecord(r.URL, era)
	if err != nil {
		return false
	}
	v, perr := bindText(d.Field("id"))
	return perr == nil && !v.IsNull() && v.Text() == id
}

// pythonWords reports whether a reason is only Python's wording of an error.
func pythonWords(c *oneCase) bool {
	e := object(c.expected, "manager_error")
	return !get(e, "message_exact").Bool() && text(e, "kind") != "invalid_backup"
}

// sameMissing compares the reason that lists missing fields in no fixed order.
func sameMissing(a, b string) bool {
	set := func(s string) string {
		head, rest, _ := strings.Cut(s, "(")
		names := strings.Split(strings.TrimSuffix(rest, ")."), ", ")
		sort.Strings(names)
		return head + strings.Join(names, ",")
	}
	return strings.Contains(a, "missing fields (") && set(a) == set(b)
}

func quotaForm(o ImportOutcome) pyjson.Value {
	if !o.Quota.Set {
		return pyjson.OfList(nil)
	}
	what := &pyjson.Object{}
	what.Set("backups", pyjson.OfInt(1))
	what.Set("backup_gigabytes", o.Quota.V)
	last := "commit"
	if o.Undone {
		last = "rollback"
	}
	list := func(v ...pyjson.Value) pyjson.Value { return pyjson.OfList(v) }
	return list(list(pyjson.OfString("reserve"), pyjson.OfDict(what)), list(pyjson.OfString(last)))
}

// importedRow is the whole row of an outcome, in the world of the cases: user-1,
// project-1, the n-th service on host-n in az-1.
func importedRow(c *oneCase, o ImportOutcome, existing *pyjson.Object) *pyjson.Object {
	row := &pyjson.Object{}
	zero := string(ZeroVolumeID)
	if c.era == Y2014 {
		zero = "0000-0000-0000-0000"
	}
	row.Set("volume_id", pyjson.OfString(zero))
	for _, name := range []string{"display_name", "size"} {
		if v, ok := existing.Get(name); ok {
			row.Set(name, v)
		}
	}
	row.Set("metadata", pyjson.OfDict(nil))
	for name, v := range o.Begins.All() {
		row.Set(name, v)
	}
	for name, v := range o.Fields.All() {
		row.Set(name, v)
	}
	row.Set("id", pyjson.OfString(o.RowID))
	row.Set("user_id", pyjson.OfString("user-1"))
	row.Set("project_id", pyjson.OfString("project-1"))
	row.Set("status", pyjson.OfString(o.Status))
	row.Set("deleted", pyjson.OfBool(false))
	if o.Status == StatusAvailable {
		row.Set("service", pyjson.OfString(o.Driver))
		row.Set("host", pyjson.OfString(fmt.Sprintf("host-%d", o.Asked)))
		row.Set("availability_zone", pyjson.OfString("az-1"))
	}
	if o.Status == StatusError {
		row.Set("fail_reason", pyjson.OfString(o.Reason))
	}
	return row
}
