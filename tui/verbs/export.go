package verbs

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/store/jobs"
)

// recordFormats are the words for -o; command is the cinder client's.
var recordFormats = []string{"json", "command", "openstack", "text"}

func (e *Env) export() *cobra.Command {
	var chain, copyIt bool
	var name string
	cmd := &cobra.Command{
		Use: "export BACKUP…", Short: "Print backups as records, to be imported elsewhere", Args: takes(1, -1),
		Long: "Print the records of backups, each named " + named + ": json as the API writes them, command as a command " +
			"of the cinder client, openstack as one of that client, text as the service and the base64. On stderr stands " +
			"a fingerprint of each, which two people can compare by voice.\n\n" +
			"A record holds the backup's row, not the volume's metadata: that is the capture, which stays in the backup " +
			"repository. Each is kept in hearth's archive as well; where that cannot be it is printed all the same, and the exit " +
			"code is 11.",
		Example: "hearth export web-root-full > record.json\n" +
			"hearth export 4e47 --chain | ssh other-site hearth import --store /srv/dr.sqlite --yes\n" +
			"hearth export 4e47 --copy",
		ValidArgsFunction: e.backupIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := recordFormat(name)
			if err != nil {
				return err
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				var ids []core.BackupID
				for _, ref := range args {
					b, err := d.ResolveBackup(ctx, ref)
					if err != nil {
						return err
					}
					ids = append(ids, b.ID)
				}
				done, err := d.Export(ctx, ids, chain, nil)
				if err != nil {
					return err
				}
				if err := e.exported(ctx, done, f, copyIt); err != nil {
					return err
				}
				why := d.NotKept()
				for i := range done {
					if err := done[i].NotKept; err != nil {
						why = err.Error()
					}
				}
				if why != "" { // said only, it would pass for what is archived
					return core.Fail(core.CodePartial, "archive what was exported", why, "what was printed is whole; hearth check says what is wrong", nil)
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&chain, "chain", false, "with the parents of each, parents first")
	cmd.Flags().BoolVar(&copyIt, "copy", false, "to the clipboard instead of stdout")
	formatFlag(cmd, &name, "json", "what to print: "+words(recordFormats, "or"), recordFormats)
	return cmd
}

func recordFormat(name string) (core.RecordFormat, error) {
	switch name {
	case "json", "openstack", "text":
		return core.RecordFormat(name), nil
	case "command", "cinder":
		return core.FormatCinder, nil
	}
	return "", core.Fail(core.CodeUsage, "export as "+name, "there is no such format", "use "+words(recordFormats, "or"), nil)
}

// exported prints or copies what was exported, and says what became of each.
func (e *Env) exported(ctx context.Context, done []jobs.Exported, f core.RecordFormat, copyIt bool) error {
	if len(done) == 1 && done[0].Err != nil {
		return done[0].Err
	}
	var records []core.Record
	code := core.CodePartial
	for _, x := range done {
		if x.Err != nil {
			e.say("- %s (%s): %s.", x.Backup.Title(), string(x.Backup.ID), x.Err)
			continue
		}
		records = append(records, x.Record)
		if d, err := core.DecodeRecord(x.Record.URL, core.Today); err == nil {
			e.say("- %s (%s): %s, fingerprint %s", x.Backup.Title(), string(x.Backup.ID), x.Backup.Kind(), d.Fingerprint())
		}
		if x.Record.By != "" {
			e.say("  made by %s, as the cloud did not export it.", x.Record.By)
		}
		if caution := x.Backup.Layout.Advice(); caution != "" {
			e.say("  ! %s.", core.Visible(caution))
		}
	}
	if len(records) > 0 {
		if w := f.Warning(); w != "" {
			e.say("Note: %s.", w)
		}
		if err := e.deliver(ctx, core.WriteRecords(records, f), copyIt); err != nil {
			return err
		}
	} else {
		code = core.CodeOf(done[0].Err)
	}
	if failed := len(done) - len(records); failed > 0 {
		return core.Fail(code, "export all", fmt.Sprintf("%d of %s failed", failed, core.Count(len(done), "backup")),
			"see what is said of each", nil)
	}
	return nil
}

// deliver takes a text to stdout, or to the clipboard.
func (e *Env) deliver(ctx context.Context, text string, copyIt bool) error {
	if !copyIt {
		_, err := io.WriteString(e.Out, text)
		return err
	}
	how, err := e.Copy(ctx, text)
	if err == nil {
		e.say("%s", how)
	}
	return err
}
