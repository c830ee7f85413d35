package scan

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
)

// drawn draws rows of what repositories tell of backups.
type drawn struct{ *rand.Rand }

func (d drawn) text() string {
	return []string{"", "x", "a longer text, with \x00 and é in it", fmt.Sprintf("%x", d.Uint64())}[d.IntN(4)]
}

func (d drawn) opt() core.Opt[string] {
	if d.IntN(3) == 0 {
		return core.Opt[string]{}
	}
	return core.Some(d.text())
}

func (d drawn) time() core.Opt[time.Time] {
	if d.IntN(3) == 0 {
		return core.Opt[time.Time]{}
	}
	return core.Some(time.Unix(d.Int64N(1<<34)-1<<33, d.Int64N(1e9)).UTC())
}

var layouts = []*core.Layout{nil, {Name: "old"}, {Name: "new"}}

func (d drawn) row(i int) Row {
	id := core.BackupID(fmt.Sprintf("%08x-0000-4000-8000-%012x", d.Uint32(), i))
	prefix := "volume_v/2026/az_nova_backup_" + string(id)
	container := []string{"box", "aa/bb/" + string(id), "", d.text()}[d.IntN(4)]
	b := core.Backup{ID: id, Name: d.opt(), Description: d.opt(), Status: d.text(), Size: d.Int64() - 1<<62, ObjectCount: d.Int64N(9),
		VolumeID: core.VolumeID(d.text()), VolumeName: d.opt(), Container: []core.Opt[string]{core.Some(container), d.opt()}[d.IntN(2)],
		Service:         d.opt(),
		ServiceMetadata: core.Some(prefix), ParentID: core.BackupID(d.text()), Incremental: d.IntN(2) == 0, Dependents: d.Int64N(9),
		ProjectID: core.ProjectID(d.text()),
		UserID:    d.text(), AvailabilityZone: d.opt(), CreatedAt: d.time(), Layout: layouts[d.IntN(3)]}
	if b.DataTimestamp = b.CreatedAt; d.IntN(2) == 0 {
		b.DataTimestamp = d.time()
	}
	var volume *core.Volume
	if d.IntN(3) > 0 {
		volume = d.volume(i)
	}
	return Row{Bits: d.Uint32N(4), Volume: volume, Holding: core.Holding{Kind: core.HoldingBackup, Container: container, Prefix: prefix,
		ID:       id,
		VolumeID: core.VolumeID(d.text()), Began: d.time(), Objects: d.Int64N(1e9), Bytes: d.Int64(), Problem: d.text(), Backup: b,
		CaptureText: core.Opt[string]{Set: d.IntN(2) == 0}}}
}

func (d drawn) volume(i int) *core.Volume {
	return &core.Volume{ID: core.VolumeID(fmt.Sprintf("%06d", i)), Name: d.opt(), Description: d.opt(), Status: d.text(), Size: d.Int64N(1e9),
		VolumeTypeID: d.opt(), Bootable: d.IntN(2) == 0, Multiattach: d.IntN(2) == 0, EncryptionKeyID: d.opt(),
		ProjectID: core.ProjectID(d.text()), UserID: d.text(), AvailabilityZone: d.opt(), Host: d.opt(), SnapshotID: d.opt(),
		SourceVolumeID: core.VolumeID(d.text()), AttachStatus: d.opt(), CreatedAt: d.time(), UpdatedAt: d.time()}
}

// TestRows: what was kept comes back, marked as its bits say, also once more texts came
// than are kept once; and is found by its id.
func TestRows(t *testing.T) {
	t.Parallel()
	marks := &Marks{Table: []Words{{Bit: 1, Marks: []core.Mark{Lost("host", "gone")}}, {Bit: 2, Marks: OfVolume, Unseen: []string{"name"}}}}
	d := drawn{rand.New(rand.NewPCG(1, 2))}
	rows := &Rows{Marks: marks}
	var want []Row
	for i := range 3 * mostWords {
		want = append(want, d.row(i))
		rows.Add(&want[i])
	}
	again := d.row(7)
	rows.Put(7, &again)
	want[7] = again
	view := rows.View()
	byID := rows.ByID()
	for i := range want {
		volume := want[i].Volume
		v, of, has := view.Volume(rows.Packed(i))
		if has != (volume != nil) || of != want[i].Backup.ID {
			t.Fatalf("row %d: the volume of %s, %v", i, of, has)
		}
		if has {
			if volume.ID = want[i].Backup.VolumeID; !reflect.DeepEqual(v, *volume) {
				t.Fatalf("row %d is of the volume\n%+v, kept was\n%+v", i, v, *volume)
			}
		}
		want[i].Volume = nil
		want[i].Marks, want[i].Backup.Unseen = marks.Of(want[i].Bits)
		if got := view.At(i); !reflect.DeepEqual(got, want[i]) {
			t.Fatalf("row %d is\n%+v, kept was\n%+v", i, got, want[i])
		}
		w := &want[i]
		head := Head{w.Prefix, w.Backup.ID, w.Backup.VolumeID, w.Backup.CreatedAt, w.CaptureText.Set, w.Backup.Status, w.Backup.ParentID,
			w.Container}
		if rows.ID(i) != w.ID || rows.VolumeID(i) != w.Backup.VolumeID || rows.Head(i) != head {
			t.Fatalf("row %d: %s %s %+v", i, rows.ID(i), rows.VolumeID(i), rows.Head(i))
		}
		if at, ok := rows.Find(byID, w.ID); !ok || at != i {
			t.Fatalf("row %d is found at %d", i, at)
		}
	}
	if _, ok := rows.Find(byID, "none"); ok {
		t.Error("what is not there is found")
	}
	others := &Rows{Marks: marks} // rows that others packed, and some of one's own after them
	if !others.From(rows.Words(), rows.Layouts()) || others.From(rows.Words(), nil) || (&Rows{}).From(make([]string, mostWords+1), nil) {
		t.Fatal("rows of others are not taken, or twice, or with too many words")
	}
	for i := range want {
		if i%2 == 0 {
			others.AddPacked(rows.Packed(i))
		} else {
			others.Add(&want[i])
		}
	}
	for i := range want {
		if got := others.At(i); !reflect.DeepEqual(got, want[i]) {
			t.Fatalf("row %d of others is\n%+v, kept was\n%+v", i, got, want[i])
		}
	}
}

// TestOrder: texts are put in order and found as they are by themselves, short ones, equal
// ones and such with zeros too.
func TestOrder(t *testing.T) {
	t.Parallel()
	d := drawn{rand.New(rand.NewPCG(8, 8))}
	texts := []string{"", "\x00", "a", "a\x00", "12345678", "123456789", "12345678\x00", "\xff\xff\xff\xff\xff\xff\xff\xff\xff"}
	for range 300 {
		texts = append(texts, d.text()+texts[d.IntN(len(texts))])
	}
	at := func(i int) string { return texts[i] }
	order := Order(len(texts), at, func(i, j int) int { return strings.Compare(texts[i], texts[j]) })
	sorted := make([]string, len(texts))
	for i, j := range order {
		if sorted[i] = texts[j]; i > 0 && (sorted[i] < sorted[i-1] || sorted[i] == sorted[i-1] && j < order[i-1]) {
			t.Fatalf("%q comes after %q", sorted[i], sorted[i-1])
		}
	}
	in := func(i int) string { return sorted[i] }
	leads := LeadsOf(len(sorted), in)
	for _, s := range append(texts, "nowhere", "12345678x") {
		i, ok := leads.Find(s, in)
		want, has := slices.BinarySearch(sorted, s)
		if ok != has || ok && i != want { // the first of equal ones
			t.Fatalf("%q is found at %d, %v, and is at %d, %v", s, i, ok, want, has)
		}
	}
}

func TestVolumes(t *testing.T) {
	t.Parallel()
	d := drawn{rand.New(rand.NewPCG(3, 4))}
	var volumes Volumes
	var want []core.Volume
	for i := range 500 {
		v := *d.volume(i)
		v.Backups, v.LastBackup = d.Int64N(99), d.time()
		want = append(want, v)
		volumes.Add(&v)
	}
	for i := range want {
		at, ok := volumes.Find(want[i].ID)
		if got := volumes.At(i); !reflect.DeepEqual(got, want[i]) || !ok || at != i || volumes.Name(i) != want[i].Name {
			t.Fatalf("volume %d is\n%+v, kept was\n%+v (found at %d)", i, got, want[i], at)
		}
	}
}

// TestListing: one reading serves all who ask, is kept, is done anew when that is asked
// for, and ends when nobody wants it any more.
func TestListing(t *testing.T) {
	t.Parallel()
	read, end := 0, make(chan error)
	l := &Listing[int]{Tried: "read it", Wait: time.Millisecond, Told: func(*int) core.ScanProgress { return core.ScanProgress{Objects: 9} }}
	l.Read = func(ctx context.Context, x *int, progress func(core.ScanProgress)) error {
		read++
		*x = read
		select {
		case err := <-end:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	l.Live(t.Context())
	if r, complete, err := l.Some(t.Context(), false); r == nil || complete || err != nil || r.Whole() {
		t.Fatalf("at first: %v %v %v", r, complete, err)
	}
	got := make(chan int)
	for range 2 {
		go func() {
			r, err := l.All(t.Context(), false, nil)
			if err != nil {
				t.Error(err)
			}
			got <- r.Found
		}()
	}
	end <- nil
	if a, b := <-got, <-got; a != 1 || b != 1 {
		t.Errorf("the two that wait are given %d and %d", a, b)
	}
	told := core.ScanProgress{}
	if r, err := l.All(t.Context(), false, func(s core.ScanProgress) { told = s }); err != nil || r.Found != 1 || told.Objects != 9 {
		t.Errorf("kept is %v, %v, %+v", r, err, told)
	}
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, stop)
	if _, err := l.All(ctx, true, nil); core.CodeOf(err) != core.CodeCancelled {
		t.Errorf("cancelled: %v", err)
	}
	why := errors.New("it broke")
	go func() { end <- why }()
	if _, err := l.All(t.Context(), true, nil); err != why {
		t.Errorf("a failure is told as %v", err)
	}
	if r := l.Last(); r == nil || r.Found != 1 {
		t.Errorf("after a failure kept is %v", r)
	}
	if r, complete, err := l.Some(t.Context(), false); r != l.Last() || complete || err != why {
		t.Errorf("who watches is given %v, %v, %v", r, complete, err)
	}
	l.Close(time.Second)
}
