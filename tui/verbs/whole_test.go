package verbs

import (
	"context"
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/memory"
)

// partial is a cloud of which one project is seen, and whose list ends early where
// short is set.
type partial struct {
	*memory.Cloud
	reach core.Reach
	short bool
}

func (p partial) Reach() core.Reach { return p.reach }

func (p partial) Backups(ctx context.Context, q core.Query) (core.Page[core.Backup], error) {
	q.Filter, q.Limit, q.Offset = core.Filter{}, 0, 0
	page, err := p.Cloud.Backups(ctx, q)
	if len(page.Rows) > 1 {
		page.Rows = page.Rows[:1]
	}
	page.Total = 1
	if p.short {
		err = core.Fail(core.CodeIncomplete, "read the list whole", "the cloud counts 3 rows and lists 1", "", nil)
	}
	return page, err
}

// Volumes are those of the project that is seen.
func (p partial) Volumes(ctx context.Context, q core.Query) (core.Page[core.Volume], error) {
	page, err := p.Cloud.Volumes(ctx, q)
	if len(page.Rows) > 0 {
		one := page.Rows[0].ProjectID
		page.Rows = slices.DeleteFunc(page.Rows, func(v core.Volume) bool { return v.ProjectID != one })
		page.Total = len(page.Rows)
	}
	return page, err
}

// TestListNotWhole: what there is of a list is printed, and the exit code says that
// it is not whole.
func TestListNotWhole(t *testing.T) {
	b, c := cloud(t)
	b.desk.Place = partial{c, core.ReachOwn, true}
	for _, o := range []string{"table", "json", "value"} {
		if got := b.run("backups", "--limit", "1", "-o", o); got.code != 14 || len(got.out) < 30 ||
			!strings.Contains(got.err, "counts 3 rows and lists 1") {
			t.Errorf("%s: %+v", o, got)
		}
	}
}

// TestSetsNotWhole: what is compared or covered over a list that ended early is shown, and
// the exit code says that it is not of the whole place.
func TestSetsNotWhole(t *testing.T) {
	for _, args := range []string{"coverage --all", "reconcile --from r --all", "reconcile --from r -o json", "archive --yes"} {
		x := twoClouds(t)
		x.desk.Place = partial{x.a, core.ReachOwn, true}
		got := x.run(strings.Fields(args)...)
		if got.code != 14 || !strings.Contains(got.err, "counts 3 rows and lists 1") || len(got.out) < 40 && !strings.HasPrefix(args, "archive") {
			t.Errorf("%s: %+v", args, got)
		}
	}
	x := twoClouds(t)
	x.desk.Place = partial{x.a, core.ReachOwn, true}
	if got := x.run("recover", "--from", "r", "--yes"); got.code != 14 || asked(x.a, "Import") > 0 {
		t.Errorf("what only seems to be lost is not brought back: %+v", got)
	}
}

// TestSetsNarrowed: what is covered or compared over one project says so.
func TestSetsNarrowed(t *testing.T) {
	for _, args := range []string{"coverage --all", "reconcile --from r --all"} {
		for reach, says := range map[core.Reach]string{core.ReachOwn: "and not the whole of cloud:a: --all-projects looks at all",
			core.ReachAll: "though all were asked for: this login has member"} {
			x := twoClouds(t)
			x.a.Deny(core.OpAllProjects, "this login has member")
			x.desk.Place = partial{x.a, reach, false}
			if got := x.run(strings.Fields(args)...); !strings.Contains(got.err, "One project was looked at") ||
				!strings.Contains(got.err, says) {
				t.Errorf("%s, %v: %+v", args, reach, got)
			}
		}
	}
}

// TestNarrowed: whoever asks for all projects and sees one is told so.
func TestNarrowed(t *testing.T) {
	b, c := cloud(t)
	b.desk.Place = partial{c, core.ReachAll, false}
	if got := b.run("backups", "--limit", "1"); got.code != 0 || strings.Contains(got.err, "one project") {
		t.Errorf("who may see all: %+v", got)
	}
	c.Deny(core.OpAllProjects, "this login has member")
	if got := b.run("backups", "--limit", "1"); got.code != 0 ||
		!strings.Contains(got.err, "One project was looked at, though all were asked for: this login has member") {
		t.Errorf("who may not: %+v", got)
	}
	b.desk.Place = partial{c, core.ReachOwn, false}
	if got := b.run("backups", "--limit", "1"); strings.Contains(got.err, "ne project") {
		t.Errorf("who does not ask: %+v", got)
	}
	for reach, says := range map[core.Reach]string{core.ReachOwn: "and not the whole of cloud:", core.ReachAll: "though all were asked for"} {
		d := b.desk
		d.Place = partial{c, reach, false}
		if why := d.Narrowed(core.FieldSet{"p": true}); !strings.Contains(why, says) || strings.Contains(why, "--") {
			t.Errorf("%v: %q", reach, why)
		}
		if why := d.Narrowed(core.FieldSet{"p": true, "q": true}); why != "" {
			t.Errorf("two projects: %q", why)
		}
	}
}
