package cinder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode"

	"hearth/core"
)

// done is how Cinder's own code answers a write that it took: the status, and the
// object in the body. A proxy, a portal or a balancer answers in other ways, and then
// nothing says that the write was done.
type done struct {
	status int
	key    string // of the object in the body; "": there is no body
	id     string // of that object: a text that is not empty; "": whatever it holds
}

// The answers (cinder/api/contrib/backups.py, v3/backups.py, admin_actions.py,
// v3/volumes.py, v3/volume_metadata.py, volume_image_metadata.py, volume_actions.py),
// from Kilo to this day.
var (
	madeBackup    = done{http.StatusAccepted, "backup", "id"}
	editedBackup  = done{http.StatusOK, "backup", "id"}
	tookDeletion  = done{status: http.StatusAccepted}
	tookAction    = done{status: http.StatusAccepted}
	tookRestore   = done{http.StatusAccepted, "restore", "volume_id"}
	tookImport    = done{http.StatusCreated, "backup", "id"}
	madeVolume    = done{http.StatusAccepted, "volume", "id"}
	editedVolume  = done{http.StatusOK, "volume", "id"}
	setMetadata   = done{http.StatusOK, "metadata", ""}
	changedVolume = done{status: http.StatusOK} // an action, or a key that is removed
)

// answerTo is how a call of a volume's change is answered (core.APICalls).
func answerTo(c core.APICall) *done {
	image, _ := c.Body.Get("os-set_image_metadata")
	switch {
	case c.Body.Has("volume"):
		return &editedVolume
	case c.Body.Has("metadata"), image.Truthy():
		return &setMetadata
	}
	return &changedVolume
}

// says reports whether an answer says that the write was done. One without a body has
// to bear a mark of OpenStack's.
func (d *done) says(r reply) bool {
	body := bytes.TrimSpace(r.body)
	if r.status != d.status {
		return false
	}
	if d.key == "" {
		return len(body) == 0 && marked(r.header)
	}
	var doc map[string]json.RawMessage
	if json.Unmarshal(body, &doc) != nil {
		return false
	}
	var inner map[string]json.RawMessage
	if json.Unmarshal(doc[d.key], &inner) != nil || inner == nil {
		return false
	}
	var id string
	return d.id == "" || json.Unmarshal(inner[d.id], &id) == nil && id != ""
}

// about is what was asked for, by the fields of the answer's object that say it. An answer
// that hearth never heard may come later, to another request: that of a backup whose
// making got no answer, say, to the next one.
type about map[string]string

// other is what an answer names that was not asked for, "" if there is nothing. What it
// does not name says nothing, and Cinder strips names.
func (a about) other(key string, body []byte) string {
	var doc map[string]map[string]any
	if len(a) == 0 || json.Unmarshal(body, &doc) != nil {
		return ""
	}
	for field, want := range a {
		got, here := doc[key][field]
		said, text := got.(string)
		if here && (text || got == nil) && stripped(said) != stripped(want) {
			return field + " " + strconv.Quote(core.Visible(said))
		}
	}
	return ""
}

// stripped is Python's strip.
func stripped(s string) string {
	return strings.TrimFunc(s, func(c rune) bool { return unicode.IsSpace(c) || c >= 0x1c && c <= 0x1f })
}

// String is the answer in words: "202 with a restore".
func (d *done) String() string {
	if d.key == "" {
		return fmt.Sprint(d.status) + " and its request id"
	}
	return fmt.Sprintf("%d with %q", d.status, d.key)
}

// unclear is an answer that is not how the service says it, though its status says
// nothing bad.
type unclear struct {
	got, want string // want "": it was a reading
	url       string
	signed    bool
}

func (u *unclear) Error() string { return u.url + " answered " + u.got }

// understood returns nil if an answer says what it has to: of a write that it was
// done, of a reading anything in JSON.
func (c call) understood(r reply) error {
	u := &unclear{got: looksLike(r.status, r.header, r.body), url: r.address, signed: marked(r.header)}
	if c.writes() {
		if c.done.says(r) {
			if other := c.about.other(c.done.key, r.body); other != "" {
				return &replayed{request: r.header.Get("X-Openstack-Request-Id"), other: other}
			}
			return nil
		}
		u.want = c.done.String()
		return u
	}
	body := bytes.TrimSpace(r.body)
	if r.status < http.StatusMultipleChoices && len(body) > 0 && (body[0] == '{' || body[0] == '[') {
		return nil
	}
	return u
}
