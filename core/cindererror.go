package core

// ErrorKind sorts what makes Cinder refuse, or give up, a restore, an import or
// a record. The names are those of the conformance cases.
type ErrorKind string

const (
	ErrMalformedJSON         ErrorKind = "malformed_json"
	ErrTooDeep               ErrorKind = "json_too_deep"
	ErrMissingVersion        ErrorKind = "missing_version"
	ErrUnsupportedVersion    ErrorKind = "unsupported_version"
	ErrWrongShape            ErrorKind = "wrong_shape"
	ErrMissingVolumeTypeID   ErrorKind = "missing_volume_type_id"
	ErrEncryptedTypeMismatch ErrorKind = "encrypted_type_mismatch"
	ErrEncryptedTypeMissing  ErrorKind = "encrypted_type_missing"
	ErrDBRejectsValue        ErrorKind = "db_rejects_value"
	ErrBadUnicode            ErrorKind = "bad_unicode"
	ErrUnserializable        ErrorKind = "unserializable_fatal"
	ErrInvalidInput          ErrorKind = "invalid_input"
	ErrInvalidBackup         ErrorKind = "invalid_backup"
	ErrServiceNotFound       ErrorKind = "service_not_found"
	ErrBadBase64             ErrorKind = "bad_base64"
	ErrSchema                ErrorKind = "schema"
	ErrFieldNotSet           ErrorKind = "field_not_set"
	ErrOther                 ErrorKind = "other"
)

// CinderError is an exception as Cinder would raise it.
type CinderError struct {
	Kind    ErrorKind
	Class   string // Python's name for it
	Message string // Cinder's own text
}

func (e *CinderError) Error() string { return e.Class + ": " + e.Message }
