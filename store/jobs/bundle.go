package jobs

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"hearth/core"
	"hearth/store/archive"
	"hearth/store/whole"
)

// BundleOptions says what a bundle is to hold.
type BundleOptions struct {
	Filter     core.Filter // of backups, as their records tell of them
	Mask       bool        // without the secrets that captures hold
	Everywhere bool        // of every place that the archive knows
	Overwrite  bool        // in place of the file that is there; false: that is refused
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
// backup, and the newest capture of each source, wherever those were kept; and where the
// place keeps captures itself, those.
func (d Desk) Bundle(ctx context.Context, o BundleOptions) (core.Bundle, Bundled, error) {
	b := bundling{d: d, o: o, head: core.BundleHead{Made: d.Now(), Place: d.location(), Masked: o.Mask}}
	var out core.Bundle
	err := b.walk(ctx, func(r core.BundleRecord) { out.Records = append(out.Records, r) }, func(c core.BundleCapture) {
		if c.Capture.Doc.IsNull() {
			c.Capture = readCapture(c.Capture)
		}
		out.Captures = append(out.Captures, c)
	})
	out.BundleHead = b.head
	return out, b.n, cmp.Or(err, b.missing(tryBundle))
}

// bundling goes through what a bundle is to hold.
type bundling struct {
	d    Desk
	o    BundleOptions
	head core.BundleHead
	form int
	n    Bundled

	rotten  archive.Rotten     // records that are no longer what was written
	spoiled []core.KeptCapture // captures that do not match their fingerprints
}

// missing tells of what was left out, as it is no longer what was written.
func (b *bundling) missing(tried string) error {
	return cmp.Or(b.rotten.Err(tried), core.RottenCaptures(tried, b.spoiled))
}

// walk hands on the records of a bundle, and then the captures, a batch in memory at a time.
func (b *bundling) walk(ctx context.Context, record func(core.BundleRecord), capture func(core.BundleCapture)) error {
	b.n, b.form, b.spoiled = Bundled{}, 1, nil
	if err := b.d.keeps(tryBundle); err != nil {
		return err
	}
	if b.o.Everywhere {
		b.head.Place = ""
	}
	wanted := map[core.IDKey]struct{}{}
	rotten, err := b.d.Archive.EachNewest(ctx, b.head.Place, func(k archive.KeptRecord) error {
		dec, err := core.DecodeRecord(k.Record.URL, core.Today)
		if err != nil {
			return core.Fail(core.CodeUnreadable, tryBundle,
				fmt.Sprintf("the archive's record of backup %s does not decode: %v", k.Backup, err), "restore the archive from a copy", err)
		}
		row := core.RecordBackup(dec)
		if b.o.Filter.Empty() || core.Match(b.o.Filter, core.BackupColumns, &row, b.d.Now()) {
			key, _ := core.KeyOf(string(k.Backup))
			wanted[key] = struct{}{}
			b.n.Records++
			record(core.BundleRecord{Place: k.Place, Backup: k.Backup, At: k.At, Fingerprint: k.Fingerprint, Record: k.Record})
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.rotten = rotten
	each := func(k core.KeptCapture) error {
		key, _ := core.KeyOf(string(k.BackupID))
		_, want := wanted[key]
		if here := b.head.Place == "" || k.Place == b.head.Place; want || here && b.o.Filter.Empty() {
			if k.Rotten {
				b.spoiled = append(b.spoiled, k)
			} else {
				b.capture(k, capture)
			}
		}
		return nil
	}
	if own, ok := b.d.captures().(eachCapture); ok && b.d.Place.Info().Journals {
		err = own.EachCapture(ctx, "", func(k core.KeptCapture) error {
			k.Place = b.d.location() // the file is the place, and does not know where it lies
			return each(k)
		})
	}
	if err != nil {
		return err
	}
	return b.d.Archive.EachCapture(ctx, "", each)
}

// eachCapture is where captures are kept, and gone through.
type eachCapture interface {
	EachCapture(ctx context.Context, place string, fn func(core.KeptCapture) error) error
}

// capture hands on a capture, masked if that is asked for.
func (b *bundling) capture(k core.KeptCapture, capture func(core.BundleCapture)) {
	c := core.BundleCapture{KeptCapture: k}
	if b.o.Mask {
		var ok bool
		if c.Capture, c.Masked, ok = core.MaskCapture(readCapture(k.Capture)); !ok {
			b.n.LeftOut++
			return
		}
		if len(c.Masked) > 0 {
			b.n.Masked++
		}
	}
	b.n.Captures++
	b.form = max(b.form, core.BundleForm(k.Again))
	capture(c)
}

// readCapture reads a capture that came as its text.
func readCapture(c core.Capture) core.Capture {
	out := core.ReadCapture(c.Text, c.Source)
	out.VolumeID, out.BackupID, out.Unseen = c.VolumeID, c.BackupID, c.Unseen
	return out
}

// bundleTries is how often a bundle is begun anew because the archive changed meanwhile.
const bundleTries = 3

// WriteBundle writes a bundle into a file that only its owner can read: whole, or
// not at all; with CodeIncomplete without the records that are no longer what was written,
// and with all others. A file that is there is CodeConflict, unless it is to be
// overwritten. It goes through the archive twice, as the first line tells how much follows.
func (d Desk) WriteBundle(ctx context.Context, file string, o BundleOptions) (Bundled, error) {
	tried := tryBundle + " " + file
	b := bundling{d: d, o: o, head: core.BundleHead{Made: d.Now(), Place: d.location(), Masked: o.Mask}}
	if _, err := os.Lstat(file); err == nil && !o.Overwrite {
		return b.n, bundleThere(tried, nil)
	}
	for range bundleTries {
		if err := b.walk(ctx, func(core.BundleRecord) {}, func(core.BundleCapture) {}); err != nil {
			return b.n, err
		}
		if b.n.Records+b.n.Captures == 0 {
			if !o.Filter.Empty() {
				return b.n, core.Fail(core.CodeNotFound, tried, "the archive has nothing that fulfils the filter", "leave it out to see all", nil)
			}
			if err := b.missing(tried); err != nil {
				return b.n, err
			}
			return b.n, core.Fail(core.CodeNotFound, tried, "the archive has nothing that it could hold", core.DoArchiveFirst, nil)
		}
		if done, err := b.write(ctx, file); done || err != nil {
			if err == nil {
				err = b.missing(tried)
			}
			var ours *core.Error
			if errors.Is(err, os.ErrExist) {
				return b.n, bundleThere(tried, err)
			}
			if err != nil && !errors.As(err, &ours) {
				err = core.Fail(core.CodeUnreadable, tried, "the file cannot be written", core.DoAnotherBundle, err)
			}
			return b.n, err
		}
	}
	return b.n, core.Fail(core.CodeConflict, tried, "the archive changes all the time", "try again when nothing else writes to it", nil)
}

// write writes what was counted; false where it is no longer what is there.
func (b *bundling) write(ctx context.Context, file string) (done bool, err error) {
	m, err := whole.BeginOver(file)
	if err != nil {
		return false, err
	}
	defer m.Drop()
	f, err := m.Create()
	if err != nil {
		return false, err
	}
	defer f.Close()
	counted, form := b.n, b.form
	b.head.Records, b.head.Captures = counted.Records, counted.Captures
	lines := bufio.NewWriterSize(f, 1<<16)
	w := core.BeginBundle(lines, b.head, form)
	if err := b.walk(ctx, w.Record, w.Capture); err != nil {
		return false, err
	}
	if b.n != counted || b.form != form {
		return false, nil
	}
	if err := cmp.Or(w.End(), lines.Flush(), f.Sync()); err != nil {
		return false, err
	}
	if info, err := f.Stat(); err == nil {
		b.n.Bytes = info.Size()
	}
	if err := f.Close(); err != nil {
		return false, err
	}
	if b.o.Overwrite {
		return true, m.Replace()
	}
	return true, m.Done()
}

func bundleThere(tried string, err error) error {
	return core.Fail(core.CodeConflict, tried, "there is a file of that name already",
		core.DoOverBundle, err)
}

// KeepBundle keeps the captures of a bundle in the archive, a batch at a time, and returns
// how many there were; captures goes through them. Records are kept when they are imported.
func (d Desk) KeepBundle(ctx context.Context, captures func(func(core.BundleCapture) error) error) (n int, err error) {
	if !d.keeping() {
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
