package core

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hearth/core/pyjson"
)

// read is a capture of a text, and layered a side of some of an evidence.
func read(text string) Capture {
	return ReadCapture(text, Source{Kind: SourceRepository, Where: "posix:/srv"})
}

func layered(e Evidence, texts ...string) DiffSide {
	l := Layer{Number: 1, Of: 1, Backup: "8a75388c-54fc", Name: "nightly", Evidence: e, Written: true}
	for _, text := range texts {
		l.Captures = append(l.Captures, read(text))
	}
	return SideOfLayer(&l)
}

// diffText writes a difference in a line: the fields that are not the same, and how sure.
func diffText(d Diff) string {
	var out []string
	for _, f := range d.Fields {
		if f.Verdict != DiffSame || f.Certainty != Certain {
			out = append(out, fmt.Sprintf("%s %s (%s)", f.Name, f.Verdict, f.Certainty))
		}
	}
	return fmt.Sprintf("%s: %s", d.Certainty, strings.Join(out, ", "))
}

const (
	then = `{"version": 2, "volume-base-metadata": {"display_name": "db", "display_description": "d", "encryption_key_id": null, ` +
		`"volume_type_id": "t", "status": "backing-up", "bootable": false}, "volume-metadata": {"env": "prod", "owner": "dba"}}`
	later = `{"version": 2, "volume-base-metadata": {"display_name": "db", "display_description": "d", "encryption_key_id": "k", ` +
		`"volume_type_id": "t", "status": "in-use", "bootable": false}, "volume-metadata": {"env": "staging", "window": "7"}}`
)

// TestDiff holds what is said of two sides, by what is known of each.
func TestDiff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		a, b       DiffSide
		want, head string
	}{
		{"both stored", layered(EvidenceStored, then), layered(EvidenceStored, later),
			"certain: owner only in the first (certain), encryption_key_id differs (certain), env differs (certain), " +
				"window only in the second (certain), status differs (certain)",
			"4 DIFFER · 3 the same"},
		{"the same", layered(EvidenceStored, then), layered(EvidenceGiven, then), "certain: ", "NO DIFFERENCE · 6 the same"},
		{"what a backup moves is not certain of a held one, and no restore reads it", layered(EvidenceStored, then),
			layered(EvidenceHeld, then), "certain: bootable same (assumed), status same (assumed)", "NO DIFFERENCE · 6 the same"},
		{"of one moment", layered(EvidenceStored, then), layered(EvidenceMoment, later),
			"partly: owner only in the first (assumed), encryption_key_id differs (assumed), env differs (assumed), " +
				"window only in the second (assumed), volume_type_id same (assumed), display_name same (assumed), " +
				"display_description same (assumed), status differs (assumed), bootable same (assumed)", "4 DIFFER · 7 assumed · 3 the same"},
		{"of nothing is not of emptiness", layered(EvidenceStored, `{"version": 2, "volume-metadata": {"env": "prod"}}`),
			layered(EvidenceUnknown), "unknown: env not known (unknown)",
			"UNKNOWN: no capture of nightly (8a75388c) is known · 1 not known"},
		{"one of two", layered(EvidenceStored, `{"version": 2, "volume-metadata": {"env": "prod", "owner": "eve"}}`),
			layered(EvidenceEither, `{"version": 2, "volume-metadata": {"env": "prod", "owner": "dba"}}`,
				`{"version": 2, "volume-metadata": {"env": "staging"}}`),
			"partly: owner differs (one of), env not known (one of)", "1 DIFFERS · 1 not known"},
		{"of two that are late", layered(EvidenceLate, `{"version": 2, "volume-metadata": {"env": "prod", "owner": "dba"}}`,
			`{"version": 2, "volume-metadata": {"env": "staging", "owner": "dba"}}`),
			layered(EvidenceStored, `{"version": 2, "volume-metadata": {"env": "prod", "owner": "eve"}}`),
			"partly: owner differs (certain), env not known (unknown)", "1 DIFFERS · 1 not known"},
		{"one of two late is lost", layered(EvidenceLate, `{"version": 2, "volume-metadata": {"env": "prod"}}`),
			layered(EvidenceStored, `{"version": 2}`), "partly: env not known (unknown)", "1 not known"},
		{"none stored", layered(EvidenceStored), layered(EvidenceStored, `{"version": 2, "volume-metadata": {"env": "prod"}}`),
			"certain: env only in the second (certain)", "1 DIFFERS"},
		{"empty is not absent", layered(EvidenceStored, `{"version": 2, "volume-metadata": {}}`),
			layered(EvidenceStored, `{"version": 2}`), "certain:  only in the first (certain)", "1 DIFFERS"},
		{"no JSON", layered(EvidenceStored, "{"), layered(EvidenceStored, `{"version": 2, "volume-metadata": {"env": "prod"}}`),
			"unknown: env not known (unknown)", "UNKNOWN: the capture of nightly (8a75388c) does not parse · 1 not known"},
	} {
		d := DiffOf(c.a, c.b)
		if got := diffText(d); got != c.want {
			t.Errorf("%s:\n  is   %s\n  want %s", c.name, got, c.want)
		}
		if got := d.HeadlineText(); got != c.head {
			t.Errorf("%s: the headline is %q, want %q", c.name, got, c.head)
		}
		if err := d.Unsure(); (err == nil) != (d.Certainty == Certain) || err != nil && CodeOf(err) != CodeUncertain {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, f := range d.Fields {
			if f.Certainty != Certain && f.Because == "" {
				t.Errorf("%s: nothing says why %s is %s", c.name, f.Name, f.Certainty)
			}
		}
		back := DiffOf(c.b, c.a)
		if a, b := len(d.Fields), len(back.Fields); a != b || back.Certainty != d.Certainty {
			t.Errorf("%s: turned round it has %d fields instead of %d and is %s", c.name, b, a, back.Certainty)
		}
	}
}

// TestDiffUnseen: what a place does not show is not known, which is no difference.
func TestDiffUnseen(t *testing.T) {
	t.Parallel()
	v := &Volume{ID: "58266ec7-a413", Name: Some("db"), Metadata: &pyjson.Object{}, Image: &pyjson.Object{},
		Unseen: NewFieldSet("encryption_key_id", "host")}
	v.Row = &pyjson.Object{}
	for _, name := range []string{"id", "display_name"} {
		v.Row.Set(name, pyjson.OfString("db"))
	}
	now, err := CaptureOf(v, 2, Source{Kind: SourceNow})
	if err != nil {
		t.Fatal(err)
	}
	d := DiffOf(SideOfVolume(v, now),
		layered(EvidenceStored, `{"version": 2, "volume-base-metadata": {"encryption_key_id": "k", "host": "h"}}`))
	for _, name := range []string{"encryption_key_id", "host"} {
		at := slices.IndexFunc(d.Fields, func(f FieldDiff) bool { return f.Name == name })
		if at < 0 || d.Fields[at].Verdict != DiffUnknown || !strings.Contains(d.Fields[at].Because, "does not show it") {
			t.Errorf("%s: %+v", name, d.Fields)
		}
	}
}

// TestDiffOfPlans: the same captures by two rule sets, and what the rules refuse is not
// held against anything.
func TestDiffOfPlans(t *testing.T) {
	t.Parallel()
	target := Target{Kind: TargetNew, DefaultType: pyjson.OfString("t")}
	plan := func(r RuleSet, text string) DiffSide {
		return SideOfPlan(NewPlan(PlanInput{Target: target, Captures: []Capture{read(text)}, Rules: r}), string(r))
	}
	got := diffText(DiffOf(plan(Newton, then), plan(Kilo, then)))
	if want := "certain: display_name differs (certain), display_description differs (certain)"; got != want {
		t.Errorf("by two rule sets: %s", got)
	}
	odd := strings.Replace(then, `"version": 2`, `"version": 3`, 1)
	d := DiffOf(plan(Newton, then), plan(Newton, odd))
	if d.Certainty != Partly || !strings.Contains(d.HeadlineText(), "CANNOT: newton") {
		t.Errorf("one is refused: %s, %s", d.HeadlineText(), diffText(d))
	}
	for _, f := range d.Fields {
		if f.Name == "env" && f.Verdict != DiffUnknown {
			t.Errorf("env is %s", f.Verdict)
		}
	}
}

// TestDiffIsSound: whichever of the captures a side may have is the true one, what is
// said for certain holds, and one that is said to be among several is among them.
func TestDiffIsSound(t *testing.T) {
	if testing.Short() {
		t.Skip("one case after the other: the race detector has nothing to find in them, and takes long")
	}
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 26))
	draw := func() string {
		doc := `{"version": 2, "volume-base-metadata": {"display_name": "` + fmt.Sprint(r.IntN(2)) + `"}`
		if r.IntN(4) > 0 {
			var keys []string
			for k := range 3 {
				if r.IntN(2) == 0 {
					keys = append(keys, fmt.Sprintf(`"k%d": "%d"`, k, r.IntN(2)))
				}
			}
			doc += `, "volume-metadata": {` + strings.Join(keys, ", ") + "}"
		}
		return doc + "}"
	}
	certain := 0
	for range 3000 {
		evidence := []Evidence{EvidenceStored, EvidenceEither, EvidenceUnknown}
		ea, eb := evidence[r.IntN(3)], evidence[r.IntN(3)]
		a, b := []string{draw(), draw()}, []string{draw(), draw()}
		know := func(e Evidence, texts []string) DiffSide {
			return layered(e, texts[:map[Evidence]int{EvidenceStored: 1, EvidenceEither: 2}[e]]...)
		}
		truth := func(e Evidence, texts []string) DiffSide {
			if e == EvidenceUnknown {
				return layered(EvidenceStored, draw())
			}
			return layered(EvidenceStored, texts[r.IntN(map[Evidence]int{EvidenceStored: 1, EvidenceEither: 2}[e])])
		}
		said, is := DiffOf(know(ea, a), know(eb, b)), DiffOf(truth(ea, a), truth(eb, b))
		for _, f := range is.Fields {
			at := slices.IndexFunc(said.Fields, func(g FieldDiff) bool { return g.Section == f.Section && g.Name == f.Name })
			if at < 0 {
				if f.Name != "" && !slices.Contains(said.Open, f.Section) && said.Certainty != Unknown {
					t.Fatalf("%s %s is not told of: %s; it is %s", f.Section, f.Name, diffText(said), diffText(is))
				}
				continue
			}
			g := said.Fields[at]
			if g.Certainty == Certain && (g.Verdict != f.Verdict || !sameOpt(g.A.Value, f.A.Value)) ||
				g.Verdict == DiffDiffers && f.Verdict == DiffSame {
				t.Fatalf("%s is said to be %s (%s), and is %s", f.Name, g.Verdict, g.Certainty, f.Verdict)
			}
			certain += boolInt(g.Certainty == Certain)
		}
		if said.Certainty == Certain && diffText(said) != diffText(is) {
			t.Fatalf("certain: %s; it is %s", diffText(said), diffText(is))
		}
	}
	if certain < 1000 {
		t.Errorf("only %d fields were certain", certain)
	}
}
