package cinder

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"hearth/store/cinder/clouds"
)

// TestCertificates: a Keystone that is known by a file, by a folder and by nobody, and
// that wants to see a certificate.
func TestCertificates(t *testing.T) {
	r := &recorder{}
	r.Server = httptest.NewUnstartedServer(r)
	r.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.StartTLS()
	t.Cleanup(r.Close)
	dir := t.TempDir()
	file := dir + "/clouds.yaml"
	cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.Certificate().Raw}))
	der, err := x509.MarshalPKCS8PrivateKey(r.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err := os.Mkdir(dir+"/folder", 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"ca.pem": cert, "folder/readme": "no certificate", "folder/0a1b2c3d.0": cert, "empty.pem": "",
		"mine.pem": cert, "mine.key": key, "both.pem": key + cert} {
		writeFile(t, dir+"/"+name, text)
	}
	for lines, words := range map[string]string{
		"cacert: ca.pem, cert: both.pem":                 "",
		"cacert: folder, cert: mine.pem, key: mine.key":  "",
		"verify: ca.pem, cert: both.pem":                 "",
		"verify: false, cert: both.pem":                  "",
		"insecure: true, cert: mine.pem, key: mine.key":  "",
		"cert: both.pem":                                 "certificate",
		"cacert: ca.pem":                                 "cannot log in to c: ",
		"cacert: empty.pem, cert: both.pem":              "its cacert (" + file + ", line 3) cannot be used: " + dir + "/empty.pem: ",
		"cacert: nowhere, cert: both.pem":                dir + "/nowhere: no such file or directory; repair cacert",
		"cacert: ca.pem, cert: mine.pem, key: nowhere":   "its cert (" + file + ", line 3) cannot be used: " + dir + "/nowhere: no such",
		"cacert: ca.pem, cert: mine.pem, key: empty.pem": "cannot be used",
	} {
		w := clouds.World{Dir: dir, Env: map[string]string{}}
		writeFile(t, file, fmt.Sprintf("clouds:\n  c: {auth: {auth_url: %q, username: a, password: b, project_id: p},\n    %s}\n",
			r.URL+"/identity/v3", lines))
		l, err := loginIn(w, "c", "", "")
		if err == nil {
			_, _, err = newSession(l, "", time.Now).open(t.Context())
		}
		if said := fmt.Sprint(err); (err == nil) != (words == "") || !strings.Contains(said, words) {
			t.Errorf("%s: %v, want %q", lines, err, words)
		}
	}
}
