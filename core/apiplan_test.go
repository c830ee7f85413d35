package core

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hearth/core/pyjson"
)

func state(name, description any, bootable bool, user, image *pyjson.Object) State {
	return State{Name: val(name), Description: val(description), Bootable: bootable, Metadata: user, Image: image}
}

// TestAPICalls: the requests, in order, and that they lead where they should.
func TestAPICalls(t *testing.T) {
	plain := state("n", "d", false, dict("a", "1"), dict("os", "x"))
	for _, c := range []struct {
		what    string
		now, to State
		calls   string
	}{
		{"nothing", plain, plain, ""},
		{"a name", plain, state("m", "d", false, dict("a", "1"), dict("os", "x")), `PUT /volumes/v {"volume": {"name": "m"}}`},
		{"no name and another description", plain, state(nil, "e", false, dict("a", "1"), dict("os", "x")),
			`PUT /volumes/v {"volume": {"name": null, "description": "e"}}`},
		{"metadata is replaced", plain, state("n", "d", false, dict("a", "1", "b", "2"), dict("os", "x")),
			`PUT /volumes/v/metadata {"metadata": {"a": "1", "b": "2"}}`},
		{"metadata is cleared", plain, state("n", "d", false, nil, dict("os", "x")), `PUT /volumes/v/metadata {"metadata": {}}`},
		{"image metadata is set before it is unset", plain, state("n", "d", true, dict("a", "1"), dict("arch", "y")),
			`POST /volumes/v/action {"os-set_image_metadata": {"metadata": {"arch": "y"}}}` + "\n" +
				`POST /volumes/v/action {"os-unset_image_metadata": {"key": "os"}}` + "\n" +
				`POST /volumes/v/action {"os-set_bootable": {"bootable": true}}`},
		{"everything", plain, state("m", "e", true, dict("z", "2"), dict("os", "y", "b", "c")),
			`PUT /volumes/v {"volume": {"name": "m", "description": "e"}}` + "\n" + `PUT /volumes/v/metadata {"metadata": {"z": "2"}}` + "\n" +
				`POST /volumes/v/action {"os-set_image_metadata": {"metadata": {"os": "y", "b": "c"}}}` + "\n" +
				`POST /volumes/v/action {"os-set_bootable": {"bootable": true}}`},
		{"what cannot be sent stays", state("n", "d", false, dict("ключ", "1", "a/b", "2", "c d", "3"), nil),
			state("n", "d", false, dict("ключ", "1", "new", "4"), nil),
			`POST /volumes/v/metadata {"metadata": {"new": "4"}}` + "\n" + `DELETE /volumes/v/metadata/a%2Fb null` + "\n" +
				`DELETE /volumes/v/metadata/c%20d null`},
		{"what cannot be sent goes", state("n", "d", false, dict("ключ", "1", "a", "2"), nil),
			state("n", "d", false, dict("a", "2"), nil), `PUT /volumes/v/metadata {"metadata": {"a": "2"}}`},
		{"bootable no more", state("n", "d", true, nil, nil), state("n", "d", false, nil, nil),
			`POST /volumes/v/action {"os-set_bootable": {"bootable": false}}`},
	} {
		var lines []string
		now := c.now
		for _, call := range APICalls("v", c.now, c.to) {
			body := "null"
			if call.Body != nil {
				body = pyjson.Text(pyjson.OfDict(call.Body))
			}
			lines = append(lines, call.Method+" "+call.Path+" "+body)
			now = call.On(now)
			if call.What == "" {
				t.Errorf("%s: %s has no words", c.what, call.Path)
			}
		}
		if got := strings.Join(lines, "\n"); got != c.calls {
			t.Errorf("%s:\n%s\nwant\n%s", c.what, got, c.calls)
		}
		if diff := now.Diff(c.to); len(diff) > 0 {
			t.Errorf("%s: the calls leave %q otherwise", c.what, diff)
		}
	}
}

// TestAPIRefusals: every rule refuses, and lets the next best through.
func TestAPIRefusals(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	meta := func(k string, v any) State { return state("n", nil, false, dict(k, v), nil) }
	image := func(k string, v any) State { return state("n", nil, false, nil, dict(k, v)) }
	now := state("n", nil, false, nil, nil)
	for _, c := range []struct {
		what  string
		now   State
		to    State
		limit int
		field string // "": it is let through
		why   string
	}{
		{"a name of 255", now, state(long(255), nil, false, nil, nil), 0, "", ""},
		{"a name of 256", now, state(long(256), nil, false, nil, nil), 0, "name", "256 characters"},
		{"a name of 256 with a blank", now, state(long(255)+" ", nil, false, nil, nil), 0, "", ""},
		{"a description of 256", now, state("n", strings.Repeat("ä", 256), false, nil, nil), 0, "description", "256 characters"},
		{"a lone surrogate", now, state("a\xed\xa0\x80", nil, false, nil, nil), 0, "name", "Unicode"},
		{"no name", now, state(nil, nil, false, nil, nil), 0, "", ""},
		{"a plain key", now, meta("a-_:. /Z9", "v"), 0, "", ""},
		{"a key that ends a line", now, meta("a\n", "v"), 0, "", ""},
		{"two ends of lines", now, meta("a\n\n", "v"), 0, "metadata a\n\n", "characters beyond"},
		{"a key beyond ASCII", now, meta("ключ", "v"), 0, "metadata ключ", "characters beyond"},
		{"an empty key", now, meta("", "v"), 0, "metadata ", "empty"},
		{"a key of 255", now, meta(long(255), "v"), 0, "", ""},
		{"a key of 256", now, meta(long(256), "v"), 0, "metadata " + long(256), "256 characters"},
		{"a value of 255", now, meta("k", strings.Repeat("é", 255)), 0, "", ""},
		{"a value of 256", now, meta("k", long(256)), 0, "metadata k", "256 characters"},
		{"an empty value", now, meta("k", ""), 0, "", ""},
		{"null", now, meta("k", nil), 0, "metadata k", "null"},
		{"a surrogate as value", now, meta("k", "\xed\xa0\x80"), 0, "metadata k", "Unicode"},
		{"a bad key that was there", meta("ключ", "v"), meta("ключ", "v"), 0, "", ""},
		{"a null that was there", meta("k", nil), meta("k", nil), 0, "", ""},
		{"a bad key with another value", meta("ключ", "v"), meta("ключ", "w"), 0, "metadata ключ", "beyond"},
		{"a bad key goes", meta("ключ", "v"), now, 0, "", ""},
		{"around a bad key, one with a slash goes", state("n", nil, false, dict("ключ", "v", "a/b", "1"), nil),
			meta("ключ", "v"), 0, "metadata a/b", "single key"},
		{"an image value of 256", now, image("k", long(256)), 0, "", ""},
		{"an image value of 256, before 24.0", now, image("k", long(256)), 255, "image k", "256 characters"},
		{"an image value of 65535 bytes", now, image("k", long(65535)), 0, "", ""},
		{"an image value of 65536 bytes", now, image("k", strings.Repeat("é", 32768)), 0, "image k", "65536 bytes"},
		{"an image key beyond ASCII", now, image("é", "v"), 0, "image é", "beyond"},
		{"an image key beyond ASCII goes", image("é", "v"), now, 0, "", ""},
		{"an empty image key goes", image("", "v"), now, 0, "image ", "0 characters"},
	} {
		got := APIRefusals(c.now, c.to, c.limit)
		switch {
		case c.field == "" && len(got) > 0:
			t.Errorf("%s: refused: %v", c.what, got)
		case c.field != "" && (len(got) != 1 || got[0].Field != c.field || !strings.Contains(got[0].Why, c.why)):
			t.Errorf("%s: %v, want %q because of %q", c.what, got, c.field, c.why)
		}
	}
}

func TestLimitOfImages(t *testing.T) {
	for text, want := range map[string]int{"21": 255, "22.0 to 22.2": 255, "22.2 to 22.3": 0, "22.3": 0, "23.0 to 23.1": 255, "23.2": 0,
		"21 to 23": 0, "24": 0, "24 or later": 0} {
		r, err := ParseReleases(text)
		if got := LimitOfImages(r); got != want || err != nil {
			t.Errorf("%s: %d, want %d; %v", text, got, want, err)
		}
	}
	if got := LimitOfImages(Releases{}); got != 0 {
		t.Errorf("of any release: %d", got)
	}
}

func fieldOf(t *testing.T, p *Plan, key string) FieldPlan {
	t.Helper()
	for _, f := range p.Fields {
		if f.Key() == key && f.Verdict != VerdictNotRestored {
			return f
		}
	}
	t.Fatalf("the plan has no field %q", key)
	return FieldPlan{}
}

// apiPlan is a plan with something for every limit of the API.
func apiPlan() *Plan {
	capture := captureText(2,
		dict("display_name", "  web 🧯 ", "display_description", "was", "encryption_key_id", nil, "volume_type_id", "t"),
		dict("ключ", "v", "null", nil, "good", "1", "kept", "new"), dict("os", "bsd", "long", strings.Repeat("x", 300)))
	in := PlanInput{
		Target:   target("", "t", "key", dict("kept", "old", "surplus", "s", "знач", "gone"), dict("gone", "g")),
		Captures: []Capture{capture},
		Rules:    Newton,
	}
	return NewPlan(in)
}

// TestViaAPI: what is refused blocks until it is left out, and what is changed is
// told.
func TestViaAPI(t *testing.T) {
	p := apiPlan()
	if p.Via != ViaDatabase || p.Applicable() != nil {
		t.Fatalf("a plan goes via %s, %v", p.Via, p.Applicable())
	}
	was := pyjson.Text(pyjson.OfDict(p.Object()))

	q, err := p.ViaAPI(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if pyjson.Text(pyjson.OfDict(p.Object())) != was {
		t.Error("the plan itself was changed")
	}
	err = q.Applicable()
	var e *Error
	if CodeOf(err) != CodeRefused || !errors.As(err, &e) || e.Next != DoLeaveOut ||
		!slices.Equal(e.With, []string{"metadata ключ", "metadata null"}) || strings.Contains(err.Error(), "good") {
		t.Errorf("it can be applied: %v", err)
	}
	if r := q.Can.Reasons; q.Can.Answer() != AnswerNo || len(r) != 2 || r[0].Code != ReasonAPIRefuses || r[1].Code != ReasonAPIRefuses ||
		!strings.HasPrefix(r[0].Text, "the API refuses metadata ключ: its key has") || r[1].Next != DoLeaveOut ||
		!slices.Equal(r[1].With, []string{"metadata null"}) {
		t.Errorf("whether it can be: %s, %+v", q.Can.Answer(), r)
	}
	for key, want := range map[string]Verdict{
		"metadata ключ": VerdictRefused, "metadata null": VerdictRefused, "metadata good": VerdictAdded,
		"metadata kept": VerdictChanged, "metadata surplus": VerdictRemoved, "name": VerdictSet,
		"encryption_key_id": VerdictKept, "image os": VerdictAdded, "image gone": VerdictRemoved,
		"bootable": VerdictChanged,
	} {
		if f := fieldOf(t, q, key); f.Verdict != want || f.Why == "" {
			t.Errorf("%s is %s because %q, want %s", key, f.Verdict, f.Why, want)
		}
	}
	if f := fieldOf(t, q, "name"); f.After.V.Text() != "web 🧯" || !strings.Contains(f.Why, "strips") {
		t.Errorf("the name becomes %q because %q", f.After.V.Text(), f.Why)
	}
	if !q.After.EncryptionKeyID.Equal(val("key")) {
		t.Error("the API sets a key")
	}
	warnings := strings.Join(q.Warnings, "\n")
	for _, want := range []string{
		"calls, one after the other", "emoji", "an undo could not bring metadata знач back",
	} {
		if !strings.Contains(warnings, want) {
			t.Errorf("no warning tells of %q: %s", want, warnings)
		}
	}
	if strings.Contains(warnings, "clears the volume's encryption key") {
		t.Error("it warns of a key that stays as it is")
	}
}

// TestViaAPILeaveOut: what is left out stays, and the rest can be applied.
func TestViaAPILeaveOut(t *testing.T) {
	p := apiPlan()
	q, err := p.ViaAPI([]string{"metadata ключ", "metadata null", "description", "image metadata gone", "bootable"}, 0)
	if err != nil || q.Applicable() != nil || q.Can.Answer() != AnswerYes {
		t.Fatalf("with the refused left out: %v, %v, %+v", err, q.Applicable(), q.Can)
	}
	end := q.Before
	for _, c := range q.Calls {
		end = c.On(end)
	}
	if diff := end.Diff(q.After); len(diff) > 0 || q.After.Metadata.Has("ключ") || !q.After.Image.Has("gone") ||
		q.After.Bootable || q.After.Description.Text() != "old" {
		t.Errorf("the calls differ in %q from %s", diff, pyjson.Text(pyjson.OfDict(q.After.Object())))
	}
	if f := fieldOf(t, q, "image gone"); f.Verdict != VerdictKept || !strings.Contains(f.Why, "left out") {
		t.Errorf("what is left out is %s because %q", f.Verdict, f.Why)
	}
	o := q.Object()
	via, _ := o.Get("via")
	calls, _ := o.Get("calls")
	left, _ := o.Get("left_out")
	if via.Text() != "api" || len(calls.Items()) != len(q.Calls) || len(left.Items()) != 5 {
		t.Errorf("as JSON: via %s, %d calls, %d left out", via.Text(), len(calls.Items()), len(left.Items()))
	}
	for _, all := range []string{"metadata", "image"} {
		q, err := p.ViaAPI([]string{all}, 0)
		if err != nil || all == "metadata" && (!q.After.Metadata.Equal(q.Before.Metadata) || q.Applicable() != nil) ||
			all == "image" && !q.After.Image.Equal(q.Before.Image) {
			t.Errorf("all %s left out: %v", all, err)
		}
	}
	if q, err = p.ViaAPI([]string{"metadata"}, 255); err != nil || CodeOf(q.Applicable()) != CodeRefused ||
		fieldOf(t, q, "image long").Verdict != VerdictRefused {
		t.Errorf("a cloud before 24.0 takes a long value: %v", q.Applicable())
	}
	for _, unknown := range []string{"nothing", "metadata nothing", "image os2", "encryption_key_id", "status", ""} {
		if _, err := p.ViaAPI([]string{unknown}, 0); CodeOf(err) != CodeUsage {
			t.Errorf("%q can be left out: %v", unknown, err)
		}
	}
}

// TestViaAPIElsewhere: a plan that cannot be applied makes no calls.
func TestViaAPIElsewhere(t *testing.T) {
	p := NewPlan(PlanInput{Target: Target{Kind: TargetNew}, Captures: []Capture{captureText(2, dict("display_name", "x"), nil, nil)}})
	if q, err := p.ViaAPI(nil, 0); err != nil || len(q.Calls) > 0 || q.Applicable() == nil {
		t.Errorf("onto a volume that is not there: %v", err)
	}
	p = NewPlan(PlanInput{
		Target:   target("", "t", "", nil, nil),
		Captures: []Capture{captureText(3, dict("display_name", "x"), dict("a", "b"), nil)},
	})
	if q, err := p.ViaAPI(nil, 0); err != nil || len(q.Calls) > 0 || CodeOf(q.Applicable()) != CodeRefused {
		t.Errorf("what Cinder refuses: %v", err)
	}
}

// TestViaAPIRandom: whatever is captured, once all that is refused is left out the
// calls are all accepted and lead to what the plan says, step by step between.
func TestViaAPIRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("one case after the other: the race detector has nothing to find in them, and takes long")
	}
	r := rand.New(rand.NewPCG(7, 3))
	keys := []string{"a", "b/c", "ключ", "", "x y", strings.Repeat("k", 256), "z"}
	values := []any{"1", "2", "", nil, " pad ", strings.Repeat("v", 256), "🧯"}
	random := func() *pyjson.Object {
		o := &pyjson.Object{}
		for range r.IntN(5) {
			o.Set(keys[r.IntN(len(keys))], val(values[r.IntN(len(values))]))
		}
		return o
	}
	names := []any{"restore_backup_1", nil, "", " spaced ", "own", strings.Repeat("n", 300)}
	for i := range 2000 {
		p := NewPlan(PlanInput{Target: target(fmt.Sprint(names[r.IntN(3)]), "t", "", random(), random()), Rules: Newton,
			Captures: []Capture{captureText(2, dict("display_name", names[r.IntN(len(names))], "display_description", names[r.IntN(len(names))]),
				random(), random())}})
		q, err := p.ViaAPI(nil, 255)
		if err != nil {
			t.Fatal(err)
		}
		var refused []string
		for _, f := range q.Fields {
			if f.Verdict == VerdictRefused {
				refused = append(refused, f.Key())
			}
		}
		if q, err = p.ViaAPI(refused, 255); err != nil || q.Applicable() != nil {
			t.Fatalf("%d: %v, %v", i, err, q.Applicable())
		}
		now := q.Before
		for _, c := range q.Calls {
			next := c.On(now)
			if bad := APIRefusals(now, next, 255); len(bad) > 0 && c.Method != "DELETE" {
				t.Fatalf("%d: the call %s is refused: %v", i, c.What, bad)
			}
			if strays := next.Strays(q.Before, q.After); len(strays) > 0 {
				t.Fatalf("%d: between the calls %q is neither as before nor as after", i, strays)
			}
			now = next
		}
		if diff := now.Diff(q.After); len(diff) > 0 {
			t.Fatalf("%d: the calls leave %q otherwise", i, diff)
		}
		for _, f := range q.Fields {
			if slices.Contains(refused, f.Key()) && f.Verdict != VerdictKept {
				t.Fatalf("%d: %s was left out and is %s", i, f.Key(), f.Verdict)
			}
		}
	}
}

// TestCompareRestore: what Cinder does by itself is expected, all else is told.
func TestCompareRestore(t *testing.T) {
	p := NewPlan(PlanInput{Target: target("", "t", "old", dict("gone", "x"), nil), Backup: "b", Rules: Newton,
		Captures: []Capture{captureText(2,
			dict("display_name", "web", "display_description", "d", "encryption_key_id", "k", "volume_type_id", "t"),
			dict("a", "1"), dict("os", "x"))}})
	came := func(backup Backup, change func(*Volume)) (out []string) {
		v := Volume{ID: "v", Name: Some("web"), Description: Some("d"), EncryptionKeyID: Some("k"), VolumeTypeID: Some("t"), Bootable: true,
			Metadata: dict("a", "1"), Image: dict("os", "x")}
		change(&v)
		for _, f := range CompareRestore(p, &backup, &v) {
			if f.Came != CameTrue {
				out = append(out, f.Name+" "+string(f.Came))
			}
		}
		return out
	}
	other, own := Backup{ID: "b", VolumeID: "w"}, Backup{ID: "b", VolumeID: "v"}
	for _, c := range []struct {
		what   string
		backup Backup
		change func(*Volume)
		want   string
	}{
		{"as planned", own, func(*Volume) {}, ""},
		{"a fresh key", own, func(v *Volume) { v.EncryptionKeyID = Some("clone") }, "encryption_key_id expected"},
		{"no key", own, func(v *Volume) { v.EncryptionKeyID = Opt[string]{} }, "encryption_key_id differs"},
		{"the source is noted", other, func(v *Volume) { v.Metadata.Set("src_backup_id", val("b")) }, "src_backup_id expected"},
		{"another source is noted", other, func(v *Volume) { v.Metadata.Set("src_backup_id", val("c")) }, "src_backup_id differs"},
		{"its own source is noted", own, func(v *Volume) { v.Metadata.Set("src_backup_id", val("b")) }, "src_backup_id differs"},
		{"another name", own, func(v *Volume) { v.Name = Some("x") }, "display_name differs"},
		{"a key is missing", own, func(v *Volume) { v.Metadata = dict() }, "a differs"},
		{"a key too many", own, func(v *Volume) { v.Image.Set("y", val("z")) }, "y differs"},
		{"not bootable", own, func(v *Volume) { v.Bootable = false }, "bootable differs"},
		{"a type that cannot be seen", own,
			func(v *Volume) { v.VolumeTypeID = Opt[string]{}; v.Unseen = NewFieldSet("volume_type_id") }, "volume_type_id not known"},
	} {
		if got := strings.Join(came(c.backup, c.change), ", "); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestArrived(t *testing.T) {
	it := ImportItem{Row: dict("display_name", "a", "size", 2, "volume_id", "v", "object_count", 3, "container", nil, "metadata", dict())}
	b := Backup{Name: Some("a"), Size: 2, VolumeID: "v", ObjectCount: 3}
	if got := it.Arrived(&b); len(got) > 0 {
		t.Errorf("the same: %q", got)
	}
	b.Size, b.Container, b.ObjectCount, b.Unseen = 1, Some("box"), 4, NewFieldSet("object_count")
	if got := strings.Join(it.Arrived(&b), "; "); got != "size is 1, the record says 2; container is \"box\", the record says null" {
		t.Errorf("otherwise: %q", got)
	}
}
