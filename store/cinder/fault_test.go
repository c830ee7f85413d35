package cinder

import "testing"

// The API's schema check repeats the value, and its words are its library's: jsonschema's of
// Debian's Cinder 26 and 28 differ for what is empty.
func TestBrief(t *testing.T) {
	const schema = "Invalid input for field/attribute "
	for said, want := range map[string]string{
		schema + "backup_url. Value: . '' is too short":        "does not accept backup_url: it is too short",
		schema + "backup_url. Value: . '' should be non-empty": "does not accept backup_url: it should be non-empty",
		schema + "name. Value: a.b. 'a.b' is too long":         "does not accept name: it is too long",
		"Policy doesn't allow backup:get_all to be performed.": "Policy doesn't allow backup:get_all to be performed",
	} {
		if got := brief(said); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}
