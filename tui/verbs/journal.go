package verbs

import (
	"context"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
)

func (e *Env) journal() *cobra.Command {
	f := &format{}
	limit := 0
	cmd := &cobra.Command{
		Use: "journal", Short: "List what was changed, newest first", Args: takes(0, 0),
		Long: "List what hearth changed in this place, newest first. JSON and YAML hold of each entry also the state of " +
			"the volume before it and after it. A store that hearth made keeps its own journal; that of other places is " +
			"in the archive.",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := entrySheet.rows(f, e.Width)
			if err != nil {
				return err
			}
			if err := checkLimit(cmd, limit); err != nil {
				return err
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				j := d.Journal()
				if j == nil {
					return core.Fail(core.CodeUnsupported, "read the journal", "this place keeps none, and there is no archive", "", nil)
				}
				entries, err := j.Entries(ctx, d.Place.Info().Location, limit)
				if err != nil {
					return err
				}
				n, err := r.list(e.Out, entries)
				if err == nil && n == 0 && f.name == "table" {
					e.say("Nothing was changed here by hearth.")
				}
				return err
			})
		},
	}
	f.flags(cmd, entryColumns.Names())
	f.localFlag(cmd)
	cmd.Flags().IntVar(&limit, "limit", 0, "at most so many entries (default all)")
	return cmd
}

var entryColumns = core.Columns[core.Entry]{
	{Name: "id", Key: "id", Title: "Entry", Kind: core.NumberColumn,
		Value: func(e *core.Entry) pyjson.Value { return pyjson.OfInt(int64(e.ID)) }},
	{Name: "at", Key: "at", Title: "At", Kind: core.TimeColumn,
		Value: func(e *core.Entry) pyjson.Value { return pyjson.OfTime(e.At.UTC(), false) }},
	{Name: "who", Key: "who", Title: "Who",
		Value: func(e *core.Entry) pyjson.Value { return pyjson.OfString(e.Who) }},
	{Name: "kind", Key: "kind", Title: "What", Kind: core.WordColumn,
		Value: func(e *core.Entry) pyjson.Value { return pyjson.OfString(string(e.Kind)) }},
	{Name: "state", Key: "state", Title: "State", Kind: core.WordColumn,
		Value: func(e *core.Entry) pyjson.Value { return pyjson.OfString(string(e.State)) }},
	{Name: "volume", Key: "volume_id", Title: "Volume", Kind: core.IDColumn,
		Value: func(e *core.Entry) pyjson.Value { return pyjson.OfString(string(e.Volume)) }},
	{Name: "backup", Key: "backup_id", Title: "Backup", Kind: core.IDColumn,
		Value: func(e *core.Entry) pyjson.Value { return pyjson.OfString(string(e.Backup)) }},
	{Name: "summary", Key: "summary", Title: "Summary",
		Value: func(e *core.Entry) pyjson.Value { return pyjson.OfString(e.Summary) }},
	{Name: "error", Key: "error", Title: "Error",
		Value: func(e *core.Entry) pyjson.Value { return pyjson.OfString(e.Error) }},
}

var entrySheet = sheet[core.Entry]{
	columns: entryColumns,
	usual:   []string{"id", "at", "who", "kind", "state", "summary"},
	spare:   []string{"who"},
	object:  (*core.Entry).Object,
}
