package repository

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"hearth/core"
)

// layer is a backup of a chain, as its bytes are read.
type layer struct {
	group *group
	meta  *metadata
	spans []span
}

// Image tells what there is to read of a volume as of a backup; no chunk is read.
// CodeNotFound where the backup, or one that it stands on, is not in the repository,
// CodeUnreadable where the metadata of one is of no use.
func (p *Place) Image(ctx context.Context, id core.BackupID) (core.Image, error) {
	layers, err := p.layers(ctx, id)
	if err != nil {
		return core.Image{}, err
	}
	return imageOf(layers), nil
}

// layers are a backup and all that it stands on, full first.
func (p *Place) layers(ctx context.Context, id core.BackupID) ([]layer, error) {
	tried := "read the bytes of backup " + string(id)
	var out []layer
	for at := id; at != ""; {
		if slices.ContainsFunc(out, func(l layer) bool { return l.meta.backup == at }) {
			return nil, core.Fail(core.CodeUnreadable, tried, "its parents go round in a circle, at "+string(at), "see hearth verify", nil)
		}
		l, err := p.layer(ctx, tried, id, at)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
		at = l.meta.parent
	}
	slices.Reverse(out)
	return out, nil
}

// layer finds one backup of the chain of another, which may be itself.
func (p *Place) layer(ctx context.Context, tried string, of, id core.BackupID) (layer, error) {
	g, ok, err := p.locate(ctx, id)
	switch {
	case err != nil:
		return layer{}, err
	case !ok && of == id:
		return layer{}, core.Fail(core.CodeNotFound, tried, "the repository holds no such backup, or no finished one",
			"list them with hearth backups", nil)
	case !ok:
		return layer{}, core.Fail(core.CodeNotFound, tried, "it stands on "+string(id)+", of which the repository holds no finished backup",
			"look for a copy of it; without it the bytes that it held cannot be had", nil)
	}
	m, err := p.scanner.metadata(ctx, g)
	if f := (*faulty)(nil); errors.As(err, &f) {
		return layer{}, core.Fail(core.CodeUnreadable, tried, "of "+string(id)+" "+f.what, "see hearth verify", err)
	}
	if err != nil {
		return layer{}, err
	}
	l := layer{group: g, meta: m}
	l.spans, _ = m.spans()
	return l, nil
}

// imageOf tells what a chain holds.
func imageOf(layers []layer) core.Image {
	top := layers[len(layers)-1].meta
	image := core.Image{Backup: top.backup, Name: top.name, VolumeID: top.volume}
	for _, l := range layers {
		image.Chain = append(image.Chain, l.meta.backup)
		image.Stored += l.group.bytes
		if says := l.meta.layout.Says(); says != "" && !slices.Contains(image.Notes, says) {
			image.Notes = append(image.Notes, says)
		}
		for _, s := range l.spans {
			image.Size = max(image.Size, s.to)
		}
	}
	b := top.basics()
	if n := b.size; n > 0 && n < 1<<33 {
		image.Volume = core.Some(n << 30)
		if n<<30 > image.Size {
			image.Notes = append(image.Notes, "the volume had "+core.Bytes(n<<30)+", and the backup holds its first "+core.Bytes(image.Size))
		}
	}
	if image.Encrypted = b.key; b.key {
		c := core.ReadCapture(top.volumeMeta.V, core.Source{})
		key, _ := c.Section(core.BaseSection).Get("encryption_key_id")
		image.Key, _ = key.Str()
		image.Notes = append(image.Notes, "the volume was encrypted: these bytes are its ciphertext, of use only with the key")
	}
	return image
}

// ReadImage reads the bytes of a volume as of a backup: of each layer what no later
// one covers, several chunks at a time, each held against its md5 and against its
// backup's sha256 file. Memory does not grow with the size of a chunk or of the
// volume. CodeUnreadable for the first part that cannot be had, unless the request
// keeps going; what went to the sink before then, and was told as whole, is right.
func (p *Place) ReadImage(ctx context.Context, req core.ImageRequest, sink core.ImageSink) (core.ImageReport, error) {
	layers, err := p.layers(ctx, req.Backup)
	if err != nil {
		return core.ImageReport{}, err
	}
	image := imageOf(layers)
	if req.Part.To == 0 {
		req.Part.To = image.Size
	}
	if req.Part.From < 0 || req.Part.From > req.Part.To || req.Part.To > image.Size {
		return core.ImageReport{}, core.Fail(core.CodeUsage, "read the bytes of backup "+string(req.Backup),
			"that part is not in it", fmt.Sprintf("it has %d bytes", image.Size), nil)
	}
	return newImageReader(p, req, sink, layers).run(ctx)
}
