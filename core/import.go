package core

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"hearth/core/pyjson"
)

// ImportInput is what decides the fate of an imported record.
type ImportInput struct {
	Record   Record
	Hosts    []string    // driver names of the backup services that are up, in the order asked
	Existing Opt[string] // status of the row with the record's id; "deleted" counts as free
	Era      Era
}

// ImportOutcome is what Cinder makes of an import (cinder/backup/api.py
// import_record, cinder/backup/manager.py import_record).
type ImportOutcome struct {
	HTTP    int          // status of the POST: 201, 400, 413, 500, 503
	Error   *CinderError // why it was refused
	Quota   Opt[pyjson.Value]
	Undone  bool         // the quota was reserved and given back
	Asked   int          // services asked, one after the other
	Manager *CinderError // what the service raised after the reply
	Driver  string       // of the service that took it
	Status  string       // of the row in the end: available, error, creating for ever; "" without a row
	Reason  string       // fail_reason of a row in error
	// Fields is what the record sets on the row, in the form the database holds;
	// nil unless Status is available.
	Fields *pyjson.Object
	RowID  string // the id that the row is made with
}

// importRequired are the fields without which the service gives up.
var importRequired = []string{"display_name", "display_description", "container", "size", "service_metadata", "object_count", "id"}

// importDropped are the fields of a record that are not carried over.
var importDropped = NewFieldSet("name", "user_id", "project_id", "deleted_at", "deleted", "fail_reason", "status")

// SimulateImport works out what Cinder does with a record.
func SimulateImport(in ImportInput) ImportOutcome {
	if in.Era == Y2014 {
		return import2014(in)
	}
	var out ImportOutcome
	refuse := func(http int, kind ErrorKind, class, message string) ImportOutcome {
		out.HTTP, out.Error = http, &CinderError{kind, class, message}
		return out
	}
	if err := importSchema(in.Record); err != nil {
		out.HTTP, out.Error = 400, err
		return out
	}
	if len(in.Hosts) == 0 {
		return refuse(503, ErrServiceNotFound, "ServiceNotFound", "Service "+in.Record.Service+" could not be found.")
	}
	d, err := DecodeRecord(in.Record.URL, Today)
	if err != nil {
		var e *CinderError
		errors.As(err, &e)
		out.HTTP, out.Error = 400, e
		return out
	}
	doc := d.Doc
	for _, need := range []struct{ field, message string }{
		{"id", "Provided backup record is missing an id"},
		{"size", "Provided backup record is missing size attribute"},
	} {
		has, err := contains(doc, need.field)
		if err != nil {
			return refuse(400, ErrWrongShape, "TypeError", err.Error())
		}
		if !has {
			return refuse(400, ErrInvalidInput, "InvalidInput", "Invalid input received: "+need.message)
		}
	}
	if doc.Kind() != pyjson.Dict {
		return refuse(400, ErrWrongShape, "TypeError", subscriptError(doc))
	}
	id, size := d.Field("id"), d.Field("size")
	if id.Kind() == pyjson.List || id.Kind() == pyjson.Dict {
		return refuse(500, ErrDBRejectsValue, "DBError", "Error binding parameter: type '"+id.TypeName()+"' is not supported")
	}
	if in.Existing.Set && in.Existing.V != StatusDeleted {
		return refuse(400, ErrInvalidBackup, "InvalidBackup", "Invalid backup: Backup already exists in database.")
	}
	switch size.Kind() {
	case pyjson.Int, pyjson.Float, pyjson.Bool:
	default:
		return refuse(400, ErrWrongShape, "TypeError", "'<' not supported between instances of '"+size.TypeName()+"' and 'int'")
	}
	out.Quota = Some(size)
	if id.IsNull() {
		out.Undone = true
		return refuse(500, ErrOther, "ValueError", "Field `id' cannot be None")
	}
	out.HTTP, out.RowID, out.Status = 201, pyjson.Str(id), StatusCreating
	return importManager(in, d, out)
}

// importSchema is the check of the request's body (cinder/api/schemas/backups.py
// import_record).
func importSchema(r Record) *CinderError {
	if len(r.Service) > 255 && pyjson.Len(r.Service) > 255 {
		return &CinderError{ErrSchema, "ValidationError", "Invalid input for field/attribute backup_service. Value: " + r.Service + ". '" + r.Service + "' is too long"}
	}
	if !pyjson.IsASCII(r.URL) {
		return &CinderError{ErrBadUnicode, "UnicodeDecodeError", "Error decoding your request. Either the URL or the request body contained characters that could not be decoded by Cinder."}
	}
	if _, _, _, err := lenientBase64(r.URL); err != nil || r.URL == "" {
		return &CinderError{ErrSchema, "ValidationError", "Invalid input for field/attribute backup_url. Value: " + r.URL + ". '" + r.URL + "' is not a 'base64'"}
	}
	return nil
}

// ServiceMatches reports whether a service of the driver takes a record for the
// asked service: the beginning is enough (cinder/backup/manager.py
// _is_our_backup, Rocky and later).
func ServiceMatches(driver, asked string) bool {
	const oldGoogle, google = "cinder.backup.drivers.google.GoogleBackupDriver", "cinder.backup.drivers.gcs.GoogleBackupDriver"
	return strings.HasPrefix(driver, asked) || strings.HasPrefix(oldGoogle, asked) && strings.HasPrefix(driver, google)
}

// importManager is what the service does after the reply.
func importManager(in ImportInput, d Decoded, out ImportOutcome) ImportOutcome {
	for _, host := range in.Hosts {
		out.Asked++
		if ServiceMatches(host, in.Record.Service) {
			out.Driver = host
			break
		}
	}
	fail := func(kind ErrorKind, class, reason, message string) ImportOutcome {
		out.Status, out.Reason = StatusError, reason
		out.Manager = &CinderError{kind, class, message}
		return out
	}
	if out.Driver == "" {
		return fail(ErrServiceNotFound, "ServiceNotFound",
			"Import record failed, cannot find backup service to perform the import. Request service "+in.Record.Service+".",
			"Service "+in.Record.Service+" could not be found.")
	}
	doc := d.Doc.Object()
	var missing []string
	for _, name := range importRequired {
		if !doc.Has(name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		reason := "Driver successfully decoded imported backup data, but there are missing fields (" + strings.Join(missing, ", ") + ")."
		return fail(ErrInvalidBackup, "InvalidBackup", reason, "Invalid backup: "+reason)
	}
	if id := d.Field("id"); id.Kind() != pyjson.String || id.Text() != out.RowID {
		reason := "Trying to import backup metadata from id " + pyjson.Str(id) + " into backup " + out.RowID + "."
		return fail(ErrInvalidBackup, "InvalidBackup", reason, "Invalid backup: "+reason)
	}
	fields := &pyjson.Object{}
	for name, v := range doc.All() {
		if importDropped.Has(name) || name == "driver_info" || name == "service" || name == "availability_zone" || name == "host" {
			continue
		}
		stored, known, err := importField(name, v)
		if err != nil {
			out.Manager = err
			return out // the row stays creating for ever
		}
		if known {
			fields.Set(name, stored)
		}
	}
	out.Status, out.Fields = StatusAvailable, fields
	return out
}

// importField is the coercion of one field by its type (cinder/objects/backup.py
// Backup.fields, oslo.versionedobjects) and what the database then makes of it.
func importField(name string, v pyjson.Value) (stored pyjson.Value, known bool, err *CinderError) {
	bad := func(message string) (pyjson.Value, bool, *CinderError) {
		return v, true, &CinderError{ErrOther, "ValueError", message}
	}
	kind, nullable := importKind(name)
	switch {
	case kind == 0:
		return v, false, nil
	case v.IsNull() && nullable:
		return v, true, nil
	case v.IsNull():
		return bad("Field `" + name + "' cannot be None")
	}
	switch kind {
	case textField:
		return coerceText(name, v)
	case uuidField:
		s := pyjson.Str(v)
		if !pyjson.Valid(s) {
			return v, true, &CinderError{ErrBadUnicode, "DBInvalidUnicodeParameter", "Invalid Parameter: Encoding directive wasn't provided."}
		}
		return pyjson.OfString(s), true, nil
	case intField:
		n, ok := pythonInt(v)
		if !ok {
			return bad("invalid literal for int() with base 10: " + pyjson.Repr(v))
		}
		if _, fits := n.Int64(); !fits {
			return v, true, &CinderError{ErrDBRejectsValue, "DBError", "Python int too large to convert to SQLite INTEGER"}
		}
		return n, true, nil
	case timeField:
		s, ok := v.Str()
		t, perr := parseISO(s)
		if !ok || perr != nil {
			return bad("A datetime.datetime is required in field " + name + ", not a " + v.TypeName())
		}
		return pyjson.OfTime(t, false), true, nil
	case dictField:
		if v.Kind() != pyjson.Dict {
			return bad("A dict is required in field " + name + ", not a " + v.TypeName())
		}
		out := &pyjson.Object{}
		for key, item := range v.Object().All() {
			if item.IsNull() {
				return bad("Field `" + name + "[\"" + key + "\"]' cannot be None")
			}
			text, _, err := coerceText(name, item)
			if err == nil && !pyjson.Valid(key) {
				err = &CinderError{ErrBadUnicode, "DBInvalidUnicodeParameter", "Invalid Parameter: Encoding directive wasn't provided."}
			}
			if err != nil {
				return v, true, err
			}
			out.Set(key, text)
		}
		return pyjson.OfDict(out), true, nil
	}
	return bad(name + " cannot be set")
}

type fieldKind uint8

const (
	textField fieldKind = iota + 1
	uuidField
	intField
	timeField
	dictField
	refusedField // properties without a setter, and the parent object
)

// importKind is the type of a field of Cinder's Backup object, 0 for a name that
// it does not have.
func importKind(name string) (kind fieldKind, nullable bool) {
	switch name {
	case "id", "volume_id":
		return uuidField, false
	case "size", "object_count", "num_dependent_backups":
		return intField, true
	case "data_timestamp", "created_at", "updated_at":
		return timeField, true
	case "metadata":
		return dictField, true
	case "is_incremental", "has_dependent_backups":
		return refusedField, false
	case "parent":
		return refusedField, true
	case "container", "parent_id", "display_name", "display_description", "service_metadata", "temp_volume_id",
		"temp_snapshot_id", "snapshot_id", "restore_volume_id", "encryption_key_id":
		return textField, true
	}
	return 0, false
}

// coerceText is fields.String.coerce: numbers and booleans become their str().
func coerceText(name string, v pyjson.Value) (pyjson.Value, bool, *CinderError) {
	switch v.Kind() {
	case pyjson.String, pyjson.Int, pyjson.Float, pyjson.Bool:
		s := pyjson.Str(v)
		if !pyjson.Valid(s) {
			return v, true, &CinderError{ErrBadUnicode, "DBInvalidUnicodeParameter", "Invalid Parameter: Encoding directive wasn't provided."}
		}
		return pyjson.OfString(s), true, nil
	}
	return v, true, &CinderError{ErrOther, "ValueError", "A string is required in field " + name + ", not a " + v.TypeName()}
}

var intText = regexp.MustCompile(`^[+-]?[0-9]+(_[0-9]+)*$`)

// pythonInt is int(v).
func pythonInt(v pyjson.Value) (pyjson.Value, bool) {
	switch v.Kind() {
	case pyjson.Int:
		return v, true
	case pyjson.Bool:
		n, _ := v.Int64()
		return pyjson.OfInt(n), true
	case pyjson.Float:
		f := math.Trunc(v.Float())
		if f != f || math.IsInf(f, 0) {
			return v, false
		}
		n, err := pyjson.Parse(strconv.FormatFloat(f, 'f', 0, 64))
		return n, err == nil
	case pyjson.String:
		s := strings.TrimSpace(v.Text())
		if !intText.MatchString(s) {
			return v, false
		}
		s = strings.TrimPrefix(strings.ReplaceAll(s, "_", ""), "+")
		neg := strings.HasPrefix(s, "-")
		s = strings.TrimLeft(strings.TrimPrefix(s, "-"), "0")
		if s == "" {
			return pyjson.OfInt(0), true
		}
		if neg {
			s = "-" + s
		}
		n, err := pyjson.Parse(s)
		return n, err == nil
	}
	return v, false
}

var isoTimeText = regexp.MustCompile(`^(\d{4})-?(\d{1,2})?-?(\d{1,2})?(?:[ T](\d{1,2})(?::?(\d{1,2})(?::?(\d{1,2})(?:[.,](\d+))?)?)?(Z|[+-]\d{2}:?\d{0,2})?)?$`)

// parseISO is oslo's parse_isotime (the iso8601 library), in UTC.
func parseISO(s string) (time.Time, error) {
	m := isoTimeText.FindStringSubmatch(s)
	if m == nil {
		return time.Time{}, errors.New("Unable to parse date string " + pyjson.Quote(s))
	}
	num := func(s string, d int) int {
		if s == "" {
			return d
		}
		n, _ := strconv.Atoi(s)
		return n
	}
	year, month, day := num(m[1], 0), num(m[2], 1), num(m[3], 1)
	hour, minute, sec := num(m[4], 0), num(m[5], 0), num(m[6], 0)
	micro, _ := strconv.ParseFloat("0."+m[7]+"0", 64)
	t := time.Date(year, time.Month(month), day, hour, minute, sec, int(micro*1e6)*1000, time.UTC)
	if t.Year() != year || int(t.Month()) != month || t.Day() != day || t.Hour() != hour || t.Minute() != minute || t.Second() != sec || year == 0 {
		return time.Time{}, errors.New("out of range")
	}
	if z := m[8]; z != "" && z != "Z" {
		digits := strings.ReplaceAll(z[1:], ":", "")
		offset := num(digits[:2], 0)*60 + num(digits[2:], 0)
		if z[0] == '-' {
			offset = -offset
		}
		t = t.Add(-time.Duration(offset) * time.Minute)
	}
	return t, nil
}

// import2014 is the import of the 2014 tree (commit 1d6235cc3f): a new id, seven
// fields, no checks before the reply.
func import2014(in ImportInput) ImportOutcome {
	out := ImportOutcome{HTTP: 201, Status: StatusCreating}
	if len(in.Hosts) == 0 {
		out.HTTP, out.Status = 500, ""
		out.Error = &CinderError{ErrServiceNotFound, "ServiceNotFound", "Service " + in.Record.Service + " could not be found."}
		return out
	}
	for _, host := range in.Hosts {
		out.Asked++
		if host == in.Record.Service {
			out.Driver = host
			break
		}
	}
	fail := func(kind ErrorKind, class, reason, message string) ImportOutcome {
		out.Status, out.Reason, out.Manager = StatusError, reason, &CinderError{kind, class, message}
		return out
	}
	if out.Driver == "" {
		return fail(ErrServiceNotFound, "ServiceNotFound",
			"Import record failed, cannot find backup service to perform the import. Request service "+in.Record.Service,
			"Service "+in.Record.Service+" could not be found.")
	}
	d, err := DecodeRecord(in.Record.URL, Y2014)
	if err != nil {
		var e *CinderError
		errors.As(err, &e)
		return fail(e.Kind, "InvalidBackup", e.Message, e.Message)
	}
	seven := []string{"display_name", "display_description", "container", "size", "service_metadata", "service", "object_count"}
	fields := &pyjson.Object{}
	for _, name := range seven {
		v, ok := d.Doc.Object().Get(name)
		if !ok {
			// The message is built as a tuple by a stray comma, so that writing it
			// fails too: the row stays creating.
			out.Manager = &CinderError{ErrInvalidBackup, "InvalidBackup", "Driver successfully decoded imported backup data, but there are missing fields"}
			return out
		}
		fields.Set(name, v)
	}
	fields.Set("service", pyjson.OfString(out.Driver))
	out.Status, out.Fields = StatusAvailable, fields
	return out
}
