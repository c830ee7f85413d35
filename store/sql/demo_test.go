package sql

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"hearth/core"
	"hearth/core/pyjson"
	"hearth/store/storetest/race"
)

// demo makes a store with demo data.
func demo(t *testing.T, w World) *Store {
	t.Helper()
	s, err := Create(t.Context(), filepath.Join(t.TempDir(), "demo.sqlite"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Populate(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	return s
}

// allBackups reads every row of backups, the soft-deleted too, by id.
func allBackups(t *testing.T, s *Store) map[core.BackupID]core.Backup {
	t.Helper()
	rows, err := s.db.QueryContext(t.Context(), "SELECT "+s.schema.backupSelect()+" FROM "+backupFrom)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[core.BackupID]core.Backup{}
	for rows.Next() {
		b, err := scanBackup(rows)
		if err != nil {
			t.Fatal(err)
		}
		out[b.ID] = b
	}
	return out
}

// dump writes every row of every table, in the order of their rowids.
func dump(t *testing.T, s *Store) string {
	t.Helper()
	var b strings.Builder
	for _, table := range []string{
		"volume_types", "volumes", "volume_metadata", "volume_glance_metadata", "backups", "backup_metadata", "hearth_captures",
		"hearth_journal",
	} {
		rows, err := s.db.QueryContext(t.Context(), "SELECT rowid, * FROM "+table+" ORDER BY rowid")
		if err != nil {
			t.Fatal(err)
		}
		columns, _ := rows.Columns()
		for rows.Next() {
			vals, ptrs := make([]any, len(columns)), make([]any, len(columns))
			for i := range vals {
				ptrs[i] = &vals[i]
			}
			if err := rows.Scan(ptrs...); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s %v\n", table, vals)
		}
		rows.Close()
	}
	return b.String()
}

func TestDemoIsTheSameForTheSameWorld(t *testing.T) {
	race.Once(t)
	w := World{Backups: 300, Seed: 7}
	first := dump(t, demo(t, w))
	if second := dump(t, demo(t, w)); first != second {
		t.Error("two stores of the same world differ")
	}
	if dump(t, demo(t, World{Backups: 300, Seed: 8})) == first {
		t.Error("another seed makes the same world")
	}
	w.Until = usualUntil.Add(48 * time.Hour)
	if dump(t, demo(t, w)) == first {
		t.Error("another end makes the same world")
	}
}

func TestDemoNumbers(t *testing.T) {
	race.Once(t)
	for _, c := range []struct {
		world            World
		volumes, backups int
	}{
		{World{}, 26, 90},
		{World{Volumes: 1, Backups: 1}, 1, 1},
		{World{Volumes: 1}, 1, 90},
		{World{Volumes: 3, Backups: 50}, 3, 50},
		{World{Volumes: -1, Backups: -1}, 0, 0},
		{World{Volumes: 5, Backups: -1}, 5, 0},
		{World{Volumes: -1, Backups: 50}, 0, 50},
		{World{Backups: 2000}, 50, 2000},
		{World{Volumes: 200}, 200, 600},
		{World{Volumes: 2, Backups: 3000, Seed: -4}, 2, 3000},
	} {
		s := demo(t, c.world)
		volumes, err := s.Volumes(t.Context(), core.Query{})
		if err != nil {
			t.Fatal(err)
		}
		backups, err := s.Backups(t.Context(), core.Query{})
		if err != nil {
			t.Fatal(err)
		}
		if volumes.Total != c.volumes || backups.Total != c.backups {
			t.Errorf("%+v: %d volumes and %d backups, want %d and %d", c.world, volumes.Total, backups.Total, c.volumes, c.backups)
		}
		until := c.world.settled().Until
		for _, b := range backups.Rows {
			if b.CreatedAt.V.After(b.UpdatedAt.V) || b.UpdatedAt.V.After(until) || until.Sub(b.CreatedAt.V) > longest+200*day {
				t.Errorf("%+v: backup %s is of %s, updated %s", c.world, b.ID, b.CreatedAt.V, b.UpdatedAt.V)
			}
		}
	}
}

func TestDemoStatuses(t *testing.T) {
	race.Once(t)
	for _, w := range []World{{}, {Backups: 2000, Seed: 3}} {
		s := demo(t, w)
		seen := map[string]int{}
		for _, b := range allBackups(t, s) {
			seen[b.Status]++
			if core.Failed(b.Status) != (b.FailReason.Or("") != "") {
				t.Errorf("backup %s is %s because of %q", b.ID, b.Status, b.FailReason.Or(""))
			}
			if b.Deleted != (b.Status == core.StatusDeleted) || b.Deleted != b.DeletedAt.Set {
				t.Errorf("backup %s is %s, deleted %v at %v", b.ID, b.Status, b.Deleted, b.DeletedAt)
			}
		}
		for _, status := range []string{
			core.StatusAvailable, core.StatusError, core.StatusErrorDeleting, core.StatusCreating, core.StatusDeleting,
			core.StatusDeleted, core.StatusRestoring,
		} {
			if seen[status] == 0 {
				t.Errorf("%+v: no backup is %s", w, status)
			}
		}
		if seen[core.StatusAvailable]*100 < 85*len(allBackups(t, s)) {
			t.Errorf("%+v: only %d are available", w, seen[core.StatusAvailable])
		}
	}
}

func TestDemoChains(t *testing.T) {
	race.Once(t)
	for _, w := range []World{{}, {Backups: 2000, Seed: 3}} {
		all := allBackups(t, demo(t, w))
		var orphans, incrementals, drifted int
		children := map[core.BackupID]int64{}
		for _, b := range all {
			if b.ParentID == "" {
				continue
			}
			incrementals++
			parent, ok := all[b.ParentID]
			if !ok {
				orphans++
				continue
			}
			if !b.Deleted {
				children[b.ParentID]++
			}
			if parent.VolumeID != b.VolumeID || parent.Deleted && !b.Deleted || !parent.DataTimestamp.V.Before(b.DataTimestamp.V) {
				t.Errorf("%+v: %s of %s cannot stand on %s of %s", w, b.ID, b.DataTimestamp.V, parent.ID, parent.DataTimestamp.V)
			}
		}
		for _, b := range all {
			if b.Dependents != children[b.ID] {
				drifted++
			}
		}
		if orphans != 1 || drifted != 1 || incrementals*3 < len(all) {
			t.Errorf("%+v: of %d backups %d are incremental, %d have a parent that is not there and %d a wrong counter", w, len(all),
				incrementals, orphans, drifted)
		}
	}
}

func TestDemoDrivers(t *testing.T) {
	const id = `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`
	object := regexp.MustCompile(`^volumebackups volume_` + id + `/\d{14}/az_[a-z-]+_backup_` + id + `$`)
	folder := regexp.MustCompile(`^[0-9a-f]{2}/[0-9a-f]{2}/` + id + ` volume_` + id + `_\d{14}_backup_` + id + `$`)
	want := map[string]*regexp.Regexp{
		swiftDriver.service: object, s3Driver.service: object, oldSwift.service: object, nfsDriver.service: folder, posixDriver.service: folder,
		cephDriver.service: regexp.MustCompile(`^backups \{"base": "volume-` + id + `\.backup\.` + id + `"\}$`),
	}
	all := allBackups(t, demo(t, World{}))
	seen := map[string]bool{}
	for _, b := range all {
		seen[b.Service.V] = true
		if where := b.Container.V + " " + b.ServiceMetadata.V; b.ServiceMetadata.Set && !want[b.Service.V].MatchString(where) {
			t.Errorf("a backup of %s lies in %s", b.Service.V, where)
		}
		if !b.ServiceMetadata.Set && b.Status != core.StatusError {
			t.Errorf("backup %s is %s, and nothing says where it lies", b.ID, b.Status)
		}
		if core.IsCeph(b.Service.V) {
			root := b
			for root.ParentID != "" {
				root = all[root.ParentID]
			}
			if !strings.Contains(b.ServiceMetadata.V, string(root.ID)) {
				t.Errorf("backup %s stands on %s, but says %s", b.ID, root.ID, b.ServiceMetadata.V)
			}
		}
	}
	if len(seen) != len(want) {
		t.Errorf("only %v are used", seen)
	}
}

// newestChain returns the chain of the newest backup of the volume of that name,
// full one first.
func newestChain(t *testing.T, s *Store, volume string) core.Chain {
	t.Helper()
	f, err := core.ParseFilter("volume~"+volume+" status:available", core.BackupColumns)
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.Backups(t.Context(), core.Query{Filter: f, Limit: 1})
	if err != nil || len(page.Rows) == 0 {
		t.Fatalf("%s has no backups: %v", volume, err)
	}
	chain, err := core.ChainOf(page.Rows[0].ID, func(id core.BackupID) (core.Backup, bool, error) {
		b, err := s.Backup(t.Context(), id)
		return b, err == nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return chain
}

// chainCaptures returns the captures of a chain, which must all be there.
func chainCaptures(t *testing.T, s *Store, chain core.Chain) []core.Capture {
	t.Helper()
	var out []core.Capture
	for _, b := range chain.Backups {
		kept, err := s.Captures(t.Context(), "", b.VolumeID, b.ID)
		if err != nil || len(kept) != 1 {
			t.Fatalf("backup %s has %d captures: %v", b.ID, len(kept), err)
		}
		out = append(out, kept[0].Capture)
	}
	return out
}

func TestDemoCaptures(t *testing.T) {
	s := demo(t, World{})
	versions, secrets, bare := map[int]int{}, 0, 0
	for _, b := range allBackups(t, s) {
		kept, err := s.Captures(t.Context(), "", b.VolumeID, b.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(kept) == 0 {
			if b.Status == core.StatusAvailable {
				bare++
			}
			continue
		}
		c := &kept[0].Capture
		base := c.Section(core.BaseSection)
		if c.Err != nil || c.VolumeID != b.VolumeID || strings.Join(base.Keys(), " ") != strings.Join(core.VolumeColumns, " ") {
			t.Errorf("the capture of %s does not read: %v, volume %s, %v", b.ID, c.Err, c.VolumeID, base.Keys())
		}
		if c.Source.Kind != core.SourceRepository || !c.Source.At.V.Equal(b.CreatedAt.V) {
			t.Errorf("the capture of %s comes %s", b.ID, c.Source)
		}
		if status, _ := base.Get("status"); status.Text() != "backing-up" && !b.SnapshotID.Set {
			t.Errorf("the capture of %s has status %s", b.ID, status.Text())
		}
		if bootable, _ := base.Get("bootable"); bootable.Kind() != pyjson.Bool {
			t.Errorf("the capture of %s has bootable %s, which is no boolean", b.ID, pyjson.Text(bootable))
		}
		versions[c.Version()]++
		if c.HoldsSecret() {
			secrets++
		}
	}
	if versions[1] < 5 || versions[2] < 50 || versions[0] != 1 {
		t.Errorf("captures by version: %v", versions)
	}
	if secrets == 0 || bare == 0 {
		t.Errorf("%d captures hold a secret, %d available backups have none", secrets, bare)
	}
}

func TestDemoLayersDiffer(t *testing.T) {
	s := demo(t, World{})
	names, tiers := map[string]bool{}, map[string]bool{}
	for _, c := range chainCaptures(t, s, newestChain(t, s, "db-prod-01")) {
		name, _ := c.Section(core.BaseSection).Get("display_name")
		tier, _ := c.Section(core.UserSection).Get("tier")
		names[name.Text()], tiers[tier.Text()] = true, true
	}
	if !names["postgres-primary"] || !names["db-prod-01"] || len(tiers) < 2 {
		t.Errorf("db-prod-01 was called %v and was of %v", names, tiers)
	}
	layers := chainCaptures(t, s, newestChain(t, s, "gitlab-data"))
	if layers[0].Section(core.UserSection) == nil || layers[len(layers)-1].Section(core.UserSection) != nil {
		t.Error("gitlab-data did not lose its metadata within its chain")
	}
	layers = chainCaptures(t, s, newestChain(t, s, "web-root"))
	if layers[0].Section(core.ImageSection) == nil || layers[len(layers)-1].Section(core.ImageSection) != nil {
		t.Error("web-root did not lose its image metadata within its chain")
	}
}

func TestDemoPlans(t *testing.T) {
	s := demo(t, World{})
	types, err := s.VolumeTypes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, typ := range types {
		ids = append(ids, typ.ID)
	}
	plan := func(volume string) *core.Plan {
		chain := newestChain(t, s, volume)
		newest := chain.Backups[len(chain.Backups)-1]
		v, err := s.Volume(t.Context(), newest.VolumeID)
		if err != nil {
			t.Fatal(err)
		}
		return core.NewPlan(core.PlanInput{Target: core.Target{Kind: core.TargetExisting, Volume: &v}, Backup: newest.ID,
			Captures: chainCaptures(t, s, chain), Service: newest.Service.V, VolumeTypes: ids})
	}
	p := plan("db-prod-01")
	if p.Error != nil || p.Rules != core.Newton || p.Changes() < 3 || p.Count(core.VerdictRemoved) == 0 || p.Count(core.VerdictAdded) == 0 {
		t.Errorf("db-prod-01: %s, %s, %v", p.Rules, p.Summary(), p.Error)
	}
	if p := plan("vault-secrets"); p.Error == nil || p.Error.Class != "EncryptedBackupOperationFailed" {
		t.Errorf("vault-secrets, which was retyped: %s, %v", p.Summary(), p.Error)
	}
	if p := plan("payroll-encrypted"); p.Error != nil {
		t.Errorf("payroll-encrypted: %v", p.Error)
	}
	if p := plan("erp-oracle"); p.Rules != core.Icehouse || p.Error != nil {
		t.Errorf("erp-oracle: %s, %v", p.Rules, p.Error)
	}
}

func TestDemoNames(t *testing.T) {
	s := demo(t, World{})
	text := dump(t, s)
	if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
		t.Error("a text is not UTF-8, or holds NUL")
	}
	volumes, err := s.Volumes(t.Context(), core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	backups, err := s.Backups(t.Context(), core.Query{})
	if err != nil {
		t.Fatal(err)
	}
	volumeNames, backupNames := map[string]bool{}, map[string]bool{}
	kinds := map[string]bool{}
	for i, v := range volumes.Rows {
		volumeNames[v.Name.Or("null")] = true
		if strings.HasPrefix(v.Name.Or(""), "restore_backup_") {
			kinds["left by a restore"] = true
		}
		if v.Name.Or("null") != core.Visible(v.Name.Or("null")) && i < 14 {
			t.Errorf("the list of volumes begins with an odd one, at row %d: %q", i, v.Name.V)
		}
		kinds[fmt.Sprintf("bootable %v", v.Bootable)], kinds[fmt.Sprintf("encrypted %v", v.EncryptionKeyID.Set)] = true, true
		kinds["attached "+v.AttachStatus.V], kinds["type "+v.VolumeType.V] = true, true
	}
	for i, b := range backups.Rows {
		backupNames[b.Name.Or("null")] = true
		if b.Name.Or("null") != core.Visible(b.Name.Or("null")) && i < 45 {
			t.Errorf("the list of backups begins with an odd one, at row %d: %q", i, b.Name.V)
		}
	}
	for _, want := range append([]string{"null", "", "db-prod-01"}, oddVolumeNames...) {
		if !volumeNames[want] {
			t.Errorf("no volume is called %q", want)
		}
	}
	for _, want := range append([]string{"null", ""}, oddBackupNames...) {
		if !backupNames[want] {
			t.Errorf("no backup is called %q", want)
		}
	}
	for _, want := range []string{
		"left by a restore", "bootable true", "bootable false", "encrypted true", "encrypted false", "attached attached",
		"attached detached", "type __DEFAULT__", "type ssd", "type LUKS",
	} {
		if !kinds[want] {
			t.Errorf("no volume is %s", want)
		}
	}
}

func TestDemoOddNamesCoverTheirKinds(t *testing.T) {
	volumes, backups := strings.Join(oddVolumeNames, "\n\n"), strings.Join(oddBackupNames, "\n\n")
	for _, kind := range []string{
		"\x1b[31m", "\x1b]0;", "\x1b]52;c;", "\r\n", "\t", "\u202E", "\u2066", "\u200B", "\u200D", "\uFEFF", "\u009b", "\u036B", "ß",
		"$(", "`", "'", `\`,
	} {
		if !strings.Contains(volumes, kind) || !strings.Contains(backups, kind) {
			t.Errorf("%q is not in the names of both", kind)
		}
	}
	for _, names := range [][]string{oddVolumeNames, oddBackupNames} {
		longest := 0
		for _, n := range names {
			longest = max(longest, utf8.RuneCountInString(n))
		}
		if longest != 255 { // what Cinder's column takes
			t.Errorf("the longest name has %d characters", longest)
		}
	}
}

// TestDemoLeavesNoLog: what thousands of rows are made of is in the file, not beside it.
// What making them costs, [BenchmarkPopulate] tells.
func TestDemoLeavesNoLog(t *testing.T) {
	s := demo(t, World{Backups: 2000})
	if info, err := os.Stat(s.path + "-wal"); err == nil && info.Size() > 0 {
		t.Errorf("%d bytes are left in the write-ahead log", info.Size())
	}
}

// fuse is a context that ends when it has been asked often enough.
type fuse struct {
	context.Context
	left atomic.Int64
	end  context.CancelFunc
}

func (f *fuse) Err() error {
	if f.left.Add(-1) == 0 {
		f.end()
	}
	return f.Context.Err()
}

func TestDemoIsCancelledWhole(t *testing.T) {
	s, err := Create(t.Context(), filepath.Join(t.TempDir(), "demo.sqlite"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	before := dump(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	f := &fuse{Context: ctx, end: cancel}
	f.left.Store(500)
	if err := s.Populate(f, World{Backups: 2000}); core.CodeOf(err) != core.CodeCancelled {
		t.Errorf("cancelled half-way: %v", err)
	}
	if f.left.Load() > 0 {
		t.Error("it never looked at the context")
	}
	if dump(t, s) != before {
		t.Error("something was left behind")
	}
}

func TestDemoWantsAnEmptyStore(t *testing.T) {
	s := demo(t, World{Volumes: 1, Backups: 1})
	before := dump(t, s)
	if err := s.Populate(t.Context(), World{Seed: 2}); core.CodeOf(err) != core.CodeConflict {
		t.Errorf("a second world in the same store: %v", err)
	}
	if dump(t, s) != before {
		t.Error("the second world changed the first")
	}
}

func TestShare(t *testing.T) {
	for _, c := range []struct {
		total   int
		weights []int
		want    string
	}{
		{10, []int{1, 1}, "[5 5]"}, {1, []int{1, 5, 2}, "[0 1 0]"}, {10, []int{1, 1, 1}, "[4 3 3]"}, {7, []int{0, 3}, "[0 7]"}, {3, nil, "[]"},
		{3, []int{0}, "[0]"},
	} {
		if got := fmt.Sprint(share(c.total, c.weights)); got != c.want {
			t.Errorf("share(%d, %v) = %s, want %s", c.total, c.weights, got, c.want)
		}
	}
}

// TestPopulateBounded: a demo is written as it is made, and holds one volume's backups.
func TestPopulateBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a while")
	}
	s, err := Create(t.Context(), filepath.Join(t.TempDir(), "many.sqlite"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	before, most, done := heap(), uint64(0), make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
				most = max(most, heap())
			}
		}
	}()
	const n = 20_000
	err = s.Populate(t.Context(), World{Backups: n})
	done <- struct{}{}
	if err != nil {
		t.Fatal(err)
	}
	if each := (most - min(before, most)) / n; each > 900 {
		t.Errorf("%d bytes are held for each backup", each)
	}
}

// TestCastingBounded: of the volumes that have not lived yet a world holds a few numbers.
func TestCastingBounded(t *testing.T) {
	w := World{Volumes: 20_000, Backups: 40_000}.settled()
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, n := heap(), 0
	for l := range casting(w, newStage(w)) {
		if n++; n == 10 {
			if each := (max(heap(), before) - before) / uint64(w.Volumes); each > 100 {
				t.Errorf("%d bytes are held for each volume", each)
			}
		}
		runtime.KeepAlive(l)
	}
	if n < w.Volumes {
		t.Errorf("%d of %d volumes live", n, w.Volumes)
	}
}
