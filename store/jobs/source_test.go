package jobs_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/jobs"
	"hearth/store/storetest"
)

// repository knows what Cinder stored with some backups.
type repository struct {
	holds map[core.BackupID]string // "" where Cinder stored nothing
	err   error
}

func (r repository) Capture(_ context.Context, id core.BackupID) (core.Capture, bool, error) {
	if r.err != nil {
		return core.Capture{}, false, r.err
	}
	text, ok := r.holds[id]
	if !ok {
		return core.Capture{}, false, core.Fail(core.CodeNotFound, "", "it is not there", "", nil)
	}
	return core.ReadCapture(text, core.Source{Kind: core.SourceRepository, Where: "posix:/b"}), text != "", nil
}

// TestStored: what Cinder stored with the layers comes before all else that is
// known, and what the repository cannot tell is said.
func TestStored(t *testing.T) {
	_, d := ownDesk(t)
	chain, err := d.Chain(t.Context(), storetest.Second)
	ok(t, err)
	if len(chain.Backups) < 2 {
		t.Fatalf("%d layers", len(chain.Backups))
	}
	layer := func(n int) core.BackupID { return chain.Backups[n].ID }
	capture := func(owner string) string {
		return `{"version": 2, "volume-base-metadata": {"display_name": "x"}, "volume-metadata": {"owner": "` + owner + `"}}`
	}
	of := func(p *core.Plan) string {
		var out []string
		for i := range p.Captures {
			out = append(out, string(p.Captures[i].Source.Kind))
		}
		return strings.Join(out, " ")
	}
	last := len(chain.Backups) - 1
	whole := map[core.BackupID]string{}
	for i := range chain.Backups {
		whole[layer(i)] = capture("layer " + string(rune('0'+i)))
	}
	d.Source = repository{holds: whole}
	p := plan(t, d, jobs.PlanRequest{Backup: layer(last), Name: "n"})
	if of(p) != strings.TrimSpace(strings.Repeat("repository ", last+1)) || p.Guess() {
		t.Errorf("the plan rests on %s", of(p))
	}
	if owner, _ := p.After.Metadata.Get("owner"); owner.Text() != "layer "+string(rune('0'+last)) {
		t.Errorf("the owner is %v", owner)
	}
	kept, err := d.KeptCaptures(t.Context(), chain.Backups[last].VolumeID, layer(last))
	ok(t, err)
	if len(kept) == 0 || kept[0].Capture.Source.Kind != core.SourceRepository {
		t.Errorf("the captures of the backup do not begin with what Cinder stored: %+v", kept)
	}

	for name, x := range map[string]struct {
		source repository
		warn   string
	}{
		"nothing stored": {repository{holds: map[core.BackupID]string{layer(0): "", layer(last): capture("a")}},
			"Cinder stored no metadata with layer 1"},
		"not held":     {repository{holds: map[core.BackupID]string{layer(last): capture("a")}}, "the backup repository does not hold layer 1"},
		"out of reach": {repository{err: errors.New("no route to the host")}, "no route to the host"},
	} {
		d.Source = x.source
		p := plan(t, d, jobs.PlanRequest{Backup: layer(last), Name: "n"})
		if !strings.Contains(strings.Join(p.Warnings, "\n"), x.warn) {
			t.Errorf("%s: warned of %q", name, p.Warnings)
		}
	}
}
