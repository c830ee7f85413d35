package core

import (
	"strings"
	"testing"
	"time"
)

// pitfallCase is a case that a row of the table fits, and ones that it does not.
type pitfallCase struct {
	code   string
	facts  PitfallFacts
	says   []string // parts of the sentence, whatever the releases
	within string   // the releases as a place of every release hears of them; "": none are named
	spared []func(*PitfallFacts)
}

const posixClass, cephClass, swiftClass = "cinder.backup.drivers.posix.PosixBackupDriver",
	"cinder.backup.drivers.ceph.CephBackupDriver", "cinder.backup.drivers.swift.SwiftBackupDriver"

func upAt(host, zone string) BackupService {
	return BackupService{Host: host, Zone: zone, Up: true, Enabled: true}
}

func onDay(year, month, d int) Opt[time.Time] {
	return Some(time.Date(year, time.Month(month), d, 0, 0, 0, 0, time.UTC))
}

func servedBy(s ...BackupService) Fact[[]BackupService] { return Knows(s) }

// pitfallCases has one for each row of the table, in its order.
func pitfallCases() []pitfallCase {
	made := func(b Backup, at Opt[time.Time]) Backup { b.CreatedAt = at; return b }
	b := Backup{ID: "b", Name: Some("nightly"), Status: StatusAvailable, ProjectID: "p"}
	failed := b
	failed.Status = StatusError
	down := BackupService{Host: "alpha", Zone: "nova", Enabled: true}
	return []pitfallCase{
		{PitfallParentHost, PitfallFacts{Asked: OpCreate, Create: &BackupRequest{Incremental: true}, Backup: b, Driver: Knows(posixClass),
			Host: Knows("alpha"), Services: servedBy(down, upAt("beta", "nova"))},
			[]string{"and alpha is down: the backup stays in creating", "bug 1952805"}, "Cinder from 22.0 on", []func(*PitfallFacts){
				func(f *PitfallFacts) { f.Services = servedBy(upAt("alpha", "nova")) },
				func(f *PitfallFacts) { f.Services = servedBy(BackupService{Host: "alpha", Up: true}) }, // disabled, and it takes it
				func(f *PitfallFacts) { f.Driver = Knows("cinder.backup.drivers.nfs.NFSBackupDriver") },
				func(f *PitfallFacts) { f.Driver = NotKnown[string]("hidden") },
				func(f *PitfallFacts) { f.Create = &BackupRequest{} },
			}},
		{PitfallZoneIgnored, PitfallFacts{Asked: OpCreate, Create: &BackupRequest{AvailabilityZone: "west"},
			Services: NotKnown[[]BackupService]("hidden")},
			[]string{"passes over the zone"}, "Cinder up to 22.1", []func(*PitfallFacts){
				func(f *PitfallFacts) { f.Create = &BackupRequest{} },
				func(f *PitfallFacts) { f.Services = servedBy(upAt("alpha", "west"), upAt("beta", "west")) },
			}},
		{PitfallZoneLost, PitfallFacts{Asked: OpCreate, Create: &BackupRequest{},
			Services: servedBy(upAt("alpha", "west"), upAt("beta", "east"))},
			[]string{"keeps no zone", "of the zones west and east"}, "Cinder up to 24.1", []func(*PitfallFacts){
				func(f *PitfallFacts) { f.Create = &BackupRequest{AvailabilityZone: "west"} },
				func(f *PitfallFacts) { f.Services = servedBy(upAt("alpha", "west"), upAt("beta", "west")) },
				func(f *PitfallFacts) { f.Services = NotKnown[[]BackupService]("hidden") },
			}},
		{PitfallFullInstead, PitfallFacts{Asked: OpCreate, Create: &BackupRequest{Incremental: true},
			Siblings: []Backup{made(b, onDay(2023, 9, 1)), made(b, onDay(2024, 2, 1)), made(b, onDay(2026, 1, 1))}},
			[]string{"all 2 backups of the volume from 2023 and 2024 are full", "bug 2070080"}, "", []func(*PitfallFacts){
				func(f *PitfallFacts) { f.Siblings[1].Incremental = true },
				func(f *PitfallFacts) { f.Siblings = f.Siblings[1:] },
				func(f *PitfallFacts) { f.Create = &BackupRequest{} },
			}},
		{PitfallAnyHost, PitfallFacts{Asked: OpRestore, Backup: b, Driver: Knows(posixClass),
			Services: servedBy(upAt("alpha", "nova"), upAt("beta", "nova"))},
			[]string{"this Cinder has any of alpha and beta restore it", "a folder"}, "", []func(*PitfallFacts){
				func(f *PitfallFacts) { f.Backup.AvailabilityZone = Some("nova") },
				func(f *PitfallFacts) { f.Backup.Unseen = NewFieldSet("availability_zone") },
				func(f *PitfallFacts) { f.Services = servedBy(upAt("alpha", "nova")) },
				func(f *PitfallFacts) { f.Driver = Knows(swiftClass) },
			}},
		{PitfallShort, PitfallFacts{Asked: OpRestore, Driver: Knows(cephClass),
			Chain: []Backup{made(b, onDay(2024, 1, 16)), {ID: "i", Name: Some("incr")}}},
			[]string{"does not notice that Ceph's export-diff fails", "nightly and incr may be"},
			"Cinder up to 22.2, 23.0 to 23.2 and 24.0", []func(*PitfallFacts){
				func(f *PitfallFacts) { f.Driver = Knows(swiftClass) },
				func(f *PitfallFacts) { f.Chain = nil },
			}},
		{PitfallShort, PitfallFacts{Asked: OpRestore, Driver: Knows(cephClass), Chain: []Backup{made(b, onDay(2024, 1, 15))}},
			[]string{"no Cinder of before 2024-01-16 noticed", "nightly may be"}, "", []func(*PitfallFacts){
				func(f *PitfallFacts) { f.Driver = NotKnown[string]("hidden") },
			}},
		{PitfallTypeError, PitfallFacts{Asked: OpRestore, Backup: b, Driver: Knows(swiftClass), Route: Route{Way: WayCinder}},
			[]string{"fails with a TypeError", "bug 2082587"}, "Cinder 22.0 to 24.4, 25.0 to 25.2 and 26.0", []func(*PitfallFacts){
				func(f *PitfallFacts) { f.Route.Way = WayHearth },
				func(f *PitfallFacts) { f.Route.Way = WayOnto },
				func(f *PitfallFacts) { f.Driver = Knows(cephClass) },
			}},
		{PitfallTransfer, PitfallFacts{Asked: OpRestore, Backup: b, Encrypted: Knows(true), Source: Knows(Volume{ProjectID: "q"})},
			[]string{"belongs to another project now (q)", "the capture names the old one"}, "Cinder from 21.0 on", []func(*PitfallFacts){
				func(f *PitfallFacts) { f.Source.V.ProjectID = "p" },
				func(f *PitfallFacts) { f.Encrypted = Knows(false) },
				func(f *PitfallFacts) { f.Source = NotKnown[Volume]("it is gone") },
			}},
		{PitfallStuckError, PitfallFacts{Asked: OpDelete, Backup: failed, Driver: Knows(swiftClass)},
			[]string{"ends the deletion of nightly (b) in error", "force the deletion"}, "Cinder up to 24 ", []func(*PitfallFacts){
				func(f *PitfallFacts) { f.Backup.Status = StatusAvailable },
				func(f *PitfallFacts) { f.Driver = Knows(posixClass) },
				func(f *PitfallFacts) { f.Asked = OpForceDelete },
			}},
		{PitfallDriverGone, PitfallFacts{Asked: OpDelete, Backup: b, Driver: Knows("cinder.backup.services.swift")},
			[]string{"has no driver cinder.backup.services.swift any more", DoUnderToday}, "Cinder from 14.0 on", []func(*PitfallFacts){
				func(f *PitfallFacts) { f.Driver = Knows(swiftClass) },
			}},
		{PitfallDriverGone, PitfallFacts{Asked: OpForceDelete, Backup: b, Driver: Knows("cinder.backup.drivers.tsm.TSMBackupDriver")},
			[]string{"has no driver cinder.backup.drivers.tsm.TSMBackupDriver any more"}, "Cinder from 18.0 on", []func(*PitfallFacts){
				func(f *PitfallFacts) { f.Driver = Knows(swiftClass) },
			}},
		{PitfallImportGone, PitfallFacts{Asked: OpImport, Backup: b, Driver: Knows("cinder.backup.drivers.tsm")},
			[]string{"ends the import in error"}, "Cinder from 18.0 on", []func(*PitfallFacts){
				func(f *PitfallFacts) { f.Driver = Knows(swiftClass) },
				func(f *PitfallFacts) { f.Asked = OpRestore },
			}},
		{PitfallLongImage, PitfallFacts{Asked: OpWriteVolume, LongImages: []string{"note"}},
			[]string{"of more than 255 characters", ": note (bug 1988942)"}, "Cinder up to 22.2 and 23.0 to 23.1", []func(*PitfallFacts){
				func(f *PitfallFacts) { f.LongImages = nil },
			}},
	}
}

// ofRow is what is said by the row of the table that a case is for.
func ofRow(t *testing.T, i int, f PitfallFacts) string {
	t.Helper()
	table := pitfallTable
	defer func() { pitfallTable = table }()
	pitfallTable = table[i : i+1]
	return strings.Join(PitfallTexts(Pitfalls(&f)), "\n")
}

// TestPitfalls: each row is told of where its releases, its driver and the case fit, and
// nowhere else; a place that may be on either side of an end hears which releases it is.
func TestPitfalls(t *testing.T) {
	cases := pitfallCases()
	if len(cases) != len(pitfallTable) {
		t.Fatalf("%d cases for %d rows", len(cases), len(pitfallTable))
	}
	for i, x := range cases {
		row := &pitfallTable[i]
		if row.code != x.code {
			t.Fatalf("row %d is %s, and its case %s", i, row.code, x.code)
		}
		said := ofRow(t, i, x.facts)
		for _, part := range append(x.says, x.within) {
			if !strings.Contains(said, part) {
				t.Errorf("%s, nothing known of the release: %q lacks %q", x.code, said, part)
			}
		}
		if x.within == "" && strings.Contains(said, "Cinder from") {
			t.Errorf("%s: every release does so, and it says %q", x.code, said)
		}
		for n, change := range x.spared {
			f := pitfallCases()[i].facts
			if change(&f); ofRow(t, i, f) != "" {
				t.Errorf("%s: case %d does not fit, and it says %q", x.code, n, ofRow(t, i, f))
			}
		}
		for _, came := range row.fault.Came {
			sides(t, i, &x, Release{came.Major - 1, anyLater, anyLater}, came)
		}
		for _, went := range row.fault.Went {
			last := Release{went.Major, went.Minor - 1, anyLater}
			if went.Minor == 0 {
				last = lastOf(went.Major - 1)
			}
			sides(t, i, &x, went, last)
		}
	}
}

// sides looks at the releases on the two sides of an end: one without and one with it.
func sides(t *testing.T, i int, x *pitfallCase, without, with Release) {
	t.Helper()
	at := func(from, to Release) string {
		f := x.facts
		f.Releases = Releases{From: from, To: to}
		return ofRow(t, i, f)
	}
	if said := at(with, with); !strings.Contains(said, "this Cinder") {
		t.Errorf("%s, in %s: %q", x.code, with, said)
	}
	if said := at(without, without); said != "" {
		t.Errorf("%s, in %s: %q", x.code, without, said)
	}
	from, to := with, without
	if to.Compare(from) < 0 {
		from, to = to, from
	}
	if said := at(from, to); !strings.Contains(said, x.within) || x.within == "" {
		t.Errorf("%s, in %s or %s: %q", x.code, with, without, said)
	}
}

// TestPitfallDoubts: what is not known is told where it decides.
func TestPitfallDoubts(t *testing.T) {
	base := pitfallCases()[0].facts
	for says, change := range map[string]func(*PitfallFacts){
		"which that is, is not known (nobody says)":    func(f *PitfallFacts) { f.Host = NotKnown[string]("nobody says") },
		"whether alpha is up is not known (forbidden)": func(f *PitfallFacts) { f.Services = NotKnown[[]BackupService]("forbidden") },
	} {
		f := base
		change(&f)
		if said := PitfallTexts(Pitfalls(&f)); len(said) != 1 || !strings.Contains(said[0], says) {
			t.Errorf("%q lacks %q", said, says)
		}
	}
	any := pitfallCases()[4].facts
	any.Services = NotKnown[[]BackupService]("forbidden")
	if said := PitfallTexts(Pitfalls(&any)); len(said) != 1 || !strings.Contains(said[0], "has any backup service restore it") {
		t.Errorf("of services that are not seen: %q", said)
	}
	any.Driver, any.Services = Knows(swiftClass), servedBy(upAt("alpha", "west"), upAt("beta", "east"))
	if said := PitfallTexts(Pitfalls(&any)); len(said) != 1 || !strings.Contains(said[0], "of the zones west and east") {
		t.Errorf("of two zones: %q", said)
	}
	moved := pitfallCases()[8].facts
	moved.Encrypted = NotKnown[bool]("hidden")
	if said := PitfallTexts(Pitfalls(&moved)); len(said) != 1 || !strings.Contains(said[0], "if it is encrypted, Cinder from 21.0 on") {
		t.Errorf("of a key that is hidden: %q", said)
	}
}

// TestMended: a record whose base64 Python reads in two ways is sent in the one way that
// every release reads as the preview did, and any other as it came.
func TestMended(t *testing.T) {
	body := `{"id": "b", "size": 1, "display_name": "née"}`
	good := encodeBase64([]byte(body))
	padded := encodeBase64([]byte(body + " ")) // ends with one =
	for text, want := range map[string]string{
		good: "", padded: "", good[:40] + "\n" + good[40:]: "", padded + "\n": "", padded + " !": "", padded + "=": "",
		padded + "e30=": padded, padded + padded: padded, "=" + padded: padded, padded[:5] + "=" + padded[5:]: padded,
		padded[:6] + "=" + padded[6:]: padded, padded[:5] + "=" + padded[5:len(padded)-3]: "", "é=" + padded: "",
	} {
		got, did := Record{Service: "s", URL: text}.Mended()
		if did != (want != "") || did && got.URL != want || !did && got.URL != text || got.Service != "s" {
			t.Errorf("%q: %v, %q, want %q", text, did, got.URL, want)
		}
		if !did {
			continue
		}
		before, berr := DecodeRecord(text, Today)
		for _, era := range []Era{Y2014, Today, Y2025, Y2026First, Y2026} {
			after, err := DecodeRecord(got.URL, era)
			if berr != nil || err != nil || !after.Doc.Equal(before.Doc) {
				t.Errorf("%q, in %v: %v, %v", text, era, err, berr)
			}
		}
		checks := []Check{CheckRecord(Found{Record: Record{Service: swiftClass, URL: text}, Decoded: before}, ImportFacts{}, -1)}
		if items := Items(checks, []int{0}); len(items) == 1 && items[0].Record.URL != want {
			t.Errorf("%q is sent as %q", text, items[0].Record.URL)
		}
	}
}
