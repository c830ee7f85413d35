package core

import (
	"errors"
	"strings"

	"hearth/core/pyjson"
)

// ImportInput is what decides the fate of an imported record.
type ImportInput struct {
	Record   Record
	Decoded  *Decoded    // what is in it, where that was read already; nil: it is read
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
	// Fields is what the record sets on the row, in the form the database holds.
	// A row in creating can have some too: what was stored before the service
	// stumbled.
	Fields *pyjson.Object
	RowID  string // the id that the row is made with; "": Cinder draws one
	// Begins is what a new row begins with that is not null, before the record sets anything.
	Begins *pyjson.Object
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
	if err := importSchema(in.Record, in.Era); err != nil {
		out.HTTP, out.Error = 400, err
		return out
	}
	if len(in.Hosts) == 0 {
		return refuse(503, ErrServiceNotFound, "ServiceNotFound", "Service "+in.Record.Service+" could not be found.")
	}
	d, err := Decoded{}, error(nil)
	if in.Decoded != nil {
		d = *in.Decoded
	} else {
		d, err = DecodeRecord(in.Record.URL, in.Era)
	}
	if err != nil {
		var e *CinderError
		errors.As(err, &e)
		if out.HTTP, out.Error = 400, e; e.Kind == ErrTooDeep {
			out.HTTP = 500
		}
		return out
	}
	if err := importNeeds(d.Doc); err != nil {
		out.HTTP, out.Error = 400, err
		return out
	}
	id, size := d.Field("id"), d.Field("size")
	if _, err := bindText(id); err != nil { // the look-up by id already fails
		out.HTTP, out.Error = 500, err
		return out
	}
	if in.Existing.Set && in.Existing.V != StatusDeleted {
		return refuse(400, ErrInvalidBackup, "InvalidBackup", "Invalid backup: Backup already exists in database.")
	}
	out.Quota = Some(size)
	switch size.Kind() {
	case pyjson.Int, pyjson.Float, pyjson.Bool:
	default:
		return refuse(400, ErrWrongShape, "TypeError", "'<' not supported between instances of '"+size.TypeName()+"' and 'int'")
	}
	if id.IsNull() {
		out.Undone = true
		return refuse(500, ErrOther, "ValueError", "Field `id' cannot be None")
	}
	out.HTTP, out.RowID, out.Status, out.Begins = 201, pyjson.Str(id), StatusCreating, begins(in.Era)
	if in.Existing.Set { // the row that was found is used again, whatever its id looked like
		found, _ := bindText(id)
		out.RowID = found.Text()
	}
	return importManager(in, d, out)
}

// begins is what a new row of backups begins with: no dependents from 29 on, null before
// (cinder/db/models.py Backup, bug 2163042).
func begins(era Era) *pyjson.Object {
	o := &pyjson.Object{}
	if era == Y2026 {
		o.Set("num_dependent_backups", pyjson.OfInt(0))
	}
	return o
}

// importNeeds is what the API looks for in a record before it looks at the database
// (cinder/backup/api.py _get_import_backup).
func importNeeds(doc pyjson.Value) *CinderError {
	for _, need := range []struct{ field, message string }{
		{"id", "Provided backup record is missing an id"},
		{"size", "Provided backup record is missing size attribute"},
	} {
		has, err := contains(doc, need.field)
		if err != nil {
			return &CinderError{ErrWrongShape, "TypeError", err.Error()}
		}
		if !has {
			return &CinderError{ErrInvalidInput, "InvalidInput", "Invalid input received: " + need.message}
		}
	}
	if doc.Kind() != pyjson.Dict {
		return &CinderError{ErrWrongShape, "TypeError", subscriptError(doc)}
	}
	return nil
}

// importSchema is the check of the request's body (cinder/api/schemas/backups.py
// import_record).
func importSchema(r Record, era Era) *CinderError {
	if len(r.Service) > 255 && pyjson.Len(r.Service) > 255 {
		return &CinderError{
			ErrSchema, "ValidationError",
			"Invalid input for field/attribute backup_service. Value: " + r.Service + ". '" + r.Service + "' is too long",
		}
	}
	if !pyjson.IsASCII(r.URL) {
		return &CinderError{
			ErrBadUnicode, "UnicodeDecodeError",
			"Error decoding your request. Either the URL or the request body contained characters that could not be decoded by Cinder.",
		}
	}
	if _, _, _, err := lenientBase64(r.URL, era.unpadded()); err != nil || r.URL == "" {
		return &CinderError{
			ErrSchema, "ValidationError",
			"Invalid input for field/attribute backup_url. Value: " + r.URL + ". '" + r.URL + "' is not a 'base64'",
		}
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
		out.Status, out.Reason = StatusError, cut(reason, limitText)
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
	if id := d.Field("id"); id.Kind() != pyjson.String || id.Text() != out.RowID || out.RowID == "" {
		reason := "Trying to import backup metadata from id " + pyjson.Str(id) + " into backup " + out.RowID + "."
		return fail(ErrInvalidBackup, "InvalidBackup", reason, "Invalid backup: "+reason)
	}
	out.Fields, out.Manager = importFields(doc)
	if out.Manager == nil {
		out.Status = StatusAvailable
	}
	return out // else the row stays creating for ever
}

// importFields is Backup.update and save with the record's keys. A type error
// stores nothing; an error of the database comes after the metadata, which goes
// first and in a transaction of its own.
func importFields(doc *pyjson.Object) (*pyjson.Object, *CinderError) {
	fields := &pyjson.Object{}
	var broken *CinderError
	for name, v := range doc.All() {
		if importDropped.Has(name) || name == "driver_info" || name == "service" || name == "availability_zone" || name == "host" {
			continue
		}
		if breaksObject.Has(name) {
			return nil, &CinderError{ErrWrongShape, "AttributeError", "property '" + name + "' of 'BackupImport' object has no setter"}
		}
		if name == "update" || name == "obj_reset_changes" || name == "_reset_metadata_tracking" {
			broken = &CinderError{ErrWrongShape, "TypeError", "'" + v.TypeName() + "' object is not callable"}
			continue
		}
		stored, known, err := coerceField(name, v)
		switch {
		case err != nil:
			return nil, err
		case known:
			fields.Set(name, stored)
		}
	}
	if meta, ok := fields.Get("metadata"); ok {
		if meta.IsNull() {
			return nil, &CinderError{ErrWrongShape, "AttributeError", "'NoneType' object has no attribute 'items'"}
		}
		for key, v := range meta.Object().All() {
			for _, text := range []pyjson.Value{pyjson.OfString(key), v} {
				if _, err := bindText(text); err != nil {
					return nil, err
				}
			}
		}
	}
	for name, v := range fields.All() {
		if name == "metadata" {
			continue
		}
		if _, err := bindColumn(v); err != nil {
			kept := &pyjson.Object{}
			if meta, ok := fields.Get("metadata"); ok {
				kept.Set("metadata", meta)
			}
			return kept, err
		}
	}
	return fields, broken
}

// bindColumn is whether the database takes a field's value.
func bindColumn(v pyjson.Value) (pyjson.Value, *CinderError) {
	if v.Kind() == pyjson.Time {
		return v, nil
	}
	return bindText(v)
}

// breaksObject are keys that name members of Cinder's Backup object: setting one
// fails, or breaks saving the row (measured).
var breaksObject = NewFieldSet("is_incremental", "has_dependent_backups", "obj_fields", "obj_context", "__weakref__", "__class__",
	"__dict__", "save", "obj_what_changed", "obj_get_changes", "cinder_obj_get_changes", "obj_attr_is_set", "fields",
	"obj_extra_fields", "_context", "_changed_fields", "_obj_id")

// cut is the beginning of s, at most n characters.
func cut(s string, n int) string {
	for i := 0; i < len(s); n-- {
		if n == 0 {
			return s[:i]
		}
		_, w := pyjson.DecodeRune(s[i:])
		i += w
	}
	return s
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
	fields := &pyjson.Object{}
	switch d.Doc.Kind() {
	case pyjson.Dict, pyjson.List, pyjson.String:
	default:
		out.Manager = &CinderError{ErrWrongShape, "TypeError", "argument of type '" + d.Doc.TypeName() + "' is not iterable"}
		return out
	}
	for _, name := range []string{"display_name", "display_description", "container", "size", "service_metadata", "service", "object_count"} {
		v, ok := d.Doc.Object().Get(name)
		if !ok {
			// The message is built as a tuple by a stray comma, so that writing it
			// to the row fails too.
			out.Manager = &CinderError{
				ErrDBRejectsValue, "DBError", "Driver successfully decoded imported backup data, but there are missing fields",
			}
			return out
		}
		stored, err := bindText(v)
		if err != nil {
			out.Manager = err
			return out
		}
		if name == "size" || name == "object_count" || v.IsNull() {
			stored = v
		}
		fields.Set(name, stored)
	}
	fields.Set("service", pyjson.OfString(out.Driver))
	out.Status, out.Fields = StatusAvailable, fields
	return out
}
