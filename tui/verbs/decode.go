package verbs

import (
	"fmt"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/jobs"
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
			found, _, done, err := e.records(cmd.Context(), args)
			defer done()
			if err != nil {
				return err
			}
			return e.decoded(f, found)
		},
	}
	f.flags(cmd, core.BackupFields)
	return cmd
}

// decoded says what is to be said of each record, and prints what is inside.
func (e *Env) decoded(f *format, found jobs.Records) error {
	n, fields := 0, &pyjson.Object{} // of those that can be read: how many, and all their fields, in order
	var broken core.Found
	for i := range found.Len() {
		x, err := found.Found(i)
		if err != nil {
			return err
		}
		for _, note := range append(append([]string{}, x.Notes...), x.Decoded.Tolerated...) {
			e.say("Record %d: %s.", i+1, note)
		}
		if !x.OK() {
			if broken = x; found.Len() > 1 {
				e.say("Record %d, line %d: %s.", i+1, x.Line, x.Err)
			}
			continue
		}
		e.say("Record %d, line %d: service %s, fingerprint %s", i+1, x.Line, x.Record.Service, x.Decoded.Fingerprint())
		o, err := f.only(x.Decoded.Doc.Object(), nil)
		if err != nil {
			return err
		}
		for name := range o.All() {
			fields.Set(name, pyjson.None)
		}
		n++
	}
	if n > 0 {
		if err := e.writeInside(f, found, fields.Keys()); err != nil {
			return err
		}
	}
	switch {
	case n == found.Len():
		return nil
	case found.Len() == 1:
		return core.Fail(core.CodeUnreadable, "", fmt.Sprintf("line %d: %s", broken.Line, broken.Err), "", nil)
	case n > 0:
		return notAll("decode", found.Len()-n, found.Len(), "record", "cannot be read")
	}
	return core.Fail(core.CodeUnreadable, "decode", "none of "+core.Count(found.Len(), "record")+" can be read",
		"see what is said of each", nil)
}

// writeInside prints what is inside the records that can be read, as it is read.
func (e *Env) writeInside(f *format, found jobs.Records, fields []string) error {
	var failed error
	objects := func(yield func(*pyjson.Object) bool) {
		for i := range found.Len() {
			x, err := found.Found(i)
			var o *pyjson.Object
			if err == nil && x.OK() {
				o, err = f.only(x.Decoded.Doc.Object(), nil)
			}
			if failed = err; err != nil || o != nil && !yield(o) {
				return
			}
		}
	}
	if found.Len() == 1 {
		for o := range objects {
			return e.writeObject(f, o)
		}
		return failed
	}
	if err := e.writeObjects(f, objects, fields); err != nil {
		return err
	}
	return failed
}
