package core

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"hearth/core/pyjson"
)

// coerceField is what Cinder's Backup object makes of a value that is set on one
// of its fields (cinder/objects/backup.py Backup.fields; oslo.versionedobjects
// fields.py). known is false for a name that the object does not have.
func coerceField(name string, v pyjson.Value) (stored pyjson.Value, known bool, err *CinderError) {
	kind, nullable := fieldKindOf(name)
	if kind == 0 {
		return v, false, nil
	}
	bad := func(message string) (pyjson.Value, bool, *CinderError) {
		return v, true, &CinderError{ErrOther, "ValueError", message}
	}
	if v.IsNull() {
		if nullable {
			return v, true, nil
		}
		return bad("Field `" + name + "' cannot be None")
	}
	switch kind {
	case textField:
		stored, err = coerceText(name, v)
		return stored, true, err
	case uuidField:
		return pyjson.OfString(pyjson.Str(v)), true, nil // not checked: any text will do
	case intField:
		n, err := pythonInt(v)
		return n, true, err
	case timeField:
		if t, aware := v.Time(); v.Kind() == pyjson.Time {
			return pyjson.OfTime(t, aware), true, nil
		}
		s, ok := v.Str()
		if !ok {
			return bad("A datetime.datetime is required in field " + name + ", not a " + v.TypeName())
		}
		t, err := parseISO(s)
		return pyjson.OfTime(t, false), true, err
	case flagField:
		return pyjson.OfBool(v.Truthy()), true, nil
	case dictField:
		if v.Kind() != pyjson.Dict {
			return bad("A dict is required in field " + name + ", not a " + v.TypeName())
		}
		out := &pyjson.Object{}
		for key, item := range v.Object().All() {
			if item.IsNull() {
				return bad("Field `" + name + "[\"" + key + "\"]' cannot be None")
			}
			text, err := coerceText(name, item)
			if err != nil {
				return v, true, err
			}
			out.Set(key, text)
		}
		return pyjson.OfDict(out), true, nil
	}
	return bad("An object of type Backup is required in field " + name + ", not a " + v.TypeName())
}

type fieldKind uint8

const (
	textField fieldKind = iota + 1
	uuidField
	intField
	timeField
	flagField
	dictField
	objectField
)

// fieldKindOf is the type of a field of Cinder's Backup object, 0 for a name that
// it does not have.
func fieldKindOf(name string) (kind fieldKind, nullable bool) {
	switch name {
	case "id", "volume_id":
		return uuidField, false
	case "user_id", "project_id":
		return textField, true // Cinder's are not; a row without an owner can still be exported here
	case "size", "object_count", "num_dependent_backups":
		return intField, true
	case "data_timestamp", "created_at", "updated_at", "deleted_at":
		return timeField, true
	case "deleted":
		return flagField, false
	case "metadata":
		return dictField, true
	case "parent":
		return objectField, true
	case "container", "parent_id", "display_name", "display_description", "service_metadata", "temp_volume_id",
		"temp_snapshot_id", "snapshot_id", "restore_volume_id", "encryption_key_id", "host", "availability_zone",
		"status", "fail_reason", "service":
		return textField, true
	}
	return 0, false
}

// coerceText is fields.String.coerce: numbers and booleans become their str().
func coerceText(name string, v pyjson.Value) (pyjson.Value, *CinderError) {
	switch v.Kind() {
	case pyjson.String, pyjson.Int, pyjson.Float, pyjson.Bool:
		return pyjson.OfString(pyjson.Str(v)), nil
	}
	return v, &CinderError{ErrOther, "ValueError", "A string is required in field " + name + ", not a " + v.TypeName()}
}

// pythonInt is Python's int(v).
func pythonInt(v pyjson.Value) (pyjson.Value, *CinderError) {
	switch v.Kind() {
	case pyjson.Int:
		return v, nil
	case pyjson.Bool:
		n, _ := v.Int64()
		return pyjson.OfInt(n), nil
	case pyjson.Float:
		f := math.Trunc(v.Float())
		if f != f {
			return v, &CinderError{ErrOther, "ValueError", "cannot convert float NaN to integer"}
		}
		if math.IsInf(f, 0) {
			return v, &CinderError{ErrOther, "OverflowError", "cannot convert float infinity to integer"}
		}
		return parsedInt(strconv.FormatFloat(f, 'f', 0, 64)), nil
	case pyjson.String:
		if digits, ok := intDigits(v.Text()); ok {
			return parsedInt(digits), nil
		}
		return v, &CinderError{ErrOther, "ValueError", "invalid literal for int() with base 10: " + pyjson.Repr(v)}
	}
	return v, &CinderError{
		ErrWrongShape, "TypeError",
		"int() argument must be a string, a bytes-like object or a real number, not '" + v.TypeName() + "'",
	}
}

func parsedInt(digits string) pyjson.Value {
	n, err := pyjson.Parse(digits)
	if err != nil {
		return pyjson.OfInt(0)
	}
	return n
}

// intDigits reads what int() takes: blanks around, a sign, digits of any script,
// single underscores between them.
func intDigits(s string) (string, bool) {
	s = strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1C && r <= 0x1F })
	sign := ""
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign, s = strings.TrimPrefix(s[:1], "+"), s[1:]
	}
	var digits strings.Builder
	last := '_'
	for _, r := range s {
		switch {
		case r == '_' && last != '_':
		case unicode.Is(unicode.Nd, r):
			zero := r // decimal digits stand in runs of ten that begin with zero
			for unicode.Is(unicode.Nd, zero-1) && r-zero < 9 {
				zero--
			}
			if r >= '0' && r <= '9' {
				zero = '0'
			}
			digits.WriteByte(byte('0' + r - zero))
		default:
			return "", false
		}
		last = r
	}
	if last == '_' || digits.Len() > 4300 {
		return "", false
	}
	text := strings.TrimLeft(digits.String(), "0")
	if text == "" {
		return "0", true
	}
	return sign + text, true
}

// isoDate is the pattern of the iso8601 library that oslo's parse_isotime uses;
// YYYYMM, which it excludes, is excluded in parseISO.
var isoDate = regexp.MustCompile(`^([0-9]{4})(?:(?:-([0-9]{1,2})|([0-9]{2}))(?:(?:-([0-9]{1,2})|([0-9]{2}))` +
	`(?:[ T]([0-9]{2})(?::?([0-9]{2}))?(?::?([0-9]{1,2})(?:[.,]([0-9]+))?)?(Z|[-+][0-9]{2}:?(?:[0-9]{2})?)?)?)?)?$`)

// parseISO is oslo's timeutils.parse_isotime, in UTC.
func parseISO(s string) (time.Time, *CinderError) {
	bad := func() (time.Time, *CinderError) {
		return time.Time{}, &CinderError{ErrOther, "ValueError", "Unable to parse date string " + pyjson.Repr(pyjson.OfString(s))}
	}
	m := isoDate.FindStringSubmatch(strings.TrimSuffix(s, "\n"))
	if m == nil || m[3] != "" && m[4] == "" && m[5] == "" {
		return bad()
	}
	num := func(text string, d int) int {
		if text == "" {
			return d
		}
		n, _ := strconv.Atoi(text)
		return n
	}
	year, month, day := num(m[1], 0), num(m[2]+m[3], 1), num(m[4]+m[5], 1)
	hour, minute, sec := num(m[6], 0), num(m[7], 0), num(m[8], 0)
	nano, _ := strconv.Atoi((m[9] + "000000")[:6])
	t := time.Date(year, time.Month(month), day, hour, minute, sec, nano*1000, time.UTC)
	if year == 0 || t.Year() != year || int(t.Month()) != month || t.Day() != day || t.Hour() != hour ||
		t.Minute() != minute || t.Second() != sec {
		return bad()
	}
	if z := m[10]; z != "" && z != "Z" {
		digits := strings.ReplaceAll(z[1:], ":", "")
		offset := num(digits[:2], 0)*60 + num(digits[2:], 0)
		if offset >= 24*60 {
			return bad()
		}
		if z[0] == '-' {
			offset = -offset
		}
		if t = t.Add(-time.Duration(offset) * time.Minute); t.Year() < 1 || t.Year() > 9999 {
			return time.Time{}, &CinderError{ErrOther, "OverflowError", "date value out of range"}
		}
	}
	return t, nil
}
