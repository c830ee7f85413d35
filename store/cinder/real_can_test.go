package cinder_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hearth/core"
	"hearth/store/jobs"
)

// cannot: a restore is blocked by a reason of the code, hearth refuses it by every face,
// and the cloud is as it was.
func (s *site) cannot(what string, r core.RestoreRequest, code string, says ...string) {
	s.t.Helper()
	s.blocked(scene{what: what, ask: r, code: code, says: says})
}

// blocked is cannot, or that it may not: then nothing is tried.
func (s *site) blocked(x scene) {
	t := s.t
	t.Helper()
	if x.answer == "" {
		x.answer = core.AnswerNo
	}
	before, entries := s.everything(), s.entries()
	if s.faces != nil {
		s.faces.proxy.reset(nil)
	}
	if s.weighed(&x) && s.faces != nil {
		s.faces.shown(&x)
	}
	if after := s.everything(); !slices.Equal(before, after) {
		t.Errorf("%s: there were %d volumes and backups, and are %d", x.what, len(before), len(after))
	}
	if after := s.entries(); after != entries {
		t.Errorf("%s: the journal had %d entries, and has %d", x.what, entries, after)
	}
	if s.faces == nil {
		return
	}
	if sent := s.faces.proxy.sent(); len(sent) > 0 {
		t.Errorf("%s: %q was sent", x.what, sent)
	}
}

// entries is how many the journal has.
func (s *site) entries() int {
	s.t.Helper()
	entries, err := s.desk.Archive.Entries(s.ctx, s.desk.Place.Info().Location, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	return len(entries)
}

// weighed holds the jobs to a scene; false where they do not give its reason.
func (s *site) weighed(x *scene) bool {
	t := s.t
	t.Helper()
	d := s.desk
	if x.through != nil {
		d = *x.through
	}
	var p *core.Plan
	if len(x.captures) > 0 || x.fresh || x.metadata {
		p = s.planned(&d, x)
	}
	can, err := d.Can(s.ctx, jobs.CanRequest{Restore: x.ask, Plan: p})
	if x.metadata && p != nil {
		can = p.Can
	}
	if err != nil {
		t.Errorf("%s: %v", x.what, err)
		return false
	}
	i := slices.IndexFunc(can.Reasons, func(r core.Reason) bool { return r.Code == x.code && r.Answer == x.answer })
	if i < 0 || can.Answer() != x.answer {
		t.Errorf("%s: %s, %+v", x.what, can.Answer(), can.Reasons)
		return false
	}
	if s.told != nil {
		s.told[x.code] = true
	}
	reason := can.Reasons[i]
	if !holdsAll(reason.Text, x.says) {
		t.Errorf("%s: %q does not say %q", x.what, reason.Text, x.says)
	}
	if len(x.says) == 0 {
		x.says = []string{reason.Text}
	}
	t.Logf("%s: %s; %s", x.what, reason.Text, reason.Next)
	if x.answer != core.AnswerNo || x.metadata {
		return true
	}
	report, err := d.Restore(s.ctx, x.ask, p, true, nil)
	if err == nil || core.CodeOf(err) == core.CodePartial || report.Volume != "" {
		t.Errorf("%s: it was restored all the same: %v, %+v", x.what, err, report)
	}
	return true
}

// planned is the plan of a scene in which it matters; nil where there is none.
func (s *site) planned(d *jobs.Desk, x *scene) *core.Plan {
	s.t.Helper()
	r := jobs.PlanRequest{Backup: x.ask.Backup, Onto: x.ask.Volume, Via: core.ViaDatabase}
	if x.metadata {
		r.Via, r.MetadataOnly = core.ViaAPI, true
	}
	for _, text := range x.captures {
		c := core.Capture{Source: core.Source{Kind: core.SourceUnknown}}
		if text != "" {
			c = core.ReadCapture(text, core.Source{Kind: core.SourceFile})
		}
		r.Captures = append(r.Captures, c)
	}
	if x.fresh {
		d.Archive = s.openDesk(s.name, s.t.TempDir()).Archive
	}
	p, err := d.Plan(s.ctx, r)
	if err == nil && x.metadata {
		err = d.Weigh(s.ctx, p, r)
	}
	if err != nil {
		s.t.Errorf("%s: %v", x.what, err)
	}
	return p
}

// encrypting is the id and name of a volume type that encrypts; "" where there is none.
func (s *site) encrypting() (id, name string) {
	for _, v := range at(s.must("GET", "/types", nil), "volume_types").Items() {
		id, name := at(v.Object(), "id").Text(), at(v.Object(), "name").Text()
		if at(s.must("GET", "/types/"+id+"/encryption", nil), "provider").Text() != "" {
			return id, name
		}
	}
	return "", ""
}

// TestRealBytes: a full backup and an incremental in which data has become zero, put
// back by every way that hearth has, are byte for byte what the volume was.
func TestRealBytes(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	folder := os.Getenv("HEARTH_TEST_VOLUMES")
	if folder == "" {
		t.Skip("HEARTH_TEST_VOLUMES does not name the folder where the cloud keeps its volumes as files")
	}
	file := func(id core.VolumeID) string { return filepath.Join(folder, "volume-"+string(id)) }
	const shown = 16 << 20 // what lies behind is zero
	read := func(id core.VolumeID) []byte {
		t.Helper()
		f, err := os.Open(file(id))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		out := make([]byte, shown)
		if _, err := f.ReadAt(out, 0); err != nil {
			t.Fatal(err)
		}
		return out
	}
	write := func(id core.VolumeID, at int, data []byte) {
		t.Helper()
		f, err := os.OpenFile(file(id), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.WriteAt(data, int64(at))
		if cerr := f.Close(); err != nil || cerr != nil {
			t.Fatal(err, cerr)
		}
	}
	id := s.volume("bytes", 1, nil)
	data := bytes.Repeat([]byte("hearth's own bytes, no zero among them. "), shown/40+1)[:shown]
	copy(data[1<<20:], make([]byte, 4<<20)) // a hole, before the end
	write(id, 0, data)
	full := s.backup(id, "bytes-full", false)
	write(id, 8<<20, make([]byte, 64<<10))
	now := slices.Clone(data)
	copy(now[8<<20:], make([]byte, 64<<10))
	incr := s.backup(id, "bytes-incr", true)
	for _, x := range []struct {
		backup core.Backup
		want   []byte
		way    core.Way
	}{{full, data, core.WayCinder}, {incr, now, core.WayHearth}} {
		for kind, r := range map[string]core.RestoreRequest{
			"new": {}, "named": {Name: named("bytes-" + string(x.way))}, "of a size": {Size: 1, Name: named("bytes-sized-" + string(x.way))},
			"onto": {Volume: s.dressed("bytes-onto", 1, false)},
		} {
			r.Backup = x.backup.ID
			report, err := s.desk.Restore(s.ctx, r, nil, true, nil)
			s.keep(report.Volume)
			if err != nil {
				t.Errorf("%s, %s: %v", x.backup.Title(), kind, err)
				continue
			}
			if kind != "onto" && report.Route.Way != x.way {
				t.Errorf("%s, %s: it went %+v", x.backup.Title(), kind, report.Route)
			}
			if got := read(report.Volume); !bytes.Equal(got, x.want) {
				t.Errorf("%s, %s: other bytes than were backed up", x.backup.Title(), kind)
			}
		}
	}
}

// TestRealMadeLost: the answers to both requests of a restore to a volume that hearth
// makes get lost. Nothing is asked for twice, and no volume is written to that may be
// somebody else's.
func TestRealMadeLost(t *testing.T) {
	s := realCloud(t, "HEARTH_TEST_CLOUD")
	id := s.volume("made", 1, nil)
	s.backup(id, "made-full", false)
	b := s.backup(id, "made-incr", true)
	for name, f := range breaks {
		for _, post := range []string{"POST volumes", "POST restore"} {
			t.Run(name+", "+post, func(t *testing.T) {
				s := s.in(t)
				p, desk := s.through(t)
				p.reset(on(post, f, 0))
				report, err := desk.Restore(s.ctx, core.RestoreRequest{Backup: b.ID, Name: named(strings.ReplaceAll(name, " ", "-"))}, nil, true, nil)
				arrived, reached := p.counted(post)
				restores, _ := p.counted("POST restore")
				p.reset(nil)
				entries, jerr := desk.Archive.Entries(s.ctx, desk.Place.Info().Location, 1)
				if jerr != nil || len(entries) != 1 {
					t.Fatalf("%+v, %v", entries, jerr)
				}
				e := entries[0]
				s.keep(e.Volume)
				s.keep(report.Volume)
				switch {
				case arrived != 1:
					t.Errorf("asked %d times", arrived)
				case post == "POST restore" && reached > 0: // it is seen restoring
					if err != nil || e.State != core.EntryDone {
						t.Errorf("the cloud did it, and hearth says %v; the entry is %s", err, e.State)
					}
				case post == "POST restore":
					if err == nil || !strings.Contains(err.Error(), string(e.Volume)) || e.State != core.EntryOpen {
						t.Errorf("not sent: %v, %+v", err, e)
					}
				case err == nil || restores > 0:
					t.Errorf("%v, and %d restores were asked for", err, restores)
				case reached > 0 && (core.CodeOf(err) != core.CodePartial || e.State != core.EntryHalf):
					t.Errorf("made, and its answer lost: %v; the entry is %s", err, e.State)
				}
			})
		}
	}
}
