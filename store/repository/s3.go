package repository

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"hearth/core"
	"hearth/store/scan"
	"hearth/store/wire"
)

// S3Options says how an S3 bucket is reached. What is empty comes from the
// variables that every S3 tool reads: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
// AWS_SESSION_TOKEN or the file that AWS_SHARED_CREDENTIALS_FILE and AWS_PROFILE
// name; AWS_REGION or AWS_DEFAULT_REGION.
type S3Options struct {
	AccessKey string `toml:"access_key"`
	SecretKey string `toml:"secret_key"`
	Token     string `toml:"session_token"`
	Region    string `toml:"region"` // "": the server is asked
	// Plain speaks HTTP without TLS. An AWS_ENDPOINT_URL of the same host that
	// begins with http:// says the same.
	Plain bool `toml:"plain_http"`
	// Addressing is "path" (host/bucket), "dns" (bucket.host), or "" for path but at
	// Amazon and its like.
	Addressing string `toml:"addressing"`
	// Transport carries the requests; nil: one with hearth's own limits.
	Transport http.RoundTripper `toml:"-"`
	// Patience is how long an answer may trickle; 0: as [wire.Carrier] has it.
	Patience time.Duration `toml:"-"`
}

// oneWord bounds what the library asks by itself: in which region a bucket is.
func oneWord(r *http.Request) (wire.Bounds, bool) {
	return wire.Bounds{Bytes: 64 << 10}, r.URL.Query().Has("location")
}

// s3Page is how many objects a page of a listing holds: S3 gives no more.
const s3Page = 1000

// s3Bucket is the repository of the S3 driver, and of the GCS driver by Google's
// S3 interface.
type s3Bucket struct {
	core   minio.Core
	host   string
	bucket string
	prefix string // only what is under it is listed
	most   int64  // objects that are listed
	plain  bool   // without TLS
}

// unsafe is the bucket's part of core.PlaceInfo's.
func (s *s3Bucket) unsafe() []string {
	if !s.plain || core.Loopback(s.host) {
		return nil
	}
	return []string{plainHTTP("the bucket", s.host)}
}

// s3Bounds are those of a page of a listing: an object's key may have a kilobyte, quoted
// three, and is told in some twenty tags, with those of its checksum and owner.
var s3Bounds = wire.Bounds{Bytes: 1<<20 + s3Page*4<<10, Marks: s3Page * 64, Mark: '<'}

// mostObjects is how many objects a bucket may have whose server counts none: a million
// backups of a hundred chunks.
const mostObjects = 100_000_000

// endless is the error of a listing that goes on and on.
func endless(tried string, after int64) error {
	return core.Fail(core.CodeIncomplete, tried, "its listing goes on after "+strconv.FormatInt(after, 10)+" objects",
		"look what answers there; what was found so far is shown", nil)
}

// OpenS3 opens HOST[:PORT]/BUCKET[/PREFIX]. It asks the server nothing yet.
func OpenS3(ctx context.Context, where string, o Options) (*Place, error) {
	b, err := openS3(where, o.S3)
	if err != nil {
		return nil, err
	}
	if o.Title == "" {
		o.Title = "s3 " + b.bucket
	}
	return New(ctx, "s3://"+where, b, o), nil
}

func openS3(where string, o S3Options) (*s3Bucket, error) {
	tried := "open the repository s3://" + where
	host, rest, _ := strings.Cut(where, "/")
	bucket, prefix, _ := strings.Cut(rest, "/")
	if host == "" || bucket == "" {
		return nil, core.Fail(core.CodeUsage, tried, "it names no bucket", "write s3://HOST[:PORT]/BUCKET[/PREFIX]", nil)
	}
	if err := s3utils.CheckValidBucketName(bucket); err != nil {
		return nil, core.Fail(core.CodeUsage, tried, bucket+" is no name of a bucket", "write s3://HOST[:PORT]/BUCKET[/PREFIX]", err)
	}
	lookup := minio.BucketLookupAuto
	switch o.Addressing {
	case "":
	case "path":
		lookup = minio.BucketLookupPath
	case "dns":
		lookup = minio.BucketLookupDNS
	default:
		return nil, core.Fail(core.CodeUsage, tried, o.Addressing+" is no way to address a bucket", "write path or dns", nil)
	}
	region := o.Region
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if region == "" {
			region = os.Getenv(name)
		}
	}
	core.Hide(o.SecretKey, o.Token, os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SECRET_KEY"), os.Getenv("AWS_SESSION_TOKEN"))
	var chain []credentials.Provider
	if o.AccessKey != "" {
		chain = append(chain, &credentials.Static{Value: credentials.Value{
			AccessKeyID:     o.AccessKey,
			SecretAccessKey: o.SecretKey,
			SessionToken:    o.Token,
			SignerType:      credentials.SignatureV4,
		}})
	}
	chain = append(chain, &credentials.EnvAWS{}, &credentials.FileAWSCredentials{})
	transport := o.Transport
	if transport == nil {
		transport = newTransport()
	}
	plain := o.Plain || plainByEnvironment(host)
	client, err := minio.NewCore(host, &minio.Options{
		Creds:        credentials.NewChainCredentials(chain),
		Secure:       !plain,
		Region:       region,
		BucketLookup: lookup,
		Transport:    &wire.Carrier{With: transport, Stricter: oneWord, Patience: o.Patience},
		MaxRetries:   netTries,
	})
	if err != nil {
		return nil, core.Fail(core.CodeUsage, tried, err.Error(), "write s3://HOST[:PORT]/BUCKET[/PREFIX]", err)
	}
	return &s3Bucket{*client, host, bucket, prefix, mostObjects, plain}, nil
}

// plainByEnvironment reports whether AWS_ENDPOINT_URL says to speak plain HTTP to
// the host.
func plainByEnvironment(host string) bool {
	for _, name := range []string{"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"} {
		if u, err := url.Parse(os.Getenv(name)); err == nil && u.Host == host {
			return u.Scheme == "http"
		}
	}
	return false
}

func (s *s3Bucket) Sorted() bool { return true }
func (s *s3Bucket) Close() error { return nil }

func (s *s3Bucket) Service() (string, bool) {
	if strings.HasPrefix(s.host, "storage.googleapis.com") {
		return GCSDriver, true
	}
	return S3Driver, true
}

func (s *s3Bucket) List(ctx context.Context, page func([]Object) error) error {
	return s.list(ctx, s.prefix, page)
}

func (s *s3Bucket) ListPrefix(ctx context.Context, _, prefix string, page func([]Object) error) error {
	return s.list(ctx, prefix, page)
}

func (s *s3Bucket) list(ctx context.Context, prefix string, page func([]Object) error) error {
	tried := "list the bucket " + s.bucket
	v, err := s.core.GetCreds()
	if core.Hide(v.SecretAccessKey, v.SessionToken); err != nil || v.AccessKeyID == "" {
		return core.Fail(core.CodeDenied, tried, "no access key was given",
			"set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or access_key and secret_key in the config", err)
	}
	ctx, stop := context.WithCancel(wire.Within(ctx, s3Bounds)) // or the iterator would stay
	defer stop()
	owner, last, seen := false, "", int64(0)
	objects := make([]Object, 0, s3Page)
	all := minio.ListObjectsOptions{Prefix: prefix, Recursive: true, MaxKeys: s3Page, FetchOwner: &owner}
	for o := range s.core.ListObjectsIter(ctx, s.bucket, all) {
		if o.Err != nil {
			return s.explain(tried, o.Err)
		}
		if seen++; seen > 1 && o.Key <= last {
			return core.Fail(core.CodeUnreadable, tried, "its pages go round in a circle, or are in no order: after "+core.Visible(last)+
				" comes "+core.Visible(o.Key), "look what answers at "+s.host, nil)
		}
		if last = o.Key; seen > s.most {
			return endless(tried, s.most)
		}
		// An ETag is the MD5 only where nothing is encrypted: it proves nothing.
		// With the time it tells one state of an object from another all the same.
		object := Object{Container: s.bucket, Name: o.Key, Size: o.Size, Tag: o.ETag, Time: o.LastModified}
		if objects = append(objects, object); len(objects) == s3Page {
			if err := page(objects); err != nil {
				return err
			}
			objects = objects[:0]
		}
	}
	if err := scan.Stopped(ctx, tried); err != nil || len(objects) == 0 {
		return err
	}
	return page(objects)
}

// identity is which bucket it is, and by which key it is read; keys that last for hours
// are one.
func (s *s3Bucket) identity(context.Context) (string, bool) {
	v, err := s.core.GetCreds()
	if v.SessionToken != "" {
		v.AccessKeyID = "for a session"
	}
	return fmt.Sprintf("s3 %q %q %q as %q", s.core.EndpointURL(), s.bucket, s.prefix, v.AccessKeyID), err == nil
}

func (s *s3Bucket) Get(ctx context.Context, _, name string) (io.ReadCloser, error) {
	r, _, _, err := s.core.GetObject(wire.Within(ctx, wire.Endless), s.bucket, name, minio.GetObjectOptions{})
	if err != nil {
		return nil, s.explain("read "+name, err)
	}
	return r, nil
}

// explain tells an S3 error in words.
func (s *s3Bucket) explain(tried string, err error) error {
	var said minio.ErrorResponse
	if !errors.As(err, &said) || said.Code == "" {
		return explainNet(tried, s.host, err)
	}
	switch said.Code {
	case "NoSuchBucket":
		return core.Fail(core.CodeNotFound, tried, "there is no bucket "+s.bucket+" at "+s.host,
			"look at backup_s3_store_bucket in cinder.conf", err)
	case "NoSuchKey":
		return core.Fail(core.CodeNotFound, tried, "it is not there any more", "scan the repository anew", err)
	case "SignatureDoesNotMatch", "InvalidAccessKeyId":
		return core.Fail(core.CodeDenied, tried, s.host+" does not accept the access key, or its secret",
			"check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the config", err)
	case "AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException":
		next := "set AWS_REGION, or region in the config"
		if said.Region != "" {
			next += ", to " + core.Visible(said.Region)
		}
		return core.Fail(core.CodeUsage, tried, "the bucket is in another region", next, err)
	case "RequestTimeTooSkewed":
		return core.Fail(core.CodeDenied, tried, "this machine's clock and that of "+s.host+" differ too much", "set the clock", err)
	case "AccessDenied":
		return core.Fail(core.CodeDenied, tried, s.host+" denies it", "use a key that may list the bucket and read its objects", err)
	case "InvalidObjectState":
		return core.Fail(core.CodeUnreadable, tried, "it lies in cold storage", "have the object brought back first", err)
	}
	return explainStatus(tried, s.host, said.StatusCode, said.Code+": "+said.Message, err)
}
