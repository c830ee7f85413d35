package core

import (
	"slices"
	"strings"
	"testing"

	"hearth/core/pyjson"
)

// releases is a range as a setting has it.
func releases(t *testing.T, text string) Releases {
	t.Helper()
	if text == "" {
		return Releases{}
	}
	r, err := ParseReleases(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReleaseText(t *testing.T) {
	for _, x := range []struct{ setting, want string }{
		{"", "any Cinder"}, {"26", "Cinder 26"}, {"26.1", "Cinder 26.1"}, {"26.0", "Cinder 26.0"}, {"26.0.0", "Cinder 26.0"},
		{"20.0.1", "Cinder 20.0.1"}, {"24 to 28", "Cinder 24 to 28"}, {" 24-28 ", "Cinder 24 to 28"}, {"22.3 to 23.1", "Cinder 22.3 to 23.1"},
		{"22.3 to 22", "Cinder 22.3 or a later 22"}, {"22.0 to 22.2", "Cinder 22.0 to 22.2"}, {"24 or later", "Cinder 24 or later"},
		{"24.5 or later", "Cinder 24.5 or later"}, {"2025.1", "Cinder 26"}, {"Cinder 2023.1 to 2026.2", "Cinder 22 to 29"},
	} {
		if got := releases(t, x.setting).Text(); got != x.want {
			t.Errorf("%q is %q, want %q", x.setting, got, x.want)
		}
	}
	for _, wrong := range []string{"zed", "6", "2024.3", "2024", "28 to 24", "26.x", "26 or later to 28", "1.2.3.4", "-1",
		"999", "26 to zed"} {
		if r, err := ParseReleases(wrong); CodeOf(err) != CodeUsage {
			t.Errorf("%q is taken for %s, %v", wrong, r.Text(), err)
		}
	}
}

// What a range may be stands against the releases themselves: each that there was, one by one.
func TestReleasesAgainstEach(t *testing.T) {
	all := strings.Fields("21.0.0 21.3.1 21.3.2 22.0.0 22.1.2 22.2.0 22.3.0 23.0.0 23.1.0 23.2.0 23.3.0 23.5.0 24.0.0 24.1.0 24.4.0 24.5.0 " +
		"25.0.0 25.2.0 25.3.0 25.3.1 26.0.0 26.1.0 26.3.0 27.0.0 28.0.0 29.0.0")
	faults := []Fault{
		{Since("22.0"), Since("24.5", "25.3", "26.1", "27.0")}, {nil, Since("22.3", "23.3", "24.1")}, {Since("22.0"), Since("29.0")},
		{Since("24.5", "25.2", "26.0"), nil}, {nil, Since("20.0.1", "21.0")}, {Since("21.3.1", "22.0"), Since("23.2", "24.0")},
	}
	for i := range all {
		for j := i; j < len(all); j++ {
			r := releases(t, all[i]+" to "+all[j])
			for _, f := range faults {
				may, must := false, true
				for _, text := range all[i : j+1] {
					x, _, _ := parseRelease(text)
					may, must = may || f.In(x), must && f.In(x)
				}
				if got := r.MayFail(f); got != may {
					t.Errorf("%s may fail by %v: %v, want %v", r.Text(), f, got, may)
				}
				if got := r.Fails(f); got && !must {
					t.Errorf("%s always fails by %v, and %v is among them", r.Text(), f, all[i:j+1])
				}
				if i == j && r.Fails(f) != must {
					t.Errorf("%s fails by %v: %v", r.Text(), f, !must)
				}
			}
		}
	}
}

func TestReleasesEitherSide(t *testing.T) {
	fix := Since("22.3", "23.3", "24.1")
	for _, x := range []struct {
		span          string
		lacks, has    bool
		before, since string
	}{
		{"22.2", true, false, "a", "a"}, {"22.3", false, true, "", "b"}, {"22", true, true, "", ""}, {"23.2", true, false, "", "a"},
		{"23.3 to 23", false, true, "", "b"}, {"24.0", true, false, "", "a"}, {"24.1 or later", false, true, "", "b"},
		{"21", true, false, "", "a"},
		{"25 to 28", false, true, "", "b"}, {"", true, true, "", ""}, {"22.3 to 23.1", true, true, "", ""}, {"29 or later", false, true, "", "b"},
	} {
		r := releases(t, x.span)
		if r.MayLack(fix) != x.lacks || r.MayHave(fix) != x.has || r.Has(fix) == x.lacks {
			t.Errorf("%s: may lack %v, may have %v", r.Text(), r.MayLack(fix), r.MayHave(fix))
		}
		want := x.since
		if want == "" {
			want = "before Cinder 22.3, 23.3 and 24.1 a, since then b"
		}
		if got := r.Says(fix, "a", "b"); got != want {
			t.Errorf("%s says %q, want %q", r.Text(), got, want)
		}
	}
	if r := releases(t, "24 or later"); r.Has(Since("29.0")) || !r.MayHave(Since("40.0")) || r.Fails(Fault{Went: Since("40.0")}) {
		t.Error("an open end does not reach what nobody knows yet")
	}
}

func clueOf(t *testing.T, setting string) Clue {
	t.Helper()
	c, err := ReleaseSetting(setting)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClues(t *testing.T) {
	api := func(v string) Clue {
		c, ok := ClueOfAPI(v)
		if !ok {
			t.Fatalf("%s tells nothing", v)
		}
		return c
	}
	schema := func(alembic, migrate string) Clue {
		c, ok := ClueOfSchema(alembic, migrate)
		if !ok {
			t.Fatalf("%s, %s tells nothing", alembic, migrate)
		}
		return c
	}
	past := Clue{Text: "a capture", From: Release{Major: 22}, To: lastOf(23), Past: true}
	for _, x := range []struct {
		clues []Clue
		want  string
		odd   string
	}{
		{nil, "any Cinder", ""},
		{[]Clue{api("3.70")}, "Cinder 21 to 23", ""},
		{[]Clue{api("3.71")}, "Cinder 24 or later", ""},
		{[]Clue{api("3.72")}, "Cinder 30 or later", ""},
		{[]Clue{api("3.0")}, "Cinder 8", ""},
		{[]Clue{api("3.59")}, "Cinder 14 to 15", ""},
		{[]Clue{api("3.69")}, "Cinder 20 to 23", ""}, // of the time between Yoga and Zed
		{[]Clue{schema("", "117")}, "Cinder 12", ""},
		{[]Clue{schema("921e1a36b076", "145")}, "Cinder 19 to 20", ""},
		{[]Clue{schema("0123456789ab", "")}, "Cinder 29 or later", ""},
		{[]Clue{api("3.70"), schema("daa98075b90d", "")}, "Cinder 22", ""},
		{[]Clue{api("3.71"), clueOf(t, "24 to 28")}, "Cinder 24 to 28", ""},
		{[]Clue{api("3.71"), clueOf(t, "26")}, "Cinder 26", ""},
		{[]Clue{api("3.70"), past}, "Cinder 22 to 23", ""},
		{[]Clue{past}, "Cinder 22 or later", ""}, // it may have been brought up to date since
		{[]Clue{api("3.71"), past}, "Cinder 24 or later", ""},
		{[]Clue{api("3.70"), clueOf(t, "26")}, "Cinder 21 to 26",
			`the config says "26": Cinder 26, but the API is at 3.70: Cinder 21 to 23`},
		{[]Clue{api("3.70"), schema("9c74c1c6971f", "")}, "Cinder 21 or later",
			"the database is at 9c74c1c6971f: Cinder 24 or later, but the API is at 3.70: Cinder 21 to 23"},
	} {
		r := ReleasesOf(x.clues...)
		if r.Text() != x.want || r.Odd != x.odd {
			t.Errorf("%v: %s, odd %q, want %s, odd %q", x.clues, r.Text(), r.Odd, x.want, x.odd)
		}
		slices.Reverse(x.clues)
		if back := ReleasesOf(x.clues...); back.Text() != x.want {
			t.Errorf("%v: %s in the other order", x.clues, back.Text())
		}
	}
	for _, none := range []string{"", "latest", "2.0"} {
		if c, ok := ClueOfAPI(none); ok {
			t.Errorf("%q tells %v", none, c)
		}
	}
	if c, ok := ClueOfSchema("", ""); ok {
		t.Errorf("no revision tells %v", c)
	}
	r := ReleasesOf(api("3.71")).And(clueOf(t, "26"))
	if got := strings.Join(r.Why(), "; "); got != `the API is at 3.71: Cinder 24 or later; the config says "26": Cinder 26` {
		t.Error(got)
	}
}

// A capture tells of the Cinder that wrote it what columns there were, and the volume as it is
// now, or a file, tells nothing.
func TestCluesOfCaptures(t *testing.T) {
	of := func(kind SourceKind, columns ...string) Capture {
		text := `{"version": 2, "volume-base-metadata": {"id": "x"`
		for _, c := range columns {
			text += `, "` + c + `": null`
		}
		return ReadCapture(text+"}}", Source{Kind: kind})
	}
	for _, x := range []struct {
		captures []Capture
		want     string
	}{
		{nil, "any Cinder"},
		{[]Capture{of(SourceRepository)}, "any Cinder"},
		{[]Capture{of(SourceRepository, "group_id", "previous_status"), of(SourceRepository, "shared_targets")}, "Cinder 12 or later"},
		{[]Capture{of(SourceRepository, "use_quota")}, "Cinder 19 or later"},
		{[]Capture{of(SourceNow, "use_quota"), of(SourceFile, "use_quota")}, "any Cinder"},
	} {
		if got := ReleasesOf(CluesOf(x.captures)...).Text(); got != x.want {
			t.Errorf("%v: %s, want %s", x.captures, got, x.want)
		}
	}
	// What was written before an upgrade leaves the end open, and is never in the way of it.
	api, _ := ClueOfAPI("3.70")
	r := ReleasesOf(api).And(CluesOf([]Capture{of(SourceRepository, "use_quota")})...)
	if r.Text() != "Cinder 21 to 23" || r.Odd != "" ||
		pyjson.Text(pyjson.OfDict(r.Object())) != `{"text": "Cinder 21 to 23", "from": "21.0", "to": "23", `+
			`"contradiction": null, "clues": [{"source": "api", "text": "the API is at 3.70", "from": "21.0", "to": "23", "past": false}, `+
			`{"source": "capture", "text": "a capture in the repository has use_quota", "from": "19.0", "to": null, "past": true}]}` {
		t.Errorf("%s", pyjson.Text(pyjson.OfDict(r.Object())))
	}
}
