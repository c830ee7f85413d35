package verbs

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/jobs"
)

// piece are the flags that name a part of a volume.
type piece struct{ at, length int64 }

func (p *piece) flags(cmd *cobra.Command) {
	cmd.Flags().Int64Var(&p.at, "at", 0, "the first byte of the volume that is wanted")
	cmd.Flags().Int64Var(&p.length, "length", 0, "how many bytes; 0: all to the end")
}

func (p *piece) part(cmd *cobra.Command) (core.Range, error) {
	switch {
	case p.at < 0 || p.length < 0:
		return core.Range{}, misuse(cmd, "a part begins at byte 0 or later and has no negative length", "")
	case p.length == 0:
		return core.Range{From: p.at}, nil
	}
	return core.Range{From: p.at, To: p.at + p.length}, nil
}

func (e *Env) extract() *cobra.Command {
	var p piece
	var to, overwrite string
	var yes, keep bool
	cmd := &cobra.Command{
		Use: "extract BACKUP", Short: "Write a volume's bytes as of a backup to a file, a device or a pipe, without Cinder", Args: takes(1, 1),
		Long: "Write the bytes that a volume had when a backup of it was made, rebuilt from the backup repository alone: of an " +
			"incremental all that it stands on is read too. No Cinder is asked, so this works where Cinder is gone, or restores wrongly. " +
			"Each chunk is held against its md5 and its backup's file of sha256 sums while it is read.\n\n" +
			"--to names a new file, which is raw and sparse, and has its name only once it is whole (until then .part stands " +
			"behind it; run the same again after a kill, and it goes on); a block device, which must be unused and large enough, and is " +
			"named once more with --overwrite; or - for standard output, for qemu-img, rbd import or ssh.\n\n" +
			"What cannot be had ends it. With --keep-going zeros stand there instead, each such place is told, and the exit code is " +
			"that of a part. An encrypted volume's bytes are its ciphertext.",
		Example: "hearth extract 4e47 --place posix:/var/lib/cinder/backup --to db-prod.raw\n" +
			"hearth extract 4e47 --place s3://s3.example/volumebackups --to - | rbd import - volumes/db-prod\n" +
			"hearth extract 4e47 --to /dev/vdb --overwrite /dev/vdb\n" +
			"hearth extract 4e47 --to - --at 446 --length 66 | xxd",
		ValidArgsFunction: first(e.backupIDs),
		RunE: func(cmd *cobra.Command, args []string) error {
			part, err := p.part(cmd)
			switch {
			case err != nil:
				return err
			case to == "":
				return misuse(cmd, "nothing says where to write", "give --to FILE, --to /dev/DEVICE or --to -")
			case to == "-" && e.Shows:
				return misuse(cmd, "a volume's bytes are nothing for a terminal", "send them on with a pipe, or give --to FILE")
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				b, err := d.ResolveBackup(ctx, args[0])
				if err != nil {
					return err
				}
				x, err := d.PlanExtract(ctx, b.ID, part, to)
				if err != nil {
					return err
				}
				e.sayExtraction(&x)
				if err := e.mayOverwrite(ctx, &x, overwrite, yes); err != nil {
					return err
				}
				return e.extracting(ctx, d, x, keep)
			})
		},
	}
	p.flags(cmd)
	cmd.Flags().StringVar(&to, "to", "", "a new file, a block device, or - for standard output")
	cmd.Flags().StringVar(&overwrite, "overwrite", "", "the device again: all that is on it will be lost")
	cmd.Flags().BoolVar(&keep, "keep-going", false, "write zeros for what cannot be had, and go on")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "write over the device without being asked")
	return cmd
}

// sayExtraction shows the plan.
func (e *Env) sayExtraction(x *jobs.Extraction) {
	i := &x.Image
	e.say("%s of volume %s, from %s: %s to %s, reading at most %s.", calling(i.Name.Or("")), i.VolumeID, x.From(),
		core.Bytes(x.Part.Len()), map[bool]string{true: "standard output", false: x.To}[x.To == "-"], core.Bytes(i.Stored))
	for _, n := range i.Notes {
		e.say("! %s.", n)
	}
	if n := x.There.Len(); n > 0 {
		e.say("It goes on: %s are there of an earlier try.", core.Bytes(n))
	}
}

// mayOverwrite asks twice before a device is written over: its name must be given
// once more, and then a yes.
func (e *Env) mayOverwrite(ctx context.Context, x *jobs.Extraction, overwrite string, yes bool) error {
	tried := "extract to " + x.To
	switch {
	case x.Goal != jobs.GoalDevice && overwrite != "":
		return core.Fail(core.CodeUsage, tried, "it is no block device, and nothing else is overwritten", "leave --overwrite out", nil)
	case x.Goal != jobs.GoalDevice:
		return nil
	case overwrite != x.To:
		return core.Fail(core.CodeUsage, tried, "all that is on the device would be lost ("+core.Bytes(x.Room)+")",
			"name it once more, with --overwrite "+x.To, nil)
	}
	return e.confirm(ctx, yes, tried, fmt.Sprintf("Write %s over the first bytes of %s, which has %s? What is there is lost.",
		core.Bytes(x.Part.Len()), x.To, core.Bytes(x.Room)), "look at it with lsblk")
}

func (e *Env) extracting(ctx context.Context, d jobs.Desk, x jobs.Extraction, keep bool) error {
	began := e.Now()
	report, err := d.Extract(ctx, x, keep, e.Out, e.pacing(x.There.Len()))
	for i := range report.Holes {
		h := &report.Holes[i]
		e.say("! bytes %d to %d: %s%s", h.From, h.To-1, objectOf(h), h.Why)
	}
	if err != nil {
		return err
	}
	took := max(e.Now().Sub(began), time.Millisecond)
	e.say("Wrote %s, each held against its sums, %s as stored, in %s (%s/s).", core.Bytes(x.Part.Len()), core.Bytes(report.Read),
		took.Round(time.Millisecond), core.Bytes(int64(float64(report.Bytes)/took.Seconds())))
	return nil
}

func objectOf(h *core.Hole) string {
	if h.Object == "" {
		return ""
	}
	return h.Object + ": "
}

// pacing tells every few seconds how far it has come; and how fast, and how long the rest takes,
// where that can be known: there is how much of it an earlier try left, which is passed over.
func (e *Env) pacing(there int64) func(core.ImageProgress) {
	said, pace := e.Now(), core.Pace{Bytes: true}
	return func(p core.ImageProgress) {
		now := e.Now()
		if p.Done > there {
			pace.Note(now, p.Done, p.Of)
		}
		if now.Sub(said) < sayEvery {
			return
		}
		said = now
		e.say("… %s of %s%s", core.Bytes(p.Done), core.Bytes(p.Of), ahead(&pace, now))
	}
}

// sayEvery is how long a verb that reads much is silent at least.
const sayEvery = 2 * time.Second

// ahead is the rate and the time left behind a comma, "" where they are not known.
func ahead(p *core.Pace, now time.Time) string {
	if text := p.Text(now); text != "" {
		return ", " + text
	}
	return ""
}

// stretch is a part of a volume that is not the same on both sides.
type stretch struct {
	core.Range
	what string
}

var stretchColumns = core.Columns[stretch]{
	{Name: "at", Key: "offset", Title: "First byte", Kind: core.NumberColumn,
		Value: func(s *stretch) pyjson.Value { return pyjson.OfInt(s.From) }},
	{Name: "length", Key: "length", Title: "Bytes", Kind: core.NumberColumn,
		Value: func(s *stretch) pyjson.Value { return pyjson.OfInt(s.Len()) }},
	{Name: "what", Key: "what", Title: "What",
		Value: func(s *stretch) pyjson.Value { return pyjson.OfString(s.what) }},
}

var stretchSheet = sheet[stretch]{columns: stretchColumns, usual: stretchColumns.Names()}

func (e *Env) compare() *cobra.Command {
	f := &format{}
	var p piece
	cmd := &cobra.Command{
		Use: "compare BACKUP FILE|IMAGE", Args: takes(2, 2),
		Short: "Say whether a restored volume holds what its backup holds, block by block",
		Long: "Compare the bytes of a file, a block device or an image in Ceph, such as a restored volume, with those that a backup holds, " +
			"in blocks of " + fmt.Sprint(jobs.CompareBlock) + " bytes. Nothing is written. The backup is read from its repository, as " +
			"hearth extract does, and what that has lost is told as such.\n\n" +
			"An image in Ceph is written as QEMU does, " + store.RBDSyntax + ", with @SNAPSHOT behind it for one of its snapshots, and " +
			":id=USER, :conf=FILE, :keyring=FILE and :cluster=NAME where the usual ones do not serve; the program rbd reads it " +
			"through, and only reads it. A file that is called so is written ./rbd:….\n\n" +
			"Exit code 0: it holds all of it; 5: blocks differ, or the file is too short; 11: the backup itself cannot be read as a " +
			"whole.\n\n" +
			"The columns are " + words(stretchColumns.Names(), "and") + ".",
		Example: "hearth compare 4e47 /dev/vdb --place posix:/var/lib/cinder/backup\nhearth compare 4e47 db-prod.raw -o json\n" +
			"hearth compare 4e47 rbd:volumes/volume-7d1f2a58-3c11-4b0e-9d55-0f1f0d2c9a10:id=cinder",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return first(e.backupIDs)(cmd, args, word)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := stretchSheet.rows(f, e.Width)
			if err != nil {
				return err
			}
			part, err := p.part(cmd)
			if err != nil {
				return err
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				b, err := d.ResolveBackup(ctx, args[0])
				if err != nil {
					return err
				}
				c, err := d.Compare(ctx, b.ID, part, args[1], e.pacing(0))
				if err != nil {
					return err
				}
				if _, err := out.list(e.Out, stretches(&c)); err != nil {
					return err
				}
				return e.compared(&c, args[1])
			})
		},
	}
	p.flags(cmd)
	f.flags(cmd, stretchColumns.Names())
	return cmd
}

// stretches are what differs, and what cannot be compared.
func stretches(c *jobs.Comparison) (out []stretch) {
	for _, r := range c.Where {
		out = append(out, stretch{r, "differs"})
	}
	for i := range c.Holes {
		h := &c.Holes[i]
		out = append(out, stretch{h.Range, "the backup has lost it: " + objectOf(h) + h.Why})
	}
	return out
}

// compared says how a comparison ended.
func (e *Env) compared(c *jobs.Comparison, file string) error {
	tried := "find " + file + " to be what the backup holds"
	if c.Size > c.Image.Size {
		e.say("%s has %s more than the backup holds, which nothing is compared with.", file, core.Bytes(c.Size-c.Image.Size))
	}
	if c.More > 0 {
		e.say("%d more ranges differ, and are not listed.", c.More)
	}
	switch {
	case c.Short > 0:
		return core.Fail(core.CodeConflict, tried, fmt.Sprintf("it is too short by %d bytes, and %d of %d blocks differ",
			c.Short, c.Differ, c.Blocks), "", nil)
	case c.Differ > 0:
		return core.Fail(core.CodeConflict, tried, fmt.Sprintf("%d of %d blocks differ", c.Differ, c.Blocks), "", nil)
	case len(c.Holes) > 0:
		return core.Fail(core.CodePartial, tried, "the backup cannot be read as a whole; what can be is the same",
			"see hearth verify --deep", nil)
	}
	e.say("%s holds all that the backup does: %d blocks are the same.", file, c.Blocks)
	return nil
}
