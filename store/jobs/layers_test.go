package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/store/memory"
	"hearth/store/storetest"
)

// layersOf tells of a chain what is known of each of its layers.
func layersOf(t *testing.T, d jobs.Desk, id core.BackupID) (layers []jobs.KeptLayer, told string, warnings []string) {
	t.Helper()
	chain, err := d.Chain(t.Context(), id)
	ok(t, err)
	layers, warnings, err = d.Layers(t.Context(), chain)
	ok(t, err)
	var parts []string
	for i := range layers {
		l := &layers[i]
		parts = append(parts, fmt.Sprintf("%d/%d %s %d of %d%v", l.Number, l.Of, l.Evidence, len(l.Captures), len(l.Kept), l.Late))
		if !l.Written {
			t.Errorf("layer %d is that of no backup", l.Number)
		}
	}
	return layers, strings.Join(parts, "; "), warnings
}

func keepTaken(t *testing.T, d jobs.Desk, b core.BackupID, name string, again core.Again) {
	t.Helper()
	at := clock()
	if strings.HasPrefix(name, "after") {
		at = again.At.V
	}
	_, err := d.Archive.KeepCapture(t.Context(), core.KeptCapture{
		Place: d.Place.Info().Location, VolumeID: storetest.Database, BackupID: b, At: at, Again: again,
		Capture: core.ReadCapture(takenAs(name), core.Source{Kind: core.SourceTaken, At: core.Some(at)})})
	ok(t, err)
}

func takenAs(name string) string {
	return `{"version": 2, "volume-base-metadata": {"display_name": "` + name + `"}, "volume-metadata": {"owner": "ada"}}`
}

// TestLayers: each layer of a chain has what carries furthest, and those of which
// there is nothing are told by name.
func TestLayers(t *testing.T) {
	_, d := cloudDesk(t)
	if _, told, _ := layersOf(t, d, storetest.Second); told != "1/3 unknown 0 of 0[]; 2/3 unknown 0 of 0[]; 3/3 unknown 0 of 0[]" {
		t.Errorf("nothing is kept: %s", told)
	}
	end := clock().Add(time.Hour)
	pair := func(since time.Duration) core.Again {
		return core.Again{State: core.AgainDiffers, At: core.Some(end.Add(since)), Ended: core.Some(end)}
	}
	keepTaken(t, d, storetest.First, "before", pair(time.Hour))
	keepTaken(t, d, storetest.First, "after", pair(time.Hour))
	layers, told, _ := layersOf(t, d, storetest.Second)
	if told != "1/3 unknown 0 of 0[]; 2/3 late 2 of 2[display_name]; 3/3 unknown 0 of 0[]" {
		t.Errorf("one is late: %s", told)
	}
	l, err := d.BackupCapture(t.Context(), storetest.First)
	if err != nil || l.Evidence != core.EvidenceLate || len(l.Captures) != 2 ||
		l.Captures[0].Text != takenAs("before") || l.Evidence.Doubt() == "" {
		t.Errorf("by itself it is %+v, %v", l, err)
	}
	p := plan(t, d, jobs.PlanRequest{Backup: storetest.First})
	owner := p.Field(core.UserSection, "owner")
	if p.Chain[1].Evidence != core.EvidenceLate || len(p.Chain[1].Captures) != 2 || owner == nil || owner.Certainty != core.Certain ||
		!has(p.Warnings, "differ in display_name, and were taken too far apart") {
		t.Errorf("a plan takes it for %+v, and warns of %q", p.Chain[1], p.Warnings)
	}
	says := jobs.MissingLayers(layers)
	for _, want := range []string{"captures of 1 of 3 layers are known: there is none of ", layers[0].Title(), layers[2].Title()} {
		if !strings.Contains(says, want) || strings.Contains(says, layers[1].Title()) {
			t.Errorf("no %q in %s", want, says)
		}
	}
	keepTaken(t, d, storetest.Full, "once", core.Again{})
	keepTaken(t, d, storetest.Second, "before", pair(time.Minute))
	keepTaken(t, d, storetest.Second, "after", pair(time.Minute))
	keepTaken(t, d, storetest.Second, "later", core.Again{})
	layers, told, _ = layersOf(t, d, storetest.Second)
	if told != "1/3 moment 1 of 1[]; 2/3 late 2 of 2[display_name]; 3/3 either 2 of 2[]" || jobs.MissingLayers(layers) != "" {
		t.Errorf("all are kept: %s; %s", told, jobs.MissingLayers(layers))
	}
	if first, second := layers[2].Captures[0].Text, layers[2].Captures[1].Text; first != takenAs("before") || second != takenAs("after") {
		t.Errorf("they are %s and %s", first, second)
	}
	// What Cinder stored comes before all of it.
	d.Source = stockedRepository()
	if _, told, _ = layersOf(t, d, storetest.Second); told != "1/3 stored 1 of 1[]; 2/3 stored 1 of 1[]; 3/3 stored 1 of 1[]" {
		t.Errorf("in the repository: %s", told)
	}
	d.Source = noSource{}
	if _, told, warnings := layersOf(t, d, storetest.Second); !strings.HasPrefix(told, "1/3 moment ") || len(warnings) != 2 ||
		!strings.Contains(warnings[0], "no route") || !strings.Contains(warnings[1], " differ in display_name, ") {
		t.Errorf("out of reach: %s, %q", told, warnings)
	}
	d.Source = nil
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = d.Layers(ctx, core.Chain{Backups: []core.Backup{{ID: storetest.Full}}})
	wantCode(t, "cancelled", err, core.CodeCancelled)
}

// TestGuessedParents: what lies below a parent that is only guessed is known as little
// as that, and an incremental without a parent stands on something.
func TestGuessedParents(t *testing.T) {
	_, d := cloudDesk(t)
	d.Source = stockedRepository()
	chain, err := d.Chain(t.Context(), storetest.Second)
	ok(t, err)
	told := func(chain core.Chain) (out string) {
		layers, _, err := d.Layers(t.Context(), chain)
		ok(t, err)
		for i := range layers {
			out += fmt.Sprintf("%d/%d %s %v %v; ", layers[i].Number, layers[i].Of, layers[i].Evidence, layers[i].Guessed, layers[i].Whole())
		}
		return out
	}
	if got := told(chain); got != "1/3 stored false true; 2/3 stored false true; 3/3 stored false true; " {
		t.Errorf("nothing is guessed: %s", got)
	}
	chain.Backups[1].ParentGuessed = true
	if got := told(chain); got != "1/3 stored true false; 2/3 stored false true; 3/3 stored false true; " {
		t.Errorf("the full is guessed: %s", got)
	}
	chain.Backups[2].ParentGuessed = true
	if got := told(chain); got != "1/3 stored true false; 2/3 stored true false; 3/3 stored false true; " {
		t.Errorf("both are: %s", got)
	}
	chain.Backups = chain.Backups[2:]
	chain.Backups[0].ParentID = ""
	if got := told(chain); got != "1/0 unknown true false; 2/0 stored false true; " {
		t.Errorf("no parent is known: %s", got)
	}
}

// stockedRepository is one that holds the captures of the standard world.
func stockedRepository() *memory.Repository {
	s := storetest.Standard()
	return memory.NewRepository(memory.World{Backups: s.AllBackups(), Captures: s.Captures, Now: clock}, nil)
}

// noSource is a repository out of reach.
type noSource struct{}

func (noSource) Capture(context.Context, core.BackupID) (core.Capture, bool, error) {
	return core.Capture{}, false, core.Fail(core.CodeUnavailable, "read", "no route", "", errors.New("no route"))
}

// TestLayersBelowAGap: a parent that is not here is a layer all the same, and the
// archive may have what is known of it.
func TestLayersBelowAGap(t *testing.T) {
	_, d := cloudDesk(t, func(w *memory.World) {
		for i := range w.Backups {
			if w.Backups[i].ID == storetest.Full {
				w.Backups[i].Deleted = true
			}
		}
	})
	layers, told, _ := layersOf(t, d, storetest.First)
	if told != "1/0 unknown 0 of 0[]; 2/0 unknown 0 of 0[]" || layers[0].Backup != storetest.Full ||
		jobs.MissingLayers(layers) != "no capture of any of the 2 layers is known" {
		t.Errorf("%s; %s", told, jobs.MissingLayers(layers))
	}
	keepTaken(t, d, storetest.Full, "once", core.Again{})
	if _, told, _ = layersOf(t, d, storetest.First); told != "1/0 moment 1 of 1[]; 2/0 unknown 0 of 0[]" {
		t.Errorf("with the parent's: %s", told)
	}
	if _, told, _ = layersOf(t, d, storetest.Tagged); told != "1/1 unknown 0 of 0[]" {
		t.Errorf("a full one: %s", told)
	}
}
