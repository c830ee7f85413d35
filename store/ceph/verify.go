package ceph

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/scan"
)

// fewDeep is how many backups are read through at a time: each keeps the cluster and a
// core busy.
const fewDeep = 2

// fewFlaws is how many flaws of a backup are told one by one.
const fewFlaws = 100

// verifier does one verification.
type verifier struct {
	place   *Place
	request core.VerifyRequest

	mu       sync.Mutex // guards what follows, and both callbacks
	report   func(core.VerifyReport) error
	progress core.VerifyProgress
	told     time.Time
}

// target is something that is to be verified.
type target struct {
	backup *held         // nil: it is
	other  *core.Holding // what is no whole backup
}

// Verify looks at each backup: whether its snapshot or image is there, of the size that
// its metadata tells, whether that reads and is such as Cinder restores. With Deep every
// byte is read, and summed: Ceph's driver stores no checksum, so a sum says something only
// beside another of the same backup. Each report is handed over as it is done, in no
// order, one at a time; an error of report ends it.
func (p *Place) Verify(ctx context.Context, req core.VerifyRequest, report func(core.VerifyReport) error) error {
	r, err := p.listings.All(ctx, len(req.IDs) == 0, nil)
	if err != nil {
		return err
	}
	v := &verifier{place: p, request: req, report: report}
	targets, err := r.Found.index.targets(req.IDs)
	if err != nil {
		return err
	}
	v.progress.Of = int64(len(targets))
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	work := make(chan target)
	var wait sync.WaitGroup
	parallel := p.parallel
	if req.Deep {
		parallel = min(parallel, fewDeep)
	}
	for range parallel {
		wait.Go(func() {
			for t := range work {
				out, err := v.one(ctx, t)
				if err == nil {
					err = v.hand(out)
				}
				if err != nil {
					stop(err)
				}
			}
		})
	}
	for _, t := range targets {
		select {
		case work <- t:
		case <-ctx.Done():
		}
	}
	close(work)
	wait.Wait()
	if ctx.Err() == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != context.Canceled && cause != context.DeadlineExceeded {
		return cause
	}
	return scan.Cancelled("verify the pool", ctx.Err())
}

// targets are what is asked for; all there is where no ids are.
func (x *index) targets(ids []core.BackupID) (out []target, err error) {
	found := map[core.BackupID]bool{}
	wanted := func(id core.BackupID) bool {
		found[id] = true
		return len(ids) == 0 || slices.Contains(ids, id)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := range x.rows.Len() {
		if wanted(x.rows.ID(i)) {
			h := x.held(i)
			out = append(out, target{backup: &h})
		}
	}
	for i := range x.others {
		if wanted(x.others[i].ID) {
			out = append(out, target{other: &x.others[i]})
		}
	}
	for _, id := range ids {
		if !found[id] {
			return nil, core.Fail(core.CodeNotFound, "verify backup "+string(id), "the pool holds no such backup",
				"list them with hearth backups", nil)
		}
	}
	return out, nil
}

// hand gives a report to the caller.
func (v *verifier) hand(r core.VerifyReport) error {
	slices.SortStableFunc(r.Flaws, func(a, b core.Flaw) int {
		return cmp.Or(cmp.Compare(rank[a.Severity], rank[b.Severity]), cmp.Compare(a.Object, b.Object))
	})
	v.mu.Lock()
	defer v.mu.Unlock()
	v.progress.Done++
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

const (
	damage  = core.SeverityDamage
	warning = core.SeverityWarning
	note    = core.SeverityNote
)

// rank puts the worst first.
var rank = map[core.Severity]int{damage: 0, warning: 1, note: 2}

// reading is a report that is being written.
type reading struct{ core.VerifyReport }

func (r *reading) flaw(code core.FlawCode, severity core.Severity, object, format string, args ...any) {
	if severity == damage {
		r.Damages++
	}
	if len(r.Flaws) == fewFlaws {
		r.More++
		return
	}
	r.Flaws = append(r.Flaws, core.Flaw{Code: code, Severity: severity, Object: object, Text: core.Visible(fmt.Sprintf(format, args...))})
}

// one verifies one. The error is one that ends the verification.
func (v *verifier) one(ctx context.Context, t target) (core.VerifyReport, error) {
	if o := t.other; o != nil {
		r := &reading{core.VerifyReport{ID: o.ID, VolumeID: o.VolumeID, Container: o.Container, Prefix: o.Prefix, Deep: v.request.Deep,
			Objects: o.Objects}}
		code := core.FlawUnfinished
		if o.Kind == core.HoldingBroken {
			code = core.FlawMissingObject
		} else if o.Kind == core.HoldingBackup {
			code = core.FlawDuplicate
		}
		r.flaw(code, damage, o.Prefix, "%s", o.Problem)
		return r.VerifyReport, nil
	}
	h := t.backup
	r := &reading{core.VerifyReport{ID: h.row.ID, VolumeID: h.row.VolumeID, Container: h.row.Container.V, Prefix: h.prefix(),
		Deep: v.request.Deep, Objects: h.things()}}
	r.names(h)
	if err := v.metadata(ctx, r, h); err != nil {
		return r.VerifyReport, err
	}
	var err error
	if v.request.Deep {
		err = v.deep(ctx, r, h)
	}
	return r.VerifyReport, err
}

// names says what the names in the pool tell of a backup.
func (r *reading) names(h *held) {
	switch {
	case h.row.Status != core.StatusAvailable:
		r.flaw(core.FlawDuplicate, damage, h.prefix(), "%s", h.problem)
	case h.bits&markParentBelow != 0:
		r.flaw(core.FlawParentMissing, warning, h.image,
			"the backup that it was made on is gone from the image; its snapshot holds all of the volume, so that it restores by itself")
	}
	if says := h.row.Layout.Says(); says != "" {
		r.flaw(core.FlawOldRestore, warning, h.image, "%s", says)
	}
}

// metadata looks at what Cinder puts back after the bytes: it fails a restore whose
// metadata it cannot use (_restore_metadata).
func (v *verifier) metadata(ctx context.Context, r *reading, h *held) error {
	name := metaName(h.row.ID)
	if !h.meta {
		r.flaw(core.FlawMetadataMissing, warning, name, "there is no metadata: a restore brings back the bytes, and neither name "+
			"nor metadata nor image data of the volume; Cinder before 2014 wrote none")
		return nil
	}
	text, err := v.place.read(ctx, h.row.ID)
	switch code := core.CodeOf(err); {
	case code == core.CodeNotFound:
		r.flaw(core.FlawMetadataMissing, warning, name, "its metadata went away meanwhile: it is being deleted")
		return nil
	case code == core.CodeUnreadable:
		r.flaw(core.FlawUnreadable, damage, name, "its metadata cannot be read: %s", whatOf(err))
		return nil
	case err != nil:
		return err
	}
	s, err := pyjson.DecodeUTF8(text)
	if err != nil {
		r.flaw(core.FlawMetadataInvalid, damage, name, "its metadata is no UTF-8: %v", err)
		return nil
	}
	r.capture(h, name, core.ReadCapture(s, core.Source{}))
	return nil
}

// late is what metadata that is of no use means for a restore.
const late = "a restore fails when the bytes are there"

// capture holds a capture against the names.
func (r *reading) capture(h *held, name string, c core.Capture) {
	switch {
	case c.Err != nil:
		r.flaw(core.FlawMetadataCut, damage, name, "its metadata is cut short, or no JSON (%v): "+late, c.Err)
		return
	case len(c.Text) > cinderReads:
		r.flaw(core.FlawMetadataInvalid, damage, name, "its metadata is of %s, of which Cinder reads %s: "+late,
			core.Bytes(int64(len(c.Text))), core.Bytes(cinderReads))
	case c.Version() == 0:
		r.flaw(core.FlawMetadataInvalid, damage, name, "its metadata is of no version that Cinder knows: "+late)
	}
	base := c.Section(core.BaseSection)
	if base == nil {
		return
	}
	if c.VolumeID != h.row.VolumeID {
		r.flaw(core.FlawIDMismatch, warning, name, "its metadata is of the volume %s, and its image of %s", c.VolumeID, h.row.VolumeID)
	}
	vol := core.CapturedVolume(h.row.VolumeID, base)
	if vol.Size > 0 && vol.Size != h.row.Size {
		r.flaw(core.FlawObjectSize, warning, h.prefix(), "it is of %s, and its metadata says that the volume had %d GiB",
			core.Bytes(h.size), vol.Size)
	}
	if vol.EncryptionKeyID.Or("") != "" {
		r.flaw(core.FlawEncrypted, note, "", "the volume was encrypted: what is stored is its ciphertext, and of no use without the key")
	}
}

// deep reads a backup through and sums it.
func (v *verifier) deep(ctx context.Context, r *reading, h *held) error {
	sum := sha256.New()
	d, err := v.place.through(ctx, h, func(b []byte, _ int64) error {
		sum.Write(b)
		if &b[0] != &zeros[0] {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.progress.Bytes += int64(len(b))
			v.tell(false)
		}
		return nil
	})
	if d != nil {
		r.Bytes = d.data
	}
	switch code := core.CodeOf(err); {
	case code == core.CodeNotFound:
		r.flaw(core.FlawMissingObject, damage, h.prefix(), "it went away meanwhile: it is being deleted")
		return nil
	case code == core.CodeUnreadable:
		r.flaw(core.FlawUnreadable, damage, h.prefix(), "%s", whatOf(err))
		return nil
	case err != nil:
		return err
	}
	if d.size != h.size {
		r.flaw(core.FlawLength, damage, h.prefix(), "it is of %s, and %s were listed", core.Bytes(d.size), core.Bytes(h.size))
	}
	if !d.jumps {
		r.Sum = hex.EncodeToString(sum.Sum(nil))
	}
	switch known, ok := v.request.Sums[h.row.ID]; {
	case r.Sum == "":
		r.flaw(core.FlawUncompared, note, h.prefix(), "every byte was read, but not in an order that gives a sum")
	case !ok:
		r.flaw(core.FlawUncompared, note, h.prefix(), "every byte was read; whether they are those of the volume nothing tells, "+
			"for Ceph's driver keeps no checksum: compare the sum with one of another copy, or of another day")
	case known != r.Sum:
		r.flaw(core.FlawSHA256, damage, h.prefix(), "its sum is another than the one that is known: its bytes have changed, or the other's had")
	}
	return nil
}
