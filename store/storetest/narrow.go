package storetest

import (
	"strings"
	"time"

	"hearth/core"
	"hearth/core/pyjson"
)

// world is the standard world with what is alike in it, as the driver's tables can hold it.
func (d Driver) world() World {
	w := alike(Standard())
	if d.Narrow {
		return Narrow(w)
	}
	return w
}

// alike adds what a collation takes for the same and Cinder does not: keys of metadata, and
// a backup that would be WebRoot's newest, available, and of a known service.
func alike(w World) World {
	for i := range w.Volumes {
		switch v := &w.Volumes[i]; core.VolumeID(stringOf(v.Columns, "id")) {
		case WebRoot:
			v.Metadata = append(v.Metadata, pairs("Role", "WEB", "role ", "web ")...)
		case Hostile:
			v.Metadata = append(v.Metadata, pairs("clé", "1", "cle", "2")...)
		}
	}
	w.Backups = append(w.Backups, backupRow("0b000000-0000-4000-8000-000000000012", core.VolumeID(strings.ToUpper(string(WebRoot))), 1,
		columns{"display_name": "alike", "status": "Available", "service": strings.ToUpper(ceph)}))
	return w
}

// later is [Later], as the driver's tables can hold it.
func (d Driver) later() time.Time {
	if d.Narrow {
		return Later.Truncate(time.Second)
	}
	return Later
}

// Narrow is a world as the tables hold it that Cinder makes in MySQL: times have whole
// seconds, and texts no characters beyond U+FFFF (utf8mb3).
func Narrow(w World) World {
	for i := range w.Volumes {
		v := &w.Volumes[i]
		v.Columns, v.Metadata, v.Image, v.Gone = narrowed(v.Columns), narrowPairs(v.Metadata), narrowPairs(v.Image), narrowPairs(v.Gone)
	}
	for i := range w.Backups {
		b := &w.Backups[i]
		b.Columns, b.Metadata, b.Gone = narrowed(b.Columns), narrowPairs(b.Metadata), narrowPairs(b.Gone)
	}
	return w
}

func narrowed(o *pyjson.Object) *pyjson.Object {
	out := &pyjson.Object{}
	for key, v := range o.All() {
		out.Set(key, narrowValue(v))
	}
	return out
}

func narrowPairs(pairs []core.Pair) []core.Pair {
	var out []core.Pair
	for _, p := range pairs {
		out = append(out, core.Pair{Key: narrowText(p.Key), Value: narrowValue(p.Value)})
	}
	return out
}

func narrowValue(v pyjson.Value) pyjson.Value {
	switch v.Kind() {
	case pyjson.Time:
		at, _ := v.Time()
		return pyjson.OfTime(at.Truncate(time.Second), false)
	case pyjson.String:
		return pyjson.OfString(narrowText(v.Text()))
	}
	return v
}

func narrowText(s string) string {
	return strings.Map(func(r rune) rune {
		if r > 0xFFFF {
			return '¤'
		}
		return r
	}, s)
}
