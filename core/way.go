package core

import "strings"

// Way says who makes the volume that a restore goes onto. It decides how the data is
// written: onto a volume that Cinder makes for a restore it skips zeros, since 22.0
// (cinder/backup/manager.py restore_backup, volume_is_new), onto any other it writes
// every block.
type Way string

const (
	WayOnto   Way = "onto"   // the volume is there
	WayHearth Way = "hearth" // hearth makes it, and has Cinder restore onto it
	WayCinder Way = "cinder" // Cinder makes it on the way
)

// Route is the way that a restore goes, and why. The zero Route is not chosen yet.
type Route struct {
	Way Way
	Why string // in words, of a new volume's: no capital, no full stop
}

// Says is what a question tells of the route; "" where the volume is there.
func (r Route) Says() string {
	switch r.Way {
	case WayHearth:
		return "hearth makes the volume, and Cinder writes it whole, zeros too (thin pools fill): " + r.Why
	case WayCinder:
		return "Cinder makes the volume and leaves zeros out (thin pools stay thin): " + r.Why
	}
	return ""
}

// chunked are the modules of the drivers that cut a backup into chunks
// (cinder/backup/chunkeddriver.py); google is what gcs was called before Rocky.
var chunked = []string{"swift", "nfs", "posix", "glusterfs", "s3", "gcs", "google"}

// IsChunked reports whether a backup's service is one of Cinder's chunked drivers, by
// its class or by its module, as records from before Queens name it.
func IsChunked(service string) bool {
	rest, ours := strings.CutPrefix(service, "cinder.backup.drivers.")
	module, _, _ := strings.Cut(rest, ".")
	for _, m := range chunked {
		if ours && module == m {
			return true
		}
	}
	return false
}

// ChooseRoute is the rule for a restore to a new volume, in every release, since a
// release cannot be told by its API (3.70 is 21 to 23, 3.71 is 24 to 29): what some
// release gets wrong on a volume that it makes itself goes onto one of hearth's.
// From 22.0 to 28.0 zeros of an incremental are left out as well, so that the old
// data of the backup below stands there; a full copy of Ceph's is shifted behind its
// first chunk of zeros (bug 2155612); and the volume of an encrypted backup needs
// that backup's type, where Cinder's own gets the default one. What is left may still
// fail, aloud, where the new volume is RBD's (22.0 to 26.0, bug 2082587).
func ChooseRoute(b *Backup, driver Fact[string], encrypted Fact[bool]) Route {
	why := ""
	switch {
	case b.Incremental || b.ParentID != "":
		why = "an incremental that leaves zeros out brings old data back in Cinder 22 to 28"
	case !driver.Known:
		why = "which driver made the backup is not known (" + driver.Why + "), and not every one leaves zeros out rightly"
	case IsCeph(driver.V):
		why = "Ceph's driver misplaces data when it leaves zeros out, in Cinder 22 to 28"
	case !IsChunked(driver.V):
		why = "hearth does not know how the driver " + Visible(driver.V) + " leaves zeros out"
	case !encrypted.Known:
		why = "the backup may be encrypted (" + encrypted.Why + "), and is then restored only to the type that it came from"
	case encrypted.V:
		why = "the backup is encrypted, and Cinder would make the volume of the default type"
	default:
		return Route{WayCinder, "a full backup of a chunked driver, which does so rightly in every release"}
	}
	return Route{WayHearth, why}
}

// Fact is something that a place may not be able to tell.
type Fact[T any] struct {
	V     T
	Known bool
	Why   string // why it is not known; no capital, no full stop
}

// Knows is a fact that is known.
func Knows[T any](v T) Fact[T] { return Fact[T]{V: v, Known: true} }

// NotKnown is a fact that is not, and why.
func NotKnown[T any](why string) Fact[T] { return Fact[T]{Why: why} }
