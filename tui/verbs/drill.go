package verbs

import (
	"context"
	"crypto/rand"
	bits "encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/jobs"
)

// drilling is a call of hearth drill.
type drilling struct {
	filter          string
	newest, never   bool
	random, most    int
	seed            uint64
	volumeType      string
	deep, dry, tidy bool
	yes             bool
	devices         []string
	format          format
	results         bool
	request         jobs.DrillRequest
	named           []string
	seedGiven       bool
}

var drillFormats = []string{"table", "json", "yaml", "markdown"}

func (e *Env) drill() *cobra.Command {
	r := &drilling{}
	cmd := &cobra.Command{
		Use: "drill [BACKUP…]", Short: "Restore some backups for a try, say whether they came back, and delete what was made",
		Args: cobra.ArbitraryArgs,
		Long: "Restore backups, one after the other, each into a new volume whose name begins with " + core.DrillPrefix + ", read it back, say " +
			"field by field whether the plan came true, and delete that volume, and no other. It shows first what it would do, with what " +
			"stands against it (the quota, a type, damage that is known), and asks.\n\n" +
			"Which backups: those named; or the newest of each volume, the volumes that waited longest for a drill first (--newest, which is " +
			"usual); or some at random (--random N; the seed is printed, and --seed takes it again); or those that no drill ever took " +
			"(--never). --filter narrows them, --limit takes the first.\n\n" +
			"Cinder calls a restore available that holds the wrong bytes, too. With --deep every byte that the backup holds is compared with " +
			"the repository (--place's, or the one that the config names for it), where this machine can read the volume: at a path or an " +
			"image in Ceph (" + store.RBDSyntax + ") of the config's [drill] devices or of --device, {id} in it stands for the " +
			"volume's id, or where LVM has it. hearth attaches nothing. " +
			"Where it cannot, that is said, and the verdict is restored, not proven.\n\n" +
			"Before a volume is asked for its name is written down, and before anything is put on it its id. So a drill that was killed " +
			"leaves nothing for good: the next one, or --tidy alone, deletes what is left. Results are kept in the archive; hearth status " +
			"counts them, --results lists them.\n\n" +
			"The exit code is 0 where all came back and nothing is left, 11 where one did not or something is.",
		Example: "hearth drill --limit 10 --dry-run\n" +
			"hearth drill --random 5 --deep --yes -o markdown\n" +
			"hearth drill --filter 'volume~gold' --type fast --yes -o json\nhearth drill --tidy --yes",
		ValidArgsFunction: e.backupIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.check(cmd, args); err != nil {
				return err
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error { return e.drills(ctx, d, r) })
		},
	}
	f := cmd.Flags()
	f.BoolVar(&r.newest, "newest", false, "the newest backup of each volume")
	f.IntVar(&r.random, "random", 0, "so many at random")
	f.Uint64Var(&r.seed, "seed", 0, "for --random: which ones (default another one each time)")
	f.BoolVar(&r.never, "never", false, "those that no drill ever took, newest first")
	f.StringVar(&r.filter, "filter", "", filterHelp)
	f.IntVar(&r.most, "limit", 0, "at most so many (default all)")
	f.StringVar(&r.volumeType, "type", "", "the type of the volumes that are made (default the cloud's, or that of an encrypted backup)")
	f.BoolVar(&r.deep, "deep", false, "compare the bytes with the repository, where this machine can read the volume")
	f.StringArrayVar(&r.devices, "device", nil,
		"where this machine finds a volume, such as /dev/vg/volume-{id} or rbd:volumes/volume-{id}; may be repeated")
	f.BoolVar(&r.dry, "dry-run", false, "only show what would be done")
	f.BoolVar(&r.tidy, "tidy", false, "only delete what earlier drills left")
	f.BoolVar(&r.results, "results", false, "only list what is known of earlier drills")
	f.BoolVar(&r.yes, "yes", false, "do not ask")
	formatFlag(cmd, &r.format.name, "table", "how to print the report: "+words(drillFormats, "or"), drillFormats)
	return cmd
}

// check reads the call, before a place is opened.
func (r *drilling) check(cmd *cobra.Command, args []string) error {
	if err := r.format.check(drillFormats...); err != nil {
		return err
	}
	if err := checkLimit(cmd, r.most); err != nil {
		return err
	}
	rules := 0
	for _, given := range []bool{r.newest, r.random != 0, r.never, len(args) > 0, r.tidy, r.results} {
		if given {
			rules++
		}
	}
	r.seedGiven = cmd.Flags().Changed("seed")
	switch {
	case rules > 1:
		return misuse(cmd, "more than one of --newest, --random, --never, --tidy, --results and backups are given", "choose one")
	case r.random < 0 || cmd.Flags().Changed("random") && r.random == 0:
		return misuse(cmd, "--random wants a number from 1", "")
	case r.random > 0 && r.most > 0:
		return misuse(cmd, "--random says how many already", "leave --limit out")
	case r.seedGiven && r.random == 0:
		return misuse(cmd, "--seed is for --random", "")
	}
	for _, t := range r.devices {
		if what := jobs.WrongTemplate(t); store.IsRBD(t) && what != "" {
			return misuse(cmd, "--device "+what, "")
		}
	}
	q := &r.request
	*q = jobs.DrillRequest{Rule: jobs.DrillNewest, Most: r.most, Type: r.volumeType, Deep: r.deep, Seed: r.seed}
	switch {
	case r.random > 0:
		q.Rule, q.Most = jobs.DrillRandom, r.random
		if !r.seedGiven {
			var b [8]byte
			rand.Read(b[:]) // it never fails
			q.Seed = bits.LittleEndian.Uint64(b[:]) >> 12
		}
	case r.never:
		q.Rule = jobs.DrillNever
	}
	r.named = args
	var err error
	q.Filter, err = core.ParseFilter(r.filter, core.BackupColumns)
	return err
}

func (e *Env) drills(ctx context.Context, d jobs.Desk, r *drilling) error {
	if r.results {
		return e.drillResults(ctx, d, r)
	}
	if err := writable(d, "drill", core.OpRestore); err != nil {
		return err
	}
	if r.tidy {
		return e.tidyDrills(ctx, d, r)
	}
	ids, err := backupsNamed(ctx, d, r.named)
	if err != nil {
		return err
	}
	r.request.Backups, r.request.Devices = ids, r.devices
	if e.Devices != nil {
		more, err := e.Devices()
		if err != nil {
			return err
		}
		r.request.Devices = append(slices.Clone(r.devices), more...)
	}
	p, err := d.PlanDrill(ctx, r.request, e.progress())
	if err != nil {
		return err
	}
	e.sayDrill(&p)
	if len(p.Items) == 0 {
		return core.Fail(core.CodeNotFound, "drill", "there is no available backup that the rule takes", "name another rule or filter", nil)
	}
	n, _ := p.Todo()
	if r.dry {
		return nil
	}
	if n > 0 || len(p.Left) > 0 {
		question := fmt.Sprintf("Restore %s into volumes of their own, one after the other, and delete these again?", core.Count(n, "backup"))
		if err := e.confirm(ctx, r.yes, "drill", question, "look at it with hearth drill --dry-run"); err != nil {
			return err
		}
	}
	drills, err := d.Drill(ctx, p, e.progress())
	if werr := e.writeDrills(r, drills, p.Request.Rule == jobs.DrillRandom && len(ids) == 0, p.Request.Seed); err == nil {
		err = werr
	}
	return err
}

// sayDrill shows the plan.
func (e *Env) sayDrill(p *jobs.DrillPlan) {
	for i := range p.Left {
		x := &p.Left[i]
		e.say("First the volume %s (%s) goes, which an earlier drill left.", x.Name, calling(string(x.Volume)))
	}
	for i := range p.Items {
		it := &p.Items[i]
		b := &it.Backup
		if it.Problem != nil {
			e.say("- %s (%s), %d GiB: not tried: %s", b.Title(), string(b.ID), b.Size, it.Problem)
			continue
		}
		kind := ""
		if it.Type != "" {
			kind = " of type " + it.Type
		}
		e.say("- %s (%s), %s, %d GiB → %s, a volume%s that goes again", b.Title(), string(b.ID), b.Kind(), b.Size, it.Restore.Name, kind)
		for _, text := range it.Unsure {
			e.say("  ! Whether it can be restored is not certain: %s.", text)
		}
	}
	n, gib := p.Todo()
	if n > 0 {
		e.say("%d of %s that the rule could take are tried, one after the other; the largest takes %d GiB for a while.", n,
			core.Count(p.Of, "backup"), gib)
		e.say("Whether a backend has room for that is not known beforehand: Cinder's scheduler decides, and says so of the volume.")
	}
	if p.NotDeep != "" {
		e.say("! No bytes will be compared: %s.", p.NotDeep)
	}
	if p.Request.Rule == jobs.DrillRandom && len(p.Request.Backups) == 0 {
		e.say("The same ones again: --random %d --seed %d", p.Request.Most, p.Request.Seed)
	}
}

func (e *Env) tidyDrills(ctx context.Context, d jobs.Desk, r *drilling) error {
	left, err := d.LeftDrills(ctx)
	if err != nil {
		return err
	}
	if len(left) == 0 {
		e.say("No drill left anything that hearth knows of.")
		return nil
	}
	for i := range left {
		e.say("- %s (%s), of a drill of %s on %s UTC", left[i].Name, calling(string(left[i].Volume)), left[i].Title(), clock(left[i].At, false))
	}
	if r.dry {
		return nil
	}
	if err := e.confirm(ctx, r.yes, "tidy up after drills", "Delete "+core.Count(len(left), "volume")+", with the data?",
		"look at it with hearth drill --tidy --dry-run"); err != nil {
		return err
	}
	left, err = d.TidyDrills(ctx, e.progress())
	for i := range left {
		if left[i].Gone {
			e.say("- %s: gone", left[i].Name)
		} else {
			e.say("- %s: still there: %s", left[i].Name, left[i].Left)
		}
	}
	return err
}

func (e *Env) drillResults(ctx context.Context, d jobs.Desk, r *drilling) error {
	drills, err := d.Drills(ctx)
	if err != nil {
		return err
	}
	if r.most > 0 {
		drills = drills[:min(len(drills), r.most)]
	}
	return e.writeDrills(r, drills, false, 0)
}

// writeDrills prints the report.
func (e *Env) writeDrills(r *drilling, drills []core.Drill, random bool, seed uint64) error {
	switch r.format.name {
	case "markdown":
		return drillMarkdown(e.Out, drills)
	case "table":
		return drillTable(e.Out, e.Width, drills)
	}
	o := &pyjson.Object{}
	if random {
		o.Set("seed", pyjson.OfInt(int64(seed)))
	}
	good := 0
	items := []pyjson.Value{}
	for i := range drills {
		if drills[i].Verdict.Good() {
			good++
		}
		items = append(items, pyjson.OfDict(drills[i].Object()))
	}
	o.Set("came_back", pyjson.OfInt(int64(good)))
	o.Set("of", pyjson.OfInt(int64(len(drills))))
	o.Set("drills", pyjson.OfList(items))
	return e.writeObject(&r.format, o)
}

func drillTable(w io.Writer, width int, drills []core.Drill) error {
	g := grid{lanes: []lane{{title: "Backup", kind: core.IDColumn}, {title: "Name"}, {title: "When (UTC)", kind: core.TimeColumn, spare: 1},
		{title: "Took"}, {title: "Fields", spare: 2}, {title: "Compared"}, {title: "Verdict", wraps: true}}}
	for i := range drills {
		d := &drills[i]
		compared := "-"
		if d.Compared > 0 {
			compared = core.Bytes(d.Compared)
		}
		g.rows = append(g.rows, []string{core.Visible(string(d.Backup)), core.Visible(d.BackupName), clock(d.At.UTC(), false),
			core.Lasting(d.Took), d.Came(), compared, core.Visible(d.Says())})
	}
	return g.write(w, width)
}

// markdownCell is a text in a cell of a table of Markdown: nothing of it is marked up.
func markdownCell(s string) string {
	s = core.Visible(s)
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_{}[]()<>#+!|~&$^=:@-.", r) && !strings.ContainsRune("-.:", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func drillMarkdown(w io.Writer, drills []core.Drill) error {
	var b strings.Builder
	good := 0
	b.WriteString("| backup | name | when (UTC) | took | fields | compared | verdict |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for i := range drills {
		d := &drills[i]
		if d.Verdict.Good() {
			good++
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", markdownCell(string(d.Backup)), markdownCell(d.BackupName),
			clock(d.At.UTC(), false), core.Lasting(d.Took), d.Came(), core.Bytes(d.Compared), markdownCell(d.Says()))
	}
	fmt.Fprintf(&b, "\n%d of %s came back.\n", good, core.Count(len(drills), "backup"))
	_, err := io.WriteString(w, b.String())
	return err
}
