package verbs

import (
	"fmt"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
)

func (e *Env) decode() *cobra.Command {
	f := &format{}
	cmd := &cobra.Command{
		Use: "decode [FILE|-]", Short: "Show what is inside records", Args: takes(0, 1),
		Long: "Show the backup's fields inside each record of a file or of stdin, as they stand there; several records give a list. " +
			"Service and fingerprint go to stderr. No place is opened.",
		Example: "hearth decode record.json\nhearth decode record.json -o value -c display_name",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(formats...); err != nil {
				return err
			}
			found, _, err := e.paste(cmd.Context(), args)
			if err != nil {
				return err
			}
			return e.decoded(f, found)
		},
	}
	f.flags(cmd, core.BackupFields)
	return cmd
}

// decoded prints what is inside the records, and says what is to be said of each.
func (e *Env) decoded(f *format, found []core.Found) error {
	var objects []*pyjson.Object
	for i, x := range found {
		for _, note := range append(append([]string{}, x.Notes...), x.Decoded.Tolerated...) {
			e.say("Record %d: %s.", i+1, note)
		}
		if !x.OK() {
			if len(found) > 1 {
				e.say("Record %d, line %d: %s.", i+1, x.Line, x.Err)
			}
			continue
		}
		e.say("Record %d, line %d: service %s, fingerprint %s", i+1, x.Line, x.Record.Service, x.Decoded.Fingerprint())
		o, err := f.only(x.Decoded.Doc.Object(), nil)
		if err != nil {
			return err
		}
		objects = append(objects, o)
	}
	var err error
	switch {
	case len(found) == 1 && len(objects) == 1:
		err = e.writeObject(f, objects[0])
	case len(objects) > 0:
		err = e.writeObjects(f, objects)
	}
	broken := len(found) - len(objects)
	switch {
	case err != nil || broken == 0:
		return err
	case len(found) == 1:
		return core.Fail(core.CodeUnreadable, "", fmt.Sprintf("line %d: %s", found[0].Line, found[0].Err), "", nil)
	case len(objects) > 0:
		return notAll("decode", broken, len(found), "record", "cannot be read")
	}
	return core.Fail(core.CodeUnreadable, "decode", "none of "+core.Count(len(found), "record")+" can be read",
		"see what is said of each", nil)
}
