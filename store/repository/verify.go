package repository

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"hearth/core"
	"hearth/store/scan"
)

// verifier does one verification.
type verifier struct {
	place   *Place
	index   *index
	request core.VerifyRequest
	slots   chan struct{} // chunks that are read at a time

	mu       sync.Mutex // guards what follows, and the report callback
	report   func(core.VerifyReport) error
	progress core.VerifyProgress
	told     time.Time
	failures int // objects in a row that could not be read
}

// tooManyFailures is how many objects in a row cannot be read before the fault is
// taken to be the repository's: then the verification ends.
const tooManyFailures = 20

// Verify compares backups with their metadata, which is what Cinder does before a
// restore and more, and with Deep reads every chunk. Each backup's report is handed
// over as it is done, in no order, one at a time; an error of report ends it. Memory
// does not grow with the size of a backup, but for its metadata.
func (p *Place) Verify(ctx context.Context, req core.VerifyRequest, report func(core.VerifyReport) error) error {
	const tried = "verify the repository"
	r, err := p.scans.All(ctx, len(req.IDs) == 0, nil)
	if err != nil {
		return err
	}
	v := &verifier{place: p, index: &r.Found, request: req, report: report, slots: make(chan struct{}, p.scanner.parallel)}
	targets, err := v.targets()
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() { done <- v.run(ctx, stop, targets) }()
	select {
	case err = <-done:
	case <-ctx.Done(): // a share that is gone may never answer
		select {
		case err = <-done:
		case <-time.After(time.Second):
			err = ctx.Err()
		}
	}
	var ours *core.Error
	if err != nil && !errors.As(err, &ours) && ctx.Err() != nil {
		if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
			return cause
		}
		return scan.Cancelled(tried, ctx.Err())
	}
	return err
}

// targets are the prefixes that are asked for; nil for all there is.
func (v *verifier) targets() ([]core.Holding, error) {
	if len(v.request.IDs) == 0 {
		for h := range v.index.backups() {
			v.count(h)
		}
		return nil, nil
	}
	want := map[core.BackupID]bool{} // whether it was found
	for _, id := range v.request.IDs {
		want[id] = false
	}
	var out []core.Holding
	for h := range v.index.backups() {
		if _, asked := want[h.ID]; asked {
			want[h.ID] = true
			out = append(out, h)
			v.count(h)
		}
	}
	for _, id := range v.request.IDs {
		if !want[id] {
			return nil, core.Fail(core.CodeNotFound, "verify backup "+string(id), "the repository holds no such backup",
				"list them with hearth backups", nil)
		}
	}
	return out, nil
}

func (v *verifier) count(h core.Holding) {
	v.progress.Of++
	if v.request.Deep {
		v.progress.Total += h.Bytes
	}
}

// run hands groups to workers: those of the targets, listed one by one, or those of
// one listing of everything.
func (v *verifier) run(ctx context.Context, stop context.CancelCauseFunc, targets []core.Holding) error {
	work := make(chan *group)
	var wait sync.WaitGroup
	for range cap(v.slots) {
		wait.Go(func() {
			for g := range work {
				rep, err := v.backup(ctx, g)
				if err == nil {
					err = v.hand(rep)
				}
				if err != nil {
					stop(err)
					return
				}
			}
		})
	}
	give := func(g *group) error {
		select {
		case work <- g:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	var err error
	if targets == nil {
		err = groups(ctx, v.place.bucket, give, func(Object) error { return nil }, func([]Object) {})
	}
	for _, h := range targets {
		var g *group
		if g, err = one(ctx, v.place.bucket, h.Container, h.Prefix); err == nil {
			err = give(g)
		}
		if err != nil {
			break
		}
	}
	close(work)
	wait.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// hand gives a report to the caller.
func (v *verifier) hand(r core.VerifyReport) error {
	slices.SortStableFunc(r.Flaws, func(a, b core.Flaw) int { // as chunks were read they came in any order
		return cmp.Or(cmp.Compare(rank[a.Severity], rank[b.Severity]), cmp.Compare(a.Object, b.Object))
	})
	v.mu.Lock()
	defer v.mu.Unlock()
	v.progress.Done++
	v.progress.Of = max(v.progress.Of, v.progress.Done)
	v.tell(true)
	return v.report(r)
}

// tell is called with v locked.
func (v *verifier) tell(now bool) {
	if v.request.Progress != nil && (now || time.Since(v.told) >= progressEvery) {
		v.told = time.Now()
		v.request.Progress(v.progress)
	}
}

// reading is a report that is being written, by several goroutines where chunks
// are read.
type reading struct {
	core.VerifyReport
	mu sync.Mutex
}

// fewFlaws is how many flaws of a backup are told one by one.
const fewFlaws = 100

func (r *reading) flaw(code core.FlawCode, severity core.Severity, object, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch severity {
	case damage:
		r.Damages++
	case unclear:
		r.Unclear++
	}
	if len(r.Flaws) == fewFlaws {
		r.More++
		return
	}
	r.Flaws = append(r.Flaws, core.Flaw{Code: code, Severity: severity, Object: object, Text: core.Visible(fmt.Sprintf(format, args...))})
}

const (
	damage  = core.SeverityDamage
	warning = core.SeverityWarning
	note    = core.SeverityNote
	unclear = core.SeverityUnknown
)

// rank puts the worst first.
var rank = map[core.Severity]int{damage: 0, unclear: 1, warning: 2, note: 3}

// backup verifies one backup. The error is one that ends the verification.
func (v *verifier) backup(ctx context.Context, g *group) (core.VerifyReport, error) {
	r := &reading{VerifyReport: core.VerifyReport{
		ID:        g.owner.backup,
		VolumeID:  g.owner.volume,
		Container: g.container,
		Prefix:    g.prefix,
		Deep:      v.request.Deep,
	}}
	if !g.metadata.Set {
		what := "there is no metadata object, which Cinder writes last: the backup was broken off, or is still being made"
		if len(g.chunks) == 0 && g.foreigns == 0 && !g.hashes.Set {
			what = "none of its objects is there any more"
		}
		r.flaw(core.FlawUnfinished, damage, g.prefix+metadataSuffix, "%s", what)
		return r.VerifyReport, nil
	}
	m, err := v.place.scanner.metadata(ctx, g)
	if err != nil {
		var f *faulty
		switch code := core.CodeOf(err); {
		case errors.As(err, &f):
			r.flaw(f.code, damage, g.metadataObject().Name, "%s", f.what)
		case code == core.CodeNotFound, code == core.CodeDenied, code == core.CodeUnreadable:
			r.flaw(core.FlawUnreadable, damage, g.metadataObject().Name, "its metadata object cannot be read: %v", err)
		default:
			return r.VerifyReport, err
		}
		return r.VerifyReport, nil
	}
	r.ID, r.Name, r.Layout = m.backup, m.name, m.layout
	if r.VolumeID == "" {
		r.VolumeID = m.volume
	}
	r.words(g, m)
	r.objects(g, m)
	r.layout(m)
	v.parents(r, g, m)
	if v.request.Deep {
		err = v.deep(ctx, r, g, m)
	} else if !g.hashes.Set && !m.y2014 {
		r.flaw(core.FlawHashesMissing, warning, g.prefix+hashesSuffix,
			"there is no sha256 file: a restore does not need it, but no incremental can be made on this backup")
	}
	return r.VerifyReport, err
}

// words looks at what the metadata says of the backup as a whole.
func (r *reading) words(g *group, m *metadata) {
	name := g.metadataObject().Name
	if m.version != "1.0.0" {
		r.flaw(core.FlawMetadataInvalid, damage, name, "its version is %q, and Cinder restores only 1.0.0", m.version)
	}
	if m.moved != "" {
		r.flaw(core.FlawMoved, warning, name, "%s: it must be brought back there before a restore", m.moved)
	}
	if m.volume != g.owner.volume && g.owner.volume != "" {
		r.flaw(core.FlawIDMismatch, warning, name, "its metadata is of the volume %s, and the names of its objects say %s",
			m.volume, g.owner.volume)
	}
	for _, odd := range m.odd {
		r.flaw(core.FlawMetadataInvalid, warning, name, "%s", odd)
	}
	if m.volumeMeta.Set {
		c := core.ReadCapture(m.volumeMeta.V, core.Source{})
		if c.Err != nil {
			r.flaw(core.FlawMetadataInvalid, damage, name, "the capture in it does not parse: %v", c.Err)
		}
		if key, _ := c.Section(core.BaseSection).Get("encryption_key_id"); key.Truthy() {
			r.flaw(core.FlawEncrypted, note, "", "the volume was encrypted: what is stored is its ciphertext, and of no use without the key")
		}
	}
}

// objects holds the listing against the metadata, as _restore_v1 does, and the
// sizes.
func (r *reading) objects(g *group, m *metadata) {
	seen := make([]bool, len(g.chunks))
	for i := range m.entries {
		e := &m.entries[i]
		r.Objects++
		at := g.find(e.name)
		if at < 0 {
			r.flaw(core.FlawMissingObject, damage, e.name, "the metadata names it, and it is not there")
			continue
		}
		if seen[at] {
			r.flaw(core.FlawLayout, damage, e.name, "the metadata names it twice")
			continue
		}
		seen[at] = true
		r.sizes(e, g, &g.chunks[at], m)
	}
	for i, ok := range seen {
		if !ok {
			r.flaw(core.FlawForeignObject, damage, chunkName(g.prefix, g.chunks[i].number),
				"it is there, and the metadata does not name it: Cinder refuses to restore")
		}
	}
	for _, o := range g.foreign {
		r.flaw(core.FlawForeignObject, damage, o.Name,
			"it is no part of the backup, but its name begins as those of the backup do: Cinder refuses to restore")
	}
	unnamed := g.foreigns - int64(len(g.foreign))
	r.Damages += unnamed
	r.More += unnamed
}

// sizes holds one chunk that is there against its entry.
func (r *reading) sizes(e *entry, g *group, c *chunk, m *metadata) {
	enc := encodingOf(e.compression)
	sum, ok := digest(e.md5, 16)
	switch {
	case c.problem:
		r.flaw(core.FlawUnreadable, damage, e.name, "it is no file that can be read")
		return
	case enc == unknown:
		r.flaw(core.FlawCompression, damage, e.name, "it is compressed with %q, which Cinder does not know", e.compression)
	case enc == plain && c.size != e.length && e.length >= 0:
		r.flaw(core.FlawObjectSize, damage, e.name, "it has %d bytes, and should have %d", c.size, e.length)
	case c.size == 0 && e.length > 0:
		r.flaw(core.FlawObjectSize, damage, e.name, "it is empty")
	case enc != plain && c.size >= e.length && e.length > 0 && !m.compressesAll():
		r.flaw(core.FlawObjectSize, warning, e.name,
			"compressed it has %d bytes, more than the %d of its data: Cinder stores such a chunk as it is", c.size, e.length)
	}
	stored, told := g.md5(c)
	if !ok {
		r.flaw(core.FlawMetadataInvalid, warning, e.name, "its md5 in the metadata is none")
	} else if told && (enc == plain || m.y2014) && string(sum) != string(stored[:]) {
		r.flaw(core.FlawMD5, damage, e.name, "the store's md5 of it is another than the metadata's: its bytes have changed")
	}
}

// parents follows the chain down.
func (v *verifier) parents(r *reading, g *group, m *metadata) {
	if i, ok := v.index.find(m.backup); ok && v.index.spot(i) != (spot{g.container, g.prefix}) {
		r.flaw(core.FlawDuplicate, warning, "", "the same backup also stands under %s", v.index.spot(i))
	}
	if m.parent == "" {
		return
	}
	seen := map[core.BackupID]bool{m.backup: true}
	volume := m.volume
	for id := m.parent; id != ""; {
		if seen[id] {
			r.flaw(core.FlawParentCycle, damage, "", "its parents go round in a circle, at %s: nothing can be restored from it", id)
			return
		}
		seen[id] = true
		i, ok := v.index.find(id)
		if !ok {
			for j := range v.index.others {
				if v.index.others[j].ID == id {
					r.flaw(core.FlawParentUnsound, damage, "", "it stands on %s, of which the repository holds no whole backup", id)
					return
				}
			}
			r.flaw(core.FlawParentMissing, damage, "", "it stands on %s, which is not in the repository", id)
			return
		}
		b := v.index.row(i)
		if b.VolumeID != volume {
			r.flaw(core.FlawParentVolume, warning, "", "it stands on %s, which is of another volume", id)
		}
		if b.Status != core.StatusAvailable {
			r.flaw(core.FlawParentUnsound, damage, "", "it stands on %s, whose objects are not all there", id)
		}
		id = b.ParentID
	}
}
