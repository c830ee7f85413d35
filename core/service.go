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
	serviceLabel  = regexp.MustCompile(`(?i)backup[_-]?service["']?[:=,]*["']?([A-Za-z0-9_.-]+)`)
	serviceDotted = regexp.MustCompile(`cinder\.backup\.[A-Za-z0-9_.]+`)
	serviceBefore = regexp.MustCompile(`cinder\.backup\.[A-Za-z0-9_.]+["']?$`)
	serviceLine   = regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$`)
	serviceTail   = regexp.MustCompile(`(?i)(metadata|-*backup[_-]?url|url)$`)
)

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
		rec.Record.Service = service
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
