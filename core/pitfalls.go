package core

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The codes of pitfalls. A script relies on them: none is changed.
const (
	PitfallParentHost  = "parent-host"        // a posix incremental waits for its parent's host
	PitfallZoneIgnored = "zone-ignored"       // the zone asked for is passed over
	PitfallZoneLost    = "zone-not-kept"      // a backup that names no zone is restored anywhere
	PitfallAnyHost     = "any-host"           // one that was made so
	PitfallShort       = "may-be-short"       // a Ceph backup may have been cut
	PitfallStuckError  = "delete-in-error"    // Swift's deletion ends in error once objects are gone
	PitfallTypeError   = "type-error"         // a restore to a new volume fails on some backends
	PitfallTransfer    = "transferred"        // the source volume has changed hands
	PitfallFullInstead = "full-instead"       // a client made full backups where incrementals were asked for
	PitfallDriverGone  = "driver-gone-delete" // no Cinder of today deletes it
	PitfallImportGone  = "driver-gone-import" // nor takes a record of it
	PitfallLongImage   = "long-image-value"   // a value of image metadata is too long for some releases
)

// Pitfalls are those that fit, in the order of the table; nil where none does.
func Pitfalls(f *PitfallFacts) (out []Pitfall) {
	for i := range pitfallTable {
		row := &pitfallTable[i]
		who := cinderOf(row.fault, f.Releases)
		if who == "" || !slices.Contains(row.when, f.Asked) {
			continue
		}
		if text := row.says(f, who); text != "" {
			out = append(out, Pitfall{row.code, text, row.next, f.Releases.Fails(row.fault), row.bug})
		}
	}
	return out
}

// Mind adds pitfalls to a plan, and to its warnings; those that it has it keeps.
func (p *Plan) Mind(falls []Pitfall) {
	for _, f := range falls {
		if !slices.Contains(p.Pitfalls, f) {
			p.Pitfalls = append(p.Pitfalls, f)
			p.Warnings = append(p.Warnings, f.String())
		}
	}
}

// PitfallTexts are the pitfalls as warnings.
func PitfallTexts(p []Pitfall) (out []string) {
	for i := range p {
		out = append(out, p[i].String())
	}
	return out
}

// pitfallTable is every pitfall. A change of Cinder's is in the first tag that holds it, and
// in every stable one that it was taken back to.
var pitfallTable = []pitfall{
	{PitfallParentHost, []Operation{OpCreate}, Fault{Came: Since("22.0")}, parentHost,
		"start cinder-backup there, or make a full backup", "bug 1952805"},
	{PitfallZoneIgnored, []Operation{OpCreate}, Fault{Went: Since("22.2")}, zoneIgnored,
		"see afterwards where it was made", "bug 1912624"},
	{PitfallZoneLost, []Operation{OpCreate}, Fault{Went: Since("24.2")}, zoneLost,
		"name the zone", "bug 1942154"},
	{PitfallFullInstead, []Operation{OpCreate}, Fault{}, fullInstead,
		"make incrementals with another client, such as this one", "bug 2070080 of python-openstackclient"},
	{PitfallAnyHost, []Operation{OpRestore}, Fault{}, anyHost,
		"see that all of them reach the data, or wait until only those that do are up", "bug 1942154"},
	{PitfallShort, []Operation{OpRestore}, shortCeph, mayBeShort,
		"look at what is restored before anything relies on it", "commit f8e13a883"},
	{PitfallShort, []Operation{OpRestore}, Fault{}, madeShort,
		"look at what is restored before anything relies on it", "commit f8e13a883"},
	{PitfallTypeError, []Operation{OpRestore},
		Fault{Came: Since("22.0"), Went: Since("24.5", "25.3", "26.1")}, typeError,
		"where it does, make a volume first and restore onto that", "bug 2082587"},
	{PitfallTransfer, []Operation{OpRestore}, Fault{Came: Since("21.0")}, transferred,
		"restore it as the project that the backup belongs to", "commit d59e41fb3"},
	{PitfallStuckError, []Operation{OpDelete}, Fault{Went: Since("25.0")}, stuckError,
		"force the deletion", "commit a34ded487"},
	{PitfallDriverGone, []Operation{OpDelete, OpForceDelete}, Fault{Came: driversGone[0].since}, grizzlyStays,
		driversGone[0].next, "commit 86f62022e"},
	{PitfallDriverGone, []Operation{OpDelete, OpForceDelete}, Fault{Came: driversGone[1].since}, tsmStays,
		driversGone[1].next, "commit cddcc6e50"},
	{PitfallImportGone, []Operation{OpImport}, Fault{Came: driversGone[1].since}, tsmImport,
		driversGone[1].next, "commit cddcc6e50"},
	{PitfallLongImage, []Operation{OpWriteVolume}, Fault{Went: longImages}, longImage,
		"leave it out if it is refused; what was set before it stays set", "bug 1988942"},
}

// shortCeph: that export-diff has failed was not noticed (cinder/backup/drivers/ceph.py
// _piped_execute).
var shortCeph = Fault{Went: Since("22.3", "23.3", "24.1")}

// noticed is when that was mended, before any release had it: an older backup was made by a
// Cinder that did not notice.
var noticed = time.Date(2024, 1, 16, 0, 0, 0, 0, time.UTC)

// parentHost: the API sends a posix incremental where its parent lies, up or not
// (cinder/backup/api.py create, cinder/scheduler/manager.py create_backup).
func parentHost(f *PitfallFacts, cinder string) string {
	if !f.Create.Incremental || f.Backup.ID == "" || !f.Driver.Known || driverModule(f.Driver.V) != "posix" {
		return ""
	}
	sends := cinder + " sends an incremental of the posix driver to the host of its parent, up or not"
	switch {
	case !f.Host.Known:
		return sends + "; which that is, is not known (" + f.Host.Why + "), and while it is down the backup stays in creating"
	case !f.Services.Known:
		return sends + "; whether " + Visible(f.Host.V) + " is up is not known (" + f.Services.Why +
			"), and while it is down the backup stays in creating"
	case isUp(f.Services.V, f.Host.V):
		return ""
	}
	return sends + ", and " + Visible(f.Host.V) + " is down: the backup stays in creating until it is back"
}

// isUp reports whether a backup service of the host gave a sign of life. One that is
// disabled takes what is sent to it by name.
func isUp(services []BackupService, host string) bool {
	return slices.ContainsFunc(services, func(s BackupService) bool { return s.Host == host && s.Up })
}

func zoneIgnored(f *PitfallFacts, cinder string) string {
	if f.Create.AvailabilityZone == "" || f.Services.Known && len(zonesOf(f.Services.V)) == 1 {
		return ""
	}
	return cinder + " passes over the zone that a backup is asked for in, so that any backup service may make it"
}

func zoneLost(f *PitfallFacts, cinder string) string {
	zones := zonesOf(f.Services.V)
	if f.Create.AvailabilityZone != "" || !f.Services.Known || len(zones) < 2 {
		return ""
	}
	return cinder + " keeps no zone of a backup that asks for none: any backup service of the zones " + shownList(zones) + " may restore it"
}

// zonesOf are the zones that services are in, each once.
func zonesOf(services []BackupService) (zones []string) {
	for _, s := range services {
		if !slices.Contains(zones, s.Zone) {
			zones = append(zones, s.Zone)
		}
	}
	return zones
}

// shownList is "a, b and c", as it can be shown.
func shownList(names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = Visible(name)
	}
	return andList(out)
}

// anyHost: what names no zone goes to whichever service is up (cinder/backup/api.py
// _get_available_backup_service_host), in every release; rows without one are made up to
// 24.1. That harms where not all reach the same data.
func anyHost(f *PitfallFacts, cinder string) string {
	if f.Backup.AvailabilityZone.Set || f.Backup.Unseen.Has("availability_zone") {
		return ""
	}
	folder := f.Driver.Known && slices.Contains(inFolders, driverModule(f.Driver.V))
	var up []string
	var zones []BackupService
	for _, s := range f.Services.V {
		if s.Up && s.Enabled {
			up, zones = append(up, s.Host), append(zones, s)
		}
	}
	switch {
	case f.Services.Known && len(up) < 2, f.Services.Known && !folder && len(zonesOf(zones)) < 2, !f.Services.Known && !folder:
		return ""
	case !f.Services.Known:
		return "the backup names no zone, so that " + cinder + " has any backup service restore it, and its data lies in a folder, " +
			"which may be that of one host only"
	case folder:
		return "the backup names no zone, so that " + cinder + " has any of " + shownList(up) +
			" restore it, and its data lies in a folder, which may be that of one host only"
	}
	return "the backup names no zone, so that " + cinder + " has any of " + shownList(up) + " restore it, of the zones " +
		shownList(zonesOf(zones))
}

// cephOf are the backups of a chain that Ceph's driver made, in words; "" where none is
// known to be. A chain is one driver's.
func cephOf(f *PitfallFacts, fits func(*Backup) bool) string {
	if !f.Driver.Known || !IsCeph(f.Driver.V) {
		return ""
	}
	var names []string
	for i := range f.Chain {
		if b := &f.Chain[i]; fits(b) {
			names = append(names, b.Title())
		}
	}
	return shownList(names)
}

// mayBeShort tells of the backups that are not old enough for [madeShort].
func mayBeShort(f *PitfallFacts, cinder string) string {
	names := cephOf(f, func(b *Backup) bool { return !b.CreatedAt.Set || !b.CreatedAt.V.Before(noticed) })
	if names == "" {
		return ""
	}
	return cinder + " does not notice that Ceph's export-diff fails, and calls a backup available that was cut short: " + names + " may be"
}

func madeShort(f *PitfallFacts, _ string) string {
	names := cephOf(f, func(b *Backup) bool { return b.CreatedAt.Set && b.CreatedAt.V.Before(noticed) })
	if names == "" {
		return ""
	}
	return "no Cinder of before " + noticed.Format(time.DateOnly) +
		" noticed that Ceph's export-diff had failed, and it called a backup available that was cut short: " + names + " may be"
}

// typeError: what restores zeros sparsely writes a memoryview, which the file objects of
// RBD and others do not take (cinder/backup/chunkeddriver.py _restore_v1).
func typeError(f *PitfallFacts, cinder string) string {
	if f.Route.Way != WayCinder || !f.Driver.Known || !IsChunked(f.Driver.V) {
		return ""
	}
	return cinder + " fails with a TypeError on a volume that it makes itself on RBD and its like, and leaves it in error_restoring"
}

// transferred: accepting a transfer gives an encrypted volume a key of its new owner's
// (cinder/transfer/api.py, 3.70).
func transferred(f *PitfallFacts, cinder string) string {
	v := &f.Source.V
	if !f.Source.Known || v.ProjectID == "" || f.Backup.ProjectID == "" || v.ProjectID == f.Backup.ProjectID ||
		f.Encrypted.Known && !f.Encrypted.V {
		return ""
	}
	who := "the backup's source volume belongs to another project now (" + Visible(string(v.ProjectID)) + "): "
	if !f.Encrypted.Known {
		return who + "if it is encrypted, " + cinder + " has given it another key and the capture names the old one, " +
			"and whether its type may be used here is not known"
	}
	return who + cinder + " has given it another key, the capture names the old one, and whether its type may be used here is not known"
}

// stuckError: an object that is not there was an error (cinder/backup/drivers/swift.py
// delete_object).
func stuckError(f *PitfallFacts, cinder string) string {
	if f.Backup.Status != StatusError && !f.Damaged || !f.Driver.Known || driverModule(f.Driver.V) != "swift" {
		return ""
	}
	return cinder + " ends the deletion of " + named(f.Backup.Title(), string(f.Backup.ID)) +
		" in error if any of its objects in Swift is gone"
}

// clientYears are those in which python-openstackclient 6.3 to before 7.0 was current.
var clientYears = []int{2023, 2024}

// fullInstead: python-openstackclient 6.3 to before 7.0 passed --incremental over (its bug 2070080).
func fullInstead(f *PitfallFacts, _ string) string {
	full := 0
	for i := range f.Siblings {
		b := &f.Siblings[i]
		switch {
		case !b.CreatedAt.Set || !slices.Contains(clientYears, b.CreatedAt.V.UTC().Year()):
		case b.Incremental:
			return ""
		default:
			full++
		}
	}
	if full < 2 || !f.Create.Incremental {
		return ""
	}
	return fmt.Sprintf("all %d backups of the volume from 2023 and 2024 are full: python-openstackclient 6.3 to before 7.0 made full ones "+
		"where an incremental one was asked for, and said nothing", full)
}

func longImage(f *PitfallFacts, cinder string) string {
	if len(f.LongImages) == 0 {
		return ""
	}
	return cinder + " refuses values of image metadata of more than 255 characters, which a later one takes: " + shownList(f.LongImages)
}

func grizzlyStays(f *PitfallFacts, cinder string) string {
	return stays(f, cinder, driversGone[0].service)
}

func tsmStays(f *PitfallFacts, cinder string) string { return stays(f, cinder, driversGone[1].service) }

// stays: a service that is nobody's ends every call in error (cinder/backup/manager.py
// delete_backup, _is_our_backup).
func stays(f *PitfallFacts, cinder, prefix string) string {
	if !f.Driver.Known || !strings.HasPrefix(f.Driver.V, prefix) {
		return ""
	}
	return cinder + " has no driver " + Visible(f.Driver.V) + " any more, and ends the deletion of " +
		named(f.Backup.Title(), string(f.Backup.ID)) + " in error"
}

func tsmImport(f *PitfallFacts, cinder string) string {
	if !f.Driver.Known || !strings.HasPrefix(f.Driver.V, driversGone[1].service) {
		return ""
	}
	return cinder + " has no driver " + Visible(f.Driver.V) + " any more, and ends the import in error"
}
