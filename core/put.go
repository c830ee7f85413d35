package core

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"hearth/core/pyjson"
)

// Op is one write that a restore makes, named as Cinder's database call.
type Op string

const (
	OpVolumeUpdate   Op = "volume_update"
	OpMetadataUpdate Op = "volume_metadata_update"
	OpImageDelete    Op = "volume_glance_metadata_delete_by_volume"
	OpImageCreate    Op = "volume_glance_metadata_create"
)

// Step is one write of a plan. Each is a transaction of its own in Cinder.
type Step struct {
	Op     Op
	Values pyjson.Value // OpVolumeUpdate: columns; OpMetadataUpdate: all of the metadata after it
	Key    string       // OpImageCreate
	Value  pyjson.Value // OpImageCreate: as captured; Cinder stores its str()
	Stored string       // OpImageCreate: that str()
	OK     bool         // false: the database refuses it, nothing changes, the restore stops
	Layer  int          // which capture asks for it, from 0
}

// Object writes the step in the conformance form.
func (s Step) Object() *pyjson.Object {
	o := &pyjson.Object{}
	o.Set("op", pyjson.OfString(string(s.Op)))
	switch s.Op {
	case OpVolumeUpdate:
		o.Set("values", plainForm(s.Values))
	case OpMetadataUpdate:
		o.Set("metadata", plainForm(s.Values))
		o.Set("delete", pyjson.OfBool(true))
	case OpImageCreate:
		o.Set("key", plainForm(pyjson.OfString(s.Key)))
		o.Set("value", plainForm(s.Value))
	}
	o.Set("ok", pyjson.OfBool(s.OK))
	return o
}

// PlanError is the exception with which Cinder would end a restore.
type PlanError struct {
	CinderError
	Layer   int // which capture, from 0
	Section Section
}

// machine carries out Cinder's BackupMetadataAPI.put on a State instead of a
// database. It goes through the code as Python would, odd shapes included.
type machine struct {
	rules *rules
	state State
	types func(id pyjson.Value) bool // whether a volume type exists
	steps []Step
	layer int

	section Section
	coerced bool // a number or boolean went into a text column
}

func (m *machine) fail(kind ErrorKind, class, format string, args ...any) *PlanError {
	return &PlanError{CinderError{kind, class, fmt.Sprintf(format, args...)}, m.layer, m.section}
}

// put is BackupMetadataAPI.put (cinder/backup/driver.py) of the rule set.
func (m *machine) put(text string) *PlanError {
	return m.putParsed(m.rules.python.parse(text))
}

// putParsed is put of a text that has been parsed, or failed to.
func (m *machine) putParsed(doc pyjson.Value, err error) *PlanError {
	m.section = ""
	if err != nil {
		return m.parseFailed(err)
	}
	if doc.Kind() != pyjson.Dict {
		return m.fail(ErrWrongShape, "TypeError", "%s", subscriptError(doc))
	}
	given, ok := doc.Object().Get("version")
	if !ok {
		return m.fail(ErrMissingVersion, "KeyError", "'version'")
	}
	version, ok := m.rules.version(given)
	if !ok {
		return m.fail(ErrUnsupportedVersion, "BackupMetadataUnsupportedVersion",
			"Unsupported backup metadata version (%s)", m.str(given))
	}
	for _, s := range m.rules.order {
		v, ok := doc.Object().Get(string(s))
		if !ok {
			continue
		}
		m.section = s
		var perr *PlanError
		switch s {
		case BaseSection:
			perr = m.base(v, version)
		case UserSection:
			perr = m.user(v)
		case ImageSection:
			perr = m.image(v)
		}
		if perr != nil {
			return perr
		}
	}
	return nil
}

func (m *machine) parseFailed(err error) *PlanError {
	var deep *pyjson.DepthError
	var unicode *pyjson.UnicodeError
	switch {
	case errors.As(err, &deep):
		return m.fail(ErrTooDeep, "RecursionError", "%s", err)
	case errors.As(err, &unicode):
		return m.fail(ErrBadUnicode, "UnicodeDecodeError", "%s", err)
	}
	return m.fail(ErrMalformedJSON, m.rules.python.badJSON, "%s", err)
}

func (m *machine) str(v pyjson.Value) string {
	if s, err := m.rules.python.str(v); err == nil {
		return s
	}
	return v.Text() // %s of a unicode object into a unicode text is no str()
}

// base is _restore_vol_base_meta.
func (m *machine) base(v pyjson.Value, version int) *PlanError {
	fields := m.rules.base[version]
	if len(fields) == 0 {
		return nil
	}
	if m.rules.restores("encryption_key_id", version) {
		if err := m.checkEncryption(v); err != nil {
			return err
		}
	}
	exclude, perr := m.kept(v)
	if perr != nil {
		return perr
	}
	values := &pyjson.Object{}
	for _, f := range fields {
		if exclude.Has(f) {
			continue
		}
		there, err := contains(v, f)
		if err != nil {
			return m.fail(ErrWrongShape, "TypeError", "%s", err)
		}
		if !there {
			continue
		}
		if v.Kind() != pyjson.Dict {
			return m.fail(ErrWrongShape, "TypeError", "%s", subscriptError(v))
		}
		field, _ := v.Object().Get(f)
		values.Set(f, field)
	}
	return m.volumeUpdate(values)
}

// kept are the name and the description where the rules leave them to the target.
func (m *machine) kept(base pyjson.Value) (FieldSet, *PlanError) {
	rule := m.rules.names
	if rule == nil {
		return nil, nil
	}
	named, err := contains(base, "display_name")
	switch {
	case err != nil:
		return nil, m.fail(ErrWrongShape, "TypeError", "%s", err)
	case !named:
		return nil, nil
	case base.Kind() != pyjson.Dict:
		class, message := rule.misread(base)
		return nil, m.fail(ErrWrongShape, class, "%s", message)
	}
	captured, _ := base.Object().Get("display_name")
	name, description := rule.keeps(captured, m.state.Name)
	return FieldSet{"display_name": name, "display_description": description}, nil
}

// checkEncryption is the head of _restore_vol_base_meta in version 2 and
// _restore_vol_encryption_meta: a key that is not null wants the same type.
func (m *machine) checkEncryption(v pyjson.Value) *PlanError {
	there, err := contains(v, "encryption_key_id")
	if err != nil {
		return m.fail(ErrWrongShape, "TypeError", "%s", err)
	}
	if !there {
		return nil
	}
	if v.Kind() != pyjson.Dict {
		return m.fail(ErrWrongShape, "TypeError", "%s", subscriptError(v))
	}
	if key, _ := v.Object().Get("encryption_key_id"); key.IsNull() {
		return nil
	}
	need, ok := v.Object().Get("volume_type_id")
	have := m.state.VolumeTypeID
	switch {
	case !ok:
		return m.fail(ErrMissingVolumeTypeID, "KeyError", "'volume_type_id'")
	case have.Equal(need):
		return nil
	case !have.IsNull():
		return m.fail(ErrEncryptedTypeMismatch, "EncryptedBackupOperationFailed",
			"The source volume type '%s' is different than the destination volume type '%s'.", m.str(need), m.str(have))
	}
	if _, perr := m.bind(need); perr != nil {
		return perr // the query for the type already fails
	}
	if !m.types(need) {
		return m.fail(ErrEncryptedTypeMissing, "EncryptedBackupOperationFailed",
			"The source volume type '%s' is not available.", m.str(need))
	}
	values := &pyjson.Object{}
	values.Set("volume_type_id", need)
	return m.volumeUpdate(values)
}

// volumeUpdate is db.volume_update of columns that a restore may write.
func (m *machine) volumeUpdate(values *pyjson.Object) *PlanError {
	after := m.state
	for name, v := range values.All() {
		if name == "bootable" {
			after.Bootable = v.Bool()
			continue
		}
		stored, perr := m.column(v)
		if perr != nil {
			m.steps = append(m.steps, Step{Op: OpVolumeUpdate, Values: pyjson.OfDict(values), Layer: m.layer})
			return perr
		}
		switch name {
		case "display_name":
			after.Name = stored
		case "display_description":
			after.Description = stored
		case "encryption_key_id":
			after.EncryptionKeyID = stored
		case "volume_type_id":
			after.VolumeTypeID = stored
		}
	}
	m.state = after
	m.steps = append(m.steps, Step{Op: OpVolumeUpdate, Values: pyjson.OfDict(values), OK: true, Layer: m.layer})
	return nil
}

// column is what a text column makes of a value that is written to it.
func (m *machine) column(v pyjson.Value) (pyjson.Value, *PlanError) {
	stored, perr := m.bind(v)
	if perr == nil && !stored.Equal(v) {
		m.coerced = true
	}
	return stored, perr
}

// bind is a value as the database takes it for a text column: SQLite and MySQL
// turn numbers and booleans into text, PostgreSQL refuses them.
func (m *machine) bind(v pyjson.Value) (pyjson.Value, *PlanError) {
	stored, err := bindText(v)
	if err != nil {
		return v, m.fail(err.Kind, err.Class, "%s", err.Message)
	}
	return stored, nil
}

// bindText is bind for whoever has no machine.
func bindText(v pyjson.Value) (pyjson.Value, *CinderError) {
	switch v.Kind() {
	case pyjson.Null:
		return v, nil
	case pyjson.String:
		if !pyjson.Valid(v.Text()) {
			return v, &CinderError{ErrBadUnicode, "DBInvalidUnicodeParameter", "Invalid Parameter: Encoding directive wasn't provided."}
		}
		return v, nil
	case pyjson.Bool:
		if v.Bool() {
			return pyjson.OfString("1"), nil
		}
		return pyjson.OfString("0"), nil
	case pyjson.Int:
		if _, ok := v.Int64(); !ok {
			return v, &CinderError{ErrDBRejectsValue, "DBError", "Python int too large to convert to SQLite INTEGER"}
		}
		return pyjson.OfString(v.Text()), nil
	case pyjson.Float:
		return sqliteFloat(v.Float()), nil
	}
	return v, &CinderError{ErrDBRejectsValue, "DBError", "Error binding parameter: type '" + v.TypeName() + "' is not supported"}
}

// sqliteFloat is a float in a column of SQLite's text affinity: "%!.15g".
func sqliteFloat(f float64) pyjson.Value {
	switch {
	case f != f:
		return pyjson.None
	case f-f != 0 && f > 0:
		return pyjson.OfString("Inf")
	case f-f != 0:
		return pyjson.OfString("-Inf")
	case f == 0:
		return pyjson.OfString("0.0")
	}
	mant, exp, _ := strings.Cut(strconv.FormatFloat(f, 'e', 14, 64), "e")
	n, _ := strconv.Atoi(exp)
	digits := func(s string) string {
		if s = strings.TrimRight(s, "0"); strings.HasSuffix(s, ".") {
			s += "0"
		}
		return s
	}
	if n < -4 || n >= 15 {
		return pyjson.OfString(digits(mant) + "e" + exp)
	}
	return pyjson.OfString(digits(strconv.FormatFloat(f, 'f', max(14-n, 1), 64)))
}

// user is _restore_vol_meta: volume_metadata_update with delete, which replaces
// all user metadata in one transaction.
func (m *machine) user(v pyjson.Value) *PlanError {
	if v.Kind() != pyjson.Dict {
		m.steps = append(m.steps, Step{Op: OpMetadataUpdate, Values: v, Layer: m.layer})
		return m.fail(ErrWrongShape, "AttributeError", "'%s' object has no attribute '%s'", v.TypeName(), m.rules.lacks(v))
	}
	after := &pyjson.Object{}
	// Rows that stay keep their place, new ones follow.
	for key := range m.state.Metadata.All() {
		if w, ok := v.Object().Get(key); ok {
			after.Set(key, w)
		}
	}
	for key, w := range v.Object().All() {
		after.Set(key, w)
	}
	for key, w := range after.All() {
		stored, perr := m.column(w)
		if perr == nil && !pyjson.Valid(key) {
			_, perr = m.column(pyjson.OfString(key))
		}
		if perr != nil {
			m.steps = append(m.steps, Step{Op: OpMetadataUpdate, Values: v, Layer: m.layer})
			return perr
		}
		after.Set(key, stored)
	}
	m.state.Metadata = after
	m.steps = append(m.steps, Step{Op: OpMetadataUpdate, Values: v, OK: true, Layer: m.layer})
	return nil
}

// lacks is the first method that is called on user metadata and that v, no dict,
// does not have.
func (r *rules) lacks(v pyjson.Value) string {
	for _, method := range r.userCalls {
		if method != "copy" || v.Kind() != pyjson.List || !r.python.copies {
			return method
		}
	}
	return ""
}

// image is _restore_vol_glance_meta: delete all, create one by one with Python's
// str() of the value, then mark the volume bootable.
func (m *machine) image(v pyjson.Value) *PlanError {
	m.state.Image = &pyjson.Object{}
	m.steps = append(m.steps, Step{Op: OpImageDelete, OK: true, Layer: m.layer})
	if v.Kind() != pyjson.Dict {
		return m.fail(ErrWrongShape, "AttributeError", "'%s' object has no attribute 'items'", v.TypeName())
	}
	for _, key := range m.rules.python.keys(v.Object()) {
		w, _ := v.Object().Get(key)
		step := Step{Op: OpImageCreate, Key: key, Value: w, Layer: m.layer}
		stored, perr := m.imageValue(key, w)
		if perr != nil {
			m.steps = append(m.steps, step)
			return perr
		}
		m.state.Image.Set(key, pyjson.OfString(stored))
		step.Stored, step.OK = stored, true
		m.steps = append(m.steps, step)
	}
	values := &pyjson.Object{}
	values.Set("bootable", pyjson.OfBool(true))
	return m.volumeUpdate(values)
}

// imageValue is what volume_glance_metadata_create stores.
func (m *machine) imageValue(key string, v pyjson.Value) (string, *PlanError) {
	if _, perr := m.bind(pyjson.OfString(key)); perr != nil {
		return "", perr
	}
	stored, err := m.rules.python.str(v)
	if err != nil {
		return "", m.fail(ErrBadUnicode, "UnicodeEncodeError", "%s", err)
	}
	_, perr := m.bind(pyjson.OfString(stored))
	return stored, perr
}
