package repository_test

import (
	"slices"
	"strings"
	"testing"

	"hearth/store/repository"
)

// TestUnsafe: a bucket or an object store that is reached without TLS, and not on this
// machine, is said to be not safe; what the login says of itself comes first.
func TestUnsafe(t *testing.T) {
	s3 := func(where string, plain bool, more ...string) func() (*repository.Place, error) {
		return func() (*repository.Place, error) {
			o := repository.Options{S3: repository.S3Options{AccessKey: "a", SecretKey: "not-a-secret", Plain: plain}}
			if len(more) > 0 {
				o.Unsafe = func() []string { return more }
			}
			return repository.OpenS3(t.Context(), where, o)
		}
	}
	swift := func(auth string) func() (*repository.Place, error) {
		return func() (*repository.Place, error) {
			return repository.OpenSwift(t.Context(), "x", "box",
				repository.Options{Swift: repository.SwiftOptions{AuthURL: auth, User: "u", Key: "not-a-secret"}})
		}
	}
	for what, x := range map[string]struct {
		open func() (*repository.Place, error)
		want []string
	}{
		"S3 by TLS":                 {s3("s3.example/bucket", false), nil},
		"S3 without TLS":            {s3("s3.example:9000/bucket", true), []string{"the bucket is at http://s3.example:9000, without TLS"}},
		"S3 on this machine":        {s3("127.0.0.1:9000/bucket", true), nil},
		"S3 of a login that is not": {s3("s3.example/bucket", true, "it is not"), []string{"it is not", "the bucket is at http://s3.example"}},
		"Swift by TLS":              {swift("https://swift.example/auth/v1.0"), nil},
		"Swift without TLS":         {swift("http://swift.example/auth/v1.0"), []string{"Swift is at http://swift.example, without TLS"}},
		"Swift on this machine":     {swift("http://[::1]:8080/auth/v1.0"), nil},
	} {
		t.Run(what, func(t *testing.T) {
			p, err := x.open()
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if got := p.Info().Unsafe; !slices.EqualFunc(got, x.want, strings.HasPrefix) {
				t.Errorf("%q, want %q", got, x.want)
			}
		})
	}
}
