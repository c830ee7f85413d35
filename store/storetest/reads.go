package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hearth/core"
	"hearth/store"
)

func testReads(t *testing.T, d Driver) {
	p, w := d.open(t, d.world()), d.world()
	for _, want := range w.AllVolumes() {
		got, err := p.Volume(t.Context(), want.ID)
		if flagOf(want.Row, "deleted") {
			wantCode(t, "a deleted volume", err, core.CodeNotFound)
			continue
		}
		if err != nil {
			t.Errorf("volume %s: %v", want.ID, err)
		} else if text := difference(got, want); text != "" {
			t.Errorf("volume %s differs:%s", want.ID, text)
		}
	}
	for _, want := range w.AllBackups() {
		got, err := p.Backup(t.Context(), want.ID)
		if want.Deleted {
			wantCode(t, "a deleted backup", err, core.CodeNotFound)
			continue
		}
		if err != nil {
			t.Errorf("backup %s: %v", want.ID, err)
		} else if text := difference(got, want); text != "" {
			t.Errorf("backup %s differs:%s", want.ID, text)
		}
	}
	for _, id := range []string{NoSuch, "", "'", strings.ToUpper(string(Database)), string(Database[:8])} {
		_, err := p.Volume(t.Context(), core.VolumeID(id))
		wantCode(t, "volume "+id, err, core.CodeNotFound)
		_, err = p.Backup(t.Context(), core.BackupID(id))
		wantCode(t, "backup "+id, err, core.CodeNotFound)
	}
	testTypes(t, p, w)
	if s, ok := p.(store.Sizer); ok {
		if n, err := s.Size(t.Context()); err != nil || n < 1024 {
			t.Errorf("its size is %d, %v", n, err)
		}
	} else {
		t.Error("it does not say how large it is")
	}
	if info := p.Info(); info.Location == "" || info.Title == "" || info.Kind == "" || (info.ReadOnly != "") != d.ReadOnly {
		t.Errorf("it says of itself %+v", info)
	}
}

func testTypes(t *testing.T, p store.Place, w World) {
	typer, ok := p.(store.Typer)
	if !ok {
		t.Error("it does not know volume types")
		return
	}
	types, err := typer.VolumeTypes(t.Context())
	want := []core.VolumeType{w.Types[1], w.Types[2], w.Types[0]} // by name
	if err != nil || !slices.Equal(types, want) {
		t.Errorf("volume types %v, %v; want %v", types, err, want)
	}
}

func testExports(t *testing.T, d Driver) {
	p, w := d.open(t, d.world()), d.world()
	ex, isExporter := p.(store.Exporter)
	if !isExporter {
		t.Fatal("it exports nothing")
	}
	exported := 0
	for _, b := range w.AllBackups() {
		got, err := ex.Export(t.Context(), b.ID)
		switch {
		case b.Deleted:
			wantCode(t, "export of a deleted backup", err, core.CodeNotFound)
			continue
		case b.Status != core.StatusAvailable:
			wantCode(t, "export of one that is "+b.Status, err, core.CodeRefused)
			continue
		}
		want, problem := core.ExportRecord(&b)
		if problem != nil {
			wantCode(t, "export of "+string(b.ID)+", which Cinder could not", err, core.CodeRefused)
			continue
		}
		exported++
		if err != nil || got != want {
			t.Errorf("export of %s: %v\n%s\nwant\n%s", b.ID, err, decoded(got), decoded(want))
		}
	}
	if exported < 5 {
		t.Errorf("only %d are exported", exported)
	}
	_, err := ex.Export(t.Context(), NoSuch)
	wantCode(t, "export of none", err, core.CodeNotFound)
}

func decoded(r core.Record) string {
	dec, err := core.DecodeRecord(r.URL, core.Today)
	if err != nil {
		return err.Error()
	}
	return r.Service + " " + jsonText(dec.Doc)
}

func testImportFacts(t *testing.T, d Driver) {
	p, w := d.open(t, d.world()), d.world()
	im, isImporter := p.(store.Importer)
	if !isImporter {
		t.Fatal("it imports nothing")
	}
	var ids []core.BackupID
	want := map[core.BackupID]string{}
	for _, b := range w.AllBackups() {
		ids, want[b.ID] = append(ids, b.ID), b.Status
	}
	f, err := im.ImportFacts(t.Context(), append(ids, NoSuch, "'; DROP TABLE backups", ""))
	ok(t, err)
	for id, status := range want {
		if got, here := f.Existing[id]; !here || got != status {
			t.Errorf("of %s is said %q, %v; its row says %q, and that counts", id, got, here, status)
		}
	}
	if len(f.Existing) != len(want) {
		t.Errorf("%d of %d are said to be here", len(f.Existing), len(want))
	}
	if !slices.Equal(f.Services, []string{strings.ToUpper(ceph), ceph, swift}) || f.Sure {
		t.Errorf("the services are %v, sure %v", f.Services, f.Sure)
	}
	if f, err = im.ImportFacts(t.Context(), nil); err != nil || len(f.Existing) != 0 || f.Owner == "" {
		t.Errorf("asked for none: %+v, %v", f, err)
	}
}

// testRefusals: what is not open for writing refuses to, and stays as it is.
func testRefusals(t *testing.T, d Driver) {
	p := d.open(t, d.world())
	state := d.world().volume(Database)
	s := state.State()
	if writer, ok := p.(store.Writer); ok {
		_, err := writer.Rewrite(t.Context(),
			core.Rewrite{Volume: Database, Before: s, After: renamed(s, "other"), Entry: core.Entry{Kind: core.EntryApply}})
		wantCode(t, "rewrite", err, core.CodeReadOnly)
	}
	if importer, ok := p.(store.Importer); ok {
		_, err := importer.Import(t.Context(), d.importItems(t, 1), core.Entry{Kind: core.EntryImport})
		wantCode(t, "import", err, core.CodeReadOnly)
	}
	testReads(t, d)
	v, err := p.Volume(t.Context(), Database)
	ok(t, err)
	if text := difference(v, state); text != "" {
		t.Errorf("the volume changed:%s", text)
	}
}

// patience is how long a call may go on after its context has ended.
const patience = 5 * time.Second

func testContexts(t *testing.T, d Driver) {
	p := d.open(t, d.world())
	every := calls(p, d.world())
	for name, call := range every {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := call(ctx)
		wantCode(t, name+" after the end of its context", err, core.CodeCancelled)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s does not tell why: %v", name, err)
		}
	}
	if d.Block == nil {
		return
	}
	t.Cleanup(d.Block(t, p))
	waited := 0
	for name, call := range every {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		done := make(chan error, 1)
		go func() { done <- call(ctx) }()
		select {
		case err := <-done:
			if core.CodeOf(err) == core.CodeCancelled {
				waited++
			} else if err != nil && core.CodeOf(err) != core.CodeNotFound {
				t.Errorf("%s, cancelled while it waited: %v", name, err)
			}
		case <-time.After(patience):
			t.Fatalf("%s went on waiting after the end of its context", name)
		}
		cancel()
	}
	if waited == 0 {
		t.Error("nothing had to wait")
	}
}
