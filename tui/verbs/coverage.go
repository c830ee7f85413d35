package verbs

import (
	"context"
	"fmt"
	"iter"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
)

// covered is a line of the coverage: of a backup or of a volume.
type covered struct {
	kind, id, name, project string
	at                      core.Opt[time.Time] // of a backup: made; of a volume: of its newest backup
	record                  string              // of a backup
	checked                 core.Opt[time.Time]
	capture                 string
	evidence                string
	gap                     []string
}

var coverColumns = core.Columns[covered]{
	{Name: "what", Key: "what", Title: "What", Kind: core.WordColumn,
		Value: func(c *covered) pyjson.Value { return pyjson.OfString(c.kind) }},
	{Name: "id", Key: "id", Title: "ID", Kind: core.IDColumn,
		Value: func(c *covered) pyjson.Value { return pyjson.OfString(c.id) }},
	{Name: "name", Key: "name", Title: "Name",
		Value: func(c *covered) pyjson.Value { return orNull(c.name) }},
	{Name: "project", Key: "project_id", Title: "Project", Kind: core.IDColumn,
		Value: func(c *covered) pyjson.Value { return orNull(c.project) }},
	{Name: "backup-at", Key: "backup_at", Title: "Backup of", Kind: core.TimeColumn,
		Value: func(c *covered) pyjson.Value { return timeOrNull(c.at) }},
	{Name: "record", Key: "record", Title: "Record", Kind: core.WordColumn,
		Value: func(c *covered) pyjson.Value { return orNull(c.record) }},
	{Name: "checked", Key: "record_checked_at", Title: "Checked", Kind: core.TimeColumn,
		Value: func(c *covered) pyjson.Value { return timeOrNull(c.checked) }},
	{Name: "capture", Key: "capture", Title: "Capture", Kind: core.WordColumn,
		Value: func(c *covered) pyjson.Value { return orNull(c.capture) }},
	{Name: "gap", Key: "gap", Title: "Gap",
		Value: func(c *covered) pyjson.Value { return orNull(strings.Join(c.gap, ", ")) }},
	{Name: "evidence", Key: "evidence", Title: "Evidence", Kind: core.WordColumn,
		Value: func(c *covered) pyjson.Value { return orNull(c.evidence) }},
}

var coverSheet = sheet[covered]{
	columns: coverColumns,
	usual:   []string{"what", "id", "name", "backup-at", "record", "checked", "capture", "gap", "evidence"},
	spare:   []string{"checked", "backup-at", "name"},
}

func (e *Env) coverage() *cobra.Command {
	f := &format{}
	var older string
	var all bool
	cmd := &cobra.Command{
		Use: "coverage", Short: "Show what could not be brought back: backups without a record, volumes without a backup", Args: takes(0, 0),
		Long: "Show which available backups of a place have no record in hearth's archive, or an old one (the backup has " +
			"changed since it was exported), or no capture that hearth knows of, and with --older-than which volumes " +
			"have no available backup newer than that.\n\n" +
			"Of captures hearth knows those that it took itself when it made a backup, those that it has read from a " +
			"backup repository, and those in the repository that the config names for the place. What an incremental stands on counts " +
			"too, where the place names it: a restore puts the metadata of every layer back. Cinder shows no capture " +
			"through its API: that none is known does not mean that there is none. The evidence says how far one carries: " +
			"stored is what Cinder wrote, held what the volume was before the backup and after it, either and late that it " +
			"changed meanwhile, moment that it was looked at only once.\n\n" +
			"The columns are " + words(coverColumns.Names(), "and") + ".",
		Example:           "hearth coverage --cloud prod --older-than 7d\nhearth coverage --all -o csv\nhearth coverage -o value -c id,gap",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := coverSheet.rows(f, e.Width)
			if err != nil {
				return err
			}
			var age time.Duration
			if older != "" {
				if age, err = jobs.ParseAge(older); err != nil {
					return misuse(cmd, err.Error(), "")
				}
			}
			defer lean()()
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				c, err := d.Coverage(ctx, age)
				if err != nil && core.CodeOf(err) != core.CodeIncomplete {
					return err
				}
				r.again = func() func() ([]covered, error) { return inPages(coverLines(&c, older, all)) }
				if _, err := r.print(e.Out); err != nil {
					return err
				}
				e.say("%s", coverSays(&c, older))
				e.sayNarrowed(d, c.Projects())
				return err // what there is was shown all the same
			})
		},
	}
	f.flags(cmd, coverColumns.Names())
	f.localFlag(cmd)
	cmd.Flags().StringVar(&older, "older-than", "", "also volumes without a backup of the last so long, such as 30d")
	cmd.Flags().BoolVar(&all, "all", false, "also what has no gap")
	return cmd
}

// lean collects garbage sooner until its function is called: for what keeps much that
// holds no pointers, so that looking through it costs next to nothing, and as much garbage
// again would be most of the memory taken. GOGC has its own way.
func lean() func() {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	was := debug.SetGCPercent(10)
	return func() { debug.SetGCPercent(was) }
}

// coverLines are the lines of a coverage.
func coverLines(c *jobs.Coverage, older string, all bool) iter.Seq[covered] {
	return func(yield func(covered) bool) {
		for _, x := range c.Backups() {
			if gap := x.Gap(); (all || len(gap) > 0) && !yield(backupLine(&x, gap)) {
				return
			}
		}
		if older == "" {
			return
		}
		for _, v := range c.Volumes() {
			if (all || v.Stale) && !yield(volumeLine(&v, older)) {
				return
			}
		}
	}
}

func backupLine(x *jobs.BackupCover, gap []string) covered {
	capture, evidence := string(x.Capture), string(x.Evidence)
	if capture == "" {
		capture, evidence = "none known", "none"
	}
	return covered{kind: "backup", id: string(x.ID), name: x.Name.Or(""), project: string(x.Project), at: x.Created,
		record: string(x.Record), checked: x.Checked, capture: capture, evidence: evidence, gap: gap}
}

func volumeLine(v *jobs.VolumeCover, older string) covered {
	var gap []string
	switch {
	case v.Stale && !v.Newest.Set:
		gap = []string{"no backup"}
	case v.Stale:
		gap = []string{"no backup of the last " + older}
	}
	return covered{kind: "volume", id: string(v.ID), name: v.Name.Or(""), project: string(v.Project), at: v.Newest, gap: gap}
}

// coverSays is what a coverage comes to.
func coverSays(c *jobs.Coverage, older string) string {
	n := &c.CoverCounts
	says := fmt.Sprintf("Of %s: %d without a record, %d with an old one, %d without a capture that hearth knows of.",
		core.Count(n.Backups, "available backup"), n.NoRecord, n.OldRecord, n.NoCapture)
	if n.OnHoles > 0 {
		says += fmt.Sprintf(" %d with one stand on layers without.", n.OnHoles)
	}
	says += evidenceSays(c)
	if older != "" {
		says += fmt.Sprintf(" Of %s: %d without a backup of the last %s.", core.Count(n.Volumes, "volume"), n.Stale, older)
	}
	return says
}

// evidenceSays counts the captures by how far they carry; "" where none is known.
func evidenceSays(c *jobs.Coverage) string {
	n := c.ByEvidence
	var parts []string
	for _, x := range []struct {
		evidence core.Evidence
		says     string
	}{
		{core.EvidenceStored, "from the repository"}, {core.EvidenceHeld, "held throughout the backup"},
		{core.EvidenceEither, "either of two"}, {core.EvidenceLate, "of two, looked at too late"},
		{core.EvidenceMoment, "of one moment"}, {core.EvidenceGiven, "from a file"}, {core.EvidenceToday, "the volume as it was some time"},
	} {
		if n[x.evidence] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[x.evidence], x.says))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " Captures: " + strings.Join(parts, ", ") + "."
}
