package ceph

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	"hearth/core"
)

// image is an RBD image as rbd ls -l tells it.
type image struct {
	name    string
	size    int64 // in bytes, as it is now
	snaps   []snapshot
	problem string // why it cannot be opened, "" if it can
}

// snapshot is one of its user's snapshots.
type snapshot struct {
	name   string
	number int64 // they count up in the order in which they were made
	size   int64 // of the image when it was made
}

// listing is all that the names in a pool tell.
type listing struct {
	images  []image // by name
	metas   map[core.BackupID]meta
	others  []string // objects that are neither RBD's nor metadata of backups: the first few
	foreign int64    // all of them
	objects int64    // that were listed, RBD's own too
}

// meta is what is known of a backup's metadata object.
type meta uint8

const (
	metaNone  meta = iota // there is none
	metaThere             // there is one
	metaUsed              // and it is known whose it is
)

// list asks for both at once, and whether the programs are such as it understands.
func (p *Place) list(ctx context.Context, progress func(objects int64)) (*listing, error) {
	tried := "list the pool " + p.pool
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	l := &listing{metas: map[core.BackupID]meta{}}
	var wait sync.WaitGroup
	var errs [3]error
	for i, f := range []func() error{
		func() error { return p.programs.check(ctx, tried) },
		func() error { return p.listImages(ctx, tried, l) },
		func() error { return p.listObjects(ctx, tried, l, progress) },
	} {
		wait.Go(func() {
			if errs[i] = f(); errs[i] != nil && i < 2 { // rados may take long, and says less of what is wrong
				stop()
			}
		})
	}
	wait.Wait()
	var err error
	for _, e := range errs { // the first that is not because of another
		if e != nil && (err == nil || core.CodeOf(err) == core.CodeCancelled) {
			err = e
		}
	}
	return l, err
}

// cannotOpen is what rbd says of an image that it passes over.
var cannotOpen = regexp.MustCompile(`(?m)^rbd: error opening ([^:\n]+): (\(\d+\) .*)$`)

// listImages asks rbd for the images. One that cannot be opened is not among those that
// it lists, and does not keep the others from being.
func (p *Place) listImages(ctx context.Context, tried string, l *listing) error {
	whole := false
	said, err := p.programs.run(ctx, tried, p.programs.rbd, []string{"ls", "-l", "--pool", p.pool, "--format", "json"},
		func(r io.Reader) error {
			err := l.readImages(r)
			whole = err == nil
			return odd("rbd ls -l", tried, err)
		})
	shut := cannotOpen.FindAllStringSubmatch(said, -1)
	if err != nil && !(whole && len(shut) > 0) {
		return err
	}
	l.order(shut)
	return nil
}

// readImages reads an entry for each image, and one more for each of its snapshots, which
// need not follow it.
func (l *listing) readImages(r io.Reader) error {
	at := map[string]int{}
	return eachOf(r, func(d *json.Decoder) error {
		var e struct {
			Image    string
			Snapshot string
			ID       int64 `json:"snapshot_id"`
			Size     int64
		}
		if err := d.Decode(&e); err != nil {
			return err
		}
		i, ok := at[e.Image]
		if !ok {
			i = len(l.images)
			at[e.Image] = i
			l.images = append(l.images, image{name: e.Image, size: e.Size})
		}
		if e.Snapshot == "" {
			l.images[i].size = e.Size
		} else {
			l.images[i].snaps = append(l.images[i].snaps, snapshot{e.Snapshot, e.ID, e.Size})
		}
		return nil
	})
}

// order puts images and their snapshots in order, with those that are shut: their names,
// and why.
func (l *listing) order(shut [][]string) {
	for _, m := range shut {
		l.images = append(l.images, image{name: m[1], problem: m[2]})
	}
	for _, im := range l.images {
		slices.SortStableFunc(im.snaps, func(a, b snapshot) int { return cmp.Compare(a.number, b.number) })
	}
	slices.SortStableFunc(l.images, func(a, b image) int { return strings.Compare(a.name, b.name) })
}

// fewOthers is how many foreign objects are kept by name.
const fewOthers = 1000

// listObjects asks rados for the objects. A pool may have very many that images are made
// of: of those none is kept.
func (p *Place) listObjects(ctx context.Context, tried string, l *listing, progress func(int64)) error {
	_, err := p.programs.run(ctx, tried, p.programs.rados, []string{"--pool", p.pool, "ls", "--format", "json"},
		func(r io.Reader) error { return odd("rados ls", tried, l.readObjects(r, progress)) })
	return err
}

func (l *listing) readObjects(r io.Reader, progress func(int64)) error {
	defer func() { slices.Sort(l.others) }()
	return eachOf(r, func(d *json.Decoder) error {
		var e struct{ Name string }
		if err := d.Decode(&e); err != nil {
			return err
		}
		if l.objects++; l.objects%4096 == 0 && progress != nil {
			progress(l.objects)
		}
		if id, ok := parseMeta(e.Name); ok {
			l.metas[core.BackupID(strings.Clone(string(id)))] = metaThere
		} else if !ofRBD(e.Name) {
			if l.foreign++; l.foreign <= fewOthers {
				l.others = append(l.others, e.Name)
			}
		}
		return nil
	})
}

// eachOf reads an array, an element at a time. No output at all, as of a program that
// fails, is io.ErrUnexpectedEOF: then the program says why.
func eachOf(r io.Reader, one func(*json.Decoder) error) error {
	d := json.NewDecoder(r)
	switch t, err := d.Token(); {
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	case err != nil:
		return err
	case t != json.Delim('['):
		return fmt.Errorf("it begins with %v", t)
	}
	for d.More() {
		if err := one(d); err != nil {
			return err
		}
	}
	_, err := d.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// odd is the error of output that is not as it should be; one that ends too early stays
// what it is, since the program will say why.
func odd(program, tried string, err error) error {
	if err == nil || err == io.ErrUnexpectedEOF {
		return err
	}
	return core.Fail(core.CodeUnreadable, tried, program+" prints what hearth does not understand: "+err.Error(),
		"look at what it prints with --format json, and tell hearth's makers its version", err)
}
