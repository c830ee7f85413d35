package sql

import (
	"strings"
	"testing"
)

// TestUnsafe: a server on another machine that no certificate tells apart is said to be not
// safe, with what to write; this machine's, and one that is verified, are not.
func TestUnsafe(t *testing.T) {
	for _, x := range []struct {
		location string
		safe     bool
	}{
		{"mysql://u@db.example/cinder", false},
		{"mysql://u@db.example/cinder?ssl_mode=PREFERRED", false},
		{"mysql://u@db.example/cinder?ssl_mode=REQUIRED", false},
		{"mysql://u@db.example/cinder?ssl_mode=VERIFY_IDENTITY", true},
		{"mysql://u@127.0.0.1:3307/cinder", true},
		{"mysql://u@[::1]/cinder", true},
		{"mysql://u@127.evil.example/cinder", false},
		{"mysql:///cinder?unix_socket=/run/mysqld.sock", true},
		{"postgres://u@db.example/cinder", false},
		{"postgres://u@db.example/cinder?sslmode=disable", false},
		{"postgres://u@db.example/cinder?sslmode=require", false},
		{"postgres://u@db.example/cinder?sslmode=verify-full", true},
		{"postgres://u@localhost/cinder", true},
		{"postgres://u@127.0.0.1,db.example/cinder", false},
	} {
		t.Run(x.location, func(t *testing.T) {
			scheme, rest, _ := strings.Cut(x.location, ":")
			a, wrong := readAddress(scheme, rest)
			if wrong != "" {
				t.Fatal(wrong)
			}
			var d dial
			var err error
			if scheme == "postgres" {
				d, err = newPostgres(a, "open it")
			} else {
				d, err = newMySQL(a, "open it")
			}
			if err != nil {
				t.Fatal(err)
			}
			said := (&Place{server: newServer(a, d)}).Info().Unsafe
			if x.safe != (len(said) == 0) || len(said) > 1 {
				t.Fatalf("%q", said)
			}
			word := map[string]string{"mysql": "ssl_mode=VERIFY_IDENTITY", "postgres": "sslmode=verify-full"}[scheme]
			if !x.safe && (!strings.Contains(said[0], word) || !strings.Contains(said[0], "can read and change")) {
				t.Errorf("%q does not say what to write", said)
			}
		})
	}
}
