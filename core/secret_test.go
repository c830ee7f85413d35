package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// TestStruck: a secret is struck out of errors and their causes however it is written, and
// nothing else is.
func TestStruck(t *testing.T) {
	const secret = `pl4nted "x"/+ü<&`
	Hide(secret, "short")
	quoted, _ := json.Marshal(secret)
	for _, way := range []string{secret, string(quoted), fmt.Sprintf("%q", secret), url.QueryEscape(secret), url.PathEscape(secret),
		"https://u:" + url.PathEscape(secret) + "@host/"} {
		cause := errors.New("the server says: " + way + "!")
		err := Fail(CodeRefused, "do "+way, "it says "+way, "not "+way, cause)
		alone := &Error{What: way} // made before the secret was known
		for _, text := range append(Causes(err), err.Error(), err.What, Struck(way), alone.Error()) {
			if strings.Contains(text, "pl4nted") {
				t.Errorf("%s is told: %s", way, text)
			}
		}
	}
	if s := Struck("a short text"); s != "a short text" {
		t.Error(s)
	}
}

func TestSecretName(t *testing.T) {
	for name, is := range map[string]bool{"password": true, "db_password": true, "adminPass": false, "API_TOKEN": true, "apiToken": true,
		"chap-secret": true, "ssh.key": true, "keys": true, "apikey": true, "dbpassword": true, "monkey": false, "tokenize": false,
		"keyboard": false, "name": false, "hw_disk_bus": false, "": false, "clientSecret": true,
		"encryption_key_id": false, "cinder_encryption_key_deletion_policy": false, "key_data": true,
		"aws_credentials": true} {
		if SecretName(name) != is {
			t.Errorf("%q: %v", name, !is)
		}
	}
}
