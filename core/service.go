package core

import (
	"regexp"
	"strings"
)

// squeeze takes out of a copied text what wrapping and tables put into it.
func squeeze(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if w := noise(s, i); w > 0 {
			i += w
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

var (
	serviceLabel  = regexp.MustCompile(`(?i)backup[_-]?service["']?[:=,]*(?:[ub]?["'])?([A-Za-z0-9_.-]+)`)
	serviceDotted = regexp.MustCompile(`cinder\.backup\.[A-Za-z0-9_.]+`)
	serviceBefore = regexp.MustCompile(`cinder\.backup\.[A-Za-z0-9_.]+["']?$`)
	serviceLine   = regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$`)
	serviceTail   = regexp.MustCompile(`(?i)(metadata|-*backup[_-]?url|url)$`)
)

// driverClasses are the classes of today's drivers, by their modules.
var driverClasses = map[string]string{"swift": "SwiftBackupDriver", "ceph": "CephBackupDriver", "nfs": "NFSBackupDriver",
	"posix": "PosixBackupDriver", "glusterfs": "GlusterfsBackupDriver", "gcs": "GoogleBackupDriver", "s3": "S3BackupDriver"}

// ServiceToday is what a Cinder of today calls a backup service that its releases renamed,
// and why; "" where it never was, or where no driver is left that reads its backups.
// Grizzly's services became drivers in 2013.2, and no Cinder from 14.0 (Stein) on knows
// them; google became gcs in 13.0 (Rocky); modules became classes in 12.0 (Queens), and
// are understood as their beginnings to this day, so that they need no repair.
func ServiceToday(service string) (today, why string) {
	module, old := strings.CutPrefix(service, "cinder.backup.services.")
	if module, _, _ = strings.Cut(module, "."); old && driverClasses[module] != "" {
		return "cinder.backup.drivers." + module + "." + driverClasses[module],
			"it is what Grizzly called the driver, and no Cinder from 14.0 (Stein) on imports a record under it"
	}
	if strings.HasPrefix(service, "cinder.backup.drivers.google") {
		return "cinder.backup.drivers.gcs.GoogleBackupDriver", "it is what the driver was called up to 12.0 (Queens)"
	}
	return "", ""
}

// sameService reports whether two names are of one driver: a module, or its class.
func sameService(a, b string) bool {
	for _, s := range []*string{&a, &b} {
		if today, _ := ServiceToday(*s); today != "" {
			*s = today
		}
	}
	return a == b || strings.HasPrefix(a, b+".") || strings.HasPrefix(b, a+".")
}

// isService reports whether a word can be the name of a backup service.
func isService(s string) bool { return strings.Contains(s, ".") }

// services gives each record found the service that stands with it: before it
// as a rule, after it where JSON has its keys the other way round.
func (f *finder) services() {
	from := 0
	for k := range f.found {
		rec, at := &f.found[k], f.spans[k]
		service := ""
		if from <= at.start {
			service = serviceIn(f.text[max(from, at.start-2000):at.start])
		}
		next := len(f.text)
		if k+1 < len(f.spans) {
			next = f.spans[k+1].start
		}
		from = max(from, at.end)
		if service == "" && at.end < next {
			after := f.text[at.end:min(next, at.end+600)]
			// In a list the next record's service may come first; only a key that
			// closes this object counts.
			if i := strings.IndexByte(after, '}'); i >= 0 {
				after = after[:i]
			}
			if m := serviceLabel.FindStringSubmatch(squeeze(after)); m != nil {
				service = m[1]
				from = at.end + len(after)
			}
		}
		inner := rec.Decoded.text("service")
		rec.Record.Service, rec.named = service, service != ""
		if service != "" && !isService(service) && isService(inner) {
			rec.note("the text calls the service %s, which is no driver's name; the one in the record is used", Visible(service))
			rec.Record.Service, rec.named = inner, false
			continue
		}
		if service != "" || rec.Truncated || rec.Err != nil {
			continue
		}
		if inner := rec.Decoded.text("service"); inner != "" {
			rec.Record.Service = inner
			rec.note("the service is not in the text; the one in the record is used")
		} else {
			rec.note("the service is not in the text, nor in the record")
		}
	}
}

// serviceIn finds the service in the words before a record.
func serviceIn(before string) string {
	s := squeeze(before)
	if all := serviceLabel.FindAllStringSubmatch(s, -1); len(all) > 0 {
		return serviceTail.ReplaceAllString(all[len(all)-1][1], "")
	}
	if all := serviceDotted.FindAllString(s, -1); len(all) > 0 {
		return serviceTail.ReplaceAllString(all[len(all)-1], "")
	}
	lines := strings.FieldsFunc(before, func(r rune) bool { return r == '\n' || r == '\r' })
	for i := len(lines) - 1; i >= 0 && i >= len(lines)-2; i-- {
		if line := strings.TrimSpace(lines[i]); serviceLine.MatchString(line) {
			return line
		}
	}
	return ""
}
