package core

import (
	"strings"
	"testing"

	"hearth/core/pyjson"
)

// TestMaskedNames: what is masked for eyes is what the fields of the backend are, and what
// the name of a key says to be a secret, wherever it stands; nothing else is.
func TestMaskedNames(t *testing.T) {
	for name, masked := range map[string]bool{"provider_auth": true, "replication_driver_data": true, "db_password": true,
		"api_token": true, "SSH_KEY": true, "name": false, "encryption_key_id": false, "monkey": false} {
		doc, err := pyjson.Parse(`{"deep": [{"` + name + `": "planted-7c1"}]}`)
		if err != nil {
			t.Fatal(err)
		}
		if text := pyjson.Text(MaskedIn(doc)); IsSecret(name) != masked || strings.Contains(text, "planted-7c1") == masked ||
			masked && !strings.Contains(text, name) {
			t.Errorf("%s: masked %v, shown as %s", name, IsSecret(name), text)
		}
	}
}
