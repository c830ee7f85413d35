package verbs

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"sort"

	"github.com/spf13/cobra"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store"
	"hearth/store/jobs"
)

// verified is a line of a verification: a flaw of a backup, or that it has none.
type verified struct {
	report *core.VerifyReport
	flaw   *core.Flaw // nil: nothing was found
}

func (v *verified) verdict() string {
	switch {
	case v.flaw == nil:
		return "sound"
	case v.flaw.Severity == "":
		return "unknown"
	}
	return string(v.flaw.Severity)
}

// unrecognised is the code of a line for objects that are no backup's.
const unrecognised core.FlawCode = "unrecognised"

func (v *verified) of(part func(*core.Flaw) string) pyjson.Value {
	if v.flaw == nil {
		return pyjson.None
	}
	return orNull(part(v.flaw))
}

var verifyColumns = core.Columns[verified]{
	{Name: "id", Key: "backup_id", Title: "Backup", Kind: core.IDColumn,
		Value: func(v *verified) pyjson.Value { return orNull(string(v.report.ID)) }},
	{Name: "name", Key: "name", Title: "Name",
		Value: func(v *verified) pyjson.Value { return orNull(v.report.Name.Or("")) }},
	{Name: "verdict", Key: "verdict", Title: "Verdict", Kind: core.WordColumn,
		Value: func(v *verified) pyjson.Value { return pyjson.OfString(v.verdict()) }},
	{Name: "flaw", Key: "flaw", Title: "Flaw", Kind: core.WordColumn,
		Value: func(v *verified) pyjson.Value { return v.of(func(f *core.Flaw) string { return string(f.Code) }) }},
	{Name: "text", Key: "text", Title: "What is wrong",
		Value: func(v *verified) pyjson.Value { return v.of(func(f *core.Flaw) string { return f.Text }) }},
	{Name: "object", Key: "object", Title: "Object",
		Value: func(v *verified) pyjson.Value { return v.of(func(f *core.Flaw) string { return f.Object }) }},
	{Name: "objects", Key: "objects", Title: "Objects", Kind: core.NumberColumn,
		Value: func(v *verified) pyjson.Value { return pyjson.OfInt(v.report.Objects) }},
	{Name: "bytes", Key: "bytes_read", Title: "Read", Kind: core.NumberColumn,
		Value: func(v *verified) pyjson.Value { return pyjson.OfInt(v.report.Bytes) }},
	{Name: "sum", Key: "sha256", Title: "SHA256",
		Value: func(v *verified) pyjson.Value { return orNull(v.report.Sum) }},
	{Name: "written", Key: "written_by", Title: "Written by",
		Value: func(v *verified) pyjson.Value { return orNull(v.report.Layout.Writer()) }},
	{Name: "container", Key: "container", Title: "Container",
		Value: func(v *verified) pyjson.Value { return orNull(v.report.Container) }},
	{Name: "prefix", Key: "prefix", Title: "Prefix",
		Value: func(v *verified) pyjson.Value { return orNull(v.report.Prefix) }},
}

var verifySheet = sheet[verified]{
	columns: verifyColumns,
	usual:   []string{"id", "name", "verdict", "flaw", "text", "object"},
	spare:   []string{"object", "name"},
}

// repository is the desk's place if it is a backup repository.
func repository(d jobs.Desk, tried string) (store.Repository, error) {
	if r, ok := d.Place.(store.Repository); ok {
		return r, nil
	}
	return nil, core.Fail(core.CodeUnsupported, tried, d.Place.Info().Location+" is no backup repository",
		"name one with --place posix:/DIR, s3://HOST/BUCKET, swift:CLOUD/CONTAINER or ceph:POOL", nil)
}

func (e *Env) verify() *cobra.Command {
	f := &format{}
	var deep bool
	var sums string
	cmd := &cobra.Command{
		Use: "verify [BACKUP…]", Short: "Compare the backups of a repository with what their metadata says", Args: cobra.ArbitraryArgs,
		Long: "Compare the backups of a backup repository, all of them or those named, with what their metadata says: " +
			"that all objects are there and no others, with the sizes and places that they must have, and that the chain " +
			"is whole. With --deep every chunk is read, decompressed and compared with its md5 and with the file of " +
			"sha256 sums. Nothing is changed.\n\n" +
			"Ceph's driver keeps no sum of what it wrote: with --deep a backup in a pool is read through, and its sum printed (sum, in " +
			"JSON sha256), which is that of the volume's bytes. With --sums FILE, an earlier JSON of this verb, of this pool or of a copy, " +
			"the sums are compared.\n\n" +
			"A backup with a flaw has a line for each; damage is what makes Cinder refuse a restore, or restore other " +
			"bytes than were backed up. The exit code is then that of something unreadable.\n\n" +
			"The columns are " + words(verifyColumns.Names(), "and") + ".",
		Example: "hearth verify --place posix:/var/lib/cinder/backup\n" +
			"hearth verify --place s3://s3.example/volumebackups --deep 4e47\n" +
			"hearth verify --place posix:/srv/backup -o json\n" +
			"hearth verify --place ceph:backups --deep --sums last-week.json",
		ValidArgsFunction: e.backupIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := verifySheet.rows(f, e.Width)
			if err != nil {
				return err
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				r, err := repository(d, "verify")
				if err != nil {
					return err
				}
				request := core.VerifyRequest{Deep: deep}
				if sums != "" {
					if !deep {
						return misuse(cmd, "--sums compares what is read", "give --deep, too")
					}
					if request.Sums, err = e.knownSums(ctx, sums); err != nil {
						return err
					}
				}
				for _, arg := range args {
					b, err := d.ResolveBackup(ctx, arg)
					if err != nil {
						return err
					}
					request.IDs = append(request.IDs, b.ID)
				}
				reports, err := e.verifyAll(ctx, r, request)
				if kerr := d.NoteVerified(ctx, reports); err == nil {
					err = kerr
				}
				if err != nil {
					return err
				}
				e.sayCompared(request.Sums, reports)
				var strange []core.Unrecognised
				if len(request.IDs) == 0 {
					if strange, err = sift(ctx, r); err != nil {
						return err
					}
				}
				return e.printVerified(out, reports, strange)
			})
		},
	}
	f.flags(cmd, verifyColumns.Names())
	cmd.Flags().BoolVar(&deep, "deep", false, "read every chunk and compare its sums")
	cmd.Flags().StringVar(&sums, "sums", "", "of a pool of Ceph: the JSON of an earlier verify --deep, whose sums are compared")
	return cmd
}

// knownSums reads the sums that an earlier verification printed as JSON.
func (e *Env) knownSums(ctx context.Context, file string) (map[core.BackupID]string, error) {
	text, err := e.read(ctx, file)
	if err != nil {
		return nil, err
	}
	list, err := pyjson.Parse(text)
	out := map[core.BackupID]string{}
	for _, v := range list.Items() {
		id, _ := v.Object().Get("backup_id")
		sum, _ := v.Object().Get("sha256")
		if s, ok := sum.Str(); ok && s != "" {
			out[core.BackupID(id.Text())] = s
		}
	}
	if err != nil || len(out) == 0 {
		return nil, core.Fail(core.CodeUnreadable, "read sums from "+file, "no sum of a backup is in it",
			"name what hearth verify --deep -o json printed of a pool", err)
	}
	return out, nil
}

// verifyAll collects the reports, and tells on the way how far it has come.
func (e *Env) verifyAll(ctx context.Context, r store.Repository, q core.VerifyRequest) ([]core.VerifyReport, error) {
	said, pace := e.Now(), core.Pace{Bytes: true}
	q.Progress = func(p core.VerifyProgress) {
		now := e.Now()
		if pace.Note(now, p.Bytes, p.Total); now.Sub(said) < sayEvery {
			return
		}
		said = now
		e.say("… %d of %d, %s read%s", p.Done, p.Of, core.Bytes(p.Bytes), ahead(&pace, now))
	}
	var reports []core.VerifyReport
	err := r.Verify(ctx, q, func(v core.VerifyReport) error {
		reports = append(reports, v)
		return nil
	})
	sort.Slice(reports, func(i, j int) bool {
		a, b := &reports[i], &reports[j]
		if a.Sound() != b.Sound() {
			return b.Sound()
		}
		return a.Container+"\x00"+a.Prefix < b.Container+"\x00"+b.Prefix
	})
	return reports, err
}

// sayCompared says how many sums were compared with those that were known, if any were.
func (e *Env) sayCompared(known map[core.BackupID]string, reports []core.VerifyReport) {
	n := 0
	for i := range reports {
		if r := &reports[i]; r.Sum != "" && known[r.ID] != "" {
			n++
		}
	}
	if len(known) > 0 {
		e.say("%s of %s compared with a known sum.", core.Count(n, "backup"), core.Count(len(reports), "backup"))
	}
}

// sift asks what a repository holds that is no backup's.
func sift(ctx context.Context, p store.Place) ([]core.Unrecognised, error) {
	if s, ok := p.(store.Sifter); ok {
		return s.Unrecognised(ctx)
	}
	return nil, nil
}

// verdicts counts what a verification of several backups came to.
type verdicts struct {
	of, damaged, misplaced, unclear int
	next                            string // what to do about those that are misplaced
}

func (v *verdicts) add(r *core.VerifyReport) {
	v.of++
	switch {
	case r.Misplaced():
		v.misplaced, v.next = v.misplaced+1, r.Layout.Next
	case r.Damages > 0:
		v.damaged++
	case r.Unclear > 0:
		v.unclear++
	}
}

// err is the error that a verification ends with, nil where all there is was
// understood and is sound.
func (v *verdicts) err(strange []core.Unrecognised) error {
	of := core.Count(v.of, "backup")
	rest := core.UnrecognisedText(strange)
	switch {
	case v.damaged > 0:
		what := fmt.Sprintf("%d of %s are damaged", v.damaged, of)
		if v.misplaced > 0 {
			what += fmt.Sprintf(", and a Cinder of today restores %d more wrongly", v.misplaced)
		}
		return core.Fail(core.CodeUnreadable, "", what, "restore from another copy, and make new backups of their volumes", nil)
	case v.misplaced > 0:
		return core.Fail(core.CodeUnreadable, "", fmt.Sprintf("a Cinder of today restores %d of %s wrongly, whose data is whole as far "+
			"as was read", v.misplaced, of), v.next, nil)
	case v.unclear > 0:
		return core.Fail(core.CodeIncomplete, "verify all", fmt.Sprintf("what a restore of %d of %s would give is not known", v.unclear, of),
			"see what is said of each", nil)
	case rest != "":
		return core.Fail(core.CodeIncomplete, "verify all there is", rest,
			"look whether they are of a backup; if not, have them lie elsewhere", nil)
	}
	return nil
}

func (e *Env) printVerified(out rows[verified], reports []core.VerifyReport, strange []core.Unrecognised) error {
	var list []verified
	var sum verdicts
	for i := range reports {
		r := &reports[i]
		sum.add(r)
		for n := range r.Flaws {
			list = append(list, verified{r, &r.Flaws[n]})
		}
		if r.More > 0 {
			list = append(list, verified{r, &core.Flaw{Code: "more", Text: fmt.Sprintf("%d more flaws are not listed", r.More)}})
		}
		if len(r.Flaws) == 0 {
			list = append(list, verified{report: r})
		}
	}
	for i := range strange {
		u := &strange[i]
		list = append(list, verified{&core.VerifyReport{Objects: u.Objects}, &core.Flaw{Code: unrecognised, Severity: core.SeverityUnknown,
			Object: u.Names[0], Text: "no part of any backup: " + u.Says()}})
	}
	if _, err := out.list(e.Out, list); err != nil {
		return err
	}
	err := sum.err(strange)
	switch {
	case len(reports) == 0 && len(strange) == 0:
		e.say("There is nothing here, and so nothing was verified.")
	case err == nil:
		e.say("%s, no damage.", core.Count(len(reports), "backup"))
	case core.CodeOf(err) == core.CodeIncomplete:
		e.say("%s, %d of them sound; not everything here is verified.", core.Count(sum.of, "backup"), sum.of-sum.unclear)
	case len(strange) > 0:
		e.say("Besides there are %s.", core.UnrecognisedText(strange))
	}
	return err
}

var inventorySheet = sheet[core.Holding]{
	columns: core.HoldingColumns,
	usual:   []string{"kind", "id", "name", "began", "objects", "bytes", "problem", "prefix"},
	spare:   []string{"prefix", "began"},
}

// holdingPages gives what a scan found a page at a time.
func holdingPages(all core.Holdings) func() ([]core.Holding, error) {
	at, page := 0, make([]core.Holding, 0, pageLines)
	return func() ([]core.Holding, error) {
		for page = page[:0]; len(page) < pageLines && at < all.Len(); at++ {
			page = append(page, all.At(at))
		}
		return page, nil
	}
}

func (e *Env) inventory() *cobra.Command {
	f := &format{}
	cmd := &cobra.Command{
		Use: "inventory", Short: "List what lies in a backup repository, unfinished backups and strays too", Args: takes(0, 0),
		Long: "List all that lies in a backup repository: finished backups, unfinished ones (which have no metadata " +
			"object, as that is written last), broken ones, and objects that are part of none.\n\n" +
			"The columns are " + words(core.HoldingColumns.Names(), "and") + ".",
		Example:           "hearth inventory --place posix:/var/lib/cinder/backup\nhearth inventory --place s3://s3.example/volumebackups -o csv",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := inventorySheet.rows(f, e.Width)
			if err != nil {
				return err
			}
			if os.Getenv("GOGC") == "" { // what is found stays: let what a scan leaves behind not double it
				defer debug.SetGCPercent(debug.SetGCPercent(40))
			}
			return e.with(cmd, func(ctx context.Context, d jobs.Desk) error {
				r, err := repository(d, "list what lies in it")
				if err != nil {
					return err
				}
				found, err := r.Scan(ctx, nil)
				if err != nil {
					return err
				}
				out.again = func() func() ([]core.Holding, error) { return holdingPages(found.Holdings) }
				if _, err := out.print(e.Out); err != nil {
					return err
				}
				e.say("%s, %d unfinished, %d broken; %s, %s.",
					core.Count(int(found.Backups), "finished backup"), found.Unfinished, found.Broken,
					core.Count(int(found.Objects), "object"), core.Bytes(found.Bytes))
				if strange := core.UnrecognisedText(found.Unknown); strange != "" {
					e.say("Of them %s.", strange)
				}
				return nil
			})
		},
	}
	f.flags(cmd, core.HoldingColumns.Names())
	return cmd
}
