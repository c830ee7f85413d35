package ceph

import (
	"context"
	"errors"
	"time"

	"hearth/core"
)

// Image tells what there is to read of a volume as of a backup; no data is read. A
// snapshot holds all of it: what the backup stands on need not be there.
func (p *Place) Image(ctx context.Context, id core.BackupID) (core.Image, error) {
	h, err := p.find(ctx, id)
	if err != nil {
		return core.Image{}, err
	}
	image := core.Image{Backup: id, VolumeID: h.row.VolumeID, Chain: []core.BackupID{id}, Size: h.size, Volume: core.Some(h.size),
		Notes: []string{"Ceph's driver keeps no checksum: the bytes are those that lie there, and nothing of Cinder's tells whether " +
			"they have changed"}}
	if h.bits&markKeyVolume != 0 {
		image.Encrypted = true
		if c, ok, err := p.Capture(ctx, id); err != nil {
			return core.Image{}, err
		} else if base := c.Section(core.BaseSection); ok && base != nil {
			v := core.CapturedVolume(h.row.VolumeID, base)
			image.Key = v.EncryptionKeyID.V
		}
		image.Notes = append(image.Notes, "the volume was encrypted: these bytes are its ciphertext, of use only with the key")
	}
	return image, nil
}

// ReadImage reads the bytes of a volume as of a backup, in their order; what it finds
// is whole, as there is nothing to hold it against. A part is read from the beginning,
// too, and what is before it left out. Where the reading breaks off, all that follows is
// a hole.
func (p *Place) ReadImage(ctx context.Context, req core.ImageRequest, sink core.ImageSink) (core.ImageReport, error) {
	h, err := p.find(ctx, req.Backup)
	if err != nil {
		return core.ImageReport{}, err
	}
	if req.Part.To == 0 {
		req.Part.To = h.size
	}
	tried := "read the bytes of backup " + string(req.Backup)
	if req.Part.From > req.Part.To || req.Part.To > h.size {
		return core.ImageReport{}, core.Fail(core.CodeUsage, tried, "it has "+core.Bytes(h.size)+", and the part goes beyond", "", nil)
	}
	if h.row.Status != core.StatusAvailable {
		return core.ImageReport{}, core.Fail(core.CodeUnreadable, tried, h.problem, "see hearth verify", nil)
	}
	c := &copying{request: req, sink: sink, at: req.Part.From}
	d, err := p.through(ctx, &h, c.put)
	if d != nil {
		c.report.Read = d.data
	}
	if err == errEnough {
		err = nil
	}
	if err == nil && d.jumps {
		err = core.Fail(core.CodeUnreadable, tried, "rbd does not give them in their order, as of an image with fancy striping",
			"use rbd export", nil)
	}
	if err == nil || !req.KeepGoing || core.CodeOf(err) == core.CodeCancelled || c.failed {
		return c.report, err
	}
	hole := core.Hole{Range: core.Range{From: c.at, To: req.Part.To}, Backup: req.Backup, Object: h.prefix(), Why: whatOf(err)}
	c.report.Holes = []core.Hole{hole}
	return c.report, sink.Hole(hole)
}

// errEnough ends a reading whose part was read.
var errEnough = errors.New("the rest is not wanted")

// copying hands on what is wanted of what is read.
type copying struct {
	request core.ImageRequest
	sink    core.ImageSink
	at      int64 // up to where the part was handed on
	failed  bool  // the sink did
	report  core.ImageReport
	told    time.Time
}

func (c *copying) put(b []byte, at int64) error {
	if at >= c.request.Part.To {
		return errEnough
	}
	r, wanted := core.Range{From: at, To: at + int64(len(b))}.Within(c.request.Part)
	if !wanted {
		return nil
	}
	if c.request.InOrder || !c.request.Have.Holds(r) {
		_, err := c.sink.WriteAt(b[r.From-at:r.To-at], r.From)
		if err == nil {
			err = c.sink.Whole(r)
		}
		if err != nil {
			c.failed = true
			return err
		}
		c.report.Bytes += r.Len()
	}
	c.at = r.To
	if c.request.Progress != nil && (time.Since(c.told) >= progressEvery || c.at == c.request.Part.To) {
		c.told = time.Now()
		c.request.Progress(core.ImageProgress{Done: c.at - c.request.Part.From, Of: c.request.Part.Len(), Read: c.at - c.request.Part.From})
	}
	return nil
}
