package core

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"strings"

	"hearth/core/pyjson"
)

// WriteBundle writes a bundle: records first, then captures, in their order. The
// counts of the head are set by it.
func WriteBundle(w io.Writer, b Bundle) error {
	b.BundleHead.Records, b.BundleHead.Captures = len(b.Records), len(b.Captures)
	out := BeginBundle(w, b.BundleHead, b.form())
	for _, r := range b.Records {
		out.Record(r)
	}
	for _, c := range b.Captures {
		out.Capture(c)
	}
	return out.End()
}

// BundleWriter writes a bundle line by line. The first error is kept, and told at the end.
type BundleWriter struct {
	w    io.Writer
	all  hash.Hash
	form int
	n    int
	err  error
}

// BeginBundle begins a bundle of so many records and captures as its head tells, which must
// follow in this order. form is [BundleForm] of what they need.
func BeginBundle(w io.Writer, h BundleHead, form int) *BundleWriter {
	out := &BundleWriter{w: w, all: sha256.New(), form: form}
	head := out.line()
	head.Set("format", pyjson.OfString(bundleFormat))
	head.Set("version", pyjson.OfInt(int64(form)))
	head.Set("made_at", bundleTime(h.Made))
	head.Set("place", orNone(h.Place))
	head.Set("records", pyjson.OfInt(int64(h.Records)))
	head.Set("captures", pyjson.OfInt(int64(h.Captures)))
	head.Set("masked", pyjson.OfBool(h.Masked))
	out.write(head)
	return out
}

// Record writes a record.
func (w *BundleWriter) Record(r BundleRecord) {
	o := w.line()
	o.Set("record", idValue(r.Backup))
	o.Set("place", pyjson.OfString(r.Place))
	o.Set("at", bundleTime(r.At))
	o.Set("fingerprint", pyjson.OfString(r.Fingerprint))
	o.Set("backup_service", pyjson.OfString(r.Record.Service))
	o.Set("backup_url", pyjson.OfString(r.Record.URL))
	w.write(o)
}

// Capture writes a capture.
func (w *BundleWriter) Capture(c BundleCapture) {
	o := w.line()
	c.fill(o, w.form)
	w.write(o)
}

// End ends the bundle.
func (w *BundleWriter) End() error {
	end := w.line()
	end.Set("end", pyjson.OfInt(int64(w.n-1))) // lines before this one
	end.Set("all_sha256", pyjson.OfString(hex.EncodeToString(w.all.Sum(nil))))
	w.write(end)
	return w.err
}

// form is the oldest version that can say what the bundle holds.
func (b *Bundle) form() int {
	for _, c := range b.Captures {
		if BundleForm(c.Again) > 1 {
			return 2
		}
	}
	return 1
}

// BundleForm is the oldest version that can say what a second look came to.
func BundleForm(a Again) int {
	if a.State.Open() {
		return 1
	}
	return 2
}

// fill writes the capture's line. One that is still due is of one moment for whoever
// reads it: the second look is for the archive to take that began.
func (c *BundleCapture) fill(o *pyjson.Object, form int) {
	o.Set("capture", idValue(c.BackupID))
	o.Set("volume_id", idValue(c.VolumeID))
	o.Set("place", pyjson.OfString(c.Place))
	o.Set("at", bundleTime(c.At))
	src := c.Capture.Source
	o.Set("source", pyjson.OfString(string(src.Kind)))
	o.Set("source_where", pyjson.OfString(src.Where))
	o.Set("source_at", bundleOptTime(src.At))
	if form >= 2 {
		again := c.Again
		if again.State.Open() {
			again = Again{}
		}
		o.Set("again", orNone(string(again.State)))
		o.Set("again_at", bundleOptTime(again.At))
		o.Set("ended_at", bundleOptTime(again.Ended))
	}
	o.Set("unseen", textList(names(c.Capture.Unseen)))
	o.Set("masked", textList(c.Masked))
	o.Set("text", pyjson.OfString(c.Capture.Text))
}

// line begins the next line.
func (w *BundleWriter) line() *pyjson.Object {
	w.n++
	o := &pyjson.Object{}
	o.Set("n", pyjson.OfInt(int64(w.n)))
	return o
}

func (w *BundleWriter) write(o *pyjson.Object) {
	if w.err != nil {
		return
	}
	body := strings.TrimSuffix(pyjson.Text(pyjson.OfDict(o)), "}")
	line := body + sumKey + sumOf(body) + "\"}\n"
	io.WriteString(w.all, line)
	_, w.err = io.WriteString(w.w, line)
}
