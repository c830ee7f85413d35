package verbs

import (
	"context"

	"hearth/core"
	"hearth/store/jobs"
)

// bundling is what the flags say of a bundle.
type bundling struct {
	file, filter     string
	mask, everywhere bool
	overwrite        bool
}

func (e *Env) bundle(ctx context.Context, d jobs.Desk, b bundling, quiet bool) error {
	filter, err := core.ParseFilter(b.filter, core.BackupColumns)
	if err != nil {
		return err
	}
	n, err := d.WriteBundle(ctx, b.file, jobs.BundleOptions{Filter: filter, Mask: b.mask, Everywhere: b.everywhere,
		Overwrite: b.overwrite})
	if err != nil && (core.CodeOf(err) != core.CodeIncomplete || n.Bytes == 0) {
		return err
	}
	e.say("Wrote %s and %s (%s) to %s.", core.Count(n.Records, "record"), core.Count(n.Captures, "capture"), core.Bytes(n.Bytes), b.file)
	switch {
	case b.mask && n.Masked > 0:
		e.say("! The secrets of %s are masked: those are no longer byte for byte what Cinder wrote.", core.Count(n.Masked, "capture"))
	case !b.mask && n.Captures > 0 && !quiet:
		e.say("! Captures can hold secrets of a volume's backend: if the file leaves the house, give --mask-secrets.")
	}
	if n.LeftOut > 0 {
		e.say("! %s cannot be read, so that nothing in them can be masked: left out.", core.Count(n.LeftOut, "capture"))
	}
	return err // what is sound was written all the same
}

// bundled reads a bundle, if the text is one.
func bundled(text string) (*core.Bundle, error) {
	if !core.IsBundle(text) {
		return nil, nil
	}
	b, err := core.ReadBundle(text)
	if err != nil {
		return nil, err
	}
	return &b, nil
}

// sayBundle says what a bundle is, of which the secrets of so many captures are masked.
func (e *Env) sayBundle(b core.BundleHead, masked int) {
	of := "several places"
	if b.Place != "" {
		of = b.Place
	}
	e.say("A bundle of %s, made %s UTC: %s and %s, whole and unchanged.",
		of, clock(b.Made, false), core.Count(b.Records, "record"), core.Count(b.Captures, "capture"))
	if masked > 0 {
		e.say("! The secrets of %s are masked: those are not byte for byte what Cinder wrote.", core.Count(masked, "capture"))
	}
}
