package jobs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"hearth/core"
	"hearth/store/archive"
)

// BundleOptions says what a bundle is to hold.
type BundleOptions struct {
	Filter     core.Filter // of backups, as their records tell of them
	Mask       bool        // without the secrets that captures hold
	Everywhere bool        // of every place that the archive knows
}

// Bundled says what a bundle holds.
type Bundled struct {
	Records, Captures int
	Masked            int // captures that are no longer byte for byte what Cinder wrote
	LeftOut           int // captures that do not parse, so that nothing in them can be masked
	Bytes             int64
}

const tryBundle = "write the bundle"

// Bundle collects what the archive has of the place: the newest record of each
// backup, and the newest capture of each source, wherever those were kept.
func (d Desk) Bundle(ctx context.Context, o BundleOptions) (core.Bundle, Bundled, error) {
	b := core.Bundle{BundleHead: core.BundleHead{Made: d.Now(), Place: d.location(), Masked: o.Mask}}
	var n Bundled
	if err := d.keeps(tryBundle); err != nil {
		return b, n, err
	}
	if o.Everywhere {
		b.Place = ""
	}
	wanted := map[core.BackupID]bool{}
	err := d.Archive.EachNewest(ctx, b.Place, func(k archive.KeptRecord) error {
		dec, err := core.DecodeRecord(k.Record.URL, core.Today)
		if err != nil {
			return core.Fail(core.CodeUnreadable, tryBundle,
				fmt.Sprintf("the archive's record of backup %s does not decode: %v", k.Backup, err), "restore the archive from a copy", err)
		}
		row := core.RecordBackup(dec)
		if o.Filter.Empty() || core.Match(o.Filter, core.BackupColumns, &row, d.Now()) {
			wanted[k.Backup] = true
			b.Records = append(b.Records,
				core.BundleRecord{Place: k.Place, Backup: k.Backup, At: k.At, Fingerprint: k.Fingerprint, Record: k.Record})
		}
		return nil
	})
	if err != nil {
		return b, n, err
	}
	err = d.Archive.EachCapture(ctx, "", func(k core.KeptCapture) error {
		if here := b.Place == "" || k.Place == b.Place; !wanted[k.BackupID] && (!here || !o.Filter.Empty()) {
			return nil
		}
		c := core.BundleCapture{KeptCapture: k}
		if o.Mask {
			var ok bool
			if c.Capture, c.Masked, ok = core.MaskCapture(k.Capture); !ok {
				n.LeftOut++
				return nil
			}
			if len(c.Masked) > 0 {
				n.Masked++
			}
		}
		b.Captures = append(b.Captures, c)
		return nil
	})
	n.Records, n.Captures = len(b.Records), len(b.Captures)
	return b, n, err
}

// WriteBundle writes a bundle into a file that only its owner can read: whole, or
// not at all.
func (d Desk) WriteBundle(ctx context.Context, file string, o BundleOptions) (Bundled, error) {
	b, n, err := d.Bundle(ctx, o)
	if err != nil {
		return n, err
	}
	tried := tryBundle + " " + file
	if len(b.Records)+len(b.Captures) == 0 {
		if !o.Filter.Empty() {
			return n, core.Fail(core.CodeNotFound, tried, "the archive has nothing that fulfils the filter", "leave it out to see all", nil)
		}
		return n, core.Fail(core.CodeNotFound, tried, "the archive has nothing that it could hold", "run hearth archive first", nil)
	}
	fail := func(err error) (Bundled, error) {
		return n, core.Fail(core.CodeUnreadable, tried, "the file cannot be written", "name another with --bundle", err)
	}
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*") // made with mode 0600
	if err != nil {
		return fail(err)
	}
	defer os.Remove(f.Name())
	err = core.WriteBundle(f, b)
	if err == nil {
		err = f.Sync()
	}
	if info, serr := f.Stat(); serr == nil {
		n.Bytes = info.Size()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return fail(err)
	}
	return n, nil
}

// KeepBundle keeps the captures of a bundle in the archive, a batch at a time, and returns
// how many there were; captures goes through them. Records are kept when they are imported.
func (d Desk) KeepBundle(ctx context.Context, captures func(func(core.BundleCapture) error) error) (n int, err error) {
	if d.keeps("") != nil {
		return 0, nil
	}
	var some []core.KeptCapture
	keep := func() error {
		err := d.Archive.KeepCaptures(ctx, some)
		if n += len(some); err != nil {
			n -= len(some)
		}
		some = some[:0]
		return err
	}
	err = captures(func(c core.BundleCapture) error {
		k := c.KeptCapture
		if len(c.Masked) > 0 {
			k.Capture.Source.Where += " (secrets masked)"
		}
		if some = append(some, k); len(some) < batchRows {
			return nil
		}
		return keep()
	})
	if err == nil && len(some) > 0 {
		err = keep()
	}
	return n, err
}
