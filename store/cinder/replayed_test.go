package cinder

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"hearth/core"
)

// numbered answers as a request of a number.
func numbered(n int, status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Openstack-Request-Id", fmt.Sprintf("req-%08d-0000-4000-8000-000000000000", n))
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	}
}

// TestReplayed: an answer that was given before says nothing: what reads asks again, and of a
// change it is not known whether it took effect, be the old answer a yes or a no.
func TestReplayed(t *testing.T) {
	c := newCloud(t)
	p := c.direct()
	n := 0
	c.on("GET /backups/b", func(w http.ResponseWriter, r *http.Request) {
		n++ // the second answer is the first one again
		numbered(max(1, n-1), http.StatusOK, fmt.Sprintf(`{"backup": {"id": "b", "status": "available", "name": "answer %d"}}`, n))(w, r)
	})
	for _, want := range []string{"answer 1", "answer 3"} {
		b, err := p.Backup(t.Context(), "b")
		if err != nil || b.Name.V != want {
			t.Errorf("%q, %v, want %q", b.Name.V, err, want)
		}
	}
	again := func(w http.ResponseWriter, r *http.Request) {
		numbered(1, http.StatusOK, `{"backup": {"id": "b", "status": "available"}}`)(w, r)
	}
	c.on("GET /backups/b", again)
	if _, err := p.Backup(t.Context(), "b"); core.CodeOf(err) != core.CodeUnavailable || !strings.Contains(err.Error(), "came again") ||
		!strings.Contains(err.Error(), "try again") || core.MayLand(err) {
		t.Errorf("the same answer for ever: %v", err)
	}
	for what, status := range map[string]int{"a yes": http.StatusAccepted, "a no": http.StatusBadRequest} {
		text := ""
		if status != http.StatusAccepted {
			text = `{"badRequest": {"code": 400, "message": "Invalid backup: it is so"}}`
		}
		n := 100 + status
		c.on("DELETE /backups/b", numbered(n, status, text))
		first := p.DeleteBackup(t.Context(), "b", false)
		if (first == nil) != (status == http.StatusAccepted) {
			t.Fatalf("%s, the first time: %v", what, first)
		}
		err := p.DeleteBackup(t.Context(), "b", false)
		if core.CodeOf(err) != core.CodeUnavailable || !core.MayLand(err) || !strings.Contains(err.Error(), lookFirst) {
			t.Errorf("%s that came again: %v", what, err)
		}
	}
}

// TestOthersAnswer: an answer that nobody heard may come later, to another request. Of what it
// names that was not asked for nothing is known; what it does not name, or names with other
// blanks around it, says nothing.
func TestOthersAnswer(t *testing.T) {
	c := newCloud(t)
	var p *Place
	create := func() error {
		_, err := p.CreateBackup(t.Context(), core.BackupRequest{Volume: "v", Name: "today"})
		return err
	}
	restore := func() error {
		_, err := p.RestoreBackup(t.Context(), core.RestoreRequest{Backup: "b", Volume: "v"})
		return err
	}
	edit := func() error {
		name := "today"
		return p.EditBackup(t.Context(), "b", core.BackupEdit{Name: &name})
	}
	volume := func() error {
		_, err := p.MakeVolume(t.Context(), core.VolumeRequest{Name: "today", Size: 1})
		return err
	}
	record := func() error { return p.importOne(t.Context(), core.ImportItem{ID: "b"}) }
	for n, x := range []struct {
		route  string
		status int
		text   string
		do     func() error
		names  string // what is told; "": it is taken
	}{
		{"POST /backups", 202, `{"backup": {"id": "x", "name": "today"}}`, create, ""},
		{"POST /backups", 202, `{"backup": {"id": "x", "name": " today\u001f"}}`, create, ""},
		{"POST /backups", 202, `{"backup": {"id": "x"}}`, create, ""},
		{"POST /backups", 202, `{"backup": {"id": "x", "name": "yester\u001bday"}}`, create, `name "yester\\x1bday"`},
		{"POST /backups", 202, `{"backup": {"id": "x", "name": null}}`, create, `name ""`},
		{"POST /backups/b/restore", 202, `{"restore": {"backup_id": "b", "volume_id": "v"}}`, restore, ""},
		{"POST /backups/b/restore", 202, `{"restore": {"backup_id": "c", "volume_id": "v"}}`, restore, `backup_id "c"`},
		{"POST /backups/b/restore", 202, `{"restore": {"backup_id": "b", "volume_id": "w"}}`, restore, `volume_id "w"`},
		{"PUT /backups/b", 200, `{"backup": {"id": "b"}}`, edit, ""},
		{"PUT /backups/b", 200, `{"backup": {"id": "c"}}`, edit, `id "c"`},
		{"POST /volumes", 202, `{"volume": {"id": "x", "name": "today"}}`, volume, ""},
		{"POST /volumes", 202, `{"volume": {"id": "x", "name": "yesterday"}}`, volume, `name "yesterday"`},
		{"POST /backups/import_record", 201, `{"backup": {"id": "b"}}`, record, ""},
		{"POST /backups/import_record", 201, `{"backup": {"id": "c"}}`, record, `id "c"`},
	} {
		c.on("GET /volumes", numbered(100+n, http.StatusOK, `{"volumes": []}`))
		c.on(x.route, numbered(200+n, x.status, x.text))
		p = c.direct()
		p.session.learn(newest)
		err := x.do()
		if x.names == "" && err != nil {
			t.Errorf("%s, %s: %v", x.route, x.text, err)
		}
		if x.names != "" && (core.CodeOf(err) != core.CodeUnavailable || !core.MayLand(err) || !strings.Contains(err.Error(), x.names) ||
			!strings.Contains(err.Error(), lookFirst)) {
			t.Errorf("%s, %s: %v", x.route, x.text, err)
		}
	}
}

// TestHeard: only ids of OpenStack's own form are remembered, and so many of them.
func TestHeard(t *testing.T) {
	var h heard
	id := func(n int) string { return fmt.Sprintf("req-%08x-0000-4000-8000-000000000000", n) }
	for i := range 3 * mostHeard {
		if h.again(id(i)) != "" || h.again("req-1") != "" || h.again("") != "" {
			t.Fatal("it was not heard before")
		}
	}
	if h.again(id(3*mostHeard-1)) == "" || h.again(id(2*mostHeard)) == "" || h.again(id(2*mostHeard-1)) != "" || len(h.ids) > mostHeard {
		t.Errorf("it remembers %d", len(h.ids))
	}
}
