package verbs

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
)

func (e *Env) export() *cobra.Command {
	var chain, copyIt bool
	name := "json"
	cmd := &cobra.Command{
		Use: "export BACKUP…", Short: "Print backups as records, to be imported elsewhere", Args: cobra.MinimumNArgs(1),
		Long: "Print the records of backups: json as the API writes them, command as a cinder client command\n" +
			"(openstack for that client), text as service and base64. A record holds the backup's row, not\n" +
			"the volume's metadata: that is the capture, which stays in the backup repository.",
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
				return e.exported(ctx, done, f, copyIt)
			})
		},
	}
	cmd.Flags().BoolVar(&chain, "chain", false, "with the parents of each, parents first")
	cmd.Flags().BoolVar(&copyIt, "copy", false, "to the clipboard instead of stdout")
	cmd.Flags().StringVarP(&name, "output", "o", "json", "json, command, openstack or text")
	cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"json", "command", "openstack", "text"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func recordFormat(name string) (core.RecordFormat, error) {
	switch name {
	case "json", "openstack", "text":
		return core.RecordFormat(name), nil
	case "command", "cinder":
		return core.FormatCinder, nil
	}
	return "", core.Fail(core.CodeUsage, "export as "+name, "there is no such format", "use json, command, openstack or text", nil)
}

func (e *Env) exported(ctx context.Context, done []jobs.Exported, f core.RecordFormat, copyIt bool) error {
	var records []core.Record
	var first error
	failed := 0
	for _, x := range done {
		if x.Err != nil {
			failed++
			if first == nil {
				first = x.Err
			}
			e.say("- %s (%s): %s.", x.Backup.Title(), x.Backup.ID, x.Err)
			continue
		}
		records = append(records, x.Record)
		d, err := core.DecodeRecord(x.Record.URL, core.Today)
		if err == nil {
			e.say("- %s (%s): %s, fingerprint %s", x.Backup.Title(), x.Backup.ID, x.Backup.Kind(), d.Fingerprint())
		}
	}
	if len(records) == 0 {
		return first
	}
	if w := f.Warning(); w != "" {
		e.say("Note: %s.", w)
	}
	text := core.WriteRecords(records, f)
	if copyIt {
		how, err := e.Copy(ctx, text)
		if err != nil {
			return err
		}
		e.say("%s", how)
	} else if _, err := io.WriteString(e.Out, text); err != nil {
		return err
	}
	if failed > 0 {
		return core.Fail(core.CodePartial, "export all", fmt.Sprintf("%d of %s failed", failed, core.Count(len(done), "backup")), "see what is said of each", first)
	}
	return nil
}

// paste reads records from a file or stdin.
func (e *Env) paste(args []string) ([]core.Found, error) {
	file := "-"
	if len(args) == 1 {
		file = args[0]
	}
	if file == "-" && e.Terminal {
		e.say("Paste the records, then press Enter and Ctrl-D.")
	}
	text, err := e.read(file)
	if err != nil {
		return nil, err
	}
	found := core.FindRecords(text)
	if len(found) == 0 {
		return nil, core.Fail(core.CodeUnreadable, "find a record in "+file, fmt.Sprintf("there is none in its %s", core.Bytes(int64(len(text)))),
			"copy the output of an export, from its beginning", nil)
	}
	return found, nil
}

func (e *Env) importing() *cobra.Command {
	var dry, yes bool
	cmd := &cobra.Command{
		Use: "import [FILE|-]", Short: "Import records from whatever they were copied from", Args: cobra.MaximumNArgs(1),
		Long: "Find the records in a file or on stdin (JSON, tables however wrapped, commands, bare base64), say what\n" +
			"would become of each, ask, and import those that can be. --dry-run only says.",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := e.paste(args)
			if err != nil {
				return err
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				checks, facts, err := d.Preflight(ctx, found)
				if err != nil {
					return err
				}
				var chosen []int
				for i := range checks {
					e.sayCheck(i, &checks[i])
					if !checks[i].Refused() {
						chosen = append(chosen, i)
					}
				}
				e.say("Owner: %s.", facts.Owner)
				if dry || len(chosen) == 0 {
					return refusedOf(checks, len(chosen))
				}
				if err := e.confirm(yes, "import", fmt.Sprintf("Import %s into %s?", core.Count(len(chosen), "backup"), d.Place.Info().Location)); err != nil {
					return err
				}
				results, err := d.Import(ctx, checks, chosen)
				for _, r := range results {
					switch {
					case r.Err != nil:
						e.say("- %s (%s): %s.", r.Name, r.ID, r.Err)
					case r.Revived:
						e.say("- %s (%s): %s; its deleted row is used again", r.Name, r.ID, r.Status)
					default:
						e.say("- %s (%s): %s", r.Name, r.ID, r.Status)
					}
				}
				if err != nil {
					return err
				}
				return refusedOf(checks, len(chosen))
			})
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would become of each")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// refusedOf is the end of an import in which some records were refused.
func refusedOf(checks []core.Check, importable int) error {
	switch refused := len(checks) - importable; {
	case refused == 0:
		return nil
	case importable == 0:
		return core.Fail(core.CodeRefused, "import", "none of "+core.Count(len(checks), "record")+" can be imported", "see what is said of each", nil)
	default:
		return core.Fail(core.CodePartial, "import all", fmt.Sprintf("%d of %s cannot be imported", refused, core.Count(len(checks), "record")), "see what is said of each", nil)
	}
}

func (e *Env) sayCheck(i int, c *core.Check) {
	if !c.Found.OK() {
		e.say("Record %d, line %d: cannot be read.", i+1, c.Found.Line)
	} else {
		name := c.Name
		if name == "" {
			name = "(no name)"
		}
		e.say("Record %d, line %d: %s (%s), %d GiB, %s, fingerprint %s", i+1, c.Found.Line, core.Visible(name), core.Visible(string(c.ID)), c.Size,
			core.Visible(c.Found.Record.Service), c.Found.Decoded.Fingerprint())
	}
	for _, f := range c.Findings {
		mark := map[core.Level]string{core.LevelInfo: "·", core.LevelWarn: "!", core.LevelRefuse: "✗"}[f.Level]
		e.say("  %s %s", mark, core.Visible(f.Text))
	}
}

func (e *Env) decode() *cobra.Command {
	f := &format{}
	cmd := &cobra.Command{
		Use: "decode [FILE|-]", Short: "Show what is inside records", Args: cobra.MaximumNArgs(1),
		Long: "Show the backup's fields inside each record of a file or stdin, several as a list; service and\n" +
			"fingerprint go to stderr. No place is opened.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			found, err := e.paste(args)
			if err != nil {
				return err
			}
			var objects []*pyjson.Object
			var broken error
			for i, x := range found {
				for _, note := range append(append([]string{}, x.Notes...), x.Decoded.Tolerated...) {
					e.say("Record %d: %s.", i+1, note)
				}
				if !x.OK() {
					broken = x.Err
					e.say("Record %d, line %d: %s.", i+1, x.Line, x.Err)
					continue
				}
				e.say("Record %d, line %d: service %s, fingerprint %s", i+1, x.Line, core.Visible(x.Record.Service), x.Decoded.Fingerprint())
				objects = append(objects, x.Decoded.Doc.Object())
			}
			switch {
			case len(objects) == 1 && len(found) == 1:
				err = e.writeObject(f, objects[0])
			case f.name == "json" || f.name == "yaml":
				err = writeList(e.Out, f, objects, func(o **pyjson.Object) *pyjson.Object { return *o })
			default:
				for _, o := range objects {
					if err = e.writeObject(f, o); err != nil {
						break
					}
					fmt.Fprintln(e.Out)
				}
			}
			if err == nil {
				err = broken
			}
			return err
		},
	}
	f.flags(cmd)
	return cmd
}
